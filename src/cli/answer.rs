//! What a session decided: in words for people, and as scripts read it.

use serde::Serialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::job::Completed;
use super::market::{self, Cleared};
use super::output::{Table, clean, count, strong};
use super::survey::results::Surveyed;
use crate::rules::{Answer, Terms, auction};
use crate::session::outcome::{Entrant, Outcome};
use crate::wire::coordinator_api::{SessionDetail, SessionSummary};

/// Most winners that a sentence names, and the last of them for all others.
const NAMED: usize = 8;

/// The answer for people: in one line, or with a row for each winner where a line cannot tell what
/// each of them pays or names too few of them.
pub fn text(terms: &Terms, answer: &Answer<Entrant>) -> String {
    match Sales::of(terms, answer) {
        Some(sales) if sales.need_rows() => sales.rows(),
        _ => match Cleared::of(terms, answer) {
            Some(cleared) => cleared.text(),
            None => match Surveyed::of(terms, answer) {
                Some(surveyed) => surveyed.text(),
                None => match Completed::of(terms, answer) {
                    Some(completed) => completed.text(),
                    None => line(terms, answer),
                },
            },
        },
    }
}

/// The answer in one line, which names a few winners at most.
pub fn line(terms: &Terms, answer: &Answer<Entrant>) -> String {
    let cleared = || Cleared::of(terms, answer).map(|cleared| cleared.line());
    let surveyed = || Surveyed::of(terms, answer).map(|surveyed| surveyed.line());
    let line = Sales::of(terms, answer).map(|sales| sales.line()).or_else(cleared);
    let completed = || Completed::of(terms, answer).map(|completed| completed.line());
    let line = line.or_else(surveyed).or_else(completed);
    line.unwrap_or_else(|| strong(clean(&json!(answer).to_string())))
}

/// The answer in a few words, for a list.
pub fn short(terms: &Terms, answer: &Answer<Entrant>) -> String {
    let cleared = || Cleared::of(terms, answer).map(|cleared| cleared.short());
    let surveyed = || Surveyed::of(terms, answer).map(|surveyed| surveyed.short());
    let short = Sales::of(terms, answer).map(|sales| sales.short()).or_else(cleared);
    let completed = || Completed::of(terms, answer).map(|completed| completed.short());
    let short = short.or_else(surveyed).or_else(completed);
    short.unwrap_or_else(|| json!(answer).to_string())
}

/// What was opened of the bids, such as "winner and price".
pub fn opened(terms: &Terms) -> &'static str {
    if let Some(asked) = terms.question.as_market() {
        return market::opened(asked);
    }
    if terms.question.as_survey().is_some() {
        return "the values that the terms list";
    }
    if terms.question.as_job().is_some() {
        return "the values that the job reveals";
    }
    match terms.question.as_auction() {
        Some(auction) if auction.quantity == 1 => "winner and price",
        Some(auction) if auction.is_uniform() => "winners and price",
        Some(_) => "winners and their prices",
        None => "the answer",
    }
}

/// Who won an auction, and what they pay, as scripts read it.
#[derive(Serialize)]
pub struct Sold {
    #[serde(flatten)]
    who: Who,
    /// In smallest units, where there is one price for all that were sold.
    pub price: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Who {
    /// Of one lot; null when nobody won.
    Winner(Option<String>),
    /// Of several, in the answer's order.
    Winners(Vec<Winner>),
}

#[derive(Serialize)]
struct Winner {
    bidder: String,
    quantity: u32,
    price: u64,
}

impl Sold {
    /// Of an answer; of another kind than an auction's without winner and price.
    pub fn of(terms: &Terms, answer: &Answer<Entrant>) -> Self {
        let Some(sales) = Sales::of(terms, answer) else {
            return Self { who: Who::Winner(None), price: None };
        };
        let named = |sale: &Sale| Winner {
            bidder: sale.entry.bidder.clone(),
            quantity: 1,
            price: sale.price,
        };
        let who = if sales.several() {
            Who::Winners(sales.sold.iter().map(named).collect())
        } else {
            Who::Winner(sales.sold.first().map(|sale| sale.entry.bidder.clone()))
        };
        Self { who, price: sales.price }
    }
}

type Sale = auction::Sale<Entrant>;

/// An auction's lots that were sold, with what is said of them.
struct Sales<'a> {
    auction: &'a auction::Question,
    sold: &'a [Sale],
    /// The price of all.
    price: Option<u64>,
}

impl<'a> Sales<'a> {
    fn of(terms: &'a Terms, answer: &'a Answer<Entrant>) -> Option<Self> {
        let (auction, answer) = (terms.question.as_auction()?, answer.as_auction()?);
        Some(Self { auction, sold: &answer.winners, price: answer.price(auction) })
    }

    const fn several(&self) -> bool {
        self.auction.quantity > 1
    }

    /// "sold" and "at", as the kind has it.
    const fn words(&self) -> (&'static str, &'static str) {
        if self.auction.kind.is_reverse() { ("awarded", "for") } else { ("sold", "at") }
    }

    fn show(&self, price: u64) -> String {
        clean(&self.auction.currency.show(price).to_string())
    }

    /// "3 lots", or "2 of 3 lots" where some are left.
    fn lots(&self) -> String {
        let (sold, all) = (self.sold.len() as u64, u64::from(self.auction.quantity));
        if sold == all {
            format!("{} lots", count(all))
        } else {
            format!("{} of {} lots", count(sold), count(all))
        }
    }

    fn line(&self) -> String {
        let (verb, at) = self.words();
        let Some(first) = self.sold.first() else {
            return strong(if self.auction.may_stay_unsold() {
                "No winner: no bid reached the reserve."
            } else {
                "No winner: there was no bid."
            });
        };
        let bidder = |sale: &Sale| strong(clean(&sale.entry.bidder));
        if !self.several() {
            let verb = if self.auction.kind.is_reverse() { "Awarded" } else { "Sold" };
            return format!("{verb} to {} {at} {}", bidder(first), strong(self.show(first.price)));
        }
        let lots = self.lots();
        let Some(price) = self.price else {
            let to = |sale: &Sale| format!("{} {at} {}", bidder(sale), self.show(sale.price));
            return format!("{lots} {verb} to {}", self.listed(to));
        };
        let each = if self.sold.len() > 1 { " each" } else { "" };
        let price = strong(self.show(price));
        format!("{lots} {verb} {at} {price}{each} to {}", self.listed(bidder))
    }

    /// "ada, ben and cyd"; of many only the first ones, and how many more there are.
    fn listed(&self, name: impl Fn(&Sale) -> String) -> String {
        let all = self.sold.len();
        let shown = if all > NAMED { NAMED - 1 } else { all };
        let mut names: Vec<String> = self.sold[..shown].iter().map(name).collect();
        if all > shown {
            names.push(format!("{} others", count((all - shown) as u64)));
        }
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }

    const fn need_rows(&self) -> bool {
        let several = self.several() && self.sold.len() > 1;
        several && (self.price.is_none() || self.sold.len() > NAMED)
    }

    fn rows(&self) -> String {
        let (verb, at) = self.words();
        let (head, rows) = if let Some(price) = self.price {
            let mut table = Table::new(&["bidder"]);
            for sale in self.sold {
                table.row([&sale.entry.bidder]);
            }
            (format!(" {at} {} each", strong(self.show(price))), table)
        } else {
            let mut table = Table::new(&["bidder", ">price"]);
            for sale in self.sold {
                table.row([sale.entry.bidder.clone(), self.show(sale.price)]);
            }
            let own = if self.auction.kind.is_reverse() { "is paid" } else { "pays" };
            (format!(", each winner {own} their own bid"), table)
        };
        let rows = rows.to_string();
        let rows = rows.lines().collect::<Vec<_>>().join("\n  ");
        format!("{} {verb}{head}\n  {rows}", self.lots())
    }

    fn short(&self) -> String {
        let (verb, at) = self.words();
        let Some(first) = self.sold.first() else {
            return "no winner".to_owned();
        };
        match self.price {
            _ if !self.several() => format!("{}, {}", first.entry.bidder, self.show(first.price)),
            Some(price) => {
                format!("{} {verb} {at} {}", count(self.sold.len() as u64), self.show(price))
            }
            None if self.sold.len() == 1 => first.entry.bidder.clone(),
            None => format!("{} +{}", first.entry.bidder, count(self.sold.len() as u64 - 1)),
        }
    }
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

fn with_result(shown: &impl Serialize, summary: &SessionSummary) -> Result<Value, Failure> {
    let mut value = to_json(shown)?;
    if let Some(answer) = &summary.result
        && let Some(result) = result_json(&summary.terms, answer)?
    {
        value["result"] = result;
    }
    Ok(value)
}

/// An answer as scripts read it: of auctions winner and price, both null when nobody won, or the
/// winners; of markets price and quantities; of surveys the results; of jobs what was revealed, and
/// the steps.
///
/// # Errors
/// Never for an answer that was read.
pub fn result_json(terms: &Terms, answer: &Answer<Entrant>) -> Result<Option<Value>, Failure> {
    if let Some(cleared) = Cleared::of(terms, answer) {
        return Ok(Some(cleared.json()));
    }
    if let Some(surveyed) = Surveyed::of(terms, answer) {
        return Ok(Some(surveyed.json()));
    }
    if let Some(completed) = Completed::of(terms, answer) {
        return Ok(Some(completed.json()));
    }
    answer.as_auction().map(|_| to_json(&Sold::of(terms, answer))).transpose()
}

/// A checked record's outcome as scripts read it, with the kind: of auctions with the winner or
/// winners, each with the envelope; of markets with price and quantities; of surveys with results; of
/// jobs with what was revealed.
///
/// # Errors
/// Never for an outcome that was read.
pub fn outcome_json(terms: &Terms, outcome: &Outcome) -> Result<Value, Failure> {
    let mut value = to_json(outcome)?;
    value["kind"] = terms.question.kind_name().into();
    let cleared = Cleared::of(terms, &outcome.answer).map(|cleared| cleared.json());
    let surveyed = || Surveyed::of(terms, &outcome.answer).map(|surveyed| surveyed.json());
    let completed = || Completed::of(terms, &outcome.answer).map(|completed| completed.json());
    if let Some(Value::Object(shown)) = cleared.or_else(surveyed).or_else(completed) {
        for (name, shown) in shown {
            value[name] = shown;
        }
    }
    if let Some(sales) = Sales::of(terms, &outcome.answer) {
        let won = |sale: &Sale| {
            let Entrant { bidder, envelope } = &sale.entry;
            json!({"bidder": bidder, "envelope": envelope, "price": sale.price})
        };
        if sales.several() {
            let won = |sale: &Sale| {
                let mut won = won(sale);
                won["quantity"] = 1.into();
                won
            };
            value["winners"] = sales.sold.iter().map(won).collect();
            value["price"] = sales.price.into();
        } else {
            value["winner"] = sales.sold.first().map_or(Value::Null, won);
        }
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

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
