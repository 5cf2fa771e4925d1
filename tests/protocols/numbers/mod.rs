//! Protocols on Shamir shares of numbers: against their plain twins, with faults, and what they
//! open.
//!
//! - [`twins`]: the protocols
//! - [`auctions`]: whole auctions
//! - [`faults`]: auctions with nodes that misbehave
//! - [`leak`]: what is opened

mod auctions;
mod faults;
mod leak;
mod twins;

use gavel::field::Field;
use gavel::protocol::Context;
use gavel::protocol::numbers::NumberContext;
use gavel::testkit::{Failure, World};

/// n, t, and the nodes that stay away.
const WORLDS: &[(u8, u8, &[u8])] =
    &[(3, 1, &[]), (4, 1, &[2]), (5, 1, &[]), (5, 1, &[1, 4]), (5, 2, &[]), (7, 3, &[])];

fn worlds() -> impl Iterator<Item = World> {
    WORLDS.iter().map(|&(n, t, missing)| World::new(n, t).without(missing))
}

/// Run a program for numbers over a field on all nodes; they must agree.
async fn agree<F: Field, T: PartialEq + std::fmt::Debug>(
    world: &World,
    program: impl AsyncFn(NumberContext<F>) -> Result<T, Failure>,
) -> T {
    world.agree(async |ctx: Context| program(NumberContext::new(&ctx)?).await).await
}

fn plain<F: Field>(values: &[F]) -> Vec<u128> {
    values.iter().map(|value| value.to_u128().unwrap()).collect()
}
