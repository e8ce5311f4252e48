//! Recordings of calls: from the first second of one until it is deleted or has been kept long enough.
//!
//! ```text
//!            the call's leg ends,       made into a file,
//!            key, silence               stored, read back
//! recording ─────────────────► processing ─────────────► ready ──► expired (by retention)
//!  │    ▲                           └────────────────────► failed
//!  ▼    │ resume
//! paused
//! ```
//! While it runs it is a file on its node's disk ([`log_file`]), and that file is all that is needed to go on after a crash:
//! [`keeper`] looks for such files and brings each to its end. Deliberately absent: whose audio it is and when it is over (the
//! voice engine), and the listening (the gateway).

mod error;
mod exported;
pub mod http;
mod keeper;
mod links;
pub mod log_file;
mod lost;
mod places;
mod playing;
mod render;
mod sealed;
mod store;
mod stored;
mod told;

use std::collections::HashSet;
use std::path::PathBuf;

use parking_lot::Mutex;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, EventId, RecordingId, WorkspaceId};
pub use sautikit_api::recordings::RecordingStatus;
use serde_json::json;
use sqlx::AnyConnection;
use thiserror::Error;
use tokio::sync::Notify;

pub use exported::{Audio, audio, list_by_id, shown};

use crate::audit;
use crate::calls::{self, CallError, CallRow};
use crate::secrets::{Purpose, SealBroken};
use crate::state::{AppState, Part};
use crate::storage::{self, StorageError, StoreError};
use crate::web::caller::Caller;
use crate::webhooks::{self, EventKind, Subject};

pub use keeper::{Attempts, look, run};
pub use links::{Format, recordings_url};
pub use log_file::{Header, KEY_BYTES};
pub use lost::fail_lost;
pub(crate) use store::STATEMENTS;
pub use told::TellRecording;

/// Why a recording could not be given or changed.
#[derive(Debug, Error)]
pub enum RecordingError {
    /// The call has none, or there is none of that id in the workspace.
    #[error("no such recording")]
    NotFound,
    /// None runs that could pause or go on.
    #[error("nothing of the call is being recorded")]
    NotRunning,
    /// It was kept as long as the tier says.
    #[error("the recording has expired")]
    Expired,
    /// It is still being recorded or stored.
    #[error("the recording is still being recorded or stored")]
    InProgress,
    /// It could not be recorded or stored.
    #[error("{0}")]
    Failed(String),
    /// The tier has no room.
    #[error("the storage tier's space is used up")]
    NoRoom,
    /// The call can't be told.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Storage can't be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The place where it is kept does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored does not open.
    #[error(transparent)]
    Seal(#[from] SealBroken),
    /// The database failed.
    #[error("the recordings could not be read or written")]
    Database(#[from] sqlx::Error),
}

/// A recording's row.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Its id.
    pub id: RecordingId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// Of which call.
    pub call_id: CallId,
    /// What asked for it.
    pub source: String,
    /// 1 or 2.
    pub channels: i64,
    /// Where it stands.
    pub status: RecordingStatus,
    /// Microseconds UTC.
    pub started_at: i64,
    /// Microseconds UTC.
    pub ended_at: Option<i64>,
    /// Its length.
    pub duration_ms: Option<i64>,
    /// Of the WAV file.
    pub size_bytes: Option<i64>,
    /// Of the file as it is kept.
    stored_bytes: Option<i64>,
    /// Of the WAV file.
    pub sha256: Option<String>,
    /// Its picture.
    pub waveform: Vec<u8>,
    /// Under which it is kept.
    object_key: Option<String>,
    /// Where it is kept, sealed, where that is a bucket of the workspace's own.
    bucket: Option<String>,
    /// Its key, sealed.
    sealed_key: String,
    /// Why it failed.
    pub failure: Option<String>,
    /// When its event was written.
    told_at: Option<i64>,
    /// Who is told when it is ready or has failed.
    status_callback: Option<String>,
}

/// What the room shares: which files are being written, and a bell for when one is not any more.
#[derive(Default)]
pub struct Recordings {
    live: Mutex<HashSet<RecordingId>>,
    bell: Notify,
}

impl Part for Recordings {}

impl Recordings {
    fn of(app: &AppState) -> &Self {
        app.part()
    }
}

/// Where this node keeps what is being recorded.
pub fn folder(app: &AppState) -> PathBuf {
    app.config.data_dir.join("recordings")
}

/// The file that a recording is written to.
pub fn log_path(app: &AppState, id: RecordingId) -> PathBuf {
    folder(app).join(format!("{id}.log"))
}

/// A new key, and the same sealed by the workspace's.
pub fn new_key(app: &AppState, workspace: WorkspaceId, id: RecordingId) -> ([u8; KEY_BYTES], String) {
    let key = app.entropy.bytes::<KEY_BYTES>();
    let (tenant, row) = (workspace.to_string(), id.to_string());
    let sealed = app.secrets.seal_within(Purpose::RecordingKey, &tenant, &row, &key, &app.entropy);
    (key, sealed)
}

fn open_key(
    app: &AppState,
    workspace: WorkspaceId,
    id: RecordingId,
    sealed: &str,
) -> Result<[u8; KEY_BYTES], SealBroken> {
    let (tenant, row) = (workspace.to_string(), id.to_string());
    let key = app.secrets.open_within(Purpose::RecordingKey, &tenant, &row, sealed)?;
    key.try_into().map_err(|_| SealBroken)
}

/// Says that a file is being written, before it is: until [`Writing`] is dropped nobody else touches it.
pub fn writing(app: &AppState, id: RecordingId) -> Writing {
    Recordings::of(app).live.lock().insert(id);
    Writing { app: app.clone(), id }
}

/// A file that is being written.
pub struct Writing {
    app: AppState,
    id: RecordingId,
}

impl Drop for Writing {
    fn drop(&mut self) {
        let recordings = Recordings::of(&self.app);
        recordings.live.lock().remove(&self.id);
        recordings.bell.notify_one();
    }
}

/// Writes the row of a recording that begins.
///
/// # Errors
/// The tier has no room, or the database failed; then the row is written when the recording is over.
pub async fn begin(app: &AppState, header: &Header) -> Result<(), RecordingError> {
    let mut tx = app.db.begin_write().await?;
    if !storage::holding(&mut tx, header.workspace_id).await?.has_room() {
        return Err(RecordingError::NoRoom);
    }
    store::insert(&mut tx, &app.node_id, header).await?;
    show_status(&mut tx, header.call_id).await?;
    Ok(tx.commit().await?)
}

/// The call shows where its newest recording stands.
async fn show_status(tx: &mut AnyConnection, call_id: CallId) -> Result<(), sqlx::Error> {
    let status = store::status_of_call(tx, call_id).await?;
    calls::set_recording_status(tx, call_id, status).await
}

/// Says that a recording that runs waits, or goes on.
///
/// # Errors
/// The database failed.
pub async fn pause(app: &AppState, header: &Header, is_paused: bool) -> Result<(), sqlx::Error> {
    let status = if is_paused { RecordingStatus::Paused } else { RecordingStatus::Recording };
    let mut tx = app.db.begin_write().await?;
    store::set_open_status(&mut tx, header.id, status).await?;
    show_status(&mut tx, header.call_id).await?;
    tx.commit().await
}

/// Says that a recording is over and is being processed.
///
/// # Errors
/// The database failed.
pub async fn ended(app: &AppState, header: &Header, ended_at: i64) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    store::insert(&mut tx, &app.node_id, header).await?;
    store::end(&mut tx, header.id, ended_at).await?;
    show_status(&mut tx, header.call_id).await?;
    tx.commit().await
}

/// Forgets a recording in which nothing was said.
///
/// # Errors
/// The database failed.
pub async fn forget(app: &AppState, header: &Header) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    store::delete(&mut tx, header.id).await?;
    show_status(&mut tx, header.call_id).await?;
    tx.commit().await
}

/// A call is over: its recordings that are ready or have failed are told of.
///
/// # Errors
/// The database failed.
pub async fn call_ended(app: &AppState, call_id: CallId) -> Result<(), RecordingError> {
    let mut tx = app.db.begin_write().await?;
    for recording in store::list_untold(&mut tx, call_id).await? {
        tell(app, &mut tx, &recording).await?;
    }
    tx.commit().await?;
    told::ring(app);
    Ok(())
}

/// Has its status callback made, and writes a recording's event, each once; the latter unless its call still runs: the end of
/// that tells of it.
async fn tell(app: &AppState, tx: &mut AnyConnection, recording: &Recording) -> Result<(), RecordingError> {
    let kind = match recording.status {
        RecordingStatus::Ready => EventKind::CallRecordingReady,
        RecordingStatus::Failed => EventKind::CallRecordingFailed,
        _ => return Ok(()),
    };
    told::enqueue(app, tx, recording).await?;
    let Some(call) = ended_call(tx, recording).await? else { return Ok(()) };
    // Of two that come here at once one waits for the other's row and then finds it told.
    if recording.told_at.is_none() && store::told(tx, recording.id, app.now_us()).await? {
        emit(app, tx, (&call, recording), kind, None).await?;
    }
    Ok(())
}

/// The call of a recording; `None` where it still runs, so that its own events are numbered elsewhere.
async fn ended_call(tx: &mut AnyConnection, recording: &Recording) -> Result<Option<CallRow>, RecordingError> {
    let call = calls::get_call(tx, recording.workspace_id, recording.call_id).await?;
    Ok(Some(call).filter(|call| CallStatus::is_terminal(call.status)))
}

/// Writes an event about a recording of a call that is over.
async fn emit(
    app: &AppState,
    tx: &mut AnyConnection,
    (call, recording): (&CallRow, &Recording),
    kind: EventKind,
    next_attempt_at: Option<i64>,
) -> Result<(), RecordingError> {
    let sequence = webhooks::next_sequence(tx, call.id).await?;
    let mut data = calls::event_data(call);
    data["recording"] = json!({
        "id": recording.id,
        "status": recording.status,
        "source": recording.source,
        "channels": recording.channels,
        "duration_ms": recording.duration_ms,
        "size_bytes": recording.size_bytes,
        "sha256": recording.sha256,
        "url": links::audio_url(app, recording.id),
        "failure": recording.failure,
        "next_attempt_at": next_attempt_at.map(crate::clock::rfc3339),
    });
    let event = webhooks::NewEvent {
        id: EventId(app.new_uuid()),
        workspace_id: call.workspace_id,
        kind,
        subject: Subject::Call { call_id: call.id, number_id: call.number_id, sequence },
        data,
        created_at: app.now_us(),
    };
    Ok(webhooks::emit(tx, &event).await?)
}

/// Deletes a recording, its audio first: what can't be deleted where it is kept stays listed.
async fn delete(app: &AppState, caller: &Caller, id: RecordingId) -> Result<(), RecordingError> {
    // What expires meanwhile is deleted as that; a status only moves forward, so this comes to an end.
    while !delete_as_seen(app, caller, id).await? {}
    Ok(())
}

/// False where it stands elsewhere by now: whoever moved it on has done what that takes, and it is looked at anew.
async fn delete_as_seen(app: &AppState, caller: &Caller, id: RecordingId) -> Result<bool, RecordingError> {
    remove_as_seen(app, caller.workspace.id, id, Some(caller)).await
}

/// As [`delete_as_seen`]; what nobody asked for by itself has no entry of its own in the audit log.
async fn remove_as_seen(
    app: &AppState,
    workspace: WorkspaceId,
    id: RecordingId,
    caller: Option<&Caller>,
) -> Result<bool, RecordingError> {
    let found = store::find_of(&mut *app.db.acquire().await?, workspace, id).await?;
    let recording = found.ok_or(RecordingError::NotFound)?;
    if recording.status.is_open() || recording.status == RecordingStatus::Processing {
        return Err(RecordingError::InProgress);
    }
    stored::remove(app, &recording).await?;
    // What was set aside of one that failed, where it was this node that recorded it.
    let _ = tokio::fs::remove_file(log_path(app, id).with_extension("log.failed")).await;
    let mut tx = app.db.begin_write().await?;
    if !store::delete_as(&mut tx, id, recording.status).await? {
        return Ok(false);
    }
    stored::account_removed(app, &mut tx, &recording).await?;
    show_status(&mut tx, recording.call_id).await?;
    if let Some(caller) = caller {
        let details =
            json!({ "call_id": recording.call_id, "started_at": crate::clock::rfc3339(recording.started_at) });
        audit::record(app, &mut tx, &audit::Entry::by(caller, "recording.deleted", id, details)).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Deletes the recordings of a call with their keys, whatever has become of them; which.
///
/// # Errors
/// One is still being recorded or stored, the place where one is kept does not answer, or the database failed.
pub async fn erase_of_call(
    app: &AppState,
    workspace: WorkspaceId,
    call: CallId,
) -> Result<Vec<RecordingId>, RecordingError> {
    let all = store::list_of_call(&mut *app.db.acquire().await?, workspace, call).await?;
    let mut erased = Vec::with_capacity(all.len());
    for recording in all {
        while !remove_as_seen(app, workspace, recording.id, None).await? {}
        erased.push(recording.id);
    }
    Ok(erased)
}

/// Removes what has been kept long enough; how many.
///
/// # Errors
/// The database failed.
pub async fn prune(app: &AppState, most: i64) -> Result<u64, sqlx::Error> {
    let mut conn = app.db.acquire().await?;
    let mut removed = 0;
    for workspace in store::workspaces_with_ready(&mut conn).await? {
        let holding = storage::holding(&mut conn, workspace).await?;
        if holding.is_spared(app.now_us()) {
            continue;
        }
        let since = holding.tier.kept_since(app.now_us());
        let due = store::list_kept_since(&mut conn, workspace, since, most).await?;
        for recording in due {
            match expire(app, &recording).await {
                Ok(()) => removed += 1,
                Err(error) => tracing::warn!(recording = %recording.id, %error, "a recording could not be removed"),
            }
        }
    }
    Ok(removed)
}

async fn expire(app: &AppState, recording: &Recording) -> Result<(), RecordingError> {
    stored::remove(app, recording).await?;
    let mut tx = app.db.begin_write().await?;
    if store::expire(&mut tx, recording.id).await? {
        stored::account_removed(app, &mut tx, recording).await?;
        show_status(&mut tx, recording.call_id).await?;
    }
    Ok(tx.commit().await?)
}
