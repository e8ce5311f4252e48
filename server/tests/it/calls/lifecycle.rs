//! From ringing to the bill, and what a crash in between leaves.

use sautikit::calls::{self, Direction, LegKind, LegRecord, NewInbound};
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::LegRecordId;
use serde_json::json;

use super::support::{FROM, Scene, TO};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    forty_seven_seconds_cost_235_once
    an_unanswered_call_costs_nothing
    the_first_end_wins
    an_answer_after_the_end_is_ignored
    answer_and_end_can_come_in_one_report
    a_dialled_leg_is_billed_with_its_call
    an_inbound_call_is_free
    a_call_to_no_number_of_ours_is_not_found
    what_live_calls_have_used_is_not_spent_twice
    a_crash_bills_to_the_last_media
    a_ringing_call_of_a_crash_fails_and_costs_nothing
    calls_of_other_nodes_are_left_alone
}

async fn forty_seven_seconds_cost_235_once(server: Server) {
    let scene = Scene::set(server).await;
    let before = scene.balance().await;
    let id = scene.talk(46_500).await;
    let ended = scene.call(id).await;
    assert_eq!((&ended["status"], &ended["duration_seconds"]), (&json!("completed"), &json!(47)));
    assert_eq!((&ended["cost_minor"], &ended["ledger_entry_id"]), (&json!(null), &json!(null)));
    scene.run_jobs().await;
    for _ in 0..2 {
        calls::debit::debit_call(&scene.server.app, id).await.unwrap();
    }
    let billed = scene.call(id).await;
    assert_eq!((&billed["cost_minor"], &billed["legs"][0]["cost_minor"]), (&json!(235), &json!(235)));
    assert!(billed["ledger_entry_id"].is_string());
    assert_eq!(scene.balance().await, before - 235);
    assert_eq!(scene.told(id).await, ["call.started", "call.answered", "call.completed", "call.billed"]);
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
        assert!(scene.fail(&order, status, cause).await);
        let call = scene.call(order.call_id).await;
        assert_eq!((&call["status"], &call["hangup_cause"]), (&json!(status), &json!(cause)));
        assert_eq!((&call["cost_minor"], &call["duration_seconds"]), (&json!(0), &json!(0)));
        assert_eq!(scene.told(order.call_id).await, ["call.started", "call.failed"]);
    }
    scene.run_jobs().await;
    assert_eq!(scene.balance().await, before);
}

async fn the_first_end_wins(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    assert!(scene.fail(&order, CallStatus::Busy, "busy").await);
    let first = scene.call(order.call_id).await;
    scene.advance(1_000);
    assert!(!scene.fail(&order, CallStatus::NoAnswer, "no_answer").await);
    assert_eq!(scene.call(order.call_id).await, first);
    assert_eq!(scene.told(order.call_id).await, ["call.started", "call.failed"]);
}

async fn an_answer_after_the_end_is_ignored(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    assert!(scene.fail(&order, CallStatus::Canceled, "canceled").await);
    let now_us = scene.server.app.now_us();
    let leg = LegRecord { answered_at: Some(now_us), ..scene.leg_of(&order) };
    assert!(!calls::mark_answered(&scene.server.app, order.call_id, now_us, &leg).await.unwrap());
    assert_eq!(scene.call(order.call_id).await["status"], "canceled");
    assert_eq!(scene.call(order.call_id).await["legs"][0]["answered_at"], json!(null));
}

async fn answer_and_end_can_come_in_one_report(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let answered_at = scene.server.app.now_us();
    scene.advance(60_000);
    let leg = LegRecord { answered_at: Some(answered_at), started_at: answered_at, ..scene.leg_of(&order) };
    let cause = "normal_clearing";
    assert!(scene.finish(order.call_id, CallStatus::Completed, cause, Some(answered_at), vec![leg]).await);
    scene.run_jobs().await;
    let call = scene.call(order.call_id).await;
    assert_eq!((&call["status"], &call["cost_minor"]), (&json!("completed"), &json!(300)));
    assert_eq!(scene.told(order.call_id).await, ["call.started", "call.answered", "call.completed", "call.billed"]);
}

async fn a_dialled_leg_is_billed_with_its_call(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let inbound = calls::admit_inbound(app, NewInbound { number_e164: FROM, remote: TO }).await.unwrap();
    let (leg_id, rate) = inbound.inbound_leg.expect("the caller's leg");
    let now_us = app.now_us();
    let caller = LegRecord {
        id: leg_id,
        kind: LegKind::Telephone,
        direction: Direction::Inbound,
        target: TO.to_owned(),
        rate,
        started_at: now_us,
        answered_at: Some(now_us),
        ended_at: None,
        outcome: None,
        dialog: None,
    };
    assert!(calls::mark_answered(app, inbound.call.id, now_us, &caller).await.unwrap());
    let (to, rate) = calls::rate_dial(app, &inbound.call, "0722000043").await.unwrap();
    let dialled = LegRecord {
        id: LegRecordId(app.new_uuid()),
        direction: Direction::Outbound,
        target: to.e164,
        rate,
        answered_at: None,
        ..caller.clone()
    };
    calls::record_leg(app, inbound.call.id, &dialled).await.unwrap();
    let dialled = LegRecord { answered_at: Some(app.now_us()), ..dialled };
    scene.advance(47_000);
    let legs = vec![caller, dialled];
    scene.finish(inbound.call.id, CallStatus::Completed, "normal_clearing", Some(now_us), legs).await;
    scene.run_jobs().await;
    let call = scene.call(inbound.call.id).await;
    assert_eq!((&call["direction"], &call["cost_minor"]), (&json!("inbound"), &json!(235)));
    let shares: Vec<_> = call["legs"].as_array().unwrap().iter().map(|leg| leg["cost_minor"].clone()).collect();
    assert_eq!((shares.contains(&json!(0)), shares.contains(&json!(235))), (true, true));
}

async fn an_inbound_call_is_free(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let before = scene.balance().await;
    let inbound = calls::admit_inbound(app, NewInbound { number_e164: FROM, remote: "anonymous" }).await.unwrap();
    let now_us = app.now_us();
    scene.advance(600_000);
    scene.finish(inbound.call.id, CallStatus::Completed, "normal_clearing", Some(now_us), Vec::new()).await;
    let call = scene.call(inbound.call.id).await;
    assert_eq!((&call["cost_minor"], &call["remote_e164"]), (&json!(0), &json!("anonymous")));
    scene.run_jobs().await;
    assert_eq!(scene.balance().await, before);
}

async fn a_call_to_no_number_of_ours_is_not_found(server: Server) {
    let scene = Scene::set(server).await;
    let unclaimed = NewInbound { number_e164: "+254700000002", remote: TO };
    let refused = calls::admit_inbound(&scene.server.app, unclaimed).await;
    assert!(matches!(refused, Err(calls::CallError::NumberUnknown(_))));
}

async fn what_live_calls_have_used_is_not_spent_twice(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    scene.answer(&order).await;
    // At KES 3 a minute the call has used up the balance after that time, though nothing is debited yet.
    let minutes = u64::try_from(scene.balance().await / 300).unwrap() + 1;
    scene.advance(minutes * 60_000);
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
    calls::touch_media(app, &[(order.call_id, app.now_us())]).await.unwrap();
    // The node is away for an hour; nobody pays for that.
    scene.advance(3_600_000);
    let recovered = calls::recover(app, &app.node_id).await.unwrap();
    assert_eq!(recovered.len(), 1);
    scene.run_jobs().await;
    let call = scene.call(order.call_id).await;
    assert_eq!((&call["status"], &call["duration_seconds"]), (&json!("completed"), &json!(30)));
    assert_eq!(call["cost_minor"], 150);
    assert!(calls::recover(app, &app.node_id).await.unwrap().is_empty());
    assert_eq!(scene.gateway.ordered(), 1, "a recovered call is not dialled again");
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
