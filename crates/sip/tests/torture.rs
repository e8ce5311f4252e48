//! RFC 4475: every torture message gets the verdict of `rfc4475/verdicts.txt`.
//!
//! The messages are ours, written after the RFC's descriptions. `RFC4475_DIR=… cargo test` runs the
//! same table over another set, such as the RFC's own.

use std::path::PathBuf;

use sip::message::{Capabilities, HeaderName, Message, Method, Request};
use sip::parse::{self, Frame, Framer};

const METHODS: [Method; 14] = [
    Method::Invite,
    Method::Ack,
    Method::Bye,
    Method::Cancel,
    Method::Register,
    Method::Options,
    Method::Info,
    Method::Prack,
    Method::Update,
    Method::Refer,
    Method::Notify,
    Method::Subscribe,
    Method::Message,
    Method::Publish,
];

const CAPABILITIES: Capabilities<'static> = Capabilities {
    methods: &METHODS,
    extensions: &["100rel", "timer"],
    bodies: &["application/sdp", "multipart/mixed"],
    answers: "application/sdp",
};

fn own_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/rfc4475")
}

fn load(name: &str) -> Vec<u8> {
    std::fs::read(own_folder().join(format!("{name}.dat"))).unwrap()
}

fn request(name: &str) -> Request {
    match parse::message(load(name)) {
        Ok(Message::Request(request)) => request,
        other => panic!("{name}: {other:?}"),
    }
}

fn verdict(bytes: Vec<u8>) -> String {
    let refusal =
        |status: Option<sip::message::StatusCode>| status.map_or("drop".to_owned(), |status| status.to_string());
    match parse::message(bytes) {
        Err(error) => refusal(error.status()),
        Ok(Message::Request(request)) => match request.check(&CAPABILITIES) {
            Ok(()) => "accept".to_owned(),
            Err(rejection) => rejection.status.to_string(),
        },
        Ok(Message::Response(response)) => response.check().map_or("drop", |()| "accept").to_owned(),
    }
}

fn table() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(own_folder().join("verdicts.txt")).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|row| {
        let mut columns = row.split_ascii_whitespace();
        (columns.next().unwrap().to_owned(), columns.next().unwrap().to_owned())
    })
    .collect()
}

#[test]
fn every_torture_message_gets_its_verdict() {
    let folder = std::env::var_os("RFC4475_DIR").map_or_else(own_folder, PathBuf::from);
    let table = table();
    assert_eq!(table.len(), 49);
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(name, expected)| {
            let got = verdict(std::fs::read(folder.join(format!("{name}.dat"))).unwrap());
            (got != *expected).then(|| format!("{name}: {got}, not {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_documentation_says_what_the_verdicts_say() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations/sip-torture.md");
    let page = std::fs::read_to_string(page).unwrap();
    let missing = |(name, verdict): &(String, String)| !page.contains(&format!("| `{name}` | {verdict} |"));
    let missing: Vec<_> = table().into_iter().filter(missing).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn accepted_messages_print_to_equal_messages() {
    for (name, _) in table() {
        if let Ok(message) = parse::message(load(&name)) {
            assert_eq!(parse::message(message.to_bytes()).as_ref(), Ok(&message), "{name}");
        }
    }
}

#[test]
fn refused_requests_can_be_answered() {
    for (name, expected) in table() {
        let Err(error) = parse::message(load(&name)) else { continue };
        match error.response("tag1") {
            Some(response) => {
                assert_eq!(response.status.to_string(), expected, "{name}");
                assert!(response.headers.contains(&HeaderName::Via));
            }
            None => assert_eq!(expected, "drop", "{name}"),
        }
    }
}

#[test]
fn wsinv_says_what_it_says_without_its_white_space() {
    let request = request("wsinv");
    assert_eq!(request.max_forwards(), Ok(Some(42)));
    assert_eq!(request.cseq().unwrap().number, 7);
    assert_eq!(request.to().unwrap().tag(), Some("77120043k"));
    assert_eq!(request.from().unwrap().display.as_deref(), Some("A Otieno \\\""));
    let vias = request.vias().unwrap();
    assert_eq!(
        vias.iter().map(|via| via.branch()).collect::<Vec<_>>(),
        [Some("77plain"), Some("z9hG4bKq1w2e3"), Some("z9hG4bK8080")]
    );
    let contacts = request.contacts().unwrap();
    assert_eq!(contacts[0].q_thousandths(), 330);
    assert_eq!(contacts[0].addr.params.get("freshparam"), Some("freshvalue"));
    assert!(request.routes().unwrap()[0].uri.is_loose_router());
    assert_eq!(request.headers.get(&HeaderName::from_token("x-fresh-header")), Some(&b"fresh value goes on here"[..]));
    assert_eq!(request.headers.get(&HeaderName::Subject), Some(&b""[..]));
}

#[test]
fn intmeth_keeps_every_octet() {
    let request = request("intmeth");
    assert_eq!(request.method.as_str(), "*strange-Method9876543210_+`.%percent'~!");
    assert_eq!(request.uri.user.as_deref(), Some("7_odd.USER~(may-be!so)&won't+do$/wild?,/;;*"));
    assert_eq!(request.to().unwrap().display.as_deref(), Some("bell:\u{7} nul:\0 del:\u{7f}"));
    assert!(request.from().unwrap().params.get("oddParam''~+*_!.-%").unwrap().contains('☀'));
    assert!(request.headers.get(&HeaderName::from_token("oddHeader-!.%*+_`'~")).unwrap().starts_with(b"\xef\xbb\xbf"));
}

#[test]
fn escapes_are_resolved_once() {
    let request = request("esc01");
    assert_eq!(request.uri.decoded_user().as_deref(), Some("sips:baraka@example.org"));
    assert_eq!(request.to().unwrap().uri.decoded_user().as_deref(), Some("baraka"));
    // `%6C%72` is `lr`, but a parameter name is compared as it stands.
    assert!(!request.contacts().unwrap()[0].uri().is_loose_router());
    assert_eq!(self::request("escnull").contacts().unwrap()[1].uri().decoded_user().as_deref(), Some("\0\0"));
}

#[test]
fn an_escaped_name_is_another_name() {
    assert_eq!(request("esc02").contacts().unwrap().len(), 2);
}

#[test]
fn every_via_of_longreq_is_found() {
    assert_eq!(request("longreq").vias().unwrap().len(), 34);
}

#[test]
fn where_a_contact_parameter_stands_decides_whose_it_is() {
    let bare = request("cparam01").contacts().unwrap();
    assert!(bare[0].addr.params.contains("oddparam") && bare[0].uri().params.is_empty());
    let inside = request("cparam02").contacts().unwrap();
    assert!(inside[0].addr.params.is_empty() && inside[0].uri().params.contains("oddparam"));
    assert_eq!(request("regescrt").contacts().unwrap()[0].uri().headers.len(), 1);
}

#[test]
fn a_rejection_says_how_to_do_better() {
    let request = request("bext01");
    let response = request.check(&CAPABILITIES).unwrap_err().response(&request, "tag1");
    assert_eq!(response.unsupported().unwrap(), ["noSuchThing", "noOtherThing"]);
    assert_eq!(response.to().unwrap().tag(), Some("tag1"));
}

#[test]
fn on_a_stream_dblreq_is_two_messages() {
    let mut framer = Framer::new();
    framer.push(&load("dblreq"));
    let mut methods = Vec::new();
    while let Some(frame) = framer.poll().unwrap() {
        if let Frame::Message(Message::Request(request)) = frame {
            methods.push(request.method);
        }
    }
    assert_eq!(methods, [Method::Register, Method::Invite]);
}

#[test]
fn on_a_stream_clerr_waits_for_its_body() {
    let mut framer = Framer::new();
    framer.push(&load("clerr"));
    assert_eq!(framer.poll(), Ok(None));
    assert!(!framer.is_closed());
}
