//! `gavel invite`: making, listing and revoking invitations, for operators.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use crate::base::text::check_text;
use crate::base::{Clock, Timestamp, csv};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{Over, Prepared};
use crate::cli::options::Reach;
use crate::cli::output::{Table, count};
use crate::cli::roll::{self, Person};
use crate::cli::view;
use crate::client::Network;
use crate::client::again::until_answered;
use crate::client::error::ClientError;
use crate::identity::{Digest, Statement as _};
use crate::wire::account_api::{
    AskInvitations, InvitationLine, Invitee, Secret, code_digest, fresh_code,
};

/// For how long the coordinator is asked again where it does not answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Invitations.
///
/// Each code makes one bidder's account, once: the bidder fetches the roster by its digest, redeems
/// the code with `gavel join CODE` and binds name, password and key. Codes are drawn here and shown
/// this once; the coordinator keeps their hashes. An invitation that went astray is revoked and made
/// anew. One that was redeemed is an account: `gavel account disable` ends its logins, and what it
/// has handed in stays in.
#[derive(Args)]
pub struct InviteArgs {
    /// How many
    #[arg(conflicts_with = "from", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    count: Option<u16>,
    /// One for each row of a file: CSV, or the first sheet of an XLSX or ODS file. Its first row
    /// names the columns: name, and perhaps key (the only one that may redeem it) and cohort (a
    /// group); others are left alone. Without such a row the first column is the name. When any row
    /// cannot be used, nothing is made
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The cohort of everybody for whom the file names none
    #[arg(long, value_name = "NAME")]
    cohort: Option<String>,
    /// Write them as CSV, with for whom, code and expiry, to a file that only you can read
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write over a CSV file that is there already
    #[arg(long, requires = "csv")]
    force: bool,
    /// Hours until they expire
    #[arg(long, value_name = "HOURS", default_value_t = 168, value_parser = clap::value_parser!(u32).range(1..=8784))]
    hours: u32,
    /// List the invitations made so far and what became of them, without their codes
    #[arg(long, conflicts_with_all = ["count", "from", "csv", "cohort"])]
    list: bool,
    /// Take an invitation back: its code, the beginning of its id as --list shows it, or for whom
    /// it is
    #[arg(long, value_name = "WHICH", conflicts_with_all = ["count", "from", "csv", "cohort", "list"])]
    revoke: Option<String>,
    /// Take every invitation back that nobody has redeemed
    #[arg(long, conflicts_with_all = ["count", "from", "csv", "cohort", "list", "revoke"])]
    revoke_unused: bool,
    #[command(flatten)]
    reach: Reach,
}

impl InviteArgs {
    /// For whom they are: the people of the file, or as many as were asked for; nobody where none are
    /// to be made.
    ///
    /// # Errors
    /// When the file cannot be read, or nothing says how many.
    pub(super) fn people(&self) -> Result<Vec<Person>, Failure> {
        let asked = self.list || self.revoke_unused || self.revoke.is_some();
        let mut people = match (&self.from, self.count) {
            (Some(path), _) => roll::read(path)?,
            (None, Some(count)) => vec![Person::default(); usize::from(count)],
            (None, None) if asked => Vec::new(),
            (None, None) => {
                return Err(Failure::usage("say how many, or give a file of names with --from"));
            }
        };
        if let Some(cohort) = self.cohort.as_deref().map(str::trim) {
            check_text("the cohort", cohort).map_err(Failure::usage)?;
            for person in people.iter_mut().filter(|person| person.cohort.is_none()) {
                person.cohort = Some(cohort.to_owned());
            }
        }
        Ok(people)
    }

    /// The file that says for whom they are, where one does.
    pub(super) fn from(&self) -> Option<&Path> {
        self.from.as_deref()
    }

    /// How the coordinator is reached.
    pub(super) const fn reach(&self) -> &Reach {
        &self.reach
    }
}

/// Make, list or revoke invitations.
///
/// # Errors
/// When the coordinator refuses, with the reason.
pub async fn run(context: &Context, args: InviteArgs) -> Result<(), Failure> {
    let over = Over::forced(args.force);
    if let Some(path) = &args.csv {
        // Codes that cannot be written down would be lost.
        over.allows(path)?;
    }
    let people = args.people()?;
    if let Some(path) = &args.from {
        context.output.note(format!("{} read from {}", number(people.len()), path.display()));
    }
    let network = args.reach.as_operator(context).await?;
    let coordinator = network.coordinator();
    if args.list {
        return list(context, coordinator.invitations().await?);
    }
    if args.revoke_unused {
        return list(context, coordinator.revoke_unused().await?);
    }
    if let Some(which) = &args.revoke {
        let code = pick(&coordinator.invitations().await?, which)?;
        return list(context, vec![coordinator.revoke(&code).await?]);
    }
    let drawn = draw(people)?;
    let roster = &network.roster().body;
    let place = Place { address: &roster.coordinator.address, roster: roster.digest() };
    let expires = Clock::System.now().plus_millis(i64::from(args.hours) * 60 * 60 * 1000);
    // On disk before they count, and in their place once they do: no code gets lost on the way.
    let file = args.csv.as_deref();
    let prepared =
        file.map(|path| Prepared::new(path, letters(&drawn, expires, &place).as_bytes()));
    let prepared = prepared.transpose()?;
    let asked = ask(context, &network, &drawn, args.hours).await;
    if let (Some(prepared), true) = (prepared, !asked.as_ref().is_err_and(is_refusal)) {
        prepared.keep(over)?;
    }
    if let Err(error) = asked {
        return Err(unknown_outcome(error, file));
    }
    tell(context, &drawn, expires, &place, file)
}

fn number(people: usize) -> String {
    if people == 1 { "1 person".to_owned() } else { format!("{} people", count(people as u64)) }
}

/// Somebody with their new code.
struct Drawn {
    person: Person,
    code: Secret,
}

fn draw(people: Vec<Person>) -> Result<Vec<Drawn>, Failure> {
    let drawn = |person| fresh_code().map(|code| Drawn { person, code });
    let drawn: Result<_, _> = people.into_iter().map(drawn).collect();
    drawn.map_err(|error| Failure::new("internal", format!("no randomness: {error}")))
}

/// Have the invitations made. The same is asked for again where no answer comes: it makes none twice.
async fn ask(
    context: &Context,
    network: &Network,
    drawn: &[Drawn],
    hours: u32,
) -> Result<(), ClientError> {
    let invitee = |Drawn { person, code }: &Drawn| Invitee {
        label: person.name.clone(),
        cohort: person.cohort.clone(),
        key: person.key,
        code: Some(code_digest(code.expose())),
    };
    let ask = AskInvitations { invitees: drawn.iter().map(invitee).collect(), hours };
    let waits = |whom: &str, why: &dyn std::fmt::Display, _: Duration| {
        context.output.note(format!("{whom} is tried again: {why}"));
    };
    let coordinator = network.coordinator();
    until_answered(Instant::now() + PATIENCE, &waits, || coordinator.invite(&ask)).await?;
    Ok(())
}

/// Whether the coordinator has decided against it.
fn is_refusal(error: &ClientError) -> bool {
    error.problem().is_some() || matches!(error, ClientError::NotTheOperator)
}

/// Where the coordinator may have made them before the link broke.
fn unknown_outcome(error: ClientError, file: Option<&Path>) -> Failure {
    if is_refusal(&error) {
        return error.into();
    }
    let codes = file.map(|path| format!("the codes are in {}; ", path.display()));
    Failure::new(
        error.slug(),
        format!(
            "whether the invitations were made is not known: {error}; {}`gavel invite --list` shows them, and --revoke takes them back",
            codes.unwrap_or_default()
        ),
    )
}

fn tell(
    context: &Context,
    drawn: &[Drawn],
    expires: Timestamp,
    place: &Place<'_>,
    file: Option<&Path>,
) -> Result<(), Failure> {
    if let Some(path) = file {
        context.output.note(format!("{} codes written to {}", drawn.len(), path.display()));
    }
    let line = |Drawn { person, code }: &Drawn| {
        json!({ "label": person.name, "cohort": person.cohort, "code": code.expose(),
            "expires": expires })
    };
    let lines: Vec<_> = drawn.iter().map(line).collect();
    let shown = json!({ "invitations": lines, "address": place.address, "roster": place.roster });
    context.output.result(&shown, || {
        let mut table = Table::new(&["for", "code", "expires"]);
        for Drawn { person, code } in drawn {
            table.row([&person.name, code.expose(), &view::time(expires)]);
        }
        // What is in a private file is not on the screen as well.
        let table = if file.is_some() { String::new() } else { table.to_string() };
        format!(
            "{table}Each makes one account, once. Send with the code what the bidder runs:\n  \
             gavel roster fetch {} {}\n  gavel join CODE --name NAME",
            place.address,
            place.roster.grouped()
        )
    })
}

/// Where a bidder finds the network, and by what it is known.
struct Place<'a> {
    address: &'a str,
    roster: Digest,
}

/// With what a bidder needs beside the code, for letters that are made from it.
fn letters(drawn: &[Drawn], expires: Timestamp, place: &Place<'_>) -> String {
    let (expires, digest) = (expires.to_string(), place.roster.grouped());
    let heading = ["for", "code", "expires", "coordinator", "roster", "cohort"];
    let lines = drawn.iter().map(|Drawn { person, code }| {
        let cohort = person.cohort.as_deref().unwrap_or_default();
        [&person.name, code.expose(), &expires, place.address, &digest, cohort]
    });
    csv::write([heading].into_iter().chain(lines))
}

/// The invitation that is meant by a code, the beginning of an id, or for whom it is.
fn pick(lines: &[InvitationLine], which: &str) -> Result<Digest, Failure> {
    let code = code_digest(which);
    if lines.iter().any(|line| line.digest == code) {
        return Ok(code);
    }
    let beginning = which.to_ascii_lowercase();
    let fits = |line: &&InvitationLine| {
        (beginning.len() >= 4 && line.digest.to_string().starts_with(&beginning))
            || (standing(line, Clock::System.now()) == "open"
                && line.label.as_deref() == Some(which))
    };
    let found: Vec<Digest> = lines.iter().filter(fits).map(|line| line.digest).collect();
    match found[..] {
        [only] => Ok(only),
        [] => Err(Failure::new(
            "not-found",
            "no invitation has this code or id, and none that is open is for this name; see `gavel invite --list`",
        )),
        _ => Err(Failure::new(
            "not-found",
            format!(
                "{} invitations fit; give the code, or more of the id that `gavel invite --list` shows",
                found.len()
            ),
        )),
    }
}

/// What became of an invitation.
fn standing(line: &InvitationLine, now: Timestamp) -> &'static str {
    match (&line.account, line.revoked) {
        (Some(_), _) => "redeemed",
        (None, Some(_)) => "revoked",
        (None, None) if line.expires <= now => "expired",
        (None, None) => "open",
    }
}

/// An invitation of a list, for scripts.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    line: InvitationLine,
    standing: &'static str,
}

fn list(context: &Context, lines: Vec<InvitationLine>) -> Result<(), Failure> {
    let now = Clock::System.now();
    let listed = |line: InvitationLine| Listed { standing: standing(&line, now), line };
    let lines: Vec<Listed> = lines.into_iter().map(listed).collect();
    context.output.result(&json!({ "invitations": lines }), || {
        if lines.is_empty() {
            return "There are none.".to_owned();
        }
        let mut table = Table::new(&["id", "for", "cohort", "made", "expires", "standing"]);
        for Listed { line, standing } in &lines {
            let standing = match (&line.account, line.revoked) {
                (Some(account), _) => {
                    let since = line.redeemed.map(|at| format!(" {}", view::time(at)));
                    format!("{standing}{} as {account}", since.unwrap_or_default())
                }
                (None, Some(at)) => format!("{standing} {}", view::time(at)),
                (None, None) => (*standing).to_owned(),
            };
            table.row([
                line.digest.short(),
                line.label.clone().unwrap_or_default(),
                line.cohort.clone().unwrap_or_default(),
                view::time(line.created),
                view::time(line.expires),
                standing,
            ]);
        }
        table.to_string()
    })
}

#[cfg(test)]
mod tests {
    use crate::cli::commands::invite::*;

    #[test]
    fn an_invitation_is_picked_by_code_id_or_name() {
        let line = |code: &str, label: &str, revoked: bool| InvitationLine {
            digest: code_digest(code),
            label: Some(label.to_owned()),
            cohort: None,
            key: None,
            redeemed: None,
            created: Timestamp::from_millis(0),
            expires: Clock::System.now().plus_millis(1_000_000),
            revoked: revoked.then(|| Timestamp::from_millis(1)),
            account: None,
        };
        let lines =
            [line("AAAA", "ada", true), line("BBBB", "ada", false), line("CCCC", "bob", false)];
        assert_eq!(pick(&lines, "b-bbb"), Ok(lines[1].digest));
        assert_eq!(pick(&lines, "ada"), Ok(lines[1].digest));
        assert_eq!(pick(&lines, &lines[2].digest.short()), Ok(lines[2].digest));
        assert_eq!(pick(&lines, "eve").unwrap_err().kind, "not-found");
        let twice = [lines[1].clone(), line("DDDD", "ada", false)];
        assert!(pick(&twice, "ada").unwrap_err().detail.starts_with("2 invitations fit"));
        let standings = lines.map(|line| standing(&line, Timestamp::from_millis(i64::MAX)));
        assert_eq!(standings, ["revoked", "expired", "expired"]);
    }
}
