//! `/v1/admin/numbers`.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::InventoryNumberId;
use sautikit_api::supply as wire;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Step, Stocked, store, take};
use crate::clock::rfc3339;
use crate::numbers::NumberState;
use crate::numbers::http::{after_number, checked_contains, falling};
use crate::numbers::supply::series::http::checked_id;
use crate::numbers::supply::{Doer, SupplyError, providers};
use crate::state::AppState;
use crate::web::caller::Operator;
use crate::web::error::{ApiError, ApiResult};
use crate::web::json::JsonBody;
use crate::web::page::Page;
use crate::web::params::Paged;
use crate::web::query::Query;

/// What narrows the list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct StockQuery {
    /// `available`, `reserved`, `assigned`, `cooling_off` or `retired`.
    #[param(pattern = "^(available|reserved|assigned|cooling_off|retired)?$")]
    state: String,
    /// Of this series.
    #[param(format = Uuid)]
    series_id: String,
    /// ISO 3166-1 alpha-2.
    #[param(pattern = "^([A-Z]{2})?$")]
    country: String,
    /// Digits in a row.
    #[param(pattern = "^\\+*[0-9]*$")]
    contains: String,
    /// Which this workspace has, or which are kept for it.
    #[param(format = Uuid)]
    workspace_id: String,
}

/// The operators' routes, relative to `/v1`.
pub(in crate::numbers) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_stock))
        .routes(routes!(reserve_number))
        .routes(routes!(free_number))
        .routes(routes!(retire_number))
}

/// List the inventory
///
/// Every number, by number upwards.
#[utoipa::path(get, operation_id = "admin_list_numbers", path = "/admin/numbers", security(("session" = [])),
    params(Paged, StockQuery),
    responses((status = 200, body = Vec<wire::AdminNumber>, description = "Numbers of the inventory.")))]
async fn list_stock(
    State(app): State<AppState>,
    _: Operator,
    page: Page,
    Query(query): Query<StockQuery>,
) -> ApiResult<Response> {
    let state = match query.state.as_str() {
        "" => "",
        name => match NumberState::parse(name) {
            Some(state) => state.as_str(),
            None => {
                let known = Vec::from_iter(NumberState::ALL.iter().map(|state| format!("`{}`", state.as_str())));
                return Err(ApiError::field("state", format!("`state` is one of {}.", known.join(", "))));
            }
        },
    };
    let filter = store::Filter {
        state: state.to_owned(),
        series_id: checked_id("series_id", &query.series_id)?,
        country: match query.country.as_str() {
            "" => String::new(),
            country => providers::checked_country(country)?,
        },
        contains: checked_contains(&query.contains)?,
        workspace_id: checked_id("workspace_id", &query.workspace_id)?,
        id: String::new(),
    };
    let after = after_number(&page);
    let rows = store::list(&mut *app.db.acquire().await?, &filter, &after, page.fetch_limit()).await?;
    Ok(page.answer(rows, |stocked| (falling(&stocked.number.e164), stocked.number.id.0), body))
}

/// Reserve a number
///
/// One workspace alone sees and claims it from now on.
#[utoipa::path(post, operation_id = "admin_reserve_number", path = "/admin/numbers/{id}/reserve", security(("session" = [])),
    request_body = wire::ReserveNumber,
    responses((status = 200, body = wire::AdminNumber, description = "The number as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::NumbersNotFound, ErrorCode::NumbersAlreadyClaimed,
        ErrorCode::NumbersRetired]))))]
async fn reserve_number(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    request: JsonBody<wire::ReserveNumber>,
) -> ApiResult<Json<wire::AdminNumber>> {
    let step = Step::Reserve(request.read()?.workspace_id);
    Ok(Json(body(take(&app, Doer::from(&operator), number_id(&id)?, step).await?)))
}

/// Free a number
///
/// Anybody may claim it, whoever it was kept for.
#[utoipa::path(post, operation_id = "admin_free_number", path = "/admin/numbers/{id}/free", security(("session" = [])),
    responses((status = 200, body = wire::AdminNumber, description = "The number as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::NumbersNotFound, ErrorCode::NumbersAlreadyClaimed,
        ErrorCode::NumbersRetired]))))]
async fn free_number(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::AdminNumber>> {
    Ok(Json(body(take(&app, Doer::from(&operator), number_id(&id)?, Step::Free).await?)))
}

/// Retire a number
///
/// For good. One that a workspace has is to be released first.
#[utoipa::path(post, operation_id = "admin_retire_number", path = "/admin/numbers/{id}/retire", security(("session" = [])),
    responses((status = 200, body = wire::AdminNumber, description = "The number as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::NumbersNotFound, ErrorCode::NumbersAlreadyClaimed]))))]
async fn retire_number(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::AdminNumber>> {
    Ok(Json(body(take(&app, Doer::from(&operator), number_id(&id)?, Step::Retire).await?)))
}

fn number_id(text: &str) -> Result<InventoryNumberId, SupplyError> {
    text.parse().map_err(|_| SupplyError::NumberUnknown)
}

fn body(stocked: Stocked) -> wire::AdminNumber {
    let Stocked { number, workspace, tenant_number_id } = stocked;
    let (workspace_id, workspace_name) = workspace.unzip();
    wire::AdminNumber {
        id: number.id,
        number: number.e164,
        country: number.country,
        state: number.state.as_str().to_owned(),
        capabilities: number.capabilities,
        series_id: number.series_id,
        workspace_id,
        workspace_name,
        tenant_number_id,
        kept_until: number.kept_until.map(rfc3339),
        created_at: rfc3339(number.created_at),
    }
}
