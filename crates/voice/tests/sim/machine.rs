//! A person or a machine: who answered is told before the call goes on, or while a dial's parties talk.

use sautikit_api::actions::MachineDetection;
use sautikit_api::calls::Direction;
use voice::*;

use crate::support::*;

fn judged(answered_by: &'static str) -> Judged {
    Judged { answered_by, confidence_percent: 87, heard_ms: 1_840 }
}

fn answered() -> Sim {
    let mut facts = facts(Direction::Outbound, OWN, AMINA);
    facts.machine_detection = Some(MachineDetection::DetectMessageEnd);
    let mut sim = Sim::new(facts, Origin::Api { to: vec![phone(AMINA)], actions: None });
    sim.leg(0, LegEvent::Answered);
    sim
}

#[test]
fn the_callback_is_asked_once_it_is_clear_who_answered() {
    let mut sim = answered();
    assert_eq!(sim.said().last().map(String::as_str), Some("judge 0 to its end"));
    sim.after(2).input(Input::Judged(LegId(0), judged("machine_end_beep")));
    sim.expect(&["judge 0 no more", "ask Steer https://shop.example/voice"]);
    let told = ["AnsweredBy", "AnsweredByConfidence", "MachineDetectionDuration"].map(|name| sim.param(name));
    assert_eq!(told, ["machine_end_beep", "0.87", "1840"].map(|text| Some(text.to_owned())));
    assert!(sim.event_names().contains(&"machine.judged"));
}

#[test]
fn a_call_does_not_wait_for_ever_for_a_judgement_and_new_actions_do_not_wait_at_all() {
    let mut sim = answered();
    sim.said();
    sim.after(33).expect(&["judge 0 no more", "ask Steer https://shop.example/voice"]);
    assert_eq!(sim.param("AnsweredBy"), None);
    let mut steered = answered();
    steered.said();
    steered.replace(r#"[{"say": {"text": "hi"}}]"#).expect(&["judge 0 no more", "play 0 hi"]);
    let mut gone = answered();
    gone.bye(0);
    assert_eq!(gone.summaries.len(), 1);
}

#[test]
fn who_a_dial_reached_is_told_when_it_is_over() {
    let mut sim =
        Sim::running(r#"[{"dial": {"to": "+254733000007", "machineDetection": "enable", "action": "/after"}}]"#);
    sim.leg(1, LegEvent::Answered);
    assert!(sim.said().contains(&"judge 1".to_owned()));
    sim.input(Input::Judged(LegId(1), judged("human"))).expect(&[]);
    sim.after(9).bye(1);
    assert_eq!(sim.param("AnsweredBy").as_deref(), Some("human"));
    assert_eq!(sim.param("DialCallStatus").as_deref(), Some("completed"));
}
