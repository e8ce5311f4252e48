//! Whose delivery goes next: workspaces in turn, and of each its endpoints in turn. Pure: it is told of what is due and of
//! what became of it, and says what to send.
//!
//! ```text
//! fan-out ── offer ──►┐                                     ┌── next ──► attempt ──► done ──► written
//! database ── load ──►├ lane of an endpoint ─► workspace ──►┤
//!                     └ wants, while it has more            └── none: limits, order, pauses
//! ```
//! A lane holds a window on what its endpoint waits for, so that a workspace with 100,000 events in the queue takes no more
//! memory and no more turns than another.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use sautikit_api::ids::{WebhookEndpointId, WorkspaceId};

use super::lane::{Due, Lane};
use super::schedule::{Outcome, Verdict};

/// Attempts of this node at the same time: each a socket, a task and some 10 kB.
const MOST_RUNNING: u32 = 1_024;
/// Of one workspace: a quarter, so that endpoints that hang leave the others room.
const MOST_RUNNING_OF_ONE: u32 = 256;

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Of its delivery.
    pub verdict: Verdict,
    /// What is to be written of the endpoint, where it is another.
    pub endpoint: Option<Standing>,
    /// The endpoint is switched off.
    pub off: Option<Off>,
}

/// How an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Since when every attempt failed, in microseconds UTC.
    pub failing_since_us: Option<i64>,
    /// Attempts that failed in a row.
    pub failures: i64,
    /// Nothing is sent before, in microseconds UTC.
    pub paused_until_us: Option<i64>,
}

/// Why an endpoint is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    /// It answered 410.
    Gone,
    /// It failed for three days.
    Failing,
}

/// The workspaces' turns.
#[derive(Default)]
struct Tenant {
    /// Endpoints that may have something to send, in the order of their turns.
    turns: VecDeque<WebhookEndpointId>,
    running: u32,
}

/// All lanes.
#[derive(Default)]
pub struct Scheduler {
    lanes: HashMap<WebhookEndpointId, Lane>,
    tenants: HashMap<WorkspaceId, Tenant>,
    turns: VecDeque<WorkspaceId>,
    waiting_turns: HashSet<WorkspaceId>,
    waiting_lanes: HashSet<WebhookEndpointId>,
    /// Lanes that time alone wakes, by when.
    timers: BTreeSet<(i64, WebhookEndpointId)>,
    timer_of: HashMap<WebhookEndpointId, i64>,
    /// Lanes that want rows.
    hungry: BTreeSet<WebhookEndpointId>,
    running: u32,
}

impl Scheduler {
    /// Adds a lane, or gives it other settings.
    pub(super) fn put(&mut self, id: WebhookEndpointId, lane: Lane, now_us: i64) {
        if let Some(before) = self.lanes.get_mut(&id) {
            (before.circuit, before.bucket) = (lane.circuit, lane.bucket);
        } else {
            self.lanes.insert(id, lane);
        }
        self.refresh(id, now_us);
    }

    /// The endpoint's lane, if it has one.
    #[cfg(test)]
    fn lane(&self, id: WebhookEndpointId) -> Option<&Lane> {
        self.lanes.get(&id)
    }

    /// Takes a lane away; what is on its way comes back to nobody.
    pub fn remove(&mut self, id: WebhookEndpointId) {
        let Some(lane) = self.lanes.remove(&id) else { return };
        self.running = self.running.saturating_sub(lane.running);
        if let Some(tenant) = self.tenants.get_mut(&lane.workspace) {
            tenant.running = tenant.running.saturating_sub(lane.running);
        }
        self.hungry.remove(&id);
        self.set_timer(id, None);
        // Its others may have waited for room that this gives back.
        self.wait_turn(lane.workspace);
    }

    /// A delivery was just made.
    pub fn offer(&mut self, due: Due, now_us: i64) {
        let id = due.endpoint;
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.offer(due, now_us);
            self.refresh(id, now_us);
        }
    }

    /// Something was written for the endpoint.
    pub fn look(&mut self, id: WebhookEndpointId, now_us: i64) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.look();
            self.refresh(id, now_us);
        }
    }

    /// Lets time pass.
    pub fn tick(&mut self, now_us: i64) {
        while let Some((_, id)) = self.timers.first().copied().filter(|(at_us, _)| *at_us <= now_us) {
            self.set_timer(id, None);
            self.refresh(id, now_us);
        }
    }

    /// When time alone changes something.
    pub fn wake_us(&self) -> Option<i64> {
        self.timers.first().map(|(at_us, _)| *at_us)
    }

    /// Lanes that want rows, and how many.
    pub fn wants(&self, now_us: i64) -> Vec<(WebhookEndpointId, usize)> {
        let wants = |id: &WebhookEndpointId| Some((*id, self.lanes.get(id)?.wants(now_us)?));
        self.hungry.iter().filter_map(wants).collect()
    }

    /// What a look at the database found for a lane.
    pub fn load(&mut self, id: WebhookEndpointId, found: Vec<Due>, wanted: usize, next_us: Option<i64>, now_us: i64) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.load(found, wanted, next_us);
            self.refresh(id, now_us);
        }
    }

    /// The next to be sent; none when nothing may go.
    pub fn next(&mut self, now_us: i64) -> Option<Due> {
        while self.running < MOST_RUNNING {
            let workspace = self.turns.pop_front()?;
            self.waiting_turns.remove(&workspace);
            let Some(tenant) = self.tenants.get_mut(&workspace) else { continue };
            if tenant.running >= MOST_RUNNING_OF_ONE {
                // Its next end brings it back.
                continue;
            }
            while let Some(id) = tenant.turns.pop_front() {
                self.waiting_lanes.remove(&id);
                let Some(due) = self.lanes.get_mut(&id).and_then(|lane| lane.take(now_us)) else { continue };
                tenant.running += 1;
                self.running += 1;
                self.refresh(id, now_us);
                self.wait_turn(workspace);
                return Some(due);
            }
        }
        None
    }

    /// An attempt is over; `random` is any number. None when its lane is gone.
    pub fn done(&mut self, due: &Due, outcome: &Outcome, now_us: i64, random: u32) -> Option<Done> {
        let id = due.endpoint;
        let lane = self.lanes.get_mut(&id)?;
        let before = standing(lane);
        let verdict = lane.done(due, outcome, now_us, random);
        let (after, workspace) = (standing(lane), lane.workspace);
        let off = match verdict {
            // Of a call's own URL it says nothing of the others of its origin.
            Verdict::Gone if due.url.is_none() => Some(Off::Gone),
            _ if lane.circuit.is_hopeless(now_us) => Some(Off::Failing),
            _ => None,
        };
        self.running = self.running.saturating_sub(1);
        if let Some(tenant) = self.tenants.get_mut(&workspace) {
            tenant.running = tenant.running.saturating_sub(1);
        }
        if off.is_some() {
            self.remove(id);
        } else {
            self.refresh(id, now_us);
        }
        self.wait_turn(workspace);
        Some(Done { verdict, endpoint: Some(after).filter(|after| *after != before), off })
    }

    /// The end of an attempt is in the database.
    pub fn written(&mut self, due: &Due, verdict: Verdict, now_us: i64) {
        if let Some(lane) = self.lanes.get_mut(&due.endpoint) {
            lane.written(due, verdict);
            self.refresh(due.endpoint, now_us);
        }
    }

    /// Since when what has waited longest for an attempt may go, in microseconds UTC.
    pub fn oldest_due_us(&self, now_us: i64) -> Option<i64> {
        self.lanes.values().filter_map(|lane| lane.oldest_due_us(now_us)).min()
    }

    /// Attempts on their way.
    pub fn running(&self) -> u32 {
        self.running
    }

    /// After a change of a lane: its turn, its timer, its hunger.
    fn refresh(&mut self, id: WebhookEndpointId, now_us: i64) {
        let Some(lane) = self.lanes.get(&id) else { return };
        let (workspace, wake_us) = (lane.workspace, lane.wake_us(now_us));
        let (may_send, is_hungry) = (lane.may_send(now_us), lane.wants(now_us).is_some());
        if is_hungry {
            self.hungry.insert(id)
        } else {
            self.hungry.remove(&id)
        };
        self.set_timer(id, wake_us);
        if may_send && self.waiting_lanes.insert(id) {
            self.tenants.entry(workspace).or_default().turns.push_back(id);
            self.wait_turn(workspace);
        }
    }

    fn wait_turn(&mut self, workspace: WorkspaceId) {
        let has_turns = self.tenants.get(&workspace).is_some_and(|tenant| !tenant.turns.is_empty());
        if has_turns && self.waiting_turns.insert(workspace) {
            self.turns.push_back(workspace);
        }
    }

    fn set_timer(&mut self, id: WebhookEndpointId, at_us: Option<i64>) {
        let before = match at_us {
            Some(at_us) => self.timer_of.insert(id, at_us),
            None => self.timer_of.remove(&id),
        };
        if before != at_us {
            if let Some(before) = before {
                self.timers.remove(&(before, id));
            }
            self.timers.extend(at_us.map(|at_us| (at_us, id)));
        }
    }
}

fn standing(lane: &Lane) -> Standing {
    let (failing_since_us, failures) = lane.circuit.failing();
    Standing { failing_since_us, failures, paused_until_us: lane.circuit.paused_until_us() }
}

#[cfg(test)]
mod tests;
