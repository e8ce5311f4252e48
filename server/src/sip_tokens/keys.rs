//! The keys that sign SIP tokens: 256 random bits, sealed at rest, made when first needed.

use sqlx::AnyConnection;

use super::{Error, Rotated, key_overlap, store};
use crate::secrets::Purpose;
use crate::state::AppState;

/// Bits of security must match the hash (RFC 7518 §3.2).
const KEY_BYTES: usize = 32;

/// The key that signs now.
pub(super) struct SigningKey {
    pub(super) kid: String,
    pub(super) secret: Vec<u8>,
}

/// The newest key; made when there is none. The caller's transaction writes, so that it may be made in it.
pub(super) async fn signing_key(app: &AppState, conn: &mut AnyConnection) -> Result<SigningKey, Error> {
    let newest = match store::newest_key(conn).await? {
        Some(newest) => Some(newest),
        None => {
            rotate(app, conn).await?;
            store::newest_key(conn).await?
        }
    };
    let (kid, sealed) = newest.ok_or(Error::Signing)?;
    let secret = app.secrets.open(Purpose::SipTokenKey, &kid, &sealed)?;
    Ok(SigningKey { kid, secret })
}

/// The secret of `kid`, while it verifies.
pub(super) async fn verifying_key(app: &AppState, kid: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut conn = app.db.acquire().await?;
    match store::find_key(&mut conn, kid, app.now_us()).await? {
        Some(sealed) => Ok(Some(app.secrets.open(Purpose::SipTokenKey, kid, &sealed)?)),
        None => Ok(None),
    }
}

/// A new key signs from now on; those before it verify for one token's life.
pub(super) async fn rotate(app: &AppState, conn: &mut AnyConnection) -> Result<Rotated, Error> {
    let kid = app.new_uuid().to_string();
    let secret: [u8; KEY_BYTES] = app.entropy.bytes();
    let sealed = app.secrets.seal(Purpose::SipTokenKey, &kid, &secret, &app.entropy);
    let now = app.now_us();
    let overlap_us = i64::try_from(key_overlap().as_micros()).unwrap_or(i64::MAX);
    let former_until = now.saturating_add(overlap_us);
    store::retire_keys(conn, former_until).await?;
    store::insert_key(conn, &kid, &sealed, now).await?;
    Ok(Rotated { kid, created_at: now, former_until })
}
