//! What is said between the bench and its nodes, over the nodes' standard input and output:
//! a length (u32, little endian) and a message in postcard's encoding.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::bench::job::{Inputs, Measured};
use crate::bench::lines::{Effort, Lines};
use crate::cli::failure::Failure;
use crate::runs::plan::Tactics;
use crate::sharing::NodeIndex;

/// Longest message that is taken.
const LONGEST: usize = 1 << 30;

/// What a node is to do next.
#[derive(Serialize, Deserialize)]
pub enum Order {
    /// Make keys and bind a port.
    Begin {
        /// Which node it is.
        me: NodeIndex,
        /// Simulated delay of every message, one way.
        delay_micros: u64,
    },
    /// Link up with the nodes of this roster (JSON).
    Link(String),
    /// Measure the lines.
    Measure(Effort),
    /// Lay out inputs.
    LayOut(Inputs),
    /// Run.
    Run(Tactics),
}

/// What a node answers.
#[derive(Serialize, Deserialize)]
pub enum Answer {
    /// Its card (JSON).
    Card(String),
    /// All links stand.
    Linked,
    /// Its lines.
    Lines(Lines),
    /// The inputs are laid out.
    LaidOut,
    /// The run is over.
    Measured(Measured),
    /// Something went wrong.
    Failed(String),
}

/// Send a message.
///
/// # Errors
/// When the other side is gone.
pub async fn send<T: Serialize>(
    out: &mut (impl AsyncWrite + Unpin),
    message: &T,
) -> Result<(), Failure> {
    let bytes = postcard::to_stdvec(message).map_err(|error| broken(&error))?;
    let length = u32::try_from(bytes.len()).map_err(|error| broken(&error))?;
    let written = async {
        out.write_all(&length.to_le_bytes()).await?;
        out.write_all(&bytes).await?;
        out.flush().await
    };
    written.await.map_err(|error| broken(&error))
}

/// Receive a message; `None` when the other side has closed.
///
/// # Errors
/// When what comes is not a message.
pub async fn receive<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
) -> Result<Option<T>, Failure> {
    let mut length = [0; 4];
    if from.read_exact(&mut length).await.is_err() {
        return Ok(None);
    }
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Err(broken(&format!("a message of {length} bytes")));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).await.map_err(|error| broken(&error))?;
    postcard::from_bytes(&bytes).map(Some).map_err(|error| broken(&error))
}

fn broken(error: &dyn std::fmt::Display) -> Failure {
    Failure::new("internal", format!("bench and node do not understand each other: {error}"))
}
