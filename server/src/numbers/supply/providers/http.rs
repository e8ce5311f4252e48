//! `/v1/admin/providers`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::ProviderId;
use sautikit_api::supply as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Provider, create, retire, store, update};
use crate::clock::rfc3339;
use crate::numbers::supply::{Doer, SupplyError};
use crate::state::AppState;
use crate::web::caller::Operator;
use crate::web::error::ApiResult;
use crate::web::json::JsonBody;
use crate::web::page::Page;
use crate::web::params::Paged;

/// The operators' routes, relative to `/v1`.
pub(in crate::numbers) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_providers, create_provider)).routes(routes!(
        show_provider,
        update_provider,
        retire_provider
    ))
}

/// List providers
///
/// Carriers that give numbers.
#[utoipa::path(get, operation_id = "admin_list_providers", path = "/admin/providers", security(("session" = [])),
    params(Paged),
    responses((status = 200, body = Vec<wire::Provider>, description = "Providers, the newest first.")))]
async fn list_providers(State(app): State<AppState>, _: Operator, page: Page) -> ApiResult<Response> {
    let providers = store::list(&mut *app.db.acquire().await?, page.before(), page.fetch_limit()).await?;
    let position = |(provider, _): &(Provider, i64)| (provider.created_at, provider.id.0);
    Ok(page.answer(providers, position, |(provider, live_series)| body(provider, live_series)))
}

/// Add a provider
///
/// Its name is its own, so a repeated request makes no second one.
#[utoipa::path(post, operation_id = "admin_create_provider", path = "/admin/providers", security(("session" = [])),
    request_body = wire::CreateProvider,
    responses((status = 201, body = wire::Provider, description = "The provider.")))]
async fn create_provider(
    State(app): State<AppState>,
    operator: Operator,
    request: JsonBody<wire::CreateProvider>,
) -> ApiResult<(StatusCode, Json<wire::Provider>)> {
    let provider = create(&app, Doer::from(&operator), request.read()?).await?;
    Ok((StatusCode::CREATED, Json(body(provider, 0))))
}

/// Show a provider
#[utoipa::path(get, operation_id = "admin_show_provider", path = "/admin/providers/{id}", security(("session" = [])),
    responses((status = 200, body = wire::Provider, description = "The provider.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn show_provider(
    State(app): State<AppState>,
    _: Operator,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::Provider>> {
    let id = provider_id(&id)?;
    let provider = store::find(&mut *app.db.acquire().await?, id).await?.ok_or(SupplyError::ProviderUnknown)?;
    shown(&app, provider).await
}

/// Change a provider
#[utoipa::path(patch, operation_id = "admin_update_provider", path = "/admin/providers/{id}", security(("session" = [])),
    request_body = wire::UpdateProvider,
    responses((status = 200, body = wire::Provider, description = "The provider as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn update_provider(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    request: JsonBody<wire::UpdateProvider>,
) -> ApiResult<Json<wire::Provider>> {
    let asked = request.read()?;
    let provider = update(&app, Doer::from(&operator), provider_id(&id)?, asked).await?;
    shown(&app, provider).await
}

/// Retire a provider
///
/// It gives no series any more. Its own have to be retired first.
#[utoipa::path(delete, operation_id = "admin_retire_provider", path = "/admin/providers/{id}", security(("session" = [])),
    responses((status = 204, description = "Retired.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound, ErrorCode::ProviderHasActiveSeries]))))]
async fn retire_provider(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    retire(&app, Doer::from(&operator), provider_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn provider_id(text: &str) -> Result<ProviderId, SupplyError> {
    text.parse().map_err(|_| SupplyError::ProviderUnknown)
}

async fn shown(app: &AppState, provider: Provider) -> ApiResult<Json<wire::Provider>> {
    let live_series = store::count_live_series(&mut *app.db.acquire().await?, provider.id).await?;
    Ok(Json(body(provider, live_series)))
}

fn body(provider: Provider, live_series: i64) -> wire::Provider {
    wire::Provider {
        id: provider.id,
        name: provider.name,
        country: provider.country,
        contact: provider.contact,
        notes: provider.notes,
        status: provider.status.as_str().to_owned(),
        live_series,
        created_at: rfc3339(provider.created_at),
    }
}
