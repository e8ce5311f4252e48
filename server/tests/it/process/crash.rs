//! `kill -9` in the middle of a call, and of requests.

use std::collections::HashMap;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::task::JoinSet;

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

#[tokio::test]
async fn a_call_that_the_database_knew_no_dialog_of_is_ended_at_the_carrier_too() {
    let carrier = Carrier::start().await;
    let mut node = Node::start(carrier.address, 60).await;
    let id = node.place("+254722000042").await;
    node.call(&id, "the call is answered", |call| call.answered_at.is_some()).await;
    node.kill().await;
    // As if it had been killed before the flush that wrote it.
    let options = SqliteConnectOptions::new().filename(node.data().join("sautikit.db"));
    let mut database = SqliteConnection::connect_with(&options).await.expect("the database");
    sqlx::query("update call_legs set dialog = null").execute(&mut database).await.expect("forgotten");
    database.close().await.expect("closed");

    node.start_again().await;
    let bye = carrier.request("BYE").await;
    assert_eq!(bye.call_id, carrier.request("INVITE").await.call_id);
}

#[tokio::test]
async fn a_callee_that_rings_when_its_node_is_killed_rings_no_more_after_the_next_start() {
    let carrier = Carrier::ringing().await;
    let mut node = Node::start(carrier.address, 60).await;
    let id = node.place("+254722000042").await;
    let invite = carrier.request("INVITE").await;
    node.kill().await;
    assert!(carrier.requests("CANCEL").is_empty());

    node.start_again().await;
    assert_eq!(carrier.request("CANCEL").await.call_id, invite.call_id);
    // Of the 487: the INVITE is over on both sides.
    assert_eq!(carrier.request("ACK").await.call_id, invite.call_id);
    let call = node.call(&id, "the call is closed", |call| call.cost_minor.is_some()).await;
    assert_eq!((call.hangup_cause.as_deref(), call.cost_minor), (Some("node_lost"), Some(0)));
    assert_eq!(carrier.requests("INVITE").len(), 1, "a recovered call is not dialled again");
}

#[tokio::test]
async fn requests_repeated_after_a_kill_have_one_effect_each() {
    const REQUESTS: usize = 60;
    let carrier = Carrier::start().await;
    let mut node = Node::start(carrier.address, 60).await;
    let mut requests = JoinSet::new();
    for index in 0..REQUESTS {
        let (name, request) = (format!("key {index}"), node.create_key_once(format!("key {index}")));
        requests.spawn(async move { (name, request.await) });
    }
    // At the first answer the others are before, in and after their transactions, and some committed without an answer.
    let mut answered = HashMap::new();
    let first = requests.join_next().await.expect("a request").expect("its end");
    answered.insert(first.0, first.1);
    node.kill().await;
    while let Some(ended) = requests.join_next().await {
        let (name, answer) = ended.expect("its end");
        answered.insert(name, answer);
    }

    node.start_again().await;
    for (name, before) in &answered {
        let repeated = node.create_key_once(name.clone()).await.expect("an answer");
        assert_eq!(repeated.status, 201, "{}", repeated.json);
        if let Some(before) = before.as_ref().filter(|before| before.status == 201) {
            assert_eq!(repeated.json, before.json, "an answer that was given is given again");
        }
    }
    let keys = node.get_as_owner("/v1/api-keys?limit=200").await.json;
    let mut names: Vec<_> = keys.as_array().expect("keys").iter().filter_map(|key| key["name"].as_str()).collect();
    names.retain(|name| name.starts_with("key "));
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!((count, names.len()), (REQUESTS, REQUESTS), "each request has one effect");
}
