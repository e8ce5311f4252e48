//! SIP credentials: what devices (desk phones, softphones, PBXs) prove themselves with. Each is one number's: its device
//! calls from that number only, and rings when it is called.
//!
//! The password is made here and shown once. Kept are its Argon2id hash and, sealed, what digest needs of it (RFC 7616 §3.4.2).
//! A credential works until it is revoked or its number is released.

mod error;
pub mod http;
mod secret;
mod store;

use sautikit_api::ids::{NumberId, SipCredentialId, WorkspaceId};
use serde_json::json;
use sqlx::AnyConnection;

use self::secret::Secret;
use crate::config::SrtpPolicy;
use crate::numbers::{self, NumberError};
use crate::secrets::{Purpose, SealBroken};
use crate::sip_tokens::identity::{Device, Identity, Permissions, device_name, is_device_name};
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::{audit, line};

pub(crate) use store::STATEMENTS;

/// Longest label, in characters; the schema says it too.
const LABEL_MAX_CHARS: usize = 80;
/// Credentials of one number that work at a time: an office; whoever has more phones has a PBX, which takes one.
const MOST_OF_NUMBER: i64 = 100;
/// A user name that is taken is drawn anew; of the four thousand million there are, so many taken in a row mean that the
/// source of randomness is broken.
const MOST_DRAWS: usize = 5;

/// What can go wrong here.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not one of the number's.
    #[error("the SIP credential is not found")]
    NotFound,
    /// Revoked before.
    #[error("the SIP credential was revoked before")]
    AlreadyRevoked,
    /// Missing, too long, or no visible line.
    #[error("`label` tells the device from others. {}", line::rule(LABEL_MAX_CHARS))]
    LabelInvalid,
    /// None of the policies.
    #[error("`srtp` is `off`, `accepted`, `preferred` or `required`.")]
    SrtpInvalid,
    /// The number has as many as it can have.
    #[error("A number has at most {MOST} SIP credentials that work. Revoke those that are not used.", MOST = MOST_OF_NUMBER)]
    TooMany,
    /// No user name was free, or the password could not be hashed.
    #[error("the SIP credential could not be made")]
    Unmade,
    /// The number is not the workspace's.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// A stored secret does not open.
    #[error(transparent)]
    Seal(#[from] SealBroken),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A credential without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipCredential {
    /// Its id.
    pub id: SipCredentialId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// The claimed number that it is of.
    pub number_id: NumberId,
    /// What people call the device.
    pub label: String,
    /// What the device calls itself.
    pub username: String,
    /// How its audio is encrypted.
    pub srtp: SrtpPolicy,
    /// Microseconds UTC.
    pub created_at: i64,
    /// When it got its present password; none while it has the first.
    pub rotated_at: Option<i64>,
    /// None while it works.
    pub revoked_at: Option<i64>,
}

/// A credential that works, with what digest needs. Has no `Debug`: whoever has an HA1 has the password.
#[derive(Clone)]
pub struct LiveCredential {
    /// The credential.
    pub credential: SipCredential,
    /// Its number, E.164.
    pub e164: String,
    /// With MD5, in lower-case hex.
    pub ha1_md5: String,
    /// With SHA-256.
    pub ha1_sha256: String,
}

impl LiveCredential {
    /// Who a device is that has proven to have it.
    pub fn identity(&self) -> Identity {
        let SipCredential { id, workspace_id, number_id, username, srtp, .. } = &self.credential;
        Identity {
            workspace: *workspace_id,
            name: username.clone(),
            jti: self.credential.generation(),
            // It ends by being revoked, which is looked up each time.
            expires_at_us: i64::MAX,
            minted_by: None,
            device: Some(Device { credential: *id, number: *number_id, srtp: *srtp }),
            permissions: Permissions {
                outbound: true,
                inbound: true,
                from: Some(self.e164.clone()),
                destinations: None,
            },
        }
    }
}

impl SipCredential {
    /// Tells one password of the credential from the next: what was proven with the former is proven no more.
    pub fn generation(&self) -> String {
        format!("{}:{}", self.id, self.rotated_at.unwrap_or_default())
    }
}

/// Makes a credential of one of the workspace's numbers, in the caller's transaction. Gives its password.
///
/// # Errors
/// Not the workspace's number, a label that is none, too many credentials, or the database failed.
pub async fn create(
    app: &AppState,
    tx: &mut AnyConnection,
    caller: &Caller,
    number_id: NumberId,
    label: &str,
    srtp: Option<&str>,
) -> Result<(SipCredential, String), Error> {
    let srtp = srtp.map(policy_named).transpose()?.unwrap_or_default();
    let workspace_id = caller.workspace.id;
    let number = numbers::get_number(tx, workspace_id, number_id).await?;
    let label = line::checked(label, LABEL_MAX_CHARS).ok_or(Error::LabelInvalid)?;
    if store::count_live(tx, workspace_id, number_id).await? >= MOST_OF_NUMBER {
        return Err(Error::TooMany);
    }
    let mut credential = SipCredential {
        id: SipCredentialId(app.new_uuid()),
        workspace_id,
        number_id,
        label,
        username: String::new(),
        srtp,
        created_at: app.now_us(),
        rotated_at: None,
        revoked_at: None,
    };
    let secret = Secret::generate(app).await?;
    for _ in 0..MOST_DRAWS {
        credential.username = device_name(app.entropy.bytes());
        let ha1 = secret.sealed_ha1(app, &credential);
        if store::insert(tx, &credential, &secret.hash, &ha1).await? {
            let details = json!({ "number": number.e164, "label": credential.label, "username": credential.username });
            let entry = audit::Entry::by(caller, "sip_credential.created", credential.id, details);
            audit::record(app, tx, &entry).await?;
            return Ok((credential, secret.password));
        }
    }
    Err(Error::Unmade)
}

/// Gives a credential another password, in the caller's transaction. The one before ends at once.
///
/// # Errors
/// Not the number's, revoked, or the database failed.
pub async fn rotate(
    app: &AppState,
    tx: &mut AnyConnection,
    caller: &Caller,
    number_id: NumberId,
    id: SipCredentialId,
) -> Result<(SipCredential, String), Error> {
    let mut credential = find(tx, caller.workspace.id, number_id, id).await?;
    if credential.revoked_at.is_some() {
        return Err(Error::AlreadyRevoked);
    }
    let before = credential.rotated_at.unwrap_or(credential.created_at);
    let secret = Secret::generate(app).await?;
    // Later than before even where the clock stands still: the generations differ.
    credential.rotated_at = Some(app.now_us().max(before + 1));
    let ha1 = secret.sealed_ha1(app, &credential);
    store::replace_secret(tx, &credential, &secret.hash, &ha1).await?;
    let details = json!({ "label": credential.label, "username": credential.username });
    audit::record(app, tx, &audit::Entry::by(caller, "sip_credential.rotated", id, details)).await?;
    Ok((credential, secret.password))
}

/// Changes how a credential's audio is encrypted: of calls that begin once its device has registered again, or that it makes.
///
/// # Errors
/// Not the number's, revoked, or the database failed.
pub async fn update(
    app: &AppState,
    caller: &Caller,
    number_id: NumberId,
    id: SipCredentialId,
    srtp: SrtpPolicy,
) -> Result<SipCredential, Error> {
    let mut tx = app.db.begin_write().await?;
    let mut credential = find(&mut tx, caller.workspace.id, number_id, id).await?;
    credential.srtp = srtp;
    if !store::update(&mut tx, &credential).await? {
        return Err(Error::AlreadyRevoked);
    }
    let details = json!({ "label": credential.label, "username": credential.username, "srtp": srtp.as_str() });
    audit::record(app, &mut tx, &audit::Entry::by(caller, "sip_credential.changed", id, details)).await?;
    tx.commit().await?;
    Ok(credential)
}

fn policy_named(name: &str) -> Result<SrtpPolicy, Error> {
    SrtpPolicy::named(name).ok_or(Error::SrtpInvalid)
}

/// Ends a credential for good. Calls that run go on to their end.
///
/// # Errors
/// Not the number's, revoked before, or the database failed.
pub async fn revoke(app: &AppState, caller: &Caller, number_id: NumberId, id: SipCredentialId) -> Result<(), Error> {
    let mut tx = app.db.begin_write().await?;
    let credential = find(&mut tx, caller.workspace.id, number_id, id).await?;
    if !store::revoke(&mut tx, &credential, app.now_us()).await? {
        return Err(Error::AlreadyRevoked);
    }
    let details = json!({ "label": credential.label, "username": credential.username });
    audit::record(app, &mut tx, &audit::Entry::by(caller, "sip_credential.revoked", id, details)).await?;
    Ok(tx.commit().await?)
}

/// The number's credentials before that one, the newest first; revoked ones too.
///
/// # Errors
/// Not the workspace's number, or the database failed.
pub async fn list(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    number_id: NumberId,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<SipCredential>, Error> {
    numbers::get_number(conn, workspace_id, number_id).await?;
    Ok(store::list(conn, workspace_id, number_id, before, limit).await?)
}

/// The credential with that user name, if it works.
///
/// # Errors
/// A stored secret does not open, or the database failed.
pub async fn find_live(app: &AppState, username: &str) -> Result<Option<LiveCredential>, Error> {
    if !is_device_name(username) {
        return Ok(None);
    }
    let mut conn = app.db.acquire().await?;
    let Some(row) = store::find_live(&mut conn, username).await? else { return Ok(None) };
    drop(conn);
    let opened = app.secrets.open(Purpose::VoiceSecret, &row.credential.id.to_string(), &row.ha1)?;
    let opened = String::from_utf8(opened).map_err(|_| SealBroken)?;
    let (md5, sha256) = opened.split_once(' ').ok_or(SealBroken)?;
    let (ha1_md5, ha1_sha256) = (md5.to_owned(), sha256.to_owned());
    Ok(Some(LiveCredential { credential: row.credential, e164: row.e164, ha1_md5, ha1_sha256 }))
}

/// The credentials of a workspace that work now, by what tells their passwords apart ([`SipCredential::generation`]).
///
/// # Errors
/// The database failed.
pub async fn live_generations(conn: &mut AnyConnection, workspace_id: WorkspaceId) -> Result<Vec<String>, sqlx::Error> {
    let live = store::list_live(conn, workspace_id).await?;
    Ok(live.iter().map(SipCredential::generation).collect())
}

async fn find(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    number_id: NumberId,
    id: SipCredentialId,
) -> Result<SipCredential, Error> {
    numbers::get_number(conn, workspace_id, number_id).await?;
    store::find(conn, workspace_id, number_id, id).await?.ok_or(Error::NotFound)
}
