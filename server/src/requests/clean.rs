//! What is older than `requests.keep_days` goes.

use super::store;
use crate::state::AppState;

const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// Deletes old entries, at most that many, of every workspace; how many.
///
/// # Errors
/// The database failed.
pub async fn delete_old(app: &AppState, most: i64) -> Result<u64, sqlx::Error> {
    let before_us = app.now_us() - i64::from(app.config.requests.keep_days) * DAY_US;
    store::delete_before(&mut *app.db.acquire().await?, before_us, most).await
}
