//! Tells a customer's server of something about a call that may be over by then, in the form of its number's voice callbacks.

use sautikit_api::ids::{CallId, WorkspaceId};
use thiserror::Error;
use voice::{Facts, status_params};

use super::{CallError, directory};
use crate::numbers::{self, NumberError};
use crate::state::AppState;
use crate::webhooks::client::Customers;
use crate::webhooks::fetch::FetchError;
use crate::webhooks::listener;

/// Why a customer's server does not know.
#[derive(Debug, Error)]
pub enum Untold {
    /// It can't be told, now or later: the URL is none that may be called, or the server does not want it.
    #[error("{0}")]
    Refused(FetchError),
    /// It did not answer, or failed.
    #[error("{0}")]
    Fetch(FetchError),
    /// The call or its number can't be read.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<sqlx::Error> for Untold {
    fn from(error: sqlx::Error) -> Self {
        Self::Call(error.into())
    }
}

/// Posts `told`, by our names, with what every callback of the call carries, in the words of its number's `compat` and signed
/// as its callbacks are. A number that is no longer the workspace's has nobody to be told.
///
/// # Errors
/// The server did not answer with 2xx, or the database failed.
pub async fn tell_customer(
    app: &AppState,
    (workspace, call): (WorkspaceId, CallId),
    url: &str,
    told: Vec<(&'static str, String)>,
) -> Result<(), Untold> {
    let mut conn = app.db.acquire().await?;
    let call = super::get_call(&mut conn, workspace, call).await?;
    let number = match numbers::get_number(&mut conn, workspace, call.number_id).await {
        Ok(number) => number,
        Err(NumberError::NotAssigned) => return Ok(()),
        Err(NumberError::Database(error)) => return Err(error.into()),
        Err(other) => return Err(sqlx::Error::Decode(other.into()).into()),
    };
    let secrets = directory::signing_secret(app, &mut conn, &number).await?;
    // Nobody's connection is kept for as long as a customer's server takes.
    drop(conn);
    let seconds = |seconds: i64| u32::try_from(seconds).unwrap_or(u32::MAX);
    let facts = Facts {
        call_id: call.id,
        workspace_id: call.workspace_id,
        direction: call.direction,
        from: call.from,
        to: call.to,
        number: call.local_e164,
        own_numbers: [].into(),
        voice_callback_url: call.voice_callback_url,
        fallback_url: None,
        compat: number.compat,
        began_at_us: call.started_at,
        ring_timeout_s: seconds(call.ring_timeout_seconds),
        max_duration_s: seconds(call.max_duration_seconds),
        record: None,
        machine_detection: None,
        recordings_url: "".into(),
    };
    let params = status_params(&facts, call.status, told);
    let (http, of) = (&app.part::<Customers>().0, (workspace, &*number.e164));
    let fetched = listener::fetch(app, http, of, url, &params, secrets.signer(number.compat)).await;
    match fetched.outcome {
        Ok(_) => Ok(()),
        // Who is asked to come later is; every other refusal stays one.
        Err(error @ FetchError::Status { status: 408 | 425 | 429, .. }) => Err(Untold::Fetch(error)),
        Err(error @ (FetchError::Status { status: 400..=499, .. } | FetchError::Url(_) | FetchError::Redirect)) => {
            Err(Untold::Refused(error))
        }
        Err(error) => Err(Untold::Fetch(error)),
    }
}
