//! Keys whose request is at work in this process: another request with the same key waits here, before it takes
//! anything of the database.
//!
//! On SQLite the first request holds the one writer's turn, for which others wait far longer than a key is worth waiting
//! for. The database stays the truth: it alone knows the answers, and the keys of other nodes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::state::Part;

/// Requests of one key that work at a time.
const AT_WORK: usize = 1;

/// Who chose the key (a workspace, or a person who has none yet), and the key.
type Key = (Uuid, String);
/// Entries live as long as a request that holds or awaits them, so there are never more than requests.
type Table = Mutex<HashMap<Key, Arc<Semaphore>>>;

/// The keys at work on this node.
#[derive(Default)]
pub struct InFlight(Arc<Table>);

/// The right to work on a key, until dropped.
pub struct Place {
    // Before the seat: whoever leaves last finds the semaphore held by nobody and removes it.
    _permit: OwnedSemaphorePermit,
    _seat: Seat,
}

impl Part for InFlight {}

impl InFlight {
    /// Waits until no other request works on the key; `None` when that takes longer than `limit`.
    pub(super) async fn enter(&self, of: Uuid, key: &str, limit: Duration) -> Option<Place> {
        let seat = self.seat((of, key.to_owned()));
        let turn = seat.semaphore.clone()?.acquire_owned();
        // The semaphore is never closed.
        let permit = tokio::time::timeout(limit, turn).await.ok()?.ok()?;
        Some(Place { _permit: permit, _seat: seat })
    }

    fn seat(&self, key: Key) -> Seat {
        let mut table = self.0.lock();
        let semaphore = table.entry(key.clone()).or_insert_with(|| Arc::new(Semaphore::new(AT_WORK))).clone();
        Seat { table: self.0.clone(), key, semaphore: Some(semaphore) }
    }
}

/// Keeps the key's entry in the table while a request holds or awaits it.
struct Seat {
    table: Arc<Table>,
    key: Key,
    /// `None` only while it is dropped.
    semaphore: Option<Arc<Semaphore>>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut table = self.table.lock();
        // Given back under the lock, so that of two who leave at once the second sees itself alone.
        self.semaphore = None;
        if table.get(&self.key).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1) {
            table.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASHA: Uuid = Uuid::from_u128(1);
    const NOT_AT_ALL: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_second_request_waits_no_longer_than_its_limit() {
        let keys = InFlight::default();
        let first = keys.enter(ASHA, "k", NOT_AT_ALL).await.unwrap();
        assert!(keys.enter(ASHA, "k", NOT_AT_ALL).await.is_none());
        drop(first);
        assert!(keys.enter(ASHA, "k", NOT_AT_ALL).await.is_some());
    }

    #[tokio::test]
    async fn other_keys_and_others_with_the_key_do_not_wait() {
        let keys = InFlight::default();
        let _first = keys.enter(ASHA, "k", NOT_AT_ALL).await.unwrap();
        assert!(keys.enter(ASHA, "other", NOT_AT_ALL).await.is_some());
        assert!(keys.enter(Uuid::from_u128(2), "k", NOT_AT_ALL).await.is_some());
    }

    #[tokio::test]
    async fn nothing_is_left_when_nobody_works_or_waits() {
        let keys = Arc::new(InFlight::default());
        let first = keys.enter(ASHA, "k", NOT_AT_ALL).await.unwrap();
        let waits = || {
            let keys = keys.clone();
            tokio::spawn(async move { keys.enter(ASHA, "k", LONG).await.is_some() })
        };
        let (second, gone) = (waits(), waits());
        tokio::task::yield_now().await;
        // As when a client hangs up while its request waits.
        gone.abort();
        assert!(gone.await.is_err());
        drop(first);
        assert!(second.await.unwrap());
        assert!(keys.0.lock().is_empty());
    }
}
