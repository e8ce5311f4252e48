//! One call's record, held by the call's task: what is known of it and the money that it holds. Nothing here waits for the
//! database, except [`Draft::open`] and whoever awaits the end.

use std::sync::Arc;
use std::time::Duration;

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, LegRecordId};
use serde_json::Value;
use tokio::sync::oneshot;

use super::flush::{Most, Opening};
use super::journal::{Attempt, News};
use super::journal_writer::Written;
use super::live::{Allowance, LiveCall};
use super::story::Story;
use crate::audit;
use crate::calls::Hub;
use crate::calls::limits::Limits;
use crate::calls::trace::{CallTrace, LegTrace};
use crate::calls::{CallError, CallRow, Direction, LegRecord, Rate};
use crate::clock::Origin;
use crate::state::AppState;
use crate::web::idempotency::StoredAnswer;

/// A call that passed its checks and is not written yet.
pub(in crate::calls) struct Draft {
    pub(in crate::calls) call: CallRow,
    pub(in crate::calls) legs: Vec<LegRecord>,
    pub(in crate::calls) answer: Option<StoredAnswer>,
    pub(in crate::calls) audit: Option<audit::Line>,
    /// What the calls of its workspace may.
    pub(in crate::calls) limits: Arc<Limits>,
}

impl Draft {
    /// Writes the call, reserves what it needs, and waits until both stand. Nothing of a refused call is written.
    ///
    /// # Errors
    /// Too many calls, too little money or too little left of the day, too many who wait, or nothing can be recorded just now.
    pub(in crate::calls) async fn open(self, app: &AppState) -> Result<CallRecord, CallError> {
        let Self { call, legs, answer, audit, limits } = self;
        let origin = Origin::now(&*app.clock);
        let is_outbound = call.direction == Direction::Outbound;
        let seat = Hub::of(app).seats().take(call.workspace_id, &limits, is_outbound, app.clock.monotonic());
        let seat = seat.map_err(CallError::LimitExceeded)?;
        let live = Arc::new(LiveCall::new((call.id, call.workspace_id), call.tax, (origin, app.clock.clone()), seat));
        let rates: Vec<_> = legs.iter().map(|leg| (leg.id, leg.rate)).collect();
        let demand = live.add_legs(&rates, app.clock.monotonic())?;
        let mut record = CallRecord { app: app.clone(), story: Story::new(app, call, legs), live };
        record.story.begin();
        let changes = record.story.take();
        let (concurrent, per_second) = (limits.concurrent_calls, limits.calls_per_second);
        let most = limits.counts().then_some(Most { concurrent, per_second });
        let opening = Opening { call: record.call().clone(), changes, demand, answer, audit, most };
        let writer = Hub::of(app).writer();
        // Before its row: an open row without a live call is closed.
        writer.live.insert(record.live.clone());
        if let Err(error) = writer.open(opening).await {
            writer.live.remove(record.call().id);
            return Err(error);
        }
        record.live.stands();
        Hub::changed(app, record.call().id);
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
    story: Story,
    live: Arc<LiveCall>,
}

impl CallRecord {
    /// The call's row as it stands.
    pub fn call(&self) -> &CallRow {
        &self.story.call
    }

    /// A moment of the monotonic clock in microseconds UTC of this record: it counts from the call's begin, whatever the wall
    /// clock is set to meanwhile.
    pub fn wall_us(&self, moment: Duration) -> i64 {
        self.live.wall_us(moment)
    }

    /// A leg as it stands.
    pub fn leg(&self, id: LegRecordId) -> Option<&LegRecord> {
        self.story.leg(id)
    }

    /// Adds an entry to the timeline; `at_us` is when it happened, in microseconds UTC.
    pub fn entry(&mut self, kind: &str, at_us: i64, data: Value) {
        self.story.entry(kind, at_us, data);
    }

    /// The way to the money of further legs.
    pub fn funds(&self) -> CallFunds {
        CallFunds { app: self.app.clone(), live: self.live.clone() }
    }

    /// The way to keep a leg's dialog the moment that it stands.
    pub fn dialog_keeper(&self, leg: LegRecordId) -> DialogKeeper {
        DialogKeeper { app: self.app.clone(), call_id: self.story.call.id, leg }
    }

    /// A leg begins to ring.
    pub fn leg_began(&mut self, leg: LegRecord) {
        self.story.add(leg);
    }

    /// What it takes to end a leg's dialog after a crash.
    pub fn leg_dialog(&mut self, id: LegRecordId, dialog: Value) {
        self.story.change(id, |leg| leg.dialog = Some(dialog));
    }

    /// How long the call may go on, for its task to go by from here on; none where that can't be reckoned.
    pub fn allowance(&self) -> Option<Allowance> {
        self.live.allowance()
    }

    /// A leg was answered at `at_us`; how long the call may go on from here on, where the leg costs something.
    pub fn leg_answered(&mut self, id: LegRecordId, at_us: i64) -> Option<Allowance> {
        self.story.change(id, |leg| leg.answered_at = Some(at_us));
        self.live.answered(id, at_us)
    }

    /// A leg is over; how long the call may go on from here on, where the leg cost something.
    pub fn leg_ended(&mut self, id: LegRecordId, at_us: i64, outcome: String) -> Option<Allowance> {
        self.story.change(id, |leg| {
            leg.ended_at = Some(at_us);
            leg.outcome = Some(outcome);
        });
        let talked_us = self.story.leg(id).and_then(|leg| leg.answered_at).map_or(0, |answered_at| at_us - answered_at);
        Hub::of(&self.app).watch().ended(id, talked_us);
        self.live.ended(id, at_us)
    }

    /// The call was answered by `party`: of several targets the one that the call was to.
    pub fn answered(&mut self, at_us: i64, party: Option<LegRecordId>) {
        self.story.answered(at_us, party);
    }

    /// Hands over what is new. The writer writes it within a quarter of a second.
    pub fn hand_over(&mut self) {
        if self.story.has_news() {
            let changes = self.story.take();
            Hub::of(&self.app).writer().put(changes);
        }
    }

    /// Ends the record. The receiver is told once the end is kept, and with it the bill.
    pub fn end(&mut self, end: CallEnd) -> oneshot::Receiver<()> {
        let changes = self.story.end(end);
        self.live.over();
        Hub::of(&self.app).writer().put_end(changes)
    }

    /// What its legs say in SIP and how they sound.
    pub fn trace(&self) -> &Arc<CallTrace> {
        &self.live.trace
    }

    /// Where the messages of a leg go; `number` is the leg's within the call.
    pub fn leg_trace(&self, leg: LegRecordId, number: u32) -> LegTrace {
        let trace = &self.live.trace;
        if let Some(known) = trace.leg(leg) {
            return known;
        }
        let fresh = LegTrace::new(Hub::of(&self.app).writer().trace_room());
        trace.add(leg, number, fresh.clone());
        fresh
    }

    /// The end is kept: the call no longer runs on this node. Entries may still follow.
    pub fn close(&self) {
        let writer = Hub::of(&self.app).writer();
        if writer.live.remove(self.story.call.id) && self.app.config.calls.trace_days > 0 {
            let LiveCall { call_id, workspace_id, trace, .. } = &*self.live;
            writer.ended.put(self.app.clock.monotonic(), *call_id, *workspace_id, trace);
        }
    }
}

impl Drop for CallRecord {
    /// Whatever became of its task: a call without one does not run, and what is open of it is closed.
    fn drop(&mut self) {
        self.close();
    }
}

/// Keeps beside the database what one leg's attempts to reach somebody have come to, so that a process that is killed leaves
/// nobody ringing, and before its call knows of an answer nobody connected. Attempts are told apart by a number.
#[derive(Clone)]
pub struct DialogKeeper {
    app: AppState,
    call_id: CallId,
    leg: LegRecordId,
}

impl DialogKeeper {
    /// Hands over for the next process what it takes to give the INVITE of an attempt up, in place of one of before. Never waits:
    /// who sends the INVITE waits for what this gives, which fails in silence where the disk is full.
    pub fn keep_invite(&self, attempt: u64, invite: &Value) -> Written {
        self.write(attempt, News::Rings(invite))
    }

    /// As [`DialogKeeper::keep_invite`], of its dialog once it was answered.
    pub fn keep(&self, attempt: u64, dialog: &Value) -> Written {
        self.write(attempt, News::Stands(dialog))
    }

    /// As [`DialogKeeper::keep_invite`], of a caller's INVITE; it stands before that of anybody who is dialled for the
    /// caller.
    pub fn keep_caller(&self, attempt: u64, invite: &Value) {
        self.note(attempt, News::Rings(invite));
    }

    /// As [`DialogKeeper::keep_invite`]: nothing is left of the attempt.
    pub fn over(&self, attempt: u64) {
        self.note(attempt, News::Over);
    }

    fn write(&self, number: u64, news: News<'_>) -> Written {
        Hub::of(&self.app).writer().keep_attempt(self.attempt(number), news)
    }

    fn note(&self, number: u64, news: News<'_>) {
        Hub::of(&self.app).writer().note_attempt(self.attempt(number), news);
    }

    fn attempt(&self, number: u64) -> Attempt {
        Attempt { call: self.call_id, leg: self.leg, number }
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
        let demand = self.live.add_legs(&[(leg, rate)], self.app.clock.monotonic())?;
        let Some(demand) = demand else { return Ok(()) };
        let reserved = Hub::of(&self.app).writer().reserve(self.live.workspace_id, demand, self.app.now_us()).await;
        if reserved.is_err() {
            self.release(leg);
        }
        reserved
    }

    /// The leg is not dialled after all; what it holds goes back with the next tick.
    pub fn release(&self, leg: LegRecordId) {
        self.live.released(leg, self.live.wall_us(self.app.clock.monotonic()));
    }
}
