//! SQL of Google accounts and spent states.

use sautikit_api::ids::UserId;
use sqlx::{AnyConnection, Row};

use crate::accounts::store::user;
use crate::accounts::{Error, User};
use crate::db::statements;

statements! {
    FIND_USER_BY_SUBJECT = "
        select id, email, name, is_operator, google_subject
        from users
        where google_subject = $1";
    SUBJECT_OF = "
        select google_subject
        from users
        where id = $1";
    /// Who came through Google has not proven yet that mail reaches them.
    ENSURE_USER = "
        insert into users (id, email, name, mail_proven, created_at)
        values ($1, $2, $3, 0, $4)
        on conflict (email) do nothing";
    LINK = "
        update users
        set google_subject = $2
        where id = $1 and google_subject is null";
    UNLINK = "
        update users
        set google_subject = null
        where id = $1 and google_subject is not null and mail_proven = 1";
    FORGET_EXPIRED_STATES = "
        delete from google_states
        where expires_at <= $1";
    SPEND_STATE = "
        insert into google_states (state_hash, expires_at)
        values ($1, $2)
        on conflict (state_hash) do nothing";
}

pub(super) async fn find_user_by_subject(conn: &mut AnyConnection, subject: &str) -> Result<Option<User>, Error> {
    sqlx::query(FIND_USER_BY_SUBJECT).bind(subject).fetch_optional(conn).await?.as_ref().map(user).transpose()
}

/// The Google account of the person.
pub(super) async fn subject_of(conn: &mut AnyConnection, id: UserId) -> Result<Option<String>, Error> {
    let row = sqlx::query(SUBJECT_OF).bind(id.to_string()).fetch_optional(conn).await?;
    Ok(row.map(|row| row.try_get::<Option<String>, _>("google_subject")).transpose()?.flatten())
}

pub(super) async fn ensure_user(
    conn: &mut AnyConnection,
    id: &str,
    email: &str,
    name: &str,
    now_us: i64,
) -> Result<(), Error> {
    sqlx::query(ENSURE_USER).bind(id).bind(email).bind(name).bind(now_us).execute(conn).await?;
    Ok(())
}

/// `false` when the person has a Google account already.
pub(super) async fn link(conn: &mut AnyConnection, id: UserId, subject: &str) -> Result<bool, Error> {
    Ok(sqlx::query(LINK).bind(id.to_string()).bind(subject).execute(conn).await?.rows_affected() == 1)
}

/// `false` when there is nothing to unlink, or no mail has ever reached the person.
pub(super) async fn unlink(conn: &mut AnyConnection, id: UserId) -> Result<bool, Error> {
    Ok(sqlx::query(UNLINK).bind(id.to_string()).execute(conn).await?.rows_affected() == 1)
}

pub(super) async fn forget_expired_states(conn: &mut AnyConnection, now_us: i64) -> Result<(), Error> {
    sqlx::query(FORGET_EXPIRED_STATES).bind(now_us).execute(conn).await?;
    Ok(())
}

/// `false` when the state came back before.
pub(super) async fn spend_state(conn: &mut AnyConnection, hash: &str, expires_at_us: i64) -> Result<bool, Error> {
    Ok(sqlx::query(SPEND_STATE).bind(hash).bind(expires_at_us).execute(conn).await?.rows_affected() == 1)
}
