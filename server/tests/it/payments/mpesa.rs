//! Requests on the payer's telephone: once asked, believed only when our own question says so, whatever comes in whatever order.

use sautikit::config::TransactionType;
use serde_json::{Value, json};

use super::daraja::{Daraja, OnPush};
use super::{Shop, path_of};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_push_is_sent_as_daraja_takes_it_and_credited_once
    a_callback_alone_credits_nothing
    without_a_callback_our_question_credits_and_the_confirmation_brings_the_receipt
    a_refusal_on_the_telephone_is_told_in_words
    a_push_whose_sending_was_not_answered_is_never_sent_again
    a_refused_push_fails_at_once
    a_callback_that_differs_waits_for_people
    the_confirmation_of_a_push_credits_nothing_twice_in_any_order
    what_an_operator_assigned_is_not_credited_again_when_mpesa_confirms_it
    what_mpesa_confirmed_is_not_credited_again_by_an_operator
    daraja_that_is_not_there_refuses_before_anything_is_written
    a_request_that_was_answered_is_answered_again_though_daraja_is_away
    only_a_kenyan_mobile_telephone_is_asked
    foreign_paths_do_not_exist
    silence_ends_after_a_day_and_a_late_payment_still_counts
    a_receipt_goes_to_whoever_keeps_the_books
    a_callback_from_an_unlisted_address_credits_nobody
    a_till_is_named_as_the_party_that_is_paid
}

pub(super) async fn asked(shop: &Shop, amount_minor: i64) -> Value {
    let body = json!({ "method": "mpesa", "amount_minor": amount_minor, "phone": "0722000001" });
    shop.owner.post("/v1/wallet/top-ups", body).await.expect(202).json
}

pub(super) async fn shown(shop: &Shop, top_up: &Value) -> Value {
    let id = top_up["id"].as_str().expect("an id");
    shop.owner.get(&format!("/v1/wallet/top-ups/{id}")).await.expect(200).json
}

pub(super) fn callback(checkout_id: &str, amount: Value, receipt: &str) -> Value {
    json!({ "Body": { "stkCallback": { "MerchantRequestID": "29115-1", "CheckoutRequestID": checkout_id,
        "ResultCode": 0, "ResultDesc": "The service request is processed successfully.",
        "CallbackMetadata": { "Item": [ { "Name": "Amount", "Value": amount },
            { "Name": "MpesaReceiptNumber", "Value": receipt }, { "Name": "Balance" },
            { "Name": "TransactionDate", "Value": 20_261_130_120_000_i64 },
            { "Name": "PhoneNumber", "Value": 254_722_000_001_i64 } ] } } } })
}

pub(super) fn refusal(checkout_id: &str, code: i64) -> Value {
    json!({ "Body": { "stkCallback": { "MerchantRequestID": "29115-1", "CheckoutRequestID": checkout_id,
        "ResultCode": code, "ResultDesc": "in Daraja's words" } } })
}

/// The Paybill confirmation that M-Pesa sends beside a push's callback.
pub(super) fn confirmation(push: &Value, receipt: &str, amount: &str) -> Value {
    json!({ "TransactionType": "Pay Bill", "TransID": receipt, "TransTime": "20261130120000", "TransAmount": amount,
        "BusinessShortCode": "600638", "BillRefNumber": push["AccountReference"], "InvoiceNumber": "",
        "OrgAccountBalance": "49197.00", "ThirdPartyTransID": "", "MSISDN": "2547 ***** 001", "FirstName": "ASHA" })
}

/// Where confirmations go: the secret is in the push's callback URL as well.
pub(super) fn confirmation_path(push: &Value) -> String {
    let path = path_of(&push["CallBackURL"]);
    let secret = path.split('/').nth(5).expect("the secret");
    format!("/v1/payments/daraja/c2b/confirmation/{secret}")
}

async fn a_push_is_sent_as_daraja_takes_it_and_credited_once(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = asked(&shop, 100_000).await;
    assert_eq!((&top_up["status"], &top_up["channel"]), (&json!("pending"), &json!("push")));
    shop.run().await;
    let push = shop.daraja.last_push();
    assert_eq!(
        (&push["Amount"], &push["PartyA"], &push["PhoneNumber"]),
        (&json!(1_000), &json!("254722000001"), &json!("254722000001"))
    );
    assert_eq!((&push["PartyB"], &push["TransactionType"]), (&json!("600638"), &json!("CustomerPayBillOnline")));
    assert_eq!(push["Timestamp"], "20261102110000");
    assert!(
        push["AccountReference"].as_str().unwrap().len() <= 12 && push["TransactionDesc"].as_str().unwrap().len() <= 13
    );
    assert!(!path_of(&push["CallBackURL"]).contains("mpesa"));

    shop.daraja.ends(0, 0);
    let told = callback(&Daraja::checkout_id(0), json!(1_000.00), "NLJ7RT61SV");
    for _ in 0..3 {
        let answer = shop.tell(&path_of(&push["CallBackURL"]), told.clone()).await.expect(200);
        assert_eq!(answer.json["ResultCode"], "0");
        shop.run().await;
    }
    shop.run_for(120).await;
    assert_eq!(shop.balance().await, 100_000);
    let settled = shown(&shop, &top_up).await;
    assert_eq!((&settled["status"], &settled["receipt"]), (&json!("succeeded"), &json!("NLJ7RT61SV")));
    assert_eq!(shop.daraja.0.lock().pushes.len(), 1);
    assert_eq!(shop.daraja.0.lock().tokens, 1, "the token is kept");
    assert!(shop.is_sound().await);
}

async fn a_callback_alone_credits_nothing(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    let path = path_of(&shop.daraja.last_push()["CallBackURL"]);
    shop.tell(&path, callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV")).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["status"]), (0, &json!("pending")));
    // What it told is kept: the receipt stands beside the credit when our question is answered.
    shop.daraja.ends(0, 0);
    shop.run_for(30).await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["receipt"]), (100_000, &json!("NLJ7RT61SV")));
}

async fn without_a_callback_our_question_credits_and_the_confirmation_brings_the_receipt(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    shop.daraja.ends(0, 0);
    shop.run_for(30).await;
    let settled = shown(&shop, &top_up).await;
    assert_eq!((&settled["status"], &settled["receipt"]), (&json!("succeeded"), &json!(null)));
    let push = shop.daraja.last_push();
    shop.tell(&confirmation_path(&push), confirmation(&push, "NLJ7RT61SV", "1000.00")).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["receipt"]), (100_000, &json!("NLJ7RT61SV")));
    // Another receipt under the same reference is another payment.
    shop.tell(&confirmation_path(&push), confirmation(&push, "NLJ7RT61SW", "250.00")).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 125_000);
    assert!(shop.is_sound().await);
}

async fn a_refusal_on_the_telephone_is_told_in_words(server: Server) {
    let shop = Shop::open(server).await;
    for (place, (code, words)) in
        [(1032, "cancelled"), (1, "not enough money"), (1037, "could not be reached"), (2001, "PIN"), (4, "of a day")]
            .into_iter()
            .enumerate()
    {
        let top_up = asked(&shop, 100_000).await;
        shop.run().await;
        shop.daraja.ends(place, code);
        let path = path_of(&shop.daraja.last_push()["CallBackURL"]);
        shop.tell(&path, refusal(&Daraja::checkout_id(place), code)).await.expect(200);
        shop.run().await;
        let failed = shown(&shop, &top_up).await;
        assert_eq!((&failed["status"], &failed["may_be_paid"]), (&json!("failed"), &json!(false)));
        assert!(failed["failure_reason"].as_str().unwrap().contains(words), "{failed}");
    }
    assert_eq!(shop.balance().await, 0);
}

async fn a_push_whose_sending_was_not_answered_is_never_sent_again(server: Server) {
    let shop = Shop::open(server).await;
    shop.daraja.0.lock().on_push = OnPush::TakenSilently;
    let top_up = asked(&shop, 100_000).await;
    shop.run_for(600).await;
    assert_eq!(shop.daraja.0.lock().pushes.len(), 1);
    assert_eq!(shown(&shop, &top_up).await["status"], "pending");
    // The callback tells how Daraja names it, and with that we can ask.
    shop.daraja.ends(0, 0);
    let path = path_of(&shop.daraja.last_push()["CallBackURL"]);
    shop.tell(&path, callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV")).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, shop.daraja.0.lock().pushes.len()), (100_000, 1));
}

async fn a_refused_push_fails_at_once(server: Server) {
    let shop = Shop::open(server).await;
    shop.daraja.0.lock().on_push = OnPush::Refused;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    assert_eq!(shown(&shop, &top_up).await["status"], "failed");
}

async fn a_callback_that_differs_waits_for_people(server: Server) {
    let shop = Shop::open(server).await;
    let operator = shop.server.operator().await;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    shop.daraja.ends(0, 0);
    let push = shop.daraja.last_push();
    let path = path_of(&push["CallBackURL"]);
    // Ten shillings instead of a thousand.
    shop.tell(&path, callback(&Daraja::checkout_id(0), json!(10), "NLJ7RT61SV")).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["status"]), (0, &json!("failed")));
    let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
    assert_eq!((&waiting[0]["receipt"], &waiting[0]["reason"]), (&json!("NLJ7RT61SV"), &json!("contradiction")));
    // M-Pesa's own confirmation settles it with what really came.
    shop.tell(&confirmation_path(&push), confirmation(&push, "NLJ7RT61SV", "10.00")).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 1_000);
    let settled = shown(&shop, &top_up).await;
    assert_eq!((&settled["status"], &settled["amount_minor"]), (&json!("succeeded"), &json!(1_000)));
    assert_eq!(operator.get("/v1/admin/payments/unmatched").await.expect(200).json, json!([]));
    assert!(shop.is_sound().await);
}

/// A push whose callback told of a payment without its receipt, which our question does not know: it waits for people.
async fn contradicted(shop: &Shop, operator: &crate::support::Client) -> (Value, String) {
    let top_up = asked(shop, 100_000).await;
    shop.run().await;
    shop.daraja.ends(0, 1032);
    let mut told = callback(&Daraja::checkout_id(0), json!(1_000), "");
    let items = &mut told["Body"]["stkCallback"]["CallbackMetadata"]["Item"];
    items.as_array_mut().expect("items").retain(|item| item["Name"] != "MpesaReceiptNumber");
    shop.tell(&path_of(&shop.daraja.last_push()["CallBackURL"]), told).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, &shown(shop, &top_up).await["status"]), (0, &json!("failed")));
    let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
    let assign = format!("/v1/admin/payments/{}/assign", waiting[0]["id"].as_str().expect("an id"));
    (top_up, assign)
}

async fn what_an_operator_assigned_is_not_credited_again_when_mpesa_confirms_it(server: Server) {
    let shop = Shop::open(server).await;
    let operator = shop.server.operator().await;
    let (top_up, assign) = contradicted(&shop, &operator).await;
    let other = shop.server.onboarded("other@example.com").await.workspace_id().await;
    let refused = operator.post(&assign, json!({ "workspace_id": other })).await;
    assert_eq!(refused.expect_error("validation.bad_request").json["error"]["field"], "workspace_id");
    operator.post(&assign, json!({ "workspace_id": shop.owner.workspace_id().await })).await.expect(200);
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["status"]), (100_000, &json!("succeeded")));
    let push = shop.daraja.last_push();
    shop.tell(&confirmation_path(&push), confirmation(&push, "NLJ7RT61SV", "1000.00")).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["receipt"]), (100_000, &json!("NLJ7RT61SV")));
    assert_eq!(operator.get("/v1/admin/payments/unmatched").await.expect(200).json, json!([]));
    assert!(shop.is_sound().await);
}

async fn what_mpesa_confirmed_is_not_credited_again_by_an_operator(server: Server) {
    let shop = Shop::open(server).await;
    let operator = shop.server.operator().await;
    let (_, assign) = contradicted(&shop, &operator).await;
    let push = shop.daraja.last_push();
    shop.tell(&confirmation_path(&push), confirmation(&push, "NLJ7RT61SV", "1000.00")).await.expect(200);
    shop.run().await;
    let again = operator.post(&assign, json!({ "workspace_id": shop.owner.workspace_id().await })).await;
    let error = again.expect_error("payments.unmatched_not_found").json["error"].clone();
    assert!(error["message"].as_str().expect("a sentence").contains("credited"), "{error}");
    assert_eq!(shop.balance().await, 100_000);
    assert!(shop.is_sound().await);
}

async fn the_confirmation_of_a_push_credits_nothing_twice_in_any_order(server: Server) {
    let shop = Shop::open(server).await;
    let orders = [
        ["callback", "confirmation", "question"],
        ["confirmation", "callback", "question"],
        ["question", "confirmation", "callback"],
        ["confirmation", "question", "callback"],
        ["question", "callback", "confirmation"],
        ["callback", "question", "confirmation"],
    ];
    for (place, order) in orders.into_iter().enumerate() {
        let top_up = asked(&shop, 100_000).await;
        shop.run().await;
        let (push, receipt) = (shop.daraja.last_push(), format!("NLJ7RT61S{place}"));
        for step in order {
            match step {
                "callback" => {
                    let told = callback(&Daraja::checkout_id(place), json!(1_000), &receipt);
                    shop.tell(&path_of(&push["CallBackURL"]), told).await.expect(200);
                }
                "confirmation" => {
                    let told = confirmation(&push, &receipt, "1000.00");
                    shop.tell(&confirmation_path(&push), told.clone()).await.expect(200);
                    shop.tell(&confirmation_path(&push), told).await.expect(200);
                }
                _ => {
                    shop.daraja.ends(place, 0);
                    shop.run_for(30).await;
                }
            }
            shop.run().await;
        }
        shop.run_for(90).await;
        let settled = shown(&shop, &top_up).await;
        assert_eq!((&settled["status"], &settled["receipt"]), (&json!("succeeded"), &json!(receipt)), "{order:?}");
        assert_eq!(shop.balance().await, 100_000 * (i64::try_from(place).unwrap() + 1), "{order:?}");
    }
    assert!(shop.is_sound().await);
}

async fn daraja_that_is_not_there_refuses_before_anything_is_written(server: Server) {
    let shop = Shop::open(server).await;
    shop.daraja.0.lock().is_down = true;
    let body = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": "0722000001" });
    shop.owner.post("/v1/wallet/top-ups", body.clone()).await.expect_error("mpesa.unavailable");
    assert_eq!(shop.owner.get("/v1/wallet/top-ups").await.expect(200).json, json!([]));
    shop.daraja.0.lock().is_down = false;
    shop.owner.post("/v1/wallet/top-ups", body).await.expect(202);
}

async fn a_request_that_was_answered_is_answered_again_though_daraja_is_away(server: Server) {
    let shop = Shop::open(server).await;
    let body = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": "0722000001" });
    let keyed = async || shop.owner.with("idempotency-key", "key-1").post("/v1/wallet/top-ups", body.clone()).await;
    let top_up = keyed().await.expect(202).json;
    // Later than the token is kept.
    shop.server.clock.advance(std::time::Duration::from_secs(3_600));
    shop.daraja.0.lock().is_down = true;
    assert_eq!(keyed().await.expect(202).json, top_up);
}

async fn only_a_kenyan_mobile_telephone_is_asked(server: Server) {
    let shop = Shop::open(server).await;
    for phone in ["+447700900123", "+256772000001", "0202000000", "254202000000", "100", ""] {
        let top_up = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": phone });
        let refused = shop.owner.post("/v1/wallet/top-ups", top_up).await.expect_error("validation.bad_request");
        assert_eq!(refused.json["error"]["field"], "phone", "{phone}");
        let claim = json!({ "receipt": "RKT1ABCDEF", "amount_minor": 100_000, "phone": phone });
        shop.owner.post("/v1/wallet/payment-claims", claim).await.expect_error("validation.bad_request");
    }
    shop.run().await;
    assert_eq!(shop.daraja.0.lock().pushes.len(), 0);
}

async fn foreign_paths_do_not_exist(server: Server) {
    let shop = Shop::open(server).await;
    asked(&shop, 100_000).await;
    shop.run().await;
    let path = path_of(&shop.daraja.last_push()["CallBackURL"]);
    let told = callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV");
    let parts: Vec<&str> = path.split('/').collect();
    let (secret, token) = (parts[5], parts[6]);
    let turned = |text: &str| text.chars().rev().collect::<String>();
    for path in [
        format!("/v1/payments/daraja/stk/{}/{token}", turned(secret)),
        format!("/v1/payments/daraja/stk/{secret}/{}", turned(token)),
        format!("/v1/payments/daraja/stk/{secret}/x"),
        format!("/v1/payments/daraja/c2b/confirmation/{}", turned(secret)),
        "/v1/payments/paystack".to_owned(),
    ] {
        shop.tell(&path, told.clone()).await.expect_error("not_found");
    }
    // A callback of another push than the one that was sent changes nothing.
    shop.daraja.ends(7, 0);
    shop.tell(&path, callback(&Daraja::checkout_id(7), json!(1_000), "NLJ7RT61SV")).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 0);
    shop.tell(&path, json!({ "Body": 1 })).await.expect_error("validation.bad_request");
}

async fn silence_ends_after_a_day_and_a_late_payment_still_counts(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    for _ in 0..30 {
        shop.server.clock.advance(std::time::Duration::from_secs(3_600));
        shop.run().await;
    }
    assert_eq!(shown(&shop, &top_up).await["status"], "failed");
    let push = shop.daraja.last_push();
    shop.tell(&confirmation_path(&push), confirmation(&push, "NLJ7RT61SV", "1000.00")).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["status"]), (100_000, &json!("succeeded")));
    assert!(shop.is_sound().await);
}

async fn a_receipt_goes_to_whoever_keeps_the_books(server: Server) {
    let shop = Shop::open(server).await;
    asked(&shop, 100_000).await;
    shop.run().await;
    shop.daraja.ends(0, 0);
    shop.run_for(30).await;
    let text = shop.server.text_of_last_mail();
    assert!(text.contains("Amount: KES 1,000.00") && text.contains("Balance now: KES 1,000.00"), "{text}");
}

async fn a_callback_from_an_unlisted_address_credits_nobody(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    let path = path_of(&shop.daraja.last_push()["CallBackURL"]);
    let told = callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV");
    shop.tell_from("192.0.2.1", &path, told.clone()).await.expect(200);
    shop.tell_from("192.0.2.1", &path, refusal(&Daraja::checkout_id(0), 1_032)).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["status"]), (0, &json!("pending")));
    // M-Pesa's own word decides, whatever was told before.
    shop.daraja.ends(0, 0);
    shop.tell(&path, told).await.expect(200);
    shop.run_for(60).await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["status"]), (100_000, &json!("succeeded")));
    assert!(shop.is_sound().await);
}

async fn a_till_is_named_as_the_party_that_is_paid(server: Server) {
    let shop = Shop::open_with(server, |mpesa| {
        mpesa.transaction_type = TransactionType::CustomerBuyGoodsOnline;
        mpesa.till = "174379".to_owned();
    })
    .await;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    let push = shop.daraja.last_push();
    assert_eq!(
        (&push["TransactionType"], &push["BusinessShortCode"], &push["PartyB"]),
        (&json!("CustomerBuyGoodsOnline"), &json!("600638"), &json!("174379"))
    );
    shop.daraja.ends(0, 0);
    shop.tell(&path_of(&push["CallBackURL"]), callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV"))
        .await
        .expect(200);
    // Its confirmation names the till's own number and no account.
    let mut told = confirmation(&push, "NLJ7RT61SV", "1000.00");
    (told["BusinessShortCode"], told["BillRefNumber"]) = (json!("174379"), json!(""));
    told["TransactionType"] = json!("Buy Goods");
    shop.tell(&confirmation_path(&push), told).await.expect(200);
    shop.run_for(60).await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["status"]), (100_000, &json!("succeeded")));
    let operator = shop.server.operator().await;
    assert_eq!(operator.get("/v1/admin/payments/unmatched").await.expect(200).json, json!([]));
    assert!(shop.is_sound().await);
}
