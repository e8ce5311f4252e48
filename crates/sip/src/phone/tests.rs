//! A phone and the gateway's own user agent, wired together.

mod lengths;
mod transfers;

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::message::{Headers, Method, Request, StatusCode, Uri};
use crate::ua;

/// The phone on one side, the gateway's user agent on the other, and what both have told.
struct World {
    phone: Phone,
    gateway: ua::Ua,
    now: Millis,
    told: Vec<Event>,
    heard: Vec<ua::Event>,
    /// Every message of the phone's.
    said: Vec<String>,
}

static BITS: AtomicU64 = AtomicU64::new(1);

fn bits() -> u64 {
    BITS.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn path() -> ua::Path {
    ua::Path { flow: ua::FlowId(1), local: ua::LocalId(0), remote: ([192, 0, 2, 1], 443).into() }
}

fn order(sdp: &str) -> Invite {
    Invite {
        target: "sip:b@gateway.example".to_owned(),
        address: "sip:a@gateway.example".to_owned(),
        token: "t".to_owned(),
        headers: vec![("X-Order".to_owned(), "17".to_owned())],
        sdp: sdp.to_owned(),
    }
}

impl World {
    fn new() -> Self {
        let contact = Uri::parse("sip:gateway.example;transport=ws").unwrap();
        let local = ua::Local { transport: ua::Transport::Wss, sent_by: "gateway.example".to_owned(), contact };
        let mut config = ua::Config::new(vec![local], [7; 32]);
        config.allow.extend([Method::Register, Method::Refer, Method::Notify]);
        let host = "phone.invalid".to_owned();
        let phone = Phone::new(Config {
            contact: format!("sip:x@{host};transport=ws"),
            host,
            instance: "<urn:uuid:1>".to_owned(),
            product: "test/1",
            random: bits,
        });
        let (told, heard, said) = (Vec::new(), Vec::new(), Vec::new());
        Self { phone, gateway: ua::Ua::new(config), now: 0, told, heard, said }
    }

    fn time(&self) -> Duration {
        Duration::from_millis(self.now)
    }

    /// Carries messages until nobody has anything to say.
    fn carry(&mut self) {
        loop {
            self.deliver();
            let Some(output) = self.gateway.poll() else { break };
            match output {
                ua::Output::Send { bytes, .. } => {
                    self.phone.receive(self.now, core::str::from_utf8(&bytes).unwrap());
                }
                ua::Output::Event(event) => self.heard.push(event),
            }
        }
    }

    /// What the phone says reaches the gateway, and nothing comes back yet.
    fn deliver(&mut self) {
        while let Some(output) = self.phone.poll() {
            match output {
                Output::Send(text) => {
                    let message = crate::parse::message(text.clone()).unwrap();
                    self.said.push(text);
                    let (path, party) = (path(), ua::Party::User(1));
                    self.gateway.handle(self.time(), ua::Input::Received { path, party, message });
                }
                Output::Event(event) => self.told.push(event),
            }
        }
    }

    fn wait(&mut self, millis: Millis) {
        self.now += millis;
        self.phone.timeout(self.now);
        self.gateway.handle(self.time(), ua::Input::Timeout);
        self.carry();
    }

    fn invite(&mut self) -> SessionId {
        let session = self.phone.invite(self.now, order("v=0 offer"));
        self.carry();
        session
    }

    /// The call that the gateway heard of.
    fn offered(&mut self) -> (ua::SessionId, ua::TransactionId, Arc<Request>) {
        let found = self.heard.drain(..).find_map(|event| match event {
            ua::Event::IncomingInvite { session, transaction, request, .. } => Some((session, transaction, request)),
            _ => None,
        });
        found.expect("an INVITE")
    }

    fn respond(&mut self, transaction: ua::TransactionId, status: StatusCode, sdp: Option<&'static str>) {
        let reply = ua::Reply { status, headers: Headers::new(), body: sdp.map(ua::Body::sdp) };
        self.gateway.respond(self.time(), transaction, reply).unwrap();
        self.carry();
    }

    /// A call of the phone's that is up.
    fn call_out(&mut self) -> (SessionId, ua::SessionId) {
        let session = self.invite();
        let (theirs, transaction, _) = self.offered();
        self.respond(transaction, StatusCode::OK, Some("v=0 answer"));
        assert!(matches!(self.told.pop(), Some(Event::Answered { .. })));
        assert!(matches!(self.heard.pop(), Some(ua::Event::AckReceived { .. })));
        (session, theirs)
    }

    /// A call that rings at the phone.
    fn call_in(&mut self) -> (SessionId, ua::SessionId) {
        let target = Uri::parse("sip:x@phone.invalid;transport=ws").unwrap();
        let (from, to) = ("\"B\" <sip:b@gateway.example>", "<sip:a@gateway.example>");
        let mut invite = ua::Invite::new(path(), target, from, to, Some(ua::Body::sdp("v=0 offer")));
        invite.party = ua::Party::User(1);
        let theirs = self.gateway.invite(self.time(), invite);
        self.carry();
        let Some(Event::Incoming { session, invite }) = self.told.pop() else { panic!("nothing came in") };
        assert_eq!((uri_of(invite.get("From")), &*invite.body), ("sip:b@gateway.example", "v=0 offer"));
        (session, theirs)
    }

    fn accepted(&mut self) -> (SessionId, ua::SessionId) {
        let (session, theirs) = self.call_in();
        assert!(self.phone.answer(self.now, session, 180, None));
        assert!(self.phone.answer(self.now, session, 200, Some("v=0 answer".to_owned())));
        self.carry();
        assert!(
            matches!(&self.heard[..], [ua::Event::Provisional { .. }, ua::Event::Answered { .. }]),
            "{:?}",
            self.heard
        );
        self.heard.clear();
        (session, theirs)
    }

    fn assert_empty(&self) {
        let left = (self.phone.sessions.len(), self.phone.sent.len(), self.phone.next_timeout());
        assert_eq!(left, (0, 0, None));
    }
}

fn ends(events: &[Event]) -> Vec<String> {
    let name = |event: &Event| match event {
        Event::Ended { cause: Cause::Refused(response), .. } => Some(format!("refused {}", response.status()?)),
        Event::Ended { cause: Cause::Bye(_), .. } => Some("bye".to_owned()),
        Event::Ended { cause: Cause::HungUp(_), .. } => Some("hung up".to_owned()),
        Event::Ended { cause, .. } => Some(format!("{cause:?}")),
        _ => None,
    };
    events.iter().filter_map(name).collect()
}

#[test]
fn a_call_is_made_with_all_that_the_gateway_reads() {
    let mut world = World::new();
    let session = world.invite();
    let (theirs, transaction, request) = world.offered();
    assert_eq!(&request.body[..], b"v=0 offer");
    let order = crate::message::HeaderName::from_token("X-Order");
    assert_eq!(request.headers.text(&order).unwrap(), Some("17"));
    assert_eq!(request.headers.get(&crate::message::HeaderName::Authorization), Some(&b"Bearer t"[..]));
    assert!(request.is_well_formed());
    world.respond(transaction, StatusCode::RINGING, None);
    world.wait(60_000);
    world.respond(transaction, StatusCode::OK, Some("v=0 answer"));
    let [Event::Ringing { .. }, Event::Answered { response, .. }] = &world.told[..] else { panic!("{:?}", world.told) };
    assert_eq!(response.body, "v=0 answer");
    world.phone.hang_up(world.now, session, 603);
    world.carry();
    assert_eq!(ends(&world.told), ["hung up"]);
    let ended = |event: &ua::Event| matches!(event, ua::Event::SessionEnded { session, .. } if *session == theirs);
    assert!(world.heard.iter().any(ended), "{:?}", world.heard);
    world.assert_empty();
}

#[test]
fn a_call_that_comes_in_is_answered_and_ended_by_either_side() {
    let mut world = World::new();
    let (session, theirs) = world.accepted();
    assert!(!world.phone.answer(world.now, session, 200, None), "answered already");
    world.gateway.bye(world.time(), theirs, Headers::new()).unwrap();
    world.carry();
    assert_eq!(ends(&world.told), ["bye"]);
    let (session, _) = world.call_in();
    world.phone.hang_up(world.now, session, 486);
    world.carry();
    assert_eq!(ends(&world.told)[1..], ["Rejected(486)"]);
    let failed = world.heard.iter().any(|event| {
        matches!(event, ua::Event::SessionEnded { cause: ua::EndCause::Failed(failure), .. } if failure.status() == 486)
    });
    assert!(failed, "{:?}", world.heard);
    world.wait(40_000);
    world.assert_empty();
}

#[test]
fn who_gives_up_while_it_rings_is_heard_on_the_other_side() {
    let mut world = World::new();
    let session = world.invite();
    world.phone.hang_up(world.now, session, 603);
    world.carry();
    assert!(!world.said.iter().any(|text| text.starts_with("CANCEL")), "nothing has come back yet");
    let (_, transaction, _) = world.offered();
    world.respond(transaction, StatusCode::RINGING, None);
    assert_eq!(ends(&world.told), ["Cancelled"]);
    assert!(world.said.last().unwrap().starts_with("ACK"), "of the 487");
    let (session, theirs) = world.call_in();
    world.phone.answer(world.now, session, 180, None);
    world.carry();
    world.gateway.cancel(world.time(), theirs, Headers::new()).unwrap();
    world.carry();
    assert_eq!(ends(&world.told), ["Cancelled"; 2]);
    world.wait(40_000);
    world.assert_empty();
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() {
    let mut world = World::new();
    let session = world.invite();
    let (_, transaction, _) = world.offered();
    world.respond(transaction, StatusCode::RINGING, None);
    let ok = ua::Reply::new(StatusCode::OK).body(ua::Body::sdp("v=0 answer"));
    world.gateway.respond(world.time(), transaction, ok).unwrap();
    world.phone.hang_up(world.now, session, 603);
    world.carry();
    assert_eq!(ends(&world.told), ["Cancelled"]);
    let methods: Vec<&str> = world.said.iter().filter_map(|text| text.split(' ').next()).collect();
    assert_eq!(methods, ["INVITE", "CANCEL", "ACK", "BYE"]);
    world.assert_empty();
}

#[test]
fn refusals_and_silence_end_a_call() {
    let mut world = World::new();
    world.invite();
    let (_, transaction, _) = world.offered();
    world.respond(transaction, StatusCode::BUSY_HERE, None);
    assert_eq!(ends(&world.told), ["refused 486"]);
    assert!(world.said.last().unwrap().starts_with("ACK"));
    // A gateway that says nothing at all.
    world.phone.invite(world.now, order("v=0"));
    while world.phone.poll().is_some() {}
    assert_eq!(world.phone.next_timeout(), Some(PATIENCE));
    world.phone.timeout(PATIENCE);
    world.deliver();
    assert_eq!(ends(&world.told)[1..], ["Lost(408)"]);
    world.assert_empty();
}

#[test]
fn offers_go_both_ways_and_one_at_a_time() {
    let mut world = World::new();
    let (session, theirs) = world.call_out();
    world.phone.offer(world.now, session, "v=0 second".to_owned()).unwrap();
    assert_eq!(world.phone.offer(world.now, session, "v=0".to_owned()), Err(NotNow::Pending));
    world.carry();
    let Some(ua::Event::ReinviteReceived { transaction, .. }) = world.heard.pop() else { panic!("{:?}", world.heard) };
    world.respond(transaction, StatusCode::OK, Some("v=0 second answer"));
    let Some(Event::OfferAccepted { sdp, .. }) = world.told.pop() else { panic!("{:?}", world.told) };
    assert_eq!(sdp, "v=0 second answer");
    world.wait(40_000);
    assert!(world.told.is_empty(), "acknowledged: {:?}", world.told);

    world.gateway.reinvite(world.time(), theirs, Headers::new(), Some(ua::Body::sdp("v=0 theirs"))).unwrap();
    world.carry();
    let Some(Event::Offered { sdp, .. }) = world.told.pop() else { panic!("{:?}", world.told) };
    assert_eq!(sdp, "v=0 theirs");
    assert_eq!(world.phone.offer(world.now, session, "v=0".to_owned()), Err(NotNow::Pending));
    assert!(world.phone.answer(world.now, session, 200, Some("v=0 ours".to_owned())));
    world.carry();
    assert!(matches!(world.heard.last(), Some(ua::Event::OfferAccepted { .. })), "{:?}", world.heard);
    // A bare UPDATE says where a peer is.
    world.gateway.update(world.time(), theirs, Headers::new(), None).unwrap();
    world.phone.update(world.now, session).unwrap();
    world.carry();
    let asked = world.heard.drain(..).find_map(|event| match event {
        ua::Event::UpdateReceived { transaction, .. } => Some(transaction),
        _ => None,
    });
    world.respond(asked.unwrap(), StatusCode::OK, None);
    world.wait(40_000);
    assert!(world.told.is_empty(), "{:?}", world.told);
}

#[test]
fn two_offers_that_meet_are_both_refused_and_tried_apart() {
    let mut world = World::new();
    let (session, theirs) = world.call_out();
    world.gateway.reinvite(world.time(), theirs, Headers::new(), Some(ua::Body::sdp("v=0 theirs"))).unwrap();
    world.phone.offer(world.now, session, "v=0 ours".to_owned()).unwrap();
    world.carry();
    let Some(Event::OfferCollided { retry_in, .. }) = world.told.pop() else { panic!("{:?}", world.told) };
    assert!((2_100..=4_000).contains(&retry_in), "the caller waits longer: {retry_in}");
    assert!(world.heard.iter().any(|event| matches!(event, ua::Event::OfferCollided { .. })), "{:?}", world.heard);
    world.wait(retry_in);
    world.phone.offer(world.now, session, "v=0 ours".to_owned()).unwrap();
    world.carry();
    assert!(matches!(world.heard.pop(), Some(ua::Event::ReinviteReceived { .. })));
}

#[test]
fn a_call_outlives_its_connection_and_may_move_to_another_page() {
    let mut world = World::new();
    let (session, theirs) = world.call_out();
    world.phone.disconnected(world.now);
    world.deliver();
    assert!(matches!(world.told.pop(), Some(Event::Disconnected { .. })));
    assert_eq!(world.phone.offer(world.now, session, "v=0".to_owned()), Err(NotNow::Disconnected));
    world.phone.connected(true);
    assert!(world.phone.rebind(session));
    world.phone.update(world.now, session).unwrap();
    world.carry();
    assert!(matches!(world.heard.pop(), Some(ua::Event::UpdateReceived { .. })));

    let record = world.phone.record(session).unwrap();
    world.phone = Phone::new(world.phone.config.clone());
    let session = world.phone.adopt(&record, "t").unwrap();
    world.phone.hang_up(world.now, session, 603);
    world.carry();
    let ended = |event: &ua::Event| matches!(event, ua::Event::SessionEnded { session, .. } if *session == theirs);
    assert!(world.heard.iter().any(ended), "{:?}", world.heard);
    // One that rings or that the connection took with it is nothing to leave.
    let (session, _) = world.call_in();
    assert_eq!(world.phone.record(session), None);
}

#[test]
fn what_waits_for_an_answer_fails_with_the_connection() {
    let mut world = World::new();
    let (session, _) = world.call_out();
    world.phone.offer(world.now, session, "v=0".to_owned()).unwrap();
    world.phone.invite(world.now, order("v=0"));
    world.phone.disconnected(world.now);
    while let Some(output) = world.phone.poll() {
        if let Output::Event(event) = output {
            world.told.push(event);
        }
    }
    let [
        Event::OfferRefused { status: 503, .. },
        Event::Ended { cause: Cause::Lost(503), .. },
        Event::Disconnected { .. },
    ] = &world.told[..]
    else {
        panic!("{:?}", world.told)
    };
    world.phone.hang_up(world.now, session, 603);
    assert!(matches!(world.phone.poll(), Some(Output::Event(Event::Ended { cause: Cause::HungUp(None), .. }))));
    world.assert_empty();
}

#[test]
fn a_transfer_is_asked_for_and_told_of() {
    let mut world = World::new();
    let (session, theirs) = world.call_out();
    assert!(world.phone.refer(world.now, session, "sip:c@gateway.example"));
    world.carry();
    let Some(ua::Event::RequestReceived { transaction, request, .. }) = world.heard.pop() else { panic!() };
    assert_eq!(request.headers.get(&crate::message::HeaderName::ReferTo), Some(&b"<sip:c@gateway.example>"[..]));
    world.respond(transaction, StatusCode::ACCEPTED, None);
    assert!(matches!(world.told.pop(), Some(Event::ReferAnswered { status: 202, .. })));
    let mut headers = Headers::new();
    headers.push(crate::message::HeaderName::from_token("Event"), "refer");
    let body = ua::Body { content_type: "message/sipfrag", content: "SIP/2.0 200 OK".into() };
    world.gateway.request_in_dialog(world.time(), theirs, Method::Notify, headers, Some(body)).unwrap();
    world.carry();
    assert!(matches!(world.told.pop(), Some(Event::Notified { body, .. }) if body == "SIP/2.0 200 OK"));
    assert!(matches!(world.heard.pop(), Some(ua::Event::Response { .. })));
}

#[test]
fn a_call_that_the_gateway_does_not_know_any_more_is_over() {
    let mut world = World::new();
    let (session, _) = world.call_out();
    world.gateway = World::new().gateway;
    world.phone.update(world.now, session).unwrap();
    world.carry();
    assert_eq!(ends(&world.told), ["Lost(481)"]);
    world.assert_empty();
}

#[test]
fn an_answer_of_ours_that_nobody_acknowledges_is_hung_up() {
    let mut world = World::new();
    let (session, _) = world.call_in();
    world.phone.answer(world.now, session, 200, Some("v=0".to_owned()));
    while world.phone.poll().is_some() {}
    // A hang-up waits for the ACK too.
    world.phone.hang_up(world.now, session, 603);
    assert!(world.phone.poll().is_none());
    world.now = PATIENCE;
    world.phone.timeout(PATIENCE);
    assert!(matches!(world.phone.poll(), Some(Output::Send(bye)) if bye.starts_with("BYE")));
}

#[test]
fn registrations_are_renewed_in_time_and_removed() {
    let mut world = World::new();
    let register = Register {
        registrar: "sip:gateway.example".to_owned(),
        address: "sip:a@gateway.example".to_owned(),
        token: "t".to_owned(),
        expires_s: 300,
    };
    let registration = world.phone.register(world.now, register);
    let answer = |world: &mut World, status: StatusCode, headers: &[(&str, &str)]| {
        world.carry();
        let Some(ua::Event::IncomingRequest { transaction, request, .. }) = world.heard.pop() else { panic!() };
        let mut reply = ua::Reply::new(status);
        for (name, value) in headers {
            reply.headers.push(crate::message::HeaderName::from_token(name), (*value).to_owned());
        }
        world.gateway.respond(world.time(), transaction, reply).unwrap();
        world.carry();
        request
    };
    let request = answer(&mut world, StatusCode::new(423).unwrap(), &[("Min-Expires", "400")]);
    assert!(request.is_well_formed());
    let own = "<sip:x@phone.invalid;transport=ws>;+sip.instance=\"<urn:uuid:1>\";reg-id=1;expires=400";
    let contacts = ["<sip:y@other.invalid>;expires=9, ", own].concat();
    let request = answer(&mut world, StatusCode::OK, &[("Contact", &contacts)]);
    assert_eq!(request.expires().unwrap(), Some(400));
    assert!(matches!(world.told.pop(), Some(Event::Registered { expires_s: 400, .. })), "{:?}", world.told);
    assert_eq!(world.phone.next_timeout(), Some(360_000));
    assert!(world.phone.refresh(world.now, registration, "t2"));
    let request = answer(&mut world, StatusCode::OK, &[("Expires", "60")]);
    assert_eq!(request.headers.get(&crate::message::HeaderName::Authorization), Some(&b"Bearer t2"[..]));
    assert_eq!(request.cseq().unwrap().number, 3);
    assert_eq!(world.phone.next_timeout(), Some(30_000));
    world.wait(30_000);
    answer(&mut world, StatusCode::FORBIDDEN, &[]);
    assert!(matches!(world.told.pop(), Some(Event::RegistrationFailed { status: 403, .. })));
    assert!(!world.phone.refresh(world.now, registration, "t"));
    world.assert_empty();
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut world = World::new();
    let (_, _) = world.call_out();
    let request = |method: &str, to: &str, more: &str| {
        format!(
            "{method} sip:x@phone.invalid SIP/2.0\r\nVia: SIP/2.0/WSS g;branch=z9hG4bKx\r\nFrom: <sip:b@c>;tag=1\r\n\
             To: <sip:a@c>{to}\r\nCall-ID: y\r\nCSeq: 2 {method}\r\n{more}\r\n"
        )
    };
    for (text, status) in [
        (request("BYE", ";tag=unknown", ""), 481),
        (request("CANCEL", "", ""), 481),
        (request("UPDATE", "", ""), 481),
        (request("MESSAGE", "", ""), 405),
        (request("x-odd", "", ""), 501),
        (request("INVITE", "", "Require: 100rel\r\n"), 420),
        (request("INVITE", "", "Contact: <sip:b@c>\r\n"), 488),
        (request("INVITE", "", "Contact: <sip:b@c>\r\nContent-Type: text/plain\r\n\r\nhello"), 415),
        (request("OPTIONS", "", ""), 200),
        (request("BYE", ";tag=1", "").replace("CSeq: 2 BYE", "CSeq: BYE"), 400),
    ] {
        world.phone.receive(world.now, &text);
        let Some(Output::Send(answer)) = world.phone.poll() else { panic!("no answer to {text}") };
        let answered = Message::read(&answer).and_then(|answer| answer.status());
        assert_eq!(answered, Some(status), "{text}");
    }
    for text in ["", "\r\n", "nonsense", &request("ACK", ";tag=1", ""), "SIP/2.0 200 OK\r\n\r\n"] {
        world.phone.receive(world.now, text);
        assert!(world.phone.poll().is_none(), "{text}");
    }
    assert!(world.told.is_empty());
}
