//! Scored auctions between real servers: who wins, which scores nodes refuse, and what a record says
//! of them.

use std::fmt::Write as _;
use std::fs;

use gavel::client::{BidAmount, EntryValues, make_entry};
use gavel::identity::KeyPair;
use gavel::identity::key_file::BidderKeys;
use gavel::session::Envelope;
use gavel::session::scoring::{Score, SignedScore};
use gavel::testkit::scores;
use gavel::wire::ProblemType;
use serde_json::json;

use super::auction::refusal;
use super::net::{Net, Setup};
use crate::common::town::Town;
use crate::common::{fails, ok};

/// A score of one is worth 400, and 1000 is the most that is paid.
pub fn file(pays: &str) -> String {
    let rule = scores::scoring(400);
    let mut text = format!(
        "title = \"Road service\"\nkind = \"scored\"\nreserve = \"1000\"\npays = \"{pays}\"\n\
         bids_until = \"1h\"\nreplace_bids = true\n\n[scores]\nweight = \"400\"\n"
    );
    let owner = scores::owner().public();
    write!(text, "model = \"{}\"\nowner = \"{owner}\"\nroster = \"{}\"\n", rule.model, rule.roster)
        .unwrap();
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lowest_price_less_weight_times_score_wins() {
    let net = Net::start(Setup::new(3, 1)).await;
    for (pays, price) in [("own", 800), ("threshold", 852)] {
        let auction = net.open(&file(pays)).await;
        // They count as 900, 901 and 848, with handicaps of 200, 0 and 48.
        for (name, units, value) in [("ada", 700, 512), ("basil", 901, 1024), ("chiara", 800, 900)]
        {
            let keys = KeyPair::generate().unwrap();
            let signed = scores::signed(&keys, value, name.as_bytes()[0]);
            auction.try_scored(name, &keys, units, Some(signed)).await.unwrap();
        }
        auction.close().await;
        let settled = auction.settled().await;
        assert_eq!(settled.winner(), Some(("chiara", price)));
        assert_eq!(settled.report.bids, 3);
        let manifest = &settled.record.manifest.as_ref().unwrap().body;
        assert!(manifest.entries.iter().all(|entry| entry.score.is_some()));
    }
}

/// An envelope that is right in all but its score, which the bidder has signed.
fn with_score(envelope: &Envelope, keys: &KeyPair, score: Option<SignedScore>) -> Envelope {
    let mut changed = envelope.clone();
    changed.body.score = score.map(Box::new);
    changed.signature = keys.sign(&changed.digest());
    changed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_score_that_does_not_count_is_refused_by_every_node() {
    let net = Net::start(Setup::new(3, 1)).await;
    let auction = net.open(&file("threshold")).await;
    let (ada, eve) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let adas = scores::signed(&ada, 1000, 1);
    auction.try_scored("ada", &ada, 700, Some(adas.clone())).await.unwrap();
    // Her own program seals nothing with a score that does not count.
    assert!(auction.try_scored("eve", &eve, 600, None).await.is_err());
    assert!(auction.try_scored("eve", &eve, 600, Some(adas.clone())).await.is_err());

    let admission = auction.admit("eve", &eve).await;
    let roster = auction.network.roster();
    let sealed = |score: SignedScore| {
        let values = EntryValues::from(BidAmount::new(600)).with_score(Some(score));
        make_entry(&auction.announcement, roster, admission, "eve", &eve, 1, values).unwrap()
    };
    let good = sealed(scores::signed(&eve, 512, 2)).envelope;
    let of = |change: fn(&mut Score)| {
        let mut score = scores::score(&eve, 512, 2);
        change(&mut score);
        scores::signed_by(score, &eve, &scores::owner())
    };
    // She types one, takes another's, brings one of another model, roster or owner, or too low a one.
    let mut typed = scores::signed(&eve, 512, 2);
    typed.score.values = vec![1024];
    let alone = scores::signed_by(scores::score(&eve, 1024, 2), &eve, &eve);
    let mut foreign = scores::score(&eve, 1024, 2);
    foreign.owner = eve.public();
    for score in [
        None,
        Some(typed),
        Some(alone),
        Some(adas),
        Some(of(|score| score.model.0[0] ^= 1)),
        Some(of(|score| score.roster.0[0] ^= 1)),
        Some(of(|score| score.values = vec![-1])),
        Some(of(|score| score.values = vec![1024, 0])),
        Some(scores::signed_by(foreign, &eve, &eve)),
    ] {
        let envelope = with_score(&good, &eve, score);
        for node in 1..=3 {
            let refused = refusal(auction.hand_in(node, &envelope).await);
            assert_eq!(refused, ProblemType::BadEnvelope, "{:?}", envelope.body.score);
        }
    }
    // Whoever carries it changes it without her signature.
    let mut carried = good.clone();
    carried.body.score = Some(Box::new(scores::signed(&eve, 1, 9)));
    assert_eq!(refusal(auction.hand_in(1, &carried).await), ProblemType::BadEnvelope);
    auction.try_scored("eve", &eve, 800, Some(scores::signed(&eve, 512, 2))).await.unwrap();
    auction.close().await;
    let settled = auction.settled().await;
    // 1000 less her own handicap of 9: eve's 800 and 200 count as that.
    assert_eq!(settled.winner(), Some(("ada", 991)));
    assert!(settled.report.excluded.is_empty());
}

#[test]
fn a_score_is_handed_in_on_the_command_line() {
    let town = Town::found("north").running();
    let session = town.open(&file("own"));
    let scored = |name: &str, value: i64, batch: u8| {
        let home = town.add_bidder(name);
        let keys = BidderKeys::load(&home.join("bidder.key"), None).unwrap().identity;
        let signed = scores::signed(&keys, value, batch);
        let file = town.file(&format!("{name}.json"), &serde_json::to_string(&signed).unwrap());
        (home, file)
    };
    let ((ada, of_ada), (basil, of_basil)) = (scored("ada", 512, 1), scored("basil", 1024, 2));
    let bid = ["bid", &session, "--amount", "700"];
    // Without a score, with another's, and with one that was typed.
    let (kind, detail) = fails(&ada, &bid, 2);
    assert!(kind == "usage" && detail.contains("--score FILE"), "{detail}");
    let (_, detail) = fails(&ada, &[&bid[..], &["--score", &of_basil]].concat(), 1);
    assert!(detail.contains("computed for another key"), "{detail}");
    // The number alone: keys and signatures may have the same digits.
    let typed = fs::read_to_string(&of_ada).unwrap().replace("[512]", "[1024]");
    let typed = town.file("typed.json", &typed);
    let (kind, detail) = fails(&ada, &[&bid[..], &["--score", &typed]].concat(), 1);
    assert!(kind == "score" && detail.contains("not signed by the key"), "{detail}");
    let none = town.file("none.json", "0.9");
    let (_, detail) = fails(&ada, &[&bid[..], &["--score", &none]].concat(), 1);
    assert!(detail.contains("no signed score"), "{detail}");

    ok(&ada, &[&bid[..], &["--score", &of_ada]].concat());
    ok(&basil, &["bid", &session, "--amount", "850", "--score", &of_basil]);
    let settled = town.settle(&session);
    assert_eq!(settled["result"], json!({"winner": "basil", "price": 850}));
    let record = town.folder.path().join("record.json");
    let record = record.to_str().unwrap();
    ok(&ada, &["session", "show", &session, "--record", record]);
    assert_eq!(ok(&ada, &["verify", record])["valid"], true);
    let words = ["--home", ada.to_str().unwrap(), "verify", record];
    let told = crate::common::stdout(&crate::common::gavel().args(words).output().unwrap());
    let has = |line: &[&str]| {
        let told = told.lines().any(|own| own.split_whitespace().collect::<Vec<_>>() == line);
        assert!(told, "{line:?}");
    };
    has(&["ada", "0.5", "200"]);
    has(&["basil", "1", "0", "850"]);
    // A record in which a score is better than what was signed proves nothing.
    let signed = fs::read_to_string(record).unwrap();
    let better = signed.replace(" 512\n", " 900\n");
    assert_ne!(better, signed);
    let better = town.file("better.json", &better);
    let (_, detail) = fails(&ada, &["verify", &better], 1);
    assert!(detail.contains("bundle") || detail.contains("signature"), "{detail}");
}
