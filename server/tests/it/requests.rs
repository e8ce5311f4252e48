//! The request log: what is noted, for whom, how it is read, and when it goes.

use std::time::Duration;

use sautikit::serve::clean_up;
use sautikit::{jobs, requests};
use serde_json::{Value, json};

use crate::support::{Client, Server, on_each_engine};

on_each_engine! {
    a_request_is_noted_with_who_what_and_how_it_ended
    a_hundred_and_fifty_that_wait_are_all_written_as_they_were
    a_person_is_noted_by_address
    secrets_stay_out_of_the_log
    what_nobody_was_authenticated_for_is_not_noted
    a_request_asked_for_by_its_id_has_its_headers_and_bodies
    secrets_of_bodies_stay_out_of_the_log
    the_consoles_own_requests_are_not_noted
    what_the_console_was_refused_is_found_by_its_id_and_sent_again
    the_log_is_filtered
    another_workspace_sees_nothing_of_it
    reading_it_needs_its_scope
    old_entries_and_expired_idempotency_keys_go_once_an_hour
    what_can_not_be_cleaned_up_keeps_nothing_else_and_no_later_hour
    a_log_of_no_days_is_no_log
}

/// Writes what waits and reads the log with this query.
async fn log(server: &Server, client: &Client, query: &str) -> Vec<Value> {
    requests::write_pending(&server.app).await;
    let answer = client.get(&format!("/v1/requests{query}")).await.expect(200);
    answer.json.as_array().expect("a list").clone()
}

async fn a_request_is_noted_with_who_what_and_how_it_ended(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let made = owner.post("/v1/api-keys", json!({ "name": "till", "scopes": ["calls:read"] })).await.expect(201).json;
    let key = server.client().with_key(made["key"].as_str().unwrap()).connected_from("192.0.2.1");
    let id = "01890000-0000-7000-8000-000000000000";
    key.with("x-request-id", "mine-1").get(&format!("/v1/calls/{id}?a=b")).await.expect_error("calls.not_found");
    let entry = log(&server, &owner, "?path=/v1/calls").await.remove(0);
    assert_eq!(entry["request_id"], "mine-1");
    // Asked for by its id it is told with what was sent and came back.
    let mut by_id = log(&server, &owner, "?request_id=mine-1").await;
    assert!(by_id[0]["exchange"].take()["answer_body"].as_str().expect("a body").contains("calls.not_found"));
    assert_eq!(by_id, [entry.clone()]);
    assert!(log(&server, &owner, "?request_id=mine").await.is_empty());
    assert_eq!((&entry["method"], &entry["route"]), (&json!("GET"), &json!("/v1/calls/{id}")));
    assert_eq!(entry["path"], format!("/v1/calls/{id}?a=b"));
    assert_eq!((&entry["status"], &entry["error_code"]), (&json!(404), &json!("calls.not_found")));
    assert_eq!(entry["actor"], json!({ "kind": "api_key", "id": made["id"], "label": "till" }));
    assert_eq!((&entry["ip"], &entry["duration_us"]), (&json!("192.0.2.1"), &json!(0)));
    assert_eq!(entry["created_at"], "2026-11-02T08:00:00Z");
}

async fn a_hundred_and_fifty_that_wait_are_all_written_as_they_were(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    requests::write_pending(&server.app).await;
    for n in 0..150 {
        // Some with an error's code, some without.
        let path = if n % 3 == 0 { "/v1/calls?limit=0" } else { "/v1/calls?limit=1" };
        owner.with("x-request-id", &format!("mine-{n}")).get(path).await;
    }
    let noted = log(&server, &owner, "?path=/v1/calls&limit=200").await;
    assert_eq!(noted.len(), 150);
    // All at one instant of the test's clock, so that their order says nothing.
    for n in 0..150 {
        let entry = noted.iter().find(|entry| entry["request_id"] == format!("mine-{n}")).expect("an entry each");
        let code = if n % 3 == 0 { json!("validation.bad_request") } else { json!(null) };
        assert_eq!(entry["error_code"], code);
    }
}

async fn a_person_is_noted_by_address(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    owner.get("/v1/wallet/balance").await.expect(200);
    let entry = log(&server, &owner, "?path=/v1/wallet").await.remove(0);
    assert_eq!((&entry["actor"]["kind"], &entry["actor"]["label"]), (&json!("user"), &json!("a@example.com")));
    assert_eq!((&entry["status"], &entry["error_code"]), (&json!(200), &json!(null)));
}

async fn secrets_stay_out_of_the_log(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    // No parameter of this endpoint; whoever sends it there is refused, and the log shows no secret all the same.
    owner.get("/v1/calls?access_token=s3cret&limit=1").await.expect(400);
    let entry = log(&server, &owner, "?path=/v1/calls").await.remove(0);
    assert_eq!(entry["path"], "/v1/calls?access_token=…&limit=1");
}

async fn what_nobody_was_authenticated_for_is_not_noted(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    server.client().get("/v1/calls").await.expect_error("auth.session_invalid");
    server.client().with_key("skt_test_nonsense").get("/v1/calls").await.expect_error("api_key.invalid");
    owner.get("/v1/nothing").await.expect_error("not_found");
    owner.get("/v1/auth/me").await.expect(200);
    assert_eq!(log(&server, &owner, "").await, Vec::<Value>::new());
    // Refused for what it may not do, a request was authenticated all the same.
    let key = server.key_of(&owner, &["calls:read"]).await;
    key.get("/v1/wallet/balance").await.expect_error("api_key.scope_denied");
    assert_eq!(log(&server, &owner, "?path=/v1/wallet").await[0]["error_code"], "api_key.scope_denied");
}

async fn the_consoles_own_requests_are_not_noted(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    owner.with("accept", "text/html").get("/calls").await.expect(200);
    assert_eq!(log(&server, &owner, "").await, Vec::<Value>::new());
}

async fn a_request_asked_for_by_its_id_has_its_headers_and_bodies(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let sent = r#"{ "name": "",  "scopes": ["calls:read"] }"#;
    let asked = owner.with("x-request-id", "mine-1").with("user-agent", "till/2");
    let answer = asked.send("POST", "/v1/api-keys", Some("application/json"), sent).await.expect(400);
    assert_eq!(log(&server, &owner, "").await[0]["exchange"], Value::Null, "a list has none");
    let exchange = log(&server, &owner, "?request_id=mine-1").await.remove(0)["exchange"].take();
    assert_eq!((&exchange["request_body"], &exchange["request_is_whole"]), (&json!(sent), &json!(true)));
    let headers = exchange["request_headers"].as_str().expect("headers");
    assert!(
        headers.contains("user-agent: till/2\n") && headers.contains("content-type: application/json\n"),
        "{headers}"
    );
    assert!(!headers.contains("cookie"), "{headers}");
    let told: Value = serde_json::from_str(exchange["answer_body"].as_str().expect("an answer")).expect("JSON");
    assert_eq!(told, answer.json);
    // What a read answered is told by asking again.
    owner.with("x-request-id", "mine-2").get("/v1/calls").await.expect(200);
    assert_eq!(log(&server, &owner, "?request_id=mine-2").await[0]["exchange"]["answer_body"], Value::Null);
    // What asks that a number be forgotten does not keep it.
    owner.with("x-request-id", "mine-3").post("/v1/privacy/erasures", json!({ "number": "+254722000042" })).await;
    assert_eq!(log(&server, &owner, "?request_id=mine-3").await[0]["exchange"], Value::Null);
}

async fn secrets_of_bodies_stay_out_of_the_log(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let asked = owner.with("x-request-id", "mine-1");
    let made = asked.post("/v1/api-keys", json!({ "name": "till", "scopes": ["audit:read"] })).await.expect(201).json;
    let key = made["key"].as_str().expect("a key");
    let hook = json!({ "url": "https://shop.example/events" });
    let hook = owner.with("x-request-id", "mine-2").post("/v1/webhooks", hook).await.expect(201).json;
    server.client().with_key(key).with("x-request-id", "mine-3").get("/v1/requests").await.expect(200);
    let secret = hook["secret"].as_str().expect("a secret");
    for id in ["mine-1", "mine-2", "mine-3"] {
        let entry = log(&server, &owner, &format!("?request_id={id}")).await[0].to_string();
        assert!(entry.contains("[removed]") && !entry.contains(key) && !entry.contains(secret), "{entry}");
    }
}

async fn what_the_console_was_refused_is_found_by_its_id_and_sent_again(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let browser = owner.with("accept", "text/html").with("origin", "http://127.0.0.1:4000");
    let browser = browser.with("sec-fetch-site", "same-origin");
    let form = async |path: &str, pairs: &[(&str, &str)]| {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        browser.send("POST", path, Some("application/x-www-form-urlencoded"), &body).await
    };
    // M-Pesa knows whole shillings.
    let least =
        [("method", "mpesa"), ("amount", "1.50"), ("currency", "KES"), ("phone", "0722000042"), ("form_token", "one")];
    let refused = form("/console/wallet/top-ups", &least).await;
    assert!((400..500).contains(&refused.status), "{}", refused.status);
    let entry = log(&server, &owner, "?path=/v1/wallet").await.remove(0);
    let id = entry["request_id"].as_str().expect("an id");
    let link = format!("href=\"/developers/requests?request_id={id}\"");
    assert!(refused.text.contains(&link), "{}", refused.text);
    let page = browser.get(&format!("/developers/requests?request_id={id}")).await.expect(200);
    assert!(
        page.text.contains("POST /v1/wallet/top-ups") && page.text.contains("wallet.invalid_amount"),
        "{}",
        page.text
    );
    // A write is asked about before it is sent again; a read is sent at once.
    let again = [("request_id", id), ("form_token", "two")];
    form("/console/requests/repeat", &again).await.expect(303);
    assert_eq!(log(&server, &owner, "?path=/v1/wallet&method=post").await.len(), 1);
    let sure = [again[0], again[1], ("sure", "yes")];
    let repeated = form("/console/requests/repeat", &sure).await.expect(200);
    assert!(repeated.text.contains("id=\"opened-repeated\""), "{}", repeated.text);
    assert_eq!(log(&server, &owner, "?path=/v1/wallet&method=post").await.len(), 2);
    owner.with("x-request-id", "read-1").get("/v1/wallet/balance").await.expect(200);
    requests::write_pending(&server.app).await;
    let read = form("/console/requests/repeat", &[("request_id", "read-1"), ("form_token", "three")]).await.expect(200);
    assert!(read.text.contains("balance_minor"), "{}", read.text);
}

async fn the_log_is_filtered(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let key = server.key_of(&owner, &["calls:read"]).await;
    key.get("/v1/calls").await.expect(200);
    key.get("/v1/calls/x").await.expect_error("calls.not_found");
    key.get("/v1/wallet/balance").await.expect_error("api_key.scope_denied");
    let count = async |query: &str| log(&server, &owner, query).await.len();
    assert_eq!(count("?status=404").await, 1);
    assert_eq!(count("?status=4xx").await, 2);
    assert_eq!(count("?path=/v1/calls").await, 2);
    assert_eq!(count("?path=/v1/calls&status=2xx").await, 1);
    assert_eq!(count("?method=post").await, 1);
    let key_id = log(&server, &owner, "?status=404").await[0]["actor"]["id"].as_str().unwrap().to_owned();
    assert_eq!(count(&format!("?api_key_id={key_id}")).await, 3);
    assert_eq!(count("?path=/v1/call_").await, 0);
    for (query, field) in [("status=9xx", "status"), ("method=P%201", "method"), ("path=v1", "path")] {
        let refused = owner.get(&format!("/v1/requests?{query}")).await.expect_error("validation.bad_request");
        assert_eq!(refused.json["error"]["field"], field);
    }
}

async fn another_workspace_sees_nothing_of_it(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    owner.get("/v1/calls").await.expect(200);
    let other = server.onboarded("b@example.com").await;
    assert_eq!(log(&server, &other, "").await, Vec::<Value>::new());
    assert_eq!(log(&server, &owner, "").await.len(), 1);
}

async fn reading_it_needs_its_scope(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let key = server.key_of(&owner, &["calls:read"]).await;
    key.get("/v1/requests").await.expect_error("api_key.scope_denied");
    server.key_of(&owner, &["audit:read"]).await.get("/v1/requests").await.expect(200);
}

async fn old_entries_and_expired_idempotency_keys_go_once_an_hour(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let once = owner.with("idempotency-key", "k");
    once.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201);
    requests::write_pending(&server.app).await;
    let count = async |table: &str| -> i64 {
        let query = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        sqlx::query_scalar(query).fetch_one(server.app.db.pool()).await.unwrap()
    };
    clean_up::schedule(&server.app).await.unwrap();
    clean_up::schedule(&server.app).await.unwrap();
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
    assert_eq!((count("requests").await, count("idempotency_keys").await), (1, 1));
    server.clock.advance(Duration::from_secs(25 * 3_600));
    // The workspace is idle: nobody asks for anything. One run, though 25 hours have passed.
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
    assert_eq!((count("requests").await, count("idempotency_keys").await), (1, 0));
    server.clock.advance(Duration::from_secs(6 * 24 * 3_600));
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
    assert_eq!(count("requests").await, 0);
}

async fn what_can_not_be_cleaned_up_keeps_nothing_else_and_no_later_hour(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    owner.with("idempotency-key", "k").post("/v1/api-keys", json!({ "name": "x" })).await.expect(201);
    clean_up::schedule(&server.app).await.unwrap();
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
    server.clock.advance(Duration::from_secs(25 * 3_600));
    sqlx::query("drop table shadow_requests").execute(server.app.db.pool()).await.unwrap();
    assert_eq!(jobs::run_due(&server.app).await.unwrap(), 1);
    let count =
        async |sql: &'static str| -> i64 { sqlx::query_scalar(sql).fetch_one(server.app.db.pool()).await.unwrap() };
    assert_eq!(count("select count(*) from idempotency_keys").await, 0);
    // The hour that failed is tried again, and the next one waits already.
    assert_eq!(count("select count(*) from jobs where kind = 'clean_up' and state = 'queued'").await, 2);
}

async fn a_log_of_no_days_is_no_log(server: Server) {
    let server = server.configured(|config| config.requests.keep_days = 0);
    let owner = server.onboarded("a@example.com").await;
    owner.get("/v1/calls").await.expect(200);
    assert_eq!(log(&server, &owner, "").await, Vec::<Value>::new());
}
