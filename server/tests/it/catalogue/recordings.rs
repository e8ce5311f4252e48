//! Recordings and storage.

use std::collections::BTreeSet;

use sautikit::recordings;
use serde_json::json;

use super::{codes, fresh};
use crate::calls::support::Scene;
use crate::support::Server;

pub(super) async fn provoke(like: &Server) -> BTreeSet<String> {
    let scene = Scene::set(fresh(like).await).await;
    let (asha, order) = (&scene.asha, scene.place().await);
    let path = format!("/v1/calls/{}/recording", order.call_id);
    asha.get(&path).await.expect_error("calls.recording_not_found");
    let damaged = scene.place().await;
    let running = scene.recording(damaged.call_id).await;
    let path_of_one = format!("/v1/recordings/{}", running.header.id);
    asha.delete(&path_of_one).await.expect_error("calls.recording_in_progress");
    running.leave(&scene.server.app, b"no recording");
    scene.keep().await;
    let refused = asha.get(&format!("/v1/calls/{}/recording", damaged.call_id)).await;
    refused.expect_error("calls.recording_failed");
    scene.recorded(order.call_id).await;
    asha.put("/v1/storage/tier", json!({ "tier": "endless" })).await.expect_error("storage.tier_invalid");
    asha.put("/v1/storage/tier", json!({ "tier": "extended" })).await.expect(200);
    let small = sqlx::query("update storage_tiers set capacity_bytes = 1000 where id = 'free'");
    small.execute(scene.server.app.db.pool()).await.unwrap();
    asha.put("/v1/storage/tier", json!({ "tier": "free" })).await.expect_error("storage.tier_switch_failed");
    scene.advance(366 * 86_400_000);
    assert_eq!(recordings::prune(&scene.server.app, 10).await.expect("pruned"), 1);
    let asha = scene.server.signed_in("asha@example.com").await;
    asha.get(&path).await.expect_error("calls.recording_expired");
    codes(&scene.server)
}
