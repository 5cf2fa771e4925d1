//! An owner's side of one connection: who is let in, and with what.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::watch;

use super::course::Course;
use super::error::MeetingError;
use super::halves::Halves;
use super::meeting::{Agreed, Done, Patience, Seat};
use super::said::{Call, Door, Said, Why};
use crate::base::{Clock, lock};
use crate::identity::{Digest, KeyPair, PublicKey, Signed, Statement as _};
use crate::rules::model::Weights;
use crate::runs::score::{Mine, material};
use crate::session::scoring::{BatchId, BatchPromise, ModelTerms};
use crate::sharing::NodeIndex;
use crate::sharing::pair::Party;
use crate::transport::streams::line::Line;
use crate::transport::streams::upgrade::BoxIo;

/// Who may ask for scores.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Admitted {
    /// Whoever the coordinator promises a batch to.
    Anyone,
    /// These keys.
    Keys(HashSet<PublicKey>),
}

impl Admitted {
    fn admits(&self, key: &PublicKey) -> bool {
        match self {
            Self::Anyone => true,
            Self::Keys(keys) => keys.contains(key),
        }
    }
}

/// A client that has proven its key and is being scored.
#[derive(Clone, Debug)]
pub struct Guest {
    /// Its number: they are counted.
    pub number: u64,
    /// Since when it is here.
    pub since: Instant,
    /// Its key.
    pub client: PublicKey,
    /// The model.
    pub model: Digest,
    /// How far its score is.
    pub course: Course,
}

/// Those who are here, each with what it is told by.
#[derive(Default)]
struct Guests {
    next: u64,
    here: BTreeMap<u64, (Guest, watch::Receiver<Course>)>,
}

/// One of them, who is gone when this is.
struct Place<'a> {
    guests: &'a Mutex<Guests>,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        lock(self.guests).here.remove(&self.number);
    }
}

/// A model's owner, as clients meet it.
pub struct Owner {
    keys: KeyPair,
    coordinator: PublicKey,
    admitted: Admitted,
    models: BTreeMap<Digest, (ModelTerms, Weights)>,
    halves: Arc<dyn Halves>,
    patience: Patience,
    used: Mutex<HashSet<BatchId>>,
    guests: Mutex<Guests>,
}

impl Owner {
    /// An owner with these models, who believes this coordinator's promises.
    pub fn new(
        keys: KeyPair,
        coordinator: PublicKey,
        admitted: Admitted,
        models: impl IntoIterator<Item = (ModelTerms, Weights)>,
        halves: Arc<dyn Halves>,
        patience: Patience,
    ) -> Self {
        let models = models.into_iter().map(|(terms, weights)| (terms.id(), (terms, weights)));
        let models = models.collect();
        let (used, guests) = (Mutex::default(), Mutex::default());
        Self { keys, coordinator, admitted, models, halves, patience, used, guests }
    }

    /// The clients that are being scored now, in the order in which they came.
    pub fn guests(&self) -> Vec<Guest> {
        let guests = lock(&self.guests);
        let here = guests.here.values();
        here.map(|(guest, course)| Guest { course: *course.borrow(), ..guest.clone() }).collect()
    }

    /// A place for one more.
    fn place(&self, promise: &BatchPromise, course: watch::Receiver<Course>) -> Place<'_> {
        let mut guests = lock(&self.guests);
        guests.next += 1;
        let number = guests.next;
        let since = Instant::now();
        let (client, model) = (promise.client, promise.model);
        let guest = Guest { number, since, client, model, course: Course::default() };
        guests.here.insert(number, (guest, course));
        drop(guests);
        Place { guests: &self.guests, number }
    }

    /// How long clients are waited for.
    pub const fn patience(&self) -> Patience {
        self.patience
    }

    /// Compute a score with whoever is at the other end. `certificate` is the digest of the one that
    /// the connection showed. Once the client has proven its key, `admit` says whether there is room for
    /// it.
    ///
    /// # Errors
    /// Says whose fault it is; the client was told, as far as it concerns it.
    pub async fn meet(
        &self,
        io: BoxIo,
        certificate: Digest,
        admit: &(dyn Fn() -> Result<(), Why> + Sync),
    ) -> Result<(BatchPromise, Done), MeetingError> {
        let client = NodeIndex::new(1).ok_or(MeetingError::Randomness)?;
        let course = watch::Sender::default();
        let line = Arc::new(Line::new(client, io, self.patience.message));
        let seat = Seat {
            party: Party::Owner,
            keys: &self.keys,
            halves: &*self.halves,
            line: &line,
            patience: self.patience,
            course: &course,
        };
        let outcome = self.sit(&seat, certificate, admit).await;
        match &outcome {
            Ok(_) => line.close().await,
            Err(error) => seat.part(error).await,
        }
        outcome
    }

    async fn sit(
        &self,
        seat: &Seat<'_>,
        certificate: Digest,
        admit: &(dyn Fn() -> Result<(), Why> + Sync),
    ) -> Result<(BatchPromise, Done), MeetingError> {
        let nonce = BatchId::random().map_err(|_| MeetingError::Randomness)?;
        let door = Door { owner: self.keys.public(), certificate, nonce };
        let door = Signed::new(door, &self.keys);
        let failed = |doing| move |source| MeetingError::Line { doing, source };
        seat.line.tell(&door).await.map_err(failed("greeting the client"))?;
        let call: Signed<Call> = seat
            .line
            .hear(self.patience.message)
            .await
            .map_err(failed("waiting for the client's request"))?;
        let (terms, weights) = self.check(&door, &call, admit).map_err(MeetingError::Refused)?;
        let promise = &call.body.promise;
        let _place = self.place(&promise.body, seat.course.subscribe());
        let at = Clock::System.now();
        seat.tell("agreeing to a score", &Said::Agreed { at }).await?;
        let agreed = Agreed { terms, promise, door: &door, call: &call, at };
        let outcome = seat.compute(&agreed, Mine::Weights(weights)).await?;
        Ok((promise.body.clone(), outcome))
    }

    /// The model that a call is for, if it is in order and there is room; the batch is used then.
    fn check(
        &self,
        door: &Signed<Door>,
        call: &Signed<Call>,
        admit: &(dyn Fn() -> Result<(), Why> + Sync),
    ) -> Result<(&ModelTerms, &Weights), Why> {
        let promise = &call.body.promise;
        promise.verify(&self.coordinator).map_err(|_| Why::NotPromised)?;
        let promise = &promise.body;
        let signed = call.verify(&promise.client).is_ok();
        if !signed || call.body.door != door.body.digest() {
            return Err(Why::NotTheClient);
        }
        if !self.admitted.admits(&promise.client) {
            return Err(Why::NotAdmitted);
        }
        let model = self.models.get(&promise.model).ok_or(Why::NotServed)?;
        let (terms, weights) = model;
        if promise.owner != self.keys.public() {
            return Err(Why::NotServed);
        }
        let shape = material(&terms.structure, terms.learner.party());
        if shape.as_ref() != Ok(&promise.shape) {
            return Err(Why::NotForThisModel);
        }
        if Clock::System.now() > promise.until {
            return Err(Why::TooLate);
        }
        if lock(&self.used).contains(&promise.batch) {
            return Err(Why::Used);
        }
        admit()?;
        if !lock(&self.used).insert(promise.batch) {
            return Err(Why::Used);
        }
        Ok((terms, weights))
    }
}
