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
const LISTS: [(&str, &str, &[&str]); 5] = [
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
];

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
        let pairs: Vec<(&str, &str)> = own.chain([("limit", PAGE_ROWS), ("cursor", cursor.as_str())]).collect();
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

    #[test]
    fn members_within_members_have_columns_of_their_own() {
        let row = json!({"id": "a", "n": 5, "none": null, "actor": {"label": "key"}, "metadata": {"b": [1]}});
        let fields = ["id", "n", "none", "actor.label", "actor.id", "metadata"].map(|column| field(&row, column));
        assert_eq!(fields, ["a", "5", "", "key", "", "{\"b\":[1]}"]);
    }
}
