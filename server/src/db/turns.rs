//! The queue for SQLite's one writer, first come first served.
//!
//! Left to itself, a second writer sleeps and looks again, up to 100 ms at a time and in no order: under load some wait
//! past the busy time-out while the lock stands free between their looks. Writers of this process therefore queue for
//! their turn before they take a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What SQLite allows at a time.
const WRITERS: usize = 1;

/// The queue.
#[derive(Debug)]
pub(super) struct Turns {
    semaphore: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// The right to write, until dropped.
pub(super) type Turn = OwnedSemaphorePermit;

impl Turns {
    pub(super) fn new() -> Self {
        Self { semaphore: Arc::new(Semaphore::new(WRITERS)), waiting: AtomicUsize::new(0) }
    }

    /// Waits for the turn, at most `limit`.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`]: to the caller it is the same as no connection in time.
    pub(super) async fn take(&self, limit: Duration) -> Result<Turn, sqlx::Error> {
        let _waiting = Waiting::new(&self.waiting);
        tokio::time::timeout(limit, self.next()).await.map_err(|_| sqlx::Error::PoolTimedOut)?
    }

    /// Waits for the turn however long it takes, to end what was begun: who does so is not awaited by others.
    ///
    /// # Errors
    /// None: the semaphore is never closed.
    pub(super) async fn next(&self) -> Result<Turn, sqlx::Error> {
        self.semaphore.clone().acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)
    }

    /// Whether anybody waits to begin.
    pub(super) fn are_awaited(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }
}

/// Counts one who waits, until dropped: also one who gives up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_are_one_at_a_time_and_who_gives_up_awaits_none() {
        let turns = Turns::new();
        let first = turns.take(Duration::from_secs(5)).await.unwrap();
        assert!(!turns.are_awaited());
        assert!(matches!(turns.take(Duration::ZERO).await, Err(sqlx::Error::PoolTimedOut)));
        assert!(!turns.are_awaited());
        drop(first);
        assert!(turns.take(Duration::from_secs(5)).await.is_ok());
    }
}
