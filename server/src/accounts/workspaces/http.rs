//! `/v1/workspaces` and `/v1/workspace`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::accounts as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{create, delete, update};
use crate::accounts::{Membership, Scope, list_memberships};
use crate::state::AppState;
use crate::web::caller::{Caller, SignedIn};
use crate::web::error::ApiResult;
use crate::web::idempotency::{self, Begun, Request};
use crate::web::json::JsonBody;
use crate::web::params::Idempotent;

/// The routes of workspaces, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_workspaces, create_workspace)).routes(routes!(
        show_workspace,
        update_workspace,
        delete_workspace
    ))
}

/// List one's workspaces
#[utoipa::path(get, path = "/workspaces", security(("session" = [])),
    responses((status = 200, body = Vec<wire::Workspace>, description = "Workspaces that the person is a member of.")))]
async fn list_workspaces(State(app): State<AppState>, person: SignedIn) -> ApiResult<Json<Vec<wire::Workspace>>> {
    let memberships = list_memberships(&mut *app.db.acquire().await?, person.user_id).await?;
    Ok(Json(memberships.iter().map(workspace_body).collect()))
}

/// Open a further workspace
///
/// The caller becomes its owner. The currency is fixed from here on.
#[utoipa::path(post, path = "/workspaces", request_body = wire::CreateWorkspace,
    params(Idempotent),
    responses((status = 201, body = wire::Workspace, description = "The workspace.")),
    extensions(("x-scope" = json!(Scope::WorkspaceCreate)), ("x-errors" = json!([ErrorCode::CurrencyUnsupported]))))]
async fn create_workspace(State(app): State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    caller.needs(Scope::WorkspaceCreate)?;
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let made = create(&app, attempt.tx(), &caller, &request.read()?).await?;
    attempt.commit(&app, StatusCode::CREATED, &workspace_body(&made)).await
}

/// Show the workspace
#[utoipa::path(get, path = "/workspace", security(("api_key" = []), ("session" = [])),
    responses((status = 200, body = wire::Workspace, description = "The workspace of the key or session.")))]
async fn show_workspace(caller: Caller) -> Json<wire::Workspace> {
    Json(workspace_body(&Membership { workspace: caller.workspace, role: caller.role }))
}

/// Change the workspace
#[utoipa::path(patch, path = "/workspace", request_body = wire::UpdateWorkspace,
    responses((status = 200, body = wire::Workspace, description = "The workspace as it is now.")),
    extensions(("x-scope" = json!(Scope::WorkspaceWrite)),
        ("x-errors" = json!([ErrorCode::AuthWorkspaceForbidden]))))]
async fn update_workspace(
    State(app): State<AppState>,
    caller: Caller,
    body: JsonBody<wire::UpdateWorkspace>,
) -> ApiResult<Json<wire::Workspace>> {
    caller.needs(Scope::WorkspaceWrite)?;
    let workspace = update(&app, &caller, &body.read()?).await?;
    Ok(Json(workspace_body(&Membership { workspace, role: caller.role })))
}

/// Delete the workspace
///
/// Needs an empty wallet, no numbers and no running calls.
#[utoipa::path(delete, path = "/workspace", request_body = wire::DeleteWorkspace,
    responses((status = 204, description = "Deleted.")),
    extensions(("x-scope" = json!(Scope::WorkspaceDelete)),
        ("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn delete_workspace(
    State(app): State<AppState>,
    caller: Caller,
    body: JsonBody<wire::DeleteWorkspace>,
) -> ApiResult<StatusCode> {
    caller.needs(Scope::WorkspaceDelete)?;
    delete(&app, &caller, &body.read()?.confirm_name).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::accounts) fn workspace_body(membership: &Membership) -> wire::Workspace {
    let Membership { workspace, role } = membership;
    wire::Workspace {
        id: workspace.id,
        name: workspace.name.clone(),
        country: workspace.country.clone(),
        currency: workspace.currency.clone(),
        status: workspace.status().to_owned(),
        role: *role,
    }
}
