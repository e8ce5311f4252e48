//! `GET /v1/listener`: the WebSocket of `sautikit listen` and `sautikit trigger`. No part of the description: its one client is
//! the command line of the same release (`sautikit_api::listener` is what is said).

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::get;
use sautikit_api::ErrorCode;
use sautikit_api::rights::Scope;
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::socket::{self, Asked};
use crate::state::AppState;
use crate::web::caller::{Caller, Right};
use crate::web::error::{ApiError, ApiResult};
use crate::web::query::Query;
use crate::webhooks::WebhookError;
use crate::webhooks::kinds;

/// Largest message from a listener: an answer of the largest size in base64, with room.
const MAX_MESSAGE_BYTES: usize = 512 * 1024;
/// What may wait for one that does not read, beside its queue.
const WRITE_BUFFER_BYTES: usize = 256 * 1024;
/// Numbers of one listener at most.
const MOST_NUMBERS: usize = 50;

/// The route, outside of the description.
pub fn socket_routes() -> Router<AppState> {
    Router::new().route("/v1/listener", get(listen))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ListenQuery {
    /// Kinds, separated by commas; nothing for none.
    events: String,
    /// In E.164, separated by commas.
    numbers: String,
    /// Where voice callbacks are forwarded to: scheme, host and port.
    origin: String,
    /// The listener that comes back.
    listener_id: String,
    /// The place of the last event that it got.
    after: Option<i64>,
}

async fn listen(
    State(app): State<AppState>,
    caller: Caller,
    query: ApiResult<Query<ListenQuery>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> ApiResult<Response> {
    caller.needs(Scope::WebhooksWrite)?;
    // Browsers name the page that opens a socket, and would send its visitor's cookie along; the command line is none.
    if headers.contains_key(header::ORIGIN) {
        return Err(ErrorCode::AuthOriginDenied.into());
    }
    let Query(query) = query?;
    let asked = read(&app, query)?;
    if !asked.numbers.is_empty() {
        // It is asked in place of the numbers' own URLs.
        caller.needs(Scope::NumbersWrite)?;
    }
    let workspace = caller.workspace.id;
    let scopes = [Scope::WebhooksWrite, Scope::NumbersWrite];
    let needed = if asked.numbers.is_empty() { &scopes[..1] } else { &scopes[..] };
    let right = Right::new(&app, &headers, caller, needed);
    let upgrade = upgrade
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES);
    Ok(upgrade.on_upgrade(move |open| socket::serve(app, workspace, asked, right, open)))
}

fn read(app: &AppState, query: ListenQuery) -> ApiResult<Asked> {
    let list = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    };
    let (events, numbers) = (list(&query.events), list(&query.numbers));
    if let Some(name) = events.iter().find(|name| !kinds::is_pattern(name)) {
        return Err(WebhookError::EventUnsupported { field: "events".to_owned(), name: name.clone() }.into());
    }
    let is_e164 = |number: &String| {
        let digits = number.strip_prefix('+').unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
    };
    if numbers.len() > MOST_NUMBERS || !numbers.iter().all(is_e164) {
        let message = format!("`numbers` are at most {MOST_NUMBERS} telephone numbers as +254…, separated by commas.");
        return Err(ApiError::field("numbers", message));
    }
    let origin = match query.origin.as_str() {
        "" => None,
        text => Some(
            Url::parse(text)
                .map_err(|_| ApiError::field("origin", "`origin` is a URL such as http://localhost:3000."))?,
        ),
    };
    let id = query.listener_id.parse::<Uuid>().ok();
    Ok(Asked { events, numbers, origin, id: id.unwrap_or_else(|| app.new_uuid()), after: query.after })
}
