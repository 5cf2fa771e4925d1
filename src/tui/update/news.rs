//! Answers of the servers, taken into the state.

use super::action::{Effect, News, Request};
use super::{
    answering, approvals, audit, events, invite, login, new_session, order, people, receipts,
    steps, stock, variables,
};
use crate::base::text::clean;
use crate::session::{Phase, SessionId};
use crate::sharing::NodeIndex;
use crate::tui::figures;
use crate::tui::state::data::{Events, Level, Link, Session};
use crate::tui::state::forms::{BidStage, Heard};
use crate::tui::state::model::Model;
use crate::tui::state::node::{Node, NodeState};
use crate::tui::state::own::OwnBid;
use crate::wire::coordinator_api::{CoordinatorHealth, NodeStatus, SessionDetail};
use crate::wire::node_api::NodeHealth;

/// Take news in.
pub fn take(model: &mut Model, news: News) -> Vec<Effect> {
    match news {
        News::Attached { roster, person } => {
            let data = model.live_mut();
            data.roster = Some(roster);
            data.link = Link::Starting { what: "connecting".into() };
            model.person = *person;
            data_of_login(model);
            people::attached(model);
            if let Some(node) = model.person.node {
                model.ui.node = node.position();
            }
        }
        News::Health(health, round_trip) => health_came(model, *health, round_trip),
        News::Lost { why, again, refused } => lost(model, &why, again, refused),
        News::LoginOver(why) => login::over(model, &why),
        News::NotLoggedIn(why) => login::refused(model, &why),
        News::Receipts(session, read) => receipts::came(model, session, read),
        News::OwnNode(node, answer) => own_node(model, node, answer),
        News::Events(events) => {
            if events == Events::Live && model.live().events != Events::Live {
                // What happened in between is asked for.
                model.asking.detail_stale = true;
                model.asking.receipts_stale = true;
            }
            model.live_mut().events = events;
        }
        News::Event(event) => return events::take(model, &event),
        News::Sessions(sessions) => {
            model.live_mut().list(sessions);
            order::arrange(model);
            model.keep_bid();
        }
        News::Detail(session, answer) => return detail_came(model, session, answer),
        News::Admissions(session, bidders) => {
            model.asking.admissions = None;
            let Some(bidders) = bidders else { return Vec::new() };
            let data = model.live_mut();
            for bidder in &bidders {
                data.name(&clean(&bidder.name));
            }
            let names = bidders.iter().map(|bidder| bidder.name.as_str());
            data.live.entry(session).or_default().admitted(names);
        }
        News::Own(bids) => {
            own_came(model, bids);
        }
        News::Cohort(session, answer) => answering::cohort_came(model, session, answer),
        News::BidHeard(session, node, heard) => bid_heard(model, session, node, heard),
        News::BidIn(session, own, heard) => {
            let (receipts, all) = (own.receipts.len(), model.live().nodes.len());
            model.live_mut().own.keep(session, own);
            // The screen beneath tells the rest, and has its keys again.
            if model.ui.form.as_ref().is_some_and(|form| form.session == session) {
                model.ui.form = None;
            }
            let what = word(model, session);
            let words =
                format!("your {what} is in: {receipts} of {all} nodes have signed a receipt");
            model.note(Level::Info, Some(session), &words);
            for (node, heard) in heard {
                if let Heard::Silence(why) = heard {
                    let words = format!("no receipt of node {node}: {why}");
                    model.note(Level::Warn, Some(session), &words);
                }
            }
            model.say(Level::Info, words);
        }
        News::BidFailed(session, why, heard) => {
            let why = clean(&why);
            let what = word(model, session);
            model.note(Level::Error, Some(session), &format!("your {what} is not in: {why}"));
            settle_form(model, session, BidStage::Failed { heard, why });
        }
        News::StepTaken(session, step, answer) => steps::taken(model, session, step, answer),
        News::Written(answer) => new_session::written(model, answer),
        News::FileRead(answer) => new_session::file_read(model, answer),
        News::OwnTrade(session, answer) => {
            model.asking.own_trade = None;
            let answer = answer.map_err(|why| clean(&why));
            model.live_mut().own_trades.insert(session, answer);
        }
        News::Audited(session, answer) => audit::came(model, session, answer),
        News::Saved(answer) => audit::written(model, answer),
        News::Models(answer) => return stock::came(model, answer),
        News::ModelWithdrawn(name, answer) => return stock::withdrawn(model, &name, answer),
        News::Variables(answer) => variables::came(model, answer),
        News::Forgotten(name, answer) => variables::forgotten(model, &name, answer),
        News::Awaiting(told) => approvals::came(model, told),
        News::Announced(session, answer) => approvals::announced(model, session, answer),
        News::Approved(session, answer) => approvals::approved(model, session, answer),
        News::People(answer) => people::came(model, answer),
        News::Invited(answer) => invite::came(model, answer),
        News::PersonChanged(answer) => people::changed(model, answer),
        News::Told(level, text) => {
            let text = clean(&text).to_string();
            model.note(level, None, &text);
            model.say(level, text);
        }
    }
    Vec::new()
}

/// What is handed in there.
fn word(model: &Model, session: SessionId) -> &'static str {
    model.live().session(session).map_or("bid", Session::entry_word)
}

/// Whoever has just connected has no login that is over, and needs no form of one.
fn data_of_login(model: &mut Model) {
    if model.live_mut().login_over.take().is_some() {
        model.note(Level::Info, None, "logged in again");
    }
    if let Some(form) = model.login() {
        let sent = form.sending;
        model.ui.popups.pop();
        if sent {
            model.say(Level::Info, "logged in");
        }
    }
    model.asking = crate::tui::state::model::Asking::default();
    model.asking.detail_stale = true;
}

/// Our bids as they are on disk: what another program has done shows here as well.
fn own_came(model: &mut Model, bids: Vec<(SessionId, OwnBid)>) {
    let first = !std::mem::replace(&mut model.live_mut().own_read, true);
    let new = model.live_mut().own.replace(bids);
    if !first && !model.sending() {
        for (session, revision) in new {
            let what = word(model, session);
            let words =
                format!("revision {revision} of your {what} was made here by another program");
            model.note(Level::Info, Some(session), &words);
        }
    }
    model.keep_bid();
}

fn lost(model: &mut Model, why: &str, again: crate::base::Timestamp, refused: bool) {
    let now = model.live().now;
    let why = clean(why);
    let since = if let Link::Lost { since, .. } = &model.live().link {
        *since
    } else {
        let what = if refused { "refuses us" } else { "does not answer" };
        model.note(Level::Error, None, &format!("the coordinator {what}: {why}"));
        // No older notice may lie over this.
        model.ui.toast = None;
        now
    };
    model.live_mut().link = Link::Lost { since, again, why, refused };
}

fn health_came(model: &mut Model, health: CoordinatorHealth, round_trip: u64) {
    let (mut lines, mut back) = (Vec::new(), false);
    let data = model.live_mut();
    let away = matches!(data.link, Link::Lost { .. });
    match &data.link {
        Link::Lost { since, .. } => {
            let away = figures::duration(data.now.millis() - since.millis());
            lines.push((Level::Info, format!("the coordinator answers again, after {away}")));
        }
        Link::Starting { .. } => lines.push((Level::Info, "connected".to_owned())),
        Link::Connected { .. } => {}
    }
    data.link = Link::Connected { round_trip };
    data.heard_since.get_or_insert(data.now);
    data.shortage = health.shortage.map(|told| told.reason);
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
            (false, true) => {
                back = true;
                lines.push((Level::Info, format!("{who} is back")));
            }
            // A coordinator that has just started has not heard of anybody.
            (_, false) if after == NodeState::Unseen => {}
            (_, false) if !matches!(before, NodeState::Down | NodeState::Late) => {
                let line = match &node.trouble {
                    Some(why) => format!("{who} does not answer: {why}"),
                    None => format!("{who} has not answered for a while"),
                };
                lines.push((Level::Warn, line));
            }
            _ => {}
        }
    }
    data.nodes.sort_by_key(|node| node.status.node);
    // What they have given receipts for can be read again.
    model.asking.receipts_stale |= back;
    for (level, line) in lines {
        if level == Level::Warn {
            model.say(level, line.clone());
        }
        model.note(level, None, &line);
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
        model.note(level, None, &line);
    }
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
            model.note(Level::Warn, Some(session), &format!("cannot be fetched: {}", clean(&why)));
            return Vec::new();
        }
    };
    let before = model.live().session(session).map(|known| (known.phase, known.title.clone()));
    let bidders = detail.summary.bidders;
    let data = model.live_mut();
    if let Some(attempt) = detail.attempts.last() {
        let live = data.live.entry(session).or_default();
        if attempt.attempt > live.attempt {
            live.begin(attempt.attempt);
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
        order::arrange(model);
        model.keep_bid();
    }
    let mut effects = ask_for_own_trade(model, session);
    // Bidders that came before we listened.
    let heard = model.live().live.get(&session).map_or(0, |live| live.bids.len() as u64);
    if bidders.unwrap_or(0) > heard && model.asking.admissions.is_none() {
        model.asking.admissions = Some(session);
        effects.push(Effect::Ask(Request::Admissions(session)));
    }
    effects
}

/// What a settled market tells us alone, unless it is known.
fn ask_for_own_trade(model: &mut Model, session: SessionId) -> Vec<Effect> {
    let data = model.live();
    let settled = data.session(session).is_some_and(|session| session.cleared.is_some());
    let known = data.own_trades.get(&session).is_some_and(Result::is_ok);
    if !settled || known || data.own.latest(session).is_none() || model.asking.own_trade.is_some() {
        return Vec::new();
    }
    model.asking.own_trade = Some(session);
    vec![Effect::Ask(Request::OwnTrade(session))]
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
        Some(Phase::Open | Phase::Paused | Phase::Failed) => 3_000,
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
    vec![Effect::Ask(Request::Detail(session))]
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
        let what = word(model, session);
        model.say(Level::Error, format!("your {what} is not in: {why}"));
    }
}
