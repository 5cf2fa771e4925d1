//! What a session decided: in a line for people, and as scripts read it.

use serde::Serialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{clean, strong};
use crate::rules::{Answer, Terms};
use crate::session::outcome::{Entrant, Outcome};
use crate::wire::coordinator_api::{SessionDetail, SessionSummary};

/// The answer in one line.
pub fn line(terms: &Terms, answer: &Answer<Entrant>) -> String {
    let (Some(auction), Some(answer)) = (terms.question.as_auction(), answer.as_auction()) else {
        return strong(clean(&json!(answer).to_string()));
    };
    let Some(sale) = answer.winner() else {
        return strong(if auction.reserve.is_some() {
            "No winner: no bid reached the reserve."
        } else {
            "No winner: there was no bid."
        });
    };
    let price = clean(&auction.currency.show(sale.price).to_string());
    let reverse = auction.kind.is_reverse();
    let verb = if reverse { "Awarded to" } else { "Sold to" };
    let pays = if reverse { "for" } else { "at" };
    format!("{verb} {} {pays} {}", strong(clean(&sale.entry.bidder)), strong(price))
}

/// The answer in a few words, for a list.
pub fn short(terms: &Terms, answer: &Answer<Entrant>) -> String {
    match winner(answer) {
        Some((winner, price)) => format!("{winner}, {}", terms.question.show(price)),
        None if answer.as_auction().is_some() => "no winner".to_owned(),
        None => json!(answer).to_string(),
    }
}

/// Winner and price of an auction; `None` when nobody won.
pub fn winner(answer: &Answer<Entrant>) -> Option<(&str, u64)> {
    let sale = answer.as_auction()?.winner()?;
    Some((&sale.entry.bidder, sale.price))
}

/// A session of a list as scripts read it.
///
/// # Errors
/// Never for what a coordinator answers.
pub fn summary_json(summary: &SessionSummary) -> Result<Value, Failure> {
    with_result(summary, summary)
}

/// A session as scripts read it.
///
/// # Errors
/// Never for what a coordinator answers.
pub fn detail_json(detail: &SessionDetail) -> Result<Value, Failure> {
    with_result(detail, &detail.summary)
}

/// Of auctions the result is winner and price, both null when nobody won.
fn with_result(shown: &impl Serialize, summary: &SessionSummary) -> Result<Value, Failure> {
    let mut value = to_json(shown)?;
    if let Some(answer) = summary.result.as_ref().filter(|answer| answer.as_auction().is_some()) {
        let (winner, price) = winner(answer).unzip();
        value["result"] = json!({"winner": winner, "price": price});
    }
    Ok(value)
}

/// A checked record's outcome as scripts read it: of auctions with the kind and the winner.
///
/// # Errors
/// Never for an outcome that was read.
pub fn outcome_json(terms: &Terms, outcome: &Outcome) -> Result<Value, Failure> {
    let mut value = to_json(outcome)?;
    value["kind"] = terms.question.kind_name().into();
    if let Some(answer) = outcome.answer.as_auction() {
        value["winner"] = answer.winner().map_or(Value::Null, |sale| {
            let Entrant { bidder, envelope } = &sale.entry;
            json!({"bidder": bidder, "envelope": envelope, "price": sale.price})
        });
    }
    Ok(value)
}

/// Anything as JSON.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn to_json(value: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value)
        .map_err(|error| Failure::new("internal", format!("no JSON for this: {error}")))
}
