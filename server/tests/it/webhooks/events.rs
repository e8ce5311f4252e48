//! Events that are asked for: the oldest first, each once, whatever is written meanwhile.

use sautikit::webhooks::{self, EventKind, NewEvent, Subject};
use sautikit_api::ids::{EventId, NumberId};
use serde_json::{Value, json};

use super::Scene;
use crate::support::{Answer, Server, on_each_engine};

on_each_engine! {
    events_are_read_on_from_the_last_one_seen
    events_and_deliveries_go_after_a_month
    after_a_test_event_comes_what_happened_since
    an_event_goes_by_its_time_whatever_its_id_is
    money_that_comes_in_and_a_number_that_goes_are_told
    what_is_told_of_a_call_at_the_same_time_has_numbers_of_its_own
    the_events_of_a_call_go_forward_in_time_whatever_the_clock_says
    a_callback_that_failed_is_told_where_the_timeline_is_full
    an_answered_call_that_costs_nothing_has_its_bill_too
}

fn ids(answer: &Answer) -> Vec<String> {
    let events = answer.json.as_array().expect("a list");
    events.iter().map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
}

async fn events_are_read_on_from_the_last_one_seen(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    let start = ids(&scene.asha.get("/v1/events?limit=200").await.expect(200));
    let mut emitted = Vec::new();
    for _ in 0..7 {
        emitted.push(format!("evt_{}", scene.emit(EventKind::WalletTopUp).await));
        scene.until_all_is_told().await;
    }
    let bob = scene.server.onboarded("bob@example.com").await;
    let mut seen = Vec::new();
    let mut path = format!("/v1/events?limit=3&after={}", start.last().expect("what happened before"));
    loop {
        let page = scene.asha.get(&path).await.expect(200);
        seen.extend(ids(&page));
        match page.header("link") {
            Some(link) => path = link[1..link.find('>').expect("an address")].to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, emitted);
    let of_kind = scene.asha.get("/v1/events?event=number.provisioned").await.expect(200).json;
    assert_eq!(of_kind.as_array().map(Vec::len), Some(1));
    let event = scene.asha.get(&format!("/v1/events/{}", emitted[0])).await.expect(200).json;
    assert_eq!(event["data"]["of"], "a test");
    bob.get(&format!("/v1/events/{}", emitted[0])).await.expect_error("not_found");
    bob.get(&format!("/v1/events?after={}", emitted[0])).await.expect_error("not_found");
    let refused = scene.asha.get("/v1/events?after=yesterday").await.expect_error("validation.bad_request");
    assert_eq!(refused.json["error"]["field"], "after");
    scene.asha.get("/v1/events?event=nothing").await.expect_error("webhooks.event_unsupported");
}

async fn events_and_deliveries_go_after_a_month(server: Server) {
    let (mut scene, receiver) = Scene::delivering(server).await;
    // A session would not live so long.
    scene.asha = scene.server.key_of(&scene.asha, &["*"]).await;
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["*"]).await;
    scene.emit(EventKind::WalletTopUp).await;
    let old = scene.deliveries(&id, "delivered", 1).await;
    scene.advance(29 * 86_400 * 1_000);
    sautikit::webhooks::delete_old(&scene.server.app, 1_000).await.expect("a look");
    scene.deliveries(&id, "delivered", 1).await;
    scene.advance(2 * 86_400 * 1_000);
    let newest = scene.emit(EventKind::WalletTopUp).await;
    scene.deliveries(&id, "delivered", 2).await;
    while sautikit::webhooks::delete_old(&scene.server.app, 1_000).await.expect("a deletion") > 0 {}
    let left = scene.asha.get("/v1/events").await.expect(200);
    assert_eq!(ids(&left), [format!("evt_{newest}")]);
    let path = format!("/v1/webhooks/deliveries/{}/attempts", old[0]["id"].as_str().expect("an id"));
    scene.asha.get(&path).await.expect_error("webhooks.not_found");
    let attempts: i64 = sqlx::query_scalar("select count(*) from webhook_attempts")
        .fetch_one(scene.server.app.db.pool())
        .await
        .expect("a count");
    assert_eq!(attempts, 1);
    let kept: Value = scene.asha.get(&format!("/v1/webhooks/{id}/deliveries")).await.expect(200).json;
    assert_eq!(kept.as_array().map(Vec::len), Some(1));
}

async fn after_a_test_event_comes_what_happened_since(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    scene.emit(EventKind::WalletTopUp).await;
    scene.until_all_is_told().await;
    scene.advance(1_000);
    scene.asha.post(&format!("/v1/webhooks/{id}/test"), json!({})).await.expect(202);
    let told = receiver.wait("/events", 2).await;
    let test = told.iter().find(|one| one.json()["test"] == true).expect("a test").json()["id"].clone();
    let after = format!("/v1/events?after={}", test.as_str().expect("an id"));
    assert_eq!(ids(&scene.asha.get(&after).await.expect(200)), Vec::<String>::new());
    scene.advance(1_000);
    let since = scene.emit(EventKind::WalletTopUp).await;
    scene.until_all_is_told().await;
    assert_eq!(ids(&scene.asha.get(&after).await.expect(200)), [format!("evt_{since}")]);
}

/// Those of a trunk have ids that are made of a text, whatever the time.
async fn an_event_goes_by_its_time_whatever_its_id_is(server: Server) {
    let (mut scene, _) = Scene::delivering(server).await;
    scene.asha = scene.server.key_of(&scene.asha, &["*"]).await;
    let workspace = scene.asha.workspace_id().await;
    let emit = async |first: &str| {
        let id: EventId = format!("{first}0000000-0000-8000-8000-000000000001").parse().expect("an id");
        let event = NewEvent {
            id,
            workspace_id: workspace.parse().expect("an id"),
            kind: EventKind::TrunkRegistrationFailed,
            subject: Subject::Workspace,
            data: json!({}),
            created_at: scene.server.app.now_us(),
        };
        let mut tx = scene.server.app.db.begin_write().await.expect("a transaction");
        webhooks::emit(&mut tx, &event).await.expect("written");
        tx.commit().await.expect("committed");
        webhooks::ring(&scene.server.app);
        format!("/v1/events/evt_{id}")
    };
    let delete = async || while webhooks::delete_old(&scene.server.app, 1_000).await.expect("a deletion") > 0 {};
    // Less than every id of today, and greater.
    let paths = [emit("0").await, emit("f").await];
    scene.until_all_is_told().await;
    scene.advance(29 * 86_400 * 1_000);
    delete().await;
    for path in &paths {
        scene.asha.get(path).await.expect(200);
    }
    scene.advance(2 * 86_400 * 1_000);
    delete().await;
    for path in &paths {
        scene.asha.get(path).await.expect_error("not_found");
    }
}

async fn money_that_comes_in_and_a_number_that_goes_are_told(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    let of = async |kind: &str| scene.asha.get(&format!("/v1/events?event={kind}&limit=200")).await.expect(200).json;
    let before = of("wallet.top_up").await.as_array().map_or(0, Vec::len);
    scene.top_up(5_000).await;
    scene.until_all_is_told().await;
    let topped_up = of("wallet.top_up").await;
    assert_eq!(topped_up.as_array().map(Vec::len), Some(before + 1));
    assert_eq!(topped_up[before]["data"]["amount_minor"], 5_000);
    let numbers = scene.asha.get("/v1/numbers").await.expect(200).json;
    let id = numbers[0]["id"].as_str().expect("an id");
    scene.asha.delete(&format!("/v1/numbers/{id}")).await.expect(204);
    scene.until_all_is_told().await;
    let released = of("number.released").await;
    assert_eq!((&released[0]["data"]["id"], &released[0]["data"]["number"]), (&json!(id), &numbers[0]["number"]));
}

async fn what_is_told_of_a_call_at_the_same_time_has_numbers_of_its_own(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    let call_id = scene.talk(1_000).await;
    let (app, workspace) = (scene.server.app.clone(), scene.asha.workspace_id().await);
    let tell = async || {
        let mut tx = app.db.begin_write().await.expect("a transaction");
        let sequence = webhooks::next_sequence(&mut tx, call_id).await.expect("a place");
        let event = NewEvent {
            id: EventId(app.new_uuid()),
            workspace_id: workspace.parse().expect("an id"),
            kind: EventKind::CallRecordingReady,
            subject: Subject::Call { call_id, number_id: NumberId(app.new_uuid()), sequence },
            data: json!({}),
            created_at: app.now_us(),
        };
        webhooks::emit(&mut tx, &event).await.expect("written");
        tx.commit().await.expect("committed");
        sequence
    };
    let mut told = futures::future::join_all((0..4).map(|_| tell())).await;
    told.sort_unstable();
    assert_eq!(told, [5, 6, 7, 8], "after the four of the call itself");
}

async fn the_events_of_a_call_go_forward_in_time_whatever_the_clock_says(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    scene.endpoint(&receiver.url("/events"), &["call.*"]).await;
    let call = scene.place().await;
    scene.server.clock.set_by_us(-3_600 * 1_000_000);
    scene.answer(&call).await;
    scene.advance(1_000);
    scene.hang_up(&call).await;
    let told = receiver.wait("/events", 4).await;
    let times: Vec<_> = told.iter().map(|one| one.json()["created_at"].as_str().expect("a time").to_owned()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

async fn a_callback_that_failed_is_told_where_the_timeline_is_full(server: Server) {
    let scene = Scene::set(server).await;
    let call = scene.place().await;
    let now_us = scene.server.app.now_us();
    scene.gateway.with(call.call_id, |record| {
        for _ in 0..1_000 {
            record.entry("verb.started", now_us, json!({ "verb": "say" }));
        }
        record.entry("call.callback_failed", now_us, json!({ "code": "actions.invalid", "reason": "too much" }));
    });
    scene.answer(&call).await;
    assert_eq!(scene.told(call.call_id).await, ["call.started", "call.callback_failed", "call.answered"]);
}

async fn an_answered_call_that_costs_nothing_has_its_bill_too(server: Server) {
    let scene = Scene::set(server).await;
    let call = scene.place().await;
    scene.answer(&call).await;
    scene.hang_up(&call).await;
    assert_eq!(scene.told(call.call_id).await, ["call.started", "call.answered", "call.completed", "call.billed"]);
    let rings = scene.place().await;
    scene.fail(&rings, sautikit_api::calls::CallStatus::NoAnswer, "no_answer").await;
    assert_eq!(scene.told(rings.call_id).await, ["call.started", "call.failed"]);
}
