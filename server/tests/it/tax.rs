//! VAT beside prices: calls and rentals bear it, what is held covers it, statements show it, top-ups bear none.

use sautikit::wallet;
use serde_json::json;

use crate::calls::support::{FROM, Scene, TO, bounds};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_call_and_a_rental_bear_tax_beside_their_price
    a_prepaid_call_ends_where_cost_and_tax_are_paid
    the_rate_is_the_countrys_and_the_calls_is_that_of_its_start
    tax_that_was_changed_is_found
}

fn taxed(server: Server) -> Server {
    server.configured(|config| {
        config.tax.basis_points = 1_800;
        config.tax.countries.insert("KE".to_owned(), 1_600);
        // A workspace that moves abroad calls on.
        config.call_limits.countries = vec!["*".to_owned()];
    })
}

async fn breaks(scene: &Scene) -> Vec<String> {
    wallet::verify::verify(&scene.server.app).await.expect("verified").breaks
}

async fn a_call_and_a_rental_bear_tax_beside_their_price(server: Server) {
    let scene = Scene::set(taxed(server)).await;
    // 29 of 30 days at 100: 96.67, and 15.47 of tax.
    assert_eq!(scene.balance().await, 100_000 - 9_667 - 1_547);
    let available = scene.asha.get("/v1/numbers/available?country=KE&currency=KES").await.expect(200).json;
    assert_eq!(
        (&available[0]["monthly_price_minor"], &available[0]["due_now_minor"]),
        (&json!(10_000), &json!(9_667 + 1_547))
    );
    let before = scene.balance().await;
    let id = scene.talk(46_500).await;
    let call = scene.call(id).await;
    assert_eq!((&call["cost_minor"], &call["tax_minor"]), (&json!(235), &json!(38)));
    assert_eq!(scene.balance().await, before - 273);
    let ledger = scene.asha.get("/v1/wallet/ledger").await.expect(200).json;
    let figures = |place: usize| (ledger[place]["amount_minor"].clone(), ledger[place]["tax_minor"].clone());
    assert_eq!(
        [figures(0), figures(1), figures(2)],
        [(json!(-273), json!(-38)), (json!(-9_667 - 1_547), json!(-1_547)), (json!(100_000), json!(0)),]
    );
    let statement = scene.asha.get("/v1/wallet/statements/2026-11").await.expect(200).json;
    assert_eq!((&statement["tax_minor"], &statement["closing_minor"]), (&json!(-1_585), &json!(before - 273)));
    let billed = sqlx::query_scalar("select data from events where kind = 'call.billed'");
    let billed: String = billed.fetch_one(scene.server.app.db.pool()).await.expect("the event");
    assert!(billed.contains("\"tax_minor\":38"), "{billed}");
    assert!(breaks(&scene).await.is_empty());
}

async fn a_prepaid_call_ends_where_cost_and_tax_are_paid(server: Server) {
    let scene = Scene::set(taxed(server)).await;
    scene.asha.patch("/v1/workspace", json!({ "overdraft_policy": "none" })).await.expect(200);
    // 41 pay seven seconds: 35 and 6. What is beyond goes by an adjustment.
    let operator = scene.server.operator().await;
    let path = format!("/v1/admin/wallets/{}/adjustments", scene.asha.workspace_id().await);
    let debit = json!({ "kind": "debit", "amount_minor": scene.balance().await - 41, "reason": "a test" });
    operator.post(&path, debit).await.expect(201);
    let order = scene.place().await;
    assert_eq!(scene.asha.get("/v1/wallet/balance").await.expect(200).json["held_minor"], 41);
    let answered_at = scene.server.app.now_us();
    let allowance = scene.gateway.with(order.call_id, |record| {
        record.answered(answered_at, Some(order.targets[0].leg_id));
        record.leg_answered(order.targets[0].leg_id, answered_at)
    });
    assert_eq!(bounds(allowance).0 - answered_at, 7_000_000);
    scene.advance(7_000);
    scene.hang_up(&order).await;
    assert_eq!(scene.balance().await, 0);
    // The next one needs an increment and its tax.
    let top_up = json!({ "kind": "credit", "amount_minor": 5, "reason": "a test" });
    operator.post(&path, top_up).await.expect(201);
    let refused = scene.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await;
    refused.expect_error("wallet.insufficient_funds");
    operator.post(&path, json!({ "kind": "credit", "amount_minor": 1, "reason": "a test" })).await.expect(201);
    scene.place().await;
    assert!(breaks(&scene).await.is_empty());
}

async fn the_rate_is_the_countrys_and_the_calls_is_that_of_its_start(server: Server) {
    let scene = Scene::set(taxed(server)).await;
    let order = scene.place().await;
    scene.answer(&order).await;
    // To a country without a rate of its own, while the call runs.
    let moved = scene.asha.patch("/v1/workspace", json!({ "country": "UG" })).await;
    assert_eq!(moved.expect(400).json["error"]["field"], "country", "money has moved");
    sqlx::query("update wallets set country = 'UG'").execute(scene.server.app.db.pool()).await.expect("a country");
    scene.server.app.tenant_changes.note();
    scene.advance(20_000);
    scene.hang_up(&order).await;
    assert_eq!(scene.call(order.call_id).await["tax_minor"], 16);
    let id = scene.talk(20_000).await;
    assert_eq!(scene.call(id).await["tax_minor"], 18);
    assert!(breaks(&scene).await.is_empty());
}

async fn tax_that_was_changed_is_found(server: Server) {
    let scene = Scene::set(taxed(server)).await;
    let id = scene.talk(46_500).await;
    let pool = scene.server.app.db.pool();
    let change = sqlx::query("update calls set tax_minor = 37 where id = $1").bind(id.to_string());
    change.execute(pool).await.expect("changed");
    let found = breaks(&scene).await;
    assert!(found.iter().any(|what| what.contains("whose tax is not its rate's")), "{found:?}");
    assert!(found.iter().any(|what| what.contains("another cause, amount or wallet")), "{found:?}");
}
