use super::{super::call_spans::spans, *};
use sautikit_api::ids::CallEventId;
use serde_json::json;

fn event(sequence: i64, millis: i64, kind: &str, data: Value) -> CallEvent {
    let occurred_at = format!("2026-11-21T09:31:{:02}.{:03}Z", millis / 1_000, millis % 1_000);
    CallEvent { id: CallEventId(Default::default()), sequence, kind: kind.to_owned(), occurred_at, data }
}

fn call(direction: &str) -> Call {
    let id = "019a0000-0000-7000-8000-000000000001";
    serde_json::from_value(json!({"id": id, "pbx_call_id": "HD_1", "direction": direction, "status": "completed",
        "from": "+254722000042", "to": "+254700000001", "local_e164": "+254700000001", "remote_e164": "+254722000042",
        "duration_seconds": 3, "cost_minor": 5, "currency": "KES", "hangup_cause": "remote_hangup", "ledger_entry_id": null,
        "metadata": null, "started_at": "2026-11-21T09:31:00Z", "answered_at": null, "ended_at": null, "legs": [],
        "recording_status": null}))
    .unwrap()
}

fn drawn(call: &Call, events: &[CallEvent]) -> Axis {
    let until_us = events.iter().map(at_us).max().unwrap_or_default();
    axis(call, events, &spans(events, until_us), (&[], &Signals::default()), until_us, Lang::English)
}

/// A lane's marks, each as its look and its begin and end in milliseconds.
fn marks(axis: &Axis, place: usize) -> Vec<(Look, i64, i64)> {
    let from = axis.window.from_us();
    let ms = |at: i64| (at - from) / 1_000;
    axis.lanes[place].marks.iter().map(|mark| (mark.look.clone(), ms(mark.from_us), ms(mark.to_us))).collect()
}

fn inbound() -> Vec<CallEvent> {
    vec![
        event(1, 0, "call.ringing", json!({})),
        event(2, 10, "callback.sent", json!({"url": "https://shop.example/voice"})),
        event(3, 94, "callback.answered", json!({"ms": 84, "status": 200})),
        event(4, 95, "verb.started", json!({"verb": "dial"})),
        event(5, 96, "leg.dialing", json!({"leg": 1, "target": "client:amina"})),
        event(6, 200, "leg.ringing", json!({"leg": 1})),
        event(7, 1_000, "leg.answered", json!({"leg": 0})),
        event(8, 1_000, "leg.answered", json!({"leg": 1})),
        event(9, 1_001, "leg.bridged", json!({"leg": 1, "mode": "relay"})),
        event(10, 2_000, "leg.held", json!({"leg": 1})),
        event(11, 2_500, "leg.resumed", json!({"leg": 1})),
        event(12, 4_000, "leg.ended", json!({"leg": 1, "cause": "normal_clearing"})),
        event(13, 4_000, "leg.ended", json!({"leg": 0, "cause": "normal_clearing"})),
        event(14, 4_000, "verb.ended", json!({"verb": "dial", "outcome": "completed"})),
        event(15, 4_100, "call.billed", json!({"cost_minor": 5, "currency": "KES"})),
    ]
}

#[test]
fn everyone_has_a_lane_in_the_order_in_which_a_call_runs() {
    let axis = drawn(&call("inbound"), &inbound());
    let lanes: Vec<_> = axis.lanes.iter().map(|lane| (lane.role, lane.leg, lane.party.as_str())).collect();
    assert_eq!(
        lanes,
        [
            (Role::Caller, Some(0), "+254722000042"),
            (Role::Gateway, None, ""),
            (Role::Server, None, ""),
            (Role::Callee, Some(1), "client:amina"),
            (Role::Money, None, ""),
        ]
    );
}

#[test]
fn a_party_rings_talks_and_is_held_from_when_to_when() {
    let axis = drawn(&call("inbound"), &inbound());
    let state = |state, from, to| (Look::State(state), from, to);
    assert_eq!(marks(&axis, 0)[..2], [state("ringing", 0, 1_000), state("talking", 1_000, 4_000)]);
    let callee = [
        state("dialling", 96, 200),
        state("ringing", 200, 1_000),
        state("talking", 1_000, 2_000),
        state("held", 2_000, 2_500),
        state("talking", 2_500, 4_000),
        (Look::Point("plain"), 1_001, 1_001),
        (Look::Point("plain"), 4_000, 4_000),
    ];
    assert_eq!(marks(&axis, 3), callee);
}

#[test]
fn a_callback_says_its_status_and_how_long_it_took() {
    let axis = drawn(&call("inbound"), &inbound());
    let mark = &axis.lanes[2].marks[0];
    assert_eq!((mark.words.as_str(), &mark.look), ("200 · 84 ms", &Look::Bar("good")));
    assert_eq!(mark.says, "Your server answered, 200 · 84 ms, +0.010 s, 84 ms");
    assert_eq!(mark.anchor, "entry-2");
}

#[test]
fn a_server_that_fails_or_is_slow_can_be_told_by_its_bar() {
    let events = [
        event(1, 0, "callback.sent", json!({})),
        event(2, 2_300, "callback.answered", json!({"ms": 2_300, "status": 200})),
        event(3, 2_300, "callback.sent", json!({})),
        event(4, 12_300, "callback.failed", json!({"ms": 10_000, "status": null})),
        event(5, 12_301, "callback.sent", json!({})),
    ];
    let axis = drawn(&call("inbound"), &events);
    let server: Vec<_> = axis.lanes[2].marks.iter().map(|mark| (&mark.look, mark.words.as_str())).collect();
    let bars = [Look::Bar("slow"), Look::Bar("bad"), Look::Bar("asked")];
    assert_eq!(server, [(&bars[0], "200 · 2.30 s"), (&bars[1], "no answer · 10.0 s"), (&bars[2], "no answer")]);
}

#[test]
fn a_call_that_we_began_has_no_caller_and_what_nobody_needs_has_no_lane() {
    let events = [
        event(1, 0, "call.ringing", json!({})),
        event(2, 1, "leg.dialing", json!({"leg": 0, "target": "+254722009901"})),
        event(3, 500, "leg.ended", json!({"leg": 0, "cause": "busy"})),
    ];
    let axis = drawn(&call("outbound"), &events);
    let roles: Vec<_> = axis.lanes.iter().map(|lane| lane.role).collect();
    assert_eq!(roles, [Role::Gateway, Role::Callee]);
    assert_eq!(marks(&axis, 1)[0], (Look::State("dialling"), 1, 500));
}

#[test]
fn what_happens_to_a_leg_that_nobody_knows_is_still_shown() {
    let events = [event(1, 0, "machine.judged", json!({"leg": 9, "answered_by": "human"}))];
    let axis = drawn(&call("outbound"), &events);
    assert_eq!(axis.lanes[0].marks.len(), 1);
}

#[test]
fn a_call_without_entries_is_an_empty_axis() {
    let axis = drawn(&call("inbound"), &[]);
    assert_eq!(axis.lanes.len(), 2);
    assert!(axis.lanes.iter().all(|lane| lane.marks.is_empty()));
}
