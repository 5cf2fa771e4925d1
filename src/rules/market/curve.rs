//! What an entry says: how much its participant trades at every price.
//!
//! An entry has a field for each price, from the lowest up, and one more. With the fields e(0) to
//! e(P-1) and the last one, t, the participant trades at price number k
//!
//! ```text
//! net(k) = e(k) + e(k+1) + … + e(P-1) - t
//! ```
//!
//! and buys that much where it is above 0, and sells as much where it is below. The fields are what
//! is bought more, or sold less, at one price than at the price above it; t is the most that is
//! ever sold, at the highest price. Whatever the fields are, less is bought and more is sold the
//! higher the price, so that every entry is a valid one and nothing has to be checked. Nor does an
//! entry show whether it buys or sells.

use zeroize::Zeroizing;

/// How much one participant trades at every price, in smallest units: above 0 it buys, below 0 it
/// sells. Wiped when dropped.
pub struct Curve(Zeroizing<Vec<i64>>);

impl Curve {
    /// The curve of an entry's fields; of fields without a last one, nothing is ever sold.
    pub fn of(fields: &[u64]) -> Self {
        let (&sold, bought) = fields.split_last().unwrap_or((&0, &[]));
        let mut net = Zeroizing::new(vec![0; bought.len()]);
        let signed = |value| i64::try_from(value).unwrap_or(i64::MAX);
        let mut at = 0_i64.saturating_sub(signed(sold));
        for (net, &more) in net.iter_mut().zip(bought).rev() {
            at = at.saturating_add(signed(more));
            *net = at;
        }
        Self(net)
    }

    /// What is traded at the price with this number: above 0 bought, below 0 sold.
    pub fn net(&self, price: usize) -> i64 {
        self.0.get(price).copied().unwrap_or(0)
    }

    /// What is bought at the price with this number.
    pub fn bought(&self, price: usize) -> u64 {
        u64::try_from(self.net(price)).unwrap_or(0)
    }

    /// What is sold at the price with this number.
    pub fn sold(&self, price: usize) -> u64 {
        u64::try_from(self.net(price).saturating_neg()).unwrap_or(0)
    }
}
