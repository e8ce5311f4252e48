//! Brings every file of this node to its end: made into a WAV file, stored, read back, told of, removed.
//!
//! The files are the queue: one that nobody writes to is due, whether its call ended just now or a crash cut it off. What fails
//! is tried again, at longer and longer intervals, and given up after days; then the file stays for people to look at.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use sautikit_api::ids::RecordingId;
use tokio::task::{JoinError, JoinSet};

use super::log_file::{LogError, read_header};
use super::places::Places;
use super::render::{RenderError, Rendered, render};
use super::{
    Header, RecordingError, RecordingStatus, Recordings, emit, ended_call, fail_lost, folder, log_path, open_key,
    show_status, store, stored, tell, told,
};
use crate::calls::CallError;
use crate::secrets::SealBroken;
use crate::state::AppState;
use crate::storage;
use crate::webhooks::EventKind;

/// Seconds until the next try, by the number of tries so far; the last repeats.
const DELAYS_SECONDS: [u64; 6] = [2, 5, 30, 120, 600, 1_800];
/// Tries before a recording is given up: about three days.
const MOST_ATTEMPTS: u32 = 150;
/// Files are looked for this often even if nobody rings.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// So often rows are looked for whose file is lost.
const LOST_EVERY: Duration = Duration::from_secs(600);

/// Why a file is not at its end yet.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Room(#[from] RecordingError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("the work was broken off")]
    Broken,
}

impl From<sqlx::Error> for KeepError {
    fn from(error: sqlx::Error) -> Self {
        Self::Room(error.into())
    }
}

impl From<SealBroken> for KeepError {
    fn from(error: SealBroken) -> Self {
        Self::Room(error.into())
    }
}

/// What was tried of each file, and what is being worked on.
#[derive(Default)]
pub struct Attempts {
    tried: HashMap<RecordingId, Tried>,
    places: Places,
    work: JoinSet<(RecordingId, Result<(), KeepError>)>,
}

struct Tried {
    count: u32,
    /// On the monotonic clock.
    next: Duration,
}

/// Works until the server stops.
pub async fn run(app: AppState) {
    let mut attempts = Attempts::default();
    let mut lost_next = Duration::ZERO;
    while !app.stopping.is_cancelled() {
        attempts.begin_due(&app).await;
        let now = app.clock.monotonic();
        if now >= lost_next {
            lost_next = now + LOST_EVERY;
            if let Err(error) = fail_lost(&app).await {
                tracing::warn!(%error, "recordings that are lost could not be looked for");
            }
        }
        let waits = attempts.tried.values().map(|tried| tried.next.saturating_sub(now)).filter(|wait| !wait.is_zero());
        let waits = waits.chain(attempts.places.next_slow(now));
        let soonest = waits.min().unwrap_or(LOOK_EVERY).min(LOOK_EVERY);
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = Recordings::of(&app).bell.notified() => {}
            () = tokio::time::sleep(soonest) => {}
            Some(done) = attempts.work.join_next() => attempts.done(&app, done).await,
        }
    }
}

/// Brings every file that is due to its end, and waits for that.
pub async fn look(app: &AppState, attempts: &mut Attempts) {
    attempts.begin_due(app).await;
    while let Some(done) = attempts.work.join_next().await {
        attempts.done(app, done).await;
        attempts.begin_due(app).await;
    }
}

impl Attempts {
    /// Begins with what is due, as far as there is room: a bucket that is slow holds up its own workspace only.
    async fn begin_due(&mut self, app: &AppState) {
        let due = match due(app).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "the folder of recordings can't be read");
                return;
            }
        };
        self.tried.retain(|id, _| due.contains(id));
        for id in due {
            let now = app.clock.monotonic();
            if self.places.is_busy(id) || self.tried.get(&id).is_some_and(|tried| tried.next > now) {
                continue;
            }
            let workspace = header(log_path(app, id)).await.ok().map(|header| header.workspace_id);
            if !self.places.take(id, workspace, now) {
                continue;
            }
            let app = app.clone();
            self.work.spawn(async move { (id, finish(&app, id).await) });
        }
    }

    async fn done(&mut self, app: &AppState, done: Result<(RecordingId, Result<(), KeepError>), JoinError>) {
        let (id, result) = match done {
            Ok(done) => done,
            Err(error) => {
                // Which one it was is not told; all begin anew once none of them runs any more.
                tracing::error!(%error, "the keeping of a recording broke off");
                self.work.shutdown().await;
                self.places.clear();
                return;
            }
        };
        self.places.give_back(id, result.is_ok());
        let Err(error) = result else { return };
        let count = self.tried.get(&id).map_or(1, |before| before.count + 1);
        tracing::warn!(recording = %id, %error, attempt = count, "a recording is not stored yet");
        let delay = Duration::from_secs(DELAYS_SECONDS[(count as usize - 1).min(DELAYS_SECONDS.len() - 1)]);
        self.tried.insert(id, Tried { count, next: app.clock.monotonic() + delay });
        if let Err(error) = failed(app, id, count, delay, &error).await {
            tracing::warn!(recording = %id, %error, "that a recording failed could not be told");
        }
    }
}

/// Recordings whose files nobody writes to.
async fn due(app: &AppState) -> std::io::Result<Vec<RecordingId>> {
    let mut found = Vec::new();
    let mut entries = match tokio::fs::read_dir(folder(app)).await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    while let Some(entry) = entries.next_entry().await? {
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".log"));
        found.extend(id.and_then(|id| id.parse::<RecordingId>().ok()));
    }
    let live = Recordings::of(app).live.lock();
    found.retain(|id| !live.contains(id));
    Ok(found)
}

/// One file to its end. Every step may come again.
async fn finish(app: &AppState, id: RecordingId) -> Result<(), KeepError> {
    let path = log_path(app, id);
    let header = header(path.clone()).await?;
    let key = open_key(app, header.workspace_id, id, &header.sealed_key)?;
    let object = path.with_extension("wav.sealed");
    let rendered = made(app, path.clone(), object.clone(), key).await?;
    let ended_at = header.started_at.saturating_add(i64::try_from(rendered.lasted.as_micros()).unwrap_or(i64::MAX));
    match super::ended(app, &header, ended_at).await {
        // Its call's row is gone, or never came to be: nobody can ask for it.
        Err(error) if is_orphan(&error) => {
            tracing::warn!(recording = %id, "a recording without a call is removed");
            return remove(&path, &object).await;
        }
        done => done?,
    }
    let found = store::find(&mut *app.db.acquire().await?, id).await?.ok_or(RecordingError::NotFound)?;
    if found.status == RecordingStatus::Processing {
        let kept = stored::keep(app, &header, &object, &rendered, key).await?;
        let mut tx = app.db.begin_write().await?;
        if store::ready(&mut tx, id, &rendered, &kept).await? {
            if kept.bucket.is_none() {
                let bytes = i64::try_from(kept.stored_bytes).unwrap_or(i64::MAX);
                storage::keep(&mut tx, header.workspace_id, bytes, app.now_us()).await?;
            }
            show_status(&mut tx, header.call_id).await?;
            if let Some(recording) = store::find(&mut tx, id).await? {
                tell(app, &mut tx, &recording).await?;
            }
        }
        tx.commit().await?;
        told::ring(app);
        tracing::info!(recording = %id, duration_ms = rendered.duration_ms, "a recording is stored");
    }
    if found.status == RecordingStatus::Failed {
        // It was given up while its node was away.
        return set_aside(&path, &object).await;
    }
    // A call may have ended while this was written; the other way round its end tells.
    super::call_ended(app, header.call_id).await?;
    remove(&path, &object).await
}

fn is_orphan(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation)
}

async fn remove(path: &PathBuf, object: &PathBuf) -> Result<(), KeepError> {
    let _ = tokio::fs::remove_file(object).await;
    Ok(tokio::fs::remove_file(path).await?)
}

/// For people: what is in it is offered to nobody any more.
async fn set_aside(path: &PathBuf, object: &PathBuf) -> Result<(), KeepError> {
    let _ = tokio::fs::remove_file(object).await;
    Ok(tokio::fs::rename(path, path.with_extension("log.failed")).await?)
}

async fn header(path: PathBuf) -> Result<Header, KeepError> {
    let read = tokio::task::spawn_blocking(move || {
        let mut file = std::io::BufReader::new(std::fs::File::open(path)?);
        read_header(&mut file)
    });
    Ok(read.await.map_err(|_| KeepError::Broken)??)
}

async fn made(app: &AppState, from: PathBuf, to: PathBuf, key: [u8; super::KEY_BYTES]) -> Result<Rendered, KeepError> {
    let salt = app.entropy.bytes();
    let made = tokio::task::spawn_blocking(move || render(&from, &to, &key, salt));
    Ok(made.await.map_err(|_| KeepError::Broken)??)
}

/// Tells of the first failure, and of the last; after that the file is set aside.
async fn failed(
    app: &AppState,
    id: RecordingId,
    count: u32,
    delay: Duration,
    error: &KeepError,
) -> Result<(), KeepError> {
    let is_damaged = matches!(
        error,
        KeepError::Log(LogError::NotOurs | LogError::Sealed) | KeepError::Render(RenderError::Log(LogError::Sealed))
    );
    let is_last = count >= MOST_ATTEMPTS || is_damaged;
    if count > 1 && !is_last {
        return Ok(());
    }
    let reason = match error {
        KeepError::Room(RecordingError::Store(error)) => error.to_string(),
        _ if is_damaged => "What was recorded is damaged.".to_owned(),
        _ => "Our disk or database failed.".to_owned(),
    };
    let mut tx = app.db.begin_write().await?;
    store::note_failure(&mut tx, id, &reason, is_last, app.now_us()).await?;
    let Some(recording) = store::find(&mut tx, id).await? else { return Ok(()) };
    if is_last {
        show_status(&mut tx, recording.call_id).await?;
        tell(app, &mut tx, &recording).await?;
    } else {
        let next = app.now_us().saturating_add(i64::try_from(delay.as_micros()).unwrap_or(0));
        match ended_call(&mut tx, &recording).await {
            Err(RecordingError::Call(CallError::NotFound)) | Ok(None) => {}
            Err(error) => return Err(error.into()),
            Ok(Some(call)) => {
                emit(app, &mut tx, (&call, &recording), EventKind::CallRecordingFailed, Some(next)).await?;
            }
        }
    }
    tx.commit().await?;
    told::ring(app);
    if is_last {
        let path = log_path(app, id);
        tokio::fs::rename(&path, path.with_extension("log.failed")).await?;
    }
    Ok(())
}
