//! `/v1/admin/sip/strangers`: whom the door holds what against, and forgiving them.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use sautikit_api::ErrorCode;
use sautikit_api::sip as wire;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Stranger;
use crate::audit::{self, Actor};
use crate::clock::rfc3339;
use crate::gateway::Gateway;
use crate::state::AppState;
use crate::web::caller::Operator;
use crate::web::error::ApiResult;

/// Addresses that are shown: those that count most are enough to see who it is.
const SHOWN: usize = 200;

/// The operators' routes, relative to `/v1`.
pub(in crate::gateway) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_strangers)).routes(routes!(unblock_stranger))
}

/// List SIP strangers
///
/// Addresses whose SIP requests lately led to nothing, or that are blocked for it, on the node that answers: those that are
/// blocked first, then by how much counts against them; 200 at most. A configured trunk is never among them.
#[utoipa::path(get, operation_id = "admin_list_strangers", path = "/admin/sip/strangers", security(("session" = [])),
    responses((status = 200, body = Vec<wire::SipStranger>, description = "The strangers.")))]
async fn list_strangers(
    State(app): State<AppState>,
    _: Operator,
    gateway: Option<Extension<Arc<Gateway>>>,
) -> ApiResult<Json<Vec<wire::SipStranger>>> {
    // A node without the gateway has heard of nobody.
    let strangers = gateway.map(|gateway| gateway.door.strangers(SHOWN)).unwrap_or_default();
    Ok(Json(strangers.into_iter().map(|stranger| body(&app, stranger)).collect()))
}

/// Unblock a SIP stranger
///
/// What counts against an address is forgotten, on the node that answers. What it does from then on counts anew.
#[utoipa::path(delete, operation_id = "admin_unblock_stranger", path = "/admin/sip/strangers/{address}",
    security(("session" = [])),
    responses((status = 204, description = "Nothing counts against it any more.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn unblock_stranger(
    State(app): State<AppState>,
    operator: Operator,
    gateway: Option<Extension<Arc<Gateway>>>,
    Path(address): Path<String>,
) -> ApiResult<StatusCode> {
    let (Some(Extension(gateway)), Ok(address)) = (gateway, address.parse::<IpAddr>()) else {
        return Err(ErrorCode::NotFound.into());
    };
    if !gateway.door.forget(address) {
        return Err(ErrorCode::NotFound.into());
    }
    let entry = audit::Entry {
        workspace_id: None,
        actor: Actor::Operator(Some(operator.user_id.to_string())),
        action_kind: "stranger.unblocked",
        subject_id: Some(address.to_string()),
        details: json!({}),
        ip: operator.ip,
    };
    let mut tx = app.db.begin_write().await?;
    audit::record(&app, &mut tx, &entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn body(app: &AppState, stranger: Stranger) -> wire::SipStranger {
    let reasons = stranger.reasons.into_iter();
    let reasons =
        reasons.map(|(reason, strikes)| wire::SipStrangerReason { reason: reason.as_str().to_owned(), strikes });
    let blocked_until = stranger.blocked_for.map(|left| {
        let left_us = i64::try_from(left.as_micros()).unwrap_or(i64::MAX);
        rfc3339(app.now_us().saturating_add(left_us))
    });
    wire::SipStranger {
        address: stranger.address.to_string(),
        score: stranger.score,
        reasons: reasons.collect(),
        is_blocked: blocked_until.is_some(),
        blocked_until,
    }
}
