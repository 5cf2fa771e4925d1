//! Asking a person at the terminal, or reading one line of standard input.

use std::io::IsTerminal as _;

use zeroize::Zeroizing;

use super::failure::Failure;

/// Ask for something that must not be seen; `None` when nobody sits at a terminal.
pub fn ask(question: &str) -> Option<Result<Zeroizing<String>, Failure>> {
    use std::io::Write as _;
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let terminal = console::Term::stderr();
    let typed =
        terminal.clone().write_all(question.as_bytes()).and_then(|()| terminal.read_secure_line());
    Some(
        typed
            .map(Zeroizing::new)
            .map_err(|error| Failure::new("file", format!("the terminal cannot be read: {error}"))),
    )
}

/// One line of standard input, where nobody sits at a terminal.
///
/// # Errors
/// When standard input is a terminal after all, or there is no line.
pub fn line_of_input(what: &str) -> Result<Zeroizing<String>, Failure> {
    use std::io::BufRead as _;
    if std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "standard error is no terminal to ask for {what} on; pipe it in"
        )));
    }
    // Room for everything at once: a text that grows leaves copies behind.
    let mut line = Zeroizing::new(String::with_capacity(4 << 10));
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::new("file", format!("standard input: {error}")))?;
    if line.trim().is_empty() {
        return Err(Failure::usage(format!(
            "{what} did not come on standard input; write it as one line"
        )));
    }
    Ok(line)
}

/// Ask a question that only "y" or "yes" agrees to. Somebody sits at the terminal.
///
/// # Errors
/// When the terminal cannot be read.
pub fn sure(question: &str) -> Result<bool, Failure> {
    let terminal = console::Term::stderr();
    let asked =
        terminal.write_str(&format!("{question} [y/N] ")).and_then(|()| terminal.read_line());
    match asked {
        Ok(answer) => Ok(matches!(answer.trim(), "y" | "Y" | "yes")),
        Err(error) => Err(Failure::new("file", format!("the terminal cannot be read: {error}"))),
    }
}
