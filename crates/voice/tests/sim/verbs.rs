//! say, pause, redirect, reject, hangup.

use sautikit_api::calls::CallStatus;
use voice::*;

use crate::support::*;

#[test]
fn actions_run_one_after_the_other_and_an_exhausted_list_ends_the_call() {
    let mut sim = Sim::running(r#"[{"say": {"text": "one"}}, {"say": {"text": "two", "loop": 2}}]"#);
    sim.heard(0).expect(&["play 0 two x2"]);
    sim.heard(0).expect(&["hang up 0 normal_clearing", "ask Final https://shop.example/voice", "end completed"]);
}

#[test]
fn loop_zero_repeats_until_hangup() {
    let mut sim = Sim::inbound();
    sim.said();
    sim.answer(r#"[{"say": {"text": "hold", "loop": 0}}]"#).expect(&["accept 0", "play 0 hold x0"]);
    sim.after(600).bye(0).expect(&["ask Final https://shop.example/voice", "end completed"]);
}

#[test]
fn speech_that_fails_costs_the_text_and_not_the_call() {
    let mut sim = Sim::inbound();
    sim.speech_works = false;
    sim.said();
    sim.answer(r#"[{"say": {"text": "one"}}, {"redirect": {"url": "/next"}}]"#);
    sim.expect(&["accept 0", "ask Steer https://shop.example/next"]);
    assert_eq!(sim.param("ErrorCode").as_deref(), Some("tts.unavailable"));
    assert!(sim.events.iter().any(|event| event.name == EventName::SpeechFailed && event.data["reason"] == "no voice"));
}

#[test]
fn a_file_is_played_as_often_as_it_says() {
    let mut sim =
        Sim::running(r#"[{"play": {"url": "welcome.mp3"}}, {"play": {"url": "https://b.example/a.wav", "loop": 0}}]"#);
    assert_eq!(sim.texts.values().next().map(String::as_str), Some("https://shop.example/welcome.mp3"));
    sim.heard(0).expect(&["play 0 https://b.example/a.wav x0"]);
    sim.after(600).bye(0).expect(&["ask Final https://shop.example/voice", "end completed"]);
    assert!(sim.events.iter().any(|event| event.name == EventName::VerbEnded && event.data["outcome"] == "played"));
}

#[test]
fn a_file_that_can_not_be_had_costs_the_file_and_not_the_call() {
    let mut sim = Sim::inbound();
    sim.speech_works = false;
    sim.said();
    sim.answer(r#"[{"play": {"url": "/a.mp3?token=hunter2"}}, {"redirect": {"url": "/next"}}]"#);
    sim.expect(&["accept 0", "ask Steer https://shop.example/next"]);
    assert_eq!(sim.param("ErrorCode").as_deref(), Some("play.unavailable"));
    let failed = sim.events.iter().find(|event| event.name == EventName::PlayFailed).expect("an entry");
    assert_eq!(failed.data["reason"], "no voice");
    assert_eq!(failed.data["url"], "https://shop.example/a.mp3?token=***");
}

#[test]
fn whoever_waits_long_for_a_file_hears_that_we_wait_and_then_goes_on() {
    let mut sim = Sim::inbound();
    sim.speech_is_slow = true;
    sim.said();
    sim.answer(r#"[{"play": {"url": "/a.mp3"}}, {"pause": {"length": 1}}]"#).expect(&["accept 0"]);
    sim.after(3).expect(&["tone 0 Waiting"]);
    sim.spoken().expect(&["flush 0", "play 0 https://shop.example/a.mp3"]);
    let mut never = Sim::inbound();
    never.speech_is_slow = true;
    never.answer(r#"[{"play": {"url": "/a.mp3"}}, {"hangup": {}}]"#);
    never.said();
    never.after(21);
    never.expect_end(CallStatus::Completed, "normal_clearing", 20);
}

#[test]
fn what_a_prompt_lacks_does_not_keep_the_rest_of_it_from_being_heard() {
    let mut sim = Sim::inbound();
    sim.speech_is_slow = true;
    sim.answer(
        r#"[{"getDigits": {"numDigits": 1, "prompt": [{"play": {"url": "/a.mp3"}}, {"say": {"text": "Press 1"}}]}}]"#,
    );
    sim.said();
    sim.not_spoken().spoken().expect(&["play 0 Press 1"]);
}

#[test]
fn keys_are_pressed_with_their_pauses() {
    let mut sim = Sim::running(r#"[{"sendDigits": {"digits": "w12W#"}}, {"say": {"text": "done"}}]"#);
    sim.after_ms(499).expect(&[]);
    sim.after_ms(1).expect(&["press 0 1", "press 0 2"]);
    sim.after_ms(1_399).expect(&[]);
    sim.after_ms(1).expect(&["press 0 #"]);
    sim.after_ms(200).expect(&["play 0 done"]);
    let shown = sim.events.iter().find(|event| event.data["verb"] == "sendDigits").expect("an entry");
    assert_eq!(shown.data["attributes"]["digits"], "•••••");
}

#[test]
fn reject_refuses_without_answering() {
    for (reason, words, status) in [("rejected", "refuse 0 603", "end failed"), ("busy", "refuse 0 486", "end busy")] {
        let mut sim = Sim::inbound();
        sim.said();
        sim.answer(&format!(r#"[{{"reject": {{"reason": "{reason}"}}}}]"#));
        sim.expect(&[words, "ask Final https://shop.example/voice", status]);
    }
}

#[test]
fn hangup_before_the_answer_costs_nothing() {
    let mut sim = Sim::inbound();
    sim.answer(r#"[{"hangup": {}}]"#);
    sim.expect_end(CallStatus::NoAnswer, "no_answer", 0);
}

#[test]
fn every_verb_leaves_its_start_and_end_on_the_timeline() {
    let mut sim = Sim::running(r#"[{"say": {"text": "one", "language": "sw"}}, {"hangup": {}}]"#);
    sim.heard(0);
    let verbs: Vec<_> =
        sim.events.iter().filter(|event| matches!(event.name, EventName::VerbStarted | EventName::VerbEnded)).collect();
    let [say, said, hangup, hung] = verbs.as_slice() else { panic!("{verbs:?}") };
    assert_eq!(say.data["verb"], "say");
    assert_eq!(say.data["attributes"]["language"], "sw");
    assert_eq!(said.data["outcome"], "spoken");
    assert_eq!(hangup.data["verb"], "hangup");
    assert_eq!(hung.data["outcome"], "hung_up");
}

#[test]
fn a_redirect_loop_ends_after_200_callbacks() {
    let mut sim = Sim::running(r#"[{"say": {"text": "hi"}}, {"redirect": {"url": "/again"}}]"#);
    sim.heard(0);
    for _ in 0..198 {
        sim.answer(r#"[{"redirect": {"url": "/again"}}]"#);
    }
    assert!(sim.summaries.is_empty());
    sim.answer(r#"[{"redirect": {"url": "/again"}}]"#);
    sim.expect_end(CallStatus::Completed, "actions.limit", 0);
    assert!(sim.event_names().contains(&"call.failed"));
}

#[test]
fn the_thousand_and_first_action_does_not_run() {
    let list = |count: usize| {
        format!("[{}]", [r#"{"pause": {}}"#].repeat(count).join(",") + r#", {"redirect": {"url": "/again"}}"#)
    };
    let mut sim = Sim::running(&list(49));
    for _ in 0..19 {
        sim.after(49);
        sim.answer(&list(49));
    }
    sim.after(49);
    assert!(sim.summaries.is_empty());
    sim.answer(&list(49));
    sim.expect_end(CallStatus::Failed, "actions.limit", 0);
}
