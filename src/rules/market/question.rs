//! The question of a market: what its terms say beyond what every session's terms do.

use serde::{Deserialize, Serialize};

use super::grid::{Grid, GridError};
use super::order_error::OrderError;
use crate::base::name::NameError;
use crate::rules::entries::{Field, Layout, LayoutError};
use crate::rules::limits::Limits;
use crate::rules::money::{AmountError, Currency};
use crate::rules::operator_key::OperatorKey;
use crate::sharing::form::Form;
use crate::sharing::seed::mask;

/// Most bits of a quantity. The totals of a million participants at all prices have 64 at most.
pub const MAX_BITS: u32 = 24;

/// Most bits of what somebody trades at all prices together.
pub const MAX_QUANTITY_BITS: u32 = 31;

/// Most bits of all entries together: what a node holds of them is some times as much.
pub const MAX_ENTRY_BITS: u64 = 1 << 31;

/// How the side is served that wants to trade more than the other, at the clearing price.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rationing {
    /// Each in proportion to what it would trade, rounded down; what is left over goes to the
    /// earliest of them, one smallest unit each.
    #[default]
    Proportional,
}

/// Who is told how much a participant trades.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// Each participant the own quantity, and nobody else.
    Own,
    /// Each participant the own quantity, and the operator with this key all of them.
    Operator(OperatorKey),
    /// Everyone all quantities.
    Everyone,
}

impl Told {
    /// Whether all quantities are opened to everyone.
    pub fn is_everyone(&self) -> bool {
        *self == Self::Everyone
    }
}

/// One good, a grid of prices, and what becomes of the orders.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Currency of the prices.
    pub currency: Currency,
    /// The prices that there are.
    pub grid: Grid,
    /// What the good is counted in, such as tonnes.
    pub unit: Currency,
    /// Bits of a quantity, 1 to [`MAX_BITS`]: the largest one is 2^bits - 1 smallest units.
    pub bits: u32,
    /// How the longer side is served.
    pub rationing: Rationing,
    /// Who is told how much each trades.
    pub quantities: Told,
}

/// Why a market cannot be held as it is written. Each says what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum QuestionError {
    /// A price in the file is not an amount.
    #[error("{field}: {error}")]
    Amount {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        error: AmountError,
    },
    /// The prices.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// A demo participant's name that is not fit to show.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two orders of the demo under one name.
    #[error("two orders are by {0:?}; give each participant one")]
    Twice(String),
    /// An order of the demo that cannot be handed in.
    #[error("the order of {participant:?}: {error}")]
    Order {
        /// Whose it is.
        participant: String,
        /// What is wrong with it.
        error: OrderError,
    },
    /// Orders in the file and made-up participants.
    #[error("the file has both [[orders]] and participants; leave one of them out")]
    Both,
    /// Too few bits for anything, or too many.
    #[error("bits is 1 to {MAX_BITS}, not {got}")]
    Bits {
        /// As given.
        got: u32,
    },
    /// Quantities that take too many bits at so many prices.
    #[error(
        "with {prices} prices a quantity has at most {most} bits here, not {bits}; lower bits, or \
         take fewer prices"
    )]
    TooWide {
        /// Prices of the grid.
        prices: usize,
        /// Bits that there may be.
        most: u32,
        /// As given.
        bits: u32,
    },
    /// More in all than a node can hold.
    #[error(
        "{bids} entries of {prices} prices of {bits} bits are more than a node holds; lower \
         max_bids, or take fewer prices or bits"
    )]
    TooLarge {
        /// Most participants.
        bids: u32,
        /// Prices of the grid.
        prices: usize,
        /// Bits of a quantity.
        bits: u32,
    },
    /// The operator is told, and nothing says under which key.
    #[error(
        "quantities = \"operator\" takes an operator_key; `gavel session new` writes that of its own \
         home into the terms"
    )]
    NoOperatorKey,
    /// A key for nothing.
    #[error("operator_key is for quantities = \"operator\"; leave it out")]
    NoUseForKey,
    /// Something else than a key.
    #[error("operator_key is not one: leave it out, and `gavel session new` writes its home's")]
    OperatorKey,
    /// Shamir shares.
    #[error("a market runs on bits; leave out protocol = \"paper\"")]
    OnNumbers,
    /// Too many decimals.
    #[error("{field} is 0 to 8, not {got}")]
    Decimals {
        /// Which field.
        field: &'static str,
        /// What was asked for.
        got: u8,
    },
    /// The name of a currency or of a unit.
    #[error("{field} is a short name such as \"EUR\" or \"t\" (at most 12 characters)")]
    Unit {
        /// Which field.
        field: &'static str,
    },
}

impl Question {
    /// The largest quantity of an order, in smallest units.
    pub const fn maximum(&self) -> u64 {
        mask(self.bits)
    }

    /// The fields of an entry: see [`super::curve`].
    ///
    /// # Errors
    /// When there are too many.
    pub fn layout(&self) -> Result<Layout, LayoutError> {
        let field = Field { bits: self.bits, maximum: self.maximum() };
        Layout::repeated(field, self.grid.prices().saturating_add(1))
    }

    /// Bits of what a participant buys or sells at most, whatever its entry is.
    pub fn quantity_bits(&self) -> u32 {
        let most = u128::from(self.maximum()) * self.grid.prices() as u128;
        u128::BITS - most.leading_zeros()
    }

    /// The key to which everybody's quantity is disclosed, where there is one.
    pub const fn disclosed_to(&self) -> Option<&OperatorKey> {
        match &self.quantities {
            Told::Operator(key) => Some(key),
            Told::Own | Told::Everyone => None,
        }
    }

    /// Bits of what a participant alone is told: of its quantity, and whether it sells. None where
    /// everyone is told.
    pub fn reply_bits(&self) -> u32 {
        match self.quantities {
            Told::Own | Told::Operator(_) => self.quantity_bits() + 1,
            Told::Everyone => 0,
        }
    }

    /// Check what a node must not take on trust.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self, form: Form, limits: &Limits) -> Result<(), QuestionError> {
        self.check_parts()?;
        if form == Form::Numbers {
            return Err(QuestionError::OnNumbers);
        }
        if self.quantity_bits() > MAX_QUANTITY_BITS {
            let most = self.bits.saturating_sub(self.quantity_bits() - MAX_QUANTITY_BITS);
            let (prices, bits) = (self.grid.prices(), self.bits);
            return Err(QuestionError::TooWide { prices, most, bits });
        }
        let (bids, prices, bits) = (limits.bids, self.grid.prices(), self.bits);
        if u64::from(bids) * prices as u64 * u64::from(bits) > MAX_ENTRY_BITS {
            return Err(QuestionError::TooLarge { bids, prices, bits });
        }
        Ok(())
    }

    /// Check what each part says by itself, on which everything else relies.
    pub(super) fn check_parts(&self) -> Result<(), QuestionError> {
        let decimals = [("decimals", &self.currency), ("unit_decimals", &self.unit)];
        if let Some((field, unit)) = decimals.into_iter().find(|(_, unit)| !unit.decimals_fit()) {
            return Err(QuestionError::Decimals { field, got: unit.decimals });
        }
        let names = [("currency", &self.currency), ("unit", &self.unit)];
        if let Some((field, _)) = names.into_iter().find(|(_, unit)| !unit.code_fits()) {
            return Err(QuestionError::Unit { field });
        }
        if !(1..=MAX_BITS).contains(&self.bits) {
            return Err(QuestionError::Bits { got: self.bits });
        }
        if self.disclosed_to().is_some_and(|key| !key.has_length()) {
            return Err(QuestionError::OperatorKey);
        }
        Ok(self.grid.check()?)
    }

    /// A quantity as people read it: "40 t".
    pub fn show_quantity(&self, quantity: u64) -> String {
        self.unit.show(quantity).to_string()
    }
}
