//! What waits for one endpoint: a window on its deliveries, of which the database has the rest. Pure.
//!
//! Of a call one delivery is on its way at a time, so that its events arrive in their order. Where its URL is gone the others
//! of its call end with it. Where one failed they wait for it: the database puts them behind its next attempt, and until the endpoint has none that waits
//! (`is_troubled`) everything new goes through the database, which alone knows the order.
//!
//! What somebody asked for goes first, whatever else waits.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use sautikit_api::ids::{CallId, DeliveryId, EventId, WebhookEndpointId, WorkspaceId};

use super::bucket::Bucket;
use super::circuit::{Circuit, MOST_AT_ONCE};
use super::schedule::{Failure, Outcome, Verdict};

/// Deliveries of one endpoint in memory at most: four rounds of what it may be sent at the same time.
pub(super) const WINDOW: usize = 128;
/// The window is filled up when so many are left.
const LOW_WATER: usize = WINDOW / 2;

/// An event as it is told.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: EventId,
    /// The name of its kind.
    pub kind: String,
    /// Which form of it.
    pub version: u32,
    /// What is sent, byte for byte.
    pub body: Bytes,
}

/// A delivery that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its id.
    pub id: DeliveryId,
    /// Where to.
    pub endpoint: WebhookEndpointId,
    /// The call whose events come in order.
    pub call: Option<CallId>,
    /// Attempts since it was made, or asked for by hand.
    pub tries: i64,
    /// Attempts in all.
    pub attempts: i64,
    /// Since when it may go, in microseconds UTC.
    pub due_us: i64,
    /// Somebody asked for it, and waits.
    pub is_asked: bool,
    /// Where it is not the endpoint's.
    pub url: Option<Arc<str>>,
    /// What is told.
    pub event: Arc<Told>,
}

/// Deliveries to one endpoint.
pub(super) struct Lane {
    pub(super) workspace: WorkspaceId,
    /// Of the endpoint's settings.
    pub(super) generation: i64,
    pub(super) circuit: Circuit,
    pub(super) bucket: Bucket,
    /// Due, in order.
    queue: VecDeque<Due>,
    /// In the queue, on their way, or over and not yet written: a look at the database finds them, and they are none to add.
    known: HashSet<DeliveryId>,
    /// Calls of which one is on its way, or failed and is not yet written.
    busy: HashSet<CallId>,
    pub(super) running: u32,
    /// When the database has some that are due and not here, in microseconds UTC; none when it has none.
    more_at_us: Option<i64>,
    is_troubled: bool,
    /// The database may have some that somebody asked for.
    has_asked: bool,
}

/// What a lane wants of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// So many rows, those among them that it has already; 0 for none.
    pub rows: usize,
    /// Those that somebody asked for, first of all.
    pub asked: bool,
}

impl Lane {
    /// Of an endpoint that perhaps has some in the database.
    pub(super) fn new(workspace: WorkspaceId, generation: i64, circuit: Circuit, bucket: Bucket) -> Self {
        Self {
            workspace,
            generation,
            circuit,
            bucket,
            queue: VecDeque::new(),
            known: HashSet::new(),
            busy: HashSet::new(),
            running: 0,
            more_at_us: None,
            is_troubled: false,
            has_asked: false,
        }
    }

    /// Takes the endpoint's new settings.
    pub(super) fn take_up(&mut self, other: Self) {
        if self.generation == other.generation {
            self.circuit.taken_up(other.circuit.standing());
        } else {
            (self.generation, self.circuit) = (other.generation, other.circuit);
        }
        self.bucket.limit(other.bucket);
    }

    /// An attempt of before, that is on its way still or not yet written.
    pub(super) fn resume(&mut self, id: DeliveryId, call: Option<CallId>, over: Option<Verdict>) {
        self.known.insert(id);
        self.running += u32::from(over.is_none());
        if matches!(over, None | Some(Verdict::Again(_) | Verdict::Gone)) {
            self.busy.extend(call);
        }
    }

    /// Deliveries in memory that wait.
    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// What those tell, in bytes.
    pub(super) fn queued_bytes(&self) -> usize {
        self.queue.iter().map(|due| due.event.body.len()).sum()
    }

    /// Something was written that this lane was not told of.
    pub(super) fn look(&mut self) {
        self.is_troubled = true;
        self.has_asked = true;
        self.more_at_us = Some(i64::MIN);
    }

    /// A delivery that was just made. It is left to the database where others may have to go first.
    pub(super) fn offer(&mut self, due: Due, window: usize, now_us: i64) {
        if self.is_troubled || self.more_at_us.is_some() || self.queue.len() >= window {
            self.more_at_us = Some(self.more_at_us.map_or(now_us, |at_us| at_us.min(now_us)));
        } else if self.known.insert(due.id) {
            self.queue.push_back(due);
        }
    }

    /// What a window of that size wants now; none when it wants nothing.
    pub(super) fn wants(&self, window: usize, now_us: i64) -> Option<Want> {
        let is_due = self.more_at_us.is_some_and(|at_us| at_us <= now_us);
        let may_send = self.circuit.room(now_us) > 0;
        // Filled up when half of it is left.
        let is_hungry = is_due && may_send && self.queue.len() <= window / 2;
        let rows = if is_hungry { window + self.known.len() } else { 0 };
        let asked = self.has_asked && self.asked() <= LOW_WATER;
        (is_hungry || asked).then_some(Want { rows, asked })
    }

    /// What somebody asked for, as a look at the database found it; `is_all` where there is no more of it.
    pub(super) fn load_asked(&mut self, found: Vec<Due>, is_all: bool) {
        let before = self.queue.len();
        for due in found {
            if self.known.insert(due.id) {
                self.queue.insert(self.asked(), due);
            }
        }
        // A look that finds what is here already would find nothing else the next time.
        self.has_asked = !is_all && self.queue.len() > before;
    }

    /// How many of those that wait in memory somebody asked for: they stand first.
    fn asked(&self) -> usize {
        self.queue.iter().take_while(|due| due.is_asked).count()
    }

    /// What a look at the database found: those that are due, in order, as many as were wanted or all, and when the next is due.
    pub(super) fn load(&mut self, found: Vec<Due>, is_all: bool, next_us: Option<i64>) {
        for due in found {
            if self.known.insert(due.id) {
                let place = if due.is_asked { self.asked() } else { self.queue.len() };
                self.queue.insert(place, due);
            }
        }
        self.more_at_us = if is_all { next_us } else { Some(i64::MIN) };
        self.is_troubled = self.more_at_us.is_some();
    }

    /// The next that may go.
    pub(super) fn take(&mut self, now_us: i64) -> Option<Due> {
        if self.bucket.next_us(now_us) > now_us {
            return None;
        }
        let has_room = self.running < self.circuit.room(now_us);
        let may_go =
            |due: &Due| (has_room || self.may_go_anyway(due)) && due.call.is_none_or(|call| !self.busy.contains(&call));
        let place = self.queue.iter().position(may_go)?;
        let due = self.queue.remove(place)?;
        self.busy.extend(due.call);
        self.running += 1;
        self.bucket.take(now_us);
        Some(due)
    }

    /// Whoever asked wants to know now, whatever the endpoint is trusted with.
    fn may_go_anyway(&self, due: &Due) -> bool {
        due.is_asked && self.running < MOST_AT_ONCE
    }

    /// Since when the next may go, where the endpoint is sent anything at all, in microseconds UTC.
    pub(super) fn oldest_due_us(&self, now_us: i64) -> Option<i64> {
        self.queue.front().filter(|_| self.circuit.room(now_us) > 0).map(|due| due.due_us)
    }

    /// Whether something may go, as far as can be told without a search.
    pub(super) fn may_send(&self, now_us: i64) -> bool {
        let Some(first) = self.queue.front() else { return false };
        let has_room = self.running < self.circuit.room(now_us);
        (has_room || self.may_go_anyway(first)) && self.bucket.next_us(now_us) <= now_us
    }

    /// When time alone lets it do something, in microseconds UTC.
    pub(super) fn wake_us(&self, now_us: i64) -> Option<i64> {
        let pause_ends = self.circuit.paused_until_us(now_us);
        let may_begin = (!self.queue.is_empty()).then(|| self.bucket.next_us(now_us));
        let may_load = self.more_at_us.filter(|_| self.queue.len() <= LOW_WATER);
        let after_pause = |at_us: i64| pause_ends.map_or(at_us, |until_us| until_us.max(at_us));
        [may_begin, may_load].into_iter().flatten().map(after_pause).filter(|at_us| *at_us > now_us).min()
    }

    /// An attempt of that generation is over. Its delivery, and its call where it failed, stay known until [`Self::written`].
    pub(super) fn done(&mut self, due: &Due, generation: i64, outcome: &Outcome, now_us: i64, random: u32) -> Verdict {
        let is_of_this = generation == self.generation;
        // A call's own URL is the same whatever the endpoint is.
        let outcome = if is_of_this || due.url.is_some() { *outcome } else { outcome.of_another() };
        let verdict = outcome.verdict(due.tries + 1, now_us, random);
        self.running = self.running.saturating_sub(1);
        match outcome.failure {
            _ if !is_of_this => {}
            None => self.circuit.succeeded(outcome.took_us),
            // It was not asked anything.
            Some(Failure::SecretUnset) => {}
            // Its server answers, and knows what of it is gone.
            Some(_) if verdict == Verdict::Gone => {}
            Some(_) => self.circuit.failed(now_us, outcome.pause_until(now_us)),
        }
        match verdict {
            Verdict::Again(at_us) => {
                self.wait_until(at_us);
                self.drop_queued(due.call);
            }
            Verdict::Gone => self.drop_queued(due.call),
            Verdict::Delivered | Verdict::Exhausted => {
                if let Some(call) = due.call {
                    self.busy.remove(&call);
                }
            }
        }
        verdict
    }

    /// The end of an attempt is in the database, and with it when the others of its call are due.
    pub(super) fn written(&mut self, due: &Due, verdict: Verdict) {
        self.known.remove(&due.id);
        // A look before this knew nothing of it, and found those that wait for it.
        match verdict {
            Verdict::Again(at_us) => self.wait_until(at_us),
            Verdict::Gone => {}
            Verdict::Delivered | Verdict::Exhausted => return,
        }
        self.drop_queued(due.call);
        if let Some(call) = due.call {
            self.busy.remove(&call);
        }
    }

    /// The database has one that is due then.
    fn wait_until(&mut self, at_us: i64) {
        self.is_troubled = true;
        self.more_at_us = Some(self.more_at_us.map_or(at_us, |more_us| more_us.min(at_us)));
    }

    /// The others of the call wait in the database.
    fn drop_queued(&mut self, call: Option<CallId>) {
        let (Some(call), known) = (call, &mut self.known) else { return };
        self.queue.retain(|due| {
            let stays = due.call != Some(call);
            if !stays {
                known.remove(&due.id);
            }
            stays
        });
    }
}
