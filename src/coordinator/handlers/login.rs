//! Logging in, going on, logging out, joining by invitation.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::base::name::{NameError, check_name};
use crate::coordinator::CoordinatorState;
use crate::coordinator::accounts::account_refusal;
use crate::identity::{AccountId, AccountRole, Statement as _};
use crate::storage::accounts::NewAccount;
use crate::transport::server::reply::{Body, Peer, Refusal, Reply};
use crate::wire::account_api::{AskLogin, AskRefresh, Join, KeyProof, Login, code_digest};
use crate::wire::problem::ProblemType;

/// Name and password for tokens.
pub async fn login(
    State(state): State<Arc<CoordinatorState>>,
    Peer(address): Peer,
    Body(ask): Body<AskLogin>,
) -> Reply<Login> {
    let account = state.authenticate(address, &ask.name, ask.password).await?;
    state.begin_login(account).await.map(Json)
}

/// A refresh token for new tokens.
pub async fn refresh(
    State(state): State<Arc<CoordinatorState>>,
    Body(ask): Body<AskRefresh>,
) -> Reply<Login> {
    state.go_on_with_login(&ask.refresh).await.map(Json)
}

/// End a login. Succeeds also where there is none.
pub async fn logout(
    State(state): State<Arc<CoordinatorState>>,
    Body(ask): Body<AskRefresh>,
) -> Result<StatusCode, Refusal> {
    state.end_login(&ask.refresh).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Redeem an invitation: makes the bidder's account, bound to its key, and logs it in.
pub async fn join(
    State(state): State<Arc<CoordinatorState>>,
    Peer(address): Peer,
    Body(join): Body<Join>,
) -> Reply<Login> {
    let now = state.clock.now();
    let code = code_digest(join.code.expose());
    // Codes are counted by address alone: nobody can make another's code wait.
    state.slow_down(address, &code.to_string(), now)?;
    let bad = |error: NameError| Refusal::new(ProblemType::BadAccount, error.to_string());
    check_name("the name", &join.name).map_err(bad)?;
    let proof = KeyProof {
        coordinator: state.keys.identity.public(),
        code,
        name: join.name.clone(),
        key: join.key,
    };
    join.key.verify(&proof.digest(), &join.signature).map_err(|_| {
        Refusal::new(
            ProblemType::BadAccount,
            "the request is not signed by the key that the account is to be bound to",
        )
    })?;
    if let Err(error) = state.accounts.store.redeemable(code, join.key, now).await {
        state.accounts.throttle.failed(address, &code.to_string(), now);
        tracing::warn!(%address, %error, "an invitation's code was refused");
        return Err(account_refusal(&error));
    }
    let new = NewAccount {
        account: AccountId::random().map_err(|error| Refusal::internal(&error))?,
        password: state.accounts.passwords.hash(address, &join.name, join.password).await?,
        name: join.name,
        role: AccountRole::Bidder,
        key: Some(join.key),
    };
    let account = state
        .accounts
        .store
        .redeem(code, new, now)
        .await
        .map_err(|error| account_refusal(&error))?;
    state.accounts.throttle.succeeded(address, &code.to_string());
    state.begin_login(account).await.map(Json)
}
