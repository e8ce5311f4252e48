//! `/v1/storage`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sautikit_api::ErrorCode;
use sautikit_api::rights::Scope;
use sautikit_api::storage as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Bucket, StorageError, set_bucket, store, switch, tier_body};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::ApiResult;
use crate::web::json::JsonBody;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_storage))
        .routes(routes!(list_tiers))
        .routes(routes!(switch_tier))
        .routes(routes!(put_bucket, delete_bucket))
}

/// Show what is kept
///
/// The tier, what of it is used, and the workspace's own bucket.
#[utoipa::path(get, path = "/storage",
    responses((status = 200, body = wire::Storage, description = "What is kept, and where.")),
    extensions(("x-scope" = json!(Scope::StorageRead))))]
async fn get_storage(State(app): State<AppState>, caller: Caller) -> ApiResult<Json<wire::Storage>> {
    caller.needs(Scope::StorageRead)?;
    body(&app, &caller).await.map(Json)
}

/// List the storage tiers
///
/// All of them, the smallest first.
#[utoipa::path(get, path = "/storage/tiers",
    responses((status = 200, body = Vec<wire::StorageTier>, description = "Every tier.")),
    extensions(("x-scope" = json!(Scope::StorageRead))))]
async fn list_tiers(State(app): State<AppState>, caller: Caller) -> ApiResult<Json<Vec<wire::StorageTier>>> {
    caller.needs(Scope::StorageRead)?;
    let tiers = store::tiers(&mut *app.db.acquire().await?).await?;
    let body = |tier| tier_body(&app, &caller.workspace.currency, tier);
    Ok(Json(tiers.into_iter().map(body).collect()))
}

/// Switch to another tier
///
/// At once: recordings are kept as long as the new tier says, also those that are there already. A tier with a price is charged
/// for the rest of the month, after one that is paid for the difference; then each month on its first day.
#[utoipa::path(put, path = "/storage/tier", request_body = wire::SwitchTier,
    responses((status = 200, body = wire::Storage, description = "What is kept, in the tier as it is now.")),
    extensions(("x-scope" = json!(Scope::StorageWrite)),
        ("x-errors" = json!([ErrorCode::StorageTierInvalid, ErrorCode::StorageTierSwitchFailed,
        ErrorCode::WalletInsufficientFunds]))))]
async fn switch_tier(
    State(app): State<AppState>,
    caller: Caller,
    request: JsonBody<wire::SwitchTier>,
) -> ApiResult<Json<wire::Storage>> {
    caller.needs(Scope::StorageWrite)?;
    switch(&app, &caller, &request.read()?.tier).await?;
    body(&app, &caller).await.map(Json)
}

/// Keep recordings in a bucket of one's own
///
/// Recordings that end from now on go there, as plain WAV files; those that are kept already stay where they are. They count
/// for no tier and are kept until they are deleted. Any service that speaks S3 does; it is reached at a public address.
#[utoipa::path(put, path = "/storage/bucket", request_body = wire::PutBucket,
    responses((status = 200, body = wire::Storage, description = "What is kept, and where from now on.")),
    extensions(("x-scope" = json!(Scope::StorageWrite))))]
async fn put_bucket(
    State(app): State<AppState>,
    caller: Caller,
    request: JsonBody<wire::PutBucket>,
) -> ApiResult<Json<wire::Storage>> {
    caller.needs(Scope::StorageWrite)?;
    let bucket = Bucket::read(request.read()?, app.config.is_development())?;
    set_bucket(&app, &caller, Some(bucket)).await?;
    body(&app, &caller).await.map(Json)
}

/// Keep recordings here again
///
/// Those in the bucket stay there, and are found there as long as its credentials hold.
#[utoipa::path(delete, path = "/storage/bucket",
    responses((status = 204, description = "Recordings that end from now on are kept here.")),
    extensions(("x-scope" = json!(Scope::StorageWrite))))]
async fn delete_bucket(State(app): State<AppState>, caller: Caller) -> ApiResult<StatusCode> {
    caller.needs(Scope::StorageWrite)?;
    set_bucket(&app, &caller, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn body(app: &AppState, caller: &Caller) -> ApiResult<wire::Storage> {
    let workspace = caller.workspace.id;
    let holding = store::holding(&mut *app.db.acquire().await?, workspace).await?;
    let bucket = holding.bucket(app, workspace).map_err(StorageError::from)?;
    Ok(wire::Storage {
        used_bytes: holding.used_bytes,
        recordings: holding.recordings,
        bucket: bucket.map(Bucket::body),
        paid_until: holding.paid.until_us.map(rfc3339),
        tier: tier_body(app, &caller.workspace.currency, holding.tier),
    })
}
