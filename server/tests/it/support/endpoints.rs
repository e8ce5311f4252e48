//! The endpoints as the document describes them.

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
    /// Names of what it takes in query and headers.
    pub(crate) parameters: Vec<String>,
    security: Vec<Value>,
    /// By status.
    pub(crate) responses: Value,
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
        parameters: parameters(operation),
        security,
        responses: operation["responses"].clone(),
    }
}

fn example(document: &Value, operation: &Value) -> Option<Value> {
    let schema = operation.pointer("/requestBody/content/application~1json/schema")?;
    // An optional body is one of: the schema, null.
    let target = schema.get("$ref").or_else(|| schema.pointer("/oneOf/0/$ref"))?.as_str()?;
    document.pointer(&format!("{}/example", target.trim_start_matches('#'))).cloned()
}

fn parameters(operation: &Value) -> Vec<String> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let named = all.filter(|parameter| parameter["in"] != "path").filter_map(|parameter| parameter["name"].as_str());
    named.map(str::to_owned).collect()
}

impl Endpoint {
    /// `GET /v1/calls/{id}`.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
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

    /// A request with this body and `id` in the path.
    pub(crate) async fn ask_with(&self, client: &Client, id: Option<&str>, body: Option<&Value>) -> Answer {
        let path = match (self.parameter(), id) {
            (Some(parameter), Some(id)) => self.path.replace(&format!("{{{parameter}}}"), id),
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
        let listed = &self.responses[status.to_string()]["x-error-codes"];
        let code = &answer.json["error"]["code"];
        assert!(listed.as_array().is_some_and(|codes| codes.contains(code)), "{}: {code} of {listed}", self.name());
    }
}
