//! Sums over tables and prefix sums against their plain twins, with checks and without, with nodes
//! missing, in stripes; what they cost; and that one wrong bit in any of their gates is found.

use std::collections::BTreeSet;

use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::open::open;
use gavel::protocol::bits::prefix::prefix_sums;
use gavel::protocol::bits::totals;
use gavel::protocol::{Cost, CostModel, Counters, ProtocolError, StepId, Tactics};
use gavel::sharing::seed::mask;
use gavel::sharing::{Scheme, SharedBits};
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{At, Failure, Inputs, Lie, World, reference};
use rand::RngExt as _;

use super::{SCHEMES, node, unchecked};

/// What is computed, and opened in the end.
enum Task {
    /// For each field the sum over these entries.
    OfFields(Vec<usize>),
    /// For each of these entries the sum over its fields.
    OfEntries(Vec<usize>),
    /// Prefix sums of the only field.
    Prefix,
}

/// A task with its inputs: the fields of all entries.
struct Trial {
    task: Task,
    width: usize,
    fields: Vec<Vec<u64>>,
    shared: Vec<Inputs>,
}

impl Trial {
    fn new(world: &World, task: Task, width: usize, fields: Vec<Vec<u64>>) -> Self {
        let shared = fields.iter().map(|field| world.share(width, field)).collect();
        Self { task, width, fields, shared }
    }

    fn drawn(world: &World, task: Task, width: u32, fields: usize, entries: usize) -> Self {
        let field = |_| world.draw(|rng| reference::awkward_values(rng, width, entries));
        Self::new(world, task, width as usize, (0..fields).map(field).collect())
    }

    fn plain(&self) -> Vec<u64> {
        match &self.task {
            Task::OfFields(entries) => {
                let sum = |field: &Vec<u64>| entries.iter().map(|&entry| field[entry]).sum();
                self.fields.iter().map(sum).collect()
            }
            Task::OfEntries(entries) => {
                let sum = |&entry: &usize| self.fields.iter().map(|field| field[entry]).sum();
                entries.iter().map(sum).collect()
            }
            Task::Prefix => {
                let sums = self.fields[0].iter().scan(0, |sum, value| {
                    *sum += value;
                    Some(*sum)
                });
                sums.collect()
            }
        }
    }

    async fn compute(&self, ctx: &BitContext) -> Result<SharedBits, ProtocolError> {
        let fields: Vec<SharedBits> = self.shared.iter().map(|field| field.of(ctx.me())).collect();
        match &self.task {
            Task::OfFields(entries) => totals::of_fields(ctx, &fields, entries).await,
            Task::OfEntries(entries) => totals::of_entries(ctx, &fields, entries).await,
            Task::Prefix => prefix_sums(ctx, &fields[0]).await,
        }
    }

    fn cost(&self, ctx: &BitContext) -> Cost {
        let (model, width, fields) = (ctx.cost_model(), self.width, self.fields.len());
        match &self.task {
            Task::OfFields(entries) => model.totals(width, entries.len(), fields),
            Task::OfEntries(entries) => model.totals(width, fields, entries.len()),
            Task::Prefix => model.prefix_sums(width, self.fields[0].len()),
        }
    }

    /// Run it, in stripes of so many positions if given, and then with carries one after the other.
    async fn run(&self, ctx: BitContext, stripe: Option<u32>) -> Result<Vec<u64>, Failure> {
        let (lanes, block) = (stripe.map(|_| 3), stripe.map(|_| 32));
        let tactics = Tactics { stripe, lanes, block, ..Tactics::default() };
        let ctx = BitContext::new(&ctx.base().clone().with_tactics(tactics));
        let before = ctx.base().counters();
        let sums = self.compute(&ctx.narrow("sums")).await?;
        assert!(ctx.base().openings().iter().all(|opening| opening.masked));
        let opened = open(&ctx.narrow("open"), &sums).await?;
        let cost = ctx.cost_model().opening(self.cost(&ctx), &[(sums.width(), sums.len())]);
        assert_eq!(spent(before, ctx.base().counters()), figures(cost));
        Ok(opened.values())
    }

    async fn check(&self, world: &World, stripe: Option<u32>) {
        let found = world.agree(async |ctx: BitContext| self.run(ctx, stripe).await).await;
        assert_eq!(found, self.plain());
    }
}

fn spent(before: Counters, now: Counters) -> (u64, u64, u64) {
    (now.rounds - before.rounds, now.gates - before.gates, now.bytes_sent - before.bytes_sent)
}

fn figures(cost: Cost) -> (u64, u64, u64) {
    (cost.rounds, cost.gates, cost.bytes_sent)
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
    for world in worlds() {
        for (width, fields, entries) in [(1, 1, 1), (4, 3, 2), (7, 70, 5), (16, 130, 100)] {
            let all = (0..entries).collect();
            Trial::drawn(&world, Task::OfFields(all), width, fields, entries)
                .check(&world, None)
                .await;
            let task = Task::OfFields(some(&world, entries));
            Trial::drawn(&world, task, width, fields, entries).check(&world, Some(64)).await;
        }
    }
    // Numbers of entries around those where they are cut otherwise.
    let world = unchecked(3, 1);
    for entries in (0..20).chain([95, 96, 97, 98, 192, 193, 400, 1229]) {
        let task = Task::OfFields((0..entries).collect());
        Trial::drawn(&world, task, 3, 65, entries).check(&world, None).await;
        let fields = vec![vec![mask(5); entries]; 2];
        let task = Task::OfFields((0..entries).rev().collect());
        Trial::new(&world, task, 5, fields).check(&world, None).await;
    }
}

#[tokio::test]
async fn entries_are_summed_up_over_their_fields() {
    for world in worlds() {
        for (width, fields, entries) in [(1, 1, 1), (4, 3, 2), (7, 5, 70), (16, 100, 130)] {
            let all = (0..entries).collect();
            Trial::drawn(&world, Task::OfEntries(all), width, fields, entries)
                .check(&world, None)
                .await;
            let task = Task::OfEntries(some(&world, entries));
            Trial::drawn(&world, task, width, fields, entries).check(&world, Some(64)).await;
        }
    }
}

#[tokio::test]
async fn every_prefix_is_summed_up() {
    for world in worlds() {
        for (width, count) in [(1, 1), (1, 2), (3, 64), (9, 65), (16, 131), (5, 300)] {
            Trial::drawn(&world, Task::Prefix, width, 1, count).check(&world, None).await;
            let most = vec![vec![mask(width); count]];
            Trial::new(&world, Task::Prefix, width as usize, most).check(&world, Some(64)).await;
        }
    }
    let world = unchecked(3, 1);
    for count in (0..=70).chain([127, 128, 129, 255, 256, 257, 1000, 4001]) {
        Trial::drawn(&world, Task::Prefix, 20, 1, count).check(&world, None).await;
    }
    // All lists of up to four numbers of two bits.
    for count in 1..=4_u32 {
        for code in (0..4_u64.pow(count)).step_by(if count == 4 { 7 } else { 1 }) {
            let values = (0..count).map(|at| code >> (2 * at) & 3).collect();
            Trial::new(&world, Task::Prefix, 2, vec![values]).check(&world, None).await;
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

/// The steps of a trial at which node 2 sends its part of gates.
async fn gates(n: u8, t: u8, trial: impl Fn(&World) -> Trial) -> BTreeSet<StepId> {
    let tap = Wiretap::default();
    let world = World::new(n, t).tapped(&tap);
    trial(&world).check(&world, None).await;
    let apart = ["keys", "keys/confirm", "open", "open/check/digests", "open/check/proofs"];
    let apart = apart.into_iter().chain(["open/check/verdict"]).map(StepId::of);
    let sent = tap.messages().into_iter().filter(|message| message.from == node(2));
    let steps: BTreeSet<StepId> = sent.map(|message| message.step).collect();
    steps.difference(&apart.collect()).copied().collect()
}

/// A wrong bit in each of its gates makes an end of a trial before anything is opened.
async fn a_wrong_bit_is_found(trial: impl Fn(&World) -> Trial) {
    for (n, t) in SCHEMES {
        let steps = gates(n, t, &trial).await;
        assert!(steps.len() > 1);
        for (at, &step) in steps.iter().enumerate() {
            let to = [None, Some(node(3))][at % 2];
            let tap = Wiretap::default();
            let lie = Lie { at: At::Step(step), to, bit: 1 };
            let world = World::new(n, t).with_lie(node(2), lie).tapped(&tap);
            let trial = trial(&world);
            for (_, result) in world.run(async |ctx: BitContext| trial.run(ctx, None).await).await {
                let error = result.unwrap_err();
                assert!(matches!(error, Failure::Protocol(ProtocolError::Lie { .. })), "{error:?}");
            }
            let opening = StepId::of("open");
            assert!(tap.messages().iter().all(|message| message.step != opening));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_bit_in_sums_of_tables_is_found() {
    a_wrong_bit_is_found(|world| {
        let fields = vec![vec![5, 0, 3, 7, 6, 1, 2]; 3];
        Trial::new(world, Task::OfFields((0..7).collect()), 3, fields)
    })
    .await;
    a_wrong_bit_is_found(|world| {
        let fields = vec![vec![1, 2, 3]; 4];
        Trial::new(world, Task::OfEntries(vec![2, 0]), 2, fields)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_bit_in_prefix_sums_is_found() {
    a_wrong_bit_is_found(|world| {
        let values = (0..130).map(|at| at * 5 % 8).collect();
        Trial::new(world, Task::Prefix, 3, vec![values])
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
