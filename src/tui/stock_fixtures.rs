//! Made-up models, stocks and batches, for tests.

use super::fixtures::{at, node};
use super::state::stock::Books;
use super::update::action::News;
use crate::identity::{Digest, KeyPair, Signed};
use crate::rules::model::{Layer, Structure};
use crate::runs::score;
use crate::session::dealing::BookState;
use crate::session::scoring::{BatchId, Learner, ModelTerms};
use crate::sharing::NodeSet;
use crate::wire::dealer_api::{
    BatchLine, BatchLines, DealingLine, MakingLine, MakingProgress, ModelLine, StockLine,
};

fn nodes(all: &[u8]) -> NodeSet {
    all.iter().map(|&index| node(index)).collect()
}

pub fn batch(number: u8) -> BatchId {
    let mut bytes = [0x3f; 16];
    bytes[0] = number;
    BatchId(bytes)
}

/// A model with its id.
pub fn model(name: &str, outputs: usize, stock: StockLine) -> ModelLine {
    let keys = KeyPair::from_secret(&[9; 32]);
    let layers = vec![Layer::Dense { outputs, largest: 6 }, Layer::Sigmoid];
    let terms = ModelTerms {
        name: name.to_owned(),
        roster: Digest([1; 32]),
        owner: keys.public(),
        structure: Structure { features: 100, largest_feature: 1, fraction: 16, layers },
        features: Vec::new(),
        learner: if outputs == 1 { Learner::Both } else { Learner::Client },
    };
    let shape = score::material(&terms.structure, terms.learner.party()).unwrap();
    let model = terms.id();
    ModelLine { model, terms: Signed::new(terms, &keys), shape, announced: at(-7_300), stock }
}

/// Three models: one whose stock is nearly full, one that has none, one with a name of every sort.
pub fn models() -> Vec<ModelLine> {
    let stock = StockLine { target: 8, ready: 6, making: 1, promised: 1, given: 14, withdrawn: 3 };
    let empty = StockLine { target: 4, ..StockLine::default() };
    let low = StockLine { target: 1_000, ready: 70, given: 1_200, ..StockLine::default() };
    vec![
        model("offers", 1, stock),
        model("\u{1b}[31mdigits of a long name that goes on and on", 10, empty),
        model("日本 loans", 2, low),
    ]
}

/// The first of them, as its stock is being filled.
pub fn making() -> MakingLine {
    MakingLine {
        batch: batch(0),
        model: models()[0].model,
        makers: nodes(&[1, 2, 4, 5]),
        begun: at(-8),
        progress: MakingProgress { rounds: 14, rounds_total: 31, bytes_sent: 12_300_000 },
    }
}

pub fn at_work() -> DealingLine {
    DealingLine {
        making: Some(making()),
        left_out: nodes(&[3]),
        liars: nodes(&[3]),
        ..DealingLine::default()
    }
}

/// What the coordinator tells while nobody looks at one model's batches.
pub fn told(models: Vec<ModelLine>, dealing: DealingLine) -> News {
    News::Models(Ok(Box::new(Books { models, dealing, batches: None })))
}

/// Batches of the first model, one in every state.
pub fn batches() -> BatchLines {
    let line = |number: u8, state, begun| BatchLine {
        batch: batch(number),
        state,
        makers: nodes(&[1, 2, 4, 5]),
        holders: nodes(&[1, 2, 4, 5]),
        givers: nodes(&[1, 4, 5]),
        begun: at(begun),
        client: None,
        until: None,
        reason: None,
    };
    let client = Some(KeyPair::from_secret(&[7; 32]).public());
    let batches = vec![
        line(0, BookState::Making, -8),
        BatchLine { holders: nodes(&[1, 4, 5]), ..line(1, BookState::Ready, -70) },
        BatchLine { client, until: Some(at(200)), ..line(2, BookState::Promised, -400) },
        BatchLine { client, until: Some(at(-4_000)), ..line(3, BookState::Given, -4_600) },
        BatchLine {
            reason: Some("a dealer that gives it out has lost its part".to_owned()),
            ..line(4, BookState::Withdrawn, -90_000)
        },
    ];
    BatchLines { batches, more: false }
}

/// The same with them.
pub fn told_with(batches: BatchLines) -> News {
    let models = models();
    let of = models[0].model;
    let books = Books { models, dealing: at_work(), batches: Some((of, batches)) };
    News::Models(Ok(Box::new(books)))
}
