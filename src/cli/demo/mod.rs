//! `gavel demo`: a whole auction on this machine. Real keys, servers, storage, sealed bids and
//! streams, in a temporary folder; the record is checked offline at the end.
//!
//! - [`world`]: keys, roster and servers
//! - [`players`]: the bidders
//! - [`follow`]: closing, and waiting until the session is settled
//! - [`report`]: the result
//! - [`show`]: the same, staged for the terminal UI

pub mod follow;
pub mod players;
pub mod report;
pub mod show;
pub mod world;

use std::path::PathBuf;

use clap::Args;

use super::commands::Context;
use super::commands::tui::{self as screens, LookArgs};
use super::failure::Failure;
use super::home::{create_private, write_json};
use super::host::asked_to_stop;
use super::session_file::{self, Loaded};
use crate::client::{Network, bid};
use crate::rules::session_file::DemoRoster;
use crate::rules::terms::Admission;
use crate::session::Phase;
use crate::sharing::Scheme;
use crate::wire::coordinator_api::NewSession;
use players::Player;
use report::DemoResult;
use world::World;

/// Nodes and threshold where neither file nor options say.
const DEFAULT: DemoRoster = DemoRoster { nodes: 5, threshold: 2 };

/// How long the demo's session stays open at most; it is closed by hand when all bids are in.
const OPEN_FOR: &str = "6h";

/// Which auction to play.
///
/// Starts the nodes and the coordinator of a session file on 127.0.0.1, lets the file's bidders
/// bid, closes, waits for the outcome and checks it. On a terminal it opens the screens, where you
/// may bid too; with --headless it prints progress and the result.
#[derive(Args)]
pub struct DemoArgs {
    /// The session file [default: a built-in art sale]
    file: Option<PathBuf>,
    /// No screen: progress on standard error, the result on standard output
    #[arg(long)]
    headless: bool,
    /// Number of nodes, 3 to 9
    #[arg(long, value_name = "N")]
    nodes: Option<u8>,
    /// t: any t nodes together learn nothing [default: the most that the number of nodes allows]
    #[arg(long, value_name = "T")]
    threshold: Option<u8>,
    /// Invent this many bidders with random amounts instead of playing the file's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    bids: Option<u32>,
    /// Keep keys, databases, receipts and record in this folder, which must be empty
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// On the screens: play so many times as fast
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// On the screens: play everything without keys, and leave at the end
    #[arg(long, conflicts_with = "headless")]
    auto: bool,
    #[command(flatten)]
    look: LookArgs,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.05..=100.0).contains(&speed) => Ok(speed),
        _ => Err("a number from 0.05 to 100".to_owned()),
    }
}

impl DemoArgs {
    /// Whether the screens open: on a terminal, unless they are not wanted.
    pub fn opens_screens(&self, json: bool) -> bool {
        !self.headless && !json && screens::on_a_terminal()
    }
}

/// Where the demo lives.
pub enum Folder {
    /// Gone at the end.
    Temporary(tempfile::TempDir),
    /// Kept.
    Kept(PathBuf),
}

impl Folder {
    fn path(&self) -> &std::path::Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }

    fn kept(&self) -> Option<&std::path::Path> {
        match self {
            Self::Temporary(_) => None,
            Self::Kept(path) => Some(path),
        }
    }
}

/// Play the auction.
///
/// # Errors
/// What to change in the file or the options; or why the session did not settle.
pub async fn run(context: &Context, args: DemoArgs) -> Result<(), Failure> {
    let loaded = session_file::load(args.file.as_deref())?;
    let scheme = scheme(&args, &loaded)?;
    let players = match args.bids {
        Some(count) => players::invent(&loaded.file, count)?,
        None => players::of_file(&loaded.file)?,
    };
    let folder = folder(&args)?;
    if args.opens_screens(context.output.json) {
        return show::run(context, &args, &loaded, players, folder, scheme).await;
    }
    let mut world = World::start(folder.path(), scheme).await?;
    let network = world.network.clone();
    let played = tokio::select! {
        played = play(context, &loaded, players, &folder, &network) => played,
        failure = world.failed() => Err(failure),
        () = asked_to_stop() => {
            Err(Failure::new("interrupted", "interrupted; the demo's servers are stopped"))
        }
    };
    world.stop().await;
    let result = played?;
    context.output.result(&result, || result.text())
}

/// Options go before the file, the file before the default.
fn scheme(args: &DemoArgs, loaded: &Loaded) -> Result<Scheme, Failure> {
    if args.nodes.is_none() && args.threshold.is_none() {
        let roster = loaded.file.shared.roster.unwrap_or(DEFAULT);
        let name = args.file.as_ref().map_or("[roster]".into(), |file| file.display().to_string());
        return Scheme::new(roster.nodes, roster.threshold)
            .map_err(|error| Failure::from(error).about(name));
    }
    let roster = loaded.file.shared.roster.unwrap_or(DEFAULT);
    let nodes = args.nodes.unwrap_or(roster.nodes);
    let most = nodes.saturating_sub(1) / 2;
    Scheme::new(nodes, args.threshold.unwrap_or(most)).map_err(Failure::usage)
}

fn folder(args: &DemoArgs) -> Result<Folder, Failure> {
    let Some(path) = &args.keep else {
        let folder = tempfile::Builder::new().prefix("gavel-demo-").tempdir();
        return folder
            .map(Folder::Temporary)
            .map_err(|error| Failure::file("creating a folder in", &std::env::temp_dir(), &error));
    };
    create_private(path)?;
    let mut entries =
        std::fs::read_dir(path).map_err(|error| Failure::file("reading", path, &error))?;
    if entries.next().is_some() {
        return Err(Failure::usage(format!(
            "{} is not empty; name a new folder with --keep",
            path.display()
        )));
    }
    Ok(Folder::Kept(path.clone()))
}

async fn play(
    context: &Context,
    loaded: &Loaded,
    players: Vec<Player>,
    folder: &Folder,
    network: &Network,
) -> Result<DemoResult, Failure> {
    let coordinator = network.coordinator();
    let scheme = network.roster().body.scheme;
    context.output.note(format!(
        "{} nodes and a coordinator run on 127.0.0.1; {}",
        scheme.nodes(),
        super::view::privacy(scheme)
    ));
    let new = NewSession {
        file: session_file::terms_only(&loaded.text, Some(OPEN_FOR))?,
        open: true,
        bidders: match loaded.file.shared.admission {
            Admission::Listed => players.iter().map(Player::card).collect(),
            Admission::Open => Vec::new(),
            Admission::Accounts => {
                return Err(Failure::new(
                    "bad-terms",
                    "a demo's bidders have no accounts; write admission = \"open\" or \"listed\"",
                ));
            }
        },
    };
    let session = follow::opened(coordinator, coordinator.new_session(&new).await?).await?;
    let announcement = bid::announcement(network, session).await?;
    context.output.note(super::view::terms(&announcement.body.terms).trim_end());

    let places = folder.path().join("bidders");
    let bidding = players::bid(network, &announcement, players, &places).await?;
    let (detail, record) = follow::settle(network, session).await?;
    if let Some(kept) = folder.kept() {
        write_json(&kept.join("record.json"), &record)?;
    }
    if detail.summary.phase != Phase::Settled {
        return Err(Failure::new("not-settled", "the session did not settle"));
    }
    report::make(network, &detail, &record, bidding, folder.kept())
}
