//! Why a bench ended without figures.

use tokio::task::JoinError;

use super::engine::pipe::PipeError;
use super::engine::task::TaskError;
use crate::client::ClientError;
use crate::client::bid::BidError;
use crate::identity::key_file::KeyFileError;
use crate::identity::roster::RosterError;
use crate::launch::LaunchError;
use crate::protocol::ChannelError;
use crate::protocol::tactics::TacticsError;
use crate::sharing::{NodeIndex, NodeSet, ShapeError};
use crate::transport::HttpError;
use crate::transport::server::host::HostError;
use crate::transport::server::listen::ListenError;

/// Why a bench ended without figures.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A process does not start, or is not set up.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// A node's process ended before the bench did.
    #[error("the process of node {node} ended")]
    Ended {
        /// The node whose process it was.
        node: NodeIndex,
    },
    /// A node's process could not do as it was told.
    #[error("node {node}: {said}")]
    Node {
        /// The node that says so.
        node: NodeIndex,
        /// Why, in its words.
        said: String,
    },
    /// Some nodes cannot be reached.
    #[error("no link to nodes {missing}")]
    Links {
        /// The nodes that could not be reached.
        missing: NodeSet,
    },
    /// What is said between the bench and a node is broken.
    #[error("bench and node do not understand each other: {0}")]
    Pipe(#[from] PipeError),
    /// A node gave an answer to another question.
    #[error("a bench node gave an answer to another question")]
    OtherAnswer,
    /// A node was told something that it cannot do yet, or no more.
    #[error("a bench node was told something out of turn")]
    OutOfTurn,
    /// The run.
    #[error(transparent)]
    Work(#[from] TaskError),
    /// Measuring the lines.
    #[error(transparent)]
    Lines(#[from] ChannelError),
    /// Inputs that do not fit.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A task panicked.
    #[error(transparent)]
    Task(#[from] JoinError),
    /// Tactics that were asked for make no sense.
    #[error(transparent)]
    Tactics(#[from] TacticsError),
    /// Keys.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The roster that was made for the bench.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A port.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A node's server.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A server's answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The announcement that bids are made for.
    #[error(transparent)]
    Bid(#[from] BidError),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Randomness(#[from] rand::rngs::SysError),
    /// The session of the bench has no outcome.
    #[error("the session did not settle: {}", .reason.as_deref().unwrap_or("it takes too long"))]
    NotSettled {
        /// The coordinator's reason; none when it took too long.
        reason: Option<String>,
    },
}

impl From<HttpError> for BenchError {
    fn from(error: HttpError) -> Self {
        Self::Client(error.into())
    }
}
