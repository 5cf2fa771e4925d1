//! Running a job: posted, this home's own values handed in, waited for.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;
use zeroize::Zeroizing;

use super::tell;
use crate::base::Clock;
use crate::cli::commands::bid::{Errand, hand_in};
use crate::cli::commands::session;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::read_text;
use crate::cli::options::HandInOptions;
use crate::cli::output::clean;
use crate::cli::{session_file, told};
use crate::client::amount::entry;
use crate::client::coordinator::CoordinatorClient;
use crate::client::letters::Keys;
use crate::client::{EntryValues, Network};
use crate::rules::job::Receiver;
use crate::rules::job::file::{CLIENT, own_values};
use crate::rules::job::json as older;
use crate::rules::{SessionFile, Terms};
use crate::session::{Phase, SessionId};
use crate::wire::job_api::JobLine;

/// Between two looks at who has handed in.
const LOOK: Duration = Duration::from_secs(1);

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

/// Run a job from a file, and tell what came of it.
///
/// # Errors
/// Why it did not settle.
pub async fn make(context: &Context, args: &RunArgs) -> Result<(), Failure> {
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
///
/// # Errors
/// Why it did not settle.
pub async fn run_text(
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
///
/// # Errors
/// Why it did not settle.
pub async fn settle_text(
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
///
/// # Errors
/// Why it did not settle.
pub async fn followed(
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

#[cfg(test)]
mod tests {
    use crate::cli::commands::job::run::*;

    #[test]
    fn values_may_stand_on_lines_of_their_own() {
        assert_eq!(one_line("x = 4,\n\n  y = 5\n").as_str(), "x = 4, y = 5");
        assert_eq!(one_line("x = 4, y = 5").as_str(), "x = 4, y = 5");
    }
}
