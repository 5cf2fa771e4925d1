//! The file of a backup: named parts one after the other, and a SHA-256 over all of it, so that
//! damage anywhere is noticed before anything is restored.
//!
//! ```text
//! "gavel backup 1\n"
//! for each part: length of its name (2 bytes), name, length (8 bytes), content
//! 0 (2 bytes), SHA-256 of everything before
//! ```
//!
//! Numbers have their lowest byte first. The digest is no signature: who can change the file can
//! change the digest too.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::failure::Failure;
use super::home::create_private;

const MAGIC: &[u8] = b"gavel backup 1\n";

/// Writes what it is given and keeps the digest.
struct Hashing<W> {
    inner: W,
    digest: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.digest.update(&bytes[..read]);
        Ok(read)
    }
}

/// Write a backup: parts by name, each the file that it is read from. Readable by this account
/// only; on disk when this returns. A file that is there already is left alone.
///
/// # Errors
/// Names the file.
pub fn write(path: &Path, parts: &[(String, PathBuf)]) -> Result<u64, Failure> {
    let failed = |error: &io::Error| Failure::file("writing", path, error);
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // Made with mode 0600.
    let file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    let mut out = Hashing { inner: BufWriter::new(&file), digest: Sha256::new() };
    out.write_all(MAGIC).map_err(|error| failed(&error))?;
    for (name, from) in parts {
        append(&mut out, name, from)
            .map_err(|error| Failure::file("copying", from, &error).about(path.display()))?;
    }
    let end = |out: &mut Hashing<BufWriter<_>>| {
        out.write_all(&0u16.to_le_bytes())?;
        let digest = out.digest.clone().finalize();
        out.inner.write_all(&digest)?;
        out.inner.flush()
    };
    end(&mut out).map_err(|error| failed(&error))?;
    drop(out);
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    let size = file.as_file().metadata().map_err(|error| failed(&error))?.len();
    file.persist_noclobber(path).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => Failure::new(
            "exists",
            format!("{} exists already and was left alone; choose another name", path.display()),
        ),
        _ => failed(&error.error),
    })?;
    Ok(size)
}

fn append(out: &mut impl Write, name: &str, from: &Path) -> io::Result<()> {
    let mut file = File::open(from)?;
    let size = file.metadata()?.len();
    let length = u16::try_from(name.len()).map_err(io::Error::other)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(name.as_bytes())?;
    out.write_all(&size.to_le_bytes())?;
    if io::copy(&mut Read::take(&mut file, size), out)? != size {
        return Err(io::Error::other("it was cut short meanwhile"));
    }
    Ok(())
}

/// Unpack a backup into an empty folder; the names of its parts. Checks it whole.
///
/// # Errors
/// When it is no backup, or damaged, or from a newer version.
pub fn unpack(path: &Path, into: &Path) -> Result<Vec<String>, Failure> {
    let file = File::open(path).map_err(|error| Failure::file("reading", path, &error))?;
    let mut input = Hashing { inner: BufReader::new(file), digest: Sha256::new() };
    let mut magic = [0; MAGIC.len()];
    let damaged = |what: &str| {
        Failure::new("damaged", format!("{} is damaged: {what}; use another copy", path.display()))
    };
    input.read_exact(&mut magic).map_err(|_| damaged("it is too short"))?;
    if magic != MAGIC {
        let version = &MAGIC[..MAGIC.len() - 2];
        return Err(if magic.starts_with(version) {
            let text = format!("{} was made by a newer gavel; update the program", path.display());
            Failure::new("newer", text)
        } else {
            Failure::new("damaged", format!("{} is no backup by gavel", path.display()))
        });
    }
    let mut names = Vec::new();
    while let Some(name) = part(&mut input, into).map_err(|error| damaged(&error.to_string()))? {
        names.push(name);
    }
    let digest = input.digest.clone().finalize();
    let mut stated = [0; 32];
    input.inner.read_exact(&mut stated).map_err(|_| damaged("it ends too early"))?;
    if digest[..] != stated {
        return Err(damaged("its checksum does not fit"));
    }
    Ok(names)
}

/// One part, or `None` at the end.
fn part(input: &mut impl Read, into: &Path) -> io::Result<Option<String>> {
    let mut length = [0; 2];
    input.read_exact(&mut length)?;
    let length = u16::from_le_bytes(length);
    if length == 0 {
        return Ok(None);
    }
    let mut name = vec![0; length.into()];
    input.read_exact(&mut name)?;
    let name = String::from_utf8(name).map_err(io::Error::other)?;
    // A part stays inside the folder, whatever its name says.
    let plain = Path::new(&name).components().all(|part| matches!(part, Component::Normal(_)));
    if !plain || name.contains(char::is_control) {
        return Err(io::Error::other("a part has an impossible name"));
    }
    let mut size = [0; 8];
    input.read_exact(&mut size)?;
    let size = u64::from_le_bytes(size);
    let path = into.join(&name);
    if let Some(parent) = path.parent() {
        create_private(parent).map_err(|failure| io::Error::other(failure.detail))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    if io::copy(&mut input.take(size), &mut file)? != size {
        return Err(io::Error::other("it ends too early"));
    }
    file.sync_all()?;
    Ok(Some(name))
}

#[cfg(test)]
mod tests {
    use crate::cli::archive::*;

    #[test]
    fn every_flipped_byte_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        std::fs::write(&one, "some text").unwrap();
        std::fs::write(&two, "").unwrap();
        let path = folder.path().join("backup");
        let parts = [("a/one".to_owned(), one.clone()), ("two".to_owned(), two)];
        write(&path, &parts).unwrap();
        assert_eq!(write(&path, &parts).unwrap_err().kind, "exists");
        let out = folder.path().join("out");
        assert_eq!(unpack(&path, &out).unwrap(), ["a/one", "two"]);
        assert_eq!(std::fs::read_to_string(out.join("a/one")).unwrap(), "some text");

        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            std::fs::write(&path, &changed).unwrap();
            let out = tempfile::tempdir().unwrap();
            assert!(unpack(&path, out.path()).is_err(), "byte {at}");
            std::fs::write(&path, &bytes[..at]).unwrap();
            let out = tempfile::tempdir().unwrap();
            assert!(unpack(&path, out.path()).is_err(), "cut at {at}");
        }
        std::fs::write(&path, b"gavel backup 2\nwhatever").unwrap();
        assert_eq!(unpack(&path, &folder.path().join("x")).unwrap_err().kind, "newer");
    }

    #[test]
    fn a_part_cannot_leave_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("one");
        std::fs::write(&one, "text").unwrap();
        for name in ["../one", "/tmp/one", "a/../../b"] {
            let path = folder.path().join("backup");
            let _ = std::fs::remove_file(&path);
            write(&path, &[(name.to_owned(), one.clone())]).unwrap();
            let failure = unpack(&path, &folder.path().join("out")).unwrap_err();
            assert!(failure.detail.contains("impossible name"), "{}", failure.detail);
        }
    }
}
