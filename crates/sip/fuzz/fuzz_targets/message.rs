//! A datagram: reading, checking and answering it never panics, and what was read prints to the
//! same message. Seeds: `cargo fuzz run message corpus ../tests/rfc4475 ../tests/payloads`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::message::{Capabilities, Message, Method};
use sip::parse;

fuzz_target!(|data: &[u8]| {
    let message = match parse::message(data.to_vec()) {
        Ok(message) => message,
        Err(error) => {
            if let Some(response) = error.response("tag") {
                response.to_bytes();
            }
            return;
        }
    };
    assert_eq!(parse::message(message.to_bytes()).as_ref(), Ok(&message));
    let _ = (message.via_top(), message.vias(), message.from(), message.to(), message.contacts());
    let _ = (message.authorizations(), message.www_authenticates(), message.reason_header(), message.accept());
    let _ = (message.session_expires(), message.rack(), message.replaces(), message.refer_to(), message.event());
    match message {
        Message::Request(request) => {
            let capabilities = Capabilities {
                methods: &[Method::Invite],
                extensions: &[],
                bodies: &["application/sdp"],
                answers: "application/sdp",
            };
            if let Err(rejection) = request.check(&capabilities) {
                rejection.response(&request, "tag").to_bytes();
            }
        }
        Message::Response(response) => {
            let _ = response.check();
        }
    }
});
