//! Names of bidders, each bound to a key once.

use super::{CoordinatorStore, SESSIONS};
use crate::base::Timestamp;
use crate::base::name::{NameError, check_name, look};
use crate::identity::PublicKey;
use crate::session::SessionId;
use crate::session::phase::Phase;
use crate::storage::StorageError;
use crate::storage::column::Columns as _;
use crate::storage::sql::query;

/// Why a bidder was not admitted.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// The name belongs to another key.
    #[error(
        "the name {bidder:?} is taken in this session; bid with the key that took it, or under another name"
    )]
    Taken {
        /// The name that is taken.
        bidder: String,
    },
    /// A name that does not belong on a screen.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A name that can be taken for another one.
    #[error(
        "the name {bidder:?} looks like that of {other:?}, who takes part in this session already; bid under another name"
    )]
    LooksAlike {
        /// The name.
        bidder: String,
        /// The one that was admitted.
        other: String,
    },
    /// As many bidders as the terms allow.
    #[error("the session takes {most} bidders, and as many are admitted; no more get in")]
    Full {
        /// As the terms say.
        most: u32,
    },
    /// Bidding has ended.
    #[error("the session is {phase} and admits no more bidders")]
    NotOpen {
        /// The phase that the session is in.
        phase: Phase,
    },
    /// The store failed. Nothing was stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<sqlx::Error> for AdmitError {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error.into())
    }
}

impl CoordinatorStore {
    /// Bind a bidder's name to a key, once. Whether it is new; the same key again changes nothing.
    ///
    /// # Errors
    /// As [`CoordinatorStore::admit_to`].
    pub async fn admit(
        &self,
        session: SessionId,
        bidder: &str,
        key: PublicKey,
        now: Timestamp,
    ) -> Result<bool, AdmitError> {
        self.admit_to(session, bidder, key, None, now).await
    }

    /// The same with the cohort that the operator assigns, by name. Whoever is admitted already keeps
    /// the cohort that was assigned first.
    ///
    /// # Errors
    /// `Taken` when the name belongs to another key, `LooksAlike` when it can be taken for another
    /// one, `Full` when no more bidders are taken; `NotOpen` after closing.
    pub async fn admit_to(
        &self,
        session: SessionId,
        bidder: &str,
        key: PublicKey,
        cohort: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, AdmitError> {
        check_name("the bidder's name", bidder)?;
        let cohort = cohort.map(ToOwned::to_owned);
        let (bidder, look) = (bidder.to_owned(), look(bidder));
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let columns = "phase, bidders, max_bids";
                    let row = SESSIONS.row(&mut *connection, session, columns).await?;
                    let phase = row.phase()?;
                    let (bidders, most): (u32, u32) =
                        (row.number("bidders")?, row.number("max_bids")?);
                    let held = query(
                        "SELECT bidder, bidder_key FROM coordinator_admissions
                         WHERE session = $1 AND (bidder = $2 OR look = $3)
                         ORDER BY CASE WHEN bidder = $2 THEN 0 ELSE 1 END LIMIT 1",
                    )
                    .bind(session.0.to_vec())
                    .bind(bidder.as_str())
                    .bind(look.as_str())
                    .fetch_optional(&mut *connection)
                    .await?;
                    if let Some(row) = held {
                        let other: String = row.try_get("bidder")?;
                        return if other != bidder {
                            Err(AdmitError::LooksAlike { bidder, other })
                        } else if row.bytes("bidder_key")? == *key.as_bytes() {
                            Ok(false)
                        } else {
                            Err(AdmitError::Taken { bidder })
                        };
                    }
                    if !matches!(phase, Phase::Draft | Phase::Open) {
                        return Err(AdmitError::NotOpen { phase });
                    }
                    if bidders >= most {
                        return Err(AdmitError::Full { most });
                    }
                    SESSIONS.set(connection, session, "bidders", i64::from(bidders) + 1).await?;
                    query(
                        "INSERT INTO coordinator_admissions
                         (session, bidder, bidder_key, admitted, look, cohort)
                         VALUES ($1, $2, $3, $4, $5, $6)",
                    )
                    .bind(session.0.to_vec())
                    .bind(bidder)
                    .bind(key.as_bytes().to_vec())
                    .bind(now.millis())
                    .bind(look)
                    .bind(cohort)
                    .execute(connection)
                    .await?;
                    Ok(true)
                })
            })
            .await
    }
}
