//! Every list by pages: nothing is shown twice and nothing is left out, whatever is added between two pages.

use std::cell::Cell;
use std::collections::HashSet;

use serde_json::{Value, json};

use crate::calls::support::{FROM, Scene, TO};
use crate::support::{Answer, Client, Server, on_each_engine};
use crate::webhooks::rows::{delivery, rows};

on_each_engine! { pages_are_stable_under_inserts }

/// Every list, as the API's description knows them; [`Lists::add`] says how each grows.
const LISTS: [&str; 27] = [
    "/v1/admin/calls",
    "/v1/admin/jobs",
    "/v1/admin/numbers",
    "/v1/admin/payments/unmatched",
    "/v1/admin/prices",
    "/v1/admin/providers",
    "/v1/admin/series",
    "/v1/admin/wallets/{workspace_id}/adjustments",
    "/v1/admin/wallets/{workspace_id}/ledger",
    "/v1/admin/workspaces",
    "/v1/api-keys",
    "/v1/audit",
    "/v1/calls",
    "/v1/numbers",
    "/v1/numbers/available",
    "/v1/numbers/{id}/sip-credentials",
    "/v1/privacy/erasures",
    "/v1/recordings",
    "/v1/requests",
    "/v1/shadow-requests",
    "/v1/wallet/ledger",
    "/v1/wallet/top-ups",
    "/v1/webhooks",
    "/v1/webhooks/deliveries",
    "/v1/webhooks/{id}/deliveries",
    "/v1/workspace/invitations",
    "/v1/workspace/members",
];

/// What is registered or meets is known where a gateway runs: `gateway/devices.rs`, `gateway/conference.rs` and
/// `gateway/queue.rs` read them.
const NEED_A_GATEWAY: [&str; 4] = ["/v1/admin/registrations", "/v1/conferences", "/v1/queues", "/v1/sip/registrations"];

#[test]
fn every_list_of_the_description_is_walked() {
    let document = sautikit::http::openapi::document();
    let has_cursor = |operation: &Value| {
        let parameters = operation["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|parameter| parameter["$ref"] == "#/components/parameters/cursor"))
    };
    let paths = document["paths"].as_object().expect("paths").iter();
    // The exports take the same parameters and are not pages.
    let lists = paths.filter(|(path, item)| has_cursor(&item["get"]) && !path.ends_with(".csv"));
    let walked = lists.map(|(path, _)| path.as_str()).filter(|path| !NEED_A_GATEWAY.contains(path));
    assert_eq!(walked.collect::<Vec<_>>(), LISTS);
}

async fn pages_are_stable_under_inserts(server: Server) {
    let scene = Scene::set(server).await;
    scene.top_up(1_000_000).await;
    let operator = scene.server.operator().await;
    let workspace_id = scene.asha.workspace_id().await;
    let number_id = ids(&scene.asha.get("/v1/numbers").await)[0].clone();
    let webhook_id = rows(&scene.server, &scene.asha).await.endpoint;
    let lists = Lists { scene, operator, workspace_id, number_id, webhook_id, added: Cell::new(0) };
    for path in LISTS {
        lists.walk(path).await;
    }
}

struct Lists {
    scene: Scene,
    operator: Client,
    workspace_id: String,
    number_id: String,
    webhook_id: String,
    added: Cell<u32>,
}

impl Lists {
    /// Reads the list in pages of two, adding a row after each.
    async fn walk(&self, path: &str) {
        let id = if path.starts_with("/v1/webhooks/") { &self.webhook_id } else { &self.number_id };
        let path = &path.replace("{workspace_id}", &self.workspace_id).replace("{id}", id);
        // At one instant, so that only the ids order them.
        for _ in 0..5 {
            self.add(path).await;
        }
        let client = if path.starts_with("/v1/admin/") { &self.operator } else { &self.scene.asha };
        let before = ids(&client.get(&format!("{path}?limit=200")).await.expect(200));
        let mut seen = Vec::new();
        let mut next = Some(format!("{path}?limit=2"));
        while let Some(address) = next {
            let answer = client.get(&address).await.expect(200);
            seen.extend(ids(&answer));
            next = answer.header("link").map(|link| link[1..link.find('>').expect("an address")].to_owned());
            assert_eq!(next.is_some(), answer.header("x-next-cursor").is_some(), "{path}");
            self.scene.advance(1);
            self.add(path).await;
        }
        assert_eq!(seen.len(), seen.iter().collect::<HashSet<_>>().len(), "{path} shows a row twice: {seen:?}");
        let of_before: Vec<_> = seen.into_iter().filter(|id| before.contains(id)).collect();
        assert_eq!(of_before, before, "{path} leaves rows out or changes their order");
        assert!(before.len() >= 5, "{path}: {before:?}");
    }

    async fn add(&self, path: &str) {
        let number = self.added.replace(self.added.get() + 1);
        let (server, asha) = (&self.scene.server, &self.scene.asha);
        let email = format!("n{number}@example.com");
        match path {
            "/v1/admin/numbers" | "/v1/admin/series" => self.load_series(number).await,
            "/v1/admin/prices" => {
                let price = json!({ "prefix": format!("255{number}"), "currency": "KES", "per_min_e4": 1 });
                self.operator.post(path, price).await.expect(201);
            }
            "/v1/admin/providers" => {
                self.operator.post(path, json!({ "name": email, "country": "KE" })).await.expect(201);
            }
            "/v1/admin/jobs" => drop(server.dead_job().await),
            "/v1/admin/payments/unmatched" => drop(server.unmatched_payment(&format!("RKT1ABC{number:03}")).await),
            _ if path.ends_with("/adjustments") => {
                let gift = json!({ "kind": "promo", "amount_minor": 100, "reason": email });
                self.operator.post(path, gift).await.expect(201);
            }
            _ if path.starts_with("/v1/admin/wallets/") => self.scene.top_up(1_000).await,
            _ if path.ends_with("/sip-credentials") => {
                drop(asha.post(path, json!({ "label": email })).await.expect(201));
            }
            "/v1/admin/workspaces" => drop(server.onboarded(&email).await),
            "/v1/api-keys" | "/v1/audit" => {
                drop(asha.post("/v1/api-keys", json!({ "name": email })).await.expect(201));
            }
            "/v1/admin/calls" | "/v1/calls" => {
                drop(asha.post("/v1/calls", json!({ "from": FROM, "to": TO })).await.expect(202))
            }
            // A claim adds to the workspace's numbers, and takes the lowest, which was shown, from the available ones.
            "/v1/numbers" | "/v1/numbers/available" => self.claim().await,
            "/v1/privacy/erasures" => {
                drop(asha.post(path, json!({ "number": "+254722000099" })).await.expect(201));
            }
            "/v1/recordings" => {
                let call = self.scene.place().await.call_id;
                self.scene.recorded(call).await;
            }
            "/v1/requests" => {
                asha.get("/v1/wallet/balance").await.expect(200);
                sautikit::requests::write_pending(&server.app).await;
            }
            "/v1/shadow-requests" => drop(self.scene.shadow_request(&self.number_id).await),
            "/v1/wallet/ledger" | "/v1/wallet/top-ups" => self.scene.top_up(1_000).await,
            "/v1/webhooks" => {
                drop(asha.post(path, json!({ "url": "https://shop.example/events" })).await.expect(201));
            }
            _ if path.ends_with("/deliveries") => drop(delivery(server, asha, &self.webhook_id).await),
            "/v1/workspace/invitations" => {
                let body = json!({ "email": email, "role": "viewer" });
                asha.post("/v1/workspace/invitations", body).await.expect(201);
            }
            "/v1/workspace/members" => drop(server.joined(asha, &email, "viewer").await),
            other => panic!("say how {other} grows"),
        }
    }

    /// A series of one number, above those that there are.
    async fn load_series(&self, number: u32) {
        let provider = self.operator.get("/v1/admin/providers").await.expect(200).json[0]["id"].clone();
        let suffix = format!("{number:04}");
        let series = json!({ "provider_id": provider, "country": "KE", "prefix": "+25480000", "first_suffix": suffix,
            "last_suffix": suffix, "prices": [{ "currency": "KES", "monthly_price_minor": 1, "outbound_per_min_e4": 1 }] });
        self.operator.post("/v1/admin/series", series).await.expect(201);
    }

    async fn claim(&self) {
        let available = self.scene.asha.get("/v1/numbers/available?limit=1").await.expect(200).json;
        let id = available[0]["id"].as_str().expect("a number is left");
        self.scene.asha.post(&format!("/v1/numbers/{id}/claim"), json!({})).await.expect(201);
    }
}

fn ids(answer: &Answer) -> Vec<String> {
    let rows = answer.json.as_array().expect("a list");
    let id = |row: &Value| {
        let id = row.get("id").or_else(|| row.pointer("/statement/id")).unwrap_or(&row["user_id"]);
        id.as_str().expect("an id").to_owned()
    };
    rows.iter().map(id).collect()
}
