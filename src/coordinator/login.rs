//! Logins of operators and bidders.
//!
//! In: names, passwords, codes, refresh tokens. Out: access tokens, one for each server of the
//! roster, good for a quarter of an hour, and a refresh token that is good for one use. What a
//! token may do is decided in [`super::access`]; here is decided who gets one.
//!
//! A refresh token that comes a second time has been copied: the login it belongs to ends. At the
//! coordinator a disabled account's access tokens are refused at once, and at the nodes as soon as
//! they have been told ([`super::watch`]).

use std::net::IpAddr;

use rand::{TryRng as _, rngs::SysRng};
use sha2::{Digest as _, Sha256};

use super::accounts::line;
use super::state::CoordinatorState;
use crate::base::Timestamp;
use crate::identity::access_token::{self, Grant};
use crate::identity::token::TokenError;
use crate::identity::{Digest, bytes};
use crate::storage::accounts::{Account, Refreshed};
use crate::transport::server::reply::Refusal;
use crate::wire::account_api::{Login, Secret, ServerToken};
use crate::wire::problem::ProblemType;

/// Days for which a refresh token is valid.
const REFRESH_DAYS: i64 = 7;

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
        let tried = self.accounts.throttle.tried(address, name, &self.clock);
        let fits = match self.accounts.passwords.fits(address, hash, password).await {
            Ok(fits) => fits,
            Err(busy) => {
                tried.undecided();
                return Err(busy);
            }
        };
        match found {
            Some((account, _)) if fits && account.disabled.is_some() => {
                tried.undecided();
                tracing::warn!(%address, account = %account.account, "a disabled account's login");
                Err(Refusal::new(
                    ProblemType::Forbidden,
                    "this account is disabled; ask the operator",
                ))
            }
            Some((account, _)) if fits => {
                tried.succeeded();
                Ok(account)
            }
            _ => {
                drop(tried);
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

    /// Give new tokens for a refresh token. One that comes a second time ends the login.
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

    /// End a login by its refresh token, which is then worth nothing.
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
            .collect::<Result<_, TokenError>>()
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
