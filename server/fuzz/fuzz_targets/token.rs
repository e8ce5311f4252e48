//! What comes as a token: read by the gateway as a JWT that nobody signed, and by the SDK without its key.
#![no_main]

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../../browser-sdk/src/token.rs"]
mod token;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(header) = jsonwebtoken::decode_header(text) {
        let validation = Validation::new(Algorithm::HS256);
        let key = DecodingKey::from_secret(b"a key that no input knows");
        let decoded = jsonwebtoken::decode::<serde_json::Value>(text, &key, &validation);
        assert!(decoded.is_err(), "{header:?}");
    }
    if let Some(claims) = token::claims(text) {
        let _ = serde_json::from_str::<serde_json::Value>(&claims);
    }
    let _ = (token::gateway_of(text), token::host_of(text));
});
