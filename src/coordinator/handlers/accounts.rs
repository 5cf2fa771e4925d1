//! Accounts and invitations, for operators; one's own account, for everybody who has one.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};

use crate::base::name::check_name;
use crate::base::text::check_text;
use crate::coordinator::CoordinatorState;
use crate::coordinator::access::Caller;
use crate::coordinator::accounts::{account_refusal, line};
use crate::identity::{AccountId, AccountRole, Digest};
use crate::storage::StorageError;
use crate::storage::accounts::{self as stored, Account, Invitation};
use crate::transport::server::reply::{Body, Params, Peer, Refusal, Reply};
use crate::wire::account_api::{
    AccountLine, AskInvitations, ChangePassword, InvitationLine, Invitee, NewAccount,
    NewInvitation, NewPassword, code_digest, fresh_code,
};
use crate::wire::problem::ProblemType;

/// Most invitations in one request.
const MOST_INVITATIONS: usize = 10_000;

/// Longest time until an invitation expires, in hours.
const LONGEST_HOURS: u32 = 24 * 366;

/// The caller's account.
pub async fn own(
    State(state): State<Arc<CoordinatorState>>,
    Extension(caller): Extension<Caller>,
) -> Reply<AccountLine> {
    own_account(&state, caller).await.map(|account| Json(line(account)))
}

/// Change the caller's password. Ends every login of the account, this one included.
pub async fn change_password(
    State(state): State<Arc<CoordinatorState>>,
    Extension(caller): Extension<Caller>,
    Peer(address): Peer,
    Body(change): Body<ChangePassword>,
) -> Result<StatusCode, Refusal> {
    let name = own_account(&state, caller).await?.name;
    let account = state.authenticate(address, &name, change.old).await?;
    let hash = state.accounts.passwords.hash(address, &name, change.new).await?;
    set_password(&state, account.account, hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every account.
pub async fn list(State(state): State<Arc<CoordinatorState>>) -> Reply<Vec<AccountLine>> {
    let accounts = state.accounts.store.accounts().await.map_err(|error| internal(&error))?;
    Ok(Json(accounts.into_iter().map(line).collect()))
}

/// Make an account with a role.
pub async fn add(
    State(state): State<Arc<CoordinatorState>>,
    Peer(address): Peer,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<AccountLine>), Refusal> {
    let bad = |detail: String| Refusal::new(ProblemType::BadAccount, detail);
    check_name("the name", &new.name).map_err(|error| bad(error.to_string()))?;
    match (new.role, new.key) {
        (AccountRole::Bidder, None) => {
            return Err(bad(
                "a bidder's account is bound to a public key; give it, or send an invitation"
                    .to_owned(),
            ));
        }
        (AccountRole::Operator, Some(_)) => {
            return Err(bad("an operator's account has no key of its own".to_owned()));
        }
        (AccountRole::Bidder, Some(_)) | (AccountRole::Operator, None) => {}
    }
    let new = stored::NewAccount {
        account: AccountId::random().map_err(|error| Refusal::internal(&error))?,
        password: state.accounts.passwords.hash(address, &new.name, new.password).await?,
        name: new.name,
        role: new.role,
        key: new.key,
    };
    let account = state
        .accounts
        .store
        .create(new, state.clock.now())
        .await
        .map_err(|error| account_refusal(&error))?;
    state.accounts.note(&account);
    tracing::info!(account = %account.account, role = %account.role, "account made");
    Ok((StatusCode::CREATED, Json(line(account))))
}

/// Disable an account: its logins end, and so does its access at the coordinator.
pub async fn disable(
    State(state): State<Arc<CoordinatorState>>,
    Params(account): Params<AccountId>,
) -> Reply<AccountLine> {
    set_disabled(&state, account, true).await
}

/// Enable an account again.
pub async fn enable(
    State(state): State<Arc<CoordinatorState>>,
    Params(account): Params<AccountId>,
) -> Reply<AccountLine> {
    set_disabled(&state, account, false).await
}

/// Give an account a new password.
pub async fn reset_password(
    State(state): State<Arc<CoordinatorState>>,
    Params(account): Params<AccountId>,
    Peer(address): Peer,
    Body(new): Body<NewPassword>,
) -> Reply<AccountLine> {
    let held = state.accounts.store.account(account).await.map_err(|error| internal(&error))?;
    let name = held.ok_or_else(unknown)?.name;
    let hash = state.accounts.passwords.hash(address, &name, new.password).await?;
    set_password(&state, account, hash).await.map(|account| Json(line(account)))
}

/// Every invitation, without its code.
pub async fn invitations(State(state): State<Arc<CoordinatorState>>) -> Reply<Vec<InvitationLine>> {
    let rows = state.accounts.store.invitations().await.map_err(|error| internal(&error))?;
    Ok(Json(rows.into_iter().map(invitation).collect()))
}

/// Take an invitation back: its code makes no account any more.
pub async fn revoke(
    State(state): State<Arc<CoordinatorState>>,
    Params(code): Params<Digest>,
) -> Reply<InvitationLine> {
    let now = state.clock.now();
    let revoked = state.accounts.store.revoke(code, now).await;
    let revoked = revoked.map_err(|error| account_refusal(&error))?;
    tracing::info!(invitation = %code.short(), "invitation revoked");
    Ok(Json(invitation(revoked)))
}

/// Take every invitation back that nobody has redeemed and whose time is not over.
pub async fn revoke_unused(
    State(state): State<Arc<CoordinatorState>>,
) -> Reply<Vec<InvitationLine>> {
    let revoked = state.accounts.store.revoke_unused(state.clock.now()).await;
    let revoked = revoked.map_err(|error| internal(&error))?;
    tracing::info!(count = revoked.len(), "unused invitations revoked");
    Ok(Json(revoked.into_iter().map(invitation).collect()))
}

/// How an invitation is shown.
fn invitation(row: Invitation) -> InvitationLine {
    InvitationLine {
        digest: row.code,
        label: row.label,
        cohort: row.cohort,
        key: row.key,
        created: row.created,
        expires: row.expires,
        redeemed: row.redeemed,
        revoked: row.revoked,
        account: row.account,
    }
}

/// Make invitations, all or none. Codes drawn here are in this reply and nowhere else.
pub async fn invite(
    State(state): State<Arc<CoordinatorState>>,
    Body(ask): Body<AskInvitations>,
) -> Reply<Vec<NewInvitation>> {
    let bad = |detail: String| Refusal::new(ProblemType::BadAccount, detail);
    if ask.invitees.is_empty() || ask.invitees.len() > MOST_INVITATIONS {
        return Err(bad(format!("ask for 1 to {MOST_INVITATIONS} invitations at once")));
    }
    if !(1..=LONGEST_HOURS).contains(&ask.hours) {
        return Err(bad(format!("an invitation lasts 1 to {LONGEST_HOURS} hours")));
    }
    let now = state.clock.now();
    let expires = now.plus_millis(i64::from(ask.hours) * 60 * 60 * 1000);
    let mut made = Vec::with_capacity(ask.invitees.len());
    let mut kept = Vec::with_capacity(ask.invitees.len());
    for (invitee, number) in ask.invitees.into_iter().zip(1..) {
        let Invitee { label, cohort, key, code } = invitee;
        for (field, text) in [("the label", Some(&label)), ("the cohort", cohort.as_ref())] {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                let checked = check_text(field, text);
                checked.map_err(|error| bad(format!("invitation {number}: {error}")))?;
            }
        }
        let (digest, code) = if let Some(digest) = code {
            (digest, None)
        } else {
            let code = fresh_code().map_err(|error| Refusal::internal(&error))?;
            (code_digest(code.expose()), Some(code))
        };
        let cohort = cohort.filter(|cohort| !cohort.is_empty());
        let kept_label = (!label.is_empty()).then(|| label.clone());
        kept.push(stored::NewInvitation { code: digest, label: kept_label, cohort, key });
        made.push(NewInvitation { label, code, expires });
    }
    tracing::info!(count = made.len(), "invitations made");
    state.accounts.store.invite(kept, expires, now).await.map_err(|error| internal(&error))?;
    Ok(Json(made))
}

async fn own_account(state: &CoordinatorState, caller: Caller) -> Result<Account, Refusal> {
    let Caller::Account(grant) = caller else {
        return Err(Refusal::new(ProblemType::Forbidden, "only accounts have this"));
    };
    state
        .accounts
        .store
        .account(grant.account)
        .await
        .map_err(|error| internal(&error))?
        .ok_or_else(unknown)
}

async fn set_disabled(
    state: &CoordinatorState,
    account: AccountId,
    disabled: bool,
) -> Reply<AccountLine> {
    let now = state.clock.now();
    let changed = state
        .accounts
        .store
        .set_disabled(account, disabled, now)
        .await
        .map_err(|error| internal(&error))?;
    let changed = changed.ok_or_else(unknown)?;
    state.accounts.note(&changed);
    tracing::info!(%account, disabled, "account changed");
    Ok(Json(line(changed)))
}

async fn set_password(
    state: &CoordinatorState,
    account: AccountId,
    hash: String,
) -> Result<Account, Refusal> {
    let now = state.clock.now();
    let changed = state
        .accounts
        .store
        .set_password(account, hash, now)
        .await
        .map_err(|error| internal(&error))?;
    let changed = changed.ok_or_else(unknown)?;
    state.accounts.note(&changed);
    tracing::info!(%account, "password changed");
    Ok(changed)
}

fn internal(error: &StorageError) -> Refusal {
    Refusal::internal(error)
}

fn unknown() -> Refusal {
    Refusal::new(ProblemType::NotFound, "there is no account with this id")
}
