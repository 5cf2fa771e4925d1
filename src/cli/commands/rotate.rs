//! `gavel rotate`: new TLS and sealing keys for a node, without losing an open session.
//!
//! The new keys lie beside the present ones in the key file, and `gavel serve` uses those that its
//! roster lists: nothing changes before the coordinator's next roster is there. Bids that were
//! sealed to the earlier key are opened with it until the sessions of earlier rosters are decided.

use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{Home, Server, Settings, host, write_json};
use crate::cli::options::{DatabaseOption, PassphraseOption, RosterOption};
use crate::cli::output::strong;
use crate::identity::key_file::{KeyFileError, MAX_OTHERS, NodeKeys};
use crate::identity::{Digest, Statement as _};
use crate::node;
use crate::storage::{Database, NodeStore};

/// Make new TLS and sealing keys for this home's node, beside the present ones.
///
/// Hand the new node-card.json to the coordinator, who makes the next roster of it with `gavel
/// roster update`. Fetch that with `gavel roster fetch` and start the node again: from then on it
/// uses the new keys, and opens with the earlier ones what was sealed to them. The node's identity
/// key stays, and with it its place in the roster.
#[derive(Args)]
pub struct RotateArgs {
    /// Make no keys; remove those of before the present roster, once no session needs them. The
    /// node must not run meanwhile
    #[arg(long)]
    forget: bool,
    #[command(flatten)]
    database: DatabaseOption,
    #[command(flatten)]
    roster: RosterOption,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

/// What was made.
#[derive(Serialize)]
struct Made {
    certificate: Digest,
    /// Whether the certificate is another one.
    certificate_changed: bool,
    card: PathBuf,
    /// Keys of before that are kept.
    earlier: usize,
}

/// What was removed.
#[derive(Serialize)]
struct Forgotten {
    certificate: Digest,
    forgotten: usize,
}

/// Change keys, or forget those of before.
///
/// # Errors
/// When this home has no node, or, to forget, when a session still needs earlier keys.
pub async fn run(context: &Context, args: &RotateArgs) -> Result<(), Failure> {
    let home = &context.home;
    let settings = home.settings()?;
    let Some(server) = settings.node.clone() else {
        return Err(Failure::new(
            "no-keys",
            format!(
                "{} is not a node's home; name the right one with --home",
                home.directory().display()
            ),
        ));
    };
    let (keys, passphrase) = load(home, args)?;
    if args.forget {
        return forget(context, args, settings, keys, passphrase.as_ref()).await;
    }
    renew(context, settings, &server, keys, passphrase.as_ref())
}

/// The keys, and the passphrase if they are under one.
fn load(home: &Home, args: &RotateArgs) -> Result<(NodeKeys, Option<SecretString>), Failure> {
    let path = home.file("node.key");
    match NodeKeys::load(&path, None) {
        Ok(keys) => Ok((keys, None)),
        Err(KeyFileError::NeedsPassphrase { .. }) => args
            .passphrase
            .load(&path, |path, given| Ok((NodeKeys::load(path, given)?, given.cloned()))),
        Err(error) => Err(error.into()),
    }
}

fn renew(
    context: &Context,
    mut settings: Settings,
    server: &Server,
    mut keys: NodeKeys,
    passphrase: Option<&SecretString>,
) -> Result<(), Failure> {
    let home = &context.home;
    if keys.others.len() >= MAX_OTHERS {
        return Err(Failure::new(
            "too-many-keys",
            format!(
                "{} earlier keys are kept already; remove those that no session needs with `gavel rotate --forget`",
                keys.others.len()
            ),
        ));
    }
    let before = keys.tls.fingerprint();
    // A coordinator at the same address has the same certificate, and keeps it.
    let shared = settings.coordinator.as_ref().is_some_and(|other| other.certificate == before);
    let kept = shared.then(|| keys.tls.clone());
    keys.rotate(host(&server.address), kept)?;
    keys.replace(&home.file("node.key"), passphrase)?;
    let issue = issue(home, server) + 1;
    let card = keys.renewed_card(&server.name, &server.address, issue);
    let card_file = home.file("node-card.json");
    write_json(&card_file, &card)?;
    let certificate = note(&mut settings, &keys);
    if let Some(server) = &mut settings.node {
        server.issue = issue;
    }
    home.save_settings(&settings)?;
    let made = Made {
        certificate,
        certificate_changed: certificate != before,
        card: card_file,
        earlier: keys.others.len(),
    };
    context.output.result(&made, || {
        let which = if made.certificate_changed {
            "TLS and sealing keys"
        } else {
            "a sealing key (the certificate is the coordinator's too, and stays)"
        };
        format!(
            "The node has new {which}; the earlier ones are kept and in use until the roster \
             lists the new ones.\nHand {} to the coordinator for {}, then {} and start the node \
             again.",
            strong(made.card.display()),
            strong("gavel roster update CARD..."),
            strong("gavel roster fetch"),
        )
    })
}

/// The number of the node's last card, as far as this home knows.
fn issue(home: &Home, server: &Server) -> u32 {
    let listed = home
        .roster(None)
        .ok()
        .and_then(|roster| roster.body.index_of(&server.key).map(|node| roster.body.issue(node)));
    listed.unwrap_or(0).max(server.issue)
}

/// Write down which certificates there are keys for; the newest.
fn note(settings: &mut Settings, keys: &NodeKeys) -> Digest {
    let certificate = keys.tls.fingerprint();
    if let Some(server) = &mut settings.node {
        server.certificate = certificate;
        server.earlier = keys.others.iter().map(|keys| keys.tls.fingerprint()).collect();
    }
    certificate
}

async fn forget(
    context: &Context,
    args: &RotateArgs,
    mut settings: Settings,
    mut keys: NodeKeys,
    passphrase: Option<&SecretString>,
) -> Result<(), Failure> {
    let home = &context.home;
    let roster = home.roster(args.roster.roster.as_deref())?;
    let newest = keys.tls.fingerprint();
    node::fit_keys(&mut keys, &roster.body)?;
    let present = keys.sealing.public().clone();
    if keys.others.is_empty() {
        return tell(context, &Forgotten { certificate: newest, forgotten: 0 });
    }
    let database = Database::open_at(&args.database.address(home, &settings)?).await?;
    let store = NodeStore::new(database.clone());
    let needed = store.unfinished_before(&roster.body.digest()).await;
    database.close().await;
    let needed = needed?;
    if let Some(first) = needed.first() {
        return Err(Failure::new(
            "keys-needed",
            format!(
                "{} sessions of an earlier roster are not decided yet ({} the first of them) and may need the earlier keys; close them, or wait",
                needed.len(),
                first
            ),
        ));
    }
    // As they lie in the file, the newest first: what comes after the roster's keys is older.
    let (mut keys, _) = load(home, args)?;
    let used = keys.sealing_keys().position(|key| *key.public() == present).unwrap_or(0);
    let forgotten = keys.others.len() - used;
    keys.others.truncate(used);
    keys.replace(&home.file("node.key"), passphrase)?;
    note(&mut settings, &keys);
    home.save_settings(&settings)?;
    tell(context, &Forgotten { certificate: newest, forgotten })
}

fn tell(context: &Context, done: &Forgotten) -> Result<(), Failure> {
    context.output.result(done, || match done.forgotten {
        0 => "There are no earlier keys.".to_owned(),
        1 => "The earlier keys are removed.".to_owned(),
        more => format!("{more} pairs of earlier keys are removed."),
    })
}
