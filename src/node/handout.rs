//! A party's half of a batch: what this dealer gives of it, once, by the coordinator's promise.
//!
//! The client gets the seeds of the portions that this node gives, the owner these portions less what the
//! seeds expand to, and both this node's signature under digests of that. That it leaves is on disk before
//! it does; what breaks off on the way is not sent again.

use std::sync::Arc;

use super::makings::Dealt;
use super::state::NodeState;
use crate::base::offload::offload;
use crate::dealer::choice::Choice;
use crate::dealer::convert::{ConvertError, for_owner, portion};
use crate::dealer::portions::{rest_digest, seed_digest};
use crate::dealer::stock;
use crate::dealer::vouch::{self, VouchError, signed_for};
use crate::field::Pair127;
use crate::identity::{Digest, Signed, Statement as _};
use crate::session::dealing::{AskHalf, Given};
use crate::session::scoring::BatchPromise;
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
    /// It does not say what the makers signed.
    #[error("{0}; its coordinator must not promise it: do not use it, and tell the operators")]
    Vouched(VouchError),
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
}

/// What leaves of the owner's half: this dealer's portions in their order, and its signature under them.
pub(super) struct Portions {
    /// Less what the seeds expand to.
    pub(super) parts: Vec<Part<Pair127>>,
    /// Under their digests.
    pub(super) given: Signed<Given>,
}

/// A half that leaves.
struct Leaving {
    handout: Handout,
    seeds: Vec<Seed>,
    choice: Choice,
}

impl NodeState {
    /// The client's half: the seeds of this dealer's portions, with its signature under their digests.
    pub(super) async fn seeds_of(
        &self,
        ask: &Signed<AskHalf>,
    ) -> Result<(Vec<Seed>, Signed<Given>), HandoutError> {
        let Leaving { handout, seeds, choice } = self.give_half(ask, Party::Client).await?;
        let own = choice.given_by(self.me).into_iter().zip(&seeds);
        let digests = own.map(|(at, seed)| seed_digest(handout.batch.id, at, seed)).collect();
        let given = self.given(ask, Party::Client, digests);
        Dealt::count(&self.dealt.clients);
        tracing::info!(batch = %handout.batch.id, "the client's half left");
        Ok((seeds, given))
    }

    /// The owner's half: this dealer's portions less what their seeds expand to.
    pub(super) async fn portions_of(
        self: &Arc<Self>,
        ask: &Signed<AskHalf>,
    ) -> Result<Portions, HandoutError> {
        let Leaving { handout, seeds, choice } = self.give_half(ask, Party::Owner).await?;
        let (node, id) = (Arc::clone(self), handout.batch.id);
        let parts = offload(move || {
            let Handout { batch, shares, .. } = handout;
            let holding = Holding::of(node.scheme(), node.me);
            let material = stock::unlock(&node.vault, batch.id, holding, batch.shape, &shares)?;
            let own = choice.portions().iter().enumerate();
            let own = own.filter(|(_, own)| own.giver == node.me).zip(&seeds);
            let part = |((at, own), seed)| {
                let rest = for_owner(portion(&material, &choice, own, node.me)?, seed)?;
                Ok::<_, HandoutError>((rest_digest(batch.id, at, &rest), rest))
            };
            own.map(part).collect::<Result<Vec<_>, _>>()
        });
        let (digests, parts) = parts.await?.into_iter().unzip();
        let given = self.given(ask, Party::Owner, digests);
        Dealt::count(&self.dealt.owners);
        tracing::info!(batch = %id, "the owner's half is on its way");
        Ok(Portions { parts, given })
    }

    /// This dealer's signature under what it gives.
    fn given(&self, ask: &Signed<AskHalf>, party: Party, portions: Vec<Digest>) -> Signed<Given> {
        let promise = ask.body.promise.body.digest();
        let given = Given { promise, dealer: self.me, party, portions };
        Signed::new(given, &self.keys.identity)
    }

    /// Check a request, promise the batch to it, and note that the half leaves.
    async fn give_half(
        &self,
        ask: &Signed<AskHalf>,
        party: Party,
    ) -> Result<Leaving, HandoutError> {
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
        let choice = vouch::check(&self.roster.body, told).map_err(|error| match error {
            VouchError::Givers => HandoutError::Givers,
            error => HandoutError::Vouched(error),
        })?;
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
        let to = use_of(told);
        self.store.promise(told.batch, to).await?;
        let handout = self.store.give(told.batch, to, party, now).await?;
        let seeds = stock::unlock_seeds(&self.vault, told.batch, &handout.seeds)?;
        // Signed here once, and of what is held: no word for an earlier batch of this id is shown with it.
        let own = choice.given_by(self.me).into_iter().zip(&seeds);
        let own: Vec<_> = own.map(|(at, seed)| seed_digest(told.batch, at, seed)).collect();
        if own != signed_for(&told.vouched, &choice, self.me, Party::Client) {
            return Err(HandoutError::Other);
        }
        Ok(Leaving { handout, seeds, choice })
    }
}

/// What the store calls a promise.
fn use_of(promise: &BatchPromise) -> Use {
    let mut id = [0; 16];
    id.copy_from_slice(&promise.digest().0[..16]);
    Use(id)
}
