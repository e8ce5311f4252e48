//! Requests that are answered with an error code, for the code's page. A test sends each (`server/tests/it/docs.rs`).
//!
//! Where it takes more than one, the last is answered with the code; `{id}` and `{key}` are of the first row of an answer
//! before.

use sautikit_api::ErrorCode;

/// An id of the right form that nothing has.
const UNKNOWN: &str = "01900000-0000-7000-8000-000000000000";

/// The requests as HTTP has them, in order; none where the catalogue's page shows none.
pub(super) fn requests(code: ErrorCode) -> Vec<String> {
    single(code).map_or_else(|| several(code), |request| vec![request])
}

fn several(code: ErrorCode) -> Vec<String> {
    let post = |path: &str, body: &str| format!("POST {path}\nContent-Type: application/json\n\n{body}");
    let new_key = post("/v1/api-keys", r#"{"name": "till", "scopes": ["calls:read"]}"#);
    let new_endpoint = post("/v1/webhooks", r#"{"url": "https://shop.example/events"}"#);
    let subscriber = post("/v1/wallet/alert-subscribers", r#"{"email": "books@simba.example"}"#);
    let by_key = "Authorization: Bearer {key}";
    let once = |description: &str| {
        format!(
            "POST /v1/webhooks\nContent-Type: application/json\nIdempotency-Key: order-17\n\n\
            {{\"url\": \"https://shop.example/events\", \"description\": \"{description}\"}}"
        )
    };
    let delete = "DELETE /v1/api-keys/{id}".to_owned();
    match code.as_str() {
        "api_key.already_revoked" => vec![new_key, delete.clone(), delete],
        "api_key.revoked" => vec![new_key, delete, format!("GET /v1/calls\n{by_key}")],
        "api_key.scope_denied" => {
            let denied = new_endpoint.replacen('\n', &format!("\n{by_key}\n"), 1);
            vec![new_key, denied]
        }
        "accounts.last_owner" => vec![
            "GET /v1/auth/me".to_owned(),
            "PATCH /v1/workspace/members/{id}\nContent-Type: application/json\n\n{\"role\": \"viewer\"}".to_owned(),
        ],
        "idempotency.conflict" => vec![once("orders"), once("returns")],
        "wallet.alert_subscriber_exists" => vec![subscriber.clone(), subscriber],
        "wallet.insufficient_funds" => {
            vec!["GET /v1/numbers/available?country=KE&limit=1".to_owned(), "POST /v1/numbers/{id}/claim".to_owned()]
        }
        "webhooks.former_secret_signs" => {
            let rotate = post("/v1/webhooks/{id}/rotate-secret", r#"{"grace_seconds": 3600}"#);
            vec![new_endpoint, rotate.clone(), rotate]
        }
        _ => Vec::new(),
    }
}

fn single(code: ErrorCode) -> Option<String> {
    let get = |path: &str| format!("GET {path}");
    let one = |method: &str, path: &str| format!("{method} {}", path.replace("{id}", UNKNOWN));
    let post = |path: &str, body: &str| format!("POST {path}\nContent-Type: application/json\n\n{body}");
    Some(match code.as_str() {
        "not_found" => get("/v1/nothing"),
        "method_not_allowed" => one("DELETE", "/v1/pricing"),
        "unsupported_media_type" => {
            "POST /v1/webhooks\nContent-Type: text/plain\n\nurl=https://shop.example/events".to_owned()
        }
        "validation.bad_request" => get("/v1/calls?limit=0"),
        "validation.invalid_cursor" => get("/v1/calls?cursor=elsewhere"),
        "auth.session_invalid" => "GET /v1/calls\nAuthorization:".to_owned(),
        "api_key.invalid" => "GET /v1/calls\nAuthorization: Bearer skt_test_of_nobody".to_owned(),
        "api_key.not_found" => one("DELETE", "/v1/api-keys/{id}"),
        "calls.not_found" => one("GET", "/v1/calls/{id}"),
        "conferences.not_found" => get("/v1/conferences/nobody"),
        "queues.not_found" => get("/v1/queues/nobody"),
        "numbers.not_assigned" => one("GET", "/v1/numbers/{id}"),
        "numbers.not_found" => one("POST", "/v1/numbers/{id}/claim"),
        "api_key.name_required" => post("/v1/api-keys", "{}"),
        "api_key.scope_invalid" => post("/v1/api-keys", r#"{"name": "till", "scopes": ["tea:make"]}"#),
        "audit.invalid_action_kind" => get("/v1/audit?action_kind=tea.made"),
        "auth.admin_required" => get("/v1/admin/workspaces"),
        "auth.google_not_configured" => "GET /v1/auth/google/start\nAuthorization:".to_owned(),
        "storage.tier_invalid" => {
            "PUT /v1/storage/tier\nContent-Type: application/json\n\n{\"tier\": \"endless\"}".to_owned()
        }
        "wallet.invalid_amount" => {
            post("/v1/wallet/top-ups", r#"{"method": "mpesa", "amount_minor": 0, "phone": "+254722000001"}"#)
        }
        "calls.emergency_blocked" => post("/v1/calls", r#"{"from": "+254700000001", "to": "999"}"#),
        "calls.stream_token_invalid" => {
            format!("{}\nAuthorization:", one("GET", "/v1/calls/{id}/stream?token=of_nobody"))
        }
        "currency.unsupported" => {
            post("/v1/workspaces", r#"{"name": "Simba Cold Chain", "country": "KE", "currency": "XYZ"}"#)
        }
        "auth.already_onboarded" => post(
            "/v1/auth/onboarding",
            r#"{"name": "Amina", "workspace_name": "Simba Deliveries", "country": "KE", "currency": "KES"}"#,
        ),
        "auth.token_invalid" => post("/v1/auth/magic-link/verify", r#"{"token": "of_no_link"}"#),
        "invitations.not_found" => get("/v1/invitations/of_nobody"),
        "pbx.signature_invalid" => post("/v1/pbx/events", "{}"),
        "auth.workspace_forbidden" => format!("GET /v1/calls\nX-Sautikit-Workspace: {UNKNOWN}"),
        "wallet.topup_below_minimum" => post("/v1/wallet/top-ups", r#"{"method": "paystack", "amount_minor": 50}"#),
        "wallet.alert_subscriber_invalid_email" => post("/v1/wallet/alert-subscribers", r#"{"email": "nobody"}"#),
        "wallet.alert_subscriber_not_found" => one("DELETE", "/v1/wallet/alert-subscribers/{id}"),
        "webhooks.event_unsupported" => get("/v1/events?event=nothing"),
        "topup.not_found" => one("GET", "/v1/wallet/top-ups/{id}"),
        "webhooks.not_found" => one("GET", "/v1/webhooks/{id}"),
        _ => return None,
    })
}
