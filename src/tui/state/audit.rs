//! What a session's record proves, checked here, as rows to look through.

use super::field::Field;
use crate::base::text::Clean;
use crate::session::SessionId;

/// How a row is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// The heading of the rows below it.
    Head,
    /// Checked, and right.
    Good,
    /// Wrong.
    Bad,
    /// Says something that needs no check.
    Plain,
}

/// A row of an audit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditRow {
    /// How it is meant.
    pub mark: Mark,
    /// What it is about.
    pub label: String,
    /// The bidder it is about, who may have to be hidden.
    pub name: Option<Clean>,
    /// What it says.
    pub text: Clean,
    /// What is copied of it, such as a digest in full.
    pub copy: Option<String>,
}

/// How far an audit is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuditStage {
    /// The record is fetched and checked.
    Checking,
    /// Why it could not be had.
    Failed(Clean),
    /// What it says.
    Done(Vec<AuditRow>),
}

/// A record that is looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Audit {
    /// The session.
    pub session: SessionId,
    /// How far it is.
    pub stage: AuditStage,
    /// The selected row.
    pub row: usize,
}

impl Audit {
    /// Its rows.
    pub fn rows(&self) -> &[AuditRow] {
        match &self.stage {
            AuditStage::Done(rows) => rows,
            AuditStage::Checking | AuditStage::Failed(_) => &[],
        }
    }
}

/// The form that asks where to write something.
pub struct PathForm {
    /// The session.
    pub session: SessionId,
    /// The path as typed.
    pub path: Field,
    /// Whether it is being written.
    pub writing: bool,
    /// Why it was not written.
    pub notice: Option<String>,
}
