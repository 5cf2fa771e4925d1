//! Orders to pause and to go on, as node and coordinator keep them: alike, the latest of each session.

use super::StorageError;
use super::column::{Columns as _, json};
use super::documents::Sessions;
use super::sql::Connection;
use crate::identity::Signed;
use crate::session::pause::PauseOrder;
use crate::session::phase::{Phase, Step};

impl Sessions {
    /// Keep an order that is later than the one kept, while bidding has not ended. The step that
    /// follows from it: `None` where it changes nothing, being no later or saying the same.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub(super) async fn order(
        self,
        connection: &mut Connection,
        order: &Signed<PauseOrder>,
    ) -> Result<Option<Step>, StorageError> {
        let PauseOrder { session, paused, at, .. } = order.body;
        let row = self.row(&mut *connection, session, "phase, ordered").await?;
        let (phase, last) = (row.phase()?, row.maybe_time("ordered")?);
        if !phase.is_bidding() || last.is_some_and(|last| at <= last) {
            return Ok(None);
        }
        self.set(&mut *connection, session, "pause", json("pause", order)?).await?;
        self.set(connection, session, "ordered", at.millis()).await?;
        Ok((paused != (phase == Phase::Paused)).then(|| order.body.step()))
    }
}
