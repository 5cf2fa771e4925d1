//! A client's side: from a promised batch to a score.

use std::sync::Arc;

use tokio::sync::watch;

use super::course::Course;
use super::error::MeetingError;
use super::halves::Halves;
use super::meeting::{Agreed, Done, Patience, Seat};
use super::said::{Call, Door, Said};
use crate::base::Clock;
use crate::identity::{Digest, KeyPair, Signed, Statement as _};
use crate::runs::score::Mine;
use crate::session::scoring::{BatchPromise, ModelTerms};
use crate::sharing::NodeIndex;
use crate::sharing::pair::Party;
use crate::transport::connect::connect_unproven;
use crate::transport::streams::line::{Line, LineError};
use crate::transport::streams::upgrade::BoxIo;

/// What both speak over TLS.
pub const PROTOCOL: &[u8] = b"gavel-score/1";

/// The owner's clock may be so far from the client's, in milliseconds.
const CLOCKS: u64 = 10 * 60_000;

/// What a client asks for.
pub struct Asked<'a> {
    /// The owner's address: host and port.
    pub address: &'a str,
    /// The model, as its owner signed it; checked.
    pub terms: &'a ModelTerms,
    /// The coordinator's promise of a batch.
    pub promise: &'a Signed<BatchPromise>,
    /// The sheet in fixed point.
    pub sheet: &'a [i64],
    /// The client's key.
    pub keys: &'a KeyPair,
    /// Where its half comes from.
    pub halves: &'a dyn Halves,
    /// How long the owner is waited for.
    pub patience: Patience,
}

/// Get a score; `course` is told how far it is.
///
/// # Errors
/// Says whose fault it is. The batch is used up if the dealers gave the client's half out.
pub async fn score(
    asked: &Asked<'_>,
    course: &watch::Sender<Course>,
) -> Result<Done, MeetingError> {
    let connected = connect_unproven(asked.address, PROTOCOL, asked.patience.message).await;
    let (io, certificate) = connected?;
    over(asked, Box::new(io), certificate, course).await
}

/// The same over a connection that shows this certificate.
pub(super) async fn over(
    asked: &Asked<'_>,
    io: BoxIo,
    certificate: Digest,
    course: &watch::Sender<Course>,
) -> Result<Done, MeetingError> {
    let owner = NodeIndex::new(2).ok_or(MeetingError::Randomness)?;
    let line = Arc::new(Line::new(owner, io, asked.patience.message));
    let seat = Seat {
        party: Party::Client,
        keys: asked.keys,
        halves: asked.halves,
        line: &line,
        patience: asked.patience,
        course,
    };
    let outcome = sit(asked, &seat, certificate).await;
    match &outcome {
        Ok(_) => line.close().await,
        Err(error) => seat.part(error).await,
    }
    outcome
}

async fn sit(
    asked: &Asked<'_>,
    seat: &Seat<'_>,
    certificate: Digest,
) -> Result<Done, MeetingError> {
    let doing = "waiting for the model's owner to say who it is";
    let door: Result<Signed<Door>, _> = seat.line.hear(asked.patience.message).await;
    let door = door.map_err(|source| MeetingError::Line { doing, source })?;
    let owner = &asked.terms.owner;
    let proven = door.verify(owner).is_ok()
        && door.body.owner == *owner
        && door.body.certificate == certificate;
    if !proven {
        return Err(MeetingError::NotTheOwner { address: asked.address.to_owned() });
    }
    let call = Call { door: door.body.digest(), promise: asked.promise.clone() };
    let call = Signed::new(call, asked.keys);
    let told = seat.line.tell(&call).await;
    told.map_err(|source| MeetingError::Line { doing: "asking for a score", source })?;
    let doing = "waiting for the model's owner to agree";
    let Said::Agreed { at } = seat.hear(doing, asked.patience.message).await? else {
        return Err(MeetingError::Line { doing, source: LineError::NotDue });
    };
    let off = at.millis().abs_diff(Clock::System.now().millis());
    if off > CLOCKS {
        return Err(MeetingError::Clock { minutes: off / 60_000 });
    }
    let agreed =
        Agreed { terms: asked.terms, promise: asked.promise, door: &door, call: &call, at };
    seat.compute(&agreed, Mine::Sheet(asked.sheet)).await
}
