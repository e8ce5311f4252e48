//! What lists and retries in bulk read: what they show, however many deliveries there are.

use std::time::Duration;

use sautikit::db::Dialect;
use sautikit::webhooks::EventKind;
use serde_json::json;
use sqlx::{AssertSqlSafe, Row};

use super::crowd::queue;
use super::rows::execute;
use super::{Answers, DEADLINE, Scene, exhaust};
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    lists_by_status_read_what_they_show
    a_list_of_all_is_one_of_every_status_in_order
    a_retry_in_bulk_is_one_of_a_thousand_at_most
    an_event_is_kept_while_a_delivery_of_it_waits
    deliveries_are_found_by_time_call_and_event
    a_look_at_what_waits_reads_what_it_shows_whatever_the_statistics_say
}

/// How the engine reads for a statement of a store.
async fn plan(server: &Server, of: &str, name: &str) -> String {
    let (_, _, sql) = sautikit::statements::all()
        .find(|(room, other, _)| *room == of && *other == name)
        .expect("a statement of that name");
    let mut conn = server.app.db.acquire().await.expect("a connection");
    if server.app.db.dialect() == Dialect::Sqlite {
        let explain = format!("explain query plan {sql}");
        let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *conn).await.expect("a plan");
        return rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n");
    }
    let parameters = (1..=32_usize).rev().find(|number| sql.contains(&format!("${number}"))).unwrap_or(0);
    drop(conn);
    let nulls = vec!["null"; parameters].join(", ");
    let given = if parameters == 0 { String::new() } else { format!("({nulls})") };
    let mut tx = server.app.db.begin_read_in_order().await.expect("a connection");
    sqlx::raw_sql(AssertSqlSafe(format!("prepare looked_at as {sql}"))).execute(&mut *tx).await.expect("prepared");
    let explain = format!("explain execute looked_at{given}");
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *tx).await.expect("a plan");
    sqlx::raw_sql("deallocate looked_at").execute(&mut *tx).await.expect("forgotten");
    tx.commit().await.expect("a commit");
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}

async fn lists_by_status_read_what_they_show(server: Server) {
    for (name, index) in [
        ("LIST_OF_WORKSPACE", "webhook_deliveries_of_workspace"),
        ("LIST_OF_ENDPOINT", "webhook_deliveries_of_endpoint"),
        ("REQUEUE_ALL", "webhook_deliveries_of_endpoint"),
        ("SAMPLES", "webhook_deliveries_of_endpoint"),
    ] {
        let plan = plan(&server, "webhook_deliveries", name).await;
        let lines: Vec<_> = plan.lines().collect();
        let at = lines.iter().position(|line| line.contains(index)).unwrap_or_else(|| panic!("{name}:\n{plan}"));
        // PostgreSQL tells on the next line by what.
        let by = lines[at..].iter().take(2).any(|line| line.contains("status") && !line.contains("Filter:"));
        assert!(by, "{name}:\n{plan}");
    }
}

async fn a_look_at_what_waits_reads_what_it_shows_whatever_the_statistics_say(server: Server) {
    let asha = server.onboarded("asha@example.com").await.workspace_id().await;
    // Of nothing that waits; of that although a queue has come since; and of one workspace alone that has a long one.
    for (events, is_counted) in [(0, true), (20_000, false), (0, true)] {
        if events > 0 {
            queue(&server, &asha, events).await;
        }
        if is_counted {
            execute(&server, "analyze events".to_owned()).await;
        }
        for (name, index, least) in [
            // PostgreSQL does not show what it does in each step.
            ("LIST_WITH_UNPLACED", "events_waiting_of", 2),
            ("LIST_UNPLACED_OF_2", "events_waiting_of", 2),
            ("LIST_UNPLACED_OF_4", "events_waiting_of", 4),
            ("LIST_UNPLACED_OF_8", "events_waiting_of", 8),
            ("LIST_UNPLACED_OF_16", "events_waiting_of", 16),
            ("LIST_UNPLACED", "events_waiting", 1),
            ("LIST_UNPLACED_BEFORE", "events_in_call_order", 16),
        ] {
            let plan = plan(&server, "webhook_unplaced", name).await;
            // Of the event before in its call, beside.
            let looks: Vec<_> = plan.lines().filter(|line| line.contains(" events_")).collect();
            let of = |index: &str| looks.iter().filter(|look| look.split([' ', '(']).any(|word| word == index)).count();
            assert!(of(index) >= least, "{name}: {plan}");
            let beside = if index == "events_in_call_order" { 0 } else { of("events_in_call_order") };
            assert_eq!(of(index) + beside, looks.len(), "{name}: {plan}");
            // What is sorted are the rows of all looks together, as they are shown; SQLite sorts those of each and merges them.
            let sorts = plan.lines().filter(|line| line.contains("Sort  (")).count();
            assert!(sorts <= 1 && !plan.contains("Bitmap"), "{name}: {plan}");
        }
    }
}

async fn a_list_of_all_is_one_of_every_status_in_order(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let mut emitted = Vec::new();
    for status in [200, 500, 200, 500, 200] {
        receiver.answers("/events", Answers::Status(status));
        emitted.push(format!("evt_{}", scene.emit(EventKind::WalletTopUp).await));
        receiver.wait("/events", emitted.len()).await;
        scene.until_all_is_told().await;
        scene.advance(10);
    }
    scene.deliveries(&id, "delivered", 3).await;
    emitted.reverse();
    for list in [format!("/v1/webhooks/{id}/deliveries"), "/v1/webhooks/deliveries".to_owned()] {
        let mut seen = Vec::new();
        let mut path = format!("{list}?limit=2");
        loop {
            let page = scene.asha.get(&path).await.expect(200);
            let rows = page.json.as_array().expect("a list").clone();
            seen.extend(rows.iter().map(|row| row["event_id"].as_str().expect("an id").to_owned()));
            match page.header("x-next-cursor") {
                Some(cursor) => path = format!("{list}?limit=2&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen, emitted, "{list}");
    }
}

async fn a_retry_in_bulk_is_one_of_a_thousand_at_most(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let event = scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 1).await;
    scene.deliveries(&id, "delivered", 1).await;
    let (workspace, now) = (scene.asha.workspace_id().await, scene.server.app.now_us());
    execute(
        &scene.server,
        format!(
            "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 2500)
            insert into webhook_deliveries (id, workspace_id, endpoint_id, event_id, event_kind, sequence, status, tries,
                attempts, next_attempt_at, created_at)
            select '019a0000-0000-7000-8000-' || substr(cast(1000000000000 + n as text), 2), '{workspace}', '{id}',
                '{event}', 'wallet.top_up', 0, case when n % 2 = 0 then 'failed' else 'exhausted' end, 10, 10, {now}, {now}
            from numbers"
        ),
    )
    .await;
    let mut retried = Vec::new();
    loop {
        let answer =
            scene.asha.post(&format!("/v1/webhooks/{id}/retry"), json!({ "from": "2026-01-01" })).await.expect(202);
        retried.push(answer.json["retried"].as_i64().expect("a count"));
        if answer.json["has_more"] == false {
            break;
        }
    }
    assert_eq!(retried, [1_000, 1_000, 500]);
    receiver.wait("/events", 2_501).await;
}

async fn an_event_is_kept_while_a_delivery_of_it_waits(server: Server) {
    let (mut scene, receiver) = Scene::delivering(server).await;
    scene.asha = scene.server.key_of(&scene.asha, &["*"]).await;
    receiver.answers("/events", Answers::Status(500));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let event = scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 1).await;
    exhaust(&scene, Duration::ZERO).await;
    let exhausted = scene.deliveries(&id, "exhausted", 1).await;
    // The schedule has taken two days: on the last one it is asked for by hand, and fails once more.
    scene.advance(27 * 86_400 * 1_000 + 12 * 3_600 * 1_000);
    let delivery = exhausted[0]["id"].as_str().expect("an id").to_owned();
    let retry = format!("/v1/webhooks/deliveries/{delivery}/retry");
    // The dispatcher's lease has lapsed with the days, until it looks again.
    let taken = async || (scene.asha.post(&retry, json!({})).await.status == 202).then_some(());
    within(DEADLINE, "a node that delivers", taken).await;
    within(DEADLINE, "one more attempt in the log", async || {
        let pending = scene.deliveries(&id, "pending", 1).await;
        (pending[0]["attempts"] == 11).then_some(())
    })
    .await;
    let before = receiver.count("/events");
    let delete =
        async || while sautikit::webhooks::delete_old(&scene.server.app, 1_000).await.expect("a deletion") > 0 {};
    scene.server.clock.set_by_us(2 * 86_400 * 1_000_000);
    delete().await;
    let path = format!("/v1/events/evt_{event}");
    scene.asha.get(&path).await.expect(200);
    receiver.answers("/events", Answers::Status(200));
    scene.advance(3_600 * 1_000);
    receiver.wait("/events", before + 1).await;
    scene.deliveries(&id, "delivered", 1).await;
    delete().await;
    scene.asha.get(&path).await.expect_error("not_found");
}

async fn deliveries_are_found_by_time_call_and_event(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["*"]).await;
    let (other, _) = scene.endpoint(&receiver.url("/other"), &["call.*"]).await;
    let event = scene.emit(EventKind::WalletTopUp).await;
    scene.deliveries(&id, "delivered", 1).await;
    scene.advance(60_000);
    let between = sautikit::clock::rfc3339(scene.server.app.now_us());
    scene.advance(60_000);
    let call = scene.talk(1_000).await;
    scene.deliveries(&id, "delivered", 5).await;
    scene.deliveries(&other, "delivered", 4).await;
    let count = async |query: &str| {
        let rows = scene.asha.get(&format!("/v1/webhooks/{query}")).await.expect(200).json;
        rows.as_array().expect("a list").len()
    };
    assert_eq!(count(&format!("{id}/deliveries?to={between}")).await, 1);
    assert_eq!(count(&format!("{id}/deliveries?from={between}")).await, 4);
    assert_eq!(count(&format!("deliveries?from={between}")).await, 8);
    assert_eq!(count(&format!("deliveries?event_id=evt_{event}")).await, 1);
    assert_eq!(count(&format!("{other}/deliveries?event_id=evt_{event}")).await, 0);
    assert_eq!(count(&format!("deliveries?call_id={call}")).await, 8);
    assert_eq!(count(&format!("{other}/deliveries?call_id={call}&limit=3")).await, 3);
    assert_eq!(count(&format!("{other}/deliveries?call_id={call}&event=call.billed")).await, 1);
    for field in ["from", "to", "call_id", "event_id"] {
        let refused = scene.asha.get(&format!("/v1/webhooks/deliveries?{field}=nonsense")).await;
        assert_eq!(refused.expect_error("validation.bad_request").json["error"]["field"], *field);
    }
}
