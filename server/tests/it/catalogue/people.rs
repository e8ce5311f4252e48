//! Who someone is: links, sessions, onboarding, API keys.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::{codes, fresh};
use crate::support::{Client, Server};

pub(super) async fn provoke(like: &Server) -> BTreeSet<String> {
    let server = fresh(like).await;
    links(&server).await;
    let owner = server.onboarded("a@example.com").await;
    sessions(&server, &owner).await;
    keys(&server, &owner).await;
    codes(&server)
}

async fn links(server: &Server) {
    let client = server.client();
    let verify = async |token: &str| client.post("/v1/auth/magic-link/verify", json!({ "token": token })).await;
    verify("nonsense").await.expect_error("auth.token_invalid");
    server.signed_in("l@example.com").await;
    verify(&server.token_of_last_mail()).await.expect_error("auth.token_used");
    client.post("/v1/auth/magic-link", json!({ "email": "l@example.com" })).await.expect(202);
    server.clock.advance(Duration::from_secs(16 * 60));
    verify(&server.token_of_last_mail()).await.expect_error("auth.token_expired");
}

async fn sessions(server: &Server, owner: &Client) {
    server.client().get("/v1/auth/me").await.expect_error("auth.session_invalid");
    let newcomer = server.signed_in("b@example.com").await;
    newcomer.get("/v1/workspace").await.expect_error("auth.no_workspace");
    owner.get("/v1/admin/workspaces").await.expect_error("auth.admin_required");
    let stranger = server.onboarded("c@example.com").await;
    let theirs = stranger.workspace_id().await;
    owner.with("x-sautikit-workspace", &theirs).get("/v1/workspace").await.expect_error("auth.workspace_forbidden");
    let body = json!({ "name": "A", "workspace_name": "B", "country": "KE", "currency": "KES" });
    owner.post("/v1/auth/onboarding", body).await.expect_error("auth.already_onboarded");
    let euros = json!({ "name": "A", "workspace_name": "B", "country": "KE", "currency": "EUR" });
    newcomer.post("/v1/auth/onboarding", euros).await.expect_error("currency.unsupported");
    owner.get("/v1/audit?action_kind=tea.made").await.expect_error("audit.invalid_action_kind");
}

async fn keys(server: &Server, owner: &Client) {
    let create = async |body: serde_json::Value| owner.post("/v1/api-keys", body).await;
    create(json!({})).await.expect_error("api_key.name_required");
    create(json!({ "name": "x", "scopes": ["tea:make"] })).await.expect_error("api_key.scope_invalid");
    let reader = server.key_of(owner, &["calls:read"]).await;
    reader.get("/v1/wallet/balance").await.expect_error("api_key.scope_denied");
    server.client().with_key("skt_test_nonsense").get("/v1/calls").await.expect_error("api_key.invalid");

    let made = create(json!({ "name": "x", "scopes": ["calls:read"] })).await.expect(201).json;
    let path = format!("/v1/api-keys/{}", made["id"].as_str().expect("an id"));
    owner.delete(&path).await.expect(204);
    owner.delete(&path).await.expect_error("api_key.already_revoked");
    let revoked = server.client().with_key(made["key"].as_str().expect("a key"));
    revoked.get("/v1/calls").await.expect_error("api_key.revoked");
    owner.delete("/v1/api-keys/01890000-0000-7000-8000-000000000000").await.expect_error("api_key.not_found");

    let soon = sautikit::clock::rfc3339(server.app.now_us() + 3_600_000_000);
    let made = create(json!({ "name": "x", "scopes": ["calls:read"], "expires_at": soon })).await.expect(201).json;
    server.clock.advance(Duration::from_secs(3_601));
    let expired = server.client().with_key(made["key"].as_str().expect("a key"));
    expired.get("/v1/calls").await.expect_error("api_key.expired");
}
