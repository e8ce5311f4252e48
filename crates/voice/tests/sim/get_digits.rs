//! getDigits: prompts, barge-in, timers, attempts and what is kept.

use voice::*;

use crate::support::*;

const ASK: &str = "ask Steer https://shop.example/pin";

fn collecting(attributes: &str) -> Sim {
    Sim::running(&format!(r#"[{{"getDigits": {{"action": "/pin", {attributes}}}}}, {{"say": {{"text": "next"}}}}]"#))
}

#[test]
fn the_finish_key_ends_the_input_and_is_not_part_of_it() {
    let mut sim = collecting(r#""prompt": {"say": {"text": "PIN?"}}"#);
    sim.heard(0).press(0, "123").expect(&[]);
    sim.press(0, "#").expect(&[ASK]);
    assert_eq!((sim.param("Digits").as_deref(), sim.param("FinishedOnKey").as_deref()), (Some("123"), Some("#")));
}

#[test]
fn enough_digits_end_the_input() {
    let mut sim = collecting(r#""numDigits": 2"#);
    sim.press(0, "12").expect(&[ASK]);
    assert_eq!((sim.param("Digits").as_deref(), sim.param("FinishedOnKey").as_deref()), (Some("12"), Some("")));
}

#[test]
fn a_key_cuts_the_prompt_short() {
    let mut sim = collecting(r#""numDigits": 1, "prompt": {"say": {"text": "PIN?"}}"#);
    sim.press(0, "4").expect(&["flush 0", ASK]);
}

#[test]
fn keys_in_a_pause_of_the_prompt_cut_it_short_too() {
    let prompt = r#""numDigits": 1, "prompt": [{"say": {"text": "Sales: 1."}}, {"pause": {"length": 3}}, {"say": {"text": "Support: 2."}}]"#;
    let mut sim = collecting(prompt);
    sim.heard(0).expect(&[]);
    sim.after_ms(2_900).expect(&[]);
    sim.after_ms(100).expect(&["play 0 Support: 2."]);
    let mut early = collecting(prompt);
    early.heard(0).after(1).press(0, "2").expect(&[ASK]);
    assert_eq!(early.param("Digits").as_deref(), Some("2"));
    // The pause that was cut short ends nothing later on.
    early.answer(r#"[{"getDigits": {"timeout": 9}}]"#).expect(&[]);
    early.after(3).expect(&[]);
}

#[test]
fn without_barge_in_keys_during_the_prompt_are_lost() {
    let mut sim = collecting(r#""numDigits": 1, "bargeIn": false, "prompt": {"say": {"text": "PIN?"}}"#);
    sim.press(0, "4").expect(&[]);
    sim.heard(0).press(0, "5").expect(&[ASK]);
    assert_eq!(sim.param("Digits").as_deref(), Some("5"));
}

#[test]
fn timers_start_when_the_prompt_ends() {
    let mut sim = collecting(r#""timeout": 5, "firstDigitTimeout": 8, "prompt": {"say": {"text": "PIN?"}}"#);
    sim.after(60).expect(&[]);
    sim.heard(0).after_ms(7_900).expect(&[]);
    sim.after_ms(100).expect(&["play 0 next"]);
}

#[test]
fn a_pause_between_digits_ends_the_input() {
    let mut sim = collecting(r#""timeout": 3"#);
    sim.press(0, "1").after_ms(2_500).press(0, "2").after_ms(2_900).expect(&[]);
    sim.after_ms(100).expect(&[ASK]);
    assert_eq!(sim.param("Digits").as_deref(), Some("12"));
}

#[test]
fn without_input_the_prompt_is_repeated_and_then_the_next_action_runs() {
    let mut sim = collecting(
        r#""attempts": 2, "timeout": 2, "prompt": {"say": {"text": "PIN?"}}, "invalidPrompt": {"say": {"text": "Nothing came."}}"#,
    );
    sim.heard(0).after(2).expect(&["play 0 Nothing came."]);
    sim.heard(0).expect(&["play 0 PIN?"]);
    sim.heard(0).after(2).expect(&["play 0 next"]);
}

#[test]
fn without_input_and_without_next_action_the_action_url_is_asked() {
    let mut sim = Sim::running(r#"[{"getDigits": {"timeout": 2}}]"#);
    sim.after(2).expect(&["ask Steer https://shop.example/voice"]);
    assert_eq!(sim.param("Digits").as_deref(), Some(""));
}

#[test]
fn keys_pressed_ahead_count_and_skip_the_prompt() {
    let mut sim = Sim::running(
        r#"[{"say": {"text": "Hi"}}, {"getDigits": {"numDigits": 2, "prompt": {"say": {"text": "PIN?"}}}}]"#,
    );
    sim.press(0, "78").heard(0).expect(&["ask Steer https://shop.example/voice"]);
    assert_eq!(sim.param("Digits").as_deref(), Some("78"));
}

#[test]
fn of_keys_pressed_ahead_32_are_kept() {
    let mut sim = Sim::running(r#"[{"pause": {"length": 60}}, {"say": {"text": "Hi"}}]"#);
    assert!(sim.said().is_empty());
    let mut sim = Sim::running(r#"[{"say": {"text": "Hi"}}, {"getDigits": {"finishOnKey": ""}}]"#);
    sim.press(0, &"1".repeat(40)).heard(0);
    assert_eq!(sim.param("Digits").map(|digits| digits.len()), Some(32));
}

#[test]
fn one_press_by_info_and_in_the_audio_counts_once() {
    let mut sim = collecting(r#""numDigits": 3"#);
    sim.press(0, "5").after_ms(100).leg(0, LegEvent::Digit(key('5')));
    sim.after_ms(300).leg(0, LegEvent::Digit(key('5'))).expect(&[]);
    sim.press(0, "6").expect(&[ASK]);
    assert_eq!(sim.param("Digits").as_deref(), Some("556"));
}

#[test]
fn digits_never_stand_on_the_timeline() {
    let mut sim = collecting(r#""numDigits": 4"#);
    sim.press(0, "9876");
    assert!(!sim.events.iter().any(|event| event.data.to_string().contains("9876")));
    assert!(!format!("{:?}", sim.newest_fetch()).contains("9876"));
}
