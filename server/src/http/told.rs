//! The layer over the routes of `/v1`: the limit of the address, the request log, and what both are told by whoever reads
//! the credential further inside.

use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::openapi;
use super::rate_limit::{self, Standing};
use super::request_log::{Noted, Who};
use crate::error::ApiError;
use crate::state::AppState;

/// Travels with the request; filled once its credential is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(Arc<Facts>);

#[derive(Debug, Default)]
struct Facts {
    who: OnceLock<Who>,
    of_key: OnceLock<Standing>,
}

/// Tells who asks.
pub(super) fn tell_who(parts: &Parts, who: Who) {
    if let Some(Told(facts)) = parts.extensions.get() {
        // A handler that reads its caller twice finds the same.
        let _ = facts.who.set(who);
    }
}

/// Tells what the key has left.
pub(super) fn tell_standing(parts: &Parts, standing: Standing) {
    if let Some(Told(facts)) = parts.extensions.get() {
        // A handler that asks for its caller twice is told the first standing.
        let _ = facts.of_key.set(standing);
    }
}

/// A read with a query.
struct Asked {
    route: MatchedPath,
    uri: Uri,
}

impl Asked {
    fn of(request: &Request) -> Option<Self> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let uri = request.uri().query().filter(|query| is_read && !query.is_empty()).map(|_| request.uri().clone())?;
        Some(Self { route: request.extensions().get::<MatchedPath>()?.clone(), uri })
    }

    fn refusal(self) -> Option<ApiError> {
        openapi::unknown_parameter(self.route.as_str(), &self.uri)
    }
}

/// Middleware over the routes of `/v1`.
pub(super) async fn limit_and_note(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let of_address = rate_limit::take_of_address(&app, &request);
    let told = Told::default();
    let mut response = match &of_address {
        Some(standing) if standing.refused => app.limits.refuse_address(standing).into_response(),
        _ => {
            let noted = Noted::now(&app, &request);
            request.extensions_mut().insert(told.clone());
            let asked = Asked::of(&request);
            let mut response = next.run(request).await;
            if let Some(error) = asked.filter(|_| response.status().is_success()).and_then(|asked| asked.refusal()) {
                response = error.into_response();
            }
            if let Some((noted, who)) = noted.zip(told.0.who.get()) {
                noted.end(&app, who, &response);
            }
            response
        }
    };
    app.limits.write(response.headers_mut(), of_address, told.0.of_key.get().copied());
    response
}
