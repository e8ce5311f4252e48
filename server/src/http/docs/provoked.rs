//! Requests that are answered with an error code, for the code's page. A test sends each (`server/tests/it/docs.rs`).
//!
//! Where it takes more than one, the last is answered with the code; `{id}`, `{key}` and the like are members of the first row of
//! an answer before. Who sends them is an owner, unless [`setting`] says otherwise. What only a fault of ours is answered with, no
//! request provokes: [`fault`] says when it comes.

use sautikit_api::ErrorCode;

/// An id of the right form that nothing has.
const UNKNOWN: &str = "01900000-0000-7000-8000-000000000000";

/// The requests as HTTP has them, in order; none where the catalogue's page shows none.
pub(super) fn requests(code: ErrorCode) -> Vec<String> {
    single(code).map_or_else(|| several(code), |request| vec![request])
}

/// What has to be so for the requests to be answered with the code; none where any owner of a workspace sees it.
pub(super) fn setting(code: ErrorCode) -> Option<&'static str> {
    Some(match code.as_str() {
        "accounts.write_denied" | "accounts.admin_required" => "As a member with the role `viewer`:",
        "auth.no_workspace" => "As somebody who has signed in and has no workspace yet:",
        "account.suspended"
        | "wallet.adjustment_invalid_kind"
        | "numbers.series_invalid"
        | "provider.has_active_series" => "As an operator of the installation, who also owns a workspace:",
        "calls.no_route" => "Where no node of the installation takes calls (role `gateway`):",
        "webhooks.dispatcher_unavailable" => "Where no node of the installation delivers (role `worker`):",
        _ => return None,
    })
}

/// When a code comes that no request provokes by itself.
pub(super) fn fault(code: ErrorCode) -> Option<&'static str> {
    Some(match code.as_str() {
        "calls.events_failed"
        | "calls.get_failed"
        | "calls.list_failed"
        | "calls.stats_failed"
        | "webhooks.create_failed"
        | "webhooks.delete_failed"
        | "webhooks.list_failed"
        | "webhooks.patch_failed"
        | "webhooks.rotate_secret_failed"
        | "pbx.ingest_failed" => {
            "the database can not be reached, or refuses what it is asked, while a request is answered"
        }
        "internal_error" => {
            "something fails that has no code of its own; the log of the server has the cause beside the request's id"
        }
        "numbers.wallet_unavailable" => "another request holds the wallet for longer than a claim waits for it",
        "calls.recording_failed" => "a recording was damaged before it was stored, as by a disk that was full",
        "calls.overloaded" => "the node has as many calls as it can take, or no room to set another up in time",
        "service.draining" => "the node is being shut down; another one answers the next request",
        "storage.unavailable" => "the place where recordings are kept does not answer",
        _ => return None,
    })
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
    let own_workspace = "GET /v1/workspace".to_owned();
    let series = |first: &str, last: &str| {
        post(
            "/v1/admin/series",
            &format!(
                r#"{{"provider_id": "{{provider_id}}", "country": "KE", "prefix": "+2547000000", "first_suffix": "{first}", "last_suffix": "{last}", "prices": []}}"#
            ),
        )
    };
    let all_series = || "GET /v1/admin/series?limit=1".to_owned();
    match code.as_str() {
        "api_key.already_revoked" => vec![new_key, delete.clone(), delete],
        "api_key.revoked" => vec![new_key, delete, format!("GET /v1/calls\n{by_key}")],
        "api_key.scope_denied" => {
            let denied = new_endpoint.replacen('\n', &format!("\n{by_key}\n"), 1);
            vec![new_key, denied]
        }
        "account.suspended" => vec![
            own_workspace,
            post("/v1/admin/workspaces/{id}/suspend", r#"{"reason": "abuse"}"#),
            post("/v1/api-keys", r#"{"name": "till"}"#),
        ],
        "numbers.series_invalid" => vec![all_series(), series("30", "3")],
        "provider.has_active_series" => vec![all_series(), "DELETE /v1/admin/providers/{provider_id}".to_owned()],
        "wallet.adjustment_invalid_kind" => vec![
            own_workspace,
            post(
                "/v1/admin/wallets/{id}/adjustments",
                r#"{"kind": "gift", "amount_minor": 100, "reason": "birthday"}"#,
            ),
        ],
        "webhooks.dispatcher_unavailable" => vec![new_endpoint, post("/v1/webhooks/{id}/test", "{}")],
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
        _ => return None,
    })
}
