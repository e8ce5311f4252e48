//! Gives every request an id, writes error bodies, logs each failure once.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sautikit_api::{ErrorBody, ErrorCode, ErrorDetail};

use crate::state::AppState;
use crate::web::error::ApiError;

/// Longest id that is echoed; a longer one is replaced.
const ID_MAX_CHARS: usize = 128;
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The request's id, for handlers that pass it on.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// A request on its way: what its answer needs to know of it.
pub(super) struct Begun {
    id: Arc<str>,
    method: Method,
    uri: Uri,
    started: Duration,
}

impl Begun {
    /// Gives the request its id.
    pub(super) fn now(app: &AppState, request: &mut Request) -> Self {
        let id = given_id(request).map_or_else(|| new_id(app), Arc::from);
        request.extensions_mut().insert(RequestId(id.clone()));
        let (method, uri) = (request.method().clone(), request.uri().clone());
        Self { id, method, uri, started: app.clock.monotonic() }
    }

    /// Names the answer, with the body of the error that it may be.
    pub(super) fn end(self, app: &AppState, mut response: Response) -> Response {
        let Self { id, method, uri, started } = self;
        if let Some(error) = response.extensions_mut().remove::<ApiError>() {
            log(&error, &id, method.as_str(), &without_token(uri.path()));
            response = rendered(app, error, &id, response);
        }
        let elapsed_us = u64::try_from((app.clock.monotonic() - started).as_micros()).unwrap_or(u64::MAX);
        // The path without its query: queries hold tokens.
        let (path, status) = (&*without_token(uri.path()), response.status().as_u16());
        tracing::debug!(request_id = &*id, %method, path, status, elapsed_us, "request");
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(X_REQUEST_ID, value);
        }
        response
    }
}

/// Middleware where nothing else is: the operator's port.
pub async fn with_request_id(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let begun = Begun::now(&app, &mut request);
    begun.end(&app, next.run(request).await)
}

fn new_id(app: &AppState) -> Arc<str> {
    format!("req_{}", app.new_uuid().simple()).into()
}

/// The path as logs may show it: an invitation's token stands in its path.
pub(super) fn without_token(path: &str) -> Cow<'_, str> {
    const BEFORE_TOKEN: &str = "/v1/invitations/";
    let Some(rest) = path.strip_prefix(BEFORE_TOKEN) else { return path.into() };
    let verb = rest.split_once('/').map(|(_, verb)| format!("/{verb}")).unwrap_or_default();
    format!("{BEFORE_TOKEN}…{verb}").into()
}

/// The client's id, if it can stand in logs and headers as it is.
fn given_id(request: &Request) -> Option<&str> {
    let id = request.headers().get(X_REQUEST_ID)?.to_str().ok()?;
    let plain = !id.is_empty()
        && id.len() <= ID_MAX_CHARS
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    plain.then_some(id)
}

/// The error as JSON, keeping headers (such as `Allow`) that the bare response has.
fn rendered(app: &AppState, error: ApiError, id: &str, bare: Response) -> Response {
    let retry_after_seconds = error.retry_after_seconds;
    let body = error_body(app, error, id);
    let status = bare.status();
    let mut headers = bare.into_parts().0.headers;
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_TYPE);
    if let Some(seconds) = retry_after_seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    (status, headers, axum::Json(body)).into_response()
}

/// The error as the answer to the request with this id says it.
pub(super) fn error_body(app: &AppState, error: ApiError, id: &str) -> ErrorBody {
    let detail = ErrorDetail {
        code: error.code.as_str().to_owned(),
        message: error.message.into_owned(),
        docs_url: format!("{}/docs/errors/{}", app.public_url, error.code),
        request_id: id.to_owned(),
        field: error.field,
        details: error.details,
        aliases: error.code.aliases().iter().map(|alias| (*alias).to_owned()).collect(),
    };
    ErrorBody { error: detail }
}

fn log(error: &ApiError, request_id: &str, method: &str, path: &str) {
    let cause = error.cause.as_deref().unwrap_or_default();
    if error.code.status() >= 500 && error.code != ErrorCode::ServiceDraining {
        tracing::error!(request_id, method, path, code = %error.code, cause, "request failed");
    } else {
        tracing::debug!(request_id, method, path, code = %error.code, cause, "request refused");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invitation_tokens_stay_out_of_logs() {
        assert_eq!(without_token("/v1/invitations/s3cret/accept"), "/v1/invitations/…/accept");
        assert_eq!(without_token("/v1/invitations/s3cret"), "/v1/invitations/…");
        assert_eq!(without_token("/v1/calls"), "/v1/calls");
    }
}
