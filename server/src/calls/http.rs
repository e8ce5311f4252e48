//! `/v1/calls`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::actions::{Document, parse_list};
use sautikit_api::calls as wire;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, LegRecordId};
use serde::Deserialize;
use serde_json::json;
use sqlx::AnyConnection;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::shown::{self, ShownCall, ShownLeg};
use super::store::{self, Filter, events::EventRow};
use super::{CallError, CallsGateway, Direction, error, limits, placing, stats, stream, trace};
use crate::audit;
use crate::calls;
use crate::calls::Hub;
use crate::clock::rfc3339;
use crate::numbers;
use crate::state::AppState;
use crate::telephone;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult, FailedAs};
use crate::web::idempotency::{self, Begun, Request, Ticket};
pub(super) use crate::web::moment::read_moment;
use crate::web::page::Page;
pub(super) use crate::web::params::Moment;
use crate::web::params::{Idempotent, Paged};
pub(super) use crate::web::query::Query;
use sautikit_api::rights::Scope;

/// Entries of one answer of a call's timeline; a call of hours with many verbs stays below it.
const MAX_EVENTS: i64 = 10_000;

/// Its own refusals, under either spelling.
const PLACING_ERRORS: [ErrorCode; 13] = [
    ErrorCode::CallsOverloaded,
    ErrorCode::StorageUnavailable,
    ErrorCode::CallsEmergencyBlocked,
    ErrorCode::CallsDestinationBlocked,
    ErrorCode::CallsFrozen,
    ErrorCode::CallsLimitExceeded,
    ErrorCode::SpendLimitReached,
    ErrorCode::CallsNoRoute,
    ErrorCode::ServiceDraining,
    ErrorCode::ActionsInvalid,
    ErrorCode::WalletInsufficientFunds,
    ErrorCode::WalletNotFound,
    ErrorCode::NumbersWalletUnavailable,
];

/// What narrows the list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct CallsQuery {
    /// Only calls that stand here.
    #[param(value_type = Option<CallStatus>)]
    status: String,
    /// `inbound` or `outbound`.
    #[param(value_type = Option<sautikit_api::sets::Direction>)]
    direction: String,
    /// Not before: a day (2026-06-30) or a moment (2026-06-30T12:00:00Z).
    #[param(value_type = Option<Moment>)]
    from_date: String,
    /// Before this moment, or until the end of this day.
    #[param(value_type = Option<Moment>)]
    to_date: String,
    /// The other party's number in any form, or part of it in E.164, or of an identity.
    #[param(pattern = "^[^%_]*$")]
    remote: String,
    /// One of the workspace's numbers.
    number: String,
}

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_calls, create_call))
        .routes(routes!(originate_call))
        .routes(routes!(stats::read_call_stats))
        .routes(routes!(get_call))
        .routes(routes!(list_call_events))
        .routes(routes!(hang_up_call))
        .routes(routes!(replace_actions))
        .routes(routes!(stream::stream_call))
        .routes(routes!(stream::revoke_call_stream))
        .merge(limits::http::routes())
        .merge(trace::http::routes())
}

/// Place a call
///
/// Calls `to` from one of the workspace's numbers. Who answers is steered by `actions` or by the voice callback.
#[utoipa::path(post, path = "/calls", request_body = wire::CreateCall,
    params(Idempotent),
    responses((status = 202, body = wire::CallAccepted, description = "The call is being placed.")),
    extensions(("x-scope" = json!(Scope::CallsWrite)), ("x-errors" = json!(PLACING_ERRORS))))]
async fn create_call(State(app): State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    // First of all: somebody in need must be told of nothing else.
    if let Some(number) = placing::emergency_in(request.raw()) {
        return Err(CallError::Emergency { field: "to", number }.into());
    }
    caller.needs(Scope::CallsWrite)?;
    // Nothing of a request that is refused here is kept, so that the same one may be sent again.
    if app.draining.is_cancelled() {
        return Err(CallError::Draining.into());
    }
    let gateway = Hub::of(&app).gateway().ok_or(CallError::NoRoute)?.clone();
    let ticket = idempotency::begin_apart(&app, &caller, &request).await?;
    // After others with its key, which wait here and set nothing up.
    let setting_up = gateway.set_up(caller.workspace.id);
    let setting_up =
        setting_up.map_err(|retry_after| ApiError::from(CallError::Overloaded).retry_after(retry_after))?;
    let tasks = app.tasks.clone();
    let placing = async move {
        match place_call(&app, &caller, &request, &ticket, gateway.as_ref()).await {
            Ok(answer) => {
                setting_up.done();
                Ok(answer)
            }
            // The database is asked no more where it is what failed.
            Err(failure) if failure.code.status() >= 500 => Err(failure),
            // A repeated request is answered as the first one was, whatever it would come to by now.
            Err(refusal) => ticket.earlier(&app, &request).await?.ok_or(refusal),
        }
    };
    // Beside the request: a client that goes away takes its handler along, and what is written by then is to be dialled.
    tasks.spawn(placing).await.map_err(ApiError::internal)?
}

async fn place_call(
    app: &AppState,
    caller: &Caller,
    request: &Request,
    ticket: &Ticket,
    gateway: &dyn CallsGateway,
) -> ApiResult<Response> {
    let body: wire::CreateCall = request.read()?;
    let workspace = &caller.workspace;
    let prepared = calls::placing::prepare(app, workspace.id, &workspace.country, &body).await?;
    let call = prepared.call();
    let accepted = accepted(app, call.id, call.status);
    // The call's own record tells the rest: whom it calls too, because there it can be erased.
    let placed = json!({ "from": call.from, "targets": prepared.targets() });
    let entry = audit::Entry::by(caller, "call.placed", call.id, placed);
    let line = audit::Line::new(app, entry);
    let (answer, stored) = ticket.answer(app, StatusCode::ACCEPTED, &accepted)?;
    let to = prepared.call().to.clone();
    let opened = prepared.open(app, stored, line).await;
    let (admitted, actions) = opened.map_err(|error| error::about(error, &to))?;
    gateway.originate(admitted, actions);
    Ok(answer)
}

/// The answer to whoever began a call.
pub fn accepted(app: &AppState, call_id: CallId, status: CallStatus) -> wire::CallAccepted {
    let stream_url = stream::stream_url(app, call_id, stream::FIRST_REVISION);
    wire::CallAccepted { call_id, pbx_session_id: call_id.pbx_call_id(), status, stream_url }
}

/// Place a call (other spelling)
///
/// The same as `POST /v1/calls`.
#[utoipa::path(post, path = "/calls/originate", request_body = wire::CreateCall,
    params(Idempotent),
    responses((status = 202, body = wire::CallAccepted, description = "The call is being placed.")),
    extensions(("x-scope" = json!(Scope::CallsWrite)), ("x-errors" = json!(PLACING_ERRORS))))]
async fn originate_call(app: State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    create_call(app, caller, request).await
}

/// List calls
#[utoipa::path(get, path = "/calls",
    params(Paged, CallsQuery),
    responses((status = 200, body = Vec<wire::Call>, description = "Calls, the newest first.")),
    extensions(("x-scope" = json!(Scope::CallsRead)), ("x-errors" = json!([ErrorCode::CallsListFailed]))))]
async fn list_calls(
    State(app): State<AppState>,
    caller: Caller,
    page: ApiResult<Page>,
    query: ApiResult<Query<CallsQuery>>,
) -> ApiResult<Response> {
    caller.needs(Scope::CallsRead)?;
    let (page, Query(query)) = (page?, query?);
    let filter = read_filter(&query, &caller.workspace.country)?;
    let calls = read_calls(&app, &caller, &page, &filter).await.failed_as(ErrorCode::CallsListFailed)?;
    Ok(page.answer(calls, |call| (call.started_at, call.id.0), call_body))
}

async fn read_calls(
    app: &AppState,
    caller: &Caller,
    page: &Page,
    filter: &Filter,
) -> Result<Vec<ShownCall>, CallError> {
    let mut conn = app.db.acquire().await?;
    let (before, limit) = (page.before_until(filter.to_us), page.fetch_limit());
    Ok(shown::list_shown(&mut conn, app.db.dialect(), caller.workspace.id, before, filter, limit).await?)
}

/// Show a call
#[utoipa::path(get, path = "/calls/{id}",
    params(("id" = String, Path, description = "The call's id, or its `HD_` id; that of one of its legs finds it too.")),
    responses((status = 200, body = wire::Call, description = "The call.")),
    extensions(("x-scope" = json!(Scope::CallsRead)),
        ("x-errors" = json!([ErrorCode::CallsNotFound, ErrorCode::CallsGetFailed]))))]
async fn get_call(State(app): State<AppState>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<wire::Call>> {
    caller.needs(Scope::CallsRead)?;
    let mut conn = app.db.acquire().await?;
    let call = find_by_any(&app, &mut conn, &caller, &id).await.failed_as(ErrorCode::CallsGetFailed)?;
    Ok(Json(call_body(call)))
}

/// List a call's events
#[utoipa::path(get, path = "/calls/{id}/events",
    params(("id" = String, Path, description = "The call's id, or its `HD_` id.")),
    responses((status = 200, body = Vec<wire::CallEvent>, description = "The timeline, oldest first.")),
    extensions(("x-scope" = json!(Scope::CallsRead)),
        ("x-errors" = json!([ErrorCode::CallsNotFound, ErrorCode::CallsEventsFailed]))))]
async fn list_call_events(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<Vec<wire::CallEvent>>> {
    caller.needs(Scope::CallsRead)?;
    let mut conn = app.db.acquire().await?;
    let call = find(&app, &mut conn, &caller, &id).await.failed_as(ErrorCode::CallsEventsFailed)?;
    let events = store::events::list_events_after(&mut conn, call.id, 0, MAX_EVENTS).await;
    let events = events.failed_as(ErrorCode::CallsEventsFailed)?;
    Ok(Json(events.into_iter().map(event_body).collect()))
}

/// Hang up
///
/// Ends a live call; the answer shows it as it stands at that moment, as a rule not ended yet.
#[utoipa::path(post, path = "/calls/{id}/hangup",
    params(("id" = String, Path, description = "The call's id, or its `HD_` id.")),
    responses((status = 200, body = wire::Call, description = "The call is being ended.")),
    extensions(("x-scope" = json!(Scope::CallsWrite)),
        ("x-errors" = json!([ErrorCode::CallsNotFound, ErrorCode::CallsNotLive, ErrorCode::CallsNoRoute]))))]
async fn hang_up_call(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::Call>> {
    caller.needs(Scope::CallsWrite)?;
    let call_id = CallId::parse_any(&id).ok_or(CallError::NotFound)?;
    let hub = Hub::of(&app);
    // Before the database is asked: however slow it is, nobody talks on who is to be cut off.
    let is_own = hub.writer().workspace_of(call_id) == Some(caller.workspace.id);
    let is_ending = is_own && hub.gateway().is_some_and(|gateway| gateway.hangup(call_id));
    let mut conn = app.db.acquire().await?;
    let call = find(&app, &mut conn, &caller, &id).await?;
    if is_ending {
        let entry = audit::Entry::by(&caller, "call.ended_by_request", call.id, json!({}));
        audit::record(&app, &mut conn, &entry).await?;
        return Ok(Json(call_body(call)));
    }
    if call.status.is_terminal() {
        return Err(CallError::NotLive.into());
    }
    Err(not_here(&app, &mut conn, call.id).await?.into())
}

/// Give a live call new actions
///
/// They take over from the action that runs and from those that are left: speech falls silent, and whoever a `dial` rings or
/// has connected is let go. Before the call is answered they wait for that. With an empty list the call ends. The body may be a
/// document of XML too (`Content-Type: application/xml` or `text/xml`), read as an answer of the number's handler is.
#[utoipa::path(post, path = "/calls/{id}/actions",
    params(("id" = String, Path, description = "The call's id, or its `HD_` id."), Idempotent),
    request_body = wire::ReplaceActions,
    responses((status = 200, body = wire::Call, description = "The actions are taken over; the call as it was then.")),
    extensions(("x-scope" = json!(Scope::CallsWrite)), ("x-errors" = json!([ErrorCode::CallsNotFound,
        ErrorCode::CallsNotLive, ErrorCode::CallsNoRoute, ErrorCode::ActionsInvalid]))))]
async fn replace_actions(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::CallsWrite)?;
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let listed = match request.xml() {
        Some(_) => None,
        None => {
            let body: wire::ReplaceActions = request.read()?;
            Some(parse_list(&body.actions).map_err(|error| placing::unreadable("actions", &error))?)
        }
    };
    let call = find(&app, attempt.tx(), &caller, &id).await?;
    if call.status.is_terminal() {
        return Err(CallError::NotLive.into());
    }
    let actions = match listed {
        Some(actions) => Document { actions, warnings: Vec::new() },
        None => {
            let number = numbers::find_active_by_e164(attempt.tx(), &call.local_e164).await?;
            placing::read_xml("actions", request.xml().unwrap_or_default(), &number.ok_or(CallError::NotLive)?)?
        }
    };
    let gateway = Hub::of(&app).gateway();
    let entry =
        audit::Entry::by(&caller, "call.actions_replaced", call.id, json!({ "actions": actions.actions.len() }));
    audit::record(&app, attempt.tx(), &entry).await?;
    // Before the commit, because only the call's task knows whether it takes them.
    if !gateway.is_some_and(|gateway| gateway.run_actions(call.id, actions)) {
        return Err(not_here(&app, attempt.tx(), call.id).await?.into());
    }
    attempt.commit(&app, StatusCode::OK, &call_body(call)).await
}

/// Why a call that has not ended takes no command from this node.
///
/// # Errors
/// The database failed.
pub async fn not_here(app: &AppState, conn: &mut AnyConnection, id: CallId) -> Result<CallError, CallError> {
    Ok(match store::find_node(conn, id).await? {
        Some(node) if *node != *app.node_id => CallError::ElsewhereLive(node),
        _ if Hub::of(app).gateway().is_none() => CallError::NoRoute,
        // Over in this moment, or about to be closed because it runs nowhere.
        _ => CallError::NotLive,
    })
}

async fn find(app: &AppState, conn: &mut AnyConnection, caller: &Caller, id: &str) -> Result<ShownCall, CallError> {
    let id = CallId::parse_any(id).ok_or(CallError::NotFound)?;
    shown::find_shown(conn, app.db.dialect(), caller.workspace.id, id).await?.ok_or(CallError::NotFound)
}

/// By a leg's id as well, which callbacks tell of as a call of its own.
async fn find_by_any(
    app: &AppState,
    conn: &mut AnyConnection,
    caller: &Caller,
    id: &str,
) -> Result<ShownCall, CallError> {
    let id = CallId::parse_any(id).ok_or(CallError::NotFound)?;
    let (workspace_id, dialect) = (caller.workspace.id, app.db.dialect());
    if let Some(call) = shown::find_shown(conn, dialect, workspace_id, id).await? {
        return Ok(call);
    }
    let call = store::legs::call_of_leg(conn, workspace_id, LegRecordId(id.0)).await?.ok_or(CallError::NotFound)?;
    shown::find_shown(conn, dialect, workspace_id, call).await?.ok_or(CallError::NotFound)
}

fn read_filter(query: &CallsQuery, country: &str) -> ApiResult<Filter> {
    let [status, direction, remote] =
        [&query.status, &query.direction, &query.remote].map(|text| text.trim().to_owned());
    if !status.is_empty() && CallStatus::parse(&status).is_none() {
        let known = Vec::from_iter(CallStatus::ALL.iter().map(|known| format!("`{}`", known.as_str()))).join(", ");
        return Err(ApiError::field("status", format!("`status` is one of {known}.")));
    }
    if !direction.is_empty() && Direction::parse(&direction).is_none() {
        return Err(ApiError::field("direction", "`direction` is `inbound` or `outbound`."));
    }
    // The percent sign and the underscore would be wildcards.
    if remote.contains(['%', '_']) {
        return Err(ApiError::field("remote", "`remote` is part of a number or identity."));
    }
    // A plus sign that was not percent-encoded arrives as a space and was trimmed away; numbers are kept with it.
    let number = telephone::e164_of_carrier(&query.number, Some(country));
    let number = number.unwrap_or_else(|| query.number.trim().to_owned());
    Ok(Filter {
        status,
        direction,
        from_us: read_moment(query.from_date.trim(), "from_date", i64::MIN, false)?,
        to_us: read_moment(query.to_date.trim(), "to_date", i64::MAX, true)?,
        remote: telephone::search_text(&remote, country).into_owned(),
        number,
    })
}

pub(super) fn event_body(event: EventRow) -> wire::CallEvent {
    wire::CallEvent {
        id: event.id,
        sequence: event.sequence,
        kind: event.kind,
        occurred_at: rfc3339(event.occurred_at),
        data: event.data,
    }
}

pub(super) fn call_body(call: ShownCall) -> wire::Call {
    wire::Call {
        id: call.id,
        pbx_call_id: call.id.pbx_call_id(),
        direction: call.direction,
        status: call.status,
        from: call.from_party,
        to: call.to_party,
        local_e164: call.local_e164,
        remote_e164: call.remote_party,
        duration_seconds: call.duration_seconds,
        cost_minor: call.cost_minor,
        tax_minor: call.cost_minor.map(|_| call.tax_minor),
        currency: call.currency,
        hangup_cause: call.hangup_cause,
        ledger_entry_id: call.ledger_entry_id,
        metadata: call.metadata.and_then(|text| serde_json::from_str(&text).ok()),
        started_at: rfc3339(call.started_at),
        answered_at: call.answered_at.map(rfc3339),
        ended_at: call.ended_at.map(rfc3339),
        legs: call.legs.into_iter().map(leg_body).collect(),
        recording_status: call.recording_status,
        failed_callbacks: call.failed_callbacks,
    }
}

fn leg_body(leg: ShownLeg) -> wire::CallLeg {
    wire::CallLeg {
        id: leg.id,
        pbx_call_id: leg.id.pbx_call_id(),
        kind: leg.kind,
        direction: leg.direction,
        target: leg.target,
        outcome: leg.outcome,
        answered_at: leg.answered_at.map(rfc3339),
        duration_seconds: leg.duration_seconds,
        rate_per_min_e4: leg.rate_per_min_e4,
        billing_minimum_seconds: leg.minimum_seconds.max(leg.increment_seconds),
        billing_increment_seconds: leg.increment_seconds,
        cost_minor: leg.cost_minor,
    }
}
