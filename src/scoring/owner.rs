//! An owner's side of one connection: who is let in, and with what.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

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

/// A model's owner, as clients meet it.
pub struct Owner {
    keys: KeyPair,
    coordinator: PublicKey,
    admitted: Admitted,
    models: BTreeMap<Digest, (ModelTerms, Weights)>,
    halves: Arc<dyn Halves>,
    patience: Patience,
    used: Mutex<HashSet<BatchId>>,
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
        Self { keys, coordinator, admitted, models, halves, patience, used: Mutex::default() }
    }

    /// How long clients are waited for.
    pub const fn patience(&self) -> Patience {
        self.patience
    }

    /// Compute a score with whoever is at the other end. `certificate` is the digest of the one that
    /// the connection showed.
    ///
    /// # Errors
    /// Says whose fault it is; the client was told, as far as it concerns it.
    pub async fn meet(
        &self,
        io: BoxIo,
        certificate: Digest,
    ) -> Result<(BatchPromise, Done), MeetingError> {
        let client = NodeIndex::new(1).ok_or(MeetingError::Randomness)?;
        let line = Arc::new(Line::new(client, io, self.patience.message));
        let seat = Seat {
            party: Party::Owner,
            keys: &self.keys,
            halves: &*self.halves,
            line: &line,
            patience: self.patience,
        };
        let outcome = self.sit(&seat, certificate).await;
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
        let (terms, weights) = self.check(&door, &call).map_err(MeetingError::Refused)?;
        let promise = &call.body.promise;
        let at = Clock::System.now();
        seat.tell("agreeing to a score", &Said::Agreed { at }).await?;
        let agreed = Agreed { terms, promise, door: &door, call: &call, at };
        let outcome = seat.compute(&agreed, Mine::Weights(weights)).await?;
        Ok((promise.body.clone(), outcome))
    }

    /// The model that a call is for, if it is in order; the batch is used then.
    fn check(
        &self,
        door: &Signed<Door>,
        call: &Signed<Call>,
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
        if !lock(&self.used).insert(promise.batch) {
            return Err(Why::Used);
        }
        Ok((terms, weights))
    }
}
