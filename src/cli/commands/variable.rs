//! `gavel variable list|show|refresh|hand-over|forget`.
//!
//! - `hand_over`: to the nodes of the next roster
//! - `lines`: variables by their names

mod hand_over;
mod lines;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::json;

use super::job;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::{HandInOptions, Reach};
use crate::cli::output::{Table, clean, strong};
use crate::cli::view::nodes;
use crate::identity::Roster;
use crate::rules::job::Prime;
use crate::rules::job::fault::MAX_KEPT;
use crate::rules::job::forgetting::forgetting;
use crate::rules::job::refresh::refresh_file;
use crate::session::SessionId;
use crate::wire::job_api::JobLine;
use crate::wire::variable::VariableLine;
use lines::named;

/// What to do with variables that stay at the nodes.
#[derive(Subcommand)]
pub enum VariableCommand {
    /// List the variables that jobs have kept
    List(ListArgs),
    /// Show what is known of one: never its value
    Show(ShowArgs),
    /// Have the nodes deal the shares of some anew, by a job that does
    Refresh(RefreshArgs),
    /// Have the nodes hand what is stored over to those of the next roster, of whom none need be among
    /// them
    HandOver(hand_over::HandOverArgs),
    /// Have the nodes forget one, by a job that does
    Forget(ForgetArgs),
}

/// Which ones.
#[derive(Args)]
pub struct ListArgs {
    /// As this node tells of them, with whether it has a share; as the coordinator does where it is
    /// left out
    #[arg(long, value_name = "INDEX")]
    node: Option<u8>,
    #[command(flatten)]
    reach: Reach,
}

/// Which one.
#[derive(Args)]
pub struct ShowArgs {
    /// Its name
    name: String,
    #[command(flatten)]
    list: ListArgs,
}

/// Which ones to deal anew.
///
/// Their values stay. Shares that nodes had before are worth nothing afterwards, and a node that had
/// none gets one.
#[derive(Args)]
pub struct RefreshArgs {
    /// Their names
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<String>,
    /// All that are stored
    #[arg(long, conflicts_with = "names")]
    all: bool,
    #[command(flatten)]
    options: HandInOptions,
}

/// Which one to forget.
#[derive(Args)]
pub struct ForgetArgs {
    /// Its name
    name: String,
    /// Do not ask whether it is meant
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    options: HandInOptions,
}

/// Do it.
///
/// # Errors
/// When the servers cannot be reached or refuse, or there is no such variable.
pub async fn run(context: &Context, command: VariableCommand) -> Result<(), Failure> {
    match command {
        VariableCommand::List(args) => {
            let (all, roster) = variables(context, &args).await?;
            context.output.result(&json!({ "variables": all }), || table(&all, &roster))
        }
        VariableCommand::Show(args) => {
            let (all, roster) = variables(context, &args.list).await?;
            let line = named(all, &args.name)?;
            context.output.result(&line, || text(&line, &roster))
        }
        VariableCommand::Refresh(args) => Box::pin(refresh(context, &args)).await,
        VariableCommand::HandOver(args) => Box::pin(hand_over::run(context, &args)).await,
        VariableCommand::Forget(args) => Box::pin(forget(context, &args)).await,
    }
}

/// The variables, and the roster that they are told under.
async fn variables(
    context: &Context,
    args: &ListArgs,
) -> Result<(Vec<VariableLine>, Roster), Failure> {
    let network = args.reach.as_anyone(context).await?;
    let roster = network.roster().body.clone();
    let Some(index) = args.node else {
        return Ok((network.coordinator().variables().await?, roster));
    };
    let node = network.nodes().iter().find(|node| node.index().get() == index);
    let node = node.ok_or_else(|| Failure::usage(format!("the roster has no node {index}")))?;
    Ok((node.variables().await?, roster))
}

/// One job for all that one session dealt last: the same nodes have shares of them. One for all that one
/// session handed over to the present nodes.
async fn refresh(context: &Context, args: &RefreshArgs) -> Result<(), Failure> {
    let network = args.options.as_operator(context).await?;
    let all = network.coordinator().variables().await?;
    let mut chosen: BTreeMap<SessionId, Vec<VariableLine>> = BTreeMap::new();
    let mut names: Vec<&str> = args.names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    if args.all {
        names = all.iter().map(|line| line.variable.name.as_str()).collect();
    }
    for name in names {
        let line = named(all.clone(), name)?;
        let present = &network.roster().body;
        let elsewhere = line.handed_over.as_ref().filter(|_| !present.covers(&line.roster));
        let handed = elsewhere.filter(|handed| present.covers(&handed.to));
        let by = handed.map_or(line.dealt, |handed| handed.session);
        chosen.entry(by).or_default().push(line);
    }
    let mut jobs: Vec<JobLine> = Vec::new();
    for lines in chosen.values().flat_map(|lines| lines.chunks(MAX_KEPT)) {
        let names: Vec<&str> = lines.iter().map(|line| line.variable.name.as_str()).collect();
        let field = lines.first().map_or_else(Prime::default, |line| line.variable.field);
        let file = refresh_file(field, &names).to_string();
        let settled = job::settle_text(context, &file, (None, None), None, &args.options);
        jobs.push(Box::pin(settled).await?);
    }
    context.output.result(&json!({ "jobs": jobs }), || refreshed(&jobs))
}

fn refreshed(jobs: &[JobLine]) -> String {
    if jobs.is_empty() {
        return "no variable is stored".to_owned();
    }
    let line = |job: &JobLine| {
        format!("dealt anew by job {}: {}", job.job.short(), clean(&job.refreshed.join(", ")))
    };
    jobs.iter().map(line).collect::<Vec<_>>().join("\n")
}

async fn forget(context: &Context, args: &ForgetArgs) -> Result<(), Failure> {
    let network = args.options.as_operator(context).await?;
    let line = named(network.coordinator().variables().await?, &args.name)?;
    if !args.yes && !crate::cli::prompt::sure(&format!("Forget {:?} for good?", args.name))? {
        return Err(Failure::new("not-confirmed", "nothing was changed"));
    }
    let file = forgetting(&args.name, line.variable.field);
    job::run_text(context, &file.to_string(), (None, None), None, &args.options).await
}

fn share(line: &VariableLine, present: &Roster) -> &'static str {
    match line.share {
        _ if !present.covers(&line.roster) && line.handed_over.is_some() => {
            "handed over by the nodes of an earlier roster; refresh it"
        }
        _ if !present.covers(&line.roster) => "with the nodes of an earlier roster; refresh it",
        Some(true) => "here",
        Some(false) => "missing; gets one at the next refresh",
        None => "",
    }
}

fn table(all: &[VariableLine], present: &Roster) -> String {
    if all.is_empty() {
        return "no variable is stored".to_owned();
    }
    let mut table =
        Table::new(&["variable", "field", "range", "known to", "generation", "refreshed", "share"]);
    for line in all {
        let variable = &line.variable;
        table.row([
            clean(&variable.name),
            variable.field.to_string(),
            variable.range.to_string(),
            clean(&variable.known_to()),
            variable.generation.to_string(),
            line.refreshed.to_string(),
            share(line, present).to_owned(),
        ]);
    }
    table.to_string()
}

fn text(line: &VariableLine, present: &Roster) -> String {
    let variable = &line.variable;
    let mut lines = vec![
        strong(clean(&variable.name)),
        format!("field       {}", variable.field),
        format!("range       {}", variable.range),
        format!("known to    {}", clean(&variable.known_to())),
        format!("generation  {}", variable.generation),
        format!("version     {}", line.version),
        format!("made by     step {:?} of session {}", clean(&line.step), line.session),
        format!("made        {}", line.made),
        format!("refreshed   {}, by session {}", line.refreshed, line.dealt),
        format!("roster      {}", line.roster),
    ];
    if let Some(handed) = &line.handed_over {
        lines.push(format!(
            "handed over to the roster {}, by job {}; {} wrote letters",
            handed.to.grouped(),
            handed.session.short(),
            nodes(handed.letters)
        ));
    }
    if !share(line, present).is_empty() {
        lines.push(format!("share       {}", share(line, present)));
    }
    lines.join("\n")
}
