//! RFC 4475 from a trunk: what an agent answers to each of the 49 messages as a datagram. `tests/torture.rs` has the
//! verdicts of parser and checks alone; this is what the peer sees.

use core::time::Duration;
use std::path::PathBuf;

use sip::message::Method;
use sip::ua::{Config, Input, Local, LocalId, Output, Party, Path, Transport, Ua};

/// Knows the extensions and methods of the verdicts, so that only what is broken is refused.
fn agent() -> Ua {
    let contact = sip::message::Uri::parse("sip:agent@192.0.2.1").unwrap();
    let local = Local { transport: Transport::Udp, sent_by: "192.0.2.1".into(), contact };
    let mut config = Config::new(vec![local], [3; 32]);
    config.allow.extend([Method::Register, Method::Message, Method::Publish, Method::Refer]);
    config.bodies.push("multipart/mixed");
    Ua::new(config)
}

/// The final answers to one datagram, with the port that they go to.
fn answers(bytes: Vec<u8>) -> Vec<(u16, u16)> {
    let mut agent = agent();
    let flow = sip::ua::FlowId(1);
    let path = Path { flow, local: LocalId(0), remote: "192.0.2.77:40000".parse().unwrap() };
    let input = match sip::parse::message(bytes::Bytes::from(bytes)) {
        Ok(message) => Input::Received { path, party: Party::Trunk(0), message },
        Err(error) => Input::Unreadable { path, error },
    };
    agent.handle(Duration::ZERO, input);
    let mut answers = Vec::new();
    while let Some(output) = agent.poll() {
        let Output::Send { bytes, path } = output else { continue };
        assert_eq!(path.remote.ip(), "192.0.2.77".parse::<std::net::IpAddr>().unwrap());
        // Our own answer repeats what of the message is broken, so that not every parser can read it.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(code) = text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)) {
            answers.push((code.parse().unwrap(), path.remote.port()));
        }
    }
    answers
}

#[test]
fn every_torture_message_that_is_refused_is_answered_once_and_every_other_waits_for_its_owner() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/rfc4475");
    let folder = std::env::var_os("RFC4475_DIR").map_or(folder.clone(), PathBuf::from);
    let table =
        std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/rfc4475/verdicts.txt")).unwrap();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for row in table.lines().filter(|row| !row.starts_with('#') && !row.is_empty()) {
        let mut columns = row.split_ascii_whitespace();
        let (name, verdict) = (columns.next().unwrap(), columns.next().unwrap());
        seen += 1;
        let got: Vec<u16> =
            answers(std::fs::read(folder.join(format!("{name}.dat"))).unwrap()).iter().map(|answer| answer.0).collect();
        let expected = match (name, verdict) {
            // In order itself, and in a dialog that nobody here knows.
            ("wsinv", "accept") => vec![481],
            // In order by the rules of its time, which did not ask for the Contact that a dialog needs.
            ("inv2543", "accept") => vec![400],
            (_, "accept" | "drop") => vec![],
            (_, code) => vec![code.parse().unwrap()],
        };
        if got != expected {
            wrong.push(format!("{name}: {got:?}, not {expected:?}"));
        }
    }
    assert_eq!(seen, 49);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_answer_to_a_broken_via_goes_to_the_port_that_it_names() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/rfc4475");
    let of = |name: &str| answers(std::fs::read(folder.join(format!("{name}.dat"))).unwrap());
    assert_eq!(of("badinv01").first().map(|answer| answer.1).unwrap(), 5060);
}
