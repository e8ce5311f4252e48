//! A month of a wallet adds up, whatever moved in it; operators' adjustments are part of it.

use std::time::Duration;

use sautikit::{jobs, wallet};
use serde_json::{Value, json};

use crate::support::{Client, Server, on_each_engine};

on_each_engine! {
    a_month_begins_where_the_last_one_ended_and_adds_up
    a_statement_lists_every_entry_as_csv
    an_adjustment_is_made_once_with_its_reason
    a_month_that_is_none_is_refused
}

async fn top_up(server: &Server, client: &Client, amount_minor: i64) {
    let body = json!({ "method": "mpesa", "amount_minor": amount_minor, "phone": "+254722000001" });
    client.post("/v1/wallet/top-ups", body).await.expect(202);
    server.clock.advance(Duration::from_secs(1));
    jobs::run_due(&server.app).await.expect("the jobs");
}

async fn month(client: &Client, month: &str) -> Value {
    client.get(&format!("/v1/wallet/statements/{month}")).await.expect(200).json
}

/// Two months of top-ups and adjustments. The clock begins on 2 November 2026.
async fn two_months(server: &Server) -> (Client, Client, String) {
    let (owner, operator) = (server.onboarded("asha@example.com").await, server.operator().await);
    let path = format!("/v1/admin/wallets/{}/adjustments", owner.workspace_id().await);
    top_up(server, &owner, 100_000).await;
    let debit = json!({ "kind": "debit", "amount_minor": 25_000, "reason": "Port fee" });
    operator.post(&path, debit).await.expect(201);
    server.clock.advance(Duration::from_secs(30 * 86_400));
    let owner = server.signed_in("asha@example.com").await;
    top_up(server, &owner, 50_000).await;
    let operator = server.operator().await;
    operator.post(&path, json!({ "kind": "refund", "amount_minor": 1_000, "reason": "=Sorry" })).await.expect(201);
    (owner, operator, path)
}

async fn a_month_begins_where_the_last_one_ended_and_adds_up(server: Server) {
    let (owner, ..) = two_months(&server).await;
    let november = month(&owner, "2026-11").await;
    assert_eq!((&november["opening_minor"], &november["closing_minor"]), (&json!(0), &json!(75_000)));
    assert_eq!(november["period_end"], "2026-11-30T21:00:00Z");
    let december = month(&owner, "2026-12").await;
    assert_eq!((&december["opening_minor"], &december["closing_minor"]), (&json!(75_000), &json!(126_000)));
    for statement in [&november, &december] {
        let sums = statement["sums"].as_array().expect("sums").iter();
        let moved: i64 = sums.map(|sum| sum["amount_minor"].as_i64().expect("an amount")).sum();
        let at = |name: &str| statement[name].as_i64().expect("an amount");
        assert_eq!(at("opening_minor") + moved, at("closing_minor"));
        assert_eq!((at("entries"), statement["head_hash"].as_str().map(str::len)), (2, Some(64)));
    }
    assert_eq!(month(&owner, "2026-10").await["entries"], 0);
    let listed = owner.get("/v1/wallet/statements").await.expect(200).json;
    let months: Vec<_> = listed.as_array().expect("a list").iter().map(|one| one["month"].clone()).collect();
    assert_eq!(months, ["2026-12", "2026-11"]);
    assert_eq!(listed[1], november);
}

async fn a_statement_lists_every_entry_as_csv(server: Server) {
    let (owner, ..) = two_months(&server).await;
    let answer = owner.get("/v1/wallet/statements/2026-12/entries.csv").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<&str> = answer.text.trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 3, "{}", answer.text);
    assert!(lines[0].starts_with("seq,created_at,kind,amount_minor"));
    assert!(lines[1].contains(",top_up,50000,0,125000,KES,"), "{}", lines[1]);
    // What a spreadsheet would run is text.
    assert!(lines[2].contains(",refund,1000,0,126000,KES,'=Sorry,adjustment:"), "{}", lines[2]);
}

async fn an_adjustment_is_made_once_with_its_reason(server: Server) {
    let (owner, operator, path) = two_months(&server).await;
    let credit = json!({ "kind": "credit", "amount_minor": 4_000, "reason": "Paid by bank" });
    // Of one moment only ids tell which is newer.
    server.clock.advance(Duration::from_secs(1));
    let keyed = operator.with("idempotency-key", "adjust-1");
    let first = keyed.post(&path, credit.clone()).await.expect(201).json;
    assert_eq!((&first["amount_minor"], &first["balance_after_minor"]), (&json!(4_000), &json!(130_000)));
    assert_eq!(keyed.post(&path, credit.clone()).await.expect(201).json, first);
    let listed = operator.get(&path).await.expect(200).json;
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["id"]), (Some(3), &first["id"]));
    let ledger = owner.get("/v1/wallet/ledger").await.expect(200).json;
    assert_eq!((&ledger[0]["reference"], &ledger[0]["balance_after_minor"]), (&json!("Paid by bank"), &json!(130_000)));
    for wrong in [
        json!({ "kind": "credit", "amount_minor": 0, "reason": "x" }),
        json!({ "kind": "credit", "amount_minor": -5, "reason": "x" }),
        json!({ "kind": "credit", "amount_minor": 5, "reason": " " }),
    ] {
        assert_eq!(operator.post(&path, wrong).await.status, 400);
    }
    owner.post(&path, credit).await.expect_error("auth.admin_required");
    let report = wallet::verify::verify(&server.app).await.expect("verified");
    assert!(report.is_sound(), "{:?}", report.breaks);
}

async fn a_month_that_is_none_is_refused(server: Server) {
    let owner = server.onboarded("asha@example.com").await;
    for wrong in ["2026-13", "2026", "26-11", "2026-11-01", "x", "9999-01"] {
        let answer = owner.get(&format!("/v1/wallet/statements/{wrong}")).await;
        answer.expect_error("validation.bad_request");
    }
}
