//! SQL of the request log.

use sautikit_api::ids::WorkspaceId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Filter, LoggedRequest, Shown};
use crate::row::{parsed, parsed_opt};
use crate::statements::statements;

statements! {
    INSERT_REQUEST = "
        insert into requests
          (id, workspace_id, request_id, method, route, path, status, error_code, user_id, api_key_id, ip, duration_us,
          created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    LIST_REQUESTS = "
        select r.id, r.workspace_id, r.request_id, r.method, r.route, r.path, r.status, r.error_code, r.user_id,
          r.api_key_id, r.ip, r.duration_us, r.created_at, coalesce(k.name, u.email) as actor_label
        from requests r
        left join users u on u.id = r.user_id
        left join api_keys k on k.id = r.api_key_id and k.workspace_id = r.workspace_id
        where r.workspace_id = $1 and (r.created_at, r.id) < ($2, $3)
          and r.status >= $4 and r.status <= $5
          and ($6 = '' or r.method = $6)
          and ($7 = '' or substr(r.path, 1, length($7)) = $7)
          and ($8 = '' or r.api_key_id = $8)
        order by r.created_at desc, r.id desc
        limit $9";
    DELETE_BEFORE = "
        delete from requests
        where (workspace_id, id) in (
          select workspace_id, id
          from requests
          where created_at < $1
          limit $2
        )";
}

pub(super) async fn insert_request(conn: &mut AnyConnection, request: &LoggedRequest) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_REQUEST)
        .bind(request.id.to_string())
        .bind(request.workspace_id.to_string())
        .bind(request.request_id.as_str())
        .bind(request.method.as_str())
        .bind(request.route.as_str())
        .bind(request.path.as_str())
        .bind(i64::from(request.status))
        .bind(request.error_code.as_deref())
        .bind(request.user_id.to_string())
        .bind(request.api_key_id.map(|id| id.to_string()))
        .bind(request.ip.as_deref())
        .bind(request.duration_us)
        .bind(request.created_at_us)
        .execute(conn)
        .await
        .map(drop)
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
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(shown).collect()
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
    };
    Ok(Shown { request, actor_label: row.try_get("actor_label")? })
}
