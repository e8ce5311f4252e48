//! What names someone's row outside of the path: in headers, queries and bodies. Another workspace's answers like nobody's.

use std::collections::BTreeSet;

use sautikit_api::accounts::Role;
use serde_json::{Value, json};

use super::scene::Tenants;
use super::{UNKNOWN, said};
use crate::calls::support::{FROM, TO};
use crate::support::{Answer, Client, Endpoint, Server, Snapshot, endpoints, on_each_engine};

on_each_engine! {
    foreign_workspaces_in_the_header_answer_like_unknown_ones
    foreign_ids_in_queries_find_what_unknown_ones_find
    foreign_numbers_in_bodies_answer_like_unknown_ones
}

const WORKSPACE: &str = "X-Sautikit-Workspace";
/// Filters by something of the workspace's, with what Asha has there.
const FILTERS: [(&str, &str); 13] = [
    ("GET /v1/audit", "actor"),
    ("GET /v1/audit.csv", "actor"),
    ("GET /v1/calls", "number"),
    ("GET /v1/calls", "remote"),
    ("GET /v1/recordings", "call_id"),
    ("GET /v1/requests", "api_key_id"),
    ("GET /v1/requests", "request_id"),
    ("GET /v1/shadow-requests", "call_id"),
    ("GET /v1/shadow-requests", "number_id"),
    ("GET /v1/webhooks/deliveries", "call_id"),
    ("GET /v1/webhooks/deliveries", "event_id"),
    ("GET /v1/webhooks/{id}/deliveries", "call_id"),
    ("GET /v1/webhooks/{id}/deliveries", "event_id"),
];
/// Ids of somebody else's world: the customer's account at their own bucket.
const FOREIGN: [&str; 1] = ["access_key_id"];
/// Calls in a conference, which `gateway/conference.rs` tries.
const WHERE_CALLS_MEET: [&str; 2] =
    ["PATCH /v1/conferences/{id}/members/{call_id}: coach", "POST /v1/conferences/{id}/announce: call_id"];
/// A number that no inventory has.
const NOBODYS_NUMBER: &str = "+254799999999";

#[test]
fn every_id_outside_of_paths_is_tried() {
    // Operators have every workspace.
    let of_tenants = endpoints().into_iter().filter(|endpoint| !endpoint.is_operators());
    let found: BTreeSet<_> = of_tenants.flat_map(|endpoint| ids_of(&endpoint)).collect();
    let tried = FILTERS.iter().map(|(name, field)| format!("{name}: {field}"));
    let tried: BTreeSet<_> = tried.chain(WHERE_CALLS_MEET.map(str::to_owned)).collect();
    let left: Vec<_> = found.difference(&tried).collect();
    assert!(left.is_empty(), "try another workspace's here: {left:?}");
}

/// Members of bodies and parameters that are ids by name or form. The header is tried at every endpoint.
fn ids_of(endpoint: &Endpoint) -> Vec<String> {
    let is_id = |name: &str, schema: &Value| {
        name == "id" || name.ends_with("_id") || name.ends_with("_ids") || schema["format"] == "uuid"
    };
    let parameters = endpoint.parameters.iter().map(|parameter| (parameter.name.clone(), parameter.schema.clone()));
    let members = endpoint.members().into_iter();
    let ids = parameters
        .chain(members)
        .filter(|(name, schema)| name != WORKSPACE && !FOREIGN.contains(&name.as_str()) && is_id(name, schema));
    ids.map(|(name, _)| format!("{}: {name}", endpoint.name())).collect()
}

async fn foreign_workspaces_in_the_header_answer_like_unknown_ones(server: Server) {
    let tenants = Tenants::set(server).await;
    let ashas = tenants.member(Role::Owner).workspace_id().await;
    let before = Snapshot::of(&tenants.server).await;
    for endpoint in endpoints().iter().filter(|endpoint| endpoint.role_needs.is_some() || endpoint.takes_key) {
        let credentials = [&tenants.stranger].into_iter().chain(endpoint.takes_key.then_some(&tenants.stranger_key));
        for client in credentials {
            let ask = async |id: &str| {
                let answer = endpoint.ask(&client.with(WORKSPACE, id), tenants.id_of(endpoint).as_deref()).await;
                endpoint.promises(&answer, 403);
                said(&answer)
            };
            let foreign = ask(&ashas).await;
            assert_eq!(foreign.1["error"]["code"], "auth.workspace_forbidden", "{}", endpoint.name());
            for other in [UNKNOWN, "nonsense"] {
                assert_eq!(foreign, ask(other).await, "{}", endpoint.name());
            }
        }
    }
    before.is_still(&tenants.server).await;
}

async fn foreign_ids_in_queries_find_what_unknown_ones_find(server: Server) {
    let tenants = Tenants::set(server).await;
    let owner = tenants.member(Role::Owner);
    let me = owner.get("/v1/auth/me").await.expect(200).json;
    let keys = owner.get("/v1/api-keys").await.expect(200).json;
    sautikit::requests::write_pending(&tenants.server.app).await;
    let body = json!({ "url": "https://shop.example/events" });
    let made = tenants.stranger.post("/v1/webhooks", body).await.expect(201).json;
    let strangers = made["id"].as_str().expect("an id");
    for (name, field) in FILTERS {
        let path = name.trim_start_matches("GET ");
        let ashas = match (path, field) {
            ("/v1/audit" | "/v1/audit.csv", _) => vec![me["id"].clone(), me["email"].clone(), keys[0]["id"].clone()],
            (_, "number") => vec![json!(FROM)],
            (_, "remote") => vec![json!(TO)],
            ("/v1/shadow-requests", _) | ("/v1/requests", "request_id") => {
                let list = owner.get(path).await.expect(200).json;
                list.as_array().expect("a list").iter().map(|one| one[field].clone()).collect()
            }
            (_, "event_id") => {
                let list = owner.get("/v1/webhooks/deliveries").await.expect(200).json;
                list.as_array().expect("a list").iter().map(|one| one[field].clone()).collect()
            }
            (_, "call_id") => owner
                .get("/v1/calls")
                .await
                .expect(200)
                .json
                .as_array()
                .expect("calls")
                .iter()
                .map(|call| call["id"].clone())
                .collect(),
            (_, "api_key_id") => keys.as_array().expect("keys").iter().map(|key| key["id"].clone()).collect(),
            _ => panic!("{name}: what does Asha have there?"),
        };
        let ask = async |client: &Client, value: &Value| {
            let value = value.as_str().expect("text").replace('+', "%2B");
            client.get(&format!("{}?{field}={value}", path.replace("{id}", strangers))).await.expect(200)
        };
        let nothing = ask(&tenants.stranger, &json!(UNKNOWN)).await;
        for value in &ashas {
            assert_eq!(ask(&tenants.stranger, value).await.text, nothing.text, "{name}?{field}={value}");
        }
    }
}

async fn foreign_numbers_in_bodies_answer_like_unknown_ones(server: Server) {
    let tenants = Tenants::set(server).await;
    let before = Snapshot::of(&tenants.server).await;
    for path in ["/v1/calls", "/v1/calls/originate"] {
        for client in [&tenants.stranger, &tenants.stranger_key] {
            let ask = async |from: &str| {
                let answer = client.post(path, json!({ "from": from, "to": TO })).await;
                without(&answer.expect_error("validation.bad_request"), from)
            };
            assert_eq!(ask(FROM).await, ask(NOBODYS_NUMBER).await, "{path}");
        }
    }
    before.is_still(&tenants.server).await;
}

/// What was said, without the value that was asked about.
fn without(answer: &Answer, value: &str) -> (u16, String) {
    let (status, body) = said(answer);
    (status, body.to_string().replace(value, "…"))
}
