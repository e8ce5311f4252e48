//! Payments that are told of late, out of order, by one provider's silence or another's name: each ends in its wallet or before people.

use serde_json::{Value, json};

use super::daraja::{Daraja, OnPush};
use super::mpesa::{asked, callback, confirmation, confirmation_path, refusal, shown};
use super::{Shop, path_of};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_payment_that_is_told_of_late_turns_a_failed_push_around
    a_refusal_that_is_told_first_does_not_hide_the_payment
    an_error_at_the_sending_does_not_hide_the_payment
    what_overtakes_the_answer_to_its_push_is_credited_once
    a_token_that_holds_no_longer_than_it_said_is_asked_for_anew
    a_payment_that_mpesa_never_confirms_is_shown_to_people
    a_callback_that_comes_after_our_question_brings_the_receipt
    another_payment_than_the_one_that_was_credited_is_asked_about
    payments_of_one_push_that_come_together_are_each_credited
    a_receipt_of_another_top_up_credits_nothing
    a_provider_that_hangs_holds_up_no_other_push
    a_workspace_with_a_pending_top_up_is_not_deleted
    a_deleted_workspace_takes_no_payments
}

/// A push that has failed because nobody answered it.
async fn unanswered(shop: &Shop) -> (Value, Value) {
    let top_up = asked(shop, 100_000).await;
    shop.run().await;
    shop.daraja.ends(0, 1037);
    shop.run_for(30).await;
    assert_eq!(shown(shop, &top_up).await["status"], "failed");
    (top_up, shop.daraja.last_push())
}

async fn a_payment_that_is_told_of_late_turns_a_failed_push_around(server: Server) {
    let shop = Shop::open(server).await;
    let (top_up, push) = unanswered(&shop).await;
    let told = callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV");
    assert_eq!(shown(&shop, &top_up).await["may_be_paid"], false);
    // M-Pesa is still at it when we ask at once.
    shop.daraja.0.lock().ends.clear();
    shop.tell(&path_of(&push["CallBackURL"]), told.clone()).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 0);
    shop.daraja.ends(0, 0);
    shop.run_for(60).await;
    let settled = shown(&shop, &top_up).await;
    assert_eq!((&settled["status"], &settled["receipt"]), (&json!("succeeded"), &json!("NLJ7RT61SV")));
    shop.tell(&path_of(&push["CallBackURL"]), told).await.expect(200);
    shop.run_for(600).await;
    assert_eq!(shop.balance().await, 100_000);
    assert!(shop.is_sound().await);
}

async fn a_refusal_that_is_told_first_does_not_hide_the_payment(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    let path = path_of(&shop.daraja.last_push()["CallBackURL"]);
    // Our question is not answered, so the refusal is believed.
    shop.tell(&path, refusal(&Daraja::checkout_id(0), 1037)).await.expect(200);
    shop.run().await;
    shop.daraja.ends(0, 0);
    shop.tell(&path, callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV")).await.expect(200);
    shop.run_for(60).await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["receipt"]), (100_000, &json!("NLJ7RT61SV")));
    assert!(shop.is_sound().await);
}

async fn an_error_at_the_sending_does_not_hide_the_payment(server: Server) {
    let shop = Shop::open(server).await;
    shop.daraja.0.lock().on_push = OnPush::TakenWithAnError;
    let top_up = asked(&shop, 100_000).await;
    shop.run_for(60).await;
    // Whoever is told that it failed asks for another, and pays both.
    assert_eq!(shown(&shop, &top_up).await["status"], "pending");
    shop.daraja.ends(0, 0);
    let path = path_of(&shop.daraja.last_push()["CallBackURL"]);
    shop.tell(&path, callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV")).await.expect(200);
    shop.run_for(60).await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["status"]), (100_000, &json!("succeeded")));
    assert_eq!(shop.daraja.0.lock().pushes.len(), 1);
}

async fn what_overtakes_the_answer_to_its_push_is_credited_once(server: Server) {
    let shop = Shop::open(server).await;
    shop.daraja.0.lock().on_push = OnPush::TakenAndWaits;
    let top_up = asked(&shop, 100_000).await;
    shop.daraja.ends(0, 0);
    let told = async {
        let sent = async || shop.daraja.0.lock().pushes.last().cloned();
        let push = crate::support::within(std::time::Duration::from_secs(10), "the push", sent).await;
        let paid = callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV");
        shop.tell(&path_of(&push["CallBackURL"]), paid).await.expect(200);
        shop.tell(&confirmation_path(&push), confirmation(&push, "NLJ7RT61SV", "1000.00")).await.expect(200);
        shop.daraja.0.lock().answers.notify_one();
    };
    tokio::join!(shop.run(), told);
    shop.run_for(60).await;
    let settled = shown(&shop, &top_up).await;
    assert_eq!((&settled["status"], &settled["receipt"]), (&json!("succeeded"), &json!("NLJ7RT61SV")));
    assert_eq!((shop.balance().await, shop.daraja.0.lock().pushes.len()), (100_000, 1));
    assert!(shop.is_sound().await);
}

async fn a_token_that_holds_no_longer_than_it_said_is_asked_for_anew(server: Server) {
    let shop = Shop::open(server).await;
    shop.daraja.0.lock().on_push = OnPush::RefusedByItsFirstToken;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    assert_eq!(shown(&shop, &top_up).await["status"], "pending");
    let script = shop.daraja.0.lock();
    assert_eq!((script.tokens, script.pushes.len()), (2, 1));
}

async fn a_payment_that_mpesa_never_confirms_is_shown_to_people(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    let path = path_of(&shop.daraja.last_push()["CallBackURL"]);
    shop.tell(&path, callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV")).await.expect(200);
    for _ in 0..30 {
        shop.server.clock.advance(std::time::Duration::from_secs(3_600));
        shop.run().await;
    }
    let failed = shown(&shop, &top_up).await;
    assert_eq!(failed["status"], "failed");
    assert!(failed["failure_reason"].as_str().unwrap().contains("a person looks at it"), "{failed}");
    assert_eq!(failed["may_be_paid"], true);
    let operator = shop.server.operator().await;
    let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
    assert_eq!((&waiting[0]["receipt"], &waiting[0]["reason"]), (&json!("NLJ7RT61SV"), &json!("unconfirmed")));
    // M-Pesa was asked about the payment itself, and what it says settles the push.
    let asked = shop.daraja.0.lock().inquiries.last().cloned().expect("a question");
    assert_eq!(asked["TransactionID"], "NLJ7RT61SV");
    shop.tell(&path_of(&asked["ResultURL"]), super::inquiry::answer("NLJ7RT61SV", "1000.00")).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["status"]), (100_000, &json!("succeeded")));
    assert!(shop.is_sound().await);
}

async fn a_callback_that_comes_after_our_question_brings_the_receipt(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    shop.daraja.ends(0, 0);
    shop.run_for(30).await;
    assert_eq!(shown(&shop, &top_up).await["receipt"], json!(null));
    let path = path_of(&shop.daraja.last_push()["CallBackURL"]);
    shop.tell(&path, callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV")).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["receipt"]), (100_000, &json!("NLJ7RT61SV")));
    assert!(shop.is_sound().await);
}

async fn another_payment_than_the_one_that_was_credited_is_asked_about(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    let push = shop.daraja.last_push();
    // Somebody paid to the push's reference by hand, and then the push.
    shop.tell(&confirmation_path(&push), confirmation(&push, "NLJ7RT61SW", "1000.00")).await.expect(200);
    shop.run().await;
    shop.tell(&path_of(&push["CallBackURL"]), callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV"))
        .await
        .expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, &shown(&shop, &top_up).await["receipt"]), (100_000, &json!("NLJ7RT61SW")));
    let asked = shop.daraja.0.lock().inquiries.last().cloned().expect("a question");
    shop.tell(&path_of(&asked["ResultURL"]), super::inquiry::answer("NLJ7RT61SV", "1000.00")).await.expect(200);
    shop.run().await;
    shop.tell(&confirmation_path(&push), confirmation(&push, "NLJ7RT61SV", "1000.00")).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 200_000);
    assert!(shop.is_sound().await);
}

async fn payments_of_one_push_that_come_together_are_each_credited(server: Server) {
    let shop = Shop::open(server).await;
    asked(&shop, 100_000).await;
    shop.run().await;
    let push = shop.daraja.last_push();
    for place in 0..12 {
        let told = confirmation(&push, &format!("NLJ7RT61{place:02}"), "1000.00");
        shop.tell(&confirmation_path(&push), told).await.expect(200);
    }
    // As several nodes do.
    futures::future::join_all((0..6).map(|_| shop.run())).await;
    shop.run_for(120).await;
    assert_eq!(shop.balance().await, 12 * 100_000);
    let top_ups = shop.owner.get("/v1/wallet/top-ups").await.expect(200).json;
    assert_eq!(top_ups.as_array().expect("a list").len(), 12);
    assert!(shop.is_sound().await);
}

async fn a_receipt_of_another_top_up_credits_nothing(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = asked(&shop, 100_000).await;
    shop.run().await;
    let push = shop.daraja.last_push();
    // Paid to a till: M-Pesa names no account, and the payer claims it before the callback comes.
    let mut told = confirmation(&push, "NLJ7RT61SV", "1000.00");
    told["BillRefNumber"] = json!("till");
    told["MSISDN"] = json!("254722000001");
    shop.tell(&confirmation_path(&push), told).await.expect(200);
    shop.run().await;
    let claim = json!({ "receipt": "NLJ7RT61SV", "amount_minor": 100_000, "phone": "0722000001" });
    shop.owner.post("/v1/wallet/payment-claims", claim.clone()).await.expect(200);
    assert_eq!(shop.balance().await, 100_000);
    shop.daraja.ends(0, 0);
    shop.tell(&path_of(&push["CallBackURL"]), callback(&Daraja::checkout_id(0), json!(1_000), "NLJ7RT61SV"))
        .await
        .expect(200);
    shop.run_for(60).await;
    let failed = shown(&shop, &top_up).await;
    assert_eq!((shop.balance().await, &failed["status"]), (100_000, &json!("failed")));
    assert!(failed["failure_reason"].as_str().unwrap().contains("in the wallet already"), "{failed}");
    // Whoever asks for it again learns that it is there.
    let again = shop.owner.post("/v1/wallet/payment-claims", claim).await.expect(200).json;
    assert_eq!((&again["outcome"], shop.balance().await), (&json!("credited"), 100_000));
    assert!(shop.is_sound().await);
}

async fn a_provider_that_hangs_holds_up_no_other_push(server: Server) {
    let shop = Shop::open(server).await;
    shop.daraja.0.lock().on_push = OnPush::TakenAndHangs;
    for _ in 0..24 {
        asked(&shop, 100_000).await;
    }
    let app = shop.server.app.clone();
    let runner = tokio::spawn(sautikit::jobs::run_until_stopped(app.clone()));
    let sent = async || (shop.daraja.0.lock().pushes.len() == 24).then_some(());
    // Sooner than the first of them is given up.
    crate::support::within(std::time::Duration::from_secs(12), "all are sent", sent).await;
    app.stopping.cancel();
    runner.abort();
}

async fn a_workspace_with_a_pending_top_up_is_not_deleted(server: Server) {
    let shop = Shop::open(server).await;
    asked(&shop, 100_000).await;
    let refused = deleted(&shop).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("top-up"), "{}", refused.text);
}

async fn deleted(shop: &Shop) -> crate::support::Answer {
    let name = shop.owner.get("/v1/workspace").await.expect(200).json["name"].clone();
    let body = json!({ "confirm_name": name }).to_string();
    shop.owner.send("DELETE", "/v1/workspace", Some("application/json"), &body).await
}

async fn a_deleted_workspace_takes_no_payments(server: Server) {
    let shop = Shop::open(server).await;
    let operator = shop.server.operator().await;
    let (validation, confirmation) = super::paybill::registered(&shop).await;
    let reference = super::paybill::reference(&shop).await;
    deleted(&shop).await.expect(204);
    let told = super::paybill::paid(&reference, "RKT1ABCDEF", "1000.00", "254722000001");
    assert_eq!(shop.tell(&validation, told.clone()).await.expect(200).json["ResultCode"], "C2B00012");
    shop.tell(&confirmation, told).await.expect(200);
    shop.run().await;
    let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
    assert_eq!(waiting[0]["reason"], "unknown_reference");
}
