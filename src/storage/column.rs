//! How types are stored in columns and read back.

use std::str::FromStr;

use serde::{Serialize, de::DeserializeOwned};

use super::{StorageError, sql::Row};
use crate::base::Timestamp;
use crate::identity::Digest;
use crate::session::{Phase, SessionId};

fn unreadable(what: &'static str, detail: &dyn std::fmt::Display) -> StorageError {
    StorageError::Unreadable { what, detail: detail.to_string() }
}

/// A document as it is stored.
pub(super) fn json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|error| unreadable(what, &error))
}

/// A document as it was stored.
pub(super) fn from_json<T: DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StorageError> {
    serde_json::from_str(text).map_err(|error| unreadable(what, &error))
}

/// Reading columns by name.
pub(super) trait Columns {
    /// A document.
    fn document<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StorageError>;
    /// A document that may be absent.
    fn maybe_document<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StorageError>;
    /// A fixed number of bytes.
    fn bytes<const N: usize>(&self, column: &'static str) -> Result<[u8; N], StorageError>;
    /// A fixed number of bytes that may be absent.
    fn maybe_bytes<const N: usize>(
        &self,
        column: &'static str,
    ) -> Result<Option<[u8; N]>, StorageError>;
    /// A time.
    fn time(&self, column: &'static str) -> Result<Timestamp, StorageError>;
    /// A time that may be absent.
    fn maybe_time(&self, column: &'static str) -> Result<Option<Timestamp>, StorageError>;
    /// A number that is not negative.
    fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StorageError>;
    /// The phase of a session.
    fn phase(&self) -> Result<Phase, StorageError>;
    /// The session's id.
    fn session(&self) -> Result<SessionId, StorageError> {
        self.bytes("session").map(SessionId)
    }
    /// A digest.
    fn digest(&self, column: &'static str) -> Result<Digest, StorageError> {
        self.bytes(column).map(Digest)
    }
}

impl Columns for Row {
    fn document<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StorageError> {
        from_json(column, self.try_get::<&str, _>(column)?)
    }

    fn maybe_document<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StorageError> {
        self.try_get::<Option<&str>, _>(column)?.map(|text| from_json(column, text)).transpose()
    }

    fn bytes<const N: usize>(&self, column: &'static str) -> Result<[u8; N], StorageError> {
        self.maybe_bytes(column)?.ok_or_else(|| unreadable(column, &"it is absent"))
    }

    fn maybe_bytes<const N: usize>(
        &self,
        column: &'static str,
    ) -> Result<Option<[u8; N]>, StorageError> {
        self.try_get::<Option<&[u8]>, _>(column)?
            .map(|bytes| bytes.try_into().map_err(|error| unreadable(column, &error)))
            .transpose()
    }

    fn time(&self, column: &'static str) -> Result<Timestamp, StorageError> {
        Ok(Timestamp::from_millis(self.try_get::<i64, _>(column)?))
    }

    fn maybe_time(&self, column: &'static str) -> Result<Option<Timestamp>, StorageError> {
        Ok(self.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_millis))
    }

    fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StorageError> {
        let number: i64 = self.try_get(column)?;
        T::try_from(number).map_err(|_| unreadable(column, &number))
    }

    fn phase(&self) -> Result<Phase, StorageError> {
        let text: &str = self.try_get("phase")?;
        Phase::from_str(text).map_err(|error| unreadable("phase", &error))
    }
}
