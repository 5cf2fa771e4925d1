//! `gavel account …` and `gavel invite`: looking after accounts, for operators.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use crate::base::{Clock, Timestamp};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{Over, put, read_text};
use crate::cli::login;
use crate::cli::options::{PasswordOption, Reach};
use crate::cli::output::{Table, clean};
use crate::cli::view;
use crate::identity::{AccountRole, Digest, PublicKey, Statement as _};
use crate::wire::account_api::{
    AccountLine, AskInvitations, InvitationLine, NewAccount, NewInvitation, code_digest,
};

/// What to do with accounts.
#[derive(Subcommand)]
pub enum AccountCommand {
    /// Make an account. The holder of the coordinator's key makes the first operator's
    Add(AddArgs),
    /// List the accounts
    List(ListArgs),
    /// Disable an account: its logins end
    Disable(OneArgs),
    /// Enable an account again
    Enable(OneArgs),
    /// Give an account a new password: its logins end. Without a name: change one's own
    Password(PasswordArgs),
}

/// An account to make.
#[derive(Args)]
pub struct AddArgs {
    /// Its name
    name: String,
    /// What it may do
    #[arg(long)]
    role: AccountRole,
    /// A bidder's public key, as `gavel init bidder` shows it. Bidders are better invited, with
    /// `gavel invite`: then the key is bound by the bidder
    // One key in 64 begins with a hyphen.
    #[arg(long, allow_hyphen_values = true)]
    key: Option<PublicKey>,
    #[command(flatten)]
    password: PasswordOption,
    #[command(flatten)]
    reach: Reach,
}

/// Who asks.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    reach: Reach,
}

/// One account.
#[derive(Args)]
pub struct OneArgs {
    /// Its name
    name: String,
    #[command(flatten)]
    reach: Reach,
}

/// Whose password.
#[derive(Args)]
pub struct PasswordArgs {
    /// The account's name; without it one's own password is changed
    name: Option<String>,
    #[command(flatten)]
    password: PasswordOption,
    #[command(flatten)]
    reach: Reach,
}

/// Invitations.
///
/// Each code makes one bidder's account, once: the bidder fetches the roster by its digest, redeems
/// the code with `gavel join CODE` and binds name, password and key. Codes are shown this once; the
/// coordinator keeps their hashes. An invitation that went astray is revoked and made anew.
#[derive(Args)]
pub struct InviteArgs {
    /// How many
    #[arg(conflicts_with = "from", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    count: Option<u16>,
    /// One for each line of a CSV file, whose first column says for whom it is
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
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
    #[arg(long, conflicts_with_all = ["count", "from", "csv"])]
    list: bool,
    /// Take an invitation back: its code, the beginning of its id as --list shows it, or for whom
    /// it is
    #[arg(long, value_name = "WHICH", conflicts_with_all = ["count", "from", "csv", "list"])]
    revoke: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// Do it.
///
/// # Errors
/// When the coordinator refuses, with the reason.
pub async fn run(context: &Context, command: AccountCommand) -> Result<(), Failure> {
    match command {
        AccountCommand::Add(args) => add(context, args).await,
        AccountCommand::List(args) => {
            let network = args.reach.as_operator(context).await?;
            let accounts = network.coordinator().accounts().await?;
            context.output.result(&json!({ "accounts": accounts }), || table(&accounts))
        }
        AccountCommand::Disable(args) => set(context, &args, false).await,
        AccountCommand::Enable(args) => set(context, &args, true).await,
        AccountCommand::Password(args) => password(context, args).await,
    }
}

async fn add(context: &Context, args: AddArgs) -> Result<(), Failure> {
    let network = args.reach.as_operator(context).await?;
    let question = format!("A first password for {} (not shown): ", clean(&args.name));
    let password = args.password.new_one(&question)?;
    let new = NewAccount { name: args.name, role: args.role, password, key: args.key };
    let account = network.coordinator().add_account(&new).await?;
    tell(context, &account)
}

async fn set(context: &Context, args: &OneArgs, enabled: bool) -> Result<(), Failure> {
    let network = args.reach.as_operator(context).await?;
    let account = network.coordinator().account_named(&args.name).await?.account;
    let account = network.coordinator().set_account(account, enabled).await?;
    tell(context, &account)
}

async fn password(context: &Context, args: PasswordArgs) -> Result<(), Failure> {
    if let Some(name) = &args.name {
        let network = args.reach.as_operator(context).await?;
        let account = network.coordinator().account_named(name).await?.account;
        let question = format!("A new password for {} (not shown): ", clean(name));
        let password = args.password.new_one(&question)?;
        let account = network.coordinator().reset_password(account, password).await?;
        return tell(context, &account);
    }
    let network = login::network(&context.home, args.reach.roster(context)?).await?;
    let account = network.coordinator().own_account().await?;
    let old = PasswordOption::default().existing("The present password (not shown): ")?;
    let new = args.password.new_one("The new password (not shown): ")?;
    network.coordinator().change_password(old, new).await?;
    login::forget(&context.home);
    context.output.result(&account, || {
        "The password is changed and every login ended; log in again with `gavel login`.".to_owned()
    })
}

/// Make, list or revoke invitations.
///
/// # Errors
/// When the coordinator refuses, with the reason.
pub async fn invite(context: &Context, args: InviteArgs) -> Result<(), Failure> {
    let over = Over::forced(args.force);
    if let Some(path) = &args.csv {
        // Codes that cannot be written down would be lost.
        over.allows(path)?;
    }
    let network = args.reach.as_operator(context).await?;
    if args.list {
        return list(context, network.coordinator().invitations().await?);
    }
    if let Some(which) = &args.revoke {
        let code = pick(&network.coordinator().invitations().await?, which)?;
        return list(context, vec![network.coordinator().revoke(&code).await?]);
    }
    let labels = match (&args.from, args.count) {
        (Some(path), _) => labels(path)?,
        (None, Some(count)) => vec![String::new(); usize::from(count)],
        (None, None) => {
            return Err(Failure::usage("say how many, or give a CSV file with --from"));
        }
    };
    let made = network.coordinator().invite(&AskInvitations { labels, hours: args.hours }).await?;
    let roster = &network.roster().body;
    let place = Place { address: &roster.coordinator.address, roster: roster.digest() };
    if let Some(path) = &args.csv {
        put(path, csv(&made, &place).as_bytes(), over)?;
        context.output.note(format!("{} codes written to {}", made.len(), path.display()));
    }
    let shown = json!({
        "invitations": made, "address": place.address, "roster": place.roster,
    });
    context.output.result(&shown, || {
        let mut table = Table::new(&["for", "code", "expires"]);
        for line in &made {
            table.row([&line.label, line.code.expose(), &view::time(line.expires)]);
        }
        let digest = place.roster.grouped();
        format!(
            "{table}Each makes one account, once. Send with the code what the bidder runs:\n  \
             gavel roster fetch {} {digest}\n  gavel join CODE --name NAME",
            place.address
        )
    })
}

/// Where a bidder finds the network, and by what it is known.
struct Place<'a> {
    address: &'a str,
    roster: Digest,
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
        let mut table = Table::new(&["id", "for", "made", "expires", "standing"]);
        for Listed { line, standing } in &lines {
            let standing = match (&line.account, line.revoked) {
                (Some(account), _) => format!("{standing} as {account}"),
                (None, Some(at)) => format!("{standing} {}", view::time(at)),
                (None, None) => (*standing).to_owned(),
            };
            table.row([
                line.digest.short(),
                line.label.clone().unwrap_or_default(),
                view::time(line.created),
                view::time(line.expires),
                standing,
            ]);
        }
        table.to_string()
    })
}

/// The first column of a CSV file; a first line that begins with "for" or "name" is its header.
fn labels(path: &Path) -> Result<Vec<String>, Failure> {
    let text = read_text(path)?;
    let mut labels: Vec<String> = text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(first_field)
        .filter(|label| !label.is_empty())
        .collect();
    if labels.first().is_some_and(|first| matches!(first.to_lowercase().as_str(), "for" | "name")) {
        labels.remove(0);
    }
    if labels.is_empty() {
        return Err(Failure::new("bad-file", format!("{} holds no names", path.display())));
    }
    Ok(labels)
}

/// The first field of a line of CSV (RFC 4180), without blanks around it.
fn first_field(line: &str) -> String {
    let line = line.trim();
    let Some(quoted) = line.strip_prefix('"') else {
        return line.split(',').next().unwrap_or_default().trim().to_owned();
    };
    let mut field = String::new();
    let mut rest = quoted.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' if rest.peek() == Some(&'"') => {
                field.push('"');
                rest.next();
            }
            '"' => break,
            other => field.push(other),
        }
    }
    field.trim().to_owned()
}

/// With what a bidder needs beside the code, for letters that are made from it.
fn csv(made: &[NewInvitation], place: &Place<'_>) -> String {
    let mut text = String::from("for,code,expires,coordinator,roster\r\n");
    let digest = place.roster.grouped();
    for line in made {
        let (label, code) = (field(&line.label), line.code.expose());
        let (expires, address) = (line.expires, field(place.address));
        let _ = write!(text, "{label},{code},{expires},{address},{digest}\r\n");
    }
    text
}

/// A field of CSV. A spreadsheet must not take a label for a formula.
fn field(text: &str) -> String {
    let guarded = match text.chars().next() {
        Some('=' | '+' | '-' | '@') => format!("'{text}"),
        _ => text.to_owned(),
    };
    if guarded.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", guarded.replace('"', "\"\""));
    }
    guarded
}

fn table(accounts: &[AccountLine]) -> String {
    if accounts.is_empty() {
        return "There are no accounts yet; `gavel account add NAME --role operator` makes one."
            .to_owned();
    }
    let mut table = Table::new(&["name", "role", "since", "standing", "key"]);
    for account in accounts {
        table.row([
            account.name.clone(),
            account.role.to_string(),
            view::time(account.created),
            if account.disabled.is_some() { "disabled" } else { "good" }.to_owned(),
            account.key.map(|key| key.to_string()).unwrap_or_default(),
        ]);
    }
    table.to_string()
}

fn tell(context: &Context, account: &AccountLine) -> Result<(), Failure> {
    context.output.result(account, || table(std::slice::from_ref(account)))
}

#[cfg(test)]
mod tests {
    use crate::cli::commands::account::*;

    #[test]
    fn an_invitation_is_picked_by_code_id_or_name() {
        let line = |code: &str, label: &str, revoked: bool| InvitationLine {
            digest: code_digest(code),
            label: Some(label.to_owned()),
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

    #[test]
    fn csv_is_read_and_written_as_spreadsheets_do() {
        assert_eq!(first_field("  Ada , ada@example.org"), "Ada");
        assert_eq!(first_field(r#""Lovelace, ""Ada""",x"#), r#"Lovelace, "Ada""#);
        assert_eq!(field("Lovelace, Ada"), "\"Lovelace, Ada\"");
        assert_eq!(field("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.csv");
        std::fs::write(&path, "\u{feff}name,mail\r\nAda,a@x\r\n\r\n\"Bob, Jr\",b@x\r\n").unwrap();
        assert_eq!(labels(&path).unwrap(), ["Ada", "Bob, Jr"]);
        std::fs::write(&path, "name\n").unwrap();
        assert!(labels(&path).is_err());
    }
}
