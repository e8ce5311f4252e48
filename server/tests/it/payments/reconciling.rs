//! Operators compare a provider's statement with the wallets.

use serde_json::json;

use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_payment_that_waits_and_one_that_is_unknown_are_told_apart
    what_is_no_statement_is_refused_at_its_field
}

const PATH: &str = "/v1/admin/payments/reconcile";

async fn a_payment_that_waits_and_one_that_is_unknown_are_told_apart(server: Server) {
    server.unmatched_payment("RKT1ABCDEF").await;
    let operator = server.operator().await;
    let now = server.app.clock.now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(3)));
    let line = |receipt: &str, amount: &str| {
        format!("{receipt},{},Pay Bill,Completed,\"{amount}\",,0,my shop", now.strftime("%d-%m-%Y %H:%M:%S"))
    };
    let head = "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,Balance,A/C No.";
    let lines = [head.to_owned(), line("RKT1ABCDEF", "1,000.00"), line("RKT1ABCDEG", "500.00")];
    let found = operator.post(PATH, json!({ "statement": lines.join("\n") })).await.expect(200).json;
    assert_eq!((&found["provider"], &found["payments"], &found["matched"]), (&json!("mpesa"), &json!(2), &json!(0)));
    assert_eq!((&found["statement_minor"], &found["booked_minor"]), (&json!(150_000), &json!(0)));
    let kinds: Vec<_> = found["differences"].as_array().expect("a list").iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["waiting", "missing_here"]);
}

async fn what_is_no_statement_is_refused_at_its_field(server: Server) {
    let operator = server.operator().await;
    let refused = operator.post(PATH, json!({ "statement": "Hello\n" })).await.expect_error("validation.bad_request");
    assert_eq!(refused.json["error"]["field"], "statement");
}
