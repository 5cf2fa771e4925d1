//! Variables that stay after their job: what both stores know of them, and how an outcome changes it.
//!
//! Of two sessions that change one name the later opened holds, in whichever order their outcomes come
//! in. So a name that is forgotten keeps its row, without a variable.

use super::StorageError;
use super::column::{Columns as _, json};
use super::database::reading;
use super::sql::{Connection, Row, Source, query};
use crate::base::Timestamp;
use crate::identity::Digest;
use crate::rules::job::{Change, StoredVariable};
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
    /// The roster that its components are shared for.
    pub roster: Digest,
    /// When that session was opened.
    pub made: Timestamp,
    /// When it was shared last.
    pub refreshed: Timestamp,
}

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
            "SELECT variable, session, step, roster, made, refreshed FROM {}
             WHERE variable IS NOT NULL ORDER BY name",
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
            "SELECT variable, session, step, roster, made, refreshed FROM {}
             WHERE name = $1 AND variable IS NOT NULL",
            self.table()
        );
        let row = query(select).bind(name).fetch_optional(source).await.map_err(reading)?;
        row.as_ref().map(stored_of).transpose()
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
            let (name, variable, step) = match change {
                Change::Keep { variable, step } => (variable.name.clone(), Some(variable), step),
                Change::Forget { name } => (name, None, String::new()),
            };
            let text = variable.as_ref().map(|variable| json("variable", variable)).transpose()?;
            // A name that a later session has changed already stays as it is.
            let put = format!(
                "INSERT INTO {table} (name, variable, session, step, roster, made, refreshed)
                 VALUES ($1, $2, $3, $4, $5, $6, $6)
                 ON CONFLICT (name) DO UPDATE SET variable = excluded.variable,
                    session = excluded.session, step = excluded.step, roster = excluded.roster,
                    made = excluded.made, refreshed = excluded.refreshed
                 WHERE {table}.made < excluded.made
                    OR ({table}.made = excluded.made AND {table}.session <= excluded.session)",
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
        step: row.try_get("step")?,
        roster: row.digest("roster")?,
        made: row.time("made")?,
        refreshed: row.time("refreshed")?,
    })
}
