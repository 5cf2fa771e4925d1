//! Comparisons in blocks of every size: what they find, and what they cost.

use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::less_than::{less_than, public_less_than};
use gavel::protocol::bits::open::open_all;
use gavel::protocol::bits::rank::rank;
use gavel::protocol::tactics::BLOCKS;
use gavel::protocol::{Security, Tactics};
use gavel::sharing::seed::mask;
use gavel::testkit::{Failure, World, reference};

fn with(ctx: &BitContext, tactics: Tactics, security: Security) -> BitContext {
    tactics.check().unwrap();
    BitContext::new(&ctx.base().clone().with_tactics(tactics).with_security(security))
}

/// What is found is what plain arithmetic says, at exactly the cost predicted.
async fn check_every_block(world: &World, width: u32, security: Security) {
    // Now and then in stripes.
    let (count, stripe) = if width % 16 == 1 { (150, Some(64)) } else { (67, None) };
    let draw = || world.draw(|rng| reference::awkward_values(rng, width, count));
    let (xs, ys) = (draw(), draw());
    let (x, y) = (world.share(width as usize, &xs), world.share(width as usize, &ys));
    let awkward = [0, mask(width), mask(width) / 2, xs[0], xs[1], xs[2]];
    let public: [u64; 6] = std::array::from_fn(|at| awkward[(at + width as usize) % 6]);
    let opened = world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let (x, y) = (x.of(ctx.me()), y.of(ctx.me()));
            let mut found = Vec::new();
            for (block, c) in BLOCKS.into_iter().zip(public) {
                let tactics =
                    Tactics { block: Some(block), stripe, lanes: Some(2), ..Tactics::default() };
                let ctx = with(&ctx, tactics, security).narrow(format!("block-{block}"));
                let (before, model) = (ctx.base().counters(), ctx.cost_model());
                let cost = model.less_than(width as usize, count)
                    + model.public_less_than(width as usize, count);
                let less = less_than(&ctx.narrow("shared"), &x, &y).await?;
                let above = public_less_than(&ctx.narrow("public"), c, &y).await?;
                let opened = open_all(&ctx.narrow("open"), &[&less, &above]).await?;
                let cost = model.opening(cost, &[(1, count), (1, count)]);
                let now = ctx.base().counters();
                let rounds = now.rounds - before.rounds;
                let gates = now.gates - before.gates;
                let bytes = now.bytes_sent - before.bytes_sent;
                assert_eq!(
                    (rounds, gates, bytes),
                    (cost.rounds, cost.gates, cost.bytes_sent),
                    "{width} bits in blocks of {block}"
                );
                found.push((opened[0].values(), opened[1].values()));
            }
            Ok(found)
        })
        .await;
    let pairs: Vec<u64> = xs.iter().zip(&ys).map(|(x, y)| u64::from(x < y)).collect();
    for ((less, above), (block, c)) in opened.iter().zip(BLOCKS.into_iter().zip(public)) {
        assert_eq!(less, &pairs, "{width} bits in blocks of {block}");
        let expected: Vec<u64> = ys.iter().map(|&y| u64::from(c < y)).collect();
        assert_eq!(above, &expected, "{width} bits in blocks of {block}");
    }
}

#[tokio::test]
async fn blocks_of_every_size_compare_alike_among_three() {
    let world = World::new(3, 1);
    for width in 1..=64 {
        check_every_block(&world, width, Security::Passive).await;
        check_every_block(&world, width, Security::Active).await;
    }
}

#[tokio::test]
async fn blocks_of_every_size_compare_alike_among_five() {
    let world = World::new(5, 2);
    for width in 1..=64 {
        let active = width % 3 == 0 || width % 16 == 1;
        let security = if active { Security::Active } else { Security::Passive };
        check_every_block(&world, width, security).await;
    }
}

#[tokio::test]
async fn what_blocks_cost_is_what_the_design_says() {
    let world = World::new(3, 1);
    let (x, y) = (world.share(32, &[5; 128]), world.share(32, &[6; 128]));
    for (block, rounds, gates) in
        [(2, 6, 73), (4, 7, 64), (8, 10, 57), (16, 17, 48), (32, 32, 32), (64, 32, 32)]
    {
        world
            .agree(async |ctx: BitContext| -> Result<_, Failure> {
                let tactics = Tactics { block: Some(block), ..Tactics::default() };
                let ctx = with(&ctx, tactics, Security::Active);
                let before = ctx.base().counters();
                less_than(&ctx.narrow("less-than"), &x.of(ctx.me()), &y.of(ctx.me())).await?;
                let spent = ctx.base().counters();
                assert_eq!(spent.rounds - before.rounds, rounds);
                assert_eq!(spent.gates - before.gates, gates * 128);
                assert_eq!((spent.bytes_sent - before.bytes_sent) * 8, gates * 128);
                Ok(())
            })
            .await;
    }
}

#[tokio::test]
async fn a_batch_counts_as_a_whole_for_the_size_of_its_blocks() {
    // Of 20 numbers there are 190 pairs, in stripes of 64.
    let world = World::new(3, 1);
    let values = world.draw(|rng| reference::awkward_values(rng, 8, 20));
    let shared = world.share(8, &values);
    let mut gates = Vec::new();
    for from in [190, 191] {
        let spent = world
            .agree(async |ctx: BitContext| -> Result<_, Failure> {
                let tactics = Tactics {
                    block: Some(8),
                    block_from: Some(from),
                    stripe: Some(64),
                    ..Tactics::default()
                };
                let ctx = with(&ctx, tactics, Security::Passive);
                let before = ctx.base().counters();
                let ranks = rank(&ctx.narrow("rank"), &shared.of(ctx.me())).await?;
                let spent = ctx.base().counters();
                let spent = (spent.rounds - before.rounds, spent.gates - before.gates);
                let cost = ctx.cost_model().rank(8, values.len());
                assert_eq!(spent, (cost.rounds, cost.gates));
                let opened = open_all(&ctx.narrow("open"), &[&ranks]).await?;
                let beats = |at: usize, other: usize| {
                    values[other] > values[at] || values[other] == values[at] && other < at
                };
                for (at, rank) in opened[0].values().into_iter().enumerate() {
                    let beaten = (0..values.len()).filter(|&other| beats(at, other));
                    assert_eq!(rank, beaten.count() as u64);
                }
                Ok(spent.1)
            })
            .await;
        gates.push(spent);
    }
    // 8 gates by carry, 15 in blocks of 2.
    assert_eq!(gates[1] - gates[0], (15 - 8) * 190);
}
