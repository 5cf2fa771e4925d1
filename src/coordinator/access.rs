//! Who may call what at a coordinator: decided here and nowhere else.

use axum::http::Method;

use super::CoordinatorState;
use crate::identity::{PublicKey, token};
use crate::sharing::NodeIndex;
use crate::transport::access::Gate;
use crate::transport::reply::Refusal;
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
}

/// Who may call a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Everybody; what is public, or proves itself.
    Anyone,
    /// The coordinator's operator alone.
    Operator,
    /// The coordinator's operator and the nodes.
    Staff,
}

impl Gate for CoordinatorState {
    type Caller = Caller;
    type Rule = Rule;

    const ANYONE: Caller = Caller::Anyone;
    const ACCESS: &'static [(Method, &'static str, Rule)] = &[
        (Method::GET, paths::HEALTH, Rule::Anyone),
        (Method::GET, paths::ROSTER, Rule::Anyone),
        (Method::GET, paths::EVENTS, Rule::Staff),
        (Method::GET, paths::SESSIONS, Rule::Anyone),
        (Method::POST, paths::SESSIONS, Rule::Operator),
        (Method::GET, paths::SESSION, Rule::Anyone),
        (Method::POST, paths::OPEN, Rule::Operator),
        (Method::POST, paths::CLOSE, Rule::Operator),
        (Method::POST, paths::CANCEL, Rule::Operator),
        (Method::POST, paths::RETRY, Rule::Operator),
        (Method::POST, paths::ADMISSIONS, Rule::Anyone),
        (Method::GET, paths::ADMISSIONS, Rule::Staff),
        (Method::GET, paths::RECORD, Rule::Anyone),
    ];

    fn identify(&self, text: &str) -> Result<Caller, Refusal> {
        let roster = &self.roster.body;
        let me = self.keys.identity.public();
        let now = self.clock.now();
        let known = |key: &PublicKey| *key == me || roster.index_of(key).is_some();
        let claims = token::verify(text, &me, now, known)
            .and_then(|claims| self.replay.admit(&claims, now).map(|()| claims))
            .map_err(|error| Refusal::new(ProblemType::Unauthorized, error.to_string()))?;
        Ok(roster.index_of(&claims.issuer).map_or(Caller::Operator, Caller::Node))
    }

    fn allows(rule: Rule, caller: Caller) -> bool {
        match rule {
            Rule::Anyone => true,
            Rule::Operator => caller == Caller::Operator,
            Rule::Staff => caller != Caller::Anyone,
        }
    }

    fn whom(rule: Rule) -> &'static str {
        match rule {
            Rule::Anyone => "everybody",
            Rule::Operator => "the coordinator's operator",
            Rule::Staff => "the coordinator's operator and the nodes",
        }
    }
}
