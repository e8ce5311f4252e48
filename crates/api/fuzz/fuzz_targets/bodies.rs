//! Bodies of requests and the texts in addresses: each is read or refused, whatever the bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sautikit_api::ids::CallId;
use sautikit_api::{accounts, calls, keys, numbers, return_to, telephone, wallet};

fuzz_target!(|data: &[u8]| {
    let _ = serde_json::from_slice::<calls::CreateCall>(data);
    let _ = serde_json::from_slice::<accounts::MagicLinkRequest>(data);
    let _ = serde_json::from_slice::<accounts::OnboardingRequest>(data);
    let _ = serde_json::from_slice::<keys::CreateApiKey>(data);
    let _ = serde_json::from_slice::<numbers::UpdateRouting>(data);
    let _ = serde_json::from_slice::<wallet::CreateTopUp>(data);
    if let Ok(text) = core::str::from_utf8(data) {
        if let Some(id) = CallId::parse_any(text) {
            assert_eq!(CallId::parse_any(&id.to_string()), Some(id));
        }
        let _ = return_to::is_page(text);
        if let Some(written) = telephone::Written::parse(text) {
            // What is left is a number too, and the same.
            assert_eq!(telephone::Written::parse(&written.keys).map(|again| again.keys), Some(written.keys));
        }
    }
});
