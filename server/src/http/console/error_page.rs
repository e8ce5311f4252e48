//! Refusals and defects outside the API, for people: where a browser asked for a page and the answer is an error object,
//! the error is shown as a page, with the same status, code and request id.

use app::Flash;
use app::api_client::ApiFailure;
use app::forms::Fields;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;

use super::{Console, pages};

/// Longest error object; ours are below 2 KiB.
const ERROR_LIMIT_BYTES: usize = 64 * 1024;
/// The steps of a browser that stand in the API: people see what went wrong there.
const FOR_PEOPLE: &str = "/v1/auth/google/";
/// What programs ask for, whatever they accept.
const FOR_PROGRAMS: [&str; 4] = ["/v1/", "/assets/", "/sdk/browser/", "/sip"];

/// A person who asked for a page.
pub(in crate::http) struct Visitor {
    console: Console,
    parts: Parts,
}

impl Visitor {
    /// `None` when a program asks.
    pub(in crate::http) fn of(console: Console, request: &Request) -> Option<Self> {
        if !is_for_a_person(request) {
            return None;
        }
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = request.method().clone();
        parts.uri = request.uri().clone();
        parts.headers = request.headers().clone();
        parts.extensions = request.extensions().clone();
        Some(Self { console, parts })
    }

    /// The answer as this person sees it. To be called after all else, so that the request id is in the error already.
    pub(in crate::http) async fn shown(self, response: Response) -> Response {
        let is_error = response.status().is_client_error() || response.status().is_server_error();
        if is_error && is_json(response.headers()) {
            as_page(&self.console, self.parts, response).await
        } else {
            response
        }
    }
}

fn is_for_a_person(request: &Request) -> bool {
    let path = request.uri().path();
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_for_programs = !path.starts_with(FOR_PEOPLE) && FOR_PROGRAMS.iter().any(|prefix| path.starts_with(prefix));
    accepts.contains("text/html") && !is_for_programs
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

async fn as_page(console: &Console, visitor: Parts, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, ERROR_LIMIT_BYTES).await else { return Response::from_parts(parts, Body::empty()) };
    let failure = ApiFailure::from_answer(parts.status.as_u16(), &body);
    let flash = Flash::Failed { form: String::new(), failure, fields: Fields::default() };
    let page = pages::render_failure(console, visitor, flash).await;
    // The refusal's own headers stay (Allow, Retry-After, the request id); the page's describe its body.
    let (page_parts, page_body) = page.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    for (name, value) in &page_parts.headers {
        parts.headers.insert(name.clone(), value.clone());
    }
    Response::from_parts(parts, page_body)
}
