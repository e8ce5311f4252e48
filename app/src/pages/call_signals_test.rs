use super::{
    super::{call_axis::axis, call_spans::spans},
    *,
};
use sautikit_api::{calls::CallEvent, ids::CallEventId};
use serde_json::{Value, json};

const CALL: &str = "019a0000-0000-7000-8000-000000000001";
const OF_CALLER: &str = "019a0000-0000-7000-8000-000000000002";
const BEGAN_MS: i64 = 1_795_253_460_000;

fn event(sequence: i64, kind: &str, data: Value) -> CallEvent {
    let occurred_at = format!("2026-11-21T09:31:{sequence:02}Z");
    CallEvent { id: CallEventId(Default::default()), sequence, kind: kind.to_owned(), occurred_at, data }
}

/// A call that came in and dialled one number.
fn call() -> Call {
    let id: sautikit_api::ids::CallId = CALL.parse().unwrap();
    let leg = |id: String, direction: &str, target: &str| {
        json!({"id": id, "pbx_call_id": "HD_2", "kind": "telephone", "direction": direction, "target": target,
            "outcome": null, "answered_at": null, "duration_seconds": 0, "rate_per_min_e4": 0,
            "billing_minimum_seconds": 1, "billing_increment_seconds": 1, "cost_minor": null})
    };
    let legs = [
        leg(OF_CALLER.to_owned(), "inbound", "+254722000042"),
        leg(LegRecordId::dialled(id, 1).to_string(), "outbound", "+254722009905"),
    ];
    serde_json::from_value(json!({"id": id, "pbx_call_id": "HD_1", "direction": "inbound", "status": "completed",
        "from": "+254722000042", "to": "+254700000001", "local_e164": "+254700000001", "remote_e164": "+254722000042",
        "duration_seconds": 3, "cost_minor": 5, "currency": "KES", "hangup_cause": "normal_clearing",
        "ledger_entry_id": null, "metadata": null, "started_at": "2026-11-21T09:31:00Z", "answered_at": null,
        "ended_at": null, "legs": legs, "recording_status": null}))
    .unwrap()
}

fn message(leg: &str, at_ms: i64, direction: &str, start_line: &str) -> SipMessage {
    let status = start_line.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse::<u16>().ok());
    let method = if status.is_some() { "INVITE" } else { start_line.split(' ').next().unwrap() };
    serde_json::from_value(json!({"at": "2026-11-21T09:31:00.000Z", "at_ms": BEGAN_MS + at_ms, "leg_id": leg,
        "direction": direction, "transport": "udp", "local": "192.0.2.1:5060", "remote": "198.51.100.4:5060",
        "start_line": start_line, "method": method, "status": status, "call_id": "c", "cseq": "1 INVITE",
        "text": format!("{start_line}\r\n\r\n"), "is_retransmission": false}))
    .unwrap()
}

fn sample(at: &str, mos: Option<f64>) -> QualitySample {
    serde_json::from_value(json!({"at": at, "span_ms": 5_000, "packets_received": 250, "packets_sent": 250,
        "loss_percent": 0.0, "jitter_ms": 1.0, "rtt_ms": null, "remote_loss_percent": null, "level_dbov": null,
        "mos": mos}))
    .unwrap()
}

fn drawn(signals: &Signals) -> Axis {
    let events = [
        event(0, "call.ringing", json!({})),
        event(1, "leg.dialing", json!({"leg": 1, "target": "+254722009905"})),
        event(9, "leg.ended", json!({"leg": 1, "cause": "normal_clearing"})),
    ];
    axis(&call(), &events, &spans(&events, 0), (&[], signals), 0, Lang::English)
}

fn arrows(lane: &Lane) -> Vec<(&str, bool, bool)> {
    let arrow = |mark: &'_ Mark| match mark.look {
        Look::Arrow { forwards, is_bad } => Some((forwards, is_bad)),
        _ => None,
    };
    lane.marks
        .iter()
        .filter_map(|mark| arrow(mark).map(|(forwards, is_bad)| (mark.words.as_str(), forwards, is_bad)))
        .collect()
}

#[test]
fn a_message_is_an_arrow_between_the_gateway_and_its_party() {
    let called = LegRecordId::dialled(CALL.parse().unwrap(), 1).to_string();
    let messages = vec![
        message(OF_CALLER, -4, "received", "INVITE sip:+254700000001@voice.example SIP/2.0"),
        message(OF_CALLER, 2, "sent", "SIP/2.0 180 Ringing"),
        message(&called, 1_000, "sent", "INVITE sip:+254722009905@carrier SIP/2.0"),
        message(&called, 1_200, "received", "SIP/2.0 486 Busy Here"),
        message("019a0000-0000-7000-8000-00000000000f", 1_300, "sent", "BYE sip:x SIP/2.0"),
    ];
    let axis = drawn(&Signals { messages, ..Signals::default() });
    // The caller stands above the gateway: what came from there points down to it.
    assert_eq!(arrows(&axis.lanes[0]), [("INVITE", true, false), ("180", false, false)]);
    let callee = axis.lanes.iter().find(|lane| lane.role == Role::Callee).unwrap();
    assert_eq!(arrows(callee), [("INVITE", true, false), ("486", false, true)]);
    let gateway = axis.lanes.iter().find(|lane| lane.role == Role::Gateway).unwrap();
    assert_eq!(arrows(gateway), [("BYE", true, false)], "of a leg that has no record");
    assert_eq!(axis.window.from_us(), (BEGAN_MS - 4) * 1_000, "what came before the call's first moment has room");
    let says: Vec<_> = axis.lanes[0]
        .marks
        .iter()
        .filter(|mark| mark.anchor.starts_with("sip-"))
        .map(|mark| mark.says.as_str())
        .collect();
    assert_eq!(says, ["INVITE received, +254722000042, +0.000 s", "180 Ringing sent, +254722000042, +0.006 s"]);
}

#[test]
fn pieces_that_sounded_alike_are_one_band() {
    let samples = [
        sample("2026-11-21T09:31:05Z", Some(4.4)),
        sample("2026-11-21T09:31:10Z", Some(4.2)),
        sample("2026-11-21T09:31:15Z", Some(3.4)),
        sample("2026-11-21T09:31:20Z", Some(2.0)),
        sample("2026-11-21T09:31:25Z", None),
    ];
    let bands = bands(&samples);
    assert_eq!(bands.iter().map(|band| band.tone).collect::<Vec<_>>(), ["good", "slow", "bad", "asked"]);
    assert_eq!((bands[0].to_us - bands[0].from_us) / 1_000, 10_000);
    assert!((bands[0].mos().unwrap() - 4.3).abs() < 1e-9);
    assert_eq!(bands[3].mos(), None);
}

#[test]
fn more_messages_than_a_page_has_room_for_are_counted() {
    let data = vec![message(OF_CALLER, 0, "sent", "SIP/2.0 100 Trying"); MOST_MESSAGES + 2];
    let signals = Signals::new(SipLadder { data, left_out: 3 }, CallQuality { data: Vec::new() });
    assert_eq!((signals.messages.len(), signals.left_out), (MOST_MESSAGES, 5));
}
