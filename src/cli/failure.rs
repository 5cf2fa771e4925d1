//! Why a command failed, as people and scripts read it: one line that says what to change, an
//! exit status, and a stable `type` for scripts.

use serde::Serialize;

use crate::client::ClientError;
use crate::client::bid::BidError;
use crate::client::state::StateError;
use crate::transport::HttpError;

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

    /// The same failure with words in front, such as a file's name.
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
/// characters go, runs of blanks shrink to one.
pub fn one_line(text: &str) -> String {
    let words = text
        .split_whitespace()
        .map(|word| word.chars().filter(|character| !character.is_control()).collect::<String>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
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
    crate::rules::money::AmountError => "bad-amount",
    crate::identity::roster::RosterError => "bad-roster",
    crate::sharing::SchemeError => "bad-scheme",
    crate::session::announcement::AnnouncementError => "bad-announcement",
    rand::rngs::SysError => "no-randomness",
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::new(error.slug(), error)
    }
}

impl From<BidError> for Failure {
    fn from(error: BidError) -> Self {
        Self::new(error.slug(), error)
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Self::new("file", error)
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        ClientError::from(error).into()
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
