//! The part of an old node: digests of what it can cut, and the pieces that fall to it.

use bytes::Bytes;
use futures_util::future::{try_join, try_join_all};
use zeroize::Zeroizing;

use super::ReshareError;
use super::error::Side;
use super::sizes::{pieces_from, step, stripe, table_bytes};
use super::table::Tables;
use crate::field::Field;
use crate::field::bulk::append;
use crate::protocol::{Channel, Context, StepId};
use crate::sharing::elements::Component;
use crate::sharing::reshare::{BLIND_BYTES, Cutter, Handover, PieceDigest, Starts};
use crate::sharing::{NodeIndex, ShapeError, SharedElements};

/// Elements cut at a time where only digests are made of them.
const TILE: usize = 256;

/// Give a batch to the new nodes. The context is that of the old nodes that are there, with keys made
/// for this dealing; `across` goes to the new nodes by their indices in the new roster, to this very
/// node as well where it is one of them. Several batches go under several steps.
///
/// # Errors
/// When old nodes tell different digests, or a node does not answer.
pub async fn give<F: Field>(
    ctx: &Context,
    across: &dyn Channel,
    handover: Handover,
    shares: &SharedElements<F>,
) -> Result<(), ReshareError> {
    let fits = ctx.scheme() == handover.old() && ctx.participants() == handover.givers();
    let (expected, got) = (handover.old().held_by(ctx.me()).len(), shares.holding().components());
    if !fits || expected != got {
        return Err(ShapeError { what: "components to deal anew", expected, got }.into());
    }
    let starts = Starts::of(&ctx.narrow("cut").claim()?.name, handover.new_scheme());
    let giving = Giving { ctx, across, handover, shares, starts };
    giving.tell().await?;
    giving.send_blinds().await?;
    giving.send_pieces().await
}

struct Giving<'a, F: Field> {
    ctx: &'a Context,
    across: &'a dyn Channel,
    handover: Handover,
    shares: &'a SharedElements<F>,
    starts: Starts,
}

impl<F: Field> Giving<'_, F> {
    /// The components held, by their position among all, with what cuts them and the elements.
    fn held(&self) -> impl Iterator<Item = (usize, Cutter<'_>, &[F])> {
        let held = self.handover.old().held_by(self.ctx.me()).into_iter();
        let keys = self.ctx.keys().sets();
        held.zip(keys).enumerate().map(|(at, (from, key))| {
            (from, Cutter::new(key, &self.starts), self.shares.component(at))
        })
    }

    /// Positions of the new components that a new node is to hold.
    fn for_taker(&self, taker: NodeIndex) -> Vec<usize> {
        self.handover.new_scheme().held_by(taker)
    }

    /// Room for pieces of so many elements.
    fn room(&self, len: usize) -> Vec<Component<F>> {
        self.handover.new_scheme().sets().iter().map(|_| Component::zeros(len)).collect()
    }

    /// The digests of all pieces that this node can cut.
    fn table(&self) -> Vec<u8> {
        let (froms, tos) = (self.handover.old().sets(), self.handover.new_scheme().sets());
        let mut pieces = self.room(TILE.min(self.shares.len()));
        let mut room = Zeroizing::new(Vec::with_capacity(TILE * F::BYTES));
        let mut table = Vec::with_capacity(table_bytes(self.handover));
        for (from, cutter, elements) in self.held() {
            let digest = |(at, &to)| {
                let (binding, sets) = (self.ctx.binding(), (froms[from], to));
                PieceDigest::new(&self.handover, &binding, sets, &cutter.blind(at))
            };
            let mut digests: Vec<PieceDigest> = tos.iter().enumerate().map(digest).collect();
            for (number, elements) in elements.chunks(TILE).enumerate() {
                cutter.cut(number * TILE, elements, &mut pieces);
                for (digest, piece) in digests.iter_mut().zip(&pieces) {
                    digest.update(&piece[..elements.len()], &mut room);
                }
            }
            table.extend(digests.into_iter().flat_map(PieceDigest::finish));
        }
        table
    }

    /// Tell everybody the digests, and compare those of the old nodes.
    async fn tell(&self) -> Result<(), ReshareError> {
        let (ctx, own) = (self.ctx, Bytes::from(self.table()));
        let claim = ctx.narrow("digests").claim()?;
        // Different keys make different digests: whoever was given others says so, and no more, or those
        // who have no keys would take it for the liar.
        ctx.confirm_keys().await?;
        let outgoing = ctx.peers().iter().map(|peer| (peer, own.clone())).collect();
        let among = async {
            let told = ctx.exchange(&claim, outgoing, ctx.peers(), own.len()).await;
            told.map_err(ReshareError::Old)
        };
        let takers = self.handover.takers().iter().map(|taker| (taker, own.clone())).collect();
        let (mut told, ()) = try_join(among, self.send(&claim.name, claim.id, takers)).await?;
        told.push((ctx.me(), own));
        Tables::new(self.handover, told).check(&claim.name, ctx.peers())
    }

    async fn send(
        &self,
        name: &str,
        id: StepId,
        messages: Vec<(NodeIndex, Bytes)>,
    ) -> Result<(), ReshareError> {
        let sends = messages.into_iter().map(|(taker, message)| {
            self.ctx.ledger().sent(message.len());
            self.across.send(taker, id, message)
        });
        let (step, side) = (name.to_owned(), Side::New);
        let sent = try_join_all(sends).await;
        sent.map(drop).map_err(|source| ReshareError::Channel { step, side, source })
    }

    /// Send each new node a message, made of what is appended for it; nothing where that is nothing.
    async fn send_each(
        &self,
        name: &str,
        bytes: usize,
        fill: impl Fn(&mut [(NodeIndex, Zeroizing<Vec<u8>>)]),
    ) -> Result<(), ReshareError> {
        if bytes == 0 {
            return Ok(());
        }
        // Room for all at once: a list that grows leaves copies behind.
        let empty = |taker| (taker, Zeroizing::new(Vec::with_capacity(bytes)));
        let mut messages: Vec<_> = self.handover.takers().iter().map(empty).collect();
        fill(&mut messages);
        let messages = messages.into_iter();
        let messages = messages.map(|(taker, bytes)| (taker, Bytes::from_owner(bytes))).collect();
        let (name, id) = step(self.ctx.step(), name);
        self.send(&name, id, messages).await
    }

    /// The components whose pieces fall to this node.
    fn sent(&self) -> impl Iterator<Item = (Cutter<'_>, &[F])> {
        let sent = self.handover.sent_by(self.ctx.me());
        let held = self.held().filter(move |(from, ..)| sent.contains(from));
        held.map(|(_, cutter, elements)| (cutter, elements))
    }

    async fn send_blinds(&self) -> Result<(), ReshareError> {
        let bytes = pieces_from(self.handover, self.ctx.me()) * BLIND_BYTES;
        self.send_each("blinds", bytes, |messages| {
            for (cutter, _) in self.sent() {
                for (taker, message) in messages.iter_mut() {
                    for to in self.for_taker(*taker) {
                        message.extend_from_slice(&*cutter.blind(to));
                    }
                }
            }
        })
        .await
    }

    async fn send_pieces(&self) -> Result<(), ReshareError> {
        let (len, stripe) = (self.shares.len(), stripe::<F>(self.handover));
        let pieces = pieces_from(self.handover, self.ctx.me());
        for (number, first) in (0..len).step_by(stripe).enumerate() {
            let places = first..len.min(first + stripe);
            let bytes = pieces * places.len() * F::BYTES;
            self.send_each(&format!("pieces/{number}"), bytes, |messages| {
                let mut pieces = self.room(places.len());
                for (cutter, elements) in self.sent() {
                    cutter.cut(first, &elements[places.clone()], &mut pieces);
                    for (taker, message) in messages.iter_mut() {
                        for to in self.for_taker(*taker) {
                            append(message, &pieces[to]);
                        }
                    }
                }
            })
            .await?;
        }
        Ok(())
    }
}
