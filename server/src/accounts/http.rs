//! `/v1/auth`: bodies in, one operation, bodies out.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;
use sautikit_api::accounts as wire;
use sautikit_api::ids::{SessionId, UserId, WorkspaceId};
use sqlx::AnyConnection;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::workspaces::http::workspace_body;
use super::{Device, Error, LinkSpent, Membership, NewSession, Onboarding, Session, sessions};
use crate::accounts;
use crate::clock::rfc3339;
use crate::mail;
use crate::state::AppState;
use crate::web::caller::{SESSION_COOKIE, SignedIn, cookie};
use crate::web::client_ip::ClientIp;
use crate::web::error::{ApiError, ApiResult};
use crate::web::idempotency::{self, Request};
use crate::web::json::JsonBody;
use crate::web::params::Idempotent;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(request_magic_link))
        .routes(routes!(verify_magic_link))
        .routes(routes!(onboard))
        .routes(routes!(show_me, update_me))
        .routes(routes!(log_out))
        .routes(routes!(list_sessions))
        .routes(routes!(revoke_session))
}

/// Send a sign-in link
///
/// The answer is the same for known and unknown addresses. `return_to` comes back when the link is used.
#[utoipa::path(post, path = "/auth/magic-link", request_body = wire::MagicLinkRequest, security(()),
    responses((status = 202, description = "On its way.", headers(("Set-Cookie" = String,
        description = "By `sk_link` the console knows the browser that asked; programs need not keep it.")))))]
async fn request_magic_link(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    headers: HeaderMap,
    body: JsonBody<wire::MagicLinkRequest>,
) -> ApiResult<Response> {
    let asked = body.read()?;
    let before = cookie(&headers, accounts::LINK_COOKIE);
    let marks =
        accounts::request_magic_link(&app, &asked.email, asked.return_to.as_deref(), ip.as_deref(), before).await?;
    let cookie = set_cookie(&app, accounts::LINK_COOKIE, &marks, "/", accounts::LINK_COOKIE_SECONDS)?;
    Ok((StatusCode::ACCEPTED, cookie).into_response())
}

/// Sign in with a link's token
///
/// Spends the token for a session, which is the cookie `sk_session`.
#[utoipa::path(post, path = "/auth/magic-link/verify", request_body = wire::MagicLinkVerify, security(()),
    responses((status = 200, body = wire::SignedIn, description = "Signed in.", headers(("Set-Cookie" = String, description = "The session, `sk_session`.")))),
    extensions(("x-errors" = json!([ErrorCode::AuthTokenInvalid, ErrorCode::AuthTokenExpired,
        ErrorCode::AuthTokenUsed]))))]
async fn verify_magic_link(
    State(app): State<AppState>,
    ClientIp(ip): ClientIp,
    headers: HeaderMap,
    body: JsonBody<wire::MagicLinkVerify>,
) -> ApiResult<impl IntoResponse> {
    let device = Device::new(ip, headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()));
    let old_session = cookie(&headers, SESSION_COOKIE);
    let LinkSpent { user, session, return_to } =
        accounts::verify_magic_link(&app, &body.read()?.token, old_session, device).await?;
    let onboarding_required = accounts::list_memberships(&mut *app.db.acquire().await?, user.id).await?.is_empty();
    let body = wire::SignedIn { user_id: user.id, email: user.email, onboarding_required, return_to };
    Ok((fresh_cookie(&app, &session)?, Json(body)))
}

/// Open the first workspace
///
/// Name and first workspace of a person who has just signed in. The currency is fixed from here on.
#[utoipa::path(post, path = "/auth/onboarding", params(Idempotent), request_body = wire::OnboardingRequest, security(("session" = [])),
    responses((status = 201, body = wire::Onboarded, description = "The workspace, owned by the caller.")),
    extensions(("x-errors" = json!([ErrorCode::AuthAlreadyOnboarded, ErrorCode::CurrencyUnsupported]))))]
async fn onboard(
    State(app): State<AppState>,
    person: SignedIn,
    ClientIp(ip): ClientIp,
    request: Request,
) -> ApiResult<Response> {
    let body = request.read()?;
    let (user_id, session_id) = (person.user_id, person.session.id);
    let _place = idempotency::enter_alone(&app, user_id, &request).await?;
    let mut tx = app.db.begin_write().await?;
    let made = match accounts::onboard(&app, &mut tx, Onboarding { user_id, session_id, ip, request: &body }).await {
        Ok(made) => made,
        Err(Error::AlreadyOnboarded) => return replayed_onboarding(&app, &mut tx, user_id, &request).await,
        Err(error) => return Err(error.into()),
    };
    let attempt = idempotency::begin_in(&app, tx, made.workspace.id, &request).await?;
    let body = wire::Onboarded {
        workspace_id: made.workspace.id,
        workspace_name: made.workspace.name,
        country: made.workspace.country,
        currency: made.workspace.currency,
        role: made.role,
    };
    attempt.commit(&app, StatusCode::CREATED, &body).await
}

/// The person has a workspace: by this very request, if it is one that is sent again.
async fn replayed_onboarding(
    app: &AppState,
    conn: &mut AnyConnection,
    user: UserId,
    request: &Request,
) -> ApiResult<Response> {
    for membership in accounts::list_memberships(conn, user).await? {
        if let Some(answer) = idempotency::find_replay(app, conn, membership.workspace.id, request).await? {
            return Ok(answer);
        }
    }
    Err(Error::AlreadyOnboarded.into())
}

/// Show who is signed in
#[utoipa::path(get, path = "/auth/me", security(("session" = [])),
    responses((status = 200, body = wire::Me, description = "The person and their workspaces.")))]
async fn show_me(State(app): State<AppState>, person: SignedIn) -> ApiResult<Json<wire::Me>> {
    let user = accounts::find_user(&app, person.user_id).await?.ok_or(Error::Corrupt("session"))?;
    let memberships = accounts::list_memberships(&mut *app.db.acquire().await?, user.id).await?;
    let current = person.chosen(&memberships)?;
    let lang = mail::language_of(&mut *app.db.acquire().await?, &user.email).await.map_err(Error::from)?;
    Ok(Json(wire::Me {
        language: lang.as_str().to_owned(),
        id: user.id,
        email: user.email,
        name: user.name,
        workspace: current.map(workspace_body),
        workspaces: memberships.iter().map(workspace_body).collect(),
        is_operator: user.is_operator,
        google_linked: user.google_linked,
    }))
}

/// Change one's name, or the language of one's mails
#[utoipa::path(patch, path = "/auth/me", request_body = wire::UpdateMe, security(("session" = [])),
    responses((status = 200, body = wire::Me, description = "The person as they are now.")))]
async fn update_me(
    State(app): State<AppState>,
    person: SignedIn,
    ClientIp(ip): ClientIp,
    body: JsonBody<wire::UpdateMe>,
) -> ApiResult<Json<wire::Me>> {
    let wire::UpdateMe { name, language } = body.read()?;
    accounts::update_user(&app, person.user_id, name.as_deref(), language.as_deref(), ip).await?;
    show_me(State(app), person).await
}

/// Sign out
///
/// Ends the session that asks.
#[utoipa::path(post, path = "/auth/logout", security(("session" = [])),
    responses((status = 204, description = "Signed out.", headers(("Set-Cookie" = String, description = "Removes `sk_session`.")))))]
async fn log_out(
    State(app): State<AppState>,
    person: SignedIn,
    ClientIp(ip): ClientIp,
) -> ApiResult<impl IntoResponse> {
    accounts::revoke_session(&app, person.user_id, person.session.id, ip).await?;
    Ok((StatusCode::NO_CONTENT, session_cookie(&app, "", 0)?))
}

/// List one's sessions
#[utoipa::path(get, path = "/auth/sessions", security(("session" = [])),
    responses((status = 200, body = Vec<wire::Session>, description = "Live sessions.")))]
async fn list_sessions(State(app): State<AppState>, person: SignedIn) -> ApiResult<Json<Vec<wire::Session>>> {
    let sessions = accounts::list_sessions(&app, person.user_id).await?;
    Ok(Json(sessions.iter().map(|session| session_body(session, person.session.id)).collect()))
}

/// End one of one's sessions
#[utoipa::path(delete, path = "/auth/sessions/{id}", security(("session" = [])),
    responses((status = 204, description = "Ended.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn revoke_session(
    State(app): State<AppState>,
    person: SignedIn,
    ClientIp(ip): ClientIp,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let id: SessionId = id.parse().map_err(|_| Error::SessionUnknown)?;
    accounts::revoke_session(&app, person.user_id, id, ip).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl SignedIn {
    /// The membership that this session works in: the header's, else its last used, else the oldest.
    fn chosen<'a>(&self, memberships: &'a [Membership]) -> ApiResult<Option<&'a Membership>> {
        let of = |id: WorkspaceId| memberships.iter().find(|membership| membership.workspace.id == id);
        match self.asked_workspace {
            Some(id) => Ok(Some(of(id).ok_or(Error::NotAMember)?)),
            None => Ok(self.session.workspace_id.and_then(of).or(memberships.first())),
        }
    }
}

/// The cookie of a session that has a new token. The browser keeps it for as long as any session can last.
pub(super) fn fresh_cookie(app: &AppState, session: &NewSession) -> ApiResult<HeaderMap> {
    session_cookie(app, &session.token, sessions::ABSOLUTE_US / 1_000_000)
}

/// `sk_session`, gone from the browser after `max_age_seconds`; 0 removes it at once.
fn session_cookie(app: &AppState, token: &str, max_age_seconds: i64) -> ApiResult<HeaderMap> {
    set_cookie(app, SESSION_COOKIE, token, "/", max_age_seconds)
}

/// A cookie that scripts can't read and that foreign pages send only when they lead a person here.
pub(super) fn set_cookie(
    app: &AppState,
    name: &str,
    value: &str,
    path: &str,
    max_age_seconds: i64,
) -> ApiResult<HeaderMap> {
    let secure = if app.is_https() { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={max_age_seconds}{secure}");
    let value = HeaderValue::from_str(&cookie).map_err(ApiError::internal)?;
    Ok(HeaderMap::from_iter([(header::SET_COOKIE, value)]))
}

fn session_body(session: &Session, current: SessionId) -> wire::Session {
    wire::Session {
        id: session.id,
        created_at: rfc3339(session.created_at_us),
        last_used_at: rfc3339(session.last_used_at_us),
        expires_at: rfc3339(sessions::expires_at_us(session)),
        current: session.id == current,
        ip: session.device.ip.clone(),
        user_agent: session.device.user_agent.clone(),
    }
}
