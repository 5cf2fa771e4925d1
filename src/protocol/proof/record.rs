//! Gates as they were computed, and what was sent for them, until a check has passed. A gate is an
//! AND of bits; what is here is the same for products of elements of a field.
//!
//! Batches share their buffers, so that recording copies nothing; what was computed stays in
//! memory until the check, which large runs make after every stripe.

use std::marker::PhantomData;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::shape::DIGEST;
use crate::field::{Mersenne61, Mersenne127, Pair127, Prime256};
use crate::protocol::bits::gates::KeptGates;
use crate::protocol::elements::terms::Terms;
use crate::sharing::bits::batch::Buffer;
use crate::sharing::elements::Component;
use crate::sharing::stream::StreamStart;
use crate::sharing::{NodeIndex, SharedBits, SharedElements};

/// A kind of gates, with what is kept of them.
pub(in crate::protocol) trait Recorded: Sized + 'static {
    /// Gates, with everything that they were computed from.
    type Gates: Send;
    /// Shares of their results.
    type Shares: Send;
    /// The sum of all parts.
    type Opened: Send;

    /// Those of this kind.
    fn of(unchecked: &mut Unchecked) -> &mut Batch<Self>;
}

/// Gates of all kinds that no check has passed yet.
#[derive(Default)]
pub(in crate::protocol) struct Unchecked {
    bits: Batch<Bits>,
    of_61: Batch<Products<Mersenne61>>,
    of_127: Batch<Products<Mersenne127>>,
    of_pair: Batch<Products<Pair127>>,
    of_256: Batch<Products<Prime256>>,
}

impl Unchecked {
    /// Add those of work that went on beside.
    pub(in crate::protocol) fn append(&mut self, other: Self) {
        self.bits.append(other.bits);
        self.of_61.append(other.of_61);
        self.of_127.append(other.of_127);
        self.of_pair.append(other.of_pair);
        self.of_256.append(other.of_256);
    }
}

/// Gates on bits.
pub(in crate::protocol) struct Bits;

impl Recorded for Bits {
    type Gates = KeptGates;
    type Shares = SharedBits;
    type Opened = Buffer;

    fn of(unchecked: &mut Unchecked) -> &mut Batch<Self> {
        &mut unchecked.bits
    }
}

/// Products over a prime field.
pub(in crate::protocol) struct Products<F>(PhantomData<F>);

impl<F: Arithmetic> Recorded for Products<F> {
    type Gates = Terms<F>;
    type Shares = SharedElements<F>;
    type Opened = Component<F>;

    fn of(unchecked: &mut Unchecked) -> &mut Batch<Self> {
        F::kept(unchecked)
    }
}

/// A prime field that nodes compute over.
pub trait Arithmetic: kept::Kept {}

#[expect(private_interfaces, reason = "a name that nobody outside can say")]
mod kept {
    use crate::field::{Mersenne61, Mersenne127, Pair127, Prime256, Provable};
    use crate::protocol::proof::record::{Arithmetic, Batch, Products, Unchecked};
    use crate::protocol::proof::shape::Plain;
    use crate::protocol::proof::vector::Spare;

    /// A field whose products are kept until they are checked.
    pub trait Kept: Provable<Proof: Spare + Plain> {
        /// Those of this field.
        fn kept(unchecked: &mut Unchecked) -> &mut Batch<Products<Self>>
        where
            Self: Arithmetic;
    }

    macro_rules! kept {
        ($($field:ty, $place:ident;)*) => {$(
            impl Kept for $field {
                fn kept(unchecked: &mut Unchecked) -> &mut Batch<Products<Self>> {
                    &mut unchecked.$place
                }
            }
            impl Arithmetic for $field {}
        )*};
    }

    kept! {
        Mersenne61, of_61;
        Mersenne127, of_127;
        Pair127, of_pair;
        Prime256, of_256;
    }
}

/// What a node knows of the parts that were sent.
pub(in crate::protocol) enum Sent<K: Recorded> {
    /// Three nodes: the results, of which two parts are the components.
    Ring(K::Shares),
    /// The sum of all parts.
    Sum(K::Opened),
    /// The part of each participant.
    Each(Vec<(NodeIndex, Bytes)>),
}

/// The gates of one round.
pub(in crate::protocol) struct Record<K: Recorded> {
    /// Full name of the step.
    pub(in crate::protocol) step: String,
    /// Where its masks begin.
    pub(in crate::protocol) start: StreamStart,
    pub(in crate::protocol) gates: K::Gates,
    pub(in crate::protocol) sent: Sent<K>,
}

/// What passed between a node and one other, hashed.
#[derive(Clone, Default)]
struct Link {
    said: Sha256,
    heard: Sha256,
    heard_by_all: Sha256,
}

/// What a node sent and received in the gates of a batch, hashed.
#[derive(Clone, Default)]
pub(in crate::protocol) struct Traffic {
    /// What it sent to all alike.
    to_all: Sha256,
    /// By position in the roster.
    links: [Link; crate::sharing::node_set::MAX_NODES as usize],
}

impl Traffic {
    pub(in crate::protocol) fn said_to_all(&mut self, message: &[u8]) {
        self.to_all.update(message);
    }

    pub(in crate::protocol) fn heard_by_all(&mut self, from: NodeIndex, message: &[u8]) {
        self.links[from.position()].heard_by_all.update(message);
    }

    pub(in crate::protocol) fn said(&mut self, to: NodeIndex, message: &[u8]) {
        self.links[to.position()].said.update(message);
    }

    pub(in crate::protocol) fn heard(&mut self, from: NodeIndex, message: &[u8]) {
        self.links[from.position()].heard.update(message);
    }
}

/// Gates that no check has passed yet.
pub(in crate::protocol) struct Batch<K: Recorded> {
    pub(in crate::protocol) records: Vec<Record<K>>,
    /// What passed in them: a state for each stretch of work that stood by itself.
    pub(in crate::protocol) traffic: Vec<Traffic>,
}

impl<K: Recorded> Default for Batch<K> {
    fn default() -> Self {
        Self { records: Vec::new(), traffic: Vec::new() }
    }
}

impl<K: Recorded> Batch<K> {
    /// Whether there are none.
    pub(in crate::protocol) const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Add the gates of a round.
    pub(in crate::protocol) fn push(&mut self, record: Record<K>, hash: impl FnOnce(&mut Traffic)) {
        if self.traffic.is_empty() {
            self.traffic.push(Traffic::default());
        }
        if let Some(traffic) = self.traffic.first_mut() {
            hash(traffic);
        }
        self.records.push(record);
    }

    /// Add gates of work that went on beside.
    pub(in crate::protocol) fn append(&mut self, mut other: Self) {
        if other.is_empty() {
            return;
        }
        if self.traffic.is_empty() {
            self.traffic.push(Traffic::default());
        }
        self.records.append(&mut other.records);
        self.traffic.append(&mut other.traffic);
    }

    /// How many rounds of gates.
    pub(in crate::protocol) const fn len(&self) -> usize {
        self.records.len()
    }

    /// What the node sent to all alike.
    pub(super) fn digest_to_all(&self) -> [u8; DIGEST] {
        self.digest(|traffic| &traffic.to_all)
    }

    /// What it sent to another alone, received from it alone, and received from it as all did.
    pub(super) fn digests(&self, peer: NodeIndex) -> [[u8; DIGEST]; 3] {
        let at = peer.position();
        [
            self.digest(|traffic| &traffic.links[at].said),
            self.digest(|traffic| &traffic.links[at].heard),
            self.digest(|traffic| &traffic.links[at].heard_by_all),
        ]
    }

    fn digest(&self, of: impl Fn(&Traffic) -> &Sha256) -> [u8; DIGEST] {
        let parts = self.traffic.iter().map(|traffic| of(traffic).clone().finalize());
        parts.fold(Sha256::new(), Sha256::chain_update).finalize().into()
    }
}
