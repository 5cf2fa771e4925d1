//! Any protocol that makes one batch of several, against its plain twin: its result, what it costs,
//! and that a wrong bit in any of its gates is found.

use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::open::open;
use gavel::protocol::{Cost, CostModel, ProtocolError, Tactics};
use gavel::sharing::SharedBits;
use gavel::testkit::{Failure, Inputs, World};

use super::{SCHEMES, sweep};

/// A protocol with its plain twin.
pub trait Task {
    /// The numbers that it is to come to.
    fn plain(&self, inputs: &[Vec<u64>]) -> Vec<u128>;

    /// Run it.
    async fn compute(
        &self,
        ctx: &BitContext,
        inputs: Vec<SharedBits>,
    ) -> Result<SharedBits, ProtocolError>;

    /// What it is to cost with these tactics, given the inputs' widths and positions.
    fn cost(&self, model: CostModel, tactics: &Tactics, shapes: &[(usize, usize)]) -> Cost;
}

/// In stripes of 64 positions, with carries one after the other.
pub fn striped() -> Tactics {
    Tactics { stripe: Some(64), lanes: Some(3), block: Some(32), ..Tactics::default() }
}

/// A task with its inputs, each of so many bits.
pub struct Trial<T> {
    task: T,
    inputs: Vec<Vec<u64>>,
    shapes: Vec<(usize, usize)>,
    shared: Vec<Inputs>,
}

impl<T: Task> Trial<T> {
    pub fn new(world: &World, task: T, inputs: &[(usize, Vec<u64>)]) -> Self {
        let shared = inputs.iter().map(|(width, values)| world.share(*width, values)).collect();
        let shapes = inputs.iter().map(|(width, values)| (*width, values.len())).collect();
        Self {
            task,
            inputs: inputs.iter().map(|(_, values)| values.clone()).collect(),
            shapes,
            shared,
        }
    }

    async fn run(&self, ctx: BitContext, tactics: &Tactics) -> Result<Vec<u128>, Failure> {
        let ctx = BitContext::new(&ctx.base().clone().with_tactics(tactics.clone()));
        let before = ctx.base().counters();
        let inputs = self.shared.iter().map(|input| input.of(ctx.me())).collect();
        let result = self.task.compute(&ctx.narrow("task"), inputs).await?;
        assert!(ctx.base().openings().iter().all(|opening| opening.masked));
        let opened = open(&ctx.narrow("open"), &result).await?;
        let cost = self.task.cost(ctx.cost_model(), tactics, &self.shapes);
        let cost = ctx.cost_model().opening(cost, &[(result.width(), result.len())]);
        let now = ctx.base().counters();
        assert_eq!(
            (
                now.rounds - before.rounds,
                now.gates - before.gates,
                now.bytes_sent - before.bytes_sent
            ),
            (cost.rounds, cost.gates, cost.bytes_sent),
            "{:?}",
            self.shapes
        );
        Ok((0..opened.len()).map(|at| opened.wide_value(at)).collect())
    }

    /// Run it with default tactics, and in stripes.
    pub async fn check(&self, world: &World) {
        for tactics in [Tactics::default(), striped()] {
            self.check_with(world, &tactics).await;
        }
    }

    pub async fn check_with(&self, world: &World, tactics: &Tactics) {
        let found = world.agree(async |ctx: BitContext| self.run(ctx, tactics).await).await;
        assert_eq!(found, self.task.plain(&self.inputs), "{:?}", self.inputs);
    }
}

/// A wrong bit in each of its gates makes an end of a trial before anything is opened.
pub async fn a_wrong_bit_is_found<T: Task>(trial: impl Fn(&World) -> Trial<T>) {
    for scheme in SCHEMES {
        let steps = sweep::a_wrong_bit_is_found(scheme, &["open"], async |world: World| {
            let trial = trial(&world);
            let tactics = Tactics::default();
            let run = async |ctx: BitContext| trial.run(ctx, &tactics).await.map(drop);
            world.run(run).await
        });
        assert!(steps.await > 1);
    }
}
