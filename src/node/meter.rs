//! What a node takes of its machine: memory, processor and the disk under its database.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::base::{load, lock, memory};
use crate::wire::node_api::Usage;

/// Shortest time over which a share of the processor is taken.
const WINDOW: Duration = Duration::from_secs(1);

/// Measures this process.
pub struct Meter {
    /// Where the database is, if that is a file.
    database: Option<PathBuf>,
    last: Mutex<Reading>,
}

/// When the processor time was last read.
struct Reading {
    at: Instant,
    spent: Option<Duration>,
    /// What came of it, in thousandths of one processor.
    share: Option<u32>,
}

impl Meter {
    /// A meter of this process, whose database is in this file.
    pub fn new(database: Option<PathBuf>) -> Self {
        let last = Reading { at: Instant::now(), spent: load::processor_time(), share: None };
        Self { database, last: Mutex::new(last) }
    }

    /// How much it takes now; of the processor, since somebody last asked.
    pub fn read(&self) -> Usage {
        Usage {
            memory_bytes: memory::resident(),
            processor_permille: self.share(Instant::now(), load::processor_time()),
            disk_free_bytes: self.database.as_deref().and_then(load::free_bytes),
        }
    }

    fn share(&self, now: Instant, spent: Option<Duration>) -> Option<u32> {
        let mut last = lock(&self.last);
        let passed = now.saturating_duration_since(last.at);
        if passed >= WINDOW {
            let worked = spent.zip(last.spent).map(|(now, before)| now.saturating_sub(before));
            let permille = |worked: Duration| worked.as_millis() * 1000 / passed.as_millis().max(1);
            let share = worked.and_then(|worked| u32::try_from(permille(worked)).ok());
            *last = Reading { at: now, spent, share };
        }
        last.share
    }
}

#[cfg(test)]
mod tests {
    use crate::node::meter::*;

    #[test]
    fn the_share_is_of_the_time_since_it_was_last_taken() {
        let meter = Meter::new(None);
        let began = lock(&meter.last).at;
        lock(&meter.last).spent = Some(Duration::from_secs(7));
        let after = |millis: u64, spent: u64| {
            let spent = Duration::from_millis(7_000 + spent);
            meter.share(began + Duration::from_millis(millis), Some(spent))
        };
        // Too soon to tell; then half of one processor, and what was told until there is more.
        assert_eq!(after(500, 400), None);
        assert_eq!(after(2_000, 1_000), Some(500));
        assert_eq!(after(2_500, 1_500), Some(500));
        // Two processors at work.
        assert_eq!(after(4_000, 5_000), Some(2_000));
        assert_eq!(meter.share(began + Duration::from_secs(9), None), None);
    }

    #[test]
    fn without_a_file_the_disk_is_unknown() {
        assert_eq!(Meter::new(None).read().disk_free_bytes, None);
        let folder = tempfile::tempdir().unwrap();
        let usage = Meter::new(Some(folder.path().to_owned())).read();
        assert!(usage.disk_free_bytes.is_some_and(|bytes| bytes > 0));
    }
}
