//! A datagram at the browsers' port: whose check it is, or nobody's.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../src/gateway/leg/stun.rs"]
mod stun;

fuzz_target!(|data: &[u8]| {
    if let Some(fragment) = stun::local_fragment(data) {
        assert!(!fragment.contains(':') && data.len() >= 20 + fragment.len());
    }
});
