//! Where the `events_url` of numbers and calls leads: many URLs of one origin, and many origins.

use sautikit_api::ids::CallId;
use serde_json::{Value, json};

use super::{Answers, DEADLINE, Receiver, Scene, deliver, rows::execute};
use crate::calls::support::{FROM, Order, TO};
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    a_url_that_is_gone_ends_what_waits_for_it_and_nothing_else
    further_origins_of_a_number_share_an_endpoint
    an_origin_that_nothing_goes_to_for_a_month_is_forgotten
    an_origin_that_somebody_set_up_is_kept_however_idle
    an_origin_is_switched_off_and_not_deleted
    an_events_url_that_is_gone_is_told_nothing_more
    what_went_elsewhere_is_looked_through_in_parts
}

/// A call of Asha's whose events go there.
async fn place(scene: &Scene, events_url: &str) -> Order {
    let body = json!({ "from": FROM, "to": TO, "events_url": events_url });
    scene.asha.post("/v1/calls", body).await.expect(202);
    scene.gateway.last_order()
}

async fn endpoints(scene: &Scene) -> Vec<Value> {
    let shown = scene.asha.get("/v1/webhooks?limit=200").await.expect(200).json;
    shown.as_array().expect("a list").clone()
}

/// Whether the delivery is one of the call, as the events that came say.
fn is_of(delivery: &Value, call: CallId, came: &[(String, CallId)]) -> bool {
    came.iter().any(|(event, of)| *of == call && delivery["event_id"] == event.as_str())
}

async fn a_url_that_is_gone_ends_what_waits_for_it_and_nothing_else(server: Server) {
    let scene = Scene::set(server).await;
    let receiver = Receiver::start().await;
    receiver.answers("/gone", Answers::Status(410));
    // Nobody delivers yet: two events of the first call wait.
    let gone = place(&scene, &receiver.url("/gone")).await;
    scene.answer(&gone).await;
    let kept = place(&scene, &receiver.url("/kept")).await;
    deliver(&scene.server);
    receiver.wait("/kept", 1).await;
    let shown = endpoints(&scene).await;
    assert_eq!(shown.len(), 1, "one origin is one endpoint");
    let id = shown[0]["id"].as_str().expect("an id").to_owned();
    let failed = scene.deliveries(&id, "failed", 2).await;
    assert_eq!(receiver.count("/gone"), 1, "the second event was not sent any more");
    let tried = |attempts: i64| failed.iter().find(|one| one["attempts"] == attempts).expect("a delivery");
    assert_eq!((tried(1)["last_status"].as_i64(), tried(0)["last_error"].as_str()), (Some(410), Some("gone")));
    // The origin goes on for the others, and is not held to have failed.
    scene.answer(&kept).await;
    receiver.wait("/kept", 2).await;
    let endpoint = scene.asha.get(&format!("/v1/webhooks/{id}")).await.expect(200).json;
    assert_eq!((&endpoint["status"], &endpoint["health"]["failures"]), (&json!("enabled"), &json!(0)));
    // What happens later is not sent there.
    scene.hang_up(&gone).await;
    scene.until_all_is_told().await;
    assert_eq!((receiver.count("/gone"), scene.deliveries(&id, "failed", 2).await.len()), (1, 2));
    let delivered = scene.deliveries(&id, "delivered", 2).await;
    let heard = receiver.told("/kept").iter().map(super::receiver::Told::event_and_call).collect::<Vec<_>>();
    assert!(delivered.iter().all(|one| is_of(one, kept.call_id, &heard)));
}

async fn further_origins_of_a_number_share_an_endpoint(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    // Known from before, so that the test needs no fifty servers.
    let number = scene.asha.get("/v1/numbers").await.expect(200).json[0]["id"].as_str().expect("an id").to_owned();
    let workspace = scene.asha.workspace_id().await;
    for origin in 1..50 {
        let (id, now, revision) = (scene.server.app.new_uuid(), scene.server.app.now_us(), 1_000 + origin);
        execute(
            &scene.server,
            format!(
                "insert into webhook_endpoints (id, workspace_id, number_id, url, description, events, status, created_at,
                    changed_at, revision)
                values ('{id}', '{workspace}', '{number}', 'https://{origin}.example', '', '[\"call.*\"]', 'enabled',
                    {now}, {now}, {revision})"
            ),
        )
        .await;
    }
    execute(&scene.server, "update webhook_changes set last_revision = 1050".to_owned()).await;
    place(&scene, &receiver.url("/fiftieth")).await;
    receiver.wait("/fiftieth", 1).await;
    assert_eq!(endpoints(&scene).await.len(), 50);
    let others = [Receiver::start().await, Receiver::start().await];
    for other in &others {
        let beyond = place(&scene, &other.url("/beyond")).await;
        let told = other.wait("/beyond", 1).await;
        assert_eq!(told[0].json()["data"]["call_id"], beyond.call_id.to_string());
    }
    place(&scene, &receiver.url("/fiftieth")).await;
    receiver.wait("/fiftieth", 2).await;
    let shown = endpoints(&scene).await;
    assert_eq!(shown.len(), 51, "the two beyond share one");
    let shared = shown.iter().find(|one| one["url"] == "*").expect("the shared one");
    let delivered = scene.deliveries(shared["id"].as_str().expect("an id"), "delivered", 2).await;
    let mut urls: Vec<_> = delivered.iter().map(|one| one["url"].as_str().expect("a URL").to_owned()).collect();
    let mut expected = others.each_ref().map(|other| other.url("/beyond"));
    urls.sort_unstable();
    expected.sort_unstable();
    assert_eq!(urls, expected);
    // Whoever switches it off knows of what is not sent.
    let path = format!("/v1/webhooks/{}", shared["id"].as_str().expect("an id"));
    scene.asha.patch(&path, json!({ "status": "disabled" })).await.expect(200);
    place(&scene, &others[0].url("/beyond")).await;
    scene.until_all_is_told().await;
    assert_eq!(others[0].count("/beyond"), 1);
}

async fn an_origin_that_nothing_goes_to_for_a_month_is_forgotten(server: Server) {
    let mut scene = Scene::set(server).await;
    let receiver = Receiver::start().await;
    // A session would not live so long.
    scene.asha = scene.server.key_of(&scene.asha, &["*"]).await;
    let first = tokio::spawn(sautikit::webhooks::run_until_stopped(scene.server.app.clone()));
    let call = place(&scene, &receiver.url("/events")).await;
    receiver.wait("/events", 1).await;
    let own = scene.endpoint("https://shop.example/events", &["number.*"]).await.0;
    scene.answer(&call).await;
    scene.advance(1_000);
    scene.hang_up(&call).await;
    // Begun, answered, over, billed.
    receiver.wait("/events", 4).await;
    let origin = endpoints(&scene).await.iter().find(|one| one["id"] != own.as_str()).expect("an origin").clone();
    scene.deliveries(origin["id"].as_str().expect("an id"), "delivered", 4).await;
    first.abort();
    let _ = first.await;
    scene.advance(31 * 86_400 * 1_000);
    while sautikit::webhooks::delete_old(&scene.server.app, 1_000).await.expect("a deletion") > 0 {}
    // A dispatcher looks when it begins, and every ten minutes.
    deliver(&scene.server);
    within(DEADLINE, "the workspace's own endpoint alone", async || {
        let left = endpoints(&scene).await;
        (left.len() == 1).then(|| assert_eq!(left[0]["id"], own.as_str()))
    })
    .await;
    // And makes it anew.
    place(&scene, &receiver.url("/events")).await;
    receiver.wait("/events", 5).await;
    assert_eq!(endpoints(&scene).await.len(), 2);
}

async fn an_origin_that_somebody_set_up_is_kept_however_idle(server: Server) {
    let mut scene = Scene::set(server).await;
    let receivers = [Receiver::start().await, Receiver::start().await];
    scene.asha = scene.server.key_of(&scene.asha, &["*"]).await;
    let first = tokio::spawn(sautikit::webhooks::run_until_stopped(scene.server.app.clone()));
    for receiver in &receivers {
        let call = place(&scene, &receiver.url("/events")).await;
        scene.answer(&call).await;
        scene.advance(1_000);
        scene.hang_up(&call).await;
        receiver.wait("/events", 4).await;
    }
    let kept = endpoints(&scene).await.iter().find(|one| one["url"] == receivers[0].url("")).expect("it").clone();
    let path = format!("/v1/webhooks/{}", kept["id"].as_str().expect("an id"));
    scene.asha.post(&format!("{path}/rotate-secret"), json!({})).await.expect(200);
    for endpoint in endpoints(&scene).await {
        scene.deliveries(endpoint["id"].as_str().expect("an id"), "delivered", 4).await;
    }
    first.abort();
    let _ = first.await;
    scene.advance(31 * 86_400 * 1_000);
    while sautikit::webhooks::delete_old(&scene.server.app, 1_000).await.expect("a deletion") > 0 {}
    deliver(&scene.server);
    within(DEADLINE, "the one that has a secret alone", async || {
        let left = endpoints(&scene).await;
        (left.len() == 1)
            .then(|| assert_eq!((&left[0]["id"], &left[0]["secret_of"]), (&kept["id"], &json!("endpoint"))))
    })
    .await;
}

async fn an_origin_is_switched_off_and_not_deleted(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    place(&scene, &receiver.url("/events")).await;
    receiver.wait("/events", 1).await;
    let id = endpoints(&scene).await[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/webhooks/{id}");
    let refused = scene.asha.delete(&path).await.expect_error("validation.bad_request");
    let message = refused.json["error"]["message"].as_str().expect("a sentence").to_owned();
    assert!(message.contains("events_url"), "{message}");
    assert_eq!(scene.asha.get(&path).await.expect(200).json["status"], "enabled");
    scene.asha.patch(&path, json!({ "status": "disabled" })).await.expect(200);
}

async fn an_events_url_that_is_gone_is_told_nothing_more(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    receiver.answers("/gone", Answers::Status(410));
    scene.patch_routing(json!({ "events_url": receiver.url("/gone") })).await;
    scene.place().await;
    receiver.wait("/gone", 1).await;
    let id = endpoints(&scene).await[0]["id"].as_str().expect("an id").to_owned();
    let failed = scene.deliveries(&id, "failed", 1).await;
    // Neither the next call of the number, nor the one after it.
    for _ in 0..2 {
        scene.place().await;
        scene.until_all_is_told().await;
    }
    place(&scene, &receiver.url("/kept")).await;
    receiver.wait("/kept", 1).await;
    assert_eq!(receiver.count("/gone"), 1);
    // One that it takes after all, sent by hand, brings it back.
    receiver.answers("/gone", Answers::Status(200));
    let retry = format!("/v1/webhooks/deliveries/{}/retry", failed[0]["id"].as_str().expect("an id"));
    scene.asha.post(&retry, json!({})).await.expect(202);
    scene.deliveries(&id, "delivered", 2).await;
    scene.place().await;
    receiver.wait("/gone", 3).await;
}

async fn what_went_elsewhere_is_looked_through_in_parts(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    place(&scene, &receiver.url("/events")).await;
    receiver.wait("/events", 1).await;
    let id = endpoints(&scene).await[0]["id"].as_str().expect("an id").to_owned();
    let number = scene.asha.get("/v1/numbers").await.expect(200).json[0]["id"].as_str().expect("an id").to_owned();
    let (workspace, now) = (scene.asha.workspace_id().await, scene.server.app.now_us());
    // Of calls whose events go to other servers: more than one request reads.
    execute(
        &scene.server,
        format!(
            "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 20500)
            insert into events (id, workspace_id, number_id, kind, sequence, data, created_at, position)
            select '01900000-0000-7000-8000-' || substr(cast(1000000000000 + n as text), 2), '{workspace}', '{number}',
                'call.started', 1, '{{}}', {now}, 1000000 + n
            from numbers"
        ),
    )
    .await;
    let path = format!("/v1/webhooks/{id}/retry");
    let ask = async |after: Value| {
        let body = json!({ "from": "2020-01-01", "missing": true, "after": after });
        scene.asha.post(&path, body).await.expect(202).json
    };
    let first = ask(Value::Null).await;
    assert_eq!((&first["retried"], &first["has_more"]), (&json!(0), &json!(true)), "{first}");
    let rest = ask(first["next_after"].clone()).await;
    assert_eq!(rest, json!({ "retried": 0, "has_more": false }));
    let refused = scene.asha.post(&path, json!({ "from": "2020-01-01", "missing": true, "after": "yesterday" })).await;
    assert_eq!(refused.expect_error("validation.bad_request").json["error"]["field"], "after");
}
