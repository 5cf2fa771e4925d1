//! Every path of the API. Routes are written with `{session}`, `{envelope}`, `{attempt}`,
//! `{account}`, `{roster}`, `{node}`, `{invitation}`, `{model}` and `{batch}`; the functions fill them in.

use super::page::LARGEST;
use crate::identity::{AccountId, Digest, PublicKey};
use crate::session::SessionId;
use crate::session::scoring::BatchId;
use crate::sharing::NodeIndex;

/// The header by which servers of a roster tell each other under which one they ask: a server may go
/// on under several. It holds the digest of the first version of that roster.
pub const ROSTER_HEADER: &str = "gavel-roster";

/// Upgrade to the binary stream between two nodes.
pub const STREAM: &str = "/v1/node/stream";
/// A node's health.
pub const NODE_HEALTH: &str = "/v1/node/health";
/// A node's live events.
pub const NODE_EVENTS: &str = "/v1/node/events";
/// Announce a session to a node; list a node's sessions.
pub const NODE_SESSIONS: &str = "/v1/node/sessions";
/// One session at a node.
pub const NODE_SESSION: &str = "/v1/node/sessions/{session}";
/// Hand in an envelope.
pub const NODE_ENVELOPES: &str = "/v1/node/sessions/{session}/envelopes";
/// Fetch an envelope, between nodes.
pub const NODE_ENVELOPE: &str = "/v1/node/sessions/{session}/envelopes/{envelope}";
/// Get the seeds that both nodes hold of an envelope, between nodes.
pub const NODE_SEEDS: &str = "/v1/node/sessions/{session}/envelopes/{envelope}/seeds";
/// The receipts that the node has given, of each bidder the latest, in pages.
pub const NODE_RECEIPTS: &str = "/v1/node/sessions/{session}/receipts";
/// Logins that have ended at the coordinator.
pub const NODE_LOGINS: &str = "/v1/node/logins";
/// End bidding and sign the inventory.
pub const NODE_FREEZE: &str = "/v1/node/sessions/{session}/freeze";
/// Fetch what is missing and sign the verdict.
pub const NODE_VERDICT: &str = "/v1/node/sessions/{session}/verdict";
/// Which bundle the node has committed to, between nodes.
pub const NODE_BUNDLE: &str = "/v1/node/sessions/{session}/bundle";
/// Sign the manifest of a bundle (POST); take the manifest with all signatures (PUT).
pub const NODE_MANIFEST: &str = "/v1/node/sessions/{session}/manifest";
/// Start an attempt.
pub const NODE_ATTEMPTS: &str = "/v1/node/sessions/{session}/attempts";
/// How an attempt stands (GET, waits a while for its end); call it off (DELETE).
pub const NODE_ATTEMPT: &str = "/v1/node/sessions/{session}/attempts/{attempt}";
/// Take the outcome with all signatures.
pub const NODE_OUTCOME: &str = "/v1/node/sessions/{session}/outcome";
/// Where every session stands at the node, for servers that may have lost some.
pub const NODE_STANDINGS: &str = "/v1/node/standings";
/// The variables that stay at the node after their job, without its shares.
pub const NODE_VARIABLES: &str = "/v1/node/variables";
/// What the node holds of a session, for servers that have lost it.
pub const NODE_PAPERS: &str = "/v1/node/sessions/{session}/papers";
/// What the node discloses to the session's operator, sealed.
pub const NODE_DISCLOSURE: &str = "/v1/node/sessions/{session}/disclosure";

/// What a node has sealed to those whom a session tells something alone.
pub const NODE_LETTERS: &str = "/v1/node/sessions/{session}/letters";
/// Take no envelopes for a while, or take them again.
pub const NODE_PAUSE: &str = "/v1/node/sessions/{session}/pause";
/// Let a job run, by the word of the node's operator.
pub const NODE_APPROVAL: &str = "/v1/node/sessions/{session}/approval";
/// Bring the node what was handed over to it.
pub const NODE_PARCEL: &str = "/v1/node/sessions/{session}/parcel";
/// Cancel a session.
pub const NODE_CANCEL: &str = "/v1/node/sessions/{session}/cancel";
/// The batches in a dealer's store (GET); begin to make one (POST).
pub const NODE_MATERIAL: &str = "/v1/node/material";
/// How the making of a batch stands (GET, waits a while for its end); withdraw it (DELETE).
pub const NODE_BATCH: &str = "/v1/node/material/{batch}";
/// The client's half of a batch: one dealer's seed.
pub const MATERIAL_SEED: &str = "/v1/material/seed";
/// The owner's half of a batch, over gRPC: one dealer's part, in a stream.
pub const OWNER_HALF: &str = "/gavel.material.v1.Material/OwnerHalf";

/// A coordinator's health and its view of the nodes.
pub const HEALTH: &str = "/v1/health";
/// The signed roster.
pub const ROSTER: &str = "/v1/roster";
/// One roster: the present one, or one that it succeeds.
pub const ROSTER_OF: &str = "/v1/rosters/{roster}";
/// Live events of all sessions.
pub const EVENTS: &str = "/v1/events";
/// List sessions; write a new one.
pub const SESSIONS: &str = "/v1/sessions";
/// One session (GET); write other terms into a draft (PUT).
pub const SESSION: &str = "/v1/sessions/{session}";
/// Open a session for bids.
pub const OPEN: &str = "/v1/sessions/{session}/open";
/// Take no bids for a while.
pub const PAUSE: &str = "/v1/sessions/{session}/pause";
/// Let bids come in again.
pub const RESUME: &str = "/v1/sessions/{session}/resume";
/// Close a session by hand.
pub const CLOSE: &str = "/v1/sessions/{session}/close";
/// Cancel a session.
pub const CANCEL: &str = "/v1/sessions/{session}/cancel";
/// Try a failed session again.
pub const RETRY: &str = "/v1/sessions/{session}/retry";
/// Be admitted as a bidder; list the bidders.
pub const ADMISSIONS: &str = "/v1/sessions/{session}/admissions";
/// Which nodes have given a receipt to which bidder, in pages.
pub const RECEIPTS: &str = "/v1/sessions/{session}/receipts";
/// What one node discloses to the session's operator, sealed.
pub const DISCLOSURE: &str = "/v1/sessions/{session}/disclosures/{node}";

/// What a node has sealed to those whom a session tells something alone, passed on.
pub const LETTERS: &str = "/v1/sessions/{session}/letters/{node}";
/// List jobs; post one, which is opened at once.
pub const JOBS: &str = "/v1/jobs";
/// One job, step by step.
pub const JOB: &str = "/v1/jobs/{session}";
/// A job's steps as they change.
pub const JOB_EVENTS: &str = "/v1/jobs/{session}/events";
/// The variables that stay at the nodes after their job.
pub const VARIABLES: &str = "/v1/variables";
/// Show that a dealer has sent something else than it had signed for.
pub const ALTERED: &str = "/v1/material/altered";
/// The dealers about whom something is remembered (GET); forget it (DELETE).
pub const DOUBTS: &str = "/v1/dealers/doubts";
/// List models; announce one.
pub const MODELS: &str = "/v1/models";
/// One model (GET); take it back (DELETE).
pub const MODEL: &str = "/v1/models/{model}";
/// Take a model back, by the coordinator's operator.
pub const WITHDRAW_MODEL: &str = "/v1/models/{model}/withdraw";
/// Ask for a batch of a model's material (POST); its latest batches (GET).
pub const MODEL_BATCHES: &str = "/v1/models/{model}/batches";
/// How the making of batches stands.
pub const DEALING: &str = "/v1/dealing";
/// Everything public about a session, for `gavel verify`.
pub const RECORD: &str = "/v1/sessions/{session}/record";

/// Log in with name and password.
pub const LOGIN: &str = "/v1/login";
/// Go on with a login.
pub const REFRESH: &str = "/v1/refresh";
/// End a login.
pub const LOGOUT: &str = "/v1/logout";
/// Redeem an invitation.
pub const JOIN: &str = "/v1/join";
/// One's own account.
pub const ACCOUNT: &str = "/v1/account";
/// Change one's own password.
pub const OWN_PASSWORD: &str = "/v1/account/password";
/// List accounts; make one.
pub const ACCOUNTS: &str = "/v1/accounts";
/// Disable an account and end its logins.
pub const DISABLE: &str = "/v1/accounts/{account}/disable";
/// Enable an account again.
pub const ENABLE: &str = "/v1/accounts/{account}/enable";
/// Give an account a new password and end its logins.
pub const PASSWORD: &str = "/v1/accounts/{account}/password";
/// List invitations; make some.
pub const INVITATIONS: &str = "/v1/invitations";
/// Take an invitation back.
pub const REVOKE: &str = "/v1/invitations/{invitation}/revoke";
/// Take every invitation back that is not used.
pub const REVOKE_UNUSED: &str = "/v1/invitations/revoke-unused";

/// The session that a path is about, if it names one.
pub fn session_in(path: &str) -> Option<SessionId> {
    let mut parts = path.split('/').skip_while(|part| !matches!(*part, "sessions" | "jobs"));
    parts.nth(1)?.parse().ok()
}

/// [`ROSTER_OF`] filled in.
pub fn roster(digest: &Digest) -> String {
    ROSTER_OF.replace("{roster}", &digest.to_string())
}

/// [`REVOKE`] filled in, with the digest of the invitation's code.
pub fn revoke(code: &Digest) -> String {
    REVOKE.replace("{invitation}", &code.to_string())
}

/// A path with its account filled in.
pub fn of_account(path: &str, account: AccountId) -> String {
    path.replace("{account}", &account.to_string())
}

/// A path with its model filled in.
pub fn of_model(path: &str, model: &Digest) -> String {
    path.replace("{model}", &model.to_string())
}

/// [`NODE_BATCH`] filled in.
pub fn batch(batch: BatchId) -> String {
    NODE_BATCH.replace("{batch}", &batch.to_string())
}

/// A path with its session filled in.
pub fn of(path: &str, session: SessionId) -> String {
    path.replace("{session}", &session.to_string())
}

/// A path with its session filled in, for the page behind this bidder's key or for the first one.
pub fn behind(path: &str, session: SessionId, after: Option<&PublicKey>) -> String {
    let path = of(path, session);
    after.map_or_else(|| path.clone(), |after| format!("{path}?after={after}"))
}

/// A path whose list comes in pages, for the largest page after a session, or for the first one.
pub fn page(path: &str, after: Option<SessionId>) -> String {
    let after = after.map_or_else(String::new, |session| format!("&after={session}"));
    format!("{path}?limit={LARGEST}{after}")
}

/// [`NODE_ENVELOPE`] filled in.
pub fn envelope(session: SessionId, envelope: &Digest) -> String {
    of(NODE_ENVELOPE, session).replace("{envelope}", &envelope.to_string())
}

/// [`NODE_SEEDS`] filled in.
pub fn seeds(session: SessionId, envelope: &Digest) -> String {
    of(NODE_SEEDS, session).replace("{envelope}", &envelope.to_string())
}

/// [`LETTERS`] filled in.
pub fn letters(session: SessionId, node: NodeIndex) -> String {
    of(LETTERS, session).replace("{node}", &node.to_string())
}

/// [`DISCLOSURE`] filled in.
pub fn disclosure(session: SessionId, node: NodeIndex) -> String {
    of(DISCLOSURE, session).replace("{node}", &node.to_string())
}

/// [`NODE_ATTEMPT`] filled in.
pub fn attempt(session: SessionId, attempt: u32) -> String {
    of(NODE_ATTEMPT, session).replace("{attempt}", &attempt.to_string())
}
