//! A customer's server steers calls: what it is told, that it can check who tells it, and what its answers do.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use parking_lot::Mutex;
use sautikit::webhooks::signature;
use serde_json::{Value, json};

use super::support::{FROM, Live, eventually};

/// What the customer chose for the number.
const SECRET: &str = "a-secret-of-the-customer";
/// Who calls in.
const CALLER: &str = "+254722000077";

/// One callback as it arrived, signature checked.
type Form = HashMap<String, String>;

/// A customer's server: keeps what it is asked, answers the first question with its actions and the others with nothing.
#[derive(Clone, Default)]
struct Customer {
    forms: Arc<Mutex<Vec<Form>>>,
    actions: Arc<Value>,
}

impl Customer {
    /// Serves on a free port; its URL.
    async fn serve(actions: Value) -> (Self, String) {
        let customer = Self { forms: Arc::default(), actions: Arc::new(actions) };
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let url = format!("http://{}/voice", listener.local_addr().expect("an address"));
        let service = Router::new().route("/voice", post(answer)).with_state(customer.clone());
        tokio::spawn(async { axum::serve(listener, service).await });
        (customer, url)
    }

    /// The first callback that `is` true of.
    async fn told(&self, what: &str, is: impl Fn(&Form) -> bool) -> Form {
        eventually(what, async || self.forms.lock().iter().find(|form| is(form)).cloned()).await
    }
}

async fn answer(State(customer): State<Customer>, headers: HeaderMap, body: String) -> String {
    let given = headers.get(signature::HEADER).and_then(|value| value.to_str().ok()).expect("a signature");
    let signed_at = given.strip_prefix("t=").and_then(|rest| rest.split_once(',')).expect("t=…,v1=…").0;
    assert_eq!(given, signature::sign(SECRET, body.as_bytes(), signed_at.parse().expect("seconds")));
    let form = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let mut forms = customer.forms.lock();
    forms.push(form);
    if forms.len() == 1 { customer.actions.to_string() } else { String::new() }
}

fn menu() -> Value {
    json!({ "actions": [
        { "say": { "text": "Karibu." } },
        { "getDigits": { "numDigits": 3, "finishOnKey": "", "timeout": 3 } }
    ] })
}

#[tokio::test]
async fn a_caller_from_the_carrier_hears_the_customers_menu() {
    let live = Live::with_money().await;
    let (customer, url) = Customer::serve(menu()).await;
    live.route(json!({ "voice_callback_url": url, "voice_signing_secret": SECRET })).await;
    live.asha.post("/v1/sandbox/inbound", json!({ "from": CALLER, "to": FROM })).await.expect(202);
    let first = customer.told("the call", |_| true).await;
    for (name, value) in [("Direction", "inbound"), ("From", CALLER), ("To", FROM), ("CallStatus", "ringing")] {
        assert_eq!(first.get(name).map(String::as_str), Some(value), "{name}");
    }
    // Nobody presses a key: the menu's list is over, so the callback is asked with empty Digits.
    let second = customer.told("no input", |form| form.contains_key("Digits")).await;
    assert_eq!(second["Digits"], "");
    assert_eq!(second["CallStatus"], "answered");
    let last = customer.told("the end", |form| form.contains_key("IsFinal")).await;
    assert_eq!(last["CallStatus"], "completed");
    let call = live.newest_call().await;
    assert_eq!((&call["direction"], &call["from"]), (&json!("inbound"), &json!(CALLER)));
    assert_eq!(live.billed(call["id"].as_str().expect("an id")).await["cost_minor"], 0);
}

#[tokio::test]
async fn keys_pressed_over_rtp_arrive_as_digits() {
    let live = Live::with_money().await;
    let (customer, url) = Customer::serve(menu()).await;
    live.route(json!({ "voice_callback_url": url, "voice_signing_secret": SECRET })).await;
    // The sandbox's …9906 answers and presses 1 2 3 #.
    let id = live.place(json!({ "from": FROM, "to": "+254722009906" })).await;
    let pressed = customer.told("digits", |form| form.contains_key("Digits")).await;
    assert_eq!(pressed["Digits"], "123");
    assert_eq!(pressed["CallId"], id);
    live.call_that_is(&id, "completed").await;
}

#[tokio::test]
async fn a_rejected_caller_is_busy_and_never_answered() {
    let live = Live::with_money().await;
    let (_, url) = Customer::serve(json!({ "actions": [{ "reject": { "reason": "busy" } }] })).await;
    live.route(json!({ "voice_callback_url": url, "voice_signing_secret": SECRET })).await;
    live.asha.post("/v1/sandbox/inbound", json!({ "from": CALLER, "to": FROM })).await.expect(202);
    let call = live.newest_call().await;
    let call = live.call_that_is(call["id"].as_str().expect("an id"), "busy").await;
    assert_eq!(call["answered_at"], json!(null));
}
