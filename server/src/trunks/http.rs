//! `/v1/admin/trunks`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use sautikit_api::ErrorCode;
use sautikit_api::ids::TrunkId;
use sautikit_api::trunks as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Asked, Figures, Registration, Trunk, TrunkError, Trunks, create, delete, preview, rules, store, update};
use crate::clock::rfc3339;
use crate::config::{self, IdentityHeader, NumberFormat, SrtpPolicy, TrunkTransport};
use crate::state::AppState;
use crate::web::caller::Operator;
use crate::web::error::ApiResult;
use crate::web::json::JsonBody;

/// Where a trunk was set up.
pub(super) const FROM_API: &str = "api";
/// As [`FROM_API`].
pub(super) const FROM_CONFIGURATION: &str = "configuration";

/// The operators' routes, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_trunks, create_trunk))
        .routes(routes!(get_trunk, update_trunk, delete_trunk))
        .routes(routes!(preview::http::preview_invite))
}

/// List trunks
///
/// Those of the configuration file first, then in the order in which they were made; all of them, at most some hundred.
#[utoipa::path(get, operation_id = "admin_list_trunks", path = "/admin/trunks", security(("session" = [])),
    responses((status = 200, body = Vec<wire::Trunk>, description = "Every trunk.")))]
async fn list_trunks(State(app): State<AppState>, _: Operator) -> ApiResult<Json<Vec<wire::Trunk>>> {
    let trunks = store::list(&mut *app.db.acquire().await?).await?;
    let of_file = app.config.trunk.iter().map(|settings| configured(&app, settings));
    Ok(Json(of_file.chain(trunks.into_iter().map(|trunk| body(&app, trunk))).collect()))
}

/// Set a trunk up
///
/// It takes calls on every node within some seconds.
#[utoipa::path(post, operation_id = "admin_create_trunk", path = "/admin/trunks", request_body = wire::CreateTrunk,
    security(("session" = [])),
    responses((status = 201, body = wire::Trunk, description = "The trunk.")))]
async fn create_trunk(
    State(app): State<AppState>,
    operator: Operator,
    request: JsonBody<wire::CreateTrunk>,
) -> ApiResult<(StatusCode, Json<wire::Trunk>)> {
    let asked = request.read()?;
    if let Some(password) = &asked.password {
        rules::check_password(password)?;
    }
    let settings = config::Trunk {
        name: asked.name,
        address: asked.address,
        transport: named("transport", asked.transport.as_deref(), TrunkTransport::named)?.unwrap_or_default(),
        prefixes: asked.prefixes,
        sources: asked.sources,
        country: asked.country,
        username: asked.username,
        password: asked.password,
        codecs: asked.codecs.unwrap_or_else(config::Trunk::g711),
        priority: asked.priority.unwrap_or(config::Trunk::middle_priority()),
        max_calls: asked.max_calls,
        calls_per_second: asked.calls_per_second,
        certificate_name: asked.certificate_name,
        outbound_proxy: asked.outbound_proxy,
        domain: asked.domain,
        register: asked.register.unwrap_or_default(),
        from_user: asked.from_user,
        identity: named("identity", asked.identity.as_deref(), IdentityHeader::named)?.unwrap_or_default(),
        number_format: named("number_format", asked.number_format.as_deref(), NumberFormat::named)?.unwrap_or_default(),
        options_every_seconds: asked.options_every_seconds,
        follow_redirects: asked.follow_redirects.unwrap_or_default(),
        srtp: named("srtp", asked.srtp.as_deref(), SrtpPolicy::named)?.unwrap_or_default(),
        pass_headers: asked.pass_headers,
    };
    let mut tx = app.db.begin_write().await?;
    let trunk = create(&app, &mut tx, &operator, settings, asked.is_enabled.unwrap_or(true)).await?;
    tx.commit().await?;
    Trunks::of(&app).changed();
    Ok((StatusCode::CREATED, Json(body(&app, trunk))))
}

/// Show a trunk
#[utoipa::path(get, operation_id = "admin_show_trunk", path = "/admin/trunks/{id}", security(("session" = [])),
    responses((status = 200, body = wire::Trunk, description = "The trunk.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn get_trunk(State(app): State<AppState>, _: Operator, Path(id): Path<String>) -> ApiResult<Json<wire::Trunk>> {
    let found = store::find(&mut *app.db.acquire().await?, trunk_id(&id)?).await?;
    Ok(Json(body(&app, found.ok_or(TrunkError::NotFound)?)))
}

/// Change a trunk
///
/// In force on every node within some seconds; calls that run by it go on as they are. A trunk that is disabled takes no new
/// calls in either direction.
#[utoipa::path(patch, operation_id = "admin_update_trunk", path = "/admin/trunks/{id}", request_body = wire::UpdateTrunk,
    security(("session" = [])),
    responses((status = 200, body = wire::Trunk, description = "The trunk as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn update_trunk(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    request: JsonBody<wire::UpdateTrunk>,
) -> ApiResult<Json<wire::Trunk>> {
    let id = trunk_id(&id)?;
    let asked = request.read()?;
    if let Some(password) = &asked.password {
        rules::check_password(password)?;
    }
    let transport = named("transport", asked.transport.as_deref(), TrunkTransport::named)?;
    let identity = named("identity", asked.identity.as_deref(), IdentityHeader::named)?;
    let number_format = named("number_format", asked.number_format.as_deref(), NumberFormat::named)?;
    let srtp = named("srtp", asked.srtp.as_deref(), SrtpPolicy::named)?;
    let trunk = update(&app, &operator, id, |trunk| {
        put(&mut trunk.settings.transport, transport);
        put(&mut trunk.settings.identity, identity);
        put(&mut trunk.settings.number_format, number_format);
        put(&mut trunk.settings.srtp, srtp);
        apply(trunk, asked);
    })
    .await?;
    Ok(Json(body(&app, trunk)))
}

/// Delete a trunk
///
/// Calls that run by it go on to their end.
#[utoipa::path(delete, operation_id = "admin_delete_trunk", path = "/admin/trunks/{id}", security(("session" = [])),
    responses((status = 204, description = "Deleted.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn delete_trunk(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    delete(&app, &operator, trunk_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn trunk_id(text: &str) -> Result<TrunkId, TrunkError> {
    text.parse().map_err(|_| TrunkError::NotFound)
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// Reads a value of a closed set, if one was given.
fn named<T>(field: &'static str, text: Option<&str>, read: fn(&str) -> Option<T>) -> Result<Option<T>, TrunkError> {
    let Some(text) = text else { return Ok(None) };
    let message = || format!("`{field}` has no such value.");
    read(text).map(Some).ok_or_else(|| TrunkError::Invalid { field, message: message() })
}

fn apply(trunk: &mut Trunk, asked: wire::UpdateTrunk) {
    put(&mut trunk.is_enabled, asked.is_enabled);
    let settings = &mut trunk.settings;
    put(&mut settings.address, asked.address);
    put(&mut settings.prefixes, asked.prefixes);
    put(&mut settings.sources, asked.sources);
    put(&mut settings.country, asked.country);
    put(&mut settings.username, asked.username);
    put(&mut settings.codecs, asked.codecs);
    put(&mut settings.priority, asked.priority);
    put(&mut settings.max_calls, asked.max_calls);
    put(&mut settings.calls_per_second, asked.calls_per_second);
    put(&mut settings.certificate_name, asked.certificate_name);
    put(&mut settings.outbound_proxy, asked.outbound_proxy);
    put(&mut settings.domain, asked.domain);
    put(&mut settings.register, asked.register);
    put(&mut settings.from_user, asked.from_user);
    put(&mut settings.options_every_seconds, asked.options_every_seconds);
    put(&mut settings.follow_redirects, asked.follow_redirects);
    put(&mut settings.pass_headers, asked.pass_headers);
    settings.password = asked.password;
}

fn body(app: &AppState, trunk: Trunk) -> wire::Trunk {
    wire::Trunk {
        id: Some(trunk.id),
        origin: FROM_API.to_owned(),
        is_enabled: trunk.is_enabled,
        created_at: Some(rfc3339(trunk.created_at)),
        updated_at: Some(rfc3339(trunk.updated_at)),
        ..configured(app, &trunk.settings)
    }
}

/// One of the configuration file.
fn configured(app: &AppState, settings: &config::Trunk) -> wire::Trunk {
    let standing = Trunks::of(app).standing(&settings.name);
    wire::Trunk {
        id: None,
        origin: FROM_CONFIGURATION.to_owned(),
        name: settings.name.clone(),
        address: settings.address.clone(),
        transport: settings.transport.as_str().to_owned(),
        outbound_proxy: settings.outbound_proxy.clone(),
        domain: settings.domain.clone(),
        certificate_name: settings.certificate_name.clone(),
        register: settings.register,
        from_user: settings.from_user.clone(),
        identity: settings.identity.as_str().to_owned(),
        number_format: settings.number_format.as_str().to_owned(),
        calls_per_second: settings.calls_per_second,
        options_every_seconds: settings.options_every_seconds,
        follow_redirects: settings.follow_redirects,
        srtp: settings.srtp.as_str().to_owned(),
        pass_headers: settings.pass_headers.clone(),
        prefixes: settings.prefixes.clone(),
        sources: settings.sources.clone(),
        country: settings.country.clone(),
        username: settings.username.clone(),
        codecs: settings.codecs.clone(),
        priority: settings.priority,
        max_calls: settings.max_calls,
        is_enabled: true,
        resolved_address: standing.as_ref().and_then(|standing| standing.address).map(|address| address.to_string()),
        registration: standing.as_ref().and_then(|standing| standing.health.registration.as_ref().map(registration)),
        is_reachable: standing.as_ref().and_then(|standing| standing.health.is_reachable),
        last_options: standing.as_ref().and_then(|standing| standing.health.asked).map(options),
        figures: standing.as_ref().map(|standing| figures(standing.figures)),
        current_calls: standing.map_or(0, |standing| standing.calls),
        created_at: None,
        updated_at: None,
    }
}

fn options(asked: Asked) -> wire::TrunkOptions {
    wire::TrunkOptions { at: rfc3339(asked.at), sip_status: asked.status }
}

fn figures(figures: Figures) -> wire::TrunkFigures {
    let count = |attempts: u64| i64::try_from(attempts).unwrap_or(i64::MAX);
    wire::TrunkFigures {
        answered: count(figures.answered),
        ended: count(figures.ended),
        failed: count(figures.failed),
        post_dial_mean_ms: figures.post_dial_mean_ms,
        post_dial_p95_ms: figures.post_dial_p95_ms,
    }
}

fn registration(registration: &Registration) -> wire::TrunkRegistration {
    let (mut expires_at, mut sip_status, mut next_attempt_at) = (None, None, None);
    match *registration {
        Registration::Asking => {}
        Registration::Held { until } => expires_at = Some(rfc3339(until)),
        Registration::Failed { status, next_attempt_at: next } => {
            sip_status = Some(status);
            next_attempt_at = Some(rfc3339(next));
        }
    }
    wire::TrunkRegistration { status: registration.status().to_owned(), expires_at, sip_status, next_attempt_at }
}
