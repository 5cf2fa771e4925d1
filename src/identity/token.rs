//! Short-lived tokens: who calls, and whom.
//!
//! A token is a JWT (RFC 7519) signed with the caller's identity key by Ed25519 (RFC 8037). It
//! names its one target, is good for a minute and for a single request, so that what one server is
//! shown is worth nothing at another, and nothing later.
//!
//! In: text from a request header, the keys that may call. Out: [`Claims`], or a refusal. The
//! algorithm is fixed; a header that names another is refused before any key is touched. A token's
//! signature is over text of far more than 32 bytes, a statement's over a digest of 32, so neither
//! passes for the other.
//!
//! Adversary: sees and makes up tokens. [`ReplayGuard`] lives in memory: after a restart, a token
//! that was used in the last 90 seconds could be used once more by someone who saw it, which TLS
//! prevents on the network.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::Mutex,
};

use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::{TryRng as _, rngs::SysRng};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use super::{KeyPair, PublicKey, bytes};
use crate::base::Timestamp;
use crate::base::lock;

/// Seconds for which a token is valid.
pub const LIFETIME_SECONDS: i64 = 60;

/// Seconds that two clocks may differ.
pub const LEEWAY_SECONDS: i64 = 30;

/// Longest token that is looked at; those of [`issue`] have about 420 characters.
pub const MAX_TOKEN: usize = 1024;

/// The header's `typ`.
const TYPE: &str = "JWT";

/// Tokens that a [`ReplayGuard`] remembers of one caller.
const MAX_PER_ISSUER: usize = 1 << 16;

/// Tokens that a [`ReplayGuard`] remembers of all callers.
const MAX_ALL: usize = 1 << 20;

/// A token's text; wiped when dropped, never printed.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// The text, for the request header and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(secret)")
    }
}

/// What a good token says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claims {
    /// Who calls, by identity key.
    pub issuer: PublicKey,
    /// Who is called.
    pub audience: PublicKey,
    /// When it was made, by the caller's clock.
    pub issued: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
    /// 16 random bytes that no other token has.
    pub id: [u8; 16],
}

/// Why a token was not made, or is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// Not a token of ours.
    #[error("the token is malformed")]
    Malformed,
    /// Another algorithm than `EdDSA`.
    #[error("the token is not signed with EdDSA, the only algorithm in use")]
    Algorithm,
    /// The caller's key may not call.
    #[error("the key {issuer} is not allowed here; check that roster and key file belong together")]
    Issuer {
        /// The key that the token names.
        issuer: PublicKey,
    },
    /// Not signed by the key it names.
    #[error("the token is not signed by the key it names")]
    Signature,
    /// For someone else.
    #[error("the token is for another server; get one for this one")]
    Audience,
    /// Too old.
    #[error("the token expired {seconds} s ago; make a new one, and compare the two clocks")]
    Expired {
        /// How long ago.
        seconds: i64,
    },
    /// From the future.
    #[error("the token was made {seconds} s in the future; compare the two clocks")]
    Early {
        /// How far.
        seconds: i64,
    },
    /// Good for longer than any token may be, or for no time at all.
    #[error("the token is not good for 1 to {LIFETIME_SECONDS} s; make a new one")]
    Lifetime,
    /// Used before.
    #[error("the token has been used already; make a new one for every request")]
    Replayed,
    /// More tokens at once than are remembered.
    #[error("too many requests in the last minute; wait and try again")]
    TooMany,
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness; no token was made")]
    Randomness,
    /// The signature could not be made.
    #[error("the token could not be signed")]
    Signing,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    iss: PublicKey,
    aud: PublicKey,
    iat: i64,
    exp: i64,
    #[serde(with = "bytes::fixed")]
    jti: [u8; 16],
}

/// A token by the holder of `keys` for one request to `audience`.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn issue(keys: &KeyPair, audience: &PublicKey, now: Timestamp) -> Result<Token, TokenError> {
    let mut jti = [0; 16];
    SysRng.try_fill_bytes(&mut jti).map_err(|_| TokenError::Randomness)?;
    let iat = seconds(now);
    let exp = iat.saturating_add(LIFETIME_SECONDS);
    sign(keys, TYPE, &Payload { iss: keys.public(), aud: *audience, iat, exp, jti })
}

/// Sign a payload of either kind of token.
pub(super) fn sign<P: Serialize>(
    keys: &KeyPair,
    kind: &str,
    payload: &P,
) -> Result<Token, TokenError> {
    let private =
        SigningKey::from_bytes(&keys.secret()).to_pkcs8_der().map_err(|_| TokenError::Signing)?;
    let header = Header {
        typ: Some(kind.to_owned()),
        kid: Some(keys.public().to_string()),
        ..Header::new(Algorithm::EdDSA)
    };
    jsonwebtoken::encode(&header, payload, &EncodingKey::from_ed_der(private.as_bytes()))
        .map(|text| Token(Zeroizing::new(text)))
        .map_err(|_| TokenError::Signing)
}

/// Check a token that was shown to the server with key `me`. `allowed` says which keys may call.
/// Pass the claims to [`ReplayGuard::admit`] before acting on them.
///
/// # Errors
/// Names the first rule that is broken.
pub fn verify(
    text: &str,
    me: &PublicKey,
    now: Timestamp,
    allowed: impl Fn(&PublicKey) -> bool,
) -> Result<Claims, TokenError> {
    if text.len() > MAX_TOKEN {
        return Err(TokenError::Malformed);
    }
    let header = jsonwebtoken::decode_header(text).map_err(|_| TokenError::Malformed)?;
    if header.alg != Algorithm::EdDSA {
        return Err(TokenError::Algorithm);
    }
    // Extensions that must be understood (RFC 7515, 4.1.11): there are none.
    if header.crit.is_some() {
        return Err(TokenError::Malformed);
    }
    let issuer: PublicKey =
        header.kid.and_then(|kid| kid.parse().ok()).ok_or(TokenError::Malformed)?;
    if !allowed(&issuer) {
        return Err(TokenError::Issuer { issuer });
    }
    let payload: Payload = checked_payload(text, &issuer)?;
    if payload.iss != issuer {
        return Err(TokenError::Signature);
    }
    if payload.aud != *me {
        return Err(TokenError::Audience);
    }
    let lifetime = payload.exp.checked_sub(payload.iat).ok_or(TokenError::Lifetime)?;
    if !(1..=LIFETIME_SECONDS).contains(&lifetime) {
        return Err(TokenError::Lifetime);
    }
    let now = seconds(now);
    let early = payload.iat.saturating_sub(now);
    if early > LEEWAY_SECONDS {
        return Err(TokenError::Early { seconds: early });
    }
    check_expiry(payload.exp, now)?;
    Ok(Claims {
        issuer,
        audience: payload.aud,
        issued: timestamp(payload.iat),
        expires: timestamp(payload.exp),
        id: payload.jti,
    })
}

/// The payload, if the signature by this key fits.
pub(super) fn checked_payload<P: DeserializeOwned>(
    text: &str,
    issuer: &PublicKey,
) -> Result<P, TokenError> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    // Times and audience are checked by the caller, against the time that is passed in.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let key = DecodingKey::from_ed_der(issuer.as_bytes());
    match jsonwebtoken::decode::<P>(text, &key, &validation) {
        Ok(token) => Ok(token.claims),
        Err(error) => match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => Err(TokenError::Signature),
            _ => Err(TokenError::Malformed),
        },
    }
}

/// The one rule for when a token's time is over, for checking and for forgetting alike.
pub(super) const fn check_expiry(exp: i64, now: i64) -> Result<(), TokenError> {
    let seconds = now.saturating_sub(exp);
    if seconds < LEEWAY_SECONDS { Ok(()) } else { Err(TokenError::Expired { seconds }) }
}

pub(super) const fn seconds(time: Timestamp) -> i64 {
    time.millis().div_euclid(1000)
}

pub(super) fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000))
}

/// Remembers tokens until they expire, so that each is used once. Bounded: a caller who sends more
/// than fit is refused until some expire, and does not push out what others sent.
pub struct ReplayGuard {
    seen: Mutex<Seen>,
    per_issuer: usize,
    all: usize,
}

#[derive(Default)]
struct Seen {
    /// By expiry, so that what is over comes first.
    tokens: BTreeSet<(i64, PublicKey, [u8; 16])>,
    per_issuer: HashMap<PublicKey, usize>,
    /// The latest time seen: what was forgotten by then stays refused when the clock is set back.
    latest: i64,
}

impl Default for ReplayGuard {
    fn default() -> Self {
        Self::with_limits(MAX_PER_ISSUER, MAX_ALL)
    }
}

impl ReplayGuard {
    /// A guard that remembers this many tokens of one caller and of all together.
    pub fn with_limits(per_issuer: usize, all: usize) -> Self {
        let seen = Seen { latest: i64::MIN, ..Seen::default() };
        Self { seen: Mutex::new(seen), per_issuer, all }
    }

    /// Let a verified token pass, once.
    ///
    /// # Errors
    /// When it has passed before, its time is over, or too many are remembered.
    pub fn admit(&self, claims: &Claims, now: Timestamp) -> Result<(), TokenError> {
        let mut seen = lock(&self.seen);
        let exp = seconds(claims.expires);
        seen.forget(seconds(now));
        check_expiry(exp, seen.latest)?;
        let token = (exp, claims.issuer, claims.id);
        if seen.tokens.contains(&token) {
            return Err(TokenError::Replayed);
        }
        let count = seen.per_issuer.get(&claims.issuer).copied().unwrap_or(0);
        if count >= self.per_issuer || seen.tokens.len() >= self.all {
            return Err(TokenError::TooMany);
        }
        seen.tokens.insert(token);
        seen.per_issuer.insert(claims.issuer, count + 1);
        Ok(())
    }

    /// How many tokens are remembered, because they could still be used a second time.
    pub fn remembered(&self) -> usize {
        lock(&self.seen).tokens.len()
    }
}

impl Seen {
    fn forget(&mut self, now: i64) {
        self.latest = self.latest.max(now);
        while let Some(&(exp, issuer, _)) = self.tokens.first()
            && check_expiry(exp, self.latest).is_err()
        {
            self.tokens.pop_first();
            if let Some(count) = self.per_issuer.get_mut(&issuer) {
                *count -= 1;
                if *count == 0 {
                    self.per_issuer.remove(&issuer);
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
