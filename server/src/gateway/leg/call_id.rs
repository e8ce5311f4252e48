//! Which call a browser is in, said in SIP: the id that the REST API knows the call by.

use bytes::Bytes;
use sautikit_api::ids::CallId;
use sip::message::{HeaderName, Headers};

/// In the INVITE to a browser, in the one of the sandbox carrier, and in every 18x and 200 to one that calls (browser-sdk.md).
const CALL_ID_HEADER: &str = "X-Sautikit-Call-Id";

/// The call that the headers name.
pub(in crate::gateway) fn call_id_of(headers: &Headers) -> Option<CallId> {
    CallId::parse_any(headers.text(&HeaderName::from_token(CALL_ID_HEADER)).ok()??)
}

/// The header that names `call`.
pub(in crate::gateway) fn call_id_headers(call: CallId) -> Headers {
    let mut headers = Headers::new();
    headers.push(HeaderName::from_token(CALL_ID_HEADER), Bytes::from(call.pbx_call_id()));
    headers
}
