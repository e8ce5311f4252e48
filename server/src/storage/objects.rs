//! What the stores have in common: whole objects go in, parts of them come out.

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;

/// Bytes that are read at once when a whole object is.
pub(super) const PART_BYTES: u64 = 4 * 1024 * 1024;

/// Why a store did not do it. The words are for the log and the workspace, and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("the object is not there")]
    Gone,
    /// Anything else; it may go better later.
    #[error("{0}")]
    Failed(String),
}

/// What is put into a store: something of a known length that can be read in parts.
#[async_trait]
pub trait Source: Send + Sync {
    /// Its length.
    fn bytes(&self) -> u64;

    /// A part of it.
    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, StoreError>;
}

/// Where objects are kept.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Keeps the source under that key, instead of what was there.
    async fn put(&self, key: &str, source: &dyn Source) -> Result<(), StoreError>;

    /// A part of an object.
    async fn read(&self, key: &str, range: Range<u64>) -> Result<Vec<u8>, StoreError>;

    /// Removes it; that it is not there is no error.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// A URL by which anybody reads it for that long; `None` where the store has none.
    async fn presigned(&self, key: &str, lasts: Duration) -> Result<Option<String>, StoreError>;
}

/// The parts in which so many bytes are read.
pub(super) fn parts(bytes: u64) -> impl Iterator<Item = Range<u64>> {
    (0..bytes.div_ceil(PART_BYTES)).map(move |part| part * PART_BYTES..((part + 1) * PART_BYTES).min(bytes))
}
