//! What an owner at a terminal sees while it serves: the stock of every model, who is being scored and how
//! far that is, and a line for every score that is done.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::stock::gauge;
use crate::cli::course::of_guest;
use crate::cli::output::{clean, person_watches};
use crate::identity::Digest;
use crate::rules::model::Structure;
use crate::scoring::{Guest, Itinerary};
use crate::wire::dealer_api::StockLine;

/// Characters of a key that are shown.
const KEY: usize = 12;

/// How often the lines of those who are here are drawn anew.
pub const OFTEN: Duration = Duration::from_millis(250);

/// A model that is served.
pub struct Served {
    /// Its id.
    pub model: Digest,
    /// What its owner calls it.
    pub name: String,
    /// Its layers.
    pub structure: Structure,
    /// What a score of it goes through.
    pub itinerary: Itinerary,
    /// How its stock stood when last heard; none before, and while the coordinator does not tell.
    pub stock: Option<StockLine>,
}

impl Served {
    /// What is left, in words.
    pub fn left(&self) -> String {
        match &self.stock {
            Some(stock) => format!("{} of {} batches ready", stock.ready, stock.target),
            None => "the stock is not known at present".to_owned(),
        }
    }
}

/// The beginning of a key, for people.
pub fn short(key: impl std::fmt::Display) -> String {
    clean(&key.to_string()).chars().take(KEY).collect()
}

/// The lines that move. Without a terminal there are none.
pub struct Live {
    lines: Option<MultiProgress>,
    stocks: Vec<ProgressBar>,
    guests: BTreeMap<u64, ProgressBar>,
}

impl Live {
    /// One line for each model.
    pub fn new(models: &[Served]) -> Self {
        let lines =
            person_watches().then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        let stocks = lines.as_ref().map(|lines| models.iter().map(|_| line(lines)).collect());
        Self { lines, stocks: stocks.unwrap_or_default(), guests: BTreeMap::new() }
    }

    /// Draw how everything stands.
    pub fn draw(&mut self, models: &[Served], guests: &[Guest]) {
        let Some(lines) = &self.lines else { return };
        let widest = models.iter().map(|served| served.name.chars().count()).max().unwrap_or(0);
        for (bar, served) in self.stocks.iter().zip(models) {
            let gauge = served.stock.as_ref().map(gauge).unwrap_or_default();
            let making = served.stock.as_ref().filter(|stock| stock.making > 0);
            let making = if making.is_some() { ", one more is being made" } else { "" };
            let name = clean(&served.name);
            bar.set_message(format!("{name:widest$}  {gauge}  {}{making}", served.left()));
        }
        self.guests.retain(|number, bar| {
            let here = guests.iter().any(|guest| guest.number == *number);
            if !here {
                bar.finish_and_clear();
                lines.remove(bar);
            }
            here
        });
        for guest in guests {
            let Some(served) = models.iter().find(|served| served.model == guest.model) else {
                continue;
            };
            let bar = self.guests.entry(guest.number).or_insert_with(|| line(lines));
            bar.set_message(format!(
                "{}  {}  {}, {} s",
                short(guest.client),
                clean(&served.name),
                of_guest(&served.itinerary, &guest.course),
                guest.since.elapsed().as_secs()
            ));
        }
    }

    /// A line that stays above those that move.
    pub fn keep(&self, text: &str) {
        if let Some(lines) = &self.lines {
            let _ = lines.println(text);
        } else {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }
}

/// What moves is gone when the program ends.
impl Drop for Live {
    fn drop(&mut self) {
        if let Some(lines) = &self.lines {
            let _ = lines.clear();
        }
    }
}

fn line(lines: &MultiProgress) -> ProgressBar {
    let bar = lines.add(ProgressBar::new_spinner());
    if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
        bar.set_style(style);
    }
    bar
}
