//! Whose delivery goes next: workspaces in turn, and of each its endpoints in turn. Pure: it is told of what is due and of
//! what became of it, and says what to send.
//!
//! ```text
//! fan-out ── offer ──►┐                                     ┌── next ──► attempt ──► done ──► written
//! database ── load ──►├ lane of an endpoint ─► workspace ──►┤
//!                     └ wants, while it has more            └── none: limits, order, pauses
//! ```
//! A lane holds a window on what its endpoint waits for, so that a workspace with 100,000 events in the queue takes no more
//! memory and no more turns than another. All windows together are bounded too: beyond that each is a small one.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::ops::Bound;

use sautikit_api::ids::{CallId, DeliveryId, WebhookEndpointId, WorkspaceId};

use super::circuit::Standing;
use super::lane::{Due, Lane, WINDOW, Want};
use super::schedule::{Outcome, Verdict};

/// Attempts of this node at the same time: each a socket, a task and some 10 kB.
const MOST_RUNNING: u32 = 1_024;
/// Of one workspace: a quarter, and never more than is free besides. So whoever is slow, and however many are, what is left
/// is as much as each of them has: of `n` workspaces that hang one in `n + 1`.
const MOST_RUNNING_OF_ONE: u32 = 256;
/// Deliveries in memory that wait, of all endpoints: some 2 kB each.
const MOST_QUEUED: usize = 32_768;
/// What they tell, together.
const MOST_QUEUED_BYTES: usize = 64 * 1024 * 1024;
/// Of one endpoint where there are so many: two rounds of what one is trusted with that nothing is known of.
const SMALL_WINDOW: usize = 16;
/// Lanes that get rows in one turn, each by a look at the database that every other event waits for.
const LANES_AT_ONCE: usize = 64;

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

/// An attempt that is on its way, or over and not yet written.
struct Open {
    endpoint: WebhookEndpointId,
    call: Option<CallId>,
    workspace: WorkspaceId,
    generation: i64,
    over: Option<Verdict>,
}

/// All lanes.
#[derive(Default)]
pub struct Scheduler {
    lanes: HashMap<WebhookEndpointId, Lane>,
    tenants: HashMap<WorkspaceId, Tenant>,
    turns: VecDeque<WorkspaceId>,
    /// Those whose turn it was when there was no room for them: they go first once there is.
    parked: VecDeque<WorkspaceId>,
    waiting_turns: HashSet<WorkspaceId>,
    waiting_lanes: HashSet<WebhookEndpointId>,
    /// Lanes that time alone wakes, by when.
    timers: BTreeSet<(i64, WebhookEndpointId)>,
    timer_of: HashMap<WebhookEndpointId, i64>,
    /// Lanes that want rows.
    hungry: BTreeSet<WebhookEndpointId>,
    /// The last of them that got some.
    fed: Option<WebhookEndpointId>,
    /// How many wait in each lane, and how many bytes they tell.
    queued_of: HashMap<WebhookEndpointId, (usize, usize)>,
    queued: usize,
    queued_bytes: usize,
    /// Beside the lanes, which come and go meanwhile.
    open: HashMap<DeliveryId, Open>,
    running: u32,
}

impl Scheduler {
    /// Adds a lane, or gives it other settings.
    pub(super) fn put(&mut self, id: WebhookEndpointId, mut lane: Lane, now_us: i64) {
        if let Some(before) = self.lanes.get_mut(&id) {
            before.take_up(lane);
        } else {
            for (delivery, open) in self.open.iter().filter(|(_, open)| open.endpoint == id) {
                lane.resume(*delivery, open.call, open.over);
            }
            self.lanes.insert(id, lane);
        }
        self.refresh(id, now_us);
    }

    /// The endpoint's lane, if it has one.
    #[cfg(test)]
    fn lane(&self, id: WebhookEndpointId) -> Option<&Lane> {
        self.lanes.get(&id)
    }

    /// Takes a lane away; what is on its way holds its room until it is over.
    pub fn remove(&mut self, id: WebhookEndpointId) {
        if self.lanes.remove(&id).is_none() {
            return;
        }
        self.hungry.remove(&id);
        self.set_timer(id, None);
        self.count(id, (0, 0));
    }

    /// A delivery was just made.
    pub fn offer(&mut self, due: Due, now_us: i64) {
        let id = due.endpoint;
        let window = self.window();
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.offer(due, window, now_us);
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

    /// Lanes that want rows, and how many: some of them, and the next ones the next time.
    pub fn wants(&mut self, now_us: i64) -> Vec<(WebhookEndpointId, Want)> {
        let (window, after) = (self.window(), self.fed.map_or(Bound::Unbounded, Bound::Excluded));
        let rest = self.fed.map(|fed| self.hungry.range(..=fed));
        let wants = |id: &WebhookEndpointId| Some((*id, self.lanes.get(id)?.wants(window, now_us)?));
        let in_turn = self.hungry.range((after, Bound::Unbounded)).chain(rest.into_iter().flatten());
        let some: Vec<_> = in_turn.filter_map(wants).take(LANES_AT_ONCE).collect();
        self.fed = some.last().map(|(id, _)| *id).or(self.fed);
        some
    }

    /// Whether more lanes want rows than got some.
    pub fn is_hungry(&self, now_us: i64) -> bool {
        let window = self.window();
        self.hungry.iter().any(|id| self.lanes.get(id).is_some_and(|lane| lane.wants(window, now_us).is_some()))
    }

    /// How many of one endpoint are in memory at most.
    fn window(&self) -> usize {
        let has_room = self.queued < MOST_QUEUED && self.queued_bytes < MOST_QUEUED_BYTES;
        if has_room { WINDOW } else { SMALL_WINDOW }
    }

    /// What somebody asked for, as a look at the database found it; `is_all` where there is no more of it.
    pub fn load_asked(&mut self, id: WebhookEndpointId, found: Vec<Due>, is_all: bool, now_us: i64) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.load_asked(found, is_all);
            self.refresh(id, now_us);
        }
    }

    /// What a look at the database found for a lane.
    pub fn load(&mut self, id: WebhookEndpointId, found: Vec<Due>, is_all: bool, next_us: Option<i64>, now_us: i64) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.load(found, is_all, next_us);
            self.refresh(id, now_us);
        }
    }

    /// The next to be sent; none when nothing may go.
    pub fn next(&mut self, now_us: i64) -> Option<Due> {
        while self.running < MOST_RUNNING {
            let workspace = self.turns.pop_front()?;
            self.waiting_turns.remove(&workspace);
            let Some(tenant) = self.tenants.get_mut(&workspace) else { continue };
            if tenant.running >= MOST_RUNNING_OF_ONE.min(MOST_RUNNING - self.running) {
                // Whoever ends next makes room, for it or for those after it.
                self.waiting_turns.insert(workspace);
                self.parked.push_back(workspace);
                continue;
            }
            while let Some(id) = tenant.turns.pop_front() {
                self.waiting_lanes.remove(&id);
                let Some(lane) = self.lanes.get_mut(&id) else { continue };
                let Some(due) = lane.take(now_us) else { continue };
                let (endpoint, call, generation) = (id, due.call, lane.generation);
                self.open.insert(due.id, Open { endpoint, call, workspace, generation, over: None });
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
        let (id, open) = (due.endpoint, self.open.get_mut(&due.id)?);
        let (workspace, generation) = (open.workspace, open.generation);
        let Some(lane) = self.lanes.get_mut(&id) else {
            open.over = Some(if outcome.failure.is_none() { Verdict::Delivered } else { Verdict::Gone });
            self.ended(workspace);
            self.wait_turn(workspace);
            return None;
        };
        let before = lane.circuit.standing();
        let verdict = lane.done(due, generation, outcome, now_us, random);
        open.over = Some(verdict);
        self.ended(workspace);
        let Some(lane) = self.lanes.get_mut(&id) else { return None };
        let after = lane.circuit.standing();
        let off = match verdict {
            // Another endpoint than the one that it was sent to.
            _ if generation != lane.generation => None,
            // Of a call's own URL it says nothing of the others of its origin.
            Verdict::Gone if due.url.is_none() => Some(Off::Gone),
            _ if lane.circuit.is_hopeless(now_us) => Some(Off::Failing),
            _ => None,
        };
        if off.is_some() {
            self.remove(id);
        } else {
            self.refresh(id, now_us);
        }
        self.wait_turn(workspace);
        Some(Done { verdict, endpoint: Some(after).filter(|after| *after != before), off })
    }

    /// It was not sent after all.
    pub fn give_up(&mut self, due: &Due) {
        let Some(open) = self.open.remove(&due.id) else { return };
        self.ended(open.workspace);
    }

    /// The end of an attempt is in the database.
    pub fn written(&mut self, due: &Due, verdict: Verdict, now_us: i64) {
        self.open.remove(&due.id);
        if let Some(lane) = self.lanes.get_mut(&due.endpoint) {
            lane.written(due, verdict);
            self.refresh(due.endpoint, now_us);
        }
    }

    /// One attempt of the workspace is over, and there is room for another, its own or of who was parked.
    fn ended(&mut self, workspace: WorkspaceId) {
        self.running = self.running.saturating_sub(1);
        if let Some(tenant) = self.tenants.get_mut(&workspace) {
            tenant.running = tenant.running.saturating_sub(1);
        }
        while let Some(parked) = self.parked.pop_back() {
            self.turns.push_front(parked);
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
        let (workspace, wake_us, queued) = (lane.workspace, lane.wake_us(now_us), (lane.queued(), lane.queued_bytes()));
        let (may_send, is_hungry) = (lane.may_send(now_us), lane.wants(WINDOW, now_us).is_some());
        self.count(id, queued);
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

    /// So many wait in the lane, of so many bytes.
    fn count(&mut self, id: WebhookEndpointId, (queued, bytes): (usize, usize)) {
        let before = match queued {
            0 => self.queued_of.remove(&id),
            _ => self.queued_of.insert(id, (queued, bytes)),
        };
        let (queued_before, bytes_before) = before.unwrap_or_default();
        self.queued = (self.queued + queued).saturating_sub(queued_before);
        self.queued_bytes = (self.queued_bytes + bytes).saturating_sub(bytes_before);
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

#[cfg(test)]
mod tests;
