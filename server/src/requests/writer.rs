//! Stores what waits in the queue, a batch per transaction.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{LoggedRequest, Queue, store};
use crate::state::AppState;

/// The longest time that an entry waits while the server is idle.
const INTERVAL: Duration = Duration::from_millis(500);

/// Writes until the server stops, and then what is left.
pub async fn write_until_stopped(app: AppState) {
    while !app.stopping.is_cancelled() {
        tokio::select! {
            () = app.stopping.cancelled() => {}
            () = Queue::of(&app).bell.notified() => {}
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
            tracing::warn!(%error, lost = batch.len(), "requests could not be logged");
            Queue::of(app).dropped.fetch_add(batch.len() as u64, Ordering::Relaxed);
        }
    }
}

async fn write(app: &AppState, batch: &[LoggedRequest]) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    store::insert_requests(&mut tx, app.db.dialect(), batch).await?;
    tx.commit().await
}
