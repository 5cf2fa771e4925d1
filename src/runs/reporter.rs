//! Tells how far a run has come. Knows no kind: what is to come is predicted by who runs it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Mutex;

use super::cost::Predicted;
use crate::base::lock;
use crate::protocol::Context;
use crate::rules::Stage;
use crate::session::progress::Progress;

/// Tells how far a run has come.
pub struct Reporter<'a> {
    ctx: &'a Context,
    tell: &'a (dyn Fn(Progress) + Send + Sync),
    state: Mutex<Progress>,
}

impl<'a> Reporter<'a> {
    /// For a run at this context, telling it so.
    pub fn new(ctx: &'a Context, tell: &'a (dyn Fn(Progress) + Send + Sync)) -> Self {
        Self { ctx, tell, state: Mutex::default() }
    }

    /// What the run is predicted to be, as far as that is known by now.
    pub fn expect(&self, predicted: &Predicted) {
        self.update(|state| {
            state.levels = predicted.levels;
            state.entries.clone_from(&predicted.entries);
            state.comparisons_total = predicted.comparisons;
            state.rounds_total = predicted.rounds;
        });
    }

    /// The run has come to a stage.
    pub fn stage(&self, stage: impl Into<Stage>) {
        let stage = stage.into();
        (self.tell)(self.update(|state| state.stage = stage));
    }

    /// So many more comparisons are done.
    pub fn compared(&self, comparisons: usize) {
        self.update(|state| state.comparisons += comparisons as u64);
    }

    /// A level is done, with so many comparisons.
    pub fn level(&self, level: u32, comparisons: usize) {
        (self.tell)(self.update(|state| {
            state.level = level;
            state.comparisons += comparisons as u64;
        }));
    }

    /// Work that takes long, within its levels too: it is told of as its rounds pass, some fifty
    /// times in a run.
    pub async fn follow<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut told = self.ctx.counters().rounds;
        poll_fn(|waker| {
            let polled = work.as_mut().poll(waker);
            let rounds = self.ctx.counters().rounds;
            if rounds > told + lock(&self.state).rounds_total / 50 {
                told = rounds;
                (self.tell)(self.update(|_| {}));
            }
            polled
        })
        .await
    }

    /// The answer is known.
    pub fn done(&self) {
        self.stage(Stage::Done);
    }

    fn update(&self, change: impl FnOnce(&mut Progress)) -> Progress {
        let mut state = lock(&self.state);
        change(&mut state);
        let counters = self.ctx.counters();
        state.rounds = counters.rounds;
        state.gates = counters.gates;
        state.bytes_sent = counters.bytes_sent;
        state.clone()
    }
}
