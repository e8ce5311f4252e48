//! What waits for one endpoint: a window on its deliveries, of which the database has the rest. Pure.
//!
//! Of a call one delivery is on its way at a time, so that its events arrive in their order. Where its URL is gone the others
//! of its call end with it. Where one failed they wait for it: the database puts them behind its next attempt, and until the endpoint has none that waits
//! (`is_troubled`) everything new goes through the database, which alone knows the order.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use sautikit_api::ids::{CallId, DeliveryId, EventId, WebhookEndpointId, WorkspaceId};

use super::bucket::Bucket;
use super::circuit::Circuit;
use super::schedule::{Outcome, Verdict};

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
    /// Where it is not the endpoint's.
    pub url: Option<Arc<str>>,
    /// What is told.
    pub event: Arc<Told>,
}

/// Deliveries to one endpoint.
pub(super) struct Lane {
    pub(super) workspace: WorkspaceId,
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
}

impl Lane {
    /// Of an endpoint that perhaps has some in the database.
    pub(super) fn new(workspace: WorkspaceId, circuit: Circuit, bucket: Bucket) -> Self {
        Self {
            workspace,
            circuit,
            bucket,
            queue: VecDeque::new(),
            known: HashSet::new(),
            busy: HashSet::new(),
            running: 0,
            more_at_us: None,
            is_troubled: false,
        }
    }

    /// Something was written that this lane was not told of.
    pub(super) fn look(&mut self) {
        self.is_troubled = true;
        self.more_at_us = Some(i64::MIN);
    }

    /// A delivery that was just made. It is left to the database where others may have to go first.
    pub(super) fn offer(&mut self, due: Due, now_us: i64) {
        if self.is_troubled || self.more_at_us.is_some() || self.queue.len() >= WINDOW {
            self.more_at_us = Some(self.more_at_us.map_or(now_us, |at_us| at_us.min(now_us)));
        } else if self.known.insert(due.id) {
            self.queue.push_back(due);
        }
    }

    /// How many rows the window wants now, those among them that it has already; none when it wants none.
    pub(super) fn wants(&self, now_us: i64) -> Option<usize> {
        let is_due = self.more_at_us.is_some_and(|at_us| at_us <= now_us);
        let may_send = self.circuit.room(now_us) > 0;
        (is_due && may_send && self.queue.len() <= LOW_WATER).then(|| WINDOW + self.known.len())
    }

    /// What a look at the database found: those that are due, in order, as many as were wanted or all, and when the next is due.
    pub(super) fn load(&mut self, found: Vec<Due>, wanted: usize, next_us: Option<i64>) {
        let is_all = found.len() < wanted;
        for due in found {
            if self.known.insert(due.id) {
                self.queue.push_back(due);
            }
        }
        self.more_at_us = if is_all { next_us } else { Some(i64::MIN) };
        self.is_troubled = self.more_at_us.is_some();
    }

    /// The next that may go.
    pub(super) fn take(&mut self, now_us: i64) -> Option<Due> {
        if self.running >= self.circuit.room(now_us) || self.bucket.next_us(now_us) > now_us {
            return None;
        }
        let is_free = |due: &Due| due.call.is_none_or(|call| !self.busy.contains(&call));
        let place = self.queue.iter().position(is_free)?;
        let due = self.queue.remove(place)?;
        self.busy.extend(due.call);
        self.running += 1;
        self.bucket.take(now_us);
        Some(due)
    }

    /// Since when the next may go, where the endpoint is sent anything at all, in microseconds UTC.
    pub(super) fn oldest_due_us(&self, now_us: i64) -> Option<i64> {
        self.queue.front().filter(|_| self.circuit.room(now_us) > 0).map(|due| due.due_us)
    }

    /// Whether something may go, as far as can be told without a search.
    pub(super) fn may_send(&self, now_us: i64) -> bool {
        !self.queue.is_empty() && self.running < self.circuit.room(now_us) && self.bucket.next_us(now_us) <= now_us
    }

    /// When time alone lets it do something, in microseconds UTC.
    pub(super) fn wake_us(&self, now_us: i64) -> Option<i64> {
        let pause_ends = self.circuit.paused_until_us().filter(|until_us| *until_us > now_us);
        let next = if self.queue.is_empty() { self.more_at_us } else { Some(self.bucket.next_us(now_us)) };
        let next = next.map(|at_us| pause_ends.map_or(at_us, |until_us| until_us.max(at_us)));
        next.filter(|at_us| *at_us > now_us)
    }

    /// An attempt is over. Its delivery, and its call where it failed, stay known until [`Self::written`].
    pub(super) fn done(&mut self, due: &Due, outcome: &Outcome, now_us: i64, random: u32) -> Verdict {
        let verdict = outcome.verdict(due.tries + 1, now_us, random);
        self.running = self.running.saturating_sub(1);
        match outcome.failure {
            None => self.circuit.succeeded(),
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
