//! The context of protocols on numbers: the attempt's, with the polynomials of the sets, the
//! participants' weights, and how their shares are put together. Made once per attempt and field.

use std::fmt::Display;
use std::sync::Arc;

use crate::field::Field;
use crate::protocol::{Context, ProtocolError};
use crate::sharing::numbers::Pseudorandom;
use crate::sharing::numbers::shamir::{Decoder, lagrange};
use crate::sharing::{ShapeError, SharedNumbers};

/// One node's view of one attempt, at one step, for numbers over one field. Cheap to clone and to
/// narrow.
pub struct NumberContext<F: Field> {
    base: Context,
    tables: Arc<Tables<F>>,
}

struct Tables<F> {
    pseudorandom: Pseudorandom<F>,
    decoder: Decoder<F>,
    /// What this node's share counts for in a number shared with degree 2t.
    weight: F,
}

impl<F: Field> Clone for NumberContext<F> {
    fn clone(&self) -> Self {
        Self { base: self.base.clone(), tables: Arc::clone(&self.tables) }
    }
}

impl<F: Field> NumberContext<F> {
    /// For the participants of a context.
    ///
    /// # Errors
    /// When there are too few for the threshold, or too many for the field; a context's
    /// participants are enough, and every field of the product has room for all nodes.
    pub fn new(base: &Context) -> Result<Self, ProtocolError> {
        let (scheme, me, participants) = (base.scheme(), base.me(), base.participants());
        let (expected, got) = (usize::from(scheme.nodes()), 1 << (F::BITS - 1).min(16));
        if got <= expected {
            return Err(ShapeError { what: "points in the field", expected, got }.into());
        }
        let (expected, got) = (scheme.quorum(), participants.len());
        let few = ShapeError { what: "participants", expected, got };
        let decoder = Decoder::new(participants, scheme.threshold()).ok_or(few)?;
        let weights = lagrange(participants, F::ZERO);
        let mine = participants.iter().position(|node| node == me);
        let weight = mine.and_then(|at| weights.get(at)).copied().ok_or(few)?;
        let pseudorandom = Pseudorandom::new(scheme, me);
        let tables = Tables { pseudorandom, decoder, weight };
        Ok(Self { base: base.clone(), tables: Arc::new(tables) })
    }

    /// A child whose steps are named below this one's.
    #[must_use]
    pub fn narrow(&self, step: impl Display) -> Self {
        Self { base: self.base.narrow(step), tables: Arc::clone(&self.tables) }
    }

    /// The context below.
    pub const fn base(&self) -> &Context {
        &self.base
    }

    /// Random numbers that nobody knows. No message.
    ///
    /// # Errors
    /// When the step was used before.
    pub fn random(&self, len: usize) -> Result<SharedNumbers<F>, ProtocolError> {
        let claim = self.base.claim()?;
        Ok(self.tables.pseudorandom.numbers(self.base.keys(), claim.start, len))
    }

    /// Random integers, to t nodes uniform in a range of 2^`bits`, and below 2^`bits` times the
    /// number of sets. No message.
    ///
    /// # Errors
    /// When the step was used before.
    pub fn random_integers(
        &self,
        len: usize,
        bits: u32,
    ) -> Result<SharedNumbers<F>, ProtocolError> {
        let claim = self.base.claim()?;
        Ok(self.tables.pseudorandom.integers(self.base.keys(), claim.start, len, bits))
    }

    pub(super) fn pseudorandom(&self) -> &Pseudorandom<F> {
        &self.tables.pseudorandom
    }

    pub(super) fn decoder(&self) -> &Decoder<F> {
        &self.tables.decoder
    }

    pub(super) fn weight(&self) -> F {
        self.tables.weight
    }
}
