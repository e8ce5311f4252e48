//! The request log: the API's requests of the last days, for the workspace that they were made for.
//!
//! A request costs no write of its own: it is put into a bounded queue, and [`writer`] stores the queue in batches. When
//! the queue is full the entry is dropped and counted; the log is for looking, not for proving (that is `audit`).
//! Deliberately absent: requests that nobody was authenticated for, and what successful reads answered: asking again tells it.

mod clean;
mod exchange;
pub mod http;
mod store;
mod writer;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use sautikit_api::ids::{ApiKeyId, LoggedRequestId, UserId, WorkspaceId};
use tokio::sync::Notify;

use crate::state::{AppState, Part};

pub use clean::delete_old;
pub use exchange::{Exchange, REMOVED};
pub(crate) use store::{INSERT, STATEMENTS, mark};
pub use writer::{write_pending, write_until_stopped};

/// Entries that wait to be written: two seconds of a node under full load, about 4 MB without their headers and bodies.
const QUEUE: usize = 8_192;
/// Bytes of headers and bodies that wait at most; what comes on top is noted without them.
const QUEUE_BYTES: usize = 16 * 1_024 * 1_024;
/// Entries of one transaction: few, so that SQLite's one writer is soon free for others.
const BATCH: usize = 128;

/// A request as it is stored.
#[derive(Debug, Clone)]
pub struct LoggedRequest {
    /// Its id in the log.
    pub id: LoggedRequestId,
    /// For whom it was made.
    pub workspace_id: WorkspaceId,
    /// As the answer named it.
    pub request_id: String,
    /// The HTTP method.
    pub method: String,
    /// The path with its parameters' names.
    pub route: String,
    /// The path with its parameters and its query, without secrets.
    pub path: String,
    /// The answer's.
    pub status: u16,
    /// The answer's code of the catalogue.
    pub error_code: Option<String>,
    /// The person, or who made the key.
    pub user_id: UserId,
    /// The key, if one asked.
    pub api_key_id: Option<ApiKeyId>,
    /// The client's address.
    pub ip: Option<String>,
    /// Until the answer began.
    pub duration_us: i64,
    /// Microseconds UTC.
    pub created_at_us: i64,
    /// Headers and bodies; `None` where too much of them waits.
    pub exchange: Option<Exchange>,
}

/// An entry as it is read.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What was stored.
    pub request: LoggedRequest,
    /// The key's name, or the person's address.
    pub actor_label: Option<String>,
    /// Headers and bodies as JSON, where one request was asked for by its id.
    pub exchange: Option<String>,
}

/// Which entries are asked for; empty text matches all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The lowest status.
    pub from_status: i64,
    /// The highest status.
    pub to_status: i64,
    /// `GET`, `POST`, ….
    pub method: String,
    /// How the path begins.
    pub path: String,
    /// A key's id.
    pub api_key_id: String,
    /// The id in an answer's `X-Request-Id`.
    pub request_id: String,
}

/// What was asked and is not written yet.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    bell: Notify,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: VecDeque<LoggedRequest>,
    /// Of their headers and bodies.
    bytes: usize,
}

impl Part for Queue {}

impl Queue {
    /// This server's.
    pub fn of(app: &AppState) -> &Self {
        app.part()
    }

    /// Adds an entry, unless too many wait already.
    pub fn push(&self, mut request: LoggedRequest) {
        let mut waiting = self.waiting.lock();
        if waiting.entries.len() >= QUEUE {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let size = request.exchange.as_ref().map_or(0, Exchange::size);
        if waiting.bytes + size > QUEUE_BYTES {
            request.exchange = None;
        } else {
            waiting.bytes += size;
        }
        waiting.entries.push_back(request);
        if waiting.entries.len() >= BATCH {
            self.bell.notify_one();
        }
    }

    /// Entries that were lost so far, because too many waited or the database refused them.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn take_batch(&self) -> Vec<LoggedRequest> {
        let mut waiting = self.waiting.lock();
        let count = waiting.entries.len().min(BATCH);
        let batch: Vec<_> = waiting.entries.drain(..count).collect();
        let taken: usize = batch.iter().filter_map(|entry| entry.exchange.as_ref()).map(Exchange::size).sum();
        waiting.bytes = waiting.bytes.saturating_sub(taken);
        batch
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn entry() -> LoggedRequest {
        LoggedRequest {
            id: LoggedRequestId(Uuid::nil()),
            workspace_id: WorkspaceId(Uuid::nil()),
            request_id: String::new(),
            method: "GET".to_owned(),
            route: "/v1/calls".to_owned(),
            path: "/v1/calls".to_owned(),
            status: 200,
            error_code: None,
            user_id: UserId(Uuid::nil()),
            api_key_id: None,
            ip: None,
            duration_us: 0,
            created_at_us: 0,
            exchange: None,
        }
    }

    #[test]
    fn a_full_queue_drops_and_counts() {
        let queue = Queue::default();
        for _ in 0..QUEUE + 3 {
            queue.push(entry());
        }
        assert_eq!(queue.dropped(), 3);
        assert_eq!(queue.take_batch().len(), BATCH);
        queue.push(entry());
        assert_eq!(queue.dropped(), 3);
    }
    #[test]
    fn more_bodies_than_may_wait_are_left_out() {
        let large = || {
            let request = bytes::Bytes::from(vec![b'a'; QUEUE_BYTES / 2 + 1]);
            let exchange = Exchange { request, ..Exchange::default() };
            LoggedRequest { exchange: Some(exchange), ..entry() }
        };
        let queue = Queue::default();
        queue.push(large());
        queue.push(large());
        let kept: Vec<_> = queue.take_batch().iter().map(|entry| entry.exchange.is_some()).collect();
        assert_eq!(kept, [true, false]);
        queue.push(large());
        assert!(queue.take_batch()[0].exchange.is_some(), "what was written makes room");
    }
}
