//! API keys.

use std::time::Duration;

use serde_json::json;

use crate::support::{Client, Server, on_each_engine, within};

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
    rotation_replaces_the_secret_after_an_overlap
    an_overlap_of_zero_ends_every_former_secret
    a_second_rotation_leaves_the_first_overlap_alone
    a_repeated_rotation_has_one_effect
    the_overlap_is_at_most_a_week
    a_key_that_ended_is_not_rotated
    rotation_is_no_way_to_more_rights
    a_key_gives_no_more_time_than_it_has
    a_key_needs_a_scope_and_a_visible_name
    rotations_at_once_all_leave_working_secrets
    the_last_use_is_written_once_a_minute
    a_typing_error_is_found_without_the_database
    lists_say_whether_a_key_works
    a_members_keys_end_with_the_membership
    a_key_is_cut_by_its_creators_current_role
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

async fn rotation_replaces_the_secret_after_an_overlap(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let made = made_key(&owner, &["api_keys:write"]).await;
    let path = format!("/v1/api-keys/{}/rotate", made.id);
    let rotated = owner.post(&path, json!({ "overlap_seconds": 3600 })).await.expect(200).json;
    let secret = rotated["key"].as_str().unwrap();
    assert_ne!(secret, made.secret);
    assert_eq!(rotated["id"], made.id.as_str());
    assert!(secret.starts_with(rotated["prefix"].as_str().unwrap()));
    assert_eq!(rotated["former_secret_until"], "2026-11-02T09:00:00Z");
    let (old, new) = (server.client().with_key(&made.secret), server.client().with_key(secret));
    old.get("/v1/api-keys").await.expect(200);
    server.clock.advance(Duration::from_secs(3600));
    let refused = old.get("/v1/api-keys").await.expect_error("api_key.revoked");
    assert!(refused.text.contains("rotated"), "{}", refused.text);
    let listed = new.get("/v1/api-keys").await.expect(200).json;
    assert_eq!(listed[0]["former_secret_until"], json!(null));
    assert_eq!(listed[0]["rotated_at"], "2026-11-02T08:00:00Z");
    let log = owner.get("/v1/audit?action_kind=api_key.rotated").await.expect(200);
    assert_eq!(log.json[0]["details"]["overlap_seconds"], 3600);
    assert!(!log.text.contains(secret) && !log.text.contains(&made.secret));
}

async fn an_overlap_of_zero_ends_every_former_secret(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let made = made_key(&owner, &["api_keys:write"]).await;
    let path = format!("/v1/api-keys/{}/rotate", made.id);
    let second = owner.send("POST", &path, None, "").await.expect(200).json;
    assert_eq!(second["former_secret_until"], "2026-11-03T08:00:00Z");
    let third = owner.post(&path, json!({ "overlap_seconds": 0 })).await.expect(200).json;
    for former in [made.secret.as_str(), second["key"].as_str().unwrap()] {
        server.client().with_key(former).get("/v1/api-keys").await.expect_error("api_key.revoked");
    }
    server.client().with_key(third["key"].as_str().unwrap()).get("/v1/api-keys").await.expect(200);
}

async fn a_second_rotation_leaves_the_first_overlap_alone(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let made = made_key(&owner, &["api_keys:write"]).await;
    let path = format!("/v1/api-keys/{}/rotate", made.id);
    owner.post(&path, json!({ "overlap_seconds": 3600 })).await.expect(200);
    owner.post(&path, json!({ "overlap_seconds": 7200 })).await.expect(200);
    let first = server.client().with_key(&made.secret);
    first.get("/v1/api-keys").await.expect(200);
    server.clock.advance(Duration::from_secs(3600));
    first.get("/v1/api-keys").await.expect_error("api_key.revoked");
}

async fn a_repeated_rotation_has_one_effect(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let made = made_key(&owner, &["calls:read"]).await;
    let path = format!("/v1/api-keys/{}/rotate", made.id);
    let repeating = owner.with("idempotency-key", "rotate-1");
    let first = repeating.post(&path, json!({})).await.expect(200);
    let again = repeating.post(&path, json!({})).await.expect(200);
    assert_eq!(first.text, again.text);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let log = owner.get("/v1/audit?action_kind=api_key.rotated").await.expect(200).json;
    assert_eq!(log.as_array().unwrap().len(), 1);
}

async fn the_overlap_is_at_most_a_week(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let path = format!("/v1/api-keys/{}/rotate", made_key(&owner, &["calls:read"]).await.id);
    for overlap in [json!(604_801), json!(-1), json!("1"), json!(1.5)] {
        let refused = owner.post(&path, json!({ "overlap_seconds": overlap })).await;
        assert_eq!(refused.expect_error("validation.bad_request").json["error"]["field"], "overlap_seconds");
    }
    owner.post(&path, json!({ "overlap_seconds": 604_800 })).await.expect(200);
}

async fn a_key_that_ended_is_not_rotated(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let stranger = server.onboarded("b@example.com").await;
    let revoked = made_key(&owner, &["calls:read"]).await;
    let rotate = format!("/v1/api-keys/{}/rotate", revoked.id);
    stranger.post(&rotate, json!({})).await.expect_error("api_key.not_found");
    owner.delete(&format!("/v1/api-keys/{}", revoked.id)).await.expect(204);
    owner.post(&rotate, json!({})).await.expect_error("api_key.already_revoked");
    let body = json!({ "name": "x", "expires_at": "2026-11-02T08:30:00Z" });
    let expiring = owner.post("/v1/api-keys", body).await.expect(201).json;
    server.clock.advance(Duration::from_secs(1800));
    let rotate = format!("/v1/api-keys/{}/rotate", expiring["id"].as_str().unwrap());
    let refused = owner.post(&rotate, json!({})).await.expect_error("api_key.already_revoked");
    assert!(refused.text.contains("expiry"), "{}", refused.text);
    owner.post("/v1/api-keys/nonsense/rotate", json!({})).await.expect_error("api_key.not_found");
}

async fn rotation_is_no_way_to_more_rights(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let developer = server.joined(&owner, "dev@example.com", "developer").await;
    let of_owner = made_key(&owner, &["storage:write"]).await;
    let rotate = format!("/v1/api-keys/{}/rotate", of_owner.id);
    let refused = developer.post(&rotate, json!({})).await.expect_error("api_key.scope_denied");
    assert_eq!(refused.json["error"]["details"]["required"], "storage:write");
    let minter = server.key_of(&owner, &["api_keys:write", "calls:read"]).await;
    minter.post(&rotate, json!({})).await.expect_error("api_key.scope_denied");
    let reading = made_key(&owner, &["calls:read"]).await;
    minter.post(&format!("/v1/api-keys/{}/rotate", reading.id), json!({})).await.expect(200);
    let reader = server.client().with_key(&reading.secret);
    reader.post(&rotate, json!({})).await.expect_error("api_key.scope_denied");
}

async fn a_key_gives_no_more_time_than_it_has(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let scopes = json!(["api_keys:write", "calls:read"]);
    let end = "2026-11-02T09:00:00Z";
    let made = owner.post("/v1/api-keys", json!({ "name": "hour", "scopes": scopes, "expires_at": end })).await;
    let minter = server.client().with_key(made.expect(201).json["key"].as_str().unwrap());
    let child = |expiry: Option<&str>| {
        minter.post("/v1/api-keys", json!({ "name": "x", "scopes": ["calls:read"], "expires_at": expiry }))
    };
    assert_eq!(child(None).await.expect(201).json["expires_at"], end);
    assert_eq!(child(Some("2026-11-02T08:30:00Z")).await.expect(201).json["expires_at"], "2026-11-02T08:30:00Z");
    let refused = child(Some("2026-11-02T09:00:01Z")).await.expect_error("validation.bad_request");
    assert_eq!(refused.json["error"]["field"], "expires_at");

    let lasting = made_key(&owner, &["calls:read"]).await;
    let rotate = format!("/v1/api-keys/{}/rotate", lasting.id);
    minter.post(&rotate, json!({})).await.expect_error("api_key.scope_denied");
    let own = made_id(&owner, "hour").await;
    minter.post(&format!("/v1/api-keys/{own}/rotate"), json!({})).await.expect(200);
}

async fn a_key_needs_a_scope_and_a_visible_name(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    for name in ["\u{200b}", "\u{202e}abc", "a\u{2028}b", &"x".repeat(81)] {
        owner.post("/v1/api-keys", json!({ "name": name })).await.expect_error("api_key.name_required");
    }
    let refused = owner.post("/v1/api-keys", json!({ "name": "x", "scopes": [] })).await;
    assert!(refused.expect_error("api_key.scope_invalid").text.contains("at least one scope"));
}

async fn rotations_at_once_all_leave_working_secrets(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let made = made_key(&owner, &["api_keys:write"]).await;
    let path = format!("/v1/api-keys/{}/rotate", made.id);
    let (one, other) = tokio::join!(owner.post(&path, json!({})), owner.post(&path, json!({})));
    let secrets = [one.expect(200), other.expect(200)].map(|answer| answer.json["key"].as_str().unwrap().to_owned());
    assert_ne!(secrets[0], secrets[1]);
    for secret in secrets.iter().chain([&made.secret]) {
        server.client().with_key(secret).get("/v1/api-keys").await.expect(200);
    }
}

async fn the_last_use_is_written_once_a_minute(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let made = made_key(&owner, &["api_keys:write"]).await;
    let address = server.listen().await;
    let used = async || {
        let url = format!("http://{address}/v1/api-keys");
        let request = reqwest::Client::new().get(url).header("host", "127.0.0.1:4000").bearer_auth(&made.secret);
        assert_eq!(request.send().await.unwrap().status(), 200);
    };
    let last_use = async |at: &'static str| {
        within(Duration::from_secs(10), at, async || {
            let key = owner.get("/v1/api-keys").await.expect(200).json[0].clone();
            (key["last_used_at"] == at).then_some(key)
        })
        .await
    };
    assert_eq!(owner.get("/v1/api-keys").await.json[0]["last_used_at"], json!(null));
    used().await;
    assert_eq!(last_use("2026-11-02T08:00:00Z").await["last_used_ip"], "127.0.0.1");
    server.clock.advance(Duration::from_secs(59));
    used().await;
    server.clock.advance(Duration::from_secs(1));
    // Had the use at 59 s been written, this one would be withheld.
    used().await;
    last_use("2026-11-02T08:01:00Z").await;
}

async fn a_typing_error_is_found_without_the_database(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let made = made_key(&owner, &["api_keys:write"]).await;
    let at = made.secret.len() - 10;
    let other = if made.secret.as_bytes()[at] == b'x' { "y" } else { "x" };
    let mut mistyped = made.secret.clone();
    mistyped.replace_range(at..=at, other);
    server.app.db.close().await;
    server.client().with_key(&mistyped).get("/v1/api-keys").await.expect_error("api_key.invalid");
    server.client().with_key(&made.secret).get("/v1/api-keys").await.expect_error("storage.unavailable");
}

async fn lists_say_whether_a_key_works(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let body = json!({ "name": "short", "expires_at": "2026-11-02T08:30:00Z" });
    let made = owner.post("/v1/api-keys", body).await.expect(201).json;
    assert_eq!(made["status"], "active");
    server.clock.advance(Duration::from_secs(1800));
    assert_eq!(owner.get("/v1/api-keys").await.json[0]["status"], "expired");
    owner.delete(&format!("/v1/api-keys/{}", made["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(owner.get("/v1/api-keys").await.json[0]["status"], "revoked");
}

async fn a_members_keys_end_with_the_membership(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let developer = server.joined(&owner, "dev@example.com", "developer").await;
    let key = made_key(&developer, &["api_keys:write"]).await;
    let user = developer.get("/v1/auth/me").await.json["id"].as_str().unwrap().to_owned();
    owner.delete(&format!("/v1/workspace/members/{user}")).await.expect(204);
    assert_eq!(owner.get("/v1/api-keys").await.json[0]["status"], "revoked");
    let log = owner.get("/v1/audit?action_kind=member.removed").await.expect(200).json;
    assert_eq!(log[0]["details"]["revoked_api_keys"], 1);
    server.joined(&owner, "dev@example.com", "developer").await;
    server.client().with_key(&key.secret).get("/v1/api-keys").await.expect_error("api_key.revoked");
}

async fn a_key_is_cut_by_its_creators_current_role(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let developer = server.joined(&owner, "dev@example.com", "developer").await;
    let key = made_key(&developer, &["api_keys:write", "calls:write"]).await;
    let client = server.client().with_key(&key.secret);
    client.post("/v1/api-keys", json!({ "name": "x", "scopes": ["calls:write"] })).await.expect(201);
    let user = developer.get("/v1/auth/me").await.json["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/workspace/members/{user}");
    owner.patch(&path, json!({ "role": "viewer" })).await.expect(200);
    client
        .post("/v1/api-keys", json!({ "name": "x", "scopes": ["calls:write"] }))
        .await
        .expect_error("accounts.write_denied");
}

/// A key just made.
struct Made {
    id: String,
    secret: String,
}

async fn made_key(client: &Client, scopes: &[&str]) -> Made {
    let made = client.post("/v1/api-keys", json!({ "name": "test", "scopes": scopes })).await.expect(201).json;
    let text = |field: &str| made[field].as_str().expect("text").to_owned();
    Made { id: text("id"), secret: text("key") }
}

/// The id of the client's key of that name.
async fn made_id(client: &Client, name: &str) -> String {
    let keys = client.get("/v1/api-keys").await.expect(200).json;
    let key = keys.as_array().expect("a list").iter().find(|key| key["name"] == name).expect("a key");
    key["id"].as_str().expect("an id").to_owned()
}
