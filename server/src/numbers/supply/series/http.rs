//! `/v1/admin/series`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::SeriesId;
use sautikit_api::supply as wire;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::import::import;
use super::{Shown, create, prices, store, update};
use crate::clock::rfc3339;
use crate::numbers::SeriesStatus;
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
struct SeriesQuery {
    /// Of this provider.
    #[param(format = Uuid)]
    provider_id: String,
    /// ISO 3166-1 alpha-2.
    #[param(pattern = "^([A-Z]{2})?$")]
    country: String,
    /// `active`, `paused` or `retired`.
    #[param(pattern = "^(active|paused|retired)?$")]
    status: String,
}

/// The operators' routes, relative to `/v1`.
pub(in crate::numbers) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_series, create_series))
        .routes(routes!(import_series))
        .routes(routes!(show_series, update_series))
}

/// List series
///
/// Blocks of numbers, with what they cost and how many stand where.
#[utoipa::path(get, operation_id = "admin_list_series", path = "/admin/series", security(("session" = [])),
    params(Paged, SeriesQuery),
    responses((status = 200, body = Vec<wire::Series>, description = "Series, the newest first.")))]
async fn list_series(
    State(app): State<AppState>,
    _: Operator,
    page: Page,
    Query(query): Query<SeriesQuery>,
) -> ApiResult<Response> {
    let filter = store::Filter {
        provider_id: checked_id("provider_id", &query.provider_id)?,
        country: match query.country.as_str() {
            "" => String::new(),
            country => providers::checked_country(country)?,
        },
        status: match query.status.as_str() {
            "" => String::new(),
            name => match SeriesStatus::parse(name) {
                Some(status) => status.as_str().to_owned(),
                None => return Err(ApiError::field("status", "`status` is `active`, `paused` or `retired`.")),
            },
        },
        id: String::new(),
    };
    let found = store::list(&mut *app.db.acquire().await?, &filter, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(found, |shown| (shown.series.created_at, shown.series.id.0), body))
}

/// Load a series
///
/// Makes its numbers, all of them or none. A repeated request is refused, because its numbers are there.
#[utoipa::path(post, operation_id = "admin_create_series", path = "/admin/series", security(("session" = [])),
    request_body = wire::CreateSeries,
    responses((status = 201, body = wire::Series, description = "The series; its numbers can be claimed.")),
    extensions(("x-errors" = json!([ErrorCode::NumbersSeriesInvalid, ErrorCode::NumbersSuffixCollision]))))]
async fn create_series(
    State(app): State<AppState>,
    operator: Operator,
    request: JsonBody<wire::CreateSeries>,
) -> ApiResult<(StatusCode, Json<wire::Series>)> {
    let series = create(&app, Doer::from(&operator), &request.read()?).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, series.id).await?)))
}

/// Load series from a file
///
/// All of it or nothing. A dry run says what would be made, or which lines have mistakes.
#[utoipa::path(post, operation_id = "admin_import_series", path = "/admin/series/import", security(("session" = [])),
    request_body = wire::ImportSeries,
    responses((status = 200, body = wire::SeriesImport, description = "What was made, or would be.")),
    extensions(("x-errors" = json!([ErrorCode::NumbersSeriesInvalid]))))]
async fn import_series(
    State(app): State<AppState>,
    operator: Operator,
    request: JsonBody<wire::ImportSeries>,
) -> ApiResult<Json<wire::SeriesImport>> {
    let asked = request.read()?;
    if asked.csv.trim().is_empty() {
        return Err(ApiError::field("csv", "`csv` is empty. Its first line names the columns."));
    }
    Ok(Json(import(&app, Doer::from(&operator), &asked.csv, asked.dry_run).await?))
}

/// Show a series
#[utoipa::path(get, operation_id = "admin_show_series", path = "/admin/series/{id}", security(("session" = [])),
    responses((status = 200, body = wire::Series, description = "The series.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn show_series(
    State(app): State<AppState>,
    _: Operator,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::Series>> {
    Ok(Json(shown(&app, series_id(&id)?).await?))
}

/// Change a series
///
/// Its status, its prices, what its numbers can do. `retired` is for good.
#[utoipa::path(patch, operation_id = "admin_update_series", path = "/admin/series/{id}", security(("session" = [])),
    request_body = wire::UpdateSeries,
    responses((status = 200, body = wire::Series, description = "The series as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound, ErrorCode::NumbersSeriesInvalid,
        ErrorCode::NumbersSeriesNotActive]))))]
async fn update_series(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    request: JsonBody<wire::UpdateSeries>,
) -> ApiResult<Json<wire::Series>> {
    let series = update(&app, Doer::from(&operator), series_id(&id)?, request.read()?).await?;
    Ok(Json(shown(&app, series.id).await?))
}

fn series_id(text: &str) -> Result<SeriesId, SupplyError> {
    text.parse().map_err(|_| SupplyError::SeriesUnknown)
}

/// The id as the database writes it, or empty.
pub(in crate::numbers::supply) fn checked_id(field: &'static str, text: &str) -> ApiResult<String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let id = uuid::Uuid::parse_str(text).map_err(|_| ApiError::field(field, format!("`{field}` is a UUID.")))?;
    Ok(id.to_string())
}

async fn shown(app: &AppState, id: SeriesId) -> ApiResult<wire::Series> {
    let filter = store::Filter { id: id.to_string(), ..store::Filter::default() };
    let latest = (i64::MAX, "");
    let found = store::list(&mut *app.db.acquire().await?, &filter, latest, 1).await?;
    Ok(body(found.into_iter().next().ok_or(SupplyError::SeriesUnknown)?))
}

fn body(shown: Shown) -> wire::Series {
    let Shown { series, provider_name, prices, numbers } = shown;
    wire::Series {
        id: series.id,
        provider_id: series.provider_id,
        provider_name,
        country: series.country,
        prefix: series.prefix,
        first_suffix: series.first_suffix,
        last_suffix: series.last_suffix,
        trunk: series.trunk,
        capabilities: series.capabilities,
        status: series.status.as_str().to_owned(),
        prices: prices::bodies(&prices),
        numbers,
        created_at: rfc3339(series.created_at),
    }
}
