//! SIGTERM: no new calls, running ones may end, and each has its record and its debit.

use serde_json::json;

use super::carrier::{Carrier, header};
use super::node::{FROM, Node, eventually};

/// Longer than any of these tests takes.
const NO_LIMIT_SECONDS: u64 = 600;

/// A node with one answered call.
async fn talking(drain_limit_seconds: u64) -> (Carrier, Node, String) {
    let carrier = Carrier::start().await;
    let node = Node::start(carrier.address, drain_limit_seconds).await;
    let id = node.place("+254722000042").await;
    node.call(&id, "the call is answered", |call| call.status == "answered").await;
    (carrier, node, id)
}

async fn terminated(node: &Node) {
    node.terminate().await;
    eventually("the node drains", async || (node.get("/readyz").await.status == 503).then_some(())).await;
}

#[tokio::test]
async fn no_new_calls_are_taken_and_the_last_one_ends_the_process() {
    let (carrier, mut node, id) = talking(NO_LIMIT_SECONDS).await;
    terminated(&node).await;

    let refused = node.post("/v1/calls", json!({ "from": FROM, "to": "+254722000043" })).await;
    assert_eq!((refused.status, &refused.json["error"]["code"]), (503, &json!("service.draining")));
    assert!(refused.retry_after.is_some());
    carrier.invite(node.sip, FROM, "inbound").await;
    let refused = carrier.response("inbound").await;
    assert!(refused.starts_with("SIP/2.0 503"), "{refused}");
    assert_eq!(header(&refused, "X-Sautikit-Error"), "service.draining");
    assert!(!header(&refused, "Retry-After").is_empty(), "{refused}");

    carrier.bye().await;
    assert!(node.end().await.success());
    let call = node.call(&id, "the call is billed", |call| call.cost_minor.is_some()).await;
    assert_eq!((call.status.as_str(), call.hangup_cause.as_deref()), ("completed", Some("normal_clearing")));
    assert_eq!(carrier.requests("INVITE").len(), 1);
}

#[tokio::test]
async fn calls_that_outlast_the_limit_are_ended_with_record_and_debit() {
    let (carrier, mut node, id) = talking(0).await;
    node.terminate().await;
    assert!(node.end().await.success());
    carrier.request("BYE").await;
    let call = node.call(&id, "the call is billed", |call| call.cost_minor.is_some()).await;
    assert_eq!((call.status.as_str(), call.hangup_cause.as_deref()), ("completed", Some("service.draining")));
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let (carrier, mut node, id) = talking(NO_LIMIT_SECONDS).await;
    terminated(&node).await;
    node.terminate().await;
    assert!(node.end().await.success());
    node.start_again().await;
    carrier.request("BYE").await;
    node.call(&id, "the call is closed", |call| call.hangup_cause.as_deref() == Some("node_lost")).await;
}
