//! An API that answers every path of a busy workspace, and what it answers.

use app::api_client::{ApiClient, ApiFailure, ApiFuture, ApiRequest, ApiResponse};
use serde_json::{Value, json};
use std::sync::Mutex;

pub(crate) const ID: &str = "019a0000-0000-7000-8000-000000000001";

/// Answers every path of a busy workspace; remembers what it was asked.
#[derive(Default)]
pub(crate) struct ScriptedApi {
    pub(crate) signed_out: bool,
    pub(crate) empty: bool,
    /// `owner` where it is left empty.
    pub(crate) role: &'static str,
    pub(crate) asked: Mutex<Vec<ApiRequest>>,
}

impl ApiClient for ScriptedApi {
    fn send(&self, request: ApiRequest) -> ApiFuture {
        let answer = self.answer(&request);
        self.asked.lock().unwrap().push(request);
        Box::pin(async move { answer })
    }
}

impl ScriptedApi {
    fn role(&self) -> &'static str {
        if self.role.is_empty() { "owner" } else { self.role }
    }

    fn answer(&self, request: &ApiRequest) -> Result<ApiResponse, ApiFailure> {
        let path = request.path.split('?').next().unwrap_or_default();
        if self.signed_out {
            return Err(refusal(401, "auth.session_invalid", None));
        }
        let list = |list: Value| if self.empty { json!([]) } else { list };
        let body = match (request.method.as_str(), path) {
            ("GET", "/v1/auth/me") => me(self.role()),
            ("GET", "/v1/workspace/members") => json!([member("owner"), member("viewer")]),
            ("GET", "/v1/workspace/invitations") => list(json!([invitation()])),
            ("GET", "/v1/audit") => list(json!([audited()])),
            ("GET", "/v1/auth/sessions") => json!([session(true), session(false)]),
            ("GET", "/v1/wallet/balance") => {
                json!({"balance_minor": 89765, "held_minor": 150, "available_minor": 89615, "currency": "KES", "low_balance_threshold_minor": null, "overdraft_policy": "finish_call", "overdraft_floor_minor": null})
            }
            ("GET", "/v1/wallet/ledger") => list(ledger()),
            ("GET", "/v1/numbers") => list(json!([number()])),
            ("GET", "/v1/numbers/available") => json!([available(2), available(3), available(4)]),
            ("GET", "/v1/api-keys") => list(json!([key()])),
            ("GET", "/v1/calls") => {
                list(json!([call("answered"), call("completed"), call("busy"), call("no_answer"), call("failed")]))
            }
            ("GET", "/v1/recordings") => {
                list(json!([recording("ready"), recording("processing"), recording("failed")]))
            }
            ("GET", "/v1/storage") => storage(),
            ("GET", "/v1/storage/tiers") => json!([tier("free"), tier("extended")]),
            ("GET", "/v1/conferences") => list(json!([conference()])),
            ("GET", "/v1/queues") => list(json!([queue()])),
            ("GET", "/v1/shadow-requests") => list(json!([shadow_request()])),
            ("GET", "/v1/requests") => list(json!([logged_request()])),
            ("GET", "/v1/webhooks" | "/v1/webhooks/kinds" | "/v1/webhooks/deliveries") => json!([]),
            ("POST", "/v1/actions/check") => checked(),
            ("POST", "/v1/privacy/erasures") => erased(),
            ("GET", "/v1/calls/stats") => stats(self.empty),
            ("GET", path) if path.ends_with("/events") => events(),
            ("GET", path) if path.ends_with("/sip") => ladder(),
            ("GET", path) if path.ends_with("/quality") => {
                json!({"data": [{"leg_id": ID, "media_security": "none", "srtp_suite": null, "packets_received": 250,
                    "loss_percent": 0.4, "jitter_ms": 2.3, "rtt_ms": 84.5, "mos": 4.3, "samples": [{"at": "2026-11-21T09:31:12.120Z",
                    "span_ms": 5_000, "packets_received": 250, "packets_sent": 250, "loss_percent": 0.4, "jitter_ms": 2.3,
                    "rtt_ms": 84.5, "remote_loss_percent": 0.0, "level_dbov": -27.0, "mos": 4.3}]}]})
            }
            ("GET", path) if path.starts_with("/v1/calls/") => call("completed"),
            ("GET", path) if path.ends_with("/sip-credentials") => list(json!([credential()])),
            ("GET", path) if path.ends_with("/sip-config") => {
                json!({"domain": "voice.example", "port": 5060, "ws_url": "wss://voice.example/sip", "transports": ["udp", "wss"],
                    "codecs": ["opus", "G722", "PCMA", "PCMU"], "srtp_suites": ["AES_CM_128_HMAC_SHA1_80"],
                    "max_expires_seconds": 3600})
            }
            ("GET", "/v1/sip/registrations") => list(json!([registration()])),
            ("GET", "/v1/admin/registrations") => list(json!([registered("phone"), registered("browser")])),
            ("POST", "/v1/admin/sip-keys/rotate") => {
                json!({"id": ID, "created_at": "2026-11-21T09:00:00Z", "former_until": "2026-11-21T09:05:00Z"})
            }
            ("GET", "/v1/wallet/top-ups") => list(json!([top_up("pending"), top_up("failed")])),
            ("GET", "/v1/wallet/top-ups/waits") => {
                let mut asked = top_up("pending");
                asked["authorization_url"] = json!(null);
                asked
            }
            ("GET", "/v1/wallet/paybill") => {
                json!({"shortcode": "600638", "account_reference": "ACD3F7", "currency": "KES"})
            }
            ("GET", path) if path.starts_with("/v1/wallet/top-ups/") => top_up("failed"),
            ("GET", "/v1/wallet/statements") => json!([statement(0), statement(1_379)]),
            ("GET", path) if path.starts_with("/v1/wallet/statements/") => statement(1_379),
            ("GET", "/v1/admin/jobs") => list(json!([{"id": ID, "kind": "reverse_top_up", "lane": "own",
                "subject": "refund:paystack:77", "state": "dead", "attempts": 100, "last_error": "the top-up is not settled",
                "can_retry": true, "due_at": "2026-11-21T09:00:00Z", "created_at": "2026-11-19T09:00:00Z"}])),
            ("GET", "/v1/admin/calls") => {
                list(json!([{"id": ID, "workspace_id": ID, "workspace_name": "Duka Moja Ltd",
                "direction": "inbound", "status": "answered", "from": "+254722000042", "to": "+254700000001",
                "node_id": "n0deA1b2C3d4E5f6", "started_at": "2026-11-21T09:00:00Z", "answered_at": "2026-11-21T09:00:04Z"}]))
            }
            ("GET", "/v1/admin/prices" | "/v1/admin/numbers") => json!([]),
            ("GET", "/v1/admin/trunks") => json!([trunk()]),
            ("GET", "/v1/admin/nodes") => json!([
                {"id": "n0deA1b2C3d4E5f6", "is_this": true, "state": "serving", "version": "0.1.0", "address": "10.0.0.7:9101",
                    "current_calls": 12, "lease_until": "2026-11-21T09:00:15Z", "started_at": "2026-11-20T09:00:00Z",
                    "draining_since": null},
                {"id": "n0deB", "is_this": false, "state": "draining", "version": "0.0.9", "address": null, "current_calls": 3,
                    "lease_until": "2026-11-21T09:00:15Z", "started_at": null, "draining_since": "2026-11-21T08:59:00Z"}]),
            ("GET", path) if path.starts_with("/v1/admin/workspaces/") && !path.ends_with("/limits") => {
                json!({"id": ID, "name": "Duka Moja Ltd", "country": "KE", "currency": "UGX", "status": "active",
                    "member_count": 2, "created_at": "2026-11-21T09:00:00Z"})
            }
            ("GET", path) if path.starts_with("/v1/admin/wallets/") && path.ends_with("/statements") => {
                json!([statement(0)])
            }
            ("GET", path) if path.starts_with("/v1/admin/wallets/") && path.contains("/statements/") => {
                let mut named = statement(1_379);
                named["supplier"] = json!({"name": "Sauti Ltd", "address": "Ngong Road", "tax_number": "P051234567X"});
                named
            }
            ("GET", "/v1/admin/payments/unmatched") => list(json!([unmatched()])),
            ("GET", "/v1/admin/workspaces") => {
                json!([{"id": ID, "name": "Duka Moja Ltd", "country": "KE", "currency": "UGX",
                "status": "active", "member_count": 2, "created_at": "2026-11-21T09:00:00Z"}])
            }
            ("GET", path) if path.starts_with("/v1/admin/wallets/") && !path.ends_with("/adjustments") => {
                if path.ends_with("/ledger") {
                    list(json!([{"id": ID, "seq": 1, "kind": "adjustment", "amount_minor": 50_000, "tax_minor": 0,
                        "balance_after_minor": 50_000, "reference": "Welcome", "cause": format!("adjustment:{ID}"),
                        "created_at": "2026-11-21T09:00:00Z"}]))
                } else {
                    json!({"balance_minor": 50_000, "held_minor": 0, "available_minor": 50_000, "currency": "UGX",
                        "low_balance_threshold_minor": null, "overdraft_policy": "finish_call", "overdraft_floor_minor": -20_000})
                }
            }
            ("GET", path) if path.ends_with("/adjustments") => {
                json!([{"id": ID, "kind": "promo", "amount_minor": 50_000,
                "currency": "UGX", "reason": "Welcome", "operator_id": ID, "balance_after_minor": null,
                "created_at": "2026-11-21T09:00:00Z"}])
            }
            ("POST", "/v1/admin/payments/reconcile") => reconciliation(),
            ("POST", path) if path.ends_with("/routing/test") => tested(),
            ("POST", path) if path.ends_with("/rotate-secret") => {
                json!({"secret": "whsec_0a1b2c", "former_secret_until": "2026-11-22T09:31:07Z"})
            }
            ("POST", "/v1/actions/validate") => {
                json!({"actions": null, "warnings": [], "error": {"message": "expected a telephone number",
                    "path": "actions[1].dial.to", "line": 3, "column": 19}})
            }
            ("POST", path) if path.ends_with("/sip-credentials") => {
                let mut made = credential();
                made["password"] = json!("k7m2qd9xh3vbn4wz8tcf5rgjae");
                made
            }
            ("GET", path) if path.starts_with("/v1/numbers/") => number(),
            ("GET", "/v1/workspace") => me(self.role())["workspace"].clone(),
            ("POST", "/v1/api-keys") => {
                let mut created = key();
                created["key"] = json!("skt_test_8f3kQz0aXbYcD1eF2gH3iJ4kL5mN6oP7aBc123");
                created
            }
            ("POST", "/v1/wallet/top-ups") => return Err(refusal(400, "wallet.topup_below_minimum", None)),
            _ => return Err(refusal(404, "not_found", None)),
        };
        Ok(ApiResponse { status: 200, headers: Vec::new(), json: body })
    }
}

fn refusal(status: u16, code: &str, field: Option<&str>) -> ApiFailure {
    let body = json!({"error": {"code": code, "message": "The smallest top-up is KES 10.00; send at least 1000.",
        "docs_url": format!("http://localhost/docs/errors/{code}"), "request_id": "req_019a0000", "field": field}});
    ApiFailure::from_answer(status, body.to_string().as_bytes())
}

fn me(role: &str) -> Value {
    let workspace = json!({"id": ID, "name": "Duka Moja Ltd", "country": "KE", "currency": "KES", "status": "active", "role": role});
    json!({"id": ID, "email": "amina@duka.example", "name": "Amina Otieno", "workspace": workspace, "workspaces": [workspace], "is_operator": false, "google_linked": false, "language": "en"})
}

fn member(role: &str) -> Value {
    let id = ID.replace("001", if role == "owner" { "001" } else { "002" });
    json!({"user_id": id, "email": format!("{role}@duka.example"), "name": "", "role": role, "joined_at": "2026-11-21T09:00:00Z"})
}

fn invitation() -> Value {
    json!({"id": ID, "email": "new@duka.example", "role": "viewer", "invited_by": ID, "created_at": "2026-11-21T09:00:00Z",
        "expires_at": "2026-11-28T09:00:00Z", "expired": false})
}

fn audited() -> Value {
    json!({"id": ID, "created_at": "2026-11-21T09:00:00Z", "action_kind": "member.role_changed", "subject_id": ID, "ip": "192.0.2.7",
        "actor": {"kind": "user", "id": ID, "label": "amina@duka.example"}, "details": {"before": {"role": "viewer"}, "after": {"role": "admin"}}})
}

fn session(current: bool) -> Value {
    json!({"id": ID, "created_at": "2026-11-21T09:00:00Z", "last_used_at": "2026-11-21T09:00:00Z", "expires_at": "2026-12-05T09:00:00Z",
        "current": current, "ip": "192.0.2.7", "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"})
}

fn number() -> Value {
    json!({"id": ID, "number": "+254700000001", "e164": "+254700000001", "status": "active", "country": "KE", "capabilities": ["voice"], "currency": "KES",
        "monthly_price_minor": 10000, "inbound_per_min_e4": 0, "inbound_per_min_minor": 0, "outbound_per_min_e4": 300_0000, "outbound_per_min_minor": 300, "billing_minimum_seconds": 1,
        "billing_increment_seconds": 1, "created_at": "2026-11-21T09:00:00Z",
        "voice_callback_url": null, "voice_url": null, "events_url": null, "fallback_url": null, "shadow_url": null, "ring_devices": true, "compat": "sautikit"})
}

fn credential() -> Value {
    json!({"id": ID, "number_id": ID, "label": "Reception", "username": "ts_0c4a9f3e", "sip_uri": "sip:ts_0c4a9f3e@voice.example",
        "status": "active", "srtp": "preferred", "created_at": "2026-11-21T09:00:00Z", "rotated_at": null, "revoked_at": null})
}

fn registration() -> Value {
    json!({"identity": "ts_0c4a9f3e", "credential_id": ID, "number_id": ID, "user_agent": "Yealink SIP-T31G 124.86.0.75",
        "address": "203.0.113.7:5060", "transport": "udp", "registered_at": "2026-11-21T09:00:00Z", "expires_at": "2026-11-21T10:00:00Z"})
}

/// As operators see it.
fn registered(kind: &str) -> Value {
    let mut row = registration();
    row["workspace_id"] = json!(ID);
    row["workspace_name"] = json!("Duka Moja Ltd");
    if kind == "browser" {
        row["identity"] = json!("asha");
        (row["credential_id"], row["number_id"]) = (json!(null), json!(null));
        row["transport"] = json!("ws");
    }
    row
}

fn top_up(status: &str) -> Value {
    let is_failed = status == "failed";
    json!({"id": ID, "method": if is_failed { "mpesa" } else { "paystack" }, "channel": if is_failed { "push" } else { "page" },
        "simulated": false, "status": status, "amount_minor": 100_000, "currency": "KES",
        "authorization_url": (!is_failed).then_some("https://checkout.paystack.com/1"),
        "failure_reason": is_failed.then_some("M-Pesa did not say what became of the request."), "may_be_paid": is_failed,
        "receipt": null, "created_at": "2026-11-21T09:00:00Z", "settled_at": is_failed.then_some("2026-11-22T09:00:00Z")})
}

fn statement(tax: i64) -> Value {
    json!({"month": "2026-11", "currency": "KES", "zone": "Africa/Nairobi", "period_start": "2026-10-31T21:00:00Z",
        "period_end": "2026-11-30T21:00:00Z", "opening_minor": 0, "closing_minor": 89_765, "entries": 2, "tax_minor": tax,
        "sums": [{"kind": "top_up", "entries": 1, "amount_minor": 100_000, "tax_minor": 0}, {"kind": "rental", "entries": 1,
        "amount_minor": -10_000, "tax_minor": tax}], "head_hash": "9f86d081884c7d65"})
}

fn unmatched() -> Value {
    json!({"id": ID, "provider": "mpesa", "receipt": "RKT1ABCDEF", "amount_minor": 100_000, "currency": "KES", "account_reference": "my shop",
        "payer_phone": "2547 ***** 149", "payer_name": "ASHA", "status": "unmatched", "reason": "unknown_reference", "claimed_by": [ID],
        "claims": [{"workspace_id": ID, "workspace_name": "Duka Moja", "phone": "+254722000149", "amount_minor": 100_000,
        "claimed_at": "2026-11-21T09:00:00Z"}], "top_up_id": null, "paid_at": "2026-11-21T09:00:00Z"})
}

fn reconciliation() -> Value {
    json!({"provider": "mpesa", "from": "2026-11-20T09:00:00Z", "to": "2026-11-21T09:00:00Z", "payments": 2, "skipped": 1, "matched": 1,
        "matched_minor": 100_000, "statement_minor": 150_000, "booked_minor": 100_000, "totals": [{"currency": "KES",
        "matched_minor": 100_000, "statement_minor": 150_000, "booked_minor": 100_000}], "differences": [{"kind": "missing_here",
        "receipt": "RKT1ABCDEG", "currency": "KES", "statement_minor": 50_000, "booked_minor": null, "message": "RKT1ABCDEG of 500.00 is unknown here."}]})
}

fn tested() -> Value {
    json!({"request": {"method": "POST", "url": "https://duka.example/voice", "headers": {"x-sautikit-signature": "t=1,v1=ab"},
        "body": "CallStatus=ringing&Test=true"}, "response": {"status": 200, "url": "https://duka.example/voice",
        "content_type": "application/json", "body": "{\"actions\":[{\"dial\":{\"to\":\"abc\"}}]}", "body_bytes": 37}, "duration_ms": 84,
        "first_failure": null, "actions": null, "warnings": [{"line": 3, "column": 5, "message": "<Sing> is no verb"}],
        "error": {"code": "actions.invalid", "path": "actions[0].dial.to",
        "message": "expected a telephone number"}})
}

fn available(last: u8) -> Value {
    let e164 = format!("+25470000000{last}");
    json!({"id": ID, "number": e164, "e164": e164, "country": "KE", "capabilities": ["voice"], "monthly_price_minor": 10000, "due_now_minor": 3334,
        "inbound_per_min_e4": 0, "inbound_per_min_minor": 0, "outbound_per_min_e4": 300_0000, "outbound_per_min_minor": 300, "billing_minimum_seconds": 1, "billing_increment_seconds": 1, "currency": "KES",
        "next_charge_minor": 10_000, "next_charge_at": "2026-11-30T21:00:00Z", "state": "available", "kept_until": null})
}

fn key() -> Value {
    json!({"id": ID, "name": "billing server", "prefix": "skt_test_8f3k", "status": "active", "scopes": ["calls:read", "calls:write"], "created_at": "2026-11-21T09:00:00Z",
        "last_used_at": null, "last_used_ip": null, "rotated_at": null, "former_secret_until": null, "expires_at": null, "revoked_at": null})
}

fn ledger() -> Value {
    let entry = |seq: i64, kind: &str, amount: i64, after: i64, reference: &str| {
        json!({"id": ID, "seq": seq, "kind": kind, "amount_minor": amount, "tax_minor": 0, "balance_after_minor": after,
        "reference": reference, "cause": format!("{kind}:{seq}"), "created_at": "2026-11-21T09:30:00Z"})
    };
    json!([
        entry(3, "call", -235, 89765, "+254722000042, 47 s"),
        entry(2, "rental", -10000, 90000, "+254700000001, November"),
        entry(1, "top_up", 100000, 100000, "Simulated M-Pesa SIM0001")
    ])
}

fn call(status: &str) -> Value {
    let ended = status != "answered";
    let leg = json!({"id": ID, "pbx_call_id": "HD_019a000000008000800000000000001", "kind": "telephone", "direction": "outbound", "target": "+254722000042", "outcome": "remote_hangup", "answered_at": "2026-11-21T09:31:07Z",
        "duration_seconds": 47, "rate_per_min_e4": 3000000, "billing_minimum_seconds": 1,
        "billing_increment_seconds": 1, "cost_minor": 235});
    json!({"id": ID, "pbx_call_id": "HD_019a000000007000800000000000001", "direction": "outbound", "status": status, "from": "+254700000001", "to": "+254722000042",
        "local_e164": "+254700000001", "remote_e164": "+254722000042", "duration_seconds": ended.then_some(if status == "completed" { 47 } else { 0 }),
        "cost_minor": ended.then_some(if status == "completed" { 235 } else { 0 }), "currency": "KES", "hangup_cause": "remote_hangup", "ledger_entry_id": (status == "completed").then_some(ID),
        "metadata": null, "started_at": "2026-11-21T09:31:00Z", "answered_at": "2026-11-21T09:31:07Z", "ended_at": "2026-11-21T09:31:54Z", "legs": [leg], "recording_status": null})
}

fn recording(status: &str) -> Value {
    let is_ready = status == "ready";
    json!({"id": ID, "call_id": ID, "source": "dial", "status": status, "channels": 2,
        "started_at": "2026-11-21T09:31:07Z", "ended_at": "2026-11-21T09:31:54Z", "duration_ms": is_ready.then_some(47_200),
        "size_bytes": is_ready.then_some(1_510_444), "sha256": null, "waveform": if is_ready { vec![3, 40, 77, 12] } else { vec![] },
        "expires_at": is_ready.then_some("2026-12-21T09:31:07Z"), "failure": (status == "failed").then_some("What was recorded is damaged.")})
}

fn tier(id: &str) -> Value {
    json!({"id": id, "name": id, "capacity_bytes": 5_000_000_000_i64, "retention_days": 30, "monthly_price_minor": 0, "currency": "KES"})
}

fn storage() -> Value {
    json!({"tier": tier("free"), "used_bytes": 61_200_000, "recordings": 32, "bucket": null})
}

fn stats(empty: bool) -> Value {
    let day = |date: u8, calls: i64, failed: i64| {
        json!({"start": format!("2026-11-{:02}T21:00:00Z", date - 1), "date": format!("2026-11-{date:02}"), "total_calls": calls,
            "answered_calls": calls - failed, "failed_calls": failed, "total_seconds": calls * 47, "total_spend_minor": calls * 235})
    };
    let days: Vec<Value> = (8..=21)
        .map(|date| if empty { day(date, 0, 0) } else { day(date, i64::from(date) % 5, i64::from(date) % 2) })
        .collect();
    let sum = |name: &str| days.iter().filter_map(|day| day[name].as_i64()).sum::<i64>();
    json!({"total_calls": sum("total_calls"), "answered_calls": sum("answered_calls"), "failed_calls": sum("failed_calls"), "total_minutes": sum("total_seconds") / 60,
        "total_spend_minor": sum("total_spend_minor"), "currency": "KES", "buckets": days, "callbacks": {"answered": 40, "failed": 1, "p95_ms": 212}})
}

fn trunk() -> Value {
    json!({"id": ID, "origin": "api", "name": "carrier-a", "address": "192.0.2.10:5060", "transport": "udp",
        "outbound_proxy": null, "domain": null, "certificate_name": null, "register": true, "from_user": null,
        "identity": "from", "number_format": "e164", "calls_per_second": null, "options_every_seconds": 30,
        "follow_redirects": false, "srtp": "accepted", "pass_headers": [], "prefixes": ["+254"], "sources": [],
        "country": "KE", "username": "us", "codecs": ["PCMA"], "priority": 10, "max_calls": 100, "is_enabled": true,
        "resolved_address": "192.0.2.10:5060", "is_reachable": true, "current_calls": 3,
        "registration": {"status": "registered", "expires_at": "2026-11-21T10:00:00Z", "sip_status": null,
            "next_attempt_at": null},
        "last_options": {"at": "2026-11-21T09:29:50Z", "sip_status": 200},
        "figures": {"answered": 412, "ended": 61, "failed": 2, "post_dial_mean_ms": 1_240, "post_dial_p95_ms": 2_900},
        "created_at": null, "updated_at": null})
}

fn ladder() -> Value {
    let text = "INVITE sip:+254700000001@voice.example SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.4:5060\r\n\r\n";
    json!({"data": [{"at": "2026-11-21T09:31:00.116Z", "at_ms": 1_795_253_460_116_i64, "leg_id": ID, "direction": "received",
        "transport": "udp", "local": "192.0.2.1:5060", "remote": "198.51.100.4:5060",
        "start_line": "INVITE sip:+254700000001@voice.example SIP/2.0", "method": "INVITE", "status": null, "call_id": "c",
        "cseq": "1 INVITE", "text": text, "is_retransmission": false}], "left_out": 0})
}

fn events() -> Value {
    let event = |sequence: i64, kind: &str, second: u8, data: Value| json!({"id": ID, "sequence": sequence, "kind": kind, "occurred_at": format!("2026-11-21T09:31:{second:02}.120Z"), "data": data});
    json!([
        event(1, "call.ringing", 0, json!({"trunk": "sandbox", "sip_call_id": "a84b4c76e66710"})),
        event(2, "call.answered", 7, json!({"sip_status": 200, "codec": "opus"})),
        event(3, "verb.started", 7, json!({"verb": "say", "text": "Habari!"})),
        event(4, "call.callback_failed", 20, json!({"url": "https://example.co.ke/voice", "http_status": 500})),
        event(5, "call.completed", 54, json!({"hangup_cause": "remote_hangup", "duration_seconds": 47}))
    ])
}

fn conference() -> Value {
    let member = |muted: bool| {
        json!({"call_id": ID, "party": "+254722000042", "label": null, "muted": muted, "held": false, "coach": null,
            "end_on_exit": false, "entered_at": "2026-11-21T09:00:00Z"})
    };
    json!({"id": ID, "name": "stand-up", "begun": true, "opened_at": "2026-11-21T09:00:00Z", "recording_id": ID,
        "members": [member(false), member(true)]})
}

fn queue() -> Value {
    json!({"id": ID, "name": "support", "opened_at": "2026-11-21T09:00:00Z", "talking": 1, "waiting_agents": 0,
        "average_wait_seconds": 42, "members": [{"call_id": ID, "party": "+254733000042", "position": 1,
            "entered_at": "2026-11-21T09:00:00Z", "waited_seconds": 31}]})
}

fn shadow_request() -> Value {
    let side = |url: &str| json!({"url": url, "status": 200, "duration_ms": 41, "verbs": ["getDigits"], "warnings": [], "error": null});
    json!({"id": ID, "created_at": "2026-11-21T09:31:07Z", "number_id": ID, "call_id": ID, "purpose": "actions", "outcome": "different",
        "live": side("https://simba.example/voice"), "shadow": side("https://new.simba.example/voice"), "difference_count": 1,
        "differences": [{"path": "actions[0].getDigits.numDigits", "live": "1", "shadow": "4"}], "answer": "{}"})
}

fn checked() -> Value {
    json!({"fails": 1, "skipped": 1, "calls": [{"name": "A caller who presses nothing", "end": "the call ends: completed",
        "requests": [{"url": "https://simba.example/voice", "told": "CallStatus=ringing", "came": "200 text/xml, 12 ms",
        "verbs": ["say"], "findings": [{"severity": "skipped", "message": "<Pay> is not supported", "line": 3, "column": 5},
        {"severity": "fails", "message": "expected a telephone number", "line": null, "column": null}]}]}]})
}

fn erased() -> Value {
    json!({"statement": {"id": ID, "workspace_id": ID, "number_hash": "5f0c", "erased_at": "2026-11-21T09:31:07Z",
        "server": "https://voice.example", "changed": {"calls": 3}, "recordings": [ID]}, "algorithm": "Ed25519",
        "public_key": "11qY", "signature": "bm8="})
}

fn logged_request() -> Value {
    json!({"id": ID, "created_at": "2026-11-21T09:31:07Z", "request_id": "req_019a0000", "method": "POST", "route": "/v1/calls",
        "path": "/v1/calls", "status": 202, "error_code": null, "actor": {"kind": "api_key", "id": ID, "label": "till"},
        "ip": "203.0.113.7", "duration_us": 1840, "exchange": {"request_headers": "user-agent: curl/8.5.0\n",
        "request_body": "{\"to\":\"+254722000042\"}", "request_is_whole": true, "answer_headers": "content-type: application/json\n",
        "answer_body": format!("{{\"call_id\":\"{ID}\"}}")}})
}
