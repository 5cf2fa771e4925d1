//! Logging in, and looking after accounts, over the coordinator's API.
//!
//! Who learns what: the coordinator sees passwords and codes as they are typed and keeps their
//! hashes; tokens go to the one server each is for.

use super::coordinator::CoordinatorClient;
use super::error::ClientError;
use crate::base::name::look;
use crate::identity::{AccountId, Digest, KeyPair, Statement as _};
use crate::wire::account_api::{
    AccountLine, AskInvitations, AskLogin, AskRefresh, ChangePassword, InvitationLine, Join,
    KeyProof, Login, NewAccount, NewInvitation, NewPassword, Secret, code_digest,
};
use crate::wire::paths;

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
        let wanted = look(name);
        accounts
            .into_iter()
            .find(|account| look(&account.name) == wanted)
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

    /// Take an invitation back, by the digest of its code; for operators.
    ///
    /// # Errors
    /// When there is none, or it was redeemed.
    pub async fn revoke(&self, code: &Digest) -> Result<InvitationLine, ClientError> {
        self.operator()?;
        Ok(self.http.post_empty(&paths::revoke(code)).await?)
    }

    /// Take every invitation back that is not redeemed or over: which these were; for operators.
    ///
    /// # Errors
    /// When this is not an operator.
    pub async fn revoke_unused(&self) -> Result<Vec<InvitationLine>, ClientError> {
        self.operator()?;
        Ok(self.http.post_empty(paths::REVOKE_UNUSED).await?)
    }

    /// Make invitations, all or none; for operators.
    ///
    /// # Errors
    /// When too many are asked for at once.
    pub async fn invite(&self, ask: &AskInvitations) -> Result<Vec<NewInvitation>, ClientError> {
        self.operator()?;
        self.post(paths::INVITATIONS, ask).await
    }
}
