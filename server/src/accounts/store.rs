//! SQL of people, workspaces, members, magic links and sessions.

use sautikit_api::accounts::Role;
use sautikit_api::ids::{SessionId, UserId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Device, Error, Membership, Session, User, Workspace};
use crate::db::statements;
use crate::row::{flag, known, parsed, parsed_opt};

statements! {
    COUNT_LINKS_SINCE = "
        select count(*)
        from magic_links
        where email = $1 and created_at > $2";
    COUNT_LINKS_OF_IP_SINCE = "
        select count(*)
        from magic_links
        where ip = $1 and created_at > $2";
    INSERT_LINK = "
        insert into magic_links (id, email, token_hash, ip, return_to_sealed, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    FIND_LINK = "
        select email, expires_at, used_at, return_to_sealed
        from magic_links
        where token_hash = $1";
    SPEND_LINK = "
        update magic_links
        set used_at = $2
        where token_hash = $1 and used_at is null";
    VOID_LINKS_OF = "
        update magic_links
        set used_at = $2
        where email = $1 and used_at is null";
    ENSURE_USER = "
        insert into users (id, email, created_at)
        values ($1, $2, $3)
        on conflict (email) do nothing";
    FIND_USER_BY_EMAIL = "
        select id, email, name, is_operator, google_subject
        from users
        where email = $1";
    FIND_USER = "
        select id, email, name, is_operator, google_subject
        from users
        where id = $1";
    RENAME_USER = "
        update users
        set name = $2
        where id = $1";
    PROVE_MAIL = "
        update users
        set mail_proven = 1
        where id = $1 and mail_proven = 0";
    GRANT_OPERATOR = "
        update users
        set is_operator = 1
        where id = $1";
    LIST_OPERATORS = "
        select email
        from users
        where is_operator = 1
        order by email";
    INSERT_WORKSPACE = "
        insert into workspaces (id, name, country, currency, created_at)
        values ($1, $2, $3, $4, $5)";
    INSERT_MEMBER = "
        insert into members (workspace_id, user_id, role, created_at)
        values ($1, $2, $3, $4)";
    LIST_MEMBERSHIPS = "
        select w.id as workspace_id, w.name, w.country, w.currency, w.status, m.role
        from members m
        join workspaces w on w.id = m.workspace_id
        where m.user_id = $1
        order by m.created_at, w.id";
    FIND_MEMBERSHIP = "
        select w.id as workspace_id, w.name, w.country, w.currency, w.status, m.role
        from members m
        join workspaces w on w.id = m.workspace_id
        where m.workspace_id = $1 and m.user_id = $2";
    IS_MEMBER = "
        select count(*)
        from members
        where workspace_id = $1 and user_id = $2";
    INSERT_SESSION = "
        insert into sessions (id, user_id, token_hash, workspace_id, created_at, last_used_at, ip, user_agent)
        values ($1, $2, $3, (
          select workspace_id
          from members
          where user_id = $2
          order by created_at
          limit 1
        ), $4, $4, $5, $6)";
    FIND_LIVE_SESSION = "
        select id, user_id, workspace_id, created_at, last_used_at, ip, user_agent
        from sessions
        where (token_hash = $1 or (previous_token_hash = $1 and previous_until > $2))
          and revoked_at is null and last_used_at > $3 and created_at > $4";
    ROTATE_SESSION = "
        update sessions
        set previous_token_hash = token_hash, previous_until = $3, token_hash = $2
        where id = $1";
    LIST_LIVE_SESSIONS = "
        select id, user_id, workspace_id, created_at, last_used_at, ip, user_agent
        from sessions
        where user_id = $1 and revoked_at is null and last_used_at > $2 and created_at > $3
        order by created_at desc, id desc
        limit 200";
    TOUCH_SESSION = "
        update sessions
        set last_used_at = $2
        where id = $1";
    SET_SESSION_WORKSPACE = "
        update sessions
        set workspace_id = $2
        where id = $1";
    REVOKE_SESSION_OF_TOKEN = "
        update sessions
        set revoked_at = $2
        where token_hash = $1 and revoked_at is null";
    REVOKE_OTHER_SESSIONS_OF = "
        update sessions
        set revoked_at = $3
        where user_id = $1 and id <> $2 and revoked_at is null";
    REVOKE_OLDER_SESSIONS_OF = "
        update sessions
        set revoked_at = $2
        where user_id = $1 and revoked_at is null and id <> (
          select id
          from sessions
          where user_id = $1 and revoked_at is null
          order by created_at desc, id desc
          limit 1
        )";
    REVOKE_SESSION = "
        update sessions
        set revoked_at = $3
        where id = $1 and user_id = $2 and revoked_at is null";
}

/// A stored link.
pub(super) struct Link {
    pub(super) email: String,
    pub(super) expires_at_us: i64,
    pub(super) used_at_us: Option<i64>,
    pub(super) return_to_sealed: Option<String>,
}

pub(super) async fn count_links_since(conn: &mut AnyConnection, email: &str, since_us: i64) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(COUNT_LINKS_SINCE).bind(email).bind(since_us).fetch_one(conn).await?)
}

pub(super) async fn count_links_of_ip_since(conn: &mut AnyConnection, ip: &str, since_us: i64) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(COUNT_LINKS_OF_IP_SINCE).bind(ip).bind(since_us).fetch_one(conn).await?)
}

/// A link to be stored.
pub(super) struct NewLink<'a> {
    pub(super) email: &'a str,
    pub(super) token_hash: &'a str,
    pub(super) ip: Option<&'a str>,
    pub(super) return_to_sealed: Option<String>,
    pub(super) now_us: i64,
    pub(super) expires_at_us: i64,
}

pub(super) async fn insert_link(conn: &mut AnyConnection, id: &str, link: NewLink<'_>) -> Result<(), Error> {
    let query = sqlx::query(INSERT_LINK).bind(id).bind(link.email).bind(link.token_hash).bind(link.ip);
    query.bind(link.return_to_sealed).bind(link.now_us).bind(link.expires_at_us).execute(conn).await?;
    Ok(())
}

pub(super) async fn find_link(conn: &mut AnyConnection, token_hash: &str) -> Result<Option<Link>, Error> {
    let row = sqlx::query(FIND_LINK).bind(token_hash).fetch_optional(conn).await?;
    let link = row.map(|row| -> Result<Link, sqlx::Error> {
        Ok(Link {
            email: row.try_get(0)?,
            expires_at_us: row.try_get(1)?,
            used_at_us: row.try_get(2)?,
            return_to_sealed: row.try_get(3)?,
        })
    });
    Ok(link.transpose()?)
}

/// `false` when another request spent it first.
pub(super) async fn spend_link(conn: &mut AnyConnection, token_hash: &str, now_us: i64) -> Result<bool, Error> {
    Ok(sqlx::query(SPEND_LINK).bind(token_hash).bind(now_us).execute(conn).await?.rows_affected() == 1)
}

pub(super) async fn void_links_of(conn: &mut AnyConnection, email: &str, now_us: i64) -> Result<(), Error> {
    sqlx::query(VOID_LINKS_OF).bind(email).bind(now_us).execute(conn).await?;
    Ok(())
}

pub(super) async fn ensure_user(conn: &mut AnyConnection, id: &str, email: &str, now_us: i64) -> Result<(), Error> {
    sqlx::query(ENSURE_USER).bind(id).bind(email).bind(now_us).execute(conn).await?;
    Ok(())
}

pub(super) async fn find_user_by_email(conn: &mut AnyConnection, email: &str) -> Result<Option<User>, Error> {
    sqlx::query(FIND_USER_BY_EMAIL).bind(email).fetch_optional(conn).await?.as_ref().map(user).transpose()
}

pub(super) async fn find_user(conn: &mut AnyConnection, id: UserId) -> Result<Option<User>, Error> {
    sqlx::query(FIND_USER).bind(id.to_string()).fetch_optional(conn).await?.as_ref().map(user).transpose()
}

pub(super) async fn rename_user(conn: &mut AnyConnection, id: UserId, name: &str) -> Result<(), Error> {
    sqlx::query(RENAME_USER).bind(id.to_string()).bind(name).execute(conn).await?;
    Ok(())
}

/// Remembers that mail reaches the person.
pub(super) async fn prove_mail(conn: &mut AnyConnection, id: UserId) -> Result<(), Error> {
    sqlx::query(PROVE_MAIL).bind(id.to_string()).execute(conn).await?;
    Ok(())
}

pub(super) async fn list_operators(conn: &mut AnyConnection) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar(LIST_OPERATORS).fetch_all(conn).await?)
}

pub(super) async fn grant_operator(conn: &mut AnyConnection, id: UserId) -> Result<(), Error> {
    sqlx::query(GRANT_OPERATOR).bind(id.to_string()).execute(conn).await?;
    Ok(())
}

pub(super) async fn insert_workspace(
    conn: &mut AnyConnection,
    workspace: &Workspace,
    now_us: i64,
) -> Result<(), Error> {
    sqlx::query(INSERT_WORKSPACE)
        .bind(workspace.id.to_string())
        .bind(workspace.name.as_str())
        .bind(workspace.country.as_str())
        .bind(workspace.currency.as_str())
        .bind(now_us)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn insert_member(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    user: UserId,
    role: Role,
    now_us: i64,
) -> Result<(), Error> {
    let query = sqlx::query(INSERT_MEMBER).bind(workspace.to_string()).bind(user.to_string());
    query.bind(role.as_str()).bind(now_us).execute(conn).await?;
    Ok(())
}

pub(super) async fn list_memberships(conn: &mut AnyConnection, user: UserId) -> Result<Vec<Membership>, Error> {
    let rows = sqlx::query(LIST_MEMBERSHIPS).bind(user.to_string()).fetch_all(conn).await?;
    rows.iter().map(membership).collect()
}

pub(super) async fn find_membership(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Option<Membership>, Error> {
    let query = sqlx::query(FIND_MEMBERSHIP).bind(workspace.to_string()).bind(user.to_string());
    query.fetch_optional(conn).await?.as_ref().map(membership).transpose()
}

pub(super) async fn is_member(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query_scalar(IS_MEMBER).bind(workspace.to_string()).bind(user.to_string());
    let found: i64 = query.fetch_one(conn).await?;
    Ok(found > 0)
}

pub(super) async fn insert_session(
    conn: &mut AnyConnection,
    (id, user): (SessionId, UserId),
    token_hash: &str,
    device: &Device,
    now_us: i64,
) -> Result<(), Error> {
    let query = sqlx::query(INSERT_SESSION).bind(id.to_string()).bind(user.to_string()).bind(token_hash).bind(now_us);
    query.bind(device.ip.as_deref()).bind(device.user_agent.as_deref()).execute(conn).await?;
    Ok(())
}

pub(super) async fn rotate_session(
    conn: &mut AnyConnection,
    id: SessionId,
    token_hash: &str,
    previous_until_us: i64,
) -> Result<(), Error> {
    let query = sqlx::query(ROTATE_SESSION).bind(id.to_string()).bind(token_hash).bind(previous_until_us);
    query.execute(conn).await?;
    Ok(())
}

pub(super) async fn revoke_session_of_token(
    conn: &mut AnyConnection,
    token_hash: &str,
    now_us: i64,
) -> Result<(), Error> {
    sqlx::query(REVOKE_SESSION_OF_TOKEN).bind(token_hash).bind(now_us).execute(conn).await?;
    Ok(())
}

/// All but this one.
pub(super) async fn revoke_other_sessions_of(
    conn: &mut AnyConnection,
    user: UserId,
    kept: SessionId,
    now_us: i64,
) -> Result<(), Error> {
    let query = sqlx::query(REVOKE_OTHER_SESSIONS_OF).bind(user.to_string()).bind(kept.to_string()).bind(now_us);
    query.execute(conn).await?;
    Ok(())
}

/// All but the newest; how many were not revoked until now.
pub(super) async fn revoke_older_sessions_of(
    conn: &mut AnyConnection,
    user: UserId,
    now_us: i64,
) -> Result<u64, Error> {
    let query = sqlx::query(REVOKE_OLDER_SESSIONS_OF).bind(user.to_string()).bind(now_us);
    Ok(query.execute(conn).await?.rows_affected())
}

pub(super) async fn find_live_session(
    conn: &mut AnyConnection,
    token_hash: &str,
    now_us: i64,
    (used_after_us, created_after_us): (i64, i64),
) -> Result<Option<Session>, Error> {
    let query = sqlx::query(FIND_LIVE_SESSION).bind(token_hash).bind(now_us).bind(used_after_us).bind(created_after_us);
    query.fetch_optional(conn).await?.as_ref().map(session).transpose()
}

pub(super) async fn list_live_sessions(
    conn: &mut AnyConnection,
    user: UserId,
    used_after_us: i64,
    created_after_us: i64,
) -> Result<Vec<Session>, Error> {
    let query = sqlx::query(LIST_LIVE_SESSIONS).bind(user.to_string()).bind(used_after_us).bind(created_after_us);
    query.fetch_all(conn).await?.iter().map(session).collect()
}

pub(super) async fn touch_session(conn: &mut AnyConnection, id: SessionId, now_us: i64) -> Result<(), Error> {
    sqlx::query(TOUCH_SESSION).bind(id.to_string()).bind(now_us).execute(conn).await?;
    Ok(())
}

pub(super) async fn set_session_workspace(
    conn: &mut AnyConnection,
    id: SessionId,
    workspace: WorkspaceId,
) -> Result<(), Error> {
    sqlx::query(SET_SESSION_WORKSPACE).bind(id.to_string()).bind(workspace.to_string()).execute(conn).await?;
    Ok(())
}

/// `false` when the person has no such live session.
pub(super) async fn revoke_session(
    conn: &mut AnyConnection,
    user: UserId,
    id: SessionId,
    now_us: i64,
) -> Result<bool, Error> {
    let query = sqlx::query(REVOKE_SESSION).bind(id.to_string()).bind(user.to_string()).bind(now_us);
    Ok(query.execute(conn).await?.rows_affected() == 1)
}

/// The person in a row with the columns of `users` that [`User`] has, `google_subject` among them.
pub(super) fn user(row: &AnyRow) -> Result<User, Error> {
    Ok(User {
        id: parsed(row, "id")?,
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        is_operator: flag(row, "is_operator")?,
        google_linked: row.try_get::<Option<String>, _>("google_subject")?.is_some(),
    })
}

fn membership(row: &AnyRow) -> Result<Membership, Error> {
    Ok(Membership { workspace: workspace(row)?, role: known(row, "role", Role::parse)? })
}

/// The workspace in a row with the columns `workspace_id`, `name`, `country`, `currency` and `status` of `workspaces`.
pub(crate) fn workspace(row: &AnyRow) -> Result<Workspace, sqlx::Error> {
    Ok(Workspace {
        id: parsed(row, "workspace_id")?,
        name: row.try_get("name")?,
        country: row.try_get("country")?,
        currency: row.try_get("currency")?,
        suspended: row.try_get::<String, _>("status")? == "suspended",
    })
}

fn session(row: &AnyRow) -> Result<Session, Error> {
    Ok(Session {
        id: parsed(row, "id")?,
        user_id: parsed(row, "user_id")?,
        workspace_id: parsed_opt(row, "workspace_id")?,
        created_at_us: row.try_get("created_at")?,
        last_used_at_us: row.try_get("last_used_at")?,
        device: Device { ip: row.try_get("ip")?, user_agent: row.try_get("user_agent")? },
    })
}
