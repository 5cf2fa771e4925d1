//! What a session asks: one question of one kind. Everything that a kind says of its questions is
//! asked here, so that rooms above need not know any kind.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::answer::{Answer, AnswerError};
use super::auction;
use super::entries::{Field, Layout, LayoutError};
use super::job;
use super::limits::Limits;
#[cfg(any(test, feature = "testkit"))]
use super::made_up;
use super::market;
use super::money::Currency;
use super::operator_key::OperatorKey;
use super::survey;
use crate::sharing::form::Form;
use crate::sharing::seed::mask;

/// The question of a session, by kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Who wins a lot, at what price?
    Auction(auction::Question),
    /// At which price does a market clear, and who trades how much?
    Market(market::Question),
    /// What do the answers of a group come to?
    Survey(survey::Question),
    /// What do the steps of a job come to?
    Job(job::Question),
    /// A kind that only tests know.
    #[cfg(any(test, feature = "testkit"))]
    MadeUp(made_up::Question),
}

/// Why a line of text is no entry. Never carries the text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LineError {
    /// Of a market.
    #[error(transparent)]
    Market(#[from] market::line::LineError),
    /// Of a job.
    #[error(transparent)]
    Job(#[from] job::line::LineError),
}

/// Which rule of its kind a question breaks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum QuestionError {
    /// As an auction.
    #[error(transparent)]
    Auction(#[from] auction::question::QuestionError),
    /// As a market.
    #[error(transparent)]
    Market(#[from] market::question::QuestionError),
    /// As a survey.
    #[error(transparent)]
    Survey(#[from] survey::question_error::QuestionError),
    /// Another kind than a survey among nodes that only add.
    #[error(
        "protocol = \"sums\" adds and does nothing else, which serves surveys only; leave it out, on \
         a roster of at least 2t+1 nodes"
    )]
    MoreThanSums,
    /// As a job.
    #[error(transparent)]
    Job(#[from] job::JobFault),
    /// As the kind that only tests know.
    #[cfg(any(test, feature = "testkit"))]
    #[error(transparent)]
    MadeUp(#[from] made_up::QuestionError),
}

impl Question {
    /// The names of all kinds, as session files write them.
    pub fn kind_names() -> Vec<&'static str> {
        let mut names = auction::Kind::ALL.map(auction::Kind::name).to_vec();
        names.extend([auction::Kind::Scored.name(), market::NAME, survey::NAME, job::NAME]);
        #[cfg(any(test, feature = "testkit"))]
        names.push(made_up::NAME);
        names
    }

    /// The kind's name, as session files write it.
    pub const fn kind_name(&self) -> &'static str {
        match self {
            Self::Auction(question) => question.kind.name(),
            Self::Market(_) => market::NAME,
            Self::Survey(_) => survey::NAME,
            Self::Job(_) => job::NAME,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => made_up::NAME,
        }
    }

    /// The question, if it is an auction's.
    pub const fn as_auction(&self) -> Option<&auction::Question> {
        match self {
            Self::Auction(question) => Some(question),
            Self::Market(_) | Self::Survey(_) | Self::Job(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// The question, if it is a market's.
    pub const fn as_market(&self) -> Option<&market::Question> {
        match self {
            Self::Market(question) => Some(question),
            Self::Auction(_) | Self::Survey(_) | Self::Job(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// The question, if it is a survey's.
    pub const fn as_survey(&self) -> Option<&survey::Question> {
        match self {
            Self::Survey(question) => Some(question),
            Self::Auction(_) | Self::Market(_) | Self::Job(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// The question, if it is a job's.
    pub const fn as_job(&self) -> Option<&job::Question> {
        match self {
            Self::Job(question) => Some(question),
            Self::Auction(_) | Self::Market(_) | Self::Survey(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// What people hand in, in a word that they use: of one, and of several.
    pub const fn entry_words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Auction(_) => ("bid", "bids"),
            Self::Market(_) => ("order", "orders"),
            Self::Survey(_) => ("answer", "answers"),
            Self::Job(_) => ("entry", "entries"),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => ("entry", "entries"),
        }
    }

    /// What sort of session it is, in a word that people use.
    pub const fn sort_word(&self) -> &'static str {
        match self {
            Self::Auction(_) => "auction",
            Self::Market(_) => market::NAME,
            Self::Survey(_) => survey::NAME,
            Self::Job(_) => job::NAME,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => made_up::NAME,
        }
    }

    /// The names of the cohorts, where the operator says with the admission in which each participant
    /// counts; none where there are no cohorts, or the participants choose theirs.
    pub fn assigned_cohorts(&self) -> Option<&[String]> {
        match self {
            Self::Survey(question) => question.assigned_cohorts(),
            Self::Auction(_) | Self::Market(_) | Self::Job(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// For each participant whom the terms name, the position of its entry among those of these
    /// names, if it has one; nobody in kinds whose terms name nobody.
    pub fn seats(&self, names: &[&str]) -> Vec<Option<usize>> {
        match self {
            Self::Job(question) => question.seats(names),
            Self::Auction(_) | Self::Market(_) | Self::Survey(_) => Vec::new(),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => Vec::new(),
        }
    }

    /// The fields of the entry that a line of text makes, in a kind whose participants hand in more
    /// than one amount and may type it so; none in the others.
    pub fn read_line(&self, text: &str) -> Option<Result<Zeroizing<Vec<u64>>, LineError>> {
        match self {
            Self::Market(question) => {
                let order = market::line::read(question, text);
                Some(order.map(|order| order.fields(question)).map_err(LineError::from))
            }
            Self::Job(question) => Some(job::line::read(question, text).map_err(LineError::from)),
            Self::Auction(_) | Self::Survey(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// How much the participant of one entry trades, given what it was told alone, if it was. The
    /// outer one is none in kinds that tell nobody anything alone, the inner one where nothing
    /// says how much.
    pub fn own_quantity<E>(
        &self,
        answer: &Answer<E>,
        told: Option<u64>,
        is_own: impl Fn(&E) -> bool,
    ) -> Option<Option<i64>> {
        match (self, answer) {
            (Self::Market(question), Answer::Market(answer)) => {
                Some(answer.quantity_of(question, told, is_own))
            }
            _ => None,
        }
    }

    /// How much each participant trades whose entry the answer names, given the mask of every entry.
    /// The outer one is none in kinds that tell nobody anything alone, the inner one where a mask is
    /// missing or where what is told does not add up to what the answer says openly.
    pub fn quantities<'a, E>(
        &self,
        answer: &'a Answer<E>,
        mask_of: impl FnMut(&E) -> Option<u64>,
    ) -> Option<Option<Vec<(&'a E, i64)>>> {
        match (self, answer) {
            (Self::Market(question), Answer::Market(answer)) => Some(
                answer
                    .quantities(question, mask_of)
                    .filter(|all| answer.adds_up(all.iter().map(|(_, quantity)| *quantity))),
            ),
            _ => None,
        }
    }

    /// The fields of an entry. An auction's has one, the amount; a market's one for each price, and
    /// one more; a survey's one for each cohort that can be chosen, and one for each question; a job's
    /// one for each value that a participant hands in, or several.
    ///
    /// # Errors
    /// When nobody can hand such an entry in, which [`Question::check`] refuses.
    pub fn layout(&self) -> Result<Layout, LayoutError> {
        let only = || Layout::new([Field { bits: self.bits(), maximum: self.maximum() }]);
        match self {
            Self::Auction(_) => only(),
            Self::Market(question) => question.layout(),
            Self::Survey(question) => question.layout(),
            Self::Job(question) => question.layout(),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => only(),
        }
    }

    /// Width of a field of an entry in bits; of the widest, where they differ.
    pub fn bits(&self) -> u32 {
        match self {
            Self::Auction(question) => question.bits(),
            Self::Market(question) => question.bits,
            Self::Survey(question) => question.widest().bits,
            Self::Job(question) => question.bits(),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(question) => question.width,
        }
    }

    /// Bits of what each participant alone is told of the answer, under a mask of its own; none
    /// where that is nothing.
    pub fn reply_bits(&self) -> u32 {
        match self {
            Self::Market(question) => question.reply_bits(),
            Self::Auction(_) | Self::Survey(_) | Self::Job(_) => 0,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => 0,
        }
    }

    /// The key to which what each participant alone is told is disclosed besides; none where nobody
    /// else is told.
    pub const fn disclosed_to(&self) -> Option<&OperatorKey> {
        match self {
            Self::Market(question) => question.disclosed_to(),
            Self::Auction(_) | Self::Survey(_) | Self::Job(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// The largest amount that there is: of a bid, in a market of a price, in a survey or
    /// a job of a field.
    pub fn maximum(&self) -> u64 {
        match self {
            Self::Auction(question) => question.maximum,
            Self::Market(question) => question.grid.to,
            Self::Survey(question) => question.widest().maximum,
            Self::Job(question) => mask(question.bits()),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(question) => question.maximum(),
        }
    }

    /// What amounts are written in: the unit's name and its decimals. Questions of a survey have
    /// units of their own; values of a job are plain numbers.
    pub fn unit(&self) -> Currency {
        match self {
            Self::Auction(question) => question.currency.clone(),
            Self::Market(question) => question.currency.clone(),
            Self::Survey(_) | Self::Job(_) => Currency { code: String::new(), decimals: 0 },
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => Currency { code: String::new(), decimals: 0 },
        }
    }

    /// An amount as people read it, with its currency.
    pub fn show(&self, value: u64) -> String {
        self.unit().show(value).to_string()
    }

    /// What to remark of an amount before it is handed in, where anything is.
    pub fn remark(&self, value: u64) -> Option<String> {
        match self {
            Self::Auction(question) => question.remark(value).map(|remark| question.words(remark)),
            Self::Market(_) | Self::Survey(_) | Self::Job(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// The names of all who hand in, where the question says them; none where anybody may.
    pub fn awaited(&self) -> Vec<String> {
        self.as_job().map(job::Question::awaited).unwrap_or_default()
    }

    /// Whether anybody has anything to hand in.
    pub fn takes_entries(&self) -> bool {
        self.as_job().is_none_or(job::Question::takes_entries)
    }

    /// The stored variables that it loads.
    pub fn wanted(&self) -> Vec<job::Wanted> {
        match self {
            Self::Auction(question) => {
                question.secret_reserve.iter().map(auction::SecretReserve::wanted).collect()
            }
            Self::Job(question) => question.wanted(),
            _ => Vec::new(),
        }
    }

    /// Whether it deals the stored variable of this name anew and does nothing else with it: a node without
    /// a share of it can take part.
    pub fn only_refreshes(&self, stored: &str) -> bool {
        match self {
            Self::Job(question) => question.graph().is_ok_and(|graph| {
                let mut loads = graph.loads.iter().filter(|load| load.stored == stored);
                loads.all(|load| graph.only_refreshes(load.variable))
            }),
            _ => false,
        }
    }

    /// The names under which its outcome keeps something, and whether that may take the place of what
    /// is stored there.
    pub fn keeps(&self) -> (&[String], bool) {
        match self {
            Self::Job(question) => (&question.keep, question.replace),
            _ => (&[], false),
        }
    }

    /// The names of stored variables that its outcome may change.
    pub fn changed(&self) -> Vec<&str> {
        match self {
            Self::Job(question) => question.changed(),
            _ => Vec::new(),
        }
    }

    /// What an answer changes of what nodes keep.
    pub fn changes<E>(&self, answer: &Answer<E>) -> Vec<job::Change> {
        match (self, answer) {
            (Self::Job(question), Answer::Job(answer)) => question.changes(answer),
            _ => Vec::new(),
        }
    }

    /// Check what a node must not take on trust, where entries are shared in this form and the
    /// session takes so much.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self, form: Form, limits: &Limits) -> Result<(), QuestionError> {
        if form == Form::Sums && self.as_survey().is_none() {
            return Err(QuestionError::MoreThanSums);
        }
        match self {
            Self::Auction(question) => Ok(question.check(form)?),
            Self::Market(question) => Ok(question.check(form, limits)?),
            Self::Survey(question) => Ok(question.check(form, limits)?),
            Self::Job(question) => Ok(question.check(form)?),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(question) => Ok(question.check()?),
        }
    }

    /// Check that this answer is possible for entries under these names in the manifest, of which some
    /// were out of range, as far as that shows without them. Entries are named by position.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check_answer(
        &self,
        answer: &Answer<usize>,
        names: &[&str],
        out_of_range: &[usize],
    ) -> Result<(), AnswerError> {
        let entries = names.len();
        let excluded: HashSet<usize> = out_of_range.iter().copied().collect();
        let mut named = HashSet::new();
        for &entry in answer.entries() {
            if entry >= entries {
                return Err(AnswerError::NoSuchEntry { entry, entries });
            }
            if excluded.contains(&entry) {
                return Err(AnswerError::OutOfRange { entry });
            }
            if !named.insert(entry) {
                return Err(AnswerError::Twice { entry });
            }
        }
        let in_range = entries.saturating_sub(excluded.len());
        match (self, answer) {
            (Self::Auction(question), Answer::Auction(answer)) => {
                Ok(answer.check(question, in_range)?)
            }
            (Self::Market(question), Answer::Market(answer)) => {
                Ok(answer.check(question, in_range)?)
            }
            (Self::Survey(question), Answer::Survey(answer)) => {
                Ok(answer.check(question, in_range)?)
            }
            (Self::Job(question), Answer::Job(answer)) => Ok(answer.check_among(question, names)?),
            #[cfg(any(test, feature = "testkit"))]
            (Self::MadeUp(question), Answer::MadeUp(answer)) => Ok(answer.check(question)?),
            _ => Err(AnswerError::OtherKind),
        }
    }

    /// The answer in the clear, by the plain reference of the kind: of entries in the order of the
    /// manifest, each by the values of its fields, all of them valid; of a job, in the order in which
    /// its steps name the participants. What participants alone are told is told openly. Where cohorts
    /// are assigned, see [`Question::reference_of`].
    pub fn reference(&self, entries: &[&[u64]]) -> Answer<usize> {
        self.reference_of(entries, &[])
    }

    /// The same where each entry's cohort is assigned: by position, in the same order; empty where
    /// none is.
    pub fn reference_of(&self, entries: &[&[u64]], cohorts: &[u8]) -> Answer<usize> {
        let values = || entries.iter().filter_map(|fields| fields.first().copied());
        match self {
            Self::Auction(question) => {
                let bids: Vec<u64> = values().collect();
                Answer::Auction(auction::reference::answer(question, &bids))
            }
            Self::Market(question) => Answer::Market(market::reference::answer(question, entries)),
            Self::Survey(question) => {
                Answer::Survey(survey::reference::answer_of(question, entries, cohorts))
            }
            Self::Job(question) => Answer::Job(job::reference::answer(question, entries)),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(question) => {
                Answer::MadeUp(question.reference(&values().collect::<Vec<_>>()))
            }
        }
    }
}

impl From<auction::Question> for Question {
    fn from(question: auction::Question) -> Self {
        Self::Auction(question)
    }
}

impl From<market::Question> for Question {
    fn from(question: market::Question) -> Self {
        Self::Market(question)
    }
}

impl From<survey::Question> for Question {
    fn from(question: survey::Question) -> Self {
        Self::Survey(question)
    }
}

impl From<job::Question> for Question {
    fn from(question: job::Question) -> Self {
        Self::Job(question)
    }
}
