//! Why a session waits, failed or was cancelled, and why an attempt or a node failed.
//!
//! Programs decide on `code` and its fields alone; the words for people come from here and from
//! nowhere else.

mod words;

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::problem::{Problem, ProblemType};
use crate::identity::{Digest, Signed};
use crate::session::accusation::{self, Accusation};
use crate::session::exclusion::ExclusionReason;
use crate::session::pause::PauseOrder;
use crate::session::{Phase, Shortage};
use crate::sharing::{NodeIndex, NodeSet};

/// A reason with its words: programs look at the reason, people read the text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Explained<T> {
    /// The code and its fields.
    #[serde(flatten)]
    pub reason: T,
    /// The same in words.
    pub text: String,
}

impl<T: fmt::Display> From<T> for Explained<T> {
    fn from(reason: T) -> Self {
        Self { text: reason.to_string(), reason }
    }
}

impl<T> fmt::Display for Explained<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The words, for whoever shows them.
impl<T> Deref for Explained<T> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.text
    }
}

/// Why a session is where it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Reason {
    /// An operator cancelled it.
    CalledOff,
    /// An operator takes no bids for a while.
    Paused {
        /// Why, in the operator's words.
        why: Option<String>,
    },
    /// An operator lets bids come in again.
    Resumed {
        /// Why, in the operator's words.
        why: Option<String>,
    },
    /// An operator has tried a failed session again.
    TriedAgain,
    /// Everybody whom the terms name has handed in.
    AllIn,
    /// Too few nodes do their part. The session goes on once enough of them do.
    Waiting {
        /// What is wrong with each of the others.
        nodes: Vec<NodeReport>,
    },
    /// Fewer nodes than are needed are there and reach each other. The session goes on once enough
    /// of them do.
    TooFewNodes {
        /// Who is there, who is away, and which links are cut.
        shortage: Shortage,
    },
    /// What nodes have signed for the closing breaks a rule.
    UnsoundBundle {
        /// The nodes at fault.
        nodes: NodeSet,
        /// Which rule, in words.
        detail: String,
    },
    /// An attempt failed. Another one follows by itself, after pauses that grow.
    Retrying {
        /// How many have failed since this coordinator runs.
        failed: u64,
        /// Why the last one did.
        last: AttemptTrouble,
    },
    /// Attempts failed in a way that neither waiting nor leaving nodes out can mend; a person has
    /// to look.
    AttemptsFailed {
        /// How many failed so.
        failed: u64,
        /// The nodes that took part.
        participants: NodeSet,
        /// Why the last one did.
        last: AttemptTrouble,
    },
    /// A document that this phase rests on is not on the coordinator's disk.
    Missing {
        /// The document that is missing.
        document: Document,
    },
}

/// What the coordinator keeps of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Document {
    /// The signed terms.
    Announcement,
    /// The bundle, or the manifest that follows from it.
    Manifest,
}

/// How an attempt ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum AttemptResult {
    /// With the outcome.
    Done {
        /// What those did that took part and did not sign it.
        unsigned: Option<AttemptTrouble>,
    },
    /// Without.
    Failed {
        /// What went wrong.
        trouble: AttemptTrouble,
    },
}

impl AttemptResult {
    /// What went wrong at nodes, whether there is an outcome or not.
    pub const fn trouble(&self) -> Option<&AttemptTrouble> {
        match self {
            Self::Done { unsigned } => unsigned.as_ref(),
            Self::Failed { trouble } => Some(trouble),
        }
    }
}

/// Why an attempt gave no outcome, or not everybody's signature.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum AttemptTrouble {
    /// Nodes did not do their part.
    Nodes {
        /// Which, and why.
        nodes: Vec<NodeReport>,
    },
    /// The nodes computed different outcomes.
    Disagreement {
        /// What each one computed, by digest.
        outcomes: Vec<(NodeIndex, Digest)>,
    },
}

/// What is wrong with one node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NodeReport {
    /// The node at fault.
    pub node: NodeIndex,
    /// What is wrong with it.
    pub trouble: NodeTrouble,
}

/// Why a node did not do what the coordinator asked of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum NodeTrouble {
    /// It could not be reached, or its answer not be used.
    NoAnswer {
        /// The error, in words.
        detail: String,
    },
    /// It refused.
    Refused {
        /// The type of its problem document.
        problem: ProblemType,
        /// More of it, where its refusal has fields.
        cause: Option<RefusalCause>,
        /// In its own words.
        detail: String,
    },
    /// It signed another manifest than follows from the bundle.
    OtherManifest,
    /// Its attempt failed.
    Attempt {
        /// Why, as it says itself.
        failure: AttemptFailure,
    },
    /// Its signature does not fit its outcome.
    FalseSignature,
    /// It signed another outcome than t+1 others, one of whom is honest.
    OtherOutcome,
    /// It had not signed when others had for a while.
    Unsigned,
    /// Its inventory or verdict breaks a rule, so the session closes without it.
    Unsound {
        /// Which rule, in words.
        detail: String,
    },
}

/// Why a node refuses a step of the closing: the member `cause` of its problem document.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum RefusalCause {
    /// Not in this phase.
    Phase {
        /// Where the session stands at the node.
        phase: Phase,
    },
    /// Bundle or inventories break a rule.
    UnsoundBundle {
        /// The nodes at fault.
        nodes: NodeSet,
    },
    /// Other nodes have committed to another bundle.
    OtherBundle {
        /// The nodes that have committed to another one.
        nodes: NodeSet,
    },
    /// The node has lost part of what it had, and too few others have told it what they are
    /// committed to.
    Unheard {
        /// Those that have not.
        nodes: NodeSet,
    },
    /// Envelopes of the manifest could not be fetched from any node.
    MissingEnvelopes {
        /// How many envelopes.
        count: u64,
        /// The nodes that list any of them.
        holders: NodeSet,
    },
    /// Bidders handed the node parts that do not fit, and no other node passes on their seeds.
    UnfitParts {
        /// How many envelopes.
        count: u64,
        /// Nodes that did not answer when asked for seeds.
        silent: NodeSet,
        /// Nodes that passed on seeds which do not fit the bidders' commitments.
        wrong: NodeSet,
    },
    /// The manifest's signatures do not fit, or are too few.
    Signatures {
        /// Whose do not fit.
        wrong: NodeSet,
    },
    /// The manifest does not follow from the bundle.
    OtherManifest,
    /// A stored variable is not there as the terms say.
    Variable {
        /// Its name.
        name: String,
        /// What is wrong.
        lack: VariableLack,
    },
}

/// Why an attempt failed at a node, as it says itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum AttemptFailure {
    /// The node's own part of an envelope of the manifest cannot be used.
    UnfitPart {
        /// The bidder whose envelope holds the part.
        bidder: String,
        /// What is wrong with the part.
        reason: ExclusionReason,
    },
    /// An envelope of the manifest is not on the node's disk.
    MissingEnvelope {
        /// The bidder whose envelope is missing.
        bidder: String,
    },
    /// The terms ask for something that nobody can hand in.
    UnfitTerms {
        /// What does not fit, in words.
        detail: String,
    },
    /// The node's shares do not fit the terms.
    UnfitShares {
        /// The error, in words.
        detail: String,
    },
    /// A message of another node did not come, or could not go to it.
    Link {
        /// The other node.
        node: NodeIndex,
        /// At which step, and how.
        detail: String,
    },
    /// The joint computation failed, or the making of its keys.
    Computation {
        /// The nodes that the failure points at, where the mathematics or the link names any.
        nodes: NodeSet,
        /// At which step, and how.
        detail: String,
    },
    /// A check found that a node lied, before anything was opened.
    Lie {
        /// Whom the node accuses, with its signature.
        accusation: Box<Signed<Accusation>>,
        /// At which step, and whom that names.
        detail: String,
    },
    /// A stored variable cannot be loaded or kept at the node.
    Variable {
        /// Its name.
        name: String,
        /// What is wrong.
        lack: VariableLack,
    },
    /// The node's store failed.
    Store {
        /// As the store says.
        detail: String,
    },
    /// The attempt was called off.
    CalledOff,
}

/// What is wrong with a stored variable at a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VariableLack {
    /// There is none under the name.
    Absent,
    /// It is another one than the terms say: another version, other bounds or another field.
    Other,
    /// The node knows it and has no share of it: it took no part when the variable was shared last.
    Share,
    /// The node's share does not fit the digests that all nodes have signed.
    Damaged,
    /// There is one under the name already, and the terms do not replace it.
    Taken,
    /// It is shared among the nodes of an earlier roster.
    Elsewhere,
    /// The node's operator lets no job reveal anything of it.
    Forbidden,
}

impl VariableLack {
    /// Whether the node lacks it for as long as it is not shared anew, or its operator lets nothing of it
    /// be revealed.
    pub const fn lasts(self) -> bool {
        matches!(self, Self::Share | Self::Damaged | Self::Forbidden)
    }

    /// In words, of a variable at a node.
    pub fn explain(self, name: &str) -> String {
        match self {
            Self::Absent => format!("has no variable {name:?}; see gavel variable list"),
            Self::Other => format!(
                "has another {name:?} than the job says; it was changed since. Make the job anew"
            ),
            Self::Share => {
                format!("has no share of {name:?}: it took no part when that was shared last")
            }
            Self::Damaged => format!(
                "has a share of {name:?} that does not fit what all nodes signed: its disk is \
                 damaged; restore it from a backup with `gavel restore`"
            ),
            Self::Elsewhere => format!(
                "has {name:?} as shared among the nodes of an earlier roster; `gavel variable \
                 refresh` deals it to the present ones"
            ),
            Self::Forbidden => format!(
                "lets no job reveal anything of {name:?}: its operator has said so (never_reveal in its \
                 gavel.toml)"
            ),
            Self::Taken => format!(
                "has a variable {name:?} already; say replace = true, take another name, or \
                 forget it first"
            ),
        }
    }
}

impl Reason {
    /// What an operator's order says of the session.
    pub fn of_order(order: &PauseOrder) -> Self {
        let why = order.why.clone();
        if order.paused { Self::Paused { why } } else { Self::Resumed { why } }
    }
}

impl RefusalCause {
    /// The member of a problem document that holds it.
    pub const MEMBER: &'static str = "cause";

    /// The cause that a problem document names; `None` where it names none that is known.
    pub fn of(problem: &Problem) -> Option<Self> {
        serde_json::from_value(problem.more.get(Self::MEMBER)?.clone()).ok()
    }
}

impl AttemptTrouble {
    /// The nodes that report something, and those that they name.
    pub fn nodes(&self) -> NodeSet {
        match self {
            Self::Disagreement { outcomes } => outcomes.iter().map(|(node, _)| *node).collect(),
            Self::Nodes { nodes } => nodes.iter().fold(NodeSet::EMPTY, |all, report| {
                let named = match &report.trouble {
                    NodeTrouble::Attempt { failure: AttemptFailure::Link { node, .. } } => {
                        NodeSet::EMPTY.with(*node)
                    }
                    NodeTrouble::Attempt { failure: AttemptFailure::Computation { nodes, .. } } => {
                        *nodes
                    }
                    NodeTrouble::Attempt { failure: AttemptFailure::Lie { accusation, .. } } => {
                        accusation.body.sets.iter().copied().fold(NodeSet::EMPTY, NodeSet::union)
                    }
                    _ => NodeSet::EMPTY,
                };
                all.union(named).with(report.node)
            }),
        }
    }
}

impl AttemptTrouble {
    /// What the nodes' accusations of each other come to, as they stand.
    fn lie(&self) -> Option<accusation::Finding> {
        let accusations = self.accusations().map(|signed| &signed.body);
        accusation::findings(0, accusations).into_iter().next()
    }

    /// What nodes have signed of others' lies.
    pub fn accusations(&self) -> impl Iterator<Item = &Signed<Accusation>> {
        let nodes = match self {
            Self::Nodes { nodes } => &nodes[..],
            Self::Disagreement { .. } => &[],
        };
        nodes.iter().filter_map(|report| report.trouble.accusation())
    }
}

impl NodeTrouble {
    /// The node's accusation of others, if that is what it reports.
    pub fn accusation(&self) -> Option<&Signed<Accusation>> {
        match self {
            Self::Attempt { failure: AttemptFailure::Lie { accusation, .. } } => Some(accusation),
            _ => None,
        }
    }
}

impl NodeTrouble {
    /// Whether the node does not know the session, so that the coordinator has to announce it
    /// again.
    pub fn is_unknown_session(&self) -> bool {
        matches!(self, Self::Refused { problem: ProblemType::UnknownSession, .. })
    }
}

#[cfg(test)]
mod tests;
