//! Models and the material that dealers make for them, as operators look at them: how each stock stands,
//! the batches of one model, and the batch that is being made. Nothing of the material is here.

use crate::base::Timestamp;
use crate::base::text::{Clean, clean};
use crate::identity::Digest;
use crate::rules::scoring::MAX_FRACTION;
use crate::session::dealing::BookState;
use crate::session::scoring::{BatchId, Learner};
use crate::sharing::NodeSet;
use crate::sharing::pair::BatchShape;
use crate::wire::dealer_api::{BatchLine, BatchLines, DealingLine, ModelLine, StockLine};

/// A model that its owner has announced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Its id.
    pub model: Digest,
    /// What its owner calls it.
    pub name: Clean,
    /// The owner's key.
    pub owner: String,
    /// The roster whose nodes make its material.
    pub roster: Digest,
    /// The sizes of its layers, such as "784-128-10".
    pub sizes: String,
    /// Who learns a score.
    pub learner: Learner,
    /// Whether its scores can count in an auction: one value, that both parties learn and sign.
    pub counts: bool,
    /// What one batch has.
    pub shape: BatchShape,
    /// When it was announced.
    pub announced: Timestamp,
    /// Its batches.
    pub stock: StockLine,
}

impl Offer {
    /// Of what the coordinator tells.
    pub fn new(line: ModelLine) -> Self {
        let terms = line.terms.body;
        let last = terms.structure.check().ok().and_then(|values| values.last().copied());
        let one = last.is_some_and(|last| last.count == 1 && last.fraction <= MAX_FRACTION);
        Self {
            model: line.model,
            name: clean(&terms.name),
            owner: terms.owner.to_string(),
            roster: terms.roster,
            counts: one && terms.learner == Learner::Both,
            sizes: terms.structure.sizes(),
            learner: terms.learner,
            shape: line.shape,
            announced: line.announced,
            stock: line.stock,
        }
    }
}

/// A batch of a model's material.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lot {
    /// Its id.
    pub batch: BatchId,
    /// How far it has come.
    pub state: BookState,
    /// Who made it.
    pub makers: NodeSet,
    /// Those of them who still have their part.
    pub holders: NodeSet,
    /// Those who give it out.
    pub givers: NodeSet,
    /// When its making began.
    pub begun: Timestamp,
    /// The key of the client that it is promised to, or was given to.
    pub client: Option<String>,
    /// How long the promise is good.
    pub until: Option<Timestamp>,
    /// Why it is withdrawn.
    pub reason: Option<Clean>,
}

impl From<BatchLine> for Lot {
    fn from(line: BatchLine) -> Self {
        Self {
            batch: line.batch,
            state: line.state,
            makers: line.makers,
            holders: line.holders,
            givers: line.givers,
            begun: line.begun,
            client: line.client.map(|key| key.to_string()),
            until: line.until,
            reason: line.reason.as_deref().map(clean),
        }
    }
}

/// The batches of one model, as they are looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The model.
    pub model: Digest,
    /// Its latest batches, the latest first; none before an answer has come.
    pub lots: Option<Vec<Lot>>,
    /// Whether there are earlier ones.
    pub more: bool,
    /// The selected row.
    pub row: usize,
}

impl Page {
    /// Of a model, before anything is known.
    pub const fn new(model: Digest) -> Self {
        Self { model, lots: None, more: false, row: 0 }
    }

    /// The rows.
    pub fn rows(&self) -> &[Lot] {
        self.lots.as_deref().unwrap_or_default()
    }

    /// The selected one.
    pub fn selected(&self) -> Option<&Lot> {
        self.rows().get(self.row.min(self.rows().len().saturating_sub(1)))
    }

    /// Take newer batches in; the selected one stays.
    fn take(&mut self, told: BatchLines) {
        let batch = self.selected().map(|lot| lot.batch);
        let lots: Vec<Lot> = told.batches.into_iter().map(Lot::from).collect();
        let last = lots.len().saturating_sub(1);
        // Who looks at the latest goes on to do so.
        let kept = lots.iter().position(|lot| Some(lot.batch) == batch).filter(|_| self.row > 0);
        self.row = kept.unwrap_or(self.row.min(last));
        (self.lots, self.more) = (Some(lots), told.more);
    }
}

/// What the coordinator tells of models.
pub struct Books {
    /// All of them.
    pub models: Vec<ModelLine>,
    /// How the making stands.
    pub dealing: DealingLine,
    /// The batches of the model that is looked at.
    pub batches: Option<(Digest, BatchLines)>,
}

/// All models, as they are looked at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Storeroom {
    /// What is known of them, the first that was announced first; none before an answer has come.
    pub known: Option<Vec<Offer>>,
    /// How the making stands.
    pub dealing: DealingLine,
    /// Why nothing newer has come.
    pub trouble: Option<Clean>,
    /// The selected row.
    pub row: usize,
    /// The batches of a model, while they are looked at.
    pub page: Option<Page>,
    /// Whether an answer is on its way.
    pub asking: bool,
    /// When they were last asked for.
    pub asked: Option<Timestamp>,
}

impl Storeroom {
    /// The rows.
    pub fn rows(&self) -> &[Offer] {
        self.known.as_deref().unwrap_or_default()
    }

    /// The selected model.
    pub fn selected(&self) -> Option<&Offer> {
        self.rows().get(self.row.min(self.rows().len().saturating_sub(1)))
    }

    /// A model of this id.
    pub fn find(&self, model: Digest) -> Option<&Offer> {
        self.rows().iter().find(|offer| offer.model == model)
    }

    /// Take in what the coordinator tells; the selected model stays, whatever comes or goes around it.
    pub fn take(&mut self, books: Books) {
        let model = self.selected().map(|offer| offer.model);
        let known: Vec<Offer> = books.models.into_iter().map(Offer::new).collect();
        let kept = known.iter().position(|offer| Some(offer.model) == model);
        self.row = kept.unwrap_or(self.row.min(known.len().saturating_sub(1)));
        self.known = Some(known);
        self.dealing = books.dealing;
        self.trouble = None;
        if let (Some(page), Some((model, told))) = (&mut self.page, books.batches)
            && page.model == model
        {
            page.take(told);
        }
    }
}
