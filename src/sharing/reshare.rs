//! Dealing shared elements anew: from the nodes that hold them to those of another roster, or to the
//! same nodes with new randomness, without opening them.
//!
//! Every component `r_T` of an element is cut into pieces, one for each set T' of the new scheme, that
//! add up to it. All pieces but the last are streams of a key that exactly the holders of T have, made
//! afresh for this one dealing ([`super::keys`]); the last is `r_T` less the others. So all holders cut
//! alike without a message, and what one of them says of a piece has witnesses. The new component of
//! T' is the sum of the pieces for T' over all T. The sum over all T' is that over all T, so the
//! element is the same.
//!
//! The idea is that of Desmedt and Jajodia (Redistributing secret shares to new access structures and
//! its applications, 1997): what each holds is itself shared among the new ones. With the roster
//! unchanged it refreshes shares as Herzberg, Jarecki, Krawczyk and Yung do (Proactive secret sharing,
//! CRYPTO 1995). Components for sets are those of Ito, Saito and Nishizeki (Secret sharing scheme
//! realizing general access structure, 1987).
//!
//! Why t old nodes and t' new ones together learn nothing, from all that they hold and are sent: let A
//! be the old ones and B the new ones. They know every `r_T` but `r_A`, and every piece of it. The
//! pieces of `r_A` are cut with the key of A's holders, of whom A has none, so the old ones know no
//! piece of it. The new ones get its pieces for all T' but B. The piece for B is one of the streams,
//! or `r_A` less all streams; in either case what they lack is uniform given all that they have, and
//! so is `r_A`, and with it the element. One liar more on either side and nothing of this holds. What
//! the old ones hold and what the new ones hold are shares of different sharings: mixing them gains
//! nothing either, which is the same statement with fewer nodes.
//!
//! Of a piece all holders publish the same digest before any piece is sent, so that one of them has to
//! send it and the others need not: [`Handover::senders`] says which. A digest is made with a blind that
//! the same key gives, since elements may have few bits.

use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::elements::Component;
use super::node_set::MAX_NODES;
use super::numbers::pseudorandom::expand_at;
use super::stream::{StreamKey, StreamStart};
use super::{NodeIndex, NodeSet, Scheme};
use crate::field::Field;
use crate::field::bulk::{append, sub_into};

/// Bytes of a piece's digest.
pub const DIGEST_BYTES: usize = 32;

/// Bytes of a blind.
pub const BLIND_BYTES: usize = 32;

/// Words of a stream that a blind is made from.
const BLIND_WORDS: usize = BLIND_BYTES / 8;

/// From whom to whom elements are dealt anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handover {
    old: Scheme,
    givers: NodeSet,
    new: Scheme,
    takers: NodeSet,
}

/// Why elements cannot be dealt anew so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HandoverError {
    /// A component may have a single holder, and nobody can tell whether that one lies.
    #[error(
        "a roster of {nodes} nodes with threshold {threshold} can only add, and holds no variables: \
         take at least {} nodes, or a lower threshold", 2 * threshold + 1
    )]
    OnlyAdds {
        /// Nodes of the roster.
        nodes: u8,
        /// Its threshold.
        threshold: u8,
    },
    /// Nodes that the roster does not have.
    #[error("nodes {nodes} are not in the {side} roster")]
    Unknown {
        /// The ones too many.
        nodes: NodeSet,
        /// `old` or `new`.
        side: &'static str,
    },
    /// Fewer than 2t+1 of a roster are there.
    #[error(
        "{have} nodes of the {side} roster are there and {need} are needed, so that every component \
         has an honest holder among them; start the others, or wait for them"
    )]
    TooFew {
        /// `old` or `new`.
        side: &'static str,
        /// Nodes that are there.
        have: usize,
        /// 2t+1.
        need: usize,
    },
}

impl Handover {
    /// A handover from the nodes of the old scheme that are there to those of the new one.
    ///
    /// Of n old nodes, 2t+1 have to be there. A component T then has t+1 holders among them at least,
    /// of whom one is honest, and a wrong digest cannot stand alone. With fewer, a component might
    /// be in the hands of liars only. In the new scheme 2t'+1 have to be there, so that every new
    /// component gets t'+1 holders; who is away then holds nothing until shares are dealt once more.
    ///
    /// # Errors
    /// Says what is not so.
    pub fn new(
        old: Scheme,
        givers: NodeSet,
        new: Scheme,
        takers: NodeSet,
    ) -> Result<Self, HandoverError> {
        for (side, scheme, there) in [("old", old, givers), ("new", new, takers)] {
            if !scheme.compares() {
                let (nodes, threshold) = (scheme.nodes(), scheme.threshold());
                return Err(HandoverError::OnlyAdds { nodes, threshold });
            }
            let unknown = there.difference(scheme.all());
            if !unknown.is_empty() {
                return Err(HandoverError::Unknown { nodes: unknown, side });
            }
            let (have, need) = (there.len(), scheme.quorum());
            if have < need {
                return Err(HandoverError::TooFew { side, have, need });
            }
        }
        Ok(Self { old, givers, new, takers })
    }

    /// How elements are shared before.
    pub const fn old(&self) -> Scheme {
        self.old
    }

    /// The old nodes that are there.
    pub const fn givers(&self) -> NodeSet {
        self.givers
    }

    /// How elements are shared afterwards.
    pub const fn new_scheme(&self) -> Scheme {
        self.new
    }

    /// The new nodes that are there.
    pub const fn takers(&self) -> NodeSet {
        self.takers
    }

    /// The holders of a component that are there.
    pub const fn holders(&self, set: NodeSet) -> NodeSet {
        self.givers.difference(set)
    }

    /// Who sends the pieces of each component, in the order of [`Scheme::sets`]: the holder that has
    /// the least to send so far.
    pub fn senders(&self) -> Vec<NodeIndex> {
        let mut sends = [0_usize; MAX_NODES as usize];
        let sender = |set| {
            let sender = self.holders(set).iter().min_by_key(|node| sends[node.position()])?;
            sends[sender.position()] += 1;
            Some(sender)
        };
        self.old.sets().into_iter().filter_map(sender).collect()
    }

    /// Positions in [`Scheme::sets`] of the old components whose pieces a node sends.
    pub fn sent_by(&self, giver: NodeIndex) -> Vec<usize> {
        let senders = self.senders().into_iter().enumerate();
        senders.filter(|&(_, sender)| sender == giver).map(|(at, _)| at).collect()
    }

    /// Bytes that tie the digests of pieces to this handover.
    fn encoded(self) -> [u8; 8] {
        let [a, b] = self.givers.bits().to_le_bytes();
        let [c, d] = self.takers.bits().to_le_bytes();
        let (old, new) = (self.old, self.new);
        [old.nodes(), old.threshold(), a, b, new.nodes(), new.threshold(), c, d]
    }
}

/// Cut elements of a component into a piece for each new set: `draw` fills a piece by its position.
/// Pieces have room for as many elements; what is past them is left alone.
pub fn cut<F: Field>(
    elements: &[F],
    pieces: &mut [Component<F>],
    mut draw: impl FnMut(usize, &mut [F]),
) {
    let Some((last, others)) = pieces.split_last_mut() else { return };
    for (rest, &element) in last.iter_mut().zip(elements) {
        *rest = element;
    }
    for (at, piece) in others.iter_mut().enumerate() {
        let len = elements.len().min(piece.len());
        draw(at, &mut piece[..len]);
        sub_into(last, &piece[..len]);
    }
}

/// What cuts one component: the key of its holders, at one step.
pub struct Cutter<'a> {
    key: &'a StreamKey,
    /// Where the streams of the pieces begin, and those of their blinds.
    starts: &'a Starts,
}

/// Where streams begin: the same for all components, since each has a key of its own.
pub struct Starts(Vec<[StreamStart; 2]>);

impl Starts {
    /// Those of a step, for the pieces of a new scheme.
    pub fn of(step: &str, new: Scheme) -> Self {
        let start = |at| {
            let name = format!("{step}/piece/{at}");
            [StreamStart::of(&name), StreamStart::of(&format!("{name}/blind"))]
        };
        Self((0..new.sets().len()).map(start).collect())
    }
}

impl<'a> Cutter<'a> {
    /// For the component whose holders have this key.
    pub const fn new(key: &'a StreamKey, starts: &'a Starts) -> Self {
        Self { key, starts }
    }

    /// Cut some elements, the first of which has this place in the component.
    pub fn cut<F: Field>(&self, first: usize, elements: &[F], pieces: &mut [Component<F>]) {
        cut(elements, pieces, |at, piece| {
            if let Some([start, _]) = self.starts.0.get(at) {
                expand_at(self.key, *start, first, piece);
            }
        });
    }

    /// The blind of the piece for a new set.
    pub fn blind(&self, at: usize) -> Zeroizing<[u8; BLIND_BYTES]> {
        let mut words = Zeroizing::new([0; BLIND_WORDS]);
        if let Some([_, start]) = self.starts.0.get(at) {
            self.key.write_at(*start, 0, &mut *words);
        }
        let mut blind = Zeroizing::new([0; BLIND_BYTES]);
        for (bytes, word) in blind.chunks_exact_mut(8).zip(words.iter()) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        blind
    }
}

/// Makes the digest of a piece, as much of it at a time as one likes.
#[derive(Clone)]
pub struct PieceDigest(Sha256);

impl PieceDigest {
    /// Of the piece of component `from` that goes into component `to`, in a dealing that `binding`
    /// ties to what it is for.
    pub fn new(
        handover: &Handover,
        binding: &[u8; 32],
        (from, to): (NodeSet, NodeSet),
        blind: &[u8; BLIND_BYTES],
    ) -> Self {
        Self(
            Sha256::new()
                .chain_update(b"gavel/v1/piece\0")
                .chain_update(binding)
                .chain_update(handover.encoded())
                .chain_update(from.bits().to_le_bytes())
                .chain_update(to.bits().to_le_bytes())
                .chain_update(blind),
        )
    }

    /// Take in elements.
    pub fn update<F: Field>(&mut self, elements: &[F], room: &mut Vec<u8>) {
        room.clear();
        append(room, elements);
        self.0.update(&room);
        room.as_mut_slice().zeroize();
    }

    /// Take in elements as they are encoded.
    pub fn update_encoded(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest.
    pub fn finish(self) -> [u8; DIGEST_BYTES] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
#[path = "reshare_tests.rs"]
mod tests;
