//! Calls, top-ups, claims, renewals, adjustments, refunds and disputes in random order; providers that are late, tell twice and in
//! another order; requests and jobs that are broken off anywhere, as by a crash, and repeated. At last every sum agrees, nothing
//! happened twice, and nothing is due and forgotten. What is random is the same each time.

mod providers;
mod verdict;

use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use sautikit::calls::{self, Hub};
use sautikit::jobs;
use sautikit::numbers::{self, renewal};
use sautikit_api::calls::CallStatus;
use sautikit_api::keys::SCOPES;
use serde_json::{Value, json};

use self::providers::Message;
use super::daraja::{Daraja, OnPush};
use super::path_of;
use super::paystack::{self, Paystack};
use crate::calls::support::{FROM, FakeGateway, Order, Scene, TO};
use crate::support::{Answer, Server, on_each_engine};

on_each_engine! {
    whatever_happens_in_whatever_order_every_sum_agrees
    and_in_another_order
    and_in_a_third_one
}

/// Things that happen before everything comes to an end.
const STEPS: u64 = 140;
/// What rentals and calls bear beside their price.
const TAX_BASIS_POINTS: u32 = 1_600;
/// More than all that happens costs, so that nothing waits for money.
const FIRST_MINOR: i64 = 100_000_000;
const STRANGER: &str = "192.0.2.1";

/// Numbers that look random and are the same each time (a linear congruential generator).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn place<T>(&mut self, of: &[T]) -> usize {
        usize::try_from(self.roll(of.len() as u64)).expect("a place")
    }
}

/// Polls a future so often at most and then drops it: a process that dies there.
async fn broken_off<T>(future: impl Future<Output = T>, polls: u64) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Everything, and what ought to become of it.
struct World {
    scene: Scene,
    daraja: Daraja,
    paystack: Paystack,
    dice: Dice,
    messages: Vec<Message>,
    running: Vec<Order>,
    /// Receipt and amount of what M-Pesa received.
    received: Vec<(String, i64)>,
    /// Of those, what was paid to an account that is nobody's.
    slips: Vec<(String, i64)>,
    claims_on: (i64, usize),
    /// What Paystack received, less what it took back.
    paystack_minor: i64,
    adjusted_minor: i64,
    /// Numbers that were claimed: id, moment, and when they were given up.
    numbers: Vec<(String, i64, Option<i64>)>,
    /// Receipts that were claimed before M-Pesa had told of them: its word credits them later.
    asked: HashSet<String>,
    seen_pushes: usize,
    seen_inquiries: usize,
    keys: u64,
    confirmation: String,
    reference: String,
}

impl World {
    async fn begin(server: Server, seed: u64) -> Self {
        let (daraja, paystack) = (Daraja::default(), Paystack::default());
        let (mpesa_url, paystack_url) = (daraja.serve().await, paystack.serve().await);
        let server = server.configured(|config| {
            config.mpesa.base_url = mpesa_url;
            config.mpesa.consumer_key = "key".to_owned();
            config.mpesa.consumer_secret = "secret".to_owned();
            config.mpesa.shortcode = "600638".to_owned();
            config.mpesa.passkey = "passkey".to_owned();
            config.mpesa.initiator = "sautikit".to_owned();
            config.mpesa.security_credential = "c2VhbGVk".to_owned();
            config.paystack.base_url = paystack_url;
            config.paystack.secret_key = paystack::KEY.to_owned();
            config.tax.countries.insert("KE".to_owned(), TAX_BASIS_POINTS);
        });
        numbers::seed_development(&server.app).await.expect("the inventory");
        let gateway = Arc::new(FakeGateway::default());
        Hub::of(&server.app).connect(gateway.clone());
        renewal::schedule(&server.app).await.expect("scheduled");
        let owner = server.onboarded("asha@example.com").await;
        // Sessions end sooner than months.
        let asha = server.key_of(&owner, SCOPES).await;
        sautikit::payments::daraja::register_urls(&server.app).await.expect("registered");
        let urls = daraja.0.lock().registered.last().cloned().expect("the registration");
        let shown = asha.get("/v1/wallet/paybill").await.expect(200).json;
        let mut world = Self {
            scene: Scene { server, gateway, asha },
            daraja,
            paystack,
            dice: Dice(seed),
            messages: Vec::new(),
            running: Vec::new(),
            received: Vec::new(),
            slips: Vec::new(),
            claims_on: (0, 0),
            paystack_minor: 0,
            adjusted_minor: 0,
            numbers: Vec::new(),
            asked: HashSet::new(),
            seen_pushes: 0,
            seen_inquiries: 0,
            keys: 0,
            confirmation: path_of(&urls["ConfirmationURL"]),
            reference: shown["account_reference"].as_str().expect("a reference").to_owned(),
        };
        world.pays(&world.reference.clone(), FIRST_MINOR, false);
        world.tell_all().await;
        world.run_jobs().await;
        world.claim_number().await;
        assert_eq!(world.numbers.len(), 1, "there is a number to call from");
        world
    }

    /// Asks under a key, now and then breaks the request off and repeats it.
    async fn insist(&mut self, path: &str, body: Value) -> Answer {
        self.keys += 1;
        let client = self.scene.asha.with("idempotency-key", &format!("key-{}", self.keys));
        for _ in 0..self.dice.roll(3) {
            let polls = self.dice.roll(40);
            if broken_off(client.post(path, body.clone()), polls).await.is_some() {
                break;
            }
        }
        // What was leased by a request that died is taken over when its lease is over.
        for _ in 0..4 {
            let answer = client.post(path, body.clone()).await;
            if answer.status != 409 || answer.json["error"]["code"] != "idempotency.conflict" {
                return answer;
            }
            self.scene.advance(30_000);
        }
        panic!("a request is never answered");
    }

    /// Runs what is due; sometimes the process dies over it and the next one takes it up.
    async fn run_jobs(&mut self) {
        let app = &self.scene.server.app;
        if self.dice.roll(3) == 0 {
            let polls = self.dice.roll(120);
            let _ = broken_off(jobs::run_due(app), polls).await;
            jobs::take_up(app).await.expect("the next process");
        } else {
            jobs::run_due(app).await.expect("the jobs");
        }
        self.mpesa_acts();
    }

    async fn top_up(&mut self) {
        self.daraja.0.lock().on_push = match self.dice.roll(6) {
            0 => OnPush::TakenSilently,
            1 => OnPush::Refused,
            _ => OnPush::Taken,
        };
        let amount_minor = 100 * (1 + i64::try_from(self.dice.roll(900)).expect("an amount"));
        let body = json!({ "method": "mpesa", "amount_minor": amount_minor, "phone": "0722000001" });
        self.insist("/v1/wallet/top-ups", body).await.expect(202);
        // The pushes of one run of the jobs are answered alike.
        jobs::run_due(&self.scene.server.app).await.expect("the jobs");
        self.mpesa_acts();
    }

    /// On Paystack's page; some are refunded in part, some disputed, and some of those won.
    async fn pay_on_page(&mut self) {
        let amount_minor = 1_000 + i64::try_from(self.dice.roll(90_000)).expect("an amount");
        let body = json!({ "method": "paystack", "amount_minor": amount_minor });
        let top_up = self.insist("/v1/wallet/top-ups", body).await.expect(202).json;
        let reference = top_up["id"].as_str().expect("an id");
        if self.dice.roll(5) == 0 {
            return;
        }
        self.paystack.has(reference, "success", amount_minor, "KES");
        self.paystack_minor += amount_minor;
        let id = self.keys;
        let charge = json!({ "reference": reference });
        let dispute = json!({ "id": id, "transaction": { "reference": reference }, "resolution": "declined" });
        self.messages.push(Message::Paystack { event: "charge.success", data: charge });
        match self.dice.roll(6) {
            0 => {
                let part = amount_minor / 3;
                let data =
                    json!({ "transaction_reference": reference, "refund_reference": format!("R{id}"), "amount": part });
                self.messages.push(Message::Paystack { event: "refund.processed", data });
                self.paystack_minor -= part;
            }
            1 => {
                self.messages.push(Message::Paystack { event: "charge.dispute.create", data: dispute });
                self.paystack_minor -= amount_minor;
            }
            2 => {
                self.messages.push(Message::Paystack { event: "charge.dispute.create", data: dispute.clone() });
                self.messages.push(Message::Paystack { event: "charge.dispute.resolve", data: dispute });
            }
            3 => {
                // Settled for a part of what it took.
                let part = amount_minor / 4;
                let mut settled = dispute.clone();
                (settled["resolution"], settled["refund_amount"]) = (json!("merchant-accepted"), json!(part));
                self.messages.push(Message::Paystack { event: "charge.dispute.create", data: dispute });
                self.messages.push(Message::Paystack { event: "charge.dispute.resolve", data: settled });
                self.paystack_minor -= part;
            }
            _ => {}
        }
    }

    async fn claim_number(&mut self) {
        let available = self.scene.asha.get("/v1/numbers/available?country=KE&currency=KES").await.expect(200).json;
        let Some(number) = available.as_array().and_then(|numbers| numbers.first()) else { return };
        let now_us = self.scene.server.app.now_us();
        let path = format!("/v1/numbers/{}/claim", number["id"].as_str().expect("an id"));
        let claimed = self.insist(&path, json!({})).await.expect(201).json;
        assert_eq!(claimed["charged_minor"], number["due_now_minor"], "{claimed}");
        self.numbers.push((claimed["id"].as_str().expect("an id").to_owned(), now_us, None));
    }

    /// Gives one up, never the first: that one is called from.
    async fn release_number(&mut self) {
        jobs::run_due(&self.scene.server.app).await.expect("what is due is paid");
        let held = |(_, _, until): &(String, i64, Option<i64>)| until.is_none();
        let Some(place) = self.numbers.iter().skip(1).position(held).map(|place| place + 1) else { return };
        let path = format!("/v1/numbers/{}", self.numbers[place].0);
        let polls = self.dice.roll(40);
        let _ = broken_off(self.scene.asha.delete(&path), polls).await;
        let again = self.scene.asha.delete(&path).await;
        assert!(matches!(again.status, 204 | 404), "{}", again.text);
        self.numbers[place].2 = Some(self.scene.server.app.now_us());
    }

    /// An operator decides about a payment of which nobody knows whose it is.
    async fn decide(&mut self) {
        let operator = self.scene.server.operator().await;
        let waiting = operator.get("/v1/admin/payments/unmatched").await.expect(200).json;
        let is_slip = |payment: &&Value| payment["reason"] == "unknown_reference";
        let Some(payment) = waiting.as_array().and_then(|waiting| waiting.iter().find(is_slip)) else { return };
        let path = format!("/v1/admin/payments/{}/assign", payment["id"].as_str().expect("an id"));
        let body = json!({ "workspace_id": self.scene.asha.workspace_id().await });
        let polls = self.dice.roll(40);
        let _ = broken_off(operator.post(&path, body.clone()), polls).await;
        let again = operator.post(&path, body).await;
        assert!(matches!(again.status, 200 | 404), "{}", again.text);
        self.slips.retain(|(receipt, _)| payment["receipt"] != *receipt.as_str());
    }

    async fn adjust(&mut self) {
        let (kind, sign) = [("credit", 1), ("debit", -1), ("refund", 1), ("promo", 1)][self.dice.place(&[(); 4])];
        let amount_minor = 1 + i64::try_from(self.dice.roll(5_000)).expect("an amount");
        let path = format!("/v1/admin/wallets/{}/adjustments", self.scene.asha.workspace_id().await);
        self.keys += 1;
        let operator = self.scene.server.operator().await.with("idempotency-key", &format!("key-{}", self.keys));
        let body = json!({ "kind": kind, "amount_minor": amount_minor, "reason": "a test" });
        for _ in 0..self.dice.roll(3) {
            let polls = self.dice.roll(40);
            let _ = broken_off(operator.post(&path, body.clone()), polls).await;
        }
        operator.post(&path, body).await.expect(201);
        self.adjusted_minor += sign * amount_minor;
    }

    /// "I paid, where is it?": five a day, and not before M-Pesa has told of it.
    async fn claim_payment(&mut self) {
        let day = self.scene.server.app.now_us() / 86_400_000_000;
        if self.slips.is_empty() || self.claims_on.0 == day && self.claims_on.1 >= 2 {
            return;
        }
        // The limit is of 24 hours, not of a date.
        self.claims_on = if self.claims_on.0 == day { (day, self.claims_on.1 + 1) } else { (day, 1) };
        let place = self.dice.place(&self.slips);
        let (receipt, amount_minor) = self.slips[place].clone();
        let body = json!({ "receipt": receipt, "amount_minor": amount_minor, "phone": "0722000001" });
        let answer = self.insist("/v1/wallet/payment-claims", body).await;
        match answer.status {
            200 if answer.json["outcome"] == "credited" => drop(self.slips.swap_remove(place)),
            // M-Pesa was asked and has not answered: people would decide.
            200 => {}
            404 => {
                self.asked.insert(receipt);
            }
            429 => {}
            status => panic!("a claim was answered {status}: {}", answer.text),
        }
    }

    async fn call(&mut self) {
        let placed = self.scene.asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await;
        if placed.status == 202 {
            let order = self.scene.gateway.last_order();
            let now_us = self.scene.server.app.now_us();
            self.scene.gateway.with(order.call_id, |record| {
                record.answered(now_us, Some(order.targets[0].leg_id));
                record.leg_answered(order.targets[0].leg_id, now_us);
                record.hand_over();
            });
            self.running.push(order);
        }
    }

    async fn end_one(&mut self) {
        if self.running.is_empty() {
            return;
        }
        let place = self.dice.place(&self.running);
        let order = self.running.swap_remove(place);
        if self.dice.roll(4) == 0 {
            // Its task dies: somebody else closes it.
            drop(self.scene.gateway.take(order.call_id));
        } else {
            self.scene.end(order.call_id, CallStatus::Completed, "normal_clearing").await;
        }
    }

    async fn step(&mut self) {
        match self.dice.roll(24) {
            0..=2 if self.running.len() < 6 => self.call().await,
            3 | 4 => self.end_one().await,
            5 | 6 => self.top_up().await,
            7 => {
                let (amount, elsewhere) = (1 + self.dice.roll(200_000), self.dice.roll(3) == 0);
                self.pays(&self.reference.clone(), i64::try_from(amount).expect("an amount"), elsewhere);
            }
            8 => {
                let amount_minor = 1 + i64::try_from(self.dice.roll(20_000)).expect("an amount");
                let receipt = self.pays("my shop", amount_minor, false);
                self.slips.push((receipt, amount_minor));
            }
            9 => self.pay_on_page().await,
            10..=13 => self.tell_one().await,
            14..=16 => self.run_jobs().await,
            17 => self.claim_number().await,
            18 => self.adjust().await,
            19 => self.claim_payment().await,
            20 => self.scene.tick().await,
            21 => self.release_number().await,
            22 => self.decide().await,
            _ => {
                while !self.running.is_empty() {
                    self.end_one().await;
                }
                self.scene.advance(86_400_000 * (1 + self.dice.roll(6)));
            }
        }
        let waits = [500, 4_000, 20_000, 90_000][self.dice.place(&[(); 4])];
        self.scene.advance(self.dice.roll(waits));
    }

    /// Everything is told, answered, ended and run.
    async fn come_to_an_end(&mut self) {
        while !self.running.is_empty() {
            self.end_one().await;
        }
        self.scene.advance(20_000);
        calls::record::reconcile(&self.scene.server.app).await.expect("reconciled");
        // What was tried often is tried again every half an hour.
        for wait_s in [30; 20].into_iter().chain([2_400; 12]) {
            self.scene.advance(wait_s * 1_000);
            jobs::run_due(&self.scene.server.app).await.expect("the jobs");
            self.mpesa_acts();
            self.tell_all().await;
        }
        let operator = self.scene.server.operator().await;
        let workspace_id = self.scene.asha.workspace_id().await;
        let waiting = operator.get("/v1/admin/payments/unmatched?limit=200").await.expect(200).json;
        let mut waiting: Vec<_> = waiting.as_array().expect("a list").clone();
        waiting.sort_by_key(|payment| payment["receipt"].to_string());
        let receipts: Vec<_> = waiting.iter().map(|payment| payment["receipt"].as_str().expect("a receipt")).collect();
        let credited: HashSet<_> = self.receipts_in_wallet().await;
        let is_open = |receipt: &&str| !(self.asked.contains(*receipt) && credited.contains(*receipt));
        let mut slips: Vec<_> = self.slips.iter().map(|(receipt, _)| receipt.as_str()).filter(is_open).collect();
        slips.sort_unstable();
        assert_eq!(receipts, slips, "only what nobody's account was paid with waits");
        for payment in &waiting {
            let path = format!("/v1/admin/payments/{}/assign", payment["id"].as_str().expect("an id"));
            operator.post(&path, json!({ "workspace_id": workspace_id })).await.expect(200);
        }
        jobs::run_due(&self.scene.server.app).await.expect("the jobs");
    }
}

async fn live_through(server: Server, seed: u64) {
    let mut world = World::begin(server, seed).await;
    for _ in 0..STEPS {
        world.step().await;
    }
    world.come_to_an_end().await;
    world.judge().await;
}

async fn whatever_happens_in_whatever_order_every_sum_agrees(server: Server) {
    live_through(server, 1).await;
}

async fn and_in_another_order(server: Server) {
    live_through(server, 2).await;
}

async fn and_in_a_third_one(server: Server) {
    live_through(server, 3).await;
}
