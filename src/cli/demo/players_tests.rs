use crate::cli::demo::players::*;
use crate::cli::session_file::BUILT_IN;

#[test]
fn invented_bids_are_amounts_that_the_terms_allow() {
    for text in [
        BUILT_IN,
        include_str!("../../../sessions/charity-lot.toml"),
        include_str!("../../../sessions/procurement.toml"),
        "title = \"t\"\nkind = \"first-price\"\nreserve = \"0\"\nmaximum = \"1\"\nbids_until = \"1m\"",
    ] {
        let file = SessionFile::parse(text).unwrap();
        let terms = file.terms(Timestamp::from_millis(0)).unwrap();
        for player in invent(&file, 50, None).unwrap() {
            let amount = player.amount(&terms.question).unwrap();
            assert!(amount <= terms.question.maximum());
        }
    }
}

#[test]
fn a_demo_lists_winners_from_the_best_bid_down() {
    use crate::identity::Digest;
    use crate::rules::auction;
    let text = include_str!("../../../sessions/fishing-quota.toml");
    let file = SessionFile::parse(text).unwrap();
    let terms = file.terms(Timestamp::from_millis(0)).unwrap();
    let ranks = Ranks::of(&of_file(&file, None).unwrap(), &terms.question);
    let listed = |names: &[&str]| {
        let sale = |name: &&str| {
            let entry = Entrant { bidder: (*name).to_owned(), envelope: Digest([1; 32]) };
            auction::Sale { entry, price: 51_500 }
        };
        let answer = auction::Answer { winners: names.iter().map(sale).collect() };
        let answer = ranks.from_the_best(&answer.into());
        let names = answer.entries().into_iter().map(|entry| entry.bidder.clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(listed(&["Aud", "Bryn", "Dis", "Freyr"]), ["Freyr", "Bryn", "Aud", "Dis"]);
    // A bid whose amount is not known to the demo: nothing is said of any.
    assert_eq!(listed(&["Aud", "Bryn", "you"]), ["Aud", "Bryn", "you"]);
}

#[tokio::test]
async fn equal_amounts_go_in_the_order_of_the_file() {
    let file = SessionFile::parse(BUILT_IN).unwrap();
    let players = of_file(&file, None).unwrap();
    let terms = file.terms(Timestamp::from_millis(0)).unwrap();
    let mut turns = turns(&players, &terms.question);
    let mut later = turns.remove(4);
    let earlier = turns.remove(0);
    assert!(later.before.is_some() && earlier.after.is_some());
    let waiting = tokio::spawn(async move { later.wait().await });
    earlier.done().await;
    waiting.await.unwrap();
}
