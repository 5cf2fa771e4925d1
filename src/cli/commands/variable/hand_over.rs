//! `gavel variable hand-over`: what is stored goes to the nodes of the next roster, by letters that the
//! coordinator keeps for them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use super::lines::named;
use crate::cli::commands::job;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::HandInOptions;
use crate::cli::output::{clean, strong};
use crate::cli::view::nodes;
use crate::client::Network;
use crate::client::coordinator::CoordinatorClient;
use crate::identity::{Roster, Signed, Statement as _};
use crate::rules::job::handing::hand_over_file;
use crate::rules::job::{Next, Operation, Prime, Step};
use crate::session::handover::{self, most_variables};
use crate::session::{Phase, SessionId};
use crate::sharing::NodeSet;
use crate::wire::job_api::JobLine;
use crate::wire::variable::VariableLine;

/// Longest wait for the letters of nodes that are slow.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// To whom, and which ones.
///
/// Every node's operator is asked, and has to let it run with `gavel job approve`. The shares of now count
/// until the nodes of the next roster have dealt the variables anew: start all servers under it, then say
/// `gavel variable refresh --all`.
#[derive(Args)]
pub struct HandOverArgs {
    /// The next roster, made with `gavel roster make --out FILE`
    #[arg(value_name = "ROSTER")]
    next: PathBuf,
    /// Names of variables; all that are stored where none is given
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    options: HandInOptions,
}

/// Do it.
///
/// # Errors
/// When the next roster cannot be, or a job does not settle.
pub async fn run(context: &Context, args: &HandOverArgs) -> Result<(), Failure> {
    let next = context.home.roster(Some(&args.next))?;
    let network = args.options.as_operator(context).await?;
    let (present, coordinator) = (&network.roster().body, network.coordinator());
    check(&next, present)?;
    let digest = next.body.digest();
    let all = coordinator.variables().await?;
    let lines = match &args.names[..] {
        [] => all.clone(),
        names => {
            let lines = names.iter().map(|name| named(all.clone(), name));
            lines.collect::<Result<Vec<_>, _>>()?
        }
    };
    if let Some(line) = lines.iter().find(|line| !present.covers(&line.roster)) {
        let name = clean(&line.variable.name);
        let detail = format!(
            "{name} is still with the nodes of an earlier roster; gavel variable refresh {name} deals it \
             to those of the present one"
        );
        return Err(Failure::new("elsewhere", detail));
    }
    let enough = present.scheme.quorum();
    let done = |line: &VariableLine| {
        let handed = line.handed_over.as_ref().filter(|handed| handed.to == digest);
        handed.is_some_and(|handed| handed.letters.len() >= enough)
    };
    let mut chosen: BTreeMap<&str, Vec<&VariableLine>> = BTreeMap::new();
    for line in lines.iter().filter(|line| !done(line)) {
        let same = |other: &&VariableLine| other.variable.name == line.variable.name;
        let of_field = chosen.entry(line.variable.field.name()).or_default();
        if !of_field.iter().any(same) {
            of_field.push(line);
        }
    }
    let next_roster = handover::named(&next).map_err(|error| Failure::new("bad-roster", error))?;
    let mut jobs: Vec<JobLine> = Vec::new();
    for lines in chosen.into_values() {
        let field = lines.first().map_or_else(Prime::default, |line| line.variable.field);
        let most = most_variables(present.scheme, next.body.scheme, field);
        for lines in lines.chunks(most) {
            let names: Vec<&str> = lines.iter().map(|line| line.variable.name.as_str()).collect();
            let file = hand_over_file(field, &names, &next_roster)
                .map_err(|error| Failure::new("bad-roster", error))?;
            if let Some(job) = begun(context, &network, (&names, &next_roster), enough).await? {
                jobs.push(job);
                continue;
            }
            context.output.note(format!(
                "every node's operator lets it run with gavel job approve, which shows this digest: {}",
                strong(digest.grouped())
            ));
            let file = file.to_string();
            let settled = job::settle_text(context, &file, (None, None), None, &args.options);
            jobs.push(Box::pin(settled).await?);
        }
    }
    let sessions: Vec<SessionId> = jobs.iter().map(|job| job.job).collect();
    let letters = letters(coordinator, &sessions, enough).await?;
    let (least, threshold) = (letters.len(), usize::from(present.scheme.threshold()));
    if !jobs.is_empty() && least <= threshold {
        let detail = format!(
            "the coordinator has letters of {} only, and takes {} at least; start the others, and say the \
             same again before you change to the next roster",
            nodes(letters),
            threshold + 1
        );
        return Err(Failure::new("letters-missing", detail));
    }
    if !jobs.is_empty() && least < enough {
        context.output.note(format!(
            "the coordinator has letters of {} only: they do unless one of them lied; say the same again \
             once the others are back",
            nodes(letters)
        ));
    }
    let names: Vec<&str> = lines.iter().map(|line| line.variable.name.as_str()).collect();
    let shown = json!({ "roster": digest, "variables": names, "jobs": jobs, "letters": letters });
    context.output.result(&shown, || {
        if names.is_empty() {
            return "no variable is stored".to_owned();
        }
        format!(
            "handed over: {}\nNow stop all servers, start those of the next roster, and deal it to them \
             with\n  {}\nUntil that is done the nodes of the present roster have what counts, and it is \
             theirs as it is now: what is changed before has to be handed over again.",
            clean(&names.join(", ")),
            strong("gavel variable refresh --all")
        )
    })
}

/// The job that hands these over to that roster already, once it is settled: said twice, nobody is asked
/// twice. None where there is none, or too few letters of it come.
async fn begun(
    context: &Context,
    network: &Network,
    (names, next): (&[&str], &Next),
    enough: usize,
) -> Result<Option<JobLine>, Failure> {
    let variables = names.iter().map(|name| (*name).to_owned()).collect();
    let operation = Operation::HandOver { variables, next: next.clone() };
    let same = Step { id: String::new(), operation, after: Vec::new() }.formula();
    let coordinator = network.coordinator();
    let goes_on =
        |job: &JobLine| !matches!(job.phase, Phase::Draft | Phase::Failed | Phase::Cancelled);
    let does = |job: &JobLine| job.steps.iter().any(|step| step.formula == same);
    let jobs = coordinator.jobs().await?;
    let Some(job) = jobs.into_iter().find(|job| goes_on(job) && does(job)) else {
        return Ok(None);
    };
    if job.phase != Phase::Settled {
        context.output.note(format!("job {} is under way and does that", job.job.short()));
        return Box::pin(job::followed(context, network, job.job)).await.map(Some);
    }
    let come = letters(coordinator, &[job.job], enough).await?;
    let threshold = usize::from(network.roster().body.scheme.threshold());
    Ok((come.len() > threshold).then_some(job))
}

/// That the next roster may come in the place of the present one.
fn check(next: &Signed<Roster>, present: &Roster) -> Result<(), Failure> {
    let (digest, own) = (next.body.digest(), present.digest());
    let wrong = |detail: String| Err(Failure::new("other-roster", detail));
    if present.covers(&digest) || next.body.covers(&own) {
        return wrong(
            "this roster has the nodes of the present one; nothing has to be handed over"
                .to_owned(),
        );
    }
    if next.body.follows == Some(own) {
        return Ok(());
    }
    let follows = next.body.follows.map_or("none".to_owned(), |follows| follows.short());
    wrong(format!(
        "this roster comes in the place of {follows}, and the present one is {}: make it again, with `gavel \
         roster make --after FILE --out FILE`, where the first file is the present roster",
        own.short()
    ))
}

/// The nodes whose letters the coordinator has of all these sessions, waiting a while for enough of them.
async fn letters(
    coordinator: &CoordinatorClient,
    sessions: &[SessionId],
    enough: usize,
) -> Result<NodeSet, Failure> {
    let begun = Instant::now();
    loop {
        let all = coordinator.variables().await?;
        let of = |session: &SessionId| {
            let mut handed = all.iter().filter_map(|line| line.handed_over.as_ref());
            let own = handed.find(|handed| handed.session == *session);
            own.map_or(NodeSet::EMPTY, |handed| handed.letters)
        };
        let least = sessions.iter().map(of).min_by_key(|nodes| nodes.len()).unwrap_or_default();
        if sessions.is_empty() || least.len() >= enough || begun.elapsed() > PATIENCE {
            return Ok(least);
        }
        tokio::time::sleep(LOOK).await;
    }
}
