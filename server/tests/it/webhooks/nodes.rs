//! Several nodes on one database: one delivers, and all know what the others did, whatever their clocks say.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sautikit::clock::{Clock, TestClock, Until};
use sautikit::state::AppState;
use sautikit::webhooks::delivery::Bell;
use sautikit::webhooks::delivery::gauge::Dispatching;
use sautikit::webhooks::live::{Live, notices};
use sautikit::webhooks::{EventKind, Subject, run_until_stopped};
use sautikit_api::ids::{CallId, NumberId};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::live::{self, Reader};
use super::{Answers, DEADLINE, Receiver, Scene, deliver, emit_all};
use crate::calls::support::{FROM, TO};
use crate::support::{Engine, ORIGIN, Server, on_each_engine, within};

on_each_engine! {
    a_change_of_a_node_whose_clock_is_behind_is_seen
    a_node_that_stops_hands_over_and_takes_nothing_from_the_next
    the_operator_sees_how_far_delivery_is_behind
    a_node_that_stops_switches_off_what_is_gone
    a_dispatcher_that_panics_begins_anew
    a_node_that_stops_cuts_off_what_is_on_its_way_before_the_next_begins
    a_node_that_is_killed_is_followed_by_the_one_that_stands_by
}

/// A lease lasts ten seconds.
const TAKEN_OVER: Duration = Duration::from_secs(60);
/// An hour.
const BEHIND_US: i64 = 3_600 * 1_000_000;

async fn a_change_of_a_node_whose_clock_is_behind_is_seen(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 1).await;
    scene.server.clock.set_by_us(-BEHIND_US);
    let change = json!({ "url": receiver.url("/moved") });
    scene.asha.patch(&format!("/v1/webhooks/{id}"), change).await.expect(200);
    scene.server.clock.set_by_us(BEHIND_US);
    within(DEADLINE, "an event at the new place", async || {
        scene.emit(EventKind::WalletTopUp).await;
        scene.until_all_is_told().await;
        (receiver.count("/moved") > 0).then_some(())
    })
    .await;
}

/// Another node on the same database.
fn node(scene: &Scene, name: &str) -> AppState {
    scene.server.app.changed(|app| {
        app.node_id = name.into();
        app.stopping = CancellationToken::new();
        app.parts.put(Live::default());
    })
}

/// One that shares nothing with the others but the database, as another process.
fn apart(scene: &Scene, name: &str) -> AppState {
    node(scene, name).changed(|app| {
        app.parts.put(Bell::default());
        app.parts.put(Dispatching::default());
    })
}

async fn leased_to(scene: &Scene) -> (String, i64, i64) {
    let lease = "select node_id, epoch, lease_until from webhook_dispatcher";
    sqlx::query_as(lease).fetch_one(scene.server.app.db.pool()).await.expect("a lease")
}

/// The release is one of the lease that was the node's own: a renewal or another node's lease, which came before it, stands.
async fn a_node_that_stops_hands_over_and_takes_nothing_from_the_next(server: Server) {
    let (scene, receiver) = (Scene::set(server).await, Receiver::start().await);
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let mut told = Vec::new();
    let mut nodes = Vec::new();
    for round in 0..6 {
        let app = node(&scene, &format!("node-{round}"));
        nodes.push((app.clone(), tokio::spawn(run_until_stopped(app))));
        for _ in 0..5 {
            told.push(scene.emit(EventKind::WalletTopUp).await);
        }
        within(DEADLINE, "a node that delivers", async || {
            receiver.told("/events").len().ge(&(told.len() / 2)).then_some(())
        })
        .await;
        // Its release meets its own renewals and, where the lease had lapsed, the next node.
        let (leader, _, _) = leased_to(&scene).await;
        if let Some(place) = nodes.iter().position(|(app, _)| *app.node_id == *leader) {
            let (app, task) = nodes.remove(place);
            if round % 2 == 1 {
                let lapse = "update webhook_dispatcher set lease_until = 0";
                sqlx::query(lapse).execute(scene.server.app.db.pool()).await.expect("lapsed");
            }
            app.stopping.cancel();
            task.await.expect("a clean end");
        }
    }
    let last = node(&scene, "the-last");
    tokio::spawn(run_until_stopped(last));
    told.push(scene.emit(EventKind::WalletTopUp).await);
    let came = || -> HashSet<String> {
        receiver.told("/events").iter().map(|one| one.json()["id"].as_str().expect("an id").to_owned()).collect()
    };
    // The last of them too: whoever placed it has the lease.
    within(DEADLINE, "each at least once", async || {
        let came = came();
        told.iter().all(|event| came.contains(&format!("evt_{event}"))).then_some(())
    })
    .await;
    scene.deliveries(&id, "delivered", told.len()).await;
    let (holder, epoch, until) = leased_to(&scene).await;
    assert!(until > scene.server.app.now_us(), "{holder} delivers, and nobody has ended its lease");
    assert!(epoch >= 4, "{epoch}");
    let query = sqlx::query_scalar::<_, String>("select id from events");
    let emitted = query.fetch_all(scene.server.app.db.pool()).await.expect("events");
    assert!(came().iter().all(|event| emitted.iter().any(|id| *event == format!("evt_{id}"))), "none invented");
}

/// Nothing is handed over: the other one waits until the lease is past its time.
async fn a_node_that_is_killed_is_followed_by_the_one_that_stands_by(server: Server) {
    const CALLS: usize = 20;
    const EVENTS: i64 = 5;
    let (scene, receiver) = (Scene::set(server).await, Receiver::start().await);
    // So that the kill finds some on their way and more that wait.
    receiver.answers("/events", Answers::Slowly(Duration::from_millis(50)));
    scene.endpoint(&receiver.url("/events"), &["call.*"]).await;
    let killed = tokio::spawn(run_until_stopped(apart(&scene, "killed")));
    let is_led_by = async |name: &'static str| {
        within(TAKEN_OVER, name, async || (leased_to(&scene).await.0 == name).then_some(())).await
    };
    is_led_by("killed").await;
    let next = apart(&scene, "next");
    tokio::spawn(run_until_stopped(next.clone()));
    let calls: Vec<_> = (0..CALLS).map(|_| CallId(scene.server.app.new_uuid())).collect();
    let number_id = NumberId(scene.server.app.new_uuid());
    let places: Vec<_> = (1..=EVENTS).flat_map(|sequence| calls.iter().map(move |call| (*call, sequence))).collect();
    let subjects = places.iter().map(|(call_id, sequence)| {
        let (call_id, sequence) = (*call_id, *sequence);
        Subject::Call { call_id, number_id, sequence }
    });
    let workspace = scene.asha.workspace_id().await;
    let emitted = emit_all(&scene.server, &workspace, EventKind::CallAnswered, subjects).await;
    receiver.wait("/events", CALLS).await;
    killed.abort();
    let _ = killed.await;
    let place_of: HashMap<_, _> = emitted.iter().map(|id| format!("evt_{id}")).zip(places).collect();
    let came = within(TAKEN_OVER, "every event", async || {
        let told = receiver.told("/events");
        let came: Vec<_> = told.iter().map(|one| one.json()["id"].as_str().expect("an id").to_owned()).collect();
        let different: HashSet<_> = came.iter().collect();
        (different.len() == place_of.len()).then_some(came)
    })
    .await;
    is_led_by("next").await;
    // What had arrived and was not written comes again; what comes for the first time comes in its place.
    let mut last: HashMap<CallId, i64> = HashMap::new();
    let mut seen = HashSet::new();
    for id in came.iter().filter(|id| seen.insert((*id).clone())) {
        let (call, sequence) = place_of.get(id).expect("none is invented");
        assert_eq!(last.insert(*call, *sequence).unwrap_or(0), sequence - 1, "in the call's order");
    }
    next.stopping.cancel();
}

/// Has a node that is told to stop wait for an answer of that status, which the gate lets go; the endpoint, and the node's end.
async fn stops_while_it_delivers(
    scene: &Scene,
    receiver: &Receiver,
    status: u16,
) -> (String, Arc<Semaphore>, JoinHandle<()>) {
    let gate = Arc::new(Semaphore::new(0));
    receiver.answers("/events", Answers::When(status, gate.clone()));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let app = node(scene, "the-first");
    let task = tokio::spawn(run_until_stopped(app.clone()));
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 1).await;
    app.stopping.cancel();
    (id, gate, task)
}

async fn a_node_that_stops_switches_off_what_is_gone(server: Server) {
    let (scene, receiver) = (Scene::set(server).await, Receiver::start().await);
    let (id, gate, task) = stops_while_it_delivers(&scene, &receiver, 410).await;
    gate.add_permits(1);
    task.await.expect("a clean end");
    let shown = scene.asha.get(&format!("/v1/webhooks/{id}")).await.expect(200).json;
    assert_eq!((shown["status"].as_str(), shown["disabled_reason"].as_str()), (Some("disabled"), Some("gone")));
    scene.deliveries(&id, "failed", 1).await;
}

/// Two nodes would send a call's events beside each other otherwise.
async fn a_node_that_stops_cuts_off_what_is_on_its_way_before_the_next_begins(server: Server) {
    let (scene, receiver) = (Scene::set(server).await, Receiver::start().await);
    let (id, gate, task) = stops_while_it_delivers(&scene, &receiver, 200).await;
    task.await.expect("a clean end");
    tokio::spawn(run_until_stopped(node(&scene, "the-next")));
    receiver.wait("/events", 2).await;
    // The first request is over: the one answer that the gate lets go is the second's.
    gate.add_permits(1);
    let delivered = scene.deliveries(&id, "delivered", 1).await;
    assert_eq!(delivered[0]["attempts"], 1);
}

/// A clock that breaks once, when a test wants it to.
struct Breaks {
    clock: Arc<TestClock>,
    breaks: AtomicBool,
}

impl Clock for Breaks {
    fn now(&self) -> jiff::Timestamp {
        assert!(!self.breaks.swap(false, Ordering::Relaxed), "as the test wants it");
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn until(&self, at: Duration) -> Until {
        self.clock.until(at)
    }
}

async fn a_dispatcher_that_panics_begins_anew(server: Server) {
    let (scene, receiver) = (Scene::set(server).await, Receiver::start().await);
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let clock = Arc::new(Breaks { clock: scene.server.clock.clone(), breaks: AtomicBool::new(false) });
    tokio::spawn(run_until_stopped(scene.server.app.changed(|app| app.clock = clock.clone())));
    scene.emit(EventKind::WalletTopUp).await;
    scene.deliveries(&id, "delivered", 1).await;
    // Nothing is on its way: its own next turn breaks.
    clock.breaks.store(true, Ordering::Relaxed);
    within(DEADLINE, "a panic", async || (!clock.breaks.load(Ordering::Relaxed)).then_some(())).await;
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 2).await;
    scene.deliveries(&id, "delivered", 2).await;
}

/// The figure of that name, where it is told.
async fn figure(scene: &Scene, name: &str) -> Option<f64> {
    let page = scene.server.operator_client().get("/metrics").await.expect(200).text;
    let line = page.lines().find_map(|line| line.strip_prefix(&format!("sautikit_webhook_{name} ")).map(str::to_owned));
    line.map(|value| value.parse().expect("a number"))
}

async fn the_operator_sees_how_far_delivery_is_behind(server: Server) {
    let (scene, receiver) = (Scene::set(server).await, Receiver::start().await);
    receiver.answers("/events", Answers::Status(500));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    scene.emit(EventKind::WalletTopUp).await;
    scene.advance(5_000);
    assert_eq!(figure(&scene, "is_dispatcher").await, Some(0.0));
    assert!(figure(&scene, "outbox_events").await >= Some(1.0));
    assert!(figure(&scene, "outbox_age_seconds").await >= Some(5.0));
    assert_eq!(figure(&scene, "lag_seconds").await, None, "only who delivers knows");
    deliver(&scene.server);
    receiver.wait("/events", 1).await;
    scene.deliveries(&id, "pending", 1).await;
    within(DEADLINE, "an outbox that is empty", async || {
        (figure(&scene, "outbox_events").await == Some(0.0)).then_some(())
    })
    .await;
    assert_eq!(figure(&scene, "is_dispatcher").await, Some(1.0));
    assert!(figure(&scene, "deliveries_pending").await >= Some(1.0));
    assert_eq!(figure(&scene, "lag_seconds").await, Some(0.0));
}

/// The other way round would be a look every quarter of a second, or every second: here rooms look once an hour.
#[tokio::test]
async fn a_reader_on_another_node_hears_at_once_of_events_and_of_a_call() {
    let Some(engine) = Engine::postgres() else { return };
    let scene = Scene::set(Server::start(engine).await).await;
    let other =
        node(&scene, "another").changed(|app| app.parts.put(Live::default().looking_every(Duration::from_secs(3_600))));
    for app in [&scene.server.app, &other] {
        tokio::spawn(notices::exchange_until_stopped(app.clone()));
    }
    deliver(&scene.server);
    let bearer = format!("Bearer {}", live::key(&scene).await);
    let mut of_all = Reader::at(&other, "/v1/calls/stream", &[("authorization", &bearer)]).await;
    // Until the other node listens to notices an event may pass unheard, and is told with the next.
    let (heard, hears) = mpsc::channel(1);
    let hears = Mutex::new(hears);
    let reads = tokio::spawn(async move {
        let first = of_all.next().await;
        let _ = heard.send(first).await;
        of_all
    });
    let first = within(DEADLINE, "a call of the other node", async || {
        scene.emit(EventKind::CallStarted).await;
        scene.until_all_is_told().await;
        hears.lock().try_recv().ok()
    });
    let first = first.await.expect("an event");
    assert_eq!(first.event, "call.started");
    drop(reads.await.expect("a reader"));
    scene.advance(1);
    let accepted = scene.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await.expect(202).json;
    let order = scene.gateway.last_order();
    let path = accepted["stream_url"].as_str().and_then(|url| url.strip_prefix(ORIGIN)).expect("an address").to_owned();
    let mut of_one = Reader::at(&other, &path, &[]).await;
    assert_eq!(of_one.next().await.expect("an event").event, "call.ringing");
    let follows = tokio::spawn(async move {
        let mut kinds = Vec::new();
        while let Some(one) = of_one.next().await {
            kinds.push(one.event);
        }
        kinds
    });
    let live = scene.server.app.part::<Live>();
    within(DEADLINE, "word of who follows", async || live.is_call_followed_elsewhere().then_some(())).await;
    scene.answer(&order).await;
    scene.advance(1_000);
    scene.hang_up(&order).await;
    // To its end: of what the call's own node never told nothing would come within the hour.
    assert_eq!(follows.await.expect("its events"), ["call.answered", "call.completed", "call.billed"]);
    other.stopping.cancel();
}

#[tokio::test]
async fn who_delivers_hears_that_somebody_follows_elsewhere_and_that_something_waits() {
    let Some(engine) = Engine::postgres() else { return };
    let scene = Scene::set(Server::start(engine).await).await;
    deliver(&scene.server);
    scene.until_all_is_told().await;
    tokio::spawn(notices::exchange_until_stopped(scene.server.app.clone()));
    let other = node(&scene, "another").changed(|app| {
        app.parts.put(Bell::default());
        app.parts.put(Dispatching::default());
    });
    let stands_by = tokio::spawn(run_until_stopped(other.clone()));
    assert!(!scene.server.app.part::<Live>().is_followed_elsewhere());
    let bearer = format!("Bearer {}", live::key(&scene).await);
    let mut reader = Reader::at(&other, "/v1/calls/stream", &[("authorization", &bearer)]).await;
    let follows = tokio::spawn(async move { reader.next().await });
    let leader = scene.server.app.part::<Live>();
    within(DEADLINE, "word of who follows", async || leader.is_followed_elsewhere().then_some(())).await;
    follows.abort();
    other.stopping.cancel();
    stands_by.await.expect("a clean end");
}
