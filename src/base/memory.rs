//! Memory that has been freed, given back to the operating system.
//!
//! The C library's allocator keeps what was freed in small pieces for later. After a flood that is
//! most of what a server holds, so whoever has freed much says so here. Between the rounds of a
//! computation the opposite is wanted: see [`keep_room`].

/// Bytes that the allocator asks the operating system for at a time, beyond what it needs, and keeps.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ROOM: i32 = 64 << 20;

/// Keep what is freed at the end of the heap instead of giving it back at once, and ask for more at
/// a time. A node that computes frees and asks for the same megabytes in every round; a page that
/// was given back has to be found and cleared again, which was a third of all page faults of
/// `gavel bench auction --bids 1000000` and a tenth of its time. What was never touched takes no
/// memory. Whether the allocator has taken it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub fn keep_room() -> bool {
    // SAFETY: the function takes no pointer and may be called at any time from any thread.
    unsafe { libc::mallopt(libc::M_TOP_PAD, ROOM) == 1 }
}

/// Other allocators decide by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_room() -> bool {
    true
}

/// Give back what is free. Takes some milliseconds, in which other threads may wait for memory.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub fn give_back() {
    // SAFETY: the function takes no pointer and may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators give back what is free by themselves, or not at all.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}

/// Bytes of this process that are in memory; `None` where the operating system does not tell.
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allocator_takes_the_setting() {
        assert!(keep_room());
    }
}
