//! SQL of calls' rows. Legs and timelines have their own files.

pub(crate) mod events;
pub(crate) mod legs;
pub(crate) mod shown;
pub(crate) mod stats;

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, LedgerEntryId, WorkspaceId};
use sautikit_api::money::Currency;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{CallRow, Direction, Origin};
use crate::row;
use crate::statements::statements;

statements! {
    INSERT_CALL = "
        insert into calls (id, workspace_id, tenant_number_id, direction, origin, status, from_party, to_party, local_e164,
            remote_party, currency, voice_callback_url, events_url, actions, metadata, ring_timeout_seconds,
            max_duration_seconds, started_at, node_id)
        values ($1, $2, $3, $4, $5, 'ringing', $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    FIND_CALL = "
        select *
        from calls
        where id = $1";
    FIND_CALL_OF_WORKSPACE = "
        select *
        from calls
        where workspace_id = $1 and id = $2";
    LOCK_CALL = "
        update calls
        set event_seq = event_seq + 0
        where id = $1
        returning *";
    LIST_OPEN_OF_NODE = "
        select *
        from calls
        where ended_at is null and node_id = $1
        order by started_at
        limit $2";
    /// Of several targets the one that answered takes their place.
    MARK_ANSWERED = "
        update calls
        set status = 'answered', answered_at = $2, last_media_at = $2,
            to_party = coalesce($3, to_party), remote_party = coalesce($3, remote_party)
        where id = $1 and status = 'ringing'";
    FINISH_CALL = "
        update calls
        set status = $2, ended_at = $3, duration_seconds = $4, hangup_cause = $5, cost_due_minor = $6, cost_minor = $7
        where id = $1 and ended_at is null";
    STAMP_DEBIT = "
        update calls
        set cost_minor = $2, ledger_entry_id = $3
        where id = $1 and cost_minor is null and ended_at is not null";
    TOUCH_MEDIA = "
        update calls
        set last_media_at = $2
        where id = $1 and ended_at is null and (last_media_at is null or last_media_at < $2)";
    NEXT_OUTBOX_SEQUENCE = "
        update calls
        set outbox_seq = outbox_seq + 1
        where id = $1
        returning outbox_seq";
    COUNT_OPEN = "
        select count(*)
        from calls
        where workspace_id = $1 and (ended_at is null or cost_minor is null)";
    UNBILLED_MINOR = "
        select cast(coalesce(sum(cost_due_minor), 0) as bigint)
        from calls
        where workspace_id = $1 and ended_at is not null and cost_minor is null";
}

/// Which calls a list shows; empty text matches all.
pub(crate) struct Filter {
    pub(crate) status: String,
    pub(crate) direction: String,
    pub(crate) from_us: i64,
    pub(crate) to_us: i64,
    pub(crate) remote: String,
    pub(crate) number: String,
}

pub(super) async fn insert_call(tx: &mut AnyConnection, call: &CallRow, node_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_CALL)
        .bind(call.id.to_string())
        .bind(call.workspace_id.to_string())
        .bind(call.number_id.to_string())
        .bind(call.direction.as_str())
        .bind(call.origin.as_str())
        .bind(call.from.clone())
        .bind(call.to.clone())
        .bind(call.local_e164.clone())
        .bind(call.remote.clone())
        .bind(call.currency.code())
        .bind(call.voice_callback_url.clone())
        .bind(call.events_url.clone())
        .bind(call.actions.as_ref().map(ToString::to_string))
        .bind(call.metadata.as_ref().map(ToString::to_string))
        .bind(call.ring_timeout_seconds)
        .bind(call.max_duration_seconds)
        .bind(call.started_at)
        .bind(node_id.to_owned())
        .execute(tx)
        .await
        .map(drop)
}

/// One of the workspace's calls.
pub(super) async fn find_call_of(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    id: CallId,
) -> Result<Option<CallRow>, sqlx::Error> {
    let query = sqlx::query(FIND_CALL_OF_WORKSPACE).bind(workspace_id.to_string()).bind(id.to_string());
    query.fetch_optional(conn).await?.as_ref().map(call).transpose()
}

/// Any workspace's call: for the gateway and its jobs, which hold the id from us, and for a stream's own token.
pub(super) async fn find_call(conn: &mut AnyConnection, id: CallId) -> Result<Option<CallRow>, sqlx::Error> {
    let row = sqlx::query(FIND_CALL).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(call).transpose()
}

/// The call, its row locked for the rest of the transaction.
pub(super) async fn lock_call(tx: &mut AnyConnection, id: CallId) -> Result<Option<CallRow>, sqlx::Error> {
    let row = sqlx::query(LOCK_CALL).bind(id.to_string()).fetch_optional(tx).await?;
    row.as_ref().map(call).transpose()
}

pub(super) async fn list_open_of_node(
    conn: &mut AnyConnection,
    node_id: &str,
    limit: i64,
) -> Result<Vec<CallRow>, sqlx::Error> {
    let rows = sqlx::query(LIST_OPEN_OF_NODE).bind(node_id.to_owned()).bind(limit).fetch_all(conn).await?;
    rows.iter().map(call).collect()
}

/// False when the call was not ringing.
pub(super) async fn mark_answered(
    tx: &mut AnyConnection,
    id: CallId,
    at_us: i64,
    winner: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(MARK_ANSWERED).bind(id.to_string()).bind(at_us).bind(winner.map(str::to_owned));
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// Writes the ended state of `call`. False when it had ended before.
pub(super) async fn finish_call(tx: &mut AnyConnection, call: &CallRow) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(FINISH_CALL)
        .bind(call.id.to_string())
        .bind(call.status.as_str())
        .bind(call.ended_at)
        .bind(call.duration_seconds)
        .bind(call.hangup_cause.clone())
        .bind(call.cost_due_minor)
        .bind(call.cost_minor)
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// False when the call was stamped before.
pub(super) async fn stamp_debit(
    tx: &mut AnyConnection,
    id: CallId,
    cost_minor: i64,
    entry_id: LedgerEntryId,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(STAMP_DEBIT).bind(id.to_string()).bind(cost_minor).bind(entry_id.to_string());
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

pub(super) async fn touch_media(tx: &mut AnyConnection, id: CallId, at_us: i64) -> Result<(), sqlx::Error> {
    sqlx::query(TOUCH_MEDIA).bind(id.to_string()).bind(at_us).execute(tx).await.map(drop)
}

pub(super) async fn next_outbox_sequence(tx: &mut AnyConnection, id: CallId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(NEXT_OUTBOX_SEQUENCE).bind(id.to_string()).fetch_one(tx).await
}

pub(super) async fn count_open(conn: &mut AnyConnection, workspace_id: WorkspaceId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(COUNT_OPEN).bind(workspace_id.to_string()).fetch_one(conn).await
}

pub(super) async fn unbilled_minor(conn: &mut AnyConnection, workspace_id: WorkspaceId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(UNBILLED_MINOR).bind(workspace_id.to_string()).fetch_one(conn).await
}

fn call(row: &AnyRow) -> Result<CallRow, sqlx::Error> {
    Ok(CallRow {
        id: row::parsed(row, "id")?,
        workspace_id: row::parsed(row, "workspace_id")?,
        number_id: row::parsed(row, "tenant_number_id")?,
        direction: row::known(row, "direction", Direction::parse)?,
        origin: row::known(row, "origin", Origin::parse)?,
        status: row::known(row, "status", CallStatus::parse)?,
        from: row.try_get("from_party")?,
        to: row.try_get("to_party")?,
        local_e164: row.try_get("local_e164")?,
        remote: row.try_get("remote_party")?,
        currency: row::known(row, "currency", Currency::parse)?,
        voice_callback_url: row.try_get("voice_callback_url")?,
        events_url: row.try_get("events_url")?,
        actions: row::parsed_opt(row, "actions")?,
        metadata: row::parsed_opt(row, "metadata")?,
        ring_timeout_seconds: row.try_get("ring_timeout_seconds")?,
        max_duration_seconds: row.try_get("max_duration_seconds")?,
        started_at: row.try_get("started_at")?,
        answered_at: row.try_get("answered_at")?,
        ended_at: row.try_get("ended_at")?,
        duration_seconds: row.try_get("duration_seconds")?,
        hangup_cause: row.try_get("hangup_cause")?,
        cost_due_minor: row.try_get("cost_due_minor")?,
        cost_minor: row.try_get("cost_minor")?,
        ledger_entry_id: row::parsed_opt(row, "ledger_entry_id")?,
        last_media_at: row.try_get("last_media_at")?,
    })
}
