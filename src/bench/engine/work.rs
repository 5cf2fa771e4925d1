//! Random inputs in the clear, and what plain arithmetic makes of them.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::asked::{Asked, What};
use super::dealers::{Dealing, are_triples};
use super::inputs::{Plain, Shares, draw, near, share};
use super::products::Factors;
use super::scores::Scoring;
use super::task::{
    Found, Handicaps, Inputs, Measured, Task, of_auction, of_market, of_scored, of_survey,
};
use crate::rules::auction::reference::weighed;
use crate::rules::auction::{Kind, Pays};
use crate::rules::{Answer, Terms, survey};
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::seed::mask;

/// Most steps of an invented participant of a market.
const STEPS: usize = 6;

/// Most that a step adds to what it trades.
const MORE: u64 = 60;

/// The inputs in the clear.
pub enum Work {
    /// Of comparisons: both sides.
    Pairs(Plain, Plain),
    /// The bids of an auction, and how many lots it has.
    Bids(Plain, u32),
    /// The bids of an auction with handicaps, and what the winner is paid.
    Scored(Plain, Pays, Handicaps),
    /// The entries of a market, field by field.
    Market(Vec<Plain>),
    /// A survey, and the entries field by field.
    Survey(Box<survey::Question>, Vec<Plain>),
    /// The factors of products.
    Products(Factors),
    /// Nothing: dealers need no inputs.
    Material(Dealing),
    /// Nothing: both parties draw what is theirs from the seed.
    Scores(Scoring),
}

impl Work {
    /// Draw the inputs from the seed.
    pub fn draw(asked: &Asked) -> Self {
        let first = draw(asked.seed, 1, asked.bits, asked.count);
        match &asked.what {
            What::Pairs => {}
            What::Auction(quantity) => return Self::Bids(first, *quantity),
            What::Scored(pays) => {
                let (seed, bits, count) = (asked.seed, asked.bits, asked.count);
                return Self::Scored(first, *pays, Handicaps { seed, bits, count });
            }
            What::Market(prices) => return Self::market(asked, *prices),
            What::Survey(question) => return Self::survey(asked, question),
            What::Material(dealing) => return Self::Material(*dealing),
            What::Scores(scoring) => return Self::Scores(*scoring),
            What::Products(products) => {
                return Self::Products(Factors::draw(*products, asked.seed));
            }
        }
        let mut second = draw(asked.seed, 2, asked.bits, asked.count);
        near(&mut second, &first);
        Self::Pairs(first, second)
    }

    /// Invented participants: every other one sells, and each has a few steps. As all fields make a
    /// valid entry, steps may fall together.
    fn market(asked: &Asked, prices: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(asked.seed);
        let largest = mask(asked.bits);
        let field = || Plain { bits: asked.bits, values: vec![0; asked.count] };
        let mut fields: Vec<Plain> = (0..=prices).map(|_| field()).collect();
        for entry in 0..asked.count {
            let mut most = 0;
            for _ in 0..rng.random_range(1..=STEPS) {
                let more = rng.random_range(1..=MORE).min(largest - most);
                let price = rng.random_range(prices / 10..prices);
                fields[price].values[entry] += more;
                most += more;
            }
            if entry % 2 == 1 {
                fields[prices].values[entry] = most;
            }
        }
        Self::Market(fields)
    }

    /// Participants in any cohort with any answers.
    fn survey(asked: &Asked, question: &survey::Question) -> Self {
        let mut rng = StdRng::seed_from_u64(asked.seed);
        let cohorts = question.cohorts.len();
        let chosen: Vec<usize> =
            (0..asked.count).map(|_| rng.random_range(0..cohorts.max(1))).collect();
        let mut fields: Vec<Plain> = (0..cohorts)
            .map(|cohort| {
                let values = chosen.iter().map(|&own| u64::from(own == cohort)).collect();
                Plain { bits: 1, values }
            })
            .collect();
        for item in &question.items {
            let values = (0..asked.count).map(|_| rng.random_range(0..=item.span())).collect();
            fields.push(Plain { bits: item.field().bits, values });
        }
        Self::Survey(Box::new(question.clone()), fields)
    }

    /// Every node's inputs, in ascending order.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn share(&self, asked: &Asked) -> Result<Vec<Inputs>, rand::rngs::SysError> {
        let (task, batches) = match self {
            Self::Pairs(x, y) => (Task::Compare, vec![x, y]),
            Self::Bids(bids, quantity) => (Task::Auction(Kind::SecondPrice, *quantity), vec![bids]),
            Self::Scored(bids, pays, handicaps) => (Task::Scored(*pays, *handicaps), vec![bids]),
            Self::Market(fields) => (Task::Market, fields.iter().collect()),
            Self::Survey(question, fields) => {
                (Task::Survey(question.clone()), fields.iter().collect())
            }
            Self::Products(factors) => (Task::Products(factors.products()), Vec::new()),
            Self::Material(dealing) => (Task::Material(*dealing), Vec::new()),
            Self::Scores(scoring) => (Task::Scores(*scoring), Vec::new()),
        };
        let mut inputs: Vec<Inputs> = asked
            .scheme
            .all()
            .iter()
            .map(|_| Inputs { task: task.clone(), security: asked.security, batches: Vec::new() })
            .collect();
        for batch in batches {
            for (inputs, shares) in inputs.iter_mut().zip(share(asked.scheme, asked.form, batch)?) {
                inputs.batches.push(shares);
            }
        }
        if let Self::Products(factors) = self {
            for (inputs, shares) in inputs.iter_mut().zip(factors.share(asked.scheme)?) {
                inputs.batches.push(Shares::Factors(shares));
            }
        }
        Ok(inputs)
    }

    /// Whether every node found what plain arithmetic says.
    pub fn is_right(&self, measured: &[Measured]) -> bool {
        let expected = match self {
            Self::Pairs(x, y) => {
                let less = |(at, (x, y)): (usize, (&u64, &u64))| u64::from(x < y) << at;
                let words = x.values.chunks(64).zip(y.values.chunks(64));
                let word = |(x, y): (&[u64], &[u64])| x.iter().zip(y).enumerate().map(less).sum();
                Found::Smaller(words.map(word).collect())
            }
            Self::Market(fields) => {
                let bits = fields.first().map_or(0, |field| field.bits);
                let count = fields.first().map_or(0, |field| field.values.len());
                let prices = fields.len().saturating_sub(1);
                let terms = of_market(prices, bits, count, Security::default());
                Found::Answer(reference(&terms, fields))
            }
            Self::Survey(question, fields) => {
                let count = fields.first().map_or(0, |field| field.values.len());
                let terms = of_survey(question, count, Form::default(), Security::default());
                Found::Answer(reference(&terms, fields))
            }
            Self::Products(factors) => Found::Number(factors.result()),
            Self::Scores(scoring) => {
                let scores = |node: &Measured| match &node.found {
                    Found::Scores(scores) => scoring.are_right(scores),
                    _ => false,
                };
                return measured.iter().all(scores)
                    && measured.windows(2).all(|two| two[0].found == two[1].found);
            }
            Self::Material(dealing) => {
                let part = |node: &Measured| match &node.found {
                    Found::Part(part) => Some(part.clone()),
                    _ => None,
                };
                let parts: Option<Vec<_>> = measured.iter().map(part).collect();
                return parts.is_some_and(|parts| {
                    let parts: Vec<&[u8]> = parts.iter().map(AsRef::as_ref).collect();
                    are_triples(*dealing, &parts)
                });
            }
            Self::Scored(bids, pays, handicaps) => {
                let terms = of_scored(*pays, bids.bits, Security::default());
                let Some(question) = terms.question.as_auction() else { return false };
                let expected = weighed(question, &bids.values, &handicaps.draw());
                Found::Answer(expected.into())
            }
            Self::Bids(bids, quantity) => {
                let (kind, form) = (Kind::SecondPrice, Form::default());
                let terms = of_auction(kind, *quantity, form, bids.bits, Security::default());
                let bids: Vec<&[u64]> = bids.values.chunks(1).collect();
                Found::Answer(terms.question.reference(&bids))
            }
        };
        measured.iter().all(|node| node.found == expected)
    }
}

/// What the plain reference says of entries, given field by field.
fn reference(terms: &Terms, fields: &[Plain]) -> Answer<usize> {
    let count = fields.first().map_or(0, |field| field.values.len());
    let entry = |at: usize| fields.iter().map(|field| field.values[at]).collect();
    let entries: Vec<Vec<u64>> = (0..count).map(entry).collect();
    let entries: Vec<&[u64]> = entries.iter().map(Vec::as_slice).collect();
    terms.question.reference(&entries)
}
