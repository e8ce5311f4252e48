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
    who_comes_back_after_the_end_is_told_that_nothing_is_left
    pages_of_every_origin_read_a_stream_by_its_token_and_nothing_else
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
    client.get(&path.replace(&id.to_string(), &other.to_string())).await.expect_error("calls.stream_token_invalid");
    client.get(&format!("/v1/calls/{id}/stream?token=")).await.expect_error("calls.stream_token_invalid");
    client.get(&format!("/v1/calls/{id}/stream")).await.expect_error("auth.session_invalid");
    scene.asha.get(&format!("/v1/calls/{id}/stream")).await.expect(200);
}

async fn the_token_dies_five_minutes_after_the_call(server: Server) {
    let scene = Scene::set(server).await;
    let (_, path) = billed(&scene).await;
    scene.advance(5 * 60_000);
    scene.server.client().get(&path).await.expect(200);
    scene.advance(1);
    scene.server.client().get(&path).await.expect_error("calls.stream_token_expired");
}

async fn who_comes_back_after_the_end_is_told_that_nothing_is_left(server: Server) {
    let scene = Scene::set(server).await;
    let (_, path) = billed(&scene).await;
    let all = scene.server.client().get(&path).await.expect(200);
    let last = all.text.lines().rev().find_map(|line| line.strip_prefix("id:")).expect("an id").trim();
    let client = scene.server.client().with("last-event-id", last);
    let answer = client.get(&path).await.expect(204);
    assert_eq!((answer.text.as_str(), answer.header("access-control-allow-origin")), ("", Some("*")));
    // Whoever has not seen all of it has it told.
    let before = (last.parse::<i64>().expect("a number") - 1).to_string();
    scene.server.client().with("last-event-id", &before).get(&path).await.expect(200);
}

async fn pages_of_every_origin_read_a_stream_by_its_token_and_nothing_else(server: Server) {
    let scene = Scene::set(server).await;
    let (id, path) = billed(&scene).await;
    let page = scene.server.client().with("origin", "https://shop.example");
    let allowed = |answer: &crate::support::Answer| answer.header("access-control-allow-origin").map(str::to_owned);
    assert_eq!(allowed(&page.get(&path).await.expect(200)).as_deref(), Some("*"));
    // A refusal is one that the page can read.
    let wrong = page.get(&format!("/v1/calls/{id}/stream?token=x")).await.expect_error("calls.stream_token_invalid");
    assert_eq!(allowed(&wrong).as_deref(), Some("*"));
    assert_eq!(wrong.header("access-control-allow-credentials"), None);
    let preflight = page.send("OPTIONS", &path, None, "").await.expect(204);
    assert_eq!(allowed(&preflight).as_deref(), Some("*"));
    assert!(preflight.header("access-control-allow-headers").is_some_and(|headers| headers.contains("last-event-id")));
    let asha = scene.asha.with("origin", "https://shop.example");
    for closed in [format!("/v1/calls/{id}/stream"), format!("/v1/calls/{id}"), "/v1/wallet/balance".to_owned()] {
        assert_eq!(allowed(&asha.get(&closed).await.expect(200)), None, "{closed}");
        assert_eq!(allowed(&page.send("OPTIONS", &closed, None, "").await), None, "{closed}");
    }
}
