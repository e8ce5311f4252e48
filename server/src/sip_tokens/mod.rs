//! SIP tokens: five-minute JWTs (HS256) with which a browser registers and calls without ever seeing an API key.
//!
//! The newest signing key signs; older keys verify until the last token they signed has expired. A token is bound to
//! one identity of one workspace. What it allows at the gateway is [`identity::Identity`].
//! Deliberately absent: credentials of devices, which are a room of their own (`sip_credentials`).

mod claims;
mod error;
pub mod http;
pub mod identity;
mod keys;
mod store;

use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use sautikit_api::ids::WorkspaceId;
use sautikit_api::sip::CreateSipToken;
use serde_json::json;
use sqlx::AnyConnection;

use self::identity::{Identity, MintedBy, Permissions, is_device_name, is_identity};
use crate::audit::Actor;
use crate::clock::rfc3339;
use crate::secrets::{Purpose, SealBroken};
use crate::state::AppState;
use crate::{accounts, api_keys, audit, numbers, telephone};

pub(crate) use claims::Claims;
pub(crate) use store::STATEMENTS;

/// The longest and the usual life of a token, in seconds.
pub const MAX_TTL_SECONDS: i64 = 300;
/// The shortest life, in seconds: less would expire before a slow page connects.
pub const MIN_TTL_SECONDS: i64 = 30;
/// The audience of every SIP token.
pub const AUDIENCE: &str = "sip";
/// Live tokens of one identity that digest tries (browser-sdk.md).
const MAX_LIVE_TOKENS: i64 = 20;
/// Destination prefixes in one token; more would not fit a header comfortably.
const MAX_DESTINATIONS: usize = 20;

/// Why a token is not minted or not good.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the request.
    #[error("{message}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What is wrong and what would be right.
        message: String,
    },
    /// Forged, expired, of another audience or issuer, by an unknown key, or not a token.
    #[error("the token is not valid")]
    TokenInvalid,
    /// A stored secret does not open.
    #[error(transparent)]
    Sealed(#[from] SealBroken),
    /// The token could not be written.
    #[error("the token could not be signed")]
    Signing,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A fresh token.
pub struct Minted {
    /// The JWT.
    pub token: String,
    /// What it says.
    pub identity: Identity,
}

/// A new signing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// Its name in the header of tokens.
    pub kid: String,
    /// Since when it signs, in microseconds UTC.
    pub created_at: i64,
    /// Until when those before it verify, in microseconds UTC.
    pub former_until: i64,
}

/// HA1 values of a live token, for digest (RFC 7616 §3.4.2), in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveToken {
    /// Who it is for.
    pub identity: Identity,
    /// With MD5.
    pub ha1_md5: String,
    /// With SHA-256.
    pub ha1_sha256: String,
}

/// Mints a token for an identity of the workspace, in the caller's transaction.
pub async fn mint_sip_token(
    app: &AppState,
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    minted_by: MintedBy,
    asked: CreateSipToken,
) -> Result<Minted, Error> {
    let ttl = asked.ttl_seconds.unwrap_or(MAX_TTL_SECONDS);
    if !(MIN_TTL_SECONDS..=MAX_TTL_SECONDS).contains(&ttl) {
        return Err(invalid("ttl_seconds", format!("must be {MIN_TTL_SECONDS} to {MAX_TTL_SECONDS}")));
    }
    let name = match asked.identity {
        Some(name) if is_identity(&name) && !is_device_name(&name) => name,
        Some(_) => {
            return Err(invalid(
                "identity",
                "must be 1 to 64 characters of A-Z a-z 0-9 . _ -, without two hyphens in a row",
            ));
        }
        None => format!("browser-{}", app.entropy.base62(8)),
    };
    let destinations = asked.destinations.map(checked_destinations).transpose()?;
    let from = match &asked.from {
        Some(from) => {
            let own = numbers::list_active_e164(conn, workspace).await?;
            let own = own.into_iter().find(|own| telephone::names(from, own));
            let refusal = || invalid("from", "must be one of the workspace's active numbers, such as +254700000001");
            Some(own.ok_or_else(refusal)?)
        }
        None => None,
    };
    let now = app.clock.now().as_second();
    let identity = Identity {
        workspace,
        name,
        jti: app.new_uuid().to_string(),
        expires_at_us: (now + ttl) * 1_000_000,
        minted_by: Some(minted_by),
        device: None,
        permissions: Permissions {
            outbound: asked.allow_outbound.unwrap_or(true),
            inbound: asked.allow_inbound.unwrap_or(true),
            from,
            destinations,
        },
    };
    let key = keys::signing_key(app, conn).await?;
    let claims = Claims::of(&identity, &app.public_url, now);
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(key.kid);
    let token =
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&key.secret)).map_err(|_| Error::Signing)?;
    remember(app, conn, &identity, &claims, &token).await?;
    Ok(Minted { token, identity })
}

/// Reads a token that a browser presents. Only HS256 with one of our keys counts; `alg: none` does not.
pub async fn verify_sip_token(app: &AppState, token: &str) -> Result<Identity, Error> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Error::TokenInvalid)?;
    if header.alg != Algorithm::HS256 {
        return Err(Error::TokenInvalid);
    }
    let kid = header.kid.ok_or(Error::TokenInvalid)?;
    let secret = keys::verifying_key(app, &kid).await?.ok_or(Error::TokenInvalid)?;
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[&*app.public_url]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    // Times are compared with our own clock below, so that tests can move it.
    validation.validate_exp = false;
    let decoded = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_secret(&secret), &validation);
    let identity = decoded.ok().and_then(|data| data.claims.identity(app.clock.now())).ok_or(Error::TokenInvalid)?;
    Ok(identity)
}

/// Whether what a proven identity rests on still stands: its token has not expired, and who it was minted for may still
/// mint: the key is neither revoked nor expired, the member has not left. A connection outlives all of these, so it is
/// asked at every REGISTER and every request that would begin a call.
pub async fn is_still_good(app: &AppState, identity: &Identity) -> Result<bool, Error> {
    if identity.expires_at_us <= app.now_us() {
        return Ok(false);
    }
    let mut conn = app.db.acquire().await?;
    Ok(match identity.minted_by {
        None => true,
        Some(MintedBy::Key(key)) => api_keys::is_active(&mut conn, identity.workspace, key, app.now_us()).await?,
        Some(MintedBy::Member(user)) => accounts::is_member(&mut conn, identity.workspace, user).await?,
    })
}

/// The live tokens of a SIP user (`identity--workspace`), the newest first, for digest with the token as password.
pub async fn live_tokens(app: &AppState, user: &str) -> Result<Vec<LiveToken>, Error> {
    let Some((name, workspace)) = Identity::parse_user(user) else { return Ok(Vec::new()) };
    let mut conn = app.db.acquire().await?;
    let rows = store::live_tokens(&mut conn, workspace, name, app.now_us(), MAX_LIVE_TOKENS).await?;
    rows.into_iter()
        .map(|row| {
            let ha1 = app.secrets.open(Purpose::VoiceSecret, &row.jti, &row.ha1)?;
            let ha1 = String::from_utf8(ha1).map_err(|_| Error::TokenInvalid)?;
            let (md5, sha256) = ha1.split_once(' ').ok_or(Error::TokenInvalid)?;
            let claims: Claims = serde_json::from_str(&row.claims).map_err(|_| Error::TokenInvalid)?;
            let identity = claims.identity(app.clock.now()).ok_or(Error::TokenInvalid)?;
            Ok(LiveToken { identity, ha1_md5: md5.to_owned(), ha1_sha256: sha256.to_owned() })
        })
        .collect()
}

/// The gateway's WebSocket below the public URL: `https://host` gives `wss://host/sip`.
pub fn web_socket_url(public_url: &str) -> String {
    match public_url.strip_prefix("http") {
        Some(rest) => format!("ws{rest}/sip"),
        None => format!("{public_url}/sip"),
    }
}

/// Makes a new signing key, for an operator at an address or for somebody at the command line; the one before it verifies until
/// its last token has expired.
///
/// # Errors
/// The database failed.
pub async fn rotate_sip_keys(app: &AppState, by: Actor, ip: Option<String>) -> Result<Rotated, Error> {
    let mut tx = app.db.begin_write().await?;
    let rotated = keys::rotate(app, &mut tx).await?;
    let entry = audit::Entry {
        workspace_id: None,
        actor: by,
        action_kind: "sip_keys.rotated",
        subject_id: Some(rotated.kid.clone()),
        details: json!({ "former_until": rfc3339(rotated.former_until) }),
        ip,
    };
    audit::record(app, &mut tx, &entry).await?;
    tx.commit().await?;
    Ok(rotated)
}

/// Forgets tokens that have expired.
pub async fn forget_expired(app: &AppState) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    Ok(store::delete_expired(&mut conn, app.now_us()).await?)
}

async fn remember(
    app: &AppState,
    conn: &mut AnyConnection,
    identity: &Identity,
    claims: &Claims,
    token: &str,
) -> Result<(), Error> {
    let user = identity.user();
    let realm = &app.config.sip.domain;
    let ha1 = format!("{} {}", ha1::<md5::Md5>(&user, realm, token), ha1::<sha2::Sha256>(&user, realm, token));
    let sealed = app.secrets.seal(Purpose::VoiceSecret, &identity.jti, ha1.as_bytes(), &app.entropy);
    let claims = serde_json::to_string(claims).map_err(|_| Error::Signing)?;
    Ok(store::insert_token(conn, identity, &claims, &sealed, app.now_us()).await?)
}

/// H(user ":" realm ":" password), RFC 7616 §3.4.2.
fn ha1<H: sha2::Digest>(user: &str, realm: &str, password: &str) -> String {
    crate::secrets::hex(H::digest(format!("{user}:{realm}:{password}")).as_ref())
}

fn checked_destinations(prefixes: Vec<String>) -> Result<Vec<String>, Error> {
    let is_prefix = |prefix: &String| {
        prefix.strip_prefix('+').is_some_and(|rest| rest.len() <= 15 && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if prefixes.len() > MAX_DESTINATIONS || !prefixes.iter().all(is_prefix) {
        return Err(invalid("destinations", format!("must be at most {MAX_DESTINATIONS} prefixes such as +254")));
    }
    Ok(prefixes)
}

fn invalid(field: &'static str, message: impl Into<String>) -> Error {
    Error::Invalid { field, message: message.into() }
}

/// How long after rotation an old key still verifies: the longest life of a token.
const fn key_overlap() -> Duration {
    Duration::from_secs(MAX_TTL_SECONDS.unsigned_abs())
}

/// Whether a moment in seconds since 1970 has passed.
fn has_passed(seconds: i64, now: Timestamp) -> bool {
    seconds <= now.as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_fits_a_sip_user() {
        for good in ["alice", "agent.7", "a_b-c", "A"] {
            assert!(is_identity(good), "{good}");
        }
        for bad in ["", "a--b", "a-", "a b", "a@b", "é", &"x".repeat(65)] {
            assert!(!is_identity(bad), "{bad}");
        }
    }

    /// The example of RFC 2617 §3.5.
    #[test]
    fn ha1_is_as_in_the_rfc() {
        assert_eq!(
            ha1::<md5::Md5>("Mufasa", "testrealm@host.com", "Circle Of Life"),
            "939e7578ed9e3c518a452acee763bce9"
        );
    }
}
