//! What is new about a call since it was last written: made by the call's own task, written by the record writer.

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, WorkspaceId};
use serde::{Deserialize, Serialize};

use crate::calls::store::events::EventRow;
use crate::calls::store::legs::StoredLeg;
use crate::webhooks::NewEvent;

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

impl Changes {
    /// Whether the call is over with this.
    pub(in crate::calls) fn is_end(&self) -> bool {
        self.state.ended_at.is_some()
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
        self.entries.extend(later.entries);
        self.outbox.extend(later.outbox);
    }
}
