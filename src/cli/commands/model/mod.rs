//! `gavel model add|list|remove|serve`: the models that this home scores with; `gavel model withdraw`: one
//! taken back by the coordinator's operator; `gavel model doubts`: what is remembered of the dealers who make
//! material for them.
//!
//! - [`live`]: what an owner sees meanwhile
//! - [`serve`]: scoring clients' sheets
//! - [`stock`]: announced models, with a gauge of the material that is ready for each
//! - [`told`]: a model as people and scripts read it
//! - [`withdraw`]: taking back another's model

pub mod live;
pub mod serve;
pub mod stock;
pub mod told;
pub mod withdraw;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::base::Clock;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::Over;
use crate::cli::models::{self, Kept, Shelf, check_name};
use crate::cli::options::{PassphraseOption, Reach};
use crate::cli::output::{Table, clean, strong};
use crate::client::material;
use crate::identity::Statement as _;
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
    /// The models of this home, and those that are announced, with how much material is ready for each
    List(ListArgs),
    /// Delete a model of this home, weights and all, and take it back at the coordinator
    Remove(RemoveArgs),
    /// Score clients' sheets with models of this home
    Serve(serve::ServeArgs),
    /// Take a model back that another has announced: for the coordinator's operator
    Withdraw(withdraw::WithdrawArgs),
    /// What the coordinator remembers of dealers who lied; forget it
    Doubts(DoubtsArgs),
}

/// What to do with it.
///
/// A dealer that lied while a batch of material was made, or gave out something else than it had made, is
/// left out of the next batches wherever there are enough others, until this is forgotten.
#[derive(Args)]
pub struct DoubtsArgs {
    /// Forget it all, so that these dealers are asked again: for the coordinator's operator
    #[arg(long)]
    forget: bool,
    #[command(flatten)]
    reach: Reach,
}

/// Which models.
///
/// Those of this home, and those that owners have announced at the coordinator of its roster, each with
/// its stock of material: so many batches are ready of those that are wanted.
#[derive(Args)]
pub struct ListArgs {
    /// Only those of this home; no server is asked
    #[arg(long)]
    own: bool,
    #[command(flatten)]
    reach: Reach,
}

/// Which model.
#[derive(Args)]
pub struct RemoveArgs {
    /// Its name
    name: String,
    #[command(flatten)]
    reach: Reach,
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
pub async fn run(context: &Context, command: ModelCommand) -> Result<(), Failure> {
    match command {
        ModelCommand::Add(args) => add(context, &args),
        ModelCommand::List(args) => list(context, &args).await,
        ModelCommand::Remove(args) => remove(context, &args).await,
        ModelCommand::Serve(args) => serve::run(context, &args).await,
        ModelCommand::Withdraw(args) => withdraw::run(context, &args).await,
        ModelCommand::Doubts(args) => doubts(context, &args).await,
    }
}

async fn doubts(context: &Context, args: &DoubtsArgs) -> Result<(), Failure> {
    let network = args.reach.as_operator(context).await?;
    let all = network.coordinator().doubts().await?;
    if args.forget {
        network.coordinator().forget_doubts().await?;
    }
    let told = serde_json::json!({ "doubts": all, "forgotten": args.forget });
    context.output.result(&told, || {
        if all.is_empty() {
            return "nothing is remembered of any dealer".to_owned();
        }
        let mut table = Table::new(&["noted", "batch", "what"]);
        for doubt in &all {
            table.row([doubt.noted.to_string(), doubt.batch.to_string(), clean(&doubt.what)]);
        }
        let end = if args.forget { "\nThat is forgotten." } else { "" };
        format!("{table}{end}")
    })
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

async fn list(context: &Context, args: &ListArgs) -> Result<(), Failure> {
    let all = Shelf::of(&context.home).list()?;
    let told = all.iter().map(|kept| Told::new(kept, None));
    let told = told.collect::<Result<Vec<_>, Failure>>()?;
    let announced = announced(context, args).await;
    let shown = serde_json::json!({ "models": told, "announced": announced });
    context.output.result(&shown, || {
        let mut text = if told.is_empty() {
            "no models of this home; add one with `gavel model add NAME FILE`\n".to_owned()
        } else {
            let mut table =
                Table::new(&["model", "layers", ">triples", ">bits", ">matrix elements"]);
            for model in &told {
                table.row(model.row());
            }
            table.to_string()
        };
        match announced.as_deref() {
            None => {}
            Some([]) => text.push_str(
                "\nno model is announced at the coordinator; `gavel model serve` announces one\n",
            ),
            Some(lines) => {
                let _ = write!(text, "\n{}\n{}", strong("Announced"), stock::table(lines));
            }
        }
        text
    })
}

/// What is announced at the coordinator; none where it is not to be asked, or does not tell.
async fn announced(context: &Context, args: &ListArgs) -> Option<Vec<stock::Announced>> {
    let known = args.reach.roster_file().is_some() || context.home.file("roster.json").exists();
    if args.own || !known {
        return None;
    }
    let lines = async {
        let network = args.reach.as_anyone(context).await?;
        Ok::<_, Failure>(material::models(&network).await?)
    };
    match lines.await {
        Ok(lines) => Some(lines.iter().map(stock::Announced::of).collect()),
        Err(failure) => {
            let detail = failure.detail;
            context.output.note(format!("what is announced cannot be listed: {detail}"));
            None
        }
    }
}

async fn remove(context: &Context, args: &RemoveArgs) -> Result<(), Failure> {
    let shelf = Shelf::of(&context.home);
    let kept = shelf.find(&args.name)?;
    let taken_back = match take_back(context, &args.reach, &kept).await {
        Ok(taken_back) => taken_back,
        Err(failure) => {
            context
                .output
                .note(format!("the coordinator may still know {}: {}", kept.name, failure.detail));
            false
        }
    };
    shelf.remove(&kept)?;
    let removed = serde_json::json!({ "removed": kept.name, "taken_back": taken_back });
    context.output.result(&removed, || format!("{} is deleted.", strong(&kept.name)))
}

/// Take a model back where it is announced; whether it was.
async fn take_back(context: &Context, reach: &Reach, kept: &Kept) -> Result<bool, Failure> {
    if reach.roster_file().is_none() && !context.home.file("roster.json").exists() {
        return Ok(false);
    }
    let network = reach.as_anyone(context).await?;
    let id = kept.terms(network.roster().body.digest()).id();
    if !material::models(&network).await?.iter().any(|line| line.model == id) {
        return Ok(false);
    }
    let keys = reach.passphrase().load(&context.home.file("bidder.key"), BidderKeys::load)?;
    material::remove(&network, &keys.identity, id, Clock::System.now()).await?;
    Ok(true)
}
