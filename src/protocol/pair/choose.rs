//! The larger of values and 0, and the place of the largest.

use zeroize::{Zeroize, Zeroizing};

use super::compare::{below_zero, hide};
use super::context::Shares;
use super::multiply::multiply;
use super::{Computation, PairError};
use crate::field::NearPower;
use crate::sharing::pair::Authenticated;

/// Each value, or 0 where it is below 0; without its `shift` lowest bits, up to one more or less. Rounds:
/// those of [`super::below_zero`], and one.
///
/// # Errors
/// As for [`super::below_zero`].
pub async fn rectified<F: NearPower>(
    own: &mut Computation<F>,
    values: &[Authenticated<F>],
    shift: usize,
) -> Result<Shares<F>, PairError> {
    let hidden = hide(own, values).await?;
    let below = hidden.below_zero(own).await?;
    let values = match shift {
        0 => Zeroizing::new(values.to_vec()),
        _ => hidden.shifted(own, shift),
    };
    let lost = multiply(own, &below, &values).await?;
    Ok(Zeroizing::new(values.iter().zip(lost.iter()).map(|(&value, &lost)| value - lost).collect()))
}

/// A value, and the place that it comes from.
#[derive(Clone, Copy)]
struct Contender<F> {
    value: Authenticated<F>,
    place: Authenticated<F>,
}

impl<F: Zeroize> Zeroize for Contender<F> {
    fn zeroize(&mut self) {
        self.value.zeroize();
        self.place.zeroize();
    }
}

/// The place of the largest of some values, from 0; of equal ones the first. No two values are half the
/// prime apart. Rounds: for each level of a tree over the values those of [`below_zero`], and one.
///
/// # Errors
/// As for [`below_zero`].
pub async fn largest<F: NearPower>(
    own: &mut Computation<F>,
    values: &[Authenticated<F>],
) -> Result<Authenticated<F>, PairError> {
    let place = |at: usize| own.public(F::from_u64(at as u64));
    let contenders = values.iter().enumerate();
    let contenders = contenders.map(|(at, &value)| Contender { value, place: place(at) });
    let mut left: Zeroizing<Vec<Contender<F>>> = Zeroizing::new(contenders.collect());
    while left.len() > 1 {
        let pairs = left.as_chunks::<2>().0;
        let differences = pairs.iter().map(|[first, second]| first.value - second.value);
        let differences: Shares<F> = Zeroizing::new(differences.collect());
        let second_wins = below_zero(own, &differences).await?;
        let (mut x, mut y) = (Shares::default(), Shares::default());
        for (pair, &second_wins) in pairs.iter().zip(second_wins.iter()) {
            let [first, second] = pair;
            x.extend([second_wins; 2]);
            y.extend([second.value - first.value, second.place - first.place]);
        }
        let gains = multiply(own, &x, &y).await?;
        let winners =
            pairs.iter().zip(gains.as_chunks::<2>().0).map(|([first, _], [value, place])| {
                Contender { value: first.value + *value, place: first.place + *place }
            });
        let odd = left.as_chunks::<2>().1.first().copied();
        left = Zeroizing::new(winners.chain(odd).collect());
    }
    Ok(left.first().map_or_else(|| own.public(F::ZERO), |winner| winner.place))
}
