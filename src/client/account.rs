//! Logging in, and looking after accounts, over the coordinator's API.
//!
//! Who learns what: the coordinator sees passwords and codes as they are typed and keeps their
//! hashes; tokens go to the one server each is for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::coordinator::CoordinatorClient;
use super::error::ClientError;
use crate::base::Clock;
use crate::base::Timestamp;
use crate::base::lock;
use crate::identity::{AccountId, KeyPair, PublicKey, Statement as _};
use crate::transport::client::http::TokenSource;
use crate::wire::account_api::{
    AccountLine, AskInvitations, AskLogin, AskRefresh, ChangePassword, InvitationLine, Join,
    KeyProof, Login, NewAccount, NewInvitation, NewPassword, Secret, code_digest,
};
use crate::wire::paths;

/// A login that is refreshed while clients use it: they take its tokens anew for every request.
#[derive(Clone)]
pub struct SharedLogin(Arc<Mutex<Arc<Login>>>);

impl SharedLogin {
    /// A login as it is now.
    pub fn new(login: Arc<Login>) -> Self {
        Self(Arc::new(Mutex::new(login)))
    }

    /// The login as it is now.
    pub fn get(&self) -> Arc<Login> {
        Arc::clone(&lock(&self.0))
    }

    /// Go on with its successor.
    pub fn put(&self, login: Arc<Login>) {
        *lock(&self.0) = login;
    }

    /// Whether anybody else holds it.
    pub fn in_use(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

/// The access token that a login holds for a server, as long as it is good.
pub fn token_source(login: &SharedLogin, server: PublicKey, clock: Clock) -> TokenSource {
    let login = login.clone();
    Arc::new(move || {
        let login = login.get();
        let found = login.tokens.iter().find(|line| line.server == server)?;
        (clock.now() < login.expires).then(|| found.token.expose().to_owned())
    })
}

/// So long before its tokens end a login is refreshed.
const AHEAD_MILLIS: i64 = 60_000;

/// Whether a login's tokens are good for another while.
pub fn is_fresh(login: &Login, now: Timestamp) -> bool {
    now.plus_millis(AHEAD_MILLIS) < login.expires
}

/// How long a login stays fresh.
pub fn fresh_for(login: &Login, now: Timestamp) -> Duration {
    let millis = login.expires.millis() - now.millis() - AHEAD_MILLIS;
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

impl CoordinatorClient {
    /// Log in.
    ///
    /// # Errors
    /// When name and password do not fit, or too many tries have failed.
    pub async fn login(&self, name: &str, password: Secret) -> Result<Login, ClientError> {
        self.post(paths::LOGIN, &AskLogin { name: name.to_owned(), password }).await
    }

    /// Go on with a login. Its refresh token is used up, whatever comes back.
    ///
    /// # Errors
    /// When the login is over.
    pub async fn refresh(&self, login: &Login) -> Result<Login, ClientError> {
        self.post(paths::REFRESH, &AskRefresh { refresh: login.refresh.clone() }).await
    }

    /// End a login.
    ///
    /// # Errors
    /// When the coordinator cannot be reached.
    pub async fn logout(&self, login: &Login) -> Result<(), ClientError> {
        self.post(paths::LOGOUT, &AskRefresh { refresh: login.refresh.clone() }).await
    }

    /// Redeem an invitation: makes a bidder's account bound to these keys, and logs it in.
    ///
    /// # Errors
    /// When the code cannot be redeemed, or name, password or key are refused.
    pub async fn join(
        &self,
        code: Secret,
        name: &str,
        password: Secret,
        keys: &KeyPair,
    ) -> Result<Login, ClientError> {
        let proof = KeyProof {
            coordinator: self.roster.body.coordinator.key,
            code: code_digest(code.expose()),
            name: name.to_owned(),
            key: keys.public(),
        };
        let signature = keys.sign(&proof.digest());
        let join = Join { code, name: proof.name, password, key: proof.key, signature };
        self.post(paths::JOIN, &join).await
    }

    /// The account of this login.
    ///
    /// # Errors
    /// When nobody is logged in.
    pub async fn own_account(&self) -> Result<AccountLine, ClientError> {
        self.get(paths::ACCOUNT).await
    }

    /// Change the password of this login's account; ends all its logins.
    ///
    /// # Errors
    /// When the old password does not fit or the new one is too weak.
    pub async fn change_password(&self, old: Secret, new: Secret) -> Result<(), ClientError> {
        self.post(paths::OWN_PASSWORD, &ChangePassword { old, new }).await
    }

    /// Every account; for operators.
    ///
    /// # Errors
    /// When this is not an operator.
    pub async fn accounts(&self) -> Result<Vec<AccountLine>, ClientError> {
        self.operator()?;
        self.get(paths::ACCOUNTS).await
    }

    /// The account of this name; for operators.
    ///
    /// # Errors
    /// When there is none.
    pub async fn account_named(&self, name: &str) -> Result<AccountLine, ClientError> {
        let accounts = self.accounts().await?;
        let folded = name.to_lowercase();
        accounts
            .into_iter()
            .find(|account| account.name.to_lowercase() == folded)
            .ok_or_else(|| ClientError::NoSuchAccount { name: name.to_owned() })
    }

    /// Make an account; for operators.
    ///
    /// # Errors
    /// When name or key are taken, or the password is too weak.
    pub async fn add_account(&self, new: &NewAccount) -> Result<AccountLine, ClientError> {
        self.operator()?;
        self.post(paths::ACCOUNTS, new).await
    }

    /// Disable an account and end its logins, or enable it again; for operators.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn set_account(
        &self,
        account: AccountId,
        enabled: bool,
    ) -> Result<AccountLine, ClientError> {
        self.operator()?;
        let path = if enabled { paths::ENABLE } else { paths::DISABLE };
        Ok(self.http.post_empty(&paths::of_account(path, account)).await?)
    }

    /// Give an account a new password and end its logins; for operators.
    ///
    /// # Errors
    /// When there is no such account or the password is too weak.
    pub async fn reset_password(
        &self,
        account: AccountId,
        password: Secret,
    ) -> Result<AccountLine, ClientError> {
        self.operator()?;
        let path = paths::of_account(paths::PASSWORD, account);
        self.post(&path, &NewPassword { password }).await
    }

    /// Every invitation, without its code; for operators.
    ///
    /// # Errors
    /// When this is not an operator.
    pub async fn invitations(&self) -> Result<Vec<InvitationLine>, ClientError> {
        self.operator()?;
        self.get(paths::INVITATIONS).await
    }

    /// Make invitations; for operators.
    ///
    /// # Errors
    /// When too many are asked for at once.
    pub async fn invite(&self, ask: &AskInvitations) -> Result<Vec<NewInvitation>, ClientError> {
        self.operator()?;
        self.post(paths::INVITATIONS, ask).await
    }
}

#[cfg(test)]
mod tests {
    use crate::client::account::*;

    fn login(token: &str, expires: i64) -> Arc<Login> {
        let text = serde_json::json!({
            "account": {"account": "00".repeat(16), "name": "Ada", "role": "operator",
                "created": "1970-01-01T00:00:00.000Z"},
            "tokens": [{"server": PublicKey::from_bytes([7; 32]), "token": token}],
            "expires": Timestamp::from_millis(expires), "refresh": "secret",
            "refresh_expires": "1970-01-01T00:00:00.000Z",
        });
        Arc::new(serde_json::from_value(text).unwrap())
    }

    #[test]
    fn clients_take_the_token_of_the_latest_login() {
        let now = Clock::System.now().millis();
        let shared = SharedLogin::new(login("first", now + 50_000));
        let source = token_source(&shared, PublicKey::from_bytes([7; 32]), Clock::System);
        let elsewhere = token_source(&shared, PublicKey::from_bytes([8; 32]), Clock::System);
        assert_eq!((source().as_deref(), elsewhere()), (Some("first"), None));
        shared.put(login("second", now + 900_000));
        assert_eq!(source().as_deref(), Some("second"));
        // One that is over is not sent any more.
        shared.put(login("third", now - 1));
        assert_eq!(source(), None);
        assert!(shared.in_use());
        drop((source, elsewhere));
        assert!(!shared.in_use());
    }

    #[test]
    fn a_login_is_refreshed_a_minute_before_it_ends() {
        let login = login("token", 900_000);
        let at = Timestamp::from_millis;
        assert_eq!(fresh_for(&login, at(0)), Duration::from_secs(840));
        assert!(is_fresh(&login, at(839_999)) && !is_fresh(&login, at(840_000)));
        assert_eq!(fresh_for(&login, at(840_000)), Duration::ZERO);
        assert_eq!(fresh_for(&login, at(2_000_000)), Duration::ZERO);
    }
}
