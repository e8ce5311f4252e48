//! `/v1/workspace/members`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::UserId;
use sautikit_api::members as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Member, change_role, list_members as list, remove_member as remove};
use crate::accounts::{Error, Scope};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::ApiResult;
use crate::web::json::JsonBody;
use crate::web::page::Page;
use crate::web::params::Paged;

/// The routes of members, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_members)).routes(routes!(update_member, remove_member))
}

/// List members
#[utoipa::path(get, path = "/workspace/members",
    params(Paged),
    responses((status = 200, body = Vec<wire::Member>, description = "Members, the newest first.")),
    extensions(("x-scope" = json!(Scope::MembersRead))))]
async fn list_members(State(app): State<AppState>, caller: Caller, page: ApiResult<Page>) -> ApiResult<Response> {
    caller.needs(Scope::MembersRead)?;
    let page = page?;
    let members = list(&app, caller.workspace.id, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(members, |member| (member.joined_at_us, member.user_id.0), member_body))
}

/// Change a member's role
///
/// Giving or taking the role owner takes an owner.
#[utoipa::path(patch, path = "/workspace/members/{user_id}", request_body = wire::UpdateMember,
    responses((status = 200, body = wire::Member, description = "The member as they are now.")),
    extensions(("x-scope" = json!(Scope::MembersWrite)),
        ("x-errors" = json!([ErrorCode::NotFound, ErrorCode::AccountsRoleChangeDenied,
        ErrorCode::AccountsLastOwner]))))]
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

/// Remove a member, or leave
///
/// Everyone may remove themselves; removing others takes the scope.
#[utoipa::path(delete, path = "/workspace/members/{user_id}",
    responses((status = 204, description = "Removed.")),
    extensions(("x-scope" = json!(Scope::MembersWrite)),
        ("x-errors" = json!([ErrorCode::NotFound, ErrorCode::AccountsRemoveDenied,
        ErrorCode::AccountsLastOwner]))))]
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
