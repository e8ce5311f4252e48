//! `/v1/queues`: who waits where, on this node.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use sautikit_api::ErrorCode;
use sautikit_api::ids::CallId;
use sautikit_api::queues as wire;
use sautikit_api::rights::Scope;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::audit;
use crate::gateway::Gateway;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::page::Page;
use crate::web::params::Paged;

/// The routes below `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_queues)).routes(routes!(get_queue)).routes(routes!(remove_queue_member))
}

type Node = Option<Extension<Arc<Gateway>>>;

fn not_found() -> ApiError {
    ErrorCode::QueuesNotFound.into()
}

/// List queues
///
/// Those in which somebody is, with who waits: of all nodes that reach each other, else of the one that answers.
#[utoipa::path(get, path = "/queues", params(Paged),
    responses((status = 200, body = Vec<wire::Queue>, description = "The workspace's, the newest first.")),
    extensions(("x-scope" = json!(Scope::CallsRead))))]
async fn list_queues(caller: Caller, gateway: Node, page: ApiResult<Page>) -> ApiResult<Response> {
    caller.needs(Scope::CallsRead)?;
    let page = page?;
    // A node without the gateway has none.
    let mut rows = gateway.map(|gateway| gateway.queues.list(caller.workspace.id)).unwrap_or_default();
    let moment =
        |row: &wire::Queue| row.opened_at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_microsecond);
    let (before, id) = page.before();
    rows.retain(|row| (moment(row), row.id.to_string().as_str()) < (before, id));
    rows.sort_by_key(|row| std::cmp::Reverse((moment(row), row.id)));
    rows.truncate(usize::try_from(page.fetch_limit()).unwrap_or_default());
    Ok(page.answer(rows, |row| (moment(row), row.id.0), |row| row))
}

/// Show a queue
#[utoipa::path(get, path = "/queues/{id}",
    params(("id" = String, Path, description = "The queue's id, or its name.")),
    responses((status = 200, body = wire::Queue, description = "The queue and who waits in it.")),
    extensions(("x-scope" = json!(Scope::CallsRead)), ("x-errors" = json!([ErrorCode::QueuesNotFound]))))]
async fn get_queue(caller: Caller, gateway: Node, Path(id): Path<String>) -> ApiResult<Json<wire::Queue>> {
    caller.needs(Scope::CallsRead)?;
    let Some(Extension(gateway)) = gateway else { return Err(not_found()) };
    Ok(Json(gateway.queues.find(caller.workspace.id, &id).ok_or_else(not_found)?))
}

/// Take a caller out of a queue
///
/// Its call goes on with its next action, and is told `QueueResult` `removed`.
#[utoipa::path(delete, path = "/queues/{id}/members/{call_id}",
    params(("id" = String, Path, description = "The queue's id, or its name."),
        ("call_id" = String, Path, description = "The call's id, or its `HD_` id.")),
    responses((status = 204, description = "It waits no more.")),
    extensions(("x-scope" = json!(Scope::CallsWrite)), ("x-errors" = json!([ErrorCode::QueuesNotFound]))))]
async fn remove_queue_member(
    State(app): State<AppState>,
    caller: Caller,
    gateway: Node,
    Path((id, call_id)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    caller.needs(Scope::CallsWrite)?;
    let Some(Extension(gateway)) = gateway else { return Err(not_found()) };
    let queue = gateway.queues.find(caller.workspace.id, &id).ok_or_else(not_found)?;
    let call = CallId::parse_any(&call_id).ok_or_else(not_found)?;
    if !gateway.queues.remove(caller.workspace.id, queue.id, call) {
        return Err(not_found());
    }
    let entry = audit::Entry::by(&caller, "queue.member_removed", queue.id, json!({ "call_id": call }));
    let mut tx = app.db.begin_write().await?;
    audit::record(&app, &mut tx, &entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
