//! One file per command.

pub mod account;
pub mod backup;
pub mod bench;
pub mod bid;
pub mod completions;
pub mod init;
pub mod login;
pub mod man;
pub mod plan;
pub mod receipt;
pub mod roster;
pub mod rotate;
pub mod serve;
pub mod session;
pub mod tui;
pub mod verify;

use super::args::{Cli, Command};
use super::failure::Failure;
use super::home::Home;
use super::output::Output;

/// What every command gets.
pub struct Context {
    /// How to talk.
    pub output: Output,
    /// Keys, roster, settings, receipts.
    pub home: Home,
}

/// Do what the command line says.
///
/// # Errors
/// One line that says what to change.
pub async fn run(cli: Cli, output: Output) -> Result<(), Failure> {
    crate::transport::tls::install_provider();
    let home = Home::find(cli.global.home.as_deref())?;
    let context = Context { output, home };
    match cli.command {
        Command::Demo(args) => super::demo::run(&context, args).await,
        Command::Init(command) => init::run(&context, command),
        Command::Roster(command) => roster::run(&context, command).await,
        Command::Rotate(args) => rotate::run(&context, &args).await,
        Command::Serve(args) => serve::run(&context, args).await,
        Command::Backup(args) => backup::save(&context, &args).await,
        Command::Restore(args) => backup::restore(&context, &args).await,
        Command::Session(command) => session::run(&context, command).await,
        Command::Account(command) => account::run(&context, command).await,
        Command::Invite(args) => account::invite(&context, args).await,
        Command::Join(args) => login::join(&context, args).await,
        Command::Login(args) => login::login(&context, args).await,
        Command::Logout(args) => login::logout(&context, args).await,
        Command::Bid(args) => bid::run(&context, args).await,
        Command::Receipt(command) => receipt::run(&context, command),
        Command::Tui(args) => tui::run(&context, &args).await,
        Command::Verify(args) => verify::run(&context, &args),
        Command::Bench(command) => bench::run(&context, command).await,
        Command::BenchNode => crate::bench::member::serve().await,
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&context, &args),
    }
}
