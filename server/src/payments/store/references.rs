//! SQL of the references under which workspaces are paid to at the Paybill.

use sautikit_api::ids::WorkspaceId;
use sqlx::AnyConnection;

use crate::db::statements;

statements! {
    FIND_REFERENCE = "
        select reference
        from account_references
        where workspace_id = $1";
    /// A deleted workspace's reference is nobody's.
    FIND_WORKSPACE = "
        select r.workspace_id
        from account_references r
        join workspaces w on w.id = r.workspace_id
        where r.reference = $1 and w.deleted_at is null";
    IS_OPEN = "
        select count(*)
        from workspaces
        where id = $1 and deleted_at is null";
    INSERT_REFERENCE = "
        insert into account_references (workspace_id, reference, created_at)
        values ($1, $2, $3)
        on conflict do nothing";
}

pub(in crate::payments) async fn find(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(FIND_REFERENCE).bind(workspace_id.to_string()).fetch_optional(conn).await
}

/// Whose reference it is.
pub(in crate::payments) async fn workspace_of(
    conn: &mut AnyConnection,
    reference: &str,
) -> Result<Option<WorkspaceId>, sqlx::Error> {
    let id: Option<String> = sqlx::query_scalar(FIND_WORKSPACE).bind(reference.to_owned()).fetch_optional(conn).await?;
    id.map(|id| id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))).transpose()
}

/// Whether the workspace is there: one that was deleted takes no payments.
pub(in crate::payments) async fn is_open(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
) -> Result<bool, sqlx::Error> {
    let count: i64 = sqlx::query_scalar(IS_OPEN).bind(workspace_id.to_string()).fetch_one(conn).await?;
    Ok(count > 0)
}

/// Nothing where the workspace has one or another has this one.
pub(in crate::payments) async fn insert(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    reference: &str,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT_REFERENCE).bind(workspace_id.to_string()).bind(reference.to_owned()).bind(now_us);
    query.execute(tx).await.map(drop)
}
