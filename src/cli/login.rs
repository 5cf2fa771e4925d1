//! The login that this home keeps: `login.json`, mode 0600, with an access token for each server
//! and a refresh token.
//!
//! A refresh token is good for one use, and a second use ends the login. Commands that run at the
//! same time therefore take turns at it, by a lock file.
//!
//! Commands that run for long refresh the login before its tokens end.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::failure::Failure;
use super::home::{Home, read_json, write_json};
use crate::base::Clock;
use crate::client::login::{SharedLogin, fresh_for, is_fresh};
use crate::client::{ClientError, Network};
use crate::identity::{AccountRole, Roster, Signed};
use crate::wire::account_api::Login;
use crate::wire::problem::ProblemType;

const FILE: &str = "login.json";
const LOCK: &str = "login.lock";

/// How long to wait for another command's turn; a lock that is older was left behind.
const TURN: Duration = Duration::from_secs(20);

/// Pause before a refresh that failed is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Why a login cannot be used.
#[derive(Debug)]
pub enum LoginError {
    /// The coordinator does not refresh it, or cannot be reached.
    Refresh {
        /// What it says, or what is in the way.
        error: ClientError,
        /// The login that was to be refreshed.
        login: Arc<Login>,
    },
    /// What is kept here cannot be read or written.
    Home(Failure),
}

impl LoginError {
    /// Whether it has ended for good.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Refresh { error, .. } if is_over(error))
    }
}

/// Whether the coordinator says that a login has ended for good.
fn is_over(error: &ClientError) -> bool {
    let ClientError::Http(error) = error else { return false };
    error.problem().is_some_and(|problem| problem.kind == ProblemType::LoginOver)
}

impl From<Failure> for LoginError {
    fn from(failure: Failure) -> Self {
        Self::Home(failure)
    }
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Refresh { error, .. } => error.into(),
            LoginError::Home(failure) => failure,
        }
    }
}

/// The login that is kept, without refreshing it.
///
/// # Errors
/// When the file cannot be read.
pub fn kept(home: &Home) -> Result<Option<Login>, Failure> {
    let path = home.file(FILE);
    if path.exists() { read_json(&path, "a login").map(Some) } else { Ok(None) }
}

/// Keep a login.
///
/// # Errors
/// When the file cannot be written.
pub fn keep(home: &Home, login: &Login) -> Result<(), Failure> {
    home.create()?;
    write_json(&home.file(FILE), login)
}

/// Keep no login any more.
pub fn forget(home: &Home) {
    let _ = fs::remove_file(home.file(FILE));
}

/// The login that is kept, refreshed when its tokens are about to expire; `None` when there is
/// none for this roster's coordinator.
///
/// # Errors
/// When it is over, or the coordinator cannot be reached.
pub async fn current(
    home: &Home,
    roster: &Signed<Roster>,
) -> Result<Option<Arc<Login>>, LoginError> {
    let mine =
        |login: &Login| login.tokens.iter().any(|line| line.server == roster.body.coordinator.key);
    let Some(login) = kept(home)?.filter(mine) else { return Ok(None) };
    if is_fresh(&login, Clock::System.now()) {
        return Ok(Some(Arc::new(login)));
    }
    let _turn = Turn::take(home).await?;
    // Another command may have refreshed it meanwhile.
    let Some(login) = kept(home)?.filter(mine) else { return Ok(None) };
    if is_fresh(&login, Clock::System.now()) {
        return Ok(Some(Arc::new(login)));
    }
    let network = Network::new(roster.clone(), None, Clock::System).map_err(Failure::from)?;
    match network.coordinator().refresh(&login).await {
        Ok(login) => {
            keep(home, &login)?;
            Ok(Some(Arc::new(login)))
        }
        Err(error) => {
            let error = LoginError::Refresh { error, login: Arc::new(login) };
            if error.is_over() {
                forget(home);
            }
            Err(error)
        }
    }
}

/// The login that is over, as screens that are opened all the same show it.
pub fn kept_before(error: &LoginError) -> Option<SharedLogin> {
    let LoginError::Refresh { error, login } = error else { return None };
    let shared = SharedLogin::new(Arc::clone(login));
    shared.end(&why_over(error));
    Some(shared)
}

/// Why a login is over, as the coordinator says it.
fn why_over(error: &ClientError) -> String {
    let ClientError::Http(http) = error else { return error.to_string() };
    http.problem().map_or_else(|| error.to_string(), |problem| problem.detail.clone())
}

/// Connections as the account that is logged in here, or as nobody.
///
/// # Errors
/// When the login is over, or an address in the roster cannot be used.
pub async fn network(home: &Home, roster: Signed<Roster>) -> Result<Network, Failure> {
    Ok(match current(home, &roster).await? {
        Some(login) => connect(home, roster, login)?.0,
        None => Network::new(roster, None, Clock::System)?,
    })
}

/// Connections as the operator's account that is logged in here, if one is.
///
/// # Errors
/// When the login is over, or an address in the roster cannot be used.
pub async fn operator(home: &Home, roster: &Signed<Roster>) -> Result<Option<Network>, Failure> {
    match current(home, roster).await? {
        Some(login) if login.account.role == AccountRole::Operator => {
            connect(home, roster.clone(), login).map(|(network, _)| Some(network))
        }
        _ => Ok(None),
    }
}

/// The login that a new one takes the place of ends with it.
pub async fn end_earlier(home: &Home, network: &Network) {
    if let Ok(Some(earlier)) = kept(home) {
        let _ = network.coordinator().logout(&earlier).await;
    }
}

/// Connections that stay logged in for as long as they are used, and the login that they share.
///
/// # Errors
/// When an address in the roster cannot be used.
pub fn connect(
    home: &Home,
    roster: Signed<Roster>,
    login: Arc<Login>,
) -> Result<(Network, SharedLogin), Failure> {
    let login = SharedLogin::new(login);
    let network = Network::with_login(roster.clone(), &login, Clock::System)?;
    tokio::spawn(keep_fresh(home.clone(), roster, login.clone()));
    Ok((network, login))
}

/// Refreshes a login before its tokens end, until nobody uses it any more or it is over.
async fn keep_fresh(home: Home, roster: Signed<Roster>, login: SharedLogin) {
    loop {
        // Clocks may differ so much that no login ever looks fresh.
        let pause = fresh_for(&login.get(), Clock::System.now()).max(AGAIN);
        tokio::time::sleep(pause).await;
        if !login.in_use() {
            return;
        }
        match current(&home, &roster).await {
            Ok(Some(next)) if next.account.account == login.get().account.account => {
                login.put(next);
            }
            Ok(Some(_)) => {
                login.end("another account has logged in here");
                return;
            }
            Ok(None) => {
                login.end("it was ended here, by `gavel logout` or another login");
                return;
            }
            Err(LoginError::Refresh { error, .. }) if is_over(&error) => {
                tracing::warn!("the login is over; log in again with `gavel login`");
                login.end(&why_over(&error));
                return;
            }
            Err(error) => {
                let detail = Failure::from(error).detail;
                tracing::debug!(detail, "the login could not be refreshed yet");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

/// One command's turn at the refresh token; given back when dropped.
struct Turn(std::path::PathBuf);

impl Turn {
    async fn take(home: &Home) -> Result<Self, Failure> {
        let path = home.file(LOCK);
        loop {
            match fs::OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => return Ok(Self(path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    let age = fs::metadata(&path)
                        .and_then(|data| data.modified())
                        .ok()
                        .and_then(|made| SystemTime::now().duration_since(made).ok());
                    if age.is_some_and(|age| age > TURN) {
                        let _ = fs::remove_file(&path);
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(Failure::file("writing", &path, &error)),
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::cli::login::*;

    #[tokio::test]
    async fn turns_are_taken_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(Some(folder.path())).unwrap();
        let first = Turn::take(&home).await.unwrap();
        let second = tokio::time::timeout(Duration::from_millis(200), Turn::take(&home)).await;
        assert!(second.is_err(), "the second has to wait");
        drop(first);
        drop(Turn::take(&home).await.unwrap());
        assert!(!Path::new(&home.file(LOCK)).exists());
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(Some(folder.path())).unwrap();
        let text = serde_json::json!({
            "account": {"account": "00".repeat(16), "name": "Ada", "role": "operator",
                "created": "1970-01-01T00:00:00.000Z"},
            "tokens": [], "expires": "1970-01-01T00:00:00.000Z", "refresh": "secret",
            "refresh_expires": "1970-01-01T00:00:00.000Z",
        });
        let login: Login = serde_json::from_value(text).unwrap();
        keep(&home, &login).unwrap();
        let mode = fs::metadata(home.file(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(kept(&home).unwrap().unwrap().refresh.expose(), "secret");
        forget(&home);
        assert!(kept(&home).unwrap().is_none());
    }
}
