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
// What goes wrong in here ends the test; the casts are of small numbers drawn from a seed.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::cast_possible_truncation)]
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, clippy::panic)]
#![allow(clippy::unused_self, clippy::format_push_string)]

#[path = "simulation/bidders.rs"]
mod bidders;
#[path = "simulation/books.rs"]
mod books;
#[path = "simulation/cast.rs"]
mod cast;
#[path = "simulation/chance.rs"]
mod chance;
#[path = "simulation/core.rs"]
mod core;
#[path = "simulation/drawn.rs"]
mod drawn;
#[path = "simulation/faults.rs"]
mod faults;
#[path = "simulation/lies.rs"]
mod lies;
#[path = "simulation/net.rs"]
mod net;
#[path = "simulation/papers.rs"]
mod papers;
#[path = "simulation/promises.rs"]
mod promises;
#[path = "simulation/run.rs"]
mod run;
#[path = "simulation/sabotage.rs"]
mod sabotage;

use gavel::base::lock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use self::core::{Host, Moment, Noise};
use faults::Script;
use run::{Options, Report, run};
use sabotage::Bug;

/// Seeds in a `cargo test`; `GAVEL_SIMULATION_SEEDS` says otherwise.
const SEEDS: u64 = 60;

/// Seeds of each scripted fault in a `cargo test`.
const SCRIPTED: u64 = 10;

/// Seeds after which a planted bug must have been found.
const FOUND_WITHIN: u64 = 60;

/// One test at a time: each uses all processors.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    lock(&ALONE)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Do something with the numbers below `count`, on all processors.
fn on_all_processors(count: u64, work: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    work(number);
                }
            });
        }
    });
}

/// The end of a run's history and what it broke, for the screen.
fn tell(seed: u64, report: &Report) -> String {
    format!(
        "seed {seed} breaks:\n  {}\nreplay: GAVEL_SIMULATION_SEED={seed} cargo test --test \
         simulation replay -- --nocapture",
        report.broken.join("\n  ")
    )
}

#[test]
fn replay() {
    let Some(seed) = number("GAVEL_SIMULATION_SEED") else { return };
    let report = run(Options::of(seed));
    for line in &report.history {
        println!("{line}");
    }
    assert!(report.broken.is_empty(), "{}", tell(seed, &report));
}

#[test]
fn nothing_is_broken_by_any_seed() {
    let _alone = alone();
    let began = Instant::now();
    let seeds = number("GAVEL_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let first = number("GAVEL_SIMULATION_FIRST").unwrap_or(0);
    let (failed, sums) = (Mutex::new(Vec::new()), Mutex::new((0, 0, 0)));
    on_all_processors(seeds, |number| {
        let report = run(Options::of(first + number));
        let mut sums = sums.lock().expect("no panic while locked");
        sums.0 += report.crashes;
        sums.1 += u64::from(report.attempts);
        sums.2 += report.acknowledged as u64;
        if !report.broken.is_empty() {
            let told = tell(first + number, &report);
            println!("{told}");
            failed.lock().expect("no panic while locked").push(told);
        }
    });
    let (crashes, attempts, bidders) = *sums.lock().expect("no panic while locked");
    println!(
        "{seeds} seeds in {:.0?}: {crashes} crashes, {attempts} attempts, {bidders} bidders with receipts",
        began.elapsed()
    );
    let failed = failed.into_inner().expect("no panic while locked");
    assert!(failed.is_empty(), "{} of {seeds} seeds fail:\n{}", failed.len(), failed.join("\n"));
    assert!(bidders > seeds, "hardly anybody bids");
}

/// Each kind of fault that enough nodes outlive, by some seeds: every session is settled, and none
/// of them fails on the way.
#[test]
fn what_enough_nodes_outlive_takes_no_person() {
    let _alone = alone();
    let each = number("GAVEL_SIMULATION_SEEDS").map_or(SCRIPTED, |seeds| seeds / 4);
    let scripts = [Script::Away, Script::CutLinks, Script::Partition, Script::Flaky];
    let (failed, mended) = (Mutex::new(Vec::new()), AtomicU64::new(0));
    on_all_processors(each * scripts.len() as u64, |number| {
        let script = scripts[usize::try_from(number / each).expect("few scripts")];
        let seed = number % each;
        let report = run(Options { script: Some(script), ..Options::of(seed) });
        mended.fetch_add(report.mended as u64, Ordering::Relaxed);
        if !report.broken.is_empty() {
            let text = format!("{script:?}, seed {seed}: {}", report.broken.join("; "));
            println!("{text}");
            failed.lock().expect("no panic while locked").push(text);
        }
    });
    let failed = failed.into_inner().expect("no panic while locked");
    assert!(failed.is_empty(), "{} fail:\n{}", failed.len(), failed.join("\n"));
    let mended = mended.load(Ordering::Relaxed);
    println!("{each} seeds each; {mended} bids with garbage for some nodes took part");
    assert!(mended >= each, "hardly any garbage was handed in");
}

/// A scripted seed that failed, with its history.
#[test]
fn replay_script() {
    let (Some(seed), Ok(name)) =
        (number("GAVEL_SIMULATION_SEED"), std::env::var("GAVEL_SIMULATION_SCRIPT"))
    else {
        return;
    };
    let scripts = [Script::Away, Script::CutLinks, Script::Partition, Script::Flaky];
    let script = scripts.into_iter().find(|script| format!("{script:?}") == name);
    let report = run(Options { script: Some(script.expect("a script")), ..Options::of(seed) });
    for line in &report.history {
        println!("{line}");
    }
    assert!(report.broken.is_empty(), "{}", tell(seed, &report));
}

#[test]
fn a_seed_runs_the_same_way_again() {
    let _alone = alone();
    for seed in [3, 11, 12] {
        let (first, second) = (run(Options::of(seed)), run(Options::of(seed)));
        let differs = first.history.iter().zip(&second.history).find(|(a, b)| a != b);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.history.len(), second.history.len(), "seed {seed}");
    }
}

/// Every process dies once at each of its commits, before it and after it, in an auction that goes
/// well otherwise.
#[test]
fn a_crash_at_any_commit_does_no_harm() {
    let _alone = alone();
    let quiet = Noise { delay: 5, ..Noise::default() };
    let with = |noise| Options { noise: Some(noise), ..Options::of(1) };
    let smooth = run(with(quiet.clone()));
    assert!(smooth.broken.is_empty(), "{:#?}", smooth.broken);
    let points: Vec<(Host, u64, Moment)> = smooth
        .commits
        .iter()
        .flat_map(|(&host, &commits)| (1..=commits).map(move |commit| (host, commit)))
        .flat_map(|(host, commit)| Moment::ALL.map(|moment| (host, commit, moment)))
        .collect();
    let (failed, died) = (Mutex::new(Vec::new()), AtomicU64::new(0));
    on_all_processors(points.len() as u64, |number| {
        let point = points[usize::try_from(number).expect("few points")];
        let report = run(with(Noise { crash_at: Some(point), ..quiet.clone() }));
        died.fetch_add(report.crashes, Ordering::Relaxed);
        if !report.broken.is_empty() {
            let (host, commit, moment) = point;
            let broken = report.broken.join("; ");
            let text = format!("{host} dies at commit {commit}, {moment:?}: {broken}");
            failed.lock().expect("no panic while locked").push(text);
        }
    });
    let failed = failed.into_inner().expect("no panic while locked");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    println!("{} crashes at {} points", died.load(Ordering::Relaxed), points.len());
    assert!(died.load(Ordering::Relaxed) >= points.len() as u64 - 2, "processes did not die");
}

/// No coordinator and t nodes with it have two manifests signed, drop a bid unnoticed, put another's
/// in its place, or give a name twice without a proof of it in the record.
#[test]
fn no_lie_of_a_coordinator_and_t_nodes_goes_unnoticed() {
    let _alone = alone();
    let one = number("GAVEL_SIMULATION_LIE");
    let seeds = if one.is_some() { 1 } else { number("GAVEL_SIMULATION_SEEDS").unwrap_or(SEEDS) };
    let all = Mutex::new(Vec::new());
    on_all_processors(seeds, |number| {
        let seed = one.unwrap_or(number);
        let found = lies::lie(seed);
        for line in found.history.iter().filter(|_| one.is_some()) {
            println!("{line}");
        }
        lock(&all).push((seed, found));
    });
    let all = all.into_inner().expect("no panic while locked");
    let broken: Vec<String> = all
        .iter()
        .filter(|(_, found)| !found.broken.is_empty())
        .map(|(seed, found)| format!("GAVEL_SIMULATION_LIE={seed}: {}", found.broken.join("\n  ")))
        .collect();
    assert!(broken.is_empty(), "{} of {seeds} seeds:\n{}", broken.len(), broken.join("\n"));
    let sum =
        |what: fn(&promises::Findings) -> usize| all.iter().map(|(_, found)| what(found)).sum();
    let (records, acknowledged): (usize, usize) = (sum(|f| f.records), sum(|f| f.acknowledged));
    let (dropped, beside): (usize, usize) = (sum(|f| f.dropped), sum(|f| f.beside));
    let divided: usize = sum(|found| usize::from(found.divided));
    println!(
        "{seeds} seeds: {records} records, {acknowledged} bids with their receipts in them, \
         {dropped} dropped and noticed, {beside} beside another key of their name; with 2t+1 \
         signatures {divided} seeds had two manifests"
    );
    // The liars are up to something.
    if one.is_none() && seeds >= SEEDS {
        assert!(records as u64 > seeds / 4 && acknowledged > records, "hardly any record");
        assert!(beside > 0 && divided > 0, "the liars do no harm");
        assert!(dropped > 0 || seeds < 1000, "the liars drop nothing");
    }
}

/// How many seeds it takes to find a bug, and what gave it away.
fn hunt(bug: Bug, signs: &[&str]) {
    let _alone = alone();
    for seed in 0..FOUND_WITHIN {
        let report = run(Options { bug: Some(bug), ..Options::of(seed) });
        let sign = report.broken.iter().find(|rule| signs.iter().any(|sign| rule.contains(sign)));
        if let Some(sign) = sign {
            println!("{bug:?} found by seed {seed}: {sign}");
            return;
        }
    }
    panic!("{bug:?} was not found in {FOUND_WITHIN} seeds");
}

#[test]
fn a_receipt_before_the_commit_is_found() {
    hunt(Bug::SkipsCommit, &["its inventory lacks", "does not count"]);
}

#[test]
fn keys_that_are_used_again_are_found() {
    hunt(Bug::ReusesKeys, &["used a key of attempt"]);
}

#[test]
fn a_late_bid_that_is_taken_is_found() {
    hunt(Bug::TakesLateBids, &["ms late"]);
}
