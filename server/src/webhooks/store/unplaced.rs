//! SQL of events that wait for a place.

use sautikit_api::ids::{NumberId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::events::event;
use crate::db::{Causes, statements};
use crate::row;
use crate::webhooks::body::StoredEvent;

/// Events that wait for a place, of a bounded look; of each whether the one before it in its call waits too.
macro_rules! unplaced {
    ($($some:literal),*) => {
        concat!(
            "
        select e.id, e.workspace_id, e.kind, e.sequence, e.data, e.is_test, e.created_at, e.call_id, e.number_id,
            c.events_url,
            (
                select count(*)
                from events p
                where p.call_id = e.call_id and p.sequence = e.sequence - 1 and p.position is null and p.is_test = 0
            ) as before_it
        from (
            select *
            from events
            where position is null and is_test = 0",
            $($some),*,
            "
        ) e
        left join calls c on c.id = e.call_id
        order by e.created_at, e.sequence, e.id"
        )
    };
}

statements! {
    /// The bound stands before the join, so that no plan reads all that wait.
    LIST_UNPLACED = unplaced!("
            order by created_at, sequence, id
            limit $1");
    LIST_UNPLACED_OF = unplaced!(" and workspace_id = $1
            order by created_at, sequence, id
            limit $2");
    /// Of a call, those before one of its places.
    LIST_UNPLACED_BEFORE = unplaced!(" and call_id = $1 and sequence < $2
            order by sequence
            limit $3");
    NEXT_WITH_UNPLACED = "
        select workspace_id
        from events
        where position is null and is_test = 0 and workspace_id > $1
        order by workspace_id
        limit 1";
    /// As if it were a test that nobody is told of.
    SET_ASIDE = "
        update events
        set is_test = 1
        where id = $1";
}

/// An event that waits for its place, and where its call's events go.
pub(in crate::webhooks) struct Unplaced {
    pub(in crate::webhooks) event: StoredEvent,
    pub(in crate::webhooks) call_id: Option<String>,
    pub(in crate::webhooks) events_url: Option<(NumberId, String)>,
    /// The one before it in its call waits too.
    pub(in crate::webhooks) waits_for_one: bool,
}

/// The oldest events that wait for a place, and the ids of those of them that can't be read.
pub(in crate::webhooks) async fn list_unplaced(
    conn: &mut AnyConnection,
    limit: i64,
) -> Result<(Vec<Unplaced>, Vec<String>), sqlx::Error> {
    readable(&sqlx::query(LIST_UNPLACED).bind(limit).fetch_all(conn).await?)
}

/// As [`list_unplaced`], of one workspace.
pub(in crate::webhooks) async fn list_unplaced_of(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    limit: i64,
) -> Result<(Vec<Unplaced>, Vec<String>), sqlx::Error> {
    readable(&sqlx::query(LIST_UNPLACED_OF).bind(workspace.to_string()).bind(limit).fetch_all(conn).await?)
}

/// As [`list_unplaced`], of one call and before one of its places, the least place first.
pub(in crate::webhooks) async fn list_unplaced_before(
    conn: &mut AnyConnection,
    (call, sequence): (&str, i64),
    limit: i64,
) -> Result<(Vec<Unplaced>, Vec<String>), sqlx::Error> {
    let query = sqlx::query(LIST_UNPLACED_BEFORE).bind(call.to_owned()).bind(sequence).bind(limit);
    readable(&query.fetch_all(conn).await?)
}

fn readable(rows: &[AnyRow]) -> Result<(Vec<Unplaced>, Vec<String>), sqlx::Error> {
    let (mut events, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        match unplaced(row) {
            Ok(one) => events.push(one),
            Err(error) => {
                let id: String = row.try_get("id")?;
                tracing::error!(event = %id, error = %Causes(&error), "an event can't be read, and is told to nobody");
                unreadable.push(id);
            }
        }
    }
    Ok((events, unreadable))
}

/// Takes an event that can't be read out of those that wait.
pub(in crate::webhooks) async fn set_aside(tx: &mut AnyConnection, id: String) -> Result<(), sqlx::Error> {
    sqlx::query(SET_ASIDE).bind(id).execute(tx).await.map(drop)
}

/// The workspace after that one, by its id, that has events without a place.
pub(in crate::webhooks) async fn next_with_unplaced(
    conn: &mut AnyConnection,
    after: Option<WorkspaceId>,
) -> Result<Option<WorkspaceId>, sqlx::Error> {
    let after = after.map(|after| after.to_string()).unwrap_or_default();
    let row = sqlx::query(NEXT_WITH_UNPLACED).bind(after).fetch_optional(conn).await?;
    row.map(|row| row::parsed(&row, "workspace_id")).transpose()
}

fn unplaced(row: &AnyRow) -> Result<Unplaced, sqlx::Error> {
    let number: Option<NumberId> = row::parsed_opt(row, "number_id")?;
    let url: Option<String> = row.try_get("events_url")?;
    let waits_for_one = row.try_get::<i64, _>("before_it")? > 0;
    Ok(Unplaced { event: event(row)?, call_id: row.try_get("call_id")?, events_url: number.zip(url), waits_for_one })
}
