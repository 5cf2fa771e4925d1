//! `gavel tui`: the screens, over a coordinator that runs elsewhere.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::Context;
use crate::base::Clock;
use crate::cli::args::RosterOption;
use crate::cli::failure::Failure;
use crate::cli::login;
use crate::cli::unlock::PassphraseOption;
use crate::client::state::BidderState;
use crate::client::{Network, coordinator};
use crate::identity::key_file::{BidderKeys, CoordinatorKeys, NodeKeys};
use crate::identity::{Digest, Roster, Signed};
use crate::tui::config::{self, ConfigError};
use crate::tui::view::theme::Theme;
use crate::tui::{Connection, Me, Options, TuiError};

/// How the screens look.
#[derive(Args, Clone)]
pub struct LookArgs {
    /// Colours: dark, light, high-contrast, no-colour [default: as in tui.toml, else dark]
    #[arg(long, value_name = "THEME")]
    theme: Option<Theme>,
    /// Draw with ASCII only
    #[arg(long)]
    ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
}

/// Whose auctions to show.
///
/// What you may do follows from the keys in the home folder, or from its login: the coordinator's
/// operators write, open and close sessions, a node's operator watches everything, a bidder bids. Settings and
/// keys can be changed in tui.toml in the home folder.
#[derive(Args)]
pub struct TuiArgs {
    /// The coordinator's host and port [default: as in the roster of the home folder]
    #[arg(long, value_name = "HOST:PORT")]
    connect: Option<String>,
    /// Fingerprint of the coordinator's certificate, from a source you trust; needed with
    /// --connect where the home folder has no roster of this coordinator
    #[arg(long, value_name = "FINGERPRINT", requires = "connect")]
    fingerprint: Option<Digest>,
    /// Switch everything off that changes something
    #[arg(long)]
    read_only: bool,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    roster: RosterOption,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

impl From<TuiError> for Failure {
    fn from(error: TuiError) -> Self {
        let kind = match &error {
            TuiError::Terminal(_) => "no-terminal",
            TuiError::Panicked => "internal",
        };
        Self::new(kind, error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new("bad-settings", error)
    }
}

/// Whether a person sits at a terminal.
pub fn on_a_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Show the screens.
///
/// # Errors
/// When there is no terminal, or roster, keys or settings cannot be used.
pub async fn run(context: &Context, args: &TuiArgs) -> Result<(), Failure> {
    if context.output.json || !on_a_terminal() {
        return Err(Failure::new(
            "no-terminal",
            "the screens need a terminal; `gavel session list --json` and the other commands work without",
        ));
    }
    let roster = roster(context, args).await?;
    let settings = context.home.settings()?;
    let file = |name| context.home.file(name);
    let (mut signer, mut node) = (None, None);
    if settings.coordinator.is_some() {
        let keys = args.passphrase.load(&file("coordinator.key"), CoordinatorKeys::load)?;
        signer = Some(Arc::new(keys.identity));
    } else if settings.node.is_some() {
        let keys = args.passphrase.load(&file("node.key"), NodeKeys::load)?;
        node = roster.body.index_of(&keys.identity.public());
        signer = Some(Arc::new(keys.identity));
    }
    // Without a server's key as whoever is logged in here.
    let network = match signer {
        Some(_) => Network::new(roster, signer, Clock::System)?,
        None => login::network(&context.home, roster).await?,
    };
    let connection = Connection {
        bidder: bidder(context, &args.passphrase)?,
        operator: network.coordinator().is_operator(),
        network,
        node,
    };
    let options = Options {
        read_only: args.read_only,
        connection: Some(connection),
        ..options(context, &args.look)?
    };
    Ok(crate::tui::run(options).await?)
}

/// The roster: fetched where a fingerprint is given, else the home's.
async fn roster(context: &Context, args: &TuiArgs) -> Result<Signed<Roster>, Failure> {
    let address = args
        .connect
        .as_deref()
        .map(|text| text.trim_start_matches("https://").trim_end_matches('/').to_owned());
    if let (Some(address), Some(fingerprint)) = (&address, args.fingerprint) {
        let roster = coordinator::fetch_roster(address, fingerprint).await?;
        return Ok(roster.checked()?);
    }
    let roster = context.home.roster(args.roster.roster.as_deref())?;
    match address {
        Some(address) if address != roster.body.coordinator.address => {
            Err(Failure::usage(format!(
                "the roster here names the coordinator {}, not {address}; add --fingerprint with the fingerprint of its certificate, or name another roster with --roster FILE",
                roster.body.coordinator.address
            )))
        }
        _ => Ok(roster),
    }
}

/// This home's bidder, if it is one.
///
/// # Errors
/// When its key cannot be read.
pub fn bidder(context: &Context, passphrase: &PassphraseOption) -> Result<Option<Me>, Failure> {
    let Some(person) = context.home.settings()?.bidder else { return Ok(None) };
    let keys = passphrase.load(&context.home.file("bidder.key"), BidderKeys::load)?;
    let state = BidderState::Folder(context.home.file("receipts"));
    Ok(Some(Me { name: person.name, keys: keys.identity, state }))
}

/// The screens' options: arguments go before the file, the file before the default.
///
/// # Errors
/// When the file cannot be used.
pub fn options(context: &Context, look: &LookArgs) -> Result<Options, Failure> {
    let (tastes, keymap) = config::load(&places(context))?;
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let default = if no_colour { Some(Theme::NoColour) } else { tastes.theme };
    Ok(Options {
        theme: look.theme.or(default).unwrap_or_default(),
        ascii: look.ascii || tastes.ascii.unwrap_or_else(plain_terminal),
        mouse: !look.no_mouse && tastes.mouse.unwrap_or(true),
        read_only: false,
        keymap,
        records: PathBuf::from("."),
        demo: false,
        simulated_delay: None,
        serves: String::new(),
        connection: None,
        stage: None,
    })
}

/// Terminals that say themselves that they know no Unicode.
fn plain_terminal() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    if set("TERM").is_some_and(|term| term == "linux" || term == "vt100" || term == "dumb") {
        return true;
    }
    set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        !locale.contains("utf") && locale != "c" && locale != "posix"
    })
}

/// Where the file of tastes may be.
fn places(context: &Context) -> Vec<PathBuf> {
    let mut places = vec![context.home.file(config::FILE)];
    if let Some(directories) = directories::ProjectDirs::from("", "", "gavel") {
        places.push(directories.config_dir().join(config::FILE));
    }
    places
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use crate::tui::input::commands::ROWS;

    #[test]
    fn every_key_of_the_screens_names_a_command_that_exists() {
        for row in ROWS {
            let words: Vec<&str> = row.cli.command().split(' ').collect();
            assert_eq!(words[0], "gavel", "{}", row.name());
            let mut command = crate::cli::args::Cli::command();
            for word in &words[1..] {
                // Capitals stand for arguments.
                if word.starts_with("--") {
                    let known = command
                        .get_arguments()
                        .any(|argument| argument.get_long() == Some(word.trim_start_matches("--")));
                    assert!(known || *word == "--help", "{}: {word}", row.name());
                } else if word.chars().any(char::is_lowercase) {
                    let found = command.find_subcommand(word).cloned();
                    command = found.unwrap_or_else(|| panic!("{}: {word}", row.name()));
                }
            }
        }
    }
}
