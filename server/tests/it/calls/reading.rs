//! Lists, filters, timelines and live commands through the API.

use sautikit_api::actions::parse_list;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::LegRecordId;
use serde_json::json;

use super::support::{FROM, Scene};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_call_is_found_by_either_spelling
    another_workspaces_call_answers_like_an_unknown_one
    pages_are_stable_while_calls_come_in
    the_list_is_filtered
    filters_that_mean_nothing_are_refused
    statistics_sum_by_day_of_the_workspace
    a_server_that_failed_is_counted_by_call_and_over_all
    the_timeline_comes_oldest_first
    a_hangup_is_passed_to_the_gateway
    an_ended_call_can_not_be_hung_up
    new_actions_are_passed_to_the_gateway
    an_ended_call_takes_no_actions
}

async fn a_call_is_found_by_either_spelling(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let by_pbx = scene.asha.get(&format!("/v1/calls/{}", order.call_id.pbx_call_id())).await.expect(200).json;
    assert_eq!(by_pbx, scene.call(order.call_id).await);
    assert_eq!(by_pbx["pbx_call_id"], json!(order.call_id.pbx_call_id()));
    let (leg, brian) = (&by_pbx["legs"][0], scene.server.onboarded("brian@example.com").await);
    for id in [&leg["id"], &leg["pbx_call_id"]] {
        let path = format!("/v1/calls/{}", id.as_str().expect("an id"));
        assert_eq!(scene.asha.get(&path).await.expect(200).json, by_pbx);
        brian.get(&path).await.expect_error("calls.not_found");
        // It is read by that, and not steered.
        scene.asha.post(&format!("{path}/hangup"), json!({})).await.expect_error("calls.not_found");
    }
    // Callbacks name it before there is a record of it.
    let dialled = format!("/v1/calls/{}", LegRecordId::dialled(order.call_id, 9).pbx_call_id());
    assert_eq!(scene.asha.get(&dialled).await.expect(200).json, by_pbx);
    brian.get(&dialled).await.expect_error("calls.not_found");
    scene.asha.get("/v1/calls/HD_nonsense").await.expect_error("calls.not_found");
}

async fn another_workspaces_call_answers_like_an_unknown_one(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let brian = scene.server.onboarded("brian@example.com").await;
    for path in ["", "/events", "/stream"] {
        let path = format!("/v1/calls/{}{path}", order.call_id);
        brian.get(&path).await.expect_error("calls.not_found");
    }
    let hangup = format!("/v1/calls/{}/hangup", order.call_id);
    brian.post(&hangup, json!({})).await.expect_error("calls.not_found");
    assert!(scene.gateway.hung_up().is_empty());
    assert_eq!(brian.get("/v1/calls").await.expect(200).json, json!([]));
}

async fn pages_are_stable_while_calls_come_in(server: Server) {
    let scene = Scene::set(server).await;
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.push(json!(scene.place().await.call_id));
        scene.advance(1_000);
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/calls?limit=2".to_owned());
    loop {
        let page = scene.asha.get(&path).await.expect(200);
        seen.extend(page.json.as_array().unwrap().iter().map(|call| call["id"].clone()));
        // A call that begins meanwhile belongs before the first page and moves nothing.
        scene.place().await;
        scene.advance(1_000);
        let Some(cursor) = page.header("x-next-cursor") else { break };
        path = format!("/v1/calls?limit=2&cursor={cursor}");
    }
    placed.reverse();
    assert_eq!(seen, placed);
    scene.asha.get("/v1/calls?cursor=x").await.expect_error("validation.invalid_cursor");
}

async fn the_list_is_filtered(server: Server) {
    let scene = Scene::set(server).await;
    let busy = scene.place().await;
    scene.fail(&busy, CallStatus::Busy, "busy").await;
    scene.advance(86_400_000);
    scene.place().await;
    let number = FROM.trim_start_matches('+');
    for (query, count) in [
        ("status=busy", 1),
        ("status=ringing", 1),
        ("direction=outbound", 2),
        ("direction=inbound", 0),
        ("from_date=2026-11-03", 1),
        ("to_date=2026-11-02", 1),
        ("from_date=2026-11-02T00:00:00Z&to_date=2026-11-04T00:00:00Z", 2),
        ("remote=722000042", 2),
        ("remote=722000043", 0),
        ("remote=0722000042", 2),
        ("remote=0722+000-042", 2),
        ("remote=00254722000042", 2),
        ("remote=tel:%2B254722000042", 2),
        ("number=0700000001", 2),
        (&format!("number=%2B{number}"), 2),
        ("number=%2B254700000009", 0),
    ] {
        let calls = scene.asha.get(&format!("/v1/calls?{query}")).await.expect(200).json;
        assert_eq!(calls.as_array().unwrap().len(), count, "{query}");
    }
}

async fn filters_that_mean_nothing_are_refused(server: Server) {
    let scene = Scene::set(server).await;
    for (field, value) in [("status", "sleeping"), ("direction", "up"), ("from_date", "yesterday"), ("remote", "%25")] {
        let refused = scene.asha.get(&format!("/v1/calls?{field}={value}")).await;
        assert_eq!(refused.expect_error("validation.bad_request").json["error"]["field"], field);
    }
}

async fn statistics_sum_by_day_of_the_workspace(server: Server) {
    let scene = Scene::set(server).await;
    let busy = scene.place().await;
    scene.fail(&busy, CallStatus::Busy, "busy").await;
    scene.advance(86_400_000);
    scene.place().await;
    let stats = scene.asha.get("/v1/calls/stats").await.expect(200).json;
    assert_eq!(
        (&stats["total_calls"], &stats["answered_calls"], &stats["failed_calls"], &stats["currency"]),
        (&json!(2), &json!(0), &json!(1), &json!("KES")),
        "one rings still"
    );
    let days = stats["buckets"].as_array().unwrap();
    assert_eq!(days.len(), 14);
    assert_eq!((&days[12]["failed_calls"], &days[13]["total_calls"]), (&json!(1), &json!(1)));
    let one = scene.asha.get("/v1/calls/stats?from=2026-11-02&to=2026-11-02&bucket=hour").await.expect(200).json;
    assert_eq!((&one["total_calls"], one["buckets"].as_array().unwrap().len()), (&json!(1), 24));

    let brian = scene.server.onboarded("brian@example.com").await;
    assert_eq!(brian.get("/v1/calls/stats").await.expect(200).json["total_calls"], json!(0));
    for query in ["bucket=week", "from=soon", "from=2020-01-01"] {
        let refused = scene.asha.get(&format!("/v1/calls/stats?{query}")).await;
        refused.expect_error("validation.bad_request");
    }
}

async fn a_server_that_failed_is_counted_by_call_and_over_all(server: Server) {
    let scene = Scene::set(server).await;
    let (well, badly) = (scene.place().await, scene.place().await);
    let app = &scene.server.app;
    let entry = |id, kind: &'static str, data: serde_json::Value| {
        scene.gateway.with(id, |record| record.entry(kind, app.now_us(), data));
    };
    entry(well.call_id, "callback.answered", json!({ "ms": 40, "status": 200 }));
    // Nobody waited for these: the caller hung up, and new actions came.
    entry(well.call_id, "callback.failed", json!({ "ms": 3, "code": "calls.not_live" }));
    entry(well.call_id, "callback.failed", json!({ "ms": 3, "reason": "its answer is not waited for any more" }));
    entry(badly.call_id, "callback.failed", json!({ "code": "call.callback_failed" }));
    entry(badly.call_id, "callback.answered", json!({ "ms": 90, "status": 200 }));
    scene.advance(1_000);
    for order in [&well, &badly] {
        scene.fail(order, CallStatus::Busy, "busy").await;
    }
    assert_eq!(scene.call(well.call_id).await["failed_callbacks"], 0);
    assert_eq!(scene.call(badly.call_id).await["failed_callbacks"], 1);
    let list = scene.asha.get("/v1/calls").await.expect(200).json;
    let failed: i64 = list.as_array().unwrap().iter().filter_map(|call| call["failed_callbacks"].as_i64()).sum();
    assert_eq!(failed, 1);
    let stats = scene.asha.get("/v1/calls/stats").await.expect(200).json;
    assert_eq!(stats["callbacks"], json!({ "answered": 2, "failed": 1, "p95_ms": 90 }));
    let brian = scene.server.onboarded("brian@example.com").await;
    let none = json!({ "answered": 0, "failed": 0, "p95_ms": null });
    assert_eq!(brian.get("/v1/calls/stats").await.expect(200).json["callbacks"], none);
}

async fn the_timeline_comes_oldest_first(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let app = &scene.server.app;
    scene.advance(2_000);
    scene.gateway.with(order.call_id, |record| record.entry("leg.ringing", app.now_us(), json!({ "leg": 0 })));
    scene.advance(2_000);
    scene.answer(&order).await;
    scene.advance(1_000);
    scene.hang_up(&order).await;
    scene.run_jobs().await;
    let events = scene.asha.get(&format!("/v1/calls/{}/events", order.call_id)).await.expect(200).json;
    let events = events.as_array().unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["call.ringing", "leg.ringing", "call.answered", "call.completed", "call.billed"]);
    let sequences: Vec<_> = events.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
    assert_eq!(events[1]["data"], json!({ "leg": 0 }));
    assert_eq!(events[1]["occurred_at"], "2026-11-02T08:00:03Z");
}

async fn a_hangup_is_passed_to_the_gateway(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let path = format!("/v1/calls/{}/hangup", order.call_id.pbx_call_id());
    let writer = scene.server.key_of(&scene.asha, &["calls:write"]).await;
    writer.send("POST", &path, None, "").await.expect(200);
    assert_eq!(scene.gateway.hung_up(), [order.call_id]);
}

async fn new_actions_are_passed_to_the_gateway(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let path = format!("/v1/calls/{}/actions", order.call_id);
    let writer = scene.server.key_of(&scene.asha, &["calls:write"]).await;
    let actions = json!([{ "say": { "text": "One moment." } }, { "hangup": {} }]);
    writer.post(&path, json!({ "actions": actions })).await.expect(200);
    let replaced = scene.gateway.replaced();
    let [(call_id, taken)] = replaced.as_slice() else { panic!("{replaced:?}") };
    assert_eq!((*call_id, Some(taken)), (order.call_id, parse_list(&actions).ok().as_ref()));
    let refused = scene.asha.post(&path, json!({ "actions": [{ "sing": {} }] })).await;
    refused.expect_error("actions.invalid");
    assert_eq!(scene.gateway.replaced().len(), 1);

    let send = async |xml: &str| writer.send("POST", &path, Some("text/xml; charset=utf-8"), xml).await;
    send("<Response><Say>One moment.</Say><Sing/><Hangup/></Response>").await.expect(200);
    let [_, (_, taken)] = &scene.gateway.replaced()[..] else { panic!("two of them") };
    assert_eq!(Some(taken), parse_list(&actions).ok().as_ref());
    send("<Page/>").await.expect_error("actions.invalid");
}

async fn an_ended_call_takes_no_actions(server: Server) {
    let scene = Scene::set(server).await;
    let id = scene.talk(1_000).await;
    let refused = scene.asha.post(&format!("/v1/calls/{id}/actions"), json!({ "actions": [] })).await;
    refused.expect_error("calls.not_live");
    assert!(scene.gateway.replaced().is_empty());
}

async fn an_ended_call_can_not_be_hung_up(server: Server) {
    let scene = Scene::set(server).await;
    let id = scene.talk(1_000).await;
    let path = format!("/v1/calls/{id}/hangup");
    scene.asha.post(&path, json!({})).await.expect_error("calls.not_live");
    assert!(scene.gateway.hung_up().is_empty());
}
