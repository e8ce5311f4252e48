//! The sandbox carrier as customers use it.

use serde_json::json;

use super::support::{Customer, FROM, Live, eventually};
use crate::fields::{NEEDS_A_GATEWAY, names_what_is_wrong};
use crate::support::endpoints;

#[tokio::test]
async fn a_repeated_sandbox_call_comes_in_once() {
    let live = Live::with_money().await;
    let asha = live.asha.with("idempotency-key", "k");
    let body = json!({ "from": "+254722000077", "to": FROM });
    let mut answers = Vec::new();
    for replayed in [None, Some("true")] {
        let answer = asha.post("/v1/sandbox/inbound", body.clone()).await.expect(202);
        assert_eq!(answer.header("idempotent-replayed"), replayed);
        answers.push(answer.json);
    }
    assert_eq!(answers[0], answers[1]);
    // A later caller's call: when it is there, what the requests before it caused is there too.
    live.asha.post("/v1/sandbox/inbound", json!({ "from": "+254722000078", "to": FROM })).await.expect(202);
    let callers = eventually("both callers' calls", async || {
        let calls = live.asha.get("/v1/calls").await.expect(200).json;
        let mut callers: Vec<_> = calls.as_array()?.iter().map(|call| call["from"].to_string()).collect();
        callers.sort();
        callers.last()?.contains("78").then_some(callers).filter(|callers| callers[0].contains("77"))
    })
    .await;
    assert_eq!(callers.len(), 2, "{callers:?}");
}

#[tokio::test]
async fn wrong_members_are_named_and_foreign_numbers_are_unknown_ones() {
    let live = Live::with_money().await;
    let endpoint = endpoints().into_iter().find(|endpoint| endpoint.name() == NEEDS_A_GATEWAY).expect("described");
    assert!(names_what_is_wrong(&endpoint, &live.asha, None).await > 5);
    let stranger = Customer::claims(&live.server, "bob@example.com", 0).await;
    let ask = async |to: &str| {
        let body = json!({ "from": "+254722000077", "to": to });
        let refused = stranger.client.post("/v1/sandbox/inbound", body).await.expect_error("numbers.not_assigned");
        refused.json["error"]["message"].to_string().replace(to, "…")
    };
    assert_eq!(ask(FROM).await, ask("+254799999999").await);
    assert_eq!(live.asha.get("/v1/calls").await.expect(200).json, json!([]));
}

#[tokio::test]
async fn numbers_are_taken_in_national_form_and_the_answer_names_the_call() {
    let live = Live::with_money().await;
    for (from, to) in [("0722000077", "0700000001"), ("tel:+254-722-000-077", "tel:+254700000001")] {
        let answer = live.asha.post("/v1/sandbox/inbound", json!({ "from": from, "to": to })).await.expect(202).json;
        let id = answer["call_id"].as_str().expect("an id");
        let call = live.asha.get(&format!("/v1/calls/{id}")).await.expect(200).json;
        assert_eq!((&call["from"], &call["to"]), (&json!("+254722000077"), &json!(FROM)));
        assert_eq!(answer["pbx_session_id"], call["pbx_call_id"]);
    }
    let nobody = live.asha.post("/v1/sandbox/inbound", json!({ "from": "nobody", "to": FROM })).await;
    assert_eq!(nobody.expect_error("validation.bad_request").json["error"]["field"], "from");
}
