//! Idempotency keys, seen through POST /v1/api-keys.

mod at_work;
mod every_post;

use std::time::Duration;

use serde_json::{Value, json};

use crate::calls::support::{FROM, Scene, TO};
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
    two_hundred_over_http_make_one_key
    two_hundred_over_http_place_one_call
    onboarding_is_replayed
    another_member_gets_the_answer_and_who_left_does_not
    nothing_is_replayed_of_a_deleted_workspace
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
    two_hundred(&owner, "/v1/api-keys", json!({ "name": "x" }), 201).await;
    assert_eq!(count(&server).await, 1);
}

/// 200 equal requests at the same instant: equal answers, or `idempotency.conflict` while the first is at work.
async fn two_hundred(client: &Client, path: &'static str, body: Value, status: u16) {
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (client, body) = (client.clone(), body.clone());
        requests.spawn(async move { client.post(path, body).await });
    }
    let mut bodies = Vec::new();
    while let Some(answer) = requests.join_next().await {
        let answer = answer.unwrap();
        if answer.status == status {
            bodies.push(answer.text);
        } else {
            answer.expect_error("idempotency.conflict");
        }
    }
    assert!(!bodies.is_empty());
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

async fn two_hundred_over_http_make_one_key(server: Server) {
    let server = server.over_http().await;
    let owner = with_key(&server.onboarded("a@example.com").await, "k");
    two_hundred(&owner, "/v1/api-keys", json!({ "name": "x" }), 201).await;
    assert_eq!(count(&server).await, 1);
}

async fn two_hundred_over_http_place_one_call(server: Server) {
    let scene = Scene::set(server.over_http().await).await;
    let asha = with_key(&scene.asha, "k");
    two_hundred(&asha, "/v1/calls", json!({ "from": FROM, "to": TO }), 202).await;
    assert_eq!(scene.gateway.ordered(), 1);
    assert_eq!(scene.asha.get("/v1/calls").await.expect(200).json.as_array().unwrap().len(), 1);
}

async fn onboarding_is_replayed(server: Server) {
    let newcomer = with_key(&server.signed_in("a@example.com").await, "k");
    let body = json!({ "name": "Asha", "workspace_name": "Duka", "country": "KE", "currency": "KES" });
    let first = newcomer.post("/v1/auth/onboarding", body.clone()).await.expect(201);
    let second = newcomer.post("/v1/auth/onboarding", body.clone()).await.expect(201);
    assert_eq!((first.text, second.header("idempotent-replayed")), (second.text.clone(), Some("true")));
    let other = json!({ "name": "Asha", "workspace_name": "Soko", "country": "KE", "currency": "KES" });
    newcomer.post("/v1/auth/onboarding", other).await.expect_error("idempotency.conflict");
    let without = newcomer.without("idempotency-key");
    without.post("/v1/auth/onboarding", body.clone()).await.expect_error("auth.already_onboarded");
    with_key(&without, "new").post("/v1/auth/onboarding", body).await.expect_error("auth.already_onboarded");
    assert_eq!(newcomer.get("/v1/workspaces").await.expect(200).json.as_array().unwrap().len(), 1);
}

async fn another_member_gets_the_answer_and_who_left_does_not(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let body = json!({ "name": "x", "scopes": ["calls:read"] });
    let first = with_key(&owner, "k").post("/v1/api-keys", body.clone()).await.expect(201);
    let admin = server.joined(&owner, "admin@example.com", "admin").await;
    // Keys belong to the workspace: whoever may make the request may see its answer.
    assert_eq!(with_key(&admin, "k").post("/v1/api-keys", body.clone()).await.expect(201).text, first.text);
    let viewer = server.joined(&owner, "viewer@example.com", "viewer").await;
    with_key(&viewer, "k").post("/v1/api-keys", body.clone()).await.expect_error("accounts.write_denied");
    let admin_id = admin.get("/v1/auth/me").await.expect(200).json["id"].as_str().unwrap().to_owned();
    owner.delete(&format!("/v1/workspace/members/{admin_id}")).await.expect(204);
    with_key(&admin, "k").post("/v1/api-keys", body).await.expect_error("auth.no_workspace");
}

async fn nothing_is_replayed_of_a_deleted_workspace(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let body = json!({ "name": "x" });
    with_key(&owner, "k").post("/v1/api-keys", body.clone()).await.expect(201);
    let confirm = json!({ "confirm_name": "Duka" }).to_string();
    owner.send("DELETE", "/v1/workspace", Some("application/json"), &confirm).await.expect(204);
    with_key(&owner, "k").post("/v1/api-keys", body).await.expect_error("auth.no_workspace");
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
    // What the caller may do comes even before the key's own form.
    let odd = reader.without("idempotency-key").with("idempotency-key", "");
    odd.post("/v1/api-keys", json!({ "name": "x" })).await.expect_error("api_key.scope_denied");
}
