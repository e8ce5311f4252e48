//! What a REFER asks for and what an INVITE replaces: reading never panics, and what was read of Replaces prints to a value that
//! says the same, by itself and escaped in the URI of a Refer-To (RFC 3891 §6.1, RFC 3515 §2.1).
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::message::header::Replaces;
use sip::message::{HeaderName, Method, Request, Uri};

fuzz_target!(|data: &[u8]| {
    if let Some(replaces) = Replaces::parse(data) {
        assert_eq!(Replaces::parse(replaces.to_string().as_bytes()).as_ref(), Some(&replaces));
    }
    let mut request = Request::new(Method::Refer, Uri::parse("sip:agent@192.0.2.1").expect("a URI"));
    request.headers.push(HeaderName::ReferTo, data.to_vec());
    let Ok(Some(target)) = request.refer_to() else { return };
    for (name, value) in &target.uri.headers {
        if name.eq_ignore_ascii_case("replaces") {
            let _ = Replaces::parse(value.as_bytes());
        }
    }
});
