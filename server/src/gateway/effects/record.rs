//! `Output::Record`, `Output::LegChanged`, `Output::Answered` and `Output::Ended`: what a call's task says of its record.
//!
//! Joins the call's own names and times (legs by their order, offsets from its begin) with the record's (ids, microseconds
//! UTC). Nothing here waits for the database, except whoever awaits the end.

use std::sync::Arc;
use std::time::Duration;

use sautikit_api::ids::LegRecordId;
use sautikit_api::money::Currency;
use serde_json::Value;
use tokio::sync::oneshot;
use voice::{CallEvent, LegChange, LegId, LegState, Summary};

use crate::calls::trace::{LegTrace, Quality};
use crate::calls::{Allowance, CallEnd, CallFunds, CallRecord, DialogKeeper, LegRecord};
use crate::gateway::sip::OpenDialog;

/// One call's record, as its task knows it.
pub(in crate::gateway) struct Recorder {
    record: CallRecord,
    /// The wall clock when the call began, in microseconds UTC; offsets count from it.
    began_at_us: i64,
    legs: Vec<(LegId, LegRecordId)>,
}

impl Recorder {
    /// Offsets of what is told count from `began_at_us`; `legs` are the ones that admission has written.
    pub(in crate::gateway) fn new(record: CallRecord, began_at_us: i64, legs: Vec<(LegId, LegRecordId)>) -> Self {
        Self { record, began_at_us, legs }
    }

    /// A leg that admission has checked and priced.
    pub(in crate::gateway) fn admitted(&self, leg: LegId) -> Option<&LegRecord> {
        self.record.leg(self.id(leg)?)
    }

    /// Adds an entry to the timeline.
    pub(in crate::gateway) fn event(&mut self, event: CallEvent) {
        let at_us = self.wall(event.at);
        let mut data = event.data;
        if let (Some(leg), Some(data)) = (event.leg, data.as_object_mut()) {
            data.insert("leg".to_owned(), leg.0.into());
        }
        self.record.entry(event.name.as_str(), at_us, data);
    }

    /// Adds an entry after the call's end, at a moment in microseconds UTC.
    pub(in crate::gateway) fn late_event(&mut self, kind: &str, at_us: i64, data: Value) {
        self.record.entry(kind, at_us, data);
        self.record.hand_over();
    }

    /// The way to the money of legs that are about to be dialled.
    pub(in crate::gateway) fn funds(&self) -> CallFunds {
        self.record.funds()
    }

    /// Adds a leg that the call has begun to dial.
    pub(in crate::gateway) fn leg(&mut self, leg: LegId, record: LegRecord) {
        if self.id(leg).is_none() {
            self.legs.push((leg, record.id));
        }
        self.record.leg_began(record);
    }

    /// The way to keep the leg's dialog the moment that it stands; none for a leg that the record does not know.
    pub(in crate::gateway) fn dialog_keeper(&self, leg: LegId) -> Option<DialogKeeper> {
        Some(self.record.dialog_keeper(self.id(leg)?))
    }

    /// Joins the messages of a leg that called us to its call; one that the record does not know has none.
    pub(in crate::gateway) fn trace(&self, leg: LegId, messages: LegTrace) {
        if let Some(id) = self.id(leg) {
            self.record.trace().add(id, leg.0, messages);
        }
    }

    /// Where the messages of a leg go, from now on if it is new.
    pub(in crate::gateway) fn traced(&self, leg: LegId) -> LegTrace {
        let Some(id) = self.id(leg) else { return LegTrace::default() };
        self.record.leg_trace(id, leg.0)
    }

    /// Whether a leg was answered.
    pub(in crate::gateway) fn is_answered(&self, leg: LegId) -> bool {
        self.id(leg).and_then(|id| self.record.leg(id)).is_some_and(|leg| leg.answered_at.is_some())
    }

    /// How the call's legs sound.
    pub(in crate::gateway) fn quality(&self) -> Arc<Quality> {
        self.record.trace().quality.clone()
    }

    /// Adds what it takes to end a leg's dialog after a crash.
    pub(in crate::gateway) fn dialog(&mut self, leg: LegId, dialog: &OpenDialog) {
        // A plain structure of texts always serialises.
        if let (Some(id), Ok(dialog)) = (self.id(leg), serde_json::to_value(dialog)) {
            self.record.leg_dialog(id, dialog);
        }
    }

    /// How long the call may go on, as things stand in this moment; none where that can't be reckoned.
    pub(in crate::gateway) fn allowance(&self) -> Option<Allowance> {
        self.record.allowance()
    }

    /// A leg was answered or is over; how long the call may go on from here on, where the leg costs something.
    pub(in crate::gateway) fn leg_changed(&mut self, change: LegChange) -> Option<Allowance> {
        let (id, at_us) = (self.id(change.leg)?, self.wall(change.at));
        match change.state {
            LegState::Answered => self.record.leg_answered(id, at_us),
            LegState::Ended(cause) => self.record.leg_ended(id, at_us, cause.hangup_cause()),
        }
    }

    /// The call was answered.
    pub(in crate::gateway) fn answered(&mut self, at: Duration, party: Option<LegId>) {
        let party = party.and_then(|leg| self.id(leg));
        self.record.answered(self.wall(at), party);
    }

    /// Hands over what is new.
    pub(in crate::gateway) fn hand_over(&mut self) {
        self.record.hand_over();
    }

    /// Ends the record; the receiver is told once the end is kept.
    pub(in crate::gateway) fn end(&mut self, summary: Summary) -> oneshot::Receiver<()> {
        let ended_at = self.wall(summary.ended);
        self.record.end(CallEnd { status: summary.status, hangup_cause: summary.cause.hangup_cause(), ended_at })
    }

    /// What the call cost, once it is over: in minor units, without tax.
    pub(in crate::gateway) fn cost(&self) -> Option<(i64, Currency)> {
        let call = self.record.call();
        call.cost_minor.map(|cost_minor| (cost_minor, call.currency))
    }

    /// Ends the record of a call that could not begin.
    pub(in crate::gateway) fn abandon(&mut self, end: CallEnd) -> oneshot::Receiver<()> {
        self.record.end(end)
    }

    /// The end is kept: the call no longer runs on this node.
    pub(in crate::gateway) fn close(&self) {
        self.record.close();
    }

    /// How far into the call a moment of its record is.
    pub(in crate::gateway) fn offset(&self, at_us: i64) -> Duration {
        Duration::from_micros(u64::try_from(at_us.saturating_sub(self.began_at_us)).unwrap_or(0))
    }

    fn id(&self, leg: LegId) -> Option<LegRecordId> {
        self.legs.iter().find(|(known, _)| *known == leg).map(|(_, id)| *id)
    }

    /// The wall clock at an offset from the call's begin.
    fn wall(&self, offset: Duration) -> i64 {
        self.began_at_us.saturating_add(i64::try_from(offset.as_micros()).unwrap_or(i64::MAX))
    }
}
