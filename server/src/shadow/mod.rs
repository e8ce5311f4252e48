//! Shadow requests: a handler is tried on live traffic, before a call depends on it.
//!
//! A number's `shadow_url` gets a copy of each voice callback request; what it answers is read as a call would read it and
//! compared with the live answer ([`compare`]), and never runs. The gateway sends the copies; here they are compared, kept for as
//! long as the request log is, and shown. An entry costs no write of its own: it waits in a bounded queue, which is stored in
//! batches, and when the queue is full it is dropped and counted.

mod compare;
pub mod http;
mod store;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::ids::{CallId, NumberId, ShadowRequestId, WorkspaceId};
use sautikit_api::shadow::{ShadowAnswer, ShadowDifference};
use serde::{Deserialize, Serialize};
use voice::Purpose;

use crate::state::{AppState, Part};

pub use compare::{Seen, compare};
pub(crate) use store::{INSERT, STATEMENTS};

/// Entries that wait to be written: at some 8 KiB each they take 16 MB.
const QUEUE: usize = 2_048;
/// Entries of one transaction: few, so that SQLite's one writer is soon free for others.
const BATCH: usize = 64;
/// The longest time that an entry waits while the server is idle.
const INTERVAL: Duration = Duration::from_millis(500);
const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// What a copied request was for, by its name in the API.
pub const PURPOSES: [&str; 3] = ["actions", "final", "status"];

/// The name of what a request was for; none of those that are not copied.
pub const fn purpose_name(purpose: Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::Steer => Some(PURPOSES[0]),
        Purpose::Final => Some(PURPOSES[1]),
        Purpose::Status => Some(PURPOSES[2]),
        // The same step's second question; the shadow had its first.
        Purpose::Fallback => None,
    }
}

/// What comparing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A call would have gone the same way.
    Same,
    /// Both answered, and not the same.
    Different,
    /// The shadow had no answer where the live handler had one.
    Failed,
    /// The shadow had an answer where the live handler had none.
    Recovered,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Same, Self::Different, Self::Failed, Self::Recovered];

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Failed => "failed",
            Self::Recovered => "recovered",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// Both answers and where they differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// What the live handler did.
    pub live: ShadowAnswer,
    /// What the shadow did.
    pub shadow: ShadowAnswer,
    /// The first places at which the documents differ.
    pub differences: Vec<ShadowDifference>,
    /// How many there are.
    pub difference_count: i64,
    /// The beginning of what the shadow answered, where anything differs.
    pub answer: Option<String>,
}

/// A copied request as it is kept.
#[derive(Debug, Clone)]
pub struct ShadowRequest {
    /// Its id.
    pub id: ShadowRequestId,
    /// Whose number it is.
    pub workspace_id: WorkspaceId,
    /// The number.
    pub number_id: NumberId,
    /// The call.
    pub call_id: CallId,
    /// One of [`PURPOSES`].
    pub purpose: String,
    /// What comparing came to.
    pub outcome: Outcome,
    /// How.
    pub comparison: Comparison,
    /// Microseconds UTC.
    pub created_at_us: i64,
}

/// Which entries are asked for; empty text matches all.
#[derive(Debug, Clone, Default)]
struct Filter {
    number_id: String,
    call_id: String,
    outcome: String,
    /// Only those that are not `same`.
    differing: bool,
}

/// What was compared and is not written yet.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<VecDeque<ShadowRequest>>,
    dropped: AtomicU64,
}

impl Part for Queue {}

impl Queue {
    /// This server's.
    pub fn of(app: &AppState) -> &Self {
        app.part()
    }

    /// Adds an entry, unless too many wait already.
    pub fn push(&self, request: ShadowRequest) {
        let mut waiting = self.waiting.lock();
        if waiting.len() < QUEUE {
            waiting.push_back(request);
        } else {
            self.count_dropped(1);
        }
    }

    /// Copies that were not sent, because too many were under way.
    pub fn count_dropped(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// Copies that were not sent or not kept so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn take_batch(&self) -> Vec<ShadowRequest> {
        let mut waiting = self.waiting.lock();
        let count = waiting.len().min(BATCH);
        waiting.drain(..count).collect()
    }
}

/// Writes until the server stops, and then what is left.
pub async fn write_until_stopped(app: AppState) {
    while !app.stopping.is_cancelled() {
        tokio::select! {
            () = app.stopping.cancelled() => {}
            () = tokio::time::sleep(INTERVAL) => {}
        }
        write_pending(&app).await;
    }
}

/// Writes everything that waits now.
pub async fn write_pending(app: &AppState) {
    loop {
        let batch = Queue::of(app).take_batch();
        if batch.is_empty() {
            return;
        }
        if let Err(error) = write(app, &batch).await {
            tracing::warn!(%error, lost = batch.len(), "shadow requests could not be kept");
            Queue::of(app).count_dropped(batch.len() as u64);
        }
    }
}

async fn write(app: &AppState, batch: &[ShadowRequest]) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    store::insert(&mut tx, app.db.dialect(), batch).await?;
    tx.commit().await
}

/// Deletes entries that are older than the request log keeps its own, at most that many, of every workspace; how many.
///
/// # Errors
/// The database failed.
pub async fn delete_old(app: &AppState, most: i64) -> Result<u64, sqlx::Error> {
    let before_us = app.now_us() - i64::from(app.config.requests.keep_days) * DAY_US;
    store::delete_before(&mut *app.db.acquire().await?, before_us, most).await
}
