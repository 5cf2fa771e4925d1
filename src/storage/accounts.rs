//! Accounts, invitations and refresh tokens of a coordinator.
//!
//! In: password hashes made elsewhere, digests of codes and tokens; never a password, a code or a
//! token itself. Every change that must not happen twice (a code redeemed, a refresh token used) is
//! decided inside the transaction that stores it.

mod logins;

use super::column::Columns as _;
use super::database::reading;
use super::sql::{Connection, Row, Source, Value, query};
use super::{Database, StorageError};
use crate::base::Timestamp;
use crate::identity::{AccountId, AccountRole, Digest, PublicKey};

pub use logins::Refreshed;

/// An account as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its id.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: AccountRole,
    /// The key a bidder's account is bound to.
    pub key: Option<PublicKey>,
    /// When it was made.
    pub created: Timestamp,
    /// Since when it is disabled.
    pub disabled: Option<Timestamp>,
    /// Access tokens made before this time are refused.
    pub valid_from: Timestamp,
}

/// What is stored of an account when it is made.
#[derive(Clone)]
pub struct NewAccount {
    /// Its id.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: AccountRole,
    /// Hash of its password.
    pub password: String,
    /// The key it is bound to.
    pub key: Option<PublicKey>,
}

/// An invitation as stored; the code itself is not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invitation {
    /// SHA-256 of the code.
    pub code: Digest,
    /// For whom, in the operator's words.
    pub label: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it can be redeemed.
    pub expires: Timestamp,
    /// When it was taken back.
    pub revoked: Option<Timestamp>,
    /// Name of the account it became.
    pub account: Option<String>,
}

/// Why an account cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name is taken.
    #[error(
        "the name {name:?} is taken, or differs from a taken one in its capitals only; choose another"
    )]
    NameTaken {
        /// The name that is taken.
        name: String,
    },
    /// The key belongs to another account.
    #[error(
        "this public key belongs to another account; make a new one with `gavel init bidder` in another home"
    )]
    KeyTaken,
    /// The code is unknown, expired or was used.
    #[error(
        "the invitation is unknown, was redeemed or revoked before, or has expired; ask the operator for a new one"
    )]
    Code,
    /// No invitation has a code with this digest.
    #[error("there is no such invitation; `gavel invite --list` shows them")]
    NoInvitation,
    /// The invitation has become an account and cannot be taken back.
    #[error(
        "the invitation was redeemed as {account:?}; `gavel account disable` ends that account"
    )]
    Redeemed {
        /// The account's name.
        account: String,
    },
    /// The store failed. Nothing was stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<sqlx::Error> for AccountError {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error.into())
    }
}

/// Accounts, invitations and refresh tokens. Clones share the database.
#[derive(Clone)]
pub struct AccountStore {
    database: Database,
}

impl AccountStore {
    /// The accounts in a database.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Make an account.
    ///
    /// # Errors
    /// When name or key are taken.
    pub async fn create(&self, new: NewAccount, now: Timestamp) -> Result<Account, AccountError> {
        self.database
            .write(move |connection| Box::pin(async move { insert(connection, new, now).await }))
            .await
    }

    /// Redeem an invitation: the code is used up and the account made, or neither.
    ///
    /// # Errors
    /// When the code is unknown, expired or was used, or when name or key are taken.
    pub async fn redeem(
        &self,
        code: Digest,
        new: NewAccount,
        now: Timestamp,
    ) -> Result<Account, AccountError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    if !good(&mut *connection, code, now).await? {
                        return Err(AccountError::Code);
                    }
                    let account = insert(connection, new, now).await?;
                    query(
                        "UPDATE coordinator_invitations SET redeemed = $1, account = $2
                         WHERE code = $3",
                    )
                    .bind(now.millis())
                    .bind(account.account.0.to_vec())
                    .bind(code.0.to_vec())
                    .execute(connection)
                    .await?;
                    Ok(account)
                })
            })
            .await
    }

    /// Whether an invitation could be redeemed now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn redeemable(&self, code: Digest, now: Timestamp) -> Result<bool, StorageError> {
        good(self.database.readers(), code, now).await
    }

    /// Keep invitations, by their codes' digests and labels.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn invite(
        &self,
        codes: Vec<(Digest, Option<String>)>,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    for (code, label) in codes {
                        query(
                            "INSERT INTO coordinator_invitations (code, label, created, expires)
                             VALUES ($1, $2, $3, $4)",
                        )
                        .bind(code.0.to_vec())
                        .bind(label)
                        .bind(now.millis())
                        .bind(expires.millis())
                        .execute(&mut *connection)
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Take an invitation back: used up, and by no account. One that was taken back before stays as
    /// it is.
    ///
    /// # Errors
    /// When there is none with this digest, or it was redeemed.
    pub async fn revoke(&self, code: Digest, now: Timestamp) -> Result<Invitation, AccountError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "UPDATE coordinator_invitations SET redeemed = $1
                         WHERE code = $2 AND redeemed IS NULL",
                    )
                    .bind(now.millis())
                    .bind(code.0.to_vec())
                    .execute(&mut *connection)
                    .await?;
                    let row = query(format!("{INVITATIONS} WHERE code = $1"))
                        .bind(code.0.to_vec())
                        .fetch_optional(&mut *connection)
                        .await?;
                    let invitation = row.as_ref().map(invitation_of).transpose()?;
                    match invitation.ok_or(AccountError::NoInvitation)? {
                        Invitation { account: Some(account), .. } => {
                            Err(AccountError::Redeemed { account })
                        }
                        revoked => Ok(revoked),
                    }
                })
            })
            .await
    }

    /// Every invitation, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn invitations(&self) -> Result<Vec<Invitation>, StorageError> {
        let rows = query(format!("{INVITATIONS} ORDER BY invitation.created DESC, label, code"))
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        rows.iter().map(invitation_of).collect()
    }

    /// Every account by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accounts(&self) -> Result<Vec<Account>, StorageError> {
        let rows = query(format!("SELECT {COLUMNS} FROM coordinator_accounts ORDER BY folded"))
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        rows.iter().map(account_of).collect()
    }

    /// One account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(&self, account: AccountId) -> Result<Option<Account>, StorageError> {
        find(self.database.readers(), account).await
    }

    /// The account of this name and the hash of its password.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn password(&self, name: &str) -> Result<Option<(Account, String)>, StorageError> {
        let row = query(format!(
            "SELECT {COLUMNS}, password FROM coordinator_accounts WHERE folded = $1"
        ))
        .bind(folded(name))
        .fetch_optional(self.database.readers())
        .await
        .map_err(reading)?;
        row.map(|row| Ok((account_of(&row)?, row.try_get("password")?))).transpose()
    }

    /// Disable an account and end all its logins, or enable it again. `None` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_disabled(
        &self,
        account: AccountId,
        disabled: bool,
        now: Timestamp,
    ) -> Result<Option<Account>, StorageError> {
        let statement = "UPDATE coordinator_accounts SET disabled = $1 WHERE account = $2";
        self.change(statement, disabled.then_some(now.millis()).into(), account, now).await
    }

    /// Give an account another password and end all its logins. `None` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_password(
        &self,
        account: AccountId,
        password: String,
        now: Timestamp,
    ) -> Result<Option<Account>, StorageError> {
        let statement = "UPDATE coordinator_accounts SET password = $1 WHERE account = $2";
        self.change(statement, password.into(), account, now).await
    }

    /// Change an account in a way that ends its logins.
    async fn change(
        &self,
        statement: &'static str,
        value: Value,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<Account>, StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(statement)
                        .bind(value)
                        .bind(account.0.to_vec())
                        .execute(&mut *connection)
                        .await?;
                    end_logins(connection, account, now).await
                })
            })
            .await
    }
}

/// Names that can be taken for one another, as those that differ in capitals alone, are one name.
fn folded(name: &str) -> String {
    crate::base::name::look(name)
}

async fn insert(
    connection: &mut Connection,
    new: NewAccount,
    now: Timestamp,
) -> Result<Account, AccountError> {
    let NewAccount { account, name, role, password, key } = new;
    let taken = query("SELECT name FROM coordinator_accounts WHERE folded = $1")
        .bind(folded(&name))
        .fetch_optional(&mut *connection)
        .await?;
    if taken.is_some() {
        return Err(AccountError::NameTaken { name });
    }
    let key_bytes = key.map(|key| key.as_bytes().to_vec());
    let taken = query("SELECT name FROM coordinator_accounts WHERE bidder_key = $1")
        .bind(key_bytes.clone())
        .fetch_optional(&mut *connection)
        .await?;
    if taken.is_some() {
        return Err(AccountError::KeyTaken);
    }
    query(
        "INSERT INTO coordinator_accounts
             (account, name, folded, role, password, bidder_key, created, valid_from)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(account.0.to_vec())
    .bind(name.as_str())
    .bind(folded(&name))
    .bind(role.name())
    .bind(password)
    .bind(key_bytes)
    .bind(now.millis())
    // Tokens count in whole seconds; one made within this second is good.
    .bind(now.millis().div_euclid(1000) * 1000)
    .execute(&mut *connection)
    .await?;
    match find(&mut *connection, account).await? {
        Some(account) => Ok(account),
        None => Err(StorageError::Database(sqlx::Error::RowNotFound).into()),
    }
}

/// Whether a code can be redeemed now.
async fn good<'a>(
    source: impl Into<Source<'a>>,
    code: Digest,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let found = query(
        "SELECT expires FROM coordinator_invitations
         WHERE code = $1 AND redeemed IS NULL AND expires > $2",
    )
    .bind(code.0.to_vec())
    .bind(now.millis())
    .fetch_optional(source)
    .await
    .map_err(reading)?;
    Ok(found.is_some())
}

/// What is read of invitations.
const INVITATIONS: &str =
    "SELECT code, label, invitation.created AS created, expires, redeemed, name
     FROM coordinator_invitations AS invitation
     LEFT JOIN coordinator_accounts AS account ON account.account = invitation.account";

/// An invitation that was used up without an account was taken back.
fn invitation_of(row: &Row) -> Result<Invitation, StorageError> {
    let account: Option<String> = row.try_get("name")?;
    let used: Option<i64> = row.try_get("redeemed")?;
    Ok(Invitation {
        code: row.digest("code")?,
        label: row.try_get("label")?,
        created: row.time("created")?,
        expires: row.time("expires")?,
        revoked: used.filter(|_| account.is_none()).map(Timestamp::from_millis),
        account,
    })
}

async fn find<'a>(
    source: impl Into<Source<'a>>,
    account: AccountId,
) -> Result<Option<Account>, StorageError> {
    let row = query(format!("SELECT {COLUMNS} FROM coordinator_accounts WHERE account = $1"))
        .bind(account.0.to_vec())
        .fetch_optional(source)
        .await
        .map_err(reading)?;
    row.as_ref().map(account_of).transpose()
}

/// What [`account_of`] reads.
const COLUMNS: &str = "account, name, role, bidder_key, created, disabled, valid_from";

fn account_of(row: &Row) -> Result<Account, StorageError> {
    let role: &str = row.try_get("role")?;
    Ok(Account {
        account: AccountId(row.bytes("account")?),
        name: row.try_get("name")?,
        role: role.parse().map_err(|detail: &str| StorageError::Unreadable {
            what: "role",
            detail: detail.to_owned(),
        })?,
        key: row.maybe_bytes("bidder_key")?.map(PublicKey::from_bytes),
        created: row.time("created")?,
        disabled: row.maybe_time("disabled")?,
        valid_from: row.time("valid_from")?,
    })
}

/// Drop every refresh token of an account, and refuse all access tokens it was given so far.
async fn end_logins(
    connection: &mut Connection,
    account: AccountId,
    now: Timestamp,
) -> Result<Option<Account>, StorageError> {
    query("DELETE FROM coordinator_refresh_tokens WHERE account = $1")
        .bind(account.0.to_vec())
        .execute(&mut *connection)
        .await?;
    // Tokens are dated to the second, and those of a login in this second to the next one: each
    // time the logins of an account end, later tokens are of a later second than all before.
    query(
        "UPDATE coordinator_accounts
         SET valid_from = CASE WHEN valid_from >= $1 THEN valid_from + 1000 ELSE $1 END
         WHERE account = $2",
    )
    .bind((now.millis().div_euclid(1000) + 1) * 1000)
    .bind(account.0.to_vec())
    .execute(&mut *connection)
    .await?;
    find(connection, account).await
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "accounts_tests.rs"]
#[allow(clippy::duplicate_mod)] // the same tests again, on the other kind of store
mod tests_on_postgres;
