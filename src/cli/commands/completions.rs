//! `gavel completions SHELL`.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::cli::failure::Failure;

/// Print a completion script.
#[derive(Args)]
pub struct CompletionsArgs {
    /// For which shell
    shell: Shell,
}

/// Print the script for the whole command line. For bash it belongs into a file such as
/// `~/.local/share/bash-completion/completions/gavel`.
///
/// # Errors
/// None.
pub fn run(args: &CompletionsArgs, command: &mut Command) -> Result<(), Failure> {
    clap_complete::generate(args.shell, command, "gavel", &mut std::io::stdout());
    Ok(())
}
