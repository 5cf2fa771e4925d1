//! Sums over tables and prefix sums against their plain twins, with checks and without, with nodes
//! missing, in stripes; what they cost; and that one wrong bit in any of their gates is found.

use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::prefix::prefix_sums;
use gavel::protocol::bits::totals;
use gavel::protocol::{Cost, CostModel, ProtocolError, Tactics};
use gavel::sharing::seed::mask;
use gavel::sharing::{Scheme, SharedBits};
use gavel::testkit::{Failure, World, reference};
use rand::RngExt as _;

use super::trial::{Task, Trial, a_wrong_bit_is_found, striped};
use super::{SCHEMES, unchecked};

/// What is computed of the fields of all entries, all of one width.
enum Sums {
    /// For each field the sum over these entries.
    OfFields(Vec<usize>),
    /// For each of these entries the sum over its fields.
    OfEntries(Vec<usize>),
    /// Prefix sums of the only field.
    Prefix,
}

impl Task for Sums {
    fn plain(&self, fields: &[Vec<u64>]) -> Vec<u128> {
        let sum = |values: &mut dyn Iterator<Item = u64>| values.map(u128::from).sum();
        match self {
            Self::OfFields(entries) => {
                let of = |field: &Vec<u64>| sum(&mut entries.iter().map(|&entry| field[entry]));
                fields.iter().map(of).collect()
            }
            Self::OfEntries(entries) => {
                let of = |&entry: &usize| sum(&mut fields.iter().map(|field| field[entry]));
                entries.iter().map(of).collect()
            }
            Self::Prefix => {
                let upto = |at| sum(&mut fields[0][..=at].iter().copied());
                (0..fields[0].len()).map(upto).collect()
            }
        }
    }

    async fn compute(
        &self,
        ctx: &BitContext,
        fields: Vec<SharedBits>,
    ) -> Result<SharedBits, ProtocolError> {
        match self {
            Self::OfFields(entries) => totals::of_fields(ctx, &fields, entries).await,
            Self::OfEntries(entries) => totals::of_entries(ctx, &fields, entries).await,
            Self::Prefix => prefix_sums(ctx, &fields[0]).await,
        }
    }

    fn cost(&self, model: CostModel, _: &Tactics, fields: &[(usize, usize)]) -> Cost {
        let (width, entries) = fields[0];
        match self {
            Self::OfFields(chosen) => model.totals(width, chosen.len(), fields.len()),
            Self::OfEntries(chosen) => model.totals(width, fields.len(), chosen.len()),
            Self::Prefix => model.prefix_sums(width, entries),
        }
    }
}

fn of(world: &World, task: Sums, width: usize, fields: Vec<Vec<u64>>) -> Trial<Sums> {
    let fields: Vec<_> = fields.into_iter().map(|field| (width, field)).collect();
    Trial::new(world, task, &fields)
}

fn drawn(world: &World, task: Sums, width: u32, fields: usize, entries: usize) -> Trial<Sums> {
    let field = |_| world.draw(|rng| reference::awkward_values(rng, width, entries));
    of(world, task, width as usize, (0..fields).map(field).collect())
}

/// Every world with checks, and some more without.
fn worlds() -> impl Iterator<Item = World> {
    let checked = SCHEMES.into_iter().map(|(n, t)| World::new(n, t));
    let missing = [(4, 1, &[2][..]), (5, 1, &[1, 4]), (7, 2, &[3])];
    checked.chain(missing.into_iter().map(|(n, t, missing)| unchecked(n, t).without(missing)))
}

/// Some of so many entries, in some order.
fn some(world: &World, entries: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..entries).collect();
    let count = world.draw(|rng| rng.random_range(0..=entries));
    (0..count)
        .map(|_| left.swap_remove(world.draw(|rng| rng.random_range(0..left.len()))))
        .collect()
}

#[tokio::test]
async fn fields_are_summed_up_over_some_entries() {
    let whole = Tactics::default();
    for world in worlds() {
        for (width, fields, entries) in [(1, 1, 1), (4, 3, 2), (7, 70, 5), (16, 130, 100)] {
            let all = (0..entries).collect();
            drawn(&world, Sums::OfFields(all), width, fields, entries)
                .check_with(&world, &whole)
                .await;
            let task = Sums::OfFields(some(&world, entries));
            drawn(&world, task, width, fields, entries).check_with(&world, &striped()).await;
        }
    }
    // Numbers of entries around those where they are cut otherwise.
    let world = unchecked(3, 1);
    for entries in (0..20).chain([95, 96, 97, 98, 192, 193, 400, 1229]) {
        let task = Sums::OfFields((0..entries).collect());
        drawn(&world, task, 3, 65, entries).check_with(&world, &whole).await;
        let fields = vec![vec![mask(5); entries]; 2];
        let task = Sums::OfFields((0..entries).rev().collect());
        of(&world, task, 5, fields).check_with(&world, &whole).await;
    }
}

#[tokio::test]
async fn entries_are_summed_up_over_their_fields() {
    let whole = Tactics::default();
    for world in worlds() {
        for (width, fields, entries) in [(1, 1, 1), (4, 3, 2), (7, 5, 70), (16, 100, 130)] {
            let all = (0..entries).collect();
            drawn(&world, Sums::OfEntries(all), width, fields, entries)
                .check_with(&world, &whole)
                .await;
            let task = Sums::OfEntries(some(&world, entries));
            drawn(&world, task, width, fields, entries).check_with(&world, &striped()).await;
        }
    }
}

#[tokio::test]
async fn every_prefix_is_summed_up() {
    let whole = Tactics::default();
    for world in worlds() {
        for (width, count) in [(1, 1), (1, 2), (3, 64), (9, 65), (16, 131), (5, 300)] {
            drawn(&world, Sums::Prefix, width, 1, count).check_with(&world, &whole).await;
            let most = vec![vec![mask(width); count]];
            of(&world, Sums::Prefix, width as usize, most).check_with(&world, &striped()).await;
        }
    }
    let world = unchecked(3, 1);
    for count in (0..=70).chain([127, 128, 129, 255, 256, 257, 1000, 4001]) {
        drawn(&world, Sums::Prefix, 20, 1, count).check_with(&world, &whole).await;
    }
    // All lists of up to four numbers of two bits.
    for count in 1..=4_u32 {
        for code in (0..4_u64.pow(count)).step_by(if count == 4 { 7 } else { 1 }) {
            let values = (0..count).map(|at| code >> (2 * at) & 3).collect();
            of(&world, Sums::Prefix, 2, vec![values]).check_with(&world, &whole).await;
        }
    }
}

#[tokio::test]
async fn sums_of_tables_that_are_no_numbers_are_refused() {
    let world = unchecked(3, 1);
    let (wide, narrow) = (world.share(64, &[1, 2]), world.share(3, &[1, 2]));
    world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let (wide, narrow) = (wide.of(ctx.me()), narrow.of(ctx.me()));
            let fields = [wide.clone(), wide.clone()];
            assert!(totals::of_fields(&ctx.narrow("a"), &fields, &[0, 1]).await.is_err());
            assert!(totals::of_entries(&ctx.narrow("b"), &fields, &[0]).await.is_err());
            assert!(prefix_sums(&ctx.narrow("c"), &wide).await.is_err());
            let fields = [narrow.clone(), wide];
            assert!(totals::of_fields(&ctx.narrow("d"), &fields, &[0, 1]).await.is_err());
            let fields = [narrow];
            assert!(totals::of_fields(&ctx.narrow("e"), &fields, &[2]).await.is_err());
            assert!(totals::of_entries(&ctx.narrow("f"), &fields, &[2]).await.is_err());
            assert_eq!(totals::of_fields(&ctx.narrow("g"), &fields, &[]).await?.width(), 0);
            assert_eq!(totals::of_fields(&ctx.narrow("h"), &[], &[]).await?.len(), 0);
            Ok(())
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_bit_in_sums_of_tables_is_found() {
    a_wrong_bit_is_found(|world| {
        let fields = vec![vec![5, 0, 3, 7, 6, 1, 2]; 3];
        of(world, Sums::OfFields((0..7).collect()), 3, fields)
    })
    .await;
    a_wrong_bit_is_found(|world| {
        let fields = vec![vec![1, 2, 3]; 4];
        of(world, Sums::OfEntries(vec![2, 0]), 2, fields)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_bit_in_prefix_sums_is_found() {
    a_wrong_bit_is_found(|world| {
        let values = (0..130).map(|at| at * 5 % 8).collect();
        of(world, Sums::Prefix, 3, vec![values])
    })
    .await;
}

#[test]
fn sums_take_the_rounds_that_their_headers_say() {
    let scheme = Scheme::new(3, 1).unwrap();
    let model = CostModel::new(scheme, scheme.all());
    assert_eq!(model.totals(16, 1000, 64).rounds, 22);
    assert_eq!(model.prefix_sums(27, 4000).rounds, 40);
}
