//! A node's shares of variables that stay: staged with its own outcome, current once an outcome with
//! enough signatures is here. Shares come encrypted, and go out so.

use super::super::StorageError;
use super::super::database::reading;
use super::super::sql::{Connection, query};
use super::super::variables::{Stored, Variables};
use super::{NodeStore, SESSIONS};
use crate::identity::{Blob, Signed, Statement as _};
use crate::session::manifest::CoSigned;
use crate::session::{Announcement, Outcome, SessionId};

const VARIABLES: Variables = Variables::Node;

/// A share that is to stay, encrypted.
#[derive(Clone)]
pub struct Staged {
    /// The variable's name.
    pub name: String,
    /// The share.
    pub share: Blob,
}

impl NodeStore {
    /// All stored variables, each with whether this node has a share of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn variables(&self) -> Result<Vec<(Stored, bool)>, StorageError> {
        let all = VARIABLES.all(self.database.readers()).await?;
        let rows = query("SELECT name FROM node_variables WHERE share IS NOT NULL")
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        let names = rows.iter().map(|row| Ok(row.try_get::<String, _>("name")?));
        let names = names.collect::<Result<std::collections::HashSet<_>, StorageError>>()?;
        let with = |stored: Stored| {
            let share = names.contains(&stored.variable.name);
            (stored, share)
        };
        Ok(all.into_iter().map(with).collect())
    }

    /// A stored variable.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn variable(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        VARIABLES.find(self.database.readers(), name).await
    }

    /// This node's share of a stored variable as a session dealt it, encrypted; none where it has
    /// none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn share(
        &self,
        session: SessionId,
        name: &str,
    ) -> Result<Option<Blob>, StorageError> {
        let select = "SELECT share FROM node_variables
                      WHERE name = $1 AND COALESCE(dealt, session) = $2";
        let row = query(select)
            .bind(name)
            .bind(session.0.to_vec())
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
        let bytes = row.map(|row| row.try_get::<Option<Vec<u8>>, _>("share")).transpose()?;
        Ok(bytes.flatten().map(Blob))
    }
}

/// Stage what came with this node's own outcome, in the place of what an earlier attempt staged.
pub(super) async fn stage(
    connection: &mut Connection,
    session: SessionId,
    staged: Vec<Staged>,
) -> Result<(), StorageError> {
    drop_staged(connection, session).await?;
    for Staged { name, share } in staged {
        query("INSERT INTO node_staged (session, name, share) VALUES ($1, $2, $3)")
            .bind(session.0.to_vec())
            .bind(name)
            .bind(share.0)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Drop what is staged: there will be no outcome that it belongs to.
pub(super) async fn drop_staged(
    connection: &mut Connection,
    session: SessionId,
) -> Result<(), StorageError> {
    query("DELETE FROM node_staged WHERE session = $1")
        .bind(session.0.to_vec())
        .execute(connection)
        .await?;
    Ok(())
}

/// Make the changes that the outcome brings. What this node staged for it becomes current; what it
/// computed in another attempt, or not at all, it has no share of.
pub(super) async fn settle(
    connection: &mut Connection,
    outcome: &CoSigned<Outcome>,
) -> Result<(), StorageError> {
    let session = outcome.body.session;
    let announcement = SESSIONS.load::<Signed<Announcement>>(&mut *connection, session).await?;
    let Some(announcement) = announcement else { return Ok(()) };
    let changed = VARIABLES.change(connection, &announcement.body, &outcome.body).await?;
    let own = SESSIONS.load::<Signed<Outcome>>(&mut *connection, session).await?;
    let computed = own.is_some_and(|own| own.body.digest() == outcome.body.digest());
    for name in changed {
        let session = session.0.to_vec();
        let share = if computed {
            "(SELECT share FROM node_staged WHERE session = $2 AND name = $1)"
        } else {
            "NULL"
        };
        query(format!(
            "UPDATE node_variables SET share = {share}
             WHERE name = $1 AND COALESCE(dealt, session) = $2"
        ))
        .bind(name)
        .bind(session)
        .execute(&mut *connection)
        .await?;
    }
    drop_staged(connection, session).await
}

#[cfg(test)]
#[path = "variables_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "variables_tests.rs"]
#[allow(clippy::duplicate_mod)] // the same tests again, on the other kind of store
mod tests_on_postgres;
