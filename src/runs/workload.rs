//! What decides how much a run costs, by kind; all of it is public. Tactics and predictions are
//! asked here.

use super::auction;
use super::cost::Predicted;
use super::line::Line;
#[cfg(any(test, feature = "testkit"))]
use super::made_up;
use super::{job, market, survey};
use crate::protocol::Tactics;
use crate::rules::{Question, Terms};
use crate::sharing::{NodeSet, Scheme};

/// The work that some entries under some terms make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Workload {
    /// The work of an auction.
    Auction(auction::Workload),
    /// The work of a market.
    Market(market::Workload),
    /// The work of a survey.
    Survey(survey::Workload),
    /// The work of a job.
    Job(job::Workload),
    /// Of the kind that only tests know.
    #[cfg(any(test, feature = "testkit"))]
    MadeUp(made_up::Workload),
}

impl Workload {
    /// The work of a session with these terms and `entries` entries.
    pub fn of(terms: &Terms, entries: usize) -> Self {
        match &terms.question {
            Question::Auction(question) => {
                Self::Auction(auction::Workload::of(terms, question, entries))
            }
            Question::Market(question) => {
                Self::Market(market::Workload::of(terms, question, entries))
            }
            Question::Survey(question) => {
                Self::Survey(survey::Workload::of(terms, question, entries))
            }
            Question::Job(question) => Self::Job(job::Workload::of(terms, question)),
            #[cfg(any(test, feature = "testkit"))]
            Question::MadeUp(question) => Self::MadeUp(made_up::Workload { width: question.width }),
        }
    }

    /// That the nodes of a scheme can compute whatever comes in under these terms.
    ///
    /// # Errors
    /// When they cannot; says what to change.
    pub fn check(terms: &Terms, scheme: Scheme) -> Result<(), auction::TooWide> {
        match Self::of(terms, terms.limits.bids as usize) {
            Self::Auction(work) => work.check(scheme),
            Self::Market(_) | Self::Survey(_) | Self::Job(_) => Ok(()),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => Ok(()),
        }
    }

    /// What a run costs at most.
    pub fn predict(&self, scheme: Scheme, participants: NodeSet, tactics: &Tactics) -> Predicted {
        match self {
            Self::Auction(work) => auction::cost::predict(scheme, participants, *work, tactics),
            Self::Market(work) => work.predict(scheme, participants, tactics),
            Self::Survey(work) => work.predict(scheme, participants, tactics),
            Self::Job(work) => work.predict(scheme, participants, tactics),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(work) => work.predict(scheme, participants),
        }
    }

    /// The tactics that are expected to take the least time.
    pub fn tactics(&self, scheme: Scheme, participants: NodeSet, line: Line) -> Tactics {
        match self {
            Self::Auction(work) => auction::tactics::choose(scheme, participants, *work, line),
            Self::Market(work) => work.tactics(scheme, participants, line),
            Self::Survey(work) => work.tactics(scheme, participants, line),
            Self::Job(_) => job::Workload::tactics(scheme, participants, line),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => Tactics::default(),
        }
    }
}
