//! Paystack's page: asked for at once, believed when verified, taken back once.

mod disputes;

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use sautikit::{jobs, wallet};
use serde_json::{Value, json};
use sha2::Sha512;

use super::balance;
use crate::support::{Answer, Client, Server, on_each_engine};

on_each_engine! {
    a_payment_on_the_page_is_credited_once_and_as_verified
    an_unsigned_webhook_is_refused
    without_a_webhook_our_question_credits
    what_is_not_paid_fails_and_can_still_succeed
    another_currency_waits_for_people
    paystack_that_is_not_there_says_so_and_a_retry_begins_anew
    an_operator_learns_whether_the_secret_key_is_taken
    a_request_that_is_lost_while_paystack_is_asked_makes_one_top_up
    an_export_agrees_with_what_went_back_and_in_each_currency
    a_currency_that_the_account_does_not_take_is_refused_before_paystack_is_asked
    answers_that_say_nothing_decide_nothing
    what_is_told_of_another_transaction_goes_to_people
}

pub(super) const KEY: &str = "sk_test_1";

#[derive(Default)]
struct Script {
    is_down: bool,
    /// Whether a transaction is begun and the answer to that lost.
    hangs: bool,
    begun: Vec<Value>,
    /// What `verify` answers first, one after the other: status and body.
    faults: VecDeque<(u16, String)>,
    /// What `verify` tells, by reference.
    transactions: HashMap<String, Value>,
}

#[derive(Clone, Default)]
pub(super) struct Paystack(Arc<Mutex<Script>>);

impl Paystack {
    pub(super) async fn serve(&self) -> String {
        let router = Router::new()
            .route("/balance", get(own_balance))
            .route("/transaction/initialize", post(initialize))
            .route("/transaction/verify/{reference}", get(verify))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    pub(super) fn has(&self, reference: &str, status: &str, amount: i64, currency: &str) {
        let mut script = self.0.lock();
        // Paystack's own id: each transaction has one.
        let known = script.transactions.get(reference).map(|known| known["id"].clone());
        let id = known.unwrap_or_else(|| json!(4_099_260_516_usize + script.transactions.len()));
        let transaction = json!({ "id": id, "status": status, "reference": reference, "amount": amount,
            "currency": currency, "gateway_response": "Declined by bank", "channel": "card" });
        script.transactions.insert(reference.to_owned(), transaction);
    }
}

/// As Paystack answers whoever has no key of its.
async fn own_balance(State(paystack): State<Paystack>, headers: HeaderMap) -> Response {
    if paystack.0.lock().is_down {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    if headers["authorization"] != format!("Bearer {KEY}") {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "status": false, "message": "Invalid key" }))).into_response();
    }
    let data = json!([{ "currency": "NGN", "balance": 0 }]);
    Json(json!({ "status": true, "message": "Balances retrieved", "data": data })).into_response()
}

async fn initialize(State(paystack): State<Paystack>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
    let reference = body["reference"].clone();
    let (hangs, place) = {
        let mut script = paystack.0.lock();
        if script.is_down {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        script.begun.push(body);
        (script.hangs, script.begun.len())
    };
    if hangs {
        std::future::pending::<()>().await;
    }
    let url = format!("https://checkout.paystack.com/{place}");
    let data = json!({ "authorization_url": url, "access_code": "x", "reference": reference });
    Json(json!({ "status": true, "message": "Authorization URL created", "data": data })).into_response()
}

async fn verify(State(paystack): State<Paystack>, Path(reference): Path<String>) -> Response {
    let mut script = paystack.0.lock();
    if let Some((status, body)) = script.faults.pop_front() {
        return (StatusCode::from_u16(status).expect("a status"), body).into_response();
    }
    match script.transactions.get(&reference) {
        Some(data) => {
            Json(json!({ "status": true, "message": "Verification successful", "data": data })).into_response()
        }
        None => {
            let body = json!({ "status": false, "message": "Transaction reference not found" });
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
    }
}

async fn webhook(server: &Server, body: &str, signature: &str) -> Answer {
    let client = server.client().with("x-paystack-signature", signature);
    client.send("POST", "/v1/payments/paystack", Some("application/json"), body).await
}

/// What Paystack sends, signed.
pub(super) async fn tell(server: &Server, event: &str, data: Value) -> Answer {
    let body = json!({ "event": event, "data": data }).to_string();
    let mut mac = Hmac::<Sha512>::new_from_slice(KEY.as_bytes()).expect("a key");
    mac.update(body.as_bytes());
    webhook(server, &body, &sautikit::secrets::hex(&mac.finalize().into_bytes())).await
}

struct Shop {
    server: Server,
    paystack: Paystack,
    owner: Client,
}

impl Shop {
    async fn open(server: Server) -> Self {
        let paystack = Paystack::default();
        let base_url = paystack.serve().await;
        let server = server.configured(|config| {
            config.paystack.base_url = base_url;
            config.paystack.secret_key = KEY.to_owned();
        });
        let owner = server.onboarded("asha@example.com").await;
        Self { server, paystack, owner }
    }

    async fn asked(&self, amount_minor: i64) -> Value {
        let body = json!({ "method": "paystack", "amount_minor": amount_minor });
        self.owner.post("/v1/wallet/top-ups", body).await.expect(202).json
    }

    async fn shown(&self, top_up: &Value) -> Value {
        let id = top_up["id"].as_str().expect("an id");
        self.owner.get(&format!("/v1/wallet/top-ups/{id}")).await.expect(200).json
    }

    async fn run(&self) {
        jobs::run_due(&self.server.app).await.expect("the jobs");
    }

    async fn tell(&self, event: &str, data: Value) -> Answer {
        tell(&self.server, event, data).await
    }

    async fn is_sound(&self) -> bool {
        let report = wallet::verify::verify(&self.server.app).await.expect("verified");
        if !report.is_sound() {
            eprintln!("{:?}", report.breaks);
        }
        report.is_sound()
    }
}

async fn a_payment_on_the_page_is_credited_once_and_as_verified(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = shop.asked(100_000).await;
    assert_eq!(top_up["authorization_url"], "https://checkout.paystack.com/1");
    let begun = shop.paystack.0.lock().begun[0].clone();
    assert_eq!(
        (&begun["email"], &begun["amount"], &begun["currency"]),
        (&json!("asha@example.com"), &json!(100_000), &json!("KES"))
    );
    let reference = begun["reference"].as_str().expect("a reference").to_owned();
    // Less than asked for: what was verified is what is credited.
    shop.paystack.has(&reference, "success", 90_000, "KES");
    for _ in 0..3 {
        shop.tell("charge.success", json!({ "reference": reference, "amount": 100_000 })).await.expect(200);
        shop.run().await;
    }
    assert_eq!(shop.balance().await, 90_000);
    let settled = shop.shown(&top_up).await;
    assert_eq!((&settled["receipt"], &settled["amount_minor"]), (&json!("4099260516"), &json!(90_000)));
    // What others began with the same account is not ours.
    shop.tell("charge.success", json!({ "reference": "theirs" })).await.expect(200);
    shop.run().await;
    assert!(shop.is_sound().await);
}

async fn an_unsigned_webhook_is_refused(server: Server) {
    let shop = Shop::open(server).await;
    let body = json!({ "event": "charge.success", "data": { "reference": "x" } });
    for signature in ["", "00", "deadbeef"] {
        assert_eq!(webhook(&shop.server, &body.to_string(), signature).await.status, 401);
    }
}

async fn without_a_webhook_our_question_credits(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = shop.asked(100_000).await;
    shop.paystack.has(top_up["id"].as_str().expect("an id"), "success", 100_000, "KES");
    shop.server.clock.advance(Duration::from_secs(60));
    shop.run().await;
    assert_eq!(shop.balance().await, 100_000);
}

async fn what_is_not_paid_fails_and_can_still_succeed(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = shop.asked(100_000).await;
    let reference = top_up["id"].as_str().expect("an id").to_owned();
    for _ in 0..30 {
        shop.server.clock.advance(Duration::from_secs(3_600));
        shop.run().await;
    }
    assert_eq!(shop.shown(&top_up).await["status"], "failed");
    shop.paystack.has(&reference, "success", 100_000, "KES");
    shop.tell("charge.success", json!({ "reference": reference })).await.expect(200);
    shop.run().await;
    assert_eq!((shop.balance().await, &shop.shown(&top_up).await["status"]), (100_000, &json!("succeeded")));
    let declined = shop.asked(100_000).await;
    shop.paystack.has(declined["id"].as_str().expect("an id"), "failed", 100_000, "KES");
    shop.server.clock.advance(Duration::from_secs(60));
    shop.run().await;
    assert_eq!(shop.shown(&declined).await["failure_reason"], "Paystack says: Declined by bank.");
}

async fn another_currency_waits_for_people(server: Server) {
    let shop = Shop::open(server).await;
    let operator = shop.server.operator().await;
    let top_up = shop.asked(100_000).await;
    let reference = top_up["id"].as_str().expect("an id").to_owned();
    shop.paystack.has(&reference, "success", 100_000, "NGN");
    shop.tell("charge.success", json!({ "reference": reference })).await.expect(200);
    shop.run().await;
    assert_eq!(shop.balance().await, 0);
    let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
    assert_eq!((&waiting[0]["reason"], &waiting[0]["currency"]), (&json!("wrong_currency"), &json!("NGN")));
    // The customer is told, and nobody asks for ever.
    let failed = shop.shown(&top_up).await;
    assert_eq!(failed["status"], "failed");
    assert!(failed["failure_reason"].as_str().unwrap().contains("a person looks at it"), "{failed}");
}

async fn paystack_that_is_not_there_says_so_and_a_retry_begins_anew(server: Server) {
    let shop = Shop::open(server).await;
    shop.paystack.0.lock().is_down = true;
    let body = json!({ "method": "paystack", "amount_minor": 100_000 });
    let keyed = async || shop.owner.with("idempotency-key", "key-1").post("/v1/wallet/top-ups", body.clone()).await;
    keyed().await.expect_error("paystack.unavailable");
    shop.paystack.0.lock().is_down = false;
    let top_up = keyed().await.expect(202).json;
    assert_eq!(keyed().await.expect(202).json, top_up);
    assert_eq!(shop.paystack.0.lock().begun.len(), 1);
}

impl Shop {
    async fn balance(&self) -> i64 {
        balance(&self.owner).await
    }
}

async fn an_operator_learns_whether_the_secret_key_is_taken(server: Server) {
    const PATH: &str = "/v1/admin/payment-providers/paystack";
    let operator = server.operator().await;
    operator.get(PATH).await.expect_error("paystack.unavailable");
    operator.get("/v1/admin/payment-providers/cash").await.expect_error("not_found");
    let Shop { server, paystack, owner } = Shop::open(server).await;
    owner.get(PATH).await.expect_error("auth.admin_required");
    let operator = server.operator().await;
    let told = operator.get(PATH).await.expect(200).json;
    assert_eq!(told, json!({ "method": "paystack", "name": "Paystack" }));
    paystack.0.lock().is_down = true;
    operator.get(PATH).await.expect_error("paystack.unavailable");
    paystack.0.lock().is_down = false;
    let server = server.configured(|config| config.paystack.secret_key = "sk_test_of_another".to_owned());
    let refused = server.operator().await.get(PATH).await;
    assert!(refused.expect_error("provider.invalid_credentials").text.contains("`paystack.secret_key`"));
}

async fn a_request_that_is_lost_while_paystack_is_asked_makes_one_top_up(server: Server) {
    let shop = Shop::open(server).await;
    let body = json!({ "method": "paystack", "amount_minor": 100_000 });
    let keyed = async || shop.owner.with("idempotency-key", "key-1").post("/v1/wallet/top-ups", body.clone()).await;
    shop.paystack.0.lock().hangs = true;
    // The process dies while it waits.
    let begun = async || (shop.paystack.0.lock().begun.len() == 1).then_some(());
    tokio::select! {
        _ = keyed() => panic!("it was answered"),
        () = crate::support::within(Duration::from_secs(10), "it is begun", begun) => {}
    }
    shop.paystack.0.lock().hangs = false;
    shop.server.clock.advance(Duration::from_secs(61));
    let top_up = keyed().await.expect(202).json;
    let begun = shop.paystack.0.lock().begun.clone();
    assert_eq!((begun.len(), &begun[0]["reference"]), (2, &begun[1]["reference"]));
    let listed = shop.owner.get("/v1/wallet/top-ups").await.expect(200).json;
    assert_eq!((listed.as_array().expect("a list").len(), &listed[0]["id"]), (1, &top_up["id"]));
}

async fn an_export_agrees_with_what_went_back_and_in_each_currency(server: Server) {
    let shop = Shop::open(server).await;
    let operator = shop.server.operator().await;
    let mut lines = vec!["Transaction ID,Reference,Amount,Currency,Status,Transaction Date".to_owned()];
    for (place, status) in ["success", "reversed"].into_iter().enumerate() {
        let top_up = shop.asked(100_000).await;
        let reference = top_up["id"].as_str().expect("an id").to_owned();
        shop.paystack.has(&reference, "success", 100_000, "KES");
        shop.tell("charge.success", json!({ "reference": reference })).await.expect(200);
        shop.run().await;
        if status == "reversed" {
            let refund = json!({ "transaction_reference": reference, "refund_reference": "R1", "amount": "100000" });
            shop.tell("refund.processed", refund).await.expect(200);
            shop.run().await;
        }
        let id = 4_099_260_516_usize + place;
        lines.push(format!("{id},{reference},1000.00,KES,{status},{}", shop.server.app.clock.now()));
    }
    let compared = async |lines: &[String]| {
        let body = json!({ "statement": lines.join("\n") });
        operator.post("/v1/admin/payments/reconcile", body).await.expect(200).json
    };
    let found = compared(&lines).await;
    assert_eq!((&found["differences"], &found["matched"]), (&json!([]), &json!(2)), "{found}");
    assert_eq!((&found["statement_minor"], &found["booked_minor"]), (&json!(200_000), &json!(200_000)));
    // The same digits in another currency are another amount.
    lines[1] = lines[1].replace("KES", "NGN");
    let found = compared(&lines).await;
    assert_eq!((&found["differences"][0]["kind"], &found["statement_minor"]), (&json!("amount"), &json!(null)));
    let currencies: Vec<_> = found["totals"].as_array().expect("sums").iter().map(|one| &one["currency"]).collect();
    assert_eq!(currencies, ["KES", "NGN"]);
}

async fn a_currency_that_the_account_does_not_take_is_refused_before_paystack_is_asked(server: Server) {
    let shop = Shop::open(server).await;
    let server = shop.server.configured(|config| config.paystack.currencies = Vec::new());
    let body = json!({ "method": "paystack", "amount_minor": 100_000 });
    let owner = server.signed_in("asha@example.com").await;
    let refused = owner.post("/v1/wallet/top-ups", body).await.expect_error("currency.unsupported");
    assert_eq!(refused.json["error"]["field"], "method");
    assert!(shop.paystack.0.lock().begun.is_empty());
    assert_eq!(owner.get("/v1/wallet/top-ups").await.expect(200).json, json!([]));
}

/// A transaction that was paid, but for what is changed.
fn verified(reference: &str, changed: &Value) -> (u16, String) {
    let mut data =
        json!({ "id": 7, "status": "success", "reference": reference, "amount": 100_000, "currency": "KES" });
    data.as_object_mut().expect("an object").extend(changed.as_object().expect("an object").clone());
    (200, json!({ "status": true, "message": "Verification successful", "data": data }).to_string())
}

async fn answers_that_say_nothing_decide_nothing(server: Server) {
    let shop = Shop::open(server).await;
    let top_up = shop.asked(100_000).await;
    let reference = top_up["id"].as_str().expect("an id").to_owned();
    shop.paystack.has(&reference, "success", 100_000, "KES");
    let data = |changed: Value| verified(&reference, &changed);
    let faults = [
        (500, String::new()),
        (502, "<html><h1>Bad Gateway</h1></html>".to_owned()),
        (200, "<html>maintenance</html>".to_owned()),
        (200, "{\"status\":true,\"data\":{\"id\":7,\"status\":\"succ".to_owned()),
        (200, json!({ "status": false, "message": "try again" }).to_string()),
        (200, json!({ "status": true, "message": "no data" }).to_string()),
        (302, String::new()),
        (429, String::new()),
        (404, json!({ "status": false, "message": "Transaction reference not found" }).to_string()),
        data(json!({ "amount": "a lot" })),
        data(json!({ "amount": null })),
        data(json!({ "status": "unheard of" })),
    ];
    for fault in faults {
        shop.paystack.0.lock().faults.push_back(fault.clone());
        shop.tell("charge.success", json!({ "reference": reference })).await.expect(200);
        shop.run().await;
        let shown = shop.shown(&top_up).await;
        assert_eq!((shop.balance().await, &shown["status"]), (0, &json!("pending")), "after {fault:?}");
    }
    for _ in 0..20 {
        shop.server.clock.advance(Duration::from_secs(600));
        shop.run().await;
    }
    assert_eq!((shop.balance().await, &shop.shown(&top_up).await["status"]), (100_000, &json!("succeeded")));
    assert!(shop.is_sound().await);
}

async fn what_is_told_of_another_transaction_goes_to_people(server: Server) {
    let shop = Shop::open(server).await;
    let operator = shop.server.operator().await;
    let reference = shop.asked(100_000).await["id"].as_str().expect("an id").to_owned();
    for changed in [json!({ "reference": "another" }), json!({ "amount": -100_000 }), json!({ "amount": 0 })] {
        shop.paystack.0.lock().faults.push_back(verified(&reference, &changed));
        shop.tell("charge.success", json!({ "reference": reference })).await.expect(200);
        shop.run().await;
        assert_eq!(shop.balance().await, 0, "{changed}");
    }
    let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
    assert!(!waiting.as_array().expect("a list").is_empty());
    assert!(shop.is_sound().await);
}
