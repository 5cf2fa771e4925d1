//! Accounts, invitations and refresh tokens of a coordinator.
//!
//! In: password hashes made elsewhere, digests of codes and tokens; never a password, a code or a
//! token itself. Every change that must not happen twice (a code redeemed, a refresh token used) is
//! decided inside the transaction that stores it.

mod invitations;
mod logins;

use super::column::Columns as _;
use super::database::reading;
use super::sql::{Connection, Row, Source, Value, query};
use super::{Database, StorageError};
use crate::base::Timestamp;
use crate::identity::{AccountId, AccountRole, PublicKey};

pub use invitations::{Invitation, NewInvitation, Unredeemable};
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
    /// The code makes no account.
    #[error("{0}; ask the operator for a new one")]
    Code(Unredeemable),
    /// The invitation is for whoever holds another key.
    #[error(
        "the invitation is bound to another key than this home's; redeem it from the home whose key you gave to the operator, or ask for a new one"
    )]
    OtherKey,
    /// No invitation has a code with this digest.
    #[error("there is no such invitation; `gavel invite --list` shows them")]
    NoInvitation,
    /// The invitation has become an account and cannot be taken back.
    #[error(
        "the invitation was redeemed as {account:?} and has no code left to take back; `gavel account disable` ends that account's logins, and what it has handed in stays in"
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
