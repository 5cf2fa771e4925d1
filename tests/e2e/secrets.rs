//! A search for what must stay secret: planted bids, bidders' seeds and shares, in logs, databases,
//! records, on the wire and in what nodes tell each other.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use gavel::client::state::load;
use gavel::identity::key_file::NodeKeys;
use gavel::identity::sealing::SealingKeyPair;
use gavel::identity::{KeyPair, Roster, Signed};
use gavel::protocol::Context;
use gavel::runs::run;
use gavel::runs::shares::{Entries, LayingOut};
use gavel::session::progress::Progress;
use gavel::session::{Envelope, part::open_part};
use gavel::sharing::{NodeIndex, Scheme};
use gavel::testkit::paperwork::Paperwork;
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{Failure, World, reference};

use super::auction::file;
use super::net::{Net, Setup};
use crate::common::gavel;

/// Byte strings that must not turn up, each with a name.
#[derive(Default)]
pub struct Secrets {
    names: Vec<String>,
    /// By the first eight bytes.
    patterns: HashMap<[u8; 8], Vec<(usize, Vec<u8>)>>,
    /// Whether a pattern begins with these two bytes.
    begins: Vec<bool>,
}

impl Secrets {
    pub fn add(&mut self, name: &str, pattern: &[u8]) {
        assert!(pattern.len() >= 8, "{name} is too short to be told from chance");
        self.begins.resize(1 << 16, false);
        self.begins[usize::from(u16::from_le_bytes([pattern[0], pattern[1]]))] = true;
        let first = pattern[..8].try_into().unwrap();
        self.patterns.entry(first).or_default().push((self.names.len(), pattern.to_vec()));
        self.names.push(name.to_owned());
    }

    /// Bytes as they are, and as text in every usual way.
    pub fn add_bytes(&mut self, name: &str, bytes: &[u8]) {
        self.add(name, bytes);
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let hex = hex.concat();
        self.add(&format!("{name} in hexadecimal"), hex.as_bytes());
        self.add(&format!("{name} in upper case"), hex.to_uppercase().as_bytes());
        for text in [STANDARD.encode(bytes), URL_SAFE_NO_PAD.encode(bytes)] {
            self.add(&format!("{name} in base64"), text.trim_end_matches('=').as_bytes());
        }
        let list: Vec<String> = bytes.iter().map(ToString::to_string).collect();
        self.add(&format!("{name} as a list"), list.join(",").as_bytes());
        self.add(&format!("{name} as a debug list"), list.join(", ").as_bytes());
    }

    /// A number of more than 32 bits in every usual way.
    pub fn add_number(&mut self, name: &str, number: u64) {
        self.add(&format!("{name} little-endian"), &number.to_le_bytes());
        self.add(&format!("{name} big-endian"), &number.to_be_bytes());
        let text = number.to_string();
        self.add(&format!("{name} in digits"), text.as_bytes());
        self.add(&format!("{name} in hexadecimal"), format!("{number:x}").as_bytes());
        let (units, cents) = text.split_at(text.len() - 2);
        self.add(&format!("{name} with decimals"), format!("{units}.{cents}").as_bytes());
        self.add_within_base64(&format!("{name} within base64"), &number.to_le_bytes());
        self.add_within_base64(&format!("{name} in digits within base64"), text.as_bytes());
    }

    /// As it lies in the base64 of something larger, whatever stands before and after it.
    fn add_within_base64(&mut self, name: &str, bytes: &[u8]) {
        for lead in 0..3 {
            let text = STANDARD_NO_PAD.encode([&vec![0; lead], bytes].concat());
            let (first, end) = ((lead * 8).div_ceil(6), (lead + bytes.len()) * 8 / 6);
            self.add(name, &text.as_bytes()[first..end]);
        }
    }

    /// Every secret that is in there.
    pub fn found_in(&self, haystack: &[u8]) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for (at, window) in haystack.windows(8).enumerate() {
            if !self.begins[usize::from(u16::from_le_bytes([window[0], window[1]]))] {
                continue;
            }
            let Some(patterns) = self.patterns.get(window) else { continue };
            for (name, pattern) in patterns {
                if haystack[at..].starts_with(pattern) {
                    found.insert(self.names[*name].as_str());
                }
            }
        }
        found
    }

    pub fn assert_absent(&self, place: &str, haystack: &[u8]) {
        let found = self.found_in(haystack);
        assert!(found.is_empty(), "in {place}: {found:?}");
    }

    /// A bid's seeds and components, opened with every node's key.
    pub fn add_envelope(
        &mut self,
        envelope: &Envelope,
        bits: u32,
        scheme: Scheme,
        keys: &[SealingKeyPair],
    ) {
        let bidder = envelope.body.bidder.clone();
        let mut seen = BTreeSet::new();
        for (node, keys) in scheme.all().iter().zip(keys) {
            let part = open_part(envelope, node, scheme, keys).unwrap();
            for (set, seed) in scheme.held_by(node).into_iter().zip(part.seeds()) {
                if seen.insert(set) {
                    self.add_bytes(&format!("seed {set} of {bidder}"), seed.expose());
                    let reply_key = seed.reply_key();
                    self.add_bytes(&format!("reply key {set} of {bidder}"), reply_key.expose());
                    let component = seed.component(bits);
                    // One in 2^20 is too small to be told from chance.
                    if component >> (bits - 20) != 0 {
                        self.add_number(&format!("component {set} of {bidder}"), component);
                    }
                }
            }
        }
        assert_eq!(seen.len(), scheme.sets().len());
    }
}

/// Bids of 63 bits, such as nothing else contains, in smallest units.
const PLANTED: [(&str, u64); 5] = [
    ("ada", 8_918_273_645_546_372_819),
    ("basil", 7_161_803_398_874_989_484),
    ("chiara", 6_271_828_182_845_904_523),
    ("dmitri", 5_314_159_265_358_979_323),
    ("emeka", 4_141_421_356_237_309_504),
];

/// The second price, the only amount that becomes public.
const PRICE: u64 = 7_161_803_398_874_989_484;

fn planted() -> Secrets {
    let mut secrets = Secrets::default();
    for (name, amount) in PLANTED {
        if amount != PRICE {
            secrets.add_number(&format!("the bid of {name}"), amount);
        }
    }
    secrets
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn the_search_finds_what_is_planted() {
    let mut secrets = planted();
    secrets.add_bytes("a seed", &[0xa5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    let patterns: Vec<_> = secrets.patterns.values().flatten().cloned().collect();
    assert_eq!(patterns.len(), secrets.names.len());
    assert!(secrets.found_in(&[7; 4096]).is_empty());
    let folder = tempfile::tempdir().unwrap();
    for (name, pattern) in patterns {
        for (before, after) in [(0, 0), (1, 500), (1000, 3)] {
            let path = folder.path().join("haystack");
            let hay = [vec![7; before], pattern.clone(), vec![7; after]].concat();
            fs::write(&path, hay).unwrap();
            let hay = fs::read(&files(folder.path())[0]).unwrap();
            assert!(secrets.found_in(&hay).contains(secrets.names[name].as_str()));
        }
    }
    // As it would be if a row, a log line or a JSON document had it.
    let ada = PLANTED[0].1;
    let row = [&b"row\0"[..], &ada.to_be_bytes(), b"end"].concat();
    assert!(!secrets.found_in(&row).is_empty());
    assert!(!secrets.found_in(format!("{{\"amount\":{ada}}}").as_bytes()).is_empty());
    for lead in 0..3 {
        for hidden in [ada.to_le_bytes().to_vec(), ada.to_string().into_bytes()] {
            let hidden = STANDARD.encode([vec![1; lead], hidden, vec![2; 9]].concat());
            assert!(!secrets.found_in(hidden.as_bytes()).is_empty());
        }
    }
}

/// The program itself, with everything it can log: nodes, coordinator and bidders in one process.
#[test]
fn no_log_and_no_file_of_a_whole_run_has_a_bid_or_a_share() {
    let folder = tempfile::tempdir().unwrap();
    let (home, kept) = (folder.path().join("home"), folder.path().join("kept"));
    let mut text = "title = \"Planted\"\nkind = \"second-price\"\ndecimals = 2\n\
        bids_until = \"5m\"\nmaximum = \"90000000000000000.00\"\n"
        .to_owned();
    for (name, amount) in PLANTED {
        let (units, cents) = (amount / 100, amount % 100);
        let bid = format!("[[bids]]\nbidder = \"{name}\"\namount = \"{units}.{cents:02}\"\n");
        text.push_str(&bid);
    }
    let session = folder.path().join("session.toml");
    fs::write(&session, text).unwrap();
    let mut demo = gavel();
    demo.arg("--home").arg(&home);
    demo.args(["-vvv", "--json", "demo", "--headless", "--nodes", "5", "--threshold", "2"]);
    demo.arg("--keep").arg(&kept).arg(&session).env("RUST_LOG", "trace");
    demo.env("TMPDIR", folder.path());
    let output = demo.output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}", &log[log.len().saturating_sub(3000)..]);
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&result["winner"], &result["price"]), (&"ada".into(), &PRICE.into()));
    assert!(log.contains(" TRACE ") && log.len() > 100_000, "no trace-level log");

    let roster = fs::read_to_string(kept.join("roster.json")).unwrap();
    let roster: Signed<Roster> = serde_json::from_str(&roster).unwrap();
    let scheme = roster.body.scheme;
    let key = |node: NodeIndex| {
        NodeKeys::load(&kept.join(format!("node-{node}/node.key")), None).unwrap().sealing
    };
    let keys: Vec<SealingKeyPair> = scheme.all().iter().map(key).collect();
    let mut secrets = planted();
    let all = files(&kept);
    let mut envelopes = 0;
    for path in all.iter().filter(|path| path.file_name().unwrap() == "1.json") {
        secrets.add_envelope(&load(path).unwrap().envelope, 63, scheme, &keys);
        envelopes += 1;
    }
    assert_eq!(envelopes, PLANTED.len());

    secrets.assert_absent("standard error", &output.stderr);
    secrets.assert_absent("standard output", &output.stdout);
    let mut seen = Vec::new();
    for path in &all {
        let name = path.display().to_string();
        secrets.assert_absent(&name, &fs::read(path).unwrap());
        seen.push(name);
    }
    // The search went where envelopes, receipts and the record lie.
    for name in ["node-5/gavel.db", "coordinator/gavel.db", "record.json", "1.json"] {
        assert!(seen.iter().any(|path| path.ends_with(name)), "{name} is not among {seen:?}");
    }
}

/// What a node's databases hold while it runs, write-ahead log and all, and what goes to it over
/// the network.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_live_database_and_no_connection_shows_a_bid_or_a_share() {
    let net = Net::start(Setup { tapped: true, ..Setup::new(3, 1) }).await;
    let auction = net.open(&file("second-price", None, Some(9 * 10_u64.pow(18)))).await;
    let mut secrets = planted();
    let key = |node: NodeIndex| {
        let path = net.folder.path().join(format!("node-{node}/node.key"));
        NodeKeys::load(&path, None).unwrap().sealing
    };
    let scheme = net.roster.body.scheme;
    let keys: Vec<SealingKeyPair> = scheme.all().iter().map(key).collect();
    for (name, amount) in PLANTED {
        let placed = auction.bid(name, amount).await;
        secrets.add_envelope(&placed.bid.envelope, 63, scheme, &keys);
    }
    auction.close().await;
    let settled = auction.settled().await;
    assert_eq!(settled.winner(), Some(("ada", PRICE)));
    auction.all_nodes_reach(gavel::session::Phase::Settled).await;

    let record = serde_json::to_vec(&settled.record).unwrap();
    secrets.assert_absent("the record", &record);
    secrets.assert_absent("the detail", &serde_json::to_vec(&settled.detail).unwrap());
    let mut logs = 0;
    for path in files(net.folder.path()) {
        let name = path.display().to_string();
        logs += usize::from(name.ends_with("-wal") || name.ends_with("-shm"));
        secrets.assert_absent(&name, &fs::read(&path).unwrap());
    }
    assert!(logs >= 4, "no write-ahead log was searched");

    let kept = net.wire.as_ref().unwrap().lock().unwrap();
    assert!(kept.len() > 50_000, "only {} bytes went over the wire", kept.len());
    secrets.assert_absent("the connections of node 3", &kept);
    // Of the outer form nothing shows either.
    let mut plain = Secrets::default();
    for text in ["commitments", "application/json", "/v1/node/sessions", "Bearer ", "gavel/v1"] {
        plain.add(text, format!("{text:>8}").as_bytes());
    }
    plain.assert_absent("the connections of node 3", &kept);
}

/// The plain frames between nodes: an auction of real envelopes, run over channels that are
/// listened to.
#[tokio::test]
async fn no_message_between_nodes_has_a_bid_a_seed_or_a_plain_share() {
    const BIDS: usize = 128;
    let papers = Paperwork::new(5, 2, (1 << 63) - 1).unwrap();
    let scheme = papers.scheme();
    let terms = &papers.announcement.body.terms;
    let bits = terms.bits();
    assert_eq!(bits, 63);
    let keys: Vec<SealingKeyPair> = scheme
        .all()
        .iter()
        .map(|node| SealingKeyPair::from_secret(&papers.sealing(node).unwrap().secret()))
        .collect();
    let mut secrets = planted();
    let mut envelopes = Vec::new();
    for position in 0..BIDS {
        let amount = PLANTED
            .get(position)
            .map_or(1 << 60 | (position as u64) << 40 | 0x5555, |&(_, amount)| amount);
        let bidder = KeyPair::generate().unwrap();
        let envelope = papers.bid(&format!("bidder {position}"), &bidder, 1, amount).unwrap();
        secrets.add_envelope(&envelope, bits, scheme, &keys);
        envelopes.push(envelope);
    }
    let shares_of = |node: NodeIndex| {
        let layout = terms.layout().unwrap();
        let mut shares = LayingOut::new(terms.protocol, &layout, scheme, node, envelopes.len());
        for envelope in &envelopes {
            let part = open_part(envelope, node, scheme, &keys[node.position()]).unwrap();
            shares.add(&envelope.body.correction.0, part.seeds()).unwrap();
        }
        match shares.finish().unwrap() {
            Entries::Bits { mut fields, .. } => fields.remove(0),
            Entries::Numbers(_) | Entries::Sums(_) => panic!("the bids are shared as bits"),
        }
    };
    // In the form in which nodes compute: one plane per bit position, of all bids.
    let mut planes = Vec::new();
    for node in scheme.all().iter() {
        let shares = shares_of(node);
        for component in 0..scheme.held_by(node).len() {
            for plane in shares.component(component).chunks(BIDS / 64) {
                let bytes: Vec<u8> = plane.iter().flat_map(|word| word.to_le_bytes()).collect();
                let name = format!("a plane of component {component} of node {node}");
                secrets.add(&name, &bytes);
                planes.push(bytes);
            }
        }
    }
    assert!(planes.len() >= 5 * 6 * 63);

    let tap = Wiretap::default();
    let world = World::new(5, 2).tapped(&tap);
    let computed = world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            Ok(run(&ctx, terms, shares_of(ctx.me()), &quiet).await?)
        })
        .await;
    assert_eq!(computed, reference::sold(Some((0, PRICE)), vec![]));
    let sent = |tap: &Wiretap| -> Vec<u8> {
        tap.messages().iter().flat_map(|message| message.payload.to_vec()).collect()
    };
    let messages = sent(&tap);
    assert!(messages.len() > 100_000);
    secrets.assert_absent("the messages between nodes", &messages);

    // A node that sends its shares as they are would be seen.
    let leaked = [&messages[..1001], &planes[77], &messages[1001..]].concat();
    // Three nodes hold each component.
    assert_eq!(secrets.found_in(&leaked).len(), 3);
}

fn quiet(_: Progress) {}
