//! The session file as people write it: TOML, flat, with the fields of its kind among those that
//! every session has.
//!
//! What a field may be depends on `kind`, so that the text is read three times: for its kind, for
//! what all kinds share, and for what this one has besides. Errors keep their place in the text.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor};

use super::auction;
use super::job;
use super::limits::Limits;
#[cfg(any(test, feature = "testkit"))]
use super::made_up;
use super::market;
use super::operator_key::OperatorKey;
use super::question::{Question, QuestionError};
use super::survey;
use super::terms::{Admission, Terms, TermsError};
use crate::base::bytes::encode;
use crate::base::{Timestamp, time};
use crate::sharing::form::Form;
use crate::sharing::security::Security;

/// A session file as written: parsed, with nothing filled in or checked yet.
#[derive(Clone)]
pub struct SessionFile {
    /// What all kinds share.
    pub shared: Shared,
    /// What this kind has besides.
    pub fields: Fields,
}

/// The fields of every session file.
#[derive(Clone, Deserialize)]
pub struct Shared {
    /// What the session is about.
    pub title: String,
    /// What else there is to know of it; line breaks count as blanks.
    pub description: Option<String>,
    /// A duration from opening ("2m") or an RFC 3339 time.
    pub bids_until: String,
    /// Whether an entry may be replaced.
    #[serde(default)]
    pub replace_bids: bool,
    /// How entries are shared.
    #[serde(default)]
    pub protocol: Form,
    /// Against whom the computation is to be secure: active if nothing is said, on bits.
    pub security: Option<Security>,
    /// Who may take part.
    #[serde(default)]
    pub admission: Admission,
    /// Most bidders.
    pub max_bids: Option<u32>,
    /// Most bytes of a bidder's name.
    pub max_name_bytes: Option<u32>,
    /// Most envelopes of one bidder.
    pub max_revisions: Option<u32>,
    /// For demo, tests and benches.
    pub roster: Option<DemoRoster>,
}

impl Shared {
    /// The description as one paragraph: a file may break its lines, and the terms have none.
    pub fn paragraph(&self) -> Option<String> {
        let lines = self.description.as_deref()?.lines().map(str::trim);
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        Some(lines.join(" "))
    }

    /// How much the session takes, with the defaults filled in.
    pub fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            bids: self.max_bids.unwrap_or(usual.bids),
            name_bytes: self.max_name_bytes.unwrap_or(usual.name_bytes),
            revisions: self.max_revisions.unwrap_or(usual.revisions),
        }
    }
}

/// What a demo stores before it begins: names of variables, each with its value.
pub const STORED: &str = "stored";

/// Their names, and that of the kind.
const SHARED: &[&str] = &[
    "title",
    "description",
    "kind",
    "bids_until",
    "replace_bids",
    "protocol",
    "security",
    "admission",
    "max_bids",
    "max_name_bytes",
    "max_revisions",
    "roster",
    STORED,
];

/// The nodes that a demo starts, and their threshold. Real sessions take the coordinator's roster.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoRoster {
    /// Number of nodes.
    pub nodes: u8,
    /// Threshold t.
    pub threshold: u8,
}

/// The fields of a session file that only its kind has.
#[derive(Clone)]
pub enum Fields {
    /// An auction's.
    Auction(auction::file::Fields),
    /// A market's.
    Market(market::file::Fields),
    /// A survey's.
    Survey(survey::file::Fields),
    /// A job's.
    Job(job::file::Fields),
    /// Those of a kind that only tests know.
    #[cfg(any(test, feature = "testkit"))]
    MadeUp(made_up::Fields),
}

impl Fields {
    /// Read the fields of the kind with this name.
    fn read(kind: &str, text: &str) -> Result<Self, toml::de::Error> {
        #[cfg(any(test, feature = "testkit"))]
        if kind == made_up::NAME {
            known_only(text, made_up::Fields::NAMES)?;
            return toml::from_str(text).map(Self::MadeUp);
        }
        if kind == market::NAME {
            known_only(text, market::file::Fields::NAMES)?;
            return toml::from_str(text).map(Self::Market);
        }
        if kind == survey::NAME {
            known_only(text, survey::file::Fields::NAMES)?;
            return toml::from_str(text).map(Self::Survey);
        }
        if kind == job::NAME {
            known_only(text, job::file::Fields::NAMES)?;
            return toml::from_str(text).map(Self::Job);
        }
        if kind == auction::Kind::Scored.name() {
            known_only(text, auction::file::Fields::SCORED)?;
        }
        if auction::Kind::ALL.iter().any(|own| own.name() == kind) {
            known_only(text, auction::file::Fields::NAMES)?;
        }
        toml::from_str(text).map(Self::Auction)
    }

    /// What they ask.
    fn question(&self) -> Result<Question, QuestionError> {
        match self {
            Self::Auction(fields) => Ok(Question::Auction(fields.question()?)),
            Self::Market(fields) => Ok(Question::Market(fields.question()?)),
            Self::Survey(fields) => Ok(Question::Survey(fields.question()?)),
            Self::Job(fields) => Ok(Question::Job(fields.question()?)),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(fields) => Ok(Question::MadeUp(fields.question())),
        }
    }

    /// The fields, if they are an auction's.
    pub const fn as_auction(&self) -> Option<&auction::file::Fields> {
        match self {
            Self::Auction(fields) => Some(fields),
            Self::Market(_) | Self::Survey(_) | Self::Job(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// Whether the file leaves open under which key its operator is told.
    pub fn lacks_operator_key(&self) -> bool {
        match self {
            Self::Market(fields) => fields.lacks_operator_key(),
            Self::Job(fields) => fields.lacks_client_key(),
            Self::Auction(_) | Self::Survey(_) => false,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => false,
        }
    }

    /// How many participants the file has for a demo.
    pub fn participants(&self) -> usize {
        match self {
            Self::Auction(fields) => fields.bids.len(),
            Self::Market(fields) => fields.participants(),
            Self::Survey(fields) => fields.participants(),
            Self::Job(fields) => fields.participants(),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => 0,
        }
    }
}

impl SessionFile {
    /// Read a session file's text, without looking at what its fields say together.
    ///
    /// # Errors
    /// The TOML error with its place.
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        let Kinded { kind: KindName(kind) } = toml::from_str(text)?;
        let fields = Fields::read(&kind, text)?;
        Ok(Self { shared: toml::from_str(text)?, fields })
    }

    /// Read a session file and check it.
    ///
    /// # Errors
    /// The TOML error with its line, or the first rule that is broken.
    pub fn parse(text: &str) -> Result<Self, TermsError> {
        let file = Self::read(text)
            .map_err(|error| TermsError::Syntax(error.to_string().trim_end().to_owned()))?;
        file.terms(Timestamp::from_millis(0))?;
        Ok(file)
    }

    /// The terms, with a relative `bids_until` counted from `opened`.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn terms(&self, opened: Timestamp) -> Result<Terms, TermsError> {
        let question = self.fields.question()?;
        let Shared { title, bids_until, replace_bids, protocol, security, admission, .. } =
            &self.shared;
        let bids_until = match time::parse_duration(bids_until) {
            Some(millis) => opened.plus_millis(millis),
            None => Timestamp::parse(bids_until)
                .map_err(|_| TermsError::BidsUntil(bids_until.clone()))?,
        };
        let (unchecked, security) = (*protocol != Form::Bits, *security);
        if unchecked && security == Some(Security::Active) {
            return Err(TermsError::Unchecked { protocol: protocol.name() });
        }
        let usual = if unchecked { Security::Passive } else { Security::Active };
        let terms = Terms {
            title: title.clone(),
            description: self.shared.paragraph(),
            question,
            bids_until,
            replace_bids: *replace_bids,
            protocol: *protocol,
            security: security.unwrap_or(usual),
            admission: *admission,
            limits: self.shared.limits(),
        };
        terms.check()?;
        Ok(terms)
    }
}

/// A session file's text without what only a demo reads: the roster and, of whatever kind, what
/// participants hand in. What goes to a server, or into a store, is made from this.
///
/// # Errors
/// When the text is not TOML.
pub fn without_demo(text: &str) -> Result<toml::Table, toml::de::Error> {
    let mut table: toml::Table = toml::from_str(text)?;
    // Of every kind, whatever the file says of its own: a wrong kind must not let anything through.
    let (of_markets, of_surveys) = (market::file::Fields::DEMO, survey::file::Fields::DEMO);
    let of_kinds = auction::file::Fields::DEMO.iter().chain(of_markets).chain(of_surveys);
    for field in of_kinds.chain(&["roster", STORED]) {
        table.remove(*field);
    }
    job::file::without_values(&mut table);
    Ok(table)
}

/// Whether a session file, of whatever kind, names variables that are stored.
pub fn names_stored(file: &toml::Table) -> bool {
    job::fill::loads_any(file) || auction::reserve::is_variable(file)
}

/// The names of the stored variables that a session file loads.
pub fn names_of_stored(file: &toml::Table) -> Vec<&String> {
    let loads = job::fill::names(file);
    loads.into_iter().chain(auction::reserve::name(file)).collect()
}

/// Fill in what a session file leaves open of the stored variables that it names.
///
/// # Errors
/// Says which is not stored, or cannot be used so.
pub fn fill_stored<'a>(
    file: &mut toml::Table,
    stored: impl Fn(&str) -> Option<&'a job::StoredVariable>,
) -> Result<(), QuestionError> {
    job::fill::fill(file, &stored)?;
    auction::reserve::fill(file, &stored).map_err(auction::question::QuestionError::from)?;
    Ok(())
}

/// A session file's text with the key under which its operator is told.
///
/// # Errors
/// When the text is not TOML.
pub fn with_operator_key(text: &str, key: &OperatorKey) -> Result<toml::Table, toml::de::Error> {
    let mut table: toml::Table = toml::from_str(text)?;
    let key = toml::Value::String(encode(&key.0.0));
    let is_job = table.get("kind").and_then(toml::Value::as_str) == Some(job::NAME);
    let field = if is_job { job::file::CLIENT_KEY } else { market::file::OPERATOR_KEY };
    table.insert(field.to_owned(), key);
    Ok(table)
}

/// A session file as far as its kind.
#[derive(Deserialize)]
struct Kinded {
    kind: KindName,
}

/// The name of a kind that there is.
struct KindName(String);

impl<'de> Deserialize<'de> for KindName {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let all = Question::kind_names();
        if all.contains(&name.as_str()) {
            return Ok(Self(name));
        }
        let all = listed(&all);
        Err(de::Error::custom(format_args!("unknown variant `{name}`, expected one of {all}")))
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Refuse a field that neither all kinds have nor this one.
fn known_only(text: &str, own: &[&str]) -> Result<(), toml::de::Error> {
    let known = [SHARED, own].concat();
    Known(&known).deserialize(toml::Deserializer::parse(text)?)
}

/// Reads a table or one of its keys, and takes known keys only.
#[derive(Clone, Copy)]
struct Known<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Known<'_> {
    type Value = ();
    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Known<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session file")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<(), E> {
        if self.0.contains(&key) {
            return Ok(());
        }
        let known = listed(self.0);
        Err(E::custom(format_args!("unknown field `{key}`, expected one of {known}")))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(self)?.is_some() {
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::session_file::*;

    const FILE: &str = r#"
        title = "Harbour view"
        kind = "second-price"
        currency = "EUR"
        decimals = 2
        reserve = "500"
        bids_until = "2m"
        [[bids]]
        bidder = "ada"
        amount = "1240"
    "#;

    fn error_of(from: &str, to: &str) -> String {
        match SessionFile::parse(&FILE.replace(from, to)) {
            Ok(_) => panic!("accepted {to}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_file_becomes_terms() {
        let terms = SessionFile::parse(FILE).unwrap().terms(Timestamp::from_millis(1000)).unwrap();
        assert_eq!(terms.question.as_auction().unwrap().reserve, Some(50_000));
        assert_eq!(terms.bits(), 32);
        assert!(!terms.needs_range_check());
        assert_eq!(terms.bids_until.millis(), 121_000);
    }

    #[test]
    fn wrong_files_get_one_clear_line() {
        assert!(error_of("second-price", "third-price").contains("reverse-second-price"));
        assert!(
            error_of("reserve = \"500\"", "reserve = \"500\"\nmaximum = \"400\"")
                .contains("above the maximum 400.00")
        );
        assert!(error_of("\"500\"", "\"500.123\"").contains("3 decimals"));
        assert!(error_of("\"2m\"", "\"soon\"").contains("bids_until is a duration"));
        assert!(error_of("title", "titel").contains("titel"));
        assert!(error_of("Harbour view", "Harbour\\u001b[2J").contains("control characters"));
        let twice = error_of("[[bids]]", "[[bids]]\nbidder = \"ada\"\namount = \"1\"\n[[bids]]");
        assert!(twice.contains("two bids are by \"ada\""), "{twice}");
    }

    #[test]
    fn a_description_is_one_paragraph_fit_to_show() {
        let now = Timestamp::from_millis(0);
        let with = |text: &str| {
            FILE.replace("currency =", &format!("description = {text}\n        currency ="))
        };
        let description =
            |text: &str| SessionFile::parse(&with(text)).unwrap().terms(now).unwrap().description;
        assert_eq!(SessionFile::parse(FILE).unwrap().terms(now).unwrap().description, None);
        let lines = "\"\"\"\nOil, 60 by 80 cm.\n\n  To be fetched in May.\n\"\"\"";
        assert_eq!(description(lines).unwrap(), "Oil, 60 by 80 cm. To be fetched in May.");
        let longest = "x".repeat(600);
        assert_eq!(description(&format!("\"{longest}\"")).unwrap(), longest);
        let error = |text: &str| SessionFile::parse(&with(text)).err().unwrap().to_string();
        let long = error(&format!("\"{longest}x\""));
        assert_eq!(long, "description has 1 to 600 characters, not 601");
        assert_eq!(error("\"\""), "description has 1 to 600 characters, not 0");
        assert!(error("\"red\\u001b[31m\"").contains("control characters"));
        assert!(error("\"tab\\there\"").contains("control characters"));
        assert!(error("\"abc\\u202edef\"").contains("U+202E"));
    }

    #[test]
    fn what_a_session_takes_is_in_its_terms() {
        let now = Timestamp::from_millis(0);
        let limits = |text: &str| SessionFile::parse(text).unwrap().terms(now).unwrap().limits;
        assert_eq!(limits(FILE), Limits::default());
        let own = "kind = \"second-price\"\nmax_bids = 7\nmax_name_bytes = 30\nmax_revisions = 2";
        let own = limits(&FILE.replace("kind = \"second-price\"", own));
        assert_eq!(own, Limits { bids: 7, name_bytes: 30, revisions: 2 });
        let none = error_of("decimals = 2", "decimals = 2\nmax_bids = 0");
        assert_eq!(none, "max_bids is 1 to 1000000, not 0");
    }

    #[test]
    fn amounts_may_be_bare_numbers() {
        let reserve = |text: &str| {
            let file = SessionFile::parse(&FILE.replace("\"500\"", text)).unwrap();
            file.fields.question().unwrap().as_auction().unwrap().reserve.unwrap()
        };
        assert_eq!(reserve("500"), 50_000);
        assert_eq!(reserve("500.5"), 50_050);
        assert_eq!(reserve("1_250.10"), 125_010);
        let file = SessionFile::parse(&FILE.replace("\"1240\"", "1240.01")).unwrap();
        assert_eq!(file.fields.as_auction().unwrap().bids[0].amount, "1240.01");
        assert!(error_of("\"500\"", "500.123").contains("3 decimals"));
        assert!(error_of("\"500\"", "-500").contains("without commas or sign"));
        assert!(error_of("\"500\"", "inf").contains("write it in quotes"));
        assert!(error_of("\"500\"", "true").contains("an amount such as 1250"));
    }

    #[test]
    fn a_kind_has_fields_of_its_own() {
        let file = "title = \"All\"\nkind = \"parity\"\nwidth = 8\nbids_until = \"2m\"\n";
        let terms = SessionFile::parse(file).unwrap().terms(Timestamp::from_millis(0)).unwrap();
        assert_eq!((terms.question.kind_name(), terms.bits()), ("parity", 8));
        let mixed = SessionFile::parse(&format!("{file}reserve = \"1\"\n")).err().unwrap();
        assert!(mixed.to_string().contains("unknown field `reserve`"), "{mixed}");
        assert!(error_of("decimals = 2", "width = 2").contains("unknown field `width`"));
    }
}
