//! What this node has sealed to those whom an outcome tells something alone: kept with its own
//! outcome, given out once that one has settled the session.

use super::super::StorageError;
use super::super::column::Columns as _;
use super::super::documents::from_binary;
use super::super::sql::{Connection, Value};
use super::{NodeStore, SESSIONS, Staged};
use crate::identity::Signed;
use crate::session::{Letters, Phase, SessionId};

/// What is kept with a node's own outcome.
#[derive(Default)]
pub struct Staging {
    /// Shares that are to stay, encrypted.
    pub shares: Vec<Staged>,
    /// What is sealed to some alone, where anything is.
    pub letters: Option<Signed<Letters>>,
}

#[cfg(test)]
impl From<Vec<Staged>> for Staging {
    fn from(shares: Vec<Staged>) -> Self {
        Self { shares, letters: None }
    }
}

impl NodeStore {
    /// What this node has sealed of a settled session to those whom it tells something alone; none
    /// where there is nothing, where the session is not settled, and where another attempt than this
    /// node's own settled it.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn letters(
        &self,
        session: SessionId,
    ) -> Result<Option<Signed<Letters>>, StorageError> {
        let row = SESSIONS.row(self.database.readers(), session, "phase, letters").await?;
        if row.phase()? != Phase::Settled {
            return Ok(None);
        }
        from_binary("letters", &row)
    }
}

/// Keep what came with this node's own outcome, in the place of what an earlier attempt left.
pub(super) async fn set(
    connection: &mut Connection,
    session: SessionId,
    letters: Option<Value>,
) -> Result<(), StorageError> {
    match letters {
        Some(letters) => SESSIONS.set(connection, session, "letters", letters).await,
        None => drop_all(connection, session).await,
    }
}

/// Drop them: no outcome that they belong to settles the session.
pub(super) async fn drop_all(
    connection: &mut Connection,
    session: SessionId,
) -> Result<(), StorageError> {
    let none: Option<Vec<u8>> = None;
    SESSIONS.set(connection, session, "letters", none).await
}
