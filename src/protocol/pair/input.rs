//! Values that one party brings in, and values that one party alone learns.
//!
//! Both take random values that one party is told, by the partner's shares of them. A wrong share
//! would go unnoticed there, since nobody but that party knows the value; so a random combination of
//! them, hidden by one more, is opened to both: the party compares it with what it was told, and the
//! check of MACs holds the partner to what is shared.
//!
//! Rounds: three for an input; an opening to one party takes three and two checks. Bytes: two elements
//! a value and two more. Material: a random value for each, and one more.

use super::context::Shares;
use super::open::{check, open_masked};
use super::{Computation, PairError};
use crate::field::Field;
use crate::field::bulk::{Elements, add_into, inner_product, sub_into, zeros};
use crate::sharing::ShapeError;
use crate::sharing::pair::{Authenticated, Party};
use zeroize::Zeroizing;

/// Random values that one party knows: their shares and, at that party, the values. One more than asked
/// for, which hides the combination.
pub(super) struct Told<F: Field> {
    pub(super) shares: Shares<F>,
    pub(super) values: Option<Elements<F>>,
}

/// Tell a party random values, the last of which hides the combination. One round.
pub(super) async fn tell<F: Field>(
    own: &mut Computation<F>,
    party: Party,
    shares: Shares<F>,
) -> Result<Told<F>, PairError> {
    let mut values = zeros(shares.len());
    for (value, share) in values.iter_mut().zip(shares.iter()) {
        *value = share.share;
    }
    own.note(shares.len(), Some(party), true);
    if own.party() != party {
        own.exchange_elements(&values, 0).await?;
        return Ok(Told { shares, values: None });
    }
    let theirs = own.exchange_elements(&[], shares.len()).await?;
    add_into(&mut values, &theirs);
    Ok(Told { shares, values: Some(values) })
}

/// Hold the partner to what it told: one round. The weights follow from all messages so far.
pub(super) async fn hold<F: Field>(
    own: &mut Computation<F>,
    told: &Told<F>,
) -> Result<(), PairError> {
    let Some((hiding, shares)) = told.shares.split_last() else { return Ok(()) };
    let weights = own.challenges(shares.len());
    let weighed = shares.iter().zip(weights.iter());
    let sum = weighed.fold(*hiding, |sum, (share, &weight)| sum + share.scaled(weight));
    let opened = open_masked(own, &[sum]).await?;
    let Some(values) = &told.values else { return Ok(()) };
    let Some((hiding, values)) = values.split_last() else { return Ok(()) };
    let expected = *hiding + inner_product(values, &weights);
    if opened.first().is_none_or(|opened| !opened.equals(expected)) {
        return Err(PairError::Mac { round: own.round() });
    }
    Ok(())
}

/// Values that a party brings in; `values` are given by that party alone.
///
/// # Errors
/// When the partner does not answer or told something else than is shared, and when this party's
/// values are missing, too many or too few.
pub async fn input<F: Field>(
    own: &mut Computation<F>,
    party: Party,
    values: Option<&[F]>,
    count: usize,
) -> Result<Shares<F>, PairError> {
    let shares = own.masks(count + 1)?;
    let told = tell(own, party, shares).await?;
    let corrections = match &told.values {
        Some(masks) => {
            let got = values.map_or(0, <[F]>::len);
            let values = values.filter(|values| values.len() == count);
            let values = values.ok_or(ShapeError { what: "values", expected: count, got })?;
            let mut corrections = Zeroizing::new(values.to_vec());
            sub_into(&mut corrections, &masks[..count]);
            own.exchange_elements(&corrections, 0).await?;
            corrections
        }
        None => own.exchange_elements(&[], count).await?,
    };
    hold(own, &told).await?;
    let masks = told.shares.iter().zip(corrections.iter());
    Ok(Zeroizing::new(masks.map(|(&mask, &by)| mask + own.public(by)).collect()))
}

/// Open values to one party alone, which gets them: after a check of all that was opened before, and
/// with one of this.
///
/// # Errors
/// When something does not fit its MAC, and when the partner does not answer.
pub async fn reveal_to<F: Field>(
    own: &mut Computation<F>,
    party: Party,
    values: &[Authenticated<F>],
) -> Result<Option<Elements<F>>, PairError> {
    let shares = own.masks(values.len() + 1)?;
    let told = tell(own, party, shares).await?;
    hold(own, &told).await?;
    check(own).await?;
    let masked = values.iter().zip(told.shares.iter()).map(|(&value, &mask)| value + mask);
    let masked: Shares<F> = Zeroizing::new(masked.collect());
    let mut opened = open_masked(own, &masked).await?;
    own.note(values.len(), Some(party), false);
    check(own).await?;
    Ok(told.values.map(|masks| {
        sub_into(&mut opened, &masks[..values.len()]);
        opened
    }))
}
