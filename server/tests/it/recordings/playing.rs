//! The way to a recording's audio, at every moment of its life.

use sautikit::secrets::hex;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::support::{LENGTH, tone};
use crate::calls::support::Scene;
use crate::support::{ORIGIN, Server, on_each_engine};

on_each_engine! {
    a_recording_is_asked_for_at_every_moment_of_its_life
    what_is_heard_is_what_was_said_each_side_in_its_channel
    the_same_is_heard_as_opus_in_far_fewer_bytes
    a_url_serves_its_quarter_of_an_hour_and_nobody_makes_one
    a_pause_is_for_who_runs_the_call
    a_recording_is_told_of_after_its_call_and_once
}

async fn a_recording_is_asked_for_at_every_moment_of_its_life(server: Server) {
    let scene = Scene::set(server).await;
    let (asha, order) = (&scene.asha, scene.place().await);
    let path = format!("/v1/calls/{}/recording", order.call_id);
    asha.get(&path).await.expect_error("calls.recording_not_found");
    assert!(scene.call(order.call_id).await["recording_status"].is_null());

    let running = scene.recording(order.call_id).await;
    let pending = asha.get(&path).await.expect(202);
    assert_eq!(pending.json["status"], "pending");
    assert_eq!(pending.header("retry-after"), Some(pending.json["retry_after_seconds"].to_string().as_str()));
    assert_eq!(scene.call(order.call_id).await["recording_status"], "recording");
    let id = running.header.id;
    let path_of_one = format!("/v1/recordings/{id}");
    asha.delete(&path_of_one).await.expect_error("calls.recording_in_progress");

    sautikit::recordings::ended(&scene.server.app, &running.header, scene.server.app.now_us()).await.expect("ended");
    asha.get(&path).await.expect(202);
    assert_eq!(asha.get(&path_of_one).await.expect(200).json["status"], "processing");

    running.leave(&scene.server.app, &running.file());
    scene.keep().await;
    let shown = asha.get(&path_of_one).await.expect(200).json;
    assert_eq!(shown["status"], "ready");
    assert_eq!(shown["duration_ms"], json!(LENGTH.as_millis()));
    assert_eq!(shown["size_bytes"], json!(44 + 4 * 8_000));
    assert_eq!(shown["waveform"].as_array().map(Vec::len), Some(20));
    assert_eq!(scene.call(order.call_id).await["recording_status"], "ready");
    let found = asha.get(&path).await.expect(302);
    assert!(
        found.header("location").is_some_and(|url| url.starts_with(&format!("{ORIGIN}/media/recordings/{id}.wav?")))
    );
    let ready = asha.with("accept", "application/json").get(&path).await.expect(200).json;
    assert_eq!((&ready["status"], &ready["expires_at"]), (&json!("ready"), &json!("2026-11-02T08:15:01Z")));
    let list = asha.get(&format!("/v1/recordings?status=ready&call_id={}", order.call_id)).await.expect(200).json;
    assert_eq!(list, json!([shown]));
    assert_eq!(asha.get("/v1/recordings?status=failed").await.expect(200).json, json!([]));
    asha.get("/v1/recordings?status=lost").await.expect(400);

    asha.delete(&path_of_one).await.expect(204);
    asha.get(&path).await.expect_error("calls.recording_not_found");
    asha.get(&path_of_one).await.expect_error("calls.recording_not_found");
    assert!(scene.call(order.call_id).await["recording_status"].is_null());
    let url = ready["url"].as_str().expect("a URL").strip_prefix(ORIGIN).expect("ours").to_owned();
    scene.server.client().get(&url).await.expect_error("calls.recording_not_found");
    let folder = scene.server.app.config.storage.dir_in(&scene.server.app.config.data_dir);
    assert_eq!(files_in(&folder), 0, "its audio is gone");
}

async fn what_is_heard_is_what_was_said_each_side_in_its_channel(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let id = scene.recorded(order.call_id).await;
    let shown = scene.asha.get(&format!("/v1/recordings/{id}")).await.expect(200).json;
    let url = url_of(&scene, &id.to_string()).await;
    // No credential: the URL is one.
    let stranger = scene.server.client();
    let whole = stranger.get(&url).await.expect(200);
    assert_eq!(whole.header("content-type"), Some("audio/wav"));
    assert_eq!(whole.header("cache-control"), Some("private, no-store"));
    assert_eq!(json!(hex(&Sha256::digest(&whole.bytes))), shown["sha256"]);
    assert_eq!(&whole.bytes[22..24], [2, 0], "two channels");
    let samples: Vec<i16> = whole.bytes[44..].as_chunks::<2>().0.iter().map(|two| i16::from_le_bytes(*two)).collect();
    let channel = |index: usize| samples.iter().skip(index).step_by(2).copied().collect::<Vec<_>>();
    assert_eq!((channel(0), channel(1)), (tone(440.0, 8_000), tone(1_000.0, 8_000)));
    let part = stranger.with("range", "bytes=100-199").get(&url).await.expect(206);
    assert_eq!(part.bytes, whole.bytes[100..200]);
    assert_eq!(part.header("content-range"), Some("bytes 100-199/32044"));
    stranger.with("range", "bytes=99999-").get(&url).await.expect(416);
    // At rest nothing of it can be heard.
    let folder = scene.server.app.config.storage.dir_in(&scene.server.app.config.data_dir);
    let kept = std::fs::read(first_file(&folder).expect("a file")).expect("a file");
    assert!(!kept.windows(16).any(|bytes| bytes == &whole.bytes[1_000..1_016]) && !kept.starts_with(b"RIFF"));
}

async fn the_same_is_heard_as_opus_in_far_fewer_bytes(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let id = scene.recorded(order.call_id).await;
    let asha = scene.asha.with("accept", "application/json");
    for path in [format!("/v1/recordings/{id}/audio"), format!("/v1/calls/{}/recording", order.call_id)] {
        let ready = asha.get(&format!("{path}?format=ogg")).await.expect(200).json;
        let url = ready["url"].as_str().expect("a URL").strip_prefix(ORIGIN).expect("ours");
        let heard = scene.server.client().get(url).await.expect(200);
        assert_eq!(heard.header("content-type"), Some("audio/ogg"));
        assert!(heard.bytes.len() * 4 < 32_044, "{}", heard.bytes.len());
        let audio = media::file::read(heard.bytes.to_vec()).expect("an audio file");
        let lasts_ms = audio.samples.len() * 1_000 / audio.rate_hz as usize;
        assert!((1_000..1_040).contains(&lasts_ms), "{lasts_ms}");
        let middle = &audio.samples[4_000..12_000];
        for hz in [440.0, 1_000.0] {
            assert!(media::level::amplitude_at(middle, hz, audio.rate_hz) > 2_500.0, "{hz}");
        }
        asha.get(&format!("{path}?format=mp3")).await.expect_error("validation.bad_request");
    }
}

async fn a_url_serves_its_quarter_of_an_hour_and_nobody_makes_one(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let (id, other) = (scene.recorded(order.call_id).await, scene.recorded(order.call_id).await);
    let url = url_of(&scene, &id.to_string()).await;
    let client = scene.server.client();
    client.get(&url).await.expect(200);
    for forged in [
        url.replace(&id.to_string(), &other.to_string()),
        url.replace("expires=1", "expires=2"),
        url.replace("signature=", "signature=0"),
        url.split('?').next().unwrap_or_default().to_owned(),
    ] {
        client.get(&forged).await.expect_error("auth.token_invalid");
    }
    scene.advance(15 * 60 * 1_000);
    client.get(&url).await.expect_error("auth.token_expired");
}

async fn a_pause_is_for_who_runs_the_call(server: Server) {
    let scene = Scene::set(server).await;
    let (asha, order) = (&scene.asha, scene.place().await);
    let path = |verb: &str| format!("/v1/calls/{}/recording/{verb}", order.call_id);
    asha.post(&path("pause"), json!({})).await.expect_error("calls.recording_not_found");
    scene.recording(order.call_id).await;
    let paused = asha.post(&path("pause"), json!({ "mode": "cut" })).await.expect(200).json;
    assert_eq!(paused["status"], "paused");
    assert_eq!(asha.post(&path("resume"), json!({})).await.expect(200).json["status"], "recording");
    assert_eq!(scene.gateway.paused(), ["cut", "resume"]);
    asha.post(&path("pause"), json!({ "mode": "loud" })).await.expect(400);
    scene.gateway.take(order.call_id);
    asha.post(&path("pause"), json!({})).await.expect_error("calls.not_live");
}

async fn a_recording_is_told_of_after_its_call_and_once(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    scene.answer(&order).await;
    let id = scene.recorded(order.call_id).await;
    assert!(!scene.told(order.call_id).await.contains(&"call.recording.ready".to_owned()), "its call runs");
    scene.hang_up(&order).await;
    for _ in 0..2 {
        sautikit::recordings::call_ended(&scene.server.app, order.call_id).await.expect("told");
    }
    let second = scene.recorded(order.call_id).await;
    let told = scene.told(order.call_id).await;
    let of_recordings: Vec<_> = told.iter().filter(|kind| *kind == "call.recording.ready").collect();
    assert_eq!(of_recordings.len(), 2, "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("call.recording.ready"));
    let data = "select data from events where kind = 'call.recording.ready' order by sequence";
    let rows: Vec<String> = sqlx::query_scalar(data).fetch_all(scene.server.app.db.pool()).await.unwrap();
    let first: serde_json::Value = serde_json::from_str(&rows[0]).unwrap();
    assert_eq!((&first["recording"]["id"], &first["status"]), (&json!(id), &json!("completed")));
    assert_eq!(first["recording"]["url"], json!(format!("{ORIGIN}/v1/recordings/{id}/audio")));
    assert!(rows[1].contains(&second.to_string()));
}

/// The path and query of a recording's signed URL.
pub(super) async fn url_of(scene: &Scene, id: &str) -> String {
    let asha = scene.asha.with("accept", "application/json");
    let ready = asha.get(&format!("/v1/recordings/{id}/audio")).await.expect(200).json;
    ready["url"].as_str().expect("a URL").strip_prefix(ORIGIN).expect("ours").to_owned()
}

pub(super) fn files_in(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.flatten().map(|entry| if entry.path().is_dir() { files_in(&entry.path()) } else { 1 }).sum()
}

fn first_file(folder: &std::path::Path) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).ok()?.flatten().find_map(|entry| match entry.path() {
        path if path.is_dir() => first_file(&path),
        path => Some(path),
    })
}
