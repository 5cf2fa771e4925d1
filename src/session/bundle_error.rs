//! What is wrong with inventories, verdicts, and the bundle of both.

use super::SessionId;
use super::carried::ScoreError;
use super::exclusion::ExclusionReason;
use crate::base::name::NameError;
use crate::identity::Digest;
use crate::sharing::NodeIndex;
use crate::sharing::NodeSet;

/// What is wrong with an inventory, a verdict or a bundle, and whose it is.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BundleError {
    /// A node that the roster does not have.
    #[error("there is {what} of node {node}, which the roster does not have")]
    Stranger {
        /// "an inventory" or "a verdict".
        what: &'static str,
        /// The index that the statement names.
        node: NodeIndex,
    },
    /// Signature and content do not fit.
    #[error("the signature of node {node} does not fit its {what}")]
    Signature {
        /// "inventory" or "verdict".
        what: &'static str,
        /// The node that is said to have signed.
        node: NodeIndex,
    },
    /// For another session.
    #[error("the {what} of node {node} is for another session")]
    Session {
        /// "inventory" or "verdict".
        what: &'static str,
        /// The node that signed.
        node: NodeIndex,
    },
    /// The bundle is for another session.
    #[error("the bundle is for another session ({got})")]
    BundleSession {
        /// The session that the bundle names.
        got: SessionId,
    },
    /// Nodes out of order, or one twice.
    #[error("the {what} of node {node} is out of order; they go by node, each once")]
    Order {
        /// "inventory" or "verdict".
        what: &'static str,
        /// The one that does not follow the one before it.
        node: NodeIndex,
    },
    /// Fewer nodes than can decide.
    #[error("{got} nodes gave an inventory; closing needs {needed}")]
    TooFew {
        /// 2t+1, or all nodes where there are fewer.
        needed: usize,
        /// Inventories there are.
        got: usize,
    },
    /// Bidders out of order, or one twice.
    #[error(
        "the inventory of node {node} lists {bidder:?} out of order; it goes by key, each once"
    )]
    Bidders {
        /// The node whose inventory it is.
        node: NodeIndex,
        /// The name of the key that does not follow the one before it.
        bidder: String,
    },
    /// A name that does not belong on a screen.
    #[error("the inventory of node {node} has an unusable name: {error}")]
    Name {
        /// The node whose inventory it is.
        node: NodeIndex,
        /// What is wrong with it.
        error: NameError,
    },
    /// More than the terms allow.
    #[error("the inventory of node {node} lists {what} than the terms allow")]
    Limits {
        /// The node whose inventory it is.
        node: NodeIndex,
        /// "more bids", and the like.
        what: &'static str,
    },
    /// A score that does not count, none where one is needed, or one where there are none.
    #[error("the inventory of node {node} lists a bid of {bidder:?}: {error}")]
    Score {
        /// The node whose inventory it is.
        node: NodeIndex,
        /// Whose bid.
        bidder: String,
        /// What is wrong with the score.
        error: ScoreError,
    },
    /// Revisions begin at 1.
    #[error("the inventory of node {node} lists revision 0 of {bidder:?}")]
    Revision {
        /// The node whose inventory it is.
        node: NodeIndex,
        /// Whose bid.
        bidder: String,
    },
    /// Verdicts and inventories are not by the same nodes.
    #[error("node {node} gave an inventory or a verdict, but not both")]
    Unpaired {
        /// The node.
        node: NodeIndex,
    },
    /// A verdict about other inventories.
    #[error("the verdict of node {node} is about other inventories")]
    OtherInventories {
        /// The node whose verdict it is.
        node: NodeIndex,
    },
    /// Complaints out of order, or one twice.
    #[error("the complaints of node {node} are out of order")]
    Complaints {
        /// The node whose verdict it is.
        node: NodeIndex,
    },
    /// A complaint about an envelope that no inventory lists.
    #[error("node {node} complains about envelope {}, which no inventory lists", .envelope.short())]
    Unlisted {
        /// The node whose verdict it is.
        node: NodeIndex,
        /// The envelope complained about, by digest.
        envelope: Digest,
    },
    /// Admissions out of order, or one twice.
    #[error("the admissions of node {node} are out of order")]
    Admissions {
        /// The node whose verdict it is.
        node: NodeIndex,
    },
    /// An admission that the coordinator did not sign.
    #[error("node {node} tells of an admission of {bidder:?} that the coordinator did not sign")]
    Admission {
        /// The node whose verdict it is.
        node: NodeIndex,
        /// The name.
        bidder: String,
    },
    /// A complaint of something that is not for a node to say.
    #[error("node {node} complains that {}; that is not for a node to say", .reason.explain())]
    Reason {
        /// The node whose verdict it is.
        node: NodeIndex,
        /// The reason that the verdict gives.
        reason: ExclusionReason,
    },
}

impl BundleError {
    /// The node at fault, if it is a node's.
    pub fn nodes(&self) -> NodeSet {
        match self {
            Self::Stranger { node, .. }
            | Self::Signature { node, .. }
            | Self::Session { node, .. }
            | Self::Order { node, .. }
            | Self::Bidders { node, .. }
            | Self::Name { node, .. }
            | Self::Limits { node, .. }
            | Self::Revision { node, .. }
            | Self::Unpaired { node }
            | Self::OtherInventories { node }
            | Self::Complaints { node }
            | Self::Unlisted { node, .. }
            | Self::Admissions { node }
            | Self::Admission { node, .. }
            | Self::Score { node, .. }
            | Self::Reason { node, .. } => NodeSet::EMPTY.with(*node),
            Self::BundleSession { .. } | Self::TooFew { .. } => NodeSet::EMPTY,
        }
    }
}
