//! Idempotency keys, seen through POST /v1/api-keys.

use std::time::Duration;

use serde_json::json;

use crate::support::{Client, Server, on_each_engine};

on_each_engine! {
    the_same_request_gets_the_stored_answer
    another_body_under_the_key_conflicts
    keys_are_kept_a_day
    failures_are_not_stored
    workspaces_do_not_share_keys
    two_hundred_at_once_have_one_effect
    a_stored_answer_is_sealed
    a_key_has_one_to_255_characters
    authorisation_comes_before_replay
}

fn with_key(client: &Client, key: &str) -> Client {
    client.with("idempotency-key", key)
}

async fn count(server: &Server) -> i64 {
    sqlx::query_scalar("select count(*) from api_keys").fetch_one(server.app.db.pool()).await.unwrap()
}

async fn the_same_request_gets_the_stored_answer(server: Server) {
    let owner = with_key(&server.onboarded("a@example.com").await, "k");
    let first = owner.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201);
    assert_eq!(first.header("idempotent-replayed"), None);
    let second = owner.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201);
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.text, second.text);
    assert_eq!(count(&server).await, 1);
}

async fn another_body_under_the_key_conflicts(server: Server) {
    let owner = with_key(&server.onboarded("a@example.com").await, "k");
    owner.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201);
    owner.post("/v1/api-keys", json!({ "name": "y" })).await.expect_error("idempotency.conflict");
    owner.post("/v1/api-keys?a=b", json!({ "name": "x" })).await.expect_error("idempotency.conflict");
    assert_eq!(count(&server).await, 1);
}

async fn keys_are_kept_a_day(server: Server) {
    let owner = with_key(&server.onboarded("a@example.com").await, "k");
    owner.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201);
    server.clock.advance(Duration::from_secs(24 * 3600));
    let later = owner.post("/v1/api-keys", json!({ "name": "y" })).await.expect(201);
    assert_eq!(later.header("idempotent-replayed"), None);
}

async fn failures_are_not_stored(server: Server) {
    let owner = with_key(&server.onboarded("a@example.com").await, "k");
    owner.post("/v1/api-keys", json!({})).await.expect_error("api_key.name_required");
    owner.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201);
}

async fn workspaces_do_not_share_keys(server: Server) {
    for email in ["a@example.com", "b@example.com"] {
        let owner = with_key(&server.onboarded(email).await, "k");
        let answer = owner.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201);
        assert_eq!(answer.header("idempotent-replayed"), None);
    }
}

async fn two_hundred_at_once_have_one_effect(server: Server) {
    let owner = with_key(&server.onboarded("a@example.com").await, "k");
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let owner = owner.clone();
        requests.spawn(async move { owner.post("/v1/api-keys", json!({ "name": "x" })).await });
    }
    let mut bodies = Vec::new();
    while let Some(answer) = requests.join_next().await {
        let answer = answer.unwrap();
        match answer.status {
            201 => bodies.push(answer.text),
            _ => drop(answer.expect_error("idempotency.conflict")),
        }
    }
    assert!(!bodies.is_empty());
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(count(&server).await, 1);
}

async fn a_stored_answer_is_sealed(server: Server) {
    let owner = with_key(&server.onboarded("a@example.com").await, "k");
    let made = owner.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201).json;
    let stored: String =
        sqlx::query_scalar("select answer from idempotency_keys").fetch_one(server.app.db.pool()).await.unwrap();
    assert!(!stored.contains(made["key"].as_str().unwrap()));
}

async fn a_key_has_one_to_255_characters(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    with_key(&owner, &"k".repeat(255)).post("/v1/api-keys", json!({ "name": "x" })).await.expect(201);
    for key in ["", &"k".repeat(256)] {
        let answer = with_key(&owner, key).post("/v1/api-keys", json!({ "name": "x" })).await;
        assert_eq!(answer.expect_error("validation.bad_request").json["error"]["field"], "Idempotency-Key");
    }
}

async fn authorisation_comes_before_replay(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    with_key(&owner, "k").post("/v1/api-keys", json!({ "name": "x" })).await.expect(201);
    let reader = with_key(&server.key_of(&owner, &["calls:read"]).await, "k");
    reader.post("/v1/api-keys", json!({ "name": "x" })).await.expect_error("api_key.scope_denied");
}
