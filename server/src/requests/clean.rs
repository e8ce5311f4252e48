//! What is older than `requests.keep_days` goes.

use super::store;
use crate::state::AppState;

const DAY_US: i64 = 24 * 3_600 * 1_000_000;
/// Rows of one statement, so that other writers get their turn in between.
const CHUNK: i64 = 1_000;

/// Deletes old entries of every workspace; how many.
///
/// # Errors
/// The database failed; what was deleted before stays so.
pub async fn delete_old(app: &AppState) -> Result<u64, sqlx::Error> {
    let before_us = app.now_us() - i64::from(app.config.requests.keep_days) * DAY_US;
    let mut deleted = 0;
    loop {
        let count = store::delete_before(&mut *app.db.acquire().await?, before_us, CHUNK).await?;
        deleted += count;
        if count == 0 {
            return Ok(deleted);
        }
    }
}
