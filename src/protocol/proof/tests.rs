//! Proofs in a world in memory: honest ones pass, and every kind of lie is found and says whose it
//! may be. A node that lies does so in everything that follows from the lie as well; what it sends
//! otherwise is what it should be.
//!
//! Faults of the check itself that these tests find, each tried: a level whose sum is not compared
//! (`Value` of the level before), a challenge that does not depend on what was committed to (`Foreseen`), rows that are
//! not compared with what was sent (`Part`).

use std::cell::Cell;

use bytes::Bytes;

use super::Complaint;
use super::check::check;
use super::kind::Kind;
use super::record::{Batch, Bits, Sent};
use crate::field::{Binary128, Field as _};
use crate::protocol::bits::BitContext;
use crate::protocol::bits::and::and;
use crate::protocol::{Context, EstablishError, ProtocolError, Tactics};
use crate::sharing::bits::batch::Buffer;
use crate::sharing::{NodeIndex, NodeSet, SharedBits};
use crate::testkit::World;

/// Either of the two errors of a program in a world.
#[derive(Debug)]
pub(super) enum Failure {
    Establish(#[allow(dead_code)] EstablishError),
    Protocol(ProtocolError),
}

impl From<EstablishError> for Failure {
    fn from(error: EstablishError) -> Self {
        Self::Establish(error)
    }
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

/// One of the five kinds of lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lie {
    /// A bit of a part of a gate.
    Part,
    /// The same, and the proof is made to fit, for the challenge that there would be if it did not
    /// follow from the proof.
    Foreseen,
    /// A value of a level of the proof.
    Value(usize),
    /// What is said of another's proof: the combination of linear checks.
    Share,
    /// The same: the last value.
    End,
    /// The same: what a component folds to.
    Folded,
}

pub(super) const LIES: [Lie; 6] =
    [Lie::Part, Lie::Foreseen, Lie::Value(1), Lie::Share, Lie::End, Lie::Folded];

thread_local! {
    /// Who lies how, about whom, in the test that runs on this thread.
    pub(super) static LIAR: Cell<Option<(NodeIndex, Lie, NodeIndex)>> = const { Cell::new(None) };
    /// Which bit of the first record was wrong in a part.
    pub(super) static WRONG: Cell<usize> = const { Cell::new(0) };
}

/// A node's shares of the values of a proof.
type Owned<K> = (NodeIndex, super::prover::Shares<<K as Kind>::Field>);

/// What the shares of a level's values, from a place on, become at a node that lies about the values.
pub(super) fn spoil_shares<K: Kind>(
    me: NodeIndex,
    number: usize,
    beginning: &[u8; 32],
    weights: &K::Weights,
    (shares, from): (&mut [Owned<K>], usize),
) {
    let Some((liar, lie, _)) = LIAR.get() else { return };
    if liar != me {
        return;
    }
    // Shares of a sum are sums of shares, and a value is a share of itself.
    let mut add = |value: usize, error: K::Field| {
        for (_, shares) in shares.iter_mut() {
            shares[from + value] += error;
        }
    };
    match lie {
        Lie::Value(level) if level == number => {
            // Not one of the rows, which are compared with the level before.
            add(K::levels()[level].values() - 1, K::Field::from_u64(5));
        }
        Lie::Foreseen if number <= usize::from(K::FIRST_VALUES == K::ROWS) => {
            // The row is what was sent, and the first row of a further level makes up the sum;
            // another value makes up for it at the challenge.
            let (row, error) = K::error(weights, WRONG.get());
            let row = if number == 0 { row } else { 0 };
            add(row, error);
            let level = &K::levels()[number];
            if level.values() > level.rows() {
                let mut transcript = super::transcript::Transcript::new(beginning, me);
                let foreseen = (0..=number).map(|_| transcript.challenge(&[])).last().unwrap();
                let counts = level.at(foreseen).values;
                let last = level.values() - 1;
                add(last, -(error * counts[row] * counts[last].invert().unwrap()));
            }
        }
        _ => {}
    }
}

/// What a node says of another's proof if it lies about it.
pub(super) fn spoil_judged<K: Kind>(
    me: NodeIndex,
    prover: NodeIndex,
    judged: &mut super::verdict::Judged<K::Field>,
) {
    if let Some((liar, lie, about)) = LIAR.get()
        && liar == me
        && about == prover
    {
        let error = K::Field::from_u64(9);
        match lie {
            Lie::Part | Lie::Foreseen | Lie::Value(_) => {}
            Lie::Share => judged.statement.zero += error,
            Lie::End => judged.statement.end += error,
            Lie::Folded => judged.folded[0].0 += error,
        }
    }
}

pub(super) fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

pub(super) fn set(nodes: &[u8]) -> NodeSet {
    nodes.iter().map(|&index| node(index)).collect()
}

fn same(buffer: &[u64]) -> Buffer {
    let mut copy = Buffer::with_room(buffer.len());
    copy.append(buffer);
    copy
}

fn flipped(buffer: &[u64], word: usize, bit: usize) -> Buffer {
    let mut copy = same(buffer);
    copy[word] ^= 1 << bit;
    copy
}

/// A batch as it is at every node when a part of the liar's was wrong in one bit.
fn with_wrong_part(
    ctx: &BitContext,
    mut batch: Batch<Bits>,
    liar: NodeIndex,
    bit: usize,
) -> Batch<Bits> {
    let record = &mut batch.records[0];
    let word = record.gates.gates().total() / 2;
    WRONG.set(64 * word + bit);
    record.sent = match &record.sent {
        Sent::Sum(sum) => Sent::Sum(flipped(sum, word, bit)),
        Sent::Each(parts) => Sent::Each(
            parts
                .iter()
                .map(|(node, part)| {
                    let mut part = part.to_vec();
                    part[8 * word + bit / 8] ^= u8::from(*node == liar) << (bit % 8);
                    (*node, Bytes::from(part))
                })
                .collect(),
        ),
        Sent::Ring(results) => {
            let scheme = ctx.base().scheme();
            let (before, _) = crate::protocol::bits::and::neighbours(liar);
            let sets = scheme.sets();
            let held = scheme.held_by(ctx.me()).into_iter().map(|at| sets[at]);
            let components = held.enumerate().map(|(at, set)| {
                let words = results.component(at);
                if set == before { flipped(words, word, bit) } else { same(words) }
            });
            let (width, len) = (results.width(), results.len());
            let components = components.collect();
            Sent::Ring(SharedBits::from_components(ctx.holding(), width, len, components).unwrap())
        }
    };
    batch
}

/// What every node says of some ANDs, one of them on the results of another.
async fn complaints(world: &World, naming: bool, lie: Option<Lie>, liar: u8) -> Vec<Complaint> {
    // Some gates of one word, some of several, some of a tile and more.
    let len = world.draw(|rng| rand::RngExt::random_range(rng, 1..200));
    let values = |rng: &mut rand::rngs::StdRng| -> Vec<u64> {
        (0..len).map(|_| rand::RngExt::random(rng)).collect()
    };
    let (x, y) = (world.draw(values), world.draw(values));
    let (x, y) = (world.share(64, &x), world.share(64, &y));
    let tactics = Tactics { naming, ..Tactics::default() };
    let about = world.participants().without(node(liar)).iter().next().unwrap();
    LIAR.set(lie.map(|lie| (node(liar), lie, about)));
    let results = world
        .run(async |ctx: Context| -> Result<(), Failure> {
            let ctx = BitContext::new(&ctx.with_tactics(tactics.clone()));
            let (x, y) = (x.of(ctx.me()), y.of(ctx.me()));
            let z = and(&ctx.narrow("one"), &x, &y).await?;
            and(&ctx.narrow("two"), &z, &x).await?;
            if matches!(lie, Some(Lie::Part | Lie::Foreseen)) {
                let batch = ctx.base().take_unchecked();
                let batch = with_wrong_part(&ctx, batch, node(liar), 63 * (len & 1));
                ctx.base().put_unchecked(batch);
            }
            let before = ctx.base().counters();
            let outcome = check(&ctx.narrow("check")).await;
            let spent = ctx.base().counters();
            let one = crate::protocol::Cost { unchecked: 1, ..Default::default() };
            let cost = ctx.cost_model().checked(one);
            assert_eq!(
                (spent.rounds - before.rounds, spent.bytes_sent - before.bytes_sent),
                (cost.rounds, cost.bytes_sent)
            );
            Ok(outcome?)
        })
        .await;
    LIAR.set(None);
    let complaint = |(_, result): (NodeIndex, Result<(), Failure>)| match result {
        Ok(()) => Complaint::default(),
        Err(Failure::Protocol(ProtocolError::Lie { complaint, .. })) => complaint,
        Err(other) => panic!("{other:?}"),
    };
    results.into_iter().map(complaint).collect()
}

/// n, t, and the nodes that stay away.
pub(super) const WORLDS: [(u8, u8, &[u8]); 9] = [
    (3, 1, &[]),
    (4, 1, &[]),
    (4, 1, &[2]),
    (5, 1, &[]),
    (5, 1, &[1, 4]),
    (5, 2, &[]),
    (7, 2, &[]),
    (7, 2, &[1, 7]),
    (7, 3, &[]),
];

#[tokio::test]
async fn honest_nodes_accuse_nobody() {
    for (n, t, missing) in WORLDS {
        for naming in [false, true] {
            let world = World::new(n, t).without(missing);
            for complaint in complaints(&world, naming, None, 3).await {
                assert!(complaint.is_empty(), "{n} {t} {missing:?} {naming}: {complaint}");
            }
        }
    }
}

#[tokio::test]
async fn every_lie_is_found_and_its_node_is_in_every_set() {
    for (n, t, missing) in WORLDS {
        for naming in [false, true] {
            let last = World::new(n, t).without(missing).participants().iter().last().unwrap();
            for liar in [3, last.get()] {
                for lie in LIES {
                    let world = World::new(n, t).without(missing);
                    let about = world.participants().without(node(liar)).iter().next().unwrap();
                    let expected = match lie {
                        Lie::Part if n > 3 && !naming => world.participants(),
                        Lie::Part | Lie::Foreseen | Lie::Value(_) => set(&[liar]),
                        _ => set(&[liar, about.get()]),
                    };
                    for complaint in complaints(&world, naming, Some(lie), liar).await {
                        let what = format!("{n} {t} {missing:?} {naming} {liar} {lie:?}");
                        assert_eq!(complaint.sets(), [expected], "{what}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_value_of_any_level_is_found() {
    for level in 0..super::shape::LEVELS {
        let world = World::new(3, 1);
        for complaint in complaints(&world, false, Some(Lie::Value(level)), 3).await {
            assert_eq!(complaint.sets(), [set(&[3])], "{level}");
        }
    }
}

/// The proof of the reference, element by element: Q at all points of every level, and what every
/// component folds to, given what rows count for at each challenge.
struct Plain {
    /// By level.
    values: Vec<Vec<Binary128>>,
    folded: Vec<(Binary128, Binary128)>,
}

/// Columns of weighted bits of one side of a component: by row, then by column.
fn plain_rows(
    batch: &Batch<Bits>,
    r: Binary128,
    side: crate::protocol::bits::gates::Side,
    component: usize,
) -> Vec<Vec<Binary128>> {
    // Every word of every layer, with its layer's number and the record's first even place.
    let mut words: Vec<Vec<u64>> = Vec::new();
    let mut layers_of: Vec<usize> = Vec::new();
    for record in &batch.records {
        let gates = record.gates.gates();
        let (begin, total) = (layers_of.len(), gates.total());
        words.resize(words.len().max(gates.layers()), vec![0; begin]);
        layers_of.resize(begin + total.next_multiple_of(2), gates.layers());
        for (layer, words) in words.iter_mut().enumerate() {
            words.resize(layers_of.len(), 0);
            if layer < gates.layers() {
                gates.side(layer, side, component, 0, &mut words[begin..begin + total]);
            }
        }
    }
    let mut rows = vec![Vec::new(); 64];
    for chunk in 0..layers_of.len().div_ceil(256) {
        let of = chunk * 256..layers_of.len().min(chunk * 256 + 256);
        let layers = layers_of[of.clone()].iter().max().unwrap();
        for words in &words[..*layers] {
            for (row, columns) in rows.iter_mut().enumerate() {
                for lane in 0..4 {
                    let word = words[of.clone()].get(4 * row + lane).copied().unwrap_or(0);
                    let weight = r.pow(&[(4 * chunk + lane) as u64 + 1]);
                    let x = Binary128::from_u64(2);
                    columns.extend((0..64).map(|bit| {
                        let set = Binary128::from_u64(word >> bit & 1);
                        let left = side == crate::protocol::bits::gates::Side::Left;
                        if left { set * weight * x.pow(&[bit]) } else { set }
                    }));
                }
            }
        }
    }
    rows
}

fn plain_split(vector: &[Binary128], width: usize) -> Vec<Vec<Binary128>> {
    let size = vector.len().div_ceil(width);
    let mut padded = vector.to_vec();
    padded.resize(size * width, Binary128::default());
    padded.chunks(size).map(<[Binary128]>::to_vec).collect()
}

fn plain_fold(rows: &[Vec<Binary128>], by: &[Binary128]) -> Vec<Binary128> {
    let at = |column: usize| {
        rows.iter().zip(by).fold(Binary128::default(), |sum, (row, &by)| sum + by * row[column])
    };
    (0..rows[0].len()).map(at).collect()
}

fn plain_proof(
    batch: &Batch<Bits>,
    duties: &crate::protocol::bits::assignment::Duties,
    r: Binary128,
    masks: &[super::kind::Sides<Binary128>],
    challenges: &super::prover::Challenges<Binary128>,
) -> Plain {
    use crate::protocol::bits::gates::Side;
    let levels = Bits::levels();
    let rows = |side| -> Vec<Vec<Vec<Binary128>>> {
        (0..masks.len()).map(|place| plain_rows(batch, r, side, place)).collect()
    };
    let (mut xs, mut ys) = (rows(Side::Left), rows(Side::Right));
    let mut values = Vec::new();
    for (number, level) in levels.iter().enumerate() {
        if number + 1 == levels.len() {
            for ((x, y), mask) in xs.iter_mut().zip(&mut ys).zip(masks) {
                x.push(vec![mask.0]);
                y.push(vec![mask.1]);
            }
        }
        let unit = |at: usize| {
            (0..level.rows()).map(|row| Binary128::from_u64(u64::from(row == at))).collect()
        };
        let points = (0..level.rows()).map(unit).chain(level.extension().iter().cloned());
        let q = points.map(|by: Vec<Binary128>| {
            let at = |sides: &[Vec<Vec<Binary128>>]| -> Vec<Vec<Binary128>> {
                sides.iter().map(|rows| plain_fold(rows, &by)).collect()
            };
            let (x, y) = (at(&xs), at(&ys));
            let mut sum = Binary128::default();
            for (left, right) in &duties.products {
                for &left in left {
                    for &right in right {
                        for (&x, &y) in x[left].iter().zip(&y[right]) {
                            sum += x * y;
                        }
                    }
                }
            }
            sum
        });
        values.push(q.collect());
        let by = &challenges.levels[number].rows;
        let width = levels.get(number + 1).map(super::shape::Level::width);
        for side in xs.iter_mut().chain(&mut ys) {
            let folded = plain_fold(side, by);
            *side = width.map_or_else(|| vec![folded.clone()], |width| plain_split(&folded, width));
        }
    }
    Plain { values, folded: xs.iter().zip(&ys).map(|(x, y)| (x[0][0], y[0][0])).collect() }
}

#[tokio::test]
async fn proofs_are_those_of_the_plain_reference() {
    use crate::sharing::numbers::shamir::Decoder;
    // The larger ones have more columns than a verifier folds in one run.
    for (n, t, count) in [(3, 1, 5), (5, 2, 5), (3, 1, 9000), (4, 1, 12_001)] {
        let world = World::new(n, t);
        let values: Vec<u64> = (0..count).map(|at| [5, 1, 6, 7, 2][at % 5]).collect();
        let (x, y) = (world.share(3, &values), world.share(3, &vec![3; count]));
        let results = world
            .run(async |ctx: BitContext| -> Result<(), Failure> {
                let (x, y) = (x.of(ctx.me()), y.of(ctx.me()));
                let bit = x.take_planes(0..1).unwrap();
                // One product, and sums of two.
                let z = and(&ctx.narrow("one"), &x, &y).await?;
                crate::protocol::bits::select::select(&ctx.narrow("two"), &bit, &z, &x).await?;
                let batch = ctx.base().take_unchecked();
                let r = Binary128::from_bits(1 << 77 | 5);
                let layout = Bits::layout(&batch);
                let weights = Bits::weights(&layout, r);
                let of = |at: u128| Binary128::from_bits(at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let masks: Vec<_> = (0..ctx.holding().components() as u128)
                    .map(|at| (of(2 * at + 1), of(2 * at + 2)))
                    .collect();
                let parties = super::prover::Parties {
                    me: ctx.me(),
                    participants: ctx.base().participants(),
                    threshold: usize::from(t),
                };
                let proof = super::prover::prove::<Bits>(
                    &layout,
                    &parties,
                    ctx.duties(),
                    &weights,
                    &masks,
                    &[7; 32],
                )
                .unwrap();
                let plain = plain_proof(&batch, ctx.duties(), r, &masks, &proof.challenges);
                let rows: Vec<&[Binary128]> =
                    proof.shares.iter().map(|(_, shares)| &shares[..]).collect();
                let decoder = Decoder::new(parties.participants, t).unwrap();
                let values = decoder.open(&rows, NodeSet::EMPTY).unwrap();
                let expected = plain.values.concat();
                assert_eq!(values.len(), expected.len());
                assert!(values.iter().zip(&expected).all(|(&a, &b)| a.equals(b)));
                let factors =
                    super::folded::Factors::<Bits>::of(Bits::columns(&layout), &proof.challenges);
                let places: Vec<usize> = (0..masks.len()).collect();
                let others = factors.fold(&layout, &places, &weights, &masks);
                for ((a, b), other) in proof.folded.iter().zip(&plain.folded).zip(others) {
                    assert!(a.0.equals(b.0) && a.1.equals(b.1));
                    assert!(a.0.equals(other.0) && a.1.equals(other.1));
                }
                Ok(())
            })
            .await;
        assert!(results.into_iter().all(|(_, result)| result.is_ok()));
    }
}
