//! `gavel session new|edit|open|pause|resume|close|cancel|retry|list|show|watch`; the others have
//! files of their own.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use futures_util::StreamExt as _;
use serde_json::json;

use super::people::{self, PeopleArgs};
use super::plan::{self, PlanArgs};
use super::quantities::{self, QuantitiesArgs};
use crate::base::Timestamp;
use crate::cli::complete;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{Over, put_json, read_json};
use crate::cli::news::News;
use crate::cli::options::Reach;
use crate::cli::{answer, roll, session_file, view};
use crate::client::Network;
use crate::session::{Phase, SessionId};
use crate::wire::coordinator_api::{Bidder, EditSession, NewSession, SessionDetail};

/// How often a phase is asked for where no events come.
const POLL: Duration = Duration::from_secs(1);

/// What to do with a session.
#[derive(Subcommand)]
pub enum SessionCommand {
    /// Write a new session from a session file; add --open to take bids at once
    New(NewArgs),
    /// Write other terms into a draft, from a session file; its id and its listed bidders stay
    Edit(EditArgs),
    /// Open a draft for bids
    Open(OneArgs),
    /// Take no bids for a while. Bids that are in count, and no time in the terms moves
    Pause(WhyArgs),
    /// Let bids come in again after a pause; past the time in the terms it closes at once
    Resume(WhyArgs),
    /// End bidding now, instead of at the time in the terms
    Close(SureArgs),
    /// Call a session off
    Cancel(SureArgs),
    /// Try a failed session again
    Retry(OneArgs),
    /// List the sessions
    List(ListArgs),
    /// Show one session; with --record write everything public about it for `gavel verify`
    Show(ShowArgs),
    /// List who has handed in and who has not, for the operator; with --missing whom to remind
    People(PeopleArgs),
    /// Show how much each participant of a market trades, where the terms tell the operator
    Quantities(QuantitiesArgs),
    /// Follow a session until it is decided
    Watch(OneArgs),
    /// Print how the nodes would compute a session, and what that is expected to take
    Plan(PlanArgs),
}

/// A new session.
#[derive(Args)]
pub struct NewArgs {
    /// The session file; bids in it are left out
    file: PathBuf,
    /// Open it at once
    #[arg(long)]
    open: bool,
    /// Bidders for `admission = "listed"`: a JSON list of {"name":…,"key":…}, or a CSV, XLSX or ODS
    /// file with columns name and key, and cohort where the terms have the operator assign it
    #[arg(long, value_name = "FILE")]
    bidders: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
}

/// A draft and its new terms.
#[derive(Args)]
pub struct EditArgs {
    /// The session's id, a beginning of it that no other has, or its title
    #[arg(add = complete::session())]
    session: String,
    /// The session file, in place of the one before; bids in it are left out
    file: PathBuf,
    #[command(flatten)]
    reach: Reach,
}

/// One session.
#[derive(Args)]
pub struct OneArgs {
    /// The session's id, a beginning of it that no other has, or its title
    #[arg(add = complete::session())]
    session: String,
    #[command(flatten)]
    reach: Reach,
}

/// A session, and why.
///
/// While a session is paused, coordinator and nodes refuse bids and say why; `gavel bid --wait
/// SECONDS` waits. When the time in the terms passes meanwhile, nothing is computed by itself: let
/// the session go on (which then closes it), close it, or call it off.
#[derive(Args)]
pub struct WhyArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Why, for everybody to read
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// A session, and whether it is meant.
#[derive(Args)]
pub struct SureArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Do not ask whether it is meant
    #[arg(long)]
    yes: bool,
}

/// Which sessions.
#[derive(Args)]
pub struct ListArgs {
    /// Only sessions in this phase
    #[arg(long)]
    phase: Option<Phase>,
    #[command(flatten)]
    reach: Reach,
}

/// What to show.
#[derive(Args)]
pub struct ShowArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Write the record of a settled session to a file, to be checked with `gavel verify`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write over a file that is there already
    #[arg(long, requires = "record")]
    force: bool,
}

/// Do it.
///
/// # Errors
/// When the coordinator cannot be reached or refuses, with the reason.
pub async fn run(context: &Context, command: SessionCommand) -> Result<(), Failure> {
    match command {
        SessionCommand::New(args) => new(context, &args).await,
        SessionCommand::Edit(args) => edit(context, &args).await,
        SessionCommand::List(args) => list(context, &args).await,
        SessionCommand::Show(args) => show(context, &args).await,
        SessionCommand::People(args) => people::run(context, &args).await,
        SessionCommand::Quantities(args) => Box::pin(quantities::run(context, &args)).await,
        SessionCommand::Plan(args) => Box::pin(plan::run(context, &args)).await,
        SessionCommand::Watch(args) => watch(context, &args).await,
        SessionCommand::Open(args) => {
            let (network, session) = operator(context, &args).await?;
            tell(context, &network, &network.coordinator().open(session).await?)
        }
        SessionCommand::Pause(args) => {
            let (network, session) = operator(context, &args.one).await?;
            tell(context, &network, &network.coordinator().pause(session, args.reason).await?)
        }
        SessionCommand::Resume(args) => {
            let (network, session) = operator(context, &args.one).await?;
            tell(context, &network, &network.coordinator().resume(session, args.reason).await?)
        }
        SessionCommand::Close(args) => {
            let (network, session) = operator(context, &args.one).await?;
            // A script that closes a session means it.
            if !args.yes && std::io::stdin().is_terminal() {
                let detail = network.coordinator().session(session).await?;
                confirm(&view::closing_question(&detail))?;
            }
            tell(context, &network, &network.coordinator().close(session).await?)
        }
        SessionCommand::Retry(args) => {
            let (network, session) = operator(context, &args).await?;
            tell(context, &network, &network.coordinator().retry(session).await?)
        }
        SessionCommand::Cancel(args) => {
            let (network, session) = operator(context, &args.one).await?;
            if !args.yes {
                if !std::io::stdin().is_terminal() {
                    return Err(Failure::usage(
                        "calling a session off asks for confirmation; add --yes",
                    ));
                }
                let short = session.short();
                confirm(&format!("Call session {short} off? No bid in it will count."))?;
            }
            tell(context, &network, &network.coordinator().cancel(session).await?)
        }
    }
}

async fn operator(context: &Context, args: &OneArgs) -> Result<(Network, SessionId), Failure> {
    let (network, session) = args.reach.as_operator(context).await?.find(&args.session).await?;
    Ok((network, session))
}

async fn new(context: &Context, args: &NewArgs) -> Result<(), Failure> {
    let own_key = || args.reach.own_operator_key(context);
    let stored = args.reach.stored(context, &args.file).await?;
    let loaded = session_file::load(Some(&args.file), own_key, stored.as_deref())?;
    let bidders: Vec<Bidder> = match &args.bidders {
        Some(path) => listed(path)?,
        None => Vec::new(),
    };
    // A column of cohorts means something where the operator assigns them.
    let terms = loaded.file.terms(Timestamp::from_millis(0))?;
    let assigned = terms.question.assigned_cohorts().is_some();
    let bidders = bidders
        .into_iter()
        .map(|bidder| Bidder { cohort: bidder.cohort.filter(|_| assigned), ..bidder })
        .collect();
    let network = args.reach.as_operator(context).await?;
    let new = NewSession {
        file: session_file::terms_only(&loaded.text, None)?,
        open: args.open,
        bidders,
    };
    let detail = network.coordinator().new_session(&new).await?;
    tell(context, &network, &detail)
}

/// The bidders of a file, each with a key.
fn listed(path: &Path) -> Result<Vec<Bidder>, Failure> {
    if path.extension().is_none_or(|ending| ending.eq_ignore_ascii_case("json")) {
        return read_json(path, "a list of bidders");
    }
    let bidder = |roll::Person { name, key, cohort }| {
        let keyless = || {
            let detail = format!("{}: {name:?} has no key; nothing was done", path.display());
            Failure::new("bad-file", detail)
        };
        let key = key.ok_or_else(keyless)?;
        Ok(Bidder { name, key, cohort })
    };
    roll::read(path)?.into_iter().map(bidder).collect()
}

async fn edit(context: &Context, args: &EditArgs) -> Result<(), Failure> {
    let own_key = || args.reach.own_operator_key(context);
    let stored = args.reach.stored(context, &args.file).await?;
    let loaded = session_file::load(Some(&args.file), own_key, stored.as_deref())?;
    let (network, session) = args.reach.as_operator(context).await?.find(&args.session).await?;
    let edit = EditSession { file: session_file::terms_only(&loaded.text, None)? };
    let detail = network.coordinator().edit_session(session, &edit).await?;
    tell(context, &network, &detail)
}

async fn list(context: &Context, args: &ListArgs) -> Result<(), Failure> {
    let network = args.reach.as_anyone(context).await?;
    let mut sessions = network.coordinator().sessions().await?;
    sessions.retain(|summary| args.phase.is_none_or(|phase| phase == summary.phase));
    let shown = sessions.iter().map(answer::summary_json).collect::<Result<Vec<_>, _>>()?;
    context.output.result(&json!({ "sessions": shown }), || view::list(&sessions))
}

async fn show(context: &Context, args: &ShowArgs) -> Result<(), Failure> {
    let over = Over::forced(args.force);
    if let Some(path) = &args.record {
        over.allows(path)?;
    }
    let network = args.one.reach.as_anyone(context).await?;
    let (network, session) = network.find(&args.one.session).await?;
    let detail = network.coordinator().session(session).await?;
    if let Some(path) = &args.record {
        let record = network.coordinator().record(session).await?;
        put_json(path, &record, over)?;
        context.output.note(format!(
            "record written to {}; check it with `gavel verify {}`",
            path.display(),
            path.display()
        ));
    }
    tell(context, &network, &detail)
}

async fn watch(context: &Context, args: &OneArgs) -> Result<(), Failure> {
    let (network, session) = args.reach.as_anyone(context).await?.find(&args.session).await?;
    let detail = follow(context, &network, session).await?;
    tell(context, &network, &detail)
}

/// Tell how a session goes on until it is decided or has failed.
pub(super) async fn follow(
    context: &Context,
    network: &Network,
    session: SessionId,
) -> Result<SessionDetail, Failure> {
    let mut events = network.coordinator().events();
    let mut live = true;
    let mut last = None;
    let mut news = News::default();
    loop {
        let detail = network.coordinator().session(session).await?;
        let phase = detail.summary.phase;
        if last.replace(phase) != Some(phase) {
            context.output.note(view::phase_line(&detail));
        }
        if phase.is_final() || phase == Phase::Failed {
            return Ok(detail);
        }
        // Events of this session are told as they come; without them the phase is asked for.
        let pause = tokio::time::sleep(POLL);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                event = events.next(), if live => match event {
                    Some(Ok(event)) if event.session == session => {
                        if context.output.json {
                            context.output.json_line(&event)?;
                        } else if let Some(line) = news.line(&event) {
                            context.output.note(line);
                        }
                    }
                    Some(Ok(_)) => {}
                    // Not an operator, or the link broke: the phase tells enough.
                    Some(Err(_)) | None => live = false,
                },
            }
        }
    }
}

fn tell(context: &Context, network: &Network, detail: &SessionDetail) -> Result<(), Failure> {
    let shown = answer::detail_json(detail)?;
    context.output.result(&shown, || view::detail(detail, &network.roster().body))
}

/// Ask on a terminal.
fn confirm(question: &str) -> Result<(), Failure> {
    let terminal = console::Term::stderr();
    let asked =
        terminal.write_str(&format!("{question} [y/N] ")).and_then(|()| terminal.read_line());
    match asked {
        Ok(answer) if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
        _ => Err(Failure::new("not-confirmed", "nothing was changed")),
    }
}
