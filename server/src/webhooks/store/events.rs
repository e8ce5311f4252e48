//! SQL of events as they are read.

use sautikit_api::ids::{EventId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::statements;
use crate::row;
use crate::webhooks::body::StoredEvent;

statements! {
    FIND_EVENT = "
        select id, workspace_id, kind, version, sequence, data, is_test, created_at, position
        from events
        where workspace_id = $1 and id = $2";
    LIST_EVENTS = "
        select id, workspace_id, kind, version, sequence, data, is_test, created_at, position
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
        insert into events (id, workspace_id, kind, sequence, data, created_at, version, is_test)
        values ($1, $2, $3, $4, $5, $6, $7, 1)";
    /// By their ids, which begin with their time. A delivery that waits needs its event, whenever it was made.
    DELETE_EVENTS = "
        delete from events
        where id in (
            select e.id
            from events e
            where e.id < $1 and e.created_at < $2 and (e.position is not null or e.is_test = 1)
                and not exists (select 1 from webhook_deliveries d where d.event_id = e.id and d.status = 'pending')
            order by e.id
            limit $3
        )";
    /// Of those whose ids are made of a text.
    DELETE_DERIVED = "
        delete from events
        where id in (
            select e.id
            from events e
            where substr(e.id, 15, 1) <> '7' and e.created_at < $1 and (e.position is not null or e.is_test = 1)
                and not exists (select 1 from webhook_deliveries d where d.event_id = e.id and d.status = 'pending')
            order by e.created_at
            limit $2
        )";
    LAST_POSITION_AT = "
        select position
        from events
        where workspace_id = $1 and position is not null and created_at <= $2
        order by position desc
        limit 1";
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
        version: row::number(row, "version")?,
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
    let query = query.bind(i64::from(event.version));
    query.execute(tx).await.map(drop)
}

/// The place of the last of the workspace's events that had happened by then; 0 without one.
pub(in crate::webhooks) async fn last_position_at(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    at_us: i64,
) -> Result<i64, sqlx::Error> {
    let query = sqlx::query_scalar(LAST_POSITION_AT).bind(workspace.to_string()).bind(at_us);
    Ok(query.fetch_optional(conn).await?.unwrap_or(0))
}

/// Deletes events that happened before a moment, `id` being the least that was made then, at most so many of each kind of id;
/// how many. Those that wait to be told stay, and those of deliveries that wait.
pub(in crate::webhooks) async fn delete_before(
    conn: &mut AnyConnection,
    (id, before_us): (&str, i64),
    most: i64,
) -> Result<u64, sqlx::Error> {
    let by_id = sqlx::query(DELETE_EVENTS).bind(id.to_owned()).bind(before_us).bind(most);
    let by_id = by_id.execute(&mut *conn).await?.rows_affected();
    let derived = sqlx::query(DELETE_DERIVED).bind(before_us).bind(most).execute(conn).await?;
    Ok(by_id + derived.rows_affected())
}
