//! Storage tiers and what is used of them.

use serde_json::{Value, json};

use crate::calls::support::Scene;
use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_tier_is_switched_and_told
    what_does_not_fit_is_not_switched_and_told
    a_tier_with_a_price_costs_the_rest_of_the_month_and_then_each_month
    a_tier_that_is_not_paid_is_kept_for_a_week
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

/// The second of November 2026 in Nairobi: 29 of 30 days are left.
async fn priced(server: Server) -> Scene {
    let prices = [(("extended".to_owned(), "KES".to_owned()), 3_000), (("vast".to_owned(), "KES".to_owned()), 6_001)];
    let server = server.configured(|config| {
        config.storage.prices = prices.into_iter().collect();
        config.tax.basis_points = 1_600;
    });
    let vast = "insert into storage_tiers (id, name, capacity_bytes, retention_days, position) values ('vast', 'Vast', 5, 9, 3)";
    sqlx::query(vast).execute(server.app.db.pool()).await.expect("a tier");
    Scene::set(server).await
}

async fn switch(scene: &Scene, tier: &str) -> Value {
    let asha = scene.server.signed_in("asha@example.com").await;
    asha.put("/v1/storage/tier", json!({ "tier": tier })).await.expect(200).json
}

async fn entries(scene: &Scene) -> Vec<i64> {
    let of_storage = "select amount_minor from wallet_ledger where kind = 'storage' order by seq";
    sqlx::query_scalar(of_storage).fetch_all(scene.server.app.db.pool()).await.expect("entries")
}

async fn a_tier_with_a_price_costs_the_rest_of_the_month_and_then_each_month(server: Server) {
    const DAY_MS: u64 = 86_400_000;
    let scene = priced(server).await;
    let app = &scene.server.app;
    let tiers = scene.asha.get("/v1/storage/tiers").await.expect(200).json;
    assert_eq!(
        (&tiers[0]["monthly_price_minor"], &tiers[1]["monthly_price_minor"], &tiers[1]["currency"]),
        (&json!(0), &json!(3_000), &json!("KES"))
    );
    // 29 of 30 days, and 16 % of them; then the difference to the dearer one.
    let after = switch(&scene, "extended").await;
    assert_eq!(after["paid_until"], "2026-11-30T21:00:00Z", "the end of November in Nairobi");
    assert_eq!(entries(&scene).await, [-(2_900 + 464)]);
    switch(&scene, "vast").await;
    let difference = (3_001 * 29 + 29) / 30;
    assert_eq!(entries(&scene).await.last(), Some(&-(difference + (difference * 16 + 50) / 100)));
    // Down and up again within what is paid.
    for tier in ["free", "extended", "vast", "extended"] {
        switch(&scene, tier).await;
    }
    assert_eq!(entries(&scene).await.len(), 2);
    assert_eq!(sautikit::storage::charge_due(app).await.expect("looked"), 0, "all is paid");
    scene.advance(29 * DAY_MS);
    assert_eq!(sautikit::storage::charge_due(app).await.expect("looked"), 1);
    assert_eq!(sautikit::storage::charge_due(app).await.expect("looked"), 0, "once");
    assert_eq!(entries(&scene).await.last(), Some(&-(3_000 + 480)), "December in full");
    let report = sautikit::wallet::verify::verify(app).await.expect("a report");
    assert!(report.is_sound(), "{:?}", report.breaks);
    let orphan =
        "delete from storage_charges where ledger_entry_id = (select max(ledger_entry_id) from storage_charges)";
    sqlx::query(orphan).execute(app.db.pool()).await.expect("deleted");
    let report = sautikit::wallet::verify::verify(app).await.expect("a report");
    assert!(!report.is_sound(), "an entry without its charge is found");
}

async fn a_tier_that_is_not_paid_is_kept_for_a_week(server: Server) {
    const DAY_MS: u64 = 86_400_000;
    let scene = priced(server).await;
    let app = &scene.server.app;
    switch(&scene, "extended").await;
    // Nothing is left.
    let path = format!("/v1/admin/wallets/{}/adjustments", scene.workspace().await);
    let balance = scene.balance().await;
    let debit = json!({ "kind": "debit", "amount_minor": balance, "reason": "Port fee" });
    scene.server.operator().await.post(&path, debit).await.expect(201);
    let asha = scene.server.signed_in("asha@example.com").await;
    let dear = asha.put("/v1/storage/tier", json!({ "tier": "vast" })).await;
    dear.expect_error("wallet.insufficient_funds");
    let tier = async || {
        let asha = scene.server.signed_in("asha@example.com").await;
        asha.get("/v1/storage").await.expect(200).json["tier"]["id"].clone()
    };
    assert_eq!(tier().await, "extended", "a switch that is not paid does not happen");
    scene.advance(29 * DAY_MS);
    for _ in 0..6 {
        assert_eq!(sautikit::storage::charge_due(app).await.expect("looked"), 0);
        scene.advance(DAY_MS);
    }
    assert_eq!(tier().await, "extended");
    scene.advance(2 * DAY_MS);
    sautikit::storage::charge_due(app).await.expect("looked");
    assert_eq!(tier().await, "free");
    let told = "select data from events where kind = 'storage.tier_changed' and data like '%unpaid%'";
    let told: Vec<String> = sqlx::query_scalar(told).fetch_all(app.db.pool()).await.expect("events");
    assert_eq!(told.len(), 1, "{told:?}");
}
