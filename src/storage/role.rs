//! What only one of several processes on one store may be at a time.
//!
//! On a server each role is a lease with a fence (see `lease`): a process that hangs, or
//! whose connection is gone for long, is superseded by the next one that asks, and what it then
//! still tries to write as that role is refused. A file belongs to one process, which therefore has
//! every role.

use tokio::sync::watch;

/// What at most one of the processes on a store does at a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
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

    /// As its lease is called.
    pub(super) const fn slug(self) -> &'static str {
        match self {
            Self::Coordinator => "coordinator",
            Self::Computing => "computing",
        }
    }
}

/// A turn in a role: who has the role later has a higher number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fence {
    pub(super) role: Leadership,
    pub(super) number: i64,
}

/// How this process stands in a role.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tenure {
    /// It does not have it.
    Without,
    /// It has it.
    Held(Fence),
    /// It had it, and has not been able to renew it in time: another process may have it by now.
    Unsure(Fence),
    /// It had it, and another process has it now, or had it since.
    Superseded,
}

impl Tenure {
    /// The turn that this process may act in.
    pub const fn held(self) -> Option<Fence> {
        match self {
            Self::Held(fence) => Some(fence),
            Self::Without | Self::Unsure(_) | Self::Superseded => None,
        }
    }
}

/// How this process stands in each role, for whoever watches.
pub(super) struct Roles {
    coordinator: watch::Sender<Tenure>,
    computing: watch::Sender<Tenure>,
}

impl Roles {
    pub(super) fn new() -> Self {
        Self {
            coordinator: watch::Sender::new(Tenure::Without),
            computing: watch::Sender::new(Tenure::Without),
        }
    }

    const fn of(&self, role: Leadership) -> &watch::Sender<Tenure> {
        match role {
            Leadership::Coordinator => &self.coordinator,
            Leadership::Computing => &self.computing,
        }
    }

    pub(super) fn set(&self, role: Leadership, tenure: Tenure) {
        let change = |known: &mut Tenure| std::mem::replace(known, tenure) != tenure;
        self.of(role).send_if_modified(change);
    }

    pub(super) fn get(&self, role: Leadership) -> Tenure {
        *self.of(role).borrow()
    }

    pub(super) fn watch(&self, role: Leadership) -> watch::Receiver<Tenure> {
        self.of(role).subscribe()
    }
}
