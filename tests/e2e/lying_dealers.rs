//! Dealers that lie, over real servers: in the making of a batch, or when they give one out.

use std::time::{Duration, Instant};

use gavel::client::material::{MaterialError, batches, dealing, promise};
use gavel::identity::Signed;
use gavel::session::dealing::BookState;
use gavel::session::scoring::BatchPromise;
use gavel::sharing::NodeSet;
use gavel::testkit::{At, Lie};

use super::altering::{Alters, What};
use super::net::{Net, Setup, index};
use super::parties::{Parties, fit, now};

/// Who lies.
const LIAR: u8 = 2;

/// A batch of which the liar gives a part, or of which it does not.
async fn batch(net: &Net, parties: &Parties, of_liar: bool) -> Signed<BatchPromise> {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        match promise(&net.network, parties.model, &parties.client, now()).await {
            Ok(promised) if promised.body.chosen.contains(index(LIAR)) == of_liar => {
                return promised;
            }
            // One more that is not waited for, so that there is room for others.
            Ok(promised) => {
                drop(parties.client_half(net, &promised).await);
                drop(parties.owner_half(net, &promised).await);
            }
            Err(error) => {
                let waits = error.is_empty_stock() || error.to_string().contains("promised to");
                assert!(waits, "{error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        assert!(Instant::now() < until, "no such batch");
    }
}

/// Whatever a dealer alters of what it gives, it is named, and with its own signatures where it signs for it;
/// then others are asked. Honest dealers are never named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dealer_that_gives_another_part_than_it_made_is_named_and_left_out() {
    for what in [What::Seed, What::Key, What::Value, What::Mac] {
        for signs in [false, true] {
            let setup = Setup { alters: Some((LIAR, Alters { what, signs })), ..Setup::new(4, 1) };
            let mut net = Net::start(setup).await;
            let parties = Parties::announce(&net, 3).await;
            let promised = batch(&net, &parties, true).await;
            let (own, others) = (
                parties.client_half(&net, &promised).await,
                parties.owner_half(&net, &promised).await,
            );
            let of_client = what == What::Seed;
            assert_eq!((own.is_err(), others.is_err()), (of_client, !of_client));
            let named = own.err().or(others.err()).unwrap();
            assert_eq!(named.dealer(), Some(index(LIAR)), "{named}");
            let MaterialError::Altered { name, proven, .. } = &named else { panic!("{named}") };
            assert_eq!((name.as_str(), *proven), ("Node 2", signs), "{named}");

            // What it signed is with the coordinator, and only that.
            let doubts = net.network.coordinator().doubts().await.unwrap();
            assert_eq!(doubts.len(), usize::from(signs), "{doubts:?}");
            if !signs {
                let promised = batch(&net, &parties, false).await;
                fit(
                    &parties.client_half(&net, &promised).await.unwrap(),
                    &parties.owner_half(&net, &promised).await.unwrap(),
                );
                continue;
            }
            assert!(doubts[0].what.contains("node 2"), "{}", doubts[0].what);
            assert_eq!(doubts[0].batch, promised.body.batch);
            if what != What::Value {
                continue;
            }
            // The next batches come from others, also after a restart, until it is forgotten.
            net.restart_coordinator().await;
            assert_eq!(net.network.coordinator().doubts().await.unwrap(), doubts);
            let until = Instant::now() + Duration::from_secs(120);
            let promised = loop {
                let promised = batch(&net, &parties, false).await;
                fit(
                    &parties.client_half(&net, &promised).await.unwrap(),
                    &parties.owner_half(&net, &promised).await.unwrap(),
                );
                if !promised.body.makers.contains(index(LIAR)) {
                    break promised;
                }
                assert!(Instant::now() < until, "it goes on making batches");
            };
            assert_eq!(promised.body.makers.len(), 3);
            net.network.coordinator().forget_doubts().await.unwrap();
            assert_eq!(net.network.coordinator().doubts().await.unwrap(), []);
            assert!(batch(&net, &parties, true).await.body.makers.contains(index(LIAR)));
        }
    }
}

/// Where all dealers are needed the liar goes on making batches, and others give them out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_all_dealers_are_needed_others_give_out_what_a_liar_helps_to_make() {
    let alters = Alters { what: What::Mac, signs: true };
    let net = Net::start(Setup { alters: Some((LIAR, alters)), ..Setup::new(3, 1) }).await;
    let parties = Parties::announce(&net, 1).await;
    let promised = batch(&net, &parties, true).await;
    let named = parties.owner_half(&net, &promised).await.err().unwrap();
    assert_eq!(named.dealer(), Some(index(LIAR)), "{named}");
    drop(parties.client_half(&net, &promised).await);
    let mut whole = 0;
    while whole < 4 {
        let promised = batch(&net, &parties, false).await;
        assert_eq!(promised.body.makers.len(), 3);
        fit(
            &parties.client_half(&net, &promised).await.unwrap(),
            &parties.owner_half(&net, &promised).await.unwrap(),
        );
        whole += 1;
    }
}

/// Who lies in the making of a batch is not among the makers of the next ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dealer_that_lies_is_left_out() {
    for at in [At::Number(3), At::Number(5)] {
        let lie = Lie { at, to: None, bit: 77 };
        let net = Net::start(Setup { liar: Some((3, lie)), ..Setup::new(4, 1) }).await;
        let parties = Parties::announce(&net, 1).await;
        let line = parties.stock(&net, "a full stock", |stock| stock.ready == 1).await;
        assert!(line.stock.withdrawn > 0, "nobody noticed");
        let promised = parties.promise(&net).await;
        assert!(!promised.body.makers.contains(index(3)), "{}", promised.body.makers);
        // Operators are told, and why the batch with the lie is gone.
        let told = dealing(&net.network).await.unwrap();
        let liar = NodeSet::EMPTY.with(index(3));
        assert!(liar.is_subset_of(told.left_out) && told.liars.is_subset_of(liar), "{told:?}");
        let lines = batches(&net.network, parties.model).await.unwrap().batches;
        let own = lines.iter().find(|line| line.batch == promised.body.batch).unwrap();
        assert_eq!((own.state, own.client), (BookState::Promised, Some(promised.body.client)));
        assert_eq!((own.makers, own.givers), (promised.body.makers, promised.body.chosen));
        let gone = lines.iter().find(|line| line.state == BookState::Withdrawn).unwrap();
        assert!(gone.makers.contains(index(3)) && gone.reason.is_some(), "{gone:?}");
        fit(
            &parties.client_half(&net, &promised).await.unwrap(),
            &parties.owner_half(&net, &promised).await.unwrap(),
        );
    }
}
