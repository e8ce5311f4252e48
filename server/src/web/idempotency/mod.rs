//! Idempotency keys: a repeated request has one effect and gets the stored answer.
//!
//! ```text
//! begin ──► an earlier request with the key is at work ──for over 2 s──► 409
//!   │                    first insert           effect, answer sealed, commit
//!   ├─ key new ──► Fresh(Attempt) ──────────────────────────────────────► answered
//!   │                 │   └─ dropped (error, crash): rolled back, as if never asked
//!   │                 └─ lease: committed ──► effect outside ──► commit ► answered
//!   │                                     └─ dropped (crash): after 60 s as if new
//!   ├─ same fingerprint, answered ──► Replay
//!   └─ other fingerprint, or leased ──► 409
//! ```
//! Only 2xx answers are stored: a stored 402 would outlive the top-up. Without the header the same path runs with no key
//! row, so handlers are written once. A lease names what was made before it (a top-up, whose id its provider knows it by): the
//! request that takes it over goes on with that.

mod answers;
mod attempt;
mod in_flight;
mod request;
mod store;

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::{UserId, WorkspaceId};
use serde_json::json;
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::db::{self, Tx};
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};

use self::attempt::{Row, response};
use self::store::StoredKey;
pub(crate) use answers::key_taken;
pub use answers::{StoredAnswer, Ticket, begin_apart};
pub(crate) use answers::{store_answers, stored_answers, withdraw_answers};
pub use attempt::{Attempt, Lease};
pub use in_flight::{InFlight, Place};
pub use request::Request;
pub(crate) use store::{DELETE_ANSWERS, INSERT_ANSWERS, STATEMENTS};

/// How long an answer is kept for replay.
const KEPT_US: i64 = 24 * 3_600 * 1_000_000;
/// How long a request waits for an earlier one with its key.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What [`begin`] found.
pub enum Begun {
    /// The effect is to be carried out inside the attempt's transaction.
    Fresh(Attempt),
    /// The stored answer; hand it back as it is.
    Replay(Response),
}

/// Opens the effect's transaction, with the key as its first insert. Call it after the caller's rights are checked.
pub async fn begin(app: &AppState, caller: &Caller, request: &Request) -> ApiResult<Begun> {
    begin_within(app, caller.workspace.id, request).await
}

/// Carries out an effect that ends with [`Attempt::commit`], or hands back the answer that is stored for the request's key. Call
/// it after the caller's rights are checked.
pub async fn once(
    app: &AppState,
    caller: &Caller,
    request: &Request,
    effect: impl AsyncFnOnce(Attempt) -> ApiResult<Response>,
) -> ApiResult<Response> {
    match begin(app, caller, request).await? {
        Begun::Replay(answer) => Ok(answer),
        Begun::Fresh(attempt) => effect(attempt).await,
    }
}

/// As [`begin`], for an operator's effect on a workspace: the key is one of that workspace.
pub async fn begin_within(app: &AppState, workspace: WorkspaceId, request: &Request) -> ApiResult<Begun> {
    let Some(key) = request.key.clone()? else {
        return Ok(Begun::Fresh(Attempt::without_key(app.db.begin_write().await?)));
    };
    let place = enter(app, workspace.0, &key).await?;
    let row = Row { workspace: workspace.to_string(), key };
    let mut tx = app.db.begin_write().await?;
    app.db.limit_lock_wait(&mut tx).await?;
    match take_row(app, &mut tx, &row, request).await {
        Ok(Some(left)) => return Ok(Begun::Fresh(Attempt::with_key(tx, row, Some(place)).after(left))),
        Ok(None) => {}
        // A request to another node holds the row in an open transaction.
        Err(error) if db::is_contention(&error) => return Err(in_progress()),
        Err(error) => return Err(error.into()),
    }
    let stored = store::find_key(&mut tx, &row.workspace, &row.key).await?.ok_or_else(in_progress)?;
    tx.rollback().await?;
    Ok(Begun::Replay(replay(app, &row, stored, request)?))
}

/// Whether the effect is this request's: the key is new, or the request that leased it is taken for dead; then with what that
/// one left.
async fn take_row(
    app: &AppState,
    conn: &mut AnyConnection,
    row: &Row,
    request: &Request,
) -> Result<Option<Option<String>>, sqlx::Error> {
    let (workspace, key, now_us) = (row.workspace.as_str(), row.key.as_str(), app.now_us());
    // The hourly job may not have come to it yet.
    store::delete_expired_key(conn, workspace, key, now_us).await?;
    if store::insert_key(conn, workspace, key, &request.fingerprint, now_us, now_us + KEPT_US).await? {
        return Ok(Some(None));
    }
    store::take_over(conn, workspace, key, &request.fingerprint, now_us, now_us + attempt::LEASE_US).await
}

/// For an effect that makes the workspace itself: keeps other requests of the person with this key out until dropped.
/// `None` without a key.
pub async fn enter_alone(app: &AppState, person: UserId, request: &Request) -> ApiResult<Option<Place>> {
    let Some(key) = request.key.clone()? else { return Ok(None) };
    enter(app, person.0, &key).await.map(Some)
}

/// For an effect that makes the workspace itself: the key joins the transaction when the workspace is in it. Whoever
/// calls this has kept other requests of the person out.
pub async fn begin_in(app: &AppState, mut tx: Tx, workspace: WorkspaceId, request: &Request) -> ApiResult<Attempt> {
    let Some(key) = request.key.clone()? else { return Ok(Attempt::without_key(tx)) };
    let (row, now_us) = (Row { workspace: workspace.to_string(), key }, app.now_us());
    store::insert_key(&mut tx, &row.workspace, &row.key, &request.fingerprint, now_us, now_us + KEPT_US).await?;
    Ok(Attempt::with_key(tx, row, None))
}

/// The stored answer of the request's key in this workspace, `None` when the key is new there.
pub async fn find_replay(
    app: &AppState,
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    request: &Request,
) -> ApiResult<Option<Response>> {
    let Some(key) = request.key.clone()? else { return Ok(None) };
    let row = Row { workspace: workspace.to_string(), key };
    store::delete_expired_key(conn, &row.workspace, &row.key, app.now_us()).await?;
    let stored = store::find_key(conn, &row.workspace, &row.key).await?;
    stored.map(|stored| replay(app, &row, stored, request)).transpose()
}

/// Deletes keys whose day is over, at most that many, of every workspace; how many.
///
/// # Errors
/// The database failed.
pub async fn delete_expired(app: &AppState, most: i64) -> Result<u64, sqlx::Error> {
    store::delete_expired(&mut *app.db.acquire().await?, app.now_us(), most).await
}

async fn enter(app: &AppState, of: Uuid, key: &str) -> ApiResult<Place> {
    app.part::<InFlight>().enter(of, key, LONGEST_WAIT).await.ok_or_else(in_progress)
}

fn replay(app: &AppState, row: &Row, stored: StoredKey, request: &Request) -> ApiResult<Response> {
    if stored.fingerprint != request.fingerprint {
        return Err(other_request());
    }
    let (status, sealed) = stored.answer.ok_or_else(in_progress)?;
    let body = app.secrets.open(Purpose::Idempotency, &row.name(), &sealed)?;
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = response(status.unwrap_or(StatusCode::OK), body);
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
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
