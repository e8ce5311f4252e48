//! SQL of workspaces themselves.

use sautikit_api::ids::WorkspaceId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::accounts::store::workspace;
use crate::accounts::{Error, Workspace};
use crate::db::statements;

statements! {
    /// Changes nothing, but holds the row until the transaction ends, on both engines.
    LOCK = "
        update workspaces
        set status = status
        where id = $1";
    FIND = "
        select w.id as workspace_id, w.name, w.country, w.currency, w.status, w.created_at,
          (select count(*) from members m where m.workspace_id = w.id) as member_count
        from workspaces w
        where w.id = $1 and w.deleted_at is null";
    LIST = "
        select w.id as workspace_id, w.name, w.country, w.currency, w.status, w.created_at,
          (select count(*) from members m where m.workspace_id = w.id) as member_count
        from workspaces w
        where w.deleted_at is null and (w.created_at, w.id) < ($1, $2)
          and ($3 = '' or w.id = $3 or lower(w.name) like '%' || $3 || '%')
        order by w.created_at desc, w.id desc
        limit $4";
    UPDATE = "
        update workspaces
        set name = $2, country = $3
        where id = $1";
    SET_STATUS = "
        update workspaces
        set status = $2
        where id = $1";
    MARK_DELETED = "
        update workspaces
        set deleted_at = $2
        where id = $1 and deleted_at is null";
    IS_CLOSED = "
        select count(*)
        from workspaces
        where id = $1 and (status = 'suspended' or deleted_at is not null)";
}

/// A workspace as operators see it.
pub(super) struct Tenant {
    pub(super) workspace: Workspace,
    pub(super) member_count: i64,
    pub(super) created_at_us: i64,
}

pub(in crate::accounts) async fn lock(conn: &mut AnyConnection, id: WorkspaceId) -> Result<(), Error> {
    sqlx::query(LOCK).bind(id.to_string()).execute(conn).await?;
    Ok(())
}

pub(super) async fn find(conn: &mut AnyConnection, id: WorkspaceId) -> Result<Option<Tenant>, Error> {
    sqlx::query(FIND).bind(id.to_string()).fetch_optional(conn).await?.as_ref().map(tenant).transpose()
}

/// `search`, in lower case, is an id or a part of a name; `%` and `_` stand for any letters.
pub(super) async fn list(
    conn: &mut AnyConnection,
    search: &str,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Tenant>, Error> {
    let query = sqlx::query(LIST).bind(before.0).bind(before.1).bind(search).bind(limit);
    query.fetch_all(conn).await?.iter().map(tenant).collect()
}

pub(super) async fn update(conn: &mut AnyConnection, workspace: &Workspace) -> Result<(), Error> {
    let query = sqlx::query(UPDATE).bind(workspace.id.to_string());
    query.bind(workspace.name.as_str()).bind(workspace.country.as_str()).execute(conn).await?;
    Ok(())
}

pub(super) async fn set_suspended(conn: &mut AnyConnection, id: WorkspaceId, suspended: bool) -> Result<(), Error> {
    let status = if suspended { "suspended" } else { "active" };
    sqlx::query(SET_STATUS).bind(id.to_string()).bind(status).execute(conn).await?;
    Ok(())
}

pub(super) async fn mark_deleted(conn: &mut AnyConnection, id: WorkspaceId, now_us: i64) -> Result<(), Error> {
    sqlx::query(MARK_DELETED).bind(id.to_string()).bind(now_us).execute(conn).await?;
    Ok(())
}

pub(super) async fn is_closed(conn: &mut AnyConnection, id: WorkspaceId) -> Result<bool, sqlx::Error> {
    let count: i64 = sqlx::query_scalar(IS_CLOSED).bind(id.to_string()).fetch_one(conn).await?;
    Ok(count == 1)
}

fn tenant(row: &AnyRow) -> Result<Tenant, Error> {
    Ok(Tenant {
        workspace: workspace(row)?,
        member_count: row.try_get("member_count")?,
        created_at_us: row.try_get("created_at")?,
    })
}
