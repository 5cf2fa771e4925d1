//! Elements dealt to the nodes of one attempt by those of them that hold shares under an earlier
//! roster, with other nodes or another threshold.
//!
//! In: elements, shared among the nodes of the earlier roster, of whom 2t+1 take part. Out: at every
//! participant a share of the same elements. Who learns what, and against whom: as for
//! [`super::give()`] and [`super::take()`], which run side by side over lines of their own. Keys that cut
//! components are made by those who hold them, in a round before. Rounds: [`super::cost::ROUNDS`].

use std::sync::Arc;

use futures_util::future::try_join;
use sha2::{Digest as _, Sha256};

use super::error::ReshareError;
use super::lines::{Line, Places};
use super::{Taking, cost, give, take};
use crate::field::Field;
use crate::protocol::{Channel, Context, EstablishError, ProtocolError};
use crate::sharing::reshare::{Handover, HandoverError};
use crate::sharing::{NodeIndex, NodeSet, Scheme, ShapeError, SharedElements};

/// The step of the batch, on lines that nothing else goes over.
const STEP: &str = "batch";

/// An earlier roster: how elements are shared, and which node of it each node of this one was.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    /// Nodes and threshold.
    pub scheme: Scheme,
    /// In the order of the nodes of this attempt's roster.
    pub places: &'a [Option<NodeIndex>],
}

impl Before<'_> {
    /// Which one a node was.
    pub fn place(&self, node: NodeIndex) -> Option<NodeIndex> {
        self.places.get(node.position()).copied().flatten()
    }

    /// From whom to whom it goes, where these take part.
    ///
    /// # Errors
    /// When too few do.
    pub fn handover(&self, scheme: Scheme, there: NodeSet) -> Result<Handover, HandoverError> {
        let givers = there.iter().filter_map(|node| self.place(node)).collect();
        Handover::new(self.scheme, givers, scheme, there)
    }
}

/// Deal a batch of so many elements. `shares` is what this node holds of them, if it was a node of the
/// earlier roster.
///
/// # Errors
/// When too few of those take part, nodes tell different digests, one sends what does not fit, or one
/// does not answer.
pub async fn hand_over<F: Field>(
    ctx: &Context,
    before: Before<'_>,
    shares: Option<&SharedElements<F>>,
    len: usize,
) -> Result<SharedElements<F>, ProtocolError> {
    let (scheme, there, me) = (ctx.scheme(), ctx.participants(), ctx.me());
    let step = ctx.claim()?.name;
    let handover = before.handover(scheme, there).map_err(|error| match error {
        HandoverError::TooFew { have, need, .. } => {
            ProtocolError::TooFewShares { step: step.clone(), have, need }
        }
        HandoverError::OnlyAdds { .. } | HandoverError::Unknown { .. } => {
            let (expected, got) = (before.scheme.quorum(), there.len());
            ShapeError { what: "nodes of an earlier roster", expected, got }.into()
        }
    })?;
    let places = Places::new(there.iter().filter_map(|node| Some((before.place(node)?, node))));
    let line = |name: &str| format!("{step}/{name}");
    let across = Line::across(ctx.channel(), line("across"), (me, &places));
    let peers = Line::among_takers(ctx.channel(), line("takers"));
    let binding: [u8; 32] = Sha256::new()
        .chain_update(b"gavel/v1/hand-over\0")
        .chain_update(ctx.binding())
        .chain_update(&step)
        .finalize()
        .into();
    let giving = async {
        let Some(own) = before.place(me) else { return Ok(()) };
        let missing = ShapeError { what: "shares under an earlier roster", expected: 1, got: 0 };
        let shares = shares.ok_or(missing)?;
        let among = Line::among_givers(ctx.channel(), line("givers"), &places);
        let among: Arc<dyn Channel> = Arc::new(among);
        let givers = handover.givers();
        let givers = Context::establish(own, before.scheme, givers, among, binding).await;
        let givers = givers.map_err(|error| match error {
            EstablishError::Exchange(error) => ReshareError::Old(error),
            EstablishError::Randomness(_) => {
                ReshareError::Old(ProtocolError::Randomness { step: step.clone() })
            }
            _ => ShapeError { what: "givers", expected: givers_due(handover), got: 0 }.into(),
        })?;
        let given = give(&givers.narrow(STEP), &across, handover, shares).await;
        ctx.ledger().sent(usize::try_from(givers.counters().bytes_sent).unwrap_or(usize::MAX));
        given
    };
    let taking = Taking { me, handover, step: STEP, binding, across: &across, peers: &peers };
    let both = try_join(giving, take::<F>(taking, len)).await;
    let ((), taken) = both.map_err(|error| in_attempt(error, &places))?;
    let told = cost::taking(handover).bytes_sent;
    ctx.ledger().sent(usize::try_from(told).unwrap_or(usize::MAX));
    ctx.catch_up(ctx.rounds() + cost::ROUNDS);
    Ok(taken)
}

fn givers_due(handover: Handover) -> usize {
    handover.old().quorum()
}

/// What went wrong, with nodes as the attempt names them.
fn in_attempt(error: ReshareError, places: &Places) -> ProtocolError {
    let now = |node: NodeIndex| places.now(node).unwrap_or(node);
    match error {
        ReshareError::Old(error) => among_givers(error, places),
        // Lines name nodes as the attempt does.
        ReshareError::Channel { step, source, .. } => ProtocolError::Channel { step, source },
        ReshareError::Malformed { step, nodes, .. } => match nodes.first() {
            Some(node) => ProtocolError::Encoding { step, node: now(node) },
            None => ProtocolError::Impossible { step },
        },
        ReshareError::Piece { step, nodes } => match nodes.first() {
            Some(node) => ProtocolError::Broken { step, node: now(node) },
            None => ProtocolError::Impossible { step },
        },
        ReshareError::Digests { step, liars, suspects } => {
            let (liars, suspects) = (places.all_now(liars), places.all_now(suspects));
            ProtocolError::Disagreement { step, liars, suspects }
        }
        ReshareError::Views { step, nodes } => ProtocolError::Views { step, nodes },
        ReshareError::Shape(error) => ProtocolError::Shape(error),
    }
}

/// The same of what went wrong while the givers made their keys and compared their digests.
fn among_givers(error: ProtocolError, places: &Places) -> ProtocolError {
    let now = |node: NodeIndex| places.now(node).unwrap_or(node);
    match error {
        ProtocolError::Malformed { step, node, expected, got } => {
            ProtocolError::Malformed { step, node: now(node), expected, got }
        }
        ProtocolError::Keys { nodes, holders } => ProtocolError::Keys {
            nodes: places.all_now(nodes),
            holders: holders.into_iter().map(|set| places.all_now(set)).collect(),
        },
        ProtocolError::Disagreement { step, liars, suspects } => {
            let (liars, suspects) = (places.all_now(liars), places.all_now(suspects));
            ProtocolError::Disagreement { step, liars, suspects }
        }
        ProtocolError::Views { step, nodes } => {
            ProtocolError::Views { step, nodes: places.all_now(nodes) }
        }
        other => other,
    }
}
