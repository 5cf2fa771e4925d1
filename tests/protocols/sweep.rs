//! A wrong bit at every step of a computation, one after the other: each makes it end before what
//! depends on it is opened.

use std::collections::BTreeSet;

use gavel::protocol::{ProtocolError, StepId};
use gavel::runs::RunError;
use gavel::sharing::NodeIndex;
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{At, Failure, Lie, World};

use super::node;

/// What is opened in the computations looked at, in their order.
type Openings<'a> = &'a [&'a str];

/// How a computation ended at each node.
type Ended = Vec<(NodeIndex, Result<(), Failure>)>;

/// The steps at which node 2 sends its part of gates.
async fn gates(
    (n, t): (u8, u8),
    openings: Openings<'_>,
    run: impl AsyncFn(World) -> Ended,
) -> BTreeSet<StepId> {
    let tap = Wiretap::default();
    for (_, result) in run(World::new(n, t).tapped(&tap)).await {
        result.unwrap();
    }
    let mut apart: BTreeSet<StepId> = ["keys", "keys/confirm"].map(StepId::of).into();
    for opening in openings {
        apart.insert(StepId::of(opening));
        // Of gates, and of products over each field.
        for check in ["/check", "/check/61", "/check/127", "/check/pair", "/check/256"] {
            let steps = ["digests", "proofs", "verdict"];
            apart.extend(steps.map(|step| StepId::of(&format!("{opening}{check}/{step}"))));
        }
    }
    let sent = tap.messages().into_iter().filter(|message| message.from == node(2));
    let steps: BTreeSet<StepId> = sent.map(|message| message.step).collect();
    steps.difference(&apart).copied().collect()
}

/// A bit that node 2 sends wrong, at any step at which it sends its part of gates, is found before
/// the last of the openings; some of those steps lie between it and the one before. Gives the
/// number of steps.
pub async fn a_wrong_bit_is_found(
    scheme: (u8, u8),
    openings: Openings<'_>,
    run: impl AsyncFn(World) -> Ended,
) -> usize {
    let steps = gates(scheme, openings, &run).await;
    let mut last = openings.iter().rev().map(|opening| StepId::of(opening));
    let (told, before) = (last.next(), last.next());
    let mut late = before.is_none();
    for (at, &step) in steps.iter().enumerate() {
        let to = [None, Some(node(3))][at % 2];
        let tap = Wiretap::default();
        let lie = Lie { at: At::Step(step), to, bit: 1 };
        let world = World::new(scheme.0, scheme.1).with_lie(node(2), lie).tapped(&tap);
        for (_, result) in run(world).await {
            let error = result.unwrap_err();
            assert!(is_lie(&error), "{error:?}");
        }
        let sent: BTreeSet<_> = tap.messages().iter().map(|message| Some(message.step)).collect();
        assert!(!sent.contains(&told));
        late |= sent.contains(&before);
    }
    assert!(late, "no gates between the last two openings");
    steps.len()
}

const fn is_lie(error: &Failure) -> bool {
    matches!(
        error,
        Failure::Protocol(ProtocolError::Lie { .. })
            | Failure::Run(RunError::Protocol(ProtocolError::Lie { .. }))
    )
}
