//! `GET /v1/calls/{id}/stream`: server-sent events of one call.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use futures::StreamExt;
use sautikit_api::ids::CallId;
use serde_json::json;
use tower::ServiceExt;

use super::support::{FROM, Scene, TO};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    the_stream_tells_the_whole_call_and_ends
    the_stream_resumes_where_it_was_cut
    the_token_reads_its_own_call_only
    the_token_dies_five_minutes_after_the_call
    a_revoked_token_reads_nothing_and_the_next_one_does
    a_revoked_token_ends_the_stream_that_it_opened
    a_revoked_key_ends_the_stream_that_it_opened
    a_call_has_so_many_streams_and_no_more
    who_comes_back_after_the_end_is_told_that_nothing_is_left
    pages_of_every_origin_read_a_stream_by_its_token_and_nothing_else
}

/// A hanging test ends by itself.
const DEADLINE: Duration = Duration::from_secs(30);

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

async fn a_revoked_token_reads_nothing_and_the_next_one_does(server: Server) {
    let scene = Scene::set(server).await;
    let (id, first) = billed(&scene).await;
    let (_, other) = billed(&scene).await;
    let client = scene.server.client();
    let path = |answer: &crate::support::Answer| {
        let url = answer.json["stream_url"].as_str().expect("an address");
        url.strip_prefix(crate::support::ORIGIN).expect("ours").to_owned()
    };
    let revoke = format!("/v1/calls/{id}/stream/revoke");
    let second = path(&scene.asha.post(&revoke, json!({})).await.expect(200));
    client.get(&first).await.expect_error("calls.stream_token_invalid");
    client.get(&second).await.expect(200);
    let third = path(&scene.asha.post(&revoke, json!({})).await.expect(200));
    client.get(&second).await.expect_error("calls.stream_token_invalid");
    client.get(&third).await.expect(200);
    // Another call's stays, and so does who shows a credential.
    client.get(&other).await.expect(200);
    scene.asha.get(&format!("/v1/calls/{id}/stream")).await.expect(200);
    scene.server.client().post(&revoke, json!({})).await.expect_error("auth.session_invalid");
    let unknown = format!("/v1/calls/{}/stream/revoke", CallId(uuid::Uuid::from_u128(7)));
    scene.asha.post(&unknown, json!({})).await.expect_error("calls.not_found");
}

async fn a_revoked_token_ends_the_stream_that_it_opened(server: Server) {
    let scene = Scene::set(server).await;
    let accepted = scene.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await.expect(202).json;
    let url = accepted["stream_url"].as_str().expect("an address");
    let path = url.strip_prefix(crate::support::ORIGIN).expect("ours").to_owned();
    let id = accepted["call_id"].as_str().expect("an id").to_owned();
    let request = Request::get(&path).header("host", "127.0.0.1:4000").body(Body::empty()).expect("a request");
    let answer = sautikit::http::router(&scene.server.app).oneshot(request).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body().into_data_stream();
    let first = tokio::time::timeout(DEADLINE, body.next()).await.expect("the first event in time");
    assert!(std::str::from_utf8(&first.expect("one").expect("a chunk")).expect("text").contains("call.ringing"));
    scene.asha.post(&format!("/v1/calls/{id}/stream/revoke"), json!({})).await.expect(200);
    // The call rings on: without the revocation nothing would come but comments, without an end.
    tokio::time::timeout(DEADLINE, body.for_each(|_| async {})).await.expect("its end in time");
}

/// The answer as it begins; what comes of it is not read.
async fn begun(scene: &Scene, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = Request::get(path).header("host", "127.0.0.1:4000");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.body(Body::empty()).expect("a request");
    sautikit::http::router(&scene.server.app).oneshot(request).await.expect("an answer")
}

async fn a_revoked_key_ends_the_stream_that_it_opened(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let made =
        scene.asha.post("/v1/api-keys", json!({ "name": "leaked", "scopes": ["calls:read"] })).await.expect(201).json;
    let bearer = format!("Bearer {}", made["key"].as_str().expect("a key"));
    let path = format!("/v1/calls/{}/stream", order.call_id);
    let answer = begun(&scene, &path, &[("authorization", &bearer)]).await;
    let mut body = answer.into_body().into_data_stream();
    let first = tokio::time::timeout(DEADLINE, body.next()).await.expect("the first event in time");
    assert!(std::str::from_utf8(&first.expect("one").expect("a chunk")).expect("text").contains("call.ringing"));
    scene.asha.delete(&format!("/v1/api-keys/{}", made["id"].as_str().expect("an id"))).await.expect(204);
    tokio::time::timeout(DEADLINE, body.for_each(|_| async {})).await.expect("its end in time");
}

async fn a_call_has_so_many_streams_and_no_more(server: Server) {
    let scene = Scene::set(server).await;
    let accepted = scene.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await.expect(202).json;
    let url = accepted["stream_url"].as_str().expect("an address");
    let path = url.strip_prefix(crate::support::ORIGIN).expect("ours");
    let mut open = Vec::new();
    for _ in 0..100 {
        let answer = begun(&scene, path, &[]).await;
        assert_eq!(answer.status(), 200);
        open.push(answer);
    }
    let refused = scene.server.client().get(path).await.expect_error("rate_limited");
    assert_eq!(refused.json["error"]["details"]["limit"], "streams_of_call");
    assert!(refused.header("retry-after").is_some());
    open.pop();
    assert_eq!(begun(&scene, path, &[]).await.status(), 200);
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
