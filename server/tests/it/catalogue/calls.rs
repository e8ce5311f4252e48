//! Placing, steering and reading calls; SIP tokens.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{codes, fresh};
use crate::calls::support::{FROM, Scene, TO};
use crate::support::Server;

pub(super) async fn provoke(like: &Server) -> BTreeSet<String> {
    let scene = Scene::set(fresh(like).await).await;
    let asha = &scene.asha;
    let place = async |body: Value| asha.post("/v1/calls", body).await;
    place(json!({ "from": FROM, "to": "999" })).await.expect_error("calls.emergency_blocked");
    place(json!({ "from": FROM, "to": "+14155550123" })).await.expect_error("calls.destination_blocked");
    scene.limit(json!({ "concurrent_calls": 1 })).await;
    let order = scene.place().await;
    place(json!({ "from": FROM, "to": TO })).await.expect_error("calls.limit_exceeded");
    scene.fail(&order, sautikit_api::calls::CallStatus::Busy, "user_busy").await;
    scene.limit(json!({ "spend_per_day_minor": 0 })).await;
    place(json!({ "from": FROM, "to": TO })).await.expect_error("spend_limit.reached");
    scene.limit(json!({})).await;
    scene.freeze().await;
    place(json!({ "from": FROM, "to": TO })).await.expect_error("calls.frozen");
    asha.post("/v1/wallet/unfreeze", json!({})).await.expect(200);
    let actions = json!([{ "verb": "sing" }]);
    place(json!({ "from": FROM, "to": TO, "actions": actions })).await.expect_error("actions.invalid");
    asha.get("/v1/calls/nonsense").await.expect_error("calls.not_found");
    let ended = scene.talk(1_000).await;
    let stream_url = place(json!({ "from": FROM, "to": TO })).await.expect(202).json["stream_url"].clone();
    let stream =
        stream_url.as_str().and_then(|url| url.strip_prefix(crate::support::ORIGIN)).expect("a path").to_owned();
    let streamed = scene.gateway.last_order();
    let stranger = scene.server.client();
    stranger.get(&format!("{stream}x")).await.expect_error("calls.stream_token_invalid");
    scene.fail(&streamed, sautikit_api::calls::CallStatus::Busy, "user_busy").await;
    scene.advance(6 * 60 * 1_000);
    stranger.get(&stream).await.expect_error("calls.stream_token_expired");
    asha.post(&format!("/v1/calls/{ended}/hangup"), json!({})).await.expect_error("calls.not_live");
    let simulated = json!({ "from": TO, "to": FROM });
    asha.get("/v1/conferences/nobody").await.expect_error("conferences.not_found");
    asha.get("/v1/queues/nobody").await.expect_error("queues.not_found");
    asha.post("/v1/sandbox/inbound", simulated).await.expect_error("numbers.sip_config_unavailable");
    let number = asha.get("/v1/numbers").await.expect(200).json[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/numbers/{number}/sip-credentials");
    let device = asha.post(&path, json!({ "label": "reception" })).await.expect(201).json;
    let path_of_device = format!("{path}/{}", device["id"].as_str().expect("an id"));
    asha.delete(&path_of_device).await.expect(204);
    asha.delete(&path_of_device).await.expect_error("numbers.sip_credentials.already_revoked");
    asha.delete(&format!("{path}/{number}")).await.expect_error("numbers.sip_credentials.not_found");
    scene.gateway.is_full.store(true, Ordering::Relaxed);
    let refused = place(json!({ "from": FROM, "to": TO })).await.expect_error("calls.overloaded");
    assert_eq!(refused.header("retry-after"), Some("3"));
    scene.server.app.draining.cancel();
    asha.post("/v1/sip/token", json!({})).await.expect_error("numbers.sip_token_unavailable");
    let mut answered = codes(&scene.server);
    answered.extend(without_a_gateway(like).await);
    answered
}

async fn without_a_gateway(like: &Server) -> BTreeSet<String> {
    let server = fresh(like).await;
    let owner = server.onboarded("a@example.com").await;
    owner.post("/v1/calls", json!({ "from": FROM, "to": TO })).await.expect_error("calls.no_route");
    codes(&server)
}
