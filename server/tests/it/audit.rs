//! The audit log: every write, filtered, paged, exported.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::support::{Server, on_each_engine};

on_each_engine! {
    writes_are_logged_with_actor_and_change
    the_log_is_filtered
    the_log_is_paged
    the_log_is_exported
    another_workspaces_log_is_not_shown
}

async fn writes_are_logged_with_actor_and_change(server: Server) {
    sautikit::numbers::seed_development(&server.app).await.unwrap();
    let owner = server.onboarded("owner@example.com").await;
    let key = server.key_of(&owner, &["*"]).await;
    let top_up = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": "+254722000001" });
    owner.post("/v1/wallet/top-ups", top_up).await.expect(202);
    key.post("/v1/sip/token", json!({})).await.expect(200);
    let log = owner.get("/v1/audit").await.expect(200).json;
    let kinds: BTreeSet<_> = log.as_array().unwrap().iter().map(|row| row["action_kind"].as_str().unwrap()).collect();
    let expected = ["api_key.created", "sip_token.minted", "top_up.requested", "workspace.created"];
    assert_eq!(kinds, BTreeSet::from(expected));
    let of = |kind: &str| log.as_array().unwrap().iter().find(|row| row["action_kind"] == kind).unwrap().clone();
    assert_eq!(of("workspace.created")["actor"]["label"], "owner@example.com");
    let minted = of("sip_token.minted");
    assert_eq!((minted["actor"]["kind"].as_str(), minted["actor"]["label"].as_str()), (Some("api_key"), Some("test")));
    assert!(!log.to_string().contains("skt_"), "no secret stands in the log");
}

async fn the_log_is_filtered(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    server.clock.advance(Duration::from_secs(86_400));
    let admin = server.joined(&owner, "admin@example.com", "admin").await;
    admin.post("/v1/api-keys", json!({ "name": "k" })).await.expect(201);
    for (query, expected) in [
        ("action_kind=api_key.created", vec!["api_key.created"]),
        ("actor=Admin@example.com&action_kind=invitation.accepted", vec!["invitation.accepted"]),
        ("to=2026-11-02", vec!["workspace.created"]),
        ("from=2026-11-03&actor=owner@example.com", vec!["invitation.created"]),
        ("from=2026-11-04", vec![]),
    ] {
        let rows = owner.get(&format!("/v1/audit?{query}")).await.expect(200).json;
        let kinds: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["action_kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, expected, "{query}");
    }
    owner.get("/v1/audit?action_kind=dance").await.expect_error("audit.invalid_action_kind");
    owner.get("/v1/audit?from=yesterday").await.expect_error("validation.bad_request");
}

async fn the_log_is_paged(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    for n in 0..5 {
        server.clock.advance(Duration::from_secs(1));
        owner.post("/v1/api-keys", json!({ "name": format!("k{n}") })).await.expect(201);
    }
    let first = owner.get("/v1/audit?limit=4").await.expect(200);
    assert_eq!(first.json.as_array().unwrap().len(), 4);
    let next = first.header("x-next-cursor").expect("more").to_owned();
    owner.post("/v1/api-keys", json!({ "name": "later" })).await.expect(201);
    let rest = owner.get(&format!("/v1/audit?limit=4&cursor={next}")).await.expect(200);
    let kinds: Vec<_> = rest.json.as_array().unwrap().iter().map(|row| row["action_kind"].clone()).collect();
    assert_eq!(kinds, ["api_key.created", "workspace.created"]);
    assert!(rest.header("x-next-cursor").is_none());
}

async fn the_log_is_exported(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    owner.post("/v1/api-keys", json!({ "name": "=cmd()" })).await.expect(201);
    let csv = owner.get("/v1/audit.csv?action_kind=api_key.created").await.expect(200);
    assert!(csv.header("content-type").unwrap().starts_with("text/csv"));
    let lines: Vec<_> = csv.text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].contains(",api_key.created,user,"), "{}", lines[1]);
    assert!(lines[1].contains(",owner@example.com,"), "{}", lines[1]);
}

async fn another_workspaces_log_is_not_shown(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    server.key_of(&owner, &["*"]).await;
    let stranger = server.onboarded("stranger@example.com").await;
    let rows = stranger.get("/v1/audit").await.expect(200).json;
    assert_eq!(rows.as_array().unwrap().len(), 1);
    let key = server.key_of(&stranger, &["calls:read"]).await;
    key.get("/v1/audit").await.expect_error("api_key.scope_denied");
    server.client().get("/v1/audit").await.expect_error("auth.session_invalid");
}
