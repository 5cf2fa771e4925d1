//! What both stores do with a session's signed documents and its phase.
//!
//! Of each kind a session has at most one document, ever. The first one stays. The same one again
//! adds signatures where its kind has several, another one is refused. A kind is a type, and says
//! itself in which column it is kept; a store says in which table.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StorageError;
use super::column::{Columns as _, json};
use super::database::reading;
use super::error::DocumentKind;
use super::sql::{Connection, Row, Source, Value, query};
use crate::identity::{Digest, Signed, Statement};
use crate::session::bundle::Bundle;
use crate::session::manifest::CoSigned;
use crate::session::phase::{Phase, Step};
use crate::session::{Announcement, Manifest, Outcome, SessionId};

/// One of a session's documents.
pub(super) trait Document: Sized + Send {
    /// What it is about.
    const KIND: DocumentKind;
    /// The column that it is kept in.
    const COLUMN: &'static str;

    /// What makes it this one and no other. Signatures are no part of that.
    fn digest(&self) -> Digest;

    /// As it is stored.
    fn value(&self) -> Result<Value, StorageError>;

    /// As it was stored, in a row that has its column.
    fn read(row: &Row) -> Result<Option<Self>, StorageError>;

    /// Take over what the same document offered again has and this one lacks. Whether that was
    /// anything.
    fn add(&mut self, _offered: Self) -> bool {
        false
    }
}

/// The same for all that is kept as JSON.
macro_rules! as_json {
    () => {
        fn value(&self) -> Result<Value, StorageError> {
            json(Self::COLUMN, self).map(Value::from)
        }

        fn read(row: &Row) -> Result<Option<Self>, StorageError> {
            row.maybe_document(Self::COLUMN)
        }
    };
}

impl Document for Signed<Announcement> {
    const KIND: DocumentKind = DocumentKind::Announcement;
    const COLUMN: &'static str = "announcement";
    as_json!();

    fn digest(&self) -> Digest {
        self.body.digest()
    }
}

/// What grows with a session's entries is kept in binary.
impl Document for Bundle {
    const KIND: DocumentKind = DocumentKind::Bundle;
    const COLUMN: &'static str = "bundle_paper";

    fn value(&self) -> Result<Value, StorageError> {
        to_binary(Self::COLUMN, self)
    }

    fn read(row: &Row) -> Result<Option<Self>, StorageError> {
        from_binary(Self::COLUMN, row)
    }

    fn digest(&self) -> Digest {
        Statement::digest(self)
    }
}

/// A bundle by its digest, which is all that binds a node.
pub(super) struct BoundBundle(pub(super) Digest);

impl Document for BoundBundle {
    const KIND: DocumentKind = DocumentKind::Bundle;
    const COLUMN: &'static str = "bundle";

    fn digest(&self) -> Digest {
        self.0
    }

    fn value(&self) -> Result<Value, StorageError> {
        Ok(self.0.0.to_vec().into())
    }

    fn read(row: &Row) -> Result<Option<Self>, StorageError> {
        Ok(row.maybe_bytes(Self::COLUMN)?.map(|bytes| Self(Digest(bytes))))
    }
}

/// The outcome that a node computed itself.
impl Document for Signed<Outcome> {
    const KIND: DocumentKind = DocumentKind::Outcome;
    const COLUMN: &'static str = "own_outcome";
    as_json!();

    fn digest(&self) -> Digest {
        self.body.digest()
    }
}

/// A statement that several nodes sign, of which a session has one.
pub(super) trait Joint: Statement + Serialize + DeserializeOwned + Send {
    const KIND: DocumentKind;
    const COLUMN: &'static str;
    /// Whether it grows with a session's entries, and is kept in binary.
    const GROWS: bool;
}

impl Joint for Manifest {
    const KIND: DocumentKind = DocumentKind::Manifest;
    const COLUMN: &'static str = "manifest_paper";
    const GROWS: bool = true;
}

impl Joint for Outcome {
    const KIND: DocumentKind = DocumentKind::Outcome;
    const COLUMN: &'static str = "outcome";
    const GROWS: bool = false;
}

pub(super) fn to_binary<T: Serialize>(
    column: &'static str,
    paper: &T,
) -> Result<Value, StorageError> {
    let unreadable = |detail| StorageError::Unreadable { what: column, detail };
    let bytes = postcard::to_stdvec(paper).map_err(|error| unreadable(error.to_string()))?;
    Ok(bytes.into())
}

pub(super) fn from_binary<T: DeserializeOwned>(
    column: &'static str,
    row: &Row,
) -> Result<Option<T>, StorageError> {
    let unreadable = |detail| StorageError::Unreadable { what: column, detail };
    let Some(bytes) = row.try_get::<Option<&[u8]>, _>(column)? else { return Ok(None) };
    postcard::from_bytes(bytes).map(Some).map_err(|error| unreadable(error.to_string()))
}

impl<T: Joint> Document for CoSigned<T> {
    const KIND: DocumentKind = T::KIND;
    const COLUMN: &'static str = T::COLUMN;

    fn value(&self) -> Result<Value, StorageError> {
        if T::GROWS {
            return to_binary(T::COLUMN, self);
        }
        json(T::COLUMN, self).map(Value::from)
    }

    fn read(row: &Row) -> Result<Option<Self>, StorageError> {
        if T::GROWS { from_binary(T::COLUMN, row) } else { row.maybe_document(T::COLUMN) }
    }

    fn digest(&self) -> Digest {
        self.body.digest()
    }

    fn add(&mut self, offered: Self) -> bool {
        let held = self.signatures.len();
        for (node, signature) in offered.signatures {
            self.signatures.entry(node).or_insert(signature);
        }
        self.signatures.len() > held
    }
}

/// A store's table of sessions.
#[derive(Clone, Copy)]
pub(super) enum Sessions {
    /// The node's.
    Node,
    /// The coordinator's.
    Coordinator,
}

impl Sessions {
    const fn table(self) -> &'static str {
        match self {
            Self::Node => "node_sessions",
            Self::Coordinator => "coordinator_sessions",
        }
    }

    /// Some columns of a session's row.
    pub(super) async fn row<'a>(
        self,
        source: impl Into<Source<'a>>,
        session: SessionId,
        columns: &'static str,
    ) -> Result<Row, StorageError> {
        query(format!("SELECT {columns} FROM {} WHERE session = $1", self.table()))
            .bind(session.0.to_vec())
            .fetch_optional(source)
            .await
            .map_err(reading)?
            .ok_or(StorageError::NoSession { session })
    }

    /// Where a session stands.
    pub(super) async fn phase(
        self,
        connection: &mut Connection,
        session: SessionId,
    ) -> Result<Phase, StorageError> {
        self.row(connection, session, "phase").await?.phase()
    }

    /// A document of a session, if it is there.
    pub(super) async fn load<'a, D: Document>(
        self,
        source: impl Into<Source<'a>>,
        session: SessionId,
    ) -> Result<Option<D>, StorageError> {
        D::read(&self.row(source, session, D::COLUMN).await?)
    }

    /// Keep a document of a session. Whether it is the first of its kind: for that one the caller
    /// checks, in the same transaction, that the session's phase allows it.
    pub(super) async fn put<D: Document>(
        self,
        connection: &mut Connection,
        session: SessionId,
        document: D,
    ) -> Result<bool, StorageError> {
        let held = self.load::<D>(&mut *connection, session).await?;
        let first = held.is_none();
        let kept = match held {
            None => document,
            Some(mut held) => {
                same::<D>(session, held.digest(), document.digest())?;
                if !held.add(document) {
                    return Ok(false);
                }
                held
            }
        };
        self.set(connection, session, D::COLUMN, kept.value()?).await?;
        Ok(first)
    }

    /// Take a step and keep the phase after it, with its reason if one is due.
    pub(super) async fn step(
        self,
        connection: &mut Connection,
        session: SessionId,
        step: Step,
        reason: Option<String>,
    ) -> Result<Phase, StorageError> {
        let phase = self.phase(connection, session).await?.after(step)?;
        self.set(connection, session, "phase", phase.name()).await?;
        self.set(connection, session, "reason", reason).await?;
        Ok(phase)
    }

    /// Set a column of a session's row.
    pub(super) async fn set(
        self,
        connection: &mut Connection,
        session: SessionId,
        column: &'static str,
        value: impl Into<Value>,
    ) -> Result<(), StorageError> {
        query(format!("UPDATE {} SET {column} = $1 WHERE session = $2", self.table()))
            .bind(value)
            .bind(session.0.to_vec())
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Refuse a document that differs from the one that is kept.
pub(super) fn same<D: Document>(
    session: SessionId,
    existing: Digest,
    offered: Digest,
) -> Result<(), StorageError> {
    if existing == offered {
        Ok(())
    } else {
        Err(StorageError::Conflict { session, what: D::KIND, existing, offered })
    }
}
