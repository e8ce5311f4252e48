//! `/v1/admin/prices`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::PriceId;
use sautikit_api::money::Currency;
use sautikit_api::pricing as wire;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Difference, Doer, Import, PriceRow, create, end, import};
use crate::clock::rfc3339;
use crate::pricing::import::Change;
use crate::pricing::{PricingError, store};
use crate::rating::Rate;
use crate::state::AppState;
use crate::telephone;
use crate::web::caller::Operator;
use crate::web::error::{ApiError, ApiResult};
use crate::web::json::JsonBody;
use crate::web::moment::read_moment;
use crate::web::page::Page;
use crate::web::params::{Moment, Paged};
use crate::web::query::Query;

/// What narrows the list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct PriceQuery {
    /// Of prefixes that begin with these digits.
    #[param(pattern = r"^\+?[0-9]*$")]
    prefix: String,
    /// ISO 4217.
    currency: String,
    /// This workspace's own.
    #[param(format = Uuid)]
    workspace_id: String,
    /// That count at this moment; absent: all that ever did or will.
    #[param(value_type = Moment)]
    at: String,
}

/// The operators' routes, relative to `/v1`.
pub(in crate::pricing) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_prices, create_price))
        .routes(routes!(import_prices))
        .routes(routes!(end_price))
}

/// List prices
///
/// Of destinations, workspaces' own among them.
#[utoipa::path(get, operation_id = "admin_list_prices", path = "/admin/prices", security(("session" = [])),
    params(Paged, PriceQuery),
    responses((status = 200, body = Vec<wire::Price>, description = "Prices, the newest first.")))]
async fn list_prices(
    State(app): State<AppState>,
    _: Operator,
    page: Page,
    Query(query): Query<PriceQuery>,
) -> ApiResult<Response> {
    let prefix = query.prefix.trim().trim_start_matches('+').to_owned();
    if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::field("prefix", "`prefix` is a run of digits."));
    }
    let workspace_id = match query.workspace_id.as_str() {
        "" => String::new(),
        text => uuid::Uuid::parse_str(text)
            .map_err(|_| ApiError::field("workspace_id", "`workspace_id` is a UUID."))?
            .to_string(),
    };
    let filter = store::Filter {
        prefix,
        currency: super::super::http::checked_currency(&query.currency)?
            .map_or_else(String::new, |currency| currency.code().to_owned()),
        workspace_id,
        at_us: read_moment(&query.at, "at", 0, false)?,
    };
    let prices = store::page(&mut *app.db.acquire().await?, &filter, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(prices, |price| (price.created_at, price.id.0), body))
}

/// Add a price
///
/// Of a destination, for everybody or for one workspace. A repeated request is refused, because a prefix has one price from a
/// moment on.
#[utoipa::path(post, operation_id = "admin_create_price", path = "/admin/prices", security(("session" = [])),
    request_body = wire::CreatePrice,
    responses((status = 201, body = wire::Price, description = "The price.")))]
async fn create_price(
    State(app): State<AppState>,
    operator: Operator,
    request: JsonBody<wire::CreatePrice>,
) -> ApiResult<(StatusCode, Json<wire::Price>)> {
    let price = create(&app, Doer::from(&operator), &request.read()?).await?;
    Ok((StatusCode::CREATED, Json(body(price))))
}

/// Load prices from a file
///
/// All of it or nothing. A dry run says what would change, line by line, or which lines have mistakes.
#[utoipa::path(post, operation_id = "admin_import_prices", path = "/admin/prices/import", security(("session" = [])),
    request_body = wire::ImportPrices,
    responses((status = 200, body = wire::PriceImport, description = "What changed, or would.")))]
async fn import_prices(
    State(app): State<AppState>,
    operator: Operator,
    request: JsonBody<wire::ImportPrices>,
) -> ApiResult<Json<wire::PriceImport>> {
    let asked = request.read()?;
    if asked.csv.trim().is_empty() {
        return Err(ApiError::field("csv", "`csv` is empty. Its first line names the columns."));
    }
    let how = (asked.dry_run, asked.end_missing);
    let done = import(&app, Doer::from(&operator), &asked.csv, how, asked.valid_from.as_deref()).await?;
    Ok(Json(import_body(&done)))
}

/// End a price
///
/// Now, or at a moment to come. Calls that run keep the price that they began at.
#[utoipa::path(post, operation_id = "admin_end_price", path = "/admin/prices/{id}/end", security(("session" = [])),
    request_body = wire::EndPrice,
    responses((status = 200, body = wire::Price, description = "The price as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn end_price(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    request: JsonBody<wire::EndPrice>,
) -> ApiResult<Json<wire::Price>> {
    let asked = request.read()?;
    let id: PriceId = id.parse().map_err(|_| PricingError::NotFound)?;
    Ok(Json(body(end(&app, Doer::from(&operator), id, asked.at.as_deref()).await?)))
}

fn body(price: PriceRow) -> wire::Price {
    wire::Price {
        id: price.id,
        workspace_id: price.workspace_id,
        country: telephone::country_of_prefix(&price.prefix),
        prefix: price.prefix,
        currency: price.currency.code().to_owned(),
        per_min_e4: price.rate.per_minute_e4,
        billing_minimum_seconds: price.rate.least_seconds(),
        billing_increment_seconds: price.rate.increment_seconds,
        valid_from: rfc3339(price.valid_from),
        valid_until: price.valid_until.map(rfc3339),
        created_at: rfc3339(price.created_at),
    }
}

/// What an import came to, as the API and the command line show it.
pub fn import_body(done: &Import) -> wire::PriceImport {
    let shown = done.differences.iter().filter(|difference| difference.change != Change::Unchanged);
    wire::PriceImport {
        applied: done.is_applied,
        added: done.count(Change::Added),
        changed: done.count(Change::Changed),
        ended: done.count(Change::Ended),
        unchanged: done.count(Change::Unchanged),
        lines: shown.map(difference_body).collect(),
        errors: done.errors.clone(),
    }
}

fn difference_body(difference: &Difference) -> wire::PriceDifference {
    let terms = |rate: Rate| wire::PriceTerms {
        per_min_e4: rate.per_minute_e4,
        billing_minimum_seconds: rate.least_seconds(),
        billing_increment_seconds: rate.increment_seconds,
    };
    let (workspace_id, currency, prefix) = &difference.key;
    wire::PriceDifference {
        line: difference.line,
        change: difference.change.as_str().to_owned(),
        workspace_id: *workspace_id,
        currency: Currency::code(*currency).to_owned(),
        prefix: prefix.clone(),
        from: rfc3339(difference.from),
        before: difference.before.map(terms),
        after: difference.after.map(terms),
    }
}
