//! What a session tells one node, or its client, alone.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::job::{Receiver, Telling};
use super::operator_key::OperatorKey;
use super::question::Question;
use crate::sharing::NodeIndex;

impl Question {
    /// What an answer tells some alone.
    pub fn tellings<E>(&self, answer: &Answer<E>) -> Vec<Telling> {
        match (self, answer) {
            (Self::Job(question), Answer::Job(answer)) => question.tellings(answer),
            _ => Vec::new(),
        }
    }

    /// The same by who learns it.
    pub fn tellings_by_receiver<E>(&self, answer: &Answer<E>) -> BTreeMap<Receiver, Vec<Telling>> {
        let mut all: BTreeMap<Receiver, Vec<Telling>> = BTreeMap::new();
        for telling in self.tellings(answer) {
            all.entry(telling.to).or_default().push(telling);
        }
        all
    }

    /// The key under which its client alone is told something; none where nothing is for it.
    pub fn client_key(&self) -> Option<&OperatorKey> {
        self.as_job().and_then(|question| question.client_key.as_ref())
    }

    /// Whether anything is for somebody alone, sealed by the nodes.
    pub fn tells(&self) -> bool {
        self.client_key().is_some() || self.told_nodes().next().is_some()
    }

    /// Of these stored variables the first of which its outcome gives anything away by a job's steps. The
    /// price of an auction whose reserve it is, is another matter.
    pub fn gives_away<'a>(&self, stored: &'a [String]) -> Option<&'a str> {
        self.as_job().and_then(|question| question.gives_away(stored))
    }

    /// The nodes that learn something alone.
    pub fn told_nodes(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        self.as_job().into_iter().flat_map(super::job::Question::told_nodes)
    }
}
