//! What only one of several processes on one store may be at a time.
//!
//! On a server each role is an advisory lock held by the very connection that writes: a process
//! whose connection is gone has lost the role and can write nothing, and the server gives the lock
//! to the next one that asks. A file belongs to one process, which therefore has every role.

use tokio::sync::watch;

/// What at most one of the processes on a store does at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leadership {
    /// Moves sessions on. A coordinator that has lost this can't write anything more.
    Coordinator,
    /// Of several replicas of a node, the one that computes and talks to the other nodes.
    Computing,
}

impl Leadership {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::Coordinator, Self::Computing];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coordinator => "coordinator",
            Self::Computing => "computing replica",
        }
    }

    /// The number of its lock, as an expression: roles of stores in different schemas of one
    /// database have nothing to do with each other.
    pub(super) const fn lock(self) -> &'static str {
        match self {
            Self::Coordinator => {
                "hashtextextended('gavel/coordinator/' || current_schema()::text, 0)"
            }
            Self::Computing => "hashtextextended('gavel/computing/' || current_schema()::text, 0)",
        }
    }
}

/// Which roles this process has, for whoever watches.
pub(super) struct Roles {
    coordinator: watch::Sender<bool>,
    computing: watch::Sender<bool>,
}

impl Roles {
    pub(super) fn new() -> Self {
        Self { coordinator: watch::Sender::new(false), computing: watch::Sender::new(false) }
    }

    const fn of(&self, role: Leadership) -> &watch::Sender<bool> {
        match role {
            Leadership::Coordinator => &self.coordinator,
            Leadership::Computing => &self.computing,
        }
    }

    pub(super) fn set(&self, role: Leadership, held: bool) {
        self.of(role).send_if_modified(|known| std::mem::replace(known, held) != held);
    }

    pub(super) fn has(&self, role: Leadership) -> bool {
        *self.of(role).borrow()
    }

    pub(super) fn watch(&self, role: Leadership) -> watch::Receiver<bool> {
        self.of(role).subscribe()
    }
}
