//! What signs: an endpoint's own secret, the number's, the workspace's; rotated with a grace.

use sautikit::webhooks::EventKind;
use serde_json::json;

use super::rows::execute;
use super::{Answers, Scene};
use crate::support::{Server, on_each_engine};

on_each_engine! {
    a_rotated_secret_signs_at_once_and_the_former_where_the_new_one_is_refused
    after_its_grace_a_former_secret_signs_no_more
    the_workspaces_secret_signs_where_there_is_no_other
    a_numbers_rotated_secret_signs_callbacks_and_the_former_where_the_new_one_is_refused
    a_secret_is_shown_once
    a_grace_that_was_promised_ends_only_where_that_is_asked_for
    secrets_that_do_not_open_are_replaced
}

async fn a_rotated_secret_signs_at_once_and_the_former_where_the_new_one_is_refused(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, former) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let path = format!("/v1/webhooks/{id}/rotate-secret");
    let rotated = scene.asha.post(&path, json!({ "grace_seconds": 3_600 })).await.expect(200).json;
    let secret = rotated["secret"].as_str().expect("a secret").to_owned();
    assert_ne!(secret, former);
    assert!(rotated["former_secret_until"].is_string());
    // A receiver that was not told yet.
    receiver.answers("/events", Answers::OnlySignedWith(former.clone()));
    scene.emit(EventKind::WalletTopUp).await;
    let told = receiver.wait("/events", 2).await;
    assert!(told[0].is_signed_with(&secret) && told[1].is_signed_with(&former));
    assert_eq!(told[0].body, told[1].body);
    let delivered = scene.deliveries(&id, "delivered", 1).await;
    let log = scene.detail(&delivered[0]).await["log"].clone();
    assert_eq!((log[0]["secret"].as_str(), log[0]["status"].as_i64()), (Some("endpoint"), Some(401)));
    assert_eq!((log[1]["secret"].as_str(), log[1]["status"].as_i64()), (Some("endpoint_former"), Some(200)));
    // And one that was.
    receiver.answers("/events", Answers::OnlySignedWith(secret));
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 3).await;
    scene.deliveries(&id, "delivered", 2).await;
    assert_eq!(receiver.count("/events"), 3);
}

async fn after_its_grace_a_former_secret_signs_no_more(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, former) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let path = format!("/v1/webhooks/{id}/rotate-secret");
    for seconds in [-1, 259_201] {
        let refused = scene.asha.post(&path, json!({ "grace_seconds": seconds })).await;
        assert_eq!(refused.expect_error("validation.bad_request").json["error"]["field"], "grace_seconds");
    }
    scene.asha.post(&path, json!({ "grace_seconds": 0 })).await.expect(200);
    receiver.answers("/events", Answers::OnlySignedWith(former));
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 1).await;
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/events", 2).await;
    scene.deliveries(&id, "pending", 2).await;
    assert_eq!(receiver.count("/events"), 2, "refused, and not sent again at once");
}

async fn the_workspaces_secret_signs_where_there_is_no_other(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let body = json!({ "url": receiver.url("/events"), "events": ["wallet.*"], "own_secret": false });
    let made = scene.asha.post("/v1/webhooks", body).await.expect(201).json;
    assert_eq!((&made["secret"], &made["secret_of"]), (&json!(null), &json!("workspace")));
    let rotate = "/v1/workspace/signing-secret/rotate";
    let secret = async |grace: i64| {
        let rotated = scene.asha.post(rotate, json!({ "grace_seconds": grace })).await.expect(200).json;
        rotated["secret"].as_str().expect("a secret").to_owned()
    };
    let first = secret(0).await;
    // A test event arrives only after the dispatcher has read the endpoint anew.
    let test = format!("/v1/webhooks/{}/test", made["id"].as_str().expect("an id"));
    scene.asha.post(&test, json!({ "event": "wallet.top_up" })).await.expect(202);
    let told = receiver.wait("/events", 1).await;
    assert!(told[0].is_signed_with(&first));
    assert_eq!((&told[0].json()["test"], &told[0].json()["event"]), (&json!(true), &json!("wallet.top_up")));
    let second = secret(3_600).await;
    receiver.answers("/events", Answers::OnlySignedWith(first.clone()));
    scene.asha.post(&test, json!({})).await.expect(202);
    let told = receiver.wait("/events", 3).await;
    assert!(told[1].is_signed_with(&second) && told[2].is_signed_with(&first));
    // The number's voice callbacks are signed with it as well.
    scene.patch_routing(json!({ "voice_callback_url": receiver.url("/voice") })).await;
    let numbers = scene.asha.get("/v1/numbers").await.expect(200).json;
    let path = format!("/v1/numbers/{}/routing/test", numbers[0]["id"].as_str().expect("an id"));
    scene.asha.post(&path, json!({})).await.expect(200);
    assert!(receiver.wait("/voice", 1).await[0].is_signed_with(&second));
}

async fn a_numbers_rotated_secret_signs_callbacks_and_the_former_where_the_new_one_is_refused(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let former = "a-secret-of-the-number";
    scene.patch_routing(json!({ "voice_callback_url": receiver.url("/voice"), "voice_signing_secret": former })).await;
    let numbers = scene.asha.get("/v1/numbers").await.expect(200).json;
    let number = format!("/v1/numbers/{}/routing", numbers[0]["id"].as_str().expect("an id"));
    let (rotate, test) = (format!("{number}/rotate-secret"), format!("{number}/test"));
    let refused = scene.asha.post(&rotate, json!({ "grace_seconds": 259_201 })).await;
    assert_eq!(refused.expect_error("validation.bad_request").json["error"]["field"], "grace_seconds");
    let rotated = scene.asha.post(&rotate, json!({ "grace_seconds": 3_600 })).await.expect(200).json;
    let secret = rotated["secret"].as_str().expect("a secret").to_owned();
    assert!(rotated["former_secret_until"].is_string());
    // A handler that was not told yet: asked again at once, and its answer counts.
    receiver.answers("/voice", Answers::OnlySignedWith(former.to_owned()));
    let tested = scene.asha.post(&test, json!({})).await.expect(200).json;
    assert_eq!(tested["response"]["status"], 200, "{tested}");
    let told = receiver.wait("/voice", 2).await;
    assert!(told[0].is_signed_with(&secret) && told[1].is_signed_with(former));
    assert_eq!(told[0].body, told[1].body);
    // One that was is asked once.
    receiver.answers("/voice", Answers::OnlySignedWith(secret.clone()));
    scene.asha.post(&test, json!({})).await.expect(200);
    assert_eq!(receiver.count("/voice"), 3);
    // A secret of one's own choice ends the one before at once.
    scene.patch_routing(json!({ "voice_signing_secret": "another-secret-of-the-number" })).await;
    let tested = scene.asha.post(&test, json!({})).await.expect(200).json;
    assert_eq!(tested["response"]["status"], 401, "{tested}");
    assert_eq!(receiver.count("/voice"), 4);
}

async fn a_secret_is_shown_once(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, secret) = scene.endpoint(&receiver.url("/events"), &["*"]).await;
    let path = format!("/v1/webhooks/{id}");
    let shown = [
        scene.asha.get(&path).await.expect(200).text,
        scene.asha.get("/v1/webhooks").await.expect(200).text,
        scene.asha.patch(&path, json!({ "description": "orders" })).await.expect(200).text,
        scene.asha.get("/v1/audit?limit=200").await.expect(200).text,
    ];
    assert!(shown.iter().all(|text| !text.contains(&secret) && !text.contains("whsec_")));
    let sealed: String = sqlx::query_scalar("select secret from webhook_endpoints where id = $1")
        .bind(id)
        .fetch_one(scene.server.app.db.pool())
        .await
        .expect("a row");
    assert!(!sealed.contains(&secret["whsec_".len()..]));
}

async fn a_grace_that_was_promised_ends_only_where_that_is_asked_for(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    let numbers = scene.asha.get("/v1/numbers").await.expect(200).json;
    let number = numbers[0]["id"].as_str().expect("an id");
    for path in [
        format!("/v1/webhooks/{id}/rotate-secret"),
        "/v1/workspace/signing-secret/rotate".to_owned(),
        format!("/v1/numbers/{number}/routing/rotate-secret"),
    ] {
        let rotate = async |body: serde_json::Value| scene.asha.post(&path, body).await;
        rotate(json!({ "grace_seconds": 3_600 })).await.expect(200);
        let refused = rotate(json!({ "grace_seconds": 3_600 })).await.expect_error("webhooks.former_secret_signs");
        assert_eq!(refused.json["error"]["field"], "end_former", "{path}");
        rotate(json!({ "grace_seconds": 3_600, "end_former": true })).await.expect(200);
        // It is over by itself too.
        scene.advance(3_601_000);
        rotate(json!({ "grace_seconds": 0 })).await.expect(200);
        rotate(json!({ "grace_seconds": 0 })).await.expect(200);
    }
}

async fn secrets_that_do_not_open_are_replaced(server: Server) {
    let (scene, _) = Scene::delivering(server).await;
    let numbers = scene.asha.get("/v1/numbers").await.expect(200).json;
    let number = numbers[0]["id"].as_str().expect("an id");
    for (path, table, column) in [
        ("/v1/workspace/signing-secret/rotate".to_owned(), "workspace_signing_secrets", "secret"),
        (format!("/v1/numbers/{number}/routing/rotate-secret"), "tenant_numbers", "voice_signing_secret"),
    ] {
        scene.asha.post(&path, json!({ "grace_seconds": 0 })).await.expect(200);
        execute(&scene.server, format!("update {table} set {column} = 'sealed by another key'")).await;
        let rotated = scene.asha.post(&path, json!({})).await.expect(200).json;
        assert!(rotated["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{rotated}");
    }
}
