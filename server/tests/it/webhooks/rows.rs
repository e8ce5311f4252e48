//! An endpoint with a delivery, for tests of the whole API that need an id of each.

use serde_json::json;
use sqlx::AssertSqlSafe;

use crate::support::{Client, Server};

/// Something of everything.
pub(crate) struct Rows {
    pub(crate) endpoint: String,
    pub(crate) delivery: String,
    pub(crate) event: String,
}

/// An endpoint of the client's workspace, an exhausted delivery to it, and a dispatcher that is believed to run.
pub(crate) async fn rows(server: &Server, client: &Client) -> Rows {
    let body = json!({ "url": "https://shop.example/events", "events": ["call.*"] });
    let made = client.post("/v1/webhooks", body).await.expect(201).json;
    let endpoint = made["id"].as_str().expect("an id").to_owned();
    let (delivery, event) = delivery(server, client, &endpoint).await;
    let until = server.app.now_us() + 30 * 86_400 * 1_000_000;
    let lease = format!("update webhook_dispatcher set node_id = 'another', lease_until = {until}");
    execute(server, lease).await;
    Rows { endpoint, delivery, event }
}

/// An exhausted delivery of a new event; the ids of both.
pub(crate) async fn delivery(server: &Server, client: &Client, endpoint: &str) -> (String, String) {
    let workspace = client.workspace_id().await;
    let (delivery, event, now) = (server.app.new_uuid(), server.app.new_uuid(), server.app.now_us());
    execute(
        server,
        format!(
            "insert into events (id, workspace_id, kind, sequence, data, created_at)
            values ('{event}', '{workspace}', 'call.failed', 1, '{{}}', {now})"
        ),
    )
    .await;
    execute(
        server,
        format!(
            "insert into webhook_deliveries (id, workspace_id, endpoint_id, event_id, event_kind, sequence, status,
                tries, attempts, next_attempt_at, created_at)
            values ('{delivery}', '{workspace}', '{endpoint}', '{event}', 'call.failed', 1, 'exhausted', 10, 10, {now},
                {now})"
        ),
    )
    .await;
    (delivery.to_string(), event.to_string())
}

pub(super) async fn execute(server: &Server, statement: String) {
    sqlx::query(AssertSqlSafe(statement)).execute(server.app.db.pool()).await.expect("written");
}
