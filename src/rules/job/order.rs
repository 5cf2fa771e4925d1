//! Which steps wait for which, the order that follows, and the levels.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::action::Action;
use super::fault::JobFault;
use super::step::{Operation, Step};
use crate::base::name::check_name;

/// Names, each with its place.
pub(super) struct Names<'a> {
    steps: HashMap<&'a str, usize>,
    /// With the step that makes it.
    pub(super) variables: HashMap<&'a str, (usize, usize)>,
}

impl<'a> Names<'a> {
    pub(super) fn of(steps: &'a [Step]) -> Result<Self, JobFault> {
        let mut names = Self { steps: HashMap::new(), variables: HashMap::new() };
        for (at, step) in steps.iter().enumerate() {
            check_name("a step's id", &step.id)?;
            if names.steps.insert(&step.id, at).is_some() {
                return Err(JobFault::SameId { step: step.id.clone() });
            }
            for variable in step.operation.makes() {
                check_name("a variable's name", variable)?;
                let place = names.variables.len();
                if let Some((_, first)) = names.variables.insert(variable, (place, at)) {
                    return Err(JobFault::AssignedTwice {
                        step: step.id.clone(),
                        variable: variable.to_owned(),
                        first: steps[first].id.clone(),
                    });
                }
            }
        }
        Ok(names)
    }

    pub(super) fn variable(&self, step: &Step, name: &str) -> Result<(usize, usize), JobFault> {
        self.variables.get(name).copied().ok_or_else(|| JobFault::UnknownVariable {
            step: step.id.clone(),
            variable: name.to_owned(),
        })
    }

    /// The steps that each step waits for, each of them once.
    pub(super) fn waits_for(&self, steps: &[Step]) -> Result<Vec<Vec<usize>>, JobFault> {
        let mut waits = Vec::with_capacity(steps.len());
        let mut users: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, step) in steps.iter().enumerate() {
            let mut own = Vec::new();
            for name in step.operation.uses() {
                let (variable, maker) = self.variable(step, name)?;
                own.push(maker);
                users.entry(variable).or_default().push(at);
            }
            for after in &step.after {
                own.push(*self.steps.get(after.as_str()).ok_or_else(|| JobFault::UnknownStep {
                    step: step.id.clone(),
                    after: after.clone(),
                })?);
            }
            waits.push(own);
        }
        for (at, step) in steps.iter().enumerate() {
            if let Operation::Forget { variable } = &step.operation {
                let (variable, _) = self.variable(step, variable)?;
                let before = users.get(&variable).into_iter().flatten();
                waits[at].extend(before.filter(|&&user| user != at));
            }
        }
        for own in &mut waits {
            own.sort_unstable();
            own.dedup();
        }
        Ok(waits)
    }
}

/// The steps in an order in which each comes after those that it waits for; of those that might
/// come next, the first in the terms.
pub(super) fn sorted(steps: &[Step], waits_for: &[Vec<usize>]) -> Result<Vec<usize>, JobFault> {
    let mut left: Vec<usize> = waits_for.iter().map(Vec::len).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (at, before) in waits_for.iter().enumerate() {
        for &before in before {
            followers[before].push(at);
        }
    }
    let mut ready: BTreeSet<usize> = (0..steps.len()).filter(|&at| left[at] == 0).collect();
    let mut order = Vec::with_capacity(steps.len());
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for &follower in &followers[at] {
            left[follower] -= 1;
            if left[follower] == 0 {
                ready.insert(follower);
            }
        }
    }
    if order.len() == steps.len() {
        return Ok(order);
    }
    // Each that is left waits for another that is left: going back from any of them, one comes
    // twice, and from there on it is a circle.
    let (mut path, mut seen) = (Vec::new(), HashMap::new());
    let mut at = (0..steps.len()).find(|&at| left[at] > 0).unwrap_or(0);
    while let Entry::Vacant(new) = seen.entry(at) {
        new.insert(path.len());
        path.push(at);
        at = waits_for[at].iter().copied().find(|&before| left[before] > 0).unwrap_or(at);
    }
    let circle = path.split_off(seen.get(&at).copied().unwrap_or(0));
    let circle = circle.into_iter().chain([at]).map(|at| steps[at].id.clone()).collect();
    Err(JobFault::Cycle { steps: circle })
}

/// The level of each step.
pub(super) fn levels(actions: &[Action], waits_for: &[Vec<usize>], order: &[usize]) -> Vec<usize> {
    let last = last_openings(actions, waits_for);
    let level = |levels: &[usize], at: usize| {
        let after = |&before: &usize| levels[before] + usize::from(actions[before].takes_rounds());
        waits_for[at].iter().map(after).max().unwrap_or(0)
    };
    let mut levels = vec![0; actions.len()];
    let (mut end, mut put_off) = (0, Vec::new());
    for &at in order {
        let waits = waits_for[at].iter().any(|before| last.contains(before));
        if waits || last.contains(&at) {
            put_off.push(at);
            continue;
        }
        levels[at] = level(&levels, at);
        end = end.max(levels[at] + usize::from(actions[at].takes_rounds()));
    }
    for at in put_off {
        levels[at] = if last.contains(&at) { end } else { level(&levels, at) };
    }
    levels
}

/// Openings for which nothing waits, but for forgetting.
fn last_openings(actions: &[Action], waits_for: &[Vec<usize>]) -> HashSet<usize> {
    let mut waited_for = vec![false; actions.len()];
    for (at, before) in waits_for.iter().enumerate() {
        for &before in before {
            waited_for[before] |= !matches!(actions[at], Action::Forget { .. });
        }
    }
    // Forgetting for which something waits is as good as that.
    for (at, before) in waits_for.iter().enumerate() {
        if waited_for[at] {
            for &before in before {
                waited_for[before] = true;
            }
        }
    }
    let opens = |at: &usize| matches!(actions[*at], Action::Reveal { .. }) && !waited_for[*at];
    (0..actions.len()).filter(opens).collect()
}
