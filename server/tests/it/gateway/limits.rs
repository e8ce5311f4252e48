//! What a `dial` may: refused before any carrier is asked, with the code on the call's timeline.

use serde_json::{Value, json};

use super::support::{FROM, Live, serve};

/// How the leg that a caller's number dials ends, where the workspace has set these limits.
async fn end_of_dial(to: &str, limits: Value) -> Value {
    let live = Live::with_money().await;
    let url = serve(json!([{ "dial": { "to": to } }])).await;
    live.route(json!({ "voice_callback_url": url })).await;
    live.asha.put("/v1/wallet/limits", limits).await.expect(200);
    live.asha.post("/v1/sandbox/inbound", json!({ "from": "+254722000077", "to": FROM })).await.expect(202);
    let call = live.newest_call().await;
    // Of the legs the dialled one is over first.
    live.event(&call, "leg.ended").await["cause"].clone()
}

#[tokio::test]
async fn a_dial_that_the_workspace_may_not_ends_with_the_code() {
    for (to, limits, code) in [
        ("+255713000000", json!({}), "calls.destination_blocked"),
        ("+870773111632", json!({}), "calls.destination_blocked"),
        ("112", json!({}), "calls.emergency_blocked"),
        ("+254722000042", json!({ "spend_per_day_minor": 0 }), "spend_limit.reached"),
    ] {
        assert_eq!(end_of_dial(to, limits).await, code, "{to}");
    }
}
