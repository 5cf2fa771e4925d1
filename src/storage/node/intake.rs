//! Envelopes and receipts. Every rule of handing in a bid is checked in the transaction that
//! stores it, and one transaction writes at a time, so two envelopes that race are decided one
//! after the other and freezing draws a sharp line, also across replicas on one server.

use super::super::column::{Columns as _, from_json, json};
use super::super::sql::{Connection, Row, query};
use super::super::{StorageError, database::reading};
pub use super::put_error::PutError;
use super::{NodeStore, SESSIONS};
use crate::base::Timestamp;
use crate::identity::{Digest, PublicKey, Signed};
use crate::session::bundle::{Inventory, InventoryEntry};
use crate::session::envelope::EnvelopeBody;
use crate::session::naming::AdmittedKey;
use crate::session::phase::{Phase, PhaseError, Step};
use crate::session::{Envelope, Receipt, SessionId};
use crate::sharing::NodeIndex;

/// Most envelopes read by one statement.
const BATCH: usize = 256;

/// Most admissions told of under one name. Two prove that it is shared, and however many keys a
/// coordinator admits under it, no node reads them all.
const ADMISSIONS: i64 = 8;

/// An envelope that was taken, or had been before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Put {
    /// The receipt to give: the one offered, or the one given when this envelope first came.
    pub receipt: Signed<Receipt>,
    /// Whether it came for the first time.
    pub new: bool,
    /// Whether this node holds another key's envelope under the same name.
    pub name_shared: bool,
    /// The earlier envelope of the same key that it has replaced here, and that is gone.
    pub superseded: Option<Digest>,
}

impl NodeStore {
    /// Take an envelope whose checks are done. `receipt` is what the node gives for it; it must
    /// not leave the node before this returns. `replacing` is what the terms say.
    ///
    /// The same envelope again gives the receipt of the first time, also after freezing.
    ///
    /// In the commit that takes a later envelope of a key, its earlier one goes: from then on this
    /// node lists the later one, and no other. A node that lists the earlier one holds it itself.
    ///
    /// # Errors
    /// Says why the envelope was not taken.
    pub async fn put_envelope(
        &self,
        envelope: &Envelope,
        receipt: &Signed<Receipt>,
        replacing: bool,
    ) -> Result<Put, PutError> {
        let session = envelope.body.session;
        let digest = envelope.digest();
        let promise = &receipt.body;
        if promise.session != session
            || promise.envelope != digest
            || promise.bidder != envelope.body.bidder
            || promise.key != envelope.body.key
            || promise.revision != envelope.body.revision
        {
            return Err(PutError::Receipt);
        }
        let row = EnvelopeRow::new(envelope, digest)?;
        let receipt_text = json("receipt", receipt)?;
        let receipt = receipt.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let known = latest(connection, &row).await?;
                    let name_shared = known.number::<u32>("others")? > 0;
                    let received = receipt.body.received;
                    if let Some(receipt) = admissible(&known, &row, received, replacing)? {
                        return Ok(Put { receipt, new: false, name_shared, superseded: None });
                    }
                    row.insert(&mut *connection, Some((received, receipt_text))).await?;
                    let superseded = known.maybe_bytes("digest")?.map(Digest);
                    if let Some(earlier) = superseded {
                        forget(connection, session, earlier).await?;
                    } else {
                        let bidders = i64::from(known.number::<u32>("bidders")?) + 1;
                        SESSIONS.set(connection, session, "bidders", bidders).await?;
                    }
                    Ok(Put { receipt, new: true, name_shared, superseded })
                })
            })
            .await
    }

    /// Keep envelopes fetched from other nodes at closing, in one commit; whether each is new here, in
    /// order. They get no receipt and do not enter the inventory.
    ///
    /// # Errors
    /// `Phase` before freezing.
    pub async fn put_fetched(
        &self,
        session: SessionId,
        envelopes: &[Envelope],
    ) -> Result<Vec<bool>, StorageError> {
        let rows: Vec<_> = envelopes
            .iter()
            .map(|envelope| EnvelopeRow::new(envelope, envelope.digest()))
            .collect::<Result<_, _>>()?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let phase = SESSIONS.phase(connection, session).await?;
                    // Before freezing it would stand in the way of the bidder's own delivery.
                    if phase.is_bidding() {
                        return Err(PhaseError { phase, step: Step::ManifestSigned }.into());
                    }
                    let mut fetched = Vec::with_capacity(rows.len());
                    for row in rows {
                        fetched.push(row.insert(connection, None).await?);
                    }
                    Ok(fetched)
                })
            })
            .await
    }

    /// What this node holds: each key's latest revision, by key in ascending order.
    /// Final once the session is frozen.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn inventory(
        &self,
        session: SessionId,
        node: NodeIndex,
    ) -> Result<Inventory, StorageError> {
        let row = self.session(session).await?.ok_or(StorageError::NoSession { session })?;
        // Scores are in the envelopes alone; where none count, nothing is decoded.
        let (columns, entry): (_, ReadsEntry) = if row.announcement.body.terms.scoring().is_some() {
            ("e.envelope, e.received", with_score)
        } else {
            ("e.bidder_key, e.bidder, e.revision, e.contents, e.received", without_score)
        };
        let mut entries = query(format!(
            "SELECT {columns}
             FROM node_envelopes e
             WHERE e.session = $1 AND e.received IS NOT NULL AND NOT EXISTS (
                 SELECT 1 FROM node_envelopes later
                 WHERE later.session = e.session AND later.bidder_key = e.bidder_key
                   AND later.received IS NOT NULL AND later.revision > e.revision)",
        ))
        .bind(session.0.to_vec())
        .fetch_each(self.database.readers(), |row| entry(&row))
        .await?;
        entries.sort_unstable_by_key(|entry| entry.key);
        Ok(Inventory { session, node, entries })
    }

    /// The envelopes that this node has received and gave receipts for, in ascending order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn received(&self, session: SessionId) -> Result<Vec<Digest>, StorageError> {
        query(
            "SELECT digest FROM node_envelopes
             WHERE session = $1 AND received IS NOT NULL ORDER BY digest",
        )
        .bind(session.0.to_vec())
        .fetch_each(self.database.readers(), |row| row.digest("digest"))
        .await
    }

    /// An envelope, received or fetched.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn envelope(
        &self,
        session: SessionId,
        digest: Digest,
    ) -> Result<Option<Envelope>, StorageError> {
        let row = query("SELECT envelope FROM node_envelopes WHERE session = $1 AND digest = $2")
            .bind(session.0.to_vec())
            .bind(digest.0.to_vec())
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
        row.as_ref().map(decode).transpose()
    }

    /// The envelopes with these digests, in this order; `None` where one is not held. Callers with
    /// a long list ask for a part at a time: each envelope takes some kilobytes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn envelopes(
        &self,
        session: SessionId,
        digests: &[Digest],
    ) -> Result<Vec<Option<Envelope>>, StorageError> {
        let mut found = Vec::with_capacity(digests.len());
        for digest in digests {
            found.push(self.envelope(session, *digest).await?);
        }
        Ok(found)
    }

    /// Which of these envelopes the node does not hold, in the same order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn missing(
        &self,
        session: SessionId,
        digests: &[Digest],
    ) -> Result<Vec<Digest>, StorageError> {
        let mut missing = Vec::new();
        for batch in digests.chunks(BATCH) {
            let list: Vec<_> = (2..).take(batch.len()).map(|place| format!("${place}")).collect();
            let text = format!(
                "SELECT digest FROM node_envelopes WHERE session = $1 AND digest IN ({})",
                list.join(", ")
            );
            let statement =
                batch.iter().fold(query(text).bind(session.0.to_vec()), |statement, digest| {
                    statement.bind(digest.0.to_vec())
                });
            let rows = statement.fetch_all(self.database.readers()).await.map_err(reading)?;
            let held = rows
                .iter()
                .map(|row| row.digest("digest"))
                .collect::<Result<std::collections::HashSet<_>, _>>()?;
            missing.extend(batch.iter().filter(|digest| !held.contains(digest)));
        }
        Ok(missing)
    }

    /// The coordinator's admissions of keys under a name, from the envelopes held, by key; not more
    /// than a few.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn admissions(
        &self,
        session: SessionId,
        bidder: &str,
    ) -> Result<Vec<AdmittedKey>, StorageError> {
        let keys = query(
            "SELECT DISTINCT bidder_key FROM node_envelopes WHERE session = $1 AND bidder = $2
             ORDER BY bidder_key LIMIT $3",
        )
        .bind(session.0.to_vec())
        .bind(bidder.to_owned())
        .bind(ADMISSIONS)
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        let mut admissions = Vec::with_capacity(keys.len());
        for row in keys {
            let held = query(
                "SELECT envelope FROM node_envelopes
                 WHERE session = $1 AND bidder = $2 AND bidder_key = $3 LIMIT 1",
            )
            .bind(session.0.to_vec())
            .bind(bidder.to_owned())
            .bind(row.bytes::<32>("bidder_key")?.to_vec())
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
            // What was there a moment ago may have been superseded.
            let Some(row) = held else { continue };
            let Envelope { body, admission: signature, .. } = decode(&row)?;
            admissions.push(AdmittedKey { bidder: body.bidder, key: body.key, signature });
        }
        Ok(admissions)
    }

    /// The receipts given to a key, by revision.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn receipts(
        &self,
        session: SessionId,
        key: PublicKey,
    ) -> Result<Vec<Signed<Receipt>>, StorageError> {
        let rows = query(
            "SELECT receipt FROM node_envelopes
             WHERE session = $1 AND bidder_key = $2 AND received IS NOT NULL ORDER BY revision",
        )
        .bind(session.0.to_vec())
        .bind(key.as_bytes().to_vec())
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        rows.iter().map(|row| row.document("receipt")).collect()
    }
}

/// An envelope as it is stored.
struct EnvelopeRow {
    session: SessionId,
    digest: Digest,
    bidder: String,
    key: [u8; 32],
    revision: u32,
    contents: Digest,
    bytes: Vec<u8>,
}

impl EnvelopeRow {
    fn new(envelope: &Envelope, digest: Digest) -> Result<Self, StorageError> {
        let bytes = postcard::to_stdvec(envelope).map_err(|error| StorageError::Unreadable {
            what: "envelope",
            detail: error.to_string(),
        })?;
        Ok(Self {
            session: envelope.body.session,
            digest,
            bidder: envelope.body.bidder.clone(),
            key: *envelope.body.key.as_bytes(),
            revision: envelope.body.revision,
            contents: envelope.contents(),
            bytes,
        })
    }

    /// Store it, with time and receipt if it came from the bidder. Whether it is new: one that
    /// was fetched before it came in itself stays as it is.
    async fn insert(
        self,
        connection: &mut Connection,
        receipt: Option<(Timestamp, String)>,
    ) -> Result<bool, sqlx::Error> {
        let (received, receipt) = receipt.unzip();
        let done = query(
            "INSERT INTO node_envelopes
             (session, digest, bidder, bidder_key, revision, received, receipt, contents, envelope)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (session, digest) DO NOTHING",
        )
        .bind(self.session.0.to_vec())
        .bind(self.digest.0.to_vec())
        .bind(self.bidder)
        .bind(self.key.to_vec())
        .bind(i64::from(self.revision))
        .bind(received.map(Timestamp::millis))
        .bind(receipt)
        .bind(self.contents.0.to_vec())
        .bind(self.bytes)
        .execute(connection)
        .await?;
        Ok(done.rows_affected() > 0)
    }
}

/// An envelope of a row that has its column.
pub(super) fn decode(row: &Row) -> Result<Envelope, StorageError> {
    postcard::from_bytes(row.try_get::<&[u8], _>("envelope")?)
        .map_err(|error| StorageError::Unreadable { what: "envelope", detail: error.to_string() })
}

/// The session, with the latest received envelope of this one's key if there is one, and whether
/// there are others under the same name.
async fn latest(connection: &mut Connection, row: &EnvelopeRow) -> Result<Row, StorageError> {
    let session = row.session;
    query(
        "SELECT s.phase, s.bids_until, s.bidders, s.max_bids, e.revision, e.digest, e.receipt,
                (SELECT COUNT(*) FROM (
                     SELECT 1 FROM node_envelopes o WHERE o.session = s.session
                       AND o.bidder = $3 AND o.bidder_key <> $2 LIMIT 1) AS other) AS others
         FROM node_sessions s LEFT JOIN node_envelopes e
           ON e.session = s.session AND e.bidder_key = $2 AND e.received IS NOT NULL
         WHERE s.session = $1 ORDER BY e.revision DESC LIMIT 1",
    )
    .bind(session.0.to_vec())
    .bind(row.key.to_vec())
    .bind(row.bidder.clone())
    .fetch_optional(connection)
    .await?
    .ok_or(StorageError::NoSession { session })
}

/// Give up the room of an envelope that a later one of the same key has replaced here.
async fn forget(
    connection: &mut Connection,
    session: SessionId,
    earlier: Digest,
) -> Result<(), sqlx::Error> {
    query("DELETE FROM node_envelopes WHERE session = $1 AND digest = $2")
        .bind(session.0.to_vec())
        .bind(earlier.0.to_vec())
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether an envelope may be stored: the receipt it has already, or none and it may.
fn admissible(
    known: &Row,
    row: &EnvelopeRow,
    received: Timestamp,
    replacing: bool,
) -> Result<Option<Signed<Receipt>>, PutError> {
    let current = match known.maybe_bytes::<32>("digest")? {
        Some(digest) => Some((Digest(digest), known.number::<u32>("revision")?)),
        None => None,
    };
    if let Some((digest, _)) = current
        && digest == row.digest
    {
        return Ok(Some(from_json("receipt", known.try_get("receipt")?)?));
    }
    let phase = known.phase()?;
    if phase != Phase::Open {
        return Err(PutError::NotOpen { phase });
    }
    let until = known.time("bids_until")?;
    if received > until {
        return Err(PutError::Late { until });
    }
    let Some((held, current)) = current else {
        let (bidders, most): (u32, u32) = (known.number("bidders")?, known.number("max_bids")?);
        return if bidders < most { Ok(None) } else { Err(PutError::Full { most }) };
    };
    if row.revision < current {
        Err(PutError::Stale { current })
    } else if row.revision == current {
        Err(PutError::Conflict { revision: current, held })
    } else if !replacing {
        Err(PutError::Fixed { current })
    } else {
        Ok(None)
    }
}

/// Reads a line of the inventory.
type ReadsEntry = fn(&Row) -> Result<InventoryEntry, StorageError>;

/// A line of the inventory, from its columns.
fn without_score(row: &Row) -> Result<InventoryEntry, StorageError> {
    Ok(InventoryEntry {
        key: PublicKey::from_bytes(row.bytes("bidder_key")?),
        bidder: row.try_get("bidder")?,
        revision: row.number("revision")?,
        contents: row.digest("contents")?,
        received: row.time("received")?,
        score: None,
    })
}

/// The same from the envelope itself, which holds the score.
fn with_score(row: &Row) -> Result<InventoryEntry, StorageError> {
    let envelope = decode(row)?;
    let (contents, received) = (envelope.contents(), row.time("received")?);
    let EnvelopeBody { key, bidder, revision, score, .. } = envelope.body;
    Ok(InventoryEntry { key, bidder, revision, contents, received, score })
}
