//! The endpoints as the document describes them.

use std::collections::BTreeMap;

use sautikit::http::openapi::document;
use serde_json::Value;

use super::{Answer, Client};

/// One method of one path.
pub(crate) struct Endpoint {
    /// In capitals.
    pub(crate) method: String,
    /// With its parameter in braces.
    pub(crate) path: String,
    /// What a key needs.
    pub(crate) scope: Option<String>,
    /// What a person's role needs.
    pub(crate) role_needs: Option<String>,
    /// Whether an API key is taken.
    pub(crate) takes_key: bool,
    /// The document's example of the body.
    pub(crate) example: Option<Value>,
    /// What it takes in query and headers.
    pub(crate) parameters: Vec<Parameter>,
    /// The schema of the body, or null.
    body: Value,
    security: Vec<Value>,
    /// By status.
    pub(crate) responses: Value,
    /// The codes that the document lists, by status.
    pub(crate) refusals: BTreeMap<u16, Vec<Value>>,
}

/// A parameter that is not in the path.
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// `query` or `header`.
    pub(crate) place: String,
    pub(crate) schema: Value,
}

/// Every endpoint, ordered by path.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let document = document();
    let mut endpoints = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("a path item") {
            endpoints.push(endpoint(&document, path, method, operation));
        }
    }
    endpoints
}

fn endpoint(document: &Value, path: &str, method: &str, operation: &Value) -> Endpoint {
    let security = operation["security"].as_array().cloned().expect("a security");
    let of_keys = security.iter().find_map(|requirement| requirement.get("api_key"));
    let role_needs = operation["x-scope"].as_str().map(str::to_owned);
    let scope = of_keys.and_then(|scopes| scopes[0].as_str()).map(str::to_owned);
    Endpoint {
        method: method.to_uppercase(),
        path: path.to_owned(),
        scope: scope.or_else(|| role_needs.clone()),
        role_needs,
        takes_key: of_keys.is_some(),
        example: example(document, operation),
        parameters: parameters(document, operation),
        body: operation
            .pointer("/requestBody/content/application~1json/schema")
            .map(|schema| resolved(document, schema))
            .unwrap_or_default(),
        security,
        responses: operation["responses"].clone(),
        refusals: refusals(document, operation),
    }
}

/// Refusals stand under `components` and name their codes.
fn refusals(document: &Value, operation: &Value) -> BTreeMap<u16, Vec<Value>> {
    let responses = operation["responses"].as_object().expect("responses").iter();
    let refused = responses.filter_map(|(status, response)| {
        let response = document.pointer(response["$ref"].as_str()?.trim_start_matches('#'))?;
        let schema = response.pointer("/content/application~1json/schema/allOf/1")?;
        let codes = schema.pointer("/properties/error/properties/code/enum")?.as_array()?;
        Some((status.parse().ok()?, codes.clone()))
    });
    refused.collect()
}

fn example(document: &Value, operation: &Value) -> Option<Value> {
    let target = operation.pointer("/requestBody/content/application~1json/schema")?["$ref"].as_str()?;
    document.pointer(&format!("{}/example", target.trim_start_matches('#'))).cloned()
}

fn parameters(document: &Value, operation: &Value) -> Vec<Parameter> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let parameter = |parameter: Value| Parameter {
        name: parameter["name"].as_str().unwrap_or_default().to_owned(),
        place: parameter["in"].as_str().unwrap_or_default().to_owned(),
        schema: parameter["schema"].clone(),
    };
    all.map(|one| parameter(resolved(document, one))).filter(|parameter| parameter.place != "path").collect()
}

/// The schema with every reference replaced by what it refers to.
fn resolved(document: &Value, schema: &Value) -> Value {
    if let Some(target) = schema["$ref"].as_str() {
        let target = document.pointer(target.trim_start_matches('#')).expect("a reference that leads somewhere");
        return resolved(document, target);
    }
    match schema {
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), resolved(document, member))).collect()
        }
        Value::Array(items) => items.iter().map(|item| resolved(document, item)).collect(),
        other => other.clone(),
    }
}

impl Endpoint {
    /// `GET /v1/calls/{id}`.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The members of the body with their schemas.
    pub(crate) fn members(&self) -> Vec<(String, Value)> {
        let members = self.body["properties"].as_object().into_iter().flatten();
        members.map(|(name, schema)| (name.clone(), schema.clone())).collect()
    }

    /// Whether the body must have the member.
    pub(crate) fn requires(&self, member: &str) -> bool {
        self.body["required"].as_array().is_some_and(|names| names.iter().any(|name| name == member))
    }

    /// Whether it can be asked without a credential.
    pub(crate) fn is_public(&self) -> bool {
        self.security.iter().any(|requirement| requirement.as_object().is_some_and(serde_json::Map::is_empty))
    }

    /// Whether it is for operators of the installation.
    pub(crate) fn is_operators(&self) -> bool {
        self.path.starts_with("/v1/admin/")
    }

    /// The parameter in the path, if there is one.
    pub(crate) fn parameter(&self) -> Option<&str> {
        Some(self.path.split_once('{')?.1.split_once('}')?.0)
    }

    /// A request with the example as body and `id` in the path.
    pub(crate) async fn ask(&self, client: &Client, id: Option<&str>) -> Answer {
        self.ask_with(client, id, self.example.as_ref()).await
    }

    /// A request with this body and `id` in the path. Of a path with two parameters, both ids with a slash between them; one
    /// alone stands for both.
    pub(crate) async fn ask_with(&self, client: &Client, id: Option<&str>, body: Option<&Value>) -> Answer {
        let path = match (self.parameter(), id) {
            (Some(parameter), Some(id)) => {
                let (first, second) = id.split_once('/').unwrap_or((id, id));
                let path = self.path.replace(&format!("{{{parameter}}}"), first);
                match path.split_once('{') {
                    Some((before, rest)) => {
                        format!("{before}{second}{}", rest.split_once('}').expect("a parameter's end").1)
                    }
                    None => path,
                }
            }
            (None, None) => self.path.clone(),
            _ => panic!("{}: an id exactly where the path has a parameter", self.name()),
        };
        match body {
            Some(body) => client.send(&self.method, &path, Some("application/json"), &body.to_string()).await,
            None => client.send(&self.method, &path, None, "").await,
        }
    }

    /// Fails the test unless the answer has this status and a code that the document lists for it.
    #[track_caller]
    pub(crate) fn promises(&self, answer: &Answer, status: u16) {
        assert_eq!(answer.status, status, "{}: {}", self.name(), answer.text);
        let listed = &self.refusals[&status];
        let code = &answer.json["error"]["code"];
        assert!(listed.contains(code), "{}: {code} of {listed:?}", self.name());
    }
}
