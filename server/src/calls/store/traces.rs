//! SQL of calls' traces.

use sautikit_api::ids::CallId;
use sqlx::AnyConnection;

use crate::calls::trace::TraceRow;
use crate::db::rows::{Cell, Column, Filled, Rows, Tells};
use crate::db::statements;

use Column::{Int, Text};

statements! {
    FIND_TRACE = "
        select content
        from call_traces
        where call_id = $1";
    DELETE_TRACE = "
        delete from call_traces
        where call_id = $1";
    DELETE_TRACES_BEFORE = "
        delete from call_traces
        where call_id in (
          select call_id
          from call_traces
          where created_at < $1
          limit $2
        )";
}

/// A repeated flush finds its rows there.
pub(in crate::calls) static INSERT_TRACES: Rows = Rows::new(
    "INSERT_TRACES",
    1,
    Tells::Nothing,
    "insert into call_traces (call_id, workspace_id, content, created_at)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict (call_id) do nothing",
    &[Text, Text, Text, Int],
);

/// Writes the traces of calls that are over.
pub(in crate::calls) fn insert_traces<'a>(traces: impl Iterator<Item = &'a TraceRow>) -> Filled {
    INSERT_TRACES.with(traces.flat_map(|trace| {
        [
            Cell::from(trace.call_id.to_string()),
            trace.workspace_id.to_string().into(),
            trace.content.as_str().into(),
            trace.created_at.into(),
        ]
    }))
}

pub(in crate::calls) async fn find(conn: &mut AnyConnection, call: CallId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(FIND_TRACE).bind(call.to_string()).fetch_optional(conn).await
}

pub(in crate::calls) async fn delete_before(
    conn: &mut AnyConnection,
    before_us: i64,
    most: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query(DELETE_TRACES_BEFORE).bind(before_us).bind(most).execute(conn).await?;
    Ok(deleted.rows_affected())
}

pub(in crate::calls) async fn delete(conn: &mut AnyConnection, call: CallId) -> Result<bool, sqlx::Error> {
    Ok(sqlx::query(DELETE_TRACE).bind(call.to_string()).execute(conn).await?.rows_affected() > 0)
}
