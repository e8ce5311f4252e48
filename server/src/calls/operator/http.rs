//! `/v1/admin/calls` and `/v1/admin/nodes`: what runs now, and where.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::{CallId, WorkspaceId};
use sautikit_api::operator as wire;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::audit::{self, Actor};
use crate::calls::store::open::{self, Run};
use crate::calls::{CallError, Hub, nodes, not_here};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::Operator;
use crate::web::error::{ApiError, ApiResult};
use crate::web::page::Page;
use crate::web::params::Paged;
use crate::web::query::Query;

/// What narrows the list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct RunningQuery {
    /// Only calls of this workspace.
    #[param(value_type = Option<WorkspaceId>)]
    workspace_id: String,
}

/// The operators' routes, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_running)).routes(routes!(hang_up)).routes(routes!(list_nodes))
}

/// List running calls
///
/// Those that run now, on all nodes and of all workspaces.
#[utoipa::path(get, operation_id = "admin_list_calls", path = "/admin/calls", security(("session" = [])),
    params(Paged, RunningQuery),
    responses((status = 200, body = Vec<wire::AdminCall>, description = "Calls that ring or talk, the newest first.")))]
async fn list_running(
    State(app): State<AppState>,
    _: Operator,
    page: Page,
    query: ApiResult<Query<RunningQuery>>,
) -> ApiResult<Response> {
    let Query(RunningQuery { workspace_id }) = query?;
    let workspace = match workspace_id.trim() {
        "" => None,
        text => {
            let id = text.parse().map_err(|_| ApiError::field("workspace_id", "`workspace_id` is a workspace's id."));
            Some(id?)
        }
    };
    let mut conn = app.db.acquire().await?;
    let runs = open::list_open(&mut conn, page.before(), workspace, page.fetch_limit()).await?;
    Ok(page.answer(runs, |run| (run.started_at, run.id.0), body))
}

/// Hang a tenant's call up
///
/// Ends a live call of any workspace; the answer shows it as it stands at that moment, as a rule not ended yet. The workspace's
/// audit log says that an operator did it.
#[utoipa::path(post, operation_id = "admin_hang_up_call", path = "/admin/calls/{id}/hangup", security(("session" = [])),
    params(("id" = String, Path, description = "The call's id, or its `HD_` id.")),
    responses((status = 200, body = wire::AdminCall, description = "The call is being ended.")),
    extensions(("x-errors" = json!([ErrorCode::CallsNotFound, ErrorCode::CallsNotLive, ErrorCode::CallsNoRoute]))))]
async fn hang_up(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::AdminCall>> {
    let id = CallId::parse_any(&id).ok_or(CallError::NotFound)?;
    // Before the database is asked: however slow it is, nobody talks on who is to be cut off.
    let is_ending = Hub::of(&app).gateway().is_some_and(|gateway| gateway.hangup(id));
    let mut conn = app.db.acquire().await?;
    let run = open::find_run(&mut conn, id).await?.ok_or(CallError::NotFound)?;
    if is_ending {
        let entry = audit::Entry {
            workspace_id: Some(run.workspace_id),
            actor: Actor::Operator(Some(operator.user_id.to_string())),
            action_kind: "call.ended_by_request",
            subject_id: Some(id.to_string()),
            details: json!({}),
            ip: operator.ip,
        };
        audit::record(&app, &mut conn, &entry).await?;
        return Ok(Json(body(run)));
    }
    if run.status.is_terminal() {
        return Err(CallError::NotLive.into());
    }
    Err(not_here(&app, &mut conn, id).await?.into())
}

/// List nodes
///
/// The servers of the installation: which release runs on each, whether it takes calls, how many run on it. One that lives no
/// more is listed for seven days.
#[utoipa::path(get, operation_id = "admin_list_nodes", path = "/admin/nodes", security(("session" = [])),
    responses((status = 200, body = Vec<wire::AdminNode>, description = "Nodes, by their ids; at most 100.")))]
async fn list_nodes(State(app): State<AppState>, _: Operator) -> ApiResult<Json<Vec<wire::AdminNode>>> {
    let now_us = app.now_us();
    let listed = nodes::list(&app).await?;
    Ok(Json(listed.into_iter().map(|node| node_body(&app, node, now_us)).collect()))
}

fn body(run: Run) -> wire::AdminCall {
    wire::AdminCall {
        id: run.id,
        workspace_id: run.workspace_id,
        workspace_name: run.workspace_name,
        direction: run.direction.as_str().to_owned(),
        status: run.status,
        from: run.from,
        to: run.to,
        node_id: run.node_id,
        started_at: rfc3339(run.started_at),
        answered_at: run.answered_at.map(rfc3339),
    }
}

fn node_body(app: &AppState, node: nodes::Node, now_us: i64) -> wire::AdminNode {
    wire::AdminNode {
        is_this: *node.id == *app.node_id,
        state: node.state(now_us).as_str().to_owned(),
        address: Some(node.address).filter(|address| !address.is_empty()),
        lease_until: Some(node.lease_until_us).filter(|until| *until > 0).map(rfc3339),
        started_at: node.started_at_us.map(rfc3339),
        draining_since: node.draining_since_us.map(rfc3339),
        id: node.id,
        version: node.version,
        current_calls: node.calls,
    }
}
