//! `/v1/conferences`: who is in which conference of this node, and changing that.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use sautikit_api::ErrorCode;
use sautikit_api::actions::{Action, Say, parse_list};
use sautikit_api::conferences as wire;
use sautikit_api::ids::{CallId, WorkspaceId};
use sautikit_api::rights::Scope;
use serde_json::json;
use sqlx::AnyConnection;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use voice::{AssetId, Text};

use super::Found;
use crate::gateway::Gateway;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::idempotency::{self, Request};
use crate::web::json::JsonBody;
use crate::web::page::Page;
use crate::web::params::{Idempotent, Paged};
use crate::{audit, calls};

/// Most texts and files of one announcement.
const MOST_ANNOUNCED: usize = 10;
/// When one that had no place may be tried again.
const RETRY_AFTER_SECONDS: u32 = 10;

/// The routes below `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_conferences))
        .routes(routes!(get_conference, end_conference))
        .routes(routes!(update_conference_member, remove_conference_member))
        .routes(routes!(announce))
}

type Node = Option<Extension<Arc<Gateway>>>;

fn not_found() -> ApiError {
    ErrorCode::ConferencesNotFound.into()
}

/// The conference of the path, and the gateway that runs it; none where it is not here.
fn here(gateway: Node, workspace: WorkspaceId, text: &str) -> Option<(Arc<Gateway>, Found)> {
    // A node without the gateway has none.
    let Extension(gateway) = gateway?;
    let found = gateway.conferences.find(workspace, text)?;
    Some((gateway, found))
}

/// Why it is not here: another node has it, or nobody.
async fn not_here(app: &AppState, conn: &mut AnyConnection, workspace: WorkspaceId, text: &str) -> ApiResult<ApiError> {
    let node = calls::nodes::other_with_conference(app, conn, workspace, text).await?;
    Ok(node.map_or_else(not_found, |node| not_found().of_node(node)))
}

/// The conference of the path, or why it is not here.
async fn found(app: &AppState, gateway: Node, workspace: WorkspaceId, text: &str) -> ApiResult<Found> {
    match here(gateway, workspace, text) {
        Some((_, found)) => Ok(found),
        None => Err(not_here(app, &mut *app.db.acquire().await?, workspace, text).await?),
    }
}

/// The member's call, by its id or the member's label.
async fn call_of(conference: &Found, text: &str) -> ApiResult<CallId> {
    if let Some(id) = CallId::parse_any(text) {
        return Ok(id);
    }
    let now = conference.look().await.ok_or_else(not_found)?;
    let labelled = now.members.iter().find(|member| member.label.as_deref() == Some(text));
    labelled.map(|member| member.call_id).ok_or_else(not_found)
}

async fn log(app: &AppState, entry: &audit::Entry) -> ApiResult<()> {
    let mut tx = app.db.begin_write().await?;
    audit::record(app, &mut tx, entry).await?;
    Ok(tx.commit().await?)
}

/// List conferences
///
/// Those that are live, with who is in them: of all nodes that reach each other, else of the one that answers.
#[utoipa::path(get, path = "/conferences", params(Paged),
    responses((status = 200, body = Vec<wire::LiveConference>, description = "The workspace's, the newest first.")),
    extensions(("x-scope" = json!(Scope::CallsRead))))]
async fn list_conferences(caller: Caller, gateway: Node, page: ApiResult<Page>) -> ApiResult<Response> {
    caller.needs(Scope::CallsRead)?;
    let page = page?;
    let mut rows = match gateway {
        Some(Extension(gateway)) => gateway.conferences.list(caller.workspace.id).await,
        None => Vec::new(),
    };
    let moment = |row: &wire::LiveConference| {
        row.opened_at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_microsecond)
    };
    let (before, id) = page.before();
    rows.retain(|row| (moment(row), row.id.to_string().as_str()) < (before, id));
    rows.sort_by_key(|row| std::cmp::Reverse((moment(row), row.id)));
    rows.truncate(usize::try_from(page.fetch_limit()).unwrap_or_default());
    Ok(page.answer(rows, |row| (moment(row), row.id.0), |row| row))
}

/// Show a conference
#[utoipa::path(get, path = "/conferences/{id}",
    params(("id" = String, Path, description = "The conference's id, or its name.")),
    responses((status = 200, body = wire::LiveConference, description = "The conference and who is in it.")),
    extensions(("x-scope" = json!(Scope::CallsRead)), ("x-errors" = json!([ErrorCode::ConferencesNotFound]))))]
async fn get_conference(
    State(app): State<AppState>,
    caller: Caller,
    gateway: Node,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::LiveConference>> {
    caller.needs(Scope::CallsRead)?;
    let conference = found(&app, gateway, caller.workspace.id, &id).await?;
    Ok(Json(conference.look().await.ok_or_else(not_found)?))
}

/// End a conference
///
/// It is over for all; each call goes on with its next action.
#[utoipa::path(delete, path = "/conferences/{id}",
    params(("id" = String, Path, description = "The conference's id, or its name.")),
    responses((status = 204, description = "It is over.")),
    extensions(("x-scope" = json!(Scope::CallsWrite)), ("x-errors" = json!([ErrorCode::ConferencesNotFound]))))]
async fn end_conference(
    State(app): State<AppState>,
    caller: Caller,
    gateway: Node,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    caller.needs(Scope::CallsWrite)?;
    let conference = found(&app, gateway, caller.workspace.id, &id).await?;
    conference.end().await;
    log(&app, &audit::Entry::by(&caller, "conference.ended", conference.id(), json!({}))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change how somebody is in a conference
///
/// Mutes, holds with music, or has it coach another; what is absent stays as it is.
#[utoipa::path(patch, path = "/conferences/{id}/members/{call_id}", request_body = wire::UpdateConferenceMember,
    params(("id" = String, Path, description = "The conference's id, or its name."),
        ("call_id" = String, Path, description = "The call's id, its `HD_` id, or the member's label.")),
    responses((status = 200, body = wire::ConferenceMember, description = "How it is in now.")),
    extensions(("x-scope" = json!(Scope::CallsWrite)), ("x-errors" = json!([ErrorCode::ConferencesNotFound]))))]
async fn update_conference_member(
    State(app): State<AppState>,
    caller: Caller,
    gateway: Node,
    Path((id, call_id)): Path<(String, String)>,
    body: JsonBody<wire::UpdateConferenceMember>,
) -> ApiResult<Json<wire::ConferenceMember>> {
    caller.needs(Scope::CallsWrite)?;
    let change = body.read()?;
    let conference = found(&app, gateway, caller.workspace.id, &id).await?;
    let call = call_of(&conference, &call_id).await?;
    let details = json!({ "call_id": call, "muted": change.muted, "held": change.held, "coach": change.coach });
    let member = conference.change(call, change).await.ok_or_else(not_found)?;
    log(&app, &audit::Entry::by(&caller, "conference.member_changed", conference.id(), details)).await?;
    Ok(Json(member))
}

/// Take somebody out of a conference
///
/// Its call goes on with its next action.
#[utoipa::path(delete, path = "/conferences/{id}/members/{call_id}",
    params(("id" = String, Path, description = "The conference's id, or its name."),
        ("call_id" = String, Path, description = "The call's id, its `HD_` id, or the member's label.")),
    responses((status = 204, description = "It is out.")),
    extensions(("x-scope" = json!(Scope::CallsWrite)), ("x-errors" = json!([ErrorCode::ConferencesNotFound]))))]
async fn remove_conference_member(
    State(app): State<AppState>,
    caller: Caller,
    gateway: Node,
    Path((id, call_id)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    caller.needs(Scope::CallsWrite)?;
    let conference = found(&app, gateway, caller.workspace.id, &id).await?;
    let call = call_of(&conference, &call_id).await?;
    if !conference.remove(call).await {
        return Err(not_found());
    }
    let entry = audit::Entry::by(&caller, "conference.member_removed", conference.id(), json!({ "call_id": call }));
    log(&app, &entry).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Announce something in a conference
///
/// All hear it, or one call's party; meanwhile they do not hear each other. It is in the recording where all hear it. Of several
/// announcements each waits until the one before has been heard.
#[utoipa::path(post, path = "/conferences/{id}/announce", request_body = wire::Announce,
    params(("id" = String, Path, description = "The conference's id, or its name."), Idempotent),
    responses((status = 202, body = wire::Announced, description = "It is being heard, or waits for those before it.")),
    extensions(("x-scope" = json!(Scope::CallsWrite)), ("x-errors" = json!([ErrorCode::ConferencesNotFound,
        ErrorCode::ActionsInvalid]))))]
async fn announce(
    State(app): State<AppState>,
    caller: Caller,
    gateway: Node,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::CallsWrite)?;
    idempotency::once(&app, &caller, &request, async |mut attempt| {
        let body: wire::Announce = request.read()?;
        let steps = parse_list(&body.actions).map_err(|error| invalid(error.to_string()))?;
        if steps.is_empty() || steps.len() > MOST_ANNOUNCED {
            return Err(invalid(format!("actions: expected 1 to {MOST_ANNOUNCED} of say and play")));
        }
        let Some((gateway, conference)) = here(gateway, caller.workspace.id, &id) else {
            return Err(not_here(&app, attempt.tx(), caller.workspace.id, &id).await?);
        };
        if let Some(call) = body.call_id {
            let now = conference.look().await.ok_or_else(not_found)?;
            if !now.members.iter().any(|member| member.call_id == call) {
                return Err(not_found());
            }
        }
        let details = json!({ "actions": steps.len(), "call_id": body.call_id });
        let entry = audit::Entry::by(&caller, "conference.announced", conference.id(), details);
        audit::record(&app, attempt.tx(), &entry).await?;
        // Speech and files take their time, for which nobody's transaction waits.
        let lease = attempt.lease(&app, None).await?;
        let audio = match audio_of(&gateway, caller.workspace.id, steps).await {
            Ok(audio) => audio,
            Err(message) => {
                lease.withdraw(&app).await?;
                return Err(invalid(message));
            }
        };
        let duration_ms = audio.iter().map(|audio| u64::from(audio.duration_ms())).sum();
        match conference.announce(audio, body.call_id).await {
            Some(true) => {}
            Some(false) => {
                lease.withdraw(&app).await?;
                return Err(too_many());
            }
            None => {
                lease.withdraw(&app).await?;
                return Err(not_found());
            }
        }
        let announced = wire::Announced { conference_id: conference.id(), duration_ms };
        lease.commit(&app, StatusCode::ACCEPTED, &announced).await
    })
    .await
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::new(ErrorCode::ActionsInvalid).message(message).at("actions")
}

fn too_many() -> ApiError {
    ApiError::new(ErrorCode::RateLimited)
        .message(
            "So many announcements wait in this conference that another has no place. Try again when some were heard.",
        )
        .retry_after(RETRY_AFTER_SECONDS)
}

/// What is announced, spoken and fetched; in words why not.
async fn audio_of(
    gateway: &Gateway,
    workspace: WorkspaceId,
    steps: Vec<Action>,
) -> Result<Vec<Arc<media::Asset>>, String> {
    let mut audio = Vec::with_capacity(steps.len());
    for (at, step) in steps.into_iter().enumerate() {
        let failed = |verb: &str, why: String| format!("actions[{at}].{verb}: {why}");
        audio.push(match step {
            Action::Say(Say { text, markup, voice, language, rate_percent, .. }) => {
                let text = Text { asset: AssetId(0), text, markup, voice, language, rate_percent };
                let spoken = gateway.speech.speak(&text).await;
                spoken.map(|spoken| spoken.audio).map_err(|error| failed("say", error.to_string()))?
            }
            Action::Play(play) => {
                let loaded = gateway.files.load(workspace, &play.url).await;
                loaded.map_err(|error| failed("play", error.to_string()))?
            }
            other => return Err(failed(other.verb(), "only say and play can be announced".to_owned())),
        });
    }
    Ok(audio)
}
