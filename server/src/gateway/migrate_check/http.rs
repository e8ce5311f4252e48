//! `POST /v1/actions/check`.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use sautikit_api::ErrorCode;
use sautikit_api::numbers::Compat;
use sautikit_api::playground as wire;
use sautikit_api::rights::Scope;
use serde_json::json;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Asked, Finding, Handler, Severity, Walked, World, check};
use crate::state::{AppState, Part};
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::json::JsonBody;
use crate::webhooks::client::Customers;
use crate::{audit, numbers, telephone};

/// Nothing is asked after so long: what came by then is told.
const WITHIN: Duration = Duration::from_secs(30);
/// Checks of a node at once: each asks a customer's server up to three dozen times.
const AT_ONCE: usize = 8;
/// When a refused one may be tried again.
const RETRY_AFTER_SECONDS: u32 = 10;
/// Who calls, unless the request says so.
const FROM: &str = "+254722000001";
/// What is called where the workspace has no number.
const TO: &str = "+254700000001";
/// Signs where the number is not the workspace's and no secret is given.
const SECRET: &str = "a-secret-for-checking";
/// Longest secret, in bytes: as of numbers.
const MAX_SECRET_BYTES: usize = 256;

/// Room for checks.
#[derive(Debug)]
pub struct Checks(Semaphore);

impl Default for Checks {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Part for Checks {}

/// The routes, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(check_handler))
}

/// Check a handler
///
/// Calls a voice handler as calls would, in every state that its answers lead to, and says what of them would not do, with
/// line and column: one caller presses nothing, one presses 1 and one 9 at every menu; whom the handler dials talks or does not
/// answer. Files that would be played are fetched. Nobody is called, and nothing costs. It takes half a minute at most, and one
/// request more.
#[utoipa::path(post, path = "/actions/check", request_body = wire::CheckHandler,
    responses((status = 200, body = wire::CheckedHandler, description = "What came of each call, good or bad.")),
    extensions(("x-scope" = json!(Scope::NumbersWrite)),
        ("x-errors" = json!([ErrorCode::NumbersInvalidRoutingUrl]))))]
async fn check_handler(
    State(app): State<AppState>,
    caller: Caller,
    body: JsonBody<wire::CheckHandler>,
) -> ApiResult<Json<wire::CheckedHandler>> {
    caller.needs(Scope::NumbersWrite)?;
    let handler = read(&app, &caller, body.read()?).await?;
    let busy = || ApiError::new(ErrorCode::RateLimited).retry_after(RETRY_AFTER_SECONDS);
    let _place = app.part::<Checks>().0.try_acquire().map_err(|_| busy())?;
    let world = World {
        http: app.part::<Customers>().0.clone(),
        clock: app.clock.clone(),
        entropy: app.entropy.clone(),
        development: app.config.is_development(),
        until: Some(app.clock.monotonic().saturating_add(WITHIN)),
    };
    let walks = check(&world, &handler).await;
    let answer = shown(walks);
    let host = url::Url::parse(&handler.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let details = json!({ "handler_host": host, "fails": answer.fails, "skipped": answer.skipped });
    let mut tx = app.db.begin_write().await?;
    audit::record(&app, &mut tx, &audit::Entry::by(&caller, "handler.checked", caller.workspace.id, details)).await?;
    tx.commit().await?;
    Ok(Json(answer))
}

/// What is checked: a number of the workspace's gives its secret and whose words its handler understands.
async fn read(app: &AppState, caller: &Caller, asked: wire::CheckHandler) -> ApiResult<Handler> {
    let wire::CheckHandler { url, compat, secret, from, to } = asked;
    numbers::check_callback_url(&url, app.config.is_development())
        .map_err(|reason| numbers::NumberError::InvalidUrl { field: "url", reason })?;
    let country = Some(caller.workspace.country.as_str());
    let number = |field: &'static str, written: Option<String>| match written {
        None => Ok(None),
        Some(written) => match telephone::e164_of_carrier(&written, country) {
            Some(e164) => Ok(Some(e164)),
            None => Err(ApiError::field(field, format!("`{field}` is a telephone number, for instance {TO}."))),
        },
    };
    let (from, to) = (number("from", from)?, number("to", to)?);
    let compat = match compat.as_deref() {
        None => None,
        Some(name) => Some(
            Compat::parse(name)
                .ok_or_else(|| ApiError::field("compat", "`compat` is `sautikit`, `twilio` or `africastalking`."))?,
        ),
    };
    if secret.as_ref().is_some_and(|secret| secret.is_empty() || secret.len() > MAX_SECRET_BYTES) {
        return Err(ApiError::field("secret", format!("`secret` is 1 to {MAX_SECRET_BYTES} bytes long.")));
    }
    let mut conn = app.db.acquire().await?;
    let to = match to {
        Some(to) => to,
        None => {
            let own = numbers::list_active_e164(&mut conn, caller.workspace.id).await?;
            own.into_iter().next().unwrap_or_else(|| TO.to_owned())
        }
    };
    let own = numbers::find_active_by_e164(&mut conn, &to).await?;
    let own = own.filter(|number| number.workspace_id == caller.workspace.id);
    let secret = match (secret, &own) {
        (Some(secret), _) => secret,
        (None, Some(number)) => numbers::number_signing(app, &mut conn, number).await?.secret,
        (None, None) => SECRET.to_owned(),
    };
    let compat = compat.or_else(|| own.map(|number| number.compat)).unwrap_or_default();
    Ok(Handler { url, compat, secret, from: from.unwrap_or_else(|| FROM.to_owned()), to })
}

fn shown(walks: Vec<Walked>) -> wire::CheckedHandler {
    let count = |severity: Severity| {
        let of_it = walks.iter().flat_map(Walked::findings).filter(|finding| finding.severity == severity).count();
        i64::try_from(of_it).unwrap_or(i64::MAX)
    };
    let (fails, skipped) = (count(Severity::Fails), count(Severity::Skipped));
    let calls = walks.into_iter().map(|Walked { name, asked, end }| wire::CheckedCall {
        name: name.to_owned(),
        requests: asked.into_iter().map(request).collect(),
        end,
    });
    wire::CheckedHandler { fails, skipped, calls: calls.collect() }
}

fn request(asked: Asked) -> wire::CheckedRequest {
    let Asked { url, told, came, verbs, findings } = asked;
    let findings = findings.into_iter().map(|Finding { severity, message, place }| {
        let (line, column) = place.unzip();
        wire::CheckFinding { severity: severity.as_str().to_owned(), message, line, column }
    });
    let verbs = verbs.into_iter().map(str::to_owned).collect();
    wire::CheckedRequest { url, told, came, verbs, findings: findings.collect() }
}
