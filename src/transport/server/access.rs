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

use super::fair::Share;
use super::life::Life;
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
    if member && let Some(life) = request.extensions().get::<Life>() {
        life.prove();
    }
    let (request, _held) = match enter(gate.limits(), request, member).await {
        Ok(entered) => entered,
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

/// A stranger's request is read whole, and then takes its place among those at work.
async fn enter(
    limits: &Limits,
    request: Request,
    member: bool,
) -> Result<(Request, Option<(Option<Share>, Share)>), Refusal> {
    if member {
        return Ok((request, None));
    }
    let (request, body) = limits.bodies().read(request).await?;
    let place = limits.enter(Peer::of(request.extensions()).0)?;
    Ok((request, Some((body, place))))
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::super::limits::{LimitOptions, Rate};
    use crate::transport::server::access::*;

    /// A server that knows strangers, one account and a member.
    struct Small(Limits);

    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Who {
        Stranger,
        Account,
        Member,
    }

    impl Gate for Small {
        type Caller = Who;
        type Rule = ();

        const ANYONE: Who = Who::Stranger;
        const ACCESS: &'static [(Method, &'static str, ())] =
            &[(Method::GET, "/fast", ()), (Method::GET, "/slow", ())];

        fn identify(&self, token: &str) -> Result<Who, Refusal> {
            Ok(if token == "member" { Who::Member } else { Who::Account })
        }

        fn allows((): (), _: Who) -> bool {
            true
        }

        fn whom((): ()) -> &'static str {
            "everybody"
        }

        fn limits(&self) -> &Limits {
            &self.0
        }

        fn counted(caller: Who) -> Counted {
            match caller {
                Who::Stranger => Counted::Address,
                Who::Account => Counted::Account(AccountId([1; 16])),
                Who::Member => Counted::Member,
            }
        }
    }

    fn server(options: LimitOptions) -> Router {
        async fn slow() {
            tokio::time::sleep(Duration::from_secs(40)).await;
        }
        Router::new()
            .route("/fast", get(|| async {}))
            .route("/slow", get(slow))
            .route("/unlisted", get(|| async {}))
            .route_layer(from_fn_with_state(Arc::new(Small(Limits::new(options))), guard::<Small>))
    }

    async fn ask(server: &Router, path: &str, token: Option<&str>) -> (u16, Option<u64>) {
        let mut request = Request::builder().uri(path);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Body::empty()).unwrap();
        let response = server.clone().oneshot(request).await.unwrap();
        let again = response.headers().get(RETRY_AFTER);
        let again = again.map(|seconds| seconds.to_str().unwrap().parse().unwrap());
        (response.status().as_u16(), again)
    }

    const RARE: Rate = Rate { burst: 2.0, per_second: 0.1 };

    #[tokio::test]
    async fn too_many_requests_are_refused_with_a_time_to_wait_and_members_are_not() {
        let server = server(LimitOptions { address: RARE, ..LimitOptions::default() });
        for expected in [(200, None), (200, None), (429, Some(10))] {
            assert_eq!(ask(&server, "/fast", None).await, expected);
        }
        // An account counts for its address, too.
        assert_eq!(ask(&server, "/fast", Some("account")).await, (429, Some(10)));
        assert_eq!(ask(&server, "/fast", Some("member")).await, (200, None));
    }

    #[tokio::test]
    async fn an_account_has_a_rate_of_its_own() {
        let server = server(LimitOptions { account: RARE, ..LimitOptions::default() });
        for expected in [(200, None), (200, None), (429, Some(10))] {
            assert_eq!(ask(&server, "/fast", Some("account")).await, expected);
        }
        assert_eq!(ask(&server, "/fast", None).await, (200, None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_server_says_so_and_has_room_for_members() {
        let server = server(LimitOptions { at_work: 1, ..LimitOptions::default() });
        let slow = tokio::spawn({
            let server = server.clone();
            async move { ask(&server, "/slow", None).await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(ask(&server, "/fast", None).await, (503, Some(1)));
        assert_eq!(ask(&server, "/fast", Some("member")).await, (200, None));
        assert_eq!(slow.await.unwrap(), (200, None));
        assert_eq!(ask(&server, "/fast", None).await, (200, None));
    }

    #[tokio::test(start_paused = true)]
    async fn no_request_is_waited_for_without_end() {
        let server =
            server(LimitOptions { deadline: Duration::from_secs(30), ..LimitOptions::default() });
        let timeout = StatusCode::GATEWAY_TIMEOUT.as_u16();
        assert_eq!(ask(&server, "/slow", None).await.0, timeout);
        assert_eq!(ask(&server, "/slow", Some("member")).await.0, 200);
    }

    #[tokio::test]
    async fn a_route_that_is_not_in_the_table_is_closed() {
        let server = server(LimitOptions::default());
        for token in [None, Some("account"), Some("member")] {
            assert_eq!(ask(&server, "/unlisted", token).await.0, 404);
        }
    }
}
