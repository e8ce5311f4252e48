//! Two nodes on one database, of which one runs everything: what that one has is seen and changed by way of the other.

use axum::Extension;
use sautikit::calls::{self, Hub};
use sautikit::http::{internal_router, router};
use serde_json::{Value, json};

use super::carrier::{Carrier, Manner};
use super::devices::Device;
use super::support::{FROM, Live, eventually};
use crate::support::Client;

#[tokio::test]
async fn what_one_node_has_is_listed_and_changed_by_way_of_another() {
    let carrier = Carrier::that_answers(Manner::AtOnce).await;
    let live = Live::with_carrier(&carrier).await;
    let app = &live.server.app;
    let mut device = Device::of(&live).await;
    assert_eq!(device.registers("600").await.status.code(), 200);
    let place = async |action: Value, until: &str| {
        let actions = json!([action, { "hangup": {} }]);
        let id = live.place(json!({ "from": FROM, "to": "+254722000042", "actions": actions })).await;
        let call = live.call_that_is(&id, "answered").await;
        live.event(&call, until).await;
        id
    };
    let talks = place(json!({ "conference": { "name": "team" } }), "conference.joined").await;
    let waits = place(json!({ "enqueue": { "name": "support" } }), "queue.waiting").await;

    let routes = internal_router(app).layer(Extension(live.gateway.gateway.clone()));
    live.server.takes_from_nodes(routes).await;
    let other = live.asha.on(&live.server.client_of(router(&live.server.beside())));
    // It says that it lives.
    calls::record::tick(app);
    Hub::of(app).writer().press();
    for (path, named) in [("/v1/conferences", "id"), ("/v1/queues", "id"), ("/v1/sip/registrations", "identity")] {
        let here = live.asha.get(path).await.expect(200).json;
        assert!(here[0][named].is_string(), "{path}: {here}");
        eventually(path, async || {
            let list = other.get(path).await.expect(200).json;
            (list.as_array().is_some_and(|list| list.len() == 1) && list[0][named] == here[0][named]).then_some(())
        })
        .await;
    }

    for path in [format!("/v1/calls/{talks}/sip"), format!("/v1/calls/{talks}/sip.txt")] {
        let here = live.asha.get(&path).await.expect(200).text;
        assert!(here.contains("INVITE"), "{here}");
        assert_eq!(other.get(&path).await.expect(200).text, here, "{path}");
    }
    let quality = format!("/v1/calls/{talks}/quality");
    let legs = async |of: &Client| of.get(&quality).await.expect(200).json["data"].as_array().map(Vec::len);
    assert_eq!(legs(&other).await, legs(&live.asha).await);

    let operator = live.server.operator().await;
    let elsewhere = operator.on(&live.server.client_of(router(&live.server.beside())));
    let all = elsewhere.get("/v1/admin/registrations").await.expect(200).json;
    assert_eq!(all[0]["workspace_id"], json!(live.asha.workspace_id().await));

    // It is written down a moment after it began.
    eventually("the conference", async || (other.get("/v1/conferences/team").await.status == 200).then_some(())).await;
    let member = format!("/v1/conferences/team/members/{talks}");
    assert_eq!(other.patch(&member, json!({ "muted": true })).await.expect(200).json["muted"], true);
    other.get("/v1/conferences/nobody").await.expect_error("conferences.not_found");
    assert_eq!(other.get("/v1/queues/support").await.expect(200).json["members"][0]["call_id"], json!(waits));
    other.get("/v1/queues/nobody").await.expect_error("queues.not_found");
    other.delete(&format!("/v1/queues/support/members/{waits}")).await.expect(204);
    other.delete("/v1/conferences/team").await.expect(204);
    for id in [talks, waits] {
        live.call_that_is(&id, "completed").await;
    }
}
