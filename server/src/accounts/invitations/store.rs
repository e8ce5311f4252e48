//! SQL of invitations.

use sautikit_api::accounts::Role;
use sautikit_api::ids::{InvitationId, UserId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Invitation, Offer};
use crate::accounts::Error;
use crate::db::statements;
use crate::row::{known, parsed};

statements! {
    INSERT = "
        insert into invitations
          (id, workspace_id, email, role, token_hash, invited_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    COUNT_SINCE = "
        select count(*)
        from invitations
        where workspace_id = $1 and created_at > $2";
    LIST_OPEN = "
        select id, workspace_id, email, role, invited_by, created_at, expires_at
        from invitations
        where workspace_id = $1 and state = 'open' and (created_at, id) < ($2, $3)
        order by created_at desc, id desc
        limit $4";
    FIND_OPEN = "
        select i.id, i.workspace_id, i.email, i.role, i.invited_by, i.created_at, i.expires_at,
          w.name as workspace_name, case when u.name = '' then u.email else u.name end as inviter
        from invitations i
        join workspaces w on w.id = i.workspace_id
        join users u on u.id = i.invited_by
        where i.token_hash = $1 and i.state = 'open' and i.expires_at > $2 and w.deleted_at is null";
    CLOSE = "
        update invitations
        set state = $2, closed_at = $3
        where id = $1 and state = 'open'";
    WITHDRAW = "
        update invitations
        set state = 'withdrawn', closed_at = $3
        where workspace_id = $1 and id = $2 and state = 'open'";
    WITHDRAW_OPEN = "
        update invitations
        set state = 'withdrawn', closed_at = $3
        where workspace_id = $1 and email = $2 and state = 'open'";
    /// `$4` is a role, or empty for invitations to any.
    WITHDRAW_FROM = "
        update invitations
        set state = 'withdrawn', closed_at = $3
        where workspace_id = $1 and invited_by = $2 and state = 'open' and ($4 = '' or role = $4)";
    WITHDRAW_ALL = "
        update invitations
        set state = 'withdrawn', closed_at = $2
        where workspace_id = $1 and state = 'open'";
}

pub(super) async fn insert(conn: &mut AnyConnection, invitation: &Invitation, token_hash: &str) -> Result<(), Error> {
    sqlx::query(INSERT)
        .bind(invitation.id.to_string())
        .bind(invitation.workspace_id.to_string())
        .bind(invitation.email.as_str())
        .bind(invitation.role.as_str())
        .bind(token_hash)
        .bind(invitation.invited_by.to_string())
        .bind(invitation.created_at_us)
        .bind(invitation.expires_at_us)
        .execute(conn)
        .await?;
    Ok(())
}

/// Withdraws what this person sent, to one role or (`None`) to any; how many.
pub(in crate::accounts) async fn withdraw_from(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    inviter: UserId,
    role: Option<Role>,
    now_us: i64,
) -> Result<u64, Error> {
    let query = sqlx::query(WITHDRAW_FROM).bind(workspace.to_string()).bind(inviter.to_string()).bind(now_us);
    Ok(query.bind(role.map_or("", Role::as_str)).execute(conn).await?.rows_affected())
}

pub(super) async fn count_since(conn: &mut AnyConnection, workspace: WorkspaceId, since_us: i64) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(COUNT_SINCE).bind(workspace.to_string()).bind(since_us).fetch_one(conn).await?)
}

pub(super) async fn list_open(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Invitation>, Error> {
    let query = sqlx::query(LIST_OPEN).bind(workspace.to_string()).bind(before.0).bind(before.1).bind(limit);
    query.fetch_all(conn).await?.iter().map(invitation).collect()
}

pub(super) async fn find_open(conn: &mut AnyConnection, token_hash: &str, now_us: i64) -> Result<Option<Offer>, Error> {
    let row = sqlx::query(FIND_OPEN).bind(token_hash).bind(now_us).fetch_optional(conn).await?;
    row.as_ref().map(offer).transpose()
}

/// `false` when it was answered or withdrawn before.
pub(super) async fn close(
    conn: &mut AnyConnection,
    id: InvitationId,
    state: &'static str,
    now_us: i64,
) -> Result<bool, Error> {
    let query = sqlx::query(CLOSE).bind(id.to_string()).bind(state).bind(now_us);
    Ok(query.execute(conn).await?.rows_affected() == 1)
}

/// `false` when the workspace has no such open invitation.
pub(super) async fn withdraw(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: InvitationId,
    now_us: i64,
) -> Result<bool, Error> {
    let query = sqlx::query(WITHDRAW).bind(workspace.to_string()).bind(id.to_string()).bind(now_us);
    Ok(query.execute(conn).await?.rows_affected() == 1)
}

pub(super) async fn withdraw_open(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    email: &str,
    now_us: i64,
) -> Result<(), Error> {
    sqlx::query(WITHDRAW_OPEN).bind(workspace.to_string()).bind(email).bind(now_us).execute(conn).await?;
    Ok(())
}

/// At the end of the workspace.
pub(in crate::accounts) async fn withdraw_all(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    now_us: i64,
) -> Result<(), Error> {
    sqlx::query(WITHDRAW_ALL).bind(workspace.to_string()).bind(now_us).execute(conn).await?;
    Ok(())
}

fn invitation(row: &AnyRow) -> Result<Invitation, Error> {
    Ok(Invitation {
        id: parsed(row, "id")?,
        workspace_id: parsed(row, "workspace_id")?,
        email: row.try_get("email")?,
        role: known(row, "role", Role::parse)?,
        invited_by: parsed(row, "invited_by")?,
        created_at_us: row.try_get("created_at")?,
        expires_at_us: row.try_get("expires_at")?,
    })
}

fn offer(row: &AnyRow) -> Result<Offer, Error> {
    Ok(Offer {
        invitation: invitation(row)?,
        workspace_name: row.try_get("workspace_name")?,
        inviter: row.try_get("inviter")?,
    })
}
