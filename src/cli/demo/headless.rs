//! The demo without screens: progress on standard error, then the result.

use super::folder::Folder;
use super::follow;
use super::players::{self, Player};
use super::prelude::Prelude;
use super::report::{self, DemoResult};
use super::world::{Staging, World};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::write_json;
use crate::cli::session_file::{self, Loaded};
use crate::cli::signal::asked_to_stop;
use crate::cli::told;
use crate::cli::view;
use crate::client::Network;
use crate::identity::key_file::OperatorKeys;
use crate::rules::terms::Admission;
use crate::session::Phase;
use crate::sharing::{NodeIndex, Scheme};
use crate::wire::coordinator_api::NewSession;

/// How long the demo's session stays open at most; it is closed by hand when all bids are in.
const OPEN_FOR: &str = "6h";

/// Play it.
///
/// # Errors
/// Why the session did not settle.
pub async fn run(
    context: &Context,
    play_of: (&Loaded, &Prelude, Vec<Player>),
    (folder, client): (&Folder, Option<&OperatorKeys>),
    (scheme, liar): (Scheme, Option<NodeIndex>),
) -> Result<DemoResult, Failure> {
    let (_, prelude, _) = &play_of;
    let staging = Staging { scheme, liar, delay: None, apart: prelude.scores() };
    let interrupted = || Failure::new("interrupted", "interrupted; the demo's servers are stopped");
    let started = tokio::select! {
        started = World::start(folder.path(), &staging) => started,
        () = asked_to_stop() => Err(interrupted()),
    };
    let mut world = started?;
    let network = world.network.clone();
    let played = tokio::select! {
        played = play(context, play_of, (folder, client), &network) => played,
        failure = world.failed() => Err(failure),
        () = asked_to_stop() => Err(interrupted()),
    };
    world.stop().await;
    played
}

async fn play(
    context: &Context,
    (loaded, prelude, mut players): (&Loaded, &Prelude, Vec<Player>),
    (folder, client): (&Folder, Option<&OperatorKeys>),
    network: &Network,
) -> Result<DemoResult, Failure> {
    let coordinator = network.coordinator();
    let scheme = network.roster().body.scheme;
    context.output.note(format!(
        "{} nodes and a coordinator run on 127.0.0.1; {}",
        scheme.nodes(),
        view::privacy(scheme)
    ));
    let places = folder.path().join(players::BIDDERS);
    let played = prelude.play(context, network, (loaded, &mut players), folder.path()).await?;
    let loaded = played.as_ref().unwrap_or(loaded);
    let new = NewSession {
        file: session_file::terms_only(&loaded.text, Some(OPEN_FOR))?,
        open: true,
        bidders: match loaded.file.shared.admission {
            Admission::Listed | Admission::Open => players::listed(&loaded.file, &players),
            Admission::Accounts => {
                return Err(Failure::new(
                    "bad-terms",
                    "a demo's bidders have no accounts; write admission = \"open\" or \"listed\"",
                ));
            }
        },
    };
    let session = follow::opened(coordinator, coordinator.new_session(&new).await?).await?;
    let announcement = follow::announced(network, session).await?;
    context.output.note(view::terms(&announcement.body.terms).trim_end());

    let bidding = players::bid(network, &announcement, players, &places).await?;
    let settled = follow::settle(network, session).await?;
    if let Some(kept) = folder.kept() {
        write_json(&kept.join("record.json"), &settled.record)?;
    }
    if settled.detail.summary.phase != Phase::Settled {
        return Err(Failure::new("not-settled", "the session did not settle"));
    }
    let told = told::of_demo(network, session, folder.path(), client).await?;
    Ok(report::make(network, &settled, bidding, folder.kept())?.with_told(&told))
}
