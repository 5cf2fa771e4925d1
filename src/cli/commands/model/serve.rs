//! `gavel model serve`: a home's models for clients to be scored by.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;

use crate::base::Clock;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{host, read_text};
use crate::cli::models::{Kept, Shelf};
use crate::cli::options::Reach;
use crate::cli::output::{clean, strong};
use crate::cli::score::keep;
use crate::cli::signal::asked_to_stop;
use crate::client::material;
use crate::identity::key_file::{BidderKeys, KeyFileError, TlsIdentity};
use crate::identity::{Digest, PublicKey, Statement as _};
use crate::scoring::{Admitted, Dealers, Outcome, Owner, Patience, Served, open};
use crate::session::scoring::ModelTerms;
use crate::transport::server::listen;

/// What to serve, where, and for whom.
///
/// Announces the models at the coordinator, has dealers keep material ready for them, and computes a
/// score with every client that has a batch. Runs until Ctrl-C or SIGTERM. A score that both learn is
/// signed by both and kept in the home's folder `scores`.
#[derive(Args)]
pub struct ServeArgs {
    /// The models [default: all of this home]
    names: Vec<String>,
    /// Host and port to listen at; tell clients under which one they reach it
    #[arg(long, value_name = "HOST:PORT")]
    listen: String,
    /// Batches of material that dealers keep ready for each model
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    stock: u32,
    /// A key that may be scored; once for each
    #[arg(long = "client", value_name = "KEY", allow_hyphen_values = true)]
    clients: Vec<PublicKey>,
    /// Keys that may be scored, one a line; what follows a key is for people
    #[arg(long, value_name = "FILE")]
    clients_from: Option<PathBuf>,
    /// Whoever has a batch may be scored
    #[arg(long, conflicts_with_all = ["clients", "clients_from"])]
    anyone: bool,
    #[command(flatten)]
    reach: Reach,
}

/// Serve until asked to stop.
///
/// # Errors
/// When the port, the models or the coordinator cannot be used.
pub async fn run(context: &Context, args: &ServeArgs) -> Result<(), Failure> {
    let admitted = admitted(args)?;
    let home = &context.home;
    let shelf = Shelf::of(home);
    let kept = if args.names.is_empty() {
        shelf.list()?
    } else {
        args.names.iter().map(|name| shelf.find(name)).collect::<Result<_, _>>()?
    };
    if kept.is_empty() {
        let detail = "this home has no models; add one with `gavel model add NAME FILE`";
        return Err(Failure::new("no-such-model", detail));
    }
    let keys = args.reach.passphrase().load(&home.file("bidder.key"), BidderKeys::load)?.identity;
    let network = args.reach.as_anyone(context).await?;
    let roster = network.roster().body.clone();
    let mut models = Vec::new();
    for model in &kept {
        if model.owner != keys.public() {
            let detail = format!("{} was added under another key; add it again", model.name);
            return Err(Failure::new("bad-model", detail));
        }
        models.push((terms_of(model, roster.digest()), shelf.weights(model, &keys)?));
    }
    let listener = listen::bind(&args.listen).await?;
    let tls = TlsIdentity::generate(host(&args.listen)).map_err(KeyFileError::from)?;
    for (terms, _) in &models {
        let now = Clock::System.now();
        material::announce(&network, &keys, terms.clone(), args.stock, now).await?;
    }
    let told: Vec<_> = models
        .iter()
        .map(|(terms, _)| json!({ "name": terms.name, "model": terms.id() }))
        .collect();
    let halves = Arc::new(Dealers::new(network.clone(), keys.clone()));
    let owner =
        Owner::new(keys, roster.coordinator.key, admitted, models, halves, Patience::default());
    let (sender, mut served) = mpsc::channel(64);
    let port = open(Arc::new(owner), listener, &tls, sender)?;
    let serving = json!({ "serving": told, "address": port.local.to_string() });
    if context.output.json {
        context.output.json_line(&serving)?;
    } else {
        let names: Vec<&str> = kept.iter().map(|model| model.name.as_str()).collect();
        let line = format!("serving {} at {}", strong(names.join(", ")), port.local);
        context.output.note(line);
    }
    let mut scores = 0_u64;
    let mut stop = std::pin::pin!(asked_to_stop());
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(served) = served.recv() => scores += u64::from(tell(context, served)?),
        }
    }
    port.close().await;
    let stopped = json!({ "stopped": true, "scores": scores });
    context.output.result(&stopped, || format!("stopped after {scores} scores"))
}

/// What is public of a kept model, under this roster.
pub fn terms_of(kept: &Kept, roster: Digest) -> ModelTerms {
    ModelTerms {
        name: kept.name.clone(),
        roster,
        owner: kept.owner,
        structure: kept.structure.clone(),
        features: kept.features.clone(),
        learner: kept.learner,
    }
}

fn admitted(args: &ServeArgs) -> Result<Admitted, Failure> {
    if args.anyone {
        return Ok(Admitted::Anyone);
    }
    let mut keys: HashSet<PublicKey> = args.clients.iter().copied().collect();
    if let Some(path) = &args.clients_from {
        for (line, text) in (1..).zip(read_text(path)?.lines()) {
            let Some(word) = text.split_whitespace().next().filter(|word| !word.starts_with('#'))
            else {
                continue;
            };
            let key = word.parse().map_err(|wrong: &str| {
                Failure::new("bad-file", format!("{}, line {line}: {wrong}", path.display()))
            })?;
            keys.insert(key);
        }
    }
    if keys.is_empty() {
        let detail = "say who may be scored: --client KEY, --clients-from FILE, or --anyone";
        return Err(Failure::usage(detail));
    }
    Ok(Admitted::Keys(keys))
}

/// Tell what came of a client and keep what was signed; whether there is a score.
fn tell(context: &Context, served: Served) -> Result<bool, Failure> {
    let from = served.from;
    let (promise, done) = match served.result {
        Ok(met) => met,
        Err(error) => {
            tracing::warn!(%from, %error, "no score");
            if context.output.json {
                let line = json!({ "event": "no-score", "from": from.to_string(), "why": error.to_string() });
                context.output.json_line(&line)?;
            }
            return Ok(false);
        }
    };
    if let Outcome::Signed(signed) = &done.outcome {
        keep(&context.home, signed, None)?;
    }
    let (batch, took) = (promise.batch, done.time.as_secs_f64());
    tracing::info!(%from, %batch, seconds = took, "a score");
    if context.output.json {
        let line = json!({
            "event": "score", "from": from.to_string(), "batch": batch, "client": promise.client,
            "seconds": took,
        });
        context.output.json_line(&line)?;
    } else {
        context
            .output
            .note(format!("a score for {}, batch {batch}", clean(&promise.client.to_string())));
    }
    Ok(true)
}
