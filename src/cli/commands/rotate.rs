//! `gavel rotate`: new TLS keys for this home's servers, and a new sealing key for its node, without
//! losing an open session.
//!
//! The new keys lie beside the present ones in the key files, and `gavel serve` uses those that its
//! roster lists: nothing changes before the coordinator's next roster is there. Bids that were
//! sealed to the earlier key are opened with it until the sessions of earlier rosters are decided.

use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::SecretString;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{Home, Server, Settings, host, write_json};
use crate::cli::options::{DatabaseOption, PassphraseOption, RosterOption};
use crate::cli::output::strong;
use crate::coordinator;
use crate::identity::key_file::{CoordinatorKeys, KeyFileError, MAX_OTHERS, NodeKeys, TlsIdentity};
use crate::identity::{Digest, Roster, Statement as _};
use crate::node::StartError;
use crate::storage::{Database, NodeStore};

/// Make new TLS keys for what this home runs, and a new sealing key for its node, beside the
/// present ones.
///
/// A node hands its new node-card.json to the coordinator, who makes the next roster of it with
/// `gavel roster update`; a coordinator that has changed its own certificate runs the same, without
/// cards if no node's has changed. Nodes and bidders fetch the next roster with `gavel roster
/// fetch`, and servers take it up while they run: from then on they use the new keys, and a node
/// opens with the earlier ones what was sealed to them. Identity keys stay, and with them the places
/// in the roster.
#[derive(Args)]
pub struct RotateArgs {
    /// Make no keys; remove those of before the present roster, once no session needs them. A node
    /// must not run meanwhile
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
    /// Whose keys are new.
    roles: Vec<&'static str>,
    /// The node's new certificate, or else the coordinator's.
    certificate: Digest,
    /// The coordinator's, if it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    coordinator_certificate: Option<Digest>,
    /// The node's new card.
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<PathBuf>,
    /// Keys of before that are kept, of the role that has most.
    earlier: usize,
}

/// What was removed.
#[derive(Serialize)]
struct Forgotten {
    certificate: Digest,
    forgotten: usize,
}

/// One of the key files, opened.
struct Opened<K> {
    keys: K,
    file: PathBuf,
    /// What it is under.
    passphrase: Option<SecretString>,
}

/// The keys of what this home runs.
struct KeyFiles {
    node: Option<Opened<NodeKeys>>,
    coordinator: Option<Opened<CoordinatorKeys>>,
}

/// Change keys, or forget those of before.
///
/// # Errors
/// When this home runs nothing, or, to forget, when a session still needs earlier keys.
pub async fn run(context: &Context, args: &RotateArgs) -> Result<(), Failure> {
    let home = &context.home;
    let settings = home.settings()?;
    if settings.node.is_none() && settings.coordinator.is_none() {
        return Err(Failure::new(
            "no-keys",
            format!(
                "{} is neither a node's home nor a coordinator's; name the right one with --home",
                home.directory().display()
            ),
        ));
    }
    let files = KeyFiles::load(home, &settings, &args.passphrase)?;
    if args.forget {
        return forget(context, args, settings, files).await;
    }
    renew(context, settings, files)
}

impl KeyFiles {
    fn load(
        home: &Home,
        settings: &Settings,
        passphrase: &PassphraseOption,
    ) -> Result<Self, Failure> {
        let node = settings.node.as_ref().map(|_| {
            open(home.file("node.key"), passphrase, |path, given| NodeKeys::load(path, given))
        });
        let coordinator = settings.coordinator.as_ref().map(|_| {
            let file = home.file("coordinator.key");
            open(file, passphrase, |path, given| CoordinatorKeys::load(path, given))
        });
        Ok(Self { node: node.transpose()?, coordinator: coordinator.transpose()? })
    }

    /// The most earlier keys that one of them keeps.
    fn earlier(&self) -> usize {
        let node = self.node.as_ref().map_or(0, |node| node.keys.others.len());
        node.max(self.coordinator.as_ref().map_or(0, |lead| lead.keys.others.len()))
    }

    /// Write down which certificates there are keys for; the newest of the node's, or else of the
    /// coordinator's.
    fn note(&self, settings: &mut Settings) -> Digest {
        let mut newest = Digest([0; 32]);
        if let (Some(server), Some(lead)) = (&mut settings.coordinator, &self.coordinator) {
            newest = lead.keys.tls.fingerprint();
            server.certificate = newest;
            server.earlier = lead.keys.others.iter().map(TlsIdentity::fingerprint).collect();
        }
        if let (Some(server), Some(node)) = (&mut settings.node, &self.node) {
            newest = node.keys.tls.fingerprint();
            server.certificate = newest;
            server.earlier = node.keys.others.iter().map(|keys| keys.tls.fingerprint()).collect();
        }
        newest
    }
}

/// The keys of a file, and the passphrase if they are under one.
fn open<K>(
    file: PathBuf,
    passphrase: &PassphraseOption,
    read: impl Fn(&Path, Option<&SecretString>) -> Result<K, KeyFileError>,
) -> Result<Opened<K>, Failure> {
    let (keys, passphrase) = match read(&file, None) {
        Ok(keys) => (keys, None),
        Err(KeyFileError::NeedsPassphrase { .. }) => {
            passphrase.load(&file, |path, given| Ok((read(path, given)?, given.cloned())))?
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Opened { keys, file, passphrase })
}

fn renew(context: &Context, mut settings: Settings, mut files: KeyFiles) -> Result<(), Failure> {
    let home = &context.home;
    if files.earlier() >= MAX_OTHERS {
        return Err(Failure::new(
            "too-many-keys",
            format!(
                "{} earlier keys are kept already; remove those that no session needs with `gavel rotate --forget`",
                files.earlier()
            ),
        ));
    }
    let mut made = Made {
        roles: Vec::new(),
        certificate: Digest([0; 32]),
        coordinator_certificate: None,
        card: None,
        earlier: 0,
    };
    // Node and coordinator at one address are one server, and a server has one certificate.
    let shared = match (&settings.node, &settings.coordinator) {
        (Some(node), Some(lead)) => node.certificate == lead.certificate,
        _ => false,
    };
    let mut fresh = None;
    if let (Some(server), Some(node)) = (settings.node.clone(), &mut files.node) {
        node.keys.rotate(host(&server.address), None)?;
        node.keys.replace(&node.file, node.passphrase.as_ref())?;
        fresh = shared.then(|| node.keys.tls.clone());
        let issue = issue(home, &server) + 1;
        let card = node.keys.renewed_card(&server.name, &server.address, issue);
        let card_file = home.file("node-card.json");
        write_json(&card_file, &card)?;
        if let Some(server) = &mut settings.node {
            server.issue = issue;
        }
        made.roles.push("node");
        made.card = Some(card_file);
    }
    if let (Some(server), Some(lead)) = (&settings.coordinator, &mut files.coordinator) {
        let tls = fresh.map_or_else(|| TlsIdentity::generate(host(&server.address)), Ok);
        lead.keys.rotate(tls.map_err(KeyFileError::from)?);
        lead.keys.replace(&lead.file, lead.passphrase.as_ref())?;
        made.roles.push("coordinator");
        made.coordinator_certificate = Some(lead.keys.tls.fingerprint());
    }
    made.earlier = files.earlier();
    made.certificate = files.note(&mut settings);
    home.save_settings(&settings)?;
    context.output.result(&made, || next_steps(&made))
}

/// What whoever has new keys does next.
fn next_steps(made: &Made) -> String {
    let kept = "the earlier ones are kept, and in use until the roster lists the new ones.";
    let fetch = strong("gavel roster fetch");
    match (&made.card, made.coordinator_certificate) {
        (Some(card), None) => format!(
            "The node has new TLS and sealing keys; {kept}\nHand {} to the coordinator for {}, then \
             {fetch}: a node that serves takes the next roster up by itself.",
            strong(card.display()),
            strong("gavel roster update CARD..."),
        ),
        (card, _) => {
            let update = card.as_ref().map_or_else(
                || "gavel roster update".to_owned(),
                |card| format!("gavel roster update {}", card.display()),
            );
            let whose =
                if card.is_some() { "Node and coordinator have" } else { "The coordinator has" };
            format!(
                "{whose} new keys; {kept}\nMake the next roster with {}; a coordinator that serves \
                 takes it up by itself. Every node and every bidder then runs {fetch}.",
                strong(update),
            )
        }
    }
}

/// The number of the node's last card, as far as this home knows.
fn issue(home: &Home, server: &Server) -> u32 {
    let listed = home
        .roster(None)
        .ok()
        .and_then(|roster| roster.body.index_of(&server.key).map(|node| roster.body.issue(node)));
    listed.unwrap_or(0).max(server.issue)
}

async fn forget(
    context: &Context,
    args: &RotateArgs,
    mut settings: Settings,
    mut files: KeyFiles,
) -> Result<(), Failure> {
    let home = &context.home;
    let roster = home.roster(args.roster.roster.as_deref())?.body;
    let node = match &files.node {
        Some(node) if !node.keys.others.is_empty() => {
            Some(earlier_of_node(context, args, &settings, &roster, node).await?)
        }
        _ => None,
    };
    let lead = files.coordinator.as_ref().map(|lead| earlier_of_coordinator(&roster, lead));
    let mut forgotten = 0;
    if let (Some(node), Some(earlier)) = (&mut files.node, node) {
        node.keys.others.truncate(node.keys.others.len() - earlier);
        node.keys.replace(&node.file, node.passphrase.as_ref())?;
        forgotten = earlier;
    }
    if let (Some(lead), Some(earlier)) = (&mut files.coordinator, lead.transpose()?) {
        lead.keys.others.truncate(lead.keys.others.len() - earlier);
        lead.keys.replace(&lead.file, lead.passphrase.as_ref())?;
        forgotten = forgotten.max(earlier);
    }
    let certificate = files.note(&mut settings);
    home.save_settings(&settings)?;
    tell(context, &Forgotten { certificate, forgotten })
}

/// How many of a node's keys are older than the roster's; none of them is needed by a session.
async fn earlier_of_node(
    context: &Context,
    args: &RotateArgs,
    settings: &Settings,
    roster: &Roster,
    node: &Opened<NodeKeys>,
) -> Result<usize, Failure> {
    let key = node.keys.identity.public();
    let me = roster.index_of(&key).ok_or(StartError::NotInRoster { key })?;
    let listed = roster.node(me).map(|card| &card.sealing_key);
    // As they lie in the file, the newest first: what comes after the roster's keys is older.
    let used = node.keys.sealing_keys().position(|key| Some(key.public()) == listed);
    let used = used.ok_or(StartError::OtherKeys { what: "sealing key", node: me })?;
    let database = Database::open_at(&args.database.address(&context.home, settings)?).await?;
    let needed = NodeStore::new(database.clone()).unfinished_before(&roster.digest()).await;
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
    Ok(node.keys.others.len() - used)
}

/// How many of a coordinator's certificates are older than the roster's; no session needs them.
fn earlier_of_coordinator(
    roster: &Roster,
    lead: &Opened<CoordinatorKeys>,
) -> Result<usize, Failure> {
    let listed = roster.coordinator.certificate;
    let all = std::iter::once(&lead.keys.tls).chain(&lead.keys.others);
    match all.into_iter().position(|tls| tls.fingerprint() == listed) {
        Some(used) => Ok(lead.keys.others.len() - used),
        None => Err(coordinator::StartError::OtherCertificate.into()),
    }
}

fn tell(context: &Context, done: &Forgotten) -> Result<(), Failure> {
    context.output.result(done, || match done.forgotten {
        0 => "There are no earlier keys.".to_owned(),
        1 => "The earlier keys are removed.".to_owned(),
        more => format!("{more} pairs of earlier keys are removed."),
    })
}
