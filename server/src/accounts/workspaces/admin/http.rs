//! `/v1/admin/workspaces`.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::WorkspaceId;
use sautikit_api::operator as wire;
use sautikit_api::wallet::Balance;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Tenant, find, list, resume, set_country, set_overdraft_floor, suspend};
use crate::accounts::Error;
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::wallet::http::balance_body;
use crate::web::caller::Operator;
use crate::web::error::ApiResult;
use crate::web::json::JsonBody;
use crate::web::page::Page;
use crate::web::params::Paged;
use crate::web::query::Query;

/// What narrows the list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct TenantQuery {
    /// A part of the name, or the whole id.
    search: String,
}

/// The operators' routes, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_workspaces))
        .routes(routes!(show_workspace, update_workspace))
        .routes(routes!(suspend_workspace))
        .routes(routes!(resume_workspace))
        .routes(routes!(update_wallet))
}

/// List tenants
#[utoipa::path(get, operation_id = "admin_list_workspaces", path = "/admin/workspaces", security(("session" = [])),
    params(Paged, TenantQuery),
    responses((status = 200, body = Vec<wire::AdminWorkspace>, description = "Workspaces of the installation, the newest first.")))]
async fn list_workspaces(
    State(app): State<AppState>,
    _: Operator,
    page: Page,
    Query(query): Query<TenantQuery>,
) -> ApiResult<Response> {
    let tenants = list(&app, &query.search, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(tenants, |tenant| (tenant.created_at_us, tenant.workspace.id.0), tenant_body))
}

/// Show a tenant
#[utoipa::path(get, operation_id = "admin_show_workspace", path = "/admin/workspaces/{id}", security(("session" = [])),
    responses((status = 200, body = wire::AdminWorkspace, description = "The workspace.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn show_workspace(
    State(app): State<AppState>,
    _: Operator,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::AdminWorkspace>> {
    Ok(Json(tenant_body(find(&app, workspace_id(&id)?).await?)))
}

/// Change a tenant
///
/// Its country, which its owners can't change once money has moved. Calls that begin from now on and rentals that are charged
/// from now on bear that country's tax; currency and billing zone stay as they were fixed when it was opened.
#[utoipa::path(patch, operation_id = "admin_update_workspace", path = "/admin/workspaces/{id}",
    request_body = wire::UpdateAdminWorkspace, security(("session" = [])),
    responses((status = 200, body = wire::AdminWorkspace, description = "The workspace as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn update_workspace(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    body: JsonBody<wire::UpdateAdminWorkspace>,
) -> ApiResult<Json<wire::AdminWorkspace>> {
    let (id, country) = (workspace_id(&id)?, body.read()?.country);
    let tenant = match country {
        Some(country) => set_country(&app, &operator, id, &country).await?,
        None => find(&app, id).await?,
    };
    Ok(Json(tenant_body(tenant)))
}

/// Suspend a tenant
///
/// It reads, tops up and settles from now on, nothing else.
#[utoipa::path(post, path = "/admin/workspaces/{id}/suspend", request_body = wire::SuspendWorkspace, security(("session" = [])),
    responses((status = 200, body = wire::AdminWorkspace, description = "The workspace as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn suspend_workspace(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    body: JsonBody<wire::SuspendWorkspace>,
) -> ApiResult<Json<wire::AdminWorkspace>> {
    let reason = body.read()?.reason;
    Ok(Json(tenant_body(suspend(&app, &operator, workspace_id(&id)?, &reason).await?)))
}

/// Resume a tenant
#[utoipa::path(post, path = "/admin/workspaces/{id}/resume", security(("session" = [])),
    responses((status = 200, body = wire::AdminWorkspace, description = "The workspace as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn resume_workspace(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::AdminWorkspace>> {
    Ok(Json(tenant_body(resume(&app, &operator, workspace_id(&id)?).await?)))
}

/// Change a tenant's wallet
///
/// How far its running calls may overdraw. Calls that run learn of it within five seconds.
#[utoipa::path(patch, operation_id = "admin_update_wallet", path = "/admin/workspaces/{id}/wallet", request_body = wire::UpdateWallet,
    security(("session" = [])),
    responses((status = 200, body = Balance, description = "The wallet as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn update_wallet(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    body: JsonBody<wire::UpdateWallet>,
) -> ApiResult<Json<Balance>> {
    let id = workspace_id(&id)?;
    let floor_minor = body.read()?.overdraft_floor_minor;
    let wallet = set_overdraft_floor(&app, &operator, id, floor_minor).await?;
    Ok(Json(balance_body(&wallet)))
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
