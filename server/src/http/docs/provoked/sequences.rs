//! Codes that take more than one request.

use sautikit_api::ErrorCode;

use super::UNKNOWN;

/// The requests in order; none where one is enough or none provokes the code.
pub(super) fn requests(code: ErrorCode) -> Vec<String> {
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
    let call = || post("/v1/calls", r#"{"from": "+254700000001", "to": "+254722000042"}"#);
    let limits = |limits: &str| format!("PUT /v1/wallet/limits\nContent-Type: application/json\n\n{limits}");
    let own_number = || "GET /v1/numbers?limit=1".to_owned();
    let link = || nobody(&post("/v1/auth/magic-link", r#"{"email": "amina@simba.example"}"#));
    let verify = || nobody(&post("/v1/auth/magic-link/verify", r#"{"token": "{token}"}"#));
    let claim = |id: &str| format!("POST /v1/numbers/{id}/claim");
    let delete = "DELETE /v1/api-keys/{id}".to_owned();
    let own_workspace = "GET /v1/workspace".to_owned();
    let series = |first: &str, last: &str| {
        post(
            "/v1/admin/series",
            &format!(
                r#"{{"provider_id": "{{provider_id}}", "country": "KE", "prefix": "+2547000000", "first_suffix": "{first}", "last_suffix": "{last}", "prices": [{{"currency": "USD", "monthly_price_minor": 100, "outbound_per_min_e4": 20000}}]}}"#
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
        "accounts.remove_denied" => {
            vec!["GET /v1/workspace/members".to_owned(), "DELETE /v1/workspace/members/{owner_id}".to_owned()]
        }
        "api_key.expired" => vec![
            post("/v1/api-keys", r#"{"name": "till", "scopes": ["calls:read"], "expires_at": "{soon}"}"#),
            format!("GET /v1/calls\n{by_key}"),
        ],
        "auth.token_expired" => vec![link(), verify()],
        "auth.token_used" => vec![link(), verify(), verify()],
        "calls.limit_exceeded" => vec![limits(r#"{"concurrent_calls": 1}"#), call(), call()],
        "spend_limit.reached" => vec![limits(r#"{"spend_per_day_minor": 0}"#), call()],
        "calls.not_live" => {
            let hang_up = "POST /v1/calls/{call_id}/hangup".to_owned();
            vec![call(), hang_up.clone(), hang_up]
        }
        "calls.stream_token_expired" => {
            let hang_up = "POST /v1/calls/{call_id}/hangup".to_owned();
            vec![call(), hang_up, "GET {stream_url}\nAuthorization:".to_owned()]
        }
        "calls.recording_expired" => {
            vec!["GET /v1/calls?limit=1".to_owned(), "GET /v1/calls/{id}/recording".to_owned()]
        }
        "calls.recording_in_progress" => {
            vec!["GET /v1/recordings?limit=1".to_owned(), "DELETE /v1/recordings/{id}".to_owned()]
        }
        "numbers.already_claimed" => vec![
            "GET /v1/numbers/available?country=KE&limit=1".to_owned(),
            claim("{available_id}"),
            claim("{available_id}"),
        ],
        "numbers.invalid_routing_url" => vec![
            own_number(),
            "PATCH /v1/numbers/{id}/routing\nContent-Type: application/json\n\n\
             {\"voice_callback_url\": \"https://10.0.0.1/voice\"}"
                .to_owned(),
        ],
        "numbers.price_missing" => vec![
            all_series(),
            series("30", "30"),
            "GET /v1/admin/numbers?series_id={id}&limit=1".to_owned(),
            claim("{id}"),
        ],
        "numbers.retired" => vec![
            "GET /v1/admin/numbers?state=available&limit=1".to_owned(),
            "POST /v1/admin/numbers/{id}/retire".to_owned(),
            claim("{id}"),
        ],
        "numbers.series_not_active" => vec![
            all_series(),
            "PATCH /v1/admin/series/{id}\nContent-Type: application/json\n\n{\"status\": \"paused\"}".to_owned(),
            "GET /v1/admin/numbers?series_id={id}&limit=1".to_owned(),
            claim("{id}"),
        ],
        "numbers.suffix_collision" => vec![all_series(), series("20", "30")],
        "numbers.sip_credentials.already_revoked" => {
            let revoke = "DELETE /v1/numbers/{number_id}/sip-credentials/{id}".to_owned();
            let device = post("/v1/numbers/{id}/sip-credentials", r#"{"label": "reception"}"#);
            vec![own_number(), device, revoke.clone(), revoke]
        }
        "numbers.sip_credentials.not_found" => {
            vec![own_number(), format!("DELETE /v1/numbers/{{id}}/sip-credentials/{UNKNOWN}")]
        }
        "pbx.resolve_failed" => vec![own_workspace, told(&ended("{id}"))],
        "rate_limited" => vec![new_key, format!("GET /v1/calls\n{by_key}")],
        "wallet.currency_mismatch" => vec![
            post("/v1/workspaces", r#"{"name": "Simba Kampala", "country": "UG", "currency": "UGX"}"#),
            "POST /v1/wallet/top-ups\nContent-Type: application/json\nX-Sautikit-Workspace: {id}\n\n\
             {\"method\": \"mpesa\", \"amount_minor\": 1000, \"phone\": \"+254722000001\"}"
                .to_owned(),
        ],
        "webhooks.delivery_not_retryable" => vec![
            new_endpoint,
            "PATCH /v1/webhooks/{id}\nContent-Type: application/json\n\n{\"status\": \"disabled\"}".to_owned(),
            post("/v1/webhooks/{id}/test", "{}"),
        ],
        _ => Vec::new(),
    }
}

/// The same request without a credential.
fn nobody(request: &str) -> String {
    request.replacen("\n\n", "\nAuthorization:\n\n", 1)
}

/// An event of a PBX, signed.
pub(super) fn told(event: &str) -> String {
    format!(
        "POST /v1/pbx/events\nContent-Type: application/json\nAuthorization:\nX-Sautikit-Source: asterisk\n\
         X-Sautikit-Signature: {{signature}}\n\n{event}"
    )
}

/// That a call has ended which was never told of.
pub(super) fn ended(workspace: &str) -> String {
    format!(
        r#"{{"event_id": "17-ended", "workspace_id": "{workspace}", "pbx_call_id": "17", "kind": "call.ended", "occurred_at": "2026-11-02T08:00:00Z"}}"#
    )
}
