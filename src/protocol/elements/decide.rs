//! Comparisons, equalities and divisions of one batch: their bits are found together.
//!
//! In: pairs of elements, by what is asked of them; the numbers of a comparison or an equality
//! differ by less than 2^width, in whichever direction, and those that are divided are below
//! 2^divided. Out: elements that are 0 or 1, or integers. Who learns what: nothing. Rounds: those of
//! [`super::to_bits`] once, of the longer of an equality and a division, and of
//! [`super::from_bits`] once. Adversary: as for those.

use super::compare::Quotient;
use super::from_bits::{from_bits, numbers};
use super::to_bits::to_bits;
use crate::field::Field;
use crate::protocol::bits::BitContext;
use crate::protocol::bits::beside::both;
use crate::protocol::bits::divide::{Quotient as QuotientBits, divide};
use crate::protocol::bits::equal::public_equal;
use crate::protocol::elements::Arithmetic;
use crate::protocol::{Cost, CostModel, ProtocolError};
use crate::sharing::{SharedBits, SharedElements};

/// Some x with as many y.
#[derive(Clone)]
pub struct Pairs<F: Field> {
    /// The first of each pair.
    pub x: SharedElements<F>,
    /// The second.
    pub y: SharedElements<F>,
}

/// What is asked.
#[derive(Clone)]
pub struct Asked<F: Field> {
    /// Bits by which numbers that are compared may differ.
    pub width: usize,
    /// Whether x is below y.
    pub less: Pairs<F>,
    /// Whether x is y.
    pub equal: Pairs<F>,
    /// Bits of integers that are divided.
    pub divided: usize,
    /// x / y.
    pub quotients: Pairs<F>,
}

/// How much of each is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Bits by which numbers that are compared may differ.
    pub width: usize,
    /// Comparisons.
    pub less: usize,
    /// Equalities.
    pub equal: usize,
    /// Bits of integers that are divided.
    pub divided: usize,
    /// Divisions.
    pub quotients: usize,
}

/// What it comes to.
pub struct Decided<F: Field> {
    /// 1 where x is below y.
    pub less: SharedElements<F>,
    /// 1 where x is y.
    pub equal: SharedElements<F>,
    /// Quotients and rests.
    pub quotients: Quotient<F>,
}

impl Counts {
    /// Bits of the numbers that bits are made of: of a difference one more than of the numbers.
    fn bits(self) -> usize {
        let compared = if self.less + self.equal > 0 { self.width + 1 } else { 0 };
        compared.max(if self.quotients > 0 { self.divided } else { 0 })
    }

    /// Elements that bits are made of.
    const fn elements(self) -> usize {
        self.less + self.equal + 2 * self.quotients
    }

    /// Bits that elements are made of.
    const fn results(self) -> usize {
        self.less + self.equal + (2 * self.divided + 1) * self.quotients
    }
}

impl<F: Field> Asked<F> {
    fn counts(&self) -> Counts {
        Counts {
            width: self.width,
            less: self.less.x.len(),
            equal: self.equal.x.len(),
            divided: self.divided,
            quotients: self.quotients.x.len(),
        }
    }
}

/// Decide all of it.
///
/// # Errors
/// When the shapes differ, the field has no room, or a node does not answer.
pub async fn decide<F: Arithmetic>(
    ctx: &BitContext,
    asked: &Asked<F>,
) -> Result<Decided<F>, ProtocolError> {
    let (counts, holding) = (asked.counts(), ctx.holding());
    let less = difference(&asked.less, counts.width)?;
    let equal = difference(&asked.equal, counts.width)?;
    let parts = [&less, &equal, &asked.quotients.x, &asked.quotients.y];
    let elements = SharedElements::concat(holding, parts)?;
    let bits = to_bits(&ctx.narrow("bits"), counts.bits(), &elements).await?;
    let mut next = 0;
    let mut part = |len: usize| {
        let places: Vec<usize> = (next..next + len).collect();
        next += len;
        bits.gather(&places)
    };
    let (less, equal) = (part(counts.less)?, part(counts.equal)?);
    let (x, y) = (part(counts.quotients)?, part(counts.quotients)?);
    let planes: Vec<SharedBits> = found(ctx, counts, less, equal, (x, y)).await?;
    // All results are of different lengths, so each bit becomes a batch of its own: one after the
    // other, plane by plane.
    let elements = from_bits::<F>(&ctx.narrow("elements"), &joined(ctx, &planes)?).await?;
    let mut next = 0;
    let mut part = |planes: usize, len: usize| {
        let first = next;
        next += planes * len;
        numbers(&elements.slice(first..next)?, planes, len)
    };
    let (divided, count) = (counts.divided, counts.quotients);
    Ok(Decided {
        less: part(1, counts.less)?,
        equal: part(1, counts.equal)?,
        quotients: Quotient {
            quotient: part(divided, count)?,
            rest: part(divided, count)?,
            by_zero: part(1, count)?,
        },
    })
}

/// x - y + 2^width: the highest of its bits says whether x is at least y.
fn difference<F: Field>(
    pairs: &Pairs<F>,
    width: usize,
) -> Result<SharedElements<F>, ProtocolError> {
    let mut difference = pairs.x.clone();
    difference.sub(&pairs.y)?;
    let above = F::from_u64(2).pow(&[width as u64]);
    difference.add_public(&vec![above; pairs.x.len()])?;
    Ok(difference)
}

/// The results as bits.
async fn found(
    ctx: &BitContext,
    counts: Counts,
    less: SharedBits,
    equal: SharedBits,
    (x, y): (SharedBits, SharedBits),
) -> Result<Vec<SharedBits>, ProtocolError> {
    let (compared, divided) = (counts.width + 1, counts.divided);
    let mut found = Vec::new();
    if counts.less > 0 {
        let mut less = less.take_planes(counts.width..compared)?;
        less.complement();
        found.push(less);
    }
    let equalities = async |ctx: BitContext| {
        if counts.equal == 0 {
            return Ok(None);
        }
        let equal = equal.take_planes(0..compared)?;
        public_equal(&ctx, 1 << counts.width, &equal).await.map(Some)
    };
    let quotients = async |ctx: BitContext| {
        if counts.quotients == 0 {
            return Ok(None);
        }
        let (x, y) = (x.take_planes(0..divided)?, y.take_planes(0..divided)?);
        divide(&ctx, &x, &y).await.map(Some)
    };
    let (equal, quotient) = both(&ctx.narrow("decide"), equalities, quotients).await?;
    found.extend(equal);
    if let Some(QuotientBits { quotient, rest, by_zero }) = quotient {
        found.extend([quotient, rest, by_zero]);
    }
    Ok(found)
}

/// All bits of some batches, each at a place of its own: batch by batch, plane by plane.
fn joined(ctx: &BitContext, batches: &[SharedBits]) -> Result<SharedBits, ProtocolError> {
    let mut planes = Vec::new();
    for batch in batches {
        for plane in 0..batch.width() {
            planes.push(batch.take_planes(plane..plane + 1)?);
        }
    }
    let planes: Vec<&SharedBits> = planes.iter().collect();
    Ok(SharedBits::concat(ctx.holding(), 1, &planes)?)
}

impl CostModel {
    /// Deciding so much, after something that costs `before`.
    pub fn decide_elements<F: Arithmetic>(self, before: Cost, counts: Counts) -> Cost {
        if counts.elements() == 0 {
            return before;
        }
        let bits = self.to_bits_after::<F>(before, counts.bits(), counts.elements());
        let equal =
            if counts.equal > 0 { self.equal(counts.width + 1, counts.equal) } else { Cost::NONE };
        let divide = if counts.quotients > 0 {
            self.divide(counts.divided, counts.quotients)
        } else {
            Cost::NONE
        };
        bits + Cost::beside([equal, divide]) + self.from_bits::<F>(counts.results())
    }
}
