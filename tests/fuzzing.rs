//! The fuzz targets on a stable compiler: inputs of the corpus and seeds of the targets, mutated by
//! a seeded generator, for a second each. `GAVEL_FUZZ_SECONDS` makes it longer. Nothing may panic,
//! take long, or take memory out of proportion to its input.
//!
//! A failing input is written to a file that is named; put it into `fuzz/corpus/` once it is
//! mended.
// What goes wrong in here ends the test.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::needless_for_each)]
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use gavel::testkit::fuzz::{TARGETS, Target};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Memory that a target may take at a time, beside what is in proportion to its input.
const MEMORY: usize = 8 << 20;

/// Bytes of memory per byte of input.
const PROPORTION: usize = 256;

/// Longest time for one input; far more than any takes, on a machine that is busy.
const LONGEST: Duration = Duration::from_secs(10);

/// Largest input.
const INPUT: usize = 64 << 10;

/// Counts what a thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn count(change: isize) {
    // A thread that ends has nothing to count any more.
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        held.set((now + change, most.max(now + change)));
    });
}

fn size(layout: Layout) -> isize {
    isize::try_from(layout.size()).unwrap_or(isize::MAX)
}

// SAFETY: everything is handed to the system's allocator as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(size(layout));
        // SAFETY: as the caller vouches.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-size(layout));
        // SAFETY: as the caller vouches.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a call takes at most, beyond what was held before.
fn memory_of(work: impl FnOnce()) -> usize {
    let (before, _) = HELD.get();
    HELD.set((before, before));
    work();
    usize::try_from(HELD.get().1 - before).unwrap_or(0)
}

/// Pieces that break parsers.
const PIECES: [&[u8]; 14] = [
    b"[",
    b"{",
    b"]",
    b"\"",
    b"null",
    b"-1",
    b"1e309",
    b"18446744073709551616",
    b"\\ud800",
    b"\xff\xff\xff\xff",
    b"\0",
    b".",
    b"=",
    b"99999999999999999999d",
];

/// An input made from others.
fn mutate(chance: &mut StdRng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = corpus[chance.random_range(0..corpus.len())].clone();
    for _ in 0..chance.random_range(1..=6) {
        let at = chance.random_range(0..=input.len());
        let to = (at + chance.random_range(0..=64)).min(input.len());
        match chance.random_range(0..8) {
            0 if at < input.len() => input[at] ^= 1 << chance.random_range(0..8),
            1 if at < input.len() => input[at] = chance.random(),
            2 => drop(input.drain(at..to)),
            3 => {
                let piece = PIECES[chance.random_range(0..PIECES.len())];
                let times = if chance.random_bool(0.05) { 2_000 } else { 1 };
                input.splice(at..at, piece.repeat(times));
            }
            4 => {
                let again = input[at..to].repeat(chance.random_range(1..=8));
                input.splice(at..at, again);
            }
            5 => {
                let other = &corpus[chance.random_range(0..corpus.len())];
                let from = chance.random_range(0..=other.len());
                let until = (from + chance.random_range(0..=200)).min(other.len());
                input.splice(at..to, other[from..until].iter().copied());
            }
            6 => input.truncate(at),
            _ => {
                // A number becomes another one.
                if let Some(digit) = input.iter().skip(at).position(u8::is_ascii_digit) {
                    input[at + digit] = b'0' + chance.random_range(0..10_u8);
                }
            }
        }
    }
    input.truncate(INPUT);
    input
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target.name);
    let mut inputs = (target.seeds)();
    let mut files: Vec<_> =
        folder.read_dir().expect("a corpus").map(|file| file.expect("a file").path()).collect();
    files.sort();
    inputs.extend(files.iter().map(|file| std::fs::read(file).expect("an input")));
    inputs
}

fn try_input(target: &Target, input: &[u8]) {
    let began = Instant::now();
    let mut memory = 0;
    let ended = catch_unwind(AssertUnwindSafe(|| memory = memory_of(|| (target.run)(input))));
    let trouble = if ended.is_err() {
        Some("panics".to_owned())
    } else if began.elapsed() > LONGEST {
        Some(format!("takes {:?}", began.elapsed()))
    } else if memory > MEMORY + PROPORTION * input.len() {
        Some(format!("takes {memory} bytes of memory"))
    } else {
        None
    };
    if let Some(trouble) = trouble {
        let file = std::env::temp_dir().join(format!("gavel-fuzz-{}", target.name));
        std::fs::write(&file, input).expect("a file");
        panic!("{} {trouble}; the input is in {}", target.name, file.display());
    }
}

#[test]
fn outside_bytes_do_no_harm() {
    let seconds = std::env::var("GAVEL_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let each = Duration::from_secs(seconds.unwrap_or(1));
    let seed = std::env::var("GAVEL_TEST_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(rand::random::<u64>);
    println!("seed {seed}");
    for target in &TARGETS {
        let corpus = corpus(target);
        corpus.iter().for_each(|input| try_input(target, input));
        let mut chance = StdRng::seed_from_u64(seed);
        let (began, mut tried) = (Instant::now(), 0_u64);
        while began.elapsed() < each {
            try_input(target, &mutate(&mut chance, &corpus));
            tried += 1;
        }
        println!("{}: {tried} inputs", target.name);
    }
}

/// What the seeds are for: each must get past the first check of its target.
#[test]
fn seeds_are_taken() {
    for target in &TARGETS {
        assert!(!(target.seeds)().is_empty(), "{}", target.name);
        (target.seeds)().iter().for_each(|seed| (target.run)(seed));
    }
}
