//! conference: in, out, and what the next callback learns.

use voice::*;

use crate::support::*;

fn entering(attributes: &str) -> Sim {
    let mut sim = Sim::inbound();
    sim.said();
    sim.answer(&format!(
        r#"[{{"conference": {{"name": "stand-up", {attributes}}}}}, {{"redirect": {{"url": "/next"}}}}]"#
    ));
    sim.expect(&["accept 0", "enter 0 stand-up"]);
    sim
}

fn told(sim: &Sim) -> [String; 2] {
    ["ConferenceName", "ConferenceDuration"].map(|name| sim.param(name).unwrap_or_default())
}

#[test]
fn a_conference_that_is_over_leads_to_the_next_action() {
    let mut sim = entering(r#""startOnEnter": false"#);
    sim.conference(ConferenceEvent::Waiting).after(3).conference(ConferenceEvent::Joined).after(5);
    sim.expect(&["tone 0 Hold", "flush 0"]);
    sim.conference(ConferenceEvent::Ended).expect(&["ask Steer https://shop.example/next"]);
    assert_eq!(told(&sim), ["stand-up", "8"]);
    let names = sim.event_names();
    assert!(names.contains(&"conference.waiting") && names.contains(&"conference.joined"), "{names:?}");
}

#[test]
fn whoever_waits_hears_the_file_that_was_given_and_our_music_where_it_can_not_be_had() {
    let mut sim = entering(r#""startOnEnter": false, "waitUrl": "/music.mp3""#);
    sim.conference(ConferenceEvent::Waiting).expect(&["play 0 https://shop.example/music.mp3 x0"]);
    sim.after(3).conference(ConferenceEvent::Joined).expect(&["flush 0"]);
    let mut without = entering(r#""startOnEnter": false, "waitUrl": "/music.mp3""#);
    without.speech_works = false;
    without.conference(ConferenceEvent::Waiting).expect(&["tone 0 Hold"]);
    assert!(without.event_names().contains(&"play.failed"));
    let mut silent = entering(r#""startOnEnter": false, "waitUrl": """#);
    silent.conference(ConferenceEvent::Waiting).after(3).conference(ConferenceEvent::Joined).expect(&[]);
}

#[test]
fn a_wait_url_that_is_no_file_is_asked_what_is_heard_again_and_again() {
    let id = sautikit_api::ids::ConferenceId(uuid::Uuid::from_u128(5));
    let mut sim = entering(r#""startOnEnter": false, "waitUrl": "/wait""#);
    sim.conference(ConferenceEvent::Entered(id)).conference(ConferenceEvent::Waiting);
    sim.expect(&["ask Steer https://shop.example/wait"]);
    let told = ["ConferenceSid", "FriendlyName"].map(|name| sim.param(name).unwrap_or_default());
    assert_eq!(told, [id.to_string(), "stand-up".to_owned()]);
    let document = r#"<Say>Please wait.</Say><Pause length="2"/><Play>/music.mp3</Play><Dial>+254722000001</Dial>"#;
    sim.answer_xml(document).expect(&["play 0 Please wait."]);
    sim.heard(0).after(2).expect(&["play 0 https://shop.example/music.mp3"]);
    sim.heard(0).expect(&["ask Steer https://shop.example/wait"]);
    assert!(sim.event_names().contains(&"actions.warning"), "a dial has no place in a wait");
    // Somebody begins it while the URL is asked: that answer counts no more.
    sim.conference(ConferenceEvent::Joined).expect(&[]);
    sim.answer(r#"[{"say": {"text": "late"}}]"#).expect(&[]);
    // Who is held hears it from its beginning.
    sim.conference(membership(false, true)).expect(&["ask Steer https://shop.example/wait"]);
    sim.answer(r#"[{"say": {"text": "On hold.", "loop": 0}}]"#).expect(&["play 0 On hold. x0"]);
    sim.conference(membership(false, false)).expect(&["flush 0"]);
    sim.conference(ConferenceEvent::Ended).expect(&["ask Steer https://shop.example/next"]);
    assert_eq!(sim.param("ConferenceSid"), Some(id.to_string()));
}

#[test]
fn a_wait_url_that_answers_no_document_is_played_and_the_document_may_end_the_wait() {
    let mut file = entering(r#""startOnEnter": false, "waitUrl": "/music""#);
    file.conference(ConferenceEvent::Waiting).said();
    file.refuse_fetch(FetchFailure::Status(405)).expect(&["play 0 https://shop.example/music x0"]);
    let mut broken = entering(r#""startOnEnter": false, "waitUrl": "/music""#);
    broken.conference(ConferenceEvent::Waiting).said();
    broken.refuse_fetch(FetchFailure::Status(500)).expect(&["tone 0 Hold"]);
    let mut left = entering(r#""startOnEnter": false, "waitUrl": "/wait""#);
    left.conference(ConferenceEvent::Waiting).said();
    left.answer(r#"[{"leave": {}}]"#).expect(&["leave 1", "ask Steer https://shop.example/next"]);
    let mut ended = entering(r#""startOnEnter": false, "waitUrl": "/wait""#);
    ended.conference(ConferenceEvent::Waiting).said();
    ended.answer(r#"[{"hangup": {}}]"#);
    assert!(ended.said().contains(&"end completed".to_owned()));
    // A caller who hangs up while it is asked has the end of that on the timeline.
    let mut gone = entering(r#""startOnEnter": false, "waitUrl": "/wait""#);
    gone.conference(ConferenceEvent::Waiting).bye(0);
    assert!(gone.event_names().contains(&"callback.failed"));
}

#[test]
fn a_full_conference_lets_the_action_url_decide() {
    let mut sim = entering(r#""action": "/full""#);
    sim.after(9).conference(ConferenceEvent::Full).expect(&["ask Steer https://shop.example/full"]);
    assert_eq!(told(&sim), ["stand-up", "0"]);
}

#[test]
fn new_actions_take_the_party_out() {
    let mut sim = entering(r#""beep": false"#);
    sim.conference(ConferenceEvent::Joined).after(2);
    sim.replace(r#"[{"redirect": {"url": "/out"}}]"#).expect(&["leave 1", "ask Steer https://shop.example/out"]);
    assert_eq!(told(&sim), ["stand-up", "2"]);
    // What the conference says afterwards concerns nobody.
    sim.conference(ConferenceEvent::Ended).expect(&[]);
}

#[test]
fn the_end_of_an_earlier_stay_does_not_end_the_next_one() {
    let mut sim = entering(r#""beep": false"#);
    let first = sim.stay;
    sim.conference(ConferenceEvent::Joined);
    sim.replace(r#"[{"conference": {"name": "other"}}]"#).expect(&["leave 1", "enter 0 other"]);
    let Some(first) = first else { panic!("a stay") };
    sim.input(Input::Conference(first, ConferenceEvent::Ended)).expect(&[]);
}

#[test]
fn keys_pressed_in_a_conference_are_not_kept() {
    let mut sim = Sim::running(r#"[{"conference": {"name": "a"}}, {"getDigits": {"timeout": 2}}]"#);
    sim.conference(ConferenceEvent::Joined).press(0, "12");
    sim.conference(ConferenceEvent::Ended).after(2);
    assert_eq!(sim.param("Digits").as_deref(), Some(""));
}

fn membership(muted: bool, held: bool) -> ConferenceEvent {
    ConferenceEvent::Changed(Membership { muted, held, coach: None })
}

#[test]
fn who_is_held_hears_music_until_it_is_not() {
    let mut sim = entering(r#""beep": "onExit""#);
    sim.conference(ConferenceEvent::Joined).expect(&[]);
    sim.conference(membership(true, false)).expect(&[]);
    sim.conference(membership(true, true)).expect(&["tone 0 Hold"]);
    sim.conference(membership(true, true)).expect(&[]);
    sim.conference(membership(false, false)).expect(&["flush 0"]);
    assert_eq!(sim.event_names().iter().filter(|name| **name == "conference.changed").count(), 4);
    sim.conference(ConferenceEvent::Removed).expect(&["ask Steer https://shop.example/next"]);
}

#[test]
fn a_recorded_conference_says_where_and_waits_with_the_calls_recordings() {
    let mut sim = entering(r#""record": true"#);
    let id = sautikit_api::ids::RecordingId(uuid::Uuid::from_u128(9));
    sim.conference(ConferenceEvent::Joined).conference(ConferenceEvent::Recording(id));
    let mode = sautikit_api::recordings::PauseMode::Cut;
    sim.input(Input::Live(LiveCommand::PauseRecording(mode))).input(Input::Live(LiveCommand::ResumeRecording));
    sim.expect(&["pause recording of stay 1 Some(Cut)", "pause recording of stay 1 None"]);
    sim.conference(ConferenceEvent::Ended);
    assert_eq!(sim.param("RecordingId"), Some(id.to_string()));
    let names = sim.event_names();
    assert!(["recording.started", "recording.paused", "recording.resumed"].iter().all(|name| names.contains(name)));
    let mut failing = entering(r#""record": true"#);
    failing.conference(ConferenceEvent::NotRecorded("our disk failed")).conference(ConferenceEvent::Ended);
    assert_eq!(failing.param("ErrorCode").as_deref(), Some("calls.recording_failed"));
}

#[test]
fn who_asks_for_it_is_told_who_comes_and_goes() {
    let mut sim = entering(r#""statusCallback": "/status""#);
    let told = |sim: &Sim| {
        ["StatusCallbackEvent", "FriendlyName", "Muted", "Hold"].map(|name| sim.param(name).unwrap_or_default())
    };
    const TOLD: &str = "ask Status https://shop.example/status";
    sim.conference(ConferenceEvent::Joined).expect(&[TOLD]);
    assert_eq!(told(&sim), ["participant-join", "stand-up", "false", "false"]);
    let muted = Membership { muted: true, held: false, coach: None };
    sim.after(2).conference(ConferenceEvent::Changed(muted)).expect(&[TOLD]);
    assert_eq!(told(&sim), ["participant-mute", "stand-up", "true", "false"]);
    // Who hangs up leaves too, and that is told before the last callback.
    sim.bye(0);
    let words = sim.said();
    let at = |what: &str| words.iter().position(|word| word.starts_with(what));
    assert!(at("ask Status").is_some() && at("ask Status") < at("ask Final"), "{words:?}");
    let mut full = entering(r#""statusCallback": "/status""#);
    full.conference(ConferenceEvent::Full).expect(&["ask Steer https://shop.example/next"]);
}

#[test]
fn only_what_was_asked_for_is_told_with_the_partys_label() {
    let mut sim = entering(
        r#""statusCallback": "/status", "statusCallbackEvent": ["leave", "modify"], "participantLabel": "agent""#,
    );
    sim.conference(ConferenceEvent::Joined).conference(membership(true, false)).expect(&[]);
    let coached = Membership { muted: true, held: false, coach: Some(sautikit_api::ids::CallId(uuid::Uuid::nil())) };
    sim.conference(ConferenceEvent::Changed(coached)).expect(&["ask Status https://shop.example/status"]);
    let told = ["StatusCallbackEvent", "ParticipantLabel", "Coaching", "SequenceNumber"];
    let told = |sim: &Sim| told.map(|name| sim.param(name).unwrap_or_default());
    assert_eq!(told(&sim), ["participant-modify", "agent", "true", "0"]);
    sim.bye(0).said();
    let left = sim.fetches.iter().rfind(|fetch| fetch.purpose == Purpose::Status).expect("it is told");
    assert!(left.params.contains(&("StatusCallbackEvent", "participant-leave".to_owned())));
    assert!(left.params.contains(&("SequenceNumber", "1".to_owned())));
}
