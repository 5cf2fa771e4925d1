//! What can go wrong in a protocol, and which node caused it.

use super::{ChannelError, Complaint};
use crate::sharing::numbers::shamir::Misfit;
use crate::sharing::{NodeIndex, NodeSet, ShapeError, keys::ContributionError};

/// Why a protocol stopped. Nothing of the outcome is accepted after any of these; the attempt is
/// repeated with new keys, without the nodes named where that is possible.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProtocolError {
    /// A message did not come or could not go.
    #[error("at step {step}: {source}")]
    Channel {
        /// Full name of the step.
        step: String,
        /// What the channel says; it names the other node.
        source: ChannelError,
    },
    /// A message has the wrong length.
    #[error("at step {step}: node {node} sent {got} bytes where {expected} were due")]
    Malformed {
        /// Full name of the step.
        step: String,
        /// Who sent it.
        node: NodeIndex,
        /// Bytes that were due.
        expected: usize,
        /// Bytes that came.
        got: usize,
    },
    /// Nodes sent different copies of what must be the same.
    #[error("at step {step}: nodes {suspects} sent different copies of one share{}", proven(*.liars))]
    Disagreement {
        /// Full name of the step.
        step: String,
        /// Nodes that are proven wrong, as long as at most t are.
        liars: NodeSet,
        /// All nodes whose copies differ from another's; at least one of them is wrong.
        suspects: NodeSet,
    },
    /// Too few nodes have shares of what is to be dealt anew.
    #[error(
        "at step {step}: {have} nodes have shares of all that is to be dealt anew, and {need} are \
         needed, so that every component has an honest holder among them"
    )]
    TooFewShares {
        /// Full name of the step.
        step: String,
        /// Nodes that have.
        have: usize,
        /// 2t+1.
        need: usize,
    },
    /// Shares of a number that do not lie on one polynomial.
    #[error("at step {step}: the shares do not fit together: {misfit}")]
    Misfit {
        /// Full name of the step.
        step: String,
        /// Whose they may be.
        misfit: Misfit,
    },
    /// A message that is not an encoding of numbers.
    #[error("at step {step}: node {node} sent something that is not a number of the field")]
    Encoding {
        /// Full name of the step.
        step: String,
        /// Who sent it.
        node: NodeIndex,
    },
    /// A message that is not the one of which its hash was sent before.
    #[error("at step {step}: node {node} sent something else than it had promised")]
    Broken {
        /// Full name of the step.
        step: String,
        /// Who sent it.
        node: NodeIndex,
    },
    /// An opened value that honest nodes cannot arrive at.
    #[error("at step {step}: a value came out that cannot be; a node computed wrongly")]
    Impossible {
        /// Full name of the step.
        step: String,
    },
    /// Nodes have computed with other values than this one.
    #[error(
        "at step {step}: nodes {nodes} hold other values than this node; one of the nodes taking \
         part is wrong or sent different values to different nodes"
    )]
    Views {
        /// Full name of the step.
        step: String,
        /// Nodes whose record differs from this node's.
        nodes: NodeSet,
    },
    /// The keys of the attempt do not agree.
    #[error(
        "nodes {nodes} derived other keys than this node; one of the nodes taking part sent \
         different contributions to different nodes"
    )]
    Keys {
        /// Nodes whose keys differ from this node's.
        nodes: NodeSet,
        /// The holders of each such key, one of which at least is wrong.
        holders: Vec<NodeSet>,
    },
    /// A check found that a node computed wrongly, before anything was opened.
    #[error("at step {step}: {complaint}")]
    Lie {
        /// Full name of the step.
        step: String,
        /// Sets of nodes, in each of which at least one lied.
        complaint: Complaint,
    },
    /// Something was to be opened while gates were not checked.
    #[error("at step {step}: gates are not checked yet; this is a fault of the program")]
    Unchecked {
        /// Full name of the step.
        step: String,
    },
    /// No randomness.
    #[error("at step {step}: the operating system gives no randomness")]
    Randomness {
        /// Full name of the step.
        step: String,
    },
    /// A step name was used twice in an attempt, which would use a mask twice.
    #[error("step {step} was used twice in one attempt; this is a fault of the program")]
    StepReused {
        /// Full name of the step.
        step: String,
    },
    /// Batches that do not fit together.
    #[error("{0}; this is a fault of the program")]
    Shape(#[from] ShapeError),
}

impl ProtocolError {
    /// The nodes that the error names, the proven ones only where there are such.
    pub fn nodes(&self) -> NodeSet {
        match self {
            Self::Channel { source, .. } => match source {
                ChannelError::Closed { node }
                | ChannelError::Timeout { node }
                | ChannelError::Flood { node } => NodeSet::EMPTY.with(*node),
                ChannelError::Cancelled => NodeSet::EMPTY,
            },
            Self::Malformed { node, .. }
            | Self::Encoding { node, .. }
            | Self::Broken { node, .. } => NodeSet::EMPTY.with(*node),
            Self::Disagreement { liars, suspects, .. } if liars.is_empty() => *suspects,
            Self::Disagreement { liars, .. } => *liars,
            Self::Views { nodes, .. } | Self::Keys { nodes, .. } => *nodes,
            Self::Misfit { misfit, .. } => misfit.nodes(),
            Self::Lie { complaint, .. } if complaint.named().is_empty() => complaint.suspects(),
            Self::Lie { complaint, .. } => complaint.named(),
            Self::StepReused { .. }
            | Self::TooFewShares { .. }
            | Self::Unchecked { .. }
            | Self::Randomness { .. }
            | Self::Shape(_)
            | Self::Impossible { .. } => NodeSet::EMPTY,
        }
    }
}

/// Whom an error accuses.
impl ProtocolError {
    /// Sets of nodes, in each of which at least one lied, as node `me` sees it that computed on
    /// bits and checked its gates; `None` where nothing says that anybody did.
    pub fn complaint(&self, me: NodeIndex) -> Option<Complaint> {
        let alone = |nodes: NodeSet| -> Vec<NodeSet> {
            nodes.iter().map(|node| NodeSet::EMPTY.with(node)).collect()
        };
        let sets = match self {
            Self::Lie { complaint, .. } => complaint.sets().to_vec(),
            Self::Disagreement { liars, suspects, .. } if liars.is_empty() => vec![*suspects],
            Self::Disagreement { liars, .. } => alone(*liars),
            Self::Views { nodes, .. } => {
                nodes.without(me).iter().map(|node| Complaint::pair(me, node)).collect()
            }
            Self::Keys { holders, .. } => holders.clone(),
            Self::Malformed { node, .. }
            | Self::Encoding { node, .. }
            | Self::Broken { node, .. } => alone(NodeSet::EMPTY.with(*node)),
            _ => Vec::new(),
        };
        Some(Complaint::new(sets)).filter(|complaint| !complaint.is_empty())
    }
}

fn proven(liars: NodeSet) -> String {
    match liars.len() {
        0 => String::new(),
        1 => format!("; node {liars} is wrong"),
        _ => format!("; nodes {liars} are wrong"),
    }
}

/// Why a context could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EstablishError {
    /// A participant that the scheme does not have.
    #[error("nodes {nodes} are not among the {n} nodes of the roster")]
    Unknown {
        /// The ones too many.
        nodes: NodeSet,
        /// Nodes of the scheme.
        n: u8,
    },
    /// Too few take part.
    #[error("{have} nodes take part; {need} are needed to compute")]
    TooFew {
        /// Participants there are.
        have: usize,
        /// 2t+1, or all nodes where there are fewer.
        need: usize,
    },
    /// This node does not take part.
    #[error("node {me} is not among the participants {participants}")]
    NotTakingPart {
        /// This node.
        me: NodeIndex,
        /// Those who are.
        participants: NodeSet,
    },
    /// No randomness.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(#[from] rand::rngs::SysError),
    /// A contribution does not fit.
    #[error(transparent)]
    Contribution(#[from] ContributionError),
    /// The exchange of contributions failed.
    #[error("making the keys of the attempt: {0}")]
    Exchange(#[from] ProtocolError),
}
