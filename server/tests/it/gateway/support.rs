//! A running gateway with Asha's workspace: money and a number.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use sautikit::config::Trunk;
use sautikit::gateway::Started;
use serde_json::{Value, json};
use sip::message::{HeaderName, Method, StatusCode};

use super::carrier::Carrier;
use crate::support::{Client, Engine, RunningGateway, Server, within};

/// The first number of the development inventory.
pub(super) const FROM: &str = "+254700000001";
/// The longest that anything of these tests takes: two rings, five seconds of talk and a job, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// The server, its gateway and a workspace.
pub(super) struct Live {
    pub(super) server: RunningGateway,
    pub(super) gateway: Started,
    pub(super) asha: Client,
    /// Id of [`FROM`].
    pub(super) number_id: String,
}

impl Live {
    /// A workspace with KES 1,000 and [`FROM`].
    pub(super) async fn with_money() -> Self {
        Self::start(100_000).await
    }

    /// A workspace with [`FROM`] and nothing left.
    pub(super) async fn without_money() -> Self {
        Self::start(0).await
    }

    /// A workspace with [`FROM`] and so much left, that may not overdraw.
    pub(super) async fn prepaid(minor: i64) -> Self {
        let live = Self::start(minor).await;
        live.asha.patch("/v1/workspace", json!({ "overdraft_policy": "none" })).await.expect(200);
        live
    }

    /// As [`Live::with_money`], with a carrier of one's own before the sandbox.
    pub(super) async fn with_carrier(carrier: &Carrier) -> Self {
        Self::with_carrier_on(Engine::Sqlite, carrier).await
    }

    /// As [`Live::with_carrier`], on this engine.
    pub(super) async fn with_carrier_on(engine: Engine, carrier: &Carrier) -> Self {
        Self::on(Self::behind(engine, carrier).await, 100_000).await
    }

    /// As [`Live::prepaid`], with a carrier of one's own before the sandbox.
    pub(super) async fn prepaid_with_carrier(carrier: &Carrier, minor: i64) -> Self {
        let live = Self::on(Self::behind(Engine::Sqlite, carrier).await, minor).await;
        live.asha.patch("/v1/workspace", json!({ "overdraft_policy": "none" })).await.expect(200);
        live
    }

    /// As [`Live::with_money`], with carriers of one's own, each for the numbers of its prefix.
    pub(super) async fn with_carriers<const N: usize>(carriers: [(&Carrier, &str); N]) -> Self {
        let server = Server::start(Engine::Sqlite).await.configured(|config| {
            for (carrier, prefix) in carriers {
                let (name, prefixes) = (format!("carrier of {prefix}"), vec![prefix.to_owned()]);
                config.trunk.push(Trunk { name, prefixes, ..carrier.trunk() });
            }
        });
        Self::on(server, 100_000).await
    }

    /// As [`Live::with_carrier`], and nobody has said where the carrier is.
    pub(super) async fn with_carrier_of_no_country(carrier: &Carrier) -> Self {
        let server = Server::start(Engine::Sqlite).await;
        let trunk = Trunk { country: None, ..carrier.trunk() };
        Self::on(server.configured(|config| config.trunk.push(trunk)), 100_000).await
    }

    async fn behind(engine: Engine, carrier: &Carrier) -> Server {
        let server = Server::start(engine).await;
        server.configured(|config| config.trunk.push(carrier.trunk()))
    }

    async fn start(beyond_the_number_minor: i64) -> Self {
        Self::on(Server::start(Engine::Sqlite).await, beyond_the_number_minor).await
    }

    /// As [`Live::with_money`], on this server.
    pub(super) async fn of(server: Server) -> Self {
        Self::on(server, 100_000).await
    }

    async fn on(server: Server, beyond_the_number_minor: i64) -> Self {
        let (server, gateway) = server.with_gateway().await;
        let Customer { client: asha, e164, number_id } =
            Customer::claims(&server, "asha@example.com", beyond_the_number_minor).await;
        assert_eq!(e164, FROM);
        Self { server, gateway, asha, number_id }
    }

    /// The web port, served for this test alone.
    pub(super) async fn web(&self) -> SocketAddr {
        self.server.listen().await
    }

    /// Changes the number's routing.
    pub(super) async fn route(&self, routing: Value) {
        self.asha.patch(&format!("/v1/numbers/{}/routing", self.number_id), routing).await.expect(200);
    }

    /// Has the carrier call [`FROM`], which these actions answer; the To of its dialog.
    pub(super) async fn call_in(&self, carrier: &mut Carrier, actions: Value) -> String {
        let url = serve(actions).await;
        self.route(json!({ "voice_callback_url": url })).await;
        let server = self.gateway.sip_address;
        carrier.send(server, Method::Invite, FROM, &format!("<sip:{FROM}@{server}>"), 1, "").await;
        let answer = carrier.told(Method::Invite).await;
        assert_eq!(answer.status, StatusCode::OK);
        let to = answer.headers.text(&HeaderName::To).expect("text").expect("a To").to_owned();
        carrier.send(server, Method::Ack, FROM, &to, 1, "").await;
        to
    }

    /// Places a call; its id.
    pub(super) async fn place(&self, call: Value) -> String {
        let accepted = self.asha.post("/v1/calls", call).await.expect(202).json;
        accepted["call_id"].as_str().expect("an id").to_owned()
    }

    /// The call, once it has this status.
    pub(super) async fn call_that_is(&self, id: &str, status: &str) -> Value {
        let path = format!("/v1/calls/{id}");
        eventually(&format!("the call is {status}"), async || {
            let call = self.asha.get(&path).await.expect(200).json;
            (call["status"] == status).then_some(call)
        })
        .await
    }

    /// The call, once it has ended and its cost is taken.
    pub(super) async fn billed(&self, id: &str) -> Value {
        let path = format!("/v1/calls/{id}");
        eventually("the call is billed", async || {
            let call = self.asha.get(&path).await.expect(200).json;
            (!call["cost_minor"].is_null()).then_some(call)
        })
        .await
    }

    /// The newest call, once there is one.
    pub(super) async fn newest_call(&self) -> Value {
        eventually("a call appears", async || {
            let calls = self.asha.get("/v1/calls").await.expect(200).json;
            calls.get(0).cloned()
        })
        .await
    }

    /// The facts of the call's first event of this kind, once there is one.
    pub(super) async fn event(&self, call: &Value, kind: &str) -> Value {
        let id = call["id"].as_str().expect("an id");
        eventually(kind, async || {
            let event = self.timeline(id).await.into_iter().find(|event| event["kind"] == kind)?;
            Some(event["data"].clone())
        })
        .await
    }

    /// The call's timeline.
    pub(super) async fn timeline(&self, id: &str) -> Vec<Value> {
        let events = self.asha.get(&format!("/v1/calls/{id}/events")).await.expect(200).json;
        events.as_array().expect("a list").clone()
    }

    /// The kinds of the workspace's events that begin so.
    pub(super) async fn events(&self, begin: &str) -> Vec<String> {
        let mut conn = self.server.app.db.acquire().await.expect("a connection");
        let query = sqlx::query_scalar("select kind from events order by created_at, id");
        let kinds: Vec<String> = query.fetch_all(&mut *conn).await.expect("events");
        kinds.into_iter().filter(|kind| kind.starts_with(begin)).collect()
    }

    /// How the timeline says that the call's only leg ended.
    pub(super) async fn end_of_leg(&self, id: &str) -> Value {
        let timeline = self.timeline(id).await;
        let ends: Vec<_> = timeline.iter().filter(|event| event["kind"] == "leg.ended").collect();
        let [end] = ends.as_slice() else { panic!("{timeline:?}") };
        end["data"].clone()
    }

    /// The workspace's balance.
    pub(super) async fn balance(&self) -> i64 {
        balance(&self.asha).await
    }
}

/// Somebody with a workspace, money and the next free number.
pub(super) struct Customer {
    pub(super) client: Client,
    pub(super) e164: String,
    pub(super) number_id: String,
}

impl Customer {
    /// Signs up, tops up and claims; the money is what is left then.
    pub(super) async fn claims(server: &Server, email: &str, left_minor: i64) -> Self {
        let client = server.onboarded(email).await;
        let available = client.get("/v1/numbers/available?country=KE&currency=KES").await.expect(200).json;
        let due_minor = available[0]["due_now_minor"].as_i64().expect("a price");
        // Paystack takes amounts that M-Pesa, which knows whole shillings only, does not.
        let amount_minor = due_minor + left_minor;
        client
            .post("/v1/wallet/top-ups", json!({ "method": "paystack", "amount_minor": amount_minor }))
            .await
            .expect(202);
        eventually("the top-up arrives", async || (balance(&client).await == amount_minor).then_some(())).await;
        let id = available[0]["id"].as_str().expect("an id");
        let claimed = client.post(&format!("/v1/numbers/{id}/claim"), json!({})).await.expect(201).json;
        let text = |name: &str| claimed[name].as_str().expect("text").to_owned();
        Self { client, e164: text("number"), number_id: text("id") }
    }
}

async fn balance(client: &Client) -> i64 {
    let wallet = client.get("/v1/wallet/balance").await.expect(200).json;
    wallet["balance_minor"].as_i64().expect("a balance")
}

/// Looks until there is something to see; fails the test at the deadline.
pub(super) async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    within(DEADLINE, what, look).await
}

/// A customer's server that answers every question alike.
pub(super) async fn serve(actions: Value) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/voice", listener.local_addr().expect("an address"));
    let answer = json!({ "actions": actions }).to_string();
    let service = Router::new().route("/voice", post(async move || answer.clone()));
    tokio::spawn(async { axum::serve(listener, service).await });
    url
}
