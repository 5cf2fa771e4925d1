//! `gavel completions SHELL`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::args::Cli;
use crate::cli::failure::Failure;

/// Print a completion script.
#[derive(Args)]
pub struct CompletionsArgs {
    /// For which shell
    shell: Shell,
}

/// Print the script; `gavel completions bash > ~/.local/share/bash-completion/completions/gavel`.
///
/// # Errors
/// None.
pub fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    clap_complete::generate(args.shell, &mut Cli::command(), "gavel", &mut std::io::stdout());
    Ok(())
}
