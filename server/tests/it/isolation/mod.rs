//! Every endpoint of the API's description, tried by those who must not: another workspace, another role, a key without the
//! scope, nobody. The answer is the documented one and the database stays as it was.
//!
//! Endpoints come from the document, so a new one is covered the day it is described; one that this test can't serve fails it
//! and says what to add to `scene.rs`.

mod references;
mod scene;
mod strangers;
mod suspended;

use sautikit_api::accounts::Role;
use sautikit_api::rights::RIGHTS;
use serde_json::Value;

use self::scene::{Of, Tenants};
use crate::support::{Answer, Client, Endpoint, Server, Snapshot, endpoints, on_each_engine};

on_each_engine! {
    without_a_credential_nothing_opens
    a_key_without_the_scope_is_told_which
    a_role_without_the_right_is_refused
    a_foreign_id_answers_like_an_unknown_one
    only_operators_operate
}

/// An id of the right form that nothing has.
const UNKNOWN: &str = "01900000-0000-7000-8000-000000000000";

/// What may be asked without a credential. Adding to it is a decision, so the list stands here.
const PUBLIC: &[&str] = &[
    "GET /healthz",
    "GET /readyz",
    "GET /v1/auth/google/callback",
    "GET /v1/auth/google/start",
    "GET /v1/openapi.json",
    "GET /v1/pricing",
    "GET /v1/pricing/currencies",
    "POST /v1/auth/magic-link",
    "POST /v1/auth/magic-link/verify",
];

#[test]
fn only_what_is_listed_is_public() {
    let mut public: Vec<_> = endpoints().iter().filter(|endpoint| endpoint.is_public()).map(Endpoint::name).collect();
    public.sort();
    assert_eq!(public, PUBLIC);
}

async fn without_a_credential_nothing_opens(server: Server) {
    let tenants = Tenants::set(server).await;
    let before = Snapshot::of(&tenants.server).await;
    for endpoint in endpoints().iter().filter(|endpoint| !endpoint.is_public()) {
        let answer = endpoint.ask(&tenants.server.client(), tenants.id_of(endpoint).as_deref()).await;
        endpoint.promises(&answer, 401);
    }
    before.is_still(&tenants.server).await;
}

async fn a_key_without_the_scope_is_told_which(server: Server) {
    let tenants = Tenants::set(server).await;
    let before = Snapshot::of(&tenants.server).await;
    for endpoint in endpoints() {
        let id = tenants.id_of(&endpoint);
        match &endpoint.scope {
            Some(scope) => {
                let answer = endpoint.ask(tenants.key_without(scope), id.as_deref()).await;
                endpoint.promises(&answer, 403);
                assert_eq!(answer.json["error"]["code"], "api_key.scope_denied", "{}", endpoint.name());
                assert_eq!(answer.json["error"]["details"]["required"], *scope, "{}", endpoint.name());
            }
            None if endpoint.takes_key || endpoint.is_public() => {}
            None => endpoint.promises(&endpoint.ask(&tenants.key, id.as_deref()).await, 401),
        }
    }
    before.is_still(&tenants.server).await;
}

async fn a_role_without_the_right_is_refused(server: Server) {
    let tenants = Tenants::set(server).await;
    let before = Snapshot::of(&tenants.server).await;
    for endpoint in endpoints() {
        let Some(right) = RIGHTS.iter().find(|right| endpoint.role_needs.as_deref() == Some(right.name)) else {
            continue;
        };
        for role in Role::ALL.iter().filter(|role| !right.roles.contains(role)) {
            let answer = endpoint.ask(tenants.member(*role), tenants.id_of(&endpoint).as_deref()).await;
            endpoint.promises(&answer, 403);
            assert_eq!(answer.json["error"]["code"], right.scope.refusal().as_str(), "{role:?}: {}", endpoint.name());
        }
    }
    before.is_still(&tenants.server).await;
}

async fn a_foreign_id_answers_like_an_unknown_one(server: Server) {
    let tenants = Tenants::set(server).await;
    let before = Snapshot::of(&tenants.server).await;
    for endpoint in endpoints() {
        let Some(Of::Workspace(id)) = tenants.owner_of(&endpoint) else { continue };
        for stranger in strangers(&tenants, &endpoint) {
            let foreign = endpoint.ask(stranger, Some(&id)).await;
            let unknown = endpoint.ask(stranger, Some(UNKNOWN)).await;
            endpoint.promises(&foreign, 404);
            assert_eq!(said(&foreign), said(&unknown), "{}", endpoint.name());
        }
    }
    before.is_still(&tenants.server).await;
}

async fn only_operators_operate(server: Server) {
    let tenants = Tenants::set(server).await;
    let before = Snapshot::of(&tenants.server).await;
    for endpoint in endpoints().iter().filter(|endpoint| endpoint.is_operators()) {
        let answer = endpoint.ask(tenants.member(Role::Owner), tenants.id_of(endpoint).as_deref()).await;
        endpoint.promises(&answer, 403);
        assert_eq!(answer.json["error"]["code"], "auth.admin_required", "{}", endpoint.name());
    }
    before.is_still(&tenants.server).await;
}

/// Another workspace's owner, and its key where the endpoint takes one that can carry the scope.
fn strangers<'a>(tenants: &'a Tenants, endpoint: &Endpoint) -> Vec<&'a Client> {
    let by_key = endpoint.takes_key.then_some(&tenants.stranger_key);
    [&tenants.stranger].into_iter().chain(by_key).collect()
}

/// Status and body, without what differs between any two requests.
fn said(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json.clone();
    if let Some(error) = body["error"].as_object_mut() {
        error.remove("request_id");
    }
    (answer.status, body)
}
