//! What nodes have sealed to those of the next roster, for as long as it may take until these are there.

use super::super::StorageError;
use super::super::column::Columns as _;
use super::super::database::reading;
use super::super::documents::{from_binary, to_binary};
use super::super::sql::query;
use super::CoordinatorStore;
use crate::identity::Signed;
use crate::session::{Letters, SessionId};
use crate::sharing::{NodeIndex, NodeSet};

impl CoordinatorStore {
    /// Keep what a node has sealed, in the place of what it had before.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn put_letters(
        &self,
        session: SessionId,
        node: NodeIndex,
        letters: &Signed<Letters>,
    ) -> Result<(), StorageError> {
        let letters = to_binary("letters", letters)?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "INSERT INTO coordinator_letters (session, node, letters)
                         VALUES ($1, $2, $3)
                         ON CONFLICT (session, node) DO UPDATE SET letters = excluded.letters",
                    )
                    .bind(session.0.to_vec())
                    .bind(i64::from(node.get()))
                    .bind(letters)
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// What the nodes have sealed, of those from whom it is kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn letters(&self, session: SessionId) -> Result<Vec<Signed<Letters>>, StorageError> {
        let rows =
            query("SELECT letters FROM coordinator_letters WHERE session = $1 ORDER BY node")
                .bind(session.0.to_vec())
                .fetch_all(self.database.readers())
                .await
                .map_err(reading)?;
        let letters = rows.iter().map(|row| from_binary("letters", row));
        Ok(letters.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// The sessions of which letters are kept, the latest first, and from which nodes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lettered(&self) -> Result<Vec<(SessionId, NodeSet)>, StorageError> {
        let rows = query(
            "SELECT l.session AS session, l.node AS node FROM coordinator_letters l
             JOIN coordinator_sessions s ON s.session = l.session
             ORDER BY s.opened DESC, l.session, l.node",
        )
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        let mut all: Vec<(SessionId, NodeSet)> = Vec::new();
        for row in &rows {
            let (session, node) = (row.session()?, row.number::<u8>("node")?);
            if all.last().is_none_or(|(last, _)| *last != session) {
                all.push((session, NodeSet::EMPTY));
            }
            let node = NodeIndex::new(node);
            if let (Some((_, nodes)), Some(node)) = (all.last_mut(), node) {
                nodes.insert(node);
            }
        }
        Ok(all)
    }
}
