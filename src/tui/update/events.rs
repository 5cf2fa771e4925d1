//! Live events of coordinator and nodes, taken into the state.

use super::action::{Effect, Request};
use super::order;
use crate::base::text::clean;
use crate::rules::Stage;
use crate::session::Phase;
use crate::session::progress::{Event, What};
use crate::sharing::NodeSet;
use crate::tui::figures;
use crate::tui::state::data::{Data, Level, LogLine, Piece, Who};
use crate::tui::state::model::Model;

/// Take an event in.
pub fn take(model: &mut Model, event: &Event) -> Vec<Effect> {
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
        What::NameShared { bidder } => {
            let name = clean(bidder);
            data.name(&name);
            let before = Piece::Text("the coordinator has given one name to several keys: ".into());
            Some((Level::Error, vec![before, Piece::Name(name)]))
        }
        What::Attempt { attempt, participants } => begin(data, event, *attempt, *participants),
        What::Progress(progress) => {
            if let Some(node) = event.node {
                let live = data.live.entry(session).or_default();
                if progress.attempt > live.attempt {
                    live.begin(progress.attempt);
                }
                live.began.get_or_insert(event.at);
                if progress.attempt == live.attempt {
                    live.got(node, progress.clone());
                    live.participants.insert(node);
                }
                if progress.stage == Stage::Done {
                    live.done.get_or_insert(event.at);
                }
            }
            None
        }
        What::Judged { nodes } => {
            let line =
                format!("{} have judged the envelopes; one list is signed", figures::nodes(*nodes));
            Some((Level::Fine, words(line)))
        }
        What::Waiting { nodes } if nodes.is_empty() => {
            model.asking.detail_stale = true;
            Some((Level::Info, words("goes on".to_owned())))
        }
        What::Waiting { nodes } => {
            model.asking.detail_stale = true;
            Some((Level::Warn, words(format!("waits for {}", figures::nodes(*nodes)))))
        }
        What::Lie { finding, named } => {
            model.asking.detail_stale = true;
            let told = finding.told(*named);
            let line = format!("attempt {}: {told}; computing again", finding.attempt);
            Some((Level::Error, words(line)))
        }
        What::Shortage { shortage } => {
            model.asking.detail_stale = true;
            Some(match shortage {
                Some(shortage) => (Level::Warn, words(format!("too few nodes: {shortage}"))),
                None => (Level::Info, words("enough nodes are there again".to_owned())),
            })
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
                effects.push(Effect::Ask(Request::Detail(session)));
            }
            order::arrange(model);
            model.keep_bid();
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
        live.begin(attempt);
        live.began = Some(event.at);
    }
    live.participants = participants;
    // Each node says so too; the coordinator's word is enough.
    let line = words(format!("attempt {attempt} by {}", figures::nodes(participants)));
    event.node.is_none().then_some((Level::Info, line))
}

fn words(text: String) -> Vec<Piece> {
    vec![Piece::Text(text)]
}
