//! Asking one question after the other, at a terminal; or reading one line for each of them.

use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

use zeroize::Zeroizing;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::clean;
use crate::cli::prompt::sure;
use crate::rules::survey::{Question, Response};
use crate::rules::written::Written;

/// Whether somebody sits at a terminal.
fn attended() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Ask for everything: the cohort where one can be chosen, then every question. Where nobody sits at a
/// terminal, standard input has a line for each.
///
/// # Errors
/// When a line is wrong that nobody can be asked for again, or there are too few.
pub fn all(survey: &Question) -> Result<Response, Failure> {
    let cohort = if survey.chosen_cohorts() == 0 { None } else { Some(cohort(survey)?) };
    let mut answers = Vec::with_capacity(survey.items.len());
    for at in 0..survey.items.len() {
        answers.push(answer(survey, at)?);
    }
    let names = survey.items.iter().map(|item| item.name.as_str());
    let named: Vec<(&str, &Written)> = names.zip(&answers).collect();
    Ok(Response::parse(survey, cohort.as_deref(), &named)?)
}

fn cohort(survey: &Question) -> Result<String, Failure> {
    let mut asked = "Which of these are you in?\n".to_owned();
    for (number, name) in (1..).zip(&survey.cohorts) {
        let _ = writeln!(asked, "  {number}  {}", clean(name));
    }
    asked.push_str("Number or name: ");
    loop {
        let typed = line(&asked)?;
        let typed = typed.trim();
        let number = typed.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let by_name =
            survey.cohorts.iter().find(|name| name.to_lowercase() == typed.to_lowercase());
        if let Some(name) = by_name.or_else(|| survey.cohorts.get(number?)) {
            return Ok(name.clone());
        }
        let all = clean(&survey.cohorts.join(", "));
        again(Failure::new(
            "bad-answer",
            format!("this is no cohort of the survey; it has {all}"),
        ))?;
    }
}

fn answer(survey: &Question, at: usize) -> Result<Written, Failure> {
    let asked = format!("{}: ", clean(&survey.item_line(at)));
    loop {
        let typed = line(&asked)?;
        let Some(item) = survey.items.get(at) else { return Ok(Written::new("")) };
        match item.parse(&typed) {
            Ok(_) => return Ok(Written::new(&typed)),
            Err(error) => {
                again(Failure::new("bad-answer", format!("{:?}: {error}", item.name)))?;
            }
        }
    }
}

/// Say what was wrong and let it be asked again, where somebody can answer.
fn again(failure: Failure) -> Result<(), Failure> {
    if !attended() {
        return Err(failure);
    }
    let _ = writeln!(std::io::stderr(), "{}", failure.detail);
    Ok(())
}

/// One line, asked for where somebody sits at a terminal.
fn line(asked: &str) -> Result<Zeroizing<String>, Failure> {
    if attended() {
        let _ = std::io::stderr().write_all(asked.as_bytes());
        let _ = std::io::stderr().flush();
    }
    // Room for everything at once: a text that grows leaves copies behind.
    let mut line = Zeroizing::new(String::with_capacity(4 << 10));
    let read = std::io::stdin().lock().read_line(&mut line);
    let read = read.map_err(|error| Failure::new("file", format!("standard input: {error}")))?;
    if read == 0 {
        return Err(Failure::usage(
            "standard input ended before all was answered; give --value NAME=ANSWER for each \
             question, or a form with --from FILE",
        ));
    }
    Ok(line)
}

/// Show a response and ask whether it is meant, where somebody sits at a terminal.
///
/// # Errors
/// When it is not meant.
pub fn confirm(
    context: &Context,
    survey: &Question,
    response: &Response,
    yes: bool,
) -> Result<(), Failure> {
    if yes || !attended() {
        return Ok(());
    }
    let mut shown = "Your answers, which nobody else sees:".to_owned();
    if let Some(cohort) = response.cohort(survey) {
        let _ = write!(shown, "\n  cohort: {}", clean(cohort));
    }
    for (name, answer) in response.shown(survey) {
        let _ = write!(shown, "\n  {}: {}", clean(&name), clean(&answer));
    }
    context.output.note(shown);
    if sure("Sign them and hand them in?")? {
        return Ok(());
    }
    Err(Failure::new("not-confirmed", "nothing was handed in"))
}
