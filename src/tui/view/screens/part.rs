//! The part of the operator's own node in a session: what it holds, has signed, and computes.

use super::super::theme::Role;
use super::stages;
use crate::rules::Stage;
use crate::session::Phase;
use crate::sharing::NodeIndex;
use crate::tui::figures::{bytes, count, plural};
use crate::tui::input::commands::ListCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::data::Session;
use crate::tui::state::model::Model;
use crate::wire::coordinator_api::SessionDetail;

/// What the own node does in a session; `None` for whoever is no node's operator.
pub fn of_own_node(model: &Model, session: &Session) -> Option<(Role, String)> {
    let node = model.person.node?;
    let data = model.data();
    if data.awaiting.contains(&session.id) {
        let key = model.keymap.first(Layer::Auctions, ListCommand::Approve);
        let text = format!("waits for your word; {key} shows the signed steps and lets it run");
        return Some((Role::Warn, text));
    }
    let detail = data.details.get(&session.id)?;
    Some(match session.phase {
        Phase::Draft => (Role::Muted, "hears of it when it is opened".to_owned()),
        Phase::Open | Phase::Paused => open(model, session, detail, node),
        Phase::Closing => match &detail.manifest {
            Some(manifest) if manifest.signed_by.contains(node) => {
                (Role::Good, format!("has signed the list of {}", session.entry_words().1))
            }
            _ if detail.waiting_for.contains(node) => {
                (Role::Bad, "is waited for; see that it runs and is reached".to_owned())
            }
            _ => (
                Role::Warn,
                format!("fixes the list of {} with the others", session.entry_words().1),
            ),
        },
        Phase::Computing => computing(model, session, node),
        Phase::Settled => settled(detail, node),
        Phase::Failed => {
            let took_part =
                detail.attempts.iter().filter(|attempt| attempt.participants.contains(node));
            let (part, all) = (took_part.count(), detail.attempts.len());
            (Role::Warn, format!("took part in {part} of {all} attempts; it keeps its shares"))
        }
        Phase::Cancelled => (Role::Muted, "opens nothing of it, ever".to_owned()),
    })
}

fn open(
    model: &Model,
    session: &Session,
    detail: &SessionDetail,
    node: NodeIndex,
) -> (Role, String) {
    if !detail.acknowledged.contains(node) {
        return (Role::Warn, "has not yet acknowledged the terms".to_owned());
    }
    let live = model.data().live.get(&session.id);
    let rows = live.map_or(&[][..], |live| &live.bids);
    let given = rows.iter().filter(|row| row.nodes.contains(node)).count();
    let heard = rows.iter().filter(|row| row.revision > 0).count();
    if given < heard {
        let text = format!(
            "has given receipts for {given} of {}; the other nodes pass on the rest when bidding \
             ends",
            entries(session, heard)
        );
        return (Role::Warn, text);
    }
    match heard {
        0 => (Role::Good, format!("holds the terms and takes {}", session.entry_words().1)),
        _ => (
            Role::Good,
            format!("has given a receipt for {}, all there are", entries(session, heard)),
        ),
    }
}

fn entries(session: &Session, number: usize) -> String {
    let (one, many) = session.entry_words();
    plural(number as u64, one, many)
}

fn computing(model: &Model, session: &Session, node: NodeIndex) -> (Role, String) {
    let live = model.data().live.get(&session.id);
    let Some(live) = live.filter(|live| live.participants.contains(node)) else {
        return (Role::Warn, "takes no part in this attempt".to_owned());
    };
    match live.progress.get(&node) {
        Some(progress) if progress.stage == Stage::Done => {
            (Role::Good, "is done; the others are still at it".to_owned())
        }
        Some(progress) => {
            let text = format!(
                "{}, round {} of {}, {} sent",
                stages::name(progress.stage),
                count(progress.rounds),
                count(progress.rounds_total.max(progress.rounds)),
                bytes(progress.bytes_sent)
            );
            (Role::Good, text)
        }
        None => (Role::Warn, "unseals its shares".to_owned()),
    }
}

fn settled(detail: &SessionDetail, node: NodeIndex) -> (Role, String) {
    let signed =
        detail.outcome.as_ref().is_some_and(|outcome| outcome.signatures.contains_key(&node));
    let cost = detail
        .attempts
        .iter()
        .rfind(|attempt| attempt.trouble.is_none())
        .and_then(|attempt| attempt.cost.iter().find(|(index, _)| *index == node));
    match (signed, cost) {
        (true, Some((_, cost))) => {
            let text = format!(
                "has signed the outcome; it computed for {:.2} s, {} rounds, {} sent",
                cost.seconds,
                count(cost.rounds),
                bytes(cost.bytes_sent)
            );
            (Role::Good, text)
        }
        (true, None) => (Role::Good, "has signed the outcome".to_owned()),
        (false, _) => (Role::Warn, "has not signed the outcome".to_owned()),
    }
}
