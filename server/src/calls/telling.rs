//! Tells a customer's server of something about a call that may be over by then, in the form of its number's voice callbacks.

use sautikit_api::ids::{CallId, WorkspaceId};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use voice::{Facts, status_params};

use super::{CallError, directory};
use crate::jobs::{self, Failure, Job, Lane};
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

impl From<FetchError> for Untold {
    fn from(error: FetchError) -> Self {
        match error {
            // Who is asked to come later is; every other refusal stays one.
            FetchError::Status { status: 408 | 425 | 429, .. } => Self::Fetch(error),
            FetchError::Status { status: 400..=499, .. } | FetchError::Url(_) | FetchError::Redirect => {
                Self::Refused(error)
            }
            error => Self::Fetch(error),
        }
    }
}

/// What is told of a conference as a whole, by our names.
const OF_CONFERENCE: [&str; 4] = ["StatusCallbackEvent", "FriendlyName", "ConferenceSid", "ReasonConferenceEnded"];

/// That a conference has begun or ended, for a status callback whose server did not take it at once: it is told again for two
/// days, as what becomes of recordings is.
#[derive(Debug, Serialize, Deserialize)]
pub struct TellConference {
    workspace_id: WorkspaceId,
    call_id: CallId,
    url: String,
    told: Vec<(String, String)>,
}

impl TellConference {
    /// As it was told in vain for a call.
    pub fn new((workspace_id, call_id): (WorkspaceId, CallId), url: String, told: &[(&'static str, String)]) -> Self {
        let told = told.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Self { workspace_id, call_id, url, told }
    }

    /// Has it told again.
    ///
    /// # Errors
    /// The database failed.
    pub async fn later(&self, app: &AppState) -> Result<(), sqlx::Error> {
        let mut tx = app.db.begin_write().await?;
        jobs::enqueue(&mut tx, app, self, app.now_us()).await?;
        tx.commit().await
    }
}

impl Job for TellConference {
    const KIND: &'static str = "tell_conference";
    const LANE: Lane = Lane::Callbacks;

    fn subject(&self) -> String {
        let of = |name: &str| self.told.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value.as_str());
        format!("{}:{}", of("ConferenceSid"), of("StatusCallbackEvent"))
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        let known =
            |(name, value): (String, String)| Some((*OF_CONFERENCE.iter().find(|known| **known == name)?, value));
        let told = self.told.into_iter().filter_map(known).collect();
        match tell_customer(app, (self.workspace_id, self.call_id), &self.url, told).await {
            Err(Untold::Refused(error)) => {
                tracing::info!(call = %self.call_id, %error, "a conference's status callback was refused");
                Ok(())
            }
            told => Ok(told?),
        }
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
    fetched.outcome.map(drop).map_err(Untold::from)
}
