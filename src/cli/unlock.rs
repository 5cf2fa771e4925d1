//! Key files and the passphrases they may be under.
//!
//! A passphrase comes from `--passphrase-file`, else from the variable `GAVEL_PASSPHRASE`, else
//! from a hidden prompt on a terminal. It is wiped after use and never an argument, where other
//! users of the machine could see it.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::home::read_text;
use crate::identity::key_file::KeyFileError;

/// The variable that may hold the passphrase.
const VARIABLE: &str = "GAVEL_PASSPHRASE";

/// How to open a key file that is under a passphrase.
#[derive(Args, Clone, Default)]
pub struct PassphraseOption {
    /// Where the passphrase is, in the first line.
    #[arg(
        long,
        value_name = "FILE",
        help = "Read the key file's passphrase from the first line of a file [default: the \
                variable GAVEL_PASSPHRASE, or a hidden prompt]"
    )]
    pub passphrase_file: Option<PathBuf>,
}

impl PassphraseOption {
    /// The passphrase, if one is given without asking anybody.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn given(&self) -> Result<Option<SecretString>, Failure> {
        if let Some(path) = &self.passphrase_file {
            let text = Zeroizing::new(read_text(path)?);
            return Ok(Some(text.lines().next().unwrap_or_default().into()));
        }
        Ok(std::env::var(VARIABLE).ok().map(SecretString::from))
    }

    /// A passphrase for new keys: given, or asked for twice.
    ///
    /// # Errors
    /// When there is nobody to ask, or the two do not agree.
    pub fn for_new_keys(&self) -> Result<SecretString, Failure> {
        if let Some(given) = self.given()? {
            return Ok(given);
        }
        let first = ask("Passphrase for the key file: ").ok_or_else(nobody_to_ask)??;
        let second = ask("The same again: ").ok_or_else(nobody_to_ask)??;
        if *first != *second {
            return Err(Failure::usage("the two passphrases differ; nothing was written"));
        }
        Ok(first.as_str().into())
    }

    /// Read a key file, asking for its passphrase where it has one.
    ///
    /// # Errors
    /// What is wrong with the file or the passphrase.
    pub fn load<K>(
        &self,
        path: &Path,
        read: impl Fn(&Path, Option<&SecretString>) -> Result<K, KeyFileError>,
    ) -> Result<K, Failure> {
        let given = self.given()?;
        match read(path, given.as_ref()) {
            Err(KeyFileError::NeedsPassphrase { .. }) => {
                let question = format!("Passphrase of {}: ", path.display());
                let typed = ask(&question).ok_or_else(|| {
                    Failure::new(
                        "needs-passphrase",
                        format!(
                            "the keys in {} are under a passphrase; give it with --passphrase-file FILE or in {VARIABLE}",
                            path.display()
                        ),
                    )
                })??;
                let typed = SecretString::from(typed.as_str());
                Ok(read(path, Some(&typed))?)
            }
            other => Ok(other?),
        }
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let kind = match &error {
            KeyFileError::NotFound { .. } => "no-keys",
            KeyFileError::Exists { .. } => "keys-exist",
            KeyFileError::Permissions { .. } => "key-permissions",
            KeyFileError::NeedsPassphrase { .. } => "needs-passphrase",
            KeyFileError::WrongPassphrase { .. } => "wrong-passphrase",
            _ => "bad-keys",
        };
        Self::new(kind, error)
    }
}

fn nobody_to_ask() -> Failure {
    Failure::usage(format!(
        "there is no terminal to ask for a passphrase on; give it with --passphrase-file FILE or in {VARIABLE}"
    ))
}

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
    let mut line = Zeroizing::new(String::new());
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

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use crate::cli::unlock::*;

    #[test]
    fn the_first_line_of_a_file_is_the_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        std::fs::write(&path, "correct horse\nsecond line\n").unwrap();
        let option = PassphraseOption { passphrase_file: Some(path) };
        assert_eq!(option.given().unwrap().unwrap().expose_secret(), "correct horse");
    }
}
