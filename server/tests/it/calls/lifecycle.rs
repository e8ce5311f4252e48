//! From ringing to the bill, and what a crash in between leaves.

use sautikit::calls::Hub;
use sautikit::calls::{self, CallError, NewInbound};
use sautikit::wallet;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::LegRecordId;
use serde_json::json;

use super::support::{FROM, Scene, TO};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    forty_seven_seconds_cost_235_once
    an_answered_call_costs_an_increment_at_least
    an_unanswered_call_costs_nothing
    the_first_end_wins
    answer_and_end_can_come_in_one_flush
    a_dialled_leg_is_billed_with_its_call
    an_inbound_call_is_free
    a_call_to_a_number_of_this_server_is_free
    a_call_to_no_number_of_ours_is_not_found
    what_live_calls_have_used_is_not_spent_twice
    a_crash_bills_to_the_last_media
    a_wall_clock_that_is_set_moves_no_bill_and_no_hold
    a_crash_bills_no_call_that_was_not_answered
    a_ringing_call_of_a_crash_fails_and_costs_nothing
    calls_of_other_nodes_are_left_alone
    a_call_that_runs_nowhere_is_closed_while_the_server_runs
    a_running_call_that_another_node_closed_is_hung_up
    what_a_dead_node_left_is_closed_once_it_is_sure_that_it_is_dead
}

async fn is_sound(scene: &Scene) {
    let report = wallet::verify::verify(&scene.server.app).await.unwrap();
    assert!(report.is_sound(), "{:?}", report.breaks);
}

async fn forty_seven_seconds_cost_235_once(server: Server) {
    let scene = Scene::set(server).await;
    let before = scene.balance().await;
    let id = scene.talk(46_500).await;
    let ended = scene.call(id).await;
    assert_eq!((&ended["status"], &ended["duration_seconds"]), (&json!("completed"), &json!(47)));
    assert_eq!((&ended["cost_minor"], &ended["legs"][0]["cost_minor"]), (&json!(235), &json!(235)));
    assert!(ended["ledger_entry_id"].is_string());
    assert_eq!(scene.balance().await, before - 235);
    assert_eq!(scene.told(id).await, ["call.started", "call.answered", "call.completed", "call.billed"]);
    is_sound(&scene).await;
}

async fn an_answered_call_costs_an_increment_at_least(server: Server) {
    let scene = Scene::set(server).await;
    let id = scene.talk(0).await;
    let call = scene.call(id).await;
    assert_eq!(
        (&call["status"], &call["duration_seconds"], &call["cost_minor"]),
        (&json!("completed"), &json!(0), &json!(5))
    );
    is_sound(&scene).await;
}

async fn an_unanswered_call_costs_nothing(server: Server) {
    let scene = Scene::set(server).await;
    let before = scene.balance().await;
    for (status, cause) in [
        (CallStatus::Busy, "busy"),
        (CallStatus::NoAnswer, "no_answer"),
        (CallStatus::Failed, "sip.503"),
        (CallStatus::Canceled, "canceled"),
    ] {
        let order = scene.place().await;
        scene.advance(20_000);
        scene.fail(&order, status, cause).await;
        let call = scene.call(order.call_id).await;
        assert_eq!((&call["status"], &call["hangup_cause"]), (&json!(status), &json!(cause)));
        assert_eq!((&call["cost_minor"], &call["duration_seconds"]), (&json!(0), &json!(0)));
        assert_eq!(scene.told(order.call_id).await, ["call.started", "call.failed"]);
    }
    assert_eq!(scene.balance().await, before);
}

async fn the_first_end_wins(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    scene.answer(&order).await;
    // Another node took this one for dead and closed its calls.
    calls::recover(&scene.server.app, &scene.server.app.node_id).await.unwrap();
    let first = scene.call(order.call_id).await;
    let (balance, told) = (scene.balance().await, scene.told(order.call_id).await);
    scene.advance(60_000);
    scene.hang_up(&order).await;
    assert_eq!(scene.call(order.call_id).await, first);
    assert_eq!((scene.balance().await, scene.told(order.call_id).await), (balance, told));
    is_sound(&scene).await;
}

async fn answer_and_end_can_come_in_one_flush(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let (answered_at, leg) = (scene.server.app.now_us(), order.targets[0].leg_id);
    scene.advance(60_000);
    scene.gateway.with(order.call_id, |record| {
        record.leg_answered(leg, answered_at);
        record.answered(answered_at, Some(leg));
    });
    scene.hang_up(&order).await;
    let call = scene.call(order.call_id).await;
    assert_eq!((&call["status"], &call["cost_minor"]), (&json!("completed"), &json!(300)));
    assert_eq!(scene.told(order.call_id).await, ["call.started", "call.answered", "call.completed", "call.billed"]);
}

async fn a_dialled_leg_is_billed_with_its_call(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let new = NewInbound { id: None, number_e164: FROM, caller: Some(TO), country: None, is_on_net: false };
    let mut record = calls::admit_inbound(app, new).await.unwrap().record;
    let (call_id, caller) = (record.call().id, record.call().clone());
    let now_us = app.now_us();
    let dialled =
        calls::admit_leg(app, LegRecordId(app.new_uuid()), caller.workspace_id, &caller.local_e164, "0722000043")
            .await
            .unwrap();
    record.funds().reserve(dialled.id, dialled.rate).await.unwrap();
    record.leg_began(dialled.clone());
    record.answered(now_us, None);
    record.leg_answered(dialled.id, now_us);
    scene.gateway.keep(record);
    scene.advance(47_000);
    scene.end(call_id, CallStatus::Completed, "normal_clearing").await;
    let call = scene.call(call_id).await;
    assert_eq!((&call["direction"], &call["cost_minor"]), (&json!("inbound"), &json!(235)));
    let shares: Vec<_> = call["legs"].as_array().unwrap().iter().map(|leg| leg["cost_minor"].clone()).collect();
    assert_eq!((shares.contains(&json!(0)), shares.contains(&json!(235))), (true, true));
    is_sound(&scene).await;
}

async fn an_inbound_call_is_free(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let before = scene.balance().await;
    let new = NewInbound { id: None, number_e164: FROM, caller: None, country: None, is_on_net: false };
    let mut record = calls::admit_inbound(app, new).await.unwrap().record;
    let id = record.call().id;
    record.answered(app.now_us(), None);
    scene.gateway.keep(record);
    scene.advance(600_000);
    scene.end(id, CallStatus::Completed, "normal_clearing").await;
    let call = scene.call(id).await;
    assert_eq!((&call["cost_minor"], &call["remote_e164"]), (&json!(0), &json!("anonymous")));
    assert_eq!(scene.balance().await, before);
}

async fn a_call_to_a_number_of_this_server_is_free(server: Server) {
    let scene = Scene::set(server).await;
    let before = scene.balance().await;
    scene.asha.post("/v1/calls", json!({ "from": FROM, "to": FROM })).await.expect(202);
    let order = scene.gateway.last_order();
    scene.answer(&order).await;
    scene.advance(60_000);
    scene.hang_up(&order).await;
    let call = scene.call(order.call_id).await;
    assert_eq!((&call["cost_minor"], &call["legs"][0]["kind"]), (&json!(0), &json!("onnet")));
    assert_eq!(scene.balance().await, before);
}

async fn a_call_to_no_number_of_ours_is_not_found(server: Server) {
    let scene = Scene::set(server).await;
    let unclaimed =
        NewInbound { id: None, number_e164: "+254700000002", caller: Some(TO), country: None, is_on_net: false };
    let refused = calls::admit_inbound(&scene.server.app, unclaimed).await;
    assert!(matches!(refused.err(), Some(CallError::NumberUnknown)));
}

async fn what_live_calls_have_used_is_not_spent_twice(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    scene.answer(&order).await;
    // At KES 3 a minute the call has used up the balance after that time, though nothing is debited yet.
    let minutes = u64::try_from(scene.balance().await / 300).unwrap() + 1;
    scene.advance(minutes * 60_000);
    scene.tick().await;
    let refused = scene.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await;
    refused.expect_error("wallet.insufficient_funds");
    assert_eq!(scene.gateway.ordered(), 1);
}

async fn a_crash_bills_to_the_last_media(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let order = scene.place().await;
    scene.answer(&order).await;
    scene.advance(30_000);
    Hub::of(app).writer().heard(vec![(order.call_id, app.clock.monotonic())]);
    scene.tick().await;
    // The node is away for an hour; nobody pays for that.
    scene.advance(3_600_000);
    let recovered = calls::recover(app, &app.node_id).await.unwrap();
    assert_eq!(recovered.len(), 1);
    let call = scene.call(order.call_id).await;
    assert_eq!((&call["status"], &call["duration_seconds"]), (&json!("completed"), &json!(30)));
    assert_eq!(call["cost_minor"], 150);
    assert!(calls::recover(app, &app.node_id).await.unwrap().is_empty());
    assert_eq!(scene.gateway.ordered(), 1, "a recovered call is not dialled again");
    let wallet = scene.asha.get("/v1/wallet/balance").await.expect(200).json;
    assert_eq!(wallet["held_minor"], 0);
    is_sound(&scene).await;
}

async fn a_wall_clock_that_is_set_moves_no_bill_and_no_hold(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    for set_by_us in [3_600_000_000, -7_200_000_000] {
        let order = scene.place().await;
        scene.answer(&order).await;
        scene.advance(10_000);
        scene.server.clock.set_by_us(set_by_us);
        Hub::of(app).writer().heard(vec![(order.call_id, app.clock.monotonic())]);
        scene.tick().await;
        let wallet = scene.asha.get("/v1/wallet/balance").await.expect(200).json;
        // Ten seconds used up, thirty ahead, at five a second.
        assert_eq!(wallet["held_minor"], 200, "set by {set_by_us}");
        calls::recover(app, &app.node_id).await.unwrap();
        let call = scene.call(order.call_id).await;
        assert_eq!((&call["duration_seconds"], &call["cost_minor"]), (&json!(10), &json!(50)), "set by {set_by_us}");
        drop(scene.gateway.take(order.call_id));
    }
    is_sound(&scene).await;
}

async fn a_crash_bills_no_call_that_was_not_answered(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let order = scene.place().await;
    let before = scene.balance().await;
    // Its leg was written as answered, the call was not.
    let sql = "update call_legs set answered_at = started_at where call_id = $1";
    sqlx::query(sql).bind(order.call_id.to_string()).execute(app.db.pool()).await.unwrap();
    scene.advance(3_600_000);
    calls::recover(app, &app.node_id).await.unwrap();
    let call = scene.call(order.call_id).await;
    assert_eq!((&call["status"], &call["cost_minor"]), (&json!("failed"), &json!(0)));
    assert_eq!((&call["legs"][0]["cost_minor"], scene.balance().await), (&json!(0), before));
    is_sound(&scene).await;
}

async fn a_ringing_call_of_a_crash_fails_and_costs_nothing(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let order = scene.place().await;
    calls::recover(app, &app.node_id).await.unwrap();
    let call = scene.call(order.call_id).await;
    assert_eq!((&call["status"], &call["cost_minor"]), (&json!("failed"), &json!(0)));
}

async fn calls_of_other_nodes_are_left_alone(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    assert!(calls::recover(&scene.server.app, "another-node").await.unwrap().is_empty());
    assert_eq!(scene.call(order.call_id).await["status"], "ringing");
}

async fn a_call_that_runs_nowhere_is_closed_while_the_server_runs(server: Server) {
    let scene = Scene::set(server).await;
    let (lost, running) = (scene.place().await, scene.place().await);
    scene.gateway.with(lost.call_id, |record| {
        record.leg_dialog(lost.targets[0].leg_id, json!("its dialog"));
        record.hand_over();
    });
    scene.tick().await;
    scene.gateway.with(lost.call_id, |record| record.close());
    scene.advance(11_000);
    let closed = calls::record::reconcile(&scene.server.app).await.unwrap();
    assert_eq!(closed.iter().map(|call| call.call_id).collect::<Vec<_>>(), [lost.call_id]);
    assert_eq!(scene.gateway.ended_dialogs(), [json!("its dialog")], "the carrier must not bill on");
    let statuses = [&lost, &running].map(|order| order.call_id);
    let [lost, running] = [scene.call(statuses[0]).await, scene.call(statuses[1]).await];
    assert_eq!((&lost["status"], &lost["hangup_cause"]), (&json!("failed"), &json!("node_lost")));
    assert_eq!(running["status"], "ringing");
}

async fn a_running_call_that_another_node_closed_is_hung_up(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let (closed, running) = (scene.place().await, scene.place().await);
    scene.answer(&closed).await;
    scene.gateway.with(running.call_id, |_| ());
    let sql = "update calls set node_id = 'other' where id = $1";
    sqlx::query(sql).bind(closed.call_id.to_string()).execute(app.db.pool()).await.unwrap();
    calls::recover(app, "other").await.unwrap();
    scene.advance(60_000);
    calls::record::reconcile(app).await.unwrap();
    assert_eq!(scene.gateway.hung_up(), [closed.call_id], "nobody would pay for what it goes on to use up");
    scene.hang_up(&closed).await;
    let call = scene.call(closed.call_id).await;
    assert_eq!((&call["hangup_cause"], &call["duration_seconds"]), (&json!("node_lost"), &json!(0)));
    is_sound(&scene).await;
}

async fn what_a_dead_node_left_is_closed_once_it_is_sure_that_it_is_dead(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let order = scene.place().await;
    scene.answer(&order).await;
    for sql in ["update calls set node_id = 'dead'", "insert into nodes (id, lease_until) values ('dead', 1)"] {
        sqlx::query(sql).execute(app.db.pool()).await.unwrap();
    }
    // Its lease has lapsed; after an outage that may be so of a node that lives.
    for _ in 0..3 {
        assert!(calls::record::reconcile(app).await.unwrap().is_empty());
        scene.advance(5_000);
    }
    let closed = calls::record::reconcile(app).await.unwrap();
    assert_eq!(closed.iter().map(|call| call.call_id).collect::<Vec<_>>(), [order.call_id]);
    assert_eq!(scene.call(order.call_id).await["hangup_cause"], "node_lost");
}
