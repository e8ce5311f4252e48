//! `/v1/numbers`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::{InventoryNumberId, NumberId};
use sautikit_api::money::Currency;
use sautikit_api::numbers as wire;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{inventory, tenants};
use super::{NumberError, Offer, Sort, TenantNumber, supply};
use crate::audit;
use crate::clock::rfc3339;
use crate::numbers;
use crate::state::AppState;
use crate::tax::TaxRate;
use crate::wallet::period::BillingMonth;
use crate::wallet::{self, WalletError};
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::idempotency::{self, Request};
use crate::web::json::JsonBody;
use crate::web::page::Page;
use crate::web::params::{Idempotent, Paged};
use crate::web::query::Query;
use crate::webhooks;
use sautikit_api::rights::Scope;
use sautikit_api::webhooks::RotateSecret;

/// What narrows the inventory.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct AvailableQuery {
    /// ISO 3166-1 alpha-2.
    country: String,
    /// ISO 4217; absent: the workspace's.
    currency: String,
    /// Digits in a row.
    #[param(pattern = "^\\+*[0-9]*$")]
    contains: String,
    /// For instance `voice`.
    capability: String,
    /// The dearest monthly price, in minor units.
    #[param(minimum = 0)]
    max_monthly_price_minor: Option<i64>,
    /// `number` (as it is when absent) or `price`, the cheapest first.
    #[param(pattern = "^(number|price)?$")]
    sort: String,
}

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_numbers))
        .routes(routes!(list_available_numbers))
        .routes(routes!(get_number, release_number))
        .routes(routes!(claim_number))
        .routes(routes!(update_routing))
        .routes(routes!(rotate_signing_secret))
        .merge(supply::routes())
}

/// List numbers to claim
///
/// By number or by price, upwards, with their prices in one currency. Numbers that are kept for the workspace are among them.
#[utoipa::path(get, path = "/numbers/available",
    params(Paged, AvailableQuery),
    responses((status = 200, body = Vec<wire::AvailableNumber>, description = "Numbers that can be claimed now.")),
    extensions(("x-scope" = json!(Scope::NumbersRead)),
        ("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn list_available_numbers(
    State(app): State<AppState>,
    caller: Caller,
    page: ApiResult<Page>,
    query: ApiResult<Query<AvailableQuery>>,
) -> ApiResult<Response> {
    caller.needs(Scope::NumbersRead)?;
    let (page, Query(query)) = (page?, query?);
    let contains = checked_contains(&query.contains)?;
    let country = query.country.trim().to_ascii_uppercase();
    if !(country.is_empty() || country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Err(ApiError::field("country", "`country` is the two letters of ISO 3166-1, such as KE for Kenya."));
    }
    let currency = checked_currency(&query.currency)?;
    let max_monthly_minor = query.max_monthly_price_minor.unwrap_or(i64::MAX);
    if max_monthly_minor < 0 {
        return Err(ApiError::field("max_monthly_price_minor", "`max_monthly_price_minor` is 0 or more."));
    }
    let sort = match query.sort.as_str() {
        "" => Sort::Number,
        name => Sort::parse(name).ok_or_else(|| ApiError::field("sort", "`sort` is `number` or `price`."))?,
    };
    let mut conn = app.db.acquire().await?;
    let wallet = wallet::read(&mut conn, caller.workspace.id).await?;
    let month = BillingMonth::containing(app.now_us(), &wallet.zone).map_err(WalletError::from)?;
    let tax = wallet.tax(&app.config.tax);
    let filter = inventory::Filter {
        currency: currency.unwrap_or(wallet.currency),
        workspace_id: caller.workspace.id,
        country,
        contains,
        capability: query.capability.trim().replace(['%', '_', '"'], ""),
        max_monthly_minor,
    };
    let after = after(&page);
    let rows = inventory::list_offers(&mut conn, &filter, sort, &after, page.fetch_limit()).await?;
    let position = |offer: &Offer| match sort {
        Sort::Number => (falling(&offer.number.e164), offer.number.id.0),
        Sort::Price => (-offer.price.monthly_price_minor, offer.number.id.0),
    };
    Ok(page.answer(rows, position, |offer| available_body(offer, &month, tax)))
}

/// Where the page before ended: the inventory is read upwards, so the cursor holds the negated number or price, which falls.
fn after(page: &Page) -> inventory::After {
    let (before, id) = page.before();
    let is_first = before == i64::MAX;
    inventory::After {
        e164: after_number(page),
        price_minor: if is_first { -1 } else { before.saturating_neg() },
        id: if is_first { String::new() } else { id.to_owned() },
    }
}

/// The number after which a page of a list by number begins.
pub(super) fn after_number(page: &Page) -> String {
    let (before, _) = page.before();
    if before == i64::MAX { String::new() } else { format!("+{}", before.unsigned_abs()) }
}

/// Digits in a row, with or without a plus before them.
pub(super) fn checked_contains(text: &str) -> ApiResult<String> {
    let contains = text.trim().trim_start_matches('+').to_owned();
    if !contains.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::field("contains", "`contains` is a run of digits."));
    }
    Ok(contains)
}

fn checked_currency(text: &str) -> ApiResult<Option<Currency>> {
    let currency = text.trim().to_ascii_uppercase();
    if currency.is_empty() {
        return Ok(None);
    }
    let known = || Vec::from_iter(Currency::ALL.iter().map(|known| format!("`{}`", known.code()))).join(", ");
    let read = Currency::parse(&currency);
    read.map(Some).ok_or_else(|| ApiError::field("currency", format!("`currency` is one of {}.", known())))
}

/// Claim a number
///
/// Debits the rental of the days that are left in the billing month.
#[utoipa::path(post, path = "/numbers/{id}/claim",
    params(("id" = InventoryNumberId, Path, description = "Its id in the inventory."), Idempotent),
    responses((status = 201, body = wire::ClaimedNumber, description = "The number and what it cost.")),
    extensions(("x-scope" = json!(Scope::NumbersWrite)),
        ("x-errors" = json!([ErrorCode::NumbersNotFound, ErrorCode::NumbersAlreadyClaimed,
        ErrorCode::NumbersRetired, ErrorCode::NumbersSeriesNotActive, ErrorCode::NumbersPriceMissing, ErrorCode::WalletInsufficientFunds,
        ErrorCode::WalletInvalidAmount, ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn claim_number(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::NumbersWrite)?;
    idempotency::once(&app, &caller, &request, async |mut attempt| {
        let id: InventoryNumberId = id.parse().map_err(|_| NumberError::NotFound)?;
        let claim = numbers::claim(&app, attempt.tx(), caller.workspace.id, id).await?;
        let details = json!({ "number": claim.number.e164, "charged_minor": claim.charged_minor });
        let entry = audit::Entry::by(&caller, "number.claimed", claim.number.id, details);
        audit::record(&app, attempt.tx(), &entry).await?;
        let body = wire::ClaimedNumber {
            number: number_body(claim.number),
            charged_minor: claim.charged_minor,
            tax_minor: claim.tax_minor,
            period_start: rfc3339(claim.period_start),
            period_end: rfc3339(claim.period_end),
            next_charge_at: rfc3339(claim.period_end),
        };
        let answer = attempt.commit(&app, StatusCode::CREATED, &body).await;
        webhooks::ring(&app);
        app.tenant_changes.note();
        answer
    })
    .await
}

/// List numbers
#[utoipa::path(get, path = "/numbers",
    params(Paged),
    responses((status = 200, body = Vec<wire::Number>, description = "The workspace's numbers, the newest first.")),
    extensions(("x-scope" = json!(Scope::NumbersRead))))]
async fn list_numbers(State(app): State<AppState>, caller: Caller, page: ApiResult<Page>) -> ApiResult<Response> {
    caller.needs(Scope::NumbersRead)?;
    let page = page?;
    let mut conn = app.db.acquire().await?;
    let rows = tenants::list(&mut conn, caller.workspace.id, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(rows, |number| (number.created_at, number.id.0), number_body))
}

/// Show a number
#[utoipa::path(get, path = "/numbers/{id}",
    responses((status = 200, body = wire::Number, description = "The number.")),
    extensions(("x-scope" = json!(Scope::NumbersRead)), ("x-errors" = json!([ErrorCode::NumbersNotAssigned]))))]
async fn get_number(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::Number>> {
    caller.needs(Scope::NumbersRead)?;
    let mut conn = app.db.acquire().await?;
    let number = numbers::get_number(&mut conn, caller.workspace.id, number_id(&id)?).await?;
    Ok(Json(number_body(number)))
}

/// Route a number
///
/// Who is asked for voice actions and told of calls.
#[utoipa::path(patch, path = "/numbers/{id}/routing", request_body = wire::UpdateRouting,
    responses((status = 200, body = wire::Number, description = "The number as it is now.")),
    extensions(("x-scope" = json!(Scope::NumbersWrite)),
        ("x-errors" = json!([ErrorCode::NumbersNotAssigned, ErrorCode::NumbersInvalidRoutingUrl]))))]
async fn update_routing(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    body: JsonBody<wire::UpdateRouting>,
) -> ApiResult<Json<wire::Number>> {
    caller.needs(Scope::NumbersWrite)?;
    let number = numbers::update_routing(&app, &caller, number_id(&id)?, body.read()?).await?;
    Ok(Json(number_body(number)))
}

/// Rotate a number's signing secret
///
/// From the next call on the number's voice callbacks are signed with the secret that this answer shows once. For
/// `grace_seconds` what your server refuses with 400, 401 or 403 is asked again at once, signed with the secret before; so
/// change it over at any time within that. The body may be left out.
#[utoipa::path(post, path = "/numbers/{id}/routing/rotate-secret", params(Idempotent), request_body = Option<RotateSecret>,
    responses((status = 200, body = wire::SigningSecret, description = "The secret, shown once.")),
    extensions(("x-scope" = json!(Scope::NumbersWrite)), ("x-errors" = json!([ErrorCode::NumbersNotAssigned,
        ErrorCode::WebhooksFormerSecretSigns]))))]
async fn rotate_signing_secret(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::NumbersWrite)?;
    idempotency::once(&app, &caller, &request, async |mut attempt| {
        let asked: RotateSecret = request.read_or_default()?;
        let id = number_id(&id)?;
        let (secret, former_until) = numbers::rotate_signing_secret(&app, attempt.tx(), &caller, id, &asked).await?;
        let body = wire::SigningSecret { secret, former_secret_until: rfc3339(former_until) };
        let answer = attempt.commit(&app, StatusCode::OK, &body).await;
        app.tenant_changes.note();
        answer
    })
    .await
}

/// Release a number
#[utoipa::path(delete, path = "/numbers/{id}",
    responses((status = 204, description = "Released.")),
    extensions(("x-scope" = json!(Scope::NumbersWrite)), ("x-errors" = json!([ErrorCode::NumbersNotAssigned]))))]
async fn release_number(State(app): State<AppState>, caller: Caller, Path(id): Path<String>) -> ApiResult<StatusCode> {
    caller.needs(Scope::NumbersWrite)?;
    numbers::release(&app, &caller, number_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn number_id(text: &str) -> Result<NumberId, NumberError> {
    text.parse::<Uuid>().map(NumberId).map_err(|_| NumberError::NotAssigned)
}

/// The number's digits, negated.
pub(super) fn falling(e164: &str) -> i64 {
    e164.trim_start_matches('+').parse::<i64>().map_or(0, |digits| -digits)
}

fn available_body(Offer { number, price }: Offer, month: &BillingMonth, tax: TaxRate) -> wire::AvailableNumber {
    let due_minor = month.pro_rata_minor(price.monthly_price_minor).unwrap_or(price.monthly_price_minor);
    wire::AvailableNumber {
        id: number.id,
        number: number.e164.clone(),
        e164: number.e164,
        country: number.country,
        capabilities: number.capabilities,
        monthly_price_minor: price.monthly_price_minor,
        inbound_per_min_e4: price.inbound_rate.per_minute_e4,
        inbound_per_min_minor: price.inbound_rate.shown_per_minute_minor(),
        outbound_per_min_e4: price.outbound_rate.per_minute_e4,
        outbound_per_min_minor: price.outbound_rate.shown_per_minute_minor(),
        billing_minimum_seconds: price.outbound_rate.least_seconds(),
        billing_increment_seconds: price.outbound_rate.increment_seconds,
        currency: price.currency.code().to_owned(),
        // A price that can't be shared out can't be claimed either; the claim says so.
        due_now_minor: tax.gross_minor(due_minor),
        next_charge_at: rfc3339(month.end_us),
        next_charge_minor: tax.gross_minor(price.monthly_price_minor),
        state: number.state.as_str().to_owned(),
        kept_until: number.kept_until.map(rfc3339),
    }
}

fn number_body(number: TenantNumber) -> wire::Number {
    wire::Number {
        id: number.id,
        number: number.e164.clone(),
        e164: number.e164,
        status: number.status,
        country: number.country,
        capabilities: number.capabilities,
        currency: number.currency.code().to_owned(),
        monthly_price_minor: number.monthly_price_minor,
        inbound_per_min_e4: number.inbound_rate.per_minute_e4,
        inbound_per_min_minor: number.inbound_rate.shown_per_minute_minor(),
        outbound_per_min_e4: number.outbound_rate.per_minute_e4,
        outbound_per_min_minor: number.outbound_rate.shown_per_minute_minor(),
        billing_minimum_seconds: number.outbound_rate.least_seconds(),
        billing_increment_seconds: number.outbound_rate.increment_seconds,
        created_at: rfc3339(number.created_at),
        voice_url: number.voice_callback_url.clone(),
        voice_callback_url: number.voice_callback_url,
        events_url: number.events_url,
        fallback_url: number.fallback_url,
        shadow_url: number.shadow_url,
        ring_devices: number.ring_devices,
        compat: number.compat.as_str().to_owned(),
    }
}
