//! Instructions of the kernels, counted by valgrind's callgrind and held to what is written here.
//!
//! Unlike a time, the number hardly depends on the machine and not at all on what else runs on it.
//! A kernel is run once and three times in a process of its own; half of the difference is one run
//! without what surrounds it. More than is allowed here fails: `cargo bench --bench instructions`.
//! Where a kernel has become cheaper the output says so, and its limit should be lowered. The C
//! library is told not to fill memory with string instructions, which some processors prefer: one of
//! those is counted once for each byte.

mod kernels;

use std::process::{Command, ExitCode};

/// Instructions allowed per unit of each kernel, in the order of [`kernels::ALL`]: what was counted
/// with rustc 1.95 on x86-64, and a little more.
const ALLOWED: [f64; kernels::ALL.len()] = [
    16.0, 31.5, 53.0, 79.0, 920.0, 1610.0, 325.0, 480.0, 121.0, 1090.0, 40.0, 3730.0, 2010.0,
    330.0, 43.5, 69.0, 4750.0, 334_000.0, 3.7, 0.68, 3230.0, 9600.0,
];

/// Below this part of what is allowed the limit is out of date.
const STALE: f64 = 0.8;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, kernel, times] = &arguments[..]
        && flag == "--run"
    {
        return run(kernel, times);
    }
    if !Command::new("valgrind").arg("--version").output().is_ok_and(|out| out.status.success()) {
        eprintln!("instructions are counted by valgrind: install it (apt install valgrind)");
        return ExitCode::FAILURE;
    }
    let mut too_many = false;
    println!("{:<36}{:>14}{:>12}", "instructions per unit", "counted", "allowed");
    for (at, make) in kernels::ALL.iter().enumerate() {
        let kernel = make();
        let (Some(once), Some(thrice)) = (count(at, 1), count(at, 3)) else {
            eprintln!("{}: valgrind did not count", kernel.name);
            return ExitCode::FAILURE;
        };
        let counted = (thrice - once) / 2.0 / kernel.units as f64;
        let allowed = ALLOWED[at];
        let verdict = match counted / allowed {
            part if part > 1.0 => "  too many",
            part if part < STALE => "  lower the limit",
            _ => "",
        };
        too_many |= counted > allowed;
        println!("{:<36}{counted:>14.2}{allowed:>12.2} per {}{verdict}", kernel.name, kernel.unit);
    }
    if too_many { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// In the process that is counted.
fn run(kernel: &str, times: &str) -> ExitCode {
    let make = kernel.parse().ok().and_then(|at: usize| kernels::ALL.get(at));
    let (Some(make), Ok(times)) = (make, times.parse::<u32>()) else {
        return ExitCode::FAILURE;
    };
    let mut kernel = make();
    for _ in 0..times {
        (kernel.run)();
    }
    ExitCode::SUCCESS
}

/// All instructions of a process that runs a kernel so many times.
fn count(kernel: usize, times: u32) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args(["--run", &kernel.to_string(), &times.to_string()])
        .env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-ERMS,-FSRM")
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(' ').next()?.parse().ok()
}
