//! What signs: an endpoint's own secret, else the number's, else the workspace's default.
//!
//! A secret that rotation replaced signs on for a grace period where the new one is refused. All are sealed for the row that
//! they stand in. The workspace's default is derived from the master key until it is rotated for the first time.

use sautikit_api::ids::{NumberId, WebhookEndpointId, WorkspaceId};
use serde_json::json;
use sqlx::AnyConnection;

use super::{WebhookError, store};
use crate::audit;
use crate::secrets::{Purpose, SealBroken, hex};
use crate::state::AppState;
use crate::web::caller::Caller;

/// How every secret that we make begins.
const PREFIX: &str = "whsec_";
/// 256 bits, as the hash has them.
const SECRET_BYTES: usize = 32;
/// The longest grace of a rotation: three days of deployments.
pub const MOST_GRACE_SECONDS: i64 = 72 * 3_600;
/// Unless the request says otherwise: a day's deployments.
const GRACE_SECONDS: i64 = 24 * 3_600;

/// Whose secret signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The endpoint's own.
    Endpoint,
    /// The number's, which signs its voice callbacks too.
    Number,
    /// The workspace's default.
    Workspace,
}

impl Whose {
    /// Its name in the log of attempts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Number => "number",
            Self::Workspace => "workspace",
        }
    }

    /// The name of the secret that rotation replaced.
    pub const fn former_as_str(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint_former",
            Self::Number => "number_former",
            Self::Workspace => "workspace_former",
        }
    }
}

/// A secret and the one that it replaced.
#[derive(Clone)]
pub struct Signing {
    /// Whose they are.
    pub whose: Whose,
    /// What signs.
    pub secret: String,
    /// What signed before, and until when it still may, in microseconds UTC.
    pub former: Option<(String, i64)>,
}

/// Secrets as a row has them: sealed.
#[derive(Debug, Clone, Default)]
pub struct Sealed {
    /// What signs.
    pub secret: Option<String>,
    /// What signed before.
    pub former: Option<String>,
    /// Until when it still may, in microseconds UTC.
    pub former_until: Option<i64>,
}

impl Sealed {
    /// Opens them; none where the row has none.
    pub(super) fn open(&self, app: &AppState, whose: Whose, row: &str) -> Result<Option<Signing>, SealBroken> {
        let Some(secret) = self.secret.as_deref() else { return Ok(None) };
        let purpose = match whose {
            Whose::Number => Purpose::VoiceSecret,
            Whose::Endpoint | Whose::Workspace => Purpose::WebhookSecret,
        };
        let open = |sealed: &str| {
            let bytes = app.secrets.open(purpose, row, sealed)?;
            String::from_utf8(bytes).map_err(|_| SealBroken)
        };
        let former = self.former.as_deref().zip(self.former_until);
        let former = former.map(|(sealed, until)| Ok((open(sealed)?, until))).transpose()?;
        Ok(Some(Signing { whose, secret: open(secret)?, former }))
    }

    /// Refuses another rotation while a former secret may still sign, unless that is to end: receivers were promised a time.
    pub(super) fn require_no_grace(&self, now_us: i64, end_former: bool) -> Result<(), WebhookError> {
        match grace_left(self.former_until, now_us, end_former) {
            None => Ok(()),
            Some(message) => Err(WebhookError::FormerSigns(message)),
        }
    }
}

/// A new secret.
pub(super) fn new_secret(app: &AppState) -> String {
    format!("{PREFIX}{}", hex(&app.entropy.bytes::<SECRET_BYTES>()))
}

/// Seals an endpoint's or a workspace's secret for its row.
pub(super) fn seal(app: &AppState, row: &str, secret: &str) -> String {
    app.secrets.seal(Purpose::WebhookSecret, row, secret.as_bytes(), &app.entropy)
}

/// How long the former secret may sign, in microseconds; none where so long is too long.
pub fn grace_us(seconds: Option<i64>) -> Option<i64> {
    let seconds = seconds.unwrap_or(GRACE_SECONDS);
    (0..=MOST_GRACE_SECONDS).contains(&seconds).then_some(seconds * 1_000_000)
}

/// The rule of [`grace_us`], as a sentence.
pub fn grace_rule() -> String {
    format!("`grace_seconds` is 0 to {MOST_GRACE_SECONDS} (72 hours).")
}

/// Why a secret is not rotated again yet: the one before the present one may sign until that moment, in microseconds UTC.
pub fn grace_left(former_until: Option<i64>, now_us: i64, end_former: bool) -> Option<String> {
    let until = former_until.filter(|until| now_us < *until && !end_former)?;
    let until = crate::clock::rfc3339(until);
    Some(format!(
        "A former secret signs until {until}, and would at once no more. With `end_former: true` it ends now."
    ))
}

/// The same, or what is wrong with it.
pub(super) fn checked_grace_us(seconds: Option<i64>) -> Result<i64, WebhookError> {
    grace_us(seconds).ok_or_else(|| WebhookError::Invalid { field: "grace_seconds", message: grace_rule() })
}

/// Opens a number's own secrets.
///
/// # Errors
/// They were sealed under another master key, or there are none.
pub fn open_number(app: &AppState, number: NumberId, sealed: &Sealed) -> Result<Signing, SealBroken> {
    sealed.open(app, Whose::Number, &number.to_string())?.ok_or(SealBroken)
}

/// The workspace's default secret.
///
/// # Errors
/// It was sealed under another master key, or the database failed.
pub async fn workspace_signing(
    app: &AppState,
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
) -> Result<Signing, WebhookError> {
    let sealed = store::find_workspace_secret(conn, workspace).await?;
    Ok(default_signing(app, workspace, &sealed)?)
}

/// The default secret of a workspace that has these.
pub(super) fn default_signing(app: &AppState, workspace: WorkspaceId, sealed: &Sealed) -> Result<Signing, SealBroken> {
    let rotated = sealed.open(app, Whose::Workspace, &workspace.to_string())?;
    Ok(rotated.unwrap_or_else(|| Signing { whose: Whose::Workspace, secret: derived(app, workspace), former: None }))
}

/// The workspace's default secret until it is rotated: derived, so that there is nothing to keep.
fn derived(app: &AppState, workspace: WorkspaceId) -> String {
    format!("{PREFIX}{}", app.secrets.hash(Purpose::VoiceSecret, &format!("workspace {workspace}")))
}

/// Gives the workspace another default secret, in the caller's transaction, and returns it.
///
/// # Errors
/// The grace is too long, or the database failed.
pub(super) async fn rotate_workspace_secret(
    app: &AppState,
    tx: &mut AnyConnection,
    caller: &Caller,
    asked: &sautikit_api::webhooks::RotateSecret,
) -> Result<(String, i64), WebhookError> {
    let (workspace, now_us) = (caller.workspace.id, app.now_us());
    let grace_us = checked_grace_us(asked.grace_seconds)?;
    let row = workspace.to_string();
    let before = store::find_workspace_secret(tx, workspace).await?;
    before.require_no_grace(now_us, asked.end_former)?;
    // One that does not open signed nothing: a new secret is what mends that.
    let former = default_signing(app, workspace, &before).ok().map(|signing| signing.secret);
    let secret = new_secret(app);
    let former_until = now_us + former.as_ref().map_or(0, |_| grace_us);
    let sealed = Sealed {
        secret: Some(seal(app, &row, &secret)),
        // The row has one always; where none signed it is over at once.
        former: Some(seal(app, &row, former.as_deref().unwrap_or(&secret))),
        former_until: Some(former_until),
    };
    store::put_workspace_secret(tx, workspace, &sealed, now_us).await?;
    store::endpoints::touch_all(tx, workspace, None, now_us).await?;
    let details = json!({ "former_secret_until": crate::clock::rfc3339(former_until) });
    audit::record(app, tx, &audit::Entry::by(caller, "workspace.signing_secret_rotated", workspace, details)).await?;
    Ok((secret, former_until))
}

/// Notes that a number's own secret is another, in the transaction that writes it: its events are signed with it.
///
/// # Errors
/// The database failed.
pub async fn note_number_secret(
    app: &AppState,
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    number: NumberId,
) -> Result<(), sqlx::Error> {
    store::endpoints::touch_all(tx, workspace, Some(number), app.now_us()).await
}

/// The row that an endpoint's secrets are sealed for.
pub(super) fn row_of(endpoint: WebhookEndpointId) -> String {
    endpoint.to_string()
}
