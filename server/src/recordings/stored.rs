//! Where a recording is kept once it is a file: in this installation's store sealed, in a workspace's own bucket as a plain
//! WAV file, because only so can that be played from there.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use sautikit_api::ids::WorkspaceId;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::log_file::KEY_BYTES;
use super::render::Rendered;
use super::sealed::{HEAD_BYTES, Pieces, pieces_of, sealed_bytes};
use super::{Header, Recording, RecordingError};
use crate::secrets::hex;
use crate::state::AppState;
use crate::storage::{self, Bucket, ObjectStore, Source, StoreError, Stores};

/// Bytes that are read back at once.
const CHECK_BYTES: u64 = 4 * 1024 * 1024;

/// Where something was put.
pub(super) struct Kept {
    pub(super) object_key: String,
    pub(super) stored_bytes: u64,
    /// Sealed, where it is a workspace's own.
    pub(super) bucket: Option<String>,
}

/// Stores a file and reads it back.
pub(super) async fn keep(
    app: &AppState,
    header: &Header,
    file: &Path,
    rendered: &Rendered,
    key: [u8; KEY_BYTES],
) -> Result<Kept, RecordingError> {
    let (workspace, size) = (header.workspace_id, rendered.size_bytes);
    let bucket = own_bucket(app, workspace).await?;
    let object_key = object_key(header);
    let sealed = SealedFile { path: file.to_owned(), bytes: sealed_bytes(size) };
    let Some(bucket) = bucket else {
        let store = Stores::own(app);
        store.put(&object_key, &sealed).await?;
        check(store.as_ref(), &object_key, sealed.bytes, &rendered.sealed_sha256).await?;
        return Ok(Kept { object_key, stored_bytes: sealed.bytes, bucket: None });
    };
    let store = Stores::of_bucket(app, &bucket);
    let plain = Opened { head: sealed.read(0..HEAD_BYTES).await?, sealed, size, key };
    store.put(&object_key, &plain).await?;
    check(store.as_ref(), &object_key, size, &rendered.sha256).await?;
    let bucket = Some(storage::seal_bucket(app, workspace, &bucket));
    Ok(Kept { object_key, stored_bytes: size, bucket })
}

async fn own_bucket(app: &AppState, workspace: WorkspaceId) -> Result<Option<Bucket>, RecordingError> {
    let holding = storage::holding(&mut *app.db.acquire().await?, workspace).await?;
    Ok(holding.bucket(app, workspace)?)
}

/// By day, so that a folder of a bucket stays listable.
fn object_key(header: &Header) -> String {
    let day = crate::clock::rfc3339(header.started_at);
    let day = day.get(..10).unwrap_or_default();
    format!("recordings/{}/{day}/{}.wav", header.workspace_id, header.id)
}

/// What is there has that hash.
async fn check(store: &dyn ObjectStore, key: &str, bytes: u64, sha256: &str) -> Result<(), StoreError> {
    let mut hash = Sha256::new();
    let mut start = 0;
    while start < bytes {
        let end = (start + CHECK_BYTES).min(bytes);
        hash.update(store.read(key, start..end).await?);
        start = end;
    }
    match hex(&hash.finalize()) == sha256 {
        true => Ok(()),
        false => Err(StoreError::Failed("what was read back is not what was stored".to_owned())),
    }
}

/// The store that has a recording, where it was stored.
async fn store_of(app: &AppState, recording: &Recording) -> Result<Arc<dyn ObjectStore>, RecordingError> {
    let Some(sealed) = &recording.bucket else { return Ok(Stores::own(app)) };
    let mut conn = app.db.acquire().await?;
    let bucket = storage::bucket_of(app, &mut conn, recording.workspace_id, sealed).await?;
    Ok(Stores::of_bucket(app, &bucket))
}

/// Removes a recording's audio.
pub(super) async fn remove(app: &AppState, recording: &Recording) -> Result<(), RecordingError> {
    if let Some(key) = &recording.object_key {
        store_of(app, recording).await?.delete(key).await?;
    }
    Ok(())
}

/// What is gone counts no more.
pub(super) async fn account_removed(
    app: &AppState,
    tx: &mut AnyConnection,
    recording: &Recording,
) -> Result<(), sqlx::Error> {
    match (&recording.object_key, &recording.bucket, recording.stored_bytes) {
        (Some(_), None, Some(bytes)) => storage::free(tx, recording.workspace_id, bytes, app.now_us()).await,
        _ => Ok(()),
    }
}

/// A URL by which the workspace's own bucket gives a recording; `None` where it is kept here.
pub(super) async fn presigned(
    app: &AppState,
    recording: &Recording,
    lasts: std::time::Duration,
) -> Result<Option<String>, RecordingError> {
    match (&recording.object_key, &recording.bucket) {
        (Some(key), Some(_)) => Ok(store_of(app, recording).await?.presigned(key, lasts).await?),
        _ => Ok(None),
    }
}

/// A recording that is kept, to be read as the WAV file that it is.
pub(super) struct Reader {
    store: Arc<dyn ObjectStore>,
    object_key: String,
    size: u64,
    pieces: Option<Pieces>,
}

impl Reader {
    /// Opens it; `None` where it is not kept.
    pub(super) async fn open(app: &AppState, recording: &Recording) -> Result<Option<Self>, RecordingError> {
        let (Some(object_key), Some(size)) = (recording.object_key.clone(), recording.size_bytes) else {
            return Ok(None);
        };
        let store = store_of(app, recording).await?;
        let pieces = match recording.bucket {
            Some(_) => None,
            None => {
                let key = super::open_key(app, recording.workspace_id, recording.id, &recording.sealed_key)?;
                let head = store.read(&object_key, 0..HEAD_BYTES).await?;
                Some(Pieces::of(&key, &head).map_err(damaged)?)
            }
        };
        Ok(Some(Self { store, object_key, size: u64::try_from(size).unwrap_or(0), pieces }))
    }

    /// Of the WAV file.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// A part of the WAV file.
    pub(super) async fn read(&self, wanted: Range<u64>) -> Result<Vec<u8>, StoreError> {
        match &self.pieces {
            None => self.store.read(&self.object_key, wanted).await,
            Some(pieces) => {
                let sealed = self.store.read(&self.object_key, pieces_of(&wanted, self.size)).await?;
                pieces.open(&wanted, &sealed).map_err(damaged)
            }
        }
    }
}

fn damaged(error: super::sealed::Damaged) -> StoreError {
    StoreError::Failed(error.to_string())
}

/// The sealed file on this node's disk.
struct SealedFile {
    path: std::path::PathBuf,
    bytes: u64,
}

#[async_trait]
impl Source for SealedFile {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let failed = |error: std::io::Error| StoreError::Failed(error.to_string());
        let mut file = tokio::fs::File::open(&self.path).await.map_err(failed)?;
        file.seek(std::io::SeekFrom::Start(range.start)).await.map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes).await.map_err(failed)?;
        Ok(bytes)
    }
}

/// The same, opened on the way.
struct Opened {
    head: Vec<u8>,
    sealed: SealedFile,
    size: u64,
    key: [u8; KEY_BYTES],
}

#[async_trait]
impl Source for Opened {
    fn bytes(&self) -> u64 {
        self.size
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let pieces = Pieces::of(&self.key, &self.head).map_err(damaged)?;
        let sealed = self.sealed.read(pieces_of(&range, self.size)).await?;
        pieces.open(&range, &sealed).map_err(damaged)
    }
}
