//! A small survey, for tests.

use super::item::Item;
use super::question::{Membership, Question};
use super::statistic::{By, Declared, Statistic};
use crate::rules::money::Currency;

/// Pay and hours in two cohorts, with every statistic of pay for all and by cohort.
pub fn question() -> Question {
    let item = |name: &str, code: &str, decimals, maximum| Item {
        name: name.into(),
        text: None,
        unit: Currency { code: code.into(), decimals },
        minimum: 0,
        maximum,
    };
    let both = |statistic| Declared { statistic, by: By::Both };
    Question {
        items: vec![item("pay", "EUR", 2, 99_999), item("hours", "h", 0, 60)],
        cohorts: vec!["women".into(), "men".into()],
        membership: Membership::Secret,
        results: vec![
            both(Statistic::Count),
            both(Statistic::Sum(0)),
            both(Statistic::Mean(0)),
            both(Statistic::Deviation(0)),
            both(Statistic::Ratio(0, 1)),
            both(Statistic::Minimum(0)),
            both(Statistic::Maximum(0)),
            both(Statistic::Median(0)),
            both(Statistic::Quartiles(0)),
            Declared { statistic: Statistic::Histogram(0, vec![20_000, 50_000]), by: By::Cohort },
        ],
        at_least: 3,
    }
}
