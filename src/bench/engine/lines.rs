//! What the lines between the nodes are like, measured on the very streams that a run uses, while
//! nothing else is on them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{try_join, try_join_all};
use serde::{Deserialize, Serialize};

use crate::protocol::{Channel, ChannelError, StepId};
use crate::sharing::{NodeIndex, NodeSet};

/// What to measure with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Effort {
    /// How many empty rounds are timed.
    pub rounds: u32,
    /// Bytes from every node to every other.
    pub bytes: usize,
}

/// The lines of one node.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Lines {
    /// Time of one round: a small message to all, and one from each.
    pub round_seconds: f64,
    /// Time of a small message to one other node and its answer, with all other streams idle; only
    /// the first two nodes measure it.
    pub round_trip_seconds: Option<f64>,
    /// Bytes that this node sends in a second while all others send too.
    pub bytes_per_second: f64,
}

/// Payload of a small message.
const SMALL: usize = 64;

/// Payload of a large one.
const LARGE: usize = 256 << 10;

/// Rounds that are not counted.
const WARM_UP: u32 = 10;

/// Measure the lines among these nodes. All must do so at the same time.
///
/// # Errors
/// When another node does not answer.
pub async fn measure(
    me: NodeIndex,
    nodes: NodeSet,
    channel: Arc<dyn Channel>,
    effort: Effort,
) -> Result<Lines, ChannelError> {
    let peers = nodes.without(me);
    let warm_up = WARM_UP.min(effort.rounds);
    let small = Bytes::from(vec![0; SMALL]);
    let mut began = Instant::now();
    for round in 0..warm_up + effort.rounds {
        if round == warm_up {
            began = Instant::now();
        }
        exchange(&*channel, peers, StepId(u64::from(round)), &small).await?;
    }
    let round = began.elapsed() / effort.rounds.max(1);

    let round_trip = ping_pong(me, &*channel, effort.rounds, &small).await?;
    exchange(&*channel, peers, StepId(1 << 32), &small).await?;

    let large = Bytes::from(vec![0; LARGE]);
    let messages = (effort.bytes / LARGE).max(1);
    let began = Instant::now();
    // Several messages are under way at a time, as with stripes.
    let sent = async {
        for number in 0..messages {
            let step = StepId((2 << 32) + number as u64);
            try_join_all(peers.iter().map(|peer| channel.send(peer, step, large.clone()))).await?;
        }
        Ok(())
    };
    let received = async {
        for number in 0..messages {
            let step = StepId((2 << 32) + number as u64);
            try_join_all(peers.iter().map(|peer| channel.recv(peer, step))).await?;
        }
        Ok(())
    };
    try_join(sent, received).await?;
    let bytes = (peers.len() * messages * LARGE) as f64;
    Ok(Lines {
        round_seconds: round.as_secs_f64(),
        round_trip_seconds: round_trip.map(|time| time.as_secs_f64()),
        bytes_per_second: bytes / began.elapsed().as_secs_f64(),
    })
}

async fn exchange(
    channel: &dyn Channel,
    peers: NodeSet,
    step: StepId,
    payload: &Bytes,
) -> Result<(), ChannelError> {
    let sent = try_join_all(peers.iter().map(|peer| channel.send(peer, step, payload.clone())));
    let received = try_join_all(peers.iter().map(|peer| channel.recv(peer, step)));
    try_join(sent, received).await.map(drop)
}

/// Between the first two nodes.
async fn ping_pong(
    me: NodeIndex,
    channel: &dyn Channel,
    rounds: u32,
    payload: &Bytes,
) -> Result<Option<Duration>, ChannelError> {
    let (Some(first), Some(second)) = (NodeIndex::new(1), NodeIndex::new(2)) else {
        return Ok(None);
    };
    if me != first && me != second {
        return Ok(None);
    }
    let began = Instant::now();
    for round in 0..rounds {
        let step = StepId((3 << 32) + u64::from(round));
        if me == first {
            channel.send(second, step, payload.clone()).await?;
            channel.recv(second, step).await?;
        } else {
            channel.recv(first, step).await?;
            channel.send(first, step, payload.clone()).await?;
        }
    }
    Ok(Some(began.elapsed() / rounds.max(1)))
}
