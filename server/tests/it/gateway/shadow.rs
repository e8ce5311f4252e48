//! A handler is tried on live calls: it is asked what the live one is asked, and what it answers runs nowhere.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::any;
use parking_lot::Mutex;
use sautikit::webhooks::{signature, signer};
use serde_json::{Value, json};

use super::support::{FROM, Live, eventually};

const SECRET: &str = "a-secret-of-the-customer";
const CALLER: &str = "+254722000077";

/// A customer's server: keeps what it is asked, and answers by path.
#[derive(Clone)]
struct Handler {
    asked: Arc<Mutex<Vec<(String, HeaderMap, String)>>>,
    answers: Arc<dyn Fn(&str) -> (StatusCode, String) + Send + Sync>,
    /// Before each answer.
    waits: Duration,
}

impl Handler {
    /// Serves on a free port; what its URLs begin with.
    async fn serve(
        waits: Duration,
        answers: impl Fn(&str) -> (StatusCode, String) + Send + Sync + 'static,
    ) -> (Self, String) {
        let handler = Self { asked: Arc::default(), answers: Arc::new(answers), waits };
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let service = Router::new().fallback(any(answer)).with_state(handler.clone());
        tokio::spawn(async { axum::serve(listener, service).await });
        (handler, url)
    }

    fn bodies(&self) -> Vec<(String, String)> {
        self.asked.lock().iter().map(|(path, _, body)| (path.clone(), body.clone())).collect()
    }
}

async fn answer(State(handler): State<Handler>, uri: Uri, headers: HeaderMap, body: String) -> impl IntoResponse {
    let path = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let answer = (handler.answers)(uri.path());
    handler.asked.lock().push((path, headers, body));
    tokio::time::sleep(handler.waits).await;
    answer
}

fn actions(actions: Value) -> (StatusCode, String) {
    (StatusCode::OK, json!({ "actions": actions }).to_string())
}

async fn shadow_requests(live: &Live, count: usize) -> Vec<Value> {
    eventually("the copies are compared", async || {
        sautikit::shadow::write_pending(&live.server.app).await;
        let list = live.asha.get("/v1/shadow-requests").await.expect(200).json;
        let mut list = list.as_array().expect("a list").clone();
        list.reverse();
        (list.len() == count).then_some(list)
    })
    .await
}

#[tokio::test]
async fn a_shadow_is_asked_what_the_live_handler_is_asked_and_what_differs_is_kept() {
    let live = Live::with_money().await;
    let (own, own_url) = Handler::serve(Duration::ZERO, |path| match path {
        "/ivr/voice" => actions(json!([{ "redirect": { "url": "menu?step=2" } }])),
        "/ivr/menu" => actions(json!([{ "say": { "text": "Hi" } }, { "pause": { "length": 1 } }, { "hangup": {} }])),
        _ => (StatusCode::NOT_FOUND, String::new()),
    })
    .await;
    let (tried, tried_url) = Handler::serve(Duration::ZERO, |path| match path {
        "/v2/entry" => (StatusCode::OK, "<Response><Redirect>menu?step=2</Redirect></Response>".to_owned()),
        "/v2/menu" => actions(json!([{ "say": { "text": "Hi" } }, { "pause": { "length": 3 } }, { "hangup": {} }])),
        _ => (StatusCode::NOT_FOUND, String::new()),
    })
    .await;
    let (voice, shadow) = (format!("{own_url}/ivr/voice"), format!("{tried_url}/v2/entry"));
    live.route(json!({ "voice_callback_url": voice, "shadow_url": shadow, "voice_signing_secret": SECRET })).await;
    live.asha.post("/v1/sandbox/inbound", json!({ "from": CALLER, "to": FROM })).await.expect(202);
    let compared = shadow_requests(&live, 3).await;
    // The same forms at the same ways from its own address, signed, and marked as copies.
    let (asked, copied) = (own.bodies(), tried.bodies());
    let mut forms: Vec<_> = copied.iter().map(|(_, body)| body.clone()).collect();
    forms.sort();
    let mut own_forms: Vec<_> = asked.iter().map(|(_, body)| body.clone()).collect();
    own_forms.sort();
    assert_eq!(forms, own_forms);
    let paths: Vec<_> = copied.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/v2/entry", "/v2/menu?step=2", "/v2/entry"]);
    for (_, headers, body) in tried.asked.lock().iter() {
        let given = headers[signature::HEADER].to_str().expect("text");
        let at = given.strip_prefix("t=").and_then(|rest| rest.split_once(',')).expect("t=…,v1=…").0;
        assert_eq!(given, signature::sign(SECRET, body.as_bytes(), at.parse().expect("seconds")));
        assert_eq!(headers[signer::SHADOW_HEADER], "true");
    }
    assert!(own.asked.lock().iter().all(|(_, headers, _)| !headers.contains_key(signer::SHADOW_HEADER)));
    let outcomes: Vec<_> = compared.iter().map(|one| (one["purpose"].clone(), one["outcome"].clone())).collect();
    let outcome = |purpose: &str, outcome: &str| (json!(purpose), json!(outcome));
    assert_eq!(outcomes, [outcome("actions", "same"), outcome("actions", "different"), outcome("final", "same")]);
    let difference = json!([{ "path": "actions[1].pause.length", "live": "1", "shadow": "3" }]);
    assert_eq!(compared[1]["differences"], difference);
    assert_eq!(
        (&compared[1]["live"]["verbs"], &compared[0]["answer"]),
        (&json!(["say", "pause", "hangup"]), &json!(null))
    );
    // The live answer ran.
    let call = live.newest_call().await;
    assert_eq!(compared[0]["call_id"], call["id"]);
    let ended = live.call_that_is(call["id"].as_str().expect("an id"), "completed").await;
    assert!(ended["duration_seconds"].as_i64().expect("seconds") < 3, "{ended}");
}

#[tokio::test]
async fn a_shadow_that_hangs_delays_no_call_and_a_failing_one_is_told() {
    let live = Live::with_money().await;
    let (_, own) = Handler::serve(Duration::ZERO, |_| actions(json!([{ "reject": { "reason": "busy" } }]))).await;
    let (_, tried) =
        Handler::serve(Duration::from_secs(3), |_| (StatusCode::BAD_REQUEST, "not today".to_owned())).await;
    live.route(json!({ "voice_callback_url": own, "shadow_url": tried })).await;
    let began = Instant::now();
    live.asha.post("/v1/sandbox/inbound", json!({ "from": CALLER, "to": FROM })).await.expect(202);
    let call = live.newest_call().await;
    live.call_that_is(call["id"].as_str().expect("an id"), "busy").await;
    assert!(began.elapsed() < Duration::from_secs(3), "the call waited for the shadow: {:?}", began.elapsed());
    let compared = shadow_requests(&live, 2).await;
    for one in &compared {
        assert_eq!((&one["outcome"], &one["shadow"]["status"]), (&json!("failed"), &json!(400)), "{one}");
        assert!(one["shadow"]["duration_ms"].as_u64().expect("a time") >= 3_000, "{one}");
        assert_eq!(one["answer"], "not today");
    }
}

#[tokio::test]
async fn a_call_with_a_handler_of_its_own_has_no_shadow() {
    let live = Live::with_money().await;
    let (_, own) = Handler::serve(Duration::ZERO, |_| actions(json!([{ "hangup": {} }]))).await;
    let (other, others_url) = Handler::serve(Duration::ZERO, |_| actions(json!([{ "hangup": {} }]))).await;
    let (tried, tried_url) = Handler::serve(Duration::ZERO, |_| actions(json!([]))).await;
    live.route(json!({ "voice_callback_url": own, "shadow_url": tried_url })).await;
    let call = json!({ "from": FROM, "to": "+254722000042", "voice_callback_url": format!("{others_url}/mine") });
    let id = live.place(call).await;
    live.call_that_is(&id, "completed").await;
    eventually("the end is told", async || (other.asked.lock().len() == 2).then_some(())).await;
    assert_eq!(tried.asked.lock().len(), 0);
}
