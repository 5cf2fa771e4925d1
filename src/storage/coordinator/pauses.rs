//! Orders to take no entries for a while, or to take them again, and which nodes have heard them.

use super::super::StorageError;
use super::super::sql::query;
use super::{CoordinatorStore, SESSIONS, enter};
use crate::base::Timestamp;
use crate::identity::Signed;
use crate::session::pause::PauseOrder;
use crate::session::phase::PhaseError;
use crate::session::{Phase, SessionId};
use crate::sharing::NodeIndex;

impl CoordinatorStore {
    /// Keep an order of the operator with the phase that follows, before any node hears of it.
    /// `reason` is what the session's timeline says of it.
    ///
    /// # Errors
    /// `Phase` when the session's phase does not allow it, or a later order is kept.
    pub async fn order(
        &self,
        order: &Signed<PauseOrder>,
        reason: String,
        now: Timestamp,
    ) -> Result<Phase, StorageError> {
        let order = order.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let (session, step) = (order.body.session, order.body.step());
                    let phase = SESSIONS.phase(&mut *connection, session).await?;
                    phase.after(step)?;
                    if SESSIONS.order(&mut *connection, &order).await?.is_none() {
                        return Err(PhaseError { phase, step }.into());
                    }
                    enter(connection, session, step, Some(reason), now).await
                })
            })
            .await
    }

    /// Note that a node follows the order of this time, or a later one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_heard(
        &self,
        session: SessionId,
        node: NodeIndex,
        order: Timestamp,
    ) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "UPDATE coordinator_acknowledgements SET heard = $1
                         WHERE session = $2 AND node = $3 AND (heard IS NULL OR heard < $1)",
                    )
                    .bind(order.millis())
                    .bind(session.0.to_vec())
                    .bind(i64::from(node.get()))
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Follow an order that a node has kept and the coordinator lost. The phase after, where it has
    /// changed; one that is no later than the order kept, or comes after bidding has ended, changes
    /// nothing.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn take_order(
        &self,
        order: &Signed<PauseOrder>,
        reason: String,
        now: Timestamp,
    ) -> Result<Option<Phase>, StorageError> {
        let order = order.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let Some(step) = SESSIONS.order(&mut *connection, &order).await? else {
                        return Ok(None);
                    };
                    let session = order.body.session;
                    enter(connection, session, step, Some(reason), now).await.map(Some)
                })
            })
            .await
    }
}
