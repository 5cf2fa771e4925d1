//! What a survey's terms mean for whoever takes part, in words that screens and command line share.

use super::question::Question;
use super::statistic::{By, Group, Measure, Order, Statistic};
use crate::sharing::form::Form;

/// Of whom something is opened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Whose {
    /// Of each participant by itself.
    Each,
    /// Of all together.
    All,
    /// Of each cohort.
    Cohorts,
}

impl Whose {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Each => "of each participant",
            Self::All => "of all together",
            Self::Cohorts => "of each cohort",
        }
    }
}

/// A value that may be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// Of whom.
    pub whose: Whose,
    /// Which measure, where it is one.
    pub measure: Option<Measure>,
    /// What it is called.
    pub name: String,
}

impl Question {
    /// Every value that may be opened, named, where answers are shared in this form. Nothing else
    /// ever is; of what is withheld, not even these.
    pub fn opened(&self, form: Form) -> Vec<Opened> {
        let mut opened = Vec::new();
        let mut say = |whose, name: &str| {
            opened.push(Opened { whose, measure: None, name: name.to_owned() });
        };
        let checked = self.layout().is_ok_and(|layout| layout.can_exceed());
        match (checked, self.chosen_cohorts() == 0) {
            // Nothing is checked but what is opened anyway.
            _ if form == Form::Sums => {}
            (_, false) => say(
                Whose::Each,
                "whether the answers are within their bounds, with one cohort chosen",
            ),
            (true, true) => say(Whose::Each, "whether the answers are within their bounds"),
            (false, true) => {}
        }
        if self.tells_cohorts() {
            say(Whose::Each, "the cohort");
        }
        let by_cohort = self.measures_of_cohorts();
        if !by_cohort.is_empty() {
            say(Whose::Cohorts, "whether it is withheld");
        }
        for (whose, measures) in [(Whose::All, self.measures_of_all()), (Whose::Cohorts, by_cohort)]
        {
            opened.extend(measures.into_iter().map(|measure| Opened {
                whose,
                measure: Some(measure),
                name: self.name_of(measure),
            }));
        }
        opened
    }

    /// What a measure is called.
    pub fn name_of(&self, measure: Measure) -> String {
        let name = |item: usize| self.items.get(item).map_or("", |item| item.name.as_str());
        match measure {
            Measure::Count => "the number of answers".to_owned(),
            Measure::Sum(item) => format!("the sum of {}", name(item)),
            Measure::Squares(item) => format!("the sum of the squares of {}", name(item)),
            Measure::Ranked(item, order) => {
                let which = match order {
                    Order::Minimum => "smallest answer",
                    Order::LowerQuartile => "answer at a quarter",
                    Order::Median => "answer in the middle",
                    Order::UpperQuartile => "answer at three quarters",
                    Order::Maximum => "largest answer",
                };
                format!("the {which} to {}", name(item))
            }
            Measure::Bin(item, bin) => {
                let bin = self.results.iter().find_map(|declared| match &declared.statistic {
                    Statistic::Histogram(of, edges) if *of == item => {
                        Some(self.show_bin(item, edges, bin))
                    }
                    _ => None,
                });
                format!("how many answered {}: {}", name(item), bin.unwrap_or_default())
            }
        }
    }

    /// What may be opened in lines, a line for each of whom: "of all together: the number of
    /// answers, the sum of pay".
    pub fn opened_lines(&self, form: Form) -> Vec<String> {
        let opened = self.opened(form);
        let line = |whose: Whose| {
            let names = opened.iter().filter(|opened| opened.whose == whose);
            let names: Vec<&str> = names.map(|opened| opened.name.as_str()).collect();
            (!names.is_empty()).then(|| format!("{}: {}", whose.words(), names.join(", ")))
        };
        [Whose::Each, Whose::All, Whose::Cohorts].into_iter().filter_map(line).collect()
    }

    /// What is asked for, in lines, a line for each of whom, that name so many statistics at most:
    /// "of all together: count, mean of pay".
    pub fn declared_lines(&self, most: usize) -> Vec<String> {
        let line = |whose: Whose, of: fn(By) -> bool| {
            let own = self.results.iter().filter(|declared| of(declared.by));
            let mut names: Vec<String> =
                own.map(|declared| self.statistic_line(&declared.statistic)).collect();
            let more = names.len().saturating_sub(most);
            names.truncate(most);
            if more > 0 {
                names.push(format!("and {more} more"));
            }
            (!names.is_empty()).then(|| format!("{}: {}", whose.words(), names.join(", ")))
        };
        let lines = [line(Whose::All, By::of_all), line(Whose::Cohorts, By::of_cohorts)];
        lines.into_iter().flatten().collect()
    }

    /// When nothing is opened, in one line.
    pub fn withheld_line(&self) -> String {
        let least = self.at_least;
        if self.cohorts.is_empty() {
            format!("where fewer than {least} answer, nothing is opened")
        } else {
            format!(
                "of fewer than {least} answers nothing is opened, nor of a cohort that would give \
                 theirs away"
            )
        }
    }

    /// A question with its bounds in one line: "pay: 0.00 EUR to 500 000.00 EUR".
    pub fn item_line(&self, item: usize) -> String {
        let Some(asked) = self.items.get(item) else { return String::new() };
        let (least, most) = (asked.show(asked.minimum.into()), asked.show(asked.maximum.into()));
        match &asked.text {
            None => format!("{}: {least} to {most}", asked.name),
            Some(text) => format!("{}: {text} ({least} to {most})", asked.name),
        }
    }

    /// The name of a group; none for all together.
    pub fn group_name(&self, group: Group) -> Option<&str> {
        match group {
            Group::All => None,
            Group::Cohort(cohort) => self.cohorts.get(cohort).map(String::as_str),
        }
    }

    /// A statistic with what it is of: "mean of pay", "count".
    pub fn statistic_line(&self, statistic: &Statistic) -> String {
        let name = |item: usize| self.items.get(item).map_or("", |item| item.name.as_str());
        match *statistic {
            Statistic::Count => "count".to_owned(),
            Statistic::Ratio(item, per) => format!("{} per {}", name(item), name(per)),
            _ => match statistic.item() {
                Some(item) => format!("{} of {}", statistic.name(), name(item)),
                None => statistic.name().to_owned(),
            },
        }
    }
}
