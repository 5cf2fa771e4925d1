//! Models, and the material that dealers make for them, as servers take and tell of it.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::Timestamp;
use crate::identity::{Digest, Signed};
use crate::session::dealing::{AskHalf, InStock, StockOrder};
use crate::session::scoring::{BatchId, ModelTerms};
use crate::sharing::pair::BatchShape;
use crate::sharing::{NodeSet, Seed};
use crate::wire::reason::AttemptFailure;

/// Announce a model, or change how much of its material is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewModel {
    /// What is public of it, signed by its owner.
    pub terms: Signed<ModelTerms>,
    /// How much is to be in stock, signed by the same key.
    pub order: Signed<StockOrder>,
}

/// A model, and how its stock stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ModelLine {
    /// Its id.
    pub model: Digest,
    /// What is public of it.
    pub terms: Signed<ModelTerms>,
    /// What one batch has.
    pub shape: BatchShape,
    /// When it was announced.
    pub announced: Timestamp,
    /// Batches.
    pub stock: StockLine,
}

/// How a model's stock stands, in batches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct StockLine {
    /// As many are kept ready.
    pub target: u32,
    /// Ready to be promised.
    pub ready: u32,
    /// Being made.
    pub making: u32,
    /// Promised, and not given yet.
    pub promised: u32,
    /// Given to both parties.
    pub given: u32,
    /// Not to be used.
    pub withdrawn: u32,
}

/// Make a batch: what the coordinator asks every maker.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartBatch {
    /// Its id; none is used twice.
    pub batch: BatchId,
    /// The model that it is for.
    pub model: Signed<ModelTerms>,
    /// Counts batches, so that what nodes say of each stays apart.
    pub attempt: u32,
    /// Who makes it.
    pub makers: NodeSet,
    /// Whether every lie is to name its node, at some cost.
    pub naming: bool,
}

/// How the making of a batch stands at a dealer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum MakingState {
    /// It is being made.
    Running,
    /// It is on disk.
    Done {
        /// The dealer's word for it.
        word: Box<Signed<InStock>>,
        /// How long it took.
        seconds: f64,
    },
    /// It will not be made.
    Failed {
        /// Why.
        failure: AttemptFailure,
    },
}

/// A batch as it lies in a dealer's store, without its shares.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HeldBatch {
    /// The batch.
    pub batch: BatchId,
    /// The model that it was made for.
    pub model: String,
    /// Who made it.
    pub makers: NodeSet,
    /// When.
    pub made: Timestamp,
    /// How far it has come: "made", "promised", "given" or "withdrawn".
    pub state: String,
    /// When the client's half left.
    pub client: Option<Timestamp>,
    /// When the owner's half left.
    pub owner: Option<Timestamp>,
}

/// Ask one dealer for the client's half of a batch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskSeed {
    /// The model.
    pub model_inference: Digest,
    /// The batch.
    pub batch_id: BatchId,
    /// The request, with the coordinator's promise in it, signed by the client.
    pub request: Signed<AskHalf>,
}

/// One dealer's seed of the client's half.
#[derive(Clone, Serialize, Deserialize)]
pub struct GivenSeed {
    /// The model.
    pub model_inference: Digest,
    /// The batch.
    pub batch_id: BatchId,
    /// The seed: 64 hexadecimal digits.
    pub seed: SeedText,
}

/// A seed as it is sent; wiped when dropped, never printed.
#[derive(Clone)]
pub struct SeedText(Zeroizing<String>);

impl SeedText {
    /// Of a seed.
    pub fn of(seed: &Seed) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(64));
        for byte in seed.expose() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        Self(text)
    }

    /// The seed; none where it is no 64 digits.
    pub fn seed(&self) -> Option<Seed> {
        crate::base::bytes::from_hex(&self.0).map(Seed::from_bytes)
    }
}

impl Serialize for SeedText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SeedText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::dealer_api::*;

    #[test]
    fn a_seed_comes_back_from_its_text() {
        let bytes = std::array::from_fn(|at| u8::try_from(at * 8 % 251).unwrap());
        let text = SeedText::of(&Seed::from_bytes(bytes));
        let json = serde_json::to_string(&text).unwrap();
        assert!(json.starts_with("\"0008101820"), "{json}");
        let again: SeedText = serde_json::from_str(&json).unwrap();
        assert_eq!(again.seed().unwrap().expose(), &bytes);
        let short: SeedText = serde_json::from_str("\"00\"").unwrap();
        assert!(short.seed().is_none());
    }
}
