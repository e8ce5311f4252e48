//! enqueue and dequeue: waiting, what is heard meanwhile, and what the next callback learns.

use sautikit_api::ids::CallId;
use voice::*;

use crate::support::*;

const OTHER: CallId = CallId(uuid::Uuid::from_u128(7));

fn standing(position: u32) -> QueueEvent {
    QueueEvent::Waiting(Standing { position, size: 3, average_wait_s: 40 })
}

fn waiting(attributes: &str) -> Sim {
    let mut sim = Sim::inbound();
    sim.said();
    sim.answer(&format!(r#"[{{"enqueue": {{"name": "support"{attributes}}}}}, {{"redirect": {{"url": "/next"}}}}]"#));
    sim.expect(&["accept 0", "wait 0 support of 100"]);
    sim
}

fn told(sim: &Sim) -> [String; 3] {
    ["QueueName", "QueueResult", "QueueTime"].map(|name| sim.param(name).unwrap_or_default())
}

#[test]
fn a_caller_waits_with_music_talks_and_goes_on() {
    let mut sim = waiting("");
    sim.queue(standing(2)).expect(&["tone 0 Hold"]);
    sim.after(20).queue(QueueEvent::Connected(OTHER)).expect(&["flush 0"]);
    sim.after(60).queue(QueueEvent::Over).expect(&["ask Steer https://shop.example/next"]);
    assert_eq!(told(&sim), ["support", "bridged", "20"]);
    let names = sim.event_names();
    assert!(names.contains(&"queue.waiting") && names.contains(&"queue.connected"), "{names:?}");
}

#[test]
fn who_finds_the_queue_full_waits_too_long_or_is_taken_out_goes_on_at_once() {
    let mut full = waiting(r#", "action": "/full""#);
    full.queue(QueueEvent::Full).expect(&["ask Steer https://shop.example/full"]);
    assert_eq!(told(&full), ["support", "queue_full", "0"]);
    let mut late = waiting(r#", "timeout": 30, "holdMusic": """#);
    late.queue(standing(1)).after(30).expect(&["leave queue 1", "ask Steer https://shop.example/next"]);
    assert_eq!(told(&late), ["support", "timeout", "30"]);
    let mut removed = waiting("");
    removed.queue(standing(1)).after(4).queue(QueueEvent::Removed);
    assert_eq!(told(&removed), ["support", "removed", "4"]);
}

#[test]
fn the_wait_url_says_what_is_heard_and_is_asked_again() {
    let mut sim = waiting(r#", "waitUrl": "/wait""#);
    sim.queue(standing(3)).expect(&["ask Steer https://shop.example/wait"]);
    let params = ["QueuePosition", "CurrentQueueSize", "AvgQueueTime", "QueueTime"];
    assert_eq!(params.map(|name| sim.param(name).unwrap_or_default()), ["3", "3", "40", "0"]);
    sim.answer(r#"[{"say": {"text": "You are third."}}, {"dial": {"to": "client:a"}}, {"pause": {"length": 3}}]"#);
    sim.expect(&["play 0 You are third."]);
    assert!(!sim.event_names().contains(&"actions.warning"));
    sim.after(2).heard(0).expect(&[]);
    assert!(sim.event_names().contains(&"actions.warning"), "a dial has no place in a wait");
    // Where it stands by then is told with the next request.
    sim.queue(standing(1)).after(3).expect(&["ask Steer https://shop.example/wait"]);
    assert_eq!((sim.param("QueuePosition").as_deref(), sim.param("QueueTime").as_deref()), (Some("1"), Some("5")));
    sim.answer(r#"[{"leave": {}}]"#).expect(&["leave queue 1", "ask Steer https://shop.example/next"]);
    assert_eq!(told(&sim), ["support", "left", "5"]);
}

#[test]
fn a_wait_url_that_fails_or_says_nothing_leaves_nobody_in_silence_for_long() {
    let mut failing = waiting(r#", "waitUrl": "/wait""#);
    failing.queue(standing(1));
    failing.said();
    failing.refuse_fetch(FetchFailure::Status(500)).expect(&["tone 0 Hold"]);
    let mut empty = waiting(r#", "waitUrl": "/wait""#);
    empty.queue(standing(1));
    empty.said();
    empty.answer("[]").expect(&[]);
    empty.after(5).expect(&["ask Steer https://shop.example/wait"]);
    // However long it lasts, callbacks are left for what comes after it.
    let mut asked = 2;
    while empty.fetches.last().is_some_and(|last| last.url.ends_with("/wait")) && asked < 500 {
        empty.answer("[]").after(5);
        asked += 1;
        if empty.said().contains(&"tone 0 Hold".to_owned()) {
            break;
        }
    }
    assert!((100..200).contains(&asked), "{asked}");
    empty.queue(QueueEvent::Connected(OTHER)).queue(QueueEvent::Over);
    assert!(empty.said().contains(&"ask Steer https://shop.example/next".to_owned()));
}

#[test]
fn what_is_heard_or_asked_ends_when_somebody_answers_and_with_the_call() {
    let mut asking = waiting(r#", "waitUrl": "/wait""#);
    asking.queue(standing(1)).after(3).queue(QueueEvent::Connected(OTHER));
    asking.said();
    // The answer counts no more.
    asking.answer(r#"[{"say": {"text": "late"}}]"#).expect(&[]);
    let mut gone = waiting(r#", "waitUrl": "/wait""#);
    gone.queue(standing(1)).bye(0);
    let names = gone.event_names();
    assert!(names.contains(&"callback.failed") && names.contains(&"verb.ended"), "{names:?}");
}

#[test]
fn who_takes_a_caller_talks_at_once_and_is_told_how_long() {
    let mut sim = Sim::running(
        r#"[{"dequeue": {"name": "support", "record": "dual", "action": "/done"}}, {"say": {"text": "never"}}]"#,
    );
    sim.queue(QueueEvent::Connected(OTHER));
    sim.after(12).queue(QueueEvent::Over);
    let words = sim.said();
    assert!(words.contains(&"record 0 of 0 Dual for dial".to_owned()), "{words:?}");
    assert!(words.contains(&"stop recording 0".to_owned()), "{words:?}");
    let params = ["DialCallStatus", "DialCallDuration", "QueueName"].map(|name| sim.param(name).unwrap_or_default());
    assert_eq!(params, ["completed", "12", "support"]);
}

#[test]
fn an_empty_queue_is_waited_at_as_long_as_was_asked() {
    let mut sim = Sim::inbound();
    sim.answer(r#"[{"dequeue": {"name": "support", "timeout": 10}}, {"say": {"text": "Nobody waits."}}]"#);
    sim.said();
    sim.queue(standing(1)).expect(&["tone 0 Hold"]);
    sim.after(10).expect(&["flush 0", "leave queue 1", "play 0 Nobody waits."]);
    let mut once = Sim::inbound();
    once.answer(r#"[{"dequeue": {"name": "support", "timeout": 0}}, {"say": {"text": "Nobody waits."}}]"#);
    once.said();
    once.queue(standing(1)).expect(&["leave queue 1", "play 0 Nobody waits."]);
}

#[test]
fn new_actions_take_a_party_out_of_a_queue() {
    let mut sim = waiting("");
    sim.queue(standing(1)).after(2);
    sim.said();
    sim.replace(r#"[{"redirect": {"url": "/out"}}]"#);
    sim.expect(&["flush 0", "leave queue 1", "ask Steer https://shop.example/out"]);
    assert_eq!(told(&sim), ["support", "redirected", "2"]);
}
