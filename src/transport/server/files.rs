//! How many connections this process has files for.
//!
//! Every connection is an open file. The soft limit of files, 1,024 on many machines, is raised to
//! the hard one when the first port is served; some are kept for databases, outgoing connections
//! and the log, and the ports of the process share the rest.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files that are kept for what is no connection to a port of ours.
const KEPT: usize = 256;

/// More files than this are not asked for.
const ENOUGH: u64 = 65_536;

/// Fewest places that a port counts on, however few files there are.
const FEWEST: usize = 64;

/// Fewer places than this are worth a warning.
const PLENTY: usize = 4_096;

static LIMIT: LazyLock<usize> = LazyLock::new(raised);
static PORTS: AtomicUsize = AtomicUsize::new(0);

/// Files this process may have open, once raised as far as it may be.
pub fn limit() -> usize {
    *LIMIT
}

/// A port that takes its part of the files until it is dropped.
#[derive(Debug)]
pub struct Port(());

impl Port {
    /// One more port. The first one raises the limit.
    pub fn open() -> Self {
        LazyLock::force(&LIMIT);
        PORTS.fetch_add(1, Ordering::Relaxed);
        Self(())
    }

    /// Connections that there are files for, at this port.
    pub fn places(&self) -> usize {
        share(limit(), PORTS.load(Ordering::Relaxed))
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        PORTS.fetch_sub(1, Ordering::Relaxed);
    }
}

fn share(limit: usize, ports: usize) -> usize {
    (limit.saturating_sub(KEPT) / ports.max(1)).max(FEWEST)
}

#[cfg(unix)]
fn raised() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let before = getrlimit(Resource::Nofile);
    let most = before.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    let soft = before.current.unwrap_or(u64::MAX);
    let now = if soft >= most {
        soft
    } else {
        let wanted = Rlimit { current: Some(most), maximum: before.maximum };
        setrlimit(Resource::Nofile, wanted).map_or(soft, |()| most)
    };
    let limit = usize::try_from(now.min(ENOUGH)).unwrap_or(usize::MAX);
    if share(limit, 1) < PLENTY {
        tracing::warn!(
            files = limit,
            connections = share(limit, 1),
            "the limit of open files leaves few places for connections; raise the hard limit (ulimit -Hn, LimitNOFILE)"
        );
    }
    limit
}

#[cfg(not(unix))]
fn raised() -> usize {
    usize::try_from(ENOUGH).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use crate::transport::server::files::*;

    #[test]
    fn ports_share_the_files_and_some_are_kept() {
        assert_eq!(share(1_024, 1), 768);
        assert_eq!(share(1_024, 2), 384);
        assert_eq!(share(200, 3), FEWEST);
        let (first, second) = (Port::open(), Port::open());
        assert!(first.places() <= share(limit(), 2));
        drop(second);
    }

    #[cfg(unix)]
    #[test]
    fn the_soft_limit_is_raised() {
        use rustix::process::{Resource, getrlimit};
        let raised = limit() as u64;
        let limits = getrlimit(Resource::Nofile);
        assert!(limits.maximum.is_none_or(|most| raised >= most.min(ENOUGH)));
        assert!(limits.current.is_none_or(|soft| soft >= raised));
    }
}
