//! `GET /v1/requests`.

use axum::extract::State;
use axum::response::Response;
use sautikit_api::audit::AuditActor;
use sautikit_api::requests as wire;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Filter, Shown, store};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::page::Page;
use crate::web::params::Paged;
use crate::web::query::Query;
use sautikit_api::rights::Scope;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_requests))
}

/// What narrows the log.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct RequestsQuery {
    /// Only answers with this status (404), or of this class (4xx).
    #[param(pattern = "^[1-5]([0-9]{2}|xx)$")]
    status: String,
    /// Only this method of HTTP, for instance POST.
    #[param(pattern = "^[A-Za-z]+$")]
    method: String,
    /// Only paths that begin like this, for instance /v1/calls.
    #[param(pattern = "^/")]
    path: String,
    /// Only requests of the API key with this id.
    api_key_id: String,
    /// Only the request with this id, as answers and errors name it; it comes with its headers and bodies.
    request_id: String,
}

/// List the request log
///
/// What the API was asked in the last days for this workspace, by keys and by people; of the console's own requests only
/// writes that were refused and faults are in it. Entries appear within a second. Asked for by `request_id`, an entry has
/// its headers and bodies in `exchange`.
#[utoipa::path(get, path = "/requests",
    params(Paged, RequestsQuery),
    responses((status = 200, body = Vec<wire::LoggedRequest>, description = "Requests, the newest first.")),
    extensions(("x-scope" = json!(Scope::AuditRead))))]
async fn list_requests(
    State(app): State<AppState>,
    caller: Caller,
    page: ApiResult<Page>,
    query: ApiResult<Query<RequestsQuery>>,
) -> ApiResult<Response> {
    caller.needs(Scope::AuditRead)?;
    let (page, Query(query)) = (page?, query?);
    let filter = read_filter(&query)?;
    let mut conn = app.db.acquire().await?;
    let rows = store::list_requests(&mut conn, caller.workspace.id, &filter, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(rows, |shown| (shown.request.created_at_us, shown.request.id.0), body))
}

fn read_filter(query: &RequestsQuery) -> ApiResult<Filter> {
    let (from_status, to_status) = read_statuses(query.status.trim())?;
    let method = query.method.trim().to_ascii_uppercase();
    if !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(ApiError::field("method", "`method` is a method of HTTP, such as POST."));
    }
    let path = query.path.trim().to_owned();
    if !(path.is_empty() || path.starts_with('/')) {
        return Err(ApiError::field("path", "`path` is how a path begins, such as /v1/calls."));
    }
    let (api_key_id, request_id) = (query.api_key_id.trim().to_lowercase(), query.request_id.trim().to_owned());
    Ok(Filter { from_status, to_status, method, path, api_key_id, request_id })
}

/// `404`, or `4xx` for all of a class.
fn read_statuses(text: &str) -> ApiResult<(i64, i64)> {
    if text.is_empty() {
        return Ok((0, i64::MAX));
    }
    let (first, last) = match text.strip_suffix("xx") {
        Some(class) => (format!("{class}00"), format!("{class}99")),
        None => (text.to_owned(), text.to_owned()),
    };
    let read = |text: String| text.parse().ok().filter(|status| (100..=599).contains(status));
    let statuses = read(first).zip(read(last));
    statuses.ok_or_else(|| ApiError::field("status", "`status` is a status such as 404, or a class such as 4xx."))
}

fn body(shown: Shown) -> wire::LoggedRequest {
    let Shown { request, actor_label, exchange } = shown;
    let exchange = exchange.and_then(|text| serde_json::from_str(&text).ok());
    let (kind, id) = match request.api_key_id {
        Some(key) => ("api_key", key.to_string()),
        None => ("user", request.user_id.to_string()),
    };
    wire::LoggedRequest {
        id: request.id,
        created_at: rfc3339(request.created_at_us),
        request_id: request.request_id,
        method: request.method,
        route: request.route,
        path: request.path,
        status: request.status,
        error_code: request.error_code,
        actor: AuditActor { kind: kind.to_owned(), id: Some(id), label: actor_label },
        ip: request.ip,
        duration_us: request.duration_us,
        exchange,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_number_or_a_class() {
        assert_eq!(read_statuses("404").unwrap(), (404, 404));
        assert_eq!(read_statuses("4xx").unwrap(), (400, 499));
        for wrong in ["xx", "9xx", "abc", "4x", "-1", "1000"] {
            assert_eq!(read_statuses(wrong).unwrap_err().field.as_deref(), Some("status"), "{wrong}");
        }
    }
}
