//! Money: the worked example, one movement per cause, the order of a call's status, and what `ledger verify` finds.

use std::sync::Arc;
use std::time::Duration;

use sautikit::calls::CallEnd;
use sautikit::calls::Hub;
use sautikit::{jobs, wallet};
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::CallId;
use serde_json::{Value, json};

use crate::calls::support::FakeGateway;
use crate::support::{Server, on_each_engine};

on_each_engine! {
    the_worked_example_comes_out_exactly
    calls_that_end_together_are_each_debited_once
    concurrent_claims_give_the_number_once
    an_empty_wallet_places_no_call
    a_terminal_status_is_final_in_the_database
    the_ledger_can_not_be_changed
    verify_finds_a_tampered_entry
    verify_finds_an_entry_without_what_caused_it
    the_ledger_can_not_be_emptied
    emergency_comes_first
}

/// The inventory, a gateway that keeps what it gets, and an onboarded workspace.
async fn prepared(server: &Server) -> (crate::support::Client, Arc<FakeGateway>) {
    sautikit::numbers::seed_development(&server.app).await.expect("the inventory");
    let gateway = Arc::new(FakeGateway::default());
    Hub::of(&server.app).connect(gateway.clone());
    (server.onboarded("asha@example.com").await, gateway)
}

async fn top_up(server: &Server, client: &crate::support::Client, amount_minor: i64) {
    let body = json!({ "method": "mpesa", "amount_minor": amount_minor, "phone": "+254722000001" });
    client.post("/v1/wallet/top-ups", body).await.expect(202);
    server.clock.advance(Duration::from_secs(1));
    jobs::run_due(&server.app).await.expect("the jobs");
}

async fn claim(client: &crate::support::Client) -> Value {
    let available = client.get("/v1/numbers/available?country=KE&currency=KES").await.expect(200).json;
    let id = available[0]["id"].as_str().expect("an id").to_owned();
    client.post(&format!("/v1/numbers/{id}/claim"), json!({})).await.expect(201).json
}

async fn balance(client: &crate::support::Client) -> i64 {
    client.get("/v1/wallet/balance").await.expect(200).json["balance_minor"].as_i64().expect("a balance")
}

/// Places a call, answers it, and ends it after `millis`.
async fn call(server: &Server, client: &crate::support::Client, gateway: &FakeGateway, millis: u64) -> CallId {
    let body = json!({ "from": "+254700000001", "to": "+254722000042" });
    client.post("/v1/calls", body).await.expect(202);
    let order = gateway.last_order();
    let (answered_at, leg) = (server.app.now_us(), order.targets[0].leg_id);
    gateway.with(order.call_id, |record| {
        record.leg_answered(leg, answered_at);
        record.answered(answered_at, Some(leg));
        record.hand_over();
    });
    server.clock.advance(Duration::from_millis(millis));
    let hangup_cause = "normal_clearing".to_owned();
    let end = CallEnd { status: CallStatus::Completed, hangup_cause, ended_at: server.app.now_us() };
    gateway.end(order.call_id, end).await;
    order.call_id
}

async fn is_sound(server: &Server) -> bool {
    let report = wallet::verify::verify(&server.app).await.expect("verified");
    if !report.is_sound() {
        eprintln!("{:?}", report.breaks);
    }
    report.is_sound()
}

async fn the_worked_example_comes_out_exactly(server: Server) {
    // The test clock stands on 2 November; the next first of a 30-day month is 1 April 2027.
    server.clock.advance(Duration::from_secs(150 * 86_400));
    let (client, gateway) = prepared(&server).await;
    top_up(&server, &client, 100_000).await;
    assert_eq!(balance(&client).await, 100_000);
    let claimed = claim(&client).await;
    assert_eq!(claimed["number"], "+254700000001");
    assert_eq!(claimed["charged_minor"], 10_000);
    assert_eq!(claimed["next_charge_at"], "2027-04-30T21:00:00Z");
    assert_eq!(balance(&client).await, 90_000);

    let id = call(&server, &client, &gateway, 46_500).await;
    let ended = client.get(&format!("/v1/calls/{id}")).await.expect(200).json;
    assert_eq!((&ended["status"], &ended["duration_seconds"]), (&json!("completed"), &json!(47)));
    let billed = client.get(&format!("/v1/calls/{}", id.pbx_call_id())).await.expect(200).json;
    assert_eq!(billed["cost_minor"], 235);
    assert_eq!(billed["legs"][0]["cost_minor"], 235);
    assert_eq!(balance(&client).await, 89_765);
    let ledger = client.get("/v1/wallet/ledger").await.expect(200).json;
    assert_eq!(ledger[0]["cause"], format!("call:{id}"));
    assert_eq!(ledger[0]["balance_after_minor"], 89_765);
    assert!(is_sound(&server).await);
}

async fn calls_that_end_together_are_each_debited_once(server: Server) {
    let (client, gateway) = prepared(&server).await;
    top_up(&server, &client, 100_000).await;
    claim(&client).await;
    let before = balance(&client).await;
    let calls = (0..8).map(|_| call(&server, &client, &gateway, 47_000));
    for one in calls {
        one.await;
    }
    let body = json!({ "from": "+254700000001", "to": "+254722000042" });
    let mut ids = Vec::new();
    for _ in 0..12 {
        client.post("/v1/calls", body.clone()).await.expect(202);
        let order = gateway.last_order();
        let (now_us, leg) = (server.app.now_us(), order.targets[0].leg_id);
        gateway.with(order.call_id, |record| {
            record.leg_answered(leg, now_us);
            record.answered(now_us, Some(leg));
        });
        ids.push(order.call_id);
    }
    server.clock.advance(Duration::from_secs(47));
    let end = || CallEnd {
        status: CallStatus::Completed,
        hangup_cause: "normal_clearing".to_owned(),
        ended_at: server.app.now_us(),
    };
    futures::future::join_all(ids.into_iter().map(|id| gateway.end(id, end()))).await;
    assert_eq!(balance(&client).await, before - 20 * 235);
    assert!(is_sound(&server).await);
}

async fn concurrent_claims_give_the_number_once(server: Server) {
    let (client, _) = prepared(&server).await;
    top_up(&server, &client, 100_000).await;
    let available = client.get("/v1/numbers/available").await.expect(200).json;
    let path = format!("/v1/numbers/{}/claim", available[0]["id"].as_str().expect("an id"));
    let claims = (0..4).map(|_| client.post(&path, json!({})));
    let statuses: Vec<u16> = futures::future::join_all(claims).await.into_iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 201 | 409)), "{statuses:?}");
    assert!(is_sound(&server).await);
}

async fn an_empty_wallet_places_no_call(server: Server) {
    let (client, gateway) = prepared(&server).await;
    let available = client.get("/v1/numbers/available").await.expect(200).json;
    let path = format!("/v1/numbers/{}/claim", available[0]["id"].as_str().expect("an id"));
    client.post(&path, json!({})).await.expect_error("wallet.insufficient_funds");
    top_up(&server, &client, 10_000).await;
    let claimed = claim(&client).await;
    let left = balance(&client).await;
    assert_eq!(left, 10_000 - claimed["charged_minor"].as_i64().expect("a charge"));
    // An hour of talk takes more than is left; the call overdraws by itself, the next is refused.
    call(&server, &client, &gateway, 3_600_000).await;
    let body = json!({ "from": "+254700000001", "to": "+254722000042" });
    client.post("/v1/calls", body.clone()).await.expect_error("wallet.insufficient_funds");
    assert_eq!(balance(&client).await, left - 18_000);
    client.post("/v1/calls", body).await.expect_error("wallet.insufficient_funds");
    assert_eq!(gateway.ordered(), 1);
    assert!(is_sound(&server).await);
}

async fn a_terminal_status_is_final_in_the_database(server: Server) {
    let (client, gateway) = prepared(&server).await;
    top_up(&server, &client, 100_000).await;
    claim(&client).await;
    let id = call(&server, &client, &gateway, 1_000).await;
    for status in ["ringing", "answered", "failed"] {
        let sql = "update calls set status = $2, ended_at = case when $2 = 'failed' then ended_at else null end where id = $1";
        let changed = sqlx::query(sql).bind(id.to_string()).bind(status).execute(server.app.db.pool()).await;
        assert!(changed.is_err(), "{status}");
    }
}

async fn the_ledger_can_not_be_changed(server: Server) {
    let (client, _) = prepared(&server).await;
    top_up(&server, &client, 100_000).await;
    for sql in ["update wallet_ledger set amount_minor = 1", "delete from wallet_ledger"] {
        assert!(sqlx::query(sql).execute(server.app.db.pool()).await.is_err());
    }
}

async fn verify_finds_a_tampered_entry(server: Server) {
    let (client, _) = prepared(&server).await;
    top_up(&server, &client, 100_000).await;
    assert!(is_sound(&server).await);
    let drop = match server.app.db.dialect() {
        sautikit::db::Dialect::Sqlite => "drop trigger wallet_ledger_no_update",
        sautikit::db::Dialect::Postgres => "drop trigger wallet_ledger_no_update on wallet_ledger",
    };
    sqlx::query(drop).execute(server.app.db.pool()).await.expect("the trigger is gone");
    let sql = "update wallet_ledger set reference = 'forged'";
    sqlx::query(sql).execute(server.app.db.pool()).await.expect("tampered");
    assert!(!is_sound(&server).await);
}

async fn verify_finds_an_entry_without_what_caused_it(server: Server) {
    let (client, _) = prepared(&server).await;
    top_up(&server, &client, 100_000).await;
    claim(&client).await;
    assert!(is_sound(&server).await);
    let workspace = client.workspace_id().await.parse().expect("an id");
    let number = server.app.new_uuid();
    for (kind, amount_minor, cause, words) in [
        (wallet::EntryKind::Rental, -100, format!("rental:{number}:2026-11"), "rental entry without its number"),
        (wallet::EntryKind::Refund, 100, "dispute:9:won".to_owned(), "refund entry without its adjustment or dispute"),
    ] {
        let mut tx = server.app.db.begin_write().await.expect("a transaction");
        let mut locked = wallet::lock(&mut tx, workspace).await.expect("locked");
        let entry = wallet::NewEntry {
            kind,
            amount_minor,
            tax_minor: 0,
            currency: sautikit_api::money::Currency::KES,
            cause,
            reference: "nobody",
            funds: wallet::Funds::Required,
        };
        locked.post(&mut tx, &server.app, entry).await.expect("posted");
        tx.commit().await.expect("committed");
        let report = wallet::verify::verify(&server.app).await.expect("verified");
        assert!(report.breaks.iter().any(|what| what.to_string().contains(words)), "{:?}", report.breaks);
    }
}

async fn the_ledger_can_not_be_emptied(server: Server) {
    let (client, _) = prepared(&server).await;
    top_up(&server, &client, 100_000).await;
    // SQLite has no TRUNCATE: there it is a DELETE.
    let empty = match server.app.db.dialect() {
        sautikit::db::Dialect::Sqlite => "delete from wallet_ledger",
        sautikit::db::Dialect::Postgres => "truncate wallet_ledger cascade",
    };
    assert!(sqlx::query(empty).execute(server.app.db.pool()).await.is_err());
    assert!(is_sound(&server).await);
}

async fn emergency_comes_first(server: Server) {
    let (client, _) = prepared(&server).await;
    let body = json!({ "from": "nonsense", "to": "999" });
    client.post("/v1/calls", body).await.expect_error("calls.emergency_blocked");
    let body = json!({ "from": "+254700000001", "to": "+254722000042" });
    client.post("/v1/calls", body).await.expect_error("validation.bad_request");
}
