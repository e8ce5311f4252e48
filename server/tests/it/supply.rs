//! Where numbers come from: series, what becomes of their numbers, and who may claim which in which currency.

use std::collections::HashSet;
use std::time::Duration;

use sautikit::gateway::trunks::TellUnregistered;
use sautikit::jobs;
use sautikit::mail::Mailer;
use serde_json::{Value, json};

use crate::support::{Client, Server, on_each_engine};

on_each_engine! {
    a_series_makes_its_numbers_once
    a_paused_series_offers_nothing_and_a_retired_one_gives_up_its_numbers
    a_reserved_number_is_there_for_its_workspace_alone
    a_released_number_cools_off_for_the_workspace_that_had_it
    of_two_workspaces_that_claim_at_once_one_has_the_number
    a_number_is_claimed_in_every_currency_that_it_is_priced_in
    claimed_numbers_keep_what_was_agreed
    an_import_of_series_is_made_whole_or_not_at_all
    numbers_are_found_by_every_filter_and_in_either_order
    a_workspace_opens_only_where_something_can_be_bought
    who_has_many_numbers_finds_each_of_them_in_the_console
    a_trunk_that_takes_no_registration_is_told_of_to_whose_numbers_come_by_it
}

/// An operator with a provider of theirs, beside the development inventory.
struct Supply {
    server: Server,
    operator: Client,
    provider_id: Value,
}

impl Supply {
    async fn set(server: Server) -> Self {
        let operator = server.operator().await;
        let provider = json!({ "name": "Safari Carrier", "country": "KE" });
        let provider_id = operator.post("/v1/admin/providers", provider).await.expect(201).json["id"].clone();
        Self { server, operator, provider_id }
    }

    fn series(&self, prefix: &str, first: &str, last: &str, prices: &Value) -> Value {
        json!({ "provider_id": self.provider_id, "country": "KE", "prefix": prefix, "first_suffix": first,
            "last_suffix": last, "prices": prices })
    }

    /// Kenyan numbers +25420700… at KES 50 a month.
    async fn load(&self, first: &str, last: &str) -> Value {
        let series = self.series("+2542070000", first, last, &json!([price("KES", 5_000, 2_000_000)]));
        self.operator.post("/v1/admin/series", series).await.expect(201).json
    }

    /// A workspace in this currency with money.
    async fn workspace(&self, email: &str, currency: &str) -> Client {
        let client = self.server.signed_in(email).await;
        let body = json!({ "name": "A", "workspace_name": email, "country": "KE", "currency": currency });
        client.post("/v1/auth/onboarding", body).await.expect(201);
        let path = format!("/v1/admin/wallets/{}/adjustments", client.workspace_id().await);
        let gift = json!({ "kind": "promo", "amount_minor": 1_000_000, "reason": "to begin with" });
        self.operator.post(&path, gift).await.expect(201);
        client
    }

    async fn set_status(&self, series: &Value, status: &str) -> Value {
        let path = format!("/v1/admin/series/{}", text(&series["id"]));
        self.operator.patch(&path, json!({ "status": status })).await.expect(200).json
    }

    async fn stock(&self, query: &str) -> Vec<Value> {
        let list = self.operator.get(&format!("/v1/admin/numbers?{query}")).await.expect(200).json;
        list.as_array().expect("a list").clone()
    }
}

fn price(currency: &str, monthly_price_minor: i64, outbound_per_min_e4: i64) -> Value {
    json!({ "currency": currency, "monthly_price_minor": monthly_price_minor, "outbound_per_min_e4": outbound_per_min_e4 })
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

async fn offers(client: &Client, query: &str) -> Vec<Value> {
    let list = client.get(&format!("/v1/numbers/available?{query}")).await.expect(200).json;
    list.as_array().expect("a list").clone()
}

async fn claim(client: &Client, offer: &Value) -> crate::support::Answer {
    client.post(&format!("/v1/numbers/{}/claim", text(&offer["id"])), json!({})).await
}

async fn a_series_makes_its_numbers_once(server: Server) {
    let supply = Supply::set(server).await;
    let made = supply.load("098", "101").await;
    assert_eq!(made["numbers"]["available"], 4);
    let numbers = supply.stock("contains=25420700001").await;
    assert_eq!(
        numbers.iter().map(|number| text(&number["number"])).collect::<Vec<_>>(),
        ["+2542070000100", "+2542070000101"]
    );
    assert_eq!(numbers[0]["series_id"], made["id"]);

    let again = supply.series("+254207000010", "0", "9", &json!([price("KES", 1, 1)]));
    let refused = supply.operator.post("/v1/admin/series", again).await.expect_error("numbers.suffix_collision");
    assert_eq!(refused.json["error"]["details"], json!({ "number": "+2542070000100", "series_id": made["id"] }));
    assert!(text(&refused.json["error"]["message"]).contains("+2542070000100"), "{}", refused.text);
    // Nothing of it was made.
    assert_eq!(supply.stock("contains=2542070000").await.len(), 4);

    let wide = supply.series("+25421", "000000", "099999", &json!([price("KES", 1, 1)]));
    let refused = supply.operator.post("/v1/admin/series", wide).await.expect_error("numbers.series_invalid");
    assert_eq!(refused.json["error"]["field"], "last_suffix");
    // As large as they come, in one transaction.
    let largest = supply.series("+25422", "000000", "009999", &json!([price("KES", 1, 1), price("USD", 1, 1)]));
    let made = supply.operator.post("/v1/admin/series", largest).await.expect(201).json;
    assert_eq!(made["numbers"]["available"], 10_000);
}

async fn a_paused_series_offers_nothing_and_a_retired_one_gives_up_its_numbers(server: Server) {
    let supply = Supply::set(server).await;
    let series = supply.load("000", "002").await;
    let client = supply.workspace("a@example.com", "KES").await;
    let offered = offers(&client, "contains=25420").await;
    assert_eq!(offered.len(), 3);
    let mine = claim(&client, &offered[0]).await.expect(201).json;

    supply.set_status(&series, "paused").await;
    assert!(offers(&client, "contains=25420").await.is_empty());
    claim(&client, &offered[1]).await.expect_error("numbers.series_not_active");
    supply.set_status(&series, "active").await;
    assert_eq!(offers(&client, "contains=25420").await.len(), 2);

    let retired = supply.set_status(&series, "retired").await;
    assert_eq!((&retired["numbers"]["retired"], &retired["numbers"]["assigned"]), (&json!(2), &json!(1)));
    claim(&client, &offered[1]).await.expect_error("numbers.retired");
    let path = format!("/v1/admin/series/{}", text(&series["id"]));
    supply.operator.patch(&path, json!({ "status": "active" })).await.expect_error("numbers.series_not_active");
    // What is claimed works on, and goes when it is released.
    let path = format!("/v1/numbers/{}", text(&mine["id"]));
    assert_eq!(client.get(&path).await.expect(200).json["status"], "active");
    client.delete(&path).await.expect(204);
    assert_eq!(supply.stock("state=retired&contains=25420").await.len(), 3);

    let provider = format!("/v1/admin/providers/{}", text(&supply.provider_id));
    supply.operator.delete(&provider).await.expect(204);
    let more = supply.series("+2542071", "000", "001", &json!([price("KES", 1, 1)]));
    let refused = supply.operator.post("/v1/admin/series", more).await.expect_error("validation.bad_request");
    assert_eq!(refused.json["error"]["field"], "provider_id");
}

async fn a_reserved_number_is_there_for_its_workspace_alone(server: Server) {
    let supply = Supply::set(server).await;
    supply.load("000", "000").await;
    let (asha, bob) = (supply.workspace("a@example.com", "KES").await, supply.workspace("b@example.com", "KES").await);
    let number = supply.stock("contains=25420").await.remove(0);
    let path = format!("/v1/admin/numbers/{}", text(&number["id"]));
    let keep = json!({ "workspace_id": asha.workspace_id().await });
    let kept = supply.operator.post(&format!("{path}/reserve"), keep.clone()).await.expect(200).json;
    assert_eq!((&kept["state"], &kept["workspace_name"]), (&json!("reserved"), &json!("a@example.com")));

    assert!(offers(&bob, "contains=25420").await.is_empty());
    claim(&bob, &number).await.expect_error("numbers.not_found");
    let offered = offers(&asha, "contains=25420").await;
    assert_eq!(offered[0]["state"], "reserved");
    claim(&asha, &offered[0]).await.expect(201);
    for verb in ["reserve", "free", "retire"] {
        let body = if verb == "reserve" { keep.clone() } else { json!({}) };
        supply.operator.post(&format!("{path}/{verb}"), body).await.expect_error("numbers.already_claimed");
    }
    let log = asha.get("/v1/audit?action_kind=number.reserved").await.expect(200).json;
    assert_eq!((log.as_array().map(Vec::len), &log[0]["actor"]["kind"]), (Some(1), &json!("operator")));
}

async fn a_released_number_cools_off_for_the_workspace_that_had_it(server: Server) {
    let supply = Supply::set(server).await;
    supply.load("000", "000").await;
    let (asha, bob) = (supply.workspace("a@example.com", "KES").await, supply.workspace("b@example.com", "KES").await);
    let offer = offers(&asha, "contains=25420").await.remove(0);
    let release = async || {
        let mine = asha.get("/v1/numbers").await.expect(200).json[0]["id"].clone();
        asha.delete(&format!("/v1/numbers/{}", text(&mine))).await.expect(204);
    };
    claim(&asha, &offer).await.expect(201);
    release().await;
    let cooling = supply.stock("state=cooling_off").await.remove(0);
    assert_eq!(cooling["kept_until"], "2026-12-02T08:00:00Z");
    assert!(offers(&bob, "contains=25420").await.is_empty());
    claim(&bob, &offer).await.expect_error("numbers.already_claimed");
    assert_eq!(offers(&asha, "contains=25420").await[0]["state"], "cooling_off");
    claim(&asha, &offer).await.expect(201);
    release().await;

    let carol = supply.workspace("c@example.com", "KES").await;
    let free = supply.server.key_of(&carol, &["numbers:read"]).await;
    supply.server.clock.advance(Duration::from_secs(30 * 86_400 - 1));
    assert_eq!(sautikit::numbers::free_cooled(&supply.server.app).await.expect("a look"), 0);
    supply.server.clock.advance(Duration::from_secs(1));
    assert_eq!(sautikit::numbers::free_cooled(&supply.server.app).await.expect("freed"), 1);
    assert_eq!(offers(&free, "contains=25420").await[0]["state"], "available");
}

async fn of_two_workspaces_that_claim_at_once_one_has_the_number(server: Server) {
    let supply = Supply::set(server).await;
    supply.load("000", "000").await;
    let (asha, bob) = (supply.workspace("a@example.com", "KES").await, supply.workspace("b@example.com", "KES").await);
    let offer = offers(&asha, "contains=25420").await.remove(0);
    let (one, other) = futures::future::join(claim(&asha, &offer), claim(&bob, &offer)).await;
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", one.text, other.text);
    let (won, lost, loser) = if one.status == 201 { (one, other, &bob) } else { (other, one, &asha) };
    assert!(won.json["charged_minor"].as_i64().is_some_and(|charged| charged > 0));
    lost.expect_error("numbers.already_claimed");
    assert_eq!(loser.get("/v1/wallet/balance").await.expect(200).json["balance_minor"], 1_000_000);
}

async fn who_has_many_numbers_finds_each_of_them_in_the_console(server: Server) {
    // More than a list gives at once.
    const NUMBERS: usize = 205;
    let supply = Supply::set(server).await;
    supply.load("000", "204").await;
    let owner = supply.workspace("a@example.com", "KES").await;
    loop {
        let offered = offers(&owner, "contains=25420&limit=200").await;
        if offered.is_empty() {
            break;
        }
        for offer in offered {
            claim(&owner, &offer).await.expect(201);
        }
    }
    let browser = owner.with("accept", "text/html");
    let after = |page: &str, begin: &str| -> Vec<String> {
        page.split(begin).skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
    };
    let (mut path, mut found) = ("/numbers".to_owned(), HashSet::new());
    loop {
        let page = browser.get(&path).await.expect(200).text;
        found.extend(after(&page, "href=\"/numbers/"));
        let Some(next) = after(&page, "href=\"/numbers?mine=").pop() else { break };
        path = format!("/numbers?mine={next}");
    }
    assert_eq!(found.len(), NUMBERS);
    let phone = browser.get("/softphone").await.expect(200).text;
    assert_eq!(phone.matches("<option value=\"+2542070000").count(), NUMBERS);
}

async fn a_number_is_claimed_in_every_currency_that_it_is_priced_in(server: Server) {
    let supply = Supply::set(server).await;
    let prices = json!([price("KES", 10_000, 3_000_000), price("UGX", 3_000, 840_000), price("USD", 90, 24_500)]);
    let series = supply.series("+2542070000", "000", "002", &prices);
    supply.operator.post("/v1/admin/series", series).await.expect(201);
    for (email, currency, rental, per_minute) in
        [("k@example.com", "KES", 10_000, 300), ("u@example.com", "UGX", 3_000, 84), ("d@example.com", "USD", 90, 3)]
    {
        let client = supply.workspace(email, currency).await;
        let offer = offers(&client, "contains=2542070").await.remove(0);
        assert_eq!((&offer["currency"], &offer["monthly_price_minor"]), (&json!(currency), &json!(rental)));
        assert_eq!(offer["outbound_per_min_minor"], per_minute);
        let mine = claim(&client, &offer).await.expect(201).json;
        assert_eq!(mine["currency"], currency);
        // 29 of 30 days, rounded up.
        assert_eq!(mine["charged_minor"], (rental * 29 + 29) / 30);
        assert_eq!(client.get("/v1/wallet/balance").await.expect(200).json["currency"], currency);
    }
    let client = supply.workspace("x@example.com", "UGX").await;
    let shillings = supply.series("+2542071000", "000", "000", &json!([price("KES", 1, 1)]));
    supply.operator.post("/v1/admin/series", shillings).await.expect(201);
    assert!(offers(&client, "contains=2542071").await.is_empty());
    let offer = offers(&client, "contains=2542071&currency=KES").await.remove(0);
    claim(&client, &offer).await.expect_error("numbers.price_missing");
}

async fn claimed_numbers_keep_what_was_agreed(server: Server) {
    let supply = Supply::set(server).await;
    let series = supply.load("000", "001").await;
    let client = supply.workspace("a@example.com", "KES").await;
    let offered = offers(&client, "contains=2542070").await;
    let mine = claim(&client, &offered[0]).await.expect(201).json;
    let path = format!("/v1/admin/series/{}", text(&series["id"]));
    let mut dearer = price("KES", 7_000, 4_000_000);
    dearer["billing_minimum_seconds"] = json!(60);
    supply.operator.patch(&path, json!({ "prices": [dearer] })).await.expect(200);
    let kept = client.get(&format!("/v1/numbers/{}", text(&mine["id"]))).await.expect(200).json;
    assert_eq!((&kept["monthly_price_minor"], &kept["outbound_per_min_minor"]), (&json!(5_000), &json!(200)));
    let offer = offers(&client, "contains=2542070").await.remove(0);
    assert_eq!((&offer["monthly_price_minor"], &offer["outbound_per_min_minor"]), (&json!(7_000), &json!(400)));
    assert_eq!((&offer["billing_minimum_seconds"], &offer["billing_increment_seconds"]), (&json!(60), &json!(1)));
}

async fn an_import_of_series_is_made_whole_or_not_at_all(server: Server) {
    let supply = Supply::set(server).await;
    let names =
        "Provider,Country,Prefix,First suffix,Last suffix,Currency,Monthly price,Outbound per minute,Minimum seconds";
    let good = "Safari Carrier,KE,+25420700,0000,0009,KES,100,3.00,60\nSafari Carrier,KE,+25420700,0000,0009,USD,0.78,0.0245,60\n";
    let bad = "Safari Carrier,KE,+25420700,0005,0019,KES,100,3.00,\nNobody,KE,+25420701,0000,0009,KES,100,3.00,\n";
    let import = async |lines: &str, dry_run: bool| {
        let body = json!({ "csv": format!("{names}\n{lines}"), "dry_run": dry_run });
        supply.operator.post("/v1/admin/series/import", body).await
    };
    let looked = import(&format!("{good}{bad}"), true).await.expect(200).json;
    assert_eq!((&looked["applied"], &looked["series"][0]["numbers"]), (&json!(false), &json!(10)));
    assert_eq!(looked["series"][0]["currencies"], json!(["KES", "USD"]));
    let errors: Vec<_> = looked["errors"].as_array().expect("errors").iter().map(|error| &error["line"]).collect();
    assert_eq!(errors, [4, 5], "{looked}");
    let refused = import(&format!("{good}{bad}"), false).await.expect_error("numbers.series_invalid");
    assert_eq!(refused.json["error"]["details"]["errors"].as_array().map(Vec::len), Some(2));
    assert!(supply.stock("contains=25420700").await.is_empty());

    assert_eq!(import(good, false).await.expect(200).json["applied"], true);
    assert_eq!(supply.stock("contains=25420700").await.len(), 10);
    import(good, false).await.expect_error("numbers.series_invalid");
}

async fn numbers_are_found_by_every_filter_and_in_either_order(server: Server) {
    let supply = Supply::set(server).await;
    let mut dear = supply.series("+2542070000", "000", "001", &json!([price("KES", 50_000, 1)]));
    dear["capabilities"] = json!(["voice", "sms"]);
    supply.operator.post("/v1/admin/series", dear).await.expect(201);
    let cheap = supply.series("+2542090000", "000", "001", &json!([price("KES", 1_000, 1)]));
    supply.operator.post("/v1/admin/series", cheap).await.expect(201);
    let client = supply.workspace("a@example.com", "KES").await;
    let found = async |query: &str| {
        offers(&client, query).await.iter().map(|offer| text(&offer["number"]).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("capability=sms").await, ["+2542070000000", "+2542070000001"]);
    assert_eq!(found("contains=90000").await, ["+2542090000000", "+2542090000001"]);
    assert_eq!(found("max_monthly_price_minor=1000").await.len(), 2);
    assert!(found("country=UG").await.is_empty());
    let by_price = found("sort=price&limit=3").await;
    assert_eq!(by_price.first().map(String::as_str), Some("+2542090000000"));
    // The whole inventory by price, in pages.
    let (mut prices, mut next) = (Vec::new(), Some("/v1/numbers/available?sort=price&limit=5".to_owned()));
    while let Some(address) = next {
        let page = client.get(&address).await.expect(200);
        prices.extend(page.json.as_array().expect("a list").iter().map(|offer| offer["monthly_price_minor"].as_i64()));
        next = page.header("link").map(|link| link[1..link.find('>').expect("an address")].to_owned());
    }
    assert!(prices.is_sorted() && prices.len() == 24, "{prices:?}");
}

async fn a_workspace_opens_only_where_something_can_be_bought(server: Server) {
    let supply = Supply::set(server).await;
    let listed = supply.server.client().get("/v1/pricing/currencies").await.expect(200).json;
    assert_eq!(
        listed,
        json!([{ "code": "KES", "exponent": 2 }, { "code": "UGX", "exponent": 0 },
        { "code": "USD", "exponent": 2 }])
    );
    let open = async |email: &str, currency: &str| {
        let body = json!({ "name": "A", "workspace_name": "B", "country": "TZ", "currency": currency });
        supply.server.signed_in(email).await.post("/v1/auth/onboarding", body).await
    };
    let refused = open("a@example.com", "TZS").await.expect_error("currency.unsupported");
    assert_eq!(refused.json["error"]["field"], "currency");
    assert!(text(&refused.json["error"]["message"]).contains("KES, UGX, USD"), "{}", refused.text);

    let series = json!({ "provider_id": supply.provider_id, "country": "TZ", "prefix": "+255222", "first_suffix": "000000",
        "last_suffix": "000000", "prices": [price("TZS", 1_000_000, 500_000_000)] });
    let series = supply.operator.post("/v1/admin/series", series).await.expect(201).json;
    let tanzanian = open("a@example.com", "TZS").await.expect(201).json;
    assert_eq!(tanzanian["currency"], "TZS");
    supply.set_status(&series, "paused").await;
    open("b@example.com", "TZS").await.expect_error("currency.unsupported");
}

async fn a_trunk_that_takes_no_registration_is_told_of_to_whose_numbers_come_by_it(server: Server) {
    let supply = Supply::set(server).await;
    let series = supply.load("000", "002").await;
    let path = format!("/v1/admin/series/{}", text(&series["id"]));
    supply.operator.patch(&path, json!({ "trunk": "carrier-a" })).await.expect(200);
    let client = supply.workspace("a@example.com", "KES").await;
    let other = supply.workspace("b@example.com", "KES").await;
    let offered = offers(&client, "contains=25420").await;
    let mine = claim(&client, &offered[0]).await.expect(201).json;
    let app = &supply.server.app;
    let tell = async |nodes: usize| {
        for _ in 0..nodes {
            let mut tx = app.db.begin_write().await.expect("a transaction");
            let job = TellUnregistered::new("carrier-a".to_owned(), 403, app.now_us());
            jobs::enqueue(&mut tx, app, &job, app.now_us()).await.expect("a job");
            tx.commit().await.expect("a commit");
            jobs::run_due(app).await.expect("the jobs");
        }
    };
    let told = async |client: &Client| {
        let path = format!(
            "select data from events where kind = 'trunk.registration_failed' and workspace_id = '{}'",
            client.workspace_id().await
        );
        let found: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(path)).fetch_all(app.db.pool()).await.expect("events");
        found.iter().map(|data| serde_json::from_str::<Value>(data).expect("JSON")).collect::<Vec<_>>()
    };
    let mailed = || {
        let mails = Mailer::of(app).dev_store().expect("a store").list();
        mails.iter().filter(|mail| mail.subject == "Trunk carrier-a is not registered").count()
    };
    // Two nodes register, and both are refused.
    tell(2).await;
    let event = json!({ "trunk": "carrier-a", "sip_status": 403, "numbers": [mine["number"]] });
    assert_eq!((told(&client).await, told(&other).await, mailed()), (vec![event.clone()], vec![], 1));
    supply.server.clock.advance(Duration::from_secs(3_600));
    tell(1).await;
    assert_eq!((told(&client).await, mailed()), (vec![event.clone(), event], 2));
}
