//! Every POST of the API's description takes an `Idempotency-Key`, or the reason stands here: a new one can't forget it.

use serde_json::json;

use super::with_key;
use crate::calls::support::Scene;
use crate::fields::NEEDS_A_GATEWAY;
use crate::support::{Client, Endpoint, Server, Snapshot, endpoints, on_each_engine};
use crate::webhooks::rows::rows;

on_each_engine! { two_equal_requests_have_one_effect }

/// Those that take no key, with the reason: each does the same, or nothing, when it comes again.
const WITHOUT: &[(&str, &str)] = &[
    ("POST /v1/actions/check", "asks the customer's server anew each time, which is what is wanted"),
    ("POST /v1/actions/validate", "reads, and changes nothing"),
    ("POST /v1/admin/calls/{id}/hangup", "ends what has ended the second time"),
    ("POST /v1/admin/jobs/{id}/retry", "one that is tried again is dead no more"),
    ("POST /v1/admin/numbers/{id}/free", "sets a state"),
    ("POST /v1/admin/numbers/{id}/reserve", "sets a state"),
    ("POST /v1/admin/numbers/{id}/retire", "sets a state"),
    ("POST /v1/admin/payments/reconcile", "compares, and takes each payment in once by its receipt"),
    ("POST /v1/admin/payments/{id}/assign", "a payment is decided once"),
    ("POST /v1/admin/payments/{id}/dismiss", "a payment is decided once"),
    ("POST /v1/admin/prices", "a price that counts already stays as it is"),
    ("POST /v1/admin/prices/import", "a price that counts already stays as it is"),
    ("POST /v1/admin/prices/{id}/end", "what has ended stays so"),
    ("POST /v1/admin/providers", "a provider has its name alone"),
    ("POST /v1/admin/series", "its numbers are there the second time"),
    ("POST /v1/admin/series/import", "its numbers are there the second time"),
    ("POST /v1/admin/sip-keys/rotate", "tokens are good whichever key has signed them, however often it changes"),
    ("POST /v1/admin/trunks", "a name is given once"),
    ("POST /v1/admin/workspaces/{id}/resume", "sets a state"),
    ("POST /v1/admin/workspaces/{id}/suspend", "sets a state"),
    ("POST /v1/admin/workspaces/{id}/unfreeze", "ends what has ended the second time"),
    ("POST /v1/auth/google/unlink", "removes what is gone the second time"),
    ("POST /v1/auth/logout", "ends the session that a repeated request would need"),
    ("POST /v1/auth/magic-link", "nobody is known yet who could own the key; a second link voids no first one"),
    ("POST /v1/auth/magic-link/verify", "a link works once, and its session is told to the browser that used it"),
    ("POST /v1/calls/{id}/hangup", "ends what has ended the second time"),
    ("POST /v1/invitations/{token}/accept", "an invitation is answered once"),
    ("POST /v1/invitations/{token}/decline", "an invitation is answered once"),
    ("POST /v1/numbers/{id}/routing/test", "asks the customer's server anew each time, which is what is wanted"),
    ("POST /v1/privacy/erasures", "what is gone stays so, and a second receipt says that nothing was found"),
    ("POST /v1/wallet/unfreeze", "ends what has ended the second time"),
];

/// Has its effect where a conference is live: `gateway/conference.rs` repeats it.
const NEEDS_A_CONFERENCE: &str = "POST /v1/conferences/{id}/announce";

fn takes_key(endpoint: &Endpoint) -> bool {
    endpoint.parameters.iter().any(|parameter| parameter.name == "Idempotency-Key")
}

#[test]
fn every_post_takes_a_key_or_says_why_not() {
    let all = endpoints();
    let posts = || all.iter().filter(|endpoint| endpoint.method == "POST");
    let without: Vec<_> = posts().filter(|endpoint| !takes_key(endpoint)).map(Endpoint::name).collect();
    assert_eq!(without, WITHOUT.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for endpoint in posts().filter(|endpoint| takes_key(endpoint)) {
        let responses = endpoint.responses.as_object().expect("answers");
        let (_, success) = responses.iter().find(|(status, _)| status.starts_with('2')).expect("a success");
        assert!(success["headers"]["Idempotent-Replayed"].is_object(), "{}", endpoint.name());
        assert!(endpoint.refusals[&409].contains(&json!("idempotency.conflict")), "{}", endpoint.name());
    }
}

async fn two_equal_requests_have_one_effect(server: Server) {
    let scene = Scene::set(server).await;
    // The one that the description's example claims.
    scene.server.unmatched_payment("RKT1ABCDEF").await;
    for endpoint in endpoints().iter().filter(|endpoint| takes_key(endpoint)) {
        let name = endpoint.name();
        if [NEEDS_A_GATEWAY, NEEDS_A_CONFERENCE].contains(&name.as_str()) {
            continue;
        }
        let (client, id) =
            (with_key(&caller_of(&scene, endpoint).await, &name.replace(' ', "-")), id_of(&scene, endpoint).await);
        let first = endpoint.ask(&client, id.as_deref()).await;
        assert!((200..300).contains(&first.status), "{name}: {} {}", first.status, first.text);
        assert_eq!(first.header("idempotent-replayed"), None, "{name}");
        let before = Snapshot::of(&scene.server).await;
        let ordered = (scene.gateway.ordered(), scene.gateway.replaced());
        let second = endpoint.ask(&client, id.as_deref()).await;
        assert_eq!((second.status, &second.text), (first.status, &first.text), "{name}");
        assert_eq!(second.header("idempotent-replayed"), Some("true"), "{name}");
        before.is_still(&scene.server).await;
        assert_eq!((scene.gateway.ordered(), scene.gateway.replaced()), ordered, "{name}");
    }
}

async fn caller_of(scene: &Scene, endpoint: &Endpoint) -> Client {
    if endpoint.path == "/v1/auth/onboarding" {
        return scene.server.signed_in("new@example.com").await;
    }
    if endpoint.is_operators() {
        return scene.server.operator().await;
    }
    // Opening a further workspace would move the session there.
    scene.asha.with("x-sautikit-workspace", &scene.asha.workspace_id().await)
}

/// An id that the request succeeds with.
async fn id_of(scene: &Scene, endpoint: &Endpoint) -> Option<String> {
    endpoint.parameter()?;
    let made = match endpoint.path.as_str() {
        "/v1/admin/wallets/{workspace_id}/adjustments" => json!(scene.asha.workspace_id().await),
        "/v1/api-keys/{id}/rotate" => {
            scene.asha.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201).json["id"].clone()
        }
        "/v1/numbers/{id}/sip-credentials" | "/v1/numbers/{id}/routing/rotate-secret" => json!(number_of(scene).await),
        "/v1/numbers/{id}/sip-credentials/{cid}/rotate" => {
            let number = number_of(scene).await;
            let path = format!("/v1/numbers/{number}/sip-credentials");
            let made = scene.asha.post(&path, json!({ "label": "x" })).await.expect(201).json;
            json!(format!("{number}/{}", made["id"].as_str().expect("an id")))
        }
        "/v1/numbers/{id}/claim" => {
            scene.asha.get("/v1/numbers/available?country=KE").await.expect(200).json[0]["id"].clone()
        }
        "/v1/webhooks/{id}/rotate-secret" | "/v1/webhooks/{id}/test" | "/v1/webhooks/{id}/retry" => {
            json!(rows(&scene.server, &scene.asha).await.endpoint)
        }
        "/v1/webhooks/deliveries/{id}/retry" => json!(rows(&scene.server, &scene.asha).await.delivery),
        "/v1/calls/{id}/actions" | "/v1/calls/{id}/stream/revoke" => json!(scene.place().await.call_id),
        "/v1/calls/{id}/recording/pause" | "/v1/calls/{id}/recording/resume" => {
            let call = scene.place().await.call_id;
            scene.recording(call).await;
            json!(call)
        }
        other => panic!("{other}: say where an id of it comes from"),
    };
    Some(made.as_str().expect("an id").to_owned())
}

async fn number_of(scene: &Scene) -> String {
    scene.asha.get("/v1/numbers").await.expect(200).json[0]["id"].as_str().expect("an id").to_owned()
}
