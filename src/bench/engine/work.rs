//! Random inputs in the clear, and what plain arithmetic makes of them.

use super::asked::Asked;
use super::inputs::{Plain, draw, near, share};
use super::job::{Found, Inputs, Measured, Task, terms};
use crate::rules::auction::Kind;
use crate::sharing::form::Form;
use crate::sharing::security::Security;

/// The inputs in the clear.
pub enum Work {
    /// Of comparisons: both sides.
    Pairs(Plain, Plain),
    /// The bids of an auction, and how many lots it has.
    Bids(Plain, u32),
}

impl Work {
    /// Draw the inputs from the seed.
    pub fn draw(asked: &Asked) -> Self {
        let first = draw(asked.seed, 1, asked.bits, asked.count);
        if !asked.pairs {
            return Self::Bids(first, asked.quantity);
        }
        let mut second = draw(asked.seed, 2, asked.bits, asked.count);
        near(&mut second, &first);
        Self::Pairs(first, second)
    }

    /// Every node's inputs, in ascending order.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn share(&self, asked: &Asked) -> Result<Vec<Inputs>, rand::rngs::SysError> {
        let (task, batches) = match self {
            Self::Pairs(x, y) => (Task::Compare, vec![x, y]),
            Self::Bids(bids, quantity) => (Task::Auction(Kind::SecondPrice, *quantity), vec![bids]),
        };
        let mut inputs: Vec<Inputs> = asked
            .scheme
            .all()
            .iter()
            .map(|_| Inputs { task, security: asked.security, batches: Vec::new() })
            .collect();
        for batch in batches {
            for (inputs, shares) in inputs.iter_mut().zip(share(asked.scheme, asked.form, batch)?) {
                inputs.batches.push(shares);
            }
        }
        Ok(inputs)
    }

    /// Whether every node found what plain arithmetic says.
    pub fn is_right(&self, measured: &[Measured]) -> bool {
        let expected = match self {
            Self::Pairs(x, y) => {
                let less = |(at, (x, y)): (usize, (&u64, &u64))| u64::from(x < y) << at;
                let words = x.values.chunks(64).zip(y.values.chunks(64));
                let word = |(x, y): (&[u64], &[u64])| x.iter().zip(y).enumerate().map(less).sum();
                Found::Smaller(words.map(word).collect())
            }
            Self::Bids(bids, quantity) => {
                let (kind, form) = (Kind::SecondPrice, Form::default());
                let terms = terms(kind, *quantity, form, bids.bits, Security::default());
                let bids: Vec<&[u64]> = bids.values.chunks(1).collect();
                Found::Answer(terms.question.reference(&bids))
            }
        };
        measured.iter().all(|node| node.found == expected)
    }
}
