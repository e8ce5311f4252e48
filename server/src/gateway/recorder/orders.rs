//! What a recorder is told, with the moment at which its call decided it: a recorder that is late obeys as of then, and none of
//! it is lost on the way.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::recordings::PauseMode;
use tokio::sync::Notify;

/// Changes that wait for a recorder whose disk hangs. Beyond that a pause that would begin anew goes on instead, so that no
/// pause is ever shorter than it was asked for.
const MOST_WAITING: usize = 1_000;

/// The way to a recorder. Dropped, it ends the recording.
#[derive(Debug)]
pub struct Orders(Arc<Desk>);

/// A recorder's end of the way.
#[derive(Debug)]
pub(super) struct Ordered(Arc<Desk>);

#[derive(Debug, Default)]
struct Desk {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

/// What was ordered since it was last looked at; moments are those of the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Pauses, and ends of pauses.
    pub(super) changes: Vec<(Duration, Option<PauseMode>)>,
    /// It is over; since when, where that is known.
    pub(super) over: Option<Option<Duration>>,
}

/// Both ends.
pub(super) fn orders() -> (Orders, Ordered) {
    let desk = Arc::new(Desk::default());
    (Orders(desk.clone()), Ordered(desk))
}

impl Orders {
    /// Lets the recording wait, or go on, as of that moment.
    pub(in crate::gateway) fn change(&self, at: Duration, mode: Option<PauseMode>) {
        let mut waiting = self.0.waiting.lock();
        match (waiting.changes.last(), mode) {
            (Some((_, last)), _) if last.is_some() == mode.is_some() => {}
            (Some((_, None)), Some(_)) if waiting.changes.len() >= MOST_WAITING => drop(waiting.changes.pop()),
            _ => waiting.changes.push((at, mode)),
        }
        self.0.bell.notify_one();
    }

    /// Ends the recording as of that moment.
    pub(in crate::gateway) fn stop(self, at: Duration) {
        self.0.waiting.lock().over.get_or_insert(Some(at));
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        self.0.waiting.lock().over.get_or_insert(None);
        self.0.bell.notify_one();
    }
}

impl Ordered {
    /// Until something is ordered.
    pub(super) async fn some(&self) {
        self.0.bell.notified().await;
    }

    /// What was ordered meanwhile.
    pub(super) fn take(&self) -> Waiting {
        std::mem::take(&mut self.0.waiting.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn orders_keep_their_moments_and_the_end_is_known() {
        let (orders, ordered) = orders();
        orders.change(s(1), Some(PauseMode::Cut));
        orders.change(s(2), Some(PauseMode::Silence));
        orders.change(s(3), None);
        let taken = ordered.take();
        assert_eq!(taken.changes, [(s(1), Some(PauseMode::Cut)), (s(3), None)]);
        assert_eq!(taken.over, None);
        orders.stop(s(4));
        assert_eq!(ordered.take().over, Some(Some(s(4))));
    }

    #[test]
    fn a_recorder_that_hangs_loses_no_pause_however_many_orders_wait() {
        let (orders, ordered) = orders();
        for second in 0..5_000 {
            orders.change(s(second), (second % 2 == 0).then_some(PauseMode::Cut));
        }
        orders.change(s(5_000), Some(PauseMode::Cut));
        drop(orders);
        let Waiting { changes, over } = ordered.take();
        assert!(changes.len() <= MOST_WAITING + 1, "{}", changes.len());
        assert_eq!(changes.last().map(|(_, mode)| mode.is_some()), Some(true), "it pauses at last");
        assert_eq!(over, Some(None));
        // Every moment that should pause is in one of the pauses that are left.
        let pauses = Vec::from_iter(changes.chunks(2).map(|pair| (pair[0].0, pair.get(1).map(|(to, _)| *to))));
        for second in (0..5_000).step_by(2) {
            let at = s(second) + Duration::from_millis(500);
            assert!(pauses.iter().any(|(from, to)| *from <= at && to.is_none_or(|to| at < to)), "{second}");
        }
    }
}
