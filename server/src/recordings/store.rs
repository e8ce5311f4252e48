//! SQL of recordings.

use sautikit_api::ids::{CallId, RecordingId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::render::Rendered;
use super::stored::Kept;
use super::{Header, Recording, RecordingStatus};
use crate::db::statements;
use crate::row;

statements! {
    INSERT_RECORDING = "
        insert into recordings (id, workspace_id, call_id, node_id, source, channels, status, started_at, sealed_key,
            status_callback)
        values ($1, $2, $3, $4, $5, $6, 'recording', $7, $8, $9)
        on conflict (id) do nothing";
    SET_OPEN_STATUS = "
        update recordings
        set status = $2
        where id = $1 and status in ('recording', 'paused')";
    END_RECORDING = "
        update recordings
        set status = 'processing', ended_at = $2
        where id = $1 and status in ('recording', 'paused')";
    READY = "
        update recordings
        set status = 'ready', duration_ms = $2, size_bytes = $3, stored_bytes = $4, sha256 = $5, waveform = $6,
            object_key = $7, bucket = $8, failure = null
        where id = $1 and status = 'processing'";
    NOTE_FAILURE = "
        update recordings
        set failure = $2, status = case when $3 = 1 then 'failed' else status end,
            ended_at = case when $3 = 1 then coalesce(ended_at, $4) else ended_at end
        where id = $1 and status in ('recording', 'paused', 'processing')";
    EXPIRE = "
        update recordings
        set status = 'expired', object_key = null, bucket = null
        where id = $1 and status = 'ready'";
    TOLD = "
        update recordings
        set told_at = $2
        where id = $1 and told_at is null";
    DELETE_RECORDING = "
        delete from recordings
        where id = $1";
    DELETE_RECORDING_AS = "
        delete from recordings
        where id = $1 and status = $2";
    /// Those of a node that are not at their end.
    LIST_UNFINISHED = "
        select id
        from recordings
        where node_id = $1 and status in ('recording', 'paused', 'processing')
        order by started_at
        limit $2";
    /// Those of any node whose calls are long over.
    LIST_GIVEN_UP = "
        select r.id
        from recordings r
        join calls c on c.workspace_id = r.workspace_id and c.id = r.call_id
        where r.status in ('recording', 'paused', 'processing') and r.started_at < $1 and c.ended_at < $1
        limit $2";
    FIND_RECORDING = "
        select *
        from recordings
        where id = $1";
    FIND_RECORDING_OF = "
        select *
        from recordings
        where workspace_id = $1 and id = $2";
    NEWEST_OF_CALL = "
        select *
        from recordings
        where workspace_id = $1 and call_id = $2
        order by started_at desc, id desc
        limit 1";
    LIST_RECORDINGS = "
        select *
        from recordings
        where workspace_id = $1
            and (started_at, id) < ($2, $3) and started_at >= $4
            and ($5 = '' or status = $5)
            and ($6 = '' or call_id = $6)
        order by started_at desc, id desc
        limit $7";
    LIST_OF_CALL = "
        select *
        from recordings
        where workspace_id = $1 and call_id = $2
        order by id";
    LIST_BY_ID = "
        select *
        from recordings
        where workspace_id = $1 and id > $2
        order by id
        limit $3";
    LIST_UNTOLD = "
        select *
        from recordings
        where call_id = $1 and told_at is null and status in ('ready', 'failed')";
    WORKSPACES_WITH_READY = "
        select distinct workspace_id
        from recordings
        where status = 'ready' and bucket is null";
    LIST_KEPT_SINCE = "
        select *
        from recordings
        where workspace_id = $1 and started_at < $2 and status = 'ready' and bucket is null
        order by started_at
        limit $3";
    STATUS_OF_CALL = "
        select status
        from recordings
        where call_id = $1
        order by started_at desc, id desc
        limit 1";
}

/// The row of a recording that begins, unless it is there.
pub(super) async fn insert(tx: &mut AnyConnection, node: &str, header: &Header) -> Result<(), sqlx::Error> {
    let layout = media::recording::Layout::from(header.layout);
    sqlx::query(INSERT_RECORDING)
        .bind(header.id.to_string())
        .bind(header.workspace_id.to_string())
        .bind(header.call_id.to_string())
        .bind(node.to_owned())
        .bind(header.source.clone())
        .bind(i64::from(layout.channels()))
        .bind(header.started_at)
        .bind(header.sealed_key.clone())
        .bind(header.status_callback.clone())
        .execute(tx)
        .await
        .map(drop)
}

pub(super) async fn set_open_status(
    tx: &mut AnyConnection,
    id: RecordingId,
    status: RecordingStatus,
) -> Result<(), sqlx::Error> {
    sqlx::query(SET_OPEN_STATUS).bind(id.to_string()).bind(status.as_str()).execute(tx).await.map(drop)
}

pub(super) async fn end(tx: &mut AnyConnection, id: RecordingId, ended_at: i64) -> Result<(), sqlx::Error> {
    sqlx::query(END_RECORDING).bind(id.to_string()).bind(ended_at).execute(tx).await.map(drop)
}

/// Whether it was being processed until now.
pub(super) async fn ready(
    tx: &mut AnyConnection,
    id: RecordingId,
    rendered: &Rendered,
    kept: &Kept,
) -> Result<bool, sqlx::Error> {
    let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let done = sqlx::query(READY)
        .bind(id.to_string())
        .bind(rendered.duration_ms)
        .bind(bytes(rendered.size_bytes))
        .bind(bytes(kept.stored_bytes))
        .bind(rendered.sha256.clone())
        .bind(serde_json::Value::from(rendered.waveform.clone()).to_string())
        .bind(kept.object_key.clone())
        .bind(kept.bucket.clone())
        .execute(tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Why it is not ready yet, or never will be; false where it is at its end already.
pub(super) async fn note_failure(
    tx: &mut AnyConnection,
    id: RecordingId,
    reason: &str,
    is_last: bool,
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(NOTE_FAILURE).bind(id.to_string()).bind(reason.to_owned());
    Ok(query.bind(i64::from(is_last)).bind(now_us).execute(tx).await?.rows_affected() > 0)
}

/// Whether it was ready until now.
pub(super) async fn expire(tx: &mut AnyConnection, id: RecordingId) -> Result<bool, sqlx::Error> {
    Ok(sqlx::query(EXPIRE).bind(id.to_string()).execute(tx).await?.rows_affected() > 0)
}

/// Whether nobody had told of it.
pub(super) async fn told(tx: &mut AnyConnection, id: RecordingId, now_us: i64) -> Result<bool, sqlx::Error> {
    Ok(sqlx::query(TOLD).bind(id.to_string()).bind(now_us).execute(tx).await?.rows_affected() > 0)
}

pub(super) async fn delete(tx: &mut AnyConnection, id: RecordingId) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_RECORDING).bind(id.to_string()).execute(tx).await.map(drop)
}

/// Whether it was there, and stood where it was seen to stand.
pub(super) async fn delete_as(
    tx: &mut AnyConnection,
    id: RecordingId,
    seen: RecordingStatus,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(DELETE_RECORDING_AS).bind(id.to_string()).bind(seen.as_str());
    Ok(query.execute(tx).await?.rows_affected() > 0)
}

pub(super) async fn list_unfinished(
    conn: &mut AnyConnection,
    node: &str,
    limit: i64,
) -> Result<Vec<RecordingId>, sqlx::Error> {
    let rows = sqlx::query(LIST_UNFINISHED).bind(node.to_owned()).bind(limit).fetch_all(conn).await?;
    rows.iter().map(|row| row::parsed(row, "id")).collect()
}

pub(super) async fn list_given_up(
    conn: &mut AnyConnection,
    before_us: i64,
    limit: i64,
) -> Result<Vec<RecordingId>, sqlx::Error> {
    let rows = sqlx::query(LIST_GIVEN_UP).bind(before_us).bind(limit).fetch_all(conn).await?;
    rows.iter().map(|row| row::parsed(row, "id")).collect()
}

/// Any workspace's recording: for its node's keeper and for a signed URL, which hold the id from us.
pub(super) async fn find(conn: &mut AnyConnection, id: RecordingId) -> Result<Option<Recording>, sqlx::Error> {
    let row = sqlx::query(FIND_RECORDING).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(recording).transpose()
}

pub(super) async fn find_of(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: RecordingId,
) -> Result<Option<Recording>, sqlx::Error> {
    let query = sqlx::query(FIND_RECORDING_OF).bind(workspace.to_string()).bind(id.to_string());
    query.fetch_optional(conn).await?.as_ref().map(recording).transpose()
}

pub(super) async fn newest_of(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    call_id: CallId,
) -> Result<Option<Recording>, sqlx::Error> {
    let query = sqlx::query(NEWEST_OF_CALL).bind(workspace.to_string()).bind(call_id.to_string());
    query.fetch_optional(conn).await?.as_ref().map(recording).transpose()
}

/// What a list shows; empty text matches all.
pub(super) struct Filter {
    pub(super) from_us: i64,
    pub(super) status: String,
    pub(super) call_id: String,
}

pub(super) async fn list(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    before: (i64, &str),
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Recording>, sqlx::Error> {
    let query = sqlx::query(LIST_RECORDINGS).bind(workspace.to_string()).bind(before.0).bind(before.1.to_owned());
    let query = query.bind(filter.from_us).bind(filter.status.clone()).bind(filter.call_id.clone()).bind(limit);
    query.fetch_all(conn).await?.iter().map(recording).collect()
}

/// All of a call.
pub(super) async fn list_of_call(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    call: CallId,
) -> Result<Vec<Recording>, sqlx::Error> {
    let query = sqlx::query(LIST_OF_CALL).bind(workspace.to_string()).bind(call.to_string());
    query.fetch_all(conn).await?.iter().map(recording).collect()
}

/// Those after an id, in the order of their ids.
pub(super) async fn list_by_id(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    after: &str,
    limit: i64,
) -> Result<Vec<Recording>, sqlx::Error> {
    let query = sqlx::query(LIST_BY_ID).bind(workspace.to_string()).bind(after.to_owned()).bind(limit);
    query.fetch_all(conn).await?.iter().map(recording).collect()
}

pub(super) async fn list_untold(conn: &mut AnyConnection, call_id: CallId) -> Result<Vec<Recording>, sqlx::Error> {
    let rows = sqlx::query(LIST_UNTOLD).bind(call_id.to_string()).fetch_all(conn).await?;
    rows.iter().map(recording).collect()
}

/// Those that keep recordings in this installation's store.
pub(super) async fn workspaces_with_ready(conn: &mut AnyConnection) -> Result<Vec<WorkspaceId>, sqlx::Error> {
    let rows = sqlx::query(WORKSPACES_WITH_READY).fetch_all(conn).await?;
    rows.iter().map(|row| row::parsed(row, "workspace_id")).collect()
}

pub(super) async fn list_kept_since(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    before_us: i64,
    most: i64,
) -> Result<Vec<Recording>, sqlx::Error> {
    let query = sqlx::query(LIST_KEPT_SINCE).bind(workspace.to_string()).bind(before_us).bind(most);
    query.fetch_all(conn).await?.iter().map(recording).collect()
}

/// Where the newest recording of a call stands.
pub(super) async fn status_of_call(conn: &mut AnyConnection, call_id: CallId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(STATUS_OF_CALL).bind(call_id.to_string()).fetch_optional(conn).await
}

fn recording(row: &AnyRow) -> Result<Recording, sqlx::Error> {
    let waveform: Option<String> = row.try_get("waveform")?;
    Ok(Recording {
        id: row::parsed(row, "id")?,
        workspace_id: row::parsed(row, "workspace_id")?,
        call_id: row::parsed(row, "call_id")?,
        source: row.try_get("source")?,
        channels: row.try_get("channels")?,
        status: row::known(row, "status", RecordingStatus::parse)?,
        started_at: row.try_get("started_at")?,
        ended_at: row.try_get("ended_at")?,
        duration_ms: row.try_get("duration_ms")?,
        size_bytes: row.try_get("size_bytes")?,
        stored_bytes: row.try_get("stored_bytes")?,
        sha256: row.try_get("sha256")?,
        waveform: waveform.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        object_key: row.try_get("object_key")?,
        bucket: row.try_get("bucket")?,
        sealed_key: row.try_get("sealed_key")?,
        failure: row.try_get("failure")?,
        told_at: row.try_get("told_at")?,
        status_callback: row.try_get("status_callback")?,
    })
}
