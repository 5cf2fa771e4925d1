//! Logins of operators and bidders.
//!
//! In: names, passwords, codes, refresh tokens. Out: access tokens, one for each server of the
//! roster, good for a quarter of an hour, and a refresh token that is good for one use. What a token
//! may do is decided in [`super::access`]; here is decided who gets one.
//!
//! A refresh token that comes a second time has been copied: the login it belongs to ends. At the
//! coordinator a disabled account's access tokens are refused at once; at the nodes, which keep no
//! accounts, they end within a quarter of an hour.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::RwLock;

use rand::{TryRng as _, rngs::SysRng};
use sha2::{Digest as _, Sha256};

use super::CoordinatorState;
use super::access::Caller;
use super::passwords::Passwords;
use super::throttle::Throttle;
use crate::base::Timestamp;
use crate::base::lock::read;
use crate::base::lock::write;
use crate::identity::access_token::{self, AccessClaims, Grant};
use crate::identity::{AccountId, Digest, PublicKey, Role, bytes};
use crate::storage::accounts::{Account, AccountError, Refreshed};
use crate::storage::{AccountStore, StorageError};
use crate::transport::server::reply::Refusal;
use crate::wire::account_api::{AccountLine, Login, Secret, ServerToken};
use crate::wire::problem::ProblemType;

/// Days that a refresh token is good for.
const REFRESH_DAYS: i64 = 7;

/// Logins of operators and bidders.
pub struct Accounts {
    /// What is on disk.
    pub store: AccountStore,
    /// Hashes.
    pub passwords: Passwords,
    /// Who fails too often.
    pub throttle: Throttle,
    /// Access tokens of before this time are refused, by account; for ever of a disabled one.
    valid_from: RwLock<HashMap<AccountId, Timestamp>>,
}

impl Accounts {
    /// The accounts of a store; `load` comes before the first request.
    pub fn new(store: AccountStore) -> Self {
        Self {
            store,
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            valid_from: RwLock::default(),
        }
    }

    /// Read which accounts' tokens are to be refused.
    pub(super) async fn load(&self) -> Result<(), StorageError> {
        for account in self.store.accounts().await? {
            self.note(&account);
        }
        Ok(())
    }

    /// Remember from when on an account's tokens are good.
    pub fn note(&self, account: &Account) {
        let from = match account.disabled {
            Some(_) => Timestamp::from_millis(i64::MAX),
            None => account.valid_from,
        };
        let mut map = write(&self.valid_from);
        map.insert(account.account, from);
    }

    /// Refuse a good token whose account has been disabled or got another password since.
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

    /// Whether this caller may bid by account under this name with this key.
    pub async fn may_bid(&self, caller: Caller, name: &str, key: PublicKey) -> Result<(), Refusal> {
        let refuse = |detail: &str| Err(Refusal::new(ProblemType::NotAdmitted, detail));
        let Caller::Account(Grant { account, role: Role::Bidder, .. }) = caller else {
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

/// 32 random bytes as text, and their digest, which is stored.
fn fresh_token() -> Result<(Secret, Digest), Refusal> {
    let mut token = zeroize::Zeroizing::new([0; 32]);
    SysRng.try_fill_bytes(token.as_mut()).map_err(|error| Refusal::internal(&error))?;
    let text = Secret::new(bytes::encode(token.as_ref()));
    let digest = token_digest(text.expose());
    Ok((text, digest))
}

fn token_digest(text: &str) -> Digest {
    let hash = Sha256::new().chain_update(b"gavel/v1/refresh\0").chain_update(text);
    Digest(hash.finalize().into())
}

/// An invitation's code: 100 random bits in letters and digits that are not mistaken for others.
pub fn fresh_code() -> Result<Secret, Refusal> {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut random = zeroize::Zeroizing::new([0_u8; 20]);
    SysRng.try_fill_bytes(random.as_mut()).map_err(|error| Refusal::internal(&error))?;
    let mut text = String::with_capacity(23);
    for (position, byte) in random.iter().enumerate() {
        if position > 0 && position % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Ok(Secret::new(text))
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
        AccountError::Code => ProblemType::BadInvitation,
        AccountError::Storage(error) => return Refusal::internal(error),
    };
    Refusal::new(kind, error.to_string())
}

impl CoordinatorState {
    /// Refuse who has failed too often of late.
    pub(super) fn slow_down(
        &self,
        address: IpAddr,
        name: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.accounts.throttle.begin(address, name, now).map_err(|seconds| {
            tracing::warn!(%address, name, seconds, "a login is refused: too many failures");
            Refusal::new(
                ProblemType::TooManyRequests,
                format!("too many failed tries; wait {seconds} s and try again"),
            )
            .retry_after(seconds)
        })
    }

    /// Check name and password, slowing down who guesses.
    pub(super) async fn authenticate(
        &self,
        address: IpAddr,
        name: &str,
        password: Secret,
    ) -> Result<Account, Refusal> {
        let now = self.clock.now();
        self.slow_down(address, name, now)?;
        let found =
            self.accounts.store.password(name).await.map_err(|error| Refusal::internal(&error))?;
        let hash = found.as_ref().map(|(_, hash)| hash.as_str());
        let fits = self.accounts.passwords.fits(hash, password).await?;
        match found {
            Some((account, _)) if fits && account.disabled.is_some() => {
                tracing::warn!(%address, account = %account.account, "a disabled account's login");
                Err(Refusal::new(
                    ProblemType::Forbidden,
                    "this account is disabled; ask the operator",
                ))
            }
            Some((account, _)) if fits => {
                self.accounts.throttle.succeeded(address, name);
                Ok(account)
            }
            _ => {
                self.accounts.throttle.failed(address, name, self.clock.now());
                tracing::warn!(%address, name, "a login failed");
                Err(Refusal::new(
                    ProblemType::WrongLogin,
                    "name and password do not fit together; check both, or ask the operator for a new password",
                ))
            }
        }
    }

    /// Begin a login of an account that has proved itself.
    pub(super) async fn begin_login(&self, account: Account) -> Result<Login, Refusal> {
        let now = self.clock.now();
        let (refresh, digest) = fresh_token()?;
        let mut family = [0; 16];
        SysRng.try_fill_bytes(&mut family).map_err(|error| Refusal::internal(&error))?;
        let expires = refresh_expiry(now);
        self.accounts
            .store
            .begin(account.account, family, digest, expires, now)
            .await
            .map_err(|error| Refusal::internal(&error))?;
        tracing::info!(account = %account.account, role = %account.role, "logged in");
        self.login(account, refresh, expires, now)
    }

    /// Go on with a login.
    pub(super) async fn go_on_with_login(&self, refresh: &Secret) -> Result<Login, Refusal> {
        let now = self.clock.now();
        let (next, digest) = fresh_token()?;
        let expires = refresh_expiry(now);
        let rotated = self
            .accounts
            .store
            .rotate(token_digest(refresh.expose()), digest, expires, now)
            .await
            .map_err(|error| Refusal::internal(&error))?;
        match rotated {
            Refreshed::Good(account) => self.login(account, next, expires, now),
            Refreshed::Reused(account) => {
                tracing::warn!(%account, "a refresh token came twice; its login is ended");
                Err(Refusal::new(
                    ProblemType::LoginOver,
                    "this refresh token was used before, so somebody may have copied it; the login is ended, log in again",
                ))
            }
            Refreshed::Unknown => Err(Refusal::new(
                ProblemType::LoginOver,
                "the login is over; log in again with `gavel login`",
            )),
        }
    }

    /// End a login.
    pub(super) async fn end_login(&self, refresh: &Secret) -> Result<(), Refusal> {
        let digest = token_digest(refresh.expose());
        self.accounts.store.end(digest).await.map_err(|error| Refusal::internal(&error))
    }

    fn login(
        &self,
        account: Account,
        refresh: Secret,
        refresh_expires: Timestamp,
        now: Timestamp,
    ) -> Result<Login, Refusal> {
        self.accounts.note(&account);
        let grant = Grant { account: account.account, role: account.role, key: account.key };
        // A login in the very second of a change of password is for after it.
        let from = now.max(account.valid_from);
        let roster = &self.roster.body;
        let servers =
            std::iter::once(roster.coordinator.key).chain(roster.nodes.iter().map(|node| node.key));
        let tokens = servers
            .map(|server| {
                let token = access_token::issue(&self.keys.identity, &server, &grant, from)?;
                Ok(ServerToken { server, token: Secret::new(token.expose()) })
            })
            .collect::<Result<_, crate::identity::token::TokenError>>()
            .map_err(|error| Refusal::internal(&error))?;
        Ok(Login {
            account: line(account),
            tokens,
            expires: from.plus_millis(access_token::LIFETIME_SECONDS * 1000),
            refresh,
            refresh_expires,
        })
    }
}

fn refresh_expiry(now: Timestamp) -> Timestamp {
    now.plus_millis(REFRESH_DAYS * 24 * 60 * 60 * 1000)
}
