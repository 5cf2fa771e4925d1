//! Passwords, hashed with Argon2id.
//!
//! In: a password. Out: a hash to store, or whether it fits one. Hashing costs about 20 MB and some
//! 20 ms; at most two are made at once and a bounded number wait, so that logins can exhaust
//! neither memory nor processors. For an unknown name a hash is made all the same: the time taken
//! does not tell which names exist.

use argon2::{Algorithm, Argon2, Params, Version};
use rand::{TryRng as _, rngs::SysRng};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::identity::bytes;
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
    turns: Semaphore,
    places: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), places: Semaphore::new(AT_ONCE + QUEUE) }
    }
}

impl Passwords {
    /// A hash of a new password, to be stored.
    ///
    /// # Errors
    /// When the password is too short or too long, or too many hashes wait already.
    pub async fn hash(&self, name: &str, password: Secret) -> Result<String, Refusal> {
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
        let hash = self.compute(password, salt.to_vec(), MEMORY_KIB, PASSES, LANES).await?;
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
    pub async fn fits(&self, stored: Option<&str>, password: Secret) -> Result<bool, Refusal> {
        let known = stored.map(parse).transpose()?;
        let (memory, passes, lanes, salt, expected) =
            known.clone().unwrap_or((MEMORY_KIB, PASSES, LANES, vec![0; SALT], vec![0; HASH]));
        // Longer ones were never stored, and hashing them would cost more.
        let too_long = password.expose().len() > LONGEST;
        let password = if too_long { Secret::new("") } else { password };
        let hash = self.compute(password, salt, memory, passes, lanes).await?;
        let same: bool = hash.as_ref().ct_eq(expected.as_slice()).into();
        Ok(same && known.is_some() && !too_long)
    }

    async fn compute(
        &self,
        password: Secret,
        salt: Vec<u8>,
        memory: u32,
        passes: u32,
        lanes: u32,
    ) -> Result<Zeroizing<[u8; HASH]>, Refusal> {
        let busy = || {
            Refusal::new(
                ProblemType::Unavailable,
                "too many people are logging in at this moment; try again in a few seconds",
            )
            .retry_after(5)
        };
        let place = self.places.try_acquire().map_err(|_| busy())?;
        let turn = self.turns.acquire().await.map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            let params = Params::new(memory, passes, lanes, Some(HASH))?;
            let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let mut hash = Zeroizing::new([0; HASH]);
            argon.hash_password_into(password.expose().as_bytes(), &salt, hash.as_mut())?;
            Ok::<_, argon2::Error>(hash)
        })
        .await;
        drop((turn, place));
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

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let passwords = Passwords::default();
        let hash = passwords.hash("ada", Secret::new("correct horse")).await.unwrap();
        assert!(!hash.contains("horse"));
        let again = passwords.hash("ada", Secret::new("correct horse")).await.unwrap();
        assert_ne!(hash, again, "every hash has its own salt");
        assert!(passwords.fits(Some(&hash), Secret::new("correct horse")).await.unwrap());
        assert!(!passwords.fits(Some(&hash), Secret::new("correct hors")).await.unwrap());
        assert!(!passwords.fits(None, Secret::new("correct horse")).await.unwrap());
        assert!(!passwords.fits(None, Secret::new("x".repeat(5000))).await.unwrap());
        assert!(passwords.fits(Some("argon2id$1"), Secret::new("x")).await.is_err());
    }

    #[tokio::test]
    async fn weak_passwords_are_refused() {
        let passwords = Passwords::default();
        for weak in ["short", "ada lovelace", &"x".repeat(513)] {
            let refused = passwords.hash("Ada Lovelace", Secret::new(weak)).await.unwrap_err();
            assert_eq!(refused.0.kind, ProblemType::BadAccount, "{weak}");
        }
    }

    #[tokio::test]
    async fn too_many_at_once_are_turned_away() {
        let passwords = Passwords::default();
        let _all =
            passwords.places.try_acquire_many(u32::try_from(AT_ONCE + QUEUE).unwrap()).unwrap();
        let refused = passwords.fits(None, Secret::new("x")).await.unwrap_err();
        assert_eq!(refused.0.kind, ProblemType::Unavailable);
    }
}
