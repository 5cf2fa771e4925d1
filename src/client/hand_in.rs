//! Handing an envelope to one node: one try at a time, and whether another one is worth it.

use std::time::Duration;

use super::again::{is_busy, jittered};
use super::node::NodeClient;
use crate::session::Envelope;
use crate::sharing::NodeIndex;
use crate::transport::HttpError;
use crate::wire::node_api::HandedIn;
use crate::wire::problem::ProblemType;

/// A node that gave no receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Silence {
    /// The node that gave no receipt.
    pub node: NodeIndex,
    /// Its name in the roster.
    pub name: String,
    /// The refusal's slug; `None` when the node was not reached or its answer not usable.
    pub refused: Option<&'static str>,
    /// Why, in the node's or our words.
    pub reason: String,
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verb = if self.refused.is_some() { "refused" } else { "gave no receipt" };
        write!(f, "node {} ({}) {verb}: {}", self.node, self.name, self.reason)
    }
}

/// What may come of asking a node again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hope {
    /// Nothing: it has decided.
    None,
    /// Nothing listens there now.
    Absent,
    /// It may be busy, or the network in the way.
    Some,
}

/// One try to hand an envelope to a node, after a pause.
pub(super) struct Tried<'a> {
    pub node: &'a NodeClient,
    pub pause: Duration,
    pub answer: Result<HandedIn, (Silence, Hope)>,
}

pub(super) async fn ask<'a>(
    node: &'a NodeClient,
    envelope: &Envelope,
    pause: Duration,
) -> Tried<'a> {
    if !pause.is_zero() {
        tokio::time::sleep(jittered(pause)).await;
    }
    let answer = match node.hand_in(envelope).await {
        Ok(handed) if node.is_receipt_for(envelope, &handed.receipt) => Ok(handed),
        Ok(_) => {
            let reason = "its receipt is not for this envelope or not signed by its key";
            Err((silence(node, None, reason), Hope::None))
        }
        Err(error) => Err(match refusal(&error) {
            Some(kind) => {
                let reason = error.problem().map_or_else(|| error.to_string(), ToString::to_string);
                (silence(node, Some(kind), reason), hope_of_refusal(&error))
            }
            None => (silence(node, None, error.to_string()), hope(&error)),
        }),
    };
    Tried { node, pause, answer }
}

pub(super) fn silence(
    node: &NodeClient,
    refused: Option<&'static str>,
    reason: impl Into<String>,
) -> Silence {
    Silence { node: node.index(), name: node.name().to_owned(), refused, reason: reason.into() }
}

/// The slug, when the node has decided and will not decide otherwise.
pub(super) fn refusal(error: &HttpError) -> Option<&'static str> {
    let HttpError::Problem { problem, .. } = error else { return None };
    match problem.kind {
        // Not told of the session yet, or of another version.
        ProblemType::UnknownSession | ProblemType::Other => None,
        kind if is_busy(kind) => None,
        kind => Some(kind.slug()),
    }
}

/// A refusal is for good, but for that of a session which is paused and may go on.
fn hope_of_refusal(error: &HttpError) -> Hope {
    let paused = error.problem().is_some_and(|problem| problem.kind == ProblemType::Paused);
    if paused { Hope::Some } else { Hope::None }
}

pub(super) const fn hope(error: &HttpError) -> Hope {
    match error {
        // Another certificate than the roster's does not become right by asking again.
        HttpError::WrongCertificate { .. } => Hope::None,
        HttpError::Refused { .. } => Hope::Absent,
        _ => Hope::Some,
    }
}

/// The pause after this one.
pub(super) fn longer(pause: Duration) -> Duration {
    if pause.is_zero() { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) }
}

/// Before a node is asked for the second time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use crate::client::hand_in::*;
    use crate::wire::Problem;

    fn problem(kind: ProblemType) -> HttpError {
        HttpError::Problem {
            target: "127.0.0.1:1".into(),
            problem: Box::new(Problem::new(kind, "why")),
        }
    }

    #[test]
    fn a_node_that_is_busy_is_asked_again_and_one_that_decided_is_not() {
        assert_eq!(refusal(&problem(ProblemType::TooLate)), Some("too-late"));
        assert_eq!(refusal(&problem(ProblemType::BadEnvelope)), Some("bad-envelope"));
        assert!(hope_of_refusal(&problem(ProblemType::TooLate)) == Hope::None);
        // A session that is paused may go on.
        assert_eq!(refusal(&problem(ProblemType::Paused)), Some("paused"));
        assert!(hope_of_refusal(&problem(ProblemType::Paused)) == Hope::Some);
        for kind in [ProblemType::Unavailable, ProblemType::UnknownSession, ProblemType::Timeout] {
            assert_eq!(refusal(&problem(kind)), None);
            assert!(hope(&problem(kind)) == Hope::Some);
        }
        let address = "127.0.0.1:1".to_owned();
        assert!(hope(&HttpError::Refused { address: address.clone() }) == Hope::Absent);
        let stranger = HttpError::WrongCertificate { address };
        assert!(refusal(&stranger).is_none() && hope(&stranger) == Hope::None);
    }

    #[test]
    fn pauses_are_spread_and_grow() {
        for _ in 0..50 {
            let pause = jittered(Duration::from_millis(100));
            assert!((50..=100).contains(&pause.as_millis()), "{pause:?}");
        }
        let mut pause = Duration::ZERO;
        for expected in [100, 200, 400, 800, 1600, 2000, 2000] {
            pause = longer(pause);
            assert_eq!(pause.as_millis(), expected);
        }
    }
}
