//! What calls may: which destinations, how many, and what they cost in a day; and that nothing is written of a refused one.

use std::sync::Arc;

use sautikit::calls::{self, Allowance, CallEnd, CallError, Hub, NewInbound};
use sautikit::http::router;
use sautikit::wallet;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::LegRecordId;
use serde_json::{Value, json};

use super::support::{FROM, FakeGateway, Order, Scene, TO, bounds};
use crate::support::{Answer, Client, Server, Snapshot, on_each_engine};

on_each_engine! {
    by_default_calls_stay_at_home_and_reach_nothing_dear
    emergency_numbers_come_before_everything_else
    a_workspace_tightens_beneath_the_operators_ceiling
    the_limits_are_for_people_who_keep_the_books
    as_many_calls_run_as_may
    in_a_second_begin_as_many_as_may
    nodes_do_not_go_beyond_a_limit_together
    a_days_calls_cost_what_they_may
    a_live_call_ends_where_the_days_limit_does
    random_calls_never_pass_the_days_limit
    own_numbers_are_free_and_need_no_country
}

const LIMITS: &str = "/v1/wallet/limits";

impl Scene {
    pub(crate) async fn limit(&self, limits: Value) -> Value {
        self.asha.put(LIMITS, limits).await.expect(200).json
    }

    pub(crate) async fn allow(&self, ceiling: Value) {
        let path = format!("/v1/admin/workspaces/{}/limits", self.asha.workspace_id().await);
        // Of sessions of one instant none is the newest.
        self.advance(1);
        self.server.operator().await.put(&path, ceiling).await.expect(200);
    }

    pub(crate) async fn price(&self, prefix: &str, minor: i64) {
        let insert = "insert into destination_prices (id, currency, prefix, per_min_e4, billing_increment_seconds, valid_from, created_at)
            values ($1, 'KES', $2, $3, 1, 0, 0)";
        let id = self.server.app.new_uuid().to_string();
        let query = sqlx::query(insert).bind(id).bind(prefix.to_owned()).bind(minor * 10_000);
        query.execute(self.server.app.db.pool()).await.expect("a price");
        self.advance(1_001);
    }

    pub(crate) async fn call_to(&self, to: &str) -> Answer {
        self.asha.post("/v1/calls", json!({ "from": FROM, "to": to })).await
    }

    async fn sound(&self) {
        let report = wallet::verify::verify(&self.server.app).await.unwrap();
        assert!(report.is_sound(), "{:?}", report.breaks);
    }
}

#[track_caller]
fn names(refused: Answer, reason: &str, number: &str) {
    let error = &refused.expect_error("calls.destination_blocked").json["error"];
    assert_eq!((&error["field"], &error["details"]["reason"]), (&json!("to"), &json!(reason)), "{error}");
    assert!(error["message"].as_str().unwrap().contains(number), "{error}");
}

async fn by_default_calls_stay_at_home_and_reach_nothing_dear(server: Server) {
    let scene = Scene::set(server).await;
    for prefix in ["255", "254900", "870", "979"] {
        scene.price(prefix, 900).await;
    }
    let before = Snapshot::of(&scene.server).await;
    names(scene.call_to("+255710000000").await, "country", "+255710000000");
    names(scene.call_to("+254900223456").await, "premium", "+254900223456");
    names(scene.call_to("+870773111632").await, "satellite", "+870773111632");
    names(scene.call_to("+14155550123").await, "country", "+14155550123");
    let id = scene.asha.workspace_id().await.parse().unwrap();
    let app = &scene.server.app;
    for to in ["+255710000000", "+254900223456", "+870773111632"] {
        let browser = calls::admit_browser(app, id, FROM, to, |_| true).await.err();
        let dialled = calls::admit_leg(app, LegRecordId(app.new_uuid()), id, FROM, to).await.err();
        for refused in [browser, dialled] {
            assert!(matches!(refused, Some(CallError::DestinationBlocked { .. })), "{to}: {refused:?}");
        }
    }
    before.is_still(&scene.server).await;
    assert_eq!(scene.gateway.ordered(), 0);
    scene.allow(json!({ "countries": ["KE", "TZ"], "premium": true, "satellite": true })).await;
    for to in ["+255710000000", "+254900223456", "+870773111632"] {
        scene.call_to(to).await.expect(202);
    }
    scene.limit(json!({ "countries": ["KE"], "premium": false, "satellite": false })).await;
    names(scene.call_to("+255710000000").await, "country", "+255710000000");
    names(scene.call_to("+254900223456").await, "premium", "+254900223456");
    names(scene.call_to("+870773111632").await, "satellite", "+870773111632");
}

async fn emergency_numbers_come_before_everything_else(server: Server) {
    let scene = Scene::set(server).await;
    let reader = scene.server.key_of(&scene.asha, &["calls:read"]).await;
    let viewer = scene.server.joined(&scene.asha, "v@example.com", "viewer").await;
    for to in ["112", "999", "+999", "0112", "911", "00112", "1-1-2", "tel:112", "*112#", "112;phone-context=+254"] {
        for body in [
            json!({ "to": to }),
            json!({ "to": to, "from": "nonsense", "surprise": 1, "timeout": -4 }),
            json!({ "to": [TO, to], "from": FROM }),
        ] {
            for client in [&scene.asha, &reader, &viewer] {
                let refused = client.post("/v1/calls", body.clone()).await.expect_error("calls.emergency_blocked");
                assert_eq!(refused.json["error"]["field"], "to", "{body}");
            }
        }
    }
    reader.post("/v1/calls", json!({ "to": TO, "from": FROM })).await.expect_error("api_key.scope_denied");
    // A mobile number whose first digits are those of an emergency number.
    scene.call_to("0112000100").await.expect(202);
    let suspend = format!("/v1/admin/workspaces/{}/suspend", scene.asha.workspace_id().await);
    scene.server.operator().await.post(&suspend, json!({ "reason": "abuse" })).await.expect(200);
    scene.call_to("112").await.expect_error("calls.emergency_blocked");
    let id = scene.asha.workspace_id().await.parse().unwrap();
    let app = &scene.server.app;
    for refused in [
        calls::admit_browser(app, id, "nonsense", "112", |_| false).await.err(),
        calls::admit_leg(app, LegRecordId(app.new_uuid()), id, "nonsense", "112").await.err(),
    ] {
        assert!(matches!(refused, Some(CallError::Emergency { .. })), "{refused:?}");
    }
}

async fn a_workspace_tightens_beneath_the_operators_ceiling(server: Server) {
    let scene = Scene::set(server).await;
    let shown = scene.asha.get(LIMITS).await.expect(200).json;
    assert_eq!(shown["in_force"]["countries"], json!(["KE"]));
    assert_eq!(shown["own"]["countries"], json!(null));
    let too_much = |field: &'static str, value: Value| (field, json!({ field: value }));
    scene.allow(json!({ "concurrent_calls": 10, "calls_per_second": 3, "spend_per_day_minor": 5_000 })).await;
    for (field, body) in [
        too_much("concurrent_calls", json!(11)),
        too_much("calls_per_second", json!(4)),
        too_much("spend_per_day_minor", json!(5_001)),
        too_much("countries", json!(["KE", "TZ"])),
        too_much("countries", json!(["*"])),
        too_much("countries", json!(["KENYA"])),
        too_much("premium", json!(true)),
        too_much("satellite", json!(true)),
        too_much("concurrent_calls", json!(0)),
    ] {
        let refused = scene.asha.put(LIMITS, body.clone()).await.expect_error("validation.bad_request");
        assert_eq!(refused.json["error"]["field"], field, "{body}");
    }
    let body = json!({ "concurrent_calls": 4, "spend_per_day_minor": 100, "countries": [] });
    let limits = scene.limit(body).await;
    assert_eq!(
        limits["in_force"],
        json!({ "concurrent_calls": 4, "calls_per_second": 3, "spend_per_day_minor": 100,
        "countries": [], "premium": false, "satellite": false })
    );
    names(scene.call_to(TO).await, "country", TO);
    // The ceiling comes down: the tighter one counts.
    scene.allow(json!({ "concurrent_calls": 2 })).await;
    let limits = scene.asha.get(LIMITS).await.expect(200).json;
    assert_eq!((&limits["in_force"]["concurrent_calls"], &limits["own"]["concurrent_calls"]), (&json!(2), &json!(4)));
    let log = scene.asha.get("/v1/audit?action_kind=limits.changed").await.expect(200).json;
    assert_eq!(log[0]["details"]["after"]["concurrent_calls"], 4, "{log}");
}

async fn the_limits_are_for_people_who_keep_the_books(server: Server) {
    let scene = Scene::set(server).await;
    let finance = scene.server.joined(&scene.asha, "f@example.com", "finance").await;
    let developer = scene.server.joined(&scene.asha, "d@example.com", "developer").await;
    finance.put(LIMITS, json!({ "concurrent_calls": 5 })).await.expect(200);
    developer.put(LIMITS, json!({})).await.expect_error("accounts.write_denied");
    developer.get(LIMITS).await.expect(200);
    let key = scene.server.key_of(&scene.asha, &["wallet:write", "wallet:read"]).await;
    key.get(LIMITS).await.expect(200);
    key.put(LIMITS, json!({})).await.expect_error("api_key.scope_denied");
    let path = format!("/v1/admin/workspaces/{}/limits", scene.asha.workspace_id().await);
    scene.asha.put(&path, json!({})).await.expect_error("auth.admin_required");
    let operator = scene.server.operator().await;
    operator.get("/v1/admin/workspaces/01890000-0000-7000-8000-000000000000/limits").await.expect_error("not_found");
}

async fn as_many_calls_run_as_may(server: Server) {
    let scene = Scene::set(server).await;
    scene.limit(json!({ "concurrent_calls": 2 })).await;
    let first = scene.place().await;
    let inbound =
        || NewInbound { id: None, number_e164: FROM, caller: Some(TO), country: Some("KE"), is_on_net: false };
    let record = calls::admit_inbound(&scene.server.app, inbound()).await.unwrap().record;
    let before = Snapshot::of(&scene.server).await;
    let refused = scene.call_to(TO).await.expect_error("calls.limit_exceeded");
    assert_eq!(
        (&refused.json["error"]["field"], &refused.json["error"]["details"]["number"]),
        (&json!("to"), &json!(TO))
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.json["error"]["details"], json!({ "limit": "concurrent_calls", "most": 2, "number": TO }));
    let turned_away = calls::admit_inbound(&scene.server.app, inbound()).await.err();
    assert!(matches!(turned_away, Some(CallError::LimitExceeded(_))), "{turned_away:?}");
    before.is_still(&scene.server).await;
    assert_eq!(scene.asha.get(LIMITS).await.expect(200).json["used"]["concurrent_calls"], 2);
    scene.fail(&first, CallStatus::Busy, "user_busy").await;
    scene.place().await;
    scene.call_to(TO).await.expect_error("calls.limit_exceeded");
    drop(record);
}

async fn in_a_second_begin_as_many_as_may(server: Server) {
    let scene = Scene::set(server).await;
    scene.limit(json!({ "calls_per_second": 3 })).await;
    let placed = futures::future::join_all((0..10).map(|_| scene.call_to(TO))).await;
    assert_eq!(placed.iter().filter(|answer| answer.status == 202).count(), 3);
    for refused in placed.into_iter().filter(|answer| answer.status != 202) {
        let refused = refused.expect_error("calls.limit_exceeded");
        assert_eq!(refused.json["error"]["details"]["limit"], "calls_per_second");
    }
    scene.advance(1_001);
    scene.place().await;
    let id = scene.asha.workspace_id().await.parse().unwrap();
    for _ in 0..2 {
        calls::admit_leg(&scene.server.app, LegRecordId(scene.server.app.new_uuid()), id, FROM, TO).await.unwrap();
    }
    let refused =
        calls::admit_leg(&scene.server.app, LegRecordId(scene.server.app.new_uuid()), id, FROM, TO).await.err();
    assert!(matches!(refused, Some(CallError::LimitExceeded(_))), "{refused:?}");
}

/// Another node on the same database, with its client.
fn another_node(scene: &Scene) -> (Arc<FakeGateway>, Client, sautikit::state::AppState) {
    let app = scene.server.app.changed(|shared| {
        shared.node_id = "other-node".into();
        shared.parts.put(Hub::default());
    });
    let gateway = Arc::new(FakeGateway::default());
    Hub::of(&app).connect(gateway.clone());
    calls::record::start_writer(&app);
    (gateway, scene.asha.on(&scene.server.client_of(router(&app))), app)
}

async fn nodes_do_not_go_beyond_a_limit_together(server: Server) {
    let scene = Scene::set(server).await;
    scene.limit(json!({ "concurrent_calls": 7 })).await;
    let (gateway, other, _app) = another_node(&scene);
    let body = || json!({ "from": FROM, "to": TO });
    let calls =
        (0..40).map(|at| if at % 2 == 0 { &scene.asha } else { &other }).map(|node| node.post("/v1/calls", body()));
    let placed = futures::future::join_all(calls).await;
    assert_eq!(placed.iter().filter(|answer| answer.status == 202).count(), 7);
    assert_eq!(scene.gateway.ordered() + gateway.ordered(), 7);
    for refused in placed.into_iter().filter(|answer| answer.status != 202) {
        refused.expect_error("calls.limit_exceeded");
    }
    scene.limit(json!({ "calls_per_second": 5, "concurrent_calls": 100 })).await;
    scene.advance(2_000);
    let calls =
        (0..40).map(|at| if at % 2 == 0 { &scene.asha } else { &other }).map(|node| node.post("/v1/calls", body()));
    let placed = futures::future::join_all(calls).await;
    assert_eq!(placed.iter().filter(|answer| answer.status == 202).count(), 5);
}

async fn a_days_calls_cost_what_they_may(server: Server) {
    let scene = Scene::set(server).await;
    // Two thirds of it are held by each call at first.
    scene.limit(json!({ "spend_per_day_minor": 400 })).await;
    let placed = futures::future::join_all((0..20).map(|_| scene.call_to(TO))).await;
    assert_eq!(placed.iter().filter(|answer| answer.status == 202).count(), 3);
    let refused = placed.into_iter().find(|answer| answer.status != 202).unwrap().expect_error("spend_limit.reached");
    let details = &refused.json["error"]["details"];
    assert_eq!((&refused.json["error"]["field"], &details["number"]), (&json!("to"), &json!(TO)));
    assert_eq!(
        (&details["limit_minor"], &details["spent_minor"], &details["held_minor"]),
        (&json!(400), &json!(0), &json!(400))
    );
    assert_eq!(details["resets_at"], "2026-11-02T21:00:00Z");
    let used = scene.asha.get(LIMITS).await.expect(200).json["used"].clone();
    assert_eq!((&used["spent_today_minor"], &used["held_minor"]), (&json!(0), &json!(400)));
    // The first two are answered and talk.
    for order in scene.gateway.running() {
        scene.answer(&order).await;
        scene.advance(20_000);
        scene.hang_up(&order).await;
    }
    let spent = scene.asha.get(LIMITS).await.expect(200).json["used"]["spent_today_minor"].as_i64().unwrap();
    assert!((300..=400).contains(&spent), "{spent}");
    // Another day.
    scene.advance(24 * 3_600_000);
    scene.call_to(TO).await.expect(202);
    assert_eq!(scene.asha.get(LIMITS).await.expect(200).json["used"]["spent_today_minor"], 0);
    scene.sound().await;
}

async fn a_live_call_ends_where_the_days_limit_does(server: Server) {
    let scene = Scene::set(server).await;
    scene.limit(json!({ "spend_per_day_minor": 500 })).await;
    let order = scene.place().await;
    scene.answer(&order).await;
    let answered_at = scene.server.app.now_us();
    for _ in 0..20 {
        scene.advance(5_000);
        scene.tick().await;
    }
    // Calls may overdraw the wallet, but not the day: 500 at 5 a second.
    let (paid_until_us, _) = bounds(scene.gateway.allowance(order.call_id));
    assert_eq!(paid_until_us - answered_at, 100_000_000);
    let cause = "insufficient_funds".to_owned();
    let end = CallEnd { status: CallStatus::Completed, hangup_cause: cause, ended_at: paid_until_us };
    scene.gateway.end(order.call_id, end).await;
    scene.call_to(TO).await.expect_error("spend_limit.reached");
    assert_eq!(scene.asha.get(LIMITS).await.expect(200).json["used"]["spent_today_minor"], 500);
    // A higher limit lets calls go on.
    scene.limit(json!({ "spend_per_day_minor": 1_000 })).await;
    scene.call_to(TO).await.expect(202);
    scene.sound().await;
}

/// Numbers that look random and are the same each time (a linear congruential generator).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

async fn random_calls_never_pass_the_days_limit(server: Server) {
    const LIMIT: i64 = 3_000;
    let scene = Scene::set(server).await;
    scene.limit(json!({ "spend_per_day_minor": LIMIT })).await;
    let mut dice = Dice(11);
    let mut running: Vec<(Order, Option<Allowance>)> = Vec::new();
    // Now, or earlier where the day ended for it, as it was told last.
    let end = async |(order, first): (Order, Option<Allowance>)| {
        let (paid_until_us, _) = bounds(scene.gateway.allowance(order.call_id).or(first));
        let ended_at = scene.server.app.now_us().min(paid_until_us);
        let hangup_cause = "insufficient_funds".to_owned();
        scene.gateway.end(order.call_id, CallEnd { status: CallStatus::Completed, hangup_cause, ended_at }).await;
    };
    for _ in 0..200 {
        scene.advance(dice.roll(4_000));
        match dice.roll(6) {
            0..=2 => {
                let is_placed = scene.call_to(TO).await.status == 202;
                if is_placed {
                    let order = scene.gateway.last_order();
                    let now_us = scene.server.app.now_us();
                    let allowance = scene.gateway.with(order.call_id, |record| {
                        record.answered(now_us, Some(order.targets[0].leg_id));
                        record.leg_answered(order.targets[0].leg_id, now_us)
                    });
                    running.push((order, allowance));
                }
            }
            3 => scene.tick().await,
            _ if !running.is_empty() => {
                let place = usize::try_from(dice.roll(running.len() as u64)).unwrap();
                end(running.swap_remove(place)).await;
            }
            _ => {}
        }
        let used = scene.asha.get(LIMITS).await.expect(200).json["used"].clone();
        let minor = |name: &str| used[name].as_i64().unwrap();
        assert!(minor("spent_today_minor") + minor("held_minor") <= LIMIT, "{used}");
    }
    for one in running {
        end(one).await;
    }
    let used = scene.asha.get(LIMITS).await.expect(200).json["used"].clone();
    assert!(used["spent_today_minor"].as_i64().unwrap() <= LIMIT && used["held_minor"] == 0, "{used}");
    assert!(used["spent_today_minor"].as_i64().unwrap() > LIMIT / 2, "{used}");
    scene.sound().await;
}

async fn own_numbers_are_free_and_need_no_country(server: Server) {
    let scene = Scene::set(server).await;
    let available = scene.asha.get("/v1/numbers/available?limit=1").await.expect(200).json;
    let id = available[0]["id"].as_str().unwrap();
    let second = scene.asha.post(&format!("/v1/numbers/{id}/claim"), json!({})).await.expect(201).json;
    scene.limit(json!({ "countries": [], "spend_per_day_minor": 0 })).await;
    scene.call_to(second["number"].as_str().unwrap()).await.expect(202);
    names(scene.call_to(TO).await, "country", TO);
}
