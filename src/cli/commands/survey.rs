//! `gavel survey new|form|answer|invite|results`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::bid::{Errand, hand_in};
use super::invite;
use crate::base::csv;
use crate::cli::complete;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{Over, put};
use crate::cli::options::{HandInOptions, Reach};
use crate::cli::output::{clean, strong};
use crate::cli::sheet::{Sort, ending, unknown};
use crate::cli::survey::results::Surveyed;
use crate::cli::survey::{TEMPLATE, ask, form};
use crate::cli::{roll, sheet};
use crate::client::EntryValues;
use crate::rules::survey::{Question, Response};
use crate::rules::terms::Admission;
use crate::rules::written::Written;
use crate::rules::{Answer, Terms};
use crate::session::Phase;
use crate::wire::coordinator_api::SessionDetail;

/// What to do with a survey.
#[derive(Subcommand)]
pub enum SurveyCommand {
    /// Write a survey to edit: a session file with a comment for everything
    New(NewArgs),
    /// Write the form that a survey is answered in
    Form(FormArgs),
    /// Answer a survey: question by question, from options, or from a form
    Answer(AnswerArgs),
    /// Make invitations to a survey: one-time codes that become accounts
    Invite(InvitesArgs),
    /// Show what a survey came to, or write it to a file
    Results(ResultsArgs),
}

/// A new survey.
#[derive(Args)]
pub struct NewArgs {
    /// The file to write
    #[arg(default_value = "survey.toml")]
    file: PathBuf,
    /// Write over a file that is there already
    #[arg(long)]
    force: bool,
}

/// A form to write.
#[derive(Args)]
pub struct FormArgs {
    /// The session's id, a beginning of it that no other has, or its title
    #[arg(add = complete::session())]
    session: String,
    /// The file to write: .csv or .xlsx
    #[arg(default_value = "form.xlsx")]
    file: PathBuf,
    /// Write over a file that is there already
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    reach: Reach,
}

/// Answers to a survey.
///
/// Without options every question is asked, or one line for each is read from standard input where
/// that is no terminal. Answers are split here; no server ever receives them.
#[derive(Args)]
pub struct AnswerArgs {
    /// The session's id, a beginning of it that no other has, or its title
    #[arg(add = complete::session())]
    session: String,
    /// An answer, such as pay=1250.50. Once for each question; stays in the shell's history
    #[arg(long = "value", value_name = "NAME=ANSWER", allow_hyphen_values = true)]
    values: Vec<String>,
    /// The cohort, where the survey has any; where the operator assigns them it need not be said
    #[arg(long, value_name = "NAME")]
    cohort: Option<String>,
    /// Take the answers from a form: CSV, XLSX or ODS
    #[arg(long, value_name = "FILE", conflicts_with_all = ["values", "cohort"])]
    from: Option<PathBuf>,
    /// Hand them in without a question
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    options: HandInOptions,
}

/// Invitations to a survey.
///
/// As `gavel invite`; a cohort in the file or the option is one of the survey's. Where the survey has
/// membership = "assigned", each invitation needs one, and whoever redeems it answers in that cohort.
/// Elsewhere nobody is held to it: the participant says the cohort with the answers, sealed.
#[derive(Args)]
pub struct InvitesArgs {
    /// The session's id, a beginning of it that no other has, or its title
    #[arg(add = complete::session())]
    session: String,
    #[command(flatten)]
    invite: invite::InviteArgs,
}

/// Which survey's results, and where to.
#[derive(Args)]
pub struct ResultsArgs {
    /// The session's id, a beginning of it that no other has, or its title
    #[arg(add = complete::session())]
    session: String,
    /// Write them as CSV
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write them as a spreadsheet
    #[arg(long, value_name = "FILE")]
    xlsx: Option<PathBuf>,
    /// Write over files that are there already
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    reach: Reach,
}

/// Do it.
///
/// # Errors
/// When a file, an option or an answer is wrong, or a server refuses, with the reason.
pub async fn run(context: &Context, command: SurveyCommand) -> Result<(), Failure> {
    match command {
        SurveyCommand::New(args) => new(context, &args),
        SurveyCommand::Form(args) => write_form(context, &args).await,
        SurveyCommand::Answer(args) => answer(context, &args).await,
        SurveyCommand::Invite(args) => invite(context, args).await,
        SurveyCommand::Results(args) => results(context, &args).await,
    }
}

/// The survey that some terms hold.
fn survey(terms: &Terms) -> Result<&Question, Failure> {
    terms.question.as_survey().ok_or_else(|| {
        let kind = terms.question.kind_name();
        Failure::new("no-survey", format!("this session is no survey but of the kind {kind}"))
    })
}

fn new(context: &Context, args: &NewArgs) -> Result<(), Failure> {
    put(&args.file, TEMPLATE.as_bytes(), Over::forced(args.force))?;
    let file = args.file.display();
    context.output.result(&json!({ "file": args.file }), || {
        format!(
            "A survey to edit is in {file}. Try it with `gavel demo {file} --bids 20`, open it with \
             `gavel session new {file} --open`."
        )
    })
}

async fn write_form(context: &Context, args: &FormArgs) -> Result<(), Failure> {
    let over = Over::forced(args.force);
    over.allows(&args.file)?;
    let as_csv = match ending(&args.file).as_str() {
        "csv" => true,
        "xlsx" => false,
        _ => return Err(unknown(&args.file, "CSV or XLSX")),
    };
    let network = args.reach.as_anyone(context).await?;
    let (network, session) = network.find(&args.session).await?;
    let detail = network.coordinator().session(session).await?;
    let survey = survey(&detail.summary.terms)?;
    let content = if as_csv { form::as_csv(survey).into_bytes() } else { form::as_book(survey)? };
    put(&args.file, &content, over)?;
    let columns = form::heading(survey);
    let shown = json!({ "session": session, "file": args.file, "columns": columns });
    context.output.result(&shown, || {
        format!(
            "The form is in {}: answer in the row below the heading, then run `gavel survey answer \
             {} --from {}`.",
            args.file.display(),
            session.short(),
            args.file.display()
        )
    })
}

async fn answer(context: &Context, args: &AnswerArgs) -> Result<(), Failure> {
    // A file that is wrong in itself is told of before any server is asked.
    let read = |path: &Path| {
        let sort = Sort::of(path).ok_or_else(|| unknown(path, "CSV, XLSX or ODS"))?;
        sheet::read(path, sort)
    };
    let rows = args.from.as_deref().map(read).transpose()?;
    let entry = |terms: &Terms, assigned: Option<u8>| {
        let survey = survey(terms)?;
        let own = survey.assigned_name(assigned);
        if let Some(own) = own {
            agree(args.cohort.as_deref(), own)?;
            context.output.note(format!(
                "Your answers count in the cohort {}: the operator says so, and everyone learns it.",
                clean(own)
            ));
        }
        let response = match (&rows, &args.from) {
            (Some(rows), Some(path)) => {
                form::read(survey, rows).map_err(|failure| failure.about(path.display()))?
            }
            _ if args.values.is_empty() && (args.cohort.is_none() || own.is_some()) => {
                ask::all(survey)?
            }
            _ => given(survey, args)?,
        };
        let response = response.in_cohort(assigned);
        ask::confirm(context, survey, &response, args.yes)?;
        Ok(EntryValues::from(response.fields().clone()).in_cohort(assigned))
    };
    let errand = Errand { session: &args.session, options: &args.options };
    hand_in(context, &errand, Some(&entry)).await
}

/// That a cohort which the participant says is the one that the operator has assigned.
fn agree(said: Option<&str>, assigned: &str) -> Result<(), Failure> {
    match said.map(str::trim) {
        Some(said) if said != assigned => {
            let assigned = clean(assigned);
            Err(Failure::new(
                "other-cohort",
                format!(
                    "the operator has put you into the cohort {assigned}, and your answers count there; \
                     leave --cohort out, or ask the operator if that is wrong. Nothing was handed in"
                ),
            ))
        }
        _ => Ok(()),
    }
}

/// The response in the options.
fn given(survey: &Question, args: &AnswerArgs) -> Result<Response, Failure> {
    let named = |text: &String| match text.split_once('=') {
        Some((name, answer)) => Ok((name.trim().to_owned(), Written::new(answer))),
        None => Err(Failure::usage("a value is NAME=ANSWER, such as pay=1250.50")),
    };
    let answers = args.values.iter().map(named).collect::<Result<Vec<_>, _>>()?;
    let answers: Vec<(&str, &Written)> =
        answers.iter().map(|(name, answer)| (name.as_str(), answer)).collect();
    Ok(Response::parse(survey, args.cohort.as_deref(), &answers)?)
}

async fn invite(context: &Context, args: InvitesArgs) -> Result<(), Failure> {
    let network = args.invite.reach().as_operator(context).await?;
    let (network, session) = network.find(&args.session).await?;
    let detail = network.coordinator().session(session).await?;
    let survey = survey(&detail.summary.terms)?;
    let by_account = detail.summary.terms.admission == Admission::Accounts;
    if survey.assigned_cohorts().is_some() && !by_account {
        return Err(Failure::new(
            "bad-terms",
            "the cohort of an invitation counts where admission = \"accounts\"; this survey takes the \
             cohorts of its list of bidders (`gavel session new --bidders`). Nothing was made",
        ));
    }
    for person in args.invite.people()? {
        check_cohort(survey, &person).map_err(|failure| match args.invite.from() {
            Some(path) => failure.about(path.display()),
            None => failure,
        })?;
    }
    if !by_account {
        context.output.note(
            "this survey takes answers from others as well; admission = \"accounts\" in its file \
             keeps to those who are invited",
        );
    }
    context.output.note(format!("each answers with `gavel survey answer {}`", session.short()));
    invite::run(context, args.invite).await
}

/// That a person to invite is in one of the survey's cohorts, and in any where the operator assigns
/// them.
fn check_cohort(survey: &Question, person: &roll::Person) -> Result<(), Failure> {
    let (who, all) = (clean(&person.name), clean(&survey.cohorts.join(", ")));
    match &person.cohort {
        Some(cohort) if !survey.cohorts.contains(cohort) => {
            let detail = format!("the cohort of {who:?} is none of the survey's; it has {all}");
            Err(Failure::new("bad-file", detail))
        }
        None if survey.assigned_cohorts().is_some() => {
            let detail = format!(
                "the invitation of {who:?} has no cohort, and the operator says here who is in which; \
                 give each row one of {all} in a column cohort, or one for all with --cohort. Nothing \
                 was made"
            );
            Err(Failure::new("no-cohort", detail))
        }
        _ => Ok(()),
    }
}

async fn results(context: &Context, args: &ResultsArgs) -> Result<(), Failure> {
    let over = Over::forced(args.force);
    for path in [&args.csv, &args.xlsx].into_iter().flatten() {
        over.allows(path)?;
    }
    let network = args.reach.as_anyone(context).await?;
    let (network, session) = network.find(&args.session).await?;
    let detail = network.coordinator().session(session).await?;
    survey(&detail.summary.terms)?;
    if detail.summary.phase != Phase::Settled {
        return Err(not_settled(&detail));
    }
    // What is told is what the nodes signed, not what the coordinator says.
    let record = network.coordinator().record(session).await?;
    let report = record.verify(Some(record.trusted(&network.roster().body)))?;
    let outcome = report.outcome.as_ref().ok_or_else(|| not_settled(&detail))?;
    let terms = &record.announcement.body.terms;
    let (survey, Answer::Survey(answer)) = (survey(terms)?, &outcome.answer) else {
        return Err(not_settled(&detail));
    };
    let surveyed = Surveyed::new(survey, answer);
    let listed = record.manifest.as_ref().map_or(0, |manifest| manifest.body.entries.len());
    let answers = listed.saturating_sub(outcome.out_of_range.len());
    let table = survey.table(answer);
    for path in [&args.csv, &args.xlsx].into_iter().flatten() {
        let content = if Some(path) == args.xlsx.as_ref() {
            sheet::book("results", &table)?
        } else {
            csv::write(&table).into_bytes()
        };
        put(path, &content, over)?;
        context.output.note(format!("results written to {}", path.display()));
    }
    let mut shown = Map::new();
    shown.insert("session".into(), json!(session));
    shown.insert("title".into(), json!(terms.title));
    shown.insert("answers".into(), json!(answers));
    if let Value::Object(own) = surveyed.json() {
        shown.extend(own);
    }
    context.output.result(&shown, || {
        let title = strong(clean(&terms.title));
        format!("{title}\n{answers} answered. {}", surveyed.text())
    })
}

fn not_settled(detail: &SessionDetail) -> Failure {
    let phase = detail.summary.phase;
    let what = format!("the survey has no results yet: it is {phase}; see `gavel session watch`");
    Failure::new("not-settled", what)
}
