//! `GET /v1/calls/stream`: live, resumable, shared by many, and no burden when somebody stops reading.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures::StreamExt;
use sautikit::state::AppState;
use sautikit::webhooks::live::Live;
use sautikit::webhooks::{EventKind, Subject};
use sautikit_api::ids::{CallId, NumberId};
use serde_json::Value;
use tower::ServiceExt;

use super::{DEADLINE, Scene, emit, emit_all};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    calls_are_followed_live_and_resumed
    a_reader_who_is_too_slow_is_told_and_let_go
    other_workspaces_are_not_heard
    a_stream_ends_after_a_while_and_goes_on_without_a_gap
    a_key_that_is_revoked_reads_no_further
    a_session_that_is_signed_out_reads_no_further
    who_has_seen_what_is_not_there_any_more_hears_what_comes
    who_is_far_behind_gets_all_of_it_in_order
}

/// A reader of a stream.
pub(super) struct Reader {
    body: BodyDataStream,
    text: String,
    /// The last id that was told, with an event or without.
    place: Option<String>,
}

/// An event of it.
#[derive(Debug)]
pub(super) struct Heard {
    id: String,
    pub(super) event: String,
    pub(super) data: Value,
}

impl Reader {
    async fn open(server: &Server, key: &str, last_event_id: Option<&str>) -> Self {
        let bearer = format!("Bearer {key}");
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(last_event_id.map(|id| ("last-event-id", id)));
        Self::at(&server.app, "/v1/calls/stream", &headers).await
    }

    /// Of any node and stream.
    pub(super) async fn at(app: &AppState, path: &str, headers: &[(&str, &str)]) -> Self {
        let request = Request::get(path).header("host", "127.0.0.1:4000");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let router = sautikit::http::router(app);
        let answer = router.oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
        assert_eq!(answer.status(), 200);
        Self { body: answer.into_body().into_data_stream(), text: String::new(), place: None }
    }

    pub(super) async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    line.unwrap_or_default().to_owned()
                };
                let heard = Heard {
                    id: field("id"),
                    event: field("event"),
                    data: serde_json::from_str(&field("data")).unwrap_or_default(),
                };
                let rest = rest.to_owned();
                self.text = rest;
                if !heard.id.is_empty() {
                    self.place = Some(heard.id.clone());
                }
                if heard.event.is_empty() {
                    continue;
                }
                return Some(heard);
            }
            let chunk = tokio::time::timeout(DEADLINE, self.body.next()).await.expect("something in time")?;
            self.text.push_str(std::str::from_utf8(&chunk.expect("a chunk")).expect("text"));
        }
    }
}

pub(super) async fn key(scene: &Scene) -> String {
    let body = serde_json::json!({ "name": "reader", "scopes": ["calls:read"] });
    let made = scene.asha.post("/v1/api-keys", body).await.expect(201).json;
    made["key"].as_str().expect("a key").to_owned()
}

async fn calls_are_followed_live_and_resumed(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    let key = key(&scene).await;
    let mut reader = Reader::open(&scene.server, &key, None).await;
    let mut other = Reader::open(&scene.server, &key, None).await;
    let call = scene.talk(1_000).await;
    let mut heard = Vec::new();
    for kind in ["call.started", "call.answered", "call.completed", "call.billed"] {
        let one = reader.next().await.expect("an event");
        assert_eq!((one.event.as_str(), &one.data["data"]["call_id"]), (kind, &Value::from(call.to_string())));
        assert_eq!(other.next().await.expect("an event").id, one.id);
        heard.push(one.id);
    }
    let mut again = Reader::open(&scene.server, &key, Some(&heard[1])).await;
    assert_eq!(again.next().await.expect("an event").id, heard[2]);
    assert_eq!(again.next().await.expect("an event").id, heard[3]);
    // And on with what happens now.
    let next = scene.place().await;
    let started = again.next().await.expect("an event");
    assert_eq!(started.data["data"]["call_id"], next.call_id.to_string());
    let nonsense = scene.asha.with("last-event-id", "yesterday").get("/v1/calls/stream").await;
    assert_eq!(nonsense.expect_error("validation.bad_request").json["error"]["field"], "Last-Event-ID");
}

async fn a_reader_who_is_too_slow_is_told_and_let_go(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    let (key, workspace) = (key(&scene).await, scene.asha.workspace_id().await);
    let mut slow = Reader::open(&scene.server, &key, None).await;
    let mut quick = Reader::open(&scene.server, &key, None).await;
    scene.place().await;
    let first = slow.next().await.expect("an event");
    assert_eq!(quick.next().await.expect("an event").id, first.id);
    for _ in 0..10 {
        let call = || Subject::Call {
            call_id: CallId(scene.server.app.new_uuid()),
            number_id: NumberId(scene.server.app.new_uuid()),
            sequence: 1,
        };
        emit_all(&scene.server, &workspace, EventKind::CallStarted, (0..30).map(|_| call())).await;
        for _ in 0..30 {
            quick.next().await.expect("an event");
        }
    }
    let mut before = first.id;
    let mut last = slow.next().await.expect("an event");
    while last.event != "dropped" {
        before = last.id;
        last = slow.next().await.expect("an event");
    }
    assert_eq!(
        (&last.data["reason"], last.data["last_event_id"].to_string()),
        (&Value::from("too_slow"), before.clone())
    );
    assert!(slow.next().await.is_none(), "that was the last");
    let mut back = Reader::open(&scene.server, &key, Some(&before)).await;
    let next: i64 = back.next().await.expect("an event").id.parse().expect("a place");
    assert_eq!(next, before.parse::<i64>().expect("a place") + 1);
}

async fn a_stream_ends_after_a_while_and_goes_on_without_a_gap(server: Server) {
    let (mut scene, _) = Scene::delivering(server).await;
    // Five minutes take too long here.
    scene.server.app = scene.server.app.changed(|app| app.parts.put(Live::lasting(Duration::from_millis(200))));
    let key = key(&scene).await;
    let mut reader = Reader::open(&scene.server, &key, None).await;
    let mut heard = Vec::new();
    let mut placed = Vec::new();
    let mut ends = 0;
    for _ in 0..3 {
        // Of one instant none is the older.
        scene.advance(1);
        placed.push(scene.place().await.call_id.to_string());
        while let Some(one) = reader.next().await {
            heard.push(one);
        }
        ends += 1;
        // What happens while nobody reads is read then.
        scene.advance(1);
        placed.push(scene.place().await.call_id.to_string());
        let place = reader.place.take().expect("a stream says at once where it stands");
        reader = Reader::open(&scene.server, &key, Some(&place)).await;
    }
    assert_eq!(ends, 3);
    // What is placed late comes to whoever comes back.
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while heard.len() < placed.len() && tokio::time::Instant::now() < deadline {
        while let Some(one) = reader.next().await {
            heard.push(one);
        }
        let place = reader.place.take().expect("a stream says at once where it stands");
        reader = Reader::open(&scene.server, &key, Some(&place)).await;
    }
    let calls: Vec<_> = heard.iter().map(|one| one.data["data"]["call_id"].as_str().expect("an id")).collect();
    assert_eq!(calls, placed);
}

async fn a_key_that_is_revoked_reads_no_further(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    let body = serde_json::json!({ "name": "leaked", "scopes": ["calls:read"] });
    let made = scene.asha.post("/v1/api-keys", body).await.expect(201).json;
    let leaked = made["key"].as_str().expect("a key");
    let (mut thief, mut own) =
        (Reader::open(&scene.server, leaked, None).await, Reader::open(&scene.server, &key(&scene).await, None).await);
    scene.place().await;
    assert_eq!(thief.next().await.expect("an event").event, "call.started");
    own.next().await.expect("an event");
    let path = format!("/v1/api-keys/{}", made["id"].as_str().expect("an id"));
    scene.asha.delete(&path).await.expect(204);
    assert!(thief.next().await.is_none(), "its end, long before it would have come back");
    scene.advance(1);
    scene.place().await;
    assert_eq!(own.next().await.expect("an event").event, "call.started", "another key's goes on");
}

async fn a_session_that_is_signed_out_reads_no_further(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    let cookie = scene.asha.sends("cookie").expect("a session").to_owned();
    let mut reader = Reader::at(&scene.server.app, "/v1/calls/stream", &[("cookie", &cookie)]).await;
    scene.place().await;
    assert_eq!(reader.next().await.expect("an event").event, "call.started");
    scene.asha.post("/v1/auth/logout", serde_json::json!({})).await.expect(204);
    assert!(reader.next().await.is_none());
}

async fn who_has_seen_what_is_not_there_any_more_hears_what_comes(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    // Of a database that was younger than the backup from which this one comes.
    let mut reader = Reader::open(&scene.server, &key(&scene).await, Some("1000000")).await;
    let order = scene.place().await;
    let heard = reader.next().await.expect("an event");
    assert_eq!(heard.data["data"]["call_id"], order.call_id.to_string());
}

async fn who_is_far_behind_gets_all_of_it_in_order(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    let (key, workspace) = (key(&scene).await, scene.asha.workspace_id().await);
    let call = || Subject::Call {
        call_id: CallId(scene.server.app.new_uuid()),
        number_id: NumberId(scene.server.app.new_uuid()),
        sequence: 1,
    };
    // More than the ring holds, and no whole number of batches.
    for _ in 0..7 {
        emit_all(&scene.server, &workspace, EventKind::CallStarted, (0..43).map(|_| call())).await;
    }
    scene.until_all_is_told().await;
    let mut reader = Reader::open(&scene.server, &key, Some("0")).await;
    let mut places = Vec::new();
    for _ in 0..7 * 43 {
        places.push(reader.next().await.expect("an event").id.parse::<i64>().expect("a place"));
    }
    assert!(places.is_sorted_by(|one, next| one < next), "{places:?}");
    scene.advance(1);
    let order = scene.place().await;
    assert_eq!(reader.next().await.expect("an event").data["data"]["call_id"], order.call_id.to_string());
}

async fn other_workspaces_are_not_heard(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    let mut reader = Reader::open(&scene.server, &key(&scene).await, None).await;
    let bob = scene.server.onboarded("bob@example.com").await;
    let (call_id, number_id) = (CallId(scene.server.app.new_uuid()), NumberId(scene.server.app.new_uuid()));
    let subject = Subject::Call { call_id, number_id, sequence: 1 };
    emit(&scene.server, &bob.workspace_id().await, EventKind::CallStarted, subject).await;
    scene.until_all_is_told().await;
    let order = scene.place().await;
    let heard = reader.next().await.expect("an event");
    assert_eq!(heard.data["data"]["call_id"], order.call_id.to_string());
    let nothing = tokio::time::timeout(Duration::from_millis(1), reader.body.next()).await;
    assert!(nothing.is_err());
}
