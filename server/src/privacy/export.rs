//! All that a workspace has, as one archive: calls with their timelines, recordings with their audio, the ledger.
//!
//! ```text
//! calls/00001.ndjson        a call a line, with its legs and its timeline (`GET /v1/calls/{id}`, `/events`)
//! recordings/00001.ndjson   a recording a line (`GET /v1/recordings`)
//! recordings/ID.wav         its audio
//! ledger/00001.ndjson       an entry a line (`GET /v1/wallet/ledger`)
//! manifest.json             how many of each, and what could not be read; it comes last
//! ```
//! Written page by page by a task that waits for whoever takes it.

use bytes::Bytes;
use sautikit_api::ids::{RecordingId, WorkspaceId};
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc::{self, Receiver};

use super::PrivacyError;
use super::archive::{Archive, Gone, zeros};
use crate::clock::rfc3339;
use crate::recordings::Recording;
use crate::state::AppState;
use crate::{calls, recordings, wallet};

/// Calls, recordings or entries of one file, and of one look at the database.
const PAGE: i64 = 200;
/// Bytes of audio that are read at once.
const AUDIO_BYTES: u64 = 256 * 1024;
/// Pieces that wait for whoever takes them: with audio's some 2 MiB.
const WAITING: usize = 8;

/// The pieces of an archive, in order. One that is an error ends it before its time.
pub type Export = Receiver<Result<Bytes, PrivacyError>>;

/// What is told of an archive.
#[derive(Serialize)]
struct Manifest {
    workspace_id: WorkspaceId,
    exported_at: String,
    server: String,
    calls: usize,
    recordings: usize,
    ledger_entries: usize,
    /// Recordings that are listed and whose audio is not whole, with the reason.
    without_audio: Vec<serde_json::Value>,
}

/// Why the writing ended.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error(transparent)]
    Gone(#[from] Gone),
    #[error(transparent)]
    Failed(#[from] PrivacyError),
}

impl From<sqlx::Error> for Stopped {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<serde_json::Error> for Stopped {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Begins an archive of the workspace.
pub fn export(app: &AppState, workspace: WorkspaceId) -> Export {
    let (to, from) = mpsc::channel(WAITING);
    let app = app.clone();
    tokio::spawn(async move {
        let archive = Archive::new(to, (app.now_us() / 1_000_000).unsigned_abs());
        if let Err(Stopped::Failed(error)) = write(&app, &archive, workspace).await {
            tracing::warn!(%workspace, %error, "an archive was broken off");
            archive.fail(error).await;
        }
    });
    from
}

async fn write(app: &AppState, archive: &Archive, workspace: WorkspaceId) -> Result<(), Stopped> {
    let mut manifest = Manifest {
        workspace_id: workspace,
        exported_at: rfc3339(app.now_us()),
        server: app.public_url.to_string(),
        calls: 0,
        recordings: 0,
        ledger_entries: 0,
        without_audio: Vec::new(),
    };
    write_calls(app, archive, &mut manifest).await?;
    write_recordings(app, archive, &mut manifest).await?;
    write_ledger(app, archive, &mut manifest).await?;
    archive.file("manifest.json", serde_json::to_vec_pretty(&manifest)?).await?;
    Ok(archive.finish().await?)
}

fn lines(rows: impl IntoIterator<Item = impl Serialize>) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, &row)?;
        text.push(b'\n');
    }
    Ok(text)
}

async fn write_calls(app: &AppState, archive: &Archive, manifest: &mut Manifest) -> Result<(), Stopped> {
    let mut before = None;
    for page in 1.. {
        let calls = calls::export::page(app, manifest.workspace_id, before, PAGE).await?;
        let Some(last) = calls.last() else { break };
        before = Some((last.started_at_us, last.call.id));
        manifest.calls += calls.len();
        archive.file(&format!("calls/{page:05}.ndjson"), lines(&calls)?).await?;
    }
    Ok(())
}

async fn write_recordings(app: &AppState, archive: &Archive, manifest: &mut Manifest) -> Result<(), Stopped> {
    let mut after = String::new();
    for page in 1.. {
        let mut conn = app.db.acquire().await?;
        let listed = recordings::list_by_id(&mut conn, manifest.workspace_id, &after, PAGE).await?;
        // Nobody's connection is kept for as long as audio takes.
        drop(conn);
        let Some(last) = listed.last() else { break };
        after = last.id.to_string();
        manifest.recordings += listed.len();
        let shown = recordings::shown(app, manifest.workspace_id, &listed).await?;
        archive.file(&format!("recordings/{page:05}.ndjson"), lines(&shown)?).await?;
        for recording in &listed {
            write_audio(app, archive, recording, manifest).await?;
        }
    }
    Ok(())
}

async fn write_audio(
    app: &AppState,
    archive: &Archive,
    recording: &Recording,
    manifest: &mut Manifest,
) -> Result<(), Stopped> {
    let mut missing =
        |id: RecordingId, reason: String| manifest.without_audio.push(json!({ "id": id, "reason": reason }));
    let audio = match recordings::audio(app, recording).await {
        Ok(Some(audio)) => audio,
        Ok(None) => {
            missing(recording.id, format!("it is {}", recording.status.as_str()));
            return Ok(());
        }
        Err(error) => {
            missing(recording.id, error.to_string());
            return Ok(());
        }
    };
    let size = audio.size();
    archive.begin(&format!("recordings/{}.wav", recording.id), size).await?;
    let mut start = 0;
    while start < size {
        let end = (start + AUDIO_BYTES).min(size);
        match audio.read(start..end).await {
            Ok(bytes) if bytes.len() as u64 == end - start => archive.piece(bytes).await?,
            // Its length is told already: silence stands for what is missing, and the manifest says so.
            Ok(_) => {
                missing(recording.id, format!("it ends after {start} bytes"));
                archive.piece(zeros(end - start)).await?;
            }
            Err(error) => {
                missing(recording.id, format!("from byte {start} on: {error}"));
                while start < size {
                    let end = (start + AUDIO_BYTES).min(size);
                    archive.piece(zeros(end - start)).await?;
                    start = end;
                }
            }
        }
        start = end.max(start);
    }
    Ok(archive.end(size).await?)
}

async fn write_ledger(app: &AppState, archive: &Archive, manifest: &mut Manifest) -> Result<(), Stopped> {
    let mut before = i64::MAX;
    for page in 1.. {
        let mut conn = app.db.acquire().await?;
        let entries = wallet::list_entries(&mut conn, manifest.workspace_id, before, PAGE).await?;
        drop(conn);
        let Some(last) = entries.last() else { break };
        before = last.seq;
        manifest.ledger_entries += entries.len();
        let entries = entries.into_iter().map(wallet::http::entry_body);
        archive.file(&format!("ledger/{page:05}.ndjson"), lines(entries)?).await?;
    }
    Ok(())
}
