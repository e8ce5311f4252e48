//! The layer over the routes of `/v1`: the limit of the address, and the request log.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::request_log::Noted;
use super::{openapi, passing};
use crate::state::AppState;
use crate::web::error::ApiError;
use crate::web::rate_limit::{self, RateLimits};
use crate::web::told::Told;

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
        Some(standing) if standing.refused => RateLimits::of(&app).refuse_address(standing).into_response(),
        _ => {
            let noted = Noted::now(&app, &request);
            request.extensions_mut().insert(told.clone());
            let asked = Asked::of(&request);
            let mut response = passing::run(&app, request, next).await;
            if let Some(error) = asked.filter(|_| response.status().is_success()).and_then(|asked| asked.refusal()) {
                response = error.into_response();
            }
            if let Some((noted, who)) = noted.zip(told.who()) {
                response = noted.end(&app, who, &told, response).await;
            }
            response
        }
    };
    RateLimits::of(&app).write(response.headers_mut(), of_address, told.of_key());
    response
}
