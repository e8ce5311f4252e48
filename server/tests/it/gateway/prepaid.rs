//! Calls that come in and cost nothing, and what they dial, which does.

use serde_json::json;

use super::carrier::{Carrier, Manner};
use super::support::{Live, eventually};
use sautikit::calls::{self, Hub};

const CALLEE: &str = "+254722000042";

#[tokio::test]
async fn a_call_of_which_nothing_costs_any_more_outlives_the_money() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    // Four seconds of the callee; the call lasts six.
    let live = Live::prepaid_with_carrier(&carrier, 20).await;
    let actions = json!([{ "dial": { "to": CALLEE, "maxDuration": 1 } }, { "pause": { "length": 5 } }]);
    live.call_in(&mut carrier, actions).await;
    let call = live.newest_call().await;
    let call = live.billed(call["id"].as_str().expect("an id")).await;
    assert_eq!((&call["status"], &call["hangup_cause"]), (&json!("completed"), &json!("normal_clearing")));
    assert_eq!(call["cost_minor"], 5);
}

#[tokio::test]
async fn a_target_without_a_way_holds_nothing() {
    let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_carriers([(&carrier, "+254711")]).await;
    let actions =
        json!([{ "dial": { "to": CALLEE } }, { "say": { "text": "Karibu." } }, { "pause": { "length": 60 } }]);
    live.call_in(&mut carrier, actions).await;
    let call = live.newest_call().await;
    assert_eq!(live.event(&call, "leg.ended").await["cause"], "calls.no_route");
    let app = &live.server.app;
    eventually("what was reserved is given back", async || {
        calls::record::tick(app);
        Hub::of(app).writer().press();
        let wallet = live.asha.get("/v1/wallet/balance").await.expect(200).json;
        (wallet["held_minor"] == 0).then_some(())
    })
    .await;
    let id = call["id"].as_str().expect("an id");
    assert_eq!(live.call_that_is(id, "answered").await["ended_at"], json!(null), "the call goes on");
}
