//! Invitations: a mail with a link that makes whoever owns the invited address a member.
//!
//! ```text
//!          invite                 accept (signed in with the invited address)
//! (none) ─────────► open ──────────────────────────────► accepted: member
//!                    │ ├── decline ─► declined
//!                    │ └── withdraw, or invited again ─► withdrawn
//!                    └── 7 days ─► still a row, but the link no longer works
//! ```
//! Only a keyed hash of the link's token is stored. The token alone opens nothing: the session's address must match.

pub mod http;
pub(in crate::accounts) mod store;

use sautikit_api::accounts::Role;
use sautikit_api::ids::{InvitationId, SessionId, UserId, WorkspaceId};
use sautikit_api::members::CreateInvitation;
use sautikit_api::rights::Scope;
use serde_json::json;
use sqlx::AnyConnection;

use super::{Error, Membership, NewSession, invalid, members, normalise_email, sessions};
use crate::audit::{self, Actor};
use crate::mail::{self, Lang, Mail, Posted, escaped};
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::web::caller::Caller;

pub(crate) use store::STATEMENTS;

/// How long a link works: people read such mail after a weekend, and an old mailbox should not open a workspace.
const LIFETIME_US: i64 = 7 * 86_400 * 1_000_000;
/// Mails that a workspace may cause per hour, so that nobody sends spam through us.
const PER_WORKSPACE_AND_HOUR: i64 = 50;
const HOUR_US: i64 = 3_600_000_000;

/// An open invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// To where.
    pub workspace_id: WorkspaceId,
    /// Whom.
    pub email: String,
    /// What accepting gives.
    pub role: Role,
    /// Who invites.
    pub invited_by: UserId,
    /// Microseconds UTC.
    pub created_at_us: i64,
    /// Microseconds UTC.
    pub expires_at_us: i64,
}

/// What an invited person sees before they decide.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The invitation.
    pub invitation: Invitation,
    /// The workspace's name.
    pub workspace_name: String,
    /// The inviter's name, or address where there is no name.
    pub inviter: String,
}

/// Who answers an invitation, from where.
pub struct Invitee {
    /// The person.
    pub user_id: UserId,
    /// Their session, which works in the workspace after accepting.
    pub session_id: SessionId,
    /// The client's address, for the audit log.
    pub ip: Option<String>,
}

/// Makes an invitation in the caller's transaction, in place of an open one to the same address, and posts its mail.
pub async fn invite(
    app: &AppState,
    conn: &mut AnyConnection,
    caller: &Caller,
    request: &CreateInvitation,
) -> Result<(Invitation, Posted), Error> {
    let email = normalise_email(&request.email)?;
    if request.role == Role::Owner && !Scope::OwnersWrite.is_of(caller.role) {
        return Err(Error::RoleChangeDenied);
    }
    let workspace = &caller.workspace;
    if members::store::is_member_by_email(conn, workspace.id, &email).await? {
        return Err(invalid("email", "This person is a member already. Change their role instead."));
    }
    let now_us = app.now_us();
    if store::count_since(conn, workspace.id, now_us - HOUR_US).await? >= PER_WORKSPACE_AND_HOUR {
        return Err(Error::TooManyInvitations);
    }
    store::withdraw_open(conn, workspace.id, &email, now_us).await?;
    let token = app.entropy.token();
    let invitation = Invitation {
        id: InvitationId(app.new_uuid()),
        workspace_id: workspace.id,
        email,
        role: request.role,
        invited_by: caller.user_id,
        created_at_us: now_us,
        expires_at_us: now_us + LIFETIME_US,
    };
    store::insert(conn, &invitation, &app.secrets.hash(Purpose::Invitation, &token)).await?;
    let details = json!({ "after": { "email": invitation.email, "role": invitation.role } });
    audit::record(app, conn, &audit::Entry::by(caller, "invitation.created", invitation.id, details)).await?;
    let write = |_, lang| letter(&app.public_url, &invitation, &workspace.name, &token, lang);
    let posted = mail::post_to(app, conn, invitation.email.clone(), write).await?;
    Ok((invitation, posted))
}

/// A page of the open invitations, the newest first.
pub async fn list_invitations(
    app: &AppState,
    workspace: WorkspaceId,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Invitation>, Error> {
    store::list_open(&mut *app.db.acquire().await?, workspace, before, limit).await
}

/// Takes an open invitation back.
pub async fn withdraw(app: &AppState, caller: &Caller, id: InvitationId) -> Result<(), Error> {
    let mut tx = app.db.begin_write().await?;
    if !store::withdraw(&mut tx, caller.workspace.id, id, app.now_us()).await? {
        return Err(Error::InvitationUnknown);
    }
    audit::record(app, &mut tx, &audit::Entry::by(caller, "invitation.withdrawn", id, json!({}))).await?;
    Ok(tx.commit().await?)
}

/// What the token offers to this person.
pub async fn offer(app: &AppState, user: UserId, token: &str) -> Result<Offer, Error> {
    find_offer(app, &mut *app.db.acquire().await?, user, token).await
}

/// Whom the open invitation of that token is for.
pub async fn find_addressee(app: &AppState, token: &str) -> Result<Option<String>, Error> {
    let hash = app.secrets.hash(Purpose::Invitation, token.trim());
    let offer = store::find_open(&mut *app.db.acquire().await?, &hash, app.now_us()).await?;
    Ok(offer.map(|offer| offer.invitation.email))
}

/// Makes the person a member, with a new token for their session; someone who is a member already keeps their role.
pub async fn accept(app: &AppState, invitee: Invitee, token: &str) -> Result<(Membership, NewSession), Error> {
    let mut tx = app.db.begin_write().await?;
    let invitation = find_offer(app, &mut tx, invitee.user_id, token).await?.invitation;
    let now_us = app.now_us();
    close(&mut tx, &invitation, "accepted", now_us).await?;
    let workspace = invitation.workspace_id;
    let found = super::store::find_membership(&mut tx, workspace, invitee.user_id).await?;
    if found.is_none() {
        super::store::insert_member(&mut tx, workspace, invitee.user_id, invitation.role, now_us).await?;
    }
    super::store::set_session_workspace(&mut tx, invitee.session_id, workspace).await?;
    let membership = super::store::find_membership(&mut tx, workspace, invitee.user_id).await?;
    let membership = membership.ok_or(Error::Corrupt("membership"))?;
    if membership.workspace.suspended {
        return Err(Error::WorkspaceSuspended);
    }
    let session = sessions::rotate_session(app, &mut tx, invitee.session_id).await?;
    audit::record(app, &mut tx, &entry(&invitee, &invitation, "invitation.accepted")).await?;
    tx.commit().await?;
    Ok((membership, session))
}

/// Turns the invitation down.
pub async fn decline(app: &AppState, invitee: Invitee, token: &str) -> Result<(), Error> {
    let mut tx = app.db.begin_write().await?;
    let invitation = find_offer(app, &mut tx, invitee.user_id, token).await?.invitation;
    close(&mut tx, &invitation, "declined", app.now_us()).await?;
    audit::record(app, &mut tx, &entry(&invitee, &invitation, "invitation.declined")).await?;
    Ok(tx.commit().await?)
}

/// The open invitation of that token, if it has not expired and is meant for this person.
async fn find_offer(app: &AppState, conn: &mut AnyConnection, user: UserId, token: &str) -> Result<Offer, Error> {
    let hash = app.secrets.hash(Purpose::Invitation, token.trim());
    let offer = store::find_open(conn, &hash, app.now_us()).await?.ok_or(Error::InvitationUnknown)?;
    let person = super::store::find_user(conn, user).await?.ok_or(Error::Corrupt("session"))?;
    if person.email != offer.invitation.email {
        return Err(Error::InvitationForAnother);
    }
    Ok(offer)
}

/// The guarded update decides between two answers at the same instant.
async fn close(
    conn: &mut AnyConnection,
    invitation: &Invitation,
    state: &'static str,
    now_us: i64,
) -> Result<(), Error> {
    if store::close(conn, invitation.id, state, now_us).await? { Ok(()) } else { Err(Error::InvitationUnknown) }
}

fn entry(invitee: &Invitee, invitation: &Invitation, action_kind: &'static str) -> audit::Entry {
    audit::Entry {
        workspace_id: Some(invitation.workspace_id),
        actor: Actor::User(invitee.user_id.to_string()),
        action_kind,
        subject_id: Some(invitation.id.to_string()),
        details: json!({ "email": invitation.email, "role": invitation.role }),
        ip: invitee.ip.clone(),
    }
}

fn letter(public_url: &str, invitation: &Invitation, workspace_name: &str, token: &str, lang: Lang) -> Mail {
    let link = format!("{public_url}/invitation?token={token}");
    let role = invitation.role.as_str();
    let name = escaped(workspace_name);
    let (subject, text, html, see, ignore) = lang.pick(
        (
            format!("You are invited to {workspace_name} on Sautikit"),
            format!("You are invited to join {workspace_name} on Sautikit as {role}:"),
            format!("You are invited to join <strong>{name}</strong> on Sautikit as {role}:"),
            "See the invitation",
            "The link works for 7 days and only for this address. If you did not expect it, ignore this mail.",
        ),
        (
            format!("Umealikwa kwenye {workspace_name}, Sautikit"),
            format!("Umealikwa kujiunga na {workspace_name} kwenye Sautikit kama {role}:"),
            format!("Umealikwa kujiunga na <strong>{name}</strong> kwenye Sautikit kama {role}:"),
            "Tazama mwaliko",
            "Kiungo kinafanya kazi kwa siku 7 na kwa anwani hii tu. Kama hukukitarajia, puuza barua hii.",
        ),
    );
    Mail {
        to: invitation.email.clone(),
        subject,
        text: format!("{text}\n\n{link}\n\n{ignore}\n"),
        html: format!("<p>{html}</p><p><a href=\"{link}\">{see}</a></p><p>{ignore}</p>"),
        links: vec![link],
        worthless_at_us: invitation.expires_at_us,
    }
}
