//! Entries of any number of fields, and what their envelopes hold.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::paperwork::Paperwork;
use crate::field::Mersenne127;
use crate::rules::Layout;
use crate::rules::entries::Field;
use crate::session::{Envelope, part::open_part};
use crate::sharing::Seed;
use crate::sharing::form::Correction;
use crate::sharing::numbers::components;
use crate::sharing::seed::mask;

/// Fields of odd widths and values in them, the largest and the smallest among them, drawn from a
/// seed.
pub fn entry(fields: usize, seed: u64) -> (Layout, Vec<u64>) {
    let mut rng = StdRng::seed_from_u64(seed ^ fields as u64);
    let field = |_| {
        let bits = rng.random_range(1..=63);
        Field { bits, maximum: mask(bits) - u64::from(bits > 1 && rng.random()) }
    };
    let fields: Vec<Field> = (0..fields).map(field).collect();
    let value = |(at, field): (usize, &Field)| match at % 5 {
        1 => 0,
        2 => field.maximum,
        _ => rng.random_range(0..=field.maximum),
    };
    let values = fields.iter().enumerate().map(value).collect();
    (Layout::new(fields).expect("an entry"), values)
}

/// The fields of an envelope's entry, opened with every node's keys.
pub fn opened(papers: &Paperwork, layout: &Layout, envelope: &Envelope) -> Vec<u64> {
    let scheme = papers.scheme();
    let mut seeds = BTreeMap::new();
    for node in scheme.all().iter() {
        let keys = papers.sealing(node).expect("a node of the roster");
        let part = open_part(envelope, node, scheme, keys).expect("a part");
        seeds.extend(scheme.held_by(node).into_iter().zip(part.seeds().to_vec()));
    }
    let seeds: Vec<Seed> = seeds.into_values().collect();
    assert_eq!(seeds.len(), scheme.sets().len(), "a seed for every set");
    let form = papers.announcement.body.terms.protocol;
    let correction = form.decode_correction(&envelope.body.correction.0, layout.extent());
    unmasked(layout, &correction.expect("a correction"), &seeds)
}

/// The fields that a correction and the seeds of all sets make.
pub fn unmasked(layout: &Layout, correction: &Correction, seeds: &[Seed]) -> Vec<u64> {
    match correction {
        Correction::Bits(words) => {
            let (mut words, mut component) = (words.clone(), vec![0; words.len()]);
            for seed in seeds {
                seed.expand(layout.extent().bits, &mut component);
                words.iter_mut().zip(&component).for_each(|(word, component)| *word ^= component);
            }
            let bit = |at: usize| words[at / 64] >> (at % 64) & 1;
            let mut next = 0;
            let field = |field: Field| {
                let first = next;
                next += field.bits as usize;
                (first..next).rev().fold(0, |value, at| value << 1 | bit(at))
            };
            layout.fields().map(field).collect()
        }
        Correction::Numbers(elements) => {
            // What the seeds take off of nothing.
            let mut missing = vec![Mersenne127::default(); elements.len()];
            components::mask(&mut missing, seeds);
            let fields = elements.iter().zip(missing);
            let value = |(&masked, missing): (&Mersenne127, Mersenne127)| {
                u64::try_from((masked - missing).to_number()).expect("a value of a field")
            };
            fields.map(value).collect()
        }
    }
}
