//! Groups, blocks, kings and stripes with which an auction is expected to take the least time. Longer lines
//! make larger groups worth their gates; slower ones make kings worth their second round.

use std::collections::HashMap;

use super::cost::predict;
use super::workload::Workload;
use crate::protocol::bracket::{Level, is_one_group, levels, pairs};
use crate::protocol::tactics::{BestBy, GROUPS, MOST_RANKED, USUALLY_RANKED};
use crate::protocol::{Cost, CostModel, Security, Tactics};
use crate::runs::blocks::Comparisons;
use crate::runs::line::{Line, king_from, lanes, seconds};
use crate::sharing::form::Form;
use crate::sharing::{NodeSet, Scheme};

/// The tactics for an auction over these lines.
pub fn choose(scheme: Scheme, participants: NodeSet, work: Workload, line: Line) -> Tactics {
    if work.protocol == Form::Numbers {
        return Tactics::default();
    }
    if work.quantity > 1 {
        return for_lots(scheme, participants, work, line);
    }
    let king_from = king_from(scheme, participants, line);
    let entries = work.bids + usize::from(work.reserve);
    let count = entries.div_ceil(2);
    let lanes = lanes(scheme, count, line, 2);
    let tactics = Tactics { king_from, lanes, ..Tactics::default() };
    comparisons(scheme, participants, work, line, count).fastest(tactics, |mut tactics| {
        let model = model_of(scheme, participants, work, &tactics);
        let mut search = Search::new(scheme, work, line, model);
        tactics.groups = search.first(entries, 0, 0).1;
        let bracket = levels(entries, &tactics.groups);
        if !is_one_group(&bracket) {
            let met = bracket.iter().map(|level| level.group - 1).sum();
            tactics.second_groups = search.second(met).1;
        }
        (time(scheme, participants, work, line, &tactics), tactics)
    })
}

/// What blocks are chosen for, where so many numbers are compared at once.
fn comparisons(
    scheme: Scheme,
    participants: NodeSet,
    work: Workload,
    line: Line,
    count: usize,
) -> Comparisons {
    let (security, width) = (work.security, work.compared() as usize);
    Comparisons { scheme, participants, security, width, count, line }
}

fn time(scheme: Scheme, nodes: NodeSet, work: Workload, line: Line, tactics: &Tactics) -> f64 {
    seconds(scheme, line, predict(scheme, nodes, work, tactics).cost())
}

fn model_of(scheme: Scheme, nodes: NodeSet, work: Workload, tactics: &Tactics) -> CostModel {
    CostModel::new(scheme, nodes).with_tactics(tactics).with_security(work.security)
}

/// Several lots: by rank or by search, and groups for the tournament for the worst bid, which there
/// is only where all win.
fn for_lots(scheme: Scheme, participants: NodeSet, work: Workload, line: Line) -> Tactics {
    let king_from = king_from(scheme, participants, line);
    let mut tactics = Tactics { king_from, ..Tactics::default() };
    if work.kind.is_second_price() && !work.reserve {
        let model = model_of(scheme, participants, work, &tactics);
        let mut search = Search::new(scheme, work, line, model);
        tactics.groups = search.second(work.lots(work.bids)).1;
    }
    let entries = work.bids + usize::from(work.reserve);
    let with = |best, count| {
        let tactics = Tactics { best, lanes: lanes(scheme, count, line, 2), ..tactics.clone() };
        comparisons(scheme, participants, work, line, count)
            .fastest(tactics, |tactics| (time(scheme, participants, work, line, &tactics), tactics))
    };
    if work.bids <= work.quantity {
        return with(None, entries);
    }
    let ranked = with(Some(BestBy::Rank), pairs(entries));
    if work.bids <= USUALLY_RANKED {
        return ranked;
    }
    let searched = with(Some(BestBy::Search), entries);
    if work.bids > MOST_RANKED {
        return searched;
    }
    let time = |tactics: &Tactics| time(scheme, participants, work, line, tactics);
    if time(&ranked) < time(&searched) { ranked } else { searched }
}

/// Seconds, and the sizes of groups level by level.
type Way = (f64, Vec<u16>);

/// Tries all sequences of group sizes; what is left to do after some levels is worked out once.
struct Search {
    scheme: Scheme,
    work: Workload,
    line: Line,
    model: CostModel,
    known: HashMap<(usize, usize, usize), Way>,
    known_second: HashMap<usize, Way>,
}

impl Search {
    fn new(scheme: Scheme, work: Workload, line: Line, model: CostModel) -> Self {
        let (known, known_second) = (HashMap::new(), HashMap::new());
        Self { scheme, work, line, model, known, known_second }
    }

    fn seconds(&self, cost: Cost) -> f64 {
        seconds(self.scheme, self.line, cost)
    }

    /// The tournament and what follows from it, from a level with so many entries on, which carry
    /// so many bits of their index, when the winner has met so many.
    fn first(&mut self, entries: usize, carried: usize, met: usize) -> Way {
        if entries <= 1 {
            return (self.after(met), Vec::new());
        }
        if let Some(known) = self.known.get(&(entries, carried, met)) {
            return known.clone();
        }
        let with_second = self.work.kind.is_second_price() && met == 0;
        let best = self.best(entries, |search, level| {
            let bits = level.group.trailing_zeros() as usize;
            let own =
                search.model.level(search.work.compared() as usize, carried, level, with_second);
            let rest = if level.is_all() && with_second {
                (search.price_apart(), Vec::new())
            } else {
                search.first(level.groups(), carried + bits, met + level.group - 1)
            };
            (search.seconds(own) + rest.0, rest.1)
        });
        self.known.insert((entries, carried, met), best.clone());
        best
    }

    /// Opening the price of the second best where that was found with the best: beside the winner,
    /// unless nobody may have won.
    fn price_apart(&self) -> f64 {
        // A scored auction compares it with the reserve when the winner is known.
        let apart = self.work.reserve || self.work.weighed.is_some();
        let apart = if apart { self.price(false) } else { Cost::default() };
        self.seconds(apart)
    }

    /// Opening the price after the winner.
    fn price(&self, unchecked: bool) -> Cost {
        let before = Cost { unchecked: u64::from(unchecked), ..Cost::default() };
        self.model.opening(before, &[(self.work.compared() as usize, 1)])
    }

    /// What comes after a tournament whose winner has met so many.
    fn after(&mut self, met: usize) -> f64 {
        if !self.work.kind.is_second_price() {
            return 0.0;
        }
        let price = self.price(met > 1 && self.work.security == Security::Active);
        self.second(met).0 + self.seconds(price)
    }

    /// The tournament among those who lost to the winner.
    fn second(&mut self, entries: usize) -> Way {
        if entries <= 1 {
            return (0.0, Vec::new());
        }
        if let Some(known) = self.known_second.get(&entries) {
            return known.clone();
        }
        let best = self.best(entries, |search, level| {
            let own = search.model.level(search.work.compared() as usize, 0, level, false);
            let rest = search.second(level.groups());
            (search.seconds(own) + rest.0, rest.1)
        });
        self.known_second.insert(entries, best.clone());
        best
    }

    fn best(&mut self, entries: usize, mut cost: impl FnMut(&mut Self, Level) -> Way) -> Way {
        let mut best = (f64::INFINITY, Vec::new());
        for size in GROUPS {
            // As the bracket will have it.
            let level = levels(entries, &[size]).first().copied();
            let Some(level) = level.filter(|level| level.group == usize::from(size)) else {
                continue;
            };
            let (seconds, rest) = cost(self, level);
            if seconds < best.0 {
                best = (seconds, std::iter::once(size).chain(rest).collect());
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::Security;
    use crate::rules::auction::Kind;
    use crate::runs::auction::tactics::GROUPS;
    use crate::runs::plan::*;
    use crate::runs::{Workload, auction};
    use crate::sharing::Scheme;
    use crate::sharing::form::Form;

    fn line(round_trip_millis: f64, bytes_per_second: f64) -> Line {
        Line { round_seconds: round_trip_millis / 2e3, bytes_per_second, nodes_per_core: 1.0 }
    }

    fn work(bids: usize) -> Workload {
        Workload::Auction(auction::Workload {
            protocol: Form::Bits,
            security: Security::default(),
            bits: 32,
            weighed: None,
            bids,
            kind: Kind::SecondPrice,
            reserve: false,
            secret_reserve: None,
            range_check: false,
            quantity: 1,
        })
    }

    #[test]
    fn long_lines_make_large_groups_and_short_ones_pairs() {
        let scheme = Scheme::new(5, 2).unwrap();
        let plan = |bids, line| choose(scheme, scheme.all(), &work(bids), line);
        let far = plan(100, line(50.0, 100e6));
        // Each is compared with each, and the second price found beside: 1 round for keys, 6 to
        // compare, 7 to count losses, 1 to pick, 3 to check, 1 to open.
        assert_eq!(far.tactics.groups, [128]);
        assert_eq!(far.rounds, 19, "{far:?}");
        assert!(far.seconds < 0.7, "{far:?}");
        let near = plan(1_000_000, line(0.1, 100e6));
        assert_eq!(near.tactics.groups[0], 2);
        assert!(far.check().is_ok() && near.check().is_ok());
    }

    #[test]
    fn short_lines_and_many_bids_make_large_blocks_and_long_ones_none() {
        for (n, t) in [(3, 1), (5, 2), (7, 3)] {
            let scheme = Scheme::new(n, t).unwrap();
            let plan = |bids, line| choose(scheme, scheme.all(), &work(bids), line);
            let far = plan(100, line(50.0, 100e6));
            assert_eq!((far.tactics.block, far.tactics.block_from), (None, None), "{far:?}");
            let near = plan(1_000_000, line(0.2, 500e6));
            assert!(near.tactics.block.is_some_and(|block| block >= 16), "{near:?}");
            // The last levels of a tournament are too small for them.
            assert!(near.tactics.block_from.is_some_and(|from| from > 100), "{near:?}");
            assert!(near.check().is_ok(), "{near:?}");
            let two = Tactics { block: None, block_from: None, ..near.tactics.clone() };
            let two = with_tactics(scheme, scheme.all(), &work(1_000_000), line(0.2, 500e6), two);
            assert!(near.seconds < two.seconds, "{near:?} {two:?}");
        }
    }

    #[test]
    fn comparisons_take_large_blocks_where_their_rounds_are_hidden() {
        for security in [Security::Passive, Security::Active] {
            let scheme = Scheme::new(3, 1).unwrap();
            let plan = |count, line| {
                let pairs = Pairs { protocol: Form::Bits, security, bits: 32, count };
                for_comparisons(scheme, scheme.all(), pairs, line).tactics.block
            };
            assert_eq!(plan(1_000_000, line(0.2, 500e6)), Some(32));
            // A check makes a gate dearer.
            let few = if security == Security::Active { Some(4) } else { None };
            assert_eq!(plan(10_000, line(0.2, 500e6)), few);
            assert_eq!(plan(10_000, line(50.0, 100e6)), None);
            assert_eq!(plan(20_000_000, line(50.0, 10e6)), Some(32));
        }
    }

    #[test]
    fn the_chosen_plan_is_no_worse_than_any_uniform_one() {
        for (n, t) in [(3, 1), (5, 2), (7, 3)] {
            let scheme = Scheme::new(n, t).unwrap();
            for bids in [0, 1, 2, 3, 9, 100, 5000] {
                for line in [line(0.2, 500e6), line(10.0, 10e6), line(200.0, 1e6)] {
                    let best = choose(scheme, scheme.all(), &work(bids), line);
                    for size in GROUPS {
                        let tactics = Tactics {
                            groups: vec![size; 20],
                            second_groups: vec![size; 20],
                            king_from: best.tactics.king_from,
                            ..Tactics::default()
                        };
                        let other = with_tactics(scheme, scheme.all(), &work(bids), line, tactics);
                        assert!(
                            best.seconds <= other.seconds * 1.000_001,
                            "{n} {bids} {line:?}: {best:?} {other:?}"
                        );
                    }
                }
            }
        }
    }
}
