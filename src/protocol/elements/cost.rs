//! Predicted rounds, products and bytes of protocols on elements. Tests compare each with what is
//! spent.

use super::from_bits::rounds;
use super::stripes::{Cut, LANES};
use super::to_bits::Mask;
use crate::protocol::bits::sizes::{DIGEST, pieces};
use crate::protocol::proof::product_message_bytes;
use crate::protocol::proof::record::Arithmetic;
use crate::protocol::{Cost, CostModel, Security};
use crate::sharing::NodeIndex;

impl CostModel {
    /// What something costs, and the check of everything in it that is not checked yet: gates, and
    /// products over one field, side by side.
    #[must_use]
    pub fn checked_over<F: Arithmetic>(self, cost: Cost) -> Cost {
        let message = product_message_bytes::<F>(self.scheme, self.participants) as u64;
        if cost.unchecked_products == 0 {
            return self.checked(cost);
        }
        let sent = self.peers() * message;
        let gates = self.checked(Cost { unchecked: cost.unchecked, ..Cost::NONE });
        let check = Cost { rounds: 3, bytes_sent: sent, checks: 1, ..Cost::NONE };
        let both = Cost { checked: cost.unchecked_products, ..check + Cost { rounds: 0, ..gates } };
        Cost { unchecked_products: 0, unchecked: 0, ..cost } + both
    }

    /// One round of so many products, or sums of products.
    pub fn products<F: Arithmetic>(self, outputs: usize) -> Cost {
        if outputs == 0 {
            return Cost::NONE;
        }
        let to = if self.scheme.nodes() == 3 { 1 } else { self.peers() };
        let products = outputs as u64;
        let unchecked_products = if self.security == Security::Active { products } else { 0 };
        let bytes_sent = to * products * F::BYTES as u64;
        Cost { rounds: 1, gates: products, bytes_sent, unchecked_products, ..Cost::NONE }
    }

    /// Products of any number of elements.
    pub fn multiply_elements<F: Arithmetic>(self, len: usize) -> Cost {
        self.inner_products::<F>(1, len)
    }

    /// Sums of products of `size` places each.
    pub fn inner_products<F: Arithmetic>(self, size: usize, outputs: usize) -> Cost {
        let cut = Cut::new(outputs, size);
        let pieces = cut.pieces();
        if let [only] = &pieces[..] {
            return self.products::<F>(only.outputs.len());
        }
        let mut rounds = [0; LANES];
        let mut cost = Cost::NONE;
        for (number, piece) in pieces.into_iter().enumerate() {
            let own = self.checked_over::<F>(self.products::<F>(piece.outputs.len()));
            rounds[number % LANES] += own.rounds;
            cost += own;
        }
        let rounds = rounds.into_iter().max().unwrap_or(0);
        Cost { rounds, beside: cost.rounds - rounds, ..cost }
    }

    /// Opening so many elements, after a check of what led to them.
    pub fn opening_elements<F: Arithmetic>(self, cost: Cost, len: usize) -> Cost {
        let message = pieces(self.scheme) * len * F::BYTES + DIGEST;
        let sent = self.peers() * message as u64;
        self.checked_over::<F>(cost) + Cost { rounds: 1, bytes_sent: sent, ..Cost::NONE }
    }

    /// Making so many elements ready to stay, after a check of what led to them.
    pub fn keeping_elements<F: Arithmetic>(self, cost: Cost, len: usize) -> Cost {
        let held = NodeIndex::new(1).map_or(0, |node| self.scheme.held_by(node).len());
        let sent = self.peers() * (len * held * DIGEST) as u64;
        self.checked_over::<F>(cost) + Cost { rounds: 1, bytes_sent: sent, ..Cost::NONE }
    }

    /// Elements from so many bits.
    pub fn from_bits<F: Arithmetic>(self, bits: usize) -> Cost {
        let sets = self.scheme.sets().len();
        rounds(sets)
            .map(|pairs| self.multiply_elements::<F>(pairs * bits))
            .fold(Cost::NONE, |a, b| a + b)
    }

    /// Bits of `len` elements below 2^width.
    pub fn to_bits<F: Arithmetic>(self, width: usize, len: usize) -> Cost {
        self.to_bits_after::<F>(Cost::NONE, width, len)
    }

    /// The same after something that costs `before`, which is checked with it.
    pub fn to_bits_after<F: Arithmetic>(self, before: Cost, width: usize, len: usize) -> Cost {
        let mask = Mask::of::<F>(self.scheme, width);
        let bits = self.from_bits::<F>(mask.bits() * len);
        let masked = self.opening_elements::<F>(before + bits, len);
        let wrapped = match mask {
            Mask::Whole => self.less_than(F::BITS as usize, len),
            Mask::Wide { .. } => Cost::NONE,
        };
        masked + Cost { comparisons: 0, ..wrapped } + self.add(width, len)
    }

    /// Comparing `len` pairs of elements below 2^width.
    pub fn less_than_elements<F: Arithmetic>(self, width: usize, len: usize) -> Cost {
        self.to_bits::<F>(width + 1, len) + self.from_bits::<F>(len)
    }

    /// Whether `len` pairs of elements below 2^width are equal.
    pub fn equal_elements<F: Arithmetic>(self, width: usize, len: usize) -> Cost {
        self.to_bits::<F>(width + 1, len) + self.equal(width + 1, len) + self.from_bits::<F>(len)
    }

    /// Dividing `len` elements below 2^width.
    pub fn divide_elements<F: Arithmetic>(self, width: usize, len: usize) -> Cost {
        self.to_bits::<F>(width, 2 * len)
            + self.divide(width, len)
            + self.from_bits::<F>((2 * width + 1) * len)
    }
}
