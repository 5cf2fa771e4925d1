//! `gavel completions SHELL`.

use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use crate::cli::failure::Failure;

/// The variable by which a shell's script says that it wants completions, and for which shell.
pub const VARIABLE: &str = "GAVEL_COMPLETE";

/// Print a completion script.
///
/// The script runs `gavel` again for what was typed so far, so it always fits the program; for a
/// session it offers those that the coordinator lists.
#[derive(Args)]
pub struct CompletionsArgs {
    /// For which shell
    shell: Shell,
}

/// Print the script for the whole command line. For bash it belongs into a file such as
/// `~/.local/share/bash-completion/completions/gavel`.
///
/// # Errors
/// When standard output cannot take it.
pub fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::new("internal", format!("no completions for {}: {error}", args.shell))
    };
    let shells = Shells::builtins();
    let shell = args.shell.to_string();
    let completer = shells.completer(&shell).ok_or_else(|| wrong(&"unknown shell"))?;
    let mut stdout = std::io::stdout().lock();
    completer
        .write_registration(VARIABLE, "gavel", "gavel", "gavel", &mut stdout)
        .map_err(|error| wrong(&error))
}
