//! `/v1/numbers`.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use sautikit_api::ids::{InventoryNumberId, NumberId};
use sautikit_api::numbers as wire;
use serde_json::json;
use uuid::Uuid;

use super::store::{inventory, tenants};
use super::{InventoryNumber, NumberError, TenantNumber};
use crate::accounts::Scope;
use crate::audit;
use crate::calls::rating::RATE_SCALE;
use crate::clock::rfc3339;
use crate::error::{ApiError, ApiResult};
use crate::http::caller::Caller;
use crate::http::idempotency::{self, Begun, Request};
use crate::http::json::JsonBody;
use crate::http::page::Page;
use crate::numbers;
use crate::state::AppState;
use crate::wallet::period::BillingMonth;
use crate::wallet::{self, WalletError};

/// The routes of this room, relative to `/v1`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/numbers", get(list_numbers))
        .route("/numbers/available", get(list_available_numbers))
        .route("/numbers/{id}", get(get_number).delete(release_number))
        .route("/numbers/{id}/claim", post(claim_number))
        .route("/numbers/{id}/routing", patch(update_routing))
}

async fn list_available_numbers(
    State(app): State<AppState>,
    caller: Caller,
    page: Page,
    Query(query): Query<HashMap<String, String>>,
) -> ApiResult<Response> {
    caller.needs(Scope::NumbersRead)?;
    let text = |name: &str| query.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let contains = text("contains").trim_start_matches('+').to_owned();
    if !contains.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::field("contains", "`contains` is a run of digits."));
    }
    let filter = inventory::Filter {
        country: text("country").to_ascii_uppercase(),
        currency: text("currency").to_ascii_uppercase(),
        contains,
        capability: text("capability").replace(['%', '_', '"'], ""),
    };
    let mut conn = app.db.acquire().await?;
    let zone = wallet::read(&mut conn, caller.workspace.id).await?.zone;
    let month = BillingMonth::containing(app.now_us(), &zone).map_err(WalletError::from)?;
    // The inventory is read upwards by number, so the cursor's number is the negated E.164, which falls.
    let (before, _) = page.before();
    let after = if before == i64::MAX { String::new() } else { format!("+{}", before.unsigned_abs()) };
    let rows = inventory::list_available(&mut conn, &filter, &after, page.fetch_limit()).await?;
    Ok(page.answer(rows, |number| (falling(&number.e164), number.id.0), |number| available_body(number, &month)))
}

async fn claim_number(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::NumbersWrite)?;
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let id: InventoryNumberId = id.parse().map_err(|_| NumberError::NotFound)?;
    let claim = numbers::claim(&app, attempt.tx(), caller.workspace.id, id).await?;
    let details = json!({ "number": claim.number.e164, "charged_minor": claim.charged_minor });
    let entry = audit::Entry::by(&caller, "number.claimed", claim.number.id, details);
    audit::record(&app, attempt.tx(), &entry).await?;
    let body = wire::ClaimedNumber {
        number: number_body(claim.number),
        charged_minor: claim.charged_minor,
        period_start: rfc3339(claim.period_start),
        period_end: rfc3339(claim.period_end),
        next_charge_at: rfc3339(claim.period_end),
    };
    attempt.commit(&app, StatusCode::CREATED, &body).await
}

async fn list_numbers(State(app): State<AppState>, caller: Caller, page: Page) -> ApiResult<Response> {
    caller.needs(Scope::NumbersRead)?;
    let mut conn = app.db.acquire().await?;
    let rows = tenants::list(&mut conn, caller.workspace.id, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(rows, |number| (number.created_at, number.id.0), number_body))
}

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

async fn release_number(State(app): State<AppState>, caller: Caller, Path(id): Path<String>) -> ApiResult<StatusCode> {
    caller.needs(Scope::NumbersWrite)?;
    numbers::release(&app, &caller, number_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn number_id(text: &str) -> Result<NumberId, NumberError> {
    text.parse::<Uuid>().map(NumberId).map_err(|_| NumberError::NotAssigned)
}

/// The number's digits, negated.
fn falling(e164: &str) -> i64 {
    e164.trim_start_matches('+').parse::<i64>().map_or(0, |digits| -digits)
}

/// Rates finer than a minor unit are shown rounded up; the exact one is applied.
fn per_min_minor(per_minute_e4: i64) -> i64 {
    per_minute_e4 / RATE_SCALE + i64::from(per_minute_e4 % RATE_SCALE != 0)
}

fn available_body(number: InventoryNumber, month: &BillingMonth) -> wire::AvailableNumber {
    wire::AvailableNumber {
        id: number.id,
        number: number.e164.clone(),
        e164: number.e164,
        country: number.country,
        capabilities: number.capabilities,
        monthly_price_minor: number.monthly_price_minor,
        inbound_per_min_minor: per_min_minor(number.inbound_rate.per_minute_e4),
        outbound_per_min_minor: per_min_minor(number.outbound_rate.per_minute_e4),
        currency: number.currency.code().to_owned(),
        // A price that can't be shared out can't be claimed either; the claim says so.
        due_now_minor: month.pro_rata_minor(number.monthly_price_minor).unwrap_or(number.monthly_price_minor),
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
        inbound_per_min_minor: per_min_minor(number.inbound_rate.per_minute_e4),
        outbound_per_min_minor: per_min_minor(number.outbound_rate.per_minute_e4),
        created_at: rfc3339(number.created_at),
        voice_url: number.voice_callback_url.clone(),
        voice_callback_url: number.voice_callback_url,
        events_url: number.events_url,
        fallback_url: number.fallback_url,
        ring_devices: number.ring_devices,
    }
}
