//! Payments that another address than Daraja's confirmed: credited when M-Pesa itself says that it has them, and only then.

use serde_json::{Value, json};

use super::paybill::{paid, reference, registered};
use super::{Shop, path_of};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    what_mpesa_says_that_it_has_is_credited_once
    what_mpesa_does_not_have_so_waits_for_people
    a_question_that_is_lost_is_asked_again_and_ends
    an_answer_to_another_address_is_nobodys
    another_amount_under_a_receipt_that_was_credited_waits_for_people
    a_confirmation_counts_that_comes_on_the_heels_of_a_strangers
    a_confirmation_of_what_was_dismissed_goes_back_to_people
    a_payment_that_nobody_told_us_of_is_claimed_by_its_payer
    what_mpesa_does_not_have_ends_the_claim
    a_claim_of_a_push_without_receipt_is_one_credit
}

const STRANGER: &str = "192.0.2.1";

/// A shop to whose account a thousand shillings were confirmed from an address that is not Daraja's.
async fn told_by_a_stranger(server: Server) -> (Shop, String, Value) {
    let shop = Shop::open(server).await;
    let (_, path) = registered(&shop).await;
    let body = paid(&reference(&shop).await, "RKT1ABCDEF", "1000.00", "254722000001");
    shop.tell_from(STRANGER, &path, body.clone()).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 0);
    (shop, path, body)
}

pub(super) fn answer(receipt: &str, amount: &str) -> Value {
    let parameters = [
        json!({ "Key": "DebitPartyName", "Value": "254722000001 - ASHA W" }),
        json!({ "Key": "CreditPartyName", "Value": "600638 - SAUTIKIT" }),
        json!({ "Key": "TransactionReason" }),
        json!({ "Key": "ReasonType", "Value": "Pay Utility" }),
        json!({ "Key": "TransactionStatus", "Value": "Completed" }),
        json!({ "Key": "FinalisedTime", "Value": 20_261_102_110_500_i64 }),
        json!({ "Key": "Amount", "Value": amount.parse::<f64>().expect("an amount") }),
        json!({ "Key": "ReceiptNo", "Value": receipt }),
    ];
    json!({ "Result": { "ResultType": 0, "ResultCode": 0, "ResultDesc": "The service request is processed successfully.",
        "OriginatorConversationID": "1236-7134259-1", "ConversationID": "AG_20210709_1234409f86436c583e3f",
        "TransactionID": "RKT0000000", "ResultParameters": { "ResultParameter": parameters },
        "ReferenceData": { "ReferenceItem": { "Key": "Occasion" } } } })
}

fn inquiry(shop: &Shop) -> Value {
    shop.daraja.0.lock().inquiries.last().cloned().expect("a question")
}

async fn reason(shop: &Shop) -> Value {
    let operator = shop.server.operator().await;
    operator.get("/v1/admin/payments/unmatched").await.expect(200).json[0]["reason"].clone()
}

async fn what_mpesa_says_that_it_has_is_credited_once(server: Server) {
    let (shop, path, body) = told_by_a_stranger(server).await;
    let asked = inquiry(&shop);
    assert_eq!(
        (&asked["CommandID"], &asked["TransactionID"], &asked["PartyA"], &asked["IdentifierType"]),
        (&json!("TransactionStatusQuery"), &json!("RKT1ABCDEF"), &json!("600638"), &json!("4"))
    );
    assert_eq!((&asked["Initiator"], &asked["SecurityCredential"]), (&json!("sautikit"), &json!("c2VhbGVk")));
    // M-Pesa is heard at that address, wherever it calls from.
    let result = path_of(&asked["ResultURL"]);
    assert!(!result.contains("mpesa"), "{result}");
    for _ in 0..3 {
        shop.tell_from(STRANGER, &result, answer("RKT1ABCDEF", "1000.00")).await.expect(200);
        shop.run().await;
    }
    assert_eq!(shop.balance().await, 100_000);
    // Its own confirmation comes late.
    shop.tell(&path, body).await.expect(200);
    shop.run_for(600).await;
    assert_eq!((shop.balance().await, shop.daraja.0.lock().inquiries.len()), (100_000, 1));
    assert!(shop.is_sound().await);
}

async fn what_mpesa_does_not_have_so_waits_for_people(server: Server) {
    let (shop, ..) = told_by_a_stranger(server).await;
    let result = path_of(&inquiry(&shop)["ResultURL"]);
    shop.tell(&result, answer("RKT1ABCDEF", "10.00")).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, reason(&shop).await), (0, json!("contradiction")));
    // A second word does not turn it around: people look.
    shop.tell(&result, answer("RKT1ABCDEF", "1000.00")).await.expect(200);
    shop.run_for(600).await;
    assert_eq!((shop.balance().await, shop.daraja.0.lock().inquiries.len()), (0, 1));
    assert!(shop.is_sound().await);
}

async fn a_question_that_is_lost_is_asked_again_and_ends(server: Server) {
    let (shop, ..) = told_by_a_stranger(server).await;
    shop.tell(&path_of(&inquiry(&shop)["QueueTimeOutURL"]), json!({ "Result": { "ResultCode": 1 } })).await.expect(200);
    // One that is refused, or busy, is lost as well.
    shop.daraja.0.lock().refuses_inquiries = true;
    shop.run_for(60).await;
    shop.daraja.0.lock().refuses_inquiries = false;
    let busy = json!({ "Result": { "ResultCode": "26", "ResultDesc": "System busy" } });
    shop.tell(&path_of(&inquiry(&shop)["ResultURL"]), busy).await.expect(200);
    shop.run_for(240).await;
    let asked = shop.daraja.0.lock().inquiries.len();
    assert_eq!((asked, reason(&shop).await), (3, json!("unconfirmed")));
    for _ in 0..30 {
        shop.server.clock.advance(std::time::Duration::from_secs(3_600));
        shop.run().await;
    }
    assert_eq!(shop.daraja.0.lock().inquiries.len(), 6);
    // The last answer counts as the first.
    shop.tell(&path_of(&inquiry(&shop)["ResultURL"]), answer("RKT1ABCDEF", "1000.00")).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 100_000);
    assert!(shop.is_sound().await);
}

async fn an_answer_to_another_address_is_nobodys(server: Server) {
    let (shop, ..) = told_by_a_stranger(server).await;
    let result = path_of(&inquiry(&shop)["ResultURL"]);
    let parts: Vec<&str> = result.split('/').collect();
    let (secret, token) = (parts[5], parts[6]);
    let turned = |text: &str| text.chars().rev().collect::<String>();
    for path in [
        format!("/v1/payments/daraja/status/{}/{token}/result", turned(secret)),
        format!("/v1/payments/daraja/status/{secret}/{}/result", turned(token)),
        format!("/v1/payments/daraja/status/{secret}/x/result"),
        format!("/v1/payments/daraja/status/{secret}/{}/timeout", turned(token)),
    ] {
        shop.tell(&path, answer("RKT1ABCDEF", "1000.00")).await.expect_error("not_found");
    }
    shop.tell(&result, json!({ "Body": 1 })).await.expect_error("validation.bad_request");
    shop.run().await;
    assert_eq!(shop.balance().await, 0);
}

async fn another_amount_under_a_receipt_that_was_credited_waits_for_people(server: Server) {
    let shop = Shop::open(server).await;
    let asked = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": "0722000001" });
    shop.owner.post("/v1/wallet/top-ups", asked).await.expect(202);
    shop.run().await;
    let push = shop.daraja.last_push();
    let told = super::mpesa::callback(&super::daraja::Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV");
    shop.tell(&path_of(&push["CallBackURL"]), told).await.expect(200);
    shop.daraja.ends(0, 0);
    shop.run_for(30).await;
    assert_eq!(shop.balance().await, 100_000);
    let (_, path) = registered(&shop).await;
    shop.tell_from(STRANGER, &path, paid("??", "NLJ7RT61SV", "9000.00", "254722000001")).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, reason(&shop).await), (100_000, json!("contradiction")));
    assert!(shop.is_sound().await);
}

async fn a_confirmation_counts_that_comes_on_the_heels_of_a_strangers(server: Server) {
    let shop = Shop::open(server).await;
    let (_, path) = registered(&shop).await;
    let reference = reference(&shop).await;
    // Before anybody has looked at the first.
    shop.tell_from(STRANGER, &path, paid(&reference, "RKT1ABCDEF", "9000.00", "254722000001")).await.expect(200);
    shop.tell(&path, paid(&reference, "RKT1ABCDEF", "1000.00", "254722000001")).await.expect(200);
    shop.tell_from(STRANGER, &path, paid(&reference, "RKT1ABCDEF", "9000.00", "254722000001")).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 100_000);
    assert!(shop.is_sound().await);
}

async fn a_confirmation_of_what_was_dismissed_goes_back_to_people(server: Server) {
    let (shop, path, body) = told_by_a_stranger(server).await;
    let operator = shop.server.operator().await;
    let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
    let dismiss = format!("/v1/admin/payments/{}/dismiss", waiting[0]["id"].as_str().expect("an id"));
    operator.post(&dismiss, json!({ "reason": "nobody knows it" })).await.expect(200);
    shop.tell(&path, body).await.expect(200);
    shop.run().await;
    let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
    assert_eq!((shop.balance().await, &waiting[0]["reason"]), (0, &json!("contradiction")));
}

fn claim() -> Value {
    json!({ "receipt": "RKT1ABCDEF", "amount_minor": 100_000, "phone": "0722000001" })
}

async fn a_payment_that_nobody_told_us_of_is_claimed_by_its_payer(server: Server) {
    let shop = Shop::open(server).await;
    // Whoever does not know the telephone is answered the same, and gets nothing.
    let stranger = shop.server.onboarded("mallory@example.com").await;
    let guess = json!({ "receipt": "RKT1ABCDEF", "amount_minor": 100_000, "phone": "0733000001" });
    let answers = [
        stranger.post("/v1/wallet/payment-claims", guess).await,
        shop.owner.post("/v1/wallet/payment-claims", claim()).await,
    ];
    let [guessed, known] =
        answers.map(|answer| answer.expect_error("payments.unmatched_not_found").json["error"]["message"].clone());
    assert_eq!(guessed, known);
    shop.run().await;
    let asked = inquiry(&shop);
    assert_eq!(asked["TransactionID"], "RKT1ABCDEF");
    for _ in 0..2 {
        shop.tell(&path_of(&asked["ResultURL"]), answer("RKT1ABCDEF", "1000.00")).await.expect(200);
        shop.run().await;
    }
    assert_eq!((shop.balance().await, super::balance(&stranger).await), (100_000, 0));
    // Its confirmation is found after all.
    let (_, path) = registered(&shop).await;
    shop.tell(&path, paid("??", "RKT1ABCDEF", "1000.00", "254722000001")).await.expect(200);
    shop.run_for(600).await;
    assert_eq!(shop.balance().await, 100_000);
    assert!(shop.is_sound().await);
}

async fn what_mpesa_does_not_have_ends_the_claim(server: Server) {
    let shop = Shop::open(server).await;
    shop.owner.post("/v1/wallet/payment-claims", claim()).await.expect_error("payments.unmatched_not_found");
    shop.run().await;
    let result = path_of(&inquiry(&shop)["ResultURL"]);
    let none = json!({ "Result": { "ResultCode": "R000002", "ResultDesc": "The ReceiptNumber is not valid." } });
    shop.tell(&result, none).await.expect(200);
    shop.tell(&result, answer("RKT1ABCDEF", "1000.00")).await.expect(200);
    shop.run_for(600).await;
    assert_eq!((shop.balance().await, shop.daraja.0.lock().inquiries.len()), (0, 1));
    assert_eq!(reason(&shop).await, json!(null));
}

async fn a_claim_of_a_push_without_receipt_is_one_credit(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": "0722000001" });
    let top_up = shop.owner.post("/v1/wallet/top-ups", top_up).await.expect(202).json;
    shop.run().await;
    let path = format!("/v1/wallet/top-ups/{}", top_up["id"].as_str().expect("an id"));
    // The payer does not wait for our question.
    shop.owner.post("/v1/wallet/payment-claims", claim()).await.expect_error("payments.unmatched_not_found");
    shop.run().await;
    let mut told = answer("RKT1ABCDEF", "1000.00");
    let parameters = told["Result"]["ResultParameters"]["ResultParameter"].as_array_mut().expect("parameters");
    parameters.retain(|one| one["Key"] != "FinalisedTime");
    shop.tell(&path_of(&inquiry(&shop)["ResultURL"]), told).await.expect(200);
    shop.run().await;
    shop.daraja.ends(0, 0);
    shop.run_for(120).await;
    let settled = shop.owner.get(&path).await.expect(200).json;
    assert_eq!((&settled["status"], &settled["receipt"]), (&json!("succeeded"), &json!("RKT1ABCDEF")));
    assert_eq!(shop.balance().await, 100_000);
    assert!(shop.is_sound().await);
}
