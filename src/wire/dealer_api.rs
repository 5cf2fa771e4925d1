//! Models, and the material that dealers make for them, as servers take and tell of it.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::Timestamp;
use crate::identity::{Digest, PublicKey, Signed};
use crate::session::dealing::{AskHalf, BookState, InStock, StockOrder};
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

/// A batch in the coordinator's books.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BatchLine {
    /// Its id.
    pub batch: BatchId,
    /// How far it has come.
    pub state: BookState,
    /// Who made it, or makes it.
    pub makers: NodeSet,
    /// Those of them who still have their part.
    pub holders: NodeSet,
    /// Those who give it out.
    pub givers: NodeSet,
    /// When its making began.
    pub begun: Timestamp,
    /// The client that it is promised to, or was given to.
    pub client: Option<PublicKey>,
    /// How long the promise is good.
    pub until: Option<Timestamp>,
    /// Why it is withdrawn.
    pub reason: Option<String>,
}

/// The latest batches of a model.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BatchLines {
    /// The latest first.
    pub batches: Vec<BatchLine>,
    /// Whether there are earlier ones.
    pub more: bool,
}

/// How far the making of a batch is at one dealer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MakingProgress {
    /// Rounds of messages that have passed.
    pub rounds: u64,
    /// Those that it takes.
    pub rounds_total: u64,
    /// Bytes that the dealer has sent.
    pub bytes_sent: u64,
}

/// The batch that is being made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MakingLine {
    /// Its id.
    pub batch: BatchId,
    /// The model that it is for.
    pub model: Digest,
    /// Who makes it.
    pub makers: NodeSet,
    /// Since when.
    pub begun: Timestamp,
    /// How far it is at the dealer that is behind all others.
    pub progress: MakingProgress,
}

/// Why no batch is made although one is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DealingWait {
    /// A session computes, and goes before.
    Session,
    /// Too few dealers are there that can work together.
    Dealers,
    /// A batch has failed: the next one waits a while.
    Failure,
}

/// How the making of batches stands.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct DealingLine {
    /// The batch that is being made.
    pub making: Option<MakingLine>,
    /// Why none is, where one is wanted.
    pub waits: Option<DealingWait>,
    /// Dealers that are there and take no part in new batches, because of earlier ones or of cut links.
    pub left_out: NodeSet,
    /// Those of them who have been found to lie.
    pub liars: NodeSet,
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
    Running(MakingProgress),
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
