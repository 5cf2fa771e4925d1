//! Which cells of a partition are withheld.
//!
//! The answers are parted into *cells*: by cohort, or by the bins of a histogram. A cell with fewer
//! answers than the terms' `at_least` is *too small*: nothing of it is opened. Where what all cells
//! come to together is known, one withheld cell could be had by subtraction, or two that hold next
//! to nothing. So another cell is withheld with those that are too small where they hold fewer than
//! `at_least` together: the smallest of the others, of equal ones the first. That one holds at
//! least `at_least`, so the withheld ones do together, and they are at least two.
//!
//! With C the number of answers in a cell, L = `at_least`:
//!
//! 1. small = C < L; S = the sum of C over the small ones.
//! 2. Company is needed where L > 1, the whole is known, some cell is small and S < L. Where counts
//!    are public, empty cells are known to be empty, and need none.
//! 3. The company is the cell that is not small and comes before all others that are not, in the
//!    order of (C, position).
//! 4. Withheld are the small ones and the company.
//!
//! Where counts are secret, a run computes this on shares and opens one bit for each cell.

/// What decides, besides the counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Fewest answers of a cell that is opened.
    pub at_least: u64,
    /// Whether what all cells come to together is known.
    pub whole_known: bool,
    /// Whether everybody knows how many answers each cell has.
    pub counts_known: bool,
}

impl Rule {
    /// Whether a cell of so many answers is too small to be opened.
    pub const fn is_small(self, count: u64) -> bool {
        count < self.at_least
    }

    /// Whether each cell is withheld.
    pub fn withheld(self, counts: &[u64]) -> Vec<bool> {
        let mut withheld: Vec<bool> = counts.iter().map(|&count| self.is_small(count)).collect();
        if self.needs_company(counts) {
            let large = (0..counts.len()).filter(|&cell| !withheld[cell]);
            if let Some(cell) = large.min_by_key(|&cell| (counts[cell], cell)) {
                withheld[cell] = true;
            }
        }
        withheld
    }

    fn needs_company(self, counts: &[u64]) -> bool {
        let small = || counts.iter().copied().filter(|&count| self.is_small(count));
        let together = small().fold(0, u64::saturating_add);
        let any = small().any(|count| count > 0 || !self.counts_known);
        self.whole_known && self.at_least > 1 && any && self.is_small(together)
    }
}

#[cfg(test)]
#[path = "withhold_tests.rs"]
mod tests;
