//! The levels of a proof, and the sizes of messages. All batches have proofs of one shape, so that
//! what a check costs does not depend on what is checked.

use std::sync::LazyLock;

use crate::field::binary128::small;
use crate::field::interpolation::Points;
use crate::field::{Binary128, Field as _};
use crate::protocol::proof::record::DIGEST;
use crate::sharing::{NodeSet, Scheme};

/// Levels of two rows, which come after the first: they take the fewest products where there are
/// most columns.
const PAIRS: usize = 3;

/// Levels of four rows, which come after those: they make proofs short. The last one is masked.
const FOURS: usize = 9;

/// Rows of those.
const WIDTH: usize = 4;

/// Levels of a proof.
pub(super) const LEVELS: usize = 1 + PAIRS + FOURS;

/// Columns that a proof has room for: 128 million products.
pub(super) const MOST_COLUMNS: usize = 1 << (PAIRS + 2 * FOURS);

/// Bytes of an element.
pub(super) const ELEMENT: usize = 16;

/// One level: its rows are values at some points, and the proof has values at further ones too.
#[derive(Clone)]
pub(super) struct Level {
    at: Places,
    /// Whether the last row is a mask, which is not part of the sum.
    masked: bool,
}

/// Where the rows and the further values of a level are.
#[derive(Clone)]
enum Places {
    /// The rows at 0 and 1; further the leading coefficient, the value at infinity.
    Pair,
    /// The rows, and all.
    Points(Points<Binary128>, Points<Binary128>),
}

impl Level {
    fn pair() -> Self {
        Self { at: Places::Pair, masked: false }
    }

    fn new(rows: Vec<Binary128>, further: &[Binary128], masked: bool) -> Self {
        let all = Points::new([&rows, further].concat());
        Self { at: Places::Points(Points::new(rows), all), masked }
    }

    /// Whether it has two rows, and their sum is the further value.
    pub(super) const fn is_pair(&self) -> bool {
        matches!(self.at, Places::Pair)
    }

    /// Rows, the mask among them.
    pub(super) fn rows(&self) -> usize {
        match &self.at {
            Places::Pair => 2,
            Places::Points(rows, _) => rows.points().len(),
        }
    }

    /// Rows that are part of the sum.
    pub(super) fn width(&self) -> usize {
        self.rows() - usize::from(self.masked)
    }

    /// Values in the proof.
    pub(super) fn values(&self) -> usize {
        match &self.at {
            Places::Pair => 3,
            Places::Points(_, all) => all.points().len(),
        }
    }

    /// What the rows count for in each further value.
    pub(super) fn extension(&self) -> Vec<Vec<Binary128>> {
        match &self.at {
            Places::Pair => vec![vec![Binary128::ONE; 2]],
            Places::Points(rows, all) => {
                all.points().iter().skip(self.rows()).map(|&at| rows.at(at)).collect()
            }
        }
    }

    /// The factors at a challenge.
    pub(super) fn at(&self, challenge: Binary128) -> Factors {
        match &self.at {
            Places::Pair => {
                let rows = vec![Binary128::ONE - challenge, challenge];
                let leading = challenge.square() - challenge;
                let values = rows.iter().copied().chain([leading]).collect();
                Factors { rows, values }
            }
            Places::Points(rows, all) => {
                Factors { rows: rows.at(challenge), values: all.at(challenge) }
            }
        }
    }
}

/// What rows, and all values, count for at the challenge of a level.
pub(super) struct Factors {
    pub(super) rows: Vec<Binary128>,
    pub(super) values: Vec<Binary128>,
}

/// All levels, the first one first.
pub(super) fn levels() -> &'static [Level] {
    static ALL: LazyLock<Vec<Level>> = LazyLock::new(|| {
        let numbers = |from: usize, count: usize| -> Vec<Binary128> {
            (from..from + count).map(|number| Binary128::from_u64(number as u64)).collect()
        };
        let small =
            |from: usize, count: usize| (from..from + count).map(small::point).collect::<Vec<_>>();
        let first = Level::new(small(0, small::ROWS), &small(small::ROWS, small::FURTHER), false);
        let pairs = (0..PAIRS).map(|_| Level::pair());
        let four = |masked: bool| {
            let rows = WIDTH + usize::from(masked);
            Level::new(numbers(1, rows), &numbers(rows + 1, rows - 1), masked)
        };
        let fours = std::iter::repeat_n(four(false), FOURS - 1).chain([four(true)]);
        [first].into_iter().chain(pairs).chain(fours).collect()
    });
    &ALL
}

/// Values of a proof.
pub(super) const fn values() -> usize {
    (2 * small::ROWS - 1) + 3 * PAIRS + (FOURS - 1) * (2 * WIDTH - 1) + 2 * WIDTH + 1
}

/// Bytes of the messages that one node sends to another in a check.
pub(in crate::protocol) fn message_bytes(scheme: Scheme, participants: NodeSet) -> usize {
    let nodes = participants.len();
    digests_bytes(nodes) + proof_bytes(nodes) + verdict_bytes(scheme, nodes)
}

/// What was sent to all, and three digests of what passed between the node and each other.
pub(super) const fn digests_bytes(nodes: usize) -> usize {
    (1 + 3 * (nodes - 1)) * DIGEST
}

/// Bytes of the set that a node names when it breaks off.
pub(super) const HEADER: usize = 2;

/// The part of a proof that all see: what was heard of digests, and the commitments.
pub(super) const fn common_bytes(nodes: usize) -> usize {
    HEADER + nodes * DIGEST + LEVELS * (nodes - 1) * DIGEST
}

/// A proof: what all see, and one verifier's shares with their nonce.
pub(super) const fn proof_bytes(nodes: usize) -> usize {
    common_bytes(nodes) + DIGEST + values() * ELEMENT
}

/// What a node says of all proofs: what it heard of them, two values of each that it verifies with
/// the folded components that it holds, what every verifier should say of its own, and its share
/// of the sum.
pub(super) fn verdict_bytes(scheme: Scheme, nodes: usize) -> usize {
    let (one, two) = (NodeSet::all(1), NodeSet::all(2));
    let sets = scheme.sets();
    let held = sets.iter().filter(|set| set.intersection(one).is_empty()).count();
    let common = sets.iter().filter(|set| set.intersection(two).is_empty()).count();
    let elements = (nodes - 1) * (2 + 2 * common) + 2 * nodes + 2 * held + 1;
    HEADER + nodes * DIGEST + elements * ELEMENT
}
