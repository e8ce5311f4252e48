//! How many calls of each workspace run on this node, and how many have just begun.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::ids::WorkspaceId;

use super::{Full, Limits};

/// What "per second" means.
const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Counts {
    running: u32,
    /// When the calls of the last second began, on the monotonic clock; kept only where that is limited.
    begun: VecDeque<Duration>,
}

impl Counts {
    /// Whether another call or leg may begin at `now`, which then counts.
    fn begin(&mut self, per_second: Option<u32>, now: Duration) -> Result<(), Full> {
        let Some(most) = per_second else { return Ok(()) };
        while self.begun.front().is_some_and(|begun| now.saturating_sub(*begun) >= SECOND) {
            self.begun.pop_front();
        }
        if self.begun.len() >= most as usize {
            return Err(Full::PerSecond(most));
        }
        self.begun.push_back(now);
        Ok(())
    }

    fn is_idle(&self, now: Duration) -> bool {
        self.running == 0 && self.begun.back().is_none_or(|begun| now.saturating_sub(*begun) >= SECOND)
    }
}

/// The counts of this node.
#[derive(Debug, Clone, Default)]
pub struct Seats(Arc<Mutex<HashMap<WorkspaceId, Counts>>>);

/// The place of a call that runs; given back when it is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Seats,
    workspace: WorkspaceId,
}

impl Seats {
    /// A place for another call, `is_outbound` or not, which begins at `now` on the monotonic clock.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn take(
        &self,
        workspace: WorkspaceId,
        limits: &Limits,
        is_outbound: bool,
        now: Duration,
    ) -> Result<Seat, Full> {
        let mut all = self.0.lock();
        let counts = all.entry(workspace).or_default();
        if let Some(most) = limits.concurrent_calls.filter(|most| counts.running >= *most) {
            return Err(Full::Concurrent(most));
        }
        if is_outbound {
            counts.begin(limits.calls_per_second, now)?;
        }
        counts.running += 1;
        Ok(Seat { seats: self.clone(), workspace })
    }

    /// Room for a further leg of a call that runs.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn begin_leg(&self, workspace: WorkspaceId, limits: &Limits, now: Duration) -> Result<(), Full> {
        if limits.calls_per_second.is_none() {
            return Ok(());
        }
        self.0.lock().entry(workspace).or_default().begin(limits.calls_per_second, now)
    }

    /// Forgets workspaces without calls.
    pub fn tidy(&self, now: Duration) {
        let mut all = self.0.lock();
        all.retain(|_, counts| !counts.is_idle(now));
        if all.capacity() > 1_024 && all.len() * 8 < all.capacity() {
            all.shrink_to_fit();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(counts) = self.seats.0.lock().get_mut(&self.workspace) {
            counts.running = counts.running.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::{Countries, Limits};
    use super::*;

    const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::nil());

    fn limits(concurrent_calls: Option<u32>, calls_per_second: Option<u32>) -> Limits {
        let countries = Countries::of(["KE"]);
        Limits { concurrent_calls, calls_per_second, countries, premium: false, satellite: false }
    }

    #[test]
    fn as_many_calls_run_as_may_and_a_place_given_back_is_free() {
        let (seats, limits, now) = (Seats::default(), limits(Some(2), None), Duration::ZERO);
        let first = seats.take(WORKSPACE, &limits, true, now).unwrap();
        let second = seats.take(WORKSPACE, &limits, false, now).unwrap();
        assert_eq!(seats.take(WORKSPACE, &limits, true, now).unwrap_err(), Full::Concurrent(2));
        assert_eq!(seats.take(WORKSPACE, &limits, false, now).unwrap_err(), Full::Concurrent(2));
        drop(first);
        let third = seats.take(WORKSPACE, &limits, true, now).unwrap();
        drop((second, third));
        seats.tidy(now);
        assert!(seats.0.lock().is_empty());
    }

    #[test]
    fn in_any_second_begin_as_many_as_may() {
        let (seats, limits) = (Seats::default(), limits(None, Some(3)));
        let at = |millis| seats.take(WORKSPACE, &limits, true, Duration::from_millis(millis)).map(drop);
        for millis in [0, 500, 900] {
            at(millis).unwrap();
        }
        assert_eq!(at(999), Err(Full::PerSecond(3)));
        at(1_000).unwrap();
        assert_eq!(seats.begin_leg(WORKSPACE, &limits, Duration::from_millis(1_499)), Err(Full::PerSecond(3)));
        seats.begin_leg(WORKSPACE, &limits, Duration::from_millis(1_500)).unwrap();
        // Calls that come in are not ours to slow down.
        seats.take(WORKSPACE, &limits, false, Duration::from_millis(1_500)).unwrap();
    }
}
