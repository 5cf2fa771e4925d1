//! What the nodes sign up to: what every session's terms have, and the question of its kind, with
//! every default filled in.

use serde::{Deserialize, Serialize};

use super::entries::{Layout, LayoutError};
use super::limits::{Limits, LimitsError};
use super::question::{Question, QuestionError};
use super::scoring::Scoring;
use crate::base::Timestamp;
use crate::base::text::{MAX_DESCRIPTION, TextError, check_length, check_text};
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::sets::highest_threshold;
use crate::sharing::{NodeIndex, Scheme};

/// Who may take part.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Admission {
    /// Whoever reaches the coordinator may take a name that is free in this session.
    #[default]
    Open,
    /// Only the bidders whose name and key the coordinator's operator has entered.
    Listed,
    /// Only bidders with an account at the coordinator, by the account's name and key.
    Accounts,
}

impl Admission {
    /// Who that is, in few words.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Open => "anyone",
            Self::Listed => "listed bidders only",
            Self::Accounts => "accounts only",
        }
    }

    /// Who that is, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Open => "whoever reaches the coordinator, under any free name",
            Self::Listed => "only those whom the coordinator's operator has listed",
            Self::Accounts => "only those with an account at the coordinator",
        }
    }
}

/// The terms of a session, as signed by the coordinator and held by every node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Terms {
    /// What the session is about, such as what is sold.
    pub title: String,
    /// What else there is to know of it, in one paragraph.
    pub description: Option<String>,
    /// What it asks.
    pub question: Question,
    /// When entries end.
    pub bids_until: Timestamp,
    /// Whether an entry may be replaced until then.
    pub replace_bids: bool,
    /// How entries are shared and computed with.
    pub protocol: Form,
    /// Against whom the computation is to be secure; see [`Terms::security`].
    pub security: Security,
    /// Who may take part.
    pub admission: Admission,
    /// How much is taken.
    pub limits: Limits,
}

/// Why a session file or terms cannot be used. Each says what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TermsError {
    /// Not TOML of the expected shape.
    #[error("{0}")]
    Syntax(String),
    /// A title, description or name that is not fit to show.
    #[error(transparent)]
    Text(#[from] TextError),
    /// `bids_until` is neither a duration nor a time.
    #[error(
        "bids_until is a duration such as \"2m\" or a time such as \"2026-12-01T12:00:00Z\", not {0:?}"
    )]
    BidsUntil(String),
    /// Checks of what is computed on numbers, of which there are none.
    #[error(
        "with protocol = \"{protocol}\" nodes are taken to compute what they should: \
         leave security = \"active\" out, or compute on bits"
    )]
    Unchecked {
        /// As the file names it.
        protocol: &'static str,
    },
    /// Nodes that cannot compute what is asked.
    #[error(
        "{nodes} nodes of which any {threshold} learn nothing can add, but not multiply or compare: \
         they serve surveys that ask for counts, sums, means and ratios, with protocol = \"sums\". \
         For this session take a roster of at least {needed} nodes{}", lower(*nodes)
    )]
    OnlyAdds {
        /// Nodes of the roster.
        nodes: u8,
        /// Its threshold t.
        threshold: u8,
        /// 2t+1.
        needed: u8,
    },
    /// Something for a node that there is not.
    #[error("the terms reveal something to node {node} alone, and the roster has {nodes} nodes")]
    NoSuchNode {
        /// The node.
        node: NodeIndex,
        /// Nodes of the roster.
        nodes: u8,
    },
    /// A question that breaks a rule of its kind.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// Limits that cannot be.
    #[error(transparent)]
    Limits(#[from] LimitsError),
}

/// What else than more nodes helps, with so many.
fn lower(nodes: u8) -> String {
    match highest_threshold(nodes) {
        0 => String::new(),
        most => format!(", or one with a threshold of at most {most}"),
    }
}

/// Why an entry counts in no cohort of the session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CohortError {
    /// None is assigned where each participant needs one.
    #[error(
        "the operator says who is in which cohort here, and the admission says none; ask the operator \
         for an invitation with a cohort"
    )]
    None,
    /// One that there is not.
    #[error(
        "the admission says cohort number {got}, and the session has {cohorts}; ask the operator for \
         an invitation to one of them"
    )]
    NoSuch {
        /// As assigned, from 1.
        got: usize,
        /// How many there are.
        cohorts: usize,
    },
    /// One is assigned where nobody is in one by the operator's word.
    #[error("the admission says a cohort, and this session takes none from its operator")]
    Spare,
}

impl Terms {
    /// That the cohort which came with an admission is one that the terms take: one of theirs where
    /// the operator assigns them, else none.
    ///
    /// # Errors
    /// Names what is wrong and who can mend it.
    pub fn check_cohort(&self, assigned: Option<u8>) -> Result<(), CohortError> {
        match (self.question.assigned_cohorts(), assigned.map(usize::from)) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(CohortError::Spare),
            (Some(_), None) => Err(CohortError::None),
            (Some(cohorts), Some(own)) if own < cohorts.len() => Ok(()),
            (Some(cohorts), Some(own)) => {
                Err(CohortError::NoSuch { got: own + 1, cohorts: cohorts.len() })
            }
        }
    }

    /// Which scores count, where every entry comes with one; none where entries have no scores.
    pub fn scoring(&self) -> Option<&Scoring> {
        self.question.as_auction()?.scored.as_ref().map(|scored| &scored.scoring)
    }

    /// Width of a field of an entry in bits.
    pub fn bits(&self) -> u32 {
        self.question.bits()
    }

    /// The fields of an entry.
    ///
    /// # Errors
    /// When nobody can hand such an entry in, which [`Terms::check`] refuses.
    pub fn layout(&self) -> Result<Layout, LayoutError> {
        self.question.layout()
    }

    /// Against whom the computation is secure: what is computed on numbers has no checks.
    pub fn security(&self) -> Security {
        match self.protocol {
            Form::Bits => self.security,
            Form::Numbers | Form::Sums => Security::Passive,
        }
    }

    /// Whether something above a maximum can be handed in, so that every entry's range is checked
    /// in the protocol: any number of a prime field, or some pattern of a field's bits. Where nodes
    /// only add, nothing is checked but the cohort, and that because it is opened.
    pub fn needs_range_check(&self) -> bool {
        match self.protocol {
            Form::Bits => self.layout().is_ok_and(|layout| layout.can_exceed()),
            Form::Numbers => true,
            Form::Sums => {
                self.question.as_survey().is_some_and(|survey| survey.chosen_cohorts() > 0)
            }
        }
    }

    /// That nodes of this scheme can compute what the terms ask: all can, but those that can only
    /// add; and that those to whom the terms tell something are among them.
    ///
    /// # Errors
    /// When they cannot; says what to change.
    pub fn check_nodes(&self, scheme: Scheme) -> Result<(), TermsError> {
        let missing = self.question.told_nodes().find(|node| !scheme.all().contains(*node));
        if let Some(node) = missing {
            return Err(TermsError::NoSuchNode { node, nodes: scheme.nodes() });
        }
        if scheme.compares() || matches!(self.protocol, Form::Sums) {
            return Ok(());
        }
        let (nodes, threshold) = (scheme.nodes(), scheme.threshold());
        Err(TermsError::OnlyAdds { nodes, threshold, needed: 2 * threshold + 1 })
    }

    /// Check what a node must not take on trust: bounds and names.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self) -> Result<(), TermsError> {
        check_text("title", &self.title)?;
        if let Some(description) = &self.description {
            check_length("description", description, MAX_DESCRIPTION)?;
        }
        self.limits.check()?;
        Ok(self.question.check(self.protocol, &self.limits)?)
    }
}
