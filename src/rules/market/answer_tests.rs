use crate::rules::market::answer::*;
use crate::rules::market::fixtures::question;
use crate::rules::market::question::Told;

fn trades(quantities: &[Quantity]) -> Vec<Trade<usize>> {
    let trade = |(entry, &quantity)| Trade { entry, quantity };
    quantities.iter().enumerate().map(trade).collect()
}

fn open(price: u64, demand: u64, supply: u64, quantities: &[i64]) -> Answer<usize> {
    let quantities: Vec<_> = quantities.iter().map(|&quantity| Quantity::Open(quantity)).collect();
    let clearing = Some(Clearing { price, demand, supply });
    Answer { clearing, trades: trades(&quantities) }
}

#[test]
fn answers_that_no_market_gives_are_found_out() {
    let question = question();
    let check = |answer: &Answer<usize>, entries| answer.check(&question, entries);
    assert_eq!(check(&open(2_400, 10, 12, &[10, -4, -6]), 3), Ok(()));
    assert_eq!(check(&open(2_400, 0, 12, &[]), 3), Ok(()));
    assert_eq!(check(&Answer { clearing: None, trades: Vec::new() }, 3), Ok(()));
    assert_eq!(check(&open(2_000, 0, 0, &[]), 0), Err(AnswerError::Nobody));
    assert_eq!(check(&open(2_450, 10, 12, &[10, -4, -6]), 3), Err(AnswerError::Price));
    assert_eq!(check(&open(3_100, 10, 12, &[10, -4, -6]), 3), Err(AnswerError::Price));
    assert_eq!(check(&open(2_400, 10, 9, &[10, -4, -6]), 3), Err(AnswerError::Short));
    let count = |expected, got| Err(AnswerError::Trades { expected, got });
    assert_eq!(check(&open(2_400, 10, 12, &[10, -10]), 3), count(3, 2));
    assert_eq!(check(&open(2_400, 0, 12, &[0, 0, 0]), 3), count(0, 3));
    assert_eq!(check(&open(2_400, 10, 12, &[10, -4, -5]), 3), Err(AnswerError::Sum));
    assert_eq!(check(&open(2_400, 10, 12, &[11, -5, -6]), 3), Err(AnswerError::Sum));
    assert_eq!(check(&open(2_400, 10, 12, &[i64::MIN, 0, 0]), 3), Err(AnswerError::Telling));
    let mut mixed = open(2_400, 10, 12, &[10, -4, -6]);
    mixed.trades.swap(0, 1);
    assert_eq!(check(&mixed, 3), Err(AnswerError::Order));
    mixed.trades.swap(0, 1);
    mixed.trades[2].quantity = Quantity::Sealed(6);
    assert_eq!(check(&mixed, 3), Err(AnswerError::Telling));
}

#[test]
fn a_sealed_quantity_says_as_much_as_fits() {
    let question = Question { quantities: Told::Own, ..question() };
    let clearing = Some(Clearing { price: 2_400, demand: 10, supply: 12 });
    let sealed = |told: u64| {
        let trades = trades(&[Quantity::Sealed(told), Quantity::Sealed(0)]);
        Answer { clearing, trades }.check(&question, 2)
    };
    let most = mask(question.reply_bits());
    assert_eq!((sealed(most), sealed(most + 1)), (Ok(()), Err(AnswerError::Telling)));
    assert_eq!(question.quantity_bits(), 20, "twelve fields of 16 bits");
    for quantity in [0, 1, -1, 1 << 19, -(1 << 19), (1 << 20) - 1] {
        let told = Quantity::encoded(quantity, &question);
        assert!(told <= most);
        assert_eq!(Quantity::unsealed(told, &question), quantity);
    }
    // Who offers something and sells nothing.
    assert_eq!(Quantity::unsealed(1 << 20, &question), 0);
}

#[test]
fn an_answer_is_one_text() {
    let answer = open(2_400, 10, 12, &[10, -10]);
    let text = serde_json::to_string(&answer).unwrap();
    assert_eq!(
        text,
        r#"{"clearing":{"price":2400,"demand":10,"supply":12},"trades":[{"entry":0,"quantity":{"open":10}},{"entry":1,"quantity":{"open":-10}}]}"#
    );
    assert_eq!(serde_json::from_str::<Answer<usize>>(&text).unwrap(), answer);
}
