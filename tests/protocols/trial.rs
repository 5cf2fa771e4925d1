//! Any protocol that makes one batch of several, against its plain twin: its result, what it costs,
//! and that a wrong bit in any of its gates is found.

use std::collections::BTreeSet;

use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::open::open;
use gavel::protocol::{Cost, CostModel, ProtocolError, StepId, Tactics};
use gavel::sharing::SharedBits;
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{At, Failure, Inputs, Lie, World};

use super::{SCHEMES, node};

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

    /// Run it with default tactics, and in stripes of 64 positions with carries one after the other.
    pub async fn check(&self, world: &World) {
        let striped =
            Tactics { stripe: Some(64), lanes: Some(3), block: Some(32), ..Tactics::default() };
        for tactics in [Tactics::default(), striped] {
            self.check_with(world, &tactics).await;
        }
    }

    pub async fn check_with(&self, world: &World, tactics: &Tactics) {
        let found = world.agree(async |ctx: BitContext| self.run(ctx, tactics).await).await;
        assert_eq!(found, self.task.plain(&self.inputs), "{:?}", self.inputs);
    }
}

/// The steps of a trial at which node 2 sends its part of gates.
async fn gates<T: Task>(n: u8, t: u8, trial: impl Fn(&World) -> Trial<T>) -> BTreeSet<StepId> {
    let tap = Wiretap::default();
    let world = World::new(n, t).tapped(&tap);
    trial(&world).check_with(&world, &Tactics::default()).await;
    let apart = ["keys", "keys/confirm", "open", "open/check/digests", "open/check/proofs"];
    let apart = apart.into_iter().chain(["open/check/verdict"]).map(StepId::of);
    let sent = tap.messages().into_iter().filter(|message| message.from == node(2));
    let steps: BTreeSet<StepId> = sent.map(|message| message.step).collect();
    steps.difference(&apart.collect()).copied().collect()
}

/// A wrong bit in each of its gates makes an end of a trial before anything is opened.
pub async fn a_wrong_bit_is_found<T: Task>(trial: impl Fn(&World) -> Trial<T>) {
    for (n, t) in SCHEMES {
        let steps = gates(n, t, &trial).await;
        assert!(steps.len() > 1);
        for (at, &step) in steps.iter().enumerate() {
            let to = [None, Some(node(3))][at % 2];
            let tap = Wiretap::default();
            let lie = Lie { at: At::Step(step), to, bit: 1 };
            let world = World::new(n, t).with_lie(node(2), lie).tapped(&tap);
            let trial = trial(&world);
            let tactics = Tactics::default();
            let run = async |ctx: BitContext| trial.run(ctx, &tactics).await;
            for (_, result) in world.run(run).await {
                let error = result.unwrap_err();
                assert!(matches!(error, Failure::Protocol(ProtocolError::Lie { .. })), "{error:?}");
            }
            let opening = StepId::of("open");
            assert!(tap.messages().iter().all(|message| message.step != opening));
        }
    }
}
