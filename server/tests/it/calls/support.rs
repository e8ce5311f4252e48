//! A workspace with a number and money, and a gateway that keeps what it is told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sautikit::calls::Hub;
use sautikit::calls::{
    self, Admitted, Allowance, CallEnd, CallRecord, CallsGateway, PricedTarget, Recovered, SettingUp,
};
use sautikit::jobs;
use sautikit_api::actions::{Action, Document};
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, WorkspaceId};
use sautikit_api::recordings::PauseMode;
use serde_json::{Value, json};

use crate::support::{Client, Server, within};

/// The first number of the development inventory.
pub(crate) const FROM: &str = "+254700000001";
/// A valid Kenyan mobile number.
pub(crate) const TO: &str = "+254722000042";

/// Until when a call is paid for, and until when it could be, in microseconds UTC.
#[track_caller]
pub(crate) fn bounds(allowance: Option<Allowance>) -> (i64, Option<i64>) {
    match allowance {
        Some(Allowance::Until { paid_until_us, lasts_until_us }) => (paid_until_us, lasts_until_us),
        other => panic!("its money has no end: {other:?}"),
    }
}

/// A call that the gateway was given.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) call_id: CallId,
    pub(crate) from_e164: String,
    pub(crate) targets: Vec<PricedTarget>,
    pub(crate) actions: Option<Vec<Action>>,
    pub(crate) ring_timeout_seconds: i64,
}

/// A gateway that keeps calls, hang-ups and allowances.
#[derive(Default)]
pub(crate) struct FakeGateway {
    orders: parking_lot::Mutex<Vec<Order>>,
    records: parking_lot::Mutex<HashMap<CallId, CallRecord>>,
    hangups: parking_lot::Mutex<Vec<CallId>>,
    replaced: parking_lot::Mutex<Vec<(CallId, Vec<Action>)>>,
    /// What became of recordings, in words.
    paused: parking_lot::Mutex<Vec<&'static str>>,
    allowances: parking_lot::Mutex<HashMap<CallId, Vec<Allowance>>>,
    /// Closed calls whose dialogs it was told to end.
    ended: parking_lot::Mutex<Vec<Recovered>>,
    /// Whether it has room for another call.
    pub(crate) is_full: std::sync::atomic::AtomicBool,
    pub(crate) set_ups: Arc<parking_lot::Mutex<SetUps>>,
}

/// Calls that began to be set up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SetUps {
    /// Whose.
    pub(crate) begun: Vec<WorkspaceId>,
    /// So many have their record.
    pub(crate) done: usize,
    /// So many take no room any more.
    pub(crate) over: usize,
}

impl CallsGateway for FakeGateway {
    fn originate(&self, call: Admitted, actions: Option<Document>) {
        let row = call.record.call();
        let order = Order {
            call_id: row.id,
            from_e164: row.from.clone(),
            targets: call.targets,
            actions: actions.map(|document| document.actions),
            ring_timeout_seconds: row.ring_timeout_seconds,
        };
        self.records.lock().insert(order.call_id, call.record);
        self.orders.lock().push(order);
    }

    fn hangup(&self, call_id: CallId) -> bool {
        let runs = self.records.lock().contains_key(&call_id);
        if runs {
            self.hangups.lock().push(call_id);
        }
        runs
    }

    fn run_actions(&self, call_id: CallId, actions: Document) -> bool {
        let runs = self.records.lock().contains_key(&call_id);
        if runs {
            self.replaced.lock().push((call_id, actions.actions));
        }
        runs
    }

    fn pause_recording(&self, call_id: CallId, mode: Option<PauseMode>) -> bool {
        let runs = self.records.lock().contains_key(&call_id);
        if runs {
            self.paused.lock().push(match mode {
                Some(PauseMode::Cut) => "cut",
                Some(PauseMode::Silence) => "silence",
                None => "resume",
            });
        }
        runs
    }

    fn allow(&self, call_id: CallId) {
        let allowance = self.records.lock().get(&call_id).and_then(CallRecord::allowance);
        self.allowances.lock().entry(call_id).or_default().extend(allowance);
    }

    fn end_recovered(&self, closed: Vec<Recovered>) {
        self.ended.lock().extend(closed);
    }

    fn set_up(&self, workspace: WorkspaceId) -> Result<Box<dyn SettingUp>, u32> {
        if self.is_full.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(3);
        }
        self.set_ups.lock().begun.push(workspace);
        Ok(Box::new(Place(self.set_ups.clone())))
    }
}

struct Place(Arc<parking_lot::Mutex<SetUps>>);

impl SettingUp for Place {
    fn done(self: Box<Self>) {
        self.0.lock().done += 1;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.lock().over += 1;
    }
}

impl FakeGateway {
    /// How many calls it was told to place.
    pub(crate) fn ordered(&self) -> usize {
        self.orders.lock().len()
    }

    /// The dialogs of closed calls that it was told to end.
    pub(crate) fn ended_dialogs(&self) -> Vec<Value> {
        self.ended.lock().iter().flat_map(|call| call.dialogs.clone()).collect()
    }

    /// The calls that it was told to end.
    pub(crate) fn hung_up(&self) -> Vec<CallId> {
        self.hangups.lock().clone()
    }

    /// The new actions of calls, in the order in which they came.
    pub(crate) fn replaced(&self) -> Vec<(CallId, Vec<Action>)> {
        self.replaced.lock().clone()
    }

    /// What it was told to do with recordings.
    pub(crate) fn paused(&self) -> Vec<&'static str> {
        self.paused.lock().clone()
    }

    /// The newest order.
    #[track_caller]
    pub(crate) fn last_order(&self) -> Order {
        self.orders.lock().last().expect("an order").clone()
    }

    /// The orders whose calls run, the oldest first.
    pub(crate) fn running(&self) -> Vec<Order> {
        let records = self.records.lock();
        self.orders.lock().iter().filter(|order| records.contains_key(&order.call_id)).cloned().collect()
    }

    /// How long a call may go on, as it was last told.
    pub(crate) fn allowance(&self, call: CallId) -> Option<Allowance> {
        self.allowances.lock().get(&call)?.last().copied()
    }

    /// Keeps the record of a call that somebody else placed.
    pub(crate) fn keep(&self, record: CallRecord) {
        self.records.lock().insert(record.call().id, record);
    }

    /// Works on a running call's record.
    #[track_caller]
    pub(crate) fn with<T>(&self, call: CallId, work: impl FnOnce(&mut CallRecord) -> T) -> T {
        work(self.records.lock().get_mut(&call).expect("a running call"))
    }

    /// A running call's record, which runs no longer.
    pub(crate) fn take(&self, call: CallId) -> Option<CallRecord> {
        self.records.lock().remove(&call)
    }

    /// Ends a running call; returns once the end is kept.
    pub(crate) async fn end(&self, call: CallId, end: CallEnd) {
        let mut record = self.records.lock().remove(&call).expect("a running call");
        let kept = record.end(end);
        kept.await.expect("the end is kept");
        record.close();
    }
}

/// A server with a gateway, and Asha's workspace with money and the number [`FROM`].
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) gateway: Arc<FakeGateway>,
    pub(crate) asha: Client,
}

impl Scene {
    pub(crate) async fn set(server: Server) -> Self {
        sautikit::numbers::seed_development(&server.app).await.expect("the inventory");
        let gateway = Arc::new(FakeGateway::default());
        Hub::of(&server.app).connect(gateway.clone());
        let asha = server.onboarded("asha@example.com").await;
        let scene = Self { server, gateway, asha };
        scene.top_up(100_000).await;
        scene.claim().await;
        scene
    }

    /// Pays money in and lets the simulator approve it.
    pub(crate) async fn top_up(&self, amount_minor: i64) {
        let body = json!({ "method": "mpesa", "amount_minor": amount_minor, "phone": "+254722000001" });
        self.asha.post("/v1/wallet/top-ups", body).await.expect(202);
        self.advance(1_000);
        self.run_jobs().await;
    }

    async fn claim(&self) {
        let available = self.asha.get("/v1/numbers/available?country=KE&currency=KES").await.expect(200).json;
        let id = available[0]["id"].as_str().expect("an id");
        let claimed = self.asha.post(&format!("/v1/numbers/{id}/claim"), json!({})).await.expect(201).json;
        assert_eq!(claimed["number"], FROM);
    }

    pub(crate) fn advance(&self, millis: u64) {
        self.server.clock.advance(Duration::from_millis(millis));
    }

    pub(crate) async fn run_jobs(&self) {
        jobs::run_due(&self.server.app).await.expect("the jobs");
    }

    pub(crate) async fn balance(&self) -> i64 {
        let wallet = self.asha.get("/v1/wallet/balance").await.expect(200).json;
        wallet["balance_minor"].as_i64().expect("a balance")
    }

    /// Places a call to [`TO`].
    pub(crate) async fn place(&self) -> Order {
        self.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await.expect(202);
        self.gateway.last_order()
    }

    /// Answers the order's first target now; what it costs can be written a moment later.
    pub(crate) async fn answer(&self, order: &Order) {
        let (now_us, leg) = (self.server.app.now_us(), order.targets.first().expect("a target").leg_id);
        self.gateway.with(order.call_id, |record| {
            record.leg_answered(leg, now_us);
            record.answered(now_us, Some(leg));
            record.hand_over();
        });
        self.press();
        self.until_status(order.call_id, "answered").await;
    }

    /// Waits until the database says so.
    pub(crate) async fn until_status(&self, call: CallId, status: &str) {
        let is_there = async || (self.call(call).await["status"] == status).then_some(());
        within(Duration::from_secs(30), status, is_there).await;
    }

    /// Ends a call now.
    pub(crate) async fn end(&self, call: CallId, status: CallStatus, cause: &str) {
        let ended_at = self.server.app.now_us();
        let end = CallEnd { status, hangup_cause: cause.to_owned(), ended_at };
        self.end_so(call, end).await;
    }

    /// Ends a call so, and has that written at once.
    pub(crate) async fn end_so(&self, call: CallId, end: CallEnd) {
        tokio::join!(self.gateway.end(call, end), async { self.press() });
    }

    /// Has what waits written at once.
    pub(crate) fn press(&self) {
        Hub::of(&self.server.app).writer().press();
    }

    /// Ends an answered call now.
    pub(crate) async fn hang_up(&self, order: &Order) {
        self.end(order.call_id, CallStatus::Completed, "normal_clearing").await;
    }

    /// Ends a call that rang only.
    pub(crate) async fn fail(&self, order: &Order, status: CallStatus, cause: &str) {
        self.end(order.call_id, status, cause).await;
    }

    /// A whole call of that length.
    pub(crate) async fn talk(&self, millis: u64) -> CallId {
        let order = self.place().await;
        self.answer(&order).await;
        self.advance(millis);
        self.hang_up(&order).await;
        order.call_id
    }

    /// Has the live calls hold what they will use up, and waits until that is written.
    pub(crate) async fn tick(&self) {
        let writer = Hub::of(&self.server.app).writer();
        calls::record::tick(&self.server.app);
        writer.press();
        within(Duration::from_secs(30), "the tick", async || writer.is_written().then_some(())).await;
    }

    /// The call as the API shows it.
    pub(crate) async fn call(&self, id: CallId) -> Value {
        self.asha.get(&format!("/v1/calls/{id}")).await.expect(200).json
    }

    /// The kinds of the call's events in the outbox, in their order.
    pub(crate) async fn told(&self, id: CallId) -> Vec<String> {
        let query = sqlx::query_scalar("select kind from events where call_id = $1 order by sequence");
        query.bind(id.to_string()).fetch_all(self.server.app.db.pool()).await.expect("events")
    }
}
