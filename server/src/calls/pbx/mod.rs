//! Calls that an external PBX runs and tells of: its events make the same record as our own calls have, with timeline, webhooks
//! and streams, and cost nothing.
//!
//! ```text
//!  call.ringing ─► a record is opened ─ call.answered ─► … ─ call.ended ─► it is closed
//! ```
//! The record lives on the node that heard of its begin, as that of any call does; a restart closes it. Where there are several,
//! an event that comes to another is passed on to that one. An event counts once by its id. It can't come again after its signature
//! is too old, so that ids are remembered for a little longer than that.

pub mod http;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, WorkspaceId};
use serde_json::json;
use thiserror::Error;
use tokio::sync::Mutex as Turn;

use super::admission::{ANONYMOUS, blank_call, own_party};
use super::limits::Limits;
use super::record::Draft;
use super::store::pbx as store;
use super::{CallEnd, CallError, CallRecord, CallRow, Direction, Origin};
use crate::config::PbxSource;
use crate::state::{AppState, Part};
use crate::telephone;

/// How old or how far ahead a signature may be, in seconds, as our own are to receivers.
pub const SIGNED_WITHIN_SECONDS: i64 = 300;
/// Ids of events are remembered for so long: until no signature of them is good any more, ahead of time or not.
const REMEMBERED_FOR: Duration = Duration::from_secs(2 * SIGNED_WITHIN_SECONDS as u64 + 60);
/// Ids that are remembered at most; beyond it no event is taken until some are forgotten.
const MOST_REMEMBERED: usize = 200_000;
/// Calls of PBXs that a node has at most.
const MOST_CALLS: usize = 20_000;
/// A call of which nothing was told for so long is over: its end was lost.
const SILENT_FOR: Duration = Duration::from_secs(12 * 3_600);
/// Between two looks for such calls.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The cause of a call whose end nobody told.
const CAUSE_SILENT: &str = "pbx_silent";
/// The cause of a call that this node can't follow any longer.
const CAUSE_DRAINING: &str = "service.draining";

/// Why an event was not taken.
#[derive(Debug, Error)]
pub enum PbxError {
    /// Its workspace is none of the source's.
    #[error("the workspace is none of the source's")]
    UnknownWorkspace,
    /// Its number is none of the workspace's, or its call is not one that was told of and runs.
    #[error("the call or number is not known")]
    Resolve,
    /// Another node follows its call.
    #[error("node {0} follows the call")]
    OfNode(String),
    /// There are too many, or it could not be recorded.
    #[error("the event could not be stored: {0}")]
    Ingest(String),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A call rings.
    Ringing {
        /// Seen from us.
        direction: Direction,
        /// Who calls.
        from: String,
        /// Who is called.
        to: String,
    },
    /// It was answered.
    Answered,
    /// It is over.
    Ended {
        /// What a call that was not answered came to.
        status: CallStatus,
        /// Why.
        hangup_cause: String,
    },
}

/// An event of a PBX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Unique at its source.
    pub id: String,
    /// Whose call it is.
    pub workspace_id: WorkspaceId,
    /// The PBX's own id of the call.
    pub pbx_call_id: String,
    /// When it happened, microseconds UTC.
    pub occurred_at_us: i64,
    /// What happened.
    pub told: Told,
}

/// A call as its PBX names it: source, workspace, id.
type Key = (String, WorkspaceId, String);
/// A call's events take turns; none before its first and after its last.
type Seat = Arc<Turn<Option<Running>>>;

struct Running {
    record: CallRecord,
    /// When something was told of it last, on the monotonic clock.
    told_at: Duration,
}

/// The calls of PBXs that this node follows.
#[derive(Default)]
pub struct PbxCalls {
    calls: Mutex<HashMap<Key, Seat>>,
    /// Ids of events, by source, with their call and when they were taken.
    taken: Mutex<HashMap<(String, String), (CallId, Duration)>>,
}

impl Part for PbxCalls {}

impl PbxCalls {
    /// The handle.
    pub fn of(app: &AppState) -> &Self {
        app.part()
    }

    fn seat(&self, key: &Key) -> Result<Seat, PbxError> {
        let mut calls = self.calls.lock();
        if calls.len() >= MOST_CALLS && !calls.contains_key(key) {
            return Err(PbxError::Ingest("this node follows as many calls as it can".to_owned()));
        }
        Ok(calls.entry(key.clone()).or_default().clone())
    }

    /// Gives a seat up in which no call is, unless somebody waits for a turn in it.
    fn leave(&self, key: &Key, seat: &Seat) {
        let mut calls = self.calls.lock();
        // This one and the table's.
        if Arc::strong_count(seat) <= 2 {
            calls.remove(key);
        }
    }

    fn taken(&self, id: &(String, String)) -> Option<CallId> {
        self.taken.lock().get(id).map(|(call, _)| *call)
    }

    fn has_room(&self, now: Duration) -> bool {
        let mut taken = self.taken.lock();
        if taken.len() >= MOST_REMEMBERED {
            taken.retain(|_, (_, at)| now.saturating_sub(*at) < REMEMBERED_FOR);
        }
        taken.len() < MOST_REMEMBERED
    }

    fn tidy(&self, now: Duration) {
        self.taken.lock().retain(|_, (_, at)| now.saturating_sub(*at) < REMEMBERED_FOR);
    }

    fn all(&self) -> Vec<(Key, Seat)> {
        self.calls.lock().iter().map(|(key, seat)| (key.clone(), seat.clone())).collect()
    }
}

/// Takes an event of a source whose signature was good; the call that it is about. One that comes again changes nothing.
///
/// # Errors
/// [`PbxError`]; then the event did not count, and can be sent again.
pub async fn tell(app: &AppState, source: &PbxSource, event: Event) -> Result<CallId, PbxError> {
    if !source.may_tell_of(&event.workspace_id.to_string()) {
        return Err(PbxError::UnknownWorkspace);
    }
    let pbx = PbxCalls::of(app);
    let id = (source.name.clone(), event.id.clone());
    let key = (source.name.clone(), event.workspace_id, event.pbx_call_id.clone());
    let seat = pbx.seat(&key)?;
    let mut running = seat.lock().await;
    let now = app.clock.monotonic();
    let told = match pbx.taken(&id) {
        Some(call) => Ok(call),
        None if !pbx.has_room(now) => Err(PbxError::Ingest("too many events in a short time".to_owned())),
        None => match keep_to_one_node(app, &key, &event.told, running.is_some()).await {
            Ok(()) => apply(app, source, &mut running, &event).await.inspect(|call| {
                pbx.taken.lock().insert(id, (*call, now));
            }),
            Err(error) => Err(error),
        },
    };
    if running.is_none() {
        pbx.leave(&key, &seat);
    }
    told
}

/// Refuses an event of a call that another node follows, where there are others.
async fn keep_to_one_node(
    app: &AppState,
    (source, workspace, id): &Key,
    told: &Told,
    is_here: bool,
) -> Result<(), PbxError> {
    if !app.config.nodes.is_on() {
        return Ok(());
    }
    let named = (source.as_str(), *workspace, id.as_str());
    let node = async {
        let mut conn = app.db.acquire().await?;
        match told {
            _ if is_here => store::touch(&mut conn, named, app.now_us()).await.map(|()| None),
            Told::Ringing { .. } => store::claim(&mut conn, named, &app.node_id, app.now_us()).await.map(Some),
            Told::Answered | Told::Ended { .. } => store::find_node(&mut conn, named, app.now_us()).await,
        }
    };
    match node.await.map_err(|error: sqlx::Error| PbxError::Ingest(error.to_string()))? {
        Some(node) if *node != *app.node_id => Err(PbxError::OfNode(node)),
        Some(_) | None => Ok(()),
    }
}

async fn apply(
    app: &AppState,
    source: &PbxSource,
    seat: &mut Option<Running>,
    event: &Event,
) -> Result<CallId, PbxError> {
    let told_at = app.clock.monotonic();
    match &event.told {
        Told::Ringing { direction, from, to } => {
            if seat.is_none() {
                let record = open(app, source, event, *direction, (from, to)).await?;
                *seat = Some(Running { record, told_at });
            }
        }
        Told::Answered => {
            let running = seat.as_mut().ok_or(PbxError::Resolve)?;
            let at_us = moment(app, &running.record, event.occurred_at_us);
            running.record.answered(at_us, None);
            running.record.hand_over();
            running.told_at = told_at;
        }
        Told::Ended { status, hangup_cause } => {
            let running = seat.take().ok_or(PbxError::Resolve)?;
            let id = running.record.call().id;
            let at_us = moment(app, &running.record, event.occurred_at_us);
            end(running, *status, hangup_cause, at_us).await;
            return Ok(id);
        }
    }
    seat.as_ref().map(|running| running.record.call().id).ok_or(PbxError::Resolve)
}

/// Ends the record, and waits until that is kept.
async fn end(mut running: Running, status: CallStatus, cause: &str, at_us: i64) {
    let kept = running.record.end(CallEnd { status, hangup_cause: cause.to_owned(), ended_at: at_us });
    // The writer outlives whoever tells it something.
    let _ = kept.await;
    running.record.close();
}

/// When something happened to a call: not before what was told of it last, nor ahead of us.
fn moment(app: &AppState, record: &CallRecord, occurred_at_us: i64) -> i64 {
    let call = record.call();
    let earliest = call.answered_at.unwrap_or(call.started_at);
    occurred_at_us.min(app.now_us()).max(earliest)
}

async fn open(
    app: &AppState,
    source: &PbxSource,
    event: &Event,
    direction: Direction,
    (from, to): (&str, &str),
) -> Result<CallRecord, PbxError> {
    let own = if direction == Direction::Inbound { to } else { from };
    let party = own_party(app, event.workspace_id, own).await.map_err(|error| match error {
        CallError::NumberUnknown | CallError::NotFound | CallError::WorkspaceClosed => PbxError::Resolve,
        other => PbxError::Ingest(other.to_string()),
    })?;
    let number = &party.number.number;
    let own = number.e164.clone();
    let (from, to) = match direction {
        Direction::Inbound => (other_party(from, &number.country), own),
        Direction::Outbound => (own, other_party(to, &number.country)),
    };
    let metadata = json!({ "pbx": { "source": source.name, "call_id": event.pbx_call_id } });
    let call = blank_call(app, &party, direction, Origin::Trunk, from, to);
    let call = CallRow { metadata: Some(metadata), voice_callback_url: None, ..call };
    // It runs elsewhere, whatever our calls may.
    let limits = Limits { concurrent_calls: None, calls_per_second: None, ..Limits::clone(&party.workspace.limits) };
    let draft = Draft { call, legs: Vec::new(), answer: None, audit: None, limits: Arc::new(limits) };
    draft.open(app).await.map_err(|error| PbxError::Ingest(error.to_string()))
}

/// The other side: a telephone in E.164, or an extension as it is written.
fn other_party(written: &str, country: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | '*' | '#');
    let extension = || Some(written.to_owned()).filter(|text| !text.is_empty() && text.chars().all(is_plain));
    telephone::e164_of_carrier(written, Some(country)).or_else(extension).unwrap_or_else(|| ANONYMOUS.to_owned())
}

/// Ends calls whose end was not told, and at the end of this process all of them.
pub async fn run(app: AppState) {
    loop {
        let is_stopping = tokio::select! {
            () = app.stopping.cancelled() => true,
            () = tokio::time::sleep(LOOK_EVERY) => false,
        };
        let (pbx, now) = (PbxCalls::of(&app), app.clock.monotonic());
        pbx.tidy(now);
        forget_silent(&app).await;
        for (key, seat) in pbx.all() {
            let mut running = seat.lock().await;
            let is_over = |running: &Running| is_stopping || now.saturating_sub(running.told_at) >= SILENT_FOR;
            if let Some(over) = running.take_if(|running| is_over(running)) {
                let cause = if is_stopping { CAUSE_DRAINING } else { CAUSE_SILENT };
                let at_us = moment(&app, &over.record, app.now_us());
                end(over, CallStatus::Failed, cause, at_us).await;
                pbx.leave(&key, &seat);
            }
        }
        if is_stopping {
            return;
        }
    }
}

/// Forgets which node follows calls that have ended, or must have.
async fn forget_silent(app: &AppState) {
    if !app.config.nodes.is_on() {
        return;
    }
    let silent_for = SILENT_FOR + REMEMBERED_FOR;
    let before_us = app.now_us() - i64::try_from(silent_for.as_micros()).unwrap_or(i64::MAX);
    let forgotten = async { store::delete_silent(&mut *app.db.acquire().await?, before_us).await };
    if let Err(error) = forgotten.await {
        tracing::warn!(%error, "which node follows old calls of PBXs is not forgotten");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_side_is_a_telephone_an_extension_or_nobody_who_is_known() {
        assert_eq!(other_party("0722000042", "KE"), "+254722000042");
        assert_eq!(other_party("+254722000042", "KE"), "+254722000042");
        assert_eq!(other_party("desk-7", "KE"), "desk-7");
        assert_eq!(other_party("", "KE"), ANONYMOUS);
        assert_eq!(other_party("a b\r\n", "KE"), ANONYMOUS);
    }
}
