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
    ($($bounded:expr),*) => {
        concat!(
            "
        select e.id, e.workspace_id, e.kind, e.version, e.sequence, e.data, e.is_test, e.created_at, e.call_id, e.number_id,
            c.events_url,
            (
                select count(*)
                from events p
                where p.call_id = e.call_id and p.sequence = e.sequence - 1 and p.position is null and p.is_test = 0
            ) as before_it
        from (",
            $($bounded),*,
            "
        ) e
        left join calls c on c.id = e.call_id
        order by e.created_at, e.sequence, e.id"
        )
    };
}

/// One look at the events that wait for a place; what it is bounded by stands before the join, so that no plan reads all that
/// wait. What all rows meet beside it names the index (`migrations/0308_events_that_wait.sql`).
macro_rules! look {
    ($bound:expr) => {
        concat!(
            "
            select *
            from (
                select *
                from events
                where position is null and is_test = 0",
            $bound,
            "
            ) one_look"
        )
    };
}

/// Several looks as one.
macro_rules! looks {
    ($first:expr $(, $bound:expr)*) => { unplaced!(look!($first) $(, "
            union all", look!($bound))*) };
}

/// So many of each of some workspaces. The number stands in the text: PostgreSQL would plan it anew each time for another one,
/// which takes longer than reading.
macro_rules! of_each {
    ($most:literal of $($workspace:literal)*) => {
        looks!($(concat!(
            " and workspace_id > '' and workspace_id = ", $workspace,
            " order by created_at, sequence, id limit ", $most
        )),*)
    };
}

/// Of each of some calls those before one of its places.
macro_rules! before_each {
    ($(($call:literal $sequence:literal))*) => {
        looks!($(concat!(" and call_id = ", $call, " and sequence < ", $sequence, " order by sequence limit 64")),*)
    };
}

statements! {
    LIST_UNPLACED = unplaced!(look!(" and created_at > 0 order by created_at, sequence, id limit 256"));
    LIST_UNPLACED_OF_2 = of_each!("256" of "$1" "$2");
    LIST_UNPLACED_OF_4 = of_each!("128" of "$1" "$2" "$3" "$4");
    LIST_UNPLACED_OF_8 = of_each!("64" of "$1" "$2" "$3" "$4" "$5" "$6" "$7" "$8");
    LIST_UNPLACED_OF_16 = of_each!("32" of "$1" "$2" "$3" "$4" "$5" "$6" "$7" "$8" "$9" "$10" "$11" "$12" "$13" "$14"
        "$15" "$16");
    LIST_UNPLACED_BEFORE = before_each!(
        ("$1" "$2")
        ("$3" "$4")
        ("$5" "$6")
        ("$7" "$8")
        ("$9" "$10")
        ("$11" "$12")
        ("$13" "$14")
        ("$15" "$16")
        ("$17" "$18")
        ("$19" "$20")
        ("$21" "$22")
        ("$23" "$24")
        ("$25" "$26")
        ("$27" "$28")
        ("$29" "$30")
        ("$31" "$32")
    );
    /// After that one by their ids, then round again from the first: each by one step in the index.
    LIST_WITH_UNPLACED = "
        with recursive after_it (workspace_id, step) as (
            select (
                select e.workspace_id
                from events e
                where e.position is null and e.is_test = 0 and e.workspace_id > '' and e.workspace_id > $1
                order by e.workspace_id
                limit 1
            ), cast(1 as bigint)
            union all
            select (
                select e.workspace_id
                from events e
                where e.position is null and e.is_test = 0 and e.workspace_id > '' and e.workspace_id > w.workspace_id
                order by e.workspace_id
                limit 1
            ), w.step + 1
            from after_it w
            where w.workspace_id is not null and w.step < $2
        ),
        from_first (workspace_id, step) as (
            select (
                select e.workspace_id
                from events e
                where e.position is null and e.is_test = 0 and e.workspace_id > ''
                order by e.workspace_id
                limit 1
            ), $2 + 1
            union all
            select (
                select e.workspace_id
                from events e
                where e.position is null and e.is_test = 0 and e.workspace_id > '' and e.workspace_id > w.workspace_id
                order by e.workspace_id
                limit 1
            ), w.step + 1
            from from_first w
            where w.workspace_id < $1 and w.step < 2 * $2
        )
        select workspace_id
        from (
            select workspace_id, step from after_it where workspace_id is not null
            union all
            select workspace_id, step from from_first where workspace_id <= $1
        ) both_ways
        order by step
        limit $2";
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

/// Events of one look. For as long as they take to be written SQLite's one writer is held, which live calls share, and another
/// workspace's event waits.
pub(in crate::webhooks) const AT_ONCE: usize = 256;

/// The oldest events that wait for a place, [`AT_ONCE`] at most, and the ids of those of them that can't be read.
pub(in crate::webhooks) async fn list_unplaced(
    conn: &mut AnyConnection,
) -> Result<(Vec<Unplaced>, Vec<String>), sqlx::Error> {
    readable(&sqlx::query(LIST_UNPLACED).fetch_all(conn).await?)
}

/// Workspaces, or calls, of one look: as many as the statements have places for.
pub(in crate::webhooks) const LOOKS: usize = 16;

/// As [`list_unplaced`], of each of these workspaces twice its share of [`AT_ONCE`], so that a turn is full where half of them have
/// many; of [`LOOKS`] at most.
pub(in crate::webhooks) async fn list_unplaced_of_each(
    conn: &mut AnyConnection,
    workspaces: &[WorkspaceId],
) -> Result<(Vec<Unplaced>, Vec<String>), sqlx::Error> {
    let (sql, places) = match workspaces.len() {
        0 => return Ok((Vec::new(), Vec::new())),
        1..=2 => (LIST_UNPLACED_OF_2, 2),
        3..=4 => (LIST_UNPLACED_OF_4, 4),
        5..=8 => (LIST_UNPLACED_OF_8, 8),
        _ => (LIST_UNPLACED_OF_16, LOOKS),
    };
    let mut query = sqlx::query(sql);
    // Nobody's id where there are fewer.
    for place in 0..places {
        query = query.bind(workspaces.get(place).map(ToString::to_string).unwrap_or_default());
    }
    readable(&query.fetch_all(conn).await?)
}

/// As [`list_unplaced`], of each of these calls 64 before one of its places, the least place first; of [`LOOKS`] calls at most.
pub(in crate::webhooks) async fn list_unplaced_before(
    conn: &mut AnyConnection,
    calls: &[(String, i64)],
) -> Result<(Vec<Unplaced>, Vec<String>), sqlx::Error> {
    let mut query = sqlx::query(LIST_UNPLACED_BEFORE);
    for place in 0..LOOKS {
        let (call, sequence) = calls.get(place).cloned().unwrap_or_default();
        query = query.bind(call).bind(sequence);
    }
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

/// The workspaces that have events without a place, by their ids: those after that one, then round again from the first; at most
/// `limit`, each once.
pub(in crate::webhooks) async fn list_with_unplaced(
    conn: &mut AnyConnection,
    after: Option<WorkspaceId>,
    limit: i64,
) -> Result<Vec<WorkspaceId>, sqlx::Error> {
    let after = after.map(|after| after.to_string()).unwrap_or_default();
    let rows = sqlx::query(LIST_WITH_UNPLACED).bind(after).bind(limit).fetch_all(conn).await?;
    rows.iter().map(|row| row::parsed(row, "workspace_id")).collect()
}

fn unplaced(row: &AnyRow) -> Result<Unplaced, sqlx::Error> {
    let number: Option<NumberId> = row::parsed_opt(row, "number_id")?;
    let url: Option<String> = row.try_get("events_url")?;
    let waits_for_one = row.try_get::<i64, _>("before_it")? > 0;
    Ok(Unplaced { event: event(row)?, call_id: row.try_get("call_id")?, events_url: number.zip(url), waits_for_one })
}
