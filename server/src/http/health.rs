//! `/healthz` (the process runs) and `/readyz` (it can serve: the database answers, took the last write, and the node is
//! not stopping).

use axum::Json;
use axum::extract::State;
use sautikit_api::ErrorCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;
use crate::web::error::{ApiError, ApiResult};

/// Seconds after which a load balancer asks again.
const RETRY_AFTER_SECONDS: u32 = 5;

/// The routes, at the root.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// What a probe is told.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok` or `ready`.
    status: &'static str,
}

/// Whether the process runs
///
/// For a probe that restarts the process. It asks neither the database nor other nodes.
#[utoipa::path(get, path = "/healthz", security(()),
    responses((status = 200, body = Health, description = "It runs.", example = json!({ "status": "ok" }))))]
async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the node can serve
///
/// For a load balancer.
#[utoipa::path(get, path = "/readyz", security(()),
    responses((status = 200, body = Health, description = "The database answers and the node is not stopping.",
        example = json!({ "status": "ready" }))),
    extensions(("x-errors" = json!([ErrorCode::ServiceDraining, ErrorCode::StorageUnavailable]))))]
async fn readyz(State(app): State<AppState>) -> ApiResult<Json<Health>> {
    if app.draining.is_cancelled() {
        return Err(ApiError::new(ErrorCode::ServiceDraining).retry_after(RETRY_AFTER_SECONDS));
    }
    app.db.ping().await?;
    Ok(Json(Health { status: "ready" }))
}
