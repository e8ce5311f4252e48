//! Codes that one request provokes.

use sautikit_api::ErrorCode;

use super::UNKNOWN;
use super::sequences::{ended, told};

/// The request, where one is enough.
pub(super) fn request(code: ErrorCode) -> Option<String> {
    let get = |path: &str| format!("GET {path}");
    let one = |method: &str, path: &str| format!("{method} {}", path.replace("{id}", UNKNOWN));
    let post = |path: &str, body: &str| format!("POST {path}\nContent-Type: application/json\n\n{body}");
    Some(match code.as_str() {
        "not_found" => get("/v1/nothing"),
        "accounts.write_denied" => post("/v1/api-keys", r#"{"name": "till"}"#),
        "accounts.admin_required" => {
            "PATCH /v1/workspace\nContent-Type: application/json\n\n{\"name\": \"Simba\"}".to_owned()
        }
        "auth.no_workspace" => get("/v1/workspace"),
        "auth.origin_denied" => {
            "POST /v1/api-keys\nContent-Type: application/json\nOrigin: https://evil.example\n\n{\"name\": \"till\"}"
                .to_owned()
        }
        "calls.no_route" => post("/v1/calls", r#"{"from": "+254700000001", "to": "+254722000042"}"#),
        "payments.unmatched_not_found" => post(
            "/v1/wallet/payment-claims",
            r#"{"receipt": "RKT1ABCDEF", "amount_minor": 100000, "phone": "+254722000001"}"#,
        ),
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
        "accounts.role_change_denied" => {
            post("/v1/workspace/invitations", r#"{"email": "amina@simba.example", "role": "owner"}"#)
        }
        "auth.cannot_unlink_only_auth" => post("/v1/auth/google/unlink", "{}"),
        "auth.google_state_mismatch" => {
            "GET /v1/auth/google/callback?code=of_nobody&state=of_nobody\nAuthorization:".to_owned()
        }
        "auth.invite_email_mismatch" => get("/v1/invitations/{token}"),
        "invite_requires_login" => "GET /v1/invitations/of_nobody\nAuthorization:".to_owned(),
        "actions.invalid" => {
            post("/v1/calls", r#"{"from": "+254700000001", "to": "+254722000042", "actions": [{"verb": "sing"}]}"#)
        }
        "calls.destination_blocked" => post("/v1/calls", r#"{"from": "+254700000001", "to": "+14155550123"}"#),
        "calls.frozen" => post("/v1/calls", r#"{"from": "+254700000001", "to": "+254722000042"}"#),
        "calls.recording_not_found" => one("GET", "/v1/recordings/{id}"),
        "storage.tier_switch_failed" => {
            "PUT /v1/storage/tier\nContent-Type: application/json\n\n{\"tier\": \"free\"}".to_owned()
        }
        "mpesa.unavailable" => {
            post("/v1/wallet/top-ups", r#"{"method": "mpesa", "amount_minor": 100000, "phone": "+254722000001"}"#)
        }
        "paystack.unavailable" => post("/v1/wallet/top-ups", r#"{"method": "paystack", "amount_minor": 100000}"#),
        "numbers.sip_config_unavailable" => {
            post("/v1/sandbox/inbound", r#"{"from": "+254722000042", "to": "+254700000001"}"#)
        }
        "payload_too_large" => post("/v1/api-keys", r#"{"name": "{large}"}"#),
        "payments.claim_limit" => post(
            "/v1/wallet/payment-claims",
            r#"{"receipt": "RKT1ABCDEF", "amount_minor": 100000, "phone": "+254722000001"}"#,
        ),
        "wallet.alert_subscribers_max" => {
            post("/v1/wallet/alert-subscribers", r#"{"email": "books{n}@simba.example"}"#)
        }
        "wallet.not_found" => one("GET", "/v1/admin/wallets/{id}"),
        "provider.invalid_credentials" => get("/v1/admin/payment-providers/paystack"),
        "pbx.body_read_failed" => post("/v1/pbx/events", r#"{"event_id": "{large}"}"#),
        "pbx.payload_decode_failed" => told(r#"{"event_id": "1"}"#),
        "pbx.unknown_workspace" => told(&ended(UNKNOWN)),
        _ => return None,
    })
}
