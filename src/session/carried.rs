//! The score that an entry comes with, where the terms count scores: what it must be, and how papers
//! carry it.
//!
//! Both parties of a scoring sign it ([`SignedScore`]), and the envelope binds it: the participant signs
//! it with the rest, and no envelope has the same digest with another score or with none. Inventories
//! and manifest carry it, so that whoever reads them checks it again: nodes, the coordinator, and
//! whoever verifies a record.
//!
//! Who learns what: everyone each score. Adversary: a participant who types a number (neither signature
//! fits), takes another's score (it is for that key), or one of another model, owner or roster; a
//! coordinator or nodes that drop or change one (that is an envelope that nobody has). An owner and a
//! client who agree can sign whatever they like, with any batch's id: so that two scores have the same one
//! leaves no bid out, or an owner could have it done to a bidder who did nothing wrong.

use crate::identity::{Digest, PublicKey, Statement};
use crate::rules::Terms;
use crate::rules::scoring::{Scoring, Unplaced};

use super::scoring::{Score, ScoreSignatureError, SignedScore};

/// Why a score does not count. Each says whose fault it is, or what to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScoreError {
    /// None where the terms ask for one.
    #[error(
        "this session takes entries with a score only; have one computed and hand it in with the entry"
    )]
    Missing,
    /// One where the terms ask for none.
    #[error("this session counts no scores; leave the score out")]
    Spare,
    /// Of something else than the terms say.
    #[error("the score is of another {what} than the terms say; have one computed as they say")]
    Other {
        /// What differs.
        what: &'static str,
    },
    /// Somebody else's.
    #[error(
        "the score was computed for another key; a score counts for the key that it was computed for only"
    )]
    Client,
    /// Not one value.
    #[error("the score has {got} values; one that counts has one")]
    Values {
        /// As many as it has.
        got: usize,
    },
    /// Outside of what counts.
    #[error("the score does not count: {0}")]
    Place(#[from] Unplaced),
    /// Not signed by both.
    #[error(transparent)]
    Signature(#[from] ScoreSignatureError),
}

/// Check the score that came with the entry of a key, or that none came.
///
/// # Errors
/// Names the first rule that is broken.
pub fn check(
    terms: &Terms,
    key: &PublicKey,
    score: Option<&SignedScore>,
) -> Result<(), ScoreError> {
    let (scoring, signed) = match (terms.scoring(), score) {
        (None, None) => return Ok(()),
        (None, Some(_)) => return Err(ScoreError::Spare),
        (Some(_), None) => return Err(ScoreError::Missing),
        (Some(scoring), Some(signed)) => (scoring, signed),
    };
    let score = &signed.score;
    let same = [
        ("model", score.model.0 == scoring.model.0),
        ("owner", *score.owner.as_bytes() == scoring.owner),
        ("roster", score.roster.0 == scoring.roster.0),
    ];
    if let Some((what, _)) = same.into_iter().find(|(_, same)| !same) {
        return Err(ScoreError::Other { what });
    }
    if score.client != *key {
        return Err(ScoreError::Client);
    }
    handicap(scoring, score)?;
    signed.check()?;
    Ok(())
}

/// The handicap of a score: what it adds to a price.
///
/// # Errors
/// When it does not count.
pub fn handicap(scoring: &Scoring, score: &Score) -> Result<u64, ScoreError> {
    match score.values[..] {
        [value] => Ok(scoring.handicap(value, score.fraction)?),
        ref values => Err(ScoreError::Values { got: values.len() }),
    }
}

/// What an envelope holds, with its score.
#[derive(serde::Serialize)]
struct Scored<'a> {
    contents: Digest,
    score: &'a SignedScore,
}

impl Statement for Scored<'_> {
    const DOMAIN: &'static str = "gavel/v1/envelope-scored";
}

/// The digest of all that the heading of an envelope does not say, with the score where there is one.
pub(super) fn bind(contents: Digest, score: Option<&SignedScore>) -> Digest {
    score.map_or(contents, |score| Scored { contents, score }.digest())
}

/// Set in the number of a revision where a score follows. Numbers of revisions have 32 bits, so that a
/// paper with a score has the encoding of no other, and one without is encoded as it always was.
const FOLLOWS: u64 = 1 << 32;

/// A revision's number in a binary encoding.
pub(super) fn to_binary(revision: u32, score: bool) -> u64 {
    u64::from(revision) | if score { FOLLOWS } else { 0 }
}

/// The same back, and whether a score follows.
pub(super) fn from_binary<E: serde::de::Error>(number: u64) -> Result<(u32, bool), E> {
    let revision = u32::try_from(number & !FOLLOWS);
    let revision = revision.map_err(|_| E::custom("a revision has 32 bits"))?;
    Ok((revision, number & FOLLOWS != 0))
}

/// Serde for a paper that has a revision, and last a score or none: fields before and after the
/// revision, in their order.
macro_rules! carries_score {
    ($own:ident { $($before:ident: $earlier:ty),+; revision; $($after:ident: $later:ty),+ }) => {
        impl serde::Serialize for $own {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;
                let fields = [$(stringify!($before),)+ "revision", $(stringify!($after)),+].len();
                let (readable, scored) = (serializer.is_human_readable(), self.score.is_some());
                let count = fields + usize::from(scored);
                let mut paper = serializer.serialize_struct(stringify!($own), count)?;
                $(paper.serialize_field(stringify!($before), &self.$before)?;)+
                if readable {
                    paper.serialize_field("revision", &self.revision)?;
                } else {
                    let revision = crate::session::carried::to_binary(self.revision, scored);
                    paper.serialize_field("revision", &revision)?;
                }
                $(paper.serialize_field(stringify!($after), &self.$after)?;)+
                if let Some(score) = &self.score {
                    paper.serialize_field("score", score)?;
                }
                paper.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $own {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Text {
                    $($before: $earlier,)+
                    revision: u32,
                    $($after: $later,)+
                    #[serde(default)]
                    score: Option<Box<crate::session::scoring::SignedScore>>,
                }

                struct Binary;

                impl<'de> serde::de::Visitor<'de> for Binary {
                    type Value = $own;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(stringify!($own))
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(
                        self,
                        mut fields: A,
                    ) -> Result<$own, A::Error> {
                        let ends = || <A::Error as serde::de::Error>::custom("it ends early");
                        $(let $before: $earlier = fields.next_element()?.ok_or_else(ends)?;)+
                        let revision: u64 = fields.next_element()?.ok_or_else(ends)?;
                        let (revision, scored) = crate::session::carried::from_binary(revision)?;
                        $(let $after: $later = fields.next_element()?.ok_or_else(ends)?;)+
                        let score = if scored {
                            Some(fields.next_element()?.ok_or_else(ends)?)
                        } else {
                            None
                        };
                        Ok($own { $($before,)+ revision, $($after,)+ score })
                    }
                }

                if from.is_human_readable() {
                    let Text { $($before,)+ revision, $($after,)+ score } = Text::deserialize(from)?;
                    return Ok(Self { $($before,)+ revision, $($after,)+ score });
                }
                let fields = [$(stringify!($before),)+ "revision", $(stringify!($after)),+].len();
                from.deserialize_tuple(fields + 1, Binary)
            }
        }
    };
}

pub(super) use carries_score;

#[cfg(test)]
#[path = "carried_tests.rs"]
mod tests;
