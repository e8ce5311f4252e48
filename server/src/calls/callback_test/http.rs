//! `POST /v1/numbers/{id}/routing/test`.

use axum::Json;
use axum::extract::{Path, State};
use sautikit_api::ErrorCode;
use sautikit_api::ids::NumberId;
use sautikit_api::numbers as wire;
use sautikit_api::rights::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::test_callback;
use crate::numbers::NumberError;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::ApiResult;
use crate::web::json::JsonBody;

/// The routes, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(test_routing))
}

/// Test a number's routing
///
/// Asks the number's voice callback once, as an incoming call would: the same form with `Test=true` beside, the same
/// signature, at most ten seconds. Answers what was sent, what came, and the voice actions as they were read, or what is wrong with
/// them and where. No call is made, none of the actions runs, nothing is charged. The body may be left out.
#[utoipa::path(post, path = "/numbers/{id}/routing/test", request_body = Option<wire::TestRouting>,
    responses((status = 200, body = wire::TestedRouting, description = "What came of it, good or bad.")),
    extensions(("x-scope" = json!(Scope::NumbersWrite)),
        ("x-errors" = json!([ErrorCode::NumbersNotAssigned, ErrorCode::NumbersInvalidRoutingUrl]))))]
async fn test_routing(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    body: JsonBody<wire::TestRouting>,
) -> ApiResult<Json<wire::TestedRouting>> {
    caller.needs(Scope::NumbersWrite)?;
    let asked = body.read_or_default()?;
    let id: NumberId = id.parse().map_err(|_| NumberError::NotAssigned)?;
    Ok(Json(test_callback(&app, &caller, id, asked.from.as_deref()).await?))
}
