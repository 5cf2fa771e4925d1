//! What the servers say.

use super::action::{Action, Effect};
use super::{list, steps};
use crate::base::text::clean;
use crate::session::progress::{Event, Stage, What};
use crate::session::{Phase, SessionId};
use crate::sharing::{NodeIndex, NodeSet};
use crate::tui::state::data::{Data, Events, Level, Link, LogLine, Node, NodeState, Piece, Who};
use crate::tui::state::model::{BidStage, Heard, Model};
use crate::tui::view::text;
use crate::wire::coordinator_api::{CoordinatorHealth, NodeStatus, SessionDetail};
use crate::wire::node_api::NodeHealth;

/// Take news in.
pub fn take(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Attached { roster, person } => {
            let data = model.live_mut();
            data.roster = Some(roster);
            data.link = Link::Starting { what: "connecting".into() };
            model.person = *person;
            if let Some(node) = model.person.node {
                model.ui.node = node.position();
            }
        }
        Action::Health(health, round_trip) => health_came(model, *health, round_trip),
        Action::Lost { why, again } => lost(model, &why, again),
        Action::OwnNode(node, answer) => own_node(model, node, answer),
        Action::Events(events) => {
            if events == Events::Live && model.live().events != Events::Live {
                // What happened in between is asked for.
                model.asking.detail_stale = true;
            }
            model.live_mut().events = events;
        }
        Action::Event(event) => return event_came(model, &event),
        Action::Sessions(sessions) => {
            model.live_mut().list(sessions);
            list::arrange(model);
            keep_bid(model);
        }
        Action::Detail(session, answer) => return detail_came(model, session, answer),
        Action::Admissions(session, bidders) => {
            model.asking.admissions = None;
            let Some(bidders) = bidders else { return Vec::new() };
            let data = model.live_mut();
            for bidder in &bidders {
                data.name(&clean(&bidder.name));
            }
            let names = bidders.iter().map(|bidder| bidder.name.as_str());
            data.live.entry(session).or_default().admitted(names);
        }
        Action::Own(bids) => {
            model.live_mut().own.extend(bids);
        }
        Action::BidHeard(session, node, heard) => bid_heard(model, session, node, heard),
        Action::BidIn(session, own, heard) => {
            let (receipts, all) = (own.receipts.len(), model.live().nodes.len());
            model.live_mut().own.insert(session, own);
            // The screen beneath tells the rest, and has its keys again.
            if model.ui.form.as_ref().is_some_and(|form| form.session == session) {
                model.ui.form = None;
            }
            let words = format!("your bid is in: {receipts} of {all} nodes have signed a receipt");
            log(model, Level::Info, Some(session), &words);
            for (node, heard) in heard {
                if let Heard::Silence(why) = heard {
                    let words = format!("no receipt of node {node}: {why}");
                    log(model, Level::Warn, Some(session), &words);
                }
            }
            model.say(Level::Info, words);
        }
        Action::BidFailed(session, why, heard) => {
            let why = clean(&why);
            log(model, Level::Error, Some(session), &format!("your bid is not in: {why}"));
            settle_form(model, session, BidStage::Failed { heard, why });
        }
        Action::DeedDone(session, deed, answer) => steps::done(model, session, deed, answer),
        Action::Written(answer) => steps::written(model, answer),
        Action::FileRead(answer) => steps::file_read(model, answer),
        Action::Told(level, text) => {
            let text = clean(&text).to_string();
            log(model, level, None, &text);
            model.say(level, text);
        }
        // The rest is taken by `update` itself.
        _ => {}
    }
    Vec::new()
}

/// Write a line of our own into the log.
pub fn log(model: &mut Model, level: Level, session: Option<SessionId>, text: &str) {
    let at = model.live().now;
    let pieces = vec![Piece::Text(text.to_owned())];
    model.live_mut().note(LogLine { at, level, session, who: None, pieces });
}

fn lost(model: &mut Model, why: &str, again: crate::base::Timestamp) {
    let now = model.live().now;
    let why = clean(why);
    let since = if let Link::Lost { since, .. } = &model.live().link {
        *since
    } else {
        log(model, Level::Error, None, &format!("the coordinator does not answer: {why}"));
        // No older notice may lie over this.
        model.ui.toast = None;
        now
    };
    model.live_mut().link = Link::Lost { since, again, why };
}

fn health_came(model: &mut Model, health: CoordinatorHealth, round_trip: u64) {
    let mut lines = Vec::new();
    let data = model.live_mut();
    let away = matches!(data.link, Link::Lost { .. });
    match &data.link {
        Link::Lost { since, .. } => {
            let away = text::duration(data.now.millis() - since.millis());
            lines.push((Level::Info, format!("the coordinator answers again, after {away}")));
        }
        Link::Starting { .. } => lines.push((Level::Info, "connected".to_owned())),
        Link::Connected { .. } => {}
    }
    data.link = Link::Connected { round_trip };
    data.version = clean(&health.version);
    let half = i64::try_from(round_trip / 2000).unwrap_or(0);
    data.clock_offset = health.now.millis() + half - data.now.millis();
    for status in health.nodes {
        let known = data.nodes.iter().position(|node| node.status.node == status.node);
        let at = known.unwrap_or_else(|| {
            data.nodes.push(Node::new(status.clone()));
            data.nodes.len() - 1
        });
        let before = match known {
            None => NodeState::Unseen,
            Some(_) if away => NodeState::Unknown,
            Some(_) => data.nodes[at].state(data.coordinator_now()),
        };
        data.nodes[at].update(status);
        let node = &data.nodes[at];
        let after = node.state(data.coordinator_now());
        let up = |state| matches!(state, NodeState::Up | NodeState::Odd);
        let who = format!("node {} ({})", node.status.node, node.name);
        match (up(before), up(after)) {
            (false, true) if before == NodeState::Unseen => {
                lines.push((Level::Info, format!("{who} is up")));
            }
            // While the coordinator was away nobody could tell.
            (false, true) if before == NodeState::Unknown => {}
            (false, true) => lines.push((Level::Info, format!("{who} is back"))),
            (_, false) if matches!(before, NodeState::Up | NodeState::Odd | NodeState::Unknown) => {
                let why = node.trouble.clone().unwrap_or_default();
                lines.push((Level::Warn, format!("{who} does not answer: {why}")));
            }
            _ => {}
        }
    }
    data.nodes.sort_by_key(|node| node.status.node);
    for (level, line) in lines {
        if level == Level::Warn {
            model.say(level, line.clone());
        }
        log(model, level, None, &line);
    }
}

/// What the node of the operator who sits here says to him. As long as the coordinator answers, its
/// word counts, for it is what everybody sees.
fn own_node(model: &mut Model, index: NodeIndex, answer: Result<(Box<NodeHealth>, u64), String>) {
    let data = model.live_mut();
    let before = data.own_node.take().is_none_or(|(_, answer)| answer.is_ok());
    data.own_node = Some((
        index,
        match &answer {
            Ok((_, round_trip)) => Ok(*round_trip),
            Err(why) => Err(clean(why)),
        },
    ));
    let line = match (&answer, before) {
        (Ok(_), false) => Some((Level::Info, "your node answers again".to_owned())),
        (Err(why), true) => {
            Some((Level::Error, format!("your node does not answer: {}", clean(why))))
        }
        _ => None,
    };
    if !matches!(data.link, Link::Connected { .. }) {
        let now = data.coordinator_now();
        let roster = data.roster.clone();
        let card = roster.as_ref().and_then(|roster| roster.node(index));
        let at = data.nodes.iter().position(|node| node.status.node == index);
        let mut status = match (at, card) {
            (Some(at), _) => data.nodes[at].status.clone(),
            (None, Some(card)) => NodeStatus {
                node: index,
                name: card.name.clone(),
                address: card.address.clone(),
                health: None,
                trouble: None,
                round_trip_micros: None,
                last_seen: None,
                clock_difference_millis: None,
            },
            (None, None) => return,
        };
        match answer {
            Ok((health, round_trip)) => {
                status.health = Some(*health);
                status.round_trip_micros = Some(round_trip);
                status.last_seen = Some(now);
                status.trouble = None;
            }
            Err(why) => {
                status.health = None;
                status.round_trip_micros = None;
                status.trouble = Some(why);
            }
        }
        match at {
            Some(at) => data.nodes[at].update(status),
            None => data.nodes.push(Node::new(status)),
        }
    }
    if let Some((level, line)) = line {
        log(model, level, None, &line);
    }
}

fn event_came(model: &mut Model, event: &Event) -> Vec<Effect> {
    let session = event.session;
    let who = Some(event.node.map_or(Who::Coordinator, Who::Node));
    let mut effects = Vec::new();
    let data = model.live_mut();
    let line = match &event.what {
        What::Received { bidder, revision } => {
            let name = clean(bidder);
            data.name(&name);
            let live = data.live.entry(session).or_default();
            live.received(bidder, *revision, event.node, event.at);
            let more = format!(": receipt for revision {revision}");
            Some((Level::Fine, vec![Piece::Name(name), Piece::Text(more)]))
        }
        What::Attempt { attempt, participants } => begin(data, event, *attempt, *participants),
        What::Progress(progress) => {
            if let Some(node) = event.node {
                let live = data.live.entry(session).or_default();
                if progress.attempt > live.attempt {
                    live.attempt = progress.attempt;
                    live.progress.clear();
                }
                live.began.get_or_insert(event.at);
                if progress.attempt == live.attempt {
                    live.progress.insert(node, progress.clone());
                    live.participants.insert(node);
                }
                if progress.stage == Stage::Done {
                    live.done.get_or_insert(event.at);
                }
            }
            None
        }
        What::Waiting { nodes } => {
            model.asking.detail_stale = true;
            Some((Level::Warn, words(format!("waits for {}", set(*nodes)))))
        }
        What::Phase { phase, reason } if event.node.is_none() => {
            if !data.enter(session, *phase) {
                effects.push(Effect::Refresh);
            }
            let level = if *phase == Phase::Failed { Level::Error } else { Level::Info };
            let why = reason.as_deref().map(|why| format!(": {}", clean(why))).unwrap_or_default();
            let verb = if *phase == Phase::Failed { "has" } else { "is" };
            let words = words(format!("{verb} {phase}{why}"));
            if model.ui.selected == Some(session) {
                model.asking.detail_stale = true;
            } else {
                effects.push(Effect::LoadDetail(session));
            }
            list::arrange(model);
            keep_bid(model);
            Some((level, words))
        }
        What::Phase { phase, .. } => Some((Level::Fine, words(format!("has it {phase}")))),
    };
    if let Some((level, pieces)) = line {
        let session = Some(session);
        model.live_mut().note(LogLine { at: event.at, level, session, who, pieces });
    }
    effects
}

fn begin(
    data: &mut Data,
    event: &Event,
    attempt: u32,
    participants: NodeSet,
) -> Option<(Level, Vec<Piece>)> {
    let live = data.live.entry(event.session).or_default();
    if attempt > live.attempt || live.began.is_none() {
        live.attempt = attempt;
        live.progress.clear();
        live.done = None;
        live.began = Some(event.at);
    }
    live.participants = participants;
    // Each node says so too; the coordinator's word is enough.
    let line = words(format!("attempt {attempt} by {}", set(participants)));
    event.node.is_none().then_some((Level::Info, line))
}

fn words(text: String) -> Vec<Piece> {
    vec![Piece::Text(text)]
}

/// "node 2" or "nodes 1, 2, 5".
pub fn set(nodes: NodeSet) -> String {
    if nodes.len() == 1 { format!("node {nodes}") } else { format!("nodes {nodes}") }
}

fn detail_came(
    model: &mut Model,
    session: SessionId,
    answer: Result<Box<SessionDetail>, String>,
) -> Vec<Effect> {
    if model.asking.detail == Some(session) {
        model.asking.detail = None;
    }
    let detail = match answer {
        Ok(detail) => *detail,
        Err(why) => {
            log(model, Level::Warn, Some(session), &format!("cannot be fetched: {}", clean(&why)));
            return Vec::new();
        }
    };
    let before = model.live().session(session).map(|known| (known.phase, known.title.clone()));
    let bidders = detail.summary.bidders;
    let data = model.live_mut();
    if let Some(attempt) = detail.attempts.last() {
        let live = data.live.entry(session).or_default();
        if attempt.attempt > live.attempt {
            live.attempt = attempt.attempt;
            live.progress.clear();
            live.done = None;
        }
        if attempt.attempt == live.attempt {
            live.participants = attempt.participants;
            live.began = Some(attempt.started);
            live.done = attempt.ended;
        }
    }
    data.detail(detail);
    let after = model.live().session(session).map(|known| (known.phase, known.title.clone()));
    if before != after {
        list::arrange(model);
        keep_bid(model);
    }
    // Bidders that came before we listened.
    let heard = model.live().live.get(&session).map_or(0, |live| live.bids.len() as u64);
    if bidders.unwrap_or(0) > heard && model.asking.admissions.is_none() {
        model.asking.admissions = Some(session);
        return vec![Effect::LoadAdmissions(session)];
    }
    Vec::new()
}

/// The detail of the selected session, when it is due.
pub fn ask_for_detail(model: &mut Model) -> Vec<Effect> {
    let Some(session) = model.ui.selected else { return Vec::new() };
    if model.asking.detail.is_some() || !matches!(model.live().link, Link::Connected { .. }) {
        return Vec::new();
    }
    let now = model.live().now;
    let known = model.live().details.get(&session);
    let nodes = model.live().nodes.len();
    let pause = match known.map(|detail| detail.summary.phase) {
        None => 0,
        Some(Phase::Closing | Phase::Computing) => 600,
        Some(Phase::Open | Phase::Failed) => 3_000,
        Some(Phase::Draft) => 6_000,
        // The last nodes may still sign.
        Some(Phase::Settled)
            if known
                .and_then(|detail| detail.outcome.as_ref())
                .is_none_or(|outcome| outcome.signatures.len() < nodes) =>
        {
            4_000
        }
        Some(Phase::Settled | Phase::Cancelled) => 60_000,
    };
    let due = model.asking.detail_stale
        || known.is_none()
        || model.asking.detail_at.is_none_or(|at| now.millis() - at.millis() >= pause);
    if !due {
        return Vec::new();
    }
    model.asking.detail_stale = false;
    model.asking.detail = Some(session);
    model.asking.detail_at = Some(now);
    vec![Effect::LoadDetail(session)]
}

/// Keep the selected auction to bid in, whatever comes or goes around it.
pub fn keep_bid(model: &mut Model) {
    let kept = model.bid_at().map(|(_, session)| session.id);
    model.ui.bid = kept.or(model.ui.bid);
}

fn bid_heard(model: &mut Model, session: SessionId, node: NodeIndex, news: Heard) {
    if let Some(form) = &mut model.ui.form
        && form.session == session
        && let BidStage::Sending { heard } = &mut form.stage
    {
        heard.insert(node, news);
    }
}

fn settle_form(model: &mut Model, session: SessionId, stage: BidStage) {
    if let Some(form) = &mut model.ui.form
        && form.session == session
    {
        form.stage = stage;
    } else if let BidStage::Failed { why, .. } = stage {
        // The form has been left meanwhile.
        model.say(Level::Error, format!("your bid is not in: {why}"));
    }
}
