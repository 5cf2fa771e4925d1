use crate::rules::market::curve::Curve;
use crate::rules::market::fixtures::question;
use crate::rules::market::order::*;

fn parsed(side: Side, steps: &[(&str, &str)]) -> Result<Order, OrderError> {
    let steps: Vec<_> =
        steps.iter().map(|(one, other)| (Written::new(one), Written::new(other))).collect();
    Order::parse(&question(), side, &steps)
}

fn said(side: Side, steps: &[(&str, &str)]) -> String {
    parsed(side, steps).map(|_| ()).unwrap_err().to_string()
}

/// What is bought at each of the eleven prices, or sold where it is below 0.
fn nets(side: Side, steps: &[(&str, &str)]) -> Vec<i64> {
    let fields = parsed(side, steps).unwrap().fields(&question());
    assert_eq!(question().layout().unwrap().check(&fields), Ok(()));
    let curve = Curve::of(&fields);
    (0..11).map(|price| curve.net(price)).collect()
}

#[test]
fn steps_become_a_curve_that_falls() {
    let buys = nets(Side::Buy, &[("40", "30"), ("100", "25")]);
    assert_eq!(buys, [100, 100, 100, 100, 100, 100, 40, 40, 40, 40, 40]);
    assert_eq!(nets(Side::Buy, &[("7", "20")]), [7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let sells = nets(Side::Sell, &[("10", "20"), ("30", "29"), ("35", "30")]);
    assert_eq!(sells, [-10, -10, -10, -10, -10, -10, -10, -10, -10, -30, -35]);
}

#[test]
fn the_order_of_steps_does_not_matter() {
    let one = nets(Side::Sell, &[("5", "21"), ("9", "23"), ("12", "30")]);
    assert_eq!(one, nets(Side::Sell, &[("12", "30"), ("5", "21"), ("9", "23")]));
}

#[test]
fn nonsense_is_refused_with_what_to_change() {
    assert!(said(Side::Buy, &[]).contains("at least one step"));
    assert!(said(Side::Buy, &[("0", "25")]).contains("step 1 is 0"));
    let large = said(Side::Buy, &[("1", "26"), ("65536", "25")]);
    assert_eq!(large, "the quantity of step 2 is above the largest of this market, 65 535 t");
    assert!(said(Side::Sell, &[("1", "31")]).contains("outside the market's"));
    assert!(said(Side::Sell, &[("1", "20.5")]).contains("lies between two"));
    assert!(said(Side::Sell, &[("1", "20.555")]).contains("3 decimals"));
    assert!(said(Side::Sell, &[("1.5", "20")]).contains("quantity of step 1"));
    assert!(said(Side::Sell, &[("-1", "20")]).contains("without commas or sign"));
    let twice = said(Side::Buy, &[("1", "21"), ("2", "22"), ("3", "21")]);
    assert_eq!(twice, "steps 1 and 3 have the same price; give each price one quantity");
    let falls = said(Side::Buy, &[("10", "25"), ("10", "24")]);
    assert!(falls.contains("step 2 has the lower price"), "{falls}");
    let rises = said(Side::Sell, &[("10", "25"), ("20", "24")]);
    assert!(rises.contains("step 1 has the higher price"), "{rises}");
    for error in [falls, rises, twice] {
        assert!(!error.contains("25") && !error.contains("10"), "{error}");
    }
}

#[test]
fn an_order_is_told_by_the_prices_it_is_for() {
    let question = question();
    let order = parsed(Side::Buy, &[("40", "30"), ("100", "25")]).unwrap();
    let lines = question.order_lines(&order);
    assert_eq!(
        lines,
        ["buy from 26.00 EUR to 30.00 EUR: 40 t", "buy from 20.00 EUR to 25.00 EUR: 100 t"]
    );
    let order = parsed(Side::Sell, &[("5", "24"), ("9", "30")]).unwrap();
    assert_eq!(
        question.order_lines(&order),
        [
            "below 24.00 EUR: nothing",
            "sell from 24.00 EUR to 29.00 EUR: 5 t",
            "sell at 30.00 EUR: 9 t"
        ]
    );
}
