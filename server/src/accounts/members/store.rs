//! SQL of members as the workspace sees them.

use sautikit_api::accounts::Role;
use sautikit_api::ids::{UserId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::Member;
use crate::accounts::Error;
use crate::db::statements;
use crate::row::{known, parsed};

statements! {
    LIST_MEMBERS = "
        select m.user_id, u.email, u.name, m.role, m.created_at
        from members m
        join users u on u.id = m.user_id
        where m.workspace_id = $1 and (m.created_at, m.user_id) < ($2, $3)
        order by m.created_at desc, m.user_id desc
        limit $4";
    FIND_MEMBER = "
        select m.user_id, u.email, u.name, m.role, m.created_at
        from members m
        join users u on u.id = m.user_id
        where m.workspace_id = $1 and m.user_id = $2";
    COUNT_OWNERS = "
        select count(*)
        from members
        where workspace_id = $1 and role = 'owner'";
    LIST_OWNER_EMAILS = "
        select u.email
        from members m
        join users u on u.id = m.user_id
        where m.workspace_id = $1 and m.role = 'owner'
        order by u.email";
    LIST_BOOKKEEPERS = "
        select u.email
        from members m
        join users u on u.id = m.user_id
        where m.workspace_id = $1 and m.role in ('owner', 'finance')
        order by u.email";
    SET_ROLE = "
        update members
        set role = $3
        where workspace_id = $1 and user_id = $2";
    DELETE_MEMBER = "
        delete from members
        where workspace_id = $1 and user_id = $2";
    DELETE_ALL_MEMBERS = "
        delete from members
        where workspace_id = $1";
    IS_MEMBER_BY_EMAIL = "
        select count(*)
        from members m
        join users u on u.id = m.user_id
        where m.workspace_id = $1 and u.email = $2";
}

pub(super) async fn list_members(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Member>, Error> {
    let query = sqlx::query(LIST_MEMBERS).bind(workspace.to_string()).bind(before.0).bind(before.1).bind(limit);
    query.fetch_all(conn).await?.iter().map(member).collect()
}

pub(super) async fn find_member(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Option<Member>, Error> {
    let query = sqlx::query(FIND_MEMBER).bind(workspace.to_string()).bind(user.to_string());
    query.fetch_optional(conn).await?.as_ref().map(member).transpose()
}

pub(super) async fn count_owners(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(COUNT_OWNERS).bind(workspace.to_string()).fetch_one(conn).await?)
}

/// Whom the workspace's news go to.
pub(in crate::accounts) async fn list_owner_emails(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar(LIST_OWNER_EMAILS).bind(workspace.to_string()).fetch_all(conn).await?)
}

pub(super) async fn list_bookkeepers(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(LIST_BOOKKEEPERS).bind(workspace.to_string()).fetch_all(conn).await
}

pub(super) async fn set_role(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    user: UserId,
    role: Role,
) -> Result<(), Error> {
    let query = sqlx::query(SET_ROLE).bind(workspace.to_string()).bind(user.to_string()).bind(role.as_str());
    query.execute(conn).await?;
    Ok(())
}

pub(super) async fn delete_member(conn: &mut AnyConnection, workspace: WorkspaceId, user: UserId) -> Result<(), Error> {
    sqlx::query(DELETE_MEMBER).bind(workspace.to_string()).bind(user.to_string()).execute(conn).await?;
    Ok(())
}

/// At the end of the workspace.
pub(in crate::accounts) async fn delete_all_members(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
) -> Result<(), Error> {
    sqlx::query(DELETE_ALL_MEMBERS).bind(workspace.to_string()).execute(conn).await?;
    Ok(())
}

pub(in crate::accounts) async fn is_member_by_email(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    email: &str,
) -> Result<bool, Error> {
    let query = sqlx::query_scalar(IS_MEMBER_BY_EMAIL).bind(workspace.to_string()).bind(email);
    let count: i64 = query.fetch_one(conn).await?;
    Ok(count > 0)
}

fn member(row: &AnyRow) -> Result<Member, Error> {
    Ok(Member {
        user_id: parsed(row, "user_id")?,
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        role: known(row, "role", Role::parse)?,
        joined_at_us: row.try_get("created_at")?,
    })
}
