//! The way to the record writer: what calls hand over, and what they wait for.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::ids::{CallId, WorkspaceId};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::TICK_EVERY;
use super::ample::Ample;
use super::change::Changes;
use super::flush::{Batch, Opening};
use super::journal::{Attempt, Journal, News};
use super::journal_writer::{JournalWriter, Written};
use super::live::LiveCalls;
use super::pending::{Kept, Pending, Urgency, Waiting};
use super::witness::Witness;
use crate::calls::CallError;
use crate::calls::trace::{CallTrace, Ended, Room, TraceRow};
use crate::wallet::quota::Demand;
use crate::webhooks::NewEvent;

/// How long a new call waits for its record; then it is refused.
const OPEN_WITHIN: Duration = Duration::from_secs(2);
/// Openings and reservations that may wait; beyond it they are refused at once. At 1,000 a second it is four seconds'
/// worth, which nobody who calls would wait for.
const MOST_WAITING: usize = 4_096;
/// A wallet that no tick has reached for so long can't be asked. A call that got all it asked for is paid for twice as long.
const LATE: Duration = TICK_EVERY.saturating_mul(3);

/// The record writer's way in. What it has not written yet is in here.
#[derive(Default)]
pub struct RecordWriter {
    pub(super) pending: Mutex<Pending>,
    pub(super) bell: Notify,
    /// Rings when the database was away and is back.
    pub(super) back: Notify,
    pub(super) state: Mutex<State>,
    pub(in crate::calls) live: LiveCalls,
    pub(super) ample: Ample,
    /// Where dialogs are kept until the database has them; none where nobody looks after a crash.
    pub(super) journal: OnceLock<Arc<Journal>>,
    pub(super) journal_writer: OnceLock<JournalWriter>,
    pub(super) witness: Mutex<Witness>,
    /// Open calls of this node that run nowhere and whose ends are kept already.
    pub(super) closed: Mutex<HashSet<CallId>>,
    /// Calls whose ends the database refuses, which are kept for people.
    pub(super) put_aside: Mutex<HashSet<CallId>>,
    /// Calls that are over, with what their legs said.
    pub(super) ended: Ended,
    trace_room: Room,
}

/// What is told of the writer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    pub(super) is_away: bool,
    /// How long the last flush took, waiting for its turn included.
    pub(super) flush: Duration,
    pub(super) flushes: u64,
    /// When a tick was last written, on the monotonic clock; none before the writer runs.
    pub(super) ticked_at: Option<Duration>,
    /// Calls of which something was written off.
    pub(super) written_off: u64,
    /// Since when what calls have used up waits for a database that is away; none while all of it is written.
    pub(super) behind_since: Option<Instant>,
}

impl RecordWriter {
    /// Whether nothing can be recorded just now: then no call may begin.
    pub fn is_away(&self) -> bool {
        self.state.lock().is_away
    }

    /// How long the last flush took.
    pub fn last_flush(&self) -> Duration {
        self.state.lock().flush
    }

    /// Flushes so far.
    pub fn flushes(&self) -> u64 {
        self.state.lock().flushes
    }

    /// How far the ledger is behind what calls of this node have used up: zero while the database takes every flush.
    pub fn ledger_lag(&self) -> Duration {
        self.state.lock().behind_since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Calls that went on after another node had closed them, so that nobody pays for all of what they used up.
    pub fn written_off(&self) -> u64 {
        self.state.lock().written_off
    }

    /// Whether everything that was handed over so far is written, or spooled.
    pub fn is_written(&self) -> bool {
        self.pending.lock().is_written()
    }

    /// Openings and reservations that wait for a flush.
    pub fn waiting(&self) -> usize {
        self.pending.lock().waiting.len()
    }

    /// Whether the call is one of them.
    pub fn is_live(&self, call: CallId) -> bool {
        self.live.contains(call)
    }

    /// Whose call it is, where it is one of them.
    pub fn workspace_of(&self, call: CallId) -> Option<WorkspaceId> {
        self.live.get(call).map(|live| live.workspace_id)
    }

    /// Opens a call and waits until its record stands.
    pub(super) async fn open(&self, opening: Opening) -> Result<(), CallError> {
        let (reply, opened) = oneshot::channel();
        self.wait(Waiting::Open(Box::new(opening), reply), opened).await
    }

    /// Reserves money for a leg of an open call, and waits until it is held or it is sure that it can be.
    pub(in crate::calls) async fn reserve(
        &self,
        workspace: WorkspaceId,
        demand: Demand,
        now_us: i64,
    ) -> Result<(), CallError> {
        if !self.is_away() && self.ample.take(workspace, demand.wanted_minor, now_us) {
            self.pending.lock().reserved.push((workspace, demand));
            return Ok(());
        }
        let (reply, reserved) = oneshot::channel();
        self.wait(Waiting::Reserve(workspace, demand, reply), reserved).await
    }

    async fn wait(
        &self,
        waiting: Waiting,
        mut done: oneshot::Receiver<Result<(), CallError>>,
    ) -> Result<(), CallError> {
        if self.is_away() {
            return Err(CallError::StorageUnavailable);
        }
        {
            let mut pending = self.pending.lock();
            if pending.waiting.len() >= MOST_WAITING {
                return Err(CallError::Overloaded);
            }
            pending.waiting.push(waiting);
            let urgency = if pending.is_full() { Urgency::AtOnce } else { Urgency::Now };
            self.urge(&mut pending, urgency);
        }
        if let Ok(told) = tokio::time::timeout(OPEN_WITHIN, &mut done).await {
            return told.unwrap_or(Err(CallError::StorageUnavailable));
        }
        // From here on the writer can't tell its outcome, and closes what it opens; what it told before counts.
        done.close();
        done.try_recv().unwrap_or(Err(CallError::StorageUnavailable))
    }

    /// Keeps what is new about an attempt of a leg's for whoever comes after a crash. Never waits.
    pub(super) fn keep_attempt(&self, attempt: Attempt, news: News<'_>) -> Written {
        self.journal_writer.get().map_or_else(Written::default, |writer| writer.append(attempt, news))
    }

    /// Has callers' INVITEs written that were only noted.
    pub(super) fn press_journal(&self) {
        if let Some(writer) = self.journal_writer.get() {
            writer.press();
        }
    }

    /// As [`Self::keep_attempt`], for what nobody waits for: it is written with the next that somebody does, or the next flush.
    pub(super) fn note_attempt(&self, attempt: Attempt, news: News<'_>) {
        if let Some(writer) = self.journal_writer.get() {
            writer.note(attempt, news);
        }
    }

    /// INVITEs and 200s that went out before what a successor needs to end them was in its file, and changes of dialogs that were
    /// not put there at all, because the disk was too slow.
    pub fn late_dialogs(&self) -> u64 {
        self.journal_writer.get().map_or(0, JournalWriter::late)
    }

    /// Takes what is new about a call. Never waits.
    pub(super) fn put(&self, changes: Changes) {
        // What a leg is hung up by after a crash must not be what the crash takes.
        let opens_dialog =
            changes.legs.iter().any(|stored| stored.leg.dialog.is_some() && stored.leg.ended_at.is_none());
        let mut pending = self.pending.lock();
        pending.put(changes);
        if pending.is_full() {
            self.urge(&mut pending, Urgency::AtOnce);
        } else if opens_dialog {
            self.urge(&mut pending, Urgency::Soon);
        }
    }

    /// Wakes the writer where it waits for something less urgent.
    fn urge(&self, pending: &mut Pending, urgency: Urgency) {
        if pending.urgency < urgency {
            pending.urgency = urgency;
            self.bell.notify_one();
        }
    }

    /// Takes an event that no call's record has: it is written with the next flush, or spooled, in the order in which it is
    /// handed over. Never waits; gives it back where neither the database nor the disk has taken any for long.
    pub fn tell(&self, event: NewEvent) -> Option<NewEvent> {
        let mut pending = self.pending.lock();
        let left_out = pending.put_event(event);
        let urgency = if pending.is_full() { Urgency::AtOnce } else { Urgency::Soon };
        self.urge(&mut pending, urgency);
        left_out
    }

    /// Takes the end of a call; the receiver is told once it is kept, in the database or on the disk.
    pub(super) fn put_end(&self, changes: Changes) -> oneshot::Receiver<()> {
        let (kept, told) = oneshot::channel();
        let mut pending = self.pending.lock();
        pending.kept.push((changes.call_id, kept));
        pending.put(changes);
        let urgency = if pending.is_full() { Urgency::AtOnce } else { Urgency::Soon };
        self.urge(&mut pending, urgency);
        told
    }

    /// Has what waits written at once, without the pace by which many share a flush: for whoever looks at what is written next.
    pub fn press(&self) {
        self.urge(&mut self.pending.lock(), Urgency::AtOnce);
    }

    /// Has live calls hold what they will use up, and says until when this node is alive and when its calls were heard.
    pub(in crate::calls) fn tick(&self, now: Duration, lease_until: i64) {
        let demands = self.live.ticks(now, |_| true);
        let mut pending = self.pending.lock();
        pending.demands = demands;
        pending.lease_until = Some(lease_until);
    }

    /// Where no tick was written for [`LATE`], lets live calls go on for `credit` from the last one. Gives those that are to look
    /// at how long they may.
    pub(in crate::calls) fn lend(&self, now: Duration, credit: Duration) -> Vec<CallId> {
        let ticked_at = self.state.lock().ticked_at;
        let Some(ticked_at) = ticked_at.filter(|at| now.saturating_sub(*at) >= LATE) else { return Vec::new() };
        let credit_until = ticked_at.saturating_add(credit);
        self.live.all().iter().filter(|call| call.lend(credit_until)).map(|call| call.call_id).collect()
    }

    /// Says when calls were last heard, on the monotonic clock.
    pub fn heard(&self, heard: Vec<(CallId, Duration)>) {
        let of_record = |(id, at)| Some((id, self.live.get(id)?.wall_us(at)));
        let heard = heard.into_iter().filter_map(of_record).collect();
        self.pending.lock().heard = heard;
    }

    /// The trace of a call that this node runs, or has run and not written yet.
    pub(in crate::calls) fn trace(&self, call: CallId) -> Option<Arc<CallTrace>> {
        let live = self.live.get(call).map(|live| live.trace.clone());
        live.or_else(|| self.ended.get(call))
    }

    /// Calls that are over and whose traces are not written yet.
    pub(in crate::calls) fn ended(&self) -> &Ended {
        &self.ended
    }

    /// How much the messages of all legs of this node hold.
    pub fn trace_room(&self) -> &Room {
        &self.trace_room
    }

    /// How many calls this node runs.
    pub(in crate::calls) fn live_calls(&self) -> usize {
        self.live.len()
    }

    /// Takes the trace of a call that is over. Never waits; where too many wait it is left out.
    pub(in crate::calls) fn put_trace(&self, trace: TraceRow) {
        if let Some(left_out) = self.pending.lock().put_trace(trace) {
            tracing::warn!(call = %left_out.call_id, "a call's trace is left out: too many wait");
            self.ended.done(left_out.call_id);
        }
    }

    pub(super) fn take(&self) -> (Batch, Vec<Waiting>, Kept) {
        self.pending.lock().take()
    }
}
