//! An effect under way: in an open transaction ([`Attempt`]), or outside of the database under a lease ([`Lease`]).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sqlx::AnyConnection;

use super::in_flight::Place;
use super::store;
use crate::db::Tx;
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::web::error::{ApiError, ApiResult};

/// How long an effect outside may take before a repeated request carries it out again: the request that began it is
/// then taken for dead.
pub(super) const LEASE_US: i64 = 60 * 1_000_000;

/// The row of a key.
pub(super) struct Row {
    pub(super) workspace: String,
    pub(super) key: String,
}

/// The open transaction of an effect. Dropping it rolls everything back, the key included.
pub struct Attempt {
    // Before the place: the next request with the key comes when the roll-back is on its way.
    tx: Tx,
    keyed: Option<(Row, Option<Place>)>,
    left: Option<String>,
}

impl Attempt {
    /// Of a request without a key.
    pub(super) fn without_key(tx: Tx) -> Self {
        Self { tx, keyed: None, left: None }
    }

    /// Of a request whose key is in the transaction.
    pub(super) fn with_key(tx: Tx, row: Row, place: Option<Place>) -> Self {
        Self { tx, keyed: Some((row, place)), left: None }
    }

    /// With what the request had made that this one takes over.
    pub(super) fn after(self, left: Option<String>) -> Self {
        Self { left, ..self }
    }

    /// The `subject` of the lease of a request that was lost and that this one takes over: to go on with, instead of making a
    /// second one.
    pub fn left(&self) -> Option<&str> {
        self.left.as_deref()
    }

    /// The transaction that the effect writes in.
    pub fn tx(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }

    /// Stores the answer beside the effect, commits both, and returns the answer. What must happen after the commit
    /// (waking the gateway) follows this call.
    pub async fn commit(mut self, app: &AppState, status: StatusCode, body: &impl Serialize) -> ApiResult<Response> {
        let bytes = serde_json::to_vec(body).map_err(ApiError::internal)?;
        if let Some((row, _)) = &self.keyed {
            store_answer(app, &mut self.tx, row, status, &bytes).await?;
        }
        self.tx.commit().await?;
        Ok(response(status, bytes))
    }

    /// For an effect outside of the database: commits what was written so far and the key with a lease, so that a crash
    /// can't lose it. The effect is carried out after this call and told by [`Lease::commit`]. `subject` names what it is about
    /// to whoever takes it over: [`Self::left`].
    pub async fn lease(mut self, app: &AppState, subject: Option<&str>) -> ApiResult<Lease> {
        if let Some((row, _)) = &self.keyed {
            let until_us = app.now_us() + LEASE_US;
            store::lease_key(&mut self.tx, &row.workspace, &row.key, until_us, subject).await?;
        }
        self.tx.commit().await?;
        Ok(Lease { keyed: self.keyed })
    }
}

/// An effect outside that is under way. Dropped, as by a crash, it leaves the key leased: a repeated request is refused
/// until the lease is over and carries the effect out then.
#[must_use = "the answer is stored by `commit`"]
pub struct Lease {
    keyed: Option<(Row, Option<Place>)>,
}

impl Lease {
    /// The effect took place: stores the answer and returns it.
    pub async fn commit(self, app: &AppState, status: StatusCode, body: &impl Serialize) -> ApiResult<Response> {
        let bytes = serde_json::to_vec(body).map_err(ApiError::internal)?;
        if let Some((row, _)) = &self.keyed {
            let mut tx = app.db.begin_write().await?;
            store_answer(app, &mut tx, row, status, &bytes).await?;
            tx.commit().await?;
        }
        Ok(response(status, bytes))
    }

    /// The effect was refused: ends the lease, so that a repeated request tries it at once.
    pub async fn withdraw(self, app: &AppState) -> ApiResult<()> {
        if let Some((row, _)) = &self.keyed {
            let mut tx = app.db.begin_write().await?;
            store::lease_key(&mut tx, &row.workspace, &row.key, app.now_us(), None).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

async fn store_answer(
    app: &AppState,
    conn: &mut AnyConnection,
    row: &Row,
    status: StatusCode,
    body: &[u8],
) -> ApiResult<()> {
    let sealed = app.secrets.seal(Purpose::Idempotency, &row.name(), body, &app.entropy);
    Ok(store::store_answer(conn, &row.workspace, &row.key, i64::from(status.as_u16()), &sealed).await?)
}

impl Row {
    /// Binds a sealed answer to its row.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.workspace, self.key)
    }
}

/// JSON, or no body at all.
pub(super) fn response(status: StatusCode, body: Vec<u8>) -> Response {
    if body.is_empty() {
        return status.into_response();
    }
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
