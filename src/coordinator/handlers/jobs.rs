//! Jobs: posted, listed and shown step by step.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{known, life, sessions, store_refusal};
use crate::coordinator::access::Caller;
use crate::coordinator::{CoordinatorState, complete};
use crate::identity::Digest;
use crate::rules::job::file::has_values;
use crate::rules::job::{self, json};
use crate::session::{Phase, SessionId};
use crate::transport::server::reply::{Asked, Body, Params, Refusal, Reply};
use crate::wire::coordinator_api::{NewSession, SessionDetail, SessionSummary};
use crate::wire::job_api::{JobLine, Standing};
use crate::wire::page::{AskPage, Page};
use crate::wire::problem::ProblemType;

/// The header by which who posts a job twice gets the same one.
const KEY_HEADER: &str = "idempotency-key";

/// The same as a field of the body.
const KEY_FIELD: &str = "idempotency_key";

/// The field with a session file.
const FILE_FIELD: &str = "toml";

/// Longest idempotency key.
const MOST_KEY: usize = 200;

fn bad(detail: impl Into<String>) -> Refusal {
    Refusal::new(ProblemType::BadRequest, detail)
}

/// What is posted.
struct Posted {
    /// The session file.
    file: String,
    key: Option<String>,
}

impl Posted {
    fn read(headers: &HeaderMap, mut body: Value) -> Result<Self, Refusal> {
        let Value::Object(fields) = &mut body else {
            return Err(bad("a job is a JSON object: {\"toml\": …}, or a name and steps"));
        };
        let header = headers.get(KEY_HEADER).map(|value| value.to_str().map(str::to_owned));
        let header = header.transpose().map_err(|_| bad("the idempotency key is no plain text"))?;
        let key = match (header, fields.remove(KEY_FIELD)) {
            (Some(key), None) | (None, Some(Value::String(key))) => Some(key),
            (None, None | Some(Value::Null)) => None,
            (Some(header), Some(Value::String(field))) if header == field => Some(header),
            _ => return Err(bad("give one idempotency key, as a header or as a text")),
        };
        if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > MOST_KEY) {
            return Err(bad(format!("an idempotency key has 1 to {MOST_KEY} bytes")));
        }
        let file = match fields.remove(FILE_FIELD) {
            Some(Value::String(text)) if fields.is_empty() => text,
            Some(_) => return Err(bad("\"toml\" is a session file's text, and stands alone")),
            None => json::session_file(&body.to_string())
                .map_err(|error| Refusal::new(ProblemType::BadTerms, error.to_string()))?
                .to_string(),
        };
        Ok(Self { file, key })
    }

    /// That it is a job, and has no value in it that is nobody's business.
    fn check(&self) -> Result<(), Refusal> {
        let bad_terms = |detail: String| Refusal::new(ProblemType::BadTerms, detail);
        let table: toml::Table =
            self.file.parse().map_err(|error| bad_terms(format!("{error}")))?;
        if table.get("kind").and_then(toml::Value::as_str) != Some(job::NAME) {
            return Err(bad_terms("this is no job; say kind = \"job\"".to_owned()));
        }
        if has_values(&table) {
            return Err(bad_terms(
                "the job has values in it that are not public, and was not taken: values are handed \
                 in sealed, `gavel job run` splits them. Post the job without them"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

/// Make a job and open it. The same key with the same content gives the same job.
pub async fn post(
    State(state): State<Arc<CoordinatorState>>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Reply<JobLine> {
    let posted = Posted::read(&headers, body)?;
    posted.check()?;
    let _one = state.jobs.lock().await;
    let mut session = SessionId::random().map_err(|error| Refusal::internal(&error))?;
    if let Some(key) = &posted.key {
        let content = Digest(Sha256::digest(&posted.file).into());
        // Whatever is wrong with it is said before the key is spent; what nodes forbid they say later.
        life::check(&state, &posted.file).await?;
        let claimed = state.store.claim_job(key, content, session).await.map_err(store_refusal)?;
        if claimed.0 != content {
            return Err(Refusal::new(
                ProblemType::KeyUsed,
                format!("another job was posted under the idempotency key {key:?}; take a new one"),
            ));
        }
        session = claimed.1;
        let before = state.store.session(session).await.map_err(store_refusal)?;
        if let Some(before) = before {
            // Made before, and not opened: it may have been stopped in between.
            if before.phase == Phase::Draft {
                life::open_session(&state, session).await?;
            }
            return line(&state, session, true).await;
        }
    }
    let new = NewSession { file: posted.file, open: true, bidders: Vec::new() };
    life::written(&state, session, new).await?;
    line(&state, session, true).await
}

/// One job, step by step.
pub async fn show(
    State(state): State<Arc<CoordinatorState>>,
    Extension(caller): Extension<Caller>,
    Params(session): Params<SessionId>,
) -> Reply<JobLine> {
    line(&state, session, caller.is_staff()).await
}

/// A job as staff or others see it.
pub(super) async fn line(
    state: &CoordinatorState,
    session: SessionId,
    staff: bool,
) -> Reply<JobLine> {
    known(state, session).await?;
    let SessionDetail { summary, reason, .. } = sessions::detail(state, session, false).await?;
    let standing = Standing {
        session,
        phase: summary.phase,
        created: summary.created,
        reason,
        result: summary.result.as_ref(),
        levels: state.levels_done(session),
    };
    let other = || Refusal::new(ProblemType::NotFound, "this session is no job");
    let mut found = JobLine::of(&summary.terms, standing).ok_or_else(other)?;
    if staff && summary.phase.is_bidding() && !found.participants.is_empty() {
        found.missing = Some(complete::missing(state, session, &summary.terms).await);
    }
    Ok(Json(found))
}

/// The jobs among a page of sessions.
pub async fn list(
    State(state): State<Arc<CoordinatorState>>,
    Asked(ask): Asked<AskPage>,
) -> Reply<Page<JobLine>> {
    let Json(page) = sessions::page(&state, ask, false).await?;
    let line = |summary: &SessionSummary| {
        let standing = Standing {
            session: summary.session,
            phase: summary.phase,
            created: summary.created,
            reason: None,
            result: summary.result.as_ref(),
            levels: state.levels_done(summary.session),
        };
        JobLine::of(&summary.terms, standing)
    };
    let sessions = page.sessions.iter().filter_map(line).collect();
    Ok(Json(Page { sessions, next: page.next }))
}
