//! Shamir's sharing of numbers (Shamir 1979): the share of node i is a polynomial's value at the
//! point i, the secret its value at 0.
//!
//! In: a number. Out: a share per node; from any t+1 of them the number again. Who learns what:
//! t nodes together nothing, since for every number there is one polynomial of degree t through
//! their shares. The shares beyond t+1 are checked: they must lie on the same polynomial. Nothing
//! is sent here.
//!
//! A wrong share can be told as far as the mathematics allows: with m shares of which at most t are
//! wrong, always from m = 3t+1 on; with fewer, only if a node is part of every explanation by at
//! most t wrong shares.

use rand::rngs::SysError;

use crate::field::{
    Field,
    bulk::{Elements, add_scaled, zeros},
};
use crate::sharing::node_set::MAX_NODES;
use crate::sharing::{NodeIndex, NodeSet, Scheme};

/// How numbers are shared: n nodes, a polynomial of degree t. Needs t < n only; what multiplies
/// needs a [`Scheme`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shamir {
    n: u8,
    t: u8,
}

/// Why numbers cannot be shared or put together again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ShamirError {
    /// Outside 1..=10.
    #[error("numbers are shared among 1 to {MAX_NODES} nodes, not {nodes}")]
    Nodes {
        /// What was asked for.
        nodes: u8,
    },
    /// Not below the number of nodes.
    #[error("with {nodes} nodes the threshold is below {nodes}, not {threshold}")]
    Threshold {
        /// Number of nodes.
        nodes: u8,
        /// What was asked for.
        threshold: u8,
    },
    /// Too few shares.
    #[error("{have} shares are there; {need} are needed")]
    TooFew {
        /// As given.
        have: usize,
        /// t+1.
        need: usize,
    },
    /// Two shares of one node, or of a node that is not among the n.
    #[error("the share of node {node} is given twice, or there is no such node")]
    Node {
        /// The node that is named twice, or that the scheme does not have.
        node: NodeIndex,
    },
    /// The shares do not lie on one polynomial.
    #[error("the shares do not fit together: {0}")]
    Misfit(Misfit),
}

/// Shares that do not lie on one polynomial of degree t, and whose they may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Misfit {
    /// Nodes whose shares are wrong, as long as at most t are.
    pub liars: NodeSet,
    /// Nodes of which at least one is wrong.
    pub suspects: NodeSet,
}

impl Misfit {
    /// Those who are wrong for certain, or, where nobody is, all suspects.
    pub const fn nodes(self) -> NodeSet {
        if self.liars.is_empty() { self.suspects } else { self.liars }
    }
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (some, nodes) = if self.liars.is_empty() {
            ("at least one is wrong of", self.suspects)
        } else {
            ("wrong is what comes from", self.liars)
        };
        write!(f, "{some} node{} {nodes}", if nodes.len() == 1 { "" } else { "s" })
    }
}

/// The point at which a node's share is the polynomial's value.
pub fn point<F: Field>(node: NodeIndex) -> F {
    F::from_u64(u64::from(node.get()))
}

/// The value of a polynomial, given by its coefficients from the constant one.
pub fn evaluate<F: Field>(coefficients: &[F], at: F) -> F {
    coefficients.iter().rev().fold(F::ZERO, |value, &coefficient| value * at + coefficient)
}

/// What each node's share counts for in the value at a point, in ascending order of node: exact
/// for polynomials of a degree below the number of nodes (Lagrange).
pub fn lagrange<F: Field>(nodes: NodeSet, at: F) -> Vec<F> {
    let weight = |node: NodeIndex| {
        let mine = point::<F>(node);
        let others = nodes.without(node).iter().map(point::<F>);
        let (over, under) = others.fold((F::ONE, F::ONE), |(over, under), other| {
            (over * (at - other), under * (mine - other))
        });
        // Nodes have different points, so that nothing is divided by 0.
        over * under.invert().unwrap_or(F::ZERO)
    };
    nodes.iter().map(weight).collect()
}

impl Shamir {
    /// Among `nodes` nodes, any `threshold` of which together learn nothing.
    ///
    /// # Errors
    /// Says which of the two numbers is out of its range.
    pub const fn new(nodes: u8, threshold: u8) -> Result<Self, ShamirError> {
        if nodes < 1 || nodes > MAX_NODES {
            return Err(ShamirError::Nodes { nodes });
        }
        if threshold >= nodes {
            return Err(ShamirError::Threshold { nodes, threshold });
        }
        Ok(Self { n: nodes, t: threshold })
    }

    /// All nodes.
    pub const fn nodes(self) -> NodeSet {
        NodeSet::all(self.n)
    }

    /// Threshold t: the degree.
    pub const fn threshold(self) -> u8 {
        self.t
    }

    /// Share a number: one share per node, in order of index.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn share<F: Field>(self, secret: F) -> Result<Elements<F>, SysError> {
        let mut coefficients = zeros(usize::from(self.t) + 1);
        coefficients[0] = secret;
        for coefficient in coefficients.iter_mut().skip(1) {
            *coefficient = F::random()?;
        }
        Ok(self.share_along(&coefficients))
    }

    /// The values of a polynomial at the nodes' points, in order of index.
    pub fn share_along<F: Field>(self, coefficients: &[F]) -> Elements<F> {
        let mut shares = zeros(usize::from(self.n));
        for (share, node) in shares.iter_mut().zip(self.nodes().iter()) {
            *share = evaluate(coefficients, point(node));
        }
        shares
    }

    /// The number that at least t+1 shares belong to; those beyond t+1 are checked.
    ///
    /// # Errors
    /// When there are too few, or they do not lie on one polynomial of degree t.
    pub fn reconstruct<F: Field>(self, shares: &[(NodeIndex, F)]) -> Result<F, ShamirError> {
        let need = usize::from(self.t) + 1;
        let mut nodes = NodeSet::EMPTY;
        for &(node, _) in shares {
            if nodes.contains(node) || !self.nodes().contains(node) {
                return Err(ShamirError::Node { node });
            }
            nodes.insert(node);
        }
        let have = nodes.len();
        let decoder = Decoder::new(nodes, self.t).ok_or(ShamirError::TooFew { have, need })?;
        let mut column: Vec<&(NodeIndex, F)> = shares.iter().collect();
        column.sort_unstable_by_key(|(node, _)| *node);
        let rows: Vec<&[F]> = column.iter().map(|(_, share)| std::slice::from_ref(share)).collect();
        let opened = decoder.open(&rows, NodeSet::EMPTY).map_err(ShamirError::Misfit)?;
        Ok(opened[0])
    }
}

impl From<Scheme> for Shamir {
    fn from(scheme: Scheme) -> Self {
        Self { n: scheme.nodes(), t: scheme.threshold() }
    }
}

/// Puts together shares of degree t that some nodes hold of many numbers, and checks them.
pub struct Decoder<F> {
    nodes: NodeSet,
    t: u8,
    /// Weights of the first t+1 nodes' shares in the number.
    value: Vec<F>,
    /// Weights of the first t+1 nodes' shares in the share of each further node.
    further: Vec<Vec<F>>,
}

impl<F: Field> Decoder<F> {
    /// For the shares of these nodes; `None` when there are fewer than t+1.
    pub fn new(nodes: NodeSet, t: u8) -> Option<Self> {
        let need = usize::from(t) + 1;
        if nodes.len() < need {
            return None;
        }
        let basis: NodeSet = nodes.iter().take(need).collect();
        let further = nodes.iter().skip(need).map(|node| lagrange(basis, point(node)));
        Some(Self { nodes, t, value: lagrange(basis, F::ZERO), further: further.collect() })
    }

    /// The numbers: `rows` are the nodes' shares, in ascending order of node, all of one length.
    /// `trusted` nodes are not among the suspects.
    ///
    /// # Errors
    /// Names those whose shares do not fit.
    pub fn open(&self, rows: &[&[F]], trusted: NodeSet) -> Result<Vec<F>, Misfit> {
        let misfits = self.misfits(rows);
        if misfits.is_empty() {
            Ok(self.values(rows))
        } else {
            Err(self.blame(rows, &misfits, trusted))
        }
    }

    /// The numbers according to the first t+1 nodes.
    fn values(&self, rows: &[&[F]]) -> Vec<F> {
        let mut values = vec![F::ZERO; rows.first().map_or(0, |row| row.len())];
        for (&weight, row) in self.value.iter().zip(rows) {
            add_scaled(&mut values, weight, row);
        }
        values
    }

    /// Places at which the shares do not lie on one polynomial of degree t.
    pub fn misfits(&self, rows: &[&[F]]) -> Vec<usize> {
        let len = rows.first().map_or(0, |row| row.len());
        let mut misfit = vec![false; len];
        let mut expected = zeros(len);
        for (weights, row) in self.further.iter().zip(rows.iter().skip(self.value.len())) {
            expected.fill(F::ZERO);
            for (&weight, row) in weights.iter().zip(rows) {
                add_scaled(&mut expected, weight, row);
            }
            for ((misfit, &expected), &share) in misfit.iter_mut().zip(expected.iter()).zip(*row) {
                *misfit |= !expected.equals(share);
            }
        }
        (0..len).filter(|&place| misfit[place]).collect()
    }

    /// Whose shares may be wrong, given where they do not fit.
    pub fn blame(&self, rows: &[&[F]], misfits: &[usize], trusted: NodeSet) -> Misfit {
        /// More positions than that hardly tell more, and each is tried with every set of nodes.
        const PLACES: usize = 64;
        let candidates = self.nodes.difference(trusted);
        let explains = |wrong: NodeSet| {
            let rest = self.nodes.difference(wrong);
            let Some(decoder) = Self::new(rest, self.t) else { return true };
            let rows = self.nodes.iter().zip(rows).filter(|(node, _)| rest.contains(*node));
            let rows: Vec<&[F]> = rows.map(|(_, row)| *row).collect();
            misfits.iter().take(PLACES).all(|&place| {
                let column: Vec<&[F]> = rows.iter().map(|row| &row[place..=place]).collect();
                decoder.misfits(&column).is_empty()
            })
        };
        let explanations: Vec<NodeSet> = (0..=candidates.bits())
            .map(NodeSet::from_bits)
            .filter(|wrong| wrong.is_subset_of(candidates) && wrong.len() <= usize::from(self.t))
            .filter(|&wrong| explains(wrong))
            .collect();
        let least = |set: &&NodeSet| {
            !explanations.iter().any(|other| other != *set && other.is_subset_of(**set))
        };
        let suspects = explanations.iter().filter(least).copied().reduce(NodeSet::union);
        Misfit {
            liars: explanations.iter().copied().reduce(NodeSet::intersection).unwrap_or_default(),
            suspects: suspects.unwrap_or(candidates),
        }
    }
}

#[cfg(test)]
#[path = "shamir_tests.rs"]
mod tests;
