//! `GET /v1/workspace/changes`: which lists change, for whoever may read them.

use sautikit::requests;
use serde_json::json;

use super::Scene;
use super::live::Reader;
use crate::support::{Server, on_each_engine};

on_each_engine! {
    what_changes_is_told_to_whoever_may_read_it_and_to_nobody_else
    operators_are_told_of_trunks_and_other_people_are_not
}

const PATH: &str = "/v1/workspace/changes";

/// The subjects that are told up to and with this one.
async fn until(reader: &mut Reader, subject: &str) -> Vec<String> {
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != subject) {
        let heard = reader.next().await.expect("a change");
        assert_eq!(heard.data, json!({ "changed": heard.event }));
        told.push(heard.event);
    }
    told
}

async fn what_changes_is_told_to_whoever_may_read_it_and_to_nobody_else(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    let bob = scene.server.onboarded("bob@example.com").await;
    let viewer = scene.server.joined(&scene.asha, "viewer@example.com", "viewer").await;
    requests::write_pending(&scene.server.app).await;
    let follow = async |client: &crate::support::Client| {
        let cookie = client.sends("cookie").expect("a session").to_owned();
        Reader::at(&scene.server.app, PATH, &[("cookie", &cookie)]).await
    };
    let (mut owner, mut viewer, mut stranger) = (follow(&scene.asha).await, follow(&viewer).await, follow(&bob).await);
    scene.advance(1);
    scene.top_up(1_000).await;
    until(&mut owner, "wallet").await;
    scene.advance(1);
    scene.asha.post("/v1/api-keys", json!({ "name": "till" })).await.expect(201);
    until(&mut owner, "audit").await;
    requests::write_pending(&scene.server.app).await;
    until(&mut owner, "requests").await;
    scene.advance(1);
    let endpoint = json!({ "url": "https://shop.example/events" });
    let endpoint = scene.asha.post("/v1/webhooks", endpoint).await.expect(201).json;
    let test = format!("/v1/webhooks/{}/test", endpoint["id"].as_str().expect("an id"));
    scene.asha.post(&test, json!({})).await.expect(202);
    until(&mut owner, "deliveries").await;
    let told = until(&mut viewer, "deliveries").await;
    assert!(told.iter().all(|subject| ["wallet", "deliveries"].contains(&subject.as_str())), "{told:?}");
    scene.advance(1);
    bob.post("/v1/api-keys", json!({ "name": "own" })).await.expect(201);
    let told = until(&mut stranger, "audit").await;
    assert!(
        !told.iter().any(|subject| subject == "wallet" || subject == "deliveries"),
        "another workspace's: {told:?}"
    );
    let body = json!({ "name": "reader", "scopes": ["*"] });
    let key = scene.asha.post("/v1/api-keys", body).await.expect(201).json;
    let by_key = scene.server.client().with_key(key["key"].as_str().expect("a key"));
    by_key.get(PATH).await.expect_error("api_key.scope_denied");
}

async fn operators_are_told_of_trunks_and_other_people_are_not(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    let operator = scene.server.onboarded("op@example.com").await;
    assert!(sautikit::accounts::grant_operator(&scene.server.app, "op@example.com").await.expect("granted"));
    let follow = async |client: &crate::support::Client| {
        let cookie = client.sends("cookie").expect("a session").to_owned();
        Reader::at(&scene.server.app, PATH, &[("cookie", &cookie)]).await
    };
    let (mut told, mut other) = (follow(&operator).await, follow(&scene.asha).await);
    scene.advance(1);
    let trunk = json!({ "name": "carrier-a", "address": "sip.carrier.example:5060", "prefixes": ["+254"] });
    operator.post("/v1/admin/trunks", trunk).await.expect(201);
    let subjects = until(&mut told, "trunks").await;
    assert!(subjects.contains(&"installation".to_owned()), "the overview shows trunks too: {subjects:?}");
    scene.advance(1);
    scene.top_up(1_000).await;
    let subjects = until(&mut other, "wallet").await;
    assert!(!subjects.iter().any(|subject| subject == "trunks" || subject == "installation"), "{subjects:?}");
}
