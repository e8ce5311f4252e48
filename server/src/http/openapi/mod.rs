//! The API's description: `GET /v1/openapi.json` and `sautikit openapi`, OpenAPI 3.1.
//!
//! Made from the same routers that serve: `routes!` takes a handler together with its `#[utoipa::path]`, so route and
//! description can't drift. A handler says what is its own (body, answer, scope, its own error codes); [`complete`] adds
//! what follows from it for every endpoint of that kind. What many endpoints share stands once, under `components`.
//! Deliberately absent: a second list of endpoints.

mod answers;
mod complete;
mod components;
mod errors;
mod examples;
mod known;
mod sets;
mod status_callback;
mod tags;
mod voice_callback;

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use sautikit_api::ErrorBody;
use sautikit_api::bounds::Month;
use serde_json::Value;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use self::known::unknown_parameter;
use super::health;
use crate::state::AppState;
use crate::web::{etag, params};

/// Clients ask again each time, by the ETag: the document changes only with the server's version.
const CACHING: &str = "no-cache";

static SERVED: LazyLock<(String, String)> = LazyLock::new(|| {
    let text = document().to_string();
    let etag = etag::tag_of(text.as_bytes());
    (text, etag)
});

/// The route of the document itself, relative to `/v1`.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show_openapi))
}

/// What no handler names: the body of every refusal, and what only parameters refer to.
#[derive(OpenApi)]
#[openapi(components(schemas(ErrorBody, Month, params::Moment, sautikit_api::sets::RecordingFormat)))]
struct Shared;

/// The whole description.
pub fn document() -> Value {
    let described =
        OpenApiRouter::<AppState>::with_openapi(Shared::openapi()).nest("/v1", super::api()).merge(health::routes());
    let (_, described) = described.split_for_parts();
    complete::complete(serde_json::to_value(described).unwrap_or_default())
}

/// This document
///
/// OpenAPI 3.1, made from the handlers' own types.
#[utoipa::path(get, path = "/openapi.json", security(()),
    responses((status = 200, body = Value, description = "The document.", headers(("ETag" = String, description = "For `If-None-Match`."))),
        (status = 304, description = "It is the one that `If-None-Match` names.")))]
async fn show_openapi(headers: HeaderMap) -> Response {
    let (text, etag) = &*SERVED;
    let mut response = etag::answer(&headers, etag, text.as_str());
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHING));
    response
}

#[cfg(test)]
mod tests;
