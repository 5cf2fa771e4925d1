//! Who shows on the people's screen, who is selected, and who of them has handed in.

use std::collections::HashMap;

use crate::base::text::{Clean, clean};
use crate::identity::{AccountRole, PublicKey};
use crate::rules::survey::Membership;
use crate::rules::terms::Admission;
use crate::session::Phase;
use crate::tui::state::data::Session;
use crate::tui::state::live::{BidRow, Live};
use crate::tui::state::model::Model;
use crate::tui::state::people::{Account, Invitation, Standing, Who};

/// A line of the list.
#[derive(Clone, Copy)]
pub enum Entry<'a> {
    /// An account.
    Account(&'a Account),
    /// An invitation.
    Invitation(&'a Invitation),
}

impl Entry<'_> {
    /// What it goes by.
    pub const fn who(&self) -> Who {
        match self {
            Self::Account(account) => Who::Account(account.id),
            Self::Invitation(invitation) => Who::Invitation(invitation.digest),
        }
    }

    /// What it is: a role, or an invitation.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Account(account) => account.role.name(),
            Self::Invitation(_) => "invitation",
        }
    }

    /// How it stands, in a word.
    pub fn standing(&self, model: &Model) -> &'static str {
        match self {
            Self::Account(account) if account.disabled.is_some() => "disabled",
            Self::Account(_) => "active",
            Self::Invitation(invitation) => {
                match invitation.standing(model.data().coordinator_now()) {
                    Standing::Open => "open",
                    Standing::Used => "used",
                    Standing::Revoked => "revoked",
                    Standing::Expired => "expired",
                }
            }
        }
    }

    fn name(&self) -> &Clean {
        match self {
            Self::Account(account) => &account.name,
            Self::Invitation(invitation) => &invitation.label,
        }
    }
}

/// The lines that the filter lets through: accounts, then invitations.
pub fn entries(model: &Model) -> Vec<Entry<'_>> {
    let people = &model.data().people;
    let words = model.ui.people.filter.text().to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    let fits = |entry: &Entry<'_>| {
        words.is_empty() || {
            let name = entry.name().as_str().to_lowercase();
            let (kind, standing) = (entry.kind(), entry.standing(model));
            words.iter().all(|word| {
                name.contains(word) || kind.starts_with(word) || standing.starts_with(word)
            })
        }
    };
    let accounts = people.accounts.iter().map(Entry::Account);
    let invitations = people.invitations.iter().map(Entry::Invitation);
    accounts.chain(invitations).filter(fits).collect()
}

/// The selected one's row among them; the first when the selected one does not show.
pub fn row(model: &Model, entries: &[Entry<'_>]) -> usize {
    let selected = model.ui.people.selected;
    entries.iter().position(|entry| Some(entry.who()) == selected).unwrap_or(0)
}

/// The selected one.
pub fn selected(model: &Model) -> Option<Entry<'_>> {
    let entries = entries(model);
    entries.get(row(model, &entries)).copied()
}

/// Select a row.
pub fn select(model: &mut Model, row: usize) {
    let who = entries(model).get(row).map(Entry::who);
    model.ui.people.selected = who.or(model.ui.people.selected);
}

/// Select the row so many further.
pub fn walk(model: &mut Model, by: isize) {
    let entries = entries(model);
    let last = entries.len().saturating_sub(1);
    let to = row(model, &entries).saturating_add_signed(by).min(last);
    select(model, to);
}

/// Whether somebody has handed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HandedIn {
    /// So many nodes gave receipts for this revision, and that is enough.
    In(u32),
    /// Receipts of so many nodes are known, and more are needed.
    Partly(usize),
    /// No node has anything.
    No,
    /// Not every node has been heard.
    Unknown,
}

/// Who has handed in to the selected session, where it admits accounts only.
pub struct Cohort<'a> {
    /// The session.
    pub session: &'a Session,
    live: Option<&'a Live>,
    by_key: HashMap<PublicKey, &'a BidRow>,
    by_name: HashMap<&'a str, &'a BidRow>,
    needed: usize,
}

impl<'a> Cohort<'a> {
    /// That of the selected session; none where anybody may hand in, or nobody can yet.
    pub fn of(model: &'a Model) -> Option<Self> {
        let session = model.selected()?;
        let begun = !matches!(session.phase, Phase::Draft | Phase::Cancelled);
        if session.terms.admission != Admission::Accounts || !begun {
            return None;
        }
        let data = model.data();
        let live = data.live.get(&session.id);
        let rows = || live.into_iter().flat_map(|live| &live.bids);
        let by_key = rows().filter_map(|row| Some((row.key?, row))).collect();
        let unkeyed = rows().filter(|row| row.key.is_none());
        let by_name = unkeyed.map(|row| (row.name.as_str(), row)).collect();
        Some(Self { session, live, by_key, by_name, needed: data.receipts_needed() })
    }

    /// Whether an account has handed in; none for those that do not.
    pub fn handed_in(&self, account: &Account) -> Option<HandedIn> {
        if account.role != AccountRole::Bidder {
            return None;
        }
        let by_key = account.key.and_then(|key| self.by_key.get(&key));
        let row = by_key.or_else(|| self.by_name.get(account.name.as_str()));
        Some(match row {
            Some(row) if row.revision > 0 && row.nodes.len() >= self.needed => {
                HandedIn::In(row.revision)
            }
            Some(row) if row.revision > 0 => HandedIn::Partly(row.nodes.len()),
            _ if self.is_complete() => HandedIn::No,
            _ => HandedIn::Unknown,
        })
    }

    /// Whether what every node keeps has been read.
    fn is_complete(&self) -> bool {
        self.live.is_some_and(|live| live.read && !live.more && live.unheard.is_empty())
    }
}

/// How many of those who may answer a survey have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tally {
    /// Who has handed in.
    pub answered: u64,
    /// Who has an account that may.
    pub expected: u64,
    /// Invitations that can still become an account.
    pub open: usize,
    /// Where cohorts are not secret, the same by the cohort that each was invited to.
    pub cohorts: Vec<(Clean, u64, u64)>,
}

/// The tally of a survey that admits accounts only, for operators; none where it is not known.
pub fn tally(model: &Model, session: &Session) -> Option<Tally> {
    let data = model.data();
    let survey = session.survey()?;
    let cohort = Cohort::of(model).filter(|cohort| cohort.session.id == session.id)?;
    if !model.person.operator || !data.people.read {
        return None;
    }
    let mut tally = Tally {
        answered: 0,
        expected: 0,
        open: data.people.open_invitations(data.coordinator_now()),
        cohorts: Vec::new(),
    };
    if survey.membership != Membership::Secret {
        tally.cohorts = survey.cohorts.iter().map(|name| (clean(name), 0, 0)).collect();
    }
    let able = data.people.accounts.iter().filter(|account| account.disabled.is_none());
    for account in able {
        let Some(state) = cohort.handed_in(account) else { continue };
        let answered = u64::from(matches!(state, HandedIn::In(_)));
        tally.expected += 1;
        tally.answered += answered;
        let invited = data.people.invitations.iter().find(|invitation| {
            invitation.account.as_ref() == Some(&account.name) && !invitation.cohort.is_empty()
        });
        let own = invited.and_then(|invitation| {
            tally.cohorts.iter_mut().find(|(name, ..)| *name == invitation.cohort)
        });
        if let Some((_, handed, all)) = own {
            *handed += answered;
            *all += 1;
        }
    }
    tally.cohorts.retain(|(_, _, all)| *all > 0);
    Some(tally)
}
