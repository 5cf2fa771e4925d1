//! What operators ask of the coordinator about accounts and invitations.

use crate::client::coordinator::CoordinatorClient;
use crate::identity::{AccountId, Digest};
use crate::tui::update::action::{Changed, Listed};
use crate::wire::account_api::{AskInvitations, Invitee, NewInvitation};

/// Every account and every invitation.
pub async fn listed(coordinator: &CoordinatorClient) -> Result<Listed, String> {
    let (accounts, invitations) =
        tokio::try_join!(coordinator.accounts(), coordinator.invitations())
            .map_err(|error| error.to_string())?;
    Ok((accounts, invitations))
}

/// Make one invitation.
pub async fn invite(
    coordinator: &CoordinatorClient,
    label: String,
    cohort: Option<String>,
    hours: u32,
) -> Result<Box<NewInvitation>, String> {
    let invitee = Invitee { label, cohort, ..Invitee::default() };
    let ask = AskInvitations { invitees: vec![invitee], hours };
    let made = coordinator.invite(&ask).await.map_err(|error| error.to_string())?;
    let made = made.into_iter().next().map(Box::new);
    made.ok_or_else(|| "the coordinator answered without an invitation".to_owned())
}

/// Take an invitation back.
pub async fn revoke(coordinator: &CoordinatorClient, code: &Digest) -> Result<Changed, String> {
    let line = coordinator.revoke(code).await;
    line.map(Changed::Invitation).map_err(|error| error.to_string())
}

/// Take every invitation back that nobody has used.
pub async fn revoke_unused(coordinator: &CoordinatorClient) -> Result<Changed, String> {
    let lines = coordinator.revoke_unused().await;
    lines.map(Changed::Invitations).map_err(|error| error.to_string())
}

/// Disable an account, or enable it again.
pub async fn set_account(
    coordinator: &CoordinatorClient,
    account: AccountId,
    enabled: bool,
) -> Result<Changed, String> {
    let line = coordinator.set_account(account, enabled).await;
    line.map(Changed::Account).map_err(|error| error.to_string())
}
