//! Low-balance alerts: once per crossing, to everybody who wanted to be told, whatever moved the money.

use sautikit::mail::Mailer;
use serde_json::{Value, json};

use crate::calls::support::Scene;
use crate::support::{Server, on_each_engine};

on_each_engine! {
    falling_below_the_threshold_is_told_once_per_crossing
    a_job_that_comes_again_tells_nobody_twice
    subscribers_come_and_go
    without_a_threshold_nobody_is_told
}

const SUBSCRIBERS: &str = "/v1/wallet/alert-subscribers";

impl Scene {
    async fn subscribe(&self, email: &str) -> Value {
        self.asha.post(SUBSCRIBERS, json!({ "email": email })).await.expect(201).json
    }

    async fn alert_below(&self, minor: i64) {
        let alerts = self.asha.put("/v1/wallet/alerts", json!({ "low_balance_threshold_minor": minor })).await;
        assert_eq!(alerts.expect(200).json["low_balance_threshold_minor"], minor);
    }

    async fn adjust(&self, kind: &str, amount_minor: i64) {
        let path = format!("/v1/admin/wallets/{}/adjustments", self.asha.workspace_id().await);
        let body = json!({ "kind": kind, "amount_minor": amount_minor, "reason": "test" });
        // Of sessions of one instant none is the newest.
        self.advance(1);
        self.server.operator().await.post(&path, body).await.expect(201);
        self.run_jobs().await;
    }

    /// How often the event was told.
    async fn low_events(&self) -> i64 {
        let count = "select count(*) from events where kind = 'wallet.low_balance'";
        sqlx::query_scalar(count).fetch_one(self.server.app.db.pool()).await.unwrap()
    }

    /// Who was mailed about it, in order of the alphabet.
    fn alerted(&self) -> Vec<String> {
        let mails = Mailer::of(&self.server.app).dev_store().unwrap().list();
        let low = mails.into_iter().filter(|mail| mail.subject.starts_with("Low balance"));
        let mut to: Vec<_> = low.map(|mail| mail.to).collect();
        to.sort_unstable();
        to
    }
}

async fn falling_below_the_threshold_is_told_once_per_crossing(server: Server) {
    let scene = Scene::set(server).await;
    let balance = scene.balance().await;
    scene.alert_below(balance).await;
    scene.subscribe("a@example.com").await;
    scene.subscribe("b@example.com").await;
    // By the end of a call, and by nothing after it while the balance stays below.
    for _ in 0..3 {
        scene.talk(2_000).await;
        scene.run_jobs().await;
    }
    assert_eq!(
        (scene.low_events().await, scene.alerted()),
        (1, vec!["a@example.com".to_owned(), "b@example.com".to_owned()])
    );
    // Risen to it and fallen again, by hand this time.
    scene.adjust("credit", balance - scene.balance().await).await;
    scene.adjust("debit", 1).await;
    scene.adjust("debit", 1).await;
    assert_eq!((scene.low_events().await, scene.alerted().len()), (2, 4));
}

async fn a_job_that_comes_again_tells_nobody_twice(server: Server) {
    let scene = Scene::set(server).await;
    scene.alert_below(scene.balance().await).await;
    scene.subscribe("a@example.com").await;
    scene.adjust("debit", 1).await;
    let again = "update jobs set state = 'queued', due_at = 0, lease_until = null where kind = 'tell_low_balance'";
    sqlx::query(again).execute(scene.server.app.db.pool()).await.unwrap();
    scene.run_jobs().await;
    assert_eq!(scene.alerted(), ["a@example.com"]);
}

async fn subscribers_come_and_go(server: Server) {
    let scene = Scene::set(server).await;
    let one = scene.subscribe(" Books@BÜCHER.example ").await;
    assert_eq!(one["email"], "books@xn--bcher-kva.example");
    let two = scene.subscribe("b@example.com").await;
    let path = format!("{SUBSCRIBERS}/{}", one["id"].as_str().unwrap());
    scene.asha.delete(&path).await.expect(204);
    scene.asha.delete(&path).await.expect_error("wallet.alert_subscriber_not_found");
    assert_eq!(scene.asha.get(SUBSCRIBERS).await.expect(200).json, json!([two]));
    scene.alert_below(scene.balance().await).await;
    scene.adjust("debit", 1).await;
    assert_eq!(scene.alerted(), ["b@example.com"]);
    let key = scene.server.key_of(&scene.asha, &["wallet:write"]).await;
    key.put("/v1/wallet/alerts", json!({ "low_balance_threshold_minor": -1 }))
        .await
        .expect_error("validation.bad_request");
    key.put("/v1/wallet/alerts", json!({})).await.expect(200);
}

async fn without_a_threshold_nobody_is_told(server: Server) {
    let scene = Scene::set(server).await;
    scene.subscribe("a@example.com").await;
    scene.adjust("debit", scene.balance().await + 5).await;
    assert_eq!((scene.low_events().await, scene.alerted().len()), (0, 0));
}
