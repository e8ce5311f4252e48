//! What an agent answers by itself, message by message.

use core::time::Duration;

use sip::message::{HeaderName, Message, Response};
use sip::ua::{Config, Event, Input, Local, LocalId, Output, Party, Path, Reply, Transport, Ua};

fn agent() -> Ua {
    let contact = sip::message::Uri::parse("sip:agent@192.0.2.1").unwrap();
    let local = Local { transport: Transport::Udp, sent_by: "192.0.2.1".into(), contact };
    Ua::new(Config::new(vec![local], [3; 32]))
}

fn path() -> Path {
    Path { flow: sip::ua::FlowId(1), local: LocalId(0), remote: "198.51.100.7:40000".parse().unwrap() }
}

/// A request with the given differences from an ordinary one.
fn request(method: &str, branch: &str, to: &str, cseq: &str, extra: &str) -> Message {
    let text = format!(
        "{method} sip:agent@192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 10.0.0.1:5070;branch={branch};rport\r\n\
         From: <sip:peer@example.org>;tag=peer\r\n\
         To: <sip:agent@192.0.2.1>{to}\r\n\
         Call-ID: call-1\r\n\
         CSeq: {cseq}\r\n\
         Contact: <sip:peer@10.0.0.1:5070>\r\n\
         {extra}Content-Length: 0\r\n\r\n"
    );
    sip::parse::message(bytes::Bytes::from(text)).unwrap()
}

/// Status codes, events and responses after one message.
fn give(agent: &mut Ua, now: Duration, message: Message) -> (Vec<Response>, Vec<Event>) {
    agent.handle(now, Input::Received { path: path(), party: Party::Stranger, message });
    drain(agent)
}

fn drain(agent: &mut Ua) -> (Vec<Response>, Vec<Event>) {
    let (mut responses, mut events) = (Vec::new(), Vec::new());
    while let Some(output) = agent.poll() {
        match output {
            Output::Event(event) => events.push(event),
            Output::Send { bytes, .. } => {
                if let Ok(Message::Response(response)) = sip::parse::message(bytes) {
                    responses.push(response);
                }
            }
        }
    }
    (responses, events)
}

fn status(responses: &[Response]) -> Vec<u16> {
    responses.iter().map(|response| response.status.code()).collect()
}

#[test]
fn source_is_written_into_the_via_and_used_for_the_answer() {
    let mut agent = agent();
    agent.handle(
        Duration::ZERO,
        Input::Received {
            path: path(),
            party: Party::Stranger,
            message: request("BYE", "z9hG4bKa", ";tag=x", "1 BYE", ""),
        },
    );
    let Some(Output::Send { path: reply, bytes }) = agent.poll() else { panic!("an answer") };
    let Ok(Message::Response(response)) = sip::parse::message(bytes) else { panic!("a response") };
    let via = response.via_top().unwrap();
    assert_eq!((via.rport(), via.received()), (Some(40000), Some("198.51.100.7".parse().unwrap())));
    assert_eq!(reply.remote, path().remote);
}

#[test]
fn request_in_an_unknown_dialog_gets_481() {
    let mut agent = agent();
    let (responses, events) = give(&mut agent, Duration::ZERO, request("INFO", "z9hG4bKa", ";tag=x", "1 INFO", ""));
    assert_eq!(status(&responses), [481]);
    assert!(events.is_empty());
}

#[test]
fn ack_is_never_answered() {
    let mut agent = agent();
    let (responses, events) = give(&mut agent, Duration::ZERO, request("ACK", "z9hG4bKa", ";tag=x", "1 ACK", ""));
    assert!(responses.is_empty() && events.is_empty());
    assert_eq!(agent.load(), sip::ua::Load::default());
}

#[test]
fn methods_that_we_do_not_serve_are_told_apart_and_get_allow() {
    let mut agent = agent();
    for (method, code) in [("PUBLISH", 405), ("DANCE", 501)] {
        let cseq = format!("1 {method}");
        let (responses, events) =
            give(&mut agent, Duration::ZERO, request(method, &format!("z9hG4bK{method}"), "", &cseq, ""));
        assert_eq!(status(&responses), [code]);
        assert!(responses[0].headers.contains(&HeaderName::Allow));
        assert!(events.is_empty());
    }
}

#[test]
fn what_the_rules_of_8_2_refuse_reaches_nobody() {
    let cases = [
        ("Content-Type: application/isup\r\nContent-Length: 3\r\n\r\nabc", 415, Some(HeaderName::Accept)),
        (
            "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
            415,
            Some(HeaderName::AcceptEncoding),
        ),
        ("Content-Length: 3\r\n\r\nabc", 400, None),
        ("Accept: text/html\r\nContent-Length: 0\r\n\r\n", 406, None),
        ("Max-Forwards: many\r\nContent-Length: 0\r\n\r\n", 400, None),
    ];
    for (index, (ending, code, hint)) in cases.into_iter().enumerate() {
        let mut agent = agent();
        let plain = request("INVITE", &format!("z9hG4bK{index}"), "", "1 INVITE", "").to_bytes();
        let head = std::str::from_utf8(&plain).unwrap().split("Content-Length").next().unwrap().to_owned();
        let message = sip::parse::message(bytes::Bytes::from(head + ending)).unwrap();
        let (responses, events) = give(&mut agent, Duration::ZERO, message);
        assert_eq!(status(&responses), [code], "{ending}");
        assert!(hint.is_none_or(|hint| responses[0].headers.contains(&hint)), "{ending}");
        assert!(events.is_empty(), "{ending}");
    }
}

#[test]
fn an_unknown_uri_scheme_gets_416() {
    let mut agent = agent();
    let plain = request("INVITE", "z9hG4bKa", "", "1 INVITE", "").to_bytes();
    let text = std::str::from_utf8(&plain).unwrap().replacen("sip:agent@192.0.2.1", "nobody:soft", 1);
    let (responses, events) = give(&mut agent, Duration::ZERO, sip::parse::message(bytes::Bytes::from(text)).unwrap());
    assert_eq!((status(&responses), events.len()), (vec![416], 0));
}

#[test]
fn a_broken_request_is_answered_and_leaves_nothing_behind() {
    let mut agent = agent();
    let plain = request("INVITE", "z9hG4bKa", "", "1 INVITE", "").to_bytes();
    let text = std::str::from_utf8(&plain).unwrap();
    let broken = [
        (text.replacen("SIP/2.0\r\n", "SIP/7.0\r\n", 1), vec![505]),
        (text.replacen("1 INVITE", "1 BYE", 1), vec![400]),
        (text.replacen("Content-Length: 0", "Content-Length: 9", 1), vec![400]),
        ("Jabber\r\n\r\n".to_owned(), vec![]),
    ];
    for (text, codes) in broken {
        let error = sip::parse::message(bytes::Bytes::from(text)).unwrap_err();
        agent.handle(Duration::ZERO, Input::Unreadable { path: path(), error });
        let (responses, events) = drain(&mut agent);
        assert_eq!((status(&responses), events.len()), (codes, 0));
    }
    assert_eq!(agent.load(), sip::ua::Load::default());
}

#[test]
fn a_stateless_answer_is_the_same_for_every_copy_and_leaves_nothing_behind() {
    let mut agent = agent();
    let Message::Request(invite) = request("INVITE", "z9hG4bKa", "", "1 INVITE", "") else { panic!("a request") };
    let mut answers = Vec::new();
    for _ in 0..2 {
        agent.answer_stateless(path(), &invite, Reply::new(sip::message::StatusCode::UNAUTHORIZED));
        answers.append(&mut drain(&mut agent).0);
    }
    assert_eq!(status(&answers), [401, 401]);
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].headers.to().unwrap().tag().is_some());
    assert_eq!(agent.load(), sip::ua::Load::default());
}

#[test]
fn a_response_for_somebody_else_too_is_dropped() {
    let mut agent = agent();
    let target = sip::message::Uri::parse("sip:peer@example.org").unwrap();
    let invite = sip::ua::Invite::new(path(), target, "<sip:agent@192.0.2.1>", "<sip:peer@example.org>", None);
    agent.invite(Duration::ZERO, invite);
    let Some(Output::Send { bytes, .. }) = agent.poll() else { panic!("an INVITE") };
    let Ok(Message::Request(sent)) = sip::parse::message(bytes) else { panic!("a request") };
    let ringing = Response::to_request(&sent, sip::message::StatusCode::RINGING, Some("peer"));
    let mut stray = ringing.clone();
    stray.headers.push(HeaderName::Via, "SIP/2.0/UDP 198.51.100.9;branch=z9hG4bKother");
    assert!(give(&mut agent, Duration::ZERO, Message::Response(stray)).1.is_empty());
    assert!(matches!(give(&mut agent, Duration::ZERO, Message::Response(ringing)).1[..], [Event::Provisional { .. }]));
}

#[test]
fn required_extension_that_we_lack_gets_420() {
    let mut agent = agent();
    let (responses, _) =
        give(&mut agent, Duration::ZERO, request("INVITE", "z9hG4bKa", "", "1 INVITE", "Require: outbound\r\n"));
    assert_eq!(status(&responses), [420]);
    assert_eq!(responses[0].headers.get(&HeaderName::Unsupported), Some(b"outbound".as_slice()));
}

#[test]
fn what_supported_names_is_not_refused_and_what_it_does_not_name_is() {
    for (tag, code) in
        [("timer", None), ("100rel", None), ("replaces", Some(420)), ("outbound", Some(420)), ("path", Some(420))]
    {
        let mut agent = agent();
        assert_eq!(agent.capabilities().supported().unwrap().iter().any(|known| known == tag), code.is_none(), "{tag}");
        let require = format!("Require: {tag}\r\n");
        let (responses, _) = give(&mut agent, Duration::ZERO, request("INVITE", "z9hG4bKa", "", "1 INVITE", &require));
        assert_eq!(status(&responses), code.into_iter().collect::<Vec<u16>>(), "{tag}");
    }
}

#[test]
fn every_allowed_method_has_its_answer_and_every_other_gets_405_inside_a_dialog_too() {
    let mut agent = agent();
    let (_, events) = give(&mut agent, Duration::ZERO, request("INVITE", "z9hG4bKa", "", "5 INVITE", ""));
    let Event::IncomingInvite { transaction, .. } = &events[0] else { panic!("a call") };
    agent.respond(Duration::ZERO, *transaction, Reply::new(sip::message::StatusCode::OK)).unwrap();
    let tag = drain(&mut agent).0[0].to().unwrap().tag().unwrap().to_owned();
    let to = format!(";tag={tag}");
    for (number, (method, code)) in (6..).zip([("OPTIONS", 200), ("REFER", 405), ("NOTIFY", 405), ("DANCE", 501)]) {
        let (responses, events) = give(
            &mut agent,
            Duration::ZERO,
            request(method, &format!("z9hG4bK{method}"), &to, &format!("{number} {method}"), ""),
        );
        assert_eq!((status(&responses), events.len()), (vec![code], 0), "{method}");
        assert!(responses[0].headers.contains(&HeaderName::Allow), "{method}");
        assert_eq!(responses[0].allow().unwrap().iter().any(|name| name == method), code == 200, "{method}");
    }
}

#[test]
fn call_without_hops_left_gets_483() {
    let mut agent = agent();
    let (responses, _) =
        give(&mut agent, Duration::ZERO, request("INVITE", "z9hG4bKa", "", "1 INVITE", "Max-Forwards: 0\r\n"));
    assert_eq!(status(&responses), [483]);
}

#[test]
fn same_request_by_another_way_gets_482() {
    let mut agent = agent();
    let (_, events) = give(&mut agent, Duration::ZERO, request("INVITE", "z9hG4bKa", "", "1 INVITE", ""));
    assert_eq!(events.len(), 1);
    let (responses, events) = give(&mut agent, Duration::ZERO, request("INVITE", "z9hG4bKb", "", "1 INVITE", ""));
    assert_eq!(status(&responses), [482]);
    assert!(events.is_empty());
}

#[test]
fn same_identity_with_a_higher_cseq_is_a_new_call() {
    let mut agent = agent();
    give(&mut agent, Duration::ZERO, request("INVITE", "z9hG4bKa", "", "1 INVITE", ""));
    let (responses, events) = give(&mut agent, Duration::ZERO, request("INVITE", "z9hG4bKb", "", "2 INVITE", ""));
    assert!(responses.is_empty());
    assert!(matches!(events[..], [Event::IncomingInvite { .. }]));
}

#[test]
fn call_repeated_after_its_cancel_is_a_new_call() {
    let mut agent = agent();
    give(&mut agent, Duration::ZERO, request("INVITE", "z9hG4bKa", "", "1 INVITE", ""));
    let (responses, _) = give(&mut agent, Duration::ZERO, request("CANCEL", "z9hG4bKa", "", "1 CANCEL", ""));
    assert_eq!(status(&responses), [200, 487]);
    assert_eq!(responses[0].to().unwrap().tag(), responses[1].to().unwrap().tag());
    let (responses, events) = give(&mut agent, Duration::ZERO, request("INVITE", "z9hG4bKb", "", "1 INVITE", ""));
    assert!(responses.is_empty());
    assert!(matches!(events[..], [Event::IncomingInvite { .. }]));
}

#[test]
fn cancel_of_nothing_gets_481() {
    let mut agent = agent();
    let (responses, _) = give(&mut agent, Duration::ZERO, request("CANCEL", "z9hG4bKa", "", "1 CANCEL", ""));
    assert_eq!(status(&responses), [481]);
}

#[test]
fn silent_owner_makes_100_after_200_ms() {
    let mut agent = agent();
    give(&mut agent, Duration::ZERO, request("INVITE", "z9hG4bKa", "", "1 INVITE", ""));
    assert_eq!(agent.next_timeout(), Some(Duration::from_millis(200)));
    agent.handle(Duration::from_millis(200), Input::Timeout);
    assert_eq!(status(&drain(&mut agent).0), [100]);
}

#[test]
fn request_out_of_order_gets_500() {
    let mut agent = agent();
    let (_, events) = give(&mut agent, Duration::ZERO, request("INVITE", "z9hG4bKa", "", "5 INVITE", ""));
    let Event::IncomingInvite { transaction, .. } = &events[0] else { panic!("a call") };
    agent.respond(Duration::ZERO, *transaction, Reply::new(sip::message::StatusCode::OK)).unwrap();
    let tag = drain(&mut agent).0[0].to().unwrap().tag().unwrap().to_owned();
    let to = format!(";tag={tag}");
    let (responses, _) = give(&mut agent, Duration::ZERO, request("INFO", "z9hG4bKb", &to, "4 INFO", ""));
    assert_eq!(status(&responses), [500]);
    let (responses, events) = give(&mut agent, Duration::ZERO, request("INFO", "z9hG4bKc", &to, "6 INFO", ""));
    assert!(responses.is_empty());
    assert!(matches!(events[..], [Event::InfoReceived { .. }]));
}

#[test]
fn second_final_answer_is_refused() {
    let mut agent = agent();
    let (_, events) = give(&mut agent, Duration::ZERO, request("OPTIONS", "z9hG4bKa", "", "1 OPTIONS", ""));
    let Event::IncomingRequest { transaction, .. } = &events[0] else { panic!("a request") };
    let ok = || Reply::new(sip::message::StatusCode::OK);
    assert_eq!(agent.respond(Duration::ZERO, *transaction, ok()), Ok(()));
    assert_eq!(agent.respond(Duration::ZERO, *transaction, ok()), Err(sip::ua::CommandError::AlreadyAnswered));
}

#[test]
fn forged_response_without_our_secret_changes_nothing() {
    let mut agent = agent();
    let target = sip::message::Uri::parse("sip:b@example.org").unwrap();
    agent.invite(Duration::ZERO, sip::ua::Invite::new(path(), target, "<sip:a@b>", "<sip:b@b>", None));
    drain(&mut agent);
    let forged = "SIP/2.0 486 Busy\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK00000000000000002\r\n\
                  From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
    agent.handle(
        Duration::ZERO,
        Input::Received {
            path: path(),
            party: Party::Stranger,
            message: sip::parse::message(bytes::Bytes::from(forged)).unwrap(),
        },
    );
    assert!(drain(&mut agent).1.is_empty());
    assert_eq!(agent.load().sessions, 1);
}

#[test]
fn flood_is_dropped_without_state() {
    let contact = sip::message::Uri::parse("sip:agent@192.0.2.1").unwrap();
    let local = Local { transport: Transport::Udp, sent_by: "192.0.2.1".into(), contact };
    let room = sip::ua::Room { strangers: 2, ..sip::ua::Room::default() };
    let mut agent = Ua::new(Config { room, ..Config::new(vec![local], [3; 32]) });
    for (branch, cseq) in [("z9hG4bKa", "1 OPTIONS"), ("z9hG4bKb", "2 OPTIONS"), ("z9hG4bKc", "3 OPTIONS")] {
        give(&mut agent, Duration::ZERO, request("OPTIONS", branch, "", cseq, ""));
    }
    assert_eq!(agent.load().servers, 2);
    // What strangers have filled is theirs only.
    let message = request("INVITE", "z9hG4bKd", "", "4 INVITE", "");
    agent.handle(Duration::ZERO, Input::Received { path: path(), party: Party::Trunk(0), message });
    assert!(matches!(drain(&mut agent).1[..], [Event::IncomingInvite { .. }]));
}
