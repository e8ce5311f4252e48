//! SQL of events as they are read.

use sautikit_api::ids::{EventId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::statements;
use crate::row;
use crate::webhooks::body::StoredEvent;

statements! {
    FIND_EVENT = "
        select id, workspace_id, kind, sequence, data, is_test, created_at, position
        from events
        where workspace_id = $1 and id = $2";
    LIST_EVENTS = "
        select id, workspace_id, kind, sequence, data, is_test, created_at, position
        from events
        where workspace_id = $1 and position > $2 and ($3 = '' or substr(kind, 1, length($3)) = $3)
            and ($4 = '' or kind = $4)
        order by position
        limit $5";
    LAST_POSITION = "
        select coalesce(max(position), 0)
        from events
        where workspace_id = $1 and position is not null";
    INSERT_TEST = "
        insert into events (id, workspace_id, kind, sequence, data, created_at, is_test)
        values ($1, $2, $3, $4, $5, $6, 1)";
    DELETE_EVENTS = "
        delete from events
        where id in (
            select id
            from events
            where id < $1 and (position is not null or is_test = 1)
                and id not in (select event_id from webhook_deliveries where id < $1)
            order by id
            limit $2
        )";
}

/// An event with its place.
pub(in crate::webhooks) struct Placed {
    pub(in crate::webhooks) event: StoredEvent,
    pub(in crate::webhooks) position: Option<i64>,
}

pub(super) fn event(row: &AnyRow) -> Result<StoredEvent, sqlx::Error> {
    Ok(StoredEvent {
        id: row::parsed(row, "id")?,
        workspace_id: row::parsed(row, "workspace_id")?,
        kind: row.try_get("kind")?,
        sequence: row.try_get("sequence")?,
        data: row.try_get("data")?,
        is_test: row::flag(row, "is_test")?,
        created_at: row.try_get("created_at")?,
    })
}

fn placed(row: &AnyRow) -> Result<Placed, sqlx::Error> {
    Ok(Placed { event: event(row)?, position: row.try_get("position")? })
}

pub(in crate::webhooks) async fn find(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: EventId,
) -> Result<Option<Placed>, sqlx::Error> {
    let row = sqlx::query(FIND_EVENT).bind(workspace.to_string()).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(placed).transpose()
}

/// The workspace's events after a place, the oldest first, of kinds that begin with `start` and are `kind`; empty for any.
pub(in crate::webhooks) async fn list_after(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    after: i64,
    (start, kind): (&str, &str),
    limit: i64,
) -> Result<Vec<Placed>, sqlx::Error> {
    let query = sqlx::query(LIST_EVENTS).bind(workspace.to_string()).bind(after);
    let query = query.bind(start.to_owned()).bind(kind.to_owned()).bind(limit);
    query.fetch_all(conn).await?.iter().map(placed).collect()
}

/// The place of the workspace's newest event; 0 without one.
pub(in crate::webhooks) async fn last_position(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(LAST_POSITION).bind(workspace.to_string()).fetch_one(conn).await
}

/// Writes an event that is told to one endpoint only.
pub(in crate::webhooks) async fn insert_test(tx: &mut AnyConnection, event: &StoredEvent) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT_TEST).bind(event.id.to_string()).bind(event.workspace_id.to_string());
    let query = query.bind(event.kind.clone()).bind(event.sequence).bind(event.data.clone()).bind(event.created_at);
    query.execute(tx).await.map(drop)
}

/// Deletes events whose id is less, at most so many; how many. Those that wait to be told stay, and those of deliveries whose
/// id is less too: once all that wait for nothing are deleted, they wait.
pub(in crate::webhooks) async fn delete_before(
    conn: &mut AnyConnection,
    id: &str,
    most: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(DELETE_EVENTS).bind(id.to_owned()).bind(most).execute(conn).await?;
    Ok(done.rows_affected())
}
