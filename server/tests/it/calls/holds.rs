//! What is held of a wallet and for whom: nothing for a call or a leg that does not come about.

use std::time::Duration;

use sautikit::calls::{self, CallError, Hub};
use sautikit_api::calls::CallStatus;
use serde_json::json;

use super::support::{FROM, Scene, TO};
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    a_tick_beside_a_refused_opening_leaves_no_hold
    a_leg_that_is_not_dialled_after_all_holds_nothing
    a_hold_whose_commit_was_not_heard_is_given_back
}

/// Longer than a writer takes to give its database up.
const DEADLINE: Duration = Duration::from_secs(30);

async fn a_tick_beside_a_refused_opening_leaves_no_hold(server: Server) {
    let scene = Scene::set(server).await;
    scene.leave(100).await;
    let app = &scene.server.app;
    // It may overdraw, and holds more than there is.
    let running = scene.place().await;
    let writer = Hub::of(app).writer();
    let workspace = writer.workspace_of(running.call_id).expect("a running call");
    let opening = calls::admit_browser(app, workspace, FROM, TO, |_| true);
    let ticking = async {
        while writer.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        calls::record::tick(app);
    };
    // The tick looks right after the opening each time, so that both are in one flush.
    let both = futures::future::join(opening, ticking);
    let (refused, ()) = tokio::time::timeout(DEADLINE, both).await.expect("the opening waits for a flush");
    assert!(matches!(refused.err(), Some(CallError::Wallet(_))));
    scene.tick().await;
    assert_eq!(scene.wallet().await["held_minor"], 150);
    scene.fail(&running, CallStatus::NoAnswer, "no_answer").await;
    assert_eq!(scene.wallet().await["held_minor"], 0);
    scene.is_sound().await;
}

async fn a_leg_that_is_not_dialled_after_all_holds_nothing(server: Server) {
    let scene = Scene::set(server).await;
    scene.forbid_overdraft().await;
    let (call_id, leg) = scene.dials().await;
    assert_eq!(scene.wallet().await["held_minor"], 150);
    scene.gateway.with(call_id, |record| record.funds()).release(leg);
    scene.tick().await;
    assert_eq!(scene.wallet().await["held_minor"], 0);
    scene.end(call_id, CallStatus::NoAnswer, "no_answer").await;
    scene.is_sound().await;
}

async fn a_hold_whose_commit_was_not_heard_is_given_back(server: Server) {
    let scene = Scene::set(server).await;
    scene.forbid_overdraft().await;
    let app = &scene.server.app;
    let workspace = scene.asha.workspace_id().await;
    // What such a flush wrote, by somebody who keeps the writer from its own until it has given up.
    let mut unheard = app.db.begin_write().await.expect("a transaction");
    for sql in [
        "update wallets set held_minor = held_minor + 150 where workspace_id = $1",
        "insert into wallet_holds (workspace_id, node_id, held_minor) values ($1, 'test-node', 150)
            on conflict (node_id, workspace_id) do update set held_minor = 150",
    ] {
        sqlx::query(sql).bind(workspace.clone()).execute(&mut *unheard).await.expect("written");
    }
    let opened = calls::admit_browser(app, workspace.parse().expect("an id"), FROM, TO, |_| true).await;
    assert!(matches!(opened.err(), Some(CallError::StorageUnavailable)));
    let writer = Hub::of(app).writer();
    let given_up = async || writer.is_away().then_some(());
    within(DEADLINE, "the writer gives up", given_up).await;
    unheard.commit().await.expect("committed");
    let back = async || (!writer.is_away()).then_some(());
    within(DEADLINE, "the writer is back", back).await;
    assert_eq!(scene.wallet().await["held_minor"], json!(0));
    scene.is_sound().await;
}
