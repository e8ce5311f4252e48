//! API keys.

use std::time::Duration;

use serde_json::json;

use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_key_is_shown_once_and_works
    a_key_needs_a_name
    scopes_are_checked
    nobody_mints_beyond_their_own_scopes
    a_revoked_key_stops
    an_expired_key_stops
    a_wrong_key_is_refused
    keys_page_by_cursor
    another_workspaces_key_answers_like_an_unknown_one
    only_a_hash_of_the_key_is_stored
}

async fn a_key_is_shown_once_and_works(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let made = owner.post("/v1/api-keys", json!({ "name": "server", "scopes": ["api_keys:write"] })).await.expect(201);
    let secret = made.json["key"].as_str().unwrap();
    assert!(secret.starts_with("skt_test_"));
    assert!(secret.starts_with(made.json["prefix"].as_str().unwrap()));
    let listed = server.client().with_key(secret).get("/v1/api-keys").await.expect(200);
    assert_eq!(listed.json[0]["id"], made.json["id"]);
    assert!(!listed.text.contains(secret));
}

async fn a_key_needs_a_name(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    owner.post("/v1/api-keys", json!({})).await.expect_error("api_key.name_required");
    owner.post("/v1/api-keys", json!({ "name": "x".repeat(81) })).await.expect_error("api_key.name_required");
}

async fn scopes_are_checked(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    for scopes in [json!(["calls:fly"]), json!([])] {
        owner
            .post("/v1/api-keys", json!({ "name": "x", "scopes": scopes }))
            .await
            .expect_error("api_key.scope_invalid");
    }
    let reader = server.key_of(&owner, &["calls:read"]).await;
    let denied = reader.post("/v1/api-keys", json!({ "name": "x" })).await.expect_error("api_key.scope_denied");
    assert_eq!(denied.json["error"]["details"]["required"], "api_keys:write");
    let wildcard = server.key_of(&owner, &["*"]).await;
    wildcard.post("/v1/api-keys", json!({ "name": "x" })).await.expect_error("api_key.scope_denied");
}

async fn nobody_mints_beyond_their_own_scopes(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let minter = server.key_of(&owner, &["api_keys:write", "calls:read"]).await;
    minter.post("/v1/api-keys", json!({ "name": "x", "scopes": ["calls:read"] })).await.expect(201);
    for scopes in [json!(["calls:write"]), json!(["*"])] {
        let body = json!({ "name": "x", "scopes": scopes });
        minter.post("/v1/api-keys", body).await.expect_error("api_key.scope_invalid");
    }
    minter.post("/v1/api-keys", json!({ "name": "x" })).await.expect_error("api_key.scope_invalid");
}

async fn a_revoked_key_stops(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let made = owner.post("/v1/api-keys", json!({ "name": "x", "scopes": ["api_keys:write"] })).await.expect(201).json;
    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    owner.delete(&path).await.expect(204);
    owner.delete(&path).await.expect_error("api_key.already_revoked");
    let key = server.client().with_key(made["key"].as_str().unwrap());
    key.get("/v1/api-keys").await.expect_error("api_key.revoked");
}

async fn an_expired_key_stops(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let body = json!({ "name": "x", "scopes": ["api_keys:write"], "expires_at": "2026-11-02T09:00:00Z" });
    let made = owner.post("/v1/api-keys", body).await.expect(201).json;
    let key = server.client().with_key(made["key"].as_str().unwrap());
    key.get("/v1/api-keys").await.expect(200);
    server.clock.advance(Duration::from_secs(3600));
    key.get("/v1/api-keys").await.expect_error("api_key.expired");
    let past = owner.post("/v1/api-keys", json!({ "name": "x", "expires_at": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(past.expect_error("validation.bad_request").json["error"]["field"], "expires_at");
}

async fn a_wrong_key_is_refused(server: Server) {
    for key in ["", "x", "skt_test_", &format!("skt_test_{}", "0".repeat(38))] {
        server.client().with_key(key).get("/v1/api-keys").await.expect_error("api_key.invalid");
    }
    server.client().with("authorization", "Basic x").get("/v1/api-keys").await.expect_error("api_key.invalid");
    server.client().get("/v1/api-keys").await.expect_error("auth.session_invalid");
    server.client().with_cookie("x").get("/v1/api-keys").await.expect_error("auth.session_invalid");
    let person = server.signed_in("a@example.com").await;
    person.get("/v1/api-keys").await.expect_error("auth.no_workspace");
}

async fn keys_page_by_cursor(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    for index in 0..5 {
        owner.post("/v1/api-keys", json!({ "name": format!("key {index}") })).await.expect(201);
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/api-keys?limit=2".to_owned());
    loop {
        let page = owner.get(&path).await.expect(200);
        let rows = page.json.as_array().unwrap();
        assert!(rows.len() <= 2);
        seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        // A row added meanwhile belongs before the first page and moves nothing.
        owner.post("/v1/api-keys", json!({ "name": "later" })).await.expect(201);
        server.clock.advance(Duration::from_secs(1));
        let Some(cursor) = page.header("x-next-cursor") else { break };
        assert!(
            page.header("link").unwrap().contains(&format!("</v1/api-keys?limit=2&cursor={cursor}>; rel=\"next\""))
        );
        path = format!("/v1/api-keys?limit=2&cursor={cursor}");
    }
    seen.sort_unstable();
    seen.dedup();
    assert!(seen.len() >= 5);
    owner.get("/v1/api-keys?cursor=x").await.expect_error("validation.invalid_cursor");
    let wrong = owner.get("/v1/api-keys?limit=0").await.expect_error("validation.bad_request");
    assert_eq!(wrong.json["error"]["field"], "limit");
}

async fn another_workspaces_key_answers_like_an_unknown_one(server: Server) {
    let asha = server.onboarded("a@example.com").await;
    let brian = server.onboarded("b@example.com").await;
    let made = asha.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201).json;
    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    brian.delete(&path).await.expect_error("api_key.not_found");
    brian.delete("/v1/api-keys/nonsense").await.expect_error("api_key.not_found");
    asha.delete(&path).await.expect(204);
}

async fn only_a_hash_of_the_key_is_stored(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let made = owner.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201).json;
    let hash: String =
        sqlx::query_scalar("select key_hash from api_keys").fetch_one(server.app.db.pool()).await.unwrap();
    assert_eq!(hash.len(), 64);
    assert!(!hash.contains(made["key"].as_str().unwrap()));
}
