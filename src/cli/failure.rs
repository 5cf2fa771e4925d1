//! Why a command failed, as people and scripts read it: one line that says what to change, an
//! exit status, and a stable `type` for scripts.

use serde::Serialize;

use crate::base::text::is_deceptive;
use crate::bench::BenchError;
use crate::client::ClientError;
use crate::client::bid::BidError;
use crate::coordinator::StartError as CoordinatorError;
use crate::identity::key_file::KeyFileError;
use crate::launch::LaunchError;
use crate::storage::StorageError;
use crate::transport::HttpError;
use crate::transport::server::host::HostError;
use crate::transport::server::listen::ListenError;
use crate::tui::TuiError;

/// A command's failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Stable slug for scripts, such as `bad-terms`.
    pub kind: String,
    /// One line: what is wrong and what to change.
    pub detail: String,
    /// Whether the command line itself is wrong (exit status 2 instead of 1).
    pub usage: bool,
}

/// The JSON form: `{"error":{"type":…,"detail":…}}`.
#[derive(Serialize)]
struct Body<'a> {
    error: Fields<'a>,
}

#[derive(Serialize)]
struct Fields<'a> {
    r#type: &'a str,
    detail: &'a str,
}

impl Failure {
    /// A failure with exit status 1.
    pub fn new(kind: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self { kind: kind.into(), detail: one_line(&detail.to_string()), usage: false }
    }

    /// A failure with exit status 2: options or arguments that make no sense.
    pub fn usage(detail: impl std::fmt::Display) -> Self {
        Self { usage: true, ..Self::new("usage", detail) }
    }

    /// A file that cannot be read or written.
    pub fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        let path = path.display();
        let detail = match error.kind() {
            std::io::ErrorKind::NotFound => format!("there is no file {path}; check the path"),
            std::io::ErrorKind::PermissionDenied => {
                format!("no permission for {doing} {path}; check its owner and mode")
            }
            std::io::ErrorKind::InvalidData => format!("{path} is not a text file"),
            _ => format!("{doing} {path} failed: {error}"),
        };
        Self::new("file", detail)
    }

    /// The same failure with words before it, such as a file's name.
    #[must_use]
    pub fn about(mut self, what: impl std::fmt::Display) -> Self {
        self.detail = format!("{what}: {}", self.detail);
        self
    }

    /// 1, or 2 for wrong usage.
    pub const fn exit_status(&self) -> u8 {
        if self.usage { 2 } else { 1 }
    }

    /// The JSON form, on one line.
    pub fn to_json(&self) -> String {
        let body = Body { error: Fields { r#type: &self.kind, detail: &self.detail } };
        serde_json::to_string(&body).unwrap_or_else(|_| r#"{"error":{"type":"internal"}}"#.into())
    }
}

/// A text from anywhere on one line of a screen: line breaks become blanks, other control
/// characters, those that do not show and those that turn the direction of writing around go, runs
/// of blanks shrink to one.
pub fn one_line(text: &str) -> String {
    let words = text
        .split_whitespace()
        .map(|word| word.chars().filter(|character| is_shown(*character)).collect::<String>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn is_shown(character: char) -> bool {
    !character.is_control() && !is_deceptive(character)
}

/// Conversions from the errors of the rooms below, each with its slug.
macro_rules! failures {
    ($($error:ty => $kind:literal),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new($kind, error)
            }
        })+
    };
}

failures! {
    crate::rules::terms::TermsError => "bad-terms",
    crate::rules::model::StructureError => "bad-model",
    crate::rules::model::WeightsError => "bad-model",
    crate::rules::model::file::ModelFileError => "bad-model",
    crate::rules::money::AmountError => "bad-amount",
    crate::identity::roster::RosterError => "bad-roster",
    crate::sharing::SchemeError => "bad-scheme",
    crate::session::announcement::AnnouncementError => "bad-announcement",
    rand::rngs::SysError => "no-randomness",
    crate::client::state::StateError => "file",
    crate::scoring::MeetingError => "no-score",
    crate::scoring::server::OpenError => "port",
    crate::client::material::MaterialError => "no-material",
    crate::session::record::RecordError => "bad-record",
    crate::node::StartError => "wrong-roster",
    crate::transport::server::host::Stopped => "internal",
    crate::tui::config::ConfigError => "bad-settings",
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::new(error.slug(), error)
    }
}

impl From<crate::client::told::ToldError> for Failure {
    fn from(error: crate::client::told::ToldError) -> Self {
        Self::new(error.slug(), error)
    }
}

impl From<crate::client::quantities::QuantitiesError> for Failure {
    fn from(error: crate::client::quantities::QuantitiesError) -> Self {
        Self::new(error.slug(), error)
    }
}

impl From<crate::client::letters::LettersError> for Failure {
    fn from(error: crate::client::letters::LettersError) -> Self {
        Self::new(error.slug(), error)
    }
}

impl From<BidError> for Failure {
    fn from(error: BidError) -> Self {
        Self::new(error.slug(), error)
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        ClientError::from(error).into()
    }
}

impl From<CoordinatorError> for Failure {
    fn from(error: CoordinatorError) -> Self {
        if let CoordinatorError::Store(error) = error {
            return error.into();
        }
        Self::new("wrong-roster", error)
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        let kind = match &error {
            StorageError::Held { .. } => "in-use",
            StorageError::Damaged { .. } => "damaged",
            StorageError::Behind { .. } => "behind",
            StorageError::Newer { .. } => "newer",
            StorageError::OldRoster { .. } | StorageError::Roster(_) => "wrong-roster",
            _ => "storage",
        };
        Self::new(kind, error)
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let kind = match &error {
            KeyFileError::NotFound { .. } => "no-keys",
            KeyFileError::Exists { .. } => "keys-exist",
            KeyFileError::Permissions { .. } => "key-permissions",
            KeyFileError::NeedsPassphrase { .. } => "needs-passphrase",
            KeyFileError::WrongPassphrase { .. } => "wrong-passphrase",
            _ => "bad-keys",
        };
        Self::new(kind, error)
    }
}

impl From<ListenError> for Failure {
    fn from(error: ListenError) -> Self {
        let kind = match &error {
            ListenError::InUse { .. } => "port-in-use",
            _ => "cannot-listen",
        };
        Self::new(kind, format_args!("{error}{}", another_place(&error, "--listen")))
    }
}

/// What to do about a place that cannot be listened on, which `option` names.
pub fn another_place(error: &ListenError, option: &str) -> String {
    match error {
        ListenError::InUse { .. } => format!("; choose another with {option}, or stop it"),
        ListenError::NotAllowed { .. } => {
            format!("; choose one above 1023 with {option}, or run with the right to it")
        }
        ListenError::NotHere { .. } => {
            format!("; use one that is with {option}, or 0.0.0.0 for all")
        }
        ListenError::Address { .. } | ListenError::Other { .. } => String::new(),
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Listen(error) => error.into(),
            HostError::Keys(_) => Self::new("bad-keys", error),
        }
    }
}

impl From<LaunchError> for Failure {
    fn from(error: LaunchError) -> Self {
        match error {
            LaunchError::Roster(error) => error.into(),
            LaunchError::Refused { ref kind, .. } => Self::new(kind.clone(), error),
            LaunchError::Start { .. }
            | LaunchError::SetUp { .. }
            | LaunchError::Slow { .. }
            | LaunchError::Ended { .. }
            | LaunchError::Garbled { .. } => Self::new("process", error),
        }
    }
}

impl From<TuiError> for Failure {
    fn from(error: TuiError) -> Self {
        let kind = match &error {
            TuiError::Terminal(_) => "no-terminal",
            TuiError::Panicked => "internal",
        };
        Self::new(kind, error)
    }
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        match error {
            BenchError::Tactics(error) => Self::usage(error),
            BenchError::Keys(error) => error.into(),
            BenchError::Roster(error) | BenchError::Launch(LaunchError::Roster(error)) => {
                error.into()
            }
            BenchError::Listen(error) => error.into(),
            BenchError::Host(error) => error.into(),
            BenchError::Client(error) => error.into(),
            BenchError::Bid(error) => error.into(),
            BenchError::Randomness(error) => error.into(),
            BenchError::Pipe(_)
            | BenchError::OtherAnswer
            | BenchError::OutOfTurn
            | BenchError::Task(_) => Self::new("internal", error),
            BenchError::Launch(_)
            | BenchError::Ended { .. }
            | BenchError::Node { .. }
            | BenchError::Links { .. }
            | BenchError::Work(_)
            | BenchError::Lines(_)
            | BenchError::Shape(_)
            | BenchError::NotSettled { .. } => Self::new("bench", error),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::failure::*;

    #[test]
    fn a_failure_is_one_line_of_text_and_of_json() {
        let failure = Failure::new("bad-terms", "line one\n  | \x1b[2J\tline two ");
        assert_eq!(failure.detail, "line one | [2J line two");
        assert_eq!(failure.exit_status(), 1);
        assert_eq!(
            failure.to_json(),
            r#"{"error":{"type":"bad-terms","detail":"line one | [2J line two"}}"#
        );
        assert_eq!(Failure::usage("no").exit_status(), 2);
        assert_eq!(Failure::usage("no").about("demo").detail, "demo: no");
    }
}
