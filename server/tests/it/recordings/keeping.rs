//! What a crash, a full tier and time do to recordings.

use sautikit::recordings::{self, Attempts, RecordingError};
use serde_json::json;

use super::playing::files_in;
use super::support::Running;
use crate::calls::support::Scene;
use crate::support::{Server, on_each_engine};

on_each_engine! {
    what_a_crash_cut_off_is_finished_and_offered
    what_is_damaged_is_given_up_and_told
    what_is_being_written_is_left_alone
    what_was_kept_long_enough_expires
    a_full_tier_takes_no_further_recording
    a_store_that_is_away_for_a_while_loses_nothing
}

async fn what_a_crash_cut_off_is_finished_and_offered(server: Server) {
    let scene = Scene::set(server).await;
    let (app, order) = (&scene.server.app, scene.place().await);
    // One whose row stood, and one that was cut off before.
    let listed = scene.recording(order.call_id).await;
    let unlisted = Running::unlisted(app, scene.workspace().await, order.call_id);
    for (running, cut) in [(&listed, 100), (&unlisted, 0)] {
        let file = running.file();
        running.leave(app, &file[..file.len() - cut]);
    }
    scene.keep().await;
    let duration = async |running: &Running| {
        let shown = scene.asha.get(&format!("/v1/recordings/{}", running.header.id)).await.expect(200).json;
        assert_eq!(shown["status"], "ready", "{shown}");
        shown["duration_ms"].as_i64().expect("a length")
    };
    assert_eq!(duration(&listed).await, 900, "the block that was cut off is a tenth of a second");
    assert_eq!(duration(&unlisted).await, 1_000);
    assert_eq!(files_in(&recordings::folder(app)), 0, "nothing is left to do");
}

async fn what_is_damaged_is_given_up_and_told(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let running = scene.recording(order.call_id).await;
    scene.fail(&order, sautikit_api::calls::CallStatus::Busy, "user_busy").await;
    running.leave(&scene.server.app, b"SAUTIREC and then something else");
    scene.keep().await;
    let refused = scene.asha.get(&format!("/v1/calls/{}/recording", order.call_id)).await;
    refused.expect_error("calls.recording_failed");
    assert_eq!(scene.call(order.call_id).await["recording_status"], "failed");
    assert_eq!(scene.told(order.call_id).await.last().map(String::as_str), Some("call.recording.failed"));
    scene.keep().await;
    assert_eq!(files_in(&recordings::folder(&scene.server.app)), 1, "the file is set aside for people");
}

async fn what_is_being_written_is_left_alone(server: Server) {
    let scene = Scene::set(server).await;
    let (app, order) = (&scene.server.app, scene.place().await);
    let running = scene.recording(order.call_id).await;
    let writing = recordings::writing(app, running.header.id);
    running.leave(app, &running.file());
    scene.keep().await;
    assert_eq!(scene.call(order.call_id).await["recording_status"], "recording");
    drop(writing);
    scene.keep().await;
    assert_eq!(scene.call(order.call_id).await["recording_status"], "ready");
}

async fn what_was_kept_long_enough_expires(server: Server) {
    const DAY_MS: u64 = 86_400_000;
    let scene = Scene::set(server).await;
    let (app, order) = (&scene.server.app, scene.place().await);
    let id = scene.recorded(order.call_id).await;
    let shown = scene.asha.get(&format!("/v1/recordings/{id}")).await.expect(200).json;
    assert_eq!(shown["expires_at"], "2026-12-02T08:00:01Z");
    scene.advance(29 * DAY_MS);
    assert_eq!(recordings::prune(app, 10).await.expect("pruned"), 0);
    scene.advance(2 * DAY_MS);
    assert_eq!(recordings::prune(app, 10).await.expect("pruned"), 1);
    let asha = scene.server.signed_in("asha@example.com").await;
    asha.get(&format!("/v1/calls/{}/recording", order.call_id)).await.expect_error("calls.recording_expired");
    assert_eq!(asha.get(&format!("/v1/recordings/{id}")).await.expect(200).json["status"], "expired");
    let storage = asha.get("/v1/storage").await.expect(200).json;
    assert_eq!((&storage["used_bytes"], &storage["recordings"]), (&json!(0), &json!(0)));
    assert_eq!(files_in(&app.config.storage.dir_in(&app.config.data_dir)), 0);
    assert_eq!(recordings::prune(app, 10).await.expect("pruned"), 0, "once");
}

async fn a_full_tier_takes_no_further_recording(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    scene.recorded(order.call_id).await;
    let full = sqlx::query("update storage_tiers set capacity_bytes = 1000 where id = 'free'");
    full.execute(scene.server.app.db.pool()).await.unwrap();
    let running = Running::unlisted(&scene.server.app, scene.workspace().await, order.call_id);
    let refused = recordings::begin(&scene.server.app, &running.header).await;
    assert!(matches!(refused, Err(RecordingError::NoRoom)), "{refused:?}");
}

async fn a_store_that_is_away_for_a_while_loses_nothing(server: Server) {
    let scene = Scene::set(server).await;
    let (app, order) = (&scene.server.app, scene.place().await);
    scene.fail(&order, sautikit_api::calls::CallStatus::Busy, "user_busy").await;
    // A file stands where its folder should be.
    let place = app.config.storage.dir_in(&app.config.data_dir);
    std::fs::write(&place, "in the way").expect("a file");
    let running = scene.recording(order.call_id).await;
    running.leave(app, &running.file());
    let mut attempts = Attempts::default();
    for _ in 0..4 {
        recordings::look(app, &mut attempts).await;
        scene.advance(40_000);
    }
    assert_eq!(scene.call(order.call_id).await["recording_status"], "processing");
    let told = scene.told(order.call_id).await;
    assert_eq!(told.iter().filter(|kind| *kind == "call.recording.failed").count(), 1, "the first failure is told");
    std::fs::remove_file(&place).expect("removed");
    scene.advance(3_600_000);
    recordings::look(app, &mut attempts).await;
    assert_eq!(scene.call(order.call_id).await["recording_status"], "ready");
    assert_eq!(scene.told(order.call_id).await.last().map(String::as_str), Some("call.recording.ready"));
}
