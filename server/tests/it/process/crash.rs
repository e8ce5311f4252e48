//! `kill -9` in the middle of a call.

use super::carrier::Carrier;
use super::node::Node;

/// KES 3.00 a minute is five cents a second.
const MINOR_PER_SECOND: i64 = 5;
const MICROS_PER_SECOND: i64 = 1_000_000;

#[tokio::test]
async fn a_killed_nodes_call_is_billed_to_the_last_media_and_ended_at_the_carrier() {
    let carrier = Carrier::start().await;
    let mut node = Node::start(carrier.address, 60).await;
    let id = node.place("+254722000042").await;
    let alive = node
        .call(&id, "the time of the last media is written", |call| {
            call.last_media_at.zip(call.answered_at).is_some_and(|(heard, answered)| heard > answered)
        })
        .await;
    node.kill().await;
    assert!(carrier.requests("BYE").is_empty());

    node.start_again().await;
    let bye = carrier.request("BYE").await;
    assert_eq!(bye.call_id, carrier.request("INVITE").await.call_id);
    let call = node.call(&id, "the call is billed", |call| call.cost_minor.is_some()).await;
    assert_eq!((call.status.as_str(), call.hangup_cause.as_deref()), ("completed", Some("node_lost")));
    let (heard, answered) = alive.last_media_at.zip(alive.answered_at).expect("both times");
    let seconds = (heard - answered + MICROS_PER_SECOND - 1) / MICROS_PER_SECOND;
    assert_eq!((call.duration_seconds, call.cost_minor), (Some(seconds), Some(seconds * MINOR_PER_SECOND)));
    assert_eq!(carrier.requests("INVITE").len(), 1, "a recovered call is not dialled again");
}
