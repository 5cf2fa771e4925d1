//! What this process takes of its machine, as the operating system tells it; `None` where it does
//! not tell.

use std::path::Path;
use std::time::Duration;

/// Processor time of this process so far, of all its threads together.
pub fn processor_time() -> Option<Duration> {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let nanoseconds = u32::try_from(time.tv_nsec).ok()?;
        Some(Duration::new(u64::try_from(time.tv_sec).ok()?, nanoseconds))
    }
    #[cfg(not(unix))]
    {
        None
    }
}

/// Bytes that may still be written where a file or folder is.
pub fn free_bytes(place: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let disk = rustix::fs::statvfs(place).ok()?;
        disk.f_bavail.checked_mul(disk.f_frsize)
    }
    #[cfg(not(unix))]
    {
        let _ = place;
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::base::load::*;

    #[test]
    fn figures_of_the_system_are_read_or_unknown() {
        let before = processor_time().unwrap();
        let worked = (0..2_000_000_u64).fold(0, |sum: u64, at| sum.rotate_left(5) ^ at);
        assert!(worked != 1 && processor_time().unwrap() > before);
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).unwrap() > 0);
        assert_eq!(free_bytes(&folder.path().join("nothing")), None);
    }
}
