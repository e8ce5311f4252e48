//! What is known of one call, and what is new since it was handed over: whoever tells it (the call's own task, or who closes
//! a call that a node left open) numbers the timeline and the outbox, and knows what the call costs.

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallEventId, EventId, LegRecordId};
use serde_json::{Value, json};

use super::CallEnd;
use super::change::{CallState, Changes, MOST_ENTRIES};
use crate::calls::store::events::EventRow;
use crate::calls::store::legs::StoredLeg;
use crate::calls::{CallRow, Direction, LegRecord, Milestone, rating};
use crate::state::AppState;
use crate::webhooks::{self, EventKind};

/// A call with its legs.
pub(super) struct Story {
    app: AppState,
    pub(super) call: CallRow,
    legs: Vec<LegRecord>,
    /// Places in `legs` of what changed.
    changed: Vec<usize>,
    entries: Vec<EventRow>,
    outbox: Vec<webhooks::NewEvent>,
    /// When the last event was told, in microseconds UTC.
    told_at: i64,
}

impl Story {
    /// As it stands; all its legs count as changed.
    pub(super) fn new(app: &AppState, call: CallRow, legs: Vec<LegRecord>) -> Self {
        let changed = (0..legs.len()).collect();
        Self { app: app.clone(), call, legs, changed, entries: Vec::new(), outbox: Vec::new(), told_at: i64::MIN }
    }

    pub(super) fn leg(&self, id: LegRecordId) -> Option<&LegRecord> {
        self.legs.iter().find(|leg| leg.id == id)
    }

    /// Adds a leg, unless it is known.
    pub(super) fn add(&mut self, leg: LegRecord) {
        if self.leg(leg.id).is_none() {
            self.changed.push(self.legs.len());
            self.legs.push(leg);
        }
    }

    pub(super) fn change(&mut self, id: LegRecordId, change: impl FnOnce(&mut LegRecord)) {
        let Some(index) = self.legs.iter().position(|leg| leg.id == id) else { return };
        change(&mut self.legs[index]);
        if !self.changed.contains(&index) {
            self.changed.push(index);
        }
    }

    /// Adds an entry to the timeline; `at_us` is when it happened, in microseconds UTC.
    pub(super) fn entry(&mut self, kind: &str, at_us: i64, data: Value) {
        // Whoever is told of it need not miss it where the timeline has a gap.
        if kind == EventKind::CallCallbackFailed.as_str() {
            self.tell_callback(&data);
        }
        if self.entries.len() >= MOST_ENTRIES && Milestone::parse(kind).is_none() {
            tracing::warn!(call = %self.call.id, "an entry of a call's timeline is left out: too many wait");
            return;
        }
        self.call.entry_seq += 1;
        let id = CallEventId(self.app.new_uuid());
        let sequence = self.call.entry_seq;
        self.entries.push(EventRow { id, sequence, kind: kind.to_owned(), data, occurred_at: at_us });
    }

    /// The call begins to ring.
    pub(super) fn begin(&mut self) {
        let data = json!({ "status": self.call.status, "direction": self.call.direction.as_str() });
        self.entry(Milestone::Ringing.as_str(), self.call.started_at, data);
        self.tell(EventKind::CallStarted, self.call.cost_minor);
    }

    /// The call was answered by `party`: of several targets the one that the call was to.
    pub(super) fn answered(&mut self, at_us: i64, party: Option<LegRecordId>) {
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
        self.tell(EventKind::CallAnswered, self.call.cost_minor);
    }

    /// The call is over: its end, milestone, event and bill, and with them all that is new. Where figures are out of range it
    /// is closed without a cost, and the log says so: an open call would be worse.
    pub(super) fn end(&mut self, end: CallEnd) -> Changes {
        self.close(end);
        let cost_minor = self.cost_minor().unwrap_or_else(|error| {
            tracing::error!(call = %self.call.id, %error, "a call could not be rated");
            0
        });
        self.tell_end(cost_minor);
        self.take()
    }

    /// The call and the legs that are open end; `completed` is what an answered call is, whatever else it is said to be.
    fn close(&mut self, end: CallEnd) {
        let answered = self.call.status == CallStatus::Answered;
        self.call.status = if answered { CallStatus::Completed } else { end.status };
        self.call.ended_at = Some(end.ended_at);
        self.call.duration_seconds =
            Some(self.call.answered_at.map_or(0, |at| rating::duration_seconds(at, end.ended_at)));
        self.call.hangup_cause = Some(end.hangup_cause);
        self.changed = (0..self.legs.len()).collect();
        for leg in &mut self.legs {
            leg.ended_at.get_or_insert(end.ended_at);
        }
    }

    /// What the legs of a call that is over cost together.
    fn cost_minor(&self) -> Result<i64, rating::RatingError> {
        self.legs
            .iter()
            .try_fold(0_i64, |sum, leg| sum.checked_add(leg.billed_minor(self.call.status)?).ok_or(rating::RatingError))
    }

    /// Tells of the end, and of the bill: the end's event says nothing of a cost that is still to be debited (webhooks.md). Who
    /// waits for the bill of a call that was answered gets one where there is nothing to pay too.
    fn tell_end(&mut self, cost_minor: i64) {
        self.call.cost_minor = Some(cost_minor);
        self.call.tax_minor = self.call.tax.on_minor(cost_minor);
        let (milestone, event) = match self.call.status {
            CallStatus::Completed => (Milestone::Completed, EventKind::CallCompleted),
            _ => (Milestone::Failed, EventKind::CallFailed),
        };
        let data = json!({ "status": self.call.status, "hangup_cause": self.call.hangup_cause,
            "duration_seconds": self.call.duration_seconds });
        let now_us = self.app.now_us();
        self.entry(milestone.as_str(), self.call.ended_at.unwrap_or(now_us), data);
        self.tell(event, Some(cost_minor).filter(|cost| *cost == 0));
        if cost_minor > 0 {
            let data = json!({ "cost_minor": cost_minor, "tax_minor": self.call.tax_minor,
                "currency": self.call.currency.code() });
            self.entry(Milestone::Billed.as_str(), now_us, data);
        }
        if cost_minor > 0 || self.call.status == CallStatus::Completed {
            self.tell(EventKind::CallBilled, Some(cost_minor));
        }
    }

    /// Whether anything is new.
    pub(super) fn has_news(&self) -> bool {
        !(self.changed.is_empty() && self.entries.is_empty() && self.outbox.is_empty())
    }

    /// What is new, which is old from here on.
    pub(super) fn take(&mut self) -> Changes {
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

    /// Tells that the customer's server gave no actions; `entry` is what the timeline says of it.
    fn tell_callback(&mut self, entry: &Value) {
        self.tell(EventKind::CallCallbackFailed, self.call.cost_minor);
        if let Some(event) = self.outbox.last_mut() {
            event.data["callback"] = entry.clone();
        }
    }

    fn tell(&mut self, kind: EventKind, cost_minor: Option<i64>) {
        self.call.outbox_seq += 1;
        let id = EventId(self.app.new_uuid());
        // Those that wait are told by their time, and a call's in their order: a clock that goes back changes nothing of that.
        self.told_at = self.told_at.max(self.app.now_us());
        self.outbox.push(outbox_event(id, &self.call, kind, cost_minor, self.told_at));
    }
}

/// The columns that change of a call's row.
fn state_of(call: &CallRow) -> CallState {
    CallState {
        status: call.status,
        to: call.to.clone(),
        remote: call.remote.clone(),
        answered_at: call.answered_at,
        ended_at: call.ended_at,
        duration_seconds: call.duration_seconds,
        hangup_cause: call.hangup_cause.clone(),
        cost_minor: call.cost_minor,
        tax_minor: call.tax_minor,
        entry_seq: call.entry_seq,
        outbox_seq: call.outbox_seq,
    }
}

/// A call's event; its place is the row's newest.
fn outbox_event(
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
        data: event_data_with(call, cost_minor),
        created_at: now_us,
    }
}

/// What events about a call say of it.
pub fn event_data(call: &CallRow) -> Value {
    event_data_with(call, call.cost_minor)
}

fn event_data_with(call: &CallRow, cost_minor: Option<i64>) -> Value {
    json!({
        "call_id": call.id,
        "pbx_call_id": call.id.pbx_call_id(),
        "status": call.status,
        "direction": call.direction.as_str(),
        "from": call.from,
        "to": call.to,
        "duration_seconds": call.duration_seconds,
        "cost_minor": cost_minor,
        "tax_minor": cost_minor.map(|_| call.tax_minor),
        "hangup_cause": call.hangup_cause,
        "metadata": call.metadata,
    })
}
