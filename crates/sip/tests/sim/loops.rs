//! What a peer's answers can drive round and round comes to an end: challenges, collisions, redirections.

use core::time::Duration;

use sip::message::{HeaderName, Headers, StatusCode, Uri};
use sip::ua::{Body, Credentials, EndCause, Event, Invite, OutsideRequest, Register, Reply};

use crate::world::{World, to};

/// Requests of a kind that a peer may draw by refusing them all: the first and one for each challenge that is answered.
const TRIES: usize = 3;

fn credentials() -> Option<Credentials> {
    Some(Credentials::Digest { username: "alice".into(), password: "secret".into() })
}

/// Answers everything that reaches agent 1 with this status and a challenge of a new nonce, for ten seconds.
fn challenge_for_ever(world: &mut World, status: StatusCode) {
    for nonce in 0..100 {
        world.run(Duration::from_millis(100));
        let open: Vec<_> = world.events[1]
            .drain(..)
            .filter_map(|event| match event {
                Event::IncomingInvite { transaction, .. }
                | Event::IncomingRequest { transaction, .. }
                | Event::ReinviteReceived { transaction, .. }
                | Event::UpdateReceived { transaction, .. }
                | Event::InfoReceived { transaction, .. } => Some(transaction),
                _ => None,
            })
            .collect();
        for transaction in open {
            let mut reply = Reply::new(status);
            let value = format!("Digest realm=\"r\", nonce=\"n{nonce}\", qop=\"auth\", algorithm=MD5, stale=true");
            let name = if status == StatusCode::UNAUTHORIZED {
                HeaderName::WwwAuthenticate
            } else {
                HeaderName::ProxyAuthenticate
            };
            reply.headers.push(name, value);
            // A CANCEL may have been quicker.
            let _ = world.agents[1].respond(world.now, transaction, reply);
        }
        world.flush();
    }
}

#[test]
fn a_nonce_that_is_always_stale_is_answered_twice_whatever_asked_for_it() {
    for status in [StatusCode::UNAUTHORIZED, StatusCode::PROXY_AUTHENTICATION_REQUIRED] {
        let target = Uri::parse("sip:bob@example.org").unwrap();
        let mut world = World::pair();
        let (from, callee) = ("<sip:alice@example.org>", "<sip:bob@example.org>");
        let mut invite = Invite::new(to(1), target.clone(), from, callee, Some(Body::sdp("v=0 offer")));
        invite.auth = credentials();
        world.agents[0].invite(world.now, invite);
        challenge_for_ever(&mut world, status);
        assert_eq!(world.count(0, "INVITE"), TRIES);
        assert!(matches!(world.ended(0)[..], [EndCause::Failed(_)]));

        let mut world = World::pair();
        let register = Register {
            path: to(1),
            registrar: target.clone(),
            address_of_record: from.into(),
            contact: None,
            expires: Duration::from_secs(300),
            headers: Headers::new(),
            auth: credentials(),
        };
        world.agents[0].register(world.now, register);
        challenge_for_ever(&mut world, status);
        assert_eq!(world.count(0, "REGISTER"), TRIES);

        let mut world = World::pair();
        let options = OutsideRequest {
            method: sip::message::Method::Options,
            path: to(1),
            target,
            from: from.into(),
            to: callee.into(),
            headers: Headers::new(),
            body: None,
            auth: credentials(),
        };
        world.agents[0].request(world.now, options);
        challenge_for_ever(&mut world, status);
        assert_eq!(world.count(0, "OPTIONS"), TRIES);
    }
}

#[test]
fn a_challenge_in_a_call_is_answered_twice_and_the_call_goes_on() {
    let mut world = World::pair();
    let target = Uri::parse("sip:bob@example.org").unwrap();
    let offer = Some(Body::sdp("v=0 offer"));
    let mut invite = Invite::new(to(1), target, "<sip:alice@example.org>", "<sip:bob@example.org>", offer);
    invite.auth = credentials();
    let caller = world.agents[0].invite(world.now, invite);
    world.run(Duration::from_millis(100));
    world.answer(1);
    world.run(Duration::from_millis(100));
    world.agents[0].reinvite(world.now, caller, Headers::new(), Some(Body::sdp("v=0 hold"))).unwrap();
    challenge_for_ever(&mut world, StatusCode::UNAUTHORIZED);
    assert_eq!(world.count(0, "INVITE"), 1 + TRIES);
    assert!(world.ended(0).is_empty());
    assert!(world.events[0].iter().any(|event| matches!(event, Event::OfferRefused { .. })));
}

#[test]
fn a_peer_that_always_collides_is_offered_five_times_more_and_not_beyond_the_session() {
    let mut world = World::pair();
    let (caller, _) = world.established();
    let offer = |world: &mut World| {
        world.agents[0].reinvite(world.now, caller, Headers::new(), Some(Body::sdp("v=0 a"))).unwrap();
        world.flush();
    };
    offer(&mut world);
    for _ in 0..400 {
        world.run(Duration::from_millis(100));
        let events: Vec<_> = world.events.iter_mut().flat_map(|events| events.drain(..)).collect();
        for event in events {
            match event {
                Event::ReinviteReceived { transaction, .. } => {
                    world.agents[1].respond(world.now, transaction, Reply::new(StatusCode::REQUEST_PENDING)).unwrap();
                    world.flush();
                }
                Event::OfferDue { .. } => offer(&mut world),
                _ => {}
            }
        }
    }
    assert_eq!(world.count(0, "INVITE"), 1 + 6);
    // A wait that is under way ends with the call.
    offer(&mut world);
    world.run(Duration::from_millis(100));
    let Some(Event::ReinviteReceived { transaction, .. }) = world.events[1].pop() else { panic!("an offer") };
    world.agents[1].respond(world.now, transaction, Reply::new(StatusCode::REQUEST_PENDING)).unwrap();
    world.run(Duration::from_millis(100));
    world.agents[0].bye(world.now, caller, Headers::new()).unwrap();
    world.settle();
    assert!(!world.events[0].iter().any(|event| matches!(event, Event::OfferDue { .. })));
    world.assert_empty();
}

#[test]
fn a_redirection_is_a_refusal() {
    for status in [300, 301, 302, 305, 380] {
        let mut world = World::pair();
        world.call(Some("v=0 offer"));
        world.run(Duration::from_millis(100));
        let (_, transaction) = world.incoming(1);
        let mut reply = Reply::new(StatusCode::new(status).unwrap());
        reply.headers.push(HeaderName::Contact, "<sip:bob@192.0.2.2>");
        world.agents[1].respond(world.now, transaction, reply).unwrap();
        world.settle();
        assert_eq!(world.count(0, "INVITE"), 1, "{status}");
        assert!(matches!(world.ended(0)[..], [EndCause::Failed(_)]), "{status}");
    }
}
