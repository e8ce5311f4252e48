//! When each live call was last heard, written in one batch per node every ten seconds: a crash bills up to there and
//! not beyond (gateway.md, "Crash").

use std::sync::Arc;
use std::time::Duration;

use sautikit_api::ids::CallId;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Gateway;
use crate::calls::Hub;

/// Between two batches: what a crash may leave unbilled per call at most.
const EVERY: Duration = Duration::from_secs(10);
/// Calls and media threads answer within a turn of theirs; one that does not is left to the next batch.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Writes batches until the server stops.
pub(super) async fn run(gateway: Arc<Gateway>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = gateway.app.stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let heard = look(&gateway).await;
        Hub::of(&gateway.app).writer().heard(heard);
    }
}

/// The calls that anything was heard of, with the moment on the monotonic clock.
async fn look(gateway: &Gateway) -> Vec<(CallId, Duration)> {
    let handles: Vec<_> = gateway.calls.lock().iter().map(|(id, handle)| (*id, handle.clone())).collect();
    // The moment of asking, not of the answer: the result is never later than the packet.
    let now = gateway.app.clock.monotonic();
    let asked: Vec<_> = handles.into_iter().filter_map(|(id, handle)| Some((id, handle.since_heard()?))).collect();
    let mut heard = Vec::with_capacity(asked.len());
    for (id, answer) in asked {
        if let Ok(Ok(Some(since))) = timeout(ANSWER_WITHIN, answer).await {
            heard.push((id, now.saturating_sub(since)));
        }
    }
    heard
}
