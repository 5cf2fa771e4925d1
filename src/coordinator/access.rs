//! Who may call what at a coordinator: decided here and nowhere else.

use axum::http::Method;

use super::CoordinatorState;
use crate::identity::access_token::{self, Grant};
use crate::identity::{AccountRole, PublicKey, token};
use crate::sharing::NodeIndex;
use crate::transport::server::access::{Counted, Gate};
use crate::transport::server::limits::Limits;
use crate::transport::server::reply::Refusal;
use crate::wire::{paths, problem::ProblemType};

/// Who calls, as proved by the request's token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Caller {
    /// No token.
    Anyone,
    /// Whoever holds the coordinator's own key: its operator.
    Operator,
    /// A node of the roster, or its operator.
    Node(NodeIndex),
    /// Somebody who has logged in.
    Account(Grant),
}

impl Caller {
    /// Whether it runs this coordinator: by its key, or by an operator's account.
    pub fn is_operator(self) -> bool {
        match self {
            Self::Operator => true,
            Self::Account(grant) => grant.role == AccountRole::Operator,
            Self::Anyone | Self::Node(_) => false,
        }
    }

    /// What it may do by its account, if it has logged in.
    pub fn grant(self) -> Option<Grant> {
        match self {
            Self::Account(grant) => Some(grant),
            Self::Anyone | Self::Operator | Self::Node(_) => None,
        }
    }

    /// Whether it runs part of the system.
    pub fn is_staff(self) -> bool {
        self.is_operator() || matches!(self, Self::Node(_))
    }
}

/// Who may call a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Everybody; what is public, or proves itself.
    Anyone,
    /// The coordinator's operators.
    Operator,
    /// The coordinator's operators and the nodes.
    Staff,
    /// Whoever has logged in.
    Account,
    /// Whoever has logged in, and the coordinator's operators.
    People,
}

impl Gate for CoordinatorState {
    type Caller = Caller;
    type Rule = Rule;

    const ANYONE: Caller = Caller::Anyone;
    const ACCESS: &'static [(Method, &'static str, Rule)] = &[
        (Method::GET, paths::HEALTH, Rule::Anyone),
        (Method::GET, paths::ROSTER, Rule::Anyone),
        (Method::GET, paths::ROSTER_OF, Rule::Anyone),
        (Method::GET, paths::EVENTS, Rule::Staff),
        (Method::GET, paths::SESSIONS, Rule::Anyone),
        (Method::POST, paths::SESSIONS, Rule::Operator),
        (Method::GET, paths::SESSION, Rule::Anyone),
        (Method::PUT, paths::SESSION, Rule::Operator),
        (Method::POST, paths::OPEN, Rule::Operator),
        (Method::POST, paths::PAUSE, Rule::Operator),
        (Method::POST, paths::RESUME, Rule::Operator),
        (Method::POST, paths::CLOSE, Rule::Operator),
        (Method::POST, paths::CANCEL, Rule::Operator),
        (Method::POST, paths::RETRY, Rule::Operator),
        (Method::POST, paths::ADMISSIONS, Rule::Anyone),
        (Method::GET, paths::ADMISSIONS, Rule::Staff),
        (Method::GET, paths::RECEIPTS, Rule::Staff),
        (Method::GET, paths::RECORD, Rule::Anyone),
        (Method::GET, paths::JOBS, Rule::Anyone),
        (Method::POST, paths::JOBS, Rule::Operator),
        (Method::GET, paths::JOB, Rule::Anyone),
        (Method::GET, paths::JOB_EVENTS, Rule::Staff),
        (Method::GET, paths::VARIABLES, Rule::Staff),
        (Method::GET, paths::DISCLOSURE, Rule::Operator),
        (Method::GET, paths::LETTERS, Rule::Staff),
        (Method::GET, paths::MODELS, Rule::Anyone),
        (Method::POST, paths::MODELS, Rule::People),
        (Method::GET, paths::MODEL, Rule::Anyone),
        (Method::DELETE, paths::MODEL, Rule::Anyone),
        (Method::POST, paths::WITHDRAW_MODEL, Rule::Operator),
        (Method::POST, paths::MODEL_BATCHES, Rule::Anyone),
        (Method::POST, paths::ALTERED, Rule::Anyone),
        (Method::GET, paths::DOUBTS, Rule::Staff),
        (Method::DELETE, paths::DOUBTS, Rule::Operator),
        (Method::GET, paths::MODEL_BATCHES, Rule::Staff),
        (Method::GET, paths::DEALING, Rule::Staff),
        (Method::POST, paths::LOGIN, Rule::Anyone),
        (Method::POST, paths::REFRESH, Rule::Anyone),
        (Method::POST, paths::LOGOUT, Rule::Anyone),
        (Method::POST, paths::JOIN, Rule::Anyone),
        (Method::GET, paths::ACCOUNT, Rule::Account),
        (Method::POST, paths::OWN_PASSWORD, Rule::Account),
        (Method::GET, paths::ACCOUNTS, Rule::Operator),
        (Method::POST, paths::ACCOUNTS, Rule::Operator),
        (Method::POST, paths::DISABLE, Rule::Operator),
        (Method::POST, paths::ENABLE, Rule::Operator),
        (Method::POST, paths::PASSWORD, Rule::Operator),
        (Method::GET, paths::INVITATIONS, Rule::Operator),
        (Method::POST, paths::INVITATIONS, Rule::Operator),
        (Method::POST, paths::REVOKE, Rule::Operator),
        (Method::POST, paths::REVOKE_UNUSED, Rule::Operator),
    ];

    fn identify(&self, text: &str) -> Result<Caller, Refusal> {
        let roster = &self.roster.body;
        let me = self.keys.identity.public();
        let now = self.clock.now();
        if access_token::claims_to_be_one(text) {
            let claims = access_token::verify(text, &me, &me, now)
                .map_err(|error| Refusal::new(ProblemType::Unauthorized, error.to_string()))?;
            self.accounts.in_standing(&claims)?;
            return Ok(Caller::Account(claims.grant));
        }
        let known = |key: &PublicKey| *key == me || roster.index_of(key).is_some();
        let claims = token::verify(text, &me, now, known)
            .and_then(|claims| self.replay.admit(&claims, now).map(|()| claims))
            .map_err(|error| Refusal::new(ProblemType::Unauthorized, error.to_string()))?;
        Ok(roster.index_of(&claims.issuer).map_or(Caller::Operator, Caller::Node))
    }

    fn allows(rule: Rule, caller: Caller) -> bool {
        match rule {
            Rule::Anyone => true,
            Rule::Operator => caller.is_operator(),
            Rule::Staff => caller.is_staff(),
            Rule::Account => matches!(caller, Caller::Account(_)),
            Rule::People => matches!(caller, Caller::Account(_) | Caller::Operator),
        }
    }

    fn whom(rule: Rule) -> &'static str {
        match rule {
            Rule::Anyone => "everybody",
            Rule::Operator => "the coordinator's operators",
            Rule::Staff => "the coordinator's operators and the nodes",
            Rule::Account => "people who have logged in",
            Rule::People => "people who have logged in and the coordinator's operators",
        }
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn counted(caller: Caller) -> Counted {
        match caller {
            Caller::Anyone => Counted::Address,
            Caller::Account(grant) => Counted::Account(grant.account),
            Caller::Operator | Caller::Node(_) => Counted::Member,
        }
    }
}
