//! `/v1/sip/registrations` and `/v1/numbers/{id}/sip-config`: who can be called now, and what a device is set up with.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Extension, Json};
use sautikit_api::ErrorCode;
use sautikit_api::ids::NumberId;
use sautikit_api::rights::Scope;
use sautikit_api::sip as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Gateway;
use super::leg::codecs::{CodecPolicy, rtpmap};
use super::registrar::{DEVICE_MAX_EXPIRES, Moment, Registered};
use super::sip::transport_name;
use crate::clock::rfc3339;
use crate::entropy::uuid_of;
use crate::numbers::NumberError;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::ApiResult;
use crate::web::page::Page;
use crate::web::params::Paged;
use crate::{numbers, sip_credentials, sip_tokens};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_sip_registrations)).routes(routes!(get_sip_config))
}

/// List registered devices and browsers
///
/// Those that can be called now, who registered last first: of the node that answers, where there are several.
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
    let page = page?;
    let now = Moment { monotonic: app.clock.monotonic(), wall_us: app.now_us() };
    let workspace = caller.workspace.id;
    // A node without the gateway has nobody registered.
    let mut rows = gateway.map(|gateway| gateway.registrar.list(now.monotonic, workspace)).unwrap_or_default();
    if rows.iter().any(|row| row.place.device.is_some()) {
        let live = sip_credentials::live_generations(&mut *app.db.acquire().await?, workspace).await?;
        rows.retain(|row| row.place.device.is_none() || live.contains(&row.place.jti));
    }
    let (before, id) = page.before();
    rows.retain(|row| (row.place.registered_at, position(row).to_string().as_str()) < (before, id));
    rows.sort_by_key(|row| std::cmp::Reverse((row.place.registered_at, position(row))));
    rows.truncate(usize::try_from(page.fetch_limit()).unwrap_or_default());
    Ok(page.answer(rows, |row| (row.place.registered_at, position(row)), |row| body(row, now)))
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
