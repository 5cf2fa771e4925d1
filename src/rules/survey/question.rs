//! The question of a survey: what its terms say beyond what every session's terms do.
//!
//! An entry has a bit for each cohort, exactly one of which is set, and then a field for each
//! question, which holds how far the answer is above the smallest one allowed. Where the operator
//! assigns the cohorts it has no such bits: the admission says the cohort.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use super::item::{COHORT, Item, MAX_BITS};
use super::question_error::QuestionError;
use super::statistic::{By, Declared, Group, Measure, Statistic};
use super::withhold::Rule;
use crate::base::name::{check_name, look};
use crate::base::text::{MAX_DESCRIPTION, check_length};
use crate::rules::entries::{Field, Layout, LayoutError};
use crate::rules::limits::Limits;
use crate::sharing::form::Form;

/// Most questions.
pub const MAX_ITEMS: usize = 256;

/// Most cohorts, and most bins of a histogram.
pub const MAX_CELLS: usize = 16;

/// Most statistics.
pub const MAX_RESULTS: usize = 512;

/// Most bits of all entries together: what a node holds of them is some times as much.
pub const MAX_ENTRY_BITS: u64 = 1 << 31;

/// Most characters of a question's or a cohort's name.
pub const MAX_NAME: usize = 40;

/// Who learns in which cohort a participant is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Membership {
    /// Nobody.
    #[default]
    Secret,
    /// Everyone, once the survey is closed: it is opened before anything else.
    Public,
    /// Everyone; the operator says it with the invitation, and the participant is not asked.
    Assigned,
}

impl Membership {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Secret => "nobody learns who is in which",
            Self::Public => "everyone learns who is in which",
            Self::Assigned => "the operator says who is in which, and everyone learns it",
        }
    }
}

/// What is asked, of whom, and what is computed of the answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What is asked.
    pub items: Vec<Item>,
    /// The names of the cohorts; each participant is in one of them. None where there are none.
    pub cohorts: Vec<String>,
    /// Who learns which.
    pub membership: Membership,
    /// What is computed. Nothing else is opened.
    pub results: Vec<Declared>,
    /// Fewest answers of a cell of which anything is opened.
    pub at_least: u32,
}

impl Question {
    /// The fields of an entry: one bit for each cohort that can be chosen, and one field for each
    /// question.
    ///
    /// # Errors
    /// When there are too many.
    pub fn layout(&self) -> Result<Layout, LayoutError> {
        let cohorts = (0..self.chosen_cohorts()).map(|_| Field::up_to(1));
        Layout::new(cohorts.chain(self.items.iter().map(Item::field)))
    }

    /// Whether these are the fields of a valid entry: all in range, and one cohort.
    pub fn is_valid(&self, fields: &[u64]) -> bool {
        let in_range = self.layout().is_ok_and(|layout| layout.check(fields).is_ok());
        let chosen = fields.iter().take(self.chosen_cohorts()).sum::<u64>();
        in_range && (self.chosen_cohorts() == 0 || chosen == 1)
    }

    /// How many cohorts a participant chooses from: none where the operator assigns them.
    pub fn chosen_cohorts(&self) -> usize {
        match self.membership {
            Membership::Secret | Membership::Public => self.cohorts.len(),
            Membership::Assigned => 0,
        }
    }

    /// The names of the cohorts, where the operator assigns them.
    pub fn assigned_cohorts(&self) -> Option<&[String]> {
        let assigned = self.membership == Membership::Assigned && !self.cohorts.is_empty();
        assigned.then_some(self.cohorts.as_slice())
    }

    /// The name of the cohort at an assigned position, where there is one.
    pub fn assigned_name(&self, cohort: Option<u8>) -> Option<&str> {
        let cohorts = self.assigned_cohorts()?;
        cohorts.get(usize::from(cohort?)).map(String::as_str)
    }

    /// Whether everyone learns who is in which cohort.
    pub fn tells_cohorts(&self) -> bool {
        self.membership != Membership::Secret && !self.cohorts.is_empty()
    }

    /// The widest field that holds an answer.
    pub fn widest(&self) -> Field {
        let fields = self.items.iter().map(Item::field);
        fields.max_by_key(|field| field.maximum).unwrap_or(Field { bits: 1, maximum: 0 })
    }

    /// What is opened of all together, in order.
    pub fn measures_of_all(&self) -> Vec<Measure> {
        self.measured(By::of_all)
    }

    /// What is opened of each cohort, in order.
    pub fn measures_of_cohorts(&self) -> Vec<Measure> {
        self.measured(By::of_cohorts)
    }

    /// What is opened of a group, in order.
    pub fn measures(&self, group: Group) -> Vec<Measure> {
        match group {
            Group::All => self.measures_of_all(),
            Group::Cohort(_) => self.measures_of_cohorts(),
        }
    }

    fn measured(&self, of: impl Fn(By) -> bool) -> Vec<Measure> {
        let shifted = |item: usize| self.items.get(item).is_some_and(|item| item.minimum != 0);
        let declared = self.results.iter().filter(|declared| of(declared.by));
        let measures = declared.flat_map(|declared| declared.statistic.measures(shifted));
        measures.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The groups of which something is opened: all together first, then each cohort.
    pub fn groups(&self) -> Vec<Group> {
        let all = (!self.measures_of_all().is_empty()).then_some(Group::All);
        let by_cohort = !self.measures_of_cohorts().is_empty();
        let cohorts = (0..self.cohorts.len()).filter(|_| by_cohort).map(Group::Cohort);
        all.into_iter().chain(cohorts).collect()
    }

    /// The edges of a question's histogram, as fields hold answers: bin number b has what is below
    /// edge b and not below edge b - 1. Empty where there is none.
    pub fn edges(&self, item: usize) -> Vec<u64> {
        let Some(asked) = self.items.get(item) else { return Vec::new() };
        let edges = self.results.iter().find_map(|declared| match &declared.statistic {
            Statistic::Histogram(of, edges) if *of == item => Some(edges),
            _ => None,
        });
        let edges = edges.into_iter().flatten();
        edges.filter_map(|&edge| asked.above_minimum(edge)).collect()
    }

    /// By which rule cohorts are withheld. How many answered in all is known from the manifest, so
    /// that the whole is known as soon as a cohort's count is opened.
    pub fn rule_of_cohorts(&self) -> Rule {
        let counted = self.measures_of_cohorts().contains(&Measure::Count);
        let public = self.membership != Membership::Secret;
        Rule {
            at_least: u64::from(self.at_least),
            whole_known: counted || public || !self.measures_of_all().is_empty(),
            counts_known: public,
        }
    }

    /// By which rule the bins of a histogram are withheld: the count of all of them is opened.
    pub fn rule_of_bins(&self) -> Rule {
        Rule { at_least: u64::from(self.at_least), whole_known: true, counts_known: false }
    }

    /// Check what a node must not take on trust.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self, form: Form, limits: &Limits) -> Result<(), QuestionError> {
        if form == Form::Numbers {
            return Err(QuestionError::OnNumbers);
        }
        self.check_parts()?;
        if form == Form::Sums {
            self.check_sums()?;
        }
        let (bids, bits) = (limits.bids, self.layout()?.extent().bits);
        if u64::from(bids) * bits as u64 > MAX_ENTRY_BITS {
            return Err(QuestionError::TooLarge { bids, bits });
        }
        Ok(())
    }

    /// That counts and sums are all it takes, of everybody or of cohorts that are known.
    fn check_sums(&self) -> Result<(), QuestionError> {
        let adds = |measure: &Measure| matches!(measure, Measure::Count | Measure::Sum(_));
        let more = |declared: &&Declared| !declared.statistic.measures(|_| true).iter().all(adds);
        if let Some(Declared { statistic, .. }) = self.results.iter().find(more) {
            return Err(QuestionError::MoreThanSums { statistic: statistic.name() });
        }
        if !self.cohorts.is_empty() && self.membership == Membership::Secret {
            return Err(QuestionError::SecretAmongSums);
        }
        Ok(())
    }

    /// Check what each part says by itself, on which everything else relies.
    pub(super) fn check_parts(&self) -> Result<(), QuestionError> {
        self.check_items()?;
        self.check_cohorts()?;
        let (most, got) = (Limits::MOST.bids, self.at_least);
        if !(1..=most).contains(&got) {
            return Err(QuestionError::AtLeast { most, got });
        }
        self.check_results()
    }

    fn check_items(&self) -> Result<(), QuestionError> {
        count("questions", 1, MAX_ITEMS, self.items.len())?;
        let names = self.items.iter().map(|item| item.name.as_str());
        check_names("questions", "a question's name", names)?;
        if self.items.iter().any(|item| item.name.to_lowercase() == COHORT) {
            return Err(QuestionError::Reserved);
        }
        for item in &self.items {
            let name = || item.name.clone();
            if let Some(text) = &item.text {
                check_length("the text of a question", text, MAX_DESCRIPTION)?;
            }
            if !item.unit.decimals_fit() {
                return Err(QuestionError::Decimals { item: name(), got: item.unit.decimals });
            }
            if !item.unit.code_fits() {
                return Err(QuestionError::Unit { item: name() });
            }
            if item.maximum <= item.minimum {
                return Err(QuestionError::Upside { item: name() });
            }
            let got = item.field().bits;
            if got > MAX_BITS {
                return Err(QuestionError::TooWide { item: name(), got });
            }
        }
        Ok(())
    }

    fn check_cohorts(&self) -> Result<(), QuestionError> {
        if self.cohorts.is_empty() && self.membership == Membership::Assigned {
            return Err(QuestionError::NothingToAssign);
        }
        if self.cohorts.is_empty() {
            return Ok(());
        }
        count("cohorts, or none", 2, MAX_CELLS, self.cohorts.len())?;
        let names = self.cohorts.iter().map(String::as_str);
        check_names("cohorts", "a cohort's name", names)
    }

    fn check_results(&self) -> Result<(), QuestionError> {
        count("results", 1, MAX_RESULTS, self.results.len())?;
        let (mut seen, mut parted) = (HashSet::new(), HashSet::new());
        for Declared { statistic, by } in &self.results {
            let name = statistic.name();
            if by.of_cohorts() && self.cohorts.is_empty() {
                return Err(QuestionError::NoCohorts { statistic: name });
            }
            if !seen.insert(statistic) {
                return Err(QuestionError::Twice { statistic: name });
            }
            let Some(item) = statistic.item() else { continue };
            let asked =
                self.items.get(item).ok_or(QuestionError::NoSuchItem { statistic: name })?;
            match statistic {
                Statistic::Ratio(item, per) if item == per => return Err(QuestionError::Ratio),
                Statistic::Ratio(_, per) if *per >= self.items.len() => {
                    return Err(QuestionError::NoSuchItem { statistic: name });
                }
                Statistic::Histogram(_, edges) => {
                    if !parted.insert(item) || *by == By::Both {
                        return Err(QuestionError::Histograms { item: asked.name.clone() });
                    }
                    check_edges(asked, edges)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// That a histogram's edges part the answers into bins none of which is empty by itself.
fn check_edges(item: &Item, edges: &[i64]) -> Result<(), QuestionError> {
    count("edges in a histogram", 1, MAX_CELLS - 1, edges.len())?;
    let inside = edges.iter().all(|&edge| item.minimum < edge && edge <= item.maximum);
    if inside && edges.is_sorted_by(|one, other| one < other) {
        return Ok(());
    }
    Err(QuestionError::Edges { item: item.name.clone() })
}

fn count(what: &'static str, least: usize, most: usize, got: usize) -> Result<(), QuestionError> {
    let fits = (least..=most).contains(&got);
    if fits { Ok(()) } else { Err(QuestionError::Count { what, least, most, got }) }
}

fn check_names<'a>(
    what: &'static str,
    field: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), QuestionError> {
    let mut seen = HashSet::new();
    for name in names {
        check_length(field, name, MAX_NAME)?;
        check_name(field, name)?;
        if !seen.insert(look(name)) {
            return Err(QuestionError::SameName { what, name: name.to_owned() });
        }
    }
    Ok(())
}
