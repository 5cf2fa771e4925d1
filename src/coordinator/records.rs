//! The records that people download.
//!
//! A record of many bids is large, and anybody may ask for it. So one is put together at a time,
//! and all who take the record of the same settled session share its bytes, which are gone when the
//! last of them has it.

use std::sync::{Arc, Weak};

use axum::body::Bytes;
use tokio::sync::{Mutex, MutexGuard};

use crate::session::SessionId;

/// The record that was asked for last.
#[derive(Default)]
pub struct Records(Mutex<Last>);

/// The bytes of a settled session's record, as long as somebody takes them.
#[derive(Default)]
pub struct Last(Option<(SessionId, Weak<Vec<u8>>)>);

/// Bytes that are shared.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Records {
    /// Waits for one's turn to put a record together.
    pub async fn turn(&self) -> MutexGuard<'_, Last> {
        self.0.lock().await
    }
}

impl Last {
    /// The record of a session, if somebody is taking it.
    pub fn of(&self, session: SessionId) -> Option<Bytes> {
        let (last, bytes) = self.0.as_ref()?;
        let bytes = bytes.upgrade().filter(|_| *last == session)?;
        Some(Bytes::from_owner(Shared(bytes)))
    }

    /// A record that has been put together; `settled` says that it will not change.
    pub fn keep(&mut self, session: SessionId, settled: bool, record: Vec<u8>) -> Bytes {
        let record = Arc::new(record);
        if settled {
            self.0 = Some((session, Arc::downgrade(&record)));
        }
        Bytes::from_owner(Shared(record))
    }
}

#[cfg(test)]
mod tests {
    use crate::coordinator::records::*;

    #[tokio::test]
    async fn those_who_take_one_record_share_its_bytes_until_the_last_has_it() {
        let (records, one, two) = (Records::default(), SessionId([1; 16]), SessionId([2; 16]));
        let first = records.turn().await.keep(one, true, b"a record".to_vec());
        let second = records.turn().await.of(one).unwrap();
        assert_eq!((second.as_ptr(), &second[..]), (first.as_ptr(), &b"a record"[..]));
        assert_eq!(records.turn().await.of(two), None);
        let open = records.turn().await.keep(two, false, b"not the last word".to_vec());
        assert_eq!(records.turn().await.of(two), None);
        drop((first, second, open));
        assert_eq!(records.turn().await.of(one), None);
    }
}
