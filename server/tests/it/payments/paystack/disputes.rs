//! What Paystack takes back, and gives back after a dispute: each once, in whichever order it is told.

use std::time::Duration;

use serde_json::{Value, json};

use super::Shop;
use crate::support::{Server, on_each_engine};

on_each_engine! {
    refunds_and_disputes_take_out_once_and_never_more_than_came
    a_dispute_that_is_told_to_be_won_before_it_is_opened_takes_nothing
    a_dispute_that_is_settled_for_less_gives_the_rest_back
    a_disputes_own_refund_takes_nothing_twice_whenever_it_is_told
}

async fn refunds_and_disputes_take_out_once_and_never_more_than_came(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = shop.asked(100_000).await;
    let reference = top_up["id"].as_str().expect("an id").to_owned();
    shop.paystack.has(&reference, "success", 100_000, "KES");
    // The refund is told before the charge: it waits for it.
    let refund = json!({ "transaction_reference": reference, "refund_reference": "R1", "amount": "30000" });
    shop.tell("refund.processed", refund.clone()).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 0);
    shop.tell("charge.success", json!({ "reference": reference })).await.expect(200);
    shop.run().await;
    for _ in 0..3 {
        shop.tell("refund.processed", refund.clone()).await.expect(200);
        shop.server.clock.advance(Duration::from_secs(60));
        shop.run().await;
    }
    assert_eq!(shop.balance().await, 70_000);
    // A dispute over all takes what is left, and comes back when it is won.
    let dispute = json!({ "id": 9, "refund_amount": 100_000, "transaction": { "reference": reference } });
    shop.tell("charge.dispute.create", dispute).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 0);
    let won = json!({ "id": 9, "resolution": "declined", "transaction": { "reference": reference } });
    for _ in 0..2 {
        shop.tell("charge.dispute.resolve", won.clone()).await.expect(200);
        shop.run().await;
    }
    assert_eq!(shop.balance().await, 70_000);
    let told = shop.server.text_of_last_mail();
    assert!(told.contains("gave the money back") && told.contains("Balance now: KES 700.00"), "{told}");
    let ledger = shop.owner.get("/v1/wallet/ledger").await.expect(200).json;
    let kinds: Vec<&str> = ledger.as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["refund", "reversal", "reversal", "top_up"]);
    assert!(shop.is_sound().await);
}

async fn a_dispute_that_is_told_to_be_won_before_it_is_opened_takes_nothing(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = shop.asked(100_000).await;
    let reference = top_up["id"].as_str().expect("an id").to_owned();
    shop.paystack.has(&reference, "success", 100_000, "KES");
    shop.tell("charge.success", json!({ "reference": reference })).await.expect(200);
    shop.run().await;
    let won = json!({ "id": 9, "resolution": "declined", "transaction": { "reference": reference } });
    shop.tell("charge.dispute.resolve", won).await.expect(200);
    shop.run().await;
    let opened = json!({ "id": 9, "refund_amount": 100_000, "transaction": { "reference": reference } });
    shop.tell("charge.dispute.create", opened).await.expect(200);
    shop.run().await;
    shop.server.clock.advance(Duration::from_secs(60));
    shop.run().await;
    assert_eq!(shop.balance().await, 100_000);
    assert!(shop.is_sound().await);
}

async fn a_dispute_that_is_settled_for_less_gives_the_rest_back(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = shop.asked(100_000).await;
    let reference = top_up["id"].as_str().expect("an id").to_owned();
    shop.paystack.has(&reference, "success", 100_000, "KES");
    shop.tell("charge.success", json!({ "reference": reference })).await.expect(200);
    let opened = json!({ "id": 9, "refund_amount": null, "transaction": { "reference": reference } });
    shop.tell("charge.dispute.create", opened).await.expect(200);
    shop.run().await;
    shop.server.clock.advance(Duration::from_secs(60));
    shop.run().await;
    assert_eq!(shop.balance().await, 0);
    let settled = json!({ "id": 9, "resolution": "merchant-accepted", "refund_amount": 25_000,
        "transaction": { "reference": reference } });
    for _ in 0..2 {
        shop.tell("charge.dispute.resolve", settled.clone()).await.expect(200);
        shop.run().await;
    }
    assert_eq!(shop.balance().await, 75_000);
    assert!(shop.is_sound().await);
}

async fn a_disputes_own_refund_takes_nothing_twice_whenever_it_is_told(server: Server) {
    let shop = Shop::open(server).await;
    let told = async |event: &str, data: Value| {
        shop.server.clock.advance(Duration::from_secs(1));
        shop.tell(event, data).await.expect(200);
        shop.run().await;
    };
    // What the dispute takes when it is opened, and when its payout is told: before it is settled, after it, or both.
    let cases = [
        (Some(100_000), true, false),
        (Some(100_000), false, true),
        (Some(40_000), true, true),
        (Some(40_000), false, true),
    ];
    let mut expected = 0;
    for (case, (opened_minor, before, after)) in (1..).zip(cases) {
        let top_up = shop.asked(100_000).await;
        let reference = top_up["id"].as_str().expect("an id").to_owned();
        shop.paystack.has(&reference, "success", 100_000, "KES");
        told("charge.success", json!({ "reference": reference })).await;
        let of = |data: Value| {
            let mut data = data;
            data["id"] = json!(case);
            data["transaction"] = json!({ "reference": reference });
            data
        };
        let refund =
            json!({ "transaction_reference": reference, "refund_reference": format!("R{case}"), "amount": "25000" });
        told("charge.dispute.create", of(json!({ "refund_amount": opened_minor }))).await;
        if before {
            told("refund.processed", refund.clone()).await;
        }
        told("charge.dispute.resolve", of(json!({ "resolution": "merchant-accepted", "refund_amount": 25_000 }))).await;
        if after {
            told("refund.processed", refund.clone()).await;
        }
        expected += 75_000;
        assert_eq!(shop.balance().await, expected, "case {case}");
        // Another refund, of as much, is one of its own.
        let another =
            json!({ "transaction_reference": reference, "refund_reference": format!("S{case}"), "amount": "25000" });
        for _ in 0..2 {
            told("refund.processed", another.clone()).await;
        }
        expected -= 25_000;
        assert_eq!(shop.balance().await, expected, "case {case}");
    }
    assert!(shop.is_sound().await);
}
