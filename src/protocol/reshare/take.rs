//! The part of a new node: it adds up the pieces that it is sent, and checks them by their digests.

use std::ops::Range;

use bytes::Bytes;
use futures_util::future::{join_all, try_join, try_join_all};

use super::ReshareError;
use super::error::Side;
use super::sizes::{held, pieces_from, step, stripe, table_bytes};
use super::table::Tables;
use crate::field::Field;
use crate::field::bulk::add_encoded;
use crate::protocol::Channel;
use crate::sharing::elements::Component;
use crate::sharing::reshare::{BLIND_BYTES, DIGEST_BYTES, Handover, PieceDigest};
use crate::sharing::{Holding, NodeIndex, NodeSet, SharedElements};

/// One new node's view of a dealing.
#[derive(Clone, Copy)]
pub struct Taking<'a> {
    /// This node, by its index in the new roster.
    pub me: NodeIndex,
    /// From whom to whom.
    pub handover: Handover,
    /// The name of the step at which the old nodes give the batch.
    pub step: &'a str,
    /// What ties the old nodes' keys to this dealing.
    pub binding: [u8; 32],
    /// From the old nodes, by their indices in the old roster.
    pub across: &'a dyn Channel,
    /// Among the new nodes.
    pub peers: &'a dyn Channel,
}

/// Take a batch of so many elements.
///
/// # Errors
/// When old nodes told different digests, one sent a piece that does not fit its digest, new nodes were
/// told different digests, or a node does not answer.
pub async fn take<F: Field>(
    taking: Taking<'_>,
    len: usize,
) -> Result<SharedElements<F>, ReshareError> {
    let tables = taking.tables().await?;
    let mut adding = Adding::<F>::new(taking, len, taking.blinds().await?);
    let stripe = stripe::<F>(taking.handover);
    for (number, first) in (0..len).step_by(stripe).enumerate() {
        adding.add(number, first..len.min(first + stripe)).await?;
    }
    let components = adding.checked(&tables)?;
    taking.compare(&tables).await?;
    Ok(SharedElements::from_components(
        Holding::of(taking.handover.new_scheme(), taking.me),
        components,
    )?)
}

impl Taking<'_> {
    /// One message of each of some old nodes, by how many bytes are due from it.
    async fn receive(
        &self,
        name: &str,
        due: impl Fn(NodeIndex) -> usize,
    ) -> Result<Vec<(NodeIndex, Bytes)>, ReshareError> {
        let (name, id) = step(self.step, name);
        let givers = self.handover.givers().iter().filter(|&giver| due(giver) > 0);
        let receives =
            givers.map(|giver| async move { (giver, self.across.recv(giver, id).await) });
        let mut received = Vec::new();
        let mut wrong = NodeSet::EMPTY;
        for (giver, message) in join_all(receives).await {
            let (step, side) = (name.clone(), Side::Old);
            let message = message.map_err(|source| ReshareError::Channel { step, side, source })?;
            if message.len() != due(giver) {
                wrong.insert(giver);
            }
            received.push((giver, message));
        }
        if wrong.is_empty() {
            return Ok(received);
        }
        Err(ReshareError::Malformed { step: name, side: Side::Old, nodes: wrong })
    }

    /// What all old nodes told, which must fit together.
    async fn tables(&self) -> Result<Tables, ReshareError> {
        let bytes = table_bytes(self.handover);
        let told = self.receive("digests", |_| bytes).await?;
        let tables = Tables::new(self.handover, told);
        tables.check(&step(self.step, "digests").0, self.handover.givers())?;
        Ok(tables)
    }

    /// The blinds of all pieces, by who sends them.
    async fn blinds(&self) -> Result<Vec<(NodeIndex, Bytes)>, ReshareError> {
        self.receive("blinds", |giver| pieces_from(self.handover, giver) * BLIND_BYTES).await
    }

    /// Compare with the other new nodes what the old ones told.
    async fn compare(&self, tables: &Tables) -> Result<(), ReshareError> {
        let (name, id) = step(self.step, "view");
        let view = Bytes::copy_from_slice(&tables.view(&self.binding));
        let others = self.handover.takers().without(self.me);
        let sent = try_join_all(others.iter().map(|peer| self.peers.send(peer, id, view.clone())));
        let receives = others.iter().map(|peer| async move {
            self.peers.recv(peer, id).await.map(|theirs| (peer, theirs))
        });
        let failed = |source| ReshareError::Channel { step: name.clone(), side: Side::New, source };
        let (_, views) = try_join(sent, try_join_all(receives)).await.map_err(failed)?;
        let nodes: NodeSet =
            views.iter().filter(|(_, theirs)| *theirs != view).map(|&(peer, _)| peer).collect();
        if nodes.is_empty() { Ok(()) } else { Err(ReshareError::Views { step: name, nodes }) }
    }
}

/// A piece that is sent.
struct Piece {
    /// The component that it is cut from, and the one that it goes into, by their positions.
    from: usize,
    to: usize,
    digest: PieceDigest,
}

/// New components as they grow.
struct Adding<'a, F: Field> {
    taking: Taking<'a>,
    /// The new components that this node is to hold, in the order of their positions.
    components: Vec<Component<F>>,
    /// What each old node sends, in the order in which it is in its messages.
    pieces: Vec<(NodeIndex, Vec<Piece>)>,
}

impl<'a, F: Field> Adding<'a, F> {
    fn new(taking: Taking<'a>, len: usize, blinds: Vec<(NodeIndex, Bytes)>) -> Self {
        let (handover, binding) = (taking.handover, &taking.binding);
        let (froms, tos) = (handover.old().sets(), handover.new_scheme().sets());
        let own = handover.new_scheme().held_by(taking.me);
        let sent = |(giver, blinds): (NodeIndex, Bytes)| {
            let sent = handover.sent_by(giver).into_iter();
            let pairs = sent.flat_map(|from| own.iter().map(move |&to| (from, to)));
            let blinds = blinds.as_chunks::<BLIND_BYTES>().0.iter();
            let piece = |((from, to), blind): ((usize, usize), &[u8; BLIND_BYTES])| {
                let sets = (froms[from], tos[to]);
                Piece { from, to, digest: PieceDigest::new(&handover, binding, sets, blind) }
            };
            (giver, pairs.zip(blinds).map(piece).collect())
        };
        let components = own.iter().map(|_| Component::zeros(len)).collect();
        Self { taking, components, pieces: blinds.into_iter().map(sent).collect() }
    }

    /// Take the pieces of some places and add them up.
    async fn add(&mut self, number: usize, places: Range<usize>) -> Result<(), ReshareError> {
        let (name, size) = (format!("pieces/{number}"), places.len() * F::BYTES);
        let handover = self.taking.handover;
        let due = |giver| pieces_from(handover, giver) * size;
        let messages = self.taking.receive(&name, due).await?;
        let held = held(handover.new_scheme());
        for ((giver, message), (_, pieces)) in messages.into_iter().zip(&mut self.pieces) {
            let parts = message.chunks_exact(size).zip(pieces).enumerate();
            for (at, (part, piece)) in parts {
                piece.digest.update_encoded(part);
                if !add_encoded(&mut self.components[at % held][places.clone()], part) {
                    let (nodes, side) = (NodeSet::EMPTY.with(giver), Side::Old);
                    let step = step(self.taking.step, &name).0;
                    return Err(ReshareError::Malformed { step, side, nodes });
                }
            }
        }
        Ok(())
    }

    /// The components, if every piece is the one whose digest its sender told.
    fn checked(self, tables: &Tables) -> Result<Vec<Component<F>>, ReshareError> {
        let mut nodes = NodeSet::EMPTY;
        for (giver, pieces) in self.pieces {
            for Piece { from, to, digest } in pieces {
                let digest: [u8; DIGEST_BYTES] = digest.finish();
                if tables.digest(giver, from, to) != Some(&digest[..]) {
                    nodes.insert(giver);
                }
            }
        }
        if nodes.is_empty() {
            return Ok(self.components);
        }
        Err(ReshareError::Piece { step: step(self.taking.step, "pieces").0, nodes })
    }
}
