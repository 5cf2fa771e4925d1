//! Limits and times of a mesh.

use std::time::Duration;

/// Limits and times of a mesh.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MeshOptions {
    /// Simulated one-way delay, applied by the sending side; keeps the order.
    pub rtt_delay: Option<Duration>,
    /// Longest wait for a message, and for room to send one.
    pub deadline: Duration,
    /// How long a send or receive waits for a link that is down.
    pub grace: Duration,
    /// Largest message.
    pub max_payload: usize,
    /// Bytes that may wait to be sent to one peer.
    pub queue_bytes: usize,
    /// Bytes from one peer that may wait in one attempt.
    pub mailbox_bytes: usize,
    /// Bytes from one peer that may wait for attempts that have not begun here.
    pub early_bytes: usize,
    /// Time between pings.
    pub heartbeat: Duration,
    /// A link on which nothing came for this long is closed.
    pub silence: Duration,
    /// Longest time for a dial: TCP, TLS and upgrade.
    pub dial_deadline: Duration,
    /// First pause after a failed dial.
    pub pause_first: Duration,
    /// Longest pause between dials.
    pub pause_longest: Duration,
}

impl Default for MeshOptions {
    fn default() -> Self {
        Self {
            rtt_delay: None,
            deadline: Duration::from_secs(30),
            grace: Duration::from_secs(3),
            max_payload: 128 << 20,
            queue_bytes: 8 << 20,
            mailbox_bytes: 256 << 20,
            early_bytes: 128 << 20,
            heartbeat: Duration::from_secs(1),
            silence: Duration::from_secs(5),
            dial_deadline: Duration::from_secs(10),
            pause_first: Duration::from_millis(50),
            pause_longest: Duration::from_secs(2),
        }
    }
}
