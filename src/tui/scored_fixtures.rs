//! Made-up states of a scored auction, for tests.

use super::fixtures::{auction, detail, empty, id, put, receive, summary};
use super::state::model::Model;
use super::update::action::News;
use super::update::update;
use crate::identity::{Digest, KeyPair};
use crate::rules::auction::scored::{Pays, Scored};
use crate::rules::auction::{self, Kind};
use crate::rules::scoring::{Hex, Scoring};
use crate::session::Phase;
use crate::session::outcome::Entrant;
use crate::wire::coordinator_api::{ScoreLine, SessionSummary};

/// Bidders with the byte of their envelope, their score and its handicap.
const SCORES: [(&str, u8, &str, u64); 4] = [
    ("Nordweg", 3, "0.638194", 723_612),
    ("Brandt & Sons", 4, "0.798619", 402_762),
    ("Kessler Roads", 7, "0.864917", 270_166),
    ("Sleet Brothers", 8, "0.182425", 1_635_150),
];

fn of(phase: Phase, pays: Pays, price: u64) -> SessionSummary {
    let mut summary = summary(1, "Winter road service with a rating", phase);
    let scoring = Scoring {
        model: Hex([1; 32]),
        owner: [2; 32],
        roster: Hex([3; 32]),
        weight: 2_000_000,
        lowest: 0,
        highest: 1_000_000,
    };
    let question = auction::Question {
        reserve: Some(9_800_000),
        maximum: 9_800_000,
        scored: Some(Scored { pays, scoring }),
        ..auction(Kind::Scored)
    };
    summary.terms.question = question.into();
    let entry = Entrant { bidder: "Kessler Roads".into(), envelope: Digest([7; 32]) };
    let answer = auction::Answer { winners: vec![auction::Sale { entry, price }] };
    summary.result = (phase == Phase::Settled).then(|| answer.into());
    summary
}

/// A scored auction that is open, or settled at a price.
pub fn scored(phase: Phase, pays: Pays, price: u64) -> Model {
    let mut model = empty();
    let summary = of(phase, pays, price);
    put(&mut model, vec![summary.clone()], summary.clone());
    for (name, ..) in SCORES {
        receive(&mut model, 1, name, &[1, 2, 3, 4, 5]);
    }
    let mut detail = detail(summary);
    if let Some(manifest) = &mut detail.manifest {
        manifest.scores = SCORES
            .into_iter()
            .map(|(bidder, byte, score, handicap)| ScoreLine {
                envelope: Digest([byte; 32]),
                bidder: bidder.to_owned(),
                key: KeyPair::from_secret(&[byte; 32]).public(),
                score: score.to_owned(),
                handicap,
            })
            .collect();
    }
    update(&mut model, News::Detail(id(1), Ok(Box::new(detail))));
    model.asking.detail_stale = false;
    model
}
