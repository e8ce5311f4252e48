//! `POST /v1/calls`: what is accepted, what is refused, and that the gateway hears of accepted calls only.

use sautikit_api::actions::parse_list;
use serde_json::json;

use super::support::{FROM, Scene, TO};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_placed_call_rings
    originate_is_the_same_endpoint
    a_repeated_request_dials_once
    a_call_takes_its_workspaces_room_while_it_is_set_up
    no_money_and_the_gateway_is_not_told
    emergency_numbers_are_refused_before_anything_else
    a_from_of_nobody_or_of_another_workspace_is_refused
    a_destination_without_a_price_is_blocked
    a_national_number_is_normalised
    several_targets_ring_each_once
    actions_that_do_not_validate_are_refused
    actions_may_be_given_as_a_document_of_xml
    callback_and_actions_exclude_each_other
    sizes_and_times_are_bounded
    placing_needs_its_scope
}

async fn a_placed_call_rings(server: Server) {
    let scene = Scene::set(server).await;
    let body = json!({ "from": FROM, "to": TO, "metadata": { "order": 7 }, "timeout": 30 });
    let accepted = scene.asha.post("/v1/calls", body).await.expect(202).json;
    let order = scene.gateway.last_order();
    assert_eq!(accepted["call_id"], json!(order.call_id));
    assert_eq!(accepted["pbx_session_id"], json!(order.call_id.pbx_call_id()));
    assert_eq!(accepted["status"], "ringing");
    let stream = format!("{}/v1/calls/{}/stream?token=", crate::support::ORIGIN, order.call_id);
    assert!(accepted["stream_url"].as_str().unwrap().starts_with(&stream));
    assert_eq!((order.from_e164.as_str(), order.ring_timeout_seconds), (FROM, 30));

    let call = scene.call(order.call_id).await;
    assert_eq!(call["direction"], "outbound");
    assert_eq!((&call["from"], &call["local_e164"]), (&json!(FROM), &json!(FROM)));
    assert_eq!((&call["to"], &call["remote_e164"]), (&json!(TO), &json!(TO)));
    assert_eq!(call["metadata"], json!({ "order": 7 }));
    assert_eq!(call["cost_minor"], json!(null));
    assert_eq!(call["legs"][0]["rate_per_min_e4"], 3_000_000);
    assert_eq!(scene.told(order.call_id).await, ["call.started"]);
}

async fn originate_is_the_same_endpoint(server: Server) {
    let scene = Scene::set(server).await;
    scene.asha.post("/v1/calls/originate", json!({ "from": FROM, "to": TO })).await.expect(202);
    assert_eq!(scene.gateway.ordered(), 1);
}

async fn a_call_takes_its_workspaces_room_while_it_is_set_up(server: Server) {
    let scene = Scene::set(server).await;
    let asha = scene.asha.with("idempotency-key", "k");
    for _ in 0..2 {
        asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await.expect(202);
    }
    scene.asha.post("/v1/calls", json!({ "from": FROM, "to": "nobody" })).await.expect(400);
    let workspace = scene.asha.get("/v1/workspace").await.expect(200).json["id"].as_str().expect("an id").to_owned();
    let set_ups = scene.gateway.set_ups.lock();
    // A repeated request and one that is refused take room for as long as they are looked at.
    assert_eq!((set_ups.begun.len(), set_ups.done, set_ups.over), (3, 1, 3));
    assert!(set_ups.begun.iter().all(|of| of.to_string() == workspace));
}

async fn a_repeated_request_dials_once(server: Server) {
    let scene = Scene::set(server).await;
    let asha = scene.asha.with("idempotency-key", "k");
    let first = asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await.expect(202);
    let second = asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await.expect(202);
    assert_eq!(first.text, second.text);
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!(scene.gateway.ordered(), 1);
}

async fn no_money_and_the_gateway_is_not_told(server: Server) {
    let scene = Scene::set(server).await;
    let minutes = u64::try_from(scene.balance().await / 300).unwrap() + 1;
    scene.talk(minutes * 60_000).await;
    // The call took place and may overdraw; the next one is refused.
    let refused = scene.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await;
    refused.expect_error("wallet.insufficient_funds");
    assert!(scene.balance().await < 0);
    assert_eq!(scene.gateway.ordered(), 1);
    scene.top_up(10_000).await;
    scene.place().await;
}

async fn emergency_numbers_are_refused_before_anything_else(server: Server) {
    let scene = Scene::set(server).await;
    for to in ["999", "112", "+999", "911", "100", "tel:999", "00112"] {
        let body = json!({ "from": "+254700000099", "to": to, "timeout": 1 });
        let refused = scene.asha.post("/v1/calls", body).await.expect_error("calls.emergency_blocked");
        let error = &refused.json["error"];
        assert_eq!(error["field"], "to");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(to)), "{error}");
    }
    assert_eq!(scene.gateway.ordered(), 0);
}

async fn a_from_of_nobody_or_of_another_workspace_is_refused(server: Server) {
    let scene = Scene::set(server).await;
    let brian = scene.server.onboarded("brian@example.com").await;
    for (client, from) in [(&scene.asha, "+254700000002"), (&scene.asha, "nonsense"), (&brian, FROM)] {
        let refused = client.post("/v1/calls", json!({ "from": from, "to": TO })).await;
        assert_eq!(refused.expect_error("validation.bad_request").json["error"]["field"], "from");
    }
    assert_eq!(scene.gateway.ordered(), 0);
}

async fn a_destination_without_a_price_is_blocked(server: Server) {
    let scene = Scene::set(server).await;
    let abroad = json!({ "from": FROM, "to": "+4930123456" });
    let refused = scene.asha.post("/v1/calls", abroad).await.expect_error("calls.destination_blocked");
    let error = &refused.json["error"];
    assert_eq!(error["field"], "to");
    assert!(error["message"].as_str().is_some_and(|message| message.contains("+4930123456")), "{error}");
    assert_eq!(scene.gateway.ordered(), 0);
}

async fn a_national_number_is_normalised(server: Server) {
    let scene = Scene::set(server).await;
    for (from, to) in [
        ("0700000001", "0722 000 042"),
        ("tel:+254-700-000-001", "tel:+254-722-000-042;ext=7"),
        ("00254700000001", "00254722000042"),
        ("700000001", "254722000042"),
    ] {
        scene.asha.post("/v1/calls", json!({ "from": from, "to": to })).await.expect(202);
        let order = scene.gateway.last_order();
        assert_eq!((order.from_e164.as_str(), order.targets[0].e164.as_str()), (FROM, TO), "{from} {to}");
    }
    let nonsense = scene.asha.post("/v1/calls", json!({ "from": FROM, "to": "+25472200" })).await;
    assert_eq!(nonsense.expect_error("validation.bad_request").json["error"]["field"], "to");
}

async fn several_targets_ring_each_once(server: Server) {
    let scene = Scene::set(server).await;
    let to = [TO, "0722000042", "+254722000043"];
    scene.asha.post("/v1/calls", json!({ "from": FROM, "to": to })).await.expect(202);
    let order = scene.gateway.last_order();
    let targets: Vec<_> = order.targets.iter().map(|target| target.e164.as_str()).collect();
    assert_eq!(targets, [TO, "+254722000043"]);
    let none = scene.asha.post("/v1/calls", json!({ "from": FROM, "to": [] })).await;
    assert_eq!(none.expect_error("validation.bad_request").json["error"]["field"], "to");
}

async fn actions_that_do_not_validate_are_refused(server: Server) {
    let scene = Scene::set(server).await;
    // Nobody is turned away whom one calls.
    for actions in [json!([{ "fly": {} }]), json!("say"), json!([{ "say": {} }]), json!([{ "reject": {} }])] {
        let body = json!({ "from": FROM, "to": TO, "actions": actions });
        let refused = scene.asha.post("/v1/calls", body).await.expect_error("actions.invalid");
        assert_eq!(refused.json["error"]["field"], "actions", "{}", refused.text);
    }
    assert_eq!(scene.gateway.ordered(), 0);
    let body = json!({ "from": FROM, "to": TO, "actions": [{ "say": { "text": "Habari" } }, { "hangup": {} }] });
    scene.asha.post("/v1/calls", body).await.expect(202);
    assert!(scene.gateway.last_order().actions.is_some());
}

async fn actions_may_be_given_as_a_document_of_xml(server: Server) {
    let scene = Scene::set(server).await;
    let body = |xml: &str| json!({ "from": FROM, "to": TO, "xml": xml });
    scene.asha.post("/v1/calls", body("<Response><Say>Habari</Say><Hangup/></Response>")).await.expect(202);
    let given = json!([{ "say": { "text": "Habari" } }, { "hangup": {} }]);
    assert_eq!(scene.gateway.last_order().actions, parse_list(&given).ok());
    let refused = scene.asha.post("/v1/calls", body("<Page/>")).await.expect_error("actions.invalid");
    assert_eq!(refused.json["error"]["field"], "xml", "{}", refused.text);
    let mut both = body("<Response/>");
    both["actions"] = given;
    let refused = scene.asha.post("/v1/calls", both).await.expect_error("validation.bad_request");
    assert_eq!((&refused.json["error"]["field"], scene.gateway.ordered()), (&json!("xml"), 1));
}

async fn callback_and_actions_exclude_each_other(server: Server) {
    let scene = Scene::set(server).await;
    let body = json!({ "from": FROM, "to": TO, "actions": [{ "hangup": {} }],
        "voice_callback_url": "https://ivr.example.com/voice" });
    let refused = scene.asha.post("/v1/calls", body).await.expect_error("validation.bad_request");
    assert_eq!(refused.json["error"]["field"], "actions");
}

async fn sizes_and_times_are_bounded(server: Server) {
    let scene = Scene::set(server).await;
    let wrong = [
        ("timeout", json!(4)),
        ("timeout", json!(601)),
        ("max_duration", json!(0)),
        ("max_duration", json!(14_401)),
        ("metadata", json!("x".repeat(4_096))),
        ("voice_callback_url", json!("ftp://example.com/")),
        ("events_url", json!("https://10.0.0.1/")),
        ("volume", json!(11)),
    ];
    for (field, value) in wrong {
        let mut body = json!({ "from": FROM, "to": TO });
        body[field] = value;
        let refused = scene.asha.post("/v1/calls", body).await.expect_error("validation.bad_request");
        assert_eq!(refused.json["error"]["field"], field);
    }
    assert_eq!(scene.gateway.ordered(), 0);
}

async fn placing_needs_its_scope(server: Server) {
    let scene = Scene::set(server).await;
    let reader = scene.server.key_of(&scene.asha, &["calls:read"]).await;
    // Before the body is looked at.
    reader.post("/v1/calls", json!({})).await.expect_error("api_key.scope_denied");
    let writer = scene.server.key_of(&scene.asha, &["calls:write"]).await;
    writer.post("/v1/calls", json!({ "from": FROM, "to": TO })).await.expect(202);
}
