//! Reliable provisional responses (RFC 3262) in both roles: what is acknowledged, repeated, held back and given up.

use core::time::Duration;

use sip::message::{HeaderName, Headers, Message, StatusCode, Uri};
use sip::ua::{Body, CommandError, EndCause, Event, Invite, Reply, SessionId, Transport};

use crate::network::Weather;
use crate::world::{FORK, World, to};

const SOON: Duration = Duration::from_millis(100);

/// Agent 0 calls agent 1 and requires reliable provisional responses, with an offer or without.
fn call(world: &mut World, offer: Option<&'static str>) -> SessionId {
    let target = Uri::parse("sip:bob@example.org").unwrap();
    let mut invite = Invite::new(to(1), target, "<sip:a@example.org>", "<sip:b@example.org>", offer.map(Body::sdp));
    invite.headers.push(HeaderName::Require, "100rel");
    let session = world.agents[0].invite(world.now, invite);
    world.run(SOON);
    session
}

fn pair() -> World {
    World::new(2, Transport::Udp, Weather::CLEAR, 1)
}

fn give(world: &mut World, status: u16, body: Option<&'static str>) -> Result<(), CommandError> {
    let (_, transaction) = world.incoming(1);
    let reply = Reply { status: StatusCode::new(status).unwrap(), headers: Headers::new(), body: body.map(Body::sdp) };
    let given = world.agents[1].respond(world.now, transaction, reply);
    world.flush();
    given
}

/// Provisional responses above 100 that agent 0 was told of.
fn told(world: &World) -> Vec<u16> {
    let provisional = world.events[0].iter().filter_map(|event| match event {
        Event::Provisional { response, .. } => Some(response.status.code()),
        _ => None,
    });
    provisional.filter(|code| *code > 100).collect()
}

fn delayed(world: &World) -> usize {
    world.events[1].iter().filter(|event| matches!(event, Event::DelayedAnswerSent { .. })).count()
}

fn answered(world: &World) -> usize {
    world.events[0].iter().filter(|event| matches!(event, Event::Answered { .. })).count()
}

/// The value of a header in the last message of this kind that `from` sent.
fn header(world: &World, from: usize, what: &str, name: &HeaderName) -> String {
    let sent = world.sent.iter().rfind(|sent| sent.from == from && sent.what == what).expect("it was sent");
    let message = sip::parse::message(bytes::Bytes::from(sent.bytes.clone())).unwrap();
    let headers = match &message {
        Message::Request(request) => &request.headers,
        Message::Response(response) => &response.headers,
    };
    headers.text(name).unwrap().unwrap_or_default().to_owned()
}

#[test]
fn what_the_caller_requires_reliably_is_numbered_acknowledged_and_told_of_once() {
    let mut world = pair();
    let caller = call(&mut world, Some("v=0 offer"));
    give(&mut world, 180, None).unwrap();
    world.run(SOON);
    let first: u32 = header(&world, 1, "180 INVITE", &HeaderName::RSeq).parse().unwrap();
    assert_eq!(header(&world, 1, "180 INVITE", &HeaderName::Require), "100rel");
    assert_eq!(header(&world, 0, "PRACK", &HeaderName::RAck), format!("{first} 1 INVITE"));
    give(&mut world, 183, Some("v=0 answer")).unwrap();
    world.run(SOON);
    let second: u32 = header(&world, 1, "183 INVITE", &HeaderName::RSeq).parse().unwrap();
    assert_eq!(second, first + 1);
    give(&mut world, 200, Some("v=0 answer")).unwrap();
    world.run(SOON);
    assert_eq!((told(&world), answered(&world), delayed(&world)), (vec![180, 183], 1, 0));
    assert_eq!((world.count(0, "PRACK"), world.count(1, "200 PRACK"), world.count(1, "183 INVITE")), (2, 2, 1));
    // Numbers go on where the PRACKs ended.
    world.agents[0].bye(world.now, caller, Headers::new()).unwrap();
    world.run(SOON);
    assert_eq!(header(&world, 0, "BYE", &HeaderName::CSeq), "4 BYE");
    assert_eq!(world.count(1, "200 BYE"), 1);
    world.settle();
    world.assert_empty();
}

#[test]
fn what_is_lost_comes_again_and_its_copies_are_told_of_once() {
    let mut world = pair();
    call(&mut world, Some("v=0 offer"));
    // First the response is lost, then its PRACK twice, and then what answers that.
    world.drops = vec![(1, "183 INVITE".into(), 1), (0, "PRACK".into(), 2), (1, "200 PRACK".into(), 1)];
    give(&mut world, 183, Some("v=0 answer")).unwrap();
    world.run(Duration::from_secs(10));
    assert_eq!(told(&world), [183]);
    assert!(world.count(1, "183 INVITE") > 1 && world.count(0, "PRACK") > 2);
    let repeated = world.count(1, "183 INVITE");
    world.run(Duration::from_secs(60));
    assert_eq!(world.count(1, "183 INVITE"), repeated, "it is acknowledged");
    give(&mut world, 200, Some("v=0 answer")).unwrap();
    world.run(SOON);
    assert_eq!(answered(&world), 1);
}

#[test]
fn an_answer_waits_for_the_prack_of_a_description_and_for_no_other() {
    let mut world = pair();
    call(&mut world, Some("v=0 offer"));
    world.drops = vec![(0, "PRACK".into(), 1)];
    give(&mut world, 183, Some("v=0 answer")).unwrap();
    world.run(SOON);
    give(&mut world, 200, Some("v=0 answer")).unwrap();
    assert_eq!(give(&mut world, 200, None), Err(CommandError::AlreadyAnswered));
    assert_eq!(give(&mut world, 180, None), Err(CommandError::AlreadyAnswered));
    world.run(SOON);
    assert_eq!((world.count(1, "200 INVITE"), delayed(&world)), (0, 0));
    world.run(Duration::from_secs(2));
    assert_eq!((world.count(1, "200 INVITE"), delayed(&world), answered(&world)), (1, 1, 1));

    let mut world = pair();
    call(&mut world, Some("v=0 offer"));
    world.drops = vec![(0, "PRACK".into(), 1)];
    give(&mut world, 180, None).unwrap();
    give(&mut world, 180, None).unwrap();
    give(&mut world, 200, Some("v=0 answer")).unwrap();
    world.run(SOON);
    assert_eq!((world.count(1, "180 INVITE"), delayed(&world), answered(&world)), (1, 0, 1));
    world.run(Duration::from_secs(10));
    assert_eq!(world.count(1, "180 INVITE"), 1, "nobody waits for its PRACK any more");
}

#[test]
fn one_is_on_its_way_at_a_time() {
    let mut world = pair();
    call(&mut world, Some("v=0 offer"));
    give(&mut world, 180, None).unwrap();
    give(&mut world, 183, Some("v=0 answer")).unwrap();
    assert_eq!((world.count(1, "180 INVITE"), world.count(1, "183 INVITE")), (1, 0));
    world.run(SOON);
    assert_eq!(told(&world), [180, 183]);
}

#[test]
fn who_never_acknowledges_is_refused_and_a_held_answer_goes_with_it() {
    let mut world = pair();
    call(&mut world, Some("v=0 offer"));
    world.drops = vec![(0, "PRACK".into(), 1_000)];
    give(&mut world, 183, Some("v=0 answer")).unwrap();
    give(&mut world, 200, Some("v=0 answer")).unwrap();
    world.settle();
    assert_eq!((world.count(1, "200 INVITE"), world.count(1, "504 INVITE"), delayed(&world)), (0, 1, 0));
    assert!(matches!(world.ended(1)[..], [EndCause::Refused(status)] if status.code() == 504));
    world.assert_empty();
}

#[test]
fn a_cancel_before_the_prack_ends_the_call_unanswered() {
    let mut world = pair();
    let caller = call(&mut world, Some("v=0 offer"));
    world.drops = vec![(0, "PRACK".into(), 1_000)];
    give(&mut world, 183, Some("v=0 answer")).unwrap();
    world.run(SOON);
    give(&mut world, 200, Some("v=0 answer")).unwrap();
    world.agents[0].cancel(world.now, caller, Headers::new()).unwrap();
    world.settle();
    assert!(matches!(world.ended(1)[..], [EndCause::CancelledRemotely(_)]));
    assert_eq!((world.count(1, "200 INVITE"), world.count(1, "487 INVITE"), delayed(&world)), (0, 1, 0));
    world.assert_empty();
}

#[test]
fn without_an_offer_nothing_provisional_goes_out_and_the_answer_carries_ours() {
    let mut world = pair();
    let caller = call(&mut world, None);
    give(&mut world, 180, None).unwrap();
    world.run(SOON);
    assert_eq!(told(&world), Vec::<u16>::new());
    give(&mut world, 200, Some("v=0 offer")).unwrap();
    world.run(SOON);
    world.agents[0].ack(caller, Some(Body::sdp("v=0 answer"))).unwrap();
    world.run(SOON);
    assert!(world.events[1].iter().any(|event| matches!(event, Event::AckReceived { .. })));
}

#[test]
fn who_does_not_require_it_gets_none_and_our_own_invite_says_that_we_know_it() {
    let mut world = pair();
    world.call(Some("v=0 offer"));
    world.run(SOON);
    give(&mut world, 183, Some("v=0 answer")).unwrap();
    world.run(Duration::from_secs(5));
    assert_eq!((world.count(0, "PRACK"), world.count(1, "183 INVITE")), (0, 1));
    assert_eq!(header(&world, 0, "INVITE", &HeaderName::Supported), "timer, 100rel");
    let mut world = pair();
    world.call(None);
    assert_eq!(header(&world, 0, "INVITE", &HeaderName::Supported), "timer");
}

#[test]
fn after_a_reliable_answer_the_caller_may_offer_anew() {
    let mut world = pair();
    call(&mut world, Some("v=0 offer"));
    give(&mut world, 183, Some("v=0 answer")).unwrap();
    world.run(SOON);
    let early = header(&world, 1, "183 INVITE", &HeaderName::To);
    let from = header(&world, 0, "INVITE", &HeaderName::From);
    let call_id = header(&world, 0, "INVITE", &HeaderName::CallId);
    let update = format!(
        "UPDATE sip:agent1@192.0.2.2:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKupdate;rport\r\n\
         From: {from}\r\nTo: {early}\r\nCall-ID: {call_id}\r\nCSeq: 9 UPDATE\r\nContact: <sip:a@192.0.2.1>\r\n\
         Content-Type: application/sdp\r\nContent-Length: 9\r\n\r\nv=0 again"
    );
    world.deliver(0, 1, update.into_bytes());
    let offered = world.events[1].iter().find_map(|event| match event {
        Event::UpdateReceived { transaction, .. } => Some(*transaction),
        _ => None,
    });
    let reply = Reply::new(StatusCode::OK).body(Body::sdp("v=0 anew"));
    world.agents[1].respond(world.now, offered.expect("an offer"), reply).unwrap();
    give(&mut world, 200, Some("v=0 answer")).unwrap();
    world.run(SOON);
    assert_eq!((world.count(1, "200 UPDATE"), answered(&world)), (1, 1));
}

/// An UPDATE with an offer from agent 1, in the dialog of the last 183 that it sent.
fn update_of_callee(world: &World, cseq: u32) -> Vec<u8> {
    let own = header(world, 1, "183 INVITE", &HeaderName::To);
    let theirs = header(world, 0, "INVITE", &HeaderName::From);
    let call_id = header(world, 0, "INVITE", &HeaderName::CallId);
    format!(
        "UPDATE sip:agent0@192.0.2.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKupdate{cseq};rport\r\n\
         From: {own}\r\nTo: {theirs}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} UPDATE\r\nContact: <sip:b@192.0.2.2>\r\n\
         Content-Type: application/sdp\r\nContent-Length: 9\r\n\r\nv=0 again"
    )
    .into_bytes()
}

#[test]
fn after_a_reliable_answer_the_callee_may_offer_anew_and_its_200_is_acknowledged_as_ever() {
    let mut world = pair();
    call(&mut world, Some("v=0 offer"));
    give(&mut world, 183, Some("v=0 answer")).unwrap();
    world.run(SOON);
    let update = update_of_callee(&world, 9);
    world.deliver(1, 0, update);
    let offered = world.events[0].iter().find_map(|event| match event {
        Event::UpdateReceived { transaction, .. } => Some(*transaction),
        _ => None,
    });
    // A second one has to wait for the answer to the first (RFC 3311 §5.2).
    let again = update_of_callee(&world, 10);
    world.deliver(1, 0, again);
    assert_eq!(world.count(0, "500 UPDATE"), 1);
    let reply = Reply::new(StatusCode::OK).body(Body::sdp("v=0 anew"));
    world.agents[0].respond(world.now, offered.expect("an offer"), reply).unwrap();
    world.flush();
    give(&mut world, 200, Some("v=0 answer")).unwrap();
    world.run(SOON);
    assert_eq!((world.count(0, "200 UPDATE"), answered(&world), world.count(0, "ACK")), (1, 1, 1));
}

#[test]
fn before_a_reliable_answer_an_offer_of_the_callees_collides_with_ours() {
    let mut world = pair();
    let target = Uri::parse("sip:bob@example.org").unwrap();
    let offer = Some(Body::sdp("v=0 offer"));
    let invite = Invite::new(to(1), target, "<sip:a@example.org>", "<sip:b@example.org>", offer);
    world.agents[0].invite(world.now, invite);
    world.run(SOON);
    // Nobody acknowledges this one, so it may have been lost.
    give(&mut world, 183, Some("v=0 answer")).unwrap();
    world.run(SOON);
    let update = update_of_callee(&world, 9);
    world.deliver(1, 0, update);
    assert_eq!(world.count(0, "491 UPDATE"), 1);
    give(&mut world, 200, Some("v=0 answer")).unwrap();
    world.run(SOON);
    assert_eq!((answered(&world), world.count(0, "ACK")), (1, 1));
}

#[test]
fn each_fork_is_acknowledged_in_its_own_dialog() {
    let mut world = World::new(3, Transport::Udp, Weather::CLEAR, 1);
    let target = Uri::parse("sip:bob@example.org").unwrap();
    let path = sip::ua::Path { flow: FORK, ..to(1) };
    let offer = Some(Body::sdp("v=0 offer"));
    let mut invite = Invite::new(path, target, "<sip:a@example.org>", "<sip:b@example.org>", offer);
    invite.headers.push(HeaderName::Require, "100rel");
    world.agents[0].invite(world.now, invite);
    world.run(SOON);
    for peer in [1, 2] {
        world.respond(peer, 180);
    }
    world.run(SOON);
    assert_eq!(told(&world), [180, 180]);
    assert_eq!((world.count(1, "200 PRACK"), world.count(2, "200 PRACK")), (1, 1));
}

#[test]
fn in_bad_weather_a_required_call_comes_about_with_nothing_left_of_it() {
    for seed in 0..40 {
        let mut world = World::new(2, Transport::Udp, Weather::STORM, seed);
        let caller = call(&mut world, Some("v=0 offer"));
        world.run(Duration::from_secs(4));
        if world.events[1].is_empty() {
            continue;
        }
        give(&mut world, 180, None).unwrap();
        give(&mut world, 183, Some("v=0 answer")).unwrap();
        world.run(Duration::from_secs(1));
        let _ = give(&mut world, 200, Some("v=0 answer"));
        world.settle();
        let _ = world.agents[0].bye(world.now, caller, Headers::new());
        world.settle();
        world.assert_empty();
    }
}
