//! Events that are asked for: the oldest first, each once, whatever is written meanwhile.

use sautikit::webhooks::EventKind;
use serde_json::Value;

use super::Scene;
use crate::support::{Answer, Server, on_each_engine};

on_each_engine! {
    events_are_read_on_from_the_last_one_seen
    events_and_deliveries_go_after_a_month
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
