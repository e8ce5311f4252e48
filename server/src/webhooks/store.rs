//! SQL of the outbox, and of the workspaces' default secrets.

pub(crate) mod deliveries;
pub(crate) mod dispatch;
pub(crate) mod endpoints;
pub(crate) mod events;
pub(crate) mod lease;
pub(crate) mod listeners;
pub(crate) mod missed;
pub(crate) mod unplaced;

use sautikit_api::ids::{CallId, WorkspaceId};
use sqlx::{AnyConnection, Row};

use super::signing::Sealed;
use super::{NewEvent, Subject};
use crate::db::batch::Batch;
use crate::db::rows::{Cell, Column, Filled, Rows, Tells};
use crate::db::statements;

statements! {
    INSERT_EVENT = "
        insert into events (id, workspace_id, kind, call_id, number_id, sequence, data, created_at, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FIND_WORKSPACE_SECRET = "
        select secret, former_secret, former_until
        from workspace_signing_secrets
        where workspace_id = $1";
    PUT_WORKSPACE_SECRET = "
        insert into workspace_signing_secrets (workspace_id, secret, former_secret, former_until, rotated_at)
        values ($1, $2, $3, $4, $5)
        on conflict (workspace_id) do update
        set secret = excluded.secret, former_secret = excluded.former_secret, former_until = excluded.former_until,
            rotated_at = excluded.rotated_at";
    /// The first of a call stands for all of them: who numbers the next one comes after who did before.
    LOCK_SEQUENCE = "
        update events
        set sequence = sequence
        where id = (select id from events where call_id = $1 order by sequence limit 1)";
    NEXT_SEQUENCE = "
        select coalesce(max(sequence), 0) + 1
        from events
        where call_id = $1";
}

/// Those that stand there already are left as they are.
pub(crate) static INSERT_EVENTS: Rows = Rows::new(
    "INSERT_EVENTS",
    2,
    Tells::Nothing,
    "insert into events (id, workspace_id, kind, call_id, number_id, sequence, data, created_at, version)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict do nothing",
    &[
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Int,
        Column::Text,
        Column::Int,
        Column::Int,
    ],
);

/// Events by themselves.
pub(super) static OUTBOX: Batch = Batch::new("OUTBOX", &[&INSERT_EVENTS]);

/// Call, number and sequence of what an event is about.
fn subject(event: &NewEvent) -> (Option<String>, Option<String>, i64) {
    match event.subject {
        Subject::Workspace => (None, None, 0),
        Subject::Number(number_id) => (None, Some(number_id.to_string()), 0),
        Subject::Call { call_id, number_id, sequence } => {
            (Some(call_id.to_string()), Some(number_id.to_string()), sequence)
        }
    }
}

pub(super) fn insert_events<'a>(events: impl Iterator<Item = &'a NewEvent>) -> Filled {
    INSERT_EVENTS.with(events.flat_map(|event| {
        let (call_id, number_id, sequence) = subject(event);
        [
            Cell::from(event.id.to_string()),
            event.workspace_id.to_string().into(),
            event.kind.as_str().into(),
            call_id.into(),
            number_id.into(),
            sequence.into(),
            event.data.to_string().into(),
            event.created_at.into(),
            i64::from(event.kind.version()).into(),
        ]
    }))
}

pub(super) async fn next_sequence(tx: &mut AnyConnection, call_id: CallId) -> Result<i64, sqlx::Error> {
    sqlx::query(LOCK_SEQUENCE).bind(call_id.to_string()).execute(&mut *tx).await?;
    sqlx::query_scalar(NEXT_SEQUENCE).bind(call_id.to_string()).fetch_one(tx).await
}

pub(super) async fn insert_event(tx: &mut AnyConnection, event: &NewEvent) -> Result<(), sqlx::Error> {
    let (call_id, number_id, sequence) = subject(event);
    sqlx::query(INSERT_EVENT)
        .bind(event.id.to_string())
        .bind(event.workspace_id.to_string())
        .bind(event.kind.as_str())
        .bind(call_id)
        .bind(number_id)
        .bind(sequence)
        .bind(event.data.to_string())
        .bind(event.created_at)
        .bind(i64::from(event.kind.version()))
        .execute(tx)
        .await
        .map(drop)
}

pub(super) async fn find_workspace_secret(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
) -> Result<Sealed, sqlx::Error> {
    let row = sqlx::query(FIND_WORKSPACE_SECRET).bind(workspace.to_string()).fetch_optional(conn).await?;
    let Some(row) = row else { return Ok(Sealed::default()) };
    Ok(Sealed {
        secret: row.try_get("secret")?,
        former: row.try_get("former_secret")?,
        former_until: row.try_get("former_until")?,
    })
}

pub(super) async fn put_workspace_secret(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    sealed: &Sealed,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(PUT_WORKSPACE_SECRET).bind(workspace.to_string()).bind(sealed.secret.clone());
    query.bind(sealed.former.clone()).bind(sealed.former_until).bind(now_us).execute(tx).await.map(drop)
}
