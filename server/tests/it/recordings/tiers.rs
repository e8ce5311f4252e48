//! Storage tiers and what is used of them.

use serde_json::json;

use crate::calls::support::Scene;
use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_tier_is_switched_and_told
    what_does_not_fit_is_not_switched_and_told
}

async fn a_tier_is_switched_and_told(server: Server) {
    let scene = Scene::set(server).await;
    let asha = &scene.asha;
    let before = asha.get("/v1/storage").await.expect(200).json;
    assert_eq!(
        (&before["tier"]["id"], &before["used_bytes"], &before["bucket"]),
        (&json!("free"), &json!(0), &json!(null))
    );
    let tiers = asha.get("/v1/storage/tiers").await.expect(200).json;
    assert_eq!(tiers[0], before["tier"]);
    assert_eq!(tiers[0]["capacity_bytes"], json!(5_000_000_000_i64), "the free tier has 5 GB");
    asha.put("/v1/storage/tier", json!({ "tier": "endless" })).await.expect_error("storage.tier_invalid");
    let order = scene.place().await;
    let id = scene.recorded(order.call_id).await;
    let kept = asha.get("/v1/storage").await.expect(200).json;
    assert_eq!(kept["recordings"], 1);
    assert!(kept["used_bytes"].as_i64() > Some(32_044), "sealed, and with what that adds: {kept}");
    let after = asha.put("/v1/storage/tier", json!({ "tier": "extended" })).await.expect(200).json;
    assert_eq!((&after["tier"], &after["used_bytes"]), (&tiers[1], &kept["used_bytes"]));
    // In force for what is there already.
    let shown = asha.get(&format!("/v1/recordings/{id}")).await.expect(200).json;
    assert_eq!(shown["expires_at"], "2027-11-02T08:00:01Z");
    asha.put("/v1/storage/tier", json!({ "tier": "extended" })).await.expect(200);
    let told = sqlx::query_scalar::<_, String>("select data from events where kind = 'storage.tier_changed'");
    let told: Vec<String> = told.fetch_all(scene.server.app.db.pool()).await.unwrap();
    assert_eq!(told.len(), 1, "what stays is not told");
    assert!(told[0].contains("\"from\":\"free\"") && told[0].contains("\"to\":\"extended\""), "{told:?}");
}

async fn what_does_not_fit_is_not_switched_and_told(server: Server) {
    let scene = Scene::set(server).await;
    let asha = &scene.asha;
    asha.put("/v1/storage/tier", json!({ "tier": "extended" })).await.expect(200);
    let order = scene.place().await;
    scene.recorded(order.call_id).await;
    let small = sqlx::query("update storage_tiers set capacity_bytes = 1000 where id = 'free'");
    small.execute(scene.server.app.db.pool()).await.unwrap();
    let refused = asha.put("/v1/storage/tier", json!({ "tier": "free" })).await;
    let refused = refused.expect_error("storage.tier_switch_failed");
    assert_eq!(refused.json["error"]["details"]["capacity_bytes"], 1_000);
    assert_eq!(asha.get("/v1/storage").await.expect(200).json["tier"]["id"], "extended");
    let count = sqlx::query_scalar::<_, i64>("select count(*) from events where kind = 'storage.tier_switch_failed'");
    assert_eq!(count.fetch_one(scene.server.app.db.pool()).await.unwrap(), 1);
}
