//! Tells other nodes, by rows of the database, who is registered at this one.

use std::sync::Arc;
use std::time::Duration;

use crate::calls::registrations;
use crate::gateway::Gateway;

/// What comes together is written together: a thousand browsers that come back at once are a few transactions.
const GATHERED_FOR: Duration = Duration::from_millis(50);
/// Until a write that failed is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often those are looked for that have not registered anew.
const EXPIRED_EVERY: Duration = Duration::from_secs(60);
/// Rows of one transaction.
const AT_ONCE: usize = 500;

/// Keeps the rows in step until the server stops, and leaves none behind then. Nothing where nodes do not reach each other.
pub(in crate::gateway) async fn keep(gateway: Arc<Gateway>) {
    let app = &gateway.app;
    if !app.config.nodes.is_on() {
        return;
    }
    while let Err(error) = registrations::tell_none(app).await {
        tracing::warn!(%error, "other nodes are told of nobody who is registered here");
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(AGAIN_AFTER) => {}
        }
    }
    gateway.registrar.tell_others();
    let mut look = tokio::time::interval(EXPIRED_EVERY);
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => break,
            changes = gateway.registrar.changes() => write(&gateway, changes).await,
            _ = look.tick() => gateway.registrar.expire(app.clock.monotonic()),
        }
    }
    // The others see by its lease that it is gone.
    let _ = registrations::tell_none(app).await;
}

async fn write(gateway: &Gateway, mut changes: Vec<registrations::Presence>) {
    while !changes.is_empty() {
        let rest = changes.split_off(changes.len().min(AT_ONCE));
        if let Err(error) = registrations::tell(&gateway.app, &changes).await {
            tracing::warn!(%error, "other nodes are not told who has registered here; tried again");
            changes.extend(rest);
            gateway.registrar.not_told(changes);
            tokio::time::sleep(AGAIN_AFTER).await;
            return;
        }
        changes = rest;
    }
    tokio::time::sleep(GATHERED_FOR).await;
}
