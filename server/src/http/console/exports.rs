//! GET `/exports/LIST.csv`: a list of the console as a file for spreadsheets, with the filters of its page.
//!
//! The rows are those of the API's list, asked as the visitor: what they may not read is refused as there. Deliberately
//! absent: lists that the API itself gives as CSV (the audit log, statements).

use app::api_client::{Api, ApiFailure, with_query};
use app::forms::Fields;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sautikit_api::{ErrorBody, ErrorCode};
use serde_json::Value;

use super::{Console, pages};
use crate::sheet::Sheet;
use crate::web::error::ApiError;

/// Rows of one file at most: 25 of the API's pages, which is a second's work. Filters choose others.
const MOST_ROWS: usize = 5_000;
/// Rows of a page, the most that the API gives.
const PAGE_ROWS: &str = "200";

/// Name of the file, path of the API, columns: members of a row, those of members within with a dot between.
const LISTS: [(&str, &str, &[&str]); 21] = [
    (
        "calls",
        "/v1/calls",
        &[
            "id",
            "pbx_call_id",
            "direction",
            "status",
            "from",
            "to",
            "local_e164",
            "remote_e164",
            "started_at",
            "answered_at",
            "ended_at",
            "duration_seconds",
            "cost_minor",
            "tax_minor",
            "currency",
            "hangup_cause",
            "ledger_entry_id",
            "recording_status",
            "metadata",
        ],
    ),
    (
        "recordings",
        "/v1/recordings",
        &[
            "id",
            "call_id",
            "source",
            "status",
            "channels",
            "started_at",
            "ended_at",
            "duration_ms",
            "size_bytes",
            "sha256",
            "expires_at",
            "failure",
        ],
    ),
    (
        "requests",
        "/v1/requests",
        &[
            "id",
            "created_at",
            "request_id",
            "method",
            "route",
            "path",
            "status",
            "error_code",
            "actor.kind",
            "actor.id",
            "actor.label",
            "ip",
            "duration_us",
        ],
    ),
    (
        "ledger",
        "/v1/wallet/ledger",
        &["id", "seq", "created_at", "kind", "amount_minor", "tax_minor", "balance_after_minor", "reference", "cause"],
    ),
    (
        "numbers",
        "/v1/numbers",
        &[
            "id",
            "e164",
            "status",
            "country",
            "currency",
            "monthly_price_minor",
            "inbound_per_min_minor",
            "outbound_per_min_minor",
            "voice_callback_url",
            "fallback_url",
            "events_url",
            "compat",
            "created_at",
        ],
    ),
    (
        "deliveries",
        "/v1/webhooks/deliveries",
        &[
            "id",
            "webhook_id",
            "event_id",
            "event",
            "url",
            "status",
            "attempts",
            "created_at",
            "delivered_at",
            "next_attempt_at",
            "last_attempt_at",
            "last_status",
            "last_error",
            "last_duration_ms",
        ],
    ),
    (
        "top-ups",
        "/v1/wallet/top-ups",
        &[
            "id",
            "created_at",
            "settled_at",
            "method",
            "channel",
            "status",
            "amount_minor",
            "currency",
            "receipt",
            "failure_reason",
            "may_be_paid",
            "simulated",
        ],
    ),
    (
        "api-keys",
        "/v1/api-keys",
        &[
            "id",
            "name",
            "prefix",
            "status",
            "scopes",
            "created_at",
            "last_used_at",
            "last_used_ip",
            "rotated_at",
            "expires_at",
            "revoked_at",
        ],
    ),
    ("members", "/v1/workspace/members", &["user_id", "email", "name", "role", "joined_at"]),
    (
        "webhooks",
        "/v1/webhooks",
        &[
            "id",
            "url",
            "status",
            "disabled_reason",
            "events",
            "number_id",
            "description",
            "rate_per_second",
            "created_at",
            "health.deliveries",
            "health.success_rate",
            "health.p50_ms",
            "health.p95_ms",
        ],
    ),
    (
        "shadow-requests",
        "/v1/shadow-requests",
        &[
            "id",
            "created_at",
            "number_id",
            "call_id",
            "purpose",
            "outcome",
            "difference_count",
            "live.status",
            "live.duration_ms",
            "shadow.status",
            "shadow.duration_ms",
            "differences",
        ],
    ),
    (
        "workspaces",
        "/v1/admin/workspaces",
        &["id", "name", "country", "currency", "status", "member_count", "created_at"],
    ),
    (
        "jobs",
        "/v1/admin/jobs",
        &["id", "kind", "lane", "subject", "state", "attempts", "last_error", "can_retry", "due_at", "created_at"],
    ),
    (
        "running-calls",
        "/v1/admin/calls",
        &[
            "id",
            "workspace_id",
            "workspace_name",
            "direction",
            "status",
            "from",
            "to",
            "node_id",
            "started_at",
            "answered_at",
        ],
    ),
    (
        "registrations",
        "/v1/admin/registrations",
        &[
            "workspace_id",
            "workspace_name",
            "identity",
            "credential_id",
            "number_id",
            "user_agent",
            "address",
            "transport",
            "registered_at",
            "expires_at",
        ],
    ),
    (
        "trunks",
        "/v1/admin/trunks",
        &[
            "id",
            "origin",
            "name",
            "address",
            "transport",
            "register",
            "identity",
            "number_format",
            "priority",
            "max_calls",
            "is_enabled",
            "is_reachable",
            "current_calls",
            "figures.answered",
            "figures.ended",
            "figures.failed",
            "figures.post_dial_mean_ms",
            "figures.post_dial_p95_ms",
            "last_options.at",
            "last_options.sip_status",
            "prefixes",
            "codecs",
            "country",
            "created_at",
            "updated_at",
        ],
    ),
    (
        "providers",
        "/v1/admin/providers",
        &["id", "name", "country", "contact", "notes", "status", "live_series", "created_at"],
    ),
    (
        "series",
        "/v1/admin/series",
        &[
            "id",
            "provider_name",
            "country",
            "prefix",
            "first_suffix",
            "last_suffix",
            "trunk",
            "capabilities",
            "status",
            "prices",
            "numbers",
            "created_at",
        ],
    ),
    (
        "stock",
        "/v1/admin/numbers",
        &[
            "id",
            "number",
            "country",
            "state",
            "capabilities",
            "series_id",
            "workspace_id",
            "workspace_name",
            "kept_until",
            "created_at",
        ],
    ),
    (
        "prices",
        "/v1/admin/prices",
        &[
            "id",
            "workspace_id",
            "prefix",
            "country",
            "currency",
            "per_min_e4",
            "billing_minimum_seconds",
            "billing_increment_seconds",
            "valid_from",
            "valid_until",
            "created_at",
        ],
    ),
    (
        "unmatched-payments",
        "/v1/admin/payments/unmatched",
        &[
            "id",
            "provider",
            "receipt",
            "amount_minor",
            "currency",
            "account_reference",
            "payer_phone",
            "payer_name",
            "status",
            "reason",
            "paid_at",
        ],
    ),
];

/// A list that the API gives whole, so that it takes no cursor.
const WHOLE: &str = "/v1/admin/trunks";

/// The file.
pub(super) async fn show(State(console): State<Console>, Path(file): Path<String>, request: Request) -> Response {
    let found = LISTS.iter().find(|(name, ..)| file.strip_suffix(".csv") == Some(*name));
    let Some((_, path, columns)) = found else { return ApiError::from(ErrorCode::NotFound).into_response() };
    let (parts, _) = request.into_parts();
    let api = pages::api(&console, &parts);
    match table(&api, path, columns, &pages::query(&parts.uri)).await {
        Ok(table) => {
            let name = format!("attachment; filename=\"{file}\"");
            let headers =
                [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
            (headers, table).into_response()
        }
        Err(Failure::Refused(failure)) => refusal(*failure),
        Err(Failure::Table(error)) => ApiError::internal(error).into_response(),
    }
}

/// Why there is no file.
enum Failure {
    Refused(Box<ApiFailure>),
    Table(csv::Error),
}

impl From<ApiFailure> for Failure {
    fn from(failure: ApiFailure) -> Self {
        Self::Refused(Box::new(failure))
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Self {
        Self::Table(error)
    }
}

async fn table(api: &Api, path: &str, columns: &[&str], filters: &Fields) -> Result<Vec<u8>, Failure> {
    let mut sheet = Sheet::new(columns)?;
    let mut cursor = String::new();
    let mut count = 0;
    loop {
        let own = filters.pairs().filter(|(name, _)| !["cursor", "limit"].contains(name));
        let page = [("limit", PAGE_ROWS), ("cursor", cursor.as_str())].into_iter().filter(|_| path != WHOLE);
        let pairs: Vec<(&str, &str)> = own.chain(page).collect();
        let answer = api.fetch(with_query(path, &pairs)).await?;
        let rows = answer.json.as_array().map(Vec::as_slice).unwrap_or_default();
        for row in rows {
            let fields: Vec<String> = columns.iter().map(|column| field(row, column)).collect();
            sheet.row(&fields)?;
        }
        count += rows.len();
        match answer.header("x-next-cursor") {
            Some(next) if count < MOST_ROWS => cursor = next.to_owned(),
            _ => return Ok(sheet.finish()?),
        }
    }
}

/// A member as text; what is neither text nor number is JSON.
fn field(row: &Value, column: &str) -> String {
    let value = column.split('.').try_fold(row, |value, name| value.get(name));
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The API's own refusal, which browsers are shown as a page.
fn refusal(failure: ApiFailure) -> Response {
    match failure {
        ApiFailure::Refused { status, detail } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            (status, Json(ErrorBody { error: *detail })).into_response()
        }
        ApiFailure::Unreadable(problem) => ApiError::internal(problem).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The schema that this one refers to.
    fn target<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
        let pointer = schema["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
        pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
    }

    /// Whether rows of this schema have the member.
    fn has(document: &Value, schema: &Value, name: &str) -> bool {
        let schema = target(document, schema);
        let parts = schema["allOf"].as_array().into_iter().flatten();
        schema["properties"].get(name).is_some() || parts.into_iter().any(|part| has(document, part, name))
    }

    #[test]
    fn every_column_is_a_member_of_the_list_s_rows() {
        let document = crate::http::openapi::document();
        for (list, path, columns) in LISTS {
            let content = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"];
            let rows = &target(&document, &content["schema"])["items"];
            for column in columns {
                let name = column.split('.').next().unwrap();
                assert!(has(&document, rows, name), "{list}: {column}");
            }
            let takes_cursor =
                document["paths"][path]["get"]["parameters"].to_string().to_lowercase().contains("cursor");
            assert_eq!(takes_cursor, path != WHOLE, "{list}");
        }
    }

    #[test]
    fn members_within_members_have_columns_of_their_own() {
        let row = json!({"id": "a", "n": 5, "none": null, "actor": {"label": "key"}, "metadata": {"b": [1]}});
        let fields = ["id", "n", "none", "actor.label", "actor.id", "metadata"].map(|column| field(&row, column));
        assert_eq!(fields, ["a", "5", "", "key", "", "{\"b\":[1]}"]);
    }
}
