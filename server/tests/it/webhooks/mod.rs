//! Webhooks, from the outbox to a customer's server: signed, in order, retried on simulated time, and never to the inside.

mod changes;
mod crowd;
mod endpoints;
mod events;
mod failing;
mod forms;
mod guide;
mod hand;
mod headers;
mod http2;
mod listener;
mod live;
mod nodes;
mod origins;
mod reads;
pub(crate) mod receiver;
pub(crate) mod rows;
mod secrets;

use std::time::Duration;

use sautikit::webhooks::{self, EventKind, NewEvent, Subject};
use sautikit_api::ids::EventId;
use serde_json::{Value, json};

use self::receiver::{Answers, Receiver};
use crate::calls::support::{FROM, Scene};
use crate::support::{Client, Server, on_each_engine, within};

on_each_engine! {
    a_calls_events_reach_an_endpoint_signed_and_in_order
    an_events_url_of_a_number_is_told_of_its_calls_alone
    a_calls_own_events_url_goes_before_the_numbers
    what_is_sent_is_what_the_delivery_shows
    a_delivery_is_sent_again_by_hand
    deliveries_of_a_span_are_sent_again_together
}

/// The longest pause of an endpoint that fails.
const PAUSE: Duration = Duration::from_secs(60);
/// Far above what anything here takes.
const DEADLINE: Duration = Duration::from_secs(20);

impl Scene {
    /// A scene whose webhooks are delivered.
    async fn delivering(server: Server) -> (Self, Receiver) {
        let scene = Self::set(server).await;
        deliver(&scene.server);
        // What happened before nobody hears of.
        scene.until_all_is_told().await;
        (scene, Receiver::start().await)
    }

    /// A new endpoint of Asha's for these events; its id and secret.
    async fn endpoint(&self, url: &str, events: &[&str]) -> (String, String) {
        endpoint(&self.asha, json!({ "url": url, "events": events })).await
    }

    async fn until_all_is_told(&self) {
        let pool = self.server.app.db.pool();
        let what = "an outbox in which nothing waits";
        let waiting = "select count(*) from events where position is null and is_test = 0";
        within(DEADLINE, what, async || {
            let count: i64 = sqlx::query_scalar(waiting).fetch_one(pool).await.expect("a count");
            (count == 0).then_some(())
        })
        .await;
    }

    /// The endpoint's deliveries, once they stand so.
    async fn deliveries(&self, id: &str, status: &str, count: usize) -> Vec<Value> {
        let path = format!("/v1/webhooks/{id}/deliveries?status={status}");
        let what = format!("{count} deliveries that are {status}");
        within(DEADLINE, &what, async || {
            let rows = self.asha.get(&path).await.expect(200).json;
            let rows = rows.as_array().expect("a list").clone();
            (rows.len() >= count).then_some(rows)
        })
        .await
    }

    async fn detail(&self, delivery: &Value) -> Value {
        let id = delivery["id"].as_str().expect("an id");
        self.asha.get(&format!("/v1/webhooks/deliveries/{id}/attempts")).await.expect(200).json
    }

    /// Tells an event of Asha's workspace.
    async fn emit(&self, kind: EventKind) -> EventId {
        let workspace = self.asha.workspace_id().await;
        emit(&self.server, &workspace, kind, Subject::Workspace).await
    }

    async fn patch_routing(&self, body: Value) {
        let numbers = self.asha.get("/v1/numbers").await.expect(200).json;
        let path = format!("/v1/numbers/{}/routing", numbers[0]["id"].as_str().expect("an id"));
        self.asha.patch(&path, body).await.expect(200);
    }
}

/// Tells an event, as a room does.
async fn emit(server: &Server, workspace: &str, kind: EventKind, subject: Subject) -> EventId {
    emit_all(server, workspace, kind, [subject].into_iter()).await[0]
}

/// Tells events together.
async fn emit_all(
    server: &Server,
    workspace: &str,
    kind: EventKind,
    subjects: impl Iterator<Item = Subject>,
) -> Vec<EventId> {
    let app = &server.app;
    let mut ids = Vec::new();
    let mut tx = app.db.begin_write().await.expect("a transaction");
    for subject in subjects {
        let event = NewEvent {
            id: EventId(app.new_uuid()),
            workspace_id: workspace.parse().expect("an id"),
            kind,
            subject,
            data: json!({ "of": "a test" }),
            created_at: app.now_us(),
        };
        webhooks::emit(&mut tx, &event).await.expect("written");
        ids.push(event.id);
    }
    tx.commit().await.expect("committed");
    webhooks::ring(app);
    ids
}

/// Delivers in the background until the test ends.
fn deliver(server: &Server) {
    tokio::spawn(webhooks::run_until_stopped(server.app.clone()));
}

async fn endpoint(client: &Client, body: Value) -> (String, String) {
    let made = client.post("/v1/webhooks", body).await.expect(201).json;
    let text = |member: &str| made[member].as_str().unwrap_or_default().to_owned();
    (text("id"), text("secret"))
}

async fn a_calls_events_reach_an_endpoint_signed_and_in_order(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, secret) = scene.endpoint(&receiver.url("/events"), &["call.*"]).await;
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 64, "{secret}");
    let call = scene.talk(2_000).await;
    let told = receiver.wait("/events", 4).await;
    let kinds: Vec<_> = told.iter().map(|one| one.json()["event"].as_str().expect("a kind").to_owned()).collect();
    assert_eq!(kinds, ["call.started", "call.answered", "call.completed", "call.billed"]);
    for (sequence, one) in (1_i64..).zip(&told) {
        let body = one.json();
        assert!(one.is_signed_with(&secret));
        assert_eq!((&body["sequence"], &body["data"]["call_id"]), (&json!(sequence), &json!(call.to_string())));
        assert_eq!((&body["event"], &body["data"]), (&body["event_kind"], &body["payload"]));
        assert!(body["id"].as_str().is_some_and(|id| id.starts_with("evt_")));
        assert_eq!(
            (one.header("x-sautikit-event"), one.header("x-sautikit-event-version")),
            (body["event"].as_str().expect("a kind"), "1")
        );
        assert_eq!(one.header("content-type"), "application/json");
    }
    assert_eq!(told[2].json()["data"]["cost_minor"], Value::Null, "what it cost follows");
    assert!(told[3].json()["data"]["cost_minor"].as_i64().is_some_and(|cost| cost > 0));
    let delivered = scene.deliveries(&id, "delivered", 4).await;
    let shown: Vec<_> = told.iter().rev().map(|one| one.header("x-sautikit-delivery")).collect();
    let listed: Vec<_> = delivered.iter().map(|one| one["id"].as_str().expect("an id")).collect();
    assert_eq!(shown.len(), listed.len());
    assert!(shown.iter().all(|id| listed.contains(id)), "{shown:?} {listed:?}");
}

async fn an_events_url_of_a_number_is_told_of_its_calls_alone(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    scene
        .patch_routing(json!({ "events_url": receiver.url("/number"), "voice_signing_secret": "a secret of my own" }))
        .await;
    scene.talk(1_000).await;
    let told = receiver.wait("/number", 4).await;
    assert!(told.iter().all(|one| one.is_signed_with("a secret of my own")));
    scene.top_up(5_000).await;
    scene.until_all_is_told().await;
    let endpoints = scene.asha.get("/v1/webhooks").await.expect(200).json;
    assert_eq!(
        (endpoints[0]["secret_of"].as_str(), endpoints[0]["events"][0].as_str()),
        (Some("number"), Some("call.*"))
    );
    scene.deliveries(endpoints[0]["id"].as_str().expect("an id"), "delivered", 4).await;
    assert_eq!(receiver.count("/number"), 4, "a top-up is none of its calls");
    // Another secret signs from then on.
    scene.patch_routing(json!({ "voice_signing_secret": "another secret of my own" })).await;
    scene.advance(1_000);
    scene.talk(1_000).await;
    let told = receiver.wait("/number", 8).await;
    assert!(told[4..].iter().all(|one| one.is_signed_with("another secret of my own")));
}

async fn a_calls_own_events_url_goes_before_the_numbers(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    scene.patch_routing(json!({ "events_url": receiver.url("/number") })).await;
    for order in ["17", "18"] {
        let own = receiver.url(&format!("/call?order={order}"));
        let body = json!({ "from": FROM, "to": "+254722000042", "events_url": own });
        scene.asha.post("/v1/calls", body).await.expect(202);
        receiver.wait(&format!("/call?order={order}"), 1).await;
    }
    assert_eq!(receiver.count("/number"), 0);
    let endpoints = scene.asha.get("/v1/webhooks").await.expect(200).json;
    assert_eq!(endpoints.as_array().map(Vec::len), Some(1), "one origin is one endpoint: {endpoints}");
    assert_eq!(endpoints[0]["url"].as_str(), Some(receiver.url("").as_str()));
}

async fn what_is_sent_is_what_the_delivery_shows(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::Text(format!("thanks {}", "x".repeat(5_000))));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["call.started"]).await;
    scene.place().await;
    let told = receiver.wait("/events", 1).await;
    let delivered = scene.deliveries(&id, "delivered", 1).await;
    let detail = scene.detail(&delivered[0]).await;
    assert_eq!(detail["body"].as_str().map(str::as_bytes), Some(&*told[0].body));
    assert_eq!(
        (detail["log"][0]["status"].as_i64(), detail["log"][0]["secret"].as_str()),
        (Some(200), Some("endpoint"))
    );
    assert_eq!(detail["log"][0]["signature"].as_str(), Some(told[0].header("x-sautikit-signature")));
    let headers = detail["log"][0]["answer_headers"].as_str().expect("headers");
    assert!(headers.contains("content-type: text/plain"), "{headers}");
    let answer = detail["log"][0]["answer"].as_str().expect("an answer");
    assert!(answer.starts_with("thanks x") && answer.len() == 1_024, "{}", answer.len());
    // The same bytes are there by the event's id.
    let event =
        scene.asha.get(&format!("/v1/events/{}", detail["event_id"].as_str().expect("an id"))).await.expect(200);
    assert_eq!(event.text.as_bytes(), &*told[0].body);
}

async fn a_delivery_is_sent_again_by_hand(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::Status(500));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["call.started"]).await;
    scene.place().await;
    receiver.wait("/events", 1).await;
    let pending = scene.deliveries(&id, "pending", 1).await;
    let retry = format!("/v1/webhooks/deliveries/{}/retry", pending[0]["id"].as_str().expect("an id"));
    scene.asha.post(&retry, json!({})).await.expect_error("webhooks.delivery_not_retryable");
    exhaust(&scene, Duration::ZERO).await;
    scene.deliveries(&id, "exhausted", 1).await;
    receiver.answers("/events", Answers::Status(204));
    let before = receiver.count("/events");
    scene.asha.post(&retry, json!({})).await.expect(202);
    receiver.wait("/events", before + 1).await;
    let delivered = scene.deliveries(&id, "delivered", 1).await;
    assert_eq!(delivered[0]["attempts"].as_i64(), i64::try_from(before + 1).ok());
    scene.asha.post(&retry, json!({})).await.expect_error("webhooks.delivery_not_retryable");
    let log = scene.detail(&delivered[0]).await["log"].as_array().expect("a log").clone();
    assert_eq!(log.len(), before + 1);
    assert_eq!((log[0]["error"].as_str(), log[before]["error"].as_str()), (Some("status"), None));
}

async fn deliveries_of_a_span_are_sent_again_together(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::Status(500));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let from = sautikit::clock::rfc3339(scene.server.app.now_us());
    for _ in 0..3 {
        scene.emit(EventKind::WalletTopUp).await;
        scene.emit(EventKind::WalletLowBalance).await;
    }
    receiver.wait("/events", 6).await;
    exhaust(&scene, PAUSE).await;
    scene.deliveries(&id, "exhausted", 6).await;
    receiver.answers("/events", Answers::Status(200));
    let path = format!("/v1/webhooks/{id}/retry");
    let before = receiver.count("/events");
    let asked = json!({ "from": from, "event": "wallet.top_up" });
    // After days without a moment between them the dispatcher renews its lease first.
    let retried = within(DEADLINE, "a dispatcher", async || {
        let answer = scene.asha.post(&path, asked.clone()).await;
        (answer.status == 202).then_some(answer.json)
    })
    .await;
    assert_eq!(retried, json!({ "retried": 3, "has_more": false }));
    let told = receiver.wait("/events", before + 3).await;
    assert!(told[before..].iter().all(|one| one.json()["event"] == "wallet.top_up"));
    scene.deliveries(&id, "delivered", 3).await;
    let rest = scene.asha.post(&path, json!({ "from": from })).await.expect(202).json;
    assert_eq!(rest["retried"], 3);
    scene.deliveries(&id, "delivered", 6).await;
    for (asked, field) in [
        (json!({ "from": from, "to": "2020-01-01T00:00:00Z" }), "to"),
        (json!({ "from": "2120-01-01T00:00:00Z" }), "from"),
    ] {
        let refused = scene.asha.post(&path, asked).await.expect_error("validation.bad_request");
        assert_eq!(refused.json["error"]["field"], field);
    }
}

/// Lets time pass from attempt to attempt, and by `pause` where none is due later, until nothing is tried any more.
async fn exhaust(scene: &Scene, pause: Duration) {
    let next = "select min(next_attempt_at) from webhook_deliveries where status = 'pending'";
    within(DEADLINE * 3, "everything is exhausted", async || {
        let pool = scene.server.app.db.pool();
        let next_us: Option<i64> = sqlx::query_scalar(next).fetch_one(pool).await.expect("a moment");
        let Some(next_us) = next_us else { return Some(()) };
        let wait_us = u64::try_from(next_us - scene.server.app.now_us()).unwrap_or(0);
        // What is due and not sent waits for the end of a pause.
        let wait = if wait_us == 0 { pause } else { Duration::from_micros(wait_us) };
        scene.server.clock.advance(wait);
        None
    })
    .await;
}
