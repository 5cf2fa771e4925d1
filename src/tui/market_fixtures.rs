//! Made-up states of markets, for tests.

use super::fixtures::{at, empty, event, node, put, receive, summary};
use super::state::model::Model;
use super::state::own::OwnBid;
use super::update::action::News;
use super::update::update;
use crate::base::text::clean;
use crate::identity::Digest;
use crate::rules::{Currency, Stage, market};
use crate::session::Phase;
use crate::session::outcome::Entrant;
use crate::session::progress::{Progress, What};
use crate::wire::coordinator_api::SessionSummary;

/// A market for hay, in whole tonnes at 201 prices.
pub fn market(quantities: market::question::Told) -> market::Question {
    market::Question {
        currency: Currency { code: "EUR".into(), decimals: 2 },
        grid: market::Grid { from: 12_000, to: 22_000, step: 50 },
        unit: Currency { code: "t".into(), decimals: 0 },
        bits: 16,
        rationing: market::question::Rationing::default(),
        quantities,
    }
}

pub fn of_market(question: market::Question, phase: Phase) -> SessionSummary {
    let mut summary = summary(1, "Hay of the second cut", phase);
    summary.terms.question = question.into();
    summary
}

/// An open market with orders.
pub fn open_market() -> Model {
    let mut model = empty();
    let open = of_market(market(market::question::Told::Own), Phase::Open);
    put(&mut model, vec![open.clone()], open);
    for bidder in ["Alpenhof", "Birkenau", "Casa Verde"] {
        receive(&mut model, 1, bidder, &[1, 2, 3, 4, 5]);
    }
    model
}

/// The same, while its price is computed.
pub fn computing_market() -> Model {
    let mut model = empty();
    let computing = of_market(market(market::question::Told::Own), Phase::Computing);
    put(&mut model, vec![computing.clone()], computing);
    for index in 1..=5 {
        for stage in
            [Stage::Preparing, market::Stage::Adding.into(), market::Stage::Clearing.into()]
        {
            let progress = Progress {
                attempt: 1,
                stage,
                rounds: 40,
                rounds_total: 131,
                gates: 300_000,
                bytes_sent: 62_000,
                ..Progress::default()
            };
            update(&mut model, event(1, Some(index), What::Progress(progress)));
        }
    }
    model
}

/// A settled market in which ada takes part, and everyone is told everything or each the own
/// quantity.
pub fn settled_market(quantities: market::question::Told) -> Model {
    let trades = [("Alpenhof", 20), ("Birkenau", -15), ("ada", -43), ("Casa Verde", 38)];
    let trades = (1..).zip(trades).map(|(at, (bidder, quantity))| market::Trade {
        entry: Entrant { bidder: bidder.into(), envelope: Digest([at; 32]) },
        quantity: match quantities {
            market::question::Told::Everyone => market::Quantity::Open(quantity),
            market::question::Told::Own | market::question::Told::Operator(_) => {
                market::Quantity::Sealed(77_777)
            }
        },
    });
    let clearing = market::Clearing { price: 16_850, demand: 58, supply: 97 };
    let answer = market::Answer { clearing: Some(clearing), trades: trades.collect() };
    market_that(quantities, answer)
}

/// A settled market with this answer, in which ada's is the third order.
pub fn market_that(quantities: market::question::Told, answer: market::Answer<Entrant>) -> Model {
    let mut model = empty();
    let mut settled = of_market(market(quantities), Phase::Settled);
    settled.result = Some(answer.into());
    let own = OwnBid {
        revision: 2,
        envelope: Digest([3; 32]),
        receipts: (1..=5).map(|index| (node(index), at(-100))).collect(),
        name: clean("ada"),
        name_shared: false,
        seen: at(-100),
    };
    update(&mut model, News::Own(vec![(settled.session, own)]));
    put(&mut model, vec![settled.clone()], settled);
    model
}
