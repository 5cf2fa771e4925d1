//! What goes over the wires of a simulated network, and what must hold of it.
//!
//! The books see every request when its server has answered it, whether or not the answer arrives,
//! and every frame when it leaves its node. Each rule that is broken is noted once and ends as a
//! failure of the seed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use gavel::base::Timestamp;
use gavel::identity::key_file::NodeKeys;
use gavel::identity::{Digest, PublicKey, Roster, Signed, Statement as _};
use gavel::protocol::StepId;
use gavel::rules::auction::reference;
use gavel::rules::market::Quantity;
use gavel::rules::{Answer, Question, Terms};
use gavel::session::bundle::Inventory;
use gavel::session::exclusion::ExclusionReason;
use gavel::session::manifest::{Exclusion, ManifestEntry};
use gavel::session::record::Record;
use gavel::session::{Announcement, Envelope, Outcome, Receipt, SessionId, carried, part};
use gavel::sharing::{NodeIndex, NodeSet};
use gavel::testkit::entries;
use gavel::transport::streams::frame::{Frame, Kind};
use gavel::wire::node_api::{AttemptState, ManifestSignature};
use gavel::wire::paper;
use gavel::wire::paths;

/// A request as the books see it.
pub struct Seen<'a> {
    /// Which node answered.
    pub node: NodeIndex,
    /// GET, POST, PUT or DELETE.
    pub method: &'a str,
    /// Path of the request.
    pub path: &'a str,
    /// Its body.
    pub asked: &'a [u8],
    /// The answer's body; only answers of success are shown.
    pub answer: &'a [u8],
}

/// The books of one run.
#[derive(Default)]
pub struct Books {
    /// Rules that were broken.
    pub broken: Vec<String>,
    quorum: usize,
    /// A coordinator that dies while it opens a session may be asked to open another.
    sessions: BTreeMap<SessionId, SessionBooks>,
}

/// The books of one session.
#[derive(Default)]
pub struct SessionBooks {
    /// The highest attempt of which anything was sent.
    pub attempts: u32,
    /// Bids that have n - t receipts, by bidder: the highest such revision.
    pub acknowledged: BTreeMap<String, u32>,
    /// Bids that took part although some nodes had been handed garbage.
    pub mended: usize,
    /// The nodes to whose parts a bidder has handed garbage.
    garbage: BTreeMap<String, NodeSet>,
    broken: Vec<String>,
    quorum: usize,
    until: Option<Timestamp>,
    envelopes: HashMap<Digest, Envelope>,
    /// By node, key and revision: the bidder's name and the envelope.
    receipts: BTreeMap<(NodeIndex, PublicKey, u32), (String, Digest)>,
    inventories: BTreeMap<NodeIndex, Inventory>,
    manifests: BTreeMap<NodeIndex, Digest>,
    outcomes: BTreeMap<NodeIndex, Outcome>,
    frames: HashSet<(u32, NodeIndex, NodeIndex, StepId)>,
    secrets: HashMap<Vec<u8>, u32>,
}

impl Books {
    /// Empty books.
    pub fn new(quorum: usize) -> Self {
        Self { quorum, ..Self::default() }
    }

    /// Note that a rule is broken.
    pub fn broke(&mut self, rule: String) {
        if !self.broken.contains(&rule) {
            self.broken.push(rule);
        }
    }

    /// The books of a session.
    pub fn session<T>(
        &mut self,
        session: SessionId,
        write: impl FnOnce(&mut SessionBooks) -> T,
    ) -> T {
        let quorum = self.quorum;
        let new = || SessionBooks { quorum, ..SessionBooks::default() };
        let books = self.sessions.entry(session).or_insert_with(new);
        let written = write(books);
        for rule in std::mem::take(&mut books.broken) {
            self.broke(rule);
        }
        written
    }

    /// All sessions' books.
    pub fn sessions(&self) -> impl Iterator<Item = &SessionBooks> {
        self.sessions.values()
    }

    /// A request has reached a node, which may die of it before it answers: an envelope that is on
    /// its disk by then takes part as any other.
    pub fn asked(&mut self, path: &str, asked: &[u8]) {
        let Some(session) = session_of(path).filter(|_| path.ends_with("/envelopes")) else {
            return;
        };
        if let Ok(envelope) = serde_json::from_slice::<Envelope>(asked) {
            self.session(session, |books| books.envelopes.insert(envelope.digest(), envelope));
        }
    }

    /// A node has answered a request.
    pub fn answered(&mut self, seen: &Seen<'_>) {
        if let Some(session) = session_of(seen.path) {
            self.session(session, |books| books.answered(seen));
        } else if (seen.method, seen.path) == ("POST", paths::NODE_SESSIONS)
            && let Ok(announced) = serde_json::from_slice::<Signed<Announcement>>(seen.asked)
        {
            let Announcement { session, terms, .. } = announced.body;
            self.session(session, |books| books.until = Some(terms.bids_until));
        }
    }

    /// A frame leaves a node.
    pub fn sent(&mut self, from: NodeIndex, to: NodeIndex, frame: &Frame) {
        if frame.kind == Kind::Data {
            self.session(frame.session, |books| books.sent(from, to, frame));
        }
    }
}

impl SessionBooks {
    fn broke(&mut self, rule: String) {
        self.broken.push(rule);
    }

    /// When bidding ends; never, before the session is open.
    pub fn until(&self) -> Timestamp {
        self.until.unwrap_or(Timestamp::from_millis(i64::MAX))
    }

    /// A bid is in, as its bidder sees it.
    pub fn acknowledge(&mut self, bidder: &str, revision: u32) {
        let highest = self.acknowledged.entry(bidder.to_owned()).or_default();
        *highest = revision.max(*highest);
    }

    /// A bidder is about to hand these nodes garbage.
    pub fn garbage(&mut self, bidder: &str, nodes: NodeSet) {
        self.garbage.insert(bidder.to_owned(), nodes);
    }

    /// Whether a bid may be excluded: more than t nodes were handed garbage, and say so.
    fn excludable(&self, exclusion: &Exclusion) -> bool {
        let few = (self.quorum - 1) / 2;
        exclusion.reason == ExclusionReason::Unavailable
            || self.garbage.get(&exclusion.bidder).is_some_and(|garbage| {
                exclusion.named_by.is_subset_of(*garbage) && exclusion.named_by.len() > few
            })
    }

    fn answered(&mut self, seen: &Seen<'_>) {
        let parts: Vec<&str> = seen.path.split('/').skip(5).collect();
        match (seen.method, parts.as_slice()) {
            ("POST", ["envelopes"]) => self.receipt(seen),
            ("POST", ["freeze"]) => self.inventory(seen),
            ("POST", ["manifest"]) => self.signed_manifest(seen),
            ("GET", ["attempts", _]) => self.attempt(seen),
            _ => {}
        }
    }

    fn receipt(&mut self, seen: &Seen<'_>) {
        let (Ok(envelope), Ok(receipt)) = (
            serde_json::from_slice::<Envelope>(seen.asked),
            serde_json::from_slice::<Signed<Receipt>>(seen.answer),
        ) else {
            return;
        };
        let (node, receipt) = (seen.node, receipt.body);
        if self.until.is_some_and(|until| receipt.received >= until) {
            let by = receipt.received.millis() - self.until.map_or(0, Timestamp::millis);
            self.broke(format!("node {node} took a bid of {} {by} ms late", receipt.bidder));
        }
        self.envelopes.insert(envelope.digest(), envelope);
        let key = (node, receipt.key, receipt.revision);
        let new = || (receipt.bidder.clone(), receipt.envelope);
        let (_, known) = self.receipts.entry(key).or_insert_with(new);
        if *known != receipt.envelope {
            let (bidder, revision) = (&receipt.bidder, receipt.revision);
            self.broke(format!("node {node} signed two receipts for {bidder} {revision}"));
        }
        if let Some(inventory) = self.inventories.get(&node).cloned() {
            self.kept(node, &inventory);
        }
    }

    fn inventory(&mut self, seen: &Seen<'_>) {
        let Ok(signed) = paper::decode::<Signed<Inventory>>(seen.answer) else { return };
        let node = seen.node;
        self.kept(node, &signed.body);
        if let Some(earlier) = self.inventories.insert(node, signed.body.clone())
            && earlier != signed.body
        {
            self.broke(format!("node {node} signed two inventories"));
        }
    }

    /// A node's inventory keeps what its receipts promise.
    fn kept(&mut self, node: NodeIndex, inventory: &Inventory) {
        let held: HashMap<PublicKey, (u32, Digest)> = inventory
            .entries
            .iter()
            .map(|entry| (entry.key, (entry.revision, entry.envelope(inventory.session))))
            .collect();
        let mut lost = Vec::new();
        for ((by, key, revision), (bidder, digest)) in &self.receipts {
            let kept = held.get(key).is_some_and(|(latest, envelope)| {
                latest > revision || (latest == revision && envelope == digest)
            });
            if *by == node && !kept {
                lost.push(format!("node {node} has a receipt out for {bidder} {revision}, which its inventory lacks"));
            }
        }
        for rule in lost {
            self.broke(rule);
        }
    }

    fn signed_manifest(&mut self, seen: &Seen<'_>) {
        let Ok(answer) = serde_json::from_slice::<ManifestSignature>(seen.answer) else { return };
        let node = seen.node;
        if *self.manifests.entry(node).or_insert(answer.manifest) != answer.manifest {
            self.broke(format!("node {node} signed two manifests"));
        }
    }

    fn attempt(&mut self, seen: &Seen<'_>) {
        let Ok(AttemptState::Done { outcome, .. }) = serde_json::from_slice(seen.answer) else {
            return;
        };
        self.outcomes.insert(seen.node, *outcome.clone());
        if self.outcomes.values().any(|other| *other != *outcome) {
            self.broke("two nodes signed different outcomes".to_owned());
        }
    }

    fn sent(&mut self, from: NodeIndex, to: NodeIndex, frame: &Frame) {
        self.attempts = self.attempts.max(frame.attempt);
        let mut signers: BTreeMap<Digest, usize> = BTreeMap::new();
        for manifest in self.manifests.values() {
            *signers.entry(*manifest).or_default() += 1;
        }
        if signers.values().all(|&count| count < self.quorum) {
            self.broke(format!("node {from} computed before the manifest was signed"));
        }
        if !self.frames.insert((frame.attempt, from, to, frame.step)) {
            let attempt = frame.attempt;
            self.broke(format!("node {from} used a step's mask twice in attempt {attempt}"));
        }
        if frame.step != StepId::of("keys") {
            return;
        }
        for secret in frame.payload.chunks(32) {
            let first = *self.secrets.entry(secret.to_vec()).or_insert(frame.attempt);
            if first != frame.attempt {
                self.broke(format!("node {from} used a key of attempt {first} again"));
            }
        }
    }

    /// What must hold in the end.
    pub fn settled(&mut self, roster: &Signed<Roster>, keys: &[NodeKeys], record: &Record) {
        if let Err(error) = record.verify(Some(roster.body.digest())) {
            return self.broke(format!("the record does not hold: {error}"));
        }
        let (Some(manifest), Some(outcome)) = (&record.manifest, &record.outcome) else {
            return self.broke("a settled session has no manifest or no outcome".to_owned());
        };
        let (manifest, outcome) = (&manifest.body, &outcome.body);
        if self.outcomes.values().any(|signed| signed != outcome) {
            self.broke("the outcome is not what the nodes signed".to_owned());
        }
        if self.manifests.values().any(|signed| *signed != manifest.digest()) {
            self.broke("a node signed another manifest than the one that counts".to_owned());
        }
        let dented = |bidder: &String| self.garbage.contains_key(bidder);
        self.mended = manifest.entries.iter().filter(|entry| dented(&entry.bidder)).count();
        let mut bidders = BTreeSet::new();
        for entry in &manifest.entries {
            if !bidders.insert(entry.key) {
                self.broke(format!("two bids of {} count", entry.bidder));
            }
        }
        for (bidder, revision) in self.acknowledged.clone() {
            let counts = manifest
                .entries
                .iter()
                .any(|entry| entry.bidder == bidder && entry.revision >= revision);
            if !counts {
                self.broke(format!("the acknowledged bid {revision} of {bidder} does not count"));
            }
        }
        self.reference(&record.announcement.body.terms, roster, keys, record);
    }

    /// The outcome against the plain reference, every bid opened with all nodes' keys.
    fn reference(
        &mut self,
        terms: &Terms,
        roster: &Signed<Roster>,
        keys: &[NodeKeys],
        record: &Record,
    ) {
        let (Some(manifest), Some(outcome)) = (&record.manifest, &record.outcome) else { return };
        let mut opened = Vec::new();
        for entry in &manifest.body.entries {
            let fields = self
                .envelopes
                .get(&entry.envelope)
                .and_then(|envelope| open(terms, &roster.body, keys, envelope));
            let Some(fields) = fields else {
                return self.broke(format!("nobody has seen the bid of {}", entry.bidder));
            };
            opened.push((entry, fields));
        }
        let Ok(layout) = terms.layout() else { return };
        let (fits, out): (Vec<_>, Vec<_>) =
            opened.iter().partition(|(_, opened)| layout.check(&opened.fields).is_ok());
        let values: Vec<&[u64]> = fits.iter().map(|(_, opened)| opened.fields.as_slice()).collect();
        let Some(expected) = answer(terms, &fits, &values) else {
            return self.broke("a bid has no score that counts".to_owned());
        };
        let expected = expected.map(|entry| fits[entry].0.envelope);
        let masks: HashMap<Digest, u64> =
            fits.iter().map(|(entry, opened)| (entry.envelope, opened.mask)).collect();
        let got = outcome.body.answer.clone().map(|entrant| entrant.envelope);
        let got = told(&terms.question, got, &masks);
        if got != expected {
            self.broke(format!("the outcome is {got:?} where the bids give {expected:?}"));
        }
        let excluded: Vec<Digest> =
            outcome.body.out_of_range.iter().map(|exclusion| exclusion.envelope).collect();
        if excluded != out.iter().map(|(entry, _)| entry.envelope).collect::<Vec<_>>() {
            self.broke("other bids are out of range than the outcome says".to_owned());
        }
        for exclusion in &manifest.body.excluded {
            if !self.excludable(exclusion) {
                let (bidder, reason) = (&exclusion.bidder, exclusion.reason);
                self.broke(format!("the bid of {bidder} was excluded: {reason:?}"));
            }
        }
    }
}

/// What plain arithmetic says of bids, with their scores where the terms count scores.
fn answer(
    terms: &Terms,
    fits: &[&(&ManifestEntry, Opened)],
    values: &[&[u64]],
) -> Option<Answer<usize>> {
    let Some(scoring) = terms.scoring() else { return Some(terms.question.reference(values)) };
    let score = |(entry, _): &&(&ManifestEntry, Opened)| {
        let signed = entry.score.as_ref()?;
        carried::handicap(scoring, &signed.score).ok()
    };
    let handicaps = fits.iter().map(score).collect::<Option<Vec<u64>>>()?;
    let bids: Vec<u64> = values.iter().filter_map(|fields| fields.first().copied()).collect();
    let question = terms.question.as_auction()?;
    Some(Answer::Auction(reference::weighed(question, &bids, &handicaps)))
}

/// What an envelope holds.
struct Opened {
    fields: Vec<u64>,
    /// What its participant alone is told stands under this.
    mask: u64,
}

/// A bid, from all nodes' parts of its envelope.
fn open(terms: &Terms, roster: &Roster, keys: &[NodeKeys], envelope: &Envelope) -> Option<Opened> {
    let scheme = roster.scheme;
    let mut seeds = BTreeMap::new();
    for node in NodeSet::all(scheme.nodes()).iter() {
        if seeds.len() == scheme.sets().len() {
            break;
        }
        // Garbage for some is made up for by the others.
        let keys = &keys[node.position()].sealing;
        let Ok(part) = part::open_part(envelope, node, scheme, keys) else { continue };
        seeds.extend(scheme.held_by(node).into_iter().zip(part.seeds().to_vec()));
    }
    let seeds: Vec<_> = seeds.into_values().collect();
    let layout = terms.layout().ok()?;
    let masked = terms.protocol.decode_correction(&envelope.body.correction.0, layout.extent());
    let fields = entries::unmasked(&layout, &masked.ok()?, &seeds);
    let bits = terms.question.reply_bits();
    let mask = seeds.iter().fold(0, |mask, seed| mask ^ seed.reply(bits));
    Some(Opened { fields, mask })
}

/// The answer with everything in it that any participant is told.
fn told(
    question: &Question,
    answer: Answer<Digest>,
    masks: &HashMap<Digest, u64>,
) -> Answer<Digest> {
    let (Some(market), Answer::Market(mut cleared)) = (question.as_market(), answer.clone()) else {
        return answer;
    };
    for trade in &mut cleared.trades {
        let mask = masks.get(&trade.entry).copied().unwrap_or_default();
        if let Quantity::Sealed(told) = trade.quantity {
            trade.quantity = Quantity::Open(Quantity::unsealed(told ^ mask, market));
        }
    }
    Answer::Market(cleared)
}

/// The session that the path of a request to a node names.
fn session_of(path: &str) -> Option<SessionId> {
    path.strip_prefix("/v1/node/sessions/")?.split('/').next()?.parse().ok()
}
