//! Who may call what at a node: decided here and nowhere else.

use axum::http::Method;

use super::NodeState;
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
    /// The roster's coordinator.
    Coordinator,
    /// Another node of the roster.
    Node(NodeIndex),
    /// Whoever holds this node's own key: its operator.
    Operator,
    /// Somebody who has logged in at the coordinator.
    Account(Grant),
}

impl Caller {
    /// Whether it runs part of the system.
    pub fn is_staff(self) -> bool {
        match self {
            Self::Coordinator | Self::Node(_) | Self::Operator => true,
            Self::Account(grant) => grant.role == AccountRole::Operator,
            Self::Anyone => false,
        }
    }
}

/// Who may call a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Everybody; what is public, or proves itself (an envelope carries its own signatures).
    Anyone,
    /// The coordinator alone.
    Coordinator,
    /// Another node alone.
    Node,
    /// This node's operator alone, by the node's own key.
    Operator,
    /// Anyone who runs part of the system: the coordinator and its operators, nodes, this node's
    /// operator.
    Staff,
}

impl Gate for NodeState {
    type Caller = Caller;
    type Rule = Rule;

    const ANYONE: Caller = Caller::Anyone;
    const ACCESS: &'static [(Method, &'static str, Rule)] = &[
        (Method::GET, paths::NODE_HEALTH, Rule::Anyone),
        (Method::GET, paths::NODE_EVENTS, Rule::Staff),
        (Method::GET, paths::STREAM, Rule::Node),
        (Method::GET, paths::NODE_SESSIONS, Rule::Anyone),
        (Method::POST, paths::NODE_SESSIONS, Rule::Coordinator),
        (Method::GET, paths::NODE_SESSION, Rule::Anyone),
        (Method::GET, paths::NODE_VARIABLES, Rule::Staff),
        (Method::POST, paths::NODE_CANCEL, Rule::Coordinator),
        (Method::POST, paths::NODE_APPROVAL, Rule::Operator),
        (Method::PUT, paths::NODE_PAUSE, Rule::Coordinator),
        (Method::POST, paths::NODE_ENVELOPES, Rule::Anyone),
        (Method::GET, paths::NODE_ENVELOPE, Rule::Node),
        (Method::GET, paths::NODE_STANDINGS, Rule::Staff),
        (Method::GET, paths::NODE_PAPERS, Rule::Staff),
        (Method::GET, paths::NODE_DISCLOSURE, Rule::Coordinator),
        (Method::GET, paths::NODE_LETTERS, Rule::Coordinator),
        (Method::GET, paths::NODE_SEEDS, Rule::Node),
        (Method::GET, paths::NODE_RECEIPTS, Rule::Staff),
        (Method::PUT, paths::NODE_LOGINS, Rule::Coordinator),
        (Method::POST, paths::NODE_FREEZE, Rule::Coordinator),
        (Method::POST, paths::NODE_VERDICT, Rule::Coordinator),
        (Method::GET, paths::NODE_BUNDLE, Rule::Node),
        (Method::POST, paths::NODE_MANIFEST, Rule::Coordinator),
        (Method::PUT, paths::NODE_MANIFEST, Rule::Coordinator),
        (Method::POST, paths::NODE_ATTEMPTS, Rule::Coordinator),
        (Method::GET, paths::NODE_ATTEMPT, Rule::Coordinator),
        (Method::DELETE, paths::NODE_ATTEMPT, Rule::Coordinator),
        (Method::PUT, paths::NODE_PARCEL, Rule::Coordinator),
        (Method::PUT, paths::NODE_OUTCOME, Rule::Coordinator),
        (Method::GET, paths::NODE_MATERIAL, Rule::Staff),
        (Method::POST, paths::NODE_MATERIAL, Rule::Coordinator),
        (Method::GET, paths::NODE_BATCH, Rule::Coordinator),
        (Method::DELETE, paths::NODE_BATCH, Rule::Coordinator),
        (Method::POST, paths::MATERIAL_SEED, Rule::Anyone),
        (Method::POST, paths::OWNER_HALF, Rule::Anyone),
    ];

    fn identify(&self, text: &str) -> Result<Caller, Refusal> {
        let roster = &self.roster.body;
        let me = self.keys.identity.public();
        let now = self.clock.now();
        if access_token::claims_to_be_one(text) {
            let claims = access_token::verify(text, &me, &roster.coordinator.key, now)
                .map_err(|error| Refusal::new(ProblemType::Unauthorized, error.to_string()))?;
            self.logins.in_standing(&claims)?;
            return Ok(Caller::Account(claims.grant));
        }
        let known =
            |key: &PublicKey| *key == roster.coordinator.key || roster.index_of(key).is_some();
        let claims = token::verify(text, &me, now, known)
            .and_then(|claims| self.replay.admit(&claims, now).map(|()| claims))
            .map_err(|error| Refusal::new(ProblemType::Unauthorized, error.to_string()))?;
        Ok(match roster.index_of(&claims.issuer) {
            Some(index) if index == self.me => Caller::Operator,
            Some(index) => Caller::Node(index),
            None => Caller::Coordinator,
        })
    }

    fn allows(rule: Rule, caller: Caller) -> bool {
        match rule {
            Rule::Anyone => true,
            Rule::Coordinator => caller == Caller::Coordinator,
            Rule::Node => matches!(caller, Caller::Node(_)),
            Rule::Operator => caller == Caller::Operator,
            Rule::Staff => caller.is_staff(),
        }
    }

    fn whom(rule: Rule) -> &'static str {
        match rule {
            Rule::Anyone => "everybody",
            Rule::Coordinator => "the coordinator",
            Rule::Node => "the other nodes",
            Rule::Operator => "the node's operator",
            Rule::Staff => "the coordinator, the nodes and their operators",
        }
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn counted(caller: Caller) -> Counted {
        match caller {
            Caller::Anyone => Counted::Address,
            Caller::Account(grant) => Counted::Account(grant.account),
            Caller::Coordinator | Caller::Node(_) | Caller::Operator => Counted::Member,
        }
    }
}
