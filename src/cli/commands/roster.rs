//! `gavel roster make|update|show|check|pin|fetch|nodes`.

mod code;
mod nodes;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{Server, Settings, load_roster, read_json, write_json};
use crate::cli::options::{PassphraseOption, host_and_port};
use crate::cli::output::{Table, strong};
use crate::cli::view;
use crate::client;
use crate::identity::key_file::CoordinatorKeys;
use crate::identity::roster::{CoordinatorCard, RosterError, SignedCard};
use crate::identity::{Digest, PublicKey, Roster, Signed, Statement as _};
use crate::sharing::Scheme;

/// What to do with a roster.
#[derive(Subcommand)]
pub enum RosterCommand {
    /// Put node cards into a roster, signed by this home's coordinator
    Make(MakeArgs),
    /// Put new cards of nodes, and the coordinator's own, into this home's roster: the next version
    /// of it
    Update(UpdateArgs),
    /// Show a roster, with the digest that others compare
    Show(ShowArgs),
    /// Check a roster's signature and rules, and this home's keys against it
    Check(FileArgs),
    /// Take in a roster file whose digest you were told
    Pin(PinArgs),
    /// Fetch the roster whose digest you were told from its coordinator, or the next version of the
    /// roster that is here
    Fetch(FetchArgs),
    /// Show which nodes are there, and which of earlier rosters are still needed
    Nodes(nodes::NodesArgs),
}

/// Cards to put into a roster.
#[derive(Args)]
pub struct MakeArgs {
    /// t: any t nodes together learn nothing; at least 2t+1 nodes are needed to compute
    #[arg(long, value_name = "T")]
    threshold: u8,
    /// Let fewer than 2t+1 nodes do, such as two. They can add and nothing else: the roster serves
    /// surveys with protocol = "sums", and all its nodes have to be there
    #[arg(long)]
    sums_only: bool,
    /// Node cards, in the order of the nodes' indices
    #[arg(required = true, value_name = "CARD")]
    cards: Vec<PathBuf>,
    /// Where to write it [default: roster.json in the home folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a roster that is there; sessions of the old one go on under it beside the new one, and what
    /// is stored is dealt to the new one's nodes with `gavel variable refresh`
    #[arg(long)]
    replace: bool,
    /// The roster in whose place it comes: its nodes may hand over to those of this one what they store
    /// [default: roster.json in the home folder, if it is there]
    #[arg(long, value_name = "FILE")]
    after: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

/// Cards to change in a roster.
///
/// The nodes stay the same, by their identity keys; certificates, sealing keys, addresses and names
/// may be others. So may the coordinator's own, which are taken from this home. The sessions that
/// are open go on under the new version. A coordinator that serves takes it up by itself.
#[derive(Args)]
pub struct UpdateArgs {
    /// Cards that `gavel rotate` wrote, in any order; none if only the coordinator's certificate,
    /// name or address is new
    #[arg(value_name = "CARD")]
    cards: Vec<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

/// What to show of a roster.
#[derive(Args)]
pub struct ShowArgs {
    /// The roster [default: roster.json in the home folder]
    file: Option<PathBuf>,
    /// Only its digest
    #[arg(long)]
    digest: bool,
    /// Draw a QR code of its digest too, to be read by a telephone; --qr=coordinator or --qr=NODE,
    /// by index or name, draws the fingerprint of that certificate
    #[arg(
        long,
        value_name = "WHAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "digest",
        conflicts_with = "digest"
    )]
    qr: Option<String>,
}

/// A roster file.
#[derive(Args)]
pub struct FileArgs {
    /// The roster [default: roster.json in the home folder]
    file: Option<PathBuf>,
}

/// A roster to take in.
///
/// The digest is what everything rests on: it says which nodes compute, and that nobody has put
/// others in their place. Get it from a node's operator, by telephone or on paper, not from where
/// the file came from. It is compared whole; then the roster lies in this home and bids can be made
/// under it.
#[derive(Args)]
pub struct PinArgs {
    /// The roster's digest, as `gavel roster show` prints it at a node
    #[arg(value_parser = Digest::typed)]
    digest: Digest,
    /// The roster [default: roster.json in the home folder]
    file: Option<PathBuf>,
    /// Replace a roster that is there, also by one that is not its next version
    #[arg(long)]
    replace: bool,
}

/// A coordinator to fetch from.
///
/// Without arguments: the next version of the roster that is here, proved by its nodes' signatures.
#[derive(Args)]
pub struct FetchArgs {
    /// The coordinator's host and port
    #[arg(value_name = "HOST:PORT", value_parser = host_and_port)]
    address: Option<String>,
    /// The roster's digest, as `gavel roster show` prints it at a node. Get it from a node's
    /// operator or on paper, not from the coordinator's server; it is compared whole
    #[arg(value_parser = Digest::typed)]
    digest: Option<Digest>,
    /// Where to write it [default: roster.json in the home folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a roster that is there, also by one that is not its next version
    #[arg(long)]
    replace: bool,
}

/// A roster, for scripts.
#[derive(Serialize)]
struct Shown<'a> {
    digest: Digest,
    version: usize,
    /// The roster whose nodes may hand over to those of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<Digest>,
    /// Whether this home's owner has compared the digest, or made the roster.
    pinned: bool,
    nodes: u8,
    threshold: u8,
    coordinator: Place<'a>,
    members: Vec<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a Path>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fits: Vec<&'static str>,
}

#[derive(Serialize)]
struct Place<'a> {
    name: &'a str,
    address: &'a str,
    key: PublicKey,
    certificate: Digest,
}

/// Make, show, check or fetch a roster.
///
/// # Errors
/// Names the first rule that is broken.
pub async fn run(context: &Context, command: RosterCommand) -> Result<(), Failure> {
    match command {
        RosterCommand::Make(args) => make(context, &args),
        RosterCommand::Update(args) => update(context, &args),
        RosterCommand::Show(args) => {
            let roster = context.home.roster(args.file.as_deref())?;
            if args.digest && !context.output.json {
                let digest = roster.body.digest().grouped();
                return context.output.result(&(), || digest);
            }
            let code = match &args.qr {
                Some(what) => code::of_roster(&roster.body, what)?,
                None => String::new(),
            };
            tell(context, &roster, None, Vec::new(), &code)
        }
        RosterCommand::Check(args) => {
            let roster = context.home.roster(args.file.as_deref())?;
            let fits = fits(&roster.body, &context.home.settings()?)?;
            let remark = if fits.is_empty() {
                "Rules and signature are right. This home has no keys to compare with it.".into()
            } else {
                format!(
                    "Rules and signature are right; it fits this home's {}.",
                    fits.join(" and ")
                )
            };
            tell(context, &roster, None, fits, &remark)
        }
        RosterCommand::Pin(args) => pin(context, &args),
        RosterCommand::Fetch(args) => fetch(context, &args).await,
        RosterCommand::Nodes(args) => nodes::show(context, &args).await,
    }
}

fn make(context: &Context, args: &MakeArgs) -> Result<(), Failure> {
    let too_many = || Failure::usage(format!("{} cards are too many", args.cards.len()));
    let nodes = u8::try_from(args.cards.len()).map_err(|_| too_many())?;
    let scheme = if args.sums_only { Scheme::any } else { Scheme::new };
    let scheme = scheme(nodes, args.threshold).map_err(|error| {
        let adds = !args.sums_only && Scheme::any(nodes, args.threshold).is_ok();
        let hint = if adds { "; for surveys that only add, say --sums-only" } else { "" };
        Failure::usage(format!("{error}{hint}"))
    })?;
    let place = coordinator_place(context)?;
    let cards = args.cards.iter().map(|path| read_card(path)).collect::<Result<_, _>>()?;
    let path = context.home.file("coordinator.key");
    let keys = args.passphrase.load(&path, CoordinatorKeys::load)?;
    let coordinator = keys.card(&place.name, &place.address);
    let before = match &args.after {
        Some(file) => Some(context.home.roster(Some(file))?),
        None => context.home.roster(None).ok(),
    };
    let before = before.as_ref().map(|before| &before.body);
    let roster = Roster::first(scheme, coordinator, cards).following(before);
    let roster = Signed::new(roster, &keys.identity).checked()?;
    let out = args.out.clone().unwrap_or_else(|| context.home.file("roster.json"));
    keep(&out, &roster, args.replace)?;
    context.home.pin(&roster.body)?;
    let digest = roster.body.digest().grouped();
    let remark = format!(
        "Written to {}. Give every node the file and, by another way, the digest:\n  {}\n\
         Bidders need the digest only:\n  {}",
        out.display(),
        strong(format!("gavel roster pin {digest} roster.json")),
        strong(format!("gavel roster fetch {} {digest}", place.address)),
    );
    tell(context, &roster, Some(&out), Vec::new(), &remark)
}

fn coordinator_place(context: &Context) -> Result<Server, Failure> {
    context.home.settings()?.coordinator.ok_or_else(|| {
        Failure::new(
            "no-keys",
            format!(
                "{} is not a coordinator's home; run `gavel init coordinator` there first, or name the right one with --home",
                context.home.directory().display()
            ),
        )
    })
}

/// A node's card, first or later, signed by the node.
fn read_card(path: &Path) -> Result<SignedCard, Failure> {
    let card: SignedCard = read_json(path, "a node card")?;
    if card.verify(&card.body.card.key).is_err() {
        let error = RosterError::Card { name: card.body.card.name };
        return Err(Failure::from(error).about(path.display()));
    }
    Ok(card)
}

fn update(context: &Context, args: &UpdateArgs) -> Result<(), Failure> {
    let place = coordinator_place(context)?;
    let old = context.home.roster(None)?;
    let path = context.home.file("coordinator.key");
    let keys = args.passphrase.load(&path, CoordinatorKeys::load)?;
    let coordinator = keys.card(&place.name, &place.address);
    let mut cards = args.cards.iter().map(|path| read_card(path)).collect::<Result<Vec<_>, _>>()?;
    cards.extend(own_card(context, &old.body, &coordinator, &cards)?);
    if cards.is_empty() && coordinator == old.body.coordinator {
        return Err(Failure::usage(
            "nothing would change: give the cards that nodes have sent, or make new keys for the coordinator with `gavel rotate` first",
        ));
    }
    let next = old.body.successor(coordinator, cards)?;
    let next = Signed::new(next, &keys.identity).checked()?;
    let out = context.home.file("roster.json");
    write_json(&out, &next)?;
    context.home.pin(&next.body)?;
    let remark = format!(
        "Written to {}. A coordinator that serves takes it up by itself. Every node and every \
         bidder then runs\n  {}\nand needs no new digest.",
        out.display(),
        strong("gavel roster fetch"),
    );
    tell(context, &next, Some(&out), Vec::new(), &remark)
}

/// The card of a node in this home, where it changes with the coordinator's: both are one server
/// with one certificate.
fn own_card(
    context: &Context,
    old: &Roster,
    coordinator: &CoordinatorCard,
    given: &[SignedCard],
) -> Result<Option<SignedCard>, Failure> {
    let Some(node) = context.home.settings()?.node else { return Ok(None) };
    let listed = old.index_of(&node.key).and_then(|index| old.node(index));
    let changes = listed.is_some_and(|card| card.certificate != coordinator.certificate);
    let there = given.iter().any(|card| card.body.card.key == node.key);
    if there || !changes || node.certificate != coordinator.certificate {
        return Ok(None);
    }
    read_card(&context.home.file("node-card.json")).map(Some)
}

fn pin(context: &Context, args: &PinArgs) -> Result<(), Failure> {
    let roster = context.home.roster(args.file.as_deref())?;
    let got = roster.body.digest();
    if got != args.digest {
        return Err(other_digest(&args.digest, &got));
    }
    context.home.create()?;
    let out = context.home.file("roster.json");
    keep(&out, &roster, args.replace)?;
    context.home.pin(&roster.body)?;
    tell(context, &roster, Some(&out), Vec::new(), "The digest is right; bids may be made here.")
}

fn other_digest(told: &Digest, got: &Digest) -> Failure {
    let groups = got.differing_groups(told).len();
    Failure::new(
        "other-roster",
        format!(
            "this roster's digest is {}, which differs from yours in {groups} of 16 groups; check what you typed, or ask whoever told you the digest, and do not use this roster before they agree",
            got.grouped()
        ),
    )
}

async fn fetch(context: &Context, args: &FetchArgs) -> Result<(), Failure> {
    let (roster, known) = match (&args.address, args.digest) {
        (Some(address), Some(digest)) => {
            (client::rosters::fetch_roster(address, digest).await?, true)
        }
        (Some(_), None) => {
            return Err(Failure::usage(
                "the roster's digest is missing, without which anybody could answer with nodes of their own: ask a node's operator for what `gavel roster show` prints there, and give it after the address",
            ));
        }
        (None, _) => {
            let present = context.home.roster(None)?;
            let known = context.home.settings()?.pinned.contains(&present.body.digest());
            (client::rosters::fetch_next(&present.body).await?, known)
        }
    };
    context.home.create()?;
    let out = args.out.clone().unwrap_or_else(|| context.home.file("roster.json"));
    keep(&out, &roster, args.replace)?;
    let standing = if known {
        context.home.pin(&roster.body)?;
        "bids may be made under it."
    } else {
        "the roster before it was never compared; `gavel roster pin DIGEST` does that."
    };
    let remark = format!("Written to {}; {standing}", out.display());
    tell(context, &roster, Some(&out), Vec::new(), &remark)
}

/// Write a roster; one that is there already is kept unless it is the same, an earlier version or
/// to be replaced.
fn keep(out: &Path, roster: &Signed<Roster>, replace: bool) -> Result<(), Failure> {
    let goes_on = |present: &Signed<Roster>| {
        present == roster || roster.body.check_succeeds(&present.body).is_ok()
    };
    if !replace && out.exists() && !load_roster(out).is_ok_and(|present| goes_on(&present)) {
        return Err(Failure::new(
            "roster-exists",
            format!(
                "{} is there already and was left alone; write elsewhere with --out, or add --replace",
                out.display()
            ),
        ));
    }
    write_json(out, roster)
}

/// The roles of this home that the roster fits.
fn fits(roster: &Roster, settings: &Settings) -> Result<Vec<&'static str>, Failure> {
    let mut fits = Vec::new();
    let wrong = |detail: String| Err(Failure::new("wrong-roster", detail));
    if let Some(node) = &settings.node {
        match roster.index_of(&node.key).and_then(|index| roster.node(index)) {
            None => {
                return wrong(format!(
                    "the roster does not list this home's node key {}; send node-card.json to the coordinator for a new roster",
                    node.key
                ));
            }
            Some(card)
                if card.certificate != node.certificate
                    && !node.earlier.contains(&card.certificate) =>
            {
                return wrong(
                    "the roster lists another TLS certificate than this home's node has; send node-card.json to the coordinator for a new roster".into(),
                );
            }
            Some(_) => fits.push("node"),
        }
    }
    if let Some(coordinator) = &settings.coordinator {
        if roster.coordinator.key != coordinator.key {
            return wrong(format!(
                "the roster is signed by another coordinator ({}) than this home's ({}); make it again with `gavel roster make`",
                roster.coordinator.key, coordinator.key
            ));
        }
        let listed = &roster.coordinator.certificate;
        if *listed != coordinator.certificate && !coordinator.earlier.contains(listed) {
            return wrong(
                "the roster lists another TLS certificate than this home's coordinator has; make the next version of it with `gavel roster update`".into(),
            );
        }
        fits.push("coordinator");
    }
    Ok(fits)
}

fn tell(
    context: &Context,
    roster: &Signed<Roster>,
    file: Option<&Path>,
    fits: Vec<&'static str>,
    remark: &str,
) -> Result<(), Failure> {
    let body = &roster.body;
    let shown = Shown {
        digest: body.digest(),
        version: body.version(),
        follows: body.follows,
        pinned: context.home.settings()?.pinned.contains(&body.digest()),
        nodes: body.scheme.nodes(),
        threshold: body.scheme.threshold(),
        coordinator: Place {
            name: &body.coordinator.name,
            address: &body.coordinator.address,
            key: body.coordinator.key,
            certificate: body.coordinator.certificate,
        },
        members: body
            .nodes
            .iter()
            .map(|card| Place {
                name: &card.name,
                address: &card.address,
                key: card.key,
                certificate: card.certificate,
            })
            .collect(),
        file,
        fits,
    };
    context.output.result(&shown, || {
        let mut table = Table::new(&["", "name", "address"]);
        let row =
            |label: String, place: &Place<'_>| [label, place.name.into(), place.address.into()];
        table.row(row("coordinator".into(), &shown.coordinator));
        for (position, place) in shown.members.iter().enumerate() {
            table.row(row(format!("node {}", position + 1), place));
        }
        let compared = if shown.pinned { "" } else { "; not compared yet" };
        let needed = match (body.scheme.manifest_quorum(), body.scheme.quorum()) {
            (close, compute) if close > compute => {
                format!("{close} are needed to close, {compute} to compute")
            }
            (both, _) if !body.scheme.compares() => format!(
                "{both} are needed.\nThey can add and nothing else: surveys with protocol = \"sums\""
            ),
            (both, _) => format!("{both} are needed"),
        };
        let follows = shown.follows.map_or_else(String::new, |follows| {
            format!("comes in the place of the roster\n{}\n", follows.grouped())
        });
        format!(
            "{} nodes; {}; {needed}\n{table}{follows}version {}; digest{compared}:\n{}\n{remark}",
            shown.nodes,
            view::privacy(body.scheme),
            shown.version,
            strong(shown.digest.grouped()),
        )
    })
}
