//! The accounts of operators and bidders: whose tokens still count, and what an account may do.

use std::collections::HashMap;
use std::sync::RwLock;

use super::passwords::Passwords;
use super::throttle::Throttle;
use crate::base::Timestamp;
use crate::base::lock::{read, write};
use crate::identity::access_token::{AccessClaims, Grant, LIFETIME_SECONDS};
use crate::identity::token::LEEWAY_SECONDS;
use crate::identity::{AccountId, AccountRole, PublicKey};
use crate::storage::accounts::{Account, AccountError};
use crate::storage::{AccountStore, StorageError};
use crate::transport::server::reply::Refusal;
use crate::wire::account_api::AccountLine;
use crate::wire::node_api::EndedLogin;
use crate::wire::problem::ProblemType;

/// For how long access tokens outlive the end of their logins at most, in milliseconds.
const LATELY: i64 = (LIFETIME_SECONDS + LEEWAY_SECONDS) * 1000;

/// The accounts of operators and bidders.
pub struct Accounts {
    /// What is on disk.
    pub store: AccountStore,
    /// Hashes.
    pub passwords: Passwords,
    /// Who fails too often.
    pub throttle: Throttle,
    /// Access tokens made before this time are refused, by account; a disabled one's for ever.
    valid_from: RwLock<HashMap<AccountId, Timestamp>>,
    ended: RwLock<Ended>,
}

/// When accounts' logins ended, for the nodes.
#[derive(Default)]
struct Ended {
    /// How often this has changed.
    version: u64,
    at: HashMap<AccountId, Timestamp>,
}

impl Accounts {
    /// The accounts of a store; `load` comes before the first request.
    pub fn new(store: AccountStore) -> Self {
        Self {
            store,
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            valid_from: RwLock::default(),
            ended: RwLock::default(),
        }
    }

    /// Read which accounts' tokens are to be refused.
    pub(super) async fn load(&self) -> Result<(), StorageError> {
        for account in self.store.accounts().await? {
            self.note(&account);
        }
        Ok(())
    }

    /// Remember from when on an account's tokens are valid.
    pub fn note(&self, account: &Account) {
        let from = match account.disabled {
            Some(_) => Timestamp::from_millis(i64::MAX),
            None => account.valid_from,
        };
        let mut map = write(&self.valid_from);
        map.insert(account.account, from);
        drop(map);
        // An account that is new has no tokens of before.
        if account.valid_from > account.created {
            let mut ended = write(&self.ended);
            if ended.at.insert(account.account, account.valid_from) != Some(account.valid_from) {
                ended.version += 1;
            }
        }
    }

    /// How often logins have been ended.
    pub fn ended_version(&self) -> u64 {
        read(&self.ended).version
    }

    /// Which accounts' logins ended so lately that access tokens of before may still be about.
    pub fn ended_lately(&self, now: Timestamp) -> Vec<EndedLogin> {
        let since = now.plus_millis(-LATELY);
        let ended = read(&self.ended);
        let lately = ended.at.iter().filter(|(_, at)| **at > since);
        lately.map(|(&account, &at)| EndedLogin { account, at }).collect()
    }

    /// Refuse a valid token whose account has been disabled or got another password since.
    pub fn in_standing(&self, claims: &AccessClaims) -> Result<(), Refusal> {
        let map = read(&self.valid_from);
        match map.get(&claims.grant.account) {
            Some(&from) if claims.issued >= from => Ok(()),
            _ => Err(Refusal::new(
                ProblemType::Unauthorized,
                "the account is disabled or its password was changed; log in again",
            )),
        }
    }

    /// Whether somebody logged in with this grant may bid under this name with this key.
    pub async fn may_bid(
        &self,
        grant: Option<Grant>,
        name: &str,
        key: PublicKey,
    ) -> Result<(), Refusal> {
        let refuse = |detail: &str| Err(Refusal::new(ProblemType::NotAdmitted, detail));
        let Some(Grant { account, role: AccountRole::Bidder, .. }) = grant else {
            return refuse(
                "only bidders with an account may take part; redeem an invitation with `gavel join`, or log in with `gavel login`",
            );
        };
        match self.store.account(account).await.map_err(|error| Refusal::internal(&error))? {
            Some(held) if held.disabled.is_some() => refuse("the account is disabled"),
            Some(held) if held.name == name && held.key == Some(key) => Ok(()),
            _ => refuse("bid under the account's own name and with the key that it is bound to"),
        }
    }
}

/// How an account is shown.
pub fn line(account: Account) -> AccountLine {
    AccountLine {
        account: account.account,
        name: account.name,
        role: account.role,
        key: account.key,
        created: account.created,
        disabled: account.disabled,
    }
}

/// What the store refuses of an account.
pub fn account_refusal(error: &AccountError) -> Refusal {
    let kind = match error {
        AccountError::NameTaken { .. } | AccountError::KeyTaken => ProblemType::NameTaken,
        AccountError::Code(_) | AccountError::OtherKey | AccountError::Redeemed { .. } => {
            ProblemType::BadInvitation
        }
        AccountError::NoInvitation => ProblemType::NotFound,
        AccountError::Storage(error) => return Refusal::internal(error),
    };
    Refusal::new(kind, error.to_string())
}
