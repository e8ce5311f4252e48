//! A transaction that writes, and whose turn it is to write.
//!
//! SQLite has one writer. Left to itself, a second one sleeps and looks again, up to 100 ms at a time and in no order:
//! under load some wait past the busy time-out while the lock stands free between their looks. Writers of this process
//! therefore queue for their turn, first come first served, before they take a connection. PostgreSQL needs no turns.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use sqlx::{Any, AnyConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What SQLite allows at a time.
const WRITERS: usize = 1;

/// A transaction that rolls back when dropped.
pub struct Tx {
    inner: sqlx::Transaction<'static, Any>,
    // After `inner`: fields are dropped in order, and the turn must not end before the roll-back is on its way.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Tx {
    pub(super) fn new(inner: sqlx::Transaction<'static, Any>, turn: Option<OwnedSemaphorePermit>) -> Self {
        Self { inner, _turn: turn }
    }

    /// Makes the changes last; the next writer's turn begins after that.
    ///
    /// # Errors
    /// The database failed; the changes are undone.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        let Self { inner, _turn } = self;
        inner.commit().await
    }

    /// Undoes the changes and waits until that is done; dropping does it without waiting.
    ///
    /// # Errors
    /// The connection failed; the changes are undone all the same.
    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        let Self { inner, _turn } = self;
        inner.rollback().await
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

/// The queue for SQLite's one writer.
#[derive(Debug, Clone)]
pub(super) struct Turns(Arc<Semaphore>);

impl Turns {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(WRITERS)))
    }

    /// Waits for the turn, at most `limit`.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`]: to the caller it is the same as no connection in time.
    pub(super) async fn take(&self, limit: Duration) -> Result<OwnedSemaphorePermit, sqlx::Error> {
        let turn = tokio::time::timeout(limit, self.0.clone().acquire_owned()).await;
        // The semaphore is never closed.
        turn.ok().and_then(Result::ok).ok_or(sqlx::Error::PoolTimedOut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_are_one_at_a_time_and_in_order() {
        let turns = Turns::new();
        let first = turns.take(Duration::from_secs(5)).await.unwrap();
        assert!(matches!(turns.take(Duration::ZERO).await, Err(sqlx::Error::PoolTimedOut)));
        drop(first);
        assert!(turns.take(Duration::from_secs(5)).await.is_ok());
    }
}
