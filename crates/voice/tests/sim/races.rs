//! Races: two things that happen at once, in either order, and reports that come twice or too late.

use sautikit_api::calls::{CallStatus, Direction};
use voice::*;

use crate::support::*;

#[test]
fn cancel_against_200_is_canceled_and_costs_nothing() {
    let mut sim = Sim::browser();
    sim.leg(1, LegEvent::Ringing).said();
    sim.leg(0, LegEvent::Ended(CauseKind::Canceled.into()));
    sim.leg(1, LegEvent::Answered);
    sim.expect(&["hang up 1 canceled", "end canceled"]);
    sim.expect_end(CallStatus::Canceled, "canceled", 0);
    assert!(sim.legs.iter().all(|leg| leg.answered.is_none()));
}

#[test]
fn a_200_that_wins_against_cancel_is_a_call_that_ends_at_once() {
    let mut sim = Sim::browser();
    sim.leg(1, LegEvent::Answered).leg(0, LegEvent::Ended(CauseKind::Canceled.into()));
    sim.expect_end(CallStatus::Completed, "canceled", 0);
}

#[test]
fn a_caller_whose_cancel_came_before_our_200_was_never_connected() {
    for actions in [r#"[{"say": {"text": "Hi"}}]"#, r#"[{"record": {}}]"#, r#"[{"conference": {"name": "a"}}]"#] {
        let mut sim = Sim::inbound();
        sim.answers_are_slow = true;
        sim.answer(actions).leg(0, LegEvent::Ended(CauseKind::Canceled.into()));
        sim.expect_end(CallStatus::Canceled, "canceled", 0);
        assert!(sim.answered.is_empty() && sim.legs[0].answered.is_none(), "{actions}");
    }
    let mut sim = Sim::browser();
    sim.answers_are_slow = true;
    sim.leg(1, LegEvent::Answered).after(2).leg(0, LegEvent::Ended(CauseKind::Canceled.into()));
    sim.expect_end(CallStatus::Canceled, "canceled", 0);
    assert_eq!((sim.legs[0].answered, sim.legs[1].seconds()), (None, 2), "who was connected is");
}

#[test]
fn a_caller_is_connected_from_when_it_was_told_so() {
    let mut sim = Sim::inbound();
    sim.answers_are_slow = true;
    sim.answer(r#"[{"say": {"text": "Hi"}}, {"redirect": {"url": "/b"}}]"#).after(2);
    assert!(sim.answered.is_empty());
    sim.leg(0, LegEvent::Answered).after(3).bye(0);
    sim.expect_end(CallStatus::Completed, "normal_clearing", 3);
    assert_eq!(sim.legs[0].seconds(), 3);
}

#[test]
fn a_call_that_we_end_while_its_caller_is_being_told_was_answered() {
    let mut sim = Sim::inbound();
    sim.answers_are_slow = true;
    sim.answer(r#"[{"say": {"text": "Hi"}}, {"hangup": {}}]"#).heard(0).leg(0, LegEvent::Answered);
    sim.expect_end(CallStatus::Completed, "normal_clearing", 0);
    assert_eq!(sim.answered, [Some(LegId(0))]);
}

#[test]
fn the_api_hangup_against_200_is_canceled() {
    let mut sim = Sim::outbound();
    sim.input(Input::Live(LiveCommand::Hangup)).leg(0, LegEvent::Answered);
    sim.expect_end(CallStatus::Canceled, "api_hangup", 0);
}

#[test]
fn ring_timeout_against_200_is_no_answer() {
    let mut sim = Sim::outbound();
    sim.after(60).leg(0, LegEvent::Answered);
    sim.expect_end(CallStatus::NoAnswer, "no_answer", 0);
}

#[test]
fn bye_against_bye_ends_the_call_once() {
    for first in [0, 1] {
        let mut sim = Sim::browser();
        sim.leg(1, LegEvent::Answered).after(3);
        sim.bye(first).bye(1 - first);
        sim.expect_end(CallStatus::Completed, "normal_clearing", 3);
    }
}

#[test]
fn our_bye_against_theirs_ends_the_call_once() {
    let mut sim = Sim::running(r#"[{"say": {"text": "Hi"}}, {"hangup": {}}]"#);
    sim.after(2).heard(0).bye(0).bye(0);
    sim.expect_end(CallStatus::Completed, "normal_clearing", 2);
}

#[test]
fn hold_and_resume_noise_is_one_hold_and_one_resume_each() {
    let mut sim = Sim::browser();
    sim.leg(1, LegEvent::Answered).said();
    for _ in 0..3 {
        // What re-INVITEs from both sides at once look like from here.
        sim.leg(0, LegEvent::HeldByPeer { is_silent: true })
            .leg(1, LegEvent::HeldByPeer { is_silent: true })
            .leg(1, LegEvent::HeldByPeer { is_silent: true });
        sim.leg(1, LegEvent::Resumed).leg(0, LegEvent::Resumed).leg(0, LegEvent::Resumed);
    }
    // Whoever is held first hears music until that is over.
    sim.expect(&["tone 1 Hold", "flush 1", "tone 1 Hold", "flush 1", "tone 1 Hold", "flush 1"]);
    let holds = sim.event_names().into_iter().filter(|name| *name == "leg.held").count();
    assert_eq!(holds, 6);
}

#[test]
fn a_loser_that_answers_after_the_winner_is_neither_bridged_nor_billed() {
    let origin = Origin::Api { to: vec![phone(AMINA), phone(OTIENO)], actions: None };
    let mut sim = Sim::new(facts(Direction::Outbound, OWN, AMINA), origin);
    sim.said();
    sim.leg(1, LegEvent::Answered).leg(0, LegEvent::Answered);
    sim.expect(&["hang up 0 answered_elsewhere", "ask Steer https://shop.example/voice"]);
    sim.after(9).bye(0).bye(1);
    sim.expect_end(CallStatus::Completed, "normal_clearing", 9);
    assert_eq!((sim.answered.as_slice(), sim.legs[1].address.as_str()), (&[Some(LegId(1))][..], OTIENO));
    assert_eq!(sim.legs[0].answered, None);
}

#[test]
fn a_repeated_answer_does_not_restart_the_meter() {
    let mut sim = Sim::browser();
    sim.leg(1, LegEvent::Answered).said();
    sim.after(4).leg(1, LegEvent::Answered).leg(0, LegEvent::Answered).leg(1, LegEvent::Ringing).expect(&[]);
    sim.after(4).bye(1);
    sim.expect_end(CallStatus::Completed, "normal_clearing", 8);
}

#[test]
fn the_answer_of_an_earlier_callback_is_ignored() {
    let mut sim = Sim::outbound();
    sim.leg(0, LegEvent::Answered);
    let first = sim.newest_fetch();
    sim.answer(r#"[{"redirect": {"url": "/b"}}]"#).said();
    sim.input(fetched(first.fetch, Ok(Answer { url: first.url, actions: Vec::new(), warnings: Vec::new() })))
        .expect(&[]);
}

#[test]
fn the_end_of_a_flushed_prompt_does_not_end_the_next_one() {
    let mut sim = Sim::running(r#"[{"getDigits": {"numDigits": 1, "prompt": {"say": {"text": "PIN?"}}}}]"#);
    let old = sim.newest_text();
    sim.press(0, "1").answer(r#"[{"say": {"text": "Thanks"}}]"#).said();
    sim.input(Input::Media(LegId(0), MediaEvent::PlayEnded(old))).expect(&[]);
}
