//! Writing a secret file in one step, and reading it only if it is nobody else's to read.

use std::{
    fs::{File, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use zeroize::Zeroizing;

use super::error::KeyFileError;

/// Longest key file that is read.
const MAX_BYTES: u64 = 64 * 1024;

/// Create a file of mode 0600 with this text, or leave what is there alone.
pub(super) fn create(path: &Path, text: &str) -> Result<(), KeyFileError> {
    write(path, text, false)
}

/// Put a file of mode 0600 with this text in the place of another.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), KeyFileError> {
    write(path, text, true)
}

fn write(path: &Path, text: &str, replace: bool) -> Result<(), KeyFileError> {
    let failed = |doing| move |error| KeyFileError::Io { path: path.to_owned(), doing, error };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".gavel-key-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(directory)
        .map_err(failed("create a file beside"))?;
    file.write_all(text.as_bytes()).map_err(failed("write"))?;
    // The process's umask may have taken bits away; it must not have left others.
    file.as_file()
        .set_permissions(Permissions::from_mode(0o600))
        .and_then(|()| file.as_file().sync_all())
        .map_err(failed("write"))?;
    let persisted = if replace { file.persist(path) } else { file.persist_noclobber(path) };
    persisted.map_err(|refused| match refused.error.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.to_owned() },
        _ => failed("create")(refused.error),
    })?;
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(failed("sync the directory of"))
}

/// Read a file that only its owner may read or change.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => KeyFileError::NotFound { path: path.to_owned() },
        _ => KeyFileError::Io { path: path.to_owned(), doing: "read", error },
    };
    let damaged = |what| KeyFileError::Damaged { path: path.to_owned(), what };
    let file = File::open(path).map_err(failed)?;
    // The permissions of the file that is open, not of one that may have taken its place.
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(damaged("it is not a regular file"));
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Permissions { path: path.to_owned(), mode });
    }
    let length = metadata.len();
    if length > MAX_BYTES {
        return Err(damaged("it is too long"));
    }
    // Room for everything at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(damaged("it is not text")),
    }
}
