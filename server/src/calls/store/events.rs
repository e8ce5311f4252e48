//! SQL of calls' timelines.

use sautikit_api::ids::{CallEventId, CallId};
use serde_json::Value;
use sqlx::{AnyConnection, Row};

use crate::row;
use crate::statements::statements;

statements! {
    /// Takes the call's row lock, so that sequences have no gaps and no twins.
    NEXT_SEQUENCE = "
        update calls
        set event_seq = event_seq + 1
        where id = $1
        returning event_seq";
    INSERT_EVENT = "
        insert into call_events (id, workspace_id, call_id, sequence, kind, data, occurred_at)
        values ($1, (select workspace_id from calls where id = $2), $2, $3, $4, $5, $6)";
    LIST_EVENTS_AFTER = "
        select id, sequence, kind, data, occurred_at
        from call_events
        where call_id = $1 and sequence > $2
        order by sequence
        limit $3";
}

/// An entry of a call's timeline.
#[derive(Debug, Clone)]
pub(crate) struct EventRow {
    pub(crate) id: CallEventId,
    pub(crate) sequence: i64,
    pub(crate) kind: String,
    pub(crate) data: Value,
    pub(crate) occurred_at: i64,
}

/// None when there is no such call.
pub(crate) async fn next_sequence(tx: &mut AnyConnection, call_id: CallId) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(NEXT_SEQUENCE).bind(call_id.to_string()).fetch_optional(tx).await
}

pub(crate) async fn insert_event(tx: &mut AnyConnection, call_id: CallId, event: &EventRow) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_EVENT)
        .bind(event.id.to_string())
        .bind(call_id.to_string())
        .bind(event.sequence)
        .bind(event.kind.clone())
        .bind(event.data.to_string())
        .bind(event.occurred_at)
        .execute(tx)
        .await
        .map(drop)
}

pub(crate) async fn list_events_after(
    conn: &mut AnyConnection,
    call_id: CallId,
    after: i64,
    limit: i64,
) -> Result<Vec<EventRow>, sqlx::Error> {
    let query = sqlx::query(LIST_EVENTS_AFTER).bind(call_id.to_string()).bind(after).bind(limit);
    query
        .fetch_all(conn)
        .await?
        .iter()
        .map(|row| {
            Ok(EventRow {
                id: row::parsed(row, "id")?,
                sequence: row.try_get("sequence")?,
                kind: row.try_get("kind")?,
                data: row::parsed(row, "data")?,
                occurred_at: row.try_get("occurred_at")?,
            })
        })
        .collect()
}
