//! What all benches of the engine do alike: the seed, the place, and telling what came of it.

use std::time::Duration;

use rand::{TryRng as _, rngs::SysRng};

use crate::bench::engine::asked::{Asked, Place};
use crate::bench::engine::measure;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::figures;

/// Where nodes run.
pub(super) fn place(in_process: bool, rtt: Option<f64>) -> Result<Place, Failure> {
    if in_process {
        return Ok(Place::InProcess);
    }
    let rtt = rtt.unwrap_or(0.0);
    if !(0.0..=10_000.0).contains(&rtt) {
        return Err(Failure::usage("a round trip is 0 to 10000 milliseconds"));
    }
    Ok(Place::Processes { round_trip: Duration::from_secs_f64(rtt / 1000.0) })
}

/// The seed that is asked for, or a fresh one; told either way.
pub(super) fn seed(context: &Context, asked: Option<u64>) -> Result<u64, Failure> {
    let seed = match asked {
        Some(seed) => seed,
        None => SysRng.try_next_u64()?,
    };
    context.output.note(format_args!("seed {seed}"));
    Ok(seed)
}

/// Measure, and tell what came of it.
pub(super) async fn tell(context: &Context, asked: &Asked) -> Result<(), Failure> {
    let report = measure::measure(asked).await?;
    context.output.result(&report, || figures::engine(&report))?;
    if report.correct {
        Ok(())
    } else {
        Err(Failure::new(
            "wrong-result",
            format!(
                "the nodes computed something else than plain arithmetic; repeat with --seed {}",
                asked.seed
            ),
        ))
    }
}
