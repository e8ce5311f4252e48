//! Where requests in a dialog go: RFC 3261 §12.2.1.1, for both roles and every request.

use core::time::Duration;
use std::net::SocketAddr;

use sip::message::{Headers, Message, Method, Uri};
use sip::ua::{Body, Config, Event, FlowId, Input, Invite, Local, LocalId, Output, Party, Path, Reply, Transport, Ua};

const NOW: Duration = Duration::from_secs(1);

/// Where the peer's packets come from.
const SOURCE: &str = "203.0.113.7:5062";

/// Contact, Record-Route as the peer writes them, and where our requests go for it.
const TABLE: [(&str, &str, &str); 10] = [
    ("<sip:gw@203.0.113.7:5080>", "", "203.0.113.7:5080"),
    ("<sip:gw@198.51.100.9>", "", "198.51.100.9:5060"),
    ("<sip:gw@[2001:db8::9]:5061>", "", "[2001:db8::9]:5061"),
    // A route outranks the Contact, private or not: whoever recorded it has seen both networks.
    ("<sip:gw@10.9.9.9:5070;line=7>", "<sip:198.51.100.20:5090;lr>", "198.51.100.20:5090"),
    ("<sip:gw@198.51.100.9>", "<sip:10.0.0.20;lr>", "10.0.0.20:5060"),
    // Without the lr parameter it is a strict router, and still the next hop.
    ("<sip:gw@198.51.100.9>", "<sip:198.51.100.21:5091>", "198.51.100.21:5091"),
    // Behind a NAT; a name; another transport: where it spoke from.
    ("<sip:gw@192.168.1.50:5060>", "", SOURCE),
    ("<sip:gw@gateway.invalid>", "", SOURCE),
    ("<sip:gw@198.51.100.9;transport=tcp>", "", SOURCE),
    ("<sip:gw@0.0.0.0>", "", SOURCE),
];

fn agent(transport: Transport) -> Ua {
    let contact = Uri::parse("sip:agent@192.0.2.1").unwrap();
    Ua::new(Config::new(vec![Local { transport, sent_by: "192.0.2.1".into(), contact }], [3; 32]))
}

fn source() -> Path {
    Path { flow: FlowId(0), local: LocalId(0), remote: SOURCE.parse().unwrap() }
}

fn give(agent: &mut Ua, text: &str) {
    let message = sip::parse::message(bytes::Bytes::from(text.to_owned())).unwrap();
    agent.handle(NOW, Input::Received { path: source(), party: Party::Trunk(0), message });
}

/// Requests that the agent sends now, with their destinations, and its events.
fn sent(agent: &mut Ua) -> (Vec<(Method, SocketAddr)>, Vec<Event>) {
    let (mut requests, mut events) = (Vec::new(), Vec::new());
    while let Some(output) = agent.poll() {
        match output {
            Output::Event(event) => events.push(event),
            Output::Send { path, bytes } => {
                if let Ok(Message::Request(request)) = sip::parse::message(bytes) {
                    requests.push((request.method, path.remote));
                }
            }
        }
    }
    (requests, events)
}

fn field(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("{name}: {value}\r\n") }
}

/// INFO, re-INVITE and BYE of an established session go to `expected`.
fn check_session(agent: &mut Ua, session: sip::ua::SessionId, expected: SocketAddr, what: &str) {
    assert_eq!(agent.session(session).unwrap().path.remote, expected, "{what}");
    agent.request_in_dialog(NOW, session, Method::Info, Headers::new(), None).unwrap();
    agent.reinvite(NOW, session, Headers::new(), Some(Body::sdp("v=0"))).unwrap();
    agent.bye(NOW, session, Headers::new()).unwrap();
    let (requests, _) = sent(agent);
    let expected: Vec<_> =
        [Method::Info, Method::Invite, Method::Bye].into_iter().map(|method| (method, expected)).collect();
    assert_eq!(requests, expected, "{what}");
}

fn answered_caller(agent: &mut Ua, contact: &str, route: &str) -> (sip::ua::SessionId, Vec<(Method, SocketAddr)>) {
    let target = Uri::parse("sip:+254711900001@203.0.113.7").unwrap();
    let invite = Invite::new(source(), target, "<sip:a@b>", "<sip:c@d>", Some(Body::sdp("v=0 offer")));
    let session = agent.invite(NOW, Invite { party: Party::Trunk(0), ..invite });
    let Some(Output::Send { bytes, .. }) = agent.poll() else { panic!("an INVITE") };
    let Ok(Message::Request(invite)) = sip::parse::message(bytes) else { panic!("a request") };
    let text = |name: &sip::message::HeaderName| String::from_utf8(invite.headers.get(name).unwrap().to_vec()).unwrap();
    let ok = format!(
        "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: <sip:c@d>;tag=peer\r\nCall-ID: {}\r\nCSeq: 1 INVITE\r\n\
         Contact: {contact}\r\n{}Content-Length: 0\r\n\r\n",
        text(&sip::message::HeaderName::Via),
        text(&sip::message::HeaderName::From),
        text(&sip::message::HeaderName::CallId),
        field("Record-Route", route),
    );
    give(agent, &ok);
    let acks = sent(agent).0;
    // A copy of the 2xx gets its ACK on the same way.
    give(agent, &ok);
    assert_eq!(sent(agent).0, acks);
    (session, acks)
}

fn answered_callee(agent: &mut Ua, contact: &str, route: &str) -> sip::ua::SessionId {
    let head = |method: &str, to: &str, branch: &str| {
        format!(
            "{method} sip:agent@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.7:5062;branch=z9hG4bK{branch};rport\r\n\
             From: <sip:peer@example.org>;tag=peer\r\nTo: <sip:agent@192.0.2.1>{to}\r\nCall-ID: call-1\r\n\
             CSeq: 1 {method}\r\nContact: {contact}\r\n{}Content-Length: 0\r\n\r\n",
            field("Record-Route", route),
        )
    };
    give(agent, &head("INVITE", "", "i"));
    let Some(Event::IncomingInvite { session, transaction, .. }) = sent(agent).1.pop() else { panic!("a call") };
    agent.respond(NOW, transaction, Reply::new(sip::message::StatusCode::OK)).unwrap();
    let tag = agent.session(session).unwrap().dialog.unwrap().local_tag().to_owned();
    sent(agent);
    give(agent, &head("ACK", &format!(";tag={tag}"), "a"));
    sent(agent);
    session
}

#[test]
fn a_caller_follows_route_and_contact_of_the_2xx() {
    for (contact, route, expected) in TABLE {
        let mut agent = agent(Transport::Udp);
        let (session, acks) = answered_caller(&mut agent, contact, route);
        let expected = expected.parse().unwrap();
        assert_eq!(acks, [(Method::Ack, expected)], "{contact} {route}");
        check_session(&mut agent, session, expected, contact);
    }
}

#[test]
fn a_callee_follows_route_and_contact_of_the_invite() {
    for (contact, route, expected) in TABLE {
        let mut agent = agent(Transport::Udp);
        let session = answered_callee(&mut agent, contact, route);
        check_session(&mut agent, session, expected.parse().unwrap(), contact);
    }
}

/// The names that the agent asks for.
fn asked(events: Vec<Event>) -> Vec<String> {
    let name = |event| match event {
        Event::NameWanted { host } => Some(host),
        _ => None,
    };
    events.into_iter().filter_map(name).collect()
}

#[test]
fn a_name_with_a_port_is_asked_for_once_and_followed_when_it_is_known() {
    let by_name = "<sip:gw@SBC.carrier.example:5080>";
    let mut agent = agent(Transport::Udp);
    let (session, acks) = answered_caller(&mut agent, by_name, "");
    // Nobody waits for the look-up.
    assert_eq!(acks, [(Method::Ack, SOURCE.parse().unwrap())]);
    assert_eq!(agent.session(session).unwrap().path.remote, SOURCE.parse().unwrap());
    agent.resolved("sbc.carrier.example", None);
    assert_eq!(agent.session(session).unwrap().path.remote, SOURCE.parse().unwrap());
    agent.resolved("sbc.carrier.example", Some([198, 51, 100, 9].into()));
    let address = "198.51.100.9:5080".parse().unwrap();
    check_session(&mut agent, session, address, "once it is known");
    let (session, acks) = answered_caller(&mut agent, by_name, "");
    assert_eq!(acks, [(Method::Ack, address)]);
    check_session(&mut agent, session, address, "the next call");
}

#[test]
fn names_are_asked_for_where_an_address_is_all_that_is_missing() {
    for (contact, route, wanted) in [
        ("<sip:gw@SBC.carrier.example:5080>", "", Some("sbc.carrier.example")),
        ("<sip:gw@198.51.100.9>", "<sip:edge.example:5060;lr>", Some("edge.example")),
        ("<sip:gw@sbc.example:5080>", "<sip:198.51.100.20;lr>", None),
        // SRV would come first; nobody's; another transport's name is asked for in vain, and not followed.
        ("<sip:gw@sbc.example>", "", None),
        ("<sip:gw@x1.invalid:5060>", "", None),
        ("<sip:gw@198.51.100.9>", "", None),
    ] {
        let mut agent = agent(Transport::Udp);
        let head = format!(
            "INVITE sip:agent@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.7:5062;branch=z9hG4bKi;rport\r\n\
             From: <sip:peer@example.org>;tag=peer\r\nTo: <sip:agent@192.0.2.1>\r\nCall-ID: call-1\r\nCSeq: 1 INVITE\r\n\
             Contact: {contact}\r\n{}Content-Length: 0\r\n\r\n",
            field("Record-Route", route),
        );
        let message = sip::parse::message(bytes::Bytes::from(head.clone())).unwrap();
        agent.handle(NOW, Input::Received { path: source(), party: Party::Stranger, message });
        assert_eq!(asked(sent(&mut agent).1), [""; 0], "strangers do not make us ask");
        let mut agent = self::agent(Transport::Udp);
        give(&mut agent, &head);
        assert_eq!(asked(sent(&mut agent).1), Vec::from_iter(wanted), "{contact} {route}");
        let mut agent = self::agent(Transport::Wss);
        give(&mut agent, &head);
        assert_eq!(asked(sent(&mut agent).1), [""; 0], "a connection needs no address");
    }
}

#[test]
fn over_a_connection_everything_stays_on_it() {
    for (contact, route, _) in TABLE {
        let mut agent = agent(Transport::Wss);
        let (session, acks) = answered_caller(&mut agent, contact, route);
        assert_eq!(acks, [(Method::Ack, SOURCE.parse().unwrap())]);
        check_session(&mut agent, session, SOURCE.parse().unwrap(), contact);
    }
}

#[test]
fn a_new_contact_in_a_reinvite_or_update_moves_the_target_and_one_in_an_info_does_not() {
    for (method, expected) in
        [("INVITE", "198.51.100.30:5060"), ("UPDATE", "198.51.100.30:5060"), ("INFO", "198.51.100.9:5060")]
    {
        let mut agent = agent(Transport::Udp);
        let session = answered_callee(&mut agent, "<sip:gw@198.51.100.9>", "");
        let tag = agent.session(session).unwrap().dialog.unwrap().local_tag().to_owned();
        give(
            &mut agent,
            &format!(
                "{method} sip:agent@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.7:5062;branch=z9hG4bKn;rport\r\n\
                 From: <sip:peer@example.org>;tag=peer\r\nTo: <sip:agent@192.0.2.1>;tag={tag}\r\nCall-ID: call-1\r\n\
                 CSeq: 2 {method}\r\nContact: <sip:gw@198.51.100.30>\r\nContent-Length: 0\r\n\r\n"
            ),
        );
        assert_eq!(agent.session(session).unwrap().path.remote, expected.parse::<SocketAddr>().unwrap(), "{method}");
    }
}

#[test]
fn a_fork_that_lost_is_hung_up_where_its_contact_says() {
    let mut agent = agent(Transport::Udp);
    let target = Uri::parse("sip:+254711900001@203.0.113.7").unwrap();
    agent.invite(NOW, Invite::new(source(), target, "<sip:a@b>", "<sip:c@d>", Some(Body::sdp("v=0 offer"))));
    let Some(Output::Send { bytes, .. }) = agent.poll() else { panic!("an INVITE") };
    let Ok(Message::Request(invite)) = sip::parse::message(bytes) else { panic!("a request") };
    let text = |name: &sip::message::HeaderName| String::from_utf8(invite.headers.get(name).unwrap().to_vec()).unwrap();
    for (tag, contact) in [("won", "198.51.100.1"), ("lost", "198.51.100.2")] {
        give(
            &mut agent,
            &format!(
                "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: <sip:c@d>;tag={tag}\r\nCall-ID: {}\r\n\
                 CSeq: 1 INVITE\r\nContact: <sip:gw@{contact}>\r\nContent-Length: 0\r\n\r\n",
                text(&sip::message::HeaderName::Via),
                text(&sip::message::HeaderName::From),
                text(&sip::message::HeaderName::CallId),
            ),
        );
    }
    let (won, lost) = ("198.51.100.1:5060".parse().unwrap(), "198.51.100.2:5060".parse().unwrap());
    assert_eq!(sent(&mut agent).0, [(Method::Ack, won), (Method::Ack, lost), (Method::Bye, lost)]);
}
