//! The job queue: due times, leases, retries, and that two nodes share it without doing a job twice at once.

use std::time::Duration;

use sautikit::jobs;
use sautikit::payments::simulator::Settle;
use sautikit_api::ids::TopUpId;
use serde_json::json;
use sqlx::Row;

use crate::calls::support::Scene;
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    a_job_waits_until_it_is_due
    a_job_of_one_subject_is_added_once
    a_job_goes_with_its_transaction
    a_failing_job_is_tried_again_later
    a_lapsed_lease_is_taken_over
    what_a_killed_process_had_claimed_is_taken_up_by_the_next_one
    runners_side_by_side_settle_once
    the_bell_wakes_the_runner
    what_was_set_aside_is_shown_to_operators_and_tried_again
}

/// A job that fails whenever it runs: there is no such top-up.
fn doomed(server: &Server) -> Settle {
    Settle { top_up_id: TopUpId(server.app.new_uuid()) }
}

async fn enqueue(server: &Server, job: &Settle, due_us: i64) {
    let mut tx = server.app.db.begin_write().await.unwrap();
    jobs::enqueue(&mut tx, &server.app, job, due_us).await.unwrap();
    tx.commit().await.unwrap();
}

/// State and attempts of the only job.
async fn only_job(server: &Server) -> (String, i64) {
    let row = sqlx::query("select state, attempts from jobs").fetch_one(server.app.db.pool()).await.unwrap();
    (row.get(0), row.get(1))
}

async fn count(server: &Server) -> i64 {
    sqlx::query_scalar("select count(*) from jobs").fetch_one(server.app.db.pool()).await.unwrap()
}

async fn a_job_waits_until_it_is_due(server: Server) {
    enqueue(&server, &doomed(&server), server.app.now_us() + 1_000_000).await;
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 0);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
}

async fn a_job_of_one_subject_is_added_once(server: Server) {
    let job = doomed(&server);
    enqueue(&server, &job, server.app.now_us()).await;
    enqueue(&server, &job, server.app.now_us()).await;
    assert_eq!(count(&server).await, 1);
}

async fn a_job_goes_with_its_transaction(server: Server) {
    let mut tx = server.app.db.begin_write().await.unwrap();
    jobs::enqueue(&mut tx, &server.app, &doomed(&server), server.app.now_us()).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(count(&server).await, 0);
}

async fn a_failing_job_is_tried_again_later(server: Server) {
    enqueue(&server, &doomed(&server), server.app.now_us()).await;
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
    assert_eq!(only_job(&server).await, ("queued".to_owned(), 1));
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 0);
    // The first delay is a second, the jitter at most a fifth of it.
    server.clock.advance(Duration::from_millis(1_200));
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
    assert_eq!(only_job(&server).await, ("queued".to_owned(), 2));
}

async fn a_lapsed_lease_is_taken_over(server: Server) {
    enqueue(&server, &doomed(&server), server.app.now_us()).await;
    // Another node claimed it and died.
    let lease_until = server.app.now_us() + 60_000_000;
    let claim = sqlx::query("update jobs set state = 'running', leased_by = 'dead-node', lease_until = $1");
    claim.bind(lease_until).execute(server.app.db.pool()).await.unwrap();
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 0);
    server.clock.advance(Duration::from_secs(60));
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
}

async fn what_a_killed_process_had_claimed_is_taken_up_by_the_next_one(server: Server) {
    enqueue(&server, &doomed(&server), server.app.now_us()).await;
    let claim = sqlx::query("update jobs set state = 'running', leased_by = $1, lease_until = $2");
    let claim = claim.bind(server.app.node_id.to_string()).bind(server.app.now_us() + 60_000_000);
    claim.execute(server.app.db.pool()).await.unwrap();
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 0);
    assert_eq!(jobs::take_up(&server.app).await.unwrap(), 1);
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
}

/// Asks for a top-up of KES 100, which the simulator approves a second later.
async fn ask_for_money(scene: &Scene) {
    let body = json!({ "method": "mpesa", "amount_minor": 10_000, "phone": "+254722000001" });
    scene.asha.post("/v1/wallet/top-ups", body).await.expect(202);
}

async fn runners_side_by_side_settle_once(server: Server) {
    let scene = Scene::set(server).await;
    let before = scene.balance().await;
    for _ in 0..5 {
        ask_for_money(&scene).await;
    }
    scene.advance(1_000);
    let mut runners = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let app = scene.server.app.clone();
        runners.spawn(async move { jobs::run_due(&app).await.unwrap() });
    }
    while let Some(ran) = runners.join_next().await {
        ran.unwrap();
    }
    assert_eq!(scene.balance().await, before + 5 * 10_000);
}

async fn the_bell_wakes_the_runner(server: Server) {
    let scene = Scene::set(server).await;
    let app = scene.server.app.clone();
    let before = scene.balance().await;
    let runner = tokio::spawn(jobs::run_until_stopped(app.clone()));
    ask_for_money(&scene).await;
    scene.advance(1_000);
    app.job_bell.notify_one();
    let settled = async || (scene.balance().await == before + 10_000).then_some(());
    within(Duration::from_secs(30), "the top-up", settled).await;
    app.stopping.cancel();
    runner.await.unwrap();
}

async fn what_was_set_aside_is_shown_to_operators_and_tried_again(server: Server) {
    const PATH: &str = "/v1/admin/jobs";
    let (owner, operator) = (server.onboarded("asha@example.com").await, server.operator().await);
    // What signing up has left to be done.
    jobs::run_due(&server.app).await.unwrap();
    let now_us = server.app.now_us();
    let job = doomed(&server);
    enqueue(&server, &job, now_us).await;
    // It fails until it is dead.
    for _ in 0..100 {
        let due = "update jobs set due_at = $1 where state = 'queued' and kind = 'settle_simulated_top_up'";
        sqlx::query(due).bind(server.app.now_us()).execute(server.app.db.pool()).await.unwrap();
        assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
    }
    let dead = operator.get(PATH).await.expect(200).json;
    assert_eq!(
        (dead.as_array().map(Vec::len), &dead[0]["state"], &dead[0]["attempts"]),
        (Some(1), &json!("dead"), &json!(100))
    );
    assert_eq!((&dead[0]["subject"], &dead[0]["can_retry"]), (&json!(job.top_up_id), &json!(true)));
    assert!(dead[0]["last_error"].as_str().is_some_and(|error| !error.is_empty()), "{dead}");
    owner.get(PATH).await.expect_error("auth.admin_required");
    let page = operator.with("accept", "text/html").get("/operator/jobs").await.expect(200).text;
    let retry = format!("{}/retry", dead[0]["id"].as_str().expect("an id"));
    assert!(page.contains(&format!("/console/operator/jobs/{retry}")), "{page}");

    let retried = operator.post(&format!("{PATH}/{retry}"), json!({})).await.expect(200).json;
    assert_eq!(
        (&retried["state"], &retried["attempts"], &retried["can_retry"]),
        (&json!("queued"), &json!(0), &json!(false))
    );
    operator.post(&format!("{PATH}/{retry}"), json!({})).await.expect_error("not_found");
    assert_eq!(operator.get(PATH).await.expect(200).json, json!([]));
    assert_eq!(operator.get(&format!("{PATH}?state=queued")).await.expect(200).json[0]["id"], dead[0]["id"]);
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1, "at once, and with its schedule");
    let state = "select state, attempts from jobs where kind = 'settle_simulated_top_up'";
    let state: (String, i64) = sqlx::query_as(state).fetch_one(server.app.db.pool()).await.unwrap();
    assert_eq!(state, ("queued".to_owned(), 1));
    // Of a mail nothing is left that could be sent.
    sqlx::query("update jobs set state = 'dead', lane = 'mail'").execute(server.app.db.pool()).await.unwrap();
    assert_eq!(operator.get(PATH).await.expect(200).json[0]["can_retry"], false);
    operator.post(&format!("{PATH}/{retry}"), json!({})).await.expect_error("not_found");
    operator.get(&format!("{PATH}?state=done")).await.expect_error("validation.bad_request");
}
