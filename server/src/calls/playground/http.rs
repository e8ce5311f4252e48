//! `POST /v1/actions/validate`.

use axum::Json;
use sautikit_api::numbers::Compat;
use sautikit_api::playground as wire;
use sautikit_api::rights::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::validate;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::json::JsonBody;

/// Longest document, in characters: what a voice callback may answer in XML.
const MAX_DOCUMENT_CHARS: usize = 65_536;
/// Longest content type, in characters.
const MAX_CONTENT_TYPE_CHARS: usize = 255;

/// The routes, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(validate_actions))
}

/// Validate voice actions
///
/// Reads a document, JSON or XML, as a call would, and answers what would run, what would be skipped, and what is wrong with
/// it and where. Nothing runs, nothing is kept.
#[utoipa::path(post, path = "/actions/validate", request_body = wire::ValidateActions,
    responses((status = 200, body = wire::ValidatedActions, description = "What it was read as, good or bad.")),
    extensions(("x-scope" = json!(Scope::CallsRead))))]
async fn validate_actions(
    caller: Caller,
    body: JsonBody<wire::ValidateActions>,
) -> ApiResult<Json<wire::ValidatedActions>> {
    caller.needs(Scope::CallsRead)?;
    let wire::ValidateActions { document, content_type, compat } = body.read()?;
    if document.chars().count() > MAX_DOCUMENT_CHARS {
        return Err(ApiError::field("document", format!("`document` has at most {MAX_DOCUMENT_CHARS} characters.")));
    }
    let content_type = content_type.unwrap_or_default();
    if content_type.chars().count() > MAX_CONTENT_TYPE_CHARS {
        let message = format!("`content_type` has at most {MAX_CONTENT_TYPE_CHARS} characters.");
        return Err(ApiError::field("content_type", message));
    }
    let compat = match compat.as_deref() {
        None => Compat::Sautikit,
        Some(name) => Compat::parse(name)
            .ok_or_else(|| ApiError::field("compat", "`compat` is `sautikit`, `twilio` or `africastalking`."))?,
    };
    Ok(Json(validate(&document, &content_type, compat)))
}
