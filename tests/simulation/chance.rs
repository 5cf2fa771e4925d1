//! All randomness of a simulated run, from one seed.
//!
//! Keys, seeds, session ids, tokens and the order of hash maps come from the operating system's
//! `getrandom`. This binary brings its own, which takes the place of the C library's: on a thread
//! that runs a simulation it continues the seed, elsewhere it asks the kernel.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{c_long, c_uint};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

thread_local! {
    /// Where the thread's randomness stands; `None` asks the kernel.
    static STATE: Cell<Option<u64>> = const { Cell::new(None) };
    /// Sabotage: draws of 32 bytes come from here instead, which is set back again and again.
    static REPEATED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// From here on, this thread's randomness follows from the seed.
pub fn fix(seed: u64) {
    STATE.set(Some(seed ^ 0x5851_f42d_4c95_7f2d));
    REPEATED.set(None);
}

/// Sabotage: from here on secrets of 32 bytes are those that were drawn after the last call.
pub fn repeat_secrets() {
    REPEATED.set(Some(0x0123_4567_89ab_cdef));
}

/// The next number of the sequence (`SplitMix64`: Steele, Lea, Flood 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn fill(source: &Cell<Option<u64>>, mut state: u64, out: &mut [u8]) {
    for piece in out.chunks_mut(8) {
        piece.copy_from_slice(&next(&mut state).to_le_bytes()[..piece.len()]);
    }
    source.set(Some(state));
}

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

#[cfg(target_arch = "x86_64")]
const GETRANDOM: c_long = 318;
#[cfg(not(target_arch = "x86_64"))]
const GETRANDOM: c_long = 278;

/// Takes the place of the C library's function of this name.
///
/// # Safety
/// `buffer` must be valid for writes of `length` bytes, as the C library demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, flags: c_uint) -> isize {
    let Some(state) = STATE.get() else {
        // SAFETY: the arguments are passed on as they came.
        let got = unsafe { syscall(GETRANDOM, buffer, length, flags) };
        return isize::try_from(got).unwrap_or(-1);
    };
    if length == 0 {
        return 0;
    }
    // SAFETY: the caller vouches for the buffer, as for the C library.
    let out = unsafe { std::slice::from_raw_parts_mut(buffer, length) };
    match REPEATED.get() {
        Some(repeated) if length == 32 => REPEATED.with(|source| fill(source, repeated, out)),
        _ => STATE.with(|source| fill(source, state, out)),
    }
    isize::try_from(length).unwrap_or(isize::MAX)
}

/// What happens in a run: decisions, apart from what the product draws.
pub struct Chance(StdRng);

impl Chance {
    /// From the run's seed.
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.0.random::<f64>() < probability
    }

    /// A number of the range.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high)
    }

    /// One of some things.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.0.random_range(0..from.len())]
    }
}
