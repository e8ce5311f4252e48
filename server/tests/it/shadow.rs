//! Shadow requests as they are kept: read, narrowed, and gone with the request log's days. `gateway/shadow.rs` makes them by calls.

use std::time::Duration;

use sautikit::jobs;
use sautikit::serve::clean_up;
use sautikit::shadow::{self, Queue, Seen, ShadowRequest, compare};
use sautikit::state::AppState;
use sautikit_api::ids::{CallId, NumberId, ShadowRequestId, WorkspaceId};
use serde_json::{Value, json};
use voice::{FetchFailure, Purpose};

use crate::calls::support::Scene;
use crate::support::{Server, on_each_engine};

on_each_engine! {
    the_list_is_narrowed_to_what_differs_a_number_and_a_call
    what_is_older_than_the_request_log_goes_with_it
}

/// Keeps one of a call of the number: the shadow failed unless `is_same`.
pub(crate) async fn kept(
    app: &AppState,
    (workspace_id, number_id, call_id): (WorkspaceId, NumberId, CallId),
    is_same: bool,
) {
    let failure = FetchFailure::Status(500);
    let seen = |url, outcome| Seen { url, status: Some(200), duration_ms: 12, outcome };
    let of_shadow = if is_same { Ok(None) } else { Err(&failure) };
    let live = seen("https://shop.example/voice?token=abc", Ok(None));
    let (outcome, comparison) = compare(Purpose::Final, live, seen("https://new.example/voice", of_shadow), "oops");
    Queue::of(app).push(ShadowRequest {
        id: ShadowRequestId(app.new_uuid()),
        workspace_id,
        number_id,
        call_id,
        purpose: "final".to_owned(),
        outcome,
        comparison,
        created_at_us: app.now_us(),
    });
    shadow::write_pending(app).await;
}

impl Scene {
    /// Keeps one that failed, of the workspace's number and a call of it.
    pub(crate) async fn shadow_request(&self, number_id: &str) -> CallId {
        let call_id = CallId(self.server.app.new_uuid());
        let workspace = self.asha.workspace_id().await.parse().expect("an id");
        kept(&self.server.app, (workspace, number_id.parse().expect("an id"), call_id), false).await;
        call_id
    }
}

async fn number_of(scene: &Scene) -> String {
    scene.asha.get("/v1/numbers").await.expect(200).json[0]["id"].as_str().expect("an id").to_owned()
}

async fn the_list_is_narrowed_to_what_differs_a_number_and_a_call(server: Server) {
    let scene = Scene::set(server).await;
    let number = number_of(&scene).await;
    let call = scene.shadow_request(&number).await;
    let workspace = scene.asha.workspace_id().await.parse().expect("an id");
    let other_call = CallId(scene.server.app.new_uuid());
    kept(&scene.server.app, (workspace, number.parse().expect("an id"), other_call), true).await;
    let list = async |query: &str| {
        let answer = scene.asha.get(&format!("/v1/shadow-requests?{query}")).await.expect(200).json;
        answer.as_array().expect("a list").clone()
    };
    let outcomes = |list: &[Value]| list.iter().map(|one| one["outcome"].clone()).collect::<Vec<_>>();
    assert_eq!(list("").await.len(), 2);
    let differing = list("outcome=differing").await;
    assert_eq!(outcomes(&differing), [json!("failed")]);
    assert_eq!(differing[0]["shadow"]["error"]["code"], "call.callback_failed");
    assert_eq!(differing[0]["live"]["url"], "https://shop.example/voice?token=***");
    assert_eq!((&differing[0]["answer"], &differing[0]["call_id"]), (&json!("oops"), &json!(call.to_string())));
    assert_eq!(outcomes(&list("outcome=same").await), [json!("same")]);
    assert_eq!(list(&format!("number_id={number}")).await.len(), 2);
    assert_eq!(outcomes(&list(&format!("call_id={}", call.pbx_call_id())).await), [json!("failed")]);
    assert_eq!(list(&format!("number_id={call}")).await.len(), 0);
    let refused = scene.asha.get("/v1/shadow-requests?outcome=odd").await.expect_error("validation.bad_request");
    assert_eq!(refused.json["error"]["field"], "outcome");
}

async fn what_is_older_than_the_request_log_goes_with_it(server: Server) {
    let scene = Scene::set(server).await;
    let number = number_of(&scene).await;
    scene.shadow_request(&number).await;
    let days = u64::from(scene.server.app.config.requests.keep_days);
    scene.server.clock.advance(Duration::from_secs((days + 1) * 24 * 3_600));
    scene.shadow_request(&number).await;
    clean_up::schedule(&scene.server.app).await.expect("a job");
    jobs::run_due(&scene.server.app).await.expect("jobs");
    assert_eq!(scene.asha.get("/v1/shadow-requests").await.expect(200).json.as_array().expect("a list").len(), 1);
}
