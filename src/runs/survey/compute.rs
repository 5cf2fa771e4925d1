//! How a survey is computed: which protocols, in which order, and what is opened.
//!
//! In: the fields of all valid entries in the order of arrival, shared. Out, at every node: the same
//! as [`crate::rules::survey::reference`] says. Who learns what: all nodes exactly what is opened:
//!
//! - where cohorts are public, the cohort of each entry (where the operator assigns them it is known,
//!   and nothing is opened);
//! - where they are secret and something is opened of them, whether each is withheld;
//! - of each histogram of an open group, whether each bin is withheld;
//! - the declared measures of the open groups, but for withheld bins.
//!
//! What is withheld is never opened. Where cohorts are public, their answers are picked by position,
//! which takes no gate; where they are secret, the numbers of the others are replaced by zeros, or
//! never counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::counted::{bins_of, extreme_of, spread};
use super::steps::{self, Extreme, Known, Places, Steps, before};
use super::withheld::withheld;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::bits::beside::{side_by_side, waves};
use crate::protocol::bits::combine::combine;
use crate::protocol::bits::nth::{Ordered, nth};
use crate::protocol::bits::open::{PublicBits, open, open_all};
use crate::protocol::bits::tally::{self, Shape, Tally, tally};
use crate::rules::Stage;
use crate::rules::survey::stage::Stage as OfSurveys;
use crate::rules::survey::{Answer, Cell, Group, Measure, Order, Question, Value};
use crate::runs::computed::RunError;
use crate::runs::reporter::Reporter;
use crate::sharing::{ShapeError, SharedBits};

/// Where a survey is computed.
pub(super) struct Survey<'a> {
    pub(super) ctx: &'a BitContext,
    pub(super) question: &'a Question,
    pub(super) reporter: &'a Reporter<'a>,
}

/// Numbers of which tournaments are under way at a time.
pub(super) const UNDER_WAY: usize = 1 << 19;

/// What has been computed and not opened: one number each.
type Found = BTreeMap<(Group, Measure), SharedBits>;

/// The fields of all entries, and who is in which cohort.
struct Inputs<'a> {
    cohorts: &'a [SharedBits],
    items: &'a [SharedBits],
    /// The positions of each cohort's entries, where that is public.
    members: Option<Vec<Arc<[usize]>>>,
}

impl Inputs<'_> {
    fn positions(&self, group: Group) -> Option<Arc<[usize]>> {
        match (group, &self.members) {
            (Group::Cohort(cohort), Some(members)) => members.get(cohort).cloned(),
            _ => None,
        }
    }
}

impl Survey<'_> {
    /// Compute what is declared and large enough, and open it. `assigned` has the cohort of each
    /// entry where the operator assigns them.
    pub(super) async fn compute(
        &self,
        fields: &[SharedBits],
        assigned: Option<Vec<usize>>,
    ) -> Result<Answer, RunError> {
        let (cohorts, items) = fields.split_at(self.question.chosen_cohorts());
        let entries = items.first().map_or(0, SharedBits::len);
        let told = match assigned {
            Some(assigned) => assigned,
            None => self.members(cohorts, entries).await?,
        };
        let of = |cohort: usize| {
            (0..entries).filter(|&entry| told[entry] == cohort).collect::<Vec<_>>().into()
        };
        let all = 0..self.question.cohorts.len();
        let members: Option<Vec<Arc<[usize]>>> =
            steps::is_public(self.question).then(|| all.map(of).collect());
        let inputs = Inputs { cohorts, items, members };

        let (counts, hidden) = self.hidden(&inputs, entries).await?;
        let known = Known {
            entries,
            members: inputs.members.as_ref().map(|own| own.iter().map(|one| one.len()).collect()),
            open: steps::open_groups(self.question, entries, &hidden),
        };
        let steps = Steps::of(self.question, &known);
        let masked = self.masked(&inputs, &steps).await?;
        let mut found = self.sums(&inputs, &known, &steps, &masked).await?;
        let closed = self.closed_bins(&known, &steps, &found).await?;
        self.ranked(&inputs, &known, &steps, &masked, &counts, &mut found).await?;
        for (cohort, count) in counts.into_iter().enumerate() {
            found.insert((Group::Cohort(cohort), Measure::Count), count);
        }
        let cells = self.open(&known, &found, &closed).await?;
        let told = told.into_iter().map(|cohort| u8::try_from(cohort).unwrap_or(u8::MAX));
        Ok(Answer { members: told.collect(), cells })
    }

    /// The cohort of each entry, where it is public; empty elsewhere.
    async fn members(
        &self,
        cohorts: &[SharedBits],
        entries: usize,
    ) -> Result<Vec<usize>, RunError> {
        if !steps::is_public(self.question) || entries == 0 {
            return Ok(Vec::new());
        }
        self.reporter.stage(OfSurveys::Counting);
        let batches: Vec<&SharedBits> = cohorts.iter().collect();
        let opened = open_all(&self.ctx.narrow("members"), &batches).await?;
        let chosen: Vec<Vec<u64>> = opened.iter().map(PublicBits::values).collect();
        let only = |entry: usize| {
            let mut set = (0..chosen.len()).filter(|&cohort| chosen[cohort][entry] == 1);
            let impossible = RunError::Impossible { what: "an entry without its one cohort" };
            match (set.next(), set.next()) {
                (Some(cohort), None) => Ok(cohort),
                _ => Err(impossible),
            }
        };
        (0..entries).map(only).collect()
    }

    /// How many secret cohorts each have, shared, and which cohorts are withheld.
    async fn hidden(
        &self,
        inputs: &Inputs<'_>,
        entries: usize,
    ) -> Result<(Vec<SharedBits>, Vec<bool>), RunError> {
        let rule = self.question.rule_of_cohorts();
        if let Some(members) = &inputs.members {
            let counts: Vec<u64> = members.iter().map(|own| own.len() as u64).collect();
            return Ok((Vec::new(), rule.withheld(&counts)));
        }
        if !steps::decides_cohorts(self.question, entries) {
            return Ok((Vec::new(), vec![true; inputs.cohorts.len()]));
        }
        self.reporter.stage(OfSurveys::Counting);
        let bits = inputs.cohorts.iter().flat_map(SharedBits::planes);
        let numbers = SharedBits::stack(self.ctx.holding(), entries, bits)?;
        let group = tally::Group { tally: Tally::Counts, numbers, positions: None };
        let counts = self.reporter.follow(tally(&self.ctx.narrow("cohorts"), &[group])).await?;
        let counts = counts.into_iter().next().unwrap_or_default();
        let width = counts.first().map_or(0, SharedBits::width);
        let all =
            SharedBits::concat(self.ctx.holding(), width, &counts.iter().collect::<Vec<_>>())?;
        let hidden = withheld(&self.ctx.narrow("small-cohorts"), rule, &all).await?;
        let hidden = open(&self.ctx.narrow("withheld-cohorts"), &hidden).await?;
        Ok((counts, hidden.values().into_iter().map(|hidden| hidden == 1).collect()))
    }

    /// The answers of secret cohorts, with zeros for everybody else.
    async fn masked(
        &self,
        inputs: &Inputs<'_>,
        steps: &Steps,
    ) -> Result<BTreeMap<(usize, usize), SharedBits>, RunError> {
        self.reporter.stage(OfSurveys::Adding);
        let cut = steps.masks.iter().map(|&(cohort, item)| {
            let (bit, numbers) = (&inputs.cohorts[cohort], &inputs.items[item]);
            move |ctx: BitContext| async move { spread(&ctx, bit, numbers).await }
        });
        let ctx = self.ctx.narrow("masks");
        let masked = self.reporter.follow(side_by_side(&ctx, cut)).await?;
        Ok(steps.masks.iter().copied().zip(masked).collect())
    }

    /// Sums, sums of squares, and counts of bins.
    async fn sums(
        &self,
        inputs: &Inputs<'_>,
        known: &Known,
        steps: &Steps,
        masked: &BTreeMap<(usize, usize), SharedBits>,
    ) -> Result<Found, RunError> {
        let mut groups = Vec::new();
        for sum in &steps.sums {
            let numbers = match sum.group {
                Group::Cohort(cohort) => masked.get(&(cohort, sum.item)),
                Group::All => None,
            };
            let numbers = numbers.unwrap_or(&inputs.items[sum.item]).clone();
            let positions = inputs.positions(sum.group);
            groups.push(tally::Group { tally: sum.tally, numbers, positions });
        }
        groups.extend(self.bins(inputs, known, steps).await?);
        let ctx = self.ctx.narrow("sums");
        let mut results = self.reporter.follow(tally(&ctx, &groups)).await?.into_iter();

        let mut found = Found::new();
        for (sum, results) in steps.sums.iter().zip(results.by_ref()) {
            let measures = [Measure::Sum(sum.item), Measure::Squares(sum.item)];
            found.extend(measures.map(|measure| (sum.group, measure)).into_iter().zip(results));
        }
        for (bins, counts) in steps.bins.iter().zip(results) {
            let bin = |at| (bins.group, Measure::Bin(bins.item, at));
            found.extend(counts.into_iter().enumerate().map(|(at, count)| (bin(at), count)));
        }
        self.join(known, steps, &mut found).await?;
        Ok(found)
    }

    /// Sums of all together from those of public cohorts.
    async fn join(
        &self,
        known: &Known,
        steps: &Steps,
        found: &mut Found,
    ) -> Result<(), ProtocolError> {
        let mut measures = Vec::new();
        let mut tasks = Vec::new();
        for &(item, tally) in &steps.joined {
            let width = steps::width(self.question, item);
            let widths = Shape { tally, width, count: known.entries }.widths();
            for (width, of) in widths.into_iter().zip([Measure::Sum, Measure::Squares]) {
                let parts = steps.parts(item).filter_map(|sum| found.get(&(sum.group, of(item))));
                let parts: Vec<&SharedBits> = parts.collect();
                measures.push((Group::All, of(item)));
                tasks.push(
                    move |ctx: BitContext| async move { tally::join(&ctx, &parts, width).await },
                );
            }
        }
        let joined = side_by_side(&self.ctx.narrow("joined"), tasks).await?;
        found.extend(measures.into_iter().zip(joined));
        Ok(())
    }

    /// For each histogram and group what is to be counted: a plane for every bin.
    async fn bins(
        &self,
        inputs: &Inputs<'_>,
        known: &Known,
        steps: &Steps,
    ) -> Result<Vec<tally::Group>, ProtocolError> {
        let items: Vec<usize> = steps.parted().into_iter().collect();
        let parts = items.iter().map(|&item| {
            let (edges, numbers) = (self.question.edges(item), &inputs.items[item]);
            move |ctx: BitContext| async move { bins_of(&ctx, &edges, numbers).await }
        });
        let ctx = self.ctx.narrow("bins");
        let parts = self.reporter.follow(side_by_side(&ctx, parts)).await?;
        let parts: BTreeMap<usize, SharedBits> = items.into_iter().zip(parts).collect();
        let of_groups = steps.bins.iter().map(|bins| {
            let bit = match bins.group {
                Group::Cohort(cohort) if known.is_secret(bins.group) => {
                    Some(&inputs.cohorts[cohort])
                }
                _ => None,
            };
            let part = &parts[&bins.item];
            move |ctx: BitContext| async move {
                match bit {
                    Some(bit) => spread(&ctx, bit, part).await,
                    None => Ok(part.clone()),
                }
            }
        });
        let numbers = side_by_side(&self.ctx.narrow("bins-of-groups"), of_groups).await?;
        let groups = steps.bins.iter().zip(numbers).map(|(bins, numbers)| {
            let positions = inputs.positions(bins.group);
            tally::Group { tally: Tally::Counts, numbers, positions }
        });
        Ok(groups.collect())
    }

    /// Which bins of open groups are withheld.
    async fn closed_bins(
        &self,
        known: &Known,
        steps: &Steps,
        found: &Found,
    ) -> Result<BTreeSet<(Group, Measure)>, RunError> {
        if steps.bins.is_empty() {
            return Ok(BTreeSet::new());
        }
        let rule = self.question.rule_of_bins();
        let small = steps.bins.iter().map(|bins| {
            let counts = (0..bins.count)
                .filter_map(|bin| found.get(&(bins.group, Measure::Bin(bins.item, bin))));
            let counts: Vec<&SharedBits> = counts.collect();
            let width = Shape { tally: Tally::Counts, width: 1, count: known.len(bins.group) };
            let width = width.widths().into_iter().next().unwrap_or(0);
            let counts = SharedBits::concat(self.ctx.holding(), width, &counts);
            move |ctx: BitContext| async move { withheld(&ctx, rule, &counts?).await }
        });
        let small = side_by_side(&self.ctx.narrow("small-bins"), small).await?;
        let batches: Vec<&SharedBits> = small.iter().collect();
        let opened = open_all(&self.ctx.narrow("withheld-bins"), &batches).await?;
        let mut closed = BTreeSet::new();
        for (bins, hidden) in steps.bins.iter().zip(opened) {
            let hidden = hidden.values().into_iter().enumerate().filter(|&(_, hidden)| hidden == 1);
            closed.extend(hidden.map(|(bin, _)| (bins.group, Measure::Bin(bins.item, bin))));
        }
        Ok(closed)
    }

    /// Minima, maxima, medians and quartiles.
    async fn ranked(
        &self,
        inputs: &Inputs<'_>,
        known: &Known,
        steps: &Steps,
        masked: &BTreeMap<(usize, usize), SharedBits>,
        counts: &[SharedBits],
        found: &mut Found,
    ) -> Result<(), RunError> {
        if steps.extremes.is_empty() && steps.places.is_empty() {
            return Ok(());
        }
        self.reporter.stage(OfSurveys::Ranking);
        let weights = steps.extremes.iter().map(|extreme| known.len(extreme.group));
        let mut rest = &steps.extremes[..];
        for (number, size) in waves(weights, UNDER_WAY).into_iter().enumerate() {
            let (wave, later) = rest.split_at(size);
            let tasks = wave.iter().map(|extreme| {
                move |ctx: BitContext| async move {
                    let numbers = match extreme.group {
                        Group::Cohort(cohort) => masked.get(&(cohort, extreme.item)),
                        Group::All => None,
                    };
                    let bit = match extreme.group {
                        Group::Cohort(cohort) if numbers.is_some() => inputs.cohorts.get(cohort),
                        _ => None,
                    };
                    let numbers = numbers.unwrap_or(&inputs.items[extreme.item]);
                    let numbers = match inputs.positions(extreme.group) {
                        Some(positions) => numbers.gather(&positions)?,
                        None => numbers.clone(),
                    };
                    extreme_of(&ctx, extreme, numbers, bit).await
                }
            });
            let ctx = self.ctx.narrow(format!("extremes-{number}"));
            let results = self.reporter.follow(side_by_side(&ctx, tasks)).await?;
            let of = |extreme: &Extreme| Measure::Ranked(extreme.item, extreme.order);
            found.extend(wave.iter().map(|own| (own.group, of(own))).zip(results));
            rest = later;
        }
        let tasks = self.tasks(inputs, known, steps, counts).await?;
        let ctx = self.ctx.narrow("places");
        let results = self.reporter.follow(nth(&ctx, &tasks)).await?;
        for (places, results) in steps.places.iter().zip(results) {
            let of = |&order: &Order| (places.group, Measure::Ranked(places.item, order));
            found.extend(places.orders.iter().map(of).zip(results));
        }
        Ok(())
    }

    /// The answers among which places are looked for, and how many come before each.
    async fn tasks(
        &self,
        inputs: &Inputs<'_>,
        known: &Known,
        steps: &Steps,
        counts: &[SharedBits],
    ) -> Result<Vec<Ordered>, ProtocolError> {
        // Three times the secret counts, for lower quartiles.
        let tripled = tripled(known, steps).into_iter().map(|cohort| {
            let count = &counts[cohort];
            move |ctx: BitContext| async move {
                Ok((cohort, combine(&ctx, &[(count, 3)], count.width() + 2).await?))
            }
        });
        let tripled = side_by_side(&self.ctx.narrow("quarters"), tripled).await?;
        let tripled: BTreeMap<usize, SharedBits> = tripled.into_iter().collect();
        let shared = |cohort: usize, order: Order| {
            let (times, shift) = before(order);
            let count = if times == 3 { tripled.get(&cohort) } else { counts.get(cohort) };
            let none = ShapeError { what: "counts of cohorts", expected: cohort + 1, got: 0 };
            let count = count.ok_or(none)?;
            count.take_planes(shift.min(count.width())..count.width())
        };
        let task = |places: &Places| {
            let (numbers, positions) = (&inputs.items[places.item], inputs.positions(places.group));
            let numbers = match positions {
                Some(positions) => numbers.gather(&positions)?,
                None => numbers.clone(),
            };
            let secret = match places.group {
                Group::Cohort(cohort) if known.is_secret(places.group) => Some(cohort),
                _ => None,
            };
            let before = places.orders.iter().map(|&order| {
                if let Some(cohort) = secret {
                    return shared(cohort, order);
                }
                let (times, shift) = before(order);
                let before = (known.len(places.group) as u64 * times) >> shift;
                let width = (u64::BITS - before.leading_zeros()) as usize;
                Ok(SharedBits::from_public(self.ctx.holding(), width, &[before]))
            });
            let before = before.collect::<Result<_, ShapeError>>()?;
            let counting = secret.map(|cohort| inputs.cohorts[cohort].clone());
            Ok(Ordered { numbers, counting, before })
        };
        let tasks = steps.places.iter().map(task);
        Ok(tasks.collect::<Result<_, ShapeError>>()?)
    }

    /// Open what is declared of the open groups.
    async fn open(
        &self,
        known: &Known,
        found: &Found,
        closed: &BTreeSet<(Group, Measure)>,
    ) -> Result<Vec<Cell>, RunError> {
        let batches = opened(self.question, known);
        let batches = batches.into_iter().filter(|cell| !closed.contains(cell));
        let batches: Vec<((Group, Measure), &SharedBits)> =
            batches.filter_map(|cell| Some((cell, found.get(&cell)?))).collect();
        let mut values: BTreeMap<(Group, Measure), u128> = BTreeMap::new();
        if !batches.is_empty() {
            self.reporter.stage(Stage::Opening);
            let all: Vec<&SharedBits> = batches.iter().map(|(_, batch)| *batch).collect();
            let opened = open_all(&self.ctx.narrow("results"), &all).await?;
            let cells = batches.iter().map(|(cell, _)| *cell);
            values.extend(cells.zip(opened.iter().map(|opened| opened.wide_value(0))));
        }
        let cell = |group: Group| {
            if !known.open.contains(&group) {
                return Cell::Withheld;
            }
            let value = |measure: Measure| match measure {
                Measure::Count if !known.is_secret(group) => Some(known.len(group) as u128),
                _ => values.get(&(group, measure)).copied(),
            };
            let measures = self.question.measures(group).into_iter();
            Cell::Open(measures.map(|measure| value(measure).map(Value)).collect())
        };
        Ok(self.question.groups().into_iter().map(cell).collect())
    }
}

/// What is opened of the open groups, but for withheld bins.
pub(super) fn opened(question: &Question, known: &Known) -> Vec<(Group, Measure)> {
    let of = |&group: &Group| {
        let measures = question.measures(group).into_iter();
        // How many others there are is known.
        let secret = known.is_secret(group);
        let open = measures.filter(move |measure| secret || *measure != Measure::Count);
        open.map(move |measure| (group, measure)).collect::<Vec<_>>()
    };
    known.open.iter().flat_map(of).collect()
}

/// Secret cohorts of which a lower quartile is looked for.
pub(super) fn tripled(known: &Known, steps: &Steps) -> BTreeSet<usize> {
    let places = steps.places.iter().filter(|places| known.is_secret(places.group));
    let lower = places.filter(|places| places.orders.contains(&Order::LowerQuartile));
    let cohorts = lower.filter_map(|places| match places.group {
        Group::Cohort(cohort) => Some(cohort),
        Group::All => None,
    });
    cohorts.collect()
}
