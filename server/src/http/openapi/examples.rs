//! Examples of bodies and errors. A test reads each as its type, so that none can drift.

use sautikit_api::ErrorCode;
use sautikit_api::{
    accounts, alerts, audit, call_traces, calls, conferences, keys, limits, members, numbers, operator, playground,
    pricing, privacy, queues, recordings, requests, shadow, sip, storage, supply, trunks, wallet, webhooks,
};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// An answer with this code.
pub(super) fn of_error(code: ErrorCode) -> Value {
    json!({ "error": {
        "code": code.as_str(),
        "message": format!("{} {}", code.happened(), code.remedy()),
        "docs_url": format!("https://voice.example/docs/errors/{code}"),
        "request_id": "req_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa",
    } })
}

macro_rules! examples {
    ($($body:ty = $example:expr;)*) => {
        /// The example of the schema of that name.
        pub(super) fn of_schema(name: &str) -> Option<Value> {
            $(if name == <$body>::name() { return Some($example); })*
            None
        }

        #[cfg(test)]
        mod tests {
            use super::*;

            #[test]
            fn every_example_is_of_its_type() {
                $({
                    let read = serde_json::from_value::<$body>($example);
                    assert!(read.is_ok(), "the example of {}: {:?}", <$body>::name(), read.err());
                })*
            }
        }
    };
}

const USER: &str = "019a2f60-7b1e-7cc1-8a35-5f2d9b1c0e11";
const WORKSPACE: &str = "019a2f60-9d04-7e52-b1c7-0a4de3f21c22";
const NUMBER: &str = "019a2f61-23aa-7d10-9c44-6be0d1a7f333";
const CALL: &str = "019a2f6b-1c5e-7c3f-9a52-d0b7c1e4f8aa";
const ENTRY: &str = "019a2f6c-5512-7b9f-8e01-77c3a2d4e555";
const EARLIER: &str = "2026-11-21T09:00:00Z";
const NOW: &str = "2026-11-21T09:40:00Z";
const LATER: &str = "2026-12-01T00:00:00Z";

fn workspace() -> Value {
    json!({ "id": WORKSPACE, "name": "Simba Deliveries", "country": "KE", "currency": "KES", "status": "active",
        "role": "owner" })
}

fn sip_message() -> Value {
    json!({ "at": "2026-11-21T09:00:00.184Z", "at_ms": 1_795_251_600_184_i64, "leg_id": ENTRY, "direction": "received",
        "transport": "udp", "local": "192.0.2.10:5060", "remote": "198.51.100.4:5060",
        "start_line": "SIP/2.0 486 Busy Here", "method": "INVITE", "status": 486, "call_id": "c0ffee@192.0.2.10",
        "cseq": "1 INVITE", "text": "SIP/2.0 486 Busy Here\r\nCall-ID: c0ffee@192.0.2.10\r\nCSeq: 1 INVITE\r\n\r\n",
        "is_retransmission": false })
}

fn quality_sample() -> Value {
    json!({ "at": "2026-11-21T09:00:05.210Z", "span_ms": 5_000, "packets_received": 248, "packets_sent": 250,
        "loss_percent": 0.8, "jitter_ms": 2.31, "rtt_ms": 84.5, "remote_loss_percent": 0.0, "level_dbov": -27.4,
        "mos": 4.32 })
}

fn leg_quality() -> Value {
    json!({ "leg_id": ENTRY, "media_security": "sdes", "srtp_suite": "AES_CM_128_HMAC_SHA1_80", "packets_received": 248, "loss_percent": 0.8, "jitter_ms": 2.31, "rtt_ms": 84.5,
        "mos": 4.32, "samples": [quality_sample()] })
}

fn conference() -> Value {
    json!({ "id": ENTRY, "name": "stand-up", "begun": true, "opened_at": EARLIER, "recording_id": null,
        "members": [{ "call_id": CALL, "party": "+254722000042", "label": "agent", "muted": false, "held": false, "coach": null,
            "end_on_exit": true, "entered_at": EARLIER }] })
}

fn invalid_actions() -> Value {
    json!({ "message": "is required", "path": "actions[0].say.text", "line": 1, "column": 21 })
}

fn queue_member() -> Value {
    json!({ "call_id": CALL, "party": "+254722000042", "position": 1, "entered_at": EARLIER, "waited_seconds": 31 })
}

fn webhook() -> Value {
    json!({ "id": ENTRY, "url": "https://simba.example/events", "number_id": null, "events": ["call.*"],
        "description": "order system", "status": "enabled", "disabled_reason": null, "rate_per_second": null,
        "secret_of": "endpoint", "former_secret_until": null, "rotated_at": null, "created_at": EARLIER,
        "health": { "deliveries": 100, "success_rate": 0.99, "p50_ms": 38, "p95_ms": 120, "circuit": "closed",
            "paused_until": null, "failing_since": null, "failures": 0 } })
}

fn delivery() -> Value {
    json!({ "id": ENTRY, "webhook_id": ENTRY, "event_id": format!("evt_{CALL}"), "event": "call.completed",
        "url": "https://simba.example/events", "status": "delivered", "attempts": 1, "next_attempt_at": null,
        "last_attempt_at": NOW, "last_status": 200, "last_error": null, "last_duration_ms": 38, "delivered_at": NOW,
        "created_at": NOW })
}

fn event() -> Value {
    let data = json!({ "call_id": CALL, "status": "completed", "duration_seconds": 47, "cost_minor": null });
    json!({ "id": format!("evt_{CALL}"), "event": "call.completed", "event_kind": "call.completed", "sequence": 3,
        "created_at": NOW, "workspace_id": WORKSPACE, "data": data, "payload": data })
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

fn api_key() -> Value {
    json!({ "id": ENTRY, "name": "dispatch server", "prefix": "skt_live_7Qm2", "status": "active",
        "scopes": ["calls:read", "calls:write"], "created_at": NOW, "last_used_at": null, "last_used_ip": null,
        "rotated_at": null, "former_secret_until": null, "expires_at": null, "revoked_at": null })
}

fn logged_exchange() -> Value {
    json!({ "request_headers": "user-agent: curl/8.5.0\nauthorization: Bearer [removed]\n", "request_body": null,
        "request_is_whole": true, "answer_headers": "content-type: application/json\n",
        "answer_body": "{\"error\":{\"code\":\"calls.not_found\",\"message\":\"No such call.\"}}" })
}

fn number() -> Value {
    json!({ "id": NUMBER, "number": "+254700000001", "e164": "+254700000001", "status": "active", "country": "KE",
        "capabilities": ["voice"], "currency": "KES", "monthly_price_minor": 50_000, "inbound_per_min_e4": 0, "inbound_per_min_minor": 0,
        "outbound_per_min_e4": 300_0000, "outbound_per_min_minor": 300, "billing_minimum_seconds": 1, "billing_increment_seconds": 1, "created_at": NOW, "voice_callback_url": "https://simba.example/voice",
        "voice_url": "https://simba.example/voice", "events_url": null, "fallback_url": null, "shadow_url": null, "ring_devices": true, "compat": "sautikit" })
}

fn storage_tier() -> Value {
    json!({ "id": "free", "name": "Free", "capacity_bytes": 5_000_000_000_i64, "retention_days": 30,
        "monthly_price_minor": 0, "currency": "KES" })
}

fn limits_used() -> Value {
    json!({ "spent_today_minor": 12_500, "held_minor": 150, "resets_at": LATER, "concurrent_calls": 1 })
}

fn checked_call() -> Value {
    let finding =
        json!({ "severity": "skipped", "message": "<Pay> is no verb; it was skipped", "line": 3, "column": 3 });
    let request = json!({ "url": "https://simba.example/voice", "told": "CallStatus=ringing", "came": "200 text/xml, 41 ms",
        "verbs": ["say", "hangup"], "findings": [finding] });
    json!({ "name": "A caller who presses nothing; nobody answers a dial", "requests": [request],
        "end": "the call ends: completed (normal_clearing)" })
}

fn claimed_number() -> Value {
    let mut claimed = number();
    for (field, value) in [
        ("charged_minor", json!(16_667)),
        ("tax_minor", json!(0)),
        ("period_start", json!(NOW)),
        ("period_end", json!(LATER)),
        ("next_charge_at", json!(LATER)),
    ] {
        claimed[field] = value;
    }
    claimed
}

fn sip_credential() -> Value {
    json!({ "id": ENTRY, "number_id": NUMBER, "label": "Reception", "username": "ts_0c4a9f3e",
        "sip_uri": "sip:ts_0c4a9f3e@voice.example", "status": "active", "srtp": "preferred", "created_at": NOW,
        "rotated_at": null, "revoked_at": null })
}

fn created_sip_credential() -> Value {
    let mut created = sip_credential();
    created["password"] = json!("…");
    created
}

fn series_price() -> Value {
    json!({ "currency": "KES", "monthly_price_minor": 10_000, "inbound_per_min_e4": 0, "outbound_per_min_e4": 3_000_000,
        "billing_minimum_seconds": 1, "billing_increment_seconds": 1 })
}

const SERIES_CSV: &str = "provider,country,prefix,first_suffix,last_suffix,currency,monthly_price,outbound_per_minute\n\
    Safari Carrier,KE,+25420700,0000,0099,KES,100,3.00\n";
const PRICES_CSV: &str = "prefix,currency,per_minute,minimum_seconds,increment_seconds\n255,KES,9.00,60,1\n";

fn price() -> Value {
    json!({ "id": ENTRY, "workspace_id": null, "prefix": "255", "country": "TZ", "currency": "KES",
        "per_min_e4": 9_000_000, "billing_minimum_seconds": 60, "billing_increment_seconds": 1, "valid_from": NOW,
        "valid_until": null, "created_at": NOW })
}

fn created_api_key() -> Value {
    let mut created = api_key();
    // Not in the shape of a real one, so that no scanner takes it for a leak.
    created["key"] = json!("skt_live_…");
    created
}

examples! {
    conferences::LiveConference = conference();
    conferences::ConferenceMember = conference()["members"][0].clone();
    conferences::UpdateConferenceMember = json!({ "muted": true });
    conferences::Announce = json!({ "actions": [{ "say": { "text": "The meeting ends in five minutes." } }] });
    conferences::Announced = json!({ "conference_id": ENTRY, "duration_ms": 2_400 });
    playground::ValidateActions = json!({ "document": "{\"actions\": [{\"say\": {\"text\": \"Karibu\"}}]}" });
    playground::ValidatedActions = json!({ "actions": null, "warnings": [], "error": invalid_actions() });
    playground::InvalidActions = invalid_actions();
    privacy::EraseNumber = json!({ "number": "+254722000001" });
    privacy::ErasureReceipt = json!({ "statement": { "id": ENTRY, "workspace_id": WORKSPACE,
        "number_hash": "5f0c6a6f2c0e3f0f5d8f1b1d3a9c7e64b0b9a7c2d1e8f3a4b5c6d7e8f9a0b1c2", "erased_at": NOW,
        "server": "https://voice.example", "changed": { "calls": 3, "timeline_entries": 21 }, "recordings": [ENTRY] },
        "algorithm": "Ed25519", "public_key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "signature": "MEUCIQDm…" });
    playground::CheckHandler = json!({ "url": "https://simba.example/voice", "compat": "twilio" });
    playground::CheckedHandler = json!({ "fails": 0, "skipped": 1, "calls": [checked_call()] });
    playground::CheckedCall = checked_call();
    queues::Queue = json!({ "id": ENTRY, "name": "support", "opened_at": EARLIER, "talking": 1, "waiting_agents": 0,
        "average_wait_seconds": 42, "members": [queue_member()] });
    queues::QueueMember = queue_member();
    webhooks::CreateWebhook = json!({ "url": "https://simba.example/events", "events": ["call.*", "wallet.low_balance"],
        "description": "order system" });
    webhooks::UpdateWebhook = json!({ "events": ["*"] });
    webhooks::Webhook = webhook();
    webhooks::CreatedWebhook = with(webhook(), "secret", json!(format!("whsec_{}", "5f".repeat(32))));
    webhooks::RotateSecret = json!({ "grace_seconds": 3_600 });
    webhooks::WorkspaceSecret =
        json!({ "secret": format!("whsec_{}", "5f".repeat(32)), "former_secret_until": LATER });
    webhooks::TestWebhook = json!({ "event": "call.completed" });
    webhooks::Delivery = delivery();
    webhooks::DeliveryDetail = with(with(delivery(), "body", json!(event().to_string())), "log",
        json!([{ "number": 1, "started_at": NOW, "duration_ms": 38, "status": 200, "error": null, "answer": "ok",
            "secret": "endpoint", "signature": format!("t=1782813600,v1={}", "5f".repeat(32)),
            "answer_headers": "content-type: text/plain\n" }]));
    webhooks::RetryDeliveries =
        json!({ "from": EARLIER, "to": NOW, "event": "call.completed", "missing": true });
    webhooks::Retried = json!({ "retried": 12, "has_more": false });
    webhooks::Event = event();
    webhooks::EventKindShown =
        json!({ "event": "call.completed", "version": 1, "tells": "An answered call is over.", "example": event() });
    accounts::MagicLinkRequest = json!({ "email": "amina@simba.example", "return_to": "/calls?status=failed" });
    accounts::MagicLinkVerify = json!({ "token": "the token of the link" });
    accounts::SignedIn = json!({ "user_id": USER, "email": "amina@simba.example", "onboarding_required": true,
        "return_to": "/calls?status=failed" });
    accounts::OnboardingRequest =
        json!({ "name": "Amina", "workspace_name": "Simba Deliveries", "country": "KE", "currency": "KES" });
    accounts::Onboarded = json!({ "workspace_id": WORKSPACE, "workspace_name": "Simba Deliveries", "country": "KE",
        "currency": "KES", "role": "owner" });
    accounts::Workspace = workspace();
    accounts::CreateWorkspace = json!({ "name": "Simba Cold Chain", "country": "KE", "currency": "KES" });
    accounts::UpdateWorkspace = json!({ "name": "Simba Deliveries Ltd" });
    accounts::DeleteWorkspace = json!({ "confirm_name": "Simba Deliveries" });
    accounts::Me = json!({ "id": USER, "email": "amina@simba.example", "name": "Amina", "workspace": workspace(),
        "workspaces": [workspace()], "is_operator": false, "google_linked": true, "language": "en" });
    accounts::UpdateMe = json!({ "name": "Amina W." });
    accounts::Session = json!({ "id": ENTRY, "created_at": EARLIER, "last_used_at": NOW, "expires_at": LATER,
        "current": true, "ip": "203.0.113.7", "user_agent": "Mozilla/5.0" });
    members::Member = json!({ "user_id": USER, "email": "amina@simba.example", "name": "Amina", "role": "owner",
        "joined_at": EARLIER });
    members::UpdateMember = json!({ "role": "developer" });
    members::CreateInvitation = json!({ "email": "juma@simba.example", "role": "developer" });
    members::Invitation = json!({ "id": ENTRY, "email": "juma@simba.example", "role": "developer", "invited_by": USER,
        "created_at": NOW, "expires_at": LATER, "expired": false });
    members::InvitationOffer = json!({ "workspace_name": "Simba Deliveries", "role": "developer", "invited_by": "Amina",
        "expires_at": LATER });
    members::AcceptedInvitation =
        json!({ "workspace_id": WORKSPACE, "workspace_name": "Simba Deliveries", "role": "developer" });
    keys::CreateApiKey = json!({ "name": "dispatch server", "scopes": ["calls:read", "calls:write"] });
    keys::RotateApiKey = json!({ "overlap_seconds": 86_400 });
    keys::ApiKey = api_key();
    keys::CreatedApiKey = created_api_key();
    audit::AuditEntry = json!({ "id": ENTRY, "created_at": NOW, "action_kind": "api_key.created",
        "actor": { "kind": "user", "id": USER, "label": "amina@simba.example" }, "subject_id": ENTRY,
        "details": { "name": "dispatch server" }, "ip": "203.0.113.7" });
    requests::LoggedRequest = json!({ "id": ENTRY, "created_at": NOW, "request_id": "req_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa",
        "method": "GET", "route": "/v1/calls/{id}", "path": format!("/v1/calls/{CALL}"), "status": 404,
        "error_code": "calls.not_found", "actor": { "kind": "api_key", "id": ENTRY, "label": "dispatch server" },
        "ip": "203.0.113.7", "duration_us": 1840, "exchange": logged_exchange() });
    requests::LoggedExchange = logged_exchange();
    shadow::ShadowRequest = json!({ "id": ENTRY, "created_at": NOW, "number_id": NUMBER, "call_id": CALL, "purpose": "actions",
        "outcome": "different", "live": { "url": "https://simba.example/voice", "status": 200, "duration_ms": 41,
        "verbs": ["getDigits"], "warnings": [], "error": null }, "shadow": { "url": "https://new.simba.example/voice",
        "status": 200, "duration_ms": 63, "verbs": ["getDigits"], "warnings": [], "error": null },
        "differences": [{ "path": "actions[0].getDigits.numDigits", "live": "1", "shadow": "4" }], "difference_count": 1,
        "answer": "{\"actions\":[{\"getDigits\":{\"numDigits\":4}}]}" });
    calls::CreateCall = json!({ "to": "+254722000001", "from": "+254700000001",
        "actions": [{ "say": { "text": "Your parcel is at the gate." } }], "metadata": { "order": "A-1042" } });
    calls::ReplaceActions = json!({ "actions": [{ "say": { "text": "We connect you to a colleague." } },
        { "dial": { "to": "client:asha" } }] });
    calls::CallAccepted = json!({ "call_id": CALL, "pbx_session_id": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa",
        "status": "ringing", "stream_url": format!("https://voice.example/v1/calls/{CALL}/stream?token=…") });
    calls::CallStream = json!({ "call_id": CALL, "stream_url": format!("https://voice.example/v1/calls/{CALL}/stream?token=…") });
    calls::Call = json!({ "id": CALL, "pbx_call_id": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa", "direction": "outbound",
        "status": "completed", "from": "+254700000001", "to": "+254722000001", "local_e164": "+254700000001",
        "remote_e164": "+254722000001", "duration_seconds": 61, "cost_minor": 305, "tax_minor": 0, "currency": "KES",
        "hangup_cause": "normal_clearing", "ledger_entry_id": ENTRY, "metadata": { "order": "A-1042" }, "started_at": EARLIER,
        "answered_at": EARLIER, "ended_at": NOW, "recording_status": null, "failed_callbacks": 0,
        "legs": [{ "id": "019a2f6b-1c5e-8001-9a52-d0b7c1e4f8aa", "pbx_call_id": "HD_019a2f6b1c5e80019a52d0b7c1e4f8aa",
            "kind": "telephone", "direction": "outbound", "target": "+254722000001", "outcome": "normal_clearing",
            "answered_at": EARLIER, "duration_seconds": 61, "rate_per_min_e4": 3_000_000, "billing_minimum_seconds": 1,
            "billing_increment_seconds": 1, "cost_minor": 305 }] });
    recordings::Recording = json!({ "id": ENTRY, "call_id": CALL, "source": "dial", "status": "ready", "channels": 2,
        "started_at": EARLIER, "ended_at": NOW, "duration_ms": 60_480, "size_bytes": 1_935_404,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "waveform": [4, 38, 61, 17],
        "expires_at": LATER, "failure": null });
    recordings::RecordingReady = json!({ "status": "ready", "expires_at": NOW,
        "url": format!("https://voice.example/media/recordings/{ENTRY}.wav?expires=1795254900&signature=…") });
    recordings::RecordingPending = json!({ "status": "pending", "retry_after_seconds": 2 });
    trunks::InvitePreview = json!({ "address": "192.0.2.7:5060", "transport": "udp",
        "text": "INVITE sip:0722000042@sip.carrier.example SIP/2.0\r\nFrom: <sip:0700000001@voice.example>;tag=…\r\n\r\n" });
    recordings::PauseRecording = json!({ "mode": "cut" });
    storage::StorageTier = storage_tier();
    storage::Storage = json!({ "tier": storage_tier(), "paid_until": null, "used_bytes": 61_200_000, "recordings": 32, "bucket": null });
    storage::SwitchTier = json!({ "tier": "extended" });
    storage::PutBucket = json!({ "endpoint": "https://s3.eu-west-1.amazonaws.com", "region": "eu-west-1",
        "bucket": "simba-recordings", "prefix": "voice/", "access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "secret_access_key": "from-your-provider" });
    storage::StorageBucket = json!({ "endpoint": "https://s3.eu-west-1.amazonaws.com", "region": "eu-west-1",
        "bucket": "simba-recordings", "prefix": "voice/", "access_key_id": "AKIAIOSFODNN7EXAMPLE" });
    calls::CallEvent = json!({ "id": ENTRY, "sequence": 1, "kind": "call.ringing", "occurred_at": EARLIER, "data": {} });
    call_traces::SipMessage = sip_message();
    call_traces::SipLadder = json!({ "data": [sip_message()], "left_out": 0 });
    call_traces::QualitySample = quality_sample();
    call_traces::LegQuality = leg_quality();
    call_traces::CallQuality = json!({ "data": [leg_quality()] });
    calls::CallStats = json!({ "total_calls": 3, "answered_calls": 2, "failed_calls": 1, "total_minutes": 2, "total_spend_minor": 305,
        "currency": "KES", "buckets": [{ "start": "2026-11-20T21:00:00Z", "date": "2026-11-21", "total_calls": 3,
            "answered_calls": 2, "failed_calls": 1, "total_seconds": 61, "total_spend_minor": 305 }],
        "callbacks": { "answered": 4, "failed": 0, "p95_ms": 120 } });
    calls::CallbackStats = json!({ "answered": 4, "failed": 0, "p95_ms": 120 });
    numbers::AvailableNumber = json!({ "id": NUMBER, "number": "+254700000001", "e164": "+254700000001", "country": "KE",
        "capabilities": ["voice"], "monthly_price_minor": 50_000, "due_now_minor": 16_667, "inbound_per_min_e4": 0, "inbound_per_min_minor": 0,
        "outbound_per_min_e4": 300_0000, "outbound_per_min_minor": 300, "billing_minimum_seconds": 1, "billing_increment_seconds": 1, "currency": "KES",
        "next_charge_minor": 10_000, "next_charge_at": LATER, "state": "available", "kept_until": null });
    numbers::Number = number();
    numbers::ClaimedNumber = claimed_number();
    numbers::SigningSecret = json!({ "secret": "whsec_…", "former_secret_until": NOW });
    numbers::TestRouting = json!({ "from": "+254722000001" });
    numbers::TestedRouting = json!({ "request": { "method": "POST", "url": "https://simba.example/voice",
        "headers": { "content-type": "application/x-www-form-urlencoded", "x-sautikit-signature": "t=1795254000,v1=…" },
        "body": "From=%2B254722000001&To=%2B254700000001&CallStatus=ringing&Test=true" },
        "response": { "status": 200, "url": "https://simba.example/voice", "content_type": "application/json",
        "body": "{\"actions\":[{\"say\":{\"text\":\"Karibu\"}}]}", "body_bytes": 43 }, "duration_ms": 84,
        "first_failure": null, "actions": [{ "say": { "text": "Karibu" } }], "warnings": [], "error": null });
    numbers::UpdateRouting = json!({ "voice_callback_url": "https://simba.example/voice", "events_url": null });
    operator::AdminWorkspace = json!({ "id": WORKSPACE, "name": "Simba Deliveries", "country": "KE", "currency": "KES",
        "status": "suspended", "member_count": 4, "created_at": EARLIER });
    alerts::Alerts = json!({ "low_balance_threshold_minor": 100_000, "currency": "KES" });
    alerts::SetAlerts = json!({ "low_balance_threshold_minor": 100_000 });
    alerts::CreateAlertSubscriber = json!({ "email": "books@simba.example" });
    alerts::AlertSubscriber = json!({ "id": ENTRY, "email": "books@simba.example", "created_at": NOW });
    limits::LimitSet = json!({ "spend_per_day_minor": 500_000, "concurrent_calls": 20, "calls_per_second": 5,
        "countries": ["KE"], "premium": false, "satellite": false });
    limits::LimitsUsed = limits_used();
    limits::Freeze = json!({ "frozen_at": NOW, "reason": "short_calls", "count": 24, "threshold": 20 });
    limits::Limits = json!({ "currency": "KES",
        "in_force": { "spend_per_day_minor": 500_000, "concurrent_calls": 20, "calls_per_second": 5, "countries": ["KE"],
            "premium": false, "satellite": false },
        "own": { "spend_per_day_minor": 500_000, "concurrent_calls": null, "calls_per_second": null, "countries": null,
            "premium": null, "satellite": null },
        "operator": { "spend_per_day_minor": null, "concurrent_calls": 20, "calls_per_second": 5, "countries": null,
            "premium": null, "satellite": null },
        "ceiling": { "spend_per_day_minor": null, "concurrent_calls": 20, "calls_per_second": 5, "countries": ["KE"],
            "premium": false, "satellite": false },
        "used": limits_used(), "frozen": null });
    operator::UpdateAdminWorkspace = json!({ "country": "KE" });
    operator::PaymentProvider = json!({ "method": "mpesa", "name": "M-Pesa" });
    operator::UpdateWallet = json!({ "overdraft_floor_minor": -50_000 });
    operator::MonthSum = json!({ "country": "KE", "currency": "KES", "kind": "call", "entries": 18_211,
        "amount_minor": -4_811_003, "tax_minor": -663_587 });
    operator::AdminJob = json!({ "id": ENTRY, "kind": "reverse_top_up", "lane": "own", "subject": "refund:paystack:77",
        "state": "dead", "attempts": 100, "last_error": "the top-up is not settled", "can_retry": true, "due_at": NOW,
        "created_at": EARLIER });
    operator::SuspendWorkspace = json!({ "reason": "Unpaid since October" });
    sip::CreateSipCredential = json!({ "label": "Reception", "srtp": "preferred" });
    sip::UpdateSipCredential = json!({ "srtp": "required" });
    sip::SipCredential = sip_credential();
    sip::CreatedSipCredential = created_sip_credential();
    sip::SipConfig = json!({ "domain": "voice.example", "port": 5060, "tls_port": 5061, "ws_url": "wss://voice.example/sip",
        "transports": ["udp", "tcp", "tls", "wss"], "codecs": ["opus", "G722", "PCMA", "PCMU"],
        "srtp_suites": ["AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_32"], "max_expires_seconds": 3600 });
    sip::SipStranger = json!({ "address": "203.0.113.9", "score": 64, "reasons": [{ "reason": "scanner", "strikes": 60 },
        { "reason": "foreign_domain", "strikes": 4 }], "is_blocked": true, "blocked_until": LATER });
    sip::SipStrangerReason = json!({ "reason": "scanner", "strikes": 60 });
    sip::SipRegistration = json!({ "identity": "ts_0c4a9f3e", "credential_id": ENTRY, "number_id": NUMBER,
        "user_agent": "Yealink SIP-T31G 124.86.0.75", "address": "203.0.113.7:5060", "transport": "udp",
        "registered_at": EARLIER, "expires_at": NOW });
    sip::AdminSipRegistration = json!({ "workspace_id": WORKSPACE, "workspace_name": "Simba Deliveries",
        "identity": "ts_0c4a9f3e", "credential_id": ENTRY, "number_id": NUMBER, "user_agent": "Yealink SIP-T31G 124.86.0.75",
        "address": "203.0.113.7:5060", "transport": "udp", "registered_at": EARLIER, "expires_at": NOW });
    sip::SipKey = json!({ "id": ENTRY, "created_at": NOW, "former_until": LATER });
    supply::Provider = json!({ "id": ENTRY, "name": "Safari Carrier", "country": "KE", "contact": "noc@safari.example",
        "notes": "Faults before calls: +254 20 000 0000", "status": "active", "live_series": 2, "created_at": EARLIER });
    supply::CreateProvider = json!({ "name": "Safari Carrier", "country": "KE", "contact": "noc@safari.example",
        "notes": "" });
    supply::UpdateProvider = json!({ "contact": "noc@safari.example" });
    supply::Series = json!({ "id": ENTRY, "provider_id": ENTRY, "provider_name": "Safari Carrier", "country": "KE",
        "prefix": "+25420700", "first_suffix": "0000", "last_suffix": "0099", "trunk": "safari-1",
        "capabilities": ["voice"], "status": "active", "prices": [series_price()],
        "numbers": { "available": 97, "reserved": 1, "assigned": 2, "cooling_off": 0, "retired": 0 }, "created_at": EARLIER });
    supply::CreateSeries = json!({ "provider_id": ENTRY, "country": "KE", "prefix": "+25420700", "first_suffix": "0000",
        "last_suffix": "0099", "trunk": "safari-1", "capabilities": ["voice"], "prices": [series_price()] });
    supply::UpdateSeries = json!({ "status": "paused" });
    supply::ImportSeries = json!({ "csv": SERIES_CSV, "dry_run": true });
    supply::SeriesImport = json!({ "applied": false, "errors": [], "series": [{ "line": 2, "provider": "Safari Carrier",
        "first_number": "+254207000000", "last_number": "+254207000099", "numbers": 100, "currencies": ["KES"] }] });
    supply::AdminNumber = json!({ "id": NUMBER, "number": "+254207000000", "country": "KE", "state": "reserved",
        "capabilities": ["voice"], "series_id": ENTRY, "workspace_id": WORKSPACE, "workspace_name": "Simba Deliveries",
        "tenant_number_id": null, "kept_until": null, "created_at": EARLIER });
    supply::ReserveNumber = json!({ "workspace_id": WORKSPACE });
    pricing::Price = price();
    pricing::CreatePrice = json!({ "prefix": "255", "currency": "KES", "per_min_e4": 9_000_000,
        "billing_minimum_seconds": 60, "billing_increment_seconds": 1 });
    pricing::EndPrice = json!({});
    pricing::ImportPrices = json!({ "csv": PRICES_CSV, "dry_run": true, "end_missing": false });
    pricing::PriceImport = json!({ "applied": false, "added": 0, "changed": 1, "ended": 0, "unchanged": 12, "errors": [],
        "lines": [{ "line": 2, "change": "changed", "workspace_id": null, "currency": "KES", "prefix": "255", "from": NOW,
            "before": { "per_min_e4": 9_500_000, "billing_minimum_seconds": 60, "billing_increment_seconds": 60 },
            "after": { "per_min_e4": 9_000_000, "billing_minimum_seconds": 60, "billing_increment_seconds": 1 } }] });
    pricing::OfferedCurrency = json!({ "code": "KES", "exponent": 2 });
    pricing::Pricing = json!({ "currency": "KES", "exponent": 2, "currencies": [{ "code": "KES", "exponent": 2 }],
        "numbers": [{ "country": "KE", "country_name": "Kenya", "capabilities": ["voice"], "monthly_price_minor": 10_000,
            "inbound_per_min_e4": 0, "inbound_per_min_e4": 0, "inbound_per_min_minor": 0, "outbound_per_min_e4": 3_000_000,
            "outbound_per_min_e4": 300_0000, "outbound_per_min_minor": 300, "billing_minimum_seconds": 1, "billing_increment_seconds": 1, "available": 97 }],
        "destinations": [{ "prefix": "255", "country": "TZ", "country_name": "Tanzania", "per_min_e4": 9_000_000,
            "per_min_minor": 900, "billing_minimum_seconds": 60, "billing_increment_seconds": 1 }],
        "has_more_destinations": false });
    sip::CreateSipToken = json!({ "identity": "front-desk", "ttl_seconds": 300 });
    sip::SipToken = json!({ "token": "eyJ…", "expires_at": NOW, "identity": "front-desk",
        "sip_uri": "sip:front-desk@voice.example", "ws_url": "wss://voice.example/sip", "ice_servers": [] });
    wallet::Balance = json!({ "balance_minor": 120_000, "held_minor": 300, "available_minor": 119_700, "currency": "KES",
        "low_balance_threshold_minor": null, "overdraft_policy": "finish_call", "overdraft_floor_minor": -50_000 });
    wallet::LedgerEntry = json!({ "id": ENTRY, "seq": 7, "kind": "call", "amount_minor": -305, "tax_minor": 0,
        "balance_after_minor": 119_695, "reference": "Call to +254722000001", "cause": format!("call:{CALL}"),
        "created_at": NOW });
    wallet::CreateTopUp = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": "+254722000001" });
    wallet::TopUp = json!({ "id": ENTRY, "method": "mpesa", "channel": "push", "simulated": false, "status": "pending",
        "amount_minor": 100_000, "currency": "KES", "authorization_url": null, "may_be_paid": false, "failure_reason": null, "receipt": null,
        "created_at": NOW, "settled_at": null });
    wallet::Paybill = json!({ "shortcode": "600638", "account_reference": "ACD3F7", "currency": "KES" });
    wallet::ClaimPayment = json!({ "receipt": "RKT1ABCDEF", "amount_minor": 100_000, "phone": "+254722000001" });
    wallet::PaymentClaim = json!({ "outcome": "credited", "amount_minor": 100_000, "receipt": "RKT1ABCDEF" });
    wallet::Statement = json!({ "month": "2026-11", "currency": "KES", "zone": "Africa/Nairobi",
        "period_start": "2026-10-31T21:00:00Z", "period_end": "2026-11-30T21:00:00Z", "opening_minor": 0,
        "closing_minor": 89_765, "entries": 3, "tax_minor": 0, "sums": [{ "kind": "call", "entries": 1,
        "amount_minor": -235, "tax_minor": 0 }], "head_hash": "9f86d081884c7d65",
        "supplier": { "name": "Sauti Ltd", "address": "Ngong Road, Nairobi", "tax_number": "P051234567X" } });
    operator::CreateAdjustment = json!({ "kind": "credit", "amount_minor": 50_000, "reason": "Paid by bank transfer" });
    operator::Adjustment = json!({ "id": ENTRY, "kind": "credit", "amount_minor": 50_000, "currency": "KES",
        "reason": "Paid by bank transfer", "operator_id": WORKSPACE, "balance_after_minor": 139_765, "created_at": NOW });
    operator::UnmatchedPayment = json!({ "id": ENTRY, "provider": "mpesa", "receipt": "RKT1ABCDEF", "amount_minor": 100_000,
        "currency": "KES", "account_reference": "my shop", "payer_phone": "2547 ***** 149", "payer_name": "ASHA",
        "status": "unmatched", "reason": "unknown_reference", "claimed_by": [WORKSPACE],
        "claims": [{ "workspace_id": WORKSPACE, "workspace_name": "Duka", "phone": "+254722000149", "amount_minor": 100_000,
        "claimed_at": NOW }], "top_up_id": null, "paid_at": NOW });
    operator::FoundTopUp = json!({ "workspace_id": WORKSPACE, "reversed_minor": 0,
        "top_up": of_schema("TopUp") });
    operator::FoundPayments = json!({ "top_ups": [of_schema("FoundTopUp")], "waiting": [] });
    operator::AssignPayment = json!({ "workspace_id": WORKSPACE });
    operator::ReconcilePayments = json!({ "statement": "Receipt No.,Completion Time,Details,Transaction Status,Paid In,\
        Withdrawn,Balance,A/C No.\nRKT1ABCDEF,21-11-2026 12:40:00,Pay Bill,Completed,1000.00,,1000.00,ACD3F7\n", "take": false });
    operator::Reconciliation = json!({ "provider": "mpesa", "from": EARLIER, "to": NOW, "payments": 2, "skipped": 1,
        "matched": 1, "returned": 0, "matched_minor": 100_000, "statement_minor": 150_000, "booked_minor": 100_000,
        "totals": [{ "currency": "KES", "matched_minor": 100_000, "statement_minor": 150_000, "booked_minor": 100_000 }],
        "differences": [{ "kind": "missing_here", "receipt": "RKT1ABCDEG", "currency": "KES", "statement_minor": 50_000,
        "booked_minor": null, "message": "RKT1ABCDEG of KES 500.00 is on the statement and unknown here." }],
        "taken_payments": 0, "taken_returns": 0 });
    operator::AdminCall = json!({ "id": CALL, "workspace_id": WORKSPACE, "workspace_name": "Simba Deliveries",
        "direction": "outbound", "status": "answered", "from": "+254207000000", "to": "+254722000042", "node_id": "n0deA1b2C3d4E5f6",
        "started_at": EARLIER, "answered_at": NOW });
    operator::AdminNode = json!({ "id": "n0deA1b2C3d4E5f6", "is_this": true, "state": "serving", "version": "0.1.0",
        "address": "10.0.0.7:9101", "current_calls": 12, "lease_until": NOW, "started_at": EARLIER, "draining_since": null });
    operator::DismissPayment = json!({ "reason": "Sent back to the payer" });
    trunks::CreateTrunk = json!({ "name": "carrier-a", "address": "192.0.2.10:5060", "prefixes": ["+254"],
        "sources": ["192.0.2.0/28"], "country": "KE", "username": "sautikit", "password": "from-the-carrier", "codecs": ["PCMA"],
        "priority": 10, "max_calls": 100, "transport": "tls", "identity": "pai", "number_format": "e164_plain",
        "options_every_seconds": 30, "srtp": "preferred", "pass_headers": ["Identity"], "is_enabled": true });
    trunks::UpdateTrunk = json!({ "max_calls": 200, "is_enabled": false });
    trunks::Trunk = json!({ "id": ENTRY, "origin": "api", "name": "carrier-a", "address": "192.0.2.10:5060",
        "transport": "tls", "outbound_proxy": null, "domain": "carrier.example", "certificate_name": "sbc.carrier.example",
        "register": false, "from_user": null, "identity": "pai", "number_format": "e164_plain", "calls_per_second": 20,
        "options_every_seconds": 30, "follow_redirects": false, "srtp": "preferred", "pass_headers": ["Identity"], "prefixes": ["+254"],
        "sources": ["192.0.2.0/28"], "country": "KE", "username": "sautikit",
        "codecs": ["PCMA"], "priority": 10, "max_calls": 100, "is_enabled": true, "resolved_address": "192.0.2.10:5060",
        "registration": null, "is_reachable": true, "last_options": { "at": NOW, "sip_status": 200 }, "current_calls": 3,
        "figures": { "answered": 412, "ended": 61, "failed": 2, "post_dial_mean_ms": 1_240, "post_dial_p95_ms": 2_900 }, "created_at": NOW, "updated_at": NOW });
}
