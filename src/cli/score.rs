//! Scores: having a model score a sheet, what came of it as text and JSON, and its receipt.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::course::Watcher;
use super::failure::Failure;
use super::home::{Home, create_private, write_json};
use super::output::{Output, bytes, clean, count, seconds, strong};
use crate::base::Clock;
use crate::client::{Network, material};
use crate::identity::{Digest, KeyPair, PublicKey, Signed};
use crate::rules::model::fixed::real;
use crate::rules::model::{Layer, Structure};
use crate::scoring::{Asked, Course, Dealers, Done, Outcome, Patience, score};
use crate::session::scoring::{BatchId, BatchPromise, ModelTerms, SignedScore};
use crate::wire::dealer_api::ModelLine;

/// The folder of a home's signed scores.
pub const RECEIPTS: &str = "scores";

/// A score, for scripts.
#[derive(Serialize, Deserialize)]
pub struct Told {
    /// The value after the last layer, or all of them; null where the owner alone learns it.
    pub score: Value,
    /// As integers, with so many bits after the point.
    pub values: Option<Vec<i64>>,
    /// Bits after the point.
    pub fraction: Option<u32>,
    /// The model's id.
    pub model: Digest,
    /// What its owner calls it.
    pub name: String,
    /// Whose model it is.
    pub owner: PublicKey,
    /// Whose sheet it is.
    pub client: PublicKey,
    /// The batch of material that it was computed with.
    pub batch: BatchId,
    /// How much it has of what.
    pub material: crate::sharing::pair::BatchShape,
    /// Whether both signed it.
    pub signed: bool,
    /// The receipt's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Rounds of messages.
    pub rounds: u64,
    /// Products.
    pub gates: u64,
    /// Bytes that this party sent.
    pub bytes_sent: u64,
    /// How long the computation took.
    pub seconds: f64,
}

/// Values after the last layer as numbers: one, or a list of them.
pub fn numbers(values: &[i64], fraction: u32, structure: Option<&Structure>) -> Value {
    let place = structure.and_then(|structure| structure.layers.last()) == Some(&Layer::Largest);
    let number = |&value: &i64| {
        if place || fraction == 0 { json!(value) } else { json!(real(value, fraction)) }
    };
    match values {
        [one] => number(one),
        all => all.iter().map(number).collect(),
    }
}

impl Told {
    /// What a party has.
    pub fn new(
        terms: &ModelTerms,
        promise: &BatchPromise,
        done: &Done,
        file: Option<PathBuf>,
    ) -> Self {
        let learnt = done.outcome.learnt();
        let score = learnt.map_or(Value::Null, |(values, fraction)| {
            numbers(values, fraction, Some(&terms.structure))
        });
        Self {
            score,
            values: learnt.map(|(values, _)| values.to_vec()),
            fraction: learnt.map(|(_, fraction)| fraction),
            model: promise.model,
            name: terms.name.clone(),
            owner: promise.owner,
            client: promise.client,
            batch: promise.batch,
            material: promise.shape.clone(),
            signed: matches!(done.outcome, Outcome::Signed(_)),
            file,
            rounds: done.rounds,
            gates: done.products,
            bytes_sent: done.bytes_sent,
            seconds: done.time.as_secs_f64(),
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        let score = match &self.score {
            Value::Null => "told to the model's owner alone".to_owned(),
            score => strong(score),
        };
        let receipt = match (&self.file, self.signed) {
            (Some(file), _) => format!("signed by both, in {}", file.display()),
            (None, true) => "signed by both".to_owned(),
            (None, false) => "signed by nobody: not both learn it".to_owned(),
        };
        format!(
            "{} of {}\n  score     {score}\n  receipt   {receipt}\n  batch     {}\n  took      {} in {} rounds, {} sent",
            strong("Score"),
            clean(&self.name),
            self.batch,
            seconds(self.seconds),
            count(self.rounds),
            bytes(self.bytes_sent),
        )
    }
}

/// The model that a person means: by its id, a beginning of it, or its name.
///
/// # Errors
/// When none or several fit.
pub async fn find(network: &Network, words: &str) -> Result<ModelLine, Failure> {
    let all = material::models(network).await?;
    // A whole id is nobody's name, whatever others have called their models.
    if let Some(one) = all.iter().find(|line| line.model.to_string() == words) {
        return Ok(one.clone());
    }
    let fits = |line: &&ModelLine| {
        line.terms.body.name == words
            || (words.len() >= 4 && line.model.to_string().starts_with(words))
    };
    let found: Vec<&ModelLine> = all.iter().filter(fits).collect();
    match found[..] {
        [one] => Ok(one.clone()),
        [] => {
            let names: Vec<String> = all.iter().map(|line| clean(&line.terms.body.name)).collect();
            let have = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let detail = format!("the coordinator knows no model {words:?}; it has {have}");
            Err(Failure::new("no-such-model", detail))
        }
        _ => {
            let ids =
                found.iter().map(|line| format!("{} of {}", line.model, line.terms.body.owner));
            let ids = ids.collect::<Vec<_>>().join(", ");
            let detail = format!("several models are called {words:?}; give the id of one: {ids}");
            Err(Failure::new("no-such-model", detail))
        }
    }
}

/// Where a model's owner is, and how it is asked.
pub struct Errand<'a> {
    /// Connections to coordinator and dealers.
    pub network: &'a Network,
    /// Where the owner serves the model: host and port.
    pub address: &'a str,
    /// The model, checked.
    pub terms: &'a ModelTerms,
    /// The sheet, in fixed point.
    pub sheet: &'a [i64],
    /// The client's key.
    pub keys: &'a KeyPair,
    /// Where events go for a script, if one reads them.
    pub events: Option<Output>,
}

/// Have a batch promised, and the sheet scored.
///
/// # Errors
/// Says whose fault it is.
pub async fn ask(errand: &Errand<'_>) -> Result<(Signed<BatchPromise>, Done), Failure> {
    let Errand { network, address, terms, sheet, keys, events } = *errand;
    let now = Clock::System.now();
    let promise = material::promise(network, terms.id(), keys, now).await?;
    if promise.body.owner != terms.owner {
        let detail = "the coordinator promised the batch to another owner than the model's";
        return Err(Failure::new("no-score", detail));
    }
    let halves = Dealers::new(network.clone(), keys.clone());
    let asked = Asked {
        address,
        terms,
        promise: &promise,
        sheet,
        keys,
        halves: &halves,
        patience: Patience::default(),
    };
    let mut watcher = Watcher::new(terms, events)?;
    let (course, mut told) = watch::channel(Course::default());
    watcher.see(&Course::default())?;
    let mut work = Box::pin(score(&asked, &course));
    let done = loop {
        tokio::select! {
            done = &mut work => break done?,
            Ok(()) = told.changed() => {
                let now = *told.borrow_and_update();
                watcher.see(&now)?;
            }
        }
    };
    drop(work);
    let last = *told.borrow();
    watcher.see(&last)?;
    Ok((promise, done))
}

/// Write a signed score into a file that was named, or into the home.
///
/// # Errors
/// When it cannot be written.
pub fn keep(home: &Home, signed: &SignedScore, to: Option<&Path>) -> Result<PathBuf, Failure> {
    let path = if let Some(path) = to {
        path.to_owned()
    } else {
        let folder = home.file(RECEIPTS);
        create_private(&folder)?;
        folder.join(format!("{}.json", signed.score.batch))
    };
    write_json(&path, signed)?;
    Ok(path)
}
