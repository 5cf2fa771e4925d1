//! `gavel job run|status|result|list|cancel|approve`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::bid::{Errand, hand_in};
use super::session;
use crate::base::Clock;
use crate::cli::complete;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{OPERATOR_KEY, read_text};
use crate::cli::options::{HandInOptions, Reach};
use crate::cli::output::{Table, clean, strong};
use crate::cli::{next_roster, session_file, told};
use crate::client::amount::entry;
use crate::client::approval::{self, ApprovalError};
use crate::client::coordinator::CoordinatorClient;
use crate::client::letters::{Keys, Told};
use crate::client::{EntryValues, Network};
use crate::identity::key_file::OperatorKeys;
use crate::rules::job::Receiver;
use crate::rules::job::file::{CLIENT, own_values};
use crate::rules::job::json as older;
use crate::rules::{SessionFile, Terms};
use crate::session::{Phase, SessionId};
use crate::wire::job_api::{JobLine, StepState};

/// Between two looks at who has handed in.
const LOOK: Duration = Duration::from_secs(1);

/// What to do with a job.
#[derive(Subcommand)]
pub enum JobCommand {
    /// Make a job from a file, open it, hand in this home's own values, and wait for what it reveals
    Run(RunArgs),
    /// Show how far each step of a job has come
    Status(OneArgs),
    /// Show what a job told this home alone: its node, or the client who ran it
    Result(OneArgs),
    /// List the jobs
    List(ListArgs),
    /// Call a job off
    Cancel(CancelArgs),
    /// Let a job run at this home's node, where its settings say jobs = "approve"
    Approve(ApproveArgs),
}

/// A job to run.
///
/// The coordinator gets the steps without the values. Where this home's name is one of the
/// participants, its values are split here and handed in sealed.
#[derive(Args)]
pub struct RunArgs {
    /// The job: a session file of kind "job", or the JSON of the older system
    file: PathBuf,
    /// This home's values, such as x = 4, y = 5, in a file, or - for standard input; those that the
    /// job's file has for this home's name where it is left out
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    /// The same key again gives the same job instead of another one
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    options: HandInOptions,
}

/// One job.
#[derive(Args)]
pub struct OneArgs {
    /// The job's id, a beginning of it that no other session has, or its title
    #[arg(add = complete::session())]
    job: String,
    #[command(flatten)]
    reach: Reach,
}

/// A job to call off.
#[derive(Args)]
pub struct CancelArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Do not ask whether it is meant
    #[arg(long)]
    yes: bool,
}

/// A job to let run.
///
/// Its steps are shown first. The node computes no job without this where gavel.toml says jobs =
/// "approve".
#[derive(Args)]
pub struct ApproveArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Do not ask whether it is meant
    #[arg(long)]
    yes: bool,
}

/// Which jobs.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    reach: Reach,
}

/// Do it.
///
/// # Errors
/// When the coordinator cannot be reached or refuses, and when a job that is run does not settle.
pub async fn run(context: &Context, command: JobCommand) -> Result<(), Failure> {
    match command {
        JobCommand::Run(args) => Box::pin(make(context, &args)).await,
        JobCommand::Status(args) => {
            let network = args.reach.as_anyone(context).await?;
            let (network, job) = network.find(&args.job).await?;
            let job = network.coordinator().job(job).await?;
            let keys = args.reach.open_operator_keys(context);
            let told = own_told(context, &network, &job, keys.as_ref()).await;
            tell(context, &job, told.as_ref())
        }
        JobCommand::Result(args) => result(context, &args).await,
        JobCommand::List(args) => {
            let network = args.reach.as_anyone(context).await?;
            let jobs = network.coordinator().jobs().await?;
            context.output.result(&json!({ "jobs": jobs }), || table(&jobs))
        }
        JobCommand::Cancel(args) => {
            let network = args.one.reach.as_operator(context).await?;
            let (network, job) = network.find(&args.one.job).await?;
            let title = network.coordinator().job(job).await?.title;
            let question = format!("Call {:?} off? Nothing of it is computed.", clean(&title));
            if !args.yes && !crate::cli::prompt::sure(&question)? {
                return Err(Failure::new("not-confirmed", "nothing was changed"));
            }
            network.coordinator().cancel(job).await?;
            tell(context, &network.coordinator().job(job).await?, None)
        }
        JobCommand::Approve(args) => approve(context, &args).await,
    }
}

/// What this home's node is told alone, and what this home is as the client.
async fn result(context: &Context, args: &OneArgs) -> Result<(), Failure> {
    let network = args.reach.as_anyone(context).await?;
    let (network, job) = network.find(&args.job).await?;
    let line = network.coordinator().job(job).await?;
    let mut all = Vec::new();
    if let Some(keys) = args.reach.node_keys(context)? {
        // As this node: a home that is the coordinator's as well may ask as either.
        let (network, _) = args.reach.as_node(context)?;
        all.extend(told::read_any(&network, job, Keys::Node(&keys)).await?);
    }
    if line.tells(Receiver::Client) && context.home.file(OPERATOR_KEY).exists() {
        let keys = args.reach.operator_keys(context)?;
        if all.is_empty() {
            all.push(told::read(&network, job, Keys::Client(&keys)).await?);
        } else {
            // The key of this home, which is told as a node already, may be for something else.
            all.extend(told::read_any(&network, job, Keys::Client(&keys)).await?);
        }
    }
    if all.is_empty() {
        let detail = "the job reveals nothing to this home alone; what is for the client is read in the home \
                      that ran it, with its operator.key";
        return Err(Failure::new("nothing-apart", detail));
    }
    for told in &all {
        told::remark(context, told);
    }
    let text = || {
        let lines: Vec<String> = all.iter().flat_map(told::lines).collect();
        if lines.is_empty() {
            "nothing of it could be computed".to_owned()
        } else {
            lines.join("\n")
        }
    };
    context.output.result(&told::shown(job, &all), text)
}

/// What the client alone is told by a settled job, where this home has its key; why not is remarked.
async fn own_told(
    context: &Context,
    network: &Network,
    job: &JobLine,
    keys: Option<&OperatorKeys>,
) -> Option<Told> {
    if job.phase != Phase::Settled || !job.tells(Receiver::Client) {
        return None;
    }
    match told::read(network, job.job, Keys::Client(keys?)).await {
        Ok(told) => {
            told::remark(context, &told);
            Some(told)
        }
        Err(failure) => {
            context.output.note(format!("what is for the client alone: {}", failure.detail));
            None
        }
    }
}

async fn approve(context: &Context, args: &ApproveArgs) -> Result<(), Failure> {
    let (network, own) = args.one.reach.as_node(context)?;
    let index = network.roster().body.index_of(&own);
    let node = index.and_then(|index| approval::node(&network, index));
    let node = node.ok_or_else(|| {
        Failure::new(
            "not-in-roster",
            "this home's node is not in the roster; fetch the present one",
        )
    })?;
    let (network, job) = network.find(&args.one.job).await?;
    // What is approved is what this node was told, under the coordinator's signature.
    let terms = approval::announced(&network, node, job).await.map_err(|error| match error {
        ApprovalError::Client(error) => error.into(),
        ApprovalError::Signature(_) => Failure::new("bad-terms", error),
        ApprovalError::NoJob => Failure::new("no-job", error),
    })?;
    let question =
        terms.question.as_job().ok_or_else(|| Failure::new("no-job", ApprovalError::NoJob))?;
    context.output.note(strong(clean(&terms.title)));
    for step in &question.steps {
        context.output.note(format!("  {}: {}", clean(&step.id), clean(&step.formula())));
    }
    if let Some((_, next)) = question.hands_over() {
        next_roster::show(context, next)?;
    }
    for name in &question.keep {
        context.output.note(format!("  keep {}", clean(name)));
    }
    let sure = match question.hands_over() {
        Some(_) => {
            "Whoever runs these nodes can put the values together, more than t of them at once. Are they \
             who you think, and have you compared the digest with one of their operators?"
        }
        None => "Let it run?",
    };
    if !args.yes && !crate::cli::prompt::sure(sure)? {
        return Err(Failure::new("not-confirmed", "nothing was changed"));
    }
    node.approve(job).await?;
    let shown = json!({ "job": job, "node": node.index(), "approved": true });
    context
        .output
        .result(&shown, || format!("job {} may run at node {}", job.short(), node.index()))
}

async fn make(context: &Context, args: &RunArgs) -> Result<(), Failure> {
    let mut text = Zeroizing::new(read_text(&args.file)?);
    if older::is_json(&text) {
        let file = older::session_file(&text);
        let file =
            file.map_err(|error| Failure::new("bad-terms", error).about(args.file.display()))?;
        text = Zeroizing::new(file.to_string());
    }
    let own = context.home.settings()?.bidder.map(|person| person.name);
    let values = match &args.values {
        Some(path) => Some(read_values(path)?),
        None => own.as_deref().and_then(|own| own_values(&text, own)),
    };
    run_text(context, &text, (values, own), args.key.as_deref(), &args.options).await
}

/// Run a job of which this home hands in these values, under its name, and tell what came of it.
pub(super) async fn run_text(
    context: &Context,
    text: &str,
    values: (Option<Zeroizing<String>>, Option<String>),
    key: Option<&str>,
    options: &HandInOptions,
) -> Result<(), Failure> {
    let job = settle_text(context, text, values, key, options).await?;
    if !job.tells(Receiver::Client) {
        return tell(context, &job, None);
    }
    let network = options.as_operator(context).await?;
    // The job is settled: what it revealed to all is told, whatever comes of the rest.
    let told = match options.reach().operator_keys(context) {
        Ok(keys) => told::read(&network, job.job, Keys::Client(&keys)).await,
        Err(failure) => Err(failure),
    };
    let told = told.inspect(|told| told::remark(context, told)).inspect_err(|failure| {
        context.output.note(format!(
            "what is for the client alone: {}; `gavel job result {}` asks again",
            failure.detail,
            job.job.short()
        ));
    });
    tell(context, &job, told.ok().as_ref())
}

/// Run such a job until it is settled.
pub(super) async fn settle_text(
    context: &Context,
    text: &str,
    (values, own): (Option<Zeroizing<String>>, Option<String>),
    key: Option<&str>,
    options: &HandInOptions,
) -> Result<JobLine, Failure> {
    if values.is_some() && !own.as_deref().is_some_and(|own| takes_from(text, own)) {
        let why = match own {
            Some(own) => format!(
                "no step takes a value from {:?}, which is this home's name; write from = {own:?}, \
                 or leave --values out",
                clean(&own)
            ),
            None => "this home has no name to hand values in under; `gavel init bidder` gives it \
                     one"
            .to_owned(),
        };
        return Err(Failure::usage(why));
    }
    let network = options.as_operator(context).await?;
    let coordinator = network.coordinator();
    let steps = session_file::terms_only(text, None)?;
    let steps = session_file::with_own_key(steps, || options.reach().own_operator_key(context))?;
    let job = coordinator.new_job(&json!({ "toml": steps, "idempotency_key": key })).await?;
    context.output.note(format!("job {} is open", job.job.short()));
    let asked = own.filter(|own| job.participants.contains(own));
    match (asked, values) {
        (Some(_), Some(values)) if job.phase == Phase::Open => {
            let posted = session_file::with_stored(steps, coordinator).await?;
            let posted = SessionFile::parse(&posted)?.terms(Clock::System.now())?;
            let make = |terms: &Terms, _: Option<u8>| -> Result<EntryValues, Failure> {
                check_same(&posted, terms)?;
                entry(values.trim(), terms).map_err(Failure::usage)
            };
            let session = job.job.to_string();
            let errand = Errand { session: &session, options };
            hand_in(context, &errand, Some(&make)).await?;
            // Nobody else is waited for.
            if job.participants.len() == 1 {
                let closed = coordinator.close(job.job).await;
                // It may have closed by itself, as everybody is in.
                let open = coordinator.session(job.job).await?.summary.phase.is_bidding();
                closed.map(drop).or_else(|error| if open { Err(error) } else { Ok(()) })?;
            }
        }
        (Some(own), None) => context.output.note(format!(
            "{own} is to hand in; give the values with --values, or with `gavel bid {}`",
            job.job.short()
        )),
        _ => {}
    }
    followed(context, &network, job.job).await
}

/// Wait until a job that is under way is settled.
pub(super) async fn followed(
    context: &Context,
    network: &Network,
    job: SessionId,
) -> Result<JobLine, Failure> {
    let coordinator = network.coordinator();
    tokio::select! {
        followed = session::follow(context, network, job) => drop(followed?),
        () = tell_missing(context, coordinator, job) => {}
    }
    let job = coordinator.job(job).await?;
    if job.phase == Phase::Settled {
        return Ok(job);
    }
    let why = job.reason.as_ref().map_or_else(|| job.phase.to_string(), |why| clean(why));
    let what = format!("the job {} is {}: {why}", job.job.short(), job.phase);
    Err(Failure::new("job-not-settled", what))
}

/// That the announced job is the one that was posted, before any value is sealed for it.
fn check_same(posted: &Terms, announced: &Terms) -> Result<(), Failure> {
    let both = posted.question.as_job().zip(announced.question.as_job());
    if both.is_some_and(|(posted, announced)| announced.does_the_same(posted)) {
        return Ok(());
    }
    let detail = "the coordinator has announced another job than the one that was posted (see `gavel session \
                  show`); nothing was handed in. Ask whoever runs the coordinator";
    Err(Failure::new("bad-terms", detail))
}

/// Tell for whom a job waits whenever that changes; goes on for ever.
async fn tell_missing(context: &Context, coordinator: &CoordinatorClient, job: SessionId) {
    let mut told = Vec::new();
    loop {
        if let Ok(job) = coordinator.job(job).await {
            let missing = job.missing.unwrap_or_default();
            if missing != told && !missing.is_empty() {
                context.output.note(format!("waits for {}", clean(&missing.join(", "))));
            }
            told = missing;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether a step of a job's file takes a value from somebody of this name.
fn takes_from(text: &str, name: &str) -> bool {
    let Ok(table) = text.parse::<toml::Table>() else { return true };
    let steps = table.get("steps").and_then(toml::Value::as_array);
    steps.into_iter().flatten().any(|step| {
        let field = |field| step.get(field).and_then(toml::Value::as_str);
        field("operation") == Some("assign") && field("from").unwrap_or(CLIENT) == name
    })
}

/// Values from a file or from standard input, in one line or several.
fn read_values(path: &Path) -> Result<Zeroizing<String>, Failure> {
    if path != Path::new("-") {
        return Ok(one_line(&Zeroizing::new(read_text(path)?)));
    }
    // Room for everything at once: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(1 << 20));
    let read = std::io::stdin().lock().take(1 << 20).read_to_string(&mut text);
    read.map_err(|error| Failure::new("file", format!("standard input: {error}")))?;
    Ok(one_line(&text))
}

fn one_line(text: &str) -> Zeroizing<String> {
    let mut line = Zeroizing::new(String::with_capacity(2 * text.len()));
    for part in text.lines().map(|part| part.trim().trim_end_matches(',')) {
        if !part.is_empty() {
            if !line.is_empty() {
                line.push_str(", ");
            }
            line.push_str(part);
        }
    }
    line
}

fn tell(context: &Context, job: &JobLine, told: Option<&Told>) -> Result<(), Failure> {
    let shown = Shown { job, told: told.map(|told| told::values([told])) };
    context.output.result(&shown, || text(job, told))
}

/// A job as scripts read it, with what this home alone is told.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    job: &'a JobLine,
    #[serde(skip_serializing_if = "Option::is_none")]
    told: Option<serde_json::Value>,
}

fn text(job: &JobLine, told: Option<&Told>) -> String {
    let mut lines =
        vec![format!("{} ({}), {}", strong(clean(&job.title)), job.job.short(), job.phase)];
    if let Some(reason) = &job.reason {
        lines.push(clean(reason));
    }
    if let Some(missing) = job.missing.as_ref().filter(|missing| !missing.is_empty()) {
        lines.push(format!("waits for {}", clean(&missing.join(", "))));
    }
    for (variable, value) in &job.revealed {
        let value = value.as_deref().unwrap_or("-");
        lines.push(strong(format!("{} = {value}", clean(variable))));
    }
    lines.extend(told.map(told::lines).unwrap_or_default());
    if told.is_none() {
        let apart = job.apart.iter();
        lines.extend(apart.map(|one| {
            format!(
                "{} is for {} alone; gavel job result shows it there",
                clean(&one.variable),
                one.to
            )
        }));
    }
    if !job.kept.is_empty() {
        lines.push(format!("stored: {}", clean(&job.kept.join(", "))));
    }
    if !job.refreshed.is_empty() {
        lines.push(format!("dealt anew: {}", clean(&job.refreshed.join(", "))));
    }
    let mut table = Table::new(&["step", "does", "level", "status"]);
    for step in &job.steps {
        let status = match (&step.reason, step.status) {
            (Some(reason), StepState::Failed) => clean(reason),
            (_, status) => status.name().to_owned(),
        };
        table.row([&clean(&step.id), &clean(&step.formula), &step.level.to_string(), &status]);
    }
    lines.push(table.to_string());
    lines.join("\n")
}

fn table(jobs: &[JobLine]) -> String {
    if jobs.is_empty() {
        return "no jobs".to_owned();
    }
    let mut table = Table::new(&["job", "title", "phase", "steps", "revealed"]);
    for job in jobs {
        let values = job.revealed.iter();
        let values: Vec<String> = values
            .map(|(name, value)| format!("{} = {}", clean(name), value.as_deref().unwrap_or("-")))
            .collect();
        let phase = job.phase.to_string();
        let (short, steps) = (job.job.short(), job.steps.len().to_string());
        table.row([&short, &clean(&job.title), &phase, &steps, &values.join(", ")]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use crate::cli::commands::job::*;

    #[test]
    fn values_may_stand_on_lines_of_their_own() {
        assert_eq!(one_line("x = 4,\n\n  y = 5\n").as_str(), "x = 4, y = 5");
        assert_eq!(one_line("x = 4, y = 5").as_str(), "x = 4, y = 5");
    }
}
