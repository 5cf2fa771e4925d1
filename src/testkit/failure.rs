//! Whatever a program that a [`super::World`] runs may fail with.

use crate::protocol::{EstablishError, ProtocolError};
use crate::runs::RunError;
use crate::sharing::{NodeSet, ShapeError};

/// Why a program ended at a node.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The attempt did not begin.
    #[error(transparent)]
    Establish(#[from] EstablishError),
    /// A protocol failed.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// Shares that do not fit each other.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A whole auction failed.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Failure {
    /// The nodes that it names.
    pub fn nodes(&self) -> NodeSet {
        match self {
            Self::Protocol(error) | Self::Establish(EstablishError::Exchange(error)) => {
                error.nodes()
            }
            Self::Run(error) => error.nodes(),
            Self::Establish(_) | Self::Shape(_) => NodeSet::EMPTY,
        }
    }
}
