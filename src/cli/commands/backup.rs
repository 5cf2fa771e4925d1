//! `gavel backup FILE` and `gavel restore FILE`: the home's database, settings and roster in one
//! file, and a home from it.

use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::SecretString;
use serde::Serialize;

use crate::cli::archive;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{OPERATOR_KEY, Settings, create_private, read_text, toml_failure};
use crate::cli::options::{DatabaseOption, PassphraseOption};
use crate::cli::output::strong;
use crate::identity::key_file::{
    BidderKeys, CoordinatorKeys, KeyFileError, NodeKeys, OperatorKeys,
};
use crate::storage::{Address, backup};

/// The database's name in a backup.
const STORE: &str = "gavel.db";

/// Files of a home that are copied as they are.
const PLAIN: [&str; 2] = ["roster.json", "node-card.json"];

/// Key files.
const KEYS: [&str; 4] = ["node.key", "coordinator.key", "bidder.key", OPERATOR_KEY];

/// Write the home's database, settings, roster and receipts to one file, also while it serves.
#[derive(Args)]
pub struct BackupArgs {
    /// The file to write; one that exists is left alone
    file: PathBuf,
    /// Put the private keys into it too, under a passphrase
    #[arg(long)]
    with_keys: bool,
    #[command(flatten)]
    database: DatabaseOption,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

/// Make a home from a backup. Nothing that exists is replaced.
#[derive(Args)]
pub struct RestoreArgs {
    /// A file by `gavel backup`
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseOption,
}

#[derive(Serialize)]
struct Saved {
    file: PathBuf,
    bytes: u64,
    parts: Vec<String>,
    keys: bool,
}

#[derive(Serialize)]
struct Restored {
    parts: Vec<String>,
    keys: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    /// What the mark of the store before shows to be lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    behind: Option<String>,
}

/// Make a backup.
///
/// # Errors
/// When something cannot be read, the file is there already, or there is no passphrase for keys.
pub async fn save(context: &Context, args: &BackupArgs) -> Result<(), Failure> {
    let home = &context.home;
    let settings = home.settings()?;
    // First, so that nobody waits for a copy only to be asked for a passphrase.
    let passphrase = args.with_keys.then(|| args.passphrase.for_new_keys()).transpose()?;
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::file("creating", &std::env::temp_dir(), &error))?;
    let mut parts: Vec<(String, PathBuf)> = Vec::new();

    let address = args.database.address(home, &settings)?;
    if !matches!(&address, Address::File(path) if !path.exists()) {
        let copy = folder.path().join(STORE);
        backup::copy_out(&address, &copy).await?;
        parts.push((STORE.to_owned(), copy));
    }
    if home.file("gavel.toml").exists() {
        // The address of a server may carry its password, and need not be the next one's.
        let settings = Settings { database: None, ..settings };
        let text = toml::to_string(&settings)
            .map_err(|error| Failure::new("internal", format!("no TOML for this: {error}")))?;
        let copy = folder.path().join("gavel.toml");
        std::fs::write(&copy, text).map_err(|error| Failure::file("writing", &copy, &error))?;
        parts.push(("gavel.toml".to_owned(), copy));
    }
    for name in PLAIN {
        let path = home.file(name);
        if path.exists() {
            parts.push((name.to_owned(), path));
        }
    }
    receipts(&home.file("receipts"), "receipts", &mut parts)?;
    if let Some(passphrase) = &passphrase {
        for name in KEYS {
            let path = home.file(name);
            if path.exists() {
                parts.push((name.to_owned(), locked(&path, name, folder.path(), passphrase)?));
            }
        }
    }
    if parts.is_empty() {
        let place = home.directory().display();
        return Err(Failure::new("empty", format!("there is nothing to back up in {place}")));
    }
    let bytes = archive::write(&args.file, &parts)?;
    let parts: Vec<String> = parts.into_iter().map(|(name, _)| name).collect();
    let saved = Saved { file: args.file.clone(), bytes, parts, keys: passphrase.is_some() };
    context.output.result(&saved, || {
        let keys = if saved.keys {
            "The private keys are in it, under the passphrase."
        } else {
            "The private keys are not in it: keep the key files, or use --with-keys."
        };
        format!(
            "{} holds {} files, {bytes} bytes.\n{keys}",
            strong(args.file.display()),
            saved.parts.len()
        )
    })
}

/// Every file under a folder.
fn receipts(folder: &Path, name: &str, parts: &mut Vec<(String, PathBuf)>) -> Result<(), Failure> {
    if !folder.is_dir() {
        return Ok(());
    }
    let failed = |error: &std::io::Error| Failure::file("reading", folder, error);
    for entry in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
        let entry = entry.map_err(|error| failed(&error))?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            receipts(&entry.path(), &name, parts)?;
        } else {
            parts.push((name, entry.path()));
        }
    }
    Ok(())
}

/// A key file under a passphrase: as it is if it is under one, else put under this one.
fn locked(
    path: &Path,
    name: &str,
    folder: &Path,
    passphrase: &SecretString,
) -> Result<PathBuf, Failure> {
    let copy = folder.join(name);
    let saved = match name {
        "node.key" => {
            NodeKeys::load(path, None).and_then(|keys| keys.save(&copy, Some(passphrase)))
        }
        "coordinator.key" => {
            CoordinatorKeys::load(path, None).and_then(|keys| keys.save(&copy, Some(passphrase)))
        }
        OPERATOR_KEY => {
            OperatorKeys::load(path, None).and_then(|keys| keys.save(&copy, Some(passphrase)))
        }
        _ => BidderKeys::load(path, None).and_then(|keys| keys.save(&copy, Some(passphrase))),
    };
    match saved {
        Ok(()) => Ok(copy),
        Err(KeyFileError::NeedsPassphrase { .. }) => Ok(path.to_owned()),
        Err(error) => Err(error.into()),
    }
}

/// Restore a backup.
///
/// # Errors
/// When it is damaged or newer, or something is there already; then nothing has been changed.
pub async fn restore(context: &Context, args: &RestoreArgs) -> Result<(), Failure> {
    let home = &context.home;
    home.create()?;
    let folder = tempfile::tempdir_in(home.directory())
        .map_err(|error| Failure::file("creating", home.directory(), &error))?;
    let names = archive::unpack(&args.file, folder.path())?;
    for name in names.iter().filter(|name| *name != STORE) {
        if home.file(name).exists() {
            let path = home.file(name);
            let path = path.display();
            return Err(Failure::new(
                "exists",
                format!(
                    "{path} exists already; restore into an empty folder with --home, or move it away"
                ),
            ));
        }
    }
    let settings = folder.path().join("gavel.toml");
    let settings: Settings = if settings.exists() {
        let text = read_text(&settings)?;
        toml::from_str(&text)
            .map_err(|error| toml_failure("bad-settings", &settings, &text, &error))?
    } else {
        Settings::default()
    };
    let (mut database, mut behind) = (None, None);
    if names.iter().any(|name| name == STORE) {
        let address = args.database.address(home, &settings)?;
        let lost = backup::copy_in(&folder.path().join(STORE), &address).await?;
        behind = lost.map(|behind| behind.to_string());
        database = Some(address.to_string());
    }
    for name in names.iter().filter(|name| *name != STORE) {
        let path = home.file(name);
        if let Some(parent) = path.parent() {
            create_private(parent)?;
        }
        std::fs::rename(folder.path().join(name), &path)
            .map_err(|error| Failure::file("writing", &path, &error))?;
    }
    let keys = names.iter().any(|name| KEYS.contains(&name.as_str()));
    let restored = Restored { parts: names, keys, database, behind };
    context.output.result(&restored, || {
        let place = home.directory().display();
        let keys =
            if keys { "" } else { "\nPut the key files there too: they were not in the backup." };
        let lost = match (&restored.behind, &restored.database) {
            (Some(behind), _) => format!(
                "\nIt is not the newest: {behind}. `gavel serve` refuses it; with --accept-loss it goes on without."
            ),
            (None, Some(_)) => "\nWhat this server has signed since the backup is not in it: start it only if the original is gone.".to_owned(),
            (None, None) => String::new(),
        };
        format!("{} is restored from {}.{lost}{keys}", strong(place), args.file.display())
    })
}
