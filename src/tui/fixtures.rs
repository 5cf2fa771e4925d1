//! Made-up states for tests: fixed clock, four states of a system.

use std::sync::Arc;
use std::time::Duration;

use super::input::keymap::{Keymap, Rebinding};
use super::state::data::Events;
use super::state::model::{Model, Person};
use super::state::theme::Theme;
use super::update::action::{Action, News, ReadReceipts};
use super::update::update;
use crate::base::Timestamp;
use crate::base::text::clean;
use crate::identity::{Digest, PublicKey, Roster};
use crate::rules::Limits;
use crate::rules::auction::Kind;
use crate::rules::terms::Admission;
use crate::rules::{Answer, Currency, Stage, Terms, auction};
use crate::session::course::Course;
use crate::session::exclusion::ExclusionReason;
use crate::session::fixtures::World;
use crate::session::manifest::{CoSigned, Exclusion};
use crate::session::outcome::Entrant;
use crate::session::progress::{Event, Progress, What};
use crate::session::{Outcome, Phase, SessionId, Shortage};
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::{NodeIndex, NodeSet};
use crate::wire::coordinator_api::{
    AttemptLine, CoordinatorHealth, ManifestLine, NodeStatus, SessionDetail, SessionSummary,
};
use crate::wire::node_api::{Cost, Link, NodeHealth};
use crate::wire::reason::{
    AttemptFailure, AttemptTrouble, Explained, NodeReport, NodeTrouble, Reason,
};

/// 2026-11-21 12:00:00 UTC.
pub const NOW: i64 = 1_795_262_400_000;

const NAMES: [&str; 5] = ["Alder", "Birch", "Cedar", "Dogwood", "Elm"];

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NOW + 1000 * seconds)
}

pub fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

pub fn id(number: u16) -> SessionId {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    bytes[2] = 0xab;
    SessionId(bytes)
}

pub fn roster() -> Roster {
    let mut roster = World::new(5, 2).roster.body;
    for (card, name) in roster.nodes.iter_mut().zip(NAMES) {
        card.name = name.into();
        card.address = format!("{}.example:7000", name.to_lowercase());
    }
    roster
}

pub fn person() -> Person {
    Person { operator: true, bidder: Some(clean("ada")), ..Person::default() }
}

pub fn model() -> Model {
    let keymap = Keymap::new(&Rebinding::new()).unwrap();
    let mut model = Model::new(at(0), Person::default(), keymap, Theme::Dark, false);
    update(&mut model, Action::Tick(at(0)));
    model
}

/// Connected, with five nodes; nothing has happened yet.
pub fn empty() -> Model {
    let mut model = model();
    let person = Box::new(person());
    update(&mut model, News::Attached { roster: Arc::new(roster()), person });
    update(&mut model, News::Health(Box::new(health(&[])), 800));
    update(&mut model, News::Events(Events::Live));
    update(&mut model, News::Sessions(Vec::new()));
    model.ui.toast = None;
    // Long enough that the nodes had time to find together.
    model.live_mut().heard_since = Some(at(-60));
    model
}

pub fn health(away: &[u8]) -> CoordinatorHealth {
    let status = |index: u8| {
        let up = !away.contains(&index);
        let link = |other: u8| Link {
            node: node(other),
            connected: up && !away.contains(&other),
            round_trip_micros: Some(300 + 40 * u64::from(other)),
            bytes_in: 48_000 * u64::from(other),
            bytes_out: 51_000 * u64::from(index),
            bytes_per_second: None,
        };
        let name = NAMES[usize::from(index) - 1];
        NodeStatus {
            node: node(index),
            name: name.into(),
            address: format!("{}.example:7000", name.to_lowercase()),
            health: up.then(|| NodeHealth {
                node: node(index),
                version: "0.1.0".into(),
                roster: Digest([9; 32]),
                now: at(0),
                started: at(-7_380),
                sessions: 2,
                links: (1..=5).filter(|other| *other != index).map(link).collect(),
                usage: None,
            }),
            trouble: (!up).then(|| "connection refused".into()),
            round_trip_micros: up.then_some(700 + 90 * u64::from(index)),
            last_seen: Some(if up { at(0) } else { at(-42) }),
            clock_difference_millis: Some(i64::from(index) - 3),
        }
    };
    CoordinatorHealth {
        version: "0.1.0".into(),
        roster: Digest([9; 32]),
        now: at(0),
        nodes: (1..=5).map(status).collect(),
        shortage: shortage(away).map(Into::into),
        earlier: Vec::new(),
    }
}

/// What it says where fewer than all five are there.
fn shortage(away: &[u8]) -> Option<Shortage> {
    let away: NodeSet = away.iter().map(|&index| node(index)).collect();
    let together = NodeSet::all(5).difference(away);
    (!away.is_empty()).then(|| Shortage { needed: 5, together, away, cut: Vec::new() })
}

pub fn auction(kind: Kind) -> auction::Question {
    auction::Question {
        kind,
        currency: Currency { code: "EUR".into(), decimals: 2 },
        reserve: Some(50_000),
        maximum: 25_000_000,
        quantity: 1,
        secret_reserve: None,
        scored: None,
    }
}

fn won_by_ada() -> Answer<Entrant> {
    let entry = Entrant { bidder: "ada".into(), envelope: Digest([7; 32]) };
    auction::Answer { winners: vec![auction::Sale { entry, price: 117_500 }] }.into()
}

/// What a draft's session file says.
const DRAFT: &str = "title = \"Sea piece\"\nkind = \"first-price\"\nadmission = \"accounts\"\n\
                     decimals = 2\nbids_until = \"2h\"\nmax_bids = 50\n";

pub fn terms(title: &str, kind: Kind) -> Terms {
    Terms {
        title: title.into(),
        description: None,
        question: auction(kind).into(),
        bids_until: at(102),
        replace_bids: true,
        protocol: Form::Bits,
        security: Security::default(),
        admission: Admission::Open,
        limits: Limits::default(),
    }
}

pub fn summary(number: u16, title: &str, phase: Phase) -> SessionSummary {
    SessionSummary {
        session: id(number),
        terms: terms(title, Kind::SecondPrice),
        phase,
        bidders: Some(6),
        created: at(-600 + i64::from(number)),
        result: (phase == Phase::Settled).then(won_by_ada),
    }
}

/// How the run of a settled session went.
pub fn course() -> Course {
    let tournament = Stage::from(auction::Stage::Tournament);
    let points = [
        (Stage::Preparing, 0, 0),
        (Stage::CheckingEntries, 0, 2),
        (tournament, 0, 5),
        (tournament, 1, 10),
        (tournament, 2, 14),
        (tournament, 3, 18),
        (Stage::Opening, 3, 18),
        (auction::Stage::SecondPrice.into(), 3, 19),
        (Stage::Opening, 3, 22),
        (Stage::Done, 3, 24),
    ];
    let mut course = Course::default();
    for (stage, level, rounds) in points {
        let progress = Progress {
            attempt: 1,
            stage,
            level,
            levels: 3,
            entries: vec![7, 4, 2, 1],
            comparisons: u64::from(level) * 2,
            comparisons_total: 7,
            rounds,
            rounds_total: 24,
            gates: 160 * rounds,
            bytes_sent: 600 * rounds,
        };
        course.note(Duration::from_millis(300 * rounds), &progress);
    }
    course
}

fn silent() -> AttemptTrouble {
    let nodes: NodeSet = [4, 5].into_iter().filter_map(NodeIndex::new).collect();
    let detail = "nodes 4 and 5 fell silent".to_owned();
    let trouble = NodeTrouble::Attempt { failure: AttemptFailure::Computation { nodes, detail } };
    let reporting = NodeIndex::new(1).into_iter();
    AttemptTrouble::Nodes {
        nodes: reporting.map(|node| NodeReport { node, trouble: trouble.clone() }).collect(),
    }
}

pub fn detail(summary: SessionSummary) -> SessionDetail {
    let phase = summary.phase;
    let mut timeline = vec![(Phase::Draft, at(-120))];
    for (step, when) in
        [(Phase::Open, -118), (Phase::Closing, -4), (Phase::Computing, -3), (Phase::Settled, -1)]
    {
        let passed = match phase {
            Phase::Failed => step <= Phase::Computing,
            Phase::Cancelled => step <= Phase::Open,
            _ => phase >= step,
        };
        if passed {
            timeline.push((step, at(when)));
        }
    }
    if matches!(phase, Phase::Failed | Phase::Cancelled) {
        timeline.push((phase, at(-1)));
    }
    let fixed = matches!(phase, Phase::Computing | Phase::Settled | Phase::Failed);
    let all = NodeSet::all(5);
    let exclusion = Exclusion {
        bidder: "dmitri".into(),
        key: PublicKey::from_bytes([4; 32]),
        envelope: Digest([4; 32]),
        reason: ExclusionReason::SeedsDoNotFit,
        named_by: NodeSet::from_bits(2),
    };
    let failed = phase == Phase::Failed;
    let cost = |index: u8| {
        (
            node(index),
            Cost {
                rounds: 24,
                gates: 4_000,
                bytes_sent: 15_900 + u64::from(index),
                seconds: 0.31,
                preparing_seconds: 0.02,
                course: course(),
                ..Cost::default()
            },
        )
    };
    SessionDetail {
        announcement: None,
        file: (phase == Phase::Draft).then(|| DRAFT.to_owned()),
        reason: match phase {
            Phase::Failed => {
                let text = "five attempts failed; the last: nodes 4 and 5 fell silent";
                let reason =
                    Reason::AttemptsFailed { failed: 5, participants: all, last: silent() };
                Some(Explained { reason, text: text.to_owned() })
            }
            Phase::Cancelled => Some(Reason::CalledOff.into()),
            _ => None,
        },
        timeline,
        acknowledged: all,
        waiting_for: NodeSet::EMPTY,
        shortage: None,
        manifest: fixed.then(|| ManifestLine {
            scores: Vec::new(),
            digest: Digest([5; 32]),
            bids: 6,
            excluded: if phase == Phase::Settled { vec![exclusion] } else { Vec::new() },
            signed_by: all,
            shared_names: Vec::new(),
        }),
        attempts: if fixed {
            vec![AttemptLine {
                attempt: 1,
                participants: all,
                started: at(-3),
                ended: (phase != Phase::Computing).then(|| at(-1)),
                trouble: failed.then(|| Explained {
                    reason: silent(),
                    text: "nodes 4 and 5 fell silent in round 9".to_owned(),
                }),
                unsigned: None,
                cost: if phase == Phase::Settled { (1..=5).map(cost).collect() } else { vec![] },
            }]
        } else {
            Vec::new()
        },
        outcome: summary.result.clone().map(|answer| CoSigned {
            body: Outcome {
                session: summary.session,
                announcement: Digest([1; 32]),
                manifest: Digest([5; 32]),
                answer,
                out_of_range: Vec::new(),
            },
            signatures: (1..=5)
                .map(|index| (node(index), World::new(5, 2).key(index).sign(&Digest([1; 32]))))
                .collect(),
        }),
        summary,
    }
}

pub fn event(number: u16, by: Option<u8>, what: What) -> News {
    let event = Event { at: at(-2), session: id(number), node: by.map(node), what };
    News::Event(Box::new(event))
}

pub fn receive(model: &mut Model, number: u16, bidder: &str, nodes: &[u8]) {
    for &index in nodes {
        let what = What::Received { bidder: bidder.into(), revision: 1 };
        update(model, event(number, Some(index), what));
    }
}

pub fn put(model: &mut Model, summaries: Vec<SessionSummary>, selected: SessionSummary) {
    let session = selected.session;
    update(model, News::Sessions(summaries));
    model.ui.selected = Some(session);
    update(model, News::Detail(session, Ok(Box::new(detail(selected)))));
    model.asking.detail_stale = false;
    model.asking.receipts_stale = false;
    let none = ReadReceipts { bidders: vec![], unheard: NodeSet::EMPTY, more: false, took: 0 };
    update(model, News::Receipts(session, Some(none)));
}

/// One open auction with bids.
pub fn normal() -> Model {
    let mut model = empty();
    let open = summary(1, "Harbour view, oil on canvas", Phase::Open);
    put(&mut model, vec![open.clone()], open);
    for bidder in ["ada", "basil", "chiara"] {
        receive(&mut model, 1, bidder, &[1, 2, 3, 4, 5]);
    }
    receive(&mut model, 1, "emeka", &[1, 2, 4]);
    model
}

/// The same, while its outcome is computed.
pub fn computing() -> Model {
    let mut model = empty();
    let computing = summary(1, "Harbour view, oil on canvas", Phase::Computing);
    put(&mut model, vec![computing.clone()], computing);
    for index in 1..=4u8 {
        let progress = Progress {
            attempt: 1,
            stage: auction::Stage::Tournament.into(),
            level: 1,
            levels: 3,
            entries: vec![7, 4, 2, 1],
            comparisons: 3,
            comparisons_total: 7,
            rounds: 9 + u64::from(index % 2),
            rounds_total: 24,
            gates: 300,
            bytes_sent: 6_200,
        };
        update(&mut model, event(1, Some(index), What::Progress(progress)));
    }
    model
}

/// Many auctions in all phases, names of every sort.
pub fn full() -> Model {
    let mut model = empty();
    let titles = [
        "A very long title of an auction that does not fit into any column of any list at all",
        "日本画の展示会場にて競売",
        "Estate of the late 🎨 painter",
        "מכירה פומבית של ציור",
        "Winter road service, district north",
    ];
    let mut sessions: Vec<SessionSummary> = (1..=60u16)
        .map(|number| {
            let phase = Phase::ALL[usize::from(number) % Phase::ALL.len()];
            let title = titles[usize::from(number) % titles.len()];
            let mut summary = summary(number, &format!("{title} {number}"), phase);
            summary.terms.question = auction(Kind::ALL[usize::from(number) % 4]).into();
            summary.terms.title = summary.terms.title.chars().take(200).collect();
            summary
        })
        .collect();
    let settled = summary(61, "Harbour view, oil on canvas", Phase::Settled);
    sessions.push(settled.clone());
    put(&mut model, sessions, settled);
    for number in 0..40 {
        receive(&mut model, 61, &format!("buyer {number:02}"), &[1, 2, 3, 4, 5]);
    }
    receive(&mut model, 61, "\u{1b}[31mmallory\u{202e}", &[1]);
    receive(&mut model, 61, &"日本".repeat(60), &[1, 5]);
    model
}

/// A settled auction of several lots, in which each of so many bidders got one.
pub fn lots(kind: Kind, quantity: u32, winners: u64) -> Model {
    let mut model = empty();
    let mut settled = summary(1, "Cod quota, equal lots", Phase::Settled);
    settled.terms.question = auction::Question { quantity, ..auction(kind) }.into();
    let names = ["ada", "ben", "cyd"].map(str::to_owned).into_iter();
    let names = names.chain((4..).map(|number| format!("buyer {number:02}")));
    let won = (0..winners).zip(names).map(|(at, bidder)| {
        let own = if kind.is_second_price() { 0 } else { 500 * (at % 200) };
        let envelope = Digest([u8::try_from(at % 250).unwrap() + 5; 32]);
        auction::Sale { entry: Entrant { bidder, envelope }, price: 117_500 - own }
    });
    settled.result = Some(auction::Answer { winners: won.collect() }.into());
    put(&mut model, vec![settled.clone()], settled);
    model
}

/// An auction of several lots while the bids are ranked.
pub fn ranking() -> Model {
    let mut model = computing();
    let mut computing = summary(1, "Cod quota, equal lots", Phase::Computing);
    let question = auction(Kind::SecondPrice);
    computing.terms.question = auction::Question { quantity: 3, ..question }.into();
    put(&mut model, vec![computing.clone()], computing);
    for index in 1..=5 {
        let progress = Progress {
            attempt: 1,
            stage: auction::Stage::Ranking.into(),
            levels: 1,
            entries: vec![100, 3],
            comparisons: 1_200,
            comparisons_total: 4_950,
            rounds: 9,
            rounds_total: 31,
            gates: 300_000,
            bytes_sent: 62_000,
            ..Progress::default()
        };
        update(&mut model, event(1, Some(index), What::Progress(progress)));
    }
    model
}

/// Two nodes are away, a session has failed, and the coordinator has just gone.
pub fn failing() -> Model {
    let mut model = empty();
    let failed = summary(1, "Harbour view, oil on canvas", Phase::Failed);
    put(&mut model, vec![failed.clone()], failed);
    update(&mut model, News::Health(Box::new(health(&[4, 5])), 800));
    let reason = Some("nodes 4 and 5 fell silent".to_owned());
    update(&mut model, event(1, None, What::Phase { phase: Phase::Failed, reason }));
    let why = "connection refused".to_owned();
    update(&mut model, News::Lost { why, again: at(2), refused: false });
    model.ui.toast = None;
    model
}
