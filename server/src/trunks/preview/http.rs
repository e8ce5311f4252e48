//! `GET /v1/admin/trunks/{id}/invite`: what a carrier will see.

use axum::Json;
use axum::extract::{Path, State};
use sautikit_api::ErrorCode;
use sautikit_api::trunks as wire;
use serde::Deserialize;
use utoipa::IntoParams;

use super::sample_of;
use crate::state::AppState;
use crate::telephone;
use crate::trunks::http::trunk_id;
use crate::trunks::{TrunkError, Trunks, store};
use crate::web::caller::Operator;
use crate::web::error::{ApiError, ApiResult};
use crate::web::query::Query;

/// Of which call.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(in crate::trunks) struct PreviewQuery {
    /// The number that is called, in any form; one of the trunk's first prefix when absent.
    to: String,
    /// The number that calls, in any form; the same when absent.
    from: String,
}

/// Preview an INVITE
///
/// What the carrier would see of a call by this trunk from the node that answers, with how it wants numbers and the caller.
/// Nothing is sent.
#[utoipa::path(get, operation_id = "admin_preview_invite", path = "/admin/trunks/{id}/invite", security(("session" = [])),
    params(PreviewQuery),
    responses((status = 200, body = wire::InvitePreview, description = "The INVITE.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
pub(in crate::trunks) async fn preview_invite(
    State(app): State<AppState>,
    _: Operator,
    Path(id): Path<String>,
    query: ApiResult<Query<PreviewQuery>>,
) -> ApiResult<Json<wire::InvitePreview>> {
    let Query(query) = query?;
    let found = store::find(&mut *app.db.acquire().await?, trunk_id(&id)?).await?;
    let trunk = found.ok_or(TrunkError::NotFound)?.settings;
    let country = trunk.country.as_deref();
    let sample = sample_of(trunk.prefixes.first().map_or("+", String::as_str));
    let [to, from] =
        [("to", query.to), ("from", query.from)].map(|(field, written)| number(field, &written, country, &sample));
    let (to, from) = (to?, from?);
    let live = Trunks::of(&app);
    let not_live = || {
        let message = "The trunk takes no calls on this node: it is disabled, or its address does not resolve.";
        ApiError::new(ErrorCode::NotFound).message(message)
    };
    let text = live.preview(&trunk.name, &to, &from).ok_or_else(not_live)?;
    let address = live.standing(&trunk.name).and_then(|standing| standing.address).ok_or_else(not_live)?;
    Ok(Json(wire::InvitePreview { address: address.to_string(), transport: trunk.transport.as_str().to_owned(), text }))
}

/// A number as it is written, in E.164.
fn number(field: &'static str, written: &str, country: Option<&str>, sample: &str) -> ApiResult<String> {
    let written = written.trim();
    if written.is_empty() {
        return Ok(sample.to_owned());
    }
    let read = telephone::e164_of_carrier(written, country).filter(|number| number.starts_with('+'));
    read.ok_or_else(|| ApiError::field(field, format!("`{field}` is a telephone number, such as +254722000042.")))
}
