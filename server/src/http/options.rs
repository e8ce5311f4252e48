//! `OPTIONS` on an address that exists: 204 and `Allow` (RFC 9110 §9.3.7). It says nothing about other origins: browsers
//! may not use the API from foreign pages, so there are no CORS headers here.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, map_response};
use axum::response::Response;
use tower::Layer;

use crate::error::ApiError;

/// Middleware over the whole router: turns the router's own 405 for `OPTIONS` into the answer that was asked for.
pub(super) async fn answer_options(request: Request, next: Next) -> Response {
    let asks = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    if asks && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.extensions_mut().remove::<ApiError>();
        *response.status_mut() = StatusCode::NO_CONTENT;
        *response.body_mut() = Body::empty();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        headers.remove(header::CONTENT_LENGTH);
    }
    response
}

/// Around the whole router, because axum writes `Allow` outside of all its layers: every address that names its methods
/// answers `OPTIONS` too. `HEAD` stands there already where `GET` does.
pub(super) fn allow_options(routes: Router) -> Router {
    Router::new().fallback_service(map_response(with_options).layer(routes))
}

async fn with_options(mut response: Response) -> Response {
    if let Some(allow) = response.headers().get(header::ALLOW).and_then(|value| value.to_str().ok())
        && !allow.split(',').any(|method| method.trim() == "OPTIONS")
        && let Ok(allow) = HeaderValue::try_from(format!("{allow},OPTIONS"))
    {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
