//! Signed-in browsers. The cookie holds a random token; the database a keyed hash of it.
//!
//! A token that leaked while it was worth little must not become worth more. Accepting an invitation gives the session a
//! new token with the answer. Onboarding ends the person's other sessions; its own is minutes old. Who is given rights by
//! someone else (a greater role, the operator's flag) keeps the newest session, which proved their mailbox last; the others
//! end, because no answer could carry a new token to them. Losing rights ends nothing: rights are read on every request.

use sautikit_api::ids::{SessionId, UserId, WorkspaceId};
use sqlx::AnyConnection;

use super::{Device, Error, Session, store};
use crate::audit;
use crate::secrets::Purpose;
use crate::state::AppState;

/// A session that is not used this long ends.
pub(super) const IDLE_US: i64 = 14 * 86_400 * 1_000_000;
/// A session ends this long after sign-in, however busy.
pub(super) const ABSOLUTE_US: i64 = 90 * 86_400 * 1_000_000;
/// The last use is written at most this often: a write per request would make every page view a disk flush.
const TOUCH_EVERY_US: i64 = 5 * 60 * 1_000_000;

/// How long a session's previous token works after rotation: for requests under way and tabs that are just loading.
const OVERLAP_US: i64 = 5 * 60 * 1_000_000;

/// A session just opened; the only time that its token is known.
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// The cookie's value.
    pub token: String,
}

/// Opens a session in the transaction that proved who the person is.
pub(super) async fn open_session(
    app: &AppState,
    conn: &mut AnyConnection,
    user: UserId,
    device: &Device,
) -> Result<NewSession, Error> {
    let session = NewSession { id: SessionId(app.new_uuid()), token: app.entropy.token() };
    let hash = app.secrets.hash(Purpose::Session, &session.token);
    store::insert_session(conn, (session.id, user), &hash, device, app.now_us()).await?;
    Ok(session)
}

/// The live session of a cookie's value.
pub async fn resolve_session(app: &AppState, conn: &mut AnyConnection, token: &str) -> Result<Option<Session>, Error> {
    let now_us = app.now_us();
    let hash = app.secrets.hash(Purpose::Session, token);
    let Some(session) = store::find_live_session(conn, &hash, now_us, (now_us - IDLE_US, now_us - ABSOLUTE_US)).await?
    else {
        return Ok(None);
    };
    if session.last_used_at_us < now_us - TOUCH_EVERY_US {
        store::touch_session(conn, session.id, now_us).await?;
    }
    Ok(Some(session))
}

/// Makes this the workspace that the session works in when a request names none. Writes only on a change.
pub async fn remember_workspace(conn: &mut AnyConnection, session: &Session, id: WorkspaceId) -> Result<(), Error> {
    if session.workspace_id == Some(id) {
        return Ok(());
    }
    store::set_session_workspace(conn, session.id, id).await
}

/// Gives the session a new token, in the transaction that changed what the person may do: a token that leaked before the
/// change is worth nothing after it.
pub(super) async fn rotate_session(
    app: &AppState,
    conn: &mut AnyConnection,
    id: SessionId,
) -> Result<NewSession, Error> {
    let session = NewSession { id, token: app.entropy.token() };
    let hash = app.secrets.hash(Purpose::Session, &session.token);
    store::rotate_session(conn, id, &hash, app.now_us() + OVERLAP_US).await?;
    Ok(session)
}

/// Ends every session of the person but this one.
pub(super) async fn end_other_sessions(
    app: &AppState,
    conn: &mut AnyConnection,
    user: UserId,
    kept: SessionId,
) -> Result<(), Error> {
    store::revoke_other_sessions_of(conn, user, kept, app.now_us()).await
}

/// Ends every session of the person but the newest, in the transaction that gives them rights. Says how many ended.
pub(super) async fn end_older_sessions(app: &AppState, conn: &mut AnyConnection, user: UserId) -> Result<u64, Error> {
    store::revoke_older_sessions_of(conn, user, app.now_us()).await
}

/// Ends the session that a browser had before it signed in again: its cookie is replaced, so nobody could.
pub(super) async fn replace_session(app: &AppState, conn: &mut AnyConnection, old_token: &str) -> Result<(), Error> {
    store::revoke_session_of_token(conn, &app.secrets.hash(Purpose::Session, old_token), app.now_us()).await
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
    tx.commit().await?;
    // What goes on by it, such as a stream, ends.
    app.tenant_changes.note();
    Ok(())
}
