//! All MACs of a batch against the key at once.
//!
//! In: the key, values and their MACs, shared; the last value is a mask that nothing else is used for.
//! Out: nothing, or that they do not fit. Who learns what: a random number, a sum of the values that the
//! mask hides, and that the same sum of the MACs, less the key times that, is 0. Rounds: three, with a
//! check before the first. Bytes: those of three openings of one element. Adversary: none that is left.
//! Products are proven before, so what fails here is a fault of the program. Source: the check of MACs
//! of SPDZ (Damgård, Pastro, Smart, Zakarias 2012).
//!
//! Value number k counts r^(k+1) for an r that is opened after everything was computed. A wrong MAC
//! passes if r is a root of a polynomial of a degree of at most the number of values, 2^22 at most: with
//! probability below 2^-105.

use super::cost::MOST_VALUES;
use crate::field::bulk::powers;
use crate::field::{Field, Provable};
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::elements::Arithmetic;
use crate::protocol::elements::open::{open, open_masked};
use crate::protocol::elements::random::random;
use crate::sharing::elements::Component;
use crate::sharing::{ShapeError, SharedElements};

/// Values whose weights are worked out at a time.
const TILE: usize = 1024;

/// Whether the MACs are those of the values. No other protocol of the attempt may be under way.
///
/// # Errors
/// When they are not, when a node lied or does not answer.
pub async fn trial<F: Arithmetic + Provable<Proof = F>>(
    ctx: &BitContext,
    key: &SharedElements<F>,
    values: &SharedElements<F>,
    macs: &SharedElements<F>,
) -> Result<(), ProtocolError> {
    if values.len() > MOST_VALUES + 1 || macs.len() != values.len() {
        let (expected, got) = (values.len().min(MOST_VALUES + 1), macs.len().max(values.len()));
        return Err(ShapeError { what: "MACs of a batch", expected, got }.into());
    }
    let weight = random::<F>(&ctx.narrow("random"), 1)?;
    let weight = only(&open_masked(&ctx.narrow("weight"), &weight).await?);
    let sum = only(&open_masked(&ctx.narrow("sum"), &weigh(values, weight)?).await?);
    let mut rest = key.slice(0..1)?;
    rest.scale(-sum);
    rest.add(&weigh(macs, weight)?)?;
    let ctx = ctx.narrow("rest");
    if only(&open(&ctx, &rest).await?).is_zero() {
        return Ok(());
    }
    Err(ProtocolError::Impossible { step: ctx.base().step().to_owned() })
}

/// The element of a batch of one.
fn only<F: Field>(opened: &[F]) -> F {
    opened.first().copied().unwrap_or(F::ZERO)
}

/// The sum of the values, of which number k counts weight^(k+1).
fn weigh<F: Provable<Proof = F>>(
    values: &SharedElements<F>,
    weight: F,
) -> Result<SharedElements<F>, ShapeError> {
    let weights = powers(weight, TILE);
    let next = weight.pow(&[TILE as u64]);
    let weighed = |component: &[F]| {
        let mut factor = weight;
        let mut sum = Component::zeros(1);
        for tile in component.chunks(TILE) {
            sum[0] += F::weigh(tile, &weights) * factor;
            factor *= next;
        }
        sum
    };
    let held = 0..values.holding().components();
    let components = held.map(|at| weighed(values.component(at))).collect();
    SharedElements::from_components(values.holding(), components)
}
