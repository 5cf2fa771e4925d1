//! A model as people and scripts read it: its layers with their bounds, its precision, and what a score
//! of it takes.

use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::models::Kept;
use crate::cli::output::{Table, bytes, count, strong};
use crate::field::Pair127;
use crate::rules::model::structure::Values;
use crate::rules::model::{Layer, Structure};
use crate::runs::score::{material, traffic};
use crate::session::scoring::Learner;
use crate::sharing::pair::BatchShape;

/// A model, for scripts.
#[derive(Serialize)]
pub struct Told {
    model: String,
    #[serde(flatten)]
    structure: Structure,
    names: Vec<String>,
    learner: Learner,
    /// How far a score is from that with real numbers, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    precision: Option<f64>,
    material: BatchShape,
    rounds: u64,
    bytes_sent: u64,
    #[serde(skip)]
    values: Vec<Values>,
}

impl Told {
    /// Of a model that is kept; how precise it is where its weights were read.
    ///
    /// # Errors
    /// When it cannot be computed.
    pub fn new(kept: &Kept, precision: Option<f64>) -> Result<Self, Failure> {
        let (structure, to) = (&kept.structure, kept.learner.party());
        let cost = traffic(structure, to)?.cost::<Pair127>();
        Ok(Self {
            model: kept.name.clone(),
            structure: structure.clone(),
            names: kept.features.clone(),
            learner: kept.learner,
            precision,
            material: material(structure, to)?,
            rounds: cost.rounds,
            bytes_sent: cost.bytes_sent,
            values: structure.check()?,
        })
    }

    /// Values of the matrix triples.
    fn elements(&self) -> u64 {
        self.material.matrices.iter().map(|shape| shape.values() as u64).sum()
    }

    /// Its line in a list.
    pub fn row(&self) -> [String; 5] {
        let [triples, bits] = [self.material.triples, self.material.bits];
        [
            self.model.clone(),
            self.structure.sizes(),
            count(triples as u64),
            count(bits as u64),
            count(self.elements()),
        ]
    }

    /// All of it.
    pub fn text(&self) -> String {
        let structure = &self.structure;
        let mut text = format!("{} is taken in: {}\n", strong(&self.model), structure.sizes());
        let mut table = Table::new(&[">", "layer", ">values", "none larger than", ">bits"]);
        let sheet = format!("2^{}", structure.largest_feature);
        let row = |at: usize, name: &str, bound: String, values: &Values| {
            [
                at.to_string(),
                name.to_owned(),
                count(values.count as u64),
                bound,
                values.bits.to_string(),
            ]
        };
        if let Some(first) = self.values.first() {
            table.row(row(0, "sheet", sheet, first));
        }
        for (at, (layer, values)) in structure.layers.iter().zip(&self.values[1..]).enumerate() {
            let (name, bound) = match layer {
                Layer::Dense { largest, .. } => ("dense", format!("2^{largest}")),
                Layer::Rectify => ("rectify", "the layer before".to_owned()),
                Layer::Sigmoid => ("sigmoid", "1".to_owned()),
                Layer::Largest => ("largest", "a place".to_owned()),
            };
            table.row(row(at + 1, name, bound, values));
        }
        let _ = write!(text, "{table}");
        if let Some(precision) = self.precision {
            let what = if structure.layers.last() == Some(&Layer::Largest) {
                "two values closer than twice that may be taken for each other"
            } else {
                "from a score with real numbers, at most"
            };
            let _ = writeln!(text, "precision   {precision:.2e} {what}");
        }
        let learner = match self.learner {
            Learner::Both => "both parties, who sign it",
            Learner::Client => "whose sheet it is, alone",
            Learner::Owner => "whose model it is, alone",
        };
        let _ = writeln!(text, "learns it   {learner}");
        let material = &self.material;
        let _ = writeln!(
            text,
            "material    {} triples, {} bits, {} masks, {} elements of matrices",
            count(material.triples as u64),
            count(material.bits as u64),
            count(material.masks as u64),
            count(self.elements()),
        );
        let (rounds, sent) = (count(self.rounds), bytes(self.bytes_sent));
        let _ =
            writeln!(text, "a score     {rounds} rounds, {sent} sent by the party that sends more");
        text
    }
}
