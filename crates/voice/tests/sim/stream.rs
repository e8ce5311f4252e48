//! stream: to a WebSocket and back, or one way only.

use voice::*;

use crate::support::*;

const STREAM: StreamId = StreamId(1);

fn reports(sim: &mut Sim, event: StreamEvent) -> &mut Sim {
    sim.input(Input::Stream(STREAM, event))
}

fn connected() -> StreamEvent {
    StreamEvent::Connected { sid: "MZ1".to_owned() }
}

fn closed() -> StreamEvent {
    StreamEvent::Closed { reason: "the server closed the stream".to_owned() }
}

#[test]
fn a_stream_lasts_until_it_is_closed_and_hears_the_keys() {
    let mut sim = Sim::inbound();
    sim.said();
    sim.answer(r#"[{"stream": {"url": "wss://agent.example/call"}}, {"redirect": {"url": "/after"}}]"#);
    sim.expect(&["accept 0", "stream 1 0 wss://agent.example/call"]);
    reports(&mut sim, connected()).after(7).press(0, "4").expect(&["stream 1 key 4"]);
    reports(&mut sim, closed()).expect(&["flush 0", "ask Steer https://shop.example/after"]);
    assert!(sim.param("Digits").is_none() && sim.param("ErrorCode").is_none());
    let end = sim.events.iter().find(|event| event.name == EventName::VerbEnded).expect("an end");
    assert_eq!((&end.data["outcome"], &end.data["details"]["duration_s"]), (&"closed".into(), &8.into()));
    assert!(["stream.started", "stream.ended"].iter().all(|name| sim.event_names().contains(name)));
}

#[test]
fn a_stream_that_does_not_connect_is_told_and_the_call_goes_on() {
    let mut sim = Sim::running(r#"[{"stream": {"url": "wss://agent.example/call", "action": "/without"}}]"#);
    reports(&mut sim, StreamEvent::Failed { reason: "the server could not be reached".to_owned() });
    sim.expect(&["flush 0", "ask Steer https://shop.example/without"]);
    assert_eq!(sim.param("ErrorCode").as_deref(), Some("stream.unavailable"));
    assert!(sim.event_names().contains(&"stream.failed"));
}

#[test]
fn one_way_the_next_action_runs_at_once() {
    let mut sim = Sim::inbound();
    sim.said();
    sim.answer(r#"[{"stream": {"url": "wss://a.example", "bidirectional": false}}, {"say": {"text": "hi"}}]"#);
    sim.expect(&["accept 0", "stream 1 0 wss://a.example", "play 0 hi"]);
    reports(&mut sim, connected());
    reports(&mut sim, closed()).expect(&[]);
    assert!(sim.event_names().contains(&"stream.ended"));
}

#[test]
fn new_actions_close_it() {
    let mut sim = Sim::running(r#"[{"stream": {"url": "wss://agent.example/call"}}]"#);
    reports(&mut sim, connected());
    sim.replace(r#"[{"say": {"text": "enough"}}]"#).expect(&["stream 1 close", "flush 0", "play 0 enough"]);
    reports(&mut sim, closed()).expect(&[]);
}

#[test]
fn a_stream_that_goes_one_way_is_stopped_by_its_name() {
    let start = r#"{"stream": {"url": "wss://a.example", "bidirectional": false, "name": "words"}}"#;
    let mut sim = Sim::running(&format!(
        r#"[{start}, {{"stopStream": {{"name": "other"}}}}, {{"pause": {{"length": 5}}}}, {{"stopStream": {{"name": "words"}}}},
            {{"say": {{"text": "done"}}}}]"#
    ));
    reports(&mut sim, connected());
    sim.said();
    sim.after(5).expect(&["stream 1 close", "play 0 done"]);
    let ended = sim.events.iter().filter(|event| event.name == EventName::VerbEnded);
    let outcomes: Vec<_> = ended.map(|event| event.data["outcome"].as_str().unwrap_or_default()).collect();
    assert_eq!(outcomes, ["started", "not_found", "paused", "stopped"]);
}

#[test]
fn who_asks_for_it_is_told_what_becomes_of_a_stream() {
    let mut sim = Sim::running(
        r#"[{"stream": {"url": "wss://a.example", "bidirectional": false, "name": "words", "statusCallback": "/status"}},
            {"pause": {"length": 60}}]"#,
    );
    let told = |sim: &Sim| {
        ["StreamEvent", "StreamSid", "StreamName", "StreamError"].map(|name| sim.param(name).unwrap_or_default())
    };
    reports(&mut sim, connected());
    assert!(sim.said().contains(&"ask Status https://shop.example/status".to_owned()));
    assert_eq!(told(&sim), ["stream-started", "MZ1", "words", ""]);
    // With the call it ends too, and its server is told before the last callback goes out.
    sim.bye(0);
    let words = sim.said();
    let at = |what: &str| words.iter().position(|word| word.starts_with(what));
    assert!(at("ask Status").is_some() && at("ask Status") < at("ask Final"), "{words:?}");
    let mut failing =
        Sim::running(r#"[{"stream": {"url": "wss://a.example", "statusCallback": "/status"}}, {"pause": {}}]"#);
    reports(&mut failing, StreamEvent::Failed { reason: "nobody there".to_owned() });
    assert_eq!(told(&failing), ["stream-error", "", "", "nobody there"]);
}
