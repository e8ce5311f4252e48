//! Several nodes on one database: a command reaches the node that runs the call, whichever is asked.

use std::sync::Arc;

use sautikit::calls::{self, Hub};
use sautikit::http::{internal_router, router};
use serde_json::json;

use super::support::{FakeGateway, Scene};
use crate::support::{Client, Server, on_each_engine};

on_each_engine! {
    a_command_reaches_the_node_that_runs_the_call
    a_node_that_others_can_not_reach_is_named_in_the_refusal
    the_internal_listener_is_for_nodes
    an_operator_sees_every_node_and_ends_a_call_on_any
}

/// Asha's client of another node on the same database, and the gateway there.
fn another_node(scene: &Scene) -> (Arc<FakeGateway>, Client) {
    let app = scene.server.beside();
    let gateway = Arc::new(FakeGateway::default());
    Hub::of(&app).connect(gateway.clone());
    (gateway, scene.asha.on(&scene.server.client_of(router(&app))))
}

async fn a_command_reaches_the_node_that_runs_the_call(server: Server) {
    let scene = Scene::set(server).await;
    scene.server.takes_from_nodes(internal_router(&scene.server.app)).await;
    let (gateway, other) = another_node(&scene);
    let order = scene.place().await;
    scene.answer(&order).await;
    let path = |verb: &str| format!("/v1/calls/{}/{verb}", order.call_id);

    let keyed = other.with("idempotency-key", "new-actions-1").with("x-request-id", "asked-of-another");
    let body = json!({ "actions": [{ "say": { "text": "Habari" } }] });
    let first = keyed.post(&path("actions"), body.clone()).await.expect(200);
    assert_eq!(first.headers["x-request-id"], "asked-of-another");
    let again = keyed.post(&path("actions"), body).await.expect(200);
    assert_eq!((first.json["id"].clone(), first.json), (json!(order.call_id), again.json));
    assert_eq!(scene.gateway.replaced().len(), 1, "once for the key, whichever node is asked");
    let refused = other.post(&path("actions"), json!({ "actions": [{ "sing": {} }] })).await;
    refused.expect_error("actions.invalid");

    let juma = scene.server.onboarded("juma@example.com").await.on(&other);
    juma.post(&path("hangup"), json!({})).await.expect_error("calls.not_found");
    assert!(scene.gateway.hung_up().is_empty());
    other.connected_from("203.0.113.9").post(&path("hangup"), json!({})).await.expect(200);
    assert_eq!((scene.gateway.hung_up(), gateway.hung_up()), (vec![order.call_id], Vec::new()));
    let log = scene.asha.get("/v1/audit").await.expect(200).json;
    let told = |kind: &str| {
        let entries = log.as_array().expect("entries").iter().filter(|entry| entry["action_kind"] == kind);
        Vec::from_iter(entries.map(|entry| entry["ip"].clone()))
    };
    assert_eq!(told("call.ended_by_request"), [json!("203.0.113.9")], "once, and as the client's");
    assert_eq!(told("call.actions_replaced").len(), 1);

    scene.hang_up(&order).await;
    other.post(&path("hangup"), json!({})).await.expect_error("calls.not_live");
}

async fn a_node_that_others_can_not_reach_is_named_in_the_refusal(server: Server) {
    let scene = Scene::set(server).await;
    let (_, other) = another_node(&scene);
    let order = scene.place().await;
    let path = format!("/v1/calls/{}/hangup", order.call_id);
    other.post(&path, json!({})).await.expect_error("calls.no_route");
    // It has gone without a word.
    calls::nodes::announce(&scene.server.app, "127.0.0.1:1").await.expect("announced");
    other.post(&path, json!({})).await.expect_error("calls.no_route");
    assert!(scene.gateway.hung_up().is_empty());
    let log = scene.asha.get("/v1/audit").await.expect(200).text;
    assert!(!log.contains("call.ended_by_request"), "nothing was done");
}

async fn the_internal_listener_is_for_nodes(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let within = scene.asha.on(&scene.server.client_of(internal_router(&scene.server.app)));
    let path = format!("/v1/calls/{}/hangup", order.call_id);
    within.post(&path, json!({})).await.expect_error("not_found");
    let forged = within.with("x-sautikit-passed-on", &format!("{} - {}", scene.server.app.now_us(), "0".repeat(64)));
    forged.post(&path, json!({})).await.expect_error("not_found");
    assert!(scene.gateway.hung_up().is_empty());
}

async fn an_operator_sees_every_node_and_ends_a_call_on_any(server: Server) {
    let scene = Scene::set(server).await;
    scene.server.takes_from_nodes(internal_router(&scene.server.app)).await;
    let other = scene.server.beside();
    calls::nodes::announce(&other, "").await.expect("announced");
    let gateway = Arc::new(FakeGateway::default());
    Hub::of(&other).connect(gateway.clone());
    let operator = scene.server.operator().await.on(&scene.server.client_of(router(&other)));
    let order = scene.place().await;
    scene.answer(&order).await;

    let running = operator.get("/v1/admin/calls").await.expect(200).json;
    let own = &*scene.server.app.node_id;
    assert_eq!(running.as_array().map(Vec::len), Some(1));
    let shown = ["id", "status", "to", "node_id"].map(|member| running[0][member].clone());
    assert_eq!(shown, [json!(order.call_id), json!("answered"), json!(super::support::TO), json!(own)]);
    let workspace = running[0]["workspace_id"].as_str().expect("an id").to_owned();
    let of_it = format!("/v1/admin/calls?workspace_id={workspace}");
    assert_eq!(operator.get(&of_it).await.expect(200).json, running);
    let of_nobody = "/v1/admin/calls?workspace_id=01900000-0000-7000-8000-000000000000";
    assert_eq!(operator.get(of_nobody).await.expect(200).json, json!([]));

    let nodes = operator.get("/v1/admin/nodes").await.expect(200).json;
    let told = |id: &str, member: &str| {
        let node = nodes.as_array().expect("nodes").iter().find(|node| node["id"] == id).expect("the node");
        node[member].clone()
    };
    assert_eq!([told(own, "current_calls"), told("other-node", "current_calls")], [json!(1), json!(0)]);
    assert_eq!([told(own, "is_this"), told("other-node", "is_this")], [json!(false), json!(true)]);
    assert_eq!([told(own, "state"), told("other-node", "state")], [json!("serving"), json!("serving")]);
    assert_eq!(told(own, "version"), env!("CARGO_PKG_VERSION"));
    assert!(told(own, "address").is_string() && told("other-node", "address").is_null());

    let path = format!("/v1/admin/calls/{}/hangup", order.call_id);
    operator.post(&path, json!({})).await.expect(200);
    assert_eq!((scene.gateway.hung_up(), gateway.hung_up()), (vec![order.call_id], Vec::new()));
    let log = scene.asha.get("/v1/audit?action_kind=call.ended_by_request").await.expect(200).json;
    assert_eq!(log[0]["actor"]["kind"], "operator", "its workspace sees who did it");
    scene.hang_up(&order).await;
    operator.post(&path, json!({})).await.expect_error("calls.not_live");
    operator.post("/v1/admin/calls/HD_nothing/hangup", json!({})).await.expect_error("calls.not_found");
    assert_eq!(operator.get("/v1/admin/calls").await.expect(200).json, json!([]));

    other.draining.cancel();
    calls::nodes::tell_draining(other.clone()).await;
    let nodes = operator.get("/v1/admin/nodes").await.expect(200).json;
    let drained = nodes.as_array().expect("nodes").iter().find(|node| node["id"] == "other-node").expect("the node");
    assert_eq!(drained["state"], "draining");
    assert!(drained["draining_since"].is_string());
}
