//! What destinations cost: the operators' list, from when it counts, and what everybody may read of it.

use std::sync::Arc;
use std::time::Duration;

use sautikit::calls::{CallEnd, Hub};
use sautikit_api::calls::CallStatus;
use serde_json::{Value, json};

use crate::calls::support::{FakeGateway, TO};
use crate::support::{Client, Server, on_each_engine};

on_each_engine! {
    every_plan_is_billed_by_its_table
    a_price_counts_from_its_moment_on_and_ends_the_one_before
    a_workspaces_own_price_comes_first
    an_import_shows_its_difference_and_makes_it_on_the_next_call
    a_file_with_a_mistake_changes_nothing
    everybody_reads_what_numbers_and_calls_cost
}

/// A workspace with money and a number, and an operator.
struct Scene {
    server: Server,
    gateway: Arc<FakeGateway>,
    operator: Client,
    owner: Client,
    number: String,
}

impl Scene {
    async fn set(server: Server, currency: &str) -> Self {
        let gateway = Arc::new(FakeGateway::default());
        Hub::of(&server.app).connect(gateway.clone());
        let operator = server.operator().await;
        let owner = server.signed_in("asha@example.com").await;
        let body = json!({ "name": "A", "workspace_name": "Duka", "country": "KE", "currency": currency });
        owner.post("/v1/auth/onboarding", body).await.expect(201);
        let path = format!("/v1/admin/wallets/{}/adjustments", owner.workspace_id().await);
        let gift = json!({ "kind": "promo", "amount_minor": 10_000_000, "reason": "to begin with" });
        operator.post(&path, gift).await.expect(201);
        let offer = owner.get("/v1/numbers/available").await.expect(200).json[0]["id"].clone();
        let path = format!("/v1/numbers/{}/claim", offer.as_str().expect("an id"));
        let number =
            owner.post(&path, json!({})).await.expect(201).json["number"].as_str().expect("a number").to_owned();
        Self { server, gateway, operator, owner, number }
    }

    async fn price(&self, price: Value) -> Value {
        self.operator.post("/v1/admin/prices", price).await.expect(201).json
    }

    /// What a call to [`TO`] costs that lasts so many seconds.
    async fn cost(&self, seconds: u64) -> i64 {
        self.owner.post("/v1/calls", json!({ "from": self.number, "to": TO })).await.expect(202);
        let order = self.gateway.last_order();
        let (answered_at, leg) = (self.server.app.now_us(), order.targets[0].leg_id);
        self.gateway.with(order.call_id, |record| {
            record.leg_answered(leg, answered_at);
            record.answered(answered_at, Some(leg));
            record.hand_over();
        });
        self.server.clock.advance(Duration::from_secs(seconds));
        let hangup_cause = "normal_clearing".to_owned();
        let end = CallEnd { status: CallStatus::Completed, hangup_cause, ended_at: self.server.app.now_us() };
        self.gateway.end(order.call_id, end).await;
        let call = self.owner.get(&format!("/v1/calls/{}", order.call_id)).await.expect(200).json;
        assert_eq!(call["cost_minor"], call["legs"][0]["cost_minor"]);
        call["cost_minor"].as_i64().expect("a cost")
    }

    async fn import(&self, csv: &str, how: Value) -> crate::support::Answer {
        let mut body = how;
        body["csv"] = json!(csv);
        self.operator.post("/v1/admin/prices/import", body).await
    }
}

/// A price of Kenyan mobiles.
fn kenyan(currency: &str, per_min_e4: i64, minimum: i64, increment: i64) -> Value {
    json!({ "prefix": "+2547", "currency": currency, "per_min_e4": per_min_e4, "billing_minimum_seconds": minimum,
        "billing_increment_seconds": increment })
}

async fn every_plan_is_billed_by_its_table(server: Server) {
    const TALKS: [u64; 5] = [1, 47, 60, 61, 90];
    for (currency, per_minute_e4, plans) in [
        (
            "KES",
            3_000_000,
            [
                (1, 1, [5, 235, 300, 305, 450]),
                (6, 6, [30, 240, 300, 330, 450]),
                (30, 30, [150, 300, 300, 450, 450]),
                (60, 60, [300, 300, 300, 600, 600]),
                (60, 1, [300, 300, 300, 305, 450]),
            ],
        ),
        (
            "UGX",
            840_000,
            [
                (1, 1, [2, 66, 84, 86, 126]),
                (6, 6, [9, 68, 84, 93, 126]),
                (30, 30, [42, 84, 84, 126, 126]),
                (60, 60, [84, 84, 84, 168, 168]),
                (60, 1, [84, 84, 84, 86, 126]),
            ],
        ),
    ] {
        let scene = Scene::set(server.another().await, currency).await;
        for (minimum, increment, costs) in plans {
            scene.price(kenyan(currency, per_minute_e4, minimum, increment)).await;
            for (seconds, cost) in TALKS.into_iter().zip(costs) {
                assert_eq!(scene.cost(seconds).await, cost, "{seconds} s in {currency} at {minimum}/{increment}");
            }
            scene.server.clock.advance(Duration::from_secs(1));
        }
        let call = scene.owner.get("/v1/calls?limit=1").await.expect(200).json[0].clone();
        let leg = &call["legs"][0];
        assert_eq!((&leg["billing_minimum_seconds"], &leg["billing_increment_seconds"]), (&json!(60), &json!(1)));
    }
}

async fn a_price_counts_from_its_moment_on_and_ends_the_one_before(server: Server) {
    let mut scene = Scene::set(server, "KES").await;
    assert_eq!(scene.cost(60).await, 300);
    let first = scene.price(kenyan("KES", 4_000_000, 0, 0)).await;
    assert_eq!(scene.cost(60).await, 400);
    // The same again changes nothing.
    assert_eq!(scene.price(kenyan("KES", 4_000_000, 0, 0)).await["id"], first["id"]);
    let mut later = kenyan("KES", 5_000_000, 0, 0);
    later["valid_from"] = json!("2026-11-03");
    let later = scene.price(later).await;
    let ended = scene.operator.get("/v1/admin/prices?prefix=2547").await.expect(200).json;
    assert_eq!((&ended[1]["id"], &ended[1]["valid_until"]), (&first["id"], &json!("2026-11-03T00:00:00Z")));
    assert_eq!(scene.cost(60).await, 400);
    scene.server.clock.advance(Duration::from_secs(86_400));
    // An operator's session is a day's at most.
    scene.operator = scene.server.operator().await;
    assert_eq!(scene.cost(60).await, 500);
    let in_force = scene.operator.get("/v1/admin/prices?at=2026-11-02T12:00:00Z").await.expect(200).json;
    assert_eq!((in_force.as_array().map(Vec::len), &in_force[0]["id"]), (Some(1), &first["id"]));

    // A price with an end gives way to the one before it.
    let mut gift = kenyan("KES", 1_000_000, 0, 0);
    gift["valid_until"] = json!("2026-11-10");
    scene.price(gift).await;
    assert_eq!(scene.cost(60).await, 100);
    scene.server.clock.advance(Duration::from_secs(8 * 86_400));
    scene.operator = scene.server.operator().await;
    assert_eq!(scene.cost(60).await, 500);

    let end = format!("/v1/admin/prices/{}/end", later["id"].as_str().expect("an id"));
    scene.operator.post(&end, json!({})).await.expect(200);
    // Back to the number's own rate.
    assert_eq!(scene.cost(60).await, 300);
    let past = json!({ "prefix": "2547", "currency": "KES", "per_min_e4": 1, "valid_from": "2026-11-01" });
    let refused = scene.operator.post("/v1/admin/prices", past).await.expect_error("validation.bad_request");
    assert_eq!(refused.json["error"]["field"], "valid_from");
}

async fn a_workspaces_own_price_comes_first(server: Server) {
    let scene = Scene::set(server, "KES").await;
    let mut own = kenyan("KES", 1_000_000, 0, 0);
    own["prefix"] = json!("254");
    own["workspace_id"] = json!(scene.owner.workspace_id().await);
    scene.price(own.clone()).await;
    scene.price(kenyan("KES", 4_000_000, 0, 0)).await;
    assert_eq!(scene.cost(60).await, 100);
    let log = scene.owner.get("/v1/audit?action_kind=price.created").await.expect(200).json;
    assert_eq!(log.as_array().map(Vec::len), Some(1));
    own["currency"] = json!("UGX");
    let refused = scene.operator.post("/v1/admin/prices", own).await.expect_error("validation.bad_request");
    assert_eq!(refused.json["error"]["field"], "currency");
}

async fn an_import_shows_its_difference_and_makes_it_on_the_next_call(server: Server) {
    let scene = Scene::set(server, "KES").await;
    scene.import("prefix,currency,per_minute\n254,KES,3.50\n255,KES,9\n256,KES,7\n", json!({})).await.expect(200);
    assert_eq!(scene.cost(60).await, 350);
    scene.server.clock.advance(Duration::from_secs(60));

    let csv = "Destination,Per minute,PREFIX,Currency,minimum seconds,increment seconds\n\
        Kenya,2.50,254,KES,60,1\nUganda,7.00,256,KES,,\nRwanda,8.00,250,KES,,\n";
    let how = json!({ "dry_run": true, "end_missing": true });
    let looked = scene.import(csv, how).await.expect(200).json;
    let counts = ["added", "changed", "ended", "unchanged"].map(|name| looked[name].as_i64().expect("a count"));
    assert_eq!((looked["applied"].as_bool(), counts), (Some(false), [1, 1, 1, 1]));
    let lines = looked["lines"].as_array().expect("lines");
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line["line"].as_u64(), line["change"].as_str().unwrap(), line["prefix"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(Some(2), "changed", "254"), (Some(4), "added", "250"), (None, "ended", "255")]);
    assert_eq!(lines[0]["before"]["per_min_e4"], 3_500_000);
    assert_eq!(
        lines[0]["after"],
        json!({ "per_min_e4": 2_500_000, "billing_minimum_seconds": 60,
        "billing_increment_seconds": 1 })
    );
    assert_eq!(scene.cost(60).await, 350);

    assert_eq!(scene.import(csv, json!({ "end_missing": true })).await.expect(200).json["applied"], true);
    assert_eq!(scene.cost(1).await, 250);
    let again = scene.import(csv, json!({ "end_missing": true })).await.expect(200).json;
    assert_eq!((&again["unchanged"], again["lines"].as_array().map(Vec::len)), (&json!(3), Some(0)));
}

async fn a_file_with_a_mistake_changes_nothing(server: Server) {
    let scene = Scene::set(server, "KES").await;
    let csv = "prefix,currency,per_minute,workspace_id\n254,KES,9.00,\n255,KES,free,\n\
        256,KES,1,01890000-0000-7000-8000-000000000000\n";
    let looked = scene.import(csv, json!({ "dry_run": true })).await.expect(200).json;
    let places: Vec<_> = looked["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| (error["line"].as_u64(), error["column"].as_str()))
        .collect();
    assert_eq!(places, [(Some(3), Some("per_minute")), (Some(4), Some("workspace_id"))]);
    let refused = scene.import(csv, json!({})).await.expect_error("validation.bad_request");
    assert_eq!(refused.json["error"]["field"], "csv");
    assert_eq!(scene.cost(60).await, 300);
}

async fn everybody_reads_what_numbers_and_calls_cost(server: Server) {
    let scene = Scene::set(server, "KES").await;
    let csv = "prefix,currency,per_minute,minimum_seconds,increment_seconds\n255,KES,9.0051,60,1\n25571,KES,8,,\n1416,KES,2,,\n\
        256,UGX,90,,\n";
    scene.import(csv, json!({})).await.expect(200);
    let stranger = scene.server.client();
    let all = stranger.get("/v1/pricing").await.expect(200).json;
    assert_eq!((&all["currency"], &all["exponent"]), (&json!("KES"), &json!(2)));
    let told: Vec<_> = all["destinations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["country"].as_str().unwrap(), one["prefix"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("CA", "1416"), ("TZ", "255"), ("TZ", "25571")]);
    let tanzania = &all["destinations"][1];
    assert_eq!((&tanzania["per_min_e4"], &tanzania["per_min_minor"]), (&json!(9_005_100), &json!(901)));
    assert_eq!((&tanzania["country_name"], &tanzania["billing_minimum_seconds"]), (&json!("Tanzania"), &json!(60)));
    let numbers = all["numbers"].as_array().expect("a list");
    assert_eq!((numbers.len(), &numbers[0]["country"], &numbers[0]["available"]), (1, &json!("KE"), &json!(19)));
    assert_eq!(
        (&numbers[0]["monthly_price_minor"], &numbers[0]["outbound_per_min_minor"]),
        (&json!(10_000), &json!(300))
    );

    let ugandan = stranger.get("/v1/pricing?currency=UGX&country=UG").await.expect(200).json;
    assert_eq!((&ugandan["exponent"], ugandan["numbers"].as_array().map(Vec::len)), (&json!(0), Some(0)));
    assert_eq!(ugandan["destinations"][0]["per_min_minor"], 90);
    for (query, field) in [("country=XX", "country"), ("currency=EUR", "currency")] {
        let refused = stranger.get(&format!("/v1/pricing?{query}")).await.expect_error("validation.bad_request");
        assert_eq!(refused.json["error"]["field"], field);
    }
}
