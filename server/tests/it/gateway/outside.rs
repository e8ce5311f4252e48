//! SIP addresses of other domains: off, on, and never inside.

use sautikit::config::Config;
use serde_json::{Value, json};

use super::support::{Live, serve};
use crate::support::{Engine, Server};

/// A server that calls addresses of others.
async fn live(change: impl FnOnce(&mut Config)) -> Live {
    Live::of(Server::start(Engine::Sqlite).await.configured(change)).await
}

/// How a `dial` of this address ended, by the timeline's words for it.
async fn dialled(live: &Live, address: &str) -> Value {
    let url = serve(json!([{ "dial": { "to": { "sip": address } } }])).await;
    live.route(json!({ "voice_callback_url": url })).await;
    let before = live.asha.get("/v1/calls").await.expect(200).json.as_array().expect("calls").len();
    live.asha
        .post("/v1/sandbox/inbound", json!({ "from": "+254722000077", "to": super::support::FROM }))
        .await
        .expect(202);
    let call = super::support::eventually("a call", async || {
        let calls = live.asha.get("/v1/calls").await.expect(200).json;
        (calls.as_array().expect("calls").len() > before).then(|| calls[0].clone())
    })
    .await;
    live.event(&call, "leg.ended").await
}

#[tokio::test]
async fn addresses_of_others_are_not_called_unless_the_operator_says_so() {
    let live = live(|_| {}).await;
    let ended = dialled(&live, "sip:sales@192.0.2.7:5999").await;
    assert_eq!(ended["cause"], "calls.destination_blocked", "{ended}");
}

#[tokio::test]
async fn addresses_inside_are_not_called_even_then() {
    let live = live(|config| config.sip.external_targets = true).await;
    for address in [
        "sip:sales@10.0.0.1",
        "sip:sales@169.254.169.254:5060",
        "sip:sales@127.0.0.2:80",
        "sip:sales@8.8.8.8;transport=ws",
    ] {
        let ended = dialled(&live, address).await;
        assert_eq!(ended["cause"], "calls.destination_blocked", "{address}: {ended}");
    }
}
