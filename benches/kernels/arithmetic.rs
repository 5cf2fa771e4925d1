//! Arithmetic on shared bits: whole protocol runs of three nodes, without their checks.

use gavel::protocol::bits::equal::equal;
use gavel::protocol::bits::multiply::multiply;
use gavel::protocol::bits::prefix::prefix_sums;
use gavel::protocol::bits::square::square;
use gavel::protocol::bits::sum::sum;
use gavel::protocol::bits::{BitContext, totals};
use gavel::protocol::{Context, ProtocolError};
use gavel::sharing::SharedBits;
use gavel::testkit::World;
use std::hint::black_box;

use super::{Failure, Kernel, MANY, passive, runtime};

/// Numbers that are multiplied: a product takes many gates.
const SOME: usize = MANY / 16;

/// Entries of a table, and its fields.
const TABLE: (usize, usize) = (256, 512);

pub fn sums() -> Kernel {
    let run = async |ctx: &BitContext, inputs: &[SharedBits]| sum(ctx, &inputs[0]).await;
    computed("sum of 32 bits, 3 nodes", MANY, &[numbers(32, 7919, MANY)], run)
}

pub fn table_sums() -> Kernel {
    let (entries, fields) = TABLE;
    let table: Vec<_> = (1..=fields as u64).map(|by| numbers(16, by * 7919, entries)).collect();
    let all: Vec<usize> = (0..entries).collect();
    let run = async move |ctx: &BitContext, fields: &[SharedBits]| {
        totals::of_fields(ctx, fields, &all).await
    };
    computed("totals of 16 bits, 3 nodes", entries * fields, &table, run)
}

pub fn prefixes() -> Kernel {
    let run = async |ctx: &BitContext, inputs: &[SharedBits]| prefix_sums(ctx, &inputs[0]).await;
    computed("prefix sums of 24 bits, 3 nodes", MANY, &[numbers(24, 7919, MANY)], run)
}

pub fn equals() -> Kernel {
    let inputs = [numbers(32, 0x9e37_79b9, MANY), numbers(32, 0x85eb_ca6b, MANY)];
    let run =
        async |ctx: &BitContext, inputs: &[SharedBits]| equal(ctx, &inputs[0], &inputs[1]).await;
    computed("equal 32 bits, 3 nodes", MANY, &inputs, run)
}

pub fn multiplications() -> Kernel {
    let inputs = [numbers(32, 0x9e37_79b9, SOME), numbers(32, 0x85eb_ca6b, SOME)];
    let run =
        async |ctx: &BitContext, inputs: &[SharedBits]| multiply(ctx, &inputs[0], &inputs[1]).await;
    computed("multiply 32 bits, 3 nodes", SOME, &inputs, run)
}

pub fn squares() -> Kernel {
    let run = async |ctx: &BitContext, inputs: &[SharedBits]| square(ctx, &inputs[0]).await;
    computed("square 32 bits, 3 nodes", SOME, &[numbers(32, 0x9e37_79b9, SOME)], run)
}

/// So many numbers of so many bits.
fn numbers(width: usize, by: u64, count: usize) -> (usize, Vec<u64>) {
    let value = |at: u64| at.wrapping_mul(by) & ((1 << width) - 1);
    (width, (0..count as u64).map(value).collect())
}

/// A computation on inputs, counted by numbers and nodes.
fn computed(
    name: &'static str,
    count: usize,
    inputs: &[(usize, Vec<u64>)],
    run: impl AsyncFn(&BitContext, &[SharedBits]) -> Result<SharedBits, ProtocolError> + 'static,
) -> Kernel {
    let world = World::new(3, 1);
    let inputs: Vec<_> = inputs.iter().map(|(width, values)| world.share(*width, values)).collect();
    let runtime = runtime();
    let run = move || {
        let results = runtime.block_on(world.run(async |ctx: Context| {
            let ctx = passive(ctx);
            let inputs: Vec<_> = inputs.iter().map(|input| input.of(ctx.me())).collect();
            run(&ctx.narrow("run"), &inputs).await.map_err(Failure::from)
        }));
        for (_, result) in results {
            drop(black_box(result).expect("a result"));
        }
    };
    Kernel { name, unit: "number and node", units: count as u64 * 3, run: Box::new(run) }
}
