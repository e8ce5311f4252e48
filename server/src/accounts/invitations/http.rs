//! `/v1/workspace/invitations` and, for the invited, `/v1/invitations/{token}`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use sautikit_api::ErrorCode;
use sautikit_api::ids::InvitationId;
use sautikit_api::members as wire;

use super::{Invitation, Invitee};
use crate::accounts::http::fresh_cookie;
use crate::accounts::{Error, Scope, invitations};
use crate::clock::rfc3339;
use crate::error::{ApiError, ApiResult};
use crate::http::caller::{Caller, SignedIn};
use crate::http::client_ip::ClientIp;
use crate::http::idempotency::{self, Begun, Request};
use crate::http::page::Page;
use crate::state::AppState;

/// The routes of invitations, relative to `/v1`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/workspace/invitations", get(list_invitations).post(create_invitation))
        .route("/workspace/invitations/{id}", delete(withdraw_invitation))
        .route("/invitations/{token}", get(show_invitation))
        .route("/invitations/{token}/accept", post(accept_invitation))
        .route("/invitations/{token}/decline", post(decline_invitation))
}

async fn list_invitations(State(app): State<AppState>, caller: Caller, page: Page) -> ApiResult<Response> {
    caller.needs(Scope::MembersRead)?;
    let open = invitations::list_invitations(&app, caller.workspace.id, page.before(), page.fetch_limit()).await?;
    let now_us = app.now_us();
    Ok(page.answer(open, |open| (open.created_at_us, open.id.0), |open| invitation_body(open, now_us)))
}

async fn create_invitation(State(app): State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    caller.needs(Scope::MembersWrite)?;
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let (invitation, mail) = invitations::invite(&app, attempt.tx(), &caller, &request.read()?).await?;
    let body = invitation_body(invitation, app.now_us());
    let answer = attempt.commit(&app, StatusCode::CREATED, &body).await?;
    app.mailer.send(app.clock.as_ref(), mail);
    Ok(answer)
}

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

async fn show_invitation(
    State(app): State<AppState>,
    person: Result<SignedIn, ApiError>,
    Path(token): Path<String>,
) -> ApiResult<Json<wire::InvitationOffer>> {
    let person = person.map_err(login_first)?;
    let offer = invitations::offer(&app, person.user_id, &token).await?;
    Ok(Json(wire::InvitationOffer {
        workspace_name: offer.workspace_name,
        role: offer.invitation.role,
        invited_by: offer.inviter,
        expires_at: rfc3339(offer.invitation.expires_at_us),
    }))
}

async fn accept_invitation(
    State(app): State<AppState>,
    person: Result<SignedIn, ApiError>,
    ClientIp(ip): ClientIp,
    Path(token): Path<String>,
) -> ApiResult<impl IntoResponse> {
    let (membership, session) = invitations::accept(&app, invitee(person, ip)?, &token).await?;
    let body = wire::AcceptedInvitation {
        workspace_id: membership.workspace.id,
        workspace_name: membership.workspace.name,
        role: membership.role,
    };
    Ok((fresh_cookie(&app, &session)?, Json(body)))
}

async fn decline_invitation(
    State(app): State<AppState>,
    person: Result<SignedIn, ApiError>,
    ClientIp(ip): ClientIp,
    Path(token): Path<String>,
) -> ApiResult<StatusCode> {
    invitations::decline(&app, invitee(person, ip)?, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn invitee(person: Result<SignedIn, ApiError>, ip: Option<String>) -> ApiResult<Invitee> {
    let person = person.map_err(login_first)?;
    Ok(Invitee { user_id: person.user_id, session_id: person.session.id, ip })
}

/// Tells the invited what to do, where others only learn that they are not signed in.
fn login_first(error: ApiError) -> ApiError {
    if error.code == ErrorCode::AuthSessionInvalid { ErrorCode::InviteRequiresLogin.into() } else { error }
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
