//! Why something does not go into the books of material.

use super::super::StorageError;

/// Most models that are announced at a time.
pub const MOST_MODELS: usize = 100;

/// Most of them of one owner's key, or announced by one account.
pub const MOST_OF_ONE: usize = 32;

/// Most batches that are promised to one client and not given yet.
pub const MOST_PROMISED: i64 = 8;

/// Why a model is not taken into the books, or a batch not promised.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// As many models as there may be.
    #[error("there are {MOST_MODELS} models already; one has to be taken back first")]
    Full,
    /// As many as one owner or account may have.
    #[error(
        "{MOST_OF_ONE} models of this key or account are announced already; take one back with `gavel model \
         remove NAME`"
    )]
    FullOfOne,
    /// A later order is kept.
    #[error("a later order of the owner is kept than this one; sign a new one")]
    Outdated,
    /// There is no such model.
    #[error("no such model is announced; see `gavel model list`")]
    Unknown,
    /// Nothing is ready.
    #[error("no batch of this model is ready; the dealers make more, ask again in a while")]
    Empty,
    /// One client has too many.
    #[error(
        "{MOST_PROMISED} batches are promised to this key and not fetched; fetch them, or wait until \
         the promises end"
    )]
    TooMany,
    /// The store.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<sqlx::Error> for BookError {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error.into())
    }
}
