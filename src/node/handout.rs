//! A party's half of a batch: what this dealer gives of it, once, by the coordinator's promise.
//!
//! The client gets the seed that this node drew for the promise, the owner this node's part less what
//! the seed expands to. That it leaves is on disk before it does; what breaks off on the way is not
//! sent again.

use std::sync::Arc;

use super::makings::Dealt;
use super::state::NodeState;
use crate::base::offload::offload;
use crate::dealer::choice::{Choice, ChoiceError};
use crate::dealer::convert::{ConvertError, for_owner, part_of};
use crate::dealer::stock;
use crate::field::Pair127;
use crate::identity::{Signed, Statement as _};
use crate::session::dealing::AskHalf;
use crate::session::scoring::{BatchPromise, givers};
use crate::sharing::pair::Party;
use crate::sharing::parts::Part;
use crate::sharing::{Holding, Seed, ShapeError};
use crate::storage::node::material::{Handout, StockError, Use};

/// Why a half is not given out.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandoutError {
    /// Not the coordinator's promise, or not signed by the party.
    #[error(
        "the request must hold the coordinator's promise and be signed by the key that this half is \
         promised to, for this dealer; it is not"
    )]
    Signature,
    /// The dealers of another roster.
    #[error("the batch was made under another roster than this dealer's; ask for another batch")]
    Roster,
    /// It is over.
    #[error("the promise has ended, and the batch is given to nobody; ask for another one")]
    Over,
    /// It does not say what this dealer holds.
    #[error(
        "the promise is for another batch than this dealer holds under that id; ask for another"
    )]
    Other,
    /// Other dealers than the rule says.
    #[error(
        "the promise names other dealers than those who give this batch out; its coordinator must not \
         choose them: do not use it, and tell the operators of the nodes"
    )]
    Givers,
    /// These dealers cannot give it out.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// This one does not.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// The stock.
    #[error(transparent)]
    Stock(#[from] StockError),
    /// What is kept cannot be used.
    #[error(transparent)]
    Kept(#[from] stock::StockError),
    /// What is kept does not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// There is no seed to be had.
    #[error("this dealer's operating system gives no randomness")]
    Randomness,
}

impl NodeState {
    /// The client's half: this dealer's seed.
    pub(super) async fn seed_of(&self, ask: &Signed<AskHalf>) -> Result<Seed, HandoutError> {
        let (handout, _) = self.give_half(ask, Party::Client).await?;
        let seed = stock::unlock_seed(&self.vault, handout.batch.id, &handout.seed)?;
        Dealt::count(&self.dealt.clients);
        tracing::info!(batch = %handout.batch.id, "the client's half left");
        Ok(seed)
    }

    /// The owner's half: this dealer's part less what the seed expands to.
    pub(super) async fn part_of(
        self: &Arc<Self>,
        ask: &Signed<AskHalf>,
    ) -> Result<Part<Pair127>, HandoutError> {
        let (handout, choice) = self.give_half(ask, Party::Owner).await?;
        let (node, id) = (Arc::clone(self), handout.batch.id);
        let part = offload(move || {
            let Handout { batch, shares, seed } = handout;
            let holding = Holding::of(node.scheme(), node.me);
            let material = stock::unlock(&node.vault, batch.id, holding, batch.shape, &shares)?;
            let seed = stock::unlock_seed(&node.vault, batch.id, &seed)?;
            let part = part_of(&material, &choice, node.me)?;
            Ok::<_, HandoutError>(for_owner(part, &seed)?)
        });
        let part = part.await?;
        Dealt::count(&self.dealt.owners);
        tracing::info!(batch = %id, "the owner's half is on its way");
        Ok(part)
    }

    /// Check a request, promise the batch to it, and note that the half leaves.
    async fn give_half(
        &self,
        ask: &Signed<AskHalf>,
        party: Party,
    ) -> Result<(Handout, Choice), HandoutError> {
        let promise = &ask.body.promise;
        let told = &promise.body;
        let of = match party {
            Party::Client => &told.client,
            Party::Owner => &told.owner,
        };
        promise
            .verify(&self.roster.body.coordinator.key)
            .and_then(|_| ask.verify(of))
            .map_err(|_| HandoutError::Signature)?;
        if ask.body.dealer != self.keys.identity.public() {
            return Err(HandoutError::Signature);
        }
        if !self.roster.body.covers(&told.roster) {
            return Err(HandoutError::Roster);
        }
        let now = self.clock.now();
        if now >= told.until {
            return Err(HandoutError::Over);
        }
        if told.chosen != givers(told.batch, told.makers, self.scheme().threshold()) {
            return Err(HandoutError::Givers);
        }
        let choice = Choice::new(self.scheme(), told.makers, told.chosen)?;
        if !told.chosen.contains(self.me) {
            return Err(ConvertError::NotChosen { dealer: self.me }.into());
        }
        let held = self.store.batch(told.batch).await.map_err(StockError::from)?;
        let held = held.ok_or(StockError::Unknown)?.batch;
        let same = held.model == told.model.to_string()
            && held.makers == told.makers
            && held.roster == told.roster
            && held.shape == told.shape;
        if !same {
            return Err(HandoutError::Other);
        }
        let seed = Seed::random().map_err(|_| HandoutError::Randomness)?;
        let seed = stock::lock_seed(&self.vault, told.batch, &seed)?;
        let to = use_of(told);
        self.store.promise(told.batch, to, seed).await?;
        let handout = self.store.give(told.batch, to, party, now).await?;
        Ok((handout, choice))
    }
}

/// What the store calls a promise.
fn use_of(promise: &BatchPromise) -> Use {
    let mut id = [0; 16];
    id.copy_from_slice(&promise.digest().0[..16]);
    Use(id)
}
