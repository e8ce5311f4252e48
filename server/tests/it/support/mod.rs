//! A server of one's own for each test: fresh database, test clock, seeded randomness, in-process requests.

mod client;
mod databases;
mod endpoints;
mod eventually;
mod nodes;
mod snapshot;

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use axum::Extension;
use sautikit::accounts::google::Google;
use sautikit::clock::{SystemClock, TestClock};
use sautikit::config::Config;
use sautikit::db::{Db, Dialect};
use sautikit::entropy::Entropy;
use sautikit::gateway::{self, Started};
use sautikit::http::{operator_router, router};
use sautikit::mail::Mailer;
use sautikit::payments::daraja::Daraja;
use sautikit::payments::paystack::Paystack;
use sautikit::secrets::Secrets;
use sautikit::state::{AppState, Shared};
use sautikit::web::rate_limit::RateLimits;
use sautikit::{jobs, numbers, recordings, serve};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use client::Codes;
pub(crate) use client::{Answer, Client, Wire};
pub(crate) use databases::{Engine, OwnDatabase};
pub(crate) use endpoints::{Endpoint, endpoints};
pub(crate) use eventually::within;
pub(crate) use nodes::Neighbour;
pub(crate) use snapshot::Snapshot;

/// The origin that the tests' server believes to have.
pub(crate) const ORIGIN: &str = "http://127.0.0.1:4000";

/// Makes a module per claim with a test on SQLite and one on PostgreSQL; the latter passes at once, saying so, when no
/// server is given.
macro_rules! on_each_engine {
    ($($name:ident)*) => {$(
        mod $name {
            use crate::support::{Engine, Server};

            #[tokio::test]
            async fn sqlite() {
                super::$name(Server::start(Engine::Sqlite).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                match Engine::postgres() {
                    Some(engine) => super::$name(Server::start(engine).await).await,
                    None => eprintln!("SAUTIKIT_TEST_POSTGRES is not set: not run on PostgreSQL"),
                }
            }
        }
    )*};
}
pub(crate) use on_each_engine;

/// A server whose gateway runs; it stops with the test.
pub(crate) struct RunningGateway(Server);

impl Deref for RunningGateway {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

impl Drop for RunningGateway {
    fn drop(&mut self) {
        self.0.app.stopping.cancel();
    }
}

/// A server in this process.
pub(crate) struct Server {
    /// Its shared parts.
    pub(crate) app: AppState,
    /// Its clock.
    pub(crate) clock: Arc<TestClock>,
    router: axum::Router,
    wire: Wire,
    /// Every error code that its clients were answered with.
    pub(crate) codes: Codes,
    writer: tokio::task::AbortHandle,
    _database: OwnDatabase,
    _data_dir: Arc<tempfile::TempDir>,
}

impl Server {
    /// Starts on an empty, migrated database.
    pub(crate) async fn start(engine: Engine) -> Self {
        let database = OwnDatabase::create(engine).await;
        let data_dir = tempfile::tempdir().expect("a folder");
        let flags = [
            ("database.url", database.url().to_owned()),
            ("http.public_url", ORIGIN.to_owned()),
            ("data_dir", data_dir.path().display().to_string()),
        ];
        let config = Config::load(Some(Path::new("/dev/null")), [], &flags).expect("the tests' configuration");
        let db = Db::connect(&config.database).await.expect("the test's database");
        db.migrate().await.expect("migrations");
        let clock = TestClock::starting_at("2026-11-02T08:00:00Z".parse().expect("a time"));
        let stopping = CancellationToken::new();
        let app: AppState = Shared {
            db,
            clock: clock.clone(),
            entropy: Arc::new(Entropy::seeded(42)),
            parts: serve::parts(&config).expect("usable settings"),
            config: Arc::new(config),
            secrets: Arc::new(Secrets::new([42; 32])),
            public_url: ORIGIN.into(),
            draining: stopping.child_token(),
            stopping,
            job_bell: Arc::default(),
            mail_bell: Arc::default(),
            payment_bell: Arc::default(),
            callback_bell: Arc::default(),
            tenant_changes: Arc::default(),
            node_id: "test-node".into(),
            tasks: TaskTracker::new(),
        }
        .into();
        // Without numbers no currency is offered, and nobody could open a workspace.
        numbers::seed_development(&app).await.expect("the inventory");
        let writer = sautikit::calls::record::start_writer(&app);
        Self {
            router: router(&app),
            app,
            clock,
            wire: Wire::InProcess,
            codes: Codes::default(),
            writer,
            _database: database,
            _data_dir: Arc::new(data_dir),
        }
    }

    /// The same server on the machine's clock, with job runner and gateway running on free ports until it is dropped.
    pub(crate) async fn with_gateway(self) -> (RunningGateway, Started) {
        let mut config = Config::clone(&self.app.config);
        let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.sip.listen = free_port;
        config.media.listen = free_port;
        let app = self.app.changed(|app| {
            app.config = Arc::new(config);
            app.clock = Arc::new(SystemClock::new());
        });
        // On the same clock as the rest.
        self.writer.abort();
        let writer = sautikit::calls::record::start_writer(&app);
        numbers::seed_development(&app).await.expect("the inventory");
        app.tasks.spawn(jobs::run_until_stopped(app.clone()));
        app.tasks.spawn(recordings::run(app.clone()));
        let started = gateway::start(&app, Vec::new()).await.expect("the gateway");
        let router = router(&app).layer(Extension(started.gateway.clone()));
        (RunningGateway(Self { app, router, writer, ..self }), started)
    }

    /// Serves the web port on a free one until the test ends.
    pub(crate) async fn listen(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let service = self.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        address
    }

    /// Another server with an empty database of its own on the same engine.
    pub(crate) async fn another(&self) -> Self {
        let engine = match self.app.db.dialect() {
            Dialect::Sqlite => Engine::Sqlite,
            Dialect::Postgres => Engine::postgres().expect("the server that this one uses"),
        };
        Self::start(engine).await
    }

    /// The same server with other settings.
    pub(crate) fn configured(mut self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::clone(&self.app.config);
        change(&mut config);
        self.app = self.app.changed(|app| {
            app.parts.put(RateLimits::new(&config.limits));
            app.parts.put(Google::from_config(&config.google).expect("usable settings"));
            app.parts.put(Daraja::from_config(&config.mpesa).expect("usable settings"));
            app.parts.put(Paystack::from_config(&config.paystack).expect("usable settings"));
            if !config.mail.smtp_url.is_empty() {
                app.parts.put(Mailer::from_config(&config).expect("a relay"));
            }
            app.config = Arc::new(config);
        });
        Self { router: router(&self.app), ..self }
    }

    /// The same server at another public origin.
    pub(crate) fn at(mut self, public_url: &str) -> Self {
        self.app = self.app.changed(|app| app.public_url = public_url.into());
        Self { router: router(&self.app), ..self }
    }

    /// The same server, its clients speaking HTTP over TCP from here on.
    pub(crate) async fn over_http(self) -> Self {
        let wire = Wire::to(self.listen().await);
        Self { wire, ..self }
    }

    /// A client without credentials.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.router.clone(), self.wire.clone(), self.codes.clone())
    }

    /// A client of other routes over the same parts.
    pub(crate) fn client_of(&self, routes: axum::Router) -> Client {
        Client::new(routes, Wire::InProcess, self.codes.clone())
    }

    /// A client of the operator's port.
    pub(crate) fn operator_client(&self) -> Client {
        self.client_of(operator_router(&self.app))
    }

    /// The newest mail's first link's token.
    pub(crate) fn token_of_last_mail(&self) -> String {
        let mails = Mailer::of(&self.app).dev_store().expect("mails are kept").list();
        let link = mails.first().and_then(|mail| mail.links.first()).expect("a mail with a link");
        link.rsplit_once("token=").expect("a link with a token").1.to_owned()
    }

    /// The newest mail as plain text.
    pub(crate) fn text_of_last_mail(&self) -> String {
        let mails = Mailer::of(&self.app).dev_store().expect("mails are kept").list();
        mails.first().expect("a mail").text.clone()
    }

    /// A client signed in as `email`, not onboarded.
    pub(crate) async fn signed_in(&self, email: &str) -> Client {
        let client = self.client();
        client.post("/v1/auth/magic-link", serde_json::json!({ "email": email })).await.expect(202);
        let token = self.token_of_last_mail();
        let answer = client.post("/v1/auth/magic-link/verify", serde_json::json!({ "token": token })).await.expect(200);
        client.with_cookie(answer.cookie("sk_session"))
    }

    /// A client signed in as `email` with a Kenyan workspace in KES.
    pub(crate) async fn onboarded(&self, email: &str) -> Client {
        let client = self.signed_in(email).await;
        let body = serde_json::json!({
            "name": "Asha Otieno", "workspace_name": "Duka", "country": "KE", "currency": "KES"
        });
        client.post("/v1/auth/onboarding", body).await.expect(201);
        client
    }

    /// An operator of the installation, freshly signed in.
    pub(crate) async fn operator(&self) -> Client {
        let operator = self.signed_in("op@example.com").await;
        assert!(sautikit::accounts::grant_operator(&self.app, "op@example.com").await.expect("granted"));
        operator
    }

    /// A payment to the Paybill with a wrong account number, of KES 1,000 from +254722000001; its id.
    pub(crate) async fn unmatched_payment(&self, receipt: &str) -> String {
        let insert = "insert into incoming_payments (id, provider, receipt, amount_minor, currency, account_reference,
            payer_phone, paid_at, confirmed, status, reason, created_at)
            values ($1, 'mpesa', $2, 100000, 'KES', 'my shop', '254722000001', $3, 1, 'unmatched', 'unknown_reference', $3)";
        let id = self.app.new_uuid().to_string();
        let query = sqlx::query(insert).bind(id.clone()).bind(receipt.to_owned()).bind(self.app.now_us());
        query.execute(self.app.db.pool()).await.expect("inserted");
        id
    }

    /// A background job that was tried as often as it may be; its id. It is about a top-up that is not there.
    pub(crate) async fn dead_job(&self) -> String {
        let insert =
            "insert into jobs (id, kind, lane, payload, dedupe_key, state, due_at, attempts, last_error, created_at)
            values ($1, 'settle_simulated_top_up', 'own', '{}', $2, 'dead', $3, 100, 'no such top-up', $3)";
        let id = self.app.new_uuid().to_string();
        let key = format!("settle_simulated_top_up:{id}");
        let query = sqlx::query(insert).bind(id.clone()).bind(key).bind(self.app.now_us());
        query.execute(self.app.db.pool()).await.expect("inserted");
        id
    }

    /// A client signed in as `email` whom `owner` invited with this role and who accepted.
    pub(crate) async fn joined(&self, owner: &Client, email: &str, role: &str) -> Client {
        let body = serde_json::json!({ "email": email, "role": role });
        owner.post("/v1/workspace/invitations", body).await.expect(201);
        let token = self.token_of_last_mail();
        let client = self.signed_in(email).await;
        let path = format!("/v1/invitations/{token}/accept");
        let accepted = client.post(&path, serde_json::json!({})).await.expect(200);
        self.client().with_cookie(accepted.cookie("sk_session"))
    }

    /// A new API key of the client's workspace.
    pub(crate) async fn key_of(&self, client: &Client, scopes: &[&str]) -> Client {
        let body = serde_json::json!({ "name": "test", "scopes": scopes });
        let answer = client.post("/v1/api-keys", body).await.expect(201);
        self.client().with_key(answer.json["key"].as_str().expect("a key"))
    }
}
