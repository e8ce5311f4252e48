//! One call's record, held by the call's task: it numbers the timeline and the outbox and knows what the call costs.
//! Nothing here waits for the database, except [`Draft::open`] and whoever awaits the end.

use std::sync::Arc;

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallEventId, EventId, LegRecordId};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::change::{CallState, Changes};
use super::flush::Opening;
use super::live::{Allowance, LiveCall};
use crate::audit;
use crate::calls::Hub;
use crate::calls::store::events::EventRow;
use crate::calls::store::legs::StoredLeg;
use crate::calls::{CallError, CallRow, Direction, LegRecord, Milestone, Rate, rating};
use crate::state::AppState;
use crate::web::idempotency::StoredAnswer;
use crate::webhooks::{self, EventKind};

/// Entries of one call that wait for the database at most: beyond it the timeline has a gap, never the record.
const MOST_ENTRIES: usize = 1_000;

/// A call that passed its checks and is not written yet.
pub(in crate::calls) struct Draft {
    pub(in crate::calls) call: CallRow,
    pub(in crate::calls) legs: Vec<LegRecord>,
    pub(in crate::calls) answer: Option<StoredAnswer>,
    pub(in crate::calls) audit: Option<audit::Line>,
}

impl Draft {
    /// Writes the call, reserves what it needs, and waits until both stand. Nothing of a refused call is written.
    ///
    /// # Errors
    /// Too little money, too many who wait, or nothing can be recorded just now.
    pub(in crate::calls) async fn open(self, app: &AppState) -> Result<CallRecord, CallError> {
        let Self { call, legs, answer, audit } = self;
        let live = Arc::new(LiveCall::new(call.id, call.workspace_id));
        let rates: Vec<_> = legs.iter().map(|leg| (leg.id, leg.rate)).collect();
        let demand = live.add_legs(&rates, app.now_us())?;
        let mut record = CallRecord::new(app, call, legs, live);
        let data = json!({ "status": record.call.status, "direction": record.call.direction.as_str() });
        record.entry(Milestone::Ringing.as_str(), record.call.started_at, data);
        record.tell(EventKind::CallStarted);
        let changes = record.take();
        let opening = Opening { call: record.call.clone(), changes, demand, answer, audit };
        let writer = Hub::of(app).writer();
        // Before its row: an open row without a live call is closed.
        writer.live.insert(record.live.clone());
        if let Err(error) = writer.open(opening).await {
            writer.live.remove(record.call.id);
            return Err(error);
        }
        Hub::of(app).changed(record.call.id);
        Ok(record)
    }
}

/// How a call ended.
#[derive(Debug, Clone)]
pub struct CallEnd {
    /// Terminal; `completed` exactly when it was answered.
    pub status: CallStatus,
    /// Why, from the table of causes.
    pub hangup_cause: String,
    /// Microseconds UTC.
    pub ended_at: i64,
}

/// The record of a call that was opened.
pub struct CallRecord {
    app: AppState,
    call: CallRow,
    legs: Vec<LegRecord>,
    live: Arc<LiveCall>,
    /// Places in `legs` of what changed.
    changed: Vec<usize>,
    entries: Vec<EventRow>,
    outbox: Vec<webhooks::NewEvent>,
}

impl CallRecord {
    fn new(app: &AppState, call: CallRow, legs: Vec<LegRecord>, live: Arc<LiveCall>) -> Self {
        let changed = (0..legs.len()).collect();
        Self { app: app.clone(), call, legs, live, changed, entries: Vec::new(), outbox: Vec::new() }
    }

    /// The call's row as it stands.
    pub fn call(&self) -> &CallRow {
        &self.call
    }

    /// A leg as it stands.
    pub fn leg(&self, id: LegRecordId) -> Option<&LegRecord> {
        self.legs.iter().find(|leg| leg.id == id)
    }

    /// Adds an entry to the timeline; `at_us` is when it happened, in microseconds UTC.
    pub fn entry(&mut self, kind: &str, at_us: i64, data: Value) {
        if self.entries.len() >= MOST_ENTRIES {
            tracing::warn!(call = %self.call.id, "an entry of a call's timeline is left out: too many wait");
            return;
        }
        self.call.entry_seq += 1;
        let id = CallEventId(self.app.new_uuid());
        let sequence = self.call.entry_seq;
        self.entries.push(EventRow { id, sequence, kind: kind.to_owned(), data, occurred_at: at_us });
    }

    /// The way to the money of further legs.
    pub fn funds(&self) -> CallFunds {
        CallFunds { app: self.app.clone(), live: self.live.clone() }
    }

    /// A leg begins to ring.
    pub fn leg_began(&mut self, leg: LegRecord) {
        if self.leg(leg.id).is_none() {
            self.changed.push(self.legs.len());
            self.legs.push(leg);
        }
    }

    /// What it takes to end a leg's dialog after a crash.
    pub fn leg_dialog(&mut self, id: LegRecordId, dialog: Value) {
        self.change(id, |leg| leg.dialog = Some(dialog));
    }

    /// A leg was answered at `at_us`; how long the call may go on, where its money is bounded.
    pub fn leg_answered(&mut self, id: LegRecordId, at_us: i64) -> Option<Allowance> {
        self.change(id, |leg| leg.answered_at = Some(at_us));
        self.live.answered(id, at_us)
    }

    /// A leg is over; how long the call may go on, where its money is bounded.
    pub fn leg_ended(&mut self, id: LegRecordId, at_us: i64, outcome: String) -> Option<Allowance> {
        self.change(id, |leg| {
            leg.ended_at = Some(at_us);
            leg.outcome = Some(outcome);
        });
        self.live.ended(id, at_us)
    }

    /// The call was answered by `party`: of several targets the one that the call was to.
    pub fn answered(&mut self, at_us: i64, party: Option<LegRecordId>) {
        if self.call.status != CallStatus::Ringing {
            return;
        }
        (self.call.status, self.call.answered_at) = (CallStatus::Answered, Some(at_us));
        // A party that we called is who the call was to; one that called us is not.
        let winner = party.and_then(|id| self.leg(id)).filter(|leg| leg.direction == Direction::Outbound);
        if let Some(target) = winner.map(|leg| leg.target.clone()) {
            (self.call.to, self.call.remote) = (target.clone(), target);
        }
        self.entry(Milestone::Answered.as_str(), at_us, json!({ "status": self.call.status }));
        self.tell(EventKind::CallAnswered);
    }

    /// Hands over what is new. The writer writes it within a quarter of a second.
    pub fn hand_over(&mut self) {
        if !(self.changed.is_empty() && self.entries.is_empty() && self.outbox.is_empty()) {
            let changes = self.take();
            Hub::of(&self.app).writer().put(changes);
        }
    }

    /// Ends the record. The receiver is told once the end is kept, and with it the bill. Where figures are out of range the
    /// record is closed without a cost, and the log says so.
    pub fn end(&mut self, end: CallEnd) -> oneshot::Receiver<()> {
        let answered = self.call.status == CallStatus::Answered;
        let status = if answered { CallStatus::Completed } else { end.status };
        self.call.status = status;
        self.call.ended_at = Some(end.ended_at);
        self.call.duration_seconds =
            Some(self.call.answered_at.map_or(0, |at| rating::duration_seconds(at, end.ended_at)));
        self.call.hangup_cause = Some(end.hangup_cause);
        self.changed = (0..self.legs.len()).collect();
        for leg in &mut self.legs {
            leg.ended_at.get_or_insert(end.ended_at);
        }
        let cost_minor = self.cost_minor().unwrap_or_else(|error| {
            tracing::error!(call = %self.call.id, %error, "a call could not be rated");
            0
        });
        self.call.cost_minor = Some(cost_minor);
        let milestone = if status == CallStatus::Completed { Milestone::Completed } else { Milestone::Failed };
        let data = json!({ "status": status, "hangup_cause": self.call.hangup_cause,
            "duration_seconds": self.call.duration_seconds });
        self.entry(milestone.as_str(), end.ended_at, data);
        self.tell_before_cost(if status == CallStatus::Completed {
            EventKind::CallCompleted
        } else {
            EventKind::CallFailed
        });
        if cost_minor > 0 {
            let data = json!({ "cost_minor": cost_minor, "currency": self.call.currency.code() });
            self.entry(Milestone::Billed.as_str(), self.app.now_us(), data);
            self.tell(EventKind::CallBilled);
        }
        let changes = self.take();
        self.live.over();
        Hub::of(&self.app).writer().put_end(changes)
    }

    /// The end is kept: the call no longer runs on this node. Entries may still follow.
    pub fn close(&self) {
        Hub::of(&self.app).writer().live.remove(self.call.id);
    }

    fn change(&mut self, id: LegRecordId, change: impl FnOnce(&mut LegRecord)) {
        let Some(index) = self.legs.iter().position(|leg| leg.id == id) else { return };
        change(&mut self.legs[index]);
        if !self.changed.contains(&index) {
            self.changed.push(index);
        }
    }

    fn cost_minor(&self) -> Result<i64, rating::RatingError> {
        self.legs
            .iter()
            .try_fold(0_i64, |sum, leg| sum.checked_add(leg.billed_minor(self.call.status)?).ok_or(rating::RatingError))
    }

    fn take(&mut self) -> Changes {
        let is_over = self.call.ended_at.is_some();
        let legs = self.changed.drain(..).map(|index| {
            let leg = self.legs[index].clone();
            // An open leg's seconds are told by whoever reads it.
            let duration_seconds = leg.ended_at.map_or(0, |at| leg.duration_seconds(at));
            let cost_minor = is_over.then(|| leg.billed_minor(self.call.status).unwrap_or(0));
            StoredLeg { leg, duration_seconds, cost_minor }
        });
        Changes {
            call_id: self.call.id,
            workspace_id: self.call.workspace_id,
            legs: legs.collect(),
            state: state_of(&self.call),
            entries: std::mem::take(&mut self.entries),
            outbox: std::mem::take(&mut self.outbox),
        }
    }

    /// The event of an end says nothing of the cost; that is the bill's (webhooks.md).
    fn tell_before_cost(&mut self, kind: EventKind) {
        let cost_minor = self.call.cost_minor.filter(|cost| *cost == 0);
        self.tell_with(kind, cost_minor);
    }

    fn tell(&mut self, kind: EventKind) {
        self.tell_with(kind, self.call.cost_minor);
    }

    fn tell_with(&mut self, kind: EventKind, cost_minor: Option<i64>) {
        self.call.outbox_seq += 1;
        let id = EventId(self.app.new_uuid());
        self.outbox.push(outbox_event(id, &self.call, kind, cost_minor, self.app.now_us()));
    }
}

impl Drop for CallRecord {
    /// Whatever became of its task: a call without one does not run, and what is open of it is closed.
    fn drop(&mut self) {
        self.close();
    }
}

/// The money of a live call, for legs that it is about to dial.
#[derive(Clone)]
pub struct CallFunds {
    app: AppState,
    live: Arc<LiveCall>,
}

impl CallFunds {
    /// Reserves what a leg of `rate` needs at first and waits until it is held, or at once where there is plenty. One that
    /// costs nothing need not wait.
    ///
    /// # Errors
    /// Too little money, too many who wait, or nothing can be recorded just now.
    pub async fn reserve(&self, leg: LegRecordId, rate: Rate) -> Result<(), CallError> {
        let now_us = self.app.now_us();
        let demand = self.live.add_legs(&[(leg, rate)], now_us)?;
        let Some(demand) = demand else { return Ok(()) };
        let reserved = Hub::of(&self.app).writer().reserve(self.live.workspace_id, demand, now_us).await;
        if reserved.is_err() {
            self.release(leg);
        }
        reserved
    }

    /// The leg is not dialled after all; what it holds goes back with the next tick.
    pub fn release(&self, leg: LegRecordId) {
        self.live.ended(leg, self.app.now_us());
    }
}

/// The columns that change of a call's row.
pub(super) fn state_of(call: &CallRow) -> CallState {
    CallState {
        status: call.status,
        to: call.to.clone(),
        remote: call.remote.clone(),
        answered_at: call.answered_at,
        ended_at: call.ended_at,
        duration_seconds: call.duration_seconds,
        hangup_cause: call.hangup_cause.clone(),
        cost_minor: call.cost_minor,
        entry_seq: call.entry_seq,
        outbox_seq: call.outbox_seq,
    }
}

/// A call's event; its place is the row's newest.
pub(super) fn outbox_event(
    id: EventId,
    call: &CallRow,
    kind: EventKind,
    cost_minor: Option<i64>,
    now_us: i64,
) -> webhooks::NewEvent {
    webhooks::NewEvent {
        id,
        workspace_id: call.workspace_id,
        kind,
        subject: webhooks::Subject::Call { call_id: call.id, number_id: call.number_id, sequence: call.outbox_seq },
        data: json!({
            "call_id": call.id,
            "pbx_call_id": call.id.pbx_call_id(),
            "status": call.status,
            "direction": call.direction.as_str(),
            "from": call.from,
            "to": call.to,
            "duration_seconds": call.duration_seconds,
            "cost_minor": cost_minor,
            "hangup_cause": call.hangup_cause,
            "metadata": call.metadata,
        }),
        created_at: now_us,
    }
}
