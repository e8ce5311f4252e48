//! A datagram at the browsers' port: whose check it is, or nobody's.
#![no_main]

use libfuzzer_sys::fuzz_target;

mod leg {
    #[path = "../../../src/gateway/leg/stun.rs"]
    mod stun;

    pub fn local_fragment(datagram: &[u8]) -> Option<&str> {
        stun::local_fragment(datagram)
    }
}

fuzz_target!(|data: &[u8]| {
    if let Some(fragment) = leg::local_fragment(data) {
        assert!(!fragment.contains(':') && data.len() >= 20 + fragment.len());
    }
});
