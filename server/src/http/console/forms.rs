//! POST of the console's plain HTML forms. The origin was checked by the router's middleware.

use app::forms::{Fields, Next};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use sautikit_api::accounts::Me;
use sautikit_api::{ErrorCode, return_to};

use super::Console;
use super::pages::{self, LANGUAGE_COOKIE};
use crate::accounts;
use crate::payments::reconcile::http::STATEMENT_LIMIT_BYTES;
use crate::spreadsheet;
use crate::web::error::ApiError;
use crate::web::json::collect;

/// How long a chosen language is remembered: a year.
const LANGUAGE_MAX_AGE_SECONDS: u32 = 31_536_000;

/// Runs a form of `app` and answers with its redirect or its page.
pub(super) async fn submit(State(console): State<Console>, request: Request) -> Response {
    let request = match request.uri().path() {
        app::forms::RECONCILE => with_room_for_a_statement(&console, request).await,
        _ => request,
    };
    let (mut parts, fields) = match decode(request).await {
        Ok(decoded) => decoded,
        Err(error) => return error.into_response(),
    };
    if parts.uri.path() == app::forms::VERIFY && !may_spend(&console, &parts, &fields) {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("token", &fields.text("token"))
            .append_pair("wrong", "1")
            .finish();
        parts.uri = format!("{}?{query}", pages::MAILED_LINK).parse().unwrap_or_else(|_| Uri::from_static("/"));
        return pages::render(&console, parts, None, StatusCode::FORBIDDEN).await;
    }
    let api = pages::api(&console, &parts);
    let submitted = app::forms::submit(parts.uri.path(), &fields, &api).await;
    let mut response = match submitted.next {
        Next::Redirect(to) => Redirect::to(&to).into_response(),
        Next::NotFound => ApiError::from(ErrorCode::NotFound).into_response(),
        Next::Show { page, flash, status } => {
            parts.uri = page.parse().unwrap_or_else(|_| Uri::from_static("/"));
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            pages::render(&console, parts, Some(flash), status).await
        }
    };
    for cookie in submitted.set_cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Half of what the API takes: in JSON every line's end and every quote is two bytes.
const STATEMENT_FORM_LIMIT_BYTES: usize = STATEMENT_LIMIT_BYTES / 2;

/// A month of payments is larger than other forms are. It is read only of operators, since it is read before the API is asked.
async fn with_room_for_a_statement(console: &Console, request: Request) -> Request {
    let (parts, body) = request.into_parts();
    let me = pages::api(console, &parts).get::<Me>("/v1/auth/me").await;
    let mut request = Request::from_parts(parts, body);
    if me.is_ok_and(|me| me.is_operator) {
        DefaultBodyLimit::max(STATEMENT_FORM_LIMIT_BYTES).apply(&mut request);
    }
    request
}

/// A link signs in where it was asked for, and elsewhere with the code of its mail: what presses buttons in mails has neither.
fn may_spend(console: &Console, parts: &Parts, fields: &Fields) -> bool {
    let token = fields.text("token");
    pages::asked_here(console, &parts.headers, &token)
        || accounts::is_code_of(&console.app, &token, &fields.text("code"))
}

/// Remembers the language and goes back to where the visitor was. Whoever is signed in is written to in it from now on.
pub(super) async fn choose_language(State(console): State<Console>, request: Request) -> Response {
    let (parts, fields) = match decode(request).await {
        Ok(decoded) => decoded,
        Err(error) => return error.into_response(),
    };
    let lang = app::i18n::Lang::parse(&fields.text("lang")).unwrap_or_default();
    app::forms::write_in(lang, &pages::api(&console, &parts)).await;
    let to = Some(fields.text("return_to")).filter(|to| return_to::is_own_path(to)).unwrap_or_else(|| "/".to_owned());
    let cookie = format!("{LANGUAGE_COOKIE}={}; Path=/; SameSite=Lax; Max-Age={LANGUAGE_MAX_AGE_SECONDS}", lang.code());
    ([(header::SET_COOKIE, cookie)], Redirect::to(&to)).into_response()
}

async fn decode(request: Request) -> Result<(Parts, Fields), ApiError> {
    let (parts, body) = request.into_parts();
    // The body's limit stands in the extensions.
    let mut unread = Request::new(body);
    *unread.extensions_mut() = parts.extensions.clone();
    if is_multipart(&parts) {
        *unread.headers_mut() = parts.headers.clone();
        return Ok((parts, Fields::new(read_parts(unread).await?)));
    }
    let body = collect(unread).await?;
    let pairs = url::form_urlencoded::parse(&body).into_owned().collect();
    Ok((parts, Fields::new(pairs)))
}

/// A form with a file in it.
fn is_multipart(parts: &Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.to_ascii_lowercase().starts_with("multipart/form-data")
}

/// Names and texts; a file is text too, in whatever encoding it was saved.
async fn read_parts(request: Request) -> Result<Vec<(String, String)>, ApiError> {
    let refused = |status: StatusCode| match status {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::from(ErrorCode::PayloadTooLarge),
        _ => ApiError::new(ErrorCode::ValidationBadRequest).message("The form could not be read. Send it again."),
    };
    let mut form = Multipart::from_request(request, &()).await.map_err(|error| refused(error.status()))?;
    let mut pairs = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| refused(error.status()))? {
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = field.file_name().is_some();
        let bytes = field.bytes().await.map_err(|error| refused(error.status()))?;
        let text = if is_file { spreadsheet::text(&bytes) } else { String::from_utf8_lossy(&bytes).into_owned() };
        pairs.push((name, text));
    }
    Ok(pairs)
}
