//! `gavel demo`: which auction to play, among which nodes, and how to show it.

use std::path::PathBuf;

use clap::Args;

use crate::base::Clock;
use crate::cli::context::Context;
use crate::cli::demo::folder::Folder;
use crate::cli::demo::prelude::Prelude;
use crate::cli::demo::show::{self, Pace};
use crate::cli::demo::{headless, players, scored};
use crate::cli::failure::Failure;
use crate::cli::home::OPERATOR_KEY;
use crate::cli::options::{LookOption, highest_threshold, scheme_for};
use crate::cli::screens;
use crate::cli::session_file::Loaded;
use crate::identity::key_file::OperatorKeys;
use crate::rules::session_file::DemoRoster;
use crate::sharing::form::Form;
use crate::sharing::{NodeIndex, Scheme};

/// Nodes and threshold where neither file nor options say.
const DEFAULT: DemoRoster = DemoRoster { nodes: 5, threshold: 2 };

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
    /// Number of nodes, 3 to 10; 2 do for a survey with protocol = "sums"
    #[arg(long, value_name = "N")]
    nodes: Option<u8>,
    /// t: any t nodes together learn nothing [default: the most that the number of nodes allows]
    #[arg(long, value_name = "T")]
    threshold: Option<u8>,
    /// This node lies: it sends one wrong bit in the first AND gates of every attempt. The others find
    /// it before anything is opened and go on without it, which takes at least 2t+2 nodes
    #[arg(long, value_name = "NODE", value_parser = node)]
    liar: Option<NodeIndex>,
    /// Invent this many bidders instead of playing the file's: with random amounts, or in a market
    /// with orders from a seed, which is printed
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
    look: LookOption,
}

fn node(text: &str) -> Result<NodeIndex, String> {
    let index = text.parse::<u8>().map_err(|_| "the number of a node".to_owned())?;
    NodeIndex::try_from(index)
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

/// Play the auction.
///
/// # Errors
/// What to change in the file or the options; or why the session did not settle.
pub async fn run(context: &Context, args: DemoArgs) -> Result<(), Failure> {
    if let Some(play) = scored::of_file(args.file.as_deref())? {
        return Box::pin(score(context, &args, &play)).await;
    }
    let mut operator = None;
    let own_key = || Ok(operator.insert(OperatorKeys::generate()?).public());
    let (prelude, loaded) = Prelude::load(args.file.as_deref(), own_key)?;
    if args.bids.is_some() && prelude.scores() {
        return Err(Failure::usage("no data sheets can be made up; play the file's bidders"));
    }
    let loaded = loaded.with_room_for(args.bids.unwrap_or(0))?;
    let scheme = scheme(&args, &loaded)?;
    let seed = players::seed(&loaded.file, args.bids)?;
    if let Some(seed) = seed {
        context.output.note(format!("participants and orders are made up from seed = {seed}"));
    }
    let players = match args.bids {
        Some(count) => players::invent(&loaded.file, count, seed)?,
        None => players::of_file(&loaded.file, seed)?,
    };
    let folder = Folder::new(args.keep.as_deref())?;
    if let (Some(kept), Some(keys)) = (folder.kept(), &operator) {
        keys.save(&kept.join(OPERATOR_KEY), None)?;
    }
    if args.opens_screens(context.output.json) {
        let pace = Pace { speed: args.speed, auto: args.auto };
        let play = (&loaded, &prelude, players);
        let shown = show::run(context, &args.look, pace, play, folder, (scheme, args.liar));
        return Box::pin(shown).await;
    }
    let play = (&loaded, &prelude, players);
    let result =
        headless::run(context, play, (&folder, operator.as_ref()), (scheme, args.liar)).await?;
    context.output.result(&result, || result.text())
}

/// Play a score, which has no screens.
async fn score(context: &Context, args: &DemoArgs, play: &scored::Play) -> Result<(), Failure> {
    if args.liar.is_some() || args.bids.is_some() {
        return Err(Failure::usage(
            "a score has neither bidders nor a node that lies to the others",
        ));
    }
    let roster = play.file.roster.unwrap_or(DEFAULT);
    let nodes = args.nodes.unwrap_or(roster.nodes);
    let threshold = match args.nodes {
        Some(nodes) => highest_threshold(nodes),
        None => roster.threshold,
    };
    let scheme = Scheme::new(nodes, args.threshold.unwrap_or(threshold)).map_err(Failure::usage)?;
    let folder = Folder::new(args.keep.as_deref())?;
    let played = scored::run(context, play, &folder, scheme).await?;
    context.output.result(&played, || played.text())
}

/// Options go before the file, the file before the default. With a liar the threshold is the most
/// that lets the others go on without it.
fn scheme(args: &DemoArgs, loaded: &Loaded) -> Result<Scheme, Failure> {
    let Some(liar) = args.liar else { return honest(args, loaded) };
    if loaded.file.shared.protocol == Form::Sums {
        return Err(Failure::usage(
            "with protocol = \"sums\" nodes only add, and none can find out a liar; play another \
             session with --liar",
        ));
    }
    let nodes = args.nodes.unwrap_or_else(|| loaded.file.shared.roster.unwrap_or(DEFAULT).nodes);
    let most = highest_threshold(nodes.saturating_sub(1));
    let scheme = Scheme::new(nodes, args.threshold.unwrap_or(most)).map_err(Failure::usage)?;
    if !scheme.all().contains(liar) {
        return Err(Failure::usage(format!("there is no node {liar} among {nodes}")));
    }
    if scheme.quorum() >= usize::from(nodes) {
        return Err(Failure::usage(format!(
            "with a threshold of {} all {nodes} nodes are needed; the others cannot go on without \
             node {liar}",
            scheme.threshold()
        )));
    }
    Ok(scheme)
}

fn honest(args: &DemoArgs, loaded: &Loaded) -> Result<Scheme, Failure> {
    let terms = loaded.file.terms(Clock::System.now())?;
    if args.nodes.is_none() && args.threshold.is_none() {
        let roster = loaded.file.shared.roster.unwrap_or(DEFAULT);
        let name = args.file.as_ref().map_or("[roster]".into(), |file| file.display().to_string());
        return scheme_for(&terms, roster.nodes, roster.threshold)
            .map_err(|failure| failure.about(name));
    }
    let roster = loaded.file.shared.roster.unwrap_or(DEFAULT);
    let nodes = args.nodes.unwrap_or(roster.nodes);
    let threshold = args.threshold.unwrap_or_else(|| highest_threshold(nodes));
    scheme_for(&terms, nodes, threshold).map_err(|failure| Failure::usage(failure.detail))
}
