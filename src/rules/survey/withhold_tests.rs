use crate::rules::survey::withhold::*;

const RULES: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

/// Every vector of so many counts up to a most.
fn vectors(cells: u32, most: u64) -> impl Iterator<Item = Vec<u64>> {
    let base = most + 1;
    (0..base.pow(cells))
        .map(move |number| (0..cells).map(|place| number / base.pow(place) % base).collect())
}

fn rules(at_least: u64) -> impl Iterator<Item = Rule> {
    RULES.into_iter().map(move |(whole_known, counts_known)| Rule {
        at_least,
        whole_known,
        counts_known,
    })
}

/// The rank of some rows, by elimination over the rationals; entries stay small.
fn rank(mut rows: Vec<Vec<i64>>) -> usize {
    let columns = rows.first().map_or(0, Vec::len);
    let mut rank = 0;
    for column in 0..columns {
        let Some(pivot) = (rank..rows.len()).find(|&row| rows[row][column] != 0) else { continue };
        rows.swap(rank, pivot);
        let first = rows[rank].clone();
        for row in &mut rows[rank + 1..] {
            let (a, b) = (first[column], row[column]);
            for (value, pivot) in row.iter_mut().zip(&first) {
                *value = *value * a - pivot * b;
            }
        }
        rank += 1;
    }
    rank
}

/// Whether a combination of what is known comes to this one.
fn follows(known: &[Vec<i64>], wanted: Vec<i64>) -> bool {
    let mut with = known.to_vec();
    with.push(wanted);
    rank(with) == rank(known.to_vec())
}

#[test]
fn no_withheld_cell_can_be_had_by_subtraction() {
    let mut looked = 0;
    for at_least in [2, 3, 5] {
        for cells in 1..=4_u32 {
            for counts in vectors(cells, at_least + 1) {
                for rule in rules(at_least) {
                    looked += 1;
                    check(rule, &counts);
                }
            }
        }
    }
    assert!(looked > 15_000, "{looked}");
}

fn check(rule: Rule, counts: &[u64]) {
    let withheld = rule.withheld(counts);
    let cells = counts.len();
    let unit = |cell: usize| (0..cells).map(|at| i64::from(at == cell)).collect::<Vec<_>>();
    let all: u64 = counts.iter().sum();
    // What everybody knows of the sums of all cells: the open ones, the whole, and that an empty
    // cell comes to nothing where it is known to be empty.
    let mut known: Vec<Vec<i64>> = (0..cells).filter(|&cell| !withheld[cell]).map(unit).collect();
    if rule.whole_known && !rule.is_small(all) {
        known.push(vec![1; cells]);
    }
    if rule.counts_known {
        known.extend((0..cells).filter(|&cell| counts[cell] == 0).map(unit));
    }
    for (cell, &count) in counts.iter().enumerate() {
        if rule.is_small(count) {
            assert!(withheld[cell], "{rule:?} {counts:?}");
        }
        let empty = rule.counts_known && count == 0;
        if withheld[cell] && !empty {
            assert!(!follows(&known, unit(cell)), "{rule:?} {counts:?} {withheld:?}");
        }
    }
    // Nor any group of withheld cells that hold too few together, but for those that all know to
    // be empty.
    for group in 1_u32..1 << cells {
        let chosen: Vec<i64> = (0..cells).map(|cell| i64::from(group >> cell & 1)).collect();
        let cells_of = || (0..cells).filter(|&cell| chosen[cell] == 1);
        let together: u64 = cells_of().map(|cell| counts[cell]).sum();
        let hidden = cells_of().all(|cell| withheld[cell]);
        let empty = rule.counts_known && together == 0;
        if hidden && rule.is_small(together) && !empty {
            assert!(!follows(&known, chosen), "{rule:?} {counts:?} {withheld:?}");
        }
    }
}

#[test]
fn no_more_is_withheld_than_is_needed() {
    for counts in vectors(4, 6) {
        for rule in rules(5) {
            let withheld = rule.withheld(&counts);
            let small = counts.iter().filter(|&&count| count < 5).count();
            let extra = withheld.iter().filter(|&&cell| cell).count() - small;
            assert!(extra <= 1, "{rule:?} {counts:?}");
            if small == 0 || !rule.whole_known {
                assert_eq!(extra, 0, "{rule:?} {counts:?}");
            }
        }
    }
}

#[test]
fn the_next_smallest_is_withheld_with_one_that_is_too_small() {
    let rule = Rule { at_least: 5, whole_known: true, counts_known: false };
    assert_eq!(rule.withheld(&[3, 9, 7, 7]), [true, false, true, false]);
    assert_eq!(rule.withheld(&[9, 8, 7, 5]), [false; 4]);
    // Two that hold enough together need no company; two that do not, do.
    assert_eq!(rule.withheld(&[3, 2, 7, 9]), [true, true, false, false]);
    assert_eq!(rule.withheld(&[2, 2, 7, 9]), [true, true, true, false]);
    // Nobody knows that a cell is empty, unless counts are public.
    assert_eq!(rule.withheld(&[0, 8, 9]), [true, true, false]);
    let public = Rule { counts_known: true, ..rule };
    assert_eq!(public.withheld(&[0, 8, 9]), [true, false, false]);
    assert_eq!(public.withheld(&[0, 1, 8, 9]), [true, true, true, false]);
    let unknown = Rule { whole_known: false, ..rule };
    assert_eq!(unknown.withheld(&[3, 9, 7, 7]), [true, false, false, false]);
    // Of groups of one nothing has to be hidden.
    let one = Rule { at_least: 1, ..rule };
    assert_eq!(one.withheld(&[0, 1, 2]), [true, false, false]);
    assert_eq!(rule.withheld(&[]), [false; 0]);
}
