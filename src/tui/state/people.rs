//! Accounts and invitations, as the coordinator lists them. No code of an invitation is among them:
//! the coordinator keeps their hashes, and who made one saw it once.

use super::field::Field;
use crate::base::Timestamp;
use crate::base::text::{Clean, clean};
use crate::identity::{AccountId, AccountRole, Digest, PublicKey};
use crate::wire::account_api::{AccountLine, InvitationLine};

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: Clean,
    /// What it may do.
    pub role: AccountRole,
    /// The key that a bidder's account is bound to.
    pub key: Option<PublicKey>,
    /// When it was made.
    pub created: Timestamp,
    /// Since when it is disabled.
    pub disabled: Option<Timestamp>,
}

impl From<AccountLine> for Account {
    fn from(line: AccountLine) -> Self {
        Self {
            id: line.account,
            name: clean(&line.name),
            role: line.role,
            key: line.key,
            created: line.created,
            disabled: line.disabled,
        }
    }
}

/// What became of an invitation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Its code makes an account.
    Open,
    /// It made one.
    Used,
    /// It was taken back.
    Revoked,
    /// Its time is over.
    Expired,
}

/// An invitation, without its code.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// What it goes by: the hash of its code.
    pub digest: Digest,
    /// For whom it is, in the words of who made it; empty, perhaps.
    pub label: Clean,
    /// The group that whoever it is for belongs to; empty, perhaps.
    pub cohort: Clean,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it can be redeemed.
    pub expires: Timestamp,
    /// When it was redeemed.
    pub redeemed: Option<Timestamp>,
    /// When it was taken back.
    pub revoked: Option<Timestamp>,
    /// Name of the account it became.
    pub account: Option<Clean>,
}

impl Invitation {
    /// What became of it, by the coordinator's clock.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match (&self.account, self.revoked) {
            (Some(_), _) => Standing::Used,
            (None, Some(_)) => Standing::Revoked,
            (None, None) if self.expires <= now => Standing::Expired,
            (None, None) => Standing::Open,
        }
    }
}

impl From<InvitationLine> for Invitation {
    fn from(line: InvitationLine) -> Self {
        Self {
            digest: line.digest,
            label: clean(&line.label.unwrap_or_default()),
            cohort: clean(&line.cohort.unwrap_or_default()),
            redeemed: line.redeemed,
            created: line.created,
            expires: line.expires,
            revoked: line.revoked,
            account: line.account.as_deref().map(clean),
        }
    }
}

/// Everybody that the coordinator lists.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// The accounts, by name.
    pub accounts: Vec<Account>,
    /// The invitations, the latest first.
    pub invitations: Vec<Invitation>,
    /// Whether they have come.
    pub read: bool,
    /// Why they did not come when last asked for.
    pub trouble: Option<Clean>,
}

impl People {
    /// The lists as the coordinator gives them.
    pub fn put(&mut self, accounts: Vec<AccountLine>, invitations: Vec<InvitationLine>) {
        self.accounts = accounts.into_iter().map(Account::from).collect();
        self.accounts.sort_by_cached_key(|account| account.name.as_str().to_lowercase());
        self.invitations = invitations.into_iter().map(Invitation::from).collect();
        self.invitations.sort_by_key(|invitation| std::cmp::Reverse(invitation.created));
        self.read = true;
        self.trouble = None;
    }

    /// How many invitations can be redeemed now.
    pub fn open_invitations(&self, now: Timestamp) -> usize {
        let open = |invitation: &&Invitation| invitation.standing(now) == Standing::Open;
        self.invitations.iter().filter(open).count()
    }

    /// An account that has changed.
    pub fn put_account(&mut self, line: AccountLine) {
        if let Some(known) = self.accounts.iter_mut().find(|known| known.id == line.account) {
            *known = line.into();
        }
    }

    /// An invitation that has changed.
    pub fn put_invitation(&mut self, line: InvitationLine) {
        if let Some(known) = self.invitations.iter_mut().find(|known| known.digest == line.digest) {
            *known = line.into();
        }
    }
}

/// Somebody in the list, whatever comes or goes around them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// An account.
    Account(AccountId),
    /// An invitation.
    Invitation(Digest),
}

/// Where the person is among them.
#[derive(Clone, Default)]
pub struct PeopleView {
    /// Words to look for.
    pub filter: Field,
    /// Who is selected; the first before anybody is.
    pub selected: Option<Who>,
}
