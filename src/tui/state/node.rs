//! A node as the screens know it: how it is, and its recent round trips.

use std::collections::VecDeque;

use crate::base::Timestamp;
use crate::base::text::{Clean, clean};
use crate::wire::coordinator_api::NodeStatus;

/// Round trips that a sparkline shows.
pub const ROUND_TRIPS: usize = 60;

/// A node and its recent round trips.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// As the coordinator tells it.
    pub status: NodeStatus,
    /// Its name.
    pub name: Clean,
    /// Its address.
    pub address: Clean,
    /// What is wrong with it.
    pub trouble: Option<Clean>,
    /// Its program's version.
    pub version: Clean,
    /// Round trips in microseconds, the latest last; `None` where it did not answer.
    pub round_trips: VecDeque<Option<u64>>,
}

/// How a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NodeState {
    /// It answers.
    Up,
    /// It has not answered for a while.
    Late,
    /// It answers, but something is wrong.
    Odd,
    /// It does not answer.
    Down,
    /// The coordinator has not heard of it yet, well or ill.
    Unseen,
    /// The coordinator, which would know, is away.
    Unknown,
}

/// Longest silence of a node that counts as up, in milliseconds.
const SILENCE: i64 = 1_600;

/// A clock that differs more than this, in milliseconds, is remarked upon.
pub const CLOCK_TOLERANCE: i64 = 2_000;

impl Node {
    /// A node before anything is known of it.
    pub fn new(status: NodeStatus) -> Self {
        let mut node = Self {
            name: clean(&status.name),
            address: clean(&status.address),
            trouble: None,
            version: Clean::default(),
            round_trips: VecDeque::new(),
            status,
        };
        node.note();
        node
    }

    /// Take news in.
    pub fn update(&mut self, status: NodeStatus) {
        let again = status.last_seen == self.status.last_seen && status.health.is_some();
        self.status = status;
        self.note();
        // Asked twice within one of the coordinator's own intervals: nothing new.
        if !again {
            self.round_trips.push_back(self.status.round_trip_micros);
            if self.round_trips.len() > ROUND_TRIPS {
                self.round_trips.pop_front();
            }
        }
    }

    fn note(&mut self) {
        self.trouble = self.status.trouble.as_deref().map(clean);
        if let Some(health) = &self.status.health {
            self.version = clean(&health.version);
        }
    }

    /// How it is, by the coordinator's clock.
    pub fn state(&self, now: Timestamp) -> NodeState {
        let silent = self.status.last_seen.map(|seen| now.millis() - seen.millis());
        match (&self.status.health, silent, &self.trouble) {
            (None, None, None) => NodeState::Unseen,
            (None, _, _) => NodeState::Down,
            (Some(_), Some(silent), _) if silent > SILENCE => NodeState::Late,
            (Some(_), _, Some(_)) => NodeState::Odd,
            _ if self.clock_is_off() => NodeState::Odd,
            _ => NodeState::Up,
        }
    }

    /// Whether its clock differs from the coordinator's so much that receipt times suffer.
    pub fn clock_is_off(&self) -> bool {
        self.status.clock_difference_millis.is_some_and(|off| off.abs() > CLOCK_TOLERANCE)
    }
}
