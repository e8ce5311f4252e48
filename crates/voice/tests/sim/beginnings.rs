//! How calls begin: by the API, inbound, from a browser.

use sautikit_api::calls::{CallStatus, Direction};
use voice::*;

use crate::support::*;

#[test]
fn an_api_call_dials_and_asks_once_answered() {
    let mut sim = Sim::outbound();
    sim.expect(&[&format!("dial 0 telephone {AMINA} as {OWN}")]);
    sim.leg(0, LegEvent::Ringing).expect(&[]);
    sim.leg(0, LegEvent::Answered).expect(&["ask Steer https://shop.example/voice"]);
    assert_eq!(sim.param("CallStatus").as_deref(), Some("answered"));
    assert_eq!(sim.param("CallSid").as_deref(), Some("HD_00000000000000000000000000000001"));
    assert_eq!((sim.param("From").as_deref(), sim.param("to").as_deref()), (Some(OWN), Some(AMINA)));
}

#[test]
fn given_actions_run_instead_of_the_callback() {
    let list = serde_json::json!([{"say": {"text": "Hello"}}]);
    let actions = sautikit_api::actions::parse_list(&list).unwrap_or_else(|error| panic!("{error}"));
    let origin = Origin::Api { to: vec![phone(AMINA)], actions: Some(actions) };
    let mut sim = Sim::new(facts(Direction::Outbound, OWN, AMINA), origin);
    sim.leg(0, LegEvent::Answered).said();
    sim.after_ms(46_500).heard(0);
    sim.expect_end(CallStatus::Completed, "normal_clearing", 47);
}

/// A call that was answered and has nothing to do.
fn without_instructions() -> Sim {
    let mut facts = facts(Direction::Outbound, OWN, AMINA);
    facts.voice_callback_url = None;
    let mut sim = Sim::new(facts, Origin::Api { to: vec![phone(AMINA)], actions: None });
    sim.leg(0, LegEvent::Answered);
    sim
}

#[test]
fn without_instructions_a_notice_is_spoken_and_the_call_ends_ten_seconds_after_it() {
    let mut sim = without_instructions();
    assert!(sim.said().iter().any(|words| words.starts_with("play 0 This call was placed")));
    sim.after(6).expect(&[]);
    sim.heard(0).after(9).expect(&[]);
    sim.after(1).expect(&["hang up 0 max_duration", "end completed"]);
}

#[test]
fn a_notice_whose_end_is_never_heard_of_keeps_nobody_waiting_either() {
    let mut sim = without_instructions();
    assert!(sim.after(60).said().iter().any(|said| said == "end completed"));
}

#[test]
fn of_several_targets_the_first_to_answer_wins_and_is_named() {
    let origin = Origin::Api { to: vec![phone(AMINA), phone(OTIENO)], actions: None };
    let mut sim = Sim::new(facts(Direction::Outbound, OWN, AMINA), origin);
    sim.ended(0, 603).said();
    sim.leg(1, LegEvent::Answered).expect(&["ask Steer https://shop.example/voice"]);
    assert_eq!(sim.param("To").as_deref(), Some(OTIENO));
    sim.after(3).bye(1);
    sim.expect_end(CallStatus::Completed, "normal_clearing", 3);
    assert_eq!((sim.legs[1].address.as_str(), sim.legs[0].seconds(), sim.legs[1].seconds()), (OTIENO, 0, 3));
}

#[test]
fn each_way_of_not_answering_has_its_status() {
    for (sip, status, cause) in [
        (486, CallStatus::Busy, "busy"),
        (480, CallStatus::NoAnswer, "no_answer"),
        (603, CallStatus::Failed, "rejected"),
        (503, CallStatus::Failed, "sip.503"),
    ] {
        let mut sim = Sim::outbound();
        sim.ended(0, sip);
        sim.expect_end(status, cause, 0);
        assert_eq!(sim.param("IsFinal").as_deref(), Some("true"));
        assert_eq!(sim.param("HangupCause").as_deref(), Some(cause));
    }
}

#[test]
fn an_unanswered_api_call_is_given_up_after_its_timeout() {
    let mut sim = Sim::outbound();
    sim.leg(0, LegEvent::Ringing).said();
    sim.after(60).expect(&["hang up 0 no_answer", "ask Final https://shop.example/voice", "end no_answer"]);
}

#[test]
fn an_inbound_call_rings_and_is_answered_by_the_first_action_that_needs_audio() {
    let mut sim = Sim::inbound();
    sim.expect(&["ring 0", "ask Steer https://shop.example/voice"]);
    assert_eq!(sim.param("CallStatus").as_deref(), Some("ringing"));
    sim.answer(r#"[{"pause": {}}, {"say": {"text": "Karibu"}}, {"hangup": {}}]"#).expect(&[]);
    sim.after(1).expect(&["accept 0", "play 0 Karibu"]);
    sim.after(2).heard(0).expect(&[
        "hang up 0 normal_clearing",
        "ask Final https://shop.example/voice",
        "end completed",
    ]);
    sim.expect_end(CallStatus::Completed, "normal_clearing", 2);
}

#[test]
fn an_inbound_call_without_callback_rings_devices_or_is_refused() {
    let mut facts = facts(Direction::Inbound, AMINA, OWN);
    facts.voice_callback_url = None;
    let nobody = Origin::Inbound { caller: phone(AMINA), ring: Vec::new() };
    Sim::new(facts.clone(), nobody).expect(&["ring 0", "refuse 0 480", "end no_answer"]);

    let two = Origin::Inbound { caller: phone(AMINA), ring: vec![client("desk"), client("shop")] };
    let mut sim = Sim::new(facts, two);
    sim.expect(&["ring 0", &format!("dial 1 client desk as {AMINA}"), &format!("dial 2 client shop as {AMINA}")]);
    sim.leg(2, LegEvent::Answered).expect(&["hang up 1 answered_elsewhere", "accept 0", "join 0 2"]);
    sim.after(5).bye(0).expect(&["hang up 2 normal_clearing", "end completed"]);
}

#[test]
fn a_browser_is_answered_when_its_target_is() {
    let mut sim = Sim::browser();
    sim.expect(&[&format!("dial 1 telephone {AMINA} as {OWN}")]);
    sim.leg(1, LegEvent::Ringing).expect(&["ring 0", "pass early 0", "tone 0 Ringback"]);
    sim.after(2).leg(1, LegEvent::Answered).expect(&["accept 0", "flush 0", "join 0 1"]);
    sim.after(10).bye(1).expect(&["split 0 1", "hang up 0 normal_clearing", "end completed"]);
    sim.expect_end(CallStatus::Completed, "normal_clearing", 10);
    assert_eq!([sim.legs[0].seconds(), sim.legs[1].seconds()], [10, 10]);
}

#[test]
fn a_browser_hears_its_targets_early_media() {
    let mut sim = Sim::browser();
    sim.said();
    sim.leg(1, LegEvent::Ringing).said();
    sim.leg(1, LegEvent::EarlyMedia).expect(&["flush 0", "join 0 1"]);
    sim.leg(1, LegEvent::Answered).expect(&["accept 0"]);
}

#[test]
fn a_browser_is_told_why_nobody_answered() {
    for (sip, words, status) in
        [(486, "refuse 0 486", "end busy"), (480, "refuse 0 480", "end no_answer"), (500, "refuse 0 503", "end failed")]
    {
        let mut sim = Sim::browser();
        sim.said();
        sim.ended(1, sip).expect(&[words, status]);
    }
    let mut sim = Sim::browser();
    sim.said();
    sim.leg(1, LegEvent::Ended(Cause::refused("wallet.insufficient_funds", 402)));
    sim.expect(&["refuse 0 402", "end failed"]);
    sim.expect_end(CallStatus::Failed, "wallet.insufficient_funds", 0);
}
