//! Protocols on Shamir shares of numbers: against their plain twins, with faults, and what they
//! open.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

mod auctions;
mod faults;
mod leak;
mod twins;

use gavel::field::Field;
use gavel::protocol::numbers::NumberContext;
use gavel::protocol::{Context, EstablishError, ProtocolError};
use gavel::runs::RunError;
use gavel::sharing::NodeSet;
use gavel::testkit::World;

/// Whatever a program of a test runs into.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Establish(#[from] EstablishError),
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error(transparent)]
    Shape(#[from] gavel::sharing::ShapeError),
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Failure {
    /// The nodes that it names.
    fn nodes(&self) -> NodeSet {
        match self {
            Self::Protocol(error) | Self::Establish(EstablishError::Exchange(error)) => {
                error.nodes()
            }
            Self::Run(error) => error.nodes(),
            Self::Establish(_) | Self::Shape(_) => NodeSet::EMPTY,
        }
    }
}

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
