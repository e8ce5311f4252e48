//! Many endpoints and many events: who is slow or has much to tell delays nobody else.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use sautikit::webhooks::{EventKind, Subject};
use sautikit_api::ids::{CallId, NumberId};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::rows::execute;
use super::{Answers, Receiver, deliver, emit, endpoint};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    endpoints_that_hang_or_refuse_delay_no_other
    a_workspace_with_a_long_queue_delays_no_other
    many_workspaces_of_few_events_are_all_told_in_their_order
    an_event_keeps_the_version_with_which_it_was_written
    a_calls_events_keep_their_order_however_far_a_clock_went_back_between_them
}

/// What an event may take to whoever is quick.
const QUICK: Duration = Duration::from_secs(1);

async fn endpoints_that_hang_or_refuse_delay_no_other(server: Server) {
    let receiver = Receiver::start().await;
    let asha = server.onboarded("asha@example.com").await;
    let workspace = asha.workspace_id().await;
    // Connections to it stand, and nobody is there.
    let deaf = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    for number in 0..100 {
        let path = format!("/{number}");
        let url = match number {
            0..5 => {
                receiver.answers(&path, Answers::Slowly(Duration::from_secs(60)));
                receiver.url(&path)
            }
            5..10 => format!("http://{}{path}", deaf.local_addr().expect("an address")),
            10..20 => format!("http://{}{path}", closed().await),
            _ => receiver.url(&path),
        };
        endpoint(&asha, json!({ "url": url, "events": ["wallet.*"] })).await;
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
    assert!((0..5).all(|number| receiver.count(&format!("/{number}")) > 0));
}

/// A port that refuses connections.
async fn closed() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    listener.local_addr().expect("an address")
}

async fn a_workspace_with_a_long_queue_delays_no_other(server: Server) {
    let receiver = Receiver::start().await;
    let (asha, bob) = (server.onboarded("asha@example.com").await, server.onboarded("bob@example.com").await);
    endpoint(&asha, json!({ "url": receiver.url("/asha"), "events": ["wallet.*"] })).await;
    endpoint(&bob, json!({ "url": receiver.url("/bob"), "events": ["wallet.*"] })).await;
    // Both ends of every request are in this process and on its one thread: 32 at a time that were answered at once would be all
    // that it does, and an event would wait for that and not for the queue.
    receiver.answers("/asha", Answers::Slowly(Duration::from_millis(200)));
    queue(&server, &asha.workspace_id().await, 100_000).await;
    // As may happen by itself at any time: plans that are made from now on know of this workspace only.
    execute(&server, "analyze events".to_owned()).await;
    deliver(&server);
    receiver.wait("/asha", 1).await;
    let workspace = bob.workspace_id().await;
    for round in 1..=20 {
        let emitted = Instant::now();
        emit(&server, &workspace, EventKind::WalletTopUp, Subject::Workspace).await;
        let told = receiver.wait("/bob", round).await;
        let late = told[round - 1].at.saturating_duration_since(emitted);
        assert!(late < QUICK, "{late:?}");
    }
    let left = "select (select count(*) from events where position is null)
        + (select count(*) from webhook_deliveries where status = 'pending')";
    let left: i64 = sqlx::query_scalar(left).fetch_one(server.app.db.pool()).await.expect("a count");
    assert!(left > 10_000, "the queue was long all the time: {left}");
}

async fn many_workspaces_of_few_events_are_all_told_in_their_order(server: Server) {
    // More than one turn looks at, and more events than one turn takes.
    const WORKSPACES: usize = 20;
    const EVENTS: usize = 12;
    let receiver = Receiver::start().await;
    let mut workspaces = Vec::new();
    for number in 0..WORKSPACES {
        let owner = server.onboarded(&format!("n{number}@example.com")).await;
        endpoint(&owner, json!({ "url": receiver.url(&format!("/{number}")), "events": ["wallet.*"] })).await;
        workspaces.push(owner.workspace_id().await);
    }
    let mut written = vec![Vec::new(); WORKSPACES];
    for _ in 0..EVENTS {
        for (workspace, ids) in workspaces.iter().zip(&mut written) {
            ids.push(emit(&server, workspace, EventKind::WalletTopUp, Subject::Workspace).await);
        }
        server.clock.advance(Duration::from_millis(1));
    }
    deliver(&server);
    for (number, ids) in written.iter().enumerate() {
        let told = receiver.wait(&format!("/{number}"), EVENTS).await;
        let mut told: Vec<_> = told.iter().map(|one| one.json()["id"].as_str().expect("an id").to_owned()).collect();
        let mut ids: Vec<_> = ids.iter().map(|id| format!("evt_{id}")).collect();
        // What is no call's may arrive in any order.
        told.sort_unstable();
        ids.sort_unstable();
        assert_eq!(told, ids, "{number}");
    }
    // Of each workspace in the order in which they happened.
    let late = "select count(*) from events a join events b on b.workspace_id = a.workspace_id
        and b.created_at > a.created_at and b.position < a.position";
    let late: i64 = sqlx::query_scalar(late).fetch_one(server.app.db.pool()).await.expect("a count");
    assert_eq!(late, 0);
}

async fn an_event_keeps_the_version_with_which_it_was_written(server: Server) {
    let receiver = Receiver::start().await;
    let asha = server.onboarded("asha@example.com").await;
    endpoint(&asha, json!({ "url": receiver.url("/events"), "events": ["wallet.*"] })).await;
    let event = emit(&server, &asha.workspace_id().await, EventKind::WalletTopUp, Subject::Workspace).await;
    // As a release with another form of the kind has left it.
    execute(&server, "update events set version = 7 where kind = 'wallet.top_up'".to_owned()).await;
    deliver(&server);
    let told = receiver.wait("/events", 1).await;
    assert_eq!(told[0].header("x-sautikit-event-version"), "7");
    let shown = asha.get(&format!("/v1/events/{event}")).await.expect(200);
    assert_eq!(shown.header("x-sautikit-event-version"), Some("7"));
}

async fn a_calls_events_keep_their_order_however_far_a_clock_went_back_between_them(server: Server) {
    let receiver = Receiver::start().await;
    let asha = server.onboarded("asha@example.com").await;
    endpoint(&asha, json!({ "url": receiver.url("/events"), "events": ["call.*"] })).await;
    let workspace = asha.workspace_id().await;
    let (call_id, number_id) = (CallId(server.app.new_uuid()), NumberId(server.app.new_uuid()));
    let of = |sequence| Subject::Call { call_id, number_id, sequence };
    // Its beginning is written as the latest of all: further from the others than one turn of the dispatcher reads.
    server.clock.set_by_us(3_600 * 1_000_000);
    emit(&server, &workspace, EventKind::CallStarted, of(1)).await;
    server.clock.set_by_us(-1_800 * 1_000_000);
    emit(&server, &workspace, EventKind::CallAnswered, of(2)).await;
    server.clock.set_by_us(-1_800 * 1_000_000);
    emit(&server, &workspace, EventKind::CallCompleted, of(3)).await;
    server.clock.set_by_us(900 * 1_000_000);
    queue(&server, &workspace, 1_000).await;
    deliver(&server);
    let told = receiver.wait("/events", 3).await;
    let kinds: Vec<_> = told.iter().map(|one| one.header("x-sautikit-event")).collect();
    assert_eq!(kinds, ["call.started", "call.answered", "call.completed"]);
}

/// So many events that wait to be told.
pub(super) async fn queue(server: &Server, workspace: &str, events: u32) {
    let now_us = server.app.now_us();
    let statement = format!(
        "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < {events})
        insert into events (id, workspace_id, kind, sequence, data, created_at)
        select '01900000-0000-7000-8000-' || substr(cast(1000000000000 + n as text), 2), '{workspace}',
            'wallet.top_up', 0, '{{}}', {now_us}
        from numbers"
    );
    execute(server, statement).await;
}
