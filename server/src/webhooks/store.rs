//! SQL of the outbox.

use sqlx::AnyConnection;

use super::{NewEvent, Subject};
use crate::db::rows::{Cell, Column, Filled, Rows, Tells};
use crate::db::statements;

statements! {
    INSERT_EVENT = "
        insert into events (id, workspace_id, kind, call_id, number_id, sequence, data, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
}

/// Those that stand there already are left as they are.
pub(crate) static INSERT_EVENTS: Rows = Rows::new(
    "INSERT_EVENTS",
    2,
    Tells::Nothing,
    "insert into events (id, workspace_id, kind, call_id, number_id, sequence, data, created_at)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict do nothing",
    &[Column::Text, Column::Text, Column::Text, Column::Text, Column::Text, Column::Int, Column::Text, Column::Int],
);

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
        ]
    }))
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
        .execute(tx)
        .await
        .map(drop)
}
