//! SQL of shadow requests.

use sautikit_api::ids::WorkspaceId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Filter, Outcome, ShadowRequest};
use crate::db::Dialect;
use crate::db::batch::Batch;
use crate::db::rows::{Cell, Column, Rows, Tells};
use crate::db::statements;
use crate::row::{known, parsed};

use Column::{Int, Text};

statements! {
    LIST = "
        select id, workspace_id, number_id, call_id, purpose, outcome, comparison, created_at
        from shadow_requests
        where workspace_id = $1 and (created_at, id) < ($2, $3)
          and ($4 = '' or number_id = $4)
          and ($5 = '' or call_id = $5)
          and ($6 = '' or outcome = $6)
          and ($7 = 0 or outcome <> 'same')
        order by created_at desc, id desc
        limit $8";
    DELETE_BEFORE = "
        delete from shadow_requests
        where (workspace_id, created_at, id) in (
          select workspace_id, created_at, id
          from shadow_requests
          where created_at < $1
          limit $2
        )";
}

static INSERT_SHADOW_REQUESTS: Rows = Rows::new(
    "INSERT_SHADOW_REQUESTS",
    1,
    Tells::Nothing,
    "insert into shadow_requests
        (id, workspace_id, number_id, call_id, purpose, outcome, comparison, created_at)
    select {columns}
    from {rows} as v
    where v.column1 is not null",
    &[Text, Text, Text, Text, Text, Text, Text, Int],
);
/// Many entries in one message.
pub(crate) static INSERT: Batch = Batch::new("SHADOW_REQUESTS", &[&INSERT_SHADOW_REQUESTS]);

/// All of them, in the caller's transaction.
pub(super) async fn insert(
    conn: &mut AnyConnection,
    dialect: Dialect,
    requests: &[ShadowRequest],
) -> Result<(), sqlx::Error> {
    let mut rows = Vec::with_capacity(requests.len());
    for request in requests {
        rows.extend(cells(request)?);
    }
    INSERT.run(conn, dialect, vec![INSERT_SHADOW_REQUESTS.with(rows)]).await.map(drop)
}

fn cells(request: &ShadowRequest) -> Result<[Cell; 8], sqlx::Error> {
    let comparison = serde_json::to_string(&request.comparison).map_err(|error| sqlx::Error::Encode(error.into()))?;
    Ok([
        request.id.to_string().into(),
        request.workspace_id.to_string().into(),
        request.number_id.to_string().into(),
        request.call_id.to_string().into(),
        request.purpose.clone().into(),
        request.outcome.as_str().to_owned().into(),
        comparison.into(),
        request.created_at_us.into(),
    ])
}

/// A page of the workspace's, the newest first, those before `(created_at_us, id)`.
pub(super) async fn list(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    filter: &Filter,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<ShadowRequest>, sqlx::Error> {
    let query = sqlx::query(LIST)
        .bind(workspace.to_string())
        .bind(before.0)
        .bind(before.1)
        .bind(filter.number_id.as_str())
        .bind(filter.call_id.as_str())
        .bind(filter.outcome.as_str())
        .bind(i64::from(filter.differing))
        .bind(limit);
    query.fetch_all(conn).await?.iter().map(shown).collect()
}

/// Deletes at most `limit` rows; how many.
pub(super) async fn delete_before(conn: &mut AnyConnection, before_us: i64, limit: i64) -> Result<u64, sqlx::Error> {
    Ok(sqlx::query(DELETE_BEFORE).bind(before_us).bind(limit).execute(conn).await?.rows_affected())
}

fn shown(row: &AnyRow) -> Result<ShadowRequest, sqlx::Error> {
    let comparison: String = row.try_get("comparison")?;
    Ok(ShadowRequest {
        id: parsed(row, "id")?,
        workspace_id: parsed(row, "workspace_id")?,
        number_id: parsed(row, "number_id")?,
        call_id: parsed(row, "call_id")?,
        purpose: row.try_get("purpose")?,
        outcome: known(row, "outcome", Outcome::parse)?,
        comparison: serde_json::from_str(&comparison).map_err(|error| sqlx::Error::Decode(error.into()))?,
        created_at_us: row.try_get("created_at")?,
    })
}
