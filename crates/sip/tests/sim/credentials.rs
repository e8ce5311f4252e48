//! Challenges: answered once per nonce, remembered for the rest of the call, given up when the password is wrong.

use core::time::Duration;

use sip::message::{HeaderName, Headers, StatusCode, Uri};
use sip::ua::{Body, Credentials, EndCause, Event, Invite, Register, Reply, SessionId};

use crate::world::{World, to};

const CHALLENGE: &str = "Digest realm=\"example.org\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";

fn credentials() -> Option<Credentials> {
    Some(Credentials::Digest { username: "alice".into(), password: "secret".into() })
}

fn call(world: &mut World) -> SessionId {
    let target = Uri::parse("sip:bob@example.org").unwrap();
    let offer = Some(Body::sdp("v=0 offer"));
    let mut invite = Invite::new(to(1), target, "<sip:alice@example.org>", "<sip:bob@example.org>", offer);
    invite.auth = credentials();
    let session = world.agents[0].invite(world.now, invite);
    world.run(Duration::from_millis(100));
    session
}

fn challenge(world: &mut World) {
    let (_, transaction) = world.incoming(1);
    let mut reply = Reply::new(StatusCode::PROXY_AUTHENTICATION_REQUIRED);
    reply.headers.push(HeaderName::ProxyAuthenticate, CHALLENGE);
    world.agents[1].respond(world.now, transaction, reply).unwrap();
    world.run(Duration::from_millis(100));
}

fn invites(world: &World) -> Vec<std::sync::Arc<sip::message::Request>> {
    world.events[1]
        .iter()
        .filter_map(|event| match event {
            Event::IncomingInvite { request, .. } => Some(request.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn challenged_call_is_tried_again_with_credentials() {
    let mut world = World::pair();
    let session = call(&mut world);
    challenge(&mut world);
    let requests = invites(&world);
    assert_eq!(requests.len(), 2);
    assert_eq!((requests[0].cseq().unwrap().number, requests[1].cseq().unwrap().number), (1, 2));
    assert_eq!(requests[0].call_id(), requests[1].call_id());
    assert!(!requests[0].headers.contains(&HeaderName::ProxyAuthorization));
    assert_eq!(requests[1].proxy_authorizations().unwrap()[0].get("username"), Some("alice"));
    world.answer(1);
    world.run(Duration::from_millis(100));
    world.agents[0].bye(world.now, session, Headers::new()).unwrap();
    world.settle();
    let [EndCause::Refused(_), EndCause::RemoteBye(bye)] = world.ended(1)[..] else { panic!("challenge, then a call") };
    assert_eq!(bye.cseq().unwrap().number, 3);
    assert_eq!(bye.proxy_authorizations().unwrap()[0].get("nc"), Some("00000002"));
    assert!(matches!(world.ended(0)[..], [EndCause::LocalBye]));
    world.assert_empty();
}

#[test]
fn wrong_password_is_not_tried_for_ever() {
    let mut world = World::pair();
    call(&mut world);
    challenge(&mut world);
    challenge(&mut world);
    assert_eq!(invites(&world).len(), 2);
    let [EndCause::Failed(failure)] = world.ended(0)[..] else { panic!("the call failed") };
    assert_eq!(failure.status(), 407);
    world.settle();
    world.assert_empty();
}

#[test]
fn challenge_without_credentials_fails_the_call() {
    let mut world = World::pair();
    world.call(Some("v=0 offer"));
    world.run(Duration::from_millis(100));
    challenge(&mut world);
    assert!(matches!(world.ended(0)[..], [EndCause::Failed(_)]));
}

#[test]
fn challenged_registration_is_tried_again_with_credentials() {
    let mut world = World::pair();
    let register = Register {
        path: to(1),
        registrar: Uri::parse("sip:example.org").unwrap(),
        address_of_record: "<sip:alice@example.org>".into(),
        contact: None,
        expires: Duration::from_secs(300),
        headers: Headers::new(),
        auth: credentials(),
    };
    world.agents[0].register(world.now, register);
    for status in [StatusCode::UNAUTHORIZED, StatusCode::OK] {
        world.run(Duration::from_millis(100));
        let Some(Event::IncomingRequest { transaction, request, .. }) = world.events[1].pop() else {
            panic!("REGISTER")
        };
        assert_eq!(request.authorization().unwrap().is_some(), status == StatusCode::OK);
        let mut reply = Reply::new(status);
        reply.headers.push(HeaderName::WwwAuthenticate, CHALLENGE);
        world.agents[1].respond(world.now, transaction, reply).unwrap();
    }
    world.run(Duration::from_millis(100));
    assert!(matches!(world.events[0][..], [Event::Registered { .. }]));
}
