//! Sign-in without a password: a link that works once, for 15 minutes, of which only a keyed hash is stored.
//!
//! Asking answers the same for known and unknown addresses; the account is made when a link is used.

use super::{Device, Error, NewSession, User, normalise_email, sessions, store};
use crate::audit;
use crate::mail::{self, Mail};
use crate::secrets::Purpose;
use crate::state::AppState;

/// How long a link works.
const LIFETIME_US: i64 = 15 * 60 * 1_000_000;
/// Links per address and hour; further requests are answered alike and send nothing, so nobody can flood a mailbox.
const PER_ADDRESS_AND_HOUR: i64 = 5;
/// Links per client address and hour, to whatever mailboxes: an office behind one address stays below it.
const PER_IP_AND_HOUR: i64 = 30;
/// Development signs in far more often than people do.
const DEVELOPMENT_FACTOR: i64 = 20;
const HOUR_US: i64 = 3_600_000_000;

/// Mails a link, unless the mailbox or the client had its share for this hour.
pub async fn request_magic_link(app: &AppState, email: &str, ip: Option<&str>) -> Result<(), Error> {
    let email = normalise_email(email)?;
    let now_us = app.now_us();
    let token = app.entropy.token();
    let hash = app.secrets.hash(Purpose::MagicLink, &token);

    let mut tx = app.db.begin_write().await?;
    let factor = if app.config.is_development() { DEVELOPMENT_FACTOR } else { 1 };
    let since_us = now_us - HOUR_US;
    let asked_by_client = match ip {
        Some(ip) => store::count_links_of_ip_since(&mut tx, ip, since_us).await?,
        None => 0,
    };
    let asked_for_mailbox = store::count_links_since(&mut tx, &email, since_us).await?;
    if asked_for_mailbox >= PER_ADDRESS_AND_HOUR * factor || asked_by_client >= PER_IP_AND_HOUR * factor {
        tracing::info!("magic link withheld: the mailbox or the client had its share for this hour");
        return Ok(());
    }
    let link = store::NewLink { email: &email, token_hash: &hash, ip, now_us, expires_at_us: now_us + LIFETIME_US };
    store::insert_link(&mut tx, &app.new_uuid().to_string(), link).await?;
    let mail = letter(&app.public_url, email.clone(), &token, now_us + LIFETIME_US);
    let posted = mail::post(app, &mut tx, mail).await?;
    tx.commit().await?;
    posted.committed(app);
    Ok(())
}

/// Spends the token: the person (made now if new) and a fresh session, in place of the one that the browser had. Voids the
/// address's other links.
pub async fn verify_magic_link(
    app: &AppState,
    token: &str,
    old_session: Option<&str>,
    device: Device,
) -> Result<(User, NewSession), Error> {
    let hash = app.secrets.hash(Purpose::MagicLink, token.trim());
    let now_us = app.now_us();
    let mut tx = app.db.begin_write().await?;
    let link = store::find_link(&mut tx, &hash).await?.ok_or(Error::LinkUnknown)?;
    if link.used_at_us.is_some() {
        return Err(Error::LinkUsed);
    }
    if link.expires_at_us <= now_us {
        return Err(Error::LinkExpired);
    }
    // The guarded update decides between two uses at the same instant.
    if !store::spend_link(&mut tx, &hash, now_us).await? {
        return Err(Error::LinkUsed);
    }
    store::void_links_of(&mut tx, &link.email, now_us).await?;
    store::ensure_user(&mut tx, &app.new_uuid().to_string(), &link.email, now_us).await?;
    let user = store::find_user_by_email(&mut tx, &link.email).await?.ok_or(Error::Corrupt("user"))?;
    store::prove_mail(&mut tx, user.id).await?;
    if let Some(old) = old_session {
        sessions::replace_session(app, &mut tx, old).await?;
    }
    let session = sessions::open_session(app, &mut tx, user.id, &device).await?;
    audit::record(app, &mut tx, &audit::Entry::of_person(user.id, "session.opened", session.id, device.ip)).await?;
    tx.commit().await?;
    Ok((user, session))
}

fn letter(public_url: &str, to: String, token: &str, expires_at_us: i64) -> Mail {
    let link = format!("{public_url}/auth/verify?token={token}");
    Mail {
        to,
        subject: "Your sign-in link for Sautikit".to_owned(),
        text: format!(
            "Open this link to sign in to Sautikit:\n\n{link}\n\n\
             It works once, for 15 minutes. If you did not ask for it, ignore this mail; nobody gets in without it.\n"
        ),
        html: format!(
            "<p>Open this link to sign in to Sautikit:</p><p><a href=\"{link}\">Sign in</a></p>\
             <p>It works once, for 15 minutes. If you did not ask for it, ignore this mail; nobody gets in without it.</p>"
        ),
        links: vec![link],
        worthless_at_us: expires_at_us,
    }
}
