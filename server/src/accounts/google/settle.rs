//! Whose account a Google account is.
//!
//! | its subject is | its address is | signing in | linking to person P |
//! |---|---|---|---|
//! | P's or anyone's | whatever | that person | P: nothing to do; else taken |
//! | unknown | of a person without Google | links, then that person | P or nobody: links; else taken |
//! | unknown | of a person with another Google account | taken | taken |
//! | unknown | unknown | a new person | links |
//!
//! A person can have one Google account at a time.

use sautikit_api::ids::{SessionId, UserId};
use serde_json::json;
use sqlx::AnyConnection;

use super::{Error, Identity, Visitor, store};
use crate::accounts::{self, NewSession, User, sessions};
use crate::audit;
use crate::state::AppState;

const OTHER_GOOGLE: &str =
    "This address belongs to a person who signs in with another Google account. Sign in by mail.";
const OTHER_PERSON: &str =
    "Another person here uses this Google account or its address. Sign in as that person instead.";
const ONE_AT_A_TIME: &str = "Another Google account is linked to you already. Unlink it first.";

/// A session for the person, who is made if new.
pub(super) async fn sign_in(app: &AppState, visitor: &Visitor<'_>, identity: Identity) -> Result<NewSession, Error> {
    let ip = visitor.device.ip.clone();
    let mut tx = app.db.begin_write().await?;
    let user = match store::find_user_by_subject(&mut tx, &identity.subject).await? {
        Some(user) => user,
        None => person_of_address(app, &mut tx, &identity, ip.clone()).await?,
    };
    if let Some(old) = visitor.session {
        sessions::replace_session(app, &mut tx, old).await?;
    }
    let session = sessions::open_session(app, &mut tx, user.id, &visitor.device).await?;
    let mut entry = audit::Entry::of_person(user.id, "session.opened", session.id, ip);
    entry.details = json!({ "by": "google" });
    audit::record(app, &mut tx, &entry).await?;
    tx.commit().await?;
    Ok(session)
}

/// Links to the person whose session began it, if the browser still has that session.
pub(super) async fn link(
    app: &AppState,
    began: SessionId,
    visitor: &Visitor<'_>,
    identity: Identity,
) -> Result<(), Error> {
    let mut tx = app.db.begin_write().await?;
    let session = match visitor.session {
        Some(token) => accounts::resolve_session(app, &mut tx, token).await?,
        None => None,
    };
    let person = session.filter(|session| session.id == began).ok_or(Error::StateMismatch)?.user_id;
    let others = [
        store::find_user_by_subject(&mut tx, &identity.subject).await?,
        accounts::store::find_user_by_email(&mut tx, &identity.email).await?,
    ];
    if others.iter().flatten().any(|user| user.id != person) {
        return Err(Error::Taken(OTHER_PERSON));
    }
    match store::subject_of(&mut tx, person).await? {
        Some(subject) if subject == identity.subject => return Ok(()),
        Some(_) => return Err(Error::Taken(ONE_AT_A_TIME)),
        None => attach(app, &mut tx, person, &identity, visitor.device.ip.clone()).await?,
    }
    Ok(tx.commit().await?)
}

/// The person of the verified address, linked from now on; a new one if nobody has it.
async fn person_of_address(
    app: &AppState,
    conn: &mut AnyConnection,
    identity: &Identity,
    ip: Option<String>,
) -> Result<User, Error> {
    let id = app.new_uuid().to_string();
    store::ensure_user(conn, &id, &identity.email, identity.name.as_deref().unwrap_or_default(), app.now_us()).await?;
    let user = accounts::store::find_user_by_email(conn, &identity.email).await?;
    let mut user = user.ok_or(accounts::Error::Corrupt("user"))?;
    if user.google_linked {
        return Err(Error::Taken(OTHER_GOOGLE));
    }
    attach(app, conn, user.id, identity, ip).await?;
    user.google_linked = true;
    Ok(user)
}

async fn attach(
    app: &AppState,
    conn: &mut AnyConnection,
    user: UserId,
    identity: &Identity,
    ip: Option<String>,
) -> Result<(), Error> {
    // Guarded: another account linked at the same instant stays.
    if !store::link(conn, user, &identity.subject).await? {
        return Err(Error::Taken(ONE_AT_A_TIME));
    }
    audit::record(app, conn, &audit::Entry::of_person(user, "user.google_linked", user, ip)).await?;
    Ok(())
}
