//! Many endpoints and many events: who is slow or has much to tell delays nobody else.

use std::time::Duration;

use sautikit::webhooks::{EventKind, Subject};
use sautikit_api::ids::EventId;
use serde_json::json;
use tokio::time::Instant;

use super::{Answers, Receiver, deliver, emit, endpoint};
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    endpoints_that_hang_or_refuse_delay_no_other
    a_workspace_with_a_long_queue_delays_no_other
}

/// What an event may take to whoever is quick.
const QUICK: Duration = Duration::from_secs(1);

async fn endpoints_that_hang_or_refuse_delay_no_other(server: Server) {
    let receiver = Receiver::start().await;
    let asha = server.onboarded("asha@example.com").await;
    let workspace = asha.workspace_id().await;
    for number in 0..100 {
        let path = format!("/{number}");
        match number {
            0..10 => receiver.answers(&path, Answers::Slowly(Duration::from_secs(60))),
            10..20 => receiver.answers(&path, Answers::Status(500)),
            _ => {}
        }
        endpoint(&asha, json!({ "url": receiver.url(&path), "events": ["wallet.*"] })).await;
    }
    deliver(&server);
    let mut late = Vec::new();
    for round in 1..=20 {
        let emitted = Instant::now();
        emit(&server, &workspace, EventKind::WalletTopUp, Subject::Workspace).await;
        for number in 20..100 {
            let told = receiver.wait(&format!("/{number}"), round).await;
            late.push(told[round - 1].at.saturating_duration_since(emitted));
        }
    }
    late.sort_unstable();
    let p99 = late[late.len() * 99 / 100];
    assert!(p99 < QUICK, "{p99:?}");
    assert!((0..10).all(|number| receiver.count(&format!("/{number}")) > 0));
}

async fn a_workspace_with_a_long_queue_delays_no_other(server: Server) {
    let receiver = Receiver::start().await;
    let (asha, bob) = (server.onboarded("asha@example.com").await, server.onboarded("bob@example.com").await);
    endpoint(&asha, json!({ "url": receiver.url("/asha"), "events": ["wallet.*"] })).await;
    endpoint(&bob, json!({ "url": receiver.url("/bob"), "events": ["wallet.*"] })).await;
    receiver.answers("/asha", Answers::Slowly(Duration::from_millis(20)));
    queue(&server, &asha.workspace_id().await, 100_000).await;
    deliver(&server);
    receiver.wait("/asha", 1).await;
    let workspace = bob.workspace_id().await;
    within(Duration::from_secs(120), "the whole queue is fanned out", async || {
        let waiting = "select count(*) from events where position is null";
        let count: i64 = sqlx::query_scalar(waiting).fetch_one(server.app.db.pool()).await.expect("a count");
        (count == 0).then_some(())
    })
    .await;
    for round in 1..=20 {
        let emitted = Instant::now();
        emit(&server, &workspace, EventKind::WalletTopUp, Subject::Workspace).await;
        let told = receiver.wait("/bob", round).await;
        let late = told[round - 1].at.saturating_duration_since(emitted);
        assert!(late < QUICK, "{late:?}");
    }
    let left: i64 = sqlx::query_scalar("select count(*) from webhook_deliveries where status = 'pending'")
        .fetch_one(server.app.db.pool())
        .await
        .expect("a count");
    assert!(left > 10_000, "the queue was long all the time: {left}");
}

/// So many events, written as a room writes them.
async fn queue(server: &Server, workspace: &str, events: usize) {
    let app = &server.app;
    for _ in 0..events / 1_000 {
        let mut tx = app.db.begin_write().await.expect("a transaction");
        for _ in 0..1_000 {
            let event = sautikit::webhooks::NewEvent {
                id: EventId(app.new_uuid()),
                workspace_id: workspace.parse().expect("an id"),
                kind: EventKind::WalletTopUp,
                subject: Subject::Workspace,
                data: json!({}),
                created_at: app.now_us(),
            };
            sautikit::webhooks::emit(&mut tx, &event).await.expect("written");
        }
        tx.commit().await.expect("committed");
    }
}
