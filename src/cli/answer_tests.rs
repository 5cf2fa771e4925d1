//! Answers in words and as JSON: one lot and several, sold, left over, and to nobody.

use crate::base::Timestamp;
use crate::cli::answer::*;
use crate::identity::Digest;
use crate::rules::Limits;
use crate::rules::auction::Kind;
use crate::rules::terms::Admission;
use crate::rules::{Currency, Question};
use crate::session::SessionId;
use crate::sharing::form::Form;
use crate::sharing::security::Security;

fn terms(kind: Kind, quantity: u32) -> Terms {
    let question = auction::Question {
        kind,
        currency: Currency { code: "EUR".into(), decimals: 2 },
        reserve: Some(1_000),
        maximum: 1_000_000,
        quantity,
        secret_reserve: None,
        scored: None,
    };
    Terms {
        title: "Lots".into(),
        description: None,
        question: Question::Auction(question),
        bids_until: Timestamp::from_millis(0),
        replace_bids: true,
        protocol: Form::Bits,
        security: Security::default(),
        admission: Admission::Open,
        limits: Limits::default(),
    }
}

fn answer(sold: &[(&str, u64)]) -> Answer<Entrant> {
    let sale = |&(bidder, price): &(&str, u64)| {
        let entry = Entrant { bidder: bidder.into(), envelope: Digest([7; 32]) };
        auction::Sale { entry, price }
    };
    auction::Answer { winners: sold.iter().map(sale).collect() }.into()
}

fn plain(text: &str) -> String {
    console::strip_ansi_codes(text).into_owned()
}

/// The text, and in a few words.
fn said(kind: Kind, quantity: u32, sold: &[(&str, u64)]) -> (String, String) {
    let (terms, answer) = (terms(kind, quantity), answer(sold));
    (plain(&text(&terms, &answer)), short(&terms, &answer))
}

#[test]
fn one_lot_goes_to_one() {
    let (text, short) = said(Kind::SecondPrice, 1, &[("ada", 12_300)]);
    assert_eq!((&*text, &*short), ("Sold to ada at 123.00 EUR", "ada, 123.00 EUR"));
    let (text, _) = said(Kind::ReverseFirstPrice, 1, &[("ada", 900)]);
    assert_eq!(text, "Awarded to ada for 9.00 EUR");
}

#[test]
fn one_price_for_all_is_said_once() {
    let sold = [("ada", 12_300), ("ben", 12_300), ("cyd", 12_300)];
    let (text, short) = said(Kind::SecondPrice, 3, &sold);
    assert_eq!(text, "3 lots sold at 123.00 EUR each to ada, ben and cyd");
    assert_eq!(short, "3 sold at 123.00 EUR");
    let (text, _) = said(Kind::ReverseSecondPrice, 3, &sold[..2]);
    assert_eq!(text, "2 of 3 lots awarded for 123.00 EUR each to ada and ben");
    let (text, _) = said(Kind::SecondPrice, 3, &sold[..1]);
    assert_eq!(text, "1 of 3 lots sold at 123.00 EUR to ada");
}

#[test]
fn own_prices_stand_in_a_table() {
    let (text, short) = said(Kind::FirstPrice, 2, &[("ada", 2_000_000), ("ben", 15_050)]);
    let rows = [
        "2 lots sold, each winner pays their own bid",
        "  bidder          price",
        "  ada     20 000.00 EUR",
        "  ben        150.50 EUR",
    ];
    assert_eq!(text, rows.join("\n"));
    assert_eq!(short, "ada +1");
    let one = line(&terms(Kind::FirstPrice, 2), &answer(&[("ada", 2_000), ("ben", 1_500)]));
    assert_eq!(plain(&one), "2 lots sold to ada at 20.00 EUR and ben at 15.00 EUR");
    let (text, short) = said(Kind::FirstPrice, 2, &[("ada", 2_000)]);
    assert_eq!((&*text, &*short), ("1 of 2 lots sold to ada at 20.00 EUR", "ada"));
}

#[test]
fn many_winners_have_a_row_each_and_a_line_names_a_few() {
    let names: Vec<String> = (1..=20).map(|number| format!("buyer {number}")).collect();
    let sold: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 2_000)).collect();
    let (text, _) = said(Kind::SecondPrice, 20, &sold);
    assert_eq!(text.lines().count(), 22);
    assert!(text.starts_with("20 lots sold at 20.00 EUR each\n  bidder\n  buyer 1\n"), "{text}");
    let line = plain(&line(&terms(Kind::SecondPrice, 20), &answer(&sold)));
    assert!(line.ends_with("buyer 6, buyer 7 and 13 others"), "{line}");
}

#[test]
fn nobody_is_said_alike() {
    for quantity in [1, 3] {
        let (text, short) = said(Kind::SecondPrice, quantity, &[]);
        assert_eq!(text, "No winner: no bid reached the reserve.");
        assert_eq!(short, "no winner");
    }
}

#[test]
fn names_reach_no_terminal_raw() {
    let (text, _) = said(Kind::SecondPrice, 2, &[("\u{1b}[31meve", 2_000), ("ben", 2_000)]);
    assert!(text.ends_with(" to [31meve and ben"), "{text}");
}

fn sold_json(kind: Kind, quantity: u32, sold: &[(&str, u64)]) -> Value {
    to_json(&Sold::of(&terms(kind, quantity), &answer(sold))).unwrap()
}

#[test]
fn scripts_read_a_winner_or_winners() {
    let two = [("ada", 2_000), ("ben", 2_000)];
    assert_eq!(
        sold_json(Kind::SecondPrice, 1, &two[..1]),
        json!({"winner": "ada", "price": 2_000})
    );
    assert_eq!(sold_json(Kind::FirstPrice, 1, &[]), json!({"winner": null, "price": null}));
    let winners = json!([
        {"bidder": "ada", "quantity": 1, "price": 2_000},
        {"bidder": "ben", "quantity": 1, "price": 2_000},
    ]);
    assert_eq!(sold_json(Kind::SecondPrice, 2, &two), json!({"winners": winners, "price": 2_000}));
    assert_eq!(sold_json(Kind::FirstPrice, 2, &two), json!({"winners": winners, "price": null}));
    assert_eq!(sold_json(Kind::SecondPrice, 2, &[]), json!({"winners": [], "price": null}));
}

#[test]
fn a_record_says_with_which_envelope_each_won() {
    let outcome = |sold: &[(&str, u64)]| Outcome {
        session: SessionId([1; 16]),
        announcement: Digest([2; 32]),
        manifest: Digest([3; 32]),
        answer: answer(sold),
        out_of_range: Vec::new(),
    };
    let envelope = Digest([7; 32]);
    let two = outcome(&[("ada", 2_000), ("ben", 2_000)]);
    let shown = outcome_json(&terms(Kind::SecondPrice, 2), &two).unwrap();
    assert_eq!(shown["price"], 2_000);
    assert_eq!(
        shown["winners"][1],
        json!({"bidder": "ben", "envelope": envelope, "quantity": 1, "price": 2_000})
    );
    assert_eq!(shown.get("winner"), None);
    let one = outcome(&[("ada", 2_000)]);
    let shown = outcome_json(&terms(Kind::SecondPrice, 1), &one).unwrap();
    assert_eq!(shown["winner"], json!({"bidder": "ada", "envelope": envelope, "price": 2_000}));
    assert_eq!(shown.get("winners"), None);
}
