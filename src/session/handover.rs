//! Stored variables on their way from the nodes of one roster to those of the next, of whom none need be
//! the same. Two sessions, one under each roster, and no line between the two:
//!
//! 1. A job under the roster that holds them *hands over*. Its terms have the whole next roster. The nodes
//!    cut the values into the next roster's components and agree on digests of these; each seals to every
//!    node of the next roster its parts of what that one is to hold ([`super::letters`]).
//! 2. A job under the next roster deals the variables anew. Each of its nodes is brought the *parcel*
//!    first: the terms, outcome and letters of the one before. It compares everything with what t+1 nodes
//!    have signed, adds the parts up, and has a share to deal from.
//!
//! Until the second is settled, the first roster's shares are those that count.
//!
//! Who learns what: as for dealing between rosters, nothing ([`crate::sharing::reshare`]). Adversary: up to
//! t nodes of the one roster and t' of the other do anything, and so does the coordinator. It cannot have
//! shares given to nodes of its own: an honest node hands over only where its operator has let the job run,
//! who sees the next roster's digest. It cannot make values up: the next roster names the one that it
//! follows ([`Roster::follows`]), so whoever pinned it has pinned from whom values come. It can keep letters
//! back, and bring those of an earlier hand-over in the place of those of a later one, where none of the
//! nodes is in both rosters to tell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::announcement::AnnouncementError;
use super::letters::{LetterError, Letters, Reading};
use super::manifest::CoSigned;
use super::outcome::OutcomeError;
use super::{Announcement, Outcome};
use crate::field::Field;
use crate::identity::roster::RosterError;
use crate::identity::sealing::SealingKeyPair;
use crate::identity::{Digest, Roster, Signed, Statement as _};
use crate::rules::Terms;
use crate::rules::job::prime::over;
use crate::rules::job::version::Fingerprint;
use crate::rules::job::{Handed, Next, Prime, Receiver};
use crate::sharing::stored::{BLINDING, StoredShare};
use crate::sharing::{Holding, NodeIndex, Scheme, SharedElements};

/// Most bytes of all letters of a hand-over together.
const MOST_BYTES: usize = 64 << 20;

/// Most variables of a field that one job hands over from the nodes of a scheme to those of another: all
/// its letters are to fit in what a node takes.
pub fn most_variables(from: Scheme, to: Scheme, field: Prime) -> usize {
    let all = |scheme: Scheme| {
        let held = scheme.all().first().map_or(0, |node| scheme.held_by(node).len());
        held * usize::from(scheme.nodes())
    };
    let each = MOST_BYTES / (all(from) * all(to)).max(1);
    let bytes = over!(field, F => F::BYTES);
    (each.saturating_sub(BLINDING) / bytes).clamp(1, crate::rules::job::fault::MAX_KEPT)
}

/// A roster as terms name it that hand something over to it.
///
/// # Errors
/// When it cannot be written down.
pub fn named(roster: &Signed<Roster>) -> Result<Next, serde_json::Error> {
    let digest = Fingerprint(roster.body.digest().0);
    Ok(Next { scheme: roster.body.scheme, digest, roster: serde_json::to_string(roster)? })
}

/// Why variables cannot be handed over, or what was handed over is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HandoverError {
    /// Not the roster that the terms say.
    #[error(
        "the terms do not have the roster that they name; hand over anew with `gavel variable hand-over`"
    )]
    Named,
    /// A roster that breaks a rule.
    #[error("the roster that it is handed over to: {0}")]
    Next(RosterError),
    /// A roster that follows another one than the session's.
    #[error(
        "the roster {next} that it is handed over to was made in the place of another one than the \
         session's, {own}; make it again in the coordinator's home, while its roster.json is the present \
         one: `gavel roster make --out FILE`"
    )]
    Follows {
        /// The beginning of the roster's digest.
        next: String,
        /// That of the session's.
        own: String,
    },
    /// Another coordinator's roster.
    #[error(
        "the roster that it is handed over to has another coordinator, who could not bring its nodes what \
         is handed over; have this one make the roster"
    )]
    Coordinator,
    /// More than a node takes.
    #[error("it hands {got} variables over at once, and {most} can go; split it")]
    Many {
        /// As many as can.
        most: usize,
        /// As the terms say.
        got: usize,
    },
    /// This node's roster follows no other.
    #[error(
        "the roster here follows none that could hand anything over; make the next one with `gavel roster \
         make` in the coordinator's home"
    )]
    FollowsNone,
    /// The roster before.
    #[error(
        "what was handed over comes with another roster than the one that this one follows: {0}"
    )]
    Before(String),
    /// The terms by which it was handed over.
    #[error("the terms by which it was handed over: {0}")]
    Terms(#[from] AnnouncementError),
    /// The outcome that says what was handed over.
    #[error("the outcome by which it was handed over: {0}")]
    Outcome(#[from] OutcomeError),
    /// Something else than these terms take over.
    #[error("what was handed over has another {what} than the job that takes it over says")]
    Other {
        /// What differs.
        what: &'static str,
    },
}

/// The roster that terms hand stored variables over to, where the nodes of the session's roster may do so;
/// none where they hand nothing over.
///
/// # Errors
/// Says what is wrong with it.
pub fn next_roster(
    announcement: &Announcement,
    own: &Roster,
) -> Result<Option<Signed<Roster>>, HandoverError> {
    let terms = &announcement.terms;
    next_of(terms, &announcement.roster, own)
}

/// The same of terms that a roster's session is to have.
///
/// # Errors
/// As [`next_roster`].
pub fn next_of(
    terms: &Terms,
    session: &Digest,
    own: &Roster,
) -> Result<Option<Signed<Roster>>, HandoverError> {
    let Some(job) = terms.question.as_job() else { return Ok(None) };
    let Some((names, next)) = job.hands_over() else { return Ok(None) };
    let roster: Signed<Roster> =
        serde_json::from_str(&next.roster).map_err(|_| HandoverError::Named)?;
    let roster = roster.checked().map_err(HandoverError::Next)?;
    let digest = roster.body.digest();
    if digest.0 != next.digest.0 || roster.body.scheme != next.scheme {
        return Err(HandoverError::Named);
    }
    if roster.body.follows != Some(*session) {
        return Err(HandoverError::Follows { next: digest.short(), own: session.short() });
    }
    if roster.body.coordinator.key != own.coordinator.key {
        return Err(HandoverError::Coordinator);
    }
    let (most, got) = (most_variables(own.scheme, next.scheme, job.field), names.len());
    if got > most {
        return Err(HandoverError::Many { most, got });
    }
    Ok(Some(roster))
}

/// By which session what terms load was handed over; none where they load nothing of the kind.
pub fn handed(terms: &Terms) -> Option<Handed> {
    let wanted = terms.question.wanted();
    wanted.iter().find_map(|wanted| wanted.earlier.as_ref()?.handed())
}

/// What was handed over, as it is brought to the nodes that it is for. Everything in it proves itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parcel {
    /// The roster whose nodes have handed it over.
    pub roster: Signed<Roster>,
    /// Their terms.
    pub announcement: Signed<Announcement>,
    /// What they have agreed on.
    pub outcome: CoSigned<Outcome>,
    /// What each has sealed.
    pub letters: Vec<Signed<Letters>>,
}

/// What a node found in a parcel.
pub struct Opened {
    /// Its shares, by the names that they are stored under; none where too few letters are right.
    pub shares: BTreeMap<String, StoredShare>,
    /// Nodes of the roster before whose letters do not fit, and why.
    pub faults: Vec<(NodeIndex, LetterError)>,
}

impl Parcel {
    /// That it is what these terms take over, under this roster, up to what is sealed.
    ///
    /// # Errors
    /// Names the first thing that is not so.
    pub fn check(&self, terms: &Terms, own: &Roster) -> Result<(), HandoverError> {
        let follows = own.follows.ok_or(HandoverError::FollowsNone)?;
        let before = |error: RosterError| HandoverError::Before(error.to_string());
        let roster = self.roster.clone().checked().map_err(before)?.body;
        let digest = roster.digest();
        if digest != follows {
            let detail = format!("{} and not {}", digest.short(), follows.short());
            return Err(HandoverError::Before(detail));
        }
        let announcement = self.announcement.check(&self.roster)?;
        self.outcome.check(&roster)?;
        let outcome = &self.outcome.body;
        let handed = handed(terms).ok_or(HandoverError::Other { what: "purpose" })?;
        let job = announcement.terms.question.as_job();
        let (job, answer) = job.zip(outcome.answer.as_job()).ok_or(HandoverError::Named)?;
        let (names, next) = job.hands_over().ok_or(HandoverError::Named)?;
        let own_digest = Digest(next.digest.0);
        let fits = [
            ("session", announcement.session.0 == handed.session),
            ("outcome", outcome.digest().0 == handed.outcome),
            ("session in its outcome", outcome.session == announcement.session),
            ("terms in its outcome", outcome.announcement == announcement.digest()),
            ("answer", answer.check(job).is_ok()),
            ("roster before", announcement.roster == digest),
            ("next roster", own.covers(&own_digest) && next.scheme == own.scheme),
        ];
        if let Some((what, _)) = fits.into_iter().find(|(_, fits)| !fits) {
            return Err(HandoverError::Other { what });
        }
        let given = announcement.terms.question.wanted();
        for wanted in terms.question.wanted() {
            let same = given.iter().any(|given| {
                (&given.name, given.field, &given.expected)
                    == (&wanted.name, wanted.field, &wanted.expected)
            });
            if !same || !names.contains(&wanted.name.as_str()) {
                return Err(HandoverError::Other { what: "variable" });
            }
        }
        Ok(())
    }

    /// What is in it for a node of the next roster, with any of its keys. To be checked before.
    pub fn open(&self, me: NodeIndex, keys: &[&SealingKeyPair]) -> Opened {
        let (announcement, roster) = (&self.announcement.body, &self.roster.body);
        let mut reading =
            Reading::new(announcement, roster, &self.outcome.body, Receiver::Next(me));
        let mut faults = Vec::new();
        for letters in &self.letters {
            let node = letters.body.node;
            if let Err(error) = reading.take(node, letters, keys.iter().copied()) {
                faults.push((node, error));
            }
        }
        let shares = announcement.terms.question.as_job().and_then(|job| {
            let (names, next) = job.hands_over()?;
            let holding = Holding::of(next.scheme, me);
            over!(job.field, F => shares::<F>(&reading, &names, holding))
        });
        Opened { shares: shares.unwrap_or_default(), faults }
    }
}

/// A node's shares, by name; none where a component is missing.
fn shares<F: Field>(
    reading: &Reading<'_>,
    names: &[&str],
    holding: Holding,
) -> Option<BTreeMap<String, StoredShare>> {
    let components = (0..reading.len()).map(|at| reading.elements::<F>(at));
    let components = components.collect::<Option<Vec<_>>>()?;
    let all = SharedElements::from_components(holding, components).ok()?;
    // Nothing binds it until it has been dealt anew.
    let blindings = vec![Zeroizing::new([0; BLINDING]); holding.components()];
    let share = |(at, name): (usize, &&str)| {
        let share = StoredShare::of(&all.slice(at..at + 1).ok()?, &blindings).ok()?;
        Some(((*name).to_owned(), share))
    };
    names.iter().enumerate().map(share).collect()
}
