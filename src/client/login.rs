//! A login that several clients share while it is refreshed, and the tokens they take from it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::base::{Clock, Timestamp, lock};
use crate::identity::PublicKey;
use crate::transport::client::http::TokenSource;
use crate::wire::account_api::Login;

/// A login that is refreshed while clients use it: they take its tokens anew for every request.
#[derive(Clone)]
pub struct SharedLogin(Arc<Mutex<Held>>);

struct Held {
    login: Arc<Login>,
    /// Why it is over.
    over: Option<String>,
}

impl SharedLogin {
    /// A login as it is now.
    pub fn new(login: Arc<Login>) -> Self {
        Self(Arc::new(Mutex::new(Held { login, over: None })))
    }

    /// The login as it is now.
    pub fn get(&self) -> Arc<Login> {
        Arc::clone(&lock(&self.0).login)
    }

    /// Go on with its successor.
    pub fn put(&self, login: Arc<Login>) {
        *lock(&self.0) = Held { login, over: None };
    }

    /// It is over, as somebody says who knows. Its tokens are not sent any more, so that what
    /// everybody may see still comes.
    pub fn end(&self, why: &str) {
        lock(&self.0).over.get_or_insert_with(|| why.to_owned());
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        lock(&self.0).over.is_some()
    }

    /// Why it is over; `None` while it stands.
    pub fn why_over(&self) -> Option<String> {
        lock(&self.0).over.clone()
    }

    /// Whether anybody else holds it.
    pub fn in_use(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

/// The access token that a login holds for a server, unless it has expired.
pub fn token_source(login: &SharedLogin, server: PublicKey, clock: Clock) -> TokenSource {
    let login = login.clone();
    Arc::new(move || {
        if login.is_over() {
            return None;
        }
        let login = login.get();
        let found = login.tokens.iter().find(|line| line.server == server)?;
        (clock.now() < login.expires).then(|| found.token.expose().to_owned())
    })
}

/// So long before its tokens end a login is refreshed.
const AHEAD_MILLIS: i64 = 60_000;

/// Whether a login's tokens stay valid for some more time.
pub fn is_fresh(login: &Login, now: Timestamp) -> bool {
    now.plus_millis(AHEAD_MILLIS) < login.expires
}

/// How long a login stays fresh.
pub fn fresh_for(login: &Login, now: Timestamp) -> Duration {
    let millis = login.expires.millis() - now.millis() - AHEAD_MILLIS;
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use crate::client::login::*;

    fn login(token: &str, expires: i64) -> Arc<Login> {
        let text = serde_json::json!({
            "account": {"account": "00".repeat(16), "name": "Ada", "role": "operator",
                "created": "1970-01-01T00:00:00.000Z"},
            "tokens": [{"server": PublicKey::from_bytes([7; 32]), "token": token}],
            "expires": Timestamp::from_millis(expires), "refresh": "secret",
            "refresh_expires": "1970-01-01T00:00:00.000Z",
        });
        Arc::new(serde_json::from_value(text).unwrap())
    }

    #[test]
    fn clients_take_the_token_of_the_latest_login() {
        let now = Clock::System.now().millis();
        let shared = SharedLogin::new(login("first", now + 50_000));
        let source = token_source(&shared, PublicKey::from_bytes([7; 32]), Clock::System);
        let elsewhere = token_source(&shared, PublicKey::from_bytes([8; 32]), Clock::System);
        assert_eq!((source().as_deref(), elsewhere()), (Some("first"), None));
        shared.put(login("second", now + 900_000));
        assert_eq!(source().as_deref(), Some("second"));
        // One that has expired is not sent any more, nor one that has been ended.
        shared.put(login("third", now - 1));
        assert_eq!(source(), None);
        shared.put(login("fourth", now + 900_000));
        shared.end("the account is disabled");
        shared.end("something else");
        assert_eq!((source(), shared.is_over()), (None, true));
        assert_eq!(shared.why_over().as_deref(), Some("the account is disabled"));
        shared.put(login("fifth", now + 900_000));
        assert_eq!((source().as_deref(), shared.is_over()), (Some("fifth"), false));
        assert!(shared.in_use());
        drop((source, elsewhere));
        assert!(!shared.in_use());
    }

    #[test]
    fn a_login_is_refreshed_a_minute_before_it_ends() {
        let login = login("token", 900_000);
        let at = Timestamp::from_millis;
        assert_eq!(fresh_for(&login, at(0)), Duration::from_secs(840));
        assert!(is_fresh(&login, at(839_999)) && !is_fresh(&login, at(840_000)));
        assert_eq!(fresh_for(&login, at(840_000)), Duration::ZERO);
        assert_eq!(fresh_for(&login, at(2_000_000)), Duration::ZERO);
    }
}
