//! `gavel job run|status|result|list|cancel|approve`.
//!
//! - `run`: from a file to what it reveals

mod run;

pub use run::{RunArgs, followed, run_text, settle_text};

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use crate::cli::complete;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::OPERATOR_KEY;
use crate::cli::options::Reach;
use crate::cli::output::{Table, clean, strong};
use crate::cli::{next_roster, told};
use crate::client::Network;
use crate::client::approval::{self, ApprovalError};
use crate::client::letters::{Keys, Told};
use crate::identity::key_file::OperatorKeys;
use crate::rules::job::Receiver;
use crate::session::Phase;
use crate::wire::job_api::{JobLine, StepState};

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
        JobCommand::Run(args) => Box::pin(run::make(context, &args)).await,
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
