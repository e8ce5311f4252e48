//! Operators compare a provider's statement with the wallets.

use std::time::Duration;

use sautikit::payments::reconcile;
use serde_json::json;

use super::Shop;

use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_payment_that_waits_and_one_that_is_unknown_are_told_apart
    what_is_no_statement_is_refused_at_its_field
    a_months_statement_is_read_of_operators_and_of_nobody_else
    what_a_statement_has_and_we_have_not_is_taken_in_once
    an_operator_finds_what_became_of_a_payment
    what_was_settled_days_later_is_found_on_the_day_on_which_it_was_paid
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

async fn a_months_statement_is_read_of_operators_and_of_nobody_else(server: Server) {
    let (operator, owner) = (server.operator().await, server.onboarded("asha@example.com").await);
    let charge = "RKT1CHARGE,30-11-2026 12:00:00,Pay Bill Charge,Completed,,-1.00,\"9,000.00\",\r\n";
    let head = "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,Balance,A/C No.\r\n";
    let statement = format!("{head}{}", charge.repeat(20_000));
    assert!(statement.len() > sautikit::http::BODY_LIMIT_BYTES);
    let found = operator.post(PATH, json!({ "statement": statement })).await.expect(200).json;
    assert_eq!((&found["skipped"], &found["differences"]), (&json!(20_000), &json!([])));
    // The console's page reads the file itself.
    let part = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"june.csv\"\r\n\r\n";
    let form = format!("{part}DUKA LTD\r\n{statement}\r\n--x--\r\n");
    for (client, status) in [(operator, 200), (owner, 413), (server.client(), 413)] {
        let browser = client.with("accept", "text/html").with("origin", "http://127.0.0.1:4000");
        let browser = browser.with("sec-fetch-site", "same-origin");
        let page = "/console/operator/payments/reconcile";
        let answer = browser.send("POST", page, Some("multipart/form-data; boundary=x"), &form).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.text.contains("Statement and wallets agree"), status == 200);
    }
}

const HEAD: &str =
    "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,Balance,A/C No.,Linked Transaction ID";

/// The moment as M-Pesa's portal writes it.
fn now(shop: &Shop) -> String {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(3));
    shop.server.app.clock.now().to_zoned(zone).strftime("%d-%m-%Y %H:%M:%S").to_string()
}

async fn differences(shop: &Shop, text: &str, take: bool) -> Vec<String> {
    let (statement, report) = reconcile::reconcile(&shop.server.app, text.as_bytes()).await.expect("a statement");
    if take {
        reconcile::take(&shop.server.app, statement.provider, &report).await.expect("taken in");
        shop.run().await;
    }
    report.differences.iter().map(|difference| difference.sentence(statement.provider)).collect()
}

async fn what_a_statement_has_and_we_have_not_is_taken_in_once(server: Server) {
    let shop = Shop::open(server).await;
    let reference = super::paybill::reference(&shop).await;
    let at = now(&shop);
    let paid = format!(
        "{HEAD}\nRKT1ABCDEF,{at},Pay Bill,Completed,\"1,000.00\",,0,{reference},\nRKT1ABCDEG,{at},Pay Bill,Completed,500.00,,0,my shop,\n"
    );
    assert_eq!(differences(&shop, &paid, true).await.len(), 2);
    assert_eq!(shop.balance().await, 100_000);
    // One has no owner: it waits as if M-Pesa had told of it.
    let left = differences(&shop, &paid, true).await;
    assert!(left.len() == 1 && left[0].contains("RKT1ABCDEG") && left[0].contains("waits"), "{left:?}");
    // It goes back, and so does part of the other.
    let gone = format!(
        "{paid}RKT1REVER1,{at},Pay Bill Reversal,Completed,,-400.00,0,,RKT1ABCDEF\nRKT1REVER2,{at},Pay Bill Reversal,Completed,,-500.00,0,,RKT1ABCDEG\n"
    );
    let found = differences(&shop, &gone, true).await;
    assert!(found.iter().any(|one| one.contains("RKT1REVER1")), "{found:?}");
    assert_eq!(shop.balance().await, 60_000);
    let told = shop.server.text_of_last_mail();
    assert!(told.contains("M-Pesa took money back") && told.contains("Amount: KES 400.00"), "{told}");
    let operator = shop.server.operator().await;
    let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
    let dismiss = format!("/v1/admin/payments/{}/dismiss", waiting[0]["id"].as_str().expect("an id"));
    operator.post(&dismiss, json!({ "reason": "sent back" })).await.expect(200);
    // The same by the API: what was taken in once is not taken in again, and a third payment is, in the operator's name.
    let third = format!("{gone}RKT1ABCDEH,{at},Pay Bill,Completed,50.00,,0,{reference},\n");
    for (take, taken) in [(false, 0), (true, 1), (true, 0)] {
        let found = operator.post(PATH, json!({ "statement": third, "take": take })).await.expect(200).json;
        assert_eq!((&found["taken_payments"], &found["taken_returns"]), (&json!(taken), &json!(0)));
        shop.run().await;
    }
    assert_eq!(shop.balance().await, 65_000);
    let gone = third;
    // And now everything agrees, however often it is taken in.
    for _ in 0..2 {
        assert_eq!(differences(&shop, &gone, true).await, Vec::<String>::new());
    }
    assert_eq!(shop.balance().await, 65_000);
    assert!(shop.is_sound().await);
}

async fn an_operator_finds_what_became_of_a_payment(server: Server) {
    let shop = Shop::open(server).await;
    let (_, confirmation) = super::paybill::registered(&shop).await;
    let reference = super::paybill::reference(&shop).await;
    for (receipt, account) in [("RKT1ABCDEF", reference.as_str()), ("RKT1ABCDEG", "my shop")] {
        let told = super::paybill::paid(account, receipt, "1000.00", "254722000001");
        shop.tell(&confirmation, told).await.expect(200);
    }
    shop.run().await;
    let operator = shop.server.operator().await;
    let find =
        async |receipt: &str| operator.get(&format!("/v1/admin/payments?receipt={receipt}")).await.expect(200).json;
    let credited = find("rkt1abcdef").await;
    let workspace_id = json!(shop.owner.workspace_id().await);
    let top_up = &credited["top_ups"][0];
    assert_eq!((&top_up["workspace_id"], &top_up["reversed_minor"]), (&workspace_id, &json!(0)));
    assert_eq!(top_up["top_up"]["status"], "succeeded");
    assert_eq!((&credited["top_ups"][1], &credited["waiting"]), (&json!(null), &json!([])));
    let waiting = find("RKT1ABCDEG").await;
    assert_eq!((&waiting["top_ups"], &waiting["waiting"][0]["status"]), (&json!([]), &json!("unmatched")));
    assert_eq!(find("RKT1ABCDEH").await, json!({ "top_ups": [], "waiting": [] }));
    // A push is known by our reference before anybody has told of a receipt.
    let top_up = super::mpesa::asked(&shop, 100_000).await;
    shop.run().await;
    let push = shop.daraja.last_push();
    let pending = find(push["AccountReference"].as_str().expect("a reference")).await;
    assert_eq!(pending["top_ups"][0]["top_up"]["id"], top_up["id"]);
    let page = operator.with("accept", "text/html").get("/operator/payments?receipt=RKT1ABCDEF").await.expect(200).text;
    let wallet = format!("/operator/workspaces/{}/money", workspace_id.as_str().expect("an id"));
    assert!(page.contains(&wallet), "{page}");
    shop.owner.get("/v1/admin/payments?receipt=RKT1ABCDEF").await.expect_error("auth.admin_required");
}

async fn what_was_settled_days_later_is_found_on_the_day_on_which_it_was_paid(server: Server) {
    let shop = Shop::open(server).await;
    let asked = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": "0722000001" });
    shop.owner.post("/v1/wallet/top-ups", asked).await.expect(202);
    shop.run().await;
    let push = shop.daraja.last_push();
    let reference = push["AccountReference"].as_str().expect("a reference");
    let head = format!("{HEAD}\nRKT1CHARGE,{},Pay Bill Charge,Completed,,-1.00,0,,\n", now(&shop));
    shop.server.clock.advance(Duration::from_secs(3_600));
    let line = format!("NLJ7RT61SV,{},Pay Bill,Completed,1000.00,,0,{reference},\n", now(&shop));
    let paid_at = shop.server.app.clock.now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(3)));
    let stamp: i64 = paid_at.strftime("%Y%m%d%H%M%S").to_string().parse().expect("a stamp");
    shop.server.clock.advance(Duration::from_secs(3_600));
    let first = format!("{head}{line}RKT1CHARG2,{},Pay Bill Charge,Completed,,-1.00,0,,\n", now(&shop));
    // Three days of silence, then the callback.
    for _ in 0..72 {
        shop.server.clock.advance(Duration::from_secs(3_600));
        shop.run().await;
    }
    let second = format!("{HEAD}\nRKT1CHARG3,{},Pay Bill Charge,Completed,,-1.00,0,,\n", now(&shop));
    shop.server.clock.advance(Duration::from_secs(3_600));
    shop.daraja.ends(0, 0);
    let mut told = super::mpesa::callback(&super::daraja::Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV");
    let items = told["Body"]["stkCallback"]["CallbackMetadata"]["Item"].as_array_mut().expect("items");
    items.iter_mut().find(|item| item["Name"] == "TransactionDate").expect("the date")["Value"] = json!(stamp);
    shop.tell(&super::path_of(&push["CallBackURL"]), told).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 100_000);
    shop.server.clock.advance(Duration::from_secs(3_600));
    let second = format!("{second}RKT1CHARG4,{},Pay Bill Charge,Completed,,-1.00,0,,\n", now(&shop));
    assert_eq!(differences(&shop, &first, false).await, Vec::<String>::new());
    assert_eq!(differences(&shop, &second, false).await, Vec::<String>::new());
}
