//! `gavel model add|list|remove`: the models that this home scores with.
//!
//! - [`told`]: a model as people and scripts read it

pub mod told;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::Over;
use crate::cli::models::{self, Kept, Shelf, check_name};
use crate::cli::options::PassphraseOption;
use crate::cli::output::{Table, strong};
use crate::identity::key_file::BidderKeys;
use crate::rules::model::Weights;
use crate::rules::model::file::Defaults;
use crate::session::scoring::Learner;
use told::Told;

/// What to do with models.
#[derive(Subcommand)]
pub enum ModelCommand {
    /// Take a model in: its weights are kept in this home, encrypted under its key
    Add(AddArgs),
    /// The models of this home
    List,
    /// Delete a model of this home, weights and all
    Remove {
        /// Its name
        name: String,
    },
}

/// A model to take in.
///
/// FILE is an ONNX file, or a table of layers (TOML) that names a file of weights, .safetensors or
/// .onnx. An ONNX file is a chain of Gemm, or MatMul and Add, with Relu, Sigmoid, and ArgMax at the
/// end. What the table says counts before the options.
#[derive(Args)]
pub struct AddArgs {
    /// What to call it: letters and digits, - and _
    name: String,
    /// ONNX, or a TOML of layers
    file: PathBuf,
    /// No number of a sheet is larger, in size, than 2 to this power
    #[arg(long, value_name = "POWER", default_value_t = Defaults::default().largest_feature)]
    largest_feature: u32,
    /// Bits after the point, of sheets and weights
    #[arg(long, value_name = "BITS", default_value_t = Defaults::default().fraction)]
    fraction: u32,
    /// Who learns a score [default: both, who can then sign it]
    #[arg(long, value_name = "WHO")]
    learner: Option<LearnerName>,
    /// Write over a model of this name
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

/// Who learns a score.
#[derive(Clone, Copy, ValueEnum)]
enum LearnerName {
    /// Both parties, who sign it
    Both,
    /// Whose sheet it is
    Client,
    /// Whose model it is
    Owner,
}

impl From<LearnerName> for Learner {
    fn from(name: LearnerName) -> Self {
        match name {
            LearnerName::Both => Self::Both,
            LearnerName::Client => Self::Client,
            LearnerName::Owner => Self::Owner,
        }
    }
}

/// Look after models.
///
/// # Errors
/// When a model's files cannot be used, or this home has no key.
pub fn run(context: &Context, command: ModelCommand) -> Result<(), Failure> {
    match command {
        ModelCommand::Add(args) => add(context, &args),
        ModelCommand::List => list(context),
        ModelCommand::Remove { name } => remove(context, &name),
    }
}

fn add(context: &Context, args: &AddArgs) -> Result<(), Failure> {
    check_name(&args.name)?;
    let over = Over::forced(args.force);
    let defaults = Defaults { largest_feature: args.largest_feature, fraction: args.fraction };
    let read = models::read(&args.file, defaults)?;
    let path = context.home.file("bidder.key");
    if !path.exists() {
        let detail = "this home has no key to keep a model under; make one with `gavel init bidder --name NAME`";
        return Err(Failure::new("no-key", detail));
    }
    let keys = args.passphrase.load(&path, BidderKeys::load)?;
    let model = read.model;
    let learner = read.learner.or(args.learner.map(Learner::from)).unwrap_or(Learner::Both);
    let kept = Kept {
        name: args.name.clone(),
        owner: keys.identity.public(),
        structure: model.structure,
        features: model.features,
        learner,
    };
    // As it will be used, so that what does not fit is told now.
    let weights = Weights::new(&kept.structure, &model.dense)?;
    let told = Told::new(&kept, Some(weights.precision()))?;
    Shelf::of(&context.home).add(&kept, &model.dense, &keys.identity, over)?;
    context.output.result(&told, || told.text())
}

fn list(context: &Context) -> Result<(), Failure> {
    let all = Shelf::of(&context.home).list()?;
    let told = all.iter().map(|kept| Told::new(kept, None));
    let told = told.collect::<Result<Vec<_>, Failure>>()?;
    context.output.result(&serde_json::json!({ "models": told }), || {
        if told.is_empty() {
            return "no models; add one with `gavel model add NAME FILE`".to_owned();
        }
        let mut table = Table::new(&["model", "layers", ">triples", ">bits", ">matrix elements"]);
        for model in &told {
            table.row(model.row());
        }
        table.to_string()
    })
}

fn remove(context: &Context, name: &str) -> Result<(), Failure> {
    let shelf = Shelf::of(&context.home);
    let kept = shelf.find(name)?;
    shelf.remove(&kept)?;
    let removed = serde_json::json!({ "removed": kept.name });
    context.output.result(&removed, || format!("{} is deleted.", strong(&kept.name)))
}
