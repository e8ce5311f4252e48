//! Rules that remember nothing.

use js_sys::{Date, JSON, Reflect};
use wasm_bindgen::prelude::*;

use super::{array, object, phone};
use crate::call_state::CallState;
use crate::reason::Ended;
use crate::token::{self, Times};
use crate::{address, backoff, headers, offer, quality, transfer};

/// The address of a destination; none when it is none.
#[wasm_bindgen(skip_typescript)]
pub fn target(destination: &str, domain: &str) -> Option<String> {
    address::target(destination, domain)
}

/// What the page is shown of an address.
#[wasm_bindgen(skip_typescript)]
pub fn shown(address: &str) -> String {
    address::shown(address)
}

/// The value of P-Preferred-Identity for a number; none when it is none.
#[wasm_bindgen(js_name = preferredIdentity, skip_typescript)]
pub fn preferred_identity(from: &str, domain: &str) -> Option<String> {
    address::preferred_identity(from, domain)
}

/// Whether a page may tell these names and values, lines in turn, with its call.
#[wasm_bindgen(js_name = mayTell, skip_typescript)]
pub fn may_tell(told: &str) -> bool {
    headers::may_send(&headers::pairs(told))
}

/// A description as it goes on the wire; of a narrow line if it is one.
#[wasm_bindgen(js_name = forTheWire, skip_typescript)]
pub fn for_the_wire(sdp: &str, is_narrow: bool) -> String {
    offer::for_the_wire(sdp, is_narrow)
}

/// State and status of a transfer, by a `message/sipfrag`.
#[wasm_bindgen(js_name = transferProgress, skip_typescript)]
pub fn transfer_progress(sipfrag: &str) -> JsValue {
    let told = transfer::progress(sipfrag);
    told.map_or(JsValue::UNDEFINED, |(progress, code)| array(&[progress.as_str().into(), code.into()]))
}

/// What the page is told of a call in this state that we end with this status.
#[wasm_bindgen(js_name = endedByUs, skip_typescript)]
pub fn ended_by_us(state: &str, status: u16) -> JsValue {
    phone::ended(Ended::by_us(CallState::of(state), status))
}

/// The wait before an attempt to connect, counted from 0, that calls in another network may wait for; `random` in 0..1.
#[wasm_bindgen(js_name = backoffMs, skip_typescript)]
pub fn backoff_ms(attempt: u32, is_hanging: bool, random: f64) -> i32 {
    backoff::delay_ms(attempt, is_hanging, random)
}

/// The wait before the next token is fetched.
#[wasm_bindgen(js_name = refreshAfterMs, skip_typescript)]
pub fn refresh_after_ms(granted: f64, token_left: f64, random: f64) -> f64 {
    token::refresh_after(granted as u64, token_left as u64, random) as f64
}

/// The same after failures in a row.
#[wasm_bindgen(js_name = retryAfterMs, skip_typescript)]
pub fn retry_after_ms(failures: u32) -> f64 {
    token::retry_after(failures) as f64
}

/// The score that a way with these figures lets expect.
#[wasm_bindgen(js_name = expectedMos, skip_typescript)]
pub fn expected_mos(rtt_ms: f64, jitter_ms: f64, loss_percent: f64) -> f64 {
    quality::mos(true, rtt_ms, jitter_ms, loss_percent)
}

/// Reads the token endpoint's answer, an object or the token alone, which was `served` at a time that is NaN when unknown: the
/// token, who we are, where the gateway is, and how long that holds. Undefined when there is no usable token in it.
#[wasm_bindgen(js_name = readToken, skip_typescript)]
pub fn read_token(answer: &JsValue, served: f64, gateway: Option<String>, wall_ms: f64) -> JsValue {
    read(answer, served, gateway, wall_ms).unwrap_or_default()
}

fn read(answer: &JsValue, served: f64, gateway: Option<String>, wall_ms: f64) -> Option<JsValue> {
    let token = answer.as_string().or_else(|| text(answer, "token"))?;
    let claims = token::claims(&token).and_then(|json| JSON::parse(&json).ok()).unwrap_or_default();
    let gateway = gateway.filter(|gateway| !gateway.is_empty());
    let gateway = gateway.or_else(|| text(answer, "ws_url")).or_else(|| token::gateway_of(&text(&claims, "iss")?))?;
    let subject = text(&claims, "sub");
    let address = text(answer, "sip_uri").or_else(|| {
        let user = token::user_of(subject.as_deref()?, &text(&claims, "ws")?);
        Some(["sip:", &user, "@", token::host_of(&gateway)?].concat())
    });
    let address = address::valid(address?)?;
    let domain = address.rsplit_once('@')?.1.to_owned();
    let millis = |claim| get(&claims, claim).as_f64().map(|seconds| seconds * 1000.0);
    let finite = |millis: &f64| millis.is_finite();
    let dated = text(answer, "expires_at").map(|date| Date::parse(&date)).filter(finite);
    let served = Some(served).filter(finite);
    let life = Times { issued: millis("iat"), ends: millis("exp").or(dated), served }.left(wall_ms);
    let identity = text(answer, "identity").or(subject).unwrap_or_default();
    let rings = get(&get(&claims, "perms"), "inbound").as_bool() != Some(false);
    Some(object(&[
        ("token", token.into()),
        ("gateway", gateway.into()),
        ("address", address.into()),
        ("domain", domain.into()),
        ("identity", identity.into()),
        ("lifeMs", (life as f64).into()),
        ("rings", rings.into()),
        ("iceServers", get(answer, "ice_servers")),
    ]))
}

/// A property; undefined when the value is no object.
fn get(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or_default()
}

/// A property that is a string with something in it.
fn text(of: &JsValue, name: &str) -> Option<String> {
    get(of, name).as_string().filter(|text| !text.is_empty())
}
