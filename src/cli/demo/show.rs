//! The demo on the screens: they open once every node is connected; the bidders come one by one, the
//! viewer may bid, closes with a key or waits, and sees the result. With `--auto` everything happens
//! by itself.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::folder::Folder;
use super::follow::{self, Settled};
use super::players::{self, Bidding, Player, Ranks, Refused};
use super::prelude::Prelude;
use super::report::{self, DemoResult};
use super::schedule::{Schedule, held_back};
use super::story::{self, Story};
use super::world::{Staging, World};
use crate::base::Timestamp;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{create_private, write_json};
use crate::cli::options::LookOption;
use crate::cli::output::clean;
use crate::cli::screens;
use crate::cli::session_file::{self, Loaded};
use crate::cli::signal::asked_to_stop;
use crate::client::Network;
use crate::client::state::BidderState;
use crate::identity::{KeyPair, Statement as _};
use crate::rules::Question;
use crate::rules::terms::Admission;
use crate::session::progress::{Progress, What};
use crate::session::{Phase, SessionId};
use crate::sharing::{NodeIndex, Scheme};
use crate::tui::state::screen::Screen;
use crate::tui::view::text;
use crate::tui::{Connection, Cue, Me, Options};
use crate::wire::coordinator_api::{self, NewSession, SessionDetail};

/// How often the phase is looked at.
const POLL: Duration = Duration::from_millis(250);

/// With `--auto`: from the last bid to the end of bidding, and from the result to the end.
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
    session: SessionId,
    players: Vec<Player>,
    places: PathBuf,
    kept: Option<PathBuf>,
    schedule: Schedule,
    pace: Pace,
}

/// Play it on the screens.
///
/// # Errors
/// When the terminal or the servers' folder cannot be used, or the session does not open.
pub async fn run(
    context: &Context,
    look: &LookOption,
    pace: Pace,
    (loaded, prelude, mut players): (&Loaded, &Prelude, Vec<Player>),
    folder: Folder,
    (scheme, liar): (Scheme, Option<NodeIndex>),
) -> Result<(), Failure> {
    let terms = loaded.file.terms(Timestamp::from_millis(0))?;
    let delay = held_back(&terms, scheme, players.len(), pace.speed);
    let schedule = Schedule::of(players.len(), &loaded.file.shared.bids_until, pace.speed);
    let you = you(&players, &folder)?;
    context.output.note(format!("Starting {} nodes and a coordinator ...", scheme.nodes()));
    let staging = Staging { scheme, liar, delay: Some(delay), apart: prelude.scores() };
    let started = async {
        let world = World::start(folder.path(), &staging).await?;
        world.connected().await;
        let network = &world.network;
        let opened = async {
            let place = folder.path();
            let played = prelude.play(context, network, (loaded, &mut players), place).await?;
            open(network, played.as_ref().unwrap_or(loaded), &players, &you, schedule.window).await
        };
        let opened = opened.await;
        Ok::<_, Failure>((world, opened))
    };
    let (world, opened) = tokio::select! {
        started = started => started?,
        () = asked_to_stop() => return Err(Failure::new("interrupted", "interrupted")),
    };
    let session = match opened {
        Ok(session) => session,
        Err(failure) => {
            world.stop().await;
            return Err(failure);
        }
    };
    let network = world.network.clone();
    let connection = Connection {
        operator: true,
        node: None,
        bidder: Some(Me { pinned: vec![network.roster().body.digest()], ..you }),
        login: None,
        door: None,
        network,
    };
    let (sender, stage) = tokio::sync::mpsc::channel(64);
    let options = Options {
        demo: true,
        simulated_delay: Some(delay),
        connection: Some(connection),
        stage: Some(stage),
        records: std::env::current_dir().unwrap_or_default(),
        ..screens::options(context, look)?
    };
    let (places, kept) = (folder.path().join(players::BIDDERS), folder.kept().map(Into::into));
    let play = Play { session, players, places, kept, schedule, pace };
    let stop = CancellationToken::new();
    let staged = tokio::spawn(direct(play, world, sender, stop.clone()));
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
            "The demo was left before it was decided; its servers are stopped, and nothing was opened.",
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
    let state =
        BidderState::Folder(folder.path().join(players::BIDDERS).join("you").join("receipts"));
    Ok(Me { name, keys: KeyPair::generate()?, state, pinned: Vec::new() })
}

/// Write the session and open it for so long.
async fn open(
    network: &Network,
    loaded: &Loaded,
    players: &[Player],
    you: &Me,
    window: Duration,
) -> Result<SessionId, Failure> {
    let mut bidders = players::listed(&loaded.file, players);
    let cohort = players::cohort_of_guest(&loaded.file)?;
    if loaded.file.shared.admission == Admission::Listed || cohort.is_some() {
        let (name, key) = (you.name.clone(), you.keys.public());
        bidders.push(coordinator_api::Bidder { name, key, cohort });
    }
    let until = format!("{}s", window.as_secs());
    let file = session_file::terms_only(&loaded.text, Some(&until))?;
    let new = NewSession { file, open: true, bidders };
    let detail = network.coordinator().new_session(&new).await?;
    follow::opened(network.coordinator(), detail).await
}

/// Play, and stop the servers when the screens close.
async fn direct(
    play: Play,
    mut world: World,
    stage: Sender<Cue>,
    stop: CancellationToken,
) -> Result<Option<DemoResult>, Failure> {
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

async fn cue(stage: &Sender<Cue>, cue: Cue) {
    // A viewer who has left needs no cues.
    let _ = stage.send(cue).await;
}

async fn acts(
    play: Play,
    network: &Network,
    stage: &Sender<Cue>,
    result: &mut Option<DemoResult>,
) -> Result<(), Failure> {
    let (Pace { speed, auto }, kept, session) = (play.pace, play.kept.clone(), play.session);
    let (all, scheme) = (play.players.len(), network.roster().body.scheme);
    let story = Story::begin(stage.clone(), speed);
    let question = follow::announced(network, session).await?.body.terms.question;
    story.say(story::opening(&question, scheme, all)).await;
    cue(stage, Cue::Select(session)).await;
    let bidding = bid_until_closed(play, network, stage, &story).await?;
    if auto {
        story.say(story::all_in(&question, all, true)).await;
        tokio::time::sleep(SCENE.div_f64(speed)).await;
        network.coordinator().close(session).await?;
    } else if bidding.all_came {
        story.say(story::all_in(&question, all, false)).await;
    }
    let bidding = bidding.bidding;
    let detail = decided(network, session, &question, stage, &story).await?;
    if detail.summary.phase == Phase::Cancelled {
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
    let settled = Settled { detail, record, judged: None };
    *result = Some(report::make(network, &settled, bidding, kept.as_deref())?);
    story.say(story::SETTLED).await;
    if auto {
        tokio::time::sleep(SCENE.mul_f64(1.5).div_f64(speed)).await;
        cue(stage, Cue::Finish).await;
    }
    Ok(())
}

/// What came of the bidding, and whether all invented bidders came before it ended.
struct Came {
    bidding: Bidding,
    all_came: bool,
}

/// Let the bidders come one by one; the rest stays away once bidding has ended.
async fn bid_until_closed(
    play: Play,
    network: &Network,
    stage: &Sender<Cue>,
    story: &Story,
) -> Result<Came, Failure> {
    let announcement = follow::announced(network, play.session).await?;
    let ranks = Ranks::of(&play.players, &announcement.body.terms.question);
    let mut entries = players::entries(&play.players, &announcement.body.terms.question);
    let (started, schedule, all) = (Instant::now(), play.schedule, play.players.len());
    let keep = all <= players::KEPT;
    if keep {
        create_private(&play.places)?;
    }
    let scheme = network.roster().body.scheme;
    let ended = ended(network, play.session);
    tokio::pin!(ended);
    let mut bids = stream::iter(play.players.into_iter().enumerate())
        .map(|(position, player)| {
            let place = keep.then(|| players::place_of(&play.places, position));
            let announcement = &announcement;
            async move {
                tokio::time::sleep_until(started + schedule.turn(position)).await;
                let placed = players::one(network, announcement, &player, place.as_deref()).await;
                (player, placed)
            }
        })
        .buffer_unordered(players::AT_ONCE);
    let (mut placed, mut refused, mut all_came) = (0, Vec::new(), false);
    loop {
        let next = tokio::select! {
            next = bids.next() => next,
            () = &mut ended => break,
        };
        match next {
            None => {
                all_came = true;
                break;
            }
            Some((player, Ok(done))) => {
                let question = &announcement.body.terms.question;
                story.pass(story::bid(question, placed, player.name(), all, scheme)).await;
                entries.keep(player.keys(), done.bid);
                placed += 1;
            }
            Some((player, Err(failure))) => {
                let bidder = player.name().to_owned();
                let text = format!("the bid of {} is not in: {}", clean(&bidder), failure.detail);
                cue(stage, Cue::Say(text)).await;
                let Failure { kind: reason, detail, .. } = failure;
                refused.push(Refused { bidder, reason, detail });
            }
        }
    }
    let placed = placed as u64;
    let bidding = Bidding { placed, refused, took: started.elapsed(), ranks, entries };
    Ok(Came { bidding, all_came })
}

async fn ended(network: &Network, session: SessionId) {
    loop {
        tokio::time::sleep(POLL).await;
        if let Ok(detail) = network.coordinator().session(session).await
            && !detail.summary.phase.is_bidding()
        {
            return;
        }
    }
}

/// Wait until nothing can change any more, telling of every phase and stage as it begins, and
/// showing the run when there is something to see.
async fn decided(
    network: &Network,
    session: SessionId,
    question: &Question,
    stage: &Sender<Cue>,
    story: &Story,
) -> Result<SessionDetail, Failure> {
    let coordinator = network.coordinator();
    let mut events = coordinator.events();
    let (mut live, mut told) = (true, BTreeSet::new());
    let mut last = Phase::Open;
    loop {
        let detail = coordinator.session(session).await?;
        let phase = detail.summary.phase;
        if phase != last {
            if last.is_bidding() && !phase.is_bidding() && phase != Phase::Cancelled {
                cue(stage, Cue::Show(Screen::Bracket)).await;
            }
            if let Some(line) = story::phase(question, phase) {
                story.say(line).await;
            }
            last = phase;
        }
        if phase.is_final() {
            return Ok(detail);
        }
        let pause = tokio::time::sleep(POLL);
        tokio::pin!(pause);
        loop {
            let event = tokio::select! {
                () = &mut pause => break,
                event = events.next(), if live => event,
            };
            match event {
                Some(Ok(event)) if event.session == session => match event.what {
                    // One of the nodes comes to a stage first.
                    What::Progress(progress) if told.insert(step(&progress)) => {
                        story.pass(story::stage(question, &progress)).await;
                    }
                    What::Phase { .. } if event.node.is_none() => break,
                    _ => {}
                },
                Some(Ok(_)) => {}
                Some(Err(_)) | None => live = false,
            }
        }
    }
}

/// What tells one step of a run from another.
fn step(progress: &Progress) -> (u32, &'static str, u32) {
    (progress.attempt, progress.stage.name(), progress.level)
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
