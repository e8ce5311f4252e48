//! A workspace with a number and money, and a gateway that keeps what it is told.

use std::sync::Arc;
use std::time::Duration;

use sautikit::calls::{self, CallSummary, CallsGateway, Direction, LegKind, LegRecord, OriginateOrder};
use sautikit::jobs;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::CallId;
use serde_json::{Value, json};

use crate::support::{Client, Server};

/// The first number of the development inventory.
pub(crate) const FROM: &str = "+254700000001";
/// A valid Kenyan mobile number.
pub(crate) const TO: &str = "+254722000042";

/// A gateway that keeps orders and hang-ups.
#[derive(Default)]
pub(crate) struct FakeGateway {
    orders: parking_lot::Mutex<Vec<OriginateOrder>>,
    hangups: parking_lot::Mutex<Vec<CallId>>,
}

impl CallsGateway for FakeGateway {
    fn originate(&self, order: OriginateOrder) {
        self.orders.lock().push(order);
    }

    fn hangup(&self, call_id: CallId) {
        self.hangups.lock().push(call_id);
    }
}

impl FakeGateway {
    /// How many calls it was told to place.
    pub(crate) fn ordered(&self) -> usize {
        self.orders.lock().len()
    }

    /// The calls that it was told to end.
    pub(crate) fn hung_up(&self) -> Vec<CallId> {
        self.hangups.lock().clone()
    }

    /// The newest order.
    #[track_caller]
    pub(crate) fn last_order(&self) -> OriginateOrder {
        self.orders.lock().last().expect("an order").clone()
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
        server.app.calls.connect(gateway.clone());
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
    pub(crate) async fn place(&self) -> OriginateOrder {
        self.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await.expect(202);
        self.gateway.last_order()
    }

    /// Answers the order's first target now; the answered leg.
    pub(crate) async fn answer(&self, order: &OriginateOrder) -> LegRecord {
        let leg = self.leg_of(order);
        let answered_at = self.server.app.now_us();
        let answered = LegRecord { answered_at: Some(answered_at), ..leg };
        let moved = calls::mark_answered(&self.server.app, order.call_id, answered_at, &answered).await;
        assert!(moved.expect("answered"));
        answered
    }

    /// The order's first target as the gateway reports it while it rings.
    pub(crate) fn leg_of(&self, order: &OriginateOrder) -> LegRecord {
        let target = order.targets.first().expect("a target");
        LegRecord {
            id: target.leg_id,
            kind: LegKind::Telephone,
            direction: Direction::Outbound,
            target: target.e164.clone(),
            rate: target.rate,
            started_at: self.server.app.now_us(),
            answered_at: None,
            ended_at: None,
            outcome: None,
            dialog: None,
        }
    }

    /// Ends an answered call now.
    pub(crate) async fn hang_up(&self, order: &OriginateOrder, answered: &LegRecord) -> bool {
        let now_us = self.server.app.now_us();
        let leg = LegRecord { ended_at: Some(now_us), outcome: Some("normal_clearing".to_owned()), ..answered.clone() };
        self.finish(order.call_id, CallStatus::Completed, "normal_clearing", answered.answered_at, vec![leg]).await
    }

    /// Ends a call that rang only.
    pub(crate) async fn fail(&self, order: &OriginateOrder, status: CallStatus, cause: &str) -> bool {
        let leg = LegRecord {
            ended_at: Some(self.server.app.now_us()),
            outcome: Some(cause.to_owned()),
            ..self.leg_of(order)
        };
        self.finish(order.call_id, status, cause, None, vec![leg]).await
    }

    /// Reports an end; whether it was the first.
    pub(crate) async fn finish(
        &self,
        call_id: CallId,
        status: CallStatus,
        cause: &str,
        answered_at: Option<i64>,
        legs: Vec<LegRecord>,
    ) -> bool {
        let ended_at = self.server.app.now_us();
        let summary = CallSummary { call_id, status, hangup_cause: cause.to_owned(), answered_at, ended_at, legs };
        calls::finish(&self.server.app, &summary).await.expect("finished")
    }

    /// A whole call of that length, not yet debited.
    pub(crate) async fn talk(&self, millis: u64) -> CallId {
        let order = self.place().await;
        let answered = self.answer(&order).await;
        self.advance(millis);
        assert!(self.hang_up(&order, &answered).await);
        order.call_id
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
