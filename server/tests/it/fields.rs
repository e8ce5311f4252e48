//! Errors that are about a field name it: every member of every body and every parameter of a query that the API's
//! description knows is sent with a value of the wrong type and with those beyond its bounds.
//!
//! A new endpoint is covered the day it is described; one that this test can't reach says what is missing.

use serde_json::{Value, json};

use crate::calls::support::Scene;
use crate::support::{Answer, Client, Endpoint, Server, endpoints, on_each_engine};
use crate::webhooks::rows::{Rows, rows};

on_each_engine! {
    a_member_that_is_wrong_is_named
    a_parameter_that_is_wrong_is_named
    a_member_is_named_as_it_was_sent
}

/// Members that take any JSON, with the reason why nothing of theirs can be of the wrong type.
const ANY: &[(&str, &str)] = &[("metadata", "the customer's own data"), ("actions", "checked by its own rules")];

/// Answered before the body is read where no gateway runs; `gateway/sandbox.rs` asks where one does.
pub(crate) const NEEDS_A_GATEWAY: &str = "POST /v1/sandbox/inbound";

async fn a_member_that_is_wrong_is_named(server: Server) {
    let reach = Reach::set(server).await;
    let mut tried = 0;
    for endpoint in endpoints().iter().filter(|endpoint| endpoint.example.is_some()) {
        if endpoint.name() != NEEDS_A_GATEWAY {
            tried += names_what_is_wrong(endpoint, &reach.client_for(endpoint).await, reach.id_for(endpoint)).await;
        }
    }
    assert!(tried > 100, "{tried} values");
}

/// Sends every wrong body of the endpoint; how many there were.
pub(crate) async fn names_what_is_wrong(endpoint: &Endpoint, client: &Client, id: Option<&str>) -> usize {
    let example = endpoint.example.clone().expect("an example");
    let mut wrong = Vec::new();
    for (member, schema) in endpoint.members() {
        wrong.extend(wrong_values(&member, &schema).into_iter().map(|value| (member.clone(), Some(value))));
        if endpoint.requires(&member) {
            wrong.push((member, None));
        }
    }
    wrong.push(("surprise".to_owned(), Some(json!(1))));
    for (member, value) in &wrong {
        let mut body = example.clone();
        match value {
            Some(value) => body[member] = value.clone(),
            None => drop(body.as_object_mut().expect("an object").remove(member)),
        }
        let answer = endpoint.ask_with(client, id, Some(&body)).await;
        names(&answer, member, &format!("{} with {body}", endpoint.name()));
    }
    wrong.len()
}

async fn a_parameter_that_is_wrong_is_named(server: Server) {
    let reach = Reach::set(server).await;
    let mut tried = 0;
    for endpoint in endpoints() {
        for parameter in endpoint.parameters.iter().filter(|parameter| parameter.place == "query") {
            for value in wrong_texts(&parameter.schema) {
                let client = reach.client_for(&endpoint).await;
                let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                let path = format!("{}?{}={value}", endpoint.path, parameter.name);
                names(&client.get(&path).await, &parameter.name, &path);
                tried += 1;
            }
            // Which of two would count is nobody's guess.
            if !["limit", "cursor"].contains(&parameter.name.as_str()) {
                let client = reach.client_for(&endpoint).await;
                let path = format!("{}?{name}=&{name}=", endpoint.path, name = parameter.name);
                names(&client.get(&path).await, &parameter.name, &path);
            }
        }
    }
    assert!(tried > 20, "{tried} values");
}

async fn a_member_is_named_as_it_was_sent(server: Server) {
    let reach = Reach::set(server).await;
    let path = format!("/v1/numbers/{}/routing", reach.number_id);
    for spelling in ["voice_callback_url", "voice_url", "events_url", "fallback_url", "shadow_url"] {
        let refused = reach.scene.asha.patch(&path, json!({ spelling: "ftp://example.com/" })).await;
        assert_eq!(refused.expect_error("numbers.invalid_routing_url").json["error"]["field"], spelling);
    }
}

#[track_caller]
fn names(answer: &Answer, member: &str, asked: &str) {
    assert!([400, 422].contains(&answer.status), "{asked}: {} {}", answer.status, answer.text);
    let field = answer.json["error"]["field"].as_str().unwrap_or_default();
    let inside = field.strip_prefix(member).is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']));
    assert!(inside, "{asked}: {field:?} is not {member}");
    let message = answer.json["error"]["message"].as_str().expect("a message");
    assert!(!message.contains("untagged enum") && !message.contains("::"), "{asked} shows internals: {message}");
}

/// Values that the schema forbids: of another type, and beyond each of its bounds.
fn wrong_values(member: &str, schema: &Value) -> Vec<Value> {
    if ANY.iter().any(|(name, _)| *name == member) {
        return Vec::new();
    }
    let types = types_of(schema);
    assert!(!types.is_empty(), "{member} may be anything: describe its type, or say in ANY why");
    let is_taken = |value: &Value| {
        types.iter().any(|name| match value {
            Value::Null => name == "null",
            Value::Bool(_) => name == "boolean",
            Value::Number(_) => name == "integer" || name == "number",
            Value::String(_) => name == "string",
            Value::Array(_) => name == "array",
            Value::Object(_) => name == "object",
        })
    };
    let mut wrong = vec![json!(null), json!(true), json!(7), json!("x"), json!([]), json!({})];
    wrong.retain(|value| !is_taken(value));
    if types.iter().any(|name| name == "integer") {
        wrong.push(json!(1.5));
        let bounds = [("minimum", -1), ("maximum", 1)];
        wrong.extend(bounds.iter().filter_map(|(bound, step)| Some(json!(schema[*bound].as_i64()? + step))));
    }
    if types.iter().any(|name| name == "array") {
        wrong.push(json!([7]));
    }
    if types.iter().any(|name| name == "string") {
        wrong.extend(wrong_texts(schema).into_iter().map(Value::from));
    }
    wrong
}

/// Texts that the schema forbids.
fn wrong_texts(schema: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(longest) = schema["maxLength"].as_u64() {
        wrong.push("x".repeat(usize::try_from(longest).expect("a length") + 1));
    }
    if schema["minLength"].as_u64().is_some_and(|shortest| shortest > 0) {
        wrong.push(String::new());
    }
    match schema["pattern"].as_str() {
        Some("^[^%_]*$") => wrong.push("1%".to_owned()),
        // No other pattern takes a control character.
        Some(_) => wrong.push("~\u{1}".to_owned()),
        None => {}
    }
    let has_form =
        ["email", "date-time", "date", "uuid", "uri"].contains(&schema["format"].as_str().unwrap_or_default());
    let bounds = ["minimum", "maximum"].into_iter().filter_map(|bound| schema[bound].as_i64());
    match schema["type"].as_str() {
        Some("integer") => {
            wrong.push("x".to_owned());
            wrong.extend(bounds.zip([-1, 1]).map(|(bound, step)| (bound + step).to_string()));
        }
        Some("boolean") => wrong.push("perhaps".to_owned()),
        _ if has_form || schema["enum"].is_array() => wrong.push("~".to_owned()),
        _ => {}
    }
    if let Some(forms) = schema["anyOf"].as_array()
        && forms.iter().all(|form| form["format"].is_string() || form["maxLength"] == 0)
    {
        wrong.push("~".to_owned());
    }
    wrong
}

fn types_of(schema: &Value) -> Vec<String> {
    let own = match &schema["type"] {
        Value::String(name) => vec![name.clone()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let parts = ["oneOf", "anyOf", "allOf"].into_iter().filter_map(|kind| schema[kind].as_array()).flatten();
    own.into_iter().chain(parts.flat_map(types_of)).collect()
}

/// Whoever may ask an endpoint, and an id that it knows.
struct Reach {
    scene: Scene,
    operator: Client,
    member_id: String,
    key_id: String,
    number_id: String,
    workspace_id: String,
    call_id: String,
    payment_id: String,
    trunk_id: String,
    webhook: Rows,
    supply: Supply,
}

/// Ids of what operators load.
struct Supply {
    provider_id: String,
    series_id: String,
    number_id: String,
    price_id: String,
}

impl Supply {
    async fn find(operator: &Client) -> Self {
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        let series = operator.get("/v1/admin/series").await.expect(200).json[0].clone();
        let numbers = operator.get("/v1/admin/numbers?state=available").await.expect(200).json;
        let price = json!({ "prefix": "255", "currency": "KES", "per_min_e4": 9_000_000 });
        let price = operator.post("/v1/admin/prices", price).await.expect(201).json;
        Self {
            provider_id: text(&series["provider_id"]),
            series_id: text(&series["id"]),
            number_id: text(&numbers[0]["id"]),
            price_id: text(&price["id"]),
        }
    }
}

impl Reach {
    async fn set(server: Server) -> Self {
        let scene = Scene::set(server).await;
        let (server, asha) = (&scene.server, &scene.asha);
        let operator = server.operator().await;
        let member = server.joined(asha, "viewer@example.com", "viewer").await;
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        let member_id = text(&member.get("/v1/auth/me").await.expect(200).json["id"]);
        let key_id = text(&asha.post("/v1/api-keys", json!({ "name": "x" })).await.expect(201).json["id"]);
        let number_id = text(&asha.get("/v1/numbers").await.expect(200).json[0]["id"]);
        let workspace_id = asha.workspace_id().await;
        let call_id = scene.place().await.call_id.to_string();
        let payment_id = server.unmatched_payment("RKT1ABCDEF").await;
        let trunk = json!({ "name": "of-this-test", "address": "192.0.2.99:5060", "prefixes": ["+"] });
        let trunk_id = text(&operator.post("/v1/admin/trunks", trunk).await.expect(201).json["id"]);
        let webhook = rows(server, asha).await;
        let supply = Supply::find(&operator).await;
        Self {
            supply,
            webhook,
            payment_id,
            trunk_id,
            operator,
            member_id,
            key_id,
            number_id,
            workspace_id,
            call_id,
            scene,
        }
    }

    async fn client_for(&self, endpoint: &Endpoint) -> Client {
        let server = &self.scene.server;
        match endpoint.path.as_str() {
            "/v1/auth/onboarding" => server.signed_in("new@example.com").await,
            _ if endpoint.is_operators() => self.operator.clone(),
            _ if endpoint.is_public() => server.client(),
            _ => self.scene.asha.clone(),
        }
    }

    fn id_for(&self, endpoint: &Endpoint) -> Option<&str> {
        endpoint.parameter()?;
        Some(match endpoint.path.split_inclusive('}').next()? {
            "/v1/admin/workspaces/{id}" | "/v1/admin/wallets/{workspace_id}" => &self.workspace_id,
            "/v1/admin/payments/{id}" => &self.payment_id,
            "/v1/admin/jobs/{id}" => &self.payment_id,
            "/v1/admin/payment-providers/{method}" => "mpesa",
            "/v1/admin/sip/strangers/{address}" => "192.0.2.1",
            "/v1/admin/trunks/{id}" => &self.trunk_id,
            "/v1/admin/providers/{id}" => &self.supply.provider_id,
            "/v1/admin/series/{id}" => &self.supply.series_id,
            "/v1/admin/numbers/{id}" => &self.supply.number_id,
            "/v1/admin/prices/{id}" => &self.supply.price_id,
            "/v1/wallet/statements/{month}" | "/v1/admin/statements/{month}" => "2026-11",
            "/v1/api-keys/{id}" => &self.key_id,
            "/v1/calls/{id}" => &self.call_id,
            // Whether it is live is found out after the body is read.
            "/v1/conferences/{id}" => "stand-up",
            "/v1/webhooks/{id}" => &self.webhook.endpoint,
            "/v1/webhooks/deliveries/{id}" => &self.webhook.delivery,
            "/v1/events/{id}" => &self.webhook.event,
            // Its credential is unknown, which is found out after the body is read.
            "/v1/numbers/{id}" => &self.number_id,
            "/v1/workspace/members/{user_id}" => &self.member_id,
            other => panic!("{other}: say where an id of it comes from"),
        })
    }
}
