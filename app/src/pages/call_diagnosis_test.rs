use serde_json::json;

use super::*;

const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// A call that ended so, for that cause.
fn call(status: &str, cause: &str) -> Call {
    let call = json!({
        "id": NIL, "pbx_call_id": "HD_1", "direction": "inbound", "status": status, "from": "+254722000001",
        "to": "+254711000001", "local_e164": "+254711000001", "remote_e164": "+254722000001", "duration_seconds": 3,
        "cost_minor": 0, "tax_minor": 0, "currency": "KES", "hangup_cause": cause, "ledger_entry_id": null,
        "metadata": null, "started_at": "2026-11-30T10:00:00Z", "answered_at": null, "ended_at": null, "legs": [],
        "recording_status": null,
    });
    serde_json::from_value(call).unwrap()
}

/// What happened, in order.
fn events(entries: &[(&str, Value)]) -> Vec<CallEvent> {
    let event = |(index, (kind, data)): (usize, &(&str, Value))| CallEvent {
        id: serde_json::from_value(json!(NIL)).unwrap(),
        sequence: index as i64 + 1,
        kind: (*kind).to_owned(),
        occurred_at: "2026-11-30T10:00:00Z".to_owned(),
        data: data.clone(),
    };
    entries.iter().enumerate().map(event).collect()
}

fn said(status: &str, cause: &str, entries: &[(&str, Value)]) -> Option<Diagnosis> {
    diagnose(&call(status, cause), &events(entries), Lang::English)
}

/// The heading.
fn title(status: &str, cause: &str, entries: &[(&str, Value)]) -> String {
    said(status, cause, entries).map(|said| said.title).unwrap_or_default()
}

const TARGET: &str = "+254733000001";

/// A number that was dialled and ended so.
fn dialled(cause: &str, sip: i64) -> [(&'static str, Value); 2] {
    [("leg.dialing", json!({"leg": 2, "target": TARGET})), ("leg.ended", json!({"leg": 2, "cause": cause, "sip": sip}))]
}

#[test]
fn of_a_call_that_went_well_nothing_is_said() {
    let fine = [
        ("callback.sent", json!({})),
        ("callback.answered", json!({"ms": 40, "status": 200})),
        ("leg.dialing", json!({"leg": 2, "target": TARGET})),
        ("leg.answered", json!({"leg": 2})),
        ("leg.ended", json!({"leg": 2, "cause": "normal_clearing", "sip": null})),
    ];
    assert_eq!(said("completed", "normal_clearing", &fine), None);
    assert_eq!(said("canceled", "canceled", &[]), None);
}

#[test]
fn a_server_that_fails_is_named_with_its_status_and_what_took_over() {
    let failed = (
        "callback.failed",
        json!({"status": 500, "code": "call.callback_failed", "reason": "answered with status 500"}),
    );
    let alone = said("completed", "call.callback_failed", &[failed.clone()]).unwrap();
    assert!(alone.is_bad && alone.text.contains("apology"), "{alone:?}");
    assert_eq!(
        (alone.title.as_str(), alone.code.as_deref()),
        ("Your server answered with status 500", Some("call.callback_failed"))
    );
    let saved = said("completed", "normal_clearing", &[failed, ("callback.answered", json!({"ms": 9, "status": 200}))])
        .unwrap();
    assert!(!saved.is_bad && saved.text.contains("fallback"), "{saved:?}");
}

#[test]
fn what_is_told_of_the_end_took_nothing_over_and_cost_nobody_an_answer() {
    let failed = ("callback.failed", json!({"status": 500, "code": "call.callback_failed"}));
    let end = ("callback.sent", json!({"final": true}));
    let answered = ("callback.answered", json!({"ms": 9, "status": 200}));
    let alone = said("completed", "call.callback_failed", &[failed.clone(), end.clone(), answered]).unwrap();
    assert!(alone.is_bad && alone.text.contains("apology"), "{alone:?}");
    let only_end = said("completed", "normal_clearing", &[end, failed]).unwrap();
    assert!(!only_end.is_bad && only_end.text.contains("its end was not taken"), "{only_end:?}");
    // A caller who hangs up before the answer, and new actions that come before it, say nothing of the server.
    for unheard in [json!({"ms": 3, "code": "calls.not_live"}), json!({"ms": 3, "reason": "not waited for"})] {
        assert_eq!(said("canceled", "canceled", &[("callback.failed", unheard)]), None);
    }
}

#[test]
fn a_server_that_is_late_away_or_wrong_is_told_apart() {
    let of = |code: &str, status: i64, reason: &str| {
        title(
            "completed",
            "call.callback_failed",
            &[("callback.failed", json!({"code": code, "status": status, "reason": reason}))],
        )
    };
    assert_eq!(
        of("call.callback_timeout", 0, "no answer within the time allowed"),
        "Your server did not answer in time"
    );
    assert_eq!(of("call.callback_failed", 0, "connection refused"), "Your server could not be reached");
    let wrong =
        ("callback.failed", json!({"code": "actions.invalid", "status": 200, "reason": "actions[0].say: is missing"}));
    let said = said("completed", "call.callback_failed", &[wrong]).unwrap();
    assert_eq!(said.title, "Your server's answer could not be used");
    assert!(said.text.starts_with("Actions[0].say: is missing. "), "{}", said.text);
}

#[test]
fn what_this_server_ends_is_said_with_its_reason() {
    assert_eq!(title("completed", "insufficient_funds", &[]), "The money of the wallet ended");
    assert_eq!(title("completed", "actions.limit", &[]), "The call ran in circles");
    assert_eq!(title("completed", "max_duration", &[]), "The longest duration was over");
    assert_eq!(title("completed", "connection_lost", &[]), "The connection to a party was lost");
    assert_eq!(title("failed", "trunk.unreachable", &[]), "Nobody on the network was reached");
    for cause in ["node_lost", "service.draining"] {
        assert_eq!(title("completed", cause, &[]), "The server was stopped during the call");
    }
    for (code, title) in [
        ("calls.destination_blocked", "Calls to +254711000001 are not allowed"),
        ("calls.emergency_blocked", "+254711000001 is an emergency number or a short code"),
        ("calls.no_route", "No carrier serves +254711000001"),
        ("calls.rate_limited", "The call was refused before the network was asked"),
    ] {
        let said = said("failed", code, &[]).unwrap();
        assert_eq!((said.title.as_str(), said.code.as_deref()), (title, Some(code)));
    }
}

#[test]
fn silence_names_the_party_that_was_not_heard() {
    let silent = [("leg.dialing", json!({"leg": 2, "target": TARGET})), ("media.timeout", json!({"leg": 2}))];
    assert_eq!(title("completed", "media.timeout", &silent), format!("No sound came from {TARGET}"));
    assert_eq!(title("completed", "media.timeout", &[]), "No sound came from a party");
}

#[test]
fn sound_that_went_one_way_is_told_by_its_direction() {
    let one_way = |direction: &str, reason: &str| {
        let silent = json!({"leg": 2, "direction": direction, "seconds": 10, "reason": reason});
        let entries = [("leg.dialing", json!({"leg": 2, "target": TARGET})), ("call.media_silent", silent)];
        said("completed", "normal_clearing", &entries).unwrap()
    };
    let (away, muted, deaf) =
        (one_way("received", "no_packets"), one_way("received", "nobody_heard"), one_way("sent", "not_reached"));
    assert_eq!(away.title, format!("No sound came from {TARGET}"));
    assert_eq!(deaf.title, format!("{TARGET} heard nothing for a while"));
    assert!(away.text.contains("UDP") && muted.text.contains("microphone") && !away.is_bad);
}

#[test]
fn the_number_that_was_dialled_in_vain_is_named_with_the_network_s_reason() {
    assert_eq!(title("busy", "busy", &dialled("busy", 486)), format!("{TARGET} was busy"));
    assert_eq!(title("no_answer", "no_answer", &dialled("no_answer", 480)), format!("{TARGET} did not answer"));
    assert_eq!(title("failed", "rejected", &dialled("rejected", 603)), format!("{TARGET} declined the call"));
    assert_eq!(title("failed", "not_found", &dialled("not_found", 404)), format!("{TARGET} does not exist"));
    assert_eq!(
        title("failed", "sip.488", &dialled("sip.488", 488)),
        format!("{TARGET} speaks none of the offered codecs")
    );
    for (cause, status, word) in [
        ("sip.503", 503, "outage"),
        ("sip.403", 403, "not allowed"),
        ("sip.484", 484, "incomplete"),
        ("sip.481", 481, "status 481"),
        ("failed", 500, "outage"),
    ] {
        let said = said("failed", cause, &dialled(cause, status)).unwrap();
        assert!(said.is_bad && said.text.contains(word) && said.text.contains(&status.to_string()), "{said:?}");
    }
    let answered =
        [&dialled("busy", 486)[..1], &[("leg.answered", json!({"leg": 2}))], &dialled("busy", 486)[1..]].concat();
    assert_eq!(
        said("completed", "normal_clearing", &answered),
        None,
        "it was answered: how it ended is nobody's fault"
    );
}

#[test]
fn a_number_that_may_not_be_dialled_is_named_where_the_call_itself_went_on() {
    for (code, title) in [
        ("calls.destination_blocked", format!("Calls to {TARGET} are not allowed")),
        ("wallet.insufficient_funds", format!("There was no money for a call to {TARGET}")),
        ("spend_limit.reached", format!("The call to {TARGET} was refused: the day's spend limit is reached")),
        ("calls.frozen", format!("The call to {TARGET} was refused: outbound calls are frozen")),
        ("calls.limit_exceeded", format!("The call to {TARGET} was refused: too many calls at once")),
        ("storage.unavailable", "The call was refused before the network was asked".to_owned()),
    ] {
        // A caller who was not answered before is refused with the same.
        let callers = [("leg.ended", json!({"leg": 0, "cause": code, "sip": 403}))];
        let refused = [&dialled(code, 403)[..], &callers].concat();
        for (status, cause, events) in
            [("completed", "normal_clearing", &dialled(code, 403)[..]), ("failed", code, &refused)]
        {
            let said = said(status, cause, events).unwrap();
            assert_eq!((said.title, said.code.as_deref()), (title.clone(), Some(code)));
        }
    }
    let away = said("completed", "normal_clearing", &dialled("trunk.unreachable", 503)).unwrap();
    assert_eq!((away.title.as_str(), away.code), ("Nobody on the network was reached", None));
}

#[test]
fn a_slow_server_is_told_how_long_it_took() {
    let answered = |ms: i64| [("callback.answered", json!({"ms": ms, "status": 200}))];
    assert_eq!(title("completed", "normal_clearing", &answered(3_140)), "Your server took 3.1 s to answer");
    assert_eq!(said("completed", "normal_clearing", &answered(1_999)), None);
    let retried = [
        ("callback.retried", json!({"reason": "connection refused"})),
        ("callback.answered", json!({"ms": 20, "status": 200})),
    ];
    assert_eq!(title("completed", "normal_clearing", &retried), "Your server answered at the second try only");
}

#[test]
fn what_the_caller_missed_is_said_last() {
    let skipped = ("actions.warning", json!({"message": "<Enqueue> is not supported"}));
    let said = said("completed", "normal_clearing", &[skipped]).unwrap();
    assert_eq!((said.is_bad, said.text.as_str()), (false, "<Enqueue> is not supported."));
    assert_eq!(
        title("completed", "normal_clearing", &[("speech.failed", json!({"reason": "x"}))]),
        "A text could not be spoken"
    );
    assert_eq!(
        title("completed", "normal_clearing", &[("recording.failed", json!({"reason": "x"}))]),
        "The call could not be recorded"
    );
}

#[test]
fn a_list_shows_the_cause_of_a_failure_in_a_word() {
    assert_eq!(cause_in_short(&call("failed", "sip.503")).as_deref(), Some("SIP 503"));
    assert_eq!(cause_in_short(&call("failed", "calls.no_route")).as_deref(), Some("calls.no_route"));
    assert_eq!(cause_in_short(&call("completed", "normal_clearing")), None);
}
