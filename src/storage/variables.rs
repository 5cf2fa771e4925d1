//! Variables that stay after their job: what both stores know of them, and how an outcome changes it.
//!
//! Of two sessions that change one name the later opened holds, in whichever order their outcomes come
//! in. So a name that is forgotten keeps its row, without a variable. A session that only deals a
//! variable anew changes neither who made it nor when.

use super::StorageError;
use super::column::{Columns as _, json};
use super::database::Database;
use super::database::reading;
use super::sql::{Connection, Row, Source, query};
use crate::base::Timestamp;
use crate::identity::roster::NodeCard;
use crate::identity::{Digest, Roster};
use crate::rules::job::{Change, Earlier, StoredVariable};
use crate::session::{Announcement, Outcome, SessionId};

/// A variable that is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// What everyone knows of it.
    pub variable: StoredVariable,
    /// The session whose job made it.
    pub session: SessionId,
    /// The step that did.
    pub step: String,
    /// The session that dealt its shares last, and into whose outcome they are bound.
    pub dealt: SessionId,
    /// The roster that its components are shared for.
    pub roster: Digest,
    /// When that session was opened.
    pub made: Timestamp,
    /// When the session that dealt its shares last was opened.
    pub refreshed: Timestamp,
}

impl Stored {
    /// Among whom it is shared, where that is not the present roster or one that it succeeds: of each
    /// present node, which one it was then.
    ///
    /// # Errors
    /// When the database fails, or lacks the roster that it was shared for.
    pub async fn earlier(
        &self,
        database: &Database,
        present: &Roster,
    ) -> Result<Option<Earlier>, StorageError> {
        if present.covers(&self.roster) {
            return Ok(None);
        }
        let unreadable = |detail: String| StorageError::Unreadable { what: "roster", detail };
        let before = database.roster(&self.roster).await?.ok_or_else(|| {
            unreadable(format!("the roster {} is not kept here", self.roster.short()))
        })?;
        let place = |card: &NodeCard| before.body.index_of(&card.key);
        let places = present.nodes.iter().map(place).collect();
        let earlier = Earlier::new(before.body.scheme, places);
        earlier.map(Some).map_err(|error| unreadable(error.to_owned()))
    }
}

/// The columns of a row.
const COLUMNS: &str =
    "variable, session, step, COALESCE(dealt, session) AS dealt, roster, made, refreshed";

/// A store's table of variables.
#[derive(Clone, Copy)]
pub(super) enum Variables {
    /// The node's.
    Node,
    /// The coordinator's.
    Coordinator,
}

impl Variables {
    const fn table(self) -> &'static str {
        match self {
            Self::Node => "node_variables",
            Self::Coordinator => "coordinator_variables",
        }
    }

    /// All that are stored, in the order of their names.
    pub(super) async fn all<'a>(
        self,
        source: impl Into<Source<'a>>,
    ) -> Result<Vec<Stored>, StorageError> {
        let select = format!(
            "SELECT {COLUMNS} FROM {} WHERE variable IS NOT NULL ORDER BY name",
            self.table()
        );
        let rows = query(select).fetch_all(source).await.map_err(reading)?;
        rows.iter().map(stored_of).collect()
    }

    /// The one under a name.
    pub(super) async fn find<'a>(
        self,
        source: impl Into<Source<'a>>,
        name: &str,
    ) -> Result<Option<Stored>, StorageError> {
        let select = format!(
            "SELECT {COLUMNS} FROM {} WHERE name = $1 AND variable IS NOT NULL",
            self.table()
        );
        let row = query(select).bind(name).fetch_optional(source).await.map_err(reading)?;
        row.as_ref().map(stored_of).transpose()
    }

    /// Whether there is one under a name.
    async fn knows(self, connection: &mut Connection, name: &str) -> Result<bool, StorageError> {
        let select =
            format!("SELECT name FROM {} WHERE name = $1 AND variable IS NOT NULL", self.table());
        let row = query(select).bind(name).fetch_optional(connection).await?;
        Ok(row.is_some())
    }

    /// Make the changes that an outcome brings, in its transaction. Gives the names that it
    /// changed.
    pub(super) async fn change(
        self,
        connection: &mut Connection,
        announcement: &Announcement,
        outcome: &Outcome,
    ) -> Result<Vec<String>, StorageError> {
        let mut changed = Vec::new();
        for change in announcement.terms.question.changes(&outcome.answer) {
            let (name, variable, step, anew) = match change {
                Change::Keep { variable, step } => {
                    (variable.name.clone(), Some(variable), step, false)
                }
                Change::Refresh { variable, step } => {
                    (variable.name.clone(), Some(variable), step, true)
                }
                Change::Forget { name } => (name, None, String::new(), false),
            };
            let text = variable.as_ref().map(|variable| json("variable", variable)).transpose()?;
            // Whoever comes to know of a variable by its dealing takes that for its making.
            let made = "session = excluded.session, step = excluded.step, made = excluded.made,";
            let made = if anew && self.knows(connection, &name).await? { "" } else { made };
            // A name that a later session has changed already stays as it is.
            let put = format!(
                "INSERT INTO {table} (name, variable, session, step, dealt, roster, made, refreshed)
                 VALUES ($1, $2, $3, $4, $3, $5, $6, $6)
                 ON CONFLICT (name) DO UPDATE SET variable = excluded.variable, {made}
                    dealt = excluded.dealt, roster = excluded.roster,
                    refreshed = excluded.refreshed
                 WHERE {table}.refreshed < excluded.refreshed
                    OR ({table}.refreshed = excluded.refreshed
                        AND COALESCE({table}.dealt, {table}.session) <= excluded.dealt)",
                table = self.table()
            );
            let done = query(put)
                .bind(name.as_str())
                .bind(text)
                .bind(outcome.session.0.to_vec())
                .bind(step)
                .bind(announcement.roster.0.to_vec())
                .bind(announcement.opened.millis())
                .execute(&mut *connection)
                .await?;
            if done.rows_affected() > 0 {
                changed.push(name);
            }
        }
        Ok(changed)
    }
}

fn stored_of(row: &Row) -> Result<Stored, StorageError> {
    Ok(Stored {
        variable: row.document("variable")?,
        session: row.session()?,
        dealt: SessionId(row.bytes("dealt")?),
        step: row.try_get("step")?,
        roster: row.digest("roster")?,
        made: row.time("made")?,
        refreshed: row.time("refreshed")?,
    })
}
