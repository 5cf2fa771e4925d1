//! A session's events as lines for people. Every node tells every step; this says each thing once.

use super::output::clean;
use super::view;
use crate::rules::Stage;
use crate::rules::auction::Stage as OfAuctions;
use crate::session::progress::{Event, What};
use crate::sharing::NodeSet;

/// What has been told of one session.
#[derive(Default)]
pub struct News {
    attempt: u32,
    steps: Vec<(Stage, u32)>,
    waiting: NodeSet,
}

impl News {
    /// A line for an event, where it tells something new.
    pub fn line(&mut self, event: &Event) -> Option<String> {
        match &event.what {
            What::Received { bidder, revision } => {
                let node = event.node.map_or_else(String::new, |node| format!(" at node {node}"));
                Some(format!("revision {revision} by {}{node}", clean(bidder)))
            }
            What::NameShared { bidder } => {
                let node = event.node.map_or_else(String::new, |node| format!("node {node}: "));
                let name = clean(bidder);
                Some(format!("{node}the coordinator has given the name {name} to several keys"))
            }
            What::Progress(progress) => {
                let step = (progress.stage, progress.level);
                if progress.attempt != self.attempt || self.steps.contains(&step) {
                    return None;
                }
                self.steps.push(step);
                let told = !matches!(progress.stage, Stage::Preparing | Stage::Done)
                    && (progress.stage != OfAuctions::Tournament.into() || progress.level > 0);
                told.then(|| view::progress_line(progress))
            }
            What::Attempt { attempt, participants } if *attempt > self.attempt => {
                *self = Self { attempt: *attempt, ..Self::default() };
                Some(format!("attempt {attempt} by {}", view::nodes(*participants)))
            }
            What::Judged { nodes } => Some(format!(
                "{} have judged the envelopes; one list is signed",
                view::nodes(*nodes)
            )),
            What::Waiting { nodes } if *nodes != self.waiting && !nodes.is_empty() => {
                self.waiting = *nodes;
                Some(format!("waiting for {}", view::nodes(*nodes)))
            }
            What::Waiting { nodes } => {
                self.waiting = *nodes;
                None
            }
            What::Lie { finding, named } => {
                Some(format!("attempt {}: {}", finding.attempt, finding.told(*named)))
            }
            What::Shortage { shortage: Some(shortage) } => Some(shortage.to_string()),
            What::Shortage { shortage: None } => Some("enough nodes are there again".to_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::base::Timestamp;
    use crate::cli::news::*;
    use crate::session::SessionId;
    use crate::session::progress::Progress;

    #[test]
    fn five_nodes_that_tell_one_step_make_one_line() {
        let mut news = News::default();
        let attempt = |attempt| What::Attempt { attempt, participants: NodeSet::all(5) };
        let step = |attempt, level| {
            What::Progress(Progress {
                attempt,
                stage: OfAuctions::Tournament.into(),
                level,
                levels: 3,
                ..Progress::default()
            })
        };
        let told = [
            attempt(1),
            attempt(1),
            step(1, 0),
            step(1, 1),
            step(1, 1),
            step(1, 2),
            step(1, 1),
            attempt(2),
            step(1, 3),
            step(2, 1),
        ];
        let event = |what| Event {
            at: Timestamp::from_millis(0),
            session: SessionId([0; 16]),
            node: None,
            what,
        };
        let lines = told.map(|what| news.line(&event(what)).is_some());
        let expected = [true, false, false, true, false, true, false, true, false, true];
        assert_eq!(lines, expected);
    }
}
