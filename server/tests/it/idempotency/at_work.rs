//! What a repeated request meets while the first is at work: on this node, on another, and after a crash amid an effect
//! outside of the database. The endpoints here are the tests' own, so that they can be stopped in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use sautikit::db::Dialect;
use sautikit::http::request_id::with_request_id;
use sautikit::state::AppState;
use sautikit::web::caller::Caller;
use sautikit::web::error::{ApiError, ApiResult};
use sautikit::web::idempotency::{self, Begun, InFlight, Request};
use serde_json::json;
use tokio::sync::Notify;

use super::with_key;
use crate::support::{Answer, Client, Server, on_each_engine};

on_each_engine! {
    a_request_at_work_is_waited_for_two_seconds
    a_request_at_work_on_another_node_is_waited_for_too
    an_effect_outside_that_a_crash_cut_off_is_made_good_after_a_minute
}

/// The endpoint's effect, in the test's hands.
#[derive(Default)]
struct Effect {
    began: Notify,
    go_on: Notify,
    count: AtomicU32,
}

type Held = Extension<Arc<Effect>>;

/// `POST /local` writes in the transaction and waits for the test before it commits.
async fn local(app: State<AppState>, effect: Held, caller: Caller, request: Request) -> ApiResult<Response> {
    let attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    effect.began.notify_one();
    effect.go_on.notified().await;
    attempt.commit(&app, StatusCode::CREATED, &json!({})).await
}

/// `POST /outside` has its effect outside of the database; with the header `crash` nothing comes after it.
async fn outside(
    app: State<AppState>,
    effect: Held,
    caller: Caller,
    headers: HeaderMap,
    request: Request,
) -> ApiResult<Response> {
    let attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let lease = attempt.lease(&app, None).await?;
    effect.count.fetch_add(1, Ordering::Relaxed);
    if headers.contains_key("crash") {
        return Err(ApiError::internal("the test's crash"));
    }
    lease.commit(&app, StatusCode::ACCEPTED, &json!({ "done": true })).await
}

/// The endpoints on a node with these parts.
fn node(app: &AppState, effect: &Arc<Effect>) -> Router {
    let routes = Router::new().route("/local", post(local)).route("/outside", post(outside));
    let layered = routes.layer(Extension(effect.clone())).layer(from_fn_with_state(app.clone(), with_request_id));
    layered.with_state(app.clone())
}

/// Clients of the endpoints on two nodes that share the database, with the same person and key.
async fn two_nodes(server: &Server) -> (Arc<Effect>, Client, Client) {
    let owner = with_key(&server.onboarded("a@example.com").await, "k");
    let effect = Arc::new(Effect::default());
    let here = owner.on(&server.client_of(node(&server.app, &effect)));
    let elsewhere = server.app.changed(|app| app.parts.put(InFlight::default()));
    let there = owner.on(&server.client_of(node(&elsewhere, &effect)));
    (effect, here, there)
}

async fn a_request_at_work_is_waited_for_two_seconds(server: Server) {
    let (effect, here, _) = two_nodes(&server).await;
    second_is_told_to_wait(effect, &here, &here).await;
}

async fn a_request_at_work_on_another_node_is_waited_for_too(server: Server) {
    // A SQLite file belongs to one node.
    if server.app.db.dialect() == Dialect::Postgres {
        let (effect, here, there) = two_nodes(&server).await;
        second_is_told_to_wait(effect, &here, &there).await;
    }
}

async fn second_is_told_to_wait(effect: Arc<Effect>, first: &Client, second: &Client) {
    let working = tokio::spawn({
        let first = first.clone();
        async move { first.post("/local", json!({})).await }
    });
    effect.began.notified().await;
    // Two seconds and what a busy machine adds, far from the ten that the database itself would wait.
    let waited = tokio::time::timeout(Duration::from_secs(8), second.post("/local", json!({}))).await;
    is_in_progress(waited.expect("an answer in time"));
    effect.go_on.notify_one();
    let answered = working.await.unwrap().expect(201);
    assert_eq!(answered.header("idempotent-replayed"), None);
    let repeated = second.post("/local", json!({})).await.expect(201);
    assert_eq!(repeated.header("idempotent-replayed"), Some("true"));
}

async fn an_effect_outside_that_a_crash_cut_off_is_made_good_after_a_minute(server: Server) {
    let (effect, here, there) = two_nodes(&server).await;
    here.with("crash", "now").post("/outside", json!({})).await.expect_error("internal_error");
    server.clock.advance(Duration::from_secs(59));
    for node in [&here, &there] {
        is_in_progress(node.post("/outside", json!({})).await);
    }
    server.clock.advance(Duration::from_secs(1));
    let other = there.post("/outside", json!({ "other": true })).await.expect_error("idempotency.conflict");
    assert_eq!(other.json["error"]["details"]["reason"], "other_request");
    assert_eq!(effect.count.load(Ordering::Relaxed), 1);
    let made_good = there.post("/outside", json!({})).await.expect(202);
    assert_eq!(made_good.header("idempotent-replayed"), None);
    let repeated = here.post("/outside", json!({})).await.expect(202);
    assert_eq!((repeated.header("idempotent-replayed"), repeated.text.as_str()), (Some("true"), r#"{"done":true}"#));
    assert_eq!(effect.count.load(Ordering::Relaxed), 2);
}

#[track_caller]
fn is_in_progress(answer: Answer) {
    let answer = answer.expect_error("idempotency.conflict");
    assert_eq!(answer.json["error"]["details"]["reason"], "in_progress");
    assert_eq!(answer.header("retry-after"), Some("1"));
}
