//! The console's forms of webhooks, as a browser posts them.

use sautikit::webhooks::EventKind;
use serde_json::Value;

use super::{Answers, DEADLINE, Scene, exhaust};
use crate::support::{Answer, Client, Server, on_each_engine, within};

on_each_engine! {
    an_endpoint_is_made_switched_rotated_and_tested_by_forms
    what_was_missed_is_sent_again_by_forms
    all_deliveries_are_listed_narrowed_and_sent_again_on_one_page
}

fn browser(client: &Client) -> Client {
    client.with("accept", "text/html").with("origin", "http://127.0.0.1:4000").with("sec-fetch-site", "same-origin")
}

async fn post(client: &Client, path: &str, form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    client.send("POST", path, Some("application/x-www-form-urlencoded"), &body).await
}

async fn only_endpoint(scene: &Scene) -> Value {
    let all = scene.asha.get("/v1/webhooks").await.expect(200).json;
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    all[0].clone()
}

async fn an_endpoint_is_made_switched_rotated_and_tested_by_forms(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let asha = browser(&scene.asha);
    let url = receiver.url("/events");
    let form = [
        ("form_token", "made"),
        ("url", &*url),
        ("events", "wallet.*"),
        ("events", "call.started"),
        ("description", "Stock"),
        ("rate_per_second", ""),
    ];
    let made = post(&asha, "/console/webhooks", &form).await.expect(200);
    assert!(made.text.contains("whsec_"), "the secret is shown this once");
    // The browser's "again" makes no second one.
    post(&asha, "/console/webhooks", &form).await;
    let endpoint = only_endpoint(&scene).await;
    assert_eq!((&endpoint["description"], endpoint["events"].as_array().map(Vec::len)), (&"Stock".into(), Some(2)));
    let path = format!("/console/webhooks/{}", endpoint["id"].as_str().expect("an id"));
    let wrong = [("form_token", "wrong"), ("url", &*url), ("rate_per_second", "many")];
    let refused = post(&asha, "/console/webhooks", &wrong).await.expect(400);
    assert!(refused.text.contains("many"), "{}", refused.text);
    for (status, shown) in [("disabled", "disabled"), ("enabled", "enabled")] {
        post(&asha, &format!("{path}/switch"), &[("status", status)]).await.expect(303);
        assert_eq!(only_endpoint(&scene).await["status"], shown);
    }
    let rotate = [("form_token", "rotated"), ("grace_seconds", "0")];
    let rotated = post(&asha, &format!("{path}/rotate-secret"), &rotate).await.expect(200);
    assert!(rotated.text.contains("whsec_"));
    let test = [("form_token", "tested"), ("event", "wallet.top_up")];
    let tested = post(&asha, &format!("{path}/test"), &test).await.expect(303);
    assert!(tested.header("location").is_some_and(|to| to.contains("done=tested")));
    let told = receiver.wait("/events", 1).await;
    assert_eq!(told[0].json()["event"], "wallet.top_up");
}

async fn what_was_missed_is_sent_again_by_forms(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let asha = browser(&scene.asha);
    receiver.answers("/events", Answers::Status(500));
    let (id, _) = scene.endpoint(&receiver.url("/events"), &["wallet.*"]).await;
    for kind in [EventKind::WalletTopUp, EventKind::WalletLowBalance, EventKind::WalletTopUp] {
        scene.advance(1);
        scene.emit(kind).await;
    }
    receiver.wait("/events", 3).await;
    exhaust(&scene, super::PAUSE).await;
    let lost = scene.deliveries(&id, "exhausted", 3).await;
    receiver.answers("/events", Answers::Status(200));
    let one = lost.iter().find(|one| one["event"] == "wallet.low_balance").expect("one of that kind");
    let path = format!("/console/deliveries/{}/retry", one["id"].as_str().expect("an id"));
    // After days without a moment between them the dispatcher renews its lease first.
    let retried = within(DEADLINE, "a dispatcher", async || {
        let answer = post(&asha, &path, &[("form_token", "one")]).await;
        (answer.status == 303).then_some(answer)
    })
    .await;
    assert!(retried.header("location").is_some_and(|to| to.ends_with("?done=retried")));
    scene.deliveries(&id, "delivered", 1).await;
    let path = format!("/console/webhooks/{id}/retry");
    // Of a day on which nothing happened nothing is sent, nor of a kind that did not.
    let day = |us: i64| sautikit::clock::rfc3339(us)[..10].to_owned();
    let (begun, today) = (day(0), day(scene.server.app.now_us()));
    for (token, to, event) in [("before", "1970-01-02", ""), ("other", &*today, "call.started")] {
        let form = [("form_token", token), ("since", &*begun), ("to", to), ("event", event)];
        let answer = post(&asha, &path, &form).await.expect(303);
        assert!(answer.header("location").is_some_and(|to| to.contains("done=retried#")), "{answer:?}");
    }
    scene.deliveries(&id, "exhausted", 2).await;
    let form =
        [("form_token", "all"), ("since", &*begun), ("to", &*today), ("event", "wallet.top_up"), ("missing", "1")];
    post(&asha, &path, &form).await.expect(303);
    scene.deliveries(&id, "delivered", 3).await;
}

async fn all_deliveries_are_listed_narrowed_and_sent_again_on_one_page(server: Server) {
    let (scene, receiver) = Scene::delivering(server).await;
    let asha = browser(&scene.asha);
    let mut endpoints = Vec::new();
    for path in ["/one", "/other"] {
        receiver.answers(path, Answers::Status(500));
        endpoints.push(scene.endpoint(&receiver.url(path), &["wallet.*"]).await.0);
    }
    scene.emit(EventKind::WalletTopUp).await;
    receiver.wait("/one", 1).await;
    receiver.wait("/other", 1).await;
    exhaust(&scene, super::PAUSE).await;
    for id in &endpoints {
        scene.deliveries(id, "exhausted", 1).await;
    }
    let shown = async |query: &str| asha.get(&format!("/developers/deliveries{query}")).await.expect(200).text;
    // Each row leads to its endpoint.
    let rows = |page: &str| {
        [0, 1].map(|place: usize| page.matches(&format!("/developers/webhooks/{}\"", endpoints[place])).count())
    };
    let all = shown("").await;
    assert_eq!(rows(&all), [1, 1], "{all}");
    assert_eq!(rows(&shown(&format!("?webhook_id={}", endpoints[0])).await), [1, 0]);
    for query in ["?status=delivered", "?event=call.started", "?to=1970-01-02"] {
        assert_eq!(rows(&shown(query).await), [0, 0], "{query}");
    }
    for path in ["/one", "/other"] {
        receiver.answers(path, Answers::Status(200));
    }
    let since = &sautikit::clock::rfc3339(0)[..10];
    let retry = async |token: &str, id: &str| {
        let form = [("form_token", token), ("since", since), ("webhook_id", id)];
        post(&asha, "/console/deliveries/retry", &form).await
    };
    // After days without a moment between them the dispatcher renews its lease first.
    let retried = within(DEADLINE, "a dispatcher", async || {
        let answer = retry("one", &endpoints[0]).await;
        (answer.status == 303).then_some(answer)
    })
    .await;
    assert!(retried.header("location").is_some_and(|to| to.ends_with("/developers/deliveries?done=retried")));
    scene.deliveries(&endpoints[0], "delivered", 1).await;
    scene.deliveries(&endpoints[1], "exhausted", 1).await;
    // None chosen is all.
    retry("all", "").await.expect(303);
    scene.deliveries(&endpoints[1], "delivered", 1).await;
    post(&asha, "/console/deliveries/retry", &[("form_token", "wrong"), ("since", "yesterday")]).await.expect(400);
}
