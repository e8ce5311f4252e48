//! One timer for the next deadline. Most deadlines are put off by the answer that they wait for, so a later one leaves the
//! timer alone: it then rings once too early, which costs less than setting it anew for every message.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use crate::clock;

/// The timer, and when it rings on the clock that deadlines are given on.
pub(super) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    set_for: Option<Duration>,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { sleep: Box::pin(sleep(Duration::ZERO)), set_for: None }
    }
}

impl Alarm {
    /// Sees to it that it rings at `due` at the latest; `now` and `due` are times of one clock.
    pub(super) fn set_for(&mut self, now: Duration, due: Option<Duration>) {
        let Some(due) = due else { return };
        if self.set_for.is_none_or(|set| due < set) {
            let at = clock::timer_now() + due.saturating_sub(now);
            self.sleep.as_mut().reset(at);
            self.set_for = Some(due);
        }
    }

    /// Resolves when it rings; never when it is not set.
    pub(super) async fn rings(&mut self) {
        if self.set_for.is_none() {
            return std::future::pending().await;
        }
        self.sleep.as_mut().await;
        self.set_for = None;
    }
}
