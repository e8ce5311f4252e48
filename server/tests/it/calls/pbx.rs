//! Calls that an external PBX runs and tells of.

use std::time::Duration;

use sautikit::calls::{self, Hub};
use sautikit::config::PbxSource;
use sautikit::http::{internal_router, router};
use sautikit::webhooks::signature;
use serde_json::{Value, json};

use super::support::{FROM, Scene, TO};
use crate::support::{Answer, Client, Server, on_each_engine, within};

on_each_engine! {
    a_call_of_a_pbx_has_a_record_as_any_other_and_costs_nothing
    an_event_that_comes_again_changes_nothing
    what_a_call_came_to_without_an_answer_is_its_status
    what_is_not_signed_just_now_by_a_source_is_taken_of_nobody
    only_numbers_of_the_workspace_and_calls_that_run_are_told_of
    events_of_one_call_may_come_to_any_node
    a_call_of_a_node_that_died_rings_anew_at_another
}

/// Of the source that [`with_source`] adds.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The same server with a PBX that may tell of the calls of these workspaces.
pub(crate) fn with_source(server: Server, workspaces: &[&str]) -> Server {
    let workspaces = workspaces.iter().map(ToString::to_string).collect();
    let source = PbxSource { name: "asterisk".to_owned(), secret: SECRET.to_owned(), workspaces };
    server.configured(|config| config.pbx_source.push(source))
}

/// Sends an event, signed now by the source's secret.
pub(crate) async fn tell(server: &Server, event: &Value) -> Answer {
    let now = server.app.now_us() / 1_000_000;
    tell_signed(server, &event.to_string(), ("asterisk", SECRET, now)).await
}

/// Sends a body in the name of a source, signed with a secret at a time in seconds.
pub(crate) async fn tell_signed(server: &Server, body: &str, (source, secret, at): (&str, &str, i64)) -> Answer {
    let client = server.client().with("x-sautikit-source", source);
    let client = client.with(signature::HEADER, &signature::sign(secret, body.as_bytes(), at));
    client.send("POST", "/v1/pbx/events", Some("application/json"), body).await
}

/// An event of the call `1700000000.1`, with these members too.
pub(crate) fn event(server: &Server, workspace: &str, id: &str, kind: &str, more: Value) -> Value {
    let occurred_at = sautikit::clock::rfc3339(server.app.now_us());
    let mut event = json!({ "event_id": id, "workspace_id": workspace, "pbx_call_id": "1700000000.1", "kind": kind,
        "occurred_at": occurred_at });
    for (name, value) in more.as_object().expect("members") {
        event[name] = value.clone();
    }
    event
}

/// An inbound call from a telephone.
pub(crate) fn rings() -> Value {
    json!({ "direction": "inbound", "from": TO, "to": FROM })
}

struct Pbx {
    scene: Scene,
    workspace: String,
}

impl Pbx {
    async fn set(server: Server) -> Self {
        let scene = Scene::set(with_source(server, &["*"])).await;
        let workspace = scene.asha.workspace_id().await;
        Self { scene, workspace }
    }

    async fn tells(&self, id: &str, kind: &str, more: Value) -> Answer {
        let server = &self.scene.server;
        tell(server, &event(server, &self.workspace, id, kind, more)).await
    }

    async fn call(&self, id: &str) -> Value {
        self.scene.asha.get(&format!("/v1/calls/{id}")).await.expect(200).json
    }
}

fn call_of(answer: &Answer) -> String {
    answer.json["call_id"].as_str().expect("an id").to_owned()
}

async fn a_call_of_a_pbx_has_a_record_as_any_other_and_costs_nothing(server: Server) {
    let pbx = Pbx::set(server).await;
    let balance = pbx.scene.balance().await;
    let id = call_of(&pbx.tells("1", "call.ringing", rings()).await.expect(202));
    let call = pbx.call(&id).await;
    assert_eq!((&call["status"], &call["direction"]), (&json!("ringing"), &json!("inbound")));
    assert_eq!((&call["from"], &call["to"]), (&json!(TO), &json!(FROM)));
    assert_eq!(call["metadata"], json!({ "pbx": { "source": "asterisk", "call_id": "1700000000.1" } }));
    pbx.scene.advance(2_000);
    assert_eq!(call_of(&pbx.tells("2", "call.answered", json!({})).await.expect(202)), id);
    pbx.scene.advance(61_000);
    let cause = json!({ "hangup_cause": "normal_clearing" });
    assert_eq!(call_of(&pbx.tells("3", "call.ended", cause).await.expect(202)), id);
    let call = pbx.call(&id).await;
    assert_eq!((&call["status"], &call["duration_seconds"]), (&json!("completed"), &json!(61)));
    assert_eq!((&call["hangup_cause"], &call["cost_minor"]), (&json!("normal_clearing"), &json!(0)));
    let events = pbx.scene.asha.get(&format!("/v1/calls/{id}/events")).await.expect(200).json;
    let kinds: Vec<_> = events.as_array().expect("events").iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["call.ringing", "call.answered", "call.completed"]);
    assert_eq!(pbx.scene.balance().await, balance);
}

async fn an_event_that_comes_again_changes_nothing(server: Server) {
    let pbx = Pbx::set(server).await;
    let id = call_of(&pbx.tells("1", "call.ringing", rings()).await.expect(202));
    assert_eq!(call_of(&pbx.tells("1", "call.ringing", rings()).await.expect(202)), id);
    // Of a call that rings already.
    assert_eq!(call_of(&pbx.tells("2", "call.ringing", rings()).await.expect(202)), id);
    pbx.tells("3", "call.ended", json!({})).await.expect(202);
    assert_eq!(call_of(&pbx.tells("3", "call.ended", json!({})).await.expect(202)), id);
    assert_eq!(call_of(&pbx.tells("1", "call.ringing", rings()).await.expect(202)), id, "it opens no other");
    assert_eq!(pbx.scene.asha.get("/v1/calls").await.expect(200).json.as_array().map(Vec::len), Some(1));
    // The PBX may use its id for another call.
    assert_ne!(call_of(&pbx.tells("4", "call.ringing", rings()).await.expect(202)), id);
}

async fn what_a_call_came_to_without_an_answer_is_its_status(server: Server) {
    let pbx = Pbx::set(server).await;
    for (number, status) in ["busy", "no_answer", "canceled", "failed"].into_iter().enumerate() {
        let outbound = json!({ "direction": "outbound", "from": FROM, "to": "desk-7" });
        let id = call_of(&pbx.tells(&format!("{number}a"), "call.ringing", outbound).await.expect(202));
        pbx.scene.advance(1_000);
        let end = json!({ "status": status, "hangup_cause": "user_busy" });
        pbx.tells(&format!("{number}b"), "call.ended", end).await.expect(202);
        let call = pbx.call(&id).await;
        assert_eq!((&call["status"], &call["to"]), (&json!(status), &json!("desk-7")));
    }
}

async fn what_is_not_signed_just_now_by_a_source_is_taken_of_nobody(server: Server) {
    let pbx = Pbx::set(server).await;
    let server = &pbx.scene.server;
    let body = event(server, &pbx.workspace, "1", "call.ringing", rings()).to_string();
    let now = server.app.now_us() / 1_000_000;
    let other = "another-secret-of-32-characters-x";
    for by in [("asterisk", other, now), ("freeswitch", SECRET, now), ("asterisk", SECRET, now - 301)] {
        tell_signed(server, &body, by).await.expect_error("pbx.signature_invalid");
    }
    server
        .client()
        .send("POST", "/v1/pbx/events", Some("application/json"), &body)
        .await
        .expect_error("pbx.signature_invalid");
    assert_eq!(pbx.scene.asha.get("/v1/calls").await.expect(200).json, json!([]));
    tell_signed(server, &body, ("asterisk", SECRET, now - 299)).await.expect(202);
}

async fn only_numbers_of_the_workspace_and_calls_that_run_are_told_of(server: Server) {
    let pbx = Pbx::set(server).await;
    pbx.tells("1", "call.answered", json!({})).await.expect_error("pbx.resolve_failed");
    pbx.tells("2", "call.ended", json!({})).await.expect_error("pbx.resolve_failed");
    let elsewhere = json!({ "direction": "inbound", "from": TO, "to": "+254700000019" });
    pbx.tells("3", "call.ringing", elsewhere).await.expect_error("pbx.resolve_failed");
    for more in [json!({}), json!({ "direction": "sideways", "from": TO, "to": FROM })] {
        pbx.tells("4", "call.ringing", more).await.expect_error("pbx.payload_decode_failed");
    }
    // What was refused did not count.
    pbx.tells("4", "call.ringing", rings()).await.expect(202);
}

/// A node that passes on to others, a client of another on the same database, and what tells that the first lives.
async fn on_two_nodes(server: Server) -> (Pbx, Client, impl Fn()) {
    let pbx = Pbx::set(server.configured(|config| config.nodes.listen = "127.0.0.1:0".to_owned())).await;
    let server = &pbx.scene.server;
    server.takes_from_nodes(internal_router(&server.app)).await;
    let beside = server.beside();
    calls::record::start_writer(&beside);
    let other = server.client_of(router(&beside));
    let app = server.app.clone();
    let lives = move || {
        calls::record::tick(&app);
        Hub::of(&app).writer().press();
    };
    (pbx, other, lives)
}

impl Pbx {
    /// The same by way of this client.
    async fn tells_by(&self, client: &Client, id: &str, kind: &str, more: Value) -> Answer {
        let server = &self.scene.server;
        let body = event(server, &self.workspace, id, kind, more).to_string();
        let now = server.app.now_us() / 1_000_000;
        let client = client.with("x-sautikit-source", "asterisk");
        let client = client.with(signature::HEADER, &signature::sign(SECRET, body.as_bytes(), now));
        client.send("POST", "/v1/pbx/events", Some("application/json"), &body).await
    }

    async fn calls(&self) -> usize {
        self.scene.asha.get("/v1/calls").await.expect(200).json.as_array().map_or(0, Vec::len)
    }
}

async fn events_of_one_call_may_come_to_any_node(server: Server) {
    let (pbx, other, lives) = on_two_nodes(server).await;
    let id = call_of(&pbx.tells("1", "call.ringing", rings()).await.expect(202));
    // Until it is written down that the first node lives, the other takes it for dead.
    within(Duration::from_secs(10), "the call is answered", async || {
        lives();
        let answer = pbx.tells_by(&other, "2", "call.answered", json!({})).await;
        (answer.status == 202).then(|| assert_eq!(call_of(&answer), id))
    })
    .await;
    let again = pbx.tells_by(&other, "1", "call.ringing", rings()).await.expect(202);
    assert_eq!((call_of(&again), pbx.calls().await), (id.clone(), 1), "it opens no other there");
    for turn in ["once", "and again"] {
        assert_eq!(call_of(&pbx.tells_by(&other, "3", "call.ended", json!({})).await.expect(202)), id, "{turn}");
    }
    assert_eq!((pbx.call(&id).await["status"].clone(), pbx.calls().await), (json!("completed"), 1));
}

async fn a_call_of_a_node_that_died_rings_anew_at_another(server: Server) {
    let (pbx, other, _) = on_two_nodes(server).await;
    // It never says that it lives.
    let id = call_of(&pbx.tells("1", "call.ringing", rings()).await.expect(202));
    pbx.tells_by(&other, "2", "call.answered", json!({})).await.expect_error("pbx.resolve_failed");
    assert_ne!(call_of(&pbx.tells_by(&other, "3", "call.ringing", rings()).await.expect(202)), id);
    pbx.tells_by(&other, "4", "call.answered", json!({})).await.expect(202);
}
