//! SQL of the outbox.

use sqlx::AnyConnection;

use super::{NewEvent, Subject};
use crate::statements::statements;

statements! {
    INSERT_EVENT = "
        insert into events (id, workspace_id, kind, call_id, number_id, sequence, data, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
}

pub(super) async fn insert_event(tx: &mut AnyConnection, event: &NewEvent) -> Result<(), sqlx::Error> {
    let (call_id, number_id, sequence) = match event.subject {
        Subject::Workspace => (None, None, 0),
        Subject::Number(number_id) => (None, Some(number_id.to_string()), 0),
        Subject::Call { call_id, number_id, sequence } => {
            (Some(call_id.to_string()), Some(number_id.to_string()), sequence)
        }
    };
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
