//! `/v1/pricing`: what everybody may know of prices.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sautikit_api::countries;
use sautikit_api::money::Currency;
use sautikit_api::pricing as wire;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Destination, PublicPrices, operator, public_prices};
use crate::numbers::PriceOfNumbers;
use crate::state::AppState;
use crate::telephone;
use crate::web::error::{ApiError, ApiResult};
use crate::web::query::Query;

/// How long whoever keeps copies may show them.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// What narrows the prices.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct PricingQuery {
    /// ISO 3166-1 alpha-2: numbers and destinations of this country only.
    #[param(pattern = "^([A-Za-z]{2})?$")]
    country: String,
    /// ISO 4217; absent: the first that is offered.
    currency: String,
}

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show_pricing)).routes(routes!(list_currencies)).merge(operator::http::routes())
}

/// Show prices
///
/// What numbers and calls cost, for everybody to see.
#[utoipa::path(get, path = "/pricing", security(()), params(PricingQuery),
    responses((status = 200, body = wire::Pricing, description = "Prices in one currency.",
        headers(("Cache-Control" = String, description = "A minute.")))))]
async fn show_pricing(State(app): State<AppState>, Query(query): Query<PricingQuery>) -> ApiResult<Response> {
    let country = query.country.trim().to_ascii_uppercase();
    let is_known = country.len() == 2 && telephone::is_country(&country);
    if !country.is_empty() && !is_known {
        return Err(ApiError::field("country", "`country` is the two letters of ISO 3166-1, such as KE for Kenya."));
    }
    let prices = public_prices(&app, checked_currency(&query.currency)?, &country).await?;
    Ok(([(header::CACHE_CONTROL, CACHED)], Json(body(prices))).into_response())
}

/// List currencies
///
/// Those in which a workspace can be opened: numbers can be claimed and calls paid in them.
#[utoipa::path(get, path = "/pricing/currencies", security(()),
    responses((status = 200, body = Vec<wire::OfferedCurrency>, description = "Currencies.")))]
async fn list_currencies(State(app): State<AppState>) -> ApiResult<Json<Vec<wire::OfferedCurrency>>> {
    let offered = super::offered_currencies(&app).await?;
    Ok(Json(offered.into_iter().map(currency_body).collect()))
}

/// The currency that a query names, if it names one.
pub(super) fn checked_currency(text: &str) -> ApiResult<Option<Currency>> {
    let code = text.trim().to_ascii_uppercase();
    if code.is_empty() {
        return Ok(None);
    }
    let known = || Vec::from_iter(Currency::ALL.iter().map(|known| format!("`{}`", known.code()))).join(", ");
    let read = Currency::parse(&code);
    read.map(Some).ok_or_else(|| ApiError::field("currency", format!("`currency` is one of {}.", known())))
}

fn body(prices: PublicPrices) -> wire::Pricing {
    let PublicPrices { currency, offered, numbers, destinations, has_more } = prices;
    wire::Pricing {
        currency: currency.code().to_owned(),
        exponent: currency.exponent(),
        currencies: offered.into_iter().map(currency_body).collect(),
        numbers: numbers.into_iter().map(number_body).collect(),
        destinations: destinations.into_iter().map(destination_body).collect(),
        has_more_destinations: has_more,
    }
}

fn currency_body(currency: Currency) -> wire::OfferedCurrency {
    wire::OfferedCurrency { code: currency.code().to_owned(), exponent: currency.exponent() }
}

fn number_body(of: PriceOfNumbers) -> wire::NumberPricing {
    let (inbound, outbound) = (of.price.inbound_rate, of.price.outbound_rate);
    wire::NumberPricing {
        country_name: countries::name(&of.country).to_owned(),
        country: of.country,
        capabilities: of.capabilities,
        monthly_price_minor: of.price.monthly_price_minor,
        inbound_per_min_e4: inbound.per_minute_e4,
        inbound_per_min_minor: inbound.shown_per_minute_minor(),
        outbound_per_min_e4: outbound.per_minute_e4,
        outbound_per_min_minor: outbound.shown_per_minute_minor(),
        billing_minimum_seconds: outbound.least_seconds(),
        billing_increment_seconds: outbound.increment_seconds,
        available: of.numbers,
    }
}

fn destination_body(destination: Destination) -> wire::DestinationPricing {
    let Destination { prefix, country, rate } = destination;
    wire::DestinationPricing {
        prefix,
        country_name: country.as_deref().map(|code| countries::name(code).to_owned()),
        country,
        per_min_e4: rate.per_minute_e4,
        per_min_minor: rate.shown_per_minute_minor(),
        billing_minimum_seconds: rate.least_seconds(),
        billing_increment_seconds: rate.increment_seconds,
    }
}
