//! A month of a wallet adds up, whatever moved in it; operators' adjustments are part of it.

use std::time::Duration;

use sautikit::{jobs, wallet};
use serde_json::{Value, json};

use crate::support::{Client, Server, on_each_engine};

on_each_engine! {
    a_month_begins_where_the_last_one_ended_and_adds_up
    what_came_and_what_went_of_one_kind_are_two_sums
    a_months_entries_are_listed_and_printed
    a_statement_lists_every_entry_as_csv
    a_month_of_many_entries_is_listed_to_its_end
    an_adjustment_is_made_once_with_its_reason
    a_month_that_is_none_is_refused
    an_operator_sees_the_wallet_as_its_workspace_does
    a_ledger_is_narrowed_to_a_month_and_a_kind
    an_operator_has_every_statement_of_a_workspace
    a_month_of_all_wallets_is_the_sum_of_their_statements
    a_statement_names_who_sells_where_the_operator_says_so
}

async fn top_up(server: &Server, client: &Client, amount_minor: i64) {
    let body = json!({ "method": "mpesa", "amount_minor": amount_minor, "phone": "+254722000001" });
    client.post("/v1/wallet/top-ups", body).await.expect(202);
    server.clock.advance(Duration::from_secs(1));
    jobs::run_due(&server.app).await.expect("the jobs");
}

async fn month(client: &Client, month: &str) -> Value {
    client.get(&format!("/v1/wallet/statements/{month}")).await.expect(200).json
}

/// Two months of top-ups and adjustments. The clock begins on 2 November 2026.
async fn two_months(server: &Server) -> (Client, Client, String) {
    let (owner, operator) = (server.onboarded("asha@example.com").await, server.operator().await);
    let path = format!("/v1/admin/wallets/{}/adjustments", owner.workspace_id().await);
    top_up(server, &owner, 100_000).await;
    let debit = json!({ "kind": "debit", "amount_minor": 25_000, "reason": "Port fee" });
    operator.post(&path, debit).await.expect(201);
    server.clock.advance(Duration::from_secs(30 * 86_400));
    let owner = server.signed_in("asha@example.com").await;
    top_up(server, &owner, 50_000).await;
    let operator = server.operator().await;
    operator.post(&path, json!({ "kind": "refund", "amount_minor": 1_000, "reason": "=Sorry" })).await.expect(201);
    (owner, operator, path)
}

async fn a_month_begins_where_the_last_one_ended_and_adds_up(server: Server) {
    let (owner, ..) = two_months(&server).await;
    let november = month(&owner, "2026-11").await;
    assert_eq!((&november["opening_minor"], &november["closing_minor"]), (&json!(0), &json!(75_000)));
    assert_eq!(november["period_end"], "2026-11-30T21:00:00Z");
    let december = month(&owner, "2026-12").await;
    assert_eq!((&december["opening_minor"], &december["closing_minor"]), (&json!(75_000), &json!(126_000)));
    for statement in [&november, &december] {
        let sums = statement["sums"].as_array().expect("sums").iter();
        let moved: i64 = sums.map(|sum| sum["amount_minor"].as_i64().expect("an amount")).sum();
        let at = |name: &str| statement[name].as_i64().expect("an amount");
        assert_eq!(at("opening_minor") + moved, at("closing_minor"));
        assert_eq!((at("entries"), statement["head_hash"].as_str().map(str::len)), (2, Some(64)));
    }
    assert_eq!(month(&owner, "2026-10").await["entries"], 0);
    let listed = owner.get("/v1/wallet/statements").await.expect(200).json;
    let months: Vec<_> = listed.as_array().expect("a list").iter().map(|one| one["month"].clone()).collect();
    assert_eq!(months, ["2026-12", "2026-11"]);
    assert_eq!(listed[1], november);
}

async fn what_came_and_what_went_of_one_kind_are_two_sums(server: Server) {
    let (owner, operator, path) = two_months(&server).await;
    for (kind, amount_minor) in [("credit", 4_000), ("debit", 3_000), ("credit", 500)] {
        server.clock.advance(Duration::from_secs(1));
        operator.post(&path, json!({ "kind": kind, "amount_minor": amount_minor, "reason": "Bank" })).await.expect(201);
    }
    let december = month(&owner, "2026-12").await;
    let sums = december["sums"].as_array().expect("sums").iter();
    let told: Vec<_> = sums.map(|sum| (&sum["kind"], &sum["entries"], &sum["amount_minor"])).collect();
    let (adjustment, refund, top_up) = (json!("adjustment"), json!("refund"), json!("top_up"));
    let expected = [
        (&adjustment, &json!(2), &json!(4_500)),
        (&adjustment, &json!(1), &json!(-3_000)),
        (&refund, &json!(1), &json!(1_000)),
        (&top_up, &json!(1), &json!(50_000)),
    ];
    assert_eq!(told, expected);
    let sheet = owner.with("accept", "text/html").get("/wallet/statements/2026-12").await.expect(200).text;
    assert!(sheet.contains("KES 555.00") && sheet.contains("-KES 30.00"), "{sheet}");
}

async fn a_months_entries_are_listed_and_printed(server: Server) {
    let (owner, ..) = two_months(&server).await;
    let all = owner.get("/v1/wallet/ledger").await.expect(200).json;
    let all = all.as_array().expect("a list");
    for (month, of_month) in [("2026-12", &all[..2]), ("2026-11", &all[2..])] {
        let path = format!("/v1/wallet/ledger?month={month}");
        assert_eq!(owner.get(&path).await.expect(200).json.as_array().expect("a list"), of_month);
        let first = owner.get(&format!("{path}&limit=1")).await.expect(200);
        let next = first.header("x-next-cursor").expect("a next page");
        let second = owner.get(&format!("{path}&limit=1&cursor={next}")).await.expect(200);
        assert_eq!((&second.json[0], second.header("x-next-cursor")), (&of_month[1], None));
        let sheet =
            owner.with("accept", "text/html").get(&format!("/wallet/statements/{month}")).await.expect(200).text;
        let places = of_month.iter().map(|entry| sheet.find(entry["reference"].as_str().expect("a reference")));
        let places: Vec<_> = places.map(|place| place.expect("its place")).collect();
        // On paper the oldest comes first.
        assert!(places[1] < places[0], "{places:?}");
    }
    let refused = owner.get("/v1/wallet/ledger?month=2026-13").await.expect_error("validation.bad_request");
    assert_eq!(refused.json["error"]["field"], "month");
}

async fn a_statement_lists_every_entry_as_csv(server: Server) {
    let (owner, ..) = two_months(&server).await;
    let answer = owner.get("/v1/wallet/statements/2026-12/entries.csv").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<&str> = answer.text.trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 3, "{}", answer.text);
    assert!(lines[0].starts_with("seq,created_at,kind,amount_minor"));
    assert!(lines[1].contains(",top_up,50000,0,125000,KES,"), "{}", lines[1]);
    // What a spreadsheet would run is text.
    assert!(lines[2].contains(",refund,1000,0,126000,KES,'=Sorry,adjustment:"), "{}", lines[2]);
    // The same by its shorter name.
    let same = owner.get("/v1/wallet/statements/2026-12.csv").await.expect(200);
    assert_eq!((same.header("content-type"), &same.text), (Some("text/csv; charset=utf-8"), &answer.text));
    owner.get("/v1/wallet/statements/2026-13.csv").await.expect_error("validation.bad_request");
}

async fn a_month_of_many_entries_is_listed_to_its_end(server: Server) {
    const ENTRIES: i64 = 2_345;
    let owner = server.onboarded("asha@example.com").await;
    let workspace = owner.workspace_id().await.parse().expect("an id");
    let mut tx = server.app.db.begin_write().await.expect("a transaction");
    let mut wallet = wallet::lock(&mut tx, workspace).await.expect("locked");
    for place in 0..ENTRIES {
        let entry = wallet::NewEntry {
            kind: wallet::EntryKind::Adjustment,
            amount_minor: 1,
            tax_minor: 0,
            currency: sautikit_api::money::Currency::KES,
            cause: format!("adjustment:{place}"),
            reference: "many",
            funds: wallet::Funds::Required,
        };
        wallet.post(&mut tx, &server.app, entry).await.expect("posted");
    }
    tx.commit().await.expect("committed");
    let answer = owner.get("/v1/wallet/statements/2026-11.csv").await.expect(200);
    let seqs: Vec<i64> =
        answer.text.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
    assert!(seqs.iter().copied().eq(1..=ENTRIES), "{} lines", seqs.len());
}

async fn an_adjustment_is_made_once_with_its_reason(server: Server) {
    let (owner, operator, path) = two_months(&server).await;
    let credit = json!({ "kind": "credit", "amount_minor": 4_000, "reason": "Paid by bank" });
    // Of one moment only ids tell which is newer.
    server.clock.advance(Duration::from_secs(1));
    let keyed = operator.with("idempotency-key", "adjust-1");
    let first = keyed.post(&path, credit.clone()).await.expect(201).json;
    assert_eq!((&first["amount_minor"], &first["balance_after_minor"]), (&json!(4_000), &json!(130_000)));
    assert_eq!(keyed.post(&path, credit.clone()).await.expect(201).json, first);
    let listed = operator.get(&path).await.expect(200).json;
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["id"]), (Some(3), &first["id"]));
    let ledger = owner.get("/v1/wallet/ledger").await.expect(200).json;
    assert_eq!((&ledger[0]["reference"], &ledger[0]["balance_after_minor"]), (&json!("Paid by bank"), &json!(130_000)));
    for wrong in [
        json!({ "kind": "credit", "amount_minor": 0, "reason": "x" }),
        json!({ "kind": "credit", "amount_minor": -5, "reason": "x" }),
        json!({ "kind": "credit", "amount_minor": 5, "reason": " " }),
    ] {
        assert_eq!(operator.post(&path, wrong).await.status, 400);
    }
    owner.post(&path, credit).await.expect_error("auth.admin_required");
    let report = wallet::verify::verify(&server.app).await.expect("verified");
    assert!(report.is_sound(), "{:?}", report.breaks);
}

async fn a_month_that_is_none_is_refused(server: Server) {
    let owner = server.onboarded("asha@example.com").await;
    for wrong in ["2026-13", "2026", "26-11", "2026-11-01", "x", "9999-01"] {
        let answer = owner.get(&format!("/v1/wallet/statements/{wrong}")).await;
        answer.expect_error("validation.bad_request");
    }
}

async fn an_operator_sees_the_wallet_as_its_workspace_does(server: Server) {
    let (owner, operator, path) = two_months(&server).await;
    let path = path.trim_end_matches("/adjustments");
    let balance = operator.get(path).await.expect(200).json;
    assert_eq!(
        (&balance["balance_minor"], &balance),
        (&json!(126_000), &owner.get("/v1/wallet/balance").await.expect(200).json)
    );
    let ledger = format!("{path}/ledger");
    let seen = operator.get(&ledger).await.expect(200).json;
    assert_eq!(seen, owner.get("/v1/wallet/ledger").await.expect(200).json);
    for path in [path, &ledger] {
        owner.get(path).await.expect_error("auth.admin_required");
    }
    let nobody = path.replace(&owner.workspace_id().await, "00000000-0000-0000-0000-000000000000");
    operator.get(&nobody).await.expect_error("wallet.not_found");
    operator.get(&format!("{nobody}/ledger")).await.expect_error("wallet.not_found");
}

async fn a_ledger_is_narrowed_to_a_month_and_a_kind(server: Server) {
    let (owner, operator, path) = two_months(&server).await;
    let kinds = async |client: &Client, path: &str| -> Vec<Value> {
        let listed = client.get(path).await.expect(200).json;
        listed.as_array().expect("a list").iter().map(|entry| entry["kind"].clone()).collect()
    };
    for (query, expected) in [
        ("kind=top_up", vec!["top_up", "top_up"]),
        ("kind=top_up&month=2026-11", vec!["top_up"]),
        ("kind=refund&month=2026-11", vec![]),
        ("kind=call", vec![]),
        ("month=2026-12", vec!["refund", "top_up"]),
        ("", vec!["refund", "top_up", "adjustment", "top_up"]),
    ] {
        assert_eq!(kinds(&owner, &format!("/v1/wallet/ledger?{query}")).await, expected, "{query}");
        let of_operator = format!("{}/ledger?{query}", path.trim_end_matches("/adjustments"));
        assert_eq!(kinds(&operator, &of_operator).await, expected, "{query}");
    }
    // Page by page: the cursor goes on within what was chosen.
    let first = owner.get("/v1/wallet/ledger?kind=top_up&limit=1").await.expect(200);
    let next = first.header("x-next-cursor").expect("a next page");
    let second = owner.get(&format!("/v1/wallet/ledger?kind=top_up&limit=1&cursor={next}")).await.expect(200);
    assert_eq!((&second.json[0]["amount_minor"], second.header("x-next-cursor")), (&json!(100_000), None));
    let refused = owner.get("/v1/wallet/ledger?kind=gift").await.expect_error("validation.bad_request");
    assert_eq!(refused.json["error"]["field"], "kind");

    let page = owner.with("accept", "text/html").get("/wallet/ledger?kind=top_up&month=2026-12").await.expect(200).text;
    assert!(page.contains("KES 500.00") && !page.contains("KES 1,000.00") && !page.contains("=Sorry"), "{page}");
    // Each chip leads to the list without it.
    assert!(
        page.contains("href=\"/wallet/ledger?month=2026-12\"") && page.contains("href=\"/wallet/ledger?kind=top_up\"")
    );
    let none = owner.with("accept", "text/html").get("/wallet/ledger?kind=rental").await.expect(200).text;
    assert!(none.contains("No movement matches"), "{none}");
    let file = owner.get("/exports/ledger.csv?kind=refund").await.expect(200).text;
    assert_eq!(file.trim_end().lines().count(), 2, "{file}");
}

async fn an_operator_has_every_statement_of_a_workspace(server: Server) {
    let (owner, operator, path) = two_months(&server).await;
    let base = path.trim_end_matches("/adjustments");
    for path in ["/statements", "/statements/2026-12", "/statements/2026-11/entries.csv", "/statements/2026-11.csv"] {
        let of_operator = format!("{base}{path}");
        let (seen, own) = (operator.get(&of_operator).await, owner.get(&format!("/v1/wallet{path}")).await);
        assert_eq!((seen.status, own.status), (200, 200), "{path}");
        assert_eq!(seen.text, own.text, "{path}");
        owner.get(&of_operator).await.expect_error("auth.admin_required");
        let nobody = of_operator.replace(&owner.workspace_id().await, "00000000-0000-0000-0000-000000000000");
        operator.get(&nobody).await.expect_error("wallet.not_found");
    }
    operator.get(&format!("{base}/statements/2026-13")).await.expect_error("validation.bad_request");
    let pages = format!("/operator/workspaces/{}/statements", owner.workspace_id().await);
    let html = operator.with("accept", "text/html");
    let list = html.get(&pages).await.expect(200).text;
    assert!(list.contains(&format!("href=\"{pages}/2026-11\"")) && list.contains("KES 1,260.00"), "{list}");
    let sheet = html.get(&format!("{pages}/2026-12")).await.expect(200).text;
    assert!(
        sheet.contains("=Sorry") && sheet.contains(&format!("href=\"{base}/statements/2026-12/entries.csv\"")),
        "{sheet}"
    );
}

async fn a_month_of_all_wallets_is_the_sum_of_their_statements(server: Server) {
    let (_, operator, _) = two_months(&server).await;
    let baraka = server.onboarded("baraka@example.com").await;
    top_up(&server, &baraka, 7_000).await;
    // It has its months elsewhere, and this is another one there already.
    let far = "update wallets set zone = 'Pacific/Kiritimati', country = 'UG' where workspace_id = $1";
    let far = sqlx::query(far).bind(baraka.workspace_id().await);
    far.execute(server.app.db.pool()).await.expect("written");
    let sums = operator.get("/v1/admin/statements/2026-12").await.expect(200).json;
    let told = sums.as_array().expect("a list").iter().map(|one| {
        (one["country"].as_str(), one["kind"].as_str(), one["entries"].as_i64(), one["amount_minor"].as_i64())
    });
    let told: Vec<_> = told.collect();
    let of = |country, kind, amount_minor| (Some(country), Some(kind), Some(1), Some(amount_minor));
    assert_eq!(told, [of("KE", "refund", 1_000), of("KE", "top_up", 50_000), of("UG", "top_up", 7_000)]);
    assert_eq!(operator.get("/v1/admin/statements/2026-10").await.expect(200).json, json!([]));
    operator.get("/v1/admin/statements/2026-13").await.expect_error("validation.bad_request");
    baraka.get("/v1/admin/statements/2026-12").await.expect_error("auth.admin_required");
    let page = operator.with("accept", "text/html").get("/operator/statements?month=2026-12").await.expect(200).text;
    assert!(page.contains("KES 500.00") && page.contains("KES 70.00"), "{page}");
}

async fn a_statement_names_who_sells_where_the_operator_says_so(server: Server) {
    let owner = server.onboarded("asha@example.com").await;
    assert_eq!(month(&owner, "2026-11").await["supplier"], Value::Null);
    drop(owner);
    let server = server.configured(|config| {
        config.tax.supplier = "Sauti Ltd".to_owned();
        config.tax.supplier_number = "P051234567X".to_owned();
    });
    let owner = server.signed_in("asha@example.com").await;
    let supplier = json!({ "name": "Sauti Ltd", "address": null, "tax_number": "P051234567X" });
    assert_eq!(month(&owner, "2026-11").await["supplier"], supplier);
    let sheet = owner.with("accept", "text/html").get("/wallet/statements/2026-11").await.expect(200).text;
    assert!(sheet.contains("Sauti Ltd") && sheet.contains("P051234567X"), "{sheet}");
}
