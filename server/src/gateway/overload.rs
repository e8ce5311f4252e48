//! Whether another call can be set up in time. Past a measured bound new calls are refused early (503 with Retry-After),
//! so that those that are let in are set up as fast as ever and those that run are not touched.
//!
//! Measured is how long set-ups take from the INVITE to the record that stands, and how late this process comes to what is
//! due. A few calls in set-up are always let in: a machine that is busy with other things is no reason to refuse them. The
//! number of calls that may be in set-up follows from it: it grows while set-ups are fast and shrinks when they
//! are not (additive increase, multiplicative decrease, as TCP finds its window), so that no machine's figure is built in.

use std::time::Duration;

use parking_lot::Mutex;

use crate::calls::Hub;
use crate::state::AppState;

/// A set-up that takes longer is a sign of too many: callers hear nothing yet, and a carrier repeats its INVITE after
/// half a second (RFC 3261 T1).
const SET_UP_WITHIN: Duration = Duration::from_millis(200);
/// A process that comes so late to what is due would set up another call too late.
const LATE_BY: Duration = Duration::from_millis(100);
/// Calls that may be in set-up at first, at least and at most. The first is what one flush of the record writer takes: a
/// burst of so many waits for one. The least is what even a starved machine sets up in a second or two.
const FIRST_LIMIT: f64 = 256.0;
const LEAST_LIMIT: f64 = 8.0;
const MOST_LIMIT: f64 = 2_048.0;
/// What a slow set-up leaves of the limit.
const DECREASE: f64 = 0.95;
/// Between two decreases: set-ups that were slow together are one sign.
const DECREASE_EVERY: Duration = Duration::from_millis(20);
/// Between two looks at how late this process comes: not more often than what is late enough to count, because a server that
/// nobody calls is woken by nothing more often.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What a refused caller is told.
const RETRY_AFTER_SECONDS: u32 = 1;

/// The bound of this node.
pub struct Overload(Mutex<State>);

#[derive(Debug)]
struct State {
    in_set_up: u32,
    limit: f64,
    decreased_at: Duration,
    refused: u64,
}

/// A call in set-up, until dropped.
pub(super) struct SettingUp<'a> {
    overload: &'a Overload,
    began: Duration,
}

impl Default for Overload {
    fn default() -> Self {
        Self(Mutex::new(State { in_set_up: 0, limit: FIRST_LIMIT, decreased_at: Duration::ZERO, refused: 0 }))
    }
}

impl Overload {
    /// Whether another call can be set up; else after how many seconds it is worth another try.
    ///
    /// # Errors
    /// The seconds.
    pub(super) fn has_room(&self, app: &AppState) -> Result<(), u32> {
        let waiting = u32::try_from(Hub::of(app).writer().waiting()).unwrap_or(u32::MAX);
        let mut state = self.0.lock();
        if state.has_room(waiting) {
            return Ok(());
        }
        state.refused += 1;
        Err(RETRY_AFTER_SECONDS)
    }

    /// A call begins to be set up.
    pub(super) fn begin(&self, now: Duration) -> SettingUp<'_> {
        self.0.lock().in_set_up += 1;
        SettingUp { overload: self, began: now }
    }

    /// A call is set up.
    pub(super) fn done(&self, call: SettingUp<'_>, now: Duration) {
        self.0.lock().took(now.saturating_sub(call.began), now);
    }

    /// This process came so late to what was due.
    pub(super) fn late(&self, by: Duration, now: Duration) {
        if by > LATE_BY {
            self.0.lock().decrease(now);
        }
    }

    /// Calls refused so far, and how many may be in set-up.
    pub fn gauge(&self) -> (u64, u32) {
        let state = self.0.lock();
        (state.refused, state.limit as u32)
    }
}

impl Drop for SettingUp<'_> {
    fn drop(&mut self) {
        self.overload.0.lock().in_set_up -= 1;
    }
}

impl State {
    fn has_room(&self, waiting: u32) -> bool {
        f64::from(self.in_set_up.max(waiting)) < self.limit
    }

    fn took(&mut self, took: Duration, now: Duration) {
        if took > SET_UP_WITHIN {
            self.decrease(now);
        } else {
            self.limit = (self.limit + 1.0 / self.limit.max(1.0)).min(MOST_LIMIT);
        }
    }

    fn decrease(&mut self, now: Duration) {
        if now.saturating_sub(self.decreased_at) >= DECREASE_EVERY {
            self.limit = (self.limit * DECREASE).max(LEAST_LIMIT);
            self.decreased_at = now;
        }
    }
}

/// Looks how late this process comes to what is due, until the server stops.
pub(super) async fn watch(gateway: std::sync::Arc<super::Gateway>) {
    let app = &gateway.app;
    while !app.stopping.is_cancelled() {
        let due = app.clock.monotonic() + LOOK_EVERY;
        tokio::time::sleep(LOOK_EVERY).await;
        let now = app.clock.monotonic();
        gateway.overload.late(now.saturating_sub(due), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_millis(5);
    const SLOW: Duration = Duration::from_millis(400);

    fn state(overload: &Overload) -> parking_lot::MutexGuard<'_, State> {
        overload.0.lock()
    }

    #[test]
    fn fast_set_ups_widen_and_slow_ones_narrow_the_bound() {
        let overload = Overload::default();
        for millis in 0..2_000 {
            state(&overload).took(FAST, Duration::from_millis(millis));
        }
        let wide = state(&overload).limit;
        assert!(wide > FIRST_LIMIT + 5.0, "{wide}");
        for millis in 2_000..4_000 {
            state(&overload).took(SLOW, Duration::from_millis(millis));
        }
        let narrow = state(&overload).limit;
        assert!((LEAST_LIMIT..LEAST_LIMIT + 4.0).contains(&narrow), "{narrow}");
    }

    #[test]
    fn what_is_in_set_up_or_waits_for_its_record_counts() {
        let overload = Overload::default();
        let calls: Vec<_> = (0..256).map(|_| overload.begin(Duration::ZERO)).collect();
        assert!(!state(&overload).has_room(0));
        drop(calls);
        assert!(state(&overload).has_room(255) && !state(&overload).has_room(256));
    }

    #[test]
    fn a_process_that_comes_late_narrows_the_bound_and_never_closes_it() {
        let overload = Overload::default();
        for seconds in 1..1_000 {
            overload.late(Duration::from_millis(101), Duration::from_secs(seconds));
        }
        assert!(state(&overload).has_room(7) && !state(&overload).has_room(8));
        overload.late(Duration::from_millis(99), Duration::from_secs(2_000));
        state(&overload).took(FAST, Duration::from_secs(2_000));
        assert!(state(&overload).limit > LEAST_LIMIT);
    }
}
