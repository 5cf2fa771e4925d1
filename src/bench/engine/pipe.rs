//! What is said between the bench and its nodes, over the nodes' standard input and output:
//! a length (u32, little endian) and a message in postcard's encoding.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::lines::{Effort, Lines};
use super::task::{Inputs, Measured};
use crate::runs::plan::Tactics;
use crate::sharing::NodeIndex;

/// Longest message that is taken.
const LONGEST: usize = 1 << 30;

/// Why a message does not get across.
#[derive(Debug, thiserror::Error)]
pub enum PipeError {
    /// The other side is gone, or went in the middle of a message.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// No message of ours.
    #[error(transparent)]
    Encoding(#[from] postcard::Error),
    /// A paper inside a message, as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// More than a message may have.
    #[error("a message of {length} bytes")]
    TooLong {
        /// Bytes of it.
        length: usize,
    },
}

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
) -> Result<(), PipeError> {
    let bytes = postcard::to_stdvec(message)?;
    let too_long = |_| PipeError::TooLong { length: bytes.len() };
    let length = u32::try_from(bytes.len()).map_err(too_long)?;
    out.write_all(&length.to_le_bytes()).await?;
    out.write_all(&bytes).await?;
    Ok(out.flush().await?)
}

/// Receive a message; `None` when the other side has closed.
///
/// # Errors
/// When what comes is not a message.
pub async fn receive<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
) -> Result<Option<T>, PipeError> {
    let mut length = [0; 4];
    if from.read_exact(&mut length).await.is_err() {
        return Ok(None);
    }
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Err(PipeError::TooLong { length });
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).await?;
    Ok(Some(postcard::from_bytes(&bytes)?))
}
