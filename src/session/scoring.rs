//! The papers of scores: what an owner offers, which batch of material is for whom, and what both
//! parties sign in the end.
//!
//! A score is computed by two parties alone ([`crate::rules::model`] says what of a model is public);
//! nodes that made the material see none of these papers but the promise, and whoever relies on a
//! score checks it by the two signatures under it.

use std::fmt;

use rand::{TryRng as _, rngs::SysRng};
use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::base::bytes::from_hex;
use crate::base::text::{MAX_NAME, TextError, check_length};
use crate::identity::{Digest, PublicKey, Signature, Signed, Statement};
use crate::rules::model::structure::Values;
use crate::rules::model::{Structure, StructureError};
use crate::sharing::NodeSet;
use crate::sharing::pair::{BatchShape, Party};

/// Who learns a score.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Learner {
    /// Both parties, who can then sign it.
    Both,
    /// Whose sheet it is.
    Client,
    /// Whose model it is.
    Owner,
}

impl Learner {
    /// The one party that it is opened to; none where both learn it.
    pub const fn party(self) -> Option<Party> {
        match self {
            Self::Both => None,
            Self::Client => Some(Party::Client),
            Self::Owner => Some(Party::Owner),
        }
    }
}

/// What is public of a model that its owner scores with. Its digest is the model's id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelTerms {
    /// What people call it.
    pub name: String,
    /// The roster whose nodes make its material.
    pub roster: Digest,
    /// Its owner.
    pub owner: PublicKey,
    /// Layers, sizes and bounds.
    pub structure: Structure,
    /// What the numbers of a sheet are called, in their order; none where they have no names.
    pub features: Vec<String>,
    /// Who learns a score.
    pub learner: Learner,
}

impl Statement for ModelTerms {
    const DOMAIN: &'static str = "gavel/v1/model";
}

/// Why a model cannot be offered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ModelError {
    /// It cannot be computed.
    #[error(transparent)]
    Structure(#[from] StructureError),
    /// A name that is not fit to show.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Names for another number of features.
    #[error("the model has {expected} features, and names for {got}")]
    Names {
        /// Of the structure.
        expected: usize,
        /// Names.
        got: usize,
    },
    /// Two features of one name.
    #[error("two features are called \"{0}\"")]
    Twice(String),
    /// Not signed by the owner that it names.
    #[error("the model is not signed by its owner")]
    Signature,
}

impl ModelTerms {
    /// The model's id.
    pub fn id(&self) -> Digest {
        self.digest()
    }

    /// Check it, and say how values lie before each layer and after the last.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn check(&self) -> Result<Vec<Values>, ModelError> {
        check_length("the model's name", &self.name, MAX_NAME)?;
        let (expected, got) = (self.structure.features, self.features.len());
        if got != 0 && got != expected {
            return Err(ModelError::Names { expected, got });
        }
        let mut seen = std::collections::HashSet::new();
        for name in &self.features {
            check_length("the name of a feature", name, MAX_NAME)?;
            if !seen.insert(name) {
                return Err(ModelError::Twice(name.clone()));
            }
        }
        Ok(self.structure.check()?)
    }
}

impl Signed<ModelTerms> {
    /// Check the terms, and that they are their owner's.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn check(&self) -> Result<&ModelTerms, ModelError> {
        self.verify(&self.body.owner).map_err(|_| ModelError::Signature)?;
        self.body.check()?;
        Ok(&self.body)
    }
}

/// The id of a batch of material.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId(pub [u8; 16]);

impl BatchId {
    /// A fresh id.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn random() -> Result<Self, rand::rngs::SysError> {
        let mut id = [0; 16];
        SysRng.try_fill_bytes(&mut id)?;
        Ok(Self(id))
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for BatchId {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        from_hex(text).map(Self).ok_or("a batch id has 32 hexadecimal digits")
    }
}

impl Serialize for BatchId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            crate::identity::bytes::fixed::serialize(&self.0, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for BatchId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            crate::identity::bytes::fixed::deserialize(deserializer).map(Self)
        }
    }
}

/// The coordinator's signed word, as the keeper of the books, that a batch is for these two parties.
/// Dealers give halves out by it: to the client's key its own, to the owner's key the other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchPromise {
    /// The batch.
    pub batch: BatchId,
    /// The model that it was made for.
    pub model: Digest,
    /// The roster of the dealers.
    pub roster: Digest,
    /// How much it has of what.
    pub shape: BatchShape,
    /// The dealers who made it.
    pub makers: NodeSet,
    /// Those of them who give it out: [`givers`].
    pub chosen: NodeSet,
    /// Whose half comes from seeds.
    pub client: PublicKey,
    /// Whose half is the rest.
    pub owner: PublicKey,
    /// After that no half is given out any more.
    pub until: Timestamp,
}

impl Statement for BatchPromise {
    const DOMAIN: &'static str = "gavel/v1/batch-promise";
}

/// The dealers that give a batch out: t+1 of those who made it, of which at least one is honest. It hangs
/// on the batch alone, so that the keeper of the books has no say: one who lies could promise a batch to
/// one pair of parties at some dealers, and at others to a pair of his own, who would then know all of
/// the first ones' material.
pub fn givers(batch: BatchId, makers: NodeSet, threshold: u8) -> NodeSet {
    let mut first = [0; 8];
    first.copy_from_slice(&batch.0[..8]);
    let makers: Vec<_> = makers.iter().collect();
    let count = makers.len().max(1) as u64;
    // Below the number of makers, which are few.
    let first = usize::try_from(u64::from_le_bytes(first) % count).unwrap_or_default();
    makers
        .iter()
        .cycle()
        .skip(first)
        .take(makers.len().min(usize::from(threshold) + 1))
        .copied()
        .collect()
}

/// A score as both parties know it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// The model.
    pub model: Digest,
    /// The roster whose nodes made the material.
    pub roster: Digest,
    /// The batch that it was computed with; none serves two scores.
    pub batch: BatchId,
    /// Whose model it is.
    pub owner: PublicKey,
    /// Whose sheet was scored: the key that it bids with.
    pub client: PublicKey,
    /// The values after the last layer.
    pub values: Vec<i64>,
    /// Bits of them after the point.
    pub fraction: u32,
    /// When it was computed.
    pub at: Timestamp,
}

impl Statement for Score {
    const DOMAIN: &'static str = "gavel/v1/score";
}

/// A score with the signatures of both.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedScore {
    /// The score.
    pub score: Score,
    /// By its client.
    pub client: Signature,
    /// By the model's owner.
    pub owner: Signature,
}

/// Which party did not sign a score.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScoreSignatureError {
    /// The client.
    #[error("the score is not signed by the key that it was computed for")]
    Client,
    /// The owner.
    #[error("the score is not signed by the model's owner")]
    Owner,
}

impl SignedScore {
    /// The score, if both signed it.
    ///
    /// # Errors
    /// Names who did not.
    pub fn check(&self) -> Result<&Score, ScoreSignatureError> {
        let digest = self.score.digest();
        let signed = |key: &PublicKey, by| key.verify(&digest, by).is_ok();
        if !signed(&self.score.client, &self.client) {
            return Err(ScoreSignatureError::Client);
        }
        if !signed(&self.score.owner, &self.owner) {
            return Err(ScoreSignatureError::Owner);
        }
        Ok(&self.score)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::KeyPair;
    use crate::rules::model::Layer;

    fn keys(seed: u8) -> KeyPair {
        KeyPair::from_secret(&[seed; 32])
    }

    fn terms() -> ModelTerms {
        let layers = vec![Layer::Dense { outputs: 1, largest: 3 }, Layer::Sigmoid];
        let structure = Structure { features: 2, largest_feature: 2, fraction: 8, layers };
        let features = ["income", "age"].map(ToOwned::to_owned).to_vec();
        ModelTerms {
            name: "credit".to_owned(),
            roster: Digest([1; 32]),
            owner: keys(1).public(),
            structure,
            features,
            learner: Learner::Both,
        }
    }

    #[test]
    fn a_model_is_its_owners_and_can_be_computed() {
        let signed = Signed::new(terms(), &keys(1));
        assert_eq!(signed.check().map(ModelTerms::id), Ok(terms().id()));
        assert_eq!(Signed::new(terms(), &keys(2)).check(), Err(ModelError::Signature));
        let with = |change: fn(&mut ModelTerms)| {
            let mut changed = terms();
            change(&mut changed);
            assert_ne!(changed.id(), terms().id());
            changed.check()
        };
        let two = |terms: &mut ModelTerms| terms.features[1] = "income".to_owned();
        assert_eq!(with(two), Err(ModelError::Twice("income".to_owned())));
        let one = |terms: &mut ModelTerms| terms.features.truncate(1);
        assert_eq!(with(one), Err(ModelError::Names { expected: 2, got: 1 }));
        assert!(with(|terms| terms.features.clear()).is_ok());
        let ugly = |terms: &mut ModelTerms| terms.features[0] = "a\u{202e}b".to_owned();
        assert!(matches!(with(ugly), Err(ModelError::Text(_))));
        let none = |terms: &mut ModelTerms| terms.structure.layers.clear();
        assert!(matches!(with(none), Err(ModelError::Structure(_))));
    }

    #[test]
    fn a_batch_is_given_out_by_the_same_dealers_whoever_asks() {
        let makers = NodeSet::from_bits(0b1_0111);
        let of = |first| givers(BatchId([first; 16]), makers, 1);
        let all: std::collections::BTreeSet<_> = (0..=255).map(|first| of(first).bits()).collect();
        assert_eq!(all, [0b0_0011, 0b0_0110, 0b1_0001, 0b1_0100].into());
        for threshold in 0..5 {
            let set = givers(BatchId([7; 16]), makers, threshold);
            assert!(set.is_subset_of(makers));
            assert_eq!(set.len(), usize::from(threshold + 1).min(4));
        }
        assert!(givers(BatchId([7; 16]), NodeSet::EMPTY, 1).is_empty());
    }

    #[test]
    fn a_score_is_signed_by_both_and_nobody_else() {
        let score = Score {
            model: terms().id(),
            roster: Digest([1; 32]),
            batch: BatchId([2; 16]),
            owner: keys(1).public(),
            client: keys(2).public(),
            values: vec![-7, 300],
            fraction: 8,
            at: Timestamp::from_millis(5),
        };
        let sign = |seed| keys(seed).sign(&score.digest());
        let signed = |client, owner| SignedScore { score: score.clone(), client, owner };
        assert_eq!(signed(sign(2), sign(1)).check(), Ok(&score));
        assert_eq!(signed(sign(1), sign(1)).check(), Err(ScoreSignatureError::Client));
        assert_eq!(signed(sign(2), sign(2)).check(), Err(ScoreSignatureError::Owner));
        let mut altered = signed(sign(2), sign(1));
        altered.score.values[1] = 301;
        assert_eq!(altered.check(), Err(ScoreSignatureError::Client));
        let text = serde_json::to_string(&signed(sign(2), sign(1))).unwrap();
        let read: SignedScore = serde_json::from_str(&text).unwrap();
        assert_eq!(read, signed(sign(2), sign(1)));
    }
}
