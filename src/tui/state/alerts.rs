//! Which alerts there are now: they follow from the model.

use super::alert::{Alert, Matter};
use super::data::{Data, Level, Link};
use super::model::Model;
use crate::session::Phase;
use crate::tui::figures;
use crate::tui::input::commands::{GlobalCommand, ListCommand};
use crate::tui::input::layer::Layer;

/// How long a bid may take to be handed in before that is remarked upon, in milliseconds.
const ON_ITS_WAY: i64 = 8_000;

/// Everything that needs a person now, the worst first.
pub fn alerts(model: &Model) -> Vec<Alert> {
    let data = model.live();
    let mut alerts = Vec::new();
    if let Link::Lost { why, .. } = &data.link {
        let text = format!("The coordinator is not heard: {why}");
        alerts.push(Alert {
            matter: Matter::Lost,
            level: Level::Error,
            text,
            short: "no coordinator",
        });
    }
    if let Some((_, why)) = &data.login_over {
        let key = model.keymap.first(Layer::Global, GlobalCommand::LogIn);
        let text = format!("Your login has ended: {why}. {key} logs in again.");
        let matter = Matter::LoginOver;
        alerts.push(Alert { matter, level: Level::Error, text, short: "login ended" });
    }
    // What this very person can do comes before what others have to.
    alerts.extend(approvals(model));
    if let Some(short) = data.short_of_nodes() {
        let text = format!("Nothing can be settled: {short}.");
        let matter = Matter::TooFewNodes;
        alerts.push(Alert { matter, level: Level::Error, text, short: "too few nodes" });
    } else {
        alerts.extend(waiting(data));
    }
    alerts.extend(receipts(data));
    alerts.extend(clocks(data));
    alerts
}

fn waiting(data: &Data) -> impl Iterator<Item = Alert> {
    data.sessions.iter().filter_map(|session| {
        let detail = data.details.get(&session.id)?;
        let under_way = matches!(session.phase, Phase::Closing | Phase::Computing);
        (under_way && !detail.waiting_for.is_empty()).then(|| Alert {
            matter: Matter::Waiting(session.id),
            level: Level::Warn,
            text: format!("{} waits for {}.", session.title, figures::nodes(detail.waiting_for)),
            short: "waiting for nodes",
        })
    })
}

/// Jobs that our own node computes only once its operator lets it.
fn approvals(model: &Model) -> impl Iterator<Item = Alert> {
    let key = model.keymap.first(Layer::Auctions, ListCommand::Approve);
    let data = model.live();
    data.awaiting.iter().filter_map(|id| data.session(*id)).map(move |session| Alert {
        matter: Matter::Approval(session.id),
        level: Level::Warn,
        text: format!("{} waits for your word at your node; {key} shows its steps.", session.title),
        short: "a job to let run",
    })
}

fn receipts(data: &Data) -> impl Iterator<Item = Alert> {
    let needed = data.receipts_needed();
    data.sessions.iter().filter_map(move |session| {
        let own = data.own.latest(session.id)?;
        let got = own.receipts.len();
        // One that is just being handed in is let alone.
        let long = data.now.millis() - own.seen.millis() >= ON_ITS_WAY;
        (session.phase == Phase::Open && got < needed && long).then(|| Alert {
            matter: Matter::Receipts(session.id),
            level: Level::Warn,
            text: format!(
                "Your bid in {} is not in yet: {got} of the {needed} receipts that it takes.",
                session.title
            ),
            short: "bid not in",
        })
    })
}

fn clocks(data: &Data) -> impl Iterator<Item = Alert> {
    let up = data.nodes.iter().filter(|node| node.status.health.is_some() && node.clock_is_off());
    up.map(|node| Alert {
        matter: Matter::Clock(node.status.node),
        level: Level::Warn,
        text: format!(
            "The clock of node {} ({}) is {} {} the coordinator's; set it right, for receipts bear \
             its time.",
            node.status.node,
            node.name,
            figures::duration(node.status.clock_difference_millis.unwrap_or(0).abs()),
            if node.status.clock_difference_millis.unwrap_or(0) < 0 {
                "behind"
            } else {
                "ahead of"
            }
        ),
        short: "a clock is off",
    })
}
