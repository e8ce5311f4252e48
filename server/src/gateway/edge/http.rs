//! What other nodes ask of this one at the internal listener, below `/nodes`; nobody else comes as far as here.

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Json, Router};
use sautikit_api::ErrorCode;
use sautikit_api::ids::WorkspaceId;
use serde::Deserialize;
use sip::registration::Binding;

use super::{MOST_PLACES, Told, lent};
use crate::gateway::Gateway;
use crate::gateway::registrar::Place;
use crate::gateway::sip::websocket;
use crate::state::AppState;
use crate::web::error::{ApiError, ApiResult};

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/places", get(list_places)).route("/sip", get(lend))
}

/// Who is asked for.
#[derive(Deserialize)]
struct Asked {
    workspace: WorkspaceId,
    /// The SIP user.
    user: String,
    /// Which of its places, as its Contact.
    #[serde(default)]
    place: String,
}

fn bindings(app: &AppState, gateway: &Gateway, asked: &Asked) -> Vec<Binding<Place>> {
    gateway.registrar.bindings_of(app.clock.monotonic(), asked.workspace, &asked.user)
}

async fn list_places(
    State(app): State<AppState>,
    gateway: Option<Extension<Arc<Gateway>>>,
    Query(asked): Query<Asked>,
) -> Json<Vec<Told>> {
    let Some(Extension(gateway)) = gateway else { return Json(Vec::new()) };
    let places = bindings(&app, &gateway, &asked).into_iter().take(MOST_PLACES);
    Json(places.filter_map(|binding| gateway.edge.told(binding)).collect())
}

/// Lends the connection of one place for one call, as a WebSocket.
async fn lend(
    State(app): State<AppState>,
    gateway: Option<Extension<Arc<Gateway>>>,
    Query(asked): Query<Asked>,
    upgrade: WebSocketUpgrade,
) -> ApiResult<Response> {
    let not_here = || ApiError::from(ErrorCode::NotFound);
    let Some(Extension(gateway)) = gateway else { return Err(not_here()) };
    let mut places = bindings(&app, &gateway, &asked).into_iter();
    let place = places.find(|binding| binding.contact.to_string() == asked.place).ok_or_else(not_here)?;
    let path = place.path.path;
    Ok(websocket::bounded(upgrade).on_upgrade(move |socket| lent::serve(gateway, socket, path)))
}
