//! Calls between numbers of this server: no carrier sees them, each side has a record of its own.

use serde_json::{Value, json};

use super::browser::Browser;
use super::support::{Customer, FROM, Live, eventually, serve};

async fn calls_of(customer: &crate::support::Client) -> Vec<Value> {
    customer.get("/v1/calls").await.expect(200).json.as_array().expect("a list").clone()
}

#[tokio::test]
async fn the_callee_has_a_record_of_its_own_and_no_carrier_is_asked() {
    let live = Live::with_money().await;
    let neighbour = Customer::claims(&live.server, "neighbour@example.com", 10_000).await;
    let url =
        serve(json!([{ "say": { "text": "Karibu nyumbani kwetu, subiri kidogo." } }, { "pause": { "length": 60 } }]))
            .await;
    let path = format!("/v1/numbers/{}/routing", neighbour.number_id);
    neighbour.client.patch(&path, json!({ "voice_callback_url": url })).await.expect(200);
    let mut tab = Browser::open(&live, "asha").await;
    let session = tab.call(&neighbour.e164, &["111", "0", "8", "13", "110", "126"]).await;
    tab.answered().await;
    let ours = live.newest_call().await;
    let theirs = calls_of(&neighbour.client).await;
    let [theirs] = &theirs[..] else { panic!("{theirs:?}") };
    assert_eq!(
        (&theirs["direction"], &theirs["from"], &theirs["to"]),
        (&json!("inbound"), &json!(FROM), &json!(neighbour.e164))
    );
    assert_ne!(ours["id"], theirs["id"]);
    tab.hang_up(session).await;
    live.billed(ours["id"].as_str().expect("an id")).await;
    let ended = format!("/v1/calls/{}", theirs["id"].as_str().expect("an id"));
    eventually("the callee's record ends", async || {
        let call = neighbour.client.get(&ended).await.expect(200).json;
        (call["status"] == "completed").then_some(())
    })
    .await;
}

#[tokio::test]
async fn numbers_that_call_each_other_in_a_circle_stop_after_five_hops() {
    let live = Live::with_money().await;
    let url = serve(json!([{ "dial": { "to": [FROM] } }])).await;
    live.route(json!({ "voice_callback_url": url })).await;
    live.asha.post("/v1/sandbox/inbound", json!({ "from": "+254722000077", "to": FROM })).await.expect(202);
    let calls = eventually("every call has ended", async || {
        let calls = calls_of(&live.asha).await;
        let over = |call: &Value| !call["ended_at"].is_null();
        (calls.len() == 6 && calls.iter().all(over)).then_some(calls)
    })
    .await;
    let mut looped = Vec::new();
    for call in &calls {
        assert_eq!(call["answered_at"], json!(null));
        let timeline = live.timeline(call["id"].as_str().expect("an id")).await;
        looped.extend(timeline.into_iter().filter(|event| event["kind"] == "leg.ended" && event["data"]["sip"] == 482));
    }
    assert!(!looped.is_empty(), "{calls:?}");
}
