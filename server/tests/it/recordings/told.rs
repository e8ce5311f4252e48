//! Status callbacks of recordings: what they say, in whose words, and what happens where nobody answers.

use std::collections::HashMap;

use sautikit::{jobs, recordings};
use serde_json::json;

use super::support::Running;
use crate::calls::support::{Order, Scene};
use crate::support::{ORIGIN, Server, on_each_engine};
use crate::webhooks::receiver::{Answers, Receiver};

on_each_engine! {
    that_a_recording_is_ready_is_told_once_in_the_words_of_its_number
    a_server_that_is_busy_is_told_again_and_one_that_refuses_is_not
    a_recording_that_is_lost_is_told_as_failed
}

const SECRET: &str = "a-secret-of-our-own";

/// A recording that runs and whose end is told to `url`.
async fn told_to(scene: &Scene, order: &Order, url: String) -> Running {
    let app = &scene.server.app;
    let mut running = Running::unlisted(app, scene.workspace().await, order.call_id);
    running.header.status_callback = Some(url);
    recordings::begin(app, &running.header).await.expect("a row");
    running
}

async fn kept(scene: &Scene, order: &Order, url: String) -> Running {
    let running = told_to(scene, order, url).await;
    running.leave(&scene.server.app, &running.file());
    scene.keep().await;
    running
}

fn form(body: &[u8]) -> HashMap<String, String> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

async fn that_a_recording_is_ready_is_told_once_in_the_words_of_its_number(server: Server) {
    let (scene, receiver) = (Scene::set(server).await, Receiver::start().await);
    let app = &scene.server.app;
    let number = scene.asha.get("/v1/numbers").await.expect(200).json[0]["id"].as_str().expect("an id").to_owned();
    let routing = json!({ "compat": "twilio", "voice_signing_secret": SECRET });
    scene.asha.patch(&format!("/v1/numbers/{number}/routing"), routing).await.expect(200);
    let order = scene.place().await;
    scene.answer(&order).await;
    // While its call runs: who keeps a voicemail wants it now.
    let id = kept(&scene, &order, receiver.url("/kept")).await.header.id;
    jobs::run_due(app).await.expect("the jobs");
    let told = receiver.told("/kept");
    assert_eq!(told.len(), 1);
    assert!(told[0].is_signed_with(SECRET) && !told[0].header("x-twilio-signature").is_empty());
    let form = form(&told[0].body);
    let says = |name: &str| form.get(name).map(String::as_str);
    assert_eq!((says("RecordingStatus"), says("RecordingSid")), (Some("completed"), Some(id.to_string().as_str())));
    assert_eq!(says("RecordingUrl"), Some(format!("{ORIGIN}/v1/recordings/{id}/audio").as_str()));
    assert_eq!((says("RecordingDuration"), says("RecordingChannels")), (Some("1"), Some("2")));
    assert_eq!((says("RecordingSource"), says("CallStatus")), (Some("DialVerb"), Some("in-progress")));
    assert_eq!(says("CallSid"), Some(order.call_id.pbx_call_id().as_str()));
    // Its call's end tells the event, and nobody anything twice.
    scene.hang_up(&order).await;
    recordings::call_ended(app, order.call_id).await.expect("told");
    jobs::run_due(app).await.expect("the jobs");
    assert_eq!(receiver.count("/kept"), 1);
}

async fn a_server_that_is_busy_is_told_again_and_one_that_refuses_is_not(server: Server) {
    let (scene, receiver) = (Scene::set(server).await, Receiver::start().await);
    let (app, order) = (&scene.server.app, scene.place().await);
    receiver.answers("/busy", Answers::Status(429));
    receiver.answers("/gone", Answers::Status(404));
    for path in ["/busy", "/gone"] {
        kept(&scene, &order, receiver.url(path)).await;
    }
    jobs::run_due(app).await.expect("the jobs");
    assert_eq!((receiver.count("/busy"), receiver.count("/gone")), (1, 1));
    receiver.answers("/busy", Answers::Status(200));
    for _ in 0..2 {
        scene.advance(10_000);
        jobs::run_due(app).await.expect("the jobs");
    }
    assert_eq!((receiver.count("/busy"), receiver.count("/gone")), (2, 1));
}

async fn a_recording_that_is_lost_is_told_as_failed(server: Server) {
    let (scene, receiver) = (Scene::set(server).await, Receiver::start().await);
    let (app, order) = (&scene.server.app, scene.place().await);
    // Its row stands, and its file is gone.
    told_to(&scene, &order, receiver.url("/kept")).await;
    assert_eq!(recordings::fail_lost(app).await.expect("looked for"), 1);
    jobs::run_due(app).await.expect("the jobs");
    let form = form(&receiver.told("/kept")[0].body);
    assert_eq!(form.get("RecordingStatus").map(String::as_str), Some("failed"));
    assert_eq!(form.get("ErrorCode").map(String::as_str), Some("calls.recording_failed"));
}
