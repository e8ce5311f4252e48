//! Signed-in browsers. The cookie holds a random token; the database a keyed hash of it.

use sautikit_api::ids::{SessionId, UserId};
use sqlx::AnyConnection;

use super::{Error, Session, store};
use crate::audit;
use crate::secrets::Purpose;
use crate::state::AppState;

/// A session that is not used this long ends.
pub(super) const IDLE_US: i64 = 14 * 86_400 * 1_000_000;
/// A session ends this long after sign-in, however busy.
pub(super) const ABSOLUTE_US: i64 = 90 * 86_400 * 1_000_000;
/// The last use is written at most this often: a write per request would make every page view a disk flush.
const TOUCH_EVERY_US: i64 = 5 * 60 * 1_000_000;

/// A session just opened; the only time that its token is known.
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// The cookie's value.
    pub token: String,
}

/// Opens a session in the transaction that proved who the person is.
pub(super) async fn open_session(app: &AppState, conn: &mut AnyConnection, user: UserId) -> Result<NewSession, Error> {
    let session = NewSession { id: SessionId(app.new_uuid()), token: app.entropy.token() };
    let hash = app.secrets.hash(Purpose::Session, &session.token);
    store::insert_session(conn, session.id, user, &hash, app.now_us()).await?;
    Ok(session)
}

/// The live session of a cookie's value.
pub async fn resolve_session(app: &AppState, conn: &mut AnyConnection, token: &str) -> Result<Option<Session>, Error> {
    let now_us = app.now_us();
    let hash = app.secrets.hash(Purpose::Session, token);
    let Some(session) = store::find_live_session(conn, &hash, now_us - IDLE_US, now_us - ABSOLUTE_US).await? else {
        return Ok(None);
    };
    if session.last_used_at_us < now_us - TOUCH_EVERY_US {
        store::touch_session(conn, session.id, now_us).await?;
    }
    Ok(Some(session))
}

/// When the session ends if it is not used again.
pub(super) fn expires_at_us(session: &Session) -> i64 {
    (session.last_used_at_us + IDLE_US).min(session.created_at_us + ABSOLUTE_US)
}

/// The person's live sessions, newest first.
pub async fn list_sessions(app: &AppState, user: UserId) -> Result<Vec<Session>, Error> {
    let now_us = app.now_us();
    let mut conn = app.db.acquire().await?;
    store::list_live_sessions(&mut conn, user, now_us - IDLE_US, now_us - ABSOLUTE_US).await
}

/// Ends one of the person's sessions.
pub async fn revoke_session(app: &AppState, user: UserId, id: SessionId, ip: Option<String>) -> Result<(), Error> {
    let mut tx = app.db.begin_write().await?;
    if !store::revoke_session(&mut tx, user, id, app.now_us()).await? {
        return Err(Error::SessionUnknown);
    }
    audit::record(app, &mut tx, &audit::Entry::of_person(user, "session.revoked", id, ip)).await?;
    Ok(tx.commit().await?)
}
