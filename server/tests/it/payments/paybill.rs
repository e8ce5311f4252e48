//! Payments that come by themselves: to whom their reference says, else to people, never twice.

use serde_json::{Value, json};

use super::{Shop, balance, path_of};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_payment_to_the_workspaces_account_is_credited_once
    an_unknown_account_waits_and_is_claimed_by_its_payer_only
    a_masked_telephone_leaves_the_decision_to_the_operator
    an_operator_assigns_a_payment_by_account_number
    an_unlisted_source_credits_nobody
    validation_tells_the_payer_before_the_money_moves
    five_claims_a_day
    an_operator_dismisses_what_was_sent_back
    the_urls_are_registered_without_the_word_that_daraja_refuses
    payments_that_come_together_are_each_credited_once
}

pub(super) fn paid(reference: &str, receipt: &str, amount: &str, phone: &str) -> Value {
    json!({ "TransactionType": "Pay Bill", "TransID": receipt, "TransTime": "20261102110500", "TransAmount": amount,
        "BusinessShortCode": "600638", "BillRefNumber": reference, "InvoiceNumber": "", "OrgAccountBalance": "1.00",
        "ThirdPartyTransID": "", "MSISDN": phone, "FirstName": "ASHA", "MiddleName": "", "LastName": "W" })
}

/// Where M-Pesa validates and confirms, as registered with it.
pub(super) async fn registered(shop: &Shop) -> (String, String) {
    sautikit::payments::daraja::register_urls(&shop.server.app).await.expect("registered");
    let urls = shop.daraja.0.lock().registered.last().cloned().expect("the registration");
    (path_of(&urls["ValidationURL"]), path_of(&urls["ConfirmationURL"]))
}

pub(super) async fn reference(shop: &Shop) -> String {
    let paybill = shop.owner.get("/v1/wallet/paybill").await.expect(200).json;
    assert_eq!(paybill["shortcode"], "600638");
    paybill["account_reference"].as_str().expect("a reference").to_owned()
}

async fn a_payment_to_the_workspaces_account_is_credited_once(server: Server) {
    let shop = Shop::open(server).await;
    let (_, path) = registered(&shop).await;
    let reference = reference(&shop).await;
    assert_eq!(self::reference(&shop).await, reference, "the same for ever");
    let typed = format!(" {} ", reference.to_lowercase());
    for _ in 0..3 {
        let answer = shop.tell(&path, paid(&typed, "RKT1ABCDEF", "1500.50", "254722000001")).await.expect(200);
        assert_eq!(answer.json["ResultCode"], "0");
        shop.run().await;
    }
    assert_eq!(shop.balance().await, 150_050);
    let top_ups = shop.owner.get("/v1/wallet/top-ups").await.expect(200).json;
    assert_eq!((&top_ups[0]["channel"], &top_ups[0]["receipt"]), (&json!("paybill"), &json!("RKT1ABCDEF")));
    assert_eq!(top_ups[1], json!(null));
    // Found by its code, typed in any case, and nobody else's by any.
    let found = shop.owner.get("/v1/wallet/top-ups?receipt=rkt1abcdef").await.expect(200).json;
    assert_eq!(found, top_ups);
    assert_eq!(shop.owner.get("/v1/wallet/top-ups?receipt=RKT1ABCDEG").await.expect(200).json, json!([]));
    let stranger = shop.server.onboarded("mallory@example.com").await;
    assert_eq!(stranger.get("/v1/wallet/top-ups?receipt=RKT1ABCDEF").await.expect(200).json, json!([]));
    assert!(shop.is_sound().await);
}

async fn an_unknown_account_waits_and_is_claimed_by_its_payer_only(server: Server) {
    let shop = Shop::open(server).await;
    let (_, path) = registered(&shop).await;
    shop.tell(&path, paid("my shop", "RKT1ABCDEF", "1000.00", "254722000001")).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 0);
    let stranger = shop.server.onboarded("mallory@example.com").await;
    let claim =
        |receipt: &str, amount: i64, phone: &str| json!({ "receipt": receipt, "amount_minor": amount, "phone": phone });
    for wrong in [
        claim("RKT1ABCDEF", 100_000, "0733000001"),
        claim("RKT1ABCDEF", 90_000, "0722000001"),
        claim("RKT1ABCDEG", 100_000, "0722000001"),
    ] {
        stranger.post("/v1/wallet/payment-claims", wrong).await.expect_error("payments.unmatched_not_found");
    }
    let answer =
        shop.owner.post("/v1/wallet/payment-claims", claim(" rkt1abcdef", 100_000, "0722000001")).await.expect(200);
    assert_eq!((&answer.json["outcome"], shop.balance().await), (&json!("credited"), 100_000));
    // Once.
    let again = stranger.post("/v1/wallet/payment-claims", claim("RKT1ABCDEF", 100_000, "0722000001")).await;
    again.expect_error("payments.unmatched_not_found");
    assert_eq!(balance(&stranger).await, 0);
    assert!(shop.is_sound().await);
}

async fn an_operator_assigns_a_payment_by_account_number(server: Server) {
    let shop = Shop::open(server).await;
    let operator = shop.server.operator().await;
    let (_, path) = registered(&shop).await;
    let account = reference(&shop).await;
    shop.tell(&path, paid("my shop", "RKT1ABCDEF", "1000.00", "254722000001")).await.expect(200);
    shop.run().await;
    let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
    let assign = format!("/v1/admin/payments/{}/assign", waiting[0]["id"].as_str().expect("an id"));
    let last = account.chars().next_back().expect("a character");
    let slip = format!("{}{}", account.trim_end_matches(last), if last == 'A' { 'C' } else { 'A' });
    for (wrong, field) in [
        (json!({ "account_reference": slip }), "account_reference"),
        (json!({ "account_reference": account, "workspace_id": shop.owner.workspace_id().await }), "account_reference"),
        (json!({}), "workspace_id"),
    ] {
        let refused = operator.post(&assign, wrong).await.expect_error("validation.bad_request");
        assert_eq!(refused.json["error"]["field"], field);
    }
    // One that no workspace has, with its check digit.
    let nobody = if account == "AAAAAA" { "CCCCC4" } else { "AAAAAA" };
    operator.post(&assign, json!({ "account_reference": nobody })).await.expect_error("wallet.not_found");
    assert_eq!(shop.balance().await, 0);
    let typed = format!(" {}-{} ", account[..3].to_lowercase(), &account[3..]);
    let assigned = operator.post(&assign, json!({ "account_reference": typed })).await.expect(200).json;
    assert_eq!((&assigned["status"], shop.balance().await), (&json!("credited"), 100_000));
    assert!(shop.is_sound().await);
}

async fn a_masked_telephone_leaves_the_decision_to_the_operator(server: Server) {
    let shop = Shop::open(server).await;
    let operator = shop.server.operator().await;
    let (_, path) = registered(&shop).await;
    shop.tell(&path, paid("??", "RKT1ABCDEF", "1000.00", "2547 ***** 001")).await.expect(200);
    shop.run().await;
    let claim = json!({ "receipt": "RKT1ABCDEF", "amount_minor": 100_000, "phone": "0722000001" });
    let answer = shop.owner.post("/v1/wallet/payment-claims", claim).await.expect(200).json;
    assert_eq!((&answer["outcome"], shop.balance().await), (&json!("waiting"), 0));
    let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
    let workspace = waiting[0]["claimed_by"][0].clone();
    assert!(workspace.is_string(), "{waiting}");
    let assign = format!("/v1/admin/payments/{}/assign", waiting[0]["id"].as_str().expect("an id"));
    let assigned = operator.post(&assign, json!({ "workspace_id": workspace })).await.expect(200).json;
    assert_eq!((&assigned["status"], shop.balance().await), (&json!("credited"), 100_000));
    let again = operator.post(&assign, json!({ "workspace_id": workspace })).await;
    again.expect_error("payments.unmatched_not_found");
    shop.owner.post(&assign, json!({ "workspace_id": workspace })).await.expect_error("auth.admin_required");
    assert!(shop.is_sound().await);
}

async fn an_unlisted_source_credits_nobody(server: Server) {
    let shop = Shop::open(server).await;
    let (_, path) = registered(&shop).await;
    let reference = reference(&shop).await;
    let told = paid(&reference, "RKT1ABCDEF", "1000.00", "254722000001");
    shop.tell_from("192.0.2.1", &path, told.clone()).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 0);
    // The provider itself stands behind it later.
    shop.tell(&path, told).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 100_000);
    assert!(shop.is_sound().await);
}

async fn validation_tells_the_payer_before_the_money_moves(server: Server) {
    let shop = Shop::open(server).await;
    let (path, _) = registered(&shop).await;
    let reference = reference(&shop).await;
    let validate = async |body: Value| shop.tell(&path, body).await.expect(200).json["ResultCode"].clone();
    assert_eq!(validate(paid(&reference, "", "10.00", "254722000001")).await, "0");
    assert_eq!(validate(paid("nobody", "", "10.00", "254722000001")).await, "C2B00012");
    assert_eq!(validate(paid(&reference, "", "-10", "254722000001")).await, "C2B00013");
    let mut other = paid(&reference, "", "10.00", "254722000001");
    other["BusinessShortCode"] = json!("1");
    assert_eq!(validate(other).await, "C2B00015");
    assert_eq!(shop.balance().await, 0);
}

async fn five_claims_a_day(server: Server) {
    let shop = Shop::open(server).await;
    let claim = || json!({ "receipt": "RKT1ABCDEF", "amount_minor": 100_000, "phone": "0722000001" });
    let tries = (0..12).map(|_| shop.owner.post("/v1/wallet/payment-claims", claim()));
    let answers = futures::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 404).count(), 5);
    shop.owner.post("/v1/wallet/payment-claims", claim()).await.expect_error("payments.claim_limit");
    shop.server.clock.advance(std::time::Duration::from_secs(86_401));
    shop.owner.post("/v1/wallet/payment-claims", claim()).await.expect_error("payments.unmatched_not_found");
}

async fn an_operator_dismisses_what_was_sent_back(server: Server) {
    let shop = Shop::open(server).await;
    let operator = shop.server.operator().await;
    let (_, path) = registered(&shop).await;
    shop.tell(&path, paid("??", "RKT1ABCDEF", "1000.00", "254722000001")).await.expect(200);
    shop.run().await;
    // Nobody has to look at the page to know that there is one.
    shop.server.clock.advance(std::time::Duration::from_secs(90));
    let figures = async || shop.server.operator_client().get("/metrics").await.expect(200).text;
    let of_waiting = figures().await;
    assert!(of_waiting.contains("\nsautikit_payments_unmatched 1\n"), "{of_waiting}");
    assert!(of_waiting.contains("\nsautikit_payments_unmatched_age_seconds 90\n"), "{of_waiting}");
    let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
    let dismiss = format!("/v1/admin/payments/{}/dismiss", waiting[0]["id"].as_str().expect("an id"));
    operator.post(&dismiss, json!({ "reason": "" })).await.expect_error("validation.bad_request");
    operator.post(&dismiss, json!({ "reason": "sent back" })).await.expect(200);
    let claim = json!({ "receipt": "RKT1ABCDEF", "amount_minor": 100_000, "phone": "0722000001" });
    shop.owner.post("/v1/wallet/payment-claims", claim).await.expect_error("payments.unmatched_not_found");
    assert_eq!(operator.get("/v1/admin/payments/unmatched").await.expect(200).json, json!([]));
    assert!(figures().await.contains("\nsautikit_payments_unmatched 0\n"));
}

async fn the_urls_are_registered_without_the_word_that_daraja_refuses(server: Server) {
    let shop = Shop::open(server).await;
    let (validation, confirmation) = registered(&shop).await;
    assert!(!validation.contains("mpesa") && !confirmation.contains("mpesa") && validation != confirmation);
    assert_eq!(shop.daraja.0.lock().registered[0]["ShortCode"], "600638");
}

async fn payments_that_come_together_are_each_credited_once(server: Server) {
    let shop = Shop::open(server).await;
    let (_, path) = registered(&shop).await;
    let reference = reference(&shop).await;
    let told = (0..40).map(|place| {
        let body = paid(&reference, &format!("RKT1ABC{:03}", place / 2), "10.00", "254722000001");
        shop.tell(&path, body)
    });
    for answer in futures::future::join_all(told).await {
        answer.expect(200);
    }
    futures::future::join_all((0..4).map(|_| shop.run())).await;
    shop.run_for(60).await;
    assert_eq!(shop.balance().await, 20 * 1_000);
    assert!(shop.is_sound().await);
}
