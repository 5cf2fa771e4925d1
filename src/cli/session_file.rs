//! Session files as commands read them: errors on one line, with file and line number; the text
//! that goes to the coordinator, without the bids.

use std::path::Path;

use super::failure::Failure;
use super::home::{read_text, toml_failure};
use crate::client::coordinator::CoordinatorClient;
use crate::rules::job::{StoredVariable, json};
use crate::rules::session_file::{self, with_operator_key, without_demo};
use crate::rules::terms::TermsError;
use crate::rules::{OperatorKey, SessionFile};

/// The file that `gavel demo` plays when none is given.
pub const BUILT_IN: &str = include_str!("../../sessions/art-sale.toml");

/// Name of [`BUILT_IN`] in messages.
const BUILT_IN_NAME: &str = "the built-in art sale";

/// A session file and its text.
pub struct Loaded {
    /// What it says.
    pub file: SessionFile,
    /// As written.
    pub text: String,
}

impl Loaded {
    /// The same session with room for so many bidders, where it has less.
    ///
    /// # Errors
    /// When no session takes so many.
    pub fn with_room_for(self, bidders: u32) -> Result<Self, Failure> {
        if bidders <= self.file.shared.limits().bids {
            return Ok(self);
        }
        let broken = |error: &dyn std::fmt::Display| Failure::new("bad-terms", error);
        let mut table: toml::Table = toml::from_str(&self.text).map_err(|error| broken(&error))?;
        table.insert("max_bids".into(), toml::Value::Integer(bidders.into()));
        let text = toml::to_string(&table).map_err(|error| broken(&error))?;
        Ok(Self { file: SessionFile::parse(&text)?, text })
    }
}

/// Whether a session file names variables that are stored at the nodes.
///
/// # Errors
/// When it cannot be read.
pub fn names_stored(path: &Path) -> Result<bool, Failure> {
    let text = read(path)?;
    Ok(text.parse().is_ok_and(|table| session_file::names_stored(&table)))
}

/// Read a session file, or the built-in one. Where its operator is told something and it does not say
/// under which key, `own_key` says. What it leaves open of stored variables is filled in where
/// `stored` has what there is.
///
/// # Errors
/// Names the file and what to change in it.
pub fn load(
    path: Option<&Path>,
    own_key: impl FnOnce() -> Result<OperatorKey, Failure>,
    stored: Option<&[StoredVariable]>,
) -> Result<Loaded, Failure> {
    let (path, mut text) = match path {
        Some(path) => (path, read(path)?),
        None => (Path::new(BUILT_IN_NAME), BUILT_IN.to_owned()),
    };
    if let Some(stored) = stored {
        text = filled(text, stored).map_err(|failure| failure.about(path.display()))?;
    }
    if SessionFile::read(&text).is_ok_and(|file| file.fields.lacks_operator_key()) {
        // What is wrong with it otherwise is found before a key is made.
        parse(path, &keyed(&text, &OperatorKey::stand_in())?)?;
        text = keyed(&text, &own_key()?)?;
    }
    let file = parse(path, &text)?;
    Ok(Loaded { file, text })
}

/// The text of a session file. One in the JSON of the older system becomes TOML.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> Result<String, Failure> {
    let text = read_text(path)?;
    if !json::is_json(&text) {
        return Ok(text);
    }
    let file = json::session_file(&text);
    let file = file.map_err(|error| Failure::new("bad-terms", error).about(path.display()))?;
    Ok(file.to_string())
}

/// The text with what it leaves open of stored variables.
fn filled(text: String, stored: &[StoredVariable]) -> Result<String, Failure> {
    let broken = |error: &dyn std::fmt::Display| Failure::new("bad-terms", error);
    // What is wrong with it otherwise is said where it is read.
    let Ok(mut table) = text.parse::<toml::Table>() else { return Ok(text) };
    if !session_file::names_stored(&table) {
        return Ok(text);
    }
    let find = |name: &str| stored.iter().find(|variable| variable.name == name);
    session_file::fill_stored(&mut table, find).map_err(|error| broken(&error))?;
    toml::to_string(&table).map_err(|error| broken(&error))
}

/// The text with what it leaves open of stored variables, as the coordinator has them now.
///
/// # Errors
/// When the coordinator cannot be reached, or one of them is not stored.
pub async fn with_stored(text: String, coordinator: &CoordinatorClient) -> Result<String, Failure> {
    let names = text.parse::<toml::Table>().is_ok_and(|table| session_file::names_stored(&table));
    if !names {
        return Ok(text);
    }
    let stored = coordinator.variables().await?;
    let stored: Vec<StoredVariable> = stored.into_iter().map(|line| line.variable).collect();
    filled(text, &stored)
}

/// The text with this home's key, where something is for its client or operator alone and it does not
/// say under which key.
///
/// # Errors
/// When the key cannot be made or read.
pub fn with_own_key(
    text: String,
    own_key: impl FnOnce() -> Result<OperatorKey, Failure>,
) -> Result<String, Failure> {
    let lacks = SessionFile::read(&text).is_ok_and(|file| file.fields.lacks_operator_key());
    if lacks { keyed(&text, &own_key()?) } else { Ok(text) }
}

fn keyed(text: &str, key: &OperatorKey) -> Result<String, Failure> {
    let broken = |error: &dyn std::fmt::Display| Failure::new("bad-terms", error);
    let table = with_operator_key(text, key).map_err(|error| broken(&error))?;
    toml::to_string(&table).map_err(|error| broken(&error))
}

fn parse(path: &Path, text: &str) -> Result<SessionFile, Failure> {
    SessionFile::parse(text).map_err(|error| match (&error, SessionFile::read(text)) {
        (TermsError::Syntax(_), Err(toml)) => toml_failure("bad-terms", path, text, &toml),
        _ => Failure::from(error).about(path.display()),
    })
}

/// The text for the coordinator: terms only. Bids and the demo's roster stay here.
///
/// # Errors
/// When the text is not TOML.
pub fn terms_only(text: &str, bids_until: Option<&str>) -> Result<String, Failure> {
    let broken = |error: &dyn std::fmt::Display| Failure::new("bad-terms", error);
    let mut table = without_demo(text).map_err(|error| broken(&error))?;
    if let Some(bids_until) = bids_until {
        table.insert("bids_until".into(), toml::Value::String(bids_until.into()));
    }
    toml::to_string(&table).map_err(|error| broken(&error))
}

#[cfg(test)]
mod tests {
    use crate::cli::session_file::*;

    #[test]
    fn no_bid_reaches_the_coordinator() {
        let text = terms_only(BUILT_IN, Some("1h")).unwrap();
        let file = SessionFile::parse(&text).unwrap();
        assert!(file.fields.as_auction().unwrap().bids.is_empty());
        assert!(file.shared.roster.is_none());
        assert_eq!(file.shared.title, "Harbour view, oil on canvas");
        assert_eq!(file.shared.bids_until, "1h");
        assert!(!text.contains("1240") && !text.contains("ada"));
    }

    #[test]
    fn a_demo_of_many_has_room_for_them() {
        let loaded =
            || Loaded { file: SessionFile::parse(BUILT_IN).unwrap(), text: BUILT_IN.into() };
        assert_eq!(loaded().with_room_for(10_000).unwrap().text, BUILT_IN);
        let many = loaded().with_room_for(100_000).unwrap();
        assert_eq!(many.file.shared.limits().bids, 100_000);
        let sent = SessionFile::parse(&terms_only(&many.text, None).unwrap()).unwrap();
        assert_eq!(sent.shared.limits().bids, 100_000);
    }

    #[test]
    fn a_file_that_lacks_its_operators_key_gets_the_homes_and_no_other_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("market.toml");
        let market = "title = \"Hay\"\nkind = \"market\"\nfrom = \"1\"\nto = \"9\"\nstep = \"1\"\n\
                      bids_until = \"1h\"\nquantities = \"operator\"\n";
        let load_with = |text: &str, key: &OperatorKey| {
            std::fs::write(&path, text).unwrap();
            let mut asked = false;
            let own_key = || {
                asked = true;
                Ok(key.clone())
            };
            let loaded = load(Some(&path), own_key, None);
            (loaded, asked)
        };
        let key = OperatorKey(crate::identity::Blob(vec![7; crate::rules::operator_key::BYTES]));
        let (loaded, asked) = load_with(market, &key);
        let sent = terms_only(&loaded.unwrap().text, None).unwrap();
        let terms =
            SessionFile::parse(&sent).unwrap().terms(crate::base::Timestamp::from_millis(0));
        assert_eq!(terms.unwrap().question.disclosed_to(), Some(&key));
        assert!(asked);
        // One that has a key keeps it; one that needs none gets none.
        let other = OperatorKey::stand_in();
        let (loaded, asked) = load_with(&sent, &other);
        assert!(!asked && loaded.unwrap().text == sent);
        let (loaded, asked) = load_with(&market.replace("operator", "own"), &other);
        assert!(!asked && !loaded.unwrap().text.contains("operator_key"));
        // A file with another fault makes no key.
        let (loaded, asked) = load_with(&market.replace("\"9\"", "\"0\""), &other);
        assert!(!asked && loaded.is_err());
    }

    #[test]
    fn a_wrong_file_names_its_line() {
        let text = BUILT_IN.replace("second-price", "third-price");
        let failure = parse(Path::new("sale.toml"), &text).map(|_| ()).unwrap_err();
        assert!(
            failure.detail.starts_with("sale.toml, line 3: unknown variant `third-price`"),
            "{}",
            failure.detail
        );
        let text = BUILT_IN.replace("reserve = \"500\"", "reserve = \"5\"\nmaximum = \"4\"");
        let failure = parse(Path::new("sale.toml"), &text).map(|_| ()).unwrap_err();
        assert_eq!(
            failure.detail,
            "sale.toml: the reserve 5.00 is above the maximum 4.00; lower one or raise the other"
        );
    }
}
