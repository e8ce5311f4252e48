//! Datagrams at a user agent, one after the other: bodies are unwrapped, transactions and dialogs made, answered and ended,
//! and nothing panics or stays. A record separator (0x1e) ends a datagram; the first byte of each says what the owner does.
#![no_main]

use core::time::Duration;

use libfuzzer_sys::fuzz_target;
use sip::message::{Headers, StatusCode, Uri};
use sip::ua::{Body, Config, Event, FlowId, Input, Local, LocalId, Output, Party, Path, Reply, Transport, Ua};

const SEPARATOR: u8 = 0x1e;
const STATUSES: [u16; 6] = [180, 183, 200, 302, 486, 603];
/// Timer H, J and the longest wait of a session that nobody acknowledges, with room (RFC 3261 §17).
const LONG: Duration = Duration::from_secs(200);

fuzz_target!(|data: &[u8]| {
    let contact = Uri::parse("sip:agent@192.0.2.1").expect("a URI");
    let local = Local { transport: Transport::Udp, sent_by: "192.0.2.1".into(), contact };
    let mut agent = Ua::new(Config::new(vec![local], [3; 32]));
    let path = Path { flow: FlowId(0), local: LocalId(0), remote: ([203, 0, 113, 7], 5060).into() };
    let mut now = Duration::from_secs(1);
    for datagram in data.split(|byte| *byte == SEPARATOR) {
        let [manner, datagram @ ..] = datagram else { continue };
        now += Duration::from_millis(u64::from(*manner) * 8);
        agent.handle(now, Input::Timeout);
        let input = match sip::parse::message(datagram.to_vec()) {
            Ok(message) => Input::Received { path, party: Party::Trunk(0), message },
            Err(error) => Input::Unreadable { path, error },
        };
        agent.handle(now, input);
        drain(&mut agent, now, *manner);
    }
    // Nobody speaks any more: what is open ends by itself, except an answered call, which its owner ends.
    while let Some(due) = agent.next_timeout().filter(|due| *due < now + LONG) {
        agent.handle(due, Input::Timeout);
        drain(&mut agent, due, 2);
    }
});

fn drain(agent: &mut Ua, now: Duration, manner: u8) {
    while let Some(output) = agent.poll() {
        let Output::Event(event) = output else { continue };
        let status = StatusCode::new(STATUSES[usize::from(manner) % STATUSES.len()]).expect("a status");
        let reply = Reply::new(status).body(Body::sdp("v=0 something"));
        match event {
            Event::IncomingInvite { session, transaction, .. } => {
                let _ = agent.respond(now, transaction, reply);
                if manner & 0x40 != 0 {
                    let _ = agent.hang_up(now, session, StatusCode::DECLINE, Headers::new());
                }
            }
            Event::ReinviteReceived { transaction, .. }
            | Event::UpdateReceived { transaction, .. }
            | Event::InfoReceived { transaction, .. }
            | Event::RequestReceived { transaction, .. }
            | Event::IncomingRequest { transaction, .. } => {
                let _ = agent.respond(now, transaction, reply);
            }
            Event::AckReceived { session, .. } if manner & 0x20 != 0 => {
                let _ = agent.reinvite(now, session, Headers::new(), Some(Body::sdp("v=0 offer")));
            }
            _ => {}
        }
    }
}
