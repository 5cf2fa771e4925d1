//! What one server holds of a session, for another that has lost it or never had it.
//!
//! Everything in it proves itself: the coordinator's signature is on the announcement and on
//! admissions, each node's on its part of the bundle, and those of enough nodes on manifest and
//! outcome. So it may come from anyone, and whoever takes it up believes nobody.

use serde::{Deserialize, Serialize};

use super::announcement::{AdmissionSignature, AnnouncementError};
use super::bundle::Bundle;
use super::manifest::CoSigned;
use super::pause::PauseOrder;
use super::{Announcement, Manifest, Outcome, Phase, SessionId};
use crate::base::Timestamp;
use crate::identity::{PublicKey, Roster, Signed, Statement as _};

/// Where a session stands at a server. The server's word alone; nothing is proved by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The session.
    pub session: SessionId,
    /// The phase that it is in there.
    pub phase: Phase,
    /// The last attempt begun there; 0 before the first.
    pub attempt: u32,
    /// When the coordinator signed the last order to pause or go on that is held there.
    #[serde(default)]
    pub ordered: Option<Timestamp>,
}

/// An admission, as an envelope shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmittedBidder {
    /// The name.
    pub name: String,
    /// The key that it was bound to.
    pub key: PublicKey,
    /// The coordinator's signature over the
    /// [`AdmissionTicket`](super::announcement::AdmissionTicket), with the cohort that it assigns,
    /// where it does.
    pub signature: AdmissionSignature,
}

/// What a server holds of a session. Later parts are absent where it has not come that far.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Papers {
    /// The terms.
    pub announcement: Signed<Announcement>,
    /// The roster that the session was opened under.
    pub roster: Option<Signed<Roster>>,
    /// The coordinator's last order to pause or go on.
    #[serde(default)]
    pub pause: Option<Signed<PauseOrder>>,
    /// The bundle that the server is bound to.
    pub bundle: Option<Bundle>,
    /// The manifest.
    pub manifest: Option<CoSigned<Manifest>>,
    /// The outcome.
    pub outcome: Option<CoSigned<Outcome>>,
    /// Who has bid; for the coordinator alone.
    #[serde(default)]
    pub admitted: Vec<AdmittedBidder>,
}

impl Papers {
    /// What of these papers proves itself, under a roster that the reader trusts. The rest is left
    /// out, with all that rests on it.
    ///
    /// # Errors
    /// When not even the announcement holds.
    pub fn proved(self, trusted: &Signed<Roster>) -> Result<Self, AnnouncementError> {
        let announcement = self.announcement.check(trusted)?;
        let roster = &trusted.body;
        let coordinator = &roster.coordinator.key;
        let own = self.roster.filter(|own| {
            own.body.digest() == announcement.roster && own.verify(coordinator).is_ok()
        });
        let pause =
            self.pause.filter(|order| order.check(announcement.session, coordinator).is_ok());
        let bundle = self.bundle.filter(|bundle| bundle.check(roster, announcement).is_ok());
        let manifest = self.manifest.filter(|manifest| {
            bundle.as_ref().is_some_and(|bundle| {
                manifest.body.check_derived(announcement, roster.scheme, bundle).is_ok()
            }) && manifest.check(roster).is_ok()
        });
        let outcome = self.outcome.filter(|outcome| {
            let signed = outcome.check(roster).is_ok();
            let fits = |manifest: &CoSigned<Manifest>| {
                outcome.body.check(announcement, &manifest.body).is_ok()
            };
            signed && manifest.as_ref().is_some_and(fits)
        });
        let session = announcement.session;
        let admitted = self.admitted.into_iter().filter(|admitted| {
            admitted.signature.verify(coordinator, session, &admitted.name, admitted.key).is_ok()
        });
        let admitted = admitted.collect();
        Ok(Self {
            announcement: self.announcement,
            roster: own,
            pause,
            bundle,
            manifest,
            outcome,
            admitted,
        })
    }
}

/// Whether a server that holds an order of `theirs` has a later one than one that holds that of
/// `mine`, while bidding has not ended at either.
pub fn is_ordered_later(theirs: &Standing, mine: Option<(Phase, Option<Timestamp>)>) -> bool {
    let Some((phase, ordered)) = mine else { return false };
    theirs.phase.is_bidding() && phase.is_bidding() && theirs.ordered > ordered
}

/// Whether a server where a session stands like `theirs` may hold papers of it that one where it
/// stands like `mine` lacks. Which of two orders to pause or go on is later does not show in the
/// phases: see [`is_ordered_later`].
pub const fn is_ahead(theirs: Phase, mine: Option<Phase>) -> bool {
    match (theirs, mine) {
        (Phase::Draft | Phase::Cancelled, _) | (_, Some(Phase::Settled | Phase::Cancelled)) => {
            false
        }
        (_, None | Some(Phase::Draft)) | (Phase::Settled, Some(_)) => true,
        (Phase::Computing | Phase::Failed, Some(mine)) => {
            mine.is_bidding() || matches!(mine, Phase::Closing)
        }
        (Phase::Closing, Some(mine)) => mine.is_bidding(),
        (Phase::Open | Phase::Paused, Some(_)) => false,
    }
}

#[cfg(test)]
#[path = "papers_tests.rs"]
mod tests;
