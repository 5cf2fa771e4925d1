//! The coordinator's endpoints. Who may call is decided before them in [`super::access`].
//!
//! - `login`: logging in and out, refreshing a login, joining by invitation
//! - `accounts`: accounts and invitations
//! - `sessions`: listing and showing sessions, exporting a record
//! - `life`: writing, editing, opening, closing, cancelling and retrying a session
//! - `pauses`: taking no bids for a while, and taking them again
//! - `admissions`: admitting bidders to a session
//! - `disclosures`: what nodes disclose to a session's operator, passed on
//! - `receipts`: which nodes have given a receipt to which bidder
//! - `jobs`: posting jobs, and showing them step by step
//! - `job_events`: a job's steps as they change
//! - `models`: models that owners score with, and batches of material for them
//! - `doubts`: what is remembered of dealers who lied
//! - `variables`: what is known of variables that stay at the nodes
//! - `health`: health, the roster, live events

mod accounts;
mod admissions;
mod disclosures;
mod doubts;
mod health;
mod job_events;
mod jobs;
pub(super) mod life;
mod login;
mod models;
mod pauses;
mod receipts;
mod sessions;
mod variables;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::CoordinatorState;
use crate::session::SessionId;
use crate::storage::StorageError;
use crate::storage::coordinator::CoordinatorSession;
use crate::transport::server::reply::Refusal;
use crate::wire::paths;
use crate::wire::problem::ProblemType;

/// Largest body.
const BODY: usize = 4 << 20;

/// Largest body of a login.
const SMALL_BODY: usize = 16 << 10;

/// Every route of a coordinator.
pub fn router() -> Router<Arc<CoordinatorState>> {
    Router::new()
        .route(paths::HEALTH, get(health::health))
        .route(paths::ROSTER, get(health::roster))
        .route(paths::ROSTER_OF, get(sessions::roster))
        .route(paths::EVENTS, get(health::events))
        .route(paths::SESSIONS, get(sessions::list).post(life::write))
        .route(paths::SESSION, get(sessions::show).put(life::edit))
        .route(paths::RECORD, get(sessions::record))
        .route(paths::JOBS, get(jobs::list).post(jobs::post))
        .route(paths::JOB, get(jobs::show))
        .route(paths::JOB_EVENTS, get(job_events::events))
        .route(paths::VARIABLES, get(variables::list))
        .route(paths::MODELS, get(models::list).post(models::announce))
        .route(paths::MODEL, get(models::show).delete(models::remove))
        .route(paths::WITHDRAW_MODEL, post(models::withdraw))
        .route(paths::MODEL_BATCHES, get(models::batches).post(models::promise))
        .route(paths::DEALING, get(models::dealing))
        .route(paths::ALTERED, post(doubts::altered))
        .route(paths::DOUBTS, get(doubts::list).delete(doubts::forget))
        .route(paths::DISCLOSURE, get(disclosures::show))
        .route(paths::LETTERS, get(disclosures::letters))
        .route(paths::OPEN, post(life::open))
        .route(paths::PAUSE, post(pauses::pause))
        .route(paths::RESUME, post(pauses::resume))
        .route(paths::CLOSE, post(life::close))
        .route(paths::CANCEL, post(life::cancel))
        .route(paths::RETRY, post(life::retry))
        .route(paths::ADMISSIONS, get(admissions::list).post(admissions::admit))
        .route(paths::RECEIPTS, get(receipts::list))
        .route(paths::INVITATIONS, get(accounts::invitations).post(accounts::invite))
        .route(paths::REVOKE, post(accounts::revoke))
        .route(paths::REVOKE_UNUSED, post(accounts::revoke_unused))
        .layer(DefaultBodyLimit::max(BODY))
        .merge(accounts())
}

/// Logging in and accounts; their bodies are small.
fn accounts() -> Router<Arc<CoordinatorState>> {
    Router::new()
        .route(paths::LOGIN, post(login::login))
        .route(paths::REFRESH, post(login::refresh))
        .route(paths::LOGOUT, post(login::logout))
        .route(paths::JOIN, post(login::join))
        .route(paths::ACCOUNT, get(accounts::own))
        .route(paths::OWN_PASSWORD, post(accounts::change_password))
        .route(paths::ACCOUNTS, get(accounts::list).post(accounts::add))
        .route(paths::DISABLE, post(accounts::disable))
        .route(paths::ENABLE, post(accounts::enable))
        .route(paths::PASSWORD, post(accounts::reset_password))
        .layer(DefaultBodyLimit::max(SMALL_BODY))
}

/// The session a request names, or the refusal that it is unknown here.
async fn known(
    state: &CoordinatorState,
    session: SessionId,
) -> Result<CoordinatorSession, Refusal> {
    let row = state.store.session(session).await.map_err(store_refusal)?;
    row.ok_or_else(|| unknown(session))
}

/// The reply for what the store refuses.
fn store_refusal(error: StorageError) -> Refusal {
    match error {
        StorageError::NoSession { session } => unknown(session),
        StorageError::Phase(error) => Refusal::new(ProblemType::WrongPhase, error.to_string()),
        StorageError::File(error) => Refusal::new(ProblemType::BadTerms, error.to_string()),
        error => Refusal::internal(&error),
    }
}

fn unknown(session: SessionId) -> Refusal {
    Refusal::new(
        ProblemType::UnknownSession,
        format!("session {} is not known here", session.short()),
    )
}
