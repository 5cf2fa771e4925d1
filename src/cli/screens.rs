//! What the screens are opened with: by `gavel tui`, `gavel serve` and `gavel demo`.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::context::Context;
use super::failure::Failure;
use super::options::{LookOption, PassphraseOption};
use crate::client::state::BidderState;
use crate::identity::key_file::BidderKeys;
use crate::tui::config;
use crate::tui::state::theme::Theme;
use crate::tui::{Me, Options};

/// Whether a person sits at a terminal.
pub fn on_a_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// This home's bidder, if it is one.
///
/// # Errors
/// When its key cannot be read.
pub fn bidder(context: &Context, passphrase: &PassphraseOption) -> Result<Option<Me>, Failure> {
    let settings = context.home.settings()?;
    let Some(person) = settings.bidder else { return Ok(None) };
    let keys = passphrase.load(&context.home.file("bidder.key"), BidderKeys::load)?;
    let state = BidderState::Folder(context.home.file("receipts"));
    Ok(Some(Me { name: person.name, keys: keys.identity, state, pinned: settings.pinned }))
}

/// The screens' options: arguments go before the file, the file before the default.
///
/// # Errors
/// When the file cannot be used.
pub fn options(context: &Context, look: &LookOption) -> Result<Options, Failure> {
    let (tastes, keymap) = config::load(&places(context))?;
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let default = if no_colour { Some(Theme::NoColour) } else { tastes.theme };
    Ok(Options {
        theme: look.theme.or(default).unwrap_or_default(),
        ascii: look.ascii || tastes.ascii.unwrap_or_else(plain_terminal),
        bell: tastes.bell.unwrap_or(true),
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
pub fn plain_terminal() -> bool {
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
