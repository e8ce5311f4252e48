//! Callbacks: what a slow, failing or wrong customer's server does to a call.

use sautikit_api::calls::Direction;
use sautikit_api::{actions::parse_json, calls::CallStatus};
use serde_json::json;
use voice::*;

use crate::support::*;

fn answered() -> Sim {
    let mut sim = Sim::outbound();
    sim.leg(0, LegEvent::Answered).said();
    sim
}

#[test]
fn a_slow_server_makes_a_waiting_tone_after_two_seconds() {
    let mut sim = answered();
    sim.after_ms(1_999).expect(&[]);
    sim.after_ms(1).expect(&["tone 0 Waiting"]);
    sim.answer(r#"[{"say": {"text": "Hi"}}]"#).expect(&["flush 0", "play 0 Hi"]);
}

#[test]
fn an_unanswered_caller_keeps_their_own_ringback_while_we_wait() {
    let mut sim = Sim::inbound();
    sim.said();
    sim.after(5).expect(&[]);
}

#[test]
fn a_failing_server_means_a_spoken_apology_and_a_named_reason() {
    let mut sim = answered();
    sim.refuse_fetch(FetchFailure::Status(500));
    assert!(sim.said()[0].starts_with("play 0 We are sorry"));
    sim.after(4).heard(0);
    sim.expect(&["hang up 0 call.callback_failed", "ask Final https://shop.example/voice", "end completed"]);
    let Some(event) = sim.events.iter().find(|event| event.name == EventName::CallbackFailed) else {
        panic!("no event")
    };
    assert_eq!(event.data["reason"], "answered with status 500");
}

#[test]
fn an_unanswered_caller_is_answered_for_the_apology() {
    let mut sim = Sim::inbound();
    sim.said();
    sim.refuse_fetch(FetchFailure::Timeout);
    assert_eq!(sim.said()[0], "accept 0");
    sim.heard(0);
    sim.expect_end(CallStatus::Completed, "call.callback_failed", 0);
}

#[test]
fn without_speech_the_failed_call_still_ends() {
    let mut sim = answered();
    sim.speech_works = false;
    sim.refuse_fetch(FetchFailure::Timeout);
    sim.expect_end(CallStatus::Completed, "call.callback_failed", 0);
}

#[test]
fn the_fallback_is_asked_once_with_the_error_code() {
    let mut facts = facts(Direction::Outbound, OWN, AMINA);
    facts.fallback_url = Some("https://backup.example/voice".into());
    let mut sim = Sim::new(facts, Origin::Api { to: vec![phone(AMINA)], actions: None });
    sim.leg(0, LegEvent::Answered).said();
    let Err(invalid) = parse_json(br#"{"actions":[{"dance":{}}]}"#) else { panic!("dance is no verb") };
    sim.refuse_fetch(invalid.into()).expect(&["ask Fallback https://backup.example/voice"]);
    assert_eq!(sim.param("ErrorCode").as_deref(), Some("actions.invalid"));
    sim.refuse_fetch(FetchFailure::Unreachable("connection refused".into()));
    assert!(sim.said()[0].starts_with("play 0 We are sorry"));
}

#[test]
fn a_client_that_never_reports_does_not_hang_the_call() {
    let mut sim = answered();
    sim.after(15);
    assert!(sim.said().iter().any(|words| words.starts_with("play 0 We are sorry")));
    let Some(event) = sim.events.iter().find(|event| event.name == EventName::CallbackFailed) else {
        panic!("no event")
    };
    assert_eq!(event.data["code"], "call.callback_timeout");
}

#[test]
fn an_empty_answer_ends_the_call() {
    let mut sim = answered();
    sim.answer("[]");
    sim.expect_end(CallStatus::Completed, "normal_clearing", 0);
}

#[test]
fn what_was_skipped_in_an_answer_stands_on_the_timeline() {
    let mut sim = answered();
    sim.answer_xml("<Sing/><Hangup/>");
    let event = sim.events.iter().find(|event| event.name == EventName::ActionsWarning);
    let data = event.map(|event| event.data.clone()).unwrap_or_default();
    assert_eq!((&data["line"], &data["column"], &data["count"]), (&json!(1), &json!(11), &json!(1)));
    sim.expect_end(CallStatus::Completed, "normal_clearing", 0);
}

#[test]
fn relative_urls_follow_the_url_that_answered() {
    let mut sim = answered();
    let answer = Answer {
        url: "https://moved.example/a/b".into(),
        actions: parse_json(br#"{"actions":[{"redirect":{"url":"c"}}]}"#).unwrap_or_else(|error| panic!("{error}")),
        warnings: Vec::new(),
    };
    let fetch = sim.newest_fetch().fetch;
    sim.input(fetched(fetch, Ok(answer))).expect(&["ask Steer https://moved.example/a/c"]);
}

#[test]
fn the_final_callback_only_tells() {
    let mut sim = answered();
    sim.after_ms(3_200).bye(0);
    assert_eq!(sim.newest_fetch().purpose, Purpose::Final);
    assert_eq!(sim.param("CallStatus").as_deref(), Some("completed"));
    assert_eq!(sim.param("CallDuration").as_deref(), Some("4"));
    sim.answer(r#"[{"say": {"text": "too late"}}]"#);
    assert_eq!(sim.summaries.len(), 1);
}

#[test]
fn what_came_is_on_the_timeline_and_what_was_typed_is_not() {
    let mut sim = Sim::running(r#"[{"getDigits": {"numDigits": 4}}]"#);
    sim.press(0, "4711").after_ms(120);
    let reply = Reply { status: Some(200), body_bytes: 9, body: "<no json>".to_owned(), ..Reply::default() };
    let fetch = sim.newest_fetch().fetch;
    let outcome = Err(FetchFailure::Status(200));
    sim.input(Input::Fetched(fetch, Box::new(Fetched { outcome, reply })));
    let entry = |name: EventName| sim.events.iter().rfind(|event| event.name == name).expect("an entry").data.clone();
    let failed = entry(EventName::CallbackUnanswered);
    assert_eq!((&failed["ms"], &failed["status"], &failed["body"]), (&120.into(), &200.into(), &"<no json>".into()));
    assert_eq!(entry(EventName::CallbackFailed)["code"], "call.callback_failed");
    let asked = sim.events.iter().filter(|event| event.name == EventName::CallbackSent).map(|event| &event.data);
    assert!(asked.clone().any(|data| data["params"]["Digits"] == "••••"), "{:?}", asked.collect::<Vec<_>>());
}
