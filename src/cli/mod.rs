//! The command line: commands, text and JSON output.
//!
//! - [`args`]: what can be typed, and which command does it
//! - [`commands`]: one file per command
//! - [`demo`]: a whole auction on this machine, for `gavel demo`
//! - [`options`]: options that several commands have
//! - [`complete`]: what a shell offers for a session
//! - [`course`]: how far a score is, as people and scripts are told
//! - [`context`]: what every command gets: the home and the output
//! - [`home`]: the folder with keys, roster, settings and receipts
//! - [`login`]: the login that this home keeps
//! - [`door`]: how somebody logs in from the screens
//! - [`session_file`]: session files, with errors that name the line
//! - [`archive`]: the format of a backup file
//! - [`servers`]: nodes and a coordinator in this process
//! - [`earlier`]: sessions that go on under an earlier roster
//! - [`metrics`]: the port that serves their metrics to Prometheus
//! - [`signal`]: being asked to stop
//! - [`rosters`]: the next roster, for servers that run
//! - [`next_roster`]: the roster that a job hands stored variables over to
//! - `screens`: what the screens are opened with
//! - [`answer`]: what a session decided, as text and JSON
//! - [`told`]: what a job told this home alone
//! - [`market`]: the same of a market
//! - [`roll`]: people read from a file
//! - [`score`]: having a model score a sheet, and what came of it
//! - [`data_sheet`]: a sheet of data for a model
//! - [`sheet`]: tables in files: CSV, XLSX, ODS
//! - [`models`]: the models of a home, and the files that they come from
//! - [`order`]: an order for a market, from options or a table
//! - [`survey`]: surveys: results and forms
//! - [`view`]: sessions as text: the list, terms, details, progress
//! - [`news`]: a session's events as lines of text
//! - [`figures`]: what `gavel bench` measured, as tables
//! - [`prompt`]: asking a person
//! - [`progress`]: progress on standard error
//! - [`output`]: where results and remarks are written
//! - [`failure`]: why a command failed, with exit status and `type`
//!
//! With `--json` standard output is JSON only and its last line is the result, or
//! `{"error":{"type":…,"detail":…}}`. Exit status: 0 done, 1 failed for a reason that is printed,
//! 2 wrong usage.

pub mod answer;
pub mod archive;
pub mod args;
pub mod commands;
pub mod complete;
pub mod context;
pub mod course;
pub mod data_sheet;
pub mod demo;
pub mod door;
pub mod earlier;
pub mod failure;
pub mod figures;
pub mod home;
pub mod job;
pub mod login;
pub mod market;
pub mod metrics;
pub mod models;
pub mod news;
pub mod next_roster;
pub mod options;
pub mod order;
pub mod output;
pub mod progress;
pub mod prompt;
pub mod roll;
pub mod rosters;
pub mod score;
mod screens;
pub mod servers;
pub mod session_file;
pub mod sheet;
pub mod signal;
pub mod survey;
pub mod told;
pub mod view;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use clap_complete::CompleteEnv;

use crate::base::memory;
use args::{Cli, LogFormat};
use commands::completions::VARIABLE;
use failure::Failure;
use output::Output;

/// Parse the command line and do what it says.
pub fn run() -> ExitCode {
    // A shell that wants completions gets them, and nothing else happens.
    CompleteEnv::with_factory(Cli::command).var(VARIABLE).complete();
    let words: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => return wrong_usage(&words, &error),
    };
    let output = Output { json: cli.global.json };
    start_log(&cli);
    memory::keep_room();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // What computes may take long at a stretch: links are looked after often all the same.
        .event_interval(5)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            output.failure(&Failure::new("internal", format!("no threads to run on: {error}")));
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(cli.run(output));
    // A prompt or a lookup that still blocks a thread must not hold the program up.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_status())
        }
    }
}

/// Help and version go to standard output with status 0; everything else is wrong usage.
fn wrong_usage(words: &[OsString], error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.exit_code() == 0 {
        return ExitCode::SUCCESS;
    }
    // The first line of clap's text is the message; usage and tips follow it.
    if words.iter().any(|word| word == "--json") {
        let text = error.to_string();
        let message = text.lines().next().unwrap_or("wrong usage");
        let failure = Failure::usage(message.trim_start_matches("error: "));
        let _ = Output { json: true }.json_text(&failure.to_json());
    }
    ExitCode::from(2)
}

/// Logs go to standard error; `RUST_LOG` overrides `-v`.
fn start_log(cli: &Cli) {
    use std::io::IsTerminal as _;
    use tracing_subscriber::EnvFilter;

    let terminal = std::io::stderr().is_terminal();
    if terminal && cli.command.opens_screens(cli.global.json) {
        // Log lines would be written over the screens; `2> FILE` keeps them.
        return;
    }
    let level = match (cli.global.verbose, cli.command.serves()) {
        (0, false) => "off",
        (0, true) => "gavel=info,warn",
        (1, false) => "warn,gavel=info",
        (1, true) | (2, _) => "gavel=debug,info",
        _ => "gavel=trace,debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let colours = terminal && std::env::var_os("NO_COLOR").is_none();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false);
    let _ = match cli.global.log_format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
}
