//! The words for people.

use std::fmt;

use super::{AttemptFailure, AttemptTrouble, Document, NodeReport, NodeTrouble, Reason};

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CalledOff => f.write_str("called off by the coordinator"),
            Self::Paused { why: Some(why) } => write!(f, "paused by the coordinator: {why}"),
            Self::Paused { why: None } => f.write_str("paused by the coordinator"),
            Self::Resumed { why: Some(why) } => write!(f, "goes on after a pause: {why}"),
            Self::Resumed { why: None } => f.write_str("goes on after a pause"),
            Self::TriedAgain => f.write_str("tried again by the coordinator"),
            Self::AllIn => f.write_str("everybody whom it waits for has handed in"),
            Self::Waiting { nodes } => list(f, nodes),
            Self::TooFewNodes { shortage } => shortage.fmt(f),
            Self::UnsoundBundle { detail, .. } => f.write_str(detail),
            Self::Retrying { failed: 1, last } => {
                write!(f, "an attempt failed and is repeated: {last}")
            }
            Self::Retrying { failed, last } => write!(
                f,
                "{failed} attempts have failed, and another one follows by itself; the last: {last}"
            ),
            Self::AttemptsFailed { failed: 1, participants, last } => write!(
                f,
                "an attempt by nodes {participants} failed in a way that waiting does not mend: {last}"
            ),
            Self::AttemptsFailed { failed, participants, last } => write!(
                f,
                "{failed} attempts failed in a way that waiting does not mend; the last, by nodes {participants}: {last}"
            ),
            Self::Missing { document } => {
                let document = match document {
                    Document::Announcement => "announcement",
                    Document::Manifest => "manifest",
                };
                write!(f, "the {document} is not on the coordinator's disk")
            }
        }
    }
}

impl fmt::Display for AttemptTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes { nodes } => match self.lie() {
                Some(finding) => finding.fmt(f),
                None => list(f, nodes),
            },
            Self::Disagreement { outcomes } => {
                f.write_str("the nodes computed different outcomes (")?;
                for (position, (node, outcome)) in outcomes.iter().enumerate() {
                    let between = if position == 0 { "" } else { ", " };
                    write!(f, "{between}node {node}: {}", outcome.short())?;
                }
                f.write_str(")")
            }
        }
    }
}

impl fmt::Display for NodeTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer { detail } | Self::Refused { detail, .. } | Self::Unsound { detail } => {
                f.write_str(detail)
            }
            Self::OtherManifest => {
                f.write_str("it signed another manifest than follows from the bundle")
            }
            Self::Attempt { failure } => failure.fmt(f),
            Self::FalseSignature => f.write_str("its signature does not fit its outcome"),
            Self::OtherOutcome => f.write_str("it signed another outcome"),
            Self::Unsigned => f.write_str("it had not signed when the others had"),
        }
    }
}

impl fmt::Display for AttemptFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnfitPart { bidder, reason } => write!(
                f,
                "this node's part of the envelope of {bidder:?} cannot be used: {}",
                reason.explain()
            ),
            Self::MissingEnvelope { bidder } => {
                write!(f, "the envelope of {bidder:?} is not on this node's disk")
            }
            Self::UnfitTerms { detail }
            | Self::UnfitShares { detail }
            | Self::Link { detail, .. }
            | Self::Computation { detail, .. }
            | Self::Lie { detail, .. }
            | Self::Store { detail } => f.write_str(detail),
            Self::Variable { name, lack } => f.write_str(&lack.explain(name)),
            Self::CalledOff => f.write_str("the attempt was called off"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, nodes: &[NodeReport]) -> fmt::Result {
    for (position, NodeReport { node, trouble }) in nodes.iter().enumerate() {
        let between = if position == 0 { "" } else { "; " };
        let (own, trouble) = (format!("node {node}: "), trouble.to_string());
        // What a link to that very node says begins with it already.
        write!(f, "{between}{own}{}", trouble.strip_prefix(&own).unwrap_or(&trouble))?;
    }
    Ok(())
}
