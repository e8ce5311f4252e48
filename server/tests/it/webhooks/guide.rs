//! The Rust code of the guide to signatures, as it stands there. `end2end/webhooks/verify.test.js` runs the other languages'.

use sautikit::webhooks::signature::sign;

/// The page.
const GUIDE: &str = include_str!("../../../../docs/concepts/webhooks.md");
/// This file.
const OWN: &str = include_str!("guide.rs");

fn verify(body: &[u8], header: &str, secret: &str, now: i64) -> bool {
    use hmac::{Hmac, KeyInit, Mac};
    let part = |name: &str| header.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    let (Some(t), Some(v1)) = (part("t"), part("v1")) else { return false };
    let is_fresh = t.parse::<i64>().is_ok_and(|t| now.abs_diff(t) <= 300);
    let byte = |at: usize| u8::from_str_radix(v1.get(at..at + 2)?, 16).ok();
    let given: Option<Vec<u8>> = (0..v1.len()).step_by(2).map(byte).collect();
    let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(body);
    mac.update(b".");
    mac.update(t.as_bytes());
    is_fresh && given.is_some_and(|given| mac.verify_slice(&given).is_ok())
}

#[test]
fn the_guides_rust_is_what_is_tested_here() {
    let code = GUIDE.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).expect("code in Rust");
    assert!(OWN.contains(code), "the guide and this file differ");
}

#[test]
fn the_guides_rust_takes_what_is_ours_and_nothing_else() {
    let (secret, body, now) = ("whsec_of-a-test", b"{\"id\":\"evt_1\"}", 1_700_000_000);
    let header = sign(secret, body, now);
    assert!(verify(body, &header, secret, now) && verify(body, &header, secret, now + 300));
    assert!(!verify(b"{\"id\":\"evt_2\"}", &header, secret, now));
    assert!(!verify(body, &header, secret, now + 301) && !verify(body, &header, secret, now - 301));
    assert!(!verify(body, &header, "whsec_of-another", now));
    for broken in
        ["", "t=", "v1=00", "t=1700000000,v1=zz", "t=1700000000,v1=0", "t=x,v1=00", "t=-9223372036854775808,v1=00"]
    {
        assert!(!verify(body, broken, secret, now), "{broken}");
    }
}
