//! Small markets in the whole product: participants who replace their orders, who never hand one in,
//! who hand in what cannot be; each reads the own quantity from the record, with its own keys.

use std::path::Path;

use gavel::client::bid::{self, BidError, Bidder, Patience, Placed};
use gavel::client::state::BidderState;
use gavel::client::told::{self, ToldError};
use gavel::client::{EntryValues, SplitError};
use gavel::identity::{KeyPair, Statement as _};
use gavel::rules::market::{self, Quantity, Question, invented};
use gavel::testkit::world::SEED_VARIABLE;
use rand::rngs::{StdRng, SysRng};
use rand::{RngExt as _, SeedableRng as _, TryRng as _};

use super::auction::{Auction, Settled};
use super::net::{Net, Setup};

const MARKETS: u32 = 6;

/// Somebody with a home of its own.
struct Trader {
    name: String,
    keys: KeyPair,
    state: BidderState,
    /// The fields of the order that counts.
    order: Option<Vec<u64>>,
}

impl Trader {
    fn new(number: usize, folder: &Path) -> Self {
        let name = format!("farm {number}");
        let state = BidderState::Folder(folder.join(&name));
        Self { name, keys: KeyPair::generate().unwrap(), state, order: None }
    }

    async fn try_order(&self, market: &Auction, fields: Vec<u64>) -> Result<Placed, BidError> {
        let pinned = [market.network.roster().body.digest()];
        let (name, keys) = (self.name.as_str(), &self.keys);
        let bidder = Bidder { name, keys, state: &self.state, pinned: &pinned };
        let (network, entry) = (&market.network, EntryValues::new(fields));
        bid::place(network, &market.announcement, &bidder, entry, Patience::default()).await
    }

    /// Hand an order in, in the place of any before.
    async fn order(&mut self, market: &Auction, fields: Vec<u64>) {
        let before = self.state.bids(market.session).unwrap().len();
        let placed = self.try_order(market, fields.clone()).await.unwrap();
        assert_eq!(placed.bid.revision() as usize, before + 1);
        self.order = Some(fields);
    }

    /// How much it trades, as its own home reads it.
    fn trades(&self, market: &Auction, settled: &Settled) -> Result<i64, ToldError> {
        let roster = &market.network.roster().body;
        let (session, keys) = (market.session, &self.keys);
        let own = told::own_trade(&settled.record, roster, session, &self.state, keys)?;
        Ok(own.quantity)
    }
}

fn file(rng: &mut StdRng) -> String {
    format!(
        "title = \"Hay\"\nkind = \"market\"\nfrom = \"1\"\nto = \"{}\"\nstep = \"1\"\nbits = {}\n\
         bids_until = \"1h\"\nreplace_bids = true\nquantities = \"{}\"\n",
        rng.random_range(1..=9),
        rng.random_range(1..=8),
        if rng.random() { "own" } else { "everyone" },
    )
}

/// An order like those that are made up for a demo.
fn drawn(rng: &mut StdRng, question: &Question) -> Vec<u64> {
    let orders = invented::orders(question, rng.random(), 2).unwrap();
    orders[rng.random_range(0..2)].fields(question).to_vec()
}

async fn one(net: &Net, rng: &mut StdRng, folder: &Path) {
    let session = net.open(&file(rng)).await;
    let question = session.announcement.body.terms.question.as_market().unwrap().clone();
    let mut traders: Vec<Trader> = (1..=6).map(|number| Trader::new(number, folder)).collect();
    let [first, second, third, rest @ ..] = traders.as_mut_slice() else { unreachable!() };
    // One changes its mind, more than once.
    for _ in 0..rng.random_range(2..=3) {
        first.order(&session, drawn(rng, &question)).await;
    }
    // One is admitted and never comes.
    session.admit(&second.name, &second.keys).await;
    // What cannot be an order is told of here, and leaves nothing behind.
    let mut fields = drawn(rng, &question);
    fields[0] = question.maximum() + 1;
    for wrong in [fields, vec![1; 3 + question.grid.prices()]] {
        let refused = third.try_order(&session, wrong).await;
        assert!(matches!(refused, Err(BidError::Split(SplitError::Entry(_)))), "{refused:?}");
        assert!(third.state.bids(session.session).unwrap().is_empty());
    }
    third.order(&session, drawn(rng, &question)).await;
    for trader in rest {
        trader.order(&session, drawn(rng, &question)).await;
    }
    session.close().await;
    let settled = session.settled().await;

    let by_name = |name: &&str| traders.iter().find(|trader| trader.name == **name).unwrap();
    let names = settled.names();
    assert_eq!(names.len(), traders.len() - 1);
    let orders: Vec<&[u64]> =
        names.iter().map(|name| by_name(name).order.as_deref().unwrap()).collect();
    let expected = market::reference::answer(&question, &orders);
    let answer = settled.report.outcome.as_ref().unwrap().answer.as_market().unwrap();
    assert_eq!(answer.clearing, expected.clearing);
    for (at, name) in names.iter().enumerate() {
        let quantity = expected.trades.get(at).map_or(0, |trade| match trade.quantity {
            Quantity::Open(quantity) => quantity,
            Quantity::Sealed(_) => unreachable!("the reference tells openly"),
        });
        assert_eq!(by_name(name).trades(&session, &settled).unwrap(), quantity, "{name}");
    }
    let absent = traders[1].trades(&session, &settled);
    assert!(matches!(absent, Err(ToldError::NotInManifest)), "{absent:?}");
    // With another's keys, or without what was kept, the own quantity is not to be had.
    let nobody = Trader { state: BidderState::Memory, ..Trader::new(7, folder) };
    assert!(matches!(nobody.trades(&session, &settled), Err(ToldError::NotInManifest)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_markets_end_as_plain_arithmetic_says_whatever_participants_do() {
    let given = std::env::var(SEED_VARIABLE).ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| SysRng.try_next_u64().unwrap());
    println!("{SEED_VARIABLE}={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let net = Net::start(Setup::new(3, 1)).await;
    for number in 0..MARKETS {
        let folder = tempfile::tempdir().unwrap();
        println!("market {number}");
        one(&net, &mut rng, folder.path()).await;
    }
}
