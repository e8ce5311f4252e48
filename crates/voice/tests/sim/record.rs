//! What is recorded, until when, and what the customer's server is told of it.

use sautikit_api::actions::Channels;
use sautikit_api::calls::{CallStatus, Direction};
use sautikit_api::ids::RecordingId;
use sautikit_api::recordings::PauseMode;
use voice::*;

use crate::support::{AMINA, OWN, Sim, facts, phone};

const ID: RecordingId = RecordingId(uuid::Uuid::from_u128(7));

fn started(sim: &mut Sim, take: u32) -> &mut Sim {
    sim.input(Input::Recording(TakeId(take), RecordingEvent::Started(ID)))
}

fn stopped(sim: &mut Sim, take: u32, length_ms: u64) -> &mut Sim {
    sim.input(Input::Recording(TakeId(take), RecordingEvent::Stopped { length_ms, heard: true }))
}

#[test]
fn a_message_is_recorded_after_the_beep_until_the_key() {
    let mut sim = Sim::inbound();
    sim.answer(r#"[{"record": {"action": "/kept", "timeout": 7}}]"#);
    assert!(sim.said().contains(&"tone 0 Beep".to_owned()));
    sim.after(1).expect(&["record 0 of 0 Said for record", "detect 0 7000"]);
    started(&mut sim, 0);
    sim.after(12).press(0, "5").expect(&[]);
    sim.press(0, "#").expect(&["detect 0 off", "stop recording 0"]);
    stopped(&mut sim, 0, 11_400).expect(&["ask Steer https://shop.example/kept"]);
    assert_eq!(sim.param("RecordingId"), Some(ID.to_string()));
    assert_eq!(sim.param("RecordingUrl"), Some(format!("https://voice.example/v1/recordings/{ID}/audio")));
    assert_eq!((sim.param("RecordingDuration"), sim.param("Digits")), (Some("12".to_owned()), Some("#".to_owned())));
    let names = sim.event_names();
    assert!(names.contains(&"recording.started") && names.contains(&"recording.ended"), "{names:?}");
}

#[test]
fn a_silence_and_the_longest_length_end_it_too() {
    let mut sim = Sim::running(r#"[{"record": {"playBeep": false}}, {"hangup": {}}]"#);
    started(&mut sim, 0);
    sim.after(20).input(Input::Media(LegId::FIRST, MediaEvent::Silence));
    assert_eq!(sim.said().last().map(String::as_str), Some("stop recording 0"));
    let mut sim =
        Sim::running(r#"[{"record": {"playBeep": false, "maxLength": 30, "finishOnKey": ""}}, {"hangup": {}}]"#);
    started(&mut sim, 0);
    sim.after(29).press(0, "#");
    sim.said();
    sim.after(1).expect(&["detect 0 off", "stop recording 0"]);
}

#[test]
fn where_nothing_was_said_the_next_action_runs() {
    let mut sim = Sim::running(r#"[{"record": {"playBeep": false, "action": "/kept"}}, {"say": {"text": "Bye"}}]"#);
    started(&mut sim, 0);
    sim.after(10).input(Input::Media(LegId::FIRST, MediaEvent::Silence));
    sim.said();
    sim.input(Input::Recording(TakeId(0), RecordingEvent::Stopped { length_ms: 0, heard: false }));
    sim.expect(&["play 0 Bye"]);
    sim.heard(0);
    assert_eq!(sim.param("RecordingUrl"), None);
}

#[test]
fn a_recorder_that_fails_or_falls_silent_costs_the_recording_and_not_the_call() {
    let mut sim = Sim::running(r#"[{"record": {"playBeep": false}}, {"say": {"text": "Bye"}}]"#);
    sim.said();
    sim.input(Input::Recording(TakeId(0), RecordingEvent::Failed { reason: "the disk is full" }));
    sim.expect(&["detect 0 off", "play 0 Bye"]);
    assert!(sim.event_names().contains(&"recording.failed"));
    let mut sim = Sim::running(r#"[{"record": {"playBeep": false, "action": "/kept"}}]"#);
    started(&mut sim, 0);
    sim.after(3).press(0, "#");
    sim.said();
    sim.after(5).expect(&["ask Steer https://shop.example/kept"]);
    assert_eq!(sim.param("RecordingDuration"), Some("4".to_owned()));
}

#[test]
fn a_caller_who_hangs_up_leaves_the_message_and_the_last_callback_names_it() {
    let mut sim = Sim::running(r#"[{"record": {"playBeep": false, "action": "/kept"}}]"#);
    started(&mut sim, 0);
    sim.after(5).bye(0);
    sim.expect_end(CallStatus::Completed, "normal_clearing", 5);
    assert!(sim.said().contains(&"stop recording 0".to_owned()));
    let last = sim.newest_fetch();
    assert_eq!(last.purpose, Purpose::Final);
    assert_eq!(
        (sim.param("RecordingId"), sim.param("RecordingDuration")),
        (Some(ID.to_string()), Some("5".to_owned()))
    );
}

#[test]
fn a_dial_is_recorded_while_both_are_connected() {
    let mut sim = Sim::running(r#"[{"dial": {"to": "client:asha", "record": "dual", "action": "/after"}}]"#);
    sim.leg(1, LegEvent::Ringing);
    sim.said();
    sim.leg(1, LegEvent::Answered);
    assert_eq!(sim.said().last().map(String::as_str), Some("record 0 of 0 with 1 Dual for dial"));
    started(&mut sim, 0);
    sim.after(9).bye(1);
    assert!(sim.said().contains(&"stop recording 0".to_owned()));
    assert_eq!((sim.param("RecordingId"), sim.param("DialCallDuration")), (Some(ID.to_string()), Some("9".to_owned())));
}

#[test]
fn a_dial_is_recorded_from_its_ringing_where_the_party_is_connected_by_then() {
    let dial = r#"[{"dial": {"to": "client:asha", "record": "dual", "recordRinging": true, "action": "/after"}}]"#;
    let begins =
        |words: &[String]| words.iter().filter(|word| word.starts_with("record ")).cloned().collect::<Vec<_>>();
    let connected = || {
        let origin = Origin::Api { to: vec![phone(AMINA)], actions: None };
        let mut sim = Sim::new(facts(Direction::Outbound, OWN, AMINA), origin);
        sim.leg(0, LegEvent::Answered);
        sim.answer(dial);
        assert_eq!(begins(&sim.said()), ["record 0 of 0 Dual for dial"]);
        started(&mut sim, 0);
        sim
    };
    let mut sim = connected();
    sim.leg(1, LegEvent::Ringing).leg(1, LegEvent::Answered);
    assert!(begins(&sim.said()).is_empty(), "it is one recording");
    sim.after(9).bye(1);
    assert!(sim.said().contains(&"stop recording 0".to_owned()));
    assert_eq!(sim.param("RecordingId"), Some(ID.to_string()));

    let mut sim = connected();
    sim.ended(1, 486);
    assert!(sim.said().contains(&"stop recording 0".to_owned()));

    // Of who is not answered there is nothing to record.
    let mut sim = Sim::running(dial);
    sim.leg(1, LegEvent::Ringing);
    assert!(begins(&sim.said()).is_empty());
    sim.leg(1, LegEvent::Answered);
    assert_eq!(begins(&sim.said()), ["record 0 of 0 with 1 Dual for dial"]);
}

#[test]
fn a_call_is_recorded_as_a_whole_from_its_answer_and_can_be_paused() {
    let facts = Facts { record: Some(Channels::Mixed), ..facts(Direction::Outbound, OWN, AMINA) };
    let mut sim = Sim::new(facts, Origin::Api { to: vec![phone(AMINA)], actions: None });
    sim.leg(0, LegEvent::Ringing);
    assert!(!sim.said().iter().any(|said| said.starts_with("record")));
    sim.leg(0, LegEvent::Answered);
    assert!(sim.said().contains(&"record 0 of 0 Mixed for call".to_owned()));
    started(&mut sim, 0);
    sim.input(Input::Live(LiveCommand::PauseRecording(PauseMode::Cut))).expect(&["pause recording 0 Cut"]);
    sim.input(Input::Live(LiveCommand::ResumeRecording)).expect(&["resume recording 0"]);
    sim.answer(r#"[{"hangup": {}}]"#);
    assert!(sim.said().contains(&"stop recording 0".to_owned()));
}

#[test]
fn what_begins_while_recordings_pause_pauses_too_until_they_go_on() {
    let facts = Facts { record: Some(Channels::Mixed), ..facts(Direction::Outbound, OWN, AMINA) };
    let mut sim = Sim::new(facts, Origin::Api { to: vec![phone(AMINA)], actions: None });
    sim.leg(0, LegEvent::Answered);
    started(&mut sim, 0);
    sim.said();
    sim.input(Input::Live(LiveCommand::PauseRecording(PauseMode::Cut))).expect(&["pause recording 0 Cut"]);
    sim.answer(r#"[{"record": {"playBeep": false}}, {"record": {"playBeep": false}}]"#);
    let said = sim.said();
    let begun = said.iter().position(|said| said == "record 1 of 0 Said for record");
    assert_eq!(said[begun.expect("a recording") + 1], "pause recording 1 Cut", "{said:?}");
    sim.input(Input::Live(LiveCommand::ResumeRecording)).expect(&["resume recording 0", "resume recording 1"]);
    sim.press(0, "#");
    stopped(&mut sim, 1, 1_000);
    let said = sim.said();
    assert!(said.iter().any(|said| said.starts_with("record 2")), "{said:?}");
    assert!(!said.iter().any(|said| said.starts_with("pause recording")), "{said:?}");
}

#[test]
fn a_pause_is_over_with_the_last_recording_that_it_held() {
    let mut sim = Sim::running(r#"[{"record": {"playBeep": false}}, {"record": {"playBeep": false}}]"#);
    started(&mut sim, 0);
    sim.said();
    sim.input(Input::Live(LiveCommand::PauseRecording(PauseMode::Silence))).expect(&["pause recording 0 Silence"]);
    sim.press(0, "#");
    stopped(&mut sim, 0, 1_000);
    let said = sim.said();
    assert!(said.iter().any(|said| said.starts_with("record 1")), "{said:?}");
    assert!(!said.iter().any(|said| said.starts_with("pause recording 1")), "{said:?}");
}

#[test]
fn who_is_told_when_a_recording_is_ready_goes_along_with_it() {
    let mut sim = Sim::inbound();
    sim.answer(r#"[{"record": {"playBeep": false, "recordingStatusCallback": "/kept?of=1"}}]"#);
    let begun = "record 0 of 0 Said for record, told https://shop.example/kept?of=1".to_owned();
    assert!(sim.said().contains(&begun));
    let mut dialled = Sim::running(
        r#"[{"dial": {"to": "client:asha", "record": "dual", "recordingStatusCallback": "https://other.example/kept"}}]"#,
    );
    dialled.said();
    dialled.leg(1, LegEvent::Answered);
    let begun = "record 0 of 0 with 1 Dual for dial, told https://other.example/kept".to_owned();
    assert!(dialled.said().contains(&begun));
}
