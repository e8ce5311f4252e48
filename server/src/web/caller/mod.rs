//! Who is asking: an API key (`Authorization: Bearer`) or a session cookie, and what they may do.
//!
//! [`Caller`] works in one workspace; [`SignedIn`] is a person with a session, perhaps before onboarding; [`Operator`] has
//! the installation. Whose credential it is knows [`Authenticator`], put in at the start: this module knows no room.

mod identity;
mod operator;
mod right;

use async_trait::async_trait;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use sautikit_api::ErrorCode;
use sautikit_api::accounts::Role;
use sautikit_api::ids::{ApiKeyId, SessionId, UserId, WorkspaceId};
use sautikit_api::rights::{Grant, Scope};
use serde_json::json;

use super::error::{ApiError, ApiResult};
use crate::state::{AppState, Part};

pub use identity::{Device, Session, Workspace};
pub use operator::Operator;
pub use right::Right;

/// The console's cookie.
pub const SESSION_COOKIE: &str = "sk_session";
/// Picks one of a person's workspaces.
pub const WORKSPACE_HEADER: &str = "x-sautikit-workspace";

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
            && !grants_include(grants, scope)
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
                Grant::One(scope) => grants_include(grants, scope),
            },
        };
        // The role cuts `*` on every use, so only single scopes are checked against it here.
        held && match grant {
            Grant::All => true,
            Grant::One(scope) => scope.is_of(self.role),
        }
    }
}

/// Whether the grants include the scope.
pub(crate) fn grants_include(grants: &[Grant], scope: Scope) -> bool {
    grants.iter().any(|grant| grant.includes(scope))
}

/// Finds out who stands behind a request's credential.
#[async_trait]
pub trait Authenticate: Send + Sync + 'static {
    /// A key or a session, in one workspace.
    async fn caller(&self, app: &AppState, parts: &mut Parts) -> ApiResult<Caller>;

    /// The same caller as they are now, of a request that goes on; `headers` hold its credential. Is no request of its own:
    /// nothing is counted, and nothing remembered.
    async fn again(&self, app: &AppState, headers: &HeaderMap, caller: &Caller) -> ApiResult<Caller>;

    /// A session.
    async fn signed_in(&self, app: &AppState, parts: &mut Parts) -> ApiResult<SignedIn>;

    /// A fresh session of an operator.
    async fn operator(&self, app: &AppState, parts: &mut Parts) -> ApiResult<Operator>;
}

/// Who does so on this server.
pub struct Authenticator(Box<dyn Authenticate>);

impl Part for Authenticator {}

impl Authenticator {
    /// To be put in at the start.
    pub fn new(by: impl Authenticate) -> Self {
        Self(Box::new(by))
    }

    fn of(app: &AppState) -> &dyn Authenticate {
        app.part::<Self>().0.as_ref()
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        Authenticator::of(app).caller(app, parts).await
    }
}

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        Authenticator::of(app).signed_in(app, parts).await
    }
}

impl FromRequestParts<AppState> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        Authenticator::of(app).operator(app, parts).await
    }
}

/// The value of a cookie, from any of the request's `Cookie` headers.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
}
