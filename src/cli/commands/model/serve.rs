//! `gavel model serve`: a home's models for clients to be scored by.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::live::{self, Live};
use crate::base::{Clock, Zone};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{host, read_text};
use crate::cli::models::Shelf;
use crate::cli::options::Reach;
use crate::cli::output::{clean, plural, seconds, strong};
use crate::cli::score::{keep, numbers};
use crate::cli::signal::{Stop, StopOption, asked_to_stop};
use crate::client::{Network, material};
use crate::identity::key_file::{BidderKeys, KeyFileError, TlsIdentity};
use crate::identity::{PublicKey, Statement as _};
use crate::scoring::{Admitted, Dealers, Itinerary, Open, Outcome, Owner, Patience, Served, open};
use crate::transport::server::listen;
use crate::wire::dealer_api::ModelLine;

/// How often stocks are asked for.
const STOCKS: Duration = Duration::from_secs(2);

/// What to serve, where, and for whom.
///
/// Announces the models at the coordinator, has dealers keep material ready for them, and computes a
/// score with every client that has a batch. Runs until Ctrl-C or SIGTERM; scores that are
/// under way are finished then, and asked again it ends at once. At a terminal it shows the stocks, and who is
/// being scored. A score that both learn is
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
    #[command(flatten)]
    stop: StopOption,
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
        models.push((model.terms(roster.digest()), shelf.weights(model, &keys)?));
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
    let mut shown = Vec::new();
    for (terms, _) in &models {
        let itinerary = Itinerary::of(terms)?;
        shown.push(live::Served {
            model: terms.id(),
            name: terms.name.clone(),
            structure: terms.structure.clone(),
            itinerary,
            stock: None,
        });
    }
    let own = keys.public();
    let halves = Arc::new(Dealers::new(network.clone(), keys.clone()));
    let owner =
        Owner::new(keys, roster.coordinator.key, admitted, models, halves, Patience::default());
    let (sender, served) = mpsc::channel(64);
    let owner = Arc::new(owner);
    let port = open(Arc::clone(&owner), listener, &tls, sender)?;
    // What the terms of a scored auction name.
    let serving = json!({
        "serving": told, "owner": own, "roster": roster.digest(),
        "address": port.local.to_string(),
    });
    if context.output.json {
        context.output.json_line(&serving)?;
    } else {
        let names: Vec<&str> = kept.iter().map(|model| model.name.as_str()).collect();
        let line = format!("serving {} at {}", strong(names.join(", ")), port.local);
        context.output.note(line);
    }
    let desk = Desk { context, owner, live: Live::new(&shown), models: shown, scores: 0 };
    let stop = args.stop.heed().map_err(|error| Failure::new("internal", error))?;
    let scores = desk.run((port, &stop), served, &network).await?;
    let stopped = json!({ "stopped": true, "scores": scores });
    let text = plural(scores, "score", "scores");
    context.output.result(&stopped, || format!("stopped after {text}"))
}

/// What is shown and kept while clients come.
struct Desk<'a> {
    context: &'a Context,
    owner: Arc<Owner>,
    models: Vec<live::Served>,
    live: Live,
    scores: u64,
}

impl Desk<'_> {
    /// Serve until asked to stop, and to the end of what is under way then; asked again, end at once.
    /// How many scores there were.
    async fn run(
        mut self,
        (mut port, stop): (Open, &Stop),
        mut served: mpsc::Receiver<Served>,
        network: &Network,
    ) -> Result<u64, Failure> {
        let (sender, mut stocks) = watch::channel(Vec::new());
        let asking = tokio::spawn(follow_stocks(network.clone(), sender));
        let mut often = tokio::time::interval(live::OFTEN);
        let mut asked = std::pin::pin!(stop.asked());
        loop {
            tokio::select! {
                () = &mut asked => break,
                Some(served) = served.recv() => self.tell(served)?,
                Ok(()) = stocks.changed() => self.stocked(&stocks.borrow_and_update()),
                _ = often.tick() => self.live.draw(&self.models, &self.owner.guests()),
            }
        }
        let under_way = self.owner.guests().len() as u64;
        if under_way > 0 {
            self.stopping(under_way)?;
            let mut again = std::pin::pin!(asked_to_stop());
            let mut finished = std::pin::pin!(port.finish());
            loop {
                tokio::select! {
                    () = &mut finished => break,
                    () = &mut again => break,
                    Some(served) = served.recv() => self.tell(served)?,
                    _ = often.tick() => self.live.draw(&self.models, &self.owner.guests()),
                }
            }
        }
        port.close().await;
        while let Ok(last) = served.try_recv() {
            self.tell(last)?;
        }
        asking.abort();
        Ok(self.scores)
    }

    fn stopping(&self, under_way: u64) -> Result<(), Failure> {
        if self.context.output.json {
            let line = json!({ "event": "stopping", "under_way": under_way });
            self.context.output.json_line(&line)?;
        }
        let text = plural(under_way, "score is", "scores are");
        self.live.keep(&format!(
            "nobody is let in any more; {text} under way and will be finished. Ctrl-C again ends at once: \
             what is under way is lost then, with its batch"
        ));
        Ok(())
    }

    fn stocked(&mut self, lines: &[ModelLine]) {
        for served in &mut self.models {
            let line = lines.iter().find(|line| line.model == served.model);
            served.stock = line.map(|line| line.stock);
        }
    }

    /// Tell what came of a client and keep what was signed.
    fn tell(&mut self, served: Served) -> Result<(), Failure> {
        let (from, output) = (served.from, self.context.output);
        let (promise, done) = match served.result {
            Ok(met) => met,
            Err(error) => {
                // What is told below is not logged over the lines that move.
                tracing::debug!(%from, %error, "no score");
                if output.json {
                    let line = json!({ "event": "no-score", "from": from.to_string(), "why": error.to_string() });
                    return output.json_line(&line);
                }
                self.live.keep(&format!("{}  no score for {from}: {error}", now()));
                return Ok(());
            }
        };
        if let Outcome::Signed(signed) = &done.outcome {
            keep(&self.context.home, signed, None)?;
        }
        self.scores += 1;
        let (batch, took) = (promise.batch, done.time.as_secs_f64());
        tracing::debug!(%from, %batch, seconds = took, "a score");
        let model = self.models.iter().find(|served| served.model == promise.model);
        let structure = model.map(|served| &served.structure);
        let learnt = done.outcome.learnt();
        let score = learnt.map(|(values, fraction)| numbers(values, fraction, structure));
        if output.json {
            let line = json!({
                "event": "score", "from": from.to_string(), "batch": batch, "client": promise.client,
                "model": promise.model, "score": score, "values": learnt.map(|(values, _)| values),
                "fraction": learnt.map(|(_, fraction)| fraction),
                "signed": matches!(done.outcome, Outcome::Signed(_)),
                "seconds": took, "rounds": done.rounds,
                "bytes_sent": done.bytes_sent, "stock": model.and_then(|served| served.stock),
            });
            return output.json_line(&line);
        }
        let (name, left) =
            model.map_or_else(Default::default, |served| (clean(&served.name), served.left()));
        self.live.keep(&format!(
            "{}  {}  {name}  {}, in {}, batch {batch}; {left}",
            now(),
            live::short(promise.client),
            state(&done.outcome, score.as_ref()),
            seconds(took)
        ));
        Ok(())
    }
}

/// How a score ended, in words: with its value where nobody else has it.
fn state(outcome: &Outcome, score: Option<&Value>) -> String {
    match (outcome, score) {
        (Outcome::Learnt { .. }, Some(score)) => format!("learnt here alone: {score}"),
        (Outcome::Learnt { .. }, None) => "learnt here alone".to_owned(),
        (Outcome::Signed(_), _) => "signed by both".to_owned(),
        (Outcome::Told, _) => "told to the client".to_owned(),
    }
}

/// The time of day, for a line of a list.
fn now() -> String {
    let zone = Zone::here();
    zone.clock(Clock::System.now())
}

/// Ask how stocks stand, again and again; nothing is known while the coordinator does not tell.
async fn follow_stocks(network: Network, told: watch::Sender<Vec<ModelLine>>) {
    loop {
        let lines = material::models(&network).await.unwrap_or_default();
        if told.send(lines).is_err() {
            return;
        }
        tokio::time::sleep(STOCKS).await;
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

#[cfg(test)]
mod tests {
    use crate::cli::commands::model::serve::*;

    #[test]
    fn a_line_has_the_score_that_the_owner_alone_learns() {
        use crate::identity::KeyPair;
        use crate::testkit::scores::signed;
        let learnt = Outcome::Learnt { values: vec![-184], fraction: 8 };
        let score = learnt.learnt().map(|(values, fraction)| numbers(values, fraction, None));
        assert_eq!(state(&learnt, score.as_ref()), "learnt here alone: -0.71875");
        assert_eq!(state(&Outcome::Told, None), "told to the client");
        let both = signed(&KeyPair::from_secret(&[5; 32]), 512, 1);
        assert_eq!(state(&Outcome::Signed(Box::new(both)), Some(&json!(1))), "signed by both");
    }
}
