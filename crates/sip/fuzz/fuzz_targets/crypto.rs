//! `a=crypto` lines: reading never panics, and what was read prints to a line that says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::sdp::Crypto;

fuzz_target!(|data: &str| {
    let Some(crypto) = Crypto::parse(data) else { return };
    assert!(!crypto.keys.is_empty());
    assert_eq!(Crypto::parse(&crypto.to_string()).as_ref(), Some(&crypto));
});
