//! Once an hour, in every workspace: what is past its time goes. Each step is safe to run twice and on several nodes.

use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use crate::db::Causes;
use crate::jobs::{self, Failure, Job};
use crate::state::AppState;
use crate::web::idempotency;
use crate::{calls, numbers, recordings, requests, shadow, storage, webhooks};

const HOUR_US: i64 = 3_600 * 1_000_000;
/// Rows of one deletion, so that other writers get their turn in between.
const ROWS_AT_ONCE: i64 = 1_000;

/// Deletes what is past its time.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CleanUp {
    /// Hours since 1970-01-01 UTC.
    hour: i64,
}

impl Job for CleanUp {
    const KIND: &'static str = "clean_up";

    fn subject(&self) -> String {
        self.hour.to_string()
    }

    /// Leaves the job for the next hour, then does what is due. What fails keeps nothing else from being done, in this hour or
    /// any other.
    async fn run(self, app: &AppState) -> Result<(), Failure> {
        // A server that was off for days cleans once, not once for every hour.
        let next = self.hour.max(app.now_us() / HOUR_US) + 1;
        enqueue(&mut *app.db.acquire().await?, app, next).await?;
        let mut failed = None;
        let mut done = |what: &str, done: Result<u64, sqlx::Error>| {
            done.unwrap_or_else(|error| {
                tracing::error!(error = %Causes(&error), "not cleaned up: {what}");
                failed.get_or_insert(error);
                0
            })
        };
        // What moves money first.
        let storage = done("storage tiers are not charged", storage::charge_due(app).await);
        let freed = done("numbers do not come back", numbers::free_cooled(app).await);
        let requests = done("requests", all(|| requests::delete_old(app, ROWS_AT_ONCE)).await);
        let shadows = done("shadow requests", all(|| shadow::delete_old(app, ROWS_AT_ONCE)).await);
        let keys = done("idempotency keys", all(|| idempotency::delete_expired(app, ROWS_AT_ONCE)).await);
        let told = done("events and deliveries", all(|| webhooks::delete_old(app, ROWS_AT_ONCE)).await);
        let traces = done("traces of calls", all(|| calls::trace::delete_old(app, ROWS_AT_ONCE)).await);
        let recordings = done("recordings", all(|| recordings::prune(app, ROWS_AT_ONCE)).await);
        tracing::debug!(
            requests,
            shadow_requests = shadows,
            idempotency_keys = keys,
            events_and_deliveries = told,
            call_traces = traces,
            numbers_freed = freed,
            recordings,
            storage_tiers_charged = storage,
            "cleaned up"
        );
        // The queue tries again: what is done by then is not due any more.
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Leaves the job for this hour, unless it was left before; it leaves all others.
///
/// # Errors
/// The database failed.
pub async fn schedule(app: &AppState) -> Result<(), sqlx::Error> {
    enqueue(&mut *app.db.acquire().await?, app, app.now_us() / HOUR_US).await
}

async fn enqueue(conn: &mut AnyConnection, app: &AppState, hour: i64) -> Result<(), sqlx::Error> {
    jobs::enqueue(conn, app, &CleanUp { hour }, hour * HOUR_US).await
}

/// Deletes piece by piece until nothing is left; how many.
async fn all<F: Future<Output = Result<u64, sqlx::Error>>>(delete: impl Fn() -> F) -> Result<u64, sqlx::Error> {
    let mut deleted = 0;
    loop {
        match delete().await? {
            0 => return Ok(deleted),
            count => deleted += count,
        }
    }
}
