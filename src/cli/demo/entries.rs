//! What a demo of a market, a survey, a job or a scored auction knows besides: all entries, and what reads what each
//! participant alone is told. So it can list everyone's quantity and check the outcome in plain.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::cli::market::Cleared;
use crate::client::state::SentBid;
use crate::identity::KeyPair;
use crate::rules::job::{self, Action};
use crate::rules::market::{self, Quantity};
use crate::rules::{Answer, Question, Terms, auction, survey};
use crate::session::Manifest;
use crate::session::outcome::Entrant;

/// The entries of all participants; of an auction, those that come with a score.
#[derive(Default)]
pub struct Entries {
    /// The fields of each participant's entry, by name.
    fields: HashMap<String, Zeroizing<Vec<u64>>>,
    /// The positions of the cohorts that the operator assigned, by name.
    cohorts: HashMap<String, u8>,
    /// What was handed in by whom, where the answer tells participants something alone.
    sent: Vec<(KeyPair, SentBid)>,
}

impl Entries {
    /// Entries by participants' names, each as the fields of an entry.
    pub fn of(entries: impl IntoIterator<Item = (String, Zeroizing<Vec<u64>>)>) -> Self {
        Self { fields: entries.into_iter().collect(), ..Self::default() }
    }

    /// The same with the cohorts that the operator assigned, by participants' names.
    #[must_use]
    pub fn with_cohorts(mut self, cohorts: impl IntoIterator<Item = (String, u8)>) -> Self {
        self.cohorts = cohorts.into_iter().collect();
        self
    }

    /// Keep what reads the answer for one of them.
    pub fn keep(&mut self, keys: KeyPair, bid: SentBid) {
        if bid.mask.is_some() {
            self.sent.push((keys, bid));
        }
    }

    /// How much each trades in a market, by name; none where nobody told.
    pub fn quantities(&self, terms: &Terms, answer: &Answer<Entrant>) -> Option<Value> {
        let cleared = Cleared::of(terms, answer)?;
        let told: HashMap<_, _> = self
            .sent
            .iter()
            .map(|(keys, bid)| (bid.envelope.body.bidder.as_str(), bid.told(answer, keys)))
            .collect();
        let quantity = |name: &String| {
            let told = told.get(name.as_str()).copied().flatten();
            let own = cleared.own(told, |entrant| entrant.bidder == *name)?;
            Some((name.clone(), json!(own)))
        };
        let quantities: Map<String, Value> = self.fields.keys().filter_map(quantity).collect();
        Some(Value::Object(quantities))
    }

    /// Whether a job came to what plain arithmetic says; none where somebody handed in nothing, or
    /// where what is revealed may depend on what nobody knows.
    fn is_right_job(
        &self,
        question: &job::Question,
        answer: &job::Answer<Entrant>,
    ) -> Option<bool> {
        let graph = question.graph().ok()?;
        let unknown = |step: &job::graph::Planned| {
            matches!(step.action, Action::Random { .. } | Action::Load { .. })
        };
        if graph.steps.iter().any(unknown) || answer.participants.iter().any(Option::is_none) {
            return None;
        }
        let entries = graph.participants.iter().map(|name| self.fields.get(name));
        let entries = entries.collect::<Option<Vec<_>>>()?;
        let entries: Vec<&[u64]> = entries.iter().map(|fields| fields.as_slice()).collect();
        Some(job::reference::answer(question, &entries).revealed == answer.revealed)
    }

    /// Whether the outcome is what plain arithmetic says of the entries in the manifest; none where
    /// one of them is not known here.
    pub fn is_right(
        &self,
        terms: &Terms,
        manifest: &Manifest,
        answer: &Answer<Entrant>,
    ) -> Option<bool> {
        if let (Question::Job(question), Answer::Job(answer)) = (&terms.question, answer) {
            return self.is_right_job(question, answer);
        }
        let entries = manifest.entries.iter().map(|entry| self.fields.get(&entry.bidder));
        let entries = entries.collect::<Option<Vec<_>>>()?;
        let entries: Vec<&[u64]> = entries.iter().map(|fields| fields.as_slice()).collect();
        if let (Question::Survey(question), Answer::Survey(answer)) = (&terms.question, answer) {
            let cohort = |name: &String| self.cohorts.get(name).copied();
            let cohorts = manifest.entries.iter().filter_map(|entry| cohort(&entry.bidder));
            let cohorts: Vec<u8> = cohorts.collect();
            return Some(*answer == survey::reference::answer_of(question, &entries, &cohorts));
        }
        if let (Question::Auction(question), Answer::Auction(answer)) = (&terms.question, answer) {
            question.scored.as_ref()?;
            let bids = entries.iter().map(|fields| fields.first().copied());
            let bids = Zeroizing::new(bids.collect::<Option<Vec<u64>>>()?);
            let expected = auction::reference::weighed(question, &bids, &manifest.handicaps(terms));
            let expected = expected.winners.iter().map(|sale| {
                let won = &manifest.entries[sale.entry];
                (won.bidder.as_str(), won.envelope, sale.price)
            });
            let told = answer.winners.iter();
            let told = told.map(|sale| (&*sale.entry.bidder, sale.entry.envelope, sale.price));
            return Some(expected.eq(told));
        }
        let (Question::Market(question), Answer::Market(answer)) = (&terms.question, answer) else {
            return None;
        };
        let expected = market::reference::answer(question, &entries);
        let told: HashMap<_, _> =
            self.sent.iter().map(|(keys, bid)| (bid.digest, (keys, bid))).collect();
        let whole = Answer::Market(answer.clone());
        let quantity = |trade: &market::Trade<Entrant>| match trade.quantity {
            Quantity::Open(quantity) => Some(Quantity::Open(quantity)),
            Quantity::Sealed(_) => {
                let (keys, bid) = told.get(&trade.entry.envelope)?;
                Some(Quantity::Open(Quantity::unsealed(bid.told(&whole, keys)?, question)))
            }
        };
        let quantities = answer.trades.iter().map(quantity).collect::<Option<Vec<_>>>()?;
        let same = quantities.iter().eq(expected.trades.iter().map(|trade| &trade.quantity));
        Some(same && answer.clearing == expected.clearing)
    }
}
