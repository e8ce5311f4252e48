//! Whether another call can be set up in time. Past a measured bound new calls are refused early (503 with Retry-After),
//! so that those that are let in are set up as fast as ever and those that run are not touched.
//!
//! Measured is how long set-ups take from the INVITE to the record that stands, and how late this process comes to what is
//! due. A few calls in set-up are always let in: a machine that is busy with other things is no reason to refuse them. The
//! number of calls that may be in set-up follows from it: it grows while set-ups are fast and shrinks when they
//! are not (additive increase, multiplicative decrease, as TCP finds its window), so that no machine's figure is built in.
//!
//! What customers begin, by the API, in browsers and on devices, leaves a share to carriers, whose callers can't try again so
//! easily. Once most of the bound is taken no workspace may hold much more of it: one that begins all it can leaves others
//! their calls. How long set-ups take is measured by carriers' calls: nobody repeats what the API is asked after half a second.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::ids::WorkspaceId;

use crate::calls::{self, Hub};
use crate::clock::Clock;
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

/// What calls that do not come from carriers may take of the limit together.
const CUSTOMERS_SHARE: f64 = 0.9;
/// From so much of the limit on a workspace may not hold more than its share: below, there is room for everybody. At first it is
/// a little more than the two hundred calls that somebody may well begin at once.
const CROWDED_FROM: f64 = 0.8;
const WORKSPACE_SHARE: f64 = 0.25;

/// The bound of this node.
#[derive(Default)]
pub struct Overload(Arc<Mutex<State>>);

/// Where a call comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comes {
    /// From outside, by a carrier.
    ByCarrier,
    /// From a workspace: its API calls, browsers and devices, and what those call on this server.
    FromWithin,
}

#[derive(Debug)]
struct State {
    in_set_up: u32,
    /// Of them those of each workspace that has any.
    of_workspaces: HashMap<WorkspaceId, u32>,
    limit: f64,
    decreased_at: Duration,
    refused: u64,
    /// How late this process came to what was due, when it was last looked.
    lag: Duration,
}

/// A call in set-up, until dropped.
pub(super) struct SettingUp {
    state: Arc<Mutex<State>>,
    workspace: WorkspaceId,
    comes: Comes,
    began: Duration,
    clock: Arc<dyn Clock>,
}

impl Default for State {
    fn default() -> Self {
        let of_workspaces = HashMap::new();
        Self {
            in_set_up: 0,
            of_workspaces,
            limit: FIRST_LIMIT,
            decreased_at: Duration::ZERO,
            refused: 0,
            lag: Duration::ZERO,
        }
    }
}

impl Overload {
    /// A call of the workspace begins to be set up, if it can be; else after how many seconds it is worth another try.
    ///
    /// # Errors
    /// The seconds.
    pub(super) fn begin(&self, app: &AppState, comes: Comes, workspace: WorkspaceId) -> Result<SettingUp, u32> {
        let waiting = u32::try_from(Hub::of(app).writer().waiting()).unwrap_or(u32::MAX);
        if !self.0.lock().begin(comes, workspace, waiting) {
            return Err(RETRY_AFTER_SECONDS);
        }
        let clock = app.clock.clone();
        Ok(SettingUp { state: self.0.clone(), workspace, comes, began: clock.monotonic(), clock })
    }

    /// This process came so late to what was due.
    pub(super) fn late(&self, by: Duration, now: Duration) {
        let mut state = self.0.lock();
        state.lag = by;
        if by > LATE_BY {
            state.decrease(now);
        }
    }

    /// How late this process came to what was due, when it was last looked.
    pub fn lag(&self) -> Duration {
        self.0.lock().lag
    }

    /// Calls refused so far, and how many may be in set-up.
    pub fn gauge(&self) -> (u64, u32) {
        let state = self.0.lock();
        (state.refused, state.limit as u32)
    }
}

impl SettingUp {
    /// The call is set up: its record stands.
    pub(super) fn done(self) {
        if self.comes == Comes::ByCarrier {
            let now = self.clock.monotonic();
            self.state.lock().took(now.saturating_sub(self.began), now);
        }
    }
}

impl calls::SettingUp for SettingUp {
    fn done(self: Box<Self>) {
        Self::done(*self);
    }
}

impl Drop for SettingUp {
    fn drop(&mut self) {
        self.state.lock().over(self.workspace);
    }
}

impl State {
    /// Counts a call in, if there is room for it.
    fn begin(&mut self, comes: Comes, workspace: WorkspaceId, waiting: u32) -> bool {
        if !self.has_room(comes, workspace, waiting) {
            self.refused += 1;
            return false;
        }
        self.in_set_up += 1;
        *self.of_workspaces.entry(workspace).or_default() += 1;
        true
    }

    fn over(&mut self, workspace: WorkspaceId) {
        self.in_set_up -= 1;
        if let Some(own) = self.of_workspaces.get_mut(&workspace) {
            *own -= 1;
            if *own == 0 {
                self.of_workspaces.remove(&workspace);
            }
        }
    }

    /// Whether there is room for one more; so many wait for their records, those of other begins among them.
    fn has_room(&self, comes: Comes, workspace: WorkspaceId, waiting: u32) -> bool {
        let taken = f64::from(self.in_set_up.max(waiting));
        let share = if comes == Comes::ByCarrier { 1.0 } else { CUSTOMERS_SHARE };
        let own = f64::from(self.of_workspaces.get(&workspace).copied().unwrap_or(0));
        let is_within_its_share = taken < self.limit * CROWDED_FROM || own < self.limit * WORKSPACE_SHARE;
        taken < self.limit * share && is_within_its_share
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
    use uuid::Uuid;

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

    fn begin(overload: &Overload, comes: Comes, workspace: u128, times: u32) -> u32 {
        let workspace = WorkspaceId(Uuid::from_u128(workspace));
        (0..times).map(|_| u32::from(state(overload).begin(comes, workspace, 0))).sum()
    }

    fn has_room(overload: &Overload, waiting: u32) -> bool {
        state(overload).has_room(Comes::ByCarrier, WorkspaceId(Uuid::nil()), waiting)
    }

    #[test]
    fn what_is_in_set_up_or_waits_for_its_record_counts() {
        let overload = Overload::default();
        let begun: u32 = (1..=8).map(|workspace| begin(&overload, Comes::ByCarrier, workspace, 32)).sum();
        assert_eq!((begun, has_room(&overload, 0)), (256, false));
        for workspace in 1..=8 {
            (0..32).for_each(|_| state(&overload).over(WorkspaceId(Uuid::from_u128(workspace))));
        }
        assert!(has_room(&overload, 255) && !has_room(&overload, 256));
        assert!(state(&overload).of_workspaces.is_empty());
    }

    #[test]
    fn a_workspace_that_begins_all_it_can_leaves_the_others_and_carriers_their_share() {
        let overload = Overload::default();
        assert_eq!(begin(&overload, Comes::FromWithin, 1, 1_000), 205, "four fifths, while nobody else calls");
        assert_eq!(begin(&overload, Comes::FromWithin, 2, 1_000), 26, "what is left to customers, where it is crowded");
        assert_eq!(begin(&overload, Comes::FromWithin, 3, 1_000), 0, "the rest is for carriers");
        assert_eq!(
            begin(&overload, Comes::ByCarrier, 1, 1_000),
            0,
            "one that has its share has it however its calls come"
        );
        assert_eq!(begin(&overload, Comes::ByCarrier, 3, 20), 20);
        state(&overload).over(WorkspaceId(Uuid::from_u128(1)));
        assert_eq!(begin(&overload, Comes::FromWithin, 1, 1_000), 0);
    }

    #[test]
    fn a_process_that_comes_late_narrows_the_bound_and_never_closes_it() {
        let overload = Overload::default();
        for seconds in 1..1_000 {
            overload.late(Duration::from_millis(101), Duration::from_secs(seconds));
        }
        assert!(has_room(&overload, 7) && !has_room(&overload, 8));
        overload.late(Duration::from_millis(99), Duration::from_secs(2_000));
        state(&overload).took(FAST, Duration::from_secs(2_000));
        assert!(state(&overload).limit > LEAST_LIMIT);
    }
}
