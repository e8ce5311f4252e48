//! `/healthz` (the process runs) and `/readyz` (it can serve: the database answers and it is not stopping).

use axum::Json;
use axum::extract::State;
use sautikit_api::ErrorCode;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// Seconds after which a load balancer asks again.
const RETRY_AFTER_SECONDS: u32 = 5;

/// The routes, at the root.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// Whether the process runs
#[utoipa::path(get, path = "/healthz", security(()), responses((status = 200, body = Value, description = "It runs.")))]
async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Whether the node can serve
#[utoipa::path(get, path = "/readyz", security(()),
    responses((status = 200, body = Value, description = "The database answers and the node is not stopping.")),
    extensions(("x-errors" = json!([ErrorCode::ServiceDraining]))))]
async fn readyz(State(app): State<AppState>) -> ApiResult<Json<Value>> {
    if app.draining.is_cancelled() {
        return Err(ApiError::new(ErrorCode::ServiceDraining).retry_after(RETRY_AFTER_SECONDS));
    }
    app.db.ping().await?;
    Ok(Json(json!({ "status": "ready" })))
}
