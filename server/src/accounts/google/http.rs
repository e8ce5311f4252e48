//! `/v1/auth/google`: two steps of a browser, and unlinking.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use sautikit_api::ErrorCode;
use sautikit_api::bounds::PagePath;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Callback, Error, LIFETIME_US, Visitor, finish, start, unlink};
use crate::accounts::Device;
use crate::accounts::http::{fresh_cookie, set_cookie};
use crate::state::AppState;
use crate::web::caller::{SESSION_COOKIE, SignedIn, cookie};
use crate::web::client_ip::{ClientIp, client_ip};
use crate::web::error::ApiResult;
use crate::web::query::Query;

/// Binds an answer of Google to the browser that asked.
const PENDING_COOKIE: &str = "sk_google";

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(start_google_sign_in))
        .routes(routes!(finish_google_sign_in))
        .routes(routes!(unlink_google))
}

/// What the sign-in is for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Start {
    /// The page of this server to go to afterwards, as a path; `/home` when absent.
    #[param(value_type = Option<PagePath>)]
    return_to: Option<String>,
    /// Links the Google account to whoever is signed in instead of signing in.
    #[serde(default)]
    #[param(default = false)]
    link: bool,
}

/// Sign in with Google
///
/// A browser is sent to Google, which sends it back to the callback. The cookie `sk_google` holds what binds both.
#[utoipa::path(get, path = "/auth/google/start", params(Start), security((), ("session" = [])),
    responses((status = 303, description = "To Google.", headers(
        ("Location" = String, description = "Google's page."),
        ("Set-Cookie" = String, description = "`sk_google`, for ten minutes.")))),
    extensions(("x-errors" = json!([ErrorCode::AuthGoogleNotConfigured, ErrorCode::AuthGoogleExchangeFailed,
        ErrorCode::AuthOriginDenied]))))]
async fn start_google_sign_in(
    State(app): State<AppState>,
    Query(query): Query<Start>,
    mut parts: Parts,
) -> ApiResult<Response> {
    let linking = match query.link {
        true => {
            let person = SignedIn::from_request_parts(&mut parts, &app).await?;
            refuse_foreign_page(&parts.headers)?;
            Some(person.session.id)
        }
        false => None,
    };
    let started = start(&app, query.return_to.as_deref(), linking).await?;
    let cookie = pending_cookie(&app, &started.cookie, LIFETIME_US / 1_000_000)?;
    Ok((cookie, Redirect::to(&started.google_url)).into_response())
}

/// Come back from Google
///
/// Google's answer to the browser that asked: signs in, or links the account. A state counts once.
#[utoipa::path(get, path = "/auth/google/callback", params(Callback), security(()),
    responses((status = 303, description = "Signed in or linked, and on to `return_to`.", headers(
        ("Location" = String, description = "A path of this server."),
        ("Set-Cookie" = String, description = "The session, `sk_session`.")))),
    extensions(("x-errors" = json!([ErrorCode::AuthGoogleNotConfigured, ErrorCode::AuthGoogleStateMismatch,
        ErrorCode::AuthGoogleExchangeFailed, ErrorCode::AuthEmailTaken]))))]
async fn finish_google_sign_in(
    State(app): State<AppState>,
    Query(callback): Query<Callback>,
    parts: Parts,
) -> ApiResult<Response> {
    let ip = client_ip(&parts, &app.config.http.trusted_proxies);
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let visitor = Visitor {
        pending: cookie(&parts.headers, PENDING_COOKIE),
        session: cookie(&parts.headers, SESSION_COOKIE),
        device: Device::new(ip, user_agent),
    };
    let finished = finish(&app, callback, visitor).await?;
    let mut cookies = pending_cookie(&app, "", 0)?;
    if let Some(session) = &finished.session {
        for value in fresh_cookie(&app, session)?.values() {
            cookies.append(header::SET_COOKIE, value.clone());
        }
    }
    Ok((cookies, Redirect::to(&finished.return_to)).into_response())
}

/// Unlink Google
///
/// Whoever came through Google signs in by mail once before. Without a linked account nothing happens.
#[utoipa::path(post, path = "/auth/google/unlink", security(("session" = [])),
    responses((status = 204, description = "No Google account is linked any more.")),
    extensions(("x-errors" = json!([ErrorCode::AuthCannotUnlinkOnlyAuth]))))]
async fn unlink_google(State(app): State<AppState>, person: SignedIn, ClientIp(ip): ClientIp) -> ApiResult<StatusCode> {
    unlink(&app, person.user_id, ip).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Following a link is no write, so the origin is not checked elsewhere. But a foreign page that could begin linking might
/// do so after it has signed the browser in to a Google account of its own.
fn refuse_foreign_page(headers: &HeaderMap) -> Result<(), Error> {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(Error::ForeignPage),
    }
}

fn pending_cookie(app: &AppState, value: &str, max_age_seconds: i64) -> ApiResult<HeaderMap> {
    // Its SameSite is Lax: the way back from Google is a navigation that another site begins.
    set_cookie(app, PENDING_COOKIE, value, "/v1/auth/google", max_age_seconds)
}
