//! When each live call was last heard, written in one batch per node every ten seconds: a crash bills up to there and
//! not beyond (gateway.md, "Crash").

use std::sync::Arc;
use std::time::Duration;

use sautikit_api::ids::CallId;
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use super::Gateway;
use crate::calls::Hub;
use crate::clock::timer_now;

/// Between two batches: what a crash may leave unbilled per call at most.
const EVERY: Duration = Duration::from_secs(10);
/// Calls and media threads answer within a turn of theirs; those that do not are left to the next batch, which none of the
/// others waits for.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// How long ago a call was heard.
type Answer = oneshot::Receiver<Option<Duration>>;

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
    let asked = handles.into_iter().filter_map(|(id, handle)| Some((id, handle.since_heard()?))).collect();
    let since = answers(asked, timer_now() + ANSWER_WITHIN).await;
    since.into_iter().map(|(id, since)| (id, now.saturating_sub(since))).collect()
}

/// What was answered by the deadline, which is one for all of them.
async fn answers(asked: Vec<(CallId, Answer)>, deadline: Instant) -> Vec<(CallId, Duration)> {
    let mut answered = Vec::with_capacity(asked.len());
    for (id, answer) in asked {
        if let Ok(Ok(Some(since))) = timeout_at(deadline, answer).await {
            answered.push((id, since));
        }
    }
    answered
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn calls_that_do_not_answer_delay_no_other_and_each_other_neither() {
        let (asking, asked): (Vec<_>, Vec<_>) = (0..20_000_u128)
            .map(|number| {
                let (reply, answer) = oneshot::channel();
                (reply, (CallId(Uuid::from_u128(number)), answer))
            })
            .unzip();
        // Only the last one answers; the deadline is over by then.
        let silent: Vec<_> = asking
            .into_iter()
            .rev()
            .enumerate()
            .filter_map(|(at, reply)| {
                if at > 0 {
                    return Some(reply);
                }
                reply.send(Some(Duration::from_secs(3))).unwrap();
                None
            })
            .collect();
        let answered = answers(asked, timer_now()).await;
        assert_eq!(answered, [(CallId(Uuid::from_u128(19_999)), Duration::from_secs(3))]);
        drop(silent);
    }
}
