//! Who is asking: an API key (`Authorization: Bearer`) or a session cookie, and what they may do.
//!
//! [`Caller`] works in one workspace; [`SignedIn`] is a person with a session, perhaps before onboarding. With an
//! `Authorization` header the cookie is ignored, so a page can't lend its visitor's session to a request with a key.

mod operator;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use sautikit_api::ErrorCode;
use sautikit_api::accounts::Role;
use sautikit_api::ids::{ApiKeyId, SessionId, UserId, WorkspaceId};
use serde_json::json;
use sqlx::AnyConnection;

use super::client_ip::client_ip;
use super::rate_limit;
use super::request_log::Who;
use super::told;
use crate::accounts::{self, Grant, Membership, Scope, Session, Workspace};
use crate::api_keys;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub use operator::Operator;

/// The console's cookie.
pub const SESSION_COOKIE: &str = "sk_session";
/// Picks one of a person's workspaces.
pub const WORKSPACE_HEADER: &str = "x-sautikit-workspace";

/// Told to an API key where only a person may act.
const PERSON_ONLY: &str = "This is for people who are signed in, and the request carries an `Authorization` header. Leave the \
    header out and send the console's cookie `sk_session`; an API key cannot be used here.";
/// Told to whoever sends another scheme (Basic), no scheme, or two headers.
const KEY_FORM: &str = "The `Authorization` header is not one API key after the word Bearer. Send `Authorization: Bearer skt_live_…`, once.";

/// A person with a live session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user_id: UserId,
    /// Their session.
    pub session: Session,
    /// The workspace that the request's header asks for.
    pub asked_workspace: Option<WorkspaceId>,
}

/// Someone acting in a workspace.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The person, or who made the key.
    pub user_id: UserId,
    /// Where.
    pub workspace: Workspace,
    /// The person's role there.
    pub role: Role,
    /// How they proved it.
    pub credential: Credential,
    /// The client's address.
    pub ip: Option<String>,
}

/// How a caller proved who they are.
#[derive(Debug, Clone)]
pub enum Credential {
    /// The console's cookie.
    Session(SessionId),
    /// A key.
    ApiKey {
        /// Which.
        id: ApiKeyId,
        /// Its scopes.
        grants: Vec<Grant>,
        /// When it ends (microseconds UTC); `None` for never.
        expires_at_us: Option<i64>,
    },
}

impl Caller {
    /// Refuses unless key, role and the workspace's state allow the scope. The first line of every handler.
    pub fn needs(&self, scope: Scope) -> ApiResult<()> {
        self.has(scope)?;
        if self.workspace.suspended && !scope.survives_suspension() {
            return Err(ErrorCode::AccountSuspended.into());
        }
        Ok(())
    }

    /// Refuses unless key and role allow the scope.
    fn has(&self, scope: Scope) -> ApiResult<()> {
        if let Credential::ApiKey { grants, .. } = &self.credential
            && !api_keys::grants_include(grants, scope)
        {
            let message = format!("The API key lacks the scope `{}`. Create a key with that scope.", scope.as_str());
            let details = json!({ "required": scope.as_str() });
            return Err(ApiError::new(ErrorCode::ApiKeyScopeDenied).message(message).details(details));
        }
        if scope.is_of(self.role) { Ok(()) } else { Err(scope.refusal().into()) }
    }

    /// For reads of what only a scope for writing names (API keys): any member reads by session, a key needs the scope. A
    /// suspended workspace reads on.
    pub fn needs_session_or(&self, scope: Scope) -> ApiResult<()> {
        match self.credential {
            Credential::Session(_) => Ok(()),
            Credential::ApiKey { .. } => self.has(scope),
        }
    }

    /// Whether the caller may give this grant to a key: nobody mints beyond their own rights.
    pub fn may_give(&self, grant: Grant) -> bool {
        let held = match &self.credential {
            Credential::Session(_) => true,
            Credential::ApiKey { grants, .. } => match grant {
                Grant::All => grants.contains(&Grant::All),
                Grant::One(scope) => api_keys::grants_include(grants, scope),
            },
        };
        // The role cuts `*` on every use, so only single scopes are checked against it here.
        held && match grant {
            Grant::All => true,
            Grant::One(scope) => scope.is_of(self.role),
        }
    }
}

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            // A key is not a person; what needs one can't be done with it.
            return Err(ApiError::new(ErrorCode::AuthSessionInvalid).message(PERSON_ONLY));
        }
        let mut conn = app.db.acquire().await?;
        signed_in(app, &mut conn, &parts.headers).await
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        let ip = client_ip(parts, &app.config.http.trusted_proxies);
        let mut given = parts.headers.get_all(header::AUTHORIZATION).into_iter();
        match given.next() {
            Some(value) => {
                // Of two keys, what stands in front of us may have looked at the other one.
                let only = given.next().is_none().then_some(value).and_then(|value| value.to_str().ok());
                let text =
                    only.and_then(bearer).ok_or_else(|| ApiError::new(ErrorCode::ApiKeyInvalid).message(KEY_FORM))?;
                by_key(app, parts, text, ip).await
            }
            None => {
                let caller = by_session(app, &mut *app.db.acquire().await?, &parts.headers, ip).await?;
                let who = Who { workspace_id: caller.workspace.id, user_id: caller.user_id, api_key_id: None };
                told::tell_who(parts, who);
                Ok(caller)
            }
        }
    }
}

async fn by_key(app: &AppState, parts: &Parts, text: &str, ip: Option<String>) -> ApiResult<Caller> {
    let key = api_keys::recognise(app, text, ip.as_deref()).await?;
    let who = Who { workspace_id: key.workspace.id, user_id: key.created_by, api_key_id: Some(key.id) };
    told::tell_who(parts, who);
    rate_limit::take_of_key(app, parts, key.id)?;
    if asked_workspace(&parts.headers)?.is_some_and(|asked| asked != key.workspace.id) {
        return Err(ErrorCode::AuthWorkspaceForbidden.into());
    }
    let credential = Credential::ApiKey { id: key.id, grants: key.grants, expires_at_us: key.expires_at_us };
    Ok(Caller { user_id: key.created_by, workspace: key.workspace, role: key.role, credential, ip })
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

/// The value of a cookie, from any of the request's `Cookie` headers.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
}
