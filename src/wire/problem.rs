//! Error bodies: problem documents after RFC 9457, with a stable `type`.
//!
//! Programs look at `type`, people read `detail`: it says what is wrong, whose fault it is and what
//! to do next. `instance` is the id of the request, to be found in the server's log. No problem
//! ever carries a bid, a share or a key.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What every `type` begins with.
const URN: &str = "urn:gavel:";

macro_rules! problem_types {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $status:literal, $title:literal;)*) => {
        /// Every kind of problem that the API answers with.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum ProblemType {
            $($(#[$doc])* $name,)*
            /// A type this version doesn't know; title, status and detail still tell.
            Other,
        }

        impl ProblemType {
            /// All that this version knows.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name, such as "stale-revision"; empty for [`ProblemType::Other`].
            pub const fn slug(self) -> &'static str {
                match self {
                    $(Self::$name => $slug,)*
                    Self::Other => "",
                }
            }

            /// The HTTP status it is answered with.
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                    Self::Other => 500,
                }
            }

            /// A short title, the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                    Self::Other => "Unknown problem",
                }
            }
        }
    };
}

problem_types! {
    /// No valid token came with the request.
    Unauthorized = "unauthorized", 401, "Not signed in";
    /// The token is valid but does not allow this.
    Forbidden = "forbidden", 403, "Not allowed";
    /// Name and password do not fit together.
    WrongLogin = "wrong-login", 401, "Wrong name or password";
    /// The login is over: expired, ended, or its token was used twice.
    LoginOver = "login-over", 401, "Login over";
    /// The invitation cannot be redeemed.
    BadInvitation = "bad-invitation", 403, "Bad invitation";
    /// What is asked for an account breaks a rule.
    BadAccount = "bad-account", 422, "Bad account";
    /// Nothing has this path or id.
    NotFound = "not-found", 404, "Not found";
    /// No session has this id here.
    UnknownSession = "unknown-session", 404, "Unknown session";
    /// The session is in a phase that does not allow this.
    WrongPhase = "wrong-phase", 409, "Not in this phase";
    /// The key under which something is posted was used for something else.
    KeyUsed = "key-used", 409, "Idempotency key used";
    /// The node's operator has not let the job run yet.
    NotApproved = "not-approved", 409, "Not approved";
    /// The session takes no more bids.
    TooLate = "too-late", 409, "Too late";
    /// The session takes no bids for a while; they are taken again once it goes on.
    Paused = "paused", 409, "Paused";
    /// A newer revision of the bid is already here.
    StaleRevision = "stale-revision", 409, "A newer revision is here";
    /// The same revision came with other content.
    RevisionConflict = "revision-conflict", 409, "Two bids with one revision";
    /// The terms do not let bids be replaced.
    ReplacingNotAllowed = "replacing-not-allowed", 409, "Bids can't be replaced";
    /// The envelope is malformed or its signature does not fit.
    BadEnvelope = "bad-envelope", 422, "Bad envelope";
    /// The node's seeds do not fit the commitments.
    SeedsDoNotFit = "seeds-do-not-fit", 422, "Seeds don't fit the commitments";
    /// The part sealed to this node cannot be opened.
    PartUnreadable = "part-unreadable", 422, "Sealed part unreadable";
    /// The bidder is not admitted to the session.
    NotAdmitted = "not-admitted", 403, "Not admitted";
    /// Another key already has this name.
    NameTaken = "name-taken", 409, "Name taken";
    /// As many bidders as the terms allow take part.
    SessionFull = "session-full", 409, "Session full";
    /// The terms break a rule.
    BadTerms = "bad-terms", 422, "Bad terms";
    /// The request is for another roster than this node's.
    WrongRoster = "wrong-roster", 409, "Wrong roster";
    /// The request cannot be read.
    BadRequest = "bad-request", 400, "Bad request";
    /// The path has no such method.
    WrongMethod = "wrong-method", 405, "No such method";
    /// The body is larger than allowed.
    TooLarge = "too-large", 413, "Too large";
    /// The caller asks too often.
    TooManyRequests = "too-many-requests", 429, "Too many requests";
    /// The work was not done in time.
    Timeout = "timeout", 504, "Not done in time";
    /// Too few nodes are there.
    WaitingForNodes = "waiting-for-nodes", 503, "Waiting for nodes";
    /// A later attempt has begun.
    AttemptOutdated = "attempt-outdated", 409, "Attempt outdated";
    /// Another bundle of envelopes was signed before.
    BundleConflict = "bundle-conflict", 409, "Two different bundles";
    /// Another manifest was signed before.
    ManifestConflict = "manifest-conflict", 409, "Two different manifests";
    /// No model has this id, or it was taken back.
    UnknownModel = "unknown-model", 404, "Unknown model";
    /// The model cannot be offered, or its owner did not sign what is asked.
    BadModel = "bad-model", 422, "Bad model";
    /// No batch of the model's material can be promised at present.
    NoStock = "no-stock", 503, "No batch ready";
    /// This dealer has no such batch.
    UnknownBatch = "unknown-batch", 404, "Unknown batch";
    /// The request for a half does not prove whose it is.
    BadPromise = "bad-promise", 403, "Not promised to this key";
    /// The half has left before, or the batch is not to be used any more.
    BatchUsed = "batch-used", 409, "Batch not to be had";
    /// A fault of the server.
    Internal = "internal", 500, "Internal error";
    /// The server is starting, stopping or out of room.
    Unavailable = "unavailable", 503, "Not available";
}

impl ProblemType {
    /// The `type` as it is written: "urn:gavel:stale-revision".
    pub fn urn(self) -> String {
        match self {
            // The default of RFC 9457 for a problem that only its status describes.
            Self::Other => "about:blank".to_owned(),
            known => format!("{URN}{}", known.slug()),
        }
    }

    /// The type with this URN; [`ProblemType::Other`] if this version knows none.
    pub fn of_urn(urn: &str) -> Self {
        let slug = urn.strip_prefix(URN).unwrap_or_default();
        Self::ALL.iter().copied().find(|kind| kind.slug() == slug).unwrap_or(Self::Other)
    }
}

impl Serialize for ProblemType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.urn())
    }
}

impl<'de> Deserialize<'de> for ProblemType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|urn| Self::of_urn(&urn))
    }
}

/// A problem document.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// Which problem; gives the `type` and the status.
    #[serde(rename = "type")]
    pub kind: ProblemType,
    /// The kind's title.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time and what to do next, for people.
    pub detail: String,
    /// The id of the request, as in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Further members, such as the nodes that are waited for.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

impl Problem {
    /// A problem of a kind.
    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self {
            kind,
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: detail.into(),
            instance: None,
            more: BTreeMap::new(),
        }
    }

    /// The problem with the id of the request.
    #[must_use]
    pub fn of_request(mut self, id: impl Into<String>) -> Self {
        self.instance = Some(id.into());
        self
    }

    /// The problem with a further member. A value that JSON cannot hold is left out.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.more.insert(name.to_owned(), value);
        }
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() { f.write_str(&self.title) } else { f.write_str(&self.detail) }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crate::wire::problem::*;

    #[test]
    fn every_type_has_its_own_name_and_comes_back() {
        let slugs: HashSet<_> = ProblemType::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(slugs.len(), ProblemType::ALL.len());
        for &kind in ProblemType::ALL {
            assert_eq!(ProblemType::of_urn(&kind.urn()), kind);
            assert!((400..600).contains(&kind.status()), "{kind:?}");
            assert!(!kind.title().is_empty());
        }
    }

    #[test]
    fn a_problem_reads_as_rfc_9457_says() {
        let problem = Problem::new(ProblemType::StaleRevision, "revision 3 is here; send 4")
            .of_request("r-17")
            .with("revision", 3);
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "urn:gavel:stale-revision", "title": "A newer revision is here",
                "status": 409, "detail": "revision 3 is here; send 4", "instance": "r-17",
                "revision": 3,
            })
        );
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), problem);
    }

    #[test]
    fn a_type_from_a_later_version_is_not_an_error() {
        let text = r#"{"type":"urn:gavel:new","title":"New","status":418,"detail":"teapot"}"#;
        let problem: Problem = serde_json::from_str(text).unwrap();
        assert_eq!(problem.kind, ProblemType::Other);
        assert_eq!((problem.status, problem.to_string().as_str()), (418, "teapot"));
    }
}
