//! What people ask for by hand: it goes first, and what happens meanwhile is of the endpoint as it is by then.

use std::sync::Arc;
use std::time::Duration;

use sautikit::clock::{Clock, TestClock};
use sautikit::webhooks::EventKind;
use serde_json::json;
use tokio::sync::Semaphore;

use super::rows::{self, execute};
use super::{Answers, DEADLINE, Scene, exhaust};
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    what_is_old_is_sent_again_together_though_the_first_fails
    a_retry_of_a_paused_endpoint_goes_at_once_and_before_what_waits
    the_answer_of_a_former_url_says_nothing_of_the_new_one
    what_is_asked_for_as_an_endpoint_comes_back_is_not_given_up
    an_event_that_can_not_be_read_holds_up_no_other
    what_happened_while_an_endpoint_was_off_can_be_sent
    what_a_numbers_events_url_missed_can_be_sent
    two_retries_at_the_same_time_tell_how_the_endpoint_stands
    what_is_asked_for_waits_for_no_clock
    a_retry_says_whether_there_is_more
    what_is_sent_again_together_waits_for_what_goes_before_it
}

/// An attempt on the day after the last one of the schedule is one of an endpoint of which nothing is known by then.
async fn what_is_old_is_sent_again_together_though_the_first_fails(server: Server) {
    let (mut scene, receiver) = Scene::delivering(server).await;
    // A session ends before that.
    scene.asha = scene.server.key_of(&scene.asha, &["*"]).await;
    receiver.answers("/events", Answers::Status(500));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let from = sautikit::clock::rfc3339(scene.server.app.now_us());
    for _ in 0..4 {
        scene.emit(EventKind::WalletTopUp).await;
    }
    receiver.wait("/events", 4).await;
    exhaust(&scene, super::PAUSE).await;
    scene.deliveries(&id, "exhausted", 4).await;
    scene.advance(20 * 86_400 * 1_000);
    let gate = Arc::new(Semaphore::new(0));
    receiver.answers("/events", Answers::When(500, gate.clone()));
    let before = receiver.count("/events");
    let again = json!({ "from": from });
    let path = format!("/v1/webhooks/{id}");
    let retried = within(DEADLINE, "a dispatcher", async || {
        let answer = scene.asha.post(&format!("{path}/retry"), again.clone()).await;
        (answer.status == 202).then_some(answer.json)
    })
    .await;
    assert_eq!(retried["retried"], 4);
    receiver.wait("/events", before + 1).await;
    receiver.answers("/events", Answers::Status(200));
    gate.add_permits(1);
    receiver.wait("/events", before + 4).await;
    scene.deliveries(&id, "delivered", 3).await;
    let shown = scene.asha.get(&path).await.expect(200).json;
    assert_eq!(shown["status"], "enabled", "one failure is no three days of them: {shown}");
    scene.advance(6_000);
    scene.deliveries(&id, "delivered", 4).await;
}

async fn a_retry_of_a_paused_endpoint_goes_at_once_and_before_what_waits(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::Status(500));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 1).await;
    exhaust(&scene, super::PAUSE).await;
    let exhausted = scene.deliveries(&id, "exhausted", 1).await;
    let asked = exhausted[0]["id"].as_str().expect("an id").to_owned();
    // It asks to be left alone, and some wait.
    receiver.answers("/events", Answers::RetryAfter(503, "3600"));
    scene.emit(EventKind::WalletTopUp).await;
    within(DEADLINE, "a pause", async || {
        let shown = scene.asha.get(&format!("/v1/webhooks/{id}")).await.expect(200).json;
        (shown["health"]["circuit"] == "open").then_some(())
    })
    .await;
    for _ in 0..20 {
        scene.emit(EventKind::WalletTopUp).await;
    }
    scene.until_all_is_told().await;
    receiver.answers("/events", Answers::Status(200));
    let before = receiver.count("/events");
    let retry = format!("/v1/webhooks/deliveries/{asked}/retry");
    scene.asha.post(&retry, json!({})).await.expect(202);
    let told = receiver.wait("/events", before + 1).await;
    assert_eq!(told[before].header("x-sautikit-delivery"), asked);
}

async fn the_answer_of_a_former_url_says_nothing_of_the_new_one(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.answers("/former", Answers::When(410, gate.clone()));
    let (id, _) = scene.endpoint(&receiver.url("/former"), &["wallet.*"]).await;
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/former", 1).await;
    let path = format!("/v1/webhooks/{id}");
    scene.asha.patch(&path, json!({ "url": receiver.url("/new") })).await.expect(200);
    // The dispatcher has taken it up when a test event arrives.
    scene.asha.post(&format!("{path}/test"), json!({})).await.expect(202);
    receiver.wait("/new", 1).await;
    gate.add_permits(1);
    within(DEADLINE, "an attempt in the log", async || {
        let pending = scene.deliveries(&id, "pending", 1).await;
        (pending[0]["attempts"] == 1).then_some(())
    })
    .await;
    scene.advance(6_000);
    receiver.wait("/new", 2).await;
    scene.deliveries(&id, "delivered", 2).await;
    let shown = scene.asha.get(&path).await.expect(200).json;
    assert_eq!((shown["status"].as_str(), shown["health"]["failures"].as_i64()), (Some("enabled"), Some(0)));
}

async fn what_is_asked_for_as_an_endpoint_comes_back_is_not_given_up(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::Status(410));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let path = format!("/v1/webhooks/{id}");
    for round in 1..=5 {
        receiver.answers("/events", Answers::Status(410));
        scene.emit(EventKind::WalletTopUp).await;
        let failed = scene.deliveries(&id, "failed", 1).await;
        within(DEADLINE, "an endpoint that is off", async || {
            let shown = scene.asha.get(&path).await.expect(200).json;
            (shown["disabled_reason"] == "gone").then_some(())
        })
        .await;
        receiver.answers("/events", Answers::Status(200));
        scene.asha.patch(&path, json!({ "status": "enabled" })).await.expect(200);
        let asked = failed[0]["id"].as_str().expect("an id").to_owned();
        scene.asha.post(&format!("/v1/webhooks/deliveries/{asked}/retry"), json!({})).await.expect(202);
        scene.deliveries(&id, "delivered", round).await;
        scene.advance(1_000);
    }
}

async fn an_event_that_can_not_be_read_holds_up_no_other(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let (workspace, at) = (scene.asha.workspace_id().await, scene.server.app.now_us());
    let unreadable = format!(
        "insert into events (id, workspace_id, kind, sequence, data, created_at)
        values ('no id', '{workspace}', 'wallet.top_up', 0, '{{}}', {})",
        at - 1_000
    );
    execute(&scene.server, unreadable).await;
    // And an endpoint.
    execute(
        &scene.server,
        format!(
            "insert into webhook_endpoints (id, workspace_id, url, description, events, status, created_at, changed_at,
                revision)
            select 'no id either', '{workspace}', 'https://shop.example/', '', 'no list', 'enabled', {at}, {at},
                last_revision + 1
            from webhook_changes"
        ),
    )
    .await;
    execute(&scene.server, "update webhook_changes set last_revision = last_revision + 1".to_owned()).await;
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 1).await;
    scene.deliveries(&id, "delivered", 1).await;
    scene.until_all_is_told().await;
}

async fn what_happened_while_an_endpoint_was_off_can_be_sent(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let path = format!("/v1/webhooks/{id}");
    // The workspace was paid for before.
    scene.advance(1_000);
    let from = sautikit::clock::rfc3339(scene.server.app.now_us());
    let first = scene.emit(EventKind::WalletTopUp).await;
    scene.deliveries(&id, "delivered", 1).await;
    scene.asha.patch(&path, json!({ "status": "disabled" })).await.expect(200);
    scene.advance(1_000);
    let mut missed = Vec::new();
    for _ in 0..5 {
        missed.push(format!("evt_{}", scene.emit(EventKind::WalletTopUp).await));
        scene.emit(EventKind::NumberReleased).await;
        scene.until_all_is_told().await;
        scene.advance(1_000);
    }
    let retry = format!("{path}/retry");
    let ask = json!({ "from": from, "missing": true });
    scene.asha.post(&retry, ask.clone()).await.expect_error("webhooks.delivery_not_retryable");
    scene.asha.patch(&path, json!({ "status": "enabled" })).await.expect(200);
    let without = scene.asha.post(&retry, json!({ "from": from })).await.expect(202).json;
    assert_eq!(without, json!({ "retried": 0, "has_more": false }));
    let sent = scene.asha.post(&retry, ask.clone()).await.expect(202).json;
    assert_eq!(sent, json!({ "retried": 5, "has_more": false }));
    let told = receiver.wait("/events", 6).await;
    let mut came: Vec<_> = told[1..].iter().map(|one| one.json()["id"].as_str().expect("an id").to_owned()).collect();
    came.sort();
    missed.sort();
    assert_eq!(came, missed, "and not {first}, which came before");
    scene.deliveries(&id, "delivered", 6).await;
    let again = scene.asha.post(&retry, ask).await.expect(202).json;
    assert_eq!(again["retried"], 0);
}

async fn what_a_numbers_events_url_missed_can_be_sent(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    scene.patch_routing(json!({ "events_url": receiver.url("/number?of=one") })).await;
    scene.talk(1_000).await;
    receiver.wait("/number?of=one", 4).await;
    let endpoints = scene.asha.get("/v1/webhooks").await.expect(200).json;
    let id = endpoints[0]["id"].as_str().expect("an id").to_owned();
    scene.deliveries(&id, "delivered", 4).await;
    let path = format!("/v1/webhooks/{id}");
    scene.asha.patch(&path, json!({ "status": "disabled" })).await.expect(200);
    // Its rows say so when another event has its place.
    scene.emit(EventKind::WalletTopUp).await;
    scene.until_all_is_told().await;
    scene.talk(1_000).await;
    scene.until_all_is_told().await;
    assert_eq!(receiver.count("/number?of=one"), 4);
    scene.asha.patch(&path, json!({ "status": "enabled" })).await.expect(200);
    let sent = scene.asha.post(&format!("{path}/retry"), json!({ "from": "2026-01-01", "missing": true })).await;
    assert_eq!(sent.expect(202).json["retried"], 4);
    let told = receiver.wait("/number?of=one", 8).await;
    let kinds: Vec<_> = told[4..].iter().map(|one| one.header("x-sautikit-event")).collect();
    assert_eq!(kinds, ["call.started", "call.answered", "call.completed", "call.billed"]);
}

/// The answer to what was begun before an endpoint was asked again counts as much as the one after it.
async fn two_retries_at_the_same_time_tell_how_the_endpoint_stands(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/events", Answers::Status(500));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    for _ in 0..2 {
        scene.emit(EventKind::WalletTopUp).await;
    }
    receiver.wait("/events", 2).await;
    exhaust(&scene, super::PAUSE).await;
    let exhausted = scene.deliveries(&id, "exhausted", 2).await;
    let shown = async || scene.asha.get(&format!("/v1/webhooks/{id}")).await.expect(200).json["health"].clone();
    assert!(shown().await["failing_since"].is_string());
    let gate = Arc::new(Semaphore::new(0));
    receiver.answers("/events", Answers::When(200, gate.clone()));
    let before = receiver.count("/events");
    for (begun, delivery) in (1..).zip(&exhausted) {
        let retry = format!("/v1/webhooks/deliveries/{}/retry", delivery["id"].as_str().expect("an id"));
        within(DEADLINE, "a dispatcher", async || {
            (scene.asha.post(&retry, json!({})).await.status == 202).then_some(())
        })
        .await;
        receiver.wait("/events", before + begun).await;
    }
    gate.add_permits(2);
    scene.deliveries(&id, "delivered", 2).await;
    let health = shown().await;
    assert_eq!((&health["failing_since"], &health["failures"]), (&json!(null), &json!(0)), "{health}");
}

/// The node that takes a request may be ahead of the one that delivers.
async fn what_is_asked_for_waits_for_no_clock(server: Server) {
    let (scene, receiver) = (Scene::set(server).await, super::Receiver::start().await);
    let behind = TestClock::starting_at(scene.server.clock.now() - Duration::from_secs(3_600));
    tokio::spawn(sautikit::webhooks::run_until_stopped(scene.server.app.changed(|app| app.clock = behind)));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let test = format!("/v1/webhooks/{id}/test");
    within(DEADLINE, "a dispatcher", async || {
        (scene.asha.post(&test, json!({ "event": "wallet.top_up" })).await.status == 202).then_some(())
    })
    .await;
    receiver.wait("/events", 1).await;
}

async fn a_retry_says_whether_there_is_more(server: Server) {
    let scene = Scene::set(server).await;
    // Nobody delivers: what is sent again stays pending.
    let made = rows::rows(&scene.server, &scene.asha).await;
    let (workspace, now) = (scene.asha.workspace_id().await, scene.server.app.now_us());
    let exhausted = async |events: bool, from: usize, to: usize| {
        let id = "'01900000-0000-7000-8000-' || substr(cast(1000000000000 + n as text), 2)";
        let numbers =
            format!("with recursive numbers (n) as (select {from} union all select n + 1 from numbers where n < {to})");
        if events {
            let columns = "id, workspace_id, kind, sequence, data, is_test, created_at";
            let values = format!("{id}, '{workspace}', 'call.failed', 0, '{{}}', 1, {now}");
            let events = format!("{numbers} insert into events ({columns}) select {values} from numbers");
            execute(&scene.server, events).await;
        }
        let columns = "id, workspace_id, endpoint_id, event_id, event_kind, sequence, status, tries, attempts,
            next_attempt_at, created_at";
        let values = format!(
            "{id}, '{workspace}', '{}', {id}, 'call.failed', 1, 'exhausted', 10, 10, {now}, {now}",
            made.endpoint
        );
        let deliveries = format!("{numbers} insert into webhook_deliveries ({columns}) select {values} from numbers");
        execute(&scene.server, deliveries).await;
    };
    let path = format!("/v1/webhooks/{}/retry", made.endpoint);
    let retry = async || scene.asha.post(&path, json!({ "from": "2020-01-01" })).await.expect(202).json;
    // A thousand with the one that was made; those whose events are past their time come before them and can't be sent.
    exhausted(true, 1_001, 1_999).await;
    exhausted(false, 1, 10).await;
    assert_eq!(retry().await, json!({ "retried": 1_000, "has_more": false }));
    assert_eq!(retry().await, json!({ "retried": 0, "has_more": false }));
    exhausted(true, 3_000, 4_000).await;
    assert_eq!(retry().await, json!({ "retried": 1_000, "has_more": true }));
    assert_eq!(retry().await, json!({ "retried": 1, "has_more": false }));
}

async fn what_is_sent_again_together_waits_for_what_goes_before_it(server: Server) {
    let scene = Scene::set(server).await;
    // Nobody delivers: where things stand stays.
    let made = rows::rows(&scene.server, &scene.asha).await;
    let (workspace, now) = (scene.asha.workspace_id().await, scene.server.app.now_us());
    let (call, later) = (scene.server.app.new_uuid(), now + 3_600 * 1_000_000);
    for (sequence, status, due) in [(1, "pending", later), (2, "failed", now)] {
        let id = scene.server.app.new_uuid();
        let event = format!(
            "insert into events (id, workspace_id, kind, call_id, sequence, data, created_at)
            values ('{id}', '{workspace}', 'call.answered', '{call}', {sequence}, '{{}}', {now})"
        );
        let delivery = format!(
            "insert into webhook_deliveries (id, workspace_id, endpoint_id, event_id, event_kind, call_id, sequence,
                status, tries, attempts, next_attempt_at, created_at)
            values ('{id}', '{workspace}', '{}', '{id}', 'call.answered', '{call}', {sequence}, '{status}', 1, 1, {due},
                {now})",
            made.endpoint
        );
        for statement in [event, delivery] {
            execute(&scene.server, statement).await;
        }
    }
    let path = format!("/v1/webhooks/{}/retry", made.endpoint);
    let retried = scene.asha.post(&path, json!({ "from": "2020-01-01" })).await.expect(202).json;
    assert_eq!(retried["retried"], 2, "with the one of another call");
    let due = "select sequence, next_attempt_at from webhook_deliveries where call_id = $1 order by sequence";
    let due = sqlx::query_as::<_, (i64, i64)>(due).bind(call.to_string());
    assert_eq!(due.fetch_all(scene.server.app.db.pool()).await.expect("both"), [(1, later), (2, later)]);
}
