//! Elements dealt anew among the nodes of one attempt: the same values, with components that have
//! nothing to do with those before.
//!
//! In: elements, of which some nodes may have no share. Out: at every participant a share of the same
//! elements. Who learns what: nothing ([`crate::sharing::reshare`]). Rounds: two, and one more for
//! each further message of a long batch. Bytes: [`CostModel::refreshing_elements`]. Adversary: up to
//! t nodes that do anything.
//!
//! 1. Every node cuts what it holds, and tells all others the digests of all pieces, or that it has no
//!    share. 2t+1 have to have one, so every component has an honest holder among them.
//! 2. Each of them sends its pieces to those that are to hold them. All holders of a component send:
//!    who has no share may say one thing here and another there, so nobody relies on who was to send.
//!
//! Nodes take only pieces that fit digests on which all holders agree, the honest one among them. So
//! all honest nodes that come to an end have the same components, and nobody has to be asked what
//! it was told. Who tells other digests than an honest holder is in conflict with it; who sends what
//! does not fit its own digest is named alone. After an error the shares before stand.

use std::ops::Range;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::sizes::{held, message_stripe};
use super::table::{Conflict, Tables};
use crate::field::Field;
use crate::field::bulk::{add_encoded, add_into, append};
use crate::protocol::{Context, Cost, CostModel, ProtocolError};
use crate::sharing::elements::Component;
use crate::sharing::reshare::{BLIND_BYTES, Cutter, DIGEST_BYTES, Handover, PieceDigest, Starts};
use crate::sharing::{Holding, NodeIndex, NodeSet, ShapeError, SharedElements};

/// What a node says that has a share.
const HAS_SHARE: u8 = 1;

/// Deal a batch of so many elements anew. `shares` is what this node holds of them; nothing where it
/// lacks any.
///
/// # Errors
/// When fewer than 2t+1 nodes have shares, nodes tell different digests, one sends what does not fit,
/// or one does not answer.
pub async fn refresh<F: Field>(
    ctx: &Context,
    shares: Option<&SharedElements<F>>,
    len: usize,
) -> Result<SharedElements<F>, ProtocolError> {
    let (scheme, there) = (ctx.scheme(), ctx.participants());
    let handover = Handover::new(scheme, there, scheme, there).map_err(|_| {
        let (expected, got) = (scheme.quorum(), there.len());
        ShapeError { what: "nodes that deal anew", expected, got }
    })?;
    if let Some(got) = shares.map(SharedElements::len).filter(|&got| got != len) {
        return Err(ShapeError { what: "elements to deal anew", expected: len, got }.into());
    }
    let starts = Starts::of(&ctx.narrow("cut").claim()?.name, scheme);
    let refreshing = Refreshing { ctx, handover, shares, len, starts };
    let tables = refreshing.tell().await?;
    refreshing.pass(&tables).await
}

struct Refreshing<'a, F: Field> {
    ctx: &'a Context,
    /// From these nodes to the same ones.
    handover: Handover,
    shares: Option<&'a SharedElements<F>>,
    len: usize,
    starts: Starts,
}

/// A piece of another node's that this one takes, or only compares with its digest.
struct Piece {
    /// The component that it is cut from, and the one that it goes into, by their positions.
    from: usize,
    to: usize,
    digest: PieceDigest,
    /// Where it goes among this node's components, if it is the copy that is taken.
    taken: Option<usize>,
}

impl<F: Field> Refreshing<'_, F> {
    /// The components held, by their position among all, with what cuts them and the elements.
    fn cutters(&self) -> Vec<(usize, Cutter<'_>, &[F])> {
        let Some(shares) = self.shares else { return Vec::new() };
        let held = self.handover.old().held_by(self.ctx.me()).into_iter();
        let cutters = held.zip(self.ctx.keys().sets()).enumerate();
        cutters
            .map(|(at, (from, key))| (from, Cutter::new(key, &self.starts), shares.component(at)))
            .collect()
    }

    fn sets(&self) -> Vec<NodeSet> {
        self.handover.old().sets()
    }

    /// Room for all pieces of a component, of so many elements each.
    fn room(&self, len: usize) -> Vec<Component<F>> {
        self.sets().iter().map(|_| Component::zeros(len)).collect()
    }

    /// What a piece's digest begins with.
    fn digest(&self, from: usize, to: usize, blind: &[u8; BLIND_BYTES]) -> PieceDigest {
        let (sets, binding) = (self.sets(), self.ctx.binding());
        PieceDigest::new(&self.handover, &binding, (sets[from], sets[to]), blind)
    }

    /// The digests of all pieces that this node can cut; zeros where it has no share.
    fn table(&self) -> Vec<u8> {
        let count = self.sets().len();
        let bytes = held(self.handover.old()) * count * DIGEST_BYTES;
        let mut table = Vec::with_capacity(bytes);
        let mut pieces = self.room(self.len);
        let mut room = Zeroizing::new(Vec::with_capacity(self.len * F::BYTES));
        for (from, cutter, elements) in self.cutters() {
            cutter.cut(0, elements, &mut pieces);
            for (to, piece) in pieces.iter().enumerate() {
                let mut digest = self.digest(from, to, &cutter.blind(to));
                digest.update(piece, &mut room);
                table.extend(digest.finish());
            }
        }
        table.resize(bytes, 0);
        table
    }

    /// Tell everybody the digests, and compare those of all that have shares.
    async fn tell(&self) -> Result<Tables, ProtocolError> {
        let ctx = self.ctx;
        let claim = ctx.narrow("digests").claim()?;
        let mut own = vec![if self.shares.is_some() { HAS_SHARE } else { 0 }];
        own.extend(self.table());
        let own = Bytes::from(own);
        // Different keys make different digests: whoever was given others says so, and no more.
        ctx.confirm_keys().await?;
        let outgoing = ctx.peers().iter().map(|peer| (peer, own.clone())).collect();
        let mut told = ctx.exchange(&claim, outgoing, ctx.peers(), own.len()).await?;
        told.push((ctx.me(), own));
        let with_share =
            told.into_iter().filter(|(_, message)| message.first() == Some(&HAS_SHARE));
        let told: Vec<_> = with_share.map(|(node, message)| (node, message.slice(1..))).collect();
        let (step, have, need) = (claim.name, told.len(), self.handover.old().quorum());
        if have < need {
            return Err(ProtocolError::TooFewShares { step, have, need });
        }
        let tables = Tables::new(self.handover, told);
        match tables.conflict(ctx.peers()) {
            None => Ok(tables),
            Some(Conflict { liars, suspects }) => {
                Err(ProtocolError::Disagreement { step, liars, suspects })
            }
        }
    }

    /// This node's pieces for all others, and theirs.
    async fn pass(&self, tables: &Tables) -> Result<SharedElements<F>, ProtocolError> {
        let own = self.handover.new_scheme().held_by(self.ctx.me());
        let mut components: Vec<Component<F>> =
            own.iter().map(|_| Component::zeros(self.len)).collect();
        for (_, cutter, elements) in self.cutters() {
            let mut pieces = self.room(self.len);
            cutter.cut(0, elements, &mut pieces);
            for (component, &to) in components.iter_mut().zip(&own) {
                add_into(component, &pieces[to]);
            }
        }
        let mut theirs: Vec<(NodeIndex, Vec<Piece>)> = Vec::new();
        let (stripe, pairs) = (message_stripe::<F>(self.handover.old()), own.len() * own.len());
        let firsts = (0..self.len).step_by(stripe);
        for (number, first) in firsts.enumerate() {
            let places = first..self.len.min(first + stripe);
            let size = places.len() * F::BYTES;
            let blinds = if number == 0 { pairs * BLIND_BYTES } else { 0 };
            let expected = blinds + pairs * size;
            let claim = self.ctx.narrow(format!("pieces/{number}")).claim()?;
            let outgoing = self.messages(number == 0, &places, expected);
            let peers = self.ctx.peers();
            let received = self.ctx.exchange(&claim, outgoing, peers, expected).await?;
            if number == 0 {
                theirs = self.pieces(tables, &own, &received);
            }
            for (node, pieces) in &mut theirs {
                let message = received.iter().find(|(from, _)| from == node);
                let message = message.map_or(&[][..], |(_, message)| &message[blinds..]);
                for (piece, part) in pieces.iter_mut().zip(message.chunks_exact(size)) {
                    piece.digest.update_encoded(part);
                    let Some(at) = piece.taken else { continue };
                    if !add_encoded(&mut components[at][places.clone()], part) {
                        return Err(ProtocolError::Encoding { step: claim.name, node: *node });
                    }
                }
            }
        }
        for (node, pieces) in theirs {
            for Piece { from, to, digest, .. } in pieces {
                if tables.digest(node, from, to) != Some(&digest.finish()[..]) {
                    let step = self.ctx.narrow("pieces").step().to_owned();
                    return Err(ProtocolError::Broken { step, node });
                }
            }
        }
        let holding = Holding::of(self.handover.new_scheme(), self.ctx.me());
        Ok(SharedElements::from_components(holding, components)?)
    }

    /// The pieces of some places for each other node, with their blinds in the first message: zeros where
    /// this node has no share.
    fn messages(
        &self,
        first: bool,
        places: &Range<usize>,
        bytes: usize,
    ) -> Vec<(NodeIndex, Bytes)> {
        let (new, cutters) = (self.handover.new_scheme(), self.cutters());
        // Room for all at once: a list that grows leaves copies behind.
        let mut messages: Vec<_> = self
            .ctx
            .peers()
            .iter()
            .map(|peer| (peer, new.held_by(peer), Zeroizing::new(Vec::with_capacity(bytes))))
            .collect();
        for (_, cutter, _) in cutters.iter().filter(|_| first) {
            for (_, held, message) in &mut messages {
                for &to in held.iter() {
                    message.extend_from_slice(&*cutter.blind(to));
                }
            }
        }
        for (_, cutter, elements) in &cutters {
            let mut pieces = self.room(places.len());
            cutter.cut(places.start, &elements[places.clone()], &mut pieces);
            for (_, held, message) in &mut messages {
                for &to in held.iter() {
                    append(message, &pieces[to]);
                }
            }
        }
        let messages = messages.into_iter().map(|(peer, _, mut message)| {
            message.resize(bytes, 0);
            (peer, Bytes::from_owner(message))
        });
        messages.collect()
    }

    /// What those that have shares are about to send, in the order of their messages. Of several copies
    /// of a piece the first is taken, and none of what this node cuts itself.
    fn pieces(
        &self,
        tables: &Tables,
        own: &[usize],
        received: &[(NodeIndex, Bytes)],
    ) -> Vec<(NodeIndex, Vec<Piece>)> {
        let mut has: Vec<usize> = self.cutters().iter().map(|(from, ..)| *from).collect();
        let mut all = Vec::new();
        for (node, message) in received.iter().filter(|(node, _)| tables.told_by(*node)) {
            let mut blinds = message.as_chunks::<BLIND_BYTES>().0.iter();
            let mut pieces = Vec::new();
            for from in self.handover.old().held_by(*node) {
                let fresh = !has.contains(&from);
                for ((at, &to), blind) in own.iter().enumerate().zip(&mut blinds) {
                    let digest = self.digest(from, to, blind);
                    pieces.push(Piece { from, to, digest, taken: fresh.then_some(at) });
                }
                if fresh {
                    has.push(from);
                }
            }
            all.push((*node, pieces));
        }
        all
    }
}

impl CostModel {
    /// Dealing so many elements anew among those that compute.
    pub fn refreshing_elements<F: Field>(self, len: usize) -> Cost {
        let (held, sets) = (held(self.scheme), self.scheme.sets().len());
        let table = 1 + held * sets * DIGEST_BYTES;
        let pieces = held * held * (BLIND_BYTES + len * F::BYTES);
        let messages = len.div_ceil(message_stripe::<F>(self.scheme));
        let bytes_sent = self.peers() * (table + pieces) as u64;
        Cost { rounds: 1 + messages as u64, bytes_sent, ..Cost::NONE }
    }
}
