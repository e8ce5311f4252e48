//! What happened to a call: the SIP messages of its legs and how they sounded, for whoever asks why.
//!
//! ```text
//!  endpoint ─► LegTrace ─┐
//!                        ├─► CallTrace ─ the call is over, 2 s ─► keeper: redacted, deflated ─► one row in a flush
//!  media    ─► Quality ──┘        └─ read while it runs
//! ```
//! A running call keeps its messages as they came, without a copy of them, within bounds of its own and of the node's.
//! Secrets are left out before anything is stored or shown ([`redact`]). A process that is killed takes the traces of its
//! calls along: nothing of a call waits for them.

pub mod http;
pub(super) mod keeper;
mod ladder;
mod packed;
mod pcap;
mod quality;
mod redact;
mod signalling;
mod text;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::ids::{CallId, LegRecordId, WorkspaceId};

pub use keeper::{delete, delete_old};
pub use quality::{Quality, Sample, SecurityMethod};
pub use signalling::{Captured, LegTrace, Room, Transport};

pub(super) use packed::Packed;

/// How long after its end a call's messages are still listened for: the ACK of a refusal, the answer to a BYE and their copies.
/// What a peer repeats for longer (up to 32 s) is left out.
pub const LISTENS_FOR: Duration = Duration::from_secs(2);

/// The trace of a call: shared by its task, by the endpoint and by the media thread.
#[derive(Debug, Default)]
pub struct CallTrace {
    legs: Mutex<Vec<TracedLeg>>,
    /// How its legs sound.
    pub quality: Arc<Quality>,
}

/// A leg's place in the call's trace.
#[derive(Debug, Clone)]
struct TracedLeg {
    id: LegRecordId,
    /// Its number within the call, by which media know it.
    number: u32,
    signalling: LegTrace,
}

impl CallTrace {
    /// A call without legs.
    pub(in crate::calls) fn new(quality: Quality) -> Self {
        Self { legs: Mutex::default(), quality: Arc::new(quality) }
    }

    /// Joins a leg's messages to the call; `number` is the leg's within the call.
    pub fn add(&self, id: LegRecordId, number: u32, signalling: LegTrace) {
        let mut legs = self.legs.lock();
        if !legs.iter().any(|leg| leg.id == id) {
            legs.push(TracedLeg { id, number, signalling });
        }
    }

    /// The messages of a leg that was joined.
    pub fn leg(&self, id: LegRecordId) -> Option<LegTrace> {
        self.legs.lock().iter().find(|leg| leg.id == id).map(|leg| leg.signalling.clone())
    }

    fn is_empty(&self) -> bool {
        self.legs.lock().is_empty()
    }

    fn legs(&self) -> Vec<TracedLeg> {
        self.legs.lock().clone()
    }

    /// Takes no more messages, and lets go of those that it has.
    fn close(&self) {
        self.legs.lock().drain(..).for_each(|leg| leg.signalling.close());
    }
}

/// A trace that is to be written.
#[derive(Debug, Clone)]
pub(in crate::calls) struct TraceRow {
    pub(in crate::calls) call_id: CallId,
    pub(in crate::calls) workspace_id: WorkspaceId,
    /// [`Packed::to_text`].
    pub(in crate::calls) content: String,
    pub(in crate::calls) created_at: i64,
}

/// The traces of calls that are over and not written yet.
#[derive(Debug, Default)]
pub(in crate::calls) struct Ended(Mutex<HashMap<CallId, EndedCall>>);

#[derive(Debug)]
struct EndedCall {
    workspace_id: WorkspaceId,
    trace: Arc<CallTrace>,
    /// When it is packed, on the monotonic clock.
    due: Duration,
    /// It waits for its flush.
    is_packed: bool,
}

impl Ended {
    /// A call is over `now`.
    pub(in crate::calls) fn put(&self, now: Duration, call: CallId, workspace: WorkspaceId, trace: &Arc<CallTrace>) {
        if !trace.is_empty() {
            let (trace, due) = (trace.clone(), now + LISTENS_FOR);
            self.0.lock().insert(call, EndedCall { workspace_id: workspace, trace, due, is_packed: false });
        }
    }

    /// The trace of a call that is not written yet.
    pub(in crate::calls) fn get(&self, call: CallId) -> Option<Arc<CallTrace>> {
        self.0.lock().get(&call).map(|ended| ended.trace.clone())
    }

    /// Those whose time has come by `now`; all of them where it is none.
    fn due(&self, now: Option<Duration>) -> Vec<(CallId, WorkspaceId, Arc<CallTrace>)> {
        let mut ended = self.0.lock();
        let is_due = |call: &EndedCall| !call.is_packed && now.is_none_or(|now| call.due <= now);
        let due = ended.iter_mut().filter(|(_, call)| is_due(call)).map(|(id, call)| {
            call.is_packed = true;
            (*id, call.workspace_id, call.trace.clone())
        });
        due.collect()
    }

    /// It is written, or will never be.
    pub(in crate::calls) fn done(&self, call: CallId) {
        let mut ended = self.0.lock();
        if let Some(done) = ended.remove(&call) {
            done.trace.close();
        }
        // A burst of calls leaves a table of its size behind.
        if ended.capacity() > 1_024 && ended.len() * 8 < ended.capacity() {
            ended.shrink_to_fit();
        }
    }
}
