//! The key of an `Authorization` header: its form first, without the database, then its hash, known or looked up.

use sautikit_api::ids::ApiKeyId;

use super::known::{Found, KnownKeys};
use super::{ApiKeySecret, Error, RecognisedKey, store};
use crate::secrets::Purpose;
use crate::state::AppState;

/// The last use is written at most this often, so that a busy key does not cost a write per request.
const TOUCH_EVERY_US: i64 = 60 * 1_000_000;

/// Who the key of an `Authorization` header stands for. A typing error is found before the database is asked.
pub async fn recognise(app: &AppState, text: &str, ip: Option<&str>) -> Result<RecognisedKey, Error> {
    let secret = ApiKeySecret::parse(text).ok_or(Error::Malformed)?;
    let hash = app.secrets.hash(Purpose::ApiKey, secret.as_str());
    let now_us = app.now_us();
    let (known, changes) = (app.part::<KnownKeys>(), app.tenant_changes.count());
    let Found { stored, former_until_us } = match known.find(&hash, changes, now_us) {
        Some(found) => found,
        None => {
            let found = find(app, &hash).await?;
            known.remember(hash.clone(), changes, now_us, found.clone());
            found
        }
    };
    if former_until_us.is_some_and(|until| until <= now_us) {
        return Err(Error::Superseded);
    }
    if stored.revoked_at_us.is_some() {
        return Err(Error::Revoked);
    }
    if stored.key.expires_at_us.is_some_and(|expiry| expiry <= now_us) {
        return Err(Error::Expired);
    }
    if stored.last_used_at_us.is_none_or(|used| used <= now_us - TOUCH_EVERY_US) {
        known.used(&hash, now_us);
        touch(app, stored.key.id, ip);
    }
    Ok(stored.key)
}

/// By its current secret, else by a former one.
async fn find(app: &AppState, hash: &str) -> Result<Found, Error> {
    let mut conn = app.db.acquire().await?;
    if let Some(stored) = store::find_key_by_hash(&mut conn, hash).await? {
        return Ok(Found { stored, former_until_us: None });
    }
    let Some((current, until_us)) = store::find_former_secret(&mut conn, hash).await? else {
        // A key dies with its maker's membership, and is then not found with it.
        let was_known = store::secret_exists(&mut conn, hash).await?;
        return Err(if was_known { Error::Revoked } else { Error::Unknown });
    };
    let stored = store::find_key_by_hash(&mut conn, &current).await?.ok_or(Error::Revoked)?;
    Ok(Found { stored, former_until_us: Some(until_us) })
}

/// Writes the use beside the request, which need not wait for a disk.
fn touch(app: &AppState, id: ApiKeyId, ip: Option<&str>) {
    let (task_app, ip, now_us) = (app.clone(), ip.map(str::to_owned), app.now_us());
    app.tasks.spawn(async move {
        let written = async {
            let mut conn = task_app.db.acquire().await?;
            store::touch_key(&mut conn, id, ip.as_deref(), now_us, now_us - TOUCH_EVERY_US).await
        };
        if let Err(error) = written.await {
            tracing::warn!(%error, "the last use of an API key was not written");
        }
    });
}
