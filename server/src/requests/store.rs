//! SQL of the request log.

use sautikit_api::ids::WorkspaceId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Filter, LoggedRequest, Shown};
use crate::db::Dialect;
use crate::db::batch::Batch;
use crate::db::rows::{Cell, Column, Rows, Tells};
use crate::db::statements;
use crate::row::{parsed, parsed_opt};

use Column::{Int, Text};

statements! {
    LIST_REQUESTS = "
        select r.id, r.workspace_id, r.request_id, r.method, r.route, r.path, r.status, r.error_code, r.user_id,
          r.api_key_id, r.ip, r.duration_us, r.created_at, coalesce(k.name, u.email) as actor_label,
          case when $9 = '' then null else r.exchange end as exchange
        from requests r
        left join users u on u.id = r.user_id
        left join api_keys k on k.id = r.api_key_id and k.workspace_id = r.workspace_id
        where r.workspace_id = $1 and (r.created_at, r.id) < ($2, $3)
          and r.status >= $4 and r.status <= $5
          and ($6 = '' or r.method = $6)
          and ($7 = '' or substr(r.path, 1, length($7)) = $7)
          and ($8 = '' or r.api_key_id = $8)
          and ($9 = '' or r.request_id = $9)
        order by r.created_at desc, r.id desc
        limit $10";
    FIND_NEWEST = "
        select id
        from requests
        where workspace_id = $1
        order by created_at desc, id desc
        limit 1";
    DELETE_BEFORE = "
        delete from requests
        where (workspace_id, created_at, id) in (
          select workspace_id, created_at, id
          from requests
          where created_at < $1
          limit $2
        )";
}

static INSERT_REQUESTS: Rows = Rows::new(
    "INSERT_REQUESTS",
    1,
    Tells::Nothing,
    "insert into requests
        (id, workspace_id, request_id, method, route, path, status, error_code, user_id, api_key_id, ip, duration_us,
        created_at, exchange)
    select {columns}
    from {rows} as v
    where v.column1 is not null",
    &[Text, Text, Text, Text, Text, Text, Int, Text, Text, Text, Text, Int, Int, Text],
);
/// Many entries in one message: a statement each was most of what the log cost under load.
pub(crate) static INSERT: Batch = Batch::new("REQUESTS", &[&INSERT_REQUESTS]);

/// All of them, in the caller's transaction.
pub(super) async fn insert_requests(
    conn: &mut AnyConnection,
    dialect: Dialect,
    requests: &[LoggedRequest],
) -> Result<(), sqlx::Error> {
    INSERT.run(conn, dialect, vec![INSERT_REQUESTS.with(requests.iter().flat_map(cells))]).await.map(drop)
}

fn cells(request: &LoggedRequest) -> [Cell; 14] {
    [
        request.id.to_string().into(),
        request.workspace_id.to_string().into(),
        request.request_id.clone().into(),
        request.method.clone().into(),
        request.route.clone().into(),
        request.path.clone().into(),
        i64::from(request.status).into(),
        request.error_code.clone().into(),
        request.user_id.to_string().into(),
        request.api_key_id.map(|id| id.to_string()).into(),
        request.ip.clone().into(),
        request.duration_us.into(),
        request.created_at_us.into(),
        request.exchange.as_ref().and_then(|exchange| serde_json::to_string(&exchange.kept()).ok()).into(),
    ]
}

/// A page of the workspace's log, the newest first, those before `(created_at_us, id)`.
pub(super) async fn list_requests(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    filter: &Filter,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Shown>, sqlx::Error> {
    let rows = sqlx::query(LIST_REQUESTS)
        .bind(workspace.to_string())
        .bind(before.0)
        .bind(before.1)
        .bind(filter.from_status)
        .bind(filter.to_status)
        .bind(filter.method.as_str())
        .bind(filter.path.as_str())
        .bind(filter.api_key_id.as_str())
        .bind(filter.request_id.as_str())
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(shown).collect()
}

/// Another text whenever the workspace's log has another newest entry.
pub(crate) async fn mark(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<String, sqlx::Error> {
    let id: Option<String> = sqlx::query_scalar(FIND_NEWEST).bind(workspace.to_string()).fetch_optional(conn).await?;
    Ok(id.unwrap_or_default())
}

/// Deletes at most `limit` rows; how many.
pub(super) async fn delete_before(conn: &mut AnyConnection, before_us: i64, limit: i64) -> Result<u64, sqlx::Error> {
    Ok(sqlx::query(DELETE_BEFORE).bind(before_us).bind(limit).execute(conn).await?.rows_affected())
}

fn shown(row: &AnyRow) -> Result<Shown, sqlx::Error> {
    let status: i64 = row.try_get("status")?;
    let request = LoggedRequest {
        id: parsed(row, "id")?,
        workspace_id: parsed(row, "workspace_id")?,
        request_id: row.try_get("request_id")?,
        method: row.try_get("method")?,
        route: row.try_get("route")?,
        path: row.try_get("path")?,
        // The schema keeps it between 100 and 599.
        status: u16::try_from(status).unwrap_or_default(),
        error_code: row.try_get("error_code")?,
        user_id: parsed(row, "user_id")?,
        api_key_id: parsed_opt(row, "api_key_id")?,
        ip: row.try_get("ip")?,
        duration_us: row.try_get("duration_us")?,
        created_at_us: row.try_get("created_at")?,
        exchange: None,
    };
    Ok(Shown { request, actor_label: row.try_get("actor_label")?, exchange: row.try_get("exchange")? })
}
