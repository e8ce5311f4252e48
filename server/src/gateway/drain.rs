//! The end of a node that is told to stop: no new calls, the running ones may finish, and those that do not are ended
//! properly, so that each has its record and its debit (gateway.md, "Draining").

use std::time::Duration;

use super::Gateway;

/// Between two looks at the running calls.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// For the BYEs and records of calls that were ended: a few round trips and transactions each.
const END_WITHIN: Duration = Duration::from_secs(10);

/// Waits until no call runs; ends those that still do after `limit`.
pub async fn drain(gateway: &Gateway, limit: Duration) {
    if tokio::time::timeout(limit, all_ended(gateway)).await.is_ok() {
        return;
    }
    let handles: Vec<_> = gateway.calls.lock().values().cloned().collect();
    tracing::warn!(calls = handles.len(), "calls still running after {limit:?} are ended");
    for handle in handles {
        handle.drain();
    }
    if tokio::time::timeout(END_WITHIN, all_ended(gateway)).await.is_err() {
        tracing::error!("calls could not be ended within {END_WITHIN:?}; the next start closes them");
    }
}

/// Calls that end with this node: its own, and those of other nodes to who is registered here.
pub fn going_on(gateway: &Gateway) -> usize {
    gateway.calls.lock().len() + gateway.edge.lent()
}

async fn all_ended(gateway: &Gateway) {
    // A call is written before its BYE is answered; the carrier should have both.
    while going_on(gateway) > 0 || gateway.sip.gauge().await.sessions > 0 {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
