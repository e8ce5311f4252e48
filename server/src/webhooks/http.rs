//! The routes of this room, and the workspace's default secret.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::rights::Scope;
use sautikit_api::webhooks as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{deliveries, endpoints, events, live, ring, signing};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiResult, FailedAs};
use crate::web::idempotency::{self, Request};
use crate::web::params::Idempotent;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(endpoints::http::routes())
        .merge(deliveries::http::routes())
        .merge(events::http::routes())
        .merge(live::http::routes())
        .routes(routes!(rotate_workspace_signing_secret))
}

/// Rotate the workspace's signing secret
///
/// The default secret signs voice callbacks and events of numbers without a secret of their own, and of endpoints that were
/// set up with `own_secret` false. The answer is the only time that it is shown. The body may be left out.
#[utoipa::path(post, path = "/workspace/signing-secret/rotate", request_body = Option<wire::RotateSecret>,
    params(Idempotent),
    responses((status = 200, body = wire::WorkspaceSecret, description = "The new secret.")),
    extensions(("x-scope" = json!(Scope::WebhooksWrite)), ("x-errors" = json!([ErrorCode::WebhooksRotateSecretFailed, ErrorCode::WebhooksFormerSecretSigns]))))]
async fn rotate_workspace_signing_secret(
    State(app): State<AppState>,
    caller: Caller,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::WebhooksWrite)?;
    idempotency::once(&app, &caller, &request, async |mut attempt| {
        let body: wire::RotateSecret = request.read_or_default()?;
        let rotated = signing::rotate_workspace_secret(&app, attempt.tx(), &caller, &body).await;
        let (secret, former_until) = rotated.failed_as(ErrorCode::WebhooksRotateSecretFailed)?;
        let body = wire::WorkspaceSecret { secret, former_secret_until: rfc3339(former_until) };
        let answer = attempt.commit(&app, StatusCode::OK, &body).await?;
        app.tenant_changes.note();
        ring(&app);
        Ok(answer)
    })
    .await
}
