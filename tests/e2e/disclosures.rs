//! A market whose operator, and nobody else, is told how much each participant trades: servers that
//! are killed and come back, a node that lies to the operator, and a search for what must stay secret.

use std::fs;
use std::path::Path;

use gavel::base::bytes::encode;
use gavel::client::quantities::{self, QuantitiesError, Told};
use gavel::client::state::BidderState;
use gavel::client::told::own_trade;
use gavel::client::{EntryValues, bid};
use gavel::identity::key_file::{NodeKeys, OperatorKeys};
use gavel::identity::sealing::SealingKeyPair;
use gavel::identity::{KeyPair, Statement as _};
use gavel::rules::market::{Quantity, Question, reference};
use gavel::session::Phase;
use gavel::sharing::NodeIndex;
use gavel::testkit::{At, Lie};
use gavel::wire::ProblemType;

use super::auction::{Auction, Settled, set};
use super::net::{Net, Setup, index};
use super::secrets::{Secrets, files};

/// What everybody hands in: at three prices from the lowest up, what is bought more than at the next
/// higher one, and what is sold at the highest.
const ORDERS: [(&str, [u64; 4]); 4] = [
    ("ada", [0, 0, 12_907_351, 0]),
    ("ben", [0, 1, 10_203_040, 0]),
    ("cyd", [0, 0, 0, 13_572_468]),
    ("dot", [0, 0, 0, 15_987_123]),
];

fn file(operator: &OperatorKeys) -> String {
    format!(
        "title = \"Hay\"\nkind = \"market\"\nfrom = \"1\"\nto = \"3\"\nstep = \"1\"\nbits = 24\n\
         bids_until = \"1h\"\nquantities = \"operator\"\noperator_key = \"{}\"\n",
        encode(&operator.public().0.0)
    )
}

/// Somebody with a home of its own.
struct Trader {
    keys: KeyPair,
    state: BidderState,
}

/// A market with all orders in it.
struct Market {
    auction: Auction,
    operator: OperatorKeys,
    traders: Vec<Trader>,
    /// What is on nobody's disk.
    secrets: Secrets,
}

impl Market {
    async fn open(net: &Net, folder: &Path) -> Self {
        let operator = OperatorKeys::generate().unwrap();
        let auction = net.open(&file(&operator)).await;
        let key = |node: NodeIndex| {
            let path = net.folder.path().join(format!("node-{node}/node.key"));
            NodeKeys::load(&path, None).unwrap().sealing
        };
        let scheme = net.roster.body.scheme;
        let node_keys: Vec<SealingKeyPair> = scheme.all().iter().map(key).collect();
        let (mut traders, mut secrets) = (Vec::new(), Secrets::default());
        for (name, fields) in ORDERS {
            let keys = KeyPair::generate().unwrap();
            let state = BidderState::Folder(folder.join(name));
            let pinned = [net.roster.body.digest()];
            let bidder = bid::Bidder { name, keys: &keys, state: &state, pinned: &pinned };
            let entry = EntryValues::new(fields.to_vec());
            let patience = bid::Patience::default();
            let placed = bid::place(&net.network, &auction.announcement, &bidder, entry, patience);
            let envelope = placed.await.unwrap().bid.envelope;
            secrets.add_envelope(&envelope, 63, scheme, &node_keys);
            traders.push(Trader { keys, state });
        }
        Self { auction, operator, traders, secrets }
    }

    fn question(&self) -> &Question {
        self.auction.announcement.body.terms.question.as_market().unwrap()
    }

    /// What everybody trades by plain arithmetic, by name.
    fn expected(&self, settled: &Settled) -> Vec<(String, i64)> {
        let of = |name: &str| ORDERS.iter().find(|(own, _)| *own == name).unwrap();
        let names = settled.names();
        let orders: Vec<&[u64]> = names.iter().map(|name| &of(name).1[..]).collect();
        let answer = reference::answer(self.question(), &orders);
        let trades = names.iter().zip(answer.trades);
        trades
            .map(|(name, trade)| match trade.quantity {
                Quantity::Open(quantity) => ((*name).to_owned(), quantity),
                Quantity::Sealed(_) => unreachable!("the reference tells openly"),
            })
            .collect()
    }

    /// What whoever has these keys is told.
    async fn told(&self, settled: &Settled, keys: &OperatorKeys) -> Result<Told, QuantitiesError> {
        let (network, session) = (&self.auction.network, self.auction.session);
        let answers = quantities::ask(network, session).await;
        quantities::read(&settled.record, &network.roster().body, session, keys, answers)
    }
}

fn by_name(told: &Told) -> Vec<(String, i64)> {
    told.traded.iter().map(|one| (one.bidder.clone(), one.quantity)).collect()
}

/// A node is away when bidding ends. Later nodes and the coordinator are killed and come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_is_told_whoever_is_away_and_nobody_else_is_told() {
    let homes = tempfile::tempdir().unwrap();
    let mut net = Net::start(Setup { tapped: true, ..Setup::new(4, 1) }).await;
    let mut market = Market::open(&net, homes.path()).await;
    net.kill(1);
    market.auction.close().await;
    let settled = market.auction.settled().await;
    for node in 2..=4 {
        market.auction.node_reaches(node, Phase::Settled).await;
    }
    let expected = market.expected(&settled);
    assert!(expected.iter().all(|(_, quantity)| quantity.unsigned_abs() > 10_000_000));
    let told = market.told(&settled, &market.operator).await.unwrap();
    assert_eq!((by_name(&told), told.agreed), (expected.clone(), set(&[2, 3, 4])));
    assert_eq!(told.silent.iter().map(|(node, _)| *node).collect::<Vec<_>>(), [index(1)]);
    assert!(told.faults.is_empty() && told.lacking.is_empty());

    // Two of four are enough, and both have been killed since.
    net.restart(2).await;
    net.kill(3);
    net.restart_coordinator().await;
    net.restart(4).await;
    let told = market.told(&settled, &market.operator).await.unwrap();
    assert_eq!((by_name(&told), told.agreed), (expected.clone(), set(&[2, 4])));
    // One alone is not.
    net.kill(4);
    let error = market.told(&settled, &market.operator).await.unwrap_err();
    let QuantitiesError::Incomplete { entries: 4, lied, silent } = &error else {
        panic!("{error}")
    };
    assert!(lied.is_empty() && silent.len() == 3, "{error}");
    // The one that was away discloses when it has caught up.
    for node in [1, 3, 4] {
        net.restart(node).await;
    }
    market.auction.all_nodes_reach(Phase::Settled).await;
    let told = market.told(&settled, &market.operator).await.unwrap();
    assert_eq!((by_name(&told), told.agreed), (expected.clone(), set(&[1, 2, 3, 4])));
    assert!(told.lacking.is_empty());

    // Everybody else: another operator, the participants about each other, whoever asks.
    let stranger = OperatorKeys::generate().unwrap();
    let error = market.told(&settled, &stranger).await.unwrap_err();
    assert!(matches!(error, QuantitiesError::OtherKey { .. }), "{error}");
    let (roster, session) = (&net.roster.body, market.auction.session);
    for (trader, (name, _)) in market.traders.iter().zip(ORDERS) {
        let own = own_trade(&settled.record, roster, session, &trader.state, &trader.keys).unwrap();
        assert!(expected.contains(&(name.to_owned(), own.quantity)), "{name}");
    }
    for keys in [&market.traders[0].keys, &net.node_keys[1]] {
        let path = format!("/v1/node/sessions/{session}/disclosure");
        let asked = net.caller(keys, 3).get::<serde_json::Value>(&path).await;
        let kind = asked.unwrap_err().problem().unwrap().kind;
        assert!(matches!(kind, ProblemType::Forbidden | ProblemType::Unauthorized), "{kind:?}");
    }

    for (name, quantity) in &expected {
        let digits = quantity.unsigned_abs().to_string();
        market.secrets.add(&format!("the quantity of {name}"), digits.as_bytes());
    }
    let record = serde_json::to_vec(&settled.record).unwrap();
    market.secrets.assert_absent("the record", &record);
    let mut searched = 0;
    for path in files(net.folder.path()).into_iter().chain(files(homes.path())) {
        market.secrets.assert_absent(&path.display().to_string(), &fs::read(&path).unwrap());
        searched += 1;
    }
    assert!(searched > 10, "only {searched} files were searched");
    let wire = net.wire.as_ref().unwrap().lock().unwrap();
    assert!(wire.len() > 50_000, "only {} bytes went over the wire", wire.len());
    market.secrets.assert_absent("the connections of node 4", &wire);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lies_to_the_operator_is_named_and_changes_nothing() {
    let homes = tempfile::tempdir().unwrap();
    let lie = Lie { at: At::Disclosure, to: None, bit: 0 };
    let mut net = Net::start(Setup { liar: Some((2, lie)), ..Setup::new(3, 1) }).await;
    let market = Market::open(&net, homes.path()).await;
    market.auction.close().await;
    let settled = market.auction.settled().await;
    market.auction.all_nodes_reach(Phase::Settled).await;
    let told = market.told(&settled, &market.operator).await.unwrap();
    assert_eq!(by_name(&told), market.expected(&settled));
    assert_eq!((told.agreed, told.lied()), (set(&[1, 3]), set(&[2])));
    let said = told.faults[0].1.to_string();
    assert!(said.contains("it disclosed wrong values of 1 entries"), "{said}");
    // It can only keep the operator from an answer that an honest node short of enough gives.
    net.kill(3);
    let error = market.told(&settled, &market.operator).await.unwrap_err();
    let QuantitiesError::Incomplete { lied, .. } = &error else { panic!("{error}") };
    assert_eq!(*lied, set(&[2]));
}
