//! Members of a workspace: listed, given another role, removed, and leaving.
//!
//! A workspace keeps at least one owner. Every change locks the workspace's row first, so that two owners who demote each
//! other at the same instant can't both succeed, and reads the actor's role anew under that lock.

pub mod http;
pub(in crate::accounts) mod store;

use sautikit_api::accounts::Role;
use sautikit_api::ids::{UserId, WorkspaceId};
use sautikit_api::rights::{RIGHTS, Scope};
use serde_json::json;
use sqlx::AnyConnection;

use super::{Error, dependants, invitations, sessions, workspaces};
use crate::audit;
use crate::state::AppState;
use crate::web::caller::Caller;

pub(crate) use store::STATEMENTS;

/// A person in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// Their address.
    pub email: String,
    /// Their name; empty before onboarding.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Microseconds UTC.
    pub joined_at_us: i64,
}

/// A page of the members, the newest first, those before `(joined_at_us, user_id)`.
pub async fn list_members(
    app: &AppState,
    workspace: WorkspaceId,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Member>, Error> {
    store::list_members(&mut *app.db.acquire().await?, workspace, before, limit).await
}

/// The addresses of those who keep the workspace's books, owners and finance, in order.
///
/// # Errors
/// The database failed.
pub async fn list_bookkeepers(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<Vec<String>, sqlx::Error> {
    store::list_bookkeepers(conn, workspace).await
}

/// The addresses of the owners, in order.
///
/// # Errors
/// The database failed.
pub async fn list_owners(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<Vec<String>, Error> {
    store::list_owner_emails(conn, workspace).await
}

/// Gives a member another role. Owners are made and demoted by owners only. Of a member who gains rights, all but the newest
/// session end; of one who loses the right to invite, the open invitations.
pub async fn change_role(app: &AppState, caller: &Caller, user: UserId, role: Role) -> Result<Member, Error> {
    let mut tx = app.db.begin_write().await?;
    let (actor, mut member) = lock_both(&mut tx, caller, user).await?;
    if !Scope::MembersWrite.is_of(actor.role) || (touches_owners(member.role, role) && !makes_owners(&actor)) {
        return Err(Error::RoleChangeDenied);
    }
    if member.role == role {
        return Ok(member);
    }
    if member.role == Role::Owner {
        refuse_last_owner(&mut tx, caller.workspace.id).await?;
    }
    store::set_role(&mut tx, caller.workspace.id, user, role).await?;
    let gains = RIGHTS.iter().any(|right| right.roles.contains(&role) && !right.roles.contains(&member.role));
    let ended_sessions = if gains { sessions::end_older_sessions(app, &mut tx, user).await? } else { 0 };
    let withdrawn_invitations = withdraw_beyond(app, &mut tx, caller.workspace.id, user, Some(role)).await?;
    let details = json!({
        "before": { "role": member.role }, "after": { "role": role }, "email": member.email,
        "ended_sessions": ended_sessions, "withdrawn_invitations": withdrawn_invitations,
    });
    audit::record(app, &mut tx, &audit::Entry::by(caller, "member.role_changed", user, details)).await?;
    tx.commit().await?;
    app.tenant_changes.note();
    member.role = role;
    Ok(member)
}

/// Removes a member, or lets the caller leave. Keys that they made are revoked: they would come back to life with a later
/// invitation otherwise. Invitations that they sent are withdrawn: one to an address of their own would bring them back.
pub async fn remove_member(app: &AppState, caller: &Caller, user: UserId) -> Result<(), Error> {
    let mut tx = app.db.begin_write().await?;
    let (actor, member) = lock_both(&mut tx, caller, user).await?;
    let leaves = actor.user_id == member.user_id;
    let may_remove = Scope::MembersWrite.is_of(actor.role) && (member.role != Role::Owner || makes_owners(&actor));
    if !leaves && !may_remove {
        return Err(Error::RemoveDenied);
    }
    if member.role == Role::Owner {
        refuse_last_owner(&mut tx, caller.workspace.id).await?;
    }
    store::delete_member(&mut tx, caller.workspace.id, user).await?;
    let ended = dependants::end_what_is_of(app, &mut tx, caller.workspace.id, user).await?;
    let withdrawn_invitations = withdraw_beyond(app, &mut tx, caller.workspace.id, user, None).await?;
    let kind = if leaves { "member.left" } else { "member.removed" };
    let mut details = json!({
        "before": { "role": member.role }, "email": member.email, "withdrawn_invitations": withdrawn_invitations,
    });
    for (what, count) in ended {
        details[what] = count.into();
    }
    audit::record(app, &mut tx, &audit::Entry::by(caller, kind, user, details)).await?;
    tx.commit().await?;
    app.tenant_changes.note();
    Ok(())
}

/// The caller's own membership and the one that is to change, both as they are now.
async fn lock_both(conn: &mut AnyConnection, caller: &Caller, user: UserId) -> Result<(Member, Member), Error> {
    let workspace = caller.workspace.id;
    workspaces::store::lock(conn, workspace).await?;
    let actor = store::find_member(conn, workspace, caller.user_id).await?.ok_or(Error::NotAMember)?;
    let member = store::find_member(conn, workspace, user).await?.ok_or(Error::MemberUnknown)?;
    Ok((actor, member))
}

/// Withdraws the open invitations that this person could not send any more with that role, or as no member; how many.
async fn withdraw_beyond(
    app: &AppState,
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    user: UserId,
    role: Option<Role>,
) -> Result<u64, Error> {
    let may = |scope: Scope| role.is_some_and(|role| scope.is_of(role));
    let beyond = match (may(Scope::MembersWrite), may(Scope::OwnersWrite)) {
        (true, true) => return Ok(0),
        (true, false) => Some(Role::Owner),
        (false, _) => None,
    };
    invitations::store::withdraw_from(conn, workspace, user, beyond, app.now_us()).await
}

async fn refuse_last_owner(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<(), Error> {
    if store::count_owners(conn, workspace).await? <= 1 { Err(Error::LastOwner) } else { Ok(()) }
}

fn touches_owners(old: Role, new: Role) -> bool {
    old != new && (old == Role::Owner || new == Role::Owner)
}

fn makes_owners(actor: &Member) -> bool {
    Scope::OwnersWrite.is_of(actor.role)
}
