//! Bids that nobody has sealed, and the filling of a node's store with very many of them.
//!
//! The first bid of each node goes in by the store's own door. That door takes one bid after the
//! other and syncs them to disk, which for a million takes most of an hour, so the others are
//! written into the same table by a connection of the test's own. The first bid is written a second
//! time so, elsewhere, and must come out the same in every column.

use gavel::base::Timestamp;
use gavel::identity::{Blob, Digest, KeyPair, PublicKey, Signature, Signed, Statement as _};
use gavel::session::envelope::{Envelope, EnvelopeBody, SUITE_BITS_XWING};
use gavel::session::{Announcement, Receipt};
use gavel::sharing::NodeIndex;
use gavel::storage::NodeStore;
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, QueryBuilder, SqliteConnection};

/// Bids in one statement; each has nine values, and SQLite takes 32,766.
const STATEMENT: usize = 2_000;

/// Bids in one transaction.
const TRANSACTION: u32 = 50_000;

const COLUMNS: &str =
    "session, digest, bidder, bidder_key, revision, received, receipt, contents, envelope";

/// The bid of bidder number `at`.
fn envelope(announcement: &Announcement, digest: Digest, at: u32) -> Envelope {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&at.to_be_bytes());
    Envelope {
        body: EnvelopeBody {
            suite: SUITE_BITS_XWING,
            session: announcement.session,
            announcement: digest,
            bidder: format!("bidder {at:07}"),
            key: PublicKey::from_bytes(key),
            revision: 1,
            correction: Blob::default(),
            commitments: Vec::new(),
            parts: Vec::new(),
            score: None,
        },
        admission: any_signature().into(),
        signature: any_signature(),
    }
}

/// A signature that nobody looks at.
fn any_signature() -> Signature {
    static ANY: std::sync::OnceLock<Signature> = std::sync::OnceLock::new();
    *ANY.get_or_init(|| KeyPair::from_secret(&[1; 32]).sign(&Digest([0; 32])))
}

fn receipt(node: NodeIndex, envelope: &Envelope, at: u32) -> Signed<Receipt> {
    Signed {
        body: Receipt {
            session: envelope.body.session,
            node,
            bidder: envelope.body.bidder.clone(),
            key: envelope.body.key,
            revision: 1,
            envelope: envelope.digest(),
            received: Timestamp::from_millis(1_700_000_000_000 + i64::from(at)),
        },
        signature: any_signature(),
    }
}

/// Give a node the bids of so many bidders, with its receipts.
pub async fn fill(store: &NodeStore, node: NodeIndex, announcement: &Announcement, bids: u32) {
    let digest = announcement.digest();
    let bid = |at| {
        let envelope = envelope(announcement, digest, at);
        let receipt = receipt(node, &envelope, at);
        (envelope, receipt)
    };
    let first = bid(0);
    assert!(store.put_envelope(&first.0, &first.1, false).await.unwrap().new);
    let file = store.database().file().unwrap();
    // Nothing of this has to outlive the machine.
    let options = SqliteConnectOptions::new().filename(file).synchronous(SqliteSynchronous::Off);
    let options = options.pragma("cache_size", "-262144");
    let mut connection = options.connect().await.unwrap();
    as_by_the_door(&mut connection, &first).await;
    let mut from = 1;
    while from < bids {
        let to = bids.min(from + TRANSACTION);
        let mut rows: Vec<_> = (from..to).map(bid).collect();
        // In the order of the table's key.
        rows.sort_unstable_by_key(|(_, receipt)| receipt.body.envelope);
        let mut transaction = connection.begin().await.unwrap();
        for rows in rows.chunks(STATEMENT) {
            write(&mut transaction, "node_envelopes", rows).await;
        }
        transaction.commit().await.unwrap();
        from = to;
    }
    sqlx::query("UPDATE node_sessions SET bidders = ?1 WHERE session = ?2")
        .bind(i64::from(bids))
        .bind(announcement.session.0.to_vec())
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// What is in the table of envelopes was put there by the store, and is what [`write`] writes.
async fn as_by_the_door(connection: &mut SqliteConnection, bid: &(Envelope, Signed<Receipt>)) {
    let again = "CREATE TEMP TABLE again AS SELECT * FROM node_envelopes WHERE false";
    sqlx::query(again).execute(&mut *connection).await.unwrap();
    write(connection, "again", std::slice::from_ref(bid)).await;
    let same = "SELECT COUNT(*) FROM (SELECT * FROM node_envelopes INTERSECT SELECT * FROM again)";
    let same: i64 = sqlx::query_scalar(same).fetch_one(connection).await.unwrap();
    assert_eq!(same, 1, "the store writes bids in another way than this test");
}

async fn write(
    connection: &mut SqliteConnection,
    table: &str,
    bids: &[(Envelope, Signed<Receipt>)],
) {
    let begin = format!("INSERT INTO {table} ({COLUMNS}) ");
    let mut statement = QueryBuilder::<sqlx::Sqlite>::new(begin);
    statement.push_values(bids, |mut row, (envelope, receipt)| {
        row.push_bind(envelope.body.session.0.to_vec())
            .push_bind(receipt.body.envelope.0.to_vec())
            .push_bind(envelope.body.bidder.clone())
            .push_bind(envelope.body.key.as_bytes().to_vec())
            .push_bind(i64::from(envelope.body.revision))
            .push_bind(receipt.body.received.millis())
            .push_bind(serde_json::to_string(receipt).unwrap())
            .push_bind(envelope.contents().0.to_vec())
            .push_bind(postcard::to_stdvec(envelope).unwrap());
    });
    statement.build().execute(connection).await.unwrap();
}
