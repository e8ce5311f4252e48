//! Outbound calls that spread as in an attack are frozen until somebody who may lets them go on.

use std::time::Duration;

use sautikit::calls::{self, NewInbound, fraud};
use sautikit::mail::Mailer;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::LegRecordId;
use serde_json::{Value, json};

use super::support::{FROM, Scene, TO};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    many_numbers_abroad_freeze_outbound_calls
    an_owner_who_has_just_signed_in_lets_calls_go_on
    what_is_usual_is_no_attack
    dear_calls_without_talk_are_an_attack
    a_drill_asks_the_workspaces_own_settings
}

impl Scene {
    /// Freezes outbound calls as a finding does.
    pub(crate) async fn freeze(&self) {
        let insert = "insert into workspace_freezes (id, workspace_id, finding, frozen_at)
            values ($1, $2, '{\"reason\":\"short_calls\",\"count\":24,\"threshold\":20}', $3)";
        self.advance(1_001);
        let app = &self.server.app;
        let query = sqlx::query(insert).bind(app.new_uuid().to_string()).bind(self.asha.workspace_id().await);
        query.bind(app.now_us()).execute(app.db.pool()).await.expect("frozen");
        self.advance(1_001);
    }

    async fn open_tanzania(&self, minor: i64) {
        self.allow(json!({ "countries": ["KE", "TZ"] })).await;
        self.price("255", minor).await;
        self.top_up(10_000_000).await;
    }

    /// Calls so many Tanzanian numbers, the first one `from`; nobody answers.
    async fn call_tanzania(&self, from: u32, count: u32) {
        for number in from..from + count {
            self.call_to(&format!("+25571{:07}", number * 997)).await.expect(202);
            self.fail(&self.gateway.last_order(), CallStatus::NoAnswer, "no_answer").await;
        }
        fraud::look(&self.server.app).await.expect("a look");
    }

    async fn frozen(&self) -> Value {
        self.asha.get("/v1/wallet/limits").await.expect(200).json["frozen"].clone()
    }
}

async fn many_numbers_abroad_freeze_outbound_calls(server: Server) {
    let scene = Scene::set(server).await;
    scene.server.operator().await;
    scene.open_tanzania(900).await;
    let before = Mailer::of(&scene.server.app).dev_store().unwrap().list().len();
    scene.call_tanzania(1, 29).await;
    assert_eq!(scene.frozen().await, Value::Null);
    scene.call_tanzania(30, 1).await;
    let frozen = scene.frozen().await;
    assert_eq!(
        (&frozen["reason"], &frozen["count"], &frozen["threshold"]),
        (&json!("destinations_abroad"), &json!(30), &json!(30))
    );
    // At home too: whoever has the key calls where it is open.
    for to in ["+255710000000", TO] {
        let error = scene.call_to(to).await.expect_error("calls.frozen").json["error"].clone();
        assert_eq!((&error["field"], &error["details"]["number"]), (&json!("to"), &json!(to)));
    }
    let app = &scene.server.app;
    let id = scene.asha.workspace_id().await.parse().unwrap();
    assert!(calls::admit_browser(app, id, FROM, TO, |_| true).await.is_err());
    assert!(calls::admit_leg(app, LegRecordId(app.new_uuid()), id, FROM, TO).await.is_err());
    let inbound = NewInbound { id: None, number_e164: FROM, caller: Some(TO), country: Some("KE"), is_on_net: false };
    calls::admit_inbound(app, inbound).await.expect("calls come in as before");
    let mails = Mailer::of(app).dev_store().unwrap().list();
    let told: Vec<_> = mails[..mails.len() - before].iter().map(|mail| mail.to.as_str()).collect();
    assert!(told.contains(&"asha@example.com") && told.contains(&"op@example.com") && told.len() == 2, "{told:?}");
    let events: Vec<String> = sqlx::query_scalar("select data from events where kind = 'wallet.frozen'")
        .fetch_all(app.db.pool())
        .await
        .unwrap();
    assert_eq!(events.len(), 1);
    let log = scene.asha.get("/v1/audit?action_kind=calls.frozen").await.expect(200).json;
    assert_eq!(log[0]["details"]["count"], 30);
    // Another look finds nothing new.
    fraud::look(app).await.unwrap();
    assert_eq!(scene.frozen().await, frozen);
}

async fn an_owner_who_has_just_signed_in_lets_calls_go_on(server: Server) {
    let scene = Scene::set(server).await;
    scene.freeze().await;
    scene.call_to(TO).await.expect_error("calls.frozen");
    let admin = scene.server.joined(&scene.asha, "admin@example.com", "admin").await;
    admin.post("/v1/wallet/unfreeze", json!({})).await.expect_error("accounts.write_denied");
    let key = scene.server.key_of(&scene.asha, &["wallet:write"]).await;
    key.post("/v1/wallet/unfreeze", json!({})).await.expect_error("api_key.scope_denied");
    scene.server.clock.advance(Duration::from_secs(12 * 3_600 + 1));
    scene.asha.post("/v1/wallet/unfreeze", json!({})).await.expect_error("auth.session_invalid");
    let fresh = scene.server.signed_in("asha@example.com").await;
    assert_eq!(fresh.post("/v1/wallet/unfreeze", json!({})).await.expect(200).json["frozen"], Value::Null);
    fresh.post("/v1/wallet/unfreeze", json!({})).await.expect(200);
    scene.call_to(TO).await.expect(202);
    scene.freeze().await;
    let path = format!("/v1/admin/workspaces/{}/unfreeze", scene.asha.workspace_id().await);
    scene.server.operator().await.post(&path, json!({})).await.expect(200);
    scene.call_to(TO).await.expect(202);
}

async fn what_is_usual_is_no_attack(server: Server) {
    let scene = Scene::set(server).await;
    scene.open_tanzania(900).await;
    for day in 0..3 {
        scene.call_tanzania(1 + day, 20).await;
        scene.server.clock.advance(Duration::from_secs(24 * 3_600));
    }
    // Three times its own busiest hour.
    scene.call_tanzania(100, 59).await;
    assert_eq!(scene.frozen().await, Value::Null);
    scene.call_tanzania(200, 1).await;
    let frozen = scene.frozen().await;
    assert_eq!((&frozen["count"], &frozen["threshold"]), (&json!(60), &json!(60)));
    scene.advance(1);
    // What was seen before they were let go on counts no more, and the day of the attack is no habit.
    let fresh = scene.server.signed_in("asha@example.com").await;
    fresh.post("/v1/wallet/unfreeze", json!({})).await.expect(200);
    scene.advance(1_001);
    scene.call_tanzania(300, 30).await;
    assert_eq!(scene.frozen().await, Value::Null);
    let habits: Vec<i64> = sqlx::query_scalar("select destinations_abroad from call_habits order by day")
        .fetch_all(scene.server.app.db.pool())
        .await
        .unwrap();
    assert_eq!(habits.iter().max(), Some(&30), "{habits:?}");
}

async fn dear_calls_without_talk_are_an_attack(server: Server) {
    let scene = Scene::set(server).await;
    scene.open_tanzania(1_500).await;
    for _ in 0..20 {
        scene.call_to("+255710000000").await.expect(202);
        let order = scene.gateway.last_order();
        scene.answer(&order).await;
        scene.advance(3_000);
        let now_us = scene.server.app.now_us();
        scene
            .gateway
            .with(order.call_id, |record| record.leg_ended(order.targets[0].leg_id, now_us, "normal".to_owned()));
        scene.hang_up(&order).await;
    }
    fraud::look(&scene.server.app).await.unwrap();
    assert_eq!(scene.frozen().await["reason"], "short_calls");
}

async fn a_drill_asks_the_workspaces_own_settings(server: Server) {
    let scene = Scene::set(server).await;
    let id = scene.asha.workspace_id().await.parse().unwrap();
    let drill = async || {
        let facts = fraud::drill::Facts::read(&scene.server.app, id).await.unwrap();
        fraud::drill::drill(&facts)
    };
    let open = drill().await;
    assert!(open.worst_minor > 10_000, "a burst at home costs what is in the wallet: {}", open.worst_minor);
    scene.limit(json!({ "spend_per_day_minor": 5_000 })).await;
    scene.advance(1_001);
    assert_eq!(drill().await.worst_minor, 5_000);
    let before = crate::support::Snapshot::of(&scene.server).await;
    drill().await;
    before.is_still(&scene.server).await;
    assert_eq!(scene.gateway.ordered(), 0);
}
