//! The results of a survey: the statistics that its terms declare, from what was opened.

use super::answer::{Answer, Cell};
use super::exact::Exact;
use super::question::Question;
use super::statistic::{Group, Measure, Order, Statistic};
use crate::rules::money::Currency;

/// Digits of means and deviations beyond those of the answers.
pub const MORE_DIGITS: u8 = 2;

/// Digits of a ratio.
pub const RATIO_DIGITS: u8 = 4;

/// One statistic of one group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    /// Of whom.
    pub group: Group,
    /// What.
    pub statistic: &'a Statistic,
    /// What it comes to.
    pub figure: Figure,
}

/// What a statistic comes to. Amounts are in smallest units, ratios in units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Figure {
    /// Nothing was opened.
    Withheld,
    /// There is no such number: a ratio to a sum of 0.
    Undefined,
    /// A number.
    Number(Exact),
    /// A number for each quartile or bin; none for a bin that was withheld.
    Several(Vec<Option<Exact>>),
}

impl Figure {
    /// Whether nothing is told: withheld as a whole, or bin by bin.
    pub fn is_withheld(&self) -> bool {
        match self {
            Self::Withheld => true,
            Self::Several(numbers) => numbers.iter().all(Option::is_none),
            Self::Undefined | Self::Number(_) => false,
        }
    }
}

impl Question {
    /// What the statistics come to, in the order of the terms, each of all together first and then
    /// by cohort.
    pub fn results(&self, answer: &Answer) -> Vec<Line<'_>> {
        let groups = self.groups();
        let cells: Vec<_> = groups.iter().copied().zip(&answer.cells).collect();
        let declared = self.results.iter().flat_map(|declared| {
            let own = cells.iter().filter(|(group, _)| match group {
                Group::All => declared.by.of_all(),
                Group::Cohort(_) => declared.by.of_cohorts(),
            });
            own.map(|&(group, cell)| (group, &declared.statistic, cell))
        });
        let line = |(group, statistic, cell)| Line {
            group,
            statistic,
            figure: self.figure(group, statistic, cell),
        };
        declared.map(line).collect()
    }

    fn figure(&self, group: Group, statistic: &Statistic, cell: &Cell) -> Figure {
        if *cell == Cell::Withheld {
            return Figure::Withheld;
        }
        let measures = self.measures(group);
        let opened = Opened { question: self, cell, measures: &measures };
        opened.figure(statistic).unwrap_or(Figure::Undefined)
    }
}

/// What was opened of a group.
struct Opened<'a> {
    question: &'a Question,
    cell: &'a Cell,
    measures: &'a [Measure],
}

impl Opened<'_> {
    fn value(&self, measure: Measure) -> Option<u128> {
        self.cell.value(self.measures, measure)
    }

    fn minimum(&self, item: usize) -> i128 {
        self.question.items.get(item).map_or(0, |item| item.minimum.into())
    }

    /// The sum of the answers themselves.
    fn sum(&self, item: usize) -> Option<i128> {
        let sum = i128::try_from(self.value(Measure::Sum(item))?).ok()?;
        let minimum = self.minimum(item);
        if minimum == 0 {
            return Some(sum);
        }
        let count = i128::try_from(self.value(Measure::Count)?).ok()?;
        sum.checked_add(count.checked_mul(minimum)?)
    }

    fn ranked(&self, item: usize, order: Order) -> Option<Exact> {
        let above = i128::try_from(self.value(Measure::Ranked(item, order))?).ok()?;
        Some(Exact::Whole(above.checked_add(self.minimum(item))?))
    }

    /// None where there is no such number.
    fn figure(&self, statistic: &Statistic) -> Option<Figure> {
        let count = || self.value(Measure::Count);
        let number = match *statistic {
            Statistic::Count => Exact::Whole(i128::try_from(count()?).ok()?),
            Statistic::Sum(item) => Exact::Whole(self.sum(item)?),
            Statistic::Mean(item) => {
                let denominator = count().filter(|&count| count > 0)?;
                Exact::Fraction { numerator: self.sum(item)?, denominator }
            }
            Statistic::Deviation(item) => {
                let count = count().filter(|&count| count > 0)?;
                let (sum, squares) =
                    (self.value(Measure::Sum(item))?, self.value(Measure::Squares(item))?);
                // It is the same for answers that are all as much larger.
                let spread = count.checked_mul(squares)?.checked_sub(sum.checked_mul(sum)?)?;
                Exact::Root { radicand: spread, denominator: count }
            }
            Statistic::Ratio(item, per) => {
                let scale = |item: usize| {
                    let decimals =
                        self.question.items.get(item).map_or(0, |item| item.unit.decimals);
                    10_i128.checked_pow(decimals.into())
                };
                let (sum, per_sum) = (self.sum(item)?, self.sum(per)?);
                let numerator = sum.checked_mul(scale(per)?)?.checked_mul(per_sum.signum())?;
                let denominator = per_sum.checked_mul(scale(item)?)?.unsigned_abs();
                if denominator == 0 {
                    return None;
                }
                Exact::Fraction { numerator, denominator }
            }
            Statistic::Minimum(item) => self.ranked(item, Order::Minimum)?,
            Statistic::Maximum(item) => self.ranked(item, Order::Maximum)?,
            Statistic::Median(item) => self.ranked(item, Order::Median)?,
            Statistic::Quartiles(item) => {
                let orders = [Order::LowerQuartile, Order::Median, Order::UpperQuartile];
                return Some(Figure::Several(
                    orders.map(|order| self.ranked(item, order)).to_vec(),
                ));
            }
            Statistic::Histogram(item, ref edges) => {
                let bin = |bin| {
                    let count = i128::try_from(self.value(Measure::Bin(item, bin))?).ok()?;
                    Some(Exact::Whole(count))
                };
                return Some(Figure::Several((0..=edges.len()).map(bin).collect()));
            }
        };
        Some(Figure::Number(number))
    }
}

impl Question {
    /// What a statistic's number is counted in, and to how many digits of the smallest unit it is
    /// shown.
    fn scale(&self, statistic: &Statistic) -> (Currency, u8) {
        let unit = |item: usize| {
            let none = || Currency { code: String::new(), decimals: 0 };
            self.items.get(item).map_or_else(none, |item| item.unit.clone())
        };
        match *statistic {
            Statistic::Count | Statistic::Histogram(..) => {
                (Currency { code: String::new(), decimals: 0 }, 0)
            }
            Statistic::Mean(item) | Statistic::Deviation(item) => (unit(item), MORE_DIGITS),
            Statistic::Ratio(item, per) => {
                let (one, other) = (unit(item).code, unit(per).code);
                let code = match (one == other, other.is_empty()) {
                    (true, _) => String::new(),
                    (false, true) => one,
                    (false, false) => format!("{one}/{other}"),
                };
                (Currency { code, decimals: 0 }, RATIO_DIGITS)
            }
            Statistic::Sum(item)
            | Statistic::Minimum(item)
            | Statistic::Maximum(item)
            | Statistic::Median(item)
            | Statistic::Quartiles(item) => (unit(item), 0),
        }
    }

    /// A statistic's number as people read it: "1 250.50 EUR".
    pub fn show_number(&self, statistic: &Statistic, number: Exact) -> String {
        self.written(statistic, number, |unit, size| unit.show(size).to_string())
    }

    /// The same as scripts and spreadsheets read it: "1250.50".
    pub fn plain_number(&self, statistic: &Statistic, number: Exact) -> String {
        self.written(statistic, number, Currency::plain)
    }

    fn written(
        &self,
        statistic: &Statistic,
        number: Exact,
        write: impl Fn(&Currency, u64) -> String,
    ) -> String {
        let (unit, digits) = self.scale(statistic);
        let unit = Currency { decimals: unit.decimals.saturating_add(digits), ..unit };
        let rounded = number.rounded(digits.into());
        let size = rounded.and_then(|number| u64::try_from(number.unsigned_abs()).ok());
        let Some((rounded, size)) = rounded.zip(size) else {
            return format!("{:e}", number.float());
        };
        let sign = if rounded < 0 { "-" } else { "" };
        format!("{sign}{}", write(&unit, size))
    }

    /// The unit of a statistic's number.
    pub fn unit_of(&self, statistic: &Statistic) -> String {
        self.scale(statistic).0.code
    }

    /// What one of a statistic's several numbers is called: a quartile, or a bin of a histogram.
    pub fn part_name(&self, statistic: &Statistic, part: usize) -> String {
        match statistic {
            Statistic::Histogram(item, edges) => self.show_bin(*item, edges, part),
            _ => ["lower quartile", "median", "upper quartile"]
                .get(part)
                .map_or_else(String::new, |name| (*name).to_owned()),
        }
    }

    /// What a bin of a histogram holds, such as "from 30 000 EUR to below 40 000 EUR".
    pub fn show_bin(&self, item: usize, edges: &[i64], bin: usize) -> String {
        let Some(asked) = self.items.get(item) else { return String::new() };
        let edge = |at: usize| edges.get(at).map(|&edge| asked.show(edge.into()));
        match (bin.checked_sub(1).and_then(edge), edge(bin)) {
            (None, Some(to)) => format!("below {to}"),
            (Some(from), Some(to)) => format!("{from} to below {to}"),
            (Some(from), None) => format!("{from} and more"),
            (None, None) => String::new(),
        }
    }
}
