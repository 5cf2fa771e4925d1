//! Variables that stay at the nodes, as operators look at them: what is known of each, and which nodes
//! have a share. Values and shares are nowhere here.

use crate::base::Timestamp;
use crate::base::text::{Clean, clean};
use crate::rules::job::{Prime, Version};
use crate::session::SessionId;
use crate::sharing::NodeSet;
use crate::wire::variable::VariableLine;

/// A variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// Its name.
    pub name: Clean,
    /// The same as the servers know it.
    pub raw: String,
    /// What it is shared over.
    pub field: Prime,
    /// Between which numbers it lies.
    pub range: Clean,
    /// Who knows it.
    pub known_to: Clean,
    /// How often it was shared anew.
    pub generation: u32,
    /// Which one it is.
    pub version: Version,
    /// The session whose job made it.
    pub session: SessionId,
    /// The step that did.
    pub step: Clean,
    /// When.
    pub made: Timestamp,
    /// When it was shared last.
    pub refreshed: Timestamp,
    /// The nodes that say that they have a share of it.
    pub holders: NodeSet,
}

impl Held {
    /// Of what servers tell.
    pub fn new(line: &VariableLine, holders: NodeSet) -> Self {
        let variable = &line.variable;
        Self {
            name: clean(&variable.name),
            raw: variable.name.clone(),
            field: variable.field,
            range: clean(&variable.range.to_string()),
            known_to: clean(&variable.known_to()),
            generation: variable.generation,
            version: line.version,
            session: line.session,
            step: clean(&line.step),
            made: line.made,
            refreshed: line.refreshed,
            holders,
        }
    }
}

/// All of them, as they are looked at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shelf {
    /// What is known of them, in the order of their names; none before an answer has come.
    pub known: Option<Vec<Held>>,
    /// Nodes that did not tell what they have.
    pub unheard: NodeSet,
    /// Why nothing newer has come.
    pub trouble: Option<Clean>,
    /// The selected row.
    pub row: usize,
    /// Whether an answer is on its way.
    pub asking: bool,
    /// When they were last asked for.
    pub asked: Option<Timestamp>,
}

impl Shelf {
    /// The rows.
    pub fn rows(&self) -> &[Held] {
        self.known.as_deref().unwrap_or_default()
    }

    /// The selected one.
    pub fn selected(&self) -> Option<&Held> {
        self.rows().get(self.row.min(self.rows().len().saturating_sub(1)))
    }
}
