//! Who may call what: one guard for both servers, driven by a table of routes.
//!
//! Each server names its callers and rules ([`Gate`]). A request that is not in the table is
//! refused for everybody, so a route that someone forgets to list is closed, not open.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::limits::Limits;
use super::reply::{Peer, Refusal, bearer};
use crate::identity::AccountId;
use crate::wire::problem::ProblemType;

/// A server's callers and rules.
pub trait Gate: Send + Sync + 'static {
    /// Who calls, as proved by the request's token.
    type Caller: Copy + PartialEq + Send + Sync + 'static;
    /// Who may call a route.
    type Rule: Copy + 'static;

    /// A caller without a token.
    const ANYONE: Self::Caller;
    /// Every route and who may call it.
    const ACCESS: &'static [(Method, &'static str, Self::Rule)];

    /// Who this token speaks for.
    ///
    /// # Errors
    /// When it is not a valid token for this server, used for the first time.
    fn identify(&self, token: &str) -> Result<Self::Caller, Refusal>;

    /// Whether a rule lets a caller in.
    fn allows(rule: Self::Rule, caller: Self::Caller) -> bool;

    /// Whom a rule lets in, in words: "this is for … only".
    fn whom(rule: Self::Rule) -> &'static str;

    /// The server's limits.
    fn limits(&self) -> &Limits;

    /// How a caller is counted.
    fn counted(caller: Self::Caller) -> Counted;
}

/// How a caller's requests are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counted {
    /// By the address alone.
    Address,
    /// By the address and the account.
    Account(AccountId),
    /// Not at all: a member of the roster.
    Member,
}

/// Finds out who calls, refuses who may not, and leaves the caller for the handler.
pub async fn guard<G: Gate>(
    State(gate): State<Arc<G>>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match admit(gate.as_ref(), &request) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into_response(),
    };
    request.extensions_mut().insert(caller);
    let member = G::counted(caller) == Counted::Member;
    let _place = match (!member).then(|| gate.limits().enter()).transpose() {
        Ok(place) => place,
        Err(refusal) => return refusal.into_response(),
    };
    match tokio::time::timeout(gate.limits().deadline(member), next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Refusal::new(ProblemType::Timeout, "the server did not get done in time; try again")
                .into_response()
        }
    }
}

fn admit<G: Gate>(gate: &G, request: &Request) -> Result<G::Caller, Refusal> {
    let caller = match bearer(request.headers()) {
        None => Ok(G::ANYONE),
        Some(token) => gate.identify(token),
    };
    // A token that is none counts like no token.
    let counted = caller.as_ref().map_or(Counted::Address, |&caller| G::counted(caller));
    let now = Instant::now();
    if counted != Counted::Member {
        gate.limits().count_address(Peer::of(request.extensions()).0, now)?;
    }
    if let Counted::Account(account) = counted {
        gate.limits().count_account(account, now)?;
    }
    let caller = caller?;
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    // A HEAD request is answered by the GET route.
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    match G::ACCESS.iter().find(|(allowed, route, _)| allowed == method && Some(*route) == path) {
        None => Err(Refusal::new(
            ProblemType::NotFound,
            "there is no such request; see the API's paths",
        )),
        Some((_, _, rule)) if G::allows(*rule, caller) => Ok(caller),
        Some((_, _, rule)) if caller == G::ANYONE => Err(Refusal::new(
            ProblemType::Unauthorized,
            format!("this is for {} only; send a token", G::whom(*rule)),
        )),
        Some((_, _, rule)) => Err(Refusal::new(
            ProblemType::Forbidden,
            format!("this is for {} only", G::whom(*rule)),
        )),
    }
}
