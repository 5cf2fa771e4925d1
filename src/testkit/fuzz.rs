//! What outside bytes must never do: panic, hang, or take memory without bound. One function per
//! place where such bytes come in. The crate in `fuzz/` hands them to libFuzzer, and
//! `tests/fuzzing.rs` runs them for a short time on a stable compiler, from the same corpus.

use std::io::Write as _;
use std::sync::OnceLock;

use bytes::BytesMut;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bad_bidder::BadBidder;
use super::paperwork::{NodeSecrets, Paperwork};
use crate::base::Timestamp;
use crate::client::EntryValues;
use crate::identity::key_file::{BidderKeys, CoordinatorKeys, KeyFileError, NodeKeys};
use crate::identity::roster::{CoordinatorCard, IssuedCard};
use crate::identity::sealing::SealingKeyPair;
use crate::identity::token::{self, ReplayGuard};
use crate::identity::{KeyPair, NodeCard, Roster, Signed};
use crate::rules::entries::Field;
use crate::rules::model::file::written::WrittenLayer;
use crate::rules::model::file::{Defaults, Written, from_onnx, from_tensors, safetensors};
use crate::rules::{Layout, SessionFile};
use crate::session::bundle::{Bundle, Inventories};
use crate::session::dealing::AskBatch;
use crate::session::manifest::CoSigned;
use crate::session::record::Record;
use crate::session::{Announcement, Envelope, Manifest, Outcome, SessionId, part};
use crate::sharing::form::Form;
use crate::transport::streams::frame::{Frame, HEADER_BYTES};
use crate::wire::{
    account_api as accounts, coordinator_api as coordinator, dealer_api as dealers,
    node_api as node,
};

/// A place where outside bytes come in.
pub struct Target {
    /// Its name; the corpus lies in `fuzz/corpus/` under it.
    pub name: &'static str,
    /// Take these bytes in.
    pub run: fn(&[u8]),
    /// Inputs to begin with, beside those in the corpus.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: [Target; 8] = [
    Target { name: "frames", run: frames, seeds: frame_seeds },
    Target { name: "envelopes", run: envelopes, seeds: envelope_seeds },
    Target { name: "session_files", run: session_files, seeds: session_file_seeds },
    Target { name: "tokens", run: tokens, seeds: token_seeds },
    Target { name: "bodies", run: bodies, seeds: body_seeds },
    Target { name: "records", run: records, seeds: record_seeds },
    Target { name: "key_files", run: key_files, seeds: key_file_seeds },
    Target { name: "models", run: models, seeds: model_seeds },
];

/// Largest payload of a frame here.
const PAYLOAD: usize = 1 << 16;

/// When all this happens.
const NOW: i64 = 1_800_000_000_000;

/// Papers with the same keys in every process, so that a corpus keeps its worth.
fn papers() -> &'static Paperwork {
    static PAPERS: OnceLock<Paperwork> = OnceLock::new();
    PAPERS.get_or_init(|| {
        let mut papers = Paperwork::new(3, 1, 1000).expect("three nodes can compute");
        papers.coordinator = KeyPair::from_secret(&[100; 32]);
        papers.nodes = (1..=3)
            .map(|node| NodeSecrets {
                identity: KeyPair::from_secret(&[node; 32]),
                sealing: SealingKeyPair::from_secret(&[node; 32]),
            })
            .collect();
        let Roster { scheme, coordinator, nodes, .. } = papers.roster.body.clone();
        let place = CoordinatorCard { key: papers.coordinator.public(), ..coordinator };
        let cards = nodes.into_iter().zip(&papers.nodes).map(|(card, keys)| {
            let (key, sealing_key) = (keys.identity.public(), keys.sealing.public().clone());
            let card = NodeCard { key, sealing_key, ..card };
            Signed::new(IssuedCard { card, issue: 0 }, &keys.identity)
        });
        papers.roster.body = Roster::first(scheme, place, cards.collect());
        papers.announcement.body.session = SessionId([7; 16]);
        papers.resign();
        papers
    })
}

fn bidder() -> KeyPair {
    KeyPair::from_secret(&[50; 32])
}

/// Bytes of a stream between nodes, as they are cut by the network: the first byte says how.
pub fn frames(data: &[u8]) {
    let Some((&cut, stream)) = data.split_first() else { return };
    let mut buffer = BytesMut::new();
    for piece in stream.chunks(usize::from(cut).max(1)) {
        buffer.extend_from_slice(piece);
        loop {
            match Frame::take(&mut buffer, PAYLOAD) {
                Ok(Some(frame)) => assert!(frame.payload.len() <= PAYLOAD, "too long a payload"),
                Ok(None) => break,
                Err(_) => return,
            }
        }
        let most = 4 * (PAYLOAD + HEADER_BYTES) + 2 * stream.len();
        assert!(buffer.capacity() <= most, "room for more than a frame");
    }
}

fn frame_seeds() -> Vec<Vec<u8>> {
    use crate::protocol::StepId;
    use crate::transport::streams::frame::Kind;
    let mut stream = BytesMut::from(&[7_u8][..]);
    let data = Frame {
        kind: Kind::Data,
        session: SessionId([7; 16]),
        attempt: 3,
        step: StepId(5),
        payload: vec![9; 100].into(),
    };
    for frame in [Frame::control(Kind::Ping, 12), data] {
        frame.put_header(&mut stream);
        stream.extend_from_slice(&frame.payload);
    }
    vec![stream.to_vec()]
}

/// An envelope as a bidder hands it in, and as it comes back from the store.
pub fn envelopes(data: &[u8]) {
    let papers = papers();
    let envelope = match serde_json::from_slice::<Envelope>(data) {
        Ok(envelope) => envelope,
        Err(_) => match postcard::from_bytes::<Envelope>(data) {
            Ok(envelope) => envelope,
            Err(_) => return,
        },
    };
    let (scheme, key) = (papers.scheme(), papers.coordinator.public());
    let fine = envelope.check(&papers.announcement.body, scheme, &key).is_ok();
    for node in scheme.all().iter() {
        let sealing = papers.sealing(node).expect("a node of the roster");
        if let Ok(part) = part::open_part(&envelope, node, scheme, sealing) {
            assert_eq!(part.seeds().len(), scheme.held_by(node).len(), "seeds of a part");
        }
    }
    let terms = &papers.announcement.body.terms;
    let layout = terms.layout().expect("terms that were checked");
    let read = |layout: &Layout| {
        terms.protocol.decode_correction(&envelope.body.correction.0, layout.extent())
    };
    let bid = read(&layout);
    assert!(!fine || bid.is_ok(), "an envelope that passes has a bid of the right width");
    let announced = &papers.announcement.body;
    let fine = envelope.check_entry(announced, &three_fields(), scheme, &key).is_ok();
    if let Ok(entry) = read(&three_fields()) {
        let again = entry.encode(three_fields().extent());
        assert_eq!(again, envelope.body.correction.0, "a correction has one encoding");
    } else {
        assert!(!fine, "an envelope that passes has an entry of the right width");
    }
    for form in [Form::Bits, Form::Numbers, Form::Sums] {
        let (bytes, extent) = (&envelope.body.correction.0, three_fields().extent());
        if let Ok(entry) = form.decode_correction(bytes, extent) {
            assert_eq!(entry.encode(extent), *bytes, "one encoding, as {form}");
        }
    }
}

/// What an envelope of another kind of session may hold.
fn three_fields() -> Layout {
    Layout::new([9, 100_000, 1].map(Field::up_to)).expect("an entry")
}

fn envelope_seeds() -> Vec<Vec<u8>> {
    let envelope = papers().bid("ada", &bidder(), 1, 700).expect("a bid");
    let stored = postcard::to_stdvec(&envelope).expect("an envelope encodes");
    let keys = bidder();
    let several = BadBidder {
        announcement: &papers().announcement,
        roster: &papers().roster,
        admission: papers().admit("ada", &keys),
        name: "ada",
        keys: &keys,
        revision: 1,
    };
    let values = || EntryValues::new(vec![9, 70_000, 0]);
    let entry = several.unchecked_entry(&three_fields(), values()).expect("an entry");
    let stray = several.entry_with_a_stray_bit(&three_fields(), values()).expect("an entry");
    // The same as nodes that only add get it, and with the prime in the place of a number.
    let mut summed = entry.clone();
    let layout = three_fields();
    let fields = layout.fields().map(|field| (field.bits, field.maximum));
    let masked = Form::Sums.mask(layout.extent(), fields, &[]);
    summed.body.suite = Form::Sums.number();
    summed.body.correction.0 = masked.encode(layout.extent());
    let mut prime = summed.clone();
    prime.body.correction.0[..16].copy_from_slice(&((1_u128 << 127) - 1).to_le_bytes());
    vec![json(&envelope), stored, json(&entry), json(&stray), json(&summed), json(&prime)]
}

/// A session file as an operator writes it.
pub fn session_files(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(file) = SessionFile::parse(text) else { return };
    // What parses has terms at any time, except where a duration leads out of the calendar.
    if let Ok(terms) = file.terms(Timestamp::from_millis(NOW)) {
        terms.check().expect("terms that were made pass their own check");
        assert!((1..=64).contains(&terms.bits()), "a width that shares have");
    }
}

fn session_file_seeds() -> Vec<Vec<u8>> {
    vec![
        b"title = \"A\"\nkind = \"second-price\"\nbids_until = \"2m\"\nreserve = \"1.5\"\n\
          decimals = 2\ncurrency = \"EUR\"\nmaximum = \"99\"\nreplace_bids = true\n\
          [roster]\nnodes = 5\nthreshold = 2\n[[bids]]\nbidder = \"ada\"\namount = \"7\"\n"
            .to_vec(),
    ]
}

/// A model that somebody else has written: an ONNX file, or tensors with a table of layers.
pub fn models(data: &[u8]) {
    let _ = from_onnx(&Written::default(), data, Defaults::default());
    let Ok(tensors) = safetensors(data) else { return };
    let layers = tensors.keys().map(|name| WrittenLayer::Dense {
        weight: Some(name.clone()),
        bias: None,
        transposed: false,
        largest: None,
    });
    let written = Written { layers: layers.collect(), ..Written::default() };
    let _ = from_tensors(&written, &tensors, Defaults::default());
}

fn model_seeds() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../tests/data/models/logistic.onnx").to_vec(),
        include_bytes!("../../tests/data/models/small.onnx").to_vec(),
        include_bytes!("../../tests/data/models/small.safetensors").to_vec(),
    ]
}

/// A bearer token as anybody may send it.
pub fn tokens(data: &[u8]) {
    static GUARD: OnceLock<ReplayGuard> = OnceLock::new();
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (papers, now) = (papers(), Timestamp::from_millis(NOW));
    let me = papers.nodes[0].identity.public();
    let Ok(claims) = token::verify(text, &me, now, |key| *key == papers.coordinator.public())
    else {
        return;
    };
    assert_eq!(claims.audience, me, "a token that passes is for this server");
    // Passing once is all that a token may do.
    let guard = GUARD.get_or_init(|| ReplayGuard::with_limits(64, 64));
    if guard.admit(&claims, now).is_ok() {
        assert!(guard.admit(&claims, now).is_err(), "a token passes twice");
    }
}

fn token_seeds() -> Vec<Vec<u8>> {
    let (papers, now) = (papers(), Timestamp::from_millis(NOW));
    let token = token::issue(&papers.coordinator, &papers.nodes[0].identity.public(), now);
    vec![token.expect("a token").expose().as_bytes().to_vec()]
}

/// The body of a request or an answer: the first byte says of which type.
pub fn bodies(data: &[u8]) {
    let Some((&kind, body)) = data.split_first() else { return };
    if let Some(read) = BODIES.get(usize::from(kind) % BODIES.len()) {
        read(body);
    }
}

/// What parses must be written as something that parses.
fn again<T: Serialize + DeserializeOwned>(body: &[u8]) {
    if let Ok(parsed) = serde_json::from_slice::<T>(body) {
        let text = json(&parsed);
        assert!(serde_json::from_slice::<T>(&text).is_ok(), "it does not parse again");
    }
}

const BODIES: [fn(&[u8]); 25] = [
    again::<Envelope>,
    again::<Signed<Announcement>>,
    again::<Inventories>,
    again::<Bundle>,
    again::<node::SignedManifest>,
    again::<node::ManifestSignature>,
    again::<node::StartAttempt>,
    again::<node::AttemptState>,
    again::<node::NodeHealth>,
    again::<CoSigned<Outcome>>,
    again::<CoSigned<Manifest>>,
    again::<Signed<Roster>>,
    again::<coordinator::NewSession>,
    again::<coordinator::AskAdmission>,
    again::<coordinator::SessionDetail>,
    again::<accounts::AskLogin>,
    again::<accounts::Join>,
    again::<crate::wire::Problem>,
    again::<dealers::NewModel>,
    again::<dealers::StartBatch>,
    again::<dealers::MakingState>,
    again::<dealers::AskSeed>,
    again::<dealers::GivenSeed>,
    again::<Signed<AskBatch>>,
    again::<crate::session::Parcel>,
];

fn body_seeds() -> Vec<Vec<u8>> {
    let papers = papers();
    let seed = |kind: u8, body: Vec<u8>| [vec![kind], body].concat();
    let start = node::StartAttempt {
        session: SessionId([7; 16]),
        attempt: 2,
        participants: papers.scheme().all(),
        manifest: papers.announcement.body.roster,
        plan: crate::runs::plan::Plan::default(),
    };
    vec![
        seed(0, envelope_seeds().swap_remove(0)),
        seed(1, json(&papers.announcement)),
        seed(2, b"[]".to_vec()),
        seed(6, json(&start)),
        seed(11, json(&papers.roster)),
        seed(
            21,
            br#"{"model_inference":"00","batch_id":"00","request":{"body":{"promise":{}}}}"#
                .to_vec(),
        ),
        seed(22, br#"{"model_inference":"00","batch_id":"00","seed":"00"}"#.to_vec()),
        seed(12, br#"{"file":"title = \"A\"","open":true,"bidders":[]}"#.to_vec()),
    ]
}

/// A record that somebody hands to `gavel verify`.
pub fn records(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(record) = Record::parse(text) {
        // The record is untrusted; what matters is that judging it comes to an end.
        let _ = record.verify(None);
    }
}

fn record_seeds() -> Vec<Vec<u8>> {
    let papers = papers();
    let record = Record {
        format: crate::session::record::Format::default(),
        roster: papers.roster.clone(),
        announcement: papers.announcement.clone(),
        bundle: None,
        manifest: None,
        outcome: None,
        accusations: Vec::new(),
    };
    vec![json(&record)]
}

/// A key file, as each kind of keys. None here is read with a passphrase: deriving a key from one
/// is slow on purpose.
pub fn key_files(data: &[u8]) {
    let Ok(mut file) = tempfile::NamedTempFile::new() else { return };
    if file.write_all(data).is_err() {
        return;
    }
    let told = |read: Result<(), KeyFileError>| {
        if let Err(error) = read {
            assert!(!error.to_string().is_empty(), "a refusal without a reason");
        }
    };
    told(NodeKeys::load(file.path(), None).map(drop));
    told(CoordinatorKeys::load(file.path(), None).map(drop));
    told(BidderKeys::load(file.path(), None).map(drop));
}

fn key_file_seeds() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (folder.path().join("bidder"), folder.path().join("node"));
    BidderKeys { identity: bidder() }.save(&one, None).expect("a key file");
    NodeKeys::generate("node.example").expect("keys").save(&other, None).expect("a key file");
    [one, other].iter().map(|path| std::fs::read(path).expect("a key file")).collect()
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("it encodes")
}
