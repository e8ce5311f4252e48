//! `/v1/workspace/invitations` and, for the invited, `/v1/invitations/{token}`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;
use sautikit_api::ids::InvitationId;
use sautikit_api::members as wire;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Invitation, Invitee};
use crate::accounts::http::fresh_cookie;
use crate::accounts::{Error, Scope, invitations};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::{Caller, SignedIn};
use crate::web::client_ip::ClientIp;
use crate::web::error::{ApiError, ApiResult};
use crate::web::idempotency::{self, Begun, Request};
use crate::web::page::Page;
use crate::web::params::{Idempotent, Paged};

/// The routes of invitations, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_invitations, create_invitation))
        .routes(routes!(withdraw_invitation))
        .routes(routes!(show_invitation))
        .routes(routes!(accept_invitation))
        .routes(routes!(decline_invitation))
}

/// List open invitations
#[utoipa::path(get, path = "/workspace/invitations",
    params(Paged),
    responses((status = 200, body = Vec<wire::Invitation>, description = "Open invitations, the newest first.")),
    extensions(("x-scope" = json!(Scope::MembersRead))))]
async fn list_invitations(State(app): State<AppState>, caller: Caller, page: ApiResult<Page>) -> ApiResult<Response> {
    caller.needs(Scope::MembersRead)?;
    let page = page?;
    let open = invitations::list_invitations(&app, caller.workspace.id, page.before(), page.fetch_limit()).await?;
    let now_us = app.now_us();
    Ok(page.answer(open, |open| (open.created_at_us, open.id.0), |open| invitation_body(open, now_us)))
}

/// Invite someone
///
/// Sends a link that works for this address only. An open invitation of the same address is replaced.
#[utoipa::path(post, path = "/workspace/invitations", request_body = wire::CreateInvitation,
    params(Idempotent),
    responses((status = 201, body = wire::Invitation, description = "Invited.")),
    extensions(("x-scope" = json!(Scope::MembersWrite)),
        ("x-errors" = json!([ErrorCode::AccountsRoleChangeDenied]))))]
async fn create_invitation(State(app): State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    caller.needs(Scope::MembersWrite)?;
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let (invitation, posted) = invitations::invite(&app, attempt.tx(), &caller, &request.read()?).await?;
    let body = invitation_body(invitation, app.now_us());
    let answer = attempt.commit(&app, StatusCode::CREATED, &body).await?;
    posted.committed(&app);
    Ok(answer)
}

/// Withdraw an invitation
#[utoipa::path(delete, path = "/workspace/invitations/{id}",
    responses((status = 204, description = "Withdrawn.")),
    extensions(("x-scope" = json!(Scope::MembersWrite)), ("x-errors" = json!([ErrorCode::InvitationsNotFound]))))]
async fn withdraw_invitation(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    caller.needs(Scope::MembersWrite)?;
    let id: InvitationId = id.parse().map_err(|_| Error::InvitationUnknown)?;
    invitations::withdraw(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show what accepting an invitation would mean
#[utoipa::path(get, path = "/invitations/{token}", security(("session" = [])),
    params(("token" = String, Path, description = "The token of the link.")),
    responses((status = 200, body = wire::InvitationOffer, description = "The offer.")),
    extensions(("x-errors" = json!([ErrorCode::InviteRequiresLogin, ErrorCode::InvitationsNotFound,
        ErrorCode::AuthInviteEmailMismatch]))))]
async fn show_invitation(
    State(app): State<AppState>,
    person: ApiResult<SignedIn>,
    Path(token): Path<String>,
) -> ApiResult<Json<wire::InvitationOffer>> {
    let person = or_login(&app, person, &token).await?;
    let offer = invitations::offer(&app, person.user_id, &token).await?;
    Ok(Json(wire::InvitationOffer {
        workspace_name: offer.workspace_name,
        role: offer.invitation.role,
        invited_by: offer.inviter,
        expires_at: rfc3339(offer.invitation.expires_at_us),
    }))
}

/// Accept an invitation
///
/// The session works in the new workspace from now on, with a new token.
#[utoipa::path(post, path = "/invitations/{token}/accept", security(("session" = [])),
    params(("token" = String, Path, description = "The token of the link.")),
    responses((status = 200, body = wire::AcceptedInvitation, description = "Accepted.", headers(("Set-Cookie" = String, description = "The session, `sk_session`.")))),
    extensions(("x-errors" = json!([ErrorCode::InviteRequiresLogin, ErrorCode::InvitationsNotFound,
        ErrorCode::AuthInviteEmailMismatch, ErrorCode::AccountSuspended]))))]
async fn accept_invitation(
    State(app): State<AppState>,
    person: ApiResult<SignedIn>,
    ClientIp(ip): ClientIp,
    Path(token): Path<String>,
) -> ApiResult<impl IntoResponse> {
    let invitee = invitee(or_login(&app, person, &token).await?, ip);
    let (membership, session) = invitations::accept(&app, invitee, &token).await?;
    let body = wire::AcceptedInvitation {
        workspace_id: membership.workspace.id,
        workspace_name: membership.workspace.name,
        role: membership.role,
    };
    Ok((fresh_cookie(&app, &session)?, Json(body)))
}

/// Decline an invitation
#[utoipa::path(post, path = "/invitations/{token}/decline", security(("session" = [])),
    params(("token" = String, Path, description = "The token of the link.")),
    responses((status = 204, description = "Declined.")),
    extensions(("x-errors" = json!([ErrorCode::InviteRequiresLogin, ErrorCode::InvitationsNotFound,
        ErrorCode::AuthInviteEmailMismatch]))))]
async fn decline_invitation(
    State(app): State<AppState>,
    person: ApiResult<SignedIn>,
    ClientIp(ip): ClientIp,
    Path(token): Path<String>,
) -> ApiResult<StatusCode> {
    let invitee = invitee(or_login(&app, person, &token).await?, ip);
    invitations::decline(&app, invitee, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn invitee(person: SignedIn, ip: Option<String>) -> Invitee {
    Invitee { user_id: person.user_id, session_id: person.session.id, ip }
}

/// Tells the invited what to do, and as whom, where others only learn that they are not signed in.
async fn or_login(app: &AppState, person: ApiResult<SignedIn>, token: &str) -> ApiResult<SignedIn> {
    match person {
        Err(error) if error.code == ErrorCode::AuthSessionInvalid => {
            let email = invitations::find_addressee(app, token).await?;
            let mut login_first = ApiError::new(ErrorCode::InviteRequiresLogin);
            login_first.details = email.map(|email| json!({ "email": email }));
            Err(login_first)
        }
        person => person,
    }
}

fn invitation_body(invitation: Invitation, now_us: i64) -> wire::Invitation {
    wire::Invitation {
        id: invitation.id,
        email: invitation.email,
        role: invitation.role,
        invited_by: invitation.invited_by,
        created_at: rfc3339(invitation.created_at_us),
        expires_at: rfc3339(invitation.expires_at_us),
        expired: invitation.expires_at_us <= now_us,
    }
}
