//! The kernels that are timed (`cargo bench --bench bits`) and whose instructions are counted
//! (`cargo bench --bench instructions`): one list for both.
//!
//! A comparison kernel is a whole protocol run of all nodes over channels in memory, on one thread:
//! keys, gates, masks, messages and openings, without TLS and the network.

// A kernel that does not run ends the bench.
#![allow(clippy::expect_used)]

mod arithmetic;

use std::hint::black_box;

use arithmetic::{equals, multiplications, prefixes, squares, sums, table_sums};
use gavel::field::binary128::fold::{COLUMNS, RowFactors};
use gavel::field::binary128::points::{Points, Weighed};
use gavel::field::binary128::small::{LANES, ROWS, Rows};
use gavel::field::binary128::{add_points, fold, weigh_points};
use gavel::field::bulk::{mul_into, powers};
use gavel::field::{Binary128, Field, Mersenne127, Pair127};
use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::less_than::less_than;
use gavel::protocol::bits::maximum::{Keep, maximum};
use gavel::protocol::bits::rank::rank;
use gavel::protocol::numbers::NumberContext;
use gavel::protocol::numbers::comparison::{Comparing, at_least, bits_needed};
use gavel::protocol::numbers::random_bits::BitPool;
use gavel::protocol::proof::check::check;
use gavel::protocol::{Context, EstablishError, ProtocolError, Security};
use gavel::sharing::bits::planes::{split_pairs, transpose};
use gavel::sharing::stream::{StreamKey, StreamStart};
use gavel::testkit::{NumberInputs, World};
use tokio::runtime::{Builder, Runtime};

/// Positions of the large batches; a multiple of 64.
const MANY: usize = 1 << 16;

/// Words of the plane that the small kernels work on.
const PLANE: usize = 4096;

/// A kernel, ready to run.
pub struct Kernel {
    /// What is printed.
    pub name: &'static str,
    /// What it is counted by.
    pub unit: &'static str,
    /// So many of them in one run.
    pub units: u64,
    /// One run.
    pub run: Box<dyn FnMut()>,
}

/// How to make a kernel ready.
pub type Make = fn() -> Kernel;

/// All kernels, in the order in which they are shown.
pub const ALL: [Make; 22] = [
    stream,
    transposed,
    pairs,
    comparisons_of_three,
    comparisons_of_five,
    comparisons_of_seven,
    tournament,
    sums,
    table_sums,
    prefixes,
    equals,
    multiplications,
    squares,
    ranks,
    products,
    products_of_pairs,
    roots,
    comparisons_of_the_paper,
    points,
    folds,
    checks_of_three,
    checks_of_five,
];

fn stream() -> Kernel {
    let (key, start) = (StreamKey::new(&[7; 16]), StreamStart::of("bench"));
    let mut plane = vec![0; PLANE];
    let run = move || key.xor_into(start, black_box(&mut plane));
    Kernel { name: "AES stream into planes", unit: "word", units: PLANE as u64, run: Box::new(run) }
}

fn transposed() -> Kernel {
    let mut square = std::array::from_fn(|at| 0x0123_4567_89ab_cdef_u64.wrapping_mul(at as u64));
    let run = move || {
        for _ in 0..64 {
            transpose(black_box(&mut square));
        }
    };
    Kernel { name: "transpose 64 numbers", unit: "word", units: 64 * 64, run: Box::new(run) }
}

fn pairs() -> Kernel {
    let source: Vec<u64> = (0..PLANE as u64).map(|at| at.wrapping_mul(0x9e37_79b9)).collect();
    let (mut even, mut odd) = (vec![0; PLANE / 2], vec![0; PLANE / 2]);
    let run = move || split_pairs(black_box(&source), &mut even, &mut odd, PLANE * 32);
    Kernel { name: "pair up neighbours", unit: "word", units: PLANE as u64, run: Box::new(run) }
}

fn comparisons_of_three() -> Kernel {
    comparisons("compare 32 bits, 3 nodes", 3, 1)
}

fn comparisons_of_five() -> Kernel {
    comparisons("compare 32 bits, 5 nodes", 5, 2)
}

fn comparisons_of_seven() -> Kernel {
    comparisons("compare 32 bits, 7 nodes", 7, 3)
}

/// Gates alone, without their checks.
fn passive(ctx: Context) -> BitContext {
    BitContext::new(&ctx.with_security(Security::Passive))
}

fn comparisons(name: &'static str, nodes: u8, threshold: u8) -> Kernel {
    compared(name, (nodes, threshold), Security::Passive)
}

/// The gates of comparisons, and what the check of them costs on top.
fn checks_of_three() -> Kernel {
    compared("compare 32 bits and check, 3 nodes", (3, 1), Security::Active)
}

fn checks_of_five() -> Kernel {
    compared("compare 32 bits and check, 5 nodes", (5, 2), Security::Active)
}

fn compared(name: &'static str, (nodes, threshold): (u8, u8), security: Security) -> Kernel {
    let world = World::new(nodes, threshold);
    let values = |by: u64| (0..MANY as u64).map(move |at| at.wrapping_mul(by) & 0xffff_ffff);
    let x = world.share(32, &values(0x9e37_79b9).collect::<Vec<_>>());
    let y = world.share(32, &values(0x85eb_ca6b).collect::<Vec<_>>());
    let runtime = runtime();
    let run = move || {
        let results = runtime.block_on(world.run(async |ctx: Context| {
            let ctx = BitContext::new(&ctx.with_security(security));
            let (x, y) = (x.of(ctx.me()), y.of(ctx.me()));
            let less = less_than(&ctx.narrow("less-than"), &x, &y).await?;
            check(&ctx.narrow("check")).await?;
            Ok::<_, Failure>(less)
        }));
        for (_, result) in results {
            drop(black_box(result).expect("a comparison"));
        }
    };
    let units = MANY as u64 * u64::from(nodes);
    Kernel { name, unit: "comparison and node", units, run: Box::new(run) }
}

/// Rows of 256 columns of bits.
fn rows(by: u64) -> Rows {
    let word = |at: usize| (at as u64 + 1).wrapping_mul(by);
    std::array::from_fn(|row| std::array::from_fn(|lane| word(LANES * row + lane)))
}

fn points() -> Kernel {
    let (x, y) = (rows(0x9e37_79b9_7f4a_7c15), rows(0xc2b2_ae3d_27d4_eb4f));
    let weights = [1, 2, 3, 4].map(Binary128::from_u64);
    let mut points = Points::new();
    let mut sums = Weighed::new();
    let run = move || {
        points.clear();
        add_points(&mut points, black_box(&x), black_box(&y));
        weigh_points(&points, &weights, &mut sums);
        black_box(&sums);
    };
    let units = (ROWS * COLUMNS) as u64;
    Kernel { name: "first values of a proof", unit: "product", units, run: Box::new(run) }
}

fn folds() -> Kernel {
    let rows = rows(0x9e37_79b9_7f4a_7c15);
    let factors = RowFactors::new(&powers(Binary128::from_u64(3), ROWS));
    let mut columns = [Binary128::ZERO; COLUMNS];
    let run = move || fold(black_box(&rows), &factors, black_box(&mut columns));
    Kernel { name: "rows folded", unit: "bit", units: (ROWS * COLUMNS) as u64, run: Box::new(run) }
}

fn tournament() -> Kernel {
    let world = World::new(3, 1);
    let values: Vec<u64> = (0..MANY as u64).map(|at| (at * 7919) & 0xffff_ffff).collect();
    let numbers = world.share(32, &values);
    let runtime = runtime();
    let run = move || {
        let results = runtime.block_on(world.run(async |ctx: Context| {
            let ctx = passive(ctx);
            let numbers = numbers.of(ctx.me());
            let ctx = ctx.narrow("maximum");
            maximum(&ctx, &numbers, Keep::Levels, &|_, _| ()).await.map_err(Failure::from)
        }));
        for (_, result) in results {
            drop(black_box(result).map_err(|_| ()).expect("a maximum"));
        }
    };
    let units = MANY as u64 * 3;
    Kernel { name: "tournament, 3 nodes", unit: "bid and node", units, run: Box::new(run) }
}

fn ranks() -> Kernel {
    const COUNT: usize = 512;
    let world = World::new(3, 1);
    let values: Vec<u64> = (0..COUNT as u64).map(|at| (at * 0x9e37_79b9) & 0xffff_ffff).collect();
    let numbers = world.share(32, &values);
    let runtime = runtime();
    let run = move || {
        let results = runtime.block_on(world.run(async |ctx: Context| {
            let ctx = passive(ctx);
            rank(&ctx.narrow("rank"), &numbers.of(ctx.me())).await.map_err(Failure::from)
        }));
        for (_, result) in results {
            drop(black_box(result).expect("ranks"));
        }
    };
    let units = gavel::protocol::bracket::pairs(COUNT) as u64 * 3;
    Kernel { name: "rank 512, 3 nodes", unit: "pair and node", units, run: Box::new(run) }
}

fn products() -> Kernel {
    let values = powers(Mersenne127::from_u64(0x0123_4567_89ab_cdef), 1024);
    let mut product = values.clone();
    let run = move || mul_into(black_box(&mut product), black_box(&values));
    Kernel { name: "products in 2^127-1", unit: "product", units: 1024, run: Box::new(run) }
}

fn products_of_pairs() -> Kernel {
    let values = powers(Pair127::from_u64(0x0123_4567_89ab_cdef), 1024);
    let mut product = values.clone();
    let run = move || mul_into(black_box(&mut product), black_box(&values));
    Kernel { name: "products in 2^127+3080193", unit: "product", units: 1024, run: Box::new(run) }
}

fn roots() -> Kernel {
    let values = powers(Mersenne127::from_u64(0x0123_4567_89ab_cdef), 256);
    let squares: Vec<Mersenne127> = values.iter().map(|value| value.square()).collect();
    let run = move || Mersenne127::inverse_roots(black_box(&mut squares.clone()));
    Kernel { name: "inverse roots in 2^127-1", unit: "root", units: 256, run: Box::new(run) }
}

fn comparisons_of_the_paper() -> Kernel {
    const COUNT: usize = 256;
    let world = World::new(5, 2);
    let values = |by: u64| (0..COUNT as u64).map(move |at| at.wrapping_mul(by) & 0xffff_ffff);
    let x =
        NumberInputs::<Mersenne127>::of_numbers(&world, &values(0x9e37_79b9).collect::<Vec<_>>());
    let y = NumberInputs::of_numbers(&world, &values(0x85eb_ca6b).collect::<Vec<_>>());
    let runtime = runtime();
    let run = move || {
        let results = runtime.block_on(world.run(async |ctx: Context| {
            let (x, y) = (x.of(ctx.me()), y.of(ctx.me()));
            let ctx = NumberContext::<Mersenne127>::new(&ctx)?;
            let mut pool = BitPool::prepare(&ctx.narrow("bits"), bits_needed(32, COUNT)).await?;
            Ok::<_, Failure>(
                at_least(&ctx.narrow("at-least"), &mut pool, Comparing::new(32, COUNT), &x, &y)
                    .await?,
            )
        }));
        for (_, result) in results {
            drop(black_box(result).map_err(|_| ()).expect("a comparison"));
        }
    };
    let units = COUNT as u64 * 5;
    Kernel {
        name: "the paper's comparison",
        unit: "comparison and node",
        units,
        run: Box::new(run),
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// Whatever stops a run.
#[derive(Debug)]
struct Failure(#[expect(dead_code, reason = "printed by expect")] String);

impl From<EstablishError> for Failure {
    fn from(error: EstablishError) -> Self {
        Self(error.to_string())
    }
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        Self(error.to_string())
    }
}
