//! Who is asking: an API key (`Authorization: Bearer`) or a session cookie.
//!
//! With an `Authorization` header the cookie is ignored, so a page can't lend its visitor's session to a request with a key.

use async_trait::async_trait;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use sautikit_api::ErrorCode;
use sautikit_api::ids::WorkspaceId;
use sqlx::AnyConnection;

use crate::accounts::{self, Membership};
use crate::api_keys::{self, RecognisedKey};
use crate::state::AppState;
use crate::web::caller::{
    Authenticate, Caller, Credential, Operator, SESSION_COOKIE, SignedIn, WORKSPACE_HEADER, cookie,
};
use crate::web::client_ip::client_ip;
use crate::web::error::{ApiError, ApiResult};
use crate::web::rate_limit;
use crate::web::told::{self, Who};

/// Told to an API key where only a person may act.
const PERSON_ONLY: &str = "This is for people who are signed in, and the request carries an `Authorization` header. Leave the \
    header out and send the console's cookie `sk_session`; an API key cannot be used here.";
/// Told to whoever sends another scheme (Basic), no scheme, or two headers.
const KEY_FORM: &str = "The `Authorization` header is not one API key after the word Bearer. Send `Authorization: Bearer skt_live_…`, once.";

/// How long after sign-in a session may act as operator: a working day, so that a stolen laptop of yesterday can't.
const FRESH_US: i64 = 12 * 3_600 * 1_000_000;

/// Keys as `api_keys` knows them, sessions and memberships as `accounts` does.
pub struct Credentials;

#[async_trait]
impl Authenticate for Credentials {
    async fn caller(&self, app: &AppState, parts: &mut Parts) -> ApiResult<Caller> {
        let ip = client_ip(parts, &app.config.http.trusted_proxies);
        match key_of(&parts.headers)? {
            Some(text) => by_key(app, parts, text, ip).await,
            None => {
                let caller = by_session(app, &mut *app.db.acquire().await?, &parts.headers, ip).await?;
                let who = Who { workspace_id: caller.workspace.id, user_id: caller.user_id, api_key_id: None };
                told::tell_who(parts, who);
                Ok(caller)
            }
        }
    }

    async fn again(&self, app: &AppState, headers: &HeaderMap, caller: &Caller) -> ApiResult<Caller> {
        match (&caller.credential, key_of(headers)?) {
            (Credential::ApiKey { id, .. }, Some(text)) => {
                let key = api_keys::recognise(app, text, caller.ip.as_deref()).await?;
                if key.id != *id || key.workspace.id != caller.workspace.id {
                    return Err(ErrorCode::ApiKeyInvalid.into());
                }
                Ok(of_key(key, caller.ip.clone()))
            }
            (Credential::Session(id), None) => {
                let mut conn = app.db.acquire().await?;
                let token = cookie(headers, SESSION_COOKIE).ok_or(ErrorCode::AuthSessionInvalid)?;
                let session = accounts::resolve_session(app, &mut conn, token).await?;
                let session = session.filter(|session| session.id == *id).ok_or(ErrorCode::AuthSessionInvalid)?;
                // The workspace that the request was about, whichever the person works in by now.
                let found = accounts::find_membership(&mut conn, caller.workspace.id, session.user_id).await?;
                let Membership { workspace, role } = found.ok_or(accounts::Error::NotAMember)?;
                Ok(Caller { workspace, role, ..caller.clone() })
            }
            _ => Err(ErrorCode::AuthSessionInvalid.into()),
        }
    }

    async fn signed_in(&self, app: &AppState, parts: &mut Parts) -> ApiResult<SignedIn> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            // A key is not a person; what needs one can't be done with it.
            return Err(ApiError::new(ErrorCode::AuthSessionInvalid).message(PERSON_ONLY));
        }
        let mut conn = app.db.acquire().await?;
        signed_in(app, &mut conn, &parts.headers).await
    }

    /// A person with the flag, freshly signed in. Never a key.
    async fn operator(&self, app: &AppState, parts: &mut Parts) -> ApiResult<Operator> {
        let ip = client_ip(parts, &app.config.http.trusted_proxies);
        let person = self.signed_in(app, parts).await?;
        let user = accounts::find_user(app, person.user_id).await?;
        if !user.is_some_and(|user| user.is_operator) {
            return Err(ErrorCode::AuthAdminRequired.into());
        }
        if person.session.created_at_us < app.now_us() - FRESH_US {
            let message = "Operators act within 12 hours of signing in. Sign in again.";
            return Err(ApiError::new(ErrorCode::AuthAdminRequired).message(message));
        }
        Ok(Operator { user_id: person.user_id, ip })
    }
}

/// The one key that the request shows; none where it shows none.
fn key_of(headers: &HeaderMap) -> ApiResult<Option<&str>> {
    let mut given = headers.get_all(header::AUTHORIZATION).into_iter();
    let Some(value) = given.next() else { return Ok(None) };
    // Of two keys, what stands in front of us may have looked at the other one.
    let only = given.next().is_none().then_some(value).and_then(|value| value.to_str().ok());
    only.and_then(bearer).map(Some).ok_or_else(|| ApiError::new(ErrorCode::ApiKeyInvalid).message(KEY_FORM))
}

fn of_key(key: RecognisedKey, ip: Option<String>) -> Caller {
    let credential = Credential::ApiKey { id: key.id, grants: key.grants, expires_at_us: key.expires_at_us };
    Caller { user_id: key.created_by, workspace: key.workspace, role: key.role, credential, ip }
}

async fn by_key(app: &AppState, parts: &Parts, text: &str, ip: Option<String>) -> ApiResult<Caller> {
    let key = api_keys::recognise(app, text, ip.as_deref()).await?;
    let who = Who { workspace_id: key.workspace.id, user_id: key.created_by, api_key_id: Some(key.id) };
    told::tell_who(parts, who);
    rate_limit::take_of_key(app, parts, key.id)?;
    if asked_workspace(&parts.headers)?.is_some_and(|asked| asked != key.workspace.id) {
        return Err(ErrorCode::AuthWorkspaceForbidden.into());
    }
    Ok(of_key(key, ip))
}

async fn by_session(
    app: &AppState,
    conn: &mut AnyConnection,
    headers: &HeaderMap,
    ip: Option<String>,
) -> ApiResult<Caller> {
    let person = signed_in(app, conn, headers).await?;
    let membership = match person.asked_workspace {
        Some(id) => {
            let found =
                accounts::find_membership(conn, id, person.user_id).await?.ok_or(accounts::Error::NotAMember)?;
            accounts::remember_workspace(conn, &person.session, id).await?;
            found
        }
        None => last_used(conn, &person).await?.ok_or(ErrorCode::AuthNoWorkspace)?,
    };
    let Membership { workspace, role } = membership;
    Ok(Caller { user_id: person.user_id, workspace, role, credential: Credential::Session(person.session.id), ip })
}

async fn last_used(conn: &mut AnyConnection, person: &SignedIn) -> Result<Option<Membership>, accounts::Error> {
    if let Some(id) = person.session.workspace_id
        && let Some(found) = accounts::find_membership(conn, id, person.user_id).await?
    {
        return Ok(Some(found));
    }
    Ok(accounts::list_memberships(conn, person.user_id).await?.into_iter().next())
}

async fn signed_in(app: &AppState, conn: &mut AnyConnection, headers: &HeaderMap) -> ApiResult<SignedIn> {
    let token = cookie(headers, SESSION_COOKIE).ok_or(ErrorCode::AuthSessionInvalid)?;
    let session = accounts::resolve_session(app, conn, token).await?.ok_or(ErrorCode::AuthSessionInvalid)?;
    Ok(SignedIn { user_id: session.user_id, session, asked_workspace: asked_workspace(headers)? })
}

fn asked_workspace(headers: &HeaderMap) -> ApiResult<Option<WorkspaceId>> {
    let Some(value) = headers.get(WORKSPACE_HEADER) else { return Ok(None) };
    // A malformed id answers like one of someone else's.
    let id = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    id.map(Some).ok_or_else(|| ErrorCode::AuthWorkspaceForbidden.into())
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
