//! What an event of each kind tells, as an example: of the reference, and of test events.

use serde_json::{Value, json};

use sautikit_api::ids::{EventId, WorkspaceId};

use super::EventKind;
use super::body::StoredEvent;

const CALL: &str = "019a2f6b-1c5e-7c3f-9a52-d0b7c1e4f8aa";
const PBX_CALL: &str = "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa";
const NUMBER: &str = "019a2f61-23aa-7d10-9c44-6be0d1a7f333";

/// The `data` of an example.
pub fn data(kind: EventKind) -> Value {
    match kind.as_str() {
        "call.started" => call("ringing", None, None),
        "call.answered" => call("answered", None, None),
        "call.completed" => call("completed", Some(47), None),
        "call.failed" => call("busy", Some(0), None),
        "call.billed" => call("completed", Some(47), Some(235)),
        "call.callback_failed" => {
            let mut data = call("answered", None, None);
            data["callback"] = json!({ "code": "call.callback_failed", "reason": "answered with status 500" });
            data
        }
        "call.recording.ready" => recorded("ready", Value::Null, Value::Null),
        "call.recording.failed" => recorded("failed", "storage".into(), "2026-11-30T08:05:00Z".into()),
        "conference.started" | "conference.ended" => conference(0),
        "conference.joined" | "conference.left" => {
            let mut data = conference(2);
            data["call_id"] = json!(CALL);
            data["party"] = json!("+254722000042");
            data
        }
        "number.provisioned" => json!({ "id": NUMBER, "number": "+254700000001", "country": "KE",
            "monthly_price_minor": 10_000, "currency": "KES" }),
        "number.released" => json!({ "id": NUMBER, "number": "+254700000001" }),
        "storage.tier_changed" => json!({ "from": "standard", "to": "archive" }),
        "storage.tier_switch_failed" => json!({ "from": "archive", "to": "standard", "reason": "space" }),
        "trunk.registration_failed" => json!({ "trunk": "carrier-a", "sip_status": 403, "numbers": ["+254700000001"] }),
        "wallet.low_balance" => json!({ "balance_minor": 4_800, "threshold_minor": 5_000, "currency": "KES" }),
        "wallet.top_up" => json!({ "top_up_id": CALL, "method": "mpesa", "simulated": false, "amount_minor": 100_000,
            "currency": "KES", "receipt": "SKJ4XYZ123", "balance_minor": 104_800 }),
        "wallet.frozen" => json!({ "freeze_id": CALL, "reason": "new_countries", "count": 12, "threshold": 5 }),
        _ => json!({}),
    }
}

/// An event that somebody tries something out with.
pub(super) fn event(id: EventId, workspace_id: WorkspaceId, kind: EventKind, now_us: i64) -> StoredEvent {
    StoredEvent {
        id,
        workspace_id,
        kind: kind.as_str().to_owned(),
        version: kind.version(),
        sequence: i64::from(kind.as_str().starts_with("call.")),
        data: data(kind).to_string(),
        is_test: true,
        created_at: now_us,
    }
}

/// What happened, in words.
pub fn tells(kind: EventKind) -> &'static str {
    match kind.as_str() {
        "call.started" => "A call began to ring.",
        "call.answered" => "It was answered.",
        "call.completed" => "An answered call is over. Its cost follows with call.billed.",
        "call.failed" => "A call ended unanswered: failed, no_answer, busy or canceled, as its status says.",
        "call.billed" => "The call's cost was debited.",
        "call.callback_failed" => "Your server gave no voice actions that could be run.",
        "call.recording.ready" => "A recording of an ended call can be heard.",
        "call.recording.failed" => {
            "A recording could not be made or stored; `next_attempt_at` says when it is tried again."
        }
        "conference.started" => "A conference began.",
        "conference.joined" => "Somebody is in a conference that has begun.",
        "conference.left" => "Somebody left a conference; `members` counts that one too.",
        "conference.ended" => "A conference is over.",
        "number.provisioned" => "A number was claimed.",
        "number.released" => "A number was given back, or its rental was not paid.",
        "storage.tier_changed" => "The workspace is in another storage tier.",
        "storage.tier_switch_failed" => "It could not be put into another storage tier.",
        "trunk.registration_failed" => {
            "The carrier by which calls to your numbers come does not take the server's registration, twice in a row; \
             told once an hour at most."
        }
        "wallet.low_balance" => "The balance fell below the threshold.",
        "wallet.top_up" => "A payment arrived.",
        "wallet.frozen" => "Outbound calls were frozen because they were unusual.",
        _ => "",
    }
}

fn conference(members: u32) -> Value {
    json!({ "conference_id": NUMBER, "name": "stand-up", "members": members })
}

fn recorded(status: &str, failure: Value, next_attempt_at: Value) -> Value {
    let mut data = call("completed", Some(47), Some(235));
    data["recording"] = json!({ "id": NUMBER, "status": status, "source": "dial", "channels": "dual",
        "duration_ms": 46_980, "size_bytes": 1_503_404, "sha256": null, "url": null, "failure": failure,
        "next_attempt_at": next_attempt_at });
    data
}

fn call(status: &str, duration_seconds: Option<i64>, cost_minor: Option<i64>) -> Value {
    let cause = match status {
        "completed" => Some("normal_clearing"),
        "busy" => Some("user_busy"),
        _ => None,
    };
    json!({ "call_id": CALL, "pbx_call_id": PBX_CALL, "status": status, "direction": "outbound",
        "from": "+254700000001", "to": "+254722000042", "duration_seconds": duration_seconds,
        "cost_minor": cost_minor, "tax_minor": cost_minor.map(|_| 0), "hangup_cause": cause,
        "metadata": { "order": 17 } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_an_example_and_is_explained() {
        for kind in EventKind::ALL {
            assert_ne!(data(*kind), json!({}), "{}", kind.as_str());
            assert_ne!(tells(*kind), "", "{}", kind.as_str());
        }
    }
}
