//! Which protocols a job runs in which order, and what is opened.
//!
//! 1. What was handed in becomes elements, and so do the random numbers that have a bound.
//! 2. Level by level: what takes no rounds; then all products side by side; then all comparisons,
//!    equalities and divisions as one batch; then what the job reveals at this level is opened, after
//!    a check of everything that led to it.
//! 3. What is stored and to be refreshed is dealt anew.
//! 4. What is handed over to another roster is cut into components for its nodes.
//! 5. What stays is put on the shelf, with digests that all nodes agree on, after such a check; and so
//!    is what is for one node or the client alone, and for the nodes of another roster, which is never
//!    opened.
//!
//! Who learns what: all participants what the job reveals to all, and nothing else; besides, which
//! participants have handed in. Adversary: as for products and for opening.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::batch::{Batch, kept, refreshed, told};
use super::convert::{convert, variables};
use super::shelf::Shelf;
use crate::field::Field;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::bits::beside::side_by_side;
use crate::protocol::elements::Arithmetic;
use crate::protocol::elements::compare::Quotient;
use crate::protocol::elements::decide::{Asked, Pairs, decide};
use crate::protocol::elements::keep::keep;
use crate::protocol::elements::multiply::inner_products;
use crate::protocol::elements::open::open;
use crate::protocol::elements::random::random;
use crate::protocol::reshare::{Before, hand_over, pieces, refresh};
use crate::rules::job::graph::Kind;
use crate::rules::job::next::piece_name;
use crate::rules::job::version::Fingerprint;
use crate::rules::job::{Action, Earlier, Graph, Number, Stage};
use crate::runs::reporter::Reporter;
use crate::sharing::stored::Label;
use crate::sharing::{Holding, ShapeError, SharedBits, SharedElements};

/// A job that is being computed.
pub struct Job<'a, F: Field> {
    ctx: &'a BitContext,
    graph: &'a Graph,
    seats: &'a [Option<usize>],
    lacking: Vec<Option<usize>>,
    shelf: &'a Shelf,
    reporter: &'a Reporter<'a>,
    /// Those that are known by now and not forgotten.
    values: Vec<Option<SharedElements<F>>>,
    /// By step.
    revealed: Vec<Option<Number>>,
    /// What is told to some alone, by variable.
    told: BTreeMap<usize, SharedElements<F>>,
}

/// What stays at the nodes, or is for somebody alone.
struct Staying<'a, F: Field> {
    /// Its place among all of which there are digests.
    place: usize,
    /// What it goes by.
    name: Cow<'a, str>,
    /// Where it is for somebody alone, its place among all that is.
    told: Option<usize>,
    value: SharedElements<F>,
}

/// What a job comes to.
#[derive(Default)]
pub struct Done {
    /// What is revealed, in the order of the steps.
    pub revealed: Vec<Option<Number>>,
    /// The digests of what is kept, in the order of the terms, and of what is dealt anew.
    pub kept: Vec<Option<Vec<Fingerprint>>>,
}

impl<'a, F: Arithmetic> Job<'a, F> {
    /// Where each participant's entry is at one of these seats.
    pub fn new(
        ctx: &'a BitContext,
        graph: &'a Graph,
        seats: &'a [Option<usize>],
        shelf: &'a Shelf,
        reporter: &'a Reporter<'a>,
    ) -> Self {
        let handed_in: Vec<bool> = seats.iter().map(Option::is_some).collect();
        Self {
            ctx,
            graph,
            seats,
            lacking: graph.lacking(&handed_in),
            shelf,
            reporter,
            values: vec![None; graph.variables.len()],
            revealed: vec![None; graph.steps.len()],
            told: BTreeMap::new(),
        }
    }

    /// Compute it.
    ///
    /// # Errors
    /// When nodes disagree, or one does not answer.
    pub async fn compute(mut self, fields: &[SharedBits]) -> Result<Done, ProtocolError> {
        self.reporter.stage(Stage::Converting);
        self.load()?;
        self.prepare(fields).await?;
        self.reporter.stage(Stage::Stepping);
        let last = self.graph.steps.iter().map(|step| step.level).max().unwrap_or(0);
        for level in 0..=last {
            let compared = self.level(level).await?;
            self.reporter.level(u32::try_from(level + 1).unwrap_or(u32::MAX), compared);
        }
        let kept = self.keep().await?;
        let steps = self.graph.steps.iter().zip(self.revealed);
        let reveals = steps.filter(|(step, _)| matches!(step.action, Action::Reveal { .. }));
        Ok(Done { revealed: reveals.map(|(_, value)| value).collect(), kept })
    }

    /// What is stored.
    fn load(&mut self) -> Result<(), ShapeError> {
        let base = self.ctx.base();
        // What is shared among others can only be dealt anew.
        let holding = match self.given() {
            None => Some(self.ctx.holding()),
            Some(earlier) => {
                earlier.place(base.me()).map(|place| Holding::of(earlier.scheme(), place))
            }
        };
        for load in &self.graph.loads {
            // What is only forgotten takes no share, and what is dealt anew the others deal; all else
            // was looked for before.
            let share = holding.and_then(|own| Some((self.shelf.loaded(&load.stored)?, own)));
            if let Some((share, holding)) = share {
                self.values[load.variable] = Some(share.element(holding)?);
            }
        }
        Ok(())
    }

    /// The nodes of an earlier roster that are to deal what they hold. What they have handed over is
    /// shared among those of the session already.
    fn given(&self) -> Option<&'a Earlier> {
        self.graph.earlier.as_ref().filter(|earlier| earlier.handed().is_none())
    }

    /// What stays, and what is for some alone.
    async fn keep(&self) -> Result<Vec<Option<Vec<Fingerprint>>>, ProtocolError> {
        let graph = self.graph;
        let before = graph.keeps.len() + graph.refreshes().len();
        let tells = graph.tells().len();
        let mut digests = vec![None; before + tells + graph.pieces()];
        let mut staying: Vec<Staying<'_, F>> = Vec::new();
        for (place, variable) in kept(graph, &self.lacking) {
            let (name, value) =
                (graph.variables[variable].name.as_str().into(), self.value(variable)?.clone());
            staying.push(Staying { place, name, told: None, value });
        }
        staying.extend(self.refresh().await?);
        for (at, tell) in told(graph, &self.lacking) {
            let Some(value) = self.told.get(&tell.variable).cloned() else { continue };
            let name = graph.variables[tell.variable].name.as_str().into();
            staying.push(Staying { place: before + at, name, told: Some(at), value });
        }
        for (at, value) in self.pieces()?.into_iter().enumerate() {
            let (place, name) = (before + tells + at, piece_name(at).into());
            staying.push(Staying { place, name, told: Some(tells + at), value });
        }
        if staying.is_empty() {
            return Ok(digests);
        }
        let session = self.shelf.session;
        let (names, values): (Vec<_>, Vec<_>) = staying
            .into_iter()
            .map(|Staying { place, name, told, value }| ((place, name, told), value))
            .unzip();
        let labels = names.iter().map(|(_, name, _)| Label { session, name });
        let labels: Vec<Label<'_>> = labels.collect();
        let ctx = self.ctx.narrow("keep");
        let keeping = keep(&ctx, &labels, &values);
        let kept = self.reporter.follow(keeping).await?;
        for ((place, name, told), kept) in names.iter().zip(kept) {
            digests[*place] = Some(kept.digests.into_iter().map(Fingerprint).collect());
            match told {
                None => self.shelf.put(name, kept.share),
                Some(at) => self.shelf.tell(*at, kept.share),
            }
        }
        Ok(digests)
    }

    /// What is handed over, cut into components for the nodes of another roster.
    fn pieces(&self) -> Result<Vec<SharedElements<F>>, ProtocolError> {
        let Some(handing) = self.graph.handing() else { return Ok(Vec::new()) };
        let values = self.all(handing.variables)?;
        pieces(&self.ctx.narrow("hand-over"), &values, handing.to.sets().len())
    }

    /// What is dealt anew.
    async fn refresh(&self) -> Result<Vec<Staying<'a, F>>, ProtocolError> {
        let anew = refreshed(self.graph, &self.lacking);
        if anew.is_empty() {
            return Ok(Vec::new());
        }
        let loads = anew.iter().map(|(_, refreshed)| &self.graph.loads[refreshed.load]);
        // A node that lacks one of them gives none: it says so once, of all.
        let own: Option<Vec<&SharedElements<F>>> =
            loads.clone().map(|load| self.values[load.variable].as_ref()).collect();
        let concat = |own: Vec<&SharedElements<F>>| {
            let holding = own.first().map_or(self.ctx.holding(), |first| first.holding());
            SharedElements::concat(holding, own)
        };
        let own = own.map(concat).transpose()?;
        let ctx = self.ctx.base().narrow("refresh");
        let dealing = async {
            match self.given() {
                None => refresh(&ctx, own.as_ref(), anew.len()).await,
                Some(earlier) => {
                    let before = Before { scheme: earlier.scheme(), places: earlier.places() };
                    Box::pin(hand_over(&ctx, before, own.as_ref(), anew.len())).await
                }
            }
        };
        let dealt = self.reporter.follow(dealing).await?;
        let staying = anew.iter().zip(loads).enumerate().map(|(at, (&(place, _), load))| {
            let value = dealt.slice(at..at + 1)?;
            Ok(Staying { place, name: load.stored.as_str().into(), told: None, value })
        });
        staying.collect()
    }

    /// What is handed in, and what is drawn.
    async fn prepare(&mut self, fields: &[SharedBits]) -> Result<(), ProtocolError> {
        let (ctx, graph) = (self.ctx, self.graph);
        let made = variables(graph, &self.lacking);
        if !made.is_empty() {
            let ctx = ctx.narrow("convert");
            let elements = convert(&ctx, graph, self.seats, &made, fields);
            let elements = self.reporter.follow(elements).await?;
            for (made, element) in made.iter().zip(elements) {
                self.values[made.variable] = Some(element);
            }
        }
        let drawn: Vec<usize> = self
            .graph
            .steps
            .iter()
            .zip(&self.lacking)
            .filter_map(|(step, lacking)| match (&step.action, lacking) {
                (Action::Random { variable, bits: None }, None) => Some(*variable),
                _ => None,
            })
            .collect();
        if !drawn.is_empty() {
            let elements = random::<F>(&ctx.narrow("random"), drawn.len())?;
            for (at, &variable) in drawn.iter().enumerate() {
                self.values[variable] = Some(elements.slice(at..at + 1)?);
            }
        }
        Ok(())
    }

    /// One level; how many were compared.
    async fn level(&mut self, level: usize) -> Result<usize, ProtocolError> {
        let (graph, ctx) = (self.graph, self.ctx.narrow(format!("level-{level}")));
        let lacking = std::mem::take(&mut self.lacking);
        let batch = Batch::of(graph, level, &lacking);
        self.lacking = lacking;
        for action in &batch.local {
            self.local(action)?;
        }
        let products = self.products(&ctx, &batch);
        let reporter = self.reporter;
        for (variable, value) in reporter.follow(products).await? {
            self.values[variable] = Some(value);
        }
        let decided = self.decided(&ctx, &batch);
        for (variable, value) in reporter.follow(decided).await? {
            self.values[variable] = Some(value);
        }
        self.open(&ctx, level, &batch).await?;
        Ok(batch.compared())
    }

    fn value(&self, variable: usize) -> Result<&SharedElements<F>, ShapeError> {
        let missing = ShapeError { what: "values of a variable", expected: 1, got: 0 };
        self.values[variable].as_ref().ok_or(missing)
    }

    /// A step that takes no rounds.
    fn local(&mut self, action: &Action) -> Result<(), ProtocolError> {
        let holding = self.ctx.holding();
        match action {
            Action::Known { variable, value } => {
                let value = SharedElements::from_public(holding, &[value.element()]);
                self.values[*variable] = Some(value);
            }
            Action::Linear { variable, terms, constant } => {
                let mut sum = SharedElements::from_public(holding, &[constant.element()]);
                for (term, factor) in terms {
                    let mut multiple = self.value(*term)?.clone();
                    multiple.scale(factor.element());
                    sum.add(&multiple)?;
                }
                self.values[*variable] = Some(sum);
            }
            Action::Tell { variable, .. } => {
                // It may be forgotten before the end.
                let value = self.value(*variable)?.clone();
                self.told.insert(*variable, value);
            }
            Action::Forget { variable } => self.values[*variable] = None,
            _ => {}
        }
        Ok(())
    }

    /// Some variables, one after the other.
    fn all(
        &self,
        variables: impl IntoIterator<Item = usize>,
    ) -> Result<SharedElements<F>, ShapeError> {
        let values = variables.into_iter().map(|variable| self.value(variable));
        let values: Vec<&SharedElements<F>> = values.collect::<Result<_, _>>()?;
        SharedElements::concat(self.ctx.holding(), values)
    }

    /// The factors of products of a sort.
    fn factors(
        &self,
        actions: &[&Action],
    ) -> Result<(SharedElements<F>, SharedElements<F>), ShapeError> {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for action in actions {
            match action {
                Action::Product { x: one, y: other, .. } => {
                    x.push(self.value(*one)?.clone());
                    y.push(self.value(*other)?.clone());
                }
                Action::Select { condition, x: one, y: other, .. } => {
                    let mut difference = self.value(*one)?.clone();
                    difference.sub(self.value(*other)?)?;
                    x.push(self.value(*condition)?.clone());
                    y.push(difference);
                }
                Action::Inner { pairs, .. } => {
                    x.push(self.all(pairs.iter().map(|pair| pair.0))?);
                    y.push(self.all(pairs.iter().map(|pair| pair.1))?);
                }
                _ => {}
            }
        }
        let holding = self.ctx.holding();
        Ok((SharedElements::concat(holding, &x)?, SharedElements::concat(holding, &y)?))
    }

    /// All products of a level, side by side.
    async fn products(
        &self,
        ctx: &BitContext,
        batch: &Batch<'_>,
    ) -> Result<Vec<(usize, SharedElements<F>)>, ProtocolError> {
        let mut pieces = Vec::new();
        for (&size, actions) in &batch.products {
            let (x, y) = self.factors(actions)?;
            pieces.push(
                move |ctx: BitContext| async move { inner_products(&ctx, size, &x, &y).await },
            );
        }
        if pieces.is_empty() {
            return Ok(Vec::new());
        }
        let products = side_by_side(&ctx.narrow("products"), pieces).await?;
        let mut made = Vec::new();
        for (actions, products) in batch.products.values().zip(products) {
            for (at, action) in actions.iter().enumerate() {
                let mut product = products.slice(at..at + 1)?;
                if let Action::Select { y, .. } = action {
                    product.add(self.value(*y)?)?;
                }
                made.extend(action.makes().into_iter().flatten().map(|at| (at, product.clone())));
            }
        }
        Ok(made)
    }

    fn pairs(&self, actions: &[&Action]) -> Result<Pairs<F>, ShapeError> {
        let operands = actions.iter().filter_map(|action| match action {
            Action::Less { x, y, .. }
            | Action::Equal { x, y, .. }
            | Action::Divide { x, y, .. } => Some((*x, *y)),
            _ => None,
        });
        let x = self.all(operands.clone().map(|(x, _)| x))?;
        Ok(Pairs { x, y: self.all(operands.map(|(_, y)| y))? })
    }

    /// All comparisons, equalities and divisions of a level.
    async fn decided(
        &self,
        ctx: &BitContext,
        batch: &Batch<'_>,
    ) -> Result<Vec<(usize, SharedElements<F>)>, ProtocolError> {
        let counts = batch.counts();
        if counts.less + counts.equal + counts.quotients == 0 {
            return Ok(Vec::new());
        }
        let asked = Asked {
            width: counts.width,
            less: self.pairs(&batch.less)?,
            equal: self.pairs(&batch.equal)?,
            divided: counts.divided,
            quotients: self.pairs(&batch.quotients)?,
        };
        let decided = decide(&ctx.narrow("decide"), &asked).await?;
        let Quotient { quotient, rest, by_zero } = &decided.quotients;
        let mut made = Vec::new();
        for (actions, results) in [
            (&batch.less, &[&decided.less][..]),
            (&batch.equal, &[&decided.equal]),
            (&batch.quotients, &[quotient, rest, by_zero]),
        ] {
            for (at, action) in actions.iter().enumerate() {
                for (variable, result) in action.makes().into_iter().zip(results) {
                    if let Some(variable) = variable {
                        made.push((variable, result.slice(at..at + 1)?));
                    }
                }
            }
        }
        Ok(made)
    }

    /// What is revealed at a level.
    async fn open(
        &mut self,
        ctx: &BitContext,
        level: usize,
        batch: &Batch<'_>,
    ) -> Result<(), ProtocolError> {
        if !batch.opened.is_empty() {
            let values = self.all(batch.opened.iter().map(|&(_, variable)| variable))?;
            let opened = open(&ctx.narrow("open"), &values).await?;
            for (&(step, _), &value) in batch.opened.iter().zip(opened.iter()) {
                self.revealed[step] = Some(Number::of_element(value));
            }
        }
        for (at, step) in self.graph.steps.iter().enumerate() {
            let done = step.level == level && self.lacking[at].is_none();
            if let (Action::Reveal { variable }, true) = (&step.action, done)
                && let Kind::Public(value) = self.graph.variables[*variable].kind
            {
                self.revealed[at] = Some(value);
            }
        }
        Ok(())
    }
}
