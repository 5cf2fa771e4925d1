//! Equality, products and squares of shared numbers; sums, counts and sums of squares of groups;
//! numbers at some places in the order: each against its plain twin, with what it costs, and that a
//! wrong bit in it is found.

use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::equal::{equal, public_equal};
use gavel::protocol::bits::multiply::multiply;
use gavel::protocol::bits::nth::{self, Ordered, nth};
use gavel::protocol::bits::square::square;
use gavel::protocol::bits::tally::{Group, Shape, Tally, tally};
use gavel::protocol::tactics::BestBy;
use gavel::protocol::{Cost, CostModel, ProtocolError, Tactics};
use gavel::sharing::seed::mask;
use gavel::sharing::{Scheme, SharedBits};
use gavel::testkit::{Failure, World, reference};
use rand::RngExt as _;

use super::trial::{Task, Trial, a_wrong_bit_is_found};
use super::{SCHEMES, unchecked};

/// Of one or two batches.
#[derive(Clone, Copy)]
enum Each {
    Equal,
    PublicEqual(u64),
    Multiply,
    Square,
}

impl Task for Each {
    fn plain(&self, inputs: &[Vec<u64>]) -> Vec<u128> {
        let wide = |value: &u64| u128::from(*value);
        let pairs = || inputs[0].iter().zip(&inputs[1]);
        match self {
            Self::Equal => pairs().map(|(x, y)| reference::equal(*x, *y).into()).collect(),
            Self::PublicEqual(c) => {
                inputs[0].iter().map(|x| reference::equal(*x, *c).into()).collect()
            }
            Self::Multiply => pairs().map(|(x, y)| reference::product(*x, *y)).collect(),
            Self::Square => inputs[0].iter().map(|x| reference::square(wide(x))).collect(),
        }
    }

    async fn compute(
        &self,
        ctx: &BitContext,
        inputs: Vec<SharedBits>,
    ) -> Result<SharedBits, ProtocolError> {
        match (self, &inputs[..]) {
            (Self::Equal, [x, y]) => equal(ctx, x, y).await,
            (Self::PublicEqual(c), [x]) => public_equal(ctx, *c, x).await,
            (Self::Multiply, [x, y]) => multiply(ctx, x, y).await,
            (Self::Square, [x]) => square(ctx, x).await,
            _ => panic!("other inputs"),
        }
    }

    fn cost(&self, model: CostModel, _: &Tactics, shapes: &[(usize, usize)]) -> Cost {
        let (width, len) = shapes[0];
        match self {
            Self::PublicEqual(c) if width < 64 && c >> width > 0 => Cost::default(),
            Self::Equal | Self::PublicEqual(_) => model.equal(width, len),
            Self::Multiply => model.multiply(width, shapes[1].0, len),
            Self::Square => model.square(width, len),
        }
    }
}

/// Every world with checks, and some more without.
fn worlds() -> impl Iterator<Item = World> {
    let checked = SCHEMES.into_iter().map(|(n, t)| World::new(n, t));
    checked.chain([unchecked(4, 1).without(&[2]), unchecked(7, 2).without(&[3])])
}

fn drawn(world: &World, width: u32, count: usize) -> (usize, Vec<u64>) {
    (width as usize, world.draw(|rng| reference::awkward_values(rng, width, count)))
}

#[tokio::test]
async fn numbers_are_equal_or_not() {
    for world in worlds() {
        for (width, count) in [(1, 1), (3, 65), (16, 130), (63, 70)] {
            let (x, mut y) = (drawn(&world, width, count), drawn(&world, width, count));
            y.1.iter_mut().zip(&x.1).step_by(2).for_each(|(y, x)| *y = *x);
            let public = x.1[count / 2];
            Trial::new(&world, Each::Equal, &[x.clone(), y]).check(&world).await;
            Trial::new(&world, Each::PublicEqual(public), std::slice::from_ref(&x))
                .check(&world)
                .await;
            let above = Each::PublicEqual(mask(width) + 1);
            Trial::new(&world, above, &[x]).check(&world).await;
        }
    }
}

#[tokio::test]
async fn numbers_are_multiplied() {
    for world in worlds() {
        let all: Vec<(u64, u64)> = (0..8).flat_map(|x| (0..4).map(move |y| (x, y))).collect();
        let (x, y) = all.into_iter().unzip();
        Trial::new(&world, Each::Multiply, &[(3, x), (2, y)]).check(&world).await;
        for (a, b, count) in [(1, 1, 3), (1, 9, 65), (12, 5, 130), (32, 32, 70), (24, 40, 5)] {
            let (x, y) = (drawn(&world, a, count), drawn(&world, b, count));
            Trial::new(&world, Each::Multiply, &[x, y]).check(&world).await;
        }
    }
}

#[tokio::test]
async fn numbers_are_squared() {
    for world in worlds() {
        for width in 1..=5 {
            let all = (width as usize, (0..=mask(width)).collect());
            Trial::new(&world, Each::Square, &[all]).check(&world).await;
        }
        for (width, count) in [(16, 130), (32, 70), (31, 3)] {
            let x = drawn(&world, width, count);
            Trial::new(&world, Each::Square, &[x]).check(&world).await;
        }
    }
}

#[test]
fn a_square_takes_half_the_gates_of_a_product() {
    let scheme = Scheme::new(3, 1).unwrap();
    let model = CostModel::new(scheme, scheme.all());
    let (product, square) = (model.multiply(32, 32, 1), model.square(32, 1));
    assert_eq!((product.rounds, square.rounds), (16, 13));
    assert!(square.gates * 5 < product.gates * 2, "{square:?} {product:?}");
    assert_eq!(model.equal(32, 1), Cost { rounds: 5, gates: 31, ..model.equal(32, 1) });
}

#[tokio::test(start_paused = true)]
async fn a_wrong_bit_in_equality_products_and_squares_is_found() {
    let values = |by: u64| (0..70).map(|at| at * by % 16).collect::<Vec<u64>>();
    a_wrong_bit_is_found(|world| Trial::new(world, Each::Equal, &[(4, values(3)), (4, values(5))]))
        .await;
    a_wrong_bit_is_found(|world| {
        Trial::new(world, Each::Multiply, &[(4, values(3)), (4, values(5))])
    })
    .await;
    a_wrong_bit_is_found(|world| Trial::new(world, Each::Square, &[(4, values(7))])).await;
}

/// What is added up of some positions, one group after the other; all results side by side, as
/// numbers of 128 bits.
struct Tallies(Vec<(Tally, Option<Vec<usize>>)>);

impl Tallies {
    fn shapes(&self, (width, len): (usize, usize)) -> Vec<Shape> {
        let count = |positions: &Option<Vec<usize>>| positions.as_ref().map_or(len, Vec::len);
        self.0
            .iter()
            .map(|(tally, positions)| Shape { tally: *tally, width, count: count(positions) })
            .collect()
    }
}

impl Task for Tallies {
    fn plain(&self, inputs: &[Vec<u64>]) -> Vec<u128> {
        let mut results = Vec::new();
        for (tally, positions) in &self.0 {
            let all: Vec<usize> = (0..inputs[0].len()).collect();
            let positions = positions.as_ref().unwrap_or(&all);
            let values = || positions.iter().map(|&at| u128::from(inputs[0][at]));
            match tally {
                Tally::Sum => results.push(values().sum()),
                Tally::Squares => {
                    results.push(values().sum());
                    results.push(values().map(reference::square).sum());
                }
                Tally::Counts => {
                    results.extend(
                        (0..4).map(|bit| values().map(|value| value >> bit & 1).sum::<u128>()),
                    );
                }
            }
        }
        results
    }

    async fn compute(
        &self,
        ctx: &BitContext,
        inputs: Vec<SharedBits>,
    ) -> Result<SharedBits, ProtocolError> {
        let groups = self.0.iter().map(|(tally, positions)| Group {
            tally: *tally,
            numbers: inputs[0].clone(),
            positions: positions.clone().map(Into::into),
        });
        let groups: Vec<Group> = groups.collect();
        let widths = groups.iter().zip(self.shapes((inputs[0].width(), inputs[0].len())));
        let widths: Vec<Vec<usize>> = widths.map(|(_, shape)| shape.widths()).collect();
        let results = tally(ctx, &groups).await?;
        let found: Vec<Vec<usize>> =
            results.iter().map(|own| own.iter().map(SharedBits::width).collect()).collect();
        assert_eq!(found, widths);
        let wide = results.iter().flatten().map(|result| {
            let planes = result.planes().map(|plane| vec![plane]);
            let planes: Vec<_> = planes.chain(std::iter::repeat(Vec::new())).take(128).collect();
            SharedBits::xor_planes(ctx.holding(), 1, &planes)
        });
        let wide = wide.collect::<Result<Vec<_>, _>>()?;
        Ok(SharedBits::concat(ctx.holding(), 128, &wide.iter().collect::<Vec<_>>())?)
    }

    fn cost(&self, model: CostModel, _: &Tactics, shapes: &[(usize, usize)]) -> Cost {
        model.tally(&self.shapes(shapes[0]))
    }
}

#[tokio::test]
async fn groups_are_added_up() {
    let some = |from: usize, to: usize, step: usize| Some((from..to).step_by(step).collect());
    for world in worlds() {
        for (width, count) in [(4, 1), (4, 70), (4, 333)] {
            let x = drawn(&world, width, count);
            let tasks = vec![
                (Tally::Sum, None),
                (Tally::Squares, some(0, count, 3)),
                (Tally::Counts, some(1, count, 2)),
                (Tally::Squares, Some(Vec::new())),
                (Tally::Squares, None),
            ];
            Trial::new(&world, Tallies(tasks), &[x]).check(&world).await;
        }
    }
    let world = unchecked(3, 1);
    for (width, count) in [(1, 65), (2, 64), (5, 129), (32, 300), (40, 1000), (13, 2047)] {
        let x = drawn(&world, width, count);
        let tasks = vec![(Tally::Squares, None), (Tally::Squares, some(0, count, 2))];
        Trial::new(&world, Tallies(tasks), &[x]).check(&world).await;
        let most = (width as usize, vec![mask(width); count]);
        Trial::new(&world, Tallies(vec![(Tally::Squares, None)]), &[most]).check(&world).await;
    }
}

#[tokio::test]
async fn groups_that_are_alike_go_side_by_side() {
    // More than a word of them, of counts that make two or three classes, and one that has none.
    let some = |at: usize| Some((at..at + 60 + at % 7).collect());
    for world in [World::new(3, 1), unchecked(5, 2)] {
        let x = drawn(&world, 3, 140);
        let mut tasks: Vec<_> = (0..70).map(|at| (Tally::Squares, some(at))).collect();
        tasks.push((Tally::Sum, some(1)));
        tasks.insert(3, (Tally::Squares, Some(Vec::new())));
        let tactics = Tactics { stripe: Some(64), lanes: Some(3), ..Tactics::default() };
        Trial::new(&world, Tallies(tasks.clone()), std::slice::from_ref(&x)).check(&world).await;
        Trial::new(&world, Tallies(tasks), &[x]).check_with(&world, &tactics).await;
    }
}

#[tokio::test]
async fn many_numbers_are_halved() {
    for (width, count) in [(32, 2048), (17, 3000), (40, 2500), (9, 70_000)] {
        let world = unchecked(3, 1);
        let x = drawn(&world, width, count);
        let task = Tallies(vec![(Tally::Squares, None)]);
        Trial::new(&world, task, &[x]).check_with(&world, &Tactics::default()).await;
    }
    let world = World::new(5, 2);
    let x = drawn(&world, 24, 2100);
    let tactics = Tactics { stripe: Some(256), lanes: Some(2), ..Tactics::default() };
    let task = Tallies(vec![(Tally::Squares, None), (Tally::Sum, None)]);
    Trial::new(&world, task, &[x]).check_with(&world, &tactics).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_bit_in_sums_of_squares_is_found() {
    a_wrong_bit_is_found(|world| {
        let values = (0..70).map(|at| at * 5 % 16).collect();
        let tasks = vec![(Tally::Squares, None), (Tally::Counts, Some(vec![1, 5, 3]))];
        Trial::new(world, Tallies(tasks), &[(4, values)])
    })
    .await;
}

#[test]
fn sums_of_squares_take_what_their_header_says() {
    let scheme = Scheme::new(3, 1).unwrap();
    let model = CostModel::new(scheme, scheme.all());
    let squares = |count| model.tally(&[Shape { tally: Tally::Squares, width: 32, count }]);
    assert_eq!(squares(1000).rounds, 41);
    let each = squares(100_000).gates as f64 / 1e5;
    assert!((370.0..400.0).contains(&each), "{each}");
}

/// Places counted from the largest, all of the first batch's numbers whose bit in the second is set.
struct Places(Vec<u64>);

impl Task for Places {
    fn plain(&self, inputs: &[Vec<u64>]) -> Vec<u128> {
        let all = vec![1; inputs[0].len()];
        let counting = inputs.get(1).unwrap_or(&all);
        let those = inputs[0].iter().zip(counting).filter(|(_, counts)| **counts == 1);
        let mut values: Vec<u64> = those.map(|(value, _)| *value).collect();
        values.sort_unstable_by(|one, other| other.cmp(one));
        self.0.iter().map(|&before| values[usize::try_from(before).unwrap()].into()).collect()
    }

    async fn compute(
        &self,
        ctx: &BitContext,
        inputs: Vec<SharedBits>,
    ) -> Result<SharedBits, ProtocolError> {
        let before =
            self.0.iter().map(|&before| SharedBits::from_public(ctx.holding(), 9, &[before]));
        let (numbers, counting) = (inputs[0].clone(), inputs.get(1).cloned());
        let task = Ordered { numbers, counting, before: before.collect() };
        let found = nth(ctx, &[task.clone(), task]).await?;
        assert_eq!(found[0].len(), found[1].len());
        let (width, found) = (inputs[0].width(), found[1].iter().collect::<Vec<_>>());
        Ok(SharedBits::concat(ctx.holding(), width, &found)?)
    }

    fn cost(&self, model: CostModel, tactics: &Tactics, shapes: &[(usize, usize)]) -> Cost {
        let (width, count) = shapes[0];
        let shape = nth::Shape { width, count, some: shapes.len() > 1, asked: self.0.len() };
        model.nth(tactics, &[shape, shape])
    }
}

#[tokio::test]
async fn numbers_are_found_by_their_places() {
    for world in worlds() {
        for (width, count) in [(1, 1), (3, 2), (4, 67), (16, 40)] {
            let x = drawn(&world, width, count);
            let mut counting: Vec<u64> =
                world.draw(|rng| (0..count).map(|_| rng.random_range(0..2)).collect());
            counting[count - 1] = 1;
            let some = counting.iter().sum::<u64>();
            for best in [BestBy::Rank, BestBy::Search] {
                let tactics = Tactics { best: Some(best), ..Tactics::default() };
                let all = Places(vec![0, count as u64 / 2, count as u64 - 1]);
                let trial = Trial::new(&world, all, std::slice::from_ref(&x));
                trial.check_with(&world, &tactics).await;
                let places = Places(vec![0, some / 4, some - 1]);
                let trial = Trial::new(&world, places, &[x.clone(), (1, counting.clone())]);
                trial.check_with(&world, &tactics).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_bit_in_places_is_found() {
    a_wrong_bit_is_found(|world| {
        Trial::new(
            world,
            Places(vec![1, 3]),
            &[(2, vec![3, 1, 0, 2, 2, 1]), (1, vec![1, 1, 0, 1, 1, 0])],
        )
    })
    .await;
}

#[tokio::test]
async fn products_that_are_no_numbers_are_refused() {
    let world = unchecked(3, 1);
    let (wide, narrow) = (world.share(40, &[1, 2]), world.share(3, &[1, 2, 3]));
    world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let (wide, narrow) = (wide.of(ctx.me()), narrow.of(ctx.me()));
            assert!(multiply(&ctx.narrow("a"), &wide, &wide).await.is_err());
            assert!(multiply(&ctx.narrow("b"), &wide, &narrow).await.is_err());
            assert!(square(&ctx.narrow("c"), &wide).await.is_err());
            assert!(equal(&ctx.narrow("d"), &wide, &narrow).await.is_err());
            let positions = Some(vec![2].into());
            let group = Group { tally: Tally::Sum, numbers: wide, positions };
            assert!(tally(&ctx.narrow("e"), &[group]).await.is_err());
            assert!(tally(&ctx.narrow("f"), &[]).await?.is_empty());
            assert!(nth(&ctx.narrow("g"), &[]).await?.is_empty());
            Ok(())
        })
        .await;
}
