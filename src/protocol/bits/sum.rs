//! Sums of many shared numbers, and counts of shared bits.
//!
//! In: N numbers of b bits, shared: the positions of one batch ([`sum`]), or several batches to be
//! added position by position ([`sum_of`]). Out: their sum, as wide as it can get, shared. Who
//! learns what: nothing. Rounds: about log N to the base of 1.5, then those of one [`super::add`]:
//! 16 to count a thousand bits. Gates: about N * b; of each the bytes of an AND. Adversary: as for
//! AND.
//!
//! Three numbers become two with one AND a bit (`super::pile`). The last two are added.
//!
//! The positions of a batch are summed up by cutting its planes into rows of whole words, which
//! are added position by position, then the rows that are left into shorter ones, and in the end
//! into single positions. So nothing is moved about until 64 positions are left.

use super::BitContext;
use super::add::{carrying, fitting, one};
use super::columns::{row, set_bits, sum_width};
use super::lanes;
use super::pile::Pile;
use super::stripes::Stripe;
use crate::protocol::ProtocolError;
use crate::sharing::{Holding, SharedBits};

/// The sum of all numbers of a batch: one number. The sum of no numbers has no bits.
///
/// # Errors
/// When the sum may need more than 64 bits, or a node does not answer.
pub async fn sum(ctx: &BitContext, numbers: &SharedBits) -> Result<SharedBits, ProtocolError> {
    let width = fitting(sum_width(numbers.width(), numbers.len()))?;
    if width == 0 {
        return Ok(SharedBits::zeros(ctx.holding(), 0, 1));
    }
    let nothing = Added::public(ctx.holding(), 0, 1);
    one(sum_groups(ctx, std::slice::from_ref(numbers), width, &nothing).await?)
}

/// The sums of batches of the same shape, position by position. Large ones go stripe by stripe.
///
/// # Errors
/// When the shapes differ, a sum may need more than 64 bits, or a node does not answer.
pub async fn sum_of(ctx: &BitContext, parts: &[SharedBits]) -> Result<SharedBits, ProtocolError> {
    let Some(first) = parts.first() else {
        return Ok(SharedBits::zeros(ctx.holding(), 0, 0));
    };
    for part in parts {
        part.check_like(first)?;
    }
    let width = fitting(sum_width(first.width(), parts.len()))?;
    let (parts, len) = (parts.to_vec(), first.len());
    let steps = move |ctx: BitContext, stripe: Stripe| {
        let mut pile = Pile::new(stripe.len, 1, width);
        for part in &parts {
            pile.put(0, part, stripe.first_word(), |plane| plane);
        }
        async move {
            pile.reduce(&ctx.narrow("save")).await?;
            one(pile.add_by(&ctx.narrow("add"), carrying(&ctx, stripe)).await?)
        }
    };
    lanes::run(ctx, len, steps).await
}

/// For every position, how many planes of a batch are set there. Large ones go stripe by stripe.
pub(super) async fn count_planes(
    ctx: &BitContext,
    bits: SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let (width, len) = (sum_width(1, bits.width()), bits.len());
    let steps = move |ctx: BitContext, stripe: Stripe| {
        let mut pile = Pile::new(stripe.len, 1, width);
        pile.put(0, &bits, stripe.first_word(), |_| 0);
        async move {
            pile.reduce(&ctx.narrow("save")).await?;
            one(pile.add_by(&ctx.narrow("add"), carrying(&ctx, stripe)).await?)
        }
    };
    lanes::run(ctx, len, steps).await
}

/// What is added to sums besides: planes, and the column of each.
pub(super) struct Added {
    columns: Vec<usize>,
    planes: SharedBits,
}

impl Added {
    /// A public number, at so many positions: a plane of ones for every bit that is set.
    pub(super) fn public(holding: Holding, number: u128, len: usize) -> Self {
        let columns: Vec<usize> = set_bits(number).collect();
        let mut planes = SharedBits::zeros(holding, columns.len(), len);
        planes.complement();
        Self { columns, planes }
    }

    /// A shared number.
    pub(super) fn shared(number: SharedBits) -> Self {
        Self { columns: (0..number.width()).collect(), planes: number }
    }

    /// Put it on a group's pile.
    pub(super) fn put(&self, pile: &mut Pile, group: usize) {
        pile.put(group, &self.planes, 0, |plane| self.columns[plane]);
    }
}

/// For batches of the same shape, the sum over the positions of each, and what is added to it,
/// modulo 2^`width`: all in the rounds of one.
pub(super) async fn sum_groups(
    ctx: &BitContext,
    numbers: &[SharedBits],
    width: usize,
    added: &Added,
) -> Result<Vec<SharedBits>, ProtocolError> {
    let len = numbers.first().map_or(0, SharedBits::len);
    let mut pile = Pile::new(len.next_multiple_of(row(len)), numbers.len(), width);
    for (group, numbers) in numbers.iter().enumerate() {
        // What is past the end of the last row must be zeros.
        pile.put(group, &numbers.extract(0, pile.len)?, 0, |plane| plane);
    }
    let mut stage = 0;
    loop {
        let ctx = ctx.narrow(format!("rows-{stage}"));
        if pile.len > 1 {
            pile.reduce(&ctx.narrow("save")).await?;
            pile = pile.cut(&ctx)?;
            stage += 1;
            continue;
        }
        for group in 0..numbers.len() {
            added.put(&mut pile, group);
        }
        pile.reduce(&ctx.narrow("save")).await?;
        return pile.add(&ctx.narrow("add")).await;
    }
}
