//! What is added up for a tally: which planes of which weight on which piles, and which multiples of
//! the piles' sums are the results. All of it is public; [`super::tally`] and its cost follow it
//! alike.
//!
//! **Squares** are never computed number by number. A number of w bits times its complement is the
//! sum over all pairs of bits of whether they differ (`super::square`), so
//!
//! sum of x^2 = (2^w - 1) * sum of x - sum over j < k of 2^(j+k) * number of x with `x_j != x_k`,
//!
//! and whether two bits differ is linear: w(w-1)/2 planes to be added up, and no gate before. For
//! many numbers it pays to halve them (Karatsuba 1962): with x = low + 2^h high and s = low + high,
//!
//! x^2 = (1 - 2^h) low^2 + (4^h - 2^h) high^2 + 2^h s^2,
//!
//! which holds for the sums as well, so that only s is made for every number, by h gates. For 32 bits
//! halved twice that is 374 gates a number instead of 528.

use super::columns::{saved, set_bits};
use super::square::pairs;
use crate::sharing::bits::planes::{WORD, words};

/// What is added up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Tally {
    /// The numbers.
    Sum,
    /// The numbers, and their squares.
    Squares,
    /// The positions at which each plane is set, by itself.
    Counts,
}

/// Some planes of a batch. The numbers are batch 0; the others are made by adders.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) batch: usize,
    pub(super) from: usize,
    pub(super) width: usize,
}

/// A batch that is the sum of two parts; the second is not wider.
#[derive(Clone, Copy)]
pub(super) struct Adder {
    pub(super) batch: usize,
    pub(super) parts: [Part; 2],
}

impl Adder {
    /// Planes of each weight, and none for the last carry.
    pub(super) fn heights(self) -> Vec<usize> {
        let [low, high] = self.parts;
        (0..=low.width)
            .map(|at| usize::from(at < low.width) + usize::from(at < high.width))
            .collect()
    }
}

/// A plane, or the XOR of two of them, and what it counts for.
#[derive(Clone, Copy)]
pub(super) struct Term {
    pub(super) one: (usize, usize),
    pub(super) other: Option<(usize, usize)>,
    pub(super) weight: usize,
}

/// Planes that have one sum.
pub(super) struct Heap {
    pub(super) terms: Vec<Term>,
    /// Bits of the sum.
    pub(super) width: usize,
}

impl Heap {
    fn new(terms: Vec<Term>, count: usize) -> Self {
        let most: u128 = terms.iter().map(|term| 1_u128 << term.weight).sum();
        let width = (u128::BITS - (most * count as u128).leading_zeros()) as usize;
        Self { terms, width }
    }

    /// Planes of each weight.
    pub(super) fn heights(&self) -> Vec<usize> {
        let mut heights = vec![0; self.width];
        self.terms.iter().for_each(|term| heights[term.weight] += 1);
        heights
    }
}

/// A result: multiples of heaps' sums, added up modulo 2^`width`.
pub(super) struct Output {
    pub(super) width: usize,
    terms: Vec<(usize, i128)>,
}

/// A heap's sum, shifted, and negated where something is subtracted.
#[derive(Clone, Copy)]
pub(super) struct Multiple {
    pub(super) heap: usize,
    pub(super) shift: usize,
    pub(super) negative: bool,
}

/// What is added up, and what becomes of it.
pub(super) struct Recipe {
    /// Adders that do not wait for one another, level by level.
    pub(super) levels: Vec<Vec<Adder>>,
    /// Batches, with that of the numbers.
    pub(super) batches: usize,
    pub(super) heaps: Vec<Heap>,
    pub(super) outputs: Vec<Output>,
}

/// Numbers from which on halving them may pay: what it saves, it saves for each of them, and what it
/// costs more is done once.
const HALVED_FROM: usize = 2048;

/// How often numbers are halved at most; more saves nothing with as many bits as there can be.
const MOST_HALVINGS: usize = 2;

/// Pieces that a plane is cut into at first, at most: of few, rows that are missing would be many.
const PIECES: usize = 16;

/// Into how many pieces the planes of so many positions are cut, and of how many words each: a power
/// of two, so that pieces can be halved.
pub(super) fn pieces(len: usize) -> (usize, usize) {
    let mut size = 1;
    while words(len).div_ceil(size) > PIECES {
        size *= 2;
    }
    (words(len).div_ceil(size), size)
}

/// Positions of those pieces together.
pub(super) fn laid_out(len: usize) -> usize {
    let (pieces, size) = pieces(len);
    pieces * size * WORD
}

impl Recipe {
    /// For `count` numbers of so many bits.
    pub(super) fn of(tally: Tally, width: usize, count: usize) -> Self {
        match tally {
            Tally::Sum | Tally::Counts => Self::plain(tally, width, count),
            Tally::Squares => {
                let halvings = if count < HALVED_FROM { 0 } else { MOST_HALVINGS };
                let recipes = (0..=halvings).map(|often| Squaring::recipe(width, count, often));
                let none = || Self::plain(Tally::Sum, width, count);
                recipes.min_by_key(Self::planes).unwrap_or_else(none)
            }
        }
    }

    fn plain(tally: Tally, width: usize, count: usize) -> Self {
        let term = |plane| Term { one: (0, plane), other: None, weight: 0 };
        let heaps: Vec<Heap> = if tally == Tally::Counts {
            (0..width).map(|plane| Heap::new(vec![term(plane)], count)).collect()
        } else {
            let terms = (0..width).map(|plane| Term { weight: plane, ..term(plane) });
            vec![Heap::new(terms.collect(), count)]
        };
        let outputs = heaps.iter().enumerate();
        let outputs = outputs.map(|(at, heap)| Output { width: heap.width, terms: vec![(at, 1)] });
        Self { levels: Vec::new(), batches: 1, outputs: outputs.collect(), heaps }
    }

    /// Whether another recipe of the same tally and width has heaps and results of the same widths,
    /// so that it is the same, whatever the numbers.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let widths = |recipe: &Self| {
            let heaps = recipe.heaps.iter().map(|heap| heap.width);
            let outputs = recipe.outputs.iter().map(|output| output.width);
            (recipe.levels.len(), heaps.collect::<Vec<_>>(), outputs.collect::<Vec<_>>())
        };
        widths(self) == widths(other)
    }

    /// Gates that each number takes, roughly: one for each plane.
    pub(super) fn planes(&self) -> usize {
        let adders = self.levels.iter().flatten().map(|adder| adder.parts[0].width);
        adders.chain(self.heaps.iter().map(|heap| heap.terms.len())).sum()
    }

    /// Planes of each weight that a result is added up from, and the public number among them; none
    /// where it is just a heap's sum.
    pub(super) fn multiples(&self, output: &Output) -> Option<(Vec<Multiple>, u128)> {
        if let [(_, 1)] = output.terms[..] {
            return None;
        }
        let mut multiples = Vec::new();
        let mut public = 0_u128;
        for &(heap, factor) in &output.terms {
            for (shift, negative) in signed_digits(factor) {
                if shift >= output.width {
                    break;
                }
                multiples.push(Multiple { heap, shift, negative });
                if negative {
                    // -v = (2^w - 1 - v) - (2^w - 1)
                    let ones = (1_u128 << self.heaps[heap].width) - 1;
                    public = public.wrapping_sub(ones << shift);
                }
            }
        }
        Some((multiples, public & ((1 << output.width) - 1)))
    }

    /// The heights of the columns that a result's multiples make.
    pub(super) fn heights(&self, output: &Output) -> Option<Vec<usize>> {
        let (multiples, public) = self.multiples(output)?;
        let mut heights = vec![0; output.width];
        for multiple in multiples {
            let bits = self.heaps[multiple.heap].width;
            let columns = heights.iter_mut().skip(multiple.shift).take(bits);
            columns.for_each(|height| *height += 1);
        }
        set_bits(public).for_each(|column| heights[column] += 1);
        Some(heights)
    }

    /// The heap that a result is the sum of, where it is but one.
    pub(super) fn only_heap(output: &Output) -> usize {
        output.terms.first().map_or(0, |&(heap, _)| heap)
    }

    /// How many planes of each weight a stripe leaves of every heap, given how many it has left to
    /// add up.
    pub(super) fn left(shape: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
        shape.into_iter().map(saved).collect()
    }
}

/// A number as a sum of powers of two with signs, the lowest first, no two of them neighbours.
fn signed_digits(number: i128) -> Vec<(usize, bool)> {
    let (mut left, mut shift, mut digits) = (number, 0, Vec::new());
    while left != 0 {
        if left & 1 == 1 {
            let negative = left & 3 == 3;
            digits.push((shift, negative));
            left += if negative { 1 } else { -1 };
        }
        left >>= 1;
        shift += 1;
    }
    digits
}

/// Multiples of heaps' sums.
#[derive(Clone, Default)]
struct Form(Vec<(usize, i128)>);

impl Form {
    fn add(&mut self, factor: i128, other: &Self) {
        for &(heap, own) in &other.0 {
            match self.0.iter_mut().find(|(known, _)| *known == heap) {
                Some((_, sum)) => *sum += factor * own,
                None => self.0.push((heap, factor * own)),
            }
        }
    }

    fn plus(&self, factor: i128, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.add(factor, other);
        sum
    }
}

/// A recipe for squares on its way.
struct Squaring {
    count: usize,
    levels: Vec<Vec<Adder>>,
    /// For each batch, how many levels of adders it takes.
    made: Vec<usize>,
    heaps: Vec<Heap>,
    squares: Form,
}

impl Squaring {
    fn recipe(width: usize, count: usize, halvings: usize) -> Recipe {
        let (levels, heaps) = (Vec::new(), Vec::new());
        let mut own = Self { count, levels, made: vec![0], heaps, squares: Form::default() };
        let whole = Part { batch: 0, from: 0, width };
        let sum = own.square(whole, None, 1, halvings);
        let largest = (1_u128 << width) - 1;
        let bits = |most: u128| (u128::BITS - (most * count as u128).leading_zeros()) as usize;
        let output = |most, form: Form| Output { width: bits(most), terms: form.0 };
        let outputs = vec![output(largest, sum), output(largest * largest, own.squares)];
        Recipe { levels: own.levels, batches: own.made.len(), heaps: own.heaps, outputs }
    }

    fn heap(&mut self, terms: Vec<Term>) -> Form {
        self.heaps.push(Heap::new(terms, self.count));
        Form(vec![(self.heaps.len() - 1, 1)])
    }

    /// Have the squares of a part added, so many times; its sum, which may be known already.
    fn square(&mut self, part: Part, known: Option<Form>, times: i128, halvings: usize) -> Form {
        let Part { batch, from, width } = part;
        if halvings == 0 || width < 4 {
            let plane = |at| (batch, from + at);
            let own = (0..width).map(|at| Term { one: plane(at), other: None, weight: at });
            let sum = known.unwrap_or_else(|| self.heap(own.collect()));
            self.squares.add(times * ((1 << width) - 1), &sum);
            let differ = pairs(width).map(|(low, high)| Term {
                one: plane(low),
                other: Some(plane(high)),
                weight: low + high,
            });
            let differ: Vec<Term> = differ.collect();
            if !differ.is_empty() {
                let differ = self.heap(differ);
                self.squares.add(-times, &differ);
            }
            return sum;
        }
        let half = width.div_ceil(2);
        let shift = 1_i128 << half;
        let low = Part { width: half, ..part };
        let high = Part { from: from + half, width: width - half, ..part };
        let of_high = self.square(high, None, times * (shift * shift - shift), halvings - 1);
        let of_low = known.as_ref().map(|sum| sum.plus(-shift, &of_high));
        let of_low = self.square(low, of_low, times * (1 - shift), halvings - 1);
        let both = self.adder([low, high]);
        let of_both = of_low.plus(1, &of_high);
        self.square(both, Some(of_both), times * shift, halvings - 1);
        known.unwrap_or_else(|| of_low.plus(shift, &of_high))
    }

    fn adder(&mut self, parts: [Part; 2]) -> Part {
        let level = self.made[parts[0].batch];
        let batch = self.made.len();
        self.made.push(level + 1);
        if self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(Adder { batch, parts });
        Part { batch, from: 0, width: parts[0].width + 1 }
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::bits::recipe::*;

    /// The results of a recipe, computed number by number.
    fn results(recipe: &Recipe, values: &[u64]) -> Vec<u128> {
        let mut sums = vec![0_u128; recipe.heaps.len()];
        for &value in values {
            let mut batches = vec![0_u64; recipe.batches];
            batches[0] = value;
            for adder in recipe.levels.iter().flatten() {
                let part = |part: Part| batches[part.batch] >> part.from & ((1 << part.width) - 1);
                batches[adder.batch] = adder.parts.map(part).iter().sum();
            }
            let bit = |(batch, plane): (usize, usize)| batches[batch] >> plane & 1;
            for (sum, heap) in sums.iter_mut().zip(&recipe.heaps) {
                for term in &heap.terms {
                    let set = bit(term.one) ^ term.other.map_or(0, bit);
                    *sum += u128::from(set) << term.weight;
                }
            }
        }
        for (sum, heap) in sums.iter().zip(&recipe.heaps) {
            assert!(sum >> heap.width == 0);
        }
        let result = |output: &Output| {
            let modulus = (1_u128 << output.width) - 1;
            let Some((multiples, public)) = recipe.multiples(output) else {
                return sums[Recipe::only_heap(output)];
            };
            let multiple = |multiple: Multiple| {
                let ones = (1_u128 << recipe.heaps[multiple.heap].width) - 1;
                let sum = sums[multiple.heap] ^ if multiple.negative { ones } else { 0 };
                sum.wrapping_shl(u32::try_from(multiple.shift).unwrap())
            };
            let sum = multiples.into_iter().map(multiple).fold(public, u128::wrapping_add);
            sum & modulus
        };
        recipe.outputs.iter().map(result).collect()
    }

    #[test]
    fn squares_are_sums_of_what_differs() {
        for width in 1..=40 {
            let largest = (1_u64 << width) - 1;
            let mut state = width as u64;
            let mut values = vec![0, largest, 1, largest - 1, largest / 2, largest / 3];
            values.extend((0..40).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 20) & largest
            }));
            let sum = values.iter().map(|&value| u128::from(value)).sum();
            let squares = values.iter().map(|&value| u128::from(value) * u128::from(value)).sum();
            for count in [values.len(), HALVED_FROM, 1_000_000] {
                let recipe = Recipe::of(Tally::Squares, width, count);
                assert_eq!(results(&recipe, &values), [sum, squares], "{width}");
            }
            for halvings in 0..=MOST_HALVINGS {
                let recipe = Squaring::recipe(width, values.len(), halvings);
                assert_eq!(results(&recipe, &values), [sum, squares], "{width} {halvings}");
            }
        }
    }

    #[test]
    fn halving_saves_gates_of_many() {
        let planes = |count| Recipe::of(Tally::Squares, 32, count).planes();
        assert_eq!((planes(1), planes(100_000)), (528, 374));
    }

    #[test]
    fn numbers_have_few_signed_digits() {
        assert_eq!(signed_digits(7), [(0, true), (3, false)]);
        for number in (-300..300).chain([(1 << 100) - 1, -(1 << 90)]) {
            let digits = signed_digits(number);
            let value = |&(shift, negative): &(usize, bool)| {
                if negative { -(1_i128 << shift) } else { 1 << shift }
            };
            assert_eq!(digits.iter().map(value).sum::<i128>(), number);
            assert!(digits.is_sorted_by(|one, other| one.0 + 1 < other.0));
        }
    }
}
