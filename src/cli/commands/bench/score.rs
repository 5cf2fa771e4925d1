//! `gavel bench score`.

use clap::Args;

use super::measured::{place, seed, tell};
use crate::bench::engine::asked::{Asked, Choices, What};
use crate::bench::engine::scores::{Model, Scoring};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::field::{Field as _, Pair127};
use crate::sharing::Scheme;
use crate::sharing::form::Form;
use crate::sharing::security::Security;

/// Options of `gavel bench score`.
#[derive(Args)]
pub struct ScoreArgs {
    /// The model
    #[arg(value_name = "MODEL")]
    model: ModelName,
    /// Sheets to score, one after the other
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    sheets: u32,
    /// Simulated round trip between the two, in milliseconds
    #[arg(long, value_name = "MS")]
    rtt: Option<f64>,
    /// Both in this process
    #[arg(long, conflicts_with = "rtt")]
    in_process: bool,
    /// Where weights and sheets come from; a fresh one otherwise
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
}

/// A model of the bench.
#[derive(Clone, Copy, clap::ValueEnum)]
enum ModelName {
    /// A weighted sum of 100 features, and the sigmoid
    Logistic,
    /// 8 features, layers of 6 and 4 that lose what is below 0, and a weighted sum
    Small,
    /// 784 features, a layer of 128 that loses what is below 0, and which of 10 is the largest
    Digits,
}

/// Measure scores.
///
/// # Errors
/// When a party fails, or a score is wrong.
pub(super) async fn run(context: &Context, args: &ScoreArgs) -> Result<(), Failure> {
    let model = match args.model {
        ModelName::Logistic => Model::Logistic,
        ModelName::Small => Model::Small,
        ModelName::Digits => Model::Digits,
    };
    let (sheets, seed) = (args.sheets as usize, seed(context, args.seed)?);
    let asked = Asked {
        // One share of two tells nothing.
        scheme: Scheme::any(2, 1).map_err(Failure::usage)?,
        what: What::Scores(Scoring { model, sheets, seed }),
        count: sheets,
        bits: Pair127::BITS,
        form: Form::Bits,
        security: Security::Active,
        seed,
        place: place(args.in_process, args.rtt)?,
        choices: Choices::default(),
    };
    tell(context, &asked).await
}
