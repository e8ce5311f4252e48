//! `GET /v1/calls/{id}/stream`: server-sent events of one call.

use sautikit_api::ids::CallId;
use serde_json::json;

use super::support::{FROM, Scene, TO};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    the_stream_tells_the_whole_call_and_ends
    the_stream_resumes_where_it_was_cut
    the_token_reads_its_own_call_only
    the_token_dies_five_minutes_after_the_call
}

/// A billed call and its stream's path with the token.
async fn billed(scene: &Scene) -> (CallId, String) {
    let accepted = scene.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await.expect(202).json;
    let order = scene.gateway.last_order();
    scene.answer(&order).await;
    scene.advance(5_000);
    scene.hang_up(&order).await;
    scene.run_jobs().await;
    let url = accepted["stream_url"].as_str().unwrap();
    (order.call_id, url.strip_prefix(crate::support::ORIGIN).unwrap().to_owned())
}

fn kinds(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("event:")).map(str::trim).collect()
}

async fn the_stream_tells_the_whole_call_and_ends(server: Server) {
    let scene = Scene::set(server).await;
    let (_, path) = billed(&scene).await;
    let stream = scene.server.client().get(&path).await.expect(200);
    assert!(stream.header("content-type").unwrap().starts_with("text/event-stream"));
    assert_eq!(kinds(&stream.text), ["call.ringing", "call.answered", "call.completed", "call.billed"]);
}

async fn the_stream_resumes_where_it_was_cut(server: Server) {
    let scene = Scene::set(server).await;
    let (_, path) = billed(&scene).await;
    let rest = scene.server.client().with("last-event-id", "2").get(&path).await.expect(200);
    assert_eq!(kinds(&rest.text), ["call.completed", "call.billed"]);
}

async fn the_token_reads_its_own_call_only(server: Server) {
    let scene = Scene::set(server).await;
    let (id, path) = billed(&scene).await;
    let (other, _) = billed(&scene).await;
    let client = scene.server.client();
    client.get(&path.replace(&id.to_string(), &other.to_string())).await.expect_error("auth.token_invalid");
    client.get(&format!("/v1/calls/{id}/stream?token=")).await.expect_error("auth.token_invalid");
    client.get(&format!("/v1/calls/{id}/stream")).await.expect_error("auth.session_invalid");
    scene.asha.get(&format!("/v1/calls/{id}/stream")).await.expect(200);
}

async fn the_token_dies_five_minutes_after_the_call(server: Server) {
    let scene = Scene::set(server).await;
    let (_, path) = billed(&scene).await;
    scene.advance(5 * 60_000);
    scene.server.client().get(&path).await.expect(200);
    scene.advance(1);
    scene.server.client().get(&path).await.expect_error("auth.token_expired");
}
