//! `/v1/workspace/members`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, patch};
use axum::{Json, Router};
use sautikit_api::ids::UserId;
use sautikit_api::members as wire;

use super::{Member, change_role, list_members as list, remove_member as remove};
use crate::accounts::{Error, Scope};
use crate::clock::rfc3339;
use crate::error::ApiResult;
use crate::http::caller::Caller;
use crate::http::json::JsonBody;
use crate::http::page::Page;
use crate::state::AppState;

/// The routes of members, relative to `/v1`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/workspace/members", get(list_members))
        .route("/workspace/members/{user_id}", patch(update_member).delete(remove_member))
}

async fn list_members(State(app): State<AppState>, caller: Caller, page: Page) -> ApiResult<Response> {
    caller.needs(Scope::MembersRead)?;
    let members = list(&app, caller.workspace.id, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(members, |member| (member.joined_at_us, member.user_id.0), member_body))
}

async fn update_member(
    State(app): State<AppState>,
    caller: Caller,
    Path(user): Path<String>,
    body: JsonBody<wire::UpdateMember>,
) -> ApiResult<Json<wire::Member>> {
    caller.needs(Scope::MembersWrite)?;
    let role = body.read()?.role;
    Ok(Json(member_body(change_role(&app, &caller, user_id(&user)?, role).await?)))
}

async fn remove_member(State(app): State<AppState>, caller: Caller, Path(user): Path<String>) -> ApiResult<StatusCode> {
    let user = user_id(&user);
    // Everyone may leave; removing others takes a role.
    let leaves = user.as_ref().is_ok_and(|user| *user == caller.user_id);
    caller.needs(if leaves { Scope::MembersLeave } else { Scope::MembersWrite })?;
    remove(&app, &caller, user?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn user_id(text: &str) -> Result<UserId, Error> {
    text.parse().map_err(|_| Error::MemberUnknown)
}

fn member_body(member: Member) -> wire::Member {
    wire::Member {
        user_id: member.user_id,
        email: member.email,
        name: member.name,
        role: member.role,
        joined_at: rfc3339(member.joined_at_us),
    }
}
