//! Money while calls run: what is held, who is let in, and when a call ends that may not overdraw.

use sautikit::calls::{self, Allowance, LegRecord, NewInbound};
use sautikit::wallet;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, LegRecordId};
use serde_json::{Value, json};

use super::support::{FROM, Order, Scene, TO, bounds};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    what_calls_hold_is_shown_and_given_back
    a_call_that_ends_while_it_is_extended_holds_nothing
    calls_at_the_same_moment_share_one_balance
    a_balance_for_seven_seconds_gives_seven_seconds
    a_call_that_is_extended_knows_how_long_the_money_lasts
    a_call_that_gets_no_more_ends_where_it_is_paid_for
    random_calls_on_one_balance_never_overdraw
    a_call_that_may_overdraw_ends_at_the_operators_floor
    a_call_of_which_nothing_costs_any_more_is_ended_by_no_money
    a_call_that_may_overdraw_from_now_on_is_ended_by_no_money
    the_policy_is_one_of_two
}

/// What the number's rental leaves beside whole seconds: too little for another one.
const REST: i64 = 3;

impl Scene {
    /// Leaves so much in the wallet, and [`REST`], by a call that takes what is beyond. KES 3.00 a minute are 5 a second.
    pub(super) async fn leave(&self, left_minor: i64) {
        let seconds = (self.balance().await - left_minor) / 5;
        self.talk(u64::try_from(seconds).unwrap() * 1_000).await;
        assert_eq!(self.balance().await, left_minor + REST);
    }

    pub(super) async fn forbid_overdraft(&self) {
        self.asha.patch("/v1/workspace", json!({ "overdraft_policy": "none" })).await.expect(200);
    }

    pub(super) async fn wallet(&self) -> Value {
        self.asha.get("/v1/wallet/balance").await.expect(200).json
    }

    /// Ends the call where its money ends.
    async fn end_at(&self, order: &Order, ended_at: i64) {
        let hangup_cause = "insufficient_funds".to_owned();
        let end = sautikit::calls::CallEnd { status: CallStatus::Completed, hangup_cause, ended_at };
        self.end_so(order.call_id, end).await;
    }

    pub(super) async fn is_sound(&self) {
        let report = wallet::verify::verify(&self.server.app).await.unwrap();
        assert!(report.is_sound(), "{:?}", report.breaks);
    }
}

async fn what_calls_hold_is_shown_and_given_back(server: Server) {
    let scene = Scene::set(server).await;
    let before = scene.balance().await;
    let order = scene.place().await;
    let wallet = scene.wallet().await;
    // Thirty seconds ahead.
    assert_eq!((&wallet["held_minor"], &wallet["available_minor"]), (&json!(150), &json!(before - 150)));
    scene.answer(&order).await;
    scene.advance(60_000);
    scene.tick().await;
    assert_eq!(scene.wallet().await["held_minor"], 450);
    scene.hang_up(&order).await;
    let wallet = scene.wallet().await;
    assert_eq!((&wallet["held_minor"], &wallet["balance_minor"]), (&json!(0), &json!(before - 300)));
    scene.is_sound().await;
}

async fn a_call_that_ends_while_it_is_extended_holds_nothing(server: Server) {
    let scene = Scene::set(server).await;
    for _ in 0..10 {
        let order = scene.place().await;
        scene.answer(&order).await;
        let funds = scene.gateway.with(order.call_id, |record| record.funds());
        let (leg, rate) = (sautikit_api::ids::LegRecordId(scene.server.app.new_uuid()), order.targets[0].rate);
        sautikit::calls::record::tick(&scene.server.app);
        let (_, _) = tokio::join!(scene.hang_up(&order), funds.reserve(leg, rate));
        sautikit::calls::record::tick(&scene.server.app);
    }
    scene.tick().await;
    assert_eq!(scene.wallet().await["held_minor"], 0);
    scene.is_sound().await;
}

async fn calls_at_the_same_moment_share_one_balance(server: Server) {
    let scene = Scene::set(server).await;
    scene.leave(660).await;
    for policy in ["finish_call", "none"] {
        scene.asha.patch("/v1/workspace", json!({ "overdraft_policy": policy })).await.expect(200);
        let placed = (0..50).map(|_| scene.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })));
        let answers = futures::future::join_all(placed).await;
        let accepted: Vec<_> = answers.iter().filter(|answer| answer.status == 202).collect();
        // Each holds 150 at first, the last one what is left.
        assert_eq!(accepted.len(), 5, "{policy}");
        for refused in answers.iter().filter(|answer| answer.status != 202) {
            assert_eq!(refused.json["error"]["code"], "wallet.insufficient_funds");
        }
        for answer in accepted {
            let id = answer.json["call_id"].as_str().unwrap().parse().unwrap();
            scene.end(id, CallStatus::NoAnswer, "no_answer").await;
        }
        let wallet = scene.wallet().await;
        assert_eq!((&wallet["held_minor"], &wallet["balance_minor"]), (&json!(0), &json!(660 + REST)));
    }
    scene.is_sound().await;
}

async fn a_balance_for_seven_seconds_gives_seven_seconds(server: Server) {
    let scene = Scene::set(server).await;
    scene.leave(35).await;
    scene.forbid_overdraft().await;
    let order = scene.place().await;
    assert_eq!(scene.wallet().await["held_minor"], 35 + REST);
    scene.advance(3_000);
    let answered_at = scene.server.app.now_us();
    let allowance = scene.gateway.with(order.call_id, |record| {
        record.answered(answered_at, Some(order.targets[0].leg_id));
        record.leg_answered(order.targets[0].leg_id, answered_at)
    });
    let until = answered_at + 7_000_000;
    assert_eq!(bounds(allowance), (until, Some(until)));
    scene.end_at(&order, until).await;
    let call = scene.call(order.call_id).await;
    assert_eq!((&call["duration_seconds"], &call["cost_minor"]), (&json!(7), &json!(35)));
    assert_eq!(scene.balance().await, REST);
    scene.is_sound().await;
}

async fn a_call_that_is_extended_knows_how_long_the_money_lasts(server: Server) {
    let scene = Scene::set(server).await;
    scene.leave(600).await;
    scene.forbid_overdraft().await;
    let order = scene.place().await;
    let answered_at = scene.server.app.now_us();
    scene.gateway.with(order.call_id, |record| record.leg_answered(order.targets[0].leg_id, answered_at));
    scene.answer(&order).await;
    for second in (5..120).step_by(5) {
        scene.advance(5_000);
        scene.tick().await;
        let (paid_until_us, lasts_until_us) = bounds(scene.gateway.allowance(order.call_id));
        let paid_s = (paid_until_us - answered_at) / 1_000_000;
        assert_eq!(paid_s, (second + 30).min(120));
        // Known from the first tick on, so that the call itself can warn a minute before.
        assert_eq!(lasts_until_us, Some(answered_at + 120_000_000));
    }
    scene.end_at(&order, answered_at + 120_000_000).await;
    assert_eq!(scene.balance().await, REST);
}

async fn a_call_that_gets_no_more_ends_where_it_is_paid_for(server: Server) {
    let scene = Scene::set(server).await;
    scene.leave(300).await;
    scene.forbid_overdraft().await;
    let (one, other) = (scene.place().await, scene.place().await);
    scene.answer(&one).await;
    scene.answer(&other).await;
    let answered_at = scene.server.app.now_us();
    scene.advance(5_000);
    scene.tick().await;
    for order in [&one, &other] {
        let (paid_until_us, _) = bounds(scene.gateway.allowance(order.call_id));
        assert_eq!(paid_until_us - answered_at, 30_000_000);
        scene.end_at(order, paid_until_us).await;
    }
    assert_eq!(scene.balance().await, REST);
    scene.is_sound().await;
}

async fn a_call_that_may_overdraw_ends_at_the_operators_floor(server: Server) {
    let scene = Scene::set(server).await;
    scene.leave(100).await;
    let operator = scene.server.operator().await;
    let path = format!("/v1/admin/workspaces/{}/wallet", scene.asha.workspace_id().await);
    operator.patch(&path, json!({ "overdraft_floor_minor": -200 })).await.expect(200);
    let order = scene.place().await;
    scene.answer(&order).await;
    let answered_at = scene.server.app.now_us();
    for _ in 0..10 {
        scene.advance(5_000);
        scene.tick().await;
    }
    let (paid_until_us, _) = bounds(scene.gateway.allowance(order.call_id));
    // 100 of its own, 200 to the floor, at 5 a second; the rest is too little for another second.
    assert_eq!(paid_until_us - answered_at, 60_000_000);
    scene.end_at(&order, paid_until_us).await;
    assert_eq!(scene.balance().await, REST - 200);
    scene.is_sound().await;
}

async fn a_call_of_which_nothing_costs_any_more_is_ended_by_no_money(server: Server) {
    let scene = Scene::set(server).await;
    scene.forbid_overdraft().await;
    let (call_id, leg) = scene.dials().await;
    let answered_at = scene.server.app.now_us();
    scene.gateway.with(call_id, |record| {
        record.answered(answered_at, None);
        record.leg_answered(leg, answered_at)
    });
    scene.advance(5_000);
    scene.tick().await;
    assert_eq!(bounds(scene.gateway.allowance(call_id)).0 - answered_at, 35_000_000);
    let ended_at = scene.server.app.now_us();
    let told = scene.gateway.with(call_id, |record| record.leg_ended(leg, ended_at, "normal_clearing".to_owned()));
    assert_eq!(told, Some(Allowance::Unbounded));
    // Nor does what rings.
    let ringing = scene.leg_of(call_id).await;
    let funds = scene.gateway.with(call_id, |record| {
        record.leg_began(ringing.clone());
        record.funds()
    });
    funds.reserve(ringing.id, ringing.rate).await.unwrap();
    scene.advance(5_000);
    scene.tick().await;
    assert_eq!(scene.gateway.allowance(call_id), Some(Allowance::Unbounded));
    assert_eq!(scene.wallet().await["held_minor"], 25 + 150);
    let answered_at = scene.server.app.now_us();
    let told = scene.gateway.with(call_id, |record| record.leg_answered(ringing.id, answered_at));
    assert_eq!(bounds(told).0 - answered_at, 30_000_000);
    scene.end(call_id, CallStatus::Completed, "normal_clearing").await;
    assert_eq!(scene.wallet().await["held_minor"], 0);
    scene.is_sound().await;
}

async fn a_call_that_may_overdraw_from_now_on_is_ended_by_no_money(server: Server) {
    let scene = Scene::set(server).await;
    scene.forbid_overdraft().await;
    let order = scene.place().await;
    scene.answer(&order).await;
    for (policy, is_bounded) in [("none", true), ("finish_call", false), ("none", true)] {
        scene.asha.patch("/v1/workspace", json!({ "overdraft_policy": policy })).await.expect(200);
        scene.advance(5_000);
        scene.tick().await;
        let allowance = scene.gateway.allowance(order.call_id).expect("how long it may go on");
        assert_eq!(allowance != Allowance::Unbounded, is_bounded, "{policy}: {allowance:?}");
    }
    scene.hang_up(&order).await;
    scene.is_sound().await;
}

impl Scene {
    /// A call that comes in, which costs nothing and has reserved what a leg costs that it dials; both ids.
    pub(super) async fn dials(&self) -> (CallId, LegRecordId) {
        let app = &self.server.app;
        let new = NewInbound { id: None, number_e164: FROM, caller: Some(TO), country: None, is_on_net: false };
        let record = calls::admit_inbound(app, new).await.unwrap().record;
        let (call_id, funds) = (record.call().id, record.funds());
        self.gateway.keep(record);
        let leg = self.leg_of(call_id).await;
        funds.reserve(leg.id, leg.rate).await.unwrap();
        self.gateway.with(call_id, |record| record.leg_began(leg.clone()));
        (call_id, leg.id)
    }

    /// A leg that the call may dial.
    pub(super) async fn leg_of(&self, call: CallId) -> LegRecord {
        let workspace = self.gateway.with(call, |record| record.call().workspace_id);
        calls::admit_leg(&self.server.app, LegRecordId(self.server.app.new_uuid()), workspace, FROM, TO).await.unwrap()
    }
}

/// Numbers that look random and are the same each time (a linear congruential generator).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

async fn random_calls_on_one_balance_never_overdraw(server: Server) {
    let scene = Scene::set(server).await;
    scene.leave(3_000).await;
    scene.forbid_overdraft().await;
    let mut dice = Dice(7);
    let mut running: Vec<(Order, i64)> = Vec::new();
    for _ in 0..300 {
        scene.advance(dice.roll(4_000));
        match dice.roll(6) {
            0..=2 => {
                let placed = scene.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await;
                if placed.status == 202 {
                    let order = scene.gateway.last_order();
                    let now_us = scene.server.app.now_us();
                    scene.gateway.with(order.call_id, |record| {
                        record.answered(now_us, Some(order.targets[0].leg_id));
                        record.leg_answered(order.targets[0].leg_id, now_us)
                    });
                    running.push((order, now_us));
                }
            }
            3 => scene.tick().await,
            _ if !running.is_empty() => {
                let place = usize::try_from(dice.roll(running.len() as u64)).unwrap();
                let (order, _) = running.swap_remove(place);
                scene.end_where_paid(&order).await;
            }
            _ => {}
        }
        let wallet = scene.wallet().await;
        assert!(wallet["available_minor"].as_i64().unwrap() >= 0, "{wallet}");
    }
    for (order, _) in running {
        scene.end_where_paid(&order).await;
    }
    let wallet = scene.wallet().await;
    assert_eq!(wallet["held_minor"], 0);
    assert!(wallet["balance_minor"].as_i64().unwrap() >= 0);
    scene.is_sound().await;
}

impl Scene {
    /// Ends the call now, or earlier where its money ended.
    async fn end_where_paid(&self, order: &Order) {
        let now_us = self.server.app.now_us();
        let leg = order.targets[0].leg_id;
        // What an answer is told again is how long the money lasts.
        let allowance = self.gateway.with(order.call_id, |record| record.leg_answered(leg, now_us));
        let (paid_until_us, _) = bounds(allowance);
        self.end_at(order, now_us.min(paid_until_us)).await;
    }
}

async fn the_policy_is_one_of_two(server: Server) {
    let scene = Scene::set(server).await;
    assert_eq!(scene.wallet().await["overdraft_policy"], "finish_call");
    let wrong = scene.asha.patch("/v1/workspace", json!({ "overdraft_policy": "sometimes" })).await;
    assert_eq!(wrong.expect_error("validation.bad_request").json["error"]["field"], "overdraft_policy");
    scene.forbid_overdraft().await;
    assert_eq!(scene.wallet().await["overdraft_policy"], "none");
    let log = scene.asha.get("/v1/audit?action_kind=workspace.updated").await.expect(200).json;
    assert_eq!(log[0]["details"]["after"]["overdraft_policy"], "none");
}
