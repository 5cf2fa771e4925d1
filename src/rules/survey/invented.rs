//! Made-up participants of a survey, from a seed: the same seed makes the same ones.
//!
//! Cohorts are drawn evenly. Answers lie more often near the lower end of what is allowed than near
//! the upper one, as incomes and prices do.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use zeroize::Zeroizing;

use super::question::Question;
use super::response::Response;

/// So many responses.
pub fn responses(question: &Question, seed: u64, count: u32) -> Vec<Response> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..count).map(|_| response(question, &mut rng)).collect()
}

fn response(question: &Question, rng: &mut StdRng) -> Response {
    let (cohorts, bits) = (question.cohorts.len(), question.chosen_cohorts());
    let drawn = rng.random_range(0..cohorts.max(1));
    let mut fields = Zeroizing::new(Vec::with_capacity(bits + question.items.len()));
    fields.extend((0..bits).map(|cohort| u64::from(cohort == drawn)));
    for item in &question.items {
        let span = item.span();
        let one = rng.random_range(0..=span);
        fields.push(one.min(rng.random_range(0..=span)));
    }
    let assigned = question.assigned_cohorts().and_then(|_| u8::try_from(drawn).ok());
    Response::of(fields, assigned)
}

#[cfg(test)]
mod tests {
    use crate::rules::survey::fixtures::question;
    use crate::rules::survey::invented::*;

    #[test]
    fn a_seed_makes_the_same_responses_again_and_valid_ones() {
        let question = question();
        let fields = |seed| -> Vec<_> {
            let responses = responses(&question, seed, 50);
            responses.iter().map(|response| response.fields().to_vec()).collect()
        };
        assert_eq!(fields(7), fields(7));
        assert_ne!(fields(7), fields(8));
        assert!(fields(9).iter().all(|fields| question.is_valid(fields)));
    }
}
