//! One timer for the next deadline. Most deadlines are put off by the answer that they wait for, so a later one leaves the
//! timer alone: it then rings once too early, which costs less than setting it anew for every message. And most are those of
//! transactions that are to be forgotten, some four a call, half a minute after it: deadlines of one [`GRID`] ring together.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use crate::clock;

/// Deadlines are kept at the next multiple of this. A repeated request (RFC 3261 T1, 500 ms at least) is so much late at most.
const GRID: Duration = Duration::from_millis(50);

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
    /// Sees to it that it rings at `due`, put off to the grid, at the latest; `now` and `due` are times of one clock.
    pub(super) fn set_for(&mut self, now: Duration, due: Option<Duration>) {
        let Some(due) = due.map(on_grid) else { return };
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

/// The next multiple of [`GRID`].
fn on_grid(due: Duration) -> Duration {
    let grid = GRID.as_millis();
    let steps = due.as_micros().div_ceil(grid * 1_000);
    Duration::from_millis(u64::try_from(steps * grid).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_of_one_grid_ring_together_and_none_too_early() {
        let ms = Duration::from_millis;
        for due in [ms(451), ms(499), ms(500), Duration::from_micros(450_001)] {
            assert_eq!(on_grid(due), ms(500));
        }
        assert_eq!(on_grid(Duration::ZERO), Duration::ZERO);
    }
}
