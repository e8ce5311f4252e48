//! What is new about a call since it was last written: made by the call's own task, written by the record writer.

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, WorkspaceId};
use serde::{Deserialize, Serialize};

use crate::calls::Milestone;
use crate::calls::store::events::EventRow;
use crate::calls::store::legs::StoredLeg;
use crate::webhooks::{EventKind, NewEvent};

/// Entries of one call that wait for the database at most, and events of its outbox: beyond it the timeline has a gap,
/// never the record.
pub(super) const MOST_ENTRIES: usize = 1_000;

/// The columns of a call's row that change after it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::calls) struct CallState {
    pub(in crate::calls) status: CallStatus,
    pub(in crate::calls) to: String,
    pub(in crate::calls) remote: String,
    pub(in crate::calls) answered_at: Option<i64>,
    pub(in crate::calls) ended_at: Option<i64>,
    pub(in crate::calls) duration_seconds: Option<i64>,
    pub(in crate::calls) hangup_cause: Option<String>,
    pub(in crate::calls) cost_minor: Option<i64>,
    /// Absent in what an earlier release spooled.
    #[serde(default)]
    pub(in crate::calls) tax_minor: i64,
    /// How many entries its timeline has.
    pub(in crate::calls) entry_seq: i64,
    /// How many events its outbox has.
    pub(in crate::calls) outbox_seq: i64,
}

/// What is new about one call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::calls) struct Changes {
    pub(in crate::calls) call_id: CallId,
    pub(in crate::calls) workspace_id: WorkspaceId,
    /// The row as it stands now.
    pub(in crate::calls) state: CallState,
    /// Legs as they stand now, each once.
    pub(in crate::calls) legs: Vec<StoredLeg>,
    /// New entries of the timeline, in order.
    pub(in crate::calls) entries: Vec<EventRow>,
    /// New events of the outbox, in order.
    pub(in crate::calls) outbox: Vec<NewEvent>,
}

/// What is new of calls, and events that no call's record has: what conferences tell.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    pub(super) changes: Vec<Changes>,
    /// In order.
    pub(super) events: Vec<NewEvent>,
}

impl Fresh {
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.events.is_empty()
    }
}

impl From<Vec<Changes>> for Fresh {
    fn from(changes: Vec<Changes>) -> Self {
        Self { changes, events: Vec::new() }
    }
}

impl Changes {
    /// Whether the call is over with this.
    pub(in crate::calls) fn is_end(&self) -> bool {
        self.state.ended_at.is_some()
    }

    /// Whether they say that the call ends, and not only what followed on its end.
    pub(super) fn says_end(&self) -> bool {
        self.is_end() && self.entries.iter().any(is_milestone)
    }

    /// Takes in what came later.
    pub(in crate::calls) fn merge(&mut self, later: Self) {
        self.state = later.state;
        for leg in later.legs {
            match self.legs.iter_mut().find(|known| known.leg.id == leg.leg.id) {
                Some(known) => *known = leg,
                None => self.legs.push(leg),
            }
        }
        let (entries, events) = (self.entries.len(), self.outbox.len());
        let left_out = later.entries.len() + later.outbox.len();
        for entry in later.entries {
            if self.entries.len() < MOST_ENTRIES || is_milestone(&entry) {
                self.entries.push(entry);
            }
        }
        for event in later.outbox {
            if self.outbox.len() < MOST_ENTRIES || tells_status(&event) {
                self.outbox.push(event);
            }
        }
        let left_out = left_out - (self.entries.len() - entries) - (self.outbox.len() - events);
        if left_out > 0 {
            tracing::warn!(call = %self.call_id, left_out, "entries of a call's timeline are left out: too many wait");
        }
    }

    /// The entries that are to be written where the call is open, or is over already. Of one that is over whoever closed it
    /// has told where it stands, and what says so again says something else: only what happened besides is news.
    pub(in crate::calls) fn entries_of(&self, is_open: bool) -> impl Iterator<Item = &EventRow> {
        self.entries.iter().filter(move |entry| is_open || !is_milestone(entry))
    }

    /// The same of the outbox.
    pub(in crate::calls) fn events_of(&self, is_open: bool) -> impl Iterator<Item = &NewEvent> {
        self.outbox.iter().filter(move |event| is_open || !tells_status(event))
    }
}

/// Whether the entry says where the call stands, and is so never left out.
fn is_milestone(entry: &EventRow) -> bool {
    Milestone::parse(&entry.kind).is_some()
}

/// Whether the event says where the call stands; there are five of a call at most.
fn tells_status(event: &NewEvent) -> bool {
    use EventKind::{CallAnswered, CallBilled, CallCompleted, CallFailed, CallStarted};
    matches!(event.kind, CallStarted | CallAnswered | CallCompleted | CallFailed | CallBilled)
}

/// Changes of a call that is over, for tests.
#[cfg(test)]
pub(super) fn over(number: u128) -> Changes {
    Changes {
        call_id: CallId(uuid::Uuid::from_u128(number)),
        workspace_id: WorkspaceId(uuid::Uuid::from_u128(9)),
        state: CallState {
            status: CallStatus::Completed,
            to: "a\nb".to_owned(),
            remote: String::new(),
            answered_at: Some(1),
            ended_at: Some(2),
            duration_seconds: Some(1),
            hangup_cause: None,
            cost_minor: Some(5),
            tax_minor: 1,
            entry_seq: 3,
            outbox_seq: 2,
        },
        legs: Vec::new(),
        entries: Vec::new(),
        outbox: Vec::new(),
    }
}

/// An event that no call's record has, for tests.
#[cfg(test)]
pub(super) fn told(number: u128) -> NewEvent {
    NewEvent {
        id: sautikit_api::ids::EventId(uuid::Uuid::from_u128(number)),
        workspace_id: WorkspaceId(uuid::Uuid::from_u128(9)),
        kind: EventKind::ConferenceStarted,
        subject: crate::webhooks::Subject::Workspace,
        data: serde_json::json!({ "name": "stand-up" }),
        created_at: 7,
    }
}

#[cfg(test)]
mod tests {
    use sautikit_api::ids::{CallEventId, EventId, NumberId};
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;
    use crate::webhooks::Subject;

    /// An entry and an event of that kind.
    fn telling(sequence: i64, kind: EventKind) -> Changes {
        let call_id = over(1).call_id;
        let entry = EventRow {
            id: CallEventId(Uuid::from_u128(sequence.unsigned_abs().into())),
            sequence,
            kind: kind.as_str().to_owned(),
            data: Value::Null,
            occurred_at: 0,
        };
        let event = NewEvent {
            id: EventId(Uuid::from_u128(sequence.unsigned_abs().into())),
            workspace_id: over(1).workspace_id,
            kind,
            subject: Subject::Call { call_id, number_id: NumberId(Uuid::from_u128(2)), sequence },
            data: Value::Null,
            created_at: 0,
        };
        Changes { entries: vec![entry], outbox: vec![event], ..over(1) }
    }

    #[test]
    fn what_waits_of_one_call_is_bounded_however_often_it_is_handed_over_and_its_end_is_never_left_out() {
        let mut waiting = over(1);
        for sequence in 0..3_000 {
            waiting.merge(telling(sequence, EventKind::CallCallbackFailed));
        }
        assert_eq!((waiting.entries.len(), waiting.outbox.len()), (MOST_ENTRIES, MOST_ENTRIES));
        waiting.merge(telling(3_000, EventKind::CallCompleted));
        waiting.merge(telling(3_001, EventKind::CallBilled));
        assert_eq!((waiting.entries.len(), waiting.outbox.len()), (MOST_ENTRIES + 2, MOST_ENTRIES + 2));
        assert_eq!(waiting.outbox.last().unwrap().kind, EventKind::CallBilled);
    }

    #[test]
    fn what_follows_on_an_end_is_no_end() {
        let mut changes = telling(1, EventKind::CallCallbackFailed);
        assert!(changes.is_end() && !changes.says_end());
        changes.merge(telling(2, EventKind::CallCompleted));
        assert!(changes.says_end());
    }

    #[test]
    fn of_a_call_that_is_over_only_what_happened_besides_is_told() {
        let mut late = over(1);
        for (sequence, kind) in (0..).zip([
            EventKind::CallAnswered,
            EventKind::CallCallbackFailed,
            EventKind::CallCompleted,
            EventKind::CallBilled,
        ]) {
            late.merge(telling(sequence, kind));
        }
        assert_eq!((late.entries_of(true).count(), late.events_of(true).count()), (4, 4));
        let entries: Vec<_> = late.entries_of(false).map(|entry| entry.kind.as_str()).collect();
        let events: Vec<_> = late.events_of(false).map(|event| event.kind).collect();
        assert_eq!(entries, ["call.callback_failed"]);
        assert_eq!(events, [EventKind::CallCallbackFailed]);
    }
}
