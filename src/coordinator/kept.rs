//! Reasons and results as the store keeps them: as JSON, in a column of text.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::storage::StorageError;

/// JSON, as the store keeps it.
pub(super) fn write(value: &impl Serialize) -> Result<String, StorageError> {
    serde_json::to_string(value)
        .map_err(|error| StorageError::Unreadable { what: "reason", detail: error.to_string() })
}

/// Read it back; text of another shape counts as a damaged store.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, StorageError> {
    serde_json::from_str(text)
        .map_err(|error| StorageError::Unreadable { what: "reason", detail: error.to_string() })
}
