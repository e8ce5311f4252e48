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
    a_recording_whose_file_is_gone_fails_and_one_that_runs_does_not
    a_recording_of_a_lost_node_fails_days_after_its_call
    a_recording_that_is_deleted_as_it_expires_is_accounted_once
    that_a_recording_is_ready_is_told_once_by_whoever_comes_first
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

async fn a_recording_whose_file_is_gone_fails_and_one_that_runs_does_not(server: Server) {
    let scene = Scene::set(server).await;
    let (app, order) = (&scene.server.app, scene.place().await);
    let (gone, live, left) = (
        scene.recording(order.call_id).await,
        scene.recording(order.call_id).await,
        scene.recording(order.call_id).await,
    );
    let _writing = recordings::writing(app, live.header.id);
    left.leave(app, &left.file());
    assert_eq!(recordings::fail_lost(app).await.expect("looked"), 1);
    assert_eq!(recordings::fail_lost(app).await.expect("looked"), 0, "once");
    let status = async |running: &Running| {
        let shown = scene.asha.get(&format!("/v1/recordings/{}", running.header.id)).await.expect(200).json;
        shown["status"].as_str().expect("a status").to_owned()
    };
    assert_eq!(
        [status(&gone).await, status(&live).await, status(&left).await].map(|status| status.to_string()),
        ["failed", "recording", "recording"]
    );
    let refused = scene.asha.get(&format!("/v1/recordings/{}/audio", gone.header.id)).await;
    refused.expect_error("calls.recording_failed");
    // One that was being stored when its disk was lost.
    recordings::ended(app, &left.header, app.now_us()).await.expect("ended");
    std::fs::remove_file(recordings::log_path(app, left.header.id)).expect("removed");
    assert_eq!(recordings::fail_lost(app).await.expect("looked"), 1);
    assert_eq!(status(&left).await, "failed");
    // Its call tells of it when it ends.
    scene.fail(&order, sautikit_api::calls::CallStatus::Busy, "user_busy").await;
    recordings::call_ended(app, order.call_id).await.expect("told");
    let told = scene.told(order.call_id).await;
    assert_eq!(told.iter().filter(|kind| *kind == "call.recording.failed").count(), 2, "{told:?}");
}

async fn a_recording_of_a_lost_node_fails_days_after_its_call(server: Server) {
    const DAY_MS: u64 = 86_400_000;
    let scene = Scene::set(server).await;
    let (app, order) = (&scene.server.app, scene.place().await);
    let running = scene.recording(order.call_id).await;
    let elsewhere = sqlx::query("update recordings set node_id = 'another'");
    elsewhere.execute(app.db.pool()).await.expect("moved");
    scene.advance(30 * DAY_MS);
    assert_eq!(recordings::fail_lost(app).await.expect("looked"), 0, "its call still runs");
    scene.fail(&order, sautikit_api::calls::CallStatus::Busy, "user_busy").await;
    scene.advance(6 * DAY_MS);
    assert_eq!(recordings::fail_lost(app).await.expect("looked"), 0, "its node may come back");
    scene.advance(2 * DAY_MS);
    assert_eq!(recordings::fail_lost(app).await.expect("looked"), 1);
    assert_eq!(scene.told(order.call_id).await.last().map(String::as_str), Some("call.recording.failed"));
    // The node comes back with the file, which is kept for people.
    running.leave(app, &running.file());
    scene.keep().await;
    let path = recordings::log_path(app, running.header.id);
    assert!(!path.exists() && path.with_extension("log.failed").exists());
}

async fn a_recording_that_is_deleted_as_it_expires_is_accounted_once(server: Server) {
    let scene = Scene::set(server).await;
    let (app, order) = (&scene.server.app, scene.place().await);
    let kept = scene.recorded(order.call_id).await;
    let before = scene.asha.get("/v1/storage").await.expect(200).json;
    let ids = [scene.recorded(order.call_id).await, scene.recorded(order.call_id).await];
    scene.advance(31 * 86_400_000);
    let asha = scene.server.signed_in("asha@example.com").await;
    let refresh = sqlx::query("update recordings set started_at = $1 where id = $2");
    refresh.bind(app.now_us()).bind(kept.to_string()).execute(app.db.pool()).await.expect("young again");
    let paths = ids.map(|id| format!("/v1/recordings/{id}"));
    let (pruned, first, second, again) = tokio::join!(
        recordings::prune(app, 10),
        asha.delete(&paths[0]),
        asha.delete(&paths[1]),
        asha.delete(&paths[1])
    );
    pruned.expect("pruned");
    first.expect(204);
    assert_eq!((second.status.min(again.status), second.status.max(again.status)), (204, 404));
    let after = asha.get("/v1/storage").await.expect(200).json;
    assert_eq!(
        (&after["used_bytes"], &after["recordings"]),
        (&before["used_bytes"], &before["recordings"]),
        "what went is counted once"
    );
}

async fn that_a_recording_is_ready_is_told_once_by_whoever_comes_first(server: Server) {
    let scene = Scene::set(server).await;
    let (app, order) = (&scene.server.app, scene.place().await);
    for _ in 0..5 {
        scene.recorded(order.call_id).await;
    }
    scene.fail(&order, sautikit_api::calls::CallStatus::Busy, "user_busy").await;
    let all = (0..8).map(|_| recordings::call_ended(app, order.call_id));
    for told in futures::future::join_all(all).await {
        told.expect("told");
    }
    let told = scene.told(order.call_id).await;
    assert_eq!(told.iter().filter(|kind| *kind == "call.recording.ready").count(), 5, "{told:?}");
}
