//! `gavel tui`: the screens, over a coordinator that runs elsewhere.

use std::sync::Arc;

use clap::Args;

use crate::base::Clock;
use crate::cli::context::Context;
use crate::cli::door::HomeDoor;
use crate::cli::failure::Failure;
use crate::cli::options::{LookOption, PassphraseOption, RosterOption, host_and_port};
use crate::cli::screens;
use crate::client::{Network, rosters};
use crate::identity::key_file::{CoordinatorKeys, NodeKeys};
use crate::identity::{Digest, Roster, Signed, Statement as _};
use crate::tui::{Connection, Options};

/// Whose auctions to show.
///
/// What you may do follows from the keys in the home folder, or from its login: the coordinator's
/// operators write, open and close sessions, a node's operator watches everything, a bidder bids.
/// Settings and keys can be changed in tui.toml in the home folder.
#[derive(Args)]
pub struct TuiArgs {
    /// The coordinator's host and port [default: as in the roster of the home folder]
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    connect: Option<String>,
    /// The roster's digest, as a node's operator tells it; needed with --connect where the home
    /// folder has no roster of this coordinator
    #[arg(long, value_name = "DIGEST", requires = "connect", value_parser = Digest::typed)]
    digest: Option<Digest>,
    /// Switch everything off that changes something
    #[arg(long)]
    read_only: bool,
    #[command(flatten)]
    look: LookOption,
    #[command(flatten)]
    roster: RosterOption,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

/// Show the screens.
///
/// # Errors
/// When there is no terminal, or roster, keys or settings cannot be used.
pub async fn run(context: &Context, args: &TuiArgs) -> Result<(), Failure> {
    if context.output.json || !screens::on_a_terminal() {
        return Err(Failure::new(
            "no-terminal",
            "the screens need a terminal; `gavel session list --json` and the other commands work without",
        ));
    }
    let roster = roster(context, args).await?;
    let fetched = args.digest.map(|_| roster.body.digest());
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
    let mut bidder = screens::bidder(context, &args.passphrase)?;
    if let Some(me) = &mut bidder {
        me.pinned.extend(fetched);
    }
    let connection = if signer.is_some() {
        let network = Network::new(roster, signer, Clock::System)?;
        let operator = network.coordinator().is_operator();
        Connection { network, operator, node, bidder, login: None, door: None }
    } else {
        // Without a server's key as whoever is logged in here.
        HomeDoor::new(context.home.clone(), roster, bidder).enter().await?
    };
    let options = Options {
        read_only: args.read_only,
        connection: Some(connection),
        ..screens::options(context, &args.look)?
    };
    Ok(crate::tui::run(options).await?)
}

/// The roster: fetched where its digest is given, else the home's.
async fn roster(context: &Context, args: &TuiArgs) -> Result<Signed<Roster>, Failure> {
    if let (Some(address), Some(digest)) = (&args.connect, args.digest) {
        return Ok(rosters::fetch_roster(address, digest).await?);
    }
    let roster = context.home.roster(args.roster.roster.as_deref())?;
    match &args.connect {
        Some(address) if *address != roster.body.coordinator.address => {
            Err(Failure::usage(format!(
                "the roster here names the coordinator {}, not {address}; add --digest with the digest of its roster, or name another roster with --roster FILE",
                roster.body.coordinator.address
            )))
        }
        _ => Ok(roster),
    }
}
