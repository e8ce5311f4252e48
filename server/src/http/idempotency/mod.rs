//! Idempotency keys for effects in our own database: key, effect and answer commit in one transaction.
//!
//! ```text
//!                  first insert           effect, answer sealed, commit
//! begin ──► key new? ──yes──► Fresh(Attempt) ──────────────────────────► answered
//!              │no                  └─ dropped (error, crash): rolled back, as if never asked
//!              ├─ same fingerprint, answered ──► Replay
//!              └─ other fingerprint, or the first waits on a lock for over 2 s ──► 409
//! ```
//! Only 2xx answers are stored: a stored 402 would outlive the top-up. Without the header the same path runs with no key
//! row, so handlers are written once. Effects outside (payment providers) need a lease and are deliberately absent here.

mod store;

use axum::body::Bytes;
use axum::extract::{FromRequest, OriginalUri};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;
use sautikit_api::ids::WorkspaceId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;

use super::caller::Caller;
use super::json::{collect, is_json, read_json};
use crate::db::{self, Tx};
use crate::error::{ApiError, ApiResult};
use crate::secrets::{Purpose, hex};
use crate::state::AppState;

pub(crate) use store::STATEMENTS;
use store::StoredKey;

/// How long an answer is kept for replay.
const KEPT_US: i64 = 24 * 3_600 * 1_000_000;
/// Longest key.
const KEY_MAX_CHARS: usize = 255;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A request that may carry an `Idempotency-Key`; stands in for the body extractor.
pub struct Request {
    /// Looked at by [`begin`] only: what the caller may do comes first.
    key: ApiResult<Option<String>>,
    fingerprint: String,
    body: Bytes,
    is_json: bool,
}

impl Request {
    /// The JSON body.
    pub fn read<T: DeserializeOwned>(&self) -> ApiResult<T> {
        if !self.is_json && !self.body.is_empty() {
            return Err(ErrorCode::UnsupportedMediaType.into());
        }
        read_json(&self.body)
    }

    /// The JSON body, or the default where a body is optional and absent.
    pub fn read_or_default<T: DeserializeOwned + Default>(&self) -> ApiResult<T> {
        if self.body.is_empty() { Ok(T::default()) } else { self.read() }
    }
}

impl FromRequest<AppState> for Request {
    type Rejection = ApiError;

    async fn from_request(request: axum::extract::Request, app: &AppState) -> ApiResult<Self> {
        let key = request.headers().get(IDEMPOTENCY_KEY).map(checked_key).transpose();
        let is_json = is_json(request.headers());
        let uri = request.extensions().get::<OriginalUri>().map_or(request.uri(), |original| &original.0);
        let mut hash = Sha256::new();
        // Length before content, so that no two requests run together to the same bytes.
        for part in [request.method().as_str(), uri.path(), uri.query().unwrap_or_default()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let body = collect(request, app).await?;
        hash.update(&body);
        Ok(Self { key, fingerprint: hex(&hash.finalize()), body, is_json })
    }
}

/// What [`begin`] found.
pub enum Begun {
    /// The effect is to be carried out inside the attempt's transaction.
    Fresh(Attempt),
    /// The stored answer; hand it back as it is.
    Replay(Response),
}

/// The open transaction of an effect. Dropping it rolls everything back, the key included.
pub struct Attempt {
    tx: Tx,
    row: Option<(String, String)>,
}

/// Opens the effect's transaction, with the key as its first insert. Call it after the caller's rights are checked.
pub async fn begin(app: &AppState, caller: &Caller, request: &Request) -> ApiResult<Begun> {
    let key = request.key.clone()?;
    let mut tx = app.db.begin_write().await?;
    let Some(key) = &key else { return Ok(Begun::Fresh(Attempt { tx, row: None })) };
    let workspace = caller.workspace.id.to_string();
    let now_us = app.now_us();

    app.db.limit_lock_wait(&mut tx).await?;
    // The hourly job may not have come to it yet.
    store::delete_expired_key(&mut tx, &workspace, key, now_us).await?;
    let inserted = store::insert_key(&mut tx, &workspace, key, &request.fingerprint, now_us, now_us + KEPT_US).await;
    match inserted {
        Ok(true) => return Ok(Begun::Fresh(Attempt { tx, row: Some((workspace, key.clone())) })),
        Ok(false) => {}
        // Another request with this key holds its row in an open transaction.
        Err(error) if db::is_contention(&error) => return Err(in_progress()),
        Err(error) => return Err(error.into()),
    }
    let stored = store::find_key(&mut tx, &workspace, key).await?.ok_or_else(in_progress)?;
    tx.rollback().await?;
    Ok(Begun::Replay(replay(app, &row_name(&workspace, key), stored, request)?))
}

/// For an effect that makes the workspace itself: the key joins the transaction when the workspace is in it. Whoever
/// calls this has kept other requests of the person out.
pub async fn begin_in(app: &AppState, mut tx: Tx, workspace: WorkspaceId, request: &Request) -> ApiResult<Attempt> {
    let Some(key) = request.key.clone()? else { return Ok(Attempt { tx, row: None }) };
    let (workspace, now_us) = (workspace.to_string(), app.now_us());
    store::insert_key(&mut tx, &workspace, &key, &request.fingerprint, now_us, now_us + KEPT_US).await?;
    Ok(Attempt { tx, row: Some((workspace, key)) })
}

/// The stored answer of the request's key in this workspace, `None` when the key is new there.
pub async fn find_replay(
    app: &AppState,
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    request: &Request,
) -> ApiResult<Option<Response>> {
    let Some(key) = request.key.clone()? else { return Ok(None) };
    let workspace = workspace.to_string();
    store::delete_expired_key(conn, &workspace, &key, app.now_us()).await?;
    let stored = store::find_key(conn, &workspace, &key).await?;
    stored.map(|stored| replay(app, &row_name(&workspace, &key), stored, request)).transpose()
}

fn replay(app: &AppState, row_name: &str, stored: StoredKey, request: &Request) -> ApiResult<Response> {
    if stored.fingerprint != request.fingerprint {
        return Err(other_request());
    }
    let (status, sealed) = stored.answer.ok_or_else(in_progress)?;
    let body = app.secrets.open(Purpose::Idempotency, row_name, &sealed)?;
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = json_response(status.unwrap_or(StatusCode::OK), body);
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Deletes keys whose day is over, at most that many, of every workspace; how many.
///
/// # Errors
/// The database failed.
pub async fn delete_expired(app: &AppState, most: i64) -> Result<u64, sqlx::Error> {
    store::delete_expired(&mut *app.db.acquire().await?, app.now_us(), most).await
}

impl Attempt {
    /// The transaction that the effect writes in.
    pub fn tx(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }

    /// Stores the answer beside the effect, commits both, and returns the answer. What must happen after the commit
    /// (waking the gateway) follows this call.
    pub async fn commit(mut self, app: &AppState, status: StatusCode, body: &impl Serialize) -> ApiResult<Response> {
        let bytes = serde_json::to_vec(body).map_err(ApiError::internal)?;
        if let Some((workspace, key)) = &self.row {
            let name = row_name(workspace, key);
            let sealed = app.secrets.seal(Purpose::Idempotency, &name, &bytes, &app.entropy);
            store::store_answer(&mut self.tx, workspace, key, i64::from(status.as_u16()), &sealed).await?;
        }
        self.tx.commit().await?;
        Ok(json_response(status, bytes))
    }
}

fn checked_key(value: &HeaderValue) -> ApiResult<String> {
    let key = value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_MAX_CHARS);
    key.map(str::to_owned).ok_or_else(|| {
        ApiError::field(
            "Idempotency-Key",
            format!("Give 1 to {KEY_MAX_CHARS} visible ASCII characters, such as a UUID."),
        )
    })
}

fn in_progress() -> ApiError {
    ApiError::new(ErrorCode::IdempotencyConflict)
        .message("The first request with this Idempotency-Key is still running. Repeat it unchanged in a moment.")
        .details(json!({ "reason": "in_progress" }))
        .retry_after(1)
}

fn other_request() -> ApiError {
    ApiError::new(ErrorCode::IdempotencyConflict)
        .message("This Idempotency-Key was used for another request. Use a new key for a new request.")
        .details(json!({ "reason": "other_request" }))
}

/// Binds a sealed answer to its row.
fn row_name(workspace: &str, key: &str) -> String {
    format!("{workspace}/{key}")
}

fn json_response(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
