//! `gavel model withdraw`: a model taken back by the coordinator's operator.

use std::io::{IsTerminal as _, stdin};

use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::Reach;
use crate::cli::output::{clean, strong};
use crate::cli::prompt;
use crate::cli::score;
use crate::client::material;

/// Which model.
///
/// Its batches are withdrawn; those that are promised already stay good. Its owner may announce it again
/// as long as it has an account: `gavel account disable` ends that.
#[derive(Args)]
pub struct WithdrawArgs {
    /// Its id, a beginning of it, or its name
    model: String,
    /// Do not ask whether it is meant
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    reach: Reach,
}

/// Take it back.
///
/// # Errors
/// When there is none, or this is not the coordinator's operator.
pub async fn run(context: &Context, args: &WithdrawArgs) -> Result<(), Failure> {
    let network = args.reach.as_operator(context).await?;
    let line = score::find(&network, &args.model).await?;
    let (name, owner) = (clean(&line.terms.body.name), line.terms.body.owner);
    if !args.yes {
        if !stdin().is_terminal() {
            return Err(Failure::usage("taking a model back asks for confirmation; add --yes"));
        }
        let question = format!("Take {name} of {owner} back? Its stock of material is lost.");
        if !prompt::sure(&question)? {
            return Err(Failure::new("not-confirmed", "nothing was changed"));
        }
    }
    material::withdraw(&network, line.model).await?;
    let told = json!({ "withdrawn": line.model, "name": line.terms.body.name, "owner": owner });
    context.output.result(&told, || {
        format!("{} is announced no more; its batches are withdrawn.", strong(&name))
    })
}
