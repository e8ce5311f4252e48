//! Live commands: new actions from outside end whatever runs, wherever it stands.

use sautikit_api::calls::{CallStatus, Direction};
use voice::*;

use crate::support::*;

const NEW: &str = r#"[{"say": {"text": "new"}}]"#;

/// Claims that nothing of before is left: no timer of a step, no second end on the timeline, and that the new action ends
/// the call as any last one does.
#[track_caller]
fn runs_only_the_new(sim: &mut Sim) {
    sim.after(120).expect(&[]);
    sim.heard(0).expect(&["hang up 0 normal_clearing", "ask Final https://shop.example/voice", "end completed"]);
    let count = |name| sim.events.iter().filter(|event| event.name == name).count();
    assert_eq!(count(EventName::VerbStarted), count(EventName::VerbEnded));
    assert_eq!(count(EventName::ActionsReplaced), 1);
}

/// How the timeline says that the first verb ended.
fn first_end(sim: &Sim) -> String {
    let end = sim.events.iter().find(|event| event.name == EventName::VerbEnded);
    end.map(|event| format!("{} {}", event.data["verb"], event.data["outcome"])).unwrap_or_default()
}

#[test]
fn a_say_falls_silent() {
    let mut sim = Sim::running(r#"[{"say": {"text": "old", "loop": 0}}, {"say": {"text": "never"}}]"#);
    sim.replace(NEW).expect(&["flush 0", "play 0 new"]);
    assert_eq!(first_end(&sim), r#""say" "replaced""#);
    runs_only_the_new(&mut sim);
}

#[test]
fn a_text_that_is_still_being_spoken_is_never_heard() {
    let mut sim = Sim::running(r#"[{"pause": {}}, {"say": {"text": "old"}}]"#);
    sim.speech_is_slow = true;
    sim.after(1).expect(&["accept 0"]);
    let old = sim.newest_text();
    sim.speech_is_slow = false;
    sim.replace(NEW).expect(&["play 0 new"]);
    sim.input(Input::Spoken(old, Ok(()))).expect(&[]);
    runs_only_the_new(&mut sim);
}

#[test]
fn get_digits_stops_its_prompt_and_its_timers() {
    let mut sim = Sim::running(r#"[{"getDigits": {"prompt": {"say": {"text": "PIN?"}}}}]"#);
    sim.replace(NEW).expect(&["flush 0", "play 0 new"]);
    assert_eq!(first_end(&sim), r#""getDigits" "replaced""#);
    runs_only_the_new(&mut sim);

    for pressed in ["", "12"] {
        let mut sim = Sim::running(r#"[{"getDigits": {"timeout": 5}}]"#);
        sim.press(0, pressed).replace(NEW).expect(&["play 0 new"]);
        runs_only_the_new(&mut sim);
    }
}

#[test]
fn digits_of_a_question_that_was_taken_back_answer_no_other() {
    let mut sim = Sim::running(r#"[{"getDigits": {"timeout": 5}}]"#);
    sim.press(0, "12").replace(r#"[{"getDigits": {"numDigits": 1}}]"#).expect(&[]);
    sim.press(0, "7");
    assert_eq!(sim.param("Digits").as_deref(), Some("7"));
}

#[test]
fn a_dial_that_rings_lets_its_targets_go() {
    let mut sim = Sim::running(
        r#"[{"say": {"text": "Hi"}}, {"dial": {"to": ["client:a", "client:b"]}}, {"say": {"text": "never"}}]"#,
    );
    sim.heard(0).leg(1, LegEvent::Ringing).said();
    sim.replace(NEW).expect(&["hang up 1 canceled", "hang up 2 canceled", "flush 0", "play 0 new"]);
    // An answer that crosses is late.
    sim.leg(1, LegEvent::Answered).expect(&[]);
    runs_only_the_new(&mut sim);
}

#[test]
fn targets_that_wait_for_their_turn_are_never_rung() {
    let mut sim = Sim::running(
        r#"[{"say": {"text": "Hi"}}, {"dial": {"to": ["client:a", "client:b"], "sequential": true, "timeout": 5}}]"#,
    );
    sim.heard(0).leg(1, LegEvent::EarlyMedia).said();
    sim.replace(NEW).expect(&["hang up 1 canceled", "flush 0", "play 0 new"]);
    runs_only_the_new(&mut sim);
}

#[test]
fn a_connection_is_taken_apart_and_the_next_callback_learns_of_it() {
    let mut sim = Sim::running(r#"[{"dial": {"to": "client:agent", "maxDuration": 60}}]"#);
    sim.leg(1, LegEvent::Answered).after(6).said();
    sim.replace(r#"[{"redirect": {"url": "/transferred"}}]"#);
    sim.expect(&["hang up 1 normal_clearing", "split 0 1", "ask Steer https://shop.example/transferred"]);
    let told = ["DialCallStatus", "DialCallDuration", "DialBridgedTo"].map(|name| sim.param(name).unwrap_or_default());
    assert_eq!(told, ["completed", "6", "agent"]);
    sim.answer(NEW).expect(&["play 0 new"]);
    runs_only_the_new(&mut sim);
}

#[test]
fn a_pause_is_over_at_once() {
    let mut sim = Sim::running(r#"[{"say": {"text": "Hi"}}, {"pause": {"length": 60}}, {"say": {"text": "never"}}]"#);
    sim.heard(0).replace(NEW).expect(&["play 0 new"]);
    assert_eq!(sim.event_names().iter().filter(|name| **name == "verb.ended").count(), 2);
    runs_only_the_new(&mut sim);
}

#[test]
fn an_answer_that_comes_after_new_actions_counts_no_more() {
    let mut sim = Sim::running(r#"[{"say": {"text": "Hi"}}, {"redirect": {"url": "/slow"}}]"#);
    sim.heard(0).after(3).said();
    sim.replace(NEW).expect(&["flush 0", "play 0 new"]);
    sim.answer(r#"[{"hangup": {}}]"#).expect(&[]);
    runs_only_the_new(&mut sim);
}

#[test]
fn before_the_answer_they_wait_for_it() {
    let mut sim = Sim::outbound();
    sim.said();
    sim.replace(NEW).expect(&[]);
    sim.leg(0, LegEvent::Answered).expect(&["play 0 new"]);
    runs_only_the_new(&mut sim);
}

#[test]
fn a_call_without_instructions_gets_some() {
    let mut facts = facts(Direction::Outbound, OWN, AMINA);
    facts.voice_callback_url = None;
    let mut sim = Sim::new(facts, Origin::Api { to: vec![phone(AMINA)], actions: None });
    sim.leg(0, LegEvent::Answered).said();
    sim.replace(r#"[{"pause": {"length": 500}}, {"pause": {"length": 400}}]"#).expect(&["flush 0"]);
    sim.after(899).expect(&[]);
    sim.after(1).expect(&["hang up 0 normal_clearing", "end completed"]);
}

#[test]
fn an_apology_gives_way() {
    let mut sim = Sim::inbound();
    sim.refuse_fetch(FetchFailure::Status(500)).said();
    sim.replace(NEW).expect(&["flush 0", "play 0 new"]);
    runs_only_the_new(&mut sim);
}

#[test]
fn a_call_that_is_over_takes_no_actions() {
    let mut sim = Sim::running(NEW);
    sim.bye(0).said();
    sim.replace(NEW).expect(&[]).expect_end(CallStatus::Completed, "normal_clearing", 0);
}
