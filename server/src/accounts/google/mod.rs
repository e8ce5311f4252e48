//! Sign-in with Google: OpenID Connect, authorization code with PKCE.
//!
//! ```text
//! start ──► cookie: sealed {state, nonce, PKCE verifier, where to go} ──► Google asks the person
//!                                                                          │ code, state
//! callback: the cookie opens, its state is the one that came back, for the first time
//!    └─► the code is exchanged, the id token checked (provider.rs) ──► whose account is it? (settle.rs)
//! ```
//! Nothing is stored until Google sends someone back: a stranger who calls `start` costs no row. What binds the answer to
//! the browser is the cookie. A Google account is known by its subject; addresses change hands.

mod error;
pub mod http;
mod provider;
mod settle;
mod store;

use sautikit_api::ids::{SessionId, UserId};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use utoipa::IntoParams;

use super::{Device, NewSession};
use crate::accounts;
use crate::audit;
use crate::secrets::Purpose;
use crate::state::{AppState, Part};

pub use provider::Google;
pub(crate) use store::STATEMENTS;

impl Part for Option<Google> {}

/// How long a person may take at Google: to find a password and a second factor, not a lunch.
const LIFETIME_US: i64 = 10 * 60 * 1_000_000;
/// Where people go who did not say: the console sends them on to onboarding if they have no workspace.
const DEFAULT_RETURN_TO: &str = "/home";
/// What the sealed cookie is bound to.
const COOKIE_ROW: &str = "google sign-in cookie";

/// What can go wrong here.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No client id and secret in the configuration.
    #[error("Google sign-in is not configured")]
    NotConfigured,
    /// The answer belongs to no sign-in of this browser, to one that is over, or came before.
    #[error("the state does not belong to a sign-in of this browser")]
    StateMismatch,
    /// Google refused, could not be reached, or its id token does not hold; the text is for the log.
    #[error("Google did not confirm the sign-in: {0}")]
    Exchange(String),
    /// The person pressed "cancel", or Google refused before a code was given.
    #[error("Google did not sign you in (it answered `{0}`). Start again, or use a link by mail.")]
    Refused(String),
    /// Google does not vouch for the address.
    #[error("Google has not verified the address of this account. Verify it there, or use a link by mail.")]
    MailUnverified,
    /// The Google account, or its address, belongs to someone else here.
    #[error("{0}")]
    Taken(&'static str),
    /// Without Google the person could not sign in again.
    #[error("the person has not signed in by mail yet")]
    OnlyWayIn,
    /// Linking began on a page that is not ours.
    #[error("linking was asked for by a foreign page")]
    ForeignPage,
    /// What the accounts say.
    #[error(transparent)]
    Account(#[from] super::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Whom Google says it has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// Google's name for the account, which never changes.
    subject: String,
    /// Its verified address, normalised.
    email: String,
    /// The person's name, if Google tells one that we would keep.
    name: Option<String>,
}

/// What the browser keeps while the person is at Google. Sealed, so that it neither reads nor writes it.
#[derive(Serialize, Deserialize)]
struct Pending {
    state: String,
    nonce: String,
    pkce_verifier: String,
    return_to: String,
    /// The session that asked to be linked; none signs in.
    linking: Option<SessionId>,
    expires_at_us: i64,
}

/// A sign-in that has begun.
pub struct Started {
    /// Where the browser goes.
    pub google_url: String,
    /// The value of the cookie that it must come back with.
    pub cookie: String,
}

/// What Google sent the browser back with.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Callback {
    /// What is exchanged for the person's identity.
    code: Option<String>,
    /// What [`start`] sent along.
    #[param(required)]
    state: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// A sign-in that is over.
pub struct Finished {
    /// A new session, unless an account was linked to the present one.
    pub session: Option<NewSession>,
    /// A path of this server.
    pub return_to: String,
}

/// The browser at the callback.
pub struct Visitor<'a> {
    /// The cookie of [`Started`].
    pub pending: Option<&'a str>,
    /// The cookie of its session.
    pub session: Option<&'a str>,
    /// From where, with what.
    pub device: Device,
}

/// Begins a sign-in, or, with a session, the linking of a Google account to its person.
pub async fn start(app: &AppState, return_to: Option<&str>, linking: Option<SessionId>) -> Result<Started, Error> {
    let return_to = accounts::checked_return_to(return_to.unwrap_or(DEFAULT_RETURN_TO))?.to_owned();
    let google = configured(app)?;
    let pending = Pending {
        state: app.entropy.token(),
        nonce: app.entropy.token(),
        pkce_verifier: app.entropy.token(),
        return_to,
        linking,
        expires_at_us: app.now_us() + LIFETIME_US,
    };
    let ask = provider::Ask {
        state: &pending.state,
        nonce: &pending.nonce,
        pkce_verifier: &pending.pkce_verifier,
        choose_account: linking.is_some(),
    };
    let google_url = google.authorize_url(app, ask).await?;
    let plain = serde_json::to_vec(&pending).map_err(|error| Error::Exchange(error.to_string()))?;
    let cookie = app.secrets.seal(Purpose::GoogleSignIn, COOKIE_ROW, &plain, &app.entropy);
    Ok(Started { google_url, cookie })
}

/// Ends what [`start`] began in the same browser.
pub async fn finish(app: &AppState, callback: Callback, visitor: Visitor<'_>) -> Result<Finished, Error> {
    let google = configured(app)?;
    let pending = visitor.pending.and_then(|sealed| opened(app, sealed)).ok_or(Error::StateMismatch)?;
    let state = callback.state.unwrap_or_default();
    let is_ours: bool = pending.state.as_bytes().ct_eq(state.as_bytes()).into();
    if !is_ours || pending.expires_at_us <= app.now_us() || !spend(app, &pending).await? {
        return Err(Error::StateMismatch);
    }
    if let Some(refusal) = callback.error {
        return Err(Error::Refused(refusal.chars().filter(char::is_ascii_graphic).take(40).collect()));
    }
    let code = callback.code.ok_or_else(|| Error::Exchange("neither code nor error".to_owned()))?;
    let identity = google.identify(app, &code, &pending.pkce_verifier, &pending.nonce).await?;
    let session = match pending.linking {
        Some(session) => {
            settle::link(app, session, &visitor, identity).await?;
            None
        }
        None => Some(settle::sign_in(app, &visitor, identity).await?),
    };
    Ok(Finished { session, return_to: pending.return_to })
}

/// Forgets the person's Google account, if they can sign in without it. Nothing is linked: nothing happens.
pub async fn unlink(app: &AppState, user: UserId, ip: Option<String>) -> Result<(), Error> {
    let mut tx = app.db.begin_write().await?;
    if store::subject_of(&mut tx, user).await?.is_none() {
        return Ok(());
    }
    // Guarded: it says no for whoever never signed in by mail.
    if !store::unlink(&mut tx, user).await? {
        return Err(Error::OnlyWayIn);
    }
    audit::record(app, &mut tx, &audit::Entry::of_person(user, "user.google_unlinked", user, ip)).await?;
    Ok(tx.commit().await?)
}

/// Whether people can sign in with Google here.
pub fn is_configured(app: &AppState) -> bool {
    configured(app).is_ok()
}

fn configured(app: &AppState) -> Result<&Google, Error> {
    app.part::<Option<Google>>().as_ref().ok_or(Error::NotConfigured)
}

fn opened(app: &AppState, sealed: &str) -> Option<Pending> {
    let plain = app.secrets.open(Purpose::GoogleSignIn, COOKIE_ROW, sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

/// `false` when this state came back before. Committed at once: a state is spent whatever comes of it.
async fn spend(app: &AppState, pending: &Pending) -> Result<bool, Error> {
    let hash = app.secrets.hash(Purpose::GoogleSignIn, &pending.state);
    let mut tx = app.db.begin_write().await?;
    store::forget_expired_states(&mut tx, app.now_us()).await?;
    let is_first = store::spend_state(&mut tx, &hash, pending.expires_at_us).await?;
    tx.commit().await?;
    Ok(is_first)
}
