//! The demo of a score: dealers, coordinator, a model's owner and a client on 127.0.0.1. The owner's
//! process knows the weights, the client's part the sheet; here both are in one process, as all servers
//! of a demo are, and speak over the same connections as anywhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::folder::Folder;
use super::world::World;
use crate::base::Clock;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{read_text, toml_failure};
use crate::cli::models::read_table;
use crate::cli::score::{Errand, Told, ask, keep};
use crate::cli::signal::asked_to_stop;
use crate::cli::view;
use crate::client::{Network, material};
use crate::identity::key_file::{BidderKeys, KeyFileError, TlsIdentity};
use crate::identity::{Digest, KeyPair, Statement as _};
use crate::node;
use crate::rules::model::file::{Defaults, Written};
use crate::rules::model::{Weights, reference, weights};
use crate::rules::session_file::DemoRoster;
use crate::scoring::{Admitted, Dealers, Done, Open, Outcome, Owner, Patience, Served, open};
use crate::session::scoring::{BatchPromise, Learner, ModelTerms};
use crate::sharing::Scheme;
use crate::transport::server::listen;

/// Batches that the demo's dealers keep ready.
const STOCK: u32 = 1;

/// Longest wait for the first batch.
const PATIENCE: Duration = Duration::from_secs(300);

/// Between two looks at the stock.
const LOOK: Duration = Duration::from_millis(200);

/// A file that says which sheet is scored by which model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreFile {
    /// What it is about.
    title: String,
    /// More of it.
    #[serde(default)]
    description: String,
    /// "score".
    #[serde(rename = "kind")]
    _kind: String,
    /// How many dealers.
    pub roster: Option<DemoRoster>,
    /// The model: its table of layers.
    model: Written,
    /// The sheet: each feature's number.
    sheet: BTreeMap<String, f64>,
}

/// A score file that is played, and where it lies.
pub struct Play {
    path: PathBuf,
    /// What is in it.
    pub file: ScoreFile,
}

/// What comes of it, for scripts.
#[derive(Serialize)]
pub struct Played {
    session: Digest,
    title: String,
    kind: &'static str,
    phase: &'static str,
    security: &'static str,
    signed_by: Vec<&'static str>,
    attempts: u32,
    complaints: [(); 0],
    #[serde(flatten)]
    told: Told,
    /// The score with real numbers, in the clear.
    expected: f64,
    /// How far the score may be from it.
    precision: f64,
    verified: bool,
}

impl Played {
    /// For people.
    pub fn text(&self) -> String {
        let right = if self.verified { "as precise as is said" } else { "not verified" };
        let (expected, precision) = (self.expected, self.precision);
        format!(
            "{}\n  in clear  {expected:.6}, at most {precision:.1e} away: {right}",
            self.told.text()
        )
    }
}

/// The score file that is played, if a file is one.
///
/// # Errors
/// When it is one and cannot be read.
pub fn of_file(path: Option<&Path>) -> Result<Option<Play>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let text = read_text(path)?;
    let kind = text.parse::<toml::Table>().ok().and_then(|table| table.get("kind").cloned());
    if kind.as_ref().and_then(toml::Value::as_str) != Some("score") {
        return Ok(None);
    }
    let file =
        toml::from_str(&text).map_err(|error| toml_failure("bad-model", path, &text, &error))?;
    Ok(Some(Play { path: path.to_owned(), file }))
}

/// Play it.
///
/// # Errors
/// Why there is no score.
pub async fn run(
    context: &Context,
    play: &Play,
    folder: &Folder,
    scheme: Scheme,
) -> Result<Played, Failure> {
    let mut world = World::start(folder.path(), scheme, node::Options::default(), None).await?;
    let network = world.network.clone();
    let played = tokio::select! {
        played = score(context, play, folder, &network) => played,
        failure = world.failed() => Err(failure),
        () = asked_to_stop() => {
            Err(Failure::new("interrupted", "interrupted; the demo's servers are stopped"))
        }
    };
    world.stop().await;
    played
}

async fn score(
    context: &Context,
    play: &Play,
    folder: &Folder,
    network: &Network,
) -> Result<Played, Failure> {
    let roster = &network.roster().body;
    let read = read_table(&play.path, &play.file.model, Defaults::default())?;
    let model = read.model;
    let [owner, client] = [BidderKeys::generate()?.identity, BidderKeys::generate()?.identity];
    let terms = ModelTerms {
        name: play.file.title.clone(),
        roster: roster.digest(),
        owner: owner.public(),
        structure: model.structure,
        features: model.features,
        learner: read.learner.unwrap_or(Learner::Both),
    };
    terms.check().map_err(|error| Failure::new("bad-model", error))?;
    let weights = Weights::new(&terms.structure, &model.dense)?;
    let sheet = in_order(&play.file.sheet, &terms.features).map_err(|detail| {
        Failure::new("bad-sheet", format!("[sheet] {detail}")).about(play.path.display())
    })?;
    let fixed = weights::sheet(&terms.structure, &sheet)?;
    let precision = weights.precision();
    let expected = reference::score(&terms.structure, &model.dense, &sheet);
    context.output.note(format!(
        "{} dealers and a coordinator run on 127.0.0.1; {}\n{}\n{}",
        roster.scheme.nodes(),
        view::privacy(roster.scheme),
        play.file.title,
        play.file.description.trim(),
    ));

    material::announce(network, &owner, terms.clone(), STOCK, Clock::System.now()).await?;
    context.output.note("the dealers make material for the model");
    stocked(network, &terms).await?;
    let admitted = Admitted::Keys([client.public()].into());
    let (port, mut served) = serve(network, owner, admitted, (terms.clone(), weights)).await?;
    let address = port.local.to_string();
    let errand = Errand {
        network,
        address: &address,
        terms: &terms,
        sheet: &fixed,
        keys: &client,
        events: None,
    };
    let asked = ask(&errand).await;
    let met = served.recv().await;
    port.close().await;
    let (promise, done) = asked?;
    report(folder, &terms, (&promise.body, &done), met, (&expected, precision))
}

/// A sheet's numbers in the model's order, or what is wrong with it.
pub(super) fn in_order(
    given: &BTreeMap<String, f64>,
    features: &[String],
) -> Result<Vec<f64>, String> {
    if let Some(unknown) = given.keys().find(|name| !features.contains(name)) {
        return Err(format!("has {unknown:?}, which is no feature of the model"));
    }
    let number = |name: &String| {
        given.get(name).copied().ok_or_else(|| format!("lacks the feature {name:?}"))
    };
    features.iter().map(number).collect()
}

/// The owner's port for one model, and what comes of each client.
pub(super) async fn serve(
    network: &Network,
    owner: KeyPair,
    admitted: Admitted,
    model: (ModelTerms, Weights),
) -> Result<(Open, mpsc::Receiver<Served>), Failure> {
    let listener = listen::bind("127.0.0.1:0").await?;
    let tls = TlsIdentity::generate("127.0.0.1").map_err(KeyFileError::from)?;
    let halves = Arc::new(Dealers::new(network.clone(), owner.clone()));
    let coordinator = network.roster().body.coordinator.key;
    let owner = Owner::new(owner, coordinator, admitted, [model], halves, Patience::default());
    let (sender, served) = mpsc::channel(4);
    Ok((open(Arc::new(owner), listener, &tls, sender)?, served))
}

/// Wait for a batch.
pub(super) async fn stocked(network: &Network, terms: &ModelTerms) -> Result<(), Failure> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if material::model(network, terms.id()).await?.stock.ready > 0 {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    let detail = format!("the dealers made no batch within {} s", PATIENCE.as_secs());
    Err(Failure::new("no-material", detail))
}

fn report(
    folder: &Folder,
    terms: &ModelTerms,
    (promise, done): (&BatchPromise, &Done),
    met: Option<Served>,
    (expected, precision): (&[f64], f64),
) -> Result<Played, Failure> {
    let expected = expected.first().copied().unwrap_or_default();
    let owners = met.and_then(|met| met.result.ok()).map(|(_, done)| done.outcome);
    let mut file = None;
    let (mut verified, mut signed_by) = (true, Vec::new());
    if let Outcome::Signed(signed) = &done.outcome {
        // Both have the same, and both signatures fit.
        verified = signed.check().is_ok() && owners.as_ref() == Some(&done.outcome);
        signed_by = vec!["client", "owner"];
        if let Some(kept) = folder.kept() {
            file = Some(keep_in(kept, signed)?);
        }
    }
    let outcomes = [Some(&done.outcome), owners.as_ref()];
    let learnt = outcomes.into_iter().flatten().find_map(|outcome| match outcome {
        Outcome::Signed(signed) => Some((&signed.score.values, signed.score.fraction)),
        Outcome::Learnt { values, fraction } => Some((values, *fraction)),
        Outcome::Told => None,
    });
    let close = learnt.is_some_and(|(values, fraction)| {
        let got = values.first().map(|&value| crate::rules::model::fixed::real(value, fraction));
        got.is_some_and(|got| (got - expected).abs() <= precision)
    });
    Ok(Played {
        session: terms.id(),
        title: terms.name.clone(),
        kind: "score",
        phase: "settled",
        security: "active",
        signed_by,
        attempts: 1,
        complaints: [],
        told: Told::new(terms, promise, done, file),
        expected,
        precision,
        verified: verified && close,
    })
}

fn keep_in(
    folder: &Path,
    signed: &crate::session::scoring::SignedScore,
) -> Result<PathBuf, Failure> {
    let home = crate::cli::home::Home::find(Some(folder))?;
    keep(&home, signed, Some(&folder.join("score.json")))
}
