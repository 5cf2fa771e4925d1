//! Why dealing elements anew stopped, and which node of which roster caused it.

use std::fmt;

use crate::protocol::{ChannelError, ProtocolError};
use crate::sharing::{NodeSet, ShapeError};

/// The roster that a node is named in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The one that has the shares.
    Old,
    /// The one that gets them.
    New,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Old => "old",
            Self::New => "new",
        })
    }
}

/// Why it stopped. The old shares stand after any of these; it is repeated with new keys, without the
/// nodes named where enough remain.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReshareError {
    /// Something among the old nodes.
    #[error("among the nodes of the old roster: {0}")]
    Old(#[from] ProtocolError),
    /// A message between the rosters, or among the new nodes, did not come or could not go.
    #[error("at step {step}, in the {side} roster: {source}")]
    Channel {
        /// Full name of the step.
        step: String,
        /// Whose node the channel names.
        side: Side,
        /// What the channel says.
        source: ChannelError,
    },
    /// A message has the wrong length, or is not an encoding of elements.
    #[error(
        "at step {step}: nodes {nodes} of the {side} roster sent what is not a message of this step"
    )]
    Malformed {
        /// Full name of the step.
        step: String,
        /// Whose nodes they are.
        side: Side,
        /// Who sent it.
        nodes: NodeSet,
    },
    /// Pieces that are not those whose digests their sender had told.
    #[error("at step {step}: {} of the old roster sent a piece that does not fit its digest", nodes_or_node(*.nodes))]
    Piece {
        /// Full name of the step.
        step: String,
        /// Who sent them; each lied.
        nodes: NodeSet,
    },
    /// Holders of one component told different digests of its pieces.
    #[error("at step {step}: nodes {suspects} of the old roster told different digests of the same piece{}", proven(*.liars))]
    Digests {
        /// Full name of the step.
        step: String,
        /// Nodes that are proven wrong, as long as at most t are.
        liars: NodeSet,
        /// All nodes whose digests differ from another's; at least one of them is wrong.
        suspects: NodeSet,
    },
    /// New nodes were told different digests.
    #[error(
        "at step {step}: nodes {nodes} of the new roster say that they were told other digests than \
         this node; one of them is wrong, or a node of the old roster told different nodes different \
         digests"
    )]
    Views {
        /// Full name of the step.
        step: String,
        /// The new nodes that say so.
        nodes: NodeSet,
    },
    /// Shares or nodes other than those of the handover.
    #[error("{0}; this is a fault of the program")]
    Shape(#[from] ShapeError),
}

impl ReshareError {
    /// The old nodes that are certain to have lied.
    pub const fn liars(&self) -> NodeSet {
        match self {
            Self::Piece { nodes, .. } | Self::Malformed { side: Side::Old, nodes, .. } => *nodes,
            Self::Digests { liars, .. } => *liars,
            _ => NodeSet::EMPTY,
        }
    }

    /// The nodes that the error names, and in which roster: those proven wrong only, where there are
    /// such.
    pub fn nodes(&self) -> Option<(Side, NodeSet)> {
        let named = match self {
            Self::Old(error) => (Side::Old, error.nodes()),
            Self::Channel { side, source, .. } => match source {
                ChannelError::Closed { node }
                | ChannelError::Timeout { node }
                | ChannelError::Flood { node } => (*side, NodeSet::EMPTY.with(*node)),
                ChannelError::Cancelled => return None,
            },
            Self::Malformed { side, nodes, .. } => (*side, *nodes),
            Self::Piece { nodes, .. } => (Side::Old, *nodes),
            Self::Digests { liars, suspects, .. } => {
                (Side::Old, if liars.is_empty() { *suspects } else { *liars })
            }
            Self::Views { nodes, .. } => (Side::New, *nodes),
            Self::Shape(_) => return None,
        };
        Some(named).filter(|(_, nodes)| !nodes.is_empty())
    }
}

fn nodes_or_node(nodes: NodeSet) -> String {
    if nodes.len() == 1 { format!("node {nodes}") } else { format!("each of the nodes {nodes}") }
}

fn proven(liars: NodeSet) -> String {
    match liars.len() {
        0 => String::new(),
        1 => format!("; node {liars} is wrong"),
        _ => format!("; nodes {liars} are wrong"),
    }
}
