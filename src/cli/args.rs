//! What can be typed, and which command does it.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use super::commands::account::{self, AccountCommand};
use super::commands::backup::{self, BackupArgs, RestoreArgs};
use super::commands::bench::{self, BenchCommand};
use super::commands::bid::{self, BidArgs};
use super::commands::completions::{self, CompletionsArgs};
use super::commands::demo::{self, DemoArgs};
use super::commands::init::{self, InitCommand};
use super::commands::invite::{self, InviteArgs};
use super::commands::job::{self, JobCommand};
use super::commands::login::{self, JoinArgs, LoginArgs, LogoutArgs};
use super::commands::man::{self, ManArgs};
use super::commands::model::{self, ModelCommand};
use super::commands::receipt::{self, ReceiptCommand};
use super::commands::roster::{self, RosterCommand};
use super::commands::rotate::{self, RotateArgs};
use super::commands::score::{self, ScoreArgs};
use super::commands::serve::{self, ServeArgs};
use super::commands::session::{self, SessionCommand};
use super::commands::survey::{self, SurveyCommand};
use super::commands::tui::{self, TuiArgs};
use super::commands::variable::{self, VariableCommand};
use super::commands::verify::{self, VerifyArgs};
use super::context::Context;
use super::failure::Failure;
use super::home::Home;
use super::output::Output;

/// Sealed-bid auctions without a trusted auctioneer.
///
/// Several organisations that do not trust each other each run a node. Bids are split so that no
/// node, no coordinator and no t nodes together ever see one; the nodes compute winner and price
/// together, open nothing else, and sign the outcome.
///
/// Start with `gavel demo`.
#[derive(Parser)]
#[command(name = "gavel", version, arg_required_else_help = true, max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 done, 1 failed for a reason that is printed, 2 wrong usage."
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args, Clone)]
pub struct Global {
    /// Standard output is JSON only; its last line is the result object
    #[arg(long, global = true)]
    pub json: bool,
    /// Folder with keys, roster, settings and receipts.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help = "Folder with keys, roster, settings and receipts [default: the variable GAVEL_HOME, \
                or this account's data folder]"
    )]
    pub home: Option<PathBuf>,
    /// More of the log on standard error; repeat for still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// How the log on standard error is written
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

/// Every command.
#[derive(Subcommand)]
pub enum Command {
    /// Play a whole session on this machine: real servers, real bids, a signed outcome
    Demo(DemoArgs),
    /// Make the keys of a node, a coordinator or a bidder
    #[command(subcommand)]
    Init(InitCommand),
    /// Put node cards into a signed roster; look at a roster
    #[command(subcommand)]
    Roster(RosterCommand),
    /// Change the TLS keys of this home's servers and its node's sealing key, or forget earlier ones
    Rotate(RotateArgs),
    /// Run the coordinator, the node, or both, as this home is set up
    Serve(ServeArgs),
    /// Write this home's database, settings and receipts to one file, also while it serves
    Backup(BackupArgs),
    /// Make a home from a backup
    Restore(RestoreArgs),
    /// Write, open, close and watch sessions
    #[command(subcommand)]
    Session(SessionCommand),
    /// Open the screens: auctions, bracket, nodes, bids, log
    Tui(TuiArgs),
    /// Make, list and disable accounts of operators and bidders
    #[command(subcommand)]
    Account(AccountCommand),
    /// Make invitations: one-time codes that become bidders' accounts
    Invite(InviteArgs),
    /// Redeem an invitation
    Join(JoinArgs),
    /// Log in at the coordinator with name and password
    Login(LoginArgs),
    /// End this home's login
    Logout(LogoutArgs),
    /// Bid in a session, or hand in an order for a market
    Bid(BidArgs),
    /// Make, answer and read surveys: statistics of a group, and nothing else of anybody
    #[command(subcommand)]
    Survey(SurveyCommand),
    /// Run jobs: steps over variables that no node knows
    #[command(subcommand)]
    Job(JobCommand),
    /// List and forget the variables that jobs have kept at the nodes
    #[command(subcommand)]
    Variable(VariableCommand),
    /// Models that score sheets of data, whose weights nobody else sees
    #[command(subcommand)]
    Model(ModelCommand),
    /// Have a model score a sheet of data that nobody else sees
    Score(ScoreArgs),
    /// Receipts that the nodes gave for this home's bids
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// Check a session's record offline: receipts, manifest, outcome and every signature
    Verify(VerifyArgs),
    /// Measure the engine: comparisons and whole auctions, between processes over real streams
    #[command(subcommand)]
    Bench(BenchCommand),
    /// One node of `gavel bench`, told what to do on standard input
    #[command(hide = true)]
    BenchNode,
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write the pages of all commands to a folder
    Man(ManArgs),
}

impl Command {
    /// Whether the command takes the terminal over.
    pub fn opens_screens(&self, json: bool) -> bool {
        match self {
            Self::Tui(_) => true,
            Self::Demo(args) => args.opens_screens(json),
            Self::Serve(args) => args.opens_screens(json),
            _ => false,
        }
    }

    /// Whether the command runs until it is stopped and logs what it does.
    pub const fn serves(&self) -> bool {
        matches!(self, Self::Serve(_) | Self::Model(ModelCommand::Serve(_)))
    }
}

impl Cli {
    /// Do what the command line says.
    ///
    /// # Errors
    /// One line that says what to change.
    pub async fn run(self, output: Output) -> Result<(), Failure> {
        crate::transport::tls::install_provider();
        // Read here and not by clap, which would show a variable that is set as an option that is
        // needed.
        let variable = std::env::var_os("GAVEL_HOME").filter(|home| !home.is_empty());
        let given = self.global.home.or_else(|| variable.map(PathBuf::from));
        let home = Home::find(given.as_deref())?;
        let context = Context { output, home };
        match self.command {
            Command::Demo(args) => Box::pin(demo::run(&context, args)).await,
            Command::Init(command) => init::run(&context, command),
            Command::Roster(command) => roster::run(&context, command).await,
            Command::Rotate(args) => rotate::run(&context, &args).await,
            Command::Serve(args) => serve::run(&context, args).await,
            Command::Backup(args) => backup::save(&context, &args).await,
            Command::Restore(args) => backup::restore(&context, &args).await,
            Command::Session(command) => session::run(&context, command).await,
            Command::Account(command) => account::run(&context, command).await,
            Command::Invite(args) => invite::run(&context, args).await,
            Command::Join(args) => login::join(&context, args).await,
            Command::Login(args) => login::login(&context, args).await,
            Command::Logout(args) => login::logout(&context, args).await,
            Command::Bid(args) => bid::run(&context, args).await,
            Command::Survey(command) => survey::run(&context, command).await,
            Command::Job(command) => job::run(&context, command).await,
            Command::Variable(command) => variable::run(&context, command).await,
            Command::Model(command) => model::run(&context, command).await,
            Command::Score(args) => Box::pin(score::run(&context, args)).await,
            Command::Receipt(command) => receipt::run(&context, command).await,
            Command::Tui(args) => tui::run(&context, &args).await,
            Command::Verify(args) => verify::run(&context, &args),
            Command::Bench(command) => bench::run(&context, command).await,
            Command::BenchNode => bench::node().await,
            Command::Completions(args) => completions::run(&args),
            Command::Man(args) => man::run(&context, &args, Self::command()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::args::*;
    use crate::identity::PublicKey;
    use crate::tui::input::table::ROWS;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_key_may_begin_with_a_hyphen() {
        let key = PublicKey::from_bytes([0xf8; 32]).to_string();
        assert!(key.starts_with('-'));
        let words = ["gavel", "account", "add", "ada", "--role", "bidder", "--key", &key];
        assert!(Cli::try_parse_from(words).is_ok());
    }

    #[test]
    fn every_key_of_the_screens_names_a_command_that_exists() {
        for row in ROWS {
            let words: Vec<&str> = row.cli.command().split(' ').collect();
            assert_eq!(words[0], "gavel", "{}", row.name());
            let mut command = Cli::command();
            for word in &words[1..] {
                // Capitals stand for arguments.
                if word.starts_with("--") {
                    let known = command
                        .get_arguments()
                        .any(|argument| argument.get_long() == Some(word.trim_start_matches("--")));
                    assert!(known || *word == "--help", "{}: {word}", row.name());
                } else if word.chars().any(char::is_lowercase) {
                    let found = command.find_subcommand(word).cloned();
                    command = found.unwrap_or_else(|| panic!("{}: {word}", row.name()));
                }
            }
        }
    }
}
