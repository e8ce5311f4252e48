//! A session description: reading it and its typed attributes never panics, and what was read
//! prints to the same description.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::sdp;

fuzz_target!(|data: &[u8]| {
    let Ok(session) = sdp::parse(data) else { return };
    for media in &session.media {
        let _ = (media.codecs(), media.candidates(), media.ptime_ms(), media.rtcp_port());
        let _ = (
            session.direction_of(media),
            session.fingerprint(media),
            session.setup(media),
            session.connection_of(media),
        );
    }
    assert_eq!(sdp::parse(&session.to_bytes()).as_ref(), Ok(&session));
});
