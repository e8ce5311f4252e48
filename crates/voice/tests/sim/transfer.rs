//! Transfers: one of two who talk has the other connected with somebody else.

use voice::*;

use crate::support::*;

/// A caller that talks with an agent.
fn talking() -> Sim {
    let mut sim = Sim::running(r#"[{"dial": {"to": "client:agent"}}]"#);
    sim.leg(1, LegEvent::Answered).said();
    sim
}

fn transfer(sim: &mut Sim, by: u32, to: &str) {
    sim.input(Input::Transfer(LegId(by), Box::new(Target::Client(to.to_owned()))));
}

fn told(sim: &Sim, name: EventName) -> usize {
    sim.events.iter().filter(|event| event.name == name).count()
}

#[test]
fn the_called_one_hands_the_caller_over_and_is_let_go() {
    let mut sim = talking();
    transfer(&mut sim, 1, "boss");
    sim.expect(&["split 0 1", "tone 0 Ringback", "dial 2 client boss as +254722000042"]);
    sim.leg(2, LegEvent::Ringing).expect(&["transfer 1 ringing"]);
    sim.leg(2, LegEvent::Answered).expect(&["transfer 1 done", "hang up 1 normal_clearing", "flush 0", "join 0 2"]);
    assert_eq!((told(&sim, EventName::TransferStarted), told(&sim, EventName::LegTransferred)), (1, 1));
    // Its own BYE crosses ours.
    sim.leg(1, LegEvent::Ended(CauseKind::NormalClearing.into())).expect(&[]);
    sim.leg(2, LegEvent::Ended(CauseKind::NormalClearing.into()));
    assert_eq!(sim.param("DialBridgedTo").as_deref(), Some("boss"));
}

#[test]
fn the_caller_hands_the_called_one_over_and_the_call_goes_on_without_it() {
    let mut sim = talking();
    transfer(&mut sim, 0, "boss");
    sim.expect(&["split 0 1", "tone 1 Ringback", "dial 2 client boss as agent"]);
    // Most phones hang up as soon as the transfer is accepted.
    sim.leg(0, LegEvent::Ended(CauseKind::NormalClearing.into())).expect(&[]);
    sim.leg(2, LegEvent::Answered).expect(&["flush 1", "join 1 2"]);
    sim.after(30).said();
    sim.leg(1, LegEvent::Ended(CauseKind::NormalClearing.into()));
    let said = sim.said();
    assert!(said.iter().any(|said| said == "hang up 2 normal_clearing"), "{said:?}");
    assert!(said.last().is_some_and(|last| last == "end completed"), "{said:?}");
}

#[test]
fn who_asked_has_whom_it_had_where_nobody_answers() {
    for by in [0, 1] {
        let mut sim = talking();
        transfer(&mut sim, by, "boss");
        sim.said();
        sim.leg(2, LegEvent::Ended(Cause::from_network(486, None)));
        let kept = 1 - by;
        let said = [format!("flush {kept}"), format!("transfer {by} busy"), "join 0 1".to_owned()];
        sim.expect(&said.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(told(&sim, EventName::TransferFailed), 1);
        // The party is who it was.
        sim.leg(0, LegEvent::Ended(CauseKind::NormalClearing.into()));
        assert!(sim.said().last().is_some_and(|last| last == "end completed"));
    }
}

#[test]
fn who_is_left_alone_by_both_is_let_go() {
    let mut sim = talking();
    transfer(&mut sim, 0, "boss");
    sim.leg(0, LegEvent::Ended(CauseKind::NormalClearing.into())).said();
    sim.leg(2, LegEvent::Ended(Cause::from_network(486, None)));
    let said = sim.said();
    assert!(said.iter().any(|said| said.starts_with("hang up 1 ")), "{said:?}");
    assert!(said.last().is_some_and(|last| last == "end completed"), "{said:?}");
}

#[test]
fn who_is_transferred_may_hang_up_meanwhile() {
    for by in [0, 1] {
        let mut sim = talking();
        transfer(&mut sim, by, "boss");
        sim.said();
        sim.leg(1 - by, LegEvent::Ended(CauseKind::NormalClearing.into()));
        let said = sim.said();
        assert!(said.iter().any(|said| said == "hang up 2 canceled"), "{said:?}");
        assert!(said.last().is_some_and(|last| last == "end completed"), "{said:?}");
    }
}

#[test]
fn who_talks_with_nobody_transfers_nobody() {
    let mut sim = Sim::running(r#"[{"say": {"text": "Hi"}}]"#);
    sim.said();
    transfer(&mut sim, 0, "boss");
    sim.expect(&["transfer 0 rejected"]);
    let mut sim = talking();
    transfer(&mut sim, 1, "boss");
    sim.said();
    transfer(&mut sim, 1, "other");
    sim.expect(&["transfer 1 rejected"]);
}

#[test]
fn new_actions_end_a_transfer() {
    let mut sim = talking();
    transfer(&mut sim, 1, "boss");
    sim.said();
    sim.replace(r#"[{"say": {"text": "new"}}]"#);
    sim.expect(&["hang up 2 canceled", "transfer 1 canceled", "hang up 1 normal_clearing", "flush 0", "play 0 new"]);
}

#[test]
fn who_is_handed_over_to_another_call_goes_on_as_the_party() {
    for by in [0, 1] {
        let mut sim = talking();
        let actions =
            sautikit_api::actions::parse_list(&serde_json::json!([{"enqueue": {"name": "t", "holdMusic": ""}}]));
        assert!(sim.call.talks(LegId(by)) && !sim.call.talks(LegId(7)));
        sim.input(Input::HandOver(LegId(by), Box::new(actions.expect("actions"))));
        let kept = 1 - by;
        sim.expect(&["split 0 1", &format!("hang up {by} normal_clearing"), &format!("wait {kept} t of 100")]);
        assert_eq!(told(&sim, EventName::LegTransferred), 1);
        // The other call's party has gone.
        let place = sim.place.expect("a place");
        sim.input(Input::Queue(place, QueueEvent::Connected(sautikit_api::ids::CallId(uuid::Uuid::from_u128(9)))));
        sim.input(Input::Queue(place, QueueEvent::Over));
        let said = sim.said();
        assert!(said.iter().any(|said| *said == format!("hang up {kept} normal_clearing")), "{said:?}");
    }
}
