//! Who may be worked for next: a bucket that hangs holds up its own workspace and nobody else.
//!
//! A workspace whose work takes long, or has failed, is slow until something of it succeeds. What is slow shares few places of
//! its own; all others share the rest, and a work that turns out to be slow gives its place back at once.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use sautikit_api::ids::{RecordingId, WorkspaceId};

/// Files that are worked on at once: more would only share the same disk and network.
const MOST_AT_ONCE: usize = 8;
/// Of them of one workspace.
const MOST_OF_ONE: usize = 2;
/// Files of slow workspaces that are worked on at once; they mostly wait.
const MOST_SLOW: usize = 4;
/// With those that turned out to be slow while they were worked on; each has its file's part in memory.
const MOST_IN_ALL: usize = 64;
/// What takes longer is slow. A bucket that works takes some seconds for an hour of a call.
pub(super) const SLOW_AFTER: Duration = Duration::from_secs(15);

/// What is being worked on. Moments are those of the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Places {
    busy: HashMap<RecordingId, Work>,
    slow: HashSet<WorkspaceId>,
}

#[derive(Debug)]
struct Work {
    /// Unknown where the file can't be read; such a one touches no bucket.
    workspace: Option<WorkspaceId>,
    since: Duration,
}

impl Places {
    /// Whether it is being worked on.
    pub(super) fn is_busy(&self, id: RecordingId) -> bool {
        self.busy.contains_key(&id)
    }

    /// Takes a place for a file, if there is one.
    pub(super) fn take(&mut self, id: RecordingId, workspace: Option<WorkspaceId>, now: Duration) -> bool {
        let late = self.busy.values().filter(|work| now.saturating_sub(work.since) >= SLOW_AFTER);
        self.slow.extend(late.filter_map(|work| work.workspace));
        let is_slow = |workspace: Option<WorkspaceId>| workspace.is_some_and(|id| self.slow.contains(&id));
        let of_this = self.busy.values().filter(|work| workspace.is_some() && work.workspace == workspace).count();
        let in_slow = self.busy.values().filter(|work| is_slow(work.workspace)).count();
        let has_place = match is_slow(workspace) {
            // One of it at a time finds out whether it is slow no more.
            true => in_slow < MOST_SLOW && of_this == 0,
            false => self.busy.len() - in_slow < MOST_AT_ONCE && of_this < MOST_OF_ONE,
        };
        if has_place && self.busy.len() < MOST_IN_ALL {
            self.busy.insert(id, Work { workspace, since: now });
            return true;
        }
        false
    }

    /// Gives a place back.
    pub(super) fn give_back(&mut self, id: RecordingId, has_worked: bool) {
        let Some(workspace) = self.busy.remove(&id).and_then(|work| work.workspace) else { return };
        if has_worked {
            self.slow.remove(&workspace);
        } else {
            self.slow.insert(workspace);
        }
    }

    /// Nothing is worked on any more.
    pub(super) fn clear(&mut self) {
        self.busy.clear();
    }

    /// When the next work turns out to be slow, and so makes room.
    pub(super) fn next_slow(&self, now: Duration) -> Option<Duration> {
        let ages = self.busy.values().map(|work| now.saturating_sub(work.since));
        ages.filter(|age| *age < SLOW_AFTER).map(|age| SLOW_AFTER.saturating_sub(age)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1_000);

    fn file(n: u128) -> RecordingId {
        RecordingId(uuid::Uuid::from_u128(n))
    }

    fn of(n: u128) -> Option<WorkspaceId> {
        Some(WorkspaceId(uuid::Uuid::from_u128(n)))
    }

    /// Four workspaces whose buckets hang hold all places.
    fn held() -> Places {
        let mut places = Places::default();
        for n in 0..8 {
            assert!(places.take(file(n), of(n / 2), START));
        }
        places
    }

    #[test]
    fn buckets_that_hang_give_their_places_to_others() {
        let mut places = held();
        assert!(!places.take(file(100), of(50), START), "all are taken, by what may be quick");
        assert_eq!(places.next_slow(START), Some(SLOW_AFTER));
        let later = START + SLOW_AFTER;
        for n in 0..8 {
            assert!(places.take(file(100 + n), of(50 + n / 2), later), "{n}");
        }
        assert!(!places.take(file(200), of(0), later), "those that hang wait for what they have");
        assert!(!places.take(file(201), of(60), later), "the others share as many as before");
    }

    #[test]
    fn a_workspace_that_has_failed_is_tried_once_at_a_time_in_places_of_its_own() {
        let mut places = held();
        for n in 0..8 {
            places.give_back(file(n), false);
        }
        for n in 0..4 {
            assert!(places.take(file(10 + 2 * n), of(n), START));
            assert!(!places.take(file(11 + 2 * n), of(n), START));
        }
        for n in 0..8 {
            assert!(places.take(file(100 + n), of(50 + n / 2), START), "{n}");
        }
        places.give_back(file(10), true);
        places.give_back(file(100), true);
        assert!(places.take(file(20), of(0), START), "it is as good as any other again");
    }

    #[test]
    fn a_workspace_has_two_places_of_all_and_nobody_more_than_there_are() {
        let mut places = Places::default();
        assert!(places.take(file(0), of(0), START) && places.take(file(1), of(0), START));
        assert!(!places.take(file(2), of(0), START));
        let mut now = START;
        let mut taken = 2;
        for n in 0..1_000 {
            now += SLOW_AFTER;
            taken += usize::from(places.take(file(10 + n), of(10 + n), now));
        }
        assert_eq!(taken, MOST_IN_ALL);
    }
}
