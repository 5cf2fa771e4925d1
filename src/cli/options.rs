//! Options that several commands have, and what follows from them.
//!
//! A passphrase comes from `--passphrase-file`, else from the variable `GAVEL_PASSPHRASE`, else
//! from a hidden prompt on a terminal. It is wiped after use and never an argument, where other
//! users of the machine could see it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::context::Context;
use super::failure::Failure;
use super::home::{Home, OPERATOR_KEY, Settings, read_text};
use super::login;
use super::prompt::{ask, line_of_input};
use super::session_file;
use crate::base::Clock;
use crate::client::Network;
use crate::identity::key_file::{CoordinatorKeys, KeyFileError, NodeKeys, OperatorKeys};
use crate::identity::roster::{RosterError, check_address};
use crate::identity::{KeyPair, PublicKey, Roster, Signed};
use crate::rules::job::StoredVariable;
use crate::rules::{OperatorKey, Terms};
use crate::sharing::Scheme;
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::sets;
use crate::storage::Address;
use crate::tui::state::theme::Theme;
use crate::wire::account_api::Secret;

/// Which roster.
#[derive(Args, Clone)]
pub struct RosterOption {
    /// The roster [default: roster.json in the home folder]
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
}

/// A server's place as it is typed: host and port, whether or not a browser's `https://` and `/`
/// are around them.
///
/// # Errors
/// When one of the two is missing.
pub fn host_and_port(text: &str) -> Result<String, RosterError> {
    let place = text.trim_start_matches("https://").trim_end_matches('/');
    check_address(place).map(|()| place.to_owned())
}

/// Where the store is.
#[derive(Args, Clone, Default)]
pub struct DatabaseOption {
    /// A file, or a server's URL.
    #[arg(
        long,
        value_name = "URL|FILE",
        help = "A file, or postgres://user@host/database [default: the variable GAVEL_DATABASE, \
                else as gavel.toml says, else gavel.db in the home folder]"
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
        let variable = std::env::var("GAVEL_DATABASE").ok().filter(|text| !text.is_empty());
        let typed = self.database.clone().or(variable);
        let (text, folder) = match (&typed, &settings.database) {
            (Some(text), _) => (text.as_str(), Path::new("")),
            (None, Some(text)) => (text.as_str(), home.directory()),
            (None, None) => ("gavel.db", home.directory()),
        };
        Address::parse(text, folder).map_err(Failure::usage)
    }
}

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
    /// What was typed, for when the file is read again; wiped with the process.
    #[arg(skip)]
    typed: Arc<OnceLock<SecretString>>,
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

    /// The passphrase that is given, or was typed before.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn known(&self) -> Result<Option<SecretString>, Failure> {
        Ok(self.given()?.or_else(|| self.typed.get().cloned()))
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
                if let Some(Ok(keys)) = self.typed.get().map(|typed| read(path, Some(typed))) {
                    return Ok(keys);
                }
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
                let keys = read(path, Some(&typed))?;
                // Another file's passphrase, typed before, stays the one that is known.
                let _ = self.typed.set(typed);
                Ok(keys)
            }
            other => Ok(other?),
        }
    }
}

fn nobody_to_ask() -> Failure {
    Failure::usage(format!(
        "there is no terminal to ask for a passphrase on; give it with --passphrase-file FILE or in {VARIABLE}"
    ))
}

/// An account's password.
///
/// Asked for without showing it; where standard input is no terminal, read from it as one line.
#[derive(Args, Default)]
pub struct PasswordOption {
    /// Read the password from the first line of a file instead
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordOption {
    /// A password that exists.
    ///
    /// # Errors
    /// When there is nobody to ask and nothing to read.
    pub fn existing(&self, question: &str) -> Result<Secret, Failure> {
        if let Some(path) = &self.password_file {
            let text = Zeroizing::new(read_text(path)?);
            return Ok(Secret::new(text.lines().next().unwrap_or_default()));
        }
        let typed = match ask(question) {
            Some(typed) => typed?,
            None => line_of_input("the password")?,
        };
        Ok(Secret::new(typed.trim_end_matches(['\r', '\n'])))
    }

    /// A new password; a person is asked twice.
    ///
    /// # Errors
    /// When there is nobody to ask, or the two do not agree.
    pub fn new_one(&self, question: &str) -> Result<Secret, Failure> {
        let first = self.existing(question)?;
        if self.password_file.is_some() {
            return Ok(first);
        }
        if let Some(second) = ask("The same again: ")
            && second?.as_str() != first.expose()
        {
            return Err(Failure::usage("the two passwords differ; nothing was done"));
        }
        Ok(first)
    }
}

/// How to reach the coordinator and who asks.
#[derive(Args)]
pub struct Reach {
    #[command(flatten)]
    roster: RosterOption,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

impl Reach {
    /// What opens this home's keys.
    pub const fn passphrase(&self) -> &PassphraseOption {
        &self.passphrase
    }

    /// The roster's file, where one is given.
    pub fn roster_file(&self) -> Option<&Path> {
        self.roster.roster.as_deref()
    }

    /// What stays at the nodes, where a session file names any of it; told to those who run the
    /// system.
    ///
    /// # Errors
    /// When the file cannot be read, or the coordinator does not tell.
    pub async fn stored(
        &self,
        context: &Context,
        file: &Path,
    ) -> Result<Option<Vec<StoredVariable>>, Failure> {
        if !session_file::names_stored(file)? {
            return Ok(None);
        }
        let stored = self.as_anyone(context).await?.coordinator().variables().await?;
        Ok(Some(stored.into_iter().map(|line| line.variable).collect()))
    }

    /// Connections as the coordinator's operator: by its key, or by a login.
    ///
    /// # Errors
    /// When this home has neither.
    pub async fn as_operator(&self, context: &Context) -> Result<Network, Failure> {
        let path = context.home.file("coordinator.key");
        if !path.exists() {
            let roster = self.roster(context)?;
            return login::operator(&context.home, &roster)
                .await?
                .ok_or_else(|| crate::client::ClientError::NotTheOperator.into());
        }
        let keys = self.passphrase.load(&path, CoordinatorKeys::load)?;
        self.network(context, Some(keys.identity))
    }

    /// Connections as the operator of this home's node, and the node's key.
    ///
    /// # Errors
    /// When this is no node's home.
    pub fn as_node(&self, context: &Context) -> Result<(Network, PublicKey), Failure> {
        let path = context.home.file("node.key");
        if !path.exists() {
            return Err(Failure::new(
                "no-keys",
                format!(
                    "{} is not a node's home; name the right one with --home",
                    context.home.directory().display()
                ),
            ));
        }
        let keys = self.passphrase.load(&path, NodeKeys::load)?;
        let own = keys.identity.public();
        Ok((self.network(context, Some(keys.identity))?, own))
    }

    /// Connections as whoever this home is, as far as its keys open without asking.
    ///
    /// # Errors
    /// When there is no roster, or the login is over.
    pub async fn as_anyone(&self, context: &Context) -> Result<Network, Failure> {
        let given = self.passphrase.given()?;
        let file = |name| context.home.file(name);
        let keys = CoordinatorKeys::load(&file("coordinator.key"), given.as_ref())
            .map(|keys| keys.identity)
            .or_else(|_| {
                NodeKeys::load(&file("node.key"), given.as_ref()).map(|keys| keys.identity)
            });
        match keys {
            Ok(keys) => self.network(context, Some(keys)),
            Err(_) => login::network(&context.home, self.roster(context)?).await,
        }
    }

    /// The key that opens what nodes disclose to this home.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened.
    pub fn operator_keys(&self, context: &Context) -> Result<OperatorKeys, Failure> {
        let path = context.home.file(OPERATOR_KEY);
        if !path.exists() {
            return Err(Failure::new(
                "no-operator-key",
                format!(
                    "there is no {}: what the nodes disclose is for the home that wrote the session \
                     with `gavel session new`; use that home (--home DIR), or put its {OPERATOR_KEY} \
                     here from a backup",
                    path.display()
                ),
            ));
        }
        self.passphrase.load(&path, OperatorKeys::load)
    }

    /// The same key where this home has one that opens without asking anybody.
    pub fn open_operator_keys(&self, context: &Context) -> Option<OperatorKeys> {
        let given = self.passphrase.given().ok()?;
        OperatorKeys::load(&context.home.file(OPERATOR_KEY), given.as_ref()).ok()
    }

    /// The keys of this home's node, where it is a node's; best asked before others, for it may ask for
    /// the passphrase.
    ///
    /// # Errors
    /// When they cannot be opened.
    pub fn node_keys(&self, context: &Context) -> Result<Option<NodeKeys>, Failure> {
        let path = context.home.file("node.key");
        if !path.exists() {
            return Ok(None);
        }
        self.passphrase.load(&path, NodeKeys::load).map(Some)
    }

    /// The public half of that key, which is made where there is none: under the passphrase that is
    /// given, or that of the coordinator's key.
    ///
    /// # Errors
    /// When a key file cannot be opened or written.
    pub fn own_operator_key(&self, context: &Context) -> Result<OperatorKey, Failure> {
        let home = &context.home;
        let path = home.file(OPERATOR_KEY);
        if path.exists() {
            return Ok(self.operator_keys(context)?.public());
        }
        let coordinator = home.file("coordinator.key");
        if coordinator.exists() {
            self.passphrase.load(&coordinator, CoordinatorKeys::load)?;
        }
        let keys = OperatorKeys::generate()?;
        home.create()?;
        keys.save(&path, self.passphrase.known()?.as_ref())?;
        context.output.note(format!(
            "{} is new: what participants alone are told is disclosed to it, and to nothing else; \
             keep a backup of it",
            path.display()
        ));
        Ok(keys.public())
    }

    /// The roster.
    ///
    /// # Errors
    /// When there is none.
    pub fn roster(&self, context: &Context) -> Result<Signed<Roster>, Failure> {
        context.home.roster(self.roster.roster.as_deref())
    }

    fn network(&self, context: &Context, keys: Option<KeyPair>) -> Result<Network, Failure> {
        let roster = self.roster(context)?;
        Ok(Network::new(roster, keys.map(Arc::new), Clock::System)?)
    }
}

/// How something is handed in.
#[derive(Args)]
pub struct HandInOptions {
    /// Seconds to try until the coordinator answers and a session that is paused goes on, and then
    /// until enough receipts are in
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub wait: u64,
    /// To whom.
    #[command(flatten)]
    pub roster: RosterOption,
    /// What opens the participant's keys.
    #[command(flatten)]
    pub passphrase: PassphraseOption,
}

impl HandInOptions {
    /// Connections as the coordinator's operator, who hands in as well.
    ///
    /// # Errors
    /// When this home is no operator's.
    pub async fn as_operator(&self, context: &Context) -> Result<Network, Failure> {
        self.reach().as_operator(context).await
    }

    /// How to reach the coordinator.
    pub fn reach(&self) -> Reach {
        let (roster, passphrase) = (self.roster.clone(), self.passphrase.clone());
        Reach { roster, passphrase }
    }
}

/// How the screens look.
#[derive(Args, Clone)]
pub struct LookOption {
    /// Colours: dark, light, high-contrast, no-colour [default: as in tui.toml, else dark]
    #[arg(long, value_name = "THEME")]
    pub theme: Option<Theme>,
    /// Draw with ASCII only
    #[arg(long)]
    pub ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    pub no_mouse: bool,
}

impl ValueEnum for Form {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Bits, Self::Numbers]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Bits => "Replicated bits",
            Self::Numbers => "Shamir shares and the comparison of the paper of 2008",
            Self::Sums => "Additive shares, which are added up and nothing else",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

impl ValueEnum for Security {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Active, Self::Passive]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Active => "Up to t nodes may do anything; every gate is checked",
            Self::Passive => "Nodes are curious, but compute what they should",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

/// The highest threshold t that this number of nodes allows an auction: n is at least 2t+1. Of two
/// nodes, which can only add, the one that there is.
pub const fn highest_threshold(nodes: u8) -> u8 {
    if nodes == 2 { 1 } else { sets::highest_threshold(nodes) }
}

/// The scheme of so many nodes for a session with these terms.
///
/// # Errors
/// When the two do not go together; says which do.
pub fn scheme_for(terms: &Terms, nodes: u8, threshold: u8) -> Result<Scheme, Failure> {
    if terms.question.as_survey().is_none() {
        return Ok(Scheme::new(nodes, threshold)?);
    }
    let scheme = Scheme::any(nodes, threshold)?;
    terms.check_nodes(scheme)?;
    Ok(scheme)
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
