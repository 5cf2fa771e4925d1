//! Memory and processor time of a process, as the operating system tells them; 0 where it does not.

use std::fs;

/// Processor time of this process so far, in seconds.
pub fn own_cpu_seconds() -> f64 {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
    }
    #[cfg(not(unix))]
    {
        0.0
    }
}

/// Most memory that this process ever had.
pub fn own_peak_memory_bytes() -> u64 {
    peak(&fs::read_to_string("/proc/self/status").unwrap_or_default())
}

/// Most memory that a process ever had.
pub fn peak_memory_bytes(process: u32) -> u64 {
    peak(&fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default())
}

/// Processor time of a process so far, in seconds.
pub fn cpu_seconds(process: u32) -> f64 {
    cpu(&fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default())
}

fn peak(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// User and system time of `/proc/…/stat`, in ticks of a hundredth of a second.
fn cpu(stat: &str) -> f64 {
    let Some((_, fields)) = stat.rsplit_once(')') else { return 0.0 };
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

#[cfg(test)]
mod tests {
    use crate::bench::usage::*;

    #[test]
    fn figures_of_the_system_are_read() {
        assert_eq!(peak("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n"), 2 << 20);
        assert_eq!(peak(""), 0);
        let stat = "17 (a (strange) name) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0";
        assert!((cpu(stat) - 2.0).abs() < 1e-9);
        assert!(cpu("").abs() < 1e-9);
    }
}
