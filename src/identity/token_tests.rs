use crate::identity::token::*;
use serde_json::{Value, json};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + millis)
}

struct Pair {
    caller: KeyPair,
    me: PublicKey,
}

impl Pair {
    fn new() -> Self {
        Self { caller: KeyPair::generate().unwrap(), me: KeyPair::generate().unwrap().public() }
    }

    fn token(&self) -> Token {
        issue(&self.caller, &self.me, at(0)).unwrap()
    }

    fn verify_at(&self, text: &str, now: Timestamp) -> Result<Claims, TokenError> {
        verify(text, &self.me, now, |key| *key == self.caller.public())
    }

    fn verify(&self, text: &str) -> Result<Claims, TokenError> {
        self.verify_at(text, at(500))
    }

    /// A token signed by the caller over any header and payload.
    fn forge(&self, header: &Value, payload: &Value) -> String {
        let message = format!("{}.{}", part(header), part(payload));
        let secret = SigningKey::from_bytes(&self.caller.secret());
        let signature = ed25519_dalek::Signer::sign(&secret, message.as_bytes());
        format!("{message}.{}", bytes::encode(&signature.to_bytes()))
    }

    fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": "EdDSA", "kid": self.caller.public()})
    }

    fn payload(&self) -> Value {
        let now = seconds(at(0));
        json!({
            "iss": self.caller.public(), "aud": self.me, "iat": now, "exp": now + 60,
            "jti": bytes::encode(&[7; 16]),
        })
    }
}

fn part(value: &Value) -> String {
    bytes::encode(value.to_string().as_bytes())
}

fn with(mut value: Value, field: &str, new: Value) -> Value {
    value[field] = new;
    value
}

#[test]
fn a_token_says_who_calls_whom() {
    let pair = Pair::new();
    let token = pair.token();
    let claims = pair.verify(token.expose()).unwrap();
    assert_eq!(claims.issuer, pair.caller.public());
    assert_eq!(claims.audience, pair.me);
    assert_eq!((claims.issued, claims.expires), (at(0), at(60_000)));
    assert_ne!(claims.id, pair.verify(pair.token().expose()).unwrap().id);
    assert!(token.expose().len() < MAX_TOKEN / 2, "{} characters", token.expose().len());
    assert_eq!(format!("{token:?}"), "Token(secret)");
}

#[test]
fn the_hand_made_token_of_these_tests_is_good() {
    let pair = Pair::new();
    assert!(pair.verify(&pair.forge(&pair.header(), &pair.payload())).is_ok());
}

#[test]
fn time_is_checked_on_both_ends() {
    let pair = Pair::new();
    let token = pair.token();
    let text = token.expose();
    assert!(pair.verify_at(text, at(-30_000)).is_ok());
    assert_eq!(pair.verify_at(text, at(-31_000)), Err(TokenError::Early { seconds: 31 }));
    assert!(pair.verify_at(text, at(89_999)).is_ok());
    assert_eq!(pair.verify_at(text, at(90_000)), Err(TokenError::Expired { seconds: 30 }));
}

#[test]
fn a_token_cannot_be_good_for_long() {
    let pair = Pair::new();
    let now = seconds(at(0));
    for (iat, exp) in [(now, now + 61), (now, now), (now, now - 5), (i64::MIN, i64::MAX)] {
        let payload = with(with(pair.payload(), "iat", json!(iat)), "exp", json!(exp));
        let text = pair.forge(&pair.header(), &payload);
        assert_eq!(pair.verify(&text), Err(TokenError::Lifetime), "{iat} {exp}");
    }
    for (iat, exp) in [(i64::MAX - 60, i64::MAX), (i64::MIN, i64::MIN + 60)] {
        let payload = with(with(pair.payload(), "iat", json!(iat)), "exp", json!(exp));
        let error = pair.verify(&pair.forge(&pair.header(), &payload)).unwrap_err();
        assert!(matches!(error, TokenError::Early { .. } | TokenError::Expired { .. }));
    }
}

#[test]
fn a_token_for_another_server_is_useless_here() {
    let pair = Pair::new();
    let other = KeyPair::generate().unwrap().public();
    let token = issue(&pair.caller, &other, at(0)).unwrap();
    assert_eq!(pair.verify(token.expose()), Err(TokenError::Audience));
}

#[test]
fn a_changed_token_is_refused() {
    let pair = Pair::new();
    let token = pair.token();
    let [header, _, signature] = token.expose().split('.').collect::<Vec<_>>()[..] else {
        panic!("a token has three parts");
    };
    let altered = format!("{header}.{}.{signature}", part(&pair.payload()));
    assert_eq!(pair.verify(&altered), Err(TokenError::Signature));
    for position in 0..token.expose().len() {
        let mut bent = token.expose().as_bytes().to_vec();
        bent[position] = if bent[position] == b'A' { b'B' } else { b'A' };
        let bent = String::from_utf8(bent).unwrap();
        assert!(pair.verify(&bent).is_err(), "character {position}");
    }
}

#[test]
fn only_eddsa_is_an_algorithm() {
    let pair = Pair::new();
    let unsigned = format!(
        "{}.{}.",
        part(&json!({"alg": "none", "kid": pair.caller.public()})),
        part(&pair.payload())
    );
    assert_eq!(pair.verify(&unsigned), Err(TokenError::Malformed));
    // HMAC keyed with the public key, for verifiers that let the token choose.
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(pair.caller.public().to_string());
    for secret in
        [pair.caller.public().as_bytes().to_vec(), pair.caller.public().to_string().into()]
    {
        let key = EncodingKey::from_secret(&secret);
        let text = jsonwebtoken::encode(&header, &pair.payload(), &key).unwrap();
        assert_eq!(pair.verify(&text), Err(TokenError::Algorithm));
    }
    // And the same with the right algorithm claimed for a MAC that was made with the public key.
    let eddsa = part(&pair.header());
    let text =
        jsonwebtoken::encode(&header, &pair.payload(), &EncodingKey::from_secret(b"x")).unwrap();
    let (_, rest) = text.split_once('.').unwrap();
    assert_eq!(pair.verify(&format!("{eddsa}.{rest}")), Err(TokenError::Signature));
}

#[test]
fn unknown_callers_are_refused_and_named() {
    let pair = Pair::new();
    let stranger = KeyPair::generate().unwrap();
    let issuer = stranger.public();
    let token = issue(&stranger, &pair.me, at(0)).unwrap();
    assert_eq!(pair.verify(token.expose()), Err(TokenError::Issuer { issuer }));
    // A stranger who names an allowed key, in the header, the claims, or both.
    let stranger = Pair { caller: stranger, me: pair.me };
    let text = stranger.forge(&pair.header(), &stranger.payload());
    assert_eq!(pair.verify(&text), Err(TokenError::Signature));
    let text = stranger.forge(&pair.header(), &pair.payload());
    assert_eq!(pair.verify(&text), Err(TokenError::Signature));
    let text = stranger.forge(&stranger.header(), &pair.payload());
    assert_eq!(pair.verify(&text), Err(TokenError::Issuer { issuer }));
    // An allowed caller who speaks for someone else.
    let text = pair.forge(&pair.header(), &with(pair.payload(), "iss", json!(issuer)));
    assert_eq!(pair.verify(&text), Err(TokenError::Signature));
}

#[test]
fn odd_tokens_are_malformed() {
    let pair = Pair::new();
    let (header, payload) = (pair.header(), pair.payload());
    let mut odd = vec![
        String::new(),
        "a.b.c".to_owned(),
        "...".to_owned(),
        "é.é.é".to_owned(),
        "x".repeat(MAX_TOKEN + 1),
        pair.forge(&with(header.clone(), "crit", json!(["exp"])), &payload),
        pair.forge(&with(header.clone(), "kid", json!("nobody")), &payload),
        pair.forge(&json!({"alg": "EdDSA"}), &payload),
        pair.forge(&header, &with(payload.clone(), "admin", json!(true))),
        pair.forge(&header, &with(payload.clone(), "jti", json!("AAAA"))),
        pair.forge(&header, &with(payload.clone(), "aud", json!([pair.me]))),
        pair.forge(&header, &with(payload.clone(), "exp", json!("soon"))),
        pair.forge(&header, &json!([])),
    ];
    odd.push(format!("{}.x", pair.forge(&header, &payload)));
    for text in odd {
        assert_eq!(pair.verify(&text), Err(TokenError::Malformed), "{text}");
    }
}

#[test]
fn a_token_passes_once() {
    let (pair, guard) = (Pair::new(), ReplayGuard::default());
    let claims = pair.verify(pair.token().expose()).unwrap();
    assert_eq!(guard.admit(&claims, at(500)), Ok(()));
    assert_eq!(guard.admit(&claims, at(500)), Err(TokenError::Replayed));
    assert_eq!(guard.admit(&claims, at(89_999)), Err(TokenError::Replayed));
    // Forgotten when it is over, and still refused, even if the clock goes back.
    assert_eq!(guard.admit(&claims, at(90_000)), Err(TokenError::Expired { seconds: 30 }));
    assert_eq!(guard.remembered(), 0);
    assert_eq!(guard.admit(&claims, at(500)), Err(TokenError::Expired { seconds: 30 }));
}

#[test]
fn a_flood_by_one_caller_is_bounded_and_hurts_nobody_else() {
    let guard = ReplayGuard::with_limits(3, 5);
    let [ada, eve, bob] = [(); 3].map(|()| KeyPair::generate().unwrap().public());
    let claims = |issuer, id: u8, time: i64| Claims {
        issuer,
        audience: ada,
        issued: at(time),
        expires: at(time + 60_000),
        id: [id; 16],
    };
    for id in 0..3 {
        assert_eq!(guard.admit(&claims(eve, id, 0), at(0)), Ok(()));
    }
    assert_eq!(guard.admit(&claims(eve, 3, 0), at(0)), Err(TokenError::TooMany));
    assert_eq!(guard.admit(&claims(ada, 0, 10_000), at(10_000)), Ok(()));
    assert_eq!(guard.admit(&claims(ada, 1, 10_000), at(10_000)), Ok(()));
    assert_eq!(guard.admit(&claims(bob, 0, 10_000), at(10_000)), Err(TokenError::TooMany));
    assert_eq!(guard.remembered(), 5);
    assert_eq!(guard.admit(&claims(bob, 0, 80_000), at(90_000)), Ok(()));
    assert_eq!(guard.remembered(), 3);
    assert_eq!(guard.admit(&claims(eve, 4, 80_000), at(90_000)), Ok(()));
    assert_eq!(guard.admit(&claims(ada, 0, 10_000), at(90_000)), Err(TokenError::Replayed));
}
