//! Trunks by the operators' API: what is kept of them and what is refused.

use serde_json::{Value, json};
use sqlx::Row;

use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_trunk_is_set_up_changed_and_taken_away
    a_password_is_kept_sealed_and_shown_to_nobody
    two_trunks_never_share_a_name_or_a_source
    trunks_of_the_configuration_are_shown_and_not_changed
    a_key_made_beside_a_trunk_is_no_test_key
}

fn trunk(name: &str) -> Value {
    json!({ "name": name, "address": "sip.carrier.example:5060", "prefixes": ["+254", "+255"] })
}

async fn a_trunk_is_set_up_changed_and_taken_away(server: Server) {
    let operator = server.operator().await;
    let made = operator.post("/v1/admin/trunks", trunk("carrier-a")).await.expect(201).json;
    assert_eq!((&made["codecs"], &made["priority"]), (&json!(["PCMA", "PCMU"]), &json!(100)));
    assert_eq!((&made["origin"], &made["is_enabled"]), (&json!("api"), &json!(true)));
    let path = format!("/v1/admin/trunks/{}", made["id"].as_str().expect("an id"));
    let change = json!({ "country": "KE", "max_calls": 5, "codecs": ["opus", "PCMA"], "is_enabled": false });
    let changed = operator.patch(&path, change).await.expect(200).json;
    assert_eq!((&changed["name"], &changed["prefixes"]), (&made["name"], &made["prefixes"]));
    assert_eq!((&changed["country"], &changed["max_calls"]), (&json!("KE"), &json!(5)));
    assert_eq!(operator.get(&path).await.expect(200).json, changed);
    let cleared = operator.patch(&path, json!({ "country": null, "max_calls": null })).await.expect(200).json;
    assert_eq!((&cleared["country"], &cleared["max_calls"]), (&Value::Null, &Value::Null));
    assert_eq!(operator.get("/v1/admin/trunks").await.expect(200).json, json!([cleared]));
    operator.delete(&path).await.expect(204);
    assert_eq!(operator.get("/v1/admin/trunks").await.expect(200).json, json!([]));
    for answer in [operator.get(&path).await, operator.delete(&path).await, operator.patch(&path, json!({})).await] {
        answer.expect_error("not_found");
    }
}

async fn a_password_is_kept_sealed_and_shown_to_nobody(server: Server) {
    let operator = server.operator().await;
    let mut body = trunk("carrier-a");
    body["username"] = json!("us");
    assert_eq!(operator.post("/v1/admin/trunks", body.clone()).await.expect(400).json["error"]["field"], "password");
    body["password"] = json!("told-to-nobody");
    let made = operator.post("/v1/admin/trunks", body).await.expect(201);
    assert!(!made.text.contains("told-to-nobody"), "{}", made.text);
    let path = format!("/v1/admin/trunks/{}", made.json["id"].as_str().expect("an id"));
    let stored = async || {
        let row = sqlx::query("select password from trunks").fetch_one(server.app.db.pool()).await.expect("a row");
        row.get::<Option<String>, _>("password")
    };
    let sealed = stored().await.expect("a sealed password");
    assert!(!sealed.contains("told-to-nobody"));
    operator.patch(&path, json!({ "max_calls": 1 })).await.expect(200);
    assert_eq!(stored().await.as_deref(), Some(sealed.as_str()), "another change leaves it");
    operator.patch(&path, json!({ "password": "another" })).await.expect(200);
    assert_ne!(stored().await.expect("a sealed password"), sealed);
    operator.patch(&path, json!({ "username": null })).await.expect(200);
    assert_eq!(stored().await, None);
    let refused = operator.patch(&path, json!({ "password": "alone" })).await.expect(400).json;
    assert_eq!(refused["error"]["field"], "username");
}

async fn two_trunks_never_share_a_name_or_a_source(server: Server) {
    let operator = server.operator().await;
    let mut first = trunk("carrier-a");
    first["sources"] = json!(["192.0.2.0/24"]);
    operator.post("/v1/admin/trunks", first).await.expect(201);
    let again = operator.post("/v1/admin/trunks", trunk("Carrier-A")).await.expect(400).json;
    assert_eq!(again["error"]["field"], "name");
    let mut second = trunk("carrier-b");
    second["sources"] = json!(["192.0.2.9/24"]);
    let refused = operator.post("/v1/admin/trunks", second.clone()).await.expect(400).json;
    assert_eq!(refused["error"]["field"], "sources");
    assert!(refused["error"]["message"].as_str().expect("a message").contains("carrier-a"), "{refused}");
    // A part of the other's network is the more specific source.
    second["sources"] = json!(["192.0.2.9"]);
    operator.post("/v1/admin/trunks", second).await.expect(201);
    let (one, other) = tokio::join!(
        operator.post("/v1/admin/trunks", trunk("same")),
        operator.post("/v1/admin/trunks", trunk("same"))
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400]);
}

async fn trunks_of_the_configuration_are_shown_and_not_changed(server: Server) {
    let configured = sautikit::config::Trunk {
        name: "of the file".to_owned(),
        address: "192.0.2.1:5060".to_owned(),
        prefixes: vec!["+".to_owned()],
        sources: vec!["198.51.100.0/24".to_owned()],
        priority: 10,
        ..sautikit::config::Trunk::default()
    };
    let server = server.configured(|config| config.trunk.push(configured));
    let operator = server.operator().await;
    let list = operator.get("/v1/admin/trunks").await.expect(200).json;
    assert_eq!((&list[0]["id"], &list[0]["origin"]), (&Value::Null, &json!("configuration")));
    assert_eq!(list[0]["name"], "of the file");
    let mut body = trunk("other");
    body["sources"] = json!(["198.51.100.0/24"]);
    assert_eq!(operator.post("/v1/admin/trunks", body).await.expect(400).json["error"]["field"], "sources");
}

async fn a_key_made_beside_a_trunk_is_no_test_key(server: Server) {
    let asha = server.onboarded("asha@example.com").await;
    let key = async || {
        let made = asha.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201).json;
        made["key"].as_str().expect("a key")[..9].to_owned()
    };
    assert_eq!(key().await, "skt_test_");
    let operator = server.operator().await;
    let made = operator.post("/v1/admin/trunks", trunk("carrier-a")).await.expect(201).json;
    assert_eq!(key().await, "skt_live_");
    let path = format!("/v1/admin/trunks/{}", made["id"].as_str().expect("an id"));
    operator.patch(&path, json!({ "is_enabled": false })).await.expect(200);
    assert_eq!(key().await, "skt_test_");
}
