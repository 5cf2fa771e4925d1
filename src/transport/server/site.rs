//! What is served at one port: a server as it is under its roster, and as it goes on under earlier ones
//! with the sessions that were open when the roster was changed.
//!
//! A request about such a session goes to the roster that the session was opened under. A request of
//! another server that is about no session says which roster it means ([`ROSTER_HEADER`]). All the
//! rest is for the present roster. Whoever is asked decides by itself who may ask what: this only
//! finds the way.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderMap;
use tower::ServiceExt as _;

use super::metrics::Metrics;
use super::observe::observed;
use crate::identity::{Digest, Roster};
use crate::session::SessionId;
use crate::wire::paths::{ROSTER_HEADER, session_in};

/// What is served at one port.
pub struct Site {
    /// Under the present roster.
    present: Router,
    earlier: Vec<Part>,
}

/// A server as it goes on under an earlier roster.
struct Part {
    /// Which roster, in any of its versions.
    line: Digest,
    sessions: BTreeSet<SessionId>,
    router: Router,
}

impl From<Router> for Site {
    fn from(present: Router) -> Self {
        Self { present, earlier: Vec::new() }
    }
}

impl Site {
    /// The same, and these sessions under an earlier roster.
    #[must_use]
    pub fn beside(
        mut self,
        roster: &Roster,
        sessions: BTreeSet<SessionId>,
        router: Router,
    ) -> Self {
        self.earlier.push(Part { line: roster.line(), sessions, router });
        self
    }

    /// Two servers at one port.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.present = self.present.merge(other.present);
        for part in other.earlier {
            match self.earlier.iter_mut().find(|own| own.line == part.line) {
                Some(own) => {
                    own.router = std::mem::take(&mut own.router).merge(part.router);
                    own.sessions.extend(part.sessions);
                }
                None => self.earlier.push(part),
            }
        }
        self
    }

    /// One router for all of it, each request with all that is around one.
    pub(super) fn router(self, metrics: &Arc<Metrics>) -> Router {
        let present = observed(self.present, Arc::clone(metrics));
        if self.earlier.is_empty() {
            return present;
        }
        let around =
            |part: Part| Part { router: observed(part.router, Arc::clone(metrics)), ..part };
        let earlier: Arc<[Part]> = self.earlier.into_iter().map(around).collect();
        Router::new().fallback(move |request: Request| {
            let part = place(&earlier, request.uri().path(), request.headers());
            let router = part.map_or(&present, |part| &part.router).clone();
            router.oneshot(request)
        })
    }
}

/// The earlier roster under which a request is answered, if it is not the present one.
fn place<'a>(earlier: &'a [Part], path: &str, headers: &HeaderMap) -> Option<&'a Part> {
    if let Some(session) = session_in(path) {
        return earlier.iter().find(|part| part.sessions.contains(&session));
    }
    let named = named(headers)?;
    earlier.iter().find(|part| part.line == named)
}

/// Under which roster another server asks, if it says so.
pub fn named(headers: &HeaderMap) -> Option<Digest> {
    headers.get(ROSTER_HEADER)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Path;
    use axum::routing::get;
    use http_body_util::BodyExt as _;

    use crate::transport::server::site::*;

    async fn asked(router: &Router, path: &str, roster: Option<Digest>) -> String {
        let mut request = Request::builder().uri(path);
        if let Some(roster) = roster {
            request = request.header(ROSTER_HEADER, roster.to_string());
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
    }

    fn under(name: &'static str) -> Router {
        let session = move |Path(session): Path<String>| async move { format!("{name} {session}") };
        Router::new()
            .route("/v1/node/health", get(move || async move { name }))
            .route("/v1/sessions/{session}", get(session))
    }

    #[tokio::test]
    async fn a_request_goes_to_the_roster_of_its_session_or_to_the_one_it_names() {
        let (old, new) = (SessionId([1; 16]), SessionId([2; 16]));
        let (line, other) = (Digest([3; 32]), Digest([4; 32]));
        let part = |sessions| Part { line, sessions, router: under("before") };
        let mut site = Site::from(under("now"));
        site.earlier.push(part([old].into()));
        let router = site.router(&Arc::default());
        for (path, roster, answer) in [
            ("/v1/node/health", None, "now"),
            ("/v1/node/health", Some(line), "before"),
            ("/v1/node/health", Some(other), "now"),
            // What the path says counts for more than what the header says.
            (&*format!("/v1/sessions/{old}"), None, &*format!("before {old}")),
            (&*format!("/v1/sessions/{old}"), Some(other), &*format!("before {old}")),
            (&*format!("/v1/sessions/{new}"), Some(line), &*format!("now {new}")),
        ] {
            assert_eq!(asked(&router, path, roster).await, answer, "{path} {roster:?}");
        }
    }

    #[tokio::test]
    async fn two_servers_at_one_port_go_on_together() {
        let (line, old) = (Digest([3; 32]), SessionId([1; 16]));
        let router = |path: &str, name: &'static str| {
            Router::new().route(path, get(move || async move { name }))
        };
        let half = |path: &str, sessions| {
            let mut site = Site::from(router(path, "now"));
            site.earlier.push(Part { line, sessions, router: router(path, "before") });
            site
        };
        let site = half("/one", [old].into()).merge(half("/two", BTreeSet::new()));
        let router = site.router(&Arc::default());
        for path in ["/one", "/two"] {
            assert_eq!(asked(&router, path, Some(line)).await, "before", "{path}");
            assert_eq!(asked(&router, path, None).await, "now", "{path}");
        }
    }
}
