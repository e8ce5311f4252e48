//! `/v1/sip/registrations`, `/v1/admin/registrations` and `/v1/numbers/{id}/sip-config`: who can be called now, and what a device is
//! set up with.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Extension, Json};
use sautikit_api::ErrorCode;
use sautikit_api::ids::{NumberId, WorkspaceId};
use sautikit_api::rights::Scope;
use sautikit_api::sip as wire;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Gateway;
use super::leg::codecs::{CodecPolicy, rtpmap};
use super::media::Suite;
use super::registrar::{DEVICE_MAX_EXPIRES, Moment, Registered};
use super::sip::transport_name;
use crate::accounts::{self, workspaces};
use crate::clock::rfc3339;
use crate::entropy::uuid_of;
use crate::numbers::NumberError;
use crate::state::AppState;
use crate::web::caller::{Caller, Operator};
use crate::web::error::{ApiError, ApiResult};
use crate::web::page::Page;
use crate::web::params::Paged;
use crate::web::query::Query;
use crate::{numbers, sip_credentials, sip_tokens};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_sip_registrations))
        .routes(routes!(list_every_registration))
        .routes(routes!(get_sip_config))
}

/// What narrows the operators' list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct RegistrationsQuery {
    /// Of this workspace only.
    #[param(format = Uuid)]
    workspace_id: String,
    /// With this in their identity, which is a device's user name or what a browser's token says; case does not matter.
    identity: String,
}

/// A device or browser that is registered, and whose it is.
type Owned = (WorkspaceId, Registered);

/// List registered devices and browsers
///
/// Those that can be called now, who registered last first: of all nodes that reach each other, else of the one that answers.
#[utoipa::path(get, path = "/sip/registrations", params(Paged),
    responses((status = 200, body = Vec<wire::SipRegistration>, description = "The workspace's.")),
    extensions(("x-scope" = json!(Scope::NumbersRead))))]
async fn list_sip_registrations(
    State(app): State<AppState>,
    caller: Caller,
    gateway: Option<Extension<Arc<Gateway>>>,
    page: ApiResult<Page>,
) -> ApiResult<Response> {
    caller.needs(Scope::NumbersRead)?;
    let workspace = caller.workspace.id;
    let now = moment(&app);
    let page = page?;
    let rows = listed(&app, gateway, now, &page, |_| vec![workspace], |_| true).await?;
    Ok(page.answer(rows, |(_, row)| (row.place.registered_at, position(row)), |(_, row)| body(row, now)))
}

/// List every registration
///
/// The devices and browsers of all workspaces that can be called now, who registered last first: of all nodes that reach each
/// other, else of the one that answers. Our own registrations with carriers stand with the trunks (`GET /v1/admin/trunks`).
#[utoipa::path(get, operation_id = "admin_list_registrations", path = "/admin/registrations", security(("session" = [])),
    params(Paged, RegistrationsQuery),
    responses((status = 200, body = Vec<wire::AdminSipRegistration>, description = "Who is registered.")))]
async fn list_every_registration(
    State(app): State<AppState>,
    _: Operator,
    gateway: Option<Extension<Arc<Gateway>>>,
    page: ApiResult<Page>,
    query: ApiResult<Query<RegistrationsQuery>>,
) -> ApiResult<Response> {
    let Query(RegistrationsQuery { workspace_id, identity }) = query?;
    let unreadable = |_| ApiError::field("workspace_id", "`workspace_id` is the id of a workspace.");
    let only = match workspace_id.as_str() {
        "" => None,
        id => Some(id.parse::<WorkspaceId>().map_err(unreadable)?),
    };
    let workspaces = |gateway: &Gateway| only.map_or_else(|| gateway.registrar.workspaces(), |only| vec![only]);
    let part = identity.trim().to_lowercase();
    let is_meant = |row: &Registered| row.name.to_lowercase().contains(&part);
    let now = moment(&app);
    let page = page?;
    let rows = listed(&app, gateway, now, &page, workspaces, is_meant).await?;
    let names = names(&app, &rows).await?;
    let with_owner = |(workspace_id, row)| wire::AdminSipRegistration {
        workspace_id,
        workspace_name: names.get(&workspace_id).cloned().unwrap_or_default(),
        registration: body(row, now),
    };
    Ok(page.answer(rows, |(_, row)| (row.place.registered_at, position(row)), with_owner))
}

fn moment(app: &AppState) -> Moment {
    Moment { monotonic: app.clock.monotonic(), wall_us: app.now_us() }
}

/// The rows of a page, and one more where there are more: who is registered on this node of these workspaces. A node without the
/// gateway has nobody registered.
async fn listed(
    app: &AppState,
    gateway: Option<Extension<Arc<Gateway>>>,
    now: Moment,
    page: &Page,
    workspaces: impl FnOnce(&Gateway) -> Vec<WorkspaceId>,
    is_meant: impl Fn(&Registered) -> bool,
) -> Result<Vec<Owned>, sqlx::Error> {
    let mut rows: Vec<Owned> = Vec::new();
    if let Some(Extension(gateway)) = gateway {
        for workspace in workspaces(&gateway) {
            let registered = gateway.registrar.list(now.monotonic, workspace);
            rows.extend(registered.into_iter().filter(&is_meant).map(|row| (workspace, row)));
        }
    }
    let (before, id) = page.before();
    rows.retain(|(_, row)| (row.place.registered_at, position(row).to_string().as_str()) < (before, id));
    rows.sort_by_key(|(_, row)| std::cmp::Reverse((row.place.registered_at, position(row))));
    let most = usize::try_from(page.fetch_limit()).unwrap_or_default();
    with_live_credentials(app, rows, most).await
}

/// What the workspaces of these rows are called.
async fn names(app: &AppState, rows: &[Owned]) -> Result<HashMap<WorkspaceId, String>, accounts::Error> {
    let mut names = HashMap::new();
    for (id, _) in rows {
        if let Entry::Vacant(unknown) = names.entry(*id) {
            let name = workspaces::name_of(&mut *app.db.acquire().await?, *id).await?;
            unknown.insert(name.unwrap_or_default());
        }
    }
    Ok(names)
}

/// The first of them, as many as `most`, without devices whose credentials work no more.
async fn with_live_credentials(app: &AppState, rows: Vec<Owned>, most: usize) -> Result<Vec<Owned>, sqlx::Error> {
    let mut live: HashMap<WorkspaceId, Vec<String>> = HashMap::new();
    let mut shown = Vec::new();
    for (workspace, row) in rows {
        if shown.len() == most {
            break;
        }
        if row.place.device.is_some() {
            let of_workspace = match live.entry(workspace) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let found = sip_credentials::live_generations(&mut *app.db.acquire().await?, workspace).await?;
                    unknown.insert(found)
                }
            };
            if !of_workspace.contains(&row.place.jti) {
                continue;
            }
        }
        shown.push((workspace, row));
    }
    Ok(shown)
}

/// Show what a device is set up with
///
/// Beside the user name and the password of a credential.
#[utoipa::path(get, path = "/numbers/{id}/sip-config",
    responses((status = 200, body = wire::SipConfig, description = "What stands in the device's account.")),
    extensions(("x-scope" = json!(Scope::NumbersRead)), ("x-errors" = json!([ErrorCode::NumbersNotAssigned]))))]
async fn get_sip_config(
    State(app): State<AppState>,
    caller: Caller,
    gateway: Option<Extension<Arc<Gateway>>>,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::SipConfig>> {
    caller.needs(Scope::NumbersRead)?;
    let id: NumberId = id.parse().map_err(|_| NumberError::NotAssigned)?;
    numbers::get_number(&mut *app.db.acquire().await?, caller.workspace.id, id).await?;
    // In development the port may be another than the configured one.
    let tls_port = gateway.as_ref().and_then(|gateway| gateway.tls_port);
    let port = gateway.map_or(app.config.sip.listen.port(), |gateway| gateway.on_net.address().port());
    let web = if app.is_https() { "wss" } else { "ws" };
    Ok(Json(wire::SipConfig {
        domain: app.config.sip.domain.clone(),
        port,
        ws_url: sip_tokens::web_socket_url(&app.public_url),
        tls_port,
        transports: ["udp", "tcp"].into_iter().chain(tls_port.map(|_| "tls")).chain([web]).map(str::to_owned).collect(),
        codecs: CodecPolicy::device().codecs.iter().map(|codec| rtpmap(*codec).encoding.to_string()).collect(),
        srtp_suites: Suite::ALL.map(|suite| suite.name().to_owned()).to_vec(),
        max_expires_seconds: u32::try_from(DEVICE_MAX_EXPIRES.as_secs()).unwrap_or(u32::MAX),
    }))
}

/// What orders those that registered in the same moment: the same for a binding as long as it lasts.
fn position(row: &Registered) -> Uuid {
    uuid_of(&format!("{} {} {}", row.name, row.contact, row.place.path.remote))
}

fn body(row: Registered, now: Moment) -> wire::SipRegistration {
    let Registered { name, place, expires_at, .. } = row;
    let left: Duration = expires_at.saturating_sub(now.monotonic);
    wire::SipRegistration {
        identity: name,
        credential_id: place.device.map(|device| device.credential),
        number_id: place.device.map(|device| device.number),
        user_agent: place.user_agent,
        address: place.path.remote.to_string(),
        transport: transport_name(place.path.local).to_owned(),
        registered_at: rfc3339(place.registered_at),
        expires_at: rfc3339(now.wall_us + i64::try_from(left.as_micros()).unwrap_or(i64::MAX - now.wall_us)),
    }
}
