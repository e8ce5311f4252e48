//! The races of a call, one test each.

use core::time::Duration;

use sip::message::Headers;
use sip::ua::{EndCause, Event};

use crate::world::World;

#[test]
fn answered_call_ends_on_both_sides_with_one_bye() {
    let mut world = World::pair();
    let (caller, _) = world.established();
    assert!(world.events[0].iter().any(|event| matches!(event, Event::Answered { .. })));
    assert!(world.events[1].iter().any(|event| matches!(event, Event::AckReceived { .. })));
    world.agents[0].bye(world.now, caller, Headers::new()).unwrap();
    world.settle();
    assert!(matches!(world.ended(0)[..], [EndCause::LocalBye]));
    assert!(matches!(world.ended(1)[..], [EndCause::RemoteBye(_)]));
    assert_eq!(world.count(0, "BYE"), 1);
    world.assert_empty();
}

#[test]
fn cancel_that_crosses_the_200_ends_the_call_with_ack_and_bye() {
    let mut world = World::pair();
    let caller = world.call(Some("v=0 offer"));
    world.run(Duration::from_millis(50));
    world.respond(1, 180);
    world.run(Duration::from_millis(50));
    // Both act in the same instant: CANCEL and 200 pass each other.
    world.agents[0].cancel(world.now, caller, Headers::new()).unwrap();
    world.answer(1);
    world.settle();
    assert_eq!((world.count(0, "CANCEL"), world.count(0, "ACK"), world.count(0, "BYE")), (1, 1, 1));
    assert_eq!(world.count(1, "487 INVITE"), 0);
    assert!(matches!(world.ended(0)[..], [EndCause::CancelledLocally]));
    assert!(matches!(world.ended(1)[..], [EndCause::RemoteBye(_)]));
    assert!(!world.events[0].iter().any(|event| matches!(event, Event::Answered { .. })));
    world.assert_empty();
}

#[test]
fn cancel_waits_for_a_provisional_response() {
    let mut world = World::pair();
    let caller = world.call(Some("v=0 offer"));
    world.agents[0].cancel(world.now, caller, Headers::new()).unwrap();
    world.flush();
    assert_eq!(world.count(0, "CANCEL"), 0);
    world.run(Duration::from_millis(50));
    world.respond(1, 180);
    world.settle();
    assert_eq!(world.count(0, "CANCEL"), 1);
    assert!(matches!(world.ended(0)[..], [EndCause::CancelledLocally]));
    assert!(matches!(world.ended(1)[..], [EndCause::CancelledRemotely(_)]));
    world.assert_empty();
}

#[test]
fn crossing_byes_are_both_answered() {
    let mut world = World::pair();
    let (caller, callee) = world.established();
    world.agents[0].bye(world.now, caller, Headers::new()).unwrap();
    world.agents[1].bye(world.now, callee, Headers::new()).unwrap();
    world.settle();
    assert_eq!((world.count(0, "200 BYE"), world.count(1, "200 BYE")), (1, 1));
    assert!(matches!(world.ended(0)[..], [EndCause::LocalBye]));
    assert!(matches!(world.ended(1)[..], [EndCause::LocalBye]));
    world.assert_empty();
}

#[test]
fn lost_ack_is_repaired_by_the_repeated_200() {
    let mut world = World::pair();
    world.drops.push((0, "ACK".into(), 3));
    let (caller, _) = world.established();
    world.run(Duration::from_secs(20));
    assert_eq!(world.count(1, "200 INVITE"), 4);
    assert_eq!(world.count(0, "ACK"), 4);
    assert_eq!(world.events[0].iter().filter(|event| matches!(event, Event::Answered { .. })).count(), 1);
    assert_eq!(world.events[1].iter().filter(|event| matches!(event, Event::AckReceived { .. })).count(), 1);
    world.agents[0].bye(world.now, caller, Headers::new()).unwrap();
    world.settle();
    world.assert_empty();
}

#[test]
fn two_hundred_without_any_ack_ends_the_call_after_32_seconds() {
    let mut world = World::pair();
    world.drops.push((0, "ACK".into(), usize::MAX));
    world.established();
    world.settle();
    // T1 doubling to T2 within 64·T1: 0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5 s.
    assert_eq!(world.count(1, "200 INVITE"), 11);
    assert_eq!(world.count(1, "BYE"), 1);
    assert!(matches!(world.ended(1)[..], [EndCause::NoAck]));
    assert!(matches!(world.ended(0)[..], [EndCause::RemoteBye(_)]));
    world.assert_empty();
}

#[test]
fn bye_of_the_callee_waits_for_the_ack() {
    let mut world = World::pair();
    world.drops.push((0, "ACK".into(), 1));
    let (_, callee) = world.established();
    world.agents[1].bye(world.now, callee, Headers::new()).unwrap();
    world.flush();
    assert_eq!(world.count(1, "BYE"), 0);
    world.settle();
    assert_eq!(world.count(1, "BYE"), 1);
    assert!(matches!(world.ended(1)[..], [EndCause::LocalBye]));
    world.assert_empty();
}

#[test]
fn refused_call_is_acknowledged_once_per_copy() {
    let mut world = World::pair();
    world.drops.push((0, "ACK".into(), 2));
    world.call(Some("v=0 offer"));
    world.run(Duration::from_millis(50));
    world.respond(1, 486);
    world.settle();
    assert_eq!((world.count(1, "486 INVITE"), world.count(0, "ACK")), (3, 3));
    assert!(matches!(world.ended(0)[..], [EndCause::Failed(_)]));
    assert!(matches!(world.ended(1)[..], [EndCause::Refused(_)]));
    world.assert_empty();
}

#[test]
fn silent_peer_fails_the_call_after_64_t1() {
    let mut world = World::pair();
    world.drops.push((0, "INVITE".into(), usize::MAX));
    world.call(Some("v=0 offer"));
    world.settle();
    assert_eq!(world.count(0, "INVITE"), 7);
    let [EndCause::Failed(failure)] = world.ended(0)[..] else { panic!("one failure") };
    assert_eq!(failure.status(), 408);
    world.assert_empty();
}

#[test]
fn delayed_offer_is_answered_in_the_ack() {
    let mut world = World::pair();
    let caller = world.call(None);
    world.run(Duration::from_millis(50));
    world.answer(1);
    world.run(Duration::from_secs(2));
    assert_eq!(world.count(0, "ACK"), 0, "the ACK waits for the owner's answer");
    world.agents[0].ack(caller, Some(sip::ua::Body::sdp("v=0 late answer"))).unwrap();
    world.run(Duration::from_secs(1));
    let body = world.events[1].iter().find_map(|event| match event {
        Event::AckReceived { request, .. } => Some(request.body.clone()),
        _ => None,
    });
    assert_eq!(body.as_deref(), Some(b"v=0 late answer".as_slice()));
    world.agents[0].bye(world.now, caller, Headers::new()).unwrap();
    world.settle();
    world.assert_empty();
}

#[test]
fn trying_tells_the_caller_that_somebody_is_there() {
    let mut world = World::pair();
    world.call(Some("v=0 offer"));
    world.run(Duration::from_secs(3));
    let [Event::Provisional { response, to_tag: None, .. }] = &world.events[0][..] else { panic!("one 100") };
    assert_eq!(response.status, 100);
    assert_eq!(world.count(0, "INVITE"), 1, "the 100 stops the retransmission");
}
