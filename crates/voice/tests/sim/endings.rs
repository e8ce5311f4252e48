//! What ends a call from outside its script: the API, money, media, lost connections, the longest duration.

use std::time::Duration;

use sautikit_api::calls::{CallStatus, Direction};
use voice::*;

use crate::support::*;

fn talking() -> Sim {
    let mut sim = Sim::browser();
    sim.leg(1, LegEvent::Answered).said();
    sim
}

#[test]
fn the_api_ends_a_call_at_any_time() {
    let mut sim = Sim::outbound();
    sim.said();
    sim.input(Input::Live(LiveCommand::Hangup));
    sim.expect(&["hang up 0 canceled", "ask Final https://shop.example/voice", "end canceled"]);
    let mut sim = talking();
    sim.after(2).input(Input::Live(LiveCommand::Hangup));
    sim.expect(&["hang up 0 api_hangup", "hang up 1 api_hangup", "end completed"]);
}

#[test]
fn a_server_that_stops_ends_its_calls_and_says_so() {
    let mut sim = talking();
    sim.after_ms(1_500).input(Input::Live(LiveCommand::Drain));
    sim.expect(&["hang up 0 service.draining", "hang up 1 service.draining", "end completed"]);
    sim.expect_end(CallStatus::Completed, "service.draining", 2);
    let mut sim = Sim::outbound();
    sim.input(Input::Live(LiveCommand::Drain)).expect_end(CallStatus::Failed, "service.draining", 0);
}

#[test]
fn an_empty_wallet_beeps_a_minute_before_it_ends_the_call() {
    let mut sim = talking();
    let began = sim.now;
    let lasts_until = Some(began + Duration::from_secs(90));
    for (paid_s, goes_on_s) in [(40, 29), (70, 31), (90, 30)] {
        sim.input(Input::Money(Money::Until { paid_until: began + Duration::from_secs(paid_s), lasts_until }));
        let heard: &[&str] = if paid_s == 70 { &["tone 0 Beep"] } else { &[] };
        sim.after_ms(goes_on_s * 1_000 - 1).expect(heard).after_ms(1);
    }
    sim.expect_end(CallStatus::Completed, "insufficient_funds", 90);
}

#[test]
fn a_top_up_puts_the_warning_off_and_it_is_given_once() {
    let mut sim = talking();
    let at = |began: Duration, s: u64| Money::Until {
        paid_until: began + Duration::from_secs(900),
        lasts_until: (s > 0).then(|| began + Duration::from_secs(s)),
    };
    let began = sim.now;
    sim.input(Input::Money(at(began, 70))).after(9);
    sim.input(Input::Money(at(began, 0))).after(91).expect(&[]);
    sim.input(Input::Money(at(began, 200))).after(40).expect(&["tone 0 Beep"]);
    sim.input(Input::Money(at(began, 400))).after(300).expect(&[]);
    assert_eq!(sim.event_names().iter().filter(|name| **name == "money.warning").count(), 1);
}

#[test]
fn who_has_less_than_a_minute_left_is_warned_at_once() {
    let mut sim = talking();
    let end = sim.now + Duration::from_secs(7);
    sim.input(Input::Money(Money::Until { paid_until: end, lasts_until: Some(end) }))
        .after_ms(0)
        .expect(&["tone 0 Beep"]);
    sim.after(7).expect_end(CallStatus::Completed, "insufficient_funds", 7);
}

#[test]
fn a_call_whose_money_is_extended_goes_on_and_one_that_is_not_ends_on_the_second() {
    let mut sim = talking();
    let began = sim.now;
    sim.input(Input::Money(Money::Until { paid_until: began + Duration::from_secs(7), lasts_until: None })).after(5);
    // Finer than records are: the second counts.
    let paid_until = began + Duration::new(12, 345);
    sim.input(Input::Money(Money::Until { paid_until, lasts_until: None })).after_ms(6_999);
    assert!(sim.summaries.is_empty());
    // However late the timer is handled, the call is not longer than what was paid.
    sim.now += Duration::from_millis(300);
    sim.input(Input::Timeout);
    sim.expect_end(CallStatus::Completed, "insufficient_funds", 12);
}

#[test]
fn a_call_of_which_nothing_costs_any_more_outlives_what_was_paid() {
    let mut sim = Sim::running(&format!(r#"[{{"dial": {{"to": "{OTIENO}"}}}}, {{"pause": {{"length": 60}}}}]"#));
    sim.leg(1, LegEvent::Answered).said();
    let end = sim.now + Duration::from_secs(30);
    sim.input(Input::Money(Money::Until { paid_until: end, lasts_until: Some(end + Duration::from_secs(60)) }));
    sim.after(10).bye(1);
    sim.input(Input::Money(Money::Unbounded)).said();
    sim.after(59).expect(&[]);
    assert!(sim.summaries.is_empty() && !sim.event_names().contains(&"money.warning"));
    // What costs again is bounded again, and the time in between has passed.
    let end = sim.now + Duration::from_millis(500);
    sim.input(Input::Money(Money::Until { paid_until: end, lasts_until: None })).after_ms(499);
    assert!(sim.summaries.is_empty());
    sim.after_ms(1).expect_end(CallStatus::Completed, "insufficient_funds", 70);
}

#[test]
fn missing_media_ends_the_call_unless_the_leg_is_held() {
    let mut sim = talking();
    sim.leg(1, LegEvent::HeldByPeer { is_silent: true }).input(Input::Media(LegId(1), MediaEvent::Stalled));
    assert!(sim.summaries.is_empty());
    sim.leg(1, LegEvent::Resumed).input(Input::Media(LegId(1), MediaEvent::Stalled));
    sim.expect_end(CallStatus::Completed, "media.timeout", 0);
}

#[test]
fn a_lost_browser_has_30_s_to_come_back() {
    let mut sim = talking();
    sim.leg(0, LegEvent::Lost).after(29).leg(0, LegEvent::Back).after(60);
    assert!(sim.summaries.is_empty());
    let back = sim.events.iter().find(|event| event.name.as_str() == "leg.back").unwrap();
    assert_eq!(back.data["gap_ms"], 29_000);
    sim.leg(0, LegEvent::Lost).after(30);
    sim.expect_end(CallStatus::Completed, "connection_lost", 119);
}

#[test]
fn a_lost_target_ends_the_connection_only() {
    let mut sim = Sim::running(r#"[{"dial": {"to": "client:agent"}}, {"say": {"text": "next"}}]"#);
    sim.leg(1, LegEvent::Answered).said();
    sim.leg(1, LegEvent::Lost).after(30);
    sim.expect(&["hang up 1 connection_lost", "split 0 1", "play 0 next"]);
}

#[test]
fn the_longest_duration_counts_from_the_answer() {
    let mut facts = facts(Direction::Outbound, OWN, AMINA);
    facts.max_duration_s = 30;
    let mut sim = Sim::new(facts, Origin::Api { to: vec![phone(AMINA)], actions: None });
    sim.after(20).leg(0, LegEvent::Answered);
    sim.answer(r#"[{"pause": {"length": 600}}]"#).after(30);
    sim.expect_end(CallStatus::Completed, "max_duration", 30);
}

#[test]
fn a_timer_that_fires_late_does_not_lengthen_the_call() {
    let mut facts = facts(Direction::Outbound, OWN, AMINA);
    facts.max_duration_s = 6;
    let mut sim = Sim::new(facts, Origin::Api { to: vec![phone(AMINA)], actions: None });
    sim.leg(0, LegEvent::Answered).answer(r#"[{"pause": {"length": 600}}]"#);
    sim.now += Duration::from_millis(6_020);
    sim.input(Input::Timeout);
    sim.expect_end(CallStatus::Completed, "max_duration", 6);
    assert_eq!(sim.legs[0].seconds(), 6);
}

#[test]
fn a_bye_after_the_longest_duration_is_not_paid_either() {
    let mut facts = facts(Direction::Outbound, OWN, AMINA);
    facts.max_duration_s = 6;
    let mut sim = Sim::new(facts, Origin::Api { to: vec![phone(AMINA)], actions: None });
    sim.leg(0, LegEvent::Answered);
    sim.now += Duration::from_millis(6_020);
    sim.bye(0).expect_end(CallStatus::Completed, "normal_clearing", 6);
}

#[test]
fn billing_begins_at_the_answer_and_not_at_the_ringing() {
    let mut sim = Sim::browser();
    sim.leg(1, LegEvent::Ringing).after(20).leg(1, LegEvent::EarlyMedia).after(10).leg(1, LegEvent::Answered);
    sim.after_ms(46_500).bye(1);
    sim.expect_end(CallStatus::Completed, "normal_clearing", 47);
    assert_eq!((sim.legs[1].seconds(), sim.legs[1].answered), (47, Some(Duration::from_secs(30))));
}

#[test]
fn a_verb_that_the_end_cuts_off_has_its_end_on_the_timeline() {
    let mut sim = Sim::running(r#"[{"say": {"text": "hello"}}]"#);
    sim.bye(0);
    let ended: Vec<_> = sim.events.iter().filter(|event| event.name == EventName::VerbEnded).collect();
    let [ended] = ended.as_slice() else { panic!("{} ends", ended.len()) };
    assert_eq!((&ended.data["verb"], &ended.data["outcome"]), (&"say".into(), &"interrupted".into()));
}

#[test]
fn a_callback_that_the_end_cuts_off_is_on_the_timeline() {
    let mut sim = Sim::inbound();
    sim.bye(0);
    assert!(sim.event_names().contains(&"callback.failed"), "{:?}", sim.event_names());
}
