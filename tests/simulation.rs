//! Nodes, coordinator and bidders in one thread, driven by a seed: messages that are lost, delayed,
//! doubled and cut, partitions, clocks that jump, full disks, and processes that die at any commit.
//!
//! The product's own code runs here, from the client to the store; what is replaced are the
//! network under requests and streams, the disk under commits, the clock and the randomness. A
//! failing seed is printed with the command that replays it:
//!
//! ```text
//! GAVEL_SIMULATION_SEED=17 cargo test --test simulation -- --nocapture replay
//! ```

#[path = "simulation/bidders.rs"]
mod bidders;
#[path = "simulation/books.rs"]
mod books;
#[path = "simulation/chance.rs"]
mod chance;
#[path = "simulation/core.rs"]
mod core;
#[path = "simulation/net.rs"]
mod net;
#[path = "simulation/run.rs"]
mod run;
#[path = "simulation/sabotage.rs"]
mod sabotage;

use run::{Options, Report, run};

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn replay() {
    let Some(seed) = number("GAVEL_SIMULATION_SEED") else { return };
    let report = run(Options::of(seed));
    for line in &report.history {
        println!("{line}");
    }
    assert!(report.broken.is_empty(), "seed {seed}: {:#?}", report.broken);
}
