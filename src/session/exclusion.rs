//! Why an envelope does not take part: the reasons, and who may name which.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sharing::NodeSet;

/// Why an envelope does not take part.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExclusionReason {
    /// A node's sealed part cannot be unsealed.
    PartUnreadable,
    /// A node's seeds do not fit the commitments.
    SeedsDoNotFit,
    /// The bidder signed two envelopes of one revision.
    TwoEnvelopes,
    /// A node named it in its inventory but could not deliver it.
    Unavailable,
    /// The key signed more than one bid where the terms allow no replacing.
    ReplacingForbidden,
    /// The amount is above the maximum; found by the protocol, the amount stays hidden.
    OutOfRange,
}

impl ExclusionReason {
    /// The reason in words a bidder understands.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::PartUnreadable => "the parts sealed to nodes cannot be opened by them",
            Self::SeedsDoNotFit => "the seeds sealed to nodes do not fit the commitments",
            Self::TwoEnvelopes => "two different envelopes were signed as the same revision",
            Self::Unavailable => "only a node that has gone away holds the envelope",
            Self::ReplacingForbidden => "two bids were signed where the terms allow only one",
            Self::OutOfRange => "the amount is above the maximum (it stays hidden)",
        }
    }

    /// Whether a node may complain of it. The others follow from the inventories or from the
    /// protocol.
    pub const fn is_complaint(self) -> bool {
        match self {
            Self::PartUnreadable | Self::SeedsDoNotFit | Self::Unavailable => true,
            Self::TwoEnvelopes | Self::ReplacingForbidden | Self::OutOfRange => false,
        }
    }
}

/// What nodes complain of in an envelope, as far as it excludes it: the first reason, and all nodes
/// that complain, if they are more than so many: t. Then one of them at least is honest and the bidder at
/// fault. What t nodes say or fewer may be a lie, and need not be believed: a node whose part does
/// not fit gets its seeds from the others ([`super::seeds`]), of whom more than t hold each
/// component among those that close the session, and one at least has a part that fits. Where nodes
/// only add, one that complains is enough ([`Scheme::doubted`](crate::sharing::Scheme::doubted)).
pub fn upheld(
    complaints: &BTreeMap<ExclusionReason, NodeSet>,
    doubted: u8,
) -> Option<(ExclusionReason, NodeSet)> {
    let named_by = complaints.values().fold(NodeSet::EMPTY, |all, nodes| all.union(*nodes));
    let (&first, _) = complaints.first_key_value()?;
    (named_by.len() > usize::from(doubted)).then_some((first, named_by))
}
