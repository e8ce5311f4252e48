//! Money while the database can't be asked: how long calls go on, and what becomes of those that another node closed.

use std::time::Duration;

use sautikit::calls::record::reconcile;
use sautikit::calls::{self, Allowance, Hub, LegRecord};
use sautikit::db::Tx;
use sautikit_api::ids::LegRecordId;
use serde_json::json;

use super::support::{Order, Scene, bounds};
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    a_prepaid_call_goes_on_for_the_credit_and_then_ends_where_it_is_paid_for
    known_money_that_ends_before_the_credit_ends_the_call
    what_is_left_in_a_wallet_is_lent_once_by_all_nodes_together
    without_credit_a_call_ends_where_it_is_paid_for
    what_a_call_used_up_after_another_node_closed_it_is_written_off
    an_end_that_is_written_twice_is_no_loss
    the_ledger_is_behind_from_the_first_news_of_a_call_that_waits_until_the_database_is_back
}

/// Longer than a writer takes to give its database up.
const DEADLINE: Duration = Duration::from_secs(60);
const SECOND_US: i64 = 1_000_000;

impl Scene {
    /// A call that was answered and extended now, and after it a database that takes nothing; the call and that moment.
    async fn cut_off(&self) -> (Order, i64, Tx) {
        let order = self.place().await;
        self.answer(&order).await;
        let (leg, now_us) = (order.targets[0].leg_id, self.server.app.now_us());
        self.gateway.with(order.call_id, |record| record.leg_answered(leg, now_us));
        self.tick().await;
        let held_up = self.hold_up().await;
        self.advance(5_000);
        self.tick_in_vain();
        let writer = Hub::of(&self.server.app).writer();
        within(DEADLINE, "the writer gives up", async || writer.is_away().then_some(())).await;
        (order, now_us, held_up)
    }

    fn tick_in_vain(&self) {
        calls::record::tick(&self.server.app);
        self.press();
    }

    /// The end of the call as its task was told last, in seconds from `since_us`.
    fn ends_after(&self, order: &Order, since_us: i64) -> i64 {
        (bounds(self.gateway.allowance(order.call_id)).0 - since_us) / SECOND_US
    }
}

async fn a_prepaid_call_goes_on_for_the_credit_and_then_ends_where_it_is_paid_for(server: Server) {
    let scene = Scene::set(server).await;
    scene.forbid_overdraft().await;
    let (order, began_us, held_up) = scene.cut_off().await;
    assert_eq!(scene.ends_after(&order, began_us), 30, "one tick that is missed is no outage");
    for _ in 0..3 {
        scene.advance(5_000);
        scene.tick_in_vain();
        // However long it takes: from the last tick that was written.
        let expected = if scene.server.app.now_us() - began_us >= 15 * SECOND_US { 300 } else { 30 };
        assert_eq!(scene.ends_after(&order, began_us), expected);
    }
    let (until_us, lasts_until_us) = bounds(scene.gateway.allowance(order.call_id));
    assert_eq!(lasts_until_us, Some(until_us), "its customer is warned");
    held_up.rollback().await.unwrap();
    let writer = Hub::of(&scene.server.app).writer();
    within(DEADLINE, "the writer is back", async || (!writer.is_away()).then_some(())).await;
    scene.tick().await;
    assert_eq!(scene.ends_after(&order, began_us), 50, "thirty seconds ahead, as ever");
    scene.hang_up(&order).await;
    assert_eq!(scene.call(order.call_id).await["cost_minor"], json!(100), "what was used up meanwhile is billed");
    scene.is_sound().await;
}

async fn known_money_that_ends_before_the_credit_ends_the_call(server: Server) {
    let scene = Scene::set(server).await;
    scene.leave(400).await;
    scene.forbid_overdraft().await;
    let (order, began_us, held_up) = scene.cut_off().await;
    scene.advance(10_000);
    scene.tick_in_vain();
    assert_eq!(scene.ends_after(&order, began_us), 80);
    held_up.rollback().await.unwrap();
}

async fn what_is_left_in_a_wallet_is_lent_once_by_all_nodes_together(server: Server) {
    let scene = Scene::set(server).await;
    scene.leave(600).await;
    scene.forbid_overdraft().await;
    let (workspace, pool) = (scene.asha.workspace_id().await, scene.server.app.db.pool());
    // As much as the call here holds, and so another node's calls have as much of a right to what is left.
    for statement in [
        "insert into wallet_holds (workspace_id, node_id, held_minor) values ($1, 'another-node', 150)",
        "update wallets set held_minor = held_minor + 150 where workspace_id = $1",
    ] {
        sqlx::query(statement).bind(workspace.clone()).execute(pool).await.expect("written");
    }
    let (order, began_us, held_up) = scene.cut_off().await;
    scene.advance(10_000);
    scene.tick_in_vain();
    assert_eq!(scene.ends_after(&order, began_us), 60, "thirty seconds that it holds, and half of the other sixty");
    held_up.rollback().await.unwrap();
}

async fn without_credit_a_call_ends_where_it_is_paid_for(server: Server) {
    let server = server.configured(|config| config.billing.outage_credit_seconds = 0);
    let scene = Scene::set(server).await;
    // Calls may overdraw, and are bounded by nothing as long as their wallet can be asked.
    let (order, began_us, held_up) = scene.cut_off().await;
    assert!(matches!(scene.gateway.allowance(order.call_id), None | Some(Allowance::Unbounded)));
    scene.advance(10_000);
    scene.tick_in_vain();
    assert_eq!(scene.ends_after(&order, began_us), 30);
    held_up.rollback().await.unwrap();
}

async fn what_a_call_used_up_after_another_node_closed_it_is_written_off(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let order = scene.call_of("cut-off").await;
    // Of a node that others do not hear of any more: it is closed where it was last heard, after half a minute.
    calls::recover(app, "cut-off").await.unwrap();
    let balance = scene.balance().await;
    scene.give_away(order.call_id, &app.node_id).await;
    scene.advance(60_000);
    // The node is back.
    reconcile(app).await.unwrap();
    assert_eq!(scene.gateway.hung_up(), [order.call_id]);
    scene.hang_up(&order).await;
    assert_eq!(Hub::of(app).writer().written_off(), 1);
    assert_eq!((scene.balance().await, &scene.call(order.call_id).await["cost_minor"]), (balance, &json!(150)));
    scene.is_sound().await;
}

async fn an_end_that_is_written_twice_is_no_loss(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let order = scene.call_of("cut-off").await;
    calls::recover(app, "cut-off").await.unwrap();
    // It ends where it was last heard, as who closed it has said.
    scene.hang_up(&order).await;
    assert_eq!(Hub::of(app).writer().written_off(), 0);
    scene.is_sound().await;
}

async fn the_ledger_is_behind_from_the_first_news_of_a_call_that_waits_until_the_database_is_back(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let (order, _, held_up) = scene.cut_off().await;
    scene.gateway.with(order.call_id, |record| {
        let leg = record.leg(order.targets[0].leg_id).expect("its leg").clone();
        record.leg_began(LegRecord { id: LegRecordId(app.new_uuid()), ..leg });
        record.hand_over();
    });
    let writer = Hub::of(app).writer();
    within(DEADLINE, "the ledger is behind", async || (!writer.ledger_lag().is_zero()).then_some(())).await;
    held_up.rollback().await.unwrap();
    within(DEADLINE, "the writer is back", async || (!writer.is_away()).then_some(())).await;
    assert_eq!(writer.ledger_lag(), Duration::ZERO);
}
