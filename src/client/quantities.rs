//! How much each participant of a session trades, for the operator to whom its terms disclose that.
//!
//! The outcome has every quantity under a mask; the nodes disclose the masks to the operator's key
//! ([`crate::session::disclosure`]). The record is checked first, and each value that a node discloses
//! against it: the coordinator, which passes both on, is believed nothing, and a node only what its
//! participants' signed envelopes bear out. Any t+1 nodes that answer rightly are enough.

use super::again::{of_every_node, too_few_right};
use super::error::ClientError;
use super::network::Network;
use crate::identity::key_file::OperatorKeys;
use crate::identity::{Digest, Roster, Signed};
use crate::rules::OperatorKey;
use crate::session::disclosure::{DisclosureError, Masks};
use crate::session::record::{Record, RecordError};
use crate::session::{Disclosure, SessionId};
use crate::sharing::{NodeIndex, NodeSet};

/// What came from one node.
pub type Answer = (NodeIndex, Result<Signed<Disclosure>, ClientError>);

/// How much somebody trades.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Traded {
    /// The name in the manifest.
    pub bidder: String,
    /// The envelope that took part.
    pub envelope: Digest,
    /// In smallest units: above 0 bought, below 0 sold.
    pub quantity: i64,
}

/// What the operator is told, and by whom.
#[derive(Debug)]
pub struct Told {
    /// Everybody's quantity, in the manifest's order; nobody's where nothing is traded.
    pub traded: Vec<Traded>,
    /// The nodes whose disclosures fit what the participants signed.
    pub agreed: NodeSet,
    /// Those among them that have no part of some entries, and of how many.
    pub lacking: Vec<(NodeIndex, usize)>,
    /// Those whose disclosures do not fit, and why.
    pub faults: Vec<(NodeIndex, DisclosureError)>,
    /// Those that gave none, and why.
    pub silent: Vec<(NodeIndex, String)>,
}

impl Told {
    /// Nodes that have signed something wrong.
    pub fn lied(&self) -> NodeSet {
        lied(&self.faults)
    }
}

/// Why there are no quantities.
#[derive(Debug, thiserror::Error)]
pub enum QuantitiesError {
    /// The record does not hold.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It is of another session.
    #[error("the record is of another session")]
    OtherSession,
    /// There is nothing to tell yet.
    #[error("the session has no outcome yet")]
    NotSettled,
    /// The terms tell the operator nothing that not everybody is told.
    #[error(
        "the terms of this {kind} session disclose nothing to its operator alone; see `gavel session \
         show`"
    )]
    NotDisclosed {
        /// The kind.
        kind: &'static str,
    },
    /// The terms name another key.
    #[error(
        "this home has the operator's key {own}, and the session discloses to the key {named}; use \
         the home that wrote it (--home DIR)"
    )]
    OtherKey {
        /// The fingerprint of this home's.
        own: String,
        /// That of the key in the terms.
        named: String,
    },
    /// Too few nodes disclose what is right.
    #[error("{}", incomplete(*.entries, *.lied, .silent))]
    Incomplete {
        /// Of how many entries a part is missing.
        entries: usize,
        /// Nodes whose disclosures do not fit.
        lied: NodeSet,
        /// Nodes that gave none, and why.
        silent: Vec<(NodeIndex, String)>,
    },
    /// Quantities that cannot be.
    #[error(
        "the quantities do not add up to what the signed outcome says was bought and sold; under \
         security = \"passive\" a node that computed something else can do that"
    )]
    Sum,
}

fn lied(faults: &[(NodeIndex, DisclosureError)]) -> NodeSet {
    faults.iter().filter(|(_, error)| error.is_a_lie()).map(|(node, _)| *node).collect()
}

fn incomplete(entries: usize, lied: NodeSet, silent: &[(NodeIndex, String)]) -> String {
    let what = format!("of {entries} participants too few nodes disclose what is right");
    too_few_right(&what, lied, silent)
}

impl QuantitiesError {
    /// A stable name for scripts.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Record(_) => "bad-record",
            Self::OtherSession => "other-session",
            Self::NotSettled => "not-settled",
            Self::NotDisclosed { .. } => "not-disclosed",
            Self::OtherKey { .. } => "other-operator-key",
            Self::Incomplete { .. } => "incomplete",
            Self::Sum => "impossible",
        }
    }
}

/// Ask every node, through the coordinator, what it discloses.
pub async fn ask(network: &Network, session: SessionId) -> Vec<Answer> {
    of_every_node(network, async |node| network.coordinator().disclosure(session, node).await).await
}

/// That a record tells something to whoever has these keys; best found out before the nodes are asked.
///
/// # Errors
/// When the record does not hold under the roster that is trusted, or is for another key.
pub fn check(
    record: &Record,
    trusted: &Roster,
    session: SessionId,
    keys: &OperatorKeys,
) -> Result<(), QuantitiesError> {
    let report = record.verify(Some(record.trusted(trusted)))?;
    if report.session != session {
        return Err(QuantitiesError::OtherSession);
    }
    let question = &record.announcement.body.terms.question;
    let nothing = QuantitiesError::NotDisclosed { kind: question.kind_name() };
    let named = question.disclosed_to().ok_or(nothing)?;
    let own = keys.public();
    if own != *named {
        let fingerprint = OperatorKey::fingerprint;
        let (own, named) = (fingerprint(&own), fingerprint(named));
        return Err(QuantitiesError::OtherKey { own, named });
    }
    if report.outcome.is_none() { Err(QuantitiesError::NotSettled) } else { Ok(()) }
}

/// How much everybody trades in a session, by its record and what the nodes disclose.
///
/// # Errors
/// As [`check`]; and when too few disclosures are right.
pub fn read(
    record: &Record,
    trusted: &Roster,
    session: SessionId,
    keys: &OperatorKeys,
    answers: Vec<Answer>,
) -> Result<Told, QuantitiesError> {
    check(record, trusted, session, keys)?;
    let announcement = &record.announcement.body;
    let (Some(manifest), Some(outcome)) = (&record.manifest, &record.outcome) else {
        return Err(QuantitiesError::NotSettled);
    };
    let (manifest, outcome) = (&manifest.body, &outcome.body);
    let mut masks = Masks::new(announcement, &record.roster.body, manifest, outcome);
    let mut told = Told {
        traded: Vec::new(),
        agreed: NodeSet::EMPTY,
        lacking: Vec::new(),
        faults: Vec::new(),
        silent: Vec::new(),
    };
    for (node, answer) in answers {
        match answer.map(|disclosure| masks.take(node, &disclosure, &keys.sealing)) {
            Ok(Ok(lacks)) => {
                told.agreed.insert(node);
                told.lacking.extend((lacks > 0).then_some((node, lacks)));
            }
            Ok(Err(fault)) => told.faults.push((node, fault)),
            Err(error) => told.silent.push((node, error.to_string())),
        }
    }
    let entries = masks.missing();
    if entries > 0 {
        let (lied, silent) = (told.lied(), told.silent);
        return Err(QuantitiesError::Incomplete { entries, lied, silent });
    }
    let question = &announcement.terms.question;
    let whole = masks.whole();
    let quantities =
        question.quantities(&outcome.answer, |entrant| whole.get(&entrant.envelope).copied());
    let nothing = QuantitiesError::NotDisclosed { kind: question.kind_name() };
    let quantities = quantities.ok_or(nothing)?.ok_or(QuantitiesError::Sum)?;
    let traded = quantities.into_iter().map(|(entrant, quantity)| Traded {
        bidder: entrant.bidder.clone(),
        envelope: entrant.envelope,
        quantity,
    });
    told.traded = traded.collect();
    Ok(told)
}
