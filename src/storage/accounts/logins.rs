//! Logins: families of refresh tokens, each good once.

use super::super::StorageError;
use super::super::column::Columns as _;
use super::super::sql::{Connection, query};
use super::{Account, AccountStore, find};
use crate::base::Timestamp;
use crate::identity::{AccountId, Digest};

/// What a refresh token turned out to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refreshed {
    /// Good, and used up now; the new one is stored.
    Good(Account),
    /// It had been used before: the whole family is revoked.
    Reused(AccountId),
    /// Unknown, expired, or of a disabled account.
    Unknown,
}

impl AccountStore {
    /// Begin a login: keep its first refresh token. What has expired of the account's is dropped.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(
        &self,
        account: AccountId,
        family: [u8; 16],
        token: Digest,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "DELETE FROM coordinator_refresh_tokens
                         WHERE account = $1 AND expires <= $2",
                    )
                    .bind(account.0.to_vec())
                    .bind(now.millis())
                    .execute(&mut *connection)
                    .await?;
                    keep(connection, account, &family, token, expires).await
                })
            })
            .await
    }

    /// Use a refresh token up and keep the next of its family.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rotate(
        &self,
        token: Digest,
        next: Digest,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<Refreshed, StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let row = query(
                        "SELECT family, account, expires, used
                         FROM coordinator_refresh_tokens WHERE token = $1",
                    )
                    .bind(token.0.to_vec())
                    .fetch_optional(&mut *connection)
                    .await?;
                    let Some(row) = row else { return Ok(Refreshed::Unknown) };
                    let family: [u8; 16] = row.bytes("family")?;
                    let account = AccountId(row.bytes("account")?);
                    if row.maybe_time("used")?.is_some() {
                        drop_family(connection, &family).await?;
                        return Ok(Refreshed::Reused(account));
                    }
                    let found = find(&mut *connection, account).await?;
                    let Some(found) = found.filter(|found| found.disabled.is_none()) else {
                        return Ok(Refreshed::Unknown);
                    };
                    if row.time("expires")? <= now {
                        return Ok(Refreshed::Unknown);
                    }
                    query("UPDATE coordinator_refresh_tokens SET used = $1 WHERE token = $2")
                        .bind(now.millis())
                        .bind(token.0.to_vec())
                        .execute(&mut *connection)
                        .await?;
                    keep(connection, account, &family, next, expires).await?;
                    Ok(Refreshed::Good(found))
                })
            })
            .await
    }

    /// End the login that a refresh token belongs to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end(&self, token: Digest) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let row =
                        query("SELECT family FROM coordinator_refresh_tokens WHERE token = $1")
                            .bind(token.0.to_vec())
                            .fetch_optional(&mut *connection)
                            .await?;
                    if let Some(row) = row {
                        drop_family(connection, &row.bytes("family")?).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

async fn keep(
    connection: &mut Connection,
    account: AccountId,
    family: &[u8; 16],
    token: Digest,
    expires: Timestamp,
) -> Result<(), StorageError> {
    query(
        "INSERT INTO coordinator_refresh_tokens (token, family, account, expires)
         VALUES ($1, $2, $3, $4)",
    )
    .bind(token.0.to_vec())
    .bind(family.to_vec())
    .bind(account.0.to_vec())
    .bind(expires.millis())
    .execute(connection)
    .await?;
    Ok(())
}

async fn drop_family(connection: &mut Connection, family: &[u8; 16]) -> Result<(), StorageError> {
    query("DELETE FROM coordinator_refresh_tokens WHERE family = $1")
        .bind(family.to_vec())
        .execute(connection)
        .await?;
    Ok(())
}
