//! The levels of a proof, and the sizes of messages. All batches of a kind have proofs of one shape, so
//! that what a check costs does not depend on what is checked.

use std::sync::{LazyLock, OnceLock};

use crate::field::interpolation::Points;
use crate::field::{Field, Mersenne127, Pair127, Prime256, Quadratic61};
use crate::sharing::{NodeSet, Scheme};

/// Bytes of a digest.
pub(super) const DIGEST: usize = 32;

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

/// One level: its rows are values at some points, and the proof has values at further ones too.
#[derive(Clone)]
pub struct Level<E> {
    at: Places<E>,
    /// What the rows count for in each further value, where that was asked for.
    extension: OnceLock<Vec<Vec<E>>>,
    /// Whether the last row is a mask, which is not part of the sum.
    masked: bool,
}

/// Where the rows and the further values of a level are.
#[derive(Clone)]
enum Places<E> {
    /// The rows at 0 and 1; further the leading coefficient, the value at infinity.
    Pair,
    /// The rows, and all.
    Points(Points<E>, Points<E>),
}

impl<E: Field> Level<E> {
    fn pair() -> Self {
        Self { at: Places::Pair, extension: OnceLock::new(), masked: false }
    }

    pub(super) fn new(rows: Vec<E>, further: &[E], masked: bool) -> Self {
        let all = Points::new([&rows, further].concat());
        let level = Self { masked, ..Self::of_points(Points::new(rows), all) };
        // Now, so that copies have it.
        level.extension();
        level
    }

    /// With these rows, and all points of its values, which begin with them.
    pub(super) const fn of_points(rows: Points<E>, all: Points<E>) -> Self {
        Self { at: Places::Points(rows, all), extension: OnceLock::new(), masked: false }
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
    pub(super) fn extension(&self) -> &[Vec<E>] {
        self.extension.get_or_init(|| match &self.at {
            Places::Pair => vec![vec![-E::ONE, E::ONE]],
            Places::Points(rows, all) => {
                all.points().iter().skip(self.rows()).map(|&at| rows.at(at)).collect()
            }
        })
    }

    /// The factors at a challenge.
    pub(super) fn at(&self, challenge: E) -> Factors<E> {
        match &self.at {
            Places::Pair => {
                let rows = vec![E::ONE - challenge, challenge];
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
pub(super) struct Factors<E> {
    pub(super) rows: Vec<E>,
    pub(super) values: Vec<E>,
}

/// All levels of a proof with this one first.
pub(super) fn levels<E: Field>(first: Level<E>) -> Vec<Level<E>> {
    let numbers = |from: usize, count: usize| -> Vec<E> {
        (from..from + count).map(|number| E::from_u64(number as u64)).collect()
    };
    let pairs = (0..PAIRS).map(|_| Level::pair());
    let four = |masked: bool| {
        let rows = WIDTH + usize::from(masked);
        Level::new(numbers(1, rows), &numbers(rows + 1, rows - 1), masked)
    };
    let fours = std::iter::repeat_n(four(false), FOURS - 1).chain([four(true)]);
    [first].into_iter().chain(pairs).chain(fours).collect()
}

/// A field whose proofs have nothing but a sum on the first level.
pub trait Plain: Field {
    /// All levels.
    fn levels() -> &'static [Level<Self>];
}

macro_rules! plain {
    ($($field:ty),*) => {$(
        impl Plain for $field {
            fn levels() -> &'static [Level<Self>] {
                static ALL: LazyLock<Vec<Level<$field>>> =
                    LazyLock::new(|| levels(Level::new(vec![<$field>::ONE], &[], false)));
                &ALL
            }
        }
    )*};
}

plain!(Quadratic61, Mersenne127, Pair127, Prime256);

/// Values of a proof on the levels after the first.
const LATER_VALUES: usize = 3 * PAIRS + (FOURS - 1) * (2 * WIDTH - 1) + 2 * WIDTH + 1;

/// The sizes of a kind's proofs.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// Bytes of an element.
    element: usize,
    /// Values of a proof.
    pub(super) values: usize,
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

impl Sizes {
    /// Of proofs with elements of so many bytes and so many values on the first level.
    pub(super) const fn new(element: usize, first_values: usize) -> Self {
        Self { element, values: first_values + LATER_VALUES }
    }

    /// Bytes of the messages that one node sends to another in a check.
    pub(super) fn messages(self, scheme: Scheme, participants: NodeSet) -> usize {
        let nodes = participants.len();
        digests_bytes(nodes) + self.proof(nodes) + self.verdict(scheme, nodes)
    }

    /// A proof: what all see, and one verifier's shares with their nonce.
    pub(super) const fn proof(self, nodes: usize) -> usize {
        common_bytes(nodes) + DIGEST + self.values * self.element
    }

    /// What a node says of all proofs: what it heard of them, two values of each that it verifies with
    /// the folded components that it holds, what every verifier should say of its own, and its share
    /// of the sum.
    pub(super) fn verdict(self, scheme: Scheme, nodes: usize) -> usize {
        let (one, two) = (NodeSet::all(1), NodeSet::all(2));
        let sets = scheme.sets();
        let held = sets.iter().filter(|set| set.intersection(one).is_empty()).count();
        let common = sets.iter().filter(|set| set.intersection(two).is_empty()).count();
        let elements = (nodes - 1) * (2 + 2 * common) + 2 * nodes + 2 * held + 1;
        HEADER + nodes * DIGEST + elements * self.element
    }
}
