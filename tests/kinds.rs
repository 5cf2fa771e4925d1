//! A kind of session that the product does not know, through the ordinary machinery: announced,
//! handed in, listed, computed, signed and verified; and that nothing had to know of it for that
//! but its own files in `rules` and `runs`.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gavel::base::Timestamp;
use gavel::identity::{KeyPair, Signed, Statement};
use gavel::protocol::Context;
use gavel::rules::{Answer, SessionFile, Terms, made_up};
use gavel::runs::shares::LayingOut;
use gavel::runs::{Computed, Workload, run};
use gavel::session::Envelope;
use gavel::session::bundle::{Bundle, Inventories, Inventory, InventoryEntry, Verdict};
use gavel::session::manifest::{CoSigned, Manifest};
use gavel::session::outcome::{Entrant, Outcome};
use gavel::session::part::open_part;
use gavel::session::record::{Format, Record};
use gavel::sharing::NodeIndex;
use gavel::testkit::paperwork::Paperwork;
use gavel::testkit::{Failure, World};

const FILE: &str = "title = \"All together\"\nkind = \"parity\"\nwidth = 12\nbids_until = \"2m\"\n";

const VALUES: [u64; 5] = [0b1010, 4095, 7, 7, 0b1100_0000_0001];

/// A session of the made-up kind, announced by the coordinator.
fn announced() -> Paperwork {
    let mut papers = Paperwork::new(5, 2, 1).unwrap();
    let opened = papers.announcement.body.opened;
    papers.announcement.body.terms = SessionFile::parse(FILE).unwrap().terms(opened).unwrap();
    papers.resign();
    papers.announcement.check(&papers.roster).unwrap();
    papers
}

fn envelopes(papers: &Paperwork) -> Vec<Envelope> {
    let (announcement, roster) = (&papers.announcement.body, &papers.roster.body);
    let hand_in = |(number, &value): (usize, &u64)| {
        let keys = KeyPair::generate().unwrap();
        let envelope = papers.bid(&format!("person {number}"), &keys, 1, value).unwrap();
        envelope.check(announcement, roster.scheme, &roster.coordinator.key).unwrap();
        envelope
    };
    VALUES.iter().enumerate().map(hand_in).collect()
}

/// What all nodes list, and that none of them complains.
fn bundle(papers: &Paperwork, envelopes: &[Envelope]) -> Bundle {
    let announcement = &papers.announcement.body;
    let session = announcement.session;
    let entry = |(number, envelope): (i64, &Envelope)| InventoryEntry {
        key: envelope.body.key,
        bidder: envelope.body.bidder.clone(),
        revision: envelope.body.revision,
        contents: envelope.contents(),
        received: announcement.opened.plus_millis(number),
        score: None,
    };
    let mut entries: Vec<InventoryEntry> = (0..).zip(envelopes).map(entry).collect();
    entries.sort_by_key(|entry| entry.key);
    let nodes = || papers.scheme().all().iter().zip(&papers.nodes);
    let inventories = Inventories(
        nodes()
            .map(|(node, keys)| {
                let inventory = Inventory { session, node, entries: entries.clone() };
                Signed::new(inventory, &keys.identity)
            })
            .collect(),
    );
    let digest = inventories.digest();
    let verdicts = nodes().map(|(node, keys)| {
        let (complaints, admissions) = (Vec::new(), Vec::new());
        let verdict = Verdict { session, node, inventories: digest, complaints, admissions };
        Signed::new(verdict, &keys.identity)
    });
    Bundle { session, verdicts: verdicts.collect(), inventories }
}

fn co_signed<T: Statement>(papers: &Paperwork, body: T) -> CoSigned<T> {
    let digest = body.digest();
    let nodes = papers.scheme().all().iter().zip(&papers.nodes);
    let signatures: BTreeMap<NodeIndex, _> =
        nodes.map(|(node, keys)| (node, keys.identity.sign(&digest))).collect();
    CoSigned { body, signatures }
}

/// All nodes compute with what was sealed to them.
async fn compute(papers: &Paperwork, terms: &Terms, envelopes: &[Envelope]) -> Computed {
    let scheme = papers.scheme();
    let layout = terms.layout().unwrap();
    let shares_of = |node: NodeIndex| {
        let mut shares = LayingOut::new(terms.protocol, &layout, scheme, node, envelopes.len());
        for envelope in envelopes {
            let keys = papers.sealing(node).unwrap();
            let part = open_part(envelope, node, scheme, keys).unwrap();
            shares.add(&envelope.body.correction.0, part.seeds()).unwrap();
        }
        shares.finish().unwrap()
    };
    let shares: Vec<_> = scheme.all().iter().map(shares_of).collect();
    let shares = std::sync::Mutex::new(shares.into_iter().map(Some).collect::<Vec<_>>());
    let world = World::new(scheme.nodes(), scheme.threshold());
    let (computed, rounds) = world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            let own = shares.lock().unwrap()[ctx.me().position()].take().unwrap();
            let computed = run(&ctx, terms, own, &|_| {}).await?;
            Ok((computed, ctx.counters().rounds))
        })
        .await;
    let work = Workload::of(terms, envelopes.len());
    let predicted = work.predict(scheme, scheme.all(), &gavel::protocol::Tactics::default());
    assert_eq!(rounds, predicted.rounds);
    computed
}

#[tokio::test]
async fn a_made_up_kind_goes_all_the_way() {
    let papers = announced();
    let announcement = &papers.announcement.body;
    let terms = &announcement.terms;
    assert_eq!((terms.question.kind_name(), terms.bits()), ("parity", 12));
    let envelopes = envelopes(&papers);
    let bundle = bundle(&papers, &envelopes);
    let manifest = Manifest::derive(announcement, papers.scheme(), &bundle);
    assert_eq!(manifest.entries.len(), VALUES.len());

    let computed = compute(&papers, terms, &envelopes).await;
    assert_eq!(computed.answer, terms.question.reference(&VALUES.chunks(1).collect::<Vec<_>>()));
    let name = |position: usize| Entrant::from(&manifest.entries[position]);
    let outcome = Outcome {
        session: announcement.session,
        announcement: announcement.digest(),
        manifest: manifest.digest(),
        answer: computed.answer.map(name),
        out_of_range: Vec::new(),
    };
    let record = Record {
        format: Format::default(),
        roster: papers.roster.clone(),
        announcement: papers.announcement.clone(),
        bundle: Some(bundle),
        manifest: Some(co_signed(&papers, manifest)),
        outcome: Some(co_signed(&papers, outcome.clone())),
        accusations: Vec::new(),
    };
    let text = serde_json::to_string(&record).unwrap();
    let report = Record::parse(&text).unwrap().verify(Some(papers.roster.body.digest())).unwrap();
    assert!(report.outcome.is_some());
    assert_eq!(report.outcome, Some(outcome.clone()));

    // An answer that the question does not allow is found out, whoever signed it.
    let answer = Answer::MadeUp(made_up::Answer { parity: 1 << 12 });
    let wide = CoSigned { ..co_signed(&papers, Outcome { answer, ..outcome }) };
    let error = Record { outcome: Some(wide), ..record }.verify(None).unwrap_err();
    assert_eq!(error.to_string(), "outcome: 4096 has more than 12 bits");
}

#[test]
fn a_session_file_asks_for_what_its_kind_knows() {
    let none = SessionFile::parse(&FILE.replace("width = 12\n", "")).err().unwrap();
    assert!(none.to_string().contains("missing field `width`"), "{none}");
    let wide = SessionFile::parse(&FILE.replace("12", "64")).err().unwrap();
    assert_eq!(wide.to_string(), "width is 1 to 63, not 64");
    let terms = SessionFile::parse(FILE).unwrap().terms(Timestamp::from_millis(0)).unwrap();
    assert!(terms.question.as_auction().is_none());
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// What is built into the product: no comments, no tests.
fn product(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_test_file(path: &Path) -> bool {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    name == "tests" || name == "fixtures" || name.ends_with("_tests")
}

/// Files of the rooms that have one of these words, but for files of tests.
fn files_with(rooms: &[&str], words: &[&str]) -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for room in rooms {
        let mut all = Vec::new();
        files(&source.join(room), &mut all);
        assert!(!all.is_empty(), "room {room} is empty");
        found.extend(all.into_iter().filter(|path| !is_test_file(path)).filter(|path| {
            let text = product(&fs::read_to_string(path).unwrap());
            words.iter().any(|word| text.contains(word))
        }));
    }
    let name = |path: PathBuf| path.strip_prefix(&source).unwrap().display().to_string();
    found.into_iter().map(name).collect()
}

/// The rooms that carry every kind and know none.
const KNOW_NO_KIND: [&str; 7] =
    ["session", "storage", "wire", "transport", "node", "coordinator", "client"];

#[test]
fn only_rules_and_runs_know_a_new_kind() {
    let made_up = ["made_up", "MadeUp", "\"parity\""];
    let elsewhere = ["base", "field", "sharing", "protocol", "identity", "tui", "bench", "cli"];
    assert_eq!(files_with(&KNOW_NO_KIND, &made_up), [""; 0]);
    assert_eq!(files_with(&elsewhere, &made_up), [""; 0]);
    let mut known = files_with(&["rules", "runs"], &made_up);
    known.sort();
    // Where a sum over kinds is matched, and the kind's own two files.
    let expected = [
        "rules/answer.rs",
        "rules/made_up.rs",
        "rules/mod.rs",
        "rules/question.rs",
        "rules/session_file.rs",
        "runs/made_up.rs",
        "runs/mod.rs",
        "runs/workload.rs",
    ];
    assert_eq!(known, expected);
}

#[test]
fn no_kind_is_named_between_rules_and_screens() {
    let names = ["auction::", "::Auction", "as_auction", "MadeUp"];
    let markets = ["market::", "::Market", "as_market"];
    assert_eq!(files_with(&KNOW_NO_KIND, &markets), [""; 0]);
    let surveys = ["survey::", "::Survey", "as_survey"];
    assert_eq!(files_with(&KNOW_NO_KIND, &surveys), [""; 0]);
    assert_eq!(files_with(&KNOW_NO_KIND, &names), [""; 0]);
}
