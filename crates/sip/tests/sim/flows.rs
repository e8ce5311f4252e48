//! Connections that close under a call, and calls that outlive their server.

use core::time::Duration;

use sip::dialog::Dialog;
use sip::message::{HeaderName, Headers, Method, StatusCode};
use sip::ua::{Body, EndCause, Event, FlowId, Input, Party, Reply, Transport};

use crate::network::Weather;
use crate::world::{World, to};

fn web_pair() -> World {
    World::new(2, Transport::Wss, Weather::CLEAR, 1)
}

#[test]
fn answered_call_survives_its_connection_and_moves_to_the_next() {
    let mut world = web_pair();
    let (caller, _) = world.established();
    world.agents[0].handle(world.now, Input::FlowClosed(FlowId(1)));
    world.flush();
    assert!(matches!(world.events[0].last(), Some(Event::SessionFlowClosed { .. })));
    assert!(world.ended(0).is_empty());
    world.agents[0].rebind(caller, to(1)).unwrap();
    world.agents[0].bye(world.now, caller, Headers::new()).unwrap();
    world.settle();
    assert!(matches!(world.ended(1)[..], [EndCause::RemoteBye(_)]));
    world.assert_empty();
}

#[test]
fn unanswered_call_ends_with_its_connection() {
    let mut world = web_pair();
    world.call(Some("v=0 offer"));
    world.run(Duration::from_millis(50));
    world.respond(1, 180);
    world.run(Duration::from_millis(50));
    world.agents[0].handle(world.now, Input::FlowClosed(FlowId(1)));
    world.flush();
    let [EndCause::Failed(failure)] = world.ended(0)[..] else { panic!("the call failed") };
    assert_eq!(failure.status(), 503);
    let (session, _) = world.incoming(1);
    world.agents[1].hang_up(world.now, session, StatusCode::TEMPORARILY_UNAVAILABLE, Headers::new()).unwrap();
    world.settle();
    world.assert_empty();
}

#[test]
fn a_user_is_followed_to_the_connection_that_it_speaks_from() {
    let mut world = web_pair();
    world.parties[0] = Party::User(7);
    let (caller, callee) = world.established();
    assert_eq!(world.agents[1].session(callee).unwrap().path, to(0));
    // The same INFO as the caller would send, but on its next connection.
    let mut info = world.agents[0].session(caller).unwrap().dialog.unwrap().clone().request(Method::Info);
    info.headers.prepend(HeaderName::Via, "SIP/2.0/WSS x.invalid;branch=z9hG4bKmoved");
    world.agents[1].handle(world.now, Input::Received { path: to(9), party: Party::User(7), message: info.into() });
    assert_eq!(world.agents[1].session(callee).unwrap().path, to(9));
}

#[test]
fn a_connection_that_proves_itself_later_keeps_its_calls_and_takes_them_along() {
    let mut world = web_pair();
    let (caller, callee) = world.established();
    world.agents[1].proven(FlowId(0), Party::User(7));
    let mut info = world.agents[0].session(caller).unwrap().dialog.unwrap().clone().request(Method::Info);
    info.headers.prepend(HeaderName::Via, "SIP/2.0/WSS x.invalid;branch=z9hG4bKmoved");
    world.agents[1].handle(world.now, Input::Received { path: to(9), party: Party::User(7), message: info.into() });
    assert_eq!(world.agents[1].session(callee).unwrap().path, to(9));
}

#[test]
fn successor_of_a_dead_server_hangs_up_from_the_record() {
    let mut world = World::new(3, Transport::Udp, Weather::CLEAR, 1);
    // To the callee, server and successor are one carrier.
    (world.parties[0], world.parties[2]) = (Party::Trunk(0), Party::Trunk(0));
    let (caller, _) = world.established();
    let record = world.agents[0].session(caller).unwrap().dialog.unwrap().to_record().unwrap();
    let dialog = Dialog::from_record(&record).unwrap();
    world.agents[2].bye_recovered(world.now, to(1), dialog, &Headers::new(), None);
    world.run(Duration::from_secs(1));
    assert!(matches!(world.ended(1)[..], [EndCause::RemoteBye(_)]));
    assert!(matches!(world.events[2][..], [Event::Response { .. }]));
}

/// A call that rings at agent 1 and whose caller's process has died; what that left.
fn left_ringing(world: &mut World) -> String {
    let caller = world.call(Some("v=0 offer"));
    world.run(Duration::from_millis(50));
    world.respond(1, 180);
    world.run(Duration::from_millis(50));
    let record = world.agents[0].invite_record(caller).unwrap();
    world.restart(0, 2);
    record
}

fn give_up(world: &mut World, record: &str) {
    let given_up = world.agents[0].cancel_recovered(world.now, (to(1), Party::Stranger), record, None);
    assert!(given_up.is_some());
    world.flush();
}

#[test]
fn successor_of_a_dead_server_cancels_what_rings() {
    let mut world = World::pair();
    let record = left_ringing(&mut world);
    give_up(&mut world, &record);
    world.settle();
    assert_eq!((world.count(0, "CANCEL"), world.count(1, "487 INVITE")), (1, 1));
    assert!(matches!(world.ended(1)[..], [EndCause::CancelledRemotely(_)]));
    assert!(matches!(world.ended(0)[..], [EndCause::CancelledLocally]));
    world.assert_empty();
}

#[test]
fn successor_of_a_dead_server_hangs_up_what_answered_meanwhile() {
    let mut world = World::pair();
    let record = left_ringing(&mut world);
    // Nobody is there for the first copies of the 200.
    world.answer(1);
    world.run(Duration::from_secs(2));
    assert_eq!(world.count(0, "ACK"), 0);
    give_up(&mut world, &record);
    world.settle();
    assert_eq!((world.count(0, "ACK"), world.count(0, "BYE"), world.count(1, "BYE")), (1, 1, 0));
    assert!(matches!(world.ended(1)[..], [EndCause::RemoteBye(_)]));
    assert!(matches!(world.ended(0)[..], [EndCause::CancelledLocally]));
    assert!(!world.events[0].iter().any(|event| matches!(event, Event::Answered { .. })));
    world.assert_empty();
}

#[test]
fn what_a_dead_server_left_is_not_taken_for_a_call_of_the_same_number() {
    let mut world = World::pair();
    let record = left_ringing(&mut world);
    // The first of the successor has the ids of the first of its predecessor.
    let caller = world.call(Some("v=0 offer"));
    give_up(&mut world, &record);
    world.run(Duration::from_millis(200));
    assert!(matches!(world.ended(1)[..], [EndCause::CancelledRemotely(_)]));
    world.answer(1);
    world.run(Duration::from_millis(200));
    assert!(matches!(world.events[0].last(), Some(Event::Answered { session, .. }) if *session == caller));
    world.agents[0].bye(world.now, caller, Headers::new()).unwrap();
    world.settle();
    assert!(matches!(world.ended(0)[..], [EndCause::CancelledLocally, EndCause::LocalBye]));
    world.assert_empty();
}

#[test]
fn a_record_that_is_none_gives_nothing_up_and_none_is_given_up_twice() {
    let mut world = World::pair();
    let record = left_ringing(&mut world);
    for broken in ["", "dialog 1", &record.replace("INVITE", "OPTIONS"), &record.replace("branch", "twig")] {
        assert!(world.agents[0].cancel_recovered(world.now, (to(1), Party::Stranger), broken, None).is_none());
    }
    give_up(&mut world, &record);
    assert!(world.agents[0].cancel_recovered(world.now, (to(1), Party::Stranger), &record, None).is_none());
    world.settle();
    world.assert_empty();
}

#[test]
fn a_peer_that_does_not_answer_a_successor_is_given_up() {
    let mut world = World::pair();
    let record = left_ringing(&mut world);
    world.drops.push((0, "CANCEL".into(), usize::MAX));
    give_up(&mut world, &record);
    world.run(Duration::from_secs(33));
    assert!(matches!(world.ended(0)[..], [EndCause::CancelledLocally]));
    assert_eq!(world.agents[0].load(), sip::ua::Load { timers: world.agents[0].load().timers, ..Default::default() });
}

#[test]
fn a_page_that_was_loaded_again_goes_on_with_the_call_of_the_one_before() {
    let mut world = World::new(3, Transport::Wss, Weather::CLEAR, 1);
    // One user on two pages.
    (world.parties[0], world.parties[2]) = (Party::User(7), Party::User(7));
    let (caller, callee) = world.established();
    let record = world.agents[0].session(caller).unwrap().dialog.unwrap().to_record().unwrap();
    let dialog = Dialog::from_record(&record).unwrap();
    let adopted = world.agents[2].adopt(to(1), Party::Stranger, dialog, None);
    world.agents[2].reinvite(world.now, adopted, Headers::new(), Some(Body::sdp("v=0 anew"))).unwrap();
    world.run(Duration::from_millis(500));
    let offered = world.events[1].iter().find_map(|event| match event {
        Event::ReinviteReceived { transaction, request, .. } => Some((*transaction, request.body.clone())),
        _ => None,
    });
    let (transaction, offer) = offered.expect("the re-INVITE arrived");
    assert_eq!(&offer[..], b"v=0 anew");
    world.agents[1].respond(world.now, transaction, Reply::new(StatusCode::OK).body(Body::sdp("v=0 answer"))).unwrap();
    world.run(Duration::from_millis(500));
    assert!(world.events[2].iter().any(|event| matches!(event, Event::OfferAccepted { .. })));
    world.agents[1].bye(world.now, callee, Headers::new()).unwrap();
    world.run(Duration::from_secs(1));
    assert!(matches!(world.ended(2)[..], [EndCause::RemoteBye(_)]));
}
