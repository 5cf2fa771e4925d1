//! Starting this program once more: the nodes and servers of a bench are processes of their own.

use std::io;

use tokio::process::Command;

/// What is set for the bench is not meant for the servers that it sets up.
const NOT_INHERITED: [&str; 3] = ["GAVEL_HOME", "GAVEL_DATABASE", "GAVEL_PASSPHRASE"];

/// A command line of this program, without arguments yet. Its process ends with the bench.
///
/// # Errors
/// When the operating system does not tell where the program is.
pub fn again() -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    for variable in NOT_INHERITED {
        command.env_remove(variable);
    }
    command.kill_on_drop(true);
    Ok(command)
}
