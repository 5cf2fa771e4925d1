//! The schemas of requests and replies.

#![expect(clippy::needless_pass_by_value, reason = "schemas are put together where they are used")]

use serde_json::{Map, Value, json};

use super::reference;
use crate::base::text::MAX_DESCRIPTION;
use crate::rules::Question;

/// An object with these members and no others; a name that ends in `?` may be absent.
fn closed(members: Value) -> Value {
    let mut object = open(members);
    object["additionalProperties"] = json!(false);
    object
}

/// An object with these members and perhaps more; a name that ends in `?` may be absent.
fn open(members: Value) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    if let Value::Object(members) = members {
        for (name, schema) in members {
            if let Some(name) = name.strip_suffix('?') {
                properties.insert(name.to_owned(), schema);
            } else {
                required.push(json!(name));
                properties.insert(name, schema);
            }
        }
    }
    json!({"type": "object", "properties": properties, "required": required})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn name() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 200})
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn of(schema: &str) -> Value {
    reference(schema)
}

/// Every schema by name.
pub(super) fn schemas() -> Value {
    let mut all = Map::new();
    for group in [basics(), sessions(), accounts(), nodes(), dealers()] {
        if let Value::Object(group) = group {
            all.extend(group);
        }
    }
    Value::Object(all)
}

fn basics() -> Value {
    json!({
        "Problem": open(json!({"type": text(), "title": text(), "status": count(),
            "detail": text(), "instance?": text(), "retry_after_seconds?": count(),
            "cause?": of("RefusalCause")})),
        "RefusalCause": open(json!({"code": {"type": "string", "enum": ["phase", "unsound-bundle",
            "other-bundle", "missing-envelopes", "unfit-parts", "signatures", "other-manifest", "variable"]}})),
        "Id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "Digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "Key": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$", "description": "Ed25519"},
        "Signature": {"type": "string", "pattern": "^[A-Za-z0-9_-]{86}$", "description": "Ed25519"},
        "Admission": {"type": "string", "pattern": "^[A-Za-z0-9_-]{86,87}$", "description": "An \
            Ed25519 signature, and one byte more for the cohort where the coordinator assigns one"},
        "Bytes": {"type": "string", "pattern": "^[A-Za-z0-9_-]*$", "description": "base64url"},
        "Time": {"type": "string", "format": "date-time"},
        "Node": {"type": "integer", "minimum": 1, "maximum": 9},
        "Nodes": list(of("Node")),
        "Question": {"type": "object", "description": "What the session asks, under the name of its \
            kind; the kinds that session files know: ".to_owned() + &Question::kind_names().join(", ")},
        "Answer": {"type": "object", "description": "What was decided, under the name of the kind."},
        "Phase": {"type": "string", "enum": ["draft", "open", "paused", "closing", "computing", "settled",
            "failed", "cancelled"]},
        "Description": {"type": "object", "description": "An OpenAPI 3.1 document."},
        "Document": {"type": "object", "description": "A document of the closing, as nodes and \
            coordinator sign it; ARCHITECTURE.md says which and why."},
    })
}

fn sessions() -> Value {
    let summary = json!({"session": of("Id"), "terms": of("Terms"), "phase": of("Phase"),
        "bidders": or_null(count()), "created": of("Time"),
        "result": or_null(of("Answer"))});
    let mut detail = summary.clone();
    for (name, schema) in [
        ("announcement", or_null(of("SignedAnnouncement"))),
        ("file", or_null(text())),
        ("reason", or_null(of("Reason"))),
        ("timeline", list(json!({"type": "array", "prefixItems": [of("Phase"), of("Time")]}))),
        ("acknowledged", of("Nodes")),
        ("waiting_for", of("Nodes")),
        ("shortage", or_null(of("Shortage"))),
        ("manifest", or_null(of("Document"))),
        ("attempts", list(of("Document"))),
        ("outcome", or_null(of("Document"))),
    ] {
        detail[name] = schema;
    }
    json!({
        "Terms": open(json!({"title": name(), "description": or_null(json!({"type": "string",
                "minLength": 1, "maxLength": MAX_DESCRIPTION})), "question": of("Question"),
            "bids_until": of("Time"), "replace_bids": {"type": "boolean"}, "protocol": text(),
            "security": {"type": "string", "enum": ["active", "passive"]},
            "admission": {"type": "string", "enum": ["open", "listed", "accounts"]},
            "limits": closed(json!({"bids": count(), "name_bytes": count(),
                "revisions": count()}))})),
        "SignedAnnouncement": open(json!({"signature": of("Signature"),
            "body": closed(json!({"session": of("Id"), "roster": of("Digest"),
                "terms": of("Terms"), "opened": of("Time")}))})),
        "SignedRoster": open(json!({"body": of("Document"), "signature": of("Signature")})),
        "Reason": open(json!({"code": {"type": "string", "enum": ["called-off", "paused", "resumed", "tried-again",
            "all-in", "waiting", "too-few-nodes", "unsound-bundle", "retrying", "attempts-failed", "missing"]}, "text": text()})),
        "Shortage": open(json!({"needed": count(), "together": of("Nodes"), "away": of("Nodes"),
            "cut": list(list(of("Node"))), "text": text()})),
        "SessionSummary": open(summary),
        "SessionPage": open(json!({"sessions": list(of("SessionSummary")),
            "next": or_null(of("Id"))})),
        "SessionDetail": open(detail),
        "NewSession": closed(json!({"file": {"type": "string", "description": "A session file (TOML)"},
            "open?": {"type": "boolean"}, "bidders?": list(of("Bidder"))})),
        "EditSession": closed(json!({"file": {"type": "string", "description": "A session file (TOML)"}})),
        "Why": closed(json!({"reason?": or_null(json!({"type": "string", "minLength": 1,
            "maxLength": MAX_DESCRIPTION}))})),
        "Bidder": closed(json!({"name": name(), "key": of("Key"), "cohort?": or_null(text())})),
        "AskAdmission": closed(json!({"bidder": of("Bidder"), "signature": of("Signature")})),
        "Admitted": closed(json!({"signature": of("Admission")})),
        "ReceiptsPage": open(json!({"next": or_null(of("Key")), "unheard": of("Nodes"),
            "bidders": list(open(json!({"bidder": text(), "key": of("Key"), "revision": count(),
                "nodes": of("Nodes"), "received": of("Time")})))})),
        "NewJob": open(json!({"toml?": {"type": "string", "description": "A session file of kind job, \
            without the values that participants hand in"}, "idempotency_key?": or_null(text()),
            "name?": text(), "steps?": list(of("Document"))})),
        "Job": open(json!({"job": of("Id"), "title": text(), "phase": of("Phase"),
            "created": of("Time"), "reason": or_null(of("Reason")), "participants": list(text()),
            "missing?": list(text()),
            "kept": list(text()), "refreshed": list(text()),
            "apart?": list(open(json!({"variable": text(), "to": text()}))), "revealed": {"type": "object",
                "additionalProperties": or_null(text())},
            "steps": list(open(json!({"id": text(), "operation": text(), "formula": text(),
                "level": count(), "reason?": text(), "status": {"type": "string",
                    "enum": ["pending", "in_progress", "completed", "failed"]}})))})),
        "JobPage": open(json!({"sessions": list(of("Job")), "next": or_null(of("Id"))})),
        "Variable": open(json!({"variable": open(json!({"name": name(), "field": text(),
                "range": text(), "owner": or_null(name()), "generation": count(),
                "digests": list(of("Bytes"))})), "version": of("Bytes"), "session": of("Id"),
            "step": text(), "dealt": of("Id"), "roster": of("Digest"), "made": of("Time"), "refreshed": of("Time"),
            "share?": {"type": "boolean"}, "handed_over?": open(json!({"session": of("Id"),
                "to": of("Digest"), "letters": of("Nodes")}))})),
        "Record": {"type": "object", "description": "What `gavel verify` checks."},
        "CoordinatorHealth": open(json!({"version": text(), "roster": of("Digest"),
            "now": of("Time"), "shortage": or_null(of("Shortage")), "nodes": list(of("NodeStatus")),
            "earlier?": list(of("EarlierRoster"))})),
        "NodeStatus": open(json!({"node": of("Node"), "name": text(),
            "address": text(), "health": or_null(of("NodeHealth")),
            "trouble": or_null(text()), "round_trip_micros": or_null(count()),
            "last_seen": or_null(of("Time")),
            "clock_difference_millis": or_null(json!({"type": "integer"}))})),
        "EarlierRoster": open(json!({"roster": of("Digest"), "sessions": list(of("Id")),
            "leaving": list(text()), "nodes": list(of("NodeStatus")),
            "shortage": or_null(of("Shortage"))})),
    })
}

fn accounts() -> Value {
    let password =
        || json!({"type": "string", "minLength": 1, "maxLength": 512, "format": "password"});
    let role = || json!({"type": "string", "enum": ["operator", "bidder"]});
    json!({
        "AskLogin": closed(json!({"name": text(), "password": password()})),
        "AskRefresh": closed(json!({"refresh": text()})),
        "Login": open(json!({"account": of("Account"), "expires": of("Time"), "refresh": text(),
            "refresh_expires": of("Time"),
            "tokens": list(open(json!({"server": of("Key"), "token": text()})))})),
        "Account": open(json!({"account": of("Id"), "name": text(), "role": role(),
            "key?": of("Key"), "created": of("Time"), "disabled?": of("Time")})),
        "NewAccount": closed(json!({"name": name(), "role": role(), "password": password(),
            "key?": or_null(of("Key"))})),
        "NewPassword": closed(json!({"password": password()})),
        "ChangePassword": closed(json!({"old": password(), "new": password()})),
        "Join": closed(json!({"code": text(), "name": name(), "password": password(),
            "key": of("Key"), "signature": of("Signature")})),
        "Invitee": closed(json!({"label": text(), "cohort?": or_null(text()), "key?": or_null(of("Key")),
            "code?": or_null(of("Digest"))})),
        "AskInvitations": closed(json!({"invitees": {"type": "array", "items": of("Invitee"),
                "minItems": 1, "maxItems": 10_000},
            "hours": {"type": "integer", "minimum": 1, "maximum": 8784}})),
        "NewInvitation": open(json!({"label": text(), "code?": text(), "expires": of("Time")})),
        "Invitation": open(json!({"digest": of("Digest"), "label?": text(), "cohort?": text(),
            "key?": of("Key"), "created": of("Time"), "expires": of("Time"),
            "redeemed?": of("Time"), "revoked?": of("Time"), "account?": text()})),
    })
}

fn nodes() -> Value {
    json!({
        "NodeHealth": open(json!({"node": of("Node"), "version": text(), "roster": of("Digest"),
            "now": of("Time"), "started": of("Time"), "sessions": count(),
            "links": list(open(json!({"node": of("Node"), "connected": {"type": "boolean"},
                "round_trip_micros": or_null(count()), "bytes_in": count(),
                "bytes_out": count()}))),
            "usage": or_null(open(json!({"memory_bytes": or_null(count()),
                "processor_permille": or_null(count()), "disk_free_bytes": or_null(count())})))})),
        "NodeSession": open(json!({"announcement": of("SignedAnnouncement"), "phase": of("Phase"),
            "bids": or_null(count()), "outcome": or_null(of("Document")),
            "awaits_approval?": {"type": "boolean"}, "lacks_parcel?": {"type": "boolean"}})),
        "TakenParcel": closed(json!({"whole": {"type": "boolean"},
            "faults": list(json!({"type": "object"}))})),
        "GivenReceipts": open(json!({"more": {"type": "boolean"},
            "receipts": list(open(json!({"bidder": text(), "key": of("Key"),
                "revision": count(), "received": of("Time")})))})),
        "EndedLogins": closed(json!({"ended": {"type": "array", "maxItems": 5000, "items":
            closed(json!({"account": of("Id"), "at": of("Time")}))}})),
        "NodeSessionPage": open(json!({"sessions": list(of("NodeSession")),
            "next": or_null(of("Id"))})),
        "Envelope": closed(json!({"admission": of("Admission"), "signature": of("Signature"),
            "body": closed(json!({"suite": {"type": "integer", "minimum": 0, "maximum": 255},
                "session": of("Id"), "announcement": of("Digest"), "bidder": name(),
                "key": of("Key"), "correction": of("Bytes"), "commitments": list(of("Digest")),
                "revision": {"type": "integer", "minimum": 0, "maximum": u32::MAX},
                "parts": list(of("Bytes")), "score?": of("Document")}))})),
        "PassedOn": closed(json!({"seeds": of("Bytes")})),
        "SignedReceipt": open(json!({"signature": of("Signature"),
            "name_shared?": of("Document"),
            "body": closed(json!({"session": of("Id"), "node": of("Node"), "bidder": name(),
                "key": of("Key"), "revision": count(), "envelope": of("Digest"), "received": of("Time")}))})),
        "StartAttempt": open(json!({"session": of("Id"), "participants": of("Nodes"),
            "attempt": {"type": "integer", "minimum": 0, "maximum": u32::MAX},
            "manifest": of("Digest")})),
        "AttemptState": open(json!({"state": {"type": "string",
            "enum": ["running", "done", "failed"]},
            "failure?": open(json!({"code": {"type": "string", "enum": ["unfit-part",
                "missing-envelope", "unfit-terms", "unfit-shares", "link", "computation", "lie",
                "variable", "store", "called-off"]}}))})),
    })
}

/// Models, and the material that dealers make for them.
fn dealers() -> Value {
    let signed = |body| closed(json!({"body": body, "signature": of("Signature")}));
    let sizes = json!({"rows": count(), "inner": count(), "columns": count()});
    json!({
        "Party": {"type": "string", "enum": ["both", "client", "owner"]},
        "SignedModel": signed(closed(json!({"name": name(), "roster": of("Digest"),
            "owner": of("Key"), "features": list(name()), "learner": of("Party"),
            "structure": {"type": "object", "description": "Layers, sizes and bounds."}}))),
        "SignedStockOrder": signed(closed(json!({"model": of("Digest"), "at": of("Time"),
            "stock": {"type": "integer", "minimum": 0, "maximum": 1000}}))),
        "NewModel": closed(json!({"terms": of("SignedModel"), "order": of("SignedStockOrder")})),
        "BatchShape": open(json!({"triples": count(), "squares": count(), "bits": count(),
            "masks": count(), "matrices": list(closed(sizes))})),
        "Model": open(json!({"model": of("Digest"), "terms": of("SignedModel"),
            "shape": of("BatchShape"), "announced": of("Time"),
            "stock": open(json!({"target": count(), "ready": count(), "making": count(),
                "promised": count(), "given": count(), "withdrawn": count()}))})),
        "Batches": open(json!({"more": {"type": "boolean"}, "batches": list(open(json!({
            "batch": of("Id"), "makers": of("Nodes"), "holders": of("Nodes"),
            "givers": of("Nodes"), "begun": of("Time"), "client": or_null(of("Key")),
            "until": or_null(of("Time")), "reason": or_null(text()),
            "state": {"type": "string",
                "enum": ["making", "ready", "promised", "given", "withdrawn"]}})))})),
        "MakingProgress": open(json!({"rounds?": count(), "rounds_total?": count(),
            "bytes_sent?": count()})),
        "Dealing": open(json!({"left_out": of("Nodes"), "liars": of("Nodes"),
            "making": or_null(open(json!({"batch": of("Id"), "model": of("Digest"),
                "makers": of("Nodes"), "begun": of("Time"),
                "progress": of("MakingProgress")}))),
            "waits": or_null(json!({"type": "string",
                "enum": ["session", "dealers", "failure"]}))})),
        "SignedAskBatch": signed(closed(json!({"model": of("Digest"), "client": of("Key"),
            "at": of("Time"), "nonce": of("Id")}))),
        "SignedPromise": signed(closed(json!({"batch": of("Id"), "model": of("Digest"),
            "roster": of("Digest"), "shape": of("BatchShape"), "makers": of("Nodes"),
            "chosen": of("Nodes"), "client": of("Key"), "owner": of("Key"),
            "until": of("Time")}))),
        "AskSeed": closed(json!({"model_inference": of("Digest"), "batch_id": of("Id"),
            "request": signed(closed(json!({"promise": of("SignedPromise"),
                "dealer": of("Key")})))})),
        "GivenSeed": open(json!({"model_inference": of("Digest"), "batch_id": of("Id"),
            "seed": of("Digest")})),
        "StartBatch": closed(json!({"batch": of("Id"), "model": of("SignedModel"),
            "attempt": {"type": "integer", "minimum": 0, "maximum": u32::MAX},
            "makers": of("Nodes"), "naming": {"type": "boolean"}})),
        "MakingState": open(json!({"state": {"type": "string",
            "enum": ["running", "done", "failed"]}, "word?": of("Document"),
            "rounds?": count(), "rounds_total?": count(), "bytes_sent?": count(),
            "seconds?": {"type": "number"}})),
        "HeldBatch": open(json!({"batch": of("Id"), "model": text(), "makers": of("Nodes"),
            "made": of("Time"), "state": {"type": "string",
                "enum": ["made", "promised", "given", "withdrawn"]},
            "client": or_null(of("Time")), "owner": or_null(of("Time"))})),
    })
}
