//! Changing a session: re-INVITE, UPDATE and their collisions.

use core::time::Duration;
use std::sync::Arc;

use sip::message::{Headers, Request, StatusCode};
use sip::ua::{Body, CommandError, Event, Reply, TransactionId};

use crate::world::{Peer, World};

fn reinvite_at(world: &World, peer: Peer) -> Option<(TransactionId, Arc<Request>)> {
    world.events[peer].iter().rev().find_map(|event| match event {
        Event::ReinviteReceived { transaction, request, .. } | Event::UpdateReceived { transaction, request, .. } => {
            Some((*transaction, Arc::clone(request)))
        }
        _ => None,
    })
}

fn accept(world: &mut World, peer: Peer) {
    let (transaction, _) = reinvite_at(world, peer).expect("an offer reached the agent");
    let reply = Reply::new(StatusCode::OK).body(Body::sdp("v=0 new answer"));
    world.agents[peer].respond(world.now, transaction, reply).unwrap();
    world.flush();
}

fn count(world: &World, peer: Peer, test: impl Fn(&Event) -> bool) -> usize {
    world.events[peer].iter().filter(|event| test(event)).count()
}

#[test]
fn reinvite_is_answered_and_acknowledged() {
    let mut world = World::pair();
    let (_, callee) = world.established();
    world.agents[1].reinvite(world.now, callee, Headers::new(), Some(Body::sdp("v=0 hold"))).unwrap();
    world.run(Duration::from_millis(100));
    accept(&mut world, 0);
    world.run(Duration::from_secs(2));
    assert_eq!(count(&world, 1, |event| matches!(event, Event::OfferAccepted { .. })), 1);
    assert_eq!(world.count(1, "ACK"), 1);
    assert_eq!(world.count(0, "200 INVITE"), 1);
}

#[test]
fn crossing_reinvites_collide_and_both_are_told_to_offer_again() {
    let mut world = World::pair();
    let (caller, callee) = world.established();
    world.agents[0].reinvite(world.now, caller, Headers::new(), Some(Body::sdp("v=0 a"))).unwrap();
    world.agents[1].reinvite(world.now, callee, Headers::new(), Some(Body::sdp("v=0 b"))).unwrap();
    world.run(Duration::from_millis(200));
    assert_eq!((world.count(0, "491 INVITE"), world.count(1, "491 INVITE")), (1, 1));
    let waits: Vec<Duration> = (0..2)
        .filter_map(|peer| {
            world.events[peer].iter().find_map(|event| match event {
                Event::OfferCollided { retry_in, .. } => Some(*retry_in),
                _ => None,
            })
        })
        .collect();
    let [owner, other] = waits[..] else { panic!("both collided") };
    assert!(owner >= Duration::from_millis(2100) && owner <= Duration::from_secs(4), "{owner:?}");
    assert!(other <= Duration::from_secs(2), "{other:?}");
    world.run(Duration::from_secs(5));
    assert_eq!(count(&world, 0, |event| matches!(event, Event::OfferDue { .. })), 1);
    assert_eq!(count(&world, 1, |event| matches!(event, Event::OfferDue { .. })), 1);
    // The session survived, and the next offer goes through.
    world.agents[0].reinvite(world.now, caller, Headers::new(), Some(Body::sdp("v=0 a"))).unwrap();
    world.run(Duration::from_millis(100));
    accept(&mut world, 1);
    world.run(Duration::from_millis(100));
    assert_eq!(count(&world, 0, |event| matches!(event, Event::OfferAccepted { .. })), 1);
    world.agents[0].bye(world.now, caller, Headers::new()).unwrap();
    world.settle();
    world.assert_empty();
}

#[test]
fn update_against_reinvite_is_a_collision_too() {
    let mut world = World::pair();
    let (caller, callee) = world.established();
    world.agents[0].update(world.now, caller, Headers::new(), Some(Body::sdp("v=0 a"))).unwrap();
    world.agents[1].reinvite(world.now, callee, Headers::new(), Some(Body::sdp("v=0 b"))).unwrap();
    world.run(Duration::from_millis(200));
    assert_eq!((world.count(0, "491 INVITE"), world.count(1, "491 UPDATE")), (1, 1));
}

#[test]
fn second_offer_of_ours_waits_for_the_first_answer() {
    let mut world = World::pair();
    let (caller, _) = world.established();
    world.agents[0].reinvite(world.now, caller, Headers::new(), Some(Body::sdp("v=0 a"))).unwrap();
    let second = world.agents[0].update(world.now, caller, Headers::new(), Some(Body::sdp("v=0 b")));
    assert_eq!(second, Err(CommandError::OfferPending));
}

#[test]
fn refused_reinvite_leaves_the_call_up() {
    let mut world = World::pair();
    let (caller, _) = world.established();
    world.agents[0].reinvite(world.now, caller, Headers::new(), Some(Body::sdp("v=0 a"))).unwrap();
    world.run(Duration::from_millis(100));
    let (transaction, _) = reinvite_at(&world, 1).unwrap();
    world.agents[1].respond(world.now, transaction, Reply::new(StatusCode::NOT_ACCEPTABLE_HERE)).unwrap();
    world.run(Duration::from_secs(2));
    assert_eq!(count(&world, 0, |event| matches!(event, Event::OfferRefused { .. })), 1);
    assert!(world.ended(0).is_empty());
}

#[test]
fn hanging_up_during_a_reinvite_leaves_nothing() {
    let mut world = World::pair();
    let (caller, callee) = world.established();
    world.agents[0].reinvite(world.now, caller, Headers::new(), Some(Body::sdp("v=0 a"))).unwrap();
    world.run(Duration::from_millis(300));
    world.agents[1].bye(world.now, callee, Headers::new()).unwrap();
    world.settle();
    assert_eq!((world.ended(0).len(), world.ended(1).len()), (1, 1));
    world.assert_empty();
}
