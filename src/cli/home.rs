//! The folder in which one organisation or bidder keeps keys, roster, settings and receipts.
//!
//! ```text
//! gavel.toml           who this is: the roles, their names and addresses
//! node.key             private keys, mode 0600, optionally under a passphrase
//! coordinator.key      likewise
//! bidder.key           likewise
//! operator.key         likewise: opens what nodes disclose to whoever wrote a session
//! node-card.json       what the node's operator hands to the coordinator
//! roster.json          the signed roster
//! login.json           the tokens of a login, mode 0600
//! gavel.db             what node and coordinator keep
//! models/              models that this home scores with, their weights encrypted
//! scores/              scores that both parties signed
//! receipts/            one file per session a bid was made in
//! ```

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::failure::Failure;
use crate::identity::{Digest, PublicKey, Roster, Signed, Statement as _};

/// The file of the key that opens what nodes disclose to this home.
pub const OPERATOR_KEY: &str = "operator.key";

/// What `gavel init` writes and the other commands read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where node and coordinator keep what they keep: a file, from this folder on, or a
    /// PostgreSQL URL; gavel.db when it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Digests of the rosters that this home's owner has compared or made. Bids are made under no
    /// other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<Digest>,
    /// Addresses and networks of balancers, which say whose each connection is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub balancers: Vec<String>,
    /// Whether this home's node computes every job, or asks its operator first.
    #[serde(default, skip_serializing_if = "Jobs::is_run")]
    pub jobs: Jobs,
    /// Names of stored variables of which this home's node lets no job reveal anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_reveal: Vec<String>,
    /// How long after stored variables were shared last this home's coordinator has them dealt anew,
    /// such as 30d; never by itself when it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_every: Option<String>,
    /// Set when this home runs a node.
    pub node: Option<Server>,
    /// Set when this home runs the coordinator.
    pub coordinator: Option<Server>,
    /// Set when this home bids.
    pub bidder: Option<Person>,
    /// The node's streams to other nodes, when they are not as usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
}

/// Which jobs a node computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Jobs {
    /// Every one that the coordinator announces.
    #[default]
    Run,
    /// Those that the node's operator lets run, with `gavel job approve`.
    Approve,
}

impl Jobs {
    /// Whether all of them run.
    pub fn is_run(&self) -> bool {
        *self == Self::Run
    }
}

/// The streams to other nodes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    /// Delay added to every message to another node, one way: to see on one machine how a network
    /// of long distances behaves.
    pub simulated_delay_ms: Option<u32>,
}

/// A node or the coordinator.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// The organisation, as shown to people.
    pub name: String,
    /// Host and port under which others reach it.
    pub address: String,
    /// Where to listen, when that is not every interface at the address's port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// Public key, to compare with a roster without unlocking the private one.
    pub key: PublicKey,
    /// SHA-256 of the TLS certificate.
    pub certificate: Digest,
    /// Those of earlier certificates whose keys are still there: the roster may list one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Digest>,
    /// How often a node's card has changed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub issue: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde wants it
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The host of an address, without the brackets of IPv6.
pub fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// A bidder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The name to bid under.
    pub name: String,
    /// Public key.
    pub key: PublicKey,
}

/// The folder.
#[derive(Clone, Debug)]
pub struct Home {
    directory: PathBuf,
}

impl Home {
    /// The folder given, or the platform's place for a program's data.
    ///
    /// # Errors
    /// When none is given and the platform names none.
    pub fn find(given: Option<&Path>) -> Result<Self, Failure> {
        if let Some(directory) = given {
            return Ok(Self { directory: directory.to_owned() });
        }
        match directories::ProjectDirs::from("", "", "gavel") {
            Some(places) => Ok(Self { directory: places.data_local_dir().to_owned() }),
            None => Err(Failure::usage(
                "this account has no home directory; say where to keep keys with --home DIR",
            )),
        }
    }

    /// The folder itself.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Make the folder, for this account only.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(&self) -> Result<(), Failure> {
        create_private(&self.directory)
    }

    /// The settings; none at all where nothing was set up.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn settings(&self) -> Result<Settings, Failure> {
        let path = self.file("gavel.toml");
        if !path.exists() {
            return Ok(Settings::default());
        }
        let text = read_text(&path)?;
        toml::from_str(&text).map_err(|error| toml_failure("bad-settings", &path, &text, &error))
    }

    /// Write the settings.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn save_settings(&self, settings: &Settings) -> Result<(), Failure> {
        let text = toml::to_string(settings).map_err(|error| {
            Failure::new("internal", format!("settings do not encode: {error}"))
        })?;
        write_whole(&self.file("gavel.toml"), text.as_bytes())
    }

    /// Remember that a roster is the right one, in place of those that it succeeds.
    ///
    /// # Errors
    /// When the settings cannot be read or written.
    pub fn pin(&self, roster: &Roster) -> Result<(), Failure> {
        let mut settings = self.settings()?;
        let digest = roster.digest();
        settings.pinned.retain(|known| *known != digest && !roster.succeeds.contains(known));
        settings.pinned.push(digest);
        self.create()?;
        self.save_settings(&settings)
    }

    /// The roster of a file, or of this home; checked.
    ///
    /// # Errors
    /// When it is missing, damaged or breaks a rule.
    pub fn roster(&self, given: Option<&Path>) -> Result<Signed<Roster>, Failure> {
        let path = given.map_or_else(|| self.file("roster.json"), Path::to_owned);
        if given.is_none() && !path.exists() {
            return Err(Failure::new(
                "no-roster",
                format!(
                    "there is no roster at {}; fetch it first with `gavel roster fetch HOST:PORT DIGEST` (the operator of the coordinator or of a node tells both), or give one with --roster FILE",
                    path.display()
                ),
            ));
        }
        load_roster(&path)
    }
}

/// Read a roster and check its rules and signature.
///
/// # Errors
/// Names the file and the first rule that is broken.
pub fn load_roster(path: &Path) -> Result<Signed<Roster>, Failure> {
    let roster: Signed<Roster> = read_json(path, "a roster")?;
    roster.checked().map_err(|error| Failure::from(error).about(path.display()))
}

/// Make a folder that only this account may enter.
///
/// # Errors
/// When it cannot be made.
pub fn create_private(path: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|error| Failure::file("creating", path, &error))
}

/// Read a text file.
///
/// # Errors
/// Names the file.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::file("reading", path, &error))
}

/// Read a JSON file of one of our types.
///
/// # Errors
/// Names the file, and the line where it is not what it should be.
pub fn read_json<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, Failure> {
    let text = read_text(path)?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::new("bad-file", format!("{} is not {what}: {error}", path.display()))
    })
}

/// Whether a file that a person named may be written over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Over {
    /// It may: it is this program's own, or `--force` says so.
    Write,
    /// It may not, and is left alone.
    Refuse,
}

impl Over {
    /// As `--force` says.
    pub const fn forced(force: bool) -> Self {
        if force { Self::Write } else { Self::Refuse }
    }

    /// Refuse early, before anything is done that writing the file is a part of.
    ///
    /// # Errors
    /// When there is such a file, and it may not be written over.
    pub fn allows(self, path: &Path) -> Result<(), Failure> {
        if self == Self::Refuse && path.symlink_metadata().is_ok() {
            return Err(in_the_way(path));
        }
        Ok(())
    }
}

fn in_the_way(path: &Path) -> Failure {
    Failure::new(
        "exists",
        format!(
            "{} is there already and was left alone; choose another name, or add --force to write over it",
            path.display()
        ),
    )
}

/// Write a file so that it is there whole or not at all.
///
/// # Errors
/// Names the file.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), Failure> {
    put(path, content, Over::Write)
}

/// Write a file that a person named, whole or not at all.
///
/// # Errors
/// Names the file, also where it is there already and may not be written over.
pub fn put(path: &Path, content: &[u8], over: Over) -> Result<(), Failure> {
    Prepared::new(path, content)?.keep(over)
}

/// A file that is on disk beside its place, for this account alone to read, and goes away unless it
/// is kept.
pub struct Prepared {
    path: PathBuf,
    file: tempfile::NamedTempFile,
}

impl Prepared {
    /// Write it beside its place.
    ///
    /// # Errors
    /// Names the file.
    pub fn new(path: &Path, content: &[u8]) -> Result<Self, Failure> {
        let failed = |error: &std::io::Error| Failure::file("writing", path, error);
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut file =
            tempfile::NamedTempFile::new_in(directory).map_err(|error| failed(&error))?;
        file.write_all(content).map_err(|error| failed(&error))?;
        file.as_file().sync_all().map_err(|error| failed(&error))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Put it in its place.
    ///
    /// # Errors
    /// Names the file, also where it is there already and may not be written over.
    pub fn keep(self, over: Over) -> Result<(), Failure> {
        let Self { path, file } = self;
        let kept = match over {
            Over::Write => file.persist(&path),
            Over::Refuse => file.persist_noclobber(&path),
        };
        kept.map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => in_the_way(&path),
            _ => Failure::file("writing", &path, &error.error),
        })?;
        Ok(())
    }
}

/// Write one of our types as JSON for people's eyes.
///
/// # Errors
/// Names the file.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Failure> {
    put_json(path, value, Over::Write)
}

/// The same to a file that a person named.
///
/// # Errors
/// Names the file, also where it is there already and may not be written over.
pub fn put_json<T: Serialize>(path: &Path, value: &T, over: Over) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new("internal", format!("no JSON for this: {error}")))?;
    text.push('\n');
    put(path, text.as_bytes(), over)
}

/// A TOML error on one line: file, line, what is wrong.
pub fn toml_failure(kind: &str, path: &Path, text: &str, error: &toml::de::Error) -> Failure {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(start).filter(|&byte| byte == b'\n').count() + 1;
    Failure::new(kind, format!("{}, line {line}: {}", path.display(), error.message()))
}

#[cfg(test)]
mod tests {
    use crate::cli::home::*;

    #[test]
    fn settings_read_back_and_errors_name_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(Some(folder.path())).unwrap();
        assert_eq!(home.settings().unwrap(), Settings::default());
        let key = PublicKey::from_bytes([7; 32]);
        let settings = Settings {
            balancers: vec!["10.0.0.0/24".to_owned()],
            database: Some("postgres://gavel@db/gavel".into()),
            pinned: vec![Digest([5; 32])],
            jobs: Jobs::Approve,
            never_reveal: vec!["cost".into()],
            refresh_every: Some("30d".into()),
            node: Some(Server {
                name: "Alpha".into(),
                address: "127.0.0.1:7001".into(),
                listen: None,
                key,
                certificate: Digest([3; 32]),
                earlier: vec![Digest([4; 32])],
                issue: 1,
            }),
            coordinator: None,
            bidder: Some(Person { name: "ada".into(), key }),
            links: Some(Links { simulated_delay_ms: Some(20) }),
        };
        home.save_settings(&settings).unwrap();
        assert_eq!(home.settings().unwrap(), settings);

        fs::write(home.file("gavel.toml"), "[bidder]\nname = \"ada\"\nkeys = \"x\"\n").unwrap();
        let failure = home.settings().unwrap_err();
        assert!(failure.detail.contains("line 3: unknown field `keys`"), "{}", failure.detail);
    }

    #[test]
    fn a_file_that_is_there_is_left_alone_unless_forced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        Over::Refuse.allows(&path).unwrap();
        put_json(&path, &1, Over::Refuse).unwrap();
        assert_eq!(Over::Refuse.allows(&path).unwrap_err().kind, "exists");
        assert_eq!(put_json(&path, &2, Over::Refuse).unwrap_err().kind, "exists");
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
        Over::forced(true).allows(&path).unwrap();
        put_json(&path, &2, Over::forced(true)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "2\n");
    }

    #[test]
    fn a_missing_roster_says_where_to_get_one() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(Some(folder.path())).unwrap();
        assert!(home.roster(None).unwrap_err().detail.contains("gavel roster fetch"));
        let given = home.roster(Some(Path::new("/nowhere/roster.json"))).unwrap_err();
        assert_eq!(given.detail, "there is no file /nowhere/roster.json; check the path");
    }
}
