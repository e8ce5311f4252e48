//! What the record writer makes of calls that somebody else closed, that the database refuses, or that nobody waits for any
//! more; and of nodes that died.

use std::time::Duration;

use sautikit::calls::record::{reconcile, start};
use sautikit::calls::{self, Hub, LegRecord, Rate};
use sautikit::db::Tx;
use sautikit::wallet;
use sautikit::webhooks::{EventKind, NewEvent, Subject};
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, EventId, LegRecordId, WorkspaceId};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::support::{FROM, Order, Scene, TO};
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    a_call_that_is_refused_takes_neither_lease_nor_holds_from_the_others
    a_call_whose_client_has_gone_is_dialled_all_the_same
    a_call_that_was_opened_too_late_is_closed_and_its_request_can_be_repeated
    a_call_that_another_node_closed_is_told_of_once
    what_a_dead_node_left_keeps_no_lost_call_of_this_one_from_its_carrier
    a_node_says_that_it_lives_before_it_takes_calls
    a_dead_node_that_never_said_that_it_lived_is_found
    a_lease_ahead_of_time_keeps_no_dead_node_alive
    nodes_that_close_the_same_calls_do_not_hinder_each_other
    an_end_that_is_refused_is_put_aside_once
    a_refused_end_of_a_dead_node_keeps_none_of_its_calls_open
    an_event_of_no_call_stands_after_the_next_flush
    an_event_that_the_database_refuses_keeps_no_other_from_it
    an_event_of_no_call_is_spooled_while_the_database_is_away
    what_a_dead_node_left_of_conferences_is_told_once
}

/// The longest that anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

impl Scene {
    async fn sql(&self, sql: &str) {
        sqlx::query(AssertSqlSafe(sql.to_owned())).execute(self.server.app.db.pool()).await.unwrap();
    }

    /// A number that the database has.
    async fn number(&self, sql: &str) -> Option<i64> {
        let query = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        query.fetch_optional(self.server.app.db.pool()).await.unwrap()
    }

    async fn is_open(&self, call: CallId) -> bool {
        let sql = format!("select count(*) from calls where id = '{call}' and ended_at is null");
        self.number(&sql).await == Some(1)
    }

    /// Has the call be another node's.
    pub(super) async fn give_away(&self, call: CallId, node: &str) {
        self.sql(&format!("update calls set node_id = '{node}' where id = '{call}'")).await;
    }

    /// A call that the API placed, talked for half a minute, and is another node's.
    pub(super) async fn call_of(&self, node: &str) -> Order {
        let order = self.place().await;
        self.answer(&order).await;
        self.advance(30_000);
        let app = &self.server.app;
        Hub::of(app).writer().heard(vec![(order.call_id, app.clock.monotonic())]);
        self.tick().await;
        self.give_away(order.call_id, node).await;
        order
    }

    /// Makes the call's bill one that no wallet takes.
    async fn poison(&self, call: CallId) {
        self.sql(&format!("update call_legs set rate_per_min_e4 = 9000000000000000000 where call_id = '{call}'")).await;
        self.sql(&format!("update calls set last_media_at = answered_at + 36000000000 where id = '{call}'")).await;
    }

    /// Lines that were put aside for people.
    fn put_aside(&self) -> usize {
        let path = self.server.app.config.data_dir.join("call-record.rejected");
        std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
    }

    /// Until this ends, whoever writes of calls waits.
    pub(super) async fn hold_up(&self) -> Tx {
        let mut tx = self.server.app.db.begin_write().await.unwrap();
        sqlx::query("update wallets set held_minor = held_minor").execute(&mut *tx).await.unwrap();
        tx
    }

    async fn sums_agree(&self) {
        let report = wallet::verify::verify(&self.server.app).await.unwrap();
        assert!(report.is_sound(), "{:?}", report.breaks);
    }
}

/// What a conference tells.
async fn told(scene: &Scene) -> NewEvent {
    NewEvent {
        id: EventId(scene.server.app.new_uuid()),
        workspace_id: scene.asha.workspace_id().await.parse().expect("an id"),
        kind: EventKind::ConferenceStarted,
        subject: Subject::Workspace,
        data: json!({ "name": "stand-up" }),
        created_at: scene.server.app.now_us(),
    }
}

async fn stands(scene: &Scene, event: EventId) -> bool {
    scene.number(&format!("select count(*) from events where id = '{event}'")).await == Some(1)
}

async fn an_event_of_no_call_stands_after_the_next_flush(server: Server) {
    let scene = Scene::set(server).await;
    let writer = Hub::of(&scene.server.app).writer();
    let event = told(&scene).await;
    assert!(writer.tell(event.clone()).is_none() && !writer.is_written());
    within(DEADLINE, "a flush", async || writer.is_written().then_some(())).await;
    assert!(stands(&scene, event.id).await);
    // Whether its commit was heard of is not always known.
    assert!(writer.tell(event.clone()).is_none());
    within(DEADLINE, "another", async || writer.is_written().then_some(())).await;
    assert!(stands(&scene, event.id).await && scene.put_aside() == 0);
}

async fn an_event_that_the_database_refuses_keeps_no_other_from_it(server: Server) {
    let scene = Scene::set(server).await;
    let writer = Hub::of(&scene.server.app).writer();
    let (good, nobodys) = (told(&scene).await, told(&scene).await);
    let nobodys = NewEvent { workspace_id: WorkspaceId(nobodys.id.0), ..nobodys };
    assert!(writer.tell(nobodys.clone()).is_none() && writer.tell(good.clone()).is_none());
    within(DEADLINE, "both", async || writer.is_written().then_some(())).await;
    assert!(stands(&scene, good.id).await && !stands(&scene, nobodys.id).await);
    assert_eq!(scene.put_aside(), 1, "what was refused is kept for people");
}

async fn an_event_of_no_call_is_spooled_while_the_database_is_away(server: Server) {
    let scene = Scene::set(server).await;
    let writer = Hub::of(&scene.server.app).writer();
    let spool = scene.server.app.config.data_dir.join("call-record.spool");
    let event = told(&scene).await;
    let held_up = scene.hold_up().await;
    // Whoever flushes waits for it, and gives up.
    let call = scene.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await;
    call.expect_error("storage.unavailable");
    assert!(writer.tell(event.clone()).is_none());
    within(DEADLINE, "it is on the disk", async || {
        let text = std::fs::read_to_string(&spool).ok()?;
        text.contains(&event.id.to_string()).then_some(())
    })
    .await;
    held_up.rollback().await.unwrap();
    within(DEADLINE, "the database is back", async || (!writer.is_away()).then_some(())).await;
    assert!(stands(&scene, event.id).await && !spool.exists());
}

async fn a_call_that_is_refused_takes_neither_lease_nor_holds_from_the_others(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let (running, refused) = (scene.place().await, scene.place().await);
    scene.answer(&running).await;
    scene.advance(60_000);
    scene.gateway.with(refused.call_id, |record| {
        let leg = record.leg(refused.targets[0].leg_id).expect("its leg").clone();
        let rate = Rate { per_minute_e4: -1, ..leg.rate };
        record.leg_began(LegRecord { id: LegRecordId(app.new_uuid()), rate, ..leg });
        record.hand_over();
    });
    Hub::of(app).writer().heard(vec![(running.call_id, app.clock.monotonic())]);
    scene.tick().await;
    assert_eq!(scene.put_aside(), 1, "what was refused is kept for people");
    let lease = scene.number("select lease_until from nodes where id = 'test-node'").await;
    assert_eq!(lease, Some(app.now_us() + 60_000_000));
    let heard = scene.number(&format!("select last_media_at from calls where id = '{}'", running.call_id)).await;
    assert_eq!(heard, Some(app.now_us()));
    // A minute used up and thirty seconds ahead, and the other's thirty seconds ahead, at five a second.
    let wallet = scene.asha.get("/v1/wallet/balance").await.expect(200).json;
    assert_eq!(wallet["held_minor"], 450 + 150);
}

async fn a_call_whose_client_has_gone_is_dialled_all_the_same(server: Server) {
    let scene = Scene::set(server).await;
    scene.place().await;
    scene.tick().await;
    let asha = scene.asha.with("idempotency-key", "k");
    let body = json!({ "from": FROM, "to": TO });
    let held_up = scene.hold_up().await;
    let request = tokio::spawn({
        let (asha, body) = (asha.clone(), body.clone());
        async move { asha.post("/v1/calls", body).await }
    });
    let writer = Hub::of(&scene.server.app).writer();
    within(DEADLINE, "the call waits for its record", async || (!writer.is_written()).then_some(())).await;
    request.abort();
    assert!(request.await.is_err(), "the client has gone");
    held_up.rollback().await.unwrap();
    within(DEADLINE, "the call is dialled", async || (scene.gateway.ordered() == 2).then_some(())).await;
    let repeated = asha.post("/v1/calls", body).await.expect(202);
    assert_eq!(repeated.header("idempotent-replayed"), Some("true"));
    assert_eq!(repeated.json["call_id"], json!(scene.gateway.last_order().call_id));
    assert_eq!(scene.gateway.ordered(), 2);
}

async fn a_call_that_was_opened_too_late_is_closed_and_its_request_can_be_repeated(server: Server) {
    let scene = Scene::set(server).await;
    let before = scene.place().await;
    scene.fail(&before, CallStatus::NoAnswer, "no_answer").await;
    let asha = scene.asha.with("idempotency-key", "k");
    let body = json!({ "from": FROM, "to": TO });
    let held_up = scene.hold_up().await;
    asha.post("/v1/calls", body.clone()).await.expect_error("storage.unavailable");
    held_up.rollback().await.unwrap();
    let repeated = within(DEADLINE, "the request, repeated, places a call", async || {
        let answer = asha.post("/v1/calls", body.clone()).await;
        (answer.status == 202).then_some(answer)
    })
    .await;
    assert_eq!(repeated.header("idempotent-replayed"), None, "its first answer was no call's");
    let order = scene.gateway.last_order();
    assert_eq!((scene.gateway.ordered(), &repeated.json["call_id"]), (2, &json!(order.call_id)));
    let rows = "select status, cost_minor, hangup_cause from calls where id not in ($1, $2)";
    let query = sqlx::query_as(rows).bind(before.call_id.to_string()).bind(order.call_id.to_string());
    let late: Vec<(String, Option<i64>, Option<String>)> = query.fetch_all(scene.server.app.db.pool()).await.unwrap();
    let closed = ("failed".to_owned(), Some(0), Some("storage.unavailable".to_owned()));
    assert!(late.iter().all(|row| *row == closed), "{late:?}");
    scene.tick().await;
    let wallet = scene.asha.get("/v1/wallet/balance").await.expect(200).json;
    assert_eq!(wallet["held_minor"], 150, "of the one that rings");
    scene.sums_agree().await;
}

async fn a_call_that_another_node_closed_is_told_of_once(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let order = scene.call_of("other").await;
    calls::recover(app, "other").await.unwrap();
    let balance = scene.balance().await;
    // It runs on, and tells of more than the node that closed it knew.
    scene.gateway.with(order.call_id, |record| {
        for _ in 0..2 {
            record.entry("call.callback_failed", app.now_us(), json!({}));
        }
    });
    scene.advance(60_000);
    scene.hang_up(&order).await;
    let told = scene.told(order.call_id).await;
    for kind in ["call.completed", "call.billed"] {
        assert_eq!(told.iter().filter(|told| *told == kind).count(), 1, "{kind} in {told:?}");
        let sql = format!("select count(*) from call_events where call_id = '{}' and kind = '{kind}'", order.call_id);
        assert_eq!(scene.number(&sql).await, Some(1), "{kind} on the timeline");
    }
    assert_eq!((scene.balance().await, &scene.call(order.call_id).await["cost_minor"]), (balance, &json!(150)));
    scene.sums_agree().await;
}

async fn what_a_dead_node_left_keeps_no_lost_call_of_this_one_from_its_carrier(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let (lost, other) = (scene.place().await, scene.place().await);
    scene.gateway.with(lost.call_id, |record| {
        record.leg_dialog(lost.targets[0].leg_id, json!("its dialog"));
        record.hand_over();
    });
    scene.tick().await;
    // A row that nobody can read.
    scene.give_away(other.call_id, "dead").await;
    scene.sql(&format!("update calls set metadata = '{{' where id = '{}'", other.call_id)).await;
    drop(scene.gateway.take(other.call_id));
    for _ in 0..3 {
        assert!(reconcile(app).await.unwrap().is_empty());
        scene.advance(5_000);
    }
    assert!(calls::recover(app, "dead").await.is_err());
    scene.gateway.with(lost.call_id, |record| record.close());
    let closed = reconcile(app).await.unwrap();
    assert_eq!(closed.iter().map(|call| call.call_id).collect::<Vec<_>>(), [lost.call_id]);
    assert_eq!(scene.gateway.ended_dialogs(), [json!("its dialog")], "the carrier must not bill on");
}

async fn a_node_says_that_it_lives_before_it_takes_calls(server: Server) {
    let app = server.app.changed(|app| {
        app.node_id = "new-node".into();
        app.stopping = CancellationToken::new();
        app.tasks = TaskTracker::new();
        app.parts.put(Hub::default());
    });
    assert!(start(&app).await.unwrap().is_empty());
    let lease = "select lease_until from nodes where id = 'new-node'";
    let lease: Option<i64> = sqlx::query_scalar(lease).fetch_optional(app.db.pool()).await.unwrap();
    assert_eq!(lease, Some(app.now_us() + 60_000_000), "others know whose calls to close, however soon it dies");
    app.stopping.cancel();
}

async fn a_dead_node_that_never_said_that_it_lived_is_found(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.call_of("dead").await;
    drop(scene.gateway.take(order.call_id));
    for _ in 0..3 {
        assert!(reconcile(&scene.server.app).await.unwrap().is_empty());
        scene.advance(5_000);
    }
    let closed = reconcile(&scene.server.app).await.unwrap();
    assert_eq!(closed.iter().map(|call| call.call_id).collect::<Vec<_>>(), [order.call_id]);
}

async fn a_lease_ahead_of_time_keeps_no_dead_node_alive(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.call_of("dead").await;
    drop(scene.gateway.take(order.call_id));
    // Its clock was a day ahead.
    let lease_until = scene.server.app.now_us() + 86_400_000_000;
    scene.sql(&format!("insert into nodes (id, lease_until) values ('dead', {lease_until})")).await;
    for _ in 0..15 {
        assert!(reconcile(&scene.server.app).await.unwrap().is_empty());
        scene.advance(5_000);
    }
    let closed = reconcile(&scene.server.app).await.unwrap();
    assert_eq!(closed.iter().map(|call| call.call_id).collect::<Vec<_>>(), [order.call_id]);
}

async fn nodes_that_close_the_same_calls_do_not_hinder_each_other(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let before = scene.balance().await;
    for _ in 0..3 {
        let order = scene.call_of("dead").await;
        drop(scene.gateway.take(order.call_id));
    }
    let recovered = futures::future::join_all((0..4).map(|_| calls::recover(app, "dead"))).await;
    for closed in recovered {
        closed.unwrap();
    }
    assert_eq!(scene.balance().await, before - 3 * 150);
    scene.sums_agree().await;
}

async fn an_end_that_is_refused_is_put_aside_once(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let order = scene.place().await;
    scene.answer(&order).await;
    scene.poison(order.call_id).await;
    drop(scene.gateway.take(order.call_id));
    for _ in 0..3 {
        scene.advance(11_000);
        reconcile(app).await.unwrap();
        assert_eq!(scene.put_aside(), 1);
    }
    assert!(scene.is_open(order.call_id).await, "people have to judge it");
}

async fn a_refused_end_of_a_dead_node_keeps_none_of_its_calls_open(server: Server) {
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let (refused, other) = (scene.call_of("dead").await, scene.call_of("dead").await);
    scene.poison(refused.call_id).await;
    for _ in 0..2 {
        calls::recover(app, "dead").await.unwrap();
        assert_eq!(scene.put_aside(), 1);
    }
    assert_eq!(scene.call(other.call_id).await["hangup_cause"], "node_lost");
    assert!(scene.is_open(refused.call_id).await, "people have to judge it");
}

async fn what_a_dead_node_left_of_conferences_is_told_once(server: Server) {
    use EventKind::{ConferenceEnded, ConferenceJoined, ConferenceLeft, ConferenceStarted};
    let scene = Scene::set(server).await;
    let app = &scene.server.app;
    let writer = Hub::of(app).writer();
    let (workspace_id, conference) = (told(&scene).await.workspace_id, app.new_uuid());
    let tell = async |kind: EventKind, call: &str| {
        scene.advance(1);
        let data =
            json!({ "conference_id": conference, "name": "stand-up", "members": 1, "call_id": call, "party": TO });
        let id = EventId(app.new_uuid());
        let created_at = app.now_us();
        let event = NewEvent { id, workspace_id, kind, subject: Subject::Workspace, data, created_at };
        assert!(writer.tell(event).is_none());
        within(DEADLINE, "a flush", async || writer.is_written().then_some(())).await;
    };
    for (kind, call) in [
        (ConferenceStarted, ""),
        (ConferenceJoined, "1"),
        (ConferenceJoined, "2"),
        (ConferenceJoined, "3"),
        (ConferenceLeft, "1"),
    ] {
        tell(kind, call).await;
    }
    scene.sql("update live_conferences set node_id = 'dead'").await;
    // It has no call and holds nothing, and is looked after all the same.
    let ended = "select count(*) from events where kind = 'conference.ended'";
    for _ in 0..3 {
        reconcile(app).await.unwrap();
        assert_eq!(scene.number(ended).await, Some(0));
        scene.advance(5_000);
    }
    reconcile(app).await.unwrap();
    assert_eq!(scene.number(ended).await, Some(1));
    let closed = futures::future::join_all((0..3).map(|_| calls::recover(app, "dead"))).await;
    assert!(closed.iter().all(Result::is_ok), "{closed:?}");
    // The node was only cut off, and tells of it too.
    for (kind, call) in [(ConferenceLeft, "2"), (ConferenceLeft, "3"), (ConferenceEnded, "")] {
        tell(kind, call).await;
    }
    let sql = "select kind, data from events where kind like 'conference.%' order by created_at, id";
    let query = sqlx::query_as(AssertSqlSafe(sql.to_owned()));
    let rows: Vec<(String, String)> = query.fetch_all(app.db.pool()).await.unwrap();
    let data: Vec<Value> = rows.iter().map(|(_, data)| serde_json::from_str(data).expect("JSON")).collect();
    let shown: Vec<_> = rows
        .iter()
        .zip(&data)
        .map(|((kind, _), data)| (kind.as_str(), data["call_id"].as_str().unwrap_or("")))
        .collect();
    let expected = [
        ("conference.started", ""),
        ("conference.joined", "1"),
        ("conference.joined", "2"),
        ("conference.joined", "3"),
        ("conference.left", "1"),
        ("conference.left", "3"),
        ("conference.left", "2"),
        ("conference.ended", ""),
    ];
    assert_eq!(shown, expected);
    let ended = json!({ "conference_id": conference, "name": "stand-up", "members": 0 });
    assert_eq!((&data[5]["members"], &data[6]["members"], &data[7]), (&json!(2), &json!(1), &ended));
    assert_eq!(scene.number("select count(*) from live_conference_members").await, Some(0));
}
