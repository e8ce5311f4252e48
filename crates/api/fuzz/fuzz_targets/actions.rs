//! A customer's answer to a voice callback: read or refused with a place, never worse; what was read fits its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sautikit_api::actions::{Asked, MAX_ACTIONS, parse_json, parse_xml};

fuzz_target!(|data: &[u8]| {
    match parse_json(data) {
        Ok(actions) => assert!(actions.len() <= MAX_ACTIONS),
        Err(error) => assert!(!error.message.is_empty()),
    }
    match parse_xml(data, &Asked { url: "https://shop.example/voice", room: "room", compat: sautikit_api::numbers::Compat::Sautikit }) {
        // Keys that nobody presses may end the call by an action of its own.
        Ok(document) => assert!(document.actions.len() <= MAX_ACTIONS + 1),
        Err(error) => assert!(!error.message.is_empty()),
    }
});
