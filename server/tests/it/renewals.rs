//! The monthly rental: charged once on the first, and what becomes of numbers that can't be paid.

use std::sync::Arc;
use std::time::Duration;

use sautikit::calls::Hub;
use sautikit::numbers::renewal;
use sautikit::{jobs, numbers, wallet};
use sautikit_api::keys::SCOPES;
use serde_json::{Value, json};

use crate::calls::support::FakeGateway;
use crate::support::{Client, Server, on_each_engine};

on_each_engine! {
    a_rental_is_charged_once_on_the_first_of_each_month
    months_that_a_server_was_off_are_each_charged
    who_is_short_is_told_daily_suspended_after_seven_days_and_paid_by_the_next_top_up
    what_is_not_paid_in_thirty_days_goes_back_to_the_inventory
    who_gives_a_number_up_unpaid_and_claims_it_again_pays_the_month_in_full
    a_month_in_which_a_number_was_not_held_is_not_owed
    a_number_that_can_not_be_renewed_holds_up_no_other
}

const HOUR: Duration = Duration::from_secs(3_600);

struct Scene {
    server: Server,
    owner: Client,
    number: Value,
    /// Where it is claimed.
    claim_path: String,
}

impl Scene {
    /// The clock stands on 2 November; a number is claimed, and so much is left.
    async fn with_left(server: Server, left_minor: i64) -> Self {
        numbers::seed_development(&server.app).await.expect("the inventory");
        let owner = server.onboarded("asha@example.com").await;
        // Sessions end sooner than months.
        let owner = server.key_of(&owner, SCOPES).await;
        Hub::of(&server.app).connect(Arc::new(FakeGateway::default()));
        renewal::schedule(&server.app).await.expect("scheduled");
        let scene = Self { server, owner, number: Value::Null, claim_path: String::new() };
        // 29 of 30 days at 100: 96.67.
        scene.top_up(9_700 + left_minor - left_minor % 100).await;
        let available = scene.owner.get("/v1/numbers/available?country=KE&currency=KES").await.expect(200).json;
        let claim_path = format!("/v1/numbers/{}/claim", available[0]["id"].as_str().expect("an id"));
        let number = scene.owner.post(&claim_path, json!({})).await.expect(201).json;
        Self { number, claim_path, ..scene }
    }

    async fn top_up(&self, amount_minor: i64) {
        let body = json!({ "method": "mpesa", "amount_minor": amount_minor, "phone": "+254722000001" });
        self.owner.post("/v1/wallet/top-ups", body).await.expect(202);
        self.pass(Duration::from_secs(1)).await;
    }

    async fn pass(&self, time: Duration) {
        self.server.clock.advance(time);
        jobs::run_due(&self.server.app).await.expect("the jobs");
    }

    async fn pass_days(&self, days: u32) {
        for _ in 0..days * 24 {
            self.pass(HOUR).await;
        }
    }

    async fn release(&self) {
        self.release_of(&self.number).await;
    }

    async fn release_of(&self, number: &Value) {
        self.owner.delete(&format!("/v1/numbers/{}", number["id"].as_str().expect("an id"))).await.expect(204);
    }

    async fn rentals(&self) -> Vec<i64> {
        let ledger = self.owner.get("/v1/wallet/ledger?limit=200").await.expect(200).json;
        let entries = ledger.as_array().expect("a list").iter().filter(|entry| entry["kind"] == "rental");
        entries.map(|entry| entry["amount_minor"].as_i64().expect("an amount")).collect()
    }

    async fn balance(&self) -> i64 {
        let balance = self.owner.get("/v1/wallet/balance").await.expect(200).json;
        balance["balance_minor"].as_i64().expect("a balance")
    }

    async fn status(&self) -> Option<String> {
        let answer = self.owner.get(&format!("/v1/numbers/{}", self.number["id"].as_str().expect("an id"))).await;
        answer.json["status"].as_str().map(str::to_owned)
    }

    fn mails(&self, part: &str) -> usize {
        let mails = sautikit::mail::Mailer::of(&self.server.app).dev_store().expect("mails are kept").list();
        mails.iter().filter(|mail| mail.subject.contains(part)).count()
    }

    async fn is_sound(&self) -> bool {
        let report = wallet::verify::verify(&self.server.app).await.expect("verified");
        if !report.is_sound() {
            eprintln!("{:?}", report.breaks);
        }
        report.is_sound()
    }
}

async fn a_rental_is_charged_once_on_the_first_of_each_month(server: Server) {
    let scene = Scene::with_left(server, 100_000).await;
    scene.pass_days(28).await;
    assert_eq!(scene.rentals().await, [-9_667]);
    scene.pass_days(2).await;
    assert_eq!(scene.rentals().await, [-10_000, -9_667]);
    let ledger = scene.owner.get("/v1/wallet/ledger").await.expect(200).json;
    assert_eq!(ledger[0]["cause"], format!("rental:{}:2026-12", scene.number["id"].as_str().expect("an id")));
    // Two runners at the same time, and again.
    scene.server.clock.advance(Duration::from_secs(31 * 86_400));
    tokio::join!(scene.pass(HOUR), scene.pass(Duration::ZERO));
    assert_eq!(scene.rentals().await, [-10_000, -10_000, -9_667]);
    assert!(scene.is_sound().await);
}

async fn months_that_a_server_was_off_are_each_charged(server: Server) {
    let scene = Scene::with_left(server, 100_000).await;
    scene.server.clock.advance(Duration::from_secs(95 * 86_400));
    scene.pass(HOUR).await;
    assert_eq!(scene.rentals().await, [-10_000, -10_000, -10_000, -9_667]);
    assert_eq!(scene.status().await.as_deref(), Some("active"));
}

async fn who_is_short_is_told_daily_suspended_after_seven_days_and_paid_by_the_next_top_up(server: Server) {
    let scene = Scene::with_left(server, 0).await;
    scene.pass_days(30).await;
    assert_eq!((scene.status().await.as_deref(), scene.mails("could not be charged")), (Some("active"), 2));
    scene.pass_days(6).await;
    assert_eq!((scene.status().await.as_deref(), scene.mails("is suspended")), (Some("suspended"), 1));
    let call = json!({ "from": scene.number["number"], "to": "+254722000042" });
    assert_eq!(scene.owner.post("/v1/calls", call).await.status, 400);
    scene.top_up(20_000).await;
    assert_eq!(scene.status().await.as_deref(), Some("active"));
    assert_eq!(scene.rentals().await, [-10_000, -9_667]);
    assert!(scene.is_sound().await);
}

async fn what_is_not_paid_in_thirty_days_goes_back_to_the_inventory(server: Server) {
    let scene = Scene::with_left(server, 0).await;
    scene.server.clock.advance(Duration::from_secs(30 * 86_400));
    scene.pass(HOUR).await;
    scene.server.clock.advance(Duration::from_secs(30 * 86_400));
    scene.pass(HOUR).await;
    assert_eq!((scene.status().await, scene.mails("was released")), (None, 1));
    // The month in which it was held is owed, and none beyond the day on which it was to go.
    assert_eq!(scene.rentals().await, [-10_000, -9_667]);
    let available = scene.owner.get("/v1/numbers/available?country=KE&currency=KES").await.expect(200).json;
    assert_eq!(available[0]["number"], scene.number["number"]);
    let audit = scene.owner.get("/v1/audit?action_kind=number.released").await.expect(200).json;
    assert_eq!(audit[0]["actor"]["kind"], "system");
}

async fn who_gives_a_number_up_unpaid_and_claims_it_again_pays_the_month_in_full(server: Server) {
    let scene = Scene::with_left(server, 0).await;
    // 9 December: nine days are owed.
    scene.pass_days(37).await;
    scene.release().await;
    // Whoever never claims it again owes it all the same.
    assert_eq!(scene.rentals().await, [-10_000, -9_667]);
    assert!(scene.balance().await < 0);
    scene.top_up(20_000).await;
    // The month is paid.
    let again = scene.owner.post(&scene.claim_path, json!({})).await.expect(201).json;
    assert_eq!((&again["charged_minor"], scene.rentals().await), (&json!(0), vec![-10_000, -9_667]));
    // Once: the next time only what is left of the month is charged, 22 or 23 of 31 days.
    scene.release_of(&again).await;
    let third = scene.owner.post(&scene.claim_path, json!({})).await.expect(201).json;
    assert!(third["charged_minor"].as_i64().is_some_and(|charged| 0 < charged && charged < 8_000), "{third}");
    assert!(scene.is_sound().await);
}

async fn a_month_in_which_a_number_was_not_held_is_not_owed(server: Server) {
    let scene = Scene::with_left(server, 0).await;
    scene.pass_days(25).await;
    scene.release().await;
    // 1 December and some days.
    scene.pass_days(8).await;
    scene.top_up(20_000).await;
    let again = scene.owner.post(&scene.claim_path, json!({})).await.expect(201).json;
    assert!(again["charged_minor"].as_i64().is_some_and(|charged| charged < 9_500), "{again}");
    assert!(scene.is_sound().await);
}

async fn a_number_that_can_not_be_renewed_holds_up_no_other(server: Server) {
    let scene = Scene::with_left(server, 100_000).await;
    let available = scene.owner.get("/v1/numbers/available?country=KE&currency=KES").await.expect(200).json;
    let path = format!("/v1/numbers/{}/claim", available[0]["id"].as_str().expect("an id"));
    let second = scene.owner.post(&path, json!({})).await.expect(201).json;
    // Whichever is looked at first, one is in a currency that its wallet is not in.
    let broken = "update tenant_numbers set currency = 'USD' where id = $1";
    let id = scene.number["id"].as_str().expect("an id").to_owned();
    sqlx::query(broken).bind(id).execute(scene.server.app.db.pool()).await.expect("broken");
    scene.pass_days(30).await;
    let ledger = scene.owner.get("/v1/wallet/ledger").await.expect(200).json;
    assert_eq!(ledger[0]["cause"], format!("rental:{}:2026-12", second["id"].as_str().expect("an id")));
    // And a top-up's own look at what is due.
    scene.top_up(10_000).await;
    scene.pass_days(31).await;
    let ledger = scene.owner.get("/v1/wallet/ledger").await.expect(200).json;
    assert_eq!(ledger[0]["cause"], format!("rental:{}:2027-01", second["id"].as_str().expect("an id")));
}
