//! `/v1/audit` and `/v1/audit.csv`.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sautikit_api::ErrorCode;
use sautikit_api::audit as wire;

use super::{Filter, KINDS, Recorded, export};
use crate::accounts::Scope;
use crate::audit;
use crate::clock::rfc3339;
use crate::error::{ApiError, ApiResult};
use crate::http::caller::Caller;
use crate::http::moment::read_moment;
use crate::http::page::Page;
use crate::state::AppState;

/// Rows of one export: about 3 MB. Longer logs are exported by period.
const EXPORT_ROWS: i64 = 10_000;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> Router<AppState> {
    Router::new().route("/audit", get(list_audit)).route("/audit.csv", get(export_audit))
}

async fn list_audit(
    State(app): State<AppState>,
    caller: Caller,
    page: Page,
    Query(query): Query<HashMap<String, String>>,
) -> ApiResult<Response> {
    let rows = read(&app, &caller, &page, &query, page.fetch_limit()).await?;
    Ok(page.answer(rows, |row| (row.created_at_us, row.id.0), entry_body))
}

/// The newest rows from the cursor on; `limit` does not apply.
async fn export_audit(
    State(app): State<AppState>,
    caller: Caller,
    page: Page,
    Query(query): Query<HashMap<String, String>>,
) -> ApiResult<Response> {
    let rows = read(&app, &caller, &page, &query, EXPORT_ROWS).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    Ok((headers, export::csv(&rows)).into_response())
}

async fn read(
    app: &AppState,
    caller: &Caller,
    page: &Page,
    query: &HashMap<String, String>,
    limit: i64,
) -> ApiResult<Vec<Recorded>> {
    caller.needs(Scope::AuditRead)?;
    let filter = read_filter(query)?;
    let mut conn = app.db.acquire().await?;
    Ok(audit::list(&mut conn, caller.workspace.id, &filter, page.before(), limit).await?)
}

fn read_filter(query: &HashMap<String, String>) -> ApiResult<Filter> {
    let text = |name: &str| query.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let action_kind = text("action_kind");
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
        actor: text("actor").to_lowercase(),
        from_us: read_moment(&text("from"), "from", i64::MIN, false)?,
        to_us: read_moment(&text("to"), "to", i64::MAX, true)?,
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
