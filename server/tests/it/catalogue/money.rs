//! Numbers, wallet, top-ups.

use std::collections::BTreeSet;

use sautikit::config::Environment;
use serde_json::json;

use super::{codes, fresh};
use crate::support::{Client, Server};

/// An id that nothing has.
const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

pub(super) async fn provoke(like: &Server) -> BTreeSet<String> {
    let server = fresh(like).await;
    sautikit::numbers::seed_development(&server.app).await.expect("the inventory");
    let kenyan = server.onboarded("a@example.com").await;
    let ugandan = ugandan(&server).await;
    numbers(&server, &kenyan, &ugandan).await;
    top_ups(&kenyan, &ugandan).await;
    alerts(&kenyan).await;
    let operator = server.operator().await;
    let path = format!("/v1/admin/wallets/{}/adjustments", kenyan.workspace_id().await);
    let gift = json!({ "kind": "gift", "amount_minor": 1, "reason": "birthday" });
    operator.post(&path, gift).await.expect_error("wallet.adjustment_invalid_kind");
    let mut answered = codes(&server);
    answered.extend(below_the_minimum(like).await);
    answered.extend(without_providers(like).await);
    answered.extend(with_another_key(like).await);
    answered.extend(without_a_wallet(like).await);
    answered
}

async fn alerts(owner: &Client) {
    const PATH: &str = "/v1/wallet/alert-subscribers";
    let subscribe = async |email: &str| owner.post(PATH, json!({ "email": email })).await;
    subscribe("nobody").await.expect_error("wallet.alert_subscriber_invalid_email");
    for number in 0..10 {
        subscribe(&format!("s{number}@example.com")).await.expect(201);
    }
    subscribe("S0@Example.com").await.expect_error("wallet.alert_subscriber_exists");
    subscribe("s10@example.com").await.expect_error("wallet.alert_subscribers_max");
    owner.delete(&format!("{PATH}/{NOBODY}")).await.expect_error("wallet.alert_subscriber_not_found");
}

async fn ugandan(server: &Server) -> Client {
    let client = server.signed_in("u@example.com").await;
    let body = json!({ "name": "U", "workspace_name": "Duuka", "country": "UG", "currency": "UGX" });
    client.post("/v1/auth/onboarding", body).await.expect(201);
    client
}

async fn numbers(server: &Server, kenyan: &Client, ugandan: &Client) {
    let available = kenyan.get("/v1/numbers/available?country=KE&currency=KES").await.expect(200).json;
    let id = |index: usize| available[index]["id"].as_str().expect("an id").to_owned();
    let claim = async |client: &Client, id: &str| client.post(&format!("/v1/numbers/{id}/claim"), json!({})).await;
    claim(kenyan, NOBODY).await.expect_error("numbers.not_found");
    claim(kenyan, &id(0)).await.expect_error("wallet.insufficient_funds");
    let unprice = sqlx::query("delete from number_prices where number_id = $1 and currency = 'UGX'").bind(id(0));
    unprice.execute(server.app.db.pool()).await.expect("unpriced");
    claim(ugandan, &id(0)).await.expect_error("numbers.price_missing");
    let retire = sqlx::query("update numbers set state = 'retired' where id = $1").bind(id(1));
    retire.execute(server.app.db.pool()).await.expect("retired");
    claim(kenyan, &id(1)).await.expect_error("numbers.retired");

    let body = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": "+254722000001" });
    kenyan.post("/v1/wallet/top-ups", body).await.expect(202);
    server.clock.advance(std::time::Duration::from_secs(1));
    sautikit::jobs::run_due(&server.app).await.expect("the top-up");
    let claimed = claim(kenyan, &id(0)).await.expect(201).json;
    claim(kenyan, &id(0)).await.expect_error("numbers.already_claimed");
    kenyan.get(&format!("/v1/numbers/{NOBODY}")).await.expect_error("numbers.not_assigned");
    let routing = format!("/v1/numbers/{}/routing", claimed["id"].as_str().expect("an id"));
    let inside = json!({ "voice_callback_url": "https://10.0.0.1/voice" });
    kenyan.patch(&routing, inside).await.expect_error("numbers.invalid_routing_url");
}

async fn top_ups(kenyan: &Client, ugandan: &Client) {
    let mpesa =
        |amount_minor: i64| json!({ "method": "mpesa", "amount_minor": amount_minor, "phone": "+254722000001" });
    kenyan.post("/v1/wallet/top-ups", mpesa(0)).await.expect_error("wallet.invalid_amount");
    let claim = || json!({ "receipt": "RKT1ABCDEF", "amount_minor": 100_000, "phone": "+254722000001" });
    for _ in 0..5 {
        kenyan.post("/v1/wallet/payment-claims", claim()).await.expect_error("payments.unmatched_not_found");
    }
    kenyan.post("/v1/wallet/payment-claims", claim()).await.expect_error("payments.claim_limit");
    ugandan.post("/v1/wallet/top-ups", mpesa(100)).await.expect_error("wallet.currency_mismatch");
    kenyan.get(&format!("/v1/wallet/top-ups/{NOBODY}")).await.expect_error("topup.not_found");
}

async fn below_the_minimum(like: &Server) -> BTreeSet<String> {
    let server = like.another().await.configured(|config| config.payments.minimum_units = 10).over_http().await;
    let owner = server.onboarded("a@example.com").await;
    let mpesa = json!({ "method": "mpesa", "amount_minor": 900, "phone": "+254722000001" });
    owner.post("/v1/wallet/top-ups", mpesa).await.expect_error("wallet.topup_below_minimum");
    // A unit of another currency is worth something else, so it has its own.
    let server = like.another().await.configured(|config| config.payments.minimums = [("KES".to_owned(), 20)].into());
    let owner = server.onboarded("a@example.com").await;
    let mpesa = |amount_minor| json!({ "method": "mpesa", "amount_minor": amount_minor, "phone": "+254722000001" });
    let refused = owner.post("/v1/wallet/top-ups", mpesa(1_900)).await.expect_error("wallet.topup_below_minimum");
    assert_eq!(refused.json["error"]["details"]["minimum_minor"], 2_000);
    owner.post("/v1/wallet/top-ups", mpesa(2_000)).await.expect(202);
    codes(&server)
}

/// Production has no simulators, and no provider is connected.
async fn without_providers(like: &Server) -> BTreeSet<String> {
    let server = like.another().await.configured(|config| config.env = Environment::Production).over_http().await;
    let owner = server.onboarded("a@example.com").await;
    let mpesa = json!({ "method": "mpesa", "amount_minor": 1_000, "phone": "+254722000001" });
    owner.post("/v1/wallet/top-ups", mpesa).await.expect_error("mpesa.unavailable");
    let paystack = json!({ "method": "paystack", "amount_minor": 1_000 });
    owner.post("/v1/wallet/top-ups", paystack).await.expect_error("paystack.unavailable");
    codes(&server)
}

/// A provider that does not know us.
async fn with_another_key(like: &Server) -> BTreeSet<String> {
    let (server, _served) = unknown_to_paystack(like.another().await).await;
    let server = server.over_http().await;
    let check = server.operator().await.get("/v1/admin/payment-providers/paystack").await;
    check.expect_error("provider.invalid_credentials");
    codes(&server)
}

/// Runs until it is dropped.
pub(crate) struct Served(tokio::task::JoinHandle<std::io::Result<()>>);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The same server at a Paystack that refuses its key.
pub(crate) async fn unknown_to_paystack(server: Server) -> (Server, Served) {
    let refuses = axum::Router::new().fallback(|| async { axum::http::StatusCode::UNAUTHORIZED });
    let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let base_url = format!("http://{}", listener.local_addr().expect("an address"));
    let served = Served(tokio::spawn(async move { axum::serve(listener, refuses).await }));
    let server = server.configured(|config| {
        config.paystack.base_url = base_url;
        config.paystack.secret_key = "sk_test_of_another".to_owned();
    });
    (server, served)
}

async fn without_a_wallet(like: &Server) -> BTreeSet<String> {
    let server = fresh(like).await;
    let owner = server.onboarded("a@example.com").await;
    sqlx::query("delete from wallets").execute(server.app.db.pool()).await.expect("deleted");
    owner.get("/v1/wallet/balance").await.expect_error("wallet.not_found");
    codes(&server)
}
