//! `/healthz` (the process runs) and `/readyz` (it can serve: the database answers and it is not stopping).

use axum::Json;
use axum::extract::State;
use sautikit_api::ErrorCode;
use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// Seconds after which a load balancer asks again.
const RETRY_AFTER_SECONDS: u32 = 5;

pub(super) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

pub(super) async fn readyz(State(app): State<AppState>) -> ApiResult<Json<Value>> {
    if app.draining.is_cancelled() {
        return Err(ApiError::new(ErrorCode::ServiceDraining).retry_after(RETRY_AFTER_SECONDS));
    }
    app.db.ping().await?;
    Ok(Json(json!({ "status": "ready" })))
}
