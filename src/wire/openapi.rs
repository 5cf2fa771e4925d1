//! The description of the whole API (OpenAPI 3.1), and a page to read it that needs no script and
//! nothing from outside.
//!
//! One table of endpoints ([`ENDPOINTS`]) and one of schemas (`schemas`). Tests compare the table
//! with the tables of access of both servers, line by line.

mod page;
mod schemas;

use serde_json::{Map, Value, json};

use super::page as pages;
use super::paths;
use super::problem::{MEDIA_TYPE, ProblemType, ProblemType as P};
use crate::sharing::node_set::MAX_NODES;

pub use page::page;

/// Where the description is served.
pub const DOCUMENT: &str = "/v1/openapi.json";

/// Where the page is served.
pub const PAGE: &str = "/docs";

/// What a request is answered with when all is well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reply {
    /// JSON with this status, of this schema.
    Json(u16, &'static str),
    /// A list of this schema, with status 200.
    List(&'static str),
    /// Nothing, with this status.
    Empty(u16),
    /// Server-sent events.
    Events,
    /// Messages of gRPC, as a `.proto` of the repository says.
    Grpc,
    /// The binary stream between nodes: status 101.
    Stream,
    /// A page for people.
    Page,
}

/// One request of the API, as it is described.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// The method.
    pub method: &'static str,
    /// The path, as in [`super::paths`].
    pub path: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// For whom, in the words of the table of access; "everybody" needs no token.
    pub who: &'static str,
    /// Schema of the body.
    pub body: Option<&'static str>,
    /// What comes back.
    pub reply: Reply,
    /// Problems of its own, beside those that every request may meet.
    pub problems: &'static [ProblemType],
}

const EVERYBODY: &str = "everybody";
const OPERATORS: &str = "the coordinator's operators";
const STAFF: &str = "the coordinator's operators and the nodes";
const LOGGED_IN: &str = "people who have logged in";
const PEOPLE: &str = "people who have logged in and the coordinator's operators";
const COORDINATOR: &str = "the coordinator";
const NODES: &str = "the other nodes";
const NODE_OPERATOR: &str = "the node's operator";
const NODE_STAFF: &str = "the coordinator, the nodes and their operators";

const fn endpoint(
    method: &'static str,
    path: &'static str,
    who: &'static str,
    summary: &'static str,
    body: Option<&'static str>,
    reply: Reply,
    problems: &'static [ProblemType],
) -> Endpoint {
    Endpoint { method, path, summary, who, body, reply, problems }
}

/// Every endpoint of both servers.
#[rustfmt::skip] // one line for each reads as a table
pub const ENDPOINTS: &[Endpoint] = &[
    endpoint("GET", DOCUMENT, EVERYBODY, "This description, for programs", None, Reply::Json(200, "Description"), &[]),
    endpoint("GET", PAGE, EVERYBODY, "This description, for people", None, Reply::Page, &[]),
    endpoint("GET", paths::HEALTH, EVERYBODY, "How the coordinator sees the nodes", None, Reply::Json(200, "CoordinatorHealth"), &[]),
    endpoint("GET", paths::ROSTER, EVERYBODY, "The signed roster", None, Reply::Json(200, "SignedRoster"), &[]),
    endpoint("GET", paths::ROSTER_OF, EVERYBODY, "One roster by its digest: the present one, or one that it succeeds", None, Reply::Json(200, "SignedRoster"), &[P::NotFound]),
    endpoint("GET", paths::EVENTS, STAFF, "Live events of all sessions", None, Reply::Events, &[]),
    endpoint("GET", paths::SESSIONS, EVERYBODY, "List sessions; drafts only for operators and nodes", None, Reply::Json(200, "SessionPage"), &[P::BadRequest]),
    endpoint("POST", paths::SESSIONS, OPERATORS, "Write a session; open it at once if asked to", Some("NewSession"), Reply::Json(200, "SessionDetail"), &[P::BadTerms, P::WrongPhase]),
    endpoint("GET", paths::SESSION, EVERYBODY, "Show a session", None, Reply::Json(200, "SessionDetail"), &[P::UnknownSession]),
    endpoint("PUT", paths::SESSION, OPERATORS, "Write other terms into a draft", Some("EditSession"), Reply::Json(200, "SessionDetail"), &[P::UnknownSession, P::WrongPhase, P::BadTerms]),
    endpoint("POST", paths::OPEN, OPERATORS, "Open a draft for bids", None, Reply::Json(200, "SessionDetail"), &[P::UnknownSession, P::WrongPhase, P::BadTerms]),
    endpoint("POST", paths::PAUSE, OPERATORS, "Take no bids for a while; those that are in count, and no time of the terms moves", Some("Why"), Reply::Json(200, "SessionDetail"), &[P::UnknownSession, P::WrongPhase]),
    endpoint("POST", paths::RESUME, OPERATORS, "Let bids come in again; past the end of bidding it closes at once", Some("Why"), Reply::Json(200, "SessionDetail"), &[P::UnknownSession, P::WrongPhase]),
    endpoint("POST", paths::CLOSE, OPERATORS, "End bidding now; the answer says where too few nodes are there to settle it", None, Reply::Json(200, "SessionDetail"), &[P::UnknownSession, P::WrongPhase]),
    endpoint("POST", paths::CANCEL, OPERATORS, "Call a session off", None, Reply::Empty(204), &[P::UnknownSession, P::WrongPhase]),
    endpoint("POST", paths::RETRY, OPERATORS, "Try a failed session again", None, Reply::Empty(204), &[P::UnknownSession, P::WrongPhase]),
    endpoint("POST", paths::ADMISSIONS, EVERYBODY, "Be admitted as a bidder: binds a name to a key for this session", Some("AskAdmission"), Reply::Json(200, "Admitted"), &[P::UnknownSession, P::WrongPhase, P::Paused, P::NotAdmitted, P::NameTaken, P::SessionFull]),
    endpoint("GET", paths::ADMISSIONS, STAFF, "List the bidders of a session", None, Reply::List("Bidder"), &[P::UnknownSession]),
    endpoint("GET", paths::RECEIPTS, STAFF, "Which nodes have given a receipt to which bidder; `?after=KEY` asks for the page behind a bidder", None, Reply::Json(200, "ReceiptsPage"), &[P::UnknownSession, P::BadRequest]),
    endpoint("GET", paths::JOBS, EVERYBODY, "The jobs among a page of sessions, step by step; drafts are left out", None, Reply::Json(200, "JobPage"), &[P::BadRequest]),
    endpoint("POST", paths::JOBS, OPERATORS, "Make a job and open it: a session file under `toml`, or a name and steps; the same `idempotency_key` (or header of that name) with the same content gives the same job", Some("NewJob"), Reply::Json(200, "Job"), &[P::BadTerms, P::WrongPhase, P::KeyUsed]),
    endpoint("GET", paths::JOB, EVERYBODY, "Show a job, step by step, and what it revealed", None, Reply::Json(200, "Job"), &[P::UnknownSession, P::NotFound]),
    endpoint("GET", paths::JOB_EVENTS, STAFF, "Live events of a job: `step` for each step as it stands and whenever that changes, `job` for each of its phases; the stream ends with the job", None, Reply::Events, &[P::UnknownSession, P::NotFound]),
    endpoint("GET", paths::VARIABLES, STAFF, "The variables that stay at the nodes after their job: never values", None, Reply::List("Variable"), &[]),
    endpoint("GET", paths::MODELS, EVERYBODY, "The models that owners score with, and how the stock of material for each stands", None, Reply::List("Model"), &[]),
    endpoint("POST", paths::MODELS, PEOPLE, "Announce a model, or change how many batches of its material are kept ready, signed by its owner", Some("NewModel"), Reply::Json(200, "Model"), &[P::BadModel, P::WrongRoster, P::UnknownModel]),
    endpoint("GET", paths::MODEL, EVERYBODY, "Show a model", None, Reply::Json(200, "Model"), &[P::UnknownModel]),
    endpoint("DELETE", paths::MODEL, EVERYBODY, "Take a model back, by its owner's signed order for a stock of 0", Some("SignedStockOrder"), Reply::Empty(204), &[P::UnknownModel, P::BadModel]),
    endpoint("POST", paths::WITHDRAW_MODEL, OPERATORS, "Take a model back that its owner has not: its batches are withdrawn, and orders that were signed before bring it in no more", None, Reply::Empty(204), &[P::UnknownModel]),
    endpoint("GET", paths::MODEL_BATCHES, STAFF, "The latest batches of a model's material: how far each has come, who made it, and for whom it is promised", None, Reply::Json(200, "Batches"), &[P::UnknownModel]),
    endpoint("GET", paths::DEALING, STAFF, "The batch of material that is being made, and who is left out", None, Reply::Json(200, "Dealing"), &[]),
    endpoint("POST", paths::MODEL_BATCHES, EVERYBODY, "Have a batch of material promised to the key that signs the request; the same request again gets the same promise", Some("SignedAskBatch"), Reply::Json(200, "SignedPromise"), &[P::UnknownModel, P::BadModel, P::BadPromise, P::NoStock]),
    endpoint("POST", paths::ALTERED, EVERYBODY, "Show by its own two signatures that a dealer gave another part of a batch than it had made; the same again changes nothing", Some("Altered"), Reply::Empty(204), &[P::BadPromise]),
    endpoint("GET", paths::DOUBTS, STAFF, "What is remembered of dealers who lied, in the making of a batch or when they gave one out", None, Reply::List("Doubt"), &[]),
    endpoint("DELETE", paths::DOUBTS, OPERATORS, "Forget that: these dealers are asked for batches again", None, Reply::Empty(204), &[]),
    endpoint("GET", paths::RECORD, EVERYBODY, "Everything public about a session, to be checked offline", None, Reply::Json(200, "Record"), &[P::UnknownSession, P::WrongPhase]),
    endpoint("GET", paths::DISCLOSURE, OPERATORS, "What a node discloses of the replies to the session's operator, sealed to the key in the terms", None, Reply::Json(200, "Document"), &[P::UnknownSession, P::WrongPhase, P::NotFound]),
    endpoint("GET", paths::LETTERS, STAFF, "What a node has sealed to those whom the session tells something alone: one node, or the client", None, Reply::Json(200, "Document"), &[P::UnknownSession, P::WrongPhase, P::NotFound]),
    endpoint("POST", paths::LOGIN, EVERYBODY, "Log in: one access token for each server, and a refresh token", Some("AskLogin"), Reply::Json(200, "Login"), &[P::WrongLogin, P::Forbidden]),
    endpoint("POST", paths::REFRESH, EVERYBODY, "Go on with a login; the refresh token is good for one use", Some("AskRefresh"), Reply::Json(200, "Login"), &[P::LoginOver]),
    endpoint("POST", paths::LOGOUT, EVERYBODY, "End a login", Some("AskRefresh"), Reply::Empty(204), &[]),
    endpoint("POST", paths::JOIN, EVERYBODY, "Redeem an invitation: makes a bidder's account, bound to its key", Some("Join"), Reply::Json(200, "Login"), &[P::BadInvitation, P::BadAccount, P::NameTaken]),
    endpoint("GET", paths::ACCOUNT, LOGGED_IN, "Show one's own account", None, Reply::Json(200, "Account"), &[P::NotFound]),
    endpoint("POST", paths::OWN_PASSWORD, LOGGED_IN, "Change one's own password; ends every login", Some("ChangePassword"), Reply::Empty(204), &[P::WrongLogin, P::BadAccount, P::NotFound]),
    endpoint("GET", paths::ACCOUNTS, OPERATORS, "List accounts", None, Reply::List("Account"), &[]),
    endpoint("POST", paths::ACCOUNTS, OPERATORS, "Make an account", Some("NewAccount"), Reply::Json(201, "Account"), &[P::BadAccount, P::NameTaken]),
    endpoint("POST", paths::DISABLE, OPERATORS, "Disable an account and end its logins", None, Reply::Json(200, "Account"), &[P::NotFound]),
    endpoint("POST", paths::ENABLE, OPERATORS, "Enable an account again", None, Reply::Json(200, "Account"), &[P::NotFound]),
    endpoint("POST", paths::PASSWORD, OPERATORS, "Give an account a new password and end its logins", Some("NewPassword"), Reply::Json(200, "Account"), &[P::BadAccount, P::NotFound]),
    endpoint("GET", paths::INVITATIONS, OPERATORS, "List invitations, without their codes", None, Reply::List("Invitation"), &[]),
    endpoint("POST", paths::INVITATIONS, OPERATORS, "Make invitations", Some("AskInvitations"), Reply::List("NewInvitation"), &[P::BadAccount]),
    endpoint("POST", paths::REVOKE, OPERATORS, "Take an invitation back that was not redeemed, by the digest of its code", None, Reply::Json(200, "Invitation"), &[P::NotFound, P::BadInvitation]),
    endpoint("POST", paths::REVOKE_UNUSED, OPERATORS, "Take every invitation back that is not redeemed or over: which these were", None, Reply::List("Invitation"), &[]),
    endpoint("GET", paths::NODE_HEALTH, EVERYBODY, "How this node is", None, Reply::Json(200, "NodeHealth"), &[]),
    endpoint("GET", paths::NODE_EVENTS, NODE_STAFF, "Live events of this node", None, Reply::Events, &[]),
    endpoint("GET", paths::STREAM, NODES, "Upgrade to the binary stream between two nodes", None, Reply::Stream, &[]),
    endpoint("GET", paths::NODE_SESSIONS, EVERYBODY, "List the sessions this node holds", None, Reply::Json(200, "NodeSessionPage"), &[P::BadRequest]),
    endpoint("POST", paths::NODE_SESSIONS, COORDINATOR, "Announce a session", Some("SignedAnnouncement"), Reply::Empty(204), &[P::WrongRoster, P::BadTerms, P::BundleConflict, P::WrongPhase]),
    endpoint("GET", paths::NODE_SESSION, EVERYBODY, "Show a session as this node sees it", None, Reply::Json(200, "NodeSession"), &[P::UnknownSession]),
    endpoint("POST", paths::NODE_CANCEL, COORDINATOR, "Call a session off", None, Reply::Empty(204), &[P::UnknownSession, P::WrongPhase]),
    endpoint("POST", paths::NODE_APPROVAL, NODE_OPERATOR, "Let a job run at this node, where it asks for that", None, Reply::Empty(204), &[P::UnknownSession]),
    endpoint("PUT", paths::NODE_PAUSE, COORDINATOR, "Take no envelopes for a while, or take them again, by a signed order", Some("Document"), Reply::Empty(204), &[P::UnknownSession]),
    endpoint("POST", paths::NODE_ENVELOPES, EVERYBODY, "Hand an envelope in; the answer is the signed receipt", Some("Envelope"), Reply::Json(200, "SignedReceipt"), &[P::UnknownSession, P::TooLate, P::Paused, P::NotAdmitted, P::BadEnvelope, P::SeedsDoNotFit, P::PartUnreadable, P::StaleRevision, P::RevisionConflict, P::ReplacingNotAllowed]),
    endpoint("GET", paths::NODE_ENVELOPE, NODES, "Fetch an envelope at closing", None, Reply::Json(200, "Envelope"), &[P::NotFound]),
    endpoint("GET", paths::NODE_STANDINGS, NODE_STAFF, "Where every session stands here", None, Reply::List("Document"), &[]),
    endpoint("GET", paths::NODE_PAPERS, NODE_STAFF, "What this node holds of a session, for servers that have lost it", None, Reply::Json(200, "Document"), &[P::UnknownSession]),
    endpoint("GET", paths::NODE_VARIABLES, NODE_STAFF, "The variables that stay at this node after their job: never values, never shares", None, Reply::List("Variable"), &[]),
    endpoint("GET", paths::NODE_DISCLOSURE, COORDINATOR, "What this node discloses of the replies to the session's operator, sealed to the key in the terms", None, Reply::Json(200, "Document"), &[P::UnknownSession, P::WrongPhase, P::NotFound]),
    endpoint("GET", paths::NODE_LETTERS, COORDINATOR, "What this node has sealed to those whom the session tells something alone: one node, or the client", None, Reply::Json(200, "Document"), &[P::UnknownSession, P::WrongPhase, P::NotFound]),
    endpoint("GET", paths::NODE_SEEDS, NODES, "Get the seeds that both nodes hold of an envelope, sealed to the one that asks", None, Reply::Json(200, "PassedOn"), &[P::UnknownSession, P::WrongPhase, P::NotFound, P::SeedsDoNotFit]),
    endpoint("GET", paths::NODE_RECEIPTS, NODE_STAFF, "The receipts this node has given; `?after=KEY` asks for the page behind a bidder", None, Reply::Json(200, "GivenReceipts"), &[P::UnknownSession, P::BadRequest]),
    endpoint("PUT", paths::NODE_LOGINS, COORDINATOR, "Take no access tokens of these accounts that were made before", Some("EndedLogins"), Reply::Empty(204), &[]),
    endpoint("POST", paths::NODE_FREEZE, COORDINATOR, "End bidding and sign the inventory", None, Reply::Json(200, "Document"), &[P::UnknownSession, P::WrongPhase]),
    endpoint("POST", paths::NODE_VERDICT, COORDINATOR, "Fetch what is missing and sign the verdict", Some("Document"), Reply::Json(200, "Document"), &[P::UnknownSession, P::WrongPhase, P::WaitingForNodes, P::BundleConflict]),
    endpoint("GET", paths::NODE_BUNDLE, NODES, "Which bundle this node has committed to", None, Reply::Json(200, "Document"), &[P::UnknownSession]),
    endpoint("POST", paths::NODE_MANIFEST, COORDINATOR, "Commit to a bundle and sign its manifest", Some("Document"), Reply::Json(200, "Document"), &[P::UnknownSession, P::WrongPhase, P::WaitingForNodes, P::BundleConflict, P::ManifestConflict]),
    endpoint("PUT", paths::NODE_MANIFEST, COORDINATOR, "Take the manifest with all signatures", Some("Document"), Reply::Empty(204), &[P::UnknownSession, P::WrongPhase, P::BundleConflict, P::ManifestConflict]),
    endpoint("POST", paths::NODE_ATTEMPTS, COORDINATOR, "Start an attempt", Some("StartAttempt"), Reply::Empty(202), &[P::UnknownSession, P::WrongPhase, P::ManifestConflict, P::AttemptOutdated, P::NotApproved]),
    endpoint("GET", paths::NODE_ATTEMPT, COORDINATOR, "How an attempt stands; waits a while for its end", None, Reply::Json(200, "AttemptState"), &[P::NotFound]),
    endpoint("DELETE", paths::NODE_ATTEMPT, COORDINATOR, "Call an attempt off", None, Reply::Empty(204), &[]),
    endpoint("PUT", paths::NODE_PARCEL, COORDINATOR, "Bring the node what the nodes of the roster before have handed over to it, for the session that deals it anew", Some("Document"), Reply::Json(200, "TakenParcel"), &[P::UnknownSession, P::WrongPhase, P::BadTerms]),
    endpoint("PUT", paths::NODE_OUTCOME, COORDINATOR, "Take the outcome with all signatures", Some("Document"), Reply::Empty(204), &[P::UnknownSession, P::WrongPhase, P::ManifestConflict]),
    endpoint("GET", paths::NODE_MATERIAL, NODE_STAFF, "The batches of material in this dealer's store: never shares", None, Reply::List("HeldBatch"), &[]),
    endpoint("POST", paths::NODE_MATERIAL, COORDINATOR, "Make a batch of material with the other makers", Some("StartBatch"), Reply::Empty(202), &[P::BadModel, P::WrongRoster]),
    endpoint("GET", paths::NODE_BATCH, COORDINATOR, "How the making of a batch stands; waits a while for its end", None, Reply::Json(200, "MakingState"), &[P::UnknownBatch]),
    endpoint("DELETE", paths::NODE_BATCH, COORDINATOR, "Stop making a batch, or withdraw it", None, Reply::Empty(204), &[]),
    endpoint("POST", paths::MATERIAL_SEED, EVERYBODY, "The client's half of a batch: the seeds of the portions that this dealer gives, once, for the key that it is promised to", Some("AskSeed"), Reply::Json(200, "GivenSeed"), &[P::BadPromise, P::WrongRoster, P::UnknownBatch, P::BatchUsed]),
    endpoint("POST", paths::OWNER_HALF, EVERYBODY, "The owner's half of a batch over gRPC: this dealer's part, once, in a stream", None, Reply::Grpc, &[P::BadRequest, P::TooLarge]),
];

impl Endpoint {
    /// Every problem it may answer with: its own, and those that come with its form.
    pub fn all_problems(&self) -> Vec<ProblemType> {
        // A token that is none is refused wherever it is shown.
        let mut all =
            vec![P::Unauthorized, P::TooManyRequests, P::Internal, P::Unavailable, P::Timeout];
        if self.who != EVERYBODY {
            all.push(P::Forbidden);
        }
        if self.body.is_some() {
            all.extend([P::BadRequest, P::TooLarge]);
        } else if self.path.contains('{') || self.reply == Reply::Stream {
            all.push(P::BadRequest);
        }
        all.extend_from_slice(self.problems);
        all.sort_by_key(|kind| (kind.status(), kind.slug()));
        all.dedup();
        all
    }

    /// Where it is answered.
    pub fn server(&self) -> &'static str {
        match self.path {
            DOCUMENT | PAGE => "both",
            path if path.starts_with("/v1/node/") => "node",
            paths::MATERIAL_SEED | paths::OWNER_HALF => "node",
            _ => "coordinator",
        }
    }

    /// What is asked for in the path, and in the query of what comes in pages.
    fn parameters(&self) -> Vec<Value> {
        let schema = |name: &str| match name {
            "envelope" | "roster" | "invitation" | "model" => reference("Digest"),
            "node" => json!({"type": "integer", "minimum": 1, "maximum": MAX_NODES}),
            "attempt" => json!({"type": "integer", "minimum": 0, "maximum": u32::MAX}),
            _ => reference("Id"),
        };
        let in_path = self
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| {
                json!({"name": name, "in": "path", "required": true, "schema": schema(name)})
            });
        let paged = matches!(self.reply, Reply::Json(_, schema) if schema.ends_with("Page"));
        let in_query = [
            ("after", "The page after this session.", reference("Id")),
            (
                "limit",
                "Most sessions of the page.",
                json!({"type": "integer", "minimum": 1, "maximum": pages::LARGEST}),
            ),
        ];
        let in_query = in_query.into_iter().filter(|_| paged).map(|(name, what, schema)| {
            json!({"name": name, "in": "query", "required": false, "description": what,
                "schema": schema})
        });
        in_path.chain(in_query).collect()
    }

    fn operation(&self) -> Value {
        let mut responses = Map::new();
        let (status, answer) = match self.reply {
            Reply::Json(status, schema) => (status, json_answer(&reference(schema))),
            Reply::List(schema) => {
                (200, json_answer(&json!({"type": "array", "items": reference(schema)})))
            }
            Reply::Empty(status) => (status, json!({"description": "Done."})),
            Reply::Events => (
                200,
                json!({"description": "Events as they happen.",
                    "content": {"text/event-stream": {"schema": {"type": "string"}}}}),
            ),
            Reply::Grpc => (
                200,
                json!({"description": "Messages of proto/material.proto; refusals as gRPC says them.",
                    "content": {"application/grpc": {"schema": {"type": "string",
                        "format": "binary"}}}}),
            ),
            Reply::Page => (
                200,
                json!({"description": "A page.",
                    "content": {"text/html": {"schema": {"type": "string"}}}}),
            ),
            Reply::Stream => (101, json!({"description": "The stream stands."})),
        };
        responses.insert(status.to_string(), answer);
        let problems = self.all_problems();
        for kind in &problems {
            let urns: Vec<String> = problems
                .iter()
                .filter(|other| other.status() == kind.status())
                .map(|kind| kind.urn())
                .collect();
            let schema = json!({"allOf": [reference("Problem"),
                {"properties": {"type": {"enum": urns.clone()}}}]});
            responses.insert(
                kind.status().to_string(),
                json!({"description": urns.join(", "), "content": {MEDIA_TYPE: {"schema": schema}}}),
            );
        }
        let mut operation = json!({
            "summary": self.summary,
            "description": format!("For {}.", self.who),
            "operationId": operation_id(self),
            "tags": [self.server()],
            "parameters": self.parameters(),
            "responses": responses,
        });
        if self.who != EVERYBODY {
            operation["security"] = json!([{"token": []}]);
        }
        if let Some(schema) = self.body {
            operation["requestBody"] = json!({"required": true,
                "content": {"application/json": {"schema": reference(schema)}}});
        }
        operation
    }
}

/// The whole description.
pub fn document() -> Value {
    let mut paths = Map::new();
    for endpoint in ENDPOINTS {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method.to_ascii_lowercase()] = endpoint.operation();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "gavel",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Sealed-bid auctions without a trusted auctioneer",
            "description": "The coordinator's requests are under /v1, a node's under /v1/node and \
                /v1/material; one \
                port may serve both. Every refusal is a problem document (RFC 9457) with a stable \
                `type`; `instance` is the request's id, which comes from `x-request-id` or is made, \
                and goes back in that header.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "both", "description": "The same at every server"},
            {"name": "coordinator", "description": "Sessions, admissions, accounts"},
            {"name": "node", "description": "Envelopes, closing, attempts"},
        ],
        "paths": paths,
        "components": {
            "schemas": schemas::schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An access token of a login, good for this server for a quarter of \
                    an hour; or a single-use token of a key in the roster."}},
        },
    })
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn json_answer(schema: &Value) -> Value {
    json!({"description": "Done.", "content": {"application/json": {"schema": schema}}})
}

fn operation_id(endpoint: &Endpoint) -> String {
    let path = endpoint.path.trim_start_matches("/v1/").replace(['/', '-'], "_");
    let path: String = path.chars().filter(|c| !"{}".contains(*c)).collect();
    format!("{}_{path}", endpoint.method.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use crate::wire::openapi::*;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    if let ("$ref", Value::String(target)) = (key.as_str(), value) {
                        found.push(target.clone());
                    }
                    references(value, found);
                }
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        for target in &found {
            assert!(document.pointer(&target[1..]).is_some(), "{target} leads nowhere");
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            let target = format!("#/components/schemas/{name}");
            assert!(found.contains(&target), "{name} is not used");
        }
    }

    #[test]
    fn every_operation_has_its_own_id() {
        let mut ids: Vec<String> = ENDPOINTS.iter().map(operation_id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), ENDPOINTS.len());
    }

    #[test]
    fn the_page_names_every_endpoint_and_loads_nothing() {
        let page = page();
        for endpoint in ENDPOINTS {
            assert!(page.contains(endpoint.path) && page.contains(endpoint.summary));
        }
        for foreign in ["http://", "https://", "<script", "src=", "@import", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }
}
