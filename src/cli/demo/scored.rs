//! The demo of a score: dealers, coordinator, a model's owner and a client on 127.0.0.1, each a process of
//! its own with a home. The owner's process opens the weights, the client's reads the sheet. The demo's own
//! process has read both from its file: it puts them into these homes, and compares the score with that in
//! the clear.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::folder::Folder;
use super::parties::{Met, Owner, Party};
use super::world::{Staging, World};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{read_text, toml_failure, write_json};
use crate::cli::models::read_table;
use crate::cli::score::{Told, numbers};
use crate::cli::signal::asked_to_stop;
use crate::cli::view;
use crate::client::Network;
use crate::identity::{Digest, KeyPair};
use crate::rules::model::file::{Defaults, Written};
use crate::rules::model::fixed::real;
use crate::rules::model::{Weights, reference, weights};
use crate::rules::session_file::DemoRoster;
use crate::scoring::Outcome;
use crate::session::scoring::{Learner, ModelTerms};
use crate::sharing::Scheme;

/// Batches that the demo's dealers keep ready.
const STOCK: u32 = 1;

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
    learner: Learner,
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
        let learner = match self.learner {
            Learner::Both => "both",
            Learner::Client => "the client alone",
            Learner::Owner => "the model's owner alone",
        };
        format!(
            "{}\n  learnt by {learner}\n  in clear  {expected:.6}, at most {precision:.1e} away: {right}",
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
/// Why there is no score: which process failed, and what it said.
pub async fn run(
    context: &Context,
    play: &Play,
    folder: &Folder,
    scheme: Scheme,
) -> Result<Played, Failure> {
    let staging = Staging { scheme, liar: None, delay: None, apart: true };
    let started = tokio::select! {
        started = World::start(folder.path(), &staging) => started,
        () = asked_to_stop() => Err(interrupted()),
    };
    let mut world = started?;
    let network = world.network.clone();
    let played = tokio::select! {
        played = score(context, play, folder, &network) => played,
        failure = world.failed() => Err(failure),
        () = asked_to_stop() => Err(interrupted()),
    };
    world.stop().await;
    played
}

fn interrupted() -> Failure {
    Failure::new("interrupted", "interrupted; the demo's processes are stopped")
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
    let precision = Weights::new(&model.structure, &model.dense)?.precision();
    let sheet = in_order(&play.file.sheet, &model.features).map_err(|detail| {
        Failure::new("bad-sheet", format!("[sheet] {detail}")).about(play.path.display())
    })?;
    weights::sheet(&model.structure, &sheet)?;
    let expected = reference::score(&model.structure, &model.dense, &sheet);
    context.output.note(format!(
        "{} dealers and a coordinator run on 127.0.0.1, a process each; {}\n{}\n{}",
        roster.scheme.nodes(),
        view::privacy(roster.scheme),
        play.file.title,
        play.file.description.trim(),
    ));

    let place = folder.path();
    let who = ("the client".to_owned(), "client");
    let client = Party::settle(&place.join("client"), who, KeyPair::generate()?, network.roster())?;
    let title = &*play.file.title;
    let model = (title, &model, read.learner.unwrap_or(Learner::Both));
    let clients = [client.key()];
    let mut owner = Owner::open(network, &place.join("owner"), model, (STOCK, &clients)).await?;
    context.output.note("the model's owner serves it; the dealers make material for it");
    owner.stocked(network).await?;
    let met = owner.score(&client, &sheet).await?;
    let terms = owner.terms.clone();
    owner.stop().await;
    report(folder, &terms, met, (&expected, precision))
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

fn report(
    folder: &Folder,
    terms: &ModelTerms,
    met: Met,
    (expected, precision): (&[f64], f64),
) -> Result<Played, Failure> {
    let Met { mut told, client, owner } = met;
    let expected = expected.first().copied().unwrap_or_default();
    // Of a home that is gone at the end nothing is told.
    told.file = None;
    let (mut agree, mut signed_by) = (true, Vec::new());
    if let Outcome::Signed(signed) = &client {
        // Both have the same, and both signatures fit.
        agree = signed.check().is_ok() && owner == client;
        signed_by = vec!["client", "owner"];
        if let Some(kept) = folder.kept() {
            let path = kept.join("score.json");
            write_json(&path, signed)?;
            told.file = Some(path);
        }
    }
    let learnt = client.learnt().or_else(|| owner.learnt());
    if let Some((values, fraction)) = learnt {
        told.score = numbers(values, fraction, Some(&terms.structure));
        (told.values, told.fraction) = (Some(values.to_vec()), Some(fraction));
    }
    let close = learnt.is_some_and(|(values, fraction)| {
        let got = values.first().map(|&value| real(value, fraction));
        got.is_some_and(|got| (got - expected).abs() <= precision)
    });
    Ok(Played {
        session: terms.id(),
        title: told.name.clone(),
        kind: "score",
        phase: "settled",
        security: "active",
        signed_by,
        learner: terms.learner,
        attempts: 1,
        complaints: [],
        told,
        expected,
        precision,
        verified: agree && close,
    })
}
