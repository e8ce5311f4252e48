//! The keys that sign SIP tokens: 256 random bits, sealed at rest, made when first needed.

use super::{Error, key_overlap, store};
use crate::secrets::Purpose;
use crate::state::AppState;

/// Bits of security must match the hash (RFC 7518 §3.2).
const KEY_BYTES: usize = 32;

/// The key that signs now.
pub(super) struct SigningKey {
    pub(super) kid: String,
    pub(super) secret: Vec<u8>,
}

/// The newest key; made when there is none.
pub(super) async fn signing_key(app: &AppState) -> Result<SigningKey, Error> {
    let mut conn = app.db.acquire().await?;
    if let Some((kid, sealed)) = store::newest_key(&mut conn).await? {
        let secret = app.secrets.open(Purpose::SipTokenKey, &kid, &sealed)?;
        return Ok(SigningKey { kid, secret });
    }
    drop(conn);
    rotate(app).await?;
    let mut conn = app.db.acquire().await?;
    let (kid, sealed) = store::newest_key(&mut conn).await?.ok_or(Error::Signing)?;
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
pub(super) async fn rotate(app: &AppState) -> Result<(), Error> {
    let kid = app.new_uuid().to_string();
    let secret: [u8; KEY_BYTES] = app.entropy.bytes();
    let sealed = app.secrets.seal(Purpose::SipTokenKey, &kid, &secret, &app.entropy);
    let now = app.now_us();
    let overlap_us = i64::try_from(key_overlap().as_micros()).unwrap_or(i64::MAX);
    let mut tx = app.db.begin_write().await?;
    store::retire_keys(&mut tx, now.saturating_add(overlap_us)).await?;
    store::insert_key(&mut tx, &kid, &sealed, now).await?;
    Ok(tx.commit().await?)
}
