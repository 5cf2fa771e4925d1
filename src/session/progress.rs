//! Events of a session, from opening to its end, for screens and event streams.

use serde::{Deserialize, Serialize};

use super::accusation::Finding;
use super::{Phase, SessionId, Shortage};
use crate::base::Timestamp;
use crate::rules::Stage;
use crate::sharing::{NodeIndex, NodeSet};

/// Something happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// When, by the clock of whoever tells it.
    pub at: Timestamp,
    /// The session it concerns.
    pub session: SessionId,
    /// The node that tells it; `None` for the coordinator.
    pub node: Option<NodeIndex>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum What {
    /// The session entered a phase.
    Phase {
        /// The phase that begins.
        phase: Phase,
        /// Why, where a reason is due.
        reason: Option<String>,
    },
    /// A node took an envelope and signed its receipt.
    Received {
        /// The bidder's name.
        bidder: String,
        /// Revision.
        revision: u32,
    },
    /// A node holds envelopes of several keys under one name: the coordinator has given it twice.
    NameShared {
        /// The name.
        bidder: String,
    },
    /// The nodes have told what they hold and judged it; what follows from that is the list that they
    /// now sign.
    Judged {
        /// Nodes whose word it is.
        nodes: NodeSet,
    },
    /// An attempt began.
    Attempt {
        /// Attempt number, from 1.
        attempt: u32,
        /// Nodes that take part.
        participants: NodeSet,
    },
    /// The attempt got further.
    Progress(Progress),
    /// The coordinator waits for nodes.
    Waiting {
        /// The nodes that are waited for; none when it goes on.
        nodes: NodeSet,
    },
    /// Nodes found in an attempt that others lied; another attempt follows without them.
    Lie {
        /// What follows from what they signed.
        finding: Finding,
        /// The nodes that lied, whatever else is true, as long as at most t did.
        named: NodeSet,
    },
    /// Fewer nodes than are needed are there and reach each other, or enough are again. Told for
    /// every session that is not decided, as soon as the coordinator sees it.
    Shortage {
        /// What is missing; `None` when it is over.
        shortage: Option<Shortage>,
    },
}

/// How far an attempt has come, at one node.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Attempt number, from 1.
    pub attempt: u32,
    /// What is going on.
    pub stage: Stage,
    /// Level of the tournament that is finished, 0 before the first.
    pub level: u32,
    /// Levels that the tournament has in all.
    pub levels: u32,
    /// How many bids enter each level, the reserve among them, and last how many remain.
    #[serde(default)]
    pub entries: Vec<u64>,
    /// Comparisons done so far.
    pub comparisons: u64,
    /// Comparisons in all, as predicted.
    pub comparisons_total: u64,
    /// Rounds so far.
    pub rounds: u64,
    /// Rounds in all, as predicted.
    pub rounds_total: u64,
    /// AND gates so far, counted for every position of a batch; on numbers, products.
    pub gates: u64,
    /// Bytes this node has sent to others so far.
    pub bytes_sent: u64,
}
