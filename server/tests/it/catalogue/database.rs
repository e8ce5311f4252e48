//! The database fails while a request needs it: a table is taken away, and the endpoint says what it could not do.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::AssertSqlSafe;

use super::{codes, fresh};
use crate::calls::support::Scene;
use crate::support::Server;

pub(super) async fn provoke(like: &Server) -> BTreeSet<String> {
    let scene = Scene::set(fresh(like).await).await;
    let (server, asha) = (&scene.server, &scene.asha);
    let call = format!("/v1/calls/{}", scene.talk(1_000).await);
    let available = asha.get("/v1/numbers/available?country=KE&currency=KES").await.expect(200).json;
    let claim = format!("/v1/numbers/{}/claim", available[0]["id"].as_str().expect("an id"));

    take_away(server, "call_events").await;
    let said = asha.get(&format!("{call}/events")).await.expect_error("calls.events_failed").text;
    assert!(!said.contains("call_events"), "internals stay inside: {said}");
    take_away(server, "calls").await;
    asha.get("/v1/calls").await.expect_error("calls.list_failed");
    asha.get(&call).await.expect_error("calls.get_failed");
    asha.get("/v1/calls/stats").await.expect_error("calls.stats_failed");
    take_away(server, "wallets").await;
    let busy = asha.post(&claim, json!({})).await.expect_error("numbers.wallet_unavailable");
    assert_eq!(busy.header("retry-after"), Some("1"));
    take_away(server, "api_keys").await;
    asha.get("/v1/api-keys").await.expect_error("internal_error");
    server.app.db.close().await;
    let away = asha.get("/v1/wallet/balance").await.expect_error("storage.unavailable");
    assert!(away.header("retry-after").is_some());
    codes(server)
}

async fn take_away(server: &Server, table: &str) {
    let rename = format!("alter table {table} rename to {table}_gone");
    sqlx::query(AssertSqlSafe(rename)).execute(server.app.db.pool()).await.expect("renamed");
}
