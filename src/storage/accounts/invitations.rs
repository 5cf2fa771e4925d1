//! Invitations: codes that make one account each, kept by their digests alone.

use std::fmt;

use super::super::StorageError;
use super::super::column::Columns as _;
use super::super::database::reading;
use super::super::sql::{Connection, Row, Source, query};
use super::{Account, AccountError, AccountStore, NewAccount, insert};
use crate::base::Timestamp;
use crate::identity::{AccountId, Digest, PublicKey};

/// An invitation to be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewInvitation {
    /// SHA-256 of the code.
    pub code: Digest,
    /// For whom, in the operator's words.
    pub label: Option<String>,
    /// The group that whoever it is for belongs to, in the operator's words.
    pub cohort: Option<String>,
    /// The only key that may redeem it, where one is known.
    pub key: Option<PublicKey>,
}

/// An invitation as stored; the code itself is not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invitation {
    /// SHA-256 of the code.
    pub code: Digest,
    /// For whom, in the operator's words.
    pub label: Option<String>,
    /// The group that whoever it is for belongs to, in the operator's words.
    pub cohort: Option<String>,
    /// The only key that may redeem it.
    pub key: Option<PublicKey>,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it can be redeemed.
    pub expires: Timestamp,
    /// When it was redeemed.
    pub redeemed: Option<Timestamp>,
    /// When it was taken back.
    pub revoked: Option<Timestamp>,
    /// Name of the account it became.
    pub account: Option<String>,
}

/// Why a code makes no account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unredeemable {
    /// No invitation has it.
    Unknown,
    /// It has made one.
    Redeemed,
    /// It was taken back.
    Revoked {
        /// When.
        at: Timestamp,
    },
    /// Its time is over.
    Expired {
        /// Since when.
        at: Timestamp,
    },
}

impl fmt::Display for Unredeemable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => {
                f.write_str("there is no invitation with this code: check what you typed")
            }
            Self::Redeemed => {
                f.write_str("the invitation has made an account before, and makes one only")
            }
            Self::Revoked { at } => write!(f, "the invitation was revoked by the operator at {at}"),
            Self::Expired { at } => write!(f, "the invitation has expired at {at}"),
        }
    }
}

impl Invitation {
    /// Why it cannot be redeemed at this time; `None` when it can.
    pub fn unredeemable(&self, now: Timestamp) -> Option<Unredeemable> {
        match (&self.account, self.revoked) {
            (Some(_), _) => Some(Unredeemable::Redeemed),
            (None, Some(at)) => Some(Unredeemable::Revoked { at }),
            (None, None) if self.expires <= now => Some(Unredeemable::Expired { at: self.expires }),
            (None, None) => None,
        }
    }
}

impl AccountStore {
    /// Redeem an invitation: the code is used up and the account made, or neither.
    ///
    /// # Errors
    /// When the code makes no account, or none with this key, or when name or key are taken.
    pub async fn redeem(
        &self,
        code: Digest,
        new: NewAccount,
        now: Timestamp,
    ) -> Result<Account, AccountError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    check(&mut *connection, code, new.key, now).await?;
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

    /// Check that an invitation could be redeemed now, with this key.
    ///
    /// # Errors
    /// Why it could not be.
    pub async fn redeemable(
        &self,
        code: Digest,
        key: PublicKey,
        now: Timestamp,
    ) -> Result<(), AccountError> {
        check(self.database.readers(), code, Some(key), now).await
    }

    /// Keep invitations, all or none. One whose code is kept already stays as it is, so that the
    /// same may be asked for again where an answer was lost.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn invite(
        &self,
        invitations: Vec<NewInvitation>,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    for NewInvitation { code, label, cohort, key } in invitations {
                        query(
                            "INSERT INTO coordinator_invitations
                             (code, label, cohort, bidder_key, created, expires)
                             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (code) DO NOTHING",
                        )
                        .bind(code.0.to_vec())
                        .bind(label)
                        .bind(cohort)
                        .bind(key.map(|key| key.as_bytes().to_vec()))
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
                    use_up(connection, code, now).await?;
                    match find(connection, code).await?.ok_or(AccountError::NoInvitation)? {
                        Invitation { account: Some(account), .. } => {
                            Err(AccountError::Redeemed { account })
                        }
                        revoked => Ok(revoked),
                    }
                })
            })
            .await
    }

    /// Take back every invitation that can be redeemed now, all in one: which these were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_unused(&self, now: Timestamp) -> Result<Vec<Invitation>, StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let open = format!(
                        "{INVITATIONS} WHERE redeemed IS NULL AND expires > $1 {LATEST_FIRST}"
                    );
                    let rows = query(open).bind(now.millis()).fetch_all(&mut *connection).await?;
                    let open: Vec<Invitation> =
                        rows.iter().map(invitation_of).collect::<Result<_, _>>()?;
                    for invitation in &open {
                        use_up(connection, invitation.code, now).await?;
                    }
                    let revoked = |invitation| Invitation { revoked: Some(now), ..invitation };
                    Ok(open.into_iter().map(revoked).collect())
                })
            })
            .await
    }

    /// The cohort of the invitation that became this account, if it had one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cohort_of(&self, account: AccountId) -> Result<Option<String>, StorageError> {
        let found = query("SELECT cohort FROM coordinator_invitations WHERE account = $1")
            .bind(account.0.to_vec())
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
        Ok(match found {
            Some(row) => row.try_get("cohort")?,
            None => None,
        })
    }

    /// Every invitation, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn invitations(&self) -> Result<Vec<Invitation>, StorageError> {
        let rows = query(format!("{INVITATIONS} {LATEST_FIRST}"))
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        rows.iter().map(invitation_of).collect()
    }
}

/// Use a code up, by no account, unless it was used before.
async fn use_up(
    connection: &mut Connection,
    code: Digest,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    query("UPDATE coordinator_invitations SET redeemed = $1 WHERE code = $2 AND redeemed IS NULL")
        .bind(now.millis())
        .bind(code.0.to_vec())
        .execute(connection)
        .await?;
    Ok(())
}

/// Refuse a code that cannot be redeemed now, with this key.
async fn check<'a>(
    source: impl Into<Source<'a>>,
    code: Digest,
    key: Option<PublicKey>,
    now: Timestamp,
) -> Result<(), AccountError> {
    let unknown = AccountError::Code(Unredeemable::Unknown);
    let invitation = find(source, code).await?.ok_or(unknown)?;
    if let Some(why) = invitation.unredeemable(now) {
        return Err(AccountError::Code(why));
    }
    if invitation.key.is_some() && invitation.key != key {
        return Err(AccountError::OtherKey);
    }
    Ok(())
}

async fn find<'a>(
    source: impl Into<Source<'a>>,
    code: Digest,
) -> Result<Option<Invitation>, StorageError> {
    let row = query(format!("{INVITATIONS} WHERE code = $1"))
        .bind(code.0.to_vec())
        .fetch_optional(source)
        .await
        .map_err(reading)?;
    row.as_ref().map(invitation_of).transpose()
}

/// What is read of invitations.
const INVITATIONS: &str =
    "SELECT code, label, cohort, invitation.bidder_key AS only_key, invitation.created AS created,
            expires, redeemed, name
     FROM coordinator_invitations AS invitation
     LEFT JOIN coordinator_accounts AS account ON account.account = invitation.account";

const LATEST_FIRST: &str = "ORDER BY invitation.created DESC, label, code";

/// An invitation that was used up without an account was taken back.
fn invitation_of(row: &Row) -> Result<Invitation, StorageError> {
    let account: Option<String> = row.try_get("name")?;
    let used = row.maybe_time("redeemed")?;
    Ok(Invitation {
        code: row.digest("code")?,
        label: row.try_get("label")?,
        cohort: row.try_get("cohort")?,
        key: row.maybe_bytes("only_key")?.map(PublicKey::from_bytes),
        created: row.time("created")?,
        expires: row.time("expires")?,
        redeemed: used.filter(|_| account.is_some()),
        revoked: used.filter(|_| account.is_none()),
        account,
    })
}
