//! The demo on the screens: the bidders trickle in over the time, the viewer may bid, closes with a
//! key or waits, and sees the result. With `--auto` everything happens by itself.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::folder::Folder;
use super::follow;
use super::players::{self, Bidding, Player, Ranks, Refused};
use super::report::{self, DemoResult};
use super::world::World;
use crate::base::time::parse_duration;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{create_private, write_json};
use crate::cli::options::LookOption;
use crate::cli::output::clean;
use crate::cli::screens;
use crate::cli::session_file::{self, Loaded};
use crate::client::Network;
use crate::client::bid;
use crate::client::state::BidderState;
use crate::identity::{KeyPair, Statement as _};
use crate::node;
use crate::rules::terms::Admission;
use crate::session::{Phase, SessionId};
use crate::sharing::{NodeIndex, Scheme};
use crate::tui::state::screen::Screen;
use crate::tui::view::text;
use crate::tui::{Connection, Cue, Me, Options, Staged};
use crate::wire::coordinator_api::{self, NewSession, SessionDetail};

/// Longest time that bidding goes on, at the usual speed.
const LONGEST: Duration = Duration::from_secs(180);

/// The same, when everything happens by itself.
const AUTO: Duration = Duration::from_secs(20);

/// Of the time, the bidders come within so much.
const WITHIN: f64 = 0.6;

/// What every message between nodes is held back by, so that the computation can be watched: as on
/// a line around half the world. The screens say so.
const HELD_BACK: Duration = Duration::from_millis(60);

/// How often the phase is looked at.
const POLL: Duration = Duration::from_millis(250);

/// How long a scene of `--auto` stays.
const SCENE: Duration = Duration::from_secs(4);

/// How fast it goes, and by whom.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pace {
    /// So many times as fast.
    pub speed: f64,
    /// Without keys, to the end.
    pub auto: bool,
}

/// What is played.
struct Play {
    file: String,
    listed: bool,
    players: Vec<Player>,
    places: PathBuf,
    kept: Option<PathBuf>,
    scheme: Scheme,
    liar: Option<NodeIndex>,
    window: Duration,
    pace: Pace,
    you: Me,
}

/// Play it on the screens.
///
/// # Errors
/// When the terminal or the servers' folder cannot be used.
pub async fn run(
    context: &Context,
    look: &LookOption,
    pace: Pace,
    loaded: &Loaded,
    players: Vec<Player>,
    folder: Folder,
    (scheme, liar): (Scheme, Option<NodeIndex>),
) -> Result<(), Failure> {
    let (sender, stage) = tokio::sync::mpsc::channel(64);
    let options = Options {
        demo: true,
        simulated_delay: Some(HELD_BACK.div_f64(pace.speed)),
        stage: Some(stage),
        records: std::env::current_dir().unwrap_or_default(),
        ..screens::options(context, look)?
    };
    let play = Play {
        file: session_file::terms_only(&loaded.text, None)?,
        listed: loaded.file.shared.admission == Admission::Listed,
        you: you(&players, &folder)?,
        players,
        places: folder.path().join("bidders"),
        kept: folder.kept().map(Into::into),
        scheme,
        liar,
        window: window(&loaded.file.shared.bids_until, pace),
        pace,
    };
    let stop = CancellationToken::new();
    let place = folder.path().to_owned();
    let staged = tokio::spawn(direct(play, place, sender, stop.clone()));
    let ended = crate::tui::run(options).await;
    stop.cancel();
    let staged = staged.await.map_err(|error| Failure::new("internal", error))?;
    ended?;
    if let Some(result) = staged? {
        let columns = console::Term::stdout().size().1;
        let text = text::wrap(&result.paragraph(), usize::from(columns.clamp(40, 100)));
        context.output.result(&result, || text.join("\n"))
    } else {
        context.output.note(
            "The demo was left before the auction was decided; its servers are stopped, and no amount was opened.",
        );
        Ok(())
    }
}

/// The viewer as a bidder, under a name that nobody else has.
fn you(players: &[Player], folder: &Folder) -> Result<Me, Failure> {
    let mut name = "you".to_owned();
    while players.iter().any(|player| player.name() == name) {
        name.push('+');
    }
    let state = BidderState::Folder(folder.path().join("bidders").join("you").join("receipts"));
    Ok(Me { name, keys: KeyPair::generate()?, state, pinned: Vec::new() })
}

/// How long bidding goes on: as the file says where that is a duration, within bounds.
fn window(until: &str, pace: Pace) -> Duration {
    let said = parse_duration(until).map(|millis| Duration::from_millis(millis.unsigned_abs()));
    let most = if pace.auto { AUTO } else { LONGEST };
    said.unwrap_or(most).min(most).div_f64(pace.speed).max(Duration::from_secs(2))
}

/// Start the servers, play, and stop them when the screens close.
async fn direct(
    play: Play,
    place: PathBuf,
    stage: Sender<Staged>,
    stop: CancellationToken,
) -> Result<Option<DemoResult>, Failure> {
    let starting = format!("starting {} nodes and a coordinator", play.scheme.nodes());
    cue(&stage, Cue::Starting(starting)).await;
    let options = node::Options {
        simulated_delay: Some(HELD_BACK.div_f64(play.pace.speed)),
        ..node::Options::default()
    };
    let mut world = tokio::select! {
        world = World::start(&place, play.scheme, options, play.liar) => match world {
            Ok(world) => world,
            Err(failure) => {
                cue(&stage, Cue::Finish).await;
                return Err(failure);
            }
        },
        () = stop.cancelled() => return Ok(None),
    };
    let network = world.network.clone();
    let mut result = None;
    let played = tokio::select! {
        played = acts(play, &network, &stage, &mut result) => played,
        failure = world.failed() => Err(failure),
        () = stop.cancelled() => Ok(()),
    };
    if let Err(failure) = &played {
        cue(&stage, Cue::Trouble(failure.detail.clone())).await;
    }
    stop.cancelled().await;
    world.stop().await;
    Ok(result)
}

async fn cue(stage: &Sender<Staged>, cue: Cue) {
    // A viewer who has left needs no cues.
    let _ = stage.send(Staged::Cue(cue)).await;
}

async fn acts(
    play: Play,
    network: &Network,
    stage: &Sender<Staged>,
    result: &mut Option<DemoResult>,
) -> Result<(), Failure> {
    let pace = |scene: Duration| tokio::time::sleep(scene.div_f64(play.pace.speed));
    let connection = Connection {
        network: network.clone(),
        operator: true,
        node: None,
        bidder: Some(Me { pinned: vec![network.roster().body.digest()], ..play.you.clone() }),
        login: None,
        door: None,
    };
    let _ = stage.send(Staged::Connect(Box::new(connection))).await;
    cue(stage, Cue::Act("the nodes come up".into())).await;
    cue(stage, Cue::Show(Screen::Nodes)).await;
    pace(SCENE.mul_f64(0.7)).await;

    let mut bidders: Vec<_> = play.players.iter().map(Player::card).collect();
    bidders
        .push(coordinator_api::Bidder { name: play.you.name.clone(), key: play.you.keys.public() });
    let seconds = play.window.as_secs().max(2);
    let new = NewSession {
        file: session_file::terms_only(&play.file, Some(&format!("{seconds}s")))?,
        open: true,
        bidders: if play.listed { bidders } else { Vec::new() },
    };
    let detail = network.coordinator().new_session(&new).await?;
    let session = follow::opened(network.coordinator(), detail).await?;
    cue(stage, Cue::Select(session)).await;
    cue(stage, Cue::Show(Screen::Auctions)).await;
    cue(stage, Cue::Act("bids come in".into())).await;
    if !play.pace.auto {
        cue(stage, Cue::Say("b places a bid of your own, c ends bidding, or wait".into())).await;
    }

    let (Pace { speed, auto }, kept) = (play.pace, play.kept.clone());
    let bidding = bid_until_closed(play, network, session, stage).await?;
    if auto {
        tokio::time::sleep(Duration::from_secs(2).div_f64(speed)).await;
        network.coordinator().close(session).await?;
    } else {
        cue(stage, Cue::Act("all invented bidders have bid".into())).await;
    }
    let detail = decided(network, session, stage).await?;
    if detail.summary.phase == Phase::Cancelled {
        cue(stage, Cue::Act("called off".into())).await;
        return Ok(());
    }
    let record = network.coordinator().record(session).await?;
    if let Some(kept) = &kept {
        write_json(&kept.join("record.json"), &record)?;
    }
    let detail = with_cost(network, detail).await?;
    // The viewer's bid counts too.
    let placed = detail
        .manifest
        .as_ref()
        .map_or(bidding.placed, |manifest| manifest.bids + manifest.excluded.len() as u64);
    let bidding = Bidding { placed, ..bidding };
    *result = Some(report::make(network, &detail, &record, bidding, kept.as_deref())?);
    cue(stage, Cue::Act("settled, and checked offline".into())).await;
    cue(
        stage,
        Cue::Say("settled; the record was checked offline: every signature is right".into()),
    )
    .await;
    if auto {
        tokio::time::sleep(SCENE.mul_f64(1.5).div_f64(speed)).await;
        cue(stage, Cue::Finish).await;
    }
    Ok(())
}

/// Let the bidders come one by one; the rest stays away once bidding has ended.
async fn bid_until_closed(
    play: Play,
    network: &Network,
    session: SessionId,
    stage: &Sender<Staged>,
) -> Result<Bidding, Failure> {
    let announcement = bid::announcement(network, session).await?;
    let ranks = Ranks::of(&play.players, &announcement.body.terms.question);
    let started = Instant::now();
    let count = u32::try_from(play.players.len()).unwrap_or(u32::MAX);
    let step = play.window.mul_f64(WITHIN) / count.max(1);
    let keep = play.players.len() <= players::KEPT;
    if keep {
        create_private(&play.places)?;
    }
    let ended = ended(network, session);
    tokio::pin!(ended);
    let mut bids = stream::iter(play.players.into_iter().enumerate())
        .map(|(position, player)| {
            let place = keep.then(|| play.places.join((position + 1).to_string()));
            let turn = u32::try_from(position + 1).unwrap_or(u32::MAX);
            let announcement = &announcement;
            async move {
                tokio::time::sleep_until(started + step * turn).await;
                let placed = players::one(network, announcement, &player, place.as_deref()).await;
                (player.name().to_owned(), placed)
            }
        })
        .buffer_unordered(players::AT_ONCE);
    let (mut placed, mut refused) = (0, Vec::new());
    loop {
        let next = tokio::select! {
            next = bids.next() => next,
            () = &mut ended => break,
        };
        match next {
            None => break,
            Some((_, Ok(_))) => placed += 1,
            Some((bidder, Err(failure))) => {
                let text = format!("the bid of {} is not in: {}", clean(&bidder), failure.detail);
                cue(stage, Cue::Say(text)).await;
                let Failure { kind: reason, detail, .. } = failure;
                refused.push(Refused { bidder, reason, detail });
            }
        }
    }
    Ok(Bidding { placed, refused, took: started.elapsed(), ranks })
}

async fn ended(network: &Network, session: SessionId) {
    loop {
        tokio::time::sleep(POLL).await;
        if let Ok(detail) = network.coordinator().session(session).await
            && detail.summary.phase != Phase::Open
        {
            return;
        }
    }
}

/// Wait until nothing can change any more, showing the bracket when there is something to see.
async fn decided(
    network: &Network,
    session: SessionId,
    stage: &Sender<Staged>,
) -> Result<SessionDetail, Failure> {
    let mut last = Phase::Open;
    loop {
        let detail = network.coordinator().session(session).await?;
        let phase = detail.summary.phase;
        if phase != last {
            if last == Phase::Open && phase != Phase::Cancelled {
                cue(stage, Cue::Show(Screen::Bracket)).await;
            }
            cue(stage, Cue::Act(phase.to_string())).await;
            last = phase;
        }
        if phase.is_final() {
            return Ok(detail);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The detail once every node's cost has come, or without after a while.
async fn with_cost(network: &Network, detail: SessionDetail) -> Result<SessionDetail, Failure> {
    let session = detail.summary.session;
    let mut detail = detail;
    for _ in 0..8 {
        if detail.attempts.iter().any(|attempt| !attempt.cost.is_empty()) {
            break;
        }
        tokio::time::sleep(POLL).await;
        detail = network.coordinator().session(session).await?;
    }
    Ok(detail)
}
