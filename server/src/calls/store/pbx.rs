//! SQL of which node follows a call of an external PBX.

use sautikit_api::ids::WorkspaceId;
use sqlx::AnyConnection;

use crate::db::statements;

statements! {
    /// It stays with whoever has it and lives.
    CLAIM_PBX_CALL = "
        insert into pbx_calls (source, workspace_id, pbx_call_id, node_id, told_at)
        values ($1, $2, $3, $4, $5)
        on conflict (source, workspace_id, pbx_call_id) do update
        set node_id = excluded.node_id, told_at = excluded.told_at
        where pbx_calls.node_id = excluded.node_id
            or not exists (select 1 from nodes n where n.id = pbx_calls.node_id and n.lease_until >= excluded.told_at)";
    FIND_NODE_OF_PBX_CALL = "
        select p.node_id
        from pbx_calls p
        join nodes n on n.id = p.node_id and n.lease_until >= $4
        where p.source = $1 and p.workspace_id = $2 and p.pbx_call_id = $3";
    TOUCH_PBX_CALL = "
        update pbx_calls
        set told_at = $4
        where source = $1 and workspace_id = $2 and pbx_call_id = $3";
    DELETE_SILENT_PBX_CALLS = "
        delete from pbx_calls
        where told_at < $1";
}

/// A call as its PBX names it: source, workspace, id.
type Named<'a> = (&'a str, WorkspaceId, &'a str);

/// The node that follows the call from now on: `own`, unless another that lives has it.
pub(in crate::calls) async fn claim(
    conn: &mut AnyConnection,
    named: Named<'_>,
    own: &str,
    now_us: i64,
) -> Result<String, sqlx::Error> {
    let (source, workspace, id) = named;
    let query = sqlx::query(CLAIM_PBX_CALL).bind(source.to_owned()).bind(workspace.to_string()).bind(id.to_owned());
    let is_claimed = query.bind(own.to_owned()).bind(now_us).execute(&mut *conn).await?.rows_affected() > 0;
    if is_claimed {
        return Ok(own.to_owned());
    }
    // One that died between the two has it no more.
    Ok(find_node(conn, named, now_us).await?.unwrap_or_else(|| own.to_owned()))
}

/// The node that follows the call and lives.
pub(in crate::calls) async fn find_node(
    conn: &mut AnyConnection,
    (source, workspace, id): Named<'_>,
    now_us: i64,
) -> Result<Option<String>, sqlx::Error> {
    let query = sqlx::query_scalar(FIND_NODE_OF_PBX_CALL).bind(source.to_owned()).bind(workspace.to_string());
    query.bind(id.to_owned()).bind(now_us).fetch_optional(conn).await
}

/// Writes down that something was told of the call, in microseconds UTC.
pub(in crate::calls) async fn touch(
    conn: &mut AnyConnection,
    (source, workspace, id): Named<'_>,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(TOUCH_PBX_CALL).bind(source.to_owned()).bind(workspace.to_string());
    query.bind(id.to_owned()).bind(now_us).execute(conn).await.map(drop)
}

/// Forgets calls of which nothing was told since then, in microseconds UTC.
pub(in crate::calls) async fn delete_silent(conn: &mut AnyConnection, before_us: i64) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_SILENT_PBX_CALLS).bind(before_us).execute(conn).await.map(drop)
}
