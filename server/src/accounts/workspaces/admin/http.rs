//! `/v1/admin/workspaces`.

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use sautikit_api::ids::WorkspaceId;
use sautikit_api::operator as wire;

use super::{Tenant, find, list, resume, suspend};
use crate::accounts::Error;
use crate::clock::rfc3339;
use crate::error::ApiResult;
use crate::http::caller::Operator;
use crate::http::json::JsonBody;
use crate::http::page::Page;
use crate::state::AppState;

/// The operators' routes, relative to `/v1`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/workspaces", get(list_workspaces))
        .route("/admin/workspaces/{id}", get(show_workspace))
        .route("/admin/workspaces/{id}/suspend", post(suspend_workspace))
        .route("/admin/workspaces/{id}/resume", post(resume_workspace))
}

async fn list_workspaces(State(app): State<AppState>, _: Operator, page: Page) -> ApiResult<Response> {
    let tenants = list(&app, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(tenants, |tenant| (tenant.created_at_us, tenant.workspace.id.0), tenant_body))
}

async fn show_workspace(
    State(app): State<AppState>,
    _: Operator,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::AdminWorkspace>> {
    Ok(Json(tenant_body(find(&app, workspace_id(&id)?).await?)))
}

async fn suspend_workspace(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    body: JsonBody<wire::SuspendWorkspace>,
) -> ApiResult<Json<wire::AdminWorkspace>> {
    let reason = body.read()?.reason;
    Ok(Json(tenant_body(suspend(&app, &operator, workspace_id(&id)?, &reason).await?)))
}

async fn resume_workspace(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::AdminWorkspace>> {
    Ok(Json(tenant_body(resume(&app, &operator, workspace_id(&id)?).await?)))
}

fn workspace_id(text: &str) -> Result<WorkspaceId, Error> {
    text.parse().map_err(|_| Error::WorkspaceUnknown)
}

fn tenant_body(tenant: Tenant) -> wire::AdminWorkspace {
    let Tenant { workspace, member_count, created_at_us } = tenant;
    wire::AdminWorkspace {
        id: workspace.id,
        status: workspace.status().to_owned(),
        name: workspace.name,
        country: workspace.country,
        currency: workspace.currency,
        member_count,
        created_at: rfc3339(created_at_us),
    }
}
