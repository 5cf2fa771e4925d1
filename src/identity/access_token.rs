//! Access tokens: what an account may do at one server, for a quarter of an hour.
//!
//! A JWT signed by the coordinator's identity key, made at login, one for each server. It names
//! that server's key as its audience, so it is worth nothing at another, and carries account, role
//! and the bidder's key, so that a node needs no database of accounts. It may be used many times
//! until it expires. Its header's `typ` and its members differ from those of the single-use
//! [`super::token`]s, and each kind is refused where the other is expected: no account can pass for
//! the coordinator, although the same key signs both.
//!
//! Adversary: sees tokens of other servers, makes up tokens, names other algorithms or keys.

use jsonwebtoken::Algorithm;
use rand::{TryRng as _, rngs::SysRng};
use serde::{Deserialize, Serialize};

use super::account::{AccountId, AccountRole};
use super::token::{self, LEEWAY_SECONDS, MAX_TOKEN, Token, TokenError};
use super::{KeyPair, PublicKey, bytes};
use crate::base::Timestamp;

/// Seconds for which an access token is valid.
pub const LIFETIME_SECONDS: i64 = 15 * 60;

/// The header's `typ`.
const TYPE: &str = "gavel-access+jwt";

/// Whom a token speaks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grant {
    /// Whom the coordinator gave the token to.
    pub account: AccountId,
    /// What the account may do, as of when the token was made.
    pub role: AccountRole,
    /// The key a bidder's account is bound to.
    pub key: Option<PublicKey>,
}

/// What a good access token says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessClaims {
    /// Whom it speaks for.
    pub grant: Grant,
    /// When it was made, by the coordinator's clock.
    pub issued: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    iss: PublicKey,
    aud: PublicKey,
    sub: AccountId,
    role: AccountRole,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<PublicKey>,
    iat: i64,
    exp: i64,
    #[serde(with = "bytes::fixed")]
    jti: [u8; 16],
}

/// Whether a text claims to be an access token. Says nothing about whether it is good.
pub fn claims_to_be_one(text: &str) -> bool {
    text.len() <= MAX_TOKEN
        && jsonwebtoken::decode_header(text).is_ok_and(|header| header.typ.as_deref() == Some(TYPE))
}

/// A token by the coordinator for one account at one server.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn issue(
    coordinator: &KeyPair,
    audience: &PublicKey,
    grant: &Grant,
    now: Timestamp,
) -> Result<Token, TokenError> {
    let mut jti = [0; 16];
    SysRng.try_fill_bytes(&mut jti).map_err(|_| TokenError::Randomness)?;
    let iat = token::seconds(now);
    let payload = Payload {
        iss: coordinator.public(),
        aud: *audience,
        sub: grant.account,
        role: grant.role,
        key: grant.key,
        iat,
        exp: iat.saturating_add(LIFETIME_SECONDS),
        jti,
    };
    token::sign(coordinator, TYPE, &payload)
}

/// Check a token that was shown to the server with key `me`, by the coordinator's key in the
/// roster. The key that the token itself names is never used.
///
/// # Errors
/// Names the first rule that is broken.
pub fn verify(
    text: &str,
    me: &PublicKey,
    coordinator: &PublicKey,
    now: Timestamp,
) -> Result<AccessClaims, TokenError> {
    if text.len() > MAX_TOKEN {
        return Err(TokenError::Malformed);
    }
    let header = jsonwebtoken::decode_header(text).map_err(|_| TokenError::Malformed)?;
    if header.alg != Algorithm::EdDSA {
        return Err(TokenError::Algorithm);
    }
    if header.crit.is_some() || header.typ.as_deref() != Some(TYPE) {
        return Err(TokenError::Malformed);
    }
    let payload: Payload = token::checked_payload(text, coordinator)?;
    if payload.iss != *coordinator {
        return Err(TokenError::Issuer { issuer: payload.iss });
    }
    if payload.aud != *me {
        return Err(TokenError::Audience);
    }
    let lifetime = payload.exp.checked_sub(payload.iat).ok_or(TokenError::Lifetime)?;
    if !(1..=LIFETIME_SECONDS).contains(&lifetime) {
        return Err(TokenError::Lifetime);
    }
    let now = token::seconds(now);
    let early = payload.iat.saturating_sub(now);
    if early > LEEWAY_SECONDS {
        return Err(TokenError::Early { seconds: early });
    }
    token::check_expiry(payload.exp, now)?;
    Ok(AccessClaims {
        grant: Grant { account: payload.sub, role: payload.role, key: payload.key },
        issued: token::timestamp(payload.iat),
        expires: token::timestamp(payload.exp),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::identity::access_token::*;

    const START: i64 = 1_800_000_000_000;

    fn now() -> Timestamp {
        Timestamp::from_millis(START)
    }

    struct World {
        coordinator: KeyPair,
        server: PublicKey,
        grant: Grant,
    }

    impl World {
        fn new() -> Self {
            let key = || KeyPair::generate().unwrap();
            let account = AccountId::random().unwrap();
            let grant = Grant { account, role: AccountRole::Bidder, key: Some(key().public()) };
            Self { coordinator: key(), server: key().public(), grant }
        }

        fn token(&self) -> String {
            let token = issue(&self.coordinator, &self.server, &self.grant, now()).unwrap();
            token.expose().to_owned()
        }

        fn verify(&self, text: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
            verify(text, &self.server, &self.coordinator.public(), now)
        }
    }

    fn part(value: &Value) -> String {
        bytes::encode(value.to_string().as_bytes())
    }

    #[test]
    fn a_token_says_who_may_do_what_and_is_used_again_and_again() {
        let world = World::new();
        let token = world.token();
        assert!(claims_to_be_one(&token));
        assert!(token.len() < MAX_TOKEN * 3 / 4, "{}", token.len());
        for after in [0, 60, 899] {
            let claims = world.verify(&token, now().plus_millis(after * 1000)).unwrap();
            assert_eq!(claims.grant, world.grant);
            assert_eq!(claims.expires, now().plus_millis(LIFETIME_SECONDS * 1000));
        }
    }

    #[test]
    fn it_ends_and_does_not_begin_early() {
        let world = World::new();
        let token = world.token();
        let late = now().plus_millis((LIFETIME_SECONDS + LEEWAY_SECONDS) * 1000);
        assert!(matches!(world.verify(&token, late), Err(TokenError::Expired { .. })));
        let early = Timestamp::from_millis(now().millis() - 60_000);
        assert!(matches!(world.verify(&token, early), Err(TokenError::Early { .. })));
    }

    #[test]
    fn it_is_worth_nothing_elsewhere_or_by_another_hand() {
        let world = World::new();
        let token = world.token();
        let other = KeyPair::generate().unwrap().public();
        let coordinator = world.coordinator.public();
        assert_eq!(verify(&token, &other, &coordinator, now()), Err(TokenError::Audience));
        assert_eq!(verify(&token, &world.server, &other, now()), Err(TokenError::Signature));
    }

    #[test]
    fn altered_and_other_algorithms_are_refused() {
        let world = World::new();
        let token = world.token();
        let parts: Vec<&str> = token.split('.').collect();
        let mut payload: Value = serde_json::from_slice(&bytes::decode(parts[1]).unwrap()).unwrap();
        payload["role"] = json!("operator");
        let raised = format!("{}.{}.{}", parts[0], part(&payload), parts[2]);
        assert_eq!(world.verify(&raised, now()), Err(TokenError::Signature));
        let none = json!({"typ": TYPE, "alg": "none"});
        let none = format!("{}.{}.", part(&none), part(&payload));
        assert_eq!(world.verify(&none, now()), Err(TokenError::Malformed));
        // The classic swap: the public key taken for the secret of an HMAC.
        let header = jsonwebtoken::Header {
            typ: Some(TYPE.to_owned()),
            ..jsonwebtoken::Header::new(Algorithm::HS256)
        };
        let key = jsonwebtoken::EncodingKey::from_secret(world.coordinator.public().as_bytes());
        let swapped = jsonwebtoken::encode(&header, &payload, &key).unwrap();
        assert_eq!(world.verify(&swapped, now()), Err(TokenError::Algorithm));
        for position in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(bytes).unwrap();
            assert!(world.verify(&text, now()).is_err(), "a change at {position} went through");
        }
    }

    #[test]
    fn the_two_kinds_of_token_do_not_pass_for_each_other() {
        let world = World::new();
        let coordinator = world.coordinator.public();
        let single = token::issue(&world.coordinator, &world.server, now()).unwrap();
        assert!(!claims_to_be_one(single.expose()));
        assert_eq!(world.verify(single.expose(), now()), Err(TokenError::Malformed));
        let access = world.token();
        let taken = token::verify(&access, &world.server, now(), |key| *key == coordinator);
        assert_eq!(taken, Err(TokenError::Malformed));
    }
}
