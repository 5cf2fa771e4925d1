//! Orders of the coordinator to take no entries for a while, or to take them again.

use super::super::StorageError;
use super::super::column::Columns as _;
use super::{NodeStore, SESSIONS};
use crate::identity::Signed;
use crate::session::pause::PauseOrder;
use crate::session::{Phase, SessionId};

impl NodeStore {
    /// Follow an order that has been checked. From this commit on, entries are refused or taken as
    /// it says. The phase after, where it has changed; an earlier order than the one kept, or one
    /// that comes after bidding has ended, changes nothing.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn follow_order(
        &self,
        order: &Signed<PauseOrder>,
    ) -> Result<Option<Phase>, StorageError> {
        let (session, order) = (order.body.session, order.clone());
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let Some(step) = SESSIONS.order(&mut *connection, &order).await? else {
                        return Ok(None);
                    };
                    SESSIONS.step(connection, session, step, order.body.why).await.map(Some)
                })
            })
            .await
    }

    /// The last order of the coordinator, if it has given any.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn pause_order(
        &self,
        session: SessionId,
    ) -> Result<Option<Signed<PauseOrder>>, StorageError> {
        SESSIONS.row(self.database.readers(), session, "pause").await?.maybe_document("pause")
    }
}
