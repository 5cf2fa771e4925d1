//! Who may call what: one guard for both servers, driven by a table of routes.
//!
//! Each server names its callers and rules ([`Gate`]). A request that is not in the table is
//! refused for everybody, so a route that someone forgets to list is closed, not open.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::reply::{Refusal, bearer};
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
}

/// Finds out who calls, refuses who may not, and leaves the caller for the handler.
pub async fn guard<G: Gate>(
    State(gate): State<Arc<G>>,
    mut request: Request,
    next: Next,
) -> Response {
    match admit(gate.as_ref(), &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn admit<G: Gate>(gate: &G, request: &Request) -> Result<G::Caller, Refusal> {
    let caller = match bearer(request.headers()) {
        None => G::ANYONE,
        Some(token) => gate.identify(token)?,
    };
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
