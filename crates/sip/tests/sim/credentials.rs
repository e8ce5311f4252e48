//! Challenges: answered once per nonce, remembered for the rest of the call, given up when the password is wrong.

use core::time::Duration;

use sip::dialog::Dialog;
use sip::message::{HeaderName, Headers, Message, Request, Response, StatusCode, Uri};
use sip::ua::{Body, Credentials, EndCause, Event, Input, Invite, Output, Party, Register, Reply, SessionId};

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
fn a_call_that_was_tried_again_is_told_and_has_another_record_without_its_credentials() {
    let mut world = World::pair();
    let session = call(&mut world);
    let first = world.agents[0].invite_record(session).unwrap();
    challenge(&mut world);
    assert!(
        world.events[0].iter().any(|event| matches!(event, Event::InviteResent { session: told } if *told == session))
    );
    let second = world.agents[0].invite_record(session).unwrap();
    assert!(first.contains("CSeq: 1 INVITE") && second.contains("CSeq: 2 INVITE"), "{first}{second}");
    assert!(!second.contains("uthorization") && !second.contains("v=0"), "{second}");
    world.answer(1);
    world.run(Duration::from_millis(100));
    assert!(world.agents[0].invite_record(session).is_none(), "an answered call has a dialog");
}

/// The next request that the agent sends.
fn request_of(world: &mut World) -> Request {
    while let Some(output) = world.agents[0].poll() {
        if let Output::Send { bytes, .. } = output
            && let Ok(Message::Request(request)) = sip::parse::message(bytes)
        {
            return request;
        }
    }
    panic!("no request");
}

#[test]
fn a_challenged_bye_of_a_successor_is_tried_again_with_credentials() {
    let mut world = World::pair();
    let (caller, _) = world.established();
    let record = world.agents[0].session(caller).unwrap().dialog.unwrap().to_record().unwrap();
    world.restart(0, 2);
    let dialog = Dialog::from_record(&record).unwrap();
    world.agents[0].bye_recovered(world.now, to(1), dialog, &Headers::new(), credentials());
    let bye = request_of(&mut world);
    assert!(!bye.headers.contains(&HeaderName::Authorization));
    let mut challenged = Response::to_request(&bye, StatusCode::UNAUTHORIZED, None);
    challenged.headers.push(HeaderName::WwwAuthenticate, CHALLENGE);
    let input = Input::Received { path: to(1), party: Party::Stranger, message: Message::Response(challenged) };
    world.agents[0].handle(world.now, input);
    let again = request_of(&mut world);
    assert_eq!(again.authorization().unwrap().unwrap().get("username"), Some("alice"));
    assert_eq!(again.cseq().unwrap().number, bye.cseq().unwrap().number + 1);
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
