//! `/v1/workspaces` and `/v1/workspace`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use sautikit_api::accounts as wire;

use super::{create, delete, update};
use crate::accounts::{Membership, Scope, list_memberships};
use crate::error::ApiResult;
use crate::http::caller::{Caller, SignedIn};
use crate::http::idempotency::{self, Begun, Request};
use crate::http::json::JsonBody;
use crate::state::AppState;

/// The routes of workspaces, relative to `/v1`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/workspaces", get(list_workspaces).post(create_workspace))
        .route("/workspace", get(show_workspace).patch(update_workspace).delete(delete_workspace))
}

async fn list_workspaces(State(app): State<AppState>, person: SignedIn) -> ApiResult<Json<Vec<wire::Workspace>>> {
    let memberships = list_memberships(&mut *app.db.acquire().await?, person.user_id).await?;
    Ok(Json(memberships.iter().map(workspace_body).collect()))
}

async fn create_workspace(State(app): State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    caller.needs(Scope::WorkspaceCreate)?;
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let made = create(&app, attempt.tx(), &caller, &request.read()?).await?;
    attempt.commit(&app, StatusCode::CREATED, &workspace_body(&made)).await
}

async fn show_workspace(caller: Caller) -> Json<wire::Workspace> {
    Json(workspace_body(&Membership { workspace: caller.workspace, role: caller.role }))
}

async fn update_workspace(
    State(app): State<AppState>,
    caller: Caller,
    body: JsonBody<wire::UpdateWorkspace>,
) -> ApiResult<Json<wire::Workspace>> {
    caller.needs(Scope::WorkspaceWrite)?;
    let workspace = update(&app, &caller, &body.read()?).await?;
    Ok(Json(workspace_body(&Membership { workspace, role: caller.role })))
}

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
