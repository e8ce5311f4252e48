//! Recordings that never come to their end by themselves: their file is lost, or the node that has it.
//!
//! A file that comes back later is not thrown away: its node sets it aside, for people.

use super::{RecordingError, Recordings, log_path, show_status, store, tell, told};
use crate::state::AppState;

/// So long after its call's end a recording is given up whatever node has it: a node that lives has tried for three days and
/// given up by then.
const GIVEN_UP_AFTER_US: i64 = 7 * 86_400 * 1_000_000;
/// Rows that are looked at in one go; the next goes on.
const ROWS_AT_ONCE: i64 = 1_000;

/// Fails what can't be finished any more: of this node what has no file, of any node what is over for days. How many.
///
/// # Errors
/// The database failed.
pub async fn fail_lost(app: &AppState) -> Result<u64, RecordingError> {
    let mut conn = app.db.acquire().await?;
    let mut lost = Vec::new();
    for id in store::list_unfinished(&mut conn, &app.node_id, ROWS_AT_ONCE).await? {
        // Nobody writes to it, and there is no file: in this order, as a file is there before its writer leaves it. What was
        // finished meanwhile is told apart by its row, which has moved on.
        let is_live = Recordings::of(app).live.lock().contains(&id);
        if !is_live && matches!(tokio::fs::try_exists(log_path(app, id)).await, Ok(false)) {
            lost.push((id, "What was recorded is lost: its file is gone."));
        }
    }
    let before = app.now_us().saturating_sub(GIVEN_UP_AFTER_US);
    for id in store::list_given_up(&mut conn, before, ROWS_AT_ONCE).await? {
        lost.push((id, "What was recorded is lost with the server that recorded it."));
    }
    drop(conn);
    let mut failed = 0;
    for (id, reason) in lost {
        let mut tx = app.db.begin_write().await?;
        if !store::note_failure(&mut tx, id, reason, true, app.now_us()).await? {
            continue;
        }
        if let Some(recording) = store::find(&mut tx, id).await? {
            tracing::error!(recording = %id, "a recording is lost");
            show_status(&mut tx, recording.call_id).await?;
            tell(app, &mut tx, &recording).await?;
        }
        tx.commit().await?;
        told::ring(app);
        failed += 1;
    }
    Ok(failed)
}
