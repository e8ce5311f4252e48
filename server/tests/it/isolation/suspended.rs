//! A suspended workspace reads, tops up and settles, nothing else.

use sautikit_api::accounts::Role;
use sautikit_api::keys::SCOPES;
use serde_json::json;

use super::scene::{OWNER, Of, Tenants};
use crate::support::{Client, Endpoint, Server, Snapshot, endpoints, on_each_engine};

on_each_engine! {
    suspended_workspaces_write_nothing_but_what_is_listed
    suspended_workspaces_read_everything
}

/// Writes that suspension leaves, each with its reason.
const LEFT: &[(&str, &str)] = &[
    ("DELETE /v1/auth/sessions/{id}", "the person's own"),
    ("DELETE /v1/wallet/alert-subscribers/{id}", "of those who watch the money"),
    ("PATCH /v1/auth/me", "the person's own"),
    ("POST /v1/actions/validate", "it reads a document, and changes nothing"),
    ("POST /v1/auth/google/unlink", "the person's own"),
    ("POST /v1/auth/logout", "the person's own"),
    ("POST /v1/auth/onboarding", "the person's own, who has onboarded already"),
    ("POST /v1/invitations/{token}/accept", "into another workspace; a suspended one takes nobody in"),
    ("POST /v1/invitations/{token}/decline", "the person's own"),
    ("POST /v1/wallet/alert-subscribers", "of those who watch the money"),
    ("POST /v1/wallet/payment-claims", "money may come in"),
    ("POST /v1/wallet/top-ups", "money may come in"),
    ("PUT /v1/wallet/alerts", "of those who watch the money"),
];

/// Is there where M-Pesa is configured, which no simulator plays.
const PAYBILL: &str = "GET /v1/wallet/paybill";

/// Are streams without an end.
const ENDLESS: [&str; 2] = ["GET /v1/calls/stream", "GET /v1/workspace/changes"];
/// Answered with where the audio is.
const LEADS_AWAY: [&str; 2] = ["GET /v1/calls/{id}/recording", "GET /v1/recordings/{id}/audio"];

fn is_left(endpoint: &Endpoint) -> bool {
    LEFT.iter().any(|(name, _)| *name == endpoint.name())
}

async fn suspended_workspaces_write_nothing_but_what_is_listed(server: Server) {
    let (tenants, key) = suspended(server).await;
    let before = Snapshot::of(&tenants.server).await;
    for endpoint in of_tenants(|endpoint| endpoint.method != "GET" && !is_left(endpoint)) {
        for client in askers(&tenants, &key, &endpoint) {
            let refused = endpoint.ask(client, tenants.id_of(&endpoint).as_deref()).await;
            endpoint.promises(&refused, 403);
            assert_eq!(refused.json["error"]["code"], "account.suspended", "{}", endpoint.name());
        }
    }
    before.is_still(&tenants.server).await;
    for endpoint in of_tenants(is_left) {
        // One of them ends the session that asks.
        let owner = tenants.server.signed_in(OWNER).await;
        let answer = endpoint.ask(&owner, tenants.id_of(&endpoint).as_deref()).await;
        assert_ne!(answer.json["error"]["code"], "account.suspended", "{}", endpoint.name());
    }
    let list = of_tenants(is_left);
    assert_eq!(list.len(), LEFT.len(), "take those off the list that are gone");
}

async fn suspended_workspaces_read_everything(server: Server) {
    let (tenants, key) = suspended(server).await;
    for endpoint in of_tenants(|endpoint| endpoint.method == "GET") {
        let id = match tenants.owner_of(&endpoint) {
            Some(Of::Nobody) => continue,
            Some(Of::Workspace(id)) => Some(id),
            None => None,
        };
        if ENDLESS.contains(&endpoint.name().as_str()) {
            continue;
        }
        for client in askers(&tenants, &key, &endpoint) {
            let answer = endpoint.ask(client, id.as_deref()).await;
            if endpoint.name() == PAYBILL {
                assert_eq!(answer.json["error"]["code"], "not_found", "{}", answer.text);
                continue;
            }
            let expected = if LEADS_AWAY.contains(&endpoint.name().as_str()) { 302 } else { 200 };
            assert_eq!(answer.status, expected, "{}: {}", endpoint.name(), answer.text);
        }
    }
}

/// Two workspaces of which Asha's is suspended, and a key of hers with every scope.
async fn suspended(server: Server) -> (Tenants, Client) {
    let tenants = Tenants::set(server).await;
    let owner = tenants.member(Role::Owner);
    let key = tenants.server.key_of(owner, SCOPES).await;
    let path = format!("/v1/admin/workspaces/{}/suspend", owner.workspace_id().await);
    tenants.server.operator().await.post(&path, json!({ "reason": "abuse" })).await.expect(200);
    (tenants, key)
}

/// Endpoints of workspaces and their people.
fn of_tenants(is_meant: impl Fn(&Endpoint) -> bool) -> Vec<Endpoint> {
    let all = endpoints().into_iter();
    all.filter(|endpoint| !endpoint.is_public() && !endpoint.is_operators() && is_meant(endpoint)).collect()
}

/// The owner, and the key where the endpoint takes one.
fn askers<'a>(tenants: &'a Tenants, key: &'a Client, endpoint: &Endpoint) -> Vec<&'a Client> {
    let by_key = endpoint.takes_key.then_some(key);
    [tenants.member(Role::Owner)].into_iter().chain(by_key).collect()
}
