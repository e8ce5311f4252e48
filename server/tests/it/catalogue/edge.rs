//! The HTTP edge: addresses, methods, bodies, cursors, rates, origins, repeated requests.

use std::collections::BTreeSet;

use serde_json::json;

use super::{codes, fresh};
use crate::support::Server;

pub(super) async fn provoke(like: &Server) -> BTreeSet<String> {
    let server = fresh(like).await;
    let owner = server.onboarded("a@example.com").await;
    let key = server.key_of(&owner, &["*", "api_keys:write"]).await;

    key.get("/v1/nothing").await.expect_error("not_found");
    key.send("PUT", "/v1/calls", None, "").await.expect_error("method_not_allowed");
    let large = "x".repeat(1024 * 1024 + 1);
    key.send("POST", "/v1/api-keys", Some("application/json"), &large).await.expect_error("payload_too_large");
    key.send("POST", "/v1/api-keys", Some("text/plain"), "{}").await.expect_error("unsupported_media_type");
    key.get("/v1/calls?limit=0").await.expect_error("validation.bad_request");
    key.get("/v1/calls?cursor=x").await.expect_error("validation.invalid_cursor");
    let foreign = owner.with("origin", "https://evil.example");
    foreign.post("/v1/api-keys", json!({ "name": "x" })).await.expect_error("auth.origin_denied");

    let once = key.with("idempotency-key", "k");
    once.post("/v1/api-keys", json!({ "name": "x", "scopes": ["calls:read"] })).await.expect(201);
    once.post("/v1/api-keys", json!({ "name": "y", "scopes": ["calls:read"] }))
        .await
        .expect_error("idempotency.conflict");

    let mut refused = key.get("/v1/calls").await;
    for _ in 0..400 {
        refused = key.get("/v1/calls").await;
    }
    refused.expect_error("rate_limited");

    server.app.draining.cancel();
    server.client().get("/readyz").await.expect_error("service.draining");
    codes(&server)
}
