//! `sautikit listen` and `sautikit trigger` against a server that listens: events and voice callbacks come to a developer's own
//! server, signed, and go back to where they went when it is gone.

use std::net::SocketAddr;
use std::time::Duration;

use sautikit::listen::{self, Listen, ListenError};
use sautikit::state::AppState;
use sautikit::webhooks::EventKind;
use sautikit::webhooks::listener::Listeners;
use sautikit::webhooks::live::{Live, notices};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Answers, DEADLINE, Receiver, Scene};
use crate::calls::support::FROM;
use crate::support::{Engine, Server, on_each_engine, within};

on_each_engine! {
    a_listener_gets_events_signed_with_its_own_secret_and_in_order
    a_listener_goes_on_where_it_was
    voice_callbacks_of_a_named_number_go_to_the_listener_while_it_is_there
    a_key_that_is_revoked_is_asked_and_told_nothing_more
    what_a_key_may_not_is_refused_in_words
}

/// The words of an answer that steers a call.
const ACTIONS: &str = r#"{"actions":[{"say":{"text":"Karibu"}}]}"#;

/// A developer at work.
struct Developer {
    task: JoinHandle<Result<(), ListenError>>,
}

impl Drop for Developer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn reachable(scene: &Scene, scopes: &[&str]) -> listen::Server {
    let body = json!({ "name": "developer", "scopes": scopes });
    let made = scene.asha.post("/v1/api-keys", body).await.expect(201).json;
    let address = scene.server.listen().await;
    let url = format!("http://{address}").parse().expect("a URL");
    listen::Server { url, key: made["key"].as_str().expect("a key").to_owned() }
}

fn start(server: &listen::Server, forward: &str, events: &str, numbers: &[&str]) -> Developer {
    let (server, numbers) = (
        listen::Server { url: server.url.clone(), key: server.key.clone() },
        numbers.iter().map(|number| (*number).to_owned()).collect(),
    );
    let asked = Listen { forward: forward.parse().expect("a URL"), events: vec![events.to_owned()], numbers };
    Developer { task: tokio::spawn(async move { listen::listen(&server, &asked).await }) }
}

/// A test event of the kind, once somebody listens.
async fn trigger(server: &listen::Server, kind: &str) -> Vec<String> {
    within(DEADLINE, "a listener", async || {
        let (events, listeners) = listen::trigger(server, kind).await.expect("a test event");
        (listeners > 0).then_some(events)
    })
    .await
}

/// What signs for the workspace's listeners, read off what was sent: the same for all of them.
fn is_signed_like(told: &[super::receiver::Told], secret: &str) -> bool {
    told.iter().all(|one| one.is_signed_with(secret))
}

/// The secret that a listener is told.
async fn secret(server: &listen::Server) -> String {
    listen::secret(server).await.expect("a secret")
}

async fn a_listener_gets_events_signed_with_its_own_secret_and_in_order(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let server = reachable(&scene, &["webhooks:write"]).await;
    let _developer = start(&server, &receiver.url("/events"), "call.*", &[]);
    trigger(&server, "call.completed").await;
    receiver.wait("/events", 1).await;
    let before = receiver.count("/events");
    scene.top_up(5_000).await;
    let call = scene.talk(1_000).await;
    let told = receiver.wait("/events", before + 4).await;
    let secret = secret(&server).await;
    assert!(secret.starts_with("whsec_") && is_signed_like(&told, &secret));
    let test = told[0].json();
    assert_eq!((&test["test"], &test["event"]), (&json!(true), &json!("call.completed")));
    let kinds: Vec<_> = told[before..].iter().map(|one| one.header("x-sautikit-event")).collect();
    assert_eq!(kinds, ["call.started", "call.answered", "call.completed", "call.billed"]);
    assert!(told[before..].iter().all(|one| one.json()["data"]["call_id"] == call.to_string()));
    // Byte for byte what webhooks would say.
    let event = told[before].json()["id"].as_str().expect("an id").to_owned();
    let shown = scene.asha.get(&format!("/v1/events/{event}")).await.expect(200);
    assert_eq!(shown.text.as_bytes(), &*told[before].body);
    // One of each kind that is asked for.
    let all = trigger(&server, "*").await;
    assert_eq!(all.len(), EventKind::ALL.len());
    let of_calls = EventKind::ALL.iter().filter(|kind| kind.as_str().starts_with("call.")).count();
    receiver.wait("/events", before + 4 + of_calls).await;
}

async fn a_listener_goes_on_where_it_was(server: Server) {
    let (mut scene, receiver) = Scene::delivering(server).await;
    // Sent home every fifth of a second.
    scene.server.app = scene.server.app.changed(|app| app.parts.put(Live::lasting(Duration::from_millis(200))));
    scene.server = scene.server.configured(|_| {});
    scene.asha = scene.asha.at(&scene.server);
    let server = reachable(&scene, &["webhooks:write"]).await;
    let _developer = start(&server, &receiver.url("/events"), "wallet.*", &[]);
    trigger(&server, "wallet.top_up").await;
    receiver.wait("/events", 1).await;
    let mut emitted = Vec::new();
    for _ in 0..20 {
        // Of one instant none is the older.
        scene.advance(1);
        emitted.push(format!("evt_{}", scene.emit(EventKind::WalletTopUp).await));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let told = within(DEADLINE, "every event", async || {
        let told = receiver.told("/events");
        let last = told.last()?.json()["id"].clone();
        (last == emitted[emitted.len() - 1].as_str()).then_some(told)
    })
    .await;
    let real = told.iter().map(super::receiver::Told::json).filter(|event| event["test"] != json!(true));
    let ids: Vec<_> = real.map(|event| event["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids, emitted, "each once, in order, over several connections");
}

/// What the routing's test shows once the listener in front of `local` was asked, which has said what it says.
async fn answered_by(local: &Receiver, scene: &Scene) -> Value {
    let answered = within(DEADLINE, "an answer of the listener", async || {
        let tested = asked(scene).await;
        (local.count("/voice?menu=1") > 0).then_some(tested)
    })
    .await;
    assert_eq!(answered["actions"][0]["say"]["text"], "Karibu", "{answered}");
    answered
}

/// Runs the number's callback once; the outcome as the console shows it.
async fn asked(scene: &Scene) -> Value {
    let numbers = scene.asha.get("/v1/numbers").await.expect(200).json;
    let path = format!("/v1/numbers/{}/routing/test", numbers[0]["id"].as_str().expect("an id"));
    scene.asha.post(&path, json!({})).await.expect(200).json
}

async fn voice_callbacks_of_a_named_number_go_to_the_listener_while_it_is_there(server: Server) {
    let (scene, own, local) = {
        let (scene, own) = Scene::delivering(server).await;
        (scene, own, Receiver::start().await)
    };
    scene.patch_routing(json!({ "voice_callback_url": own.url("/voice?menu=1"), "compat": "twilio" })).await;
    local.answers("/voice?menu=1", Answers::Text(ACTIONS.to_owned()));
    let server = reachable(&scene, &["webhooks:write", "numbers:write"]).await;
    // One that takes events alone leaves callbacks where they are.
    let events_alone = start(&server, &local.url("/events"), "*", &[]);
    trigger(&server, "call.failed").await;
    asked(&scene).await;
    assert_eq!((own.count("/voice?menu=1"), local.count("/voice?menu=1")), (1, 0));
    drop(events_alone);
    let developer = start(&server, &local.url("/events"), "*", &[FROM]);
    let answered = answered_by(&local, &scene).await;
    let told = local.wait("/voice?menu=1", 1).await;
    assert!(told[0].is_signed_with(&secret(&server).await));
    assert_eq!(told[0].header("content-type"), "application/x-www-form-urlencoded");
    // Whoever checks Twilio's signature checks it against the URL that was asked.
    assert_eq!(told[0].header("x-twilio-signature"), answered["request"]["headers"]["x-twilio-signature"]);
    // The developer's server fails: that is what the call hears.
    local.answers("/voice?menu=1", Answers::Status(500));
    let failed = asked(&scene).await;
    assert_eq!(
        (&failed["response"]["status"], &failed["error"]["code"]),
        (&json!(500), &json!("call.callback_failed"))
    );
    let before = own.count("/voice?menu=1");
    drop(developer);
    within(DEADLINE, "the number's own server", async || {
        asked(&scene).await;
        (own.count("/voice?menu=1") > before).then_some(())
    })
    .await;
}

async fn a_key_that_is_revoked_is_asked_and_told_nothing_more(server: Server) {
    let (scene, own) = Scene::delivering(server).await;
    let local = Receiver::start().await;
    scene.patch_routing(json!({ "voice_callback_url": own.url("/voice") })).await;
    local.answers("/voice", Answers::Text(ACTIONS.to_owned()));
    let server = reachable(&scene, &["webhooks:write", "numbers:write"]).await;
    let mut thief = start(&server, &local.url("/events"), "*", &[FROM]);
    within(DEADLINE, "an answer of the listener", async || {
        asked(&scene).await;
        (local.count("/voice") > 0).then_some(())
    })
    .await;
    let keys = scene.asha.get("/v1/api-keys").await.expect(200).json;
    scene.asha.delete(&format!("/v1/api-keys/{}", keys[0]["id"].as_str().expect("an id"))).await.expect(204);
    let ended = tokio::time::timeout(DEADLINE, &mut thief.task).await.expect("in time").expect("an end");
    assert!(ended.expect_err("a refusal").to_string().contains("api_key.revoked"));
    let (before, asked_before) = (local.count("/voice"), own.count("/voice"));
    asked(&scene).await;
    assert_eq!((local.count("/voice"), own.count("/voice")), (before, asked_before + 1));
}

async fn what_a_key_may_not_is_refused_in_words(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let refused = async |scopes: &[&str], events: &str, numbers: &[&str]| {
        let server = reachable(&scene, scopes).await;
        let mut developer = start(&server, &receiver.url("/events"), events, numbers);
        let ended = tokio::time::timeout(DEADLINE, &mut developer.task).await.expect("in time").expect("an end");
        ended.expect_err("a refusal").to_string()
    };
    assert!(refused(&["webhooks:read"], "*", &[]).await.contains("api_key.scope_denied"));
    assert!(refused(&["webhooks:write"], "*", &[FROM]).await.contains("api_key.scope_denied"));
    assert!(refused(&["*"], "call.begun", &[]).await.contains("webhooks.event_unsupported"));
    assert!(refused(&["*"], "*", &["0722000001"]).await.contains("+254"));
    let server = reachable(&scene, &["*"]).await;
    let unknown = listen::trigger(&server, "call.begun").await.expect_err("no such kind").to_string();
    assert!(unknown.contains("call.begun") && unknown.contains("call.completed"), "{unknown}");
    // A page that a signed-in person visits opens no socket of theirs.
    let page = reqwest::Client::new().get(server.url.join("/v1/listener").expect("a URL")).bearer_auth(&server.key);
    let page =
        page.header("connection", "upgrade").header("upgrade", "websocket").header("sec-websocket-version", "13");
    let page = page.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").header("origin", "https://shop.example");
    assert_eq!(page.send().await.expect("an answer").status(), 403);
    let nobody = listen::Server { key: "skt_live_nonsense".to_owned(), ..server };
    assert!(listen::trigger(&nobody, "*").await.expect_err("no key").to_string().contains("api_key.invalid"));
}

/// Another node on the same database, and the way to it.
async fn another_node(scene: &Scene, key: &str) -> (AppState, listen::Server) {
    let other = scene.server.app.changed(|app| {
        app.node_id = "another".into();
        app.stopping = CancellationToken::new();
        app.parts.put(Listeners::default());
        app.parts.put(Live::default());
    });
    tokio::spawn(notices::exchange_until_stopped(other.clone()));
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", socket.local_addr().expect("an address")).parse().expect("a URL");
    let service = sautikit::http::router(&other).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(socket, service).await });
    (other, listen::Server { url, key: key.to_owned() })
}

#[tokio::test]
async fn a_test_event_reaches_listeners_on_other_nodes() {
    let Some(engine) = Engine::postgres() else { return };
    let (scene, receiver) = Scene::delivering(Server::start(engine).await).await;
    let here = reachable(&scene, &["webhooks:write"]).await;
    let (_, there) = another_node(&scene, &here.key).await;
    let _developer = start(&there, &receiver.url("/events"), "call.*", &[]);
    within(DEADLINE, "a test event of the other node", async || {
        let (_, listeners) = listen::trigger(&here, "call.completed").await.expect("a test event");
        assert_eq!(listeners, 0, "none is connected to this node");
        (receiver.count("/events") > 0).then_some(())
    })
    .await;
    let told = receiver.told("/events");
    assert_eq!((&told[0].json()["event"], &told[0].json()["test"]), (&json!("call.completed"), &json!(true)));
    assert!(told[0].is_signed_with(&secret(&here).await));
}

#[tokio::test]
async fn a_voice_callback_reaches_a_listener_that_is_connected_to_another_node() {
    let Some(engine) = Engine::postgres() else { return };
    let (scene, own) = Scene::delivering(Server::start(engine).await).await;
    let local = Receiver::start().await;
    scene.patch_routing(json!({ "voice_callback_url": own.url("/voice?menu=1"), "compat": "twilio" })).await;
    local.answers("/voice?menu=1", Answers::Text(ACTIONS.to_owned()));
    tokio::spawn(notices::exchange_until_stopped(scene.server.app.clone()));
    let here = reachable(&scene, &["webhooks:write", "numbers:write"]).await;
    let (_, there) = another_node(&scene, &here.key).await;
    let developer = start(&there, &local.url("/events"), "*", &[FROM]);
    // Asked here, where nobody is connected.
    let answered = answered_by(&local, &scene).await;
    let told = local.wait("/voice?menu=1", 1).await;
    assert!(told[0].is_signed_with(&secret(&there).await));
    assert_eq!(told[0].header("x-twilio-signature"), answered["request"]["headers"]["x-twilio-signature"]);
    // What the developer's server says is what the call hears, a failure too.
    local.answers("/voice?menu=1", Answers::Status(500));
    let failed = asked(&scene).await;
    assert_eq!(failed["response"]["status"], 500, "{failed}");
    // Nothing of it stays.
    let asks: i64 = sqlx::query_scalar("select count(*) from webhook_asks")
        .fetch_one(scene.server.app.db.pool())
        .await
        .expect("a count");
    assert_eq!(asks, 0);
    let before = own.count("/voice?menu=1");
    drop(developer);
    within(DEADLINE, "the number's own server", async || {
        asked(&scene).await;
        (own.count("/voice?menu=1") > before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn listeners_of_a_node_that_stops_are_gone_with_it() {
    let Some(engine) = Engine::postgres() else { return };
    let (scene, local) = Scene::delivering(Server::start(engine).await).await;
    let here = reachable(&scene, &["webhooks:write", "numbers:write"]).await;
    let (other, there) = another_node(&scene, &here.key).await;
    let _developer = start(&there, &local.url("/events"), "*", &[FROM]);
    let listeners = async || {
        let count = sqlx::query_scalar::<_, i64>("select count(*) from webhook_listeners");
        count.fetch_one(scene.server.app.db.pool()).await.expect("a count")
    };
    within(DEADLINE, "the listener", async || (listeners().await == 1).then_some(())).await;
    other.stopping.cancel();
    within(DEADLINE, "none", async || (listeners().await == 0).then_some(())).await;
}
