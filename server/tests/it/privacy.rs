//! Erasure of a person's number, on both engines: after it no text of any table has the number. And the archive of a workspace.

use std::collections::BTreeMap;
use std::io::Read as _;

use sautikit::db::Dialect;
use sautikit::privacy::{self, NotValid};
use sautikit::shadow;
use sautikit_api::calls::CallStatus;
use sautikit_api::privacy::ErasureReceipt;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row};

use crate::calls::support::{FROM, Scene, TO};
use crate::support::{Server, on_each_engine};
use crate::webhooks::rows::rows;

on_each_engine! {
    after_an_erasure_no_table_has_the_number_and_a_signed_receipt_says_what_went
    other_workspaces_and_other_numbers_keep_theirs
    who_is_being_talked_with_and_own_numbers_are_not_erased
    the_audit_log_gives_way_to_an_erasure_alone_and_in_its_details_only
    the_archive_has_calls_recordings_and_ledger
}

/// [`TO`] without its plus, as it is written at home, and as people type it.
const FORMS: [&str; 3] = ["254722000042", "0722000042", "254 722 000 042"];

/// Every column of text in every table.
async fn columns(server: &Server) -> Vec<(String, String)> {
    let query = match server.app.db.dialect() {
        Dialect::Sqlite => {
            "select m.name as table_name, c.name as column_name from sqlite_master m, pragma_table_info(m.name) c
            where m.type = 'table' and lower(c.type) = 'text'"
        }
        Dialect::Postgres => {
            "select cast(table_name as text) as table_name, cast(column_name as text) as column_name
            from information_schema.columns where table_schema = current_schema() and data_type = 'text'"
        }
    };
    let rows = sqlx::query(query).fetch_all(server.app.db.pool()).await.expect("columns");
    rows.iter().map(|row| (row.get("table_name"), row.get("column_name"))).collect()
}

/// Where the number stands in any of its forms, as `table.column`.
async fn places(server: &Server) -> Vec<String> {
    let mut found = Vec::new();
    let columns = columns(server).await;
    assert!(columns.len() > 100, "{}", columns.len());
    for (table, column) in columns {
        for form in FORMS {
            let count = format!("select count(*) from {table} where {column} like '%{form}%'");
            let count: i64 =
                sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(server.app.db.pool()).await.expect("a count");
            if count > 0 {
                found.push(format!("{table}.{column}"));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

async fn execute(server: &Server, statement: &str) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(server.app.db.pool()).await?;
    Ok(done.rows_affected())
}

/// The person called twice, was called, was recorded, paid, and stands in every log; the ids of the calls with a recording.
async fn traces(scene: &Scene) -> Vec<String> {
    let (server, asha) = (&scene.server, &scene.asha);
    let workspace = asha.workspace_id().await;
    let order = scene.place().await;
    scene.fail(&order, CallStatus::Busy, "user_busy").await;
    scene.recorded(order.call_id).await;
    let body = json!({ "from": FROM, "to": TO, "metadata": { "customer": "0722000042", "typed": "+254 722 000 042", "n": 254_722_000_042_i64 },
        "actions": [{ "dial": { "to": TO } }] });
    asha.post("/v1/calls", body).await.expect(202);
    let second = scene.gateway.last_order();
    scene.fail(&second, CallStatus::NoAnswer, "no_answer").await;
    let webhook = rows(server, asha).await;
    for statement in [
        format!(
            "update webhook_deliveries set last_error = 'no such customer: {TO}' where id = '{}'",
            webhook.delivery
        ),
        format!(
            "insert into webhook_attempts (delivery_id, number, started_at, duration_ms, status, error, answer, secret,
                answer_headers)
            values ('{}', 1, 1, 1, 500, null, 'who is {TO}?', 'endpoint', 'x-customer: {TO}')",
            webhook.delivery
        ),
        // As entries of releases before this one have it.
        format!(
            "insert into audit_log (id, workspace_id, actor_kind, action_kind, details, created_at)
            values ('{}', '{workspace}', 'user', 'call.placed', '{{\"to\":\"{TO}\"}}', 1)",
            server.app.new_uuid()
        ),
    ] {
        assert_eq!(execute(server, &statement).await.expect("written"), 1, "{statement}");
    }
    let numbers = asha.get("/v1/numbers").await.expect(200).json;
    scene.shadow_request(numbers[0]["id"].as_str().expect("an id")).await;
    let comparison = format!("update shadow_requests set comparison = replace(comparison, 'oops', '{TO} is unknown')");
    assert_eq!(execute(server, &comparison).await.expect("written"), 1);
    let paid = json!({ "method": "mpesa", "amount_minor": 100_000, "phone": TO });
    asha.post("/v1/wallet/top-ups", paid).await.expect(202);
    scene.advance(1_000);
    scene.run_jobs().await;
    asha.get("/v1/calls?remote=%2B254722000042").await.expect(200);
    sautikit::requests::write_pending(&server.app).await;
    vec![order.call_id.to_string(), second.call_id.to_string()]
}

async fn after_an_erasure_no_table_has_the_number_and_a_signed_receipt_says_what_went(server: Server) {
    let scene = Scene::set(server).await;
    let calls = traces(&scene).await;
    let recording = scene.asha.get("/v1/recordings").await.expect(200).json[0].clone();
    let before = places(&scene.server).await;
    for place in [
        "audit_log.details",
        "call_legs.target",
        "calls.metadata",
        "calls.remote_party",
        "events.data",
        "requests.exchange",
        "requests.path",
        "shadow_requests.comparison",
        "top_ups.phone",
        "webhook_attempts.answer",
        "webhook_attempts.answer_headers",
        "webhook_deliveries.last_error",
    ] {
        assert!(before.iter().any(|found| found == place), "{place} is not among {before:?}");
    }
    let ledger = scene.asha.get("/v1/wallet/ledger").await.expect(200).json;
    let receipt = scene.asha.post("/v1/privacy/erasures", json!({ "number": "0722 000 042" })).await.expect(201);
    assert_eq!(places(&scene.server).await, Vec::<String>::new());
    // The calls and the ledger stand; the recording's row, its key in it, and its audio are gone.
    for id in &calls {
        let call = scene.asha.get(&format!("/v1/calls/{id}")).await.expect(200).json;
        assert_eq!((&call["to"], &call["from"]), (&json!("erased"), &json!(FROM)), "{call}");
    }
    assert_eq!(scene.asha.get("/v1/wallet/ledger").await.expect(200).json, ledger);
    scene.asha.get(&format!("/v1/recordings/{}", recording["id"].as_str().expect("an id"))).await.expect(404);
    let files = walk(&scene.server.app.config.data_dir);
    let id = recording["id"].as_str().expect("an id");
    assert!(!files.iter().any(|file| file.contains(id)), "{files:?}");
    // The receipt says so, and holds.
    let receipt: ErasureReceipt = serde_json::from_value(receipt.json).expect("a receipt");
    assert_eq!(receipt.statement.recordings.iter().map(ToString::to_string).collect::<Vec<_>>(), [id]);
    let changed: Vec<_> = receipt.statement.changed.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert!(changed.contains(&("calls", 2)) && changed.contains(&("legs", 2)), "{changed:?}");
    let secrets = &scene.server.app.secrets;
    assert_eq!(privacy::verify(secrets, &receipt, Some(TO)), Ok(()));
    assert_eq!(privacy::verify(secrets, &receipt, Some(FROM)), Err(NotValid::Number));
    let list = scene.asha.get("/v1/privacy/erasures").await.expect(200).json;
    assert_eq!(list, json!([receipt]));
    // Once more nothing is found, and that is said.
    let again = scene.asha.post("/v1/privacy/erasures", json!({ "number": TO })).await.expect(201).json;
    assert_eq!(again["statement"]["changed"], json!({}));
    assert_eq!(again["statement"]["number_hash"], json!(receipt.statement.number_hash));
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path.display().to_string()] }).collect()
}

async fn other_workspaces_and_other_numbers_keep_theirs(server: Server) {
    let scene = Scene::set(server).await;
    let call = scene.place().await.call_id;
    let order = scene.gateway.last_order();
    scene.fail(&order, CallStatus::Busy, "user_busy").await;
    let bob = scene.server.onboarded("bob@example.com").await;
    let receipt = bob.post("/v1/privacy/erasures", json!({ "number": TO })).await.expect(201).json;
    assert_eq!(receipt["statement"]["changed"], json!({}));
    let other = scene.asha.post("/v1/privacy/erasures", json!({ "number": "+254722000043" })).await.expect(201).json;
    assert_eq!(other["statement"]["changed"], json!({}));
    assert_eq!(scene.call(call).await["to"], TO);
    let (receipts, failures) = privacy::erase_everywhere(&scene.server.app, TO).await.expect("workspaces");
    assert_eq!((receipts.len(), failures.len()), (1, 0));
    assert_eq!(scene.call(call).await["to"], "erased");
}

async fn who_is_being_talked_with_and_own_numbers_are_not_erased(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    let refused = scene.asha.post("/v1/privacy/erasures", json!({ "number": TO })).await;
    let refused = refused.expect_error("validation.bad_request");
    assert_eq!(refused.json["error"]["field"], "number");
    scene.fail(&order, CallStatus::Busy, "user_busy").await;
    scene.asha.post("/v1/privacy/erasures", json!({ "number": TO })).await.expect(201);
    for number in [FROM, "nobody"] {
        let refused = scene.asha.post("/v1/privacy/erasures", json!({ "number": number })).await;
        assert_eq!(refused.expect_error("validation.bad_request").json["error"]["field"], "number");
    }
    let admin = scene.server.joined(&scene.asha, "dev@example.com", "developer").await;
    admin.post("/v1/privacy/erasures", json!({ "number": TO })).await.expect(403);
    admin.get("/v1/privacy/export").await.expect(403);
}

async fn the_audit_log_gives_way_to_an_erasure_alone_and_in_its_details_only(server: Server) {
    let scene = Scene::set(server).await;
    let workspace = scene.asha.workspace_id().await;
    let change = |what: &str| format!("update audit_log set {what} where workspace_id = '{workspace}'");
    assert!(execute(&scene.server, &change("details = '{}'")).await.is_err());
    let mut tx = scene.server.app.db.begin_write().await.expect("a transaction");
    let open = format!("insert into erasures_open (workspace_id) values ('{workspace}')");
    sqlx::query(AssertSqlSafe(open)).execute(&mut *tx).await.expect("open");
    sqlx::query(AssertSqlSafe(change("details = '{}'"))).execute(&mut *tx).await.expect("gives way");
    drop(tx);
    for what in ["action_kind = 'number.freed'", "actor_id = 'somebody'", "created_at = 1", "ip = 'x'"] {
        let mut tx = scene.server.app.db.begin_write().await.expect("a transaction");
        let open = format!("insert into erasures_open (workspace_id) values ('{workspace}')");
        sqlx::query(AssertSqlSafe(open)).execute(&mut *tx).await.expect("open");
        assert!(sqlx::query(AssertSqlSafe(change(what))).execute(&mut *tx).await.is_err(), "{what}");
    }
    let delete = format!("delete from audit_log where workspace_id = '{workspace}'");
    assert!(execute(&scene.server, &delete).await.is_err());
}

async fn the_archive_has_calls_recordings_and_ledger(server: Server) {
    let scene = Scene::set(server).await;
    let order = scene.place().await;
    scene.fail(&order, CallStatus::Busy, "user_busy").await;
    let recording = scene.recorded(order.call_id).await;
    shadow::write_pending(&scene.server.app).await;
    let workspace = scene.workspace().await;
    let mut pieces = privacy::export(&scene.server.app, workspace);
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.recv().await {
        bytes.extend_from_slice(&piece.expect("a piece"));
    }
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(bytes.as_slice()).entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("its content");
        files.insert(path, content);
    }
    let wav = format!("recordings/{recording}.wav");
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["calls/00001.ndjson", "ledger/00001.ndjson", "manifest.json", "recordings/00001.ndjson", &wav]);
    let line = |file: &str| -> Value {
        serde_json::from_slice(files[file].split(|byte| *byte == b'\n').next().expect("a line")).expect("JSON")
    };
    let call = line("calls/00001.ndjson");
    assert_eq!((&call["id"], &call["to"]), (&json!(order.call_id), &json!(TO)));
    assert!(call["events"].as_array().is_some_and(|events| !events.is_empty()), "{call}");
    let listed = line("recordings/00001.ndjson");
    assert_eq!(listed["size_bytes"], json!(files[&wav].len()));
    assert!(files[&wav].starts_with(b"RIFF"));
    assert_eq!(
        line("ledger/00001.ndjson")["kind"],
        scene.asha.get("/v1/wallet/ledger").await.expect(200).json[0]["kind"]
    );
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).expect("JSON");
    assert_eq!(
        (&manifest["calls"], &manifest["recordings"], &manifest["without_audio"]),
        (&json!(1), &json!(1), &json!([]))
    );
    let answer = scene.asha.get("/v1/privacy/export").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/x-tar"));
}
