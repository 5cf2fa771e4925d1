//! An order for a market on the command line: by steps, or from a table.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use clap::Args;
use zeroize::Zeroizing;

use super::context::Context;
use super::failure::Failure;
use super::output::clean;
use super::prompt::sure;
use crate::rules::market::order::{MAX_STEPS, OrderError};
use crate::rules::market::sheet::{self, SheetError};
use crate::rules::market::{Order, Question, Side, line};
use crate::rules::written::Written;

/// Most bytes of a table.
const MOST: u64 = 1 << 20;

/// What a participant of a market wants.
#[derive(Args)]
pub struct OrderOptions {
    /// In a market: buy up to this quantity at this price or a lower one. Once for each step; stays
    /// in the shell's history, use --order to avoid it
    #[arg(long, value_name = "QUANTITY@PRICE", conflicts_with_all = ["sell", "order", "amount", "resend"])]
    buy: Vec<String>,
    /// In a market: sell up to this quantity at this price or a higher one. Once for each step
    #[arg(long, value_name = "QUANTITY@PRICE", conflicts_with_all = ["order", "amount", "resend"])]
    sell: Vec<String>,
    /// In a market: take the steps from a table with the columns side, quantity, price (CSV; - is
    /// standard input)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["amount", "resend"])]
    order: Option<PathBuf>,
}

impl From<OrderError> for Failure {
    fn from(error: OrderError) -> Self {
        Self::new("bad-order", error)
    }
}

impl From<SheetError> for Failure {
    fn from(error: SheetError) -> Self {
        Self::new("bad-order", error)
    }
}

impl OrderOptions {
    /// Whether any of them was given.
    pub const fn given(&self) -> bool {
        !self.buy.is_empty() || !self.sell.is_empty() || self.order.is_some()
    }

    /// The order, from options, a file, or standard input where that is no terminal.
    ///
    /// # Errors
    /// Names the step or line that is wrong, and what to change.
    pub fn read(&self, question: &Question) -> Result<Order, Failure> {
        let (side, steps) =
            if self.sell.is_empty() { (Side::Buy, &self.buy) } else { (Side::Sell, &self.sell) };
        if !steps.is_empty() {
            let steps = steps.iter().map(|text| step(text)).collect::<Result<Vec<_>, _>>()?;
            return Ok(Order::parse(question, side, &steps)?);
        }
        let (name, text) = match &self.order {
            Some(path) if path.as_os_str() != "-" => (path.display().to_string(), file(path)?),
            None if std::io::stdin().is_terminal() => {
                return Err(Failure::usage(
                    "this is a market: say what you want with --buy QUANTITY@PRICE or \
                     --sell QUANTITY@PRICE, once for each step, or with --order FILE",
                ));
            }
            _ => ("standard input".to_owned(), text(std::io::stdin().lock(), "standard input")?),
        };
        sheet::read(question, &text).map_err(|error| Failure::from(error).about(name))
    }
}

/// Show what an order means at which prices, and ask whether it is meant where somebody sits at a
/// terminal.
///
/// # Errors
/// When it is not meant.
pub fn confirm(
    context: &Context,
    question: &Question,
    order: &Order,
    yes: bool,
) -> Result<(), Failure> {
    let mut shown = "Your order, which nobody else sees:".to_owned();
    for line in question.order_lines(order) {
        shown.push_str("\n  ");
        shown.push_str(&clean(&line));
    }
    if let Some(besides) = question.told_besides() {
        shown.push_str("\nAfter the outcome ");
        shown.push_str(&besides);
        shown.push('.');
    }
    context.output.note(shown);
    if yes || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(());
    }
    if sure("Sign it and hand it in?")? {
        return Ok(());
    }
    Err(Failure::new("not-confirmed", "nothing was handed in"))
}

/// "40@30": a quantity and a price.
fn step(text: &str) -> Result<(Written, Written), Failure> {
    line::step(text).ok_or_else(|| Failure::usage("a step is QUANTITY@PRICE, such as 40@30"))
}

fn file(path: &std::path::Path) -> Result<Zeroizing<String>, Failure> {
    let opened = std::fs::File::open(path);
    let opened = opened.map_err(|error| Failure::file("reading", path, &error))?;
    text(opened, &path.display().to_string())
}

fn text(from: impl std::io::Read, name: &str) -> Result<Zeroizing<String>, Failure> {
    // Room for everything at once: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(64 << 10));
    from.take(MOST + 1)
        .read_to_string(&mut text)
        .map_err(|error| Failure::new("file", format!("{name} cannot be read as text: {error}")))?;
    if text.len() as u64 > MOST {
        let detail =
            format!("{name} is too large for an order, which has at most {MAX_STEPS} steps");
        return Err(Failure::new("bad-order", detail));
    }
    Ok(text)
}
