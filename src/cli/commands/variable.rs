//! `gavel variable list|show|forget`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::job;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::{HandInOptions, Reach};
use crate::cli::output::{Table, clean, strong};
use crate::rules::job::forgetting::forgetting;
use crate::wire::variable::VariableLine;

/// What to do with variables that stay at the nodes.
#[derive(Subcommand)]
pub enum VariableCommand {
    /// List the variables that jobs have kept
    List(ListArgs),
    /// Show what is known of one: never its value
    Show(ShowArgs),
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
            let all = variables(context, &args).await?;
            context.output.result(&json!({ "variables": all }), || table(&all))
        }
        VariableCommand::Show(args) => {
            let all = variables(context, &args.list).await?;
            let line = named(all, &args.name)?;
            context.output.result(&line, || text(&line))
        }
        VariableCommand::Forget(args) => Box::pin(forget(context, &args)).await,
    }
}

async fn variables(context: &Context, args: &ListArgs) -> Result<Vec<VariableLine>, Failure> {
    let network = args.reach.as_anyone(context).await?;
    let Some(index) = args.node else { return Ok(network.coordinator().variables().await?) };
    let node = network.nodes().iter().find(|node| node.index().get() == index);
    let node = node.ok_or_else(|| Failure::usage(format!("the roster has no node {index}")))?;
    Ok(node.variables().await?)
}

fn named(all: Vec<VariableLine>, name: &str) -> Result<VariableLine, Failure> {
    let missing = || {
        let detail = format!("no variable {name:?} is stored; see gavel variable list");
        Failure::new("no-variable", detail)
    };
    all.into_iter().find(|line| line.variable.name == name).ok_or_else(missing)
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

fn share(line: &VariableLine) -> &'static str {
    match line.share {
        Some(true) => "here",
        Some(false) => "missing; gets one at the next refresh",
        None => "",
    }
}

fn table(all: &[VariableLine]) -> String {
    if all.is_empty() {
        return "no variable is stored".to_owned();
    }
    let mut table =
        Table::new(&["variable", "field", "range", "known to", "made by", "made", "share"]);
    for line in all {
        let variable = &line.variable;
        table.row([
            clean(&variable.name),
            variable.field.to_string(),
            variable.range.to_string(),
            clean(&variable.known_to()),
            line.session.short(),
            line.made.to_string(),
            share(line).to_owned(),
        ]);
    }
    table.to_string()
}

fn text(line: &VariableLine) -> String {
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
        format!("refreshed   {}", line.refreshed),
        format!("roster      {}", line.roster),
    ];
    if line.share.is_some() {
        lines.push(format!("share       {}", share(line)));
    }
    lines.join("\n")
}
