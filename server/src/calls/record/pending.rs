//! What waits for the record writer, merged per call: a flush has each call once, however much happened to it.

use std::collections::{HashMap, HashSet, VecDeque};

use sautikit_api::ids::{CallId, WorkspaceId};
use tokio::sync::oneshot;

use super::change::Changes;
use super::flush::{Batch, Opening};
use crate::calls::CallError;
use crate::calls::trace::TraceRow;
use crate::wallet::quota::Demand;
use crate::webhooks::NewEvent;

/// Calls of one flush; more would make those who wait for it wait longer for each other.
const CALLS_PER_FLUSH: usize = 256;
/// Traces that may wait while the database is away, some 3 kB each. Nothing of a call depends on them.
const MOST_TRACES: usize = 4_096;

/// Events of no call that may wait while neither the database nor the disk takes any, some 30 MB.
const MOST_EVENTS: usize = 65_536;

/// Who is told of an opening or a reservation.
pub(super) type Reply = oneshot::Sender<Result<(), CallError>>;
/// Who is told once a call's changes are kept.
pub(super) type Kept = Vec<(CallId, oneshot::Sender<()>)>;

/// How soon what is pending is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Urgency {
    /// Nobody waits for it.
    #[default]
    Lazy,
    /// The end of a call, which is told once it is kept, and a leg's dialog: a few of them share a flush.
    Soon,
    /// A caller hears nothing until it stands.
    Now,
    /// A flush is full, or somebody wants to see it written, whatever that costs.
    AtOnce,
}

/// Something that waits for its flush.
pub(super) enum Waiting {
    Open(Box<Opening>, Reply),
    Reserve(WorkspaceId, Demand, Reply),
}

#[derive(Default)]
pub(super) struct Pending {
    pub(super) waiting: Vec<Waiting>,
    pub(super) changes: HashMap<CallId, Changes>,
    /// Calls of `changes` in the order in which they came.
    pub(super) order: Vec<CallId>,
    /// Events that no call's record has, the oldest first.
    pub(super) events: VecDeque<NewEvent>,
    /// Who is told once their call's changes are kept.
    pub(super) kept: Kept,
    pub(super) demands: Vec<(WorkspaceId, Demand)>,
    /// Demands of legs that nobody waits for, because there is plenty.
    pub(super) reserved: Vec<(WorkspaceId, Demand)>,
    pub(super) heard: Vec<(CallId, i64)>,
    pub(super) lease_until: Option<i64>,
    /// Traces of calls that are over, the oldest first.
    pub(super) traces: VecDeque<TraceRow>,
    pub(super) urgency: Urgency,
    /// What was taken last is being written.
    pub(super) is_flushing: bool,
}

impl Pending {
    pub(super) fn put(&mut self, changes: Changes) {
        match self.changes.get_mut(&changes.call_id) {
            Some(known) => known.merge(changes),
            None => {
                self.order.push(changes.call_id);
                self.changes.insert(changes.call_id, changes);
            }
        }
    }

    /// Takes an event, or gives it back where too many wait.
    pub(super) fn put_event(&mut self, event: NewEvent) -> Option<NewEvent> {
        if self.events.len() >= MOST_EVENTS {
            return Some(event);
        }
        self.events.push_back(event);
        None
    }

    /// Takes a trace, or gives it back where too many wait.
    pub(super) fn put_trace(&mut self, trace: TraceRow) -> Option<TraceRow> {
        if self.traces.len() >= MOST_TRACES {
            return Some(trace);
        }
        self.traces.push_back(trace);
        None
    }

    /// Whether a flush can't take more, so that waiting for more would be in vain.
    pub(super) fn is_full(&self) -> bool {
        self.most() >= CALLS_PER_FLUSH
    }

    /// Of what a flush takes so many of at most, the most that waits.
    fn most(&self) -> usize {
        self.order.len().max(self.waiting.len()).max(self.events.len())
    }

    /// Whether everything that was handed over is written.
    pub(super) fn is_written(&self) -> bool {
        let Self { waiting, changes, events, kept, demands, reserved, heard, lease_until, traces, is_flushing, .. } =
            self;
        let is_told = events.is_empty() && kept.is_empty() && traces.is_empty();
        let is_empty = is_told && waiting.is_empty() && changes.is_empty() && heard.is_empty();
        is_empty && demands.is_empty() && reserved.is_empty() && lease_until.is_none() && !is_flushing
    }

    pub(super) fn take(&mut self) -> (Batch, Vec<Waiting>, Kept) {
        let count = self.order.len().min(CALLS_PER_FLUSH);
        let order: Vec<_> = self.order.drain(..count).collect();
        let changes: Vec<_> = order.iter().filter_map(|call| self.changes.remove(call)).collect();
        let is_taken: HashSet<_> = order.iter().copied().collect();
        let (kept, later) = std::mem::take(&mut self.kept).into_iter().partition(|(call, _)| is_taken.contains(call));
        self.kept = later;
        let count = self.waiting.len().min(CALLS_PER_FLUSH);
        let waiting: Vec<_> = self.waiting.drain(..count).collect();
        let count = self.events.len().min(CALLS_PER_FLUSH);
        let events = self.events.drain(..count).collect();
        self.urgency = match (self.most(), self.is_full()) {
            (0, _) => Urgency::Lazy,
            (_, true) => Urgency::AtOnce,
            _ => Urgency::Now,
        };
        if self.order.is_empty() {
            // A burst leaves nothing behind.
            (self.changes, self.order) = (HashMap::new(), Vec::new());
        }
        let asks = waiting.iter().filter_map(|one| match one {
            Waiting::Reserve(_, demand, _) => Some(demand.call),
            Waiting::Open(..) => None,
        });
        let asks: HashSet<_> = asks.chain(self.reserved.iter().map(|(_, demand)| demand.call)).collect();
        let mut demands = std::mem::take(&mut self.demands);
        // What a leg asks for is what its whole call wants. Served before it, the tick's demand could take what is left and
        // have the leg refused for that.
        demands.retain(|(_, demand)| !asks.contains(&demand.call));
        demands.append(&mut self.reserved);
        let count = self.traces.len().min(CALLS_PER_FLUSH);
        let traces = self.traces.drain(..count).collect();
        let batch = Batch {
            changes,
            events,
            demands,
            traces,
            heard: std::mem::take(&mut self.heard),
            lease_until: self.lease_until.take(),
            ..Batch::default()
        };
        self.is_flushing = !batch.is_empty() || !waiting.is_empty();
        (batch, waiting, kept)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::change::told;
    use super::*;

    #[test]
    fn events_of_no_call_go_with_a_flush_in_their_order_and_so_many_at_once() {
        let mut pending = Pending::default();
        let most = CALLS_PER_FLUSH as u128;
        for number in 0..most + 2 {
            assert!(pending.put_event(told(number)).is_none());
        }
        assert!(pending.is_full() && !pending.is_written());
        let numbers = |pending: &mut Pending| {
            let (batch, ..) = pending.take();
            batch.events.iter().map(|event| event.id.0.as_u128()).collect::<Vec<_>>()
        };
        assert_eq!(numbers(&mut pending), (0..most).collect::<Vec<_>>());
        assert_eq!(pending.urgency, Urgency::Now, "the rest does not wait");
        assert_eq!(numbers(&mut pending), [most, most + 1]);
        assert!(pending.events.is_empty());
    }

    #[test]
    fn what_a_tick_asks_for_gives_way_to_what_a_leg_of_the_call_asks_for() {
        let workspace = WorkspaceId(Uuid::nil());
        let of = |number, least_minor| {
            let call = CallId(Uuid::from_u128(number));
            Demand { call, least_minor, wanted_minor: 150 }
        };
        let mut pending = Pending::default();
        pending.demands = [1, 2, 3].map(|number| (workspace, of(number, None))).to_vec();
        pending.reserved.push((workspace, of(2, Some(5))));
        let (reply, _told) = oneshot::channel();
        pending.waiting.push(Waiting::Reserve(workspace, of(3, Some(5)), reply));
        let (batch, waiting, _) = pending.take();
        let demands: Vec<_> = batch.demands.into_iter().map(|(_, demand)| demand).collect();
        assert_eq!((demands, waiting.len()), (vec![of(1, None), of(2, Some(5))], 1));
    }
}
