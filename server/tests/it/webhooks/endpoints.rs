//! Setting up endpoints: what is taken, what is refused, and where nothing is ever sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use sautikit::config::{Config, Environment};
use sautikit::webhooks::EventKind;
use sautikit::webhooks::client::Customers;
use serde_json::json;

use super::{DEADLINE, Scene, deliver};
use crate::support::{Server, on_each_engine, within};

on_each_engine! {
    an_unknown_event_is_refused_by_name
    urls_that_lead_inside_are_refused_in_production
    names_that_lead_inside_are_not_connected_to_in_production
    a_name_that_changes_its_mind_gains_nothing
    a_workspace_has_so_many_endpoints_and_no_more
    what_is_changed_is_what_is_asked_for
}

async fn an_unknown_event_is_refused_by_name(server: Server) {
    let asha = server.onboarded("asha@example.com").await;
    let body = |events: &[&str]| json!({ "url": "https://shop.example/events", "events": events });
    let refused = asha.post("/v1/webhooks", body(&["call.*", "call.begun"])).await;
    let refused = refused.expect_error("webhooks.event_unsupported").json;
    assert_eq!(refused["error"]["field"], "events[1]");
    assert!(refused["error"]["message"].as_str().is_some_and(|text| text.contains("call.begun")));
    asha.post("/v1/webhooks", body(&[])).await.expect_error("validation.bad_request");
    asha.post("/v1/webhooks", body(&["*"])).await.expect(201);
    for kind in EventKind::ALL {
        asha.post("/v1/webhooks", body(&[kind.as_str()])).await.expect(201);
    }
    let kinds = asha.get("/v1/webhooks/kinds").await.expect(200).json;
    assert_eq!(kinds.as_array().map(Vec::len), Some(EventKind::ALL.len()));
    assert!(kinds.as_array().expect("a list").iter().all(|kind| kind["version"] == 1));
    assert!(kinds.as_array().expect("a list").iter().all(|kind| kind["example"]["data"] == kind["example"]["payload"]));
}

fn production(server: Server) -> Server {
    server.configured(|config: &mut Config| config.env = Environment::Production)
}

async fn urls_that_lead_inside_are_refused_in_production(server: Server) {
    let asha = server.onboarded("asha@example.com").await;
    let server = production(server);
    let asha = asha.at(&server);
    for url in [
        "http://shop.example/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://localhost/",
        "https://user:pw@shop.example/",
        "https://shop.example:22/",
        "ftp://shop.example/",
        "/events",
        "https://shop.example/a b",
    ] {
        let refused = asha.post("/v1/webhooks", json!({ "url": url })).await;
        assert_eq!(refused.expect_error("validation.bad_request").json["error"]["field"], "url", "{url}");
    }
    asha.post("/v1/webhooks", json!({ "url": "https://shop.example:8443/events" })).await.expect(201);
}

/// A resolver under our control: every name is a machine of the inside, each by another of its spellings.
fn inside(name: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
    let address = match name.split('.').next().unwrap_or_default() {
        "loopback" => "127.0.0.1",
        "private" => "10.0.0.1",
        "metadata" => "169.254.169.254",
        "shared" => "100.64.0.1",
        "mapped" => "::ffff:127.0.0.1",
        "nat64" => "64:ff9b::7f00:1",
        other => panic!("{other} is asked for"),
    };
    Box::pin(async move { Ok(vec![SocketAddr::new(address.parse().expect("an address"), 0)]) })
}

/// What is checked is the address that is connected to: whatever a name led to before gains nothing.
async fn names_that_lead_inside_are_not_connected_to_in_production(server: Server) {
    let (scene, receiver) = (Scene::set(server).await, super::Receiver::start().await);
    let mut config = Config::clone(&scene.server.app.config);
    config.env = Environment::Production;
    let app = scene.server.app.changed(|app| {
        app.config = Arc::new(config);
        app.parts.put(Customers::with_lookup(false, inside).expect("a client"));
    });
    let port = receiver.url("/").rsplit(':').next().expect("a port").trim_end_matches('/').to_owned();
    let mut ids = Vec::new();
    for name in ["loopback", "private", "metadata", "shared", "mapped", "nat64"] {
        let url = format!("https://{name}.attacker.example:{port}/events");
        ids.push(scene.endpoint(&url, &["wallet.*"]).await.0);
    }
    // Written while it was allowed: it is looked at again when it is sent to.
    ids.push(scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await.0);
    tokio::spawn(sautikit::webhooks::run_until_stopped(app));
    scene.emit(EventKind::WalletTopUp).await;
    for id in ids {
        let pending = within(DEADLINE, "an attempt in the log", async || {
            let pending = scene.deliveries(&id, "pending", 1).await;
            pending.iter().find(|one| one["attempts"] == 1).cloned()
        })
        .await;
        assert_eq!(pending["last_error"], "address_refused", "{pending}");
    }
    assert_eq!(receiver.count("/events"), 0);
}

async fn a_workspace_has_so_many_endpoints_and_no_more(server: Server) {
    let asha = server.onboarded("asha@example.com").await;
    let body = json!({ "url": "https://shop.example/events" });
    for _ in 0..100 {
        asha.post("/v1/webhooks", body.clone()).await.expect(201);
    }
    let refused = asha.post("/v1/webhooks", body.clone()).await.expect_error("validation.bad_request");
    assert!(refused.text.contains("100"), "{}", refused.text);
    let all = asha.get("/v1/webhooks?limit=200").await.expect(200).json;
    asha.delete(&format!("/v1/webhooks/{}", all[0]["id"].as_str().expect("an id"))).await.expect(204);
    asha.post("/v1/webhooks", body).await.expect(201);
}

async fn what_is_changed_is_what_is_asked_for(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["call.*"]).await;
    let path = format!("/v1/webhooks/{id}");
    let change = json!({ "url": receiver.url("/moved"), "events": ["wallet.top_up"], "description": "books",
        "rate_per_second": 20 });
    let changed = scene.asha.patch(&path, change.clone()).await.expect(200).json;
    for (member, value) in change.as_object().expect("members") {
        assert_eq!(&changed[member], value);
    }
    let cleared = scene.asha.patch(&path, json!({ "rate_per_second": null, "description": "" })).await.expect(200).json;
    assert_eq!((&cleared["rate_per_second"], &cleared["description"]), (&json!(null), &json!("")));
    assert_eq!(cleared["url"], receiver.url("/moved"));
    within(DEADLINE, "an event at the new place", async || {
        scene.emit(EventKind::WalletTopUp).await;
        (receiver.count("/moved") > 0).then_some(())
    })
    .await;
    deliver(&scene.server);
}

/// Looks so far, by name.
static LOOKS: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// Names that lead to this machine at first and then to the inside, and others that lead to both at once.
fn rebinding(name: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
    let look = {
        let mut looks = LOOKS.lock();
        let look = looks.entry(name.clone()).or_default();
        *look += 1;
        *look
    };
    let all: &[[u8; 4]] = match (name.starts_with("flips"), look) {
        (true, 1) => &[[127, 0, 0, 1]],
        (true, 2) => &[[169, 254, 169, 254], [10, 0, 0, 1]],
        (true, _) => panic!("what led inside is not looked up again at once"),
        (false, _) => &[[10, 0, 0, 1], [127, 0, 0, 1]],
    };
    let all = all.iter().map(|address| SocketAddr::from((*address, 0))).collect();
    Box::pin(async move { Ok(all) })
}

async fn a_name_that_changes_its_mind_gains_nothing(server: Server) {
    let (scene, receiver) = (Scene::set(server).await, super::Receiver::start().await);
    let port = receiver.url("").rsplit(':').next().expect("a port").to_owned();
    // Another name for each engine.
    let name = format!("{}.localhost:{port}", scene.server.app.new_uuid());
    let (flips, _) = scene.endpoint(&format!("http://flips-{name}/flips"), &["wallet.low_balance"]).await;
    let (both, _) = scene.endpoint(&format!("http://both-{name}/both"), &["wallet.low_balance"]).await;
    // Nothing that was found before is known after a start.
    let start = || {
        tokio::spawn(sautikit::webhooks::run_until_stopped(scene.server.app.changed(|app| {
            app.parts.put(Customers::with_lookup(true, rebinding).expect("a client"));
        })))
    };
    let first = start();
    scene.emit(EventKind::WalletLowBalance).await;
    scene.deliveries(&flips, "delivered", 1).await;
    scene.deliveries(&both, "delivered", 1).await;
    first.abort();
    let _ = first.await;
    start();
    scene.emit(EventKind::WalletLowBalance).await;
    scene.deliveries(&both, "delivered", 2).await;
    let pending = within(DEADLINE, "an attempt in the log", async || {
        let pending = scene.deliveries(&flips, "pending", 1).await;
        pending.iter().find(|one| one["attempts"] == 1).cloned()
    })
    .await;
    assert_eq!(pending["last_error"], "address_refused", "{pending}");
    assert_eq!((receiver.count("/flips"), receiver.count("/both")), (1, 2));
}
