//! SQL of calls' timelines.

use sautikit_api::ids::{CallEventId, CallId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{AnyConnection, Row};

use crate::db::statements;
use crate::row;

statements! {
    LAST_SEQUENCE = "
        select coalesce(max(sequence), 0)
        from call_events
        where call_id = $1";
    LIST_EVENTS_AFTER = "
        select id, sequence, kind, data, occurred_at
        from call_events
        where call_id = $1 and sequence > $2
        order by sequence
        limit $3";
}

/// An entry of a call's timeline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EventRow {
    pub(crate) id: CallEventId,
    pub(crate) sequence: i64,
    pub(crate) kind: String,
    pub(crate) data: Value,
    pub(crate) occurred_at: i64,
}

/// The place of the newest entry; 0 when there is none.
pub(crate) async fn last_sequence(conn: &mut AnyConnection, call_id: CallId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(LAST_SEQUENCE).bind(call_id.to_string()).fetch_one(conn).await
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
