//! API keys: made, listed, revoked, and recognised on requests. The secret is shown once; only its keyed hash is stored.
//!
//! A key's rights are its scopes cut by its creator's current role. Its id stays when [`rotate`] gives it another secret.

mod error;
pub mod http;
mod known;
mod recognise;
mod rotate;
mod secret;
mod store;

use async_trait::async_trait;
use jiff::Timestamp;
use sautikit_api::accounts::Role;
use sautikit_api::ids::{ApiKeyId, UserId, WorkspaceId};
use sautikit_api::keys::ApiKeyStatus;
use sautikit_api::rights::{Grant, Scope};
use serde_json::json;
use sqlx::AnyConnection;

use crate::accounts::{Dependant, Workspace};
use crate::audit;
use crate::clock::rfc3339;
use crate::line;
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::trunks;
use crate::web::caller::{Caller, Credential};

pub use known::KnownKeys;
pub use recognise::recognise;
pub use rotate::rotate_api_key;
pub use secret::ApiKeySecret;
pub(crate) use store::STATEMENTS;

/// Longest name of a key, in characters; the schema says it too.
pub(crate) const NAME_MAX_CHARS: usize = 80;

/// What can go wrong here.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not of the form of a key; found by its checksum without a look at the database.
    #[error("the API key is malformed")]
    Malformed,
    /// Of the right form, but not one of ours.
    #[error("the API key is unknown")]
    Unknown,
    /// Past its date.
    #[error("the API key has expired")]
    Expired,
    /// Taken back.
    #[error("the API key is revoked")]
    Revoked,
    /// A secret that rotation replaced, after its overlap.
    #[error("The key was rotated and this secret's overlap is over. Use the newer secret.")]
    Superseded,
    /// Missing or too long.
    #[error("an API key needs a name")]
    NameRequired,
    /// A key that could do nothing.
    #[error("Give at least one scope, or leave `scopes` out for all that `*` stands for.")]
    ScopesEmpty,
    /// Unknown, or more than the caller has.
    #[error("Scope `{0}` does not exist or is more than you may give. The reference lists the scopes.")]
    ScopeInvalid(String),
    /// Not a time, or not in the future.
    #[error("`{0}` is not a time in the future in RFC 3339, such as 2030-01-31T00:00:00Z.")]
    ExpiryInvalid(String),
    /// A key makes or shows no key that works for longer than itself.
    #[error("The key that asks expires at {}, and no key may give more than it has, time included.", rfc3339(*.0))]
    OutlivesCaller(i64),
    /// Not one of the workspace's.
    #[error("the API key is not found")]
    NotFound,
    /// A second revocation, or the rotation of a revoked key.
    #[error("the API key was revoked before")]
    AlreadyRevoked,
    /// Rotation of a key past its date: another secret would not work either.
    #[error("The API key's expiry date has passed, so rotating it would not bring it back. Create another key.")]
    AlreadyExpired,
    /// Outside of what a replaced secret may live on.
    #[error("`overlap_seconds` is a whole number from 0 to 604800 (7 days).")]
    OverlapInvalid,
    /// Rotation shows a secret, so it takes every right of the key.
    #[error("Rotating shows the key's new secret, so it takes every right of the key, and `{}` is not yours.", .0.as_str())]
    BeyondRights(Scope),
    /// Rotation shows a secret, so the key that asks must not end before it.
    #[error("Rotating shows the key's new secret, and that key works for longer than the one that asks.")]
    BeyondLifetime,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its name.
    pub name: String,
    /// The secret's first characters.
    pub prefix: String,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// Microseconds UTC.
    pub created_at_us: i64,
    /// Microseconds UTC; `None` for never.
    pub expires_at_us: Option<i64>,
    /// Microseconds UTC, true to a minute; `None` while unused.
    pub last_used_at_us: Option<i64>,
    /// From where it was used then.
    pub last_used_ip: Option<String>,
    /// When it got its present secret; `None` while it has the first.
    pub rotated_at_us: Option<i64>,
    /// Until when a former secret works or worked; `None` when there is none.
    pub former_until_us: Option<i64>,
    /// Microseconds UTC; `None` while it works.
    pub revoked_at_us: Option<i64>,
}

impl ApiKey {
    /// Whether it works, and if not, why.
    pub fn status(&self, now_us: i64) -> ApiKeyStatus {
        if self.revoked_at_us.is_some() {
            ApiKeyStatus::Revoked
        } else if self.expires_at_us.is_some_and(|expiry| expiry <= now_us) {
            ApiKeyStatus::Expired
        } else {
            ApiKeyStatus::Active
        }
    }
}

/// A key recognised on a request, with its creator's place in the workspace.
#[derive(Debug, Clone)]
pub struct RecognisedKey {
    /// The key.
    pub id: ApiKeyId,
    /// Its scopes.
    pub grants: Vec<Grant>,
    /// Who made it.
    pub created_by: UserId,
    /// Their current role.
    pub role: Role,
    /// The key's workspace.
    pub workspace: Workspace,
    /// Microseconds UTC; `None` for never.
    pub expires_at_us: Option<i64>,
}

/// What a new key shall be.
pub struct NewApiKey<'a> {
    /// 1 to 80 characters.
    pub name: &'a str,
    /// Scope names; `["*"]` when absent.
    pub scopes: Option<&'a [String]>,
    /// RFC 3339.
    pub expires_at: Option<&'a str>,
}

/// `skt_live_…` as soon as any call can reach a real telephone.
async fn new_secret(app: &AppState, conn: &mut AnyConnection) -> Result<ApiKeySecret, sqlx::Error> {
    let is_live = !app.config.is_sandbox_only() || trunks::any_enabled(conn).await?;
    Ok(ApiKeySecret::generate(&app.entropy, is_live))
}

/// Makes a key in the caller's transaction and returns it with its secret.
pub async fn create_api_key(
    app: &AppState,
    conn: &mut AnyConnection,
    caller: &Caller,
    new: NewApiKey<'_>,
) -> Result<(ApiKey, ApiKeySecret), Error> {
    let now = app.clock.now();
    let secret = new_secret(app, conn).await?;
    let key = ApiKey {
        id: ApiKeyId(app.new_uuid()),
        name: checked_name(new.name)?,
        prefix: secret.public_prefix().to_owned(),
        grants: checked_grants(caller, new.scopes)?,
        created_at_us: now.as_microsecond(),
        expires_at_us: within_lifetime(caller, new.expires_at.map(|text| checked_expiry(text, now)).transpose()?)?,
        last_used_at_us: None,
        last_used_ip: None,
        rotated_at_us: None,
        former_until_us: None,
        revoked_at_us: None,
    };
    let hash = app.secrets.hash(Purpose::ApiKey, secret.as_str());
    store::insert_key(conn, caller.workspace.id, caller.user_id, &key, &hash).await?;
    let details = json!({
        "name": key.name, "scopes": grant_names(&key.grants), "expires_at": key.expires_at_us.map(rfc3339),
    });
    audit::record(app, conn, &audit::Entry::by(caller, "api_key.created", key.id, details)).await?;
    Ok((key, secret))
}

/// A page of the workspace's keys, newest first, those before `(created_at_us, id)`.
pub async fn list_api_keys(
    app: &AppState,
    workspace: WorkspaceId,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<ApiKey>, Error> {
    store::list_keys(&mut *app.db.acquire().await?, workspace, before, limit).await
}

/// Takes a key back for good.
pub async fn revoke_api_key(app: &AppState, caller: &Caller, id: ApiKeyId) -> Result<(), Error> {
    let mut tx = app.db.begin_write().await?;
    if !store::revoke_key(&mut tx, caller.workspace.id, id, app.now_us()).await? {
        let known = store::key_exists(&mut tx, caller.workspace.id, id).await?;
        return Err(if known { Error::AlreadyRevoked } else { Error::NotFound });
    }
    audit::record(app, &mut tx, &audit::Entry::by(caller, "api_key.revoked", id, json!({}))).await?;
    tx.commit().await?;
    app.tenant_changes.note();
    Ok(())
}

/// Whether a key of the workspace works now: not revoked, not expired, and its creator still a member.
pub async fn is_active(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: ApiKeyId,
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    store::is_active(conn, workspace, id, now_us).await
}

/// What members made here.
pub struct OfMembers;

#[async_trait]
impl Dependant for OfMembers {
    /// Takes back every key that the member made.
    async fn member_goes(
        &self,
        app: &AppState,
        conn: &mut AnyConnection,
        workspace: WorkspaceId,
        user: UserId,
    ) -> Result<Option<(&'static str, u64)>, sqlx::Error> {
        let revoked = store::revoke_keys_of(conn, workspace, user, app.now_us()).await?;
        Ok(Some(("revoked_api_keys", revoked)))
    }
}

fn checked_name(text: &str) -> Result<String, Error> {
    line::checked(text, NAME_MAX_CHARS).ok_or(Error::NameRequired)
}

/// Nobody mints beyond their own rights, not by leaving the scopes out either; `*` is cut to its creator's role on use,
/// so a person may always give it.
fn checked_grants(caller: &Caller, scopes: Option<&[String]>) -> Result<Vec<Grant>, Error> {
    let wildcard = [Grant::All.as_str().to_owned()];
    let scopes = scopes.unwrap_or(&wildcard);
    if scopes.is_empty() {
        return Err(Error::ScopesEmpty);
    }
    let mut grants = Vec::with_capacity(scopes.len());
    for name in scopes {
        let grant = Grant::parse(name).filter(|grant| caller.may_give(*grant));
        let grant = grant.ok_or_else(|| Error::ScopeInvalid(name.chars().take(40).collect()))?;
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    Ok(grants)
}

fn checked_expiry(text: &str, now: Timestamp) -> Result<i64, Error> {
    match text.parse::<Timestamp>() {
        Ok(expiry) if expiry > now => Ok(expiry.as_microsecond()),
        _ => Err(Error::ExpiryInvalid(text.chars().take(40).collect())),
    }
}

/// The asked expiry of a key that the caller makes: where a key asks that expires itself, its own at the latest.
fn within_lifetime(caller: &Caller, expires_at_us: Option<i64>) -> Result<Option<i64>, Error> {
    match caller.credential {
        Credential::ApiKey { expires_at_us: Some(own), .. } => match expires_at_us {
            Some(asked) if asked > own => Err(Error::OutlivesCaller(own)),
            Some(asked) => Ok(Some(asked)),
            None => Ok(Some(own)),
        },
        _ => Ok(expires_at_us),
    }
}

fn grant_names(grants: &[Grant]) -> Vec<&'static str> {
    grants.iter().map(|grant| grant.as_str()).collect()
}
