//! SQL of calls' rows. Legs and timelines have their own files.

/// Whether a `callback.failed` of the timeline, the row `e`, says something of the customer's server. One that was not waited for any
/// more has no code, one whose call was over by then has that of a call that does not run: a caller hung up, or the API sent new
/// actions.
macro_rules! failed_by_server {
    () => {
        r#"e.data like '%"code":"%' and e.data not like '%"code":"calls.not_live"%'"#
    };
}
pub(crate) use failed_by_server;

pub(crate) mod conferences;
pub(crate) mod events;
pub(crate) mod flush;
pub(crate) mod habits;
pub(crate) mod legs;
pub(crate) mod limits;
pub(crate) mod nodes;
pub(crate) mod open;
pub(crate) mod pbx;
pub(crate) mod registrations;
pub(crate) mod shown;
pub(crate) mod stats;
pub(crate) mod traces;

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, WorkspaceId};
use sautikit_api::money::Currency;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{CallRow, Direction, Origin};
use crate::db::statements;
use crate::row;
use crate::tax::TaxRate;

statements! {
    FIND_CALL = "
        select *
        from calls
        where id = $1";
    FIND_CALL_OF_WORKSPACE = "
        select *
        from calls
        where workspace_id = $1 and id = $2";
    LIST_OPEN_OF_NODE = "
        select *
        from calls
        where ended_at is null and node_id = $1
        order by started_at
        limit $2";
    LIST_OPEN_IDS_OF_NODE = "
        select id, started_at
        from calls
        where ended_at is null and node_id = $1";
    FIND_NODE = "
        select node_id
        from calls
        where id = $1";
    SET_RECORDING_STATUS = "
        update calls
        set recording_status = $2
        where id = $1";
    REVOKE_STREAM = "
        update calls
        set stream_revision = stream_revision + 1
        where workspace_id = $1 and id = $2
        returning stream_revision";
    COUNT_OPEN = "
        select count(*)
        from calls
        where workspace_id = $1 and ended_at is null";
}

/// Which calls a list shows; empty text matches all.
#[derive(Default)]
pub(crate) struct Filter {
    pub(crate) status: String,
    pub(crate) direction: String,
    pub(crate) from_us: i64,
    pub(crate) to_us: i64,
    pub(crate) remote: String,
    pub(crate) number: String,
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

/// Any workspace's call, for a stream's own token, with how often such a token was revoked.
pub(super) async fn find_streamed(conn: &mut AnyConnection, id: CallId) -> Result<Option<(CallRow, i64)>, sqlx::Error> {
    let row = sqlx::query(FIND_CALL).bind(id.to_string()).fetch_optional(conn).await?;
    row.map(|row| Ok((call(&row)?, row.try_get("stream_revision")?))).transpose()
}

/// Any workspace's call: for the gateway and its jobs, which hold the id from us.
pub(super) async fn find_call(conn: &mut AnyConnection, id: CallId) -> Result<Option<CallRow>, sqlx::Error> {
    let row = sqlx::query(FIND_CALL).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(call).transpose()
}

/// The node that runs or ran the call.
pub(super) async fn find_node(conn: &mut AnyConnection, id: CallId) -> Result<Option<String>, sqlx::Error> {
    let node: Option<Option<String>> = sqlx::query_scalar(FIND_NODE).bind(id.to_string()).fetch_optional(conn).await?;
    Ok(node.flatten())
}

pub(super) async fn list_open_of_node(
    conn: &mut AnyConnection,
    node_id: &str,
    limit: i64,
) -> Result<Vec<CallRow>, sqlx::Error> {
    let query = sqlx::query(LIST_OPEN_OF_NODE).bind(node_id.to_owned()).bind(limit);
    let rows = query.fetch_all(conn).await?;
    rows.iter().map(call).collect()
}

/// All of the node's open calls, with when they began in microseconds UTC.
pub(super) async fn list_open_ids_of_node(
    conn: &mut AnyConnection,
    node_id: &str,
) -> Result<Vec<(CallId, i64)>, sqlx::Error> {
    let rows = sqlx::query(LIST_OPEN_IDS_OF_NODE).bind(node_id.to_owned()).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row::parsed(row, "id")?, row.try_get("started_at")?))).collect()
}

pub(super) async fn set_recording_status(
    tx: &mut AnyConnection,
    id: CallId,
    status: Option<String>,
) -> Result<(), sqlx::Error> {
    sqlx::query(SET_RECORDING_STATUS).bind(id.to_string()).bind(status).execute(tx).await.map(drop)
}

/// Ends the token of the call's stream; gives the revision of the next one, none where the workspace has no such call.
pub(super) async fn revoke_stream(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    id: CallId,
) -> Result<Option<i64>, sqlx::Error> {
    let query = sqlx::query_scalar(REVOKE_STREAM).bind(workspace_id.to_string()).bind(id.to_string());
    query.fetch_optional(tx).await
}

pub(super) async fn count_open(conn: &mut AnyConnection, workspace_id: WorkspaceId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(COUNT_OPEN).bind(workspace_id.to_string()).fetch_one(conn).await
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
        metadata: row::parsed_opt(row, "metadata")?,
        ring_timeout_seconds: row.try_get("ring_timeout_seconds")?,
        max_duration_seconds: row.try_get("max_duration_seconds")?,
        started_at: row.try_get("started_at")?,
        answered_at: row.try_get("answered_at")?,
        ended_at: row.try_get("ended_at")?,
        duration_seconds: row.try_get("duration_seconds")?,
        hangup_cause: row.try_get("hangup_cause")?,
        cost_minor: row.try_get("cost_minor")?,
        tax: TaxRate::of_basis_points(row.try_get("tax_bp")?),
        tax_minor: row.try_get("tax_minor")?,
        ledger_entry_id: row::parsed_opt(row, "ledger_entry_id")?,
        last_media_at: row.try_get("last_media_at")?,
        entry_seq: row.try_get("event_seq")?,
        outbox_seq: row.try_get("outbox_seq")?,
    })
}
