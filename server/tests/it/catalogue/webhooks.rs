//! Codes of webhooks.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::AssertSqlSafe;

use super::{codes, fresh};
use crate::support::Server;
use crate::webhooks::rows::rows;

pub(super) async fn provoke(like: &Server) -> BTreeSet<String> {
    let server = &fresh(like).await;
    let asha = server.onboarded("asha@example.com").await;
    let url = "https://shop.example/events";
    asha.post("/v1/webhooks", json!({ "url": url, "events": ["call.begun"] }))
        .await
        .expect_error("webhooks.event_unsupported");
    asha.get("/v1/webhooks/nonsense").await.expect_error("webhooks.not_found");
    let made = asha.post("/v1/webhooks", json!({ "url": url })).await.expect(201).json;
    let test = format!("/v1/webhooks/{}/test", made["id"].as_str().expect("an id"));
    let stopped = asha.post(&test, json!({})).await.expect_error("webhooks.dispatcher_unavailable");
    assert!(stopped.header("retry-after").is_some());
    let rows = rows(server, &asha).await;
    let retry = format!("/v1/webhooks/deliveries/{}/retry", rows.delivery);
    asha.post(&retry, json!({})).await.expect(202);
    asha.post(&retry, json!({})).await.expect_error("webhooks.delivery_not_retryable");
    let rotate = format!("/v1/webhooks/{}/rotate-secret", rows.endpoint);
    asha.post(&rotate, json!({})).await.expect(200);
    asha.post(&rotate, json!({})).await.expect_error("webhooks.former_secret_signs");
    // As after a change of the master key.
    execute(server, "update webhook_endpoints set secret = 'of another key'").await;
    asha.post(&test, json!({})).await.expect_error("webhooks.deliver.secret_unset");

    execute(server, "alter table webhook_endpoints rename to webhook_endpoints_gone").await;
    let path = format!("/v1/webhooks/{}", rows.endpoint);
    asha.get("/v1/webhooks").await.expect_error("webhooks.list_failed");
    asha.post("/v1/webhooks", json!({ "url": url })).await.expect_error("webhooks.create_failed");
    asha.patch(&path, json!({})).await.expect_error("webhooks.patch_failed");
    asha.delete(&path).await.expect_error("webhooks.delete_failed");
    asha.post(&format!("{path}/rotate-secret"), json!({})).await.expect_error("webhooks.rotate_secret_failed");
    codes(server)
}

async fn execute(server: &Server, statement: &'static str) {
    sqlx::query(AssertSqlSafe(statement)).execute(server.app.db.pool()).await.expect("done");
}
