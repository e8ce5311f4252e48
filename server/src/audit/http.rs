//! `/v1/audit` and `/v1/audit.csv`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;
use sautikit_api::audit as wire;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Filter, KINDS, Recorded, export};
use crate::audit;
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::moment::read_moment;
use crate::web::page::Page;
use crate::web::params::{Moment, Paged};
use crate::web::query::Query;
use sautikit_api::rights::Scope;

/// Rows of one export: about 3 MB. Longer logs are exported by period.
const EXPORT_ROWS: i64 = 10_000;

/// What narrows the log.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct AuditQuery {
    /// Only this kind of action, for instance `api_key.created`.
    #[param(value_type = Option<sautikit_api::sets::AuditKind>)]
    action_kind: String,
    /// Only by this person or key: an id, or a person's address.
    actor: String,
    /// Not before: a day (2026-06-30) or a moment (2026-06-30T12:00:00Z).
    #[param(value_type = Option<Moment>)]
    from: String,
    /// Before this moment, or until the end of this day.
    #[param(value_type = Option<Moment>)]
    to: String,
}

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_audit)).routes(routes!(export_audit))
}

/// List the audit log
///
/// Who did what, from where.
#[utoipa::path(get, path = "/audit",
    params(Paged, AuditQuery),
    responses((status = 200, body = Vec<wire::AuditEntry>, description = "Writes, the newest first.")),
    extensions(("x-scope" = json!(Scope::AuditRead)), ("x-errors" = json!([ErrorCode::AuditInvalidActionKind]))))]
async fn list_audit(
    State(app): State<AppState>,
    caller: Caller,
    page: ApiResult<Page>,
    query: ApiResult<Query<AuditQuery>>,
) -> ApiResult<Response> {
    caller.needs(Scope::AuditRead)?;
    let (page, Query(query)) = (page?, query?);
    let rows = read(&app, &caller, &page, &query, page.fetch_limit()).await?;
    Ok(page.answer(rows, |row| (row.created_at_us, row.id.0), entry_body))
}

/// Export the audit log
///
/// The newest 10,000 rows from the cursor on; `limit` does not apply.
#[utoipa::path(get, path = "/audit.csv",
    params(Paged, AuditQuery),
    responses((status = 200, body = String, content_type = "text/csv", description = "One row per write.")),
    extensions(("x-scope" = json!(Scope::AuditRead)), ("x-errors" = json!([ErrorCode::AuditInvalidActionKind]))))]
async fn export_audit(
    State(app): State<AppState>,
    caller: Caller,
    page: ApiResult<Page>,
    query: ApiResult<Query<AuditQuery>>,
) -> ApiResult<Response> {
    caller.needs(Scope::AuditRead)?;
    let (page, Query(query)) = (page?, query?);
    let rows = read(&app, &caller, &page, &query, EXPORT_ROWS).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    let table = export::csv(&rows).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    Ok((headers, table).into_response())
}

async fn read(
    app: &AppState,
    caller: &Caller,
    page: &Page,
    query: &AuditQuery,
    limit: i64,
) -> ApiResult<Vec<Recorded>> {
    let filter = read_filter(query)?;
    let mut conn = app.db.acquire().await?;
    Ok(audit::list(&mut conn, caller.workspace.id, &filter, page.before_until(filter.to_us), limit).await?)
}

fn read_filter(query: &AuditQuery) -> ApiResult<Filter> {
    let action_kind = query.action_kind.trim().to_owned();
    if !action_kind.is_empty() && !KINDS.contains(&action_kind.as_str()) {
        let shown: String = action_kind.chars().take(40).collect();
        let message = format!("`{shown}` is no kind of action. `details.kinds` lists them.");
        let details = serde_json::json!({ "kinds": KINDS });
        return Err(ApiError::new(ErrorCode::AuditInvalidActionKind)
            .message(message)
            .at("action_kind")
            .details(details));
    }
    Ok(Filter {
        action_kind,
        // Addresses are stored in lower case, and ids are.
        actor: query.actor.trim().to_lowercase(),
        from_us: read_moment(query.from.trim(), "from", i64::MIN, false)?,
        to_us: read_moment(query.to.trim(), "to", i64::MAX, true)?,
    })
}

fn entry_body(row: Recorded) -> wire::AuditEntry {
    wire::AuditEntry {
        id: row.id,
        created_at: rfc3339(row.created_at_us),
        action_kind: row.action_kind,
        actor: wire::AuditActor { kind: row.actor_kind, id: row.actor_id, label: row.actor_label },
        subject_id: row.subject_id,
        details: row.details,
        ip: row.ip,
    }
}
