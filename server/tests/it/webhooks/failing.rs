//! Receivers that fail: tried again by the schedule, in order, paused, and at last switched off.

use std::time::Duration;

use sautikit::mail::Mailer;
use sautikit::webhooks::EventKind;
use serde_json::{Value, json};

use super::{Answers, DEADLINE, Scene, exhaust};
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    what_fails_is_tried_by_the_schedule_and_then_exhausted
    the_others_of_a_call_wait_for_the_one_that_fails
    what_an_answer_asks_to_wait_is_waited
    an_endpoint_that_is_gone_is_switched_off_at_once
    three_days_of_failures_switch_an_endpoint_off_and_its_owner_is_told
    a_redirect_is_not_followed
    what_a_dispatcher_left_is_taken_up_by_the_next
    an_endpoint_that_is_switched_off_is_told_nothing_more
    a_limited_endpoint_gets_no_more_a_second
    its_health_says_how_many_arrived_and_how_long_they_took
}

async fn what_fails_is_tried_by_the_schedule_and_then_exhausted(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::Status(500));
    let (id, secret) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 1).await;
    exhaust(&scene, Duration::ZERO).await;
    let told = receiver.told("/events");
    assert_eq!(told.len(), 10, "nine times again");
    assert!(told.iter().all(|one| one.body == told[0].body && one.is_signed_with(&secret)));
    let times: Vec<_> = told.iter().map(|one| one.header("x-sautikit-signature").to_owned()).collect();
    assert!(times.windows(2).all(|pair| pair[0] != pair[1]), "each attempt is signed with its own time");
    let exhausted = scene.deliveries(&id, "exhausted", 1).await;
    assert_eq!((exhausted[0]["attempts"].as_i64(), exhausted[0]["last_status"].as_i64()), (Some(10), Some(500)));
    let log = scene.detail(&exhausted[0]).await["log"].clone();
    let at = |place: usize| -> jiff::Timestamp {
        log[place]["started_at"].as_str().expect("a time").parse().expect("a time")
    };
    for (place, seconds) in [5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200, 86_400].into_iter().enumerate() {
        let delay =
            (at(place + 1) - at(place)).get_microseconds() + (at(place + 1) - at(place)).get_seconds() * 1_000_000;
        assert!((seconds * 800_000..=seconds * 1_200_000 + 1_000_000).contains(&delay), "{seconds} s: {delay}");
    }
}

async fn the_others_of_a_call_wait_for_the_one_that_fails(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::Status(503));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["call.*"]).await;
    let waits = scene.place().await;
    receiver.wait("/events", 1).await;
    receiver.answers("/events", Answers::Status(200));
    scene.answer(&waits).await;
    // Another call's go at once.
    let other = scene.place().await;
    let told = receiver.wait("/events", 2).await;
    assert_eq!(told[1].json()["data"]["call_id"], other.call_id.to_string());
    scene.deliveries(&id, "pending", 2).await;
    assert_eq!(receiver.count("/events"), 2, "the answer waits for the beginning");
    scene.advance(6_000);
    let told = receiver.wait("/events", 4).await;
    let kinds: Vec<_> = told[2..].iter().map(|one| one.header("x-sautikit-event")).collect();
    assert_eq!(kinds, ["call.started", "call.answered"]);
}

async fn what_an_answer_asks_to_wait_is_waited(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::RetryAfter(429, "100"));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 1).await;
    let pending = attempted(&scene, &id).await;
    let health = within(DEADLINE, "a pause that is shown", async || {
        let shown = scene.asha.get(&format!("/v1/webhooks/{id}")).await.expect(200).json["health"].clone();
        (shown["circuit"] == "open").then_some(shown)
    })
    .await;
    assert_eq!(health["paused_until"], pending["next_attempt_at"]);
    receiver.answers("/events", Answers::Status(200));
    // All that goes there waits too.
    scene.emit(EventKind::WalletTopUp).await;
    scene.until_all_is_told().await;
    scene.advance(99_000);
    scene.deliveries(&id, "pending", 2).await;
    assert_eq!(receiver.count("/events"), 1);
    scene.advance(1_000);
    receiver.wait("/events", 3).await;
    scene.deliveries(&id, "delivered", 2).await;
}

/// The endpoint's pending delivery, once its first attempt is in the log.
async fn attempted(scene: &Scene, id: &str) -> Value {
    within(DEADLINE, "an attempt in the log", async || {
        let pending = scene.deliveries(id, "pending", 1).await;
        pending.into_iter().find(|one| one["attempts"] == 1)
    })
    .await
}

async fn an_endpoint_that_is_gone_is_switched_off_at_once(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::Status(410));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    scene.emit(EventKind::WalletTopUp).await;
    scene.deliveries(&id, "failed", 1).await;
    let shown = scene.asha.get(&format!("/v1/webhooks/{id}")).await.expect(200).json;
    assert_eq!((shown["status"].as_str(), shown["disabled_reason"].as_str()), (Some("disabled"), Some("gone")));
    scene.emit(EventKind::WalletTopUp).await;
    scene.until_all_is_told().await;
    assert_eq!(receiver.count("/events"), 1);
    // Switched on again it gets what happens from then on.
    receiver.answers("/events", Answers::Status(200));
    scene.advance(1_000);
    let on = scene.asha.patch(&format!("/v1/webhooks/{id}"), json!({ "status": "enabled" })).await.expect(200).json;
    assert_eq!((on["status"].as_str(), on["disabled_reason"].as_str()), (Some("enabled"), None));
    // The dispatcher has taken it up when a test event arrives.
    scene.asha.post(&format!("/v1/webhooks/{id}/test"), json!({})).await.expect(202);
    receiver.wait("/events", 2).await;
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 3).await;
}

async fn three_days_of_failures_switch_an_endpoint_off_and_its_owner_is_told(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::Status(500));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let path = format!("/v1/webhooks/{id}");
    within(DEADLINE * 3, "an endpoint that is switched off", async || {
        scene.emit(EventKind::WalletTopUp).await;
        scene.advance(6 * 3_600 * 1_000);
        let shown = scene.asha.get(&path).await.expect(200).json;
        (shown["status"] == "disabled").then_some(())
    })
    .await;
    let shown = scene.asha.get(&path).await.expect(200).json;
    assert_eq!(shown["disabled_reason"], "failing");
    let failing_since: jiff::Timestamp =
        shown["health"]["failing_since"].as_str().expect("a time").parse().expect("a time");
    assert!(scene.server.app.now_us() - failing_since.as_microsecond() >= 3 * 86_400 * 1_000_000);
    scene.run_jobs().await;
    let mails = Mailer::of(&scene.server.app).dev_store().expect("mails are kept").list();
    let told = mails.iter().find(|mail| mail.subject.starts_with("Webhook endpoint switched off")).expect("a mail");
    assert_eq!(told.to, "asha@example.com");
    assert!(told.links[0].ends_with(&format!("/developers/webhooks/{id}")), "{:?}", told.links);
    // What waited is given up, and can be sent again once it is on.
    within(DEADLINE, "nothing waits any more", async || {
        let pending = scene.asha.get(&format!("{path}/deliveries?status=pending")).await.expect(200).json;
        (pending == json!([])).then_some(())
    })
    .await;
}

async fn a_redirect_is_not_followed(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::Redirect(receiver.url("/elsewhere")));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 1).await;
    let pending = attempted(&scene, &id).await;
    assert_eq!((pending["last_status"].as_i64(), pending["last_error"].as_str()), (Some(302), Some("status")));
    assert_eq!(receiver.count("/elsewhere"), 0);
}

async fn what_a_dispatcher_left_is_taken_up_by_the_next(server: Server) {
    let scene = Scene::set(server).await;
    let receiver = super::Receiver::start().await;
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["*"]).await;
    // Nobody delivers: all of it waits.
    scene.talk(1_000).await;
    let first = tokio::spawn(sautikit::webhooks::run_until_stopped(scene.server.app.clone()));
    receiver.answers("/events", Answers::Slowly(Duration::from_secs(60)));
    receiver.wait("/events", 1).await;
    first.abort();
    let _ = first.await;
    receiver.answers("/events", Answers::Status(200));
    let before = receiver.count("/events");
    super::deliver(&scene.server);
    receiver.wait("/events", before + 4).await;
    let delivered = scene.deliveries(&id, "delivered", 4).await;
    let calls: Vec<_> = receiver.told("/events")[before..]
        .iter()
        .map(|one| one.json())
        .filter(|body| body["event"].as_str().is_some_and(|kind| kind.starts_with("call.")))
        .map(|body| body["sequence"].as_i64().expect("a number"))
        .collect();
    assert!(calls.is_sorted() && calls.contains(&1), "{calls:?}: what was cut off comes again");
    assert!(delivered.len() >= 4);
}

async fn an_endpoint_that_is_switched_off_is_told_nothing_more(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::Status(500));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 1).await;
    let path = format!("/v1/webhooks/{id}");
    scene.asha.patch(&path, json!({ "status": "disabled" })).await.expect(200);
    let failed = scene.deliveries(&id, "failed", 1).await;
    assert_eq!(failed[0]["last_error"], "endpoint_off");
    let retry = format!("/v1/webhooks/deliveries/{}/retry", failed[0]["id"].as_str().expect("an id"));
    scene.asha.post(&retry, json!({})).await.expect_error("webhooks.delivery_not_retryable");
    scene.asha.post(&format!("{path}/test"), json!({})).await.expect_error("webhooks.delivery_not_retryable");
    // The other one is told, this one is not.
    scene.endpoint(&receiver.url("/other"), &["wallet.*"]).await;
    scene.asha.delete(&path).await.expect(204);
    within(DEADLINE, "the other one", async || {
        scene.emit(EventKind::WalletTopUp).await;
        (receiver.count("/other") > 0).then_some(())
    })
    .await;
    assert_eq!(receiver.count("/events"), 1);
    scene.asha.get(&path).await.expect_error("webhooks.not_found");
    let all = scene.asha.get("/v1/webhooks/deliveries?status=failed").await.expect(200).json;
    assert_eq!(all[0]["id"], failed[0]["id"], "what was sent can still be looked up");
}

async fn a_limited_endpoint_gets_no_more_a_second(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let body = json!({ "url": receiver.url("/events"), "events": ["wallet.*"], "rate_per_second": 5 });
    let (id, _) = super::endpoint(&scene.asha, body).await;
    for _ in 0..12 {
        scene.emit(EventKind::WalletTopUp).await;
    }
    receiver.wait("/events", 5).await;
    scene.deliveries(&id, "delivered", 5).await;
    assert_eq!(receiver.count("/events"), 5);
    scene.advance(400);
    receiver.wait("/events", 7).await;
    scene.deliveries(&id, "delivered", 7).await;
    assert_eq!(receiver.count("/events"), 7);
    scene.advance(1_000);
    receiver.wait("/events", 12).await;
}

async fn its_health_says_how_many_arrived_and_how_long_they_took(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let health = async || scene.asha.get(&format!("/v1/webhooks/{id}")).await.expect(200).json["health"].clone();
    let untried = health().await;
    assert_eq!((&untried["deliveries"], &untried["success_rate"]), (&json!(0), &Value::Null));
    for arrived in 1..=3 {
        scene.emit(EventKind::WalletTopUp).await;
        scene.deliveries(&id, "delivered", arrived).await;
    }
    receiver.answers("/events", Answers::Status(500));
    scene.emit(EventKind::WalletTopUp).await;
    attempted(&scene, &id).await;
    let shown = health().await;
    assert_eq!((&shown["deliveries"], &shown["success_rate"]), (&json!(4), &json!(0.75)));
    let (p50, p95) = (shown["p50_ms"].as_i64().expect("a time"), shown["p95_ms"].as_i64().expect("a time"));
    assert!((0..=p95).contains(&p50), "{shown}");
}
