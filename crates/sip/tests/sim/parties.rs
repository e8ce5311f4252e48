//! Whose requests are taken: a dialog is bound to the party that it was made with, and strays cost nothing.

use core::time::Duration;

use sip::message::{HeaderName, Message, Method, Request};
use sip::ua::{Event, Input, Load, Output, Party, Path, Transport};

use crate::network::Weather;
use crate::world::{World, to};

/// An established call whose callee, agent 1, knows its caller as `party`; and a request that the caller could send next.
fn call_with(party: Party, transport: Transport) -> (World, impl Fn(&World, Method) -> Request) {
    let mut world = World::new(3, transport, Weather::CLEAR, 1);
    world.parties[0] = party;
    let (caller, _) = world.established();
    world.events[1].clear();
    let forge = move |world: &World, method: Method| {
        let mut dialog = world.agents[0].session(caller).unwrap().dialog.unwrap().clone();
        let branch = format!("z9hG4bKforged{method}");
        let mut request = dialog.request(method);
        request.headers.prepend(HeaderName::Via, format!("SIP/2.0/UDP 198.51.100.66;branch={branch};rport"));
        request.headers.push(HeaderName::Contact, "<sip:thief@198.51.100.66>");
        request
    };
    (world, forge)
}

/// What agent 1 sends after this message.
fn give(world: &mut World, path: Path, party: Party, request: Request) -> Vec<u16> {
    let now = world.now;
    world.agents[1].handle(now, Input::Received { path, party, message: Message::Request(request) });
    let mut codes = Vec::new();
    while let Some(output) = world.agents[1].poll() {
        match output {
            Output::Send { bytes, .. } => match sip::parse::message(bytes) {
                Ok(Message::Response(response)) => codes.push(response.status.code()),
                other => panic!("{other:?}"),
            },
            Output::Event(event) => world.events[1].push(event),
        }
    }
    codes
}

#[test]
fn requests_in_a_dialog_are_taken_from_its_own_party_only() {
    let others = [
        (Party::Stranger, Party::Stranger, Transport::Udp),
        (Party::Stranger, Party::Stranger, Transport::Wss),
        (Party::Stranger, Party::User(8), Transport::Wss),
        (Party::Stranger, Party::User(8), Transport::Udp),
        (Party::Stranger, Party::Trunk(0), Transport::Udp),
        (Party::User(7), Party::User(8), Transport::Wss),
        (Party::User(7), Party::Stranger, Transport::Wss),
        (Party::Trunk(0), Party::Trunk(1), Transport::Udp),
        (Party::Trunk(0), Party::Stranger, Transport::Udp),
        (Party::Trunk(7), Party::User(7), Transport::Udp),
    ];
    for (own, other, transport) in others {
        let (mut world, forge) = call_with(own, transport);
        let before = world.agents[1].load();
        for method in [Method::Invite, Method::Update, Method::Info, Method::Options, Method::Bye] {
            let request = forge(&world, method.clone());
            let codes = give(&mut world, to(2), other, request);
            let is_silent = method == Method::Invite && other == Party::Stranger && transport == Transport::Udp;
            assert_eq!(codes, if is_silent { vec![] } else { vec![481] }, "{own:?} {other:?} {method}");
        }
        let ack = forge(&world, Method::Ack);
        assert!(give(&mut world, to(2), other, ack).is_empty());
        assert!(world.events[1].is_empty(), "{own:?} {other:?}");
        assert_eq!(world.agents[1].load(), before, "{own:?} {other:?}");
        // The party itself goes on unharmed, from another address or connection where it is known by more than that.
        let path = if own == Party::Stranger { to(0) } else { to(2) };
        let bye = forge(&world, Method::Bye);
        assert_eq!(give(&mut world, path, own, bye), [200], "{own:?}");
        assert!(matches!(world.events[1][..], [Event::SessionEnded { .. }]));
    }
}

#[test]
fn a_strangers_port_may_change_and_its_host_may_not() {
    let (mut world, forge) = call_with(Party::Stranger, Transport::Udp);
    let mut moved = to(0);
    moved.remote.set_port(61_000);
    let info = forge(&world, Method::Info);
    assert!(give(&mut world, moved, Party::Stranger, info).is_empty());
    assert!(matches!(world.events[1][..], [Event::InfoReceived { .. }]));
}

#[test]
fn a_call_that_rings_is_cancelled_by_its_caller_only() {
    for (own, other) in
        [(Party::Trunk(0), Party::Stranger), (Party::Trunk(0), Party::Trunk(1)), (Party::Stranger, Party::Stranger)]
    {
        let mut world = World::new(3, Transport::Udp, Weather::CLEAR, 1);
        world.parties[0] = own;
        world.call(Some("v=0 offer"));
        world.run(Duration::from_millis(100));
        let Some(Event::IncomingInvite { request, .. }) = world.events[1].pop() else { panic!("a call") };
        let mut cancel = Request::new(Method::Cancel, request.uri.clone());
        for name in [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId] {
            cancel.headers.copy_from(&request.headers, &name);
        }
        cancel.headers.push(HeaderName::CSeq, "1 CANCEL");
        assert_eq!(give(&mut world, to(2), other, cancel.clone()), [481]);
        assert!(world.events[1].is_empty());
        assert_eq!(give(&mut world, to(0), own, cancel), [200, 487]);
        assert!(matches!(world.events[1][..], [Event::SessionEnded { .. }]));
    }
}

/// A request in a dialog that nobody knows.
fn stray(method: &str, number: usize) -> Request {
    let text = format!(
        "{method} sip:agent@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK{number};rport\r\n\
         From: <sip:peer@example.org>;tag=peer\r\nTo: <sip:agent@192.0.2.2>;tag=nobodys{number}\r\n\
         Call-ID: stray{number}\r\nCSeq: 1 {method}\r\nContact: <sip:peer@10.0.0.1>\r\nContent-Length: 0\r\n\r\n"
    );
    let Ok(Message::Request(request)) = sip::parse::message(bytes::Bytes::from(text)) else { panic!("a request") };
    request
}

#[test]
fn strays_draw_no_state_and_at_most_one_answer() {
    let mut world = World::pair();
    for number in 0..1_000 {
        for party in [Party::Stranger, Party::User(1), Party::Trunk(0)] {
            for method in ["BYE", "INFO", "CANCEL", "UPDATE", "OPTIONS", "NOTIFY", "SUBSCRIBE"] {
                assert_eq!(give(&mut world, to(0), party, stray(method, number)), [481], "{method}");
            }
            assert!(give(&mut world, to(0), party, stray("ACK", number)).is_empty());
            // A trunk's address is not made up by others; anybody else's may be, and gets nothing to repeat.
            let heard = if party == Party::Stranger { vec![] } else { vec![481] };
            assert_eq!(give(&mut world, to(0), party, stray("INVITE", number)), heard);
        }
    }
    assert_eq!(world.agents[1].load(), Load::default());
    assert_eq!(world.agents[1].next_timeout(), None);
}

#[test]
fn one_dialog_is_given_so_many_open_requests_and_the_call_stays_up() {
    let (mut world, _) = call_with(Party::Trunk(0), Transport::Udp);
    let caller_dialog = world.events[0]
        .iter()
        .find_map(|event| match event {
            Event::Answered { session, .. } => Some(*session),
            _ => None,
        })
        .map(|session| world.agents[0].session(session).unwrap().dialog.unwrap().clone());
    let mut dialog = caller_dialog.expect("an answered call");
    for number in 0..2_000 {
        let mut info = dialog.request(Method::Info);
        info.headers.prepend(HeaderName::Via, format!("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKmany{number};rport"));
        give(&mut world, to(0), Party::Trunk(0), info);
    }
    assert!(world.agents[1].load().servers <= 300, "{:?}", world.agents[1].load());
    world.run(Duration::from_secs(40));
    assert!(world.ended(1).is_empty());
    let mut bye = dialog.request(Method::Bye);
    bye.headers.prepend(HeaderName::Via, "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKlast;rport");
    assert_eq!(give(&mut world, to(0), Party::Trunk(0), bye), [200]);
}

#[test]
fn what_continues_is_told_apart_before_anything_is_kept() {
    let (world, forge) = call_with(Party::Stranger, Transport::Udp);
    let agent = &world.agents[1];
    assert!(agent.continues(to(0), Party::Stranger, &forge(&world, Method::Bye)));
    assert!(!agent.continues(to(2), Party::Stranger, &forge(&world, Method::Bye)));
    assert!(!agent.continues(to(0), Party::Stranger, &stray("BYE", 1)));
}

#[test]
fn a_call_over_a_connection_that_proves_itself_meanwhile_is_still_its_own() {
    let mut world = World::new(3, Transport::Wss, Weather::CLEAR, 1);
    world.call(Some("v=0 offer"));
    world.run(Duration::from_millis(100));
    let Some(Event::IncomingInvite { request, .. }) = world.events[1].pop() else { panic!("a call") };
    world.agents[1].proven(sip::ua::FlowId(0), Party::User(7));
    let mut cancel = Request::new(Method::Cancel, request.uri.clone());
    for name in [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId] {
        cancel.headers.copy_from(&request.headers, &name);
    }
    cancel.headers.push(HeaderName::CSeq, "1 CANCEL");
    assert_eq!(give(&mut world, to(0), Party::User(7), cancel), [200, 487]);
}
