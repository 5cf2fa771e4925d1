//! What can be typed.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use super::commands::{
    account::{AccountCommand, InviteArgs},
    backup::{BackupArgs, RestoreArgs},
    bench::BenchCommand,
    bid::BidArgs,
    completions::CompletionsArgs,
    init::InitCommand,
    login::{JoinArgs, LoginArgs, LogoutArgs},
    man::ManArgs,
    receipt::ReceiptCommand,
    roster::RosterCommand,
    rotate::RotateArgs,
    serve::ServeArgs,
    session::SessionCommand,
    tui::TuiArgs,
    verify::VerifyArgs,
};
use super::demo::DemoArgs;
use super::failure::Failure;
use super::home::{Home, Settings};
use crate::storage::Address;

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
    /// Folder with keys, roster, settings and receipts [default: this account's data folder]
    #[arg(long, global = true, env = "GAVEL_HOME", value_name = "DIR")]
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
    /// Play a whole auction on this machine: real servers, real bids, a signed outcome
    Demo(DemoArgs),
    /// Make the keys of a node, a coordinator or a bidder
    #[command(subcommand)]
    Init(InitCommand),
    /// Put node cards into a signed roster; look at a roster
    #[command(subcommand)]
    Roster(RosterCommand),
    /// Change a node's TLS and sealing keys, or forget the earlier ones
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
    /// Bid in a session
    Bid(BidArgs),
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
        matches!(self, Self::Serve(_))
    }
}

/// How to reach the coordinator: by the roster.
#[derive(Args, Clone)]
pub struct RosterOption {
    /// The roster [default: roster.json in the home folder]
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
}

/// Where the store is.
#[derive(Args, Clone, Default)]
pub struct DatabaseOption {
    /// A file, or a server's URL.
    #[arg(
        long,
        env = "GAVEL_DATABASE",
        hide_env_values = true,
        value_name = "URL|FILE",
        help = "A file, or postgres://user@host/database [default: as gavel.toml says, else \
                gavel.db in the home folder]"
    )]
    pub database: Option<String>,
}

impl DatabaseOption {
    /// The address: as asked for, as set up, or the home's own file.
    ///
    /// # Errors
    /// When it is no address.
    pub fn address(&self, home: &Home, settings: &Settings) -> Result<Address, Failure> {
        // What is typed is meant from where it is typed.
        let (text, folder) = match (&self.database, &settings.database) {
            (Some(text), _) => (text.as_str(), Path::new("")),
            (None, Some(text)) => (text.as_str(), home.directory()),
            (None, None) => ("gavel.db", home.directory()),
        };
        Address::parse(text, folder).map_err(Failure::usage)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
