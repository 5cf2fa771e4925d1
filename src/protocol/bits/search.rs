//! The m best of very many numbers, by a search for the largest of the others.
//!
//! In: N numbers of b bits, shared, in the order of the tie rule, and a public m. Out: for each
//! number whether it is among the m best, and the largest of the others, shared. Who learns what:
//! nothing. Rounds: for every two bits of b + log2 N, two and those of counting N bits, and
//! three of a check where there are very many. Gates:
//! about 8 * N for every two bits, where [`super::rank`] takes N^2 times a comparison. Adversary:
//! as for AND.
//!
//! The place of each number is appended to it as its lowest bits, negated, so that no two are
//! equal and the earlier of equal ones is larger; that costs log2 N bits more to search, and no
//! prefix sums over places, which would take more rounds. Then the number that exactly m are
//! larger than is found from the top, two bits at a time. For every number there are two shared
//! bits: e, whether it agrees with the wanted one so far, and g, whether it is larger. For each
//! digit d = 1, 2, 3 the numbers are counted that are larger, or agree so far and have at least d
//! next; if these are more than m, the wanted digit is at least d. All three are counted in the
//! rounds of one; whether a count is above m is the top bit of its sum with a public number. At
//! the end g says who is among the m best.

use super::BitContext;
use super::and::{and_planes, evaluate};
use super::best::{Best, all};
use super::columns::{place_bits, sum_width};
use super::gates::{Gates, Operand};
use super::stripes::CHECKED_BY_STEP;
use super::sum::{Added, sum_groups};
use crate::protocol::ProtocolError;
use crate::protocol::proof::check::check;
use crate::sharing::{Plane, ShapeError, SharedBits};

/// The m best, and the largest of the others.
///
/// # Errors
/// When a node does not answer.
pub async fn best_by_search(
    ctx: &BitContext,
    numbers: &SharedBits,
    m: usize,
) -> Result<Best, ProtocolError> {
    if let Some(best) = Best::at_once(numbers, m) {
        return Ok(best);
    }
    let (holding, len) = (ctx.holding(), numbers.len());
    let distinct = with_places(numbers)?;
    let added = Added::public(holding, (1 << sum_width(1, len)) - 1 - m as u128, 1);
    let found = find(ctx, &distinct, all(holding, len), &added).await?;
    let places = place_bits(len);
    let next = found.value.take_planes(places..places + numbers.width())?;
    Ok(Best { members: found.larger, next: Some(next) })
}

/// What a search has found.
pub(super) struct Found {
    /// The number that m others are larger than.
    pub(super) value: SharedBits,
    /// For each number that counts whether it is larger.
    pub(super) larger: SharedBits,
}

/// Among the numbers that count, the one that m of them are larger than, if no two are equal; of
/// equal ones, the one that would be that if earlier ones were larger. `added` is m with all its bits
/// negated, as many as tell how many numbers there are; numbers are of even width.
pub(super) async fn find(
    ctx: &BitContext,
    numbers: &SharedBits,
    counting: SharedBits,
    added: &Added,
) -> Result<Found, ProtocolError> {
    let (holding, len) = (ctx.holding(), numbers.len());
    let digits = numbers.width() / 2;
    // Where both bits of a digit are set.
    let both: Vec<(Plane<'_>, Plane<'_>)> = (0..digits)
        .map(|digit| Ok((numbers.plane(2 * digit)?, numbers.plane(2 * digit + 1)?)))
        .collect::<Result<_, ShapeError>>()?;
    // What very many numbers were computed from does not stay until the end.
    let own = ctx.apart();
    let three = and_planes(&own.narrow("digits"), len, &both).await?;

    let mut state = State { agrees: counting, larger: SharedBits::zeros(holding, 1, len) };
    let mut value = SharedBits::zeros(holding, numbers.width(), 1);
    for (digit, &(low, high)) in both.iter().enumerate().rev() {
        let ctx = own.narrow(digit);
        let three = three.plane(digit)?;
        let at_least =
            [Operand::of(low).xor(high).xor(three), Operand::of(high), Operand::of(three)];
        let reached = state.step(&ctx, added, at_least).await?;
        for plane in reached.planes() {
            value.xor_plane(2 * digit, plane)?;
        }
        value.xor_plane(2 * digit + 1, reached.plane(1)?)?;
        if CHECKED_BY_STEP <= len {
            check(&ctx.narrow("check")).await?;
        }
    }
    ctx.base().join(own.base());
    Ok(Found { value, larger: state.larger })
}

/// Numbers with their places as lowest bits, the first place being the largest; of even width.
fn with_places(numbers: &SharedBits) -> Result<SharedBits, ShapeError> {
    let (holding, len) = (numbers.holding(), numbers.len());
    let places: Vec<u64> = (0..len as u64).rev().collect();
    let places = SharedBits::from_public(holding, place_bits(len), &places);
    let width = places.width() + numbers.width();
    let padding = SharedBits::zeros(holding, width % 2, len);
    SharedBits::stack(holding, len, places.planes().chain(numbers.planes()).chain(padding.planes()))
}

/// What is known of each number on the way down.
struct State {
    agrees: SharedBits,
    larger: SharedBits,
}

impl State {
    /// Find the next digit: for 1, 2 and 3 whether the wanted number has at least that.
    async fn step(
        &mut self,
        ctx: &BitContext,
        added: &Added,
        at_least: [Operand<'_>; 3],
    ) -> Result<SharedBits, ProtocolError> {
        let (holding, len) = (ctx.holding(), self.agrees.len());
        let (agrees, larger) = (self.agrees.plane(0)?, self.larger.plane(0)?);
        let mut gates = Gates::new(holding, len, 3);
        for at_least in at_least {
            gates.push(Operand::of(agrees), at_least, None);
        }
        let ahead = evaluate(&ctx.narrow("ahead"), &gates).await?;
        drop(gates);
        let counted = ahead
            .planes()
            .map(|ahead| SharedBits::xor_planes(holding, len, &[vec![larger, ahead]]));
        let counted = counted.collect::<Result<Vec<_>, _>>()?;
        // count + 2^width - 1 - m reaches 2^width exactly if count is above m.
        let width = sum_width(1, len);
        let counts = sum_groups(&ctx.narrow("count"), &counted, width + 1, added).await?;
        let reached =
            counts.iter().map(|count| count.plane(width)).collect::<Result<Vec<_>, _>>()?;
        let reached = SharedBits::stack(holding, 1, reached)?;

        let wanted = reached.repeat(len)?;
        let (one, two, three) = (ahead.plane(0)?, ahead.plane(1)?, ahead.plane(2)?);
        let is = |digit: usize| Ok::<_, ShapeError>(Operand::of(wanted.plane(digit - 1)?));
        let below_one = SharedBits::xor_planes(holding, len, &[vec![agrees, one]])?;
        let mut gates = Gates::new(holding, len, 2);
        let agrees = [
            (is(1)?, Operand::of(agrees).xor(two)),
            (is(2)?, Operand::of(one).xor(three)),
            (is(3)?, Operand::of(two)),
        ];
        gates.push_sum(agrees, Some(below_one.plane(0)?));
        let larger = [
            (is(1)?, Operand::of(one).xor(two)),
            (is(2)?, Operand::of(two).xor(three)),
            (is(3)?, Operand::of(three)),
        ];
        gates.push_sum(larger, Some(counted[0].plane(0)?));
        let next = evaluate(&ctx.narrow("next"), &gates).await?;
        drop(gates);
        (self.agrees, self.larger) = (next.take_planes(0..1)?, next.take_planes(1..2)?);
        Ok(reached)
    }
}
