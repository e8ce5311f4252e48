//! Printing and parsing are inverse, and no bytes make the parsers panic.

use proptest::prelude::*;
use sip::message::{
    Contact, Credentials, HeaderName, Host, Message, Method, NameAddr, Request, Response, StatusCode, Uri, Via,
};
use sip::parse::{self, Frame, Framer};
use sip::phone::{self, Phone};
use sip::sdp::{self, Crypto, InlineKey, Mki};

fn phone() -> Phone {
    Phone::new(phone::Config {
        host: "a.invalid".to_owned(),
        contact: "sip:a@a.invalid".to_owned(),
        instance: "<urn:uuid:1>".to_owned(),
        product: "test",
        random: || 7,
    })
}

fn host() -> impl Strategy<Value = Host> {
    prop_oneof![
        "[a-z][a-z0-9]{0,8}(\\.[a-z][a-z0-9]{0,8}){0,2}".prop_map(Host::Name),
        any::<[u8; 4]>().prop_map(|octets| Host::V4(octets.into())),
        any::<[u16; 8]>().prop_map(|groups| Host::V6(groups.into())),
    ]
}

fn uri() -> impl Strategy<Value = Uri> {
    let param = prop_oneof![Just(None), Just(Some(("transport", "ws"))), Just(Some(("user", "phone")))];
    (prop::option::of("\\PC{1,12}"), host(), prop::option::of(any::<u16>()), param).prop_map(
        |(user, host, port, param)| {
            let mut uri = Uri::sip(user.as_deref(), host, port);
            if let Some((name, value)) = param {
                uri.params.set(name, value);
            }
            uri
        },
    )
}

fn name_addr() -> impl Strategy<Value = NameAddr> {
    (prop::option::of("\\PC{1,16}"), uri(), "[a-z0-9]{1,10}")
        .prop_map(|(display, uri, tag)| NameAddr { display, ..NameAddr::new(uri).with_tag(&tag) })
}

fn via() -> impl Strategy<Value = Via> {
    (prop_oneof![Just("UDP"), Just("WSS")], host(), prop::option::of(any::<u16>()), "z9hG4bK[a-zA-Z0-9]{1,12}")
        .prop_map(|(transport, host, port, branch)| Via::new(transport, host, port, &branch))
}

fn crypto() -> impl Strategy<Value = Crypto> {
    let mki = ("[0-9]{1,10}", 1_u8..=128).prop_map(|(value, length)| Mki { value, length });
    let key = ("[A-Za-z0-9+/]{1,60}={0,2}", prop::option::of("(2\\^)?[0-9]{1,9}"), prop::option::of(mki))
        .prop_map(|(text, lifetime, mki)| InlineKey { text, lifetime, mki });
    let parameters = prop::collection::vec("[A-Z_]{1,20}(=[0-9]{1,3})?", 0..4);
    (0_u32..1_000_000_000, "[A-Z0-9_]{1,24}", prop::collection::vec(key, 1..4), parameters)
        .prop_map(|(tag, suite, keys, parameters)| Crypto { tag, suite, keys, parameters })
}

fn request() -> impl Strategy<Value = Request> {
    (
        uri(),
        prop::collection::vec(via(), 1..4),
        name_addr(),
        name_addr(),
        any::<u32>(),
        prop::collection::vec(any::<u8>(), 0..80),
    )
        .prop_map(|(uri, vias, from, to, cseq, body)| {
            let mut request = Request::new(Method::Invite, uri);
            for via in vias {
                request.headers.push(HeaderName::Via, via.to_string());
            }
            request.headers.push(HeaderName::From, from.to_string());
            request.headers.push(HeaderName::To, to.to_string());
            request.headers.push(HeaderName::CallId, "c@h");
            request.headers.push(HeaderName::CSeq, format!("{cseq} INVITE"));
            request.headers.push(HeaderName::from_token("X-Octets"), vec![0xff, b'"', 0xfe]);
            request.body = body.into();
            request
        })
}

proptest! {
    #[test]
    fn uris_survive_printing(uri in uri()) {
        let text = uri.to_string();
        let back = Uri::parse(&text).unwrap();
        prop_assert_eq!(&back, &uri);
        prop_assert_eq!(back.to_string(), text);
    }

    #[test]
    fn a_user_is_what_was_put_in(user in "\\PC{1,20}") {
        let text = Uri::sip(Some(&user), Host::Name("h".into()), None).to_string();
        let back = Uri::parse(&text).unwrap();
        prop_assert_eq!(back.decoded_user().unwrap(), user);
    }

    #[test]
    fn addresses_survive_printing(address in name_addr()) {
        prop_assert_eq!(NameAddr::parse(address.to_string().as_bytes()), Some(address));
    }

    #[test]
    fn vias_survive_printing(via in via()) {
        prop_assert_eq!(Via::parse(via.to_string().as_bytes()), Some(via));
    }

    #[test]
    fn credentials_survive_printing(value in "\\PC{0,24}", bare in "[a-z0-9]{1,8}") {
        let mut credentials = Credentials::new("Digest");
        credentials.params.set_quoted("username", value);
        credentials.params.set("nc", bare);
        let text = credentials.to_string();
        prop_assert!(Credentials::parse(text.as_bytes()) == Some(credentials));
    }

    #[test]
    fn requests_survive_printing(request in request()) {
        let message = Message::Request(request);
        prop_assert_eq!(parse::message(message.to_bytes()), Ok(message));
    }

    #[test]
    fn responses_survive_printing(request in request(), code in 100u16..700, tag in "[a-z0-9]{1,8}") {
        let message = Message::Response(Response::to_request(&request, StatusCode::new(code).unwrap(), Some(&tag)));
        prop_assert_eq!(parse::message(message.to_bytes()), Ok(message));
    }

    #[test]
    fn streams_give_what_was_sent(requests in prop::collection::vec(request(), 1..4), step in 1usize..600) {
        let stream: Vec<u8> = requests.iter().flat_map(|request| request.to_bytes()).collect();
        let mut framer = Framer::new();
        let mut got = Vec::new();
        for piece in stream.chunks(step) {
            framer.push(piece);
            while let Some(Frame::Message(Message::Request(request))) = framer.poll().unwrap() {
                got.push(request);
            }
        }
        prop_assert_eq!(got, requests);
    }

    #[test]
    fn crypto_lines_survive_printing(crypto in crypto()) {
        prop_assert_eq!(Crypto::parse(&crypto.to_string()), Some(crypto));
    }

    #[test]
    fn damaged_crypto_lines_are_read_as_what_they_print(crypto in crypto(), at in any::<prop::sample::Index>(), sign in "\\PC") {
        let mut line: Vec<char> = crypto.to_string().chars().collect();
        let at = at.index(line.len());
        drop(line.splice(at..=at, sign.chars()));
        let line: String = line.into_iter().collect();
        if let Some(read) = Crypto::parse(&line) {
            prop_assert_eq!(Crypto::parse(&read.to_string()), Some(read));
        }
    }

    #[test]
    fn header_values_cannot_start_a_header(value in "\\PC{0,8}[\r\n]{1,3}Route: x[\r\n]{0,2}") {
        let mut request = Request::new(Method::Options, Uri::parse("sip:h").unwrap());
        request.headers.push(HeaderName::Subject, value);
        let text = request.to_bytes();
        prop_assert_eq!(text.iter().filter(|&&byte| byte == b'\n').count(), 4);
    }

    #[test]
    fn no_bytes_make_the_parsers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse::message(bytes.clone());
        let _ = sdp::parse(&bytes);
        let _ = (NameAddr::parse(&bytes), Via::parse(&bytes), Contact::parse(&bytes), Uri::parse(&bytes));
        phone().receive(0, &String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn damaged_messages_make_no_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = include_bytes!("payloads/chrome_invite.sip").to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(cut.index(bytes.len()).max(1) + 1);
        phone().receive(0, &String::from_utf8_lossy(&bytes));
        if let Ok(message) = parse::message(bytes) {
            let _ = (message.vias(), message.from(), message.to(), message.contacts(), sdp::parse(message.body()));
            prop_assert_eq!(parse::message(message.to_bytes()), Ok(message));
        }
    }
}
