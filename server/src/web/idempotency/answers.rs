//! Keys whose effect is written by somebody else: the record writer stores the answer beside the call that it opens, for
//! many requests in one statement.

use std::collections::HashSet;

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::attempt::{Row, response};
use super::in_flight::Place;
use super::request::Request;
use super::{KEPT_US, enter, in_progress, replay, store};
use crate::db::batch::Told;
use crate::db::rows::Filled;
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};

/// The right to carry out a request's effect. Other requests with its key wait on this node until it is dropped.
pub struct Ticket {
    keyed: Option<(Row, Place)>,
    fingerprint: String,
}

/// An answer that is to be stored with the effect: status and sealed body under the request's key.
#[derive(Debug, Clone)]
pub struct StoredAnswer {
    pub(super) workspace: String,
    pub(super) key: String,
    pub(super) fingerprint: String,
    pub(super) status: i64,
    pub(super) sealed: String,
    pub(super) created_at: i64,
    pub(super) expires_at: i64,
}

impl StoredAnswer {
    /// What its row is found by: workspace and key.
    pub fn place(&self) -> (String, String) {
        (self.workspace.clone(), self.key.clone())
    }
}

impl Ticket {
    /// The answer, and what is to be stored of it; nothing for a request without a key.
    ///
    /// # Errors
    /// The body can't be written as JSON.
    pub fn answer(
        &self,
        app: &AppState,
        status: StatusCode,
        body: &impl Serialize,
    ) -> ApiResult<(Response, Option<StoredAnswer>)> {
        let bytes = serde_json::to_vec(body).map_err(ApiError::internal)?;
        let stored = self.keyed.as_ref().map(|(row, _)| StoredAnswer {
            workspace: row.workspace.clone(),
            key: row.key.clone(),
            fingerprint: self.fingerprint.clone(),
            status: i64::from(status.as_u16()),
            sealed: app.secrets.seal(Purpose::Idempotency, &row.name(), &bytes, &app.entropy),
            created_at: app.now_us(),
            expires_at: app.now_us() + KEPT_US,
        });
        Ok((response(status, bytes), stored))
    }

    /// The answer of an earlier request with this key; none where there was none, and this request's own failure counts.
    ///
    /// # Errors
    /// The key was used for another request, or the database failed.
    pub async fn earlier(&self, app: &AppState, request: &Request) -> ApiResult<Option<Response>> {
        let Some((row, _)) = &self.keyed else { return Ok(None) };
        let mut conn = app.db.acquire().await?;
        let stored = store::find_live_key(&mut conn, &row.workspace, &row.key, app.now_us()).await?;
        stored.map(|stored| replay(app, row, stored, request)).transpose()
    }
}

/// Begins a request whose effect and answer the record writer stores. Most keys are new, and whether this one is shows when
/// its answer is stored: until then nothing is asked of the database, and [`Ticket::earlier`] is for every request that comes
/// to nothing. Call it after the caller's rights are checked.
///
/// # Errors
/// The key is at work, or is none.
pub async fn begin_apart(app: &AppState, caller: &Caller, request: &Request) -> ApiResult<Ticket> {
    let fingerprint = request.fingerprint.clone();
    let Some(key) = request.key.clone()? else { return Ok(Ticket { keyed: None, fingerprint }) };
    let place = enter(app, caller.workspace.id.0, &key).await?;
    let row = Row { workspace: caller.workspace.id.to_string(), key };
    Ok(Ticket { keyed: Some((row, place)), fingerprint })
}

/// Stores the answers in a batch of the caller's transaction. One that stands already, because its commit was not heard of,
/// counts as stored: a sealed text is never the same twice.
pub(crate) fn store_answers<'a>(answers: impl Iterator<Item = &'a StoredAnswer>) -> Filled {
    store::insert_answers(answers)
}

/// The places of the answers that were stored: those whose key another request has not taken meanwhile.
///
/// # Errors
/// The batch told something else.
pub(crate) fn stored_answers(told: &Told) -> Result<HashSet<(String, String)>, sqlx::Error> {
    Ok(told.answers(&store::INSERT_ANSWERS)?.into_iter().collect())
}

/// Takes answers back, where they stand still: their effect was refused, or came to nothing. Another answer under the same
/// key stays.
pub(crate) fn withdraw_answers<'a>(answers: impl Iterator<Item = &'a StoredAnswer>) -> Filled {
    store::delete_answers(answers)
}

/// What a request is told whose key another took between its look and its effect.
pub(crate) fn key_taken() -> ApiError {
    in_progress()
}
