//! A transaction that writes, and what its end says of the database.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::{Any, AnyConnection};

use super::health::Health;

/// A transaction that rolls back when dropped.
pub struct Tx {
    inner: sqlx::Transaction<'static, Any>,
    health: Arc<Health>,
}

impl Tx {
    pub(super) fn new(inner: sqlx::Transaction<'static, Any>, health: Arc<Health>) -> Self {
        Self { inner, health }
    }

    /// Makes the changes last; when this returns they survive a power cut.
    ///
    /// # Errors
    /// The database failed and the changes are undone, or its files are not those that the next start opens.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        let ended = self.inner.commit().await;
        self.health.committed(ended)
    }

    /// Undoes the changes and waits until that is done; dropping does it without waiting.
    ///
    /// # Errors
    /// The connection failed; the changes are undone all the same.
    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        self.inner.rollback().await
    }
}

impl Deref for Tx {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }
}
