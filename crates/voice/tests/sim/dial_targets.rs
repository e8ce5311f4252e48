//! dial: what holds for one of several targets alone, and who is told how calling it goes.

use sautikit_api::{
    ids::{CallId, LegRecordId},
    numbers::Compat,
};
use voice::*;

use crate::support::*;

const TOLD: &str = "ask Status https://shop.example/status";

/// A caller whose dial names these targets.
fn dialling(compat: Compat, to: &str, more: &str) -> Sim {
    let mut facts = facts(sautikit_api::calls::Direction::Inbound, AMINA, OWN);
    facts.compat = compat;
    let mut sim = Sim::new(facts, Origin::Inbound { caller: phone(AMINA), ring: Vec::new() });
    sim.said();
    sim.answer(&format!(r#"[{{"dial": {{"to": {to}{more}}}}}, {{"say": {{"text": "next"}}}}]"#));
    sim
}

fn told(sim: &Sim, names: [&str; 4]) -> [String; 4] {
    names.map(|name| sim.param(name).unwrap_or_default())
}

const EVENTS: &str = r#""statusCallback": "/status",
    "statusCallbackEvent": ["initiated", "ringing", "answered", "completed"]"#;

#[test]
fn a_target_is_told_of_from_its_beginning_to_its_end() {
    let mut sim = dialling(Compat::Sautikit, &format!(r#"{{"number": "+254722000001", {EVENTS}}}"#), "");
    sim.expect(&[&format!("dial 1 telephone +254722000001 as {OWN}"), TOLD]);
    let names = ["StatusCallbackEvent", "DialTarget", "DialLeg", "SequenceNumber"];
    assert_eq!(told(&sim, names), ["initiated", "+254722000001", "1", "0"]);
    sim.leg(1, LegEvent::Ringing);
    assert!(sim.said().contains(&TOLD.to_owned()));
    // Its early media is no second ringing.
    sim.leg(1, LegEvent::EarlyMedia);
    assert!(!sim.said().contains(&TOLD.to_owned()));
    sim.leg(1, LegEvent::Answered);
    assert!(sim.said().contains(&TOLD.to_owned()));
    assert_eq!(told(&sim, names), ["answered", "+254722000001", "1", "2"]);
    sim.after(12).bye(1);
    assert!(sim.said().contains(&TOLD.to_owned()));
    let names = ["StatusCallbackEvent", "DialCallStatus", "DialCallDuration", "HangupCause"];
    assert_eq!(told(&sim, names), ["completed", "completed", "12", "normal_clearing"]);
}

#[test]
fn in_twilios_words_it_is_a_call_of_its_own_with_a_parent() {
    let mut sim = dialling(Compat::Twilio, &format!(r#"{{"client": "asha", {EVENTS}}}"#), "");
    let names = ["CallStatus", "To", "From", "Direction"];
    assert_eq!(told(&sim, names), ["initiated", "client:asha", AMINA, "outbound-dial"]);
    let (child, parent) = (sim.param("CallSid").unwrap_or_default(), sim.param("ParentCallSid").unwrap_or_default());
    let call = CallId(uuid::Uuid::from_u128(1));
    assert_eq!((parent, child), (call.pbx_call_id(), LegRecordId::dialled(call, 1).pbx_call_id()));
    sim.leg(1, LegEvent::Ringing);
    assert_eq!(sim.param("CallStatus").as_deref(), Some("ringing"));
    sim.ended(1, 486);
    let busy = sim.fetches.iter().rfind(|fetch| fetch.purpose == Purpose::Status).expect("it is told");
    let of = |name: &str| busy.params.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str());
    assert_eq!((of("CallStatus"), of("CallDuration"), of("SequenceNumber")), (Some("busy"), Some("0"), Some("2")));
}

#[test]
fn only_the_end_is_told_unless_more_is_asked_for_and_each_target_has_its_own() {
    let to = r#"[{"client": "a", "statusCallback": "/status"}, {"client": "b"}]"#;
    let mut sim = dialling(Compat::Sautikit, to, "");
    sim.expect(&[&format!("dial 1 client a as {AMINA}"), &format!("dial 2 client b as {AMINA}")]);
    sim.leg(2, LegEvent::Answered);
    let words = sim.said();
    assert!(
        words.contains(&"hang up 1 answered_elsewhere".to_owned()) && words.contains(&TOLD.to_owned()),
        "{words:?}"
    );
    assert_eq!(sim.param("DialTarget").as_deref(), Some("a"));
    sim.bye(2);
    assert!(!sim.said().contains(&TOLD.to_owned()), "nobody is told of the other");
}

#[test]
fn a_caller_who_gives_up_ends_what_is_told_too() {
    let mut sim = dialling(Compat::AfricasTalking, r#"{"client": "a", "statusCallback": "/status"}"#, "");
    sim.said();
    sim.leg(0, LegEvent::Ended(CauseKind::Canceled.into()));
    let words = sim.said();
    let at = |what: &str| words.iter().position(|word| word.starts_with(what));
    assert!(at(TOLD).is_some() && at(TOLD) < at("end canceled"), "{words:?}");
    let told = sim.fetches.iter().rfind(|fetch| fetch.purpose == Purpose::Status).expect("it is told");
    assert!(
        told.params.contains(&("DialCallStatus", "canceled".to_owned())),
        "Africa's Talking has no words of its own"
    );
}

#[test]
fn an_extension_and_a_whisper_of_a_target_go_before_the_dials_own() {
    let to = r#"[{"number": "+254722000001", "sendDigits": "7"}, {"number": "+254722000002", "whisperUrl": "/own"}]"#;
    let more = r#", "sequential": true, "whisperUrl": "/all""#;
    let mut sim = dialling(Compat::Sautikit, to, more);
    sim.leg(1, LegEvent::Answered);
    assert!(sim.said().contains(&"press 1 7".to_owned()));
    sim.after_ms(200).expect(&["ask Steer https://shop.example/all"]);
    sim.answer(r#"[{"hangup": {}}]"#).said();
    sim.leg(2, LegEvent::Answered).expect(&["ask Steer https://shop.example/own"]);
    sim.answer("[]");
    assert!(sim.said().contains(&"join 0 2".to_owned()));
}

#[test]
fn what_a_sip_server_is_told_is_shown_nowhere() {
    let to = r#"{"sip": "sip:desk@pbx.example", "username": "us", "password": "hunter2"}"#;
    let sim = dialling(Compat::Sautikit, to, "");
    let shown = sim.events.iter().map(|event| event.data.to_string()).collect::<String>();
    assert!(shown.contains("desk@pbx.example") && shown.contains("us") && !shown.contains("hunter2"), "{shown}");
}
