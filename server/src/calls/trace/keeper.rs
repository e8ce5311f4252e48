//! Packs the traces of calls that are over, off the ways of calls, and hands them to the record writer.

use std::time::Duration;

use sautikit_api::ids::{CallId, WorkspaceId};

use super::packed::Packed;
use super::{CallTrace, TraceRow};
use crate::calls::Hub;
use crate::state::AppState;

/// Between two looks; those of many calls are packed together.
const EVERY: Duration = Duration::from_millis(250);
const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// Runs until the server has stopped and no call is left.
pub(in crate::calls) async fn run(app: AppState) {
    loop {
        let is_stopping = app.stopping.is_cancelled();
        if is_stopping {
            tokio::time::sleep(EVERY / 5).await;
        } else {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = app.stopping.cancelled() => {}
            }
        }
        let writer = Hub::of(&app).writer();
        // Before the look: what a call leaves after it is seen at the next.
        let is_last = is_stopping && writer.live_calls() == 0;
        let due = writer.ended().due((!is_stopping).then(|| app.clock.monotonic()));
        if !due.is_empty() {
            keep(&app, due).await;
        }
        if is_last {
            return;
        }
    }
}

async fn keep(app: &AppState, due: Vec<(CallId, WorkspaceId, std::sync::Arc<CallTrace>)>) {
    let created_at = app.now_us();
    // Some hundred microseconds each: not on a thread that has calls to look after.
    let packed = tokio::task::spawn_blocking(move || {
        let pack = |(call_id, workspace_id, trace): (CallId, WorkspaceId, std::sync::Arc<CallTrace>)| {
            let content = Packed::of(&trace).to_text();
            (call_id, content.map(|content| TraceRow { call_id, workspace_id, content, created_at }))
        };
        due.into_iter().map(pack).collect::<Vec<_>>()
    });
    let writer = Hub::of(app).writer();
    for (call, row) in packed.await.unwrap_or_default() {
        match row {
            Some(row) => writer.put_trace(row),
            None => writer.ended().done(call),
        }
    }
}

/// Deletes traces that are older than `calls.trace_days`, at most that many; how many.
///
/// # Errors
/// The database failed.
pub async fn delete_old(app: &AppState, most: i64) -> Result<u64, sqlx::Error> {
    let before_us = app.now_us() - i64::from(app.config.calls.trace_days) * DAY_US;
    crate::calls::store::traces::delete_before(&mut *app.db.acquire().await?, before_us, most).await
}

/// Deletes the trace of a call, because somebody's number is in it; whether there was one.
///
/// # Errors
/// The database failed.
pub async fn delete(app: &AppState, call: CallId) -> Result<bool, sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    let is_deleted = crate::calls::store::traces::delete(&mut tx, call).await?;
    tx.commit().await?;
    Ok(is_deleted)
}
