//! Recordings as an archive of the workspace has them: all of them, as the API shows them, with their audio.

use std::ops::Range;

use sautikit_api::ids::WorkspaceId;
use sautikit_api::recordings as wire;
use sqlx::AnyConnection;

use super::stored::Reader;
use super::{Recording, RecordingError, http, store};
use crate::state::AppState;
use crate::storage::{self, StoreError};

/// The workspace's recordings after an id, in the order of their ids.
///
/// # Errors
/// The database failed.
pub async fn list_by_id(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    after: &str,
    limit: i64,
) -> Result<Vec<Recording>, sqlx::Error> {
    store::list_by_id(conn, workspace, after, limit).await
}

/// As `GET /v1/recordings` shows them.
///
/// # Errors
/// The database failed.
pub async fn shown(
    app: &AppState,
    workspace: WorkspaceId,
    recordings: &[Recording],
) -> Result<Vec<wire::Recording>, sqlx::Error> {
    let tier = storage::holding(&mut *app.db.acquire().await?, workspace).await?.tier;
    Ok(recordings.iter().map(|recording| http::body(recording.clone(), &tier)).collect())
}

/// The audio of a recording: a WAV file.
pub struct Audio(Reader);

impl Audio {
    /// Its length, in bytes.
    pub fn size(&self) -> u64 {
        self.0.size()
    }

    /// A part of it.
    ///
    /// # Errors
    /// The place where it is kept does not give it.
    pub async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.0.read(range).await
    }
}

/// Opens the audio of a recording; none where none is kept.
///
/// # Errors
/// The place where it is kept does not give it, or it does not open.
pub async fn audio(app: &AppState, recording: &Recording) -> Result<Option<Audio>, RecordingError> {
    Ok(Reader::open(app, recording).await?.map(Audio))
}
