//! dial: ringing, ringback, the bridge and what comes after it.

use sautikit_api::ids::{CallId, LegRecordId};
use voice::*;

use crate::support::*;

fn dialling(attributes: &str) -> Sim {
    Sim::running(&format!(r#"[{{"dial": {{{attributes}}}}}, {{"say": {{"text": "next"}}}}]"#))
}

#[test]
fn a_ring_tone_is_heard_whatever_the_target_sends_meanwhile() {
    let mut sim = Sim::inbound();
    sim.said();
    sim.answer(r#"[{"dial": {"to": "client:asha", "ringTone": "uk"}}]"#)
        .expect(&["dial 1 client asha as +254722000042"]);
    sim.leg(1, LegEvent::Ringing).expect(&["pass early 0", "tone 0 Ringback GB"]);
    sim.leg(1, LegEvent::EarlyMedia).expect(&[]);
    sim.leg(1, LegEvent::Answered).expect(&["accept 0", "flush 0", "join 0 1"]);
}

#[test]
fn a_file_rings_from_when_it_is_there_and_a_tone_where_it_is_not() {
    let mut sim =
        Sim::running(r#"[{"say": {"text": "hi"}}, {"dial": {"to": "client:asha", "ringTone": "/wait.mp3"}}]"#);
    sim.speech_is_slow = true;
    sim.heard(0).said();
    sim.leg(1, LegEvent::Ringing).expect(&["tone 0 Ringback"]);
    sim.spoken().expect(&["flush 0", "play 0 https://shop.example/wait.mp3 x0"]);
    sim.leg(1, LegEvent::Answered).expect(&["flush 0", "join 0 1"]);
    let mut without =
        Sim::running(r#"[{"say": {"text": "hi"}}, {"dial": {"to": "client:asha", "ringTone": "/wait.mp3"}}]"#);
    without.speech_is_slow = true;
    without.heard(0).said();
    without.not_spoken().leg(1, LegEvent::Ringing).expect(&["tone 0 Ringback"]);
    assert!(without.event_names().contains(&"play.failed"));
}

#[test]
fn a_dial_that_comes_first_rings_the_target_before_the_caller_is_answered() {
    let mut sim = Sim::inbound();
    sim.said();
    sim.answer(r#"[{"dial": {"to": "client:agent"}}]"#).expect(&[&format!("dial 1 client agent as {AMINA}")]);
    // The caller's own network plays the ringback: it got its 180 when the number was found.
    sim.leg(1, LegEvent::Ringing).expect(&[]);
    sim.leg(1, LegEvent::Answered).expect(&["accept 0", "join 0 1"]);
    assert_eq!(sim.hears, [Some(LegId(1))]);
    sim.after(4).bye(1);
    sim.expect(&["split 0 1", "hang up 0 normal_clearing", "ask Final https://shop.example/voice", "end completed"]);
}

#[test]
fn an_unanswered_caller_gets_the_dials_outcome() {
    for (sip, words) in [(486, "refuse 0 486"), (480, "refuse 0 480"), (502, "refuse 0 503")] {
        let mut sim = Sim::inbound();
        sim.said();
        sim.answer(r#"[{"dial": {"to": "client:agent"}}]"#).said();
        assert_eq!(sim.ended(1, sip).said()[0], words);
    }
}

#[test]
fn a_dial_of_africas_talking_goes_on_only_when_nobody_answered() {
    let list = r#"<Dial phoneNumbers="+254722000042"/><Say>Nobody</Say>"#;
    let mut sim = Sim::inbound();
    sim.said();
    sim.answer_xml(list).said();
    sim.ended(1, 486).expect(&["accept 0", "play 0 Nobody"]);
    let mut sim = Sim::inbound();
    sim.said();
    sim.answer_xml(list).said();
    sim.leg(1, LegEvent::Answered).said();
    sim.after(4).bye(1);
    sim.expect(&["split 0 1", "hang up 0 normal_clearing", "ask Final https://shop.example/voice", "end completed"]);
}

#[test]
fn an_answered_caller_hears_ringback_until_the_answer() {
    let mut sim = Sim::running(r#"[{"say": {"text": "Hi"}}, {"dial": {"to": "client:agent"}}]"#);
    sim.heard(0).said();
    sim.leg(1, LegEvent::Ringing).expect(&["tone 0 Ringback"]);
    sim.leg(1, LegEvent::Answered).expect(&["flush 0", "join 0 1"]);
}

#[test]
fn several_targets_make_local_ringback_even_with_early_media() {
    let mut sim = Sim::running(r#"[{"say": {"text": "Hi"}}, {"dial": {"to": ["client:a", "client:b"]}}]"#);
    sim.heard(0).said();
    sim.leg(1, LegEvent::EarlyMedia).expect(&["tone 0 Ringback"]);
    sim.leg(2, LegEvent::Ringing).expect(&[]);
}

#[test]
fn targets_in_turn_ring_one_after_the_other() {
    let mut sim = dialling(r#""to": ["client:a", "client:b"], "sequential": true, "timeout": 10"#);
    sim.after(10).expect(&["hang up 1 no_answer", &format!("dial 2 client b as {AMINA}")]);
    sim.ended(2, 486).expect(&["accept 0", "play 0 next"]);
}

#[test]
fn one_refusal_does_not_stop_the_other_targets() {
    let mut sim = dialling(r#""to": ["client:a", "client:b"]"#);
    sim.ended(1, 603).expect(&[]);
    sim.leg(2, LegEvent::Answered).expect(&["accept 0", "join 0 2"]);
}

#[test]
fn the_action_url_learns_what_became_of_the_dial() {
    let mut sim = dialling(r#""to": "client:agent", "action": "/after""#);
    sim.leg(1, LegEvent::Answered).after_ms(6_100).said();
    sim.bye(1).expect(&["split 0 1", "ask Steer https://shop.example/after"]);
    assert_eq!(sim.param("DialCallStatus").as_deref(), Some("completed"));
    assert_eq!(sim.param("DialCallDuration").as_deref(), Some("7"));
    assert_eq!(sim.param("DialBridgedTo").as_deref(), Some("agent"));
    let sid = |number| LegRecordId::dialled(CallId(uuid::Uuid::from_u128(1)), number).pbx_call_id();
    assert_eq!(sim.param("DialCallSid"), Some(sid(1)));

    let mut sim = dialling(r#""to": "client:agent", "action": "/after""#);
    sim.ended(1, 486).expect(&["ask Steer https://shop.example/after"]);
    assert_eq!(sim.param("DialCallStatus").as_deref(), Some("busy"));
    assert_eq!(sim.param("DialCallSid"), Some(sid(1)));

    // Who was never called has no id.
    let mut sim = dialling(r#""to": "client:agent", "callerId": "+254722999999", "action": "/after""#);
    sim.said();
    assert_eq!((sim.param("DialCallDuration").as_deref(), sim.param("DialCallSid")), (Some("0"), None));
}

#[test]
fn of_two_dials_the_last_one_is_told() {
    let mut sim = Sim::running(
        r#"[{"dial": {"to": "client:a"}}, {"dial": {"to": "client:b"}}, {"redirect": {"url": "/after"}}]"#,
    );
    sim.leg(1, LegEvent::Answered).bye(1).ended(2, 486);
    let told = sim.newest_fetch().params;
    let dial: Vec<_> = told.iter().filter(|(name, _)| name.starts_with("Dial")).collect();
    let second_leg = "HD_00000000000080020000000000000001".to_owned();
    let last =
        [("DialCallStatus", "busy".to_owned()), ("DialCallDuration", "0".to_owned()), ("DialCallSid", second_leg)];
    assert_eq!(dial, last.each_ref());
}

#[test]
fn a_telephone_sees_a_number_of_the_workspace_only() {
    let mut sim = Sim::inbound();
    sim.said();
    sim.answer(&format!(r#"[{{"dial": {{"to": "{OTIENO}"}}}}]"#))
        .expect(&[&format!("dial 1 telephone {OTIENO} as {OWN}")]);
    let mut sim = Sim::inbound();
    sim.said();
    sim.answer(&format!(r#"[{{"dial": {{"to": "{OTIENO}", "callerId": "+254700000002"}}}}]"#));
    sim.expect(&[&format!("dial 1 telephone {OTIENO} as +254700000002")]);
    let mut sim = Sim::inbound();
    sim.said();
    sim.answer(&format!(r#"[{{"dial": {{"to": "{OTIENO}", "callerId": "{AMINA}", "action": "/after"}}}}]"#));
    sim.expect(&["ask Steer https://shop.example/after"]);
    assert_eq!(sim.param("ErrorCode").as_deref(), Some("numbers.not_assigned"));
}

#[test]
fn a_star_ends_the_connection_where_it_may() {
    let mut sim = dialling(r#""to": "client:agent", "hangupOnStar": true"#);
    sim.leg(1, LegEvent::Answered).said();
    sim.press(1, "*").press(0, "5").expect(&[]);
    sim.press(0, "*").expect(&["hang up 1 normal_clearing", "split 0 1", "play 0 next"]);
}

#[test]
fn the_longest_duration_ends_the_connection() {
    let mut sim = dialling(r#""to": "client:agent", "maxDuration": 20"#);
    sim.leg(1, LegEvent::Answered).said();
    sim.after(20).expect(&["hang up 1 max_duration", "split 0 1", "play 0 next"]);
}

#[test]
fn a_connection_is_never_longer_than_its_longest_duration() {
    let mut sim = dialling(r#""to": "client:agent", "maxDuration": 20"#);
    sim.leg(1, LegEvent::Answered);
    sim.now += std::time::Duration::from_millis(20_030);
    sim.bye(1).after(1).bye(0);
    assert_eq!(sim.legs[1].seconds(), 20);
}

#[test]
fn keys_pressed_while_bridged_are_passed_on_and_never_kept() {
    let mut sim = Sim::running(r#"[{"dial": {"to": "client:agent"}}, {"getDigits": {"timeout": 2}}]"#);
    sim.leg(1, LegEvent::Answered).said();
    sim.leg(0, LegEvent::Digit(key('7'))).expect(&["press 1 7"]);
    sim.leg(1, LegEvent::Digit(key('8'))).expect(&["press 0 8"]);
    sim.press(0, "1234").bye(1).after(2);
    assert_eq!(sim.param("Digits").as_deref(), Some(""));
}

#[test]
fn everything_stops_when_the_caller_hangs_up() {
    let mut sim = dialling(r#""to": ["client:a", "client:b"]"#);
    sim.leg(0, LegEvent::Ended(CauseKind::Canceled.into()));
    sim.expect(&["hang up 1 canceled", "hang up 2 canceled", "ask Final https://shop.example/voice", "end canceled"]);
}

#[test]
fn an_extension_is_pressed_before_the_two_are_connected() {
    let mut sim = dialling(r#""to": "+254722000001", "sendDigits": "w12""#);
    sim.leg(1, LegEvent::Ringing).said();
    sim.leg(1, LegEvent::Answered).expect(&[]);
    sim.after_ms(500).expect(&["press 1 1", "press 1 2"]);
    sim.after_ms(400).expect(&["accept 0", "join 0 1"]);
    sim.after(3).bye(1);
    sim.expect(&["split 0 1", "play 0 next"]);
    // One that hangs up meanwhile ends the dial, and nothing is pressed afterwards.
    let mut gone = dialling(r#""to": "+254722000001", "sendDigits": "WW12""#);
    gone.leg(1, LegEvent::Answered).said();
    gone.after(1).bye(1);
    gone.expect(&["accept 0", "play 0 next"]);
    gone.after(3).expect(&[]);
    let shown = gone.events.iter().find(|event| event.data["verb"] == "dial").expect("an entry");
    assert_eq!(shown.data["attributes"]["sendDigits"], "••••");
}

/// A dial whose only target has answered and is asked about; the caller is not answered yet.
fn screened() -> Sim {
    let mut sim = dialling(r#""to": "+254722000001", "whisperUrl": "/who""#);
    sim.leg(1, LegEvent::Ringing).said();
    sim.leg(1, LegEvent::Answered).expect(&["ask Steer https://shop.example/who"]);
    assert_eq!(sim.param("DialTarget").as_deref(), Some("+254722000001"));
    sim
}

const TAKE_IT: &str =
    r#"[{"getDigits": {"numDigits": 1, "action": "/taken", "prompt": {"say": {"text": "Press 1."}}}}, {"hangup": {}}]"#;

#[test]
fn whoever_answers_hears_who_calls_before_the_two_are_connected() {
    let mut sim = screened();
    sim.answer(r#"[{"say": {"text": "A customer."}}, {"play": {"url": "beep.wav"}}]"#).expect(&["play 1 A customer."]);
    sim.heard(1).expect(&["play 1 https://shop.example/beep.wav"]);
    sim.heard(1).expect(&["accept 0", "join 0 1"]);
    let mut endless = screened();
    endless.answer(r#"[{"say": {"text": "a", "loop": 0}}]"#).said();
    endless.after(120).expect(&["hang up 1 normal_clearing", "flush 1", "accept 0", "play 0 next"]);
    // A document that can't be had costs nobody the call.
    let mut broken = screened();
    broken.refuse_fetch(FetchFailure::Status(500)).expect(&["accept 0", "join 0 1"]);
}

#[test]
fn a_key_takes_the_call_and_no_key_leaves_it_to_the_next_action() {
    let mut sim = screened();
    sim.answer(TAKE_IT).expect(&["play 1 Press 1."]);
    // What the caller presses is none of it.
    sim.press(0, "1").expect(&[]);
    sim.press(1, "1").expect(&["flush 1", "ask Steer https://shop.example/taken"]);
    assert_eq!(sim.param("Digits").as_deref(), Some("1"));
    sim.answer("[]").expect(&["accept 0", "join 0 1"]);

    let mut nobody = screened();
    nobody.answer(TAKE_IT).said();
    nobody.heard(1).after(5).expect(&["hang up 1 normal_clearing", "accept 0", "play 0 next"]);
    nobody.heard(0);
    let ended = nobody.events.iter().find(|event| event.name == EventName::VerbEnded && event.data["verb"] == "dial");
    assert_eq!(ended.expect("an entry").data["outcome"], "no_answer");

    let mut gone = screened();
    gone.answer(TAKE_IT).said();
    gone.bye(1).expect(&["flush 1", "accept 0", "play 0 next"]);
    gone.after(9).expect(&[]);
}

#[test]
fn a_caller_who_gives_up_while_the_other_is_asked_ends_all_of_it() {
    for answered in [false, true] {
        let mut sim = screened();
        if answered {
            sim.answer(TAKE_IT).said();
        }
        sim.ended(0, 487);
        assert!(sim.said().contains(&"hang up 1 canceled".to_owned()) || sim.summaries.len() == 1);
        sim.after(30).expect(&[]);
    }
}

#[test]
fn who_does_not_take_the_call_leaves_it_to_the_next_in_turn() {
    let mut sim = dialling(r#""to": ["client:first", "client:second"], "sequential": true, "whisperUrl": "/who""#);
    sim.leg(1, LegEvent::Answered).expect(&["ask Steer https://shop.example/who"]);
    sim.answer(r#"[{"hangup": {}}]"#);
    sim.expect(&["hang up 1 normal_clearing", &format!("dial 2 client second as {AMINA}")]);
    sim.leg(2, LegEvent::Answered).expect(&["ask Steer https://shop.example/who"]);
    sim.answer("[]").expect(&["accept 0", "join 0 2"]);
    // Nobody is left after the last.
    let mut none = dialling(r#""to": ["client:first"], "sequential": true, "whisperUrl": "/who""#);
    none.leg(1, LegEvent::Answered).said();
    none.answer(r#"[{"hangup": {}}]"#).expect(&["hang up 1 normal_clearing", "accept 0", "play 0 next"]);
}
