//! Variables that stay at this node: its shares, encrypted with its own key, and what it says where
//! one that a job loads is not the one that the terms mean. And what it seals to those whom a job
//! tells something alone, or to the nodes of the next roster; and what those of the roster before have
//! sealed to it.

use std::collections::BTreeMap;

use super::state::NodeState;
use crate::identity::Signed;
use crate::identity::sealing::SealingError;
use crate::rules::job::{Change, Earlier, StoredVariable, Wanted};
use crate::runs::job::Shelf;
use crate::session::handover::{self, HandoverError, Opened};
use crate::session::letters::Writing;
use crate::session::{Announcement, Letters, Outcome, Parcel, SessionId};
use crate::sharing::NodeIndex;
use crate::sharing::stored::{Label, StoredShare};
use crate::storage::node::{Staged, Staging};
use crate::storage::{StorageError, Stored};
use crate::wire::reason::VariableLack;

/// Why a share is not loaded or not staged.
#[derive(Debug, thiserror::Error)]
pub enum VariableError {
    /// What is stored is not what the terms mean.
    #[error("this node {}", .lack.explain(.name))]
    Lack {
        /// The variable's name.
        name: String,
        /// What is wrong.
        lack: VariableLack,
    },
    /// It cannot be handed over so, or was not.
    #[error(transparent)]
    Handover(#[from] HandoverError),
    /// It cannot be encrypted.
    #[error(transparent)]
    Sealing(#[from] SealingError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StorageError),
}

/// What an encrypted share is bound to.
fn context(session: SessionId, variable: &StoredVariable) -> Vec<u8> {
    let version = variable.version();
    [session.0.as_slice(), &version.0, variable.name.as_bytes()].concat()
}

impl NodeState {
    /// That what is stored fits what terms load and keep, and that they give nothing away that this
    /// node's operator forbids. Whether this node has shares of it does not matter yet.
    pub(super) async fn check_variables(
        &self,
        announcement: &Announcement,
    ) -> Result<(), VariableError> {
        let terms = &announcement.terms;
        handover::next_roster(announcement, &self.roster.body)?;
        if handover::handed(terms).is_some() && self.roster.body.follows.is_none() {
            return Err(HandoverError::FollowsNone.into());
        }
        if let Some(name) = terms.question.gives_away(&self.never_reveal) {
            let (name, lack) = (name.to_owned(), VariableLack::Forbidden);
            return Err(VariableError::Lack { name, lack });
        }
        for wanted in terms.question.wanted() {
            self.found(&wanted).await?;
        }
        let (keeps, replace) = terms.question.keeps();
        for name in keeps {
            if !replace && self.store.variable(name).await?.is_some() {
                let (name, lack) = (name.clone(), VariableLack::Taken);
                return Err(VariableError::Lack { name, lack });
            }
        }
        Ok(())
    }

    /// What is stored of it; nothing where this node was in no roster that it was shared for, and the
    /// terms say so.
    async fn found(&self, wanted: &Wanted) -> Result<Option<Stored>, VariableError> {
        let lacks = |lack| VariableError::Lack { name: wanted.name.clone(), lack };
        let new = |earlier: &Earlier| earlier.place(self.me).is_none();
        if wanted.earlier.as_ref().is_some_and(new) {
            return Ok(None);
        }
        let stored = self.store.variable(&wanted.name).await?;
        let stored = stored.ok_or_else(|| lacks(VariableLack::Absent))?;
        if !wanted.is(&stored.variable) {
            return Err(lacks(VariableLack::Other));
        }
        // Whoever was in that roster compares it with what the terms say of it.
        let earlier = stored.earlier(self.store.database(), &self.roster.body).await?;
        let same = match (&earlier, &wanted.earlier) {
            (Some(earlier), Some(wanted)) => earlier.is_roster_of(wanted),
            (earlier, wanted) => earlier == wanted,
        };
        match (same, wanted.earlier.is_some()) {
            (true, _) => Ok(Some(stored)),
            (false, true) => Err(lacks(VariableLack::Other)),
            (false, false) => Err(lacks(VariableLack::Elsewhere)),
        }
    }

    /// The shares that a session's job loads.
    pub(super) async fn shelf(&self, announcement: &Announcement) -> Result<Shelf, VariableError> {
        self.check_variables(announcement).await?;
        let mut handed = self.handed(announcement).await?;
        let question = &announcement.terms.question;
        let mut loaded = BTreeMap::new();
        let wanted = question.wanted().into_iter();
        for wanted in wanted.filter(|wanted| wanted.share) {
            if wanted.earlier.as_ref().is_some_and(|earlier| earlier.handed().is_some()) {
                // Who has none is dealt one by the others.
                let share = handed.remove(&wanted.name);
                loaded.extend(share.map(|share| (wanted.name, share)));
                continue;
            }
            let Some(stored) = self.found(&wanted).await? else { continue };
            let gives = wanted.earlier.is_some();
            match self.unlock_share(&stored).await {
                Ok(share) => drop(loaded.insert(wanted.name, share)),
                // The other nodes deal it one.
                Err(VariableError::Lack { name, lack })
                    if !gives && lack.lasts() && question.only_refreshes(&name) =>
                {
                    let (session, why) = (announcement.session, lack.explain(&name));
                    tracing::info!(%session, "this node {why}, and is dealt a new one");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Shelf::new(announcement.session.0, loaded))
    }

    /// Take what was handed over for a session. Whether this node has a share of everything now, and who
    /// of the nodes that handed it over wrote what does not fit.
    pub(super) async fn take_parcel(
        &self,
        announcement: &Announcement,
        parcel: Parcel,
    ) -> Result<(bool, Vec<(NodeIndex, String)>), VariableError> {
        parcel.check(&announcement.terms, &self.roster.body)?;
        let Opened { shares, faults } = self.opened(announcement.session, &parcel);
        self.store.put_parcel(announcement.session, &parcel).await?;
        let faults = faults.into_iter().map(|(node, error)| (node, error.to_string()));
        Ok((!shares.is_empty(), faults.collect()))
    }

    /// This node's shares of what was handed over for a session, by name, as far as it was brought.
    async fn handed(
        &self,
        announcement: &Announcement,
    ) -> Result<BTreeMap<String, StoredShare>, VariableError> {
        if handover::handed(&announcement.terms).is_none() {
            return Ok(BTreeMap::new());
        }
        let Some(parcel) = self.store.parcel(announcement.session).await? else {
            return Ok(BTreeMap::new());
        };
        // The roster may be another one than when it was brought.
        parcel.check(&announcement.terms, &self.roster.body)?;
        Ok(self.opened(announcement.session, &parcel).shares)
    }

    fn opened(&self, session: SessionId, parcel: &Parcel) -> Opened {
        let keys: Vec<_> = self.keys.sealing_keys().collect();
        let opened = parcel.open(self.me, &keys);
        for (node, error) in &opened.faults {
            let name = parcel.roster.body.node(*node).map(|card| card.name.as_str());
            tracing::warn!(%session, %node, name, %error, "a letter of the roster before does not fit");
        }
        if opened.shares.is_empty() {
            tracing::warn!(%session, "too few letters of the roster before fit; this node has no share");
        }
        opened
    }

    /// This node's share of a stored variable, which the digests bind it to.
    pub(super) async fn unlock_share(&self, stored: &Stored) -> Result<StoredShare, VariableError> {
        let Stored { variable, dealt, .. } = stored;
        let lacks = |lack| VariableError::Lack { name: variable.name.clone(), lack };
        let share = self.store.share(*dealt, &variable.name).await?;
        let share = share.ok_or_else(|| lacks(VariableLack::Share))?;
        let plain = self.vault.unlock(&context(*dealt, variable), &share);
        let share = plain.map_err(|_| lacks(VariableLack::Damaged))?;
        let share = StoredShare::from_bytes(share);
        let digests: Vec<[u8; 32]> = variable.digests.iter().map(|digest| digest.0).collect();
        let label = Label { session: dealt.0, name: &variable.name };
        let earlier = stored.earlier(self.store.database(), &self.roster.body).await?;
        let (scheme, me) = match earlier {
            None => (self.scheme(), self.me),
            Some(earlier) => {
                let me = earlier.place(self.me).ok_or_else(|| lacks(VariableLack::Share))?;
                (earlier.scheme(), me)
            }
        };
        if !share.fits(label, scheme, me, &digests) {
            return Err(lacks(VariableLack::Damaged));
        }
        Ok(share)
    }

    /// What a run has put on the shelf, as its outcome names it: what stays, encrypted, and what some
    /// alone are told, sealed to them.
    pub(super) fn staged(
        &self,
        announcement: &Announcement,
        outcome: &Outcome,
        shelf: &Shelf,
    ) -> Result<Staging, VariableError> {
        let mut kept = shelf.take();
        let mut staged = Vec::new();
        for change in announcement.terms.question.changes(&outcome.answer) {
            let (Change::Keep { variable, .. } | Change::Refresh { variable, .. }) = change else {
                continue;
            };
            let Some(share) = kept.remove(&variable.name) else { continue };
            let share = self.vault.lock(&context(outcome.session, &variable), share.expose())?;
            staged.push(Staged { name: variable.name, share });
        }
        Ok(Staging { shares: staged, letters: self.letters(announcement, outcome, shelf)? })
    }

    /// What those are told alone whom an outcome tells something.
    fn letters(
        &self,
        announcement: &Announcement,
        outcome: &Outcome,
        shelf: &Shelf,
    ) -> Result<Option<Signed<Letters>>, VariableError> {
        let next = handover::next_roster(announcement, &self.roster.body)?;
        let next = next.as_ref().map(|next| &next.body);
        let writing = Writing::new(announcement, &self.roster.body, self.me).to_nodes_of(next);
        let letters = writing.bent(self.bends_disclosures()).seal(outcome, &shelf.take_told())?;
        Ok(letters.map(|letters| Signed::new(letters, &self.keys.identity)))
    }
}
