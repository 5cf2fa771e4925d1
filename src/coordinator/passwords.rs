//! Passwords, hashed with Argon2id.
//!
//! In: a password. Out: a hash to store, or whether it fits one. Hashing costs about 20 MB and some
//! 20 ms; at most two are made at once and a bounded number wait, shared fairly by addresses, so
//! that logins can exhaust neither memory nor processors. A hash that has begun keeps its turn to
//! its end, whether or not anybody waits for it still. For an unknown name a hash is made all the
//! same: the time taken does not tell which names exist.

use std::net::IpAddr;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use rand::{TryRng as _, rngs::SysRng};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::blocks::Blocks;
use crate::identity::bytes;
use crate::transport::server::fair::Fair;
use crate::transport::server::reply::Refusal;
use crate::wire::account_api::Secret;
use crate::wire::problem::ProblemType;

/// What the hash costs (OWASP's first choice for Argon2id).
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT: usize = 16;
const HASH: usize = 32;

/// Hashes made at once.
const AT_ONCE: usize = 2;

/// Hashes that wait for their turn; more are refused.
const QUEUE: usize = 64;

/// Shortest password, in characters.
pub const SHORTEST: usize = 10;

/// Longest password, in bytes.
pub const LONGEST: usize = 512;

/// Makes and checks hashes, a few at a time.
pub struct Passwords {
    turns: Arc<Semaphore>,
    places: Arc<Fair>,
    blocks: Arc<Blocks>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            places: Fair::new(AT_ONCE + QUEUE),
            blocks: Arc::default(),
        }
    }
}

impl Passwords {
    /// A hash of a new password, to be stored.
    ///
    /// # Errors
    /// When the password is too short or too long, or too many hashes wait already.
    pub async fn hash(
        &self,
        address: IpAddr,
        name: &str,
        password: Secret,
    ) -> Result<String, Refusal> {
        let length = password.expose().chars().count();
        let same = password.expose().eq_ignore_ascii_case(name);
        if length < SHORTEST || password.expose().len() > LONGEST || same {
            return Err(Refusal::new(
                ProblemType::BadAccount,
                format!(
                    "a password has {SHORTEST} characters or more, at most {LONGEST} bytes, and is not the name"
                ),
            ));
        }
        let mut salt = [0; SALT];
        SysRng.try_fill_bytes(&mut salt).map_err(|error| Refusal::internal(&error))?;
        let cost = (MEMORY_KIB, PASSES, LANES);
        let hash = self.compute(address, password, salt.to_vec(), cost).await?;
        Ok(format!(
            "argon2id${MEMORY_KIB}${PASSES}${LANES}${}${}",
            bytes::encode(&salt),
            bytes::encode(hash.as_ref())
        ))
    }

    /// Whether a password fits a stored hash; with no hash, false after the same work.
    ///
    /// # Errors
    /// When too many hashes wait already, or the stored one cannot be read.
    pub async fn fits(
        &self,
        address: IpAddr,
        stored: Option<&str>,
        password: Secret,
    ) -> Result<bool, Refusal> {
        let known = stored.map(parse).transpose()?;
        let (memory, passes, lanes, salt, expected) =
            known.clone().unwrap_or((MEMORY_KIB, PASSES, LANES, vec![0; SALT], vec![0; HASH]));
        // Longer ones were never stored, and hashing them would cost more.
        let too_long = password.expose().len() > LONGEST;
        let password = if too_long { Secret::new("") } else { password };
        let hash = self.compute(address, password, salt, (memory, passes, lanes)).await?;
        let same: bool = hash.as_ref().ct_eq(expected.as_slice()).into();
        Ok(same && known.is_some() && !too_long)
    }

    /// Hashes that wait for their turn or are being made.
    pub fn under_way(&self) -> usize {
        self.places.taken()
    }

    /// Bytes that are kept for the next hashes.
    pub fn kept(&self) -> usize {
        self.blocks.kept()
    }

    /// A hash at this cost: memory in KiB, passes and lanes.
    async fn compute(
        &self,
        address: IpAddr,
        password: Secret,
        salt: Vec<u8>,
        (memory, passes, lanes): (u32, u32, u32),
    ) -> Result<Zeroizing<[u8; HASH]>, Refusal> {
        let busy = || {
            Refusal::new(
                ProblemType::Unavailable,
                "too many people are logging in at this moment; try again in a few seconds",
            )
            .retry_after(5)
        };
        let place = self.places.take(address, 1).ok_or_else(busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| busy())?;
        let blocks = Arc::clone(&self.blocks);
        let done = tokio::task::spawn_blocking(move || {
            // Whoever asked may have gone; this goes on, and so counts until it is done.
            let _held = (place, turn);
            let params = Params::new(memory, passes, lanes, Some(HASH))?;
            let lent = blocks.lend(params.block_count());
            let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let mut hash = Zeroizing::new([0; HASH]);
            let password = password.expose().as_bytes();
            argon.hash_password_into_with_memory(password, &salt, hash.as_mut(), lent)?;
            Ok::<_, argon2::Error>(hash)
        })
        .await;
        tokio::spawn(Arc::clone(&self.blocks).rest());
        match done {
            Ok(hash) => hash.map_err(|error| Refusal::internal(&error)),
            Err(error) => Err(Refusal::internal(&error)),
        }
    }
}

type Stored = (u32, u32, u32, Vec<u8>, Vec<u8>);

fn parse(stored: &str) -> Result<Stored, Refusal> {
    let read = || {
        let mut fields = stored.split('$');
        if fields.next()? != "argon2id" {
            return None;
        }
        let mut number = || fields.next()?.parse::<u32>().ok();
        let (memory, passes, lanes) = (number()?, number()?, number()?);
        let salt = bytes::decode(fields.next()?)?;
        let hash = bytes::decode(fields.next()?)?;
        (hash.len() == HASH && fields.next().is_none())
            .then_some((memory, passes, lanes, salt, hash))
    };
    read().ok_or_else(|| Refusal::internal(&"a stored password hash cannot be read"))
}

#[cfg(test)]
mod tests {
    use crate::coordinator::passwords::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let passwords = Passwords::default();
        let hash = passwords.hash(HOME, "ada", Secret::new("correct horse")).await.unwrap();
        assert!(!hash.contains("horse"));
        let again = passwords.hash(HOME, "ada", Secret::new("correct horse")).await.unwrap();
        assert_ne!(hash, again, "every hash has its own salt");
        assert!(passwords.fits(HOME, Some(&hash), Secret::new("correct horse")).await.unwrap());
        assert!(!passwords.fits(HOME, Some(&hash), Secret::new("correct hors")).await.unwrap());
        assert!(!passwords.fits(HOME, None, Secret::new("correct horse")).await.unwrap());
        assert!(!passwords.fits(HOME, None, Secret::new("x".repeat(5000))).await.unwrap());
        assert!(passwords.fits(HOME, Some("argon2id$1"), Secret::new("x")).await.is_err());
    }

    #[tokio::test]
    async fn weak_passwords_are_refused() {
        let passwords = Passwords::default();
        for weak in ["short", "ada lovelace", &"x".repeat(513)] {
            let refused =
                passwords.hash(HOME, "Ada Lovelace", Secret::new(weak)).await.unwrap_err();
            assert_eq!(refused.0.kind, ProblemType::BadAccount, "{weak}");
        }
    }

    #[tokio::test]
    async fn too_many_at_once_are_turned_away_and_one_address_leaves_places_for_others() {
        let passwords = Passwords::default();
        let one = |last: u8| IpAddr::from([192, 0, 2, last]);
        let mut held = Vec::new();
        while let Some(place) = passwords.places.take(HOME, 1) {
            held.push(place);
        }
        let refused = passwords.fits(HOME, None, Secret::new("x")).await.unwrap_err();
        assert_eq!(refused.0.kind, ProblemType::Unavailable);
        assert!(!passwords.fits(one(1), None, Secret::new("x")).await.unwrap());
        for last in 2..=255 {
            held.extend(passwords.places.take(one(last), 1));
        }
        assert_eq!(passwords.under_way(), AT_ONCE + QUEUE);
        assert!(passwords.fits(one(1), None, Secret::new("x")).await.is_err());
    }

    #[tokio::test]
    async fn a_hash_that_nobody_waits_for_keeps_its_turn() {
        let passwords = Arc::new(Passwords::default());
        for last in 0..20 {
            let (passwords, address) = (Arc::clone(&passwords), IpAddr::from([192, 0, 2, last]));
            // The request goes away as soon as its hash has begun.
            let fits =
                async move { passwords.fits(address, None, Secret::new("a password")).await };
            let short = std::time::Duration::from_millis(1);
            drop(tokio::time::timeout(short, fits).await);
        }
        let all = passwords.turns.acquire_many(u32::try_from(AT_ONCE).unwrap()).await.unwrap();
        drop(all);
        let made = passwords.kept() / (1024 * MEMORY_KIB as usize);
        assert!(made <= AT_ONCE, "{made} hashes had memory at one time");
    }
}
