//! `GET /v1/shadow-requests`.

use axum::extract::State;
use axum::response::Response;
use sautikit_api::ids::CallId;
use sautikit_api::rights::Scope;
use sautikit_api::shadow as wire;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Filter, Outcome, ShadowRequest, store};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::page::Page;
use crate::web::params::Paged;
use crate::web::query::Query;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_shadow_requests))
}

/// The outcome that stands for all that are not the same.
const DIFFERING: &str = "differing";

/// What narrows the list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct ShadowQuery {
    /// Only those with this outcome, or `differing` for all but `same`.
    #[param(pattern = "^(same|different|failed|recovered|differing)?$")]
    outcome: String,
    /// Only those of this number.
    number_id: String,
    /// Only those of this call.
    call_id: String,
}

/// List shadow requests
///
/// Copies of voice callback requests that went to numbers' `shadow_url` in the last days, each with how the answer differed
/// from the live one. Entries appear within a second after both have answered.
#[utoipa::path(get, path = "/shadow-requests",
    params(Paged, ShadowQuery),
    responses((status = 200, body = Vec<wire::ShadowRequest>, description = "Shadow requests, the newest first.")),
    extensions(("x-scope" = json!(Scope::CallsRead))))]
async fn list_shadow_requests(
    State(app): State<AppState>,
    caller: Caller,
    page: ApiResult<Page>,
    query: ApiResult<Query<ShadowQuery>>,
) -> ApiResult<Response> {
    caller.needs(Scope::CallsRead)?;
    let (page, Query(query)) = (page?, query?);
    let filter = read_filter(&query)?;
    let mut conn = app.db.acquire().await?;
    let rows = store::list(&mut conn, caller.workspace.id, &filter, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(rows, |request| (request.created_at_us, request.id.0), body))
}

fn read_filter(query: &ShadowQuery) -> ApiResult<Filter> {
    let outcome = query.outcome.trim();
    let differing = outcome == DIFFERING;
    if !(outcome.is_empty() || differing || Outcome::parse(outcome).is_some()) {
        let message = "`outcome` is one of `same`, `different`, `failed`, `recovered` and `differing`.";
        return Err(ApiError::field("outcome", message));
    }
    let call_id = query.call_id.trim();
    Ok(Filter {
        number_id: query.number_id.trim().to_lowercase(),
        // Both spellings that find a call.
        call_id: CallId::parse_any(call_id).map_or_else(|| call_id.to_owned(), |id| id.to_string()),
        outcome: if differing { String::new() } else { outcome.to_owned() },
        differing,
    })
}

fn body(request: ShadowRequest) -> wire::ShadowRequest {
    let comparison = request.comparison;
    wire::ShadowRequest {
        id: request.id,
        created_at: rfc3339(request.created_at_us),
        number_id: request.number_id,
        call_id: request.call_id,
        purpose: request.purpose,
        outcome: request.outcome.as_str().to_owned(),
        live: comparison.live,
        shadow: comparison.shadow,
        differences: comparison.differences,
        difference_count: comparison.difference_count,
        answer: comparison.answer,
    }
}
