//! Sign-in without a password: a link that works once, for 15 minutes, of which only a keyed hash is stored.
//!
//! Asking answers the same for known and unknown addresses; the account is made when a link is used. A link remembers the
//! page that it was asked for on. That path is sealed, because the address of an invitation holds its token.
//!
//! Programs that scan mail open links and press the buttons behind them. The console therefore takes a link from the browser
//! that asked for it, which has its mark in a cookie, and from any other only with the code that the mail names beside the
//! link. Both follow from the token, so that nothing more is stored. The API takes the token alone: its user is a program.

use super::{Device, Error, NewSession, User, checked_return_to, normalise_email, sessions, store};
use crate::address;
use crate::audit;
use crate::mail::{self, Lang, Mail};
use crate::secrets::{Purpose, hmac_sha256};
use crate::state::AppState;
use subtle::ConstantTimeEq;

/// How long a link works.
const LIFETIME_US: i64 = 15 * 60 * 1_000_000;
/// Links per address and hour; further requests are answered alike and send nothing, so nobody can flood a mailbox.
const PER_ADDRESS_AND_HOUR: i64 = 5;
/// Links per client address and hour, to whatever mailboxes: an office behind one address stays below it.
const PER_IP_AND_HOUR: i64 = 30;
/// Development signs in far more often than people do.
const DEVELOPMENT_FACTOR: i64 = 20;
const HOUR_US: i64 = 3_600_000_000;
/// The address of links that nobody is sent.
const NOBODY: &str = "";

/// How many links one browser may be waiting for.
const MARKS: usize = 4;
const MARK_DIGITS: usize = 32;
/// Letters of a code: forty bits, so that nobody who has the link alone guesses it while it lives.
const CODE_LETTERS: usize = 8;
/// Without those that are taken for each other.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// What a used link came to.
pub struct LinkSpent {
    /// Who signed in.
    pub user: User,
    /// Their session, in place of the one that the browser had.
    pub session: NewSession,
    /// The page that the link was asked for on.
    pub return_to: Option<String>,
}

/// Cookie of the browser that asked for links.
pub const LINK_COOKIE: &str = "sk_link";
/// It is of no use for longer than its links.
pub const LINK_COOKIE_SECONDS: i64 = LIFETIME_US / 1_000_000;

/// Whether the browser whose cookie this is asked for the link with this token.
pub fn asked_here(app: &AppState, token: &str, cookie: &str) -> bool {
    cookie.split('.').any(|known| bool::from(known.as_bytes().ct_eq(mark(app, token.trim()).as_bytes())))
}

/// Whether this is the code of the link with this token, however it was typed.
pub fn is_code_of(app: &AppState, token: &str, typed: &str) -> bool {
    let typed: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    typed.to_ascii_uppercase().as_bytes().ct_eq(code(app, token.trim()).as_bytes()).into()
}

fn mark(app: &AppState, token: &str) -> String {
    let mut mark = app.secrets.hash(Purpose::LinkBrowser, token);
    mark.truncate(MARK_DIGITS);
    mark
}

fn code(app: &AppState, token: &str) -> String {
    let bytes = hmac_sha256(&app.secrets.key(Purpose::LinkCode), &[token.as_bytes()]);
    bytes.iter().take(CODE_LETTERS).map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// Mails a link, unless the mailbox or the client had its share for this hour. Gives the cookie of the browser that asks,
/// which is the same whether a mail leaves or not; `cookie` is the one that it had.
pub async fn request_magic_link(
    app: &AppState,
    email: &str,
    return_to: Option<&str>,
    ip: Option<&str>,
    cookie: Option<&str>,
) -> Result<String, Error> {
    let email = normalise_email(email)?;
    let ip = ip.map(address::counted_text);
    let ip = ip.as_deref();
    let return_to = return_to.map(checked_return_to).transpose()?;
    let now_us = app.now_us();
    let token = app.entropy.token();
    let hash = app.secrets.hash(Purpose::MagicLink, &token);
    let others = cookie.into_iter().flat_map(|cookie| cookie.split('.')).filter(|other| other.len() == MARK_DIGITS);
    let own = mark(app, &token);
    let marks = Vec::from_iter(std::iter::once(own.as_str()).chain(others).take(MARKS)).join(".");

    let mut tx = app.db.begin_write().await?;
    let factor = if app.config.is_development() { DEVELOPMENT_FACTOR } else { 1 };
    let since_us = now_us - HOUR_US;
    let asked_by_client = match ip {
        Some(ip) => store::count_links_of_ip_since(&mut tx, ip, since_us).await?,
        None => 0,
    };
    let asked_for_mailbox = store::count_links_since(&mut tx, &email, since_us).await?;
    if asked_by_client >= PER_IP_AND_HOUR * factor {
        tracing::info!("magic link withheld: the client had its share for this hour");
        return Ok(marks);
    }
    // Answered sooner, it would say that the mailbox's owner is about to sign in: what is written takes its time all the same.
    let is_withheld = asked_for_mailbox >= PER_ADDRESS_AND_HOUR * factor;
    let mailbox = if is_withheld { NOBODY } else { &email };
    let seal = |path: &str| app.secrets.seal(Purpose::MagicLink, &hash, path.as_bytes(), &app.entropy);
    let link = store::NewLink {
        email: mailbox,
        token_hash: &hash,
        ip,
        return_to_sealed: return_to.map(seal),
        now_us,
        expires_at_us: now_us + LIFETIME_US,
    };
    store::insert_link(&mut tx, &app.new_uuid().to_string(), link).await?;
    if is_withheld {
        tracing::info!("magic link withheld: the mailbox had its share for this hour");
        tx.commit().await?;
        return Ok(marks);
    }
    let code = code(app, &token);
    let write = |to, lang| letter(&app.public_url, to, &token, &code, now_us + LIFETIME_US, lang);
    let posted = mail::post_to(app, &mut tx, email.clone(), write).await?;
    tx.commit().await?;
    posted.committed(app);
    Ok(marks)
}

/// Spends the token: the person (made now if new) gets a fresh session. Voids the address's other links.
pub async fn verify_magic_link(
    app: &AppState,
    token: &str,
    old_session: Option<&str>,
    device: Device,
) -> Result<LinkSpent, Error> {
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
    let return_to = link.return_to_sealed.map(|sealed| opened(app, &hash, &sealed)).transpose()?;
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
    Ok(LinkSpent { user, session, return_to })
}

fn opened(app: &AppState, hash: &str, sealed: &str) -> Result<String, Error> {
    let plain = app.secrets.open(Purpose::MagicLink, hash, sealed).map_err(|_| Error::Corrupt("path to return to"))?;
    String::from_utf8(plain).map_err(|_| Error::Corrupt("path to return to"))
}

fn letter(public_url: &str, to: String, token: &str, code: &str, expires_at_us: i64, lang: Lang) -> Mail {
    let (first, second) = code.split_at(CODE_LETTERS / 2);
    let link = format!("{public_url}/auth/verify?token={token}");
    let (subject, open, sign_in, elsewhere, ignore) = lang.pick(
        (
            "Your sign-in link for Sautikit",
            "Open this link to sign in to Sautikit:",
            "Sign in",
            "In another browser than the one where you asked, it wants this code:",
            "It works once, for 15 minutes. If you did not ask for it, ignore this mail; nobody gets in without it.",
        ),
        (
            "Kiungo chako cha kuingia Sautikit",
            "Fungua kiungo hiki kuingia Sautikit:",
            "Ingia",
            "Kwenye kivinjari kingine tofauti na ulichoombea, kinahitaji msimbo huu:",
            "Kinafanya kazi mara moja, kwa dakika 15. Kama hukukiomba, puuza barua hii; hakuna anayeingia bila hicho.",
        ),
    );
    Mail {
        to,
        subject: subject.to_owned(),
        text: format!("{open}\n\n{link}\n\n{elsewhere} {first}-{second}\n\n{ignore}\n"),
        html: format!(
            "<p>{open}</p><p><a href=\"{link}\">{sign_in}</a></p><p>{elsewhere} <b>{first}-{second}</b></p><p>{ignore}</p>"
        ),
        links: vec![link],
        worthless_at_us: expires_at_us,
    }
}
