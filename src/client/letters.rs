//! What a session tells one node, or its client, alone, put together by whoever has the key.
//!
//! The nodes' letters ([`crate::session::letters`]) come through the coordinator. The record is checked
//! first, and every component in a letter against it: the coordinator is believed nothing, and a node
//! only what t+1 of them have signed. Any t+1 nodes of the attempt that answer rightly are enough.

use super::again::{of_every_node, too_few_right};
use super::error::ClientError;
use super::network::Network;
use crate::identity::key_file::{NodeKeys, OperatorKeys};
use crate::identity::sealing::SealingKeyPair;
use crate::identity::{Roster, Signed};
use crate::rules::OperatorKey;
use crate::rules::job::Receiver;
use crate::session::letters::{LetterError, Reading, ToldValue};
use crate::session::record::{Record, RecordError};
use crate::session::{Letters, SessionId};
use crate::sharing::{NodeIndex, NodeSet};

/// What came from one node.
pub type Answer = (NodeIndex, Result<Signed<Letters>, ClientError>);

/// Whose keys are at hand.
#[derive(Clone, Copy)]
pub enum Keys<'a> {
    /// The client's.
    Client(&'a OperatorKeys),
    /// A node's.
    Node(&'a NodeKeys),
}

impl<'a> Keys<'a> {
    fn sealing(self) -> Vec<&'a SealingKeyPair> {
        match self {
            Self::Client(keys) => vec![&keys.sealing],
            Self::Node(keys) => keys.sealing_keys().collect(),
        }
    }
}

/// What somebody alone is told, and by whom.
pub struct Told {
    /// Who.
    pub to: Receiver,
    /// The values, in the order of the steps; not of what could not be computed.
    pub values: Vec<ToldValue>,
    /// The nodes whose letters fit what was signed.
    pub agreed: NodeSet,
    /// Those whose letters do not fit, and why.
    pub faults: Vec<(NodeIndex, LetterError)>,
    /// Those that gave none, and why.
    pub silent: Vec<(NodeIndex, String)>,
}

impl Told {
    /// Nodes that have signed something wrong.
    pub fn lied(&self) -> NodeSet {
        lied(&self.faults)
    }
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    /// The record does not hold.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It is of another session.
    #[error("the record is of another session")]
    OtherSession,
    /// There is nothing to tell yet.
    #[error("the session has no outcome yet")]
    NotSettled,
    /// The terms tell nothing to whom these keys belong.
    #[error("the session reveals nothing to {to} alone; see `gavel job status`")]
    Nothing {
        /// Who asks.
        to: &'static str,
    },
    /// The terms name another key.
    #[error(
        "this home has the client's key {own}, and the session reveals to the key {named}; use the home \
         that ran it (--home DIR)"
    )]
    OtherKey {
        /// The fingerprint of this home's.
        own: String,
        /// That of the key in the terms.
        named: String,
    },
    /// The node was not in the session's roster.
    #[error("this home's node was not in the roster that the session began under")]
    NotInRoster,
    /// Too few nodes wrote what is right.
    #[error("{}", incomplete(*.values, *.lied, .silent))]
    Incomplete {
        /// Of how many values a component is missing.
        values: usize,
        /// Nodes whose letters do not fit.
        lied: NodeSet,
        /// Nodes that gave none, and why.
        silent: Vec<(NodeIndex, String)>,
    },
}

fn lied(faults: &[(NodeIndex, LetterError)]) -> NodeSet {
    faults.iter().filter(|(_, error)| error.is_a_lie()).map(|(node, _)| *node).collect()
}

fn incomplete(values: usize, lied: NodeSet, silent: &[(NodeIndex, String)]) -> String {
    let what = format!("of {values} values too few nodes wrote what is right");
    too_few_right(&what, lied, silent)
}

impl LettersError {
    /// A stable name for scripts.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Record(_) => "bad-record",
            Self::OtherSession => "other-session",
            Self::NotSettled => "not-settled",
            Self::Nothing { .. } => "nothing-apart",
            Self::OtherKey { .. } => "other-operator-key",
            Self::NotInRoster => "not-in-roster",
            Self::Incomplete { .. } => "incomplete",
        }
    }
}

/// Ask every node, through the coordinator, for its letters of a settled session.
pub async fn ask(network: &Network, session: SessionId) -> Vec<Answer> {
    of_every_node(network, async |node| network.coordinator().letters(session, node).await).await
}

/// Who has these keys, in a session whose record holds; best found out before the nodes are asked.
///
/// # Errors
/// When the record does not hold under the roster that is trusted, or tells these keys nothing.
pub fn receiver(
    record: &Record,
    trusted: &Roster,
    session: SessionId,
    keys: Keys<'_>,
) -> Result<Receiver, LettersError> {
    let report = record.verify(Some(record.trusted(trusted)))?;
    if report.session != session {
        return Err(LettersError::OtherSession);
    }
    let question = &record.announcement.body.terms.question;
    let to = match keys {
        Keys::Client(keys) => {
            let named = question.client_key();
            let named = named.ok_or(LettersError::Nothing { to: "the client" })?;
            let own = keys.public();
            if own != *named {
                let fingerprint = OperatorKey::fingerprint;
                let (own, named) = (fingerprint(&own), fingerprint(named));
                return Err(LettersError::OtherKey { own, named });
            }
            Receiver::Client
        }
        Keys::Node(keys) => {
            let own = record.roster.body.index_of(&keys.identity.public());
            let own = own.ok_or(LettersError::NotInRoster)?;
            if !question.told_nodes().any(|node| node == own) {
                return Err(LettersError::Nothing { to: "this node" });
            }
            Receiver::Node(own)
        }
    };
    if report.outcome.is_none() { Err(LettersError::NotSettled) } else { Ok(to) }
}

/// What whoever has these keys is told alone, by the record and what the nodes wrote.
///
/// # Errors
/// As [`receiver`]; and when too few letters are right.
pub fn read(
    record: &Record,
    trusted: &Roster,
    session: SessionId,
    keys: Keys<'_>,
    answers: Vec<Answer>,
) -> Result<Told, LettersError> {
    let to = receiver(record, trusted, session, keys)?;
    let outcome = &record.outcome.as_ref().ok_or(LettersError::NotSettled)?.body;
    let mut reading = Reading::new(&record.announcement.body, &record.roster.body, outcome, to);
    let mut told = Told {
        to,
        values: Vec::new(),
        agreed: NodeSet::EMPTY,
        faults: Vec::new(),
        silent: Vec::new(),
    };
    if reading.is_empty() {
        // Nothing of it could be computed.
        return Ok(told);
    }
    for (node, answer) in answers {
        match answer.map(|letters| reading.take(node, &letters, keys.sealing())) {
            Ok(Ok(())) => told.agreed.insert(node),
            Ok(Err(fault)) => told.faults.push((node, fault)),
            Err(error) => told.silent.push((node, error.to_string())),
        }
    }
    let values = reading.missing();
    if values > 0 {
        let (lied, silent) = (told.lied(), told.silent);
        return Err(LettersError::Incomplete { values, lied, silent });
    }
    told.values = reading.values();
    Ok(told)
}
