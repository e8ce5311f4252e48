//! A customer's server steers calls: what it is told, that it can check who tells it, and what its answers do.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Redirect;
use axum::routing::{get, post};
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
        let service = Router::new()
            .route("/voice", post(answer))
            .route("/moved", post(async || Redirect::temporary("/voice")))
            .route("/found", post(async || (StatusCode::FOUND, [(header::LOCATION, "/voice")])))
            .route("/got", get(answer_to_get))
            .route("/loop", post(async || Redirect::permanent("/loop")))
            .with_state(customer.clone());
        tokio::spawn(async { axum::serve(listener, service).await });
        (customer, url)
    }

    /// The first callback that `is` true of.
    async fn told(&self, what: &str, is: impl Fn(&Form) -> bool) -> Form {
        eventually(what, async || self.forms.lock().iter().find(|form| is(form)).cloned()).await
    }
}

/// The query stands where the form is.
async fn answer_to_get(customer: State<Customer>, headers: HeaderMap, RawQuery(query): RawQuery) -> String {
    answer(customer, headers, query.unwrap_or_default()).await
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

/// The data of the timeline's entries of this kind.
fn of_kind(timeline: &[Value], kind: &str) -> Vec<Value> {
    timeline.iter().filter(|event| event["kind"] == kind).map(|event| event["data"].clone()).collect()
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
    let id = call["id"].as_str().expect("an id");
    assert_eq!(live.billed(id).await["cost_minor"], 0);
    // Each question is on the timeline with its answer; the last answer comes after the end.
    let timeline = eventually("the last answer is recorded", async || {
        let timeline = live.timeline(id).await;
        (of_kind(&timeline, "callback.answered").len() == 3).then_some(timeline)
    })
    .await;
    let sent = of_kind(&timeline, "callback.sent");
    assert_eq!(sent.iter().map(|sent| &sent["final"]).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!((&sent[0]["url"], &sent[0]["params"]["CallStatus"]), (&json!(url), &json!("ringing")));
    let answered = of_kind(&timeline, "callback.answered");
    assert_eq!((&answered[0]["status"], &answered[0]["actions"]), (&json!(200), &json!(2)));
    assert_eq!(answered[0]["body"], menu().to_string());
    // With the headers of both ways: the signature is recognisable and can't be sent again.
    let header = |of: &str, name: &str| {
        let pairs = answered[0][of].as_array().cloned().unwrap_or_default();
        pairs.iter().find(|pair| pair[0] == name).and_then(|pair| pair[1].as_str().map(str::to_owned))
    };
    assert_eq!(header("headers", "content-type").as_deref(), Some("text/plain; charset=utf-8"));
    let signature = header("request_headers", "x-sautikit-signature").expect("a signature");
    assert!(signature.starts_with("t=") && signature.ends_with('…'), "{signature}");
    assert!(answered.iter().all(|answer| answer["ms"].is_u64()), "{answered:?}");
    for (kind, verbs) in [("verb.started", ["say", "getDigits"]), ("verb.ended", ["say", "getDigits"])] {
        let entries = of_kind(&timeline, kind);
        assert_eq!(entries.iter().map(|entry| &entry["verb"]).collect::<Vec<_>>(), verbs, "{kind}");
    }
}

#[tokio::test]
async fn a_customers_server_that_fails_is_told_on_the_timeline() {
    let live = Live::with_money().await;
    let (_, url) = Customer::serve(json!({ "actions": [{ "sing": {} }] })).await;
    live.route(json!({ "voice_callback_url": url, "voice_signing_secret": SECRET })).await;
    live.asha.post("/v1/sandbox/inbound", json!({ "from": CALLER, "to": FROM })).await.expect(202);
    let call = live.newest_call().await;
    let id = call["id"].as_str().expect("an id");
    let timeline = eventually("the failure is recorded", async || {
        let timeline = live.timeline(id).await;
        (!of_kind(&timeline, "call.callback_failed").is_empty()).then_some(timeline)
    })
    .await;
    let failed = of_kind(&timeline, "callback.failed");
    assert_eq!((&failed[0]["code"], &failed[0]["status"]), (&json!("actions.invalid"), &json!(200)));
    assert!(failed[0]["body"].as_str().is_some_and(|body| body.contains("sing")), "{failed:?}");
    let reason = of_kind(&timeline, "call.callback_failed")[0]["reason"].as_str().expect("a reason").to_owned();
    assert!(reason.contains("actions[0]"), "{reason}");
    // And to who is told of events.
    tokio::spawn(sautikit::webhooks::run_until_stopped(live.server.app.clone()));
    let told = eventually("the event has its place", async || {
        let events = live.asha.get("/v1/events?event=call.callback_failed").await.expect(200).json;
        events.get(0).cloned()
    })
    .await;
    assert_eq!((&told["data"]["call_id"], &told["data"]["callback"]["reason"]), (&json!(id), &json!(reason)));
}

/// What no call can use, and what its timeline says of that.
fn unusable() -> Vec<(&'static str, String, &'static str)> {
    let say = json!({ "say": { "text": "a" } });
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><Response><Say>&c;</Say></Response>";
    vec![
        ("type", json!({ "actions": [{ "say": { "text": 5 } }] }).to_string(), "actions[0].say.text"),
        ("many", json!({ "actions": vec![say; 51] }).to_string(), "at most 50 actions"),
        ("large", format!("{{\"actions\": []}}{}", " ".repeat(10 << 20)), "too large"),
        ("deep", "[".repeat(10_000), "not usable JSON"),
        ("deep-xml", format!("<Response>{}", "<Say>".repeat(10_000)), "not usable XML"),
        ("bomb", bomb.to_owned(), "not usable XML"),
        ("page", "<!DOCTYPE html><html><body>Server error</body></html>".to_owned(), "HTML page"),
    ]
}

/// Answers each path with what [`unusable`] has for it.
async fn serve_unusable() -> String {
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let mut service = Router::new().route("/error", post(async || StatusCode::INTERNAL_SERVER_ERROR));
    for (path, body, _) in unusable() {
        service = service.route(&format!("/{path}"), post(async move || body.clone()));
    }
    tokio::spawn(async { axum::serve(listener, service).await });
    url
}

#[tokio::test]
async fn whatever_a_customers_server_answers_the_caller_hears_of_it_and_other_calls_go_on() {
    let live = Live::with_money().await;
    let (customer, good) = Customer::serve(json!({ "actions": [{ "pause": { "length": 2 } }] })).await;
    live.route(json!({ "voice_signing_secret": SECRET })).await;
    let url = serve_unusable().await;
    let place = |url: String| live.place(json!({ "from": FROM, "to": "+254722000042", "voice_callback_url": url }));
    let undisturbed = place(good).await;
    let mut failing = Vec::new();
    for (path, reason) in unusable().iter().map(|(path, _, reason)| (*path, *reason)).chain([("error", "500")]) {
        failing.push((path, reason, place(format!("{url}/{path}")).await));
    }
    for (path, reason, id) in failing {
        let ended = live.call_that_is(&id, "completed").await;
        assert_eq!(ended["hangup_cause"], "call.callback_failed", "{path}");
        let timeline = live.timeline(&id).await;
        let failed = of_kind(&timeline, "call.callback_failed");
        let told = failed.first().and_then(|failed| failed["reason"].as_str()).unwrap_or_default();
        assert!(told.contains(reason), "{path}: {told}");
        assert!(of_kind(&timeline, "speech.failed").is_empty(), "{path}: the apology is heard");
    }
    customer.told("the end of the other call", |form| form.contains_key("IsFinal")).await;
    assert_eq!(live.call_that_is(&undisturbed, "completed").await["hangup_cause"], "normal_clearing");
}

/// Signed for each hop anew: what arrives is checked.
#[tokio::test]
async fn a_callback_follows_redirects_that_keep_its_method_and_no_others() {
    let live = Live::with_money().await;
    let (customer, url) = Customer::serve(menu()).await;
    live.route(json!({ "voice_callback_url": url.replace("/voice", "/moved"), "voice_signing_secret": SECRET })).await;
    live.asha.post("/v1/sandbox/inbound", json!({ "from": CALLER, "to": FROM })).await.expect(202);
    customer.told("the question behind the redirect", |form| form.contains_key("CallId")).await;
    for refused in ["/found", "/loop"] {
        live.route(json!({ "voice_callback_url": url.replace("/voice", refused) })).await;
        live.asha.post("/v1/sandbox/inbound", json!({ "from": CALLER, "to": FROM })).await.expect(202);
        let call = live.newest_call().await;
        let id = call["id"].as_str().expect("an id").to_owned();
        let failed = eventually("the failure is recorded", async || {
            of_kind(&live.timeline(&id).await, "callback.failed").first().cloned()
        })
        .await;
        assert!(
            failed["reason"].as_str().or(failed["message"].as_str()).is_some() || failed["code"].is_string(),
            "{failed}"
        );
    }
}

#[tokio::test]
async fn a_url_that_says_so_is_asked_by_get_and_told_the_end_too() {
    let live = Live::with_money().await;
    let (customer, url) =
        Customer::serve(json!({ "actions": [{ "redirect": { "url": "/got?step=2#method=GET" } }] })).await;
    let got = url.replace("/voice", "/got?step=1#method=GET");
    live.route(json!({ "voice_callback_url": got, "voice_signing_secret": SECRET })).await;
    live.asha.post("/v1/sandbox/inbound", json!({ "from": CALLER, "to": FROM })).await.expect(202);
    for step in ["1", "2"] {
        let form = customer.told("the page", |form| form.get("step").is_some_and(|given| given == step)).await;
        assert_eq!((form["From"].as_str(), form["from"].as_str(), form["To"].as_str()), (CALLER, CALLER, FROM));
    }
    customer.told("the end", |form| form.get("IsFinal").is_some_and(|is_final| is_final == "true")).await;
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

/// What a handler was asked: its signature and its body.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// A handler that keeps what it is asked and answers with a menu at first.
async fn keep(State(asked): State<Asked>, headers: HeaderMap, body: String) -> String {
    let given = headers[signature::HEADER].to_str().expect("text").to_owned();
    let mut asked = asked.lock();
    asked.push((given, body));
    if asked.len() == 1 { menu().to_string() } else { String::new() }
}

fn is_signed_with(secret: &str, (given, body): &(String, String)) -> bool {
    let signed_at = given.strip_prefix("t=").and_then(|rest| rest.split_once(',')).expect("t=…,v1=…").0;
    *given == signature::sign(secret, body.as_bytes(), signed_at.parse().expect("seconds"))
}

#[tokio::test]
async fn a_secret_that_is_replaced_signs_nothing_more_not_even_for_a_call_that_runs() {
    let live = Live::with_money().await;
    let asked = Asked::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/voice", listener.local_addr().expect("an address"));
    let service = Router::new().route("/voice", post(keep)).with_state(asked.clone());
    tokio::spawn(async { axum::serve(listener, service).await });
    live.route(json!({ "voice_callback_url": url, "voice_signing_secret": SECRET })).await;
    live.asha.post("/v1/sandbox/inbound", json!({ "from": CALLER, "to": FROM })).await.expect(202);
    eventually("the first question", async || (asked.lock().len() == 1).then_some(())).await;
    live.route(json!({ "voice_signing_secret": "another-secret-of-the-customer" })).await;
    eventually("the question after the menu, and the end", async || (asked.lock().len() == 3).then_some(())).await;
    {
        let asked = asked.lock();
        assert!(is_signed_with(SECRET, &asked[0]));
        assert!(asked[1..].iter().all(|one| is_signed_with("another-secret-of-the-customer", one)));
    }
    let call = live.newest_call().await;
    let id = call["id"].as_str().expect("an id");
    let signers = eventually("all answers are recorded", async || {
        let answered = of_kind(&live.timeline(id).await, "callback.answered");
        (answered.len() == 3).then(|| answered.iter().map(|one| one["secret"].clone()).collect::<Vec<_>>())
    })
    .await;
    assert_eq!(signers, ["number", "number", "number"]);
}
